/*
 * promise_store.c
 *		Reads promises, and writes acts with the promises that they change.
 */
#include "postgres.h"

#include "catalog/pg_type_d.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

#include "promise/promise_store.h"

#include "base/row_insert.h"
#include "base/statement.h"
#include "ledger/guard_expect.h"

static Statement find_customer = STATEMENT(
	"SELECT customer"
	" FROM trust.promise"
	" WHERE promise OPERATOR(pg_catalog.=) $1",
	UUIDOID);

static Statement read_promise = STATEMENT_OF_ROWS(
	promise_shape,
	"WHERE customer OPERATOR(pg_catalog.=) $1"
	"  AND promise OPERATOR(pg_catalog.=) $2",
	TEXTOID, UUIDOID);

static Inserter insert_promise = {.shape = &promise_shape};
static SPIPlanPtr update_promise = NULL;	/* transaction abort does not affect saved plans */

/* The first columns are the key, and never change. */
#define PROMISE_KEY_COLUMNS 2

/* ---- reading ---- */

void
PromiseNotFound(Datum promise, bool customer_given)
{
	ereport(ERROR,
			(errcode(ERRCODE_NO_DATA_FOUND),
			 errmsg("promise %s does not exist%s",
					DatumGetCString(DirectFunctionCall1(uuid_out, promise)),
					customer_given ? " for this customer" : ""),
			 customer_given ? errhint("Leave customer out to look for the promise in all chains.") :
			 errhint("View trust.current_promise lists all promises.")));
}

text *
PromiseCustomer(Datum promise, bool on_callers_snapshot)
{
	if ((on_callers_snapshot ? StatementRead : StatementWrite)
		(&find_customer, &promise, NULL) == 0)
		PromiseNotFound(promise, false);
	return DatumGetTextPP(ResultNotNull(0, 1, TEXTOID));
}

Row *
PromiseRead(const Chain *chain, Datum promise, bool customer_given)
{
	Datum		values[2] = {PointerGetDatum(chain->customer), promise};

	if (StatementWrite(&read_promise, values, NULL) == 0)
		PromiseNotFound(values[1], customer_given);
	return ResultRow(&promise_shape);
}

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
		appendStringInfoString(&sql,
							   " WHERE customer OPERATOR(pg_catalog.=) $1"
							   "   AND promise OPERATOR(pg_catalog.=) $2");
		KeepPlan(&update_promise, sql.data, PROMISE_COLUMNS, RowTypes(&promise_shape));
	}
	for (int i = 0; i < PROMISE_COLUMNS; i++)
		nulls[i] = promise->nulls[i] ? 'n' : ' ';
	CheckWritten(PlanWrite(update_promise, promise->values, nulls), 1, promise_shape.table);
}

void
PromiseStore(const Row *promise, bool is_new)
{
	if (is_new)
		RowsInsert(&insert_promise, LedgerRelation(promise_shape.table), &promise, 1);
	else
		UpdatePromise(promise);
}

/* Inserts the new promises. */
static void
StoreMade(const LinkedAct *acts, int count)
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
	GuardExpectEnd(expectation);
}

/* Whether StoreMade() has inserted its promise, as the last of the acts leaves it. */
static bool
IsNew(const LinkedAct *act)
{
	return act->makes || (act->held && !act->held->stored);
}

/* Updates the other promises, each as its last act leaves it. */
static void
StoreChanged(const LinkedAct *acts, int count)
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
		GuardExpectEnd(expectation);
	}
}

void
LinkedActsWrite(const LinkedAct *acts, int count)
{
	Row		  **entries = palloc(sizeof(Row *) * count);

	for (int i = 0; i < count; i++)
		entries[i] = acts[i].entry;
	ChainInsert(entries, count);
	for (int i = 0; i < count; i++)
		if (i + 1 == count || acts[i + 1].chain != acts[i].chain)
			ChainMoveHead(acts[i].chain);
	StoreMade(acts, count);
	StoreChanged(acts, count);
	for (int i = 0; i < count; i++)
		if (acts[i].receipt)
			*acts[i].receipt = ReceiptFromEntry(entries[i]);
}
