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

typedef struct DeedPlan
{
	const Ledger *ledger;
	const Changes *changes;
	MemoryContext context;		/* what is decided lives there */
	MemoryContext scratch;		/* for one change at a time */
	AtHand		at_hand;
	int			nth;			/* of the change that is being decided */
	HTAB	   *spots;
	Deed	   *deeds;
	int			count;
	int			capacity;
} DeedPlan;

/* ---- deciding ---- */

static bool
Ended(const Spot *spot)
{
	return spot->state > STATE_OPEN;
}

static Deed *
AddDeed(DeedPlan *plan, const Spot *spot, Event event)
{
	Deed	   *deed;

	if (plan->count == plan->capacity)
	{
		plan->capacity *= 2;
		plan->deeds = repalloc_huge(plan->deeds, sizeof(Deed) * plan->capacity);
	}
	deed = &plan->deeds[plan->count];
	*deed = (Deed) {
		.nth = plan->nth, .place = plan->count, .event = event, .customer = spot->customer, .promise = spot->promise,
		.seen = spot->seen
	};
	plan->count++;
	return deed;
}

static void
AddNote(DeedPlan *plan, const Spot *spot, const char *note, RowFate fate)
{
	Deed	   *deed = AddDeed(plan, spot, EVENT_NOTED);

	deed->note = note;
	deed->fate = fate;
}

/* A promise by the row as it is now; from: the one that it stood for until now, to another customer. */
static void
AddMake(DeedPlan *plan, const TrackedChange *change, Spot *spot, const pg_uuid_t *from)
{
	Deed	   *deed;

	spot->live = true;
	spot->customer = RowText(change->mapped, MAPPED_CUSTOMER);
	spot->promise = *DatumGetUUIDP(NewPromiseId(GetCurrentTimestamp()));
	spot->state = STATE_OPEN;
	spot->seen = -1;
	deed = AddDeed(plan, spot, EVENT_MADE);
	if (from)
	{
		deed->other = palloc(sizeof(pg_uuid_t));
		*deed->other = *from;
	}
}

/* That event of the promise that the row stood for until now, and another made in its stead, each naming the other. */
static void
AddInstead(DeedPlan *plan, const TrackedChange *change, Spot *spot, Event event, const char *note)
{
	pg_uuid_t	from = spot->promise;
	Deed	   *ends = AddDeed(plan, spot, event);
	pg_uuid_t  *to = palloc(sizeof(pg_uuid_t));

	ends->note = note;
	ends->fate = ROW_MOVED;
	ends->other = to;
	AddMake(plan, change, spot, &from);
	*to = spot->promise;
}

/* Withdrawn from the old customer's chain, made anew in the new one's. */
static void
AddMove(DeedPlan *plan, const TrackedChange *change, Spot *spot)
{
	AddInstead(plan, change, spot, EVENT_WITHDRAWN, "Its row belongs to another customer now.");
}

/* The promise was settled: from now on the row stands for a new one. */
static void
AddNext(DeedPlan *plan, const TrackedChange *change, Spot *spot)
{
	AddInstead(plan, change, spot, EVENT_NOTED, "Its row stands for another promise now.");
}

static void
DecideMade(DeedPlan *plan, const TrackedChange *change, Spot *spot)
{
	const Row  *mapped = change->mapped;

	if (!spot->live)
	{
		AddMake(plan, change, spot, NULL);
		return;
	}
	if (change->imported)
		return;
	/* nothing says that it was deleted */
	if (change->operation == ROW_INSERT && !spot->put_again && spot->seen >= 0)
	{
		MemoryContextSwitchTo(plan->scratch);
		spot->put_again = DeedSaysTheSame(plan->ledger, change, spot->customer, spot->promise);
		MemoryContextSwitchTo(plan->context);
	}
	if (Ended(spot) && !spot->put_again)
		AddNext(plan, change, spot);
	else if (Ended(spot) && change->old_key)
		AddNote(plan, spot, other_key_note, ROW_STAYS);
	else if (Ended(spot))
		return;
	else if (!RowIsNull(mapped, MAPPED_CUSTOMER) &&
			 (spot->customer == NULL || !RowTextIs(mapped, MAPPED_CUSTOMER, spot->customer)))
		AddMove(plan, change, spot);
	else
		AddDeed(plan, spot, EVENT_AMENDED)->compares = true;
}

static void
DecideAmended(DeedPlan *plan, const TrackedChange *change, Spot *spot)
{
	if (change->moved && Ended(spot))
		AddNote(plan, spot, "Its row belongs to another customer now. The promise was settled before.", ROW_STAYS);
	else if (change->moved)
		AddMove(plan, change, spot);
	else if (Ended(spot) && change->differs == 0)
		AddNote(plan, spot, other_key_note, ROW_STAYS);
	else
		AddDeed(plan, spot, EVENT_AMENDED);
}

/* The promise stays as it is, or is withdrawn if that was the choice and it can be. */
static void
DecideDeleted(DeedPlan *plan, const TrackedChange *change, Spot *spot, int nth)
{
	if (change->arrived)
		return;
	if (spot->last_insert > nth && !change->leaves)
	{
		spot->put_again = true;
		return;
	}
	if (change->leaves)
		AddNote(plan, spot, "Its row went to another partition, where nothing tells of it.", ROW_DELETED);
	else if (change->withdraws && !Ended(spot))
	{
		Deed	   *deed = AddDeed(plan, spot, EVENT_WITHDRAWN);

		deed->note = "Its row was deleted.";
		deed->fate = ROW_DELETED;
	}
	else
		AddNote(plan, spot, "Its row was deleted.", ROW_DELETED);
	spot->live = false;
}

static void Decide(DeedPlan *plan, const TrackedChange *change, int nth);

/* In the scratch memory, where it is not kept. */
static const TrackedChange *
Fetch(DeedPlan *plan, int nth)
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
DecideEarly(DeedPlan *plan, Spot *spot, int nth)
{
	List	   *early = spot->early;
	ListCell   *cell;

	spot->early = NIL;
	foreach(cell, early)
	{
		plan->nth = lfirst_int(cell);
		Decide(plan, Fetch(plan, plan->nth), nth);
	}
}

/* Upon a row that stands for no promise nothing is done: nothing was promised. */
static void
Decide(DeedPlan *plan, const TrackedChange *change, int nth)
{
	Spot	   *spot = SpotOfChange(plan->spots, change);

	if (change->operation != ROW_DELETE && change->event == EVENT_MADE)
	{
		DecideMade(plan, change, spot);
		if (spot->early)
			DecideEarly(plan, spot, nth);
	}
	else if (!spot->live)
	{
		if (change->operation == ROW_DELETE)
			spot->early = NIL;
		else if (spot->last_insert > nth)
			spot->early = lappend_int(spot->early, plan->nth);
	}
	else if (change->operation == ROW_DELETE)
		DecideDeleted(plan, change, spot, nth);
	else if (change->event == EVENT_AMENDED)
		DecideAmended(plan, change, spot);
	else
	{
		AddDeed(plan, spot, change->event)->unless_said =
			change->imported || (spot->put_again && change->operation == ROW_INSERT) || IsSaidOnce(change->event);
		if (Settles(change->event))
			spot->state = STATE_KEPT;	/* or another that ends it */
	}
}

/* ---- whose chains are locked, and in which order ---- */

static const char *
OrEmpty(const char *customer)
{
	return customer ? customer : "";
}

static int
CompareDeeds(const void *a, const void *b)
{
	const Deed *first = a;
	const Deed *second = b;
	int			order = strcmp(OrEmpty(first->customer), OrEmpty(second->customer));

	return order ? order : first->place - second->place;
}

static bool
SameCustomer(const Deed *a, const Deed *b)
{
	return strcmp(OrEmpty(a->customer), OrEmpty(b->customer)) == 0;
}

/* Room for the chains of all customers, who stand together. */
static Chain *
NewChains(const DeedPlan *plan)
{
	Size		customers = 0;

	for (int i = 0; i < plan->count; i++)
		if (i == 0 || !SameCustomer(&plan->deeds[i - 1], &plan->deeds[i]))
			customers++;
	return MemoryContextAllocHuge(plan->context, sizeof(Chain) * Max(customers, 1));
}

/* False where it is no customer's, and doing it is refused. */
static bool
LockChainOf(const DeedPlan *plan, Chain *chain, const char *customer)
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
LockChains(DeedPlan *plan)
{
	Chain	   *next = NewChains(plan);
	Chain	   *chain = NULL;
	bool		as_seen = true;

	for (int i = 0; i < plan->count; i++)
	{
		Deed	   *deed = &plan->deeds[i];

		if (i == 0 || !SameCustomer(&plan->deeds[i - 1], deed))
			chain = LockChainOf(plan, next, OrEmpty(deed->customer)) ? next++ : NULL;
		deed->chain = chain;
		as_seen = as_seen && (chain == NULL || deed->seen < 0 || deed->seen == chain->length);
	}
	return as_seen;
}

/* ---- all of it; within a LedgerSession ---- */

static void
DecideAll(DeedPlan *plan)
{
	for (int i = 0; i < plan->changes->count; i++)
	{
		const TrackedChange *change = Fetch(plan, i);

		if (change->operation == ROW_INSERT && change->event == EVENT_MADE)
			SpotOf(plan->spots, change, change->key)->last_insert = i;
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
PlanDeeds(DeedPlan *plan)
{
	MemoryContext previous = MemoryContextSwitchTo(plan->context);
	bool		as_seen;

	MemoryContextReset(plan->context);
	plan->scratch = AllocSetContextCreate(plan->context, "trust_ledger change", ALLOCSET_SMALL_SIZES);
	plan->spots = SpotsBegin();
	plan->capacity = Max(plan->changes->count, 8);
	plan->deeds = MemoryContextAllocHuge(plan->context, sizeof(Deed) * plan->capacity);
	plan->count = 0;
	SpotsLookUp(plan->spots, plan->changes);
	DecideAll(plan);
	qsort(plan->deeds, plan->count, sizeof(Deed), CompareDeeds);
	as_seen = LockChains(plan);
	MemoryContextSwitchTo(previous);
	return as_seen;
}

static void
BeginPlan(DeedPlan *plan, const Ledger *ledger, const Changes *changes)
{
	memset(plan, 0, sizeof(DeedPlan));
	plan->ledger = ledger;
	plan->changes = changes;
	plan->context = AllocSetContextCreate(CurrentMemoryContext, "trust_ledger deeds", ALLOCSET_DEFAULT_SIZES);
}

/*
 * So many deeds are written at once, and of one customer so many: each time the
 * head of the chain moves, and what is known of its promises is read again.
 */
#define DEEDS_AT_ONCE 1000
#define DEEDS_OF_ONE_CUSTOMER 10000

static int
EndOfPart(const DeedPlan *plan, int first)
{
	int			next = first + 1;

	while (next < plan->count &&
		   (next - first < DEEDS_AT_ONCE ||
			(next - first < DEEDS_OF_ONE_CUSTOMER && plan->deeds[next].chain == plan->deeds[next - 1].chain)))
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
DeedsCarryOut(const Ledger *ledger, const Changes *changes)
{
	LedgerSession session;
	DeedPlan	plan;
	ErrorContextCallback context = {
		.previous = error_context_stack, .callback = DeedErrorContext, .arg = &plan.at_hand
	};
	int			next;

	LedgerEnter(ledger, &session);
	BeginPlan(&plan, ledger, changes);
	error_context_stack = &context;
	for (int rounds = 0; !PlanDeeds(&plan); rounds++)
		if (rounds == MOST_ROUNDS)
			NeverAsSeen();
	for (int first = 0; first < plan.count; first = next)
	{
		next = EndOfPart(&plan, first);
		DeedsDo(ledger, changes, plan.deeds + first, next - first, &plan.at_hand);
	}
	error_context_stack = context.previous;
	LedgerLeave(&session);
}

/* Only locks whom the changes concern. */
void
DeedsLock(const Ledger *ledger, const Changes *changes)
{
	LedgerSession session;
	DeedPlan	plan;

	LedgerEnter(ledger, &session);
	BeginPlan(&plan, ledger, changes);
	(void) PlanDeeds(&plan);
	LedgerLeave(&session);
}
