/*
 * chain_score.h
 *		Maintains the trust score in a customer's row of trust.chain.
 */
#ifndef TRUST_LEDGER_CHAIN_SCORE_H
#define TRUST_LEDGER_CHAIN_SCORE_H

#include "ledger/chain.h"

/*
 * SQL expression for the score of rows of trust.promise, from their current verdicts.
 * half_life is the statement's parameter for it.
 */
#define SCORE_OF_PROMISES(half_life) \
	"trust_ledger.fuse(" \
	" trust_ledger.score_agg(weight_kept OPERATOR(pg_catalog./) 1000::pg_catalog.float8," \
	"   0, settled_at, " half_life ")," \
	" trust_ledger.score_agg(0, weight_broken OPERATOR(pg_catalog./) 1000::pg_catalog.float8," \
	"   broken_at, " half_life "))"

/* Replaces the stored score of a locked chain, and nothing else of its row. */
extern void ChainScoreRewrite(const Chain *chain, const TrustScore *score);

/*
 * Replaces a promise's contribution to the score of a locked chain.  The result is in
 * chain->score, which is written with the head.  To be called before the row of the
 * promise is written.
 */
extern void ChainScoreRevise(Chain *chain, const Contribution *before,
							 const Contribution *after);

#endif
