/*
 * ledger.h
 *		The ledger of this database: its settings, its owner, and working as its owner.
 */
#ifndef TRUST_LEDGER_LEDGER_H
#define TRUST_LEDGER_LEDGER_H

#include "base/row.h"

#include "pgtime.h"
#include "utils/jsonb.h"

#define LEDGER_TABLE_FORMAT 1
#define GOVERNANCE_CUSTOMER ""

/* What a verdict weighs, kept/broken, in thousandths. */
typedef struct Weight
{
	int32		kept;
	int32		broken;
} Weight;

typedef enum Weighing
{
	WEIGHT_KEPT,				/* by the customer's or a record's word */
	WEIGHT_KEPT_BY_COMPANY,		/* by the company's, or relayed */
	WEIGHT_PARTLY_KEPT,
	WEIGHT_REPAIRED,
	WEIGHT_ADMITTED,			/* broken, admitted before due */
	WEIGHT_BROKEN,
	WEIGHTS
} Weighing;

extern const char *const weight_names[WEIGHTS];

typedef struct Ledger
{
	Oid			owner;
	Oid			relid;
	pg_uuid_t	id;
	Weight		weights[WEIGHTS];
	pg_tz	   *zone;
	int64		lag;			/* microseconds */
	int64		half_life;		/* microseconds */
} Ledger;

/*
 * A stretch of work as the ledger's owner.  Whoever calls has no right on the
 * tables; what they may do was checked before.
 */
typedef struct LedgerSession
{
	Oid			user;
	int			security_context;
	int			settings;		/* what planted code sets goes with the session */
	MemoryContext caller;		/* where results live */
} LedgerSession;

extern void LedgerFind(Ledger *ledger);
extern void LedgerReadId(Ledger *ledger);
extern const Ledger *LedgerOpen(void);
extern void LedgerEnter(const Ledger *ledger, LedgerSession *session);
extern void LedgerLeave(LedgerSession *session);

/*
 * Member of the first entry's details, in a ledger whose governance records
 * parked changes from the beginning.
 */
#define PARKED_ON_RECORD "parked"

extern bool LedgerIsEmpty(bool keep);
extern bool LedgerHasParkedSalts(void);

extern Oid LedgerRelation(const char *name);
extern void LedgerWatch(Oid relid, void (*forget) (void));
extern uint64 LedgerGeneration(void);

extern void ParseWeights(Jsonb *weights, Weight *out);
pg_noreturn extern void InvalidWeights(const char *detail);
extern pg_tz *LedgerZone(const char *name);

#endif
