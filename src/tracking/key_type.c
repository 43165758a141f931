/*
 * key_type.c
 *		Refuses other types of key columns of tracked tables.
 *
 * ALTER COLUMN ... TYPE can give each row another value, and fires no trigger.  Rows would
 * lose their promises, which are found by the text of the primary key.  Only changes of
 * which we know that they keep the text are allowed.
 */
#include "postgres.h"

#include "tracking/key_type.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/sysattr.h"
#include "access/table.h"
#include "access/transam.h"
#include "catalog/indexing.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_type_d.h"
#include "nodes/nodeFuncs.h"
#include "nodes/primnodes.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/relcache.h"
#include "utils/snapmgr.h"

#include "base/catalog.h"

/* Without domains. */
typedef struct ColumnType
{
	Oid			type;
	int32		typmod;
} ColumnType;

static ColumnType
TypeWithoutDomains(Oid type, int32 typmod)
{
	ColumnType	result = {.typmod = typmod};

	result.type = getBaseTypeAndTypmod(type, &result.typmod);
	return result;
}

static bool
IsKeyColumn(Relation rel, AttrNumber attnum)
{
	Bitmapset  *columns = RelationGetIndexAttrBitmap(rel, INDEX_ATTR_BITMAP_PRIMARY_KEY);

	return bms_is_member(attnum - FirstLowInvalidHeapAttributeNumber, columns);
}

/*
 * The type that the column had before the command, whose snapshot is the active one; the
 * type is InvalidOid if the column did not exist.
 */
static ColumnType
FormerType(Oid relid, AttrNumber attnum)
{
	ColumnType	former = {InvalidOid, -1};
	Relation	catalog = table_open(AttributeRelationId, AccessShareLock);
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&keys[0], Anum_pg_attribute_attrelid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(relid));
	ScanKeyInit(&keys[1], Anum_pg_attribute_attnum, BTEqualStrategyNumber, F_INT2EQ,
				Int16GetDatum(attnum));
	scan = systable_beginscan(catalog, AttributeRelidNumIndexId, true, GetActiveSnapshot(),
							  lengthof(keys), keys);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
	{
		Form_pg_attribute column = (Form_pg_attribute) GETSTRUCT(tuple);

		former = TypeWithoutDomains(column->atttypid, column->atttypmod);
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return former;
}

static bool
IsInteger(Oid type)
{
	return type == INT2OID || type == INT4OID || type == INT8OID;
}

static bool
IsText(Oid type)
{
	return type == TEXTOID || type == VARCHAROID;
}

/*
 * Whether each value of one type has the same text in the other.  A cast to varchar(n) cuts
 * blanks off, and cuts anything off if it is explicit.
 */
static bool
SameText(ColumnType from, ColumnType to)
{
	if (from.type == to.type && from.typmod == to.typmod)
		return true;
	if (to.typmod >= 0)
		return IsText(to.type) && from.type == VARCHAROID && from.typmod >= 0 &&
			from.typmod <= to.typmod;
	if (IsInteger(to.type))
		return IsInteger(from.type);
	return IsText(to.type) && (IsText(from.type) || IsInteger(from.type) ||
							   from.type == UUIDOID || type_is_enum(from.type));
}

/* The argument of a cast by a function or relabelling of PostgreSQL; NULL for others. */
static Node *
CastOf(Node *expression)
{
	FuncExpr   *call;

	switch (nodeTag(expression))
	{
		case T_RelabelType:
			return (Node *) castNode(RelabelType, expression)->arg;
		case T_CoerceViaIO:
			return (Node *) castNode(CoerceViaIO, expression)->arg;
		case T_CoerceToDomain:
			return (Node *) castNode(CoerceToDomain, expression)->arg;
		case T_FuncExpr:
			call = castNode(FuncExpr, expression);
			if ((call->funcformat != COERCE_EXPLICIT_CAST &&
				 call->funcformat != COERCE_IMPLICIT_CAST) ||
				call->funcid >= FirstNormalObjectId || call->args == NIL)
				return NULL;
			return linitial(call->args);
		default:
			return NULL;
	}
}

/* Whether the expression after USING is a column of that type, or casts that keep its text. */
static bool
OnlyCasts(Node *expression, AttrNumber attnum, ColumnType column)
{
	while (expression && !IsA(expression, Var))
	{
		if (!SameText(column, TypeWithoutDomains(exprType(expression), exprTypmod(expression))))
			return false;
		expression = CastOf(expression);
	}
	return expression && castNode(Var, expression)->varattno == attnum;
}

static bool
KeepsText(Oid relid, AttrNumber attnum, const ColumnDef *definition)
{
	ColumnType	former = FormerType(relid, attnum);
	Oid			type;
	int32		typmod;
	Oid			collation;

	get_atttypetypmodcoll(relid, attnum, &type, &typmod, &collation);
	return OidIsValid(former.type) && SameText(former, TypeWithoutDomains(type, typmod)) &&
		(definition->raw_default == NULL ||
		 OnlyCasts(definition->cooked_default, attnum, former));
}

void
CheckKeyType(Oid relid, const AlterTableCmd *command, bool tracked)
{
	AttrNumber	attnum = get_attnum(relid, command->name);
	Relation	rel = table_open(relid, AccessShareLock);
	bool		is_key = tracked || IsKeyColumn(rel, attnum);

	table_close(rel, NoLock);
	if (!is_key || (command->subtype == AT_AlterColumnType &&
					KeepsText(relid, attnum, castNode(ColumnDef, command->def))))
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
