/*
 * amendment.h
 *		Changes the terms of a promise.
 */
#ifndef TRUST_LEDGER_AMENDMENT_H
#define TRUST_LEDGER_AMENDMENT_H

#include "promise/promise_act.h"

extern void AmendAsClaimed(PromiseAct *pa, const Row *claim);

#endif
