/*
 * large_value.c
 *		Large values piece by piece, so that no copy of the whole is made.
 *
 * Entries that are older than the limit of a text may hold up to 1 GB.  What is
 * stored out of line and not compressed is fetched in pieces; what is compressed
 * must be there whole, once.
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

/* Whether it can be fetched in pieces: of what is compressed, each piece needs all that comes before it. */
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
Piece(Datum value, size_t from)
{
	CHECK_FOR_INTERRUPTS();
	return detoast_attr_slice((struct varlena *) DatumGetPointer(value), from, PIECE_BYTES);
}

/* The text's or bytea's bytes, in their order. */
void
TextPieces(Datum value, TakePiece take, void *arg)
{
	size_t		all = RawBytes(value);

	if (HasPieces(value))
		for (size_t from = 0; from < all; from += PIECE_BYTES)
		{
			struct varlena *piece = Piece(value, from);

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
TakeString(TakePiece take, void *arg, const char *string)
{
	take(arg, string, strlen(string));
}

/* With its quotes.  escape_json() looks at each byte by itself, so it can be given parts. */
static void
TakeQuoted(const char *string, int length, StringInfo buffer, TakePiece take, void *arg)
{
	char		part[PART_BYTES + 1];

	TakeString(take, arg, "\"");
	for (int from = 0; from < length; from += PART_BYTES)
	{
		int			bytes = Min(length - from, PART_BYTES);

		memcpy(part, string + from, bytes);
		part[bytes] = '\0';
		resetStringInfo(buffer);
		escape_json(buffer, part);
		take(arg, buffer->data + 1, buffer->len - 2);	/* without the quotes of the part */
	}
	TakeString(take, arg, "\"");
}

static void
TakeScalar(const JsonbValue *value, StringInfo buffer, TakePiece take, void *arg)
{
	char	   *text;

	switch (value->type)
	{
		case jbvString:
			TakeQuoted(value->val.string.val, value->val.string.len, buffer, take, arg);
			break;
		case jbvNumeric:
			text = DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(value->val.numeric)));
			TakeString(take, arg, text);
			pfree(text);
			break;
		case jbvBool:
			TakeString(take, arg, value->val.boolean ? "true" : "false");
			break;
		default:
			TakeString(take, arg, "null");
	}
}

static const char *
Bracket(JsonbIteratorToken token)
{
	return token == WJB_BEGIN_ARRAY ? "[" : token == WJB_END_ARRAY ? "]" : token == WJB_BEGIN_OBJECT ? "{" : "}";
}

/* The text that jsonb_out() makes of it, in its order. */
void
JsonPieces(Jsonb *json, TakePiece take, void *arg)
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
			TakeString(take, arg, ", ");
		if (token == WJB_KEY || token == WJB_ELEM || token == WJB_VALUE)
			TakeScalar(&value, &buffer, take, arg);
		else if (!scalar)		/* one stands in an array that is not written */
			TakeString(take, arg, Bracket(token));
		if (token == WJB_KEY)
			TakeString(take, arg, ": ");
		first = begins || token == WJB_KEY;
	}
	pfree(buffer.data);
}

/* ---- comparing ---- */

/* As it is stored: fetched, and not decompressed. */
static bool
SameAsStored(Datum a, Datum b)
{
	struct varlena *one = detoast_external_attr((struct varlena *) DatumGetPointer(a));
	struct varlena *other = detoast_external_attr((struct varlena *) DatumGetPointer(b));
	bool		same = VARSIZE_ANY(one) == VARSIZE_ANY(other) && memcmp(one, other, VARSIZE_ANY(one)) == 0;

	if (PointerGetDatum(one) != a)
		pfree(one);
	if (PointerGetDatum(other) != b)
		pfree(other);
	return same;
}

/* By the pieces of a; of b too, if it has any. */
static bool
SamePieces(Datum a, Datum b, size_t all)
{
	struct varlena *whole = HasPieces(b) ? NULL : PG_DETOAST_DATUM_PACKED(b);
	bool		same = true;

	for (size_t from = 0; same && from < all; from += PIECE_BYTES)
	{
		struct varlena *one = Piece(a, from);
		struct varlena *other = whole ? NULL : Piece(b, from);

		same = memcmp(VARDATA_ANY(one), whole ? VARDATA_ANY(whole) + from : VARDATA_ANY(other), VARSIZE_ANY_EXHDR(one)) == 0;
		pfree(one);
		if (other)
			pfree(other);
	}
	if (whole && PointerGetDatum(whole) != b)
		pfree(whole);
	return same;
}

static bool
SamePlace(Datum a, Datum b)
{
	struct varlena *one = (struct varlena *) DatumGetPointer(a);
	struct varlena *other = (struct varlena *) DatumGetPointer(b);

	return VARATT_IS_EXTERNAL_ONDISK(one) && VARATT_IS_EXTERNAL_ONDISK(other) &&
		memcmp(VARDATA_EXTERNAL(one), VARDATA_EXTERNAL(other), sizeof(struct varatt_external)) == 0;
}

/* datum_image_eq() of two values with a length of their own, large or not. */
bool
LargeEqual(Datum a, Datum b)
{
	size_t		all = RawBytes(a);

	if (all != RawBytes(b))
		return false;
	if (all <= LARGE_BYTES)
		return datum_image_eq(a, b, false, -1);
	if (SamePlace(a, b))
		return true;
	if (HasPieces(a))
		return SamePieces(a, b, all);
	if (HasPieces(b))
		return SamePieces(b, a, all);
	return SameAsStored(a, b) || datum_image_eq(a, b, false, -1);
}
