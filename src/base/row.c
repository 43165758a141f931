/*
 * row.c
 *		Rows of the ledger's tables in memory.
 */
#include "postgres.h"

#include "base/row.h"

#include "access/htup_details.h"
#include "catalog/pg_type_d.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/tuplestore.h"
#include "utils/typcache.h"

#include "base/catalog.h"
#include "base/large_value.h"

Row *
RowNew(const RowShape *shape)
{
	Row		   *row = palloc(sizeof(Row));

	row->shape = shape;
	row->values = palloc0(sizeof(Datum) * shape->natts);
	row->nulls = palloc(sizeof(bool) * shape->natts);
	memset(row->nulls, true, sizeof(bool) * shape->natts);
	return row;
}

pg_noreturn static void MissingColumn(const RowShape *shape, const char *name);

static void
MissingColumn(const RowShape *shape, const char *name)
{
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_COLUMN),
			 errmsg("column \"%s\" of table \"trust.%s\" does not exist", name, shape->table),
			 errhint("Run SELECT trust_ledger.migrate_ledger();")));
}

void
WrongType(const char *name)
{
	ereport(ERROR,
			(errcode(ERRCODE_TL_ALTERED),
			 errmsg("column \"%s\" of a ledger table has the wrong type", name),
			 errhint("Restore the column types listed in doc/format.md.")));
}

void
RowWithoutKey(const char *table)
{
	ereport(ERROR,
			(errcode(ERRCODE_TL_ALTERED),
			 errmsg("the key of a row in table \"trust.%s\" is null", table),
			 errdetail("The key column was created with NOT NULL."),
			 errhint("Delete the row, and restore the table's constraints.")));
}

/* SELECT lists of ours are often in the shape's order, so that is tried first. */
void
RowMap(const RowShape *shape, TupleDesc tupdesc, int *attnums)
{
	Assert(shape->natts <= ROW_MAX_COLUMNS);
	for (int i = 0; i < shape->natts; i++)
	{
		const char *name = shape->columns[i].name;
		Oid			type = shape->columns[i].type;
		int			attnum = i + 1;

		if (attnum > tupdesc->natts ||
			strcmp(NameStr(TupleDescAttr(tupdesc, i)->attname), name) != 0)
			attnum = SPI_fnumber(tupdesc, name);
		if (attnum <= 0)
			MissingColumn(shape, name);
		if (type == SCORE_COLUMN_TYPE)
			type = ScoreTypeId();
		if (TupleDescAttr(tupdesc, attnum - 1)->atttypid != type)
			WrongType(name);
		attnums[i] = attnum;
	}
}

void
RowSetTuple(Row *row, HeapTuple tuple, TupleDesc tupdesc, const int *attnums)
{
	Datum		values[MaxTupleAttributeNumber];
	bool		nulls[MaxTupleAttributeNumber];

	heap_deform_tuple(tuple, tupdesc, values, nulls);
	for (int i = 0; i < row->shape->natts; i++)
	{
		row->values[i] = values[attnums[i] - 1];
		row->nulls[i] = nulls[attnums[i] - 1];
	}
}

Row *
RowFromTuple(const RowShape *shape, HeapTuple tuple, TupleDesc tupdesc)
{
	Row		   *row = RowNew(shape);
	int			attnums[ROW_MAX_COLUMNS];

	RowMap(shape, tupdesc, attnums);
	RowSetTuple(row, tuple, tupdesc, attnums);
	return row;
}

void
RowSetText(Row *row, int column, const char *value)
{
	if (value == NULL)
		RowClear(row, column);
	else
		RowSet(row, column, CStringGetTextDatum(value));
}

void
RowCopyValue(Row *row, int column, const Row *from, int from_column)
{
	row->values[column] = from->values[from_column];
	row->nulls[column] = from->nulls[from_column];
}

char *
RowText(const Row *row, int column)
{
	return row->nulls[column] ? NULL : TextDatumGetCString(row->values[column]);
}

bool
RowTextIs(const Row *row, int column, const char *value)
{
	text	   *stored;
	bool		same;

	if (row->nulls[column])
		return false;
	stored = DatumGetTextPP(row->values[column]);
	same = VARSIZE_ANY_EXHDR(stored) == strlen(value) &&
		memcmp(VARDATA_ANY(stored), value, VARSIZE_ANY_EXHDR(stored)) == 0;
	return same;
}

/* Called for each column of millions of rows, so it avoids the catalog lookup. */
void
ColumnStorage(Oid type, int16 *typlen, bool *typbyval)
{
	switch (type)
	{
		case TEXTOID:
		case BYTEAOID:
		case JSONBOID:
		case NUMERICOID:
			*typlen = -1;
			*typbyval = false;
			break;
		case TIMESTAMPTZOID:
		case INT8OID:
			*typlen = sizeof(int64);
			*typbyval = FLOAT8PASSBYVAL;
			break;
		case BOOLOID:
			*typlen = sizeof(bool);
			*typbyval = true;
			break;
		case INT4OID:
			*typlen = sizeof(int32);
			*typbyval = true;
			break;
		case UUIDOID:
			*typlen = UUID_LEN;
			*typbyval = false;
			break;
		default:
			get_typlenbyval(type, typlen, typbyval);
	}
}

bool
RowValueEqual(const Row *a, int a_column, const Row *b, int b_column)
{
	Oid			type = a->shape->columns[a_column].type;
	int16		typlen;
	bool		typbyval;

	Assert(type == b->shape->columns[b_column].type);
	if (a->nulls[a_column] || b->nulls[b_column])
		return a->nulls[a_column] == b->nulls[b_column];
	ColumnStorage(type, &typlen, &typbyval);
	if (typlen == -1)
		return VarlenaEqual(a->values[a_column], b->values[b_column]);
	return datum_image_eq(a->values[a_column], b->values[b_column], typbyval, typlen);
}

char *
RowColumnList(const RowShape *shape)
{
	StringInfoData list;

	initStringInfo(&list);
	for (int i = 0; i < shape->natts; i++)
		appendStringInfo(&list, "%s%s", i ? ", " : "",
						 quote_identifier(shape->columns[i].name));
	return list.data;
}

char *
RowColumnsAsStored(const RowShape *shape, TupleDesc tupdesc)
{
	int			attnums[ROW_MAX_COLUMNS];
	StringInfoData list;

	RowMap(shape, tupdesc, attnums);
	initStringInfo(&list);
	for (int attnum = 1; attnum <= tupdesc->natts; attnum++)
		for (int i = 0; i < shape->natts; i++)
			if (attnums[i] == attnum)
				appendStringInfo(&list, "%s%s", list.len ? ", " : "",
								 quote_identifier(shape->columns[i].name));
	return list.data;
}

Oid *
RowTypes(const RowShape *shape)
{
	Oid		   *types = palloc(sizeof(Oid) * shape->natts);

	for (int i = 0; i < shape->natts; i++)
		types[i] = shape->columns[i].type;
	return types;
}
