/*
 * score_query.c
 *		Reading scores of a customer or promiser, now or as of another time.
 *
 * A customer's current score is stored in trust.chain, and a promiser's is
 * computed from trust.promise.  A score of another time is computed from the
 * entries.  All add overdue promises when they are read, because becoming overdue
 * writes no entry.
 */
#include "postgres.h"

#include "analysis/score_query.h"

#include "access/xact.h"
#include "catalog/pg_type_d.h"
#include "miscadmin.h"
#include "utils/array.h"
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
PG_FUNCTION_INFO_V1(carried_score);

/* Promises that are overdue at $2.  An index-only scan of the primary key can check this. */
#define OVERDUE \
	"settled_at IS NULL AND opened_at IS NOT NULL" \
	" AND overdue_at OPERATOR(pg_catalog.<) $2"

static Statement read_customer = STATEMENT(
	"SELECT score,"
	"   (SELECT pg_catalog.count(*)"
	"    FROM trust.promise p"
	"    WHERE p.customer OPERATOR(pg_catalog.=) $1 AND " OVERDUE ")"
	" FROM trust.chain"
	" WHERE customer OPERATOR(pg_catalog.=) $1",
	TEXTOID, TIMESTAMPTZOID);

#define COMPUTE_SCORE(column) \
	"SELECT " SCORE_OF_PROMISES("$3") "," \
	"   pg_catalog.count(*) FILTER (WHERE " OVERDUE ")" \
	" FROM trust.promise" \
	" WHERE " column " OPERATOR(pg_catalog.=) $1"

/* For a customer whose stored score was computed with another half-life. */
static Statement compute_customer =
STATEMENT(COMPUTE_SCORE("customer"), TEXTOID, TIMESTAMPTZOID, INTERVALOID);
static Statement compute_promiser =
STATEMENT(COMPUTE_SCORE("promiser"), TEXTOID, TIMESTAMPTZOID, INTERVALOID);

/* The evidence of being broken of the promises of predecessors. */
#define COMPUTE_CARRIED(column) \
	STATEMENT("SELECT" \
			  " trust_ledger.score_agg(0," \
			  "   weight_broken OPERATOR(pg_catalog./) 1000::pg_catalog.float8," \
			  "   broken_at, $3)," \
			  " pg_catalog.count(*) FILTER (WHERE " OVERDUE ")" \
			  " FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($4)) AS k (key, until)" \
			  " JOIN trust.promise p ON p." column " OPERATOR(pg_catalog.=) k.key" \
			  "   AND p.recorded_at OPERATOR(pg_catalog.<=) k.until", \
			  TEXTARRAYOID, TIMESTAMPTZOID, INTERVALOID, TIMESTAMPTZARRAYOID)

static Statement compute_carried[] = {
	[BY_CUSTOMER] = COMPUTE_CARRIED("customer"),
	[BY_PROMISER] = COMPUTE_CARRIED("promiser"),
	[BY_BACKER] = COMPUTE_CARRIED("backer")
};

static Statement read_half_life = STATEMENT(
	"SELECT (details OPERATOR(pg_catalog.->>) 'half_life')::pg_catalog.interval"
	" FROM trust.entry"
	" WHERE customer OPERATOR(pg_catalog.=) ''"
	"   AND pg_catalog.starts_with(event, 'ledger_')"
	"   AND recorded_at OPERATOR(pg_catalog.<=) $1"
	" ORDER BY seq DESC LIMIT 1",
	TIMESTAMPTZOID);

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
				 errmsg("invalid grouping: \"%s\"", name),
				 errhint("Valid values are: customer, promiser, backer, kind, backing, all.")));
	return by;
}

/* The half-life that was in force at that time. */
static int64
HalfLifeKnownAt(const Ledger *ledger, TimestampTz known_at)
{
	Datum		value = TimestampTzGetDatum(known_at);

	if (known_at == DT_NOEND || StatementRead(&read_half_life, &value, NULL) == 0)
		return ledger->half_life;
	return IntervalMicroseconds(DatumGetIntervalP(ResultNotNull(0, 1, INTERVALOID)), "half_life");
}

PointInTime
PointInTimeFromArgs(const Ledger *ledger, FunctionCallInfo fcinfo, int as_of, int known_at)
{
	PointInTime point = {
		.now = GetCurrentTransactionStartTimestamp(), .as_of = DT_NOEND, .known_at = DT_NOEND
	};

	if (!PG_ARGISNULL(known_at))
		point.known_at = PG_GETARG_TIMESTAMPTZ(known_at);
	if (!PG_ARGISNULL(as_of))
	{
		point.now = point.as_of = PG_GETARG_TIMESTAMPTZ(as_of);
		if (TIMESTAMP_NOT_FINITE(point.as_of) || point.as_of > GetCurrentTimestamp())
			ereport(ERROR,
					(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
					 errmsg("as_of must be finite and must not be in the future"),
					 errhint("Omit as_of to get the current score.")));
	}
	point.half_life = HalfLifeKnownAt(ledger, point.known_at);
	return point;
}

/*
 * Decaying each promise's score to one instant before adding them makes the rows of
 * explain_trust() add up to exactly this score.
 */
TrustScore
ScoreOfContribution(const PointInTime *point, const Contribution *contribution)
{
	TrustScore	score;

	ScoreClear(&score);
	ScoreAddContribution(&score, contribution, point->half_life);
	ScoreDecay(&score, point->now);
	return score;
}

PromiseAsOf
PromiseAtPoint(const PointInTime *point, const ScoreEvent *events, int count)
{
	PromiseAsOf promise = {0};

	for (int i = 0; i < count; i++)
		if (events[i].occurred_at <= point->as_of && events[i].recorded_at <= point->known_at)
			PromiseAsOfApply(&promise, &events[i]);
	return promise;
}

ScoredKey
ScoredKeyAt(const PointInTime *point, Grouping by, const char *key)
{
	ScoredKey	scored = {.by = by, .key = key};

	if (key)
		scored.predecessors = PredecessorsOf(by, key, Min(point->as_of, point->known_at));
	return scored;
}

void
ReadScoredKey(ScoreEventReader *reader, const ScoredKey *scored)
{
	List	   *keys = LinkedKeys(scored->predecessors);

	if (scored->key)
		keys = lappend(keys, unconstify(char *, scored->key));
	ReadScoreEvents(reader, scored->by, keys);
}

Contribution
ContributionAtPoint(const PointInTime *point, const ScoredKey *scored,
					const PromiseAsOf *promise, const char *customer)
{
	const char *key = PromiseAsOfKey(promise, customer, scored->by);
	Contribution contribution = PromiseAsOfContribution(promise, point->now, point->as_of);
	const LinkedKey *predecessor;

	if (key && (scored->key == NULL || strcmp(key, scored->key) == 0))
		return contribution;
	predecessor = key ? FindLinkedKey(scored->predecessors, key) : NULL;
	contribution.kept = 0.0;
	contribution.counts = contribution.counts && contribution.broken > 0.0 &&
		predecessor && promise->recorded_at <= predecessor->at;
	return contribution;
}

typedef struct ScoreReader
{
	ScoreEventReader base;		/* must be first */
	const PointInTime *point;
	ScoredKey	scored;
	TrustScore	score;
} ScoreReader;

static void
AddPromise(ScoreEventReader *base, const char *customer, const ScoreEvent *events, int count)
{
	ScoreReader *reader = (ScoreReader *) base;
	PromiseAsOf promise = PromiseAtPoint(reader->point, events, count);
	Contribution contribution = ContributionAtPoint(reader->point, &reader->scored, &promise,
													customer);
	TrustScore	score;

	if (!contribution.counts)
		return;
	score = ScoreOfContribution(reader->point, &contribution);
	ScoreFuse(&reader->score, &score);
}

static TrustScore *
ScoreAtPoint(const PointInTime *point, Grouping by, const char *key)
{
	ScoreReader reader = {
		.base = {.process_promise = AddPromise},
		.point = point, .scored = ScoredKeyAt(point, by, key)
	};

	ScoreClear(&reader.score);
	ReadScoredKey(&reader.base, &reader.scored);
	return ScoreCopy(&reader.score);
}

/* A score without overdue promises, and the number of these.  False if there is no row. */
static bool
ReadScore(Statement *statement, Datum keys, Datum untils, const PointInTime *point,
		  TrustScore *score, int64 *overdue)
{
	Datum		values[4] = {
		keys, TimestampTzGetDatum(point->now),
		IntervalPGetDatum(MicrosecondsInterval(point->half_life)), untils
	};

	if (StatementRead(statement, values, NULL) == 0)
		return false;
	*score = *DatumGetTrustScore(ResultNotNull(0, 1, ScoreTypeId()));
	*overdue = DatumGetInt64(ResultNotNull(0, 2, INT8OID));
	return true;
}

static void
DecayAndAddOverdue(TrustScore *score, int64 overdue, const PointInTime *point)
{
	ScoreDecay(score, point->now);
	if (overdue > 0)
		ScoreAdd(score, 0.0, overdue * WEIGHT_OVERDUE, point->now, point->half_life);
}

/* Until when the promises of each predecessor count, as timestamptz[]. */
static Datum
UntilsOf(const ScoredKey *scored)
{
	int			count = list_length(scored->predecessors);
	Datum	   *untils = palloc(sizeof(Datum) * count);
	const ListCell *cell;

	foreach(cell, scored->predecessors)
	{
		const LinkedKey *predecessor = lfirst(cell);

		untils[foreach_current_index(cell)] = TimestampTzGetDatum(predecessor->at);
	}
	return PointerGetDatum(construct_array(untils, count, TIMESTAMPTZOID, sizeof(TimestampTz),
										   FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

/* Current evidence of being broken that the key carries from its predecessors. */
static TrustScore
CarriedScore(Grouping by, const char *key, const PointInTime *point)
{
	ScoredKey	scored = ScoredKeyAt(point, by, key);
	TrustScore	score;
	int64		overdue;

	ScoreClear(&score);
	if (scored.predecessors == NIL)
		return score;
	(void) ReadScore(&compute_carried[by], TextArrayDatum(LinkedKeys(scored.predecessors)),
					 UntilsOf(&scored), point, &score, &overdue);
	/* without evidence it is to be empty, as if there were no predecessor */
	if (score.broken == 0.0)
		ScoreClear(&score);
	DecayAndAddOverdue(&score, overdue, point);
	return score;
}

static TrustScore *
CurrentScore(Statement *read, Statement *compute, Grouping by, const char *key,
			 const PointInTime *point)
{
	TrustScore *score = palloc(sizeof(TrustScore));
	TrustScore	carried;
	int64		overdue = 0;

	if (!ReadScore(read, CStringGetTextDatum(key), (Datum) 0, point, score, &overdue))
		ScoreClear(score);
	else if (!ScoreIsEmpty(score) && score->half_life != point->half_life)
		(void) ReadScore(compute, CStringGetTextDatum(key), (Datum) 0, point, score, &overdue);
	DecayAndAddOverdue(score, overdue, point);
	carried = CarriedScore(by, key, point);
	ScoreFuse(score, &carried);
	return score;
}

static Datum
ScoreResult(FunctionCallInfo fcinfo, Grouping by, const char *key,
			Statement *read, Statement *compute)
{
	const Ledger *ledger = ScoresOpen();
	LedgerSession session;
	PointInTime point;
	TrustScore *score;
	TrustScore *result = palloc(sizeof(TrustScore));

	LedgerEnter(ledger, &session);
	point = PointInTimeFromArgs(ledger, fcinfo, 1, 2);
	if (PG_ARGISNULL(1) && PG_ARGISNULL(2))
		score = CurrentScore(read, compute, by, key, &point);
	else
		score = ScoreAtPoint(&point, by, key);
	*result = *score;
	LedgerLeave(&session);
	PG_RETURN_TRUST_SCORE(result);
}

/*
 * customer_score(customer text, as_of timestamptz, known_at timestamptz)
 *		returns trust_score
 *		The score of the promises made to that customer, with the evidence of being broken
 *		of its predecessors; see predecessors.h.  Overdue promises count as broken.  With
 *		as_of: only what had occurred by then, decayed to then.  With known_at: only what the
 *		ledger had recorded by then, with the half-life in force then; recorded_at is
 *		slightly earlier than the commit.  An empty score if there is no evidence.  Level
 *		application, analyst, auditor or admin.  Errors: TL004; 22004 customer is null; 22008
 *		as_of is infinite or in the future.
 */
Datum
customer_score(PG_FUNCTION_ARGS)
{
	return ScoreResult(fcinfo, BY_CUSTOMER, ArgKeyRequired(fcinfo->args[0], "customer"),
					   &read_customer, &compute_customer);
}

/*
 * promiser_score(actor text, as_of timestamptz, known_at timestamptz) returns trust_score
 *		The score of the promises made by that actor, who may be retired; otherwise as
 *		customer_score().  Errors: also 42704 no such actor.
 */
Datum
promiser_score(PG_FUNCTION_ARGS)
{
	char	   *actor = ArgKeyRequired(fcinfo->args[0], "actor");

	if (ActorFind(ScoresOpen(), actor) == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("actor \"%s\" is not registered", actor),
				 errhint("View trust.promiser_trust lists the promisers.")));
	return ScoreResult(fcinfo, BY_PROMISER, actor, &compute_promiser, &compute_promiser);
}

/*
 * carried_score(by text, of_key text, half_life interval) returns trust_score
 *		The current evidence of being broken that a customer, promiser or backer carries
 *		from its predecessors, overdue promises included; see predecessors.h.  Empty if there
 *		is none, and for other groupings.  Called by the score views with the half-life that
 *		they read.  Errors: TL004; 22004 by or half_life is null; 22023 by.
 */
Datum
carried_score(PG_FUNCTION_ARGS)
{
	const Ledger *ledger = ScoresOpen();
	Grouping	by = GroupingFromName(ArgKeyRequired(fcinfo->args[0], "by"));
	char	   *key = ArgKey(fcinfo->args[1], "of_key");
	LedgerSession session;
	PointInTime point = {
		.now = GetCurrentTransactionStartTimestamp(), .as_of = DT_NOEND, .known_at = DT_NOEND
	};
	TrustScore *result = palloc(sizeof(TrustScore));

	if (PG_ARGISNULL(2))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("half_life must not be null")));
	point.half_life = IntervalMicroseconds(PG_GETARG_INTERVAL_P(2), "half_life");
	LedgerEnter(ledger, &session);
	*result = CarriedScore(by, key, &point);
	LedgerLeave(&session);
	PG_RETURN_TRUST_SCORE(result);
}
