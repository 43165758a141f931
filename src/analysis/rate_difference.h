/*
 * rate_difference.h
 *		The difference between the rates of two groups, alone and within strata.
 */
#ifndef TRUST_LEDGER_RATE_DIFFERENCE_H
#define TRUST_LEDGER_RATE_DIFFERENCE_H

typedef struct Count
{
	int64		promises;
	int64		undecided;
	int64		too_early;
	int64		decided;
	int64		kept;
	int64		accepted;
} Count;

/* What strata add up to, for one evidence */
typedef struct Total
{
	Count		raw[2];			/* backed, unbacked */
	Count		within[2];		/* only strata that have decided promises of both */
	float8		weights;		/* sum of the strata's weights */
	float8		difference;		/* weighted sum */
	float8		variance;		/* sum of squared weights times variances */
} Total;

typedef struct Difference
{
	bool		known;
	float8		mean;
	float8		variance;
} Difference;

extern void AddCount(Count *to, const Count *count);
extern Difference Compare(const Count *backed, const Count *unbacked);
extern void AddStratum(Total *total, const Count *backed, const Count *unbacked);
extern Difference WithinStrata(const Total *total);

#endif
