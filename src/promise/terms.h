/*
 * terms.h
 *		Makes promises, and sets their terms.
 */
#ifndef TRUST_LEDGER_TERMS_H
#define TRUST_LEDGER_TERMS_H

#include "promise/promise_act.h"

#include "utils/date.h"

/*
 * The last microsecond of a day in the time zone: the due time for due_on.
 * Errors: 22008 infinite or out of range.
 */
extern TimestampTz TermsEndOfDay(DateADT day, pg_tz *zone);

/* Errors: 22008 due is more than 100 years after now. */
extern void TermsCheckDue(TimestampTz due, TimestampTz now);

/* Errors: TL003 the actor must not make promises in the name of the promiser. */
extern void TermsCheckMayPromise(const Actor *actor, const Actor *promiser);

/*
 * An AI must not name a human, or a system that policy requires less for, as drafter.
 * Errors: TL003.
 */
extern void TermsCheckMayNameDrafter(const Actor *actor, const Actor *drafter);

/*
 * Makes a promise up to PromiseLink(), after PromiseActMake().  Errors: those of
 * make_promise().
 */
extern void TermsMake(PromiseAct *pa);

/*
 * Sets the terms of the entry that the command gives, except promiser and drafter; the
 * others keep their values in the entry.  Errors: 22003, 22008 and 22023 invalid values.
 */
extern void SetTerms(PromiseAct *pa);

/*
 * Sets drafted_by of the entry: as given; else, if the words are new, the acting actor
 * unless they are the promiser.  Errors: 42704 unknown actor, TL003 named by an AI.
 */
extern void SetDrafter(PromiseAct *pa, bool words_are_new);

/*
 * Sets the fields of the entry that follow from policy: due if the terms have none
 * (counted from made_at), overdue_at, the required evidence, and the backer if the acting
 * actor backs the promise by this act.  The required evidence is at least what the entry
 * has already.  Returns STATE_PROPOSED if the promise waits for a backing, else
 * STATE_OPEN.
 */
extern State ApplyPolicy(PromiseAct *pa, TimestampTz made_at);

#endif
