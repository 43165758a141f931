/*
 * duration.h
 *		Lengths of time: intervals that mean the same everywhere, in microseconds.
 */
#ifndef TRUST_LEDGER_DURATION_H
#define TRUST_LEDGER_DURATION_H

#include "base/errcodes.h"

#include "datatype/timestamp.h"

#define LONGEST_DURATION_DAYS 36525		/* a hundred years */
#define TEN_YEARS_DAYS 3653

extern bool IntervalHasMicroseconds(const Interval *interval, int64 *microseconds);
extern Interval *MicrosecondsInterval(int64 microseconds);
extern int64 IntervalMicroseconds(const Interval *interval, const char *what);
extern void CheckDuration(const Interval *interval, const char *what, int least_days, int most_days, const char *hint);

#endif
