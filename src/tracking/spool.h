/*
 * spool.h
 *		A sequence of records, kept in a temporary file beyond work_mem.
 */
#ifndef TRUST_LEDGER_SPOOL_H
#define TRUST_LEDGER_SPOOL_H

#include "base/errcodes.h"

#include "storage/buffile.h"

/* Lives for one transaction.  A zeroed Spool with its context set is empty. */
typedef struct Spool
{
	MemoryContext context;		/* owns all of the spool */
	char	   *memory;			/* records that are not in the file */
	Size		used;			/* bytes of memory in use */
	Size		capacity;
	int64	   *starts;			/* offset of each record, counted from the file's start */
	int64		count;			/* number of records */
	int64		starts_capacity;
	BufFile    *file;			/* NULL: there is none */
	int64		filed;			/* bytes of the file in use; the memory continues there */
} Spool;

/* Appends a copy of the record, of length bytes. */
extern void SpoolAdd(Spool *spool, const void *record, Size length);

/* Reads the first length bytes of a record. */
extern void SpoolRead(Spool *spool, int64 nth, void *into, Size length);

/* Returns a copy of a record in the current memory context. */
extern void *SpoolGet(Spool *spool, int64 nth);

/* Overwrites a record with one of the same length. */
extern void SpoolReplace(Spool *spool, int64 nth, const void *record, Size length);

/* Removes all records but the first count ones.  Cannot fail. */
extern void SpoolTruncate(Spool *spool, int64 count);

/* Closes the file, and empties the spool; its memory is freed with its context. */
extern void SpoolEnd(Spool *spool);

#endif
