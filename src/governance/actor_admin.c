/*
 * actor_admin.c
 *		SQL functions to register and retire actors.
 */
#include "postgres.h"

#include "catalog/pg_type_d.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"

#include "base/arguments.h"
#include "base/statement.h"
#include "governance/governance.h"

PG_FUNCTION_INFO_V1(register_actor);
PG_FUNCTION_INFO_V1(retire_actor);

/* These are read under the lock of the governance chain, not from the cache. */
static Statement read_actor = STATEMENT(
	"SELECT kind, speaks_for, active, name"
	" FROM trust.actor"
	" WHERE actor OPERATOR(pg_catalog.=) $1",
	TEXTOID);

static Statement read_machines = STATEMENT(
	"SELECT actor, name"
	" FROM trust.actor"
	" WHERE responsible OPERATOR(pg_catalog.=) $1 AND active"
	" ORDER BY actor",
	TEXTOID);

static Statement read_human = STATEMENT(
	"SELECT kind, active, speaks_for"
	" FROM trust.actor"
	" WHERE actor OPERATOR(pg_catalog.=) $1",
	TEXTOID);

static Statement actor_details = STATEMENT(
	"SELECT pg_catalog.jsonb_build_object("
	"'kind', $1, 'speaks_for', $2, 'customer', $3, 'responsible', $4,"
	" 'db_role', $5, 'model', $6, 'authority', $7, 'active', true, 'successor', NULL)",
	TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, JSONBOID);

static Statement details_with = STATEMENT(
	"SELECT (pg_catalog.to_jsonb(a)"
	" OPERATOR(pg_catalog.-) 'actor'::pg_catalog.text"
	" OPERATOR(pg_catalog.-) 'seq'::pg_catalog.text"
	" OPERATOR(pg_catalog.-) 'name'::pg_catalog.text)"
	" OPERATOR(pg_catalog.||) $2"
	" FROM trust.actor a"
	" WHERE actor OPERATOR(pg_catalog.=) $1",
	TEXTOID, JSONBOID);

static Statement json_pair = STATEMENT(
	"SELECT pg_catalog.jsonb_build_object($1, $2)", TEXTOID, TEXTOID);

static Statement json_retired = STATEMENT(
	"SELECT pg_catalog.jsonb_build_object('active', false, 'successor', $1)", TEXTOID);

typedef struct Registration
{
	char	   *actor;
	ActorKind	kind;
	SpeaksFor	speaks_for;
	char	   *customer;
	char	   *responsible;
	char	   *db_role;
	char	   *model;
	Jsonb	   *authority;
	bool		returns;
} Registration;

static void
Refuse(const char *message, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("%s", message),
			 errhint("%s", hint)));
}

/* Checks that authority has the form {"EUR": 5000}. */
static void
CheckAuthority(Jsonb *authority)
{
	JsonbIterator *iterator = JsonbIteratorInit(&authority->root);
	JsonbValue	value;
	JsonbIteratorToken token;
	Numeric		zero = DatumGetNumeric(DirectFunctionCall1(int4_numeric, Int32GetDatum(0)));
	const char *hint = "Specify the highest amount per currency, for example "
		"'{\"EUR\": 5000}', or omit authority for no limit.";

	if (!JB_ROOT_IS_OBJECT(authority))
		Refuse("authority must be a JSON object of amounts", hint);
	while ((token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE)
		if (token == WJB_VALUE &&
			(value.type != jbvNumeric ||
			 DatumGetInt32(DirectFunctionCall2(numeric_cmp, NumericGetDatum(value.val.numeric),
											   NumericGetDatum(zero))) < 0))
			Refuse("amounts in authority must be numbers greater than or equal to zero", hint);
}

static void
CheckRegistration(const Registration *r)
{
	if (r->kind == ACTOR_HUMAN && (r->responsible || r->model))
		Refuse("responsible and model must be null for a human actor",
			   "Omit responsible and model, or use kind 'ai' or 'system'.");
	if (r->kind != ACTOR_HUMAN && r->responsible == NULL)
		Refuse("responsible must not be null for an actor that is not human",
			   "Add responsible => '...' with the key of an active human actor.");
	if (r->kind == ACTOR_AI && r->model == NULL)
		Refuse("model must not be null for an AI actor",
			   "Add model => '...' with the name and version of the model.");
	if (r->kind != ACTOR_HUMAN && r->authority)
		Refuse("only a human actor can have an authority",
			   "Omit authority: other actors cannot back promises.");
	if (r->speaks_for == SPEAKS_FOR_RECORD && r->kind != ACTOR_SYSTEM)
		Refuse("only a system actor can speak for a record",
			   "Use kind 'system' for a system of record.");
	if (r->customer && r->speaks_for != SPEAKS_FOR_CUSTOMER)
		Refuse("customer must be null unless the actor speaks for a customer",
			   "Add speaks_for => 'customer', or omit customer.");
}

/* Checks that the actor is an active human who may be responsible for machines. */
static void
CheckResponsible(const char *responsible, SpeaksFor speaks_for)
{
	Datum		argument = CStringGetTextDatum(responsible);

	if (StatementWrite(&read_human, &argument, NULL) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("responsible actor \"%s\" is not registered", responsible),
				 errhint("SELECT * FROM trust_ledger.register_actor(%s, 'human');",
						 quote_literal_cstr(responsible))));
	if (strcmp(TextDatumGetCString(ResultNotNull(0, 1, TEXTOID)),
			   actor_kind_names[ACTOR_HUMAN]) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_TL_IDENTITY),
				 errmsg("responsible actor \"%s\" is not a human", responsible)));
	if (!DatumGetBool(ResultNotNull(0, 2, BOOLOID)))
		ActorNotActive(responsible);
	if (speaks_for == SPEAKS_FOR_COMPANY &&
		strcmp(TextDatumGetCString(ResultNotNull(0, 3, TEXTOID)),
			   speaks_for_names[speaks_for]) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_TL_IDENTITY),
				 errmsg("responsible actor \"%s\" does not speak for the company", responsible),
				 errdetail("Machines that speak for the company need such a human.")));
}

/* Checks that the login does not belong to another active actor. */
static void
CheckDbRole(const Ledger *ledger, const Registration *r)
{
	Actor	   *other = ActorOfLogin(ledger, r->db_role);

	(void) get_role_oid(r->db_role, false);
	if (other != NULL && other->active && strcmp(other->actor, r->actor) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNIQUE_VIOLATION),
				 errmsg("login \"%s\" already belongs to actor \"%s\"", r->db_role, other->actor),
				 errhint("Retire that actor, or register it again without db_role.")));
}

/*
 * The entries of a retired human are those of one person, and must not become those of
 * another who gets the same key.
 */
static void
CheckReturns(const Registration *r, bool known, bool active)
{
	bool		human = r->kind == ACTOR_HUMAN;

	if (r->returns && !(known && human))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"%s\" is not a registered human, and cannot return", r->actor),
				 errhint("Leave returns out.")));
	if (known && human && !active && !r->returns)
		ereport(ERROR,
				(errcode(ERRCODE_TL_IDENTITY),
				 errmsg("actor \"%s\" is retired", r->actor),
				 errdetail("Its entries are those of the person who had this key."),
				 errhint("Register another person with another key. "
						 "If the same person returns, add returns => true.")));
}

/*
 * kind and speaks_for of an actor never change, since existing entries refer to them.
 * Also checks whether a human returns.
 */
static void
CheckKnownActor(const Registration *r)
{
	Datum		actor = CStringGetTextDatum(r->actor);
	bool		known = StatementWrite(&read_actor, &actor, NULL) > 0;

	CheckReturns(r, known, known && DatumGetBool(ResultNotNull(0, 3, BOOLOID)));
	if (!known)
		return;
	if (strcmp(TextDatumGetCString(ResultNotNull(0, 1, TEXTOID)),
			   actor_kind_names[r->kind]) != 0 ||
		strcmp(TextDatumGetCString(ResultNotNull(0, 2, TEXTOID)),
			   speaks_for_names[r->speaks_for]) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_TL_IDENTITY),
				 errmsg("cannot change kind or speaks_for of actor \"%s\"", r->actor),
				 errdetail("It is registered with kind %s and speaks_for %s.",
						   TextDatumGetCString(ResultNotNull(0, 1, TEXTOID)),
						   TextDatumGetCString(ResultNotNull(0, 2, TEXTOID))),
				 errhint("Register a new actor with another key.")));
}

static bool
SameText(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool
SameAuthority(const Jsonb *a, const Jsonb *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return DatumGetBool(DirectFunctionCall2(jsonb_eq, JsonbPGetDatum(a), JsonbPGetDatum(b)));
}

/*
 * Blocks concurrent backings if authority or login of an actor changes.  An unchanged
 * registration and a new actor without a login need no lock.
 */
static void
LockForRegistration(const Ledger *ledger, const Registration *r)
{
	const Actor *known = ActorFind(ledger, r->actor);

	if (!SameText(known ? known->db_role : NULL, r->db_role) ||
		(known && !SameAuthority(known->authority, r->authority)))
		ActorsLock(ExclusiveLock);
}

static Datum
RegistrationDetails(const Registration *r)
{
	Datum		values[7];
	char		nulls[] = "       ";

	values[0] = CStringGetTextDatum(actor_kind_names[r->kind]);
	values[1] = CStringGetTextDatum(speaks_for_names[r->speaks_for]);
	for (int i = 2; i < 6; i++)
	{
		const char *value = (i == 2) ? r->customer : (i == 3) ? r->responsible :
			(i == 4) ? r->db_role : r->model;

		nulls[i] = value ? ' ' : 'n';
		values[i] = value ? CStringGetTextDatum(value) : (Datum) 0;
	}
	nulls[6] = r->authority ? ' ' : 'n';
	values[6] = PointerGetDatum(r->authority);
	return StatementDatum(&actor_details, values, nulls);
}

/*
 * register_actor(actor text, kind text, name text, speaks_for text, responsible text,
 *				  db_role text, model text, authority jsonb, customer text, reason text,
 *				  returns boolean, acting text, occurred_at, context, idempotency_key)
 *				  returns receipt
 *		Registers an actor, or replaces its registration; a retired machine becomes active
 *		again, and with returns, which says that it is the same person, a retired human.
 *		kind (human, ai, system) and speaks_for (company, customer, record) never
 *		change.  authority: {"EUR": 5000}; NULL means no limit.  Requires level admin.
 *		Errors: 22023 inconsistent arguments, 42704 no such role or human, TL003 change of
 *		kind, a retired human without returns, or the responsible actor is not suitable,
 *		23505 the login belongs to another actor.
 */
Datum
register_actor(PG_FUNCTION_ARGS)
{
	Registration r = {0};
	Governance	governance;
	text	   *name = ArgText(fcinfo->args[2], "name");
	int			speaks_for = ArgEnum(fcinfo->args[3], "speaks_for", speaks_for_names,
									 SPEAKS_FOR_KINDS);
	int			kind;

	r.actor = ArgKeyRequired(fcinfo->args[0], "actor");
	(void) ArgKeyRequired(fcinfo->args[1], "kind");
	kind = ArgEnum(fcinfo->args[1], "kind", actor_kind_names, ACTOR_KINDS);
	r.kind = kind;
	r.speaks_for = speaks_for < 0 ? SPEAKS_FOR_COMPANY : speaks_for;
	r.responsible = ArgKey(fcinfo->args[4], "responsible");
	r.db_role = ArgKey(fcinfo->args[5], "db_role");
	r.model = ArgKey(fcinfo->args[6], "model");
	r.authority = ArgJson(fcinfo->args[7], "authority");
	r.customer = ArgKey(fcinfo->args[8], "customer");
	/* versions before 0.3.0 declare the function without returns */
	r.returns = PG_NARGS() > 14 && !PG_ARGISNULL(10) && PG_GETARG_BOOL(10);
	CheckRegistration(&r);
	if (r.authority)
		CheckAuthority(r.authority);

	GovernanceBegin(&governance, fcinfo, LEVEL_ADMIN, "register actors");
	CheckKnownActor(&r);
	LockForRegistration(governance.act.ledger, &r);
	if (GovernanceLock(&governance))
	{
		GovernanceChange change = {
			.event = "actor_registered", .governs = &governed_actor, .subject = r.actor
		};

		/* repeat, since we may have waited for the lock */
		CheckKnownActor(&r);
		LockForRegistration(governance.act.ledger, &r);
		if (r.responsible)
			CheckResponsible(r.responsible, r.speaks_for);
		if (r.db_role)
			CheckDbRole(governance.act.ledger, &r);
		change.details = RegistrationDetails(&r);
		change.name = name;
		change.reason = ArgText(fcinfo->args[9], "reason");
		GovernanceAppend(&governance, &change, 1);
	}
	return GovernanceEnd(&governance, fcinfo);
}

static text *
ResultName(uint64 row, int column)
{
	char	   *name = ResultText(row, column);

	return name ? cstring_to_text(name) : NULL;
}

/* The actor's row, as details of an entry, with these fields replaced. */
static Datum
DetailsWith(const char *actor, Datum fields)
{
	Datum		values[2] = {CStringGetTextDatum(actor), fields};

	return StatementDatum(&details_with, values, NULL);
}

/*
 * Makes the successor responsible for the human's active machines: a change for each,
 * after changes[0], which is left for the caller.  Returns the number of machines.
 */
static int
TransferMachines(const char *human, const char *successor, GovernanceChange **changes)
{
	Datum		argument = CStringGetTextDatum(human);
	Datum		responsible[2] = {CStringGetTextDatum("responsible"), (Datum) 0};
	int			count = StatementWrite(&read_machines, &argument, NULL);
	Datum		fields;

	*changes = palloc0(sizeof(GovernanceChange) * (count + 1));
	if (count == 0)
		return 0;
	if (successor == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_TL_IDENTITY),
				 errmsg("actor \"%s\" is responsible for active machines", human),
				 errdetail_plural("There is %d machine: \"%s\".",
								  "There are %d machines, among them \"%s\".",
								  count, count, ResultText(0, 1)),
				 errhint("Specify a successor for them, or retire the machines first.")));
	for (int i = 0; i < count; i++)
		(*changes)[i + 1] = (GovernanceChange) {
			.event = "actor_registered", .governs = &governed_actor,
			.subject = ResultText(i, 1), .name = ResultName(i, 2)
		};
	responsible[1] = CStringGetTextDatum(successor);
	fields = StatementDatum(&json_pair, responsible, NULL);
	for (int i = 1; i <= count; i++)
		(*changes)[i].details = DetailsWith((*changes)[i].subject, fields);
	return count;
}

/* Blocks concurrent backings before an actor that can back promises is retired. */
static void
LockForRetirement(const Ledger *ledger, const char *retired)
{
	const Actor *known = ActorFind(ledger, retired);

	if (known && known->kind == ACTOR_HUMAN && known->speaks_for == SPEAKS_FOR_COMPANY)
		ActorsLock(ExclusiveLock);
}

static text *
CheckRetirable(const char *actor)
{
	Datum		argument = CStringGetTextDatum(actor);

	if (StatementWrite(&read_actor, &argument, NULL) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("actor \"%s\" is not registered", actor)));
	if (!DatumGetBool(ResultNotNull(0, 3, BOOLOID)))
		ActorNotActive(actor);
	return ResultName(0, 4);
}

/*
 * retire_actor(actor text, successor text, reason text, acting text, occurred_at,
 *				context, idempotency_key) returns receipt
 *		Retires an actor, which cannot act any more; its entries are unaffected.  For a
 *		human, waits for concurrent backings.  A human who is responsible for active
 *		machines needs a successor, an active human who becomes responsible for them.
 *		Requires level admin.  Errors: 42704 not registered, TL003 already retired, or
 *		machines without a successor, 22023 successor is the actor.
 */
Datum
retire_actor(PG_FUNCTION_ARGS)
{
	char	   *actor = ArgKeyRequired(fcinfo->args[0], "actor");
	char	   *successor = ArgKey(fcinfo->args[1], "successor");
	Governance	governance;

	if (successor && strcmp(successor, actor) == 0)
		Refuse("successor must be another actor", "Specify another active human.");
	GovernanceBegin(&governance, fcinfo, LEVEL_ADMIN, "retire actors");
	LockForRetirement(governance.act.ledger, actor);
	if (GovernanceLock(&governance))
	{
		Datum		successor_datum = successor ? CStringGetTextDatum(successor) : (Datum) 0;
		text	   *name = CheckRetirable(actor);
		GovernanceChange *changes;
		int			machines;

		LockForRetirement(governance.act.ledger, actor);	/* may have been registered just now */
		if (successor)
			CheckResponsible(successor, SPEAKS_FOR_COMPANY);
		machines = TransferMachines(actor, successor, &changes);
		changes[0].event = "actor_retired";
		changes[0].governs = &governed_actor;
		changes[0].subject = actor;
		changes[0].name = name;
		changes[0].reason = ArgText(fcinfo->args[2], "reason");
		changes[0].details = DetailsWith(actor, StatementDatum(&json_retired, &successor_datum,
															   successor ? " " : "n"));
		GovernanceAppend(&governance, changes, machines + 1);
	}
	return GovernanceEnd(&governance, fcinfo);
}
