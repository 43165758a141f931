/*
 * pending_changes.h
 *		Collects changes of tracked rows during a transaction, and writes them at commit.
 */
#ifndef TRUST_LEDGER_PENDING_CHANGES_H
#define TRUST_LEDGER_PENDING_CHANGES_H

#include "tracking/row_change.h"

/*
 * If the change is of a row that its command moved here from another partition, sets its
 * departed, old_key and old_row.
 */
extern void PendingChangesFindDeparture(TrackedChange *change);

/* Adds a copy of the change, and returns its place. */
extern int64 PendingChangesAdd(TrackedChange *change);

/*
 * Returns the change of that place and command, in the current memory context; NULL if it
 * is written or rolled back.  It may have been dropped.
 */
extern TrackedChange *PendingChangesGet(int64 place, CommandId command);

/* Drops the change, which PendingChangesGet() returned for that place. */
extern void PendingChangesDrop(TrackedChange *change, int64 place);

/*
 * Whether the DELETE of a row that moves to another partition is pending, and its INSERT may
 * follow: by this command, or, if the change is nested, by an earlier one.
 */
extern bool PendingChangesAwaitArrival(CommandId command, bool nested);

/* Whether there are changes that are not written. */
extern bool PendingChangesExist(void);

/*
 * Writes all changes collected so far, as at commit, in the order of the commands that made
 * them.  Parks those with ON_ERROR_PARK that
 * fail.  Errors: those of ChangesWrite().
 */
extern void PendingChangesWrite(void);

#endif
