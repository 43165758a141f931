/*
 * check_heap.c
 *		Checks that the indexes of the ledger's tables find all rows.
 *
 * verify() reads rows in the order of an index.  It would not see a row that is in
 * no index, but a view could still show it.  So the table itself is scanned too, in
 * the same snapshot.  This does not use the executor, which could choose an index.
 */
#include "postgres.h"

#include "verify/check_heap.h"

#include "access/genam.h"
#include "access/relscan.h"
#include "access/stratnum.h"
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/pg_am_d.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type_d.h"
#include "common/hashfn.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/uuid.h"

#include "ledger/ledger.h"

/* For looking up rows in the primary key's index */
typedef struct KeyLookup
{
	Relation	rel;
	Relation	index;
	TupleTableSlot *found;
	RegProcedure equal[INDEX_MAX_KEYS];
} KeyLookup;

/* The index of the primary key, or InvalidOid if it is missing or not usable. */
static Oid
PrimaryKeyIndex(Relation rel)
{
	List	   *indexes = RelationGetIndexList(rel);
	ListCell   *cell;
	Oid			key = InvalidOid;

	foreach(cell, indexes)
	{
		Relation	index = index_open(lfirst_oid(cell), AccessShareLock);

		if (index->rd_index->indisprimary && index->rd_index->indisvalid &&
			index->rd_rel->relam == BTREE_AM_OID)
			key = lfirst_oid(cell);
		index_close(index, AccessShareLock);
	}
	list_free(indexes);
	return key;
}

static bool
LookupBegin(KeyLookup *lookup, Relation rel)
{
	Oid			key = PrimaryKeyIndex(rel);

	if (!OidIsValid(key))
		return false;
	lookup->rel = rel;
	lookup->index = index_open(key, AccessShareLock);
	lookup->found = table_slot_create(rel, NULL);
	for (int i = 0; i < IndexRelationGetNumberOfKeyAttributes(lookup->index); i++)
	{
		Oid			type = lookup->index->rd_opcintype[i];

		lookup->equal[i] = get_opcode(get_opfamily_member(lookup->index->rd_opfamily[i],
														  type, type, BTEqualStrategyNumber));
	}
	return true;
}

static void
LookupEnd(KeyLookup *lookup)
{
	ExecDropSingleTupleTableSlot(lookup->found);
	index_close(lookup->index, AccessShareLock);
}

/* Returns false if a column of the key is null. */
static bool
MakeKeys(const KeyLookup *lookup, TupleTableSlot *row, ScanKeyData *keys)
{
	for (int i = 0; i < IndexRelationGetNumberOfKeyAttributes(lookup->index); i++)
	{
		bool		isnull;
		Datum		value = slot_getattr(row, lookup->index->rd_index->indkey.values[i], &isnull);

		if (isnull)
			return false;
		ScanKeyInit(&keys[i], i + 1, BTEqualStrategyNumber, lookup->equal[i], value);
		keys[i].sk_collation = lookup->index->rd_indcollation[i];
	}
	return true;
}

static bool
IsIndexed(KeyLookup *lookup, TupleTableSlot *row)
{
	ScanKeyData keys[INDEX_MAX_KEYS];
	int			nkeys = IndexRelationGetNumberOfKeyAttributes(lookup->index);
	IndexScanDesc scan;
	bool		indexed = false;

	if (!MakeKeys(lookup, row, keys))
		return false;
#if PG_VERSION_NUM >= 180000
	scan = index_beginscan(lookup->rel, lookup->index, GetActiveSnapshot(), NULL, nkeys, 0);
#else
	scan = index_beginscan(lookup->rel, lookup->index, GetActiveSnapshot(), nkeys, 0);
#endif
	index_rescan(scan, keys, nkeys, NULL, 0);
	while (!indexed && index_getnext_slot(scan, ForwardScanDirection, lookup->found))
		indexed = ItemPointerEquals(&lookup->found->tts_tid, &row->tts_tid);
	index_endscan(scan);
	return indexed;
}

/* The value of that column, or 0 if it is null or there is no such column of that type. */
static Datum
ColumnByName(TupleTableSlot *row, const char *name, Oid type)
{
	TupleDesc	tupdesc = row->tts_tupleDescriptor;

	for (int i = 0; i < tupdesc->natts; i++)
	{
		Form_pg_attribute column = TupleDescAttr(tupdesc, i);
		bool		isnull;
		Datum		value;

		if (column->attisdropped || column->atttypid != type ||
			strcmp(NameStr(column->attname), name) != 0)
			continue;
		value = slot_getattr(row, i + 1, &isnull);
		return isnull ? (Datum) 0 : value;
	}
	return (Datum) 0;
}

static void
AddUnindexedRow(Findings *findings, const KeyLookup *lookup, const char *table, TupleTableSlot *row)
{
	Datum		customer = ColumnByName(row, "customer", TEXTOID);
	Datum		seq = ColumnByName(row, "seq", INT8OID);
	Datum		promise = ColumnByName(row, "promise", UUIDOID);
	AttrNumber	first = lookup->index->rd_index->indkey.values[0];
	Form_pg_attribute key = TupleDescAttr(row->tts_tupleDescriptor, first - 1);
	Datum		subject = strcmp(NameStr(key->attname), "customer") == 0 ? (Datum) 0 :
		ColumnByName(row, NameStr(key->attname), TEXTOID);

	AddFinding(findings, &(Finding) {
		.part = table, .customer = customer ? TextDatumGetCString(customer) : NULL,
		.has_seq = customer && seq, .seq = seq ? DatumGetInt64(seq) : 0,
		.promise = promise ? DatumGetUUIDP(promise) : NULL,
		.subject = subject ? TextDatumGetCString(subject) : NULL,
		.problem = "is not in the index of the primary key: index scans do not return it"
	});
}

/* This many rows per table are reported, and all are counted. */
#define MAX_ROWS_REPORTED 100

/* Returns the number of rows found, plus the number before. */
static int64
FindUnindexedInPartition(Findings *findings, const char *table, Relation rel, int64 before)
{
	KeyLookup	lookup;
	TableScanDesc scan;
	TupleTableSlot *row;
	int64		unindexed = before;

	if (!LookupBegin(&lookup, rel))
		return before;			/* a missing key is reported elsewhere */
	scan = table_beginscan(rel, GetActiveSnapshot(), 0, NULL);
	row = table_slot_create(rel, NULL);
	while (table_scan_getnextslot(scan, ForwardScanDirection, row))
	{
		CHECK_FOR_INTERRUPTS();
		if (!IsIndexed(&lookup, row) && unindexed++ < MAX_ROWS_REPORTED)
			AddUnindexedRow(findings, &lookup, table, row);
	}
	ExecDropSingleTupleTableSlot(row);
	table_endscan(scan);
	LookupEnd(&lookup);
	return unindexed;
}

static bool
IsTable(const char *table)
{
	char		relkind = get_rel_relkind(LedgerRelation(table));

	return RELKIND_HAS_TABLE_AM(relkind) || relkind == RELKIND_PARTITIONED_TABLE;
}

/* Returns the number of rows found. */
static int64
FindUnindexed(Findings *findings, const char *table)
{
	int64		unindexed = 0;
	ListCell   *place;

	foreach(place, TableAndChildren(table))
	{
		Relation	rel = table_open(lfirst_oid(place), AccessShareLock);

		if (RELKIND_HAS_TABLE_AM(rel->rd_rel->relkind))
			unindexed = FindUnindexedInPartition(findings, table, rel, unindexed);
		table_close(rel, AccessShareLock);
	}
	if (unindexed > MAX_ROWS_REPORTED)
		AddFinding(findings, &(Finding) {
			.part = table,
			.problem = psprintf("has " INT64_FORMAT
								" rows that are not in the index of the primary key", unindexed)
		});
	return unindexed;
}

void
FindUnindexedRows(Findings *findings, const char *table)
{
	FindUnindexed(findings, table);
}

void
CompareTallies(Findings *findings, const char *table, const RowTally *read,
			   const RowTally *contained)
{
	if (contained->count == read->count && contained->hashes == read->hashes)
		return;
	if (!IsTable(table))		/* reported elsewhere */
		return;
	if (FindUnindexed(findings, table) == 0)
		AddFinding(findings, &(Finding) {
			.part = table,
			.problem = psprintf("has " UINT64_FORMAT " rows, but an index returned " UINT64_FORMAT
								": an index is corrupted", contained->count, read->count)
		});
}
