/*
 * row_state.c
 *		Finds the promises of changed rows, and keeps track of them while events are planned.
 */
#include "postgres.h"

#include "tracking/row_state.h"

#include "utils/builtins.h"
#include "utils/memutils.h"

HTAB *
RowStatesBegin(void)
{
	HASHCTL		control = {
		.keysize = HASH_SIZE, .entrysize = sizeof(RowState), .hcxt = CurrentMemoryContext
	};

	return hash_create("trust_ledger rows", 64, &control,
					   HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

static RowState *
RowStateByKey(HTAB *row_states, const char *source, const char *key, const char *name)
{
	/* static to reuse its memory; safe, because no user code runs while it is in use */
	static CanonicalBytes bytes;
	uint8		id[HASH_SIZE];
	bool		found;
	RowState   *row_state;

	CanonicalReset(&bytes);
	CanonicalField(&bytes, source, strlen(source));
	CanonicalField(&bytes, key, strlen(key));
	CanonicalField(&bytes, name, strlen(name));
	if (!Sha256(bytes.data, bytes.length, id))
		CryptoFailed();
	row_state = hash_search(row_states, id, HASH_ENTER, &found);
	if (!found)
	{
		row_state->known = row_state->live = row_state->reinserted = false;
		row_state->refused = 0;
		row_state->last_insert = -1;
		row_state->chain_length = -1;
		row_state->early = NIL;
	}
	return row_state;
}

RowState *
RowStateOf(HTAB *row_states, const TrackedChange *change, const char *key)
{
	return RowStateByKey(row_states, change->source, key, change->name);
}

static void
SetPromise(RowState *row_state, const SourcePromise *place)
{
	row_state->live = true;
	row_state->customer = text_to_cstring(place->customer);
	row_state->promise = place->promise;
	row_state->state = place->state;
	row_state->chain_length = place->length;
}

static void
LookUp(RowState *row_state, const TrackedChange *change, const char *key)
{
	SourcePromise place;

	if (!row_state->known && SourceFind(change->source, key, change->name, &place))
		SetPromise(row_state, &place);
	row_state->known = true;
}

RowState *
RowStateOfChange(HTAB *row_states, const TrackedChange *change)
{
	RowState   *row_state = RowStateOf(row_states, change, change->key);
	RowState   *old;

	if (change->old_key == NULL)
	{
		LookUp(row_state, change, change->key);
		return row_state;
	}
	old = RowStateOf(row_states, change, change->old_key);
	LookUp(old, change, change->old_key);
	row_state->reinserted = change->operation == ROW_INSERT;
	if (old == row_state)		/* it moved to another partition and back */
		return row_state;
	if (old->live)
	{
		row_state->known = row_state->live = true;
		row_state->customer = old->customer;
		row_state->promise = old->promise;
		row_state->state = old->state;
		row_state->refused = old->refused;
		row_state->chain_length = old->chain_length;
		old->live = false;
	}
	else
		LookUp(row_state, change, change->key);
	return row_state;
}

/* ---- looking up many rows with one statement ---- */

#define FEW_CHANGES 4			/* up to this number, rows are looked up one by one */
#define KEYS_AT_ONCE 10000		/* per statement */

/* Argument of StoreFound(). */
typedef struct FoundContext
{
	HTAB	   *row_states;
	const char *source;
	MemoryContext context;		/* of the RowStates' data */
} FoundContext;

static void
StoreFound(void *arg, const char *key, const char *name, const SourcePromise *place)
{
	FoundContext *found_in = arg;
	MemoryContext previous = MemoryContextSwitchTo(found_in->context);

	SetPromise(RowStateByKey(found_in->row_states, found_in->source, key, name), place);
	MemoryContextSwitchTo(previous);
}

/*
 * Looks up the rows of consecutive changes of one source, up to KEYS_AT_ONCE keys.
 * Returns the number of changes.
 */
static int
LookUpBatch(HTAB *row_states, const Changes *changes, int first)
{
	MemoryContext outer = CurrentMemoryContext;
	MemoryContext scratch = AllocSetContextCreate(outer, "trust_ledger keys",
												  ALLOCSET_DEFAULT_SIZES);
	Datum	   *keys = MemoryContextAlloc(scratch, sizeof(Datum) * (KEYS_AT_ONCE + 1));
	FoundContext found_in = {row_states, NULL, outer};
	int			next;
	int			wanted = 0;

	MemoryContextSwitchTo(scratch);
	for (next = first; next < changes->count && wanted < KEYS_AT_ONCE; next++)
	{
		const TrackedChange *change = ChangesGet(changes, next);

		if (found_in.source == NULL)
			found_in.source = change->source;
		if (strcmp(change->source, found_in.source) != 0)
			break;
		RowStateOf(row_states, change, change->key)->known = true;
		keys[wanted++] = CStringGetTextDatum(change->key);
		if (change->old_key == NULL)
			continue;
		RowStateOf(row_states, change, change->old_key)->known = true;
		keys[wanted++] = CStringGetTextDatum(change->old_key);
	}
	SourceFindMany(found_in.source, keys, wanted, StoreFound, &found_in);
	MemoryContextSwitchTo(outer);
	MemoryContextDelete(scratch);
	return next - first;
}

void
RowStatesLookUp(HTAB *row_states, const Changes *changes)
{
	if (changes->count <= FEW_CHANGES)
		return;
	for (int i = 0; i < changes->count;)
		i += LookUpBatch(row_states, changes, i);
}
