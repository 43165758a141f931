/*
 * trend_groups.h
 *		The groups of a trend, step by step, and the rows of its result.
 */
#ifndef TRUST_LEDGER_TREND_GROUPS_H
#define TRUST_LEDGER_TREND_GROUPS_H

#include "analysis/score_query.h"
#include "analysis/time_steps.h"
#include "base/text.h"

#include "funcapi.h"
#include "utils/hsearch.h"

/* What happened to a group's promises in one step */
typedef struct Cell
{
	float8		kept;			/* change of evidence, as of the step's last instant */
	float8		broken;
	int32		weighing;		/* change of how many promises weigh anything */
	int32		overdue;		/* change of how many are overdue */
	int32		opened;
	int32		became_kept;
	int32		became_partly_kept;
	int32		became_broken;
} Cell;

typedef struct TrendGroup
{
	char		key[MAX_KEY_BYTES + 1]; /* '' stands for none */
	Cell	   *cells;
} TrendGroup;

typedef struct Trend
{
	ScoreEventReader	score_events;			/* first: all that ReadScoreEvents() knows */
	Grouping	by;
	const char *key;
	bool		as_recorded;
	Steps		steps;
	int64		half_life;
	MemoryContext context;
	HTAB	   *groups;
	char		customer[MAX_KEY_BYTES + 1];	/* at hand, by customer */
	ReturnSetInfo *result;
} Trend;

extern void StartGroups(Trend *trend);
extern TrendGroup *GroupOf(Trend *trend, const PromiseAsOf *standing, const char *customer);
extern void PutGroups(Trend *trend);

#endif
