/*
 * actor.h
 *		Actors: who can act, for whom they speak, and who answers for them.
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

/* In the order of their rank: the higher word stands. */
typedef enum SpeaksFor
{
	SPEAKS_FOR_COMPANY,
	SPEAKS_FOR_RECORD,
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
	char	   *customer;		/* the only customer they speak for, or NULL */
	char	   *responsible;	/* of a machine: the human who answers for it */
	char	   *db_role;
	Jsonb	   *authority;		/* the most they may back for one customer, per currency; NULL: no limit */
	bool		active;
	int64		seq;			/* the governance entry that says so */
} Actor;

extern Actor *ActorFind(const Ledger *ledger, const char *actor);
extern Actor *ActorGet(const Ledger *ledger, const char *actor, const char *role_in_call);
extern Actor *ActorOfLogin(const Ledger *ledger, const char *login);
extern const char *ActorHuman(const Actor *actor);
extern void ActorsLock(LOCKMODE mode);
pg_noreturn extern void ActorNotActive(const char *actor);

#endif
