/*
 * entry.h
 *		Entries of the history: columns, canonical bytes, commitments and hash.
 *
 * The lists below define the entry format of doc/format.md, and the order of columns in
 * the canonical bytes.  A released format never changes; later columns are appended
 * with a higher ENTRY_FORMAT_NUMBER.
 */
#ifndef TRUST_LEDGER_ENTRY_H
#define TRUST_LEDGER_ENTRY_H

#include "common/canonical.h"
#include "base/row.h"

#define ENTRY_FORMAT_NUMBER 1

/* Columns that are hashed, in this order.  The ledger's UUID is hashed after the format. */
#define ENTRY_HASHED(C) \
	C(FORMAT, format, INT2OID) \
	C(PREV_HASH, prev_hash, BYTEAOID) \
	C(CUSTOMER, customer, TEXTOID) \
	C(SEQ, seq, INT8OID) \
	C(PROMISE, promise, UUIDOID) \
	C(EVENT, event, TEXTOID) \
	C(RECORDED_AT, recorded_at, TIMESTAMPTZOID) \
	C(OCCURRED_AT, occurred_at, TIMESTAMPTZOID) \
	C(BACKFILLED, backfilled, BOOLOID) \
	C(ACTOR, actor, TEXTOID) \
	C(ACTOR_KIND, actor_kind, TEXTOID) \
	C(SPEAKS_FOR, speaks_for, TEXTOID) \
	C(RESPONSIBLE, responsible, TEXTOID) \
	C(ACTOR_SEQ, actor_seq, INT8OID) \
	C(LOGIN, login, TEXTOID) \
	C(ROLE, role, TEXTOID) \
	C(EVIDENCE, evidence, TEXTOID) \
	C(EVIDENCE_ASKED, evidence_asked, TEXTOID) \
	C(STATE, state, TEXTOID) \
	C(REFERS_TO, refers_to, INT8OID) \
	C(SUBJECT, subject, TEXTOID) \
	C(DETAILS, details, JSONBOID) \
	C(PROMISER, promiser, TEXTOID) \
	C(PROMISER_KIND, promiser_kind, TEXTOID) \
	C(DRAFTED_BY, drafted_by, TEXTOID) \
	C(BACKER, backer, TEXTOID) \
	C(KIND, kind, TEXTOID) \
	C(DUE, due, TIMESTAMPTZOID) \
	C(OVERDUE_AT, overdue_at, TIMESTAMPTZOID) \
	C(BACK_BY, back_by, TIMESTAMPTZOID) \
	C(VALUE, value, NUMERICOID) \
	C(CURRENCY, currency, TEXTOID) \
	C(LONGEST_PAUSE, longest_pause, INTERVALOID) \
	C(ACCEPTED, accepted, BOOLOID) \
	C(RELAYED, relayed, BOOLOID) \
	C(STANDS, stands, BOOLOID) \
	C(VERDICT, verdict, TEXTOID) \
	C(WHOSE_WORD, whose_word, TEXTOID) \
	C(PURPOSE_MET, purpose_met, BOOLOID) \
	C(WEIGHT_KEPT, weight_kept, INT4OID) \
	C(WEIGHT_BROKEN, weight_broken, INT4OID) \
	C(IDEMPOTENCY_KEY, idempotency_key, TEXTOID) \
	C(REQUEST, request, BYTEAOID) \
	C(WORDS_COMMITMENT, words_commitment, BYTEAOID) \
	C(PURPOSE_COMMITMENT, purpose_commitment, BYTEAOID) \
	C(NOTE_COMMITMENT, note_commitment, BYTEAOID) \
	C(CONTEXT_COMMITMENT, context_commitment, BYTEAOID) \
	C(NAME_COMMITMENT, name_commitment, BYTEAOID)

/* The hash itself; and texts with their salts, of which the hash covers the commitments. */
#define ENTRY_UNHASHED(C) \
	C(HASH, hash, BYTEAOID) \
	C(WORDS, words, TEXTOID) \
	C(PURPOSE, purpose, TEXTOID) \
	C(NOTE, note, TEXTOID) \
	C(CONTEXT, context, JSONBOID) \
	C(NAME, name, TEXTOID) \
	C(WORDS_SALT, words_salt, BYTEAOID) \
	C(PURPOSE_SALT, purpose_salt, BYTEAOID) \
	C(NOTE_SALT, note_salt, BYTEAOID) \
	C(CONTEXT_SALT, context_salt, BYTEAOID) \
	C(NAME_SALT, name_salt, BYTEAOID) \
	C(REQUEST_SALT, request_salt, BYTEAOID)

#define ENTRY_COLUMN_ID(id, name, type) ENTRY_##id,
enum
{
	ENTRY_HASHED(ENTRY_COLUMN_ID)
	ENTRY_HASHED_COLUMNS,
	ENTRY_BEFORE_UNHASHED = ENTRY_HASHED_COLUMNS - 1,
	ENTRY_UNHASHED(ENTRY_COLUMN_ID)
	ENTRY_COLUMNS
};

/* Columns of a text that a person wrote, its salt and its commitment. */
typedef struct ErasableText
{
	int			text;
	int			salt;
	int			commitment;
} ErasableText;

#define ERASABLE_TEXTS 5
extern const ErasableText erasable_texts[ERASABLE_TEXTS];

extern const RowShape entry_shape;

/* Sets salt and commitment of each text that is not NULL. */
extern void EntryCommit(Row *entry);

/* SHA-256 of the entry's canonical bytes. */
extern void EntryHash(const Row *entry, const pg_uuid_t *ledger, uint8 hash[HASH_SIZE]);

/*
 * The time that decides whether the event was in time: recorded_at, or occurred_at if
 * the entry is backfilled.
 */
extern TimestampTz EntryInstant(const Row *entry);

/* Clears the idempotency key and its request: of several entries of a call, one has them. */
extern void EntryClearRequest(Row *entry);

/* False if the entry is only recorded: relayed, or claimed over a verdict of higher rank. */
extern bool EntryStands(const Row *entry);

/*
 * Whether the customer or a system of record can still confirm the entry: it is relayed,
 * or a repair without effect.
 */
extern bool EntryIsClaim(const Row *entry);

/* Whether text and salt, neither of them NULL, match the commitment. */
extern bool EntryTextMatches(const Row *entry, const ErasableText *erasable);

/* Makes a random salt, and the commitment to the data with it. */
extern void MakeCommitment(const char *data, size_t length, uint8 salt[SALT_SIZE],
						   uint8 commitment[HASH_SIZE]);

/* Appends a value as a field of canonical bytes, as doc/format.md defines it for the type. */
extern void CanonicalDatum(CanonicalBytes *bytes, Oid type, Datum value);

/* Reports a failure of OpenSSL (XX000). */
pg_noreturn extern void CryptoFailed(void);

/* The hash as a bytea value. */
extern bytea *HashBytea(const uint8 hash[HASH_SIZE]);

#endif
