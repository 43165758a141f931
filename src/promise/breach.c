/*
 * breach.c
 *		Owning up to a breach, and making it good.
 *
 * Both are worth something, and always less than keeping the promise.
 */
#include "postgres.h"

#include "promise/breach.h"

#include "base/arguments.h"
#include "promise/dispatch.h"
#include "promise/verdict.h"

/* Before due, by the ledger's clock: what has no due time cannot be shown to be in time. */
static void
CheckInTime(const PromiseAct *pa)
{
	if (RowIsNull(pa->promise, PROMISE_DUE))
		ereport(ERROR,
				(errcode(ERRCODE_TL_STATE),
				 errmsg("promise %s has no due time", PromiseName(pa->promise)),
				 errdetail("Nothing tells that the admission comes in time."),
				 errhint("Use assess_promise(..., 'broken').")));
	if (PromisePastDue(pa->promise, EntryInstant(pa->entry)))
		ereport(ERROR,
				(errcode(ERRCODE_TL_STATE),
				 errmsg("promise %s is past due: its breach is admitted too late", PromiseName(pa->promise)),
				 errdetail("It was due at %s.", timestamptz_to_str(RowInstant(pa->promise, PROMISE_DUE))),
				 errhint("Use assess_promise(..., 'broken'), and repair_breach() once it was made good.")));
}

/*
 * admit_breach(promise uuid, reason text, customer text, actor, occurred_at, context,
 *				idempotency_key) returns receipt
 *		The company says in time that it will break the promise: broken from now on,
 *		by the company's word, and for less than a breach that others find.  Errors:
 *		TL001 state, past due, or without due; TL003 not by the company.
 */
void
AdmitBreach(PromiseAct *pa)
{
	CheckSpeaksFor(pa, SPEAKS_FOR_COMPANY, "admit a breach");
	CheckInTime(pa);
	PromiseSetReason(pa);
	SetVerdict(pa, STATE_BROKEN, SPEAKS_FOR_COMPANY, false, true, WEIGHT_ADMITTED);
	PromiseAppend(pa, STATE_BROKEN);
}

static void
CheckNotRepaired(const PromiseAct *pa, SpeaksFor word)
{
	if (!RowIsNull(pa->promise, PROMISE_REPAIRED_AT) && WordRank(word, false) <= StandingRank(pa->promise))
		ereport(ERROR,
				(errcode(ERRCODE_TL_STATE),
				 errmsg("the breach of promise %s was repaired already", PromiseName(pa->promise)),
				 errdetail("This stands as the %s's word.", RowText(pa->promise, PROMISE_WHOSE_WORD))));
}

/* The acting actor says that it was made good: over a higher word this waits until that confirms it. */
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
 *		What was broken was made good, and how.  It stays broken, and weighs less: at
 *		once over the company's own verdict; over a customer's or a record's once they
 *		confirm it.  Errors: TL001 state, or repaired already.
 */
void
RepairBreach(PromiseAct *pa)
{
	text	   *how = CommandWordsNeeded(pa->command, COMMAND_REASON, "Say how the breach was made good.");

	RowSet(pa->entry, ENTRY_NOTE, PointerGetDatum(how));
	RepairPromise(pa);
}
