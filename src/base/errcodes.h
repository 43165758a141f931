/*
 * errcodes.h
 *		SQLSTATEs of the extension, one per reason for refusing a call.
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

/* One SQLSTATE per reason of refusal, class TL; all else uses PostgreSQL's own. */
#define ERRCODE_TL_STATE	MAKE_SQLSTATE('T', 'L', '0', '0', '1')	/* the promise's state does not allow it */
#define ERRCODE_TL_POLICY	MAKE_SQLSTATE('T', 'L', '0', '0', '2')	/* a policy or an authority forbids it */
#define ERRCODE_TL_IDENTITY MAKE_SQLSTATE('T', 'L', '0', '0', '3')	/* not this actor's act */
#define ERRCODE_TL_RIGHT	MAKE_SQLSTATE('T', 'L', '0', '0', '4')	/* the database role lacks the level */
#define ERRCODE_TL_RETRY	MAKE_SQLSTATE('T', 'L', '0', '0', '5')	/* idempotency key used for another call */
#define ERRCODE_TL_ALTERED	MAKE_SQLSTATE('T', 'L', '0', '0', '6')	/* the ledger was altered, or would be */

#endif
