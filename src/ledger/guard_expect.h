/*
 * guard_expect.h
 *		Announces rows to the guards of the ledger's tables before they are written.
 *
 * Guards are triggers (guard.c) that reject every row that was not announced.
 */
#ifndef TRUST_LEDGER_GUARD_EXPECT_H
#define TRUST_LEDGER_GUARD_EXPECT_H

#include "commands/trigger.h"

#include "common/canonical.h"
#include "base/row.h"

/* What is about to be written: rows of a table, or texts that are erased from an entry. */
typedef enum GuardedTable
{
	GUARDED_NONE,
	GUARDED_ENTRY,
	GUARDED_CHAIN,
	GUARDED_PROMISE,
	GUARDED_SOURCE,
	GUARDED_GOVERNED,			/* ledger, actor, policy, access, tracking */
	GUARDED_COPY,
	GUARDED_ERASURE,
	GUARDED_PARKED
} GuardedTable;

/*
 * An expected row: seq and hash of the entry, or of the entry from which the row is
 * derived.  For GUARDED_PARKED see GuardExpectParked().
 */
typedef struct GuardedRow
{
	int64		seq;
	uint8		hash[HASH_SIZE];
} GuardedRow;

typedef struct Expectation Expectation;

/*
 * Announces the rows that the next statement writes, in this order.  rows must stay
 * valid until GuardExpectEnd().
 */
extern Expectation *GuardExpect(GuardedTable table, const GuardedRow *rows, int count);

/* The same for one row; hash may be NULL if the table has none. */
extern Expectation *GuardExpectOne(GuardedTable table, int64 seq, const uint8 *hash);

/*
 * The same for a row that is rebuilt from entries: it may replace a row with the same
 * or a later seq, and it may be deleted.
 */
extern Expectation *GuardExpectRebuilt(GuardedTable table, int64 seq, const uint8 *hash);

/*
 * The same for a row of trust.parked_change.  operation is TRIGGER_EVENT_INSERT, _DELETE
 * or _UPDATE; it is stored as seq, and the UUID as the start of hash.
 */
extern Expectation *GuardExpectParked(const pg_uuid_t *parked, TriggerEvent operation);

/* Ends the expectation after the statement.  After an error, transaction abort does so. */
extern void GuardExpectEnd(Expectation *expectation);

/*
 * For guards: takes the next expected row.  NULL if no row of that table is expected;
 * then the rest of the current expectation is void.
 */
extern const GuardedRow *GuardNextExpected(GuardedTable table);

/* For guards: whether the next expected row comes from GuardExpectRebuilt(). */
extern bool GuardExpectsRebuilt(GuardedTable table);

/* Whether a write is in progress, that is, the call comes from a trigger that it fired. */
extern bool GuardIsWriting(void);

#endif
