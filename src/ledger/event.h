/*
 * event.h
 *		Events of promises, and the states that they leave them in, as entries name them.
 */
#ifndef TRUST_LEDGER_EVENT_H
#define TRUST_LEDGER_EVENT_H

#include "base/errcodes.h"

typedef enum State
{
	STATE_NONE,					/* not made yet */
	STATE_PROPOSED,
	STATE_OPEN,
	STATE_KEPT,
	STATE_PARTLY_KEPT,
	STATE_BROKEN,
	STATE_RELEASED,
	STATE_WITHDRAWN,
	STATES
} State;

typedef enum Event
{
	EVENT_MADE,
	EVENT_BACKED,
	EVENT_DECLINED,
	EVENT_BACKING_WITHDRAWN,
	EVENT_ACCEPTED,
	EVENT_AMENDED,
	EVENT_PAUSED,
	EVENT_RESUMED,
	EVENT_BREACH_ADMITTED,
	EVENT_ASSESSED,
	EVENT_WITHDRAWN,
	EVENT_RELEASED,
	EVENT_BREACH_REPAIRED,
	EVENT_NOTED,
	EVENT_ERASED,
	EVENTS
} Event;

extern const char *const state_names[STATES];
extern const char *const event_names[EVENTS];

/* The verdicts are states, one behind the other. */
#define VERDICTS (STATE_BROKEN - STATE_KEPT + 1)
#define VERDICT_NAMES (state_names + STATE_KEPT)

/* Sets of events, a bit each. */
#define EVENT_BIT(event) (1 << EVENT_##event)
#define ALL_EVENTS ((1 << EVENTS) - 1)
/* What a human does by their own act, and nobody for them. */
#define PERSONAL_EVENTS (EVENT_BIT(BACKED) | EVENT_BIT(DECLINED) | EVENT_BIT(BACKING_WITHDRAWN))

static inline bool
EventIsPersonal(Event event)
{
	return (PERSONAL_EVENTS & (1 << event)) != 0;
}

#endif
