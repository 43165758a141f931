/*
 * projection.c
 *		What a customer's entries add up to: promises and score.
 *
 * The same two steps as in the one way in, PromiseProject() and ScoreRevise(),
 * over the entries in their order.
 */
#include "postgres.h"

#include "verify/projection.h"

#include <math.h>

#include "utils/datum.h"
#include "utils/hsearch.h"

#include "ledger/chain_score.h"

static Row *
SaidPromise(const ProjectedPromise *folded)
{
	return folded->promise;
}

static bool *
PromiseStored(ProjectedPromise *folded)
{
	return &folded->stored;
}

const Projected projected_promise = {
	&promise_shape, PROMISE_CUSTOMER, PROMISE_PROMISE, SaidPromise, PromiseStored
};

static Row *
SaidSource(const ProjectedPromise *folded)
{
	return RowIsNull(folded->source, SOURCE_KEY) ? NULL : folded->source;
}

static bool *
SourceStored(ProjectedPromise *folded)
{
	return &folded->source_stored;
}

const Projected projected_source = {
	&source_shape, SOURCE_CUSTOMER, SOURCE_PROMISE, SaidSource, SourceStored
};

void
ProjectionBegin(Projection *projection, MemoryContext context, int64 half_life)
{
	HASHCTL		control = {0};

	control.keysize = sizeof(pg_uuid_t);
	control.entrysize = sizeof(ProjectedPromise);
	control.hcxt = context;
	projection->context = context;
	projection->promises = hash_create("folded promises", 16, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	projection->half_life = half_life;
	ScoreClear(&projection->score);
	ScoreClear(&projection->gross);
}

ProjectedPromise *
ProjectionFind(Projection *projection, const pg_uuid_t *promise)
{
	return hash_search(projection->promises, promise, HASH_FIND, NULL);
}

static ProjectedPromise *
FindOrStart(Projection *projection, const pg_uuid_t *promise)
{
	bool		found;
	ProjectedPromise	   *folded = hash_search(projection->promises, promise, HASH_ENTER, &found);

	if (!found)
	{
		MemoryContext previous = MemoryContextSwitchTo(projection->context);

		folded->promise = RowNew(&promise_shape);
		folded->source = RowNew(&source_shape);
		folded->stored = folded->source_stored = false;
		MemoryContextSwitchTo(previous);
	}
	return folded;
}

/* Values that came from this entry outlive it; what they replace goes, once nothing points there any more. */
static void
KeepValues(Projection *projection, Row *row, const Row *before)
{
	Datum		replaced[ROW_MAX_COLUMNS];
	int			count = 0;
	MemoryContext previous = MemoryContextSwitchTo(projection->context);

	for (int i = 0; i < row->shape->natts; i++)
	{
		int16		typlen;
		bool		typbyval;
		bool		taken = !row->nulls[i] && (before->nulls[i] || row->values[i] != before->values[i]);

		if (!taken && row->nulls[i] == before->nulls[i])
			continue;
		ColumnStorage(row->shape->columns[i].type, &typlen, &typbyval);
		if (typbyval)
			continue;
		if (taken)
			row->values[i] = datumCopy(row->values[i], typbyval, typlen);
		if (!before->nulls[i] && (taken || row->nulls[i]))
			replaced[count++] = before->values[i];
	}
	while (count > 0)
		pfree(DatumGetPointer(replaced[--count]));
	MemoryContextSwitchTo(previous);
}

static void
ProjectScore(Projection *projection, const Row *before, const Row *promise)
{
	Contribution was = PromiseContribution(before);
	Contribution is = PromiseContribution(promise);

	if (!ContributionChanged(&was, &is))
		return;
	ScoreRevise(&projection->score, &was, &is, projection->half_life);
	if (is.counts)
		ScoreAdd(&projection->gross, is.kept, is.broken, is.at, projection->half_life);
}

/* Which row the promise stands for, as far as the entry says so. */
static void
ProjectSource(Projection *projection, Row *source, const Row *entry)
{
	Datum		values[SOURCE_COLUMNS];
	bool		nulls[SOURCE_COLUMNS];
	Row			before = {&source_shape, values, nulls};

	memcpy(values, source->values, sizeof(values));
	memcpy(nulls, source->nulls, sizeof(nulls));
	if (SourceProject(source, entry))
		KeepValues(projection, source, &before);
}

/* Returns NULL, or why this entry, which belongs to a promise, cannot follow. */
const char *
ProjectEntry(Projection *projection, const Row *entry)
{
	ProjectedPromise	   *folded = FindOrStart(projection, DatumGetUUIDP(entry->values[ENTRY_PROMISE]));
	Datum		values[PROMISE_COLUMNS];
	bool		nulls[PROMISE_COLUMNS];
	Row			before = {&promise_shape, values, nulls};
	const char *problem;

	memcpy(values, folded->promise->values, sizeof(values));
	memcpy(nulls, folded->promise->nulls, sizeof(nulls));
	problem = PromiseProject(folded->promise, entry);
	ProjectScore(projection, &before, folded->promise);
	KeepValues(projection, folded->promise, &before);
	ProjectSource(projection, folded->source, entry);
	return problem;
}

static bool
SameScore(const TrustScore *a, const TrustScore *b, float8 rounding)
{
	if (ScoreIsEmpty(a) || ScoreIsEmpty(b))
		return ScoreIsEmpty(a) && ScoreIsEmpty(b);
	return a->as_of == b->as_of && a->half_life == b->half_life &&
		fabs(a->kept - b->kept) <= rounding && fabs(a->broken - b->broken) <= rounding;
}

/* Stored may be NULL.  To 1e-9 of the evidence folded: exp2() differs between C libraries in the last digits. */
bool
FoldedScoreIs(const Projection *projection, const TrustScore *stored)
{
	return stored && SameScore(&projection->score, stored, 1e-9 * (projection->gross.kept + projection->gross.broken));
}

/* Whether it is what it was with the half-life that it has, before the ledger's was set anew. */
bool
FoldedScoreWas(const Projection *projection, const TrustScore *stored)
{
	HASH_SEQ_STATUS all;
	ProjectedPromise	   *folded;
	TrustScore	score;

	if (stored == NULL || ScoreIsEmpty(stored) || stored->half_life == projection->half_life)
		return false;
	ScoreClear(&score);
	hash_seq_init(&all, projection->promises);
	while ((folded = hash_seq_search(&all)) != NULL)
	{
		Contribution contribution = PromiseContribution(folded->promise);

		if (contribution.counts)
			ScoreAdd(&score, contribution.kept, contribution.broken, contribution.at, stored->half_life);
	}
	return SameScore(&score, stored, 1e-9 * (score.kept + score.broken));
}
