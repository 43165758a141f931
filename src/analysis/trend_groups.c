/*
 * trend_groups.c
 *		The groups of a trend, their changes in each step, and the result rows.
 */
#include "postgres.h"

#include "analysis/trend_groups.h"

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "score/opinion.h"

/* All cells together can use 1 GiB. */
#define MAX_CELLS (1024 * 1024 * 1024 / sizeof(TrendCell))

void
TrendStartGroups(Trend *trend)
{
	HASHCTL		control = {
		.keysize = MAX_KEY_BYTES + 1,
		.entrysize = sizeof(TrendGroup),
		.hcxt = trend->context
	};

	trend->groups = hash_create("trust_ledger trend groups", 64, &control,
								HASH_ELEM | HASH_STRINGS | HASH_CONTEXT);
}

static void
CheckCellLimit(const Trend *trend)
{
	if ((hash_get_num_entries(trend->groups) + 1) * (uint64) trend->steps.count <= MAX_CELLS)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
			 errmsg("the trend has too many steps and groups"),
			 errdetail("The trend has %d steps and more than %ld groups.", trend->steps.count,
					   hash_get_num_entries(trend->groups)),
			 errhint("Use a longer step or a later since, or set of_key.")));
}

/* Whether the promise counts for a group with that key, which may be NULL. */
static bool
Counts(const Trend *trend, const PromiseAsOf *promise, const char *key)
{
	const char *only = trend->predecessor ? trend->predecessor : trend->key;

	return promise->made && (key || trend->by != BY_BACKER) &&
		(only == NULL || (key && strcmp(key, only) == 0));
}

TrendGroup *
TrendGroupOf(Trend *trend, const PromiseAsOf *promise, const char *customer)
{
	const char *key = PromiseAsOfKey(promise, customer, trend->by);
	TrendGroup *group;
	bool		found;

	if (!Counts(trend, promise, key))
		return NULL;
	key = trend->successor ? trend->successor->key : key ? key : "";
	group = hash_search(trend->groups, key, HASH_FIND, NULL);
	if (group)
		return group;
	CheckCellLimit(trend);
	group = hash_search(trend->groups, key, HASH_ENTER, &found);
	group->cells = MemoryContextAllocHuge(trend->context, sizeof(TrendCell) * trend->steps.count);
	memset(group->cells, 0, sizeof(TrendCell) * trend->steps.count);
	return group;
}

enum
{
	TREND_KEY,
	TREND_FROM,
	TREND_UNTIL,
	TREND_SCORE,
	TREND_EXPECTATION,
	TREND_UNCERTAINTY,
	TREND_OPENED,
	TREND_KEPT,
	TREND_PARTLY_KEPT,
	TREND_BROKEN,
	TREND_OVERDUE,
	TREND_COLUMNS
};

static void
PutStep(const Trend *trend, const TrendGroup *group, int step,
		const TrustScore *score, int64 overdue)
{
	const TrendCell *cell = &group->cells[step];
	Datum		values[TREND_COLUMNS];
	bool		nulls[TREND_COLUMNS] = {0};

	nulls[TREND_KEY] = group->key[0] == '\0';
	values[TREND_KEY] = nulls[TREND_KEY] ? (Datum) 0 : CStringGetTextDatum(group->key);
	values[TREND_FROM] = TimestampTzGetDatum(trend->steps.bounds[step]);
	values[TREND_UNTIL] = TimestampTzGetDatum(trend->steps.bounds[step + 1]);
	values[TREND_SCORE] = TrustScoreGetDatum(score);
	values[TREND_EXPECTATION] = Float8GetDatum(OpinionExpectation(score, DEFAULT_BASE_RATE));
	values[TREND_UNCERTAINTY] = Float8GetDatum(OpinionUncertainty(score));
	values[TREND_OPENED] = Int64GetDatum(cell->opened);
	values[TREND_KEPT] = Int64GetDatum(cell->became_kept);
	values[TREND_PARTLY_KEPT] = Int64GetDatum(cell->became_partly_kept);
	values[TREND_BROKEN] = Int64GetDatum(cell->became_broken);
	values[TREND_OVERDUE] = Int64GetDatum(overdue);
	tuplestore_putvalues(trend->result->setResult, trend->result->setDesc, values, nulls);
	if (!nulls[TREND_KEY])
		pfree(DatumGetPointer(values[TREND_KEY]));
}

/* Verdicts until the end of a step, without overdue promises, which do not decay. */
typedef struct TrendSum
{
	TrustScore	verdicts;
	int64		weighing;
	int64		overdue;
} TrendSum;

/* Decays the sum of the steps before to the step and adds the group's changes in it. */
static void
AddStep(const Trend *trend, TrendSum *sum, const TrendGroup *group, int step)
{
	const TrendCell *cell = &group->cells[step];
	TrustScore *verdicts = &sum->verdicts;
	TimestampTz last = StepLastInstant(&trend->steps, step);

	if (step == 0)
		ScoreClear(verdicts);
	ScoreDecay(verdicts, last);
	verdicts->flags = 0;
	verdicts->as_of = last;
	verdicts->half_life = trend->half_life;
	/* removed evidence can be rounded differently than when it was added */
	verdicts->kept = Max(verdicts->kept + cell->kept, 0.0);
	verdicts->broken = Max(verdicts->broken + cell->broken, 0.0);
	sum->weighing += cell->weighing;
	sum->overdue += cell->overdue;
}

/* One row per step. */
static void
PutGroup(const Trend *trend, const TrendGroup *group)
{
	const TrendGroup *carried = trend->carried ?
		hash_search(trend->carried, group->key, HASH_FIND, NULL) : NULL;
	TrendSum	sum = {0};
	TrendSum	of_others = {0};

	for (int step = 0; step < trend->steps.count; step++)
	{
		TrustScore	score;
		float8		broken = 0.0;

		AddStep(trend, &sum, group, step);
		if (carried)
		{
			AddStep(trend, &of_others, carried, step);
			broken = of_others.weighing == 0 ? 0.0 :
				of_others.verdicts.broken + of_others.overdue * WEIGHT_OVERDUE;
		}
		score = sum.verdicts;
		score.broken += sum.overdue * WEIGHT_OVERDUE + broken;
		if (sum.weighing == 0 && broken == 0.0)
			ScoreClear(&score);
		PutStep(trend, group, step, &score, sum.overdue);
	}
}

static int
CompareGroups(const void *a, const void *b)
{
	return strcmp((*(TrendGroup *const *) a)->key, (*(TrendGroup *const *) b)->key);
}

void
TrendPutGroups(Trend *trend)
{
	int			count = hash_get_num_entries(trend->groups);
	TrendGroup **groups = MemoryContextAllocHuge(trend->context,
												 sizeof(TrendGroup *) * Max(count, 1));
	HASH_SEQ_STATUS all;
	TrendGroup *group;
	int			i = 0;

	hash_seq_init(&all, trend->groups);
	while ((group = hash_seq_search(&all)) != NULL)
		groups[i++] = group;
	qsort(groups, count, sizeof(TrendGroup *), CompareGroups);
	for (i = 0; i < count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		PutGroup(trend, groups[i]);
	}
}
