/*
 * mapping_argument.c
 *		Parses one argument of a trigger that tracks a table.
 */
#include "postgres.h"

#include "tracking/mapping_argument.h"

#include "catalog/pg_type_d.h"
#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "base/text.h"
#include "promise/dispatch.h"

/* ---- arguments that each event takes, and their forms ---- */

typedef enum Form
{
	FORM_EITHER,
	FORM_COLUMN,				/* name=column only */
	FORM_CONSTANT				/* name:text only */
} Form;

static Form
FormOf(int field)
{
	switch (field)
	{
		case COMMAND_DUE:
		case COMMAND_OCCURRED_AT:
		case COMMAND_BACKER:
			return FORM_COLUMN;
		case COMMAND_RELAYED:
		case COMMAND_ACTOR:
			return FORM_CONSTANT;
		default:
			return FORM_EITHER;
	}
}

/* Whether a trigger of that event can map the field: in general, if its function takes it. */
static bool
EventTakesField(Event event, int field)
{
	const PromiseFunction *function = &promise_functions[event];
	int			argument;

	switch (field)
	{
		case COMMAND_CUSTOMER:	/* an amended row has them, although they cannot be amended */
		case COMMAND_PROMISER:
			return event == EVENT_MADE || event == EVENT_AMENDED;
		case COMMAND_DUE_ON:	/* mapped as due, to a column of type date */
			return false;
		case COMMAND_ACTOR:		/* a backer acts in person */
			return !EventIsPersonal(event);
		case COMMAND_BACKER:
			return event == EVENT_BACKED;
		default:
			for (int i = 0; (argument = CommandArgumentId(function, i)) >= 0; i++)
				if (argument == field)
					return true;
			return false;
	}
}

/* A parsed argument. */
typedef struct Argument
{
	char	   *name;
	bool		is_column;
	char	   *value;			/* name of the column, or the constant */
} Argument;

pg_noreturn static void RejectArgument(const char *argument, const char *detail, const char *hint);

static void
RejectArgument(const char *argument, const char *detail, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("invalid argument of trigger function track(): \"%s\"", argument),
			 errdetail("%s", detail),
			 errhint("%s", hint)));
}

static Argument
ParseArgument(const char *argument)
{
	size_t		length = strcspn(argument, "=:");

	if (argument[length] == '\0' || length == 0)
		RejectArgument(argument, "An argument must have the form name=column or name:text.",
					   "For example, write 'customer=account_id' for a column, "
					   "or 'kind:quote' for a constant.");
	return (Argument) {
		pnstrdup(argument, length), argument[length] == '=', pstrdup(argument + length + 1)
	};
}

static char *
FieldNames(Event event)
{
	StringInfoData list;

	initStringInfo(&list);
	for (int field = 0; field < MAPPED_ARGUMENTS; field++)
		if (EventTakesField(event, field))
			appendStringInfo(&list, "%s, ", mapped_shape.columns[field].name);
	if (event == EVENT_NOTED || event == EVENT_AMENDED)
		appendStringInfoString(&list, "changed, ");
	appendStringInfoString(&list, "promise, source, key, write, on_error and on_delete");
	return list.data;
}

static AttrNumber
ColumnNumber(Relation rel, const char *argument, const char *name)
{
	TupleDesc	tupdesc = RelationGetDescr(rel);
	int			attnum = SPI_fnumber(tupdesc, name);

	if (attnum <= 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("table \"%s\" has no column \"%s\"", RelationGetRelationName(rel), name),
				 errdetail("Argument \"%s\" of trigger function track() refers to it.", argument),
				 errhint("Recreate the trigger with an existing column, "
						 "for example with trust_ledger.track_table().")));
#ifdef ATTRIBUTE_GENERATED_VIRTUAL
	if (TupleDescAttr(tupdesc, attnum - 1)->attgenerated == ATTRIBUTE_GENERATED_VIRTUAL)
		RejectArgument(argument, "Triggers cannot read virtual generated columns.",
					   "Make the column GENERATED ... STORED, or map the columns "
					   "that it is generated from.");
#endif
	return attnum;
}

static void
ConstantErrorContext(void *argument)
{
	errcontext("argument \"%s\" of trigger function track()", (const char *) argument);
}

static Datum
ReadConstant(int field, const char *value, const char *argument)
{
	ErrorContextCallback context = {
		.previous = error_context_stack, .callback = ConstantErrorContext,
		.arg = unconstify(char *, argument)
	};
	Datum		constant;

	error_context_stack = &context;
	constant = MappedConstant(field, value, argument);
	error_context_stack = context.previous;
	return constant;
}

static void
AddField(Mapping *mapping, Relation rel, const char *argument, const Argument *parts, int field,
		 Form form)
{
	MappedField *added = &mapping->fields[mapping->field_count];

	if (form == FORM_COLUMN && !parts->is_column)
		RejectArgument(argument, psprintf("\"%s\" must be mapped to a column.", parts->name),
					   "Write name=column.");
	if (form == FORM_CONSTANT && parts->is_column)
		RejectArgument(argument, psprintf("\"%s\" must be a constant.", parts->name),
					   "Write name:text.");
	if (MappingHas(mapping, field))
		RejectArgument(argument, psprintf("\"%s\" is specified more than once.", parts->name),
					   "Specify it once.");
	*added = (MappedField) {.field = field};
	if (parts->is_column)
	{
		added->attnum = ColumnNumber(rel, argument, parts->value);
		added->type =
			getBaseType(TupleDescAttr(RelationGetDescr(rel), added->attnum - 1)->atttypid);
		MappedCheckType(field, added->type, argument);
		if (field == COMMAND_DUE && added->type == DATEOID)
			added->field = COMMAND_DUE_ON;
	}
	else
	{
		added->type = mapped_shape.columns[field].type;
		added->constant = ReadConstant(field, parts->value, argument);
	}
	mapping->field_count++;
}

static int
ConstantIndex(const char *argument, const Argument *parts, const char *const *names, int count,
			  const char *hint)
{
	int			index = parts->is_column ? -1 : NameIndex(names, count, parts->value);

	if (index < 0)
		RejectArgument(argument, psprintf("\"%s\" is not a valid value.", parts->value), hint);
	return index;
}

static void
AddKeyColumn(Mapping *mapping, Relation rel, const char *argument, const Argument *parts)
{
	if (mapping->tracked_key_count == KEY_MAX_COLUMNS)
		RejectArgument(argument, "A primary key does not have so many columns.",
					   "Write key=column once for each column of the primary key.");
	mapping->tracked_key[mapping->tracked_key_count++] =
		ColumnNumber(rel, argument, parts->value);
}

/* Reads an argument about the trigger itself, not about the event; false if it is not one. */
static bool
ReadSetting(Mapping *mapping, Relation rel, const char *argument, const Argument *parts)
{
	static const char *const write[] = {"commit", "now"};
	static const char *const on_error[] = {"fail", "park", "note"};
	static const char *const on_delete[] = {"noted", "withdrawn"};
	static const char *const changed[] = {"key"};
	static const char *const refused[] = {"refused"};

	if (strcmp(parts->name, "write") == 0)
		mapping->write_now = ConstantIndex(argument, parts, write, lengthof(write),
										   "Write write:now or write:commit.") == 1;
	else if (strcmp(parts->name, "on_error") == 0)
		mapping->on_error = ConstantIndex(argument, parts, on_error, lengthof(on_error),
										  "Write on_error:fail, on_error:park or on_error:note.");
	else if (strcmp(parts->name, "on_delete") == 0)
		mapping->withdraws_on_delete =
			ConstantIndex(argument, parts, on_delete, lengthof(on_delete),
						  "Write on_delete:noted or on_delete:withdrawn.") == 1;
	else if (parts->is_column && strcmp(parts->name, "key") == 0)
		AddKeyColumn(mapping, rel, argument, parts);
	else if (mapping->event == EVENT_NOTED && strcmp(parts->name, "changed") == 0)
		mapping->key_only = ConstantIndex(argument, parts, changed, lengthof(changed),
										  "Write changed:key.") == 0;
	else if (mapping->event == EVENT_AMENDED && strcmp(parts->name, "changed") == 0)
		mapping->refused_only = ConstantIndex(argument, parts, refused, lengthof(refused),
											  "Write changed:refused.") == 0;
	else if (!parts->is_column &&
			 (strcmp(parts->name, "promise") == 0 || strcmp(parts->name, "source") == 0))
	{
		CheckKey(parts->value, parts->name);
		if (parts->name[0] == 'p')
			mapping->promise = parts->value;
	}
	else
		return false;
	return true;
}

void
MappingReadArgument(Mapping *mapping, Relation rel, const char *argument)
{
	Argument	parts = ParseArgument(argument);

	if (ReadSetting(mapping, rel, argument, &parts))
		return;
	for (int field = 0; field < MAPPED_ARGUMENTS; field++)
	{
		if (strcmp(mapped_shape.columns[field].name, parts.name) != 0 ||
			!EventTakesField(mapping->event, field))
			continue;
		AddField(mapping, rel, argument, &parts, field, FormOf(field));
		return;
	}
	RejectArgument(argument,
				   psprintf("Event \"%s\" does not take \"%s\".",
							event_names[mapping->event], parts.name),
				   psprintf("It takes %s.", FieldNames(mapping->event)));
}
