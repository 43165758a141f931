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
#include "promise/same.h"
#include "promise/terms.h"

extern Datum make_promise(PG_FUNCTION_ARGS);
extern Datum back_promise(PG_FUNCTION_ARGS);
extern Datum decline_promise(PG_FUNCTION_ARGS);
extern Datum withdraw_backing(PG_FUNCTION_ARGS);
extern Datum accept_promise(PG_FUNCTION_ARGS);
extern Datum amend_promise(PG_FUNCTION_ARGS);
extern Datum pause_promise(PG_FUNCTION_ARGS);
extern Datum resume_promise(PG_FUNCTION_ARGS);
extern Datum admit_breach(PG_FUNCTION_ARGS);
extern Datum assess_promise(PG_FUNCTION_ARGS);
extern Datum withdraw_promise(PG_FUNCTION_ARGS);
extern Datum release_promise(PG_FUNCTION_ARGS);
extern Datum repair_breach(PG_FUNCTION_ARGS);
extern Datum add_note(PG_FUNCTION_ARGS);

/* What stands among the arguments and is no field of the mapping. */
enum
{
	GIVEN_PROMISE = MAPPED_COLUMNS,
	GIVEN_CLEAR,
	GIVEN_NOTHING,				/* customer: the chain is there */
	GIVEN_END
};

#define MAX_ARGUMENTS 24

/* Which function writes an event, and what its arguments are, but for those of every act. */
static const struct
{
	PGFunction	function;
	int			arguments[MAX_ARGUMENTS];
}			calls[EVENTS] = {
	[EVENT_MADE] = {make_promise, {
		MAPPED_CUSTOMER, MAPPED_WORDS, MAPPED_PROMISER, MAPPED_KIND, MAPPED_DUE, MAPPED_DUE_ON, MAPPED_VALUE,
		MAPPED_CURRENCY, MAPPED_PURPOSE, MAPPED_DRAFTED_BY, MAPPED_LONGEST_PAUSE, GIVEN_END}},
	[EVENT_BACKED] = {back_promise, {GIVEN_PROMISE, GIVEN_NOTHING, GIVEN_END}},
	[EVENT_DECLINED] = {decline_promise, {GIVEN_PROMISE, MAPPED_REASON, GIVEN_NOTHING, GIVEN_END}},
	[EVENT_BACKING_WITHDRAWN] = {withdraw_backing, {GIVEN_PROMISE, MAPPED_REASON, GIVEN_NOTHING, GIVEN_END}},
	[EVENT_ACCEPTED] = {accept_promise, {GIVEN_PROMISE, MAPPED_RELAYED, GIVEN_NOTHING, GIVEN_END}},
	[EVENT_AMENDED] = {amend_promise, {
		GIVEN_PROMISE, MAPPED_WORDS, MAPPED_KIND, MAPPED_DUE, MAPPED_DUE_ON, MAPPED_VALUE, MAPPED_CURRENCY,
		MAPPED_PURPOSE, MAPPED_DRAFTED_BY, MAPPED_LONGEST_PAUSE, GIVEN_CLEAR, MAPPED_REASON, MAPPED_RELAYED,
		GIVEN_NOTHING, GIVEN_END}},
	[EVENT_PAUSED] = {pause_promise, {GIVEN_PROMISE, MAPPED_REASON, GIVEN_NOTHING, GIVEN_END}},
	[EVENT_RESUMED] = {resume_promise, {GIVEN_PROMISE, MAPPED_REASON, GIVEN_NOTHING, GIVEN_END}},
	[EVENT_BREACH_ADMITTED] = {admit_breach, {GIVEN_PROMISE, MAPPED_REASON, GIVEN_NOTHING, GIVEN_END}},
	[EVENT_ASSESSED] = {assess_promise, {
		GIVEN_PROMISE, MAPPED_VERDICT, MAPPED_RELAYED, MAPPED_PURPOSE_MET, MAPPED_REASON, GIVEN_NOTHING, GIVEN_END}},
	[EVENT_WITHDRAWN] = {withdraw_promise, {GIVEN_PROMISE, MAPPED_REASON, GIVEN_NOTHING, GIVEN_END}},
	[EVENT_RELEASED] = {release_promise, {GIVEN_PROMISE, MAPPED_REASON, MAPPED_RELAYED, GIVEN_NOTHING, GIVEN_END}},
	[EVENT_BREACH_REPAIRED] = {repair_breach, {GIVEN_PROMISE, MAPPED_REASON, GIVEN_NOTHING, GIVEN_END}},
	[EVENT_NOTED] = {add_note, {GIVEN_PROMISE, MAPPED_REASON, GIVEN_NOTHING, GIVEN_END}}
};

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

const char *const other_key_note = "The primary key of the row changed.";

/* Callback of the error context: arg is what the work was handed. */
void
DeedErrorContext(void *arg)
{
	const TrackedChange *change = ((const AtHand *) arg)->change;

	if (change)
		errcontext("trigger \"%s\" of table %s, row %s", change->trigger_name, change->table, change->key);
}

/* ---- the call ---- */

static NullableDatum
Given(const Row *mapped, int field)
{
	return (NullableDatum) {mapped->values[field], mapped->nulls[field]};
}

static NullableDatum
Argument(const Deed *deed, const Row *mapped, Datum clear, int argument)
{
	if (argument == GIVEN_PROMISE)
		return (NullableDatum) {UUIDPGetDatum(&deed->promise), false};
	if (argument == GIVEN_CLEAR)
		return (NullableDatum) {clear, clear == (Datum) 0};
	if (argument == GIVEN_NOTHING)
		return (NullableDatum) {(Datum) 0, true};
	return Given(mapped, argument);
}

/* Calls the function that writes the event, with what is mapped. */
static void
Call(Together *together, const Deed *deed, Event event, const Row *mapped, Datum clear)
{
	LOCAL_FCINFO(call, MAX_ARGUMENTS);
	const TrackedChange *change = deed->change;
	Origin		origin = {
		.node = {.type = T_ExtensibleNode, .extnodename = ORIGIN_NAME},
		.level_of = change->level_of, .login = change->login, .role = change->role,
		.details = SourceDetails(change->source, change->key, change->name, deed->fate, deed->other),
		.promise = &deed->promise, .together = together
	};
	const int  *arguments = calls[event].arguments;
	int			count = 0;

	InitFunctionCallInfoData(*call, NULL, 0, InvalidOid, (Node *) &origin.node, NULL);
	for (; arguments[count] != GIVEN_END; count++)
		call->args[count] = Argument(deed, mapped, clear, arguments[count]);
	call->args[count++] = Given(mapped, MAPPED_ACTOR);
	call->args[count++] = Given(mapped, MAPPED_OCCURRED_AT);
	call->args[count++] = Given(mapped, MAPPED_CONTEXT);
	call->args[count++] = (NullableDatum) {(Datum) 0, true};	/* idempotency_key */
	call->nargs = count;
	(void) calls[event].function(call);
}

/* ---- amendments ---- */

static const struct
{
	int			field;
	int			promise;
	bool		can_be_cleared;
}			amended[] = {
	{MAPPED_WORDS, PROMISE_WORDS, false}, {MAPPED_KIND, PROMISE_KIND, true}, {MAPPED_DUE, PROMISE_DUE, true},
	{MAPPED_DUE_ON, PROMISE_DUE, true}, {MAPPED_VALUE, PROMISE_VALUE, true}, {MAPPED_CURRENCY, PROMISE_CURRENCY, true},
	{MAPPED_PURPOSE, PROMISE_PURPOSE, true}, {MAPPED_LONGEST_PAUSE, PROMISE_LONGEST_PAUSE, true},
	{MAPPED_DRAFTED_BY, PROMISE_DRAFTED_BY, false}
};

/* When the row says that it is due; it says so. */
static TimestampTz
DueOf(const Ledger *ledger, const Row *mapped, int field)
{
	return field == MAPPED_DUE ? RowInstant(mapped, field) :
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

	for (size_t i = 0; i < lengthof(amended); i++)
	{
		int			field = amended[i].field;

		/* who wrote words is said with new ones, and stays said */
		if (field == MAPPED_DRAFTED_BY && (whole || RowIsNull(change->mapped, field)))
			continue;
		if ((asked & (1 << field)) && Differs(ledger, change->mapped, whole, promise, field, amended[i].promise))
			fields |= 1 << field;
	}
	return fields;
}

/* Whether the row as a whole says what that promise says. */
bool
DeedSaysTheSame(const Ledger *ledger, const TrackedChange *change, char *customer, pg_uuid_t promise)
{
	Chain		chain = {.customer = cstring_to_text(customer)};
	bool		same = RowTextIs(change->mapped, MAPPED_CUSTOMER, customer);

	if (same)
		same = AmendedFields(ledger, change, true, PromiseRead(&chain, UUIDPGetDatum(&promise), false)) == 0;
	return same;
}

static void
Note(Together *together, const Deed *deed, Event event, const char *note)
{
	Row		   *noted = RowNew(&mapped_shape);

	RowTake(noted, MAPPED_ACTOR, deed->change->mapped, MAPPED_ACTOR);
	RowSetText(noted, MAPPED_REASON, note);
	Call(together, deed, event, noted, (Datum) 0);
}

/* Unless another of the row's events has told it. */
static void
NoteOtherKey(Together *together, const Deed *deed)
{
	const Row  *source = TogetherHold(together, UUIDPGetDatum(&deed->promise))->source;

	if (deed->change->old_key && !RowTextIs(source, SOURCE_KEY, deed->change->key))
		Note(together, deed, EVENT_NOTED, other_key_note);
}

static void
Amend(const Ledger *ledger, Together *together, const Deed *deed)
{
	const Row  *promise = TogetherHold(together, UUIDPGetDatum(&deed->promise))->promise;
	uint32		fields;
	Row		   *mapped = RowNew(&mapped_shape);
	Datum		clear[lengthof(amended)];
	int			cleared = 0;

	if (deed->compares && together->changed && WasPaused(promise))	/* its pauses may be among what waits */
		TogetherWrite(together);
	fields = AmendedFields(ledger, deed->change, deed->compares, promise);
	if (!deed->compares && PromiseState(promise) > STATE_OPEN)
	{
		Note(together, deed, EVENT_NOTED, "The terms in its row were changed. The promise was settled before.");
		return;
	}
	if (fields == 0)
	{
		NoteOtherKey(together, deed);
		return;
	}
	for (int i = 0; i < MAPPED_COLUMNS; i++)
		RowTake(mapped, i, deed->change->mapped, i);
	if (deed->compares)			/* when it was made is not when it is amended */
		RowClear(mapped, MAPPED_OCCURRED_AT);
	for (size_t i = 0; i < lengthof(amended); i++)
	{
		int			field = amended[i].field;

		if (!(fields & (1 << field)))
			RowClear(mapped, field);
		else if (RowIsNull(mapped, field) && amended[i].can_be_cleared)
			clear[cleared++] = CStringGetTextDatum(promise_shape.columns[amended[i].promise].name);
		else if (RowIsNull(mapped, field) && field == MAPPED_WORDS)
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("the row has lost the words of its promise"),
					 errhint("A promise keeps its words until they are amended; withdraw it, or erase them with erase_words().")));
	}
	Call(together, deed, EVENT_AMENDED, mapped,
		 cleared ? PointerGetDatum(construct_array(clear, cleared, TEXTOID, -1, false, TYPALIGN_INT)) : (Datum) 0);
	NoteOtherKey(together, deed);
}

/* ---- each ---- */

/* Whether the promise is what the event would make of it. */
static bool
IsSo(const Row *promise, Event event, const Row *mapped)
{
	switch (event)
	{
		case EVENT_ASSESSED:
			return RowSame(promise, PROMISE_OUTCOME, mapped, MAPPED_VERDICT);
		case EVENT_ACCEPTED:
			return !RowIsNull(promise, PROMISE_ACCEPTED_AT);
		case EVENT_PAUSED:
			return !RowIsNull(promise, PROMISE_PAUSED_AT);
		case EVENT_RESUMED:
			return RowIsNull(promise, PROMISE_PAUSED_AT);
		case EVENT_BACKED:
			return RowSame(promise, PROMISE_BACKER, mapped, MAPPED_BACKER);
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
WasSaid(const Deed *deed)
{
	Row		   *mapped = deed->change->mapped;
	Datum		values[4] = {
		CStringGetTextDatum(deed->customer), UUIDPGetDatum(&deed->promise), CStringGetTextDatum(event_names[deed->event]),
		mapped->values[MAPPED_ACTOR]
	};
	bool		said;

	if (!deed->change->imported || deed->seen < 0)
		return false;
	said = StatementWrite(&find_said, values, RowIsNull(mapped, MAPPED_ACTOR) ? "   n" : NULL) > 0 &&
		(deed->event != EVENT_ASSESSED || RowTextIs(mapped, MAPPED_VERDICT, ResultText(0, 1)));
	SPI_freetuptable(SPI_tuptable);
	return said;
}

static bool
IsSaid(Together *together, const Deed *deed)
{
	return IsSo(TogetherHold(together, UUIDPGetDatum(&deed->promise))->promise, deed->event, deed->change->mapped) ||
		WasSaid(deed);
}

static void
Do(const Ledger *ledger, Together *together, const Deed *deed)
{
	const Row  *mapped = deed->change->mapped;

	if (deed->unless_said && IsSaid(together, deed))
		return;
	if (deed->event == EVENT_AMENDED)
		Amend(ledger, together, deed);
	else if (deed->note == other_key_note)
		NoteOtherKey(together, deed);
	else if (deed->note)
		Note(together, deed, deed->event, deed->note);
	else
		Call(together, deed, deed->event, mapped, (Datum) 0);
}

static void
CheckCustomer(const Deed *deed)
{
	if (deed->customer == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("the row names no customer"),
				 errhint("Let the trigger fire only for rows that have one: WHEN (NEW.... IS NOT NULL).")));
	CheckKey(deed->customer, "customer");
}

/* The deeds of some customers, written together: a session of its own, whose memory goes with it. */
void
DeedsDo(const Ledger *ledger, const Changes *changes, Deed *deeds, int count, AtHand *at_hand)
{
	LedgerSession session;
	Together  **togethers;
	int			customers = 0;

	LedgerEnter(ledger, &session);
	togethers = palloc(sizeof(Together *) * count);
	for (int i = 0; i < count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		at_hand->change = deeds[i].change = ChangesGet(changes, deeds[i].nth);
		if (i == 0 || deeds[i].chain != deeds[i - 1].chain)
		{
			CheckCustomer(&deeds[i]);
			togethers[customers++] = TogetherBegin(deeds[i].chain);
		}
		Do(ledger, togethers[customers - 1], &deeds[i]);
	}
	at_hand->change = NULL;
	TogethersWrite(togethers, customers);
	for (int i = 0; i < customers; i++)
		togethers[i]->chain->score = NULL;	/* as it is stored now; the memory goes */
	LedgerLeave(&session);
}
