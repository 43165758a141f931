/*
 * row_version.h
 *		Versions of a row that one transaction creates, as a trigger on the row sees them.
 *
 * Triggers of a statement fire at its end.  If one of them changes the row again, the
 * triggers that fire after it see a version that is passing: it is replaced already.
 */
#ifndef TRUST_LEDGER_ROW_VERSION_H
#define TRUST_LEDGER_ROW_VERSION_H

#include "postgres.h"

#include "access/htup.h"
#include "nodes/pg_list.h"
#include "utils/rel.h"

/* Whether this transaction created the version. */
extern bool RowVersionIsOurs(Relation rel, HeapTuple tuple);

/* Whether this transaction has updated or deleted the version. */
extern bool RowVersionIsPassing(Relation rel, HeapTuple tuple);

/*
 * The command that created the version new, or deleted the version old if new is NULL.
 * Commands have increasing numbers during a transaction.
 */
extern CommandId RowVersionCommand(Relation rel, HeapTuple old, HeapTuple new);

/* What became of a row in this transaction. */
typedef struct LastVersion
{
	HeapTuple	tuple;			/* the last version in the relation */
	bool		deleted;
	bool		moved;			/* to another partition */
	List	   *passing;		/* places (ItemPointer) of the versions that are passing */
}			LastVersion;

/* The version at that place, in the current memory context. */
extern HeapTuple RowVersionAt(Relation rel, const ItemPointerData *place);

/* Follows a row from a version of this transaction, in the current memory context. */
extern void RowVersionLast(Relation rel, HeapTuple version, LastVersion * last);

#endif
