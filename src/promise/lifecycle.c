/*
 * lifecycle.c
 *		The life of a promise: the state machine, in one table.
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
	STAY(PROPOSED), STAY(OPEN), STAY(KEPT), STAY(PARTLY_KEPT), STAY(BROKEN), STAY(RELEASED), STAY(WITHDRAWN)

/* [event][from]: where it may lead; nothing where it is not allowed */
static const uint32 leads[EVENTS][STATES] = {
	[EVENT_MADE] = {[STATE_NONE] = TO(PROPOSED) | TO(OPEN)},
	[EVENT_BACKED] = {[STATE_PROPOSED] = TO(OPEN), [STATE_OPEN] = TO(OPEN)},
	[EVENT_DECLINED] = {STAY(PROPOSED)},
	[EVENT_BACKING_WITHDRAWN] = {[STATE_OPEN] = TO(PROPOSED) | TO(OPEN)},
	[EVENT_ACCEPTED] = {[STATE_PROPOSED] = TO(OPEN), [STATE_OPEN] = TO(OPEN)},
	[EVENT_AMENDED] = {[STATE_PROPOSED] = TO(PROPOSED) | TO(OPEN), [STATE_OPEN] = TO(PROPOSED) | TO(OPEN)},
	[EVENT_PAUSED] = {STAY(OPEN)},
	[EVENT_RESUMED] = {STAY(PROPOSED), STAY(OPEN)},
	[EVENT_BREACH_ADMITTED] = {[STATE_OPEN] = TO(BROKEN)},
	[EVENT_ASSESSED] = {[STATE_OPEN] = TO_VERDICT, [STATE_KEPT] = TO_VERDICT,
	[STATE_PARTLY_KEPT] = TO_VERDICT, [STATE_BROKEN] = TO_VERDICT},
	[EVENT_WITHDRAWN] = {[STATE_PROPOSED] = TO(WITHDRAWN) | TO(BROKEN), [STATE_OPEN] = TO(WITHDRAWN) | TO(BROKEN)},
	[EVENT_RELEASED] = {[STATE_OPEN] = TO(RELEASED), STAY(RELEASED)},
	[EVENT_BREACH_REPAIRED] = {STAY(BROKEN)},
	[EVENT_NOTED] = {STAY_IN_ALL},
	[EVENT_ERASED] = {STAY_IN_ALL},
};

static bool
StateAllows(Event event, State from)
{
	return leads[event][from] != 0;
}

/* What does not stand is recorded, and leaves the state as it is. */
bool
StateLeads(Event event, State from, State to, bool stands)
{
	return stands ? (leads[event][from] & (1 << to)) != 0 : StateAllows(event, from) && to == from;
}

/* What the company may say for the other side, and that side, or a record, may say itself. */
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
	return list.len ? list.data : "nothing more";
}

/* An error that names the state and what it allows. */
void
CheckStateAllows(Event event, State from, const char *promise)
{
	if (StateAllows(event, from))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_TL_STATE),
			 errmsg("promise %s is %s and cannot be %s", promise, state_names[from], event_names[event]),
			 errdetail("A promise that is %s allows: %s.", state_names[from], AllowedEvents(from))));
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
 *		Each event in each state of a promise; leads_to is empty where the state
 *		does not allow the event.
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
				StateNames(leads[event][state])
			};
			bool		nulls[3] = {0};

			tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
		}
	return (Datum) 0;
}
