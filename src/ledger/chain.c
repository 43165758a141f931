/*
 * chain.c
 *		The one way in: appending entries to a customer's chain.
 *
 * The chain's row is locked by a statement of its own before anything else is
 * read; so what is read afterwards is what the last writer left.  Its head
 * moves once, however many entries are appended.
 */
#include "postgres.h"

#include "ledger/chain.h"

#include "access/htup_details.h"
#include "funcapi.h"
#include "catalog/pg_type_d.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

#include "base/duration.h"
#include "base/limit.h"
#include "base/row_insert.h"
#include "base/statement.h"
#include "ledger/copy.h"
#include "ledger/guard.h"

static Statement lock_chain = STATEMENT(
	"SELECT length, head, recorded_at FROM trust.chain WHERE customer OPERATOR(pg_catalog.=) $1 FOR UPDATE",
	TEXTOID);

static Statement start_chain = STATEMENT(
	"INSERT INTO trust.chain (customer, length, head) VALUES ($1, 0, $2) ON CONFLICT DO NOTHING",
	TEXTOID, BYTEAOID);

static Statement move_head = STATEMENT(
	"UPDATE trust.chain SET length = $2, head = $3, recorded_at = $4 WHERE customer OPERATOR(pg_catalog.=) $1",
	TEXTOID, INT8OID, BYTEAOID, TIMESTAMPTZOID);

/* The score goes in by its parts: a kept plan must not hold on to a type that may be made anew. */
static Statement move_head_and_score = STATEMENT(
	"UPDATE trust.chain SET length = $2, head = $3, recorded_at = $4, score = trust_ledger.trust_score($5, $6, $7, $8)"
	" WHERE customer OPERATOR(pg_catalog.=) $1",
	TEXTOID, INT8OID, BYTEAOID, TIMESTAMPTZOID, FLOAT8OID, FLOAT8OID, TIMESTAMPTZOID, INTERVALOID);

static Statement find_unfinished = STATEMENT(
	"SELECT 1 FROM trust.entry WHERE customer OPERATOR(pg_catalog.=) $1 AND seq OPERATOR(pg_catalog.>) $2 LIMIT 1",
	TEXTOID, INT8OID);

static Statement find_request = STATEMENT(
	"SELECT promise, seq, state, recorded_at, hash, request, request_salt FROM trust.entry"
	" WHERE customer OPERATOR(pg_catalog.=) $1 AND idempotency_key OPERATOR(pg_catalog.=) $2",
	TEXTOID, TEXTOID);

static Inserter insert_entry = {.shape = &entry_shape};

/* The lock's row: false where the customer has no chain yet. */
static bool
LockRow(Chain *chain)
{
	Datum		customer = PointerGetDatum(chain->customer);
	bytea	   *head;
	Datum		recorded_at;
	bool		isnull;

	if (StatementWrite(&lock_chain, &customer, NULL) == 0)
	{
		SPI_freetuptable(SPI_tuptable);
		return false;
	}
	chain->length = DatumGetInt64(ResultNeeded(0, 1, INT8OID));
	head = DatumGetByteaPP(ResultNeeded(0, 2, BYTEAOID));
	if (VARSIZE_ANY_EXHDR(head) != HASH_SIZE)
		ereport(ERROR,
				(errcode(ERRCODE_TL_ALTERED),
				 errmsg("the head of customer \"%s\" is not a hash", text_to_cstring(chain->customer)),
				 errhint("Run SELECT * FROM trust_ledger.verify();")));
	memcpy(chain->head, VARDATA_ANY(head), HASH_SIZE);

	/* Within a chain the clock never runs back, whatever the machine's does. */
	recorded_at = ResultValue(0, 3, TIMESTAMPTZOID, &isnull);
	chain->now = GetCurrentTimestamp();
	if (!isnull && DatumGetTimestampTz(recorded_at) > chain->now)
		chain->now = DatumGetTimestampTz(recorded_at);
	SPI_freetuptable(SPI_tuptable);
	return true;
}

/* An error where a trigger that an append to this chain fired appends to it in its turn: the head moves after its entries. */
static void
CheckNotAppending(const Chain *chain)
{
	Datum		values[2] = {PointerGetDatum(chain->customer), Int64GetDatum(chain->length)};
	uint64		found;

	if (!GuardWriting())
		return;
	found = StatementWrite(&find_unfinished, values, NULL);
	SPI_freetuptable(SPI_tuptable);
	if (found > 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_IN_USE),
				 errmsg("cannot append to the history of customer \"%s\" while it is being appended to", text_to_cstring(chain->customer)),
				 errdetail("The call comes from a trigger that fired for an entry of this customer."),
				 errhint("Let the trigger write to a table of its own, and make the call in another transaction.")));
}

/* Makes the customer's chain if it is their first entry, and locks it.  Of a copy no chain is locked: nothing is appended. */
void
ChainLock(Chain *chain, const Ledger *ledger, text *customer)
{
	static const uint8 no_hash[HASH_SIZE] = {0};

	Datum		values[2] = {PointerGetDatum(customer), PointerGetDatum(HashBytea(no_hash))};
	Expectation *expectation;
	uint64		started;

	CheckNotCopy();
	chain->ledger = ledger;
	chain->customer = customer;
	chain->score = NULL;
	if (LockRow(chain))
	{
		CheckNotAppending(chain);
		return;
	}
	expectation = GuardExpectOne(GUARDED_CHAIN, 0, no_hash);
	started = StatementWrite(&start_chain, values, NULL);
	GuardDone(expectation);
	if (started == 1)
	{
		/* ours, and nobody else can see it yet: that is the lock */
		chain->length = 0;
		memcpy(chain->head, no_hash, HASH_SIZE);
		chain->now = GetCurrentTimestamp();
	}
	else						/* somebody else was first, and has committed */
		CheckWritten(LockRow(chain) ? 1 : 0, 1, "chain");
}

/*
 * Numbers the entries in their order and ties each to the one before.  Their
 * other columns are complete; afterwards they are what will be written.
 */
void
ChainTie(Chain *chain, Row **entries, int count)
{
	for (int i = 0; i < count; i++)
	{
		Row		   *entry = entries[i];

		CheckRowSizes(entry);
		RowSet(entry, ENTRY_PREV_HASH, PointerGetDatum(HashBytea(chain->head)));
		RowSet(entry, ENTRY_SEQ, Int64GetDatum(++chain->length));
		EntryCommit(entry);
		EntryHash(entry, &chain->ledger->id, chain->head);
		RowSet(entry, ENTRY_HASH, PointerGetDatum(HashBytea(chain->head)));
	}
}

/* Moves the head to the last entry that was tied. */
void
ChainMove(const Chain *chain)
{
	const TrustScore *score = chain->score;
	Expectation *expectation;
	Datum		values[8] = {
		PointerGetDatum(chain->customer), Int64GetDatum(chain->length),
		PointerGetDatum(HashBytea(chain->head)), TimestampTzGetDatum(chain->now)
	};

	if (score)
	{
		values[4] = Float8GetDatum(score->kept);
		values[5] = Float8GetDatum(score->broken);
		values[6] = TimestampTzGetDatum(score->as_of);
		values[7] = IntervalPGetDatum(MicrosecondsInterval(score->half_life));
	}
	expectation = GuardExpectOne(GUARDED_CHAIN, chain->length, chain->head);
	CheckWritten(StatementWrite(score ? &move_head_and_score : &move_head, values, NULL), 1, "chain");
	GuardDone(expectation);
}

/* Writes entries that were tied; of several chains, each in its order.  Their heads are still to be moved. */
void
ChainInsert(Row **entries, int count)
{
	GuardedRow *guarded = palloc(sizeof(GuardedRow) * count);
	Expectation *expectation;

	for (int i = 0; i < count; i++)
	{
		guarded[i].seq = RowInt64(entries[i], ENTRY_SEQ);
		memcpy(guarded[i].hash, VARDATA_ANY(DatumGetByteaPP(entries[i]->values[ENTRY_HASH])), HASH_SIZE);
	}
	expectation = GuardExpect(GUARDED_ENTRY, guarded, count);
	RowsInsert(&insert_entry, LedgerRelation("entry"), (const Row *const *) entries, count);
	GuardDone(expectation);
}

/* Writes the entries that were tied, and moves the head to the last of them. */
void
ChainAppend(Chain *chain, Row **entries, int count)
{
	ChainInsert(entries, count);
	ChainMove(chain);
}

Receipt
ReceiptOf(const Row *entry)
{
	Receipt		receipt = {0};

	receipt.has_promise = !RowIsNull(entry, ENTRY_PROMISE);
	receipt.promise = entry->values[ENTRY_PROMISE];
	receipt.customer = DatumGetTextPP(entry->values[ENTRY_CUSTOMER]);
	receipt.seq = RowInt64(entry, ENTRY_SEQ);
	receipt.has_state = !RowIsNull(entry, ENTRY_STATE);
	receipt.state = entry->values[ENTRY_STATE];
	receipt.recorded_at = RowInstant(entry, ENTRY_RECORDED_AT);
	receipt.hash = DatumGetByteaPP(entry->values[ENTRY_HASH]);
	return receipt;
}

/* A value of the statement's result, to be kept when that is freed. */
static Datum
Kept(Datum value, bool isnull, int16 typlen)
{
	return isnull ? (Datum) 0 : datumCopy(value, false, typlen);
}

/*
 * A retry: the receipt of the first call under this key.  Another call under
 * the same key is an error.
 */
bool
ChainFindRequest(Chain *chain, text *idempotency_key, const Request *request, Receipt *receipt)
{
	Datum		keys[2] = {PointerGetDatum(chain->customer), PointerGetDatum(idempotency_key)};
	static const Oid types[] = {UUIDOID, INT8OID, TEXTOID, TIMESTAMPTZOID, BYTEAOID, BYTEAOID, BYTEAOID};
	Datum		values[lengthof(types)];
	bool		nulls[lengthof(types)];

	if (StatementWrite(&find_request, keys, NULL) == 0)
	{
		SPI_freetuptable(SPI_tuptable);
		return false;
	}
	for (size_t i = 0; i < lengthof(types); i++)
		values[i] = ResultValue(0, i + 1, types[i], &nulls[i]);
	if (nulls[5] || nulls[6] || !RequestMatches(request, DatumGetByteaPP(values[5]), DatumGetByteaPP(values[6])))
		ereport(ERROR,
				(errcode(ERRCODE_TL_RETRY),
				 errmsg("idempotency key \"%s\" was used for another call", text_to_cstring(idempotency_key)),
				 errdetail("A key stands for one function with one set of arguments by one actor."),
				 errhint("Retry with the arguments of the first call, or give this call a key of its own.")));
	receipt->promise = Kept(values[0], nulls[0], UUID_LEN);
	receipt->has_promise = !nulls[0];
	receipt->customer = chain->customer;
	receipt->seq = DatumGetInt64(values[1]);
	receipt->state = Kept(values[2], nulls[2], -1);
	receipt->has_state = !nulls[2];
	receipt->recorded_at = DatumGetTimestampTz(values[3]);
	receipt->hash = DatumGetByteaPP(Kept(values[4], nulls[4], -1));
	SPI_freetuptable(SPI_tuptable);
	return true;
}

/* The columns of type trust_ledger.receipt. */
void
ReceiptValues(const Receipt *receipt, Datum *values, bool *nulls)
{
	memset(nulls, false, RECEIPT_COLUMNS);
	values[0] = receipt->promise;
	nulls[0] = !receipt->has_promise;
	values[1] = PointerGetDatum(receipt->customer);
	values[2] = Int64GetDatum(receipt->seq);
	values[3] = receipt->state;
	nulls[3] = !receipt->has_state;
	values[4] = TimestampTzGetDatum(receipt->recorded_at);
	values[5] = PointerGetDatum(receipt->hash);
}

/* The receipt as a row of that type, in the caller's memory. */
Datum
ReceiptDatum(FunctionCallInfo fcinfo, const Receipt *receipt, MemoryContext caller)
{
	MemoryContext previous = MemoryContextSwitchTo(caller);
	TupleDesc	tupdesc = lookup_rowtype_tupdesc(get_func_rettype(fcinfo->flinfo->fn_oid), -1);
	Datum		values[RECEIPT_COLUMNS];
	bool		nulls[RECEIPT_COLUMNS];
	HeapTuple	tuple;

	Assert(tupdesc->natts == RECEIPT_COLUMNS);
	ReceiptValues(receipt, values, nulls);
	tuple = heap_form_tuple(tupdesc, values, nulls);
	ReleaseTupleDesc(tupdesc);
	MemoryContextSwitchTo(previous);
	return HeapTupleGetDatum(tuple);
}
