/*
 * caller.c
 *		Who calls: login, current role, and the actor that a call acts for.
 */
#include "postgres.h"

#include "governance/caller.h"

#include "catalog/namespace.h"
#include "catalog/pg_namespace_d.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "tcop/pquery.h"
#include "tcop/tcopprot.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"

#include "base/arguments.h"

PG_FUNCTION_INFO_V1(act_as);

/*
 * Who acts in this transaction; set by act_as() and by nothing else.  PostgreSQL
 * takes it back with an error, a savepoint, the transaction, prepared or not; and
 * what a nested call sets with that call, since its session has a level of settings
 * of its own.
 */
static char *acting = NULL;

/*
 * The setting is PostgreSQL's own way to keep a value for one transaction and
 * to take it back with a savepoint.  PGC_INTERNAL: SET cannot reach it, so it
 * cannot outlive the transaction and meet the next client of a pooler.
 */
void
ActInit(void)
{
	DefineCustomStringVariable("trust_ledger.actor",
							   "Who acts in this transaction.",
							   "Set by trust_ledger.act_as().",
							   &acting, "", PGC_INTERNAL, 0, NULL, NULL, NULL);
	MarkGUCPrefixReserved("trust_ledger");
}

/* Roles belong to the cluster: a database in another encoding may have named one. */
const char *
RoleName(Oid role)
{
	char	   *name = GetUserNameFromId(role, false);

	(void) pg_verify_mbstr(PG_UTF8, name, strlen(name), false);
	return name;
}

/*
 * Rows of the portal go to the client.  A cursor that a function opens may have
 * the very text that the client sent, and mean something else by it.
 */
static bool
GoesToClient(Portal portal)
{
	CommandDest dest = portal->queryDesc ? portal->queryDesc->dest->mydest : DestNone;

	return dest == DestRemote || dest == DestRemoteExecute;
}

/*
 * A SELECT that the client sent, and nothing that somebody may have planted:
 * no cursor inside a function, no write, no table or view but the ledger's and
 * the catalog's.
 */
static bool
IsClientsSelect(void)
{
	PlannedStmt *statement;
	ListCell   *cell;

	if (ActivePortal == NULL || debug_query_string == NULL ||
		strcmp(ActivePortal->sourceText, debug_query_string) != 0 ||
		!GoesToClient(ActivePortal) || list_length(ActivePortal->stmts) != 1)
		return false;
	statement = linitial_node(PlannedStmt, ActivePortal->stmts);
	if (statement->commandType != CMD_SELECT || statement->hasModifyingCTE)
		return false;
	foreach(cell, statement->rtable)
	{
		RangeTblEntry *rte = lfirst_node(RangeTblEntry, cell);
		Oid			schema;

		if (!OidIsValid(rte->relid))
			continue;
		schema = get_rel_namespace(rte->relid);
		if (schema != PG_CATALOG_NAMESPACE && schema != get_namespace_oid("trust", true))
			return false;
	}
	return true;
}

/*
 * Their own login, used by nobody else: no SET ROLE, no trigger, no
 * security-definer function; and by a SELECT that the client sent, so that the
 * defaults and rules of a table that they write to do not act for them.
 */
static bool
IsOwnSession(void)
{
	Oid			user;
	int			security_context;

	GetUserIdAndSecContext(&user, &security_context);
	return GetAuthenticatedUserId() == user && GetSessionUserId() == user &&
		(security_context & SECURITY_LOCAL_USERID_CHANGE) == 0 &&
		IsClientsSelect() &&
		DatumGetInt32(OidFunctionCall0(F_PG_TRIGGER_DEPTH)) == 0;
}

/*
 * The actor that login and current role belong to, if they belong to one.  Both
 * bind: what runs as somebody's role speaks for nobody else, whoever logged in.
 */
Actor *
ActorOfCaller(const Act *act)
{
	Actor	   *by_login = ActorOfLogin(act->ledger, act->login);
	Actor	   *by_role = act->role_name == act->login ? by_login : ActorOfLogin(act->ledger, act->role_name);
	Actor	   *own = by_login ? by_login : by_role;

	if (by_login && by_role && strcmp(by_login->actor, by_role->actor) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_TL_IDENTITY),
				 errmsg("login \"%s\" belongs to \"%s\", and what runs as role \"%s\" to \"%s\"",
						act->login, by_login->actor, act->role_name, by_role->actor),
				 errhint("Call the function yourself, not through code of another actor.")));
	if (own && !own->active)
		ActorNotActive(own->actor);
	return own;
}

static void
CheckMayActAs(const Act *act, const Actor *own, const char *named)
{
	if (own != NULL && strcmp(own->actor, named) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_TL_IDENTITY),
				 errmsg("login \"%s\" acts as \"%s\" and cannot act as \"%s\"", act->login, own->actor, named),
				 errdetail("The login, or the role that this runs as, is registered as that actor's own."),
				 errhint("Let \"%s\" act from a login of their own, or through an application's login.", named)));
}

static void
NobodyActs(const Act *act)
{
	ereport(ERROR,
			(errcode(ERRCODE_TL_IDENTITY),
			 errmsg("nobody is acting"),
			 errdetail("No actor was named, act_as() was not called in this transaction, and login \"%s\" belongs to no actor.", act->login),
			 errhint("Add actor => '...', or call trust_ledger.act_as('...') in the same transaction.")));
}

/* Whom act_as() named in this transaction; NULL: nobody.  A copy: a nested call may set another. */
static const char *
ActingAs(void)
{
	return acting != NULL && acting[0] != '\0' ? pstrdup(acting) : NULL;
}

/* The login's or role's own actor, if there is one; else the one that is named. */
void
SettleActor(Act *act, Actor *own, const char *named)
{
	if (named != NULL)
		CheckMayActAs(act, own, named);
	act->own = own != NULL;
	act->actor = own ? own : ActorGet(act->ledger, named, "actor");
	if (own == NULL && act->actor->speaks_for != SPEAKS_FOR_COMPANY && act->actor->db_role != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_TL_IDENTITY),
				 errmsg("actor \"%s\" acts from login \"%s\" only", act->actor->actor, act->actor->db_role),
				 errdetail("It speaks for a %s and has a login of its own, so nobody else can speak in its name.",
						   speaks_for_names[act->actor->speaks_for])));
}

/*
 * The argument; else act_as(); else whoever the login belongs to.  For a row that
 * changed the argument says it all, and was settled when it did.
 */
void
ResolveActor(Act *act, const char *named, bool needed)
{
	Actor	   *own = ActorOfCaller(act);

	if (named == NULL && act->origin == NULL)
		named = ActingAs();
	if (named == NULL && own == NULL)
	{
		if (needed)
			NobodyActs(act);
		return;
	}
	SettleActor(act, own, named);
	if (own != NULL && act->origin == NULL && IsOwnSession())
		act->evidence = EVIDENCE_SESSION;
}

/* Login and current role, as names and as whose level counts. */
void
SetCaller(Act *act, Oid role)
{
	Oid			login = act->origin ? act->origin->login : GetSessionUserId();

	act->login = RoleName(login);
	act->role_name = role == login ? act->login : RoleName(role);
	act->role = act->origin ? act->origin->level_of : role;
}

/* Who acts where nothing says so but login, role and act_as(); NULL: nobody.  own: it is the login's or role's own actor. */
const char *
WhoActs(const Ledger *ledger, Oid role, bool *own)
{
	Act			act = {.ledger = ledger};
	Actor	   *actor;

	SetCaller(&act, role);
	actor = ActorOfCaller(&act);
	*own = actor != NULL;
	return actor ? actor->actor : ActingAs();
}

/*
 * act_as(actor text) returns text
 *		Who acts in this transaction, where a call names nobody.  Gone with the
 *		transaction or the savepoint.  Errors: 42704 not registered, TL003 retired
 *		or not for this login to act as, TL004 no level that writes.
 */
Datum
act_as(PG_FUNCTION_ARGS)
{
	char	   *actor = ArgKeyNeeded(fcinfo, 0, "actor");
	Act			act = {0};

	AcceptInvalidationMessages();
	act.ledger = LedgerOpen();
	SetCaller(&act, GetUserId());
	CheckAccess(act.ledger, act.role, LEVELS_WRITING | LEVEL_ADMIN, "act for an actor");
	ResolveActor(&act, actor, true);
	(void) set_config_option("trust_ledger.actor", actor, PGC_INTERNAL, PGC_S_SESSION,
							 GUC_ACTION_LOCAL, true, 0, false);
	PG_RETURN_TEXT_P(cstring_to_text(actor));
}
