/*
 * time_steps.c
 *		A stretch of time in steps, as a calendar counts them.
 *
 * Step by step since + i * step, in the session's time zone: months keep their
 * day, days are as long as the clocks there say.
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

#define MOST_STEPS 100000

static Statement first_occurred = STATEMENT_WITHOUT_ARGS("SELECT pg_catalog.min(made_at) FROM trust.promise");
static Statement first_recorded = STATEMENT_WITHOUT_ARGS("SELECT pg_catalog.min(recorded_at) FROM trust.promise");

pg_noreturn static void UnusableStep(const char *detail);

static void
UnusableStep(const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("step is not usable"),
			 errdetail("%s", detail),
			 errhint("For example interval '1 month' or interval '1 day'.")));
}

static TimestampTz
Bound(TimestampTz since, const Interval *step, int32 i)
{
	Interval	times = {0};

	if (pg_mul_s32_overflow(step->month, i, &times.month) || pg_mul_s32_overflow(step->day, i, &times.day) ||
		pg_mul_s64_overflow(step->time, i, &times.time))
		UnusableStep("It is too long.");
	return DatumGetTimestampTz(DirectFunctionCall2(timestamptz_pl_interval, TimestampTzGetDatum(since),
												   IntervalPGetDatum(&times)));
}

/* A calendar's unit to begin with, where nobody says when. */
static TimestampTz
Truncated(TimestampTz instant, const Interval *step)
{
	const char *unit = step->month > 0 ? "month" : step->day > 0 ? "day" : "hour";

	return DatumGetTimestampTz(DirectFunctionCall2(timestamptz_trunc, CStringGetTextDatum(unit),
												   TimestampTzGetDatum(instant)));
}

/* The first promise's instant; within a LedgerSession. */
static TimestampTz
FirstPromise(bool as_recorded, const Interval *step, TimestampTz until)
{
	bool		isnull;
	Datum		first;

	StatementRead(as_recorded ? &first_recorded : &first_occurred, NULL, NULL);
	first = ResultValue(0, 1, TIMESTAMPTZOID, &isnull);
	if (isnull || DatumGetTimestampTz(first) >= until)
		first = TimestampTzGetDatum(until - 1);
	return Truncated(DatumGetTimestampTz(first), step);
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
		TimestampTz bound = Bound(since, step, i);

		/* a day that a zone has left out */
		if (bound <= steps.bounds[steps.count])
			continue;
		if (steps.count == MOST_STEPS)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("the trend has too many steps"),
					 errdetail("There are more than %d.", MOST_STEPS),
					 errhint("Use a longer step, or a later since.")));
		if (++steps.count == capacity)
			steps.bounds = repalloc(steps.bounds, sizeof(TimestampTz) * (capacity *= 2));
		steps.bounds[steps.count] = Min(bound, until);
	}
	return steps;
}

/*
 * From the arguments step, since and until, one after the other.  Since is by
 * default the month, day or hour of the first promise, until now; there are no
 * steps after now.  Within a LedgerSession.
 */
Steps
StepsFrom(FunctionCallInfo fcinfo, int argument, bool as_recorded)
{
	TimestampTz until = GetCurrentStatementStartTimestamp();
	TimestampTz since;
	const Interval *step;

	if (PG_ARGISNULL(argument))
		UnusableStep("It is NULL.");
	step = PG_GETARG_INTERVAL_P(argument);
	if (step->month < 0 || step->day < 0 || step->time < 0 || (step->month == 0 && step->day == 0 && step->time == 0))
		UnusableStep("It must be longer than zero.");
	if (!PG_ARGISNULL(argument + 2))
		until = Min(until, ArgInstant(fcinfo, argument + 2, "until"));
	since = PG_ARGISNULL(argument + 1) ? FirstPromise(as_recorded, step, until) :
		ArgInstant(fcinfo, argument + 1, "since");
	if (since >= until)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("since must lie before until, and before now")));
	return CountSteps(since, until, step);
}
