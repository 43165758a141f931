/*
 * spool.c
 *		A sequence of records, kept in a temporary file beyond work_mem.
 *
 * Unlike a tuplestore, it can be truncated, which rolling back to a savepoint needs.  If a
 * function fails, the spool stays as it was.
 */
#include "postgres.h"

#include "tracking/spool.h"

#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

#define FIRST_CAPACITY 1024

static int64
EndOfSpool(const Spool *spool)
{
	return spool->filed + spool->used;
}

static Size
RecordLength(const Spool *spool, int64 nth)
{
	int64		end = nth + 1 < spool->count ? spool->starts[nth + 1] : EndOfSpool(spool);

	return end - spool->starts[nth];
}

/* The file belongs to the top transaction, since it may outlive the subtransaction. */
static BufFile *
CreateFile(Spool *spool)
{
	ResourceOwner owner = CurrentResourceOwner;
	MemoryContext previous = MemoryContextSwitchTo(spool->context);
	BufFile    *file;

	PG_TRY();
	{
		CurrentResourceOwner = TopTransactionResourceOwner;
		file = BufFileCreateTemp(false);
	}
	PG_FINALLY();
	{
		CurrentResourceOwner = owner;
	}
	PG_END_TRY();
	MemoryContextSwitchTo(previous);
	return file;
}

static void
SeekFile(Spool *spool, int64 place)
{
	if (BufFileSeek(spool->file, 0, place, SEEK_SET) != 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not seek in temporary file of pending changes")));
}

/* Moves the records in memory to the file. */
static void
Spill(Spool *spool)
{
	if (spool->file == NULL)
		spool->file = CreateFile(spool);
	SeekFile(spool, spool->filed);
	BufFileWrite(spool->file, spool->memory, spool->used);
	spool->filed += spool->used;
	spool->used = 0;
}

static void
Reserve(Spool *spool, Size length)
{
	if (spool->used > 0 && spool->used + length > work_mem * (Size) 1024)
		Spill(spool);
	if (spool->used + length > spool->capacity)
	{
		Size		capacity = Max(Max(FIRST_CAPACITY, 2 * spool->capacity), spool->used + length);

		spool->memory = spool->memory ? repalloc_huge(spool->memory, capacity) :
			MemoryContextAllocHuge(spool->context, capacity);
		spool->capacity = capacity;
	}
	if (spool->count == spool->starts_capacity)
	{
		int64		capacity = Max(16, 2 * spool->starts_capacity);

		spool->starts = spool->starts ? repalloc_huge(spool->starts, sizeof(int64) * capacity) :
			MemoryContextAlloc(spool->context, sizeof(int64) * capacity);
		spool->starts_capacity = capacity;
	}
}

void
SpoolAdd(Spool *spool, const void *record, Size length)
{
	Reserve(spool, length);
	memcpy(spool->memory + spool->used, record, length);
	spool->starts[spool->count++] = EndOfSpool(spool);
	spool->used += length;
}

static void
ReadFile(Spool *spool, void *record, Size length)
{
#if PG_VERSION_NUM >= 160000
	BufFileReadExact(spool->file, record, length);
#else
	if (BufFileRead(spool->file, record, length) != length)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not read from temporary file of pending changes")));
#endif
}

void
SpoolRead(Spool *spool, int64 nth, void *into, Size length)
{
	Assert(nth >= 0 && nth < spool->count && length <= RecordLength(spool, nth));
	if (spool->starts[nth] >= spool->filed)
		memcpy(into, spool->memory + (spool->starts[nth] - spool->filed), length);
	else
	{
		SeekFile(spool, spool->starts[nth]);
		ReadFile(spool, into, length);
	}
}

void *
SpoolGet(Spool *spool, int64 nth)
{
	Size		length = RecordLength(spool, nth);
	void	   *record = MemoryContextAllocHuge(CurrentMemoryContext, length);

	SpoolRead(spool, nth, record, length);
	return record;
}

void
SpoolReplace(Spool *spool, int64 nth, const void *record, Size length)
{
	Assert(length == RecordLength(spool, nth));
	if (spool->starts[nth] >= spool->filed)
		memcpy(spool->memory + (spool->starts[nth] - spool->filed), record, length);
	else
	{
		SeekFile(spool, spool->starts[nth]);
		BufFileWrite(spool->file, unconstify(void *, record), length);
	}
}

void
SpoolTruncate(Spool *spool, int64 count)
{
	int64		end;

	if (count >= spool->count)
		return;
	end = spool->starts[count];
	spool->count = count;
	spool->used = Max(end - spool->filed, 0);
	spool->filed = Min(spool->filed, end);
}

void
SpoolEnd(Spool *spool)
{
	if (spool->file)
		BufFileClose(spool->file);
	memset(spool, 0, sizeof(Spool));
}
