/*
 * errcodes.h
 *		SQLSTATEs of the extension, and compatibility with PostgreSQL 15 to 18.
 */
#ifndef TRUST_LEDGER_ERRCODES_H
#define TRUST_LEDGER_ERRCODES_H

#include "postgres.h"

#include "fmgr.h"
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

#ifndef pg_noreturn				/* before 18 */
#define pg_noreturn pg_attribute_noreturn()
#endif

/* Class TL has one SQLSTATE per reason to refuse a call; other errors use PostgreSQL's own. */

/* The state of the promise does not allow the event. */
#define ERRCODE_TL_STATE	MAKE_SQLSTATE('T', 'L', '0', '0', '1')
/* A policy or the actor's authority forbids it. */
#define ERRCODE_TL_POLICY	MAKE_SQLSTATE('T', 'L', '0', '0', '2')
/* The actor must not do this. */
#define ERRCODE_TL_IDENTITY MAKE_SQLSTATE('T', 'L', '0', '0', '3')
/* The database role lacks the access level. */
#define ERRCODE_TL_RIGHT	MAKE_SQLSTATE('T', 'L', '0', '0', '4')
/* The idempotency key was used for another call. */
#define ERRCODE_TL_RETRY	MAKE_SQLSTATE('T', 'L', '0', '0', '5')
/* The ledger was altered, or would be. */
#define ERRCODE_TL_ALTERED	MAKE_SQLSTATE('T', 'L', '0', '0', '6')

#endif
