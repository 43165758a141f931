/*
 * assessment.c
 *		Assessing a promise: kept, partly kept or broken.
 */
#include "postgres.h"

#include "promise/assessment.h"

#include "base/arguments.h"
#include "promise/dispatch.h"
#include "promise/verdict.h"

/* Promiser, backer and the machines they answer for do not relay praise of their own promise. */
static void
CheckMayRelay(const PromiseAct *pa, State verdict)
{
	CheckRelays(pa);
	if (verdict != STATE_BROKEN &&
		(SharesHuman(pa, PROMISE_PROMISER) || SharesHuman(pa, PROMISE_BACKER)))
		ereport(ERROR,
				(errcode(ERRCODE_TL_IDENTITY),
				 errmsg("\"%s\" cannot relay a favourable verdict on their own promise", pa->act.actor->actor),
				 errdetail("The human who answers for \"%s\" is its promiser or backer, or answers for one of them.",
						   pa->act.actor->actor),
				 errhint("Let somebody else relay it, or the customer say it themselves.")));
}

/* Whose word it is follows from who acts; what we relay in our own favour is our own. */
static SpeaksFor
WordOf(const PromiseAct *pa, State verdict, bool relayed)
{
	if (relayed && verdict == STATE_BROKEN)
		return SPEAKS_FOR_CUSTOMER;
	return pa->act.actor->speaks_for;
}

/* A breach that was admitted in time weighs as one, whoever says later that it is broken. */
static Weighing
WeighingOf(const PromiseAct *pa, State verdict, SpeaksFor word)
{
	if (verdict == STATE_BROKEN)
		return RowIsNull(pa->promise, PROMISE_ADMITTED_AT) ? WEIGHT_BROKEN : WEIGHT_ADMITTED;
	if (verdict == STATE_PARTLY_KEPT)
		return WEIGHT_PARTLY_KEPT;
	return word == SPEAKS_FOR_COMPANY ? WEIGHT_KEPT_BY_COMPANY : WEIGHT_KEPT;
}

/*
 * A late withdrawal or an admission, still by the company's word alone, is not
 * talked away by the same word; that it was repaired, can be taken back.
 */
static bool
TalksAway(const PromiseAct *pa, State verdict, SpeaksFor word)
{
	const Row  *promise = pa->promise;

	if (verdict == STATE_BROKEN && !RowIsNull(promise, PROMISE_REPAIRED_AT))
		return false;
	return word == SPEAKS_FOR_COMPANY &&
		RowTextIs(promise, PROMISE_WHOSE_WORD, speaks_for_names[SPEAKS_FOR_COMPANY]) &&
		(RowTextIs(promise, PROMISE_SETTLED_BY, event_names[EVENT_WITHDRAWN]) ||
		 RowTextIs(promise, PROMISE_SETTLED_BY, event_names[EVENT_BREACH_ADMITTED]));
}

/*
 * That a promise is broken, said again, never weighs less: lighter settings and
 * another word do not lighten what stands.
 */
static void
KeepWeight(PromiseAct *pa)
{
	const Row  *promise = pa->promise;
	Row		   *entry = pa->entry;

	if (!RowTextIs(promise, PROMISE_OUTCOME, state_names[STATE_BROKEN]) || !RowIsNull(promise, PROMISE_REPAIRED_AT) ||
		RowIsNull(promise, PROMISE_WEIGHT_KEPT) || RowIsNull(promise, PROMISE_WEIGHT_BROKEN))
		return;
	RowSet(entry, ENTRY_WEIGHT_KEPT, Int32GetDatum(Min(DatumGetInt32(entry->values[ENTRY_WEIGHT_KEPT]),
													   DatumGetInt32(promise->values[PROMISE_WEIGHT_KEPT]))));
	RowSet(entry, ENTRY_WEIGHT_BROKEN, Int32GetDatum(Max(DatumGetInt32(entry->values[ENTRY_WEIGHT_BROKEN]),
														 DatumGetInt32(promise->values[PROMISE_WEIGHT_BROKEN]))));
}

/* The acting actor's verdict; what stands is then the promise's state. */
void
RecordVerdict(PromiseAct *pa, State verdict, bool relayed)
{
	SpeaksFor	word = WordOf(pa, verdict, relayed);
	bool		stands = WordStands(pa, word, relayed) && !TalksAway(pa, verdict, word);

	if (relayed)
		CheckMayRelay(pa, verdict);
	SetVerdict(pa, verdict, word, relayed, stands, WeighingOf(pa, verdict, word));
	if (stands && verdict == STATE_BROKEN)
		KeepWeight(pa);
	PromiseAppend(pa, stands ? verdict : PromiseState(pa->promise));
}

static State
VerdictOf(const Command *command)
{
	return STATE_KEPT + ArgName(CommandArgument(command, COMMAND_VERDICT), "verdict", VERDICT_NAMES, VERDICTS);
}

/* The verdict is needed, and is one. */
void
CheckAssess(const Command *command)
{
	(void) ArgKeyNeeded(CommandArgument(command, COMMAND_VERDICT), "verdict");
	(void) VerdictOf(command);
}

/*
 * assess_promise(promise uuid, verdict text, relayed boolean, purpose_met boolean,
 *				  reason text, customer text, actor, occurred_at, context,
 *				  idempotency_key) returns receipt
 *		A verdict: kept, partly_kept or broken, and whether the purpose was met.  Whose
 *		word it is follows from who acts: customer > record > company.  A higher word
 *		replaces the verdict, an equal one with at least the same evidence too; a lower
 *		one is recorded and does not stand: the receipt's state is what stands.
 *		relayed: a company actor passes on what the customer said.  Errors: TL001
 *		state, TL003 praise relayed on one's own promise, 22023 no such verdict.
 */
void
AssessPromise(PromiseAct *pa)
{
	const Command *command = pa->command;

	if (CommandHas(command, COMMAND_PURPOSE_MET))
		RowSet(pa->entry, ENTRY_PURPOSE_MET, CommandArgument(command, COMMAND_PURPOSE_MET).value);
	PromiseSetReason(pa);
	RecordVerdict(pa, VerdictOf(command), CommandBool(command, COMMAND_RELAYED));
}
