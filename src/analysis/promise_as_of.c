/*
 * promise_as_of.c
 *		The state of a promise at a point in time, computed from its entries.
 *
 * The entries that had occurred, or were recorded, by that time are not always a
 * prefix of the chain: entries need not be recorded in the order in which they
 * occurred.  So this code must not rely on any order of events.
 */
#include "postgres.h"

#include "analysis/promise_as_of.h"

static void
ApplyVerdict(PromiseAsOf *promise, const ScoreEvent *event)
{
	Contribution *verdict = &promise->verdict;
	Contribution before = *verdict;
	TimestampTz at = Max(event->occurred_at, Min(promise->due, event->recorded_at));

	if (!event->stands || !event->weighs)
		return;
	verdict->kept = event->weight_kept / 1000.0;
	verdict->broken = event->weight_broken / 1000.0;
	if (!before.counts)			/* a later verdict keeps the time of the first */
		verdict->kept_at = verdict->broken_at = event->occurred_at;
	if (verdict->broken > before.broken)
	{
		promise->former_broken = before.broken;
		promise->former_broken_at = before.broken_at;
		verdict->broken_at = Max(verdict->broken_at, at);
	}
	verdict->counts = true;
	promise->outcome = event->state;
	promise->whose_word = event->whose_word;
}

static void
ApplyTerms(PromiseAsOf *promise, const ScoreEvent *event)
{
	promise->promiser = event->promiser;
	promise->kind = event->kind;
	promise->backer = event->backer;
	promise->due = event->due;
	promise->has_overdue_at = event->has_overdue_at;
	promise->overdue_at = event->overdue_at;
}

void
PromiseAsOfApply(PromiseAsOf *promise, const ScoreEvent *event)
{
	switch (event->event)
	{
		case EVENT_MADE:
			promise->made = true;
			promise->recorded_at = event->recorded_at;
			ApplyTerms(promise, event);
			break;
		case EVENT_AMENDED:
			if (event->stands)
				ApplyTerms(promise, event);
			break;
		case EVENT_BACKED:
		case EVENT_BACKING_WITHDRAWN:
			promise->backer = event->backer;
			break;
		case EVENT_PAUSED:
		case EVENT_RESUMED:
			promise->due = event->due;
			promise->has_overdue_at = event->has_overdue_at;
			promise->overdue_at = event->overdue_at;
			break;
		case EVENT_BREACH_ADMITTED:
		case EVENT_ASSESSED:
		case EVENT_BREACH_REPAIRED:
			ApplyVerdict(promise, event);
			break;
		case EVENT_WITHDRAWN:
			promise->ended = true;
			ApplyVerdict(promise, event);
			break;
		case EVENT_RELEASED:
			if (event->stands)
				promise->ended = true;
			break;
		case EVENT_DECLINED:
		case EVENT_ACCEPTED:
		case EVENT_NOTED:
		case EVENT_ERASED:
		case EVENTS:
			break;
	}
	if (event->state == STATE_OPEN)
		promise->opened = true;
}

bool
PromiseAsOfIsOverdue(const PromiseAsOf *promise, TimestampTz instant)
{
	return promise->made && promise->opened && !promise->ended && !promise->verdict.counts &&
		promise->has_overdue_at && promise->overdue_at < instant;
}

Contribution
PromiseAsOfVerdict(const PromiseAsOf *promise, TimestampTz as_of)
{
	Contribution verdict = promise->verdict;

	if (!verdict.counts || verdict.broken_at <= as_of)
		return verdict;
	if (promise->former_broken > 0.0 && promise->former_broken_at <= as_of)
	{
		verdict.broken = Min(verdict.broken, promise->former_broken);
		verdict.broken_at = promise->former_broken_at;
	}
	else
	{
		verdict.broken = 0.0;
		verdict.broken_at = verdict.kept_at;
	}
	return verdict;
}

Contribution
PromiseAsOfContribution(const PromiseAsOf *promise, TimestampTz instant, TimestampTz as_of)
{
	Contribution overdue = {
		.counts = true, .broken = WEIGHT_OVERDUE, .kept_at = instant, .broken_at = instant
	};

	return PromiseAsOfIsOverdue(promise, instant) ? overdue :
		PromiseAsOfVerdict(promise, as_of);
}

const char *
PromiseAsOfKey(const PromiseAsOf *promise, const char *customer, Grouping by)
{
	switch (by)
	{
		case BY_CUSTOMER:
			return customer;
		case BY_PROMISER:
			return promise->promiser;
		case BY_BACKER:
			return promise->backer;
		case BY_KIND:
			return promise->kind;
		case BY_BACKING:
			return promise->backer ? "backed" : "unbacked";
		case BY_ALL:
		case GROUPINGS:
			break;
	}
	return grouping_names[BY_ALL];
}
