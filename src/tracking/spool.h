/*
 * spool.h
 *		Records in the order in which they were added, on disk beyond work_mem.
 */
#ifndef TRUST_LEDGER_SPOOL_H
#define TRUST_LEDGER_SPOOL_H

#include "base/errcodes.h"

#include "storage/buffile.h"

/* Of one transaction.  All zero: an empty one, with nothing to end. */
typedef struct Spool
{
	MemoryContext context;		/* all of it lives there */
	char	   *memory;			/* the records that are not in the file */
	Size		used;
	Size		capacity;
	int64	   *starts;			/* where each record starts, counted from the file's begin */
	int64		count;
	int64		starts_capacity;
	BufFile    *file;			/* NULL: there is none */
	int64		filed;			/* how much of the file is in use; the memory goes on from there */
} Spool;

extern void SpoolAdd(Spool *spool, const void *record, Size length);
extern void SpoolRead(Spool *spool, int64 nth, void *into, Size length);
extern void *SpoolGet(Spool *spool, int64 nth);
extern void SpoolReplace(Spool *spool, int64 nth, const void *record, Size length);
extern void SpoolTruncate(Spool *spool, int64 count);
extern void SpoolEnd(Spool *spool);

#endif
