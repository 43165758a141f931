/*
 * change_apply.c
 *		Writes the events that follow from changes of tracked rows.
 *
 * Each event is written by the same code as a call of its SQL function, with the same
 * checks.
 */
#include "postgres.h"

#include "tracking/change_apply.h"

#include "catalog/pg_type_d.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "base/duration.h"
#include "base/statement.h"
#include "promise/dispatch.h"
#include "promise/same_value.h"
#include "promise/terms.h"
#include "tracking/mapped_due.h"

static Statement find_recorded = STATEMENT(
	"SELECT verdict FROM trust.entry"
	" WHERE customer OPERATOR(pg_catalog.=) $1"
	"   AND promise OPERATOR(pg_catalog.=) $2"
	"   AND event OPERATOR(pg_catalog.=) $3"
	"   AND (event OPERATOR(pg_catalog.<>) 'assessed' OR actor OPERATOR(pg_catalog.=) $4)"
	" ORDER BY seq DESC LIMIT 1",
	TEXTOID, UUIDOID, TEXTOID, TEXTOID);

/* The due time as the terms last stated it, before later pauses extended it. */
static Statement find_stated_due = STATEMENT(
	"SELECT e.due FROM ("
	"   SELECT seq, event, due, pg_catalog.lag(due) OVER (ORDER BY seq) AS before"
	"   FROM trust.entry"
	"   WHERE customer OPERATOR(pg_catalog.=) $1"
	"     AND promise OPERATOR(pg_catalog.=) $2"
	"     AND stands IS NOT FALSE"
	"     AND event OPERATOR(pg_catalog.=)"
	"         ANY ('{made,amended,paused,resumed}'::pg_catalog.text[])) AS e"
	" WHERE e.event OPERATOR(pg_catalog.=) ANY ('{made,amended}'::pg_catalog.text[])"
	"   AND (e.before IS NULL OR e.due OPERATOR(pg_catalog.<>) e.before)"
	" ORDER BY e.seq DESC LIMIT 1",
	TEXTOID, UUIDOID);

void
ChangeErrorContext(void *arg)
{
	const TrackedChange *change = ((const CurrentChange *) arg)->change;

	if (change)
		errcontext("trigger \"%s\" of table %s, row %s",
				   change->trigger_name, change->table, change->key);
}

/* Bit per COMMAND_...: values of the row that the ledger does not have after this event. */
static uint32
StillRefused(const PlannedEvent *planned, Event event)
{
	if (event == EVENT_NOTED)
		return planned->refused;
	return event == EVENT_AMENDED && planned->change->only_changed ?
		planned->refused & ~planned->change->changed : 0;
}

/* Writes the event with those arguments.  clear is a text[] of columns, or 0. */
static void
RunCommand(ActGroup *group, const PlannedEvent *planned, Event event, const Row *mapped,
		   Datum clear)
{
	const TrackedChange *change = planned->change;
	Origin		origin = {
		.level_of = change->level_of, .login = change->login, .role = change->role,
		.details = SourceDetails(change->source, change->key, change->name,
								 planned->fate, planned->other,
								 StillRefused(planned, event))
	};
	Command		command;

	CommandFromRow(&command, &promise_functions[event], mapped);
	command.origin = &origin;
	command.group = group;
	CommandSet(&command, COMMAND_PROMISE, UUIDPGetDatum(&planned->promise));
	if (clear != (Datum) 0)
		CommandSet(&command, COMMAND_CLEAR, clear);
	CommandRun(&command);
}

/* ---- amendments ---- */

static bool
WasPaused(const Row *promise)
{
	return IntervalMicroseconds(DatumGetIntervalP(promise->values[PROMISE_PAUSED_FOR]),
								"paused_for") != 0;
}

/* The promise's due time without the time of its pauses.  All its entries must be written. */
static TimestampTz
StatedDue(const Row *promise)
{
	Datum		values[2] = {promise->values[PROMISE_CUSTOMER], promise->values[PROMISE_PROMISE]};
	TimestampTz due = RowInstant(promise, PROMISE_DUE);

	if (!WasPaused(promise))
		return due;
	if (StatementWrite(&find_stated_due, values, NULL) > 0)
		due = DatumGetTimestampTz(ResultNotNull(0, 1, TIMESTAMPTZOID));
	SPI_freetuptable(SPI_tuptable);
	return due;
}

/* Whether the row's day or local time was this due time in a zone that the ledger has had. */
static bool
WasDueInFormerZone(const Ledger *ledger, const TrackedChange *change, int field, TimestampTz due)
{
	ListCell   *cell;

	if (change->mapping == NULL || !MappedDueIsLocal(change->mapping))
		return false;
	foreach(cell, LedgerZones())
	{
		if (MappedDue(change->mapped, field, ledger->zone, lfirst(cell)) == due)
			return true;
	}
	return false;
}

/*
 * As FieldDiffers(), for the due time.  If all is compared, a row without due time does
 * not differ, since a policy may have set it; a row may have the due time before or after
 * pauses extended it, and a day or local time may be one of a former zone of the ledger.
 */
static bool
DueDiffers(const Ledger *ledger, const TrackedChange *change, bool whole, const Row *promise,
		   int field)
{
	TimestampTz due;
	TimestampTz stated;

	if (RowIsNull(change->mapped, field))
		return !whole && !RowIsNull(promise, PROMISE_DUE);
	if (RowIsNull(promise, PROMISE_DUE))
		return true;
	due = MappedDue(change->mapped, field, ledger->zone, ledger->zone);
	if (!whole || RowInstant(promise, PROMISE_DUE) == due)
		return RowInstant(promise, PROMISE_DUE) != due;
	stated = StatedDue(promise);
	return stated != due && !WasDueInFormerZone(ledger, change, field, stated);
}

/*
 * Whether a field of the row differs from the promise.  whole: all fields are compared,
 * not only those that changed; then texts that were erased are not taken from the row.
 */
static bool
FieldDiffers(const Ledger *ledger, const TrackedChange *change, bool whole, const Row *promise,
			 int field, int column)
{
	if (column == PROMISE_DUE)
		return DueDiffers(ledger, change, whole, promise, field);
	if (whole && (column == PROMISE_WORDS || column == PROMISE_PURPOSE) &&
		RowIsNull(promise, PROMISE_WORDS))
		return false;
	return !RowSameValue(change->mapped, field, promise, column);
}

/*
 * Bit per field that differs from the promise: of all fields, or of those that changed
 * and those that were refused before.
 */
static uint32
AmendedFields(const Ledger *ledger, const TrackedChange *change, bool whole, uint32 refused,
			  const Row *promise)
{
	uint32		asked = change->fields & (whole ? ~(uint32) 0 : change->changed | refused);
	uint32		fields = 0;

	for (int i = 0; i < TERMS; i++)
	{
		int			field = terms[i].argument;

		/* the drafter of new words is stated together with them, and never cleared */
		if (field == COMMAND_DRAFTED_BY && (whole || RowIsNull(change->mapped, field)))
			continue;
		if (!terms[i].fixed && (asked & (1 << field)) &&
			FieldDiffers(ledger, change, whole, promise, field, terms[i].promise))
			fields |= 1 << field;
	}
	return fields;
}

bool
RowMatchesPromise(const Ledger *ledger, const TrackedChange *change, char *customer,
				  pg_uuid_t promise)
{
	Chain		chain = {.customer = cstring_to_text(customer)};
	bool		same = !(change->fields & (1 << COMMAND_CUSTOMER)) ||
		RowTextIs(change->mapped, COMMAND_CUSTOMER, customer);

	if (same)
		same = AmendedFields(ledger, change, true, 0,
							 PromiseRead(&chain, UUIDPGetDatum(&promise), false)) == 0;
	return same;
}

static void
WriteNote(ActGroup *group, const PlannedEvent *planned, Event event, const char *note)
{
	Row		   *noted = RowNew(&mapped_shape);

	RowCopyValue(noted, COMMAND_ACTOR, planned->change->mapped, COMMAND_ACTOR);
	RowSetText(noted, COMMAND_REASON, note);
	RunCommand(group, planned, event, noted, (Datum) 0);
}

/* A note that the row has another key, unless the promise's source has that key already. */
static void
WriteKeyNote(ActGroup *group, const PlannedEvent *planned)
{
	const Row  *source = ActGroupHold(group, UUIDPGetDatum(&planned->promise))->source;

	if (planned->change->old_key && !RowTextIs(source, SOURCE_KEY, planned->change->key))
		WriteNote(group, planned, EVENT_NOTED, "The primary key of the row changed.");
}

static void
ApplyAmendment(const Ledger *ledger, ActGroup *group, const PlannedEvent *planned)
{
	const Row  *promise = ActGroupHold(group, UUIDPGetDatum(&planned->promise))->promise;
	uint32		fields;
	Row		   *mapped = RowNew(&mapped_shape);
	Datum		clear[TERMS];
	int			cleared = 0;

	if (planned->compares_all && group->changed && WasPaused(promise))
		ActGroupWrite(group);	/* StatedDue() reads entries of pauses */
	fields = AmendedFields(ledger, planned->change, planned->compares_all,
						   planned->change->only_changed ? 0 : planned->refused, promise);
	if (!planned->compares_all && PromiseState(promise) > STATE_OPEN)
	{
		if (planned->change->changed == 0)
			WriteKeyNote(group, planned);
		else
			WriteNote(group, planned, EVENT_NOTED,
					  "The terms in its row changed after the promise was settled.");
		return;
	}
	if (fields == 0)
	{
		WriteKeyNote(group, planned);
		return;
	}
	for (int i = 0; i < MAPPED_ARGUMENTS; i++)
		RowCopyValue(mapped, i, planned->change->mapped, i);
	if (planned->compares_all)	/* occurred_at was mapped for the event made */
		RowClear(mapped, COMMAND_OCCURRED_AT);
	for (int i = 0; i < TERMS; i++)
	{
		int			field = terms[i].argument;

		if (!(fields & (1 << field)))
			RowClear(mapped, field);
		else if (RowIsNull(mapped, field) && terms[i].clears)
			clear[cleared++] = CStringGetTextDatum(promise_shape.columns[terms[i].promise].name);
		else if (RowIsNull(mapped, field) && field == COMMAND_WORDS)
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("cannot set the words of a promise to null"),
					 errhint("Withdraw the promise, or erase its words "
							 "with trust_ledger.erase_words().")));
	}
	RunCommand(group, planned, EVENT_AMENDED, mapped,
			   cleared ?
			   PointerGetDatum(construct_array(clear, cleared, TEXTOID, -1, false, TYPALIGN_INT)) :
			   (Datum) 0);
	WriteKeyNote(group, planned);
}

/* ---- events that are recorded already ---- */

/* Whether the event would leave the promise as it is. */
static bool
IsInEffect(const Row *promise, Event event, const Row *mapped)
{
	switch (event)
	{
		case EVENT_ASSESSED:
			return RowSameValue(promise, PROMISE_OUTCOME, mapped, COMMAND_VERDICT);
		case EVENT_ACCEPTED:
			return !RowIsNull(promise, PROMISE_ACCEPTED_AT);
		case EVENT_PAUSED:
			return !RowIsNull(promise, PROMISE_PAUSED_AT);
		case EVENT_RESUMED:
			return RowIsNull(promise, PROMISE_PAUSED_AT);
		case EVENT_BACKED:
			return RowSameValue(promise, PROMISE_BACKER, mapped, COMMAND_BACKER);
		case EVENT_BREACH_ADMITTED:
			return !RowIsNull(promise, PROMISE_ADMITTED_AT);
		case EVENT_BREACH_REPAIRED:
			return !RowIsNull(promise, PROMISE_REPAIRED_AT);
		case EVENT_WITHDRAWN:
		case EVENT_RELEASED:
			return RowTextIs(promise, PROMISE_SETTLED_BY, event_names[event]);
		default:
			return false;
	}
}

/*
 * Whether an imported event was recorded by an earlier import, regardless of what
 * followed.  A verdict must be the last one by the same actor.
 */
static bool
WasRecorded(const PlannedEvent *planned)
{
	Row		   *mapped = planned->change->mapped;
	Datum		values[4] = {
		CStringGetTextDatum(planned->customer), UUIDPGetDatum(&planned->promise),
		CStringGetTextDatum(event_names[planned->event]), mapped->values[COMMAND_ACTOR]
	};
	bool		recorded;

	if (!planned->change->imported || planned->chain_length < 0)
		return false;
	recorded = StatementWrite(&find_recorded, values,
							  RowIsNull(mapped, COMMAND_ACTOR) ? "   n" : NULL) > 0 &&
		(planned->event != EVENT_ASSESSED ||
		 RowTextIs(mapped, COMMAND_VERDICT, ResultText(0, 1)));
	SPI_freetuptable(SPI_tuptable);
	return recorded;
}

static bool
IsRecorded(ActGroup *group, const PlannedEvent *planned)
{
	const Row  *promise = ActGroupHold(group, UUIDPGetDatum(&planned->promise))->promise;

	return IsInEffect(promise, planned->event, planned->change->mapped) ||
		WasRecorded(planned);
}

/* ---- writing the events ---- */

static void
ApplyEvent(const Ledger *ledger, ActGroup *group, const PlannedEvent *planned)
{
	const Row  *mapped = planned->change->mapped;

	if (planned->skip_if_recorded && IsRecorded(group, planned))
		return;
	if (planned->event == EVENT_AMENDED)
		ApplyAmendment(ledger, group, planned);
	else if (planned->notes_key_change)
		WriteKeyNote(group, planned);
	else if (planned->note)
		WriteNote(group, planned, planned->event, planned->note);
	else
		RunCommand(group, planned, planned->event, mapped, (Datum) 0);
}

static void
CheckCustomer(const PlannedEvent *planned)
{
	if (planned->customer == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("customer of a tracked row must not be null"),
				 errhint("If some rows have no customer, "
						 "add WHEN (NEW.... IS NOT NULL) to the trigger.")));
	CheckKey(planned->customer, "customer");
}

/* In a LedgerSession of its own, which frees the memory at its end. */
void
PlannedEventsApply(const Ledger *ledger, const Changes *changes, PlannedEvent *events, int count,
				   CurrentChange *current)
{
	LedgerSession session;
	ActGroup  **groups;
	int			customers = 0;

	LedgerEnter(ledger, &session);
	groups = palloc(sizeof(ActGroup *) * count);
	for (int i = 0; i < count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		current->change = events[i].change = ChangesGet(changes, events[i].nth);
		if (i == 0 || events[i].chain != events[i - 1].chain)
		{
			CheckCustomer(&events[i]);
			groups[customers++] = ActGroupBegin(events[i].chain);
		}
		ApplyEvent(ledger, groups[customers - 1], &events[i]);
	}
	current->change = NULL;
	ActGroupsWrite(groups, customers);
	for (int i = 0; i < customers; i++)
		groups[i]->chain->score = NULL; /* it is stored, and its memory is freed below */
	LedgerLeave(&session);
}
