/*
 * pause.c
 *		Pauses and resumes promises.
 *
 * The term longest_pause limits the total time of all pauses.  A pause moves the due
 * time by what is left of it, and resuming moves it back by what was not used.  So a
 * pause that nobody ends is over when the limit is reached.
 */
#include "postgres.h"

#include "base/duration.h"
#include "promise/dispatch.h"
#include "promise/terms.h"

/* A promise with a due time always has these columns, unless the table was tampered with. */
static void
CheckNotLost(const Row *promise, int column)
{
	if (!RowIsNull(promise, column))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_TL_ALTERED),
			 errmsg("promise %s has lost its %s",
					PromiseName(promise), promise_shape.columns[column].name),
			 errhint("Run SELECT * FROM trust_ledger.verify();")));
}

/* Moves due and overdue_at by microseconds. */
static void
MoveDue(PromiseAct *pa, int64 by)
{
	CheckNotLost(pa->promise, PROMISE_DUE);
	CheckNotLost(pa->promise, PROMISE_OVERDUE_AT);
	RowSetInstant(pa->entry, ENTRY_DUE, RowInstant(pa->promise, PROMISE_DUE) + by);
	RowSetInstant(pa->entry, ENTRY_OVERDUE_AT, RowInstant(pa->promise, PROMISE_OVERDUE_AT) + by);
}

pg_noreturn static void RefusePause(const PromiseAct *pa, const char *why, const char *detail);

static void
RefusePause(const PromiseAct *pa, const char *why, const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_TL_STATE),
			 errmsg("cannot pause promise %s, which %s", PromiseName(pa->promise), why),
			 errdetail("%s", detail),
			 errhint("A promise can be paused before its due time. "
					 "Its pauses must not last longer in total than its longest_pause.")));
}

/* Returns the remaining pause time in microseconds. */
static int64
PauseLeft(const PromiseAct *pa)
{
	const Row  *promise = pa->promise;
	int64		left;

	if (pa->act.actor->speaks_for == SPEAKS_FOR_CUSTOMER)
		ereport(ERROR,
				(errcode(ERRCODE_TL_IDENTITY),
				 errmsg("\"%s\" speaks for the customer and cannot pause promises",
						pa->act.actor->actor),
				 errhint("The company or a system of record can pause it; "
						 "the customer can resume it.")));
	if (!RowIsNull(promise, PROMISE_PAUSED_AT))
		RefusePause(pa, "is already paused",
					psprintf("It has been paused since %s.",
							 timestamptz_to_str(RowInstant(promise, PROMISE_PAUSED_AT))));
	if (RowIsNull(promise, PROMISE_DUE))
		RefusePause(pa, "has no due time", "A pause moves the due time.");
	if (RowIsNull(promise, PROMISE_LONGEST_PAUSE))
		RefusePause(pa, "allows no pause", "Its terms have no longest_pause.");
	if (PromisePastDue(promise, EntryInstant(pa->entry)))
		RefusePause(pa, "is past due",
					psprintf("It was due at %s.",
							 timestamptz_to_str(RowInstant(promise, PROMISE_DUE))));
	CheckNotLost(promise, PROMISE_PAUSED_FOR);
	left = IntervalMicroseconds(DatumGetIntervalP(promise->values[PROMISE_LONGEST_PAUSE]),
								"longest_pause") -
		IntervalMicroseconds(DatumGetIntervalP(promise->values[PROMISE_PAUSED_FOR]), "paused_for");
	if (left <= 0)
		RefusePause(pa, "allows no further pause", "Its longest_pause has been used up.");
	return left;
}

/*
 * pause_promise(promise uuid, reason text, customer text, actor, occurred_at, context,
 *				 idempotency_key) returns receipt
 *		Pauses the promise, for at most what is left of longest_pause, and moves its due
 *		time by that.  Errors: TL001 state, paused before, past due, no due time, or no
 *		pause allowed or left; TL003 by an actor that speaks for the customer; 22008 due
 *		more than a hundred years from now.
 */
void
PausePromise(PromiseAct *pa)
{
	MoveDue(pa, PauseLeft(pa));
	TermsCheckDue(RowInstant(pa->entry, ENTRY_DUE), pa->chain->now);
	PromiseSetReason(pa);
	PromiseAppend(pa, PromiseState(pa->promise));
}

/* Returns how many microseconds of the pause remain unused if it ends now. */
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
				 errmsg("occurred_at must not be before the promise was paused"),
				 errdetail("The promise was paused at %s.",
						   timestamptz_to_str(RowInstant(pa->promise, PROMISE_PAUSED_AT)))));
	CheckNotLost(pa->promise, PROMISE_PAUSED_UNTIL);
	return Max(RowInstant(pa->promise, PROMISE_PAUSED_UNTIL) - instant, 0);
}

/*
 * resume_promise(promise uuid, reason text, customer text, actor, occurred_at, context,
 *				  idempotency_key) returns receipt
 *		Ends the pause.  The due time has then moved by the duration of the pause.
 *		Errors: TL001 state, or not paused; 22008 before it was paused.
 */
void
ResumePromise(PromiseAct *pa)
{
	MoveDue(pa, -PauseUnused(pa));
	PromiseSetReason(pa);
	PromiseAppend(pa, PromiseState(pa->promise));
}
