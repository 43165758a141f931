/*
 * check_entry.c
 *		Checking a customer's entries, each by itself and among the others of its chain.
 */
#include "postgres.h"

#include "verify/check_entry.h"

#include "utils/builtins.h"

#include "ledger/erasure_log.h"
#include "ledger/idempotency.h"
#include "verify/actor_history.h"

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

bool
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

void
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
