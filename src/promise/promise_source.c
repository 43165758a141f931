/*
 * promise_source.c
 *		Rows of trust.source: which row of a tracked table a promise belongs to.
 *
 * The details of an entry that was written for a changed row identify the row: by the
 * table's name as a source, by the row's key, and by a name if a row has several
 * promises.  trust.source is projected from these details.
 */
#include "postgres.h"

#include "promise/promise_source.h"

#include "catalog/pg_type_d.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/json.h"

#include "base/row_insert.h"
#include "base/statement.h"
#include "base/text.h"
#include "ledger/guard_expect.h"
#include "ledger/ledger.h"
#include "promise/command.h"

#define SOURCE_COLUMN(id, name, type) {#name, type},
static const Column source_columns[SOURCE_COLUMNS] = {SOURCE_LIST(SOURCE_COLUMN)};

const RowShape source_shape = {"source", source_columns, SOURCE_COLUMNS};

#define PROMISE_OF_SOURCE \
	"s.customer, s.promise, p.state," \
	" (SELECT c.length" \
	"  FROM trust.chain c" \
	"  WHERE c.customer OPERATOR(pg_catalog.=) s.customer) AS length"

static Statement find_promise = STATEMENT(
	"SELECT " PROMISE_OF_SOURCE
	" FROM trust.source s"
	" LEFT JOIN trust.promise p"
	"   ON p.customer OPERATOR(pg_catalog.=) s.customer"
	"   AND p.promise OPERATOR(pg_catalog.=) s.promise"
	" WHERE s.source OPERATOR(pg_catalog.=) $1"
	"   AND s.key OPERATOR(pg_catalog.=) $2"
	"   AND s.name OPERATOR(pg_catalog.=) $3"
	"   AND NOT s.gone"
	" LIMIT 1",
	TEXTOID, TEXTOID, TEXTOID);

/* A new row usually has no promise, and this statement is the cheapest way to see that. */
static Statement find_any = STATEMENT(
	"SELECT"
	" FROM trust.source s"
	" WHERE s.source OPERATOR(pg_catalog.=) $1"
	"   AND s.key OPERATOR(pg_catalog.=) $2"
	"   AND s.name OPERATOR(pg_catalog.=) $3"
	"   AND NOT s.gone"
	" LIMIT 1",
	TEXTOID, TEXTOID, TEXTOID);

/* Each row is looked up by the index, since OFFSET prevents other joins. */
static Statement find_promises = STATEMENT(
	"SELECT s.key, s.name, " PROMISE_OF_SOURCE
	" FROM pg_catalog.unnest($2) AS k (key)"
	" CROSS JOIN LATERAL ("
	"   SELECT r.key, r.name, r.customer, r.promise"
	"   FROM trust.source r"
	"   WHERE r.source OPERATOR(pg_catalog.=) $1"
	"     AND r.key OPERATOR(pg_catalog.=) k.key"
	"     AND NOT r.gone"
	"   OFFSET 0) AS s"
	" LEFT JOIN LATERAL ("
	"   SELECT o.state"
	"   FROM trust.promise o"
	"   WHERE o.customer OPERATOR(pg_catalog.=) s.customer"
	"     AND o.promise OPERATOR(pg_catalog.=) s.promise"
	"   OFFSET 0) AS p"
	"   ON true",
	TEXTOID, TEXTARRAYOID);

static Statement find_refused = STATEMENT(
	"SELECT DISTINCT f.name"
	" FROM trust.entry e"
	" CROSS JOIN LATERAL pg_catalog.jsonb_array_elements_text("
	"   CASE pg_catalog.jsonb_typeof(e.details OPERATOR(pg_catalog.->) 'refused')"
	"     WHEN 'array' THEN e.details OPERATOR(pg_catalog.->) 'refused'"
	"   END) AS f (name)"
	" WHERE e.customer OPERATOR(pg_catalog.=) $1"
	"   AND e.promise OPERATOR(pg_catalog.=) $2"
	"   AND e.details OPERATOR(pg_catalog.?) 'refused'"
	"   AND NOT EXISTS ("
	"     SELECT FROM trust.entry a"
	"     WHERE a.customer OPERATOR(pg_catalog.=) $1"
	"       AND a.promise OPERATOR(pg_catalog.=) $2"
	"       AND a.event OPERATOR(pg_catalog.=) 'amended'"
	"       AND a.details OPERATOR(pg_catalog.?) 'source'"
	"       AND NOT a.details OPERATOR(pg_catalog.?) 'refused'"
	"       AND a.seq OPERATOR(pg_catalog.>) e.seq)",
	TEXTOID, UUIDOID);

static Inserter insert_source = {.shape = &source_shape};

static Statement insert_one = STATEMENT(
	"INSERT INTO trust.source (customer, promise, source, key, name, gone, seq)"
	" VALUES ($1, $2, $3, $4, $5, $6, $7)",
	TEXTOID, UUIDOID, TEXTOID, TEXTOID, TEXTOID, BOOLOID, INT8OID);

static Statement read_source = STATEMENT_OF_ROWS(
	source_shape,
	"WHERE customer OPERATOR(pg_catalog.=) $1"
	"  AND promise OPERATOR(pg_catalog.=) $2",
	TEXTOID, UUIDOID);

static Statement update_source = STATEMENT(
	"UPDATE trust.source"
	" SET source = $3, key = $4, name = $5, gone = $6, seq = $7"
	" WHERE customer OPERATOR(pg_catalog.=) $1"
	"   AND promise OPERATOR(pg_catalog.=) $2",
	TEXTOID, UUIDOID, TEXTOID, TEXTOID, TEXTOID, BOOLOID, INT8OID);

/* ---- details of entries ---- */

static const char *const fate_names[] = {NULL, "deleted", "moved"};

#if PG_VERSION_NUM < 190000
typedef struct JsonbInState
{
	JsonbValue *result;
	JsonbParseState *parseState;
} JsonbInState;
#endif

static void
PushJson(JsonbInState *json, JsonbIteratorToken token, JsonbValue *value)
{
#if PG_VERSION_NUM >= 190000
	pushJsonbValue(json, token, value);
#else
	json->result = pushJsonbValue(&json->parseState, token, value);
#endif
}

static void
PushString(JsonbInState *json, JsonbIteratorToken token, const char *text)
{
	JsonbValue	string = {.type = jbvString};

	string.val.string.val = unconstify(char *, text);
	string.val.string.len = strlen(text);
	PushJson(json, token, &string);
}

static void
AddField(JsonbInState *json, const char *name, const char *value)
{
	PushString(json, WJB_KEY, name);
	PushString(json, WJB_VALUE, value);
}

/* due_on is another way to state due. */
#define REFUSED_DUE ((uint32) (1 << COMMAND_DUE | 1 << COMMAND_DUE_ON))

static void
AddRefused(JsonbInState *json, uint32 refused)
{
	if (refused & REFUSED_DUE)
		refused = (refused & ~REFUSED_DUE) | 1 << COMMAND_DUE;
	PushString(json, WJB_KEY, "refused");
	PushJson(json, WJB_BEGIN_ARRAY, NULL);
	for (int i = 0; i < MAPPED_ARGUMENTS; i++)
		if (refused & (1 << i))
			PushString(json, WJB_ELEM, command_columns[i].name);
	PushJson(json, WJB_END_ARRAY, NULL);
}

Datum
SourceDetails(const char *source, const char *key, const char *name, RowFate fate,
			  const pg_uuid_t *other, uint32 refused)
{
	JsonbInState json = {0};

	PushJson(&json, WJB_BEGIN_OBJECT, NULL);
	AddField(&json, "source", source);
	AddField(&json, "key", key);
	if (name[0] != '\0')
		AddField(&json, "name", name);
	if (fate != ROW_STAYS)
		AddField(&json, "row", fate_names[fate]);
	if (other)
		AddField(&json, fate == ROW_MOVED ? "moved_to" : "moved_from",
				 DatumGetCString(DirectFunctionCall1(uuid_out, UUIDPGetDatum(other))));
	if (refused)
		AddRefused(&json, refused);
	PushJson(&json, WJB_END_OBJECT, NULL);
	return JsonbPGetDatum(JsonbValueToJsonb(json.result));
}

static void
ReadDetails(Row *source, Jsonb *details)
{
	text	   *name = JsonText(details, "name");

	RowSet(source, SOURCE_SOURCE, PointerGetDatum(JsonText(details, "source")));
	RowSet(source, SOURCE_KEY, PointerGetDatum(JsonText(details, "key")));
	RowSet(source, SOURCE_NAME, PointerGetDatum(name ? name : cstring_to_text("")));
	RowSet(source, SOURCE_GONE, BoolGetDatum(JsonText(details, "row") != NULL));
}

/* The details of an entry if they identify a row; else NULL. */
static Jsonb *
DetailsOfRow(const Row *entry)
{
	Jsonb	   *details = RowIsNull(entry, ENTRY_DETAILS) ? NULL :
		DatumGetJsonbP(entry->values[ENTRY_DETAILS]);

	if (details == NULL || RowTextIs(entry, ENTRY_EVENT, event_names[EVENT_ERASED]) ||
		JsonText(details, "source") == NULL || JsonText(details, "key") == NULL)
		return NULL;
	return details;
}

bool
SourceProject(Row *source, const Row *entry)
{
	Row		   *identified;
	Jsonb	   *details = DetailsOfRow(entry);
	bool		same = true;

	if (details == NULL)
		return false;
	identified = RowNew(&source_shape);
	ReadDetails(identified, details);
	for (int i = SOURCE_SOURCE; i <= SOURCE_GONE; i++)
		same = same && RowValueEqual(identified, i, source, i);
	if (same)
		return false;
	for (int i = SOURCE_SOURCE; i <= SOURCE_GONE; i++)
		RowCopyValue(source, i, identified, i);
	RowCopyValue(source, SOURCE_CUSTOMER, entry, ENTRY_CUSTOMER);
	RowCopyValue(source, SOURCE_PROMISE, entry, ENTRY_PROMISE);
	RowCopyValue(source, SOURCE_SEQ, entry, ENTRY_SEQ);
	return true;
}

/* ---- description ---- */

/* Quotes texts that are not one printable word. */
static void
AppendText(StringInfo out, const text *value, bool quoted)
{
	char	   *shown = text_to_cstring(value);

	for (const char *byte = shown; *byte && !quoted; byte++)
		quoted = *byte <= ' ' || *byte > '~';
	if (quoted || shown[0] == '\0')
		escape_json(out, shown);
	else
		appendStringInfoString(out, shown);
}

static void
DescribeFate(StringInfo out, Jsonb *details)
{
	text	   *row = JsonText(details, "row");
	text	   *moved_to = row ? JsonText(details, "moved_to") : NULL;
	text	   *moved_from = row ? NULL : JsonText(details, "moved_from");

	if (moved_to)
	{
		appendStringInfoString(out, "; the row now belongs to promise ");
		AppendText(out, moved_to, false);
	}
	else if (row && strcmp(text_to_cstring(row), fate_names[ROW_DELETED]) == 0)
		appendStringInfoString(out, "; the row is no longer in the table");
	else if (row)
		appendStringInfoString(out, "; the row no longer belongs to the promise");
	else if (moved_from)
	{
		appendStringInfoString(out, "; the row belonged to promise ");
		AppendText(out, moved_from, false);
		appendStringInfoString(out, " before");
	}
}

void
SourceDescribe(StringInfo out, const Row *entry)
{
	Jsonb	   *details = DetailsOfRow(entry);
	text	   *name = details ? JsonText(details, "name") : NULL;

	if (details == NULL)
		return;
	appendStringInfoString(out, " Recorded for a change of row ");
	AppendText(out, JsonText(details, "key"), false);
	appendStringInfoString(out, " of ");
	AppendText(out, JsonText(details, "source"), false);
	if (name && VARSIZE_ANY_EXHDR(name) > 0)
	{
		appendStringInfoString(out, " (");
		AppendText(out, name, true);
		appendStringInfoChar(out, ')');
	}
	DescribeFate(out, details);
	appendStringInfoChar(out, '.');
}

/* ---- trust.source ---- */

static State
StateOf(const char *name)
{
	int			state = name ? NameIndex(state_names, STATES, name) : -1;

	return state < 0 ? STATE_NONE : state;
}

/* Reads the columns PROMISE_OF_SOURCE; column is the number of the first one. */
static void
ReadSourcePromise(SourcePromise *found, uint64 row, int column)
{
	found->customer = DatumGetTextPCopy(ResultNotNull(row, column, TEXTOID));
	found->promise = *DatumGetUUIDP(ResultNotNull(row, column + 1, UUIDOID));
	found->state = StateOf(ResultText(row, column + 2));
	found->length = DatumGetInt64(ResultNotNull(row, column + 3, INT8OID));
}

bool
SourceFind(const char *source, const char *key, const char *name, SourcePromise *promise)
{
	Datum		values[3] = {
		CStringGetTextDatum(source), CStringGetTextDatum(key), CStringGetTextDatum(name)
	};
	bool		found = StatementWrite(&find_any, values, NULL) > 0;

	if (found)
	{
		SPI_freetuptable(SPI_tuptable);
		found = StatementWrite(&find_promise, values, NULL) > 0;
	}
	if (found)
		ReadSourcePromise(promise, 0, 1);
	SPI_freetuptable(SPI_tuptable);
	return found;
}

uint32
SourceRefused(const char *customer, const pg_uuid_t *promise)
{
	Datum		values[2] = {CStringGetTextDatum(customer), UUIDPGetDatum(promise)};
	uint64		rows = StatementWrite(&find_refused, values, NULL);
	uint32		refused = 0;

	for (uint64 row = 0; row < rows; row++)
		for (int i = 0; i < MAPPED_ARGUMENTS; i++)
			if (strcmp(command_columns[i].name, ResultTextNotNull(row, 1)) == 0)
				refused |= 1 << i;
	SPI_freetuptable(SPI_tuptable);
	return refused & (1 << COMMAND_DUE) ? refused | REFUSED_DUE : refused;
}

void
SourceFindMany(const char *source, Datum *keys, int count, SourceCallback callback, void *arg)
{
	Datum		values[2] = {
		CStringGetTextDatum(source),
		PointerGetDatum(construct_array(keys, count, TEXTOID, -1, false, TYPALIGN_INT))
	};
	uint64		rows = StatementWrite(&find_promises, values, NULL);

	for (uint64 i = 0; i < rows; i++)
	{
		SourcePromise promise;

		ReadSourcePromise(&promise, i, 3);
		callback(arg, ResultTextNotNull(i, 1), ResultTextNotNull(i, 2), &promise);
	}
	SPI_freetuptable(SPI_tuptable);
}

Row *
SourceRead(Datum customer, Datum promise)
{
	Datum		values[2] = {customer, promise};

	if (StatementWrite(&read_source, values, NULL) == 0)
		return NULL;
	return ResultRow(&source_shape);
}

void
SourcesInsert(const Row *const *sources, int count)
{
	GuardedRow *guarded = palloc0(sizeof(GuardedRow) * Max(count, 1));
	Expectation *expectation;

	for (int i = 0; i < count; i++)
		guarded[i].seq = RowInt64(sources[i], SOURCE_SEQ);
	if (count == 0)
		return;
	expectation = GuardExpect(GUARDED_SOURCE, guarded, count);
	if (count == 1)				/* the usual case; cheaper than an array of rows */
		CheckWritten(StatementWrite(&insert_one, sources[0]->values, NULL), 1, source_shape.table);
	else
		RowsInsert(&insert_source, LedgerRelation(source_shape.table), sources, count);
	GuardExpectEnd(expectation);
}

static void
Update(const Row *source, Expectation *expectation)
{
	CheckWritten(StatementWrite(&update_source, source->values, NULL), 1, source_shape.table);
	GuardExpectEnd(expectation);
}

void
SourceUpdate(const Row *source)
{
	Update(source, GuardExpectOne(GUARDED_SOURCE, RowInt64(source, SOURCE_SEQ), NULL));
}

void
SourceReplace(const Row *source)
{
	Update(source, GuardExpectRebuilt(GUARDED_SOURCE, RowInt64(source, SOURCE_SEQ), NULL));
}
