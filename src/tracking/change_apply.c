/*
 * change_apply.c
 *		Doing what a tracked row's change does to a promise.
 *
 * By the functions that users call, and no other way: what they refuse is
 * refused here.
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
#include "promise/same.h"
#include "promise/terms.h"

static Statement find_said = STATEMENT(
	"SELECT verdict FROM trust.entry"
	" WHERE customer OPERATOR(pg_catalog.=) $1 AND promise OPERATOR(pg_catalog.=) $2 AND event OPERATOR(pg_catalog.=) $3"
	"   AND (event OPERATOR(pg_catalog.<>) 'assessed' OR actor OPERATOR(pg_catalog.=) $4)"
	" ORDER BY seq DESC LIMIT 1",
	TEXTOID, UUIDOID, TEXTOID, TEXTOID);

/* When the terms last said that it is due: due as it was before the pauses since. */
static Statement find_given_due = STATEMENT(
	"SELECT e.due FROM ("
	"   SELECT seq, event, due, pg_catalog.lag(due) OVER (ORDER BY seq) AS before FROM trust.entry"
	"   WHERE customer OPERATOR(pg_catalog.=) $1 AND promise OPERATOR(pg_catalog.=) $2 AND stands IS NOT FALSE"
	"     AND event OPERATOR(pg_catalog.=) ANY ('{made,amended,paused,resumed}'::pg_catalog.text[])) AS e"
	" WHERE e.event OPERATOR(pg_catalog.=) ANY ('{made,amended}'::pg_catalog.text[])"
	"   AND (e.before IS NULL OR e.due OPERATOR(pg_catalog.<>) e.before)"
	" ORDER BY e.seq DESC LIMIT 1",
	TEXTOID, UUIDOID);

/* Callback of the error context: arg is what the work was handed. */
void
ChangeErrorContext(void *arg)
{
	const TrackedChange *change = ((const ChangeAtHand *) arg)->change;

	if (change)
		errcontext("trigger \"%s\" of table %s, row %s", change->trigger_name, change->table, change->key);
}

/* ---- the command ---- */

/* Writes the event as a call with those arguments would. */
static void
Run(ActGroup *group, const PlannedEvent *planned, Event event, const Row *mapped, Datum clear)
{
	const TrackedChange *change = planned->change;
	Origin		origin = {
		.level_of = change->level_of, .login = change->login, .role = change->role,
		.details = SourceDetails(change->source, change->key, change->name, planned->fate, planned->other)
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

/* When the row says that it is due; it says so. */
static TimestampTz
DueOf(const Ledger *ledger, const Row *mapped, int field)
{
	return field == COMMAND_DUE ? RowInstant(mapped, field) :
		TermsEndOfDay(DatumGetDateADT(mapped->values[field]), ledger->zone);
}

static bool
WasPaused(const Row *promise)
{
	return IntervalMicroseconds(DatumGetIntervalP(promise->values[PROMISE_PAUSED_FOR]), "paused_for") != 0;
}

/* The promise's entries are written. */
static TimestampTz
GivenDue(const Row *promise)
{
	Datum		values[2] = {promise->values[PROMISE_CUSTOMER], promise->values[PROMISE_PROMISE]};
	TimestampTz due = RowInstant(promise, PROMISE_DUE);

	if (!WasPaused(promise))
		return due;
	if (StatementWrite(&find_given_due, values, NULL) > 0)
		due = DatumGetTimestampTz(ResultNeeded(0, 1, TIMESTAMPTZOID));
	SPI_freetuptable(SPI_tuptable);
	return due;
}

/* The same of when it is due, as it was before pauses put it off; where a whole row names none, policy may have. */
static bool
DiffersInDue(const Ledger *ledger, const Row *mapped, bool whole, const Row *promise, int field)
{
	TimestampTz due;

	if (RowIsNull(mapped, field))
		return !whole && !RowIsNull(promise, PROMISE_DUE);
	if (RowIsNull(promise, PROMISE_DUE))
		return true;
	due = DueOf(ledger, mapped, field);
	if (!whole || RowInstant(promise, PROMISE_DUE) == due)	/* said after the pauses */
		return RowInstant(promise, PROMISE_DUE) != due;
	return GivenDue(promise) != due;
}

/*
 * Whether the row says another thing than the promise.  whole: all that it says
 * is compared, and not what changed in it; what was erased does not come back so.
 */
static bool
Differs(const Ledger *ledger, const Row *mapped, bool whole, const Row *promise, int field, int column)
{
	if (column == PROMISE_DUE)
		return DiffersInDue(ledger, mapped, whole, promise, field);
	if (whole && (column == PROMISE_WORDS || column == PROMISE_PURPOSE) && RowIsNull(promise, PROMISE_WORDS))
		return false;
	return !RowSame(mapped, field, promise, column);
}

/* The fields in which it does, of those that the change is about. */
static uint32
AmendedFields(const Ledger *ledger, const TrackedChange *change, bool whole, const Row *promise)
{
	uint32		asked = whole ? change->has : change->differs;
	uint32		fields = 0;

	for (int i = 0; i < TERMS; i++)
	{
		int			field = terms[i].argument;

		/* who wrote words is said with new ones, and stays said */
		if (field == COMMAND_DRAFTED_BY && (whole || RowIsNull(change->mapped, field)))
			continue;
		if (!terms[i].fixed && (asked & (1 << field)) &&
			Differs(ledger, change->mapped, whole, promise, field, terms[i].promise))
			fields |= 1 << field;
	}
	return fields;
}

/* Whether the row as a whole says what that promise says. */
bool
RowSaysTheSame(const Ledger *ledger, const TrackedChange *change, char *customer, pg_uuid_t promise)
{
	Chain		chain = {.customer = cstring_to_text(customer)};
	bool		same = RowTextIs(change->mapped, COMMAND_CUSTOMER, customer);

	if (same)
		same = AmendedFields(ledger, change, true, PromiseRead(&chain, UUIDPGetDatum(&promise), false)) == 0;
	return same;
}

static void
Note(ActGroup *group, const PlannedEvent *planned, Event event, const char *note)
{
	Row		   *noted = RowNew(&mapped_shape);

	RowTake(noted, COMMAND_ACTOR, planned->change->mapped, COMMAND_ACTOR);
	RowSetText(noted, COMMAND_REASON, note);
	Run(group, planned, event, noted, (Datum) 0);
}

/* Unless another of the row's events has told it. */
static void
NoteOtherKey(ActGroup *group, const PlannedEvent *planned)
{
	const Row  *source = ActGroupHold(group, UUIDPGetDatum(&planned->promise))->source;

	if (planned->change->old_key && !RowTextIs(source, SOURCE_KEY, planned->change->key))
		Note(group, planned, EVENT_NOTED, "Its row has another key now.");
}

static void
Amend(const Ledger *ledger, ActGroup *group, const PlannedEvent *planned)
{
	const Row  *promise = ActGroupHold(group, UUIDPGetDatum(&planned->promise))->promise;
	uint32		fields;
	Row		   *mapped = RowNew(&mapped_shape);
	Datum		clear[TERMS];
	int			cleared = 0;

	if (planned->compares && group->changed && WasPaused(promise))	/* its pauses may be among what waits */
		ActGroupWrite(group);
	fields = AmendedFields(ledger, planned->change, planned->compares, promise);
	if (!planned->compares && PromiseState(promise) > STATE_OPEN)
	{
		Note(group, planned, EVENT_NOTED, "The terms in its row were changed. The promise was settled before.");
		return;
	}
	if (fields == 0)
	{
		NoteOtherKey(group, planned);
		return;
	}
	for (int i = 0; i < MAPPED_ARGUMENTS; i++)
		RowTake(mapped, i, planned->change->mapped, i);
	if (planned->compares)			/* when it was made is not when it is amended */
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
					 errmsg("the row has lost the words of its promise"),
					 errhint("A promise keeps its words until they are amended; withdraw it, or erase them with erase_words().")));
	}
	Run(group, planned, EVENT_AMENDED, mapped,
		 cleared ? PointerGetDatum(construct_array(clear, cleared, TEXTOID, -1, false, TYPALIGN_INT)) : (Datum) 0);
	NoteOtherKey(group, planned);
}

/* ---- each ---- */

/* Whether the promise is what the event would make of it. */
static bool
IsSo(const Row *promise, Event event, const Row *mapped)
{
	switch (event)
	{
		case EVENT_ASSESSED:
			return RowSame(promise, PROMISE_OUTCOME, mapped, COMMAND_VERDICT);
		case EVENT_ACCEPTED:
			return !RowIsNull(promise, PROMISE_ACCEPTED_AT);
		case EVENT_PAUSED:
			return !RowIsNull(promise, PROMISE_PAUSED_AT);
		case EVENT_RESUMED:
			return RowIsNull(promise, PROMISE_PAUSED_AT);
		case EVENT_BACKED:
			return RowSame(promise, PROMISE_BACKER, mapped, COMMAND_BACKER);
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
 * Whether a row that is imported again said that before: what became of it since
 * is no matter.  Of verdicts, the last by the same actor.
 */
static bool
WasSaid(const PlannedEvent *planned)
{
	Row		   *mapped = planned->change->mapped;
	Datum		values[4] = {
		CStringGetTextDatum(planned->customer), UUIDPGetDatum(&planned->promise), CStringGetTextDatum(event_names[planned->event]),
		mapped->values[COMMAND_ACTOR]
	};
	bool		said;

	if (!planned->change->imported || planned->seen < 0)
		return false;
	said = StatementWrite(&find_said, values, RowIsNull(mapped, COMMAND_ACTOR) ? "   n" : NULL) > 0 &&
		(planned->event != EVENT_ASSESSED || RowTextIs(mapped, COMMAND_VERDICT, ResultText(0, 1)));
	SPI_freetuptable(SPI_tuptable);
	return said;
}

static bool
IsSaid(ActGroup *group, const PlannedEvent *planned)
{
	return IsSo(ActGroupHold(group, UUIDPGetDatum(&planned->promise))->promise, planned->event, planned->change->mapped) ||
		WasSaid(planned);
}

static void
Do(const Ledger *ledger, ActGroup *group, const PlannedEvent *planned)
{
	const Row  *mapped = planned->change->mapped;

	if (planned->unless_said && IsSaid(group, planned))
		return;
	if (planned->event == EVENT_AMENDED)
		Amend(ledger, group, planned);
	else if (planned->notes_key)
		NoteOtherKey(group, planned);
	else if (planned->note)
		Note(group, planned, planned->event, planned->note);
	else
		Run(group, planned, planned->event, mapped, (Datum) 0);
}

static void
CheckCustomer(const PlannedEvent *planned)
{
	if (planned->customer == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("the row names no customer"),
				 errhint("Let the trigger fire only for rows that have one: WHEN (NEW.... IS NOT NULL).")));
	CheckKey(planned->customer, "customer");
}

/* The deeds of some customers, written together: a session of its own, whose memory goes with it. */
void
PlannedEventsApply(const Ledger *ledger, const Changes *changes, PlannedEvent *events, int count, ChangeAtHand *at_hand)
{
	LedgerSession session;
	ActGroup  **groups;
	int			customers = 0;

	LedgerEnter(ledger, &session);
	groups = palloc(sizeof(ActGroup *) * count);
	for (int i = 0; i < count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		at_hand->change = events[i].change = ChangesGet(changes, events[i].nth);
		if (i == 0 || events[i].chain != events[i - 1].chain)
		{
			CheckCustomer(&events[i]);
			groups[customers++] = ActGroupBegin(events[i].chain);
		}
		Do(ledger, groups[customers - 1], &events[i]);
	}
	at_hand->change = NULL;
	ActGroupsWrite(groups, customers);
	for (int i = 0; i < customers; i++)
		groups[i]->chain->score = NULL;	/* as it is stored now; the memory goes */
	LedgerLeave(&session);
}
