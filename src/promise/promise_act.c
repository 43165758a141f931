/*
 * promise_act.c
 *		One act upon one promise, from the arguments to the receipt.
 */
#include "postgres.h"

#include "promise/promise_act.h"

#include "catalog/pg_type_d.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

#include "base/arguments.h"
#include "base/statement.h"
#include "ledger/chain_score.h"
#include "promise/promise_source.h"

static Statement find_customer = STATEMENT(
	"SELECT customer FROM trust.promise WHERE promise OPERATOR(pg_catalog.=) $1", UUIDOID);

static Statement read_promise = STATEMENT_OF_ROWS(
	promise_shape, "WHERE customer OPERATOR(pg_catalog.=) $1 AND promise OPERATOR(pg_catalog.=) $2",
	TEXTOID, UUIDOID);

/* customer_given: it was looked for among that customer's only, as the caller asked. */
void
NoPromise(Datum promise, bool customer_given)
{
	ereport(ERROR,
			(errcode(ERRCODE_NO_DATA_FOUND),
			 errmsg("there is no promise %s%s",
					DatumGetCString(DirectFunctionCall1(uuid_out, promise)), customer_given ? " to this customer" : ""),
			 customer_given ? errhint("Leave customer out to have the promise found by itself.") :
			 errhint("View trust.current_promise lists the promises that there are.")));
}

/* Which promise it is about, the first argument. */
Datum
PromiseArgument(FunctionCallInfo fcinfo)
{
	if (PG_ARGISNULL(PROMISE_ARGUMENT))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("promise is needed")));
	return PG_GETARG_DATUM(PROMISE_ARGUMENT);
}

/* The customer whom the promise was made to; within a LedgerSession. */
text *
PromiseCustomer(Datum promise, bool on_callers_snapshot)
{
	if ((on_callers_snapshot ? StatementRead : StatementWrite) (&find_customer, &promise, NULL) == 0)
		NoPromise(promise, false);
	return DatumGetTextPP(ResultNotNull(0, 1, TEXTOID));
}

/* As given, or found. */
static text *
CustomerOf(FunctionCallInfo fcinfo)
{
	char	   *customer = ArgKey(fcinfo, CUSTOMER_ARGUMENT, "customer");

	return customer ? cstring_to_text(customer) : PromiseCustomer(PG_GETARG_DATUM(PROMISE_ARGUMENT), false);
}

/* The customer's promise as it is stored, under the chain's lock; customer_given: the caller named the customer. */
Row *
PromiseRead(const Chain *chain, Datum promise, bool customer_given)
{
	Datum		values[2] = {PointerGetDatum(chain->customer), promise};

	if (StatementWrite(&read_promise, values, NULL) == 0)
		NoPromise(values[1], customer_given);
	return ResultRow(&promise_shape);
}

static void
PromiseLoad(PromiseAct *pa, Datum promise, bool customer_given)
{
	pa->held = pa->group ? ActGroupHold(pa->group, promise) : NULL;
	pa->promise = pa->held ? pa->held->promise : PromiseRead(pa->chain, promise, customer_given);
}

static bool
IsRetry(PromiseAct *pa)
{
	return pa->act.idempotency_key != NULL &&
		ChainFindRequest(pa->chain, pa->act.idempotency_key, &pa->act.request, &pa->receipt);
}

/* Whoever speaks for one customer speaks for no other. */
static void
CheckSpeaksForThisCustomer(const PromiseAct *pa)
{
	const char *bound = pa->act.actor->customer;

	if (bound != NULL && strcmp(bound, text_to_cstring(pa->chain->customer)) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_TL_IDENTITY),
				 errmsg("actor \"%s\" speaks for another customer", pa->act.actor->actor)));
}

void
CheckNotBeforeMade(const PromiseAct *pa)
{
	if (RowInstant(pa->entry, ENTRY_OCCURRED_AT) < RowInstant(pa->promise, PROMISE_MADE_AT))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("occurred_at lies before the promise was made"),
				 errdetail("The promise was made at %s.",
						   timestamptz_to_str(RowInstant(pa->promise, PROMISE_MADE_AT)))));
}

/*
 * Who acts, and the chain's lock; customer NULL: the promise's.  Where something
 * changed while the lock was waited for, who acts is settled again under it.
 */
void
PromiseActEnter(PromiseAct *pa, FunctionCallInfo fcinfo, text *customer, const char *what)
{
	const Origin *origin = OriginFromCall(fcinfo);

	if (origin)					/* chain and session are there */
	{
		memset(pa, 0, sizeof(PromiseAct));
		ActBegin(&pa->act, fcinfo, LEVELS_WRITING, what, true);
		pa->group = origin->group;
		pa->chain = pa->group->chain;
		return;
	}
	for (int round = 0; round < 2; round++)
	{
		memset(pa, 0, sizeof(PromiseAct));
		ActBegin(&pa->act, fcinfo, LEVELS_WRITING, what, true);
		LedgerEnter(pa->act.ledger, &pa->session);
		pa->chain = palloc(sizeof(Chain));
		ChainLock(pa->chain, pa->act.ledger, customer ? customer : CustomerOf(fcinfo));
		if (round == 1 || !ActIsStale(&pa->act))
			break;
		LedgerLeave(&pa->session);
	}
}

/*
 * Finds what an act is upon: who acts, the chain's lock, the promise as it is.
 * False where this is a retry: the receipt is there.
 */
bool
PromiseActFind(PromiseAct *pa, FunctionCallInfo fcinfo, const char *what)
{
	Datum		promise = PromiseArgument(fcinfo);

	PromiseActEnter(pa, fcinfo, NULL, what);
	if (IsRetry(pa))
		return false;
	PromiseLoad(pa, promise, !PG_ARGISNULL(CUSTOMER_ARGUMENT));
	CheckSpeaksForThisCustomer(pa);
	return true;
}

/* An entry of that event to fill, if the promise's state allows it. */
void
PromiseActStart(PromiseAct *pa, Event event)
{
	pa->event = event;
	CheckStateAllows(event, PromiseState(pa->promise), PromiseName(pa->promise));
	pa->entry = ActEntry(&pa->act, pa->chain, event_names[event]);
	RowCopyValue(pa->entry, ENTRY_PROMISE, pa->promise, PROMISE_PROMISE);
	CheckNotBeforeMade(pa);
}

/* Both: begins an act upon a promise.  False where this is a retry. */
bool
PromiseActBegin(PromiseAct *pa, FunctionCallInfo fcinfo, Event event, const char *what)
{
	if (!PromiseActFind(pa, fcinfo, what))
		return false;
	PromiseActStart(pa, event);
	return true;
}

/*
 * A uuid of version 7 (RFC 9562, section 5.7): milliseconds, then random bits.
 * New promises of all customers stand together in the index.
 */
Datum
NewPromiseId(TimestampTz now)
{
	pg_uuid_t  *id = palloc(sizeof(pg_uuid_t));
	int64		milliseconds = (now / 1000) +
		((int64) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE)) * (USECS_PER_DAY / 1000);

	if (!RandomBytes(id->data, UUID_LEN))
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("could not get random bytes for a promise")));
	for (int i = 0; i < 6; i++)
		id->data[i] = (unsigned char) (milliseconds >> (8 * (5 - i)));
	id->data[6] = (id->data[6] & 0x0F) | 0x70;
	id->data[8] = (id->data[8] & 0x3F) | 0x80;
	return UUIDPGetDatum(id);
}

/* Begins to make a promise, who acts and the chain being there.  False where this is a retry. */
bool
PromiseActMake(PromiseAct *pa)
{
	const Origin *origin = pa->act.origin;

	if (IsRetry(pa))
		return false;
	pa->event = EVENT_MADE;
	pa->entry = ActEntry(&pa->act, pa->chain, event_names[EVENT_MADE]);
	RowSet(pa->entry, ENTRY_PROMISE, origin && origin->promise ? UUIDPGetDatum(origin->promise) : NewPromiseId(pa->chain->now));
	pa->held = pa->group ? ActGroupHoldNew(pa->group, pa->entry->values[ENTRY_PROMISE]) : NULL;
	pa->promise = pa->held ? pa->held->promise : RowNew(&promise_shape);
	return true;
}

/* The reason given, if one is. */
void
PromiseSetReason(PromiseAct *pa, FunctionCallInfo fcinfo, int argument)
{
	text	   *reason = ArgText(fcinfo, argument, "reason");

	if (reason)
		RowSet(pa->entry, ENTRY_NOTE, PointerGetDatum(reason));
}

/* Ties the entry to its chain; the promise is then what it says, in that state. */
void
PromiseTie(PromiseAct *pa, State to)
{
	Contribution before = PromiseContribution(pa->promise);
	Contribution after;
	const char *problem;

	RowSetText(pa->entry, ENTRY_STATE, state_names[to]);
	ChainLink(pa->chain, &pa->entry, 1);
	problem = PromiseProject(pa->promise, pa->entry);
	if (problem)
		elog(ERROR, "entry %s %s", event_names[pa->event], problem);
	if (pa->held && SourceProject(pa->held->source, pa->entry))
		pa->held->source_changed = true;
	after = PromiseContribution(pa->promise);
	ChainScoreRevise(pa->chain, &before, &after);
}

/* Writes what was tied; or leaves that to what it is written together with. */
void
PromiseWrite(PromiseAct *pa)
{
	if (pa->group)
	{
		PromiseAct *kept = palloc(sizeof(PromiseAct));

		*kept = *pa;
		ActGroupAdd(kept);
	}
	else
		PromisesAppend(&pa, 1);
}

/* Ties and writes. */
void
PromiseAppend(PromiseAct *pa, State to)
{
	PromiseTie(pa, to);
	PromiseWrite(pa);
}

Datum
PromiseActEnd(PromiseAct *pa, FunctionCallInfo fcinfo)
{
	Datum		receipt;

	if (pa->group)			/* it is not written yet, and nobody asks for its receipt */
		return (Datum) 0;
	receipt = ReceiptDatum(fcinfo, &pa->receipt, pa->session.caller);
	LedgerLeave(&pa->session);
	return receipt;
}
