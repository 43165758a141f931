/*
 * backing.c
 *		Backs promises, declines them, and withdraws backings.
 *
 * A backing is the backer's own act upon the exact terms: nobody is named as a
 * backer, and nothing but this file and the promiser's own making supplies one.
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "promise/dispatch.h"
#include "promise/requirements.h"

/*
 * What policy asks now of the terms as they are; and of evidence at least what
 * it asked when they were written, with whoever acted then.
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
				 errmsg("policy asks for evidence \"%s\", and this call gives \"%s\"",
						evidence_names[required->evidence], evidence_names[pa->act.evidence]),
				 errhint("\"session\" is the human's own database login, used directly: SELECT ... without SET ROLE, trigger or security-definer function.")));
}

/* A human who speaks for the company: nobody else stands behind its promises, or says that they do not. */
static void
CheckCouldBack(const PromiseAct *pa)
{
	const Actor *actor = pa->act.actor;

	if (actor->kind != ACTOR_HUMAN)
		ereport(ERROR,
				(errcode(ERRCODE_TL_IDENTITY),
				 errmsg("\"%s\" is not a human: only a human stands behind a promise", actor->actor),
				 errhint("Ask a human to back it: trust.awaiting_backing shows what waits.")));
	if (actor->speaks_for != SPEAKS_FOR_COMPANY)
		ereport(ERROR,
				(errcode(ERRCODE_TL_IDENTITY),
				 errmsg("\"%s\" does not speak for the company and cannot stand behind its promises", actor->actor)));
	if (PromiseState(pa->promise) == STATE_PROPOSED && !RowIsNull(pa->promise, PROMISE_DECLINED_AT))
		ereport(ERROR,
				(errcode(ERRCODE_TL_STATE),
				 errmsg("promise %s was declined", PromiseName(pa->promise)),
				 errdetail("A human looked at these terms at %s and said no.",
						   timestamptz_to_str(RowInstant(pa->promise, PROMISE_DECLINED_AT))),
				 errhint("Change the terms with amend_promise(): then it can be backed.")));
}

static void
CheckHasWords(const PromiseAct *pa)
{
	if (RowIsNull(pa->promise, PROMISE_WORDS))
		ereport(ERROR,
				(errcode(ERRCODE_TL_STATE),
				 errmsg("the words of promise %s were erased", PromiseName(pa->promise)),
				 errdetail("What is backed are exact terms."),
				 errhint("Give it words with amend_promise().")));
}

static void
CheckAuthority(const PromiseAct *pa)
{
	const Actor *actor = pa->act.actor;
	AuthorityUse use;

	if (!TermsWithinAuthority(pa, actor, pa->promise, &use))
		ereport(ERROR,
				(errcode(ERRCODE_TL_POLICY),
				 errmsg("the promise lies above the authority of \"%s\"", actor->actor),
				 use.sum ?
				 errdetail("What they back for this customer would come to %s %s; they may back %s.",
						   numeric_normalize(use.sum), RowText(pa->promise, PROMISE_CURRENCY), numeric_normalize(use.most)) :
				 errdetail("A value or currency that is not stated, or that the authority does not name, lies above it."),
				 errhint("Let somebody with more authority back it.")));
}

static void
CheckMayBack(PromiseAct *pa, const PolicyRequirements *required)
{
	CheckEvidence(pa, required);
	ActHold(&pa->act, pa->entry);
	CheckAuthority(pa);
}

/*
 * back_promise(promise uuid, customer text, actor, occurred_at, context,
 *				idempotency_key) returns receipt
 *		The acting human stands behind the promise's terms as they are now; of an
 *		open promise they replace the backer.  Errors: TL001 state, TL002 evidence too
 *		weak or authority too small, TL003 not a human, not the company's, or retired.
 */
void
BackPromise(PromiseAct *pa)
{
	PolicyRequirements required = CurrentRequirements(pa);

	CheckCouldBack(pa);
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
 *		The acting human looked at the terms and does not stand behind them: proposed
 *		still, and out of the inbox, until it is amended.  Errors: TL001 state, or
 *		declined already; TL003 not a human, or not the company's.
 */
void
DeclinePromise(PromiseAct *pa)
{
	CheckCouldBack(pa);
	RowSet(pa->entry, ENTRY_REFERS_TO, pa->promise->values[PROMISE_TERMS_SEQ]);
	PromiseSetReason(pa);
	PromiseAppend(pa, STATE_PROPOSED);
}

/*
 * Where it leaves the promise.  What the customer relies on, and what is past
 * due, stays open: taking a backing back is no way out.
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
 *		The acting backer no longer stands behind the promise.  It is proposed again
 *		where policy asks for a human, unless the customer accepted it or it is past
 *		due: then it stays open without a backer.  Errors: TL001 state, TL003 not its backer.
 */
void
WithdrawBacking(PromiseAct *pa)
{
	PolicyRequirements required = CurrentRequirements(pa);
	State		to = StateWithoutBacking(pa, &required);

	if (!RowTextIs(pa->promise, PROMISE_BACKER, pa->act.actor->actor))
		ereport(ERROR,
				(errcode(ERRCODE_TL_IDENTITY),
				 errmsg("\"%s\" does not stand behind promise %s", pa->act.actor->actor, PromiseName(pa->promise)),
				 errdetail("Its backer is %s.", RowIsNull(pa->promise, PROMISE_BACKER) ? "nobody" :
						   quote_identifier(RowText(pa->promise, PROMISE_BACKER))),
				 errhint("A backing is withdrawn by who gave it; somebody else can take it over with back_promise().")));
	SetRequirements(pa, &required, required.evidence > EVIDENCE_NONE);
	PromiseSetReason(pa);
	PromiseAppend(pa, to);
}
