/*
 * promise.c
 *		Promises: rows of trust.promise.
 */
#include "postgres.h"

#include "promise/promise.h"

#include "catalog/pg_type_d.h"
#include "utils/fmgrprotos.h"

#define PROMISE_COLUMN(id, name, type) {#name, type},
static const Column promise_columns[PROMISE_COLUMNS] = {PROMISE_LIST(PROMISE_COLUMN)};

const RowShape promise_shape = {"promise", promise_columns, PROMISE_COLUMNS};

State
PromiseState(const Row *promise)
{
	for (int state = STATE_NONE + 1; state < STATES; state++)
		if (RowTextIs(promise, PROMISE_STATE, state_names[state]))
			return state;
	return STATE_NONE;
}

char *
PromiseName(const Row *promise)
{
	return DatumGetCString(DirectFunctionCall1(uuid_out, promise->values[PROMISE_PROMISE]));
}

bool
PromisePastDue(const Row *promise, TimestampTz instant)
{
	return !RowIsNull(promise, PROMISE_DUE) && instant > RowInstant(promise, PROMISE_DUE);
}

bool
PromiseIsBinding(const Row *promise, TimestampTz instant)
{
	return !RowIsNull(promise, PROMISE_OPENED_AT) &&
		(!RowIsNull(promise, PROMISE_ACCEPTED_AT) || PromisePastDue(promise, instant));
}

/* Converts a weight from thousandths; false if it is NULL or out of range. */
static bool
ReadWeight(const Row *promise, int column, float8 *weight)
{
	int32		thousandths = RowIsNull(promise, column) ? -1 :
		DatumGetInt32(promise->values[column]);

	*weight = thousandths / 1000.0;
	return thousandths >= 0 && thousandths <= 1000;
}

Contribution
PromiseContribution(const Row *promise)
{
	Contribution contribution = {0};

	if (!ReadWeight(promise, PROMISE_WEIGHT_KEPT, &contribution.kept) ||
		!ReadWeight(promise, PROMISE_WEIGHT_BROKEN, &contribution.broken) ||
		RowIsNull(promise, PROMISE_SETTLED_AT) ||
		TIMESTAMP_NOT_FINITE(RowInstant(promise, PROMISE_SETTLED_AT)))
		return (Contribution) {0};
	contribution.kept_at = RowInstant(promise, PROMISE_SETTLED_AT);
	contribution.broken_at = RowIsNull(promise, PROMISE_BROKEN_AT) ? contribution.kept_at :
		RowInstant(promise, PROMISE_BROKEN_AT);
	contribution.counts = !TIMESTAMP_NOT_FINITE(contribution.broken_at);
	return contribution;
}
