/*
 * command.h
 *		A command: a function that writes one event of a promise, with its arguments.
 *
 * A command is filled from a call in SQL, from an element of the array of
 * make_promises(), or from a row of a tracked table.  CommandRun() and the SQL
 * functions in dispatch.c execute it.
 */
#ifndef TRUST_LEDGER_COMMAND_H
#define TRUST_LEDGER_COMMAND_H

#include "governance/act.h"
#include "ledger/event.h"

#include "catalog/pg_type_d.h"
#include "utils/numeric.h"

struct ActGroup;
struct Command;
struct PromiseAct;

/* How the value of a term is checked. */
typedef enum TermValue
{
	IS_WORDS,					/* text written by a person: ArgText() */
	IS_KEY,						/* a key or a name: ArgKey() */
	IS_AMOUNT,					/* a number >= 0: ArgAmount() */
	IS_DURATION,				/* an interval without months: IntervalMicroseconds() */
	IS_OTHER					/* checked and set by a function of its own in terms.c */
} TermValue;

/*
 * The terms of a promise, in the order of the arguments of make_promise() and
 * amend_promise(): identifier, argument name, type, column of trust.entry and
 * trust.promise, TermValue, and whether amend_promise(clear => ...) accepts the
 * column.  FIXED terms cannot be amended.
 */
#define TERM_LIST(TERM, FIXED) \
	TERM(WORDS, words, TEXTOID, WORDS, IS_WORDS, false) \
	FIXED(PROMISER, promiser, TEXTOID, PROMISER, IS_OTHER, false) \
	TERM(KIND, kind, TEXTOID, KIND, IS_KEY, true) \
	TERM(DUE, due, TIMESTAMPTZOID, DUE, IS_OTHER, true) \
	TERM(DUE_ON, due_on, DATEOID, DUE, IS_OTHER, true) \
	TERM(VALUE, value, NUMERICOID, VALUE, IS_AMOUNT, true) \
	TERM(CURRENCY, currency, TEXTOID, CURRENCY, IS_KEY, true) \
	TERM(PURPOSE, purpose, TEXTOID, PURPOSE, IS_WORDS, true) \
	TERM(DRAFTED_BY, drafted_by, TEXTOID, DRAFTED_BY, IS_OTHER, false) \
	TERM(LONGEST_PAUSE, longest_pause, INTERVALOID, LONGEST_PAUSE, IS_DURATION, true)

/* All arguments.  Those from PROMISE on cannot be mapped to columns of tracked tables. */
#define COMMAND_LIST(ARGUMENT, TERM) \
	ARGUMENT(CUSTOMER, customer, TEXTOID) \
	TERM_LIST(TERM, TERM) \
	ARGUMENT(VERDICT, verdict, TEXTOID) \
	ARGUMENT(PURPOSE_MET, purpose_met, BOOLOID) \
	ARGUMENT(RELAYED, relayed, BOOLOID) \
	ARGUMENT(REASON, reason, TEXTOID) \
	ARGUMENT(OCCURRED_AT, occurred_at, TIMESTAMPTZOID) \
	ARGUMENT(CONTEXT, context, JSONBOID) \
	ARGUMENT(ACTOR, actor, TEXTOID) \
	ARGUMENT(BACKER, backer, TEXTOID) \
	ARGUMENT(PROMISE, promise, UUIDOID) \
	ARGUMENT(ENTRY, entry, INT8OID) \
	ARGUMENT(CLEAR, clear, TEXTARRAYOID) \
	ARGUMENT(IDEMPOTENCY_KEY, idempotency_key, TEXTOID)

#define COMMAND_ID(id, name, type) COMMAND_##id,
#define COMMAND_TERM_ID(id, name, type, column, value, clears) COMMAND_##id,
enum
{
	COMMAND_LIST(COMMAND_ID, COMMAND_TERM_ID)
	COMMAND_ARGUMENTS,
	MAPPED_ARGUMENTS = COMMAND_PROMISE
};

/* Names and types of the arguments, by COMMAND_... */
extern const Column command_columns[COMMAND_ARGUMENTS];

typedef struct Term
{
	int			argument;		/* COMMAND_... */
	int			entry;			/* ENTRY_... */
	int			promise;		/* PROMISE_... */
	TermValue	value;
	bool		fixed;			/* cannot be amended */
	bool		clears;			/* can be cleared by amend_promise() */
} Term;

#define TERM_ONE(id, name, type, column, value, clears) + 1
#define TERMS (0 TERM_LIST(TERM_ONE, TERM_ONE))

/* In the order of TERM_LIST */
extern const Term terms[TERMS];

/* Bit set of the arguments for terms that are not fixed */
#define TERM_BIT(id, name, type, column, value, clears) | (1 << COMMAND_##id)
#define TERM_NO_BIT(id, name, type, column, value, clears)
#define AMENDED_ARGUMENTS ((uint32) (0 TERM_LIST(TERM_BIT, TERM_NO_BIT)))

/* An SQL function that writes one event of a promise. */
typedef struct PromiseFunction
{
	const char *name;			/* in SQL */
	const char *purpose;		/* for error messages, such as "make promises" */
	const char *reason;			/* the name of its reason argument; NULL: reason */
	Event		event;			/* EVENTS: depends on the arguments */
	void		(*check) (const struct Command *command);	/* before any lock; may be NULL */
	void		(*run) (struct PromiseAct *pa);
	int			count;			/* of arguments[], without the last ACT_ARGUMENTS */
	int			arguments[COMMAND_ARGUMENTS];	/* COMMAND_... */
} PromiseFunction;

typedef struct Command
{
	const PromiseFunction *function;
	NullableDatum arguments[COMMAND_ARGUMENTS];
	const Origin *origin;		/* the changed row of a tracked table; NULL: a call */
	struct ActGroup *group;		/* collects the act; NULL: it is written at once */
} Command;

/* Unchecked access; argument is COMMAND_... */
static inline NullableDatum
CommandArgument(const Command *command, int argument)
{
	return command->arguments[argument];
}

static inline bool
CommandHas(const Command *command, int argument)
{
	return !command->arguments[argument].isnull;
}

/* A boolean argument; NULL is false. */
static inline bool
CommandBool(const Command *command, int argument)
{
	return CommandHas(command, argument) && DatumGetBool(command->arguments[argument].value);
}

static inline void
CommandSet(Command *command, int argument, Datum value)
{
	command->arguments[argument] = (NullableDatum) {value, false};
}

/* Fills a command from the arguments of an SQL function. */
extern void CommandFromCall(Command *command, const PromiseFunction *function,
							FunctionCallInfo fcinfo);

/* Fills a command from values in the order of the function's arguments in SQL. */
extern void CommandFromFields(Command *command, const PromiseFunction *function,
							  const Datum *values, const bool *nulls);

/* Fills a command from a mapped row, whose columns are the first MAPPED_ARGUMENTS arguments. */
extern void CommandFromRow(Command *command, const PromiseFunction *function, const Row *row);

/* The argument (COMMAND_...) at a position from 0 in SQL; -1 if there are fewer. */
extern int	CommandArgumentId(const PromiseFunction *function, int position);

/*
 * Begins the command's act: finds out who acts and checks their access.  To be called
 * before LedgerEnter().  Errors: those of ActBegin(), 22001 a text is too long.
 */
extern void CommandBeginAct(const Command *command, Act *act);

/*
 * Arguments, checked as ArgText(), ArgTextRequired(), ArgKey() and ArgAmount() do.
 * NULL if not given, except for CommandWordsNeeded().
 */
extern text *CommandWords(const Command *command, int argument);
extern text *CommandWordsNeeded(const Command *command, int argument, const char *hint);
extern char *CommandKey(const Command *command, int argument);
extern Numeric CommandAmount(const Command *command, int argument);

#endif
