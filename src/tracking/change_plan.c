/*
 * change_plan.c
 *		What changes of tracked rows do to promises: deciding it, and who is locked.
 *
 * First all is decided, then the chains of all customers that it concerns are
 * locked in the order of their keys, then it is done customer by customer: two
 * transactions that changed rows of the same customers in opposite order do not
 * wait for each other crosswise.  Where somebody else wrote to a chain before it
 * was locked, all is decided anew.
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
	PlannedEvent	   *planned;

	if (plan->count == plan->capacity)
	{
		plan->capacity *= 2;
		plan->events = repalloc_huge(plan->events, sizeof(PlannedEvent) * plan->capacity);
	}
	planned = &plan->events[plan->count];
	*planned = (PlannedEvent) {
		.nth = plan->nth, .position = plan->count, .event = event, .customer = row_state->customer, .promise = row_state->promise,
		.chain_length = row_state->chain_length
	};
	plan->count++;
	return planned;
}

static void
PlanNote(ChangePlan *plan, const RowState *row_state, const char *note, RowFate fate)
{
	PlannedEvent	   *planned = AddPlannedEvent(plan, row_state, EVENT_NOTED);

	planned->note = note;
	planned->fate = fate;
}

/* Unless another of the row's events has said so by then. */
static void
PlanKeyNote(ChangePlan *plan, const RowState *row_state)
{
	AddPlannedEvent(plan, row_state, EVENT_NOTED)->notes_key_change = true;
}

/* A promise by the row as it is now; from: the one that it stood for until now, to another customer. */
static void
PlanPromise(ChangePlan *plan, const TrackedChange *change, RowState *row_state, const pg_uuid_t *from)
{
	PlannedEvent	   *planned;

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

/* That event of the promise that the row stood for until now, and another made in its stead, each naming the other. */
static void
PlanReplacement(ChangePlan *plan, const TrackedChange *change, RowState *row_state, Event event, const char *note)
{
	pg_uuid_t	from = row_state->promise;
	PlannedEvent	   *ends = AddPlannedEvent(plan, row_state, event);
	pg_uuid_t  *to = palloc(sizeof(pg_uuid_t));

	ends->note = note;
	ends->fate = ROW_MOVED;
	ends->other = to;
	PlanPromise(plan, change, row_state, &from);
	*to = row_state->promise;
}

/* Withdrawn from the old customer's chain, made anew in the new one's. */
static void
PlanMove(ChangePlan *plan, const TrackedChange *change, RowState *row_state)
{
	PlanReplacement(plan, change, row_state, EVENT_WITHDRAWN, "Its row belongs to another customer now.");
}

/* The promise was settled: from now on the row stands for a new one. */
static void
PlanNextPromise(ChangePlan *plan, const TrackedChange *change, RowState *row_state)
{
	PlanReplacement(plan, change, row_state, EVENT_NOTED, "Its row stands for another promise now.");
}

static void
PlanMade(ChangePlan *plan, const TrackedChange *change, RowState *row_state)
{
	const Row  *mapped = change->mapped;

	if (!row_state->live)
	{
		PlanPromise(plan, change, row_state, NULL);
		return;
	}
	if (change->imported)
		return;
	/* nothing says that it was deleted */
	if (change->operation == ROW_INSERT && !row_state->reinserted && row_state->chain_length >= 0)
	{
		MemoryContextSwitchTo(plan->scratch);
		row_state->reinserted = RowMatchesPromise(plan->ledger, change, row_state->customer, row_state->promise);
		MemoryContextSwitchTo(plan->context);
	}
	if (IsSettled(row_state) && !row_state->reinserted)
		PlanNextPromise(plan, change, row_state);
	else if (IsSettled(row_state) && change->old_key)
		PlanKeyNote(plan, row_state);
	else if (IsSettled(row_state))
		return;
	else if (!RowIsNull(mapped, COMMAND_CUSTOMER) &&
			 (row_state->customer == NULL || !RowTextIs(mapped, COMMAND_CUSTOMER, row_state->customer)))
		PlanMove(plan, change, row_state);
	else
		AddPlannedEvent(plan, row_state, EVENT_AMENDED)->compares_all = true;
}

static void
PlanAmended(ChangePlan *plan, const TrackedChange *change, RowState *row_state)
{
	if (change->moved && IsSettled(row_state))
		PlanNote(plan, row_state, "Its row belongs to another customer now. The promise was settled before.", ROW_STAYS);
	else if (change->moved)
		PlanMove(plan, change, row_state);
	else if (IsSettled(row_state) && change->changed == 0)
		PlanKeyNote(plan, row_state);
	else
		AddPlannedEvent(plan, row_state, EVENT_AMENDED);
}

/* The promise stays as it is, or is withdrawn if that was the choice and it can be. */
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
		PlanNote(plan, row_state, "Its row went to another partition, where nothing tells of it.", ROW_DELETED);
	else if (change->withdraws_on_delete && !IsSettled(row_state))
	{
		PlannedEvent	   *planned = AddPlannedEvent(plan, row_state, EVENT_WITHDRAWN);

		planned->note = "Its row was deleted.";
		planned->fate = ROW_DELETED;
	}
	else
		PlanNote(plan, row_state, "Its row was deleted.", ROW_DELETED);
	row_state->live = false;
}

static void PlanChange(ChangePlan *plan, const TrackedChange *change, int nth);

/* In the scratch memory, where it is not kept. */
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
	return event == EVENT_ASSESSED || event == EVENT_WITHDRAWN || event == EVENT_RELEASED || event == EVENT_BREACH_ADMITTED;
}

/* What a row can say again, as when its status goes back and forth: once is enough. */
static bool
IsRecordedOnce(Event event)
{
	return event == EVENT_ACCEPTED || event == EVENT_PAUSED || event == EVENT_RESUMED;
}

/*
 * What another trigger of the same row told first, or did to the row before its
 * promise was told of, is upon the promise that is made of it.
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

/* Upon a row that stands for no promise nothing is done: nothing was promised. */
static void
PlanChange(ChangePlan *plan, const TrackedChange *change, int nth)
{
	RowState	   *row_state = RowStateOfChange(plan->row_states, change);

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
	}
	else if (change->operation == ROW_DELETE)
		PlanDeleted(plan, change, row_state, nth);
	else if (change->event == EVENT_AMENDED)
		PlanAmended(plan, change, row_state);
	else
	{
		AddPlannedEvent(plan, row_state, change->event)->skip_if_recorded =
			change->imported || (row_state->reinserted && change->operation == ROW_INSERT) || IsRecordedOnce(change->event);
		if (EventSettles(change->event))
			row_state->state = STATE_KEPT;	/* or another that ends it */
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
