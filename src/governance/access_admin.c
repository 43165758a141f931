/*
 * access_admin.c
 *		Giving and taking levels of access.
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
	"  SELECT DISTINCT l FROM (SELECT pg_catalog.unnest(levels) AS l FROM trust.access"
	"    WHERE role OPERATOR(pg_catalog.=) $1 UNION ALL SELECT $2) given ORDER BY l))",
	TEXTOID, TEXTOID);

static Statement levels_without = STATEMENT(
	"SELECT pg_catalog.jsonb_build_object('levels', pg_catalog.array_remove(levels, $2)) FROM trust.access"
	" WHERE role OPERATOR(pg_catalog.=) $1 AND $2 OPERATOR(pg_catalog.=) ANY (levels)",
	TEXTOID, TEXTOID);

static Datum
ChangeAccess(FunctionCallInfo fcinfo, bool grant)
{
	char	   *role = ArgKeyNeeded(fcinfo->args[0], "role");
	char	   *level = ArgKeyNeeded(fcinfo->args[1], "level");
	Governance	governance;

	(void) AccessLevelFromName(level);
	if (grant)
		(void) get_role_oid(role, false);
	GovernanceBegin(&governance, fcinfo, LEVEL_ADMIN, grant ? "grant access" : "revoke access");
	if (GovernanceLock(&governance))
	{
		Datum		values[2] = {CStringGetTextDatum(role), CStringGetTextDatum(level)};
		GovernanceChange change = {
			.event = grant ? "access_granted" : "access_revoked", .governs = &governed_access, .subject = role
		};

		if (StatementWrite(grant ? &levels_with : &levels_without, values, NULL) == 0)
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_OBJECT),
					 errmsg("role \"%s\" does not have the level %s", role, level),
					 errhint("SELECT * FROM trust.access_level; shows who has which.")));
		change.details = ResultNeeded(0, 1, JSONBOID);
		change.reason = ArgWords(fcinfo->args[2], "reason");
		GovernanceAppend(&governance, &change, 1);
	}
	return GovernanceEnd(&governance, fcinfo);
}

/*
 * grant_access(role text, level text, reason text, actor, occurred_at, context,
 *				idempotency_key) returns receipt
 *		Gives a database role, and all its members, a level: application, analyst,
 *		auditor, import or admin.  Level admin.  Errors: 42704 no such role.
 */
Datum
grant_access(PG_FUNCTION_ARGS)
{
	return ChangeAccess(fcinfo, true);
}

/*
 * revoke_access(role text, level text, reason text, actor, occurred_at, context,
 *				 idempotency_key) returns receipt
 *		Takes a level from a database role, which need not exist any more.  Level
 *		admin.  The ledger's owner can always govern.  Errors: 42704 it has no such level.
 */
Datum
revoke_access(PG_FUNCTION_ARGS)
{
	return ChangeAccess(fcinfo, false);
}
