/*
 * change_plan.h
 *		What changes of tracked rows do to promises.
 */
#ifndef TRUST_LEDGER_CHANGE_PLAN_H
#define TRUST_LEDGER_CHANGE_PLAN_H

#include "tracking/row_change.h"

extern void ChangesApply(const Ledger *ledger, const Changes *changes);
extern void ChangesLock(const Ledger *ledger, const Changes *changes);

#endif
