/*
 * deed.c
 *		What changes of tracked rows do to promises: deciding it, and who is locked.
 *
 * First all is decided, then the chains of all customers that it concerns are
 * locked in the order of their keys, then it is done customer by customer: two
 * transactions that changed rows of the same customers in opposite order do not
 * wait for each other crosswise.  Where somebody else wrote to a chain before it
 * was locked, all is decided anew.
 */
#include "postgres.h"

#include "deed.h"

#include "miscadmin.h"
#include "utils/builtins.h"

#include "deed_done.h"
#include "spot.h"

typedef struct DeedPlan
{
	const Ledger *ledger;
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
AddDeed(DeedPlan *plan, const TrackedChange *change, const Spot *spot, Event event)
{
	Deed	   *deed;

	if (plan->count == plan->capacity)
	{
		plan->capacity *= 2;
		plan->deeds = repalloc_huge(plan->deeds, sizeof(Deed) * plan->capacity);
	}
	deed = &plan->deeds[plan->count];
	*deed = (Deed) {
		.change = change, .place = plan->count, .event = event, .customer = spot->customer, .promise = spot->promise,
		.seen = spot->seen
	};
	plan->count++;
	return deed;
}

static void
AddNote(DeedPlan *plan, const TrackedChange *change, const Spot *spot, const char *note, RowFate fate)
{
	Deed	   *deed = AddDeed(plan, change, spot, EVENT_NOTED);

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
	deed = AddDeed(plan, change, spot, EVENT_MADE);
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
	Deed	   *ends = AddDeed(plan, change, spot, event);
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
	char	   *customer = RowText(change->mapped, MAPPED_CUSTOMER);

	if (!spot->live)
	{
		AddMake(plan, change, spot, NULL);
		return;
	}
	if (change->imported)
		return;
	/* nothing says that it was deleted */
	if (change->operation == ROW_INSERT && !spot->put_again && spot->seen >= 0)
		spot->put_again = DeedSaysTheSame(plan->ledger, change, spot->customer, spot->promise);
	if (Ended(spot) && !spot->put_again)
		AddNext(plan, change, spot);
	else if (Ended(spot) && change->old_key)
		AddNote(plan, change, spot, other_key_note, ROW_STAYS);
	else if (Ended(spot))
		return;
	else if (customer && (spot->customer == NULL || strcmp(customer, spot->customer) != 0))
		AddMove(plan, change, spot);
	else
		AddDeed(plan, change, spot, EVENT_AMENDED)->compares = true;
}

static void
DecideAmended(DeedPlan *plan, const TrackedChange *change, Spot *spot)
{
	if (change->moved && Ended(spot))
		AddNote(plan, change, spot, "Its row belongs to another customer now. The promise was settled before.", ROW_STAYS);
	else if (change->moved)
		AddMove(plan, change, spot);
	else if (Ended(spot) && change->differs == 0)
		AddNote(plan, change, spot, other_key_note, ROW_STAYS);
	else
		AddDeed(plan, change, spot, EVENT_AMENDED);
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
		AddNote(plan, change, spot, "Its row went to another partition, where nothing tells of it.", ROW_DELETED);
	else if (change->withdraws && !Ended(spot))
	{
		Deed	   *deed = AddDeed(plan, change, spot, EVENT_WITHDRAWN);

		deed->note = "Its row was deleted.";
		deed->fate = ROW_DELETED;
	}
	else
		AddNote(plan, change, spot, "Its row was deleted.", ROW_DELETED);
	spot->live = false;
}

static void Decide(DeedPlan *plan, const TrackedChange *change, int nth);

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
		Decide(plan, lfirst(cell), nth);
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
			spot->early = lappend(spot->early, unconstify(TrackedChange *, change));
	}
	else if (change->operation == ROW_DELETE)
		DecideDeleted(plan, change, spot, nth);
	else if (change->event == EVENT_AMENDED)
		DecideAmended(plan, change, spot);
	else
	{
		AddDeed(plan, change, spot, change->event)->unless_said =
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

/* NULL: it is no customer's, and doing it is refused. */
static Chain *
LockChainOf(const Ledger *ledger, const char *customer)
{
	Chain	   *chain;

	CHECK_FOR_INTERRUPTS();
	if (KeyProblem(customer))
		return NULL;
	chain = palloc(sizeof(Chain));
	ChainLock(chain, ledger, cstring_to_text(customer));
	return chain;
}

/* False where somebody else wrote to one of them after it was looked at. */
static bool
LockChains(DeedPlan *plan, const Ledger *ledger)
{
	Chain	   *chain = NULL;
	bool		as_seen = true;

	qsort(plan->deeds, plan->count, sizeof(Deed), CompareDeeds);
	for (int i = 0; i < plan->count; i++)
	{
		Deed	   *deed = &plan->deeds[i];

		if (i == 0 || strcmp(OrEmpty(plan->deeds[i - 1].customer), OrEmpty(deed->customer)) != 0)
			chain = LockChainOf(ledger, OrEmpty(deed->customer));
		deed->chain = chain;
		as_seen = as_seen && (chain == NULL || deed->seen < 0 || deed->seen == chain->length);
	}
	return as_seen;
}

/* ---- all of it; within a LedgerSession ---- */

static void
MakePlan(DeedPlan *plan, TrackedChange *const *changes, int count)
{
	plan->spots = SpotsBegin();
	plan->capacity = Max(count, 8);
	plan->deeds = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(Deed) * plan->capacity);
	plan->count = 0;
	SpotsLookUp(plan->spots, changes, count);
	for (int i = 0; i < count; i++)
		if (changes[i]->operation == ROW_INSERT && changes[i]->event == EVENT_MADE)
			SpotOf(plan->spots, changes[i], changes[i]->key)->last_insert = i;
	for (int i = 0; i < count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		DeedAtHand(changes[i]);
		Decide(plan, changes[i], i);
	}
	DeedAtHand(NULL);
}

#define DEEDS_AT_ONCE 1000

/* Where the deeds end that are written with that one: all of some customers'. */
static int
EndOfPart(const DeedPlan *plan, int first)
{
	int			next = first + 1;

	while (next < plan->count &&
		   (next - first < DEEDS_AT_ONCE || plan->deeds[next].chain == plan->deeds[next - 1].chain))
		next++;
	return next;
}

/* Does to promises what the changes say, in their order. */
void
DeedsCarryOut(const Ledger *ledger, TrackedChange *const *changes, int count)
{
	LedgerSession session;
	ErrorContextCallback context = {.previous = error_context_stack, .callback = DeedErrorContext};
	DeedPlan	plan;
	int			next;

	LedgerEnter(ledger, &session);
	error_context_stack = &context;
	plan.ledger = ledger;
	do
		MakePlan(&plan, changes, count);
	while (!LockChains(&plan, ledger));
	for (int first = 0; first < plan.count; first = next)
	{
		next = EndOfPart(&plan, first);
		DeedsDo(ledger, plan.deeds + first, next - first);
	}
	error_context_stack = context.previous;
	LedgerLeave(&session);
}

/* Only locks whom the changes concern. */
void
DeedsLock(const Ledger *ledger, TrackedChange *const *changes, int count)
{
	LedgerSession session;
	DeedPlan	plan;

	LedgerEnter(ledger, &session);
	plan.ledger = ledger;
	MakePlan(&plan, changes, count);
	(void) LockChains(&plan, ledger);
	LedgerLeave(&session);
}
