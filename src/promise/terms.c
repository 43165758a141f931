/*
 * terms.c
 *		Making and amending promises: their terms, and what policy asks of these.
 */
#include "postgres.h"

#include "promise/terms.h"

#include "catalog/pg_type_d.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/numeric.h"

#include "base/arguments.h"
#include "base/duration.h"
#include "promise/requirements.h"
#include "promise/same.h"
#include "promise/verdict.h"

PG_FUNCTION_INFO_V1(make_promise);
PG_FUNCTION_INFO_V1(amend_promise);

/* Where the terms stand among the arguments; make and amend share the order. */
enum
{
	TERM_WORDS = 1,
	MAKE_PROMISER = 2,
	MAKE_KIND = 3,				/* kind, due, due_on, value, currency, purpose, drafted_by, longest_pause */
	AMEND_KIND = 2,
	AMEND_CLEAR = 10,
	AMEND_REASON = 11,
	AMEND_RELAYED = 12
};

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
SetDue(PromiseAct *pa, FunctionCallInfo fcinfo, int due, int due_on)
{
	TimestampTz instant;

	if (PG_ARGISNULL(due) && PG_ARGISNULL(due_on))
		return;
	if (!PG_ARGISNULL(due) && !PG_ARGISNULL(due_on))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a promise has one due time"),
				 errhint("Give due, an instant, or due_on, the end of a day in the ledger's zone.")));
	instant = PG_ARGISNULL(due) ?
		TermsEndOfDay(PG_GETARG_DATEADT(due_on), pa->act.ledger->zone) : PG_GETARG_TIMESTAMPTZ(due);
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

/* Sets what is given; what is not stays as it is in the entry. */
static void
SetTerms(PromiseAct *pa, FunctionCallInfo fcinfo, int first)
{
	Row		   *entry = pa->entry;
	text	   *words = ArgText(fcinfo, TERM_WORDS, "words");
	char	   *kind = ArgKey(fcinfo, first, "kind");
	Numeric		value = ArgAmount(fcinfo, first + 3, "value");
	char	   *currency = ArgKey(fcinfo, first + 4, "currency");
	text	   *purpose = ArgText(fcinfo, first + 5, "purpose");

	if (words)
		RowSet(entry, ENTRY_WORDS, PointerGetDatum(words));
	if (kind)
		RowSetText(entry, ENTRY_KIND, kind);
	SetDue(pa, fcinfo, first + 1, first + 2);
	if (value)
		RowSet(entry, ENTRY_VALUE, NumericGetDatum(value));
	if (currency)
		RowSetText(entry, ENTRY_CURRENCY, currency);
	if (purpose)
		RowSet(entry, ENTRY_PURPOSE, PointerGetDatum(purpose));
	if (!PG_ARGISNULL(first + 7))
	{
		(void) IntervalMicroseconds(PG_GETARG_INTERVAL_P(first + 7), "longest_pause");
		RowSet(entry, ENTRY_LONGEST_PAUSE, PG_GETARG_DATUM(first + 7));
	}
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
SetDrafter(PromiseAct *pa, FunctionCallInfo fcinfo, int argument, bool words_are_new)
{
	char	   *drafter = ArgKey(fcinfo, argument, "drafted_by");

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
	ActLockActor(&pa->act, pa->entry);
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
SetPromiser(PromiseAct *pa, FunctionCallInfo fcinfo)
{
	char	   *named = ArgKey(fcinfo, MAKE_PROMISER, "promiser");
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

/* The customer, the first argument; the other that is needed is there. */
text *
TermsCustomer(FunctionCallInfo fcinfo)
{
	if (PG_ARGISNULL(TERM_WORDS))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("words are needed"),
				 errhint("Say what is promised, in the words the customer was given.")));
	return cstring_to_text(ArgKeyRequired(fcinfo, 0, "customer"));
}

/*
 * Makes the promise that the arguments of make_promise say, who acts and the
 * chain being there: all but writing it.  False where this is a retry.
 */
bool
TermsMake(PromiseAct *pa, FunctionCallInfo fcinfo)
{
	if (!PromiseActMake(pa))
		return false;
	SetPromiser(pa, fcinfo);
	SetTerms(pa, fcinfo, MAKE_KIND);
	SetDrafter(pa, fcinfo, MAKE_KIND + 6, true);
	PromiseTie(pa, ApplyPolicy(pa, RowInstant(pa->entry, ENTRY_OCCURRED_AT)));
	return true;
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
Datum
make_promise(PG_FUNCTION_ARGS)
{
	PromiseAct	pa;

	PromiseActEnter(&pa, fcinfo, TermsCustomer(fcinfo), MAKING);
	if (TermsMake(&pa, fcinfo))
		PromiseWrite(&pa);
	return PromiseActEnd(&pa, fcinfo);
}

/* ---- amending ---- */

static const struct
{
	const char *name;
	int			promise;
	int			entry;
}			amendable[] = {
	{"kind", PROMISE_KIND, ENTRY_KIND}, {"due", PROMISE_DUE, ENTRY_DUE},
	{"value", PROMISE_VALUE, ENTRY_VALUE}, {"currency", PROMISE_CURRENCY, ENTRY_CURRENCY},
	{"purpose", PROMISE_PURPOSE, ENTRY_PURPOSE},
	{"longest_pause", PROMISE_LONGEST_PAUSE, ENTRY_LONGEST_PAUSE},
	/* what cannot be cleared */
	{NULL, PROMISE_WORDS, ENTRY_WORDS}, {NULL, PROMISE_PROMISER, ENTRY_PROMISER},
	{NULL, PROMISE_PROMISER_KIND, ENTRY_PROMISER_KIND}, {NULL, PROMISE_DRAFTED_BY, ENTRY_DRAFTED_BY}
};

static void
TakeOldTerms(PromiseAct *pa)
{
	for (size_t i = 0; i < lengthof(amendable); i++)
		RowCopyValue(pa->entry, amendable[i].entry, pa->promise, amendable[i].promise);
}

static void
ClearTerms(PromiseAct *pa, FunctionCallInfo fcinfo)
{
	Datum	   *names;
	int			count;

	if (PG_ARGISNULL(AMEND_CLEAR))
		return;
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(AMEND_CLEAR), TEXTOID, -1, false, TYPALIGN_INT, &names, NULL, &count);
	for (int i = 0; i < count; i++)
	{
		char	   *name = TextDatumGetCString(names[i]);
		size_t		term = 0;

		while (term < lengthof(amendable) && amendable[term].name && strcmp(amendable[term].name, name) != 0)
			term++;
		if (term == lengthof(amendable) || amendable[term].name == NULL)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("\"%s\" is not a term that can be cleared", name),
					 errhint("kind, due, value, currency, purpose and longest_pause can.")));
		RowClear(pa->entry, amendable[term].entry);
	}
}

/* A term that says the same stays as it was written.  False where all of them do. */
static bool
KeepWhatIsSame(PromiseAct *pa)
{
	bool		differs = false;

	for (size_t i = 0; i < lengthof(amendable); i++)
		if (RowSame(pa->promise, amendable[i].promise, pa->entry, amendable[i].entry))
			RowCopyValue(pa->entry, amendable[i].entry, pa->promise, amendable[i].promise);
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
	for (size_t i = 0; i < lengthof(amendable); i++)
		RowCopyValue(pa->entry, amendable[i].entry, claim, amendable[i].entry);
	RowCopyValue(pa->entry, ENTRY_EVIDENCE_ASKED, claim, ENTRY_EVIDENCE_ASKED);
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
Datum
amend_promise(PG_FUNCTION_ARGS)
{
	PromiseAct	pa;

	if (PromiseActBegin(&pa, fcinfo, EVENT_AMENDED, "amend promises"))
	{
		bool		relayed = !PG_ARGISNULL(AMEND_RELAYED) && PG_GETARG_BOOL(AMEND_RELAYED);
		bool		accepted = CheckMayAmend(&pa, relayed);

		CheckAmendable(&pa, !PG_ARGISNULL(TERM_WORDS));
		TakeOldTerms(&pa);
		ClearTerms(&pa, fcinfo);
		SetTerms(&pa, fcinfo, AMEND_KIND);
		SetDrafter(&pa, fcinfo, AMEND_KIND + 6,
				   !RowSame(pa.promise, PROMISE_WORDS, pa.entry, ENTRY_WORDS));
		PromiseSetReason(&pa, fcinfo, AMEND_REASON);
		AppendAmendment(&pa, accepted, relayed && accepted);
	}
	return PromiseActEnd(&pa, fcinfo);
}
