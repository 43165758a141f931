/*
 * owner_session.h
 *		Working as the owner of one of the company's tables.
 */
#ifndef TRUST_LEDGER_OWNER_SESSION_H
#define TRUST_LEDGER_OWNER_SESSION_H

#include "base/errcodes.h"

/* A stretch of work as a table's owner, whose SQL is about to be run. */
typedef struct OwnerSession
{
	Oid			user;
	int			security_context;
	int			settings;		/* what is set meanwhile goes with the session */
} OwnerSession;

extern void OwnerEnter(Oid owner, OwnerSession *session);
extern void OwnerLeave(const OwnerSession *session);

#endif
