/*
 * tracked_reading.h
 *		What the rows of a tracked table say, by its mapping.
 */
#ifndef TRUST_LEDGER_TRACKED_READING_H
#define TRUST_LEDGER_TRACKED_READING_H

#include "ledger/ledger.h"

#include "nodes/execnodes.h"
#include "utils/rel.h"

/* Triggers of a table fire for its partitions' rows, not for those of tables that inherit. */
static inline const char *
OnlyKeyword(Relation rel)
{
	return rel->rd_rel->relkind == RELKIND_RELATION ? "ONLY " : "";
}

extern List *ReadingsOfTable(const Ledger *ledger, const char *source, Relation rel, bool with_rows);
extern void ReadTrackedRows(ReturnSetInfo *set, List *readings, Relation rel, pg_tz *zone);

#endif
