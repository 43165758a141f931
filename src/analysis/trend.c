/*
 * trend.c
 *		How trust moved: scores step by step, from one pass over the entries.
 *
 * With one half-life for all, a promise's evidence fades alike wherever it
 * stands.  So each change, of a verdict, an overdue promise, a backer, goes into
 * the step in which it happened, reckoned to that step's last instant; adding up
 * the steps, each faded into the next, gives the score at every one.
 */
#include "postgres.h"

#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "analysis/score_query.h"
#include "analysis/time_steps.h"
#include "base/arguments.h"
#include "base/text.h"
#include "score/opinion.h"

PG_FUNCTION_INFO_V1(trust_trend);

/* What happened to a group's promises in one step */
typedef struct Cell
{
	float8		kept;			/* change of evidence, as of the step's last instant */
	float8		broken;
	int32		weighing;		/* change of how many promises weigh anything */
	int32		overdue;		/* change of how many are overdue */
	int32		opened;
	int32		became_kept;
	int32		became_partly_kept;
	int32		became_broken;
} Cell;

typedef struct TrendGroup
{
	char		key[MAX_KEY_BYTES + 1]; /* '' stands for none */
	Cell	   *cells;
} TrendGroup;

/* All groups' cells together take a gigabyte at most */
#define MOST_CELLS (1024 * 1024 * 1024 / sizeof(Cell))

typedef struct Trend
{
	ScoreEventReader	score_events;			/* first: all that ReadScoreEvents() knows */
	Grouping	by;
	const char *key;
	bool		as_recorded;
	Steps		steps;
	int64		half_life;
	MemoryContext context;
	HTAB	   *groups;
	char		customer[MAX_KEY_BYTES + 1];	/* at hand, by customer */
	ReturnSetInfo *result;
} Trend;

/* What a promise weighs for a while, and for whom */
typedef struct Span
{
	TrendGroup *group;			/* NULL: nothing, for nobody */
	Contribution contribution;
	bool		overdue;
} Span;

typedef struct Course
{
	Span		now;
	bool		opened;
	State		outcome;
} Course;

static TimestampTz
When(const Trend *trend, const ScoreEvent *score_event)
{
	return trend->as_recorded ? score_event->recorded_at : score_event->occurred_at;
}

static void
StartGroups(Trend *trend)
{
	HASHCTL		control = {.keysize = MAX_KEY_BYTES + 1, .entrysize = sizeof(TrendGroup), .hcxt = trend->context};

	trend->groups = hash_create("trust_ledger trends", 64, &control, HASH_ELEM | HASH_STRINGS | HASH_CONTEXT);
}

static void
CheckRoom(const Trend *trend)
{
	if ((hash_get_num_entries(trend->groups) + 1) * (uint64) trend->steps.count <= MOST_CELLS)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
			 errmsg("the trend has too many steps and groups"),
			 errdetail("There are %d steps, and more than %ld groups.", trend->steps.count,
					   hash_get_num_entries(trend->groups)),
			 errhint("Use a longer step, a later since, or one key.")));
}

/* The group that the promise belongs to; NULL where it belongs to none that is asked for. */
static TrendGroup *
GroupOf(Trend *trend, const PromiseAsOf *standing, const char *customer)
{
	const char *key = PromiseAsOfKey(standing, customer, trend->by);
	TrendGroup *group;
	bool		found;

	if (!standing->made || (key == NULL && trend->by == BY_BACKER) ||
		(trend->key && (key == NULL || strcmp(key, trend->key) != 0)))
		return NULL;
	key = key ? key : "";
	group = hash_search(trend->groups, key, HASH_FIND, NULL);
	if (group)
		return group;
	CheckRoom(trend);
	group = hash_search(trend->groups, key, HASH_ENTER, &found);
	group->cells = MemoryContextAllocHuge(trend->context, sizeof(Cell) * trend->steps.count);
	memset(group->cells, 0, sizeof(Cell) * trend->steps.count);
	return group;
}

static bool
SameSpan(const Span *a, const Span *b)
{
	return a->group == b->group && a->overdue == b->overdue &&
		a->contribution.counts == b->contribution.counts && a->contribution.kept == b->contribution.kept &&
		a->contribution.broken == b->contribution.broken && a->contribution.at == b->contribution.at;
}

/* From that instant on the span's weight comes in (sign 1) or goes (sign -1). */
static void
Weigh(Trend *trend, const Span *span, TimestampTz instant, int sign)
{
	int			step = Max(StepOf(&trend->steps, instant), 0);	/* what came before is there in the first */
	Cell	   *cell;
	float8		fading;

	if (span->group == NULL || !(span->contribution.counts || span->overdue))
		return;
	cell = &span->group->cells[step];
	cell->weighing += sign;
	if (span->overdue)
	{
		cell->overdue += sign;
		return;
	}
	fading = ScoreFading(ScoreAge(span->contribution.at, StepLast(&trend->steps, step)), trend->half_life);
	cell->kept += sign * span->contribution.kept * fading;
	cell->broken += sign * span->contribution.broken * fading;
}

static void
ChangeTo(Trend *trend, Course *course, const Span *span, TimestampTz instant)
{
	if (!StepsReach(&trend->steps, instant) || SameSpan(&course->now, span))
		return;
	Weigh(trend, &course->now, instant, -1);
	Weigh(trend, span, instant, 1);
	course->now = *span;
}

/* Opened, or a verdict that is another than before: re-saying it counts nothing. */
static void
CountEvents(Trend *trend, Course *course, const PromiseAsOf *standing, TrendGroup *group, TimestampTz instant)
{
	int			step = StepOf(&trend->steps, instant);
	bool		counts = group && step >= 0 && StepsReach(&trend->steps, instant);

	if (counts && standing->opened && !course->opened)
		group->cells[step].opened++;
	if (counts && standing->outcome != course->outcome)
	{
		if (standing->outcome == STATE_KEPT)
			group->cells[step].became_kept++;
		else if (standing->outcome == STATE_PARTLY_KEPT)
			group->cells[step].became_partly_kept++;
		else if (standing->outcome == STATE_BROKEN)
			group->cells[step].became_broken++;
	}
	course->opened = standing->opened;
	course->outcome = standing->outcome;
}

/* The promise stands like this from one instant on, until before another. */
static void
Stand(Trend *trend, Course *course, const PromiseAsOf *standing, const char *customer,
	  TimestampTz from, TimestampTz until)
{
	TrendGroup *group = GroupOf(trend, standing, customer);
	Span		span = {group, standing->verdict, PromiseAsOfIsOverdue(standing, from)};
	TimestampTz overdue_from = standing->overdue_at + 1;

	CountEvents(trend, course, standing, group, from);
	ChangeTo(trend, course, &span, from);
	if (!span.overdue && standing->has_overdue_at && overdue_from < until &&
		PromiseAsOfIsOverdue(standing, overdue_from))
	{
		span.overdue = true;
		ChangeTo(trend, course, &span, overdue_from);
	}
}

/* The next instant after that one at which something happened; DT_NOEND: none. */
static TimestampTz
NextInstant(const Trend *trend, const ScoreEvent *score_events, int count, TimestampTz after)
{
	TimestampTz next = DT_NOEND;

	for (int i = 0; i < count; i++)
		if (When(trend, &score_events[i]) > after)
			next = Min(next, When(trend, &score_events[i]));
	return next;
}

/* What happened late may be recorded first: then each instant is a fold of its own. */
static void
TrendOutOfOrder(Trend *trend, const char *customer, const ScoreEvent *score_events, int count)
{
	Course		course = {0};
	TimestampTz until;

	for (TimestampTz from = NextInstant(trend, score_events, count, DT_NOBEGIN); StepsReach(&trend->steps, from); from = until)
	{
		PromiseAsOf	standing = {0};

		for (int i = 0; i < count; i++)
			if (When(trend, &score_events[i]) <= from)
				PromiseAsOfApply(&standing, &score_events[i]);
		until = NextInstant(trend, score_events, count, from);
		Stand(trend, &course, &standing, customer, from, until);
	}
}

static bool
InOrder(const Trend *trend, const ScoreEvent *score_events, int count)
{
	for (int i = 1; i < count; i++)
		if (When(trend, &score_events[i]) < When(trend, &score_events[i - 1]))
			return false;
	return true;
}

/* ---- the result ---- */

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
PutStep(const Trend *trend, const TrendGroup *group, int step, const TrustScore *score, int64 overdue)
{
	const Cell *cell = &group->cells[step];
	Datum		values[TREND_COLUMNS];
	bool		nulls[TREND_COLUMNS] = {0};

	nulls[TREND_KEY] = group->key[0] == '\0';
	values[TREND_KEY] = nulls[TREND_KEY] ? (Datum) 0 : CStringGetTextDatum(group->key);
	values[TREND_FROM] = TimestampTzGetDatum(trend->steps.bounds[step]);
	values[TREND_UNTIL] = TimestampTzGetDatum(trend->steps.bounds[step + 1]);
	values[TREND_SCORE] = TrustScoreGetDatum(score);
	values[TREND_EXPECTATION] = Float8GetDatum(OpinionExpectation(score, USUAL_BASE_RATE));
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

/* Adds up the steps of a group. */
static void
PutGroup(const Trend *trend, const TrendGroup *group)
{
	TrustScore	verdicts;		/* without what is overdue, which does not fade */
	int64		weighing = 0;
	int64		overdue = 0;

	ScoreClear(&verdicts);
	for (int step = 0; step < trend->steps.count; step++)
	{
		const Cell *cell = &group->cells[step];
		TimestampTz last = StepLast(&trend->steps, step);
		TrustScore	score;

		ScoreFade(&verdicts, last);
		verdicts.flags = 0;
		verdicts.as_of = last;
		verdicts.half_life = trend->half_life;
		/* what goes was rounded otherwise than what came */
		verdicts.kept = Max(verdicts.kept + cell->kept, 0.0);
		verdicts.broken = Max(verdicts.broken + cell->broken, 0.0);
		weighing += cell->weighing;
		overdue += cell->overdue;
		score = verdicts;
		score.broken += overdue * WEIGHT_OVERDUE;
		if (weighing == 0)
			ScoreClear(&score);
		PutStep(trend, group, step, &score, overdue);
	}
}

static int
CompareGroups(const void *a, const void *b)
{
	return strcmp((*(TrendGroup *const *) a)->key, (*(TrendGroup *const *) b)->key);
}

/* All groups in the order of their keys. */
static void
PutGroups(Trend *trend)
{
	int			count = hash_get_num_entries(trend->groups);
	TrendGroup **groups = MemoryContextAllocHuge(trend->context, sizeof(TrendGroup *) * Max(count, 1));
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

/* ---- the promises ---- */

/* By customer, one after the other: there may be many of them. */
static void
BeginCustomer(Trend *trend, const char *customer)
{
	PutGroups(trend);
	MemoryContextReset(trend->context);
	StartGroups(trend);
	strlcpy(trend->customer, customer, sizeof(trend->customer));
}

static void
TrendPromise(ScoreEventReader *reader, const char *customer, const ScoreEvent *score_events, int count)
{
	Trend	   *trend = (Trend *) reader;
	Course		course = {0};
	PromiseAsOf	standing = {0};

	if (trend->by == BY_CUSTOMER && strcmp(customer, trend->customer) != 0)
		BeginCustomer(trend, customer);
	if (!InOrder(trend, score_events, count))
	{
		TrendOutOfOrder(trend, customer, score_events, count);
		return;
	}
	for (int i = 0; i < count && StepsReach(&trend->steps, When(trend, &score_events[i])); i++)
	{
		TimestampTz from = When(trend, &score_events[i]);
		TimestampTz until = i + 1 < count ? When(trend, &score_events[i + 1]) : DT_NOEND;

		PromiseAsOfApply(&standing, &score_events[i]);
		if (until > from)
			Stand(trend, &course, &standing, customer, from, until);
	}
}

/* What neither the steps nor the groups need. */
static uint32
NotNeeded(Grouping by, bool as_recorded)
{
	uint32		columns = 1 << SCORE_EVENT_WHOSE_WORD;

	if (by != BY_CUSTOMER)
		columns |= 1 << SCORE_EVENT_CUSTOMER;
	if (!as_recorded)
		columns |= 1 << SCORE_EVENT_RECORDED_AT;
	if (by != BY_PROMISER)
		columns |= 1 << SCORE_EVENT_PROMISER;
	if (by != BY_KIND)
		columns |= 1 << SCORE_EVENT_KIND;
	if (by != BY_BACKER && by != BY_BACKING)
		columns |= 1 << SCORE_EVENT_BACKER;
	return columns;
}

/*
 * trust_trend(by text, step interval, since timestamptz, until timestamptz,
 *			   basis text, of_key text)
 *		returns setof (key, step_from, step_until, score, expectation, uncertainty,
 *		opened, kept, partly_kept, broken, overdue)
 *		Per customer, promiser, backer, kind, backing (backed, unbacked), or of all
 *		together, and per step [step_from, step_until): the score at its last instant;
 *		how many promises were opened, became kept, partly kept, broken in it; how many
 *		were overdue at its end.  Every key that has a promise has every step.  Steps
 *		are counted from since, in the session's time zone; the last ends at until, and
 *		none after now.  basis occurred: as things happened; recorded: as the ledger
 *		learned of them.  of_key: that one only.  One half-life, the ledger's now, for all
 *		steps.  Level application, analyst, auditor or admin.  Errors: TL004, 22023,
 *		22008, 54000 too many steps and groups.
 */
Datum
trust_trend(PG_FUNCTION_ARGS)
{
	static const char *const bases[] = {"occurred", "recorded"};

	const Ledger *ledger = ScoresOpen();
	Trend		trend = {.score_events = {.promise = TrendPromise}};
	LedgerSession session;

	trend.by = GroupingFromName(ArgKeyNeeded(fcinfo->args[0], "by"));
	(void) ArgKeyNeeded(fcinfo->args[4], "basis");
	trend.as_recorded = ArgName(fcinfo->args[4], "basis", bases, lengthof(bases)) == 1;
	trend.key = ArgKey(fcinfo->args[5], "of_key");
	trend.score_events.leaves_out = NotNeeded(trend.by, trend.as_recorded);
	trend.half_life = ledger->half_life;
	trend.result = (ReturnSetInfo *) fcinfo->resultinfo;
	InitMaterializedSRF(fcinfo, 0);
	LedgerEnter(ledger, &session);
	trend.steps = StepsFrom(fcinfo, 1, trend.as_recorded);
	trend.context = AllocSetContextCreate(CurrentMemoryContext, "trust_ledger trend", ALLOCSET_DEFAULT_SIZES);
	StartGroups(&trend);
	ReadScoreEvents(&trend.score_events, trend.by, trend.key);
	PutGroups(&trend);
	MemoryContextDelete(trend.context);
	LedgerLeave(&session);
	return (Datum) 0;
}
