/*
 * change_apply.h
 *		Writes the events that follow from changes of tracked rows.
 */
#ifndef TRUST_LEDGER_CHANGE_APPLY_H
#define TRUST_LEDGER_CHANGE_APPLY_H

#include "tracking/row_change.h"
#include "promise/promise_store.h"
#include "promise/promise_source.h"
#include "base/text.h"

/* An event of one promise that is to be written. */
typedef struct PlannedEvent
{
	int			nth;			/* number of its change */
	const TrackedChange *change;	/* set while the event is written */
	int			position;		/* in the order of planning */
	Event		event;
	char	   *customer;		/* NULL: the row names none, which is an error */
	pg_uuid_t	promise;		/* existing promise, or UUID of the one to be made */
	int64		chain_length;	/* when the promise was looked up; -1 if it was planned here */
	const char *note;			/* reason to be written instead of the mapped one, or NULL */
	bool		notes_key_change;	/* write a note that the row has another key, if no other event
									 * did */
	RowFate		fate;
	pg_uuid_t  *other;			/* promise that replaces this one or that it replaces, or NULL */
	bool		compares_all;	/* amend all terms that differ from the promise, not only those
								 * that the change is about */
	bool		skip_if_recorded;	/* write nothing if the promise is in that state already */
	uint32		refused;		/* bit per COMMAND_...: of a note: the ledger refused it; of an
								 * amendment: it was refused before */
	Chain	   *chain;			/* locked; NULL: customer is not valid */
} PlannedEvent;

/* Argument of ChangeErrorContext(). */
typedef struct CurrentChange
{
	const TrackedChange *change;	/* NULL: none */
} CurrentChange;

/*
 * Writes planned events, which are sorted by customer and whose chains are locked.  The
 * acts of one customer are written together.  Errors: those of the SQL functions that
 * write these events.
 */
extern void PlannedEventsApply(const Ledger *ledger, const Changes *changes, PlannedEvent *events,
							   int count, CurrentChange *current);

/* Whether the row has the customer and all mapped terms of the promise. */
extern bool RowMatchesPromise(const Ledger *ledger, const TrackedChange *change, char *customer,
							  pg_uuid_t promise);

/* Error context callback; arg is a CurrentChange. */
extern void ChangeErrorContext(void *arg);

#endif
