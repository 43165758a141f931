/*
 * breach.h
 *		Owning up to a breach, and making it good.
 */
#ifndef TRUST_LEDGER_BREACH_H
#define TRUST_LEDGER_BREACH_H

#include "promise/promise_act.h"

extern void RepairPromise(PromiseAct *pa);

#endif
