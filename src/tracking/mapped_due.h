/*
 * mapped_due.h
 *		Due times of rows that are stated as days or local times.
 */
#ifndef TRUST_LEDGER_MAPPED_DUE_H
#define TRUST_LEDGER_MAPPED_DUE_H

#include "nodes/pg_list.h"

#include "tracking/mapping.h"

/*
 * The time zones that the ledger has had, as a list of pg_tz.  Runs within a
 * LedgerSession.
 */
extern List *LedgerZones(void);

/* Whether the due time of a row depends on the zone: a day, or a timestamp without zone. */
extern bool MappedDueIsLocal(const Mapping *mapping);

/*
 * The due time of a row that was read with zone read_in, if it had been read with another.
 * field: COMMAND_DUE or COMMAND_DUE_ON, which is not NULL.
 */
extern TimestampTz MappedDue(const Row *mapped, int field, pg_tz *read_in, pg_tz *zone);

#endif
