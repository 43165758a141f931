/*
 * row.c
 *		Rows of the ledger's tables, and saved statements.
 */
#include "postgres.h"

#include "base/row.h"

#include "access/htup_details.h"
#include "catalog/pg_type_d.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/tuplestore.h"
#include "utils/typcache.h"

#include "base/large_value.h"
#include "score/score.h"

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

pg_noreturn static void MissingColumn(const RowShape *shape, const char *name);

static void
MissingColumn(const RowShape *shape, const char *name)
{
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_COLUMN),
			 errmsg("column \"%s\" of table \"trust.%s\" is not there", name, shape->table),
			 errhint("Run SELECT trust_ledger.migrate_ledger();")));
}

void
WrongType(const char *name)
{
	ereport(ERROR,
			(errcode(ERRCODE_TL_ALTERED),
			 errmsg("column \"%s\" of a ledger's table has another type than it was made with", name),
			 errhint("Give the tables back their types: doc/format.md names them.")));
}

void
RowWithoutKey(const char *table)
{
	ereport(ERROR,
			(errcode(ERRCODE_TL_ALTERED),
			 errmsg("a row of table \"trust.%s\" has no key", table),
			 errdetail("Its column was made with NOT NULL."),
			 errhint("Remove the row, and give the table back its constraints.")));
}

/*
 * Where the shape's columns stand in tuples of that kind, found by name.  Our own
 * SELECT lists are in the table's order or in the shape's.
 */
void
RowMap(const RowShape *shape, TupleDesc tupdesc, int *attnums)
{
	Assert(shape->natts <= ROW_MAX_COLUMNS);
	for (int i = 0; i < shape->natts; i++)
	{
		const char *name = shape->columns[i].name;
		Oid			type = shape->columns[i].type;
		int			attnum = i + 1;

		if (attnum > tupdesc->natts || strcmp(NameStr(TupleDescAttr(tupdesc, i)->attname), name) != 0)
			attnum = SPI_fnumber(tupdesc, name);
		if (attnum <= 0)
			MissingColumn(shape, name);
		if (type == COLUMN_OF_SCORES)
			type = ScoreTypeId();
		if (TupleDescAttr(tupdesc, attnum - 1)->atttypid != type)
			WrongType(name);
		attnums[i] = attnum;
	}
}

/* The tuple's values into the row; they point into the tuple. */
void
RowTakeTuple(Row *row, HeapTuple tuple, TupleDesc tupdesc, const int *attnums)
{
	Datum		values[MaxTupleAttributeNumber];
	bool		nulls[MaxTupleAttributeNumber];

	heap_deform_tuple(tuple, tupdesc, values, nulls);
	for (int i = 0; i < row->shape->natts; i++)
	{
		row->values[i] = values[attnums[i] - 1];
		row->nulls[i] = nulls[attnums[i] - 1];
	}
}

Row *
RowFromTuple(const RowShape *shape, HeapTuple tuple, TupleDesc tupdesc)
{
	Row		   *row = RowNew(shape);
	int			attnums[ROW_MAX_COLUMNS];

	RowMap(shape, tupdesc, attnums);
	RowTakeTuple(row, tuple, tupdesc, attnums);
	return row;
}

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

/* get_typlenbyval() of the types that the ledger's columns have: it looks them up, and of these there are millions. */
void
ColumnStorage(Oid type, int16 *typlen, bool *typbyval)
{
	switch (type)
	{
		case TEXTOID:
		case BYTEAOID:
		case JSONBOID:
		case NUMERICOID:
			*typlen = -1;
			*typbyval = false;
			break;
		case TIMESTAMPTZOID:
		case INT8OID:
			*typlen = sizeof(int64);
			*typbyval = FLOAT8PASSBYVAL;
			break;
		case BOOLOID:
			*typlen = sizeof(bool);
			*typbyval = true;
			break;
		case INT4OID:
			*typlen = sizeof(int32);
			*typbyval = true;
			break;
		case UUIDOID:
			*typlen = UUID_LEN;
			*typbyval = false;
			break;
		default:
			get_typlenbyval(type, typlen, typbyval);
	}
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
	ColumnStorage(type, &typlen, &typbyval);
	if (typlen == -1)
		return LargeEqual(a->values[a_column], b->values[b_column]);
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

/* The same in the order in which the table has them: the executor takes such rows as they are stored. */
char *
RowColumnsAsStored(const RowShape *shape, TupleDesc tupdesc)
{
	int			attnums[ROW_MAX_COLUMNS];
	StringInfoData list;

	RowMap(shape, tupdesc, attnums);
	initStringInfo(&list);
	for (int attnum = 1; attnum <= tupdesc->natts; attnum++)
		for (int i = 0; i < shape->natts; i++)
			if (attnums[i] == attnum)
				appendStringInfo(&list, "%s%s", list.len ? ", " : "", quote_identifier(shape->columns[i].name));
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

/* The row as the table has its columns. */
static void
PutRow(const Inserter *inserter, Tuplestorestate *store, const Row *row, TupleDesc tupdesc)
{
	Datum		values[MaxHeapAttributeNumber];
	bool		nulls[MaxHeapAttributeNumber];

	memset(nulls, true, sizeof(bool) * tupdesc->natts);
	for (int i = 0; i < row->shape->natts; i++)
	{
		values[inserter->attnums[i] - 1] = row->values[i];
		nulls[inserter->attnums[i] - 1] = row->nulls[i];
	}
	tuplestore_putvalues(store, tupdesc, values, nulls);
}

#define NEW_ROWS "new_rows"

/* Made anew where the shape's columns stand elsewhere than before: of all other changes PostgreSQL itself takes care. */
static SPIPlanPtr
PlanInsert(Inserter *inserter, TupleDesc tupdesc, uint64 identifier)
{
	int			attnums[ROW_MAX_COLUMNS] = {0};

	if (inserter->identifier == identifier)
		return inserter->plan;
	RowMap(inserter->shape, tupdesc, attnums);
	if (inserter->plan == NULL || memcmp(attnums, inserter->attnums, sizeof(attnums)) != 0)
	{
		char	   *columns = RowColumnsAsStored(inserter->shape, tupdesc);

		KeepPlan(&inserter->plan, psprintf("INSERT INTO trust.%s (%s) SELECT %s FROM " NEW_ROWS,
										   inserter->shape->table, columns, columns), 0, NULL);
		memcpy(inserter->attnums, attnums, sizeof(attnums));
	}
	inserter->identifier = identifier;
	return inserter->plan;
}

/* A trigger that somebody planted may swallow a row: then nothing is written at all. */
void
CheckWritten(uint64 written, uint64 wanted, const char *table)
{
	if (written != wanted)
		ereport(ERROR,
				(errcode(ERRCODE_TL_ALTERED),
				 errmsg("table \"trust.%s\" did not take what was written to it", table),
				 errhint("Run SELECT * FROM trust_ledger.verify();")));
}

/*
 * Writes rows in their order, by one statement.  Their name is known in a level of
 * SPI of its own, which an error takes with it; a nested call has another.
 */
void
RowsInsert(Inserter *inserter, Oid relid, const Row *const *rows, int count)
{
	EphemeralNamedRelationData named = {
		.md = {.name = NEW_ROWS, .reliddesc = relid, .enrtype = ENR_NAMED_TUPLESTORE, .enrtuples = count}
	};
	Oid			row_type;
	TupleDesc	tupdesc;
	SPIPlanPtr	plan;
	uint64		written;

	LockRelationOid(relid, RowExclusiveLock);	/* its columns stay what they are */
	row_type = get_rel_type_id(relid);
	tupdesc = lookup_rowtype_tupdesc(row_type, -1);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	named.reldata = tuplestore_begin_heap(false, false, work_mem);
	if (SPI_register_relation(&named) != SPI_OK_REL_REGISTER)
		elog(ERROR, "SPI_register_relation failed");
	plan = PlanInsert(inserter, tupdesc, assign_record_type_identifier(row_type, -1));
	for (int i = 0; i < count; i++)
		PutRow(inserter, named.reldata, rows[i], tupdesc);
	written = PlanWrite(plan, NULL, NULL);
	tuplestore_end(named.reldata);
	if (SPI_finish() != SPI_OK_FINISH)
		elog(ERROR, "SPI_finish failed");
	ReleaseTupleDesc(tupdesc);
	CheckWritten(written, count, inserter->shape->table);
}
