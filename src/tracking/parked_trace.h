/*
 * parked_trace.h
 *		Records in the governance chain which changes were parked, replayed and dropped.
 */
#ifndef TRUST_LEDGER_PARKED_TRACE_H
#define TRUST_LEDGER_PARKED_TRACE_H

#include "common/canonical.h"
#include "ledger/ledger.h"

/* Columns of trust.parked_change that a commitment covers, in its order; then the salt. */
enum
{
	PARKED_PARKED,
	PARKED_PARKED_AT,
	PARKED_SOURCE,
	PARKED_TAB,
	PARKED_TRIGGER,
	PARKED_OPERATION,
	PARKED_ACTOR,
	PARKED_LOGIN,
	PARKED_ROLE,
	PARKED_OLD_ROW,
	PARKED_NEW_ROW,
	PARKED_SALT,
	PARKED_COLUMNS,
	PARKED_COMMITTED = PARKED_SALT
};

extern const RowShape parked_shape;

/* Events of these entries. */
#define CHANGES_PARKED "changes_parked"
#define CHANGES_RECORDED "changes_recorded" /* parked before the ledger recorded it */
#define CHANGES_REPLAYED "changes_replayed"
#define CHANGES_DROPPED "changes_dropped"

/* SQL condition: the ledger records parked changes, since its creation or its migration. */
#define PARKED_IS_ON_RECORD \
	"EXISTS (SELECT FROM trust.entry" \
	" WHERE customer OPERATOR(pg_catalog.=) ''" \
	"   AND (seq OPERATOR(pg_catalog.=) 1" \
	"     AND details OPERATOR(pg_catalog.?) '" PARKED_ON_RECORD "'" \
	"     OR event OPERATOR(pg_catalog.=) ANY (" \
	"'{changes_parked,changes_recorded,changes_replayed,changes_dropped}'::pg_catalog.text[])))"

/* A parked change, as an entry names it. */
typedef struct TracedChange
{
	pg_uuid_t	parked;
	bool		commits;		/* false if the change has no salt, and no commitment */
	uint8		commitment[HASH_SIZE];
} TracedChange;

/* Changes that will be named in entries of one event. */
typedef struct ParkedTrace
{
	const char *event;			/* CHANGES_... */
	text	   *reason;			/* NULL if none */
	MemoryContext context;		/* of the array */
	TracedChange *changes;
	uint64		count;
	uint64		capacity;
} ParkedTrace;

/*
 * Whether trust.parked_change has salts, so that parked changes are recorded in entries;
 * false in a ledger of an earlier version before it is migrated.  Locks the table so that
 * this does not change before the transaction ends.
 */
extern bool ParkedIsTraced(void);

/* Sets a new salt in the row, and returns the commitment to it. */
extern void ParkedCommit(Row *parked, const pg_uuid_t *ledger, uint8 commitment[HASH_SIZE]);

/* Computes the commitment to the row as it is; false if it has no salt. */
extern bool ParkedCommitment(const Row *parked, const pg_uuid_t *ledger,
							 uint8 commitment[HASH_SIZE]);

/* Starts an empty trace in the current memory context. */
extern void TraceBegin(ParkedTrace *trace, const char *event);

/* Adds a change.  commitment is NULL if its row has no salt. */
extern void TraceAdd(ParkedTrace *trace, const pg_uuid_t *parked, const uint8 *commitment);

/* Details of an entry for count changes, as jsonb: {"parked": {"uuid": "commitment", ...}}. */
extern Datum TraceDetails(const ParkedTrace *trace, uint64 first, uint64 count);

/*
 * Appends the entries, without an actor.  The governance chain is locked after those of
 * customers, so that this follows all other writing of the same call.
 */
extern void TraceWrite(const ParkedTrace *trace, const Ledger *ledger);

#endif
