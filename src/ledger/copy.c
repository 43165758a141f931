/*
 * copy.c
 *		Copies: a ledger whose rows come from another database, by logical replication.
 *
 * The mark is the one row of trust.copy.  Only an empty ledger can take it, and
 * its guard lets it neither change nor go: trust.ledger and governance could not
 * say it, since they are copied themselves.
 */
#include "postgres.h"

#include "ledger/copy.h"

#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type_d.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "base/row_insert.h"
#include "base/statement.h"
#include "ledger/guard.h"
#include "ledger/ledger.h"

PG_FUNCTION_INFO_V1(mark_copy);

static Statement insert_mark = STATEMENT("INSERT INTO trust.copy (copied) VALUES ($1)", TEXTOID);

static const char *const all = "all";

/*
 * Cache of the mark, for the table with this OID.  Both variables are set together.
 * The guard sends a relcache invalidation when the mark is inserted, which is processed
 * again if the transaction or savepoint aborts.  A recreated table has another OID.
 */
static Oid	known_relid = InvalidOid;
static Copied known_copied = COPIED_NOTHING;

static void
ForgetCopied(void)
{
	known_relid = InvalidOid;
}

/* 0 where the table does not have it: it was tampered with. */
static int
MarkColumn(Relation rel)
{
	TupleDesc	tupdesc = RelationGetDescr(rel);
	int			attnum = SPI_fnumber(tupdesc, "copied");

	return attnum > 0 && TupleDescAttr(tupdesc, attnum - 1)->atttypid == TEXTOID ? attnum : 0;
}

static Copied
CopiedOf(TupleTableSlot *slot, int column)
{
	bool		isnull;
	Datum		value = slot_getattr(slot, column, &isnull);

	return !isnull && strcmp(TextDatumGetCString(value), all) == 0 ? COPIED_ALL : COPIED_UNKNOWN;
}

/* By what the heap holds: no row security, rule or index has a say, and no right is needed. */
static Copied
ReadCopied(Relation rel)
{
	int			column = MarkColumn(rel);
	/* a parallel operation keeps to its snapshot, and writes nothing */
	Snapshot	snapshot = RegisterSnapshot(IsInParallelMode() ? GetActiveSnapshot() : GetLatestSnapshot());
	TableScanDesc scan = table_beginscan(rel, snapshot, 0, NULL);
	TupleTableSlot *slot = table_slot_create(rel, NULL);
	Copied		copied = COPIED_NOTHING;

	if (table_scan_getnextslot(scan, ForwardScanDirection, slot))
		copied = CopiedOf(slot, column);
	if (copied != COPIED_NOTHING && table_scan_getnextslot(scan, ForwardScanDirection, slot))
		copied = COPIED_UNKNOWN;
	ExecDropSingleTupleTableSlot(slot);
	table_endscan(scan);
	UnregisterSnapshot(snapshot);
	return copied;
}

static Copied
LoadCopied(Oid relid)
{
	uint64		seen = LedgerGeneration();
	Relation	rel;
	Copied		copied;

	LedgerWatch(relid, ForgetCopied);
	rel = table_open(relid, AccessShareLock);
	copied = rel->rd_rel->relkind == RELKIND_RELATION && MarkColumn(rel) > 0 ? ReadCopied(rel) : COPIED_UNKNOWN;
	table_close(rel, AccessShareLock);
	if (seen == LedgerGeneration())
	{
		known_copied = copied;
		known_relid = relid;
	}
	return copied;
}

/* What of another ledger this one is a copy of.  A ledger of an earlier version has no table that could say so. */
Copied
LedgerCopied(void)
{
	Oid			schema = get_namespace_oid("trust", true);
	Oid			relid = OidIsValid(schema) ? get_relname_relid("copy", schema) : InvalidOid;

	if (!OidIsValid(relid))
		return COPIED_NOTHING;
	return relid == known_relid ? known_copied : LoadCopied(relid);
}

/* An error where an entry that is made here would be no entry of the ledger that is copied. */
void
CheckNotCopy(void)
{
	if (LedgerCopied() == COPIED_NOTHING)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("cannot write to a copy of a ledger"),
			 errdetail("The rows of this ledger come from the database that it copies, by logical replication."),
			 errhint("Do this in the database that is copied.")));
}

static void
CheckMark(const char *copied)
{
	if (copied == NULL || strcmp(copied, all) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"%s\" is not a kind of copy", copied ? copied : "NULL"),
				 errhint("Use copy => 'all' for a copy of a whole ledger; leave copy out to make a ledger of its own.")));
}

static void
CheckOwnsLedger(const Ledger *ledger)
{
	if (has_privs_of_role(GetUserId(), ledger->owner))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("must be owner of the ledger"),
			 errhint("Use trust_ledger.create_ledger().")));
}

/*
 * mark_copy(copied text) returns void
 *		Makes a ledger whose tables were just made, or restored without a row, a copy
 *		for good.  Called by create_ledger().  Errors: 22023 a copy of what; 42501 not
 *		the owner; 42710 once there is any row.
 */
Datum
mark_copy(PG_FUNCTION_ARGS)
{
	Datum		copied = PG_ARGISNULL(0) ? (Datum) 0 : PG_GETARG_DATUM(0);
	Ledger		ledger = {0};
	LedgerSession session;
	Expectation *expectation;

	CheckMark(PG_ARGISNULL(0) ? NULL : TextDatumGetCString(copied));
	LedgerFind(&ledger);
	CheckOwnsLedger(&ledger);
	LedgerEnter(&ledger, &session);
	if (!LedgerIsEmpty(true))
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("there is a ledger in this database already"),
				 errdetail("Only an empty ledger can become a copy.")));
	expectation = GuardExpectOne(GUARDED_COPY, 0, NULL);
	CheckWritten(StatementWrite(&insert_mark, &copied, NULL), 1, "copy");
	GuardDone(expectation);
	LedgerLeave(&session);
	PG_RETURN_VOID();
}
