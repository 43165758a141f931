/*
 * exposure.h
 *		Exposure: the sum of the values of a customer's open promises.
 */
#ifndef TRUST_LEDGER_EXPOSURE_H
#define TRUST_LEDGER_EXPOSURE_H

#include "base/row.h"

#include "utils/numeric.h"

/* Which of the customer's open promises count; all kinds, and all promisers. */
typedef struct Exposure
{
	text	   *customer;
	Datum		besides;		/* not this promise: it is judged by the terms it is to have */
	const char *currency;
	const char *backer;			/* only what they back; NULL: whoever does, or nobody */
	const Row *const *pending;	/* promises of the customer's that are not stored yet */
	int			pending_count;
	HTAB	  **sums;			/* kept from one time to the next; NULL: no */
} Exposure;

extern Numeric AmountSum(Numeric a, Numeric b);
extern Numeric ExposureSum(const Exposure *exposure);

#endif
