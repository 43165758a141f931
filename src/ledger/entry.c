/*
 * entry.c
 *		Entries of the history: columns, canonical bytes, commitments and hash.
 *
 * doc/format.md specifies all this, so that a ledger can be verified without this code.
 * Keep the two in sync.
 */
#include "postgres.h"

#include "ledger/entry.h"

#include "catalog/pg_type_d.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"
#include "utils/numeric.h"

#include "base/large_value.h"
#include "base/limit.h"

#define ENTRY_COLUMN(id, name, type) {#name, type},
static const Column entry_columns[ENTRY_COLUMNS] = {
	ENTRY_HASHED(ENTRY_COLUMN)
	ENTRY_UNHASHED(ENTRY_COLUMN)
};

const RowShape entry_shape = {"entry", entry_columns, ENTRY_COLUMNS};

#define ERASABLE(id) {ENTRY_##id, ENTRY_##id##_SALT, ENTRY_##id##_COMMITMENT}
const ErasableText erasable_texts[ERASABLE_TEXTS] = {
	ERASABLE(WORDS), ERASABLE(PURPOSE), ERASABLE(NOTE), ERASABLE(CONTEXT), ERASABLE(NAME)
};

/* Microseconds from 1970-01-01 to 2000-01-01, PostgreSQL's epoch */
#define UNIX_EPOCH_OFFSET \
	(((uint64) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE)) * USECS_PER_DAY)

void
CryptoFailed(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_INTERNAL_ERROR),
			 errmsg("could not compute a hash with OpenSSL")));
}

/* Where the next piece is stored, and the end of the space for all pieces */
typedef struct Place
{
	unsigned char *next;
	unsigned char *end;
} Place;

static void
PutPiece(void *arg, const char *data, size_t length)
{
	Place	   *place = arg;

	if (length > (size_t) (place->end - place->next))
		elog(ERROR, "text of a jsonb value is longer than computed");
	memcpy(place->next, data, length);
	place->next += length;
}

/* The text of a large value is written directly to the buffer, without a copy. */
static void
CanonicalJson(CanonicalBytes *bytes, Datum value)
{
	Jsonb	   *json = DatumGetJsonbP(value);

	if (VARSIZE(json) <= LARGE_BYTES)
	{
		char	   *out = JsonbToCString(NULL, &json->root, VARSIZE(json));

		CanonicalField(bytes, out, strlen(out));
		pfree(out);
	}
	else
	{
		size_t		length = JsonTextBytes(json);
		unsigned char *start = CanonicalReserveField(bytes, length);
		Place		place = {start, start + length};

		JsonPieces(json, PutPiece, &place);
		if (place.next != place.end)
			elog(ERROR, "text of a jsonb value is shorter than computed");
	}
	if (PointerGetDatum(json) != value)
		pfree(json);
}

/*
 * No form depends on a setting: timestamps are microseconds since 1970 UTC, numeric and
 * jsonb are their text form, and text is its UTF-8 bytes.
 */
void
CanonicalDatum(CanonicalBytes *bytes, Oid type, Datum value)
{
	switch (type)
	{
		case INT2OID:
			CanonicalInt16(bytes, DatumGetInt16(value));
			break;
		case INT4OID:
			CanonicalInt32(bytes, DatumGetInt32(value));
			break;
		case INT8OID:
			CanonicalInt64(bytes, DatumGetInt64(value));
			break;
		case DATEOID:
			CanonicalInt32(bytes, DatumGetInt32(value));
			break;
		case BOOLOID:
			{
				uint8		wire = DatumGetBool(value) ? 1 : 0;

				CanonicalField(bytes, &wire, 1);
				break;
			}
		case TIMESTAMPTZOID:
			/* unsigned, since a tampered value may overflow; the hash reveals it */
			CanonicalInt64(bytes,
						   (int64) ((uint64) DatumGetTimestampTz(value) + UNIX_EPOCH_OFFSET));
			break;
		case INTERVALOID:
			{
				Interval   *interval = DatumGetIntervalP(value);

				CanonicalInterval(bytes, interval->time, interval->day, interval->month);
				break;
			}
		case UUIDOID:
			CanonicalField(bytes, DatumGetUUIDP(value)->data, UUID_LEN);
			break;
		case TEXTOID:
		case BYTEAOID:
			{
				struct varlena *data = PG_DETOAST_DATUM_PACKED(value);

				CanonicalField(bytes, VARDATA_ANY(data), VARSIZE_ANY_EXHDR(data));
				break;
			}
		case JSONBOID:
			CanonicalJson(bytes, value);
			break;
		case TEXTARRAYOID:
		case NUMERICOID:
			{
				char	   *out = DatumGetCString(type == NUMERICOID ?
												  DirectFunctionCall1(numeric_out, value) :
												  OidFunctionCall1(F_ARRAY_OUT, value));

				CanonicalField(bytes, out, strlen(out));
				pfree(out);
				break;
			}
		default:
			elog(ERROR, "no canonical form for type %u", type);
	}
}

static void
BytesHash(const CanonicalBytes *bytes, uint8 hash[HASH_SIZE])
{
	if (!Sha256(bytes->data, bytes->length, hash))
		CryptoFailed();
}

bytea *
HashBytea(const uint8 hash[HASH_SIZE])
{
	bytea	   *value = palloc(VARHDRSZ + HASH_SIZE);

	SET_VARSIZE(value, VARHDRSZ + HASH_SIZE);
	memcpy(VARDATA(value), hash, HASH_SIZE);
	return value;
}

static void
CommitPiece(void *arg pg_attribute_unused(), const char *data, size_t length)
{
	if (!CommitmentAdd(data, length))
		CryptoFailed();
}

/* Commits to the bytes of a text, or to the text of a jsonb value. */
static void
CommitTo(Oid type, Datum value, const uint8 salt[SALT_SIZE], uint8 commitment[HASH_SIZE])
{
	if (!CommitmentBegin(salt))
		CryptoFailed();
	if (type == JSONBOID)
	{
		Jsonb	   *json = DatumGetJsonbP(value);

		if (VARSIZE(json) <= LARGE_BYTES)
		{
			char	   *out = JsonbToCString(NULL, &json->root, VARSIZE(json));

			CommitPiece(NULL, out, strlen(out));
			pfree(out);
		}
		else
			JsonPieces(json, CommitPiece, NULL);
		if (PointerGetDatum(json) != value)
			pfree(json);
	}
	else
		TextPieces(value, CommitPiece, NULL);
	if (!CommitmentEnd(commitment))
		CryptoFailed();
}

static void
MakeSalt(uint8 salt[SALT_SIZE])
{
	if (!RandomBytes(salt, SALT_SIZE))
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("could not generate a random salt")));
}

void
MakeCommitment(const char *data, size_t length, uint8 salt[SALT_SIZE],
			   uint8 commitment[HASH_SIZE])
{
	MakeSalt(salt);
	if (!Commitment(salt, data, length, commitment))
		CryptoFailed();
}

void
EntryCommit(Row *entry)
{
	for (int i = 0; i < ERASABLE_TEXTS; i++)
	{
		const ErasableText *erasable = &erasable_texts[i];
		uint8		salt[SALT_SIZE];
		uint8		commitment[HASH_SIZE];

		if (RowIsNull(entry, erasable->text))
			continue;
		MakeSalt(salt);
		CommitTo(entry_columns[erasable->text].type, entry->values[erasable->text],
				 salt, commitment);
		RowSet(entry, erasable->salt, PointerGetDatum(HashBytea(salt)));
		RowSet(entry, erasable->commitment, PointerGetDatum(HashBytea(commitment)));
	}
}

bool
EntryTextMatches(const Row *entry, const ErasableText *erasable)
{
	const bytea *salt = DatumGetByteaPP(entry->values[erasable->salt]);
	const bytea *stored = DatumGetByteaPP(entry->values[erasable->commitment]);
	uint8		commitment[HASH_SIZE];

	if (VARSIZE_ANY_EXHDR(salt) != SALT_SIZE || VARSIZE_ANY_EXHDR(stored) != HASH_SIZE)
		return false;
	CommitTo(entry_columns[erasable->text].type, entry->values[erasable->text],
			 (const uint8 *) VARDATA_ANY(salt), commitment);
	return memcmp(VARDATA_ANY(stored), commitment, HASH_SIZE) == 0;
}

void
EntryHash(const Row *entry, const pg_uuid_t *ledger, uint8 hash[HASH_SIZE])
{
	/*
	 * Reused for all entries.  No user code runs between the reset and the hash, and the next
	 * reset clears what an error leaves here.
	 */
	static CanonicalBytes bytes;

	CanonicalReset(&bytes);
	for (int i = 0; i < ENTRY_HASHED_COLUMNS; i++)
	{
		if (entry->nulls[i])
			CanonicalNull(&bytes);
		else
			CanonicalDatum(&bytes, entry_columns[i].type, entry->values[i]);
		if (i == ENTRY_FORMAT)
			CanonicalField(&bytes, ledger->data, UUID_LEN);
	}
	BytesHash(&bytes, hash);
}

TimestampTz
EntryInstant(const Row *entry)
{
	return RowInstant(entry, RowBool(entry, ENTRY_BACKFILLED) ?
					  ENTRY_OCCURRED_AT : ENTRY_RECORDED_AT);
}

bool
EntryStands(const Row *entry)
{
	return RowIsNull(entry, ENTRY_STANDS) || RowBool(entry, ENTRY_STANDS);
}

bool
EntryIsClaim(const Row *entry)
{
	return RowBool(entry, ENTRY_RELAYED) ||
		(RowTextIs(entry, ENTRY_EVENT, "breach_repaired") && !EntryStands(entry));
}

void
EntryClearRequest(Row *entry)
{
	RowClear(entry, ENTRY_IDEMPOTENCY_KEY);
	RowClear(entry, ENTRY_REQUEST);
	RowClear(entry, ENTRY_REQUEST_SALT);
}
