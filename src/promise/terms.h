/*
 * terms.h
 *		Making promises, one at a time or many, and amending them.
 */
#ifndef TRUST_LEDGER_TERMS_H
#define TRUST_LEDGER_TERMS_H

#include "promise/promise_act.h"

#include "utils/date.h"

extern TimestampTz TermsEndOfDay(DateADT day, pg_tz *zone);
extern void TermsCheckDue(TimestampTz due, TimestampTz now);
extern void TermsMake(PromiseAct *pa);
extern void AmendAsClaimed(PromiseAct *pa, const Row *claim);

#endif
