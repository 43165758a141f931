/*
 * row_insert.h
 *		Inserts several rows into a table of the ledger with one statement.
 */
#ifndef TRUST_LEDGER_ROW_INSERT_H
#define TRUST_LEDGER_ROW_INSERT_H

#include "base/row.h"

/*
 * A saved INSERT ... SELECT from an ephemeral named relation that holds the rows,
 * like a transition table of a trigger.  The executor needs no expression and no
 * parameter per column.
 *
 * For errors and nested calls, what statement.h says of a Statement applies: no
 * user code runs between the check of plan and attnums and the execution.
 */
typedef struct Inserter
{
	const RowShape *shape;
	SPIPlanPtr	plan;
	uint64		identifier;		/* of the row type for which the plan was last checked */
	int			attnums[ROW_MAX_COLUMNS];	/* of the shape's columns in the table */
} Inserter;

/*
 * Error TL006 unless all rows were written.  A user's trigger or rule on the table
 * can suppress a row.
 */
extern void CheckWritten(uint64 written, uint64 wanted, const char *table);

/* Inserts the rows in order.  relid is the table of the inserter's shape. */
extern void RowsInsert(Inserter *inserter, Oid relid, const Row *const *rows, int count);

#endif
