/*
 * duration.c
 *		Lengths of time: intervals that mean the same everywhere, in microseconds.
 */
#include "postgres.h"

#include "base/duration.h"

/* Days are 24 hours; months have no length; neither negative nor longer than a hundred years. */
bool
IntervalHasMicroseconds(const Interval *interval, int64 *microseconds)
{
	if (interval->month != 0 || interval->day < 0 || interval->time < 0 ||
		interval->day > LONGEST_DURATION_DAYS || interval->time > LONGEST_DURATION_DAYS * USECS_PER_DAY)
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
				 errmsg("%s must not be given in months or years", what),
				 errdetail("A month has no fixed length."),
				 errhint("Give days, e.g. interval '30 days'.")));
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("%s is out of range", what),
			 errdetail("It must be neither negative nor longer than %d days.", LONGEST_DURATION_DAYS),
			 errhint("Give days, e.g. interval '30 days'.")));
}

/*
 * Limits of what is set from now on.  What was set before them stays: it is read by
 * IntervalMicroseconds().
 */
void
CheckDuration(const Interval *interval, const char *what, int least_days, int most_days, const char *hint)
{
	int64		microseconds = IntervalMicroseconds(interval, what);

	if (microseconds < least_days * USECS_PER_DAY || microseconds > most_days * USECS_PER_DAY)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s is out of range", what),
				 least_days > 0 ? errdetail("It must be at least %d day and at most %d days.", least_days, most_days) :
				 errdetail("It must be at most %d days.", most_days),
				 errhint("%s", hint)));
}

/* Days of 24 hours, and what is left. */
Interval *
MicrosecondsInterval(int64 microseconds)
{
	Interval   *interval = palloc0(sizeof(Interval));

	interval->day = microseconds / USECS_PER_DAY;
	interval->time = microseconds % USECS_PER_DAY;
	return interval;
}
