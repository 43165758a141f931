/*
 * change_plan.h
 *		What changes of tracked rows do to promises.
 */
#ifndef TRUST_LEDGER_CHANGE_PLAN_H
#define TRUST_LEDGER_CHANGE_PLAN_H

#include "tracking/row_change.h"

extern void DeedsCarryOut(const Ledger *ledger, const Changes *changes);
extern void DeedsLock(const Ledger *ledger, const Changes *changes);

#endif
