/*
 * reader.h
 *		Reading a table of the ledger through, in order, a batch at a time.
 */
#ifndef TRUST_LEDGER_READER_H
#define TRUST_LEDGER_READER_H

#include "row.h"

typedef struct Reader
{
	const RowShape *shape;
	Portal		portal;
	SPITupleTable *batch;
	uint64		size;
	uint64		next;
	MemoryContext context;		/* of the current row */
	Row		   *row;			/* NULL at the end; good until the next one is read */
} Reader;

extern void ReaderOpen(Reader *reader, const RowShape *shape, const char *condition, const char *order, const char *customer);
extern void ReaderNext(Reader *reader);
extern void ReaderClose(Reader *reader);

#endif
