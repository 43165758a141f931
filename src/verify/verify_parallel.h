/*
 * verify_parallel.h
 *		Verifying with the help of other processes.
 */
#ifndef TRUST_LEDGER_VERIFY_PARALLEL_H
#define TRUST_LEDGER_VERIFY_PARALLEL_H

#include "verify/digest.h"
#include "verify/check_chain.h"

/* So many that a busy one holds nobody up */
#define INTERVALS 32

/* Intervals of customers, by the first customer of each; that of the first is NULL. */
typedef struct Intervals
{
	int			count;
	char	   *first[INTERVALS];
} Intervals;

/* What was read, added up over the processes. */
typedef struct Period
{
	int64		entries;
	TimestampTz first;
	TimestampTz last;
	RowTally	tallies[TALLIED_TABLES];
} Period;

extern Intervals FindIntervals(void);
extern void AddPeriod(Period *period, const ChainCheck *v);
extern void VerifyParallel(ChainCheck *v, const Intervals *intervals, Digest *digest, Period *period, RowTally *held);

#endif
