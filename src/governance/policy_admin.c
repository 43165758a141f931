/*
 * policy_admin.c
 *		SQL functions to set and drop policies.
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
	"SELECT pg_catalog.jsonb_build_object("
	"'promiser', $1, 'promiser_kind', $2, 'kind', $3, 'currency', $4,"
	" 'least_value', $5, 'cumulative', COALESCE($6, false), 'evidence', $7,"
	" 'back_within', $8, 'grace', $9, 'due_within', $10, 'active', true)",
	TEXTOID, TEXTOID, TEXTOID, TEXTOID, NUMERICOID, BOOLOID, TEXTOID,
	INTERVALOID, INTERVALOID, INTERVALOID);

static Statement dropped_details = STATEMENT(
	"SELECT (pg_catalog.to_jsonb(p)"
	" OPERATOR(pg_catalog.-) 'policy'::pg_catalog.text"
	" OPERATOR(pg_catalog.-) 'seq'::pg_catalog.text)"
	" OPERATOR(pg_catalog.||) pg_catalog.jsonb_build_object('active', false)"
	" FROM trust.policy p"
	" WHERE policy OPERATOR(pg_catalog.=) $1 AND active",
	TEXTOID);

/* Arguments 1 to 10 of set_policy() are the parameters of rule_details. */
#define RULE_ARGUMENTS 10

static void
CheckInterval(FunctionCallInfo fcinfo, int argument, const char *what)
{
	if (!PG_ARGISNULL(argument))
		(void) IntervalMicroseconds(PG_GETARG_INTERVAL_P(argument), what);
}

/*
 * A limit that earlier versions did not have.  It is checked after the search for a
 * retry, so that a retry of a call that was allowed then still finds its receipt.
 */
static void
CheckTenYears(FunctionCallInfo fcinfo, int argument, const char *what)
{
	if (!PG_ARGISNULL(argument))
		CheckDuration(PG_GETARG_INTERVAL_P(argument), what, 0, TEN_YEARS_DAYS,
					  "Choose a time after which people still remember the promise, "
					  "for example interval '30 days'.");
}

static void
CheckCumulative(FunctionCallInfo fcinfo, int cumulative, int least_value)
{
	if (!PG_ARGISNULL(cumulative) && PG_GETARG_BOOL(cumulative) && PG_ARGISNULL(least_value))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a cumulative policy must have a least_value"),
				 errhint("Set least_value to the sum of a customer's open promises in one currency "
						 "from which the policy applies.")));
}

static void
CheckRule(FunctionCallInfo fcinfo)
{
	(void) ArgKey(fcinfo->args[1], "promiser");
	(void) ArgEnum(fcinfo->args[2], "promiser_kind", actor_kind_names, ACTOR_KINDS);
	(void) ArgKey(fcinfo->args[3], "kind");
	(void) ArgKey(fcinfo->args[4], "currency");
	(void) ArgAmount(fcinfo->args[5], "least_value");
	CheckCumulative(fcinfo, 6, 5);
	(void) ArgEnum(fcinfo->args[7], "evidence", evidence_names + 1, EVIDENCES - 1);
	CheckInterval(fcinfo, 8, "back_within");
	CheckInterval(fcinfo, 9, "grace");
	CheckInterval(fcinfo, 10, "due_within");
	if (PG_ARGISNULL(7) && PG_ARGISNULL(8) && PG_ARGISNULL(9) && PG_ARGISNULL(10))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("a policy must have at least one requirement"),
				 errhint("Specify evidence, back_within, grace or due_within.")));
}

/*
 * set_policy(policy text, promiser text, promiser_kind text, kind text, currency text,
 *			  least_value numeric, cumulative boolean, evidence text, back_within interval,
 *			  grace interval, due_within interval, reason text, actor, occurred_at, context,
 *			  idempotency_key) returns receipt
 *		Creates or replaces a policy.  It applies to promises that match promiser,
 *		promiser_kind, kind, currency and value >= least_value, unless NULL.  It requires
 *		evidence (asserted, session, passkey), sets a time limit for backing, grants a
 *		grace period after due, and sets a due time for promises without one.  A
 *		cumulative policy compares least_value with the sum of the customer's open
 *		promises in the currency, including this one.  Requires level admin.  Errors:
 *		22004 no requirement, 22023 cumulative without least_value, grace or due_within
 *		longer than ten years.
 */
Datum
set_policy(PG_FUNCTION_ARGS)
{
	char	   *policy = ArgKeyRequired(fcinfo->args[0], "policy");
	Governance	governance;

	CheckRule(fcinfo);
	GovernanceBegin(&governance, fcinfo, LEVEL_ADMIN, "set policies");
	if (GovernanceLock(&governance))
	{
		Datum		values[RULE_ARGUMENTS];
		char		nulls[RULE_ARGUMENTS];
		GovernanceChange change = {
			.event = "policy_set", .governs = &governed_policy, .subject = policy
		};

		CheckTenYears(fcinfo, 9, "grace");
		CheckTenYears(fcinfo, 10, "due_within");
		for (int i = 0; i < RULE_ARGUMENTS; i++)
		{
			values[i] = PG_GETARG_DATUM(i + 1);
			nulls[i] = PG_ARGISNULL(i + 1) ? 'n' : ' ';
		}
		change.details = StatementDatum(&rule_details, values, nulls);
		change.reason = ArgText(fcinfo->args[11], "reason");
		GovernanceAppend(&governance, &change, 1);
	}
	return GovernanceEnd(&governance, fcinfo);
}

/*
 * drop_policy(policy text, reason text, actor, occurred_at, context, idempotency_key)
 *			   returns receipt
 *		Deactivates a policy; it stays in the history.  Requires level admin.
 *		Errors: 42704 no such policy.
 */
Datum
drop_policy(PG_FUNCTION_ARGS)
{
	char	   *policy = ArgKeyRequired(fcinfo->args[0], "policy");
	Governance	governance;

	GovernanceBegin(&governance, fcinfo, LEVEL_ADMIN, "drop policies");
	if (GovernanceLock(&governance))
	{
		Datum		argument = CStringGetTextDatum(policy);
		GovernanceChange change = {
			.event = "policy_dropped", .governs = &governed_policy, .subject = policy
		};

		if (StatementWrite(&dropped_details, &argument, NULL) == 0)
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_OBJECT),
					 errmsg("policy \"%s\" does not exist", policy),
					 errhint("View trust.policy_rule lists the active policies.")));
		change.details = ResultNotNull(0, 1, JSONBOID);
		change.reason = ArgText(fcinfo->args[1], "reason");
		GovernanceAppend(&governance, &change, 1);
	}
	return GovernanceEnd(&governance, fcinfo);
}
