/*
 * condition_dump.c
 *		Checks that a dump restores the WHEN conditions of triggers as they are.
 *
 * A dump names an operator outside pg_catalog as OPERATOR(schema.name), but not in IS
 * DISTINCT FROM, NULLIF and CASE value WHEN, whose syntax has no operator.  For a row
 * comparison it names only the operator of the first columns.  Where the operator is not
 * named, a restore finds another one, of pg_catalog, or none.
 */
#include "postgres.h"

#include "tracking/condition_dump.h"

#include "access/htup_details.h"
#include "catalog/pg_namespace_d.h"
#include "catalog/pg_operator.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "nodes/plannodes.h"
#include "rewrite/prs2lock.h"
#include "utils/regproc.h"
#include "utils/ruleutils.h"
#include "utils/syscache.h"

#include "base/catalog.h"

static Oid
OperatorNamespace(Oid operator)
{
	HeapTuple	tuple = SearchSysCache1(OPEROID, ObjectIdGetDatum(operator));
	Oid			namespace;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for operator %u", operator);
	namespace = ((Form_pg_operator) GETSTRUCT(tuple))->oprnamespace;
	ReleaseSysCache(tuple);
	return namespace;
}

static RangeTblEntry *
RowOf(Relation rel, const char *name)
{
	RangeTblEntry *row = makeNode(RangeTblEntry);

	row->rtekind = RTE_RELATION;
	row->relid = RelationGetRelid(rel);
	row->relkind = rel->rd_rel->relkind;
	row->rellockmode = AccessShareLock;
	row->alias = row->eref = makeAlias(name, NIL);
	return row;
}

/* Part of a condition, as PostgreSQL prints it: with columns of "new" and "old". */
static const char *
ConditionText(Relation rel, Node *part)
{
	PlannedStmt *statement = makeNode(PlannedStmt);

	StaticAssertStmt(PRS2_OLD_VARNO == 1 && PRS2_NEW_VARNO == 2, "order of the rows");
	statement->rtable = list_make2(RowOf(rel, "old"), RowOf(rel, "new"));
	return deparse_expression(part,
							  deparse_context_for_plan_tree(statement,
															list_make2(pstrdup("old"),
																	   pstrdup("new"))),
							  true, false);
}

pg_noreturn static void
RejectOperator(Relation rel, Node *part, Oid operator)
{
	const char *name = format_operator_qualified(operator);

	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("cannot track table %s with a condition that a dump cannot restore",
					QualifiedName(RelationGetRelid(rel))),
			 errdetail("A dump does not name operator %s in this part of the condition: %s",
					   name, ConditionText(rel, part)),
			 errhint("Compare single values with =, <> or <, and handle NULL with IS NULL; "
					 "or cast the values to text.")));
}

/* The first operator that is not in the schema of the one named; else InvalidOid. */
static Oid
OperatorNotNamed(const RowCompareExpr * rows)
{
	Oid			named = OperatorNamespace(linitial_oid(rows->opnos));
	ListCell   *cell;

	for_each_from(cell, rows->opnos, 1)
	{
		if (OperatorNamespace(lfirst_oid(cell)) != named)
			return lfirst_oid(cell);
	}
	return InvalidOid;
}

/* An operator of this node that a restore would not find, or mistake; else InvalidOid. */
static Oid
HiddenOperator(Node *node)
{
	ListCell   *cell;
	Oid			operator;

	switch (nodeTag(node))
	{
		case T_DistinctExpr:
		case T_NullIfExpr:		/* both are OpExpr under another name */
			operator = ((OpExpr *) node)->opno;
			return OperatorNamespace(operator) == PG_CATALOG_NAMESPACE ? InvalidOid : operator;
		case T_RowCompareExpr:
			return OperatorNotNamed((RowCompareExpr *) node);
		case T_CaseExpr:
			if (((CaseExpr *) node)->arg == NULL)
				return InvalidOid;
			foreach(cell, ((CaseExpr *) node)->args)
			{
				OpExpr	   *equal = (OpExpr *) lfirst_node(CaseWhen, cell)->expr;

				if (IsA(equal, OpExpr) &&
					OperatorNamespace(equal->opno) != PG_CATALOG_NAMESPACE)
					return equal->opno;
			}
			return InvalidOid;
		default:
			return InvalidOid;
	}
}

static bool
CheckNode(Node *node, void *rel)
{
	Oid			operator;

	if (node == NULL)
		return false;
	operator = HiddenOperator(node);
	if (OidIsValid(operator))
		RejectOperator(rel, node, operator);
	return expression_tree_walker(node, CheckNode, rel);
}

void
CheckConditionIsDumped(Relation rel, const Trigger *trigger)
{
	if (trigger->tgqual)
		(void) CheckNode(stringToNode(trigger->tgqual), rel);
}
