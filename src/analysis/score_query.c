/*
 * score_query.c
 *		Reading scores: of what, as of when, and as known when.
 *
 * The score of now comes from what is kept up to date; one of another time is a
 * fold over the entries.  Overdue promises are counted when it is read.
 */
#include "postgres.h"

#include "analysis/score_query.h"

#include "access/xact.h"
#include "catalog/pg_type_d.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "base/arguments.h"
#include "base/catalog.h"
#include "base/duration.h"
#include "base/statement.h"
#include "base/text.h"
#include "governance/actor.h"
#include "ledger/chain_score.h"

PG_FUNCTION_INFO_V1(customer_score);
PG_FUNCTION_INFO_V1(promiser_score);

/* Once open, with neither verdict nor end: columns that the primary key's index includes */
#define OVERDUE "settled_at IS NULL AND opened_at IS NOT NULL AND overdue_at OPERATOR(pg_catalog.<) $2"

static Statement read_customer = STATEMENT(
	"SELECT score, (SELECT pg_catalog.count(*) FROM trust.promise p"
	"   WHERE p.customer OPERATOR(pg_catalog.=) $1 AND " OVERDUE ")"
	" FROM trust.chain WHERE customer OPERATOR(pg_catalog.=) $1",
	TEXTOID, TIMESTAMPTZOID);

#define FOLD_PROMISES(column) \
	"SELECT " SCORE_OF_PROMISES("$3") ", pg_catalog.count(*) FILTER (WHERE " OVERDUE ")" \
	" FROM trust.promise WHERE " column " OPERATOR(pg_catalog.=) $1"

/* A customer's score is folded anew where the chain still has one of another half-life. */
static Statement fold_customer = STATEMENT(FOLD_PROMISES("customer"), TEXTOID, TIMESTAMPTZOID, INTERVALOID);
static Statement fold_promiser = STATEMENT(FOLD_PROMISES("promiser"), TEXTOID, TIMESTAMPTZOID, INTERVALOID);

static Statement read_half_life = STATEMENT(
	"SELECT (details OPERATOR(pg_catalog.->>) 'half_life')::pg_catalog.interval FROM trust.entry"
	" WHERE customer OPERATOR(pg_catalog.=) '' AND pg_catalog.starts_with(event, 'ledger_')"
	"   AND recorded_at OPERATOR(pg_catalog.<=) $1"
	" ORDER BY seq DESC LIMIT 1", TIMESTAMPTZOID);

/* The ledger, for who may read scores. */
const Ledger *
ScoresOpen(void)
{
	const Ledger *ledger = LedgerOpen();

	CheckAccess(ledger, GetUserId(), LEVELS_READING, "read scores");
	return ledger;
}

Grouping
GroupingFromName(const char *name)
{
	int			by = NameIndex(grouping_names, GROUPINGS, name);

	if (by < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("promises are not put together by \"%s\"", name),
				 errhint("by is customer, promiser, backer, kind, backing or all.")));
	return by;
}

/* The half-life that was set by then: what a score of then was read with. */
static int64
HalfLifeKnownAt(const Ledger *ledger, TimestampTz known_at)
{
	Datum		value = TimestampTzGetDatum(known_at);

	if (known_at == DT_NOEND || StatementRead(&read_half_life, &value, NULL) == 0)
		return ledger->half_life;
	return IntervalMicroseconds(DatumGetIntervalP(ResultNeeded(0, 1, INTERVALOID)), "half_life");
}

/* From the arguments as_of and known_at, by their numbers; within a LedgerSession. */
View
ViewOf(const Ledger *ledger, FunctionCallInfo fcinfo, int as_of, int known_at)
{
	View		view = {
		.now = GetCurrentTransactionStartTimestamp(), .as_of = DT_NOEND, .known_at = DT_NOEND
	};

	if (!PG_ARGISNULL(known_at))
		view.known_at = PG_GETARG_TIMESTAMPTZ(known_at);
	if (!PG_ARGISNULL(as_of))
	{
		view.now = view.as_of = PG_GETARG_TIMESTAMPTZ(as_of);
		if (TIMESTAMP_NOT_FINITE(view.as_of) || view.as_of > GetCurrentTimestamp())
			ereport(ERROR,
					(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
					 errmsg("as_of lies in the future, or is infinite"),
					 errdetail("What will have happened by then is not known."),
					 errhint("Leave it out for the score of now.")));
	}
	view.half_life = HalfLifeKnownAt(ledger, view.known_at);
	return view;
}

/* Reckoned to the instant looked at, so that what explain_trust() shows adds up to this. */
TrustScore
ContributionInView(const View *view, const Contribution *contribution)
{
	TrustScore	score;

	ScoreClear(&score);
	ScoreAdd(&score, contribution->kept, contribution->broken, contribution->at, view->half_life);
	ScoreFade(&score, view->now);
	return score;
}

/* How the promise stood then, by what was known. */
PromiseAsOf
PromiseAsOfView(const View *view, const ScoreEvent *score_events, int count)
{
	PromiseAsOf	standing = {0};

	for (int i = 0; i < count; i++)
		if (score_events[i].occurred_at <= view->as_of && score_events[i].recorded_at <= view->known_at)
			PromiseAsOfApply(&standing, &score_events[i]);
	return standing;
}

typedef struct ScoreReader
{
	ScoreEventReader	score_events;			/* first: all that ReadScoreEvents() knows */
	const View *view;
	Grouping	by;
	const char *key;
	TrustScore	score;
} ScoreReader;

static void
AddPromise(ScoreEventReader *score_events, const char *customer, const ScoreEvent *score_event, int count)
{
	ScoreReader *reader = (ScoreReader *) score_events;
	PromiseAsOf	standing = PromiseAsOfView(reader->view, score_event, count);
	const char *key = PromiseAsOfKey(&standing, customer, reader->by);
	Contribution contribution = PromiseAsOfContribution(&standing, reader->view->now);
	TrustScore	score;

	if (!contribution.counts || key == NULL || strcmp(key, reader->key) != 0)
		return;
	score = ContributionInView(reader->view, &contribution);
	ScoreFuse(&reader->score, &score);
}

static TrustScore *
ScoreInView(const View *view, Grouping by, const char *key)
{
	ScoreReader reader = {.score_events = {.promise = AddPromise}, .view = view, .by = by, .key = key};

	ScoreClear(&reader.score);
	ReadScoreEvents(&reader.score_events, by, key);
	return ScoreCopy(&reader.score);
}

/* A stored score, or one folded from what promises are now, and how many of them are overdue. */
static bool
ReadScore(Statement *statement, const char *key, const View *view, TrustScore *score, int64 *overdue)
{
	Datum		values[3] = {
		CStringGetTextDatum(key), TimestampTzGetDatum(view->now),
		IntervalPGetDatum(MicrosecondsInterval(view->half_life))
	};

	if (StatementRead(statement, values, NULL) == 0)
		return false;
	*score = *DatumGetTrustScore(ResultNeeded(0, 1, ScoreTypeId()));
	*overdue = DatumGetInt64(ResultNeeded(0, 2, INT8OID));
	return true;
}

static TrustScore *
ScoreOfNow(Statement *statement, Statement *fold, const char *key, const View *view)
{
	TrustScore *score = palloc(sizeof(TrustScore));
	int64		overdue = 0;

	if (!ReadScore(statement, key, view, score, &overdue))
		ScoreClear(score);
	else if (!ScoreIsEmpty(score) && score->half_life != view->half_life)
		(void) ReadScore(fold, key, view, score, &overdue);
	ScoreFade(score, view->now);
	if (overdue > 0)
		ScoreAdd(score, 0.0, overdue * WEIGHT_OVERDUE, view->now, view->half_life);
	return score;
}

static Datum
Score(FunctionCallInfo fcinfo, Grouping by, const char *key, Statement *of_now, Statement *fold)
{
	const Ledger *ledger = ScoresOpen();
	LedgerSession session;
	View		view;
	TrustScore *score;
	TrustScore *result = palloc(sizeof(TrustScore));

	LedgerEnter(ledger, &session);
	view = ViewOf(ledger, fcinfo, 1, 2);
	if (PG_ARGISNULL(1) && PG_ARGISNULL(2))
		score = ScoreOfNow(of_now, fold, key, &view);
	else
		score = ScoreInView(&view, by, key);
	*result = *score;
	LedgerLeave(&session);
	PG_RETURN_TRUST_SCORE(result);
}

/*
 * customer_score(customer text, as_of timestamptz, known_at timestamptz) returns trust_score
 *		How the promises made to that customer were kept, overdue ones counted as
 *		broken.  as_of: what had happened by then, and faded to then; not in the future.
 *		known_at: what the ledger had recorded by then, with the half-life of then;
 *		recording precedes commit by a moment.  A customer without promises: empty.
 *		Level application, analyst, auditor or admin.  Errors: TL004, 22004, 22008.
 */
Datum
customer_score(PG_FUNCTION_ARGS)
{
	return Score(fcinfo, BY_CUSTOMER, ArgKeyNeeded(fcinfo->args[0], "customer"), &read_customer, &fold_customer);
}

/*
 * promiser_score(actor text, as_of timestamptz, known_at timestamptz) returns trust_score
 *		How that actor's promises were kept; else as customer_score().  Errors: also
 *		42704 no such actor.
 */
Datum
promiser_score(PG_FUNCTION_ARGS)
{
	char	   *actor = ArgKeyNeeded(fcinfo->args[0], "actor");

	/* whoever was retired keeps their score */
	if (ActorFind(ScoresOpen(), actor) == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("actor \"%s\" is not registered", actor),
				 errhint("trust.promiser_trust lists who promised.")));
	return Score(fcinfo, BY_PROMISER, actor, &fold_promiser, &fold_promiser);
}
