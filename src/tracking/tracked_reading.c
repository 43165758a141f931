/*
 * tracked_reading.c
 *		Reads the present rows of a tracked table as if they had just been inserted.
 *
 * Conditions of triggers are SQL of the table's owner.  They are evaluated with the rights
 * of the owner, not with those of the auditor who reads the table.
 */
#include "postgres.h"

#include "tracking/tracked_reading.h"

#include "access/htup_details.h"
#include "catalog/pg_type_d.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/tuplestore.h"

#include "base/catalog.h"
#include "base/owner_session.h"
#include "base/statement.h"
#include "promise/terms.h"
#include "tracking/mapped_due.h"
#include "tracking/mapped_row.h"

/*
 * Arguments and condition of the triggers that would fire if a row were inserted.  If a
 * trigger was dropped or altered, they are those recorded by track_table().  A recorded
 * condition is used only if the role that recorded it has the rights of the table's
 * owner, whose rights it will run with; else it is false.  pg_get_triggerdef() qualifies
 * all names in a condition, which refers to the row as new.  Operators are not qualified
 * here, since read_tracked() sets search_path.
 */
static Statement read_readings = STATEMENT(
	"WITH recorded AS ("
	"  SELECT x.name, x.arguments, x.definition, x.fingerprint, t.tab,"
	"    EXISTS (SELECT FROM pg_roles r, pg_class c"
	"      WHERE r.rolname = e.role AND c.oid = $2"
	"        AND pg_has_role(r.oid, c.relowner, 'USAGE')) AS by_owner"
	"  FROM trust.tracking t"
	"  JOIN trust.entry e ON e.customer = '' AND e.seq = t.seq"
	"  CROSS JOIN LATERAL jsonb_to_recordset(t.triggers)"
	"    AS x (name text, arguments text[], definition text, fingerprint text)"
	"  WHERE t.source = $1 AND t.active"
	"), present AS ("
	"  SELECT r.name,"
	"    coalesce(k.arguments, r.arguments) AS arguments,"
	"    coalesce(k.tab_name, r.tab) AS tab,"
	"    k.name IS NOT NULL OR r.by_owner AS is_owners,"
	"    CASE WHEN k.name IS NULL THEN r.definition"
	"      ELSE trust_ledger.trigger_definition(k.trigger) END AS definition"
	"  FROM recorded r LEFT JOIN trust_ledger.track_triggers() k"
	"    ON k.source = $1 AND k.tab = $2 AND k.name = r.name"
	"    AND (r.fingerprint = trust_ledger.trigger_fingerprint(k.trigger)"
	"      OR trust_ledger.tracked_state(k.trigger, r.definition, r.fingerprint) = 'in force')"
	"), framed AS ("
	"  SELECT p.name, p.arguments, p.is_owners, p.definition,"
	"    format('CREATE TRIGGER %I AFTER INSERT ON %s FOR EACH ROW ', p.name, p.tab) AS head,"
	"    format('EXECUTE FUNCTION trust_ledger.track(%s)',"
	"      (SELECT string_agg(quote_literal(a), ', ' ORDER BY nr)"
	"       FROM unnest(p.arguments) WITH ORDINALITY AS u (a, nr))) AS tail"
	"  FROM present p"
	"), conditioned AS ("
	"  SELECT f.name, f.arguments, f.is_owners,"
	"    substr(f.definition, length(f.head) + 1,"
	"      length(f.definition) - length(f.head) - length(f.tail)) AS clause"
	"  FROM framed f"
	"  WHERE starts_with(f.definition, f.head)"
	"    AND right(f.definition, length(f.tail)) = f.tail"
	")"
	" SELECT c.arguments,"
	"   CASE WHEN c.clause = '' THEN NULL"
	"     WHEN c.is_owners THEN substr(c.clause, length('WHEN ') + 1)"
	"     ELSE 'false' END"
	" FROM conditioned c"
	" ORDER BY c.name",
	TEXTOID, OIDOID);

/* A trigger that would fire for an inserted row. */
typedef struct Reading
{
	const char *condition;		/* SQL expression over the row, called new; NULL if none */
	Trigger		trigger;		/* only with its arguments */
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
	READ_DUES,
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
ReadingFromResult(uint64 row)
{
	Reading    *reading;
	Datum	   *arguments;
	int			count;

	deconstruct_array(DatumGetArrayTypePCopy(ResultNotNull(row, 1, TEXTARRAYOID)),
					  TEXTOID, -1, false, TYPALIGN_INT, &arguments, NULL, &count);
	reading = NewReading(count);
	reading->condition = ResultText(row, 2);
	for (int i = 0; i < count; i++)
		reading->trigger.tgargs[i] = TextDatumGetCString(arguments[i]);
	return reading;
}

/* Reports that the row exists, without its values. */
static Reading *
NewNotedReading(const Reading *made)
{
	Reading    *reading = NewReading(2);

	reading->trigger.tgargs[0] = pstrdup(event_names[EVENT_NOTED]);
	reading->trigger.tgargs[1] = "write:commit";
	for (int i = 1; i < made->trigger.tgnargs; i++)
		if (strncmp(made->trigger.tgargs[i], "promise:", strlen("promise:")) == 0)
			reading->trigger.tgargs[1] = made->trigger.tgargs[i];
	return reading;
}

List *
ReadingsOfTable(const Ledger *ledger, const char *source, Relation rel, bool with_rows)
{
	LedgerSession session;
	Datum		values[2] = {
		CStringGetTextDatum(source), ObjectIdGetDatum(RelationGetRelid(rel))
	};
	List	   *readings = NIL;
	uint64		count;
	MemoryContext previous;

	LedgerEnter(ledger, &session);
	count = StatementWrite(&read_readings, values, NULL);
	previous = MemoryContextSwitchTo(session.caller);
	for (uint64 i = 0; i < count; i++)
	{
		Reading    *reading = ReadingFromResult(i);

		readings = lappend(readings, reading);
		if (with_rows && strcmp(reading->trigger.tgargs[0], event_names[EVENT_MADE]) == 0)
			readings = lappend(readings, NewNotedReading(reading));
	}
	MemoryContextSwitchTo(previous);
	LedgerLeave(&session);
	return readings;
}

/* A row that is being read, and the promise of its present reading. */
typedef struct RowRead
{
	HeapTupleData tuple;
	TupleDesc	tupdesc;
	Datum		where[3];		/* part, place, version */
	const char *promise;		/* name of the promise; NULL before the first reading */
	Datum		customer;		/* of the promise; 0 if the row has none */
	TimestampTz at;				/* latest occurred_at so far; DT_NOEND means now */
	char	   *key;			/* primary key; NULL if it has not been read */
} RowRead;

static void
RowErrorContext(void *arg)
{
	const RowRead *current = arg;

	if (current->key)
		errcontext("row %s of the tracked table", current->key);
}

/*
 * Sorts events of a promise in the order of their triggers, even if the row has an earlier
 * time for a later one, and gives all of them the customer of the first.
 */
static void
OrderAfterPrevious(RowRead *current, const Mapping *mapping, Row *mapped)
{
	TimestampTz at = RowIsNull(mapped, COMMAND_OCCURRED_AT) ? DT_NOEND :
		RowInstant(mapped, COMMAND_OCCURRED_AT);

	if (current->promise == NULL || strcmp(current->promise, mapping->promise) != 0)
	{
		current->promise = mapping->promise;
		current->customer = RowIsNull(mapped, COMMAND_CUSTOMER) ? (Datum) 0 :
			mapped->values[COMMAND_CUSTOMER];
		current->at = at;
	}
	else if (mapping->event != EVENT_NOTED && !EventIsPersonal(mapping->event))
	{
		current->at = Max(current->at, at);
		if (current->customer)
			RowSet(mapped, COMMAND_CUSTOMER, current->customer);
	}
}

typedef struct ReadResult
{
	ReturnSetInfo *set;
	int			attnums[MAPPED_ARGUMENTS];	/* columns of the mapped values */
	List	   *zones;			/* that the ledger has had */
} ReadResult;

/* The due times of the row in the zones that the ledger has had, as timestamptz[]. */
static Datum
DuesInZones(const ReadResult *result, const Row *mapped, pg_tz *zone)
{
	int			field = RowIsNull(mapped, COMMAND_DUE_ON) ? COMMAND_DUE : COMMAND_DUE_ON;
	Datum	   *dues = palloc(sizeof(Datum) * list_length(result->zones));
	int			count = 0;
	ListCell   *cell;

	foreach(cell, result->zones)
		dues[count++] = TimestampTzGetDatum(MappedDue(mapped, field, zone, lfirst(cell)));
	return PointerGetDatum(construct_array(dues, count, TIMESTAMPTZOID, sizeof(TimestampTz),
										   FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

/* Adds the event of one reading to the result. */
static void
PutReading(const ReadResult *result, RowRead *current, const Mapping *mapping, int step,
		   pg_tz *zone)
{
	Row		   *mapped;
	Datum		values[READ_COLUMNS];
	bool		nulls[READ_COLUMNS] = {0};

	current->key = MappingKey(mapping, &current->tuple, current->tupdesc);
	mapped = MappingRow(mapping, &current->tuple, current->tupdesc, zone);
	nulls[READ_DUES] = list_length(result->zones) < 2 || !MappedDueIsLocal(mapping) ||
		(RowIsNull(mapped, COMMAND_DUE) && RowIsNull(mapped, COMMAND_DUE_ON));
	if (!nulls[READ_DUES])
		values[READ_DUES] = DuesInZones(result, mapped, zone);
	if (!RowIsNull(mapped, COMMAND_DUE_ON))
		RowSetInstant(mapped, COMMAND_DUE, MappedDue(mapped, COMMAND_DUE_ON, zone, zone));
	RowClear(mapped, COMMAND_DUE_ON);
	OrderAfterPrevious(current, mapping, mapped);
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

#define ROWS_AT_ONCE 1000

/* Selects whole rows, tableoid, ctid, xmin, and for each reading whether it applies. */
static char *
RowsQuery(List *readings, Relation rel)
{
	char	   *table = QualifiedName(RelationGetRelid(rel));
	StringInfoData sql;
	ListCell   *cell;

	initStringInfo(&sql);
	/* new.*, since new alone could be a column */
	appendStringInfo(&sql, "SELECT new.*::%s, new.tableoid, new.ctid, new.xmin", table);
	foreach(cell, readings)
	{
		const Reading *reading = lfirst(cell);

		appendStringInfo(&sql, ", (%s) IS TRUE", reading->condition ? reading->condition : "true");
	}
	appendStringInfo(&sql, " FROM %s%s AS new", OnlyKeyword(rel), table);
	return sql.data;
}

/* row: of the query's result; tupdesc: of the table */
static void
PutRow(const ReadResult *result, List *readings, HeapTuple row, TupleDesc columns,
	   TupleDesc tupdesc, pg_tz *zone)
{
	bool		isnull;
	RowRead		current = {.tupdesc = tupdesc};
	ErrorContextCallback context = {
		.previous = error_context_stack, .callback = RowErrorContext, .arg = &current
	};
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

/* Between OwnerEnter() and OwnerLeave(). */
static void
PutRows(const ReadResult *result, List *readings, Relation rel, pg_tz *zone)
{
	Portal		portal = SPI_cursor_open_with_args(NULL, RowsQuery(readings, rel), 0,
												   NULL, NULL, NULL, true,
												   CURSOR_OPT_PARALLEL_OK);
	MemoryContext rows = AllocSetContextCreate(CurrentMemoryContext, "trust_ledger tracked rows",
											   ALLOCSET_DEFAULT_SIZES);

	for (SPI_cursor_fetch(portal, true, ROWS_AT_ONCE);
		 SPI_processed > 0;
		 SPI_cursor_fetch(portal, true, ROWS_AT_ONCE))
	{
		MemoryContext previous = MemoryContextSwitchTo(rows);

		CHECK_FOR_INTERRUPTS();
		for (uint64 i = 0; i < SPI_processed; i++)
		{
			PutRow(result, readings, SPI_tuptable->vals[i], SPI_tuptable->tupdesc,
				   RelationGetDescr(rel), zone);
			MemoryContextReset(rows);
		}
		MemoryContextSwitchTo(previous);
		SPI_freetuptable(SPI_tuptable);
	}
	SPI_cursor_close(portal);
	MemoryContextDelete(rows);
}

static List *
ReadZones(const Ledger *ledger)
{
	LedgerSession session;
	List	   *zones;
	MemoryContext previous;

	LedgerEnter(ledger, &session);
	zones = LedgerZones();
	previous = MemoryContextSwitchTo(session.caller);
	zones = list_copy(zones);
	MemoryContextSwitchTo(previous);
	LedgerLeave(&session);
	return zones;
}

void
ReadTrackedRows(ReturnSetInfo *set, List *readings, Relation rel, const Ledger *ledger)
{
	ReadResult	result = {.set = set};
	OwnerSession session;
	ListCell   *cell;

	RowMap(&mapped_shape, set->setDesc, result.attnums);
	result.zones = ReadZones(ledger);
	OwnerEnter(rel->rd_rel->relowner, &session);
	foreach(cell, readings)
	{
		Reading    *reading = lfirst(cell);

		reading->mapping = MappingRead(rel, &reading->trigger, CurrentMemoryContext);
	}
	if (readings != NIL)
		PutRows(&result, readings, rel, ledger->zone);
	OwnerLeave(&session);
}
