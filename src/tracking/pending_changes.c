/*
 * pending_changes.c
 *		Changes of tracked rows, gathered as they happen and written at commit.
 *
 * Were a change written as its row changes, two transactions that touch rows of
 * the same two customers in opposite order would deadlock on chains that the
 * application knows nothing of.  Gathered, they go in customer by customer, in
 * the order of the keys.  A savepoint that is rolled back takes its changes with
 * it; and what was written within it, though gathered before, waits again.
 */
#include "postgres.h"

#include "tracking/pending_changes.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "tracking/change_record.h"
#include "tracking/change_write.h"
#include "tracking/parked.h"
#include "tracking/spool.h"

/* ---- how far it was when each open savepoint began to move it ---- */

typedef struct Mark
{
	SubTransactionId savepoint;
	int64		before;
} Mark;

/* The innermost last. */
typedef struct Marks
{
	Mark	   *marks;
	int			count;
	int			capacity;
} Marks;

/* To be called before what is marked moves on. */
static void
MarkBefore(Marks *marks, int64 before, MemoryContext context)
{
	SubTransactionId now = GetCurrentSubTransactionId();

	if (marks->count > 0 && marks->marks[marks->count - 1].savepoint == now)
		return;
	if (marks->count == marks->capacity)
	{
		int			capacity = Max(8, 2 * marks->capacity);

		marks->marks = marks->marks ? repalloc(marks->marks, sizeof(Mark) * capacity) :
			MemoryContextAlloc(context, sizeof(Mark) * capacity);
		marks->capacity = capacity;
	}
	marks->marks[marks->count++] = (Mark) {now, before};
}

/* Savepoints are numbered as they begin, so those within one have higher numbers.  Returns how far it is then. */
static int64
MarksRolledBack(Marks *marks, SubTransactionId savepoint, int64 now)
{
	while (marks->count > 0 && marks->marks[marks->count - 1].savepoint >= savepoint)
		now = marks->marks[--marks->count].before;
	return now;
}

static void
MarksReleased(Marks *marks, SubTransactionId savepoint, SubTransactionId parent)
{
	int			last = marks->count - 1;

	if (last < 0 || marks->marks[last].savepoint < savepoint)
		return;
	if (last > 0 && marks->marks[last - 1].savepoint == parent)
		marks->count--;
	else
		marks->marks[last].savepoint = parent;
}

/* ---- what was gathered ---- */

/*
 * Of this transaction, in the order in which it happened.  A savepoint that is
 * rolled back takes back what was done within it; an error that ends no
 * savepoint ends the transaction.  The end of the transaction, by PREPARE too,
 * empties it.  Nested calls add to it, and may write all that is there: whoever
 * writes works on copies.
 */
static struct
{
	MemoryContext context;		/* NULL: nothing was gathered */
	uint64		id;				/* another one whenever the context is empty again */
	Spool		spool;
	int64	   *departures;		/* which of them leave their partition */
	int64		departures_count;
	int64		departures_capacity;
	int64		written;		/* the first of them, by write:now */
	bool		may_fail;		/* some may be left out */
	Marks		made;
	Marks		writing;
	int			writing_at;		/* nesting level of the transaction where writing began; 0: nothing is being written */
}			pending = {0};

/* Never the same twice in a session. */
static uint64 last_id = 0;

static void
ResetPending(void)
{
	memset(&pending, 0, sizeof(pending));
}

/* What no savepoint can bring back any more. */
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

/* ---- the transaction's life ---- */

/* What is written can make triggers change more rows, but not for ever. */
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
					 errmsg("changes of tracked rows lead to more of them without end"),
					 errdetail("They were written %d times, and each time triggers changed more rows.", MOST_ROUNDS),
					 errhint("Look at the triggers on the ledger's tables: one of them changes a tracked row for each entry.")));
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
			ResetPending();			/* memory and file go with the transaction */
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
	while (pending.departures_count > 0 && pending.departures[pending.departures_count - 1] >= pending.spool.count)
		pending.departures_count--;
	if (pending.writing_at >= GetCurrentTransactionNestLevel())
		pending.writing_at = 0;
}

static void
AtSavepointReleased(SubTransactionId mine, SubTransactionId parent)
{
	MarksReleased(&pending.writing, mine, parent);
	MarksReleased(&pending.made, mine, parent);
	/* closing a file can fail, and a savepoint that is released cannot: it is closed later */
	if (parent == TopSubTransactionId && pending.spool.file == NULL)
		ForgetWritten();
}

static void
AtSavepointEvent(SubXactEvent event, SubTransactionId mine, SubTransactionId parent, void *arg pg_attribute_unused())
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
	/* The session's: registered once, whatever becomes of the transaction. */
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
	pending.context = AllocSetContextCreate(TopTransactionContext, "trust_ledger gathered", ALLOCSET_SMALL_SIZES);
	pending.spool.context = pending.context;
	pending.id = ++last_id;
}

/* Whether a row of the one key can have come to have the other in another partition. */
static bool
CanBeSameRow(const List *left, const List *arrival_seen)
{
	ListCell   *a;
	ListCell   *b;

	forboth(a, left, b, arrival_seen)
		if (lfirst(a) && lfirst(b) && strcmp(lfirst(a), lfirst(b)) != 0)
			return false;
	return true;
}

/* Where it arrived is told of. */
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
 * A row that comes from another partition left it right before, by the same
 * command.  Between the two only code of triggers can have run, by later commands.
 */
static void
FindDeparture(TrackedChange *change)
{
	for (int64 i = pending.departures_count - 1; i >= 0 && pending.departures[i] >= pending.written; i--)
	{
		ChangeHeader header;
		TrackedChange *before;

		SpoolRead(&pending.spool, pending.departures[i], &header, sizeof(header));
		if (header.command > change->command || strcmp(header.mapping->source, change->source) != 0)
			continue;
		if (header.command < change->command)
			return;
		before = ChangeUnpack(SpoolGet(&pending.spool, pending.departures[i]));
		if (!CanBeSameRow(before->stable_key, change->stable_key))
			return;
		if (strcmp(before->name, change->name) != 0)
			continue;
		change->old_key = before->key;
		change->old_row = before->old_row;
		MarkArrived(before, pending.departures[i]);
		return;
	}
}

/* One that leaves is the next to be gathered. */
static void
RememberDeparture(void)
{
	if (pending.departures_count == pending.departures_capacity)
	{
		int64		capacity = Max(16, 2 * pending.departures_capacity);

		pending.departures = pending.departures ? repalloc_huge(pending.departures, sizeof(int64) * capacity) :
			MemoryContextAlloc(pending.context, sizeof(int64) * capacity);
		pending.departures_capacity = capacity;
	}
	pending.departures[pending.departures_count++] = pending.spool.count;
}

/* A copy of the change, which must be complete. */
void
PendingChangesAdd(TrackedChange *change)
{
	Size		length;
	void	   *record;

	BeginPending();
	if (change->operation == ROW_INSERT && change->stable_key)
		FindDeparture(change);
	record = ChangePack(change, &length);
	if (change->mapping->pending_in != pending.id)
	{
		MappingPin(change->mapping, pending.context);
		change->mapping->pending_in = pending.id;
	}
	MarkBefore(&pending.made, pending.spool.count, pending.context);
	if (change->leaves_partition)
		RememberDeparture();
	SpoolAdd(&pending.spool, record, length);
	pending.may_fail = pending.may_fail || change->on_error != ON_ERROR_FAIL;
}

/* ---- writing it ---- */

/* So many at the most are read once, and kept while they are written. */
#define MAX_IN_MEMORY 1000

static const TrackedChange *
GetPending(const Changes *changes, int nth)
{
	return ChangeUnpack(SpoolGet(&pending.spool, *(const int64 *) changes->from + nth));
}

/* Takes what was gathered and not written yet for written: what rolls back the writing undoes that. */
static Changes
TakePending(void)
{
	int64	   *first = palloc(sizeof(int64));
	Changes		taken = {.may_fail = pending.may_fail, .get = GetPending, .from = first};

	*first = pending.written;
	taken.count = pending.spool.count - pending.written;
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

/* Writes what was gathered so far. */
void
PendingChangesWrite(void)
{
	MemoryContext work = AllocSetContextCreate(CurrentMemoryContext, "trust_ledger writing", ALLOCSET_DEFAULT_SIZES);
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
