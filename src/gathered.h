/*
 * gathered.h
 *		Changes of tracked rows, gathered as they happen and written at commit.
 */
#ifndef TRUST_LEDGER_GATHERED_H
#define TRUST_LEDGER_GATHERED_H

#include "change.h"

extern void GatheredAdd(TrackedChange *change);
extern void GatheredWrite(void);

#endif
