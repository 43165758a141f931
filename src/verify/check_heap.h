/*
 * check_heap.h
 *		Whether the rows that a table's indexes lead to are those that it holds.
 */
#ifndef TRUST_LEDGER_CHECK_HEAP_H
#define TRUST_LEDGER_CHECK_HEAP_H

#include "ledger/row_tally.h"
#include "verify/findings.h"

extern void CompareTallies(Findings *findings, const char *table, const RowTally *read, const RowTally *held);
extern void FindUnindexed(Findings *findings, const char *table);

#endif
