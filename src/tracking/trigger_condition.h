/*
 * trigger_condition.h
 *		Evaluates the WHEN condition of a trigger.
 */
#ifndef TRUST_LEDGER_TRIGGER_CONDITION_H
#define TRUST_LEDGER_TRIGGER_CONDITION_H

#include "postgres.h"

#include "access/htup.h"
#include "utils/rel.h"
#include "utils/reltrigger.h"

/*
 * Whether the condition is true for these rows, one of which may be NULL.  Runs user
 * code, as the current user.
 */
extern bool TriggerConditionHolds(Relation rel, const Trigger *trigger, HeapTuple old,
								  HeapTuple new);

#endif
