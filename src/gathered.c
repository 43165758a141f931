/*
 * gathered.c
 *		Changes of tracked rows, gathered as they happen and written at commit.
 *
 * Were a change written as its row changes, two transactions that touch rows of
 * the same two customers in opposite order would deadlock on chains that the
 * application knows nothing of.  Gathered, they go in customer by customer, in
 * the order of the keys.  A savepoint that is rolled back takes its changes with
 * it; and what was written within it, though gathered before, waits again.
 */
#include "postgres.h"

#include "gathered.h"

#include "access/xact.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "deed.h"
#include "limit.h"
#include "parked.h"
#include "savepoint.h"

/* Of this transaction, in the order in which they happened. */
static struct
{
	MemoryContext context;		/* NULL: nothing was gathered */
	TrackedChange **changes;
	int			count;
	int			capacity;
	int			written;		/* the first of them, by write:now */
	int			writing_at;		/* nesting level of the transaction where writing began; 0: nothing is being written */
}			gathered = {0};

static void
Forget(void)
{
	memset(&gathered, 0, sizeof(gathered));
}

/* What no savepoint can bring back any more. */
static void
ForgetWritten(void)
{
	/* none: a change may be being read, which is not there yet */
	if (gathered.count == 0 || gathered.written < gathered.count || gathered.writing_at > 0)
		return;
	MemoryContextReset(gathered.context);
	gathered.changes = NULL;
	gathered.count = gathered.capacity = gathered.written = 0;
}

/* ---- the transaction's life ---- */

static void
AtTransactionEvent(XactEvent event, void *arg pg_attribute_unused())
{
	switch (event)
	{
		case XACT_EVENT_PRE_COMMIT:
		case XACT_EVENT_PRE_PREPARE:
			while (gathered.written < gathered.count)
				GatheredWrite();
			break;
		case XACT_EVENT_COMMIT:
		case XACT_EVENT_ABORT:
		case XACT_EVENT_PREPARE:
			Forget();			/* the memory goes with the transaction */
			break;
		default:
			break;
	}
}

static void
AtSavepointRolledBack(SubTransactionId mine)
{
	while (gathered.written > 0 && gathered.changes[gathered.written - 1]->written_in >= mine)
		gathered.written--;
	while (gathered.count > 0 && gathered.changes[gathered.count - 1]->made_in >= mine)
		gathered.count--;
	if (gathered.writing_at >= GetCurrentTransactionNestLevel())
		gathered.writing_at = 0;
}

static void
AtSavepointReleased(SubTransactionId mine, SubTransactionId parent)
{
	for (int i = gathered.written - 1; i >= 0 && gathered.changes[i]->written_in >= mine; i--)
		gathered.changes[i]->written_in = parent;
	for (int i = gathered.count - 1; i >= 0 && gathered.changes[i]->made_in >= mine; i--)
		gathered.changes[i]->made_in = parent;
	if (parent == TopSubTransactionId)
		ForgetWritten();
}

/* Savepoints are numbered as they begin, so those within one have higher numbers. */
static void
AtSavepointEvent(SubXactEvent event, SubTransactionId mine, SubTransactionId parent, void *arg pg_attribute_unused())
{
	if (event == SUBXACT_EVENT_ABORT_SUB)
		AtSavepointRolledBack(mine);
	else if (event == SUBXACT_EVENT_COMMIT_SUB)
		AtSavepointReleased(mine, parent);
}

/* Where what is gathered lives until the transaction ends. */
MemoryContext
GatheredContext(void)
{
	static bool registered = false;

	if (!registered)
	{
		RegisterXactCallback(AtTransactionEvent, NULL);
		RegisterSubXactCallback(AtSavepointEvent, NULL);
		registered = true;
	}
	if (gathered.context == NULL)
		gathered.context = AllocSetContextCreate(TopTransactionContext, "trust_ledger gathered", ALLOCSET_DEFAULT_SIZES);
	return gathered.context;
}

/* Whether a row of the one key can have come to have the other in another partition. */
static bool
CanBeSameRow(const List *left, const List *arrived)
{
	ListCell   *a;
	ListCell   *b;

	forboth(a, left, b, arrived)
		if (lfirst(a) && lfirst(b) && strcmp(lfirst(a), lfirst(b)) != 0)
			return false;
	return true;
}

/*
 * A row that comes from another partition left it right before, by the same
 * command: what was gathered since of that table is of the same row.
 */
static void
FindWhereFrom(TrackedChange *change)
{
	for (int i = gathered.count - 1; i >= gathered.written; i--)
	{
		TrackedChange *before = gathered.changes[i];

		if (strcmp(before->source, change->source) != 0)
			continue;
		if (before->unreadable)
			return;
		if (before->operation == ROW_INSERT ? strcmp(before->key, change->key) != 0 :
			!before->leaves || before->command != change->command || !CanBeSameRow(before->lasting_key, change->lasting_key))
			return;
		if (before->operation != ROW_DELETE || strcmp(before->name, change->name) != 0)
			continue;
		before->arrived = true;
		change->old_key = before->key;
		change->old_row = before->old_row;
		return;
	}
}

void
GatheredAdd(TrackedChange *change)
{
	if (gathered.capacity == 0)
	{
		gathered.capacity = 16;
		gathered.changes = MemoryContextAlloc(gathered.context, sizeof(TrackedChange *) * gathered.capacity);
	}
	else if (gathered.count == gathered.capacity)
	{
		gathered.capacity *= 2;
		gathered.changes = repalloc_huge(gathered.changes, sizeof(TrackedChange *) * gathered.capacity);
	}
	if (change->operation == ROW_INSERT && change->lasting_key)
		FindWhereFrom(change);
	change->made_in = GetCurrentSubTransactionId();
	gathered.changes[gathered.count++] = change;
}

/* ---- writing, and what cannot be written ---- */

static bool
AnyMayFail(TrackedChange *const *changes, int count)
{
	for (int i = 0; i < count; i++)
		if (changes[i]->on_error != ON_ERROR_FAIL)
			return true;
	return false;
}

/* What is to be written, and what cannot be. */
typedef struct Writing
{
	const Ledger *ledger;
	TrackedChange **changes;
	int			count;
	const ErrorData **errors;	/* by change; NULL: none */
} Writing;

static void
WriteAll(void *arg)
{
	Writing    *writing = arg;

	DeedsCarryOut(writing->ledger, writing->changes, writing->count);
}

/* Those without an error. */
static Writing
WithoutErrors(const Writing *all)
{
	Writing		rest = {all->ledger, palloc(sizeof(TrackedChange *) * all->count), 0, NULL};

	for (int i = 0; i < all->count; i++)
		if (all->errors[i] == NULL)
			rest.changes[rest.count++] = all->changes[i];
	return rest;
}

/* One by one, each in a savepoint of its own, to see which cannot be written. */
static void
FindErrors(void *arg)
{
	Writing    *all = arg;
	Writing		rest = WithoutErrors(all);

	DeedsLock(rest.ledger, rest.changes, rest.count);
	for (int i = 0; i < all->count; i++)
	{
		Writing		one = {all->ledger, &all->changes[i], 1, NULL};
		ErrorData  *error;

		if (all->errors[i])
			continue;
		error = InSavepoint(WriteAll, &one, true);
		if (error && (all->changes[i]->on_error == ON_ERROR_FAIL || !IsAboutTheStep(error)))
			ReThrowError(error);
		all->errors[i] = error;
	}
}

/* A note in the promise's history in place of what could not be written. */
static TrackedChange *
NoteInstead(const TrackedChange *change, const ErrorData *error)
{
	TrackedChange *noted = palloc(sizeof(TrackedChange));

	*noted = *change;
	noted->event = EVENT_NOTED;
	noted->operation = ROW_UPDATE;
	noted->moved = false;
	noted->mapped = RowNew(&mapped_shape);
	RowTake(noted->mapped, MAPPED_ACTOR, change->mapped, MAPPED_ACTOR);
	RowSetText(noted->mapped, MAPPED_REASON,
			   psprintf("The row's change stands for \"%s\", which was refused: %s", event_names[change->event], ShortMessage(error->message)));
	return noted;
}

/*
 * Writes what can be written; what cannot is noted or told, where the changes
 * say so.  All at once first; if that fails, once more to see by which changes,
 * and then without them.
 */
static void
WriteWhatCan(const Ledger *ledger, TrackedChange **changes, int count, Refused refused)
{
	Writing		all = {ledger, changes, count, palloc0(sizeof(ErrorData *) * count)};
	Writing		rest;
	ErrorData  *error;

	for (int i = 0; i < count; i++)
		all.errors[i] = changes[i]->unreadable;
	rest = WithoutErrors(&all);
	error = InSavepoint(WriteAll, &rest, true);
	if (error && !IsAboutTheStep(error))
		ReThrowError(error);
	if (error)
	{
		error = InSavepoint(FindErrors, &all, false);
		if (error)
			ReThrowError(error);
		rest.count = 0;
		for (int i = 0; i < count; i++)
			if (all.errors[i] == NULL)
				rest.changes[rest.count++] = changes[i];
			else if (changes[i]->on_error == ON_ERROR_NOTE)
				rest.changes[rest.count++] = NoteInstead(changes[i], all.errors[i]);
		WriteAll(&rest);
	}
	for (int i = 0; i < count; i++)
		if (all.errors[i] && changes[i]->on_error == ON_ERROR_PARK)
			refused(ledger, changes[i], all.errors[i]);
}

void
ChangesWrite(const Ledger *ledger, TrackedChange **changes, int count, Refused refused)
{
	if (AnyMayFail(changes, count))
		WriteWhatCan(ledger, changes, count, refused);
	else
		DeedsCarryOut(ledger, changes, count);
}

/* Takes what was gathered and not written yet for written: what rolls back the writing undoes that. */
static TrackedChange **
TakeGathered(int *count)
{
	TrackedChange **taken;

	*count = gathered.count - gathered.written;
	taken = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(TrackedChange *) * Max(*count, 1));
	memcpy(taken, gathered.changes + gathered.written, sizeof(TrackedChange *) * *count);
	for (int i = 0; i < *count; i++)
		taken[i]->written_in = GetCurrentSubTransactionId();
	gathered.written = gathered.count;
	return taken;
}

/* Writes what was gathered so far. */
void
GatheredWrite(void)
{
	MemoryContext work = AllocSetContextCreate(gathered.context, "trust_ledger writing", ALLOCSET_DEFAULT_SIZES);
	MemoryContext previous = MemoryContextSwitchTo(work);
	bool		outermost = gathered.writing_at == 0;
	TrackedChange **changes;
	int			count;
	Ledger		ledger;

	if (outermost)
		gathered.writing_at = GetCurrentTransactionNestLevel();
	changes = TakeGathered(&count);
	PushActiveSnapshot(GetTransactionSnapshot());
	ledger = *LedgerOpen();
	ChangesWrite(&ledger, changes, count, ParkChange);
	PopActiveSnapshot();
	MemoryContextSwitchTo(previous);
	MemoryContextDelete(work);
	if (outermost)
		gathered.writing_at = 0;
	if (GetCurrentSubTransactionId() == TopSubTransactionId)
		ForgetWritten();
}
