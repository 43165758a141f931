/*
 * import.c
 *		Imports rows that existed before their table was tracked.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_type_d.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/typcache.h"

#include "base/limit.h"
#include "base/savepoint.h"
#include "base/statement.h"
#include "base/text.h"
#include "governance/caller.h"
#include "ledger/copy.h"
#include "tracking/change_write.h"
#include "tracking/tracked_table.h"

PG_FUNCTION_INFO_V1(import_rows);
PG_FUNCTION_INFO_V1(analyze_imported);

static Statement lock_tracking = STATEMENT(
	"SELECT FROM trust.tracking WHERE source OPERATOR(pg_catalog.=) $1 FOR UPDATE", TEXTOID);

static Statement lock_chain = STATEMENT(
	"SELECT FROM trust.chain WHERE customer OPERATOR(pg_catalog.=) $1 FOR UPDATE", TEXTOID);

/* Indexes of the fields in trust_ledger.mapped_row, which read_tracked() returns. */
typedef struct RowFields
{
	TupleDesc	tupdesc;
	int			name;
	int			event;
	int			key;
	int			mapped[MAPPED_ARGUMENTS];
	int			part;
	int			place;
	int			version;
} RowFields;

/* Changes to be written, and the row versions from which they were read. */
typedef struct ImportBatch
{
	const TrackedChange **changes;
	RowPlaces	places;			/* per change */
	int			count;
} ImportBatch;

static int
FieldNumber(TupleDesc tupdesc, const char *name, Oid type)
{
	int			attnum = SPI_fnumber(tupdesc, name);

	if (attnum <= 0 || TupleDescAttr(tupdesc, attnum - 1)->atttypid != type)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("type \"trust_ledger.mapped_row\" has been altered")));
	return attnum - 1;
}

static void
FindFields(RowFields *fields, Oid type)
{
	fields->tupdesc = lookup_rowtype_tupdesc_copy(type, -1);
	fields->name = FieldNumber(fields->tupdesc, "name", TEXTOID);
	fields->event = FieldNumber(fields->tupdesc, "event", TEXTOID);
	fields->key = FieldNumber(fields->tupdesc, "key", TEXTOID);
	for (int i = 0; i < MAPPED_ARGUMENTS; i++)
		fields->mapped[i] = FieldNumber(fields->tupdesc, mapped_shape.columns[i].name,
										mapped_shape.columns[i].type);
	fields->part = FieldNumber(fields->tupdesc, "part", OIDOID);
	fields->place = FieldNumber(fields->tupdesc, "place", TIDOID);
	fields->version = FieldNumber(fields->tupdesc, "version", XIDOID);
}

/* The change that a trigger would read if the row were inserted now. */
static TrackedChange *
ChangeOfRow(const RowFields *fields, const Datum *values, const bool *nulls, char *source,
			const char *acting)
{
	TrackedChange *change = palloc0(sizeof(TrackedChange));

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
	for (int i = 0; i < MAPPED_ARGUMENTS; i++)
		if (!nulls[fields->mapped[i]])
			RowSet(change->mapped, i, values[fields->mapped[i]]);
	change->login = GetSessionUserId();
	change->level_of = change->role = GetUserId();
	if (RowIsNull(change->mapped, COMMAND_ACTOR))
		RowSetText(change->mapped, COMMAND_ACTOR, acting);
	return change;
}

static void
DeformRow(const RowFields *fields, Datum element, Datum *values, bool *nulls)
{
	HeapTupleHeader row = DatumGetHeapTupleHeader(element);
	HeapTupleData tuple = {.t_len = HeapTupleHeaderGetDatumLength(row), .t_data = row};

	heap_deform_tuple(&tuple, fields->tupdesc, values, nulls);
	if (nulls[fields->event] || nulls[fields->key] || nulls[fields->part] ||
		nulls[fields->place] || nulls[fields->version])
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("event, key, part, place and version of an imported row must not be null"),
				 errhint("Use CALL trust_ledger.import_table(...).")));
}

/* Serializes imports of a source, so that two of them do not make the same promise. */
static void
LockTracking(const Ledger *ledger, text *source)
{
	LedgerSession session;
	Datum		value = PointerGetDatum(source);

	LedgerEnter(ledger, &session);
	if (StatementWrite(&lock_tracking, &value, NULL) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("source \"%s\" is not tracked", text_to_cstring(source)),
				 errhint("Track the table with trust_ledger.track_table().")));
	LedgerLeave(&session);
}

/* Backings and the like cannot: humans must act themselves. */
static bool
CanBeImported(const TrackedChange *change)
{
	return (int) change->event >= 0 && !EventIsPersonal(change->event) &&
		change->event != EVENT_NOTED && change->event != EVENT_ERASED;
}

/*
 * Adds a change that was not imported to the result of import_rows().  NULL: the SQL is
 * that of 0.2.0 or before, where import_rows() returns a number.
 */
static void
PutRefused(ReturnSetInfo *result, const TrackedChange *change, const Refusal *refusal)
{
	Datum		values[] = {
		CStringGetTextDatum(unpack_sql_state(refusal->sqlstate)),
		CStringGetTextDatum(refusal->reason ? refusal->reason : ""),
		CStringGetTextDatum(event_names[change->event]),
		CStringGetTextDatum(change->key),
		CStringGetTextDatum(TruncatedMessage(refusal->message))
	};
	bool		nulls[lengthof(values)] = {0};

	if (result == NULL)
		ereport(WARNING,
				(errcode(refusal->sqlstate),
				 errmsg("could not import event \"%s\" of row %s",
						event_names[change->event], change->key),
				 errdetail("%s", refusal->message)));
	else
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/* A RefusedCallback, whose argument is the result of import_rows(). */
static void
PutRefusedByLedger(const Ledger *ledger pg_attribute_unused(), const TrackedChange *change,
				   const Refusal *refusal, void *arg)
{
	PutRefused(arg, change, refusal);
}

static void
AllocBatch(ImportBatch *batch, int most)
{
	Size		size = sizeof(Datum) * Max(most, 1);

	batch->changes = MemoryContextAllocHuge(CurrentMemoryContext, size);
	batch->places.parts = MemoryContextAllocHuge(CurrentMemoryContext, size);
	batch->places.places = MemoryContextAllocHuge(CurrentMemoryContext, size);
	batch->places.versions = MemoryContextAllocHuge(CurrentMemoryContext, size);
	batch->count = 0;
}

static void
ReadBatch(ImportBatch *batch, ArrayType *array, char *source, const char *acting)
{
	RowFields	fields;
	Datum	   *elements;
	bool	   *absent;
	Datum	   *values;
	bool	   *nulls;
	int			count;

	FindFields(&fields, ARR_ELEMTYPE(array));
	values = palloc(sizeof(Datum) * fields.tupdesc->natts);
	nulls = palloc(sizeof(bool) * fields.tupdesc->natts);
	deconstruct_array(array, ARR_ELEMTYPE(array), -1, false, TYPALIGN_DOUBLE,
					  &elements, &absent, &count);
	AllocBatch(batch, count);
	for (int i = 0; i < count; i++)
	{
		TrackedChange *change;

		if (absent[i])
			continue;
		DeformRow(&fields, elements[i], values, nulls);
		change = ChangeOfRow(&fields, values, nulls, source, acting);
		if (!CanBeImported(change))
			continue;
		batch->changes[batch->count] = change;
		batch->places.parts[batch->count] = values[fields.part];
		batch->places.places[batch->count] = values[fields.place];
		batch->places.versions[batch->count++] = values[fields.version];
	}
	batch->places.count = batch->count;
}

static void
ImportErrorContext(void *arg)
{
	errcontext("row %s of the tracked table", (*(const TrackedChange *const *) arg)->key);
}

/* A human cannot be the actor of an import: they may not have done what the rows say. */
static void
CheckActors(const Ledger *ledger, const ImportBatch *batch)
{
	const TrackedChange *change = NULL;
	ErrorContextCallback context = {
		.previous = error_context_stack, .callback = ImportErrorContext, .arg = &change
	};

	error_context_stack = &context;
	for (int i = 0; i < batch->count; i++)
	{
		const Row  *mapped = batch->changes[i]->mapped;

		change = batch->changes[i];
		if (i > 0 && RowValueEqual(mapped, COMMAND_ACTOR,
								   batch->changes[i - 1]->mapped, COMMAND_ACTOR))
			continue;
		if (RowIsNull(mapped, COMMAND_ACTOR))
			ereport(ERROR,
					(errcode(ERRCODE_TL_IDENTITY),
					 errmsg("no actor specified"),
					 errhint("Add \"actor\": \":...\" to the mapping, "
							 "with the name of an ai or system actor.")));
		/* if the actor does not exist, writing the change will fail */
		if (ActorFind(ledger, RowText(mapped, COMMAND_ACTOR)) != NULL)
			CheckActorIsMachine(ledger, RowText(mapped, COMMAND_ACTOR));
	}
	error_context_stack = context.previous;
}

/* Locks existing chains.  The changes are sorted in the order in which chains are locked. */
static void
LockChainsOf(const Ledger *ledger, const ImportBatch *batch)
{
	LedgerSession session;

	LedgerEnter(ledger, &session);
	for (int i = 0; i < batch->count; i++)
	{
		const Row  *mapped = batch->changes[i]->mapped;

		if (RowIsNull(mapped, COMMAND_CUSTOMER) ||
			(i > 0 && RowValueEqual(mapped, COMMAND_CUSTOMER,
									batch->changes[i - 1]->mapped, COMMAND_CUSTOMER)))
			continue;
		(void) StatementWrite(&lock_chain, &mapped->values[COMMAND_CUSTOMER], NULL);
		SPI_freetuptable(SPI_tuptable);
	}
	LedgerLeave(&session);
}

/*
 * Locks the rows, and removes those that have changed since they were read or that
 * another transaction is changing: their triggers find no promise to record the change
 * of.  Chains must be locked before rows, since we must not wait for a chain while we
 * hold locks on rows.
 */
static void
LockBatchRows(ImportBatch *batch, Relation rel, ReturnSetInfo *result)
{
	static const char *const changing = "row is locked or has changed since it was read";
	const Refusal refusal = {ERRCODE_OBJECT_IN_USE, changing, changing};
	bool	   *as_read = MemoryContextAllocHuge(CurrentMemoryContext,
												 sizeof(bool) * Max(batch->count, 1));
	int			kept = 0;

	TrackedRowsLock(rel, &batch->places, as_read);
	for (int i = 0; i < batch->count; i++)
		if (as_read[i])
			batch->changes[kept++] = batch->changes[i];
		else
			PutRefused(result, batch->changes[i], &refusal);
	batch->count = kept;
}

/*
 * import_rows(tab regclass, source text, changes mapped_row[])
 *			   returns setof (sqlstate text, reason text, event text, key text,
 *							  message text)
 *		Writes events of rows of a tracked table, as read_tracked() returns them and in
 *		the order of the array, except those that the rows' promises have already.  Skips
 *		events that cannot be written and rows that have changed since, and returns them:
 *		reason is the message without its values, in English.  Needs level import and
 *		SELECT on the table.  Errors: TL003 no actor, or a human one; 42P01 no such table;
 *		42501 no right on the table; 42704 the table is not tracked as source; TL004.
 */
Datum
import_rows(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = fcinfo->flinfo->fn_retset ?
		(ReturnSetInfo *) fcinfo->resultinfo : NULL;
	Ledger		ledger = *LedgerOpen();
	Relation	rel;
	ImportBatch batch;
	Changes		changes;
	int			count;
	bool		own;

	AcceptInvalidationMessages();
	CheckAccess(&ledger, GetUserId(), LEVEL_IMPORT, "import rows of a table");
	CheckNotCopy();
	rel = OpenTableByOid(PG_GETARG_OID(0));
	CheckCanReadTable(rel);
	CheckSourceOfTable(&ledger, rel, text_to_cstring(PG_GETARG_TEXT_PP(1)));
	if (result)
		InitMaterializedSRF(fcinfo, 0);
	ReadBatch(&batch, PG_GETARG_ARRAYTYPE_P(2), text_to_cstring(PG_GETARG_TEXT_PP(1)),
			  ActingActor(&ledger, GetUserId(), &own));
	count = batch.count;
	CheckActors(&ledger, &batch);
	LockTracking(&ledger, PG_GETARG_TEXT_PP(1));
	LockChainsOf(&ledger, &batch);
	LockBatchRows(&batch, rel, result);
	changes = ChangesFromArray(batch.changes, batch.count);
	ChangesWrite(&ledger, &changes, PutRefusedByLedger, result);
	table_close(rel, NoLock);
	return result ? (Datum) 0 : Int32GetDatum(count);
}

/* ---- statistics ---- */

/*
 * Does not wait for a table that is being analyzed or vacuumed, or whose index is being
 * created.  The warning that it was skipped would be noise; LedgerLeave() resets the setting.
 */
static void
AnalyzeTables(void *arg)
{
	LedgerSession session;

	LedgerEnter(arg, &session);
	(void) set_config_option("client_min_messages", "error", PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
	if (SPI_execute("ANALYZE (SKIP_LOCKED) trust.entry, trust.promise, trust.source, trust.chain",
					false, 0) != SPI_OK_UTILITY)
		elog(ERROR, "SPI_execute failed: ANALYZE");
	LedgerLeave(&session);
}

/*
 * analyze_imported() returns void
 *		Collects the planner's statistics of the tables that an import fills, which belong
 *		to the ledger's owner.  An error becomes a warning: the rows are imported already.
 *		Needs level import.  Errors: TL004.
 */
Datum
analyze_imported(PG_FUNCTION_ARGS pg_attribute_unused())
{
	Ledger		ledger = *LedgerOpen();
	ErrorData  *error;

	CheckAccess(&ledger, GetUserId(), LEVEL_IMPORT, "analyze the tables of the ledger");
	CheckNotCopy();
	error = RunInSavepoint(AnalyzeTables, &ledger, true);
	if (error && ERRCODE_TO_CATEGORY(error->sqlerrcode) == ERRCODE_OPERATOR_INTERVENTION)
		ReThrowError(error);
	if (error)
		ereport(WARNING,
				(errcode(error->sqlerrcode),
				 errmsg("could not analyze the tables of the ledger"),
				 errdetail("%s", error->message)));
	PG_RETURN_VOID();
}
