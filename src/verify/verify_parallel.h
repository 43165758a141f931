/*
 * verify_parallel.h
 *		Checking all customers with parallel workers.
 */
#ifndef TRUST_LEDGER_VERIFY_PARALLEL_H
#define TRUST_LEDGER_VERIFY_PARALLEL_H

#include "verify/digest.h"
#include "verify/check_chain.h"

/* More ranges than processes, so that all processes finish at about the same time. */
#define MAX_RANGES 32

/* Ranges of customers in C collation order, given by the first customer of each. */
typedef struct CustomerRanges
{
	int			count;			/* at least 1 */
	char	   *first[MAX_RANGES];	/* first[0] is NULL: not bounded */
} CustomerRanges;

/* What all processes read. */
typedef struct VerifyTotals
{
	int64		entries;
	TimestampTz first;			/* earliest and latest recorded_at */
	TimestampTz last;
	RowTally	tallies[TALLIED_TABLES];
} VerifyTotals;

/*
 * Divides the customers into ranges of similar size; one range if they are too few
 * for parallel workers.  Needs a LedgerSession.
 */
extern CustomerRanges FindCustomerRanges(void);

extern void AddToTotals(VerifyTotals *totals, const ChainCheck *check);

/*
 * Checks all customers with up to max_parallel_workers_per_gather workers and this
 * process.  Meanwhile computes the digest and the tallies of the tables' rows.  Adds
 * the findings to check->findings in the order of customers.
 */
extern void VerifyParallel(ChainCheck *check, const CustomerRanges *ranges, Digest *digest,
						   VerifyTotals *totals, RowTally *contained);

#endif
