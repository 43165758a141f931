/*
 * track_trigger.c
 *		Trigger function track(), which records changes of rows as events of promises.
 *
 * The user who changes a row needs no access level in the ledger: the level of the
 * table's owner counts.  Conditions are WHEN clauses of the triggers.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/genam.h"
#include "access/table.h"
#include "catalog/pg_trigger.h"
#include "commands/trigger.h"
#include "miscadmin.h"
#include "replication/logicalworker.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "base/savepoint.h"
#include "governance/caller.h"
#include "ledger/copy.h"
#include "tracking/change_reading.h"
#include "tracking/mapping_cache.h"
#include "tracking/nested_change.h"
#include "tracking/parked_row.h"
#include "tracking/pending_changes.h"

PG_FUNCTION_INFO_V1(track);
PG_FUNCTION_INFO_V1(check_track);

/* ---- the trigger ---- */

pg_noreturn static void RefuseTrigger(const char *message, const char *detail, const char *hint);

static void
RefuseTrigger(const char *message, const char *detail, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
			 errmsg("%s", message),
			 errdetail("%s", detail),
			 errhint("%s", hint)));
}

static void
CheckTiming(int16 event)
{
	if (TRIGGER_FIRED_INSTEAD(event))
		RefuseTrigger("cannot track a view", "track() cannot be fired INSTEAD OF a change.",
					  "Track the tables that the view writes to.");
	if (TRIGGER_FIRED_BY_TRUNCATE(event))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("cannot truncate a tracked table"),
				 errdetail("TRUNCATE does not fire triggers for rows, which have promises."),
				 errhint("Use DELETE, or stop tracking the table "
						 "with trust_ledger.untrack_table().")));
	if (!TRIGGER_FIRED_FOR_ROW(event) || !TRIGGER_FIRED_AFTER(event))
		RefuseTrigger("track() must be fired AFTER and FOR EACH ROW",
					  "A BEFORE trigger does not see the final row.",
					  "Use CREATE TRIGGER ... AFTER INSERT OR UPDATE OR DELETE ON ... "
					  "FOR EACH ROW EXECUTE FUNCTION trust_ledger.track(...).");
}

static TriggerData *
CheckCalledAsTrigger(FunctionCallInfo fcinfo)
{
	if (!CALLED_AS_TRIGGER(fcinfo))
		RefuseTrigger("track() must be called as a trigger", "It was called as a function.",
					  "Use CREATE TRIGGER ... EXECUTE FUNCTION trust_ledger.track(...).");
	return (TriggerData *) fcinfo->context;
}

static bool
ParksErrors(const Trigger *trigger)
{
	for (int i = 1; i < trigger->tgnargs; i++)
		if (strcmp(trigger->tgargs[i], "on_error:park") == 0)
			return true;
	return false;
}

/* For a row that the mapping cannot read: a change that is parked with the others. */
static TrackedChange *
UnreadableChange(const Reading *reading, const ErrorData *error)
{
	const TriggerData *data = reading->data;
	TrackedChange *change = palloc0(sizeof(TrackedChange));
	Refusal    *refusal = palloc(sizeof(Refusal));
	const char *named = MappingActor(data->tg_trigger);
	bool		own;
	const char *who = ActingActor(LedgerOpen(), GetUserId(), &own);

	*refusal = (Refusal) {error->sqlerrcode, error->message, NULL};
	ChangeSetMapping(change, NamesOfTrigger(data->tg_relation, data->tg_trigger));
	change->unreadable = refusal;
	change->operation = reading->operation;
	change->mapped = RowNew(&mapped_shape);
	RowSetText(change->mapped, COMMAND_ACTOR, named && !own ? named : who);
	change->login = GetSessionUserId();
	change->role = GetUserId();
	ReadingFinish(reading, change);
	return change;
}

/* Calls the step.  If the trigger parks what fails, returns its error. */
static ErrorData *
TryToRead(void (*step) (void *arg), Reading *reading)
{
	ErrorData  *error = NULL;

	if (ParksErrors(reading->data->tg_trigger))
		error = RunInSavepoint(step, reading, true);
	else
		step(reading);
	if (error && !IsStepError(error))
		ReThrowError(error);
	return error;
}

static void
ReadMapping(void *arg)
{
	Reading    *reading = arg;
	TriggerData *data = reading->data;

	reading->mapping = MappingOfTrigger(data->tg_relation, data->tg_trigger);
}

/* Whether the trigger has anything to do; true if the mapping could not be read. */
static bool
Matters(const Reading *reading)
{
	return reading->mapping == NULL || reading->passing ||
		ChangeMatters(reading->mapping, reading->old, reading->new,
					  RelationGetDescr(reading->data->tg_relation));
}

/*
 * Adds the change to the pending ones, after it was read without an error.  write:now
 * also writes them all, unless triggers of a statement that changed the row before have
 * still to fire, or a row has still to arrive in another partition.
 */
static void
AddChange(Reading *reading, ErrorData *error)
{
	if (error == NULL)
		error = TryToRead(ReadChange, reading);
	if (error)
	{
		reading->dropped = NIL;
		reading->changes = list_make1(UnreadableChange(reading, error));
	}
	ReadingAdd(reading);
	if (reading->mapping && reading->mapping->write_now && !reading->nested &&
		PendingChangesExist() &&
		!PendingChangesAwaitArrival(reading->command, ChangeIsNested()))
		PendingChangesWrite();
}

static void
TrackChange(TriggerData *data)
{
	Reading		reading;
	ErrorData  *error = NULL;

	ReadingBegin(&reading, data);
	reading.mapping = MappingCached(data->tg_trigger);
	if (reading.mapping == NULL)
		error = TryToRead(ReadMapping, &reading);
	if (Matters(&reading))
	{
		CheckAccess(LedgerOpen(), data->tg_relation->rd_rel->relowner, LEVELS_WRITING,
					"own a tracked table");
		CheckNotCopy();
		AddChange(&reading, error);
	}
	ReadingEnd(&reading);
}

static void
TriggerErrorContext(void *arg)
{
	const TriggerData *data = arg;

	errcontext("trigger \"%s\" of table \"%s\"",
			   data->tg_trigger->tgname, RelationGetRelationName(data->tg_relation));
}

/*
 * track(event, name=column or name:text, ...) returns trigger
 *		Fired AFTER INSERT, UPDATE or DELETE FOR EACH ROW: records the change as that
 *		event of the row's promise, which is found by the primary key.  Uses the access
 *		level of the table's owner.  The actor is that of the login, the machine in
 *		argument actor, or that of act_as(); its evidence is asserted.  Entries are
 *		written at commit, in the order of the customers' keys.  Fired BEFORE TRUNCATE,
 *		raises an error.  Errors: those of the event's function; 22023, 42703 and 42804
 *		invalid mapping; 55000 no primary key, or TRUNCATE; 39P01 fired in another way;
 *		TL003; TL004.
 */
Datum
track(PG_FUNCTION_ARGS)
{
	TriggerData *data = CheckCalledAsTrigger(fcinfo);
	ErrorContextCallback context = {
		.previous = error_context_stack, .callback = TriggerErrorContext, .arg = data
	};

	CheckTiming(data->tg_event);
	if (IsLogicalWorker())		/* the change was tracked on the publisher */
		return PointerGetDatum(NULL);
	error_context_stack = &context;
	AcceptInvalidationMessages();
	TrackChange(data);
	error_context_stack = context.previous;
	return PointerGetDatum(NULL);
}

/* ---- checking a trigger when it is created ---- */

static Oid
TableOfTrigger(Oid trigger)
{
	Relation	catalog = table_open(TriggerRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	Oid			table = InvalidOid;

	ScanKeyInit(&key, Anum_pg_trigger_oid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(trigger));
	scan = systable_beginscan(catalog, TriggerOidIndexId, true, NULL, 1, &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
		table = ((Form_pg_trigger) GETSTRUCT(tuple))->tgrelid;
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	if (!OidIsValid(table))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("trigger with OID %u does not exist", trigger)));
	return table;
}

/* Converts tgtype to the bits of TriggerData.tg_event that CheckTiming() looks at. */
static int
TriggerEventOfType(int16 type)
{
	return (TRIGGER_FOR_ROW(type) ? TRIGGER_EVENT_ROW : 0) |
		(TRIGGER_FOR_INSTEAD(type) ? TRIGGER_EVENT_INSTEAD :
		 TRIGGER_FOR_BEFORE(type) ? TRIGGER_EVENT_BEFORE : TRIGGER_EVENT_AFTER);
}

/*
 * check_track(trigger oid) returns void
 *		Raises an error if the timing or the mapping of a trigger of track() is invalid.
 *		Errors as of track(); 42704 no such trigger.
 */
Datum
check_track(PG_FUNCTION_ARGS)
{
	Relation	rel = table_open(TableOfTrigger(PG_GETARG_OID(0)), AccessShareLock);
	const Trigger *trigger = MappingTrigger(rel, PG_GETARG_OID(0));

	if (trigger == NULL)
		elog(ERROR, "table \"%s\" has no trigger with OID %u",
			 RelationGetRelationName(rel), PG_GETARG_OID(0));
	if (!TRIGGER_FOR_TRUNCATE(trigger->tgtype))
	{
		CheckTiming(TriggerEventOfType(trigger->tgtype));
		MappingForget(MappingRead(rel, trigger, CurrentMemoryContext));
	}
	table_close(rel, AccessShareLock);
	PG_RETURN_VOID();
}
