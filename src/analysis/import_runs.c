/*
 * import_runs.c
 *		Exceptions of imports: one per run instead of one per promise.
 */
#include "postgres.h"

#include "analysis/exception_totals.h"

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "governance/actor.h"

#define LONGEST_BREAK (10 * USECS_PER_MINUTE)
#define LONGEST_RUN USECS_PER_DAY

/* Promises of a run for which there is the same kind of exception. */
typedef struct ImportPart
{
	int64		count;
	TimestampTz first;			/* when they were recorded */
	TimestampTz last;
	Row		   *only;			/* a copy of the first promise */
} ImportPart;

typedef enum ImportPartKind
{
	PART_BACKFILLED,
	PART_COMPANY_WORD_ONLY,
	PART_KINDS
} ImportPartKind;

typedef struct ImportMinute
{
	int64		minute;			/* hash key */
	ImportPart	parts[PART_KINDS];
} ImportMinute;

void
ImportRunsBegin(ImportRuns *runs, const ExceptionScan *scan)
{
	HASHCTL		control = {
		.keysize = sizeof(int64), .entrysize = sizeof(ImportMinute), .hcxt = scan->context
	};

	runs->minutes = hash_create("trust_ledger imported minutes", 64, &control,
								HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

static void
AddToPart(ImportPart *part, const ExceptionScan *scan, TimestampTz at)
{
	if (part->count++ == 0)
	{
		part->first = part->last = at;
		part->only = ExceptionPromiseCopy(scan);
	}
	part->first = Min(part->first, at);
	part->last = Max(part->last, at);
}

void
ImportRunsAdd(ImportRuns *runs, const ExceptionScan *scan)
{
	const Row  *promise = scan->promise;
	TimestampTz at;
	int64		number;
	ImportMinute *minute;
	bool		found;

	if (RowIsNull(promise, PROMISE_BACKFILLED_AT))
		return;
	at = RowInstant(promise, PROMISE_BACKFILLED_AT);
	number = at / USECS_PER_MINUTE;
	minute = hash_search(runs->minutes, &number, HASH_ENTER, &found);
	if (!found)
		memset(minute->parts, 0, sizeof(minute->parts));
	AddToPart(&minute->parts[PART_BACKFILLED], scan, at);
	if (PromiseOnImportedWord(promise))
		AddToPart(&minute->parts[PART_COMPANY_WORD_ONLY], scan, at);
}

static void
PutBackfilled(ExceptionScan *scan, const ImportPart *part)
{
	Exception	exception = {.what = "backfilled", .since = part->first};

	if (part->count == 1)
	{
		exception.detail = RowBool(part->only, PROMISE_BACKFILLED) ?
			"recorded long after it was made" :
			"an event was recorded long after it happened";
		scan->promise = part->only;
		PutException(scan, &exception);
		return;
	}
	exception.detail = psprintf("import of " INT64_FORMAT " promises, or events, recorded long "
								"after they happened, until %s",
								part->count, InstantText(part->last));
	PutTotal(scan, &exception);
}

static void
PutCompanyWordOnly(ExceptionScan *scan, const ImportPart *part)
{
	Exception	exception = {.what = "company_word_only", .since = part->first};

	if (part->count == 1)
	{
		scan->promise = part->only;
		PutCompanyWord(scan);
		return;
	}
	exception.detail = psprintf("import of " INT64_FORMAT " promises with verdicts by the "
								"company's word alone, until %s",
								part->count, InstantText(part->last));
	PutTotal(scan, &exception);
}

static int
CompareMinutes(const void *a, const void *b)
{
	int64		first = (*(ImportMinute *const *) a)->minute;
	int64		second = (*(ImportMinute *const *) b)->minute;

	return (first > second) - (first < second);
}

static ImportMinute **
SortedMinutes(const ImportRuns *runs)
{
	long		count = hash_get_num_entries(runs->minutes);
	ImportMinute **minutes = palloc(sizeof(ImportMinute *) * (count + 1));
	HASH_SEQ_STATUS all;
	ImportMinute *minute;
	long		i = 0;

	hash_seq_init(&all, runs->minutes);
	while ((minute = hash_seq_search(&all)) != NULL)
		minutes[i++] = minute;
	qsort(minutes, count, sizeof(ImportMinute *), CompareMinutes);
	minutes[count] = NULL;
	return minutes;
}

static void
Merge(ImportPart *into, const ImportPart *part)
{
	if (part->count == 0)
		return;
	if (into->count == 0)
	{
		*into = *part;
		return;
	}
	into->count += part->count;
	into->first = Min(into->first, part->first);
	into->last = Max(into->last, part->last);
}

void
ImportRunsPut(const ImportRuns *runs, ExceptionScan *scan)
{
	ImportMinute **minutes = SortedMinutes(runs);

	for (long i = 0; minutes[i] != NULL;)
	{
		ImportMinute run = *minutes[i++];

		CHECK_FOR_INTERRUPTS();
		while (minutes[i] != NULL && minutes[i]->parts[PART_BACKFILLED].first -
			   run.parts[PART_BACKFILLED].last <= LONGEST_BREAK &&
			   minutes[i]->parts[PART_BACKFILLED].first -
			   run.parts[PART_BACKFILLED].first <= LONGEST_RUN)
		{
			for (int part = 0; part < PART_KINDS; part++)
				Merge(&run.parts[part], &minutes[i]->parts[part]);
			i++;
		}
		PutBackfilled(scan, &run.parts[PART_BACKFILLED]);
		if (run.parts[PART_COMPANY_WORD_ONLY].count > 0)
			PutCompanyWordOnly(scan, &run.parts[PART_COMPANY_WORD_ONLY]);
	}
}
