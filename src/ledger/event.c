/*
 * event.c
 *		Events and states of promises, with their names in entries.
 */
#include "postgres.h"

#include "ledger/event.h"

const char *const state_names[STATES] = {
	"none", "proposed", "open", "kept", "partly_kept", "broken", "released", "withdrawn"
};

const char *const event_names[EVENTS] = {
	"made", "backed", "declined", "backing_withdrawn", "accepted", "amended", "paused", "resumed",
	"breach_admitted", "assessed", "withdrawn", "released", "breach_repaired", "noted", "erased"
};
