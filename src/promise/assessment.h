/*
 * assessment.h
 *		Records verdicts on promises.
 */
#ifndef TRUST_LEDGER_ASSESSMENT_H
#define TRUST_LEDGER_ASSESSMENT_H

#include "promise/promise_act.h"

/*
 * Appends the acting actor's verdict: STATE_KEPT, STATE_PARTLY_KEPT or STATE_BROKEN.
 * If it takes precedence over the current verdict, it becomes the promise's state.
 * relayed: a company actor reports what the customer said.  Errors: see AssessPromise().
 */
extern void RecordVerdict(PromiseAct *pa, State verdict, bool relayed);

#endif
