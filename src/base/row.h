/*
 * row.h
 *		Rows of the ledger's tables in memory.
 *
 * One list of columns per table is used for SQL statements, the hash, the
 * projection, and the comparison with stored rows.  Columns are matched by name.
 */
#ifndef TRUST_LEDGER_ROW_H
#define TRUST_LEDGER_ROW_H

#include "base/errcodes.h"

#include "access/tupdesc.h"
#include "executor/spi.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

/* Stands for type trust_score, whose OID is not fixed: see ScoreTypeId(). */
#define SCORE_COLUMN_TYPE InvalidOid

typedef struct Column
{
	const char *name;
	Oid			type;
} Column;

/* Columns of a table in schema trust: all of them, or those that are read. */
typedef struct RowShape
{
	const char *table;
	const Column *columns;
	int			natts;
} RowShape;

#define ROW_MAX_COLUMNS 64

/* Values in the order of the shape's columns. */
typedef struct Row
{
	const RowShape *shape;
	Datum	   *values;
	bool	   *nulls;
} Row;

/* Returns a row of NULLs. */
extern Row *RowNew(const RowShape *shape);

/*
 * Finds the attribute numbers of the shape's columns in tupdesc, by name.
 * Errors: 42703 missing column, TL006 wrong type.
 */
extern void RowMap(const RowShape *shape, TupleDesc tupdesc, int *attnums);

/* Sets the row to the tuple's values, which point into the tuple.  attnums come from RowMap(). */
extern void RowSetTuple(Row *row, HeapTuple tuple, TupleDesc tupdesc, const int *attnums);

/* Returns a new row with the tuple's values, which point into the tuple. */
extern Row *RowFromTuple(const RowShape *shape, HeapTuple tuple, TupleDesc tupdesc);

/* Sets a text column; a NULL pointer sets it to NULL. */
extern void RowSetText(Row *row, int column, const char *value);

/* Copies a column from another row, without copying what its Datum points to. */
extern void RowCopyValue(Row *row, int column, const Row *from, int from_column);

/*
 * Whether two columns hold the same bytes, or are both NULL.  1.50 differs from 1.5,
 * since their hashes differ too.
 */
extern bool RowValueEqual(const Row *a, int a_column, const Row *b, int b_column);

/* get_typlenbyval() without a catalog lookup for the common types of the ledger's columns. */
extern void ColumnStorage(Oid type, int16 *typlen, bool *typbyval);

/* The shape's column names as an SQL list. */
extern char *RowColumnList(const RowShape *shape);

/*
 * The same in the order of the table's columns: if a SELECT list matches the table,
 * the executor returns stored tuples without a projection.
 */
extern char *RowColumnsAsStored(const RowShape *shape, TupleDesc tupdesc);

/* The shape's column types, in palloc'd memory. */
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

/* Columns that are NOT NULL may still hold NULL in a tampered table: NULL reads as 0. */
static inline int64
RowInt64(const Row *row, int column)
{
	return row->nulls[column] ? 0 : DatumGetInt64(row->values[column]);
}

static inline int32
RowInt32(const Row *row, int column)
{
	return row->nulls[column] ? 0 : DatumGetInt32(row->values[column]);
}

static inline TimestampTz
RowInstant(const Row *row, int column)
{
	return row->nulls[column] ? 0 : DatumGetTimestampTz(row->values[column]);
}

/* A text column as a C string; NULL if it is NULL. */
extern char *RowText(const Row *row, int column);

/* Whether a text column holds exactly these bytes. */
extern bool RowTextIs(const Row *row, int column, const char *value);

/* Reports a column whose type was changed (TL006). */
pg_noreturn extern void WrongType(const char *column);

/* Reports a row whose key column is NULL (TL006). */
pg_noreturn extern void RowWithoutKey(const char *table);

#endif
