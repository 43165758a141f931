/*
 * promise_act.c
 *		One act upon one promise, from the arguments to the receipt.
 */
#include "postgres.h"

#include "promise_act.h"

#include "catalog/pg_type_d.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"

#include "arguments.h"
#include "chain_score.h"
#include "guard.h"

static Statement find_customer = STATEMENT(
	"SELECT customer FROM trust.promise WHERE promise OPERATOR(pg_catalog.=) $1", UUIDOID);

static Inserter insert_promise = {.shape = &promise_shape};
static Statement read_promise = STATEMENT_OF_ROWS(
	promise_shape, "WHERE customer OPERATOR(pg_catalog.=) $1 AND promise OPERATOR(pg_catalog.=) $2",
	TEXTOID, UUIDOID);
static SPIPlanPtr update_promise = NULL;

/* Columns that never change after the first entry, and so stay out of the UPDATE */
#define PROMISE_KEY_COLUMNS 2

void
NoPromise(Datum promise)
{
	ereport(ERROR,
			(errcode(ERRCODE_NO_DATA_FOUND),
			 errmsg("there is no promise %s",
					DatumGetCString(DirectFunctionCall1(uuid_out, promise))),
			 errhint("Leave customer out to have the promise found by itself.")));
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
		NoPromise(promise);
	return DatumGetTextPP(ResultNeeded(0, 1, TEXTOID));
}

/* As given, or found. */
static text *
CustomerOf(FunctionCallInfo fcinfo)
{
	char	   *customer = ArgKey(fcinfo, CUSTOMER_ARGUMENT, "customer");

	return customer ? cstring_to_text(customer) : PromiseCustomer(PG_GETARG_DATUM(PROMISE_ARGUMENT), false);
}

/* The promise as it is, under the chain's lock. */
void
PromiseLoad(PromiseAct *pa, Datum promise)
{
	Datum		values[2] = {PointerGetDatum(pa->chain->customer), promise};

	if (StatementWrite(&read_promise, values, NULL) == 0)
		NoPromise(values[1]);
	pa->promise = RowFromTuple(&promise_shape, SPI_tuptable->vals[0], SPI_tuptable->tupdesc);
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
	PromiseLoad(pa, promise);
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
	RowTake(pa->entry, ENTRY_PROMISE, pa->promise, PROMISE_PROMISE);
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
static Datum
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
	if (IsRetry(pa))
		return false;
	pa->event = EVENT_MADE;
	pa->promise = RowNew(&promise_shape);
	pa->entry = ActEntry(&pa->act, pa->chain, event_names[EVENT_MADE]);
	RowSet(pa->entry, ENTRY_PROMISE, NewPromiseId(pa->chain->now));
	return true;
}

/* The reason given, if one is. */
void
PromiseSetReason(PromiseAct *pa, FunctionCallInfo fcinfo, int argument)
{
	text	   *reason = ArgWords(fcinfo, argument, "reason");

	if (reason)
		RowSet(pa->entry, ENTRY_NOTE, PointerGetDatum(reason));
}

/* UPDATE of all that can change, by key. */
static void
UpdatePromise(const Row *promise)
{
	char		nulls[PROMISE_COLUMNS];

	if (update_promise == NULL)
	{
		StringInfoData sql;

		initStringInfo(&sql);
		appendStringInfoString(&sql, "UPDATE trust.promise SET ");
		for (int i = PROMISE_KEY_COLUMNS; i < PROMISE_COLUMNS; i++)
			appendStringInfo(&sql, "%s%s = $%d", i > PROMISE_KEY_COLUMNS ? ", " : "",
							 quote_identifier(promise_shape.columns[i].name), i + 1);
		appendStringInfoString(&sql, " WHERE customer OPERATOR(pg_catalog.=) $1 AND promise OPERATOR(pg_catalog.=) $2");
		update_promise = KeptPlan(sql.data, PROMISE_COLUMNS, RowTypes(&promise_shape));
	}
	for (int i = 0; i < PROMISE_COLUMNS; i++)
		nulls[i] = promise->nulls[i] ? 'n' : ' ';
	CheckWritten(PlanWrite(update_promise, promise->values, nulls), 1, promise_shape.table);
}

/* Writes what the entries add up to; the guard must know of it. */
void
PromiseStore(const Row *promise, bool is_new)
{
	if (is_new)
		RowsInsert(&insert_promise, LedgerRelation("promise"), &promise, 1);
	else
		UpdatePromise(promise);
}

/* Ties the entry to its chain; the promise is then what it says, in that state. */
void
PromiseTie(PromiseAct *pa, State to)
{
	Contribution before = PromiseContribution(pa->promise);
	Contribution after;
	const char *problem;

	RowSetText(pa->entry, ENTRY_STATE, state_names[to]);
	ChainTie(pa->chain, &pa->entry, 1);
	problem = PromiseProject(pa->promise, pa->entry);
	if (problem)
		elog(ERROR, "entry %s %s", event_names[pa->event], problem);
	after = PromiseContribution(pa->promise);
	ChainScoreRevise(pa->chain, &before, &after);
}

/* The promises that are made, in one write. */
static void
StoreMade(PromiseAct *const *acts, int count)
{
	const Row **promises = palloc(sizeof(Row *) * count);
	GuardedRow *guarded = palloc0(sizeof(GuardedRow) * count);
	int			made = 0;

	for (int i = 0; i < count; i++)
	{
		if (acts[i]->event != EVENT_MADE)
			continue;
		promises[made] = acts[i]->promise;
		guarded[made++].seq = RowInt64(acts[i]->promise, PROMISE_LAST_SEQ);
	}
	if (made == 0)
		return;
	GuardExpect(GUARDED_PROMISE, guarded, made);
	RowsInsert(&insert_promise, LedgerRelation("promise"), promises, made);
}

/* The promises that were there, each as its last act leaves it. */
static void
StoreChanged(PromiseAct *const *acts, int count)
{
	for (int i = 0; i < count; i++)
	{
		const Row  *promise = acts[i]->promise;
		int64		seq = RowInt64(promise, PROMISE_LAST_SEQ);

		if (acts[i]->event == EVENT_MADE || seq != RowInt64(acts[i]->entry, ENTRY_SEQ))
			continue;
		CHECK_FOR_INTERRUPTS();
		GuardExpectOne(GUARDED_PROMISE, seq, NULL);
		PromiseStore(promise, false);
	}
}

/*
 * Writes acts that were tied to one chain, in their order.  Several may be upon
 * one promise, if they share its row; none upon one that is made here.
 */
void
PromisesAppend(Chain *chain, PromiseAct *const *acts, int count)
{
	Row		  **entries = palloc(sizeof(Row *) * count);

	for (int i = 0; i < count; i++)
		entries[i] = acts[i]->entry;
	ChainAppend(chain, entries, count);
	StoreMade(acts, count);
	StoreChanged(acts, count);
	for (int i = 0; i < count; i++)
		acts[i]->receipt = ReceiptOf(entries[i]);
}

/* Appends the entry, and stores the promise. */
void
PromiseAppend(PromiseAct *pa, State to)
{
	PromiseTie(pa, to);
	PromisesAppend(pa->chain, &pa, 1);
}

Datum
PromiseActEnd(PromiseAct *pa, FunctionCallInfo fcinfo)
{
	Datum		receipt = ReceiptDatum(fcinfo, &pa->receipt, pa->session.caller);

	LedgerLeave(&pa->session);
	return receipt;
}
