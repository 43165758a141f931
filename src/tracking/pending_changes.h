/*
 * pending_changes.h
 *		Collects changes of tracked rows during a transaction, and writes them at commit.
 */
#ifndef TRUST_LEDGER_PENDING_CHANGES_H
#define TRUST_LEDGER_PENDING_CHANGES_H

#include "tracking/row_change.h"

/*
 * Adds a copy of the change, and returns its place.  If it is the INSERT of an UPDATE that
 * moved a row to another partition, sets its old_key and old_row.
 */
extern int64 PendingChangesAdd(TrackedChange *change);

/*
 * Returns the change of that place and command, in the current memory context; NULL if it
 * is written, was dropped or is rolled back.
 */
extern TrackedChange *PendingChangesGet(int64 place, CommandId command);

/* Drops the change, which PendingChangesGet() returned for that place. */
extern void PendingChangesDrop(TrackedChange *change, int64 place);

/* Whether there are changes that are not written. */
extern bool PendingChangesExist(void);

/*
 * Writes all changes collected so far, as at commit, in the order of the commands that made
 * them.  Parks those with ON_ERROR_PARK that
 * fail.  Errors: those of ChangesWrite().
 */
extern void PendingChangesWrite(void);

#endif
