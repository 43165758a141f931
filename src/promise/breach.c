/*
 * breach.c
 *		Admits breaches before the due time, and repairs breaches.
 *
 * An admitted or repaired breach counts less than one that was only found, but a
 * kept promise always counts more.
 */
#include "postgres.h"

#include "promise/breach.h"

#include "base/arguments.h"
#include "promise/dispatch.h"
#include "promise/verdict.h"

/* An admission must be recorded before the promise is due. */
static void
CheckAdmittedInTime(const PromiseAct *pa)
{
	if (RowIsNull(pa->promise, PROMISE_DUE))
		ereport(ERROR,
				(errcode(ERRCODE_TL_STATE),
				 errmsg("cannot admit a breach of promise %s, which has no due time",
						PromiseName(pa->promise)),
				 errdetail("Only a breach admitted before the due time counts as admitted."),
				 errhint("Use assess_promise(..., 'broken').")));
	if (PromisePastDue(pa->promise, EntryInstant(pa->entry)))
		ereport(ERROR,
				(errcode(ERRCODE_TL_STATE),
				 errmsg("cannot admit a breach of promise %s, which is past due",
						PromiseName(pa->promise)),
				 errdetail("It was due at %s.",
						   timestamptz_to_str(RowInstant(pa->promise, PROMISE_DUE))),
				 errhint("Use assess_promise(..., 'broken'), "
						 "and repair_breach() after the repair.")));
}

/*
 * admit_breach(promise uuid, reason text, customer text, actor, occurred_at, context,
 *				idempotency_key) returns receipt
 *		The company says before the due time that it will break the promise.  The promise
 *		is then broken by the company's word, with the weight of an admitted breach.
 *		Errors: TL001 state, past due, or no due time; TL003 not by the company.
 */
void
AdmitBreach(PromiseAct *pa)
{
	CheckSpeaksFor(pa, SPEAKS_FOR_COMPANY, "admit a breach");
	CheckAdmittedInTime(pa);
	PromiseSetReason(pa);
	SetVerdict(pa, STATE_BROKEN, SPEAKS_FOR_COMPANY, false, true, WEIGHT_ADMITTED);
	PromiseAppend(pa, STATE_BROKEN);
}

static void
CheckNotRepaired(const PromiseAct *pa, SpeaksFor word)
{
	if (!RowIsNull(pa->promise, PROMISE_REPAIRED_AT) &&
		WordRank(word, false) <= CurrentRank(pa->promise))
		ereport(ERROR,
				(errcode(ERRCODE_TL_STATE),
				 errmsg("the breach of promise %s has already been repaired",
						PromiseName(pa->promise)),
				 errdetail("The repair counts as the %s's word.",
						   RowText(pa->promise, PROMISE_WHOSE_WORD))));
}

void
RepairPromise(PromiseAct *pa)
{
	SpeaksFor	word = pa->act.actor->speaks_for;

	CheckNotRepaired(pa, word);
	SetVerdict(pa, STATE_BROKEN, word, false, WordStands(pa, word, false), WEIGHT_REPAIRED);
	PromiseAppend(pa, STATE_BROKEN);
}

/*
 * repair_breach(promise uuid, how text, customer text, actor, occurred_at, context,
 *				 idempotency_key) returns receipt
 *		Records that a breach was repaired, and how.  The promise stays broken, with the
 *		weight of a repaired breach.  If the verdict is a customer's or a system of
 *		record's, the new weight applies only after they confirm the repair.
 *		Errors: TL001 state, or repaired before; 22004 and 22023 no text.
 */
void
RepairBreach(PromiseAct *pa)
{
	text	   *how = CommandWordsNeeded(pa->command, COMMAND_REASON,
										 "Say how the breach was repaired.");

	RowSet(pa->entry, ENTRY_NOTE, PointerGetDatum(how));
	RepairPromise(pa);
}
