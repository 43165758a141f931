/*
 * time_steps.c
 *		Dividing a period of time into steps of one interval.
 *
 * Each bound is since + i * step rather than the previous bound + step, so monthly
 * steps keep their day of the month.  Days have the length that the session's time
 * zone gives them.
 */
#include "postgres.h"

#include "analysis/time_steps.h"

#include "access/xact.h"
#include "catalog/pg_type_d.h"
#include "common/int.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/timestamp.h"

#include "base/row.h"
#include "base/statement.h"

#define MAX_STEPS 100000

static Statement first_occurred =
STATEMENT_WITHOUT_ARGS("SELECT pg_catalog.min(made_at) FROM trust.promise");
static Statement first_recorded =
STATEMENT_WITHOUT_ARGS("SELECT pg_catalog.min(recorded_at) FROM trust.promise");

pg_noreturn static void InvalidStep(const char *detail);

static void
InvalidStep(const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("invalid step"),
			 errdetail("%s", detail),
			 errhint("Use a step such as interval '1 month' or interval '1 day'.")));
}

static TimestampTz
StepBound(TimestampTz since, const Interval *step, int32 i)
{
	Interval	times = {0};

	if (pg_mul_s32_overflow(step->month, i, &times.month) ||
		pg_mul_s32_overflow(step->day, i, &times.day) ||
		pg_mul_s64_overflow(step->time, i, &times.time))
		InvalidStep("The step is too long.");
	return DatumGetTimestampTz(DirectFunctionCall2(timestamptz_pl_interval,
												   TimestampTzGetDatum(since),
												   IntervalPGetDatum(&times)));
}

/* The start of the month, day or hour, whichever the step is made of. */
static TimestampTz
TruncateToUnit(TimestampTz instant, const Interval *step)
{
	const char *unit = step->month > 0 ? "month" : step->day > 0 ? "day" : "hour";

	return DatumGetTimestampTz(DirectFunctionCall2(timestamptz_trunc,
												   CStringGetTextDatum(unit),
												   TimestampTzGetDatum(instant)));
}

/* The default of since. */
static TimestampTz
StartOfFirstPromise(bool as_recorded, const Interval *step, TimestampTz until)
{
	bool		isnull;
	Datum		first;

	StatementRead(as_recorded ? &first_recorded : &first_occurred, NULL, NULL);
	first = ResultValue(0, 1, TIMESTAMPTZOID, &isnull);
	if (isnull || DatumGetTimestampTz(first) >= until)
		first = TimestampTzGetDatum(until - 1);
	return TruncateToUnit(DatumGetTimestampTz(first), step);
}

static TimestampTz
ArgInstant(FunctionCallInfo fcinfo, int argument, const char *what)
{
	TimestampTz instant = PG_GETARG_TIMESTAMPTZ(argument);

	if (TIMESTAMP_NOT_FINITE(instant))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("%s must be finite", what)));
	return instant;
}

static Steps
CountSteps(TimestampTz since, TimestampTz until, const Interval *step)
{
	Steps		steps = {0};
	int			capacity = 64;

	steps.bounds = palloc(sizeof(TimestampTz) * capacity);
	steps.bounds[0] = since;
	for (int i = 1; steps.bounds[steps.count] < until; i++)
	{
		TimestampTz bound = StepBound(since, step, i);

		/* a time zone can skip a day */
		if (bound <= steps.bounds[steps.count])
			continue;
		if (steps.count == MAX_STEPS)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("the trend has too many steps"),
					 errdetail("A trend can have at most %d steps.", MAX_STEPS),
					 errhint("Use a longer step or a later since.")));
		if (++steps.count == capacity)
			steps.bounds = repalloc(steps.bounds, sizeof(TimestampTz) * (capacity *= 2));
		steps.bounds[steps.count] = Min(bound, until);
	}
	return steps;
}

Steps
StepsFromArgs(FunctionCallInfo fcinfo, int argument, bool as_recorded)
{
	TimestampTz until = GetCurrentStatementStartTimestamp();
	TimestampTz since;
	const Interval *step;

	if (PG_ARGISNULL(argument))
		InvalidStep("The step is null.");
	step = PG_GETARG_INTERVAL_P(argument);
	if (step->month < 0 || step->day < 0 || step->time < 0 ||
		(step->month == 0 && step->day == 0 && step->time == 0))
		InvalidStep("The step must be greater than zero.");
	if (!PG_ARGISNULL(argument + 2))
		until = Min(until, ArgInstant(fcinfo, argument + 2, "until"));
	since = PG_ARGISNULL(argument + 1) ? StartOfFirstPromise(as_recorded, step, until) :
		ArgInstant(fcinfo, argument + 1, "since");
	if (since >= until)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("since must be before until and before the current time")));
	return CountSteps(since, until, step);
}
