/*
 * change_batch.h
 *		Locks the chains that changes of tracked rows concern, and writes their events.
 */
#ifndef TRUST_LEDGER_CHANGE_BATCH_H
#define TRUST_LEDGER_CHANGE_BATCH_H

#include "tracking/change_apply.h"

/*
 * Writes the events that follow from the changes.  Errors: those of the functions that
 * write these events; TL006 if chains grow each time they are read.
 */
extern void ChangesApply(const Ledger *ledger, const Changes *changes);

/*
 * Writes events that are planned already, in the order of their customers.  Errors: those
 * of the functions that write these events.
 */
extern void PlannedEventsWrite(const Ledger *ledger, const Changes *changes,
							   PlannedEvent *events, int count);

/* Locks the chains that ChangesApply() would lock, and writes nothing. */
extern void ChangesLock(const Ledger *ledger, const Changes *changes);

#endif
