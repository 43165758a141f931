/*
 * exposure.h
 *		Exposure: the sum of the values of a customer's open promises.
 */
#ifndef TRUST_LEDGER_EXPOSURE_H
#define TRUST_LEDGER_EXPOSURE_H

#include "base/row.h"

#include "utils/numeric.h"

/* Which of the customer's open promises count: any kind and promiser. */
typedef struct Exposure
{
	text	   *customer;
	Datum		excluded;		/* uuid of a promise that does not count */
	const char *currency;
	const char *backer;			/* only promises with this backer; NULL: all */
	const Row  *const *pending; /* promises to the customer that are not stored yet */
	int			pending_count;
	HTAB	  **sums;			/* cache, created if *sums is NULL; NULL: no cache */
} Exposure;

/* a + b, which must not be NULL. */
extern Numeric AmountSum(Numeric a, Numeric b);

/*
 * Sums the values of stored and pending promises that count; 0 if there are none.  To be
 * called with the customer's chain locked, within a LedgerSession.  With a cache, no
 * promise may be stored and none removed from pending[] between calls, and excluded
 * must not be a pending promise.
 */
extern Numeric ExposureSum(const Exposure *exposure);

#endif
