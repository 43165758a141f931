/*
 * large_value.h
 *		Reads and compares large values in pieces, without a copy of the whole value.
 */
#ifndef TRUST_LEDGER_LARGE_VALUE_H
#define TRUST_LEDGER_LARGE_VALUE_H

#include "base/errcodes.h"

#include "utils/jsonb.h"

/* Values up to this size are processed in one piece, which is faster. */
#define LARGE_BYTES (64 * 1024)

/* Receives the next piece of a value. */
typedef void (*PieceCallback) (void *arg, const char *data, size_t length);

/* Passes the bytes of a text or bytea value to the callback, in order. */
extern void TextPieces(Datum value, PieceCallback take, void *arg);

/* Passes the text that jsonb_out() would produce to the callback, in order. */
extern void JsonPieces(Jsonb *json, PieceCallback take, void *arg);

/* Whether two varlena values have the same bytes, as datum_image_eq() does. */
extern bool VarlenaEqual(Datum a, Datum b);

#endif
