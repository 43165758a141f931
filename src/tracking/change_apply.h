/*
 * change_apply.h
 *		Doing what a tracked row's change does to a promise.
 */
#ifndef TRUST_LEDGER_CHANGE_APPLY_H
#define TRUST_LEDGER_CHANGE_APPLY_H

#include "tracking/row_change.h"
#include "promise/promise_store.h"
#include "promise/promise_source.h"
#include "base/text.h"

/* One event upon one promise. */
typedef struct PlannedEvent
{
	int			nth;			/* of the changes */
	const TrackedChange *change;	/* while it is done */
	int			place;			/* in the order in which deeds were decided */
	Event		event;
	char	   *customer;		/* NULL: to be made to nobody that can be */
	pg_uuid_t	promise;		/* upon which, or to be made */
	int64		seen;			/* how long the chain was when it was decided; -1: that is no matter */
	const char *note;			/* instead of the mapped reason */
	bool		notes_key;		/* a note that the row has another key now */
	RowFate		fate;
	pg_uuid_t  *other;			/* the promise in whose stead, or that comes in its stead */
	bool		compares;		/* an amendment by all that differs from the promise */
	bool		unless_said;	/* not if the promise is so already */
	Chain	   *chain;			/* NULL: the customer is none */
} PlannedEvent;

/* Which change an error would be about; what is handed to the error context's callback. */
typedef struct ChangeAtHand
{
	const TrackedChange *change;	/* NULL: none */
} ChangeAtHand;

extern void PlannedEventsApply(const Ledger *ledger, const Changes *changes, PlannedEvent *events, int count, ChangeAtHand *at_hand);
extern bool RowSaysTheSame(const Ledger *ledger, const TrackedChange *change, char *customer, pg_uuid_t promise);
extern void ChangeErrorContext(void *arg);

#endif
