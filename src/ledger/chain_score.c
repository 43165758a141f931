/*
 * chain_score.c
 *		Maintains the trust score in a customer's row of trust.chain.
 *
 * The score results from the customer's entries, in order, with the ledger's half-life.
 * When the half-life changes, a chain keeps the score with the old one until its next
 * verdict; until then readers compute the score from trust.promise.
 */
#include "postgres.h"

#include "ledger/chain_score.h"

#include "catalog/pg_type_d.h"
#include "utils/timestamp.h"

#include "base/catalog.h"
#include "base/duration.h"
#include "base/row_insert.h"
#include "base/statement.h"
#include "ledger/guard_expect.h"

static Statement read_score = STATEMENT(
	"SELECT score"
	" FROM trust.chain"
	" WHERE customer OPERATOR(pg_catalog.=) $1",
	TEXTOID);

static Statement fold_promises = STATEMENT(
	"SELECT " SCORE_OF_PROMISES("$2")
	" FROM trust.promise"
	" WHERE customer OPERATOR(pg_catalog.=) $1",
	TEXTOID, INTERVALOID);

static Statement rewrite_score = STATEMENT(
	"UPDATE trust.chain"
	" SET score = COALESCE(trust_ledger.trust_score($2, $3, $4, $5),"
	" 'empty'::trust_ledger.trust_score)"
	" WHERE customer OPERATOR(pg_catalog.=) $1",
	TEXTOID, FLOAT8OID, FLOAT8OID, TIMESTAMPTZOID, INTERVALOID);

static TrustScore *
ReadScore(Statement *statement, const Chain *chain)
{
	Datum		values[2] = {
		PointerGetDatum(chain->customer),
		IntervalPGetDatum(MicrosecondsInterval(chain->ledger->half_life))
	};

	CheckWritten(StatementWrite(statement, values, NULL), 1, "chain");
	return ScoreCopy(DatumGetTrustScore(ResultNotNull(0, 1, ScoreTypeId())));
}

void
ChainScoreRevise(Chain *chain, const Contribution *before, const Contribution *after)
{
	if (!ContributionChanged(before, after))
		return;
	if (chain->score == NULL)
	{
		chain->score = ReadScore(&read_score, chain);
		if (!ScoreIsEmpty(chain->score) && chain->score->half_life != chain->ledger->half_life)
			chain->score = ReadScore(&fold_promises, chain);
	}
	ScoreRevise(chain->score, before, after, chain->ledger->half_life);
}

void
ChainScoreRewrite(const Chain *chain, const TrustScore *score)
{
	Datum		values[5] = {
		PointerGetDatum(chain->customer),
		Float8GetDatum(score->kept), Float8GetDatum(score->broken),
		TimestampTzGetDatum(score->as_of),
		IntervalPGetDatum(MicrosecondsInterval(score->half_life))
	};
	Expectation *expectation = GuardExpectRebuilt(GUARDED_CHAIN, chain->length, chain->head);

	CheckWritten(StatementWrite(&rewrite_score, values, ScoreIsEmpty(score) ? " nnnn" : NULL),
				 1, "chain");
	GuardExpectEnd(expectation);
}
