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
ArgText(NullableDatum argument, const char *what)
{
	text	   *words;

	if (argument.isnull)
		return NULL;
	CheckSize(TEXTOID, argument.value, what);
	words = DatumGetTextPP(argument.value);
	CheckVisibleText(words, what);
	return words;
}

Jsonb *
ArgJson(NullableDatum argument, const char *what)
{
	if (argument.isnull)
		return NULL;
	CheckSize(JSONBOID, argument.value, what);
	return DatumGetJsonbP(argument.value);
}

text *
ArgTextRequired(NullableDatum argument, const char *what,
				const char *hint)
{
	text	   *words = ArgText(argument, what);

	if (words == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s must not be null", what),
				 errhint("%s", hint)));
	return words;
}

char *
ArgKey(NullableDatum argument, const char *what)
{
	char	   *key;

	if (argument.isnull)
		return NULL;
	CheckKeySize(RawBytes(argument.value), what);
	key = text_to_cstring(DatumGetTextPP(argument.value));
	CheckKey(key, what);
	return key;
}

char *
ArgKeyRequired(NullableDatum argument, const char *what)
{
	if (argument.isnull)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s must not be null", what)));
	return ArgKey(argument, what);
}

int
ArgEnum(NullableDatum argument, const char *what,
		const char *const *names, int count)
{
	char	   *name = ArgKey(argument, what);
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
ArgAmount(NullableDatum argument, const char *what)
{
	Numeric		amount = argument.isnull ? NULL : DatumGetNumeric(argument.value);
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
