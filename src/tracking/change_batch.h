/*
 * change_batch.h
 *		Locks the chains that changes of tracked rows concern, and writes their events.
 */
#ifndef TRUST_LEDGER_CHANGE_BATCH_H
#define TRUST_LEDGER_CHANGE_BATCH_H

#include "tracking/row_change.h"

/*
 * Writes the events that follow from the changes.  Errors: those of the functions that
 * write these events; TL006 if chains grow each time they are read.
 */
extern void ChangesApply(const Ledger *ledger, const Changes *changes);

/* Locks the chains that ChangesApply() would lock, and writes nothing. */
extern void ChangesLock(const Ledger *ledger, const Changes *changes);

#endif
