/*
 * mapped.h
 *		Values of a company's row as the ledger's types have them.
 */
#ifndef TRUST_LEDGER_MAPPED_H
#define TRUST_LEDGER_MAPPED_H

#include "mapping.h"

extern void MappedCheckType(int field, Oid type, const char *argument);
extern void MappedCheckKeyType(Oid type, const char *column);
extern Datum MappedConstant(int field, const char *value, const char *argument);

#endif
