/*
 * heap.h
 *		Whether the rows that a table's indexes lead to are those that it holds.
 */
#ifndef TRUST_LEDGER_HEAP_H
#define TRUST_LEDGER_HEAP_H

#include "verify/findings.h"
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
extern void CompareTallies(Findings *findings, const char *table, const RowTally *read, const RowTally *held);
extern void FindUnindexed(Findings *findings, const char *table);

#endif
