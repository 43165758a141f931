/*
 * score_query.h
 *		Reading scores of a customer or promiser, now or as of another time.
 */
#ifndef TRUST_LEDGER_SCORE_QUERY_H
#define TRUST_LEDGER_SCORE_QUERY_H

#include "governance/access.h"
#include "analysis/predecessors.h"
#include "analysis/promise_as_of.h"

/* Which entries count, and the time that scores decay to. */
typedef struct PointInTime
{
	TimestampTz now;			/* as_of if given, else the transaction's start */
	TimestampTz as_of;			/* only what occurred by then; DT_NOEND: everything */
	TimestampTz known_at;		/* only what was recorded by then; DT_NOEND: everything */
	int64		half_life;		/* microseconds */
} PointInTime;

/* A customer, promiser or other group whose score is read, and whose evidence it carries. */
typedef struct ScoredKey
{
	Grouping	by;
	const char *key;			/* NULL: all groups */
	List	   *predecessors;	/* of LinkedKey */
} ScoredKey;

/* LedgerOpen(), after checking that the current user may read scores (TL004). */
extern const Ledger *ScoresOpen(void);

/* Error 22023 for an unknown name. */
extern Grouping GroupingFromName(const char *name);

/*
 * Reads the arguments as_of and known_at, given by their numbers; both may be
 * NULL.  Needs a LedgerSession.  Error 22008 if as_of is infinite or in the future.
 */
extern PointInTime PointInTimeFromArgs(const Ledger *ledger, FunctionCallInfo fcinfo,
									   int as_of, int known_at);

/* The key with those of its predecessors that are known at that point. */
extern ScoredKey ScoredKeyAt(const PointInTime *point, Grouping by, const char *key);

/* ReadScoreEvents() for what contributes to the score of that key. */
extern void ReadScoredKey(ScoreEventReader *reader, const ScoredKey *scored);

/*
 * What the promise contributes to the score of that key: of a predecessor's promise, only
 * the evidence of being broken.
 */
extern Contribution ContributionAtPoint(const PointInTime *point, const ScoredKey *scored,
										const PromiseAsOf *promise, const char *customer);

/* The score of one promise, decayed to point->now. */
extern TrustScore ScoreOfContribution(const PointInTime *point, const Contribution *contribution);

/* The state of the promise from those of its entries that count. */
extern PromiseAsOf PromiseAtPoint(const PointInTime *point, const ScoreEvent *events, int count);

#endif
