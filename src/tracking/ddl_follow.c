/*
 * ddl_follow.c
 *		Event trigger that keeps arguments of track() valid when columns or tables are altered.
 *
 * When a column is renamed, it is renamed in the arguments of triggers.  It cannot get a
 * type that does not fit an argument, nor one that could change the text of a key.  When a
 * trigger is created without argument source, it gets one, made from the present name of
 * the table: the source stays the same if the table is renamed later.
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
#include "tracking/key_type.h"
#include "tracking/trigger_catalog.h"

PG_FUNCTION_INFO_V1(follow_tables);

static List *
ParentsOf(Oid table)
{
	Relation	catalog = table_open(InheritsRelationId, AccessShareLock);
	List	   *parents = NIL;
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&key, Anum_pg_inherits_inhrelid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(table));
	scan = systable_beginscan(catalog, InheritsRelidSeqnoIndexId, true, NULL, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
		parents = lappend_oid(parents, ((Form_pg_inherits) GETSTRUCT(tuple))->inhparent);
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return parents;
}

/* The table and all its ancestors, by partitioning or inheritance. */
static List *
AncestorsOf(Oid table)
{
	List	   *ancestors = list_make1_oid(table);
	ListCell   *cell;

	foreach(cell, ancestors)	/* the list grows in the loop */
		ancestors = list_concat_unique_oid(ancestors, ParentsOf(lfirst_oid(cell)));
	return ancestors;
}

/* The composite type's relation, if the table was created OF a type. */
static Oid
TableOfRowType(Oid table)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(table));
	Oid			type = HeapTupleIsValid(tuple) ?
		((Form_pg_class) GETSTRUCT(tuple))->reloftype : InvalidOid;

	if (HeapTupleIsValid(tuple))
		ReleaseSysCache(tuple);
	return OidIsValid(type) ? get_typ_typrelid(type) : InvalidOid;
}

/* Whether two tables have an ancestor in common, or one is an ancestor of the other. */
static bool
AreRelated(Oid table, Oid other)
{
	List	   *ancestors = AncestorsOf(table);
	ListCell   *cell;

	foreach(cell, AncestorsOf(other))
	{
		if (list_member_oid(ancestors, lfirst_oid(cell)))
			return true;
	}
	return false;
}

/* Whether renaming a column of other, a table or composite type, renames it in table, too. */
static bool
HasColumnsOf(Oid table, Oid other)
{
	ListCell   *cell;

	foreach(cell, AncestorsOf(table))
	{
		if (lfirst_oid(cell) == other || TableOfRowType(lfirst_oid(cell)) == other)
			return true;
	}
	return false;
}

/* Changes the list; returns whether the column was in it. */
static bool
RenameColumnIn(List *arguments, const char *old_name, const char *new_name)
{
	bool		renamed = false;
	ListCell   *cell;

	for_each_from(cell, arguments, 1)
	{
		char	   *argument = lfirst(cell);
		const char *column = TrackArgumentColumn(argument);

		if (column && strcmp(column, old_name) == 0)
		{
			lfirst(cell) = psprintf("%.*s%s", (int) (column - argument), argument, new_name);
			renamed = true;
		}
	}
	return renamed;
}

/*
 * The old name is taken from the command.  An argument whose column does not exist could
 * also refer to a column that was dropped.
 */
static void
FollowColumn(Oid table, const char *old_name, const char *new_name)
{
	Relation	catalog = table_open(TriggerRelationId, RowExclusiveLock);
	ListCell   *cell;

	foreach(cell, AllTrackTriggers(catalog))
	{
		TrackTrigger *track_trigger = lfirst(cell);

		if (RenameColumnIn(track_trigger->arguments, old_name, new_name) &&
			HasColumnsOf(track_trigger->table, table))
			TrackTriggerStore(catalog, track_trigger, track_trigger->arguments);
	}
	table_close(catalog, RowExclusiveLock);
}

static void
CheckTrigger(Oid trigger)
{
	OidFunctionCall1(ExtensionFunction("check_track", buildoidvector(&(Oid) {OIDOID}, 1)),
					 ObjectIdGetDatum(trigger));
}

/* Whether the column was in the primary key when the table was tracked. */
static bool
NamesKey(const TrackTrigger *track_trigger, const char *column)
{
	const char *argument = psprintf("key=%s", column);
	ListCell   *cell;

	foreach(cell, track_trigger->arguments)
	{
		if (strcmp(lfirst(cell), argument) == 0)
			return true;
	}
	return false;
}

/* The type of a column has changed in table, and in those that have columns of it. */
static void
CheckColumnType(Oid table, const AlterTableCmd *command)
{
	Relation	catalog = table_open(TriggerRelationId, AccessShareLock);
	ListCell   *cell;

	foreach(cell, AllTrackTriggers(catalog))
	{
		const TrackTrigger *track_trigger = lfirst(cell);

		if (!HasColumnsOf(track_trigger->table, table))
			continue;
		/* tables that have the column from this one have a subcommand of their own */
		if (track_trigger->table == table)
			CheckKeyType(table, command, NamesKey(track_trigger, command->name));
		/* resume_tracking() checks the types that a suspended mapping gets */
		if (!track_trigger->suspends && TrackTriggerArgumentOf(track_trigger, command->name))
			CheckTrigger(track_trigger->oid);
	}
	table_close(catalog, AccessShareLock);
}

/* PostgreSQL itself requires only the privilege TRIGGER. */
static void
CheckOwner(const TrackTrigger *track_trigger)
{
	Oid			owner = RelationOwner(track_trigger->table, false);

	if (has_privs_of_role(GetUserId(), owner))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("must be owner of table %s", QualifiedName(track_trigger->table)),
			 errdetail("Trigger \"%s\" would use the owner's access level in the ledger.",
					   TrackTriggerName(track_trigger)),
			 errhint("Create the trigger as \"%s\".", GetUserNameFromId(owner, false))));
}

/* A trigger with that source on a table that is not related to this one, or NULL. */
static const TrackTrigger *
FindUnrelated(List *track_triggers, Oid table, const char *source)
{
	ListCell   *cell;

	foreach(cell, track_triggers)
	{
		const TrackTrigger *other = lfirst(cell);
		const char *theirs = TrackTriggerSource(other->arguments);

		if (theirs && !OidIsValid(other->parent) && strcmp(theirs, source) == 0 &&
			!AreRelated(table, other->table))
			return other;
	}
	return NULL;
}

/*
 * A dump sets check_function_bodies to off.  Its triggers were checked once, and a
 * partition may not be attached yet.  But any user can set it to off, so that the owner
 * of the other table must always be the same.
 */
static void
CheckSource(List *track_triggers, const TrackTrigger *track_trigger, const char *source)
{
	const TrackTrigger *other = FindUnrelated(track_triggers, track_trigger->table, source);

	if (other && (check_function_bodies ||
				  !has_privs_of_role(GetUserId(), RelationOwner(other->table, false))))
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("source \"%s\" is already used by table %s",
						source, QualifiedName(other->table)),
				 errdetail("It is an argument of trigger \"%s\".  Rows of table %s "
						   "would be confused with rows of that table.",
						   TrackTriggerName(other), QualifiedName(track_trigger->table)),
				 errhint("Remove argument \"" SOURCE_ARGUMENT "\": "
						 "the table will get a source of its own.")));
}

/*
 * The source of the table's other triggers: of those that were created on it, or of
 * those that were cloned from a partitioned table.  NULL if there is none.
 */
static const char *
SourceOfTable(List *track_triggers, const TrackTrigger *track_trigger, bool copies)
{
	const char *source = NULL;
	ListCell   *cell;

	foreach(cell, track_triggers)
	{
		const TrackTrigger *other = lfirst(cell);
		const char *theirs = TrackTriggerSource(other->arguments);

		if (!theirs || other->table != track_trigger->table ||
			OidIsValid(other->parent) != copies)
			continue;
		if (source && strcmp(source, theirs) != 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("source of trigger \"%s\" is ambiguous",
							TrackTriggerName(track_trigger)),
					 errdetail("Table %s has several sources, among them \"%s\" and \"%s\".",
							   QualifiedName(track_trigger->table), source, theirs),
					 errhint("Specify one as argument, such as \"" SOURCE_ARGUMENT "%s\".",
							 source)));
		source = theirs;
	}
	return source;
}

/* The table's name, with a number if it is the source of a table that was renamed. */
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
AddSource(Relation catalog, List *track_triggers, TrackTrigger *track_trigger, List *copies,
		  Oid track)
{
	const char *source = TrackTriggerReplacedSource(catalog, track_trigger, track);
	ListCell   *cell;

	if (!source)
		source = SourceOfTable(track_triggers, track_trigger, false);
	if (!source)
		source = SourceOfTable(track_triggers, track_trigger, true);
	if (!source)
		source = SourceByName(track_triggers, track_trigger->table);
	track_trigger->arguments = lappend(track_trigger->arguments,
									   psprintf(SOURCE_ARGUMENT "%s", source));
	foreach(cell, copies)
		TrackTriggerStore(catalog, lfirst(cell), track_trigger->arguments);
}

/* With check_function_bodies off, check_track() is not called: the key may not exist yet. */
static void
FollowTrigger(Oid trigger)
{
	Oid			track = TrackFunction();
	Relation	catalog = table_open(TriggerRelationId, RowExclusiveLock);
	List	   *track_triggers;
	TrackTrigger *track_trigger;
	List	   *copies;
	const char *source;
	ListCell   *cell;

	/* so that no other transaction uses the same source concurrently */
	LockDatabaseObject(ProcedureRelationId, track, 0, ShareUpdateExclusiveLock);
	track_triggers = AllTrackTriggers(catalog);
	track_trigger = TrackTriggerFind(track_triggers, trigger);
	copies = TrackTriggerCopies(track_triggers, track_trigger);
	foreach(cell, copies)
		CheckOwner(lfirst(cell));
	source = TrackTriggerSource(track_trigger->arguments);
	if (!source && track_trigger->arguments)	/* no arguments are an error in check_track() */
		AddSource(catalog, track_triggers, track_trigger, copies, track);
	if (source)
		CheckSource(track_triggers, track_trigger, source);
	table_close(catalog, RowExclusiveLock);
	if (check_function_bodies && !track_trigger->suspends)
		CheckTrigger(trigger);
}

/* Including triggers that suspend tracking, which have the source, too. */
static bool
IsTrackTrigger(Oid trigger)
{
	Relation	catalog = table_open(TriggerRelationId, AccessShareLock);
	bool		is = TrackTriggerGet(catalog, trigger, TrackFunction()) ||
		TrackTriggerGet(catalog, trigger, SuspensionFunction());

	table_close(catalog, AccessShareLock);
	return is;
}

/* Whether the command can give each row another value of a column. */
static bool
ChangesValues(const AlterTableCmd *command)
{
#if PG_VERSION_NUM >= 170000
	if (command->subtype == AT_SetExpression)
		return true;
#endif
	return command->subtype == AT_AlterColumnType;
}

static void
FollowAlterTable(const CollectedCommand *command)
{
	ListCell   *cell;

	foreach(cell, command->d.alterTable.subcmds)
	{
		const		CollectedATSubcmd *collected = lfirst(cell);
		const AlterTableCmd *subcommand = castNode(AlterTableCmd, collected->parsetree);

		if (ChangesValues(subcommand))
			CheckColumnType(collected->address.objectId, subcommand);
	}
}

static void
FollowCommand(const CollectedCommand *command)
{
	const ObjectAddress *object = &command->d.simple.address;

	if (command->type == SCT_AlterTable)
		FollowAlterTable(command);
	if (command->type != SCT_Simple || !OidIsValid(object->objectId))
		return;
	if (IsA(command->parsetree, CreateTrigStmt) && IsTrackTrigger(object->objectId))
		FollowTrigger(object->objectId);
	if (IsA(command->parsetree, RenameStmt) && object->classId == RelationRelationId &&
		object->objectSubId > 0)
		FollowColumn(object->objectId, ((RenameStmt *) command->parsetree)->subname,
					 ((RenameStmt *) command->parsetree)->newname);
}

/*
 * follow_tables() returns event_trigger
 *		Follows CREATE TRIGGER and renamed columns, and checks changed types of columns.
 *		Costs two index lookups if no table is tracked.
 */
Datum
follow_tables(PG_FUNCTION_ARGS)
{
	SPITupleTable *commands;
	uint64		count;

	if (!CALLED_AS_EVENT_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_EVENT_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("trust_ledger.follow_tables() must be called by an event trigger")));
	if (!AnyTrackTriggers())
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
