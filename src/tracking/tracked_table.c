/*
 * tracked_table.c
 *		The rows of a tracked table as they are now, read by its mapping.
 *
 * A row says what its triggers would say if it were put in as it is.  It is read
 * as the table's owner, whose SQL the conditions are: an auditor who reads does
 * not run somebody else's code as themselves.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type_d.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/rls.h"
#include "utils/tuplestore.h"

#include "tracking/tracked_table.h"

#include "base/catalog.h"
#include "base/owner_session.h"
#include "base/statement.h"
#include "governance/access.h"
#include "promise/terms.h"
#include "tracking/mapped_row.h"
#include "tracking/trigger_catalog.h"

PG_FUNCTION_INFO_V1(read_tracked);
PG_FUNCTION_INFO_V1(source_of);

/*
 * What would fire if the row were put in as it is: the table's triggers as they
 * are, or where they are no more what they were made, as they were made.  Then a
 * condition never holds unless who recorded it can run SQL as the table's owner
 * anyhow.  Conditions name everything in full, and the row as new.  Operators
 * stand bare here: read_tracked() has its search_path pinned.
 */
static Statement read_readings = STATEMENT(
	"WITH recorded AS ("
	"  SELECT x.*, t.tab, EXISTS (SELECT FROM pg_roles r, pg_class c"
	"      WHERE r.rolname = e.role AND c.oid = $2 AND pg_has_role(r.oid, c.relowner, 'USAGE')) AS by_owner"
	"  FROM trust.tracking t JOIN trust.entry e ON e.customer = '' AND e.seq = t.seq"
	"  CROSS JOIN LATERAL jsonb_to_recordset(t.triggers) AS x (name text, arguments text[], definition text, fingerprint text)"
	"  WHERE t.source = $1 AND t.active"
	"), said AS ("
	"  SELECT r.name, coalesce(k.arguments, r.arguments) AS arguments, coalesce(k.tab_name, r.tab) AS tab, k.name IS NOT NULL OR r.by_owner AS is_owners,"
	"    CASE WHEN k.name IS NULL THEN r.definition ELSE trust_ledger.trigger_definition(k.trigger) END AS definition"
	"  FROM recorded r LEFT JOIN trust_ledger.track_triggers() k"
	"    ON k.source = $1 AND k.tab = $2 AND k.name = r.name AND trust_ledger.trigger_fingerprint(k.trigger) = r.fingerprint"
	"), framed AS ("
	"  SELECT s.*, format('CREATE TRIGGER %I AFTER INSERT ON %s FOR EACH ROW ', s.name, s.tab) AS head,"
	"    format('EXECUTE FUNCTION trust_ledger.track(%s)',"
	"      (SELECT string_agg(quote_literal(a), ', ' ORDER BY nr) FROM unnest(s.arguments) WITH ORDINALITY AS u (a, nr))) AS tail"
	"  FROM said s"
	"), conditioned AS ("
	"  SELECT f.*, substr(f.definition, length(f.head) + 1, length(f.definition) - length(f.head) - length(f.tail)) AS clause"
	"  FROM framed f WHERE starts_with(f.definition, f.head) AND right(f.definition, length(f.tail)) = f.tail"
	")"
	" SELECT c.arguments, CASE WHEN c.clause = '' THEN NULL WHEN c.is_owners THEN substr(c.clause, length('WHEN ') + 1) ELSE 'false' END"
	" FROM conditioned c ORDER BY c.name",
	TEXTOID, OIDOID);

/* Where all its triggers are gone: by the name that the table had when it was tracked. */
static Statement find_tracking = STATEMENT(
	"SELECT source FROM trust.tracking WHERE tab OPERATOR(pg_catalog.=) $1 AND active ORDER BY seq DESC", TEXTOID);

/* One event that a row as it stands may say. */
typedef struct Reading
{
	const char *condition;		/* on the row, called new; NULL: any */
	Trigger		trigger;		/* as one that would fire for it */
	Mapping    *mapping;
} Reading;

/* Columns of the result */
enum
{
	READ_STEP,
	READ_NAME,
	READ_EVENT,
	READ_KEY,
	READ_FIRST_MAPPED,
	READ_AT = READ_FIRST_MAPPED + MAPPED_ARGUMENTS,
	READ_PART,
	READ_PLACE,
	READ_VERSION,
	READ_COLUMNS
};

static Reading *
NewReading(int nargs)
{
	Reading    *reading = palloc0(sizeof(Reading));

	reading->trigger.tgname = "";
	reading->trigger.tgnargs = nargs;
	reading->trigger.tgargs = palloc(sizeof(char *) * nargs);
	return reading;
}

static Reading *
TakeReading(uint64 row)
{
	Reading    *reading;
	Datum	   *arguments;
	int			count;

	deconstruct_array(DatumGetArrayTypePCopy(ResultNeeded(row, 1, TEXTARRAYOID)), TEXTOID, -1, false, TYPALIGN_INT,
					  &arguments, NULL, &count);
	reading = NewReading(count);
	reading->condition = ResultText(row, 2);
	for (int i = 0; i < count; i++)
		reading->trigger.tgargs[i] = TextDatumGetCString(arguments[i]);
	return reading;
}

/* That a row which may have made a promise is there, whatever it says. */
static Reading *
IsThere(const Reading *made)
{
	Reading    *reading = NewReading(2);

	reading->trigger.tgargs[0] = pstrdup(event_names[EVENT_NOTED]);
	reading->trigger.tgargs[1] = "write:commit";
	for (int i = 1; i < made->trigger.tgnargs; i++)
		if (strncmp(made->trigger.tgargs[i], "promise:", strlen("promise:")) == 0)
			reading->trigger.tgargs[1] = made->trigger.tgargs[i];
	return reading;
}

static List *
ReadingsOf(const Ledger *ledger, const char *source, Relation rel, bool with_rows)
{
	LedgerSession session;
	Datum		values[2] = {CStringGetTextDatum(source), ObjectIdGetDatum(RelationGetRelid(rel))};
	List	   *readings = NIL;
	uint64		count;
	MemoryContext previous;

	LedgerEnter(ledger, &session);
	count = StatementWrite(&read_readings, values, NULL);
	previous = MemoryContextSwitchTo(session.caller);
	for (uint64 i = 0; i < count; i++)
	{
		Reading    *reading = TakeReading(i);

		readings = lappend(readings, reading);
		if (with_rows && strcmp(reading->trigger.tgargs[0], event_names[EVENT_MADE]) == 0)
			readings = lappend(readings, IsThere(reading));
	}
	MemoryContextSwitchTo(previous);
	LedgerLeave(&session);
	return readings;
}

/* A row that is read, and what it said so far of the promise at hand. */
typedef struct RowRead
{
	HeapTupleData tuple;
	TupleDesc	tupdesc;
	Datum		where[3];		/* part, place, version */
	const char *promise;		/* the one at hand; NULL: none yet */
	Datum		customer;		/* whom it is made to; 0: not said */
	TimestampTz at;				/* what was said last is taken to have happened then; the end of time: now */
	char	   *key;			/* its primary key; NULL: not read yet */
} RowRead;

/* Values are cast while a row is read: an error names it. */
static void
NameRow(void *arg)
{
	const RowRead *current = arg;

	if (current->key)
		errcontext("row %s of the tracked table", current->key);
}

/*
 * What a row says comes in the order of its steps, whatever times it has for
 * them; what is not about the terms is said to the same customer.
 */
static void
ComeAfter(RowRead *current, const Mapping *mapping, Row *mapped)
{
	TimestampTz at = RowIsNull(mapped, COMMAND_OCCURRED_AT) ? DT_NOEND : RowInstant(mapped, COMMAND_OCCURRED_AT);

	if (current->promise == NULL || strcmp(current->promise, mapping->promise) != 0)
	{
		current->promise = mapping->promise;
		current->customer = RowIsNull(mapped, COMMAND_CUSTOMER) ? (Datum) 0 : mapped->values[COMMAND_CUSTOMER];
		current->at = at;
	}
	else if (mapping->event != EVENT_NOTED && !EventIsPersonal(mapping->event))
	{
		current->at = Max(current->at, at);
		if (current->customer)
			RowSet(mapped, COMMAND_CUSTOMER, current->customer);
	}
}

/* Where what is read goes, and which columns there have what is mapped. */
typedef struct ReadResult
{
	ReturnSetInfo *set;
	int			attnums[MAPPED_ARGUMENTS];
} ReadResult;

/* What the row says by that reading. */
static void
PutReading(const ReadResult *result, RowRead *current, const Mapping *mapping, int step, pg_tz *zone)
{
	Row		   *mapped;
	Datum		values[READ_COLUMNS];
	bool		nulls[READ_COLUMNS] = {0};

	current->key = MappingKey(mapping, &current->tuple, current->tupdesc);
	mapped = MappingRow(mapping, &current->tuple, current->tupdesc, zone);
	if (!RowIsNull(mapped, COMMAND_DUE_ON))
		RowSetInstant(mapped, COMMAND_DUE, TermsEndOfDay(DatumGetDateADT(mapped->values[COMMAND_DUE_ON]), zone));
	RowClear(mapped, COMMAND_DUE_ON);
	ComeAfter(current, mapping, mapped);
	values[READ_STEP] = Int32GetDatum(step);
	values[READ_NAME] = CStringGetTextDatum(mapping->promise);
	values[READ_EVENT] = CStringGetTextDatum(event_names[mapping->event]);
	values[READ_KEY] = CStringGetTextDatum(current->key);
	for (int i = 0; i < MAPPED_ARGUMENTS; i++)
	{
		values[result->attnums[i] - 1] = mapped->values[i];
		nulls[result->attnums[i] - 1] = mapped->nulls[i];
	}
	values[READ_AT] = TimestampTzGetDatum(current->at);
	memcpy(values + READ_PART, current->where, sizeof(current->where));
	tuplestore_putvalues(result->set->setResult, result->set->setDesc, values, nulls);
}

/* Triggers of a table fire for its partitions' rows, not for those of tables that inherit. */
static const char *
Only(Relation rel)
{
	return rel->rd_rel->relkind == RELKIND_RELATION ? "ONLY " : "";
}

#define ROWS_AT_ONCE 1000

/* The table's rows: whole, where they are, and whether each reading's condition holds. */
static char *
RowsQuery(List *readings, Relation rel)
{
	char	   *table = QualifiedName(RelationGetRelid(rel));
	StringInfoData sql;
	ListCell   *cell;

	initStringInfo(&sql);
	/* new.*, because a column can be called new */
	appendStringInfo(&sql, "SELECT new.*::%s, new.tableoid, new.ctid, new.xmin", table);
	foreach(cell, readings)
	{
		const Reading *reading = lfirst(cell);

		appendStringInfo(&sql, ", (%s) IS TRUE", reading->condition ? reading->condition : "true");
	}
	appendStringInfo(&sql, " FROM %s%s AS new", Only(rel), table);
	return sql.data;
}

/* What one row of the query's result says. */
static void
PutRow(const ReadResult *result, List *readings, HeapTuple row, TupleDesc columns, TupleDesc tupdesc, pg_tz *zone)
{
	bool		isnull;
	RowRead		current = {.tupdesc = tupdesc};
	ErrorContextCallback context = {.previous = error_context_stack, .callback = NameRow, .arg = &current};
	HeapTupleHeader header = DatumGetHeapTupleHeader(SPI_getbinval(row, columns, 1, &isnull));
	ListCell   *cell;

	current.tuple.t_len = HeapTupleHeaderGetDatumLength(header);
	current.tuple.t_data = header;
	for (int i = 0; i < 3; i++)
		current.where[i] = SPI_getbinval(row, columns, 2 + i, &isnull);
	error_context_stack = &context;
	foreach(cell, readings)
	{
		const Reading *reading = lfirst(cell);
		int			step = foreach_current_index(cell) + 1;

		if (DatumGetBool(SPI_getbinval(row, columns, 4 + step, &isnull)))
			PutReading(result, &current, reading->mapping, step, zone);
	}
	error_context_stack = context.previous;
}

/* What all rows of the table say; as the table's owner, within SPI. */
static void
PutRows(const ReadResult *result, List *readings, Relation rel, pg_tz *zone)
{
	Portal		portal = SPI_cursor_open_with_args(NULL, RowsQuery(readings, rel), 0, NULL, NULL, NULL, true, CURSOR_OPT_PARALLEL_OK);
	MemoryContext rows = AllocSetContextCreate(CurrentMemoryContext, "trust_ledger tracked rows", ALLOCSET_DEFAULT_SIZES);

	for (SPI_cursor_fetch(portal, true, ROWS_AT_ONCE); SPI_processed > 0; SPI_cursor_fetch(portal, true, ROWS_AT_ONCE))
	{
		MemoryContext previous = MemoryContextSwitchTo(rows);

		CHECK_FOR_INTERRUPTS();
		for (uint64 i = 0; i < SPI_processed; i++)
		{
			PutRow(result, readings, SPI_tuptable->vals[i], SPI_tuptable->tupdesc, RelationGetDescr(rel), zone);
			MemoryContextReset(rows);
		}
		MemoryContextSwitchTo(previous);
		SPI_freetuptable(SPI_tuptable);
	}
	SPI_cursor_close(portal);
	MemoryContextDelete(rows);
}

static void
ReadAsOwner(ReturnSetInfo *set, List *readings, Relation rel, pg_tz *zone)
{
	ReadResult	result = {.set = set};
	OwnerSession session;
	ListCell   *cell;

	RowMap(&mapped_shape, set->setDesc, result.attnums);
	OwnerEnter(rel->rd_rel->relowner, &session);
	foreach(cell, readings)
	{
		Reading    *reading = lfirst(cell);

		reading->mapping = MappingRead(rel, &reading->trigger, CurrentMemoryContext);
	}
	if (readings != NIL)
		PutRows(&result, readings, rel, zone);
	OwnerLeave(&session);
}

/*
 * Keeps rows as they were read until the transaction ends; as_read: which of them
 * still are, and nobody else is changing.  Nobody is waited for, so that whoever
 * changes rows never waits for who waits for them.
 */
void
TrackedRowsLock(Relation rel, const RowPlaces *places, bool *as_read)
{
	char	   *table = QualifiedName(RelationGetRelid(rel));
	char	   *sql = psprintf("SELECT p.nr FROM unnest($1, $2, $3) WITH ORDINALITY AS p (part, place, version, nr) JOIN %s%s AS new"
							   " ON new.ctid = p.place AND new.tableoid = p.part AND new.xmin = p.version"
							   " FOR SHARE OF new SKIP LOCKED", Only(rel), table);
	Oid			types[3] = {OIDARRAYOID, TIDARRAYOID, XIDARRAYOID};
	Datum		values[3] = {
		PointerGetDatum(construct_array(places->parts, places->count, OIDOID, sizeof(Oid), true, TYPALIGN_INT)),
		PointerGetDatum(construct_array(places->places, places->count, TIDOID, sizeof(ItemPointerData), false, TYPALIGN_SHORT)),
		PointerGetDatum(construct_array(places->versions, places->count, XIDOID, sizeof(TransactionId), true, TYPALIGN_INT))
	};
	OwnerSession session;

	memset(as_read, false, sizeof(bool) * places->count);
	OwnerEnter(rel->rd_rel->relowner, &session);
	/* by where they are: a join of another kind reads the whole table for each part of it */
	(void) set_config_option("enable_hashjoin", "off", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	(void) set_config_option("enable_mergejoin", "off", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	if (SPI_execute_with_args(sql, 3, types, values, NULL, false, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not lock tracked rows");
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		bool		isnull;

		as_read[DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1, &isnull)) - 1] = true;
	}
	OwnerLeave(&session);
}

/* The table that a caller names: by an OID that may be of nothing. */
Relation
OpenNamed(Oid relid)
{
	Relation	rel = try_table_open(relid, AccessShareLock);

	if (rel == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("there is no such table"),
				 errdetail("Nothing has the OID %u.", relid),
				 errhint("Name the table, e.g. 'crm.deal'.")));
	return rel;
}

/* Rows are read as the owner: from whom policies hide some, they hide them here too. */
void
CheckReadsTracked(Relation rel)
{
	if (pg_class_aclcheck(RelationGetRelid(rel), GetUserId(), ACL_SELECT) != ACLCHECK_OK)
		aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_TABLE, RelationGetRelationName(rel));
	if (check_enable_rls(RelationGetRelid(rel), InvalidOid, true) == RLS_ENABLED)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("row-level security hides rows of table \"%s\" from \"%s\"",
						RelationGetRelationName(rel), GetUserNameFromId(GetUserId(), false))));
}

/* By which source the table is tracked; NULL: it is not. */
static const char *
SourceOf(const Ledger *ledger, Relation rel)
{
	Oid			track = TrackFunction();
	LedgerSession session;
	Datum		name = CStringGetTextDatum(QualifiedName(RelationGetRelid(rel)));
	char	   *source = NULL;

	for (int i = 0; rel->trigdesc && i < rel->trigdesc->numtriggers; i++)
		if (rel->trigdesc->triggers[i].tgfoid == track)
			return MappingSource(rel, &rel->trigdesc->triggers[i]);
	LedgerEnter(ledger, &session);
	if (StatementWrite(&find_tracking, &name, NULL) > 0)
		source = MemoryContextStrdup(session.caller, ResultNeededText(0, 1));
	LedgerLeave(&session);
	return source;
}

/* What is tracked elsewhere says nothing of this table, whoever names it. */
void
CheckTrackedAs(const Ledger *ledger, Relation rel, const char *source)
{
	const char *its = SourceOf(ledger, rel);

	if (its == NULL || strcmp(its, source) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("table \"%s\" is not tracked as \"%s\"", RelationGetRelationName(rel), source),
				 its ? errdetail("It is tracked as \"%s\".", its) : 0,
				 errhint("Call import_table() or reconcile_table(), which know the source.")));
}

/*
 * read_tracked(tab regclass, source text, with_rows boolean) returns setof mapped_row
 *		The table's rows as its mapping reads them: a row per event that the row as it
 *		stands says, the first that of its promise being made; with_rows: and one
 *		"noted" for each row that is there.  By who may SELECT from the table and reads
 *		words or imports.  Errors: 42704 the source is not that table's, 42P01 no
 *		such table, 42501, TL004, and those of a mapping that cannot work.
 */
Datum
read_tracked(PG_FUNCTION_ARGS)
{
	Ledger		ledger = *LedgerOpen();
	Relation	rel = OpenNamed(PG_GETARG_OID(0));
	const char *source = text_to_cstring(PG_GETARG_TEXT_PP(1));
	List	   *readings;

	CheckAccess(&ledger, GetUserId(), LEVELS_READING_WORDS | LEVEL_IMPORT, "read what is tracked");
	CheckReadsTracked(rel);
	CheckTrackedAs(&ledger, rel, source);
	InitMaterializedSRF(fcinfo, 0);
	readings = ReadingsOf(&ledger, source, rel, PG_GETARG_BOOL(2));
	ReadAsOwner((ReturnSetInfo *) fcinfo->resultinfo, readings, rel, ledger.zone);
	table_close(rel, NoLock);
	return (Datum) 0;
}

/*
 * source_of(tab regclass) returns text
 *		What the table is called as a source, in trust.source and trust.tracked.  Error
 *		42704 where it is not tracked, 42P01 where there is no such table.
 */
Datum
source_of(PG_FUNCTION_ARGS)
{
	Relation	rel = OpenNamed(PG_GETARG_OID(0));
	const char *source = SourceOf(LedgerOpen(), rel);

	if (source == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("table \"%s\" is not tracked", RelationGetRelationName(rel)),
				 errhint("Use trust_ledger.track_table() first.")));
	table_close(rel, AccessShareLock);
	PG_RETURN_TEXT_P(cstring_to_text(source));
}
