/*
 * chain.c
 *		Appends entries to a customer's chain, and returns receipts.
 *
 * A separate statement locks the chain's row before anything else is read, so that
 * later statements see what the last writer committed.  The head is updated once per
 * call, however many entries are appended.
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
#include "ledger/guard_expect.h"

static Statement lock_chain = STATEMENT(
	"SELECT length, head, recorded_at"
	" FROM trust.chain"
	" WHERE customer OPERATOR(pg_catalog.=) $1"
	" FOR UPDATE",
	TEXTOID);

static Statement start_chain = STATEMENT(
	"INSERT INTO trust.chain (customer, length, head)"
	" VALUES ($1, 0, $2)"
	" ON CONFLICT DO NOTHING",
	TEXTOID, BYTEAOID);

static Statement move_head = STATEMENT(
	"UPDATE trust.chain"
	" SET length = $2, head = $3, recorded_at = $4"
	" WHERE customer OPERATOR(pg_catalog.=) $1",
	TEXTOID, INT8OID, BYTEAOID, TIMESTAMPTZOID);

/*
 * The score is passed as its parts, because a saved plan must not depend on a type
 * whose OID changes when the extension is recreated.
 */
static Statement move_head_and_score = STATEMENT(
	"UPDATE trust.chain"
	" SET length = $2, head = $3, recorded_at = $4,"
	" score = trust_ledger.trust_score($5, $6, $7, $8)"
	" WHERE customer OPERATOR(pg_catalog.=) $1",
	TEXTOID, INT8OID, BYTEAOID, TIMESTAMPTZOID,
	FLOAT8OID, FLOAT8OID, TIMESTAMPTZOID, INTERVALOID);

static Statement find_unfinished = STATEMENT(
	"SELECT 1"
	" FROM trust.entry"
	" WHERE customer OPERATOR(pg_catalog.=) $1 AND seq OPERATOR(pg_catalog.>) $2"
	" LIMIT 1",
	TEXTOID, INT8OID);

static Statement find_request = STATEMENT(
	"SELECT promise, seq, state, recorded_at, hash, request, request_salt"
	" FROM trust.entry"
	" WHERE customer OPERATOR(pg_catalog.=) $1"
	" AND idempotency_key OPERATOR(pg_catalog.=) $2",
	TEXTOID, TEXTOID);

static Inserter insert_entry = {.shape = &entry_shape};

/* Locks and reads the chain's row; false if there is none. */
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
	chain->length = DatumGetInt64(ResultNotNull(0, 1, INT8OID));
	head = DatumGetByteaPP(ResultNotNull(0, 2, BYTEAOID));
	if (VARSIZE_ANY_EXHDR(head) != HASH_SIZE)
		ereport(ERROR,
				(errcode(ERRCODE_TL_ALTERED),
				 errmsg("invalid head hash in the chain of customer \"%s\"",
						text_to_cstring(chain->customer)),
				 errhint("Run SELECT * FROM trust_ledger.verify();")));
	memcpy(chain->head, VARDATA_ANY(head), HASH_SIZE);

	/* recorded_at never decreases within a chain, even if the system clock is set back. */
	recorded_at = ResultValue(0, 3, TIMESTAMPTZOID, &isnull);
	chain->now = GetCurrentTimestamp();
	if (!isnull && DatumGetTimestampTz(recorded_at) > chain->now)
		chain->now = DatumGetTimestampTz(recorded_at);
	SPI_freetuptable(SPI_tuptable);
	return true;
}

/*
 * A user's trigger may call us during an append to this chain.  A second append would
 * start from the old head, since the head is updated after the entries are inserted.
 */
static void
CheckNotAppending(const Chain *chain)
{
	Datum		values[2] = {PointerGetDatum(chain->customer), Int64GetDatum(chain->length)};
	uint64		found;

	if (!GuardIsWriting())
		return;
	found = StatementWrite(&find_unfinished, values, NULL);
	SPI_freetuptable(SPI_tuptable);
	if (found > 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_IN_USE),
				 errmsg("cannot append to the chain of customer \"%s\" during another append",
						text_to_cstring(chain->customer)),
				 errdetail("The function was called by a trigger that fired for an entry "
						   "of this customer."),
				 errhint("Have the trigger write to another table, and call the function "
						 "in another transaction.")));
}

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
	GuardExpectEnd(expectation);
	if (started == 1)
	{
		/* no other transaction can see the new row, so it needs no lock */
		chain->length = 0;
		memcpy(chain->head, no_hash, HASH_SIZE);
		chain->now = GetCurrentTimestamp();
	}
	else						/* another transaction created it and has committed */
		CheckWritten(LockRow(chain) ? 1 : 0, 1, "chain");
}

void
ChainLink(Chain *chain, Row **entries, int count)
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

void
ChainMoveHead(const Chain *chain)
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
	CheckWritten(StatementWrite(score ? &move_head_and_score : &move_head, values, NULL),
				 1, "chain");
	GuardExpectEnd(expectation);
}

void
ChainInsert(Row **entries, int count)
{
	GuardedRow *guarded = palloc(sizeof(GuardedRow) * count);
	Expectation *expectation;

	for (int i = 0; i < count; i++)
	{
		guarded[i].seq = RowInt64(entries[i], ENTRY_SEQ);
		memcpy(guarded[i].hash, VARDATA_ANY(DatumGetByteaPP(entries[i]->values[ENTRY_HASH])),
			   HASH_SIZE);
	}
	expectation = GuardExpect(GUARDED_ENTRY, guarded, count);
	RowsInsert(&insert_entry, LedgerRelation("entry"), (const Row *const *) entries, count);
	GuardExpectEnd(expectation);
}

void
ChainAppend(Chain *chain, Row **entries, int count)
{
	ChainInsert(entries, count);
	ChainMoveHead(chain);
}

Receipt
ReceiptFromEntry(const Row *entry)
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

/* Copies a value out of SPI_tuptable, which is freed later. */
static Datum
CopyResult(Datum value, bool isnull, int16 typlen)
{
	return isnull ? (Datum) 0 : datumCopy(value, false, typlen);
}

bool
ChainFindRequest(Chain *chain, text *idempotency_key, const Request *request,
				 Receipt *receipt)
{
	Datum		keys[2] = {PointerGetDatum(chain->customer), PointerGetDatum(idempotency_key)};
	static const Oid types[] = {
		UUIDOID, INT8OID, TEXTOID, TIMESTAMPTZOID, BYTEAOID, BYTEAOID, BYTEAOID
	};
	Datum		values[lengthof(types)];
	bool		nulls[lengthof(types)];

	if (StatementWrite(&find_request, keys, NULL) == 0)
	{
		SPI_freetuptable(SPI_tuptable);
		return false;
	}
	for (size_t i = 0; i < lengthof(types); i++)
		values[i] = ResultValue(0, i + 1, types[i], &nulls[i]);
	if (nulls[5] || nulls[6] ||
		!RequestMatches(request, DatumGetByteaPP(values[5]), DatumGetByteaPP(values[6])))
		ereport(ERROR,
				(errcode(ERRCODE_TL_RETRY),
				 errmsg("idempotency key \"%s\" has already been used for another call",
						text_to_cstring(idempotency_key)),
				 errdetail("A key belongs to one function, one set of arguments and one actor."),
				 errhint("Retry with the arguments of the first call, or use a new key.")));
	receipt->promise = CopyResult(values[0], nulls[0], UUID_LEN);
	receipt->has_promise = !nulls[0];
	receipt->customer = chain->customer;
	receipt->seq = DatumGetInt64(values[1]);
	receipt->state = CopyResult(values[2], nulls[2], -1);
	receipt->has_state = !nulls[2];
	receipt->recorded_at = DatumGetTimestampTz(values[3]);
	receipt->hash = DatumGetByteaPP(CopyResult(values[4], nulls[4], -1));
	SPI_freetuptable(SPI_tuptable);
	return true;
}

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
