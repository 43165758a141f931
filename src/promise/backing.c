/*
 * backing.c
 *		Backs promises, declines them, and withdraws backings.
 *
 * The backer is always the acting human: no argument names one.  Besides
 * back_promise(), only a human who makes or amends their own promise backs it; see
 * ApplyPolicy().
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "promise/dispatch.h"
#include "promise/requirements.h"

/*
 * What policy requires now for the current terms.  The required evidence is at least
 * what policy required when the terms were recorded, since the actor of that entry
 * counted then.
 */
static PolicyRequirements
CurrentRequirements(const PromiseAct *pa)
{
	PolicyRequirements required = TermsRequirements(pa, pa->promise, NULL);

	required.evidence = Max(required.evidence, RowEvidence(pa->promise, PROMISE_EVIDENCE_ASKED));
	return required;
}

static void
CheckEvidence(const PromiseAct *pa, const PolicyRequirements *required)
{
	if (pa->act.evidence < required->evidence)
		ereport(ERROR,
				(errcode(ERRCODE_TL_POLICY),
				 errmsg("cannot back promise %s with evidence \"%s\"",
						PromiseName(pa->promise), evidence_names[pa->act.evidence]),
				 errdetail("Policy requires evidence \"%s\" or stronger.",
						   evidence_names[required->evidence]),
				 errhint("Evidence \"session\" requires a direct call in the human's own "
						 "database session, without SET ROLE, triggers or "
						 "security-definer functions.")));
}

/* Only humans who speak for the company back or decline promises, and only once after declining. */
static void
CheckCanBackOrDecline(const PromiseAct *pa)
{
	const Actor *actor = pa->act.actor;

	if (actor->kind != ACTOR_HUMAN)
		ereport(ERROR,
				(errcode(ERRCODE_TL_IDENTITY),
				 errmsg("\"%s\" is not a human and cannot back or decline promises", actor->actor),
				 errhint("Let a human back the promise; view trust.awaiting_backing lists it.")));
	if (actor->speaks_for != SPEAKS_FOR_COMPANY)
		ereport(ERROR,
				(errcode(ERRCODE_TL_IDENTITY),
				 errmsg("\"%s\" does not speak for the company "
						"and cannot back or decline its promises", actor->actor)));
	if (PromiseState(pa->promise) == STATE_PROPOSED && !RowIsNull(pa->promise, PROMISE_DECLINED_AT))
		ereport(ERROR,
				(errcode(ERRCODE_TL_STATE),
				 errmsg("promise %s has been declined", PromiseName(pa->promise)),
				 errdetail("A human declined its terms at %s.",
						   timestamptz_to_str(RowInstant(pa->promise, PROMISE_DECLINED_AT))),
				 errhint("Change the terms with amend_promise(); the new terms can be backed.")));
}

static void
CheckHasWords(const PromiseAct *pa)
{
	if (RowIsNull(pa->promise, PROMISE_WORDS))
		ereport(ERROR,
				(errcode(ERRCODE_TL_STATE),
				 errmsg("cannot back promise %s, because its words were erased",
						PromiseName(pa->promise)),
				 errdetail("A backing applies to the exact terms."),
				 errhint("Set new words with amend_promise().")));
}

static void
CheckAuthority(const PromiseAct *pa)
{
	const Actor *actor = pa->act.actor;
	AuthorityUse use;

	if (!TermsWithinAuthority(pa, actor, pa->promise, &use))
		ereport(ERROR,
				(errcode(ERRCODE_TL_POLICY),
				 errmsg("the promise exceeds the authority of \"%s\"", actor->actor),
				 use.sum ?
				 errdetail("They would back %s %s in total for this customer; the limit is %s.",
						   numeric_normalize(use.sum), RowText(pa->promise, PROMISE_CURRENCY),
						   numeric_normalize(use.most)) :
				 errdetail("The promise has no value or no currency, "
						   "or the authority has no limit for its currency."),
				 errhint("Let a human with a higher authority back it.")));
}

static void
CheckMayBack(PromiseAct *pa, const PolicyRequirements *required)
{
	CheckEvidence(pa, required);
	ActLockActor(&pa->act, pa->entry);
	CheckAuthority(pa);
}

/*
 * back_promise(promise uuid, customer text, actor, occurred_at, context,
 *				idempotency_key) returns receipt
 *		The acting human backs the current terms of the promise, and replaces the backer
 *		if there is one.  Errors: TL001 state, declined, or words erased; TL002 evidence
 *		too weak, or authority exceeded; TL003 not a human, not the company's, or retired.
 */
void
BackPromise(PromiseAct *pa)
{
	PolicyRequirements required = CurrentRequirements(pa);

	CheckCanBackOrDecline(pa);
	CheckHasWords(pa);
	CheckMayBack(pa, &required);
	SetRequirements(pa, &required, false);
	RowSetText(pa->entry, ENTRY_BACKER, pa->act.actor->actor);
	RowSet(pa->entry, ENTRY_REFERS_TO, pa->promise->values[PROMISE_TERMS_SEQ]);
	PromiseAppend(pa, STATE_OPEN);
}

/*
 * decline_promise(promise uuid, reason text, customer text, actor, occurred_at,
 *				   context, idempotency_key) returns receipt
 *		The acting human refuses to back the current terms.  The promise stays proposed,
 *		and cannot be backed until it is amended.  Errors: TL001 state, or declined
 *		before; TL003 not a human, or not the company's.
 */
void
DeclinePromise(PromiseAct *pa)
{
	CheckCanBackOrDecline(pa);
	RowSet(pa->entry, ENTRY_REFERS_TO, pa->promise->values[PROMISE_TERMS_SEQ]);
	PromiseSetReason(pa);
	PromiseAppend(pa, STATE_PROPOSED);
}

/*
 * The state after the backing is withdrawn.  A promise that the customer accepted or
 * that is past due stays open, so that the company remains bound by it.
 */
static State
StateWithoutBacking(const PromiseAct *pa, const PolicyRequirements *required)
{
	if (required->evidence == EVIDENCE_NONE || !RowIsNull(pa->promise, PROMISE_ACCEPTED_AT) ||
		PromisePastDue(pa->promise, EntryInstant(pa->entry)))
		return STATE_OPEN;
	return STATE_PROPOSED;
}

/*
 * withdraw_backing(promise uuid, reason text, customer text, actor, occurred_at,
 *					context, idempotency_key) returns receipt
 *		The acting human withdraws their backing.  The promise becomes proposed if policy
 *		requires a human, except if the customer accepted it or it is past due: then it
 *		stays open without a backer.  Errors: TL001 state, TL003 not its backer.
 */
void
WithdrawBacking(PromiseAct *pa)
{
	PolicyRequirements required = CurrentRequirements(pa);
	State		to = StateWithoutBacking(pa, &required);

	if (!RowTextIs(pa->promise, PROMISE_BACKER, pa->act.actor->actor))
		ereport(ERROR,
				(errcode(ERRCODE_TL_IDENTITY),
				 errmsg("\"%s\" is not the backer of promise %s",
						pa->act.actor->actor, PromiseName(pa->promise)),
				 RowIsNull(pa->promise, PROMISE_BACKER) ? errdetail("It has no backer.") :
				 errdetail("Its backer is \"%s\".", RowText(pa->promise, PROMISE_BACKER)),
				 errhint("Only the backer can withdraw a backing; "
						 "another human can replace them with back_promise().")));
	SetRequirements(pa, &required, required.evidence > EVIDENCE_NONE);
	PromiseSetReason(pa);
	PromiseAppend(pa, to);
}
