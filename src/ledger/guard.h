/*
 * guard.h
 *		Guards: triggers that let nothing but the one way in write the ledger's tables.
 */
#ifndef TRUST_LEDGER_GUARD_H
#define TRUST_LEDGER_GUARD_H

#include "commands/trigger.h"

#include "common/canonical.h"
#include "base/row.h"

typedef enum GuardedTable
{
	GUARDED_NONE,
	GUARDED_ENTRY,
	GUARDED_CHAIN,
	GUARDED_PROMISE,
	GUARDED_SOURCE,
	GUARDED_GOVERNED,
	GUARDED_COPY,
	GUARDED_ERASURE,			/* texts that an entry loses */
	GUARDED_PARKED
} GuardedTable;

/* A row that is to come: the entry it is or follows from, and that entry's hash. */
typedef struct GuardedRow
{
	int64		seq;
	uint8		hash[HASH_SIZE];
} GuardedRow;

typedef struct Expectation Expectation;

extern Expectation *GuardExpect(GuardedTable table, const GuardedRow *rows, int count);
extern Expectation *GuardExpectOne(GuardedTable table, int64 seq, const uint8 *hash);
extern Expectation *GuardExpectRebuilt(GuardedTable table, int64 seq, const uint8 *hash);
extern Expectation *GuardExpectParked(const pg_uuid_t *parked, TriggerEvent operation);
extern void GuardDone(Expectation *expectation);
extern bool GuardWriting(void);

#endif
