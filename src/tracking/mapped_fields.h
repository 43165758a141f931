/*
 * mapped_fields.h
 *		Values of a company's row as the ledger's types have them.
 */
#ifndef TRUST_LEDGER_MAPPED_FIELDS_H
#define TRUST_LEDGER_MAPPED_FIELDS_H

#include "promise/command.h"

#include "pgtime.h"

/* What a row's change says: the first arguments of a command. */
extern const RowShape mapped_shape;

extern void MappedCheckType(int field, Oid type, const char *argument);
extern void MappedCheckKeyType(Oid type, const char *column);
extern Datum MappedConstant(int field, const char *value, const char *argument);
extern char *MappedText(Oid type, Datum value);
extern Datum MappedValue(Oid as, Oid type, Datum value, pg_tz *zone);

#endif
