/*
 * large_value.c
 *		Reads and compares large values in pieces, without a copy of the whole value.
 *
 * Entries written before texts had a size limit may hold up to 1 GB.  Values that are
 * stored out of line without compression are fetched in pieces; compressed ones
 * must be decompressed as a whole.
 */
#include "postgres.h"

#include "base/large_value.h"

#include "access/detoast.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/datum.h"
#include "utils/fmgrprotos.h"
#include "utils/json.h"

#include "base/limit.h"

#define PIECE_BYTES (1024 * 1024)
#define PART_BYTES 4096

/* ---- texts ---- */

/* In a compressed value, each piece depends on everything before it. */
static bool
HasPieces(Datum value)
{
	struct varlena *stored = (struct varlena *) DatumGetPointer(value);
	struct varatt_external pointer;

	if (!VARATT_IS_EXTERNAL_ONDISK(stored))
		return false;
	VARATT_EXTERNAL_GET_POINTER(pointer, stored);
	return !VARATT_EXTERNAL_IS_COMPRESSED(pointer);
}

static struct varlena *
FetchPiece(Datum value, size_t from)
{
	CHECK_FOR_INTERRUPTS();
	return detoast_attr_slice((struct varlena *) DatumGetPointer(value), from, PIECE_BYTES);
}

void
TextPieces(Datum value, PieceCallback take, void *arg)
{
	size_t		all = RawBytes(value);

	if (HasPieces(value))
		for (size_t from = 0; from < all; from += PIECE_BYTES)
		{
			struct varlena *piece = FetchPiece(value, from);

			take(arg, VARDATA_ANY(piece), VARSIZE_ANY_EXHDR(piece));
			pfree(piece);
		}
	else
	{
		struct varlena *whole = PG_DETOAST_DATUM_PACKED(value);

		take(arg, VARDATA_ANY(whole), VARSIZE_ANY_EXHDR(whole));
		if (PointerGetDatum(whole) != value)
			pfree(whole);
	}
}

/* ---- jsonb ---- */

static void
EmitString(PieceCallback take, void *arg, const char *string)
{
	take(arg, string, strlen(string));
}

/* escape_json() escapes each byte separately, so it can be called for parts of the string. */
static void
EmitQuoted(const char *string, int length, StringInfo buffer, PieceCallback take, void *arg)
{
	char		part[PART_BYTES + 1];

	EmitString(take, arg, "\"");
	for (int from = 0; from < length; from += PART_BYTES)
	{
		int			bytes = Min(length - from, PART_BYTES);

		memcpy(part, string + from, bytes);
		part[bytes] = '\0';
		resetStringInfo(buffer);
		escape_json(buffer, part);
		take(arg, buffer->data + 1, buffer->len - 2);	/* without the part's own quotes */
	}
	EmitString(take, arg, "\"");
}

static void
EmitScalar(const JsonbValue *value, StringInfo buffer, PieceCallback take, void *arg)
{
	char	   *text;

	switch (value->type)
	{
		case jbvString:
			EmitQuoted(value->val.string.val, value->val.string.len, buffer, take, arg);
			break;
		case jbvNumeric:
			text = DatumGetCString(DirectFunctionCall1(numeric_out,
													   NumericGetDatum(value->val.numeric)));
			EmitString(take, arg, text);
			pfree(text);
			break;
		case jbvBool:
			EmitString(take, arg, value->val.boolean ? "true" : "false");
			break;
		default:
			EmitString(take, arg, "null");
	}
}

static const char *
Bracket(JsonbIteratorToken token)
{
	switch (token)
	{
		case WJB_BEGIN_ARRAY:
			return "[";
		case WJB_END_ARRAY:
			return "]";
		case WJB_BEGIN_OBJECT:
			return "{";
		default:
			return "}";
	}
}

void
JsonPieces(Jsonb *json, PieceCallback take, void *arg)
{
	JsonbIterator *iterator = JsonbIteratorInit(&json->root);
	bool		scalar = JB_ROOT_IS_SCALAR(json);
	JsonbIteratorToken token;
	JsonbValue	value;
	StringInfoData buffer;
	bool		first = true;

	initStringInfo(&buffer);
	while ((token = JsonbIteratorNext(&iterator, &value, false)) != WJB_DONE)
	{
		bool		begins = token == WJB_BEGIN_ARRAY || token == WJB_BEGIN_OBJECT;

		CHECK_FOR_INTERRUPTS();
		if (!first && (begins || token == WJB_ELEM || token == WJB_KEY))
			EmitString(take, arg, ", ");
		if (token == WJB_KEY || token == WJB_ELEM || token == WJB_VALUE)
			EmitScalar(&value, &buffer, take, arg);
		else if (!scalar)		/* jsonb wraps a scalar in an array that has no brackets */
			EmitString(take, arg, Bracket(token));
		if (token == WJB_KEY)
			EmitString(take, arg, ": ");
		first = begins || token == WJB_KEY;
	}
	pfree(buffer.data);
}

/* ---- comparing ---- */

/* Compares the stored bytes, compressed or not. */
static bool
SameStoredBytes(Datum a, Datum b)
{
	struct varlena *one = detoast_external_attr((struct varlena *) DatumGetPointer(a));
	struct varlena *other = detoast_external_attr((struct varlena *) DatumGetPointer(b));
	bool		same = VARSIZE_ANY(one) == VARSIZE_ANY(other) &&
		memcmp(one, other, VARSIZE_ANY(one)) == 0;

	if (PointerGetDatum(one) != a)
		pfree(one);
	if (PointerGetDatum(other) != b)
		pfree(other);
	return same;
}

/* Compares in pieces.  a can be fetched in pieces; b possibly not. */
static bool
SamePieces(Datum a, Datum b, size_t all)
{
	struct varlena *whole = HasPieces(b) ? NULL : PG_DETOAST_DATUM_PACKED(b);
	bool		same = true;

	for (size_t from = 0; same && from < all; from += PIECE_BYTES)
	{
		struct varlena *one = FetchPiece(a, from);
		struct varlena *other = whole ? NULL : FetchPiece(b, from);

		same = memcmp(VARDATA_ANY(one),
					  whole ? VARDATA_ANY(whole) + from : VARDATA_ANY(other),
					  VARSIZE_ANY_EXHDR(one)) == 0;
		pfree(one);
		if (other)
			pfree(other);
	}
	if (whole && PointerGetDatum(whole) != b)
		pfree(whole);
	return same;
}

/* Whether both point to the same out-of-line value. */
static bool
SameToastPointer(Datum a, Datum b)
{
	struct varlena *one = (struct varlena *) DatumGetPointer(a);
	struct varlena *other = (struct varlena *) DatumGetPointer(b);

	return VARATT_IS_EXTERNAL_ONDISK(one) && VARATT_IS_EXTERNAL_ONDISK(other) &&
		memcmp(VARDATA_EXTERNAL(one), VARDATA_EXTERNAL(other), sizeof(struct varatt_external)) == 0;
}

bool
VarlenaEqual(Datum a, Datum b)
{
	size_t		all = RawBytes(a);

	if (all != RawBytes(b))
		return false;
	if (all <= LARGE_BYTES)
		return datum_image_eq(a, b, false, -1);
	if (SameToastPointer(a, b))
		return true;
	if (HasPieces(a))
		return SamePieces(a, b, all);
	if (HasPieces(b))
		return SamePieces(b, a, all);
	return SameStoredBytes(a, b) || datum_image_eq(a, b, false, -1);
}
