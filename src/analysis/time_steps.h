/*
 * time_steps.h
 *		A stretch of time in steps, as a calendar counts them.
 */
#ifndef TRUST_LEDGER_TIME_STEPS_H
#define TRUST_LEDGER_TIME_STEPS_H

#include "base/errcodes.h"

#include "datatype/timestamp.h"

/* Step i is [bounds[i], bounds[i + 1]). */
typedef struct Steps
{
	int			count;
	TimestampTz *bounds;
} Steps;

/* The step that the instant lies in, by a binary search; -1: before the first.  Only of what is reached. */
static inline int
StepOf(const Steps *steps, TimestampTz instant)
{
	int			low = -1;
	int			high = steps->count;

	while (high - low > 1)
	{
		int			middle = low + (high - low) / 2;

		if (steps->bounds[middle] <= instant)
			low = middle;
		else
			high = middle;
	}
	return low;
}

/* Whether the instant lies before the end of the last step. */
static inline bool
StepsReach(const Steps *steps, TimestampTz instant)
{
	return instant < steps->bounds[steps->count];
}

static inline TimestampTz
StepLast(const Steps *steps, int step)
{
	return steps->bounds[step + 1] - 1;
}

extern Steps StepsFrom(FunctionCallInfo fcinfo, int argument, bool as_recorded);

#endif
