/*
 * change_write.h
 *		Writing changes of tracked rows, and what cannot be written.
 */
#ifndef TRUST_LEDGER_CHANGE_WRITE_H
#define TRUST_LEDGER_CHANGE_WRITE_H

#include "tracking/row_change.h"

/* What becomes of a change that cannot be written, where it may be left out. */
typedef void (*Refused) (const Ledger *ledger, const TrackedChange *change, const Refusal *refusal, void *arg);

extern void ChangesWrite(const Ledger *ledger, const Changes *changes, Refused refused, void *arg);

#endif
