/*
 * guard_expect.c
 *		Announces rows to the guards of the ledger's tables before they are written.
 *
 * A guard accepts an announced row once.  There is no flag that allows all writes, which
 * a user's trigger could exploit.
 */
#include "postgres.h"

#include "ledger/guard_expect.h"

#include "access/xact.h"
#include "utils/memutils.h"

/* The rows that one statement is expected to write. */
struct Expectation
{
	GuardedTable table;
	const GuardedRow *rows;		/* the next one first */
	int			count;			/* number of rows left */
	bool		rebuilt;		/* by GuardExpectRebuilt() */
	GuardedRow	one;			/* space for a single row */
	SubTransactionId made_in;
	Expectation *outer;			/* that of the statement during which this one began */
};

/*
 * The expectation of the innermost statement in progress.  A nested call pushes its own
 * one.  Subtransaction abort removes those that began in it, and the end of the
 * transaction all of them; they are allocated in TopTransactionContext.
 */
static Expectation *expected = NULL;

static void
ForgetAtEnd(XactEvent event pg_attribute_unused(), void *arg pg_attribute_unused())
{
	expected = NULL;
}

/* Nested subtransactions have higher numbers. */
static void
ForgetAtSubEnd(SubXactEvent event, SubTransactionId mine,
			   SubTransactionId parent pg_attribute_unused(), void *arg pg_attribute_unused())
{
	if (event != SUBXACT_EVENT_ABORT_SUB)
		return;
	while (expected && expected->made_in >= mine)
		GuardExpectEnd(expected);
}

static Expectation *
Expect(GuardedTable table)
{
	static bool registered = false;
	Expectation *expectation;

	if (!registered)
	{
		RegisterXactCallback(ForgetAtEnd, NULL);
		RegisterSubXactCallback(ForgetAtSubEnd, NULL);
		registered = true;
	}
	/* CurTransactionContext would take 8 kB per subtransaction until the transaction ends */
	expectation = MemoryContextAlloc(TopTransactionContext, sizeof(Expectation));
	expectation->table = table;
	expectation->rebuilt = false;
	expectation->made_in = GetCurrentSubTransactionId();
	expectation->outer = expected;
	return expected = expectation;
}

Expectation *
GuardExpect(GuardedTable table, const GuardedRow *rows, int count)
{
	Expectation *expectation = Expect(table);

	expectation->rows = rows;
	expectation->count = count;
	return expectation;
}

Expectation *
GuardExpectOne(GuardedTable table, int64 seq, const uint8 *hash)
{
	Expectation *expectation = Expect(table);

	expectation->one.seq = seq;
	if (hash)
		memcpy(expectation->one.hash, hash, HASH_SIZE);
	expectation->rows = &expectation->one;
	expectation->count = 1;
	return expectation;
}

Expectation *
GuardExpectRebuilt(GuardedTable table, int64 seq, const uint8 *hash)
{
	Expectation *expectation = GuardExpectOne(table, seq, hash);

	expectation->rebuilt = true;
	return expectation;
}

Expectation *
GuardExpectParked(const pg_uuid_t *parked, TriggerEvent operation)
{
	uint8		hash[HASH_SIZE] = {0};

	memcpy(hash, parked->data, UUID_LEN);
	return GuardExpectOne(GUARDED_PARKED, operation, hash);
}

bool
GuardIsWriting(void)
{
	return expected != NULL;
}

void
GuardExpectEnd(Expectation *expectation)
{
	expected = expectation->outer;
	pfree(expectation);
}

const GuardedRow *
GuardNextExpected(GuardedTable table)
{
	if (expected == NULL)
		return NULL;
	if (expected->table != table || expected->count == 0)
	{
		expected->count = 0;
		return NULL;
	}
	expected->count--;
	return expected->rows++;
}

bool
GuardExpectsRebuilt(GuardedTable table)
{
	return expected && expected->table == table && expected->count > 0 && expected->rebuilt;
}
