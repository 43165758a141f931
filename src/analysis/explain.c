/*
 * explain.c
 *		A score promise by promise: what each puts into it.
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
	EXPLAIN_COLUMNS
};

/* One promise's part, kept until all of them are known. */
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
	ScoreEventReader	score_events;			/* first: all that ReadScoreEvents() knows */
	MemoryContext context;
	const View *view;
	Grouping	by;
	const char *key;
	List	   *parts;
	TrustScore	score;
} Explanation;

static char *
CopyOrNull(const char *text)
{
	return text ? pstrdup(text) : NULL;
}

static void
AddPart(Explanation *explanation, const char *customer, const pg_uuid_t *promise,
		const PromiseAsOf *standing, const Contribution *contribution)
{
	MemoryContext previous = MemoryContextSwitchTo(explanation->context);
	Part	   *part = palloc(sizeof(Part));

	part->customer = pstrdup(customer);
	part->promise = *promise;
	part->promiser = CopyOrNull(standing->promiser);
	part->backer = CopyOrNull(standing->backer);
	part->kind = CopyOrNull(standing->kind);
	part->outcome = standing->verdict.counts ? state_names[standing->outcome] : "overdue";
	part->whose_word = CopyOrNull(standing->whose_word);
	part->contribution = *contribution;
	part->score = ContributionInView(explanation->view, contribution);
	ScoreFuse(&explanation->score, &part->score);
	explanation->parts = lappend(explanation->parts, part);
	MemoryContextSwitchTo(previous);
}

static void
ExplainPromise(ScoreEventReader *score_events, const char *customer, const ScoreEvent *score_event, int count)
{
	Explanation *explanation = (Explanation *) score_events;
	PromiseAsOf	standing = PromiseAsOfView(explanation->view, score_event, count);
	const char *key = PromiseAsOfKey(&standing, customer, explanation->by);
	Contribution contribution = PromiseAsOfContribution(&standing, explanation->view->now);

	if (contribution.counts && key &&
		(explanation->key == NULL || strcmp(key, explanation->key) == 0))
		AddPart(explanation, customer, &score_event[0].promise, &standing, &contribution);
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
	int64		age = Max(ScoreAge(contribution->at, explanation->view->now), 0);
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
	values[EXPLAIN_AT] = TimestampTzGetDatum(contribution->at);
	values[EXPLAIN_WEIGHT_KEPT] = Float8GetDatum(contribution->kept);
	values[EXPLAIN_WEIGHT_BROKEN] = Float8GetDatum(contribution->broken);
	values[EXPLAIN_AGE] = IntervalPGetDatum(MicrosecondsInterval(age));
	values[EXPLAIN_FADING] = Float8GetDatum(ScoreFading(age, explanation->view->half_life));
	nulls[EXPLAIN_SHARE] = evidence == 0.0;
	values[EXPLAIN_SHARE] = Float8GetDatum((part->score.kept + part->score.broken) / evidence);
	values[EXPLAIN_SCORE] = TrustScoreGetDatum(&part->score);
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/*
 * explain_trust(by text, of_key text, as_of timestamptz, known_at timestamptz)
 *		returns setof (customer, promise, promiser, backer, kind, outcome, whose_word,
 *		at, weight_kept, weight_broken, age, fading, share, score)
 *		What each promise puts into the score of one customer, promiser, backer, kind,
 *		backing (backed, unbacked), or of all: weights from 0 to 1, the instant they
 *		are reckoned at, their age, the fading 2^(-age/half-life), from 0 to 1, the
 *		share of all evidence, and the promise's own score, reckoned to as_of.  The
 *		sum of the rows' scores in their order is the score as of then, to the bit;
 *		the score of now, which is kept as entries come, to 1e-9.  Promises that weigh
 *		nothing have no row.  as_of and known_at as of customer_score().  Errors: TL004,
 *		22004, 22008, 22023 by.
 */
Datum
explain_trust(PG_FUNCTION_ARGS)
{
	const Ledger *ledger = ScoresOpen();
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Explanation explanation = {.score_events = {.promise = ExplainPromise}};
	LedgerSession session;
	View		view;
	ListCell   *cell;

	explanation.by = GroupingFromName(ArgKeyNeeded(fcinfo->args[0], "by"));
	explanation.key = explanation.by == BY_ALL ? ArgKey(fcinfo->args[1], "of_key") : ArgKeyNeeded(fcinfo->args[1], "of_key");
	InitMaterializedSRF(fcinfo, 0);
	LedgerEnter(ledger, &session);
	view = ViewOf(ledger, fcinfo, 2, 3);
	explanation.view = &view;
	explanation.context = CurrentMemoryContext;
	ScoreClear(&explanation.score);
	ReadScoreEvents(&explanation.score_events, explanation.by, explanation.key);
	foreach(cell, explanation.parts)
		PutPart(&explanation, lfirst(cell), result);
	LedgerLeave(&session);
	return (Datum) 0;
}
