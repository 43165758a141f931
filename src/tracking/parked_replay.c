/*
 * parked_replay.c
 *		Function replay_parked(), which writes parked changes.
 *
 * A parked row is read again with the present mapping, which may have been corrected, and
 * compared with the row as it is now.  Events are written with the access level of the
 * caller, and only for actors that the caller can act as.
 */
#include "postgres.h"

#include "access/table.h"
#include "catalog/pg_type_d.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"
#include "utils/tuplestore.h"

#include "base/limit.h"
#include "base/row_insert.h"
#include "base/savepoint.h"
#include "base/statement.h"
#include "base/text.h"
#include "ledger/copy.h"
#include "ledger/guard_expect.h"
#include "tracking/change_batch.h"
#include "tracking/parked.h"
#include "tracking/parked_present.h"
#include "tracking/parked_row.h"

PG_FUNCTION_INFO_V1(replay_parked);

/*
 * In the order in which they happened; locked, in that order too, so that they are not
 * replayed twice.  last: no later change of the terms of the same promise of the same row
 * is parked.
 */
static Statement read_parked = STATEMENT(
	"WITH waiting AS MATERIALIZED ("
	"  SELECT p.parked, p.parked_at, p.source, p.trigger,"
	"    COALESCE(p.new_row, p.old_row) AS tracked"
	"  FROM trust.parked_change p"
	"  WHERE $1 IS NULL OR p.source OPERATOR(pg_catalog.=) $1"
	"  ORDER BY p.parked_at, p.parked"
	"  FOR UPDATE"
	"), mapped AS MATERIALIZED ("
	"  SELECT DISTINCT ON (k.source, k.name) k.source, k.name,"
	"    (SELECT pg_catalog.array_agg(a.attname ORDER BY c.n)"
	"     FROM pg_catalog.pg_index i,"
	"       pg_catalog.unnest(i.indkey::pg_catalog.int2[]) WITH ORDINALITY AS c (attnum, n),"
	"       pg_catalog.pg_attribute a"
	"     WHERE i.indrelid OPERATOR(pg_catalog.=) k.tab AND i.indisprimary"
	"       AND c.n OPERATOR(pg_catalog.<=) i.indnkeyatts"
	"       AND a.attrelid OPERATOR(pg_catalog.=) k.tab"
	"       AND a.attnum OPERATOR(pg_catalog.=) c.attnum) AS key_columns,"
	"    k.arguments[1] OPERATOR(pg_catalog.=) ANY ('{made,amended}'::pg_catalog.text[])"
	"      AS of_terms,"
	"    (SELECT a.a FROM pg_catalog.unnest(k.arguments) AS a (a)"
	"     WHERE pg_catalog.starts_with(a.a, 'promise:') LIMIT 1) AS promise"
	"  FROM trust_ledger.track_triggers() k"
	"  ORDER BY k.source, k.name"
	"), keyed AS ("
	"  SELECT w.parked, w.parked_at, w.source, m.of_terms, m.promise,"
	"    (SELECT pg_catalog.array_agg(w.tracked"
	"       OPERATOR(pg_catalog.->>) c.c::pg_catalog.text ORDER BY c.nr)"
	"     FROM pg_catalog.unnest(m.key_columns) WITH ORDINALITY AS c (c, nr)) AS key"
	"  FROM waiting w LEFT JOIN mapped m"
	"    ON m.source OPERATOR(pg_catalog.=) w.source"
	"    AND m.name OPERATOR(pg_catalog.=) w.trigger"
	")"
	" SELECT k.parked, pg_catalog.lead(k.parked) OVER ("
	"   PARTITION BY k.source, k.of_terms, k.promise, k.key ORDER BY k.parked_at, k.parked)"
	"   IS NULL AS last"
	" FROM keyed k ORDER BY k.parked_at, k.parked",
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
	TimestampTz begun_at;		/* when this call began to replay changes */
	char	   *source;
	char	   *trigger_name;
	RowOperation operation;
	char	   *actor;
	Datum		old_row;
	Datum		new_row;
	bool		last;			/* no later change of terms of the row is parked */
	bool		traced;			/* added to the trace; removed if replaying fails */
} Replay;

/* A parked change, locked for this call. */
typedef struct LockedChange
{
	pg_uuid_t	parked;
	bool		last;
}			LockedChange;

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

static void
ReplayChange(const Replay *replay, const TrackedChange *change)
{
	Changes		alone = ChangesFromArray(&change, 1);

	ChangesApply(replay->ledger, &alone);
}

/* Begins a reading of a parked change by the present mapping. */
static void
BeginReading(ParkedReading * reading, const Replay *replay)
{
	Mapping    *mapping = FindMapping(replay);
	Relation	rel = table_open(mapping->relid, NoLock);

	CheckHasRows(replay);
	CheckMappedColumnsParked(mapping, replay->old_row, RelationGetDescr(rel));
	CheckMappedColumnsParked(mapping, replay->new_row, RelationGetDescr(rel));
	*reading = (ParkedReading) {
		.ledger = replay->ledger, .mapping = mapping, .rel = rel,
		.operation = replay->operation, .parked_at = replay->parked_at,
		.begun_at = replay->begun_at, .last = replay->last,
		.old = RowFromJson(mapping, replay->old_row),
		.new = RowFromJson(mapping, replay->new_row)
	};
}

/* The change to the given row. */
static TrackedChange *
ReadParked(const Replay *replay, const ParkedReading * reading, HeapTuple new)
{
	TrackedChange *change = ChangeRead(reading->mapping, replay->ledger, reading->operation,
									   reading->old, new, RelationGetDescr(reading->rel),
									   replay->actor, GetUserId());

	if (change == NULL)
		return NULL;
	change->replayed = true;
	if (RowIsNull(change->mapped, COMMAND_OCCURRED_AT))
		RowSetInstant(change->mapped, COMMAND_OCCURRED_AT, replay->parked_at);
	return change;
}

/*
 * The terms of an amendment are those that the row has now, unless a later amendment is
 * parked as well.
 */
static bool
TakesPresentTerms(const ParkedReading * reading)
{
	return reading->mapping->event == EVENT_AMENDED && reading->operation == ROW_UPDATE &&
		reading->last && reading->present;
}

static void
ReplayReading(const Replay *replay, ParkedReading * reading)
{
	const TrackedChange *change = ReadParked(replay, reading, reading->new);
	const TrackedChange *now;

	if (change == NULL)
		return;
	ParkedReadPresent(reading, change);
	if (TakesPresentTerms(reading))
		change = ReadParked(replay, reading, reading->present);
	if (change == NULL)
		return;
	ParkedCheckHolds(reading, change);
	ReplayChange(replay, change);
	now = ParkedPresentTerms(reading, change);
	if (now)
		ReplayChange(replay, now);
}

/* Runs in a subtransaction. */
static void
ReplayOne(void *arg)
{
	ParkedReading reading;

	BeginReading(&reading, arg);
	ReplayReading(arg, &reading);
	table_close(reading.rel, NoLock);
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
ReadOne(const Ledger *ledger, const LockedChange * locked, ParkedTrace *trace)
{
	LedgerSession session;
	Datum		parked = UUIDPGetDatum(&locked->parked);
	Replay	   *replay = NULL;

	LedgerEnter(ledger, &session);
	if (StatementWrite(&read_one, &parked, NULL) > 0)
	{
		MemoryContext previous = MemoryContextSwitchTo(session.caller);

		replay = palloc0(sizeof(Replay));
		replay->ledger = ledger;
		replay->parked = parked;
		replay->last = locked->last;
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

/* Locks the parked changes.  Rows are read later, to save memory. */
static LockedChange *
LockParked(const Ledger *ledger, text *source, uint64 *count)
{
	LedgerSession session;
	Datum		value = PointerGetDatum(source);
	LockedChange *locked;

	LedgerEnter(ledger, &session);
	*count = StatementWrite(&read_parked, &value, source ? NULL : "n");
	locked = MemoryContextAllocHuge(session.caller, sizeof(LockedChange) * Max(*count, 1));
	for (uint64 i = 0; i < *count; i++)
		locked[i] = (LockedChange) {
			*DatumGetUUIDP(ResultNotNull(i, 1, UUIDOID)),
			DatumGetBool(ResultNotNull(i, 2, BOOLOID))
		};
	LedgerLeave(&session);
	return locked;
}

static void
ReplayAll(const Ledger *ledger, const LockedChange * locked, uint64 count, ReturnSetInfo *result)
{
	ParkedTrace trace;
	TimestampTz begun_at = GetCurrentTimestamp();
	MemoryContext one = AllocSetContextCreate(CurrentMemoryContext, "trust_ledger replay",
											  ALLOCSET_DEFAULT_SIZES);

	TraceBegin(&trace, CHANGES_REPLAYED);
	for (uint64 i = 0; i < count; i++)
	{
		MemoryContext previous = MemoryContextSwitchTo(one);
		Replay	   *replay;

		CHECK_FOR_INTERRUPTS();
		replay = ReadOne(ledger, &locked[i], &trace);
		if (replay)
			replay->begun_at = begun_at;
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
 *		one.  Changes that fail again, or that the present row does not confirm, stay
 *		parked, with their new error; see parked_present.h.  Needs level application or
 *		import.
 */
Datum
replay_parked(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Ledger		ledger = *LedgerOpen();
	LockedChange *locked;
	uint64		count;

	CheckAccess(&ledger, GetUserId(), LEVELS_WRITING, "replay parked changes");
	CheckNotCopy();
	InitMaterializedSRF(fcinfo, 0);
	locked = LockParked(&ledger, PG_ARGISNULL(0) ? NULL : PG_GETARG_TEXT_PP(0), &count);
	ReplayAll(&ledger, locked, count, result);
	return (Datum) 0;
}
