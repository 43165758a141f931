/*
 * table_reader.c
 *		Reads a table of the ledger in order, in batches.
 *
 * All scans use the caller's snapshot, so that several tables can be compared while
 * other sessions write.
 */
#include "postgres.h"

#include "ledger/table_reader.h"

#include "catalog/pg_attribute.h"
#include "catalog/pg_class.h"
#include "catalog/pg_collation_d.h"
#include "catalog/pg_type_d.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

#include "ledger/ledger.h"

#define BATCH 1000

/*
 * The column is created with collation "C".  If it still has that, COLLATE is omitted,
 * which would cost a projection for each row.
 */
static const char *
CustomerInOrder(Oid relid)
{
	AttrNumber	attnum = get_attnum(relid, "customer");
	HeapTuple	tuple = SearchSysCacheAttNum(relid, attnum);
	bool		by_bytes = HeapTupleIsValid(tuple) &&
		((Form_pg_attribute) GETSTRUCT(tuple))->attcollation == C_COLLATION_OID;

	if (HeapTupleIsValid(tuple))
		ReleaseSysCache(tuple);
	return by_bytes ? "customer" : "customer COLLATE pg_catalog.\"C\"";
}

static char *
ReaderQuery(const Reader *reader, const char *condition, const char *then,
			const Customers *customers)
{
	Oid			relid = LedgerRelation(reader->shape->table);
	TupleDesc	tupdesc = lookup_rowtype_tupdesc(get_rel_type_id(relid), -1);
	const char *customer = CustomerInOrder(relid);
	StringInfoData sql;

	initStringInfo(&sql);
	appendStringInfo(&sql, "SELECT %s%s FROM trust.%s WHERE %s",
					 RowColumnsAsStored(reader->shape, tupdesc),
					 reader->ctid_column ? ", ctid, tableoid" : "", reader->shape->table,
					 condition ? condition : "true");
	if (customers->only)
		appendStringInfoString(&sql, " AND customer OPERATOR(pg_catalog.=) $1");
	if (customers->from)
		appendStringInfo(&sql, " AND %s OPERATOR(pg_catalog.>=) $2", customer);
	if (customers->before)
		appendStringInfo(&sql, " AND %s OPERATOR(pg_catalog.<) $3", customer);
	appendStringInfo(&sql, " ORDER BY %s%s%s", customer, then ? ", " : "", then ? then : "");
	ReleaseTupleDesc(tupdesc);
	return sql.data;
}

static void
OpenPortal(Reader *reader, const char *condition, const char *then,
		   const Customers *customers)
{
	const char *bounds[] = {customers->only, customers->from, customers->before};
	Oid			types[lengthof(bounds)];
	Datum		values[lengthof(bounds)];
	char		nulls[lengthof(bounds)];

	for (size_t i = 0; i < lengthof(bounds); i++)
	{
		types[i] = TEXTOID;
		nulls[i] = bounds[i] ? ' ' : 'n';
		values[i] = bounds[i] ? CStringGetTextDatum(bounds[i]) : (Datum) 0;
	}
	/* favor the index: a sort would write all rows to disk */
	reader->portal = SPI_cursor_open_with_args(NULL,
											   ReaderQuery(reader, condition, then, customers),
											   lengthof(bounds), types, values, nulls, true,
											   CURSOR_OPT_FAST_PLAN);
}

static void
ReaderBegin(Reader *reader, const RowShape *shape)
{
	memset(reader, 0, sizeof(Reader));
	reader->shape = shape;
	reader->context = AllocSetContextCreate(CurrentMemoryContext, "trust_ledger reader",
											ALLOCSET_DEFAULT_SIZES);
	reader->buffer = RowNew(shape);
}

static void
FetchBatch(Reader *reader)
{
	if (reader->batch)
		SPI_freetuptable(reader->batch);
	SPI_cursor_fetch(reader->portal, true, BATCH);
	reader->batch = SPI_tuptable;
	reader->size = SPI_processed;
	reader->next = 0;
	RowMap(reader->shape, reader->batch->tupdesc, reader->attnums);
}

void
ReaderOpen(Reader *reader, const RowShape *shape, const char *condition, const char *then,
		   const Customers *customers)
{
	ReaderBegin(reader, shape);
	OpenPortal(reader, condition, then, customers);
	ReaderNext(reader);
}

/*
 * Tuples have their ctid unless the executor projects them, as it does for partitions
 * whose columns are in another order.  Then the SELECT list must contain it.  Relations
 * without storage have no ctid at all.
 */
static bool
NeedsCtidColumns(const Reader *reader)
{
	char		relkind = get_rel_relkind(LedgerRelation(reader->shape->table));

	return relkind == RELKIND_PARTITIONED_TABLE ||
		(RELKIND_HAS_TABLE_AM(relkind) && reader->size > 0 &&
		 !ItemPointerIsValid(&reader->batch->vals[0]->t_self));
}

void
ReaderOpenTallied(Reader *reader, const RowShape *shape, const char *then,
				  const Customers *customers)
{
	ReaderBegin(reader, shape);
	OpenPortal(reader, NULL, then, customers);
	FetchBatch(reader);
	if (NeedsCtidColumns(reader))
	{
		SPI_freetuptable(reader->batch);
		SPI_cursor_close(reader->portal);
		reader->batch = NULL;
		reader->ctid_column = shape->natts + 1;
		OpenPortal(reader, NULL, then, customers);
		FetchBatch(reader);
	}
	reader->tallied = true;
	ReaderNext(reader);
}

static void
TallyCurrent(Reader *reader, HeapTuple tuple)
{
	TupleDesc	tupdesc = reader->batch->tupdesc;
	bool		isnull;

	if (reader->ctid_column)
		TallyRow(&reader->tally,
				 DatumGetObjectId(SPI_getbinval(tuple, tupdesc, reader->ctid_column + 1, &isnull)),
				 (ItemPointer) DatumGetPointer(SPI_getbinval(tuple, tupdesc, reader->ctid_column,
															 &isnull)));
	else
		TallyRow(&reader->tally, tuple->t_tableOid, &tuple->t_self);
}

void
ReaderNext(Reader *reader)
{
	HeapTuple	tuple;

	CHECK_FOR_INTERRUPTS();
	if (reader->next == reader->size)
		FetchBatch(reader);
	MemoryContextReset(reader->context);
	reader->row = NULL;
	if (reader->size == 0)
		return;
	tuple = reader->batch->vals[reader->next++];
	if (reader->tallied)
		TallyCurrent(reader, tuple);
	RowSetTuple(reader->buffer, tuple, reader->batch->tupdesc, reader->attnums);
	reader->row = reader->buffer;
}

void
ReaderClose(Reader *reader)
{
	if (reader->batch)
		SPI_freetuptable(reader->batch);
	SPI_cursor_close(reader->portal);
	MemoryContextDelete(reader->context);
}
