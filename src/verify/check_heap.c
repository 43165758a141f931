/*
 * check_heap.c
 *		Whether the rows that a table's indexes lead to are those that it holds.
 *
 * Rows are read in order by an index.  One that stands in none is not read, and
 * the views may show it all the same.  So the table is gone through from its first
 * page to its last, in the same snapshot, without the executor, which may choose
 * an index.
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

/* ---- rows that their table's key does not lead to ---- */

/* Looking rows up by their table's primary key */
typedef struct KeyLookup
{
	Relation	rel;
	Relation	index;
	TupleTableSlot *found;
	RegProcedure equal[INDEX_MAX_KEYS];
} KeyLookup;

/* The primary key's index, if rows can be looked up by it. */
static Oid
KeyIndex(Relation rel)
{
	List	   *indexes = RelationGetIndexList(rel);
	ListCell   *cell;
	Oid			key = InvalidOid;

	foreach(cell, indexes)
	{
		Relation	index = index_open(lfirst_oid(cell), AccessShareLock);

		if (index->rd_index->indisprimary && index->rd_index->indisvalid && index->rd_rel->relam == BTREE_AM_OID)
			key = lfirst_oid(cell);
		index_close(index, AccessShareLock);
	}
	list_free(indexes);
	return key;
}

static bool
LookupBegin(KeyLookup *lookup, Relation rel)
{
	Oid			key = KeyIndex(rel);

	if (!OidIsValid(key))
		return false;
	lookup->rel = rel;
	lookup->index = index_open(key, AccessShareLock);
	lookup->found = table_slot_create(rel, NULL);
	for (int i = 0; i < IndexRelationGetNumberOfKeyAttributes(lookup->index); i++)
	{
		Oid			type = lookup->index->rd_opcintype[i];

		lookup->equal[i] = get_opcode(get_opfamily_member(lookup->index->rd_opfamily[i], type, type, BTEqualStrategyNumber));
	}
	return true;
}

static void
LookupEnd(KeyLookup *lookup)
{
	ExecDropSingleTupleTableSlot(lookup->found);
	index_close(lookup->index, AccessShareLock);
}

/* False where a column of the key is NULL: then there is nothing to look up. */
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

/* A column of the row that says which one it is; NULL where it has none of that name and type. */
static Datum
Named(TupleTableSlot *row, const char *name, Oid type)
{
	TupleDesc	tupdesc = row->tts_tupleDescriptor;

	for (int i = 0; i < tupdesc->natts; i++)
	{
		Form_pg_attribute column = TupleDescAttr(tupdesc, i);
		bool		isnull;
		Datum		value;

		if (column->attisdropped || column->atttypid != type || strcmp(NameStr(column->attname), name) != 0)
			continue;
		value = slot_getattr(row, i + 1, &isnull);
		return isnull ? (Datum) 0 : value;
	}
	return (Datum) 0;
}

static void
AddUnindexed(Findings *findings, const KeyLookup *lookup, const char *table, TupleTableSlot *row)
{
	Datum		customer = Named(row, "customer", TEXTOID);
	Datum		seq = Named(row, "seq", INT8OID);
	Datum		promise = Named(row, "promise", UUIDOID);
	AttrNumber	first = lookup->index->rd_index->indkey.values[0];
	Form_pg_attribute key = TupleDescAttr(row->tts_tupleDescriptor, first - 1);
	Datum		subject = strcmp(NameStr(key->attname), "customer") == 0 ? (Datum) 0 : Named(row, NameStr(key->attname), TEXTOID);

	AddFinding(findings, &(Finding) {
		.part = table, .customer = customer ? TextDatumGetCString(customer) : NULL,
		.has_seq = customer && seq, .seq = seq ? DatumGetInt64(seq) : 0,
		.promise = promise ? DatumGetUUIDP(promise) : NULL,
		.subject = subject ? TextDatumGetCString(subject) : NULL,
		.problem = "stands in no index: who reads by one does not see it"
	});
}

/* So many are named, and the others counted. */
#define MOST_NAMED 100

static int64
FindUnindexedIn(Findings *findings, const char *table, Relation rel, int64 before)
{
	KeyLookup	lookup;
	TableScanDesc scan;
	TupleTableSlot *row;
	int64		unindexed = before;

	if (!LookupBegin(&lookup, rel))
		return before;			/* that the key is missing is a finding of its own */
	scan = table_beginscan(rel, GetActiveSnapshot(), 0, NULL);
	row = table_slot_create(rel, NULL);
	while (table_scan_getnextslot(scan, ForwardScanDirection, row))
	{
		CHECK_FOR_INTERRUPTS();
		if (!IsIndexed(&lookup, row) && unindexed++ < MOST_NAMED)
			AddUnindexed(findings, &lookup, table, row);
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

static int64
FindAllUnindexed(Findings *findings, const char *table)
{
	int64		unindexed = 0;
	ListCell   *place;

	foreach(place, TablePlaces(table))
	{
		Relation	rel = table_open(lfirst_oid(place), AccessShareLock);

		if (RELKIND_HAS_TABLE_AM(rel->rd_rel->relkind))
			unindexed = FindUnindexedIn(findings, table, rel, unindexed);
		table_close(rel, AccessShareLock);
	}
	if (unindexed > MOST_NAMED)
		AddFinding(findings, &(Finding) {
			.part = table, .problem = psprintf("has " INT64_FORMAT " rows in all that stand in no index", unindexed)
		});
	return unindexed;
}

/* Every row of a small table is looked up. */
void
FindUnindexed(Findings *findings, const char *table)
{
	FindAllUnindexed(findings, table);
}

/* Of a table that was read through: its rows are looked up one by one only where they are not those that were read. */
void
CompareTallies(Findings *findings, const char *table, const RowTally *read, const RowTally *held)
{
	if (held->count == read->count && held->hashes == read->hashes)
		return;
	if (!IsTable(table))		/* a finding of its own */
		return;
	if (FindAllUnindexed(findings, table) == 0)
		AddFinding(findings, &(Finding) {
			.part = table,
			.problem = psprintf(UINT64_FORMAT " rows were read in order, and it holds " UINT64_FORMAT ": an index is damaged",
								read->count, held->count)
		});
}
