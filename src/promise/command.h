/*
 * command.h
 *		A command writes one event of a promise: which function, and its arguments by name.
 *
 * It is filled from a call in SQL, from an element of an array, or from a row of
 * a tracked table; see dispatch.h for what carries it out.
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

/* What the value of a term must be. */
typedef enum TermValue
{
	IS_WORDS,					/* text that a person wrote */
	IS_KEY,						/* a key or a name */
	IS_AMOUNT,					/* a number that is not negative */
	IS_DURATION,				/* an interval without months */
	IS_OTHER					/* a function of its own checks and sets it */
} TermValue;

/*
 * The terms of a promise, in the order of the arguments of make_promise() and
 * amend_promise(): identifier, argument, type, column of trust.entry and
 * trust.promise, what its value must be, and whether amend_promise(clear => ...)
 * can name the column.  FIXED ones never change once the promise is made.
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

/* What a mapping of a tracked table can say, and then what only a call can. */
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
	MAPPED_ARGUMENTS = COMMAND_PROMISE	/* what a mapping can say comes first */
};

/* Names and types of all arguments. */
extern const Column command_columns[COMMAND_ARGUMENTS];

/* A term: where a command, an entry and a promise have it. */
typedef struct Term
{
	int			argument;		/* COMMAND_... */
	int			entry;			/* ENTRY_... */
	int			promise;		/* PROMISE_... */
	TermValue	value;
	bool		fixed;			/* it never changes once the promise is made */
	bool		clears;			/* amend_promise(clear => ...) can name it */
} Term;

#define TERM_ONE(id, name, type, column, value, clears) + 1
#define TERMS (0 TERM_LIST(TERM_ONE, TERM_ONE))

extern const Term terms[TERMS];

/* The arguments that amend_promise() can change, a bit each. */
#define TERM_BIT(id, name, type, column, value, clears) | (1 << COMMAND_##id)
#define TERM_NO_BIT(id, name, type, column, value, clears)
#define AMENDED_ARGUMENTS ((uint32) (0 TERM_LIST(TERM_BIT, TERM_NO_BIT)))

/* A function of the extension that writes one event of a promise. */
typedef struct PromiseFunction
{
	const char *name;			/* in SQL */
	const char *purpose;		/* what a level of access is needed for */
	const char *reason;			/* what it calls its reason; NULL: reason */
	Event		event;			/* EVENTS: it depends on the arguments */
	void		(*check) (const struct Command *command);	/* before any lock; may be NULL */
	void		(*run) (struct PromiseAct *pa);
	int			count;			/* of its arguments in SQL, without those of every act */
	int			arguments[COMMAND_ARGUMENTS];
} PromiseFunction;

typedef struct Command
{
	const PromiseFunction *function;
	NullableDatum arguments[COMMAND_ARGUMENTS];
	const Origin *origin;		/* NULL: a call; else a row that changed */
	struct ActGroup *group;		/* what it is written with; NULL: it is written by itself */
} Command;

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

/* A boolean; false if it is not given. */
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

extern void CommandFromCall(Command *command, const PromiseFunction *function, FunctionCallInfo fcinfo);
extern void CommandFromFields(Command *command, const PromiseFunction *function, const Datum *values, const bool *nulls);
extern void CommandFromRow(Command *command, const PromiseFunction *function, const Row *row);
extern int	CommandArgumentId(const PromiseFunction *function, int position);
extern void CommandBeginAct(const Command *command, Act *act);

extern text *CommandWords(const Command *command, int argument);
extern text *CommandWordsNeeded(const Command *command, int argument, const char *hint);
extern char *CommandKey(const Command *command, int argument);
extern Numeric CommandAmount(const Command *command, int argument);

#endif
