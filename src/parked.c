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
#include "utils/datum.h"
#include "utils/fmgrprotos.h"
#include "utils/guc.h"
#include "utils/json.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"
#include "utils/tuplestore.h"

#include "copy.h"
#include "deed.h"
#include "limit.h"
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
	"SELECT parked FROM trust.parked_change"
	" WHERE $1 IS NULL OR source OPERATOR(pg_catalog.=) $1 ORDER BY parked_at, parked FOR UPDATE",
	TEXTOID);

static Statement read_one = STATEMENT(
	"SELECT parked, parked_at, source, trigger, operation, actor, old_row, new_row FROM trust.parked_change"
	" WHERE parked OPERATOR(pg_catalog.=) $1",
	UUIDOID);

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

/* ---- rows that are too large to be parked whole ---- */

/* The member that lists the columns that were left out.  No column has this name. */
#define LEFT_OUT ""

/* A row as it is to be parked: with NULL in the place of what is left out. */
typedef struct RowToPark
{
	TupleDesc	tupdesc;
	Datum	   *values;
	bool	   *nulls;
	bool	   *left_out;
	bool		left_any_out;
} RowToPark;

static void
OpenRow(RowToPark *park, HeapTuple row, TupleDesc tupdesc)
{
	park->tupdesc = tupdesc;
	park->values = palloc(sizeof(Datum) * tupdesc->natts);
	park->nulls = palloc(sizeof(bool) * tupdesc->natts);
	park->left_out = palloc0(sizeof(bool) * tupdesc->natts);
	park->left_any_out = false;
	heap_deform_tuple(row, tupdesc, park->values, park->nulls);
}

/* 0 for what has no length of its own. */
static size_t
ColumnBytes(const RowToPark *park, int column)
{
	Form_pg_attribute attribute = TupleDescAttr(park->tupdesc, column);

	return park->nulls[column] || attribute->attisdropped || attribute->attlen != -1 ? 0 : RawBytes(park->values[column]);
}

/* The column with the most bytes, -1 where none has any; and how many all have. */
static int
LargestColumn(const RowToPark *park, size_t *all)
{
	int			largest = -1;

	*all = 0;
	for (int i = 0; i < park->tupdesc->natts; i++)
	{
		size_t		bytes = ColumnBytes(park, i);

		*all += bytes;
		if (bytes > 0 && (largest < 0 || bytes > ColumnBytes(park, largest)))
			largest = i;
	}
	return largest;
}

/* Leaves out the largest values until the others have no more than so many bytes.  False where none can go. */
static bool
LeaveOutOver(RowToPark *park, size_t most)
{
	size_t		all;
	int			largest = LargestColumn(park, &all);
	bool		could = largest >= 0;

	for (; largest >= 0 && all > most; largest = LargestColumn(park, &all))
	{
		park->left_out[largest] = true;
		park->nulls[largest] = true;
		park->left_any_out = true;
	}
	return could;
}

static void
AppendLeftOut(StringInfo json, const RowToPark *park)
{
	const char *separator = "";

	escape_json(json, LEFT_OUT);
	appendStringInfoString(json, ": [");
	for (int i = 0; i < park->tupdesc->natts; i++)
		if (park->left_out[i])
		{
			appendStringInfoString(json, separator);
			escape_json(json, NameStr(TupleDescAttr(park->tupdesc, i)->attname));
			separator = ", ";
		}
	appendStringInfoString(json, "], ");
}

static Datum
RowToJson(const RowToPark *park)
{
	HeapTuple	row = heap_form_tuple(park->tupdesc, park->values, park->nulls);
	char	   *members = TextDatumGetCString(DirectFunctionCall1(row_to_json, heap_copy_tuple_as_datum(row, park->tupdesc)));
	StringInfoData json;

	if (!park->left_any_out)
		return DirectFunctionCall1(jsonb_in, CStringGetDatum(members));
	initStringInfo(&json);
	appendStringInfoChar(&json, '{');
	AppendLeftOut(&json, park);
	appendStringInfoString(&json, members + 1);
	return DirectFunctionCall1(jsonb_in, CStringGetDatum(json.data));
}

/* In the caller's memory; what else it takes is freed before the next try. */
static Datum
FittingJson(HeapTuple row, TupleDesc tupdesc, MemoryContext caller)
{
	RowToPark	park;
	MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext, "trust_ledger row as json", ALLOCSET_DEFAULT_SIZES);

	OpenRow(&park, row, tupdesc);
	for (size_t most = MAX_TEXT_BYTES;; most /= 2)
	{
		bool		could = LeaveOutOver(&park, most);
		MemoryContext previous = MemoryContextSwitchTo(scratch);
		Datum		json = RowToJson(&park);

		if (ExcessBytes(JSONBOID, json) == 0)
		{
			MemoryContextSwitchTo(caller);
			return datumCopy(json, false, -1);
		}
		if (!could)
			CheckSize(JSONBOID, json, "the row");
		MemoryContextSwitchTo(previous);
		MemoryContextReset(scratch);
	}
}

/*
 * The row as jsonb, by its columns' names; 0 where there is none.  Where it is
 * larger than the ledger takes, its largest values are left out, and a list of
 * their columns says so: what is parked can be dumped, and is not replayed as if
 * it were whole.
 */
Datum
RowAsJson(HeapTuple row, TupleDesc tupdesc)
{
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext work;
	Datum		json;
	int			settings;

	if (row == NULL)
		return (Datum) 0;
	work = AllocSetContextCreate(caller, "trust_ledger row to park", ALLOCSET_SMALL_SIZES);
	MemoryContextSwitchTo(work);
	settings = NewGUCNestLevel();
	SetPlainSettings();
	json = FittingJson(row, tupdesc, caller);
	AtEOXact_GUC(false, settings);
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(work);
	return json;
}

/* An error where the mapping reads what was left out of the parked row. */
static void
CheckReadsWhatIsThere(const Mapping *mapping, Datum parked, TupleDesc tupdesc)
{
	JsonbValue	buffer;
	JsonbValue *left_out = parked ? JsonMember(DatumGetJsonbP(parked), LEFT_OUT, &buffer) : NULL;

	for (int i = 0; left_out && i < mapping->field_count; i++)
	{
		AttrNumber	attnum = mapping->fields[i].attnum;
		JsonbValue	name = {.type = jbvString};

		if (attnum == 0 || left_out->type != jbvBinary)
			continue;
		name.val.string.val = NameStr(TupleDescAttr(tupdesc, attnum - 1)->attname);
		name.val.string.len = strlen(name.val.string.val);
		if (findJsonbValueFromContainer(left_out->val.binary.data, JB_FARRAY, &name))
			ereport(ERROR,
					(errcode(ERRCODE_STRING_DATA_RIGHT_TRUNCATION),
					 errmsg("column \"%s\" was too long to be parked", NameStr(TupleDescAttr(tupdesc, attnum - 1)->attname)),
					 errdetail("The row is parked without it, and the mapping reads it."),
					 errhint("Shorten the value in its row, which is a change of its own, and delete this one from trust.parked_change.")));
	}
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
		CStringGetTextDatum(unpack_sql_state(refusal->sqlstate)), CStringGetTextDatum(ShortMessage(refusal->message))
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
	TrackedChange *change;
	Changes		alone;

	CheckReadsWhatIsThere(mapping, replay->old_row, RelationGetDescr(rel));
	CheckReadsWhatIsThere(mapping, replay->new_row, RelationGetDescr(rel));
	change = ChangeOf(mapping, replay->ledger, replay->operation,
					  RowFromJson(mapping, replay->old_row), RowFromJson(mapping, replay->new_row),
					  RelationGetDescr(rel), replay->actor, GetUserId());
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
		values[2] = CStringGetTextDatum(ShortMessage(error->message));
		CheckWritten(StatementWrite(&update_parked, values, NULL), 1, "parked_change");
	}
	else
		CheckWritten(StatementWrite(&delete_parked, values, NULL), 1, "parked_change");
	LedgerLeave(&session);
}

/* What ends the whole call says with which change. */
static void
NameParked(void *arg)
{
	const Replay *replay = arg;

	errcontext("change %s of \"%s\" in trust.parked",
			   DatumGetCString(DirectFunctionCall1(uuid_out, replay->parked)), replay->source);
}

static void
ReplayAndTell(Replay *replay, ReturnSetInfo *result)
{
	ErrorContextCallback context = {.previous = error_context_stack, .callback = NameParked, .arg = replay};
	ErrorData  *error;
	Datum		values[4] = {replay->parked, CStringGetTextDatum(replay->source)};
	bool		nulls[4] = {false};

	error_context_stack = &context;
	error = InSavepoint(ReplayOne, replay, true);
	error_context_stack = context.previous;
	values[2] = BoolGetDatum(error == NULL);
	nulls[3] = error == NULL;
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

static Datum
ParkedRow(int column)
{
	bool		isnull;
	Datum		row = ResultValue(0, column, JSONBOID, &isnull);

	return isnull ? (Datum) 0 : PointerGetDatum(PG_DETOAST_DATUM_COPY(row));
}

/* One that waits, in the caller's memory; NULL: it does not any more. */
static Replay *
ReadOne(const Ledger *ledger, Datum parked)
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
		replay->parked_at = DatumGetTimestampTz(ResultNeeded(0, 2, TIMESTAMPTZOID));
		replay->source = ResultNeededText(0, 3);
		replay->trigger_name = ResultNeededText(0, 4);
		replay->operation = OperationFromName(ResultNeededText(0, 5));
		replay->actor = ResultText(0, 6);
		replay->old_row = ParkedRow(7);
		replay->new_row = ParkedRow(8);
		MemoryContextSwitchTo(previous);
	}
	LedgerLeave(&session);
	return replay;
}

/* The keys of what waits, in its order: the rows themselves may be more than memory holds. */
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
		keys[i] = *DatumGetUUIDP(ResultNeeded(i, 1, UUIDOID));
	LedgerLeave(&session);
	return keys;
}

/* One after the other, each in memory of its own. */
static void
ReplayAll(const Ledger *ledger, pg_uuid_t *keys, uint64 count, ReturnSetInfo *result)
{
	MemoryContext one = AllocSetContextCreate(CurrentMemoryContext, "trust_ledger replay", ALLOCSET_DEFAULT_SIZES);

	for (uint64 i = 0; i < count; i++)
	{
		MemoryContext previous = MemoryContextSwitchTo(one);
		Replay	   *replay;

		CHECK_FOR_INTERRUPTS();
		replay = ReadOne(ledger, UUIDPGetDatum(&keys[i]));
		if (replay)
			ReplayAndTell(replay, result);
		MemoryContextSwitchTo(previous);
		MemoryContextReset(one);
	}
	MemoryContextDelete(one);
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
	pg_uuid_t  *keys;
	uint64		count;

	CheckAccess(&ledger, GetUserId(), LEVELS_WRITING, "replay what is parked");
	CheckNotCopy();
	InitMaterializedSRF(fcinfo, 0);
	keys = LockParked(&ledger, PG_ARGISNULL(0) ? NULL : PG_GETARG_TEXT_PP(0), &count);
	ReplayAll(&ledger, keys, count, result);
	return (Datum) 0;
}
