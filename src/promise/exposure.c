/*
 * exposure.c
 *		Exposure: the sum of the values of a customer's open promises.
 *
 * It is read under the lock of the customer's chain with a new snapshot, so that
 * concurrent sessions cannot exceed a limit together.
 */
#include "postgres.h"

#include "promise/exposure.h"

#include "catalog/pg_type_d.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/hsearch.h"

#include "base/statement.h"
#include "base/text.h"
#include "promise/promise.h"

static Statement sum_open = STATEMENT(
	"SELECT pg_catalog.sum(value)"
	" FROM trust.promise"
	" WHERE customer OPERATOR(pg_catalog.=) $1"
	"   AND state OPERATOR(pg_catalog.=) 'open'"
	"   AND promise OPERATOR(pg_catalog.<>) $2"
	"   AND currency OPERATOR(pg_catalog.=) $3"
	"   AND ($4 IS NULL OR backer OPERATOR(pg_catalog.=) $4)",
	TEXTOID, UUIDOID, TEXTOID, TEXTOID);

/* Key of a cached sum */
typedef struct SumKey
{
	char		currency[MAX_KEY_BYTES + 1];
	char		backer[MAX_KEY_BYTES + 1];	/* empty: all */
} SumKey;

typedef struct Sum
{
	SumKey		key;
	Numeric		amount;
	int			pending_count;	/* how many of Exposure.pending[] have been added */
} Sum;

Numeric
AmountSum(Numeric a, Numeric b)
{
	return DatumGetNumeric(DirectFunctionCall2(numeric_add,
											   NumericGetDatum(a), NumericGetDatum(b)));
}

static Numeric
SumStored(const Exposure *exposure)
{
	Datum		values[4] = {
		PointerGetDatum(exposure->customer), exposure->excluded,
		CStringGetTextDatum(exposure->currency)
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
	sum = isnull ? DirectFunctionCall1(int4_numeric, Int32GetDatum(0)) :
		NumericGetDatum(DatumGetNumericCopy(sum));
	SPI_freetuptable(SPI_tuptable);
	return DatumGetNumeric(sum);
}

/* The WHERE clause of sum_open, for pending promises */
static bool
IsCounted(const Exposure *exposure, const Row *promise)
{
	return PromiseState(promise) == STATE_OPEN && !RowIsNull(promise, PROMISE_VALUE) &&
		!DatumGetBool(DirectFunctionCall2(uuid_eq, promise->values[PROMISE_PROMISE],
										  exposure->excluded)) &&
		RowTextIs(promise, PROMISE_CURRENCY, exposure->currency) &&
		(exposure->backer == NULL || RowTextIs(promise, PROMISE_BACKER, exposure->backer));
}

/* Returns the cache entry; its amount is NULL if it is new. */
static Sum *
CachedSum(const Exposure *exposure)
{
	HASHCTL		control = {
		.keysize = sizeof(SumKey), .entrysize = sizeof(Sum), .hcxt = CurrentMemoryContext
	};
	SumKey		key = {0};
	bool		found;
	Sum		   *sum;

	if (*exposure->sums == NULL)
		*exposure->sums = hash_create("trust_ledger exposures", 16, &control,
									  HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	strlcpy(key.currency, exposure->currency, sizeof(key.currency));
	if (exposure->backer)
		strlcpy(key.backer, exposure->backer, sizeof(key.backer));
	sum = hash_search(*exposure->sums, &key, HASH_ENTER, &found);
	if (!found)
		sum->amount = NULL;
	return sum;
}

/* With a cache, only promises that became pending since the last call are added. */
Numeric
ExposureSum(const Exposure *exposure)
{
	Sum			once = {0};
	Sum		   *sum = exposure->sums ? CachedSum(exposure) : &once;

	if (sum->amount == NULL)
	{
		sum->amount = SumStored(exposure);
		sum->pending_count = 0;
	}
	for (; sum->pending_count < exposure->pending_count; sum->pending_count++)
	{
		const Row  *promise = exposure->pending[sum->pending_count];

		if (IsCounted(exposure, promise))
			sum->amount = AmountSum(sum->amount, DatumGetNumeric(promise->values[PROMISE_VALUE]));
	}
	return sum->amount;
}
