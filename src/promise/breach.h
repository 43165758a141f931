/*
 * breach.h
 *		Admits breaches before the due time, and repairs breaches.
 */
#ifndef TRUST_LEDGER_BREACH_H
#define TRUST_LEDGER_BREACH_H

#include "promise/promise_act.h"

/*
 * Appends the acting actor's statement that the breach was repaired.  It has no effect
 * if the current verdict has a higher rank.  Errors: TL001 repaired before.
 */
extern void RepairPromise(PromiseAct *pa);

#endif
