/*
 * trend.c
 *		trust_trend(): scores per step of time, computed in one pass over the entries.
 *
 * There is one half-life, so the evidence of all promises decays at the same rate.
 * Each change (of a verdict, overdue state or group) is therefore added to the cell
 * of the step in which it happened, decayed to the step's last instant.  Adding
 * up the cells, with decay from each step to the next, gives the score at the end of
 * each.
 */
#include "postgres.h"

#include "funcapi.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "analysis/trend_groups.h"
#include "base/arguments.h"

PG_FUNCTION_INFO_V1(trust_trend);

/* What a promise contributes, and to which group, until that changes. */
typedef struct Share
{
	TrendGroup *group;			/* NULL: none */
	Contribution contribution;
	bool		overdue;		/* counts as overdue instead of the contribution */
} Share;

/* The promise as counted so far. */
typedef struct Progress
{
	Share		share;
	bool		opened;
	State		outcome;
} Progress;

static TimestampTz
EventTime(const Trend *trend, const ScoreEvent *score_event)
{
	return trend->as_recorded ? score_event->recorded_at : score_event->occurred_at;
}

static bool
SameShare(const Share *a, const Share *b)
{
	return a->group == b->group && a->overdue == b->overdue &&
		!ContributionChanged(&a->contribution, &b->contribution);
}

/*
 * Adds the share to its group from that instant on (sign 1), or removes it (sign
 * -1).  Changes before the first step go into the first step.
 */
static void
CountShare(Trend *trend, const Share *share, TimestampTz instant, int sign)
{
	int			step = Max(StepIndex(&trend->steps, instant), 0);
	TrendCell  *cell;
	TimestampTz last = StepLastInstant(&trend->steps, step);
	const Contribution *contribution = &share->contribution;

	if (share->group == NULL || !(share->contribution.counts || share->overdue))
		return;
	cell = &share->group->cells[step];
	cell->weighing += sign;
	if (share->overdue)
	{
		cell->overdue += sign;
		return;
	}
	cell->kept += sign * contribution->kept *
		ScoreDecayFactor(ScoreAge(contribution->kept_at, last), trend->half_life);
	cell->broken += sign * contribution->broken *
		ScoreDecayFactor(ScoreAge(contribution->broken_at, last), trend->half_life);
}

static void
ChangeShare(Trend *trend, Progress *progress, const Share *share, TimestampTz instant)
{
	Share		changed = *share;

	if (trend->successor)
	{
		instant = Max(instant, trend->successor->at);
		changed.contribution.counts &= changed.contribution.broken > 0.0;
	}
	if (!StepsEndAfter(&trend->steps, instant) || SameShare(&progress->share, &changed))
		return;
	CountShare(trend, &progress->share, instant, -1);
	CountShare(trend, &changed, instant, 1);
	progress->share = changed;
}

/* Counts that the promise was opened, or that its verdict changed. */
static void
CountEvents(Trend *trend, Progress *progress, const PromiseAsOf *promise, TrendGroup *group,
			TimestampTz instant)
{
	int			step = StepIndex(&trend->steps, instant);
	bool		counts = group && step >= 0 && StepsEndAfter(&trend->steps, instant);

	if (counts && promise->opened && !progress->opened)
		group->cells[step].opened++;
	if (counts && promise->outcome != progress->outcome)
	{
		if (promise->outcome == STATE_KEPT)
			group->cells[step].became_kept++;
		else if (promise->outcome == STATE_PARTLY_KEPT)
			group->cells[step].became_partly_kept++;
		else if (promise->outcome == STATE_BROKEN)
			group->cells[step].became_broken++;
	}
	progress->opened = promise->opened;
	progress->outcome = promise->outcome;
}

/* Counts the promise, which has this state from one instant until before another. */
static void
CountPeriod(Trend *trend, Progress *progress, const PromiseAsOf *promise, const char *customer,
			TimestampTz from, TimestampTz until)
{
	TrendGroup *group = TrendGroupOf(trend, promise, customer);
	Share		share = {
		group, PromiseAsOfVerdict(promise, from), PromiseAsOfIsOverdue(promise, from)
	};
	TimestampTz overdue_from = promise->overdue_at + 1;
	TimestampTz raised[] = {promise->former_broken_at, promise->verdict.broken_at};

	CountEvents(trend, progress, promise, group, from);
	ChangeShare(trend, progress, &share, from);
	if (!share.overdue && promise->has_overdue_at && overdue_from < until &&
		PromiseAsOfIsOverdue(promise, overdue_from))
	{
		share.overdue = true;
		ChangeShare(trend, progress, &share, overdue_from);
	}
	for (size_t i = 0; i < lengthof(raised); i++)
		if (promise->verdict.counts && raised[i] > from && raised[i] < until)
		{
			share.contribution = PromiseAsOfVerdict(promise, raised[i]);
			ChangeShare(trend, progress, &share, raised[i]);
		}
}

/* The first instant after that one at which an event happened; DT_NOEND: none. */
static TimestampTz
NextInstant(const Trend *trend, const ScoreEvent *events, int count, TimestampTz after)
{
	TimestampTz next = DT_NOEND;

	for (int i = 0; i < count; i++)
		if (EventTime(trend, &events[i]) > after)
			next = Min(next, EventTime(trend, &events[i]));
	return next;
}

/*
 * For a promise whose events were not recorded in the order in which they
 * occurred: computes its state at each instant from all events until then.
 */
static void
CountUnordered(Trend *trend, const char *customer, const ScoreEvent *events, int count)
{
	Progress	progress = {0};
	TimestampTz from = NextInstant(trend, events, count, DT_NOBEGIN);

	while (StepsEndAfter(&trend->steps, from))
	{
		TimestampTz until = NextInstant(trend, events, count, from);
		PromiseAsOf promise = {0};

		for (int i = 0; i < count; i++)
			if (EventTime(trend, &events[i]) <= from)
				PromiseAsOfApply(&promise, &events[i]);
		CountPeriod(trend, &progress, &promise, customer, from, until);
		from = until;
	}
}

/* As CountUnordered(), but each event only changes the state before it. */
static void
CountOrdered(Trend *trend, const char *customer, const ScoreEvent *events, int count)
{
	Progress	progress = {0};
	PromiseAsOf promise = {0};

	for (int i = 0; i < count && StepsEndAfter(&trend->steps, EventTime(trend, &events[i])); i++)
	{
		TimestampTz from = EventTime(trend, &events[i]);
		TimestampTz until = i + 1 < count ? EventTime(trend, &events[i + 1]) : DT_NOEND;

		PromiseAsOfApply(&promise, &events[i]);
		if (until > from)
			CountPeriod(trend, &progress, &promise, customer, from, until);
	}
}

static bool
IsOrdered(const Trend *trend, const ScoreEvent *events, int count)
{
	for (int i = 1; i < count; i++)
		if (EventTime(trend, &events[i]) < EventTime(trend, &events[i - 1]))
			return false;
	return true;
}

/* By customer, each customer's group is returned and freed before the next: there can be many. */
static void
StartCustomer(Trend *trend, const char *customer)
{
	TrendPutGroups(trend);
	MemoryContextReset(trend->context);
	TrendStartGroups(trend);
	strlcpy(trend->customer, customer, sizeof(trend->customer));
}

static void
CountPromise(ScoreEventReader *base, const char *customer, const ScoreEvent *events, int count)
{
	Trend	   *trend = (Trend *) base;

	if (IsOrdered(trend, events, count))
		CountOrdered(trend, customer, events, count);
	else
		CountUnordered(trend, customer, events, count);
}

static void
CountNextPromise(ScoreEventReader *base, const char *customer, const ScoreEvent *events,
				 int count)
{
	Trend	   *trend = (Trend *) base;

	if (trend->by == BY_CUSTOMER && strcmp(customer, trend->customer) != 0)
		StartCustomer(trend, customer);
	CountPromise(base, customer, events, count);
}

/* The keys that the promise had, one after the other. */
static List *
KeysOf(const Trend *trend, const char *customer, const ScoreEvent *events, int count)
{
	List	   *keys = NIL;
	PromiseAsOf promise = {0};

	for (int i = 0; i < count; i++)
	{
		const char *key;
		ListCell   *cell;

		PromiseAsOfApply(&promise, &events[i]);
		key = PromiseAsOfKey(&promise, customer, trend->by);
		foreach(cell, keys)
		{
			if (key && strcmp(lfirst(cell), key) == 0)
				key = NULL;
		}
		if (key)
			keys = lappend(keys, unconstify(char *, key));
	}
	return keys;
}

/* Counts the promise for each of those who carry it. */
static void
CountCarried(ScoreEventReader *base, const char *customer, const ScoreEvent *events, int count)
{
	Trend	   *trend = (Trend *) base;
	ListCell   *of;

	foreach(of, KeysOf(trend, customer, events, count))
	{
		ListCell   *cell;

		trend->predecessor = lfirst(of);
		foreach(cell, SuccessorsAmong(trend->successions, trend->predecessor,
									  events[0].recorded_at))
		{
			trend->successor = lfirst(cell);
			if (trend->key == NULL || strcmp(trend->key, trend->successor->key) == 0)
				CountPromise(base, customer, events, count);
		}
	}
	trend->predecessor = NULL;
	trend->successor = NULL;
}

/* Counts what the promises of predecessors add to their successors. */
static void
CountAllCarried(Trend *trend)
{
	List	   *keys;

	/* a copy: no statement can run while the entries are read */
	trend->successions = SuccessionsBy(trend->by);
	keys = trend->key ?
		LinkedKeys(PredecessorsAmong(trend->successions, trend->key, DT_NOEND)) :
		AllPredecessorKeys(trend->successions);
	if (keys == NIL)
		return;
	trend->base.process_promise = CountCarried;
	TrendStartGroups(trend);
	ReadScoreEvents(&trend->base, trend->by, keys);
	trend->carried = trend->groups;
}

static uint32
ColumnsToSkip(Grouping by)
{
	uint32		columns = 1 << SCORE_EVENT_WHOSE_WORD;

	if (by != BY_CUSTOMER)
		columns |= 1 << SCORE_EVENT_CUSTOMER;
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
 *		For each customer, promiser, backer, kind or backing ("backed" or "unbacked"), or
 *		for all promises together, and for each step [step_from, step_until): the score
 *		at the step's last instant; how many promises were opened and how many became
 *		kept, partly kept or broken in the step; how many were overdue at its end.  Each
 *		key that has a promise has a row for every step.  Steps start at since and are
 *		computed in the session's time zone.  The last one ends at until, which is at
 *		most the current time.  basis "occurred" counts an event when it occurred,
 *		"recorded" when the ledger recorded it.  of_key selects one key.  All steps use
 *		the ledger's current half-life.  Scores have the evidence of being broken of
 *		predecessors (see predecessors.h), which the numbers of promises leave out.  Level
 *		application, analyst, auditor or admin.  Errors: TL004; 22004 by or basis is null;
 *		22008 since or until is infinite; 22023 invalid by, step, basis or since; 54000 too
 *		many steps or groups.
 */
Datum
trust_trend(PG_FUNCTION_ARGS)
{
	static const char *const bases[] = {"occurred", "recorded"};

	const Ledger *ledger = ScoresOpen();
	Trend		trend = {0};
	LedgerSession session;

	trend.by = GroupingFromName(ArgKeyRequired(fcinfo->args[0], "by"));
	(void) ArgKeyRequired(fcinfo->args[4], "basis");
	trend.as_recorded = ArgEnum(fcinfo->args[4], "basis", bases, lengthof(bases)) == 1;
	trend.key = ArgKey(fcinfo->args[5], "of_key");
	trend.base.skipped_columns = ColumnsToSkip(trend.by);
	trend.half_life = ledger->half_life;
	trend.result = (ReturnSetInfo *) fcinfo->resultinfo;
	InitMaterializedSRF(fcinfo, 0);
	LedgerEnter(ledger, &session);
	trend.steps = StepsFromArgs(fcinfo, 1, trend.as_recorded);
	trend.context = CurrentMemoryContext;
	CountAllCarried(&trend);
	trend.base.process_promise = CountNextPromise;
	trend.context = AllocSetContextCreate(CurrentMemoryContext, "trust_ledger trend",
										  ALLOCSET_DEFAULT_SIZES);
	TrendStartGroups(&trend);
	ReadScoreEvents(&trend.base, trend.by, trend.key ? list_make1(trend.key) : NIL);
	TrendPutGroups(&trend);
	MemoryContextDelete(trend.context);
	LedgerLeave(&session);
	return (Datum) 0;
}
