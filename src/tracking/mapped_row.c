/*
 * mapped_row.c
 *		A row of a tracked table, as its mapping reads it.
 */
#include "postgres.h"

#include "tracking/mapped_row.h"

#include "access/htup_details.h"
#include "lib/stringinfo.h"
#include "utils/json.h"
#include "utils/lsyscache.h"

#include "promise/same.h"

/* What the row says, in the current memory context; a timestamp without a zone is read in the one given. */
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
		if (!isnull)
			RowSet(row, field->field, MappedValue(mapped_shape.columns[field->field].type, field->type, value, zone));
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

/* The row's key as text: of one column its own, of several a JSON array of their texts. */
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
				 errmsg("the key of a tracked row is longer than %d bytes", MAX_ROW_KEY_BYTES)));
	return list.data;
}

/* The parts of the key, NULL for those that decide in which partition the row is; NIL where it is in none. */
List *
MappingLastingKey(const Mapping *mapping, HeapTuple tuple, TupleDesc tupdesc)
{
	List	   *parts = NIL;

	for (int i = 0; mapping->is_partition && i < mapping->key_count; i++)
		parts = lappend(parts, mapping->key_places[i] ? NULL : KeyPart(mapping, i, tuple, tupdesc));
	return parts;
}

/* Whether one of the columns of UPDATE OF, or who backs, is not what it was. */
bool
MappingWatchedChanged(const Mapping *mapping, HeapTuple old, HeapTuple new, TupleDesc tupdesc)
{
	int			count = mapping->nwatched + mapping->field_count;

	for (int i = 0; i < count; i++)
	{
		const MappedField *field = i < mapping->nwatched ? NULL : &mapping->fields[i - mapping->nwatched];
		AttrNumber	attnum = field ? field->attnum : mapping->watched[i];
		Form_pg_attribute column;
		bool		was_null;
		bool		is_null;
		Datum		was;
		Datum		is;

		if (field && field->field != COMMAND_BACKER)
			continue;
		column = TupleDescAttr(tupdesc, attnum - 1);
		was = heap_getattr(old, attnum, tupdesc, &was_null);
		is = heap_getattr(new, attnum, tupdesc, &is_null);
		if (was_null != is_null || (!was_null && !SameValue(getBaseType(column->atttypid), was, is)))
			return true;
	}
	return false;
}
