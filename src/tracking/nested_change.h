/*
 * nested_change.h
 *		Finds pending changes of rows by triggers of the statement that changed the rows first.
 */
#ifndef TRUST_LEDGER_NESTED_CHANGE_H
#define TRUST_LEDGER_NESTED_CHANGE_H

#include "postgres.h"

#include "nodes/pg_list.h"
#include "storage/itemptr.h"

/* A pending change. */
typedef struct NestedChange
{
	int64		place;			/* see pending_changes.h; -1: the change that made the version was
								 * read by one of its triggers for all of them */
	CommandId	command;
	Oid			arrived_in;		/* if the change moved the row to another partition: that one, and
								 * the version there; else InvalidOid */
	ItemPointerData arrived;
}			NestedChange;

/* Remembers, until the statement ends, that the change was made from that version of a row. */
extern void NestedChangeAdd(Oid relid, const ItemPointerData *version, NestedChange change);

/* The changes (NestedChange *) that were made from the version; the list must not be kept. */
extern List *NestedChangesFrom(Oid relid, const ItemPointerData *version);

/*
 * Called for each change that no trigger made.  If it is of a later command than all that
 * are remembered, the statements of these have ended: forgets them.
 */
extern void NestedChangesForget(CommandId command);

/* Whether a trigger makes the change at hand. */
extern bool ChangeIsNested(void);

#endif
