/*
 * amendment.h
 *		Amends promises.
 */
#ifndef TRUST_LEDGER_AMENDMENT_H
#define TRUST_LEDGER_AMENDMENT_H

#include "promise/promise_act.h"

/*
 * Amends the promise to the terms of a claim: an entry of event "amended" that relayed
 * the customer's acceptance.  The acting actor must be entitled to confirm it.  The
 * required evidence is at least what policy required when the claim was recorded.
 */
extern void AmendAsClaimed(PromiseAct *pa, const Row *claim);

#endif
