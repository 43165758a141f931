/*
 * projection.h
 *		What a customer's entries add up to: promises and score.
 */
#ifndef TRUST_LEDGER_PROJECTION_H
#define TRUST_LEDGER_PROJECTION_H

#include "promise/promise.h"
#include "promise/promise_source.h"

typedef struct ProjectedPromise
{
	pg_uuid_t	id;				/* the key */
	Row		   *promise;
	bool		stored;			/* trust.promise has it */
	Row		   *source;			/* the row that it stands for; no key: none */
	bool		source_stored;	/* trust.source has it */
} ProjectedPromise;

typedef struct Projection
{
	MemoryContext context;
	HTAB	   *promises;
	int64		half_life;
	TrustScore	score;
	TrustScore	gross;			/* all evidence that ever came in: what rounding is measured by */
} Projection;

/* A table that has a row per promise. */
typedef struct Projected
{
	const RowShape *shape;
	int			customer;		/* columns of it */
	int			promise;
	Row		   *(*said) (const ProjectedPromise *folded);	/* what the entries add up to; NULL: no row */
	bool	   *(*stored) (ProjectedPromise *folded);	/* whether the table has it */
} Projected;

extern const Projected projected_promise;
extern const Projected projected_source;

extern void ProjectionBegin(Projection *projection, MemoryContext context, int64 half_life);
extern const char *ProjectEntry(Projection *projection, const Row *entry);
extern ProjectedPromise *ProjectionFind(Projection *projection, const pg_uuid_t *promise);
extern bool FoldedScoreIs(const Projection *projection, const TrustScore *stored);
extern bool FoldedScoreWas(const Projection *projection, const TrustScore *stored);

#endif
