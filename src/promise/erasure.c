/*
 * erasure.c
 *		Erases texts that people wrote from entries.
 *
 * An erasure sets the texts and their salts to NULL, in entries and in the tables
 * derived from them.  The commitments remain, so that all hashes stay valid.  Entries
 * of event "erased" record who erased which texts, when and why: one for each promise,
 * or for each entry if a single entry is erased.
 *
 * A customer may have a million promises.  Entries are therefore read with a cursor
 * and erased in batches, each in a LedgerSession whose memory is freed with it.
 */
#include "postgres.h"

#include "catalog/pg_type_d.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

#include "base/arguments.h"
#include "base/row_insert.h"
#include "base/statement.h"
#include "ledger/guard_expect.h"
#include "promise/erasure.h"

PG_FUNCTION_INFO_V1(erase_promise_words);
PG_FUNCTION_INFO_V1(erase_entry_words);
PG_FUNCTION_INFO_V1(erase_customer);

/*
 * Texts to erase from an entry, as a bit set in the order of erasable_texts[].
 * repeats is used for texts that several entries may repeat, is_there for others.
 */
#define FOUND_COLUMNS(is_there, repeats) \
	"SELECT e.seq, e.promise, e.subject, e.hash, " \
	repeats("words", 1) " OPERATOR(pg_catalog.|) " \
	repeats("purpose", 2) " OPERATOR(pg_catalog.|) " \
	is_there("note", 4) " OPERATOR(pg_catalog.|) " \
	is_there("context", 8) " OPERATOR(pg_catalog.|) " \
	repeats("name", 16) " AS texts"

#define IS_THERE(text, bit) \
	"CASE WHEN e." text " IS NULL AND e." text "_salt IS NULL THEN 0 ELSE " #bit " END"

/* For the erasure of one entry t: all its texts, and the same texts in related entries. */
#define IS_ITS_OWN(text, bit) \
	"CASE WHEN e.seq OPERATOR(pg_catalog.=) t.seq THEN " IS_THERE(text, bit) " ELSE 0 END"
#define IS_ITS_OWN_OR_REPEATS(text, bit) \
	"CASE WHEN e.seq OPERATOR(pg_catalog.=) t.seq THEN " IS_THERE(text, bit) \
	" WHEN e." text " OPERATOR(pg_catalog.=) t." text " THEN " #bit " ELSE 0 END"

#define HAS_TEXTS \
	"(e.words IS NOT NULL OR e.words_salt IS NOT NULL" \
	" OR e.purpose IS NOT NULL OR e.purpose_salt IS NOT NULL" \
	" OR e.note IS NOT NULL OR e.note_salt IS NOT NULL" \
	" OR e.context IS NOT NULL OR e.context_salt IS NOT NULL" \
	" OR e.name IS NOT NULL OR e.name_salt IS NOT NULL)"

/*
 * The reasons of earlier erasures, in entries of event "erased", are erased only if
 * such an entry is named itself.  Entries of one promise must be adjacent.
 */
static Statement find_of_customer = STATEMENT(
	FOUND_COLUMNS(IS_THERE, IS_THERE)
	" FROM trust.entry e"
	" WHERE e.customer OPERATOR(pg_catalog.=) $1"
	"   AND e.event OPERATOR(pg_catalog.<>) 'erased'"
	"   AND " HAS_TEXTS
	" ORDER BY e.promise, e.seq",
	TEXTOID);

static Statement find_of_promise = STATEMENT(
	FOUND_COLUMNS(IS_THERE, IS_THERE)
	" FROM trust.entry e"
	" WHERE e.customer OPERATOR(pg_catalog.=) $1"
	"   AND e.promise OPERATOR(pg_catalog.=) $2"
	"   AND e.event OPERATOR(pg_catalog.<>) 'erased'"
	"   AND " HAS_TEXTS
	" ORDER BY e.seq",
	TEXTOID, UUIDOID);

static Statement find_of_entry = STATEMENT(
	FOUND_COLUMNS(IS_ITS_OWN, IS_ITS_OWN_OR_REPEATS)
	" FROM trust.entry t"
	" JOIN trust.entry e ON e.customer OPERATOR(pg_catalog.=) t.customer"
	"   AND (e.seq OPERATOR(pg_catalog.=) t.seq"
	"     OR e.promise OPERATOR(pg_catalog.=) t.promise"
	"     OR (t.promise IS NULL AND e.subject OPERATOR(pg_catalog.=) t.subject))"
	" WHERE t.customer OPERATOR(pg_catalog.=) $1"
	"   AND t.seq OPERATOR(pg_catalog.=) $2"
	"   AND " HAS_TEXTS
	" ORDER BY e.seq",
	TEXTOID, INT8OID);

enum
{
	FOUND_SEQ,
	FOUND_PROMISE,
	FOUND_SUBJECT,
	FOUND_HASH,
	FOUND_TEXTS,
	FOUND_COLUMN_COUNT
};

static const Column found_columns[FOUND_COLUMN_COUNT] = {
	{"seq", INT8OID}, {"promise", UUIDOID}, {"subject", TEXTOID}, {"hash", BYTEAOID},
	{"texts", INT4OID}
};

static const RowShape found_shape = {"entry", found_columns, FOUND_COLUMN_COUNT};

/* The request is a digest of arguments that include the texts, so its salt is erased, too. */
static Statement erase_texts = STATEMENT(
	"UPDATE trust.entry"
	" SET request_salt = NULL,"
	" words = CASE WHEN $3 THEN NULL ELSE words END,"
	" words_salt = CASE WHEN $3 THEN NULL ELSE words_salt END,"
	" purpose = CASE WHEN $4 THEN NULL ELSE purpose END,"
	" purpose_salt = CASE WHEN $4 THEN NULL ELSE purpose_salt END,"
	" note = CASE WHEN $5 THEN NULL ELSE note END,"
	" note_salt = CASE WHEN $5 THEN NULL ELSE note_salt END,"
	" context = CASE WHEN $6 THEN NULL ELSE context END,"
	" context_salt = CASE WHEN $6 THEN NULL ELSE context_salt END,"
	" name = CASE WHEN $7 THEN NULL ELSE name END,"
	" name_salt = CASE WHEN $7 THEN NULL ELSE name_salt END"
	" WHERE customer OPERATOR(pg_catalog.=) $1"
	"   AND seq OPERATOR(pg_catalog.=) $2",
	TEXTOID, INT8OID, BOOLOID, BOOLOID, BOOLOID, BOOLOID, BOOLOID);

/* Begins the act and locks the chain.  False: it is a retry, and erasure->receipt is set. */
static bool
ErasureBegin(Erasure *erasure, FunctionCallInfo fcinfo, text *customer, int reason)
{
	static const char what[] = "erase texts";

	memset(erasure, 0, sizeof(Erasure));
	erasure->reason = ArgTextRequired(fcinfo->args[reason], "reason",
									  "Give a reason; it is stored in the entry.");
	ActBeginCall(&erasure->act, fcinfo, LEVEL_ADMIN, what, false);
	LedgerEnter(erasure->act.ledger, &erasure->session);
	if (customer == NULL)
		customer = PromiseCustomer(PG_GETARG_DATUM(0), false);
	erasure->chain = palloc(sizeof(Chain));
	ChainLock(erasure->chain, erasure->act.ledger, customer);
	if (ActIsStale(&erasure->act))
		CheckAccess(erasure->act.ledger, erasure->act.role, LEVEL_ADMIN, what);
	return erasure->act.idempotency_key == NULL ||
		!ChainFindRequest(erasure->chain, erasure->act.idempotency_key, &erasure->act.request,
						  &erasure->receipt);
}

static void
EraseTexts(const Erasure *erasure, const ErasureTarget *target)
{
	Datum		values[2 + ERASABLE_TEXTS] = {
		PointerGetDatum(erasure->chain->customer), Int64GetDatum(target->seq)
	};
	Expectation *expectation;

	for (int i = 0; i < ERASABLE_TEXTS; i++)
		values[2 + i] = BoolGetDatum((target->texts & (1 << i)) != 0);
	expectation = GuardExpectOne(GUARDED_ERASURE, target->seq, target->hash);
	CheckWritten(StatementWrite(&erase_texts, values, NULL), 1, "entry");
	GuardExpectEnd(expectation);
}

/* Copies what a find statement returned. */
static ErasureTarget
TargetOf(const SPITupleTable *rows, uint64 row)
{
	HeapTuple	tuple = rows->vals[row];
	TupleDesc	tupdesc = rows->tupdesc;
	Row		   *found = RowFromTuple(&found_shape, tuple, tupdesc);
	ErasureTarget target = {
		.seq = RowInt64(found, FOUND_SEQ), .texts = DatumGetInt32(found->values[FOUND_TEXTS])
	};
	bytea	   *hash = RowIsNull(found, FOUND_HASH) ? NULL :
		DatumGetByteaPP(found->values[FOUND_HASH]);

	if (!RowIsNull(found, FOUND_PROMISE))
		target.promise = memcpy(palloc(UUID_LEN), DatumGetUUIDP(found->values[FOUND_PROMISE]),
								UUID_LEN);
	target.subject = RowText(found, FOUND_SUBJECT);
	if (hash)
		memcpy(target.hash, VARDATA_ANY(hash), Min(VARSIZE_ANY_EXHDR(hash), HASH_SIZE));
	return target;
}

static void
CollectTargets(ErasureBatch *batch, const SPITupleTable *rows, uint64 count)
{
	batch->targets = palloc(sizeof(ErasureTarget) * count);
	for (uint64 i = 0; i < count; i++)
	{
		ErasureTarget target = TargetOf(rows, i);

		if (target.texts == 0)
			continue;
		CheckTargetKey(batch->erasure->chain, &target);
		batch->targets[batch->count++] = target;
	}
}

static void
EraseBatch(Erasure *erasure, const SPITupleTable *rows, uint64 count)
{
	MemoryContext lasting = CurrentMemoryContext;
	ErasureBatch batch = {.erasure = erasure};
	LedgerSession session;

	LedgerEnter(erasure->act.ledger, &session);
	CollectTargets(&batch, rows, count);
	for (int i = 0; i < batch.count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		EraseTexts(erasure, &batch.targets[i]);
	}
	if (batch.count > 0)
	{
		if (batch.targets[0].promise)
			RecordPromiseErasures(&batch, lasting);
		else
			RecordGovernanceErasures(&batch, lasting);
		erasure->erased_any = true;
	}
	LedgerLeave(&session);
}

/* Erases the texts that the statement finds, and records the erasure. */
static void
EraseFound(Erasure *erasure, Statement *statement, Datum *values)
{
	Portal		portal = StatementOpen(statement, values, NULL, false);
	SPITupleTable *rows = NULL;
	uint64		count;

	while ((count = StatementFetch(portal, &rows)) > 0)
		EraseBatch(erasure, rows, count);
	SPI_cursor_close(portal);
	if (!erasure->erased_any)
		ereport(ERROR,
				(errcode(ERRCODE_NO_DATA_FOUND),
				 errmsg("there is nothing to erase"),
				 errdetail("The entries have no texts left that people wrote."),
				 errhint("trust_ledger.history() shows the texts of a promise's entries.")));
}

static Datum
ErasureEnd(Erasure *erasure, FunctionCallInfo fcinfo)
{
	Datum		receipt = ReceiptDatum(fcinfo, &erasure->receipt, erasure->session.caller);

	LedgerLeave(&erasure->session);
	return receipt;
}

/*
 * erase_words(promise uuid, reason text, customer text, actor, occurred_at, context,
 *			   idempotency_key) returns receipt
 *		Erases what people wrote in the promise's entries: words, purpose, reasons, notes
 *		and contexts, with their salts.  Level admin.  Errors: TL004 level, 22004 no
 *		reason, P0002 no such promise, or nothing left to erase.
 */
Datum
erase_promise_words(PG_FUNCTION_ARGS)
{
	Erasure		erasure;
	char	   *customer;

	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("promise must not be null")));
	customer = ArgKey(fcinfo->args[2], "customer");
	if (ErasureBegin(&erasure, fcinfo, customer ? cstring_to_text(customer) : NULL, 1))
	{
		Datum		values[2] = {PointerGetDatum(erasure.chain->customer), PG_GETARG_DATUM(0)};

		EraseFound(&erasure, &find_of_promise, values);
	}
	return ErasureEnd(&erasure, fcinfo);
}

/*
 * erase_customer(customer text, reason text, actor, occurred_at, context,
 *				  idempotency_key) returns receipt
 *		Erases what people wrote in all of the customer's entries, with the salts.
 *		Appends one entry for each promise, and returns the receipt of the first one.
 *		Level admin.  Errors: TL004 level, 22004 no reason, P0002 nothing to erase.
 */
Datum
erase_customer(PG_FUNCTION_ARGS)
{
	Erasure		erasure;
	char	   *customer = ArgKeyRequired(fcinfo->args[0], "customer");

	if (ErasureBegin(&erasure, fcinfo, cstring_to_text(customer), 1))
	{
		Datum		values[1] = {PointerGetDatum(erasure.chain->customer)};

		EraseFound(&erasure, &find_of_customer, values);
	}
	return ErasureEnd(&erasure, fcinfo);
}

/*
 * erase_words(customer text, seq bigint, reason text, actor, occurred_at, context,
 *			   idempotency_key) returns receipt
 *		Erases what people wrote in the entry, with the salts.  Also erases the same words
 *		and purpose from other entries of its promise; and for customer '', which stands
 *		for governance, the same name from other entries of the actor.  Appends one entry
 *		for each entry from which texts were erased, and returns the receipt of the first
 *		one.  Level admin.  Errors: TL004 level, 22004 no reason, P0002 no such entry, or
 *		nothing left to erase.
 */
Datum
erase_entry_words(PG_FUNCTION_ARGS)
{
	Erasure		erasure;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("customer and seq must not be null"),
				 errhint("Use customer '' for governance entries.")));
	if (ErasureBegin(&erasure, fcinfo, PG_GETARG_TEXT_PP(0), 2))
	{
		Datum		values[2] = {PG_GETARG_DATUM(0), PG_GETARG_DATUM(1)};

		erasure.by_entry = true;
		EraseFound(&erasure, &find_of_entry, values);
	}
	return ErasureEnd(&erasure, fcinfo);
}
