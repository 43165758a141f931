/*
 * savepoint_marks.c
 *		Values of a counter before each open savepoint changed it.
 */
#include "postgres.h"

#include "base/savepoint_marks.h"

#include "access/xact.h"
#include "utils/memutils.h"

void
MarkBefore(Marks *marks, int64 before, MemoryContext context)
{
	SubTransactionId now = GetCurrentSubTransactionId();

	if (marks->count > 0 && marks->marks[marks->count - 1].savepoint == now)
		return;
	if (marks->count == marks->capacity)
	{
		int			capacity = Max(8, 2 * marks->capacity);

		marks->marks = marks->marks ? repalloc(marks->marks, sizeof(Mark) * capacity) :
			MemoryContextAlloc(context, sizeof(Mark) * capacity);
		marks->capacity = capacity;
	}
	marks->marks[marks->count++] = (Mark) {now, before};
}

int64
MarksRolledBack(Marks *marks, SubTransactionId savepoint, int64 now)
{
	while (marks->count > 0 && marks->marks[marks->count - 1].savepoint >= savepoint)
		now = marks->marks[--marks->count].before;
	return now;
}

void
MarksReleased(Marks *marks, SubTransactionId savepoint, SubTransactionId parent)
{
	int			last = marks->count - 1;

	if (last < 0 || marks->marks[last].savepoint < savepoint)
		return;
	if (last > 0 && marks->marks[last - 1].savepoint == parent)
		marks->count--;
	else
		marks->marks[last].savepoint = parent;
}
