/*
 * entry.h
 *		The entry: one line of the history, its columns, its canonical bytes, its hash.
 *
 * The list below is the entry format: its order is the order of the canonical
 * bytes (doc/format.md).  A format that has been released never changes; what
 * comes later gets a higher ENTRY_FORMAT_NUMBER and stands behind what is here.
 */
#ifndef TRUST_LEDGER_ENTRY_H
#define TRUST_LEDGER_ENTRY_H

#include "common/canonical.h"
#include "base/row.h"

#define ENTRY_FORMAT_NUMBER 1

/* Hashed, in this order; the ledger's uuid enters right behind the format. */
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

/* The hash, and what a person wrote: bound by its commitment, erasable with its salt. */
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

/* A text that a person wrote, with its salt and its commitment. */
typedef struct ErasableText
{
	int			text;
	int			salt;
	int			commitment;
} ErasableText;

#define ERASABLE_TEXTS 5
extern const ErasableText erasable_texts[ERASABLE_TEXTS];

extern const RowShape entry_shape;

extern void EntryCommit(Row *entry);
extern void EntryHash(const Row *entry, const pg_uuid_t *ledger, uint8 hash[HASH_SIZE]);
extern TimestampTz EntryInstant(const Row *entry);
extern void EntryClearRequest(Row *entry);
extern bool EntryStands(const Row *entry);
extern bool EntryIsClaim(const Row *entry);
extern bool EntryTextMatches(const Row *entry, const ErasableText *erasable);

extern void MakeCommitment(const char *data, size_t length, uint8 salt[SALT_SIZE], uint8 commitment[HASH_SIZE]);
extern void CanonicalDatum(CanonicalBytes *bytes, Oid type, Datum value);
pg_noreturn extern void CryptoFailed(void);
extern bytea *HashBytea(const uint8 hash[HASH_SIZE]);

#endif
