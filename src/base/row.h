/*
 * row.h
 *		Rows of the ledger's tables, described by their columns.
 *
 * One list of columns per table serves the statements, the hash, the projection
 * and the comparison with what is stored.  Columns are matched by name only.
 */
#ifndef TRUST_LEDGER_ROW_H
#define TRUST_LEDGER_ROW_H

#include "base/errcodes.h"

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

pg_noreturn extern void WrongType(const char *column);
pg_noreturn extern void RowWithoutKey(const char *table);

#endif
