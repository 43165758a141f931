/*
 * act_group.c
 *		Collects acts on promises of one customer, and writes them together.
 */
#include "postgres.h"

#include "promise/act_group.h"

#include "promise/promise_source.h"

ActGroup *
ActGroupBegin(Chain *chain)
{
	HASHCTL		control = {
		.keysize = sizeof(pg_uuid_t), .entrysize = sizeof(HeldPromise), .hcxt = CurrentMemoryContext
	};
	ActGroup   *group = palloc0(sizeof(ActGroup));

	group->chain = chain;
	group->capacity = 8;
	group->acts = palloc(sizeof(LinkedAct) * group->capacity);
	group->pending = palloc(sizeof(Row *) * group->capacity);
	group->held = hash_create("trust_ledger promises held", 16, &control,
							  HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	return group;
}

HeldPromise *
ActGroupHoldNew(ActGroup *group, Datum promise)
{
	bool		found;
	HeldPromise *held = hash_search(group->held, DatumGetUUIDP(promise), HASH_ENTER, &found);

	if (found)
		elog(ERROR, "promise %s is made twice", PromiseName(held->promise));
	held->promise = RowNew(&promise_shape);
	held->source = RowNew(&source_shape);
	held->stored = held->source_stored = held->source_changed = false;
	return held;
}

HeldPromise *
ActGroupHold(ActGroup *group, Datum promise)
{
	HeldPromise *held = hash_search(group->held, DatumGetUUIDP(promise), HASH_FIND, NULL);
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

void
ActGroupAdd(ActGroup *group, const LinkedAct *act)
{
	if (group->count == group->capacity)
	{
		group->capacity *= 2;
		group->acts = repalloc_huge(group->acts, sizeof(LinkedAct) * group->capacity);
		group->pending = repalloc_huge(group->pending, sizeof(Row *) * group->capacity);
	}
	group->acts[group->count++] = *act;
	if (act->makes)
		group->pending[group->pending_count++] = act->promise;
	else
		group->changed = true;
}

static void
StoreSources(const LinkedAct *acts, int count)
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
ResetWritten(ActGroup *group)
{
	for (int i = 0; i < group->count; i++)
		group->acts[i].held->stored = true;
	group->count = group->pending_count = 0;
	group->sums = NULL;
	group->changed = false;
}

void
ActGroupsWrite(ActGroup *const *groups, int count)
{
	LinkedAct  *acts;
	Size		all = 0;
	Size		taken = 0;

	for (int i = 0; i < count; i++)
		all += groups[i]->count;
	if (all == 0)
		return;
	acts = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(LinkedAct) * all);
	for (int i = 0; i < count; i++)
	{
		memcpy(acts + taken, groups[i]->acts, sizeof(LinkedAct) * groups[i]->count);
		taken += groups[i]->count;
	}
	LinkedActsWrite(acts, all);
	StoreSources(acts, all);
	for (int i = 0; i < count; i++)
		ResetWritten(groups[i]);
	pfree(acts);
}

void
ActGroupWrite(ActGroup *group)
{
	ActGroupsWrite(&group, 1);
}
