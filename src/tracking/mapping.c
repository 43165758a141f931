/*
 * mapping.c
 *		Reads the mapping of a tracked table from the arguments of a trigger.
 *
 * The arguments of track() are the event, and then name=column or name:text for each
 * field.  Columns are looked up by name and their types are checked when a mapping is
 * read.  This happens when a trigger is created, so that an invalid mapping is rejected
 * at once, and again whenever the relation cache entry of the table changes.
 */
#include "postgres.h"

#include "tracking/mapping.h"

#include "access/htup_details.h"
#include "catalog/partition.h"
#include "catalog/pg_index.h"
#include "catalog/pg_partitioned_table.h"
#include "catalog/pg_trigger.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

#include "base/catalog.h"
#include "base/text.h"
#include "tracking/mapping_argument.h"
#include "tracking/trigger_catalog.h"

static Event
EventOfTrigger(const Trigger *trigger)
{
	int			event = trigger->tgnargs > 0 ?
		NameIndex(event_names, EVENTS, trigger->tgargs[0]) : -1;

	if (event < 0 || event == EVENT_ERASED)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("first argument of trigger function track() must be an event "
						"that a changed row can record"),
				 trigger->tgnargs > 0 ?
				 errdetail("The argument is \"%s\".", trigger->tgargs[0]) : 0,
				 errhint("For example, write made, amended, backed, accepted or assessed.")));
	return event;
}

static void
CheckComplete(const Mapping *mapping, int16 tgtype)
{
	static const struct
	{
		Event		event;
		int			field;
	}			needed[] = {
		{EVENT_MADE, COMMAND_CUSTOMER}, {EVENT_MADE, COMMAND_WORDS},
		{EVENT_ASSESSED, COMMAND_VERDICT}
	};

	for (size_t i = 0; i < lengthof(needed); i++)
		if (mapping->event == needed[i].event && !MappingHas(mapping, needed[i].field))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("mapping of event \"%s\" must include \"%s\"",
							event_names[mapping->event],
							mapped_shape.columns[needed[i].field].name),
					 errhint("Add an argument %s=column or %s:text.",
							 mapped_shape.columns[needed[i].field].name,
							 mapped_shape.columns[needed[i].field].name)));
	if (mapping->event == EVENT_MADE && mapping->on_error == ON_ERROR_NOTE)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("on_error \"note\" is not allowed for event \"made\""),
				 errdetail("A promise that could not be made cannot have notes."),
				 errhint("Write on_error:park.")));
	if (mapping->event != EVENT_BACKED || MappingHas(mapping, COMMAND_BACKER))
		return;
	if (TRIGGER_FOR_INSERT(tgtype) || (TRIGGER_FOR_UPDATE(tgtype) && mapping->nwatched == 0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("trigger for event \"backed\" must name the column of the approval"),
				 errdetail("Copying an approved row or changing its words is not a backing."),
				 errhint("Create the trigger AFTER UPDATE OF the column that records the approval, "
						 "or map backer=column.")));
}

static Oid
PartitionRoot(Relation rel)
{
	Oid			root = RelationGetRelid(rel);

	if (rel->rd_rel->relispartition)
	{
		List	   *ancestors = get_partition_ancestors(root);

		root = llast_oid(ancestors);
		list_free(ancestors);
	}
	return root;
}

static Oid
PrimaryKey(Relation rel)
{
#if PG_VERSION_NUM >= 180000
	return RelationGetPrimaryKeyIndex(rel, false);
#else
	return RelationGetPrimaryKeyIndex(rel);
#endif
}

static void
RefuseWithoutKey(Relation rel)
{
	List	   *indexes = RelationGetIndexList(rel);
	ListCell   *cell;

	foreach(cell, indexes)
	{
		HeapTuple	tuple = SearchSysCache1(INDEXRELID, ObjectIdGetDatum(lfirst_oid(cell)));
		bool		is_key = HeapTupleIsValid(tuple) &&
			((Form_pg_index) GETSTRUCT(tuple))->indisprimary;

		if (HeapTupleIsValid(tuple))
			ReleaseSysCache(tuple);
		if (is_key)
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("primary key of table \"%s\" is deferrable",
							RelationGetRelationName(rel)),
					 errdetail("Until it is checked, several rows can have the key that "
							   "identifies a promise."),
					 errhint("Replace it with a primary key that is not deferrable.")));
	}
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("table \"%s\" has no primary key", RelationGetRelationName(rel)),
			 errdetail("The primary key of a tracked row identifies its promise."),
			 errhint("Run ALTER TABLE %s ADD PRIMARY KEY (...).",
					 QualifiedName(RelationGetRelid(rel)))));
}

static void
ReadKey(Mapping *mapping, Relation rel)
{
	Oid			index = PrimaryKey(rel);
	HeapTuple	tuple = OidIsValid(index) ?
		SearchSysCache1(INDEXRELID, ObjectIdGetDatum(index)) : NULL;
	Form_pg_index form;

	if (!HeapTupleIsValid(tuple))
		RefuseWithoutKey(rel);
	form = (Form_pg_index) GETSTRUCT(tuple);
	mapping->key_count = form->indnkeyatts;
	for (int i = 0; i < form->indnkeyatts; i++)
	{
		Form_pg_attribute column = TupleDescAttr(RelationGetDescr(rel),
												 form->indkey.values[i] - 1);

		mapping->key[i] = form->indkey.values[i];
		mapping->key_types[i] = getBaseType(column->atttypid);
		MappedCheckKeyType(mapping->key_types[i], NameStr(column->attname));
	}
	ReleaseSysCache(tuple);
}

/* Promises are found by the key that the table had when it was tracked. */
static void
CheckSameKey(const Mapping *mapping, Relation rel)
{
	bool		same = mapping->tracked_key_count == mapping->key_count;

	for (int i = 0; same && i < mapping->key_count; i++)
		same = mapping->tracked_key[i] == mapping->key[i];
	if (same || mapping->tracked_key_count == 0)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("primary key of tracked table \"%s\" has changed",
					RelationGetRelationName(rel)),
			 errdetail("The promises of its rows are recorded with the former key."),
			 errhint("Call trust_ledger.track_table() with argument former_key, "
					 "or restore the former primary key.")));
}

static bool
IsPartitionKey(Oid partitioned, const char *column)
{
	HeapTuple	tuple = SearchSysCache1(PARTRELID, ObjectIdGetDatum(partitioned));
	Form_pg_partitioned_table form;
	bool		found = false;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for the partition key of relation %u", partitioned);
	form = (Form_pg_partitioned_table) GETSTRUCT(tuple);
	for (int i = 0; i < form->partnatts; i++)
		found = found || form->partattrs.values[i] == get_attnum(partitioned, column);
	ReleaseSysCache(tuple);
	return found;
}

static void
ReadPartitionKey(Mapping *mapping, Relation rel)
{
	List	   *ancestors;
	ListCell   *cell;

	mapping->is_partition = rel->rd_rel->relispartition;
	if (!mapping->is_partition)
		return;
	ancestors = get_partition_ancestors(mapping->relid);
	for (int i = 0; i < mapping->key_count; i++)
	{
		Form_pg_attribute column = TupleDescAttr(RelationGetDescr(rel), mapping->key[i] - 1);

		foreach(cell, ancestors)
		{
			if (IsPartitionKey(lfirst_oid(cell), NameStr(column->attname)))
				mapping->in_partition_key[i] = true;
		}
	}
	list_free(ancestors);
}

static void
CheckTable(Relation rel)
{
	if (rel->rd_rel->relkind == RELKIND_VIEW)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("cannot track view \"%s\"", RelationGetRelationName(rel)),
				 errhint("Track the tables that the view writes to.")));
	if (rel->rd_rel->relpersistence == RELPERSISTENCE_TEMP)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("cannot track temporary table \"%s\"", RelationGetRelationName(rel)),
				 errdetail("Its rows are lost when the session ends."),
				 errhint("Track the permanent table that the rows are copied to.")));
	if (strcmp(get_namespace_name(RelationGetNamespace(rel)), "trust") == 0)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("cannot track tables of the ledger")));
}

const Trigger *
MappingTrigger(Relation rel, Oid trigger)
{
	for (int i = 0; rel->trigdesc && i < rel->trigdesc->numtriggers; i++)
		if (rel->trigdesc->triggers[i].tgoid == trigger)
			return &rel->trigdesc->triggers[i];
	return NULL;
}

/* The rest of the argument that has the prefix; NULL if there is none. */
static const char *
ConstantArgument(const Trigger *trigger, const char *prefix)
{
	for (int i = 1; i < trigger->tgnargs; i++)
		if (strncmp(trigger->tgargs[i], prefix, strlen(prefix)) == 0)
			return trigger->tgargs[i] + strlen(prefix);
	return NULL;
}

const char *
MappingSource(Relation rel, const Trigger *trigger)
{
	const char *source = ConstantArgument(trigger, SOURCE_ARGUMENT);

	return source ? source : QualifiedName(PartitionRoot(rel));
}

const char *
MappingActor(const Trigger *trigger)
{
	return ConstantArgument(trigger, "actor:");
}

bool
MappingHas(const Mapping *mapping, int field)
{
	for (int i = 0; i < mapping->field_count; i++)
		if (mapping->fields[i].field == field ||
			(field == COMMAND_DUE && mapping->fields[i].field == COMMAND_DUE_ON))
			return true;
	return false;
}

/* In the current memory context, which becomes that of the mapping. */
static Mapping *
NewMapping(Relation rel, const Trigger *trigger)
{
	Mapping    *mapping = palloc0(offsetof(Mapping, watched) +
								  sizeof(AttrNumber) * trigger->tgnattr);

	mapping->context = CurrentMemoryContext;
	mapping->trigger = trigger->tgoid;
	mapping->relid = RelationGetRelid(rel);
	mapping->owner = rel->rd_rel->relowner;
	mapping->table = QualifiedName(mapping->relid);
	mapping->trigger_name = pstrdup(trigger->tgname);
	mapping->source = pstrdup(MappingSource(rel, trigger));
	mapping->promise = "";
	mapping->nwatched = trigger->tgnattr;
	memcpy(mapping->watched, trigger->tgattr, sizeof(AttrNumber) * trigger->tgnattr);
	return mapping;
}

Mapping *
MappingRead(Relation rel, const Trigger *trigger, MemoryContext parent)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "trust_ledger mapping",
												  ALLOCSET_SMALL_SIZES);
	MemoryContext previous = MemoryContextSwitchTo(context);
	Mapping    *mapping;

	CheckTable(rel);
	mapping = NewMapping(rel, trigger);
	mapping->event = EventOfTrigger(trigger);
	ReadKey(mapping, rel);
	for (int i = 1; i < trigger->tgnargs; i++)
		MappingReadArgument(mapping, rel, trigger->tgargs[i]);
	CheckSameKey(mapping, rel);
	CheckComplete(mapping, trigger->tgtype);
	ReadPartitionKey(mapping, rel);
	MemoryContextSwitchTo(previous);
	MemoryContextSetParent(context, parent);
	return mapping;
}

Mapping *
MappingReadNames(Relation rel, const Trigger *trigger, MemoryContext parent)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "trust_ledger mapping",
												  ALLOCSET_SMALL_SIZES);
	MemoryContext previous = MemoryContextSwitchTo(context);
	Mapping    *mapping = NewMapping(rel, trigger);

	mapping->on_error = ON_ERROR_PARK;
	MemoryContextSwitchTo(previous);
	MemoryContextSetParent(context, parent);
	return mapping;
}

/* ---- lifetime ---- */

static void
Unpin(void *arg)
{
	Mapping    *mapping = arg;

	if (--mapping->pins == 0 && mapping->forgotten)
		MemoryContextDelete(mapping->context);
}

/* A callback of the memory context unpins the mapping, so that errors do so, too. */
void
MappingPin(Mapping *mapping, MemoryContext context)
{
	MemoryContextCallback *pin = MemoryContextAlloc(context, sizeof(MemoryContextCallback));

	pin->func = Unpin;
	pin->arg = mapping;
	mapping->pins++;
	MemoryContextRegisterResetCallback(context, pin);
}

void
MappingForget(Mapping *mapping)
{
	if (mapping->pins == 0)
		MemoryContextDelete(mapping->context);
	else
		mapping->forgotten = true;
}
