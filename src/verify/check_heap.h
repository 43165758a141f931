/*
 * check_heap.h
 *		Checks that the indexes of the ledger's tables find all rows.
 */
#ifndef TRUST_LEDGER_CHECK_HEAP_H
#define TRUST_LEDGER_CHECK_HEAP_H

#include "ledger/row_tally.h"
#include "verify/findings.h"

/* Both functions need a LedgerSession and use the active snapshot. */

/*
 * For a table that was read completely by an index: compares the tally of the rows
 * read with the tally of the rows that it contains.  If they differ, looks up each
 * row in the primary key's index.
 */
extern void CompareTallies(Findings *findings, const char *table, const RowTally *read,
						   const RowTally *contained);

/* For a small table: looks up each row in the primary key's index. */
extern void FindUnindexedRows(Findings *findings, const char *table);

#endif
