/*
 * large_value.h
 *		Large values piece by piece, so that no copy of the whole is made.
 */
#ifndef TRUST_LEDGER_LARGE_VALUE_H
#define TRUST_LEDGER_LARGE_VALUE_H

#include "base/errcodes.h"

#include "utils/jsonb.h"

/* Smaller values are taken whole: that costs less. */
#define LARGE_BYTES (64 * 1024)

typedef void (*TakePiece) (void *arg, const char *data, size_t length);

extern void TextPieces(Datum value, TakePiece take, void *arg);
extern void JsonPieces(Jsonb *json, TakePiece take, void *arg);
extern bool LargeEqual(Datum a, Datum b);

#endif
