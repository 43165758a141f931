/*
 * pause.c
 *		Stopping a promise's clock while the customer is awaited.
 *
 * The terms say how long all pauses together may last.  A pause moves due by
 * what is left of that, resuming takes back what was not used: so the clock
 * starts again by itself where nobody resumes.
 */
#include "postgres.h"

#include "base/duration.h"
#include "promise/dispatch.h"
#include "promise/terms.h"

/* What a promise with a due time always has; tables may have been tampered with. */
static void
CheckHas(const Row *promise, int column)
{
	if (!RowIsNull(promise, column))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_TL_ALTERED),
			 errmsg("promise %s has lost its %s", PromiseName(promise), promise_shape.columns[column].name),
			 errhint("Run SELECT * FROM trust_ledger.verify();")));
}

/* Due, and with it when silence counts as broken. */
static void
MoveDue(PromiseAct *pa, int64 by)
{
	CheckHas(pa->promise, PROMISE_DUE);
	CheckHas(pa->promise, PROMISE_OVERDUE_AT);
	RowSetInstant(pa->entry, ENTRY_DUE, RowInstant(pa->promise, PROMISE_DUE) + by);
	RowSetInstant(pa->entry, ENTRY_OVERDUE_AT, RowInstant(pa->promise, PROMISE_OVERDUE_AT) + by);
}

pg_noreturn static void RefusePause(const PromiseAct *pa, const char *why, const char *detail);

static void
RefusePause(const PromiseAct *pa, const char *why, const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_TL_STATE),
			 errmsg("promise %s %s and cannot be paused", PromiseName(pa->promise), why),
			 errdetail("%s", detail),
			 errhint("Pauses stop the clock before due, up to the longest pause that the terms state, all together.")));
}

/* How much longer the clock may stand still. */
static int64
PauseLeft(const PromiseAct *pa)
{
	const Row  *promise = pa->promise;
	int64		left;

	if (pa->act.actor->speaks_for == SPEAKS_FOR_CUSTOMER)
		ereport(ERROR,
				(errcode(ERRCODE_TL_IDENTITY),
				 errmsg("\"%s\" speaks for the customer and cannot pause promises", pa->act.actor->actor),
				 errhint("The company or a system of record pauses; whoever is awaited can resume.")));
	if (!RowIsNull(promise, PROMISE_PAUSED_AT))
		RefusePause(pa, "is paused already",
					psprintf("Its clock stands still since %s.", timestamptz_to_str(RowInstant(promise, PROMISE_PAUSED_AT))));
	if (RowIsNull(promise, PROMISE_DUE))
		RefusePause(pa, "has no due time", "There is no clock to stop.");
	if (RowIsNull(promise, PROMISE_LONGEST_PAUSE))
		RefusePause(pa, "allows no pause", "Its terms state no longest_pause.");
	if (PromisePastDue(promise, EntryInstant(pa->entry)))
		RefusePause(pa, "is past due", psprintf("It was due at %s.", timestamptz_to_str(RowInstant(promise, PROMISE_DUE))));
	CheckHas(promise, PROMISE_PAUSED_FOR);
	left = IntervalMicroseconds(DatumGetIntervalP(promise->values[PROMISE_LONGEST_PAUSE]), "longest_pause") -
		IntervalMicroseconds(DatumGetIntervalP(promise->values[PROMISE_PAUSED_FOR]), "paused_for");
	if (left <= 0)
		RefusePause(pa, "was paused for as long as its terms allow", "Nothing is left of its longest_pause.");
	return left;
}

/*
 * pause_promise(promise uuid, reason text, customer text, actor, occurred_at, context,
 *				 idempotency_key) returns receipt
 *		The clock stands still from now on, as long as the terms allow at the most,
 *		all pauses together; due moves by that until it is resumed.  Errors: TL001
 *		state, past due, without due, or no pause allowed or left; TL003 by an actor
 *		that speaks for the customer; 22008 due more than a hundred years from now.
 */
void
PausePromise(PromiseAct *pa)
{
	MoveDue(pa, PauseLeft(pa));
	TermsCheckDue(RowInstant(pa->entry, ENTRY_DUE), pa->chain->now);
	PromiseSetReason(pa);
	PromiseAppend(pa, PromiseState(pa->promise));
}

/* What of the pause is not used, if it ends now. */
static int64
PauseUnused(const PromiseAct *pa)
{
	TimestampTz instant = EntryInstant(pa->entry);

	if (RowIsNull(pa->promise, PROMISE_PAUSED_AT))
		ereport(ERROR,
				(errcode(ERRCODE_TL_STATE),
				 errmsg("promise %s is not paused", PromiseName(pa->promise))));
	if (instant < RowInstant(pa->promise, PROMISE_PAUSED_AT))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("occurred_at lies before the promise was paused"),
				 errdetail("It was paused at %s.", timestamptz_to_str(RowInstant(pa->promise, PROMISE_PAUSED_AT)))));
	CheckHas(pa->promise, PROMISE_PAUSED_UNTIL);
	return Max(RowInstant(pa->promise, PROMISE_PAUSED_UNTIL) - instant, 0);
}

/*
 * resume_promise(promise uuid, reason text, customer text, actor, occurred_at, context,
 *				  idempotency_key) returns receipt
 *		The clock runs again: due has moved by as long as the pause lasted.  Errors:
 *		TL001 state, or not paused; 22008 before it was paused.
 */
void
ResumePromise(PromiseAct *pa)
{
	MoveDue(pa, -PauseUnused(pa));
	PromiseSetReason(pa);
	PromiseAppend(pa, PromiseState(pa->promise));
}
