/*
 * row.c
 *		Rows of the ledger's tables, and saved statements.
 */
#include "postgres.h"

#include "row.h"

#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"

Row *
RowNew(const RowShape *shape)
{
	Row		   *row = palloc(sizeof(Row));

	row->shape = shape;
	row->values = palloc0(sizeof(Datum) * shape->natts);
	row->nulls = palloc(sizeof(bool) * shape->natts);
	memset(row->nulls, true, sizeof(bool) * shape->natts);
	return row;
}

/* The row's values in the order of its shape, found in the tuple by name; they point into the tuple. */
Row *
RowFromTuple(const RowShape *shape, HeapTuple tuple, TupleDesc tupdesc)
{
	Row		   *row = RowNew(shape);

	/* Our own SELECT lists are in the shape's order: one comparison finds each. */
	for (int i = 0; i < shape->natts; i++)
	{
		int			attnum = i + 1;

		if (attnum > tupdesc->natts ||
			strcmp(NameStr(TupleDescAttr(tupdesc, i)->attname), shape->columns[i].name) != 0)
			attnum = SPI_fnumber(tupdesc, shape->columns[i].name);
		if (attnum <= 0)
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_COLUMN),
					 errmsg("column \"%s\" of table \"trust.%s\" is missing", shape->columns[i].name, shape->table),
					 errhint("Run SELECT trust_ledger.migrate_ledger();")));
		row->values[i] = SPI_getbinval(tuple, tupdesc, attnum, &row->nulls[i]);
	}
	return row;
}

/* A copy that shares the values. */
Row *
RowCopy(const Row *row)
{
	Row		   *copy = RowNew(row->shape);

	memcpy(copy->values, row->values, sizeof(Datum) * row->shape->natts);
	memcpy(copy->nulls, row->nulls, sizeof(bool) * row->shape->natts);
	return copy;
}

void
RowSetText(Row *row, int column, const char *value)
{
	if (value == NULL)
		RowClear(row, column);
	else
		RowSet(row, column, CStringGetTextDatum(value));
}

void
RowTake(Row *row, int column, const Row *from, int from_column)
{
	row->values[column] = from->values[from_column];
	row->nulls[column] = from->nulls[from_column];
}

char *
RowText(const Row *row, int column)
{
	return row->nulls[column] ? NULL : TextDatumGetCString(row->values[column]);
}

bool
RowTextIs(const Row *row, int column, const char *value)
{
	text	   *stored;
	bool		same;

	if (row->nulls[column])
		return false;
	stored = DatumGetTextPP(row->values[column]);
	same = VARSIZE_ANY_EXHDR(stored) == strlen(value) &&
		memcmp(VARDATA_ANY(stored), value, VARSIZE_ANY_EXHDR(stored)) == 0;
	return same;
}

/* The same value, to the bit: 1.50 is not 1.5, for the hash tells them apart. */
bool
RowValueEqual(const Row *a, int a_column, const Row *b, int b_column)
{
	Oid			type = a->shape->columns[a_column].type;
	int16		typlen;
	bool		typbyval;

	Assert(type == b->shape->columns[b_column].type);
	if (a->nulls[a_column] || b->nulls[b_column])
		return a->nulls[a_column] == b->nulls[b_column];
	get_typlenbyval(type, &typlen, &typbyval);
	return datum_image_eq(a->values[a_column], b->values[b_column], typbyval, typlen);
}

char *
RowColumnList(const RowShape *shape)
{
	StringInfoData list;

	initStringInfo(&list);
	for (int i = 0; i < shape->natts; i++)
		appendStringInfo(&list, "%s%s", i ? ", " : "", quote_identifier(shape->columns[i].name));
	return list.data;
}

Oid *
RowTypes(const RowShape *shape)
{
	Oid		   *types = palloc(sizeof(Oid) * shape->natts);

	for (int i = 0; i < shape->natts; i++)
		types[i] = shape->columns[i].type;
	return types;
}

/* A plan that is kept, and serves all values alike. */
SPIPlanPtr
KeptPlan(const char *sql, int nargs, Oid *types)
{
	SPIPlanPtr	plan = SPI_prepare_cursor(sql, nargs, types, CURSOR_OPT_GENERIC_PLAN);

	if (plan == NULL || SPI_keepplan(plan) != 0)
		elog(ERROR, "could not keep a plan: %s", SPI_result_code_string(SPI_result));
	return plan;
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
		statement->plan = KeptPlan(sql, statement->nargs, statement->types);
	}
	return statement->plan;
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

void
RowInsert(SPIPlanPtr *plan, const Row *row)
{
	char		nulls[128];

	Assert(row->shape->natts < lengthof(nulls));
	if (*plan == NULL)
	{
		StringInfoData sql;

		initStringInfo(&sql);
		appendStringInfo(&sql, "INSERT INTO trust.%s (%s) VALUES (", row->shape->table, RowColumnList(row->shape));
		for (int i = 0; i < row->shape->natts; i++)
			appendStringInfo(&sql, "%s$%d", i ? ", " : "", i + 1);
		appendStringInfoChar(&sql, ')');
		*plan = KeptPlan(sql.data, row->shape->natts, RowTypes(row->shape));
	}
	for (int i = 0; i < row->shape->natts; i++)
		nulls[i] = row->nulls[i] ? 'n' : ' ';
	PlanWrite(*plan, row->values, nulls);
}
