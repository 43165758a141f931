/*
 * act.h
 *		An act: one call of a writing function, with its actor, evidence and time.
 */
#ifndef TRUST_LEDGER_ACT_H
#define TRUST_LEDGER_ACT_H

#include "governance/access.h"
#include "governance/actor.h"
#include "ledger/chain.h"
#include "ledger/idempotency.h"

/* How the actor is known to be the one who acts, weakest first. */
typedef enum Evidence
{
	EVIDENCE_NONE,				/* only as a requirement of a policy */
	EVIDENCE_ASSERTED,			/* the application says so */
	EVIDENCE_SESSION,			/* the actor's own database login */
	EVIDENCE_PASSKEY,			/* a signature over the exact terms */
	EVIDENCES
} Evidence;

extern const char *const evidence_names[EVIDENCES];

/* A changed row of a tracked table for which our own code writes an event. */
typedef struct Origin
{
	Oid			level_of;		/* role whose access level is checked */
	Oid			login;			/* session user and current user when the row changed */
	Oid			role;
	Datum		details;		/* jsonb that identifies the row; 0 if none */
} Origin;

/* Every writing function ends with these arguments, in this order. */
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
	uint64		generation;		/* LedgerGeneration() before anything was looked up */
	Actor	   *actor;			/* may be NULL in governance; see ActBeginWithoutActor() */
	bool		own;			/* login or role belongs to the actor */
	Evidence	evidence;
	Oid			role;			/* role whose access level is checked */
	const char *login;			/* session user */
	const char *role_name;		/* current user */
	bool		has_occurred_at;
	TimestampTz occurred_at;
	bool		has_context;
	Datum		context;		/* jsonb */
	text	   *idempotency_key;	/* NULL if none */
	Request		request;		/* only with an idempotency key */
	const Origin *origin;		/* NULL if a user calls the function */
} Act;

/*
 * Starts an act: checks the access level (see CheckAccess()), determines the actor, and
 * reads the arguments.  Called before LedgerEnter().  origin is NULL if a user calls.
 * Without needs_actor, act->actor may be NULL.  Errors: TL003 actor, TL004 access level, 42704
 * unknown actor, 22001, 22008 and 22023 arguments, 55000 no ledger or a copy.
 */
extern void ActBegin(Act *act, const ActArguments *arguments, const Origin *origin,
					 int levels, const char *what, bool needs_actor);

/* The same for a call in SQL; also checks sizes of arguments and sets act->request. */
extern void ActBeginCall(Act *act, FunctionCallInfo fcinfo, int levels, const char *what,
						 bool needs_actor);

/* Starts an act of the ledger itself, without actor or evidence, as for parking a change. */
extern void ActBeginWithoutActor(Act *act, const Ledger *ledger);

/* Whether checks of ActBegin() must be repeated: something changed while we waited for a lock. */
extern bool ActIsStale(const Act *act);

/*
 * Locks actors against retirement before the actor backs a promise, and determines the
 * actor again if the act is stale.  Updates the entry.
 */
extern void ActLockActor(Act *act, Row *entry);

/*
 * Returns a new entry with the columns that all events have.  Errors: 22008 occurred_at
 * is in the future, TL004 it is backfilled and the role lacks level import.
 */
extern Row *ActEntry(const Act *act, const Chain *chain, const char *event);

/* The evidence of that name, including "none".  Errors: 22023. */
extern Evidence EvidenceFromName(const char *name);

/* The evidence in a text column; EVIDENCE_NONE if it is NULL. */
extern Evidence RowEvidence(const Row *row, int column);

/* Error 22008 unless the timestamp is finite and before the year 10000. */
extern void CheckInstant(TimestampTz instant, const char *what);

#endif
