/*
 * tracked_rows.h
 *		The rows of a tracked table as they are now, read by its mapping.
 */
#ifndef TRUST_LEDGER_TRACKED_ROWS_H
#define TRUST_LEDGER_TRACKED_ROWS_H

#include "trust_ledger.h"

#include "utils/rel.h"

#include "ledger.h"

/* Where rows were when they were read: their tables, ctids and xmins. */
typedef struct RowPlaces
{
	Datum	   *parts;
	Datum	   *places;
	Datum	   *versions;
	int			count;
} RowPlaces;

extern void CheckReadsTracked(Relation rel);
extern void CheckTrackedAs(const Ledger *ledger, Relation rel, const char *source);
extern void TrackedRowsLock(Relation rel, const RowPlaces *places, bool *as_read);

#endif
