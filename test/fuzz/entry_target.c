/*
 * entry_target.c
 *		Any entry to the canonical encoder: the bytes are those that doc/format.md asks for,
 *		as told from it once more here; they are read back field by field; another
 *		representation of the same values has the same hash.
 *
 * An input is read column by column: a byte that says how (0: NULL), then the value.
 */
#include "fuzz.h"

#include <openssl/evp.h>

#include "catalog/pg_type_d.h"
#include "mb/pg_wchar.h"
#include "utils/fmgrprotos.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

#include "ledger/entry.h"

#define HOW_NULL 0x03			/* none of these bits */
#define HOW_SHORT 0x04			/* with a header of one byte, where there is room */
#define HOW_LONG 0x40			/* many times over */
#define HOW_WIDE 0x80			/* a length of two bytes */
#define MANY 64

typedef struct Input
{
	const uint8 *data;
	size_t		left;
} Input;

/* A field as it should be. */
typedef struct Field
{
	bool		null;
	size_t		length;
	uint8	   *bytes;
} Field;

#define FIELDS (ENTRY_HASHED_COLUMNS + 1)	/* the ledger's uuid */

static uint8
NextByte(Input *input)
{
	if (input->left == 0)
		return 0;
	input->left--;
	return *input->data++;
}

static uint64
NextNumber(Input *input, int bytes)
{
	uint64		number = 0;

	while (bytes-- > 0)
		number = number << 8 | NextByte(input);
	return number;
}

static uint8 *
NextBytes(Input *input, uint8 how, size_t *length)
{
	size_t		wanted = NextNumber(input, how & HOW_WIDE ? 2 : 1);
	size_t		once = Min(wanted, input->left);
	int			times = how & HOW_LONG ? MANY : 1;
	uint8	   *bytes = palloc(once * times + 1);

	for (int i = 0; i < times; i++)
		memcpy(bytes + i * once, input->data, once);
	bytes[once * times] = '\0';
	input->data += once;
	input->left -= once;
	*length = once * times;
	return bytes;
}

/* ---- a field as doc/format.md has it ---- */

static void
BigEndian(Field *field, uint64 value, int bytes)
{
	uint8	   *place = field->bytes + field->length;

	for (int i = bytes - 1; i >= 0; i--, value >>= 8)
		place[i] = value & 0xFF;
	field->length += bytes;
}

static Datum
Varlena(const uint8 *bytes, size_t length, bool is_short)
{
	struct varlena *value = palloc(VARHDRSZ + length);

	if (is_short && length <= VARATT_SHORT_MAX - VARHDRSZ_SHORT)
	{
		SET_VARSIZE_SHORT(value, VARHDRSZ_SHORT + length);
		memcpy(VARDATA_SHORT(value), bytes, length);
	}
	else
	{
		SET_VARSIZE(value, VARHDRSZ + length);
		memcpy(VARDATA(value), bytes, length);
	}
	return PointerGetDatum(value);
}

static Datum
MakeNumeric(const char *text)
{
	return DirectFunctionCall3(numeric_in, CStringGetDatum(text),
							   ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
}

static Datum
NumericIn(PG_FUNCTION_ARGS)
{
	return MakeNumeric(PG_GETARG_CSTRING(0));
}

/* A value that is printed: by what its text says, which must say it again. */
static bool
PrintedValue(Input *input, uint8 how, PGFunction in, PGFunction out, Datum *value, Field *field)
{
	size_t		length;
	char	   *text = (char *) NextBytes(input, how, &length);
	Datum		again;

	if (!pg_verify_mbstr(PG_UTF8, text, length, true) || Try(in, CStringGetDatum(text), value) != 0)
		return false;
	field->bytes = (uint8 *) DatumGetCString(DirectFunctionCall1(out, *value));
	field->length = strlen((char *) field->bytes);
	Check(Try(in, CStringGetDatum((char *) field->bytes), &again) == 0 &&
		  strcmp((char *) field->bytes, DatumGetCString(DirectFunctionCall1(out, again))) == 0,
		  "does not say itself again: %s", field->bytes);
	return true;
}

/* False: NULL. */
static bool
NextValue(Input *input, Oid type, Datum *value, Field *field)
{
	uint8		how = NextByte(input);
	uint64		number;

	if ((how & HOW_NULL) == 0)
		return false;
	field->bytes = palloc(16);
	switch (type)
	{
		case INT2OID:
			number = NextNumber(input, 2);
			*value = Int16GetDatum((int16) number);
			BigEndian(field, number, 2);
			return true;
		case INT4OID:
			number = NextNumber(input, 4);
			*value = Int32GetDatum((int32) number);
			BigEndian(field, number, 4);
			return true;
		case INT8OID:
			number = NextNumber(input, 8);
			*value = Int64GetDatum((int64) number);
			BigEndian(field, number, 8);
			return true;
		case BOOLOID:
			number = NextByte(input) & 1;
			*value = BoolGetDatum(number);
			BigEndian(field, number, 1);
			return true;
		case TIMESTAMPTZOID:
			number = NextNumber(input, 8);
			*value = TimestampTzGetDatum((TimestampTz) number);
			/* 2000-01-01 in microseconds since 1970 */
			BigEndian(field, number + UINT64CONST(946684800000000), 8);
			return true;
		case INTERVALOID:
			{
				Interval   *interval = palloc(sizeof(Interval));

				interval->time = (int64) NextNumber(input, 8);
				interval->day = (int32) NextNumber(input, 4);
				interval->month = (int32) NextNumber(input, 4);
				*value = IntervalPGetDatum(interval);
				BigEndian(field, (uint64) interval->time, 8);
				BigEndian(field, (uint32) interval->day, 4);
				BigEndian(field, (uint32) interval->month, 4);
				return true;
			}
		case UUIDOID:
			{
				pg_uuid_t  *uuid = palloc(sizeof(pg_uuid_t));

				for (int i = 0; i < UUID_LEN; i++)
					uuid->data[i] = NextByte(input);
				*value = UUIDPGetDatum(uuid);
				memcpy(field->bytes, uuid->data, UUID_LEN);
				field->length = UUID_LEN;
				return true;
			}
		case NUMERICOID:
			return PrintedValue(input, how, NumericIn, numeric_out, value, field);
		case JSONBOID:
			return PrintedValue(input, how, jsonb_in, jsonb_out, value, field);
		default:
			Check(type == TEXTOID || type == BYTEAOID, "a column of type %u", type);
			field->bytes = NextBytes(input, how, &field->length);
			*value = Varlena(field->bytes, field->length, how & HOW_SHORT);
			return true;
	}
}

/* ---- checks ---- */

static size_t
CheckField(const CanonicalBytes *bytes, size_t at, const Field *field, int number)
{
	const uint8 *data = bytes->data + at;
	size_t		left = bytes->length - at;
	size_t		length;

	Check(left >= 1 && data[0] == (field->null ? 0 : 1), "field %d: presence", number);
	if (field->null)
		return at + 1;
	Check(left >= 5, "field %d: length", number);
	length = (size_t) data[1] << 24 | data[2] << 16 | data[3] << 8 | data[4];
	Check(length == field->length && left >= 5 + length,
		  "field %d: a length of %zu, not %zu", number, length, field->length);
	Check(memcmp(data + 5, field->bytes, length) == 0, "field %d: bytes", number);
	return at + 5 + length;
}

static void
CheckBytes(const Row *entry, const Field *fields)
{
	static CanonicalBytes bytes;
	size_t		at = 0;

	CanonicalReset(&bytes);
	for (int i = 0, f = 0; i < ENTRY_HASHED_COLUMNS; i++, f++)
	{
		if (entry->nulls[i])
			CanonicalNull(&bytes);
		else
			CanonicalDatum(&bytes, entry_shape.columns[i].type, entry->values[i]);
		if (i == ENTRY_FORMAT)
			CanonicalField(&bytes, fields[++f].bytes, UUID_LEN);
	}
	for (int f = 0; f < FIELDS; f++)
		at = CheckField(&bytes, at, &fields[f], f + 1);
	Check(at == bytes.length, "bytes behind the last field");
}

static void
ExpectedHash(const Field *fields, uint8 hash[HASH_SIZE])
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();

	EVP_DigestInit_ex(context, EVP_sha256(), NULL);
	for (int f = 0; f < FIELDS; f++)
	{
		uint8		head[5] = {
			!fields[f].null, fields[f].length >> 24, fields[f].length >> 16,
			fields[f].length >> 8, fields[f].length
		};

		EVP_DigestUpdate(context, head, fields[f].null ? 1 : 5);
		EVP_DigestUpdate(context, fields[f].bytes, fields[f].null ? 0 : fields[f].length);
	}
	EVP_DigestFinal_ex(context, hash, NULL);
	EVP_MD_CTX_free(context);
}

static void
CheckHash(Row *entry, const Field *fields)
{
	const pg_uuid_t *ledger = (const pg_uuid_t *) fields[ENTRY_FORMAT + 1].bytes;
	uint8		expected[HASH_SIZE];
	uint8		hash[HASH_SIZE];

	ExpectedHash(fields, expected);
	EntryHash(entry, ledger, hash);
	Check(memcmp(hash, expected, HASH_SIZE) == 0, "another hash");
	for (int i = 0; i < ENTRY_HASHED_COLUMNS; i++)
	{
		const Field *field = &fields[i > ENTRY_FORMAT ? i + 1 : i];

		if (!entry->nulls[i] && (entry_shape.columns[i].type == TEXTOID ||
								 entry_shape.columns[i].type == BYTEAOID))
			entry->values[i] = Varlena(field->bytes, field->length,
									   !VARATT_IS_SHORT(DatumGetPointer(entry->values[i])));
	}
	EntryHash(entry, ledger, hash);
	Check(memcmp(hash, expected, HASH_SIZE) == 0, "another hash of another representation");
}

/* What a person wrote is committed to, and nothing else matches. */
static void
CheckCommitment(Row *entry, int which, Input *input)
{
	const ErasableText *erasable = &erasable_texts[which];
	uint8		how = NextByte(input);
	size_t		length;
	uint8	   *bytes;

	if ((how & HOW_NULL) == 0 || entry_shape.columns[erasable->text].type != TEXTOID)
		return;
	bytes = NextBytes(input, how, &length);
	RowSet(entry, erasable->text, Varlena(bytes, length, how & HOW_SHORT));
	EntryCommit(entry);
	RowSet(entry, erasable->text, Varlena(bytes, length, !(how & HOW_SHORT)));
	Check(EntryTextMatches(entry, erasable), "its own text does not match");
	bytes[length] ^= 1;			/* a letter more, or another */
	RowSet(entry, erasable->text, Varlena(bytes, length + 1, false));
	Check(!EntryTextMatches(entry, erasable), "another text matches");
	RowClear(entry, erasable->text);
}

void
FuzzEntry(const uint8 *data, size_t size)
{
	Input		input = {data, size};
	Datum		values[ENTRY_COLUMNS] = {0};
	bool		nulls[ENTRY_COLUMNS];
	Row			entry = {&entry_shape, values, nulls};
	Field		fields[FIELDS] = {0};

	memset(nulls, true, sizeof(nulls));
	for (int i = 0, f = 0; i < ENTRY_HASHED_COLUMNS; i++, f++)
	{
		nulls[i] = !NextValue(&input, entry_shape.columns[i].type, &values[i], &fields[f]);
		fields[f].null = nulls[i];
		if (i == ENTRY_FORMAT)
		{
			fields[++f].bytes = palloc(UUID_LEN);
			for (int b = 0; b < UUID_LEN; b++)
				fields[f].bytes[b] = NextByte(&input);
			fields[f].length = UUID_LEN;
		}
	}
	CheckBytes(&entry, fields);
	CheckHash(&entry, fields);
	for (int i = 0; i < ERASABLE_TEXTS; i++)
		CheckCommitment(&entry, i, &input);
}
