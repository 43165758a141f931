/*
 * parked.c
 *		Changes of tracked rows that could not be written, and wait.
 *
 * What waits is the row as it was and is: parked_replay.c writes it later.  Entries
 * of governance say what was parked, replayed and dropped (parked_trace.c).
 */
#include "postgres.h"

#include "tracking/parked.h"

#include "catalog/pg_type_d.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"

#include "base/arguments.h"
#include "base/limit.h"
#include "base/row_insert.h"
#include "base/statement.h"
#include "governance/caller.h"
#include "governance/governance.h"
#include "ledger/guard_expect.h"
#include "promise/promise_act.h"

PG_FUNCTION_INFO_V1(drop_parked);
PG_FUNCTION_INFO_V1(record_parked);

#define INSERT_PARKED(column, value) \
	"INSERT INTO trust.parked_change (parked, parked_at, source, tab, trigger, operation, actor, login, role," \
	"   old_row, new_row, sqlstate, error" column ")" \
	" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $13, $14" value ")"

static Statement insert_parked = STATEMENT(
	INSERT_PARKED(", salt", ", $12"), UUIDOID, TIMESTAMPTZOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID,
	TEXTOID, JSONBOID, JSONBOID, BYTEAOID, TEXTOID, TEXTOID);

/* Into a ledger of an earlier version that was not migrated yet. */
static Statement insert_untraced = STATEMENT(
	INSERT_PARKED("", ""), UUIDOID, TIMESTAMPTZOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID,
	TEXTOID, JSONBOID, JSONBOID, BYTEAOID, TEXTOID, TEXTOID);

static Statement delete_parked = STATEMENT(
	"DELETE FROM trust.parked_change WHERE parked OPERATOR(pg_catalog.=) $1", UUIDOID);

static Statement lock_one = STATEMENT(
	"SELECT FROM trust.parked_change WHERE parked OPERATOR(pg_catalog.=) $1 FOR UPDATE", UUIDOID);

static Statement find_untraced = STATEMENT_WITHOUT_ARGS(
	"SELECT parked FROM trust.parked_change WHERE salt IS NULL ORDER BY parked_at, parked");

static Statement read_whole = STATEMENT_OF_ROWS(parked_shape, "WHERE parked OPERATOR(pg_catalog.=) $1", UUIDOID);

static Statement update_salt = STATEMENT(
	"UPDATE trust.parked_change SET salt = $2 WHERE parked OPERATOR(pg_catalog.=) $1", UUIDOID, BYTEAOID);

static Statement is_recorded = STATEMENT_WITHOUT_ARGS("SELECT WHERE " PARKED_IS_ON_RECORD);

/* The change as it is parked, but for its salt. */
static Row *
ParkedRow(const TrackedChange *change)
{
	TimestampTz now = GetCurrentTimestamp();
	RowOperation operation = change->old_row && change->new_row ? ROW_UPDATE : change->operation;
	Row		   *parked = RowNew(&parked_shape);

	RowSet(parked, PARKED_PARKED, NewPromiseId(now));
	RowSetInstant(parked, PARKED_PARKED_AT, now);
	RowSetText(parked, PARKED_SOURCE, change->source);
	RowSetText(parked, PARKED_TAB, change->table);
	RowSetText(parked, PARKED_TRIGGER, change->trigger_name);
	RowSetText(parked, PARKED_OPERATION, row_operation_names[operation]);
	RowSetText(parked, PARKED_ACTOR, RowText(change->mapped, COMMAND_ACTOR));
	RowSetText(parked, PARKED_LOGIN, RoleName(change->login));
	RowSetText(parked, PARKED_ROLE, RoleName(change->role));
	if (change->old_row)
		RowSet(parked, PARKED_OLD_ROW, change->old_row);
	if (change->new_row)
		RowSet(parked, PARKED_NEW_ROW, change->new_row);
	return parked;
}

static void
StoreParked(const Row *parked, const Refusal *refusal, bool traced)
{
	Expectation *expectation = GuardExpectParked(DatumGetUUIDP(parked->values[PARKED_PARKED]), TRIGGER_EVENT_INSERT);
	Datum		values[PARKED_COLUMNS + 2];
	char		nulls[] = "              ";

	for (int i = 0; i < PARKED_COLUMNS; i++)
	{
		values[i] = parked->values[i];
		nulls[i] = RowIsNull(parked, i) ? 'n' : ' ';
	}
	values[PARKED_COLUMNS] = CStringGetTextDatum(unpack_sql_state(refusal->sqlstate));
	values[PARKED_COLUMNS + 1] = CStringGetTextDatum(TruncatedMessage(refusal->message));
	CheckWritten(StatementWrite(traced ? &insert_parked : &insert_untraced, values, nulls), 1, parked_shape.table);
	GuardExpectEnd(expectation);
}

/* The change waits; what entries are to say of it goes into the trace, which is written when all are parked. */
void
ParkChange(const Ledger *ledger, const TrackedChange *change, const Refusal *refusal, void *trace)
{
	LedgerSession session;
	Row		   *parked;
	bool		traced;

	LedgerEnter(ledger, &session);
	parked = ParkedRow(change);
	traced = ParkedIsTraced();
	if (traced)
	{
		uint8		commitment[HASH_SIZE];

		ParkedCommit(parked, &ledger->id, commitment);
		TraceAdd(trace, DatumGetUUIDP(parked->values[PARKED_PARKED]), commitment);
	}
	StoreParked(parked, refusal, traced);
	LedgerLeave(&session);
}

/* Names the change as its row is now, which is locked.  Within a LedgerSession. */
void
TraceParkedChange(ParkedTrace *trace, const Ledger *ledger, const pg_uuid_t *parked)
{
	Datum		value = UUIDPGetDatum(parked);
	uint8		commitment[HASH_SIZE];

	CheckWritten(StatementWrite(&read_whole, &value, NULL), 1, parked_shape.table);
	TraceAdd(trace, parked, ParkedCommitment(ResultRow(&parked_shape), &ledger->id, commitment) ? commitment : NULL);
}

/* It waits no more.  Within a LedgerSession. */
void
RemoveParked(const pg_uuid_t *parked)
{
	Datum		value = UUIDPGetDatum(parked);
	Expectation *expectation = GuardExpectParked(parked, TRIGGER_EVENT_DELETE);

	CheckWritten(StatementWrite(&delete_parked, &value, NULL), 1, parked_shape.table);
	GuardExpectEnd(expectation);
}

/* ---- dropping ---- */

static void
CheckCanBeDropped(Datum parked, bool waits)
{
	if (!waits)
		ereport(ERROR,
				(errcode(ERRCODE_NO_DATA_FOUND),
				 errmsg("no change %s waits in trust.parked", DatumGetCString(DirectFunctionCall1(uuid_out, parked))),
				 errdetail("It was never parked, or it was replayed or dropped."),
				 errhint("SELECT parked, source, error FROM trust.parked; shows which changes wait.")));
	if (!ParkedIsTraced())
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("cannot drop a parked change before the ledger is migrated"),
				 errhint("As the database's owner, run SELECT trust_ledger.migrate_ledger();")));
}

/*
 * drop_parked(parked uuid, reason text, actor, occurred_at, context, idempotency_key) returns receipt
 *		The change waits no more, and is never written; an entry of governance says who
 *		decided so, when and why.  Level admin.  Errors: TL004, 22004 no change or no
 *		reason, P0002 it does not wait, 55000 the ledger is not migrated.
 */
Datum
drop_parked(PG_FUNCTION_ARGS)
{
	Governance	governance;
	ParkedTrace trace;
	text	   *reason;
	bool		waits;

	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("parked is needed"),
				 errhint("SELECT parked, source, error FROM trust.parked; shows which changes wait.")));
	reason = ArgTextRequired(fcinfo->args[1], "reason", "Say why: the entry keeps it.");
	GovernanceBegin(&governance, fcinfo, LEVEL_ADMIN, "drop a parked change");
	/* before the chain of governance, as where it is replayed */
	waits = StatementWrite(&lock_one, &PG_GETARG_DATUM(0), NULL) > 0;
	if (GovernanceLock(&governance))
	{
		GovernanceChange change = {.event = CHANGES_DROPPED, .reason = reason};

		CheckCanBeDropped(PG_GETARG_DATUM(0), waits);
		TraceBegin(&trace, CHANGES_DROPPED);
		TraceParkedChange(&trace, governance.act.ledger, DatumGetUUIDP(PG_GETARG_DATUM(0)));
		RemoveParked(DatumGetUUIDP(PG_GETARG_DATUM(0)));
		change.subject = DatumGetCString(DirectFunctionCall1(uuid_out, PG_GETARG_DATUM(0)));
		change.details = TraceDetails(&trace, 0, 1);
		GovernanceAppend(&governance, &change, 1);
	}
	return GovernanceEnd(&governance, fcinfo);
}

/* ---- what was parked before it left a trace ---- */

/* Gives the change a salt; the entry commits to it as it is now. */
static void
RecordOne(ParkedTrace *trace, const Ledger *ledger, pg_uuid_t *parked)
{
	Datum		values[2] = {UUIDPGetDatum(parked)};
	uint8		commitment[HASH_SIZE];
	Expectation *expectation;
	Row		   *row;

	CheckWritten(StatementWrite(&read_whole, values, NULL), 1, parked_shape.table);
	row = ResultRow(&parked_shape);
	ParkedCommit(row, &ledger->id, commitment);
	TraceAdd(trace, parked, commitment);
	values[1] = row->values[PARKED_SALT];
	expectation = GuardExpectParked(parked, TRIGGER_EVENT_UPDATE);
	CheckWritten(StatementWrite(&update_salt, values, NULL), 1, parked_shape.table);
	GuardExpectEnd(expectation);
}

static void
RecordAll(ParkedTrace *trace, const Ledger *ledger)
{
	uint64		count = StatementWrite(&find_untraced, NULL, NULL);
	SPITupleTable *found = SPI_tuptable;
	MemoryContext one = AllocSetContextCreate(CurrentMemoryContext, "trust_ledger parked change", ALLOCSET_DEFAULT_SIZES);

	for (uint64 i = 0; i < count; i++)
	{
		MemoryContext previous = MemoryContextSwitchTo(one);
		bool		isnull;
		Datum		parked = SPI_getbinval(found->vals[i], found->tupdesc, 1, &isnull);

		CHECK_FOR_INTERRUPTS();
		RecordOne(trace, ledger, DatumGetUUIDP(parked));
		MemoryContextSwitchTo(previous);
		MemoryContextReset(one);
	}
	MemoryContextDelete(one);
}

/*
 * record_parked() returns void
 *		What waits in a ledger of an earlier version goes on record as it is, once, and
 *		so does that nothing waits.  Called by migrate_ledger().  Errors: 42501.
 */
Datum
record_parked(PG_FUNCTION_ARGS pg_attribute_unused())
{
	Ledger		ledger = *LedgerOpen();
	LedgerSession session;
	Chain		governance;
	ParkedTrace trace;

	if (!has_privs_of_role(GetUserId(), ledger.owner))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("must be owner of the ledger"),
				 errhint("Use trust_ledger.migrate_ledger().")));
	LedgerEnter(&ledger, &session);
	ChainLock(&governance, &ledger, cstring_to_text(GOVERNANCE_CUSTOMER));
	if (ParkedIsTraced() && StatementWrite(&is_recorded, NULL, NULL) == 0)
	{
		TraceBegin(&trace, CHANGES_RECORDED);
		trace.reason = cstring_to_text("The ledger kept no record of parked changes until now: these waited then.");
		RecordAll(&trace, &ledger);
		TraceWrite(&trace, &ledger);
	}
	LedgerLeave(&session);
	PG_RETURN_VOID();
}
