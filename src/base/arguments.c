/*
 * arguments.c
 *		Reads and checks arguments of SQL functions that may be NULL.
 */
#include "postgres.h"

#include "base/arguments.h"

#include "catalog/pg_type_d.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"

#include "base/limit.h"
#include "base/text.h"

text *
ArgText(FunctionCallInfo fcinfo, int argument, const char *what)
{
	text	   *words;

	if (PG_ARGISNULL(argument))
		return NULL;
	CheckSize(TEXTOID, PG_GETARG_DATUM(argument), what);
	words = PG_GETARG_TEXT_PP(argument);
	CheckVisibleText(words, what);
	return words;
}

Jsonb *
ArgJson(FunctionCallInfo fcinfo, int argument, const char *what)
{
	if (PG_ARGISNULL(argument))
		return NULL;
	CheckSize(JSONBOID, PG_GETARG_DATUM(argument), what);
	return PG_GETARG_JSONB_P(argument);
}

text *
ArgTextRequired(FunctionCallInfo fcinfo, int argument, const char *what,
				const char *hint)
{
	text	   *words = ArgText(fcinfo, argument, what);

	if (words == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s must not be null", what),
				 errhint("%s", hint)));
	return words;
}

char *
ArgKey(FunctionCallInfo fcinfo, int argument, const char *what)
{
	char	   *key;

	if (PG_ARGISNULL(argument))
		return NULL;
	CheckKeySize(RawBytes(PG_GETARG_DATUM(argument)), what);
	key = text_to_cstring(PG_GETARG_TEXT_PP(argument));
	CheckKey(key, what);
	return key;
}

char *
ArgKeyRequired(FunctionCallInfo fcinfo, int argument, const char *what)
{
	if (PG_ARGISNULL(argument))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s must not be null", what)));
	return ArgKey(fcinfo, argument, what);
}

int
ArgEnum(FunctionCallInfo fcinfo, int argument, const char *what,
		const char *const *names, int count)
{
	char	   *name = ArgKey(fcinfo, argument, what);
	int			index = name ? NameIndex(names, count, name) : -1;
	StringInfoData list;

	if (name == NULL || index >= 0)
		return index;
	initStringInfo(&list);
	for (int i = 0; i < count; i++)
		appendStringInfo(&list, "%s%s", i ? ", " : "", names[i]);
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("invalid %s: \"%s\"", what, name),
			 errhint("Valid values are: %s.", list.data)));
}

/*
 * Sums of amounts must not overflow numeric: a single huge amount would make every
 * later policy check for the customer fail.
 */
static bool
IsTooLarge(Numeric amount)
{
	static Numeric most = NULL; /* set last, so that an error cannot leave it incomplete */

	if (most == NULL)
	{
		MemoryContext previous = MemoryContextSwitchTo(TopMemoryContext);

		most = DatumGetNumeric(DirectFunctionCall3(numeric_in,
												   CStringGetDatum("1e10000"),
												   ObjectIdGetDatum(InvalidOid),
												   Int32GetDatum(-1)));
		MemoryContextSwitchTo(previous);
	}
	return DatumGetInt32(DirectFunctionCall2(numeric_cmp, NumericGetDatum(amount),
											 NumericGetDatum(most))) > 0;
}

Numeric
ArgAmount(FunctionCallInfo fcinfo, int argument, const char *what)
{
	Numeric		amount = PG_ARGISNULL(argument) ? NULL : PG_GETARG_NUMERIC(argument);
	Datum		zero = DirectFunctionCall1(int4_numeric, Int32GetDatum(0));

	if (amount == NULL)
		return NULL;
	if (numeric_is_nan(amount) || numeric_is_inf(amount) ||
		DatumGetInt32(DirectFunctionCall2(numeric_cmp, NumericGetDatum(amount), zero)) < 0)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("%s must be a number greater than or equal to zero", what),
				 errdetail("It is %s.", numeric_normalize(amount)),
				 errhint("Leave it out if the amount is not known.")));
	if (IsTooLarge(amount))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("%s is too large", what),
				 errdetail("It has more than 10000 digits."),
				 errhint("Leave it out if the amount is not known.")));
	return amount;
}
