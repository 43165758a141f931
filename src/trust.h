/*
 * trust.h
 *		Reading scores: of what, as of when, and as known when.
 */
#ifndef TRUST_LEDGER_TRUST_H
#define TRUST_LEDGER_TRUST_H

#include "access.h"
#include "standing.h"

/* A moment to look at, and how much is looked at. */
typedef struct View
{
	TimestampTz now;			/* what scores are reckoned to */
	TimestampTz as_of;			/* what had happened by then */
	TimestampTz known_at;		/* what was recorded by then */
	int64		half_life;
} View;

extern const Ledger *TrustOpen(void);
extern Grouping GroupingFromName(const char *name);
extern View ViewOf(const Ledger *ledger, FunctionCallInfo fcinfo, int as_of, int known_at);
extern TrustScore ContributionInView(const View *view, const Contribution *contribution);
extern Standing StandingIn(const View *view, const Fact *facts, int count);

#endif
