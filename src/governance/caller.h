/*
 * caller.h
 *		Determines login, role and actor of a call.
 */
#ifndef TRUST_LEDGER_CALLER_H
#define TRUST_LEDGER_CALLER_H

#include "governance/act.h"

/* Defines the setting trust_ledger.actor; called from _PG_init(). */
extern void CallerInit(void);

/* Sets login and role of the act; role is the current user. */
extern void ActSetCaller(Act *act, Oid role);

/*
 * The active actor that the act's login or role belongs to; NULL if none.  Errors: TL003
 * they belong to two actors, or the actor is retired.
 */
extern Actor *ActorOfLoginOrRole(const Act *act);

/*
 * Sets the act's actor: own if not NULL, else the actor named, with ActorOfLoginOrRole() as
 * own.  Errors: TL003 the login cannot act as it, 42704 it is not registered.
 */
extern void ActSetActor(Act *act, Actor *own, const char *named);

/*
 * Sets the act's actor and evidence from the argument of the call, which may be NULL,
 * act_as(), or the login.  Errors as of ActSetActor(), and TL003 if an actor is needed
 * and there is none.
 */
extern void ActResolveActor(Act *act, const char *named, bool needed);

/*
 * The key of the actor for a call without argument actor; NULL if none.  *own says
 * whether login or role belong to it.
 */
extern const char *ActingActor(const Ledger *ledger, Oid role, bool *own);

/* The role's name, checked for valid UTF-8. */
extern const char *RoleName(Oid role);

#endif
