/*
 * change_plan.h
 *		What changes of tracked rows do to promises.
 */
#ifndef TRUST_LEDGER_CHANGE_PLAN_H
#define TRUST_LEDGER_CHANGE_PLAN_H

#include "tracking/change_apply.h"
#include "tracking/row_state.h"

typedef struct ChangePlan
{
	const Ledger *ledger;
	const Changes *changes;
	MemoryContext context;		/* what is decided lives there */
	MemoryContext scratch;		/* for one change at a time */
	CurrentChange		current;
	int			nth;			/* of the change that is being decided */
	HTAB	   *row_states;
	PlannedEvent	   *events;
	int			count;
	int			capacity;
} ChangePlan;

extern void PlanChanges(ChangePlan *plan);

#endif
