/*
 * pending_changes.h
 *		Changes of tracked rows, gathered as they happen and written at commit.
 */
#ifndef TRUST_LEDGER_PENDING_CHANGES_H
#define TRUST_LEDGER_PENDING_CHANGES_H

#include "tracking/row_change.h"

extern void PendingChangesAdd(TrackedChange *change);
extern void PendingChangesWrite(void);

#endif
