/*
 * event.h
 *		Events and states of promises, with their names in entries.
 */
#ifndef TRUST_LEDGER_EVENT_H
#define TRUST_LEDGER_EVENT_H

#include "base/errcodes.h"

typedef enum State
{
	STATE_NONE,					/* does not exist yet */
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

/* Verdicts are the adjacent states kept, partly_kept and broken. */
#define VERDICTS (STATE_BROKEN - STATE_KEPT + 1)
#define VERDICT_NAMES (state_names + STATE_KEPT)

/* Bit sets of events */
#define EVENT_BIT(event) (1 << EVENT_##event)
#define ALL_EVENTS ((1 << EVENTS) - 1)
/* Events that only the acting human can cause, not another actor on their behalf */
#define PERSONAL_EVENTS (EVENT_BIT(BACKED) | EVENT_BIT(DECLINED) | EVENT_BIT(BACKING_WITHDRAWN))

/* Whether the event is in PERSONAL_EVENTS. */
static inline bool
EventIsPersonal(Event event)
{
	return (PERSONAL_EVENTS & (1 << event)) != 0;
}

#endif
