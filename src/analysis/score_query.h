/*
 * score_query.h
 *		Reading scores: of what, as of when, and as known when.
 */
#ifndef TRUST_LEDGER_SCORE_QUERY_H
#define TRUST_LEDGER_SCORE_QUERY_H

#include "governance/access.h"
#include "analysis/promise_as_of.h"

/* A moment to look at, and how much is looked at. */
typedef struct View
{
	TimestampTz now;			/* what scores are reckoned to */
	TimestampTz as_of;			/* what had happened by then */
	TimestampTz known_at;		/* what was recorded by then */
	int64		half_life;
} View;

extern const Ledger *ScoresOpen(void);
extern Grouping GroupingFromName(const char *name);
extern View ViewOf(const Ledger *ledger, FunctionCallInfo fcinfo, int as_of, int known_at);
extern TrustScore ContributionInView(const View *view, const Contribution *contribution);
extern PromiseAsOf PromiseAsOfView(const View *view, const ScoreEvent *score_events, int count);

#endif
