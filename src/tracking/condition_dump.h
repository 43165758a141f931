/*
 * condition_dump.h
 *		Checks that a dump restores the WHEN condition of a trigger as it is.
 */
#ifndef TRUST_LEDGER_CONDITION_DUMP_H
#define TRUST_LEDGER_CONDITION_DUMP_H

#include "base/errcodes.h"

#include "utils/rel.h"
#include "utils/reltrigger.h"

/* Error 0A000 if a restore would not find an operator of the condition, or mistake it. */
extern void CheckConditionIsDumped(Relation rel, const Trigger *trigger);

#endif
