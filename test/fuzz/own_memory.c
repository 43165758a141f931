/*
 * own_memory.c
 *		palloc() by malloc(), a piece each, for the files that are fuzzed: so that
 *		AddressSanitizer sees where a piece ends.  The server keeps its own.
 */
#include "fuzz.h"

#include <dlfcn.h>

#include "utils/memutils.h"

#define MOST_PIECES 100000

/* What goes with the input, and what stays. */
typedef struct Pieces
{
	void	   *piece[MOST_PIECES];
	int			count;
} Pieces;

static Pieces passing;
static Pieces lasting;

static void *
Keep(Pieces *pieces, void *piece)
{
	Check(piece != NULL && pieces->count < MOST_PIECES, "more memory than there is room for");
	return pieces->piece[pieces->count++] = piece;
}

static bool
Forget(Pieces *pieces, void *piece)
{
	for (int i = pieces->count - 1; i >= 0; i--)
		if (pieces->piece[i] == piece)
		{
			pieces->piece[i] = pieces->piece[--pieces->count];
			return true;
		}
	return false;
}

static void *
Piece(size_t size)
{
	return Keep(&passing, malloc(size ? size : 1));
}

void *
palloc(Size size)
{
	return Piece(size);
}

void *
palloc0(Size size)
{
	return memset(Piece(size), 0, size);
}

char *
pstrdup(const char *text)
{
	return memcpy(Piece(strlen(text) + 1), text, strlen(text) + 1);
}

void *
MemoryContextAllocHuge(MemoryContext context, Size size)
{
	(void) context;
	return Keep(&lasting, malloc(size));
}

void *
repalloc_huge(void *pointer, Size size)
{
	Check(Forget(&lasting, pointer), "repalloc of what is not there");
	return Keep(&lasting, realloc(pointer, size));
}

/* One of ours, or one that the server gave us. */
void
pfree(void *pointer)
{
	static void (*servers_own) (void *) = NULL;

	if (Forget(&passing, pointer) || Forget(&lasting, pointer))
	{
		free(pointer);
		return;
	}
	if (servers_own == NULL)
		servers_own = (void (*) (void *)) dlsym(RTLD_DEFAULT, "pfree");
	servers_own(pointer);
}

void
OwnMemoryFree(void)
{
	while (passing.count > 0)
		free(passing.piece[--passing.count]);
}
