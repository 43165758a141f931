/*
 * gathered.h
 *		Changes of tracked rows, gathered as they happen and written at commit.
 */
#ifndef TRUST_LEDGER_GATHERED_H
#define TRUST_LEDGER_GATHERED_H

#include "change.h"

/* What becomes of a change that cannot be written, where it may be left out. */
typedef void (*Refused) (const Ledger *ledger, const TrackedChange *change, const ErrorData *error);

extern void ChangesWrite(const Ledger *ledger, TrackedChange **changes, int count, Refused refused);
extern MemoryContext GatheredContext(void);
extern void GatheredAdd(TrackedChange *change);
extern void GatheredWrite(void);

#endif
