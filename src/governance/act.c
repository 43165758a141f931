/*
 * act.c
 *		One act: who acts, how we know that it is them, when it happened.
 */
#include "postgres.h"

#include "governance/act.h"

#include "catalog/namespace.h"
#include "catalog/pg_namespace_d.h"
#include "catalog/pg_type_d.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "tcop/pquery.h"
#include "tcop/tcopprot.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"

#include "base/arguments.h"
#include "base/limit.h"
#include "base/text.h"
#include "ledger/copy.h"

PG_FUNCTION_INFO_V1(act_as);

const char *const evidence_names[EVIDENCES] = {"none", "asserted", "session", "passkey"};

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

Evidence
EvidenceFromName(const char *name)
{
	int			evidence = NameIndex(evidence_names, EVIDENCES, name);

	if (evidence < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"%s\" is not a kind of evidence", name),
				 errhint("Evidence is asserted, session or passkey.")));
	return evidence;
}

Evidence
RowEvidence(const Row *row, int column)
{
	return RowIsNull(row, column) ? EVIDENCE_NONE : EvidenceFromName(RowText(row, column));
}

/* Finite, and so far from the end of time that intervals can be added. */
#define LAST_YEAR 9999

void
CheckInstant(TimestampTz instant, const char *what)
{
	const TimestampTz end = ((int64) date2j(LAST_YEAR + 1, 1, 1) - POSTGRES_EPOCH_JDATE) * USECS_PER_DAY;

	if (TIMESTAMP_NOT_FINITE(instant))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("%s must not be infinite", what),
				 errhint("Leave it out where there is none.")));
	if (instant >= end)
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("%s is out of range", what),
				 errdetail("It must lie before the year %d.", LAST_YEAR + 1)));
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
static Actor *
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
static void
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
static void
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
static void
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
 * Who calls, with which level, as which actor; and the arguments that every
 * writing function has.  Before the ledger's owner takes over.
 */
void
ActBegin(Act *act, const ActArguments *arguments, const Origin *origin,
		 int levels, const char *what, bool needs_actor)
{
	char	   *named = arguments->actor.isnull ? NULL : TextDatumGetCString(arguments->actor.value);

	memset(act, 0, sizeof(Act));
	AcceptInvalidationMessages();
	act->generation = LedgerGeneration();
	act->ledger = LedgerOpen();
	act->origin = origin;
	SetCaller(act, origin ? origin->role : GetUserId());
	act->evidence = EVIDENCE_ASSERTED;
	CheckAccess(act->ledger, act->role, levels, what);
	CheckNotCopy();
	ResolveActor(act, named, needs_actor);

	act->has_occurred_at = !arguments->occurred_at.isnull;
	if (act->has_occurred_at)
	{
		act->occurred_at = DatumGetTimestampTz(arguments->occurred_at.value);
		CheckInstant(act->occurred_at, "occurred_at");
	}
	act->has_context = !arguments->context.isnull;
	act->context = arguments->context.value;
	if (!arguments->idempotency_key.isnull)
	{
		act->idempotency_key = DatumGetTextPP(arguments->idempotency_key.value);
		CheckKey(text_to_cstring(act->idempotency_key), "idempotency_key");
	}
}

/* The same for a call in SQL that is about no promise. */
void
ActBeginCall(Act *act, FunctionCallInfo fcinfo, int levels, const char *what, bool needs_actor)
{
	const NullableDatum *last = fcinfo->args + PG_NARGS() - ACT_ARGUMENTS;

	CheckArgumentSizes(fcinfo);
	ActBegin(act, &(ActArguments) {last[0], last[1], last[2], last[3]}, NULL, levels, what, needs_actor);
	if (act->idempotency_key)
		act->request = RequestOfCall(fcinfo, act->actor ? act->actor->actor : NULL);
}

/* What the ledger does of its own, as when it parks a change: nobody acts, login and role are what they are. */
void
ActOfNobody(Act *act, const Ledger *ledger)
{
	memset(act, 0, sizeof(Act));
	act->ledger = ledger;
	act->evidence = EVIDENCE_NONE;
	SetCaller(act, GetUserId());
}

/*
 * Whether anything changed since ActBegin(): a lock was waited for, and what
 * was checked may hold no more.
 */
bool
ActIsStale(const Act *act)
{
	AcceptInvalidationMessages();
	return act->generation != LedgerGeneration();
}

/* When it happened: by the ledger's clock, or as given, never in the future. */
static void
SetInstants(const Act *act, const Chain *chain, Row *entry)
{
	TimestampTz occurred_at = act->has_occurred_at ? act->occurred_at : chain->now;
	bool		backfilled = chain->now - act->ledger->lag > occurred_at;

	if (occurred_at > chain->now)
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("occurred_at lies in the future"),
				 errdetail("It is %s, and the ledger's clock says %s.",
						   pstrdup(timestamptz_to_str(occurred_at)), timestamptz_to_str(chain->now)),
				 errhint("Leave occurred_at out for what happens now.")));
	if (backfilled)
		CheckAccess(act->ledger, act->role, LEVEL_IMPORT, "enter what happened long ago");
	RowSetInstant(entry, ENTRY_RECORDED_AT, chain->now);
	RowSetInstant(entry, ENTRY_OCCURRED_AT, occurred_at);
	RowSet(entry, ENTRY_BACKFILLED, BoolGetDatum(backfilled));
}

/* What the entry says of who acts. */
static void
SetActor(const Act *act, Row *entry)
{
	RowSetText(entry, ENTRY_ACTOR, act->actor->actor);
	RowSetText(entry, ENTRY_ACTOR_KIND, actor_kind_names[act->actor->kind]);
	RowSetText(entry, ENTRY_SPEAKS_FOR, speaks_for_names[act->actor->speaks_for]);
	RowSetText(entry, ENTRY_RESPONSIBLE, act->actor->responsible);
	RowSet(entry, ENTRY_ACTOR_SEQ, Int64GetDatum(act->actor->seq));
	RowSetText(entry, ENTRY_EVIDENCE, evidence_names[act->evidence]);
}

/*
 * Before who acts backs: until this is committed no human is retired.  Who acts
 * is settled again where something changed meanwhile.
 */
void
ActHold(Act *act, Row *entry)
{
	Actor	   *own;

	ActorsLock(RowShareLock);
	if (!ActIsStale(act))
		return;
	own = ActorOfCaller(act);
	if (act->own && own == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_TL_IDENTITY),
				 errmsg("login \"%s\" no longer belongs to actor \"%s\"", act->login, act->actor->actor),
				 errhint("Call again, as whoever the login may act as now.")));
	SettleActor(act, own, act->actor->actor);
	SetActor(act, entry);
}

/* An entry with all that every entry has; the event's own columns are still to come. */
Row *
ActEntry(const Act *act, const Chain *chain, const char *event)
{
	Row		   *entry = RowNew(&entry_shape);

	RowSet(entry, ENTRY_FORMAT, Int16GetDatum(ENTRY_FORMAT_NUMBER));
	RowSet(entry, ENTRY_CUSTOMER, PointerGetDatum(chain->customer));
	RowSetText(entry, ENTRY_EVENT, event);
	SetInstants(act, chain, entry);
	if (act->actor)
		SetActor(act, entry);
	RowSetText(entry, ENTRY_LOGIN, act->login);
	RowSetText(entry, ENTRY_ROLE, act->role_name);
	if (act->has_context)
		RowSet(entry, ENTRY_CONTEXT, act->context);
	if (act->origin && act->origin->details)
		RowSet(entry, ENTRY_DETAILS, act->origin->details);
	if (act->idempotency_key)
	{
		RowSet(entry, ENTRY_IDEMPOTENCY_KEY, PointerGetDatum(act->idempotency_key));
		RequestCommit(&act->request, entry);
	}
	return entry;
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
	char	   *actor = ArgKeyNeeded(fcinfo->args[0], "actor");
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
