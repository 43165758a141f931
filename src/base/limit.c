/*
 * limit.c
 *		Limits the size of texts and jsonb values in the ledger.
 *
 * PostgreSQL can store a text of half a gigabyte, but neither COPY nor pg_dump can
 * read it again.  The limit is checked for arguments, before anything copies them,
 * and once more for rows that are about to be written.
 */
#include "postgres.h"

#include "base/limit.h"

#include "access/detoast.h"
#include "access/htup_details.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type_d.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "port/pg_bswap.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"
#include "utils/syscache.h"

#define MAX_MESSAGE_BYTES 8192

size_t
RawBytes(Datum value)
{
	return toast_raw_datum_size(value) - VARHDRSZ;
}

/*
 * ---- length of the text of a jsonb value ----
 *
 * The text can be much longer than the value: 1e131071 has 131072 digits.
 */

/* Length of what escape_json() would write. */
static size_t
StringTextBytes(const char *string, int length)
{
	size_t		bytes = length + 2;

	for (int i = 0; i < length; i++)
	{
		unsigned char c = string[i];

		if (c == '"' || c == '\\' || c == '\b' || c == '\f' || c == '\n' || c == '\r' || c == '\t')
			bytes += 1;
		else if (c < ' ')
			bytes += strlen("\\u0000") - 1;
	}
	return bytes;
}

/*
 * numeric_send() writes four int16: number of base-10000 digits, weight of the first
 * one, sign, and number of decimal digits after the point.  The digits follow.
 */
#define NUMERIC_HEADER 4
#define NUMERIC_GROUP 4
#define NUMERIC_NEGATIVE 0x4000

static uint16
WireInt16(const char *wire, int index)
{
	uint16		value;

	memcpy(&value, wire + index * sizeof(value), sizeof(value));
	return pg_ntoh16(value);
}

static size_t
NumberTextBytes(Numeric number)
{
	bytea	   *sent = DatumGetByteaPP(DirectFunctionCall1(numeric_send, NumericGetDatum(number)));
	const char *wire = VARDATA_ANY(sent);
	int			count = WireInt16(wire, 0);
	int			weight = (int16) WireInt16(wire, 1);
	int			scale = WireInt16(wire, 3);
	size_t		bytes = WireInt16(wire, 2) == NUMERIC_NEGATIVE ? 1 : 0;

	if (count == 0 || weight < 0)
		bytes += 1;
	else
	{
		int			first = WireInt16(wire, NUMERIC_HEADER);

		bytes += (size_t) weight * NUMERIC_GROUP;
		bytes += first >= 1000 ? 4 : first >= 100 ? 3 : first >= 10 ? 2 : 1;
	}
	if (scale > 0)
		bytes += 1 + scale;
	pfree(sent);
	return bytes;
}

static size_t
ScalarTextBytes(const JsonbValue *value)
{
	switch (value->type)
	{
		case jbvString:
			return StringTextBytes(value->val.string.val, value->val.string.len);
		case jbvNumeric:
			return NumberTextBytes(value->val.numeric);
		case jbvBool:
			return value->val.boolean ? strlen("true") : strlen("false");
		default:
			return strlen("null");
	}
}

/* Time and memory depend on the size of the value, not on that of its text. */
size_t
JsonTextBytes(Jsonb *json)
{
	JsonbIterator *iterator = JsonbIteratorInit(&json->root);
	JsonbIteratorToken token;
	JsonbValue	value;
	bool		first = true;
	size_t		bytes = 0;

	while ((token = JsonbIteratorNext(&iterator, &value, false)) != WJB_DONE)
	{
		bool		begins = token == WJB_BEGIN_ARRAY || token == WJB_BEGIN_OBJECT;

		if (!first && (begins || token == WJB_ELEM || token == WJB_KEY))
			bytes += strlen(", ");
		if (token == WJB_KEY || token == WJB_ELEM || token == WJB_VALUE)
			bytes += ScalarTextBytes(&value);
		else
			bytes += 1;			/* a bracket */
		if (token == WJB_KEY)
			bytes += strlen(": ");
		first = begins || token == WJB_KEY;
	}
	/* jsonb wraps a scalar in an array that has no brackets */
	return JB_ROOT_IS_SCALAR(json) ? bytes - 2 : bytes;
}

/* ---- the limit ---- */

size_t
ExcessBytes(Oid type, Datum value)
{
	size_t		bytes = RawBytes(value);
	Jsonb	   *json;

	if (bytes > MAX_TEXT_BYTES)
		return bytes;
	if (type != JSONBOID)
		return 0;
	json = DatumGetJsonbP(value);
	bytes = JsonTextBytes(json);
	if (PointerGetDatum(json) != value)
		pfree(json);
	return bytes > MAX_TEXT_BYTES ? bytes : 0;
}

pg_noreturn static void TooLong(const char *what, size_t bytes);

static void
TooLong(const char *what, size_t bytes)
{
	ereport(ERROR,
			(errcode(ERRCODE_STRING_DATA_RIGHT_TRUNCATION),
			 errmsg("%s is too long for the ledger", what),
			 errdetail("It has %zu bytes; the limit is %d bytes.", bytes, MAX_TEXT_BYTES),
			 errhint("Store the document elsewhere, and record an extract, "
					 "or a reference and a checksum.")));
}

void
CheckSize(Oid type, Datum value, const char *what)
{
	size_t		bytes = ExcessBytes(type, value);

	if (bytes > 0)
		TooLong(what, bytes);
}

bool
HasLimit(Oid type)
{
	return type == TEXTOID || type == JSONBOID || type == TEXTARRAYOID;
}

static const char *
ArgumentName(HeapTuple function, int argument)
{
	Oid		   *types;
	char	  **names;
	char	   *modes;

	(void) get_func_arg_info(function, &types, &names, &modes);
	return names ? names[argument] : psprintf("argument %d", argument + 1);
}

void
CheckArgumentSizes(FunctionCallInfo fcinfo)
{
	HeapTuple	function = SearchSysCache1(PROCOID, ObjectIdGetDatum(fcinfo->flinfo->fn_oid));
	Form_pg_proc form;

	if (!HeapTupleIsValid(function))
		elog(ERROR, "cache lookup failed for function %u", fcinfo->flinfo->fn_oid);
	form = (Form_pg_proc) GETSTRUCT(function);
	for (int i = 0; i < Min(PG_NARGS(), form->pronargs); i++)
	{
		Oid			type = form->proargtypes.values[i];
		size_t		bytes = 0;

		if (!PG_ARGISNULL(i) && HasLimit(type))
			bytes = ExcessBytes(type, PG_GETARG_DATUM(i));
		if (bytes > 0)
			TooLong(ArgumentName(function, i), bytes);
	}
	ReleaseSysCache(function);
}

/*
 * For jsonb this checks only the size of the stored value: the texts of arguments
 * were checked before, and other jsonb values are built here from keys.
 */
void
CheckRowSizes(const Row *row)
{
	for (int i = 0; i < row->shape->natts; i++)
		if (!row->nulls[i] && HasLimit(row->shape->columns[i].type))
			CheckSize(TEXTOID, row->values[i], row->shape->columns[i].name);
}

/* An error message may quote a whole text of the user. */
const char *
TruncatedMessage(const char *message)
{
	size_t		length = strlen(message);
	int			kept;

	if (length <= MAX_MESSAGE_BYTES)
		return message;
	kept = pg_mbcliplen(message, Min(length, MAX_MESSAGE_BYTES + MAX_MULTIBYTE_CHAR_LEN),
						MAX_MESSAGE_BYTES);
	return psprintf("%.*s ...", kept, message);
}
