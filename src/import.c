/*
 * import.c
 *		Taking in rows that were there before their table was tracked.
 */
#include "postgres.h"

#include "access/htup_details.h"
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

PG_FUNCTION_INFO_V1(import_rows);

static Statement lock_tracking = STATEMENT(
	"SELECT FROM trust.tracking WHERE source OPERATOR(pg_catalog.=) $1 FOR UPDATE", TEXTOID);

/* Where the fields of a mapped_row stand, by name: as read_tracked() returns them. */
typedef struct RowFields
{
	TupleDesc	tupdesc;
	int			name;
	int			event;
	int			key;
	int			mapped[MAPPED_COLUMNS];
} RowFields;

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
}

/* What a trigger would have said when the row was put in as it is now. */
static TrackedChange *
ChangeOfRow(const RowFields *fields, Datum element, char *source, const char *acting)
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

/*
 * import_rows(source text, changes mapped_row[]) returns integer
 *		Writes what rows of a tracked table say, as read_tracked() reads them, in the
 *		order of the array; of rows that stand for a promise already only what that does
 *		not say.  What cannot be written is left out, with a warning.  Returns how many
 *		of the changes were looked at.  Level import.
 */
Datum
import_rows(PG_FUNCTION_ARGS)
{
	Ledger		ledger = *LedgerOpen();
	char	   *source = text_to_cstring(PG_GETARG_TEXT_PP(0));
	ArrayType  *array = PG_GETARG_ARRAYTYPE_P(1);
	TrackedChange **changes;
	RowFields	fields;
	Datum	   *elements;
	bool	   *nulls;
	bool		own;
	const char *acting;
	int			count;
	int			taken = 0;

	AcceptInvalidationMessages();
	CheckAccess(&ledger, GetUserId(), LEVEL_IMPORT, "import what a table holds");
	acting = WhoActs(&ledger, GetUserId(), &own);
	FindFields(&fields, ARR_ELEMTYPE(array));
	deconstruct_array(array, ARR_ELEMTYPE(array), -1, false, TYPALIGN_DOUBLE, &elements, &nulls, &count);
	changes = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(TrackedChange *) * Max(count, 1));
	for (int i = 0; i < count; i++)
	{
		TrackedChange *change = nulls[i] ? NULL : ChangeOfRow(&fields, elements[i], source, acting);

		if (change && CanBeImported(change))
			changes[taken++] = change;
	}
	LockTracking(&ledger, PG_GETARG_TEXT_PP(0));
	ChangesWrite(&ledger, changes, taken, Warn);
	PG_RETURN_INT32(taken);
}
