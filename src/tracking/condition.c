/*
 * condition.c
 *		Conditions on a tracked row: one boolean expression over its columns.
 *
 * PostgreSQL's own parser reads a condition before it is put into a statement,
 * so that it is one expression there too, and nothing else gets in with it.
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_type_d.h"
#include "lib/stringinfo.h"
#include "nodes/nodeFuncs.h"
#include "nodes/parsenodes.h"
#include "parser/parser.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "base/errcodes.h"

PG_FUNCTION_INFO_V1(condition_for);
PG_FUNCTION_INFO_V1(condition_is_change);
PG_FUNCTION_INFO_V1(condition_columns);

#define EXAMPLE "Write one boolean expression over the row's columns, e.g. status = 'sent' AND amount > 0."

typedef struct Condition
{
	const char *text;
	List	   *columns;		/* of ColumnRef, as they stand in the text */
	bool		is_change;		/* they are all NEW.column or OLD.column */
} Condition;

pg_noreturn static void
Refuse(int sqlstate, const Condition *condition, const char *detail, const char *hint)
{
	ereport(ERROR,
			(errcode(sqlstate),
			 errmsg("this is no condition on a row: %s", condition->text),
			 errdetail("%s", detail),
			 errhint("%s", hint)));
}

/* The parser points into the text that it was given, which is not what the client sent. */
static void
PointIntoCondition(void *text)
{
	int			position = geterrposition();

	if (geterrcode() != ERRCODE_SYNTAX_ERROR)
		return;
	if (position > 0)
	{
		errposition(0);
		internalerrposition(position);
		internalerrquery(text);
	}
	errhint("%s", EXAMPLE);
}

static List *
Parse(const char *text, RawParseMode mode)
{
	ErrorContextCallback context = {
		.previous = error_context_stack, .callback = PointIntoCondition, .arg = unconstify(char *, text)
	};
	List	   *statements;

	error_context_stack = &context;
	statements = raw_parser(text, mode);
	error_context_stack = context.previous;
	return statements;
}

/* SELECT expression, and no clause more; NULL where it is anything else. */
static Node *
OnlyExpression(List *statements)
{
	SelectStmt *select = list_length(statements) == 1 ?
		(SelectStmt *) linitial_node(RawStmt, statements)->stmt : NULL;
	ResTarget  *target;

	if (select == NULL || !IsA(select, SelectStmt) || list_length(select->targetList) != 1 ||
		select->distinctClause || select->intoClause || select->fromClause || select->whereClause ||
		select->groupClause || select->groupDistinct || select->havingClause || select->windowClause ||
		select->valuesLists || select->sortClause || select->limitOffset || select->limitCount ||
		select->lockingClause || select->withClause || select->op != SETOP_NONE)
		return NULL;
	target = linitial_node(ResTarget, select->targetList);
	return target->name || target->indirection ? NULL : target->val;
}

/*
 * The expression has to stand for itself as well as in parentheses: a) OR (b
 * does only in them, ALL a only without.
 */
static Node *
ConditionExpression(const Condition *condition)
{
	Node	   *expression = OnlyExpression(Parse(condition->text, RAW_PARSE_PLPGSQL_EXPR));

	if (expression == NULL || OnlyExpression(Parse(psprintf("SELECT (%s\n)", condition->text), RAW_PARSE_DEFAULT)) == NULL)
		Refuse(ERRCODE_SYNTAX_ERROR, condition, "It must be one expression, without any clause around it.", EXAMPLE);
	return expression;
}

static bool
FindColumns(Node *node, void *context)
{
	Condition  *condition = context;

	if (node == NULL)
		return false;
	switch (nodeTag(node))
	{
		case T_ColumnRef:
			condition->columns = lappend(condition->columns, node);
			return false;
		case T_TypeName:		/* what is in numeric(10, 2) is no column */
			return false;
		case T_SelectStmt:
			Refuse(ERRCODE_INVALID_PARAMETER_VALUE, condition, "It has a sub-select, and a trigger's condition sees nothing but its row.",
				   "Call a function that looks it up, or keep it in a column of the row.");
		case T_ParamRef:
			Refuse(ERRCODE_INVALID_PARAMETER_VALUE, condition, "It has a parameter, and nobody gives it a value.", EXAMPLE);
		default:
			return raw_expression_tree_walker(node, FindColumns, context);
	}
}

static const char *
NameAt(const ColumnRef *column, int index)
{
	return strVal(list_nth(column->fields, index));
}

/* NEW.column or OLD.column */
static bool
IsOfChange(const ColumnRef *column)
{
	return list_length(column->fields) == 2 && !IsA(llast(column->fields), A_Star) &&
		(strcmp(NameAt(column, 0), "new") == 0 || strcmp(NameAt(column, 0), "old") == 0);
}

static void
CheckColumn(const Condition *condition, const ColumnRef *column)
{
	if (IsA(llast(column->fields), A_Star))
		Refuse(ERRCODE_INVALID_PARAMETER_VALUE, condition, "It speaks of all columns at once.", "Name the columns that it is about.");
	if (list_length(column->fields) > 1 && !IsOfChange(column))
		Refuse(ERRCODE_INVALID_PARAMETER_VALUE, condition,
			   psprintf("%s is no column of the row by its bare name, nor one of NEW or OLD.", NameListToString(column->fields)),
			   "Write status, or NEW.status and OLD.status for a condition on what changed; a field of a composite column is (address).city.");
	if (IsOfChange(column) != condition->is_change)
		Refuse(ERRCODE_INVALID_PARAMETER_VALUE, condition, "It has bare columns and columns of NEW or OLD.",
			   "Write NEW. or OLD. before every column, or before none.");
}

static int
CompareLocations(const ListCell *a, const ListCell *b)
{
	return lfirst_node(ColumnRef, a)->location - lfirst_node(ColumnRef, b)->location;
}

static void
ConditionRead(Condition *condition, const text *given)
{
	ListCell   *cell;

	memset(condition, 0, sizeof(Condition));
	condition->text = text_to_cstring(given);
	(void) FindColumns(ConditionExpression(condition), condition);
	list_sort(condition->columns, CompareLocations);
	foreach(cell, condition->columns)
		condition->is_change |= IsOfChange(lfirst(cell));
	foreach(cell, condition->columns)
		CheckColumn(condition, lfirst(cell));
}

/* A word that can stand before a dot without quotes. */
static void
CheckRowName(const char *row)
{
	if (row[0] != '\0' && strspn(row, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_") == strlen(row))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("\"%s\" does not name a row", row),
			 errdetail("It goes before the columns as it is: letters and _ only."),
			 errhint("Give NEW, OLD or an alias.")));
}

/*
 * condition_for(condition text, row text) returns text
 *		The condition in parentheses, about that row: each column as row.column.
 *		Errors: 42601 it is no expression, 22023 it is one that no row has an answer
 *		to, or a condition on a change.
 */
Datum
condition_for(PG_FUNCTION_ARGS)
{
	char	   *row = text_to_cstring(PG_GETARG_TEXT_PP(1));
	Condition	condition;
	StringInfoData result;
	ListCell   *cell;
	int			written = 0;

	CheckRowName(row);
	ConditionRead(&condition, PG_GETARG_TEXT_PP(0));
	if (condition.is_change)
		Refuse(ERRCODE_INVALID_PARAMETER_VALUE, &condition, "It is about a change, and here it is asked of one row.",
			   "Write the columns without NEW. and OLD.: the row is asked before and after.");
	initStringInfo(&result);
	appendStringInfoChar(&result, '(');
	foreach(cell, condition.columns)
	{
		int			location = lfirst_node(ColumnRef, cell)->location;

		appendBinaryStringInfo(&result, condition.text + written, location - written);
		appendStringInfo(&result, "%s.", row);
		written = location;
	}
	appendStringInfo(&result, "%s%s)", condition.text + written, strstr(condition.text, "--") ? "\n" : "");
	PG_RETURN_TEXT_P(cstring_to_text(result.data));
}

/*
 * condition_is_change(condition text) returns boolean
 *		Whether it is about what changed: its columns are those of NEW and OLD.
 */
Datum
condition_is_change(PG_FUNCTION_ARGS)
{
	Condition	condition;

	ConditionRead(&condition, PG_GETARG_TEXT_PP(0));
	PG_RETURN_BOOL(condition.is_change);
}

/*
 * condition_columns(condition text) returns text[]
 *		The names of its columns, each once.
 */
Datum
condition_columns(PG_FUNCTION_ARGS)
{
	Condition	condition;
	List	   *names = NIL;
	ListCell   *cell;
	ArrayBuildState *result;

	ConditionRead(&condition, PG_GETARG_TEXT_PP(0));
	result = initArrayResult(TEXTOID, CurrentMemoryContext, false);
	foreach(cell, condition.columns)
	{
		Node	   *name = llast(lfirst_node(ColumnRef, cell)->fields);

		if (list_member(names, name))
			continue;
		names = lappend(names, name);
		result = accumArrayResult(result, CStringGetTextDatum(strVal(name)), false, TEXTOID, CurrentMemoryContext);
	}
	PG_RETURN_DATUM(makeArrayResult(result, CurrentMemoryContext));
}
