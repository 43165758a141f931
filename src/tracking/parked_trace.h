/*
 * parked_trace.h
 *		What governance says of parked changes, and what binds it to them.
 */
#ifndef TRUST_LEDGER_PARKED_TRACE_H
#define TRUST_LEDGER_PARKED_TRACE_H

#include "common/canonical.h"
#include "ledger/ledger.h"

/* What is parked, in the order in which it is committed to; then the salt. */
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

/* The entries that name parked changes, as governance has them. */
#define CHANGES_PARKED "changes_parked"
#define CHANGES_RECORDED "changes_recorded"
#define CHANGES_REPLAYED "changes_replayed"
#define CHANGES_DROPPED "changes_dropped"

/* SQL: whether the ledger has a record of parked changes, from its beginning or since it was migrated. */
#define PARKED_IS_ON_RECORD \
	"EXISTS (SELECT FROM trust.entry WHERE customer OPERATOR(pg_catalog.=) ''" \
	" AND (seq OPERATOR(pg_catalog.=) 1 AND details OPERATOR(pg_catalog.?) '" PARKED_ON_RECORD "'" \
	" OR event OPERATOR(pg_catalog.=) ANY ('{changes_parked,changes_recorded,changes_replayed,changes_dropped}'::pg_catalog.text[])))"

typedef struct TracedChange
{
	pg_uuid_t	parked;
	bool		commits;		/* false: its row has no salt */
	uint8		commitment[HASH_SIZE];
} TracedChange;

/* Changes that entries are to name. */
typedef struct ParkedTrace
{
	const char *event;
	text	   *reason;			/* NULL: none */
	MemoryContext context;		/* where the changes live */
	TracedChange *changes;
	uint64		count;
	uint64		capacity;
} ParkedTrace;

extern bool ParkedIsTraced(void);
extern void ParkedCommit(Row *parked, const pg_uuid_t *ledger, uint8 commitment[HASH_SIZE]);
extern bool ParkedCommitment(const Row *parked, const pg_uuid_t *ledger, uint8 commitment[HASH_SIZE]);
extern void TraceBegin(ParkedTrace *trace, const char *event);
extern void TraceAdd(ParkedTrace *trace, const pg_uuid_t *parked, const uint8 *commitment);
extern Datum TraceDetails(const ParkedTrace *trace, uint64 first, uint64 count);
extern void TraceWrite(const ParkedTrace *trace, const Ledger *ledger);

#endif
