/*
 * tracking_admin.c
 *		Records in the governance chain which tables are tracked, with their triggers.
 */
#include "postgres.h"

#include "catalog/pg_type_d.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"

#include "base/arguments.h"
#include "base/catalog.h"
#include "base/statement.h"
#include "base/text.h"
#include "governance/governance.h"
#include "tracking/mapping.h"
#include "tracking/tracked_table.h"

PG_FUNCTION_INFO_V1(trigger_arguments);
PG_FUNCTION_INFO_V1(set_tracking);
PG_FUNCTION_INFO_V1(drop_tracking);
PG_FUNCTION_INFO_V1(recorded_tracking);
PG_FUNCTION_INFO_V1(recorded_arguments);

/* From the system catalogs: the caller's arguments do not say which triggers exist. */
static Statement tracking_details = STATEMENT(
	"SELECT t.source,"
	"   pg_catalog.jsonb_build_object("
	"     'tab', pg_catalog.min(t.tab_name),"
	"     'mapping', $2,"
	"     'active', true,"
	"     'triggers', pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object("
	"       'name', t.name,"
	"       'arguments', t.arguments,"
	"       'definition', trust_ledger.trigger_definition(t.trigger),"
	"       'fingerprint', trust_ledger.trigger_fingerprint(t.trigger)) ORDER BY t.name))"
	" FROM trust_ledger.track_triggers() t"
	" WHERE t.tab OPERATOR(pg_catalog.=) $1 AND t.generated"
	" GROUP BY t.source",
	OIDOID, JSONBOID);

static Statement dropped_details = STATEMENT(
	"SELECT (pg_catalog.to_jsonb(t) OPERATOR(pg_catalog.-) 'source'::pg_catalog.text"
	"   OPERATOR(pg_catalog.-) 'seq'::pg_catalog.text)"
	"   OPERATOR(pg_catalog.||) pg_catalog.jsonb_build_object('active', false),"
	"   trust_ledger.table_of_source(t.source, t.tab)"
	" FROM trust.tracking t"
	" WHERE t.source OPERATOR(pg_catalog.=) $1 AND t.active",
	TEXTOID);

static Statement recorded_of_table = STATEMENT(
	"SELECT pg_catalog.to_jsonb(t) FROM trust.tracking t"
	" WHERE t.active"
	"   AND trust_ledger.table_of_source(t.source, t.tab) OPERATOR(pg_catalog.=) $1"
	" ORDER BY t.seq DESC",
	OIDOID);

/* Of its first trigger. */
static Statement arguments_of_source = STATEMENT(
	"SELECT ARRAY("
	"   SELECT a.argument"
	"   FROM pg_catalog.jsonb_array_elements_text(t.triggers OPERATOR(pg_catalog.->) 0"
	"     OPERATOR(pg_catalog.->) 'arguments') WITH ORDINALITY AS a (argument, n)"
	"   ORDER BY a.n)"
	" FROM trust.tracking t"
	" WHERE t.source OPERATOR(pg_catalog.=) $1",
	TEXTOID);

/*
 * trigger_arguments(tgargs bytea) returns text[]
 *		Splits pg_trigger.tgargs, in which each argument is terminated by a zero byte.
 */
Datum
trigger_arguments(PG_FUNCTION_ARGS)
{
	bytea	   *given = PG_GETARG_BYTEA_PP(0);
	char	   *argument = VARDATA_ANY(given);
	char	   *end = argument + VARSIZE_ANY_EXHDR(given);
	ArrayBuildState *result = initArrayResult(TEXTOID, CurrentMemoryContext, false);

	while (argument < end)
	{
		int			length = strnlen(argument, end - argument);

		(void) pg_verifymbstr(argument, length, false);
		result = accumArrayResult(result,
								  PointerGetDatum(cstring_to_text_with_len(argument, length)),
								  false, TEXTOID, CurrentMemoryContext);
		argument += length + 1;
	}
	PG_RETURN_DATUM(makeArrayResult(result, CurrentMemoryContext));
}

/*
 * set_tracking(tab regclass, mapping jsonb, reason text, actor, occurred_at, context,
 *				idempotency_key) returns receipt
 *		Records that the table is tracked, with the triggers that track_table() created,
 *		as they are now.  Called by the table's owner, with level application or admin.
 *		Errors: 55000 the table has no such triggers, or triggers of several sources;
 *		42501 the caller does not own the table, 42P01 no such table, TL004; those of
 *		MappingsCheck().
 */
Datum
set_tracking(PG_FUNCTION_ARGS)
{
	Governance	governance;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("tab and mapping must not be null")));
	GovernanceBegin(&governance, fcinfo, LEVEL_APPLICATION | LEVEL_ADMIN, "track tables");
	CheckOwnsTable(PG_GETARG_OID(0), governance.act.role);
	if (GovernanceLock(&governance))
	{
		Datum		values[2] = {PG_GETARG_DATUM(0), PG_GETARG_DATUM(1)};
		GovernanceChange change = {.event = "tracking_set", .governs = &governed_tracking};

		MappingsCheck(PG_GETARG_OID(0), governance.act.ledger);
		if (StatementWrite(&tracking_details, values, NULL) != 1)
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("triggers of table %s must exist and belong to one source",
							get_rel_name(PG_GETARG_OID(0))),
					 errhint("SELECT * FROM trust_ledger.track_table(...) creates the triggers "
							 "and records them.")));
		change.subject = ResultText(0, 1);
		CheckKey(change.subject, "source");
		change.details = ResultNotNull(0, 2, JSONBOID);
		change.reason = ArgText(fcinfo->args[2], "reason");
		GovernanceAppend(&governance, &change, 1);
	}
	return GovernanceEnd(&governance, fcinfo);
}

/*
 * drop_tracking(source text, reason text, actor, occurred_at, context, idempotency_key)
 *				 returns receipt
 *		Records that the source is no longer tracked.  Called by the table's owner, with
 *		level application or admin; if the table does not exist, with level admin.
 *		Errors: 42704 the source is not tracked, 42501 the caller does not own the table,
 *		TL004.
 */
Datum
drop_tracking(PG_FUNCTION_ARGS)
{
	char	   *source = ArgKeyRequired(fcinfo->args[0], "source");
	Governance	governance;

	GovernanceBegin(&governance, fcinfo, LEVEL_APPLICATION | LEVEL_ADMIN, "track tables");
	if (GovernanceLock(&governance))
	{
		Datum		argument = CStringGetTextDatum(source);
		GovernanceChange change = {
			.event = "tracking_dropped", .governs = &governed_tracking, .subject = source
		};
		Datum		table;
		bool		gone;

		if (StatementWrite(&dropped_details, &argument, NULL) == 0)
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_OBJECT),
					 errmsg("source \"%s\" is not tracked", source),
					 errhint("SELECT * FROM trust.tracked lists the tracked tables.")));
		change.details = ResultNotNull(0, 1, JSONBOID);
		table = ResultValue(0, 2, OIDOID, &gone);
		if (gone)
			CheckAccess(governance.act.ledger, governance.act.role, LEVEL_ADMIN,
						"stop tracking a table that does not exist");
		else
			CheckOwnsTable(DatumGetObjectId(table), governance.act.role);
		change.reason = ArgText(fcinfo->args[1], "reason");
		GovernanceAppend(&governance, &change, 1);
	}
	return GovernanceEnd(&governance, fcinfo);
}

/*
 * recorded_tracking(tab regclass) returns jsonb
 *		What track_table() recorded of the table, as a row of trust.tracking; NULL if it is
 *		not tracked by a mapping.  Called by the table's owner, with level application or
 *		admin.  Errors: 42501 the caller does not own the table, 42P01 no such table, TL004.
 */
Datum
recorded_tracking(PG_FUNCTION_ARGS)
{
	Ledger		ledger = *LedgerOpen();
	Datum		tab = PG_GETARG_DATUM(0);
	LedgerSession session;
	char	   *recorded = NULL;

	CheckAccess(&ledger, GetUserId(), LEVEL_APPLICATION | LEVEL_ADMIN, "track tables");
	CheckOwnsTable(PG_GETARG_OID(0), GetUserId());
	LedgerEnter(&ledger, &session);
	if (StatementWrite(&recorded_of_table, &tab, NULL) > 0)
		recorded = MemoryContextStrdup(session.caller,
									   SPI_getvalue(SPI_tuptable->vals[0],
													SPI_tuptable->tupdesc, 1));
	LedgerLeave(&session);
	if (recorded == NULL)
		PG_RETURN_NULL();
	PG_RETURN_DATUM(DirectFunctionCall1(jsonb_in, CStringGetDatum(recorded)));
}

/*
 * recorded_arguments(source text) returns text[]
 *		The arguments of the first trigger that was recorded for the source, also if it is
 *		no longer tracked; NULL if it never was.  Needs level application or admin.
 *		Errors: TL004.
 */
Datum
recorded_arguments(PG_FUNCTION_ARGS)
{
	Ledger		ledger = *LedgerOpen();
	Datum		source = PG_GETARG_DATUM(0);
	LedgerSession session;
	Datum		arguments = (Datum) 0;
	MemoryContext previous;

	CheckAccess(&ledger, GetUserId(), LEVEL_APPLICATION | LEVEL_ADMIN, "track tables");
	LedgerEnter(&ledger, &session);
	if (StatementWrite(&arguments_of_source, &source, NULL) > 0)
	{
		previous = MemoryContextSwitchTo(session.caller);
		arguments = PointerGetDatum(DatumGetArrayTypePCopy(ResultNotNull(0, 1, TEXTARRAYOID)));
		MemoryContextSwitchTo(previous);
	}
	LedgerLeave(&session);
	if (arguments == (Datum) 0)
		PG_RETURN_NULL();
	PG_RETURN_DATUM(arguments);
}
