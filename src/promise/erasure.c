/*
 * erasure.c
 *		Erasing what people wrote, without breaking a single proof.
 *
 * Texts and their salts go from the entries and from what follows from them;
 * the commitments stay, and with them every hash.  An entry of the event
 * `erased` says who did it, when and why, and names what is gone: one for each
 * promise, or for each single entry.
 *
 * A customer may have a million promises.  What is found comes from a cursor and
 * is erased in portions, each in a session of its own, whose memory goes with it.
 */
#include "postgres.h"

#include "catalog/pg_type_d.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/fmgrprotos.h"
#include "utils/snapmgr.h"

#include "base/arguments.h"
#include "base/row_insert.h"
#include "base/statement.h"
#include "governance/governance.h"
#include "ledger/guard.h"
#include "promise/promise_act.h"

PG_FUNCTION_INFO_V1(erase_promise_words);
PG_FUNCTION_INFO_V1(erase_entry_words);
PG_FUNCTION_INFO_V1(erase_customer);

/* A bit per text in the order of erasable_texts[]; a reason or a context is no other entry's. */
#define FOUND_COLUMNS(is_there, repeats) \
	"SELECT e.seq, e.promise, e.subject, e.hash, " \
	repeats("words", 1) " OPERATOR(pg_catalog.|) " repeats("purpose", 2) " OPERATOR(pg_catalog.|) " \
	is_there("note", 4) " OPERATOR(pg_catalog.|) " is_there("context", 8) " OPERATOR(pg_catalog.|) " repeats("name", 16) " AS texts"

#define IS_THERE(text, bit) \
	"CASE WHEN e." text " IS NULL AND e." text "_salt IS NULL THEN 0 ELSE " #bit " END"

/* The entry itself with all its texts; of others of its promise or its actor, those that say the same. */
#define IS_ITS_OWN(text, bit) \
	"CASE WHEN e.seq OPERATOR(pg_catalog.=) t.seq THEN " IS_THERE(text, bit) " ELSE 0 END"
#define IS_ITS_OWN_OR_REPEATS(text, bit) \
	"CASE WHEN e.seq OPERATOR(pg_catalog.=) t.seq THEN " IS_THERE(text, bit) \
	" WHEN e." text " OPERATOR(pg_catalog.=) t." text " THEN " #bit " ELSE 0 END"

#define HAS_TEXTS "(e.words IS NOT NULL OR e.words_salt IS NOT NULL OR e.purpose IS NOT NULL OR e.purpose_salt IS NOT NULL" \
	" OR e.note IS NOT NULL OR e.note_salt IS NOT NULL OR e.context IS NOT NULL OR e.context_salt IS NOT NULL" \
	" OR e.name IS NOT NULL OR e.name_salt IS NOT NULL)"

/* The entries of one promise stand together.  Why something was erased outlives what is erased later, unless it is named itself. */
static Statement find_of_customer = STATEMENT(
	FOUND_COLUMNS(IS_THERE, IS_THERE) " FROM trust.entry e WHERE e.customer OPERATOR(pg_catalog.=) $1"
	" AND e.event OPERATOR(pg_catalog.<>) 'erased' AND " HAS_TEXTS " ORDER BY e.promise, e.seq", TEXTOID);

static Statement find_of_promise = STATEMENT(
	FOUND_COLUMNS(IS_THERE, IS_THERE) " FROM trust.entry e WHERE e.customer OPERATOR(pg_catalog.=) $1"
	" AND e.promise OPERATOR(pg_catalog.=) $2 AND e.event OPERATOR(pg_catalog.<>) 'erased' AND " HAS_TEXTS
	" ORDER BY e.seq", TEXTOID, UUIDOID);

static Statement find_of_entry = STATEMENT(
	FOUND_COLUMNS(IS_ITS_OWN, IS_ITS_OWN_OR_REPEATS) " FROM trust.entry t JOIN trust.entry e ON e.customer OPERATOR(pg_catalog.=) t.customer"
	"   AND (e.seq OPERATOR(pg_catalog.=) t.seq OR e.promise OPERATOR(pg_catalog.=) t.promise"
	"     OR (t.promise IS NULL AND e.subject OPERATOR(pg_catalog.=) t.subject))"
	" WHERE t.customer OPERATOR(pg_catalog.=) $1 AND t.seq OPERATOR(pg_catalog.=) $2 AND " HAS_TEXTS " ORDER BY e.seq",
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
	{"seq", INT8OID}, {"promise", UUIDOID}, {"subject", TEXTOID}, {"hash", BYTEAOID}, {"texts", INT4OID}
};

static const RowShape found_shape = {"entry", found_columns, FOUND_COLUMN_COUNT};

/* The salt of the request that texts were part of goes with them. */
static Statement erase_texts = STATEMENT(
	"UPDATE trust.entry SET request_salt = NULL,"
	" words = CASE WHEN $3 THEN NULL ELSE words END, words_salt = CASE WHEN $3 THEN NULL ELSE words_salt END,"
	" purpose = CASE WHEN $4 THEN NULL ELSE purpose END, purpose_salt = CASE WHEN $4 THEN NULL ELSE purpose_salt END,"
	" note = CASE WHEN $5 THEN NULL ELSE note END, note_salt = CASE WHEN $5 THEN NULL ELSE note_salt END,"
	" context = CASE WHEN $6 THEN NULL ELSE context END, context_salt = CASE WHEN $6 THEN NULL ELSE context_salt END,"
	" name = CASE WHEN $7 THEN NULL ELSE name END, name_salt = CASE WHEN $7 THEN NULL ELSE name_salt END"
	" WHERE customer OPERATOR(pg_catalog.=) $1 AND seq OPERATOR(pg_catalog.=) $2",
	TEXTOID, INT8OID, BOOLOID, BOOLOID, BOOLOID, BOOLOID, BOOLOID);

/* An entry that loses texts */
typedef struct Loss
{
	int64		seq;
	uint8		hash[HASH_SIZE];
	pg_uuid_t  *promise;		/* NULL in governance */
	char	   *subject;
	int			texts;			/* as bits */
} Loss;

typedef struct Erasure
{
	Act			act;
	Chain	   *chain;
	LedgerSession session;
	Receipt		receipt;
	text	   *reason;
	bool		by_entry;		/* an entry says so for each that loses texts, else for each promise */
	bool		any;			/* something was erased */
	bool		has_said;
	pg_uuid_t	said;			/* the last promise that an entry says it of */
} Erasure;

/* What is erased at once */
typedef struct Portion
{
	Erasure    *erasure;
	Loss	   *losses;
	int			count;
	TiedAct    *said;			/* acts that say so */
	int			said_count;
	Row		   *promise;		/* the last of these, as the portion so far leaves it */
} Portion;

/* Who erases, for what reason, and the chain's lock.  False where this is a retry. */
static bool
ErasureBegin(Erasure *erasure, FunctionCallInfo fcinfo, text *customer, int reason)
{
	static const char what[] = "erase what people wrote";

	memset(erasure, 0, sizeof(Erasure));
	erasure->reason = ArgWordsNeeded(fcinfo->args[reason], "reason", "Say why: the entry keeps it.");
	ActBeginCall(&erasure->act, fcinfo, LEVEL_ADMIN, what, false);
	LedgerEnter(erasure->act.ledger, &erasure->session);
	if (customer == NULL)
		customer = PromiseCustomer(PG_GETARG_DATUM(0), false);
	erasure->chain = palloc(sizeof(Chain));
	ChainLock(erasure->chain, erasure->act.ledger, customer);
	if (ActIsStale(&erasure->act))
		CheckAccess(erasure->act.ledger, erasure->act.role, LEVEL_ADMIN, what);
	return erasure->act.idempotency_key == NULL ||
		!ChainFindRequest(erasure->chain, erasure->act.idempotency_key, &erasure->act.request, &erasure->receipt);
}

static void
EraseTexts(const Erasure *erasure, const Loss *loss)
{
	Datum		values[2 + ERASABLE_TEXTS] = {PointerGetDatum(erasure->chain->customer), Int64GetDatum(loss->seq)};
	Expectation *expectation;

	for (int i = 0; i < ERASABLE_TEXTS; i++)
		values[2 + i] = BoolGetDatum((loss->texts & (1 << i)) != 0);
	expectation = GuardExpectOne(GUARDED_ERASURE, loss->seq, loss->hash);
	CheckWritten(StatementWrite(&erase_texts, values, NULL), 1, "entry");
	GuardDone(expectation);
}

/* One row of what was found, copied. */
static Loss
LossOf(const SPITupleTable *rows, uint64 row)
{
	HeapTuple	tuple = rows->vals[row];
	TupleDesc	tupdesc = rows->tupdesc;
	Row		   *found = RowFromTuple(&found_shape, tuple, tupdesc);
	Loss		loss = {.seq = RowInt64(found, FOUND_SEQ), .texts = DatumGetInt32(found->values[FOUND_TEXTS])};
	bytea	   *hash = RowIsNull(found, FOUND_HASH) ? NULL : DatumGetByteaPP(found->values[FOUND_HASH]);

	if (!RowIsNull(found, FOUND_PROMISE))
		loss.promise = memcpy(palloc(UUID_LEN), DatumGetUUIDP(found->values[FOUND_PROMISE]), UUID_LEN);
	loss.subject = RowText(found, FOUND_SUBJECT);
	if (hash)
		memcpy(loss.hash, VARDATA_ANY(hash), Min(VARSIZE_ANY_EXHDR(hash), HASH_SIZE));
	return loss;
}

/* Entries of customers have a promise, those of governance a subject. */
static void
CheckHasKey(const Chain *chain, const Loss *loss)
{
	bool		governance = VARSIZE_ANY_EXHDR(chain->customer) == 0;

	if ((loss->promise == NULL) == governance && (loss->subject != NULL || !governance))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_TL_ALTERED),
			 errmsg("entry " INT64_FORMAT " of customer \"%s\" was altered", loss->seq, text_to_cstring(chain->customer)),
			 errdetail("What it is about is missing."),
			 errhint("Run SELECT * FROM trust_ledger.verify();")));
}

/* {"texts": ["words", "note"]} */
static Datum
TextsAsJson(int texts)
{
	StringInfoData json;

	initStringInfo(&json);
	for (int i = 0; i < ERASABLE_TEXTS; i++)
		if (texts & (1 << i))
			appendStringInfo(&json, "%s\"%s\"", json.len ? ", " : "{\"texts\": [",
							 entry_shape.columns[erasable_texts[i].text].name);
	appendStringInfoString(&json, "]}");
	return DirectFunctionCall1(jsonb_in, CStringGetDatum(json.data));
}

/* The promise as the portion so far leaves it: one row, however many entries of it lose texts. */
static Row *
PromiseOf(Portion *portion, pg_uuid_t *promise)
{
	Row		   *last = portion->promise;

	if (last == NULL || memcmp(DatumGetUUIDP(last->values[PROMISE_PROMISE]), promise, UUID_LEN) != 0)
		portion->promise = PromiseRead(portion->erasure->chain, UUIDPGetDatum(promise), false);
	return portion->promise;
}

/* An act that says so: of one entry that lost texts, or of all of its promise. */
static void
SayErased(Portion *portion, const Loss *loss)
{
	Erasure    *erasure = portion->erasure;
	PromiseAct *pa = palloc0(sizeof(PromiseAct));

	pa->act = erasure->act;
	pa->chain = erasure->chain;
	pa->event = EVENT_ERASED;
	pa->promise = PromiseOf(portion, loss->promise);
	pa->entry = ActEntry(&erasure->act, erasure->chain, event_names[EVENT_ERASED]);
	if (erasure->any || portion->said_count > 0)	/* a key stands for one entry */
		EntryClearRequest(pa->entry);
	RowTake(pa->entry, ENTRY_PROMISE, pa->promise, PROMISE_PROMISE);
	RowSet(pa->entry, ENTRY_NOTE, PointerGetDatum(erasure->reason));
	if (erasure->by_entry)
	{
		RowSet(pa->entry, ENTRY_REFERS_TO, Int64GetDatum(loss->seq));
		RowSet(pa->entry, ENTRY_DETAILS, TextsAsJson(loss->texts));
	}
	CheckNotBeforeMade(pa);
	PromiseTie(pa, PromiseState(pa->promise));
	portion->said[portion->said_count++] = PromiseTied(pa, NULL);
	erasure->has_said = true;
	erasure->said = *loss->promise;
}

/* The receipt is of the first entry that says so, and outlives its portion. */
static void
KeepReceipt(Erasure *erasure, const Receipt *receipt, MemoryContext lasting)
{
	MemoryContext previous = MemoryContextSwitchTo(lasting);

	erasure->receipt = *receipt;
	erasure->receipt.customer = erasure->chain->customer;
	erasure->receipt.hash = DatumGetByteaPCopy(PointerGetDatum(receipt->hash));
	if (receipt->has_promise)
		erasure->receipt.promise = datumCopy(receipt->promise, false, UUID_LEN);
	if (receipt->has_state)
		erasure->receipt.state = datumCopy(receipt->state, false, -1);
	MemoryContextSwitchTo(previous);
}

/* Appends what says so, and stores the promises without what is gone. */
static void
SayOfPromises(Portion *portion, MemoryContext lasting)
{
	Erasure    *erasure = portion->erasure;
	Receipt		first;

	portion->said = palloc(sizeof(TiedAct) * portion->count);
	for (int i = 0; i < portion->count; i++)
	{
		const Loss *loss = &portion->losses[i];

		if (erasure->by_entry || !erasure->has_said || memcmp(&erasure->said, loss->promise, UUID_LEN) != 0)
			SayErased(portion, loss);
	}
	if (portion->said_count == 0)
		return;
	portion->said[0].receipt = &first;
	TiedActsWrite(portion->said, portion->said_count);
	erasure->chain->score = NULL;	/* it is written, and its memory goes */
	if (!erasure->any)
		KeepReceipt(erasure, &first, lasting);
}

/* Governance keeps names of actors and reasons. */
static void
SayOfGovernance(Portion *portion, MemoryContext lasting)
{
	Erasure    *erasure = portion->erasure;
	GovernanceChange *changes = palloc0(sizeof(GovernanceChange) * portion->count);
	Governance	governance = {.act = erasure->act, .chain = *erasure->chain};

	if (erasure->any)			/* a key stands for one entry */
		governance.act.idempotency_key = NULL;
	for (int i = 0; i < portion->count; i++)
		changes[i] = (GovernanceChange) {
			.event = event_names[EVENT_ERASED], .subject = portion->losses[i].subject,
			.details = TextsAsJson(portion->losses[i].texts), .refers_to = portion->losses[i].seq,
			.reason = erasure->reason
		};
	GovernanceAppend(&governance, changes, portion->count);
	*erasure->chain = governance.chain;
	PushActiveSnapshot(GetTransactionSnapshot());	/* that sees what was just erased */
	if (ActorFind(erasure->act.ledger, changes[0].subject) != NULL)
		GovernanceRestore(&governed_actor, changes[0].subject);
	PopActiveSnapshot();
	if (!erasure->any)
		KeepReceipt(erasure, &governance.receipt, lasting);
}

/* ---- erasing what is found ---- */

/* Those of the rows that lose texts. */
static void
TakeLosses(Portion *portion, const SPITupleTable *rows, uint64 count)
{
	portion->losses = palloc(sizeof(Loss) * count);
	for (uint64 i = 0; i < count; i++)
	{
		Loss		loss = LossOf(rows, i);

		if (loss.texts == 0)
			continue;
		CheckHasKey(portion->erasure->chain, &loss);
		portion->losses[portion->count++] = loss;
	}
}

static void
ErasePortion(Erasure *erasure, const SPITupleTable *rows, uint64 count)
{
	MemoryContext lasting = CurrentMemoryContext;
	Portion		portion = {.erasure = erasure};
	LedgerSession session;

	LedgerEnter(erasure->act.ledger, &session);
	TakeLosses(&portion, rows, count);
	for (int i = 0; i < portion.count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		EraseTexts(erasure, &portion.losses[i]);
	}
	if (portion.count > 0)
	{
		if (portion.losses[0].promise)
			SayOfPromises(&portion, lasting);
		else
			SayOfGovernance(&portion, lasting);
		erasure->any = true;
	}
	LedgerLeave(&session);
}

/* What the statement finds goes from the entries, and entries say so. */
static void
EraseFound(Erasure *erasure, Statement *statement, Datum *values)
{
	Portal		portal = StatementOpen(statement, values, NULL, false);
	SPITupleTable *rows = NULL;
	uint64		count;

	while ((count = StatementFetch(portal, &rows)) > 0)
		ErasePortion(erasure, rows, count);
	SPI_cursor_close(portal);
	if (!erasure->any)
		ereport(ERROR,
				(errcode(ERRCODE_NO_DATA_FOUND),
				 errmsg("there is nothing to erase"),
				 errdetail("No text is left there that a person wrote."),
				 errhint("trust_ledger.history() shows what a promise's entries hold.")));
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
 *		What people wrote in the promise's entries goes, with its salts: words,
 *		purpose, reasons, notes, contexts.  Level admin.  Errors: TL004, 22004 no
 *		reason, P0002 no such promise or nothing left to erase.
 */
Datum
erase_promise_words(PG_FUNCTION_ARGS)
{
	Erasure		erasure;
	char	   *customer;

	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("promise is needed")));
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
 *		What people wrote in all of the customer's entries goes, with its salts.  The
 *		receipt is of the first entry that says so; there is one per promise.  Level
 *		admin.  Errors: TL004, 22004 no reason, P0002 nothing to erase.
 */
Datum
erase_customer(PG_FUNCTION_ARGS)
{
	Erasure		erasure;
	char	   *customer = ArgKeyNeeded(fcinfo->args[0], "customer");

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
 *		What people wrote in that entry goes, with its salts; and where other entries
 *		of its promise repeat its words or purpose, or of governance an actor's name,
 *		from these too.  customer '' is governance.  The receipt is of the first entry
 *		that says so; there is one per entry that lost texts.  Level admin.  Errors:
 *		TL004, 22004 no reason, P0002 no such entry, or nothing left to erase.
 */
Datum
erase_entry_words(PG_FUNCTION_ARGS)
{
	Erasure		erasure;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("customer and seq are needed"),
				 errhint("customer '' stands for governance.")));
	if (ErasureBegin(&erasure, fcinfo, PG_GETARG_TEXT_PP(0), 2))
	{
		Datum		values[2] = {PG_GETARG_DATUM(0), PG_GETARG_DATUM(1)};

		erasure.by_entry = true;
		EraseFound(&erasure, &find_of_entry, values);
	}
	return ErasureEnd(&erasure, fcinfo);
}
