/*
 * table_reader.h
 *		Reads a table of the ledger in order, in batches.
 */
#ifndef TRUST_LEDGER_TABLE_READER_H
#define TRUST_LEDGER_TABLE_READER_H

#include "ledger/row_tally.h"
#include "base/row.h"

/* A scan.  Callers use row, context and tally. */
typedef struct Reader
{
	const RowShape *shape;
	Portal		portal;
	SPITupleTable *batch;
	uint64		size;			/* number of rows in the batch */
	uint64		next;			/* index of the next one */
	int			attnums[ROW_MAX_COLUMNS];	/* of the shape's columns in a batch */
	Row		   *buffer;
	bool		tallied;
	int			ctid_column;	/* followed by tableoid; 0: both are in the tuple header */
	RowTally	tally;			/* of the rows read so far */
	MemoryContext context;		/* reset for each row */
	Row		   *row;			/* current row, valid until the next one; NULL at the end */
} Reader;

/* A range of customers, in byte order; NULL fields are no restriction. */
typedef struct Customers
{
	const char *only;
	const char *from;			/* inclusive */
	const char *before;			/* exclusive */
} Customers;

/*
 * Opens a scan and reads the first row.  condition is an SQL expression or NULL; rows are
 * ordered by customer and then by the SQL list then, which may be NULL.  Within a
 * LedgerSession, with the caller's snapshot.
 */
extern void ReaderOpen(Reader *reader, const RowShape *shape, const char *condition,
					   const char *then, const Customers *customers);

/* The same without a condition; reader->tally is maintained. */
extern void ReaderOpenTallied(Reader *reader, const RowShape *shape, const char *then,
							  const Customers *customers);

/* Reads the next row. */
extern void ReaderNext(Reader *reader);

/* Ends the scan. */
extern void ReaderClose(Reader *reader);

#endif
