/*
 * suspension.c
 *		Tracking of a table that is suspended for a change of its schema.
 *
 * suspend_tracking() replaces the triggers of a mapping, whose conditions PostgreSQL
 * would not let the change touch, by triggers that refuse every change of a row.  So
 * nothing passes unrecorded.  resume_tracking() makes the triggers of the mapping again.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/pg_trigger.h"
#include "commands/trigger.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "utils/snapmgr.h"

#include "base/catalog.h"
#include "tracking/trigger_catalog.h"

PG_FUNCTION_INFO_V1(refuse_while_suspended);
PG_FUNCTION_INFO_V1(watch_suspended);

/*
 * Whether COMMIT has to look for tables whose tracking is suspended.  The catalog says
 * which there are: rolling back to a savepoint, or an error, only makes it look in vain.
 * Reset when the transaction ends, also by PREPARE TRANSACTION.
 */
static bool watching = false;

/*
 * The tables whose tracking this transaction has suspended; NULL if there are none.
 * Partitions are left out.
 */
static char *
SuspendedTables(void)
{
	Relation	catalog = table_open(TriggerRelationId, AccessShareLock);
	List	   *tables = NIL;
	StringInfoData names;
	ListCell   *cell;

	foreach(cell, AllSuspensions(catalog))
	{
		const TrackTrigger *suspension = lfirst(cell);

		if (!OidIsValid(suspension->parent) &&
			TransactionIdIsCurrentTransactionId(HeapTupleHeaderGetXmin(suspension->tuple->t_data)))
			tables = list_append_unique_oid(tables, suspension->table);
	}
	table_close(catalog, AccessShareLock);
	initStringInfo(&names);
	foreach(cell, tables)
		appendStringInfo(&names, "%s%s", names.len ? ", " : "", QualifiedName(lfirst_oid(cell)));
	return tables ? names.data : NULL;
}

static void
CheckNoneSuspended(const char *command)
{
	const char *tables;

	if (!watching)
		return;
	/* for arguments of triggers that are stored out of line */
	PushActiveSnapshot(GetTransactionSnapshot());
	tables = SuspendedTables();
	PopActiveSnapshot();
	if (tables)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("cannot %s while tracking is suspended: %s", command, tables),
				 errdetail("Tracking can be suspended only within a transaction, which was "
						   "rolled back."),
				 errhint("Call trust_ledger.suspend_tracking(), the commands that change the "
						 "table, and trust_ledger.resume_tracking() in one transaction.")));
}

static void
AtTransactionEvent(XactEvent event, void *arg pg_attribute_unused())
{
	switch (event)
	{
		case XACT_EVENT_PRE_COMMIT:
			CheckNoneSuspended("commit");
			break;
		case XACT_EVENT_PRE_PREPARE:
			CheckNoneSuspended("prepare the transaction");
			break;
		case XACT_EVENT_COMMIT:
		case XACT_EVENT_ABORT:
		case XACT_EVENT_PREPARE:
			watching = false;
			break;
		default:
			break;
	}
}

/*
 * watch_suspended() returns void
 *		From now on, refuses to commit this transaction while it has suspended tracking.
 */
Datum
watch_suspended(PG_FUNCTION_ARGS pg_attribute_unused())
{
	/* once per backend */
	static bool registered = false;

	if (!registered)
	{
		RegisterXactCallback(AtTransactionEvent, NULL);
		registered = true;
	}
	watching = true;
	PG_RETURN_VOID();
}

/*
 * refuse_while_suspended() returns trigger
 *		Fired by any change of a row or by TRUNCATE: error 55000.
 */
Datum
refuse_while_suspended(PG_FUNCTION_ARGS)
{
	const TriggerData *data = (TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("refuse_while_suspended() must be called as a trigger")));
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("cannot change rows of table %s while its tracking is suspended",
					QualifiedName(RelationGetRelid(data->tg_relation))),
			 errdetail("The change would not be recorded."),
			 errhint("First call trust_ledger.resume_tracking().")));
	PG_RETURN_NULL();
}
