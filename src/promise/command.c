/*
 * command.c
 *		Fills commands with arguments, and reads and checks these.
 */
#include "postgres.h"

#include "promise/command.h"

#include "base/arguments.h"
#include "base/limit.h"
#include "promise/promise.h"

#define COMMAND_COLUMN(id, name, type) {#name, type},
#define COMMAND_TERM_COLUMN(id, name, type, column, value, clears) {#name, type},

const Column command_columns[COMMAND_ARGUMENTS] = {
	COMMAND_LIST(COMMAND_COLUMN, COMMAND_TERM_COLUMN)
};

#define TERM_OF_TABLE(id, name, type, column, value, clears) \
	{COMMAND_##id, ENTRY_##column, PROMISE_##column, value, false, clears},
#define FIXED_TERM(id, name, type, column, value, clears) \
	{COMMAND_##id, ENTRY_##column, PROMISE_##column, value, true, clears},

const Term	terms[TERMS] = {TERM_LIST(TERM_OF_TABLE, FIXED_TERM)};

/* ---- arguments by position ---- */

/* The last arguments of each function */
static const int act_arguments[ACT_ARGUMENTS] = {
	COMMAND_ACTOR, COMMAND_OCCURRED_AT, COMMAND_CONTEXT, COMMAND_IDEMPOTENCY_KEY
};

static int
ArgumentCount(const PromiseFunction *function)
{
	return function->count + ACT_ARGUMENTS;
}

int
CommandArgumentId(const PromiseFunction *function, int position)
{
	if (position < function->count)
		return function->arguments[position];
	return position < ArgumentCount(function) ? act_arguments[position - function->count] : -1;
}

static const char *
ArgumentName(const PromiseFunction *function, int argument)
{
	return argument == COMMAND_REASON && function->reason ?
		function->reason : command_columns[argument].name;
}

static void
CommandReset(Command *command, const PromiseFunction *function)
{
	command->function = function;
	command->origin = NULL;
	command->group = NULL;
	for (int i = 0; i < COMMAND_ARGUMENTS; i++)
		command->arguments[i] = (NullableDatum) {(Datum) 0, true};
}

void
CommandFromCall(Command *command, const PromiseFunction *function, FunctionCallInfo fcinfo)
{
	CommandReset(command, function);
	if (PG_NARGS() != ArgumentCount(function))
		elog(ERROR, "%s() was called with %d arguments", function->name, PG_NARGS());
	for (int i = 0; i < ArgumentCount(function); i++)
		command->arguments[CommandArgumentId(function, i)] = fcinfo->args[i];
}

void
CommandFromFields(Command *command, const PromiseFunction *function,
				  const Datum *values, const bool *nulls)
{
	CommandReset(command, function);
	for (int i = 0; i < ArgumentCount(function); i++)
		command->arguments[CommandArgumentId(function, i)] = (NullableDatum) {values[i], nulls[i]};
}

void
CommandFromRow(Command *command, const PromiseFunction *function, const Row *row)
{
	CommandReset(command, function);
	for (int i = 0; i < ArgumentCount(function); i++)
	{
		int			argument = CommandArgumentId(function, i);

		if (argument < MAPPED_ARGUMENTS)
			command->arguments[argument] =
				(NullableDatum) {row->values[argument], row->nulls[argument]};
	}
}

/* ---- the act ---- */

/* Of a tracked row only the context is checked: its other values were checked when read. */
static void
CheckSizes(const Command *command)
{
	for (int i = 0; i < ArgumentCount(command->function); i++)
	{
		int			argument = CommandArgumentId(command->function, i);
		Oid			type = command_columns[argument].type;

		if (CommandHas(command, argument) && HasLimit(type) &&
			(!command->origin || argument == COMMAND_CONTEXT))
			CheckSize(type, command->arguments[argument].value,
					  ArgumentName(command->function, argument));
	}
}

/* The idempotency request; it does not depend on where the arguments come from. */
static Request
CommandRequest(const Command *command, const char *actor)
{
	const PromiseFunction *function = command->function;
	RequestArgument arguments[COMMAND_ARGUMENTS];

	for (int i = 0; i < ArgumentCount(function); i++)
	{
		int			argument = CommandArgumentId(function, i);

		arguments[i] = (RequestArgument) {
			ArgumentName(function, argument), command_columns[argument].type,
			command->arguments[argument]
		};
	}
	return RequestOf(function->name, actor, arguments, ArgumentCount(function));
}

void
CommandBeginAct(const Command *command, Act *act)
{
	const ActArguments arguments = {
		.actor = CommandArgument(command, COMMAND_ACTOR),
		.occurred_at = CommandArgument(command, COMMAND_OCCURRED_AT),
		.context = CommandArgument(command, COMMAND_CONTEXT),
		.idempotency_key = CommandArgument(command, COMMAND_IDEMPOTENCY_KEY)
	};

	CheckSizes(command);
	ActBegin(act, &arguments, command->origin, LEVELS_WRITING, command->function->purpose, true);
	if (act->idempotency_key)
		act->request = CommandRequest(command, act->actor->actor);
}

/* ---- checked arguments ---- */

text *
CommandWords(const Command *command, int argument)
{
	return ArgText(CommandArgument(command, argument), ArgumentName(command->function, argument));
}

text *
CommandWordsNeeded(const Command *command, int argument, const char *hint)
{
	return ArgTextRequired(CommandArgument(command, argument),
						   ArgumentName(command->function, argument), hint);
}

char *
CommandKey(const Command *command, int argument)
{
	return ArgKey(CommandArgument(command, argument), command_columns[argument].name);
}

Numeric
CommandAmount(const Command *command, int argument)
{
	return ArgAmount(CommandArgument(command, argument), command_columns[argument].name);
}
