/*
 * table_format.c
 *		fill_promise_columns(): what tables of an earlier format lack, from the entries.
 */
#include "postgres.h"

#include "catalog/pg_type_d.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"

#include "base/duration.h"
#include "base/statement.h"
#include "ledger/chain.h"
#include "verify/check_chain.h"
#include "verify/digest.h"

PG_FUNCTION_INFO_V1(fill_promise_columns);

/* The columns of format 2, which are the last ones. */
#define FIRST_NEW_COLUMN PROMISE_EASED_AT
#define NEW_COLUMNS (PROMISE_COLUMNS - FIRST_NEW_COLUMN)

static Statement fill_promise = STATEMENT(
	"UPDATE trust.promise"
	" SET eased_at = $3, broken_at = $4, verdict_by = $5, reversed_at = $6, doubted_speaker = $7"
	" WHERE customer OPERATOR(pg_catalog.=) $1"
	"   AND promise OPERATOR(pg_catalog.=) $2",
	TEXTOID, UUIDOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TEXTOID, TIMESTAMPTZOID, TEXTOID);

static Statement fill_score = STATEMENT(
	"UPDATE trust.chain"
	" SET score = trust_ledger.trust_score($2, $3, $4, $5)"
	" WHERE customer OPERATOR(pg_catalog.=) $1",
	TEXTOID, FLOAT8OID, FLOAT8OID, TIMESTAMPTZOID, INTERVALOID);

static void
FillPromise(const Row *promise)
{
	Datum		values[2 + NEW_COLUMNS] = {
		promise->values[PROMISE_CUSTOMER], promise->values[PROMISE_PROMISE]
	};
	char		nulls[2 + NEW_COLUMNS] = {' ', ' '};
	bool		has_values = false;

	for (int i = 0; i < NEW_COLUMNS; i++)
	{
		values[2 + i] = promise->values[FIRST_NEW_COLUMN + i];
		nulls[2 + i] = promise->nulls[FIRST_NEW_COLUMN + i] ? 'n' : ' ';
		has_values |= !promise->nulls[FIRST_NEW_COLUMN + i];
	}
	/* the promise may be missing in an altered ledger; verify() reports that */
	if (has_values)
		(void) StatementWrite(&fill_promise, values, nulls);
}

static void
FillScore(const char *customer, const TrustScore *score)
{
	Datum		values[5] = {
		CStringGetTextDatum(customer), Float8GetDatum(score->kept), Float8GetDatum(score->broken),
		TimestampTzGetDatum(score->as_of),
		IntervalPGetDatum(MicrosecondsInterval(score->half_life))
	};

	if (!ScoreIsEmpty(score))
		(void) StatementWrite(&fill_score, values, NULL);
}

/* Reads on after the rows of the customer, none of which is used. */
static void
SkipRows(Reader *reader, int column, const char *customer)
{
	while (reader->row && RowTextIs(reader->row, column, customer))
		ReaderNext(reader);
}

static void
FillCustomer(ChainCheck *check)
{
	MemoryContext previous = MemoryContextSwitchTo(check->context);
	HASH_SEQ_STATUS all;
	ProjectedPromise *projected;

	hash_seq_init(&all, check->projection.promises);
	while ((projected = hash_seq_search(&all)) != NULL)
		FillPromise(projected->promise);
	MemoryContextSwitchTo(check->context);
	FillScore(check->customer, &check->projection.score);
	MemoryContextSwitchTo(check->context);	/* SPI has switched to its own */
	SkipRows(&check->chains, CHAIN_CUSTOMER, check->customer);
	SkipRows(&check->promises, PROMISE_CUSTOMER, check->customer);
	SkipRows(&check->sources, SOURCE_CUSTOMER, check->customer);
	MemoryContextSwitchTo(previous);
}

/*
 * fill_promise_columns() returns void
 *		Computes the columns of trust.promise that format 2 adds, and the scores of all
 *		customers, from the entries.  Other columns stay as they are, so that it hides no
 *		alteration.  Called by migrate_tables(), which locks the tables and drops the guards.
 *		Errors: 42501 the caller does not own the ledger.
 */
Datum
fill_promise_columns(PG_FUNCTION_ARGS pg_attribute_unused())
{
	const Ledger *ledger = LedgerOpen();
	ChainCheck	check = {.ledger = ledger->id, .half_life = ledger->half_life};
	LedgerSession session;

	LedgerCheckOwner(ledger);
	LedgerEnter(ledger, &session);
	PushActiveSnapshot(GetTransactionSnapshot());
	ChainCheckBegin(&check, &(Customers) {0});
	while (ChainCheckNext(&check))
		FillCustomer(&check);
	ChainCheckEnd(&check);
	PopActiveSnapshot();
	LedgerLeave(&session);
	PG_RETURN_VOID();
}
