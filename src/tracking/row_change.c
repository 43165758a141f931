/*
 * row_change.c
 *		The change of a tracked row: what it says, and who made it.
 *
 * Who acts is settled when the row changes, by login, role and act_as(), as for
 * a call at that moment; what is written at commit says the same.
 */
#include "postgres.h"

#include "tracking/row_change.h"

#include "access/htup_details.h"
#include "miscadmin.h"

#include "promise/same.h"
#include "tracking/mapped_row.h"

const char *const row_operation_names[] = {"insert", "update", "delete"};

static uint32
FieldsOf(const Mapping *mapping)
{
	uint32		fields = 0;

	for (int i = 0; i < mapping->field_count; i++)
		fields |= 1 << mapping->fields[i].field;
	return fields;
}

static uint32
Differing(const Row *old, const Row *new, uint32 fields)
{
	uint32		differs = 0;

	for (int i = 0; i < MAPPED_ARGUMENTS; i++)
		if ((fields & (1 << i)) && !RowSame(old, i, new, i))
			differs |= 1 << i;
	return differs;
}

/* A mapping names a machine; people act themselves. */
void
CheckNamesMachine(const Ledger *ledger, const char *named)
{
	if (ActorGet(ledger, named, "actor")->kind != ACTOR_HUMAN)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_TL_IDENTITY),
			 errmsg("\"%s\" is a human, and a trigger cannot act for them", named),
			 errhint("Leave actor out: the application says who acts with trust_ledger.act_as('%s').", named)));
}

/* Who acted when it was parked, which was settled then, unless the mapping could not be read. */
static const char *
ActorOfParked(const Row *mapped, const Ledger *ledger, const char *acting)
{
	if (RowTextIs(mapped, COMMAND_ACTOR, acting))
		CheckNamesMachine(ledger, acting);
	return acting;
}

/*
 * Who acts: whoever the login or the role belongs to, whatever the mapping says;
 * else the machine that it names; else whom act_as() named.
 */
static const char *
ActorOfChange(const Mapping *mapping, const Row *mapped, const Ledger *ledger)
{
	const char *named = RowText(mapped, COMMAND_ACTOR);
	bool		own;
	const char *who = WhoActs(ledger, GetUserId(), &own);

	if (named && !own)
	{
		CheckNamesMachine(ledger, named);
		who = named;
	}
	if (who == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_TL_IDENTITY),
				 errmsg("nobody is acting"),
				 errdetail("Trigger \"%s\" of table %s names no machine, act_as() was not called in this transaction, and the login belongs to no actor.",
						   mapping->trigger_name, mapping->table),
				 errhint("Call trust_ledger.act_as('...') in the same transaction, or give the trigger an argument actor:... that names a machine.")));
	return who;
}

/*
 * Whether the row names as backer whoever acts.  A row that is put in with
 * another name is no backing; one that is given another name would be a backing
 * for somebody else.
 */
static bool
NamesWhoActs(const Mapping *mapping, const Row *mapped, RowOperation operation)
{
	const char *backer = RowText(mapped, COMMAND_BACKER);
	const char *who = RowText(mapped, COMMAND_ACTOR);

	if (!MappingHas(mapping, COMMAND_BACKER) || (backer && strcmp(backer, who) == 0))
		return true;
	if (operation == ROW_INSERT || backer == NULL)
		return false;
	ereport(ERROR,
			(errcode(ERRCODE_TL_IDENTITY),
			 errmsg("\"%s\" acts, and the row names \"%s\" as the backer", who, backer),
			 errdetail("Nobody stands behind a promise by being named by somebody else."),
			 errhint("Let \"%s\" act: trust_ledger.act_as('%s'), or their own login.", backer, backer)));
}

/* Whether what the trigger stands for happened at all. */
static bool
Happened(const Mapping *mapping, const TrackedChange *change, HeapTuple old, HeapTuple new, TupleDesc tupdesc)
{
	if (mapping->event == EVENT_BACKED)
		return (change->operation != ROW_UPDATE || MappingWatchedChanged(mapping, old, new, tupdesc)) &&
			NamesWhoActs(mapping, change->mapped, change->operation);
	if (mapping->event == EVENT_AMENDED && change->operation == ROW_UPDATE)
		return change->moved || change->old_key || (change->differs & AMENDED_ARGUMENTS) != 0;
	return true;
}

static void
CheckDelete(const Mapping *mapping, RowOperation operation)
{
	if (operation != ROW_DELETE || mapping->event == EVENT_MADE || mapping->event == EVENT_NOTED ||
		mapping->event == EVENT_WITHDRAWN)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("deleting a row is not the event \"%s\"", event_names[mapping->event]),
			 errdetail("Deleting must not be a way out: the promise stays, with a note, or is withdrawn."),
			 errhint("Make the trigger AFTER DELETE with the event noted or withdrawn.")));
}

static void
CompareRows(const Mapping *mapping, TrackedChange *change, HeapTuple old, TupleDesc tupdesc, pg_tz *zone)
{
	Row		   *before = MappingRow(mapping, old, tupdesc, zone);
	char	   *old_key = MappingKey(mapping, old, tupdesc);

	change->differs = Differing(before, change->mapped, change->has);
	change->moved = (change->differs & (1 << COMMAND_CUSTOMER)) != 0;
	if (strcmp(old_key, change->key) != 0)
		change->old_key = old_key;
}

/* What all changes have in common that this mapping reads. */
void
ChangeNames(TrackedChange *change, Mapping *mapping)
{
	change->mapping = mapping;
	change->table = mapping->table;
	change->trigger_name = mapping->trigger_name;
	change->source = mapping->source;
	change->name = mapping->promise;
	change->event = mapping->event;
	change->on_error = mapping->on_error;
	change->withdraws = mapping->withdraws || mapping->event == EVENT_WITHDRAWN;
	change->has = FieldsOf(mapping);
	change->level_of = mapping->owner;
}

/*
 * What the change says; NULL where it says nothing.
 * acting: who acted where that was settled before; NULL: to be settled now.
 */
TrackedChange *
ChangeOf(Mapping *mapping, const Ledger *ledger, RowOperation operation,
		 HeapTuple old, HeapTuple new, TupleDesc tupdesc,
		 const char *acting, Oid level_of)
{
	TrackedChange *change = palloc0(sizeof(TrackedChange));
	HeapTuple	row = operation == ROW_DELETE ? old : new;

	CheckDelete(mapping, operation);
	ChangeNames(change, mapping);
	change->operation = operation;
	change->key = MappingKey(mapping, row, tupdesc);
	change->lasting_key = MappingLastingKey(mapping, row, tupdesc);
	/* an UPDATE that takes a row to another partition fires as DELETE there and INSERT here */
	change->leaves = operation == ROW_DELETE && change->lasting_key && HeapTupleHeaderIndicatesMovedPartitions(old->t_data);
	change->mapped = MappingRow(mapping, row, tupdesc, ledger->zone);
	if (operation == ROW_UPDATE)
		CompareRows(mapping, change, old, tupdesc, ledger->zone);
	change->login = GetSessionUserId();
	change->role = GetUserId();
	change->level_of = level_of;
	RowSetText(change->mapped, COMMAND_ACTOR,
			   acting ? ActorOfParked(change->mapped, ledger, acting) : ActorOfChange(mapping, change->mapped, ledger));
	return Happened(mapping, change, old, new, tupdesc) ? change : NULL;
}

/* ---- several ---- */

static const TrackedChange *
GetOfArray(const Changes *changes, int nth)
{
	return ((const TrackedChange *const *) changes->from)[nth];
}

/* The array stays the caller's. */
Changes
ChangesOfArray(const TrackedChange *const *changes, int count)
{
	Changes		all = {.count = count, .get = GetOfArray, .from = changes};

	for (int i = 0; i < count; i++)
		all.may_fail = all.may_fail || changes[i]->on_error != ON_ERROR_FAIL;
	return all;
}
