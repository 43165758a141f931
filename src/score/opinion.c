/*
 * opinion.c
 *		Derives an opinion, and numbers for comparison and ranking, from a trust score.
 *
 * With evidence r kept, s broken and a prior weight of 2: belief r/(r+s+2), disbelief
 * s/(r+s+2), uncertainty 2/(r+s+2) (A. Jøsang, R. Ismail, The Beta Reputation System,
 * 2002, sections 2 and 3; A. Jøsang, Subjective Logic, Springer 2016, section 3.3).
 * A score is read as of its own timestamp; decay() moves it to a later one.
 */
#include "postgres.h"

#include "score/opinion.h"

#include "utils/timestamp.h"

#include "base/duration.h"
#include "score/beta_quantile.h"

PG_FUNCTION_INFO_V1(kept);
PG_FUNCTION_INFO_V1(broken);
PG_FUNCTION_INFO_V1(belief);
PG_FUNCTION_INFO_V1(disbelief);
PG_FUNCTION_INFO_V1(uncertainty);
PG_FUNCTION_INFO_V1(expectation);
PG_FUNCTION_INFO_V1(lower_bound);
PG_FUNCTION_INFO_V1(as_of);
PG_FUNCTION_INFO_V1(half_life);

/*
 * kept(trust_score) returns float8
 *		Evidence r of kept promises, in promises, >= 0.
 */
Datum
kept(PG_FUNCTION_ARGS)
{
	PG_RETURN_FLOAT8(PG_GETARG_TRUST_SCORE(0)->kept);
}

/*
 * broken(trust_score) returns float8
 *		Evidence s of broken promises, in promises, >= 0.
 */
Datum
broken(PG_FUNCTION_ARGS)
{
	PG_RETURN_FLOAT8(PG_GETARG_TRUST_SCORE(0)->broken);
}

/*
 * belief(trust_score) returns float8
 *		r/(r+s+2), from 0 to 1.
 */
Datum
belief(PG_FUNCTION_ARGS)
{
	const TrustScore *score = PG_GETARG_TRUST_SCORE(0);

	PG_RETURN_FLOAT8(score->kept / OpinionWeight(score));
}

/*
 * disbelief(trust_score) returns float8
 *		s/(r+s+2), from 0 to 1.
 */
Datum
disbelief(PG_FUNCTION_ARGS)
{
	const TrustScore *score = PG_GETARG_TRUST_SCORE(0);

	PG_RETURN_FLOAT8(score->broken / OpinionWeight(score));
}

/*
 * uncertainty(trust_score) returns float8
 *		2/(r+s+2): 1 without evidence, approaching 0 with more evidence.
 */
Datum
uncertainty(PG_FUNCTION_ARGS)
{
	PG_RETURN_FLOAT8(OpinionUncertainty(PG_GETARG_TRUST_SCORE(0)));
}

static float8
CheckedBaseRate(float8 base_rate)
{
	if (!(base_rate >= 0.0 && base_rate <= 1.0))	/* NaN too */
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("base rate is out of range"),
				 errdetail("It must be between 0 and 1.")));
	return base_rate;
}

/*
 * expectation(trust_score, base_rate float8) returns float8
 *		belief + base_rate * uncertainty: the probability that the next promise is kept.
 *		base_rate, from 0 to 1, is the expectation without evidence.
 *		Errors: 22003 base_rate.
 */
Datum
expectation(PG_FUNCTION_ARGS)
{
	PG_RETURN_FLOAT8(OpinionExpectation(PG_GETARG_TRUST_SCORE(0),
										CheckedBaseRate(PG_GETARG_FLOAT8(1))));
}

/*
 * lower_bound(trust_score, confidence float8, base_rate float8) returns float8
 *		The rate of kept promises that is exceeded with this confidence (0 to 1,
 *		exclusive): the (1 - confidence)-quantile of Beta(r + 2a, s + 2(1-a)), where a is
 *		the base rate (0 to 1).  For ranking: a few kept promises do not outrank many.
 *		Errors: 22003.
 */
Datum
lower_bound(PG_FUNCTION_ARGS)
{
	const TrustScore *score = PG_GETARG_TRUST_SCORE(0);
	float8		confidence = PG_GETARG_FLOAT8(1);
	float8		base_rate = CheckedBaseRate(PG_GETARG_FLOAT8(2));
	float8		alpha = score->kept + PRIOR_WEIGHT * base_rate;
	float8		beta = score->broken + PRIOR_WEIGHT * (1.0 - base_rate);

	if (!(confidence > 0.0 && confidence < 1.0))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("confidence is out of range"),
				 errdetail("It must be greater than 0 and less than 1."),
				 errhint("A common value is 0.95.")));
	PG_RETURN_FLOAT8(BetaQuantile(1.0 - confidence, confidence, alpha, beta));
}

/*
 * as_of(trust_score) returns timestamptz
 *		The timestamp at which the evidence is valid; NULL for the empty score.
 */
Datum
as_of(PG_FUNCTION_ARGS)
{
	const TrustScore *score = PG_GETARG_TRUST_SCORE(0);

	if (ScoreIsEmpty(score))
		PG_RETURN_NULL();
	PG_RETURN_TIMESTAMPTZ(score->as_of);
}

/*
 * half_life(trust_score) returns interval
 *		The time in which evidence decays to half; NULL for the empty score.
 */
Datum
half_life(PG_FUNCTION_ARGS)
{
	const TrustScore *score = PG_GETARG_TRUST_SCORE(0);

	if (ScoreIsEmpty(score))
		PG_RETURN_NULL();
	PG_RETURN_INTERVAL_P(MicrosecondsInterval(score->half_life));
}
