/*
 * actor.h
 *		Actors: their kind, whom they speak for, and who is responsible for them.
 */
#ifndef TRUST_LEDGER_ACTOR_H
#define TRUST_LEDGER_ACTOR_H

#include "ledger/ledger.h"

#include "storage/lockdefs.h"

typedef enum ActorKind
{
	ACTOR_HUMAN,
	ACTOR_AI,
	ACTOR_SYSTEM,
	ACTOR_KINDS
} ActorKind;

/* On whose behalf an actor speaks, by increasing rank: verdicts of higher rank win. */
typedef enum SpeaksFor
{
	SPEAKS_FOR_COMPANY,
	SPEAKS_FOR_RECORD,			/* a system of record */
	SPEAKS_FOR_CUSTOMER,
	SPEAKS_FOR_KINDS
} SpeaksFor;

extern const char *const actor_kind_names[ACTOR_KINDS];
extern const char *const speaks_for_names[SPEAKS_FOR_KINDS];

typedef struct Actor
{
	char	   *actor;
	ActorKind	kind;
	SpeaksFor	speaks_for;
	char	   *customer;		/* the only customer it speaks for, or NULL */
	char	   *responsible;	/* human responsible for a machine; NULL for humans */
	char	   *db_role;		/* the actor's own login, or NULL */
	Jsonb	   *authority;		/* limit of backings per customer, by currency; NULL: no limit */
	bool		active;
	int64		seq;			/* seq of the governance entry that set this */
	TimestampTz speaks_since;	/* since when it has this customer, login and human without a
								 * break; DT_NOBEGIN if it speaks for the company */
} Actor;

/* The actor, active or not, as a palloc'd copy; NULL if it is not registered. */
extern Actor *ActorFind(const Ledger *ledger, const char *actor);

/*
 * The active actor, as a palloc'd copy.  role_in_call starts the error message, such as
 * "promiser".  Errors: 42704 not registered, TL003 retired.
 */
extern Actor *ActorGet(const Ledger *ledger, const char *actor, const char *role_in_call);

/*
 * The actor to which the database login belongs, as a palloc'd copy; NULL if none.
 * Prefers an active actor.
 */
extern Actor *ActorOfLogin(const Ledger *ledger, const char *login);

/* Key of the responsible human: the actor itself if it is human. */
extern const char *ActorHuman(const Actor *actor);

/*
 * Locks all actors until the transaction ends: RowShareLock to back a promise,
 * ExclusiveLock to change what an actor may back or from which login.  Lock order: after
 * chains of customers, before the governance chain.
 */
extern void ActorsLock(LOCKMODE mode);

/* Reports a retired actor (TL003). */
pg_noreturn extern void ActorNotActive(const char *actor);

#endif
