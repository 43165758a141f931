/*
 * guard_expect.c
 *		Announces the rows that the ledger is about to write to the guards of its tables.
 */
#include "postgres.h"

#include "ledger/guard_expect.h"

#include "access/xact.h"
#include "utils/memutils.h"

/* What one write is to bring. */
struct Expectation
{
	GuardedTable table;
	const GuardedRow *rows;		/* the next first */
	int			count;			/* 0: none is to come any more */
	bool		rebuilt;		/* it may replace what says the same seq, and go */
	GuardedRow	one;
	SubTransactionId made_in;
	Expectation *outer;			/* of the write in the middle of which this one is made */
};

/*
 * Of the innermost write that is going on.  A nested call has its own, and leaves
 * that of the outer as it was.  An error takes back those of the savepoint that it
 * ends, and the end of the transaction takes all: until then they stand in its
 * memory.  None is there when a transaction is prepared: that is no write.
 */
static Expectation *expected = NULL;

static void
ForgetAtEnd(XactEvent event pg_attribute_unused(), void *arg pg_attribute_unused())
{
	expected = NULL;
}

/* Savepoints are numbered as they begin, so those within one have higher numbers. */
static void
ForgetAtSubEnd(SubXactEvent event, SubTransactionId mine,
			   SubTransactionId parent pg_attribute_unused(), void *arg pg_attribute_unused())
{
	if (event != SUBXACT_EVENT_ABORT_SUB)
		return;
	while (expected && expected->made_in >= mine)
		GuardDone(expected);
}

static Expectation *
Expect(GuardedTable table)
{
	static bool registered = false; /* of the process, as the callbacks are */
	Expectation *expectation;

	if (!registered)
	{
		RegisterXactCallback(ForgetAtEnd, NULL);
		RegisterSubXactCallback(ForgetAtSubEnd, NULL);
		registered = true;
	}
	/* not in the savepoint's own memory: its first use takes 8 kB, until the transaction ends */
	expectation = MemoryContextAlloc(TopTransactionContext, sizeof(Expectation));
	expectation->table = table;
	expectation->rebuilt = false;
	expectation->made_in = GetCurrentSubTransactionId();
	expectation->outer = expected;
	return expected = expectation;
}

/*
 * The next rows written to that kind of table are these, in this order; they
 * stay where they are until the write is done.  An error takes that back.
 */
Expectation *
GuardExpect(GuardedTable table, const GuardedRow *rows, int count)
{
	Expectation *expectation = Expect(table);

	expectation->rows = rows;
	expectation->count = count;
	return expectation;
}

/* Hash may be NULL where the table has none. */
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

/* A row that is made anew from the entries, or removed because there are none of it. */
Expectation *
GuardExpectRebuilt(GuardedTable table, int64 seq, const uint8 *hash)
{
	Expectation *expectation = GuardExpectOne(table, seq, hash);

	expectation->rebuilt = true;
	return expectation;
}

/* That change is parked, or goes, or is changed: by TRIGGER_EVENT_INSERT, _DELETE or _UPDATE. */
Expectation *
GuardExpectParked(const pg_uuid_t *parked, TriggerEvent operation)
{
	uint8		hash[HASH_SIZE] = {0};

	memcpy(hash, parked->data, UUID_LEN);
	return GuardExpectOne(GUARDED_PARKED, operation, hash);
}

/* Whether the call comes from a trigger that a write of ours fired. */
bool
GuardWriting(void)
{
	return expected != NULL;
}

/* The write is done: what did not come is not to come any more. */
void
GuardDone(Expectation *expectation)
{
	expected = expectation->outer;
	pfree(expectation);
}

/* The row that was to come, once only; NULL where none was, and then none is any more. */
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

/* Whether the row of that table that is to come next is one that is made anew. */
bool
GuardExpectsRebuilt(GuardedTable table)
{
	return expected && expected->table == table && expected->count > 0 && expected->rebuilt;
}
