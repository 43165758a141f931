/*
 * exceptions.c
 *		promise_exceptions(): the exceptions of promises, in one pass over trust.promise.
 *
 * Rows come straight from the executor through a DestReceiver, without a copy in between.
 * A second pass is made only if something needs it.
 */
#include "postgres.h"

#include "analysis/exception_totals.h"

#include "access/xact.h"
#include "catalog/pg_type_d.h"
#include "executor/spi.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "tcop/dest.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/memutils.h"
#include "utils/tuplestore.h"

#include "analysis/eased_rules.h"
#include "analysis/eased_settings.h"
#include "analysis/entry_exceptions.h"
#include "analysis/scanned_actors.h"
#include "base/statement.h"
#include "governance/access.h"

PG_FUNCTION_INFO_V1(promise_exceptions);

/* Their ids begin with the time when they were recorded. */
static Statement read_first_promise = STATEMENT_WITHOUT_ARGS(
	"SELECT recorded_at FROM trust.promise ORDER BY promise LIMIT 1");

enum
{
	EXCEPTION_WHAT,
	EXCEPTION_SINCE,
	EXCEPTION_CUSTOMER,
	EXCEPTION_PROMISE,
	EXCEPTION_SUBJECT,
	EXCEPTION_PROMISER,
	EXCEPTION_KIND,
	EXCEPTION_STATE,
	EXCEPTION_DETAIL,
	EXCEPTION_COLUMNS
};

/* Columns of the result that are those of the promise. */
static const struct
{
	int			result;
	int			promise;
}			promise_columns[] = {
	{EXCEPTION_CUSTOMER, PROMISE_CUSTOMER}, {EXCEPTION_PROMISE, PROMISE_PROMISE},
	{EXCEPTION_PROMISER, PROMISE_PROMISER}, {EXCEPTION_KIND, PROMISE_KIND},
	{EXCEPTION_STATE, PROMISE_STATE}
};

static void
Put(const ExceptionScan *scan, const Exception *exception, const Row *promise)
{
	Datum		values[EXCEPTION_COLUMNS] = {0};
	bool		nulls[EXCEPTION_COLUMNS] = {0};

	values[EXCEPTION_WHAT] = CStringGetTextDatum(exception->what);
	nulls[EXCEPTION_SINCE] = exception->since == DT_NOBEGIN;
	values[EXCEPTION_SINCE] = TimestampTzGetDatum(exception->since);
	nulls[EXCEPTION_SUBJECT] = exception->subject == NULL;
	if (exception->subject)
		values[EXCEPTION_SUBJECT] = CStringGetTextDatum(exception->subject);
	values[EXCEPTION_DETAIL] = CStringGetTextDatum(exception->detail);
	for (size_t i = 0; i < lengthof(promise_columns); i++)
	{
		nulls[promise_columns[i].result] = !promise ||
			promise->nulls[promise_columns[i].promise];
		if (promise)
			values[promise_columns[i].result] = promise->values[promise_columns[i].promise];
	}
	if (!promise)
	{
		nulls[EXCEPTION_CUSTOMER] = false;
		values[EXCEPTION_CUSTOMER] = CStringGetTextDatum("");
	}
	tuplestore_putvalues(scan->result->setResult, scan->result->setDesc, values, nulls);
}

void
PutException(const ExceptionScan *scan, const Exception *exception)
{
	Put(scan, exception, scan->promise);
}

void
PutTotal(const ExceptionScan *scan, const Exception *exception)
{
	Put(scan, exception, NULL);
}

Row *
ExceptionPromiseCopy(const ExceptionScan *scan)
{
	MemoryContext previous = MemoryContextSwitchTo(scan->context);
	Row		   *copy = RowNew(&promise_shape);

	for (int i = 0; i < PROMISE_COLUMNS; i++)
	{
		int16		typlen;
		bool		typbyval;

		if (scan->promise->nulls[i] || i == PROMISE_WORDS || i == PROMISE_PURPOSE)
			continue;
		ColumnStorage(promise_shape.columns[i].type, &typlen, &typbyval);
		RowSet(copy, i, datumCopy(scan->promise->values[i], typbyval, typlen));
	}
	MemoryContextSwitchTo(previous);
	return copy;
}

/* ---- reading ---- */

typedef struct PromiseReceiver
{
	DestReceiver dest;			/* must be first */
	ExceptionScan *scan;
	void		(*look) (struct PromiseReceiver *receiver);
	MemoryContext row_context;	/* reset after each row */
	ImportRuns	runs;
	BackingBursts bursts;
	UsualTimes	times;
	RemadePromises remade;
	EasedRules	rules;
	EasedSettings settings;
	bool		has_unconfirmed;
} PromiseReceiver;

static TimestampTz
FirstRecordedAt(void)
{
	bool		none = StatementRead(&read_first_promise, NULL, NULL) == 0;
	TimestampTz first = none ? DT_NOEND :
		DatumGetTimestampTz(ResultNotNull(0, 1, TIMESTAMPTZOID));

	SPI_freetuptable(SPI_tuptable);
	return first;
}

static void
LookFirst(PromiseReceiver *receiver)
{
	const ExceptionScan *scan = receiver->scan;

	PutPromiseExceptions(scan);
	ImportRunsAdd(&receiver->runs, scan);
	BackingBurstsAdd(&receiver->bursts, scan);
	UsualTimesAdd(&receiver->times, scan);
	RemadePromisesAdd(&receiver->remade, scan);
	EasedRulesAdd(&receiver->rules, scan);
	EasedSettingsAdd(&receiver->settings, scan);
	receiver->has_unconfirmed |= !RowIsNull(scan->promise, PROMISE_UNCONFIRMED);
}

static void
LookAgain(PromiseReceiver *receiver)
{
	UsualTimesPut(&receiver->times, receiver->scan);
	RemadePromisesPut(&receiver->remade, receiver->scan);
}

static bool
ReceiveSlot(TupleTableSlot *slot, DestReceiver *self)
{
	PromiseReceiver *receiver = (PromiseReceiver *) self;
	Row			promise = {&promise_shape, slot->tts_values, slot->tts_isnull};
	MemoryContext previous;

	slot_getallattrs(slot);
	if (RowIsNull(&promise, PROMISE_CUSTOMER) || RowIsNull(&promise, PROMISE_PROMISE))
		RowWithoutKey(promise_shape.table);
	previous = MemoryContextSwitchTo(receiver->row_context);
	receiver->scan->promise = &promise;
	receiver->scan->state = PromiseState(&promise);
	receiver->look(receiver);
	MemoryContextSwitchTo(previous);
	MemoryContextReset(receiver->row_context);
	return true;
}

static void
StartUp(DestReceiver *self pg_attribute_unused(), int operation pg_attribute_unused(),
		TupleDesc tupdesc)
{
	int			attnums[ROW_MAX_COLUMNS];

	RowMap(&promise_shape, tupdesc, attnums);	/* the table may have been altered */
}

static void
DoNothing(DestReceiver *self pg_attribute_unused())
{
}

static void
ReadPromises(PromiseReceiver *receiver, void (*look) (PromiseReceiver *receiver))
{
	SPIExecuteOptions options = {.read_only = true, .dest = &receiver->dest};
	char	   *sql = psprintf("SELECT %s FROM trust.promise", RowColumnList(&promise_shape));

	receiver->look = look;
	if (SPI_execute_extended(sql, &options) < 0)
		elog(ERROR, "SPI_execute failed: %s", SPI_result_code_string(SPI_result));
}

/*
 * promise_exceptions() returns setof (what text, since timestamptz, customer text,
 *		promise uuid, subject text, promiser text, kind text, state text, detail text)
 *		The rows of view trust.exception that follow from promises, sources and entries.
 *		What concerns several promises has the empty customer and no promise.  Level
 *		application, analyst, auditor or admin.  Errors: TL004.
 */
Datum
promise_exceptions(PG_FUNCTION_ARGS)
{
	const Ledger *ledger = LedgerOpen();
	LedgerSession session;
	ExceptionScan scan = {
		.now = GetCurrentTransactionStartTimestamp(),
		.result = (ReturnSetInfo *) fcinfo->resultinfo
	};
	PromiseReceiver receiver = {
		.dest = {ReceiveSlot, StartUp, DoNothing, DoNothing, DestNone}, .scan = &scan
	};

	CheckAccess(ledger, GetUserId(), LEVELS_READING, "read exceptions");
	InitMaterializedSRF(fcinfo, 0);
	LedgerEnter(ledger, &session);
	scan.context = AllocSetContextCreate(CurrentMemoryContext, "trust_ledger exceptions",
										 ALLOCSET_DEFAULT_SIZES);
	receiver.row_context = AllocSetContextCreate(scan.context, "trust_ledger exceptions of a row",
												 ALLOCSET_DEFAULT_SIZES);
	scan.first_recorded_at = FirstRecordedAt();
	ReadScannedActors(&scan);
	ImportRunsBegin(&receiver.runs, &scan);
	BackingBurstsBegin(&receiver.bursts, &scan);
	UsualTimesBegin(&receiver.times, &scan);
	RemadePromisesBegin(&receiver.remade, &scan);
	EasedRulesBegin(&receiver.rules, &scan);
	EasedSettingsBegin(&receiver.settings, &scan);
	ReadPromises(&receiver, LookFirst);
	MemoryContextSwitchTo(scan.context);
	ImportRunsPut(&receiver.runs, &scan);
	BackingBurstsPut(&receiver.bursts, &scan);
	EasedRulesPut(&receiver.rules, &scan);
	EasedSettingsPut(&receiver.settings, &scan);
	if (UsualTimesHaveFar(&receiver.times) || RemadePromisesHaveWithdrawn(&receiver.remade))
		ReadPromises(&receiver, LookAgain);
	PutEntryExceptions(&scan, receiver.has_unconfirmed);
	MemoryContextDelete(scan.context);
	LedgerLeave(&session);
	return (Datum) 0;
}
