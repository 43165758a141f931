/*
 * ddl_follow.c
 *		Triggers that track go on meaning what they meant, whatever is renamed.
 *
 * A column that a trigger's arguments name is followed when it is renamed; and a
 * trigger that does not say its table's identity is given it, while the table
 * still has the name that the identity comes from.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_trigger.h"
#include "commands/event_trigger.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "tcop/deparse_utility.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "base/catalog.h"
#include "tracking/trigger_catalog.h"

PG_FUNCTION_INFO_V1(follow_tables);

/* The column that an argument names, within the argument; NULL where it names none. */
static const char *
NamedColumn(const char *argument)
{
	const char *mark = strpbrk(argument, "=:");

	return mark && *mark == '=' ? mark + 1 : NULL;
}

static List *
ParentsOf(Oid table)
{
	Relation	catalog = table_open(InheritsRelationId, AccessShareLock);
	List	   *parents = NIL;
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&key, Anum_pg_inherits_inhrelid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(table));
	scan = systable_beginscan(catalog, InheritsRelidSeqnoIndexId, true, NULL, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
		parents = lappend_oid(parents, ((Form_pg_inherits) GETSTRUCT(tuple))->inhparent);
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return parents;
}

/* The table, and all that it is a partition or an heir of. */
static List *
AncestorsOf(Oid table)
{
	List	   *ancestors = list_make1_oid(table);
	ListCell   *cell;

	foreach(cell, ancestors)			/* which grows */
		ancestors = list_concat_unique_oid(ancestors, ParentsOf(lfirst_oid(cell)));
	return ancestors;
}

static Oid
TableOfRowType(Oid table)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(table));
	Oid			type = HeapTupleIsValid(tuple) ? ((Form_pg_class) GETSTRUCT(tuple))->reloftype : InvalidOid;

	if (HeapTupleIsValid(tuple))
		ReleaseSysCache(tuple);
	return OidIsValid(type) ? get_typ_typrelid(type) : InvalidOid;
}

static bool
AreRelated(Oid table, Oid other)
{
	List	   *ancestors = AncestorsOf(table);
	ListCell   *cell;

	foreach(cell, AncestorsOf(other))
		if (list_member_oid(ancestors, lfirst_oid(cell)))
			return true;
	return false;
}

/* Whether the table has its columns from another, or from a type. */
static bool
HasColumnsOf(Oid table, Oid other)
{
	ListCell   *cell;

	foreach(cell, AncestorsOf(table))
		if (lfirst_oid(cell) == other || TableOfRowType(lfirst_oid(cell)) == other)
			return true;
	return false;
}

/* In place; whether there was anything to change. */
static bool
RenameColumnIn(List *arguments, const char *old_name, const char *new_name)
{
	bool		renamed = false;
	ListCell   *cell;

	for_each_from(cell, arguments, 1)
	{
		char	   *argument = lfirst(cell);
		const char *column = NamedColumn(argument);

		if (column && strcmp(column, old_name) == 0)
		{
			lfirst(cell) = psprintf("%.*s%s", (int) (column - argument), argument, new_name);
			renamed = true;
		}
	}
	return renamed;
}

/*
 * The old name is the one that was in the command: a name that is merely missing
 * may be that of a column that was dropped.
 */
static void
FollowColumn(Oid table, const char *old_name, const char *new_name)
{
	Relation	catalog = table_open(TriggerRelationId, RowExclusiveLock);
	ListCell   *cell;

	foreach(cell, AllTrackTriggers(catalog, TrackFunction()))
	{
		TrackTrigger    *track_trigger = lfirst(cell);

		if (RenameColumnIn(track_trigger->arguments, old_name, new_name) && HasColumnsOf(track_trigger->table, table))
			TrackTriggerStore(catalog, track_trigger, track_trigger->arguments);
	}
	table_close(catalog, RowExclusiveLock);
}

/* PostgreSQL lets whoever has the right TRIGGER create one. */
static void
CheckOwner(const TrackTrigger *track_trigger)
{
	Oid			owner = RelationOwner(track_trigger->table, false);

	if (has_privs_of_role(GetUserId(), owner))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("must be owner of table %s", QualifiedName(track_trigger->table)),
			 errdetail("Trigger \"%s\" would act with what the table's owner may do in the ledger.", TrackTriggerName(track_trigger)),
			 errhint("Create it as \"%s\".", GetUserNameFromId(owner, false))));
}

/* A trigger with that source whose table has nothing in common with this one; or NULL. */
static const TrackTrigger *
FindUnrelated(List *track_triggers, Oid table, const char *source)
{
	ListCell   *cell;

	foreach(cell, track_triggers)
	{
		const TrackTrigger *other = lfirst(cell);
		const char *theirs = TrackTriggerSource(other->arguments);

		if (theirs && !OidIsValid(other->parent) && strcmp(theirs, source) == 0 && !AreRelated(table, other->table))
			return other;
	}
	return NULL;
}

/*
 * pg_dump turns check_function_bodies off: what it restores was accepted once,
 * and a partition's parent may still be to come.  Anybody else can turn it off
 * too: who does not own the other table is refused all the same.
 */
static void
CheckSource(List *track_triggers, const TrackTrigger *track_trigger, const char *source)
{
	const TrackTrigger *other = FindUnrelated(track_triggers, track_trigger->table, source);

	if (other && (check_function_bodies || !has_privs_of_role(GetUserId(), RelationOwner(other->table, false))))
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("source \"%s\" is that of table %s", source, QualifiedName(other->table)),
				 errdetail("Trigger \"%s\" there says so; rows of table %s would be taken for rows of that one.",
						   TrackTriggerName(other), QualifiedName(track_trigger->table)),
				 errhint("Leave \"" SOURCE_ARGUMENT "\" out, and the table gets one of its own.")));
}

/* What the table's other triggers say: its own, or those that it has as a partition. */
static const char *
SourceOfTable(List *track_triggers, const TrackTrigger *track_trigger, bool copies)
{
	const char *source = NULL;
	ListCell   *cell;

	foreach(cell, track_triggers)
	{
		const TrackTrigger *other = lfirst(cell);
		const char *theirs = TrackTriggerSource(other->arguments);

		if (!theirs || other->table != track_trigger->table || OidIsValid(other->parent) != copies)
			continue;
		if (source && strcmp(source, theirs) != 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("trigger \"%s\" needs a source: table %s has several", TrackTriggerName(track_trigger),
							QualifiedName(track_trigger->table)),
					 errdetail("One is \"%s\", another is \"%s\".", source, theirs),
					 errhint("Add \"" SOURCE_ARGUMENT "%s\", or another, to its arguments.", source)));
		source = theirs;
	}
	return source;
}

/* A table that was renamed away may be known by the name that this one has. */
static const char *
SourceByName(List *track_triggers, Oid table)
{
	char	   *name = QualifiedName(table);
	char	   *source = name;

	for (int i = 2; FindUnrelated(track_triggers, table, source); i++)
		source = psprintf("%s (%d)", name, i);
	return source;
}

static void
AddSource(Relation catalog, List *track_triggers, TrackTrigger *track_trigger, List *copies, Oid track)
{
	const char *source = TrackTriggerReplacedSource(catalog, track_trigger, track);
	ListCell   *cell;

	if (!source)
		source = SourceOfTable(track_triggers, track_trigger, false);
	if (!source)
		source = SourceOfTable(track_triggers, track_trigger, true);
	if (!source)
		source = SourceByName(track_triggers, track_trigger->table);
	track_trigger->arguments = lappend(track_trigger->arguments, psprintf(SOURCE_ARGUMENT "%s", source));
	foreach(cell, copies)
		TrackTriggerStore(catalog, lfirst(cell), track_trigger->arguments);
}

/* Where check_function_bodies is off, what a trigger rests on, a key, may still be to come. */
static void
FollowTrigger(Oid trigger)
{
	Oid			track = TrackFunction();
	Relation	catalog = table_open(TriggerRelationId, RowExclusiveLock);
	List	   *track_triggers;
	TrackTrigger    *track_trigger;
	List	   *copies;
	const char *source;
	ListCell   *cell;

	/* nobody else gives that source to another table meanwhile */
	LockDatabaseObject(ProcedureRelationId, track, 0, ShareUpdateExclusiveLock);
	track_triggers = AllTrackTriggers(catalog, track);
	track_trigger = TrackTriggerFind(track_triggers, trigger);
	copies = TrackTriggerCopies(track_triggers, track_trigger);
	foreach(cell, copies)
		CheckOwner(lfirst(cell));
	source = TrackTriggerSource(track_trigger->arguments);
	if (!source && track_trigger->arguments)	/* else it says no event either, which is an error */
		AddSource(catalog, track_triggers, track_trigger, copies, track);
	if (source)
		CheckSource(track_triggers, track_trigger, source);
	table_close(catalog, RowExclusiveLock);
	if (check_function_bodies)
		OidFunctionCall1(ExtensionFunction("check_track", buildoidvector(&(Oid) {OIDOID}, 1)), ObjectIdGetDatum(trigger));
}

static bool
IsTrackTrigger(Oid trigger)
{
	Relation	catalog = table_open(TriggerRelationId, AccessShareLock);
	bool		is = TrackTriggerGet(catalog, trigger, TrackFunction()) != NULL;

	table_close(catalog, AccessShareLock);
	return is;
}

static void
FollowCommand(const CollectedCommand *command)
{
	const ObjectAddress *object = &command->d.simple.address;

	if (command->type != SCT_Simple || !OidIsValid(object->objectId))
		return;
	if (IsA(command->parsetree, CreateTrigStmt) && IsTrackTrigger(object->objectId))
		FollowTrigger(object->objectId);
	if (IsA(command->parsetree, RenameStmt) && object->classId == RelationRelationId && object->objectSubId > 0)
		FollowColumn(object->objectId, ((RenameStmt *) command->parsetree)->subname,
					 ((RenameStmt *) command->parsetree)->newname);
}

/*
 * follow_tables() returns event_trigger
 *		Takes no more than a look at an index where nothing is tracked.
 */
Datum
follow_tables(PG_FUNCTION_ARGS)
{
	Oid			track = TrackFunction();
	SPITupleTable *commands;
	uint64		count;

	if (!CALLED_AS_EVENT_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_EVENT_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("trust_ledger.follow_tables() is fired by an event trigger only")));
	if (!OidIsValid(track) || !AnyTrackTriggers(track))
		PG_RETURN_NULL();
	SPI_connect();
	SPI_execute("SELECT command FROM pg_catalog.pg_event_trigger_ddl_commands()", true, 0);
	commands = SPI_tuptable;
	count = SPI_processed;
	for (uint64 i = 0; i < count; i++)
	{
		bool		isnull;
		Datum		command = SPI_getbinval(commands->vals[i], commands->tupdesc, 1, &isnull);

		FollowCommand((const CollectedCommand *) DatumGetPointer(command));
	}
	SPI_finish();
	PG_RETURN_NULL();
}
