/*
 * statement.c
 *		Runs SQL statements through SPI with saved plans, and reads their results.
 */
#include "postgres.h"

#include "base/statement.h"

#include "access/htup_details.h"
#include "catalog/pg_type_d.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/plancache.h"
#include "utils/snapmgr.h"

/* ---- plans ---- */

static void
FreePlan(void *plan)
{
	SPI_freeplan(plan);
}

/*
 * An outer call may be executing this plan: a user's trigger can call us again in
 * the middle of a statement.  So the plan is freed when the transaction ends, which
 * no statement of ours can cause.
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

void
KeepPlan(SPIPlanPtr *place, const char *sql, int nargs, Oid *types)
{
	SPIPlanPtr	plan = SPI_prepare_cursor(sql, nargs, types, CURSOR_OPT_GENERIC_PLAN);

	RetirePlan(place);			/* a nested call may have stored one meanwhile */
	if (plan == NULL || SPI_keepplan(plan) != 0)
		elog(ERROR, "could not keep a plan: %s", SPI_result_code_string(SPI_result));
	*place = plan;
}

/* False if the next execution plans the statement. */
static bool
IsPlanned(SPIPlanPtr plan)
{
	ListCell   *cell;

	foreach(cell, SPI_plan_get_plan_sources(plan))
	{
		const		CachedPlanSource *source = lfirst(cell);

		if (!source->is_valid || source->gplan == NULL || !source->gplan->is_valid)
			return false;
	}
	return true;
}

/*
 * Tables of the ledger grow while a plan is in use, and statistics can date from when they
 * were empty.  So plans never read whole tables that have a fitting index.  Without
 * sequential scans a small table looks expensive, which must not make PostgreSQL compile
 * the plan.
 */
static void
PlanForGrowth(SPIPlanPtr plan)
{
	int			level;
	CachedPlan *planned;

	if (IsPlanned(plan))
		return;
	level = NewGUCNestLevel();
	(void) set_config_option("enable_seqscan", "off", PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
	(void) set_config_option("jit", "off", PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
	planned = SPI_plan_get_cached_plan(plan);
	if (planned != NULL)
		ReleaseCachedPlan(planned, CurrentResourceOwner);
	AtEOXact_GUC(true, level);
}

static uint64
Execute(SPIPlanPtr plan, Datum *values, const char *nulls, bool read_only)
{
	int			result;

	PlanForGrowth(plan);
	result = SPI_execute_plan(plan, values, nulls, read_only, 0);
	if (result < 0)
		elog(ERROR, "SPI_execute_plan failed: %s", SPI_result_code_string(result));
	return SPI_processed;
}

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
			sql = psprintf("SELECT %s FROM trust.%s %s",
						   RowColumnList(statement->shape), statement->shape->table, sql);
		KeepPlan(&statement->plan, sql, statement->nargs, statement->types);
	}
	return statement->plan;
}

uint64
StatementWrite(Statement *statement, Datum *values, const char *nulls)
{
	return PlanWrite(StatementPlan(statement), values, nulls);
}

uint64
StatementRead(Statement *statement, Datum *values, const char *nulls)
{
	return Execute(StatementPlan(statement), values, nulls, true);
}

Portal
StatementOpen(Statement *statement, Datum *values, const char *nulls, bool read_only)
{
	SPIPlanPtr	plan = StatementPlan(statement);
	Portal		portal;

	PlanForGrowth(plan);
	portal = SPI_cursor_open(NULL, plan, values, nulls, read_only);
	if (portal == NULL)
		elog(ERROR, "SPI_cursor_open failed: %s", SPI_result_code_string(SPI_result));
	return portal;
}

#define ROWS_AT_ONCE 1000

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

Row *
ResultRow(const RowShape *shape)
{
	Row		   *row = RowFromTuple(shape, heap_copytuple(SPI_tuptable->vals[0]),
								   SPI_tuptable->tupdesc);

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

Datum
ResultNotNull(uint64 row, int column, Oid type)
{
	bool		isnull;
	Datum		value = ResultValue(row, column, type, &isnull);

	if (isnull)
		ereport(ERROR,
				(errcode(ERRCODE_TL_ALTERED),
				 errmsg("unexpected null in column \"%s\" of a ledger table",
						SPI_fname(SPI_tuptable->tupdesc, column)),
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
ResultTextNotNull(uint64 row, int column)
{
	return TextDatumGetCString(ResultNotNull(row, column, TEXTOID));
}
