/*
 * dispatch.c
 *		The functions that write events of promises, and their SQL entry points.
 */
#include "postgres.h"

#include "promise/dispatch.h"

#define TAKES(...) \
	.count = lengthof(((int[]) {__VA_ARGS__})), .arguments = {__VA_ARGS__}

#define TERM_ARGUMENT(id, name, type, column, value, clears) COMMAND_##id,
#define NO_ARGUMENT(id, name, type, column, value, clears)

const PromiseFunction promise_functions[EVENTS] = {
	[EVENT_MADE] = {
		"make_promise", "make promises", NULL, EVENT_MADE, CheckMake, MakePromise,
		TAKES(COMMAND_CUSTOMER, TERM_LIST(TERM_ARGUMENT, TERM_ARGUMENT))
	},
	[EVENT_BACKED] = {
		"back_promise", "back promises", NULL, EVENT_BACKED, NULL, BackPromise,
		TAKES(COMMAND_PROMISE, COMMAND_CUSTOMER)
	},
	[EVENT_DECLINED] = {
		"decline_promise", "decline promises", NULL, EVENT_DECLINED, NULL, DeclinePromise,
		TAKES(COMMAND_PROMISE, COMMAND_REASON, COMMAND_CUSTOMER)
	},
	[EVENT_BACKING_WITHDRAWN] = {
		"withdraw_backing", "withdraw backings", NULL, EVENT_BACKING_WITHDRAWN, NULL,
		WithdrawBacking,
		TAKES(COMMAND_PROMISE, COMMAND_REASON, COMMAND_CUSTOMER)
	},
	[EVENT_ACCEPTED] = {
		"accept_promise", "accept promises", NULL, EVENT_ACCEPTED, NULL, AcceptPromise,
		TAKES(COMMAND_PROMISE, COMMAND_RELAYED, COMMAND_CUSTOMER)
	},
	[EVENT_AMENDED] = {
		"amend_promise", "amend promises", NULL, EVENT_AMENDED, NULL, AmendPromise,
		TAKES(COMMAND_PROMISE, TERM_LIST(TERM_ARGUMENT, NO_ARGUMENT) COMMAND_CLEAR,
			  COMMAND_REASON, COMMAND_RELAYED, COMMAND_CUSTOMER)
	},
	[EVENT_PAUSED] = {
		"pause_promise", "pause promises", NULL, EVENT_PAUSED, NULL, PausePromise,
		TAKES(COMMAND_PROMISE, COMMAND_REASON, COMMAND_CUSTOMER)
	},
	[EVENT_RESUMED] = {
		"resume_promise", "resume promises", NULL, EVENT_RESUMED, NULL, ResumePromise,
		TAKES(COMMAND_PROMISE, COMMAND_REASON, COMMAND_CUSTOMER)
	},
	[EVENT_BREACH_ADMITTED] = {
		"admit_breach", "admit breaches", NULL, EVENT_BREACH_ADMITTED, NULL, AdmitBreach,
		TAKES(COMMAND_PROMISE, COMMAND_REASON, COMMAND_CUSTOMER)
	},
	[EVENT_ASSESSED] = {
		"assess_promise", "assess promises", NULL, EVENT_ASSESSED, CheckAssess, AssessPromise,
		TAKES(COMMAND_PROMISE, COMMAND_VERDICT, COMMAND_RELAYED, COMMAND_PURPOSE_MET,
			  COMMAND_REASON, COMMAND_CUSTOMER)
	},
	[EVENT_WITHDRAWN] = {
		"withdraw_promise", "withdraw promises", NULL, EVENT_WITHDRAWN, NULL, WithdrawPromise,
		TAKES(COMMAND_PROMISE, COMMAND_REASON, COMMAND_CUSTOMER)
	},
	[EVENT_RELEASED] = {
		"release_promise", "release promises", NULL, EVENT_RELEASED, NULL, ReleasePromise,
		TAKES(COMMAND_PROMISE, COMMAND_REASON, COMMAND_RELAYED, COMMAND_CUSTOMER)
	},
	[EVENT_BREACH_REPAIRED] = {
		"repair_breach", "repair breaches", "how", EVENT_BREACH_REPAIRED, NULL, RepairBreach,
		TAKES(COMMAND_PROMISE, COMMAND_REASON, COMMAND_CUSTOMER)
	},
	[EVENT_NOTED] = {
		"add_note", "add notes to promises", "note", EVENT_NOTED, NULL, AddNote,
		TAKES(COMMAND_PROMISE, COMMAND_REASON, COMMAND_CUSTOMER)
	}
};

/* The confirmed entry determines the event. */
static const PromiseFunction confirm_function = {
	"confirm_relayed", "confirm relayed statements", NULL, EVENTS, NULL, ConfirmRelayed,
	TAKES(COMMAND_PROMISE, COMMAND_ENTRY, COMMAND_REASON, COMMAND_CUSTOMER)
};

/* Executes the command.  False: it is a retry, and pa->receipt is set. */
static bool
Run(PromiseAct *pa, const Command *command)
{
	const PromiseFunction *function = command->function;

	if (function->check)
		function->check(command);
	if (!PromiseActBegin(pa, command))
		return false;
	function->run(pa);
	return true;
}

void
CommandRun(const Command *command)
{
	PromiseAct	pa;

	Assert(command->group != NULL);
	(void) Run(&pa, command);
}

static Datum
Call(FunctionCallInfo fcinfo, const PromiseFunction *function)
{
	Command		command;
	PromiseAct	pa;

	CommandFromCall(&command, function, fcinfo);
	(void) Run(&pa, &command);
	return PromiseActEnd(&pa, fcinfo);
}

#define SQL_FUNCTION(name, function) \
PG_FUNCTION_INFO_V1(name); \
Datum \
name(PG_FUNCTION_ARGS) \
{ \
	return Call(fcinfo, &(function)); \
}

SQL_FUNCTION(make_promise, promise_functions[EVENT_MADE])
SQL_FUNCTION(back_promise, promise_functions[EVENT_BACKED])
SQL_FUNCTION(decline_promise, promise_functions[EVENT_DECLINED])
SQL_FUNCTION(withdraw_backing, promise_functions[EVENT_BACKING_WITHDRAWN])
SQL_FUNCTION(accept_promise, promise_functions[EVENT_ACCEPTED])
SQL_FUNCTION(amend_promise, promise_functions[EVENT_AMENDED])
SQL_FUNCTION(pause_promise, promise_functions[EVENT_PAUSED])
SQL_FUNCTION(resume_promise, promise_functions[EVENT_RESUMED])
SQL_FUNCTION(admit_breach, promise_functions[EVENT_BREACH_ADMITTED])
SQL_FUNCTION(assess_promise, promise_functions[EVENT_ASSESSED])
SQL_FUNCTION(withdraw_promise, promise_functions[EVENT_WITHDRAWN])
SQL_FUNCTION(release_promise, promise_functions[EVENT_RELEASED])
SQL_FUNCTION(repair_breach, promise_functions[EVENT_BREACH_REPAIRED])
SQL_FUNCTION(add_note, promise_functions[EVENT_NOTED])
SQL_FUNCTION(confirm_relayed, confirm_function)
