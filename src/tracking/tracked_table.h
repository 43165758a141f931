/*
 * tracked_table.h
 *		Access to the present rows of a tracked table.
 */
#ifndef TRUST_LEDGER_TRACKED_TABLE_H
#define TRUST_LEDGER_TRACKED_TABLE_H

#include "base/errcodes.h"

#include "utils/rel.h"

#include "ledger/ledger.h"
#include "tracking/mapping.h"

/* Row versions, in arrays of equal length. */
typedef struct RowPlaces
{
	Datum	   *parts;			/* tableoid */
	Datum	   *places;			/* ctid */
	Datum	   *versions;		/* xmin */
	int			count;
} RowPlaces;

/* Opens a relation with AccessShareLock.  Error 42P01 if there is none of that OID. */
extern Relation OpenTableByOid(Oid relid);

/* Errors: 42501 unless the role has the rights of the table's owner, 42P01 no such table. */
extern void CheckOwnsTable(Oid relid, Oid role);

/*
 * Error 42501 unless the current user may SELECT all rows of the table, and so may its
 * owner, with whose rights they are read.
 */
extern void CheckCanReadTable(Relation rel);

/* Error 42704 unless the table is tracked under that source. */
extern void CheckSourceOfTable(const Ledger *ledger, Relation rel, const char *source);

/*
 * Locks rows FOR SHARE, and sets as_read for those that are still the same versions.
 * Skips rows that another transaction has locked: a transaction that holds locks on rows
 * may wait for chains that we have locked.  Error 42501 if the owner of the table, with
 * whose rights they are locked, may not UPDATE it.
 */
extern void TrackedRowsLock(Relation rel, const RowPlaces *places, bool *as_read);

/*
 * The present row with the primary key of another row of the mapping's table, in the
 * current memory context and locked FOR SHARE; NULL if there is none, or if that row has
 * NULLs, as a parked row whose key columns were renamed.  Errors: 55006
 * another transaction has locked it, or changes it; 42501 the owner of the table may not
 * read or lock all rows.
 */
extern HeapTuple TrackedRowByKey(Relation rel, const Mapping *mapping, HeapTuple key_of);

#endif
