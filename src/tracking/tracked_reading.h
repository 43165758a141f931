/*
 * tracked_reading.h
 *		Reads the present rows of a tracked table as if they had just been inserted.
 */
#ifndef TRUST_LEDGER_TRACKED_READING_H
#define TRUST_LEDGER_TRACKED_READING_H

#include "ledger/ledger.h"

#include "nodes/execnodes.h"
#include "utils/rel.h"

/*
 * "ONLY " for a table that is not partitioned: its triggers fire for rows of its
 * partitions, but not for rows of tables that inherit from it.
 */
static inline const char *
OnlyKeyword(Relation rel)
{
	return rel->rd_rel->relkind == RELKIND_RELATION ? "ONLY " : "";
}

/*
 * Returns a list of Reading: the triggers that would fire if a row were inserted.  With
 * with_rows, each trigger that makes a promise is followed by a Reading that reports the
 * row with event "noted", whatever its values are.
 */
extern List *ReadingsOfTable(const Ledger *ledger, const char *source, Relation rel,
							 bool with_rows);

/*
 * Appends to the result set what the rows of the table would record.  Reads them with
 * the rights of the table's owner.  A timestamp without time zone is a local time in the
 * ledger's zone.  Errors: those of MappingRead() and of reading a row.
 */
extern void ReadTrackedRows(ReturnSetInfo *set, List *readings, Relation rel,
							const Ledger *ledger);

#endif
