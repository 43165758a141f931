/*
 * opinion.h
 *		Derives an opinion from a trust score.
 *
 * The formulas are those of opinion.c.
 */
#ifndef TRUST_LEDGER_OPINION_H
#define TRUST_LEDGER_OPINION_H

#include "score/score.h"

#define PRIOR_WEIGHT 2.0		/* W, in promises */
#define DEFAULT_BASE_RATE 0.5	/* default of a */

/* r + s + W, in promises */
static inline float8
OpinionWeight(const TrustScore *score)
{
	return score->kept + score->broken + PRIOR_WEIGHT;
}

/* W/(r+s+W), from 0 to 1 */
static inline float8
OpinionUncertainty(const TrustScore *score)
{
	return PRIOR_WEIGHT / OpinionWeight(score);
}

/* (r + W a)/(r+s+W), from 0 to 1, for a base rate a from 0 to 1 */
static inline float8
OpinionExpectation(const TrustScore *score, float8 base_rate)
{
	return (score->kept + PRIOR_WEIGHT * base_rate) / OpinionWeight(score);
}

#endif
