/*
 * row_version.c
 *		Versions of a row that one transaction creates, as a trigger on the row sees them.
 */
#include "postgres.h"

#include "tracking/row_version.h"

#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "executor/tuptable.h"
#include "utils/snapmgr.h"

/*
 * Copies the header of a tuple, which may be in a shared buffer where other backends set
 * hint bits.  False if tuples of the relation have none, as in a foreign table.
 */
static bool
CopyHeader(Relation rel, HeapTuple tuple, HeapTupleHeader header)
{
	if (rel->rd_tableam != GetHeapamTableAmRoutine())
		return false;
	memcpy(header, tuple->t_data, SizeofHeapTupleHeader);
	return true;
}

bool
RowVersionIsOurs(Relation rel, HeapTuple tuple)
{
	HeapTupleHeaderData header;

	/* the raw xmin, since COPY FREEZE freezes the rows of its own transaction */
	return CopyHeader(rel, tuple, &header) &&
		TransactionIdIsCurrentTransactionId(HeapTupleHeaderGetRawXmin(&header));
}

bool
RowVersionIsPassing(Relation rel, HeapTuple tuple)
{
	HeapTupleHeaderData header;

	return CopyHeader(rel, tuple, &header) &&
		!(header.t_infomask & HEAP_XMAX_INVALID) &&
		!HEAP_XMAX_IS_LOCKED_ONLY(header.t_infomask) &&
		TransactionIdIsCurrentTransactionId(HeapTupleHeaderGetUpdateXid(&header));
}

CommandId
RowVersionCommand(Relation rel, HeapTuple old, HeapTuple new)
{
	HeapTupleHeaderData header;

	if (!CopyHeader(rel, new ? new : old, &header))
		return GetCurrentCommandId(false);
	if (new == NULL)
		return HeapTupleHeaderGetCmax(&header);
	if (!HeapTupleHeaderXminFrozen(&header))
		return HeapTupleHeaderGetCmin(&header);
	/* COPY FREEZE does not store its command: it precedes the one that replaced the row */
	return RowVersionIsPassing(rel, new) ? HeapTupleHeaderGetRawCommandId(&header) - 1 :
		GetCurrentCommandId(false);
}

static ItemPointer
CopyPlace(const ItemPointerData *place)
{
	ItemPointer copy = palloc(sizeof(ItemPointerData));

	*copy = *place;
	return copy;
}

HeapTuple
RowVersionAt(Relation rel, const ItemPointerData *place)
{
	TupleTableSlot *slot = table_slot_create(rel, NULL);
	ItemPointerData at = *place;
	HeapTuple	tuple;

	if (!table_tuple_fetch_row_version(rel, &at, SnapshotAny, slot))
		elog(ERROR, "could not find the next version of a row");
	tuple = ExecCopySlotHeapTuple(slot);
	ExecDropSingleTupleTableSlot(slot);
	return tuple;
}

void
RowVersionLast(Relation rel, HeapTuple version, LastVersion * last)
{
	HeapTuple	tuple = heap_copytuple(version);

	memset(last, 0, sizeof(LastVersion));
	while (RowVersionIsPassing(rel, tuple))
	{
		ItemPointerData next = tuple->t_data->t_ctid;

		last->passing = lappend(last->passing, CopyPlace(&tuple->t_self));
		last->moved = HeapTupleHeaderIndicatesMovedPartitions(tuple->t_data);
		last->deleted = !last->moved && ItemPointerEquals(&tuple->t_self, &next);
		if (last->moved || last->deleted)
			break;
		tuple = RowVersionAt(rel, &next);
	}
	last->tuple = tuple;
}
