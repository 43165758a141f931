/*
 * former_key.c
 *		Carries the promises of a tracked table over to another primary key of the table.
 *
 * The rows still have their former keys in some columns.  Two rows can exchange keys, so
 * that the promises are not looked up again by keys while they are carried over.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type_d.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/tuplestore.h"

#include "base/catalog.h"
#include "base/owner_session.h"
#include "base/statement.h"
#include "governance/access.h"
#include "tracking/change_batch.h"
#include "tracking/mapped_row.h"
#include "tracking/tracked_reading.h"
#include "tracking/tracked_table.h"
#include "tracking/trigger_catalog.h"

PG_FUNCTION_INFO_V1(read_former_keys);
PG_FUNCTION_INFO_V1(carry_over);

/*
 * The promises of rows that have another key now, by customers.  Called with the rights of
 * the table's owner.
 */
#define FIND_PROMISES \
	"SELECT r.key, r.name, r.customer, r.promise, f.key, f.rows" \
	" FROM trust.tracked_row r" \
	" LEFT JOIN (" \
	"   SELECT k.former, pg_catalog.min(k.key) AS key, pg_catalog.count(*) AS rows" \
	"   FROM trust_ledger.read_former_keys($1, $2) k" \
	"   GROUP BY k.former) AS f" \
	"   ON f.former COLLATE pg_catalog.\"C\" OPERATOR(pg_catalog.=) r.key" \
	" WHERE r.source OPERATOR(pg_catalog.=) $3" \
	"   AND NOT r.gone" \
	"   AND (f.rows IS NULL OR f.rows OPERATOR(pg_catalog.>) 1" \
	"     OR f.key COLLATE pg_catalog.\"C\" OPERATOR(pg_catalog.<>) r.key)" \
	" ORDER BY r.customer COLLATE pg_catalog.\"C\", r.promise"

#define ROWS_AT_ONCE 1000

/* ---- former and present keys of rows ---- */

/* The mapping of the first trigger of track_table() for event "made". */
static Mapping *
MadeMapping(Relation rel)
{
	Oid			track = TrackFunction();

	for (int i = 0; rel->trigdesc && i < rel->trigdesc->numtriggers; i++)
	{
		const Trigger *trigger = &rel->trigdesc->triggers[i];

		if (TriggerIsGenerated(trigger, track) && trigger->tgnargs > 0 &&
			strcmp(trigger->tgargs[0], event_names[EVENT_MADE]) == 0)
			return MappingRead(rel, trigger, CurrentMemoryContext);
	}
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("table %s is not tracked by a mapping", QualifiedName(RelationGetRelid(rel))),
			 errhint("Call trust_ledger.track_table(), which carries promises over.")));
	return NULL;
}

/* A copy of the mapping that reads those columns as the key. */
static Mapping *
WithKey(const Mapping *mapping, Relation rel, ArrayType *columns)
{
	Mapping    *copy = palloc(offsetof(Mapping, watched));
	Datum	   *names;
	bool	   *absent;
	int			count;

	memcpy(copy, mapping, offsetof(Mapping, watched));
	copy->nwatched = 0;
	deconstruct_array(columns, TEXTOID, -1, false, TYPALIGN_INT, &names, &absent, &count);
	if (count < 1 || count > KEY_MAX_COLUMNS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("former_key must have between 1 and %d columns", KEY_MAX_COLUMNS)));
	copy->key_count = count;
	for (int i = 0; i < count; i++)
	{
		const char *name = absent[i] ? "" : TextDatumGetCString(names[i]);
		AttrNumber	attnum = get_attnum(RelationGetRelid(rel), name);

		if (attnum <= 0)
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_COLUMN),
					 errmsg("column \"%s\" of table %s does not exist",
							name, QualifiedName(RelationGetRelid(rel))),
					 errdetail("Argument former_key must name columns that have the former "
							   "primary key of each row."),
					 errhint("Add such a column before the primary key is replaced.")));
		copy->key[i] = attnum;
		copy->key_types[i] = getBaseType(TupleDescAttr(RelationGetDescr(rel),
													   attnum - 1)->atttypid);
		MappedCheckKeyType(copy->key_types[i], name);
	}
	return copy;
}

/* Selects whole rows, except those that had no former key. */
static char *
RowsQuery(const Mapping *former, Relation rel)
{
	char	   *table = QualifiedName(RelationGetRelid(rel));
	StringInfoData sql;

	initStringInfo(&sql);
	appendStringInfo(&sql, "SELECT new.*::%s FROM %s%s AS new", table, OnlyKeyword(rel), table);
	for (int i = 0; i < former->key_count; i++)
		appendStringInfo(&sql, "%s new.%s IS NOT NULL", i ? " AND" : " WHERE",
						 quote_identifier(NameStr(TupleDescAttr(RelationGetDescr(rel),
																former->key[i] - 1)->attname)));
	return sql.data;
}

static void
PutKeys(ReturnSetInfo *result, const Mapping *former, const Mapping *present, HeapTuple found,
		TupleDesc columns, TupleDesc tupdesc)
{
	bool		isnull;
	HeapTupleHeader header = DatumGetHeapTupleHeader(SPI_getbinval(found, columns, 1, &isnull));
	HeapTupleData row = {.t_len = HeapTupleHeaderGetDatumLength(header), .t_data = header};
	Datum		values[2] = {
		CStringGetTextDatum(MappingKey(former, &row, tupdesc)),
		CStringGetTextDatum(MappingKey(present, &row, tupdesc))
	};
	bool		nulls[2] = {false};

	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/* Between OwnerEnter() and OwnerLeave(). */
static void
PutAllKeys(ReturnSetInfo *result, const Mapping *former, const Mapping *present, Relation rel)
{
	Portal		portal = SPI_cursor_open_with_args(NULL, RowsQuery(former, rel), 0, NULL, NULL,
												   NULL, true, CURSOR_OPT_PARALLEL_OK);
	MemoryContext rows = AllocSetContextCreate(CurrentMemoryContext, "trust_ledger tracked rows",
											   ALLOCSET_DEFAULT_SIZES);

	for (SPI_cursor_fetch(portal, true, ROWS_AT_ONCE);
		 SPI_processed > 0;
		 SPI_cursor_fetch(portal, true, ROWS_AT_ONCE))
	{
		MemoryContext previous = MemoryContextSwitchTo(rows);

		CHECK_FOR_INTERRUPTS();
		for (uint64 i = 0; i < SPI_processed; i++)
			PutKeys(result, former, present, SPI_tuptable->vals[i], SPI_tuptable->tupdesc,
					RelationGetDescr(rel));
		MemoryContextSwitchTo(previous);
		MemoryContextReset(rows);
		SPI_freetuptable(SPI_tuptable);
	}
	SPI_cursor_close(portal);
	MemoryContextDelete(rows);
}

/*
 * read_former_keys(tab regclass, former_key text[]) returns setof (former text, key text)
 *		The former and the present primary key of each row of a tracked table, as in
 *		trust.source.  former_key: the columns that have the former key.  Rows that have a
 *		NULL there are left out.  Called by the table's owner.  Errors: 42703 no such
 *		column, 42804 type of a column, 22023 number of columns, 55000 not tracked, 42501
 *		the caller does not own the table, or its owner cannot read all rows.
 */
Datum
read_former_keys(PG_FUNCTION_ARGS)
{
	Relation	rel = OpenTableByOid(PG_GETARG_OID(0));
	ArrayType  *columns = PG_GETARG_ARRAYTYPE_P(1);
	OwnerSession session;
	Mapping    *present;

	CheckOwnsTable(RelationGetRelid(rel), GetUserId());
	CheckCanReadTable(rel);
	InitMaterializedSRF(fcinfo, 0);
	OwnerEnter(rel->rd_rel->relowner, &session);
	present = MadeMapping(rel);
	PutAllKeys((ReturnSetInfo *) fcinfo->resultinfo, WithKey(present, rel, columns), present, rel);
	OwnerLeave(&session);
	table_close(rel, NoLock);
	return (Datum) 0;
}

/* ---- carrying promises over ---- */

/* Promises that are carried over together, and what is written for them. */
typedef struct Portion
{
	const TrackedChange *changes[ROWS_AT_ONCE];
	PlannedEvent events[ROWS_AT_ONCE];
	int			count;
} Portion;

static void
CheckFoundOnce(Relation rel, const char *key, HeapTuple found, TupleDesc columns)
{
	bool		missing;
	int64		rows = DatumGetInt64(SPI_getbinval(found, columns, 6, &missing));
	const char *table = QualifiedName(RelationGetRelid(rel));

	if (missing)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("no row of table %s has the former key %s", table, key),
				 errdetail("A promise is recorded for the row of that key."),
				 errhint("Name the columns that have the former key, in its order.  If the row "
						 "has been deleted, insert it again with that key, repeat the call, and "
						 "delete it.")));
	if (rows > 1)
		ereport(ERROR,
				(errcode(ERRCODE_UNIQUE_VIOLATION),
				 errmsg("several rows of table %s have the former key %s", table, key),
				 errdetail("A promise is recorded for the row of that key."),
				 errhint("Let the columns of argument former_key be NULL in rows that have no "
						 "former key.")));
}

/* The change that an UPDATE of the row's primary key would be. */
static TrackedChange *
ChangeOfKey(Mapping *mapping, const Ledger *ledger, const char *actor)
{
	TrackedChange *change = palloc0(sizeof(TrackedChange));

	ChangeSetMapping(change, mapping);
	change->operation = ROW_UPDATE;
	change->event = EVENT_NOTED;
	change->on_error = ON_ERROR_FAIL;
	change->mapped = RowNew(&mapped_shape);
	for (int i = 0; i < mapping->field_count; i++)
		if (mapping->fields[i].field == COMMAND_ACTOR && mapping->fields[i].attnum == 0)
			RowSet(change->mapped, COMMAND_ACTOR, mapping->fields[i].constant);
	ChangeSetActor(change, ledger, actor, mapping->owner);
	return change;
}

static void
AddToPortion(Portion *portion, const TrackedChange *like, HeapTuple found, TupleDesc columns)
{
	TrackedChange *change = palloc(sizeof(TrackedChange));
	bool		isnull;

	*change = *like;
	change->old_key = SPI_getvalue(found, columns, 1);
	change->name = SPI_getvalue(found, columns, 2);
	change->key = SPI_getvalue(found, columns, 5);
	portion->changes[portion->count] = change;
	portion->events[portion->count] = (PlannedEvent) {
		.nth = portion->count, .position = portion->count, .event = EVENT_NOTED,
		.customer = SPI_getvalue(found, columns, 3),
		.promise = *DatumGetUUIDP(SPI_getbinval(found, columns, 4, &isnull)),
		.chain_length = -1, .notes_key_change = true
	};
	portion->count++;
}

static Portal
OpenPromises(Oid relid, ArrayType *former_key, const char *source)
{
	Oid			types[3] = {REGCLASSOID, TEXTARRAYOID, TEXTOID};
	Datum		values[3] = {
		ObjectIdGetDatum(relid), PointerGetDatum(former_key), CStringGetTextDatum(source)
	};

	return SPI_cursor_open_with_args(NULL, FIND_PROMISES, 3, types, values, NULL, false, 0);
}

/* Returns the number of promises. */
static int64
CarryAll(const Ledger *ledger, Relation rel, const TrackedChange *like, ArrayType *former_key)
{
	Portal		portal = OpenPromises(RelationGetRelid(rel), former_key, like->source);
	MemoryContext memory = AllocSetContextCreate(CurrentMemoryContext, "trust_ledger carried keys",
												 ALLOCSET_DEFAULT_SIZES);
	int64		carried = 0;

	for (SPI_cursor_fetch(portal, true, ROWS_AT_ONCE);
		 SPI_processed > 0;
		 SPI_cursor_fetch(portal, true, ROWS_AT_ONCE))
	{
		MemoryContext previous = MemoryContextSwitchTo(memory);
		SPITupleTable *found = SPI_tuptable;
		Portion    *portion = palloc0(sizeof(Portion));
		Changes		changes;

		for (uint64 i = 0; i < SPI_processed; i++)
		{
			CheckFoundOnce(rel, SPI_getvalue(found->vals[i], found->tupdesc, 1), found->vals[i],
						   found->tupdesc);
			AddToPortion(portion, like, found->vals[i], found->tupdesc);
		}
		changes = ChangesFromArray(portion->changes, portion->count);
		PlannedEventsWrite(ledger, &changes, portion->events, portion->count);
		carried += portion->count;
		MemoryContextSwitchTo(previous);
		MemoryContextReset(memory);
		SPI_freetuptable(found);
	}
	SPI_cursor_close(portal);
	MemoryContextDelete(memory);
	return carried;
}

/*
 * An earlier snapshot would not show promises that other transactions made before the
 * table was locked.
 */
static void
CheckSnapshotIsNew(void)
{
	if (IsolationUsesXactSnapshot())
		ereport(ERROR,
				(errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
				 errmsg("cannot carry promises over in a transaction that is REPEATABLE READ or "
						"SERIALIZABLE"),
				 errhint("Run the migration in a READ COMMITTED transaction.")));
}

/*
 * carry_over(tab regclass, former_key text[], actor text) returns bigint
 *		Adds a note with the row's present key to each promise whose row has another key
 *		in columns former_key, as an UPDATE of the primary key does, and returns how many.
 *		Locks the table against changes.  Pending changes must have been written.  Called by
 *		the table's owner, with level application or admin.  Errors: 55000 no row has the
 *		key of a promise, 23505 several rows have it, 25001 isolation level, TL004; those of
 *		read_former_keys() and add_note().
 */
Datum
carry_over(PG_FUNCTION_ARGS)
{
	Ledger		ledger = *LedgerOpen();
	Relation	rel;
	const TrackedChange *like;
	int64		carried;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("tab and former_key must not be null")));
	CheckAccess(&ledger, GetUserId(), LEVEL_APPLICATION | LEVEL_ADMIN, "track tables");
	CheckOwnsTable(PG_GETARG_OID(0), GetUserId());
	CheckSnapshotIsNew();
	/* with its partitions */
	(void) find_all_inheritors(PG_GETARG_OID(0), ShareRowExclusiveLock, NULL);
	rel = OpenTableByOid(PG_GETARG_OID(0));
	SPI_connect();
	like = ChangeOfKey(MadeMapping(rel), &ledger,
					   PG_ARGISNULL(2) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(2)));
	carried = CarryAll(&ledger, rel, like, PG_GETARG_ARRAYTYPE_P(1));
	SPI_finish();
	table_close(rel, NoLock);
	PG_RETURN_INT64(carried);
}
