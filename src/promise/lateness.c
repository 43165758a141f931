/*
 * lateness.c
 *		Promises that were opened late, and terms that the company eased late.
 *
 * Either would let the company wait for the outcome before it decides what it promised.
 * So the first earns no evidence of being kept, and what was eased late counts as partly
 * kept at most; see SetVerdict().
 */
#include "postgres.h"

#include "promise/lateness.h"

#include "utils/fmgrprotos.h"

#include "governance/actor.h"
#include "promise/same_value.h"

bool
PromiseOpenedLate(const Row *promise)
{
	return !RowIsNull(promise, PROMISE_OPENED_AT) && !RowIsNull(promise, PROMISE_FIRST_DUE) &&
		RowInstant(promise, PROMISE_OPENED_AT) > RowInstant(promise, PROMISE_FIRST_DUE);
}

/*
 * The interval in microseconds; 0 if it is NULL.  Unsigned, as are the differences below,
 * since values of altered entries may overflow.
 */
static uint64
Microseconds(const Row *row, int column)
{
	const Interval *interval = RowIsNull(row, column) ? NULL :
		DatumGetIntervalP(row->values[column]);

	return interval ? (uint64) interval->day * USECS_PER_DAY + (uint64) interval->time : 0;
}

/* Terms do not change during a pause, so paused_for is what pauses took. */
static bool
AfterHalfOfTime(const Row *promise, TimestampTz instant)
{
	uint64		made_at = RowInstant(promise, PROMISE_MADE_AT);
	uint64		promised = (uint64) RowInstant(promise, PROMISE_FIRST_DUE) - made_at;
	uint64		passed = (uint64) instant - made_at - Microseconds(promise, PROMISE_PAUSED_FOR);

	return !RowIsNull(promise, PROMISE_FIRST_DUE) && (int64) passed > (int64) promised / 2;
}

bool
PromisePausedLong(const Row *promise)
{
	uint64		promised = (uint64) RowInstant(promise, PROMISE_FIRST_DUE) -
		(uint64) RowInstant(promise, PROMISE_MADE_AT);

	return !RowIsNull(promise, PROMISE_FIRST_DUE) && !RowIsNull(promise, PROMISE_MADE_AT) &&
		!RowIsNull(promise, PROMISE_PAUSED_FOR) &&
		(int64) Microseconds(promise, PROMISE_PAUSED_FOR) > (int64) promised / 2;
}

bool
PromiseWithdrawnNearDue(const Row *promise)
{
	return RowTextIs(promise, PROMISE_STATE, state_names[STATE_WITHDRAWN]) &&
		!RowIsNull(promise, PROMISE_OPENED_AT) && !RowIsNull(promise, PROMISE_SETTLED_AT) &&
		AfterHalfOfTime(promise, RowInstant(promise, PROMISE_SETTLED_AT));
}

static bool
IsLater(const Row *promise, int column, const Row *entry, int entry_column)
{
	if (RowIsNull(promise, column))
		return false;
	return RowIsNull(entry, entry_column) ||
		RowInstant(entry, entry_column) > RowInstant(promise, column);
}

/* A lower amount, none, or one in another currency. */
static bool
IsWorthLess(const Row *promise, const Row *entry)
{
	if (RowIsNull(promise, PROMISE_VALUE))
		return false;
	return RowIsNull(entry, ENTRY_VALUE) ||
		DatumGetBool(DirectFunctionCall2(numeric_lt, entry->values[ENTRY_VALUE],
										 promise->values[PROMISE_VALUE])) ||
		(!RowIsNull(promise, PROMISE_CURRENCY) &&
		 !RowSameValue(promise, PROMISE_CURRENCY, entry, ENTRY_CURRENCY));
}

/* A longer pause can move the due time as far. */
static bool
MayPauseLonger(const Row *promise, const Row *entry)
{
	return Microseconds(entry, ENTRY_LONGEST_PAUSE) >
		Microseconds(promise, PROMISE_LONGEST_PAUSE);
}

bool
PromiseEasedLate(const Row *promise, const Row *entry)
{
	if (!RowBool(entry, ENTRY_STANDS) ||
		RowTextIs(entry, ENTRY_SPEAKS_FOR, speaks_for_names[SPEAKS_FOR_CUSTOMER]) ||
		!AfterHalfOfTime(promise, EntryInstant(entry)))
		return false;
	return IsLater(promise, PROMISE_DUE, entry, ENTRY_DUE) ||
		IsLater(promise, PROMISE_OVERDUE_AT, entry, ENTRY_OVERDUE_AT) ||
		IsWorthLess(promise, entry) ||
		MayPauseLonger(promise, entry) ||
		!RowSameValue(promise, PROMISE_KIND, entry, ENTRY_KIND);
}
