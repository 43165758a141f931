/*
 * rate_difference.c
 *		The difference between two kept rates, overall and within strata.
 */
#include "postgres.h"

#include "analysis/rate_difference.h"

void
PromiseCountAdd(PromiseCount *to, const PromiseCount *count)
{
	to->promises += count->promises;
	to->undecided += count->undecided;
	to->too_early += count->too_early;
	to->decided += count->decided;
	to->kept += count->kept;
	to->accepted += count->accepted;
}

static float8
PosteriorMean(const PromiseCount *count)
{
	return (count->kept + 1.0) / (count->decided + 2.0);
}

static float8
PosteriorVariance(const PromiseCount *count)
{
	float8		mean = PosteriorMean(count);

	return mean * (1.0 - mean) / (count->decided + 3.0);
}

RateDifference
CompareRates(const PromiseCount *backed, const PromiseCount *unbacked)
{
	RateDifference difference = {0};

	if (backed->decided == 0 || unbacked->decided == 0)
		return difference;
	difference.known = true;
	difference.mean = PosteriorMean(backed) - PosteriorMean(unbacked);
	difference.variance = PosteriorVariance(backed) + PosteriorVariance(unbacked);
	return difference;
}

void
StrataTotalAdd(StrataTotal *total, const PromiseCount *backed, const PromiseCount *unbacked)
{
	RateDifference difference = CompareRates(backed, unbacked);
	float8		weight;

	PromiseCountAdd(&total->raw[0], backed);
	PromiseCountAdd(&total->raw[1], unbacked);
	if (!difference.known)
		return;
	PromiseCountAdd(&total->within[0], backed);
	PromiseCountAdd(&total->within[1], unbacked);
	weight = (float8) backed->decided * unbacked->decided / (backed->decided + unbacked->decided);
	total->weights += weight;
	total->difference += weight * difference.mean;
	total->variance += weight * weight * difference.variance;
}

RateDifference
DifferenceWithinStrata(const StrataTotal *total)
{
	RateDifference difference = {.known = total->weights > 0.0};

	if (difference.known)
	{
		difference.mean = total->difference / total->weights;
		difference.variance = total->variance / (total->weights * total->weights);
	}
	return difference;
}
