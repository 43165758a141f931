/*
 * change_write.c
 *		Writes changes of tracked rows, without those that fail.
 */
#include "postgres.h"

#include "tracking/change_write.h"

#include "utils/memutils.h"

#include "base/limit.h"
#include "base/savepoint.h"
#include "tracking/change_batch.h"

typedef struct Writing
{
	const Ledger *ledger;
	const Changes *changes;
	const Refusal **refusals;	/* per change; NULL: it can be written */
	bool	   *only_changed;	/* per change: it can be written so */
	MemoryContext scratch;		/* of the change that ChangeAt() returned last */
} Writing;

static void
WriteAll(void *arg)
{
	Writing    *writing = arg;

	ChangesApply(writing->ledger, writing->changes);
}

/* The change stays valid until the next call. */
static const TrackedChange *
ChangeAt(const Writing *writing, int nth)
{
	MemoryContext previous = MemoryContextSwitchTo(writing->scratch);
	const TrackedChange *change;

	MemoryContextReset(writing->scratch);
	change = ChangesGet(writing->changes, nth);
	MemoryContextSwitchTo(previous);
	return change;
}

/* ---- changes that remain without the refused ones ---- */

/* Private data of the remaining Changes. */
typedef struct Remaining
{
	const Writing *writing;
	int		   *places;			/* their numbers among all changes */
} Remaining;

/* A change that writes a note in place of the event that was refused. */
static const TrackedChange *
NoteOfRefusal(const TrackedChange *change, const Refusal *refusal)
{
	TrackedChange *noted = palloc(sizeof(TrackedChange));

	*noted = *change;
	noted->event = EVENT_NOTED;
	noted->operation = ROW_UPDATE;
	noted->moved = false;
	noted->refused = change->event == EVENT_AMENDED ?
		change->changed & (AMENDED_ARGUMENTS | 1 << COMMAND_CUSTOMER) : 0;
	noted->mapped = RowNew(&mapped_shape);
	RowCopyValue(noted->mapped, COMMAND_ACTOR, change->mapped, COMMAND_ACTOR);
	RowSetText(noted->mapped, COMMAND_REASON,
			   psprintf("A change of its row could not be recorded as \"%s\": %s",
						event_names[change->event], TruncatedMessage(refusal->message)));
	return noted;
}

/* The amendment without terms that were refused before. */
static const TrackedChange *
OnlyChanged(const TrackedChange *change)
{
	TrackedChange *only = palloc(sizeof(TrackedChange));

	*only = *change;
	only->only_changed = true;
	return only;
}

static const TrackedChange *
GetRemaining(const Changes *changes, int nth)
{
	const Remaining *remaining = changes->from;
	int			place = remaining->places[nth];
	const TrackedChange *change = ChangesGet(remaining->writing->changes, place);
	const Refusal *refusal = remaining->writing->refusals[place];

	if (refusal)
		return NoteOfRefusal(change, refusal);
	return remaining->writing->only_changed[place] ? OnlyChanged(change) : change;
}

/* Changes that were not refused, or for which a note is written. */
static Changes
WithoutRefused(const Writing *all)
{
	Remaining  *remaining = palloc(sizeof(Remaining));
	Changes		rest = {.get = GetRemaining, .from = remaining};

	remaining->writing = all;
	remaining->places = MemoryContextAllocHuge(CurrentMemoryContext,
											   sizeof(int) * Max(all->changes->count, 1));
	for (int i = 0; i < all->changes->count; i++)
		if (all->refusals[i] == NULL || ChangeAt(all, i)->on_error == ON_ERROR_NOTE)
			remaining->places[rest.count++] = i;
	return rest;
}

/* ---- finding the changes that fail ---- */

static const Refusal *
RefusalOf(ErrorData *error)
{
	Refusal    *refusal = palloc(sizeof(Refusal));

	*refusal = (Refusal) {
		error->sqlerrcode, pstrdup(error->message),
		error->message_id ? pstrdup(error->message_id) : NULL
	};
	FreeErrorData(error);
	return refusal;
}

/* Whether the change may amend more terms than it is about: those that were refused before. */
static bool
MayAmendRefused(const TrackedChange *change)
{
	return change->on_error == ON_ERROR_NOTE && change->event == EVENT_AMENDED &&
		change->changed != 0;
}

/*
 * Writes some of the changes in a savepoint.  If that fails, tries each half of them.
 * Writing one by one would create a row version of the chain for each change.
 */
static void
FindRefusalsIn(Writing *all, int *places, int count)
{
	Remaining	part = {all, places};
	Changes		changes = {.count = count, .get = GetRemaining, .from = &part};
	Writing		writing = {.ledger = all->ledger, .changes = &changes};
	ErrorData  *error = RunInSavepoint(WriteAll, &writing, true);

	if (error == NULL)
		return;
	if (!IsStepError(error) ||
		(count == 1 && ChangeAt(all, places[0])->on_error == ON_ERROR_FAIL))
		ReThrowError(error);
	if (count == 1 && !all->only_changed[places[0]] && MayAmendRefused(ChangeAt(all, places[0])))
	{
		FreeErrorData(error);
		all->only_changed[places[0]] = true;
		FindRefusalsIn(all, places, count);
		return;
	}
	if (count == 1)
	{
		all->refusals[places[0]] = RefusalOf(error);
		if (ChangeAt(all, places[0])->on_error == ON_ERROR_NOTE)
			WriteAll(&writing); /* the note, on which later changes depend */
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
		FindRefusalsIn(all, ((const Remaining *) rest.from)->places, rest.count);
}

static void
CopyUnreadableRefusals(Writing *all)
{
	for (int i = 0; i < all->changes->count; i++)
	{
		const Refusal *unreadable = ChangeAt(all, i)->unreadable;
		Refusal    *refusal;

		if (unreadable == NULL)
			continue;
		refusal = palloc(sizeof(Refusal));
		*refusal = (Refusal) {unreadable->sqlstate, pstrdup(unreadable->message), NULL};
		all->refusals[i] = refusal;
	}
}

static void *
AllocPerChange(const Changes *changes, Size size)
{
	return MemoryContextAllocExtended(CurrentMemoryContext, size * Max(changes->count, 1),
									  MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
}

/*
 * Writes all changes at once.  If that fails, finds the changes that fail, rolls back,
 * and writes the others.
 */
static void
WriteOrRefuse(const Ledger *ledger, const Changes *changes, RefusedCallback refused, void *arg)
{
	Writing		all = {
		ledger, changes,
		AllocPerChange(changes, sizeof(Refusal *)), AllocPerChange(changes, sizeof(bool)),
		AllocSetContextCreate(CurrentMemoryContext, "trust_ledger change", ALLOCSET_SMALL_SIZES)
	};
	Changes		rest;
	Writing		writing = {.ledger = ledger, .changes = &rest};
	ErrorData  *error;

	CopyUnreadableRefusals(&all);
	rest = WithoutRefused(&all);
	error = RunInSavepoint(WriteAll, &writing, true);
	if (error && !IsStepError(error))
		ReThrowError(error);
	if (error)
	{
		error = RunInSavepoint(FindRefusals, &all, false);
		if (error)
			ReThrowError(error);
		rest = WithoutRefused(&all);
		WriteAll(&writing);
	}
	for (int i = 0; i < changes->count; i++)
		if (all.refusals[i] && ChangeAt(&all, i)->on_error == ON_ERROR_PARK)
			refused(ledger, ChangeAt(&all, i), all.refusals[i], arg);
}

void
ChangesWrite(const Ledger *ledger, const Changes *changes, RefusedCallback refused, void *arg)
{
	if (changes->may_fail)
		WriteOrRefuse(ledger, changes, refused, arg);
	else
		ChangesApply(ledger, changes);
}
