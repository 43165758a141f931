/*
 * owner_session.h
 *		Runs code with the rights of the owner of a user's table.
 */
#ifndef TRUST_LEDGER_OWNER_SESSION_H
#define TRUST_LEDGER_OWNER_SESSION_H

#include "base/errcodes.h"

/* What OwnerLeave() restores. */
typedef struct OwnerSession
{
	Oid			user;
	int			security_context;
	int			settings;		/* GUC nest level: settings changed inside are reset */
} OwnerSession;

/* Switches to the table's owner in a security-restricted operation, and connects to SPI. */
extern void OwnerEnter(Oid owner, OwnerSession *session);

/* Ends what OwnerEnter() began.  After an error, the end of the (sub)transaction does so. */
extern void OwnerLeave(const OwnerSession *session);

#endif
