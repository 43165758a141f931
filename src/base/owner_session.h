/*
 * owner_session.h
 *		The company's tables: what they are called, who owns them, working as their owner.
 */
#ifndef TRUST_LEDGER_OWNER_SESSION_H
#define TRUST_LEDGER_OWNER_SESSION_H

#include "trust_ledger.h"

/* A stretch of work as a table's owner, whose SQL is about to be run. */
typedef struct OwnerSession
{
	Oid			user;
	int			security_context;
	int			settings;		/* what is set meanwhile goes with the session */
} OwnerSession;

extern char *QualifiedName(Oid relid);
extern Oid	RelationOwner(Oid relid, bool missing_ok);
extern void OwnerEnter(Oid owner, OwnerSession *session);
extern void OwnerLeave(const OwnerSession *session);

#endif
