/*
 * row_change.c
 *		Reads a change of a tracked row, and determines its actor.
 *
 * The actor is determined when the row changes, from login, role and act_as(), as for
 * a function call at that moment.  The entries are written later, at commit.
 */
#include "postgres.h"

#include "tracking/row_change.h"

#include "access/htup_details.h"
#include "miscadmin.h"

#include "governance/caller.h"
#include "promise/same_value.h"
#include "tracking/mapped_row.h"

const char *const row_operation_names[] = {"insert", "update", "delete"};

static uint32
MappedFields(const Mapping *mapping)
{
	uint32		fields = 0;

	for (int i = 0; i < mapping->field_count; i++)
		fields |= 1 << mapping->fields[i].field;
	return fields;
}

static uint32
DifferingFields(const Row *old, const Row *new, uint32 fields)
{
	uint32		differs = 0;

	for (int i = 0; i < MAPPED_ARGUMENTS; i++)
		if ((fields & (1 << i)) && !RowSameValue(old, i, new, i))
			differs |= 1 << i;
	return differs;
}

void
CheckActorIsMachine(const Ledger *ledger, const char *named)
{
	if (ActorGet(ledger, named, "actor")->kind != ACTOR_HUMAN)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_TL_IDENTITY),
			 errmsg("a trigger cannot act as human \"%s\"", named),
			 errhint("Remove argument actor from the trigger, "
					 "and call trust_ledger.act_as('%s') in the application.", named)));
}

/*
 * The actor was determined when the change was parked.  If the mapping could not be
 * read then, the mapped actor was not checked.
 */
static const char *
ActorOfParked(const Row *mapped, const Ledger *ledger, const char *acting)
{
	if (RowTextIs(mapped, COMMAND_ACTOR, acting))
		CheckActorIsMachine(ledger, acting);
	return acting;
}

/*
 * The actor that the login or the role belongs to, regardless of the mapping; else the
 * machine that the mapping names; else the actor set by act_as().
 */
static const char *
ActorOfChange(const Mapping *mapping, const Row *mapped, const Ledger *ledger)
{
	const char *named = RowText(mapped, COMMAND_ACTOR);
	bool		own;
	const char *who = ActingActor(ledger, GetUserId(), &own);

	if (named && !own)
	{
		CheckActorIsMachine(ledger, named);
		who = named;
	}
	if (who == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_TL_IDENTITY),
				 errmsg("no actor specified"),
				 errdetail("Trigger \"%s\" of table %s has no argument actor, act_as() was not "
						   "called in this transaction, and the login does not belong to an actor.",
						   mapping->trigger_name, mapping->table),
				 errhint("Call trust_ledger.act_as('...') in the same transaction, or give the "
						 "trigger an argument actor:... that names an ai or system actor.")));
	return who;
}

/*
 * Whether the actor is the backer whom the row names.  Inserting a row with another
 * backer is not a backing.  Changing the backer to somebody else is an error: the actor
 * would back the promise in their name.
 */
static bool
BackerActs(const Mapping *mapping, const Row *mapped, RowOperation operation)
{
	const char *backer = RowText(mapped, COMMAND_BACKER);
	const char *who = RowText(mapped, COMMAND_ACTOR);

	if (!MappingHas(mapping, COMMAND_BACKER) || (backer && strcmp(backer, who) == 0))
		return true;
	if (operation == ROW_INSERT || backer == NULL)
		return false;
	ereport(ERROR,
			(errcode(ERRCODE_TL_IDENTITY),
			 errmsg("actor \"%s\" cannot back a promise as \"%s\"", who, backer),
			 errdetail("A promise can be backed only by the backer's own action."),
			 errhint("Have \"%s\" change the row, after trust_ledger.act_as('%s') "
					 "or from their own login.", backer, backer)));
}

/* Whether an UPDATE of these rows can be the event; cheap. */
static bool
CanBeEvent(const Mapping *mapping, HeapTuple old, HeapTuple new, TupleDesc tupdesc)
{
	if (mapping->event == EVENT_BACKED)
		return MappingWatchedChanged(mapping, old, new, tupdesc);
	if (mapping->refused_only)
		return true;
	if (mapping->event == EVENT_AMENDED || mapping->key_only)
		return MappingColumnsChanged(mapping, old, new, tupdesc);
	return true;
}

static bool
EventHappened(const Mapping *mapping, const TrackedChange *change)
{
	if (change->operation == ROW_UPDATE && mapping->event == EVENT_AMENDED)
		return mapping->refused_only || change->moved || change->old_key ||
			(change->changed & AMENDED_ARGUMENTS) != 0;
	if (change->operation == ROW_UPDATE && mapping->key_only)
		return change->old_key != NULL;
	return true;
}

static void
CheckDelete(const Mapping *mapping, RowOperation operation)
{
	if (operation != ROW_DELETE || mapping->event == EVENT_MADE ||
		mapping->event == EVENT_NOTED || mapping->event == EVENT_WITHDRAWN)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("cannot record event \"%s\" for a deleted row", event_names[mapping->event]),
			 errdetail("The promise of a deleted row keeps its state and gets a note, "
					   "or it is withdrawn."),
			 errhint("Create the AFTER DELETE trigger with event noted or withdrawn.")));
}

static void
CompareRows(const Mapping *mapping, TrackedChange *change, HeapTuple old, TupleDesc tupdesc,
			pg_tz *zone)
{
	Row		   *before = MappingRow(mapping, old, tupdesc, zone);
	char	   *old_key = MappingKey(mapping, old, tupdesc);

	change->changed = DifferingFields(before, change->mapped, change->fields);
	if (mapping->refused_only)
		change->changed = 0;
	change->moved = (change->changed & (1 << COMMAND_CUSTOMER)) != 0;
	if (strcmp(old_key, change->key) != 0)
		change->old_key = old_key;
}

void
ChangeSetMapping(TrackedChange *change, Mapping *mapping)
{
	change->mapping = mapping;
	change->table = mapping->table;
	change->trigger_name = mapping->trigger_name;
	change->source = mapping->source;
	change->name = mapping->promise;
	change->event = mapping->event;
	change->on_error = mapping->on_error;
	change->withdraws_on_delete = mapping->withdraws_on_delete || mapping->event == EVENT_WITHDRAWN;
	change->fields = MappedFields(mapping);
	change->level_of = mapping->owner;
}

bool
ChangeMatters(const Mapping *mapping, HeapTuple old, HeapTuple new, TupleDesc tupdesc)
{
	return old == NULL || new == NULL || CanBeEvent(mapping, old, new, tupdesc);
}

static void
SetActing(TrackedChange *change, Oid level_of)
{
	change->login = GetSessionUserId();
	change->role = GetUserId();
	change->level_of = level_of;
}

TrackedChange *
ChangeRead(Mapping *mapping, const Ledger *ledger, RowOperation operation,
		   HeapTuple old, HeapTuple new, TupleDesc tupdesc,
		   const char *acting, Oid level_of)
{
	TrackedChange *change = palloc0(sizeof(TrackedChange));
	HeapTuple	row = operation == ROW_DELETE ? old : new;

	CheckDelete(mapping, operation);
	if (!ChangeMatters(mapping, old, new, tupdesc))
		return NULL;
	ChangeSetMapping(change, mapping);
	change->operation = operation;
	change->key = MappingKey(mapping, row, tupdesc);
	change->stable_key = MappingStableKey(mapping, row, tupdesc);
	/* an UPDATE that moves a row to another partition fires triggers as a DELETE and an INSERT */
	change->leaves_partition = operation == ROW_DELETE && change->stable_key &&
		HeapTupleHeaderIndicatesMovedPartitions(old->t_data);
	change->mapped = MappingRow(mapping, row, tupdesc, ledger->zone);
	if (operation == ROW_UPDATE)
		CompareRows(mapping, change, old, tupdesc, ledger->zone);
	if (!EventHappened(mapping, change))
		return NULL;
	SetActing(change, level_of);
	RowSetText(change->mapped, COMMAND_ACTOR,
			   acting ? ActorOfParked(change->mapped, ledger, acting) :
			   ActorOfChange(mapping, change->mapped, ledger));
	return mapping->event != EVENT_BACKED ||
		BackerActs(mapping, change->mapped, change->operation) ? change : NULL;
}

TrackedChange *
ChangeOfPresentTerms(Mapping *mapping, const Ledger *ledger, HeapTuple row, TupleDesc tupdesc)
{
	TrackedChange *change = palloc0(sizeof(TrackedChange));

	ChangeSetMapping(change, mapping);
	change->event = EVENT_AMENDED;
	change->operation = ROW_UPDATE;
	change->compares_all = true;
	change->key = MappingKey(mapping, row, tupdesc);
	change->mapped = MappingRow(mapping, row, tupdesc, ledger->zone);
	return change;
}

void
ChangeSetActor(TrackedChange *change, const Ledger *ledger, const char *acting, Oid level_of)
{
	SetActing(change, level_of);
	RowSetText(change->mapped, COMMAND_ACTOR,
			   acting ? acting : ActorOfChange(change->mapping, change->mapped, ledger));
}

static const TrackedChange *
GetFromArray(const Changes *changes, int nth)
{
	return ((const TrackedChange *const *) changes->from)[nth];
}

Changes
ChangesFromArray(const TrackedChange *const *changes, int count)
{
	Changes		all = {.count = count, .get = GetFromArray, .from = changes};

	for (int i = 0; i < count; i++)
		all.may_fail = all.may_fail || changes[i]->on_error != ON_ERROR_FAIL;
	return all;
}
