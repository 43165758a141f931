/*
 * policy_admin.c
 *		Setting and dropping the rules of the policy.
 */
#include "postgres.h"

#include "catalog/pg_type_d.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"

#include "base/arguments.h"
#include "base/duration.h"
#include "base/statement.h"
#include "governance/governance.h"

PG_FUNCTION_INFO_V1(set_policy);
PG_FUNCTION_INFO_V1(drop_policy);

static Statement rule_details = STATEMENT(
	"SELECT pg_catalog.jsonb_build_object('promiser', $1, 'promiser_kind', $2, 'kind', $3, 'currency', $4,"
	" 'least_value', $5, 'cumulative', COALESCE($6, false), 'evidence', $7, 'back_within', $8, 'grace', $9,"
	" 'due_within', $10, 'active', true)",
	TEXTOID, TEXTOID, TEXTOID, TEXTOID, NUMERICOID, BOOLOID, TEXTOID, INTERVALOID, INTERVALOID, INTERVALOID);

static Statement dropped_details = STATEMENT(
	"SELECT (pg_catalog.to_jsonb(p) OPERATOR(pg_catalog.-) 'policy'::pg_catalog.text"
	"   OPERATOR(pg_catalog.-) 'seq'::pg_catalog.text)"
	"   OPERATOR(pg_catalog.||) pg_catalog.jsonb_build_object('active', false)"
	" FROM trust.policy p WHERE policy OPERATOR(pg_catalog.=) $1 AND active",
	TEXTOID);

/* set_policy's arguments behind the name of the rule, in the order of rule_details */
#define RULE_ARGUMENTS 10

static void
CheckInterval(FunctionCallInfo fcinfo, int argument, const char *what)
{
	if (!PG_ARGISNULL(argument))
		(void) IntervalMicroseconds(PG_GETARG_INTERVAL_P(argument), what);
}

/* What is new since the rule may have been set: a retry of what was allowed then finds its receipt. */
static void
CheckTenYears(FunctionCallInfo fcinfo, int argument, const char *what)
{
	if (!PG_ARGISNULL(argument))
		CheckDuration(PG_GETARG_INTERVAL_P(argument), what, 0, TEN_YEARS_DAYS,
					  "Give a time after which somebody can still be asked about the promise, e.g. interval '30 days'.");
}

static void
CheckCumulative(FunctionCallInfo fcinfo, int cumulative, int least_value)
{
	if (!PG_ARGISNULL(cumulative) && PG_GETARG_BOOL(cumulative) && PG_ARGISNULL(least_value))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a cumulative rule needs a least value"),
				 errhint("Give least_value: what the customer's open promises in one currency come to when the rule begins to hold.")));
}

static void
CheckRule(FunctionCallInfo fcinfo)
{
	(void) ArgKey(fcinfo->args[1], "promiser");
	(void) ArgName(fcinfo->args[2], "promiser_kind", actor_kind_names, ACTOR_KINDS);
	(void) ArgKey(fcinfo->args[3], "kind");
	(void) ArgKey(fcinfo->args[4], "currency");
	(void) ArgAmount(fcinfo->args[5], "least_value");
	CheckCumulative(fcinfo, 6, 5);
	(void) ArgName(fcinfo->args[7], "evidence", evidence_names + 1, EVIDENCES - 1);
	CheckInterval(fcinfo, 8, "back_within");
	CheckInterval(fcinfo, 9, "grace");
	CheckInterval(fcinfo, 10, "due_within");
	if (PG_ARGISNULL(7) && PG_ARGISNULL(8) && PG_ARGISNULL(9) && PG_ARGISNULL(10))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("a rule asks for something"),
				 errhint("Give evidence, back_within, grace or due_within.")));
}

/*
 * set_policy(policy text, promiser text, promiser_kind text, kind text, currency text,
 *			  least_value numeric, cumulative boolean, evidence text, back_within interval,
 *			  grace interval, due_within interval, reason text, actor, occurred_at, context,
 *			  idempotency_key) returns receipt
 *		Sets the rule of that name.  It holds for promises that match promiser,
 *		promiser_kind, kind, currency and value >= least_value, as far as given, and
 *		asks for evidence (asserted, session, passkey), a time to back within, a grace
 *		after due, a due time for promises that name none.  A cumulative rule compares,
 *		in place of the value, what the customer's open promises in its currency come to
 *		with it.  Level admin.  Errors: 22004 it asks for nothing, 22023 cumulative
 *		without least_value, grace or due_within beyond ten years.
 */
Datum
set_policy(PG_FUNCTION_ARGS)
{
	char	   *policy = ArgKeyNeeded(fcinfo->args[0], "policy");
	Governance	governance;

	CheckRule(fcinfo);
	GovernanceBegin(&governance, fcinfo, LEVEL_ADMIN, "set policies");
	if (GovernanceLock(&governance))
	{
		Datum		values[RULE_ARGUMENTS];
		char		nulls[RULE_ARGUMENTS];
		GovernanceChange change = {.event = "policy_set", .governs = &governed_policy, .subject = policy};

		CheckTenYears(fcinfo, 9, "grace");
		CheckTenYears(fcinfo, 10, "due_within");
		for (int i = 0; i < RULE_ARGUMENTS; i++)
		{
			values[i] = PG_GETARG_DATUM(i + 1);
			nulls[i] = PG_ARGISNULL(i + 1) ? 'n' : ' ';
		}
		change.details = StatementDatum(&rule_details, values, nulls);
		change.reason = ArgWords(fcinfo->args[11], "reason");
		GovernanceAppend(&governance, &change, 1);
	}
	return GovernanceEnd(&governance, fcinfo);
}

/*
 * drop_policy(policy text, reason text, actor, occurred_at, context, idempotency_key)
 *			   returns receipt
 *		The rule holds no more; that it did stays in the history.  Level admin.
 *		Errors: 42704 no such rule.
 */
Datum
drop_policy(PG_FUNCTION_ARGS)
{
	char	   *policy = ArgKeyNeeded(fcinfo->args[0], "policy");
	Governance	governance;

	GovernanceBegin(&governance, fcinfo, LEVEL_ADMIN, "drop policies");
	if (GovernanceLock(&governance))
	{
		Datum		argument = CStringGetTextDatum(policy);
		GovernanceChange change = {.event = "policy_dropped", .governs = &governed_policy, .subject = policy};

		if (StatementWrite(&dropped_details, &argument, NULL) == 0)
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_OBJECT),
					 errmsg("there is no policy \"%s\"", policy),
					 errhint("SELECT * FROM trust.policy_rule; lists them.")));
		change.details = ResultNeeded(0, 1, JSONBOID);
		change.reason = ArgWords(fcinfo->args[1], "reason");
		GovernanceAppend(&governance, &change, 1);
	}
	return GovernanceEnd(&governance, fcinfo);
}
