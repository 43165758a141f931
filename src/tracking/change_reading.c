/*
 * change_reading.c
 *		Reads the change for which a trigger of track() fires.
 */
#include "postgres.h"

#include "tracking/change_reading.h"

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
	reading->operation = OperationOf(data);
	reading->old = old;
	reading->new = new;
	reading->version = new ? new->t_self : old->t_self;
	reading->command = RowVersionCommand(rel, old, new);
	reading->passing = new && !data->tg_trigger->tgdeferrable && RowVersionIsPassing(rel, new);
	if (reading->passing)
	{
		RowVersionLast(rel, new, &reading->last);
		reading->new = reading->last.tuple;
	}
	NestedChangesForget(reading->command);
	reading->nested = old && RowVersionIsOurs(rel, old) && ChangeIsNested();
}

void
ReadingFinish(const Reading *reading, TrackedChange *change)
{
	TupleDesc	tupdesc = RelationGetDescr(reading->data->tg_relation);

	change->command = reading->command;
	change->version = reading->version;
	if (change->on_error == ON_ERROR_PARK || change->leaves_partition)
	{
		change->old_row = RowAsJson(reading->old, tupdesc);
		change->new_row = RowAsJson(change->operation == ROW_DELETE ? NULL : reading->new, tupdesc);
	}
}

/* The change of the row by one of its triggers; NULL if it is not the trigger's event. */
static TrackedChange *
ReadBy(const Reading *reading, Mapping *mapping)
{
	TrackedChange *change = ChangeRead(mapping, LedgerOpen(), reading->operation, reading->old,
									   reading->new, RelationGetDescr(reading->data->tg_relation),
									   NULL, mapping->owner);

	if (change)
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
						  RelationGetDescr(reading->data->tg_relation));
}

/* Whether the trigger fires for the change up to the last version of the row. */
static bool
Fires(const Reading *reading, const Trigger *trigger)
{
	if (trigger->tgfoid != reading->data->tg_trigger->tgfoid || trigger->tgdeferrable ||
		!TRIGGER_FOR_ROW(trigger->tgtype) || !IsEnabled(trigger))
		return false;
	return (reading->operation == ROW_INSERT ? TRIGGER_FOR_INSERT(trigger->tgtype) :
			TRIGGER_FOR_UPDATE(trigger->tgtype) && WatchesChange(reading, trigger)) &&
		TriggerConditionHolds(reading->data->tg_relation, trigger, reading->old, reading->new);
}

/*
 * Reads the change by all triggers of the table, since others may fire for it than did.
 * Conditions are user code, during which the relation cache may replace its triggers.
 */
static void
ReadByAll(Reading *reading)
{
	Relation	rel = reading->data->tg_relation;
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

/* If the row is deleted, it is the version before the passing one that was. */
static void
ReadDeletion(Reading *reading, const TrackedChange *was)
{
	TrackedChange *now;

	if (reading->old == NULL)
		return;
	now = ChangeRead(was->mapping, LedgerOpen(), ROW_DELETE, reading->old, NULL,
					 RelationGetDescr(reading->data->tg_relation),
					 RowText(was->mapped, COMMAND_ACTOR), was->level_of);
	now->login = was->login;
	now->role = was->role;
	ReadingFinish(reading, now);
	reading->changes = lappend(reading->changes, now);
}

/* If the row moved to another partition, it is followed there by its key. */
static void
ReadMove(Reading *reading)
{
	TrackedChange *change = reading->old == NULL ? NULL :
		ChangeReadKey(reading->mapping, LedgerOpen(), reading->old, reading->new,
					  RelationGetDescr(reading->data->tg_relation));

	if (change == NULL)
		return;
	ReadingFinish(reading, change);
	reading->changes = list_make1(change);
}

/* Drops the changes that were made from this passing version. */
static void
DropChangesFrom(Reading *reading, const ItemPointerData *version)
{
	ListCell   *cell;

	foreach(cell, NestedChangesFrom(RelationGetRelid(reading->data->tg_relation), version))
	{
		const		NestedChange *nested = lfirst(cell);
		TrackedChange *was = nested->place < 0 ? NULL :
			PendingChangesGet(nested->place, nested->command);
		Dropped    *dropped;

		if (was == NULL || was->unreadable || was->leaves_partition)
			continue;
		dropped = palloc(sizeof(Dropped));
		*dropped = (Dropped) {nested->place, was};
		reading->dropped = lappend(reading->dropped, dropped);
		if (was->operation == ROW_DELETE)
			ReadDeletion(reading, was);
	}
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
		return;
	if (reading->last.moved)
		ReadMove(reading);
	else if (!reading->last.deleted)
		ReadByAll(reading);
	foreach(cell, reading->last.passing)
		DropChangesFrom(reading, lfirst(cell));
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

void
ReadingAdd(const Reading *reading)
{
	Oid			relid = RelationGetRelid(reading->data->tg_relation);
	ListCell   *cell;

	foreach(cell, reading->dropped)
	{
		const		Dropped *dropped = lfirst(cell);

		PendingChangesDrop(dropped->change, dropped->place);
	}
	if (reading->passing)
		NestedChangeAdd(relid, &reading->version, (NestedChange) {-1, reading->command});
	foreach(cell, reading->changes)
	{
		TrackedChange *change = lfirst(cell);
		NestedChange added = {PendingChangesAdd(change), change->command};

		if (reading->nested)
			NestedChangeAdd(relid, &reading->old->t_self, added);
	}
}
