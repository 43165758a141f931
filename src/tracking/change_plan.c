/*
 * change_plan.c
 *		Decides which events of promises follow from changes of tracked rows.
 */
#include "postgres.h"

#include "tracking/change_plan.h"

#include "miscadmin.h"
#include "utils/memutils.h"

static bool
IsSettled(const RowState *row_state)
{
	return row_state->state > STATE_OPEN;
}

static PlannedEvent *
AddPlannedEvent(ChangePlan *plan, const RowState *row_state, Event event)
{
	PlannedEvent *planned;

	if (plan->count == plan->capacity)
	{
		plan->capacity *= 2;
		plan->events = repalloc_huge(plan->events, sizeof(PlannedEvent) * plan->capacity);
	}
	planned = &plan->events[plan->count];
	*planned = (PlannedEvent) {
		.nth = plan->nth, .position = plan->count, .event = event,
		.customer = row_state->customer, .promise = row_state->promise,
		.chain_length = row_state->chain_length
	};
	plan->count++;
	return planned;
}

static void
PlanNote(ChangePlan *plan, const RowState *row_state, const char *note, RowFate fate)
{
	PlannedEvent *planned = AddPlannedEvent(plan, row_state, EVENT_NOTED);

	planned->note = note;
	planned->fate = fate;
}

/* A note that the row has another key, unless the entry of another event records it. */
static void
PlanKeyNote(ChangePlan *plan, const RowState *row_state)
{
	AddPlannedEvent(plan, row_state, EVENT_NOTED)->notes_key_change = true;
}

/* A new promise of the row; it replaces the promise from, unless that is NULL. */
static void
PlanPromise(ChangePlan *plan, const TrackedChange *change, RowState *row_state,
			const pg_uuid_t *from)
{
	PlannedEvent *planned;

	row_state->live = true;
	row_state->customer = RowText(change->mapped, COMMAND_CUSTOMER);
	row_state->promise = *DatumGetUUIDP(NewPromiseId(GetCurrentTimestamp()));
	row_state->state = STATE_OPEN;
	row_state->chain_length = -1;
	planned = AddPlannedEvent(plan, row_state, EVENT_MADE);
	if (from)
	{
		planned->other = palloc(sizeof(pg_uuid_t));
		*planned->other = *from;
	}
}

/*
 * The event for the row's present promise, and a new promise that replaces it.  The
 * entries of both name the other promise.
 */
static void
PlanReplacement(ChangePlan *plan, const TrackedChange *change, RowState *row_state, Event event,
				const char *note)
{
	pg_uuid_t	from = row_state->promise;
	PlannedEvent *ends = AddPlannedEvent(plan, row_state, event);
	pg_uuid_t  *to = palloc(sizeof(pg_uuid_t));

	ends->note = note;
	ends->fate = ROW_MOVED;
	ends->other = to;
	PlanPromise(plan, change, row_state, &from);
	*to = row_state->promise;
}

/* A promise cannot change its customer: it is withdrawn, and made again to the new one. */
static void
PlanMove(ChangePlan *plan, const TrackedChange *change, RowState *row_state)
{
	PlanReplacement(plan, change, row_state, EVENT_WITHDRAWN,
					"Its row belongs to another customer now.");
}

/* The row's promise was settled before, and the row makes a new one. */
static void
PlanNextPromise(ChangePlan *plan, const TrackedChange *change, RowState *row_state)
{
	PlanReplacement(plan, change, row_state, EVENT_NOTED, "Its row makes another promise now.");
}

static bool
HasOtherCustomer(const TrackedChange *change, const RowState *row_state)
{
	return !RowIsNull(change->mapped, COMMAND_CUSTOMER) &&
		(row_state->customer == NULL ||
		 !RowTextIs(change->mapped, COMMAND_CUSTOMER, row_state->customer));
}

/* Amends the promise by all terms of its row, unless it is settled. */
static void
PlanPresentTerms(ChangePlan *plan, const TrackedChange *change, RowState *row_state)
{
	if (IsSettled(row_state))
		return;
	if (HasOtherCustomer(change, row_state))
		PlanMove(plan, change, row_state);
	else
		AddPlannedEvent(plan, row_state, EVENT_AMENDED)->compares_all = true;
}

static void
PlanMade(ChangePlan *plan, const TrackedChange *change, RowState *row_state)
{
	if (!row_state->live)
	{
		PlanPromise(plan, change, row_state, NULL);
		return;
	}
	if (change->imported)
		return;
	/* inserted, although no deletion was recorded: is it the same row, e.g. from a dump? */
	if (change->operation == ROW_INSERT && !row_state->reinserted &&
		row_state->chain_length >= 0)
	{
		MemoryContextSwitchTo(plan->scratch);
		row_state->reinserted = RowMatchesPromise(plan->ledger, change, row_state->customer,
												  row_state->promise);
		MemoryContextSwitchTo(plan->context);
	}
	if (IsSettled(row_state) && !row_state->reinserted)
		PlanNextPromise(plan, change, row_state);
	else if (IsSettled(row_state) && change->old_key)
		PlanKeyNote(plan, row_state);
	else
		PlanPresentTerms(plan, change, row_state);
}

/*
 * Bit per COMMAND_...: values of the row that the ledger refused earlier.  Only notes
 * record them: other errors leave the row as it was, or park the change.
 */
static uint32
RefusedEarlier(ChangePlan *plan, const TrackedChange *change, const RowState *row_state)
{
	uint32		refused = row_state->refused;

	if (change->on_error == ON_ERROR_NOTE && row_state->chain_length >= 0)
	{
		MemoryContextSwitchTo(plan->scratch);
		refused |= SourceRefused(row_state->customer, &row_state->promise);
		MemoryContextSwitchTo(plan->context);
	}
	return refused;
}

static void
PlanAmended(ChangePlan *plan, const TrackedChange *change, RowState *row_state)
{
	uint32		refused = IsSettled(row_state) ? 0 : RefusedEarlier(plan, change, row_state);

	if (change->compares_all)
		PlanPresentTerms(plan, change, row_state);
	else if (change->moved && IsSettled(row_state))
		PlanNote(plan, row_state,
				 "Its row moved to another customer after the promise was settled.", ROW_STAYS);
	else if (change->moved ||
			 (refused & (1 << COMMAND_CUSTOMER) && !change->only_changed &&
			  HasOtherCustomer(change, row_state)))
		PlanMove(plan, change, row_state);
	else if (IsSettled(row_state) && change->changed == 0)
		PlanKeyNote(plan, row_state);
	else
		AddPlannedEvent(plan, row_state, EVENT_AMENDED)->refused = refused;
}

/* The promise gets a note, or is withdrawn if the mapping says so and it is not settled. */
static void
PlanDeleted(ChangePlan *plan, const TrackedChange *change, RowState *row_state, int nth)
{
	if (change->arrival_seen)
		return;
	if (row_state->last_insert > nth && !change->leaves_partition)
	{
		row_state->reinserted = true;
		return;
	}
	if (change->leaves_partition)
		PlanNote(plan, row_state, "Its row moved to a partition that is not tracked.",
				 ROW_DELETED);
	else if (change->withdraws_on_delete && !IsSettled(row_state))
	{
		PlannedEvent *planned = AddPlannedEvent(plan, row_state, EVENT_WITHDRAWN);

		planned->note = "Its row was deleted.";
		planned->fate = ROW_DELETED;
	}
	else
		PlanNote(plan, row_state, "Its row was deleted.", ROW_DELETED);
	row_state->live = false;
}

static void PlanChange(ChangePlan *plan, const TrackedChange *change, int nth);

/* In scratch memory. */
static const TrackedChange *
FetchChange(ChangePlan *plan, int nth)
{
	MemoryContext previous = MemoryContextSwitchTo(plan->scratch);
	const TrackedChange *change = ChangesGet(plan->changes, nth);

	MemoryContextSwitchTo(previous);
	return change;
}

static bool
EventSettles(Event event)
{
	return event == EVENT_ASSESSED || event == EVENT_WITHDRAWN || event == EVENT_RELEASED ||
		event == EVENT_BREACH_ADMITTED;
}

/* Events that a row can trigger repeatedly, as when its status changes back and forth. */
static bool
IsRecordedOnce(Event event)
{
	return event == EVENT_ACCEPTED || event == EVENT_PAUSED || event == EVENT_RESUMED;
}

/*
 * Plans changes that precede the one that makes the promise: other triggers of the same
 * INSERT fired first, or changed the row again before the promise was made.
 */
static void
PlanEarlyChanges(ChangePlan *plan, RowState *row_state, int nth)
{
	List	   *early = row_state->early;
	ListCell   *cell;

	row_state->early = NIL;
	foreach(cell, early)
	{
		plan->nth = lfirst_int(cell);
		PlanChange(plan, FetchChange(plan, plan->nth), nth);
	}
}

/*
 * Plans one change; if the row has no promise, does nothing, but fails if the row is
 * imported, or the change was parked: then its promise was refused, and the change is to
 * be counted, or stays parked, as well.  nth is the number of the change that has been
 * reached, while plan->nth can be that of an earlier one.
 */
static void
PlanChange(ChangePlan *plan, const TrackedChange *change, int nth)
{
	RowState   *row_state = RowStateOfChange(plan->row_states, change);

	if (change->operation != ROW_DELETE && change->event == EVENT_MADE)
	{
		PlanMade(plan, change, row_state);
		if (row_state->early)
			PlanEarlyChanges(plan, row_state, nth);
	}
	else if (!row_state->live)
	{
		if (change->operation == ROW_DELETE)
			row_state->early = NIL;
		else if (row_state->last_insert > nth)
			row_state->early = lappend_int(row_state->early, plan->nth);
		else if (change->imported || change->replayed)
			ereport(ERROR,
					(errcode(ERRCODE_NO_DATA_FOUND),
					 errmsg("promise of the row is not in the ledger")));
	}
	else if (change->operation == ROW_DELETE)
		PlanDeleted(plan, change, row_state, nth);
	else if (change->event == EVENT_AMENDED)
		PlanAmended(plan, change, row_state);
	else
	{
		PlannedEvent *planned = AddPlannedEvent(plan, row_state, change->event);

		planned->skip_if_recorded = change->imported ||
			(row_state->reinserted && change->operation == ROW_INSERT) ||
			IsRecordedOnce(change->event);
		planned->refused = change->refused;
		row_state->refused |= change->refused;
		if (EventSettles(change->event))
			row_state->state = STATE_KEPT;	/* any settled state will do */
	}
}

void
PlanChanges(ChangePlan *plan)
{
	for (int i = 0; i < plan->changes->count; i++)
	{
		const TrackedChange *change = FetchChange(plan, i);

		if (change->operation == ROW_INSERT && change->event == EVENT_MADE)
			RowStateOf(plan->row_states, change, change->key)->last_insert = i;
		MemoryContextReset(plan->scratch);
	}
	for (int i = 0; i < plan->changes->count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		plan->nth = i;
		plan->current.change = FetchChange(plan, i);
		PlanChange(plan, plan->current.change, i);
		plan->current.change = NULL;
		MemoryContextReset(plan->scratch);
	}
}
