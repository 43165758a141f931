/*
 * opinion.h
 *		What a trust score says: an opinion.
 */
#ifndef TRUST_LEDGER_OPINION_H
#define TRUST_LEDGER_OPINION_H

#include "score/score.h"

#define PRIOR_WEIGHT 2.0
#define USUAL_BASE_RATE 0.5

static inline float8
OpinionWeight(const TrustScore *score)
{
	return score->kept + score->broken + PRIOR_WEIGHT;
}

static inline float8
OpinionUncertainty(const TrustScore *score)
{
	return PRIOR_WEIGHT / OpinionWeight(score);
}

static inline float8
OpinionExpectation(const TrustScore *score, float8 base_rate)
{
	return (score->kept + PRIOR_WEIGHT * base_rate) / OpinionWeight(score);
}

#endif
