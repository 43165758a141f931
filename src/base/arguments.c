/*
 * arguments.c
 *		Optional arguments of the functions that users call.
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

/* Words that say something, or NULL where none are given. */
text *
ArgWords(NullableDatum argument, const char *what)
{
	text	   *words;

	if (argument.isnull)
		return NULL;
	CheckSize(TEXTOID, argument.value, what);
	words = DatumGetTextPP(argument.value);
	CheckWords(words, what);
	return words;
}

/* A jsonb value that is not too large, or NULL where none is given. */
Jsonb *
ArgJson(NullableDatum argument, const char *what)
{
	if (argument.isnull)
		return NULL;
	CheckSize(JSONBOID, argument.value, what);
	return DatumGetJsonbP(argument.value);
}

text *
ArgWordsNeeded(NullableDatum argument, const char *what, const char *hint)
{
	text	   *words = ArgWords(argument, what);

	if (words == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s is needed", what),
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
ArgKeyNeeded(NullableDatum argument, const char *what)
{
	if (argument.isnull)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s is needed", what)));
	return ArgKey(argument, what);
}

/* The place of the argument in a list of names, or an error that lists them; -1 where it is not given. */
int
ArgName(NullableDatum argument, const char *what, const char *const *names, int count)
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
			 errmsg("\"%s\" is not a %s", name, what),
			 errhint("Give one of: %s.", list.data)));
}

/* However many are open, their sum is a number still: one could hold up all that is reckoned with it. */
static bool
IsTooMuch(Numeric amount)
{
	static Numeric most = NULL; /* a constant of the process: set once it is complete */

	if (most == NULL)
	{
		MemoryContext previous = MemoryContextSwitchTo(TopMemoryContext);

		most = DatumGetNumeric(DirectFunctionCall3(numeric_in, CStringGetDatum("1e10000"), ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
		MemoryContextSwitchTo(previous);
	}
	return DatumGetInt32(DirectFunctionCall2(numeric_cmp, NumericGetDatum(amount), NumericGetDatum(most))) > 0;
}

/* An amount that can be compared and added: a number, not negative; NULL where none is given. */
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
				 errmsg("%s must be an amount", what),
				 errdetail("It is %s.", numeric_normalize(amount)),
				 errhint("Give a number that is not negative; leave it out where it is not known.")));
	if (IsTooMuch(amount))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("%s must be an amount", what),
				 errdetail("It has more than ten thousand digits."),
				 errhint("Leave it out where it is not known.")));
	return amount;
}
