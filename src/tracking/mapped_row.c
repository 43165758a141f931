/*
 * mapped_row.c
 *		Reads a row of a tracked table according to its mapping.
 */
#include "postgres.h"

#include "tracking/mapped_row.h"

#include "access/htup_details.h"
#include "catalog/pg_type_d.h"
#include "lib/stringinfo.h"
#include "utils/json.h"
#include "utils/lsyscache.h"

#include "promise/same_value.h"

/* Leaves occurred_at NULL if the day is today: the event happens now. */
static void
SetDayOfEvent(Row *row, Event event, DateADT day, pg_tz *zone)
{
	TimestampTz instant;

	if (MappedInstantOfDay(day, event, zone, &instant))
		RowSetInstant(row, COMMAND_OCCURRED_AT, instant);
}

Row *
MappingRow(const Mapping *mapping, HeapTuple tuple, TupleDesc tupdesc, pg_tz *zone)
{
	Row		   *row = RowNew(&mapped_shape);

	for (int i = 0; i < mapping->field_count; i++)
	{
		const MappedField *field = &mapping->fields[i];
		bool		isnull = false;
		Datum		value = field->constant;

		if (field->attnum != 0)
			value = heap_getattr(tuple, field->attnum, tupdesc, &isnull);
		if (!isnull && field->field == COMMAND_OCCURRED_AT && field->type == DATEOID)
			SetDayOfEvent(row, mapping->event, DatumGetDateADT(value), zone);
		else if (!isnull)
			RowSet(row, field->field,
				   MappedValue(mapped_shape.columns[field->field].type, field->type, value, zone));
	}
	return row;
}

#define MAX_ROW_KEY_BYTES 1000

static char *
KeyPart(const Mapping *mapping, int i, HeapTuple tuple, TupleDesc tupdesc)
{
	bool		isnull;
	Datum		value = heap_getattr(tuple, mapping->key[i], tupdesc, &isnull);

	return isnull ? pstrdup("") : MappedText(mapping->key_types[i], value);
}

char *
MappingKey(const Mapping *mapping, HeapTuple tuple, TupleDesc tupdesc)
{
	StringInfoData list;

	initStringInfo(&list);
	for (int i = 0; i < mapping->key_count; i++)
	{
		char	   *part = KeyPart(mapping, i, tuple, tupdesc);

		if (mapping->key_count == 1)
			appendStringInfoString(&list, part);
		else
		{
			appendStringInfoChar(&list, i ? ',' : '[');
			escape_json(&list, part);
		}
	}
	if (mapping->key_count > 1)
		appendStringInfoChar(&list, ']');
	if (list.len > MAX_ROW_KEY_BYTES)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("primary key of a tracked row must not exceed %d bytes",
						MAX_ROW_KEY_BYTES)));
	return list.data;
}

List *
MappingStableKey(const Mapping *mapping, HeapTuple tuple, TupleDesc tupdesc)
{
	List	   *parts = NIL;

	for (int i = 0; mapping->is_partition && i < mapping->key_count; i++)
		parts = lappend(parts, mapping->in_partition_key[i] ? NULL :
						KeyPart(mapping, i, tuple, tupdesc));
	return parts;
}

static bool
ColumnChanged(AttrNumber attnum, HeapTuple old, HeapTuple new, TupleDesc tupdesc)
{
	bool		was_null;
	bool		is_null;
	Datum		was = heap_getattr(old, attnum, tupdesc, &was_null);
	Datum		is = heap_getattr(new, attnum, tupdesc, &is_null);

	if (was_null || is_null)
		return was_null != is_null;
	return !SameValue(getBaseType(TupleDescAttr(tupdesc, attnum - 1)->atttypid), was, is);
}

bool
MappingColumnsChanged(const Mapping *mapping, HeapTuple old, HeapTuple new, TupleDesc tupdesc)
{
	if (ColumnsChanged(mapping->key, mapping->key_count, old, new, tupdesc))
		return true;
	for (int i = 0; i < mapping->field_count && !mapping->key_only; i++)
		if (mapping->fields[i].attnum != 0 &&
			ColumnChanged(mapping->fields[i].attnum, old, new, tupdesc))
			return true;
	return false;
}

bool
ColumnsChanged(const AttrNumber *columns, int count, HeapTuple old, HeapTuple new,
			   TupleDesc tupdesc)
{
	for (int i = 0; i < count; i++)
		if (ColumnChanged(columns[i], old, new, tupdesc))
			return true;
	return false;
}

bool
MappingWatchedChanged(const Mapping *mapping, HeapTuple old, HeapTuple new, TupleDesc tupdesc)
{
	if (ColumnsChanged(mapping->watched, mapping->nwatched, old, new, tupdesc))
		return true;
	for (int i = 0; i < mapping->field_count; i++)
		if (mapping->fields[i].field == COMMAND_BACKER &&
			ColumnChanged(mapping->fields[i].attnum, old, new, tupdesc))
			return true;
	return false;
}
