/*
 * lateness.h
 *		Promises that were opened late, and terms that the company eased late.
 */
#ifndef TRUST_LEDGER_LATENESS_H
#define TRUST_LEDGER_LATENESS_H

#include "promise/promise.h"

/* Whether the promise was first open only after its first due time. */
extern bool PromiseOpenedLate(const Row *promise);

/* Whether pauses took more than half of the time that was first promised. */
extern bool PromisePausedLong(const Row *promise);

/*
 * Whether the company withdrew the promise in time, but after it was open and after half
 * of its time, without pauses.
 */
extern bool PromiseWithdrawnNearDue(const Row *promise);

/*
 * Whether the company eases the terms late by this entry of event "amended", which must
 * not have been applied to the promise yet: the terms that take effect are easier, it is
 * after half of the time that was first promised, without pauses, and it is not the
 * customer's own act.
 */
extern bool PromiseEasedLate(const Row *promise, const Row *entry);

#endif
