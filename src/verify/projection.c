/*
 * projection.c
 *		A customer's promises, sources and score, computed from the entries.
 *
 * Applies PromiseProject(), SourceProject() and ScoreRevise() to the entries in
 * their order, as the functions that append entries do.
 */
#include "postgres.h"

#include "verify/projection.h"

#include <math.h>

#include "utils/datum.h"
#include "utils/hsearch.h"

#include "ledger/chain_score.h"
#include "promise/promise_projection.h"

static Row *
ExpectedPromise(const ProjectedPromise *projected)
{
	return projected->promise;
}

static bool *
PromiseFound(ProjectedPromise *projected)
{
	return &projected->promise_found;
}

const ProjectedTable projected_promise = {
	&promise_shape, PROMISE_CUSTOMER, PROMISE_PROMISE, ExpectedPromise, PromiseFound
};

static Row *
ExpectedSource(const ProjectedPromise *projected)
{
	return RowIsNull(projected->source, SOURCE_KEY) ? NULL : projected->source;
}

static bool *
SourceFound(ProjectedPromise *projected)
{
	return &projected->source_found;
}

const ProjectedTable projected_source = {
	&source_shape, SOURCE_CUSTOMER, SOURCE_PROMISE, ExpectedSource, SourceFound
};

void
ProjectionBegin(Projection *projection, MemoryContext context, int64 half_life)
{
	HASHCTL		control = {0};

	control.keysize = sizeof(pg_uuid_t);
	control.entrysize = sizeof(ProjectedPromise);
	control.hcxt = context;
	projection->context = context;
	projection->promises = hash_create("trust_ledger projected promises", 16, &control,
									   HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
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
FindOrCreate(Projection *projection, const pg_uuid_t *promise)
{
	bool		found;
	ProjectedPromise *projected =
		hash_search(projection->promises, promise, HASH_ENTER, &found);

	if (!found)
	{
		MemoryContext previous = MemoryContextSwitchTo(projection->context);

		projected->promise = RowNew(&promise_shape);
		projected->source = RowNew(&source_shape);
		projected->promise_found = projected->source_found = false;
		MemoryContextSwitchTo(previous);
	}
	return projected;
}

/*
 * Copies values that point into the entry, which is freed before the row, and then
 * frees the values that they replace.  A new value can point to an old one of
 * another column, so nothing is freed before all are copied.
 */
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
		bool		changed = !row->nulls[i] &&
			(before->nulls[i] || row->values[i] != before->values[i]);

		if (!changed && row->nulls[i] == before->nulls[i])
			continue;
		ColumnStorage(row->shape->columns[i].type, &typlen, &typbyval);
		if (typbyval)
			continue;
		if (changed)
			row->values[i] = datumCopy(row->values[i], typbyval, typlen);
		if (!before->nulls[i] && (changed || row->nulls[i]))
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
	ScoreAddContribution(&projection->gross, &is, projection->half_life);
}

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

const char *
ProjectEntry(Projection *projection, const Row *entry)
{
	ProjectedPromise *projected =
		FindOrCreate(projection, DatumGetUUIDP(entry->values[ENTRY_PROMISE]));
	Datum		values[PROMISE_COLUMNS];
	bool		nulls[PROMISE_COLUMNS];
	Row			before = {&promise_shape, values, nulls};
	const char *problem;

	memcpy(values, projected->promise->values, sizeof(values));
	memcpy(nulls, projected->promise->nulls, sizeof(nulls));
	problem = PromiseProject(projected->promise, entry);
	ProjectScore(projection, &before, projected->promise);
	KeepValues(projection, projected->promise, &before);
	ProjectSource(projection, projected->source, entry);
	return problem;
}

static bool
SameScore(const TrustScore *a, const TrustScore *b, const TrustScore *gross)
{
	/* exp2() rounds differently in different C libraries */
	float8		tolerance = 1e-9 * (gross->kept + gross->broken);

	if (ScoreIsEmpty(a) || ScoreIsEmpty(b))
		return ScoreIsEmpty(a) && ScoreIsEmpty(b);
	return a->as_of == b->as_of && a->half_life == b->half_life &&
		fabs(a->kept - b->kept) <= tolerance && fabs(a->broken - b->broken) <= tolerance;
}

bool
ScoreMatches(const Projection *projection, const TrustScore *stored)
{
	return stored && SameScore(&projection->score, stored, &projection->gross);
}

bool
ScoreMatchesOtherHalfLife(const Projection *projection, const TrustScore *stored)
{
	HASH_SEQ_STATUS all;
	ProjectedPromise *projected;
	TrustScore	score;

	if (stored == NULL || ScoreIsEmpty(stored) || stored->half_life == projection->half_life)
		return false;
	ScoreClear(&score);
	hash_seq_init(&all, projection->promises);
	while ((projected = hash_seq_search(&all)) != NULL)
	{
		Contribution contribution = PromiseContribution(projected->promise);

		ScoreAddContribution(&score, &contribution, stored->half_life);
	}
	return SameScore(&score, stored, &score);
}
