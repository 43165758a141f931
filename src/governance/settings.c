/*
 * settings.c
 *		SQL functions that create and change the ledger's settings.
 */
#include "postgres.h"

#include "catalog/pg_type_d.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

#include "base/arguments.h"
#include "base/duration.h"
#include "base/statement.h"
#include "governance/caller.h"
#include "governance/governance.h"

PG_FUNCTION_INFO_V1(found_ledger);
PG_FUNCTION_INFO_V1(record_settings);
PG_FUNCTION_INFO_V1(set_ledger);

static Statement merge_settings = STATEMENT(
	"SELECT (pg_catalog.to_jsonb(l)"
	" OPERATOR(pg_catalog.-) 'ledger'::pg_catalog.text"
	" OPERATOR(pg_catalog.-) 'seq'::pg_catalog.text)"
	" OPERATOR(pg_catalog.||) pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object("
	"'half_life', $1, 'weights', $2, 'zone', $3, 'lag', $4))"
	" FROM trust.ledger l",
	INTERVALOID, JSONBOID, TEXTOID, INTERVALOID);

/* Details of the first entry */
static const char *const first_settings =
"{\"table_format\": 2, \"half_life\": \"P180D\", \"zone\": \"UTC\", \"lag\": \"P1D\","
" \"weights\": {\"kept\": [1000, 0], \"kept_by_company\": [500, 0], \"partly_kept\": [500, 500],"
" \"repaired\": [250, 750], \"admitted\": [0, 750], \"broken\": [0, 1000]}}";

/* Added to it, unless the tables are those of an earlier version, without salts */
static const char *const parked_on_record = "{\"" PARKED_ON_RECORD "\": \"recorded\"}";

static const char *const owner_levels =
"{\"levels\": [\"application\", \"analyst\", \"auditor\", \"admin\"]}";

static Datum
JsonbFrom(const char *json)
{
	return DirectFunctionCall1(jsonb_in, CStringGetDatum(json));
}

/*
 * found_ledger() returns trust_ledger.receipt
 *		Writes the first entries of a ledger with empty tables: its UUID and settings, and
 *		its owner's access levels.  Called by create_ledger().  Errors: 42501 not the owner,
 *		42710 the tables are not empty.
 */
Datum
found_ledger(PG_FUNCTION_ARGS)
{
	Governance	governance = {.levels = LEVEL_ADMIN};
	Ledger		ledger = {0};
	Act		   *act = &governance.act;
	GovernanceChange changes[2] = {
		{.event = "ledger_created", .governs = &governed_ledger},
		{.event = "access_granted", .governs = &governed_access}
	};
	pg_uuid_t  *id = DatumGetUUIDP(DirectFunctionCall1(gen_random_uuid, (Datum) 0));

	ledger.id = *id;
	LedgerFind(&ledger);
	if (!has_privs_of_role(GetUserId(), ledger.owner))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("must be owner of the ledger"),
				 errhint("Call trust_ledger.create_ledger() instead.")));
	act->ledger = &ledger;
	act->role = GetUserId();
	act->login = RoleName(GetSessionUserId());
	act->role_name = RoleName(act->role);
	LedgerEnter(&ledger, &governance.session);
	if (!LedgerIsEmpty(true))
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("a ledger already exists in this database")));
	(void) GovernanceLock(&governance);
	changes[0].subject = DatumGetCString(DirectFunctionCall1(uuid_out, UUIDPGetDatum(id)));
	changes[0].details = JsonbFrom(first_settings);
	if (LedgerHasParkedSalts())
		changes[0].details = DirectFunctionCall2(jsonb_concat, changes[0].details,
												 JsonbFrom(parked_on_record));
	changes[1].subject = RoleName(ledger.owner);
	changes[1].details = JsonbFrom(owner_levels);
	GovernanceAppend(&governance, changes, lengthof(changes));
	return GovernanceEnd(&governance, fcinfo);
}

/* No worse in either component, and better in one. */
static bool
Outweighs(Weight a, Weight b)
{
	return a.kept >= b.kept && a.broken <= b.broken &&
		(a.kept > b.kept || a.broken < b.broken);
}

/*
 * Requires kept > repaired > admitted > broken, and that a verdict of the company never
 * weighs more than one of the customer.
 */
static void
CheckWeights(const Weight *w)
{
	static const WeightKind order[] = {
		WEIGHT_KEPT, WEIGHT_REPAIRED, WEIGHT_ADMITTED, WEIGHT_BROKEN
	};

	for (size_t i = 1; i < lengthof(order); i++)
		if (!Outweighs(w[order[i - 1]], w[order[i]]))
			InvalidWeights(psprintf("\"%s\" must be worth more than \"%s\".",
									weight_names[order[i - 1]], weight_names[order[i]]));
	if (!Outweighs(w[WEIGHT_KEPT_BY_COMPANY], w[WEIGHT_REPAIRED]))
		InvalidWeights("\"kept_by_company\" must be worth more than \"repaired\".");
	if (w[WEIGHT_KEPT_BY_COMPANY].kept > w[WEIGHT_KEPT].kept ||
		w[WEIGHT_KEPT_BY_COMPANY].broken < w[WEIGHT_KEPT].broken)
		InvalidWeights("\"kept_by_company\" must not be worth more than \"kept\".");
	if (!Outweighs(w[WEIGHT_KEPT_BY_COMPANY], w[WEIGHT_PARTLY_KEPT]) ||
		!Outweighs(w[WEIGHT_PARTLY_KEPT], w[WEIGHT_BROKEN]))
		InvalidWeights("\"partly_kept\" must be worth less than \"kept_by_company\" "
					   "and more than \"broken\".");
}

#define LONGEST_LAG (7 * USECS_PER_DAY)

static void
CheckSettings(FunctionCallInfo fcinfo)
{
	if (PG_ARGISNULL(0) && PG_ARGISNULL(1) && PG_ARGISNULL(2) && PG_ARGISNULL(3))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("no settings specified"),
				 errhint("Specify half_life, weights, zone or lag.")));
	if (!PG_ARGISNULL(0))
		(void) IntervalMicroseconds(PG_GETARG_INTERVAL_P(0), "half_life");
	if (!PG_ARGISNULL(1))
	{
		Weight		weights[WEIGHTS];

		ParseWeights(ArgJson(fcinfo->args[1], "weights"), weights);
		CheckWeights(weights);
	}
	if (!PG_ARGISNULL(2))
		(void) LedgerZone(ArgKeyRequired(fcinfo->args[2], "zone"));
	if (!PG_ARGISNULL(3) && IntervalMicroseconds(PG_GETARG_INTERVAL_P(3), "lag") > LONGEST_LAG)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("lag must not be longer than seven days"),
				 errdetail("Entries of events within the lag are not marked as backfilled."),
				 errhint("Grant access level import to roles that record older events.")));
}

/* A limit that earlier versions did not have, as in CheckTenYears(). */
static void
CheckHalfLife(FunctionCallInfo fcinfo)
{
	if (!PG_ARGISNULL(0))
		CheckDuration(PG_GETARG_INTERVAL_P(0), "half_life", 1, LONGEST_DURATION_DAYS,
					  "A common value is half a year: interval '180 days'.");
}

/*
 * set_ledger(half_life interval, weights jsonb, zone text, lag interval,
 *			  reason text, actor, occurred_at, context, idempotency_key) returns receipt
 *		Changes the settings that are not NULL.  half_life: one day to a hundred years; lag:
 *		0 to seven days; neither with months.  weights: see CheckWeights(), in thousandths.
 *		zone: name of a time zone.  Requires level admin.  Errors: 22004 all are NULL, 22023
 *		invalid values.
 */
Datum
set_ledger(PG_FUNCTION_ARGS)
{
	Governance	governance;

	CheckSettings(fcinfo);
	GovernanceBegin(&governance, fcinfo, LEVEL_ADMIN, "change the ledger's settings");
	if (GovernanceLock(&governance))
	{
		Datum		values[4] = {
			PG_GETARG_DATUM(0), PG_GETARG_DATUM(1), PG_GETARG_DATUM(2), PG_GETARG_DATUM(3)
		};
		char		nulls[] = "    ";
		GovernanceChange change = {.event = "ledger_set", .governs = &governed_ledger};

		CheckHalfLife(fcinfo);
		for (int i = 0; i < 4; i++)
			nulls[i] = PG_ARGISNULL(i) ? 'n' : ' ';
		change.subject =
			DatumGetCString(DirectFunctionCall1(uuid_out,
												UUIDPGetDatum(&governance.act.ledger->id)));
		change.details = StatementDatum(&merge_settings, values, nulls);
		change.reason = ArgText(fcinfo->args[4], "reason");
		GovernanceAppend(&governance, &change, 1);
	}
	return GovernanceEnd(&governance, fcinfo);
}

/*
 * record_settings() returns void
 *		Writes an entry of event ledger_set, without an actor, that says what trust.ledger
 *		contains.  Called by migrate_ledger() after it has changed the table's format.
 *		Errors: 42501 the caller does not own the ledger.
 */
Datum
record_settings(PG_FUNCTION_ARGS pg_attribute_unused())
{
	const Ledger *ledger = LedgerOpen();
	Governance	governance = {0};
	Datum		values[4] = {0};
	GovernanceChange change = {.event = "ledger_set", .governs = &governed_ledger};

	LedgerCheckOwner(ledger);
	ActBeginWithoutActor(&governance.act, ledger);
	LedgerEnter(ledger, &governance.session);
	ChainLock(&governance.chain, ledger, cstring_to_text(GOVERNANCE_CUSTOMER));
	change.subject = DatumGetCString(DirectFunctionCall1(uuid_out, UUIDPGetDatum(&ledger->id)));
	change.details = StatementDatum(&merge_settings, values, "nnnn");
	GovernanceAppend(&governance, &change, 1);
	LedgerLeave(&governance.session);
	PG_RETURN_VOID();
}
