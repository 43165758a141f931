/*
 * pending_changes.c
 *		Collects changes of tracked rows during a transaction, and writes them at commit.
 *
 * If changes were written at once, two transactions that change rows of the same two
 * customers in different order could deadlock on their chains, of which the application
 * knows nothing.  At commit, changes are written in the order of the customers' keys.
 *
 * Rolling back to a savepoint discards changes that were collected after it.  Changes
 * that were collected before it, but written after it, become pending again.
 */
#include "postgres.h"

#include "tracking/pending_changes.h"

#include "access/xact.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "base/savepoint_marks.h"
#include "tracking/change_order.h"
#include "tracking/change_record.h"
#include "tracking/change_write.h"
#include "tracking/parked.h"
#include "tracking/spool.h"

PG_FUNCTION_INFO_V1(write_pending);

/* ---- pending changes ---- */

/*
 * Changes of this transaction, in the order in which they were read.  Subtransaction
 * callbacks undo what an aborted subtransaction did; the end of the transaction, also by
 * PREPARE TRANSACTION, resets it.  Nested calls may add changes and write all of them,
 * so that the writer works on copies.
 */
static struct
{
	MemoryContext context;		/* NULL: no changes were collected */
	uint64		id;				/* changes with each new context; see Mapping.pending_in */
	Spool		spool;
	int64	   *departures;		/* numbers of changes with leaves_partition */
	int64		departures_count;
	int64		departures_capacity;
	int64		written;		/* number of changes written already, by write:now */
	bool		out_of_order;	/* some were read before those of earlier commands, or dropped */
	ChangeHeader last;			/* of the change that was added last */
	bool		may_fail;		/* as in Changes */
	Marks		made;			/* of spool.count */
	Marks		writing;		/* of written */
	int			writing_at;		/* transaction nesting level of the outermost
								 * PendingChangesWrite(); 0: none is running */
}			pending = {0};

/* Last id used in this backend. */
static uint64 last_id = 0;

static void
ResetPending(void)
{
	memset(&pending, 0, sizeof(pending));
}

/* Frees everything if all changes are written.  Only outside of savepoints. */
static void
ForgetWritten(void)
{
	MemoryContext context = pending.context;

	if (context == NULL || pending.written < pending.spool.count || pending.writing_at > 0)
		return;
	SpoolEnd(&pending.spool);
	ResetPending();
	MemoryContextDelete(context);
}

/* ---- callbacks of transactions and subtransactions ---- */

/* Limits recursion: triggers of the ledger's tables can change more tracked rows. */
#define MOST_ROUNDS 1000

static void
WriteAll(void)
{
	for (int rounds = 0; pending.written < pending.spool.count; rounds++)
	{
		CHECK_FOR_INTERRUPTS();
		if (rounds == MOST_ROUNDS)
			ereport(ERROR,
					(errcode(ERRCODE_STATEMENT_TOO_COMPLEX),
					 errmsg("recording changes of tracked rows changes more tracked rows"),
					 errdetail("Changes were recorded %d times, and each time triggers changed "
							   "more rows.", MOST_ROUNDS),
					 errhint("Look for a trigger on the ledger's tables "
							 "that changes a tracked row for each entry.")));
		PendingChangesWrite();
	}
}

static void
AtTransactionEvent(XactEvent event, void *arg pg_attribute_unused())
{
	switch (event)
	{
		case XACT_EVENT_PRE_COMMIT:
		case XACT_EVENT_PRE_PREPARE:
			WriteAll();
			ForgetWritten();
			break;
		case XACT_EVENT_COMMIT:
		case XACT_EVENT_ABORT:
		case XACT_EVENT_PREPARE:
			ResetPending();		/* memory and file are freed with the transaction */
			break;
		default:
			break;
	}
}

static void
AtSavepointRolledBack(SubTransactionId mine)
{
	pending.written = MarksRolledBack(&pending.writing, mine, pending.written);
	SpoolTruncate(&pending.spool, MarksRolledBack(&pending.made, mine, pending.spool.count));
	while (pending.departures_count > 0 &&
		   pending.departures[pending.departures_count - 1] >= pending.spool.count)
		pending.departures_count--;
	if (pending.writing_at >= GetCurrentTransactionNestLevel())
		pending.writing_at = 0;
}

static void
AtSavepointReleased(SubTransactionId mine, SubTransactionId parent)
{
	MarksReleased(&pending.writing, mine, parent);
	MarksReleased(&pending.made, mine, parent);
	/* a spool with a file is freed later: closing it can fail, but this callback must not */
	if (parent == TopSubTransactionId && pending.spool.file == NULL)
		ForgetWritten();
}

static void
AtSavepointEvent(SubXactEvent event, SubTransactionId mine, SubTransactionId parent,
				 void *arg pg_attribute_unused())
{
	if (pending.context == NULL)
		return;
	if (event == SUBXACT_EVENT_ABORT_SUB)
		AtSavepointRolledBack(mine);
	else if (event == SUBXACT_EVENT_COMMIT_SUB)
		AtSavepointReleased(mine, parent);
}

static void
BeginPending(void)
{
	/* once per backend */
	static bool registered = false;

	if (!registered)
	{
		RegisterXactCallback(AtTransactionEvent, NULL);
		RegisterSubXactCallback(AtSavepointEvent, NULL);
		registered = true;
	}
	if (GetCurrentSubTransactionId() == TopSubTransactionId)
		ForgetWritten();
	if (pending.context != NULL)
		return;
	pending.context = AllocSetContextCreate(TopTransactionContext, "trust_ledger pending changes",
											ALLOCSET_SMALL_SIZES);
	pending.spool.context = pending.context;
	pending.id = ++last_id;
}

/* ---- rows that move to another partition ---- */

/* Compares stable keys. */
static bool
CanBeSameRow(const List *left, const List *arrived)
{
	ListCell   *a;
	ListCell   *b;

	forboth(a, left, b, arrived)
	{
		if (lfirst(a) && lfirst(b) && strcmp(lfirst(a), lfirst(b)) != 0)
			return false;
	}
	return true;
}

/* Sets arrival_seen in the stored change. */
static void
MarkArrived(TrackedChange *left, int64 nth)
{
	Size		length;
	void	   *record;

	left->arrival_seen = true;
	record = ChangePack(left, &length);
	SpoolReplace(&pending.spool, nth, record, length);
}

/*
 * Finds the DELETE in the partition that the row left.  Both are part of the same command;
 * between them, triggers can have run only later commands.
 */
void
PendingChangesFindDeparture(TrackedChange *change)
{
	if (change->stable_key == NIL)
		return;
	for (int64 i = pending.departures_count - 1;
		 i >= 0 && pending.departures[i] >= pending.written;
		 i--)
	{
		ChangeHeader header;
		TrackedChange *before;

		SpoolRead(&pending.spool, pending.departures[i], &header, sizeof(header));
		if (header.command > change->command || header.dropped ||
			strcmp(header.mapping->source, change->source) != 0)
			continue;
		if (header.command < change->command)
			return;
		before = ChangeUnpack(SpoolGet(&pending.spool, pending.departures[i]));
		if (!CanBeSameRow(before->stable_key, change->stable_key))
			return;
		if (strcmp(before->name, change->name) != 0)
			continue;
		change->departed = before;
		change->old_key = before->key;
		change->old_row = before->old_row;
		MarkArrived(before, pending.departures[i]);
		return;
	}
}

/* Called before the change is added to the spool. */
static void
RememberDeparture(void)
{
	if (pending.departures_count == pending.departures_capacity)
	{
		int64		capacity = Max(16, 2 * pending.departures_capacity);

		pending.departures = pending.departures ?
			repalloc_huge(pending.departures, sizeof(int64) * capacity) :
			MemoryContextAlloc(pending.context, sizeof(int64) * capacity);
		pending.departures_capacity = capacity;
	}
	pending.departures[pending.departures_count++] = pending.spool.count;
}

/* Sets the number of the first change of the same row by the same command. */
static void
NumberRow(TrackedChange *change)
{
	const ChangeHeader *last = &pending.last;
	bool		same = pending.spool.count > 0 && last->mapping != NULL &&
		last->mapping->relid == change->mapping->relid &&
		last->command == change->command &&
		ItemPointerEquals(unconstify(ItemPointerData *, &last->version), &change->version);

	change->row = same ? last->row : pending.spool.count;
}

int64
PendingChangesAdd(TrackedChange *change)
{
	Size		length;
	void	   *record;

	BeginPending();
	NumberRow(change);
	record = ChangePack(change, &length);
	if (change->mapping->pending_in != pending.id)
	{
		MappingPin(change->mapping, pending.context);
		change->mapping->pending_in = pending.id;
	}
	MarkBefore(&pending.made, pending.spool.count, pending.context);
	if (change->leaves_partition)
		RememberDeparture();
	if (change->command < pending.last.command)
		pending.out_of_order = true;
	SpoolAdd(&pending.spool, record, length);
	pending.last = *(ChangeHeader *) record;
	pending.may_fail = pending.may_fail || change->on_error != ON_ERROR_FAIL;
	return pending.spool.count - 1;
}

TrackedChange *
PendingChangesGet(int64 place, CommandId command)
{
	ChangeHeader header;

	if (pending.context == NULL || place < pending.written || place >= pending.spool.count)
		return NULL;
	SpoolRead(&pending.spool, place, &header, sizeof(header));
	return header.command != command ? NULL : ChangeUnpack(SpoolGet(&pending.spool, place));
}

void
PendingChangesDrop(TrackedChange *change, int64 place)
{
	Size		length;
	void	   *record;

	change->dropped = true;
	record = ChangePack(change, &length);
	SpoolReplace(&pending.spool, place, record, length);
	pending.out_of_order = true;
}

/* ---- writing ---- */

/* Up to this number, changes are read from the spool only once and kept in memory. */
#define MAX_IN_MEMORY 1000

/* Private data of changes that are being written. */
typedef struct Taken
{
	int64		first;
	int64	   *places;			/* of all of them; NULL: they follow the first */
}			Taken;

static const TrackedChange *
GetPending(const Changes *changes, int nth)
{
	const		Taken *taken = changes->from;

	return ChangeUnpack(SpoolGet(&pending.spool,
								 taken->places ? taken->places[nth] : taken->first + nth));
}

/* Returns changes that are not written, and marks them as written; a rollback undoes that. */
static Changes
TakePending(void)
{
	Taken	   *from = palloc0(sizeof(Taken));
	Changes		taken = {.may_fail = pending.may_fail, .get = GetPending, .from = from};

	from->first = pending.written;
	taken.count = pending.spool.count - pending.written;
	if (pending.out_of_order)
		from->places = ChangesInOrder(&pending.spool, from->first, &taken.count);
	if (taken.count <= MAX_IN_MEMORY)
	{
		const TrackedChange **few = palloc(sizeof(TrackedChange *) * Max(taken.count, 1));

		for (int i = 0; i < taken.count; i++)
			few[i] = ChangesGet(&taken, i);
		taken = ChangesFromArray(few, taken.count);
	}
	MarkBefore(&pending.writing, pending.written, pending.context);
	pending.written = pending.spool.count;
	return taken;
}

bool
PendingChangesAwaitArrival(CommandId command, bool nested)
{
	for (int64 i = pending.departures_count - 1;
		 i >= 0 && pending.departures[i] >= pending.written;
		 i--)
	{
		ChangeHeader header;

		SpoolRead(&pending.spool, pending.departures[i], &header, sizeof(header));
		if (!header.dropped && !header.arrival_seen && (nested || header.command == command))
			return true;
	}
	return false;
}

bool
PendingChangesExist(void)
{
	return pending.context != NULL && pending.written < pending.spool.count;
}

void
PendingChangesWrite(void)
{
	MemoryContext work = AllocSetContextCreate(CurrentMemoryContext, "trust_ledger writing",
											   ALLOCSET_DEFAULT_SIZES);
	MemoryContext previous = MemoryContextSwitchTo(work);
	bool		outermost = pending.writing_at == 0;
	Changes		changes;
	Ledger		ledger;
	ParkedTrace trace;

	if (outermost)
		pending.writing_at = GetCurrentTransactionNestLevel();
	changes = TakePending();
	PushActiveSnapshot(GetTransactionSnapshot());
	ledger = *LedgerOpen();
	TraceBegin(&trace, CHANGES_PARKED);
	ChangesWrite(&ledger, &changes, ParkChange, &trace);
	if (trace.count > 0)
		TraceWrite(&trace, &ledger);
	PopActiveSnapshot();
	MemoryContextSwitchTo(previous);
	MemoryContextDelete(work);
	if (outermost)
		pending.writing_at = 0;
	if (GetCurrentSubTransactionId() == TopSubTransactionId)
		ForgetWritten();
}

/*
 * write_pending() returns void
 *		Writes the changes of tracked rows that this transaction has made so far, as COMMIT
 *		would.  The levels were checked when the rows changed.  Errors: those of
 *		ChangesWrite(); 25000 in a parallel operation, where a worker does not have the
 *		changes that its leader collected.
 */
Datum
write_pending(PG_FUNCTION_ARGS pg_attribute_unused())
{
	PreventCommandIfParallelMode("trust_ledger.write_pending()");
	WriteAll();
	PG_RETURN_VOID();
}
