/*
 * act_group.c
 *		Acts upon the promises of one customer that are written together.
 *
 * Row by row in one transaction is quadratic, since the chain's dead versions
 * cannot be pruned: so acts are tied one after the other, each upon what those
 * before it left, and written in one go.
 */
#include "postgres.h"

#include "promise/act_group.h"

#include "promise/promise_source.h"

/* In the current memory context, which must last until all is written. */
ActGroup *
ActGroupBegin(Chain *chain)
{
	HASHCTL		control = {.keysize = sizeof(pg_uuid_t), .entrysize = sizeof(HeldPromise), .hcxt = CurrentMemoryContext};
	ActGroup   *group = palloc0(sizeof(ActGroup));

	group->chain = chain;
	group->capacity = 8;
	group->acts = palloc(sizeof(TiedAct) * group->capacity);
	group->pending = palloc(sizeof(Row *) * group->capacity);
	group->held = hash_create("trust_ledger promises held", 16, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	return group;
}

/* A promise that is to be made. */
HeldPromise *
ActGroupHoldNew(ActGroup *group, Datum promise)
{
	bool		found;
	HeldPromise	   *held = hash_search(group->held, DatumGetUUIDP(promise), HASH_ENTER, &found);

	if (found)
		elog(ERROR, "promise %s is made twice", PromiseName(held->promise));
	held->promise = RowNew(&promise_shape);
	held->source = RowNew(&source_shape);
	held->stored = held->source_stored = held->source_changed = false;
	return held;
}

/* The promise as the acts before leave it. */
HeldPromise *
ActGroupHold(ActGroup *group, Datum promise)
{
	HeldPromise	   *held = hash_search(group->held, DatumGetUUIDP(promise), HASH_FIND, NULL);
	Row		   *stored;
	Row		   *source;

	if (held)
		return held;
	stored = PromiseRead(group->chain, promise, false);
	source = SourceRead(PointerGetDatum(group->chain->customer), promise);
	held = ActGroupHoldNew(group, promise);
	held->promise = stored;
	held->stored = true;
	held->source_stored = source != NULL;
	if (source)
		held->source = source;
	return held;
}

/* An act that was tied to the chain. */
void
ActGroupAdd(ActGroup *group, const TiedAct *act)
{
	if (group->count == group->capacity)
	{
		group->capacity *= 2;
		group->acts = repalloc_huge(group->acts, sizeof(TiedAct) * group->capacity);
		group->pending = repalloc_huge(group->pending, sizeof(Row *) * group->capacity);
	}
	group->acts[group->count++] = *act;
	if (act->makes)
		group->pending[group->pending_count++] = act->promise;
	else
		group->changed = true;
}

static void
StoreSources(const TiedAct *acts, int count)
{
	const Row **sources = palloc(sizeof(Row *) * count);
	int			made = 0;

	for (int i = 0; i < count; i++)
	{
		HeldPromise *held = acts[i].held;

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
IsWritten(ActGroup *group)
{
	for (int i = 0; i < group->count; i++)
		group->acts[i].held->stored = true;
	group->count = group->pending_count = 0;
	group->sums = NULL;
	group->changed = false;
}

/* Writes what was tied since the last time, of several customers at once. */
void
ActGroupsWrite(ActGroup *const *groups, int count)
{
	TiedAct    *acts;
	Size		all = 0;
	Size		taken = 0;

	for (int i = 0; i < count; i++)
		all += groups[i]->count;
	if (all == 0)
		return;
	acts = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(TiedAct) * all);
	for (int i = 0; i < count; i++)
	{
		memcpy(acts + taken, groups[i]->acts, sizeof(TiedAct) * groups[i]->count);
		taken += groups[i]->count;
	}
	TiedActsWrite(acts, all);
	StoreSources(acts, all);
	for (int i = 0; i < count; i++)
		IsWritten(groups[i]);
	pfree(acts);
}

void
ActGroupWrite(ActGroup *group)
{
	ActGroupsWrite(&group, 1);
}
