/*
 * spot.c
 *		Rows that change, and the promises that they stand for as the changes so far leave them.
 *
 * A row's promise is found by the row's key, which the change may give it anew.
 */
#include "postgres.h"

#include "spot.h"

#include "utils/builtins.h"

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
} Tell;

static void
TellSpot(void *arg, const char *key, const char *name, const Place *place)
{
	Tell	   *tell = arg;

	Settle(SpotAt(tell->spots, tell->source, key, name), place);
}

/* All rows of the source from that change on, as far as one statement takes them; done: how many changes those are. */
static int
LookUpSome(HTAB *spots, TrackedChange *const *changes, int count)
{
	Datum	   *keys = palloc(sizeof(Datum) * Min(2 * count, KEYS_AT_ONCE + 1));
	Tell		tell = {spots, changes[0]->source};
	int			done = 0;
	int			wanted = 0;

	for (; done < count && wanted < KEYS_AT_ONCE && strcmp(changes[done]->source, tell.source) == 0; done++)
	{
		keys[wanted++] = CStringGetTextDatum(changes[done]->key);
		if (changes[done]->old_key)
			keys[wanted++] = CStringGetTextDatum(changes[done]->old_key);
	}
	SourceFindMany(tell.source, keys, wanted, TellSpot, &tell);
	pfree(keys);
	return done;
}

/* All that the changes are about, where they are more than a few. */
void
SpotsLookUp(HTAB *spots, TrackedChange *const *changes, int count)
{
	if (count <= FEW_CHANGES)
		return;
	for (int i = 0; i < count;)
		i += LookUpSome(spots, changes + i, count - i);
	for (int i = 0; i < count; i++)
	{
		SpotOf(spots, changes[i], changes[i]->key)->known = true;
		if (changes[i]->old_key)
			SpotOf(spots, changes[i], changes[i]->old_key)->known = true;
	}
}
