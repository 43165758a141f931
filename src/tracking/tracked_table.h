/*
 * tracked_table.h
 *		The rows of a tracked table as they are now, read by its mapping.
 */
#ifndef TRUST_LEDGER_TRACKED_TABLE_H
#define TRUST_LEDGER_TRACKED_TABLE_H

#include "base/errcodes.h"

#include "utils/rel.h"

#include "ledger/ledger.h"

/* Where rows were when they were read: their tables, ctids and xmins. */
typedef struct RowPlaces
{
	Datum	   *parts;
	Datum	   *places;
	Datum	   *versions;
	int			count;
} RowPlaces;

extern Relation OpenTableByOid(Oid relid);
extern void CheckCanReadTable(Relation rel);
extern void CheckSourceOfTable(const Ledger *ledger, Relation rel, const char *source);
extern void TrackedRowsLock(Relation rel, const RowPlaces *places, bool *as_read);

#endif
