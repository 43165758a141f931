/*
 * check_chain.c
 *		Checking customers, one after the other: their entries, and what these add up to.
 *
 * Four tables are read side by side in the order of customers, on the caller's
 * snapshot: entries, promises, sources, chains.  Each customer's entries are checked and
 * folded; what they add up to is compared with what the tables say.
 */
#include "postgres.h"

#include "verify/check_chain.h"

#include "catalog/pg_type_d.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "ledger/erasure_log.h"
#include "ledger/idempotency.h"
#include "ledger/row_tally.h"
#include "verify/actor_history.h"
#include "verify/digest.h"

/* A chain with the score that it carries */
enum
{
	CHAIN_SCORE = CHAIN_COLUMNS,
	SCORED_CHAIN_COLUMNS
};

static const Column scored_chain_columns[SCORED_CHAIN_COLUMNS] = {
	{"customer", TEXTOID}, {"length", INT8OID}, {"head", BYTEAOID}, {"recorded_at", TIMESTAMPTZOID},
	{"score", COLUMN_OF_SCORES}
};

static const RowShape scored_chain_shape = {"chain", scored_chain_columns, SCORED_CHAIN_COLUMNS};

const char *const tallied_tables[] = {"entry", "promise", "source", "chain"};

static void
EntryFinding(ChainCheck *v, const char *field, const char *problem)
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

/* What is wrong with one of the entry's texts; NULL: nothing. */
static const char *
TextProblem(const Row *entry, const ErasableText *erasable, bool erased)
{
	bool		text_gone = RowIsNull(entry, erasable->text);
	bool		salt_gone = RowIsNull(entry, erasable->salt);

	if (RowIsNull(entry, erasable->commitment))
		return text_gone && salt_gone ? NULL : "is a text that the entry never had";
	if (erased)
		return text_gone && salt_gone ? NULL : "is still there, or its salt, and an entry says that it was erased";
	if (text_gone)
		return "is missing, and no entry says that it was erased";
	return salt_gone || !EntryTextMatches(entry, erasable) ? "is not the text that was committed to" : NULL;
}

/* Texts are what was committed to, or were erased by an entry that says so; and with them the request's salt. */
static void
CheckTexts(ChainCheck *v)
{
	const Row  *entry = v->entries.row;
	int			erased = ErasedTexts(v->erasures, entry);
	bool		lost = false;

	for (int i = 0; i < ERASABLE_TEXTS; i++)
	{
		bool		gone = (erased & (1 << i)) != 0;
		const char *problem = TextProblem(entry, &erasable_texts[i], gone);

		lost |= gone && !RowIsNull(entry, erasable_texts[i].commitment);
		if (problem)
			EntryFinding(v, entry_shape.columns[erasable_texts[i].text].name, problem);
	}
	if (lost)
	{
		if (!RowIsNull(entry, ENTRY_REQUEST_SALT))
			EntryFinding(v, "request_salt", "is still there, and an entry says that a text of the request was erased");
	}
	else if (!RequestSaltMatches(entry))
		EntryFinding(v, "request_salt", "is not the salt that the request was committed to with");
}

/* The entry by itself. */
static void
CheckEntry(ChainCheck *v)
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
	field = CheckRegistered(v->registrations, entry);
	if (field)
		EntryFinding(v, field, "is not what governance said of the actor");
}

/* The entry among the others of its chain. */
static void
CheckJoin(ChainCheck *v)
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
KeepHead(ChainCheck *v)
{
	bytea	   *hash;

	memset(v->head, 0, HASH_SIZE);
	if (RowIsNull(v->entries.row, ENTRY_HASH))
		return;
	hash = DatumGetByteaPP(v->entries.row->values[ENTRY_HASH]);
	memcpy(v->head, VARDATA_ANY(hash), Min(VARSIZE_ANY_EXHDR(hash), HASH_SIZE));
}

static void
ProjectOrRefuse(ChainCheck *v)
{
	const Row  *entry = v->entries.row;
	bool		governance = v->customer[0] == '\0';
	const char *problem;

	if (RowIsNull(entry, ENTRY_PROMISE) != governance)
	{
		EntryFinding(v, "promise", governance ? "does not belong into the governance chain" :
					 "is missing: the entry belongs to no promise");
		return;
	}
	if (governance)
		return;
	problem = ProjectEntry(&v->projection, entry);
	if (problem)
		EntryFinding(v, "event", problem);
}

/* What was erased of the customer at hand, before their entries are looked at. */
static void
ReadErasures(ChainCheck *v)
{
	v->erasures = NULL;
	for (; v->erased.row; ReaderNext(&v->erased))
	{
		char	   *customer = ErasedCustomer(v->erased.row);

		if (strcmp(customer, v->customer) > 0)
			break;
		if (v->erasures == NULL)
			v->erasures = ErasuresBegin(v->context);
		ErasuresAdd(v->erasures, v->erased.row);
	}
}

static void
CheckEntries(ChainCheck *v)
{
	for (; v->entries.row && RowTextIs(v->entries.row, ENTRY_CUSTOMER, v->customer); ReaderNext(&v->entries))
	{
		TimestampTz recorded_at = RowInstant(v->entries.row, ENTRY_RECORDED_AT);
		MemoryContext previous = MemoryContextSwitchTo(v->entries.context);

		CheckEntry(v);
		CheckJoin(v);
		KeepHead(v);
		ProjectOrRefuse(v);
		MemoryContextSwitchTo(previous);
		v->first = v->entries_read == 0 ? recorded_at : Min(v->first, recorded_at);
		v->last = v->entries_read == 0 ? recorded_at : Max(v->last, recorded_at);
		v->entries_read++;
	}
}

static void
ChainFinding(ChainCheck *v, const char *field, const char *problem)
{
	AddFinding(&v->findings, &(Finding) {
		.part = "chain", .customer = v->customer, .field = field, .problem = problem
	});
}

static bool
HasChain(const ChainCheck *v)
{
	return v->chains.row && RowTextIs(v->chains.row, CHAIN_CUSTOMER, v->customer);
}

static void
CheckChain(ChainCheck *v)
{
	const Row  *chain = v->chains.row;

	if (!HasChain(v))
	{
		ChainFinding(v, NULL, "is missing");
		return;
	}
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
}

/* The score that the chain at hand carries; NULL where it has none. */
const TrustScore *
VerifiedScore(const ChainCheck *v)
{
	if (!v->has_scores || !HasChain(v) || RowIsNull(v->chains.row, CHAIN_SCORE))
		return NULL;
	return DatumGetTrustScore(v->chains.row->values[CHAIN_SCORE]);
}

/* Computed with the half-life that the stored score has: a new setting changes no score by itself. */
static int64
HalfLifeToFoldWith(const ChainCheck *v)
{
	const TrustScore *stored = VerifiedScore(v);

	if (v->half_life)
		return v->half_life;
	return stored && !ScoreIsEmpty(stored) ? stored->half_life : USECS_PER_DAY;
}

static void
CheckScore(ChainCheck *v)
{
	const TrustScore *stored = VerifiedScore(v);

	if (v->has_scores && HasChain(v) && !FoldedScoreIs(&v->projection, stored))
		ChainFinding(v, "score", "is not what the entries add up to");
}

static void
RowFinding(ChainCheck *v, const Projected *projected, pg_uuid_t *promise, const char *field, const char *problem)
{
	AddFinding(&v->findings, &(Finding) {
		.part = projected->shape->table, .customer = v->customer, .promise = promise, .field = field, .problem = problem
	});
}

/* A stored row is what the entries add up to. */
static void
CheckRow(ChainCheck *v, const Projected *projected, const Row *stored)
{
	pg_uuid_t  *id = RowIsNull(stored, projected->promise) ? NULL : DatumGetUUIDP(stored->values[projected->promise]);
	ProjectedPromise	   *folded = id ? ProjectionFind(&v->projection, id) : NULL;
	Row		   *said = folded ? projected->said(folded) : NULL;

	if (said == NULL)
	{
		RowFinding(v, projected, id, NULL, "has no entries that say so");
		return;
	}
	if (*projected->stored(folded))
		RowFinding(v, projected, id, NULL, "is there twice");
	*projected->stored(folded) = true;
	for (int i = 0; i < stored->shape->natts; i++)
		if (!RowValueEqual(stored, i, said, i))
			RowFinding(v, projected, id, stored->shape->columns[i].name, "is not what the entries add up to");
}

/* All rows of the customer's, and those that should be there. */
static void
CheckRows(ChainCheck *v, const Projected *projected, Reader *stored)
{
	HASH_SEQ_STATUS all;
	ProjectedPromise	   *folded;

	for (; stored->row && RowTextIs(stored->row, projected->customer, v->customer); ReaderNext(stored))
		CheckRow(v, projected, stored->row);
	hash_seq_init(&all, v->projection.promises);
	while ((folded = hash_seq_search(&all)) != NULL)
		if (!*projected->stored(folded) && projected->said(folded))
			RowFinding(v, projected, &folded->id, NULL, "is missing, and there are entries of it");
}

/* The first customer that any of the readers has; NULL at the end. */
static char *
NextCustomer(ChainCheck *v)
{
	const struct
	{
		const Row  *row;
		int			column;
	}			heads[] = {
		{v->entries.row, ENTRY_CUSTOMER}, {v->promises.row, PROMISE_CUSTOMER}, {v->chains.row, CHAIN_CUSTOMER},
		{v->sources.row, SOURCE_CUSTOMER}
	};
	char	   *first = NULL;

	for (size_t i = 0; i < lengthof(heads); i++)
	{
		char	   *customer = heads[i].row ? RowText(heads[i].row, heads[i].column) : NULL;

		if (heads[i].row && customer == NULL)
			RowWithoutKey(heads[i].row->shape->table);

		if (customer && (first == NULL || strcmp(customer, first) < 0))
			first = customer;
	}
	return first;
}

/*
 * The entries of the next customer, by themselves and with their chain; each
 * customer in memory of its own.  False where there is none.  What they add up
 * to is then in v->fold.
 */
bool
VerifyNextChain(ChainCheck *v)
{
	MemoryContext previous = CurrentMemoryContext;

	CHECK_FOR_INTERRUPTS();
	MemoryContextReset(v->context);
	MemoryContextSwitchTo(v->context);
	v->customer = NextCustomer(v);
	if (v->customer)
	{
		ProjectionBegin(&v->projection, v->context, HalfLifeToFoldWith(v));
		v->length = 0;
		memset(v->head, 0, HASH_SIZE);
		v->has_recorded_at = false;
		ReadErasures(v);
		CheckEntries(v);
		CheckChain(v);
	}
	MemoryContextSwitchTo(previous);
	return v->customer != NULL;
}

/* What the tables say of that customer beside the chain. */
static void
CheckProjections(ChainCheck *v)
{
	MemoryContext previous = MemoryContextSwitchTo(v->context);

	CheckScore(v);
	if (HasChain(v))
		ReaderNext(&v->chains);
	CheckRows(v, &projected_promise, &v->promises);
	CheckRows(v, &projected_source, &v->sources);
	MemoryContextSwitchTo(previous);
}

/* Whether chains carry scores: they go with the extension, and come back with it. */
bool
HasScores(void)
{
	return get_attnum(LedgerRelation(chain_shape.table), scored_chain_columns[CHAIN_SCORE].name) != InvalidAttrNumber;
}

/*
 * Begins to read those customers; of which ledger is in v already.  Within a
 * LedgerSession, on the active snapshot.
 */
void
ChainCheckBegin(ChainCheck *v, const Customers *customers)
{
	v->context = AllocSetContextCreate(CurrentMemoryContext, "trust_ledger customer", ALLOCSET_DEFAULT_SIZES);
	v->has_scores = HasScores();
	if (v->registrations == NULL)
		v->registrations = ReadRegistrations();
	ReaderOpenTallied(&v->entries, &entry_shape, "seq", customers);
	ReaderOpenTallied(&v->promises, &promise_shape, "promise", customers);
	ReaderOpenTallied(&v->sources, &source_shape, "promise", customers);
	ReaderOpenTallied(&v->chains, v->has_scores ? &scored_chain_shape : &chain_shape, NULL, customers);
	ReaderOpen(&v->erased, &erased_shape, ERASED_ENTRIES, "seq", customers);
}

void
ChainCheckEnd(ChainCheck *v)
{
	TallyAdd(&v->tallies[TALLY_ENTRY], &v->entries.tally);
	TallyAdd(&v->tallies[TALLY_PROMISE], &v->promises.tally);
	TallyAdd(&v->tallies[TALLY_SOURCE], &v->sources.tally);
	TallyAdd(&v->tallies[TALLY_CHAIN], &v->chains.tally);
	ReaderClose(&v->erased);
	ReaderClose(&v->chains);
	ReaderClose(&v->sources);
	ReaderClose(&v->promises);
	ReaderClose(&v->entries);
	MemoryContextDelete(v->context);
}

/* Those customers altogether. */
void
VerifyAll(ChainCheck *v, const Customers *customers)
{
	ChainCheckBegin(v, customers);
	while (VerifyNextChain(v))
		CheckProjections(v);
	ChainCheckEnd(v);
}

/* What the tables hold that were read through. */
void
TallyTables(RowTally *held)
{
	for (int i = 0; i < TALLIED_TABLES; i++)
		held[i] = TallyTable(tallied_tables[i]);
}
