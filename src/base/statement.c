/*
 * statement.c
 *		Statements that are planned once per process, and their results.
 */
#include "postgres.h"

#include "base/statement.h"

#include "access/htup_details.h"
#include "catalog/pg_type_d.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

/* ---- plans ---- */

static void
FreePlan(void *plan)
{
	SPI_freeplan(plan);
}

/*
 * A call further up may be running the plan, in the middle of which somebody's
 * trigger called us again.  It is freed when the transaction ends: then nothing of
 * ours is running, for what we execute can end no transaction.
 */
static void
RetirePlan(SPIPlanPtr *place)
{
	MemoryContextCallback *retirement;

	if (*place == NULL)
		return;
	retirement = MemoryContextAlloc(TopTransactionContext, sizeof(MemoryContextCallback));
	retirement->func = FreePlan;
	retirement->arg = *place;
	MemoryContextRegisterResetCallback(TopTransactionContext, retirement);
	*place = NULL;
}

/* Puts a plan there that is kept, and serves all values alike, in place of what stands there by then. */
void
KeepPlan(SPIPlanPtr *place, const char *sql, int nargs, Oid *types)
{
	SPIPlanPtr	plan = SPI_prepare_cursor(sql, nargs, types, CURSOR_OPT_GENERIC_PLAN);

	RetirePlan(place);
	if (plan == NULL || SPI_keepplan(plan) != 0)
		elog(ERROR, "could not keep a plan: %s", SPI_result_code_string(SPI_result));
	*place = plan;
}

static uint64
Execute(SPIPlanPtr plan, Datum *values, const char *nulls, bool read_only)
{
	int			result = SPI_execute_plan(plan, values, nulls, read_only, 0);

	if (result < 0)
		elog(ERROR, "SPI_execute_plan failed: %s", SPI_result_code_string(result));
	return SPI_processed;
}

/* Runs with a new snapshot: what others committed before this statement is seen. */
uint64
PlanWrite(SPIPlanPtr plan, Datum *values, const char *nulls)
{
	return Execute(plan, values, nulls, false);
}

static SPIPlanPtr
StatementPlan(Statement *statement)
{
	if (statement->plan == NULL)
	{
		const char *sql = statement->sql;

		if (statement->shape)
			sql = psprintf("SELECT %s FROM trust.%s %s", RowColumnList(statement->shape), statement->shape->table, sql);
		KeepPlan(&statement->plan, sql, statement->nargs, statement->types);
	}
	return statement->plan;
}

/* The next time it is planned anew. */
void
StatementForget(Statement *statement)
{
	RetirePlan(&statement->plan);
}

uint64
StatementWrite(Statement *statement, Datum *values, const char *nulls)
{
	return PlanWrite(StatementPlan(statement), values, nulls);
}

/* Runs on the caller's snapshot. */
uint64
StatementRead(Statement *statement, Datum *values, const char *nulls)
{
	return Execute(StatementPlan(statement), values, nulls, true);
}

/* A cursor, for what may be more rows than memory holds.  It sees nothing that is done after it was opened. */
Portal
StatementOpen(Statement *statement, Datum *values, const char *nulls, bool read_only)
{
	Portal		portal = SPI_cursor_open(NULL, StatementPlan(statement), values, nulls, read_only);

	if (portal == NULL)
		elog(ERROR, "SPI_cursor_open failed: %s", SPI_result_code_string(SPI_result));
	return portal;
}

#define ROWS_AT_ONCE 1000

/* The next of its rows, in place of those before; 0 at the end. */
uint64
StatementFetch(Portal portal, SPITupleTable **rows)
{
	CHECK_FOR_INTERRUPTS();
	if (*rows)
		SPI_freetuptable(*rows);
	SPI_cursor_fetch(portal, true, ROWS_AT_ONCE);
	*rows = SPI_tuptable;
	return SPI_processed;
}

/*
 * Reads what is committed now and what this transaction did, whatever snapshot
 * the transaction keeps: for caches, which outlive the transaction.  A catalog
 * snapshot may be taken in parallel mode too.
 */
uint64
StatementReadLatest(Statement *statement, Datum *values, const char *nulls, Oid relid)
{
	uint64		rows;

	PushActiveSnapshot(GetCatalogSnapshot(relid));
	rows = Execute(StatementPlan(statement), values, nulls, true);
	PopActiveSnapshot();
	return rows;
}

/* ---- results ---- */

/* The first row of what was read last, which is freed: each result takes at least a block of 8 kB. */
Row *
ResultRow(const RowShape *shape)
{
	Row		   *row = RowFromTuple(shape, heap_copytuple(SPI_tuptable->vals[0]), SPI_tuptable->tupdesc);

	SPI_freetuptable(SPI_tuptable);
	return row;
}

Datum
ResultValue(uint64 row, int column, Oid type, bool *isnull)
{
	TupleDesc	tupdesc = SPI_tuptable->tupdesc;

	Assert(row < SPI_processed);
	if (SPI_gettypeid(tupdesc, column) != type)
		WrongType(SPI_fname(tupdesc, column));
	return SPI_getbinval(SPI_tuptable->vals[row], tupdesc, column, isnull);
}

/* The same, of a column that is never NULL. */
Datum
ResultNeeded(uint64 row, int column, Oid type)
{
	bool		isnull;
	Datum		value = ResultValue(row, column, type, &isnull);

	if (isnull)
		ereport(ERROR,
				(errcode(ERRCODE_TL_ALTERED),
				 errmsg("column \"%s\" of a ledger's table is NULL", SPI_fname(SPI_tuptable->tupdesc, column)),
				 errhint("Run SELECT * FROM trust_ledger.verify();")));
	return value;
}

char *
ResultText(uint64 row, int column)
{
	bool		isnull;
	Datum		value = ResultValue(row, column, TEXTOID, &isnull);

	return isnull ? NULL : TextDatumGetCString(value);
}

char *
ResultNeededText(uint64 row, int column)
{
	return TextDatumGetCString(ResultNeeded(row, column, TEXTOID));
}
