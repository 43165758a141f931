/*
 * terms.c
 *		Makes promises, and sets their terms.
 */
#include "postgres.h"

#include "promise/terms.h"

#include "catalog/pg_type_d.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/numeric.h"

#include "base/arguments.h"
#include "base/duration.h"
#include "promise/dispatch.h"
#include "promise/requirements.h"
#include "promise/same_value.h"

TimestampTz
TermsEndOfDay(DateADT day, pg_tz *zone)
{
	struct pg_tm tm = {0};
	struct pg_tm earlier;
	TimestampTz next_midnight;
	fsec_t		fraction;
	int			offset;

	if (DATE_NOT_FINITE(day))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("due_on must not be infinite"),
				 errhint("Leave it out if there is no due date.")));
	j2date(day + 1 + POSTGRES_EPOCH_JDATE, &tm.tm_year, &tm.tm_mon, &tm.tm_mday);
	offset = DetermineTimeZoneOffset(&tm, zone);
	if (tm2timestamp(&tm, 0, &offset, &next_midnight) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("due_on is out of range")));
	/* if clocks are set back over midnight, there are two: the day ends with the first */
	if (timestamp2tm(next_midnight - USECS_PER_HOUR, &offset, &earlier, &fraction,
					 NULL, zone) == 0 &&
		earlier.tm_mday == tm.tm_mday && earlier.tm_hour == 0)
		next_midnight -= USECS_PER_HOUR;
	return next_midnight - 1;
}

/* A promise that is due in the far future would never have to be kept. */
void
TermsCheckDue(TimestampTz due, TimestampTz now)
{
	if (due <= now + LONGEST_DURATION_DAYS * USECS_PER_DAY)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
			 errmsg("due is out of range"),
			 errdetail("%s is more than 100 years from now.", timestamptz_to_str(due)),
			 errhint("Leave it out if there is no due time.")));
}

static void
SetDue(PromiseAct *pa)
{
	NullableDatum due = CommandArgument(pa->command, COMMAND_DUE);
	NullableDatum due_on = CommandArgument(pa->command, COMMAND_DUE_ON);
	TimestampTz instant;

	if (due.isnull && due_on.isnull)
		return;
	if (!due.isnull && !due_on.isnull)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("cannot specify both due and due_on"),
				 errhint("Use due for a point in time, "
						 "or due_on for the end of a day in the ledger's time zone.")));
	instant = due.isnull ?
		TermsEndOfDay(DatumGetDateADT(due_on.value), pa->act.ledger->zone) :
		DatumGetTimestampTz(due.value);
	CheckInstant(instant, "due");
	RowSetInstant(pa->entry, ENTRY_DUE, instant);
	if (instant <= EntryInstant(pa->entry) &&
		!RowSameValue(pa->promise, PROMISE_DUE, pa->entry, ENTRY_DUE))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("due must be in the future"),
				 errdetail("The promise would be due at %s.", timestamptz_to_str(instant)),
				 errhint("Promises of the past can be recorded with access level \"import\".")));
	TermsCheckDue(instant, pa->chain->now);
}

static void
SetTerm(PromiseAct *pa, const Term *term)
{
	const Command *command = pa->command;
	Datum		value = CommandArgument(command, term->argument).value;

	if (!CommandHas(command, term->argument))
		return;
	switch (term->value)
	{
		case IS_WORDS:
			value = PointerGetDatum(CommandWords(command, term->argument));
			break;
		case IS_KEY:
			value = CStringGetTextDatum(CommandKey(command, term->argument));
			break;
		case IS_AMOUNT:
			value = NumericGetDatum(CommandAmount(command, term->argument));
			break;
		case IS_DURATION:
			(void) IntervalMicroseconds(DatumGetIntervalP(value),
										command_columns[term->argument].name);
			break;
		case IS_OTHER:
			return;
	}
	RowSet(pa->entry, term->entry, value);
}

void
SetTerms(PromiseAct *pa)
{
	/* due is checked after all other terms except longest_pause */
	for (int i = 0; i < TERMS; i++)
		if (terms[i].value != IS_DURATION)
			SetTerm(pa, &terms[i]);
	SetDue(pa);
	for (int i = 0; i < TERMS; i++)
		if (terms[i].value == IS_DURATION)
			SetTerm(pa, &terms[i]);
}

void
TermsCheckMayNameDrafter(const Actor *actor, const Actor *drafter)
{
	if (actor->kind == ACTOR_AI && drafter->kind != ACTOR_AI)
		ereport(ERROR,
				(errcode(ERRCODE_TL_IDENTITY),
				 errmsg("\"%s\" is an AI and cannot name \"%s\" as drafter of the words",
						actor->actor, drafter->actor),
				 errhint("Leave drafted_by out. A human can back the promise.")));
}

void
SetDrafter(PromiseAct *pa, bool words_are_new)
{
	char	   *drafter = CommandKey(pa->command, COMMAND_DRAFTED_BY);

	if (drafter)
		TermsCheckMayNameDrafter(pa->act.actor,
								 ActorGet(pa->act.ledger, drafter, "drafted_by"));
	else if (!words_are_new)
		return;
	else if (!RowTextIs(pa->entry, ENTRY_PROMISER, pa->act.actor->actor))
		drafter = pa->act.actor->actor;
	if (drafter && RowTextIs(pa->entry, ENTRY_PROMISER, drafter))
		drafter = NULL;
	RowSetText(pa->entry, ENTRY_DRAFTED_BY, drafter);
}

/* A human who makes their own promise backs it, if their evidence and authority suffice. */
static bool
BacksByOwnAct(PromiseAct *pa, const PolicyRequirements *required)
{
	AuthorityUse use;

	if (pa->act.actor->kind != ACTOR_HUMAN ||
		!RowTextIs(pa->entry, ENTRY_PROMISER, pa->act.actor->actor) ||
		pa->act.evidence < required->evidence)
		return false;
	ActLockActor(&pa->act, pa->entry);
	return TermsWithinAuthority(pa, pa->act.actor, pa->entry, &use);
}

State
ApplyPolicy(PromiseAct *pa, TimestampTz made_at)
{
	Row		   *entry = pa->entry;
	PolicyRequirements required = TermsRequirements(pa, entry, pa->act.actor);
	bool		backed;
	bool		waits;

	required.evidence = Max(required.evidence, RowEvidence(entry, ENTRY_EVIDENCE_ASKED));
	backed = BacksByOwnAct(pa, &required);
	waits = !backed && required.evidence > EVIDENCE_NONE;

	if (RowIsNull(entry, ENTRY_DUE) && required.due_within >= 0)
		RowSetInstant(entry, ENTRY_DUE, made_at + required.due_within);
	if (!RowIsNull(entry, ENTRY_DUE))
		RowSetInstant(entry, ENTRY_OVERDUE_AT, RowInstant(entry, ENTRY_DUE) + required.grace);
	else
		RowClear(entry, ENTRY_OVERDUE_AT);
	SetRequirements(pa, &required, waits);
	RowSetText(entry, ENTRY_BACKER, backed ? pa->act.actor->actor : NULL);
	return waits ? STATE_PROPOSED : STATE_OPEN;
}

void
TermsCheckMayPromise(const Actor *actor, const Actor *promiser)
{
	if (actor->speaks_for != SPEAKS_FOR_CUSTOMER && promiser->speaks_for == SPEAKS_FOR_COMPANY)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_TL_IDENTITY),
			 errmsg("the promiser must speak for the company, "
					"and the acting actor must not speak for a customer"),
			 errdetail("The acting actor is \"%s\", and the promiser is \"%s\".",
					   actor->actor, promiser->actor),
			 actor->speaks_for == SPEAKS_FOR_CUSTOMER ?
			 errhint("Make promises as an actor that speaks for the company.") :
			 errhint("Name a promiser who speaks for the company.")));
}

static void
SetPromiser(PromiseAct *pa)
{
	char	   *named = CommandKey(pa->command, COMMAND_PROMISER);
	Actor	   *promiser = named ? ActorGet(pa->act.ledger, named, "promiser") : pa->act.actor;

	TermsCheckMayPromise(pa->act.actor, promiser);
	RowSetText(pa->entry, ENTRY_PROMISER, promiser->actor);
	RowSetText(pa->entry, ENTRY_PROMISER_KIND, actor_kind_names[promiser->kind]);
}

void
CheckMake(const Command *command)
{
	if (!CommandHas(command, COMMAND_WORDS))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("words must not be null"),
				 errhint("Specify the promise in the words that were given to the customer.")));
	(void) ArgKeyRequired(CommandArgument(command, COMMAND_CUSTOMER), "customer");
}

void
TermsMake(PromiseAct *pa)
{
	SetPromiser(pa);
	SetTerms(pa);
	SetDrafter(pa, true);
	PromiseLink(pa, ApplyPolicy(pa, RowInstant(pa->entry, ENTRY_OCCURRED_AT)));
}

/*
 * make_promise(customer text, words text, promiser text, kind text, due timestamptz,
 *				due_on date, value numeric, currency text, purpose text, drafted_by text,
 *				longest_pause interval, actor, occurred_at, context, idempotency_key)
 *				returns receipt
 *		Makes a promise to a customer.  The promiser is by default the acting actor.  The
 *		promise is open if policy requires no human, or if the acting actor is the human
 *		promiser and backs it by that, with sufficient evidence and authority; else it is
 *		proposed until a human backs it.  Errors: 22003, 22004, 22008 and 22023 invalid
 *		arguments, 42704 unknown promiser, TL003 not allowed for this actor, TL004 level.
 */
void
MakePromise(PromiseAct *pa)
{
	TermsMake(pa);
	PromiseWrite(pa);
}
