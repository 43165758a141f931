/*
 * terms.c
 *		Making promises: their terms, and what policy asks of these.
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

/* A day ends with its last microsecond, where the ledger is. */
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
				 errhint("Leave it out where there is none.")));
	j2date(day + 1 + POSTGRES_EPOCH_JDATE, &tm.tm_year, &tm.tm_mon, &tm.tm_mday);
	offset = DetermineTimeZoneOffset(&tm, zone);
	if (tm2timestamp(&tm, 0, &offset, &next_midnight) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("due_on is out of range")));
	/* where the clock is set back over midnight, the day ends with the first */
	if (timestamp2tm(next_midnight - USECS_PER_HOUR, &offset, &earlier, &fraction, NULL, zone) == 0 &&
		earlier.tm_mday == tm.tm_mday && earlier.tm_hour == 0)
		next_midnight -= USECS_PER_HOUR;
	return next_midnight - 1;
}

/* Who sets a due time that nobody lives to see never has to keep the promise. */
void
TermsCheckDue(TimestampTz due, TimestampTz now)
{
	if (due <= now + LONGEST_DURATION_DAYS * USECS_PER_DAY)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
			 errmsg("due is out of range"),
			 errdetail("It would be due at %s, more than a hundred years from now.", timestamptz_to_str(due)),
			 errhint("Give a due time within a hundred years; leave it out where there is none.")));
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
				 errmsg("a promise has one due time"),
				 errhint("Give due, an instant, or due_on, the end of a day in the ledger's zone.")));
	instant = due.isnull ?
		TermsEndOfDay(DatumGetDateADT(due_on.value), pa->act.ledger->zone) : DatumGetTimestampTz(due.value);
	CheckInstant(instant, "due");
	RowSetInstant(pa->entry, ENTRY_DUE, instant);
	if (instant <= EntryInstant(pa->entry) && !RowSameValue(pa->promise, PROMISE_DUE, pa->entry, ENTRY_DUE))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("due does not lie ahead"),
				 errdetail("It would be due at %s.", timestamptz_to_str(instant)),
				 errhint("Give a due time that can still be kept; the past is entered with the level import.")));
	TermsCheckDue(instant, pa->chain->now);
}

/* Sets the term if it is given. */
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
			(void) IntervalMicroseconds(DatumGetIntervalP(value), command_columns[term->argument].name);
			break;
		case IS_OTHER:
			return;
	}
	RowSet(pa->entry, term->entry, value);
}

/* What is not given stays as it is in the entry. */
void
SetTerms(PromiseAct *pa)
{
	for (int i = 0; i < TERMS; i++)
		SetTerm(pa, &terms[i]);
	SetDue(pa);
}

/* An AI does not put its words into the mouth of a human, nor of a machine that policy asks less of. */
static void
CheckMayName(const PromiseAct *pa, const Actor *drafter)
{
	if (pa->act.actor->kind == ACTOR_AI && drafter->kind != ACTOR_AI)
		ereport(ERROR,
				(errcode(ERRCODE_TL_IDENTITY),
				 errmsg("\"%s\" is an AI and cannot say that \"%s\" wrote the words", pa->act.actor->actor, drafter->actor),
				 errhint("Leave drafted_by out: the words are its own, and a human can back them.")));
}

/* Who wrote the words: as named; else whoever acts, if they do not promise themselves. */
void
SetDrafter(PromiseAct *pa, bool words_are_new)
{
	char	   *drafter = CommandKey(pa->command, COMMAND_DRAFTED_BY);

	if (drafter)
		CheckMayName(pa, ActorGet(pa->act.ledger, drafter, "drafted_by"));
	else if (!words_are_new)
		return;
	else if (!RowTextIs(pa->entry, ENTRY_PROMISER, pa->act.actor->actor))
		drafter = pa->act.actor->actor;
	if (drafter && RowTextIs(pa->entry, ENTRY_PROMISER, drafter))
		drafter = NULL;
	RowSetText(pa->entry, ENTRY_DRAFTED_BY, drafter);
}

/* The human promiser's own act, with evidence and authority enough, backs what they promise. */
static bool
BacksByOwnAct(PromiseAct *pa, const PolicyRequirements *required)
{
	AuthorityUse use;

	if (pa->act.actor->kind != ACTOR_HUMAN || !RowTextIs(pa->entry, ENTRY_PROMISER, pa->act.actor->actor) ||
		pa->act.evidence < required->evidence)
		return false;
	ActHold(&pa->act, pa->entry);
	return TermsWithinAuthority(pa, pa->act.actor, pa->entry, &use);
}

/*
 * What policy asks of the terms, and of evidence at least what the entry has
 * already; and where that leaves the promise.  A due time that policy gives
 * counts from when the promise was made, whatever was amended.
 */
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

static void
SetPromiser(PromiseAct *pa)
{
	char	   *named = CommandKey(pa->command, COMMAND_PROMISER);
	Actor	   *promiser = named ? ActorGet(pa->act.ledger, named, "promiser") : pa->act.actor;

	if (pa->act.actor->speaks_for == SPEAKS_FOR_CUSTOMER || promiser->speaks_for != SPEAKS_FOR_COMPANY)
		ereport(ERROR,
				(errcode(ERRCODE_TL_IDENTITY),
				 errmsg("the company's promises are made by those who speak for it"),
				 errdetail("\"%s\" acts and \"%s\" is to promise.", pa->act.actor->actor, promiser->actor),
				 errhint("Name a promiser that speaks for the company, and let no customer's actor promise in its name.")));
	RowSetText(pa->entry, ENTRY_PROMISER, promiser->actor);
	RowSetText(pa->entry, ENTRY_PROMISER_KIND, actor_kind_names[promiser->kind]);
}

/* What a promise cannot be made without. */
void
CheckMake(const Command *command)
{
	if (!CommandHas(command, COMMAND_WORDS))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("words are needed"),
				 errhint("Say what is promised, in the words the customer was given.")));
	(void) ArgKeyNeeded(CommandArgument(command, COMMAND_CUSTOMER), "customer");
}

/* All of making a promise but writing it. */
void
TermsMake(PromiseAct *pa)
{
	SetPromiser(pa);
	SetTerms(pa);
	SetDrafter(pa, true);
	PromiseTie(pa, ApplyPolicy(pa, RowInstant(pa->entry, ENTRY_OCCURRED_AT)));
}

/*
 * make_promise(customer text, words text, promiser text, kind text, due timestamptz,
 *				due_on date, value numeric, currency text, purpose text, drafted_by text,
 *				longest_pause interval, actor, occurred_at, context, idempotency_key)
 *				returns receipt
 *		Makes a promise to a customer.  promiser: who acts, if left out.  Open where
 *		policy asks for nobody, or where the human promiser acts with evidence and
 *		authority enough and so backs it; else proposed, until a human backs it.
 *		Errors: 22023 and 22003 unusable arguments, 42704 unknown promiser, TL003
 *		not for this actor, TL004 no level that writes.
 */
void
MakePromise(PromiseAct *pa)
{
	TermsMake(pa);
	PromiseWrite(pa);
}
