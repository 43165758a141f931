/*
 * mapped_row.h
 *		A row of a tracked table, as its mapping reads it.
 */
#ifndef TRUST_LEDGER_MAPPED_ROW_H
#define TRUST_LEDGER_MAPPED_ROW_H

#include "tracking/mapping.h"

extern Row *MappingRow(const Mapping *mapping, HeapTuple tuple, TupleDesc tupdesc, pg_tz *zone);
extern char *MappingKey(const Mapping *mapping, HeapTuple tuple, TupleDesc tupdesc);
extern List *MappingLastingKey(const Mapping *mapping, HeapTuple tuple, TupleDesc tupdesc);
extern bool MappingWatchedChanged(const Mapping *mapping, HeapTuple old, HeapTuple new, TupleDesc tupdesc);

#endif
