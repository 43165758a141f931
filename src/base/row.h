/*
 * row.h
 *		Rows of the ledger's tables, described by their columns, and saved statements.
 *
 * One list of columns per table serves the statements, the hash, the projection
 * and the comparison with what is stored.  Columns are matched by name only.
 */
#ifndef TRUST_LEDGER_ROW_H
#define TRUST_LEDGER_ROW_H

#include "trust_ledger.h"

#include "access/tupdesc.h"
#include "executor/spi.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

/* Type trust_score is the extension's own: what it is called stays, its oid does not. */
#define COLUMN_OF_SCORES InvalidOid

typedef struct Column
{
	const char *name;
	Oid			type;
} Column;

typedef struct RowShape
{
	const char *table;
	const Column *columns;
	int			natts;
} RowShape;

#define ROW_MAX_COLUMNS 64

typedef struct Row
{
	const RowShape *shape;
	Datum	   *values;
	bool	   *nulls;
} Row;

extern Row *RowNew(const RowShape *shape);
extern void RowMap(const RowShape *shape, TupleDesc tupdesc, int *attnums);
extern void RowTakeTuple(Row *row, HeapTuple tuple, TupleDesc tupdesc, const int *attnums);
extern Row *RowFromTuple(const RowShape *shape, HeapTuple tuple, TupleDesc tupdesc);
extern void RowSetText(Row *row, int column, const char *value);
extern void RowTake(Row *row, int column, const Row *from, int from_column);
extern bool RowValueEqual(const Row *a, int a_column, const Row *b, int b_column);
extern void ColumnStorage(Oid type, int16 *typlen, bool *typbyval);
extern char *RowColumnList(const RowShape *shape);
extern char *RowColumnsAsStored(const RowShape *shape, TupleDesc tupdesc);
extern Oid *RowTypes(const RowShape *shape);

static inline void
RowSet(Row *row, int column, Datum value)
{
	row->values[column] = value;
	row->nulls[column] = false;
}

static inline void
RowClear(Row *row, int column)
{
	row->values[column] = (Datum) 0;
	row->nulls[column] = true;
}

static inline void
RowSetInstant(Row *row, int column, TimestampTz value)
{
	RowSet(row, column, TimestampTzGetDatum(value));
}

static inline bool
RowIsNull(const Row *row, int column)
{
	return row->nulls[column];
}

static inline bool
RowBool(const Row *row, int column)
{
	return !row->nulls[column] && DatumGetBool(row->values[column]);
}

/* What should be there reads as zero where it is not: tables may have been tampered with. */
static inline int64
RowInt64(const Row *row, int column)
{
	return row->nulls[column] ? 0 : DatumGetInt64(row->values[column]);
}

static inline TimestampTz
RowInstant(const Row *row, int column)
{
	return row->nulls[column] ? 0 : DatumGetTimestampTz(row->values[column]);
}

extern char *RowText(const Row *row, int column);
extern bool RowTextIs(const Row *row, int column, const char *value);

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

pg_noreturn extern void WrongType(const char *column);
pg_noreturn extern void RowWithoutKey(const char *table);
extern void CheckWritten(uint64 written, uint64 wanted, const char *table);
extern void RowsInsert(Inserter *inserter, Oid relid, const Row *const *rows, int count);

#endif
