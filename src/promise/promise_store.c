/*
 * promise_store.c
 *		Reading promises, and writing acts with what they leave of their promises.
 */
#include "postgres.h"

#include "catalog/pg_type_d.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

#include "promise/promise_store.h"

#include "base/row_insert.h"
#include "base/statement.h"
#include "ledger/guard.h"

static Statement find_customer = STATEMENT(
	"SELECT customer FROM trust.promise WHERE promise OPERATOR(pg_catalog.=) $1", UUIDOID);

static Statement read_promise = STATEMENT_OF_ROWS(
	promise_shape, "WHERE customer OPERATOR(pg_catalog.=) $1 AND promise OPERATOR(pg_catalog.=) $2",
	TEXTOID, UUIDOID);

static Inserter insert_promise = {.shape = &promise_shape};
static SPIPlanPtr update_promise = NULL;	/* as a Statement's: nothing that happens to a transaction touches it */

/* Columns that never change after the first entry, and so stay out of the UPDATE */
#define PROMISE_KEY_COLUMNS 2

/* ---- reading ---- */

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

/* The customer whom the promise was made to; within a LedgerSession. */
text *
PromiseCustomer(Datum promise, bool on_callers_snapshot)
{
	if ((on_callers_snapshot ? StatementRead : StatementWrite) (&find_customer, &promise, NULL) == 0)
		NoPromise(promise, false);
	return DatumGetTextPP(ResultNeeded(0, 1, TEXTOID));
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

/* ---- writing ---- */

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
		KeepPlan(&update_promise, sql.data, PROMISE_COLUMNS, RowTypes(&promise_shape));
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
		RowsInsert(&insert_promise, LedgerRelation(promise_shape.table), &promise, 1);
	else
		UpdatePromise(promise);
}

/* The promises that are made, in one write. */
static void
StoreMade(const TiedAct *acts, int count)
{
	const Row **promises = palloc(sizeof(Row *) * count);
	GuardedRow *guarded = palloc0(sizeof(GuardedRow) * count);
	int			made = 0;
	Expectation *expectation;

	for (int i = 0; i < count; i++)
	{
		if (!acts[i].makes)
			continue;
		promises[made] = acts[i].promise;
		guarded[made++].seq = RowInt64(acts[i].promise, PROMISE_LAST_SEQ);
	}
	if (made == 0)
		return;
	expectation = GuardExpect(GUARDED_PROMISE, guarded, made);
	RowsInsert(&insert_promise, LedgerRelation(promise_shape.table), promises, made);
	GuardDone(expectation);
}

/* Whether its promise was made among the same acts: then it went in as its last act left it. */
static bool
IsNew(const TiedAct *act)
{
	return act->makes || (act->held && !act->held->stored);
}

/* The promises that were there, each as its last act leaves it. */
static void
StoreChanged(const TiedAct *acts, int count)
{
	for (int i = 0; i < count; i++)
	{
		int64		seq = RowInt64(acts[i].promise, PROMISE_LAST_SEQ);
		Expectation *expectation;

		if (IsNew(&acts[i]) || seq != RowInt64(acts[i].entry, ENTRY_SEQ))
			continue;
		CHECK_FOR_INTERRUPTS();
		expectation = GuardExpectOne(GUARDED_PROMISE, seq, NULL);
		PromiseStore(acts[i].promise, false);
		GuardDone(expectation);
	}
}

/*
 * Writes acts that were tied, in their order; those of one chain stand together.
 * Several may be upon one promise, if they share its row.
 */
void
TiedActsWrite(const TiedAct *acts, int count)
{
	Row		  **entries = palloc(sizeof(Row *) * count);

	for (int i = 0; i < count; i++)
		entries[i] = acts[i].entry;
	ChainInsert(entries, count);
	for (int i = 0; i < count; i++)
		if (i + 1 == count || acts[i + 1].chain != acts[i].chain)
			ChainMove(acts[i].chain);
	StoreMade(acts, count);
	StoreChanged(acts, count);
	for (int i = 0; i < count; i++)
		if (acts[i].receipt)
			*acts[i].receipt = ReceiptOf(entries[i]);
}
