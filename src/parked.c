/*
 * parked.c
 *		Changes of tracked rows that could not be written, and wait.
 *
 * What waits is the row as it was and is, so that a mapping that was repaired
 * reads it anew.  Replaying is a call of whoever replays: by their level, and
 * only for actors that they may act as.
 */
#include "postgres.h"

#include "parked.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_type_d.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/guc.h"

#include "deed.h"
#include "promise_act.h"
#include "relation.h"
#include "savepoint.h"
#include "text.h"

PG_FUNCTION_INFO_V1(replay_parked);

static Statement insert_parked = STATEMENT(
	"INSERT INTO trust.parked_change (parked, parked_at, source, tab, trigger, operation, actor, login, role,"
	"   old_row, new_row, sqlstate, error)"
	" VALUES ($1, pg_catalog.clock_timestamp(), $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
	UUIDOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, JSONBOID, JSONBOID, TEXTOID, TEXTOID);

/* In the order in which they happened; locked, so that nobody replays them twice. */
static Statement read_parked = STATEMENT(
	"SELECT parked, parked_at, source, trigger, operation, actor, old_row, new_row FROM trust.parked_change"
	" WHERE $1 IS NULL OR source OPERATOR(pg_catalog.=) $1 ORDER BY parked_at, parked FOR UPDATE",
	TEXTOID);

static Statement delete_parked = STATEMENT(
	"DELETE FROM trust.parked_change WHERE parked OPERATOR(pg_catalog.=) $1", UUIDOID);

static Statement update_parked = STATEMENT(
	"UPDATE trust.parked_change SET sqlstate = $2, error = $3 WHERE parked OPERATOR(pg_catalog.=) $1",
	UUIDOID, TEXTOID, TEXTOID);

/* Of that source only: nobody else's table is so much as locked. */
static Statement find_triggers = STATEMENT(
	"SELECT k.tab, k.trigger FROM trust_ledger.track_triggers() k"
	" WHERE k.name OPERATOR(pg_catalog.=) $1 AND k.source OPERATOR(pg_catalog.=) $2",
	TEXTOID, TEXTOID);

/* ---- parking ---- */

/*
 * Values' texts are read again under whatever settings hold then: these are lost
 * by none, and understood under all.  Within a level of settings of its own.
 */
static void
SetPlainSettings(void)
{
	static const char *const plain[][2] = {
		{"DateStyle", "ISO, YMD"}, {"IntervalStyle", "iso_8601"}, {"extra_float_digits", "1"}, {"bytea_output", "hex"}
	};

	for (size_t i = 0; i < lengthof(plain); i++)
		(void) set_config_option(plain[i][0], plain[i][1], PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
}

/* The row as jsonb, by its columns' names; 0 where there is none. */
Datum
RowAsJson(HeapTuple row, TupleDesc tupdesc)
{
	Datum		json;
	int			settings;

	if (row == NULL)
		return (Datum) 0;
	settings = NewGUCNestLevel();
	SetPlainSettings();
	json = DirectFunctionCall1(row_to_json, heap_copy_tuple_as_datum(row, tupdesc));
	AtEOXact_GUC(false, settings);
	return DirectFunctionCall1(jsonb_in, CStringGetDatum(TextDatumGetCString(json)));
}

void
ParkChange(const Ledger *ledger, const TrackedChange *change, const Refusal *refusal)
{
	LedgerSession session;
	char		nulls[] = "            ";
	const char *actor = RowText(change->mapped, MAPPED_ACTOR);
	RowOperation operation = change->old_row && change->new_row ? ROW_UPDATE : change->operation;
	Datum		values[12] = {
		NewPromiseId(GetCurrentTimestamp()), CStringGetTextDatum(change->source), CStringGetTextDatum(change->table),
		CStringGetTextDatum(change->trigger_name), CStringGetTextDatum(row_operation_names[operation]),
		actor ? CStringGetTextDatum(actor) : (Datum) 0,
		CStringGetTextDatum(RoleName(change->login)), CStringGetTextDatum(RoleName(change->role)),
		change->old_row, change->new_row,
		CStringGetTextDatum(unpack_sql_state(refusal->sqlstate)), CStringGetTextDatum(refusal->message)
	};

	for (int i = 0; i < 12; i++)
		nulls[i] = values[i] == (Datum) 0 ? 'n' : ' ';
	LedgerEnter(ledger, &session);
	CheckWritten(StatementWrite(&insert_parked, values, nulls), 1, "parked_change");
	LedgerLeave(&session);
}

/* ---- replaying ---- */

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
} Replay;

/* The trigger of that source and name; its table is locked until the transaction ends. */
static Mapping *
FindMapping(const Replay *replay)
{
	Datum		values[2] = {CStringGetTextDatum(replay->trigger_name), CStringGetTextDatum(replay->source)};
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
		Oid			relid = DatumGetObjectId(SPI_getbinval(found->vals[i], found->tupdesc, 1, &isnull));
		Oid			oid = DatumGetObjectId(SPI_getbinval(found->vals[i], found->tupdesc, 2, &isnull));
		Relation	rel = table_open(relid, AccessShareLock);
		const Trigger *trigger = MappingTrigger(rel, oid);

		if (trigger && strcmp(MappingSource(rel, trigger), replay->source) == 0)
			mapping = MappingRead(rel, trigger, session.caller);
		table_close(rel, NoLock);
	}
	LedgerLeave(&session);
	if (mapping == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("no table that is tracked as \"%s\" has a trigger \"%s\"", replay->source, replay->trigger_name),
				 errhint("Track the table again with trust_ledger.track_table().")));
	/* as when it fires: what a row said is not for anybody's table */
	CheckAccess(replay->ledger, mapping->owner, LEVELS_WRITING, "own a table that is tracked");
	return mapping;
}

/* The parked row as the table has rows now; by the table's owner, whose code a type may call. */
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
	if (SPI_execute_with_args(psprintf("SELECT pg_catalog.jsonb_populate_record(NULL::%s, $1)", mapping->table),
							  1, types, &json, NULL, true, 1) != SPI_OK_SELECT)
		elog(ERROR, "could not read a parked row");
	header = DatumGetHeapTupleHeader(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
	tuple->t_len = HeapTupleHeaderGetDatumLength(header);
	tuple->t_data = MemoryContextAlloc(caller, tuple->t_len);
	memcpy(tuple->t_data, header, tuple->t_len);
	OwnerLeave(&session);
	return tuple;
}

/* Reads the row by the mapping as it is now, and writes what it says. */
static void
ReplayOne(void *arg)
{
	Replay	   *replay = arg;
	Mapping    *mapping = FindMapping(replay);
	Relation	rel = table_open(mapping->relid, NoLock);
	TrackedChange *change = ChangeOf(mapping, replay->ledger, replay->operation,
									 RowFromJson(mapping, replay->old_row), RowFromJson(mapping, replay->new_row),
									 RelationGetDescr(rel), replay->actor, GetUserId());
	Changes		alone;

	table_close(rel, NoLock);
	if (change == NULL)
		return;
	if (RowIsNull(change->mapped, MAPPED_OCCURRED_AT))
		RowSetInstant(change->mapped, MAPPED_OCCURRED_AT, replay->parked_at);
	alone = ChangesOfArray((const TrackedChange *const *) &change, 1);
	DeedsCarryOut(replay->ledger, &alone);
}

static void
NoteOutcome(const Replay *replay, const ErrorData *error)
{
	LedgerSession session;
	Datum		values[3] = {replay->parked};

	LedgerEnter(replay->ledger, &session);
	if (error)
	{
		values[1] = CStringGetTextDatum(unpack_sql_state(error->sqlerrcode));
		values[2] = CStringGetTextDatum(error->message);
		CheckWritten(StatementWrite(&update_parked, values, NULL), 1, "parked_change");
	}
	else
		CheckWritten(StatementWrite(&delete_parked, values, NULL), 1, "parked_change");
	LedgerLeave(&session);
}

static void
ReplayAndTell(Replay *replay, ReturnSetInfo *result)
{
	ErrorData  *error = InSavepoint(ReplayOne, replay, true);
	Datum		values[4] = {replay->parked, CStringGetTextDatum(replay->source), BoolGetDatum(error == NULL)};
	bool		nulls[4] = {false, false, false, error == NULL};

	if (error && !IsAboutTheStep(error))
		ReThrowError(error);
	if (error)
		values[3] = CStringGetTextDatum(error->message);
	NoteOutcome(replay, error);
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

static RowOperation
OperationFromName(const char *name)
{
	int			operation = NameIndex(row_operation_names, 3, name);

	if (operation < 0)
		elog(ERROR, "a parked change has no operation");
	return operation;
}

/* What waits, in the caller's memory. */
static List *
ReadParked(const Ledger *ledger, text *source)
{
	LedgerSession session;
	Datum		value = PointerGetDatum(source);
	List	   *all = NIL;
	uint64		count;
	MemoryContext previous;

	LedgerEnter(ledger, &session);
	count = StatementWrite(&read_parked, &value, source ? NULL : "n");
	previous = MemoryContextSwitchTo(session.caller);
	for (uint64 i = 0; i < count; i++)
	{
		Replay	   *replay = palloc0(sizeof(Replay));
		bool		isnull;
		Datum		row;

		replay->ledger = ledger;
		replay->parked = UUIDPGetDatum(memcpy(palloc(UUID_LEN), DatumGetUUIDP(ResultNeeded(i, 1, UUIDOID)), UUID_LEN));
		replay->parked_at = DatumGetTimestampTz(ResultNeeded(i, 2, TIMESTAMPTZOID));
		replay->source = ResultNeededText(i, 3);
		replay->trigger_name = ResultNeededText(i, 4);
		replay->operation = OperationFromName(ResultNeededText(i, 5));
		replay->actor = ResultText(i, 6);
		row = ResultValue(i, 7, JSONBOID, &isnull);
		replay->old_row = isnull ? (Datum) 0 : PointerGetDatum(PG_DETOAST_DATUM_COPY(row));
		row = ResultValue(i, 8, JSONBOID, &isnull);
		replay->new_row = isnull ? (Datum) 0 : PointerGetDatum(PG_DETOAST_DATUM_COPY(row));
		all = lappend(all, replay);
	}
	MemoryContextSwitchTo(previous);
	LedgerLeave(&session);
	return all;
}

/*
 * replay_parked(source text) returns setof (parked uuid, source text, done boolean, error text)
 *		Writes what waits in trust.parked, in its order: by the caller's level, each in
 *		the name of who acted then, as a call with that actor would be; when it was
 *		parked is when it occurred, unless the row says when.  What cannot be written
 *		stays, with its error.  source: only of that table.  Levels application, import.
 */
Datum
replay_parked(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Ledger		ledger = *LedgerOpen();
	ListCell   *cell;
	List	   *all;

	CheckAccess(&ledger, GetUserId(), LEVELS_WRITING, "replay what is parked");
	InitMaterializedSRF(fcinfo, 0);
	all = ReadParked(&ledger, PG_ARGISNULL(0) ? NULL : PG_GETARG_TEXT_PP(0));
	foreach(cell, all)
	{
		CHECK_FOR_INTERRUPTS();
		ReplayAndTell(lfirst(cell), result);
	}
	return (Datum) 0;
}
