/*
 * verify.c
 *		Whether the ledger is what was written into it.
 *
 * Three tables are read side by side in the order of customers, on the caller's
 * snapshot: entries, promises, chains.  Each customer's entries are checked and
 * folded; what they add up to is compared with what the tables say.
 */
#include "postgres.h"

#include "promise.h"

#include "catalog/pg_type_d.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/fmgrprotos.h"
#include "utils/hsearch.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "digest.h"
#include "findings.h"
#include "reader.h"
#include "registered.h"
#include "request.h"

PG_FUNCTION_INFO_V1(verify_ledger);
PG_FUNCTION_INFO_V1(verify_customer);

/* What the entries of a customer add up to, so far. */
typedef struct Folded
{
	pg_uuid_t	id;				/* the key */
	Row		   *promise;
	bool		stored;			/* trust.promise has it */
} Folded;

typedef struct Verification
{
	Findings	findings;
	pg_uuid_t	ledger;
	Reader		entries;
	Reader		promises;
	Reader		chains;
	Digest		digest;
	HTAB	   *registrations;
	TimestampTz first;
	TimestampTz last;
	int64		entries_read;

	/* of the customer at hand */
	MemoryContext context;
	char	   *customer;
	HTAB	   *folded;
	int64		length;
	uint8		head[HASH_SIZE];
	bool		has_recorded_at;
	TimestampTz recorded_at;
} Verification;

static void
EntryFinding(Verification *v, const char *field, const char *problem)
{
	const Row  *entry = v->entries.row;

	AddFinding(&v->findings, &(Finding) {
		.part = "entry", .customer = v->customer, .has_seq = true, .seq = RowInt64(entry, ENTRY_SEQ),
		.promise = RowIsNull(entry, ENTRY_PROMISE) ? NULL : DatumGetUUIDP(entry->values[ENTRY_PROMISE]),
		.subject = RowText(entry, ENTRY_SUBJECT), .field = field, .problem = problem
	});
}

static bool
IsHash(const Row *row, int column, const uint8 hash[HASH_SIZE])
{
	bytea	   *stored;

	if (RowIsNull(row, column))
		return false;
	stored = DatumGetByteaPP(row->values[column]);
	return VARSIZE_ANY_EXHDR(stored) == HASH_SIZE && memcmp(VARDATA_ANY(stored), hash, HASH_SIZE) == 0;
}

/* Texts are what was committed to, or were erased by an entry that says so. */
static void
CheckTexts(Verification *v)
{
	const Row  *entry = v->entries.row;

	for (int i = 0; i < ERASABLE_TEXTS; i++)
	{
		const ErasableText *erasable = &erasable_texts[i];
		bool		text_gone = RowIsNull(entry, erasable->text);
		bool		salt_gone = RowIsNull(entry, erasable->salt);
		const char *field = entry_shape.columns[erasable->text].name;

		if (RowIsNull(entry, erasable->commitment))
		{
			if (!text_gone || !salt_gone)
				EntryFinding(v, field, "is a text that the entry never had");
		}
		else if (text_gone)
			EntryFinding(v, field, "is missing, and no entry says that it was erased");
		else if (salt_gone || !EntryTextMatches(entry, erasable))
			EntryFinding(v, field, "is not the text that was committed to");
	}
}

/* The entry by itself. */
static void
CheckEntry(Verification *v)
{
	const Row  *entry = v->entries.row;
	const char *field;
	uint8		hash[HASH_SIZE];

	EntryHash(entry, &v->ledger, hash);
	if (!IsHash(entry, ENTRY_HASH, hash))
		EntryFinding(v, "hash", "is not the hash of the entry: one of its columns was altered");
	if (DatumGetInt16(entry->values[ENTRY_FORMAT]) != ENTRY_FORMAT_NUMBER)
		EntryFinding(v, "format", "is not known to this version of the extension");
	CheckTexts(v);
	if (!RequestSaltMatches(entry))
		EntryFinding(v, "request_salt", "is not the salt that the request was committed to with");
	field = CheckRegistered(v->registrations, entry);
	if (field)
		EntryFinding(v, field, "is not what governance said of the actor");
}

/* The entry among the others of its chain. */
static void
CheckJoin(Verification *v)
{
	const Row  *entry = v->entries.row;
	int64		seq = RowInt64(entry, ENTRY_SEQ);

	if (seq != v->length + 1)
		EntryFinding(v, "seq", psprintf("follows " INT64_FORMAT ": entries are missing or were put in", v->length));
	if (!IsHash(entry, ENTRY_PREV_HASH, v->head))
		EntryFinding(v, "prev_hash", "is not the hash of the entry before");
	if (v->has_recorded_at && RowInstant(entry, ENTRY_RECORDED_AT) < v->recorded_at)
		EntryFinding(v, "recorded_at", "lies before the entry before");
	if (RowInstant(entry, ENTRY_OCCURRED_AT) > RowInstant(entry, ENTRY_RECORDED_AT))
		EntryFinding(v, "occurred_at", "lies after it was recorded");
	v->length = seq;
	v->recorded_at = RowInstant(entry, ENTRY_RECORDED_AT);
	v->has_recorded_at = true;
}

/*
 * What the next entry must join: the hash that stands in this one, so that an
 * altered entry is named and its innocent successor is not.
 */
static void
KeepHead(Verification *v)
{
	bytea	   *hash;

	memset(v->head, 0, HASH_SIZE);
	if (RowIsNull(v->entries.row, ENTRY_HASH))
		return;
	hash = DatumGetByteaPP(v->entries.row->values[ENTRY_HASH]);
	memcpy(v->head, VARDATA_ANY(hash), Min(VARSIZE_ANY_EXHDR(hash), HASH_SIZE));
}

/* Values that came from this entry outlive it; what they replace goes. */
static void
KeepValues(Verification *v, Row *promise, const Row *before)
{
	for (int i = 0; i < PROMISE_COLUMNS; i++)
	{
		int16		typlen;
		bool		typbyval;
		bool		taken = !promise->nulls[i] && (before->nulls[i] || promise->values[i] != before->values[i]);

		get_typlenbyval(promise->shape->columns[i].type, &typlen, &typbyval);
		if (typbyval)
			continue;
		if (taken)
		{
			MemoryContext previous = MemoryContextSwitchTo(v->context);

			promise->values[i] = datumCopy(promise->values[i], typbyval, typlen);
			MemoryContextSwitchTo(previous);
		}
		if (!before->nulls[i] && (taken || promise->nulls[i]))
			pfree(DatumGetPointer(before->values[i]));
	}
}

static void
FoldEntry(Verification *v)
{
	const Row  *entry = v->entries.row;
	Folded	   *folded;
	Row			before;
	Datum		values[PROMISE_COLUMNS];
	bool		nulls[PROMISE_COLUMNS];
	const char *problem;
	bool		found;

	if (RowIsNull(entry, ENTRY_PROMISE))
	{
		EntryFinding(v, "promise", "is missing: the entry belongs to no promise");
		return;
	}
	folded = hash_search(v->folded, DatumGetUUIDP(entry->values[ENTRY_PROMISE]), HASH_ENTER, &found);
	if (!found)
	{
		MemoryContext previous = MemoryContextSwitchTo(v->context);

		folded->promise = RowNew(&promise_shape);
		folded->stored = false;
		MemoryContextSwitchTo(previous);
	}
	memcpy(values, folded->promise->values, sizeof(values));
	memcpy(nulls, folded->promise->nulls, sizeof(nulls));
	before = (Row) {&promise_shape, values, nulls};
	problem = PromiseProject(folded->promise, entry);
	if (problem)
		EntryFinding(v, "event", problem);
	KeepValues(v, folded->promise, &before);
}

static void
CheckEntries(Verification *v)
{
	for (; v->entries.row && RowTextIs(v->entries.row, ENTRY_CUSTOMER, v->customer); ReaderNext(&v->entries))
	{
		TimestampTz recorded_at = RowInstant(v->entries.row, ENTRY_RECORDED_AT);
		MemoryContext previous = MemoryContextSwitchTo(v->entries.context);

		CheckEntry(v);
		CheckJoin(v);
		KeepHead(v);
		if (v->customer[0] != '\0')
			FoldEntry(v);
		else if (!RowIsNull(v->entries.row, ENTRY_PROMISE))
			EntryFinding(v, "promise", "does not belong into the governance chain");
		MemoryContextSwitchTo(previous);
		v->first = v->entries_read == 0 ? recorded_at : Min(v->first, recorded_at);
		v->last = v->entries_read == 0 ? recorded_at : Max(v->last, recorded_at);
		v->entries_read++;
	}
}

static void
ChainFinding(Verification *v, const char *field, const char *problem)
{
	AddFinding(&v->findings, &(Finding) {
		.part = "chain", .customer = v->customer, .field = field, .problem = problem
	});
}

static void
CheckChain(Verification *v)
{
	const Row  *chain = v->chains.row;

	if (chain == NULL || !RowTextIs(chain, CHAIN_CUSTOMER, v->customer))
	{
		ChainFinding(v, NULL, "is missing");
		return;
	}
	DigestAdd(&v->digest, chain);
	if (v->length == 0)
		ChainFinding(v, NULL, "has no entries");
	if (RowInt64(chain, CHAIN_LENGTH) != v->length)
		ChainFinding(v, "length", psprintf("is " INT64_FORMAT ", and the last entry is " INT64_FORMAT,
										   RowInt64(chain, CHAIN_LENGTH), v->length));
	if (!IsHash(chain, CHAIN_HEAD, v->head))
		ChainFinding(v, "head", "is not the hash of the last entry");
	if (RowIsNull(chain, CHAIN_RECORDED_AT) == v->has_recorded_at ||
		(v->has_recorded_at && RowInstant(chain, CHAIN_RECORDED_AT) != v->recorded_at))
		ChainFinding(v, "recorded_at", "is not when the last entry was recorded");
	ReaderNext(&v->chains);
}

static void
PromiseFinding(Verification *v, pg_uuid_t *promise, const char *field, const char *problem)
{
	AddFinding(&v->findings, &(Finding) {
		.part = "promise", .customer = v->customer, .promise = promise, .field = field, .problem = problem
	});
}

static void
CheckPromise(Verification *v)
{
	const Row  *stored = v->promises.row;
	pg_uuid_t  *id = RowIsNull(stored, PROMISE_PROMISE) ? NULL : DatumGetUUIDP(stored->values[PROMISE_PROMISE]);
	Folded	   *folded = id ? hash_search(v->folded, id, HASH_FIND, NULL) : NULL;

	if (folded == NULL)
	{
		PromiseFinding(v, id, NULL, "has no entries");
		return;
	}
	if (folded->stored)
		PromiseFinding(v, id, NULL, "is there twice");
	folded->stored = true;
	for (int i = 0; i < PROMISE_COLUMNS; i++)
		if (!RowValueEqual(stored, i, folded->promise, i))
			PromiseFinding(v, id, promise_shape.columns[i].name, "is not what the entries add up to");
}

static void
CheckPromises(Verification *v)
{
	HASH_SEQ_STATUS all;
	Folded	   *folded;

	for (; v->promises.row && RowTextIs(v->promises.row, PROMISE_CUSTOMER, v->customer); ReaderNext(&v->promises))
		CheckPromise(v);
	hash_seq_init(&all, v->folded);
	while ((folded = hash_seq_search(&all)) != NULL)
		if (!folded->stored)
			PromiseFinding(v, &folded->id, NULL, "is missing, and there are entries of it");
}

/* The first customer that any of the three readers has; NULL at the end. */
static char *
NextCustomer(Verification *v)
{
	const struct
	{
		const Row  *row;
		int			column;
	}			heads[] = {
		{v->entries.row, ENTRY_CUSTOMER}, {v->promises.row, PROMISE_CUSTOMER}, {v->chains.row, CHAIN_CUSTOMER}
	};
	char	   *first = NULL;

	for (size_t i = 0; i < lengthof(heads); i++)
	{
		char	   *customer = heads[i].row ? RowText(heads[i].row, heads[i].column) : NULL;

		if (heads[i].row && customer == NULL)
			ereport(ERROR, (errcode(ERRCODE_TL_ALTERED), errmsg("a row of table \"trust.%s\" has no customer", heads[i].row->shape->table)));

		if (customer && (first == NULL || strcmp(customer, first) < 0))
			first = customer;
	}
	return first;
}

/* One customer after the other, each in memory of its own. */
static bool
CheckNextCustomer(Verification *v)
{
	MemoryContext previous = CurrentMemoryContext;
	HASHCTL		control = {0};

	MemoryContextReset(v->context);
	MemoryContextSwitchTo(v->context);
	v->customer = NextCustomer(v);
	if (v->customer)
	{
		control.keysize = sizeof(pg_uuid_t);
		control.entrysize = sizeof(Folded);
		control.hcxt = v->context;
		v->folded = hash_create("folded promises", 16, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
		v->length = 0;
		memset(v->head, 0, HASH_SIZE);
		v->has_recorded_at = false;
		CheckEntries(v);
		CheckChain(v);
		CheckPromises(v);
	}
	MemoryContextSwitchTo(previous);
	return v->customer != NULL;
}

static void
Report(Verification *v, const char *customer)
{
	char		digest[HASH_SIZE * 2 + 1];
	char	   *first;

	if (v->entries_read == 0)
	{
		ereport(NOTICE, (errmsg("no entries were found%s", customer ? " of this customer" : "")));
		return;
	}
	hex_encode((char *) v->digest.hash, HASH_SIZE, digest);
	digest[HASH_SIZE * 2] = '\0';
	first = pstrdup(timestamptz_to_str(v->first));
	if (customer)
		ereport(NOTICE,
				(errmsg("verified " INT64_FORMAT " entries of this customer, recorded from %s to %s: "
						INT64_FORMAT " findings",
						v->entries_read, first, timestamptz_to_str(v->last), v->findings.count)));
	else
		ereport(NOTICE,
				(errmsg("verified " INT64_FORMAT " entries of " INT64_FORMAT " customers, recorded from %s to %s: "
						INT64_FORMAT " findings, digest %s",
						v->entries_read, v->digest.customers, first, timestamptz_to_str(v->last),
						v->findings.count, digest)));
}

static void
Verify(FunctionCallInfo fcinfo, const char *customer)
{
	Verification v = {0};
	Ledger		ledger = {0};
	LedgerSession session;

	LedgerFind(&ledger);
	CheckAccess(&ledger, GetUserId(), LEVEL_AUDITOR | LEVEL_ADMIN, "verify the ledger");
	InitMaterializedSRF(fcinfo, 0);
	v.findings.result = (ReturnSetInfo *) fcinfo->resultinfo;
	LedgerEnter(&ledger, &session);
	v.context = AllocSetContextCreate(CurrentMemoryContext, "trust_ledger customer", ALLOCSET_DEFAULT_SIZES);
	LedgerReadId(&ledger);
	v.ledger = ledger.id;
	FindGuardProblems(&v.findings);
	if (customer == NULL || customer[0] == '\0')
		FindGovernanceProblems(&v.findings);
	v.registrations = ReadRegistrations();
	DigestBegin(&v.digest, &v.ledger);
	ReaderOpen(&v.entries, &entry_shape, "customer COLLATE pg_catalog.\"C\", seq", customer);
	ReaderOpen(&v.promises, &promise_shape, "customer COLLATE pg_catalog.\"C\", promise", customer);
	ReaderOpen(&v.chains, &chain_shape, "customer COLLATE pg_catalog.\"C\"", customer);
	while (CheckNextCustomer(&v))
		CHECK_FOR_INTERRUPTS();
	DigestEnd(&v.digest);
	ReaderClose(&v.chains);
	ReaderClose(&v.promises);
	ReaderClose(&v.entries);
	Report(&v, customer);
	LedgerLeave(&session);
}

/*
 * verify() returns setof (part, customer, seq, promise, subject, field, problem)
 *		The whole ledger; empty when nothing is wrong.  On the caller's snapshot,
 *		beside writers, in read-only transactions and on standbys.  One NOTICE with
 *		counts, period and digest.  Level auditor or admin.
 */
Datum
verify_ledger(PG_FUNCTION_ARGS)
{
	Verify(fcinfo, NULL);
	return (Datum) 0;
}

/*
 * verify(of_customer text) returns setof (part, customer, seq, promise, subject, field, problem)
 *		One customer's chain and promises, and the guards; '' is governance.
 */
Datum
verify_customer(PG_FUNCTION_ARGS)
{
	Verify(fcinfo, text_to_cstring(PG_GETARG_TEXT_PP(0)));
	return (Datum) 0;
}
