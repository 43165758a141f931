/*
 * promise_as_of.h
 *		How a promise stood at an instant: who was behind it, and what it weighs.
 */
#ifndef TRUST_LEDGER_PROMISE_AS_OF_H
#define TRUST_LEDGER_PROMISE_AS_OF_H

#include "analysis/score_events.h"
#include "score/score.h"

/* What an overdue promise weighs as broken, whatever settings say of verdicts: silence is not success. */
#define WEIGHT_OVERDUE 1.0

typedef struct PromiseAsOf
{
	bool		made;
	const char *promiser;
	const char *kind;
	const char *backer;
	bool		opened;			/* it once was open: the company is bound */
	bool		ended;			/* withdrawn or released */
	bool		has_overdue_at;
	TimestampTz overdue_at;
	State		outcome;		/* the verdict that stands, or STATE_NONE */
	const char *whose_word;
	Contribution verdict;
} PromiseAsOf;

extern void PromiseAsOfApply(PromiseAsOf *standing, const ScoreEvent *score_event);
extern bool PromiseAsOfIsOverdue(const PromiseAsOf *standing, TimestampTz instant);
extern Contribution PromiseAsOfContribution(const PromiseAsOf *standing, TimestampTz instant);
extern const char *PromiseAsOfKey(const PromiseAsOf *standing, const char *customer, Grouping by);

#endif
