/*
 * promise_as_of.c
 *		How a promise stood at an instant: who was behind it, and what it weighs.
 *
 * Scores of another time are folds over the entries that had happened, or were
 * recorded, by then: not always the first of the chain, since what happens late
 * may be recorded first.  So no order of events is taken for granted here.
 */
#include "postgres.h"

#include "analysis/promise_as_of.h"

static void
ApplyVerdict(PromiseAsOf *standing, const ScoreEvent *score_event)
{
	Contribution *verdict = &standing->verdict;

	if (!score_event->stands || !score_event->weighs)
		return;
	verdict->kept = score_event->weight_kept / 1000.0;
	verdict->broken = score_event->weight_broken / 1000.0;
	if (!verdict->counts)		/* the first verdict's instant stays */
		verdict->at = score_event->occurred_at;
	verdict->counts = true;
	standing->outcome = score_event->state;
	standing->whose_word = score_event->whose_word;
}

static void
ApplyTerms(PromiseAsOf *standing, const ScoreEvent *score_event)
{
	standing->promiser = score_event->promiser;
	standing->kind = score_event->kind;
	standing->backer = score_event->backer;
	standing->has_overdue_at = score_event->has_overdue_at;
	standing->overdue_at = score_event->overdue_at;
}

/* Takes an entry into what the promise's entries before it add up to. */
void
PromiseAsOfApply(PromiseAsOf *standing, const ScoreEvent *score_event)
{
	switch (score_event->event)
	{
		case EVENT_MADE:
			standing->made = true;
			ApplyTerms(standing, score_event);
			break;
		case EVENT_AMENDED:
			if (score_event->stands)
				ApplyTerms(standing, score_event);
			break;
		case EVENT_BACKED:
		case EVENT_BACKING_WITHDRAWN:
			standing->backer = score_event->backer;
			break;
		case EVENT_PAUSED:
		case EVENT_RESUMED:
			standing->has_overdue_at = score_event->has_overdue_at;
			standing->overdue_at = score_event->overdue_at;
			break;
		case EVENT_BREACH_ADMITTED:
		case EVENT_ASSESSED:
		case EVENT_BREACH_REPAIRED:
			ApplyVerdict(standing, score_event);
			break;
		case EVENT_WITHDRAWN:
			standing->ended = true;
			ApplyVerdict(standing, score_event);
			break;
		case EVENT_RELEASED:
			if (score_event->stands)
				standing->ended = true;
			break;
		case EVENT_DECLINED:
		case EVENT_ACCEPTED:
		case EVENT_NOTED:
		case EVENT_ERASED:
		case EVENTS:
			break;
	}
	if (score_event->state == STATE_OPEN)
		standing->opened = true;
}

/* Counts as broken, until a verdict: once open, past due and grace, and not taken back in time. */
bool
PromiseAsOfIsOverdue(const PromiseAsOf *standing, TimestampTz instant)
{
	return standing->made && standing->opened && !standing->ended && !standing->verdict.counts &&
		standing->has_overdue_at && standing->overdue_at < instant;
}

/* What the promise puts into a score that is read at that instant. */
Contribution
PromiseAsOfContribution(const PromiseAsOf *standing, TimestampTz instant)
{
	Contribution overdue = {.counts = true, .broken = WEIGHT_OVERDUE, .at = instant};

	return PromiseAsOfIsOverdue(standing, instant) ? overdue : standing->verdict;
}

/* Whom or what the promise belongs to; NULL: nobody, or nothing said. */
const char *
PromiseAsOfKey(const PromiseAsOf *standing, const char *customer, Grouping by)
{
	switch (by)
	{
		case BY_CUSTOMER:
			return customer;
		case BY_PROMISER:
			return standing->promiser;
		case BY_BACKER:
			return standing->backer;
		case BY_KIND:
			return standing->kind;
		case BY_BACKING:
			return standing->backer ? "backed" : "unbacked";
		case BY_ALL:
		case GROUPINGS:
			break;
	}
	return grouping_names[BY_ALL];
}
