/*
 * condition.c
 *		Parses conditions on tracked rows: boolean expressions over their columns.
 *
 * PostgreSQL's parser reads a condition before it becomes part of a statement, so that
 * it cannot be anything but one expression there.
 */
#include "postgres.h"

#include <ctype.h>

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
PG_FUNCTION_INFO_V1(condition_renamed);
PG_FUNCTION_INFO_V1(definition_columns);

#define EXAMPLE \
	"Write one boolean expression over the row's columns, " \
	"for example status = 'sent' AND amount > 0."

typedef struct Condition
{
	const char *text;
	List	   *columns;		/* of ColumnRef, in the order of the text */
	bool		is_change;		/* all columns are NEW.column or OLD.column */
} Condition;

pg_noreturn static void
RejectCondition(int sqlstate, const Condition *condition, const char *detail, const char *hint)
{
	ereport(ERROR,
			(errcode(sqlstate),
			 errmsg("invalid condition on a row: %s", condition->text),
			 errdetail("%s", detail),
			 errhint("%s", hint)));
}

/* The parser's error positions refer to the condition, not to the client's query. */
static void
SetConditionPosition(void *text)
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
		.previous = error_context_stack, .callback = SetConditionPosition,
		.arg = unconstify(char *, text)
	};
	List	   *statements;

	error_context_stack = &context;
	statements = raw_parser(text, mode);
	error_context_stack = context.previous;
	return statements;
}

/* The expression of a statement SELECT expression; NULL if there are other clauses. */
static Node *
OnlyExpression(List *statements)
{
	SelectStmt *select = list_length(statements) == 1 ?
		(SelectStmt *) linitial_node(RawStmt, statements)->stmt : NULL;
	ResTarget  *target;

	if (select == NULL || !IsA(select, SelectStmt) || list_length(select->targetList) != 1 ||
		select->distinctClause || select->intoClause || select->fromClause ||
		select->whereClause || select->groupClause || select->groupDistinct ||
		select->havingClause || select->windowClause || select->valuesLists ||
		select->sortClause || select->limitOffset || select->limitCount ||
		select->lockingClause || select->withClause || select->op != SETOP_NONE)
		return NULL;
	target = linitial_node(ResTarget, select->targetList);
	return target->name || target->indirection ? NULL : target->val;
}

/*
 * The expression must be valid both without and in parentheses: "a) OR (b" is valid only
 * in parentheses, "ALL a" only without.
 */
static Node *
ConditionExpression(const Condition *condition)
{
	Node	   *expression = OnlyExpression(Parse(condition->text, RAW_PARSE_PLPGSQL_EXPR));

	if (expression == NULL ||
		OnlyExpression(Parse(psprintf("SELECT (%s\n)", condition->text),
							 RAW_PARSE_DEFAULT)) == NULL)
		RejectCondition(ERRCODE_SYNTAX_ERROR, condition,
						"It must be one expression without other clauses.", EXAMPLE);
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
		case T_TypeName:		/* type modifiers are not columns */
			return false;
		case T_SelectStmt:
			RejectCondition(ERRCODE_INVALID_PARAMETER_VALUE, condition,
							"Conditions of triggers cannot contain subqueries.",
							"Call a function that runs the query, "
							"or store its result in a column of the row.");
		case T_ParamRef:
			RejectCondition(ERRCODE_INVALID_PARAMETER_VALUE, condition,
							"It cannot contain parameters.", EXAMPLE);
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
		RejectCondition(ERRCODE_INVALID_PARAMETER_VALUE, condition,
						"It cannot contain *.", "List the columns.");
	if (list_length(column->fields) > 1 && !IsOfChange(column))
		RejectCondition(ERRCODE_INVALID_PARAMETER_VALUE, condition,
						psprintf("%s is neither the bare name of a column nor NEW.column or "
								 "OLD.column.", NameListToString(column->fields)),
						"Write status, or NEW.status and OLD.status for a condition on a change. "
						"For a field of a composite column, write (address).city.");
	if (IsOfChange(column) != condition->is_change)
		RejectCondition(ERRCODE_INVALID_PARAMETER_VALUE, condition,
						"It contains both bare columns and columns of NEW or OLD.",
						"Write NEW. or OLD. before all columns or before none.");
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

/* The name is not quoted in the result. */
static void
CheckRowName(const char *row)
{
	if (row[0] != '\0' &&
		strspn(row, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_") == strlen(row))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("invalid name of a row: \"%s\"", row),
			 errdetail("The name must contain only letters and underscores."),
			 errhint("Specify NEW, OLD or an alias.")));
}

/*
 * condition_for(condition text, row text) returns text
 *		The condition in parentheses, with each column qualified as row.column.  Errors:
 *		42601 it is not an expression; 22023 it is a condition on a change, or contains
 *		something else that a trigger's condition cannot contain.
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
		RejectCondition(ERRCODE_INVALID_PARAMETER_VALUE, &condition,
						"It is a condition on a change, but must be one on a row.",
						"Write the columns without NEW. and OLD.");
	initStringInfo(&result);
	appendStringInfoChar(&result, '(');
	foreach(cell, condition.columns)
	{
		int			location = lfirst_node(ColumnRef, cell)->location;

		appendBinaryStringInfo(&result, condition.text + written, location - written);
		appendStringInfo(&result, "%s.", row);
		written = location;
	}
	appendStringInfo(&result, "%s%s)", condition.text + written,
					 strstr(condition.text, "--") ? "\n" : "");
	PG_RETURN_TEXT_P(cstring_to_text(result.data));
}

/*
 * condition_is_change(condition text) returns boolean
 *		Whether the columns of the condition are NEW.column and OLD.column.
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
 *		The names of the condition's columns, without duplicates.
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
		result = accumArrayResult(result, CStringGetTextDatum(strVal(name)), false,
								  TEXTOID, CurrentMemoryContext);
	}
	PG_RETURN_DATUM(makeArrayResult(result, CurrentMemoryContext));
}

/* ---- renamed columns ---- */

static const char *
SkipSpace(const char *next)
{
	return next + strspn(next, " \t\n\r\f\v");
}

/* Skips an identifier as the parser reads it, quoted or not. */
static const char *
SkipName(const char *next)
{
	if ((*next == 'U' || *next == 'u') && next[1] == '&' && next[2] == '"')
		next += 2;
	if (*next != '"')
	{
		while (IS_HIGHBIT_SET(*next) || isalnum((unsigned char) *next) ||
			   *next == '_' || *next == '$')
			next++;
		return next;
	}
	for (next++; *next && (*next != '"' || next[1] == '"'); next++)
		if (*next == '"')
			next++;
	return *next ? next + 1 : next;
}

/* The name of the column in the text: after NEW. or OLD., if that precedes it. */
static const char *
NameInText(const Condition *condition, const ColumnRef *column)
{
	const char *name = condition->text + column->location;

	if (!condition->is_change)
		return name;
	name = SkipSpace(SkipName(name));
	if (*name != '.')
		RejectCondition(ERRCODE_SYNTAX_ERROR, condition,
						"A comment is between NEW or OLD and the name of a column.",
						"Remove the comment.");
	return SkipSpace(name + 1);
}

/* Returns the new name of a column that was renamed; else NULL. */
static const char *
RenamedTo(const char *name, const Datum *names, const Datum *new_names, int count)
{
	for (int i = 0; i < count; i++)
		if (strcmp(TextDatumGetCString(names[i]), name) == 0)
			return TextDatumGetCString(new_names[i]);
	return NULL;
}

/*
 * condition_renamed(condition text, names text[], new_names text[]) returns text
 *		The condition with new names of columns.  Nothing else in it changes, so that
 *		PostgreSQL reads it as before.  Errors: those of condition_columns(); 42601 a
 *		comment within the name of a column.
 */
Datum
condition_renamed(PG_FUNCTION_ARGS)
{
	Condition	condition;
	StringInfoData result;
	ListCell   *cell;
	const char *written;
	Datum	   *names;
	Datum	   *new_names;
	int			count;
	int			new_count;

	deconstruct_array(PG_GETARG_ARRAYTYPE_P(1), TEXTOID, -1, false, TYPALIGN_INT,
					  &names, NULL, &count);
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(2), TEXTOID, -1, false, TYPALIGN_INT,
					  &new_names, NULL, &new_count);
	ConditionRead(&condition, PG_GETARG_TEXT_PP(0));
	written = condition.text;
	initStringInfo(&result);
	foreach(cell, condition.columns)
	{
		const ColumnRef *column = lfirst_node(ColumnRef, cell);
		const char *renamed = RenamedTo(strVal(llast(column->fields)), names, new_names,
										Min(count, new_count));
		const char *name;

		if (renamed == NULL)
			continue;
		name = NameInText(&condition, column);
		appendBinaryStringInfo(&result, written, name - written);
		appendStringInfoString(&result, quote_identifier(renamed));
		written = SkipName(name);
	}
	appendStringInfoString(&result, written);
	PG_RETURN_TEXT_P(cstring_to_text(result.data));
}

/*
 * definition_columns(definition text) returns text[]
 *		The columns in UPDATE OF and in the condition of a CREATE TRIGGER statement, as
 *		often as it names them and in that order; rows as a whole are left out.
 */
Datum
definition_columns(PG_FUNCTION_ARGS)
{
	Condition	condition = {.text = text_to_cstring(PG_GETARG_TEXT_PP(0))};
	List	   *statements = raw_parser(condition.text, RAW_PARSE_DEFAULT);
	ArrayBuildState *result = initArrayResult(TEXTOID, CurrentMemoryContext, false);
	CreateTrigStmt *statement;
	ListCell   *cell;

	if (list_length(statements) != 1 ||
		!IsA(linitial_node(RawStmt, statements)->stmt, CreateTrigStmt))
		PG_RETURN_NULL();
	statement = (CreateTrigStmt *) linitial_node(RawStmt, statements)->stmt;
	foreach(cell, statement->columns)
		result = accumArrayResult(result, CStringGetTextDatum(strVal(lfirst(cell))), false,
								  TEXTOID, CurrentMemoryContext);
	(void) FindColumns(statement->whenClause, &condition);
	list_sort(condition.columns, CompareLocations);
	foreach(cell, condition.columns)
	{
		if (IsOfChange(lfirst(cell)))
			result = accumArrayResult(result,
									  CStringGetTextDatum(NameAt(lfirst(cell), 1)), false,
									  TEXTOID, CurrentMemoryContext);
	}
	PG_RETURN_DATUM(makeArrayResult(result, CurrentMemoryContext));
}
