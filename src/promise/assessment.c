/*
 * assessment.c
 *		Assesses promises as kept, partly kept or broken.
 */
#include "postgres.h"

#include "promise/assessment.h"

#include "base/arguments.h"
#include "promise/dispatch.h"
#include "promise/verdict.h"

/*
 * A favourable verdict must be relayed by somebody else than the promiser, the
 * backer, and the machines that they are responsible for.
 */
static void
CheckRelayedVerdict(const PromiseAct *pa, State verdict)
{
	CheckCanRelay(pa->act.actor);
	if (verdict != STATE_BROKEN &&
		(SharesHuman(pa, PROMISE_PROMISER) || SharesHuman(pa, PROMISE_BACKER)))
		ereport(ERROR,
				(errcode(ERRCODE_TL_IDENTITY),
				 errmsg("\"%s\" cannot relay a favourable verdict on their own promise",
						pa->act.actor->actor),
				 errdetail("The human responsible for \"%s\" is the promiser or the backer, "
						   "or is responsible for one of them.", pa->act.actor->actor),
				 errhint("Let another actor relay the verdict, "
						 "or let the customer assess the promise.")));
}

/*
 * A relayed verdict counts as the customer's word only if it says "broken".  A
 * relayed verdict in the company's favour counts as the company's own word.
 */
static SpeaksFor
WordOf(const PromiseAct *pa, State verdict, bool relayed)
{
	if (relayed && verdict == STATE_BROKEN)
		return SPEAKS_FOR_CUSTOMER;
	return pa->act.actor->speaks_for;
}

/* A breach admitted in time keeps its lower weight if the promise is assessed as broken later. */
static WeightKind
WeightKindOf(const PromiseAct *pa, State verdict, SpeaksFor word)
{
	if (verdict == STATE_BROKEN)
		return RowIsNull(pa->promise, PROMISE_ADMITTED_AT) ? WEIGHT_BROKEN : WEIGHT_ADMITTED;
	if (verdict == STATE_PARTLY_KEPT)
		return WEIGHT_PARTLY_KEPT;
	return word == SPEAKS_FOR_COMPANY ? WEIGHT_KEPT_BY_COMPANY : WEIGHT_KEPT;
}

/*
 * Whether the verdict would replace a late withdrawal or an admitted breach that
 * rests on the company's word by the company's word.  This is allowed only to
 * take back a claimed repair.
 */
static bool
OverturnsOwnBreach(const PromiseAct *pa, State verdict, SpeaksFor word)
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
 * If a broken promise is assessed as broken again, the new weight must not be more
 * favourable than the old one, even if the ledger's weights have changed.
 */
static void
KeepBreachWeight(PromiseAct *pa)
{
	const Row  *promise = pa->promise;
	Row		   *entry = pa->entry;

	if (!RowTextIs(promise, PROMISE_OUTCOME, state_names[STATE_BROKEN]) ||
		!RowIsNull(promise, PROMISE_REPAIRED_AT) ||
		RowIsNull(promise, PROMISE_WEIGHT_KEPT) || RowIsNull(promise, PROMISE_WEIGHT_BROKEN))
		return;
	RowSet(entry, ENTRY_WEIGHT_KEPT,
		   Int32GetDatum(Min(DatumGetInt32(entry->values[ENTRY_WEIGHT_KEPT]),
							 DatumGetInt32(promise->values[PROMISE_WEIGHT_KEPT]))));
	RowSet(entry, ENTRY_WEIGHT_BROKEN,
		   Int32GetDatum(Max(DatumGetInt32(entry->values[ENTRY_WEIGHT_BROKEN]),
							 DatumGetInt32(promise->values[PROMISE_WEIGHT_BROKEN]))));
}

void
RecordVerdict(PromiseAct *pa, State verdict, bool relayed)
{
	SpeaksFor	word = WordOf(pa, verdict, relayed);
	bool		stands = WordStands(pa, word, relayed) && !OverturnsOwnBreach(pa, verdict, word);

	if (relayed)
		CheckRelayedVerdict(pa, verdict);
	SetVerdict(pa, verdict, word, relayed, stands, WeightKindOf(pa, verdict, word));
	if (stands && verdict == STATE_BROKEN)
		KeepBreachWeight(pa);
	PromiseAppend(pa, stands ? verdict : PromiseState(pa->promise));
}

static State
VerdictOf(const Command *command)
{
	return STATE_KEPT + ArgEnum(CommandArgument(command, COMMAND_VERDICT), "verdict",
								VERDICT_NAMES, VERDICTS);
}

void
CheckAssess(const Command *command)
{
	(void) ArgKeyRequired(CommandArgument(command, COMMAND_VERDICT), "verdict");
	(void) VerdictOf(command);
}

/*
 * assess_promise(promise uuid, verdict text, relayed boolean, purpose_met boolean,
 *				  reason text, customer text, actor, occurred_at, context,
 *				  idempotency_key) returns receipt
 *		Records a verdict: kept, partly_kept or broken, and whether the purpose was met.
 *		Its rank follows from whom the acting actor speaks for: customer > record >
 *		company.  It replaces a verdict of lower rank, or of equal rank with at most the
 *		same evidence; otherwise it is recorded without effect.  The receipt has the
 *		resulting state.  relayed: a company actor reports what the customer said.
 *		Errors: TL001 state, TL003 a favourable verdict relayed on one's own promise,
 *		22023 invalid verdict, or relayed by an actor that is not the company's.
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
