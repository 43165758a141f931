/*
 * caller.h
 *		Who calls: login, current role, and the actor that a call acts for.
 */
#ifndef TRUST_LEDGER_CALLER_H
#define TRUST_LEDGER_CALLER_H

#include "governance/act.h"

extern void ActInit(void);
extern void SetCaller(Act *act, Oid role);
extern Actor *ActorOfCaller(const Act *act);
extern void SettleActor(Act *act, Actor *own, const char *named);
extern void ResolveActor(Act *act, const char *named, bool needed);
extern const char *WhoActs(const Ledger *ledger, Oid role, bool *own);
extern const char *RoleName(Oid role);

#endif
