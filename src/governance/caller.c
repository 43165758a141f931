/*
 * caller.c
 *		Determines login, role and actor of a call.
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
 * The actor of this transaction, set only by act_as().  As a setting, it is reset at the
 * end of the transaction and on rollback to a savepoint.  If user code calls act_as()
 * while one of our functions runs, the end of the LedgerSession resets it.
 */
static char *acting = NULL;

/*
 * PGC_INTERNAL disallows SET, so that the value cannot outlive the transaction and apply
 * to the next client of a connection pooler.
 */
void
CallerInit(void)
{
	DefineCustomStringVariable("trust_ledger.actor",
							   "Shows the actor of this transaction.",
							   "It is set by trust_ledger.act_as().",
							   &acting, "", PGC_INTERNAL, 0, NULL, NULL, NULL);
	MarkGUCPrefixReserved("trust_ledger");
}

/* The role may have been created in a database with another encoding. */
const char *
RoleName(Oid role)
{
	char	   *name = GetUserNameFromId(role, false);

	(void) pg_verify_mbstr(PG_UTF8, name, strlen(name), false);
	return name;
}

/*
 * Whether the portal's rows go to the client.  A function can open a cursor with the
 * same text as the client's statement and another meaning.
 */
static bool
PortalSendsToClient(Portal portal)
{
	CommandDest dest = portal->queryDesc ? portal->queryDesc->dest->mydest : DestNone;

	return dest == DestRemote || dest == DestRemoteExecute;
}

/*
 * Whether the client itself sent the SELECT that is running: no cursor inside a
 * function, no data modification, and no tables or views of others, whose code could
 * make the call.
 */
static bool
IsClientsSelect(void)
{
	PlannedStmt *statement;
	ListCell   *cell;

	if (ActivePortal == NULL || debug_query_string == NULL ||
		strcmp(ActivePortal->sourceText, debug_query_string) != 0 ||
		!PortalSendsToClient(ActivePortal) || list_length(ActivePortal->stmts) != 1)
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
 * Whether the call proves that the login's owner acts: no SET ROLE, no trigger, no
 * security-definer function, and a SELECT of the client, so that defaults and rules of a
 * table cannot make the call.
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

/* The role counts too: code that runs with an actor's role acts only as that actor. */
Actor *
ActorOfLoginOrRole(const Act *act)
{
	Actor	   *by_login = ActorOfLogin(act->ledger, act->login);
	Actor	   *by_role = act->role_name == act->login ? by_login :
		ActorOfLogin(act->ledger, act->role_name);
	Actor	   *own = by_login ? by_login : by_role;

	if (by_login && by_role && strcmp(by_login->actor, by_role->actor) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_TL_IDENTITY),
				 errmsg("login \"%s\" and role \"%s\" belong to different actors",
						act->login, act->role_name),
				 errdetail("They belong to \"%s\" and \"%s\".", by_login->actor, by_role->actor),
				 errhint("Call the function directly, not through code of another actor.")));
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
				 errmsg("login \"%s\" cannot act as actor \"%s\"", act->login, named),
				 errdetail("The login or the current role belongs to actor \"%s\".", own->actor),
				 errhint("Have \"%s\" act from their own login or from an application's login.",
						 named)));
}

static void
ReportNoActor(const Act *act)
{
	ereport(ERROR,
			(errcode(ERRCODE_TL_IDENTITY),
			 errmsg("no actor specified"),
			 errdetail("Argument actor is null, act_as() was not called in this transaction, "
					   "and login \"%s\" does not belong to an actor.", act->login),
			 errhint("Add actor => '...', or call trust_ledger.act_as('...') "
					 "in the same transaction.")));
}

/* The actor set by act_as(), or NULL.  A copy, since a nested call may set another one. */
static const char *
ActorFromSetting(void)
{
	return acting != NULL && acting[0] != '\0' ? pstrdup(acting) : NULL;
}

void
ActSetActor(Act *act, Actor *own, const char *named)
{
	if (named != NULL)
		CheckMayActAs(act, own, named);
	act->own = own != NULL;
	act->actor = own ? own : ActorGet(act->ledger, named, "actor");
	if (own == NULL && act->actor->speaks_for != SPEAKS_FOR_COMPANY &&
		act->actor->db_role != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_TL_IDENTITY),
				 errmsg("actor \"%s\" can act only from login \"%s\"",
						act->actor->actor, act->actor->db_role),
				 errdetail("It speaks for a %s and has its own login.",
						   speaks_for_names[act->actor->speaks_for])));
}

/*
 * For a changed row (act->origin) the actor was determined when the row changed, and is
 * in the argument.
 */
void
ActResolveActor(Act *act, const char *named, bool needed)
{
	Actor	   *own = ActorOfLoginOrRole(act);

	if (named == NULL && act->origin == NULL)
		named = ActorFromSetting();
	if (named == NULL && own == NULL)
	{
		if (needed)
			ReportNoActor(act);
		return;
	}
	ActSetActor(act, own, named);
	if (own != NULL && act->origin == NULL && IsOwnSession())
		act->evidence = EVIDENCE_SESSION;
}

void
ActSetCaller(Act *act, Oid role)
{
	Oid			login = act->origin ? act->origin->login : GetSessionUserId();

	act->login = RoleName(login);
	act->role_name = role == login ? act->login : RoleName(role);
	act->role = act->origin ? act->origin->level_of : role;
}

const char *
ActingActor(const Ledger *ledger, Oid role, bool *own)
{
	Act			act = {.ledger = ledger};
	Actor	   *actor;

	ActSetCaller(&act, role);
	actor = ActorOfLoginOrRole(&act);
	*own = actor != NULL;
	return actor ? actor->actor : ActorFromSetting();
}

/*
 * act_as(actor text) returns text
 *		Sets the actor for calls without argument actor, until the transaction ends or is
 *		rolled back to an earlier savepoint.  Errors: 42704 not registered, TL003 retired
 *		or not allowed for this login, TL004 no level that allows writing.
 */
Datum
act_as(PG_FUNCTION_ARGS)
{
	char	   *actor = ArgKeyRequired(fcinfo->args[0], "actor");
	Act			act = {0};

	AcceptInvalidationMessages();
	act.ledger = LedgerOpen();
	ActSetCaller(&act, GetUserId());
	CheckAccess(act.ledger, act.role, LEVELS_WRITING | LEVEL_ADMIN, "act as an actor");
	ActResolveActor(&act, actor, true);
	(void) set_config_option("trust_ledger.actor", actor, PGC_INTERNAL, PGC_S_SESSION,
							 GUC_ACTION_LOCAL, true, 0, false);
	PG_RETURN_TEXT_P(cstring_to_text(actor));
}
