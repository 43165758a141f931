/*
 * settlement.c
 *		Accepts, withdraws and releases promises.
 */
#include "postgres.h"

#include "promise/dispatch.h"
#include "promise/verdict.h"

/* For an entry in which the company relays what the customer said; stands: it takes effect. */
static void
SetRelayed(PromiseAct *pa, bool stands)
{
	CheckCanRelay(pa->act.actor);
	RowSet(pa->entry, ENTRY_RELAYED, BoolGetDatum(true));
	RowSet(pa->entry, ENTRY_STANDS, BoolGetDatum(stands));
}

/*
 * Whether a relayed acceptance takes effect.  In general it does, since it binds the
 * company.  But the promiser and the drafter must not use it to avoid the backing of
 * a proposed promise, and it has no effect on a promise that is past due.
 */
static bool
RelayedBinds(const PromiseAct *pa)
{
	if (PromiseState(pa->promise) == STATE_PROPOSED &&
		(SharesHuman(pa, PROMISE_PROMISER) || SharesHuman(pa, PROMISE_DRAFTED_BY)))
		return false;
	return RowIsNull(pa->promise, PROMISE_OPENED_AT) ||
		!PromisePastDue(pa->promise, EntryInstant(pa->entry));
}

/*
 * accept_promise(promise uuid, relayed boolean, customer text, actor, occurred_at,
 *				  context, idempotency_key) returns receipt
 *		The customer accepts the promise and relies on it.  It then counts even if no
 *		human backs it.  relayed: a company actor reports the acceptance.  A relayed
 *		acceptance has no effect until it is confirmed if the promise was open and is past
 *		due, or if it is proposed and the actor's own.  Errors: TL001 state, or accepted
 *		before; TL003 not by an actor that speaks for this customer; 22023 relayed by an
 *		actor that does not speak for the company.
 */
void
AcceptPromise(PromiseAct *pa)
{
	bool		relayed = CommandBool(pa->command, COMMAND_RELAYED);
	bool		stands = !relayed || RelayedBinds(pa);

	if (relayed)
		SetRelayed(pa, stands);
	else
		CheckSpeaksFor(pa, SPEAKS_FOR_CUSTOMER, "accept promises");
	if (!RowIsNull(pa->promise, PROMISE_ACCEPTED_AT))
		ereport(ERROR,
				(errcode(ERRCODE_TL_STATE),
				 errmsg("promise %s has already been accepted", PromiseName(pa->promise)),
				 errdetail("An acceptance remains valid after amendments.")));
	RowSet(pa->entry, ENTRY_ACCEPTED, BoolGetDatum(true));
	RowSet(pa->entry, ENTRY_REFERS_TO, pa->promise->values[PROMISE_TERMS_SEQ]);
	PromiseAppend(pa, stands ? STATE_OPEN : PromiseState(pa->promise));
}

/*
 * withdraw_promise(promise uuid, reason text, customer text, actor, occurred_at,
 *					context, idempotency_key) returns receipt
 *		The company withdraws its promise.  If the promise has been open, and the customer
 *		accepted it or it is past due, it becomes broken, else withdrawn.  Errors: TL001
 *		state, TL003 not by the company.
 */
void
WithdrawPromise(PromiseAct *pa)
{
	bool		late = PromiseIsBinding(pa->promise, EntryInstant(pa->entry));

	CheckSpeaksFor(pa, SPEAKS_FOR_COMPANY, "withdraw promises");
	PromiseSetReason(pa);
	if (late)
		SetVerdict(pa, STATE_BROKEN, SPEAKS_FOR_COMPANY, false, true, WEIGHT_BROKEN);
	PromiseAppend(pa, late ? STATE_BROKEN : STATE_WITHDRAWN);
}

/* A released promise can be released again only by the customer, if the release was relayed. */
static void
CheckNotReleased(const PromiseAct *pa, bool relayed)
{
	if (PromiseState(pa->promise) == STATE_RELEASED &&
		(relayed || RowIsNull(pa->promise, PROMISE_UNCONFIRMED)))
		ereport(ERROR,
				(errcode(ERRCODE_TL_STATE),
				 errmsg("promise %s has already been released", PromiseName(pa->promise))));
}

/*
 * release_promise(promise uuid, reason text, relayed boolean, customer text, actor,
 *				   occurred_at, context, idempotency_key) returns receipt
 *		The customer releases the company from the promise.  relayed: a company actor
 *		reports the release.  If the company can no longer withdraw the promise, a relayed
 *		release has no effect until it is confirmed.  Errors: TL001 state, or released
 *		before; TL003 not by an actor that speaks for this customer; 22023 relayed by an
 *		actor that does not speak for the company.
 */
void
ReleasePromise(PromiseAct *pa)
{
	bool		relayed = CommandBool(pa->command, COMMAND_RELAYED);
	bool		stands = !relayed || !PromiseIsBinding(pa->promise, EntryInstant(pa->entry));

	if (relayed)
		SetRelayed(pa, stands);
	else
		CheckSpeaksFor(pa, SPEAKS_FOR_CUSTOMER, "release the company from a promise");
	CheckNotReleased(pa, relayed);
	PromiseSetReason(pa);
	PromiseAppend(pa, stands ? STATE_RELEASED : PromiseState(pa->promise));
}
