/*
 * change_reading.c
 *		Reads the change for which a trigger of track() fires.
 */
#include "postgres.h"

#include "tracking/change_reading.h"

#include "access/table.h"
#include "catalog/pg_trigger.h"
#include "commands/trigger.h"

#include "governance/caller.h"
#include "tracking/mapped_row.h"
#include "tracking/mapping_cache.h"
#include "tracking/nested_change.h"
#include "tracking/parked_row.h"
#include "tracking/pending_changes.h"
#include "tracking/trigger_condition.h"

/* A pending change that another one replaces. */
typedef struct Dropped
{
	int64		place;
	TrackedChange *change;
}			Dropped;

static RowOperation
OperationOf(const TriggerData *data)
{
	return TRIGGER_FIRED_BY_INSERT(data->tg_event) ? ROW_INSERT :
		TRIGGER_FIRED_BY_UPDATE(data->tg_event) ? ROW_UPDATE : ROW_DELETE;
}

static HeapTuple
OldRow(const TriggerData *data)
{
	return TRIGGER_FIRED_BY_INSERT(data->tg_event) ? NULL : data->tg_trigtuple;
}

static HeapTuple
NewRow(const TriggerData *data)
{
	return TRIGGER_FIRED_BY_INSERT(data->tg_event) ? data->tg_trigtuple :
		TRIGGER_FIRED_BY_UPDATE(data->tg_event) ? data->tg_newtuple : NULL;
}

/* ---- following the row ---- */

/*
 * Collects the pending changes that were made from this passing version.  Returns the one
 * that inserted the row into another partition, if it moved there; else NULL.
 */
static const NestedChange *
CollectChangesFrom(Reading *reading, Oid relid, const ItemPointerData *version)
{
	const		NestedChange *arrival = NULL;
	ListCell   *cell;

	foreach(cell, NestedChangesFrom(relid, version))
	{
		const		NestedChange *nested = lfirst(cell);
		TrackedChange *was = nested->place < 0 ? NULL :
			PendingChangesGet(nested->place, nested->command);
		Dropped    *dropped;

		if (was == NULL || was->unreadable)
			continue;
		/* a dropped one was replaced, but tells where the row moved */
		if (OidIsValid(nested->arrived_in))
			arrival = nested;
		if (was->dropped)
			continue;
		dropped = palloc(sizeof(Dropped));
		*dropped = (Dropped) {nested->place, was};
		reading->dropped = lappend(reading->dropped, dropped);
	}
	return arrival;
}

void
ReadingEnd(const Reading *reading)
{
	if (reading->rel != reading->data->tg_relation)
		table_close(reading->rel, NoLock);
}

/* Follows the row from this version within the relation, and to other partitions. */
static void
FollowRow(Reading *reading, HeapTuple version)
{
	for (;;)
	{
		Oid			relid = RelationGetRelid(reading->rel);
		const		NestedChange *arrival = NULL;
		ListCell   *cell;

		RowVersionLast(reading->rel, version, &reading->last);
		foreach(cell, reading->last.passing)
			arrival = CollectChangesFrom(reading, relid, lfirst(cell));
		if (!reading->last.moved || arrival == NULL)
			break;
		if (reading->departure == NULL)
			reading->departure = llast(reading->last.passing);
		ReadingEnd(reading);
		reading->rel = arrival->arrived_in == RelationGetRelid(reading->data->tg_relation) ?
			reading->data->tg_relation : table_open(arrival->arrived_in, AccessShareLock);
		version = RowVersionAt(reading->rel, &arrival->arrived);
	}
	reading->new = reading->last.tuple;
	reading->changes_partition = reading->rel != reading->data->tg_relation;
}

/*
 * Versions that a later statement replaced do count, so that a deferrable trigger, which
 * may fire after it, takes no version for passing.
 */
void
ReadingBegin(Reading *reading, TriggerData *data)
{
	Relation	rel = data->tg_relation;
	HeapTuple	old = OldRow(data);
	HeapTuple	new = NewRow(data);

	memset(reading, 0, sizeof(Reading));
	reading->data = data;
	reading->rel = rel;
	reading->operation = OperationOf(data);
	reading->old = old;
	reading->new = new;
	reading->version = new ? new->t_self : old->t_self;
	reading->command = RowVersionCommand(rel, old, new);
	reading->passing = new && !data->tg_trigger->tgdeferrable && RowVersionIsPassing(rel, new);
	if (reading->passing)
		FollowRow(reading, new);
	NestedChangesForget(reading->command);
	reading->nested = old && RowVersionIsOurs(rel, old) && ChangeIsNested();
}

void
ReadingFinish(const Reading *reading, TrackedChange *change)
{
	change->command = reading->command;
	change->version = reading->version;
	if (change->on_error == ON_ERROR_PARK || change->leaves_partition)
	{
		change->old_row = RowAsJson(reading->old, RelationGetDescr(reading->data->tg_relation));
		change->new_row = change->operation == ROW_DELETE ? (Datum) 0 :
			RowAsJson(reading->new, RelationGetDescr(reading->rel));
	}
}

/* An UPDATE of a row that is in another partition in the end is read as it arrives there. */
static RowOperation
ReadAs(const Reading *reading)
{
	return reading->changes_partition ? ROW_INSERT : reading->operation;
}

static HeapTuple
ReadFrom(const Reading *reading)
{
	return reading->changes_partition ? NULL : reading->old;
}

/* The key of the row before the statement; NULL for an INSERT. */
static char *
KeyBefore(const Reading *reading)
{
	return reading->old == NULL ? NULL :
		MappingKey(reading->mapping, reading->old, RelationGetDescr(reading->data->tg_relation));
}

/*
 * For the INSERT of a row that moves to another partition: what the statement, not its
 * triggers, left of the key.
 */
static List *
StableKey(const Reading *reading)
{
	return reading->operation != ROW_INSERT ? NIL :
		MappingStableKey(reading->mapping, reading->data->tg_trigtuple,
						 RelationGetDescr(reading->data->tg_relation));
}

/* The change of the row by one of its triggers; NULL if it is not the trigger's event. */
static TrackedChange *
ReadBy(const Reading *reading, Mapping *mapping)
{
	TrackedChange *change = ChangeRead(mapping, LedgerOpen(), ReadAs(reading), ReadFrom(reading),
									   reading->new, RelationGetDescr(reading->rel),
									   NULL, mapping->owner);

	if (change == NULL)
		return NULL;
	if (reading->passing)
		change->stable_key = StableKey(reading);
	if (reading->changes_partition)
		change->old_key = KeyBefore(reading);
	ReadingFinish(reading, change);
	return change;
}

/* ---- a version that is passing ---- */

static bool
IsEnabled(const Trigger *trigger)
{
	return trigger->tgenabled == TRIGGER_FIRES_ALWAYS ||
		trigger->tgenabled == (SessionReplicationRole == SESSION_REPLICATION_ROLE_REPLICA ?
							   TRIGGER_FIRES_ON_REPLICA : TRIGGER_FIRES_ON_ORIGIN);
}

/* Whether a trigger UPDATE OF columns would fire; the statement may have set them, too. */
static bool
WatchesChange(const Reading *reading, const Trigger *trigger)
{
	if (trigger->tgoid == reading->data->tg_trigger->tgoid || trigger->tgnattr == 0)
		return true;
	return ColumnsChanged(trigger->tgattr, trigger->tgnattr, reading->old, reading->new,
						  RelationGetDescr(reading->rel));
}

/* Whether the trigger fires for the change up to the last version of the row. */
static bool
Fires(const Reading *reading, const Trigger *trigger)
{
	if (trigger->tgfoid != reading->data->tg_trigger->tgfoid || trigger->tgdeferrable ||
		!TRIGGER_FOR_ROW(trigger->tgtype) || !IsEnabled(trigger))
		return false;
	return (ReadAs(reading) == ROW_INSERT ? TRIGGER_FOR_INSERT(trigger->tgtype) :
			TRIGGER_FOR_UPDATE(trigger->tgtype) && WatchesChange(reading, trigger)) &&
		TriggerConditionHolds(reading->rel, trigger, ReadFrom(reading), reading->new);
}

/*
 * Reads the change by all triggers of the table, since others may fire for it than did.
 * Conditions are user code, during which the relation cache may replace its triggers.
 */
static void
ReadByAll(Reading *reading)
{
	Relation	rel = reading->rel;
	const		TriggerDesc *triggers = CopyTriggerDesc(rel->trigdesc);

	for (int i = 0; i < triggers->numtriggers; i++)
	{
		const Trigger *trigger = &triggers->triggers[i];
		TrackedChange *change;

		if (!Fires(reading, trigger))
			continue;
		change = ReadBy(reading, MappingOfTrigger(rel, trigger));
		if (change)
			reading->changes = lappend(reading->changes, change);
	}
}

/*
 * If the row is deleted, or moved to a partition that is not tracked, it is the version
 * before the passing ones that was.
 */
static void
ReadDeletion(Reading *reading, const TrackedChange *was)
{
	TrackedChange *now = palloc(sizeof(TrackedChange));

	*now = *was;
	now->arrival_seen = false;
	if (reading->old)
		now->key = KeyBefore(reading);
	else
		now->stable_key = StableKey(reading);
	ReadingFinish(reading, now);
	reading->changes = lappend(reading->changes, now);
}

/* Whether what was read is about the same promise of the row. */
static bool
PromiseIsRead(const Reading *reading, const char *name)
{
	ListCell   *cell;

	foreach(cell, reading->changes)
	{
		if (strcmp(((const TrackedChange *) lfirst(cell))->name, name) == 0)
			return true;
	}
	return false;
}

/*
 * Whether the DELETE is what became of the row: in the end there is none.  No trigger may
 * see it in the partition to which it moved; then it is the first move that counts.
 */
static bool
IsLastOf(const Reading *reading, const TrackedChange *was)
{
	if (reading->last.moved || reading->last.deleted)
		return !was->arrival_seen;
	return reading->changes_partition &&
		was->mapping->relid == RelationGetRelid(reading->data->tg_relation) &&
		ItemPointerEquals(unconstify(ItemPointerData *, &was->version), reading->departure) &&
		!PromiseIsRead(reading, was->name);
}

/* Whether another trigger of the same statement has read the change. */
static bool
IsReadAlready(const Reading *reading)
{
	ListCell   *cell;

	foreach(cell, NestedChangesFrom(RelationGetRelid(reading->data->tg_relation),
									&reading->version))
	{
		const		NestedChange *nested = lfirst(cell);

		if (nested->place < 0 && nested->command == reading->command)
			return true;
	}
	return false;
}

static void
ReadPassing(Reading *reading)
{
	ListCell   *cell;

	if (IsReadAlready(reading))
	{
		reading->dropped = NIL;
		return;
	}
	if (!reading->last.moved && !reading->last.deleted)
		ReadByAll(reading);
	foreach(cell, reading->dropped)
	{
		const TrackedChange *was = ((const Dropped *) lfirst(cell))->change;

		if (was->operation == ROW_DELETE && IsLastOf(reading, was))
			ReadDeletion(reading, was);
	}
}

void
ReadChange(void *arg)
{
	Reading    *reading = arg;
	TrackedChange *change;

	if (reading->passing)
	{
		ReadPassing(reading);
		return;
	}
	change = ReadBy(reading, reading->mapping);
	if (change)
		reading->changes = list_make1(change);
}

/* ---- adding ---- */

/*
 * Whether the row had been changed by a statement whose triggers may have still to fire,
 * before it moved here from another partition.
 */
static bool
DepartureIsNested(const TrackedChange *departed)
{
	ListCell   *cell;

	foreach(cell, NestedChangesFrom(departed->mapping->relid, &departed->version))
	{
		if (((const NestedChange *) lfirst(cell))->command == departed->command)
			return true;
	}
	return false;
}

/*
 * Completes a change that was read for an INSERT, if that is of a row that moves here from
 * another partition.  False if the change is nothing: the new row is gone already.
 */
static bool
CompleteInserted(TrackedChange *change)
{
	PendingChangesFindDeparture(change);
	if (change->operation != ROW_DELETE)
		return true;
	if (change->departed == NULL)
		return false;
	change->key = change->old_key;
	change->old_key = NULL;
	return true;
}

/* Adds a change, and remembers it if it is nested. */
static void
AddOne(Reading *reading, TrackedChange *change)
{
	Oid			relid = RelationGetRelid(reading->data->tg_relation);
	const TrackedChange *departed = change->departed;
	NestedChange added = {.place = PendingChangesAdd(change), .command = change->command};

	if (departed && DepartureIsNested(departed))
	{
		reading->nested = true;
		added.arrived_in = relid;
		added.arrived = reading->version;
		NestedChangeAdd(departed->mapping->relid, &departed->version, added);
	}
	else if (reading->nested)
		NestedChangeAdd(relid, &reading->old->t_self, added);
}

void
ReadingAdd(Reading *reading)
{
	ListCell   *cell;

	foreach(cell, reading->dropped)
	{
		const		Dropped *dropped = lfirst(cell);

		PendingChangesDrop(dropped->change, dropped->place);
	}
	if (reading->passing)
		NestedChangeAdd(RelationGetRelid(reading->data->tg_relation), &reading->version,
						(NestedChange) {.place = -1, .command = reading->command});
	foreach(cell, reading->changes)
	{
		TrackedChange *change = lfirst(cell);

		if (reading->operation != ROW_INSERT || CompleteInserted(change))
			AddOne(reading, change);
	}
}
