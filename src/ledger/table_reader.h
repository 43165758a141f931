/*
 * table_reader.h
 *		Reading a table of the ledger through, in order, a batch at a time.
 */
#ifndef TRUST_LEDGER_TABLE_READER_H
#define TRUST_LEDGER_TABLE_READER_H

#include "ledger/row_tally.h"
#include "base/row.h"

typedef struct Reader
{
	const RowShape *shape;
	Portal		portal;
	SPITupleTable *batch;
	uint64		size;
	uint64		next;
	int			attnums[ROW_MAX_COLUMNS];	/* of the shape's columns in a batch */
	Row		   *buffer;
	bool		tallied;
	int			place;			/* the column of ctid in a batch, and tableoid behind it; 0: rows know it themselves */
	RowTally	tally;			/* of the rows read so far */
	MemoryContext context;		/* of the current row */
	Row		   *row;			/* NULL at the end; good until the next one is read */
} Reader;

/* Customers in the order of their bytes: one, or those of an interval; NULL: not bounded. */
typedef struct Customers
{
	const char *only;
	const char *from;
	const char *before;
} Customers;

extern void ReaderOpen(Reader *reader, const RowShape *shape, const char *condition, const char *then, const Customers *customers);
extern void ReaderOpenTallied(Reader *reader, const RowShape *shape, const char *then, const Customers *customers);
extern void ReaderNext(Reader *reader);
extern void ReaderClose(Reader *reader);

#endif
