/*
 * lifecycle.h
 *		The state machine of promises.
 */
#ifndef TRUST_LEDGER_LIFECYCLE_H
#define TRUST_LEDGER_LIFECYCLE_H

#include "ledger/event.h"

/*
 * Whether the event may lead from one state to the other.  An event that does not stand
 * has no effect on the state, but must be allowed in it.
 */
extern bool TransitionAllowed(Event event, State from, State to, bool stands);

/* Whether the company may relay or claim the event, for confirm_relayed() to confirm. */
extern bool EventCanBeClaimed(Event event);

/* Checks that the state allows the event.  promise is its uuid, for errors.  Errors: TL001. */
extern void CheckStateAllows(Event event, State from, const char *promise);

#endif
