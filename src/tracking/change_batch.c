/*
 * change_batch.c
 *		Locks the chains that changes of tracked rows concern, and writes their events.
 *
 * All events are planned first.  Then the chains of their customers are locked in the
 * order of their keys, so that transactions that changed rows of the same customers in
 * different order do not deadlock.  If another transaction wrote to a chain before it
 * was locked, all events are planned again.  Last, the events are written customer by
 * customer.
 */
#include "postgres.h"

#include "tracking/change_batch.h"

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "tracking/change_plan.h"

/* ---- locking chains ---- */

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

	return order ? order : first->position - second->position;
}

static bool
SameCustomer(const PlannedEvent *a, const PlannedEvent *b)
{
	return strcmp(OrEmpty(a->customer), OrEmpty(b->customer)) == 0;
}

/* One for each customer.  The events are sorted. */
static Chain *
AllocChains(const ChangePlan *plan)
{
	Size		customers = 0;

	for (int i = 0; i < plan->count; i++)
		if (i == 0 || !SameCustomer(&plan->events[i - 1], &plan->events[i]))
			customers++;
	return MemoryContextAllocHuge(plan->context, sizeof(Chain) * Max(customers, 1));
}

/* False if there can be no such customer; writing the event will fail. */
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

/* False if another transaction wrote to one of them after promises were looked up. */
static bool
LockChains(ChangePlan *plan)
{
	Chain	   *next = AllocChains(plan);
	Chain	   *chain = NULL;
	bool		unchanged = true;

	for (int i = 0; i < plan->count; i++)
	{
		PlannedEvent *planned = &plan->events[i];

		if (i == 0 || !SameCustomer(&plan->events[i - 1], planned))
			chain = LockChainOf(plan, next, OrEmpty(planned->customer)) ? next++ : NULL;
		planned->chain = chain;
		unchanged = unchanged &&
			(chain == NULL || planned->chain_length < 0 || planned->chain_length == chain->length);
	}
	return unchanged;
}

/* ---- planning and writing, between LedgerEnter() and LedgerLeave() ---- */

/* Plans all events and locks their chains.  False if they must be planned again. */
static bool
PlanAndLock(ChangePlan *plan)
{
	MemoryContext previous = MemoryContextSwitchTo(plan->context);
	bool		unchanged;

	MemoryContextReset(plan->context);
	plan->scratch = AllocSetContextCreate(plan->context, "trust_ledger change",
										  ALLOCSET_SMALL_SIZES);
	plan->row_states = RowStatesBegin();
	plan->capacity = Max(plan->changes->count, 8);
	plan->events = MemoryContextAllocHuge(plan->context,
										  sizeof(PlannedEvent) * plan->capacity);
	plan->count = 0;
	RowStatesLookUp(plan->row_states, plan->changes);
	PlanChanges(plan);
	qsort(plan->events, plan->count, sizeof(PlannedEvent), ComparePlannedEvents);
	unchanged = LockChains(plan);
	MemoryContextSwitchTo(previous);
	return unchanged;
}

static void
BeginPlan(ChangePlan *plan, const Ledger *ledger, const Changes *changes)
{
	memset(plan, 0, sizeof(ChangePlan));
	plan->ledger = ledger;
	plan->changes = changes;
	plan->context = AllocSetContextCreate(CurrentMemoryContext, "trust_ledger planned events",
										  ALLOCSET_DEFAULT_SIZES);
}

/*
 * How many events are written at once; the second limit applies while all are of one
 * customer.  Each such write updates the heads of chains and reads promises again.
 */
#define EVENTS_AT_ONCE 1000
#define EVENTS_OF_ONE_CUSTOMER 10000

static int
EndOfPart(const ChangePlan *plan, int first)
{
	int			next = first + 1;

	while (next < plan->count &&
		   (next - first < EVENTS_AT_ONCE ||
			(next - first < EVENTS_OF_ONE_CUSTOMER &&
			 plan->events[next].chain == plan->events[next - 1].chain)))
		next++;
	return next;
}

/* Writes the events, whose chains are locked. */
static void
WriteParts(ChangePlan *plan)
{
	int			next;

	for (int first = 0; first < plan->count; first = next)
	{
		next = EndOfPart(plan, first);
		PlannedEventsApply(plan->ledger, plan->changes, plan->events + first, next - first,
						   &plan->current);
	}
}

/*
 * Only we can write to chains that are locked, so that each round can fail only if it
 * finds more customers to lock.
 */
#define MOST_ROUNDS 100

pg_noreturn static void LedgerKeepsChanging(void);

static void
LedgerKeepsChanging(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_TL_ALTERED),
			 errmsg("ledger keeps changing while it is read"),
			 errdetail("Entries were added to chains after these had been locked."),
			 errhint("Run SELECT * FROM trust_ledger.verify();")));
}

void
ChangesApply(const Ledger *ledger, const Changes *changes)
{
	LedgerSession session;
	ChangePlan	plan;
	ErrorContextCallback context = {
		.previous = error_context_stack, .callback = ChangeErrorContext, .arg = &plan.current
	};

	LedgerEnter(ledger, &session);
	BeginPlan(&plan, ledger, changes);
	error_context_stack = &context;
	for (int rounds = 0; !PlanAndLock(&plan); rounds++)
		if (rounds == MOST_ROUNDS)
			LedgerKeepsChanging();
	WriteParts(&plan);
	error_context_stack = context.previous;
	LedgerLeave(&session);
}

void
PlannedEventsWrite(const Ledger *ledger, const Changes *changes, PlannedEvent *events, int count)
{
	LedgerSession session;
	ChangePlan	plan;
	ErrorContextCallback context = {
		.previous = error_context_stack, .callback = ChangeErrorContext, .arg = &plan.current
	};

	LedgerEnter(ledger, &session);
	BeginPlan(&plan, ledger, changes);
	plan.scratch = AllocSetContextCreate(plan.context, "trust_ledger change",
										 ALLOCSET_SMALL_SIZES);
	plan.events = events;
	plan.count = count;
	error_context_stack = &context;
	(void) LockChains(&plan);
	WriteParts(&plan);
	error_context_stack = context.previous;
	LedgerLeave(&session);
}

void
ChangesLock(const Ledger *ledger, const Changes *changes)
{
	LedgerSession session;
	ChangePlan	plan;

	LedgerEnter(ledger, &session);
	BeginPlan(&plan, ledger, changes);
	(void) PlanAndLock(&plan);
	LedgerLeave(&session);
}
