/*
 * terms.c
 *		Making and amending promises: their terms, and what policy asks of these.
 */
#include "postgres.h"

#include "promise/terms.h"

#include "catalog/pg_type_d.h"
#include "lib/stringinfo.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/numeric.h"

#include "base/arguments.h"
#include "base/duration.h"
#include "promise/dispatch.h"
#include "promise/requirements.h"
#include "promise/same.h"
#include "promise/verdict.h"

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
	if (instant <= EntryInstant(pa->entry) && !RowSame(pa->promise, PROMISE_DUE, pa->entry, ENTRY_DUE))
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
static void
SetTerms(PromiseAct *pa)
{
	for (int i = 0; i < TERMS; i++)
		if (terms[i].argument == COMMAND_DUE)
			SetDue(pa);
		else
			SetTerm(pa, &terms[i]);
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
static void
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
static State
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

/* ---- amending ---- */

static void
TakeOldTerms(PromiseAct *pa)
{
	for (int i = 0; i < TERMS; i++)
		RowTake(pa->entry, terms[i].entry, pa->promise, terms[i].promise);
	RowTake(pa->entry, ENTRY_PROMISER_KIND, pa->promise, PROMISE_PROMISER_KIND);
}

/* The columns that can be cleared, for people. */
static char *
ClearableNames(void)
{
	StringInfoData names;
	int			last = -1;

	initStringInfo(&names);
	for (int i = 0; i < TERMS; i++)
	{
		if (!terms[i].clears || terms[i].entry == last)
			continue;
		last = terms[i].entry;
		appendStringInfo(&names, "%s%s", names.len ? ", " : "", entry_shape.columns[last].name);
	}
	return names.data;
}

static void
ClearTerm(PromiseAct *pa, const char *name)
{
	for (int i = 0; i < TERMS; i++)
	{
		if (!terms[i].clears || strcmp(entry_shape.columns[terms[i].entry].name, name) != 0)
			continue;
		RowClear(pa->entry, terms[i].entry);
		return;
	}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("\"%s\" is not a term that can be cleared", name),
			 errhint("Terms that can be cleared are %s.", ClearableNames())));
}

static void
ClearTerms(PromiseAct *pa)
{
	NullableDatum clear = CommandArgument(pa->command, COMMAND_CLEAR);
	Datum	   *names;
	int			count;

	if (clear.isnull)
		return;
	deconstruct_array(DatumGetArrayTypeP(clear.value), TEXTOID, -1, false, TYPALIGN_INT, &names, NULL, &count);
	for (int i = 0; i < count; i++)
		ClearTerm(pa, TextDatumGetCString(names[i]));
}

/* A term that says the same stays as it was written.  False where all of them do. */
static bool
KeepWhatIsSame(PromiseAct *pa)
{
	bool		differs = false;

	for (int i = 0; i < TERMS; i++)
		if (RowSame(pa->promise, terms[i].promise, pa->entry, terms[i].entry))
			RowTake(pa->entry, terms[i].entry, pa->promise, terms[i].promise);
		else
			differs = true;
	return differs;
}

/* A call is told so.  Changes of a tracked row are compared before, but policy can give back the due time that one clears. */
static void
AmendNothing(const PromiseAct *pa)
{
	if (pa->act.origin)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("the amendment changes nothing"),
			 errhint("Give at least one term that differs; its backing stays as it is.")));
}

/* What a pause has moved is not settled before it ends, and words that were erased cannot be kept. */
static void
CheckAmendable(const PromiseAct *pa, bool has_words)
{
	if (!RowIsNull(pa->promise, PROMISE_PAUSED_AT))
		ereport(ERROR,
				(errcode(ERRCODE_TL_STATE),
				 errmsg("promise %s is paused and cannot be amended", PromiseName(pa->promise)),
				 errhint("resume_promise() first: only then it is known when it is due.")));
	if (!has_words && RowIsNull(pa->promise, PROMISE_WORDS))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("words are needed"),
				 errdetail("The words of promise %s were erased.", PromiseName(pa->promise)),
				 errhint("Say what is promised from now on.")));
}

/*
 * What the customer accepted, and what is past due, is amended with the
 * customer's acceptance in the same act; before that, amending is the company's.
 */
static bool
CheckMayAmend(const PromiseAct *pa, bool relayed)
{
	bool		accepted = !RowIsNull(pa->promise, PROMISE_ACCEPTED_AT);
	bool		needs_customer = accepted || PromisePastDue(pa->promise, EntryInstant(pa->entry));
	SpeaksFor	speaks_for = pa->act.actor->speaks_for;

	if (relayed)
		CheckRelays(pa);
	/* a mapping says once for all rows that what needs the customer is relayed */
	if (relayed && !needs_customer && pa->act.origin == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("promise %s is amended without the customer", PromiseName(pa->promise)),
				 errdetail("It was not accepted and is not past due: there is no acceptance to relay."),
				 errhint("Leave relayed out; relay the acceptance of the new terms with accept_promise().")));
	if (needs_customer && speaks_for != SPEAKS_FOR_CUSTOMER && !relayed)
		ereport(ERROR,
				(errcode(ERRCODE_TL_STATE),
				 errmsg("promise %s %s: amending it needs the customer's acceptance",
						PromiseName(pa->promise), accepted ? "was accepted" : "is past due"),
				 errhint("Let an actor that speaks for the customer amend it, relay what they accept with relayed => true, or assess it and make a new promise.")));
	if (!needs_customer && speaks_for != SPEAKS_FOR_COMPANY)
		ereport(ERROR,
				(errcode(ERRCODE_TL_IDENTITY),
				 errmsg("what the customer has not accepted is amended by the company"),
				 errhint("Act as an actor that speaks for the company.")));
	return needs_customer;
}

/*
 * The terms are in the entry, but for a due time that policy gives.  Where the
 * customer's acceptance is only relayed, the old ones stand until it is confirmed,
 * and nobody backs the new ones yet.
 */
static void
AppendAmendment(PromiseAct *pa, bool accepted, bool relayed)
{
	State		to = ApplyPolicy(pa, RowInstant(pa->promise, PROMISE_MADE_AT));

	if (!KeepWhatIsSame(pa))
	{
		AmendNothing(pa);
		return;
	}
	RowSet(pa->entry, ENTRY_REFERS_TO, pa->promise->values[PROMISE_TERMS_SEQ]);
	RowSet(pa->entry, ENTRY_ACCEPTED, BoolGetDatum(accepted));
	RowSet(pa->entry, ENTRY_STANDS, BoolGetDatum(!relayed));
	if (relayed)
	{
		RowSet(pa->entry, ENTRY_RELAYED, BoolGetDatum(true));
		RowClear(pa->entry, ENTRY_BACKER);
		to = PromiseState(pa->promise);
	}
	else if (accepted)
		to = STATE_OPEN;
	PromiseAppend(pa, to);
}

/*
 * The terms that an earlier entry said the customer accepts, by who may say so.
 * Evidence at least what policy asked when they were written, with whoever wrote them.
 */
void
AmendAsClaimed(PromiseAct *pa, const Row *claim)
{
	CheckAmendable(pa, true);
	for (int i = 0; i < TERMS; i++)
		RowTake(pa->entry, terms[i].entry, claim, terms[i].entry);
	RowTake(pa->entry, ENTRY_PROMISER_KIND, claim, ENTRY_PROMISER_KIND);
	RowTake(pa->entry, ENTRY_EVIDENCE_ASKED, claim, ENTRY_EVIDENCE_ASKED);
	AppendAmendment(pa, true, false);
}

/*
 * amend_promise(promise uuid, words text, kind text, due timestamptz, due_on date,
 *				 value numeric, currency text, purpose text, drafted_by text,
 *				 longest_pause interval, clear text[], reason text, relayed boolean,
 *				 customer text, actor, occurred_at, context, idempotency_key) returns receipt
 *		Changes the terms given, clears those named in clear, keeps the others.  Voids
 *		the backing: what was backed were the old terms.  relayed: a company actor
 *		passes on that the customer accepts them; recorded, and the old terms stand
 *		until it is confirmed.  Errors: TL001 accepted or past due and not by the
 *		customer, or paused; TL003 not by the company, 22023 nothing changed.
 */
void
AmendPromise(PromiseAct *pa)
{
	bool		relayed = CommandBool(pa->command, COMMAND_RELAYED);
	bool		accepted = CheckMayAmend(pa, relayed);

	CheckAmendable(pa, CommandHas(pa->command, COMMAND_WORDS));
	TakeOldTerms(pa);
	ClearTerms(pa);
	SetTerms(pa);
	SetDrafter(pa, !RowSame(pa->promise, PROMISE_WORDS, pa->entry, ENTRY_WORDS));
	PromiseSetReason(pa);
	AppendAmendment(pa, accepted, relayed && accepted);
}
