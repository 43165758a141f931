/*
 * mapping_cache.c
 *		Keeps the mappings of triggers until a relation cache entry changes.
 */
#include "postgres.h"

#include "tracking/mapping_cache.h"

#include "utils/inval.h"
#include "utils/memutils.h"

#include "ledger/ledger.h"

typedef struct CachedMapping
{
	Oid			trigger;		/* hash key */
	Mapping    *mapping;		/* from MappingRead(); NULL if it was not read */
	Mapping    *names;			/* from MappingReadNames(); NULL if it was not read */
} CachedMapping;

/*
 * Lives as long as the backend.  A nested call may replace the whole cache; mappings that
 * are in use are pinned.
 */
static struct
{
	MemoryContext context;		/* NULL: the cache does not exist */
	HTAB	   *mappings;
	uint64		generation;		/* LedgerGeneration() when the cache was created */
}			cache = {0};

static void
ForgetAll(void)
{
	HASH_SEQ_STATUS scan;
	CachedMapping *entry;

	hash_seq_init(&scan, cache.mappings);
	while ((entry = hash_seq_search(&scan)) != NULL)
	{
		if (entry->mapping)
			MappingForget(entry->mapping);
		if (entry->names)
			MappingForget(entry->names);
	}
	MemoryContextDelete(cache.context);
}

/* Called after any relcache invalidation; that also removes mappings of dropped triggers. */
static void
ResetCache(void)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "trust_ledger mappings",
												  ALLOCSET_SMALL_SIZES);
	HASHCTL		control = {
		.keysize = sizeof(Oid), .entrysize = sizeof(CachedMapping), .hcxt = context
	};
	HTAB	   *mappings = hash_create("trust_ledger mappings", 16, &control,
									   HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);

	MemoryContextSetParent(context, CacheMemoryContext);
	if (cache.context)
		ForgetAll();
	cache.context = context;
	cache.mappings = mappings;
	cache.generation = LedgerGeneration();
}

static CachedMapping *
LookUpMapping(const Trigger *trigger)
{
	CachedMapping *entry;
	bool		found;

	if (cache.context == NULL || cache.generation != LedgerGeneration())
		ResetCache();
	entry = hash_search(cache.mappings, &trigger->tgoid, HASH_ENTER, &found);
	if (!found)
		entry->mapping = entry->names = NULL;
	return entry;
}

Mapping *
MappingCached(const Trigger *trigger)
{
	CachedMapping *entry = LookUpMapping(trigger);

	if (entry->mapping)
		MappingPin(entry->mapping, CurrentMemoryContext);
	return entry->mapping;
}

Mapping *
MappingOfTrigger(Relation rel, const Trigger *trigger)
{
	CachedMapping *entry = LookUpMapping(trigger);

	if (entry->mapping == NULL)
		entry->mapping = MappingRead(rel, trigger, CacheMemoryContext);
	MappingPin(entry->mapping, CurrentMemoryContext);
	return entry->mapping;
}

Mapping *
NamesOfTrigger(Relation rel, const Trigger *trigger)
{
	CachedMapping *entry = LookUpMapping(trigger);

	if (entry->names == NULL)
		entry->names = MappingReadNames(rel, trigger, CacheMemoryContext);
	MappingPin(entry->names, CurrentMemoryContext);
	return entry->names;
}
