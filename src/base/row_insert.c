/*
 * row_insert.c
 *		Inserts several rows into a table of the ledger with one statement.
 */
#include "postgres.h"

#include "base/row_insert.h"

#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/lsyscache.h"
#include "utils/tuplestore.h"
#include "utils/typcache.h"

#include "base/statement.h"

/* Stores the row with its values in the order of the table's columns. */
static void
PutRow(const Inserter *inserter, Tuplestorestate *store, const Row *row, TupleDesc tupdesc)
{
	Datum		values[MaxHeapAttributeNumber];
	bool		nulls[MaxHeapAttributeNumber];

	memset(nulls, true, sizeof(bool) * tupdesc->natts);
	for (int i = 0; i < row->shape->natts; i++)
	{
		values[inserter->attnums[i] - 1] = row->values[i];
		nulls[inserter->attnums[i] - 1] = row->nulls[i];
	}
	tuplestore_putvalues(store, tupdesc, values, nulls);
}

#define NEW_ROWS "new_rows"

/*
 * Replans if the attribute numbers of the shape's columns have changed.  The plan
 * cache handles all other changes of the table.
 */
static SPIPlanPtr
PlanInsert(Inserter *inserter, TupleDesc tupdesc, uint64 identifier)
{
	int			attnums[ROW_MAX_COLUMNS] = {0};

	if (inserter->identifier == identifier)
		return inserter->plan;
	RowMap(inserter->shape, tupdesc, attnums);
	if (inserter->plan == NULL || memcmp(attnums, inserter->attnums, sizeof(attnums)) != 0)
	{
		char	   *columns = RowColumnsAsStored(inserter->shape, tupdesc);

		KeepPlan(&inserter->plan,
				 psprintf("INSERT INTO trust.%s (%s) SELECT %s FROM " NEW_ROWS,
						  inserter->shape->table, columns, columns), 0, NULL);
		memcpy(inserter->attnums, attnums, sizeof(attnums));
	}
	inserter->identifier = identifier;
	return inserter->plan;
}

void
CheckWritten(uint64 written, uint64 wanted, const char *table)
{
	if (written != wanted)
		ereport(ERROR,
				(errcode(ERRCODE_TL_ALTERED),
				 errmsg("could not write all rows to table \"trust.%s\"", table),
				 errhint("Run SELECT * FROM trust_ledger.verify();")));
}

/*
 * The ephemeral relation is registered in an SPI connection of its own: an error
 * removes it with the connection, and a nested call has another one.
 */
void
RowsInsert(Inserter *inserter, Oid relid, const Row *const *rows, int count)
{
	EphemeralNamedRelationData named = {
		.md = {
			.name = NEW_ROWS, .reliddesc = relid,
			.enrtype = ENR_NAMED_TUPLESTORE, .enrtuples = count
		}
	};
	Oid			row_type;
	TupleDesc	tupdesc;
	SPIPlanPtr	plan;
	uint64		written;

	LockRelationOid(relid, RowExclusiveLock);	/* its columns cannot change from here on */
	row_type = get_rel_type_id(relid);
	tupdesc = lookup_rowtype_tupdesc(row_type, -1);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	named.reldata = tuplestore_begin_heap(false, false, work_mem);
	if (SPI_register_relation(&named) != SPI_OK_REL_REGISTER)
		elog(ERROR, "SPI_register_relation failed");
	plan = PlanInsert(inserter, tupdesc, assign_record_type_identifier(row_type, -1));
	for (int i = 0; i < count; i++)
		PutRow(inserter, named.reldata, rows[i], tupdesc);
	written = PlanWrite(plan, NULL, NULL);
	tuplestore_end(named.reldata);
	if (SPI_finish() != SPI_OK_FINISH)
		elog(ERROR, "SPI_finish failed");
	ReleaseTupleDesc(tupdesc);
	CheckWritten(written, count, inserter->shape->table);
}
