/*
 * ledger.c
 *		The ledger of this database: its settings, its owner, and working as its owner.
 */
#include "postgres.h"

#include "ledger.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type_d.h"
#include "common/int.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"
#include "utils/syscache.h"

const char *const weight_names[WEIGHTS] = {
	"kept", "kept_by_company", "partly_kept", "repaired", "admitted", "broken"
};

static Statement read_settings = STATEMENT_WITHOUT_ARGS(
	"SELECT ledger, table_format, weights, zone, lag FROM trust.ledger");

/* The first entry of all names the ledger; where it is gone, the settings do. */
static Statement read_ledger_id = STATEMENT_WITHOUT_ARGS(
	"SELECT (SELECT pg_catalog.min(subject)::pg_catalog.uuid FROM trust.entry WHERE customer OPERATOR(pg_catalog.=) '' AND seq OPERATOR(pg_catalog.=) 1"
	"   AND event OPERATOR(pg_catalog.=) 'ledger_created' AND subject OPERATOR(pg_catalog.~) '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'),"
	" (SELECT pg_catalog.min(ledger::pg_catalog.text)::pg_catalog.uuid FROM trust.ledger)");

/*
 * What this process remembers of the ledger.  The relation cache tells when a
 * governed table changed: guards ask for it, DDL does by itself.
 */
static Ledger current;
static bool current_valid = false;
static uint64 generation = 0;

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

/* Calls forget when the relation changes.  One relation per forget: a ledger made anew replaces the old. */
void
LedgerWatch(Oid relid, void (*forget) (void))
{
	static bool registered = false;
	int			i;

	if (!registered)
	{
		CacheRegisterRelcacheCallback(RelationChanged, (Datum) 0);
		registered = true;
	}
	for (i = 0; i < watched_count; i++)
		if (watched[i].forget == forget)
			break;
	Assert(i < WATCHED);
	watched[i].relid = relid;
	watched[i].forget = forget;
	watched_count = Max(watched_count, i + 1);
}

/* Changes whenever any relation does: a cache that was filled in between is filled again. */
uint64
LedgerGeneration(void)
{
	return generation;
}

static void
NoLedger(const char *detail, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("there is no trust ledger to work with in this database"),
			 errdetail("%s", detail),
			 errhint("%s", hint)));
}

Oid
LedgerRelation(const char *name)
{
	Oid			schema = get_namespace_oid("trust", true);
	Oid			relid = OidIsValid(schema) ? get_relname_relid(name, schema) : InvalidOid;

	if (!OidIsValid(relid))
		NoLedger(psprintf("Table \"trust.%s\" does not exist.", name),
				 "As the database's owner, run SELECT trust_ledger.create_ledger();");
	return relid;
}

/*
 * Whoever may create schemas could plant one called "trust" and read what
 * others write.  A ledger belongs to who owns the database, or to a superuser.
 */
static Oid
TrustedOwner(Oid relid)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	Oid			owner;
	char		kind;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for relation %u", relid);
	owner = ((Form_pg_class) GETSTRUCT(tuple))->relowner;
	kind = ((Form_pg_class) GETSTRUCT(tuple))->relkind;
	ReleaseSysCache(tuple);

	if (kind != RELKIND_RELATION && kind != RELKIND_PARTITIONED_TABLE)
		NoLedger("\"trust.ledger\" is not a table.", "Drop what stands in its place, then restore the ledger.");
	if (!has_privs_of_role(owner, ROLE_PG_DATABASE_OWNER))
		ereport(ERROR,
				(errcode(ERRCODE_TL_ALTERED),
				 errmsg("schema \"trust\" is not this database's ledger"),
				 errdetail("Its tables belong to \"%s\", who does not own the database.", GetUserNameFromId(owner, false)),
				 errhint("Give schema and tables to the database's owner, or drop what somebody planted there.")));
	return owner;
}

static int32
WeightPart(JsonbValue *part)
{
	return DatumGetInt32(DirectFunctionCall1(numeric_int4, NumericGetDatum(part->val.numeric)));
}

void
InvalidWeights(const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("weights are not usable"),
			 errdetail("%s", detail),
			 errhint("Give thousandths, e.g. {\"kept\": [1000, 0], \"broken\": [0, 1000]}, so that kept is worth more than repaired, "
					 "repaired more than admitted, admitted more than broken.")));
}

/* The six pairs of {"kept": [1000, 0], ...}. */
void
ParseWeights(Jsonb *weights, Weight *out)
{
	if (!JB_ROOT_IS_OBJECT(weights) || JB_ROOT_COUNT(weights) != WEIGHTS)
		InvalidWeights("Six weights are needed: kept, kept_by_company, partly_kept, repaired, admitted, broken.");
	for (int i = 0; i < WEIGHTS; i++)
	{
		JsonbValue	value;
		JsonbValue *pair = getKeyJsonValueFromContainer(&weights->root, weight_names[i], strlen(weight_names[i]), &value);
		JsonbValue *parts[2];

		if (pair == NULL || pair->type != jbvBinary || !JsonContainerIsArray(pair->val.binary.data) ||
			JsonContainerSize(pair->val.binary.data) != 2)
			InvalidWeights(psprintf("\"%s\" must be a pair [kept, broken].", weight_names[i]));
		for (int k = 0; k < 2; k++)
		{
			parts[k] = getIthJsonbValueFromContainer(pair->val.binary.data, k);
			if (parts[k]->type != jbvNumeric || WeightPart(parts[k]) < 0 || WeightPart(parts[k]) > 1000 ||
				DatumGetInt32(DirectFunctionCall2(numeric_cmp, NumericGetDatum(parts[k]->val.numeric),
												  DirectFunctionCall1(int4_numeric, Int32GetDatum(WeightPart(parts[k]))))) != 0)
				InvalidWeights(psprintf("\"%s\" must hold whole thousandths from 0 to 1000.", weight_names[i]));
		}
		out[i].kept = WeightPart(parts[0]);
		out[i].broken = WeightPart(parts[1]);
	}
}

/* Seconds are microseconds and days are 24 hours; months have no length. */
int64
IntervalMicroseconds(const Interval *interval, const char *what)
{
	int64		microseconds;

	if (interval->month != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must not be given in months or years", what),
				 errdetail("A month has no fixed length."),
				 errhint("Give days, e.g. interval '30 days'.")));
	if (pg_mul_s64_overflow(interval->day, USECS_PER_DAY, &microseconds) ||
		pg_add_s64_overflow(microseconds, interval->time, &microseconds) ||
		microseconds < 0 || interval->day < 0 || interval->time < 0 ||
		microseconds > INT64CONST(36525) * USECS_PER_DAY)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s is out of range", what),
				 errdetail("It must be neither negative nor longer than 36525 days.")));
	return microseconds;
}

/* The zone of that name, or an error. */
pg_tz *
LedgerZone(const char *name)
{
	pg_tz	   *zone = pg_tzset(name);

	if (zone == NULL || !pg_tz_acceptable(zone))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"%s\" is not a time zone", name),
				 errhint("pg_timezone_names lists them, e.g. 'Europe/Berlin'.")));
	return zone;
}

static void
LoadSettings(Ledger *ledger)
{
	SPITupleTable *table;
	bool		isnull;
	HeapTuple	tuple;

	if (StatementReadLatest(&read_settings, NULL, NULL, ledger->relid) != 1)
		NoLedger("Table \"trust.ledger\" does not hold one row.", "Restore it: it is made once, by trust_ledger.create_ledger().");
	table = SPI_tuptable;
	tuple = table->vals[0];
	if (DatumGetInt32(SPI_getbinval(tuple, table->tupdesc, 2, &isnull)) != LEDGER_TABLE_FORMAT)
		NoLedger(psprintf("Its tables have format %d, this version of the extension works with format %d.",
						  DatumGetInt32(SPI_getbinval(tuple, table->tupdesc, 2, &isnull)), LEDGER_TABLE_FORMAT),
				 "Run SELECT trust_ledger.migrate_ledger(); or update the extension.");
	ledger->id = *DatumGetUUIDP(SPI_getbinval(tuple, table->tupdesc, 1, &isnull));
	ParseWeights(DatumGetJsonbP(SPI_getbinval(tuple, table->tupdesc, 3, &isnull)), ledger->weights);
	ledger->zone = LedgerZone(TextDatumGetCString(SPI_getbinval(tuple, table->tupdesc, 4, &isnull)));
	ledger->lag = IntervalMicroseconds(DatumGetIntervalP(SPI_getbinval(tuple, table->tupdesc, 5, &isnull)), "lag");
}

/* Table and owner of the ledger, settings apart. */
void
LedgerFind(Ledger *ledger)
{
	ledger->relid = LedgerRelation("ledger");
	ledger->owner = TrustedOwner(ledger->relid);
}

/* The ledger's uuid, also where the settings were tampered with; within a LedgerSession, on the caller's snapshot. */
void
LedgerReadId(Ledger *ledger)
{
	bool		isnull;
	Datum		id;

	StatementRead(&read_ledger_id, NULL, NULL);
	id = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull);
	if (isnull)
		id = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 2, &isnull);
	if (!isnull)
		ledger->id = *DatumGetUUIDP(id);
}

/* The ledger of this database, or an error that says which call is needed. */
const Ledger *
LedgerOpen(void)
{
	while (!current_valid)
	{
		Ledger		fresh = {0};
		LedgerSession session;
		uint64		seen;

		LedgerFind(&fresh);
		LedgerWatch(fresh.relid, ForgetLedger);
		seen = LedgerGeneration();
		LedgerEnter(&fresh, &session);
		LoadSettings(&fresh);
		LedgerLeave(&session);
		current = fresh;
		current_valid = (seen == LedgerGeneration());
	}
	return &current;
}

/*
 * From here on the ledger's owner works.  RESTRICTED_OPERATION keeps what
 * somebody planted on a table from being put off to the commit, where it would
 * run as whoever appended; NOFORCE_RLS keeps row security from hiding history.
 */
void
LedgerEnter(const Ledger *ledger, LedgerSession *session)
{
	session->caller = CurrentMemoryContext;
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
	SetUserIdAndSecContext(session->user, session->security_context);
}
