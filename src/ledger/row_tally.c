/*
 * row_tally.c
 *		Checksums of sets of rows, to detect rows that an index scan did not return.
 *
 * verify() reads rows in order through an index.  A row may be missing in the index, so
 * the table is scanned sequentially with the same snapshot, and the tallies are compared.
 */
#include "postgres.h"

#include "ledger/row_tally.h"

#include "access/relscan.h"
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/pg_inherits.h"
#include "common/hashfn.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "ledger/ledger.h"

void
TallyRow(RowTally *tally, Oid relid, const ItemPointerData *ctid)
{
	struct
	{
		Oid			relid;
		BlockNumber block;
		uint32		offset;
	}			row = {
		relid, ItemPointerGetBlockNumberNoCheck(ctid), ItemPointerGetOffsetNumberNoCheck(ctid)
	};

	tally->count++;
	tally->hashes ^= hash_bytes_extended((const unsigned char *) &row, sizeof(row), 0);
}

void
TallyAdd(RowTally *tally, const RowTally *more)
{
	tally->count += more->count;
	tally->hashes ^= more->hashes;
}

List *
TableAndChildren(const char *table)
{
	return find_all_inheritors(LedgerRelation(table), AccessShareLock, NULL);
}

RowTally
TallyTable(const char *table)
{
	RowTally	tally = {0};
	ListCell   *place;

	foreach(place, TableAndChildren(table))
	{
		Relation	rel = table_open(lfirst_oid(place), AccessShareLock);

		if (RELKIND_HAS_TABLE_AM(rel->rd_rel->relkind))
		{
			TableScanDesc scan = table_beginscan(rel, GetActiveSnapshot(), 0, NULL);
			TupleTableSlot *slot = table_slot_create(rel, NULL);

			while (table_scan_getnextslot(scan, ForwardScanDirection, slot))
			{
				CHECK_FOR_INTERRUPTS();
				TallyRow(&tally, RelationGetRelid(rel), &slot->tts_tid);
			}
			ExecDropSingleTupleTableSlot(slot);
			table_endscan(scan);
		}
		table_close(rel, AccessShareLock);
	}
	return tally;
}
