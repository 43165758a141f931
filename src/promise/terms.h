/*
 * terms.h
 *		Making promises, one at a time or many.
 */
#ifndef TRUST_LEDGER_TERMS_H
#define TRUST_LEDGER_TERMS_H

#include "promise/promise_act.h"

#include "utils/date.h"

extern TimestampTz TermsEndOfDay(DateADT day, pg_tz *zone);
extern void TermsCheckDue(TimestampTz due, TimestampTz now);
extern void TermsMake(PromiseAct *pa);
extern void SetTerms(PromiseAct *pa);
extern void SetDrafter(PromiseAct *pa, bool words_are_new);
extern State ApplyPolicy(PromiseAct *pa, TimestampTz made_at);

#endif
