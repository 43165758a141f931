/*
 * time_steps.h
 *		Dividing a period of time into steps of one interval.
 */
#ifndef TRUST_LEDGER_TIME_STEPS_H
#define TRUST_LEDGER_TIME_STEPS_H

#include "base/errcodes.h"

#include "datatype/timestamp.h"

/* Step i is [bounds[i], bounds[i + 1]).  There is at least one step. */
typedef struct Steps
{
	int			count;
	TimestampTz *bounds;		/* count + 1 of them, ascending */
} Steps;

/* The step that contains the instant, or -1 before the first.  Must be before the last bound. */
static inline int
StepIndex(const Steps *steps, TimestampTz instant)
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

/* Whether the instant is before the end of the last step. */
static inline bool
StepsEndAfter(const Steps *steps, TimestampTz instant)
{
	return instant < steps->bounds[steps->count];
}

/* The last instant of a step: one microsecond before its upper bound. */
static inline TimestampTz
StepLastInstant(const Steps *steps, int step)
{
	return steps->bounds[step + 1] - 1;
}

/*
 * Steps from three arguments: step at that number, since and until after it.
 * until is by default, and at most, the statement's start.  since is by default
 * the month, day or hour of the first promise, by made_at or, as recorded, by
 * recorded_at.  Bounds are since + i * step in the session's time zone.  Needs a
 * LedgerSession.  Errors: 22008 an instant is infinite; 22023 step is null or not
 * positive, or since is not before until; 54000 more than 100,000 steps.
 */
extern Steps StepsFromArgs(FunctionCallInfo fcinfo, int argument, bool as_recorded);

#endif
