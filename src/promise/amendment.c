/*
 * amendment.c
 *		Amends promises.
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
CopyOldTerms(PromiseAct *pa)
{
	for (int i = 0; i < TERMS; i++)
		RowCopyValue(pa->entry, terms[i].entry, pa->promise, terms[i].promise);
	RowCopyValue(pa->entry, ENTRY_PROMISER_KIND, pa->promise, PROMISE_PROMISER_KIND);
}

/* For a hint: the columns that can be cleared. */
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
			 errhint("Terms that can be cleared are: %s.", ClearableNames())));
}

static void
ClearTerms(PromiseAct *pa)
{
	NullableDatum clear = CommandArgument(pa->command, COMMAND_CLEAR);
	Datum	   *names;
	int			count;

	if (clear.isnull)
		return;
	deconstruct_array(DatumGetArrayTypeP(clear.value), TEXTOID, -1, false, TYPALIGN_INT,
					  &names, NULL, &count);
	for (int i = 0; i < count; i++)
		ClearTerm(pa, TextDatumGetCString(names[i]));
}

/*
 * Restores terms that are equal but written differently, such as 1.0 and 1.00.
 * Returns false if no term changes.
 */
static bool
KeepEqualTerms(PromiseAct *pa)
{
	bool		differs = false;

	for (int i = 0; i < TERMS; i++)
		if (RowSameValue(pa->promise, terms[i].promise, pa->entry, terms[i].entry))
			RowCopyValue(pa->entry, terms[i].entry, pa->promise, terms[i].promise);
		else
			differs = true;
	return differs;
}

/*
 * An error for calls only.  A changed row of a tracked table has been compared
 * before, but policy may set the same due time again that the change cleared.
 */
static void
ReportNoChange(const PromiseAct *pa)
{
	if (pa->act.origin)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("the amendment changes nothing"),
			 errhint("Specify at least one term that differs from the current one.")));
}

/* The due time is known only after a pause ends, and erased words cannot be kept. */
static void
CheckAmendable(const PromiseAct *pa, bool has_words)
{
	if (!RowIsNull(pa->promise, PROMISE_PAUSED_AT))
		ereport(ERROR,
				(errcode(ERRCODE_TL_STATE),
				 errmsg("cannot amend promise %s, which is paused", PromiseName(pa->promise)),
				 errdetail("Its due time is known only after the pause ends."),
				 errhint("Call resume_promise() first.")));
	if (!has_words && RowIsNull(pa->promise, PROMISE_WORDS))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("words must not be null"),
				 errdetail("The words of promise %s were erased.", PromiseName(pa->promise)),
				 errhint("Specify the words that apply from now on.")));
}

/*
 * A promise that is accepted or past due is amended by the customer, or by the company
 * relaying the customer's acceptance.  Other promises are amended by the company.
 * Returns whether the customer's acceptance is needed.
 */
static bool
CheckMayAmend(const PromiseAct *pa, bool relayed)
{
	bool		accepted = !RowIsNull(pa->promise, PROMISE_ACCEPTED_AT);
	bool		needs_customer = accepted || PromisePastDue(pa->promise, EntryInstant(pa->entry));
	SpeaksFor	speaks_for = pa->act.actor->speaks_for;

	if (relayed)
		CheckCanRelay(pa->act.actor);
	/* a mapping sets relayed for all rows, also where it is not needed */
	if (relayed && !needs_customer && pa->act.origin == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("cannot relay an acceptance for amending promise %s",
						PromiseName(pa->promise)),
				 errdetail("The amendment needs no acceptance, because the customer has not "
						   "accepted the promise and it is not past due."),
				 errhint("Leave relayed out. "
						 "Use accept_promise() to relay the acceptance of the new terms.")));
	if (needs_customer && speaks_for != SPEAKS_FOR_CUSTOMER && !relayed)
		ereport(ERROR,
				(errcode(ERRCODE_TL_STATE),
				 errmsg("cannot amend promise %s, which %s, without the customer's acceptance",
						PromiseName(pa->promise),
						accepted ? "has been accepted" : "is past due"),
				 errhint("Let an actor that speaks for the customer amend it, "
						 "relay the customer's acceptance with relayed => true, "
						 "or assess it and make a new promise.")));
	if (!needs_customer && speaks_for != SPEAKS_FOR_COMPANY)
		ereport(ERROR,
				(errcode(ERRCODE_TL_IDENTITY),
				 errmsg("only the company can amend a promise that the customer has not accepted"),
				 errhint("Call the function as an actor that speaks for the company.")));
	return needs_customer;
}

/*
 * Appends the entry, which has the new terms except a due time set by policy.  If the
 * acceptance is only relayed, the old terms remain in effect until it is confirmed,
 * and the new terms have no backer.
 */
static void
AppendAmendment(PromiseAct *pa, bool accepted, bool relayed)
{
	State		to = ApplyPolicy(pa, RowInstant(pa->promise, PROMISE_MADE_AT));

	if (!KeepEqualTerms(pa))
	{
		ReportNoChange(pa);
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

void
AmendAsClaimed(PromiseAct *pa, const Row *claim)
{
	CheckAmendable(pa, true);
	for (int i = 0; i < TERMS; i++)
		RowCopyValue(pa->entry, terms[i].entry, claim, terms[i].entry);
	RowCopyValue(pa->entry, ENTRY_PROMISER_KIND, claim, ENTRY_PROMISER_KIND);
	RowCopyValue(pa->entry, ENTRY_EVIDENCE_ASKED, claim, ENTRY_EVIDENCE_ASKED);
	AppendAmendment(pa, true, false);
}

/*
 * amend_promise(promise uuid, words text, kind text, due timestamptz, due_on date,
 *				 value numeric, currency text, purpose text, drafted_by text,
 *				 longest_pause interval, clear text[], reason text, relayed boolean,
 *				 customer text, actor, occurred_at, context, idempotency_key) returns receipt
 *		Changes the terms that are not NULL, clears those named in clear, and keeps the
 *		others.  Voids the backing, which was for the old terms.  relayed: a company actor
 *		reports that the customer accepts the new terms; the old terms remain in effect
 *		until this is confirmed.  Errors: TL001 accepted or past due and not by the
 *		customer, or paused; TL003 not by the company; 22023 nothing changed.
 */
void
AmendPromise(PromiseAct *pa)
{
	bool		relayed = CommandBool(pa->command, COMMAND_RELAYED);
	bool		accepted = CheckMayAmend(pa, relayed);

	CheckAmendable(pa, CommandHas(pa->command, COMMAND_WORDS));
	CopyOldTerms(pa);
	ClearTerms(pa);
	SetTerms(pa);
	SetDrafter(pa, !RowSameValue(pa->promise, PROMISE_WORDS, pa->entry, ENTRY_WORDS));
	PromiseSetReason(pa);
	AppendAmendment(pa, accepted, relayed && accepted);
}
