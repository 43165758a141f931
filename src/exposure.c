/*
 * exposure.c
 *		Exposure: what a customer's open promises come to.
 *
 * Read under the lock of the customer's chain and with a new snapshot: of two
 * sessions that cut slices off one loaf, the second sees what the first did.
 */
#include "postgres.h"

#include "exposure.h"

#include "catalog/pg_type_d.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

#include "promise.h"

static Statement sum_open = STATEMENT(
	"SELECT pg_catalog.sum(value) FROM trust.promise"
	" WHERE customer OPERATOR(pg_catalog.=) $1 AND state OPERATOR(pg_catalog.=) 'open'"
	"   AND promise OPERATOR(pg_catalog.<>) $2 AND currency OPERATOR(pg_catalog.=) $3"
	"   AND ($4 IS NULL OR backer OPERATOR(pg_catalog.=) $4)",
	TEXTOID, UUIDOID, TEXTOID, TEXTOID);

Numeric
AmountSum(Numeric a, Numeric b)
{
	return DatumGetNumeric(DirectFunctionCall2(numeric_add, NumericGetDatum(a), NumericGetDatum(b)));
}

/* NULL where there are none. */
static Numeric
SumStored(const Exposure *exposure)
{
	Datum		values[4] = {
		PointerGetDatum(exposure->customer), exposure->besides, CStringGetTextDatum(exposure->currency)
	};
	char		nulls[] = "    ";
	bool		isnull;
	Datum		sum;

	if (exposure->backer)
		values[3] = CStringGetTextDatum(exposure->backer);
	else
		nulls[3] = 'n';
	StatementWrite(&sum_open, values, nulls);
	sum = ResultValue(0, 1, NUMERICOID, &isnull);
	return isnull ? NULL : DatumGetNumeric(sum);
}

/* What the statement asks of stored promises. */
static bool
Counts(const Exposure *exposure, const Row *promise)
{
	return PromiseState(promise) == STATE_OPEN && !RowIsNull(promise, PROMISE_VALUE) &&
		!DatumGetBool(DirectFunctionCall2(uuid_eq, promise->values[PROMISE_PROMISE], exposure->besides)) &&
		RowTextIs(promise, PROMISE_CURRENCY, exposure->currency) &&
		(exposure->backer == NULL || RowTextIs(promise, PROMISE_BACKER, exposure->backer));
}

/* What the promises that count come to, stored or pending; 0 where there are none. */
Numeric
ExposureSum(const Exposure *exposure)
{
	Numeric		sum = SumStored(exposure);

	if (sum == NULL)
		sum = DatumGetNumeric(DirectFunctionCall1(int4_numeric, Int32GetDatum(0)));
	for (int i = 0; i < exposure->pending_count; i++)
		if (Counts(exposure, exposure->pending[i]))
			sum = AmountSum(sum, DatumGetNumeric(exposure->pending[i]->values[PROMISE_VALUE]));
	return sum;
}
