/*
 * ledger.c
 *		The ledger of this database: tables, owner, settings, and running as its owner.
 */
#include "postgres.h"

#include "ledger/ledger.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_class.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_type_d.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/guc.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"
#include "utils/syscache.h"

#include "base/catalog.h"
#include "base/duration.h"
#include "base/statement.h"
#include "base/text.h"
#include "ledger/copy.h"

PG_FUNCTION_INFO_V1(check_ledger);
PG_FUNCTION_INFO_V1(migrate_as_owner);

const char *const weight_names[WEIGHTS] = {
	"kept", "kept_by_company", "partly_kept", "repaired", "admitted", "broken"
};

static Statement read_settings = STATEMENT_WITHOUT_ARGS(
	"SELECT ledger, table_format, weights, zone, lag, half_life"
	" FROM trust.ledger");

/* The UUID according to the first entry, and according to trust.ledger */
static Statement read_ledger_id = STATEMENT_WITHOUT_ARGS(
	"SELECT"
	" (SELECT pg_catalog.min(subject)::pg_catalog.uuid"
	" FROM trust.entry"
	" WHERE customer OPERATOR(pg_catalog.=) ''"
	" AND seq OPERATOR(pg_catalog.=) 1"
	" AND event OPERATOR(pg_catalog.=) 'ledger_created'"
	" AND subject OPERATOR(pg_catalog.~)"
	" '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'),"
	" (SELECT pg_catalog.min(ledger::pg_catalog.text)::pg_catalog.uuid"
	" FROM trust.ledger)");

/*
 * Cache of the ledger.  It is cleared by relcache invalidations, which guards send when
 * a governed table changes, and which are processed again on abort.  So it stays valid
 * across errors, subtransactions and prepared transactions.  It is set after everything
 * was read, and callers get copies, because a nested call may set it again.
 */
static Ledger current;
static bool current_valid = false;

static uint64 generation = 0;

/* Callbacks of LedgerWatch().  They run during invalidation, so they only set flags. */
#define WATCHED 8
static struct
{
	Oid			relid;
	void		(*forget) (void);
}			watched[WATCHED];
static int	watched_count = 0;

static void
ForgetLedger(void)
{
	current_valid = false;
}

static void
RelationChanged(Datum arg pg_attribute_unused(), Oid relid)
{
	generation++;
	for (int i = 0; i < watched_count; i++)
		if (relid == InvalidOid || relid == watched[i].relid)
			watched[i].forget();
}

static void
WatchRelations(void)
{
	static bool registered = false;

	if (!registered)
	{
		CacheRegisterRelcacheCallback(RelationChanged, (Datum) 0);
		registered = true;
	}
}

void
LedgerWatch(Oid relid, void (*forget) (void))
{
	int			i;

	WatchRelations();
	for (i = 0; i < watched_count; i++)
		if (watched[i].forget == forget)
			break;
	if (i == WATCHED)
		elog(ERROR, "too many relations are watched");
	watched[i].relid = relid;
	watched[i].forget = forget;
	watched_count = Max(watched_count, i + 1);
}

uint64
LedgerGeneration(void)
{
	WatchRelations();
	return generation;
}

static void
ReportNoLedger(const char *detail, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("there is no usable trust ledger in this database"),
			 errdetail("%s", detail),
			 errhint("%s", hint)));
}

Oid
LedgerRelation(const char *name)
{
	Oid			schema;
	Oid			relid;

	if (GetDatabaseEncoding() != PG_UTF8)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("a trust ledger requires a database with encoding UTF8"),
				 errdetail("The encoding of this database is %s.", GetDatabaseEncodingName())));
	schema = get_namespace_oid("trust", true);
	relid = OidIsValid(schema) ? get_relname_relid(name, schema) : InvalidOid;

	if (!OidIsValid(relid))
		ReportNoLedger(psprintf("Table \"trust.%s\" does not exist.", name),
					   !OidIsValid(schema) || strcmp(name, "ledger") == 0 ?
					   "As the owner of the database, run SELECT trust_ledger.create_ledger();" :
					   "Schema \"trust\" is incomplete. Restore it from a dump.");
	return relid;
}

static void
CheckOwnsDatabase(Oid owner)
{
	if (has_privs_of_role(owner, ROLE_PG_DATABASE_OWNER))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_TL_ALTERED),
			 errmsg("schema \"trust\" does not contain the ledger of this database"),
			 errdetail("The schema or a table in it belongs to \"%s\", "
					   "who does not own the database.", GetUserNameFromId(owner, false)),
			 errhint("If it is your ledger and only the owner of the database has changed, run "
					 "SELECT trust_ledger.adopt_ledger(); otherwise drop the schema.")));
}

static Oid
SchemaOwner(Oid schema)
{
	HeapTuple	tuple = SearchSysCache1(NAMESPACEOID, ObjectIdGetDatum(schema));
	Oid			owner;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for schema %u", schema);
	owner = ((Form_pg_namespace) GETSTRUCT(tuple))->nspowner;
	ReleaseSysCache(tuple);
	return owner;
}

/*
 * A role that may create schemas could create one called "trust" to read what others
 * write.  So schema and table must belong to an owner of the database or a superuser.
 */
static Oid
TrustedOwner(Oid relid)
{
	Oid			owner = RelationOwner(relid, false);
	char		kind = get_rel_relkind(relid);

	if (kind != RELKIND_RELATION && kind != RELKIND_PARTITIONED_TABLE)
		ReportNoLedger("\"trust.ledger\" is not a table.",
					   "Drop the object with that name, then restore the ledger from a dump.");
	CheckOwnsDatabase(owner);
	CheckOwnsDatabase(SchemaOwner(get_rel_namespace(relid)));
	return owner;
}

/* The number, if it is an integer from 0 to 1000; else -1. */
static int32
WeightPart(JsonbValue *part)
{
	Datum		value = part->type == jbvNumeric ? NumericGetDatum(part->val.numeric) : (Datum) 0;
	Datum		whole;

	if (part->type != jbvNumeric || numeric_is_nan(part->val.numeric) ||
		numeric_is_inf(part->val.numeric))
		return -1;
	whole = DirectFunctionCall1(numeric_floor, value);
	if (DatumGetInt32(DirectFunctionCall2(numeric_cmp, whole, value)) != 0 ||
		DatumGetInt32(DirectFunctionCall2(numeric_cmp, value,
										  DirectFunctionCall1(int4_numeric,
															  Int32GetDatum(0)))) < 0 ||
		DatumGetInt32(DirectFunctionCall2(numeric_cmp, value,
										  DirectFunctionCall1(int4_numeric,
															  Int32GetDatum(1000)))) > 0)
		return -1;
	return DatumGetInt32(DirectFunctionCall1(numeric_int4, NumericGetDatum(part->val.numeric)));
}

void
InvalidWeights(const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("invalid weights"),
			 errdetail("%s", detail),
			 errhint("Use thousandths, for example {\"kept\": [1000, 0], \"broken\": [0, 1000]}, "
					 "such that kept is worth more than repaired, repaired more than admitted, "
					 "and admitted more than broken.")));
}

void
ParseWeights(Jsonb *weights, Weight *out)
{
	if (!JB_ROOT_IS_OBJECT(weights) || JB_ROOT_COUNT(weights) != WEIGHTS)
		InvalidWeights("The weights must be kept, kept_by_company, partly_kept, repaired, "
					   "admitted and broken.");
	for (int i = 0; i < WEIGHTS; i++)
	{
		JsonbValue	value;
		JsonbValue *pair = JsonMember(weights, weight_names[i], &value);
		int32		parts[2];

		if (pair == NULL || pair->type != jbvBinary ||
			!JsonContainerIsArray(pair->val.binary.data) ||
			JsonContainerSize(pair->val.binary.data) != 2)
			InvalidWeights(psprintf("\"%s\" must be a pair [kept, broken].", weight_names[i]));
		for (int k = 0; k < 2; k++)
		{
			parts[k] = WeightPart(getIthJsonbValueFromContainer(pair->val.binary.data, k));
			if (parts[k] < 0)
				InvalidWeights(psprintf("\"%s\" must contain integers from 0 to 1000.",
										weight_names[i]));
		}
		out[i].kept = parts[0];
		out[i].broken = parts[1];
	}
}

pg_tz *
LedgerZone(const char *name)
{
	pg_tz	   *zone = pg_tzset(name);

	if (zone == NULL || !pg_tz_acceptable(zone))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("time zone \"%s\" not recognized", name),
				 errhint("View pg_timezone_names lists time zones, for example 'Europe/Berlin'.")));
	return zone;
}

static void
ReportNoSettings(void)
{
	if (LedgerIsEmpty(false))	/* after a restore of pg_dump --schema-only */
		ReportNoLedger("All tables of the ledger are empty.",
					   "As the owner of the database, run SELECT trust_ledger.create_ledger();");
	if (LedgerCopyKind() != COPY_NONE)
		ReportNoLedger("It is a copy, and table \"trust.ledger\" has not been copied yet.",
					   "Create the subscription for its rows, or wait until it has copied them; "
					   "pg_subscription_rel shows its state.");
	ReportNoLedger("Table \"trust.ledger\" does not contain exactly one row.",
				   "Restore that row from a dump of this ledger.");
}

static void
LoadSettings(Ledger *ledger)
{
	int32		format;

	if (StatementReadLatest(&read_settings, NULL, NULL, ledger->relid) != 1)
		ReportNoSettings();
	format = DatumGetInt32(ResultNotNull(0, 2, INT4OID));
	if (format != LEDGER_TABLE_FORMAT)
		ReportNoLedger(psprintf("Its tables have format %d; this version of the extension "
								"requires format %d.", format, LEDGER_TABLE_FORMAT),
					   "Run SELECT trust_ledger.migrate_ledger(); or update the extension.");
	ledger->id = *DatumGetUUIDP(ResultNotNull(0, 1, UUIDOID));
	ParseWeights(DatumGetJsonbP(ResultNotNull(0, 3, JSONBOID)), ledger->weights);
	ledger->zone = LedgerZone(TextDatumGetCString(ResultNotNull(0, 4, TEXTOID)));
	ledger->lag = IntervalMicroseconds(DatumGetIntervalP(ResultNotNull(0, 5, INTERVALOID)), "lag");
	ledger->half_life = IntervalMicroseconds(DatumGetIntervalP(ResultNotNull(0, 6, INTERVALOID)),
											 "half_life");
	if (get_attnum(LedgerRelation("chain"), "score") == InvalidAttrNumber)
		ReportNoLedger("Column \"score\" of table \"trust.chain\" was dropped with the extension.",
					   "As the owner of the database, run SELECT trust_ledger.migrate_ledger();");
}

/*
 * check_ledger() returns void
 *		Error unless the database has a ledger, with a trusted owner: 55000, TL006, 0A000.
 */
Datum
check_ledger(PG_FUNCTION_ARGS)
{
	Ledger		ledger;

	LedgerFind(&ledger);
	PG_RETURN_VOID();
}

void
LedgerFind(Ledger *ledger)
{
	ledger->relid = LedgerRelation("ledger");
	ledger->owner = TrustedOwner(ledger->relid);
}

void
LedgerReadId(Ledger *ledger)
{
	bool		isnull;
	Datum		id;

	StatementRead(&read_ledger_id, NULL, NULL);
	id = ResultValue(0, 1, UUIDOID, &isnull);
	if (isnull)
		id = ResultValue(0, 2, UUIDOID, &isnull);
	if (!isnull)
		ledger->id = *DatumGetUUIDP(id);
}

/* Reads the ledger, and caches it unless an invalidation has arrived meanwhile. */
static void
LoadLedger(Ledger *ledger)
{
	uint64		seen = LedgerGeneration();
	LedgerSession session;

	LedgerFind(ledger);
	LedgerWatch(ledger->relid, ForgetLedger);
	LedgerEnter(ledger, &session);
	LoadSettings(ledger);
	LedgerLeave(&session);
	if (seen == LedgerGeneration())
	{
		current = *ledger;
		current_valid = true;
	}
}

/* The caller gets a copy, so that settings do not change in the middle of a call. */
const Ledger *
LedgerOpen(void)
{
	Ledger	   *ledger = palloc0(sizeof(Ledger));

	if (current_valid)
		*ledger = current;
	else
		LoadLedger(ledger);
	return ledger;
}

void
LedgerCheckOwner(const Ledger *ledger)
{
	if (!has_privs_of_role(GetUserId(), ledger->owner))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("must be owner of the ledger"),
				 errhint("Call trust_ledger.migrate_ledger() as the owner.")));
}

/*
 * SECURITY_RESTRICTED_OPERATION disallows deferred triggers, which would run at commit
 * with the rights of the calling role.  SECURITY_NOFORCE_RLS prevents row security from
 * hiding entries.
 */
void
LedgerEnter(const Ledger *ledger, LedgerSession *session)
{
	session->caller = CurrentMemoryContext;
	session->settings = NewGUCNestLevel();
	GetUserIdAndSecContext(&session->user, &session->security_context);
	SetUserIdAndSecContext(ledger->owner,
						   session->security_context | SECURITY_LOCAL_USERID_CHANGE |
						   SECURITY_NOFORCE_RLS | SECURITY_RESTRICTED_OPERATION);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
}

void
LedgerLeave(LedgerSession *session)
{
	if (SPI_finish() != SPI_OK_FINISH)
		elog(ERROR, "SPI_finish failed");
	AtEOXact_GUC(false, session->settings);
	SetUserIdAndSecContext(session->user, session->security_context);
}

/*
 * migrate_as_owner() returns boolean
 *		Calls migrate_ledger() with the rights of the ledger's owner.  False if it already
 *		runs that way.  Errors: 42501 not the owner, 55000, TL006.
 */
Datum
migrate_as_owner(PG_FUNCTION_ARGS)
{
	Ledger		ledger = {0};
	LedgerSession session;

	LedgerFind(&ledger);
	if (GetUserId() == ledger.owner && InSecurityRestrictedOperation())
		PG_RETURN_BOOL(false);
	if (!has_privs_of_role(GetUserId(), ledger.owner))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("must be owner of the ledger"),
				 errdetail("It belongs to \"%s\".", GetUserNameFromId(ledger.owner, false)),
				 errhint("Call trust_ledger.migrate_ledger() as \"%s\".",
						 GetUserNameFromId(ledger.owner, false))));
	LedgerEnter(&ledger, &session);
	if (SPI_execute("SELECT trust_ledger.migrate_ledger()", false, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not call migrate_ledger()");
	LedgerLeave(&session);
	PG_RETURN_BOOL(true);
}

bool
LedgerHasParkedSalts(void)
{
	return get_attnum(LedgerRelation("parked_change"), "salt") != InvalidAttrNumber;
}
