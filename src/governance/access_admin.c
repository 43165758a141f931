/*
 * access_admin.c
 *		SQL functions to grant and revoke access levels.
 */
#include "postgres.h"

#include "catalog/pg_type_d.h"
#include "utils/acl.h"
#include "utils/builtins.h"

#include "base/arguments.h"
#include "base/statement.h"
#include "governance/governance.h"

PG_FUNCTION_INFO_V1(grant_access);
PG_FUNCTION_INFO_V1(revoke_access);

static Statement levels_with = STATEMENT(
	"SELECT pg_catalog.jsonb_build_object('levels', ARRAY("
	" SELECT DISTINCT l"
	" FROM (SELECT pg_catalog.unnest(levels) AS l"
	" FROM trust.access"
	" WHERE role OPERATOR(pg_catalog.=) $1"
	" UNION ALL"
	" SELECT $2) given"
	" ORDER BY l))",
	TEXTOID, TEXTOID);

static Statement levels_without = STATEMENT(
	"SELECT pg_catalog.jsonb_build_object('levels', pg_catalog.array_remove(levels, $2))"
	" FROM trust.access"
	" WHERE role OPERATOR(pg_catalog.=) $1 AND $2 OPERATOR(pg_catalog.=) ANY (levels)",
	TEXTOID, TEXTOID);

static Datum
ChangeAccess(FunctionCallInfo fcinfo, bool grant)
{
	char	   *role = ArgKeyRequired(fcinfo->args[0], "role");
	char	   *level = ArgKeyRequired(fcinfo->args[1], "level");
	Governance	governance;

	(void) AccessLevelFromName(level);
	if (grant)
		(void) get_role_oid(role, false);
	GovernanceBegin(&governance, fcinfo, LEVEL_ADMIN, grant ? "grant access" : "revoke access");
	if (GovernanceLock(&governance))
	{
		Datum		values[2] = {CStringGetTextDatum(role), CStringGetTextDatum(level)};
		GovernanceChange change = {
			.event = grant ? "access_granted" : "access_revoked",
			.governs = &governed_access, .subject = role
		};

		if (StatementWrite(grant ? &levels_with : &levels_without, values, NULL) == 0)
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_OBJECT),
					 errmsg("role \"%s\" does not have access level \"%s\"", role, level),
					 errhint("View trust.access_level lists the access levels of all roles.")));
		change.details = ResultNotNull(0, 1, JSONBOID);
		change.reason = ArgText(fcinfo->args[2], "reason");
		GovernanceAppend(&governance, &change, 1);
	}
	return GovernanceEnd(&governance, fcinfo);
}

/*
 * grant_access(role text, level text, reason text, actor, occurred_at, context,
 *				idempotency_key) returns receipt
 *		Grants a level to a database role and all its members: application, analyst,
 *		auditor, import or admin.  Requires level admin.  Errors: 42704 no such role.
 */
Datum
grant_access(PG_FUNCTION_ARGS)
{
	return ChangeAccess(fcinfo, true);
}

/*
 * revoke_access(role text, level text, reason text, actor, occurred_at, context,
 *				 idempotency_key) returns receipt
 *		Revokes a level from a database role, which may have been dropped.  The ledger's
 *		owner always has level admin.  Requires level admin.  Errors: 42704 the role does
 *		not have the level.
 */
Datum
revoke_access(PG_FUNCTION_ARGS)
{
	return ChangeAccess(fcinfo, false);
}
