/*
 * terms.h
 *		Making and amending promises.
 */
#ifndef TRUST_LEDGER_TERMS_H
#define TRUST_LEDGER_TERMS_H

#include "promise.h"

extern void AmendAsClaimed(PromiseAct *pa, const Row *claim);

#endif
