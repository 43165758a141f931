/*
 * parked_row.h
 *		Rows of tracked tables as they are parked.
 */
#ifndef TRUST_LEDGER_PARKED_ROW_H
#define TRUST_LEDGER_PARKED_ROW_H

#include "tracking/mapping.h"

extern void SetPlainSettings(void);
extern Datum RowAsJson(HeapTuple row, TupleDesc tupdesc);
extern void CheckMappedColumnsParked(const Mapping *mapping, Datum parked, TupleDesc tupdesc);

#endif
