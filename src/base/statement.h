/*
 * statement.h
 *		Statements that are planned once per process, and their results.
 */
#ifndef TRUST_LEDGER_STATEMENT_H
#define TRUST_LEDGER_STATEMENT_H

#include "base/row.h"

/*
 * A statement that is planned once per process and kept.  Names in it are
 * qualified, types and operators too: a kept plan may be parsed again under the
 * search_path of whoever calls next.
 *
 * The plan is all that changes in such an object, and it belongs to the process:
 * an error, a savepoint and PREPARE TRANSACTION leave it as it is.  A nested call
 * may put another in its place while it runs, and it stays until the transaction
 * ends.  So these objects need no other care, wherever they stand.
 */
#define STATEMENT_MAX_ARGS 24

typedef struct Statement
{
	const RowShape *shape;		/* if set: whole rows of that shape, sql says which */
	const char *sql;
	int			nargs;
	Oid			types[STATEMENT_MAX_ARGS];
	SPIPlanPtr	plan;
} Statement;

#define STATEMENT(text, ...) \
	{ .sql = (text), .nargs = lengthof(((Oid[]){__VA_ARGS__})), .types = {__VA_ARGS__} }
#define STATEMENT_WITHOUT_ARGS(text) { .sql = (text) }
#define STATEMENT_OF_ROWS(row_shape, text, ...) \
	{ .shape = &(row_shape), .sql = (text), .nargs = lengthof(((Oid[]){__VA_ARGS__})), .types = {__VA_ARGS__} }

extern void KeepPlan(SPIPlanPtr *place, const char *sql, int nargs, Oid *types);
extern uint64 PlanWrite(SPIPlanPtr plan, Datum *values, const char *nulls);
extern void StatementForget(Statement *statement);
extern uint64 StatementWrite(Statement *statement, Datum *values, const char *nulls);
extern uint64 StatementRead(Statement *statement, Datum *values, const char *nulls);
extern Portal StatementOpen(Statement *statement, Datum *values, const char *nulls, bool read_only);
extern uint64 StatementFetch(Portal portal, SPITupleTable **rows);
/* Values of what was read last, of the type expected: tables may have been tampered with. */
extern Row *ResultRow(const RowShape *shape);
extern Datum ResultValue(uint64 row, int column, Oid type, bool *isnull);
extern Datum ResultNeeded(uint64 row, int column, Oid type);
extern char *ResultText(uint64 row, int column);
extern char *ResultNeededText(uint64 row, int column);

extern uint64 StatementReadLatest(Statement *statement, Datum *values, const char *nulls, Oid relid);

#endif
