/*
 * change_write.c
 *		Writing changes of tracked rows, and what cannot be written.
 */
#include "postgres.h"

#include "tracking/change_write.h"

#include "utils/memutils.h"

#include "base/limit.h"
#include "base/savepoint.h"
#include "tracking/change_plan.h"

/* What is to be written, and what cannot be. */
typedef struct Writing
{
	const Ledger *ledger;
	const Changes *changes;
	const Refusal **refusals;	/* by change; NULL: none */
	MemoryContext scratch;		/* for one change at a time */
} Writing;

static void
WriteAll(void *arg)
{
	Writing    *writing = arg;

	ChangesApply(writing->ledger, writing->changes);
}

/* One of them, until the next is asked for. */
static const TrackedChange *
One(const Writing *writing, int nth)
{
	MemoryContext previous = MemoryContextSwitchTo(writing->scratch);
	const TrackedChange *change;

	MemoryContextReset(writing->scratch);
	change = ChangesGet(writing->changes, nth);
	MemoryContextSwitchTo(previous);
	return change;
}

/* ---- those that are left ---- */

typedef struct Left
{
	const Writing *writing;
	int		   *places;			/* among all */
} Left;

/* A note in the promise's history in place of what could not be written. */
static const TrackedChange *
NoteInstead(const TrackedChange *change, const Refusal *refusal)
{
	TrackedChange *noted = palloc(sizeof(TrackedChange));

	*noted = *change;
	noted->event = EVENT_NOTED;
	noted->operation = ROW_UPDATE;
	noted->moved = false;
	noted->mapped = RowNew(&mapped_shape);
	RowTake(noted->mapped, COMMAND_ACTOR, change->mapped, COMMAND_ACTOR);
	RowSetText(noted->mapped, COMMAND_REASON,
			   psprintf("The row's change stands for \"%s\", which was refused: %s", event_names[change->event], ShortMessage(refusal->message)));
	return noted;
}

static const TrackedChange *
GetLeft(const Changes *changes, int nth)
{
	const Left *left = changes->from;
	int			place = left->places[nth];
	const TrackedChange *change = ChangesGet(left->writing->changes, place);
	const Refusal *refusal = left->writing->refusals[place];

	return refusal ? NoteInstead(change, refusal) : change;
}

/* Those that were not refused, and those that leave a note instead. */
static Changes
WithoutRefused(const Writing *all)
{
	Left	   *left = palloc(sizeof(Left));
	Changes		rest = {.get = GetLeft, .from = left};

	left->writing = all;
	left->places = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(int) * Max(all->changes->count, 1));
	for (int i = 0; i < all->changes->count; i++)
		if (all->refusals[i] == NULL || One(all, i)->on_error == ON_ERROR_NOTE)
			left->places[rest.count++] = i;
	return rest;
}

/* ---- which cannot be written ---- */

static const Refusal *
RefusalOf(ErrorData *error)
{
	Refusal    *refusal = palloc(sizeof(Refusal));

	*refusal = (Refusal) {error->sqlerrcode, pstrdup(error->message)};
	FreeErrorData(error);
	return refusal;
}

/*
 * Those of a part of the rest: all at once in a savepoint, and in halves where that
 * fails.  One by one would write a version of the chain for each.
 */
static void
FindRefusalsIn(Writing *all, int *places, int count)
{
	Left		part = {all, places};
	Changes		changes = {.count = count, .get = GetLeft, .from = &part};
	Writing		writing = {.ledger = all->ledger, .changes = &changes};
	ErrorData  *error = InSavepoint(WriteAll, &writing, true);

	if (error == NULL)
		return;
	if (!IsAboutTheStep(error) || (count == 1 && One(all, places[0])->on_error == ON_ERROR_FAIL))
		ReThrowError(error);
	if (count == 1)
	{
		all->refusals[places[0]] = RefusalOf(error);
		return;
	}
	FreeErrorData(error);
	FindRefusalsIn(all, places, count / 2);
	FindRefusalsIn(all, places + count / 2, count - count / 2);
}

static void
FindRefusals(void *arg)
{
	Writing    *all = arg;
	Changes		rest = WithoutRefused(all);

	ChangesLock(all->ledger, &rest);
	if (rest.count > 0)
		FindRefusalsIn(all, ((const Left *) rest.from)->places, rest.count);
}

/* What could not even be read. */
static void
TakeUnreadable(Writing *all)
{
	for (int i = 0; i < all->changes->count; i++)
	{
		const Refusal *unreadable = One(all, i)->unreadable;
		Refusal    *refusal;

		if (unreadable == NULL)
			continue;
		refusal = palloc(sizeof(Refusal));
		*refusal = (Refusal) {unreadable->sqlstate, pstrdup(unreadable->message)};
		all->refusals[i] = refusal;
	}
}

/*
 * Writes what can be written; what cannot is noted or told, where the changes
 * say so.  All at once first; if that fails, once more to see by which changes,
 * and then without them.
 */
static void
WriteWhatCan(const Ledger *ledger, const Changes *changes, Refused refused, void *arg)
{
	Size		size = sizeof(Refusal *) * Max(changes->count, 1);
	Writing		all = {
		ledger, changes, MemoryContextAllocExtended(CurrentMemoryContext, size, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO),
		AllocSetContextCreate(CurrentMemoryContext, "trust_ledger change", ALLOCSET_SMALL_SIZES)
	};
	Changes		rest;
	Writing		writing = {.ledger = ledger, .changes = &rest};
	ErrorData  *error;

	TakeUnreadable(&all);
	rest = WithoutRefused(&all);
	error = InSavepoint(WriteAll, &writing, true);
	if (error && !IsAboutTheStep(error))
		ReThrowError(error);
	if (error)
	{
		error = InSavepoint(FindRefusals, &all, false);
		if (error)
			ReThrowError(error);
		rest = WithoutRefused(&all);
		WriteAll(&writing);
	}
	for (int i = 0; i < changes->count; i++)
		if (all.refusals[i] && One(&all, i)->on_error == ON_ERROR_PARK)
			refused(ledger, One(&all, i), all.refusals[i], arg);
}

void
ChangesWrite(const Ledger *ledger, const Changes *changes, Refused refused, void *arg)
{
	if (changes->may_fail)
		WriteWhatCan(ledger, changes, refused, arg);
	else
		ChangesApply(ledger, changes);
}
