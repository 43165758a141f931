/*
 * rate_difference.c
 *		The difference between the rates of two groups, alone and within strata.
 */
#include "postgres.h"

#include "analysis/rate_difference.h"

void
AddCount(Count *to, const Count *count)
{
	to->promises += count->promises;
	to->undecided += count->undecided;
	to->too_early += count->too_early;
	to->decided += count->decided;
	to->kept += count->kept;
	to->accepted += count->accepted;
}

static float8
PosteriorMean(const Count *count)
{
	return (count->kept + 1.0) / (count->decided + 2.0);
}

static float8
PosteriorVariance(const Count *count)
{
	float8		mean = PosteriorMean(count);

	return mean * (1.0 - mean) / (count->decided + 3.0);
}

/* Where one of the two has nothing decided there is nothing to compare. */
Difference
Compare(const Count *backed, const Count *unbacked)
{
	Difference	difference = {0};

	if (backed->decided == 0 || unbacked->decided == 0)
		return difference;
	difference.known = true;
	difference.mean = PosteriorMean(backed) - PosteriorMean(unbacked);
	difference.variance = PosteriorVariance(backed) + PosteriorVariance(unbacked);
	return difference;
}

void
AddStratum(Total *total, const Count *backed, const Count *unbacked)
{
	Difference	difference = Compare(backed, unbacked);
	float8		weight;

	AddCount(&total->raw[0], backed);
	AddCount(&total->raw[1], unbacked);
	if (!difference.known)
		return;
	AddCount(&total->within[0], backed);
	AddCount(&total->within[1], unbacked);
	weight = (float8) backed->decided * unbacked->decided / (backed->decided + unbacked->decided);
	total->weights += weight;
	total->difference += weight * difference.mean;
	total->variance += weight * weight * difference.variance;
}

Difference
WithinStrata(const Total *total)
{
	Difference	difference = {.known = total->weights > 0.0};

	if (difference.known)
	{
		difference.mean = total->difference / total->weights;
		difference.variance = total->variance / (total->weights * total->weights);
	}
	return difference;
}
