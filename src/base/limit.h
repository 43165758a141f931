/*
 * limit.h
 *		Limits the size of texts and jsonb values in the ledger.
 */
#ifndef TRUST_LEDGER_LIMIT_H
#define TRUST_LEDGER_LIMIT_H

#include "base/row.h"

#include "utils/jsonb.h"

/*
 * Limit of a text, and of the text form of a jsonb value.  A row of such values can
 * still be dumped in any format, even if every byte is escaped.
 */
#define MAX_TEXT_BYTES (1024 * 1024)

/* Size of a varlena value without its header, after decompression; does not detoast it. */
extern size_t RawBytes(Datum value);

/* Whether values of the type are limited: text, text[] and jsonb. */
extern bool HasLimit(Oid type);

/* Length of the text that jsonb_out() would produce; does not build that text. */
extern size_t JsonTextBytes(Jsonb *json);

/* Size of the value in bytes if it exceeds MAX_TEXT_BYTES, else 0.  For jsonb, of its text. */
extern size_t ExcessBytes(Oid type, Datum value);

/* Error 22001 if the value exceeds MAX_TEXT_BYTES. */
extern void CheckSize(Oid type, Datum value, const char *what);

/* The same for all arguments of type text, text[] and jsonb, before any of them is detoasted. */
extern void CheckArgumentSizes(FunctionCallInfo fcinfo);

/* The same for all columns of a row that is about to be written. */
extern void CheckRowSizes(const Row *row);

/* The error message, cut to at most 8 kB for storage. */
extern const char *TruncatedMessage(const char *message);

#endif
