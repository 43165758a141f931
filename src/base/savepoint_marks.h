/*
 * savepoint_marks.h
 *		Values of a counter before each open savepoint changed it.
 */
#ifndef TRUST_LEDGER_SAVEPOINT_MARKS_H
#define TRUST_LEDGER_SAVEPOINT_MARKS_H

#include "postgres.h"

typedef struct Mark
{
	SubTransactionId savepoint;
	int64		before;
} Mark;

/* A stack, with the innermost savepoint on top. */
typedef struct Marks
{
	Mark	   *marks;
	int			count;
	int			capacity;
} Marks;

/* Called before the counter changes; marks are allocated in the context. */
extern void MarkBefore(Marks *marks, int64 before, MemoryContext context);

/*
 * Returns the value to which rolling back the savepoint resets the counter.  Savepoints
 * nested in it have higher numbers.
 */
extern int64 MarksRolledBack(Marks *marks, SubTransactionId savepoint, int64 now);

extern void MarksReleased(Marks *marks, SubTransactionId savepoint, SubTransactionId parent);

#endif
