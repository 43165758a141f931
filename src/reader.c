/*
 * reader.c
 *		Reading a table of the ledger through, in order, a batch at a time.
 *
 * On the caller's snapshot: what others write meanwhile is not seen, and tables
 * read side by side fit together.
 */
#include "postgres.h"

#include "reader.h"

#include "catalog/pg_type_d.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#define BATCH 1000

/* All rows, or those of one customer, that meet the condition, if one is given.  Within a LedgerSession. */
void
ReaderOpen(Reader *reader, const RowShape *shape, const char *condition, const char *order, const char *customer)
{
	Oid			types[1] = {TEXTOID};
	Datum		values[1] = {customer ? CStringGetTextDatum(customer) : (Datum) 0};
	char	   *sql = psprintf("SELECT %s FROM trust.%s WHERE %s%s ORDER BY %s", RowColumnList(shape), shape->table,
							   condition ? condition : "true",
							   customer ? " AND customer OPERATOR(pg_catalog.=) $1" : "", order);

	memset(reader, 0, sizeof(Reader));
	reader->shape = shape;
	reader->context = AllocSetContextCreate(CurrentMemoryContext, "trust_ledger reader", ALLOCSET_DEFAULT_SIZES);
	reader->portal = SPI_cursor_open_with_args(NULL, sql, customer ? 1 : 0, types, values, NULL, true, 0);
	ReaderNext(reader);
}

void
ReaderNext(Reader *reader)
{
	MemoryContext previous;

	CHECK_FOR_INTERRUPTS();
	if (reader->next == reader->size)
	{
		if (reader->batch)
			SPI_freetuptable(reader->batch);
		SPI_cursor_fetch(reader->portal, true, BATCH);
		reader->batch = SPI_tuptable;
		reader->size = SPI_processed;
		reader->next = 0;
	}
	MemoryContextReset(reader->context);
	reader->row = NULL;
	if (reader->size == 0)
		return;
	previous = MemoryContextSwitchTo(reader->context);
	reader->row = RowFromTuple(reader->shape, reader->batch->vals[reader->next++], reader->batch->tupdesc);
	MemoryContextSwitchTo(previous);
}

void
ReaderClose(Reader *reader)
{
	if (reader->batch)
		SPI_freetuptable(reader->batch);
	SPI_cursor_close(reader->portal);
	MemoryContextDelete(reader->context);
}
