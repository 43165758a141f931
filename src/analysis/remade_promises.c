/*
 * remade_promises.c
 *		Promises that were withdrawn and made again.
 */
#include "postgres.h"

#include "analysis/exception_totals.h"

#include "common/hashfn.h"
#include "utils/builtins.h"
#include "utils/uuid.h"

/* A withdrawn promise that is not known to have been made again. */
typedef struct Withdrawn
{
	Row		   *promise;
	struct Withdrawn *next;
} Withdrawn;

typedef struct WithdrawnGroup
{
	uint64		hash;			/* hash key: of customer, promiser and kind */
	Withdrawn  *first;
} WithdrawnGroup;

static const int same_columns[] = {PROMISE_CUSTOMER, PROMISE_PROMISER, PROMISE_KIND};

void
RemadePromisesBegin(RemadePromises *remade, const ExceptionScan *scan)
{
	HASHCTL		control = {
		.keysize = sizeof(uint64), .entrysize = sizeof(WithdrawnGroup), .hcxt = scan->context
	};

	remade->withdrawn = hash_create("trust_ledger withdrawn promises", 64, &control,
									HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

static uint64
HashOf(const Row *promise)
{
	uint64		hash = 0;

	for (size_t i = 0; i < lengthof(same_columns); i++)
	{
		int			column = same_columns[i];
		text	   *value = RowIsNull(promise, column) ? NULL :
			DatumGetTextPP(promise->values[column]);

		hash = value ? hash_bytes_extended((unsigned char *) VARDATA_ANY(value),
										   VARSIZE_ANY_EXHDR(value), hash) : hash + 1;
	}
	return hash;
}

void
RemadePromisesAdd(RemadePromises *remade, const ExceptionScan *scan)
{
	uint64		hash;
	WithdrawnGroup *group;
	Withdrawn  *withdrawn;
	bool		found;

	if (scan->state != STATE_WITHDRAWN || RowIsNull(scan->promise, PROMISE_OPENED_AT) ||
		RowIsNull(scan->promise, PROMISE_DUE))
		return;
	hash = HashOf(scan->promise);
	group = hash_search(remade->withdrawn, &hash, HASH_ENTER, &found);
	withdrawn = MemoryContextAlloc(scan->context, sizeof(Withdrawn));
	withdrawn->promise = ExceptionPromiseCopy(scan);
	withdrawn->next = found ? group->first : NULL;
	group->first = withdrawn;
}

bool
RemadePromisesHaveWithdrawn(const RemadePromises *remade)
{
	return hash_get_num_entries(remade->withdrawn) > 0;
}

/* Whether the promise is another one of the same, made in the time of the withdrawn one. */
static bool
IsRemade(const Row *withdrawn, const Row *promise)
{
	TimestampTz made_at = RowInstant(promise, PROMISE_MADE_AT);

	for (size_t i = 0; i < lengthof(same_columns); i++)
		if (!RowValueEqual(withdrawn, same_columns[i], promise, same_columns[i]))
			return false;
	return made_at >= RowInstant(withdrawn, PROMISE_MADE_AT) &&
		made_at <= RowInstant(withdrawn, PROMISE_DUE) &&
		!RowValueEqual(withdrawn, PROMISE_PROMISE, promise, PROMISE_PROMISE);
}

void
RemadePromisesPut(RemadePromises *remade, ExceptionScan *scan)
{
	const Row  *promise = scan->promise;
	uint64		hash = HashOf(promise);
	WithdrawnGroup *group = hash_search(remade->withdrawn, &hash, HASH_FIND, NULL);
	Withdrawn **place = group ? &group->first : NULL;

	while (place && *place)
	{
		Exception	exception = {.what = "remade"};

		if (!IsRemade((*place)->promise, promise))
		{
			place = &(*place)->next;
			continue;
		}
		exception.detail = psprintf("withdrawn, while promise %s of the same kind was made in the "
									"time until it was due", PromiseName(promise));
		scan->promise = (*place)->promise;
		exception.since = RowInstant(scan->promise, PROMISE_SETTLED_AT);
		PutException(scan, &exception);
		scan->promise = promise;
		*place = (*place)->next;
	}
}
