/*
 * trigger_condition.c
 *		Evaluates the WHEN condition of a trigger.
 *
 * The executor evaluates it for the rows that a statement changed.  It is evaluated again
 * where other triggers of the statement changed the row once more.
 */
#include "postgres.h"

#include "tracking/trigger_condition.h"

#include "executor/executor.h"
#include "nodes/makefuncs.h"
#include "nodes/primnodes.h"
#include "parser/parsetree.h"
#include "rewrite/prs2lock.h"
#include "rewrite/rewriteHandler.h"
#include "rewrite/rewriteManip.h"

/* As trigger.c of PostgreSQL does: OLD is the inner tuple, NEW is the outer one. */
static ExprState *
PrepareCondition(Relation rel pg_attribute_unused(), const Trigger *trigger, EState * estate)
{
	Node	   *condition = stringToNode(trigger->tgqual);

#if PG_VERSION_NUM >= 180000
	condition = expand_generated_columns_in_expr(condition, rel, PRS2_OLD_VARNO);
	condition = expand_generated_columns_in_expr(condition, rel, PRS2_NEW_VARNO);
#endif
	ChangeVarNodes(condition, PRS2_OLD_VARNO, INNER_VAR, 0);
	ChangeVarNodes(condition, PRS2_NEW_VARNO, OUTER_VAR, 0);
	return ExecPrepareQual(make_ands_implicit((Expr *) condition), estate);
}

static TupleTableSlot *
SlotOf(Relation rel, HeapTuple tuple, EState * estate)
{
	TupleTableSlot *slot = ExecInitExtraTupleSlot(estate, RelationGetDescr(rel),
												  &TTSOpsHeapTuple);

	if (tuple)
		ExecStoreHeapTuple(tuple, slot, false);
	return slot;
}

bool
TriggerConditionHolds(Relation rel, const Trigger *trigger, HeapTuple old, HeapTuple new)
{
	EState	   *estate;
	ExprState  *condition;
	ExprContext *context;
	MemoryContext previous;
	bool		holds;

	if (trigger->tgqual == NULL)
		return true;
	estate = CreateExecutorState();
	previous = MemoryContextSwitchTo(estate->es_query_cxt);
	condition = PrepareCondition(rel, trigger, estate);
	context = GetPerTupleExprContext(estate);
	context->ecxt_innertuple = SlotOf(rel, old, estate);
	context->ecxt_outertuple = SlotOf(rel, new, estate);
	holds = ExecQual(condition, context);
	MemoryContextSwitchTo(previous);
	ExecResetTupleTable(estate->es_tupleTable, false);
	FreeExecutorState(estate);
	return holds;
}
