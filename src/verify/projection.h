/*
 * projection.h
 *		A customer's promises, sources and score, computed from the entries.
 */
#ifndef TRUST_LEDGER_PROJECTION_H
#define TRUST_LEDGER_PROJECTION_H

#include "promise/promise.h"
#include "promise/promise_source.h"

typedef struct ProjectedPromise
{
	pg_uuid_t	id;				/* hash key */
	Row		   *promise;		/* the expected row of trust.promise */
	bool		promise_found;	/* set by callers that compare with the table */
	Row		   *source;			/* of trust.source; none is expected if its key is NULL */
	bool		source_found;	/* likewise */
} ProjectedPromise;

typedef struct Projection
{
	MemoryContext context;
	HTAB	   *promises;		/* of ProjectedPromise */
	int64		half_life;		/* microseconds */
	TrustScore	score;			/* as verdicts are revised, entry by entry */
	TrustScore	gross;			/* all evidence ever added: the scale of rounding errors */
} Projection;

/* How a table with a row per promise is compared with a projection. */
typedef struct ProjectedTable
{
	const RowShape *shape;
	int			customer;		/* column numbers */
	int			promise;
	Row		   *(*expected) (const ProjectedPromise *projected);	/* NULL: no row */
	bool	   *(*found) (ProjectedPromise *projected);
} ProjectedTable;

extern const ProjectedTable projected_promise;
extern const ProjectedTable projected_source;

/* Starts an empty projection.  It lives in that context. */
extern void ProjectionBegin(Projection *projection, MemoryContext context, int64 half_life);

/*
 * Applies the next entry, which must belong to a promise.  Returns NULL or, if the
 * entry is not valid in the promise's state, a finding's problem.
 */
extern const char *ProjectEntry(Projection *projection, const Row *entry);

/* NULL if no entry names that promise. */
extern ProjectedPromise *ProjectionFind(Projection *projection, const pg_uuid_t *promise);

/* Whether a stored score, which can be NULL, is the projection's, except for rounding. */
extern bool ScoreMatches(const Projection *projection, const TrustScore *stored);

/*
 * Whether a stored score would be right if the half-life were still the one that it
 * was computed with.  False if that is the projection's own half-life.
 */
extern bool ScoreMatchesOtherHalfLife(const Projection *projection, const TrustScore *stored);

#endif
