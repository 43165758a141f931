/*
 * exception_totals.h
 *		Exceptions that follow from several promises together.
 *
 * For each kind of them there is a state that is begun, to which all promises are added,
 * and which then puts its exceptions.  Some need the promises a second time.
 */
#ifndef TRUST_LEDGER_EXCEPTION_TOTALS_H
#define TRUST_LEDGER_EXCEPTION_TOTALS_H

#include "analysis/promise_exceptions.h"

/*
 * backfilled; and company_word_only of promises that were recorded long after they were
 * made.  One exception per run of an import, that is, what was recorded with breaks of at
 * most ten minutes; a run of one promise is an exception of that promise.
 */
typedef struct ImportRuns
{
	HTAB	   *minutes;
} ImportRuns;

extern void ImportRunsBegin(ImportRuns *runs, const ExceptionScan *scan);
extern void ImportRunsAdd(ImportRuns *runs, const ExceptionScan *scan);
extern void ImportRunsPut(const ImportRuns *runs, ExceptionScan *scan);

/* backed_in_bursts: one exception per human who backed more than ten promises in a minute. */
typedef struct BackingBursts
{
	HTAB	   *humans;
	struct Backing *backings;
	int64		count;
	int64		capacity;
} BackingBursts;

extern void BackingBurstsBegin(BackingBursts *bursts, const ExceptionScan *scan);
extern void BackingBurstsAdd(BackingBursts *bursts, const ExceptionScan *scan);
extern void BackingBurstsPut(const BackingBursts *bursts, const ExceptionScan *scan);

/*
 * due_far: undecided promises that become overdue only after ten times as long as usual.
 * The usual time is the geometric mean of the times first promised, without grace, of the
 * kind; if there are fewer than five, of all, then at least 30 days; at most a year.
 */
typedef struct UsualTimes
{
	HTAB	   *kinds;
	struct UsualTime *all;
} UsualTimes;

extern void UsualTimesBegin(UsualTimes *times, const ExceptionScan *scan);
extern void UsualTimesAdd(UsualTimes *times, const ExceptionScan *scan);

/* Whether there are such promises, that is, whether to look at all of them again. */
extern bool UsualTimesHaveFar(const UsualTimes *times);
extern void UsualTimesPut(const UsualTimes *times, const ExceptionScan *scan);

/*
 * remade: promises that were withdrawn in time, after they were open, while the same
 * promiser made another one of the same kind to the customer in the time until due.
 */
typedef struct RemadePromises
{
	HTAB	   *withdrawn;
} RemadePromises;

extern void RemadePromisesBegin(RemadePromises *remade, const ExceptionScan *scan);
extern void RemadePromisesAdd(RemadePromises *remade, const ExceptionScan *scan);
extern bool RemadePromisesHaveWithdrawn(const RemadePromises *remade);
extern void RemadePromisesPut(RemadePromises *remade, ExceptionScan *scan);

#endif
