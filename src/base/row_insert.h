/*
 * row_insert.h
 *		Writing whole rows into a table of the ledger, in one statement.
 */
#ifndef TRUST_LEDGER_ROW_INSERT_H
#define TRUST_LEDGER_ROW_INSERT_H

#include "base/row.h"

/*
 * Whole rows into a table, one statement however many they are.  They reach it
 * as transition tables reach a trigger: the executor takes them as they stand,
 * without an expression and a parameter per column.
 *
 * It survives what a Statement survives: no code of users runs from where the
 * plan and its attnums are looked at to where the plan is handed to the executor.
 */
typedef struct Inserter
{
	const RowShape *shape;
	SPIPlanPtr	plan;
	uint64		identifier;		/* of the row type that was looked at last */
	int			attnums[ROW_MAX_COLUMNS];
} Inserter;

extern void CheckWritten(uint64 written, uint64 wanted, const char *table);
extern void RowsInsert(Inserter *inserter, Oid relid, const Row *const *rows, int count);

#endif
