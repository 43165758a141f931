/*
 * explain.c
 *		explain_trust(): what each promise contributes to a score.
 */
#include "postgres.h"

#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "analysis/score_query.h"
#include "base/arguments.h"
#include "base/duration.h"

PG_FUNCTION_INFO_V1(explain_trust);

enum
{
	EXPLAIN_CUSTOMER,
	EXPLAIN_PROMISE,
	EXPLAIN_PROMISER,
	EXPLAIN_BACKER,
	EXPLAIN_KIND,
	EXPLAIN_OUTCOME,
	EXPLAIN_WHOSE_WORD,
	EXPLAIN_AT,
	EXPLAIN_WEIGHT_KEPT,
	EXPLAIN_WEIGHT_BROKEN,
	EXPLAIN_AGE,
	EXPLAIN_FADING,
	EXPLAIN_SHARE,
	EXPLAIN_SCORE,
	EXPLAIN_BROKEN_AT,
	EXPLAIN_BROKEN_FADING,
	EXPLAIN_COLUMNS
};

/* One row of the result.  Kept until the total is known, which column share needs. */
typedef struct Part
{
	char	   *customer;
	pg_uuid_t	promise;
	char	   *promiser;
	char	   *backer;
	char	   *kind;
	const char *outcome;
	char	   *whose_word;
	Contribution contribution;
	TrustScore	score;
} Part;

typedef struct Explanation
{
	ScoreEventReader base;		/* must be first */
	MemoryContext context;		/* holds the parts */
	const PointInTime *point;
	ScoredKey	scored;
	List	   *parts;
	TrustScore	score;			/* the sum of the parts */
} Explanation;

static char *
CopyOrNull(const char *text)
{
	return text ? pstrdup(text) : NULL;
}

static void
AddPart(Explanation *explanation, const char *customer, const pg_uuid_t *promise,
		const PromiseAsOf *state, const Contribution *contribution)
{
	MemoryContext previous = MemoryContextSwitchTo(explanation->context);
	Part	   *part = palloc(sizeof(Part));

	part->customer = pstrdup(customer);
	part->promise = *promise;
	part->promiser = CopyOrNull(state->promiser);
	part->backer = CopyOrNull(state->backer);
	part->kind = CopyOrNull(state->kind);
	part->outcome = state->verdict.counts ? state_names[state->outcome] : "overdue";
	part->whose_word = CopyOrNull(state->whose_word);
	part->contribution = *contribution;
	part->score = ScoreOfContribution(explanation->point, contribution);
	ScoreFuse(&explanation->score, &part->score);
	explanation->parts = lappend(explanation->parts, part);
	MemoryContextSwitchTo(previous);
}

static void
ExplainPromise(ScoreEventReader *base, const char *customer, const ScoreEvent *events, int count)
{
	Explanation *explanation = (Explanation *) base;
	PromiseAsOf state = PromiseAtPoint(explanation->point, events, count);
	Contribution contribution = ContributionAtPoint(explanation->point, &explanation->scored,
													&state, customer);

	if (contribution.counts)
		AddPart(explanation, customer, &events[0].promise, &state, &contribution);
}

static void
PutText(Datum *values, bool *nulls, int column, const char *text)
{
	nulls[column] = text == NULL;
	if (text)
		values[column] = CStringGetTextDatum(text);
}

static void
PutPart(const Explanation *explanation, const Part *part, ReturnSetInfo *result)
{
	const Contribution *contribution = &part->contribution;
	const PointInTime *point = explanation->point;
	int64		age = Max(ScoreAge(contribution->kept_at, point->now), 0);
	int64		broken_age = ScoreAge(contribution->broken_at, point->now);
	float8		evidence = explanation->score.kept + explanation->score.broken;
	Datum		values[EXPLAIN_COLUMNS];
	bool		nulls[EXPLAIN_COLUMNS] = {0};

	PutText(values, nulls, EXPLAIN_CUSTOMER, part->customer);
	values[EXPLAIN_PROMISE] = UUIDPGetDatum(&part->promise);
	PutText(values, nulls, EXPLAIN_PROMISER, part->promiser);
	PutText(values, nulls, EXPLAIN_BACKER, part->backer);
	PutText(values, nulls, EXPLAIN_KIND, part->kind);
	PutText(values, nulls, EXPLAIN_OUTCOME, part->outcome);
	PutText(values, nulls, EXPLAIN_WHOSE_WORD, part->whose_word);
	values[EXPLAIN_AT] = TimestampTzGetDatum(contribution->kept_at);
	values[EXPLAIN_WEIGHT_KEPT] = Float8GetDatum(contribution->kept);
	values[EXPLAIN_WEIGHT_BROKEN] = Float8GetDatum(contribution->broken);
	values[EXPLAIN_AGE] = IntervalPGetDatum(MicrosecondsInterval(age));
	values[EXPLAIN_FADING] = Float8GetDatum(ScoreDecayFactor(age, point->half_life));
	nulls[EXPLAIN_SHARE] = evidence == 0.0;
	values[EXPLAIN_SHARE] = Float8GetDatum((part->score.kept + part->score.broken) / evidence);
	values[EXPLAIN_SCORE] = TrustScoreGetDatum(&part->score);
	values[EXPLAIN_BROKEN_AT] = TimestampTzGetDatum(contribution->broken_at);
	values[EXPLAIN_BROKEN_FADING] = Float8GetDatum(ScoreDecayFactor(broken_age, point->half_life));
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/*
 * explain_trust(by text, of_key text, as_of timestamptz, known_at timestamptz)
 *		returns setof (customer, promise, promiser, backer, kind, outcome, whose_word,
 *		at, weight_kept, weight_broken, age, fading, share, score, broken_at,
 *		broken_fading)
 *		What each promise contributes to the score of a customer, promiser, backer, kind,
 *		backing ("backed" or "unbacked"), or of all.  weight_kept: the verdict's weight as
 *		kept, 0 to 1, at the instant "at".  age: since then.  fading: 2^(-age/half-life),
 *		0 to 1.  weight_broken: likewise at the instant broken_at, with broken_fading.
 *		share: of all evidence, 0 to 1.  score: the promise's own score, decayed to as_of.
 *		The scores, added in the order of the rows, are
 *		exactly the score as of then.  The current score of a customer is updated with
 *		each entry, so it can differ in rounding, by up to 1e-9.  Promises without
 *		evidence have no row.  Of promises of predecessors (see predecessors.h), only the
 *		evidence of being broken counts.  as_of and known_at: see customer_score().  Errors:
 *		TL004; 22004 by or of_key is null; 22008 as_of is infinite or in the future; 22023 by.
 */
Datum
explain_trust(PG_FUNCTION_ARGS)
{
	const Ledger *ledger = ScoresOpen();
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Explanation explanation = {.base = {.process_promise = ExplainPromise}};
	LedgerSession session;
	PointInTime point;
	ListCell   *cell;
	Grouping	by = GroupingFromName(ArgKeyRequired(fcinfo->args[0], "by"));
	const char *key = by == BY_ALL ? ArgKey(fcinfo->args[1], "of_key") :
		ArgKeyRequired(fcinfo->args[1], "of_key");

	InitMaterializedSRF(fcinfo, 0);
	LedgerEnter(ledger, &session);
	point = PointInTimeFromArgs(ledger, fcinfo, 2, 3);
	explanation.point = &point;
	explanation.scored = ScoredKeyAt(&point, by, key);
	explanation.context = CurrentMemoryContext;
	ScoreClear(&explanation.score);
	ReadScoredKey(&explanation.base, &explanation.scored);
	foreach(cell, explanation.parts)
		PutPart(&explanation, lfirst(cell), result);
	LedgerLeave(&session);
	return (Datum) 0;
}
