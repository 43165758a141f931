/*
 * amendment.c
 *		Changes the terms of a promise.
 */
#include "postgres.h"

#include "promise/amendment.h"

#include "catalog/pg_type_d.h"
#include "lib/stringinfo.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "base/arguments.h"
#include "promise/dispatch.h"
#include "promise/same_value.h"
#include "promise/terms.h"
#include "promise/verdict.h"

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
		if (RowSameValue(pa->promise, terms[i].promise, pa->entry, terms[i].entry))
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
	SetDrafter(pa, !RowSameValue(pa->promise, PROMISE_WORDS, pa->entry, ENTRY_WORDS));
	PromiseSetReason(pa);
	AppendAmendment(pa, accepted, relayed && accepted);
}
