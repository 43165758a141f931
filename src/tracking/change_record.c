/*
 * change_record.c
 *		Packs a change of a tracked row into one chunk of memory, for the spool.
 *
 * Fields that all changes of a mapping have in common are not packed: ChangeUnpack()
 * takes them from the mapping.
 */
#include "postgres.h"

#include "tracking/change_record.h"

#include "access/htup_details.h"
#include "catalog/pg_type_d.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

/* Columns of the tuple; the mapped values come first. */
enum
{
	RECORD_KEY = MAPPED_ARGUMENTS,
	RECORD_OLD_KEY,
	RECORD_STABLE_KEY,
	RECORD_OLD_ROW,
	RECORD_NEW_ROW,
	RECORD_MESSAGE,
	RECORD_COLUMNS
};

#define TUPLE_OFFSET MAXALIGN(sizeof(ChangeHeader))

/* Created once per backend and never changed, so that errors and nested calls do no harm. */
static TupleDesc record_tupdesc = NULL;

static TupleDesc
RecordTupleDesc(void)
{
	static const Oid types[] = {TEXTOID, TEXTOID, TEXTARRAYOID, JSONBOID, JSONBOID, TEXTOID};

	if (record_tupdesc == NULL)
	{
		MemoryContext previous = MemoryContextSwitchTo(TopMemoryContext);
		TupleDesc	tupdesc = CreateTemplateTupleDesc(RECORD_COLUMNS);

		for (int i = 0; i < RECORD_COLUMNS; i++)
			TupleDescInitEntry(tupdesc, i + 1, NULL,
							   i < MAPPED_ARGUMENTS ? mapped_shape.columns[i].type :
							   types[i - MAPPED_ARGUMENTS], -1, 0);
		MemoryContextSwitchTo(previous);
		record_tupdesc = tupdesc;
	}
	return record_tupdesc;
}

static void
PutText(Datum *values, bool *nulls, int column, const char *text)
{
	nulls[column] = text == NULL;
	if (text)
		values[column] = CStringGetTextDatum(text);
}

static void
PutJson(Datum *values, bool *nulls, int column, Datum json)
{
	nulls[column] = json == (Datum) 0;
	values[column] = json;
}

static void
PutKeyParts(Datum *values, bool *nulls, int column, const List *parts)
{
	int			count = list_length(parts);
	Datum	   *texts = palloc(sizeof(Datum) * Max(count, 1));
	bool	   *absent = palloc(sizeof(bool) * Max(count, 1));
	int			lower = 1;

	nulls[column] = count == 0;
	if (count == 0)
		return;
	for (int i = 0; i < count; i++)
		PutText(texts, absent, i, list_nth(parts, i));
	values[column] = PointerGetDatum(construct_md_array(texts, absent, 1, &count, &lower,
														TEXTOID, -1, false, TYPALIGN_INT));
}

void *
ChangePack(const TrackedChange *change, Size *length)
{
	Datum		values[RECORD_COLUMNS];
	bool		nulls[RECORD_COLUMNS];
	HeapTuple	tuple;
	ChangeHeader *header;

	memcpy(values, change->mapped->values, sizeof(Datum) * MAPPED_ARGUMENTS);
	memcpy(nulls, change->mapped->nulls, sizeof(bool) * MAPPED_ARGUMENTS);
	PutText(values, nulls, RECORD_KEY, change->key);
	PutText(values, nulls, RECORD_OLD_KEY, change->old_key);
	PutKeyParts(values, nulls, RECORD_STABLE_KEY,
				change->leaves_partition ? change->stable_key : NIL);
	PutJson(values, nulls, RECORD_OLD_ROW, change->old_row);
	PutJson(values, nulls, RECORD_NEW_ROW, change->new_row);
	PutText(values, nulls, RECORD_MESSAGE,
			change->unreadable ? change->unreadable->message : NULL);
	tuple = heap_form_tuple(RecordTupleDesc(), values, nulls);

	*length = TUPLE_OFFSET + tuple->t_len;
	header = MemoryContextAllocHuge(CurrentMemoryContext, *length);
	*header = (ChangeHeader) {
		.mapping = change->mapping,
		.row = change->row,
		.command = change->command,
		.version = change->version,
		.changed = change->changed,
		.login = change->login,
		.role = change->role,
		.sqlstate = change->unreadable ? change->unreadable->sqlstate : 0,
		.tuple_length = tuple->t_len,
		.operation = change->operation,
		.leaves_partition = change->leaves_partition,
		.arrival_seen = change->arrival_seen,
		.moved = change->moved,
		.dropped = change->dropped
	};
	memcpy((char *) header + TUPLE_OFFSET, tuple->t_data, tuple->t_len);
	return header;
}

static char *
GetText(const Datum *values, const bool *nulls, int column)
{
	return nulls[column] ? NULL : TextDatumGetCString(values[column]);
}

static List *
GetKeyParts(Datum array)
{
	List	   *parts = NIL;
	Datum	   *texts;
	bool	   *absent;
	int			count;

	deconstruct_array(DatumGetArrayTypeP(array), TEXTOID, -1, false, TYPALIGN_INT,
					  &texts, &absent, &count);
	for (int i = 0; i < count; i++)
		parts = lappend(parts, GetText(texts, absent, i));
	return parts;
}

TrackedChange *
ChangeUnpack(void *record)
{
	const ChangeHeader *header = record;
	HeapTupleData tuple = {
		.t_len = header->tuple_length, .t_data = (HeapTupleHeader) ((char *) record + TUPLE_OFFSET)
	};
	TrackedChange *change = palloc0(sizeof(TrackedChange));
	Datum		values[RECORD_COLUMNS];
	bool		nulls[RECORD_COLUMNS];

	heap_deform_tuple(&tuple, RecordTupleDesc(), values, nulls);
	ChangeSetMapping(change, header->mapping);
	change->mapped = RowNew(&mapped_shape);
	memcpy(change->mapped->values, values, sizeof(Datum) * MAPPED_ARGUMENTS);
	memcpy(change->mapped->nulls, nulls, sizeof(bool) * MAPPED_ARGUMENTS);
	change->operation = header->operation;
	change->row = header->row;
	change->command = header->command;
	change->version = header->version;
	change->changed = header->changed;
	change->login = header->login;
	change->role = header->role;
	change->leaves_partition = header->leaves_partition;
	change->arrival_seen = header->arrival_seen;
	change->moved = header->moved;
	change->dropped = header->dropped;
	change->key = GetText(values, nulls, RECORD_KEY);
	change->old_key = GetText(values, nulls, RECORD_OLD_KEY);
	change->stable_key = nulls[RECORD_STABLE_KEY] ? NIL :
		GetKeyParts(values[RECORD_STABLE_KEY]);
	change->old_row = nulls[RECORD_OLD_ROW] ? (Datum) 0 : values[RECORD_OLD_ROW];
	change->new_row = nulls[RECORD_NEW_ROW] ? (Datum) 0 : values[RECORD_NEW_ROW];
	if (!nulls[RECORD_MESSAGE])
	{
		Refusal    *refusal = palloc(sizeof(Refusal));

		*refusal = (Refusal) {header->sqlstate, GetText(values, nulls, RECORD_MESSAGE), NULL};
		change->unreadable = refusal;
	}
	return change;
}
