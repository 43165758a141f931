/*
 * mapped_fields.c
 *		Values of a company's row as the ledger's types have them.
 *
 * Texts of values never hang on a setting: a row's key reads the same whoever
 * changes the row.
 */
#include "postgres.h"

#include "tracking/mapped_fields.h"

#include "catalog/pg_type_d.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/datum.h"
#include "utils/fmgrprotos.h"
#include "utils/json.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

#include "base/limit.h"
#include "base/text.h"
#include "promise/lifecycle.h"

const RowShape mapped_shape = {"mapped_row", command_columns, MAPPED_ARGUMENTS};

/* ---- types ---- */

static bool
IsTextual(Oid type)
{
	char		category;
	bool		preferred;

	get_type_category_preferred(type, &category, &preferred);
	return category == TYPCATEGORY_STRING || category == TYPCATEGORY_ENUM;
}

static bool
IsWhole(Oid type)
{
	return type == INT2OID || type == INT4OID || type == INT8OID;
}

/* What has one text, whatever the settings. */
static bool
HasPlainText(Oid type)
{
	switch (type)
	{
		case INT2OID:
		case INT4OID:
		case INT8OID:
		case OIDOID:
		case BOOLOID:
		case UUIDOID:
		case NUMERICOID:
		case DATEOID:
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
			return true;
		default:
			return IsTextual(type);
	}
}

static bool
CanBeRead(Oid type, Oid as)
{
	switch (as)
	{
		case TEXTOID:
			return HasPlainText(type);
		case TIMESTAMPTZOID:
			return type == TIMESTAMPTZOID || type == TIMESTAMPOID;
		case NUMERICOID:
			return type == NUMERICOID || IsWhole(type) || type == FLOAT4OID || type == FLOAT8OID;
		case JSONBOID:
			return type == JSONBOID || type == JSONOID;
		default:
			return type == as;
	}
}

/* An error unless a column of that type can be read as the field. */
void
MappedCheckType(int field, Oid type, const char *argument)
{
	Oid			as = mapped_shape.columns[field].type;

	if (CanBeRead(type, as) || (field == COMMAND_DUE && type == DATEOID))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("a column of type %s cannot be read as \"%s\"", format_type_be(type), mapped_shape.columns[field].name),
			 errdetail("Argument \"%s\" of a tracking trigger names it; %s is needed.", argument,
					   field == COMMAND_DUE ? "an instant, or a day," : format_type_be(as)),
			 errhint("Map a column of that type, e.g. one GENERATED ALWAYS AS (...) STORED.")));
}

void
MappedCheckKeyType(Oid type, const char *column)
{
	if (HasPlainText(type))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("the primary key's column \"%s\" is of type %s, which has no text that is always the same", column, format_type_be(type)),
			 errhint("Tracked tables have keys of numbers, texts, uuids, days or instants.")));
}

/* ---- values ---- */

static char *
TrimmedBpchar(char *padded)
{
	size_t		length = strlen(padded);

	while (length > 0 && padded[length - 1] == ' ')
		padded[--length] = '\0';
	return padded;
}

/* The value's text; it can be read again as the same value. */
char *
MappedText(Oid type, Datum value)
{
	char		buffer[MAXDATELEN + 1];
	const int	utc = 0;
	Oid			output;
	bool		varlena;

	switch (type)
	{
		case TEXTOID:
		case VARCHAROID:
			return TextDatumGetCString(value);
		case BPCHAROID:
			return TrimmedBpchar(TextDatumGetCString(value));
		case INT8OID:
			return psprintf(INT64_FORMAT, DatumGetInt64(value));
		case INT4OID:
			return psprintf("%d", DatumGetInt32(value));
		case NUMERICOID:
			return numeric_normalize(DatumGetNumeric(value));
		case DATEOID:
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
			return pstrdup(JsonEncodeDateTime(buffer, value, type, type == TIMESTAMPTZOID ? &utc : NULL));
		default:
			getTypeOutputInfo(type, &output, &varlena);
			return OidOutputFunctionCall(output, value);
	}
}

/* Of the date and time of a clock on the wall, in the ledger's zone. */
static Datum
InstantIn(Timestamp wall, pg_tz *zone)
{
	struct pg_tm tm;
	fsec_t		fraction;
	TimestampTz instant;
	int			offset;

	if (TIMESTAMP_NOT_FINITE(wall))
		return TimestampTzGetDatum(wall);
	if (timestamp2tm(wall, NULL, &tm, &fraction, NULL, NULL) != 0)
		elog(ERROR, "timestamp out of range");
	offset = DetermineTimeZoneOffset(&tm, zone);
	if (tm2timestamp(&tm, fraction, &offset, &instant) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("timestamp out of range")));
	return TimestampTzGetDatum(instant);
}

static Datum
NumericOf(Oid type, Datum value)
{
	switch (type)
	{
		case INT2OID:
			return DirectFunctionCall1(int2_numeric, value);
		case INT4OID:
			return DirectFunctionCall1(int4_numeric, value);
		case INT8OID:
			return DirectFunctionCall1(int8_numeric, value);
		case FLOAT4OID:
			return DirectFunctionCall1(float4_numeric, value);
		default:
			return DirectFunctionCall1(float8_numeric, value);
	}
}

static bool
IsStoredAs(Oid as, Oid type)
{
	return type == as || (as == TEXTOID && type == VARCHAROID);
}

/*
 * The value as the field's type has it, in memory of its own.  One that is too
 * large stays where it is: whoever is to write it will refuse it.
 */
Datum
MappedValue(Oid as, Oid type, Datum value, pg_tz *zone)
{
	int16		length;
	bool		by_value;

	if ((as == TEXTOID || as == JSONBOID) && IsStoredAs(as, type) && RawBytes(value) > MAX_TEXT_BYTES)
		return datumCopy(value, false, -1);
	if (as == TEXTOID && type != TEXTOID && type != VARCHAROID)
		return CStringGetTextDatum(MappedText(type, value));
	if (as == TIMESTAMPTZOID && type == TIMESTAMPOID)
		return InstantIn(DatumGetTimestamp(value), zone);
	if (as == NUMERICOID && type != NUMERICOID)
		return NumericOf(type, value);
	if (as == JSONBOID && type == JSONOID)
	{
		CheckSize(TEXTOID, value, "context");
		return DirectFunctionCall1(jsonb_in, CStringGetDatum(TextDatumGetCString(value)));
	}
	get_typlenbyval(as, &length, &by_value);
	return length == -1 ? PointerGetDatum(PG_DETOAST_DATUM_COPY(value)) : datumCopy(value, by_value, length);
}

/* As the function that takes it will find it. */
static void
CheckText(int field, const char *value, const char *argument)
{
	if (field == COMMAND_WORDS || field == COMMAND_PURPOSE || field == COMMAND_REASON)
	{
		text	   *words = cstring_to_text(value);

		CheckSize(TEXTOID, PointerGetDatum(words), mapped_shape.columns[field].name);
		CheckWords(words, mapped_shape.columns[field].name);
	}
	else
		CheckKey(value, mapped_shape.columns[field].name);
	if (field == COMMAND_VERDICT && NameIndex(VERDICT_NAMES, VERDICTS, value) < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"%s\" of a tracking trigger is not usable", argument),
				 errdetail("\"%s\" is not a verdict.", value),
				 errhint("A verdict is kept, partly_kept or broken.")));
}

/* A constant argument as the field's type has it. */
Datum
MappedConstant(int field, const char *value, const char *argument)
{
	bool		flag;

	switch (mapped_shape.columns[field].type)
	{
		case TEXTOID:
			CheckText(field, value, argument);
			return CStringGetTextDatum(value);
		case NUMERICOID:
			return DirectFunctionCall3(numeric_in, CStringGetDatum(value), ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
		case INTERVALOID:
			return DirectFunctionCall3(interval_in, CStringGetDatum(value), ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
		case JSONBOID:
			{
				Datum		json = DirectFunctionCall1(jsonb_in, CStringGetDatum(value));

				CheckSize(JSONBOID, json, mapped_shape.columns[field].name);
				return json;
			}
		case BOOLOID:
			if (!parse_bool(value, &flag))
				ereport(ERROR,
						(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						 errmsg("argument \"%s\" of a tracking trigger is not usable", argument),
						 errdetail("\"%s\" is neither true nor false.", value)));
			return BoolGetDatum(flag);
		default:
			elog(ERROR, "no constant of type %u", mapped_shape.columns[field].type);
	}
}
