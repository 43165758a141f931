/*
 * promise_exceptions.c
 *		The kinds of exceptions that follow from the row of one promise.
 */
#include "postgres.h"

#include "analysis/promise_exceptions.h"

#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/timestamp.h"

#include "analysis/scanned_actors.h"
#include "governance/actor.h"
#include "promise/lateness.h"

char *
InstantText(TimestampTz instant)
{
	return DatumGetCString(DirectFunctionCall1(timestamptz_out, TimestampTzGetDatum(instant)));
}

/* The timestamp in a column; empty if it is NULL. */
static char *
ColumnInstant(const ExceptionScan *scan, int column)
{
	return RowIsNull(scan->promise, column) ? "" : InstantText(RowInstant(scan->promise, column));
}

static bool
Has(const ExceptionScan *scan, int column)
{
	return !RowIsNull(scan->promise, column);
}

static TimestampTz
Since(const ExceptionScan *scan, int column)
{
	return Has(scan, column) ? RowInstant(scan->promise, column) : DT_NOBEGIN;
}

bool
Undecided(const ExceptionScan *scan)
{
	return scan->state == STATE_PROPOSED || scan->state == STATE_OPEN;
}

/* ---- nobody backs it ---- */

static bool
IsUnbacked(const ExceptionScan *scan)
{
	return Has(scan, PROMISE_EVIDENCE_ASKED) && !Has(scan, PROMISE_BACKER) &&
		scan->state != STATE_WITHDRAWN &&
		!(scan->state == STATE_PROPOSED && Has(scan, PROMISE_DECLINED_AT));
}

static TimestampTz
UnbackedSince(const ExceptionScan *scan)
{
	return Since(scan, Has(scan, PROMISE_WAITING_SINCE) ? PROMISE_WAITING_SINCE :
				 Has(scan, PROMISE_OPENED_AT) ? PROMISE_OPENED_AT : PROMISE_RECORDED_AT);
}

static char *
UnbackedDetail(const ExceptionScan *scan)
{
	return psprintf("policy requires evidence %s, and nobody backs it",
					RowText(scan->promise, PROMISE_EVIDENCE_ASKED));
}

static bool
IsBackingOverdue(const ExceptionScan *scan)
{
	return Has(scan, PROMISE_WAITING_SINCE) && Has(scan, PROMISE_BACK_BY) &&
		RowInstant(scan->promise, PROMISE_BACK_BY) < scan->now;
}

static char *
BackingOverdueDetail(const ExceptionScan *scan)
{
	return psprintf("was to be backed by %s, waiting since %s",
					ColumnInstant(scan, PROMISE_BACK_BY),
					ColumnInstant(scan, PROMISE_WAITING_SINCE));
}

static bool
IsBackerRetired(const ExceptionScan *scan)
{
	const ScannedActor *backer = Undecided(scan) && Has(scan, PROMISE_BACKER) ?
		ScannedActorIn(scan, PROMISE_BACKER) : NULL;

	return backer && backer->retired;
}

static TimestampTz
BackerRetiredSince(const ExceptionScan *scan)
{
	return ScannedActorIn(scan, PROMISE_BACKER)->retired_at;
}

static bool
IsBackingWithdrawn(const ExceptionScan *scan)
{
	return Undecided(scan) && !Has(scan, PROMISE_BACKER) &&
		RowTextIs(scan->promise, PROMISE_UNBACKED_BY, event_names[EVENT_BACKING_WITHDRAWN]);
}

static bool
IsReliedOnUnbacked(const ExceptionScan *scan)
{
	return Has(scan, PROMISE_ACCEPTED_AT) && !Has(scan, PROMISE_BACKER) &&
		!Has(scan, PROMISE_UNBACKED_AT);
}

static const char *
DrafterKind(const ExceptionScan *scan)
{
	const ScannedActor *drafter = Has(scan, PROMISE_DRAFTED_BY) ?
		ScannedActorIn(scan, PROMISE_DRAFTED_BY) : NULL;

	if (drafter)
		return drafter->kind;
	/* NULL only in an altered table */
	return Has(scan, PROMISE_PROMISER_KIND) ?
		RowText(scan->promise, PROMISE_PROMISER_KIND) : "unknown";
}

static bool
IsMachineWordsUnseen(const ExceptionScan *scan)
{
	return !Has(scan, PROMISE_SEEN_AT) && scan->state != STATE_WITHDRAWN &&
		strcmp(DrafterKind(scan), actor_kind_names[ACTOR_HUMAN]) != 0;
}

static char *
Drafter(const ExceptionScan *scan)
{
	return RowText(scan->promise, Has(scan, PROMISE_DRAFTED_BY) ? PROMISE_DRAFTED_BY :
				   PROMISE_PROMISER);
}

static char *
MachineWordsDetail(const ExceptionScan *scan)
{
	return psprintf("words by %s (%s) that no human of the company saw", Drafter(scan),
					DrafterKind(scan));
}

/* ---- due, and pauses ---- */

static bool
IsOverdue(const ExceptionScan *scan)
{
	return Undecided(scan) && Has(scan, PROMISE_OPENED_AT) && Has(scan, PROMISE_OVERDUE_AT) &&
		RowInstant(scan->promise, PROMISE_OVERDUE_AT) < scan->now;
}

static char *
OverdueDetail(const ExceptionScan *scan)
{
	return psprintf("was due %s, and has no verdict", ColumnInstant(scan, PROMISE_DUE));
}

static bool
IsDueMoved(const ExceptionScan *scan)
{
	return RowInt32(scan->promise, PROMISE_DUE_MOVES) > 0;
}

static char *
DueMovedDetail(const ExceptionScan *scan)
{
	int32		moves = RowInt32(scan->promise, PROMISE_DUE_MOVES);

	return psprintf("moved %s, first due %s, now %s",
					moves == 1 ? "once" : psprintf("%d times", moves),
					ColumnInstant(scan, PROMISE_FIRST_DUE),
					Has(scan, PROMISE_DUE) ? ColumnInstant(scan, PROMISE_DUE) :
					"without a due time");
}

static bool
IsNoDue(const ExceptionScan *scan)
{
	return Undecided(scan) && !Has(scan, PROMISE_DUE);
}

static bool
PauseExpired(const ExceptionScan *scan)
{
	return Has(scan, PROMISE_PAUSED_AT) && Has(scan, PROMISE_PAUSED_UNTIL) &&
		RowInstant(scan->promise, PROMISE_PAUSED_UNTIL) < scan->now;
}

static bool
IsLongPause(const ExceptionScan *scan)
{
	return PauseExpired(scan) || PromisePausedLong(scan->promise);
}

static TimestampTz
LongPauseSince(const ExceptionScan *scan)
{
	return Since(scan, PauseExpired(scan) ? PROMISE_PAUSED_UNTIL :
				 Has(scan, PROMISE_PAUSED_AT) ? PROMISE_PAUSED_AT : PROMISE_RECORDED_AT);
}

static char *
LongPauseDetail(const ExceptionScan *scan)
{
	const Row  *promise = scan->promise;
	Datum		promised;

	if (PauseExpired(scan))
		return psprintf("the pause since %s expired", ColumnInstant(scan, PROMISE_PAUSED_AT));
	promised = DirectFunctionCall2(timestamp_mi, promise->values[PROMISE_FIRST_DUE],
								   promise->values[PROMISE_MADE_AT]);
	return psprintf("paused for %s of the %s first promised",
					DatumGetCString(DirectFunctionCall1(interval_out,
														promise->values[PROMISE_PAUSED_FOR])),
					DatumGetCString(DirectFunctionCall1(interval_out, promised)));
}

static bool
IsOpenedLate(const ExceptionScan *scan)
{
	return PromiseOpenedLate(scan->promise);
}

static char *
OpenedLateDetail(const ExceptionScan *scan)
{
	return psprintf("first open only after it was due %s: it earns no evidence of being kept",
					ColumnInstant(scan, PROMISE_FIRST_DUE));
}

static bool
IsEased(const ExceptionScan *scan)
{
	return Has(scan, PROMISE_EASED_AT);
}

/* ---- how it ended ---- */

static bool
SettledBy(const ExceptionScan *scan, Event event)
{
	return RowTextIs(scan->promise, PROMISE_SETTLED_BY, event_names[event]);
}

static bool
IsWithdrawnLate(const ExceptionScan *scan)
{
	return Has(scan, PROMISE_OUTCOME) && SettledBy(scan, EVENT_WITHDRAWN);
}

static char *
WithdrawnLateDetail(const ExceptionScan *scan)
{
	return psprintf("withdrawn after acceptance or due, stands as %s",
					RowText(scan->promise, PROMISE_OUTCOME));
}

static bool
IsWithdrawnNearDue(const ExceptionScan *scan)
{
	return PromiseWithdrawnNearDue(scan->promise);
}

static char *
WithdrawnNearDueDetail(const ExceptionScan *scan)
{
	return psprintf("withdrawn after half of the time until it was due %s",
					ColumnInstant(scan, PROMISE_DUE));
}

static bool
IsReleasedLate(const ExceptionScan *scan)
{
	return Has(scan, PROMISE_SETTLED_AT) && Has(scan, PROMISE_DUE) &&
		RowInstant(scan->promise, PROMISE_DUE) < RowInstant(scan->promise, PROMISE_SETTLED_AT) &&
		SettledBy(scan, EVENT_RELEASED);
}

static char *
ReleasedLateDetail(const ExceptionScan *scan)
{
	return psprintf("was due %s", ColumnInstant(scan, PROMISE_DUE));
}

bool
PromiseOnCompanyWord(const Row *promise)
{
	return !RowIsNull(promise, PROMISE_OUTCOME) &&
		RowTextIs(promise, PROMISE_WHOSE_WORD, speaks_for_names[SPEAKS_FOR_COMPANY]);
}

bool
PromiseOnImportedWord(const Row *promise)
{
	return PromiseOnCompanyWord(promise) && RowBool(promise, PROMISE_BACKFILLED) &&
		RowInstant(promise, PROMISE_SETTLED_AT) <= RowInstant(promise, PROMISE_BACKFILLED_AT);
}

/* For what was imported see ImportRunsPut(). */
static bool
IsCompanyWordOnly(const ExceptionScan *scan)
{
	return PromiseOnCompanyWord(scan->promise) && !PromiseOnImportedWord(scan->promise);
}

static char *
CompanyWordDetail(const ExceptionScan *scan)
{
	return psprintf("%s, by the company's word alone", RowText(scan->promise, PROMISE_OUTCOME));
}

void
PutCompanyWord(const ExceptionScan *scan)
{
	Exception	exception = {
		.what = "company_word_only", .since = Since(scan, PROMISE_SETTLED_AT),
		.detail = CompanyWordDetail(scan)
	};

	PutException(scan, &exception);
}

static bool
IsAdmittedAndKept(const ExceptionScan *scan)
{
	return Has(scan, PROMISE_ADMITTED_AT) &&
		RowTextIs(scan->promise, PROMISE_OUTCOME, state_names[STATE_KEPT]);
}

static bool
IsVerdictReversed(const ExceptionScan *scan)
{
	return Has(scan, PROMISE_REVERSED_AT);
}

static char *
VerdictReversedDetail(const ExceptionScan *scan)
{
	return psprintf("another actor's verdict was replaced by a different one; it stands as %s",
					RowText(scan->promise, PROMISE_OUTCOME));
}

static bool
IsSpeakerRegistered(const ExceptionScan *scan)
{
	return Has(scan, PROMISE_DOUBTED_SPEAKER);
}

/* About when the actor spoke: the verdict or end, or the acceptance. */
static TimestampTz
SpokenSince(const ExceptionScan *scan)
{
	return Since(scan, Has(scan, PROMISE_SETTLED_AT) ? PROMISE_SETTLED_AT : PROMISE_ACCEPTED_AT);
}

/* ---- all of them ---- */

/* since is a column, unless since_of is set; subject is a column, or 0 for none. */
static const struct
{
	const char *what;
	bool		(*applies) (const ExceptionScan *scan);
	int			since;
	TimestampTz (*since_of) (const ExceptionScan *scan);
	int			subject;
	char	   *(*subject_of) (const ExceptionScan *scan);
	const char *text;			/* the detail, unless detail_of is set */
	char	   *(*detail_of) (const ExceptionScan *scan);
}			kinds[] = {

	{.what = "unbacked", .applies = IsUnbacked, .since_of = UnbackedSince,
	.detail_of = UnbackedDetail},
	{.what = "backing_overdue", .applies = IsBackingOverdue, .since = PROMISE_BACK_BY,
	.detail_of = BackingOverdueDetail},
	{.what = "overdue", .applies = IsOverdue, .since = PROMISE_OVERDUE_AT,
	.detail_of = OverdueDetail},
	{.what = "backer_retired", .applies = IsBackerRetired, .since_of = BackerRetiredSince,
	.subject = PROMISE_BACKER, .text = "its backer is retired"},
	{.what = "backing_withdrawn", .applies = IsBackingWithdrawn, .since = PROMISE_UNBACKED_AT,
	.subject = PROMISE_FORMER_BACKER, .text = "its backer withdrew, and nobody else backs it"},
	{.what = "relied_on_unbacked", .applies = IsReliedOnUnbacked, .since = PROMISE_ACCEPTED_AT,
	.text = "the customer accepted it, and nobody ever backed it"},
	{.what = "machine_words_unseen", .applies = IsMachineWordsUnseen,
	.since = PROMISE_RECORDED_AT, .subject_of = Drafter, .detail_of = MachineWordsDetail},
	{.what = "due_moved", .applies = IsDueMoved, .since = PROMISE_DUE_MOVED_AT,
	.detail_of = DueMovedDetail},
	{.what = "no_due", .applies = IsNoDue, .since = PROMISE_MADE_AT,
	.text = "it has no due time, and cannot become overdue"},
	{.what = "long_pause", .applies = IsLongPause, .since_of = LongPauseSince,
	.detail_of = LongPauseDetail},
	{.what = "opened_late", .applies = IsOpenedLate, .since = PROMISE_OPENED_AT,
	.detail_of = OpenedLateDetail},
	{.what = "eased", .applies = IsEased, .since = PROMISE_EASED_AT,
	.text = "the company eased the terms after half of the time: it counts as partly kept at most"},
	{.what = "withdrawn_late", .applies = IsWithdrawnLate, .since = PROMISE_SETTLED_AT,
	.detail_of = WithdrawnLateDetail},
	{.what = "withdrawn_near_due", .applies = IsWithdrawnNearDue, .since = PROMISE_SETTLED_AT,
	.detail_of = WithdrawnNearDueDetail},
	{.what = "released_late", .applies = IsReleasedLate, .since = PROMISE_SETTLED_AT,
	.detail_of = ReleasedLateDetail},
	{.what = "company_word_only", .applies = IsCompanyWordOnly, .since = PROMISE_SETTLED_AT,
	.detail_of = CompanyWordDetail},
	{.what = "admitted_and_kept", .applies = IsAdmittedAndKept, .since = PROMISE_ADMITTED_AT,
	.text = "a breach was admitted before due, and it stands as kept"},
	{.what = "verdict_reversed", .applies = IsVerdictReversed, .since = PROMISE_REVERSED_AT,
	.subject = PROMISE_VERDICT_BY, .detail_of = VerdictReversedDetail},
	{.what = "speaker_registered", .applies = IsSpeakerRegistered, .since_of = SpokenSince,
		.subject = PROMISE_DOUBTED_SPEAKER,
		.text = "spoke for the customer or a system of record, but does so only since the promise "
	"was recorded, or answers to the human behind it"},
};

void
PutPromiseExceptions(const ExceptionScan *scan)
{
	for (size_t i = 0; i < lengthof(kinds); i++)
	{
		Exception	exception = {.what = kinds[i].what};

		if (!kinds[i].applies(scan))
			continue;
		exception.since = kinds[i].since_of ? kinds[i].since_of(scan) :
			Since(scan, kinds[i].since);
		exception.subject = kinds[i].subject_of ? kinds[i].subject_of(scan) :
			kinds[i].subject ? RowText(scan->promise, kinds[i].subject) : NULL;
		exception.detail = kinds[i].detail_of ? kinds[i].detail_of(scan) :
			unconstify(char *, kinds[i].text);
		PutException(scan, &exception);
	}
}
