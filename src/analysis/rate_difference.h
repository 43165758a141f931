/*
 * rate_difference.h
 *		The difference between two kept rates, overall and within strata.
 */
#ifndef TRUST_LEDGER_RATE_DIFFERENCE_H
#define TRUST_LEDGER_RATE_DIFFERENCE_H

/* Numbers of promises. */
typedef struct PromiseCount
{
	int64		promises;
	int64		undecided;
	int64		too_early;		/* settled or due before the landmark */
	int64		decided;
	int64		kept;			/* of those decided */
	int64		accepted;
} PromiseCount;

/* The difference of two posterior means of the kept rate, backed minus unbacked, from -1 to 1. */
typedef struct RateDifference
{
	bool		known;			/* both have decided promises */
	float8		mean;
	float8		variance;
} RateDifference;

/* Sums over strata, for one evidence; all zero before the first stratum. */
typedef struct StrataTotal
{
	PromiseCount raw[2];		/* backed and unbacked promises of all strata */
	PromiseCount within[2];		/* only of strata that have decided promises of both */
	float8		weights;
	float8		difference;		/* weighted */
	float8		variance;		/* weighted by the square */
} StrataTotal;

extern void PromiseCountAdd(PromiseCount *to, const PromiseCount *count);

/*
 * Means and variances of Beta(kept + 1, decided - kept + 1), which are the
 * posteriors of the rates with a uniform prior.
 */
extern RateDifference CompareRates(const PromiseCount *backed, const PromiseCount *unbacked);

/*
 * Adds a stratum with the weight n1 n0 / (n1 + n0), where n1 and n0 are its
 * decided promises (Cochran 1954; Mantel and Haenszel 1959).
 */
extern void StrataTotalAdd(StrataTotal *total, const PromiseCount *backed,
						   const PromiseCount *unbacked);

/* The weighted mean of the strata's differences. */
extern RateDifference DifferenceWithinStrata(const StrataTotal *total);

#endif
