/*
 * lifecycle.c
 *		The state machine of promises.
 */
#include "postgres.h"

#include "promise/lifecycle.h"

#include "catalog/pg_type_d.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

PG_FUNCTION_INFO_V1(state_machine);

#define TO(state) (1 << STATE_##state)
#define TO_VERDICT (TO(KEPT) | TO(PARTLY_KEPT) | TO(BROKEN))
#define STAY(state) [STATE_##state] = TO(state)
#define STAY_IN_ALL \
	STAY(PROPOSED), STAY(OPEN), STAY(KEPT), STAY(PARTLY_KEPT), STAY(BROKEN), \
	STAY(RELEASED), STAY(WITHDRAWN)

/* [event][from]: bit set of the possible next states; 0 if the event is not allowed */
static const uint32 transitions[EVENTS][STATES] = {
	[EVENT_MADE] = {[STATE_NONE] = TO(PROPOSED) | TO(OPEN)},
	[EVENT_BACKED] = {[STATE_PROPOSED] = TO(OPEN), [STATE_OPEN] = TO(OPEN)},
	[EVENT_DECLINED] = {STAY(PROPOSED)},
	[EVENT_BACKING_WITHDRAWN] = {[STATE_OPEN] = TO(PROPOSED) | TO(OPEN)},
	[EVENT_ACCEPTED] = {[STATE_PROPOSED] = TO(OPEN), [STATE_OPEN] = TO(OPEN)},
	[EVENT_AMENDED] = {[STATE_PROPOSED] = TO(PROPOSED) | TO(OPEN),
	[STATE_OPEN] = TO(PROPOSED) | TO(OPEN)},
	[EVENT_PAUSED] = {STAY(OPEN)},
	[EVENT_RESUMED] = {STAY(PROPOSED), STAY(OPEN)},
	[EVENT_BREACH_ADMITTED] = {[STATE_OPEN] = TO(BROKEN)},
	[EVENT_ASSESSED] = {[STATE_OPEN] = TO_VERDICT, [STATE_KEPT] = TO_VERDICT,
	[STATE_PARTLY_KEPT] = TO_VERDICT, [STATE_BROKEN] = TO_VERDICT},
	[EVENT_WITHDRAWN] = {[STATE_PROPOSED] = TO(WITHDRAWN) | TO(BROKEN),
	[STATE_OPEN] = TO(WITHDRAWN) | TO(BROKEN)},
	[EVENT_RELEASED] = {[STATE_OPEN] = TO(RELEASED), STAY(RELEASED)},
	[EVENT_BREACH_REPAIRED] = {STAY(BROKEN)},
	[EVENT_NOTED] = {STAY_IN_ALL},
	[EVENT_ERASED] = {STAY_IN_ALL},
};

/* For "cannot ... promise X" */
static const char *const event_phrases[EVENTS] = {
	[EVENT_MADE] = "make",
	[EVENT_BACKED] = "back",
	[EVENT_DECLINED] = "decline",
	[EVENT_BACKING_WITHDRAWN] = "withdraw a backing of",
	[EVENT_ACCEPTED] = "accept",
	[EVENT_AMENDED] = "amend",
	[EVENT_PAUSED] = "pause",
	[EVENT_RESUMED] = "resume",
	[EVENT_BREACH_ADMITTED] = "admit a breach of",
	[EVENT_ASSESSED] = "assess",
	[EVENT_WITHDRAWN] = "withdraw",
	[EVENT_RELEASED] = "release the company from",
	[EVENT_BREACH_REPAIRED] = "repair a breach of",
	[EVENT_NOTED] = "add a note to",
	[EVENT_ERASED] = "erase texts of"
};

static bool
StateAllows(Event event, State from)
{
	return transitions[event][from] != 0;
}

bool
TransitionAllowed(Event event, State from, State to, bool stands)
{
	return stands ? (transitions[event][from] & (1 << to)) != 0 :
		StateAllows(event, from) && to == from;
}

bool
EventCanBeClaimed(Event event)
{
	return event == EVENT_ACCEPTED || event == EVENT_AMENDED || event == EVENT_ASSESSED ||
		event == EVENT_RELEASED || event == EVENT_BREACH_REPAIRED;
}

static char *
AllowedEvents(State from)
{
	StringInfoData list;

	initStringInfo(&list);
	for (int event = 0; event < EVENTS; event++)
		if (StateAllows(event, from))
			appendStringInfo(&list, "%s%s", list.len ? ", " : "", event_names[event]);
	return list.len ? list.data : "none";
}

void
CheckStateAllows(Event event, State from, const char *promise)
{
	if (StateAllows(event, from))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_TL_STATE),
			 errmsg("cannot %s promise %s, which is %s",
					event_phrases[event], promise, state_names[from]),
			 errdetail("In state \"%s\" the following events are allowed: %s.",
					   state_names[from], AllowedEvents(from))));
}

static Datum
StateNames(uint32 states)
{
	Datum		names[STATES];
	int			count = 0;

	for (int state = 0; state < STATES; state++)
		if (states & (1 << state))
			names[count++] = CStringGetTextDatum(state_names[state]);
	return PointerGetDatum(construct_array(names, count, TEXTOID, -1, false, TYPALIGN_INT));
}

/*
 * state_machine() returns table (event text, state text, leads_to text[])
 *		Returns each combination of event and state.  leads_to lists the possible next
 *		states; it is empty if the state does not allow the event.
 */
Datum
state_machine(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;

	InitMaterializedSRF(fcinfo, 0);
	for (int event = 0; event < EVENTS; event++)
		for (int state = 0; state < STATES; state++)
		{
			Datum		values[3] = {
				CStringGetTextDatum(event_names[event]), CStringGetTextDatum(state_names[state]),
				StateNames(transitions[event][state])
			};
			bool		nulls[3] = {0};

			tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
		}
	return (Datum) 0;
}
