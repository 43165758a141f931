/*
 * access.c
 *		Access levels of database roles, stored in trust.access.
 *
 * Levels are not privileges of PostgreSQL, because the owner of a database cannot GRANT
 * privileges on functions of an extension that a superuser created.
 */
#include "postgres.h"

#include "governance/access.h"

#include "catalog/pg_type_d.h"
#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/syscache.h"

#include "base/statement.h"
#include "base/text.h"

PG_FUNCTION_INFO_V1(require_reader);
PG_FUNCTION_INFO_V1(reads_words);

static Statement read_access = STATEMENT_WITHOUT_ARGS(
	"SELECT role, levels FROM trust.access");

const char *const access_level_names[ACCESS_LEVELS] = {
	"application", "analyst", "auditor", "import", "admin"
};

/*
 * Cache of the levels of one role, with this owner of the ledger.  The variables are set
 * together, so that errors and nested calls leave them consistent.  Invalidations clear
 * it, and are processed again when a change aborts.
 */
static Oid	known_role = InvalidOid;
static Oid	known_owner = InvalidOid;
static int	known_levels = 0;
static uint64 role_changes = 0; /* number of invalidations */

static void
ForgetAccess(void)
{
	known_role = InvalidOid;
}

static void
RolesChanged(Datum arg pg_attribute_unused(), int cacheid pg_attribute_unused(),
			 uint32 hashvalue pg_attribute_unused())
{
	role_changes++;
	ForgetAccess();
}

static int
LevelOrNone(const char *name)
{
	int			index = NameIndex(access_level_names, ACCESS_LEVELS, name);

	return index < 0 ? 0 : 1 << index;
}

int
AccessLevelFromName(const char *name)
{
	int			level = LevelOrNone(name);

	if (level)
		return level;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("invalid access level: \"%s\"", name),
			 errhint("Valid levels are application, analyst, auditor, import and admin.")));
}

static int
LevelsOfRow(uint64 row, Oid user)
{
	Oid			role = get_role_oid(TextDatumGetCString(ResultNotNull(row, 1, TEXTOID)), true);
	int			levels = 0;
	Datum	   *names;
	bool	   *nulls;
	int			count;

	if (!OidIsValid(role) || !has_privs_of_role(user, role))
		return 0;
	deconstruct_array(DatumGetArrayTypeP(ResultNotNull(row, 2, TEXTARRAYOID)),
					  TEXTOID, -1, false, TYPALIGN_INT, &names, &nulls, &count);
	for (int i = 0; i < count; i++)
		levels |= nulls[i] ? 0 : LevelOrNone(TextDatumGetCString(names[i]));
	return levels;
}

static int
ReadAccess(const Ledger *ledger, Oid relid, Oid user)
{
	LedgerSession session;
	int			levels = 0;
	uint64		rows;

	LedgerEnter(ledger, &session);
	rows = StatementReadLatest(&read_access, NULL, NULL, relid);
	for (uint64 i = 0; i < rows; i++)
		levels |= LevelsOfRow(i, user);
	LedgerLeave(&session);
	return levels;
}

/* Reads the role's levels, and caches them unless an invalidation has arrived meanwhile. */
static int
LoadAccess(const Ledger *ledger, Oid role)
{
	Oid			relid = LedgerRelation("access");
	uint64		seen = LedgerGeneration() + role_changes;
	int			levels;

	LedgerWatch(relid, ForgetAccess);
	levels = ReadAccess(ledger, relid, role);
	if (has_privs_of_role(role, ledger->owner))
		levels |= LEVEL_ADMIN;
	if (seen == LedgerGeneration() + role_changes)
	{
		known_role = role;
		known_owner = ledger->owner;
		known_levels = levels;
	}
	return levels;
}

/*
 * The ledger's owner can alter the tables anyway.  The owner always has level admin,
 * because the roles in trust.access may not exist after a restore in another cluster.
 */
int
AccessOf(const Ledger *ledger, Oid role)
{
	static bool registered = false;

	if (!registered)
	{
		CacheRegisterSyscacheCallback(AUTHOID, RolesChanged, (Datum) 0);
		CacheRegisterSyscacheCallback(AUTHMEMROLEMEM, RolesChanged, (Datum) 0);
		registered = true;
	}
	if (superuser_arg(role))
		return LEVELS_ALL;
	if (known_role == role && known_owner == ledger->owner)
		return known_levels;
	return LoadAccess(ledger, role);
}

static char *
LevelList(int levels)
{
	StringInfoData list;

	initStringInfo(&list);
	for (int i = 0; i < ACCESS_LEVELS; i++)
		if (levels & (1 << i))
			appendStringInfo(&list, "%s%s", list.len ? " or " : "", access_level_names[i]);
	return list.data;
}

/* The level to suggest: prefers one that only reads. */
static const char *
LeastLevel(int levels)
{
	int			reading = levels & (LEVEL_ANALYST | LEVEL_AUDITOR);

	return access_level_names[pg_rightmost_one_pos32(reading ? reading : levels)];
}

void
CheckAccess(const Ledger *ledger, Oid role, int levels, const char *what)
{
	if (AccessOf(ledger, role) & levels)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_TL_RIGHT),
			 errmsg("role \"%s\" is not permitted to %s", GetUserNameFromId(role, false), what),
			 errdetail("This requires access level %s.", LevelList(levels)),
			 errhint("An admin of the ledger can run "
					 "SELECT * FROM trust_ledger.grant_access(%s, '%s');",
					 quote_literal_cstr(GetUserNameFromId(role, false)), LeastLevel(levels))));
}

/*
 * require_reader() returns boolean
 *		True, or error TL004 if the current user has no level that allows reading.  Views
 *		in schema trust call it.
 */
Datum
require_reader(PG_FUNCTION_ARGS)
{
	CheckAccess(LedgerOpen(), GetUserId(), LEVELS_READING, "read the ledger");
	PG_RETURN_BOOL(true);
}

/*
 * reads_words() returns boolean
 *		Whether the current user may read texts that people wrote.
 */
Datum
reads_words(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL((AccessOf(LedgerOpen(), GetUserId()) & LEVELS_READING_WORDS) != 0);
}
