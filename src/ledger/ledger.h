/*
 * ledger.h
 *		The ledger of this database: tables, owner, settings, and running as its owner.
 */
#ifndef TRUST_LEDGER_LEDGER_H
#define TRUST_LEDGER_LEDGER_H

#include "base/row.h"

#include "pgtime.h"
#include "utils/jsonb.h"

#define LEDGER_TABLE_FORMAT 2
#define GOVERNANCE_CUSTOMER ""	/* reserved customer whose chain holds governance entries */

/* Evidence that a verdict adds to a score, in thousandths of a promise. */
typedef struct Weight
{
	int32		kept;
	int32		broken;
} Weight;

/* Kinds of verdicts that have different weights. */
typedef enum WeightKind
{
	WEIGHT_KEPT,				/* according to the customer or a system of record */
	WEIGHT_KEPT_BY_COMPANY,		/* according to the company, or relayed by it */
	WEIGHT_PARTLY_KEPT,
	WEIGHT_REPAIRED,
	WEIGHT_ADMITTED,			/* broken, and admitted before it was due */
	WEIGHT_BROKEN,
	WEIGHTS
} WeightKind;

extern const char *const weight_names[WEIGHTS];

typedef struct Ledger
{
	Oid			owner;
	Oid			relid;			/* trust.ledger */
	pg_uuid_t	id;
	Weight		weights[WEIGHTS];
	pg_tz	   *zone;			/* of due dates */
	int64		lag;			/* in microseconds: older occurred_at means backfilled */
	int64		half_life;		/* in microseconds */
} Ledger;

/*
 * A section of code that runs with the rights of the ledger's owner.  The caller's
 * role has no rights on the tables, so its access level must be checked before.
 */
typedef struct LedgerSession
{
	Oid			user;
	int			security_context;
	int			settings;		/* GUC nest level: settings changed inside are reset */
	MemoryContext caller;		/* memory context for results */
} LedgerSession;

/*
 * Fills in relid and owner only.  Errors: 0A000 encoding, 55000 no ledger, TL006 it
 * does not belong to an owner of the database.
 */
extern void LedgerFind(Ledger *ledger);

/*
 * Fills in the ledger's UUID from its first entry, or else from trust.ledger.  Works if
 * settings were tampered with.  Within a LedgerSession, with the caller's snapshot.
 */
extern void LedgerReadId(Ledger *ledger);

/* Returns a palloc'd copy of the ledger, which is cached.  Errors as of LedgerFind(). */
extern const Ledger *LedgerOpen(void);

/* Errors: 42501 the caller does not own the ledger. */
extern void LedgerCheckOwner(const Ledger *ledger);

/* Switches to the ledger's owner in a security-restricted operation; connects to SPI. */
extern void LedgerEnter(const Ledger *ledger, LedgerSession *session);

/* Ends what LedgerEnter() began.  After an error, transaction abort does so. */
extern void LedgerLeave(LedgerSession *session);

/*
 * Member of details in the first entry of a ledger whose governance chain records
 * parked changes from the beginning.
 */
#define PARKED_ON_RECORD "parked"

/*
 * Whether all tables of the ledger are empty.  keep: if so, locks them so that they stay
 * empty until the transaction ends.
 */
extern bool LedgerIsEmpty(bool keep);

/* False until the tables of an earlier version are migrated. */
extern bool LedgerHasParkedSalts(void);

/* OID of table trust.name.  Errors: 0A000 encoding, 55000 it does not exist. */
extern Oid	LedgerRelation(const char *name);

/*
 * Registers a callback for relcache invalidations of the relation.  There is one
 * relation per callback; a new one replaces the previous one.
 */
extern void LedgerWatch(Oid relid, void (*forget) (void));

/*
 * A counter that changes with every relcache invalidation.  What was read must not be
 * cached if the counter has changed meanwhile.
 */
extern uint64 LedgerGeneration(void);

/* Parses {"kept": [1000, 0], ...} with all WEIGHTS weights.  Errors: 22023. */
extern void ParseWeights(Jsonb *weights, Weight *out);

/* Reports invalid weights (22023). */
pg_noreturn extern void InvalidWeights(const char *detail);

/* The time zone of that name.  Errors: 22023. */
extern pg_tz *LedgerZone(const char *name);

#endif
