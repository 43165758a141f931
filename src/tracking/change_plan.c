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
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "tracking/change_apply.h"
#include "tracking/row_state.h"

typedef struct ChangePlan
{
	const Ledger *ledger;
	const Changes *changes;
	MemoryContext context;		/* what is decided lives there */
	MemoryContext scratch;		/* for one change at a time */
	ChangeAtHand		at_hand;
	int			nth;			/* of the change that is being decided */
	HTAB	   *row_states;
	PlannedEvent	   *events;
	int			count;
	int			capacity;
} ChangePlan;

/* ---- deciding ---- */

static bool
Ended(const RowState *row_state)
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
		.nth = plan->nth, .place = plan->count, .event = event, .customer = row_state->customer, .promise = row_state->promise,
		.seen = row_state->seen
	};
	plan->count++;
	return planned;
}

static void
AddNote(ChangePlan *plan, const RowState *row_state, const char *note, RowFate fate)
{
	PlannedEvent	   *planned = AddPlannedEvent(plan, row_state, EVENT_NOTED);

	planned->note = note;
	planned->fate = fate;
}

/* Unless another of the row's events has said so by then. */
static void
AddKeyNote(ChangePlan *plan, const RowState *row_state)
{
	AddPlannedEvent(plan, row_state, EVENT_NOTED)->notes_key = true;
}

/* A promise by the row as it is now; from: the one that it stood for until now, to another customer. */
static void
AddMake(ChangePlan *plan, const TrackedChange *change, RowState *row_state, const pg_uuid_t *from)
{
	PlannedEvent	   *planned;

	row_state->live = true;
	row_state->customer = RowText(change->mapped, COMMAND_CUSTOMER);
	row_state->promise = *DatumGetUUIDP(NewPromiseId(GetCurrentTimestamp()));
	row_state->state = STATE_OPEN;
	row_state->seen = -1;
	planned = AddPlannedEvent(plan, row_state, EVENT_MADE);
	if (from)
	{
		planned->other = palloc(sizeof(pg_uuid_t));
		*planned->other = *from;
	}
}

/* That event of the promise that the row stood for until now, and another made in its stead, each naming the other. */
static void
AddInstead(ChangePlan *plan, const TrackedChange *change, RowState *row_state, Event event, const char *note)
{
	pg_uuid_t	from = row_state->promise;
	PlannedEvent	   *ends = AddPlannedEvent(plan, row_state, event);
	pg_uuid_t  *to = palloc(sizeof(pg_uuid_t));

	ends->note = note;
	ends->fate = ROW_MOVED;
	ends->other = to;
	AddMake(plan, change, row_state, &from);
	*to = row_state->promise;
}

/* Withdrawn from the old customer's chain, made anew in the new one's. */
static void
AddMove(ChangePlan *plan, const TrackedChange *change, RowState *row_state)
{
	AddInstead(plan, change, row_state, EVENT_WITHDRAWN, "Its row belongs to another customer now.");
}

/* The promise was settled: from now on the row stands for a new one. */
static void
AddNext(ChangePlan *plan, const TrackedChange *change, RowState *row_state)
{
	AddInstead(plan, change, row_state, EVENT_NOTED, "Its row stands for another promise now.");
}

static void
DecideMade(ChangePlan *plan, const TrackedChange *change, RowState *row_state)
{
	const Row  *mapped = change->mapped;

	if (!row_state->live)
	{
		AddMake(plan, change, row_state, NULL);
		return;
	}
	if (change->imported)
		return;
	/* nothing says that it was deleted */
	if (change->operation == ROW_INSERT && !row_state->put_again && row_state->seen >= 0)
	{
		MemoryContextSwitchTo(plan->scratch);
		row_state->put_again = RowSaysTheSame(plan->ledger, change, row_state->customer, row_state->promise);
		MemoryContextSwitchTo(plan->context);
	}
	if (Ended(row_state) && !row_state->put_again)
		AddNext(plan, change, row_state);
	else if (Ended(row_state) && change->old_key)
		AddKeyNote(plan, row_state);
	else if (Ended(row_state))
		return;
	else if (!RowIsNull(mapped, COMMAND_CUSTOMER) &&
			 (row_state->customer == NULL || !RowTextIs(mapped, COMMAND_CUSTOMER, row_state->customer)))
		AddMove(plan, change, row_state);
	else
		AddPlannedEvent(plan, row_state, EVENT_AMENDED)->compares = true;
}

static void
DecideAmended(ChangePlan *plan, const TrackedChange *change, RowState *row_state)
{
	if (change->moved && Ended(row_state))
		AddNote(plan, row_state, "Its row belongs to another customer now. The promise was settled before.", ROW_STAYS);
	else if (change->moved)
		AddMove(plan, change, row_state);
	else if (Ended(row_state) && change->differs == 0)
		AddKeyNote(plan, row_state);
	else
		AddPlannedEvent(plan, row_state, EVENT_AMENDED);
}

/* The promise stays as it is, or is withdrawn if that was the choice and it can be. */
static void
DecideDeleted(ChangePlan *plan, const TrackedChange *change, RowState *row_state, int nth)
{
	if (change->arrived)
		return;
	if (row_state->last_insert > nth && !change->leaves)
	{
		row_state->put_again = true;
		return;
	}
	if (change->leaves)
		AddNote(plan, row_state, "Its row moved to a partition that is not tracked.", ROW_DELETED);
	else if (change->withdraws && !Ended(row_state))
	{
		PlannedEvent	   *planned = AddPlannedEvent(plan, row_state, EVENT_WITHDRAWN);

		planned->note = "Its row was deleted.";
		planned->fate = ROW_DELETED;
	}
	else
		AddNote(plan, row_state, "Its row was deleted.", ROW_DELETED);
	row_state->live = false;
}

static void Decide(ChangePlan *plan, const TrackedChange *change, int nth);

/* In the scratch memory, where it is not kept. */
static const TrackedChange *
Fetch(ChangePlan *plan, int nth)
{
	MemoryContext previous = MemoryContextSwitchTo(plan->scratch);
	const TrackedChange *change = ChangesGet(plan->changes, nth);

	MemoryContextSwitchTo(previous);
	return change;
}

static bool
Settles(Event event)
{
	return event == EVENT_ASSESSED || event == EVENT_WITHDRAWN || event == EVENT_RELEASED || event == EVENT_BREACH_ADMITTED;
}

/* What a row can say again, as when its status goes back and forth: once is enough. */
static bool
IsSaidOnce(Event event)
{
	return event == EVENT_ACCEPTED || event == EVENT_PAUSED || event == EVENT_RESUMED;
}

/*
 * What another trigger of the same row told first, or did to the row before its
 * promise was told of, is upon the promise that is made of it.
 */
static void
DecideEarly(ChangePlan *plan, RowState *row_state, int nth)
{
	List	   *early = row_state->early;
	ListCell   *cell;

	row_state->early = NIL;
	foreach(cell, early)
	{
		plan->nth = lfirst_int(cell);
		Decide(plan, Fetch(plan, plan->nth), nth);
	}
}

/* Upon a row that stands for no promise nothing is done: nothing was promised. */
static void
Decide(ChangePlan *plan, const TrackedChange *change, int nth)
{
	RowState	   *row_state = RowStateOfChange(plan->row_states, change);

	if (change->operation != ROW_DELETE && change->event == EVENT_MADE)
	{
		DecideMade(plan, change, row_state);
		if (row_state->early)
			DecideEarly(plan, row_state, nth);
	}
	else if (!row_state->live)
	{
		if (change->operation == ROW_DELETE)
			row_state->early = NIL;
		else if (row_state->last_insert > nth)
			row_state->early = lappend_int(row_state->early, plan->nth);
	}
	else if (change->operation == ROW_DELETE)
		DecideDeleted(plan, change, row_state, nth);
	else if (change->event == EVENT_AMENDED)
		DecideAmended(plan, change, row_state);
	else
	{
		AddPlannedEvent(plan, row_state, change->event)->unless_said =
			change->imported || (row_state->put_again && change->operation == ROW_INSERT) || IsSaidOnce(change->event);
		if (Settles(change->event))
			row_state->state = STATE_KEPT;	/* or another that ends it */
	}
}

/* ---- whose chains are locked, and in which order ---- */

static const char *
OrEmpty(const char *customer)
{
	return customer ? customer : "";
}

static int
ComparePlannedEvents(const void *a, const void *b)
{
	const PlannedEvent *first = a;
	const PlannedEvent *second = b;
	int			order = strcmp(OrEmpty(first->customer), OrEmpty(second->customer));

	return order ? order : first->place - second->place;
}

static bool
SameCustomer(const PlannedEvent *a, const PlannedEvent *b)
{
	return strcmp(OrEmpty(a->customer), OrEmpty(b->customer)) == 0;
}

/* Room for the chains of all customers, who stand together. */
static Chain *
NewChains(const ChangePlan *plan)
{
	Size		customers = 0;

	for (int i = 0; i < plan->count; i++)
		if (i == 0 || !SameCustomer(&plan->events[i - 1], &plan->events[i]))
			customers++;
	return MemoryContextAllocHuge(plan->context, sizeof(Chain) * Max(customers, 1));
}

/* False where it is no customer's, and doing it is refused. */
static bool
LockChainOf(const ChangePlan *plan, Chain *chain, const char *customer)
{
	text	   *key;

	CHECK_FOR_INTERRUPTS();
	if (KeyProblem(customer))
		return false;
	key = cstring_to_text(customer);
	MemoryContextSwitchTo(plan->scratch);
	ChainLock(chain, plan->ledger, key);
	MemoryContextSwitchTo(plan->context);
	MemoryContextReset(plan->scratch);
	return true;
}

/* False where somebody else wrote to one of them after it was looked at. */
static bool
LockChains(ChangePlan *plan)
{
	Chain	   *next = NewChains(plan);
	Chain	   *chain = NULL;
	bool		as_seen = true;

	for (int i = 0; i < plan->count; i++)
	{
		PlannedEvent	   *planned = &plan->events[i];

		if (i == 0 || !SameCustomer(&plan->events[i - 1], planned))
			chain = LockChainOf(plan, next, OrEmpty(planned->customer)) ? next++ : NULL;
		planned->chain = chain;
		as_seen = as_seen && (chain == NULL || planned->seen < 0 || planned->seen == chain->length);
	}
	return as_seen;
}

/* ---- all of it; within a LedgerSession ---- */

static void
DecideAll(ChangePlan *plan)
{
	for (int i = 0; i < plan->changes->count; i++)
	{
		const TrackedChange *change = Fetch(plan, i);

		if (change->operation == ROW_INSERT && change->event == EVENT_MADE)
			RowStateOf(plan->row_states, change, change->key)->last_insert = i;
		MemoryContextReset(plan->scratch);
	}
	for (int i = 0; i < plan->changes->count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		plan->nth = i;
		plan->at_hand.change = Fetch(plan, i);
		Decide(plan, plan->at_hand.change, i);
		plan->at_hand.change = NULL;
		MemoryContextReset(plan->scratch);
	}
}

/* Decides all, and locks whom it concerns.  False where it has to be decided anew. */
static bool
PlanEvents(ChangePlan *plan)
{
	MemoryContext previous = MemoryContextSwitchTo(plan->context);
	bool		as_seen;

	MemoryContextReset(plan->context);
	plan->scratch = AllocSetContextCreate(plan->context, "trust_ledger change", ALLOCSET_SMALL_SIZES);
	plan->row_states = RowStatesBegin();
	plan->capacity = Max(plan->changes->count, 8);
	plan->events = MemoryContextAllocHuge(plan->context, sizeof(PlannedEvent) * plan->capacity);
	plan->count = 0;
	RowStatesLookUp(plan->row_states, plan->changes);
	DecideAll(plan);
	qsort(plan->events, plan->count, sizeof(PlannedEvent), ComparePlannedEvents);
	as_seen = LockChains(plan);
	MemoryContextSwitchTo(previous);
	return as_seen;
}

static void
BeginPlan(ChangePlan *plan, const Ledger *ledger, const Changes *changes)
{
	memset(plan, 0, sizeof(ChangePlan));
	plan->ledger = ledger;
	plan->changes = changes;
	plan->context = AllocSetContextCreate(CurrentMemoryContext, "trust_ledger deeds", ALLOCSET_DEFAULT_SIZES);
}

/*
 * So many deeds are written at once, and of one customer so many: each time the
 * head of the chain moves, and what is known of its promises is read again.
 */
#define EVENTS_AT_ONCE 1000
#define EVENTS_OF_ONE_CUSTOMER 10000

static int
EndOfPart(const ChangePlan *plan, int first)
{
	int			next = first + 1;

	while (next < plan->count &&
		   (next - first < EVENTS_AT_ONCE ||
			(next - first < EVENTS_OF_ONE_CUSTOMER && plan->events[next].chain == plan->events[next - 1].chain)))
		next++;
	return next;
}

/* What is locked only we can write to; each round can at most find more customers to be locked. */
#define MOST_ROUNDS 100

pg_noreturn static void NeverAsSeen(void);

static void
NeverAsSeen(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_TL_ALTERED),
			 errmsg("the ledger changes whenever it is read"),
			 errdetail("Something on its tables appends entries while it is read."),
			 errhint("Run SELECT * FROM trust_ledger.verify();")));
}

/* Does to promises what the changes say, in their order. */
void
ChangesApply(const Ledger *ledger, const Changes *changes)
{
	LedgerSession session;
	ChangePlan	plan;
	ErrorContextCallback context = {
		.previous = error_context_stack, .callback = ChangeErrorContext, .arg = &plan.at_hand
	};
	int			next;

	LedgerEnter(ledger, &session);
	BeginPlan(&plan, ledger, changes);
	error_context_stack = &context;
	for (int rounds = 0; !PlanEvents(&plan); rounds++)
		if (rounds == MOST_ROUNDS)
			NeverAsSeen();
	for (int first = 0; first < plan.count; first = next)
	{
		next = EndOfPart(&plan, first);
		PlannedEventsApply(ledger, changes, plan.events + first, next - first, &plan.at_hand);
	}
	error_context_stack = context.previous;
	LedgerLeave(&session);
}

/* Only locks whom the changes concern. */
void
ChangesLock(const Ledger *ledger, const Changes *changes)
{
	LedgerSession session;
	ChangePlan	plan;

	LedgerEnter(ledger, &session);
	BeginPlan(&plan, ledger, changes);
	(void) PlanEvents(&plan);
	LedgerLeave(&session);
}
