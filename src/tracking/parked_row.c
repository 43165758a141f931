/*
 * parked_row.c
 *		Converts rows of tracked tables to jsonb, to be parked, and back.
 */
#include "postgres.h"

#include "tracking/parked_row.h"

#include "access/htup_details.h"
#include "catalog/pg_type_d.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/fmgrprotos.h"
#include "utils/guc.h"
#include "utils/json.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"

#include "base/limit.h"
#include "base/owner_session.h"
#include "base/statement.h"
#include "base/text.h"

void
SetPlainSettings(void)
{
	static const char *const plain[][2] = {
		{"DateStyle", "ISO, YMD"}, {"IntervalStyle", "iso_8601"},
		{"extra_float_digits", "1"}, {"bytea_output", "hex"}
	};

	for (size_t i = 0; i < lengthof(plain); i++)
		(void) set_config_option(plain[i][0], plain[i][1], PGC_USERSET, PGC_S_SESSION,
								 GUC_ACTION_SAVE, true, 0, false);
}

/* Key of the list of columns that were left out.  No column can have an empty name. */
#define LEFT_OUT ""

typedef struct RowToPark
{
	TupleDesc	tupdesc;
	Datum	   *values;
	bool	   *nulls;			/* true also for columns that are left out */
	bool	   *left_out;		/* per column */
	bool		left_any_out;
} RowToPark;

static void
OpenRow(RowToPark *park, HeapTuple row, TupleDesc tupdesc)
{
	park->tupdesc = tupdesc;
	park->values = palloc(sizeof(Datum) * tupdesc->natts);
	park->nulls = palloc(sizeof(bool) * tupdesc->natts);
	park->left_out = palloc0(sizeof(bool) * tupdesc->natts);
	park->left_any_out = false;
	heap_deform_tuple(row, tupdesc, park->values, park->nulls);
}

/* The size of a varlena column; 0 for other columns. */
static size_t
ColumnBytes(const RowToPark *park, int column)
{
	Form_pg_attribute attribute = TupleDescAttr(park->tupdesc, column);

	return park->nulls[column] || attribute->attisdropped || attribute->attlen != -1 ? 0 :
		RawBytes(park->values[column]);
}

/* The largest varlena column, or -1; sets *all to the size of all columns. */
static int
LargestColumn(const RowToPark *park, size_t *all)
{
	int			largest = -1;

	*all = 0;
	for (int i = 0; i < park->tupdesc->natts; i++)
	{
		size_t		bytes = ColumnBytes(park, i);

		*all += bytes;
		if (bytes > 0 && (largest < 0 || bytes > ColumnBytes(park, largest)))
			largest = i;
	}
	return largest;
}

/*
 * Leaves out the largest values until the others have at most that many bytes.  Returns
 * false if there was nothing that could be left out.
 */
static bool
LeaveOutLargest(RowToPark *park, size_t most)
{
	size_t		all;
	int			largest = LargestColumn(park, &all);
	bool		could = largest >= 0;

	for (; largest >= 0 && all > most; largest = LargestColumn(park, &all))
	{
		park->left_out[largest] = true;
		park->nulls[largest] = true;
		park->left_any_out = true;
	}
	return could;
}

static void
AppendLeftOut(StringInfo json, const RowToPark *park)
{
	const char *separator = "";

	escape_json(json, LEFT_OUT);
	appendStringInfoString(json, ": [");
	for (int i = 0; i < park->tupdesc->natts; i++)
		if (park->left_out[i])
		{
			appendStringInfoString(json, separator);
			escape_json(json, NameStr(TupleDescAttr(park->tupdesc, i)->attname));
			separator = ", ";
		}
	appendStringInfoString(json, "], ");
}

static Datum
RowToJson(const RowToPark *park)
{
	HeapTuple	row = heap_form_tuple(park->tupdesc, park->values, park->nulls);
	Datum		composite = heap_copy_tuple_as_datum(row, park->tupdesc);
	char	   *members = TextDatumGetCString(DirectFunctionCall1(row_to_json, composite));
	StringInfoData json;

	if (!park->left_any_out)
		return DirectFunctionCall1(jsonb_in, CStringGetDatum(members));
	initStringInfo(&json);
	appendStringInfoChar(&json, '{');
	AppendLeftOut(&json, park);
	appendStringInfoString(&json, members + 1);
	return DirectFunctionCall1(jsonb_in, CStringGetDatum(json.data));
}

/*
 * Leaves out values until the text of the jsonb is small enough: it can be longer than
 * the values.  The result is allocated in the caller's memory context.
 */
static Datum
FittingJson(HeapTuple row, TupleDesc tupdesc, MemoryContext caller)
{
	RowToPark	park;
	MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext, "trust_ledger row as json",
												  ALLOCSET_DEFAULT_SIZES);

	OpenRow(&park, row, tupdesc);
	for (size_t most = MAX_TEXT_BYTES;; most /= 2)
	{
		bool		could = LeaveOutLargest(&park, most);
		MemoryContext previous = MemoryContextSwitchTo(scratch);
		Datum		json = RowToJson(&park);

		if (ExcessBytes(JSONBOID, json) == 0)
		{
			MemoryContextSwitchTo(caller);
			return datumCopy(json, false, -1);
		}
		if (!could)
			CheckSize(JSONBOID, json, "the row");
		MemoryContextSwitchTo(previous);
		MemoryContextReset(scratch);
	}
}

Datum
RowAsJson(HeapTuple row, TupleDesc tupdesc)
{
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext work;
	Datum		json;
	int			settings;

	if (row == NULL)
		return (Datum) 0;
	work = AllocSetContextCreate(caller, "trust_ledger row to park",
								 ALLOCSET_SMALL_SIZES);
	MemoryContextSwitchTo(work);
	settings = NewGUCNestLevel();
	SetPlainSettings();
	json = FittingJson(row, tupdesc, caller);
	AtEOXact_GUC(false, settings);
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(work);
	return json;
}

HeapTuple
RowFromJson(const Mapping *mapping, Datum json)
{
	Oid			types[1] = {JSONBOID};
	OwnerSession session;
	bool		isnull;
	HeapTupleHeader header;
	HeapTuple	tuple = palloc0(HEAPTUPLESIZE);
	MemoryContext caller = CurrentMemoryContext;

	if (json == (Datum) 0)
		return NULL;
	OwnerEnter(mapping->owner, &session);
	SetPlainSettings();
	if (SPI_execute_with_args(psprintf("SELECT pg_catalog.jsonb_populate_record(NULL::%s, $1)",
									   mapping->table),
							  1, types, &json, NULL, true, 1) != SPI_OK_SELECT)
		elog(ERROR, "could not read a parked row");
	header = DatumGetHeapTupleHeader(SPI_getbinval(SPI_tuptable->vals[0],
												   SPI_tuptable->tupdesc, 1, &isnull));
	tuple->t_len = HeapTupleHeaderGetDatumLength(header);
	tuple->t_data = MemoryContextAlloc(caller, tuple->t_len);
	memcpy(tuple->t_data, header, tuple->t_len);
	OwnerLeave(&session);
	return tuple;
}

void
CheckMappedColumnsParked(const Mapping *mapping, Datum parked, TupleDesc tupdesc)
{
	JsonbValue	buffer;
	JsonbValue *left_out = parked ?
		JsonMember(DatumGetJsonbP(parked), LEFT_OUT, &buffer) : NULL;

	for (int i = 0; left_out && i < mapping->field_count; i++)
	{
		AttrNumber	attnum = mapping->fields[i].attnum;
		JsonbValue	name = {.type = jbvString};

		if (attnum == 0 || left_out->type != jbvBinary)
			continue;
		name.val.string.val = NameStr(TupleDescAttr(tupdesc, attnum - 1)->attname);
		name.val.string.len = strlen(name.val.string.val);
		if (findJsonbValueFromContainer(left_out->val.binary.data, JB_FARRAY, &name))
			ereport(ERROR,
					(errcode(ERRCODE_STRING_DATA_RIGHT_TRUNCATION),
					 errmsg("value of column \"%s\" was too long to be parked",
							NameStr(TupleDescAttr(tupdesc, attnum - 1)->attname)),
					 errdetail("The parked change lacks this value, which the mapping reads."),
					 errhint("Shorten the value in the table, which is tracked as a new change, "
							 "and drop this change with trust_ledger.drop_parked().")));
	}
}
