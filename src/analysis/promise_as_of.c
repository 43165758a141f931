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
ApplyVerdict(Standing *standing, const Fact *fact)
{
	Contribution *verdict = &standing->verdict;

	if (!fact->stands || !fact->weighs)
		return;
	verdict->kept = fact->weight_kept / 1000.0;
	verdict->broken = fact->weight_broken / 1000.0;
	if (!verdict->counts)		/* the first verdict's instant stays */
		verdict->at = fact->occurred_at;
	verdict->counts = true;
	standing->outcome = fact->state;
	standing->whose_word = fact->whose_word;
}

static void
ApplyTerms(Standing *standing, const Fact *fact)
{
	standing->promiser = fact->promiser;
	standing->kind = fact->kind;
	standing->backer = fact->backer;
	standing->has_overdue_at = fact->has_overdue_at;
	standing->overdue_at = fact->overdue_at;
}

/* Takes an entry into what the promise's entries before it add up to. */
void
StandingApply(Standing *standing, const Fact *fact)
{
	switch (fact->event)
	{
		case EVENT_MADE:
			standing->made = true;
			ApplyTerms(standing, fact);
			break;
		case EVENT_AMENDED:
			if (fact->stands)
				ApplyTerms(standing, fact);
			break;
		case EVENT_BACKED:
		case EVENT_BACKING_WITHDRAWN:
			standing->backer = fact->backer;
			break;
		case EVENT_PAUSED:
		case EVENT_RESUMED:
			standing->has_overdue_at = fact->has_overdue_at;
			standing->overdue_at = fact->overdue_at;
			break;
		case EVENT_BREACH_ADMITTED:
		case EVENT_ASSESSED:
		case EVENT_BREACH_REPAIRED:
			ApplyVerdict(standing, fact);
			break;
		case EVENT_WITHDRAWN:
			standing->ended = true;
			ApplyVerdict(standing, fact);
			break;
		case EVENT_RELEASED:
			if (fact->stands)
				standing->ended = true;
			break;
		case EVENT_DECLINED:
		case EVENT_ACCEPTED:
		case EVENT_NOTED:
		case EVENT_ERASED:
		case EVENTS:
			break;
	}
	if (fact->state == STATE_OPEN)
		standing->opened = true;
}

/* Counts as broken, until a verdict: once open, past due and grace, and not taken back in time. */
bool
StandingIsOverdue(const Standing *standing, TimestampTz instant)
{
	return standing->made && standing->opened && !standing->ended && !standing->verdict.counts &&
		standing->has_overdue_at && standing->overdue_at < instant;
}

/* What the promise puts into a score that is read at that instant. */
Contribution
StandingContribution(const Standing *standing, TimestampTz instant)
{
	Contribution overdue = {.counts = true, .broken = WEIGHT_OVERDUE, .at = instant};

	return StandingIsOverdue(standing, instant) ? overdue : standing->verdict;
}

/* Whom or what the promise belongs to; NULL: nobody, or nothing said. */
const char *
StandingKey(const Standing *standing, const char *customer, Grouping by)
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
