/*
 * change_reading.h
 *		Reads the change for which a trigger of track() fires.
 */
#ifndef TRUST_LEDGER_CHANGE_READING_H
#define TRUST_LEDGER_CHANGE_READING_H

#include "tracking/row_change.h"
#include "tracking/row_version.h"

#include "commands/trigger.h"

/*
 * If a trigger that fired before changed the row again, the change is read up to the last
 * version of the row, by all triggers for which that is an event.  The last version may be
 * in another partition.  What such triggers changed was read before, from versions that do
 * not count: that is dropped.
 */
typedef struct Reading
{
	TriggerData *data;
	RowOperation operation;
	HeapTuple	old;			/* NULL for an INSERT; in the trigger's relation */
	HeapTuple	new;			/* NULL for a DELETE; else the last version */
	bool		passing;		/* the trigger fires for a version that is passing */
	LastVersion last;			/* if passing is set */
	Relation	rel;			/* of new */
	ItemPointer departure;		/* the version that triggers moved from the trigger's relation, or
								 * NULL */
	bool		changes_partition;	/* rel is not the trigger's relation */
	ItemPointerData version;	/* that the statement created, or deleted */
	CommandId	command;
	bool		nested;			/* triggers of a statement that changed the row before may have
								 * still to fire */
	Mapping    *mapping;		/* NULL: it could not be read */
	List	   *changes;		/* TrackedChange *; several if passing is set */
	List	   *dropped;		/* pending changes that these replace */
} Reading;

/* Finds the versions of the row. */
extern void ReadingBegin(Reading *reading, TriggerData *data);

/*
 * Reads the change; arg is a Reading.
 * Runs user code.  Errors: those of ChangeRead().
 */
extern void ReadChange(void *arg);

/* Completes a change with what the trigger knows. */
extern void ReadingFinish(const Reading *reading, TrackedChange *change);

/* Adds what was read to the pending changes. */
extern void ReadingAdd(Reading *reading);

/* Closes what ReadingBegin() opened. */
extern void ReadingEnd(const Reading *reading);

#endif
