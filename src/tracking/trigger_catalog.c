/*
 * trigger_catalog.c
 *		Reads and updates triggers that call track() in the system catalogs.
 */
#include "postgres.h"

#include "tracking/trigger_catalog.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/pg_depend.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_trigger.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "base/catalog.h"

bool
TriggerIsGenerated(const Trigger *trigger, Oid track)
{
	return trigger->tgfoid == track && !TRIGGER_FOR_TRUNCATE(trigger->tgtype) &&
		strncmp(trigger->tgname, "trust_ledger_", strlen("trust_ledger_")) == 0;
}

Oid
TrackFunction(void)
{
	return ExtensionFunction("track", buildoidvector(NULL, 0));
}

Oid
SuspensionFunction(void)
{
	return ExtensionFunction("refuse_while_suspended", buildoidvector(NULL, 0));
}

/* pg_trigger.tgargs has the arguments one after another, each terminated by a zero byte. */
static List *
ArgumentsOf(HeapTuple trigger, TupleDesc tupdesc)
{
	bool		isnull;
	bytea	   *strings = DatumGetByteaPP(heap_getattr(trigger, Anum_pg_trigger_tgargs,
													   tupdesc, &isnull));
	const char *next = VARDATA_ANY(strings);
	List	   *arguments = NIL;

	for (int i = 0; i < ((Form_pg_trigger) GETSTRUCT(trigger))->tgnargs; i++)
	{
		arguments = lappend(arguments, pstrdup(next));
		next += strlen(next) + 1;
	}
	return arguments;
}

static bytea *
ArgumentStrings(List *arguments)
{
	StringInfoData strings;
	ListCell   *cell;

	initStringInfo(&strings);
	appendStringInfoSpaces(&strings, VARHDRSZ);
	foreach(cell, arguments)
		appendBinaryStringInfo(&strings, lfirst(cell), strlen(lfirst(cell)) + 1);
	SET_VARSIZE(strings.data, strings.len);
	return (bytea *) strings.data;
}

const char *
TrackArgumentColumn(const char *argument)
{
	const char *mark = strpbrk(argument, "=:");

	return mark && *mark == '=' ? mark + 1 : NULL;
}

const char *
TrackTriggerArgumentOf(const TrackTrigger *track_trigger, const char *column)
{
	ListCell   *cell;

	for_each_from(cell, track_trigger->arguments, 1)
	{
		const char *named = TrackArgumentColumn(lfirst(cell));

		if (named && strcmp(named, column) == 0)
			return lfirst(cell);
	}
	return NULL;
}

const char *
TrackTriggerSource(List *arguments)
{
	ListCell   *cell;

	for_each_from(cell, arguments, 1)
	{
		if (strncmp(lfirst(cell), SOURCE_ARGUMENT, strlen(SOURCE_ARGUMENT)) == 0)
			return (const char *) lfirst(cell) + strlen(SOURCE_ARGUMENT);
	}
	return NULL;
}

const char *
TrackTriggerName(const TrackTrigger *track_trigger)
{
	return NameStr(((Form_pg_trigger) GETSTRUCT(track_trigger->tuple))->tgname);
}

TrackTrigger *
TrackTriggerGet(Relation catalog, Oid trigger, Oid function)
{
	TrackTrigger *track_trigger = NULL;
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&key, Anum_pg_trigger_oid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(trigger));
	scan = systable_beginscan(catalog, TriggerOidIndexId, true, NULL, 1, &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple) && ((Form_pg_trigger) GETSTRUCT(tuple))->tgfoid == function)
	{
		track_trigger = palloc0(sizeof(TrackTrigger));
		track_trigger->tuple = heap_copytuple(tuple);
		track_trigger->oid = trigger;
		track_trigger->table = ((Form_pg_trigger) GETSTRUCT(tuple))->tgrelid;
		track_trigger->parent = ((Form_pg_trigger) GETSTRUCT(tuple))->tgparentid;
		track_trigger->arguments = ArgumentsOf(tuple, RelationGetDescr(catalog));
	}
	systable_endscan(scan);
	return track_trigger;
}

/* Through pg_depend, since pg_trigger has no index on tgfoid. */
static List *
DependentTriggers(Oid function, bool only_one)
{
	Relation	catalog;
	List	   *triggers = NIL;
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple	tuple;

	if (!OidIsValid(function))	/* the extension is older than this library */
		return NIL;
	catalog = table_open(DependRelationId, AccessShareLock);
	ScanKeyInit(&keys[0], Anum_pg_depend_refclassid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(ProcedureRelationId));
	ScanKeyInit(&keys[1], Anum_pg_depend_refobjid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(function));
	scan = systable_beginscan(catalog, DependReferenceIndexId, true, NULL, lengthof(keys), keys);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)) && !(only_one && triggers))
		if (((Form_pg_depend) GETSTRUCT(tuple))->classid == TriggerRelationId)
			triggers = lappend_oid(triggers, ((Form_pg_depend) GETSTRUCT(tuple))->objid);
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return triggers;
}

bool
AnyTrackTriggers(void)
{
	return DependentTriggers(TrackFunction(), true) != NIL ||
		DependentTriggers(SuspensionFunction(), true) != NIL;
}

static List *
TriggersOf(Relation catalog, Oid function)
{
	List	   *track_triggers = NIL;
	ListCell   *cell;

	foreach(cell, DependentTriggers(function, false))
	{
		TrackTrigger *track_trigger = TrackTriggerGet(catalog, lfirst_oid(cell), function);

		if (track_trigger)
			track_triggers = lappend(track_triggers, track_trigger);
	}
	return track_triggers;
}

List *
AllSuspensions(Relation catalog)
{
	List	   *suspensions = TriggersOf(catalog, SuspensionFunction());
	ListCell   *cell;

	foreach(cell, suspensions)
		((TrackTrigger *) lfirst(cell))->suspends = true;
	return suspensions;
}

List *
AllTrackTriggers(Relation catalog)
{
	return list_concat(TriggersOf(catalog, TrackFunction()), AllSuspensions(catalog));
}

void
TrackTriggerStore(Relation catalog, const TrackTrigger *track_trigger, List *arguments)
{
	Datum		values[Natts_pg_trigger] = {0};
	bool		nulls[Natts_pg_trigger] = {false};
	bool		replaced[Natts_pg_trigger] = {false};
	HeapTuple	tuple;

	values[Anum_pg_trigger_tgnargs - 1] = Int16GetDatum(list_length(arguments));
	replaced[Anum_pg_trigger_tgnargs - 1] = true;
	values[Anum_pg_trigger_tgargs - 1] = PointerGetDatum(ArgumentStrings(arguments));
	replaced[Anum_pg_trigger_tgargs - 1] = true;
	tuple = heap_modify_tuple(track_trigger->tuple, RelationGetDescr(catalog),
							  values, nulls, replaced);
	CatalogTupleUpdate(catalog, &tuple->t_self, tuple);
	CacheInvalidateRelcacheByRelid(track_trigger->table);
	CommandCounterIncrement();
}

List *
TrackTriggerCopies(List *track_triggers, TrackTrigger *track_trigger)
{
	List	   *copies = list_make1(track_trigger);
	ListCell   *cell;
	ListCell   *other;

	foreach(cell, copies)		/* the list grows in the loop */
	{
		Oid			parent = ((TrackTrigger *) lfirst(cell))->oid;

		foreach(other, track_triggers)
		{
			if (((TrackTrigger *) lfirst(other))->parent == parent)
				copies = lappend(copies, lfirst(other));
		}
	}
	return copies;
}

TrackTrigger *
TrackTriggerFind(List *track_triggers, Oid trigger)
{
	ListCell   *cell;

	foreach(cell, track_triggers)
	{
		if (((TrackTrigger *) lfirst(cell))->oid == trigger)
			return lfirst(cell);
	}
	elog(ERROR, "trigger %u does not depend on its function", trigger);
}

/*
 * The replaced row version is still in the catalog, although no snapshot sees it.  If
 * the table has no other trigger, its source is stored nowhere else.
 */
const char *
TrackTriggerReplacedSource(Relation catalog, const TrackTrigger *track_trigger, Oid track)
{
	HeapTuple	now = track_trigger->tuple;
	const char *source = NULL;
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&key, Anum_pg_trigger_oid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(track_trigger->oid));
	scan = systable_beginscan(catalog, TriggerOidIndexId, true, SnapshotAny, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
		if (!ItemPointerEquals(&tuple->t_self, &now->t_self) &&
			ItemPointerEquals(&tuple->t_data->t_ctid, &now->t_self) &&
			HeapTupleHeaderGetUpdateXid(tuple->t_data) == HeapTupleHeaderGetXmin(now->t_data) &&
			((Form_pg_trigger) GETSTRUCT(tuple))->tgfoid == track)
			source = TrackTriggerSource(ArgumentsOf(tuple, RelationGetDescr(catalog)));
	systable_endscan(scan);
	return source;
}
