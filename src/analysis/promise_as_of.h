/*
 * promise_as_of.h
 *		The state of a promise at a point in time, computed from its entries.
 */
#ifndef TRUST_LEDGER_PROMISE_AS_OF_H
#define TRUST_LEDGER_PROMISE_AS_OF_H

#include "analysis/score_events.h"
#include "score/score.h"

/*
 * Weight "broken" of an overdue promise without a verdict.  The ledger's
 * assessment weights do not change it.
 */
#define WEIGHT_OVERDUE 1.0

/* All zero is the state before the first entry.  Strings belong to the entries. */
typedef struct PromiseAsOf
{
	bool		made;
	TimestampTz recorded_at;	/* when it was made */
	const char *promiser;
	const char *kind;
	const char *backer;			/* NULL: not backed */
	bool		opened;			/* was open at some time: binds the company */
	bool		ended;			/* withdrawn or released */
	TimestampTz due;			/* DT_NOBEGIN if there is none */
	bool		has_overdue_at;
	TimestampTz overdue_at;
	State		outcome;		/* the verdict that stands, or STATE_NONE */
	const char *whose_word;		/* of that verdict */
	Contribution verdict;		/* weights of that verdict */
	float8		former_broken;	/* weight as broken before the last verdict that raised it */
	TimestampTz former_broken_at;
} PromiseAsOf;

/* Applies the promise's next entry. */
extern void PromiseAsOfApply(PromiseAsOf *promise, const ScoreEvent *event);

/*
 * Whether the promise is overdue at that instant: it was open at some time, its
 * overdue_at has passed, it has no verdict, and it was neither withdrawn nor
 * released.
 */
extern bool PromiseAsOfIsOverdue(const PromiseAsOf *promise, TimestampTz instant);

/*
 * What the verdict contributes as of that instant: evidence of being broken only counts
 * from broken_at on, which can be later than the verdict occurred.  Until then, what
 * counted before still does.
 */
extern Contribution PromiseAsOfVerdict(const PromiseAsOf *promise, TimestampTz as_of);

/*
 * What the promise adds to a score that is read at that instant, as of another, which
 * is the same or DT_NOEND.
 */
extern Contribution PromiseAsOfContribution(const PromiseAsOf *promise, TimestampTz instant,
											TimestampTz as_of);

/* The promise's group; NULL where it has none, such as no backer. */
extern const char *PromiseAsOfKey(const PromiseAsOf *promise, const char *customer, Grouping by);

#endif
