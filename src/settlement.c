/*
 * settlement.c
 *		What ends a promise without a verdict, and the customer's acceptance.
 */
#include "postgres.h"

#include "promise.h"

PG_FUNCTION_INFO_V1(accept_promise);
PG_FUNCTION_INFO_V1(withdraw_promise);
PG_FUNCTION_INFO_V1(release_promise);

static void
CheckSpeaksFor(const PromiseAct *pa, SpeaksFor speaks_for, const char *what)
{
	if (pa->act.actor->speaks_for == speaks_for)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_TL_IDENTITY),
			 errmsg("\"%s\" speaks for the %s and cannot %s", pa->act.actor->actor,
					speaks_for_names[pa->act.actor->speaks_for], what),
			 errhint("Only an actor that speaks for the %s can.", speaks_for_names[speaks_for])));
}

/*
 * accept_promise(promise uuid, customer text, actor, occurred_at, context,
 *				  idempotency_key) returns receipt
 *		The customer relies on the promise: from now on it counts, even if no human
 *		ever stood behind it.  Errors: TL001 state, or accepted already; TL003 not by
 *		an actor that speaks for this customer.
 */
Datum
accept_promise(PG_FUNCTION_ARGS)
{
	PromiseAct	pa;

	if (PromiseActBegin(&pa, fcinfo, EVENT_ACCEPTED, "accept promises"))
	{
		CheckSpeaksFor(&pa, SPEAKS_FOR_CUSTOMER, "accept promises");
		if (!RowIsNull(pa.promise, PROMISE_ACCEPTED_AT))
			ereport(ERROR,
					(errcode(ERRCODE_TL_STATE),
					 errmsg("promise %s was accepted already", PromiseName(pa.promise)),
					 errdetail("An acceptance survives amendments.")));
		RowSet(pa.entry, ENTRY_ACCEPTED, BoolGetDatum(true));
		RowSet(pa.entry, ENTRY_REFERS_TO, pa.promise->values[PROMISE_TERMS_SEQ]);
		PromiseAppend(&pa, STATE_OPEN);
	}
	return PromiseActEnd(&pa, fcinfo);
}

/*
 * withdraw_promise(promise uuid, reason text, customer text, actor, occurred_at,
 *					context, idempotency_key) returns receipt
 *		The company takes its promise back: one that never was open, or before the
 *		customer accepted it and in time, is withdrawn; after either it is broken.
 *		Errors: TL001 state, TL003 not by the company.
 */
Datum
withdraw_promise(PG_FUNCTION_ARGS)
{
	PromiseAct	pa;

	if (PromiseActBegin(&pa, fcinfo, EVENT_WITHDRAWN, "withdraw promises"))
	{
		bool		late = PromiseTooLate(pa.promise, EntryInstant(pa.entry));

		CheckSpeaksFor(&pa, SPEAKS_FOR_COMPANY, "withdraw promises");
		PromiseSetReason(&pa, fcinfo, 1);
		if (late)
		{
			const Weight *weight = &pa.act.ledger->weights[WEIGHT_BROKEN];

			RowSetText(pa.entry, ENTRY_VERDICT, state_names[STATE_BROKEN]);
			RowSetText(pa.entry, ENTRY_WHOSE_WORD, speaks_for_names[SPEAKS_FOR_COMPANY]);
			RowSet(pa.entry, ENTRY_RELAYED, BoolGetDatum(false));
			RowSet(pa.entry, ENTRY_STANDS, BoolGetDatum(true));
			RowSet(pa.entry, ENTRY_WEIGHT_KEPT, Int32GetDatum(weight->kept));
			RowSet(pa.entry, ENTRY_WEIGHT_BROKEN, Int32GetDatum(weight->broken));
		}
		PromiseAppend(&pa, late ? STATE_BROKEN : STATE_WITHDRAWN);
	}
	return PromiseActEnd(&pa, fcinfo);
}

/*
 * release_promise(promise uuid, reason text, customer text, actor, occurred_at,
 *				   context, idempotency_key) returns receipt
 *		The customer lets the company off.  Errors: TL001 state, TL003 not by an
 *		actor that speaks for this customer.
 */
Datum
release_promise(PG_FUNCTION_ARGS)
{
	PromiseAct	pa;

	if (PromiseActBegin(&pa, fcinfo, EVENT_RELEASED, "release promises"))
	{
		CheckSpeaksFor(&pa, SPEAKS_FOR_CUSTOMER, "release the company from a promise");
		PromiseSetReason(&pa, fcinfo, 1);
		PromiseAppend(&pa, STATE_RELEASED);
	}
	return PromiseActEnd(&pa, fcinfo);
}
