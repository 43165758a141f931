/*
 * owner_session.c
 *		Runs code with the rights of the owner of a user's table.
 */
#include "postgres.h"

#include "base/owner_session.h"

#include "access/htup_details.h"
#include "catalog/pg_class.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

/*
 * The owner may have chosen the code that runs: expressions in conditions, and
 * functions of types.  It must not run with the rights of another role.
 */
void
OwnerEnter(Oid owner, OwnerSession *session)
{
	session->settings = NewGUCNestLevel();
	GetUserIdAndSecContext(&session->user, &session->security_context);
	SetUserIdAndSecContext(owner,
						   session->security_context | SECURITY_LOCAL_USERID_CHANGE |
						   SECURITY_RESTRICTED_OPERATION);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
}

void
OwnerLeave(const OwnerSession *session)
{
	if (SPI_finish() != SPI_OK_FINISH)
		elog(ERROR, "SPI_finish failed");
	AtEOXact_GUC(false, session->settings);
	SetUserIdAndSecContext(session->user, session->security_context);
}
