/*
 * promise_store.c
 *		Writing acts and what they leave of their promises.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/builtins.h"

#include "base/row_insert.h"
#include "base/statement.h"
#include "ledger/guard_expect.h"
#include "promise/promise_act.h"

static Inserter insert_promise = {.shape = &promise_shape};
static SPIPlanPtr update_promise = NULL;	/* as a Statement's: nothing that happens to a transaction touches it */

/* Columns that never change after the first entry, and so stay out of the UPDATE */
#define PROMISE_KEY_COLUMNS 2

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
StoreMade(PromiseAct *const *acts, int count)
{
	const Row **promises = palloc(sizeof(Row *) * count);
	GuardedRow *guarded = palloc0(sizeof(GuardedRow) * count);
	int			made = 0;
	Expectation *expectation;

	for (int i = 0; i < count; i++)
	{
		if (acts[i]->event != EVENT_MADE)
			continue;
		promises[made] = acts[i]->promise;
		guarded[made++].seq = RowInt64(acts[i]->promise, PROMISE_LAST_SEQ);
	}
	if (made == 0)
		return;
	expectation = GuardExpect(GUARDED_PROMISE, guarded, made);
	RowsInsert(&insert_promise, LedgerRelation(promise_shape.table), promises, made);
	GuardExpectEnd(expectation);
}

/* Whether its promise was made among the same acts: then it went in as its last act left it. */
static bool
IsNew(const PromiseAct *pa)
{
	return pa->event == EVENT_MADE || (pa->held && !pa->held->stored);
}

/* The promises that were there, each as its last act leaves it. */
static void
StoreChanged(PromiseAct *const *acts, int count)
{
	for (int i = 0; i < count; i++)
	{
		const Row  *promise = acts[i]->promise;
		int64		seq = RowInt64(promise, PROMISE_LAST_SEQ);
		Expectation *expectation;

		if (IsNew(acts[i]) || seq != RowInt64(acts[i]->entry, ENTRY_SEQ))
			continue;
		CHECK_FOR_INTERRUPTS();
		expectation = GuardExpectOne(GUARDED_PROMISE, seq, NULL);
		PromiseStore(promise, false);
		GuardExpectEnd(expectation);
	}
}

/*
 * Writes acts that were tied, in their order; those of one chain stand together.
 * Several may be upon one promise, if they share its row.
 */
void
PromisesAppend(PromiseAct *const *acts, int count)
{
	Row		  **entries = palloc(sizeof(Row *) * count);

	for (int i = 0; i < count; i++)
		entries[i] = acts[i]->entry;
	ChainInsert(entries, count);
	for (int i = 0; i < count; i++)
		if (i + 1 == count || acts[i + 1]->chain != acts[i]->chain)
			ChainMoveHead(acts[i]->chain);
	StoreMade(acts, count);
	StoreChanged(acts, count);
	for (int i = 0; i < count; i++)
		acts[i]->receipt = ReceiptFromEntry(entries[i]);
}
