/*
 * row_state.c
 *		Rows that change, and the promises that they stand for as the changes so far leave them.
 *
 * A row's promise is found by the row's key, which the change may give it anew.
 */
#include "postgres.h"

#include "tracking/row_state.h"

#include "utils/builtins.h"
#include "utils/memutils.h"

/* In the current memory context. */
HTAB *
SpotsBegin(void)
{
	HASHCTL		control = {.keysize = HASH_SIZE, .entrysize = sizeof(Spot), .hcxt = CurrentMemoryContext};

	return hash_create("trust_ledger rows", 64, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

static Spot *
SpotAt(HTAB *spots, const char *source, const char *key, const char *name)
{
	/* The session's, and only for this call: nothing in it calls anybody's code. */
	static CanonicalBytes bytes;
	uint8		id[HASH_SIZE];
	bool		found;
	Spot	   *spot;

	CanonicalReset(&bytes);
	CanonicalField(&bytes, source, strlen(source));
	CanonicalField(&bytes, key, strlen(key));
	CanonicalField(&bytes, name, strlen(name));
	if (!Sha256(bytes.data, bytes.length, id))
		CryptoFailed();
	spot = hash_search(spots, id, HASH_ENTER, &found);
	if (!found)
	{
		spot->known = spot->live = spot->put_again = false;
		spot->last_insert = -1;
		spot->seen = -1;
		spot->early = NIL;
	}
	return spot;
}

/* The row that has or had that key. */
Spot *
SpotOf(HTAB *spots, const TrackedChange *change, const char *key)
{
	return SpotAt(spots, change->source, key, change->name);
}

static void
Settle(Spot *spot, const Place *place)
{
	spot->live = true;
	spot->customer = text_to_cstring(place->customer);
	spot->promise = place->promise;
	spot->state = place->state;
	spot->seen = place->length;
}

static void
LookUp(Spot *spot, const TrackedChange *change, const char *key)
{
	Place		place;

	if (!spot->known && SourceFind(change->source, key, change->name, &place))
		Settle(spot, &place);
	spot->known = true;
}

/* The spot of the change's row; with another key it takes its promise along. */
Spot *
SpotOfChange(HTAB *spots, const TrackedChange *change)
{
	Spot	   *spot = SpotOf(spots, change, change->key);
	Spot	   *old;

	if (change->old_key == NULL)
	{
		LookUp(spot, change, change->key);
		return spot;
	}
	old = SpotOf(spots, change, change->old_key);
	LookUp(old, change, change->old_key);
	spot->put_again = change->operation == ROW_INSERT;
	if (old->live)
	{
		spot->known = spot->live = true;
		spot->customer = old->customer;
		spot->promise = old->promise;
		spot->state = old->state;
		spot->seen = old->seen;
		old->live = false;
	}
	else
		LookUp(spot, change, change->key);
	return spot;
}

/* ---- many at once ---- */

#define FEW_CHANGES 4			/* are looked up one by one */
#define KEYS_AT_ONCE 10000

typedef struct Tell
{
	HTAB	   *spots;
	const char *source;
	MemoryContext context;		/* where spots live */
} Tell;

static void
TellSpot(void *arg, const char *key, const char *name, const Place *place)
{
	Tell	   *tell = arg;
	MemoryContext previous = MemoryContextSwitchTo(tell->context);

	Settle(SpotAt(tell->spots, tell->source, key, name), place);
	MemoryContextSwitchTo(previous);
}

/* All rows of the source from that change on, as far as one statement takes them; returns how many changes those are. */
static int
LookUpSome(HTAB *spots, const Changes *changes, int first)
{
	MemoryContext outer = CurrentMemoryContext;
	MemoryContext scratch = AllocSetContextCreate(outer, "trust_ledger keys", ALLOCSET_DEFAULT_SIZES);
	Datum	   *keys = MemoryContextAlloc(scratch, sizeof(Datum) * (KEYS_AT_ONCE + 1));
	Tell		tell = {spots, NULL, outer};
	int			next;
	int			wanted = 0;

	MemoryContextSwitchTo(scratch);
	for (next = first; next < changes->count && wanted < KEYS_AT_ONCE; next++)
	{
		const TrackedChange *change = ChangesGet(changes, next);

		if (tell.source == NULL)
			tell.source = change->source;
		if (strcmp(change->source, tell.source) != 0)
			break;
		SpotOf(spots, change, change->key)->known = true;
		keys[wanted++] = CStringGetTextDatum(change->key);
		if (change->old_key == NULL)
			continue;
		SpotOf(spots, change, change->old_key)->known = true;
		keys[wanted++] = CStringGetTextDatum(change->old_key);
	}
	SourceFindMany(tell.source, keys, wanted, TellSpot, &tell);
	MemoryContextSwitchTo(outer);
	MemoryContextDelete(scratch);
	return next - first;
}

/* All that the changes are about, where they are more than a few. */
void
SpotsLookUp(HTAB *spots, const Changes *changes)
{
	if (changes->count <= FEW_CHANGES)
		return;
	for (int i = 0; i < changes->count;)
		i += LookUpSome(spots, changes, i);
}
