/*
 * owner_session.c
 *		The company's tables: what they are called, who owns them, working as their owner.
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

/* schema.table, as SQL has to name it. */
char *
QualifiedName(Oid relid)
{
	return quote_qualified_identifier(get_namespace_name(get_rel_namespace(relid)), get_rel_name(relid));
}

/* InvalidOid where it may be missing, and is. */
Oid
RelationOwner(Oid relid, bool missing_ok)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	Oid			owner = InvalidOid;

	if (HeapTupleIsValid(tuple))
	{
		owner = ((Form_pg_class) GETSTRUCT(tuple))->relowner;
		ReleaseSysCache(tuple);
	}
	else if (!missing_ok)
		elog(ERROR, "cache lookup failed for relation %u", relid);
	return owner;
}

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
