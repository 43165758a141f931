/*
 * sparkline.c
 *		sparkline(): a row of bars that shows an array of numbers in a terminal.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type_d.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "base/errcodes.h"

PG_FUNCTION_INFO_V1(sparkline);

/* U+2581 to U+2588, lower eighths of a block */
static const char *const bars[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};

static bool
IsNumber(Datum value, bool isnull)
{
	return !isnull && isfinite(DatumGetFloat8(value));
}

static const char *
Bar(float8 value, float8 least, float8 most)
{
	int			highest = lengthof(bars) - 1;
	float8		range = most - least;
	float8		height;

	if (range == 0.0)			/* all values are equal: half height */
		return bars[highest / 2];
	/* the difference of two finite numbers can overflow */
	height = isinf(range) ? (value / 2 - least / 2) / (most / 2 - least / 2) :
		(value - least) / range;
	return bars[Min((int) (height * lengthof(bars)), highest)];
}

/*
 * sparkline(float8[]) returns text
 *		One character per element: a bar, scaled from the least to the greatest finite
 *		element, or a space for null, NaN and infinity.  Error 22P05 if the database's
 *		encoding has no such characters.
 */
Datum
sparkline(PG_FUNCTION_ARGS)
{
	Datum	   *values;
	bool	   *nulls;
	int			count;
	float8		least = INFINITY;
	float8		most = -INFINITY;
	StringInfoData line;
	char	   *encoded;

	deconstruct_array(PG_GETARG_ARRAYTYPE_P(0), FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL,
					  TYPALIGN_DOUBLE, &values, &nulls, &count);
	for (int i = 0; i < count; i++)
		if (IsNumber(values[i], nulls[i]))
		{
			least = Min(least, DatumGetFloat8(values[i]));
			most = Max(most, DatumGetFloat8(values[i]));
		}
	initStringInfo(&line);
	for (int i = 0; i < count; i++)
		appendStringInfoString(&line, IsNumber(values[i], nulls[i]) ?
							   Bar(DatumGetFloat8(values[i]), least, most) : " ");
	encoded = pg_any_to_server(line.data, line.len, PG_UTF8);
	PG_RETURN_TEXT_P(cstring_to_text(encoded));
}
