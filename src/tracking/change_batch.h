/*
 * change_batch.h
 *		Changes of tracked rows, written together.
 */
#ifndef TRUST_LEDGER_CHANGE_BATCH_H
#define TRUST_LEDGER_CHANGE_BATCH_H

#include "tracking/row_change.h"

extern void ChangesApply(const Ledger *ledger, const Changes *changes);
extern void ChangesLock(const Ledger *ledger, const Changes *changes);

#endif
