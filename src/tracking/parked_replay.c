/*
 * parked_replay.c
 *		Function replay_parked(), which writes parked changes.
 *
 * A parked row is read again with the present mapping, which may have been corrected.
 * Events are written with the access level of the caller, and only for actors that the
 * caller can act as.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_type_d.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"
#include "utils/tuplestore.h"

#include "base/limit.h"
#include "base/owner_session.h"
#include "base/row_insert.h"
#include "base/savepoint.h"
#include "base/statement.h"
#include "base/text.h"
#include "ledger/copy.h"
#include "ledger/guard_expect.h"
#include "tracking/change_batch.h"
#include "tracking/parked.h"
#include "tracking/parked_row.h"

PG_FUNCTION_INFO_V1(replay_parked);

/* In the order in which they happened; locked, so that they are not replayed twice. */
static Statement read_parked = STATEMENT(
	"SELECT parked FROM trust.parked_change"
	" WHERE $1 IS NULL OR source OPERATOR(pg_catalog.=) $1"
	" ORDER BY parked_at, parked"
	" FOR UPDATE",
	TEXTOID);

static Statement read_one = STATEMENT(
	"SELECT parked, parked_at, source, trigger, operation, actor, old_row, new_row"
	" FROM trust.parked_change"
	" WHERE parked OPERATOR(pg_catalog.=) $1",
	UUIDOID);

static Statement update_parked = STATEMENT(
	"UPDATE trust.parked_change SET sqlstate = $2, error = $3"
	" WHERE parked OPERATOR(pg_catalog.=) $1",
	UUIDOID, TEXTOID, TEXTOID);

/* Only of that source, so that no other table is locked. */
static Statement find_triggers = STATEMENT(
	"SELECT k.tab, k.trigger FROM trust_ledger.track_triggers() k"
	" WHERE k.name OPERATOR(pg_catalog.=) $1"
	"   AND k.source OPERATOR(pg_catalog.=) $2",
	TEXTOID, TEXTOID);

typedef struct Replay
{
	const Ledger *ledger;
	Datum		parked;
	TimestampTz parked_at;
	char	   *source;
	char	   *trigger_name;
	RowOperation operation;
	char	   *actor;
	Datum		old_row;
	Datum		new_row;
	bool		traced;			/* added to the trace; removed if replaying fails */
} Replay;

/* Locks the table of the trigger until the transaction ends. */
static Mapping *
FindMapping(const Replay *replay)
{
	Datum		values[2] = {
		CStringGetTextDatum(replay->trigger_name), CStringGetTextDatum(replay->source)
	};
	uint64		count;
	SPITupleTable *found;
	LedgerSession session;
	Mapping    *mapping = NULL;

	LedgerEnter(replay->ledger, &session);
	count = StatementWrite(&find_triggers, values, NULL);
	found = SPI_tuptable;
	for (uint64 i = 0; i < count && mapping == NULL; i++)
	{
		bool		isnull;
		Datum		relid = SPI_getbinval(found->vals[i], found->tupdesc, 1, &isnull);
		Datum		oid = SPI_getbinval(found->vals[i], found->tupdesc, 2, &isnull);
		Relation	rel = table_open(DatumGetObjectId(relid), AccessShareLock);
		const Trigger *trigger = MappingTrigger(rel, DatumGetObjectId(oid));

		if (trigger && strcmp(MappingSource(rel, trigger), replay->source) == 0)
			mapping = MappingRead(rel, trigger, session.caller);
		table_close(rel, NoLock);
	}
	LedgerLeave(&session);
	if (mapping == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("trigger \"%s\" does not exist on a table that is tracked as \"%s\"",
						replay->trigger_name, replay->source),
				 errhint("Track the table again with trust_ledger.track_table().")));
	/* as when the trigger fires, since its table now reads the parked row */
	CheckAccess(replay->ledger, mapping->owner, LEVELS_WRITING, "own a tracked table");
	return mapping;
}

/*
 * Converts a parked row to the present row type of the table.  Runs as the table's owner,
 * since input functions and domain constraints may be the owner's code.
 */
static HeapTuple
RowFromJson(const Mapping *mapping, Datum json)
{
	Oid			types[1] = {JSONBOID};
	OwnerSession session;
	bool		isnull;
	HeapTupleHeader header;
	HeapTuple	tuple = palloc0(HEAPTUPLESIZE);
	MemoryContext caller = CurrentMemoryContext;

	if (json == (Datum) 0)
		return NULL;
	OwnerEnter(mapping->owner, &session);
	SetPlainSettings();
	if (SPI_execute_with_args(psprintf("SELECT pg_catalog.jsonb_populate_record(NULL::%s, $1)",
									   mapping->table),
							  1, types, &json, NULL, true, 1) != SPI_OK_SELECT)
		elog(ERROR, "could not read a parked row");
	header = DatumGetHeapTupleHeader(SPI_getbinval(SPI_tuptable->vals[0],
												   SPI_tuptable->tupdesc, 1, &isnull));
	tuple->t_len = HeapTupleHeaderGetDatumLength(header);
	tuple->t_data = MemoryContextAlloc(caller, tuple->t_len);
	memcpy(tuple->t_data, header, tuple->t_len);
	OwnerLeave(&session);
	return tuple;
}

/* Rows can be missing only if someone circumvented the guard of trust.parked_change. */
static void
CheckHasRows(const Replay *replay)
{
	if ((replay->operation == ROW_INSERT || replay->old_row) &&
		(replay->operation == ROW_DELETE || replay->new_row))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_TL_ALTERED),
			 errmsg("parked change has been altered"),
			 errdetail("It lacks a row that operation \"%s\" has.",
					   row_operation_names[replay->operation]),
			 errhint("Run SELECT * FROM trust_ledger.verify();")));
}

/* Runs in a subtransaction. */
static void
ReplayOne(void *arg)
{
	Replay	   *replay = arg;
	Mapping    *mapping = FindMapping(replay);
	Relation	rel = table_open(mapping->relid, NoLock);
	TrackedChange *change;
	Changes		alone;

	CheckHasRows(replay);
	CheckMappedColumnsParked(mapping, replay->old_row, RelationGetDescr(rel));
	CheckMappedColumnsParked(mapping, replay->new_row, RelationGetDescr(rel));
	change = ChangeRead(mapping, replay->ledger, replay->operation,
						RowFromJson(mapping, replay->old_row),
						RowFromJson(mapping, replay->new_row),
						RelationGetDescr(rel), replay->actor, GetUserId());
	table_close(rel, NoLock);
	if (change == NULL)
		return;
	if (RowIsNull(change->mapped, COMMAND_OCCURRED_AT))
		RowSetInstant(change->mapped, COMMAND_OCCURRED_AT, replay->parked_at);
	alone = ChangesFromArray((const TrackedChange *const *) &change, 1);
	ChangesApply(replay->ledger, &alone);
}

/* Deletes the parked change, or updates its error. */
static void
StoreOutcome(const Replay *replay, const ErrorData *error)
{
	const pg_uuid_t *parked = DatumGetUUIDP(replay->parked);
	LedgerSession session;
	Datum		values[3] = {replay->parked};
	Expectation *expectation;

	LedgerEnter(replay->ledger, &session);
	if (error)
	{
		values[1] = CStringGetTextDatum(unpack_sql_state(error->sqlerrcode));
		values[2] = CStringGetTextDatum(TruncatedMessage(error->message));
		expectation = GuardExpectParked(parked, TRIGGER_EVENT_UPDATE);
		CheckWritten(StatementWrite(&update_parked, values, NULL), 1, parked_shape.table);
		GuardExpectEnd(expectation);
	}
	else
		RemoveParked(parked);
	LedgerLeave(&session);
}

/* For errors that end the whole call. */
static void
ReplayErrorContext(void *arg)
{
	const Replay *replay = arg;

	errcontext("parked change %s of source \"%s\"",
			   DatumGetCString(DirectFunctionCall1(uuid_out, replay->parked)), replay->source);
}

/* Adds a row to the result; returns whether the change was written. */
static bool
ReplayAndReport(Replay *replay, ReturnSetInfo *result)
{
	ErrorContextCallback context = {
		.previous = error_context_stack, .callback = ReplayErrorContext, .arg = replay
	};
	ErrorData  *error;
	Datum		values[4] = {replay->parked, CStringGetTextDatum(replay->source)};
	bool		nulls[4] = {false};

	error_context_stack = &context;
	error = RunInSavepoint(ReplayOne, replay, true);
	error_context_stack = context.previous;
	values[2] = BoolGetDatum(error == NULL);
	nulls[3] = error == NULL;
	if (error && !IsStepError(error))
		ReThrowError(error);
	if (error)
		values[3] = CStringGetTextDatum(error->message);
	StoreOutcome(replay, error);
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	return error == NULL;
}

static RowOperation
OperationFromName(const char *name)
{
	int			operation = NameIndex(row_operation_names, 3, name);

	if (operation < 0)
		elog(ERROR, "a parked change has no operation");
	return operation;
}

static Datum
ResultRowAsJson(int column)
{
	bool		isnull;
	Datum		row = ResultValue(0, column, JSONBOID, &isnull);

	return isnull ? (Datum) 0 : PointerGetDatum(PG_DETOAST_DATUM_COPY(row));
}

/* Reads a parked change in the current memory context; NULL if it is not parked any more. */
static Replay *
ReadOne(const Ledger *ledger, Datum parked, ParkedTrace *trace)
{
	LedgerSession session;
	Replay	   *replay = NULL;

	LedgerEnter(ledger, &session);
	if (StatementWrite(&read_one, &parked, NULL) > 0)
	{
		MemoryContext previous = MemoryContextSwitchTo(session.caller);

		replay = palloc0(sizeof(Replay));
		replay->ledger = ledger;
		replay->parked = parked;
		replay->parked_at = DatumGetTimestampTz(ResultNotNull(0, 2, TIMESTAMPTZOID));
		replay->source = ResultTextNotNull(0, 3);
		replay->trigger_name = ResultTextNotNull(0, 4);
		replay->operation = OperationFromName(ResultTextNotNull(0, 5));
		replay->actor = ResultText(0, 6);
		replay->old_row = ResultRowAsJson(7);
		replay->new_row = ResultRowAsJson(8);
		replay->traced = ParkedIsTraced();
		MemoryContextSwitchTo(previous);
		if (replay->traced)
			TraceParkedChange(trace, ledger, DatumGetUUIDP(parked));
	}
	LedgerLeave(&session);
	return replay;
}

/* Locks the parked changes and returns their keys.  Rows are read later, to save memory. */
static pg_uuid_t *
LockParked(const Ledger *ledger, text *source, uint64 *count)
{
	LedgerSession session;
	Datum		value = PointerGetDatum(source);
	pg_uuid_t  *keys;

	LedgerEnter(ledger, &session);
	*count = StatementWrite(&read_parked, &value, source ? NULL : "n");
	keys = MemoryContextAllocHuge(session.caller, sizeof(pg_uuid_t) * Max(*count, 1));
	for (uint64 i = 0; i < *count; i++)
		keys[i] = *DatumGetUUIDP(ResultNotNull(i, 1, UUIDOID));
	LedgerLeave(&session);
	return keys;
}

static void
ReplayAll(const Ledger *ledger, pg_uuid_t *keys, uint64 count, ReturnSetInfo *result)
{
	ParkedTrace trace;
	MemoryContext one = AllocSetContextCreate(CurrentMemoryContext, "trust_ledger replay",
											  ALLOCSET_DEFAULT_SIZES);

	TraceBegin(&trace, CHANGES_REPLAYED);
	for (uint64 i = 0; i < count; i++)
	{
		MemoryContext previous = MemoryContextSwitchTo(one);
		Replay	   *replay;

		CHECK_FOR_INTERRUPTS();
		replay = ReadOne(ledger, UUIDPGetDatum(&keys[i]), &trace);
		if (replay && !ReplayAndReport(replay, result) && replay->traced)
			trace.count--;
		MemoryContextSwitchTo(previous);
		MemoryContextReset(one);
	}
	MemoryContextDelete(one);
	if (trace.count > 0)
		TraceWrite(&trace, ledger);
}

/*
 * replay_parked(source text)
 *			   returns setof (parked uuid, source text, done boolean, error text)
 *		Writes parked changes, in the order in which they were parked, of one source if it
 *		is not null.  The actor is the one of the change, and the caller must be able to
 *		act as it.  occurred_at is the time when the change was parked, unless the row has
 *		one.  Changes that fail again stay parked, with their new error.  Needs level
 *		application or import.
 */
Datum
replay_parked(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Ledger		ledger = *LedgerOpen();
	pg_uuid_t  *keys;
	uint64		count;

	CheckAccess(&ledger, GetUserId(), LEVELS_WRITING, "replay parked changes");
	CheckNotCopy();
	InitMaterializedSRF(fcinfo, 0);
	keys = LockParked(&ledger, PG_ARGISNULL(0) ? NULL : PG_GETARG_TEXT_PP(0), &count);
	ReplayAll(&ledger, keys, count, result);
	return (Datum) 0;
}
