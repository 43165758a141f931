/*
 * history.c
 *		history(): the entries of a promise in words.
 */
#include "postgres.h"

#include "catalog/pg_type_d.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/tuplestore.h"

#include "base/statement.h"
#include "governance/access.h"
#include "promise/entry_in_words.h"
#include "promise/promise_store.h"

PG_FUNCTION_INFO_V1(history);

static Statement read_entries = STATEMENT_OF_ROWS(
	entry_shape,
	"WHERE customer OPERATOR(pg_catalog.=) $1"
	"  AND promise OPERATOR(pg_catalog.=) $2"
	" ORDER BY seq",
	TEXTOID, UUIDOID);

static void
PutEntry(ReturnSetInfo *result, const Row *entry)
{
	static const int columns[] = {
		ENTRY_SEQ, ENTRY_RECORDED_AT, ENTRY_OCCURRED_AT, ENTRY_EVENT, ENTRY_ACTOR, -1, ENTRY_STATE,
		ENTRY_EVIDENCE, ENTRY_BACKFILLED, ENTRY_LOGIN, ENTRY_ROLE, ENTRY_CONTEXT, ENTRY_HASH
	};
	Datum		values[lengthof(columns)];
	bool		nulls[lengthof(columns)];

	for (size_t i = 0; i < lengthof(columns); i++)
	{
		values[i] = columns[i] < 0 ? EntryInWords(entry) : entry->values[columns[i]];
		nulls[i] = columns[i] >= 0 && RowIsNull(entry, columns[i]);
	}
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/* Returns false if there are none.  Memory use does not grow with their number. */
static bool
PutEntries(ReturnSetInfo *result, Datum *values)
{
	MemoryContext entry = AllocSetContextCreate(CurrentMemoryContext, "trust_ledger history",
												ALLOCSET_DEFAULT_SIZES);
	Portal		portal = StatementOpen(&read_entries, values, NULL, true);
	SPITupleTable *rows = NULL;
	bool		any = false;
	uint64		count;

	while ((count = StatementFetch(portal, &rows)) > 0)
	{
		MemoryContext previous = MemoryContextSwitchTo(entry);

		for (uint64 i = 0; i < count; i++)
		{
			PutEntry(result, RowFromTuple(&entry_shape, rows->vals[i], rows->tupdesc));
			MemoryContextReset(entry);
		}
		MemoryContextSwitchTo(previous);
		any = true;
	}
	SPI_cursor_close(portal);
	return any;
}

/*
 * history(promise uuid, customer text) returns setof (seq, recorded_at, occurred_at,
 *		   event, actor, description, state, evidence, backfilled, login, role, context, hash)
 *		Returns the promise's entries in the order of seq, each with a description in
 *		words.  Levels application and auditor.  Errors: TL004 level, P0002 no such
 *		promise.
 */
Datum
history(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	const Ledger *ledger = LedgerOpen();
	LedgerSession session;
	Datum		values[2];

	CheckAccess(ledger, GetUserId(), LEVELS_READING_WORDS, "read histories");
	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
		return (Datum) 0;
	LedgerEnter(ledger, &session);
	values[0] = PG_ARGISNULL(1) ?
		PointerGetDatum(PromiseCustomer(PG_GETARG_DATUM(0), true)) : PG_GETARG_DATUM(1);
	values[1] = PG_GETARG_DATUM(0);
	if (!PutEntries(result, values))
		PromiseNotFound(values[1], !PG_ARGISNULL(1));
	LedgerLeave(&session);
	return (Datum) 0;
}
