/*
 * guard.c
 *		Guards: triggers that let nothing but the one way in write the ledger's tables.
 *
 * Right before each write the one way in says which row is to come: a hash, or
 * the number of the entry that a projection follows.  The guard lets that one
 * row pass and forgets it.  There is no flag that a planted trigger could ride on.
 * A call that comes from within a write says of its own writes what is to come.
 */
#include "postgres.h"

#include "ledger/guard.h"

#include "access/xact.h"
#include "catalog/pg_type_d.h"
#include "commands/trigger.h"
#include "replication/logicalworker.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "base/large_value.h"
#include "ledger/copy.h"
#include "ledger/entry.h"

PG_FUNCTION_INFO_V1(guard_entry);
PG_FUNCTION_INFO_V1(guard_chain);
PG_FUNCTION_INFO_V1(guard_promise);
PG_FUNCTION_INFO_V1(guard_source);
PG_FUNCTION_INFO_V1(guard_governed);
PG_FUNCTION_INFO_V1(guard_copy);
PG_FUNCTION_INFO_V1(guard_parked);
PG_FUNCTION_INFO_V1(guard_truncate);

/* What one write is to bring. */
struct Expectation
{
	GuardedTable table;
	const GuardedRow *rows;		/* the next first */
	int			count;			/* 0: none is to come any more */
	bool		rebuilt;		/* it may replace what says the same seq, and go */
	GuardedRow	one;
	SubTransactionId made_in;
	Expectation *outer;			/* of the write in the middle of which this one is made */
};

/*
 * Of the innermost write that is going on.  A nested call has its own, and leaves
 * that of the outer as it was.  An error takes back those of the savepoint that it
 * ends, and the end of the transaction takes all: until then they stand in its
 * memory.  None is there when a transaction is prepared: that is no write.
 */
static Expectation *expected = NULL;

static void
ForgetAtEnd(XactEvent event pg_attribute_unused(), void *arg pg_attribute_unused())
{
	expected = NULL;
}

/* Savepoints are numbered as they begin, so those within one have higher numbers. */
static void
ForgetAtSubEnd(SubXactEvent event, SubTransactionId mine,
			   SubTransactionId parent pg_attribute_unused(), void *arg pg_attribute_unused())
{
	if (event != SUBXACT_EVENT_ABORT_SUB)
		return;
	while (expected && expected->made_in >= mine)
		GuardDone(expected);
}

static Expectation *
Expect(GuardedTable table)
{
	static bool registered = false; /* of the process, as the callbacks are */
	Expectation *expectation;

	if (!registered)
	{
		RegisterXactCallback(ForgetAtEnd, NULL);
		RegisterSubXactCallback(ForgetAtSubEnd, NULL);
		registered = true;
	}
	/* not in the savepoint's own memory: its first use takes 8 kB, until the transaction ends */
	expectation = MemoryContextAlloc(TopTransactionContext, sizeof(Expectation));
	expectation->table = table;
	expectation->rebuilt = false;
	expectation->made_in = GetCurrentSubTransactionId();
	expectation->outer = expected;
	return expected = expectation;
}

/*
 * The next rows written to that kind of table are these, in this order; they
 * stay where they are until the write is done.  An error takes that back.
 */
Expectation *
GuardExpect(GuardedTable table, const GuardedRow *rows, int count)
{
	Expectation *expectation = Expect(table);

	expectation->rows = rows;
	expectation->count = count;
	return expectation;
}

/* Hash may be NULL where the table has none. */
Expectation *
GuardExpectOne(GuardedTable table, int64 seq, const uint8 *hash)
{
	Expectation *expectation = Expect(table);

	expectation->one.seq = seq;
	if (hash)
		memcpy(expectation->one.hash, hash, HASH_SIZE);
	expectation->rows = &expectation->one;
	expectation->count = 1;
	return expectation;
}

/* A row that is made anew from the entries, or removed because there are none of it. */
Expectation *
GuardExpectRebuilt(GuardedTable table, int64 seq, const uint8 *hash)
{
	Expectation *expectation = GuardExpectOne(table, seq, hash);

	expectation->rebuilt = true;
	return expectation;
}

/* That change is parked, or goes, or is changed: by TRIGGER_EVENT_INSERT, _DELETE or _UPDATE. */
Expectation *
GuardExpectParked(const pg_uuid_t *parked, TriggerEvent operation)
{
	uint8		hash[HASH_SIZE] = {0};

	memcpy(hash, parked->data, UUID_LEN);
	return GuardExpectOne(GUARDED_PARKED, operation, hash);
}

/* Whether the call comes from a trigger that a write of ours fired. */
bool
GuardWriting(void)
{
	return expected != NULL;
}

/* The write is done: what did not come is not to come any more. */
void
GuardDone(Expectation *expectation)
{
	expected = expectation->outer;
	pfree(expectation);
}

pg_noreturn static void Refuse(TriggerData *trigger, const char *detail);

/* A subscription's rows are refused where the ledger is no copy. */
static const char *
RefusedHint(void)
{
	if (IsLogicalWorker() && LedgerCopied() == COPIED_NOTHING)
		return "A subscription writes only into a ledger that was made as a copy, in a database without one, by SELECT trust_ledger.create_ledger(copy => 'all');";
	return "Use the functions of schema trust_ledger: what is wrong is put right by a new entry.";
}

static void
Refuse(TriggerData *trigger, const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_TL_ALTERED),
			 errmsg("table \"%s.%s\" is written by the ledger's own functions only",
					get_namespace_name(RelationGetNamespace(trigger->tg_relation)),
					RelationGetRelationName(trigger->tg_relation)),
			 errdetail("%s", detail),
			 errhint("%s", RefusedHint())));
}

/*
 * Whether logical replication brings the row: into a copy only, and only as it was
 * sent.  What a trigger on the subscriber makes of that is not what was sent.
 */
static bool
IsApplied(void)
{
	return IsLogicalWorker() && LedgerCopied() == COPIED_ALL &&
		DatumGetInt32(OidFunctionCall0(F_PG_TRIGGER_DEPTH)) == 1;
}

static TriggerData *
CheckCalledAsGuard(FunctionCallInfo fcinfo, bool row)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_BEFORE(trigger->tg_event) ||
		(TRIGGER_FIRED_FOR_ROW(trigger->tg_event) != 0) != row)
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("guards are triggers of the ledger's tables"),
				 errhint("trust_ledger.migrate_ledger() puts them in place.")));
	return trigger;
}

/* The row that was to come, once only; NULL where none was, and then none is any more. */
static const GuardedRow *
NextExpected(GuardedTable table)
{
	if (expected == NULL)
		return NULL;
	if (expected->table != table || expected->count == 0)
	{
		expected->count = 0;
		return NULL;
	}
	expected->count--;
	return expected->rows++;
}

static Datum
ColumnValue(HeapTuple tuple, TupleDesc tupdesc, const char *name, Oid type, bool *isnull)
{
	int			attnum = SPI_fnumber(tupdesc, name);

	if (attnum <= 0 || TupleDescAttr(tupdesc, attnum - 1)->atttypid != type)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("column \"%s\" of a ledger's table is missing", name)));
	return heap_getattr(tuple, attnum, tupdesc, isnull);
}

static bool
HasSeq(const GuardedRow *row, HeapTuple tuple, TupleDesc tupdesc, const char *column)
{
	bool		isnull;
	Datum		seq = ColumnValue(tuple, tupdesc, column, INT8OID, &isnull);

	return !isnull && DatumGetInt64(seq) == row->seq;
}

static bool
IsBefore(HeapTuple tuple, TupleDesc tupdesc, const char *column, const GuardedRow *row)
{
	bool		isnull;
	Datum		seq = ColumnValue(tuple, tupdesc, column, INT8OID, &isnull);

	return !isnull && DatumGetInt64(seq) < row->seq;
}

static bool
HasHash(const GuardedRow *row, HeapTuple tuple, TupleDesc tupdesc, const char *column)
{
	bool		isnull;
	Datum		value = ColumnValue(tuple, tupdesc, column, BYTEAOID, &isnull);
	bytea	   *hash;

	if (isnull)
		return false;
	hash = DatumGetByteaPP(value);
	return VARSIZE_ANY_EXHDR(hash) == HASH_SIZE && memcmp(VARDATA_ANY(hash), row->hash, HASH_SIZE) == 0;
}

/* Texts with their salts, and the salt of the request they were part of. */
static bool
IsErasableColumn(const char *name)
{
	if (strcmp(entry_shape.columns[ENTRY_REQUEST_SALT].name, name) == 0)
		return true;
	for (int i = 0; i < ERASABLE_TEXTS; i++)
		if (strcmp(entry_shape.columns[erasable_texts[i].text].name, name) == 0 ||
			strcmp(entry_shape.columns[erasable_texts[i].salt].name, name) == 0)
			return true;
	return false;
}

static bool
SameValue(Form_pg_attribute column, Datum a, Datum b)
{
	return column->attlen == -1 ? LargeEqual(a, b) : datum_image_eq(a, b, column->attbyval, column->attlen);
}

/* An entry may lose texts and salts; nothing else of it may change. */
static void
CheckErasureOnly(TriggerData *trigger)
{
	TupleDesc	tupdesc = RelationGetDescr(trigger->tg_relation);

	for (int i = 0; i < tupdesc->natts; i++)
	{
		Form_pg_attribute column = TupleDescAttr(tupdesc, i);
		bool		old_null;
		bool		new_null;
		Datum		old_value = heap_getattr(trigger->tg_trigtuple, i + 1, tupdesc, &old_null);
		Datum		new_value = heap_getattr(trigger->tg_newtuple, i + 1, tupdesc, &new_null);

		if (column->attisdropped)
			continue;
		if (new_null && (old_null || IsErasableColumn(NameStr(column->attname))))
			continue;
		if (new_null || old_null || !SameValue(column, old_value, new_value))
			Refuse(trigger, psprintf("Column \"%s\" of an entry never changes.", NameStr(column->attname)));
	}
}

/*
 * guard_entry() returns trigger
 *		Entries are appended and never change, but for texts that are erased.
 *		A copy applies both; elsewhere they come from the one way in.
 */
Datum
guard_entry(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = CheckCalledAsGuard(fcinfo, true);
	TupleDesc	tupdesc = RelationGetDescr(trigger->tg_relation);

	if (TRIGGER_FIRED_BY_DELETE(trigger->tg_event))
		Refuse(trigger, "Entries are never deleted.");
	if (TRIGGER_FIRED_BY_UPDATE(trigger->tg_event))
	{
		CheckErasureOnly(trigger);
		if (!IsApplied())
		{
			const GuardedRow *row = NextExpected(GUARDED_ERASURE);

			if (row == NULL || !HasSeq(row, trigger->tg_newtuple, tupdesc, "seq") ||
				!HasHash(row, trigger->tg_newtuple, tupdesc, "hash"))
				Refuse(trigger, "Texts are erased by the ledger's own functions.");
		}
		return PointerGetDatum(trigger->tg_newtuple);
	}
	if (!IsApplied())
	{
		const GuardedRow *row = NextExpected(GUARDED_ENTRY);

		if (row == NULL || !HasHash(row, trigger->tg_trigtuple, tupdesc, "hash"))
			Refuse(trigger, "This entry was not made by the ledger's functions.");
	}
	return PointerGetDatum(trigger->tg_trigtuple);
}

/*
 * What the entries add up to is written with the entry that was just appended:
 * the row's column seq says which, and head, if the table has one, its hash.
 */
static Datum
GuardProjection(FunctionCallInfo fcinfo, GuardedTable table, const char *seq, const char *head)
{
	TriggerData *trigger = CheckCalledAsGuard(fcinfo, true);
	TupleDesc	tupdesc = RelationGetDescr(trigger->tg_relation);
	HeapTuple	tuple = TRIGGER_FIRED_BY_UPDATE(trigger->tg_event) ? trigger->tg_newtuple : trigger->tg_trigtuple;
	bool		rebuilt = expected && expected->table == table && expected->count > 0 && expected->rebuilt;

	if (IsApplied())
		return PointerGetDatum(tuple);
	if (TRIGGER_FIRED_BY_DELETE(trigger->tg_event))
	{
		if (!rebuilt || NextExpected(table) == NULL)
			Refuse(trigger, "What the entries add up to is never deleted.");
	}
	else
	{
		const GuardedRow *row = NextExpected(table);

		if (row == NULL || !HasSeq(row, tuple, tupdesc, seq) || (head && !HasHash(row, tuple, tupdesc, head)))
			Refuse(trigger, "Its rows follow from entries, and change with them.");
		/* an append within an append, by a trigger that somebody planted, came first */
		if (!rebuilt && TRIGGER_FIRED_BY_UPDATE(trigger->tg_event) && !IsBefore(trigger->tg_trigtuple, tupdesc, seq, row))
			Refuse(trigger, "A later entry changed the row already.");
	}
	return PointerGetDatum(tuple);
}

/*
 * guard_chain() returns trigger
 *		A chain's head moves with the entries that were just appended.
 */
Datum
guard_chain(PG_FUNCTION_ARGS)
{
	return GuardProjection(fcinfo, GUARDED_CHAIN, "length", "head");
}

/*
 * guard_promise() returns trigger
 *		A promise's row changes with the entry that was just appended.
 */
Datum
guard_promise(PG_FUNCTION_ARGS)
{
	return GuardProjection(fcinfo, GUARDED_PROMISE, "last_seq", NULL);
}

/*
 * guard_source() returns trigger
 *		Which row a promise stands for changes with the entry that was just appended.
 */
Datum
guard_source(PG_FUNCTION_ARGS)
{
	return GuardProjection(fcinfo, GUARDED_SOURCE, "seq", NULL);
}

/*
 * guard_governed() returns trigger
 *		Actors, policies, access and settings change with a governance entry;
 *		then every process forgets what it remembers of them.
 */
Datum
guard_governed(PG_FUNCTION_ARGS)
{
	Datum		tuple = GuardProjection(fcinfo, GUARDED_GOVERNED, "seq", NULL);

	CacheInvalidateRelcache(((TriggerData *) fcinfo->context)->tg_relation);
	return tuple;
}

/* Why it waits may change, and nothing else; who parked a change before it left a trace gets its salt later. */
static bool
MayChangeParked(const char *column, bool was_null)
{
	return strcmp(column, "sqlstate") == 0 || strcmp(column, "error") == 0 || (was_null && strcmp(column, "salt") == 0);
}

static void
CheckStaysParked(TriggerData *trigger)
{
	TupleDesc	tupdesc = RelationGetDescr(trigger->tg_relation);

	for (int i = 0; i < tupdesc->natts; i++)
	{
		Form_pg_attribute column = TupleDescAttr(tupdesc, i);
		bool		old_null;
		bool		new_null;
		Datum		old_value = heap_getattr(trigger->tg_trigtuple, i + 1, tupdesc, &old_null);
		Datum		new_value = heap_getattr(trigger->tg_newtuple, i + 1, tupdesc, &new_null);

		if (column->attisdropped || (old_null && new_null) || MayChangeParked(NameStr(column->attname), old_null))
			continue;
		if (old_null || new_null || !SameValue(column, old_value, new_value))
			Refuse(trigger, psprintf("Column \"%s\" of a parked change never changes.", NameStr(column->attname)));
	}
}

static bool
HasParked(const GuardedRow *row, HeapTuple tuple, TupleDesc tupdesc)
{
	bool		isnull;
	Datum		parked = ColumnValue(tuple, tupdesc, "parked", UUIDOID, &isnull);

	return !isnull && memcmp(DatumGetUUIDP(parked), row->hash, UUID_LEN) == 0;
}

/*
 * guard_parked() returns trigger
 *		Changes wait until they are replayed or dropped, as they were parked.
 */
Datum
guard_parked(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = CheckCalledAsGuard(fcinfo, true);
	bool		update = TRIGGER_FIRED_BY_UPDATE(trigger->tg_event);
	HeapTuple	tuple = update ? trigger->tg_newtuple : trigger->tg_trigtuple;

	if (update)
		CheckStaysParked(trigger);
	if (!IsApplied())
	{
		const GuardedRow *row = NextExpected(GUARDED_PARKED);

		if (row == NULL || row->seq != (trigger->tg_event & TRIGGER_EVENT_OPMASK) ||
			!HasParked(row, tuple, RelationGetDescr(trigger->tg_relation)))
			Refuse(trigger, "A change waits there from when it is parked until it is replayed or dropped.");
	}
	return PointerGetDatum(tuple);
}

/*
 * guard_copy() returns trigger
 *		An empty ledger is marked as a copy once, and stays one.  The mark is this
 *		database's own: a subscription neither brings it nor takes it away.
 */
Datum
guard_copy(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = CheckCalledAsGuard(fcinfo, true);

	if (!TRIGGER_FIRED_BY_INSERT(trigger->tg_event))
		Refuse(trigger, "Whether a ledger is a copy never changes.");
	if (NextExpected(GUARDED_COPY) == NULL)
		Refuse(trigger, "Only create_ledger() makes a copy, of a ledger that is empty.");
	CacheInvalidateRelcache(trigger->tg_relation);
	return PointerGetDatum(trigger->tg_trigtuple);
}

/*
 * guard_truncate() returns trigger
 *		No table of the ledger is ever emptied.
 */
Datum
guard_truncate(PG_FUNCTION_ARGS)
{
	Refuse(CheckCalledAsGuard(fcinfo, false), "It is never emptied.");
	PG_RETURN_NULL();
}
