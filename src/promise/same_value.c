/*
 * same_value.c
 *		Compares values of terms.
 *
 * Amendments, tracked rows and reconcile_table() use this rule.  Hashed values are
 * compared by their bytes instead; see RowValueEqual().
 */
#include "postgres.h"

#include "promise/same_value.h"

#include "catalog/pg_type_d.h"
#include "utils/datum.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"

#include "base/duration.h"
#include "base/large_value.h"

PG_FUNCTION_INFO_V1(same_value);

/*
 * Intervals are compared in microseconds, with days of 24 hours.  Intervals with months
 * are equal only if all their fields are.
 */
static bool
SameInterval(const Interval *a, const Interval *b)
{
	int64		a_microseconds;
	int64		b_microseconds;
	bool		a_measured = IntervalHasMicroseconds(a, &a_microseconds);
	bool		b_measured = IntervalHasMicroseconds(b, &b_microseconds);

	if (a_measured && b_measured)
		return a_microseconds == b_microseconds;
	return a->month == b->month && a->day == b->day && a->time == b->time;
}

bool
SameValue(Oid type, Datum a, Datum b)
{
	int16		typlen;
	bool		typbyval;

	switch (type)
	{
		case NUMERICOID:
			return DatumGetBool(DirectFunctionCall2(numeric_eq, a, b));
		case INTERVALOID:
			return SameInterval(DatumGetIntervalP(a), DatumGetIntervalP(b));
		default:
			ColumnStorage(type, &typlen, &typbyval);
			return typlen == -1 ? VarlenaEqual(a, b) : datum_image_eq(a, b, typbyval, typlen);
	}
}

bool
RowSameValue(const Row *a, int a_column, const Row *b, int b_column)
{
	Oid			type = a->shape->columns[a_column].type;

	Assert(type == b->shape->columns[b_column].type);
	if (a->nulls[a_column] || b->nulls[b_column])
		return a->nulls[a_column] == b->nulls[b_column];
	return SameValue(type, a->values[a_column], b->values[b_column]);
}

/*
 * same_value(a anyelement, b anyelement) returns boolean
 *		Whether two values of terms are equal: numbers and intervals by value, all other
 *		types by their bytes.  NULL equals NULL.
 */
Datum
same_value(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_BOOL(PG_ARGISNULL(0) == PG_ARGISNULL(1));
	PG_RETURN_BOOL(SameValue(getBaseType(get_fn_expr_argtype(fcinfo->flinfo, 0)),
							 PG_GETARG_DATUM(0), PG_GETARG_DATUM(1)));
}
