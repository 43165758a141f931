/*
 * mapped_fields.c
 *		Converts values of tracked rows to the types of a promise's arguments.
 *
 * Texts of values do not depend on settings: the key of a row is the same in each session.
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

#include "base/arguments.h"
#include "base/duration.h"
#include "base/limit.h"
#include "base/text.h"
#include "promise/lifecycle.h"
#include "promise/terms.h"

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
IsIntegerType(Oid type)
{
	return type == INT2OID || type == INT4OID || type == INT8OID;
}

/* Whether the text of a value does not depend on settings. */
static bool
HasStableText(Oid type)
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
CanReadAs(Oid type, Oid as)
{
	switch (as)
	{
		case TEXTOID:
			return HasStableText(type);
		case TIMESTAMPTZOID:
			return type == TIMESTAMPTZOID || type == TIMESTAMPOID;
		case NUMERICOID:
			return type == NUMERICOID || IsIntegerType(type) ||
				type == FLOAT4OID || type == FLOAT8OID;
		case JSONBOID:
			return type == JSONBOID || type == JSONOID;
		default:
			return type == as;
	}
}

void
MappedCheckType(int field, Oid type, const char *argument)
{
	Oid			as = mapped_shape.columns[field].type;

	if (CanReadAs(type, as) || (as == TIMESTAMPTZOID && type == DATEOID))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("cannot map a column of type %s to \"%s\"",
					format_type_be(type), mapped_shape.columns[field].name),
			 errdetail("Argument \"%s\" of trigger function track() must name a column of type %s.",
					   argument,
					   as == TIMESTAMPTZOID ? "timestamp with time zone, timestamp or date" :
					   format_type_be(as)),
			 errhint("Add a column of that type, GENERATED ALWAYS AS (...) STORED.")));
}

void
MappedCheckKeyType(Oid type, const char *column)
{
	if (HasStableText(type))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("cannot track a table whose primary key has column \"%s\" of type %s",
					column, format_type_be(type)),
			 errdetail("The text of such a value depends on settings."),
			 errhint("Use integers, numeric, texts, enums, uuid, boolean, date or timestamps.")));
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
			return pstrdup(JsonEncodeDateTime(buffer, value, type,
											  type == TIMESTAMPTZOID ? &utc : NULL));
		default:
			getTypeOutputInfo(type, &output, &varlena);
			return OidOutputFunctionCall(output, value);
	}
}

/* As timestamp_timestamptz(), but with the given zone instead of setting TimeZone. */
static Datum
InstantInZone(Timestamp wall, pg_tz *zone)
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

static DateADT
Today(pg_tz *zone)
{
	struct pg_tm tm;
	fsec_t		fraction;
	int			offset;

	if (timestamp2tm(GetCurrentTimestamp(), &offset, &tm, &fraction, NULL, zone) != 0)
		elog(ERROR, "timestamp out of range");
	return date2j(tm.tm_year, tm.tm_mon, tm.tm_mday) - POSTGRES_EPOCH_JDATE;
}

bool
MappedInstantOfDay(DateADT day, Event event, pg_tz *zone, TimestampTz *instant)
{
	DateADT		today = Today(zone);
	Datum		midnight;

	if (day == today)
		return false;
	if (event != EVENT_MADE && day < today && !DATE_NOT_FINITE(day))
	{
		*instant = TermsEndOfDay(day, zone);
		return true;
	}
	midnight = DirectFunctionCall1(date_timestamp, DateADTGetDatum(day));
	*instant = DatumGetTimestampTz(InstantInZone(DatumGetTimestamp(midnight), zone));
	return true;
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

Datum
MappedValue(Oid as, Oid type, Datum value, pg_tz *zone)
{
	int16		length;
	bool		by_value;

	if ((as == TEXTOID || as == JSONBOID) && IsStoredAs(as, type) &&
		RawBytes(value) > MAX_TEXT_BYTES)
		return datumCopy(value, false, -1);
	if (as == TEXTOID && type != TEXTOID && type != VARCHAROID)
		return CStringGetTextDatum(MappedText(type, value));
	if (as == TIMESTAMPTZOID && type == TIMESTAMPOID)
		return InstantInZone(DatumGetTimestamp(value), zone);
	if (as == NUMERICOID && type != NUMERICOID)
		return NumericOf(type, value);
	if (as == JSONBOID && type == JSONOID)
	{
		CheckSize(TEXTOID, value, "context");
		return DirectFunctionCall1(jsonb_in, CStringGetDatum(TextDatumGetCString(value)));
	}
	get_typlenbyval(as, &length, &by_value);
	return length == -1 ? PointerGetDatum(PG_DETOAST_DATUM_COPY(value)) :
		datumCopy(value, by_value, length);
}

/* Makes the same checks as the function that will take the text as argument. */
static void
CheckText(int field, const char *value, const char *argument)
{
	if (field == COMMAND_WORDS || field == COMMAND_PURPOSE || field == COMMAND_REASON)
	{
		text	   *words = cstring_to_text(value);

		CheckSize(TEXTOID, PointerGetDatum(words), mapped_shape.columns[field].name);
		CheckVisibleText(words, mapped_shape.columns[field].name);
	}
	else
		CheckKey(value, mapped_shape.columns[field].name);
	if (field == COMMAND_VERDICT && NameIndex(VERDICT_NAMES, VERDICTS, value) < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid argument of trigger function track(): \"%s\"", argument),
				 errdetail("\"%s\" is not a valid verdict.", value),
				 errhint("Valid verdicts are kept, partly_kept and broken.")));
}

/* As CheckText(), also for numbers and intervals: a constant that no row can use is refused. */
Datum
MappedConstant(int field, const char *value, const char *argument)
{
	const char *name = mapped_shape.columns[field].name;
	NullableDatum constant = {.isnull = false};
	bool		flag;

	switch (mapped_shape.columns[field].type)
	{
		case TEXTOID:
			CheckText(field, value, argument);
			return CStringGetTextDatum(value);
		case NUMERICOID:
			constant.value = DirectFunctionCall3(numeric_in, CStringGetDatum(value),
												 ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
			(void) ArgAmount(constant, name);
			return constant.value;
		case INTERVALOID:
			constant.value = DirectFunctionCall3(interval_in, CStringGetDatum(value),
												 ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
			(void) IntervalMicroseconds(DatumGetIntervalP(constant.value), name);
			return constant.value;
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
						 errmsg("invalid argument of trigger function track(): \"%s\"", argument),
						 errdetail("\"%s\" is not a valid boolean.", value)));
			return BoolGetDatum(flag);
		default:
			elog(ERROR, "no constant of type %u", mapped_shape.columns[field].type);
	}
}
