/*
 * chain_score.h
 *		The score that a customer's chain carries.
 */
#ifndef TRUST_LEDGER_CHAIN_SCORE_H
#define TRUST_LEDGER_CHAIN_SCORE_H

#include "ledger/chain.h"

/* The score of rows of trust.promise, by the verdicts that stand; half_life is the statement's argument for it. */
#define SCORE_OF_PROMISES(half_life) \
	"trust_ledger.score_agg(weight_kept OPERATOR(pg_catalog./) 1000::pg_catalog.float8," \
	"   weight_broken OPERATOR(pg_catalog./) 1000::pg_catalog.float8, settled_at, " half_life ")"

extern bool ContributionChanged(const Contribution *before, const Contribution *after);
extern void ChainScoreRewrite(const Chain *chain, const TrustScore *score);
extern void ChainScoreRevise(Chain *chain, const Contribution *before, const Contribution *after);

#endif
