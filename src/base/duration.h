/*
 * duration.h
 *		Intervals without months, in microseconds.
 */
#ifndef TRUST_LEDGER_DURATION_H
#define TRUST_LEDGER_DURATION_H

#include "base/errcodes.h"

#include "datatype/timestamp.h"

#define LONGEST_DURATION_DAYS 36525 /* a hundred years */
#define TEN_YEARS_DAYS 3653

/*
 * Converts the interval to microseconds, with days of 24 hours.  False if it has
 * months, a negative part, or more than LONGEST_DURATION_DAYS.
 */
extern bool IntervalHasMicroseconds(const Interval *interval, int64 *microseconds);

/* The same as days of 24 hours and a remainder, in palloc'd memory. */
extern Interval *MicrosecondsInterval(int64 microseconds);

/* Like IntervalHasMicroseconds(), but with an error (22023) instead of false. */
extern int64 IntervalMicroseconds(const Interval *interval, const char *what);

/*
 * Error 22023 unless the interval has at least least_days and at most most_days.
 * For new settings only: IntervalMicroseconds() still accepts older ones.
 */
extern void CheckDuration(const Interval *interval, const char *what,
						  int least_days, int most_days, const char *hint);

#endif
