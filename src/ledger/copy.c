/*
 * copy.c
 *		Copies: ledgers whose rows arrive through logical replication.
 *
 * A copy is marked by the only row of trust.copy, which can be inserted only into an
 * empty ledger, and which its guard protects from then on.  trust.ledger and governance
 * entries cannot hold the mark, since they are replicated themselves.
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
#include "ledger/guard_expect.h"
#include "ledger/ledger.h"

PG_FUNCTION_INFO_V1(mark_copy);

static Statement insert_mark = STATEMENT("INSERT INTO trust.copy (copied) VALUES ($1)", TEXTOID);

static const char *const all = "all";

/*
 * Cache of the mark, for the table with this OID.  Both variables are set together.
 * The guard sends a relcache invalidation when the mark is inserted, which is processed
 * again if the (sub)transaction aborts.  A recreated table has another OID.
 */
static Oid	known_relid = InvalidOid;
static CopyKind known_kind = COPY_NONE;

static void
ForgetCopyKind(void)
{
	known_relid = InvalidOid;
}

/* Attribute number of the mark's column; 0 if a tampered table does not have it. */
static int
MarkAttnum(Relation rel)
{
	TupleDesc	tupdesc = RelationGetDescr(rel);
	int			attnum = SPI_fnumber(tupdesc, "copied");

	return attnum > 0 && TupleDescAttr(tupdesc, attnum - 1)->atttypid == TEXTOID ? attnum : 0;
}

static CopyKind
CopyKindFromSlot(TupleTableSlot *slot, int column)
{
	bool		isnull;
	Datum		value = slot_getattr(slot, column, &isnull);

	return !isnull && strcmp(TextDatumGetCString(value), all) == 0 ? COPY_ALL : COPY_UNKNOWN;
}

/*
 * Scans the heap, so that row security, rules and indexes do not affect the result.
 * GetLatestSnapshot() is not allowed in parallel mode, which writes nothing anyway.
 */
static CopyKind
ReadCopyKind(Relation rel)
{
	int			column = MarkAttnum(rel);
	Snapshot	snapshot = RegisterSnapshot(IsInParallelMode() ? GetActiveSnapshot() :
											GetLatestSnapshot());
	TableScanDesc scan = table_beginscan(rel, snapshot, 0, NULL);
	TupleTableSlot *slot = table_slot_create(rel, NULL);
	CopyKind	copied = COPY_NONE;

	if (table_scan_getnextslot(scan, ForwardScanDirection, slot))
		copied = CopyKindFromSlot(slot, column);
	if (copied != COPY_NONE && table_scan_getnextslot(scan, ForwardScanDirection, slot))
		copied = COPY_UNKNOWN;
	ExecDropSingleTupleTableSlot(slot);
	table_endscan(scan);
	UnregisterSnapshot(snapshot);
	return copied;
}

static CopyKind
LoadCopyKind(Oid relid)
{
	uint64		seen = LedgerGeneration();
	Relation	rel;
	CopyKind	copied;

	LedgerWatch(relid, ForgetCopyKind);
	rel = table_open(relid, AccessShareLock);
	if (rel->rd_rel->relkind == RELKIND_RELATION && MarkAttnum(rel) > 0)
		copied = ReadCopyKind(rel);
	else
		copied = COPY_UNKNOWN;
	table_close(rel, AccessShareLock);
	if (seen == LedgerGeneration())
	{
		known_kind = copied;
		known_relid = relid;
	}
	return copied;
}

CopyKind
LedgerCopyKind(void)
{
	Oid			schema = get_namespace_oid("trust", true);
	Oid			relid = OidIsValid(schema) ? get_relname_relid("copy", schema) : InvalidOid;

	if (!OidIsValid(relid))
		return COPY_NONE;		/* no ledger, or one of an earlier version */
	return relid == known_relid ? known_kind : LoadCopyKind(relid);
}

void
CheckNotCopy(void)
{
	if (LedgerCopyKind() == COPY_NONE)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("cannot write to a copy of a ledger"),
			 errdetail("This ledger receives its rows through logical replication."),
			 errhint("Call the function in the database of the original ledger.")));
}

static void
CheckMark(const char *copied)
{
	if (copied == NULL || strcmp(copied, all) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid kind of copy: \"%s\"", copied ? copied : "NULL"),
				 errhint("Use copy => 'all' to create a copy of a whole ledger, "
						 "or omit copy to create an ordinary ledger.")));
}

static void
CheckOwnsLedger(const Ledger *ledger)
{
	if (has_privs_of_role(GetUserId(), ledger->owner))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("must be owner of the ledger"),
			 errhint("Call trust_ledger.create_ledger() instead.")));
}

/*
 * mark_copy(copied text) returns void
 *		Marks a ledger without any rows as a copy, permanently.  Called by
 *		create_ledger().  Errors: 22023 invalid kind of copy, 42501 not the owner, 42710
 *		the ledger is not empty.
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
				 errmsg("a ledger already exists in this database"),
				 errdetail("Only an empty ledger can become a copy.")));
	expectation = GuardExpectOne(GUARDED_COPY, 0, NULL);
	CheckWritten(StatementWrite(&insert_mark, &copied, NULL), 1, "copy");
	GuardExpectEnd(expectation);
	LedgerLeave(&session);
	PG_RETURN_VOID();
}
