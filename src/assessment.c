/*
 * assessment.c
 *		Verdicts: whose word they are, and which of them stands.
 */
#include "postgres.h"

#include "promise.h"

#include "arguments.h"

PG_FUNCTION_INFO_V1(assess_promise);

static const char *const verdict_names[] = {"kept", "partly_kept", "broken"};
static const State verdict_states[] = {STATE_KEPT, STATE_PARTLY_KEPT, STATE_BROKEN};

enum
{
	VERDICT_KEPT,
	VERDICT_PARTLY_KEPT,
	VERDICT_BROKEN,
	VERDICTS
};

/* Whose word, lowest first: the higher replaces the lower. */
static int
Rank(SpeaksFor word, bool relayed)
{
	/* what the customer says themselves is worth more than what we say they said */
	return 2 * word - ((word == SPEAKS_FOR_CUSTOMER && relayed) ? 1 : 0);
}

static bool
SameHuman(const char *a, const char *b)
{
	return a != NULL && b != NULL && strcmp(a, b) == 0;
}

/* Whether the same human answers for who acts and for that actor. */
static bool
SharesHuman(const PromiseAct *pa, int column)
{
	Actor	   *other = RowIsNull(pa->promise, column) ? NULL :
	ActorFind(pa->act.ledger, RowText(pa->promise, column));

	return other != NULL && SameHuman(ActorHuman(pa->act.actor), ActorHuman(other));
}

/*
 * Only the company relays.  Promiser, backer and the machines they answer for
 * do not relay praise of their own promise.
 */
static void
CheckMayRelay(const PromiseAct *pa, int verdict)
{
	if (pa->act.actor->speaks_for != SPEAKS_FOR_COMPANY)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"%s\" speaks for the %s and relays nothing", pa->act.actor->actor,
						speaks_for_names[pa->act.actor->speaks_for]),
				 errhint("Leave relayed out: it is for a company actor who passes on what the customer said.")));
	if (verdict != VERDICT_BROKEN &&
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
WordOf(const PromiseAct *pa, int verdict, bool relayed)
{
	if (relayed && verdict == VERDICT_BROKEN)
		return SPEAKS_FOR_CUSTOMER;
	return pa->act.actor->speaks_for;
}

static Weight
WeightOf(const PromiseAct *pa, int verdict, SpeaksFor word)
{
	const Weight *weights = pa->act.ledger->weights;

	if (verdict == VERDICT_BROKEN)
		return weights[WEIGHT_BROKEN];
	if (verdict == VERDICT_PARTLY_KEPT)
		return weights[WEIGHT_PARTLY_KEPT];
	return weights[word == SPEAKS_FOR_COMPANY ? WEIGHT_KEPT_BY_COMPANY : WEIGHT_KEPT];
}

/* A higher word stands, an equal one with at least the same evidence. */
static bool
Stands(const PromiseAct *pa, SpeaksFor word, bool relayed)
{
	const Row  *promise = pa->promise;
	int			standing;
	int			rank = Rank(word, relayed);

	if (RowIsNull(promise, PROMISE_WHOSE_WORD))
		return true;
	standing = Rank(NameIndex(speaks_for_names, SPEAKS_FOR_KINDS, RowText(promise, PROMISE_WHOSE_WORD)),
					RowBool(promise, PROMISE_RELAYED));
	/* a late withdrawal is not talked away by the same word */
	if (RowTextIs(promise, PROMISE_SETTLED_BY, event_names[EVENT_WITHDRAWN]) &&
		RowTextIs(promise, PROMISE_WHOSE_WORD, speaks_for_names[SPEAKS_FOR_COMPANY]))
		return rank > standing;
	return rank > standing ||
		(rank == standing && pa->act.evidence >= RowEvidence(promise, PROMISE_VERDICT_EVIDENCE));
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
Datum
assess_promise(PG_FUNCTION_ARGS)
{
	PromiseAct	pa;
	bool		relayed = !PG_ARGISNULL(2) && PG_GETARG_BOOL(2);
	int			verdict;

	(void) ArgKeyNeeded(fcinfo, 1, "verdict");
	verdict = ArgName(fcinfo, 1, "verdict", verdict_names, VERDICTS);
	if (PromiseActBegin(&pa, fcinfo, EVENT_ASSESSED, "assess promises"))
	{
		SpeaksFor	word;
		bool		stands;

		if (relayed)
			CheckMayRelay(&pa, verdict);
		word = WordOf(&pa, verdict, relayed);
		stands = Stands(&pa, word, relayed);
		RowSetText(pa.entry, ENTRY_VERDICT, verdict_names[verdict]);
		RowSetText(pa.entry, ENTRY_WHOSE_WORD, speaks_for_names[word]);
		RowSet(pa.entry, ENTRY_RELAYED, BoolGetDatum(relayed));
		RowSet(pa.entry, ENTRY_STANDS, BoolGetDatum(stands));
		if (!PG_ARGISNULL(3))
			RowSet(pa.entry, ENTRY_PURPOSE_MET, PG_GETARG_DATUM(3));
		PromiseSetReason(&pa, fcinfo, 4);
		if (stands)
		{
			Weight		weight = WeightOf(&pa, verdict, word);

			RowSet(pa.entry, ENTRY_WEIGHT_KEPT, Int32GetDatum(weight.kept));
			RowSet(pa.entry, ENTRY_WEIGHT_BROKEN, Int32GetDatum(weight.broken));
		}
		PromiseAppend(&pa, stands ? verdict_states[verdict] : PromiseState(pa.promise));
	}
	return PromiseActEnd(&pa, fcinfo);
}
