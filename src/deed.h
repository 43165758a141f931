/*
 * deed.h
 *		What changes of tracked rows do to promises.
 */
#ifndef TRUST_LEDGER_DEED_H
#define TRUST_LEDGER_DEED_H

#include "change.h"

extern void DeedsCarryOut(const Ledger *ledger, const Changes *changes);
extern void DeedsLock(const Ledger *ledger, const Changes *changes);

#endif
