/*
 * tracked_rows.h
 *		The rows of a tracked table as they are now, read by its mapping.
 */
#ifndef TRUST_LEDGER_TRACKED_ROWS_H
#define TRUST_LEDGER_TRACKED_ROWS_H

#include "utils/rel.h"

extern void CheckReadsTracked(Relation rel);
extern void TrackedRowsLock(Relation rel, Datum *places, bool *nulls, int count, bool *as_read);

#endif
