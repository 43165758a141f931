/*
 * assessment.h
 *		Assessing a promise.
 */
#ifndef TRUST_LEDGER_ASSESSMENT_H
#define TRUST_LEDGER_ASSESSMENT_H

#include "promise/promise_act.h"

extern void RecordVerdict(PromiseAct *pa, State verdict, bool relayed);

#endif
