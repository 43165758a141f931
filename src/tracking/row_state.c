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
RowStatesBegin(void)
{
	HASHCTL		control = {.keysize = HASH_SIZE, .entrysize = sizeof(RowState), .hcxt = CurrentMemoryContext};

	return hash_create("trust_ledger rows", 64, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

static RowState *
RowStateAt(HTAB *row_states, const char *source, const char *key, const char *name)
{
	/* The session's, and only for this call: nothing in it calls anybody's code. */
	static CanonicalBytes bytes;
	uint8		id[HASH_SIZE];
	bool		found;
	RowState	   *row_state;

	CanonicalReset(&bytes);
	CanonicalField(&bytes, source, strlen(source));
	CanonicalField(&bytes, key, strlen(key));
	CanonicalField(&bytes, name, strlen(name));
	if (!Sha256(bytes.data, bytes.length, id))
		CryptoFailed();
	row_state = hash_search(row_states, id, HASH_ENTER, &found);
	if (!found)
	{
		row_state->known = row_state->live = row_state->put_again = false;
		row_state->last_insert = -1;
		row_state->seen = -1;
		row_state->early = NIL;
	}
	return row_state;
}

/* The row that has or had that key. */
RowState *
RowStateOf(HTAB *row_states, const TrackedChange *change, const char *key)
{
	return RowStateAt(row_states, change->source, key, change->name);
}

static void
Settle(RowState *row_state, const Place *place)
{
	row_state->live = true;
	row_state->customer = text_to_cstring(place->customer);
	row_state->promise = place->promise;
	row_state->state = place->state;
	row_state->seen = place->length;
}

static void
LookUp(RowState *row_state, const TrackedChange *change, const char *key)
{
	Place		place;

	if (!row_state->known && SourceFind(change->source, key, change->name, &place))
		Settle(row_state, &place);
	row_state->known = true;
}

/* The spot of the change's row; with another key it takes its promise along. */
RowState *
RowStateOfChange(HTAB *row_states, const TrackedChange *change)
{
	RowState	   *row_state = RowStateOf(row_states, change, change->key);
	RowState	   *old;

	if (change->old_key == NULL)
	{
		LookUp(row_state, change, change->key);
		return row_state;
	}
	old = RowStateOf(row_states, change, change->old_key);
	LookUp(old, change, change->old_key);
	row_state->put_again = change->operation == ROW_INSERT;
	if (old->live)
	{
		row_state->known = row_state->live = true;
		row_state->customer = old->customer;
		row_state->promise = old->promise;
		row_state->state = old->state;
		row_state->seen = old->seen;
		old->live = false;
	}
	else
		LookUp(row_state, change, change->key);
	return row_state;
}

/* ---- many at once ---- */

#define FEW_CHANGES 4			/* are looked up one by one */
#define KEYS_AT_ONCE 10000

typedef struct Tell
{
	HTAB	   *row_states;
	const char *source;
	MemoryContext context;		/* where spots live */
} Tell;

static void
TellRowState(void *arg, const char *key, const char *name, const Place *place)
{
	Tell	   *tell = arg;
	MemoryContext previous = MemoryContextSwitchTo(tell->context);

	Settle(RowStateAt(tell->row_states, tell->source, key, name), place);
	MemoryContextSwitchTo(previous);
}

/* All rows of the source from that change on, as far as one statement takes them; returns how many changes those are. */
static int
LookUpSome(HTAB *row_states, const Changes *changes, int first)
{
	MemoryContext outer = CurrentMemoryContext;
	MemoryContext scratch = AllocSetContextCreate(outer, "trust_ledger keys", ALLOCSET_DEFAULT_SIZES);
	Datum	   *keys = MemoryContextAlloc(scratch, sizeof(Datum) * (KEYS_AT_ONCE + 1));
	Tell		tell = {row_states, NULL, outer};
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
		RowStateOf(row_states, change, change->key)->known = true;
		keys[wanted++] = CStringGetTextDatum(change->key);
		if (change->old_key == NULL)
			continue;
		RowStateOf(row_states, change, change->old_key)->known = true;
		keys[wanted++] = CStringGetTextDatum(change->old_key);
	}
	SourceFindMany(tell.source, keys, wanted, TellRowState, &tell);
	MemoryContextSwitchTo(outer);
	MemoryContextDelete(scratch);
	return next - first;
}

/* All that the changes are about, where they are more than a few. */
void
RowStatesLookUp(HTAB *row_states, const Changes *changes)
{
	if (changes->count <= FEW_CHANGES)
		return;
	for (int i = 0; i < changes->count;)
		i += LookUpSome(row_states, changes, i);
}
