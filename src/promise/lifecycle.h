/*
 * lifecycle.h
 *		The life of a promise: which event is allowed in which state, and where it leads.
 */
#ifndef TRUST_LEDGER_LIFECYCLE_H
#define TRUST_LEDGER_LIFECYCLE_H

#include "ledger/event.h"

extern bool StateLeads(Event event, State from, State to, bool stands);
extern bool EventCanBeClaimed(Event event);
extern void CheckStateAllows(Event event, State from, const char *promise);

#endif
