/*
 * settlement.c
 *		What ends a promise without a verdict, and the customer's acceptance.
 */
#include "postgres.h"

#include "promise/dispatch.h"
#include "promise/verdict.h"

/* A company actor passes on what the customer said; stands: at once, and not only when they say so too. */
static void
SetRelayed(PromiseAct *pa, bool stands)
{
	CheckRelays(pa);
	RowSet(pa->entry, ENTRY_RELAYED, BoolGetDatum(true));
	RowSet(pa->entry, ENTRY_STANDS, BoolGetDatum(stands));
}

/*
 * Whether an acceptance that is only relayed takes effect: that the customer
 * relied on it binds the company.  But nobody gets their own promise past who
 * would have to back it; and what is overdue is so with it or without.
 */
static bool
RelayedBinds(const PromiseAct *pa)
{
	if (PromiseState(pa->promise) == STATE_PROPOSED &&
		(SharesHuman(pa, PROMISE_PROMISER) || SharesHuman(pa, PROMISE_DRAFTED_BY)))
		return false;
	return RowIsNull(pa->promise, PROMISE_OPENED_AT) || !PromisePastDue(pa->promise, EntryInstant(pa->entry));
}

/*
 * accept_promise(promise uuid, relayed boolean, customer text, actor, occurred_at,
 *				  context, idempotency_key) returns receipt
 *		The customer relies on the promise: from now on it counts, even if no human
 *		ever stood behind it.  relayed: a company actor passes on that they do; of a
 *		promise that was open and is past due, and of one that is proposed and their
 *		own, this is recorded, and does not stand until it is confirmed.  Errors: TL001
 *		state, or accepted already; TL003 not by an actor that speaks for this customer;
 *		22023 relayed by one that does not speak for the company.
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
				 errmsg("promise %s was accepted already", PromiseName(pa->promise)),
				 errdetail("An acceptance survives amendments.")));
	RowSet(pa->entry, ENTRY_ACCEPTED, BoolGetDatum(true));
	RowSet(pa->entry, ENTRY_REFERS_TO, pa->promise->values[PROMISE_TERMS_SEQ]);
	PromiseAppend(pa, stands ? STATE_OPEN : PromiseState(pa->promise));
}

/*
 * withdraw_promise(promise uuid, reason text, customer text, actor, occurred_at,
 *					context, idempotency_key) returns receipt
 *		The company takes its promise back: one that never was open, or before the
 *		customer accepted it and in time, is withdrawn; after either it is broken.
 *		Errors: TL001 state, TL003 not by the company.
 */
void
WithdrawPromise(PromiseAct *pa)
{
	bool		late = PromiseTooLate(pa->promise, EntryInstant(pa->entry));

	CheckSpeaksFor(pa, SPEAKS_FOR_COMPANY, "withdraw promises");
	PromiseSetReason(pa);
	if (late)
		SetVerdict(pa, STATE_BROKEN, SPEAKS_FOR_COMPANY, false, true, WEIGHT_BROKEN);
	PromiseAppend(pa, late ? STATE_BROKEN : STATE_WITHDRAWN);
}

/* A release that was relayed, the customer can say again: nobody else, and nothing else. */
static void
CheckNotReleased(const PromiseAct *pa, bool relayed)
{
	if (PromiseState(pa->promise) == STATE_RELEASED && (relayed || RowIsNull(pa->promise, PROMISE_UNCONFIRMED)))
		ereport(ERROR,
				(errcode(ERRCODE_TL_STATE),
				 errmsg("promise %s was released already", PromiseName(pa->promise))));
}

/*
 * release_promise(promise uuid, reason text, relayed boolean, customer text, actor,
 *				   occurred_at, context, idempotency_key) returns receipt
 *		The customer lets the company off.  relayed: a company actor passes on that
 *		they do; where the company could not withdraw the promise any more, this is
 *		recorded, and does not stand until it is confirmed.  Errors: TL001 state, TL003
 *		not by an actor that speaks for this customer, 22023 relayed by one that does
 *		not speak for the company.
 */
void
ReleasePromise(PromiseAct *pa)
{
	bool		relayed = CommandBool(pa->command, COMMAND_RELAYED);
	/* our word is no way out of what only a verdict ends */
	bool		stands = !relayed || !PromiseTooLate(pa->promise, EntryInstant(pa->entry));

	if (relayed)
		SetRelayed(pa, stands);
	else
		CheckSpeaksFor(pa, SPEAKS_FOR_CUSTOMER, "release the company from a promise");
	CheckNotReleased(pa, relayed);
	PromiseSetReason(pa);
	PromiseAppend(pa, stands ? STATE_RELEASED : PromiseState(pa->promise));
}
