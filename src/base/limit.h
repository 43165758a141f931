/*
 * limit.h
 *		How large a text may be that goes into the ledger.
 */
#ifndef TRUST_LEDGER_LIMIT_H
#define TRUST_LEDGER_LIMIT_H

#include "base/row.h"

#include "utils/jsonb.h"

/* A row of such texts can still be dumped, in any format and with every byte escaped. */
#define MAX_TEXT_BYTES (1024 * 1024)

extern size_t RawBytes(Datum value);
extern bool HasLimit(Oid type);
extern size_t JsonTextBytes(Jsonb *json);
extern size_t ExcessBytes(Oid type, Datum value);
extern void CheckSize(Oid type, Datum value, const char *what);
extern void CheckArgumentSizes(FunctionCallInfo fcinfo);
extern void CheckRowSizes(const Row *row);
extern const char *ShortMessage(const char *message);

#endif
