/*
 * promise.c
 *		Promises: rows of trust.promise, as projected from entries.
 *
 * PromiseProject() is the only place that defines how an entry changes a promise; it is
 * used for writing and by verify().  It depends only on the row and the entry, not on
 * the clock or on policies.
 */
#include "postgres.h"

#include "promise/promise.h"

#include "catalog/pg_type_d.h"
#include "utils/fmgrprotos.h"

#include "base/duration.h"
#include "governance/actor.h"
#include "ledger/erasure_log.h"
#include "promise/same_value.h"

#define PROMISE_COLUMN(id, name, type) {#name, type},
static const Column promise_columns[PROMISE_COLUMNS] = {PROMISE_LIST(PROMISE_COLUMN)};

const RowShape promise_shape = {"promise", promise_columns, PROMISE_COLUMNS};

State
PromiseState(const Row *promise)
{
	for (int state = STATE_NONE + 1; state < STATES; state++)
		if (RowTextIs(promise, PROMISE_STATE, state_names[state]))
			return state;
	return STATE_NONE;
}

char *
PromiseName(const Row *promise)
{
	return DatumGetCString(DirectFunctionCall1(uuid_out, promise->values[PROMISE_PROMISE]));
}

bool
PromisePastDue(const Row *promise, TimestampTz instant)
{
	return !RowIsNull(promise, PROMISE_DUE) && instant > RowInstant(promise, PROMISE_DUE);
}

bool
PromiseIsBinding(const Row *promise, TimestampTz instant)
{
	return !RowIsNull(promise, PROMISE_OPENED_AT) &&
		(!RowIsNull(promise, PROMISE_ACCEPTED_AT) || PromisePastDue(promise, instant));
}

/* ---- projection ---- */

/*
 * Times of a promise are EntryInstant(), that is recorded_at unless the entry is
 * backfilled; except made_at and the settled_at of a verdict, which are occurred_at.
 */

static const struct
{
	int			promise;
	int			entry;
}			terms[] = {
	{PROMISE_WORDS, ENTRY_WORDS},
	{PROMISE_PURPOSE, ENTRY_PURPOSE},
	{PROMISE_PROMISER, ENTRY_PROMISER},
	{PROMISE_PROMISER_KIND, ENTRY_PROMISER_KIND},
	{PROMISE_DRAFTED_BY, ENTRY_DRAFTED_BY},
	{PROMISE_KIND, ENTRY_KIND},
	{PROMISE_VALUE, ENTRY_VALUE},
	{PROMISE_CURRENCY, ENTRY_CURRENCY},
	{PROMISE_LONGEST_PAUSE, ENTRY_LONGEST_PAUSE},
	{PROMISE_DUE, ENTRY_DUE},
	{PROMISE_OVERDUE_AT, ENTRY_OVERDUE_AT}
};

static void
ProjectTerms(Row *promise, const Row *entry)
{
	for (size_t i = 0; i < lengthof(terms); i++)
		RowCopyValue(promise, terms[i].promise, entry, terms[i].entry);
	RowCopyValue(promise, PROMISE_TERMS_SEQ, entry, ENTRY_SEQ);
}

/* Records that a backing ended, until there is a new one. */
static void
ProjectFormerBacker(Row *promise, const Row *entry)
{
	if (!RowIsNull(entry, ENTRY_BACKER))
	{
		RowClear(promise, PROMISE_UNBACKED_AT);
		RowClear(promise, PROMISE_UNBACKED_BY);
		RowClear(promise, PROMISE_FORMER_BACKER);
	}
	else if (!RowIsNull(promise, PROMISE_BACKER))
	{
		RowSetInstant(promise, PROMISE_UNBACKED_AT, EntryInstant(entry));
		RowCopyValue(promise, PROMISE_UNBACKED_BY, entry, ENTRY_EVENT);
		RowCopyValue(promise, PROMISE_FORMER_BACKER, promise, PROMISE_BACKER);
	}
}

static void
ProjectBacking(Row *promise, const Row *entry)
{
	ProjectFormerBacker(promise, entry);
	RowCopyValue(promise, PROMISE_BACKER, entry, ENTRY_BACKER);
	if (RowIsNull(entry, ENTRY_BACKER))
	{
		RowClear(promise, PROMISE_EVIDENCE);
		RowClear(promise, PROMISE_BACKED_AT);
	}
	else
	{
		RowCopyValue(promise, PROMISE_EVIDENCE, entry, ENTRY_EVIDENCE);
		RowSetInstant(promise, PROMISE_BACKED_AT, EntryInstant(entry));
	}
	RowCopyValue(promise, PROMISE_EVIDENCE_ASKED, entry, ENTRY_EVIDENCE_ASKED);
	RowCopyValue(promise, PROMISE_BACK_BY, entry, ENTRY_BACK_BY);
}

/* seen_at: when a human who speaks for the company first acted on the current terms. */
static void
ProjectSeen(Row *promise, const Row *entry, bool terms_are_new)
{
	bool		seen = RowTextIs(entry, ENTRY_ACTOR_KIND, actor_kind_names[ACTOR_HUMAN]) &&
		RowTextIs(entry, ENTRY_SPEAKS_FOR, speaks_for_names[SPEAKS_FOR_COMPANY]);

	if (terms_are_new)
		RowClear(promise, PROMISE_SEEN_AT);
	if (seen && RowIsNull(promise, PROMISE_SEEN_AT))
		RowSetInstant(promise, PROMISE_SEEN_AT, EntryInstant(entry));
}

static void
ProjectMade(Row *promise, const Row *entry)
{
	RowCopyValue(promise, PROMISE_CUSTOMER, entry, ENTRY_CUSTOMER);
	RowCopyValue(promise, PROMISE_PROMISE, entry, ENTRY_PROMISE);
	RowCopyValue(promise, PROMISE_MADE_AT, entry, ENTRY_OCCURRED_AT);
	RowCopyValue(promise, PROMISE_RECORDED_AT, entry, ENTRY_RECORDED_AT);
	RowCopyValue(promise, PROMISE_BACKFILLED, entry, ENTRY_BACKFILLED);
	RowCopyValue(promise, PROMISE_FIRST_DUE, entry, ENTRY_DUE);
	RowSet(promise, PROMISE_DUE_MOVES, Int32GetDatum(0));
	RowSet(promise, PROMISE_PAUSED_FOR, IntervalPGetDatum(MicrosecondsInterval(0)));
	ProjectTerms(promise, entry);
	ProjectBacking(promise, entry);
	ProjectSeen(promise, entry, true);
}

static void
ProjectAmended(Row *promise, const Row *entry)
{
	if (!RowBool(entry, ENTRY_STANDS))
		return;
	if (!RowIsNull(promise, PROMISE_DUE) && !RowSameValue(promise, PROMISE_DUE, entry, ENTRY_DUE))
	{
		RowSet(promise, PROMISE_DUE_MOVES,
			   Int32GetDatum(DatumGetInt32(promise->values[PROMISE_DUE_MOVES]) + 1));
		RowSetInstant(promise, PROMISE_DUE_MOVED_AT, EntryInstant(entry));
	}
	if (RowIsNull(promise, PROMISE_FIRST_DUE))
		RowCopyValue(promise, PROMISE_FIRST_DUE, entry, ENTRY_DUE);
	if (RowBool(entry, ENTRY_ACCEPTED) && RowIsNull(promise, PROMISE_ACCEPTED_AT))
		RowSetInstant(promise, PROMISE_ACCEPTED_AT, EntryInstant(entry));
	ProjectTerms(promise, entry);
	ProjectBacking(promise, entry);
	ProjectSeen(promise, entry, true);
	RowClear(promise, PROMISE_DECLINED_AT);
}

static void
ProjectDeclined(Row *promise, const Row *entry)
{
	RowSetInstant(promise, PROMISE_DECLINED_AT, EntryInstant(entry));
	ProjectSeen(promise, entry, false);
}

static void
ProjectAccepted(Row *promise, const Row *entry)
{
	if (EntryStands(entry) && RowIsNull(promise, PROMISE_ACCEPTED_AT))
		RowSetInstant(promise, PROMISE_ACCEPTED_AT, EntryInstant(entry));
}

/*
 * A pause moves due by its longest possible duration; resuming moves it back by the
 * part that was not used.
 */
static void
ProjectPause(Row *promise, const Row *entry, Event event)
{
	TimestampTz instant = EntryInstant(entry);

	/* unsigned, since values of an altered entry may overflow; its hash reveals it */
	int64		moved = (int64) ((uint64) RowInstant(entry, ENTRY_DUE) -
								 (uint64) RowInstant(promise, PROMISE_DUE));
	Interval   *before = DatumGetIntervalP(promise->values[PROMISE_PAUSED_FOR]);
	uint64		paused_for = (uint64) before->day * USECS_PER_DAY + before->time + moved;

	RowSet(promise, PROMISE_PAUSED_FOR,
		   IntervalPGetDatum(MicrosecondsInterval((int64) paused_for)));
	RowCopyValue(promise, PROMISE_DUE, entry, ENTRY_DUE);
	RowCopyValue(promise, PROMISE_OVERDUE_AT, entry, ENTRY_OVERDUE_AT);
	if (event == EVENT_PAUSED)
	{
		RowSetInstant(promise, PROMISE_PAUSED_AT, instant);
		RowSetInstant(promise, PROMISE_PAUSED_UNTIL, (int64) ((uint64) instant + moved));
	}
	else
	{
		RowClear(promise, PROMISE_PAUSED_AT);
		RowClear(promise, PROMISE_PAUSED_UNTIL);
	}
}

/* settled_at is the time of the first verdict; later verdicts do not change it. */
static void
ProjectSettled(Row *promise, const Row *entry)
{
	if (!RowIsNull(promise, PROMISE_SETTLED_AT))
		return;
	RowCopyValue(promise, PROMISE_SETTLED_BY, entry, ENTRY_EVENT);
	RowCopyValue(promise, PROMISE_SETTLED_AT, entry, ENTRY_OCCURRED_AT);
}

static void
ProjectReleased(Row *promise, const Row *entry)
{
	if (!EntryStands(entry) || !RowIsNull(promise, PROMISE_SETTLED_AT))
		return;
	RowCopyValue(promise, PROMISE_SETTLED_BY, entry, ENTRY_EVENT);
	RowSetInstant(promise, PROMISE_SETTLED_AT, EntryInstant(entry));
}

static void
ProjectWord(Row *promise, const Row *entry)
{
	RowCopyValue(promise, PROMISE_WHOSE_WORD, entry, ENTRY_WHOSE_WORD);
	RowCopyValue(promise, PROMISE_VERDICT_EVIDENCE, entry, ENTRY_EVIDENCE);
	RowCopyValue(promise, PROMISE_RELAYED, entry, ENTRY_RELAYED);
	RowCopyValue(promise, PROMISE_WEIGHT_KEPT, entry, ENTRY_WEIGHT_KEPT);
	RowCopyValue(promise, PROMISE_WEIGHT_BROKEN, entry, ENTRY_WEIGHT_BROKEN);
}

static void
ProjectVerdict(Row *promise, const Row *entry)
{
	if (!RowBool(entry, ENTRY_STANDS))
		return;
	ProjectWord(promise, entry);
	RowCopyValue(promise, PROMISE_OUTCOME, entry, ENTRY_VERDICT);
	RowCopyValue(promise, PROMISE_PURPOSE_MET, entry, ENTRY_PURPOSE_MET);
	RowClear(promise, PROMISE_REPAIRED_AT);
	ProjectSettled(promise, entry);
}

/* Changes the weight of a broken promise, but not its outcome. */
static void
ProjectRepaired(Row *promise, const Row *entry)
{
	if (!RowBool(entry, ENTRY_STANDS))
		return;
	ProjectWord(promise, entry);
	RowSetInstant(promise, PROMISE_REPAIRED_AT, EntryInstant(entry));
}

/* The row has the texts of the entry terms_seq. */
static void
ProjectErased(Row *promise, const Row *entry)
{
	int64		terms = RowInt64(promise, PROMISE_TERMS_SEQ);

	if (ErasureNamesText(entry, terms, ENTRY_WORDS))
		RowClear(promise, PROMISE_WORDS);
	if (ErasureNamesText(entry, terms, ENTRY_PURPOSE))
		RowClear(promise, PROMISE_PURPOSE);
}

/* unconfirmed: the last claim, until the customer or a record makes an entry that takes effect. */
static void
ProjectClaim(Row *promise, const Row *entry, Event event)
{
	if (!EventCanBeClaimed(event))
		return;
	if (EntryIsClaim(entry))
		RowCopyValue(promise, PROMISE_UNCONFIRMED, entry, ENTRY_SEQ);
	else if (EntryStands(entry) &&
			 !RowTextIs(entry, ENTRY_SPEAKS_FOR, speaks_for_names[SPEAKS_FOR_COMPANY]))
		RowClear(promise, PROMISE_UNCONFIRMED);
}

static void
ProjectEvent(Row *promise, const Row *entry, Event event)
{
	switch (event)
	{
		case EVENT_MADE:
			ProjectMade(promise, entry);
			break;
		case EVENT_BACKED:
		case EVENT_BACKING_WITHDRAWN:
			ProjectBacking(promise, entry);
			ProjectSeen(promise, entry, false);
			break;
		case EVENT_DECLINED:
			ProjectDeclined(promise, entry);
			break;
		case EVENT_ACCEPTED:
			ProjectAccepted(promise, entry);
			break;
		case EVENT_PAUSED:
		case EVENT_RESUMED:
			ProjectPause(promise, entry, event);
			break;
		case EVENT_BREACH_ADMITTED:
			ProjectVerdict(promise, entry);
			if (RowBool(entry, ENTRY_STANDS))
				RowSetInstant(promise, PROMISE_ADMITTED_AT, EntryInstant(entry));
			break;
		case EVENT_AMENDED:
			ProjectAmended(promise, entry);
			break;
		case EVENT_ASSESSED:
			ProjectVerdict(promise, entry);
			break;
		case EVENT_WITHDRAWN:
			ProjectVerdict(promise, entry);
			if (EntryStands(entry))
				ProjectSettled(promise, entry);
			break;
		case EVENT_RELEASED:
			ProjectReleased(promise, entry);
			break;
		case EVENT_BREACH_REPAIRED:
			ProjectRepaired(promise, entry);
			break;
		case EVENT_ERASED:
			ProjectErased(promise, entry);
			break;
		case EVENT_NOTED:
		case EVENTS:
			break;
	}
	ProjectClaim(promise, entry, event);
}

/*
 * waiting_since: policy requires a human, but there is no backer, and no human has
 * declined the terms.  New terms start a new wait.
 */
static void
ProjectWaiting(Row *promise, const Row *entry, State to, bool terms_are_new)
{
	bool		waits = (to == STATE_OPEN ||
						 (to == STATE_PROPOSED && RowIsNull(promise, PROMISE_DECLINED_AT))) &&
		!RowIsNull(promise, PROMISE_EVIDENCE_ASKED) && RowIsNull(promise, PROMISE_BACKER);

	if (!waits)
		RowClear(promise, PROMISE_WAITING_SINCE);
	else if (terms_are_new || RowIsNull(promise, PROMISE_WAITING_SINCE))
		RowSetInstant(promise, PROMISE_WAITING_SINCE, EntryInstant(entry));
}

/* Returns what is wrong with an entry that the extension would not have written, or NULL. */
static const char *
FindProblem(const Row *promise, const Row *entry, Event event, State from, State to)
{
	if (!TransitionAllowed(event, from, to, EntryStands(entry)))
		return psprintf("cannot change the state from %s to %s",
						state_names[from], state_names[to]);
	if (!RowIsNull(entry, ENTRY_BACKER) &&
		!(RowValueEqual(entry, ENTRY_BACKER, entry, ENTRY_ACTOR) &&
		  RowTextIs(entry, ENTRY_ACTOR_KIND, actor_kind_names[ACTOR_HUMAN])))
		return "has a backer other than the acting human";
	if ((event == EVENT_PAUSED || event == EVENT_RESUMED) &&
		(RowIsNull(entry, ENTRY_DUE) || RowIsNull(promise, PROMISE_DUE) ||
		 RowIsNull(promise, PROMISE_PAUSED_FOR)))
		return "changes a due time that does not exist";
	if (event == EVENT_RESUMED && RowIsNull(promise, PROMISE_PAUSED_AT))
		return "resumes a promise that is not paused";
	return NULL;
}

const char *
PromiseProject(Row *promise, const Row *entry)
{
	State		from = PromiseState(promise);
	State		to = STATE_NONE;
	int			event = EVENTS;
	const char *problem;

	for (int i = 0; i < EVENTS; i++)
		if (RowTextIs(entry, ENTRY_EVENT, event_names[i]))
			event = i;
	for (int i = 0; i < STATES; i++)
		if (RowTextIs(entry, ENTRY_STATE, state_names[i]))
			to = i;
	if (event == EVENTS)
		return "is not an event of a promise";
	problem = FindProblem(promise, entry, event, from, to);
	if (problem)
		return problem;

	ProjectEvent(promise, entry, event);
	RowCopyValue(promise, PROMISE_STATE, entry, ENTRY_STATE);
	RowCopyValue(promise, PROMISE_LAST_SEQ, entry, ENTRY_SEQ);
	if (to == STATE_OPEN && RowIsNull(promise, PROMISE_OPENED_AT))
		RowSetInstant(promise, PROMISE_OPENED_AT, EntryInstant(entry));
	if (to != STATE_PROPOSED && to != STATE_OPEN)
	{
		RowClear(promise, PROMISE_PAUSED_AT);
		RowClear(promise, PROMISE_PAUSED_UNTIL);
	}
	if (RowBool(entry, ENTRY_BACKFILLED) && RowIsNull(promise, PROMISE_BACKFILLED_AT))
		RowCopyValue(promise, PROMISE_BACKFILLED_AT, entry, ENTRY_RECORDED_AT);
	ProjectWaiting(promise, entry, to, event == EVENT_AMENDED && RowBool(entry, ENTRY_STANDS));
	return NULL;
}

/* Converts a weight from thousandths; false if it is NULL or out of range. */
static bool
ReadWeight(const Row *promise, int column, float8 *weight)
{
	int32		thousandths = RowIsNull(promise, column) ? -1 :
		DatumGetInt32(promise->values[column]);

	*weight = thousandths / 1000.0;
	return thousandths >= 0 && thousandths <= 1000;
}

Contribution
PromiseContribution(const Row *promise)
{
	Contribution contribution = {0};

	if (!ReadWeight(promise, PROMISE_WEIGHT_KEPT, &contribution.kept) ||
		!ReadWeight(promise, PROMISE_WEIGHT_BROKEN, &contribution.broken) ||
		RowIsNull(promise, PROMISE_SETTLED_AT) ||
		TIMESTAMP_NOT_FINITE(RowInstant(promise, PROMISE_SETTLED_AT)))
		return (Contribution) {0};
	contribution.at = RowInstant(promise, PROMISE_SETTLED_AT);
	contribution.counts = true;
	return contribution;
}
