/*
 * change_plan.h
 *		Decides which events of promises follow from changes of tracked rows.
 */
#ifndef TRUST_LEDGER_CHANGE_PLAN_H
#define TRUST_LEDGER_CHANGE_PLAN_H

#include "tracking/change_apply.h"
#include "tracking/row_state.h"

/* Changes that are written together, and the events planned for them. */
typedef struct ChangePlan
{
	const Ledger *ledger;
	const Changes *changes;
	MemoryContext context;		/* of row states and events; reset before planning again */
	MemoryContext scratch;		/* child of context; reset for each change */
	CurrentChange current;		/* for error messages */
	int			nth;			/* number of the change that is being planned */
	HTAB	   *row_states;
	PlannedEvent *events;
	int			count;
	int			capacity;
} ChangePlan;

/* Plans the events of all changes, in their order.  Locks and writes nothing. */
extern void PlanChanges(ChangePlan *plan);

#endif
