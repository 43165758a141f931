/*
 * column_drop.c
 *		Event trigger that refuses to drop a column that an argument of track() names.
 *
 * PostgreSQL knows the columns in a trigger's WHEN clause and UPDATE OF list, but stores
 * arguments as text.  Without the column, the trigger would remain and each change of a
 * row would fail or be parked.
 */
#include "postgres.h"

#include "access/table.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type_d.h"
#include "commands/event_trigger.h"
#include "executor/spi.h"
#include "utils/builtins.h"

#include "base/catalog.h"
#include "tracking/trigger_catalog.h"

PG_FUNCTION_INFO_V1(refuse_column_drop);

static void
CheckDroppedColumn(List *track_triggers, Oid table, const char *column)
{
	ListCell   *cell;

	foreach(cell, track_triggers)
	{
		const TrackTrigger *track_trigger = lfirst(cell);
		const char *argument;

		/* a partition's columns are dropped with those of its parent, which has the trigger */
		if (track_trigger->table != table || OidIsValid(track_trigger->parent) ||
			(argument = TrackTriggerArgumentOf(track_trigger, column)) == NULL)
			continue;
		ereport(ERROR,
				(errcode(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST),
				 errmsg("cannot drop column \"%s\" of tracked table %s",
						column, QualifiedName(table)),
				 errdetail("The mapping of trigger \"%s\" needs it: \"%s\".",
						   TrackTriggerName(track_trigger), argument),
				 errhint("First call trust_ledger.track_table() with a mapping without the "
						 "column, or trust_ledger.untrack_table().  Drop a trigger that you "
						 "created by hand.")));
	}
}

static void
CheckDroppedColumns(void)
{
	Relation	catalog = table_open(TriggerRelationId, AccessShareLock);
	List	   *track_triggers = AllTrackTriggers(catalog);

	SPI_connect();
	SPI_execute("SELECT objid, address_names[3]"
				" FROM pg_catalog.pg_event_trigger_dropped_objects()"
				" WHERE classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass"
				"   AND objsubid OPERATOR(pg_catalog.>) 0", true, 0);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		HeapTuple	row = SPI_tuptable->vals[i];
		bool		isnull;
		Datum		table = SPI_getbinval(row, SPI_tuptable->tupdesc, 1, &isnull);
		const char *column = SPI_getvalue(row, SPI_tuptable->tupdesc, 2);

		if (column)
			CheckDroppedColumn(track_triggers, DatumGetObjectId(table), column);
	}
	SPI_finish();
	table_close(catalog, AccessShareLock);
}

/*
 * refuse_column_drop() returns event_trigger
 *		Error 2BP01 if the command dropped a column, but not its table, and an argument of
 *		track() names it.  Costs two index lookups if no table is tracked.
 */
Datum
refuse_column_drop(PG_FUNCTION_ARGS)
{
	if (!CALLED_AS_EVENT_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_EVENT_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("trust_ledger.refuse_column_drop() must be called by an event trigger")));
	if (AnyTrackTriggers())
		CheckDroppedColumns();
	PG_RETURN_NULL();
}
