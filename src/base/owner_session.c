/*
 * owner_session.c
 *		Working as the owner of one of the company's tables.
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

/* From here on the owner works: nobody else runs the SQL of their conditions and types as themselves. */
void
OwnerEnter(Oid owner, OwnerSession *session)
{
	session->settings = NewGUCNestLevel();
	GetUserIdAndSecContext(&session->user, &session->security_context);
	SetUserIdAndSecContext(owner,
						   session->security_context | SECURITY_LOCAL_USERID_CHANGE | SECURITY_RESTRICTED_OPERATION);
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
