/*
 * backing_bursts.c
 *		Humans who backed more promises in a minute than anybody reads.
 */
#include "postgres.h"

#include "analysis/exception_totals.h"

#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "base/text.h"

#define MOST_IN_A_MINUTE 10

typedef struct Human
{
	char		name[MAX_KEY_BYTES + 1];	/* hash key */
} Human;

typedef struct Backing
{
	const Human *human;
	TimestampTz at;
} Backing;

void
BackingBurstsBegin(BackingBursts *bursts, const ExceptionScan *scan)
{
	HASHCTL		control = {
		.keysize = MAX_KEY_BYTES + 1, .entrysize = sizeof(Human), .hcxt = scan->context
	};

	bursts->humans = hash_create("trust_ledger backing humans", 64, &control,
								 HASH_ELEM | HASH_STRINGS | HASH_CONTEXT);
	bursts->count = 0;
	bursts->capacity = 1024;
	bursts->backings = MemoryContextAlloc(scan->context, sizeof(Backing) * bursts->capacity);
}

void
BackingBurstsAdd(BackingBursts *bursts, const ExceptionScan *scan)
{
	const Row  *promise = scan->promise;
	Backing    *backing;
	char	   *backer;

	if (RowIsNull(promise, PROMISE_BACKER) || RowIsNull(promise, PROMISE_BACKED_AT))
		return;
	/* what was imported has the time that somebody wrote down, often only the day */
	if (RowInstant(promise, PROMISE_BACKED_AT) < RowInstant(promise, PROMISE_RECORDED_AT))
		return;
	backer = RowText(promise, PROMISE_BACKER);
	if (strlen(backer) > MAX_KEY_BYTES)
		return;
	if (bursts->count == bursts->capacity)
	{
		bursts->capacity *= 2;
		bursts->backings = repalloc_huge(bursts->backings, sizeof(Backing) * bursts->capacity);
	}
	backing = &bursts->backings[bursts->count++];
	backing->human = hash_search(bursts->humans, backer, HASH_ENTER, NULL);
	backing->at = RowInstant(promise, PROMISE_BACKED_AT);
}

static int
CompareBackings(const void *a, const void *b)
{
	const Backing *first = a;
	const Backing *second = b;

	if (first->human != second->human)
		return first->human < second->human ? -1 : 1;
	return (first->at > second->at) - (first->at < second->at);
}

/* The backings of one human, in the order of time. */
static void
PutBursts(const ExceptionScan *scan, const Backing *backings, int64 count)
{
	int64		first = 0;		/* of the last minute */
	int64		counted = 0;	/* up to here, backings are in total */
	int64		total = 0;
	int64		most = 0;
	Exception	exception = {.what = "backed_in_bursts"};

	for (int64 i = 0; i < count; i++)
	{
		while (backings[i].at - backings[first].at >= USECS_PER_MINUTE)
			first++;
		if (i - first + 1 <= MOST_IN_A_MINUTE)
			continue;
		if (total == 0)
			exception.since = backings[first].at;
		total += i + 1 - Max(first, counted);
		counted = i + 1;
		most = Max(most, i - first + 1);
	}
	if (total == 0)
		return;
	exception.subject = pstrdup(backings[0].human->name);
	exception.detail = psprintf("backed " INT64_FORMAT " promises within a minute, and "
								INT64_FORMAT " in all with more than %d a minute",
								most, total, MOST_IN_A_MINUTE);
	PutTotal(scan, &exception);
}

void
BackingBurstsPut(const BackingBursts *bursts, const ExceptionScan *scan)
{
	Backing    *backings = bursts->backings;
	int64		from = 0;

	qsort(backings, bursts->count, sizeof(Backing), CompareBackings);
	for (int64 i = 1; i <= bursts->count; i++)
		if (i == bursts->count || backings[i].human != backings[from].human)
		{
			PutBursts(scan, &backings[from], i - from);
			from = i;
		}
}
