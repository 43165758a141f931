/*
 * score_events.c
 *		Reading the entries that affect scores, promise by promise.
 *
 * Rows come straight from the executor through a DestReceiver, without a copy in
 * between, and only one promise's rows are kept at a time.  Sorting by promise is
 * cheaper than reading by customer: uuids compare fast, the table is read
 * sequentially, and the sorted rows are narrow.
 */
#include "postgres.h"

#include "analysis/score_events.h"

#include "catalog/pg_type_d.h"
#include "executor/tuptable.h"
#include "tcop/dest.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

const char *const grouping_names[GROUPINGS] = {
	"customer", "promiser", "backer", "kind", "backing", "all"
};

static const Column columns[SCORE_EVENT_COLUMNS] = {
	{"customer", TEXTOID}, {"seq", INT8OID}, {"promise", UUIDOID}, {"event", TEXTOID},
	{"state", TEXTOID}, {"occurred_at", TIMESTAMPTZOID}, {"recorded_at", TIMESTAMPTZOID},
	{"stands", BOOLOID}, {"promiser", TEXTOID}, {"kind", TEXTOID}, {"backer", TEXTOID},
	{"due", TIMESTAMPTZOID}, {"overdue_at", TIMESTAMPTZOID}, {"weight_kept", INT4OID},
	{"weight_broken", INT4OID}, {"whose_word", TEXTOID}
};

#define ENTRIES_OF_PROMISES_WITH(column) \
	" AND promise OPERATOR(pg_catalog.=) ANY (SELECT e.promise" \
	" FROM trust.entry e" \
	" WHERE e." column " OPERATOR(pg_catalog.=) ANY ($1))"

/*
 * An amendment can change the promiser or the kind, and a backer can withdraw.
 * So these select all entries of each promise that had one of the keys at any time.
 */
static const char *const key_conditions[GROUPINGS] = {
	[BY_CUSTOMER] = " AND customer OPERATOR(pg_catalog.=) ANY ($1)",
	[BY_PROMISER] = ENTRIES_OF_PROMISES_WITH("promiser"),
	[BY_BACKER] = ENTRIES_OF_PROMISES_WITH("backer"),
	[BY_KIND] = ENTRIES_OF_PROMISES_WITH("kind")
};

/* A NULL of that type, to be followed by the column's name. */
static const char *
NullAs(Oid type)
{
	return type == TEXTOID ? "NULL::pg_catalog.text AS " : "NULL::pg_catalog.timestamptz AS ";
}

static char *
ScoreEventQuery(const ScoreEventReader *reader, Grouping by, bool keyed)
{
	StringInfoData sql;

	initStringInfo(&sql);
	for (int i = 0; i < SCORE_EVENT_COLUMNS; i++)
		appendStringInfo(&sql, "%s%s%s", i ? ", " : "SELECT ",
						 reader->skipped_columns & (1 << i) ? NullAs(columns[i].type) : "",
						 columns[i].name);
	appendStringInfo(&sql,
					 " FROM trust.entry"
					 " WHERE promise IS NOT NULL%s"
					 " ORDER BY %spromise, seq",
					 keyed ? key_conditions[by] : "",
					 by == BY_CUSTOMER ? "customer COLLATE pg_catalog.\"C\", " : "");
	return sql.data;
}

typedef struct ScoreEventReceiver
{
	DestReceiver dest;			/* must be first */
	ScoreEventReader *reader;
	MemoryContext context;		/* holds the strings of the current promise */
	char	   *customer;		/* NULL if skipped */
	ScoreEvent *events;
	int			count;
	int			capacity;
} ScoreEventReceiver;

static void
ProcessPromise(ScoreEventReceiver *receiver)
{
	ScoreEventReader *reader = receiver->reader;
	MemoryContext previous = MemoryContextSwitchTo(receiver->context);

	if (receiver->count > 0)
		reader->process_promise(reader, receiver->customer, receiver->events, receiver->count);
	receiver->count = 0;
	MemoryContextSwitchTo(previous);
	MemoryContextReset(receiver->context);
}

/*
 * The index of the column's text among the names, or count if it is none of
 * them.  This runs twice per entry, so it compares the lengths first: most names
 * differ in length.
 */
static int
TextIndex(const TupleTableSlot *slot, int column, const char *const *names,
		  const size_t *lengths, int count)
{
	text	   *stored = slot->tts_isnull[column] ? NULL : DatumGetTextPP(slot->tts_values[column]);
	size_t		length = stored ? VARSIZE_ANY_EXHDR(stored) : 0;

	for (int i = 0; i < count; i++)
		if (length == lengths[i] && memcmp(VARDATA_ANY(stored), names[i], length) == 0)
			return i;
	return count;
}

/* Constant once set.  Each StartUp() sets them to the same values, so nesting is harmless. */
static size_t event_lengths[EVENTS];
static size_t state_lengths[STATES];

static char *
TextOrNull(const TupleTableSlot *slot, int column)
{
	return slot->tts_isnull[column] ? NULL : TextDatumGetCString(slot->tts_values[column]);
}

static TimestampTz
TimestampOrDefault(const TupleTableSlot *slot, int column, TimestampTz default_value)
{
	return slot->tts_isnull[column] ? default_value : DatumGetTimestampTz(slot->tts_values[column]);
}

/* Does not validate: a table may have been altered, and verify() reports that. */
static void
FillScoreEvent(ScoreEvent *event, const TupleTableSlot *slot)
{
	const Datum *values = slot->tts_values;
	const bool *nulls = slot->tts_isnull;

	event->promise = *DatumGetUUIDP(values[SCORE_EVENT_PROMISE]);
	event->seq = DatumGetInt64(values[SCORE_EVENT_SEQ]);
	event->event = TextIndex(slot, SCORE_EVENT_EVENT, event_names, event_lengths, EVENTS);
	event->state = TextIndex(slot, SCORE_EVENT_STATE, state_names, state_lengths, STATES);
	event->recorded_at = TimestampOrDefault(slot, SCORE_EVENT_RECORDED_AT, DT_NOEND);
	event->occurred_at = TimestampOrDefault(slot, SCORE_EVENT_OCCURRED_AT, DT_NOEND);
	event->stands = nulls[SCORE_EVENT_STANDS] || DatumGetBool(values[SCORE_EVENT_STANDS]);
	event->promiser = TextOrNull(slot, SCORE_EVENT_PROMISER);
	event->kind = TextOrNull(slot, SCORE_EVENT_KIND);
	event->backer = TextOrNull(slot, SCORE_EVENT_BACKER);
	event->whose_word = TextOrNull(slot, SCORE_EVENT_WHOSE_WORD);
	event->due = TimestampOrDefault(slot, SCORE_EVENT_DUE, DT_NOBEGIN);
	event->overdue_at = TimestampOrDefault(slot, SCORE_EVENT_OVERDUE_AT, DT_NOEND);
	event->has_overdue_at = !nulls[SCORE_EVENT_OVERDUE_AT];
	event->weighs = !nulls[SCORE_EVENT_WEIGHT_KEPT] && !nulls[SCORE_EVENT_WEIGHT_BROKEN];
	event->weight_kept =
		event->weighs ? DatumGetInt32(values[SCORE_EVENT_WEIGHT_KEPT]) : 0;
	event->weight_broken =
		event->weighs ? DatumGetInt32(values[SCORE_EVENT_WEIGHT_BROKEN]) : 0;
}

static void
EnlargeBuffer(ScoreEventReceiver *receiver)
{
	if (receiver->count < receiver->capacity)
		return;
	receiver->capacity *= 2;
	receiver->events = repalloc_huge(receiver->events, sizeof(ScoreEvent) * receiver->capacity);
}

static bool
SamePromise(const ScoreEventReceiver *receiver, const TupleTableSlot *slot)
{
	return memcmp(DatumGetUUIDP(slot->tts_values[SCORE_EVENT_PROMISE]),
				  &receiver->events[0].promise, sizeof(pg_uuid_t)) == 0;
}

static bool
ReceiveSlot(TupleTableSlot *slot, DestReceiver *self)
{
	ScoreEventReceiver *receiver = (ScoreEventReceiver *) self;
	bool		reads_customer =
		!(receiver->reader->skipped_columns & (1 << SCORE_EVENT_CUSTOMER));
	MemoryContext previous;

	slot_getallattrs(slot);
	if (slot->tts_isnull[SCORE_EVENT_SEQ] ||
		(slot->tts_isnull[SCORE_EVENT_CUSTOMER] && reads_customer))
		RowWithoutKey("entry");
	if (receiver->count > 0 && !SamePromise(receiver, slot))
		ProcessPromise(receiver);
	EnlargeBuffer(receiver);
	previous = MemoryContextSwitchTo(receiver->context);
	if (receiver->count == 0)
		receiver->customer = TextOrNull(slot, SCORE_EVENT_CUSTOMER);
	FillScoreEvent(&receiver->events[receiver->count++], slot);
	MemoryContextSwitchTo(previous);
	return true;
}

static void
StartUp(DestReceiver *self pg_attribute_unused(), int operation pg_attribute_unused(),
		TupleDesc tupdesc)
{
	for (int i = 0; i < EVENTS; i++)
		event_lengths[i] = strlen(event_names[i]);
	for (int i = 0; i < STATES; i++)
		state_lengths[i] = strlen(state_names[i]);
	/* the table may have been altered */
	for (int i = 0; i < SCORE_EVENT_COLUMNS; i++)
		if (TupleDescAttr(tupdesc, i)->atttypid != columns[i].type)
			WrongType(NameStr(TupleDescAttr(tupdesc, i)->attname));
}

static void
DoNothing(DestReceiver *self pg_attribute_unused())
{
}

Datum
TextArrayDatum(const List *texts)
{
	Datum	   *elements = palloc(sizeof(Datum) * list_length(texts));
	const ListCell *cell;

	foreach(cell, texts)
		elements[foreach_current_index(cell)] = CStringGetTextDatum(lfirst(cell));
	return PointerGetDatum(construct_array(elements, list_length(texts), TEXTOID, -1, false,
										   TYPALIGN_INT));
}

void
ReadScoreEvents(ScoreEventReader *reader, Grouping by, const List *keys)
{
	bool		keyed = keys && key_conditions[by];
	ScoreEventReceiver receiver = {
		.dest = {ReceiveSlot, StartUp, DoNothing, DoNothing, DestNone},
		.reader = reader,
		.capacity = 64
	};
	SPIExecuteOptions options = {.read_only = true, .dest = &receiver.dest};

	/* not in the executor's memory, which is gone when the last promise is processed */
	receiver.events = palloc(sizeof(ScoreEvent) * receiver.capacity);
	receiver.context = AllocSetContextCreate(CurrentMemoryContext, "trust_ledger score events",
											 ALLOCSET_DEFAULT_SIZES);
	if (keyed)
	{
		options.params = makeParamList(1);
		options.params->params[0] = (ParamExternData) {
			TextArrayDatum(keys), false, PARAM_FLAG_CONST, TEXTARRAYOID
		};
	}
	if (SPI_execute_extended(ScoreEventQuery(reader, by, keyed), &options) < 0)
		elog(ERROR, "SPI_execute failed: %s", SPI_result_code_string(SPI_result));
	ProcessPromise(&receiver);
	MemoryContextDelete(receiver.context);
}
