/*
 * row_tally.h
 *		Checksums of sets of rows, to detect rows that an index scan did not return.
 */
#ifndef TRUST_LEDGER_ROW_TALLY_H
#define TRUST_LEDGER_ROW_TALLY_H

#include "nodes/pg_list.h"
#include "storage/itemptr.h"

/* A set of rows, identified by table and ctid.  The order of rows does not matter. */
typedef struct RowTally
{
	uint64		count;
	uint64		hashes;			/* XOR of the hashes of table OID and ctid */
} RowTally;

/* Adds a row. */
extern void TallyRow(RowTally *tally, Oid relid, const ItemPointerData *ctid);

/* Adds a disjoint set of rows. */
extern void TallyAdd(RowTally *tally, const RowTally *more);

/* All rows of trust.table that the active snapshot sees, by a sequential scan. */
extern RowTally TallyTable(const char *table);

/* OIDs of trust.table, its partitions and other child tables: all that SELECT reads. */
extern List *TableAndChildren(const char *table);

#endif
