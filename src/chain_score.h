/*
 * chain_score.h
 *		The score that a customer's chain carries.
 */
#ifndef TRUST_LEDGER_CHAIN_SCORE_H
#define TRUST_LEDGER_CHAIN_SCORE_H

#include "chain.h"

extern bool ContributionChanged(const Contribution *before, const Contribution *after);
extern void ChainScoreRewrite(const Chain *chain, const TrustScore *score);
extern void ChainScoreRevise(Chain *chain, const Contribution *before, const Contribution *after);

#endif
