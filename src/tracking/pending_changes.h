/*
 * pending_changes.h
 *		Collects changes of tracked rows during a transaction, and writes them at commit.
 */
#ifndef TRUST_LEDGER_PENDING_CHANGES_H
#define TRUST_LEDGER_PENDING_CHANGES_H

#include "tracking/row_change.h"

/*
 * Adds a copy of the change.  If it is the INSERT of an UPDATE that moved a row to
 * another partition, sets its old_key and old_row.
 */
extern void PendingChangesAdd(TrackedChange *change);

/*
 * Writes all changes collected so far, as at commit.  Parks those with ON_ERROR_PARK that
 * fail.  Errors: those of ChangesWrite().
 */
extern void PendingChangesWrite(void);

#endif
