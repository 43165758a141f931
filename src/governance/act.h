/*
 * act.h
 *		One act: who acts, how we know that it is them, when it happened.
 */
#ifndef TRUST_LEDGER_ACT_H
#define TRUST_LEDGER_ACT_H

#include "governance/access.h"
#include "governance/actor.h"
#include "ledger/chain.h"
#include "ledger/idempotency.h"

/* How we know that it was them, weakest first. */
typedef enum Evidence
{
	EVIDENCE_NONE,				/* only as what a policy may ask for */
	EVIDENCE_ASSERTED,			/* the application says so */
	EVIDENCE_SESSION,			/* their own database login */
	EVIDENCE_PASSKEY,			/* a signature over the exact terms */
	EVIDENCES
} Evidence;

extern const char *const evidence_names[EVIDENCES];

/* On whose behalf code of ours acts: a row that changed. */
typedef struct Origin
{
	Oid			level_of;		/* the role whose level counts */
	Oid			login;			/* login and current role when the row changed */
	Oid			role;
	Datum		details;		/* jsonb: which row it was; 0: none */
} Origin;

/* The last arguments of every writing function, in this order. */
#define ACT_ARGUMENTS 4

typedef struct ActArguments
{
	NullableDatum actor;		/* text */
	NullableDatum occurred_at;	/* timestamptz */
	NullableDatum context;		/* jsonb */
	NullableDatum idempotency_key;	/* text */
} ActArguments;

typedef struct Act
{
	const Ledger *ledger;
	uint64		generation;		/* of what was looked up */
	Actor	   *actor;			/* NULL only in governance, by a login that is nobody's, and of what nobody calls for */
	bool		own;			/* the login, or the role, is theirs */
	Evidence	evidence;
	Oid			role;
	const char *login;
	const char *role_name;
	bool		has_occurred_at;
	TimestampTz occurred_at;
	bool		has_context;
	Datum		context;
	text	   *idempotency_key;
	Request		request;		/* with the key: what the call was */
	const Origin *origin;		/* NULL: the call is a user's own */
} Act;

extern void ActInit(void);
extern const char *WhoActs(const Ledger *ledger, Oid role, bool *own);
extern void ActBegin(Act *act, const ActArguments *arguments, const Origin *origin,
					 int levels, const char *what, bool needs_actor);
extern void ActBeginCall(Act *act, FunctionCallInfo fcinfo, int levels, const char *what, bool needs_actor);
extern void ActOfNobody(Act *act, const Ledger *ledger);
extern bool ActIsStale(const Act *act);
extern void ActHold(Act *act, Row *entry);
extern Row *ActEntry(const Act *act, const Chain *chain, const char *event);
extern Evidence EvidenceFromName(const char *name);
extern Evidence RowEvidence(const Row *row, int column);
extern const char *RoleName(Oid role);
extern void CheckInstant(TimestampTz instant, const char *what);

#endif
