/*
 * score_events.c
 *		Reading all entries that bear on scores, one promise after the other.
 *
 * Rows are taken from the executor as they come, without a copy in between; one
 * promise's are kept at a time.  Sorting by promise beats reading by customer: a
 * uuid compares as a number, and the table is read from one end to the other.
 * What is sorted is narrow.
 */
#include "postgres.h"

#include "analysis/score_events.h"

#include "catalog/pg_type_d.h"
#include "executor/tuptable.h"
#include "tcop/dest.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

const char *const grouping_names[GROUPINGS] = {"customer", "promiser", "backer", "kind", "backing", "all"};

static const Column columns[SCORE_EVENT_COLUMNS] = {
	{"customer", TEXTOID}, {"seq", INT8OID}, {"promise", UUIDOID}, {"event", TEXTOID}, {"state", TEXTOID},
	{"occurred_at", TIMESTAMPTZOID}, {"recorded_at", TIMESTAMPTZOID}, {"stands", BOOLOID},
	{"promiser", TEXTOID}, {"kind", TEXTOID}, {"backer", TEXTOID}, {"overdue_at", TIMESTAMPTZOID},
	{"weight_kept", INT4OID}, {"weight_broken", INT4OID}, {"whose_word", TEXTOID}
};

/* Whoever of that name ever had to do with the promise; what holds when is seen on reading. */
static const char *const with_key[GROUPINGS] = {
	[BY_CUSTOMER] = " AND customer OPERATOR(pg_catalog.=) $1",
	[BY_PROMISER] = " AND promise OPERATOR(pg_catalog.=) ANY (SELECT e.promise FROM trust.entry e WHERE e.promiser OPERATOR(pg_catalog.=) $1)",
	[BY_BACKER] = " AND promise OPERATOR(pg_catalog.=) ANY (SELECT e.promise FROM trust.entry e WHERE e.backer OPERATOR(pg_catalog.=) $1)",
	[BY_KIND] = " AND promise OPERATOR(pg_catalog.=) ANY (SELECT e.promise FROM trust.entry e WHERE e.kind OPERATOR(pg_catalog.=) $1)"
};

/* What turns the column's name behind it into the name of a NULL. */
static const char *
NullOf(Oid type)
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
						 reader->leaves_out & (1 << i) ? NullOf(columns[i].type) : "", columns[i].name);
	appendStringInfo(&sql, " FROM trust.entry WHERE promise IS NOT NULL%s ORDER BY %spromise, seq",
					 keyed ? with_key[by] : "",
					 by == BY_CUSTOMER ? "customer COLLATE pg_catalog.\"C\", " : "");
	return sql.data;
}

typedef struct ScoreEventReceiver
{
	DestReceiver dest;			/* first: the executor knows only this */
	ScoreEventReader *reader;
	MemoryContext context;		/* of the promise at hand */
	char	   *customer;		/* NULL where that is left out */
	ScoreEvent	   *score_events;
	int			count;
	int			capacity;
} ScoreEventReceiver;

/* The promise's facts are complete. */
static void
PassOn(ScoreEventReceiver *receiver)
{
	if (receiver->count > 0)
		receiver->reader->promise(receiver->reader, receiver->customer, receiver->score_events, receiver->count);
	receiver->count = 0;
	MemoryContextReset(receiver->context);
}

/*
 * Which of the names the text is, or count.  Each of millions of rows has two to
 * be told apart: most names already differ in their length.
 */
static int
TextIndex(const TupleTableSlot *slot, int column, const char *const *names, const size_t *lengths, int count)
{
	text	   *stored = slot->tts_isnull[column] ? NULL : DatumGetTextPP(slot->tts_values[column]);
	size_t		length = stored ? VARSIZE_ANY_EXHDR(stored) : 0;

	for (int i = 0; i < count; i++)
		if (length == lengths[i] && memcmp(VARDATA_ANY(stored), names[i], length) == 0)
			return i;
	return count;
}

/* Constants, written when reading begins: always the same, whoever else is reading. */
static size_t event_lengths[EVENTS];
static size_t state_lengths[STATES];

static char *
TextOrNull(const TupleTableSlot *slot, int column)
{
	return slot->tts_isnull[column] ? NULL : TextDatumGetCString(slot->tts_values[column]);
}

static TimestampTz
InstantOr(const TupleTableSlot *slot, int column, TimestampTz otherwise)
{
	return slot->tts_isnull[column] ? otherwise : DatumGetTimestampTz(slot->tts_values[column]);
}

/* What people and tampering may have left in the tables is taken as it is; verify() tells. */
static void
TakeScoreEvent(ScoreEvent *score_event, const TupleTableSlot *slot)
{
	const Datum *values = slot->tts_values;
	const bool *nulls = slot->tts_isnull;

	score_event->promise = *DatumGetUUIDP(values[SCORE_EVENT_PROMISE]);
	score_event->seq = DatumGetInt64(values[SCORE_EVENT_SEQ]);
	score_event->event = TextIndex(slot, SCORE_EVENT_EVENT, event_names, event_lengths, EVENTS);
	score_event->state = TextIndex(slot, SCORE_EVENT_STATE, state_names, state_lengths, STATES);
	score_event->recorded_at = InstantOr(slot, SCORE_EVENT_RECORDED_AT, DT_NOEND);
	score_event->occurred_at = InstantOr(slot, SCORE_EVENT_OCCURRED_AT, DT_NOEND);
	score_event->stands = nulls[SCORE_EVENT_STANDS] || DatumGetBool(values[SCORE_EVENT_STANDS]);
	score_event->promiser = TextOrNull(slot, SCORE_EVENT_PROMISER);
	score_event->kind = TextOrNull(slot, SCORE_EVENT_KIND);
	score_event->backer = TextOrNull(slot, SCORE_EVENT_BACKER);
	score_event->whose_word = TextOrNull(slot, SCORE_EVENT_WHOSE_WORD);
	score_event->overdue_at = InstantOr(slot, SCORE_EVENT_OVERDUE_AT, DT_NOEND);
	score_event->has_overdue_at = !nulls[SCORE_EVENT_OVERDUE_AT];
	score_event->weighs = !nulls[SCORE_EVENT_WEIGHT_KEPT] && !nulls[SCORE_EVENT_WEIGHT_BROKEN];
	score_event->weight_kept = score_event->weighs ? DatumGetInt32(values[SCORE_EVENT_WEIGHT_KEPT]) : 0;
	score_event->weight_broken = score_event->weighs ? DatumGetInt32(values[SCORE_EVENT_WEIGHT_BROKEN]) : 0;
}

static void
MakeRoom(ScoreEventReceiver *receiver)
{
	if (receiver->count < receiver->capacity)
		return;
	receiver->capacity *= 2;
	receiver->score_events = repalloc_huge(receiver->score_events, sizeof(ScoreEvent) * receiver->capacity);
}

static bool
SamePromise(const ScoreEventReceiver *receiver, const TupleTableSlot *slot)
{
	return memcmp(DatumGetUUIDP(slot->tts_values[SCORE_EVENT_PROMISE]), &receiver->score_events[0].promise, sizeof(pg_uuid_t)) == 0;
}

static bool
ReceiveSlot(TupleTableSlot *slot, DestReceiver *self)
{
	ScoreEventReceiver *receiver = (ScoreEventReceiver *) self;
	MemoryContext previous;

	slot_getallattrs(slot);
	if (slot->tts_isnull[SCORE_EVENT_SEQ] ||
		(slot->tts_isnull[SCORE_EVENT_CUSTOMER] && !(receiver->reader->leaves_out & (1 << SCORE_EVENT_CUSTOMER))))
		RowWithoutKey("entry");
	if (receiver->count > 0 && !SamePromise(receiver, slot))
		PassOn(receiver);
	MakeRoom(receiver);
	previous = MemoryContextSwitchTo(receiver->context);
	if (receiver->count == 0)
		receiver->customer = TextOrNull(slot, SCORE_EVENT_CUSTOMER);
	TakeScoreEvent(&receiver->score_events[receiver->count++], slot);
	MemoryContextSwitchTo(previous);
	return true;
}

/* Tables may have been tampered with. */
static void
StartUp(DestReceiver *self pg_attribute_unused(), int operation pg_attribute_unused(), TupleDesc tupdesc)
{
	for (int i = 0; i < EVENTS; i++)
		event_lengths[i] = strlen(event_names[i]);
	for (int i = 0; i < STATES; i++)
		state_lengths[i] = strlen(state_names[i]);
	for (int i = 0; i < SCORE_EVENT_COLUMNS; i++)
		if (TupleDescAttr(tupdesc, i)->atttypid != columns[i].type)
			WrongType(NameStr(TupleDescAttr(tupdesc, i)->attname));
}

static void
Nothing(DestReceiver *self pg_attribute_unused())
{
}

/*
 * All facts, or those of promises that ever had to do with the key; by customer
 * in the order of customers.  Within a LedgerSession, on the caller's snapshot.
 */
void
ReadScoreEvents(ScoreEventReader *reader, Grouping by, const char *key)
{
	bool		keyed = key && with_key[by];
	ScoreEventReceiver receiver = {
		.dest = {ReceiveSlot, StartUp, Nothing, Nothing, DestNone},
		.reader = reader,
		.capacity = 64
	};
	SPIExecuteOptions options = {.read_only = true, .dest = &receiver.dest};

	/* not in the executor's memory: the last promise is passed on when that is gone */
	receiver.score_events = palloc(sizeof(ScoreEvent) * receiver.capacity);
	receiver.context = AllocSetContextCreate(CurrentMemoryContext, "trust_ledger facts", ALLOCSET_DEFAULT_SIZES);
	if (keyed)
	{
		options.params = makeParamList(1);
		options.params->params[0] = (ParamExternData) {CStringGetTextDatum(key), false, PARAM_FLAG_CONST, TEXTOID};
	}
	if (SPI_execute_extended(ScoreEventQuery(reader, by, keyed), &options) < 0)
		elog(ERROR, "SPI_execute failed: %s", SPI_result_code_string(SPI_result));
	PassOn(&receiver);
	MemoryContextDelete(receiver.context);
}
