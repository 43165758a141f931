/*
 * parked_present.c
 *		Compares a parked change with the row as it is now, and with later entries.
 *
 * A change waits while the application goes on.  What it says of the past is written as
 * it was, but never a promise that the row does not make any more, nor terms that it does
 * not have.
 */
#include "postgres.h"

#include "tracking/parked_present.h"

#include "access/xact.h"
#include "catalog/pg_type_d.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "base/owner_session.h"
#include "base/statement.h"
#include "promise/promise_source.h"
#include "tracking/change_apply.h"
#include "tracking/change_batch.h"
#include "tracking/mapped_row.h"
#include "tracking/tracked_table.h"
#include "tracking/trigger_condition.h"

static Statement find_later = STATEMENT(
	"SELECT xmin, recorded_at FROM trust.entry"
	" WHERE customer OPERATOR(pg_catalog.=) $1"
	"   AND promise OPERATOR(pg_catalog.=) $2"
	"   AND event OPERATOR(pg_catalog.=) $3"
	"   AND recorded_at OPERATOR(pg_catalog.>) $4"
	"   AND details OPERATOR(pg_catalog.?) 'source'",
	TEXTOID, UUIDOID, TEXTOID, TIMESTAMPTZOID);

#define DROP_HINT "If it is not to be written, drop it with trust_ledger.drop_parked()."

void
ParkedReadPresent(ParkedReading * reading, const TrackedChange *change)
{
	Changes		alone = ChangesFromArray(&change, 1);

	ChangesLock(reading->ledger, &alone);
	reading->present = TrackedRowByKey(reading->rel, reading->mapping,
									   reading->new ? reading->new : reading->old);
}

/* Whether the trigger would fire if the row had changed to what it is now. */
static bool
ConditionHolds(const ParkedReading * reading)
{
	OwnerSession session;
	bool		holds;

	OwnerEnter(reading->mapping->owner, &session);
	holds = TriggerConditionHolds(reading->rel,
								  MappingTrigger(reading->rel, reading->mapping->trigger),
								  reading->old, reading->present);
	OwnerLeave(&session);
	return holds;
}

/* Events that say what the row is, not only what happened to it. */
static bool
IsState(Event event)
{
	return event == EVENT_MADE || event == EVENT_PAUSED || event == EVENT_RESUMED;
}

static void
CheckRowHolds(const ParkedReading * reading, const TrackedChange *change)
{
	const char *event = event_names[change->event];

	if (change->operation == ROW_DELETE && reading->present)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("row %s of table %s exists again", change->key, change->table),
				 errdetail("The parked change says that it was deleted."),
				 errhint(DROP_HINT)));
	if (change->operation == ROW_DELETE || !IsState(change->event))
		return;
	if (reading->present == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("row %s of table %s does not exist any more", change->key, change->table),
				 errdetail("Event \"%s\" would be recorded of a row that was deleted, or has "
						   "another primary key.", event),
				 errhint(DROP_HINT)));
	if (!ConditionHolds(reading))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("row %s of table %s does not stand for event \"%s\" any more",
						change->key, change->table, event),
				 errdetail("The condition of trigger \"%s\" is not true for the row as it is now.",
						   change->trigger_name),
				 errhint(DROP_HINT)));
}

/* The promise of the row; false if it has none. */
static bool
FindPromise(const Ledger *ledger, const TrackedChange *change, SourcePromise *promise)
{
	LedgerSession session;
	bool		found;

	LedgerEnter(ledger, &session);
	found = SourceFind(change->source, change->old_key ? change->old_key : change->key,
					   change->name, promise) ||
		(change->old_key && SourceFind(change->source, change->key, change->name, promise));
	if (found)
	{
		MemoryContext previous = MemoryContextSwitchTo(session.caller);

		promise->customer = cstring_to_text(text_to_cstring(promise->customer));
		MemoryContextSwitchTo(previous);
	}
	LedgerLeave(&session);
	return found;
}

/* Whether one of the entries found is not of an earlier change that this call replayed. */
static bool
AnyOfOthers(TimestampTz begun_at, uint64 count)
{
	for (uint64 i = 0; i < count; i++)
		if (DatumGetTimestampTz(ResultNotNull(i, 2, TIMESTAMPTZOID)) < begun_at ||
			!TransactionIdIsCurrentTransactionId(DatumGetTransactionId(ResultNotNull(i, 1,
																					 XIDOID))))
			return true;
	return false;
}

/* What the row has said since must not be replaced by what it said before. */
static void
CheckNoLaterEntry(const ParkedReading * reading, const TrackedChange *change)
{
	SourcePromise promise;
	Datum		values[4];
	LedgerSession session;
	bool		later;

	if ((change->event != EVENT_MADE && change->event != EVENT_ASSESSED) ||
		change->operation == ROW_DELETE || !FindPromise(reading->ledger, change, &promise))
		return;
	values[0] = PointerGetDatum(promise.customer);
	values[1] = UUIDPGetDatum(&promise.promise);
	values[2] = CStringGetTextDatum(event_names[change->event]);
	values[3] = TimestampTzGetDatum(reading->parked_at);
	LedgerEnter(reading->ledger, &session);
	later = AnyOfOthers(reading->begun_at, StatementWrite(&find_later, values, NULL));
	LedgerLeave(&session);
	if (later)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("row %s of table %s has a later %s", change->key, change->table,
						change->event == EVENT_MADE ? "promise" : "verdict"),
				 errdetail("It was recorded after the change had been parked."),
				 errhint(DROP_HINT)));
}

void
ParkedCheckHolds(const ParkedReading * reading, const TrackedChange *change)
{
	CheckRowHolds(reading, change);
	CheckNoLaterEntry(reading, change);
}

/* Whether the promise of the row is open and has other terms than the row. */
static bool
Differs(const ParkedReading * reading, const TrackedChange *change)
{
	SourcePromise promise;
	LedgerSession session;
	bool		differs;

	if (!FindPromise(reading->ledger, change, &promise) || promise.state > STATE_OPEN)
		return false;
	LedgerEnter(reading->ledger, &session);
	differs = !RowMatchesPromise(reading->ledger, change, text_to_cstring(promise.customer),
								 promise.promise);
	LedgerLeave(&session);
	return differs;
}

const TrackedChange *
ParkedPresentTerms(const ParkedReading * reading, const TrackedChange *change)
{
	TrackedChange *terms;

	if (!reading->last || reading->present == NULL ||
		(change->event != EVENT_MADE && change->event != EVENT_AMENDED))
		return NULL;
	terms = ChangeOfPresentTerms(reading->mapping, reading->ledger, reading->present,
								 RelationGetDescr(reading->rel));
	if (!Differs(reading, terms))
		return NULL;
	ChangeSetActor(terms, reading->ledger, NULL, GetUserId());
	return terms;
}
