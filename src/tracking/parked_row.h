/*
 * parked_row.h
 *		Converts rows of tracked tables to jsonb, to be parked, and back.
 */
#ifndef TRUST_LEDGER_PARKED_ROW_H
#define TRUST_LEDGER_PARKED_ROW_H

#include "tracking/mapping.h"

/*
 * Sets DateStyle and other parameters so that values can be written as text without loss,
 * and that text can be read under any settings.  Called within a GUC nest level.
 */
extern void SetPlainSettings(void);

/*
 * Converts a row to jsonb; 0 if it is NULL.  If it exceeds MAX_TEXT_BYTES, the largest
 * values are left out, and a list of their columns is added, so that the change is not
 * replayed as if the row were complete.
 */
extern Datum RowAsJson(HeapTuple row, TupleDesc tupdesc);

/*
 * Converts a parked row to the present row type of the table; NULL if it is 0.  Runs as
 * the table's owner, since input functions and domain constraints may be the owner's code.
 */
extern HeapTuple RowFromJson(const Mapping *mapping, Datum json);

/* Error 22001 if the mapping reads a column that was left out of the parked row. */
extern void CheckMappedColumnsParked(const Mapping *mapping, Datum parked, TupleDesc tupdesc);

#endif
