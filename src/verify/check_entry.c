/*
 * check_entry.c
 *		Checks of a customer's entries: each one alone, and its place in the chain.
 */
#include "postgres.h"

#include "verify/check_entry.h"

#include "utils/builtins.h"

#include "ledger/erasure_log.h"
#include "ledger/idempotency.h"
#include "verify/actor_history.h"

static void
EntryFinding(ChainCheck *check, const char *field, const char *problem)
{
	const Row  *entry = check->entries.row;

	AddFinding(&check->findings, &(Finding) {
		.part = "entry", .customer = check->customer,
		.has_seq = true, .seq = RowInt64(entry, ENTRY_SEQ),
		.promise = RowIsNull(entry, ENTRY_PROMISE) ? NULL :
			DatumGetUUIDP(entry->values[ENTRY_PROMISE]),
		.subject = RowText(entry, ENTRY_SUBJECT), .field = field, .problem = problem
	});
}

bool
ColumnIsHash(const Row *row, int column, const uint8 hash[HASH_SIZE])
{
	bytea	   *stored;

	if (RowIsNull(row, column))
		return false;
	stored = DatumGetByteaPP(row->values[column]);
	return VARSIZE_ANY_EXHDR(stored) == HASH_SIZE &&
		memcmp(VARDATA_ANY(stored), hash, HASH_SIZE) == 0;
}

/* What is wrong with one of the entry's texts, or NULL. */
static const char *
TextProblem(const Row *entry, const ErasableText *erasable, bool erased)
{
	bool		text_gone = RowIsNull(entry, erasable->text);
	bool		salt_gone = RowIsNull(entry, erasable->salt);

	if (RowIsNull(entry, erasable->commitment))
		return text_gone && salt_gone ? NULL : "is set, but the entry has no commitment to it";
	if (erased)
		return text_gone && salt_gone ? NULL :
			"is not erased, although an entry says so: the text or its salt is still present";
	if (text_gone)
		return "is missing, but no entry says that it was erased";
	return salt_gone || !EntryTextMatches(entry, erasable) ? "does not match its commitment" : NULL;
}

/*
 * Each text must match its commitment, unless an entry says that it was erased.
 * Erasing a text also erases the salt of the idempotent request.
 */
static void
CheckTexts(ChainCheck *check)
{
	const Row  *entry = check->entries.row;
	int			erased = ErasedTexts(check->erasures, entry);
	bool		any_erased = false;

	for (int i = 0; i < ERASABLE_TEXTS; i++)
	{
		bool		is_erased = (erased & (1 << i)) != 0;
		const char *problem = TextProblem(entry, &erasable_texts[i], is_erased);

		any_erased |= is_erased && !RowIsNull(entry, erasable_texts[i].commitment);
		if (problem)
			EntryFinding(check, entry_shape.columns[erasable_texts[i].text].name, problem);
	}
	if (any_erased)
	{
		if (!RowIsNull(entry, ENTRY_REQUEST_SALT))
			EntryFinding(check, "request_salt",
						 "is still present, although an entry says that a text of the request"
						 " was erased");
	}
	else if (!RequestSaltMatches(entry))
		EntryFinding(check, "request_salt", "does not match the commitment to the request");
}

/* Checks that do not depend on other entries of the chain. */
static void
CheckEntry(ChainCheck *check)
{
	const Row  *entry = check->entries.row;
	const char *field;
	uint8		hash[HASH_SIZE];

	EntryHash(entry, &check->ledger, hash);
	if (!ColumnIsHash(entry, ENTRY_HASH, hash))
		EntryFinding(check, "hash", "does not match the entry: one of its columns was altered");
	if (DatumGetInt16(entry->values[ENTRY_FORMAT]) != ENTRY_FORMAT_NUMBER)
		EntryFinding(check, "format", "is not supported by this version of the extension");
	CheckTexts(check);
	field = WrongActorColumn(check->registrations, entry);
	if (field)
		EntryFinding(check, field, "does not match the governance entries about the actor");
}

/* Checks of the entry against the one before it. */
static void
CheckLink(ChainCheck *check)
{
	const Row  *entry = check->entries.row;
	int64		seq = RowInt64(entry, ENTRY_SEQ);

	if (seq != check->length + 1)
		EntryFinding(check, "seq",
					 psprintf("should be " INT64_FORMAT ": entries are missing or were inserted",
							  check->length + 1));
	if (!ColumnIsHash(entry, ENTRY_PREV_HASH, check->head))
		EntryFinding(check, "prev_hash", "does not match the hash of the previous entry");
	if (check->has_recorded_at && RowInstant(entry, ENTRY_RECORDED_AT) < check->recorded_at)
		EntryFinding(check, "recorded_at", "is earlier than in the previous entry");
	if (RowInstant(entry, ENTRY_OCCURRED_AT) > RowInstant(entry, ENTRY_RECORDED_AT))
		EntryFinding(check, "occurred_at", "is later than recorded_at");
	check->length = seq;
	check->recorded_at = RowInstant(entry, ENTRY_RECORDED_AT);
	check->has_recorded_at = true;
}

/*
 * The next entry must refer to the hash that is stored in this one, not to the
 * computed one.  So an altered entry is reported, and its successor is not.
 */
static void
KeepHead(ChainCheck *check)
{
	bytea	   *hash;

	memset(check->head, 0, HASH_SIZE);
	if (RowIsNull(check->entries.row, ENTRY_HASH))
		return;
	hash = DatumGetByteaPP(check->entries.row->values[ENTRY_HASH]);
	memcpy(check->head, VARDATA_ANY(hash), Min(VARSIZE_ANY_EXHDR(hash), HASH_SIZE));
}

static void
ApplyEntry(ChainCheck *check)
{
	const Row  *entry = check->entries.row;
	bool		governance = check->customer[0] == '\0';
	const char *problem;

	if (RowIsNull(entry, ENTRY_PROMISE) != governance)
	{
		EntryFinding(check, "promise", governance ? "must be null in the governance chain" :
					 "is missing: the entry belongs to no promise");
		return;
	}
	if (governance)
		return;
	problem = ProjectEntry(&check->projection, entry);
	if (problem)
		EntryFinding(check, "event", problem);
}

void
CheckEntries(ChainCheck *check)
{
	Reader	   *entries = &check->entries;

	for (; entries->row && RowTextIs(entries->row, ENTRY_CUSTOMER, check->customer);
		 ReaderNext(entries))
	{
		TimestampTz recorded_at = RowInstant(entries->row, ENTRY_RECORDED_AT);
		MemoryContext previous = MemoryContextSwitchTo(entries->context);

		CheckEntry(check);
		CheckLink(check);
		KeepHead(check);
		ApplyEntry(check);
		MemoryContextSwitchTo(previous);
		check->first = check->entries_read == 0 ? recorded_at : Min(check->first, recorded_at);
		check->last = check->entries_read == 0 ? recorded_at : Max(check->last, recorded_at);
		check->entries_read++;
	}
}
