/*
 * duration.c
 *		Intervals without months, in microseconds.
 */
#include "postgres.h"

#include "base/duration.h"

bool
IntervalHasMicroseconds(const Interval *interval, int64 *microseconds)
{
	if (interval->month != 0 || interval->day < 0 || interval->time < 0 ||
		interval->day > LONGEST_DURATION_DAYS ||
		interval->time > LONGEST_DURATION_DAYS * USECS_PER_DAY)
		return false;
	*microseconds = interval->day * USECS_PER_DAY + interval->time;
	return *microseconds <= LONGEST_DURATION_DAYS * USECS_PER_DAY;
}

int64
IntervalMicroseconds(const Interval *interval, const char *what)
{
	int64		microseconds;

	if (IntervalHasMicroseconds(interval, &microseconds))
		return microseconds;
	if (interval->month != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must not contain months or years", what),
				 errdetail("A month has no fixed length."),
				 errhint("Use days, for example interval '30 days'.")));
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("%s is out of range", what),
			 errdetail("It must be between 0 and %d days.", LONGEST_DURATION_DAYS),
			 errhint("Use days, for example interval '30 days'.")));
}

void
CheckDuration(const Interval *interval, const char *what,
			  int least_days, int most_days, const char *hint)
{
	int64		microseconds = IntervalMicroseconds(interval, what);

	if (microseconds < least_days * USECS_PER_DAY || microseconds > most_days * USECS_PER_DAY)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s is out of range", what),
				 least_days > 0 ?
				 errdetail("It must be at least %d day and at most %d days.",
						   least_days, most_days) :
				 errdetail("It must be at most %d days.", most_days),
				 errhint("%s", hint)));
}

Interval *
MicrosecondsInterval(int64 microseconds)
{
	Interval   *interval = palloc0(sizeof(Interval));

	interval->day = microseconds / USECS_PER_DAY;
	interval->time = microseconds % USECS_PER_DAY;
	return interval;
}
