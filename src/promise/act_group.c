/*
 * act_group.c
 *		Acts upon the promises of one customer that are written together.
 *
 * Row by row in one transaction is quadratic, since the chain's dead versions
 * cannot be pruned: so acts are tied one after the other, each upon what those
 * before it left, and written in one go.
 */
#include "postgres.h"

#include "promise/promise_act.h"

#include "promise/promise_source.h"

/* In the current memory context, which must last until all is written. */
Together *
TogetherBegin(Chain *chain)
{
	HASHCTL		control = {.keysize = sizeof(pg_uuid_t), .entrysize = sizeof(Held), .hcxt = CurrentMemoryContext};
	Together   *together = palloc0(sizeof(Together));

	together->chain = chain;
	together->capacity = 8;
	together->acts = palloc(sizeof(PromiseAct *) * together->capacity);
	together->pending = palloc(sizeof(Row *) * together->capacity);
	together->held = hash_create("trust_ledger promises held", 16, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	return together;
}

/* A promise that is to be made. */
Held *
TogetherHoldNew(Together *together, Datum promise)
{
	bool		found;
	Held	   *held = hash_search(together->held, DatumGetUUIDP(promise), HASH_ENTER, &found);

	if (found)
		elog(ERROR, "promise %s is made twice", PromiseName(held->promise));
	held->promise = RowNew(&promise_shape);
	held->source = RowNew(&source_shape);
	held->stored = held->source_stored = held->source_changed = false;
	return held;
}

/* The promise as the acts before leave it. */
Held *
TogetherHold(Together *together, Datum promise)
{
	Held	   *held = hash_search(together->held, DatumGetUUIDP(promise), HASH_FIND, NULL);
	Row		   *stored;
	Row		   *source;

	if (held)
		return held;
	stored = PromiseRead(together->chain, promise, false);
	source = SourceRead(PointerGetDatum(together->chain->customer), promise);
	held = TogetherHoldNew(together, promise);
	held->promise = stored;
	held->stored = true;
	held->source_stored = source != NULL;
	if (source)
		held->source = source;
	return held;
}

/* An act that was tied to the chain. */
void
TogetherAdd(PromiseAct *pa)
{
	Together   *together = pa->together;

	if (together->count == together->capacity)
	{
		together->capacity *= 2;
		together->acts = repalloc_huge(together->acts, sizeof(PromiseAct *) * together->capacity);
		together->pending = repalloc_huge(together->pending, sizeof(Row *) * together->capacity);
	}
	together->acts[together->count++] = pa;
	if (pa->event == EVENT_MADE)
		together->pending[together->pending_count++] = pa->promise;
	else
		together->changed = true;
}

static void
StoreSources(PromiseAct *const *acts, int count)
{
	const Row **sources = palloc(sizeof(Row *) * count);
	int			made = 0;

	for (int i = 0; i < count; i++)
	{
		Held	   *held = acts[i]->held;

		if (!held->source_changed)
			continue;
		if (held->source_stored)
			SourceUpdate(held->source);
		else
			sources[made++] = held->source;
		held->source_stored = true;
		held->source_changed = false;
	}
	SourcesInsert(sources, made);
	pfree(sources);
}

static void
IsWritten(Together *together)
{
	for (int i = 0; i < together->count; i++)
		together->acts[i]->held->stored = true;
	together->count = together->pending_count = 0;
	together->sums = NULL;
	together->changed = false;
}

/* Writes what was tied since the last time, of several customers at once. */
void
TogethersWrite(Together *const *togethers, int count)
{
	PromiseAct **acts;
	Size		all = 0;
	Size		taken = 0;

	for (int i = 0; i < count; i++)
		all += togethers[i]->count;
	if (all == 0)
		return;
	acts = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(PromiseAct *) * all);
	for (int i = 0; i < count; i++)
	{
		memcpy(acts + taken, togethers[i]->acts, sizeof(PromiseAct *) * togethers[i]->count);
		taken += togethers[i]->count;
	}
	PromisesAppend(acts, all);
	StoreSources(acts, all);
	for (int i = 0; i < count; i++)
		IsWritten(togethers[i]);
	pfree(acts);
}

void
TogetherWrite(Together *together)
{
	TogethersWrite(&together, 1);
}
