/*
 * import.c
 *		Taking in rows that were there before their table was tracked.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_type_d.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/typcache.h"

#include "gathered.h"
#include "tracked_rows.h"

PG_FUNCTION_INFO_V1(import_rows);

static Statement lock_tracking = STATEMENT(
	"SELECT FROM trust.tracking WHERE source OPERATOR(pg_catalog.=) $1 FOR UPDATE", TEXTOID);

static Statement lock_chains = STATEMENT(
	"SELECT FROM trust.chain WHERE customer OPERATOR(pg_catalog.=) ANY ($1) ORDER BY customer FOR UPDATE", TEXTARRAYOID);

/* Where the fields of a mapped_row stand, by name: as read_tracked() returns them. */
typedef struct RowFields
{
	TupleDesc	tupdesc;
	int			name;
	int			event;
	int			key;
	int			mapped[MAPPED_COLUMNS];
	int			place;
} RowFields;

/* What is to be taken in, and where the rows were when they were read. */
typedef struct Taking
{
	TrackedChange **changes;
	Datum	   *places;
	bool	   *unknown;		/* by change: no place is given */
	int			count;
} Taking;

static int
FieldNumber(TupleDesc tupdesc, const char *name, Oid type)
{
	int			attnum = SPI_fnumber(tupdesc, name);

	if (attnum <= 0 || TupleDescAttr(tupdesc, attnum - 1)->atttypid != type)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("type \"trust_ledger.mapped_row\" is not what it was made")));
	return attnum - 1;
}

static void
FindFields(RowFields *fields, Oid type)
{
	fields->tupdesc = lookup_rowtype_tupdesc_copy(type, -1);
	fields->name = FieldNumber(fields->tupdesc, "name", TEXTOID);
	fields->event = FieldNumber(fields->tupdesc, "event", TEXTOID);
	fields->key = FieldNumber(fields->tupdesc, "key", TEXTOID);
	for (int i = 0; i < MAPPED_COLUMNS; i++)
		fields->mapped[i] = FieldNumber(fields->tupdesc, mapped_shape.columns[i].name, mapped_shape.columns[i].type);
	fields->place = FieldNumber(fields->tupdesc, "place", TEXTOID);
}

/* What a trigger would have said when the row was put in as it is now; and where that was. */
static TrackedChange *
ChangeOfRow(const RowFields *fields, Datum element, char *source, const char *acting, NullableDatum *place)
{
	TrackedChange *change = palloc0(sizeof(TrackedChange));
	HeapTupleHeader row = DatumGetHeapTupleHeader(element);
	HeapTupleData tuple = {.t_len = HeapTupleHeaderGetDatumLength(row), .t_data = row};
	Datum	   *values = palloc(sizeof(Datum) * fields->tupdesc->natts);
	bool	   *nulls = palloc(sizeof(bool) * fields->tupdesc->natts);

	heap_deform_tuple(&tuple, fields->tupdesc, values, nulls);
	if (nulls[fields->event] || nulls[fields->key])
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("a row to be imported has no event or no key")));
	change->operation = ROW_INSERT;
	change->imported = true;
	change->on_error = ON_ERROR_PARK;
	change->table = source;
	change->trigger_name = "import_table";
	change->source = source;
	change->name = nulls[fields->name] ? "" : TextDatumGetCString(values[fields->name]);
	change->key = TextDatumGetCString(values[fields->key]);
	change->event = NameIndex(event_names, EVENTS, TextDatumGetCString(values[fields->event]));
	change->mapped = RowNew(&mapped_shape);
	for (int i = 0; i < MAPPED_COLUMNS; i++)
		if (!nulls[fields->mapped[i]])
			RowSet(change->mapped, i, values[fields->mapped[i]]);
	change->login = GetSessionUserId();
	change->level_of = change->role = GetUserId();
	if (RowIsNull(change->mapped, MAPPED_ACTOR))
		RowSetText(change->mapped, MAPPED_ACTOR, acting);
	*place = (NullableDatum) {values[fields->place], nulls[fields->place]};
	pfree(values);
	pfree(nulls);
	return change;
}

/* One import of a source at a time: what two read as missing is not made twice. */
static void
LockTracking(const Ledger *ledger, text *source)
{
	LedgerSession session;
	Datum		value = PointerGetDatum(source);

	LedgerEnter(ledger, &session);
	if (StatementWrite(&lock_tracking, &value, NULL) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("nothing is tracked as \"%s\"", text_to_cstring(source)),
				 errhint("Use trust_ledger.track_table() first.")));
	LedgerLeave(&session);
}

/* A backing is a human's own act, and none that is read off a row. */
static bool
CanBeImported(const TrackedChange *change)
{
	return (int) change->event >= 0 && change->event != EVENT_BACKED && change->event != EVENT_DECLINED &&
		change->event != EVENT_BACKING_WITHDRAWN && change->event != EVENT_NOTED && change->event != EVENT_ERASED;
}

/* What the row cannot say stays outside: reconcile_table() shows it. */
static void
Warn(const Ledger *ledger pg_attribute_unused(), const TrackedChange *change, const ErrorData *error)
{
	ereport(WARNING,
			(errcode(error->sqlerrcode),
			 errmsg("row %s: \"%s\" is not imported", change->key, event_names[change->event]),
			 errdetail("%s", error->message)));
}

static void
TakeRows(Taking *taking, ArrayType *array, char *source, const char *acting)
{
	RowFields	fields;
	Datum	   *elements;
	bool	   *nulls;
	int			count;

	FindFields(&fields, ARR_ELEMTYPE(array));
	deconstruct_array(array, ARR_ELEMTYPE(array), -1, false, TYPALIGN_DOUBLE, &elements, &nulls, &count);
	taking->changes = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(TrackedChange *) * Max(count, 1));
	taking->places = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(Datum) * Max(count, 1));
	taking->unknown = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(bool) * Max(count, 1));
	taking->count = 0;
	for (int i = 0; i < count; i++)
	{
		NullableDatum place;
		TrackedChange *change = nulls[i] ? NULL : ChangeOfRow(&fields, elements[i], source, acting, &place);

		if (change == NULL || !CanBeImported(change))
			continue;
		taking->changes[taking->count] = change;
		taking->places[taking->count] = place.value;
		taking->unknown[taking->count++] = place.isnull;
	}
}

/* The chains that are there, in the order in which they are locked when they are written. */
static void
LockChainsOf(const Ledger *ledger, const Taking *taking)
{
	Datum	   *customers = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(Datum) * Max(taking->count, 1));
	LedgerSession session;
	Datum		value;
	int			count = 0;

	for (int i = 0; i < taking->count; i++)
		if (!RowIsNull(taking->changes[i]->mapped, MAPPED_CUSTOMER))
			customers[count++] = taking->changes[i]->mapped->values[MAPPED_CUSTOMER];
	value = PointerGetDatum(construct_array(customers, count, TEXTOID, -1, false, TYPALIGN_INT));
	LedgerEnter(ledger, &session);
	(void) StatementWrite(&lock_chains, &value, NULL);
	LedgerLeave(&session);
}

/*
 * Locks the rows, and leaves out what they say no more or may soon say no more:
 * their triggers did not tell of what was not in the ledger.  Chains are locked
 * before: who waits for one holds no row that somebody else may wait for.
 */
static void
KeepAsRead(Taking *taking, Relation rel)
{
	bool	   *as_read = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(bool) * Max(taking->count, 1));
	int			kept = 0;

	TrackedRowsLock(rel, taking->places, taking->unknown, taking->count, as_read);
	for (int i = 0; i < taking->count; i++)
		if (as_read[i])
			taking->changes[kept++] = taking->changes[i];
		else
			ereport(WARNING,
					(errcode(ERRCODE_OBJECT_IN_USE),
					 errmsg("row %s: \"%s\" is not imported", taking->changes[i]->key, event_names[taking->changes[i]->event]),
					 errdetail("The row is being changed, or was since it was read."),
					 errhint("Import the table again.")));
	taking->count = kept;
}

/*
 * import_rows(tab regclass, source text, changes mapped_row[]) returns integer
 *		Writes what rows of a tracked table say, as read_tracked() reads them, in the
 *		order of the array; of rows that stand for a promise already only what that does
 *		not say.  What cannot be written, and what is not as it was read, is left out,
 *		with a warning.  Returns how many of the changes were looked at.  Level import.
 */
Datum
import_rows(PG_FUNCTION_ARGS)
{
	Ledger		ledger = *LedgerOpen();
	Relation	rel;
	Taking		taking;
	int			count;
	bool		own;

	AcceptInvalidationMessages();
	CheckAccess(&ledger, GetUserId(), LEVEL_IMPORT, "import what a table holds");
	rel = table_open(PG_GETARG_OID(0), AccessShareLock);
	CheckReadsTracked(rel);
	TakeRows(&taking, PG_GETARG_ARRAYTYPE_P(2), text_to_cstring(PG_GETARG_TEXT_PP(1)), WhoActs(&ledger, GetUserId(), &own));
	count = taking.count;
	LockTracking(&ledger, PG_GETARG_TEXT_PP(1));
	LockChainsOf(&ledger, &taking);
	KeepAsRead(&taking, rel);
	ChangesWrite(&ledger, taking.changes, taking.count, Warn);
	table_close(rel, NoLock);
	PG_RETURN_INT32(count);
}
