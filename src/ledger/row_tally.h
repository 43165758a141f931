/*
 * row_tally.h
 *		Which rows of a table were read: their count, and the XOR of their hashed places.
 */
#ifndef TRUST_LEDGER_ROW_TALLY_H
#define TRUST_LEDGER_ROW_TALLY_H

#include "nodes/pg_list.h"
#include "storage/itemptr.h"

/* Rows by their places, whatever their order: how many, and the XOR of the hashes of table and ctid. */
typedef struct RowTally
{
	uint64		count;
	uint64		hashes;
} RowTally;

extern void TallyRow(RowTally *tally, Oid relid, const ItemPointerData *place);
extern void TallyAdd(RowTally *tally, const RowTally *more);
extern RowTally TallyTable(const char *table);
extern List *TablePlaces(const char *table);

#endif
