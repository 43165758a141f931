/*
 * statement.h
 *		Runs SQL statements through SPI with saved plans, and reads their results.
 */
#ifndef TRUST_LEDGER_STATEMENT_H
#define TRUST_LEDGER_STATEMENT_H

#include "base/row.h"

#define STATEMENT_MAX_ARGS 24

/*
 * A statement that is planned once per backend.  All names in it must be qualified,
 * those of types and operators too: a saved plan is reparsed with the search_path of
 * a later caller.
 *
 * Only the plan changes in such an object, and errors, subtransactions and PREPARE
 * TRANSACTION do not affect it.  If a nested call replaces a plan that is being
 * executed, the old plan lives until the transaction ends (see RetirePlan()).
 */
typedef struct Statement
{
	const RowShape *shape;		/* if set, sql is what follows SELECT columns FROM table */
	const char *sql;
	int			nargs;
	Oid			types[STATEMENT_MAX_ARGS];
	SPIPlanPtr	plan;
} Statement;

#define STATEMENT(text, ...) \
	{ .sql = (text), .nargs = lengthof(((Oid[]){__VA_ARGS__})), .types = {__VA_ARGS__} }
#define STATEMENT_WITHOUT_ARGS(text) { .sql = (text) }
#define STATEMENT_OF_ROWS(row_shape, text, ...) \
	{ .shape = &(row_shape), .sql = (text), \
	  .nargs = lengthof(((Oid[]){__VA_ARGS__})), .types = {__VA_ARGS__} }

/* Stores a saved generic plan for the statement in *place; retires the plan it replaces. */
extern void KeepPlan(SPIPlanPtr *place, const char *sql, int nargs, Oid *types);

/* These execute within SPI and return the number of rows; values and nulls are as in SPI. */

/* With a new snapshot, which sees what others have committed by now. */
extern uint64 PlanWrite(SPIPlanPtr plan, Datum *values, const char *nulls);
extern uint64 StatementWrite(Statement *statement, Datum *values, const char *nulls);

/* With the caller's snapshot. */
extern uint64 StatementRead(Statement *statement, Datum *values, const char *nulls);

/*
 * With a catalog snapshot for relid: sees what is committed now and what this
 * transaction did, whatever its isolation level.  For caches, which outlive the
 * transaction; allowed in parallel mode.
 */
extern uint64 StatementReadLatest(Statement *statement, Datum *values, const char *nulls,
								  Oid relid);

/* Opens a cursor, which does not see later changes.  The caller closes it. */
extern Portal StatementOpen(Statement *statement, Datum *values, const char *nulls,
							bool read_only);

/* Fetches the next rows of a cursor and frees the previous ones; 0 at the end. */
extern uint64 StatementFetch(Portal portal, SPITupleTable **rows);

/*
 * These read SPI_tuptable; rows count from 0, columns from 1.  Error TL006 if the
 * column has another type, since tables may have been tampered with.
 */

/* Copies the first row, then frees SPI_tuptable, which takes at least 8 kB. */
extern Row *ResultRow(const RowShape *shape);

/* The value of a column. */
extern Datum ResultValue(uint64 row, int column, Oid type, bool *isnull);

/* The same, with error TL006 for NULL. */
extern Datum ResultNotNull(uint64 row, int column, Oid type);

/* A text column as a C string; NULL if it is NULL. */
extern char *ResultText(uint64 row, int column);

/* The same, with error TL006 for NULL. */
extern char *ResultTextNotNull(uint64 row, int column);

#endif
