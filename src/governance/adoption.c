/*
 * adoption.c
 *		Checks for an empty ledger, and adoption after the database's owner has changed.
 */
#include "postgres.h"

#include "access/relation.h"
#include "access/tableam.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type_d.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "base/arguments.h"
#include "base/statement.h"
#include "governance/caller.h"
#include "governance/governance.h"
#include "ledger/copy.h"

PG_FUNCTION_INFO_V1(ledger_is_empty);
PG_FUNCTION_INFO_V1(adopt_ledger);

/* The ledger's tables, in the order in which writers lock them. */
static const char *const tables[] = {
	"ledger", "chain", "entry", "promise", "source", "actor", "policy", "access", "tracking",
	"parked_change", "copy"
};

static const char *const take_ledger = "SELECT trust_ledger.take_ledger()";

static const char *const migrate_ledger = "SELECT trust_ledger.migrate_ledger()";

/* The unchanged settings, and the two owners */
static Statement adoption_details = STATEMENT(
	"SELECT (pg_catalog.to_jsonb(l)"
	" OPERATOR(pg_catalog.-) 'ledger'::pg_catalog.text"
	" OPERATOR(pg_catalog.-) 'seq'::pg_catalog.text)"
	" OPERATOR(pg_catalog.||)"
	" pg_catalog.jsonb_build_object('adopted_from', $1, 'adopted_to', $2)"
	" FROM trust.ledger l",
	TEXTOID, TEXTOID);

/* The role's current levels, and those of a new ledger's owner */
static Statement owner_levels = STATEMENT(
	"SELECT pg_catalog.jsonb_build_object('levels', pg_catalog.array_agg(DISTINCT level))"
	" FROM (SELECT pg_catalog.unnest(levels)"
	" FROM trust.access"
	" WHERE role OPERATOR(pg_catalog.=) $1"
	" UNION ALL"
	" SELECT pg_catalog.unnest('{application,analyst,auditor,admin}'::pg_catalog.text[]))"
	" AS l (level)",
	TEXTOID);

static Statement find_levels = STATEMENT(
	"SELECT"
	" FROM trust.access"
	" WHERE role OPERATOR(pg_catalog.=) $1 AND levels OPERATOR(pg_catalog.<>) '{}'",
	TEXTOID);

/* ---- empty tables ---- */

/*
 * Scans the heap, so that indexes, rules and row security do not hide rows, with a
 * snapshot that sees what others have committed since the transaction began.
 */
static bool
RelationIsEmpty(Relation rel)
{
	Snapshot	snapshot;
	TableScanDesc scan;
	TupleTableSlot *slot;
	bool		found;

	if (rel->rd_rel->relkind == RELKIND_PARTITIONED_TABLE)
		return true;
	if (rel->rd_rel->relkind != RELKIND_RELATION)
		return false;
	snapshot = RegisterSnapshot(GetLatestSnapshot());
	scan = table_beginscan(rel, snapshot, 0, NULL);
	slot = table_slot_create(rel, NULL);
	found = table_scan_getnextslot(scan, ForwardScanDirection, slot);
	ExecDropSingleTupleTableSlot(slot);
	table_endscan(scan);
	UnregisterSnapshot(snapshot);
	return !found;
}

/* Includes partitions and other child tables. */
static bool
TableIsEmpty(Oid relid, LOCKMODE lock)
{
	ListCell   *cell;
	bool		empty = true;

	foreach(cell, find_all_inheritors(relid, lock, NULL))
	{
		Relation	rel = relation_open(lfirst_oid(cell), NoLock);

		empty = empty && RelationIsEmpty(rel);
		relation_close(rel, NoLock);
	}
	return empty;
}

static bool
TablesAreEmpty(LOCKMODE lock)
{
	Oid			schema = get_namespace_oid("trust", false);

	for (size_t i = 0; i < lengthof(tables); i++)
	{
		Oid			relid = get_relname_relid(tables[i], schema);

		if (!OidIsValid(relid))
			continue;
		LockRelationOid(relid, lock);
		if (!TableIsEmpty(relid, lock))
			return false;
	}
	return true;
}

/* Takes the stronger lock only if the tables are empty, so as not to block an existing ledger. */
bool
LedgerIsEmpty(bool keep)
{
	return TablesAreEmpty(AccessShareLock) && (!keep || TablesAreEmpty(ShareRowExclusiveLock));
}

/*
 * ledger_is_empty() returns boolean
 *		Whether the ledger's tables exist and are all empty.  Called by create_ledger().
 *		Errors: 42501 not the owner, 55000, TL006.
 */
Datum
ledger_is_empty(PG_FUNCTION_ARGS)
{
	Ledger		ledger = {0};

	LedgerFind(&ledger);
	if (!has_privs_of_role(GetUserId(), ledger.owner))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("must be owner of the ledger"),
				 errdetail("It belongs to \"%s\".", GetUserNameFromId(ledger.owner, false)),
				 errhint("Call trust_ledger.create_ledger() as \"%s\", or as a superuser.",
						 GetUserNameFromId(ledger.owner, false))));
	PG_RETURN_BOOL(LedgerIsEmpty(true));
}

/* ---- another owner ---- */

/*
 * Makes the database's owner the owner of the tables, with the rights of the caller.
 * Returns the previous owner, or NULL if nothing had to change.
 */
static char *
ChangeOwner(void)
{
	MemoryContext caller = CurrentMemoryContext;
	char	   *from = NULL;
	char	   *value;

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	if (SPI_execute(take_ledger, false, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not call take_ledger()");
	value = SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1);
	if (value)
	{
		from = MemoryContextStrdup(caller, value);
		if (LedgerIsEmpty(false))
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("there is no ledger to adopt"),
					 errdetail("All tables of schema \"trust\" are empty."),
					 errhint("To create a new ledger, run DROP SCHEMA trust CASCADE; as \"%s\", "
							 "then SELECT trust_ledger.create_ledger();", from)));
		/* restore guards, views and scores before anything is written */
		if (SPI_execute(migrate_ledger, false, 0) != SPI_OK_SELECT)
			elog(ERROR, "could not call migrate_ledger()");
	}
	if (SPI_finish() != SPI_OK_FINISH)
		elog(ERROR, "SPI_finish failed");
	return from;
}

/* Records the adoption, the new owner's levels, and that the previous owner has none. */
static void
AppendAdoption(Governance *governance, const char *from, text *reason)
{
	const char *to = RoleName(governance->act.ledger->owner);
	Datum		names[2] = {CStringGetTextDatum(from), CStringGetTextDatum(to)};
	GovernanceChange changes[3] = {
		{.event = "ledger_adopted", .governs = &governed_ledger, .reason = reason},
		{.event = "access_granted", .governs = &governed_access, .subject = to},
		{.event = "access_revoked", .governs = &governed_access, .subject = from}
	};
	int			count = 2;

	changes[0].subject =
		DatumGetCString(DirectFunctionCall1(uuid_out,
											UUIDPGetDatum(&governance->act.ledger->id)));
	changes[0].details = StatementDatum(&adoption_details, names, NULL);
	changes[1].details = StatementDatum(&owner_levels, &names[1], NULL);
	if (StatementWrite(&find_levels, &names[0], NULL) > 0)
		changes[count++].details = DirectFunctionCall1(jsonb_in,
													   CStringGetDatum("{\"levels\": []}"));
	GovernanceAppend(governance, changes, count);
}

/*
 * adopt_ledger(reason text, actor, occurred_at, context, idempotency_key) returns receipt
 *		After the owner of the database has changed, as by CREATE DATABASE ... TEMPLATE or
 *		ALTER DATABASE ... OWNER TO: makes the new owner the owner of the ledger's schema
 *		and tables, revokes privileges of others, and records this as governance entries.
 *		The caller must be a member of both owners.  In a copy no entry is made, and the
 *		result is NULL.  Errors: 42501 not a member; TL006 the tables have objects that
 *		are not the ledger's; 55000 no ledger, or it already belongs to the owner.
 */
Datum
adopt_ledger(PG_FUNCTION_ARGS)
{
	Governance	governance;
	char	   *from = ChangeOwner();

	if (from != NULL && LedgerCopyKind() != COPY_NONE)
	{
		ereport(NOTICE,
				(errmsg("no entry records the adoption of the ledger"),
				 errdetail("The ledger is a copy and receives entries only through "
						   "logical replication.")));
		PG_RETURN_NULL();
	}
	GovernanceBegin(&governance, fcinfo, LEVEL_ADMIN, "adopt the ledger");
	if (GovernanceLock(&governance))
	{
		if (from == NULL)
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("ledger already belongs to the owner of the database"),
					 errdetail("Both belong to \"%s\".", RoleName(governance.act.ledger->owner)),
					 errhint("There is nothing to adopt.")));
		AppendAdoption(&governance, from, ArgText(fcinfo->args[0], "reason"));
	}
	else if (from != NULL)		/* the first call recorded another change of owner */
		ereport(ERROR,
				(errcode(ERRCODE_TL_RETRY),
				 errmsg("idempotency key has already been used for another adoption"),
				 errdetail("The change of owner from \"%s\" would not be recorded.", from),
				 errhint("Use a new key for this call.")));
	return GovernanceEnd(&governance, fcinfo);
}
