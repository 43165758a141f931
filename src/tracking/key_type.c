/*
 * key_type.c
 *		Refuses other types of key columns of tracked tables.
 *
 * ALTER COLUMN ... TYPE can give each row another value, and fires no trigger.  Rows would
 * lose their promises, which are found by the text of the primary key.
 */
#include "postgres.h"

#include "tracking/key_type.h"

#include "access/sysattr.h"
#include "access/table.h"
#include "catalog/pg_type_d.h"
#include "nodes/nodeFuncs.h"
#include "nodes/primnodes.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/relcache.h"

#include "base/catalog.h"

static bool
IsKeyColumn(Relation rel, AttrNumber attnum)
{
	Bitmapset  *columns = RelationGetIndexAttrBitmap(rel, INDEX_ATTR_BITMAP_PRIMARY_KEY);

	return bms_is_member(attnum - FirstLowInvalidHeapAttributeNumber, columns);
}

/* The argument of a cast; NULL if the expression is not one. */
static Node *
CastOf(Node *expression)
{
	switch (nodeTag(expression))
	{
		case T_RelabelType:
			return (Node *) castNode(RelabelType, expression)->arg;
		case T_CoerceViaIO:
			return (Node *) castNode(CoerceViaIO, expression)->arg;
		case T_CoerceToDomain:
			return (Node *) castNode(CoerceToDomain, expression)->arg;
		case T_FuncExpr:
			if (castNode(FuncExpr, expression)->funcformat == COERCE_EXPLICIT_CALL)
				return NULL;
			return linitial(castNode(FuncExpr, expression)->args);
		default:
			return NULL;
	}
}

/* Whether the expression after USING is the column itself, or a cast of it. */
static bool
OnlyCasts(Node *expression, AttrNumber attnum)
{
	while (expression && !IsA(expression, Var))
		expression = CastOf(expression);
	return expression && castNode(Var, expression)->varattno == attnum;
}

/*
 * Whether a cast to the type gives a value of another type the same text.  Numbers with a
 * scale and times do not.
 */
static bool
KeepsText(Oid type)
{
	switch (getBaseType(type))
	{
		case NUMERICOID:
		case DATEOID:
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
			return false;
		default:
			return true;
	}
}

void
CheckKeyType(Oid relid, const AlterTableCmd *command, bool tracked)
{
	const ColumnDef *definition = castNode(ColumnDef, command->def);
	AttrNumber	attnum = get_attnum(relid, command->name);
	Relation	rel = table_open(relid, AccessShareLock);
	bool		is_key = tracked || IsKeyColumn(rel, attnum);

	table_close(rel, NoLock);
	if (!is_key || (KeepsText(get_atttype(relid, attnum)) &&
					(definition->raw_default == NULL ||
					 OnlyCasts(definition->cooked_default, attnum))))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("cannot change the type of column \"%s\" in the primary key of tracked "
					"table %s", command->name, QualifiedName(relid)),
			 errdetail("The promises of its rows are recorded with the text of their keys, "
					   "which could change."),
			 errhint("Add a column for the new key, make it the primary key, and call "
					 "trust_ledger.track_table() with argument former_key.")));
}
