/*
 * promise_projection.c
 *		How an entry changes the row of its promise.
 *
 * PromiseProject() is the only place that defines this; it is used for writing and by
 * verify().  It depends only on the row and the entry, not on the clock or on policies.
 */
#include "postgres.h"

#include "promise/promise_projection.h"

#include "catalog/pg_type_d.h"

#include "base/duration.h"
#include "base/text.h"
#include "governance/actor.h"
#include "ledger/erasure_log.h"
#include "promise/lateness.h"
#include "promise/same_value.h"
#include "promise/speaker.h"

/*
 * Times of a promise are EntryInstant(), that is recorded_at unless the entry is
 * backfilled; except made_at and the settled_at of a verdict, which are occurred_at.
 */

static const struct
{
	int			promise;
	int			entry;
}			projected_terms[] = {
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
	for (size_t i = 0; i < lengthof(projected_terms); i++)
		RowCopyValue(promise, projected_terms[i].promise, entry, projected_terms[i].entry);
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

/* What the company eased late, the customer can agree to by an act of their own. */
static void
ProjectAgreed(Row *promise, const Row *entry)
{
	if (RowTextIs(entry, ENTRY_SPEAKS_FOR, speaks_for_names[SPEAKS_FOR_CUSTOMER]))
		RowClear(promise, PROMISE_EASED_AT);
}

static void
ProjectAmended(Row *promise, const Row *entry)
{
	if (!RowBool(entry, ENTRY_STANDS))
		return;
	if (PromiseEasedLate(promise, entry))
		RowSetInstant(promise, PROMISE_EASED_AT, EntryInstant(entry));
	ProjectAgreed(promise, entry);
	if (!RowIsNull(promise, PROMISE_DUE) && !RowSameValue(promise, PROMISE_DUE, entry, ENTRY_DUE))
	{
		RowSet(promise, PROMISE_DUE_MOVES,
			   Int32GetDatum(RowInt32(promise, PROMISE_DUE_MOVES) + 1));
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
	if (!EntryStands(entry))
		return;
	if (RowIsNull(promise, PROMISE_ACCEPTED_AT))
		RowSetInstant(promise, PROMISE_ACCEPTED_AT, EntryInstant(entry));
	ProjectAgreed(promise, entry);
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

/*
 * settled_at is the time of the first verdict, as of which its evidence of being kept
 * counts; later verdicts do not change it.
 */
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

/*
 * broken_at: evidence of being broken counts as of the verdict that last raised it, but
 * not before the first verdict, and not before the due time unless it was recorded before.
 */
static void
ProjectBrokenAt(Row *promise, const Row *entry)
{
	int			before = RowIsNull(promise, PROMISE_BROKEN_AT) ? PROMISE_SETTLED_AT :
		PROMISE_BROKEN_AT;
	TimestampTz at = RowInstant(entry, ENTRY_OCCURRED_AT);

	if (RowInt32(entry, ENTRY_WEIGHT_BROKEN) <= RowInt32(promise, PROMISE_WEIGHT_BROKEN))
		return;
	if (!RowIsNull(promise, PROMISE_DUE))
		at = Max(at, Min(RowInstant(promise, PROMISE_DUE), RowInstant(entry, ENTRY_RECORDED_AT)));
	RowSetInstant(promise, PROMISE_BROKEN_AT,
				  RowIsNull(promise, before) ? at : Max(at, RowInstant(promise, before)));
}

static void
ProjectWord(Row *promise, const Row *entry)
{
	ProjectBrokenAt(promise, entry);
	RowCopyValue(promise, PROMISE_WHOSE_WORD, entry, ENTRY_WHOSE_WORD);
	RowCopyValue(promise, PROMISE_VERDICT_EVIDENCE, entry, ENTRY_EVIDENCE);
	RowCopyValue(promise, PROMISE_RELAYED, entry, ENTRY_RELAYED);
	RowCopyValue(promise, PROMISE_WEIGHT_KEPT, entry, ENTRY_WEIGHT_KEPT);
	RowCopyValue(promise, PROMISE_WEIGHT_BROKEN, entry, ENTRY_WEIGHT_BROKEN);
}

/* reversed_at: when an actor last replaced another actor's verdict by a different one. */
static void
ProjectReversal(Row *promise, const Row *entry)
{
	if (!RowIsNull(promise, PROMISE_OUTCOME) &&
		!RowValueEqual(promise, PROMISE_OUTCOME, entry, ENTRY_VERDICT) &&
		!RowValueEqual(promise, PROMISE_VERDICT_BY, entry, ENTRY_ACTOR))
		RowSetInstant(promise, PROMISE_REVERSED_AT, EntryInstant(entry));
	RowCopyValue(promise, PROMISE_VERDICT_BY, entry, ENTRY_ACTOR);
}

static void
ProjectVerdict(Row *promise, const Row *entry)
{
	if (!RowBool(entry, ENTRY_STANDS))
		return;
	ProjectReversal(promise, entry);
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

/* doubted_speaker: the first whose word for the customer or a record is in doubt. */
static void
ProjectDoubt(Row *promise, const Row *entry)
{
	if (SpeakerIsDoubted(entry) && RowIsNull(promise, PROMISE_DOUBTED_SPEAKER))
		RowCopyValue(promise, PROMISE_DOUBTED_SPEAKER, entry, ENTRY_ACTOR);
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
	ProjectDoubt(promise, entry);
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
