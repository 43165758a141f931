/*
 * trend_groups.h
 *		The groups of a trend, their changes in each step, and the result rows.
 */
#ifndef TRUST_LEDGER_TREND_GROUPS_H
#define TRUST_LEDGER_TREND_GROUPS_H

#include "analysis/score_query.h"
#include "analysis/time_steps.h"
#include "base/text.h"

#include "funcapi.h"
#include "utils/hsearch.h"

/* How one group changed in one step. */
typedef struct TrendCell
{
	float8		kept;			/* change of evidence, decayed to the step's last instant */
	float8		broken;			/* likewise */
	int32		weighing;		/* change of the number of promises with evidence or overdue */
	int32		overdue;		/* change of the number of overdue promises */
	int32		opened;			/* events in the step */
	int32		became_kept;
	int32		became_partly_kept;
	int32		became_broken;
} TrendCell;

typedef struct TrendGroup
{
	char		key[MAX_KEY_BYTES + 1]; /* hash key; '' is a null key in the result */
	TrendCell  *cells;			/* one per step */
} TrendGroup;

typedef struct Trend
{
	ScoreEventReader base;		/* must be first */
	Grouping	by;
	char	   *key;			/* only this group; NULL: all */
	bool		as_recorded;	/* events count at recorded_at, else at occurred_at */
	Steps		steps;
	int64		half_life;		/* microseconds */
	MemoryContext context;		/* holds the groups */
	HTAB	   *groups;
	const Successions *successions; /* NULL: none */
	HTAB	   *carried;		/* groups of what successors carry, by their key; NULL: none */
	const char *predecessor;	/* while these are counted: whose promises; else NULL */
	const LinkedKey *successor; /* and who carries them */
	char		customer[MAX_KEY_BYTES + 1];	/* the current one, when by customer */
	ReturnSetInfo *result;
} Trend;

/* Creates an empty hash table of groups. */
extern void TrendStartGroups(Trend *trend);

/*
 * The promise's group, created if needed; NULL if it has none or the trend does
 * not include it.  Error 54000 if the cells would need more than 1 GiB.
 */
extern TrendGroup *TrendGroupOf(Trend *trend, const PromiseAsOf *promise, const char *customer);

/* Adds a row to the result per group and step, ordered by key. */
extern void TrendPutGroups(Trend *trend);

#endif
