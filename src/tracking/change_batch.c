/*
 * change_batch.c
 *		Changes of tracked rows, written together.
 */
#include "postgres.h"

#include "tracking/change_batch.h"

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "tracking/change_plan.h"

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

	return order ? order : first->position - second->position;
}

static bool
SameCustomer(const PlannedEvent *a, const PlannedEvent *b)
{
	return strcmp(OrEmpty(a->customer), OrEmpty(b->customer)) == 0;
}

/* Room for the chains of all customers, who stand together. */
static Chain *
AllocChains(const ChangePlan *plan)
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
	Chain	   *next = AllocChains(plan);
	Chain	   *chain = NULL;
	bool		unchanged = true;

	for (int i = 0; i < plan->count; i++)
	{
		PlannedEvent	   *planned = &plan->events[i];

		if (i == 0 || !SameCustomer(&plan->events[i - 1], planned))
			chain = LockChainOf(plan, next, OrEmpty(planned->customer)) ? next++ : NULL;
		planned->chain = chain;
		unchanged = unchanged && (chain == NULL || planned->chain_length < 0 || planned->chain_length == chain->length);
	}
	return unchanged;
}

/* ---- all of it; within a LedgerSession ---- */

/* Decides all, and locks whom it concerns.  False where it has to be decided anew. */
static bool
PlanAndLock(ChangePlan *plan)
{
	MemoryContext previous = MemoryContextSwitchTo(plan->context);
	bool		unchanged;

	MemoryContextReset(plan->context);
	plan->scratch = AllocSetContextCreate(plan->context, "trust_ledger change", ALLOCSET_SMALL_SIZES);
	plan->row_states = RowStatesBegin();
	plan->capacity = Max(plan->changes->count, 8);
	plan->events = MemoryContextAllocHuge(plan->context, sizeof(PlannedEvent) * plan->capacity);
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

pg_noreturn static void LedgerKeepsChanging(void);

static void
LedgerKeepsChanging(void)
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
		.previous = error_context_stack, .callback = ChangeErrorContext, .arg = &plan.current
	};
	int			next;

	LedgerEnter(ledger, &session);
	BeginPlan(&plan, ledger, changes);
	error_context_stack = &context;
	for (int rounds = 0; !PlanAndLock(&plan); rounds++)
		if (rounds == MOST_ROUNDS)
			LedgerKeepsChanging();
	for (int first = 0; first < plan.count; first = next)
	{
		next = EndOfPart(&plan, first);
		PlannedEventsApply(ledger, changes, plan.events + first, next - first, &plan.current);
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
	(void) PlanAndLock(&plan);
	LedgerLeave(&session);
}
