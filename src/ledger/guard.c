/*
 * guard.c
 *		Guards: triggers that let only the ledger's functions write to its tables.
 *
 * The ledger's functions announce each row before they write it (guard_expect.h): by the
 * hash of an entry, or by the seq of the entry from which the row is derived.  A guard
 * accepts only rows that were announced, and rows that logical replication applies to a
 * copy.
 */
#include "postgres.h"

#include "catalog/pg_type_d.h"
#include "commands/trigger.h"
#include "replication/logicalworker.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "base/large_value.h"
#include "ledger/copy.h"
#include "ledger/entry.h"
#include "ledger/guard_expect.h"

PG_FUNCTION_INFO_V1(guard_entry);
PG_FUNCTION_INFO_V1(guard_chain);
PG_FUNCTION_INFO_V1(guard_promise);
PG_FUNCTION_INFO_V1(guard_source);
PG_FUNCTION_INFO_V1(guard_governed);
PG_FUNCTION_INFO_V1(guard_copy);
PG_FUNCTION_INFO_V1(guard_parked);
PG_FUNCTION_INFO_V1(guard_truncate);

pg_noreturn static void Refuse(TriggerData *trigger, const char *detail);

static const char *
RefuseHint(void)
{
	if (IsLogicalWorker() && LedgerCopyKind() == COPY_NONE)
		return "A subscription can write only to a copy. To create one, run "
			"SELECT trust_ledger.create_ledger(copy => 'all'); in a database without a ledger.";
	return "Use the functions in schema trust_ledger. To correct an entry, add a new one.";
}

static void
Refuse(TriggerData *trigger, const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_TL_ALTERED),
			 errmsg("cannot modify table \"%s.%s\" directly",
					get_namespace_name(RelationGetNamespace(trigger->tg_relation)),
					RelationGetRelationName(trigger->tg_relation)),
			 errdetail("%s", detail),
			 errhint("%s", RefuseHint())));
}

/*
 * Whether an apply worker writes the row to a copy.  Not if a trigger on the subscriber
 * writes it, since then it is not the publisher's row.
 */
static bool
IsApplied(void)
{
	return IsLogicalWorker() && LedgerCopyKind() == COPY_ALL &&
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
				 errmsg("guard function must be called as a trigger of a ledger table"),
				 errhint("trust_ledger.migrate_ledger() creates these triggers.")));
	return trigger;
}

static Datum
ColumnValue(HeapTuple tuple, TupleDesc tupdesc, const char *name, Oid type, bool *isnull)
{
	int			attnum = SPI_fnumber(tupdesc, name);

	if (attnum <= 0 || TupleDescAttr(tupdesc, attnum - 1)->atttypid != type)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("column \"%s\" of a ledger table is missing or has the wrong type",
						name)));
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
	return VARSIZE_ANY_EXHDR(hash) == HASH_SIZE &&
		memcmp(VARDATA_ANY(hash), row->hash, HASH_SIZE) == 0;
}

/* Texts, their salts, and the salt of the request, which contained the texts. */
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
	if (column->attlen == -1)
		return VarlenaEqual(a, b);
	return datum_image_eq(a, b, column->attbyval, column->attlen);
}

/* Texts and salts may become NULL; no other change of an entry is allowed. */
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
			Refuse(trigger, psprintf("Column \"%s\" of an entry cannot be changed.",
									 NameStr(column->attname)));
	}
}

/*
 * guard_entry() returns trigger
 *		Allows the ledger's functions to append entries and to erase texts, and nothing
 *		else.  In a copy, an apply worker may do both.
 */
Datum
guard_entry(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = CheckCalledAsGuard(fcinfo, true);
	TupleDesc	tupdesc = RelationGetDescr(trigger->tg_relation);

	if (TRIGGER_FIRED_BY_DELETE(trigger->tg_event))
		Refuse(trigger, "Entries cannot be deleted.");
	if (TRIGGER_FIRED_BY_UPDATE(trigger->tg_event))
	{
		CheckErasureOnly(trigger);
		if (!IsApplied())
		{
			const GuardedRow *row = GuardNextExpected(GUARDED_ERASURE);

			if (row == NULL || !HasSeq(row, trigger->tg_newtuple, tupdesc, "seq") ||
				!HasHash(row, trigger->tg_newtuple, tupdesc, "hash"))
				Refuse(trigger, "Only the ledger's functions can erase texts.");
		}
		return PointerGetDatum(trigger->tg_newtuple);
	}
	if (!IsApplied())
	{
		const GuardedRow *row = GuardNextExpected(GUARDED_ENTRY);

		if (row == NULL || !HasHash(row, trigger->tg_trigtuple, tupdesc, "hash"))
			Refuse(trigger, "The entry was not created by the ledger's functions.");
	}
	return PointerGetDatum(trigger->tg_trigtuple);
}

/*
 * Guards a table whose rows are derived from entries: a row is written together with
 * the entry whose seq is in column seq, and whose hash is in column head if not NULL.
 */
static Datum
GuardProjection(FunctionCallInfo fcinfo, GuardedTable table, const char *seq, const char *head)
{
	TriggerData *trigger = CheckCalledAsGuard(fcinfo, true);
	TupleDesc	tupdesc = RelationGetDescr(trigger->tg_relation);
	HeapTuple	tuple = TRIGGER_FIRED_BY_UPDATE(trigger->tg_event) ?
		trigger->tg_newtuple : trigger->tg_trigtuple;
	bool		rebuilt = GuardExpectsRebuilt(table);

	if (IsApplied())
		return PointerGetDatum(tuple);
	if (TRIGGER_FIRED_BY_DELETE(trigger->tg_event))
	{
		if (!rebuilt || GuardNextExpected(table) == NULL)
			Refuse(trigger, "Rows that are derived from entries cannot be deleted.");
	}
	else
	{
		const GuardedRow *row = GuardNextExpected(table);

		if (row == NULL || !HasSeq(row, tuple, tupdesc, seq) ||
			(head && !HasHash(row, tuple, tupdesc, head)))
			Refuse(trigger, "Its rows are derived from entries and change only with them.");
		/* a user's trigger may have appended another entry during this append */
		if (!rebuilt && TRIGGER_FIRED_BY_UPDATE(trigger->tg_event) &&
			!IsBefore(trigger->tg_trigtuple, tupdesc, seq, row))
			Refuse(trigger, "A later entry has already changed the row.");
	}
	return PointerGetDatum(tuple);
}

/*
 * guard_chain() returns trigger
 *		A chain's head changes only together with appended entries.
 */
Datum
guard_chain(PG_FUNCTION_ARGS)
{
	return GuardProjection(fcinfo, GUARDED_CHAIN, "length", "head");
}

/*
 * guard_promise() returns trigger
 *		A promise's row changes only together with an appended entry.
 */
Datum
guard_promise(PG_FUNCTION_ARGS)
{
	return GuardProjection(fcinfo, GUARDED_PROMISE, "last_seq", NULL);
}

/*
 * guard_source() returns trigger
 *		The tracked row of a promise changes only together with an appended entry.
 */
Datum
guard_source(PG_FUNCTION_ARGS)
{
	return GuardProjection(fcinfo, GUARDED_SOURCE, "seq", NULL);
}

/*
 * guard_governed() returns trigger
 *		Actors, policies, access, settings and tracking change only together with a
 *		governance entry.  Invalidates the caches of all backends.
 */
Datum
guard_governed(PG_FUNCTION_ARGS)
{
	Datum		tuple = GuardProjection(fcinfo, GUARDED_GOVERNED, "seq", NULL);

	CacheInvalidateRelcache(((TriggerData *) fcinfo->context)->tg_relation);
	return tuple;
}

/*
 * Only the error for which a change is parked may change.  Changes that were parked by
 * an earlier version get their salt later.
 */
static bool
MayChangeParked(const char *column, bool was_null)
{
	return strcmp(column, "sqlstate") == 0 || strcmp(column, "error") == 0 ||
		(was_null && strcmp(column, "salt") == 0);
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

		if (column->attisdropped || (old_null && new_null) ||
			MayChangeParked(NameStr(column->attname), old_null))
			continue;
		if (old_null || new_null || !SameValue(column, old_value, new_value))
			Refuse(trigger, psprintf("Column \"%s\" of a parked change cannot be changed.",
									 NameStr(column->attname)));
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
 *		Changes stay as they were parked until they are replayed or dropped.
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
		const GuardedRow *row = GuardNextExpected(GUARDED_PARKED);

		if (row == NULL || row->seq != (trigger->tg_event & TRIGGER_EVENT_OPMASK) ||
			!HasParked(row, tuple, RelationGetDescr(trigger->tg_relation)))
			Refuse(trigger, "Rows change only when a change is parked, replayed or dropped.");
	}
	return PointerGetDatum(tuple);
}

/*
 * guard_copy() returns trigger
 *		An empty ledger is marked as a copy once, permanently.  Logical replication can
 *		neither insert nor delete the mark.
 */
Datum
guard_copy(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = CheckCalledAsGuard(fcinfo, true);

	if (!TRIGGER_FIRED_BY_INSERT(trigger->tg_event))
		Refuse(trigger, "The mark of a copy cannot be changed or deleted.");
	if (GuardNextExpected(GUARDED_COPY) == NULL)
		Refuse(trigger, "Only create_ledger() can mark a ledger as a copy, if it is empty.");
	CacheInvalidateRelcache(trigger->tg_relation);
	return PointerGetDatum(trigger->tg_trigtuple);
}

/*
 * guard_truncate() returns trigger
 *		No table of the ledger can be truncated.
 */
Datum
guard_truncate(PG_FUNCTION_ARGS)
{
	Refuse(CheckCalledAsGuard(fcinfo, false), "The table cannot be truncated.");
	PG_RETURN_NULL();
}
