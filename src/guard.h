/*
 * guard.h
 *		Guards: triggers that let nothing but the one way in write the ledger's tables.
 */
#ifndef TRUST_LEDGER_GUARD_H
#define TRUST_LEDGER_GUARD_H

#include "common/canonical.h"
#include "row.h"

typedef enum GuardedTable
{
	GUARDED_NONE,
	GUARDED_ENTRY,
	GUARDED_CHAIN,
	GUARDED_PROMISE,
	GUARDED_GOVERNED
} GuardedTable;

extern void GuardExpect(GuardedTable table, int64 seq, const uint8 hash[HASH_SIZE]);

#endif
