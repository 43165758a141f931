/*
 * usual_times.c
 *		Promises that are due much later than usual.
 */
#include "postgres.h"

#include "analysis/exception_totals.h"

#include <math.h>

#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "base/text.h"

#define TIMES_AS_LONG 10
#define FEW_PROMISES 5
#define LONGEST_USUAL (365 * (float8) USECS_PER_DAY)
#define SHORTEST_USUAL_OF_FEW (30 * (float8) USECS_PER_DAY)

typedef struct UsualTime
{
	char		kind[MAX_KEY_BYTES + 1];	/* hash key; empty for none */
	int64		count;
	float8		logarithms;		/* the sum of those of the times first promised, in microseconds */
	float8		longest;		/* until a promise is overdue, in microseconds */
} UsualTime;

void
UsualTimesBegin(UsualTimes *times, const ExceptionScan *scan)
{
	HASHCTL		control = {
		.keysize = MAX_KEY_BYTES + 1, .entrysize = sizeof(UsualTime), .hcxt = scan->context
	};

	times->kinds = hash_create("trust_ledger usual times", 64, &control,
							   HASH_ELEM | HASH_STRINGS | HASH_CONTEXT);
	times->all = MemoryContextAllocZero(scan->context, sizeof(UsualTime));
}

/* Time from when the promise was made, in microseconds; not positive if there is none. */
static float8
TimeUntil(const Row *promise, int column)
{
	if (RowIsNull(promise, column))
		return 0.0;
	return (float8) RowInstant(promise, column) - (float8) RowInstant(promise, PROMISE_MADE_AT);
}

static UsualTime *
OfKind(const UsualTimes *times, const Row *promise, HASHACTION action)
{
	char	   *kind = RowIsNull(promise, PROMISE_KIND) ? "" : RowText(promise, PROMISE_KIND);
	UsualTime  *usual;
	bool		found;

	if (strlen(kind) > MAX_KEY_BYTES)
		return times->all;
	usual = hash_search(times->kinds, kind, action, &found);
	if (!found && usual)
	{
		usual->count = 0;
		usual->logarithms = usual->longest = 0.0;
	}
	return usual ? usual : times->all;
}

static void
Add(UsualTime *usual, float8 logarithm)
{
	usual->count++;
	usual->logarithms += logarithm;
}

void
UsualTimesAdd(UsualTimes *times, const ExceptionScan *scan)
{
	float8		promised = TimeUntil(scan->promise, PROMISE_FIRST_DUE);
	float8		time = TimeUntil(scan->promise, PROMISE_OVERDUE_AT);
	UsualTime  *usual;

	if (promised <= 0.0)
		return;
	usual = OfKind(times, scan->promise, HASH_ENTER);
	Add(times->all, log(promised));
	if (usual != times->all)
		Add(usual, log(promised));
	usual->longest = Max(usual->longest, time);
}

/* In microseconds. */
static float8
GeometricMean(const UsualTime *usual)
{
	return Min(exp(usual->logarithms / usual->count), LONGEST_USUAL);
}

/* Few promises do not show what is usual for their kind. */
static float8
Usual(const UsualTimes *times, const UsualTime *of_kind)
{
	if (of_kind->count < FEW_PROMISES)
		return Max(GeometricMean(times->all), SHORTEST_USUAL_OF_FEW);
	return GeometricMean(of_kind);
}

bool
UsualTimesHaveFar(const UsualTimes *times)
{
	HASH_SEQ_STATUS all;
	UsualTime  *usual;
	bool		far = times->all->longest > TIMES_AS_LONG * LONGEST_USUAL;

	hash_seq_init(&all, times->kinds);
	while ((usual = hash_seq_search(&all)) != NULL)
		far |= usual->longest > TIMES_AS_LONG * Usual(times, usual);
	return far;
}

void
UsualTimesPut(const UsualTimes *times, const ExceptionScan *scan)
{
	const Row  *promise = scan->promise;
	float8		time = TimeUntil(promise, PROMISE_OVERDUE_AT);
	Exception	exception = {.what = "due_far"};
	float8		usual;

	if (time <= 0.0 || times->all->count == 0)
		return;
	usual = Usual(times, OfKind(times, promise, HASH_FIND));
	if (time <= TIMES_AS_LONG * usual)
		return;
	exception.since = RowInstant(promise, PROMISE_DUE_MOVED_AT);
	if (RowIsNull(promise, PROMISE_DUE_MOVED_AT))
		exception.since = RowInstant(promise, PROMISE_MADE_AT);
	exception.detail = psprintf("not overdue before %s, %.0f times as long as usual",
								InstantText(RowInstant(promise, PROMISE_OVERDUE_AT)),
								time / usual);
	PutException(scan, &exception);
}
