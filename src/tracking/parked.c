/*
 * parked.c
 *		Parks changes of tracked rows whose events could not be written.
 *
 * The row before and after the change is stored in trust.parked_change.  parked_replay.c
 * tries again to write it.  Entries of the governance chain record what was parked,
 * replayed and dropped; see parked_trace.c.
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
	"INSERT INTO trust.parked_change (parked, parked_at, source, tab, trigger, operation," \
	"   actor, login, role, old_row, new_row, sqlstate, error" column ")" \
	" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $13, $14" value ")"

static Statement insert_parked = STATEMENT(
	INSERT_PARKED(", salt", ", $12"),
	UUIDOID, TIMESTAMPTZOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID,
	TEXTOID, JSONBOID, JSONBOID, BYTEAOID, TEXTOID, TEXTOID);

/* For a ledger of an earlier version that has not been migrated. */
static Statement insert_untraced = STATEMENT(
	INSERT_PARKED("", ""),
	UUIDOID, TIMESTAMPTZOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID,
	TEXTOID, JSONBOID, JSONBOID, BYTEAOID, TEXTOID, TEXTOID);

static Statement delete_parked = STATEMENT(
	"DELETE FROM trust.parked_change WHERE parked OPERATOR(pg_catalog.=) $1", UUIDOID);

static Statement lock_one = STATEMENT(
	"SELECT FROM trust.parked_change"
	" WHERE parked OPERATOR(pg_catalog.=) $1"
	" FOR UPDATE",
	UUIDOID);

static Statement find_untraced = STATEMENT_WITHOUT_ARGS(
	"SELECT parked FROM trust.parked_change"
	" WHERE salt IS NULL"
	" ORDER BY parked_at, parked");

static Statement read_whole = STATEMENT_OF_ROWS(
	parked_shape,
	"WHERE parked OPERATOR(pg_catalog.=) $1", UUIDOID);

static Statement update_salt = STATEMENT(
	"UPDATE trust.parked_change SET salt = $2"
	" WHERE parked OPERATOR(pg_catalog.=) $1",
	UUIDOID, BYTEAOID);

static Statement is_recorded = STATEMENT_WITHOUT_ARGS("SELECT WHERE " PARKED_IS_ON_RECORD);

/* The row to be inserted, without its salt. */
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
	Expectation *expectation = GuardExpectParked(DatumGetUUIDP(parked->values[PARKED_PARKED]),
												 TRIGGER_EVENT_INSERT);
	Datum		values[PARKED_COLUMNS + 2];
	char		nulls[] = "              ";

	for (int i = 0; i < PARKED_COLUMNS; i++)
	{
		values[i] = parked->values[i];
		nulls[i] = RowIsNull(parked, i) ? 'n' : ' ';
	}
	values[PARKED_COLUMNS] = CStringGetTextDatum(unpack_sql_state(refusal->sqlstate));
	values[PARKED_COLUMNS + 1] = CStringGetTextDatum(TruncatedMessage(refusal->message));
	CheckWritten(StatementWrite(traced ? &insert_parked : &insert_untraced, values, nulls),
				 1, parked_shape.table);
	GuardExpectEnd(expectation);
}

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

void
TraceParkedChange(ParkedTrace *trace, const Ledger *ledger, const pg_uuid_t *parked)
{
	Datum		value = UUIDPGetDatum(parked);
	uint8		commitment[HASH_SIZE];

	CheckWritten(StatementWrite(&read_whole, &value, NULL), 1, parked_shape.table);
	TraceAdd(trace, parked,
			 ParkedCommitment(ResultRow(&parked_shape), &ledger->id, commitment) ?
			 commitment : NULL);
}

void
RemoveParked(const pg_uuid_t *parked)
{
	Datum		value = UUIDPGetDatum(parked);
	Expectation *expectation = GuardExpectParked(parked, TRIGGER_EVENT_DELETE);

	CheckWritten(StatementWrite(&delete_parked, &value, NULL), 1, parked_shape.table);
	GuardExpectEnd(expectation);
}

/* ---- dropping a parked change ---- */

static void
CheckCanBeDropped(Datum parked, bool is_parked)
{
	if (!is_parked)
		ereport(ERROR,
				(errcode(ERRCODE_NO_DATA_FOUND),
				 errmsg("change %s is not parked",
						DatumGetCString(DirectFunctionCall1(uuid_out, parked))),
				 errdetail("It was never parked, or it was replayed or dropped."),
				 errhint("SELECT parked, source, error FROM trust.parked "
						 "lists the parked changes.")));
	if (!ParkedIsTraced())
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("cannot drop a parked change before the ledger is migrated"),
				 errhint("As the database's owner, run SELECT trust_ledger.migrate_ledger();")));
}

/*
 * drop_parked(parked uuid, reason text, actor, occurred_at, context, idempotency_key)
 *			   returns receipt
 *		Deletes a parked change, and records in the governance chain who dropped it, when
 *		and why.  Needs level admin.  Errors: TL004; 22004 parked or reason is null; P0002
 *		the change is not parked; 55000 the ledger must be migrated first.
 */
Datum
drop_parked(PG_FUNCTION_ARGS)
{
	Governance	governance;
	ParkedTrace trace;
	text	   *reason;
	bool		is_parked;

	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("parked must not be null"),
				 errhint("SELECT parked, source, error FROM trust.parked "
						 "lists the parked changes.")));
	reason = ArgTextRequired(fcinfo->args[1], "reason",
							 "Say why the change is dropped; the entry records it.");
	GovernanceBegin(&governance, fcinfo, LEVEL_ADMIN, "drop a parked change");
	/* locked before the governance chain, as in replay_parked() */
	is_parked = StatementWrite(&lock_one, &PG_GETARG_DATUM(0), NULL) > 0;
	if (GovernanceLock(&governance))
	{
		GovernanceChange change = {.event = CHANGES_DROPPED, .reason = reason};

		CheckCanBeDropped(PG_GETARG_DATUM(0), is_parked);
		TraceBegin(&trace, CHANGES_DROPPED);
		TraceParkedChange(&trace, governance.act.ledger, DatumGetUUIDP(PG_GETARG_DATUM(0)));
		RemoveParked(DatumGetUUIDP(PG_GETARG_DATUM(0)));
		change.subject = DatumGetCString(DirectFunctionCall1(uuid_out, PG_GETARG_DATUM(0)));
		change.details = TraceDetails(&trace, 0, 1);
		GovernanceAppend(&governance, &change, 1);
	}
	return GovernanceEnd(&governance, fcinfo);
}

/* ---- recording changes that an earlier version parked ---- */

/* Sets the salt of a change, and adds it to the trace. */
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
	MemoryContext one = AllocSetContextCreate(CurrentMemoryContext, "trust_ledger parked change",
											  ALLOCSET_DEFAULT_SIZES);

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
 *		In a ledger of an earlier version, records in the governance chain which changes
 *		are parked, even if there are none; does nothing in later calls.  Called by
 *		migrate_ledger().  Errors: 42501 the caller does not own the ledger.
 */
Datum
record_parked(PG_FUNCTION_ARGS pg_attribute_unused())
{
	Ledger		ledger = *LedgerOpen();
	LedgerSession session;
	Chain		governance;
	ParkedTrace trace;

	LedgerCheckOwner(&ledger);
	LedgerEnter(&ledger, &session);
	ChainLock(&governance, &ledger, cstring_to_text(GOVERNANCE_CUSTOMER));
	if (ParkedIsTraced() && StatementWrite(&is_recorded, NULL, NULL) == 0)
	{
		TraceBegin(&trace, CHANGES_RECORDED);
		trace.reason = cstring_to_text("These changes were parked before the ledger "
									   "recorded parked changes.");
		RecordAll(&trace, &ledger);
		TraceWrite(&trace, &ledger);
	}
	LedgerLeave(&session);
	PG_RETURN_VOID();
}
