/*
 * mapping.c
 *		The mapping: what the arguments of a tracked table's trigger say.
 *
 * track(event, arg...): an argument is name=column or name:text.  Columns are
 * found by name, once for as long as nothing about the table changes; types are
 * looked at then, so that a mapping that cannot work is refused when it is made.
 */
#include "postgres.h"

#include "tracking/mapping.h"

#include "access/htup_details.h"
#include "catalog/partition.h"
#include "catalog/pg_index.h"
#include "catalog/pg_partitioned_table.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type_d.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

#include "base/catalog.h"
#include "base/text.h"
#include "promise/dispatch.h"
#include "tracking/trigger_catalog.h"

/* ---- which argument goes with which event, and as what ---- */

typedef enum Form
{
	FORM_EITHER,
	FORM_COLUMN,				/* name=column only */
	FORM_CONSTANT				/* name:text only */
} Form;

static Form
FormOf(int field)
{
	switch (field)
	{
		case COMMAND_DUE:
		case COMMAND_OCCURRED_AT:
		case COMMAND_BACKER:
			return FORM_COLUMN;
		case COMMAND_RELAYED:
		case COMMAND_ACTOR:
			return FORM_CONSTANT;
		default:
			return FORM_EITHER;
	}
}

/* Whether a trigger of that event can name the field: what the event's function takes, and what else a row has. */
static bool
EventTakes(Event event, int field)
{
	const PromiseFunction *function = &promise_functions[event];
	int			argument;

	switch (field)
	{
		case COMMAND_CUSTOMER:	/* a row has all terms, also where only some can be amended */
		case COMMAND_PROMISER:
			return event == EVENT_MADE || event == EVENT_AMENDED;
		case COMMAND_DUE_ON:	/* named as due */
			return false;
		case COMMAND_ACTOR:		/* who stands behind a promise acts, and is not named */
			return !EventIsPersonal(event);
		case COMMAND_BACKER:
			return event == EVENT_BACKED;
		default:
			for (int i = 0; (argument = CommandArgumentId(function, i)) >= 0; i++)
				if (argument == field)
					return true;
			return false;
	}
}

/* An argument, taken apart. */
typedef struct Argument
{
	char	   *name;
	bool		is_column;
	char	   *value;
} Argument;

pg_noreturn static void Unusable(const char *argument, const char *detail, const char *hint);

static void
Unusable(const char *argument, const char *detail, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("argument \"%s\" of a tracking trigger is not usable", argument),
			 errdetail("%s", detail),
			 errhint("%s", hint)));
}

static Argument
TakeApart(const char *argument)
{
	size_t		length = strcspn(argument, "=:");

	if (argument[length] == '\0' || length == 0)
		Unusable(argument, "It is neither name=column nor name:text.",
				 "Write e.g. 'customer=account_id' for a column, 'kind:quote' for a constant.");
	return (Argument) {
		pnstrdup(argument, length), argument[length] == '=', pstrdup(argument + length + 1)
	};
}

static char *
FieldNames(Event event)
{
	StringInfoData list;

	initStringInfo(&list);
	for (int field = 0; field < MAPPED_ARGUMENTS; field++)
		if (EventTakes(event, field))
			appendStringInfo(&list, "%s, ", mapped_shape.columns[field].name);
	appendStringInfoString(&list, "promise, source, write, on_error and on_delete");
	return list.data;
}

static AttrNumber
ColumnNumber(Relation rel, const char *argument, const char *name)
{
	TupleDesc	tupdesc = RelationGetDescr(rel);
	int			attnum = SPI_fnumber(tupdesc, name);

	if (attnum <= 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("table \"%s\" has no column \"%s\"", RelationGetRelationName(rel), name),
				 errdetail("Argument \"%s\" of a tracking trigger names it.", argument),
				 errhint("Make the trigger anew with the column that holds it now, e.g. by trust_ledger.track_table().")));
#ifdef ATTRIBUTE_GENERATED_VIRTUAL
	if (TupleDescAttr(tupdesc, attnum - 1)->attgenerated == ATTRIBUTE_GENERATED_VIRTUAL)
		Unusable(argument, "Triggers do not see columns that are generated when they are read.",
				 "Make the column GENERATED ... STORED, or map what it is generated from.");
#endif
	return attnum;
}

static void
AddField(Mapping *mapping, Relation rel, const char *argument, const Argument *parts, int field, Form form)
{
	MappedField *added = &mapping->fields[mapping->field_count];

	if (form == FORM_COLUMN && !parts->is_column)
		Unusable(argument, psprintf("\"%s\" comes from a column.", parts->name), "Write name=column.");
	if (form == FORM_CONSTANT && parts->is_column)
		Unusable(argument, psprintf("\"%s\" is the same for all rows: a row's content does not decide it.", parts->name), "Write name:text.");
	if (MappingHas(mapping, field))
		Unusable(argument, psprintf("\"%s\" is given twice.", parts->name), "Give it once.");
	*added = (MappedField) {.field = field};
	if (parts->is_column)
	{
		added->attnum = ColumnNumber(rel, argument, parts->value);
		added->type = getBaseType(TupleDescAttr(RelationGetDescr(rel), added->attnum - 1)->atttypid);
		MappedCheckType(field, added->type, argument);
		if (field == COMMAND_DUE && added->type == DATEOID)
			added->field = COMMAND_DUE_ON;
	}
	else
	{
		added->type = mapped_shape.columns[field].type;
		added->constant = MappedConstant(field, parts->value, argument);
	}
	mapping->field_count++;
}

static int
OneOf(const char *argument, const Argument *parts, const char *const *names, int count, const char *hint)
{
	int			index = parts->is_column ? -1 : NameIndex(names, count, parts->value);

	if (index < 0)
		Unusable(argument, psprintf("\"%s\" is none of the constants that it can be.", parts->value), hint);
	return index;
}

/* What is about the trigger and not about the promise.  False where it is none of these. */
static bool
TakeSetting(Mapping *mapping, const char *argument, const Argument *parts)
{
	static const char *const write[] = {"commit", "now"};
	static const char *const on_error[] = {"fail", "park", "note"};
	static const char *const on_delete[] = {"noted", "withdrawn"};

	if (strcmp(parts->name, "write") == 0)
		mapping->now = OneOf(argument, parts, write, lengthof(write), "Write write:now or write:commit.") == 1;
	else if (strcmp(parts->name, "on_error") == 0)
		mapping->on_error = OneOf(argument, parts, on_error, lengthof(on_error), "Write on_error:fail, on_error:park or on_error:note.");
	else if (strcmp(parts->name, "on_delete") == 0)
		mapping->withdraws = OneOf(argument, parts, on_delete, lengthof(on_delete), "Write on_delete:noted or on_delete:withdrawn.") == 1;
	else if (!parts->is_column && (strcmp(parts->name, "promise") == 0 || strcmp(parts->name, "source") == 0))
	{
		CheckKey(parts->value, parts->name);
		if (parts->name[0] == 'p')
			mapping->promise = parts->value;
	}
	else
		return false;
	return true;
}

static void
TakeArgument(Mapping *mapping, Relation rel, const char *argument)
{
	Argument	parts = TakeApart(argument);

	if (TakeSetting(mapping, argument, &parts))
		return;
	for (int field = 0; field < MAPPED_ARGUMENTS; field++)
	{
		if (strcmp(mapped_shape.columns[field].name, parts.name) != 0 || !EventTakes(mapping->event, field))
			continue;
		AddField(mapping, rel, argument, &parts, field, FormOf(field));
		return;
	}
	Unusable(argument, psprintf("Event \"%s\" has no \"%s\".", event_names[mapping->event], parts.name),
			 psprintf("It takes %s.", FieldNames(mapping->event)));
}

/* ---- the whole ---- */

static Event
EventOf(const Trigger *trigger)
{
	int			event = trigger->tgnargs > 0 ? NameIndex(event_names, EVENTS, trigger->tgargs[0]) : -1;

	if (event < 0 || event == EVENT_ERASED)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s is not an event that a row's change stands for",
						trigger->tgnargs > 0 ? quote_literal_cstr(trigger->tgargs[0]) : "nothing"),
				 errhint("The first argument of track() is the event: made, amended, backed, accepted, assessed ...")));
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
		{EVENT_MADE, COMMAND_CUSTOMER}, {EVENT_MADE, COMMAND_WORDS}, {EVENT_ASSESSED, COMMAND_VERDICT}
	};

	for (size_t i = 0; i < lengthof(needed); i++)
		if (mapping->event == needed[i].event && !MappingHas(mapping, needed[i].field))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("event \"%s\" needs \"%s\"", event_names[mapping->event], mapped_shape.columns[needed[i].field].name),
					 errhint("Add an argument %s=column or %s:text.",
							 mapped_shape.columns[needed[i].field].name, mapped_shape.columns[needed[i].field].name)));
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
				 errmsg("nothing tells when a row's change is a backing"),
				 errdetail("A copy of a row that was approved, or a change of its words, does not approve it again."),
				 errhint("Make the trigger AFTER UPDATE OF the column by which it is approved, or map backer=column to who approves.")));
}

/* The one that it is a partition of, at the top. */
static Oid
RootOf(Relation rel)
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
ReadKey(Mapping *mapping, Relation rel)
{
	Oid			index = PrimaryKey(rel);
	HeapTuple	tuple = OidIsValid(index) ? SearchSysCache1(INDEXRELID, ObjectIdGetDatum(index)) : NULL;
	Form_pg_index form;

	if (!HeapTupleIsValid(tuple))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("table \"%s\" has no primary key", RelationGetRelationName(rel)),
				 errdetail("A promise is found by the key of its row."),
				 errhint("ALTER TABLE %s ADD PRIMARY KEY (...);", QualifiedName(RelationGetRelid(rel)))));
	form = (Form_pg_index) GETSTRUCT(tuple);
	mapping->key_count = form->indnkeyatts;
	for (int i = 0; i < form->indnkeyatts; i++)
	{
		mapping->key[i] = form->indkey.values[i];
		mapping->key_types[i] = getBaseType(TupleDescAttr(RelationGetDescr(rel), mapping->key[i] - 1)->atttypid);
		MappedCheckKeyType(mapping->key_types[i], NameStr(TupleDescAttr(RelationGetDescr(rel), mapping->key[i] - 1)->attname));
	}
	ReleaseSysCache(tuple);
}

static bool
Places(Oid partitioned, const char *column)
{
	HeapTuple	tuple = SearchSysCache1(PARTRELID, ObjectIdGetDatum(partitioned));
	Form_pg_partitioned_table form;
	bool		places = false;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for the partition key of relation %u", partitioned);
	form = (Form_pg_partitioned_table) GETSTRUCT(tuple);
	for (int i = 0; i < form->partnatts; i++)
		places = places || form->partattrs.values[i] == get_attnum(partitioned, column);
	ReleaseSysCache(tuple);
	return places;
}

/* Which columns of the key decide in which partition a row is. */
static void
ReadPlaces(Mapping *mapping, Relation rel)
{
	List	   *ancestors;
	ListCell   *cell;

	mapping->is_partition = rel->rd_rel->relispartition;
	if (!mapping->is_partition)
		return;
	ancestors = get_partition_ancestors(mapping->relid);
	for (int i = 0; i < mapping->key_count; i++)
		foreach(cell, ancestors)
			if (Places(lfirst_oid(cell), NameStr(TupleDescAttr(RelationGetDescr(rel), mapping->key[i] - 1)->attname)))
				mapping->key_places[i] = true;
	list_free(ancestors);
}

static void
CheckTable(Relation rel)
{
	if (rel->rd_rel->relkind == RELKIND_VIEW)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("view \"%s\" cannot be tracked", RelationGetRelationName(rel)),
				 errdetail("Its rows are those of tables."),
				 errhint("Track the tables that it writes to.")));
	if (rel->rd_rel->relpersistence == RELPERSISTENCE_TEMP)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("temporary table \"%s\" cannot be tracked", RelationGetRelationName(rel)),
				 errdetail("Its rows are gone with the session, and another's table of that name is another."),
				 errhint("Track the table that the rows go to.")));
	if (strcmp(get_namespace_name(RelationGetNamespace(rel)), "trust") == 0)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("the ledger's own tables are not tracked")));
}

/* The table's trigger; NULL: it has it no more. */
const Trigger *
MappingTrigger(Relation rel, Oid trigger)
{
	for (int i = 0; rel->trigdesc && i < rel->trigdesc->numtriggers; i++)
		if (rel->trigdesc->triggers[i].tgoid == trigger)
			return &rel->trigdesc->triggers[i];
	return NULL;
}

/* The text of the argument that begins so; NULL: there is none. */
static const char *
ConstantOf(const Trigger *trigger, const char *prefix)
{
	for (int i = 1; i < trigger->tgnargs; i++)
		if (strncmp(trigger->tgargs[i], prefix, strlen(prefix)) == 0)
			return trigger->tgargs[i] + strlen(prefix);
	return NULL;
}

/* What the table is called as a source, also where the rest of the mapping cannot be read. */
const char *
MappingSource(Relation rel, const Trigger *trigger)
{
	const char *source = ConstantOf(trigger, SOURCE_ARGUMENT);

	return source ? source : QualifiedName(RootOf(rel));
}

/* Whom the mapping names as acting, likewise; NULL: nobody. */
const char *
MappingActor(const Trigger *trigger)
{
	return ConstantOf(trigger, "actor:");
}

bool
MappingHas(const Mapping *mapping, int field)
{
	for (int i = 0; i < mapping->field_count; i++)
		if (mapping->fields[i].field == field || (field == COMMAND_DUE && mapping->fields[i].field == COMMAND_DUE_ON))
			return true;
	return false;
}

/* In the current memory context, which becomes the mapping's own. */
static Mapping *
NewMapping(Relation rel, const Trigger *trigger)
{
	Mapping    *mapping = palloc0(offsetof(Mapping, watched) + sizeof(AttrNumber) * trigger->tgnattr);

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

/*
 * Reads a trigger's mapping, into a memory context of its own below the one
 * given; an error where it cannot work.
 */
Mapping *
MappingRead(Relation rel, const Trigger *trigger, MemoryContext parent)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "trust_ledger mapping", ALLOCSET_SMALL_SIZES);
	MemoryContext previous = MemoryContextSwitchTo(context);
	Mapping    *mapping;

	CheckTable(rel);
	mapping = NewMapping(rel, trigger);
	mapping->event = EventOf(trigger);
	for (int i = 1; i < trigger->tgnargs; i++)
		TakeArgument(mapping, rel, trigger->tgargs[i]);
	CheckComplete(mapping, trigger->tgtype);
	ReadKey(mapping, rel);
	ReadPlaces(mapping, rel);
	MemoryContextSwitchTo(previous);
	MemoryContextSetParent(context, parent);
	return mapping;
}

/* Only what it is called, for changes that it cannot read: they are parked. */
Mapping *
MappingReadNames(Relation rel, const Trigger *trigger, MemoryContext parent)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "trust_ledger mapping", ALLOCSET_SMALL_SIZES);
	MemoryContext previous = MemoryContextSwitchTo(context);
	Mapping    *mapping = NewMapping(rel, trigger);

	mapping->on_error = ON_ERROR_PARK;
	MemoryContextSwitchTo(previous);
	MemoryContextSetParent(context, parent);
	return mapping;
}

/* ---- how long it lives ---- */

static void
Unpin(void *arg)
{
	Mapping    *mapping = arg;

	if (--mapping->pins == 0 && mapping->forgotten)
		MemoryContextDelete(mapping->context);
}

/*
 * Keeps the mapping for as long as the memory context is not reset: whatever is
 * invalidated meanwhile, and whatever ends the work, an error too.
 */
void
MappingPin(Mapping *mapping, MemoryContext context)
{
	MemoryContextCallback *pin = MemoryContextAlloc(context, sizeof(MemoryContextCallback));

	pin->func = Unpin;
	pin->arg = mapping;
	mapping->pins++;
	MemoryContextRegisterResetCallback(context, pin);
}

/* Whoever read it needs it no more. */
void
MappingForget(Mapping *mapping)
{
	if (mapping->pins == 0)
		MemoryContextDelete(mapping->context);
	else
		mapping->forgotten = true;
}
