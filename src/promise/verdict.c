/*
 * verdict.c
 *		Verdicts: whose word they are, what they weigh, and which of them stands.
 *
 * Whose word it is follows from who acts.  What the customer says themselves
 * outranks what the company says they said, that outranks a system of record,
 * and that the company.
 */
#include "postgres.h"

#include "promise/verdict.h"

#include "base/text.h"

/* An error unless the acting actor speaks for them. */
void
CheckSpeaksFor(const PromiseAct *pa, SpeaksFor speaks_for, const char *what)
{
	if (pa->act.actor->speaks_for == speaks_for)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_TL_IDENTITY),
			 errmsg("\"%s\" speaks for the %s and cannot %s", pa->act.actor->actor,
					speaks_for_names[pa->act.actor->speaks_for], what),
			 errhint("Only an actor that speaks for the %s can.", speaks_for_names[speaks_for])));
}

/* Only the company relays: the others speak for themselves. */
void
CheckRelays(const PromiseAct *pa)
{
	if (pa->act.actor->speaks_for == SPEAKS_FOR_COMPANY)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("\"%s\" speaks for the %s and relays nothing", pa->act.actor->actor,
					speaks_for_names[pa->act.actor->speaks_for]),
			 errhint("Leave relayed out: it is for a company actor who passes on what the customer said.")));
}

static bool
SameHuman(const char *a, const char *b)
{
	return a != NULL && b != NULL && strcmp(a, b) == 0;
}

/* Whether the same human answers for who acts and for that actor of the promise. */
bool
SharesHuman(const PromiseAct *pa, int column)
{
	Actor	   *other = RowIsNull(pa->promise, column) ? NULL :
	ActorFind(pa->act.ledger, RowText(pa->promise, column));

	return other != NULL && SameHuman(ActorHuman(pa->act.actor), ActorHuman(other));
}

/* Whose word, lowest first: the higher replaces the lower. */
int
WordRank(SpeaksFor word, bool relayed)
{
	/* what the customer says themselves is worth more than what we say they said */
	return 2 * word - ((word == SPEAKS_FOR_CUSTOMER && relayed) ? 1 : 0);
}

/* Of the verdict that stands; -1 where there is none. */
int
StandingRank(const Row *promise)
{
	int			word = RowIsNull(promise, PROMISE_WHOSE_WORD) ? -1 :
	NameIndex(speaks_for_names, SPEAKS_FOR_KINDS, RowText(promise, PROMISE_WHOSE_WORD));

	return word < 0 ? -1 : WordRank(word, RowBool(promise, PROMISE_RELAYED));
}

/* A higher word stands, an equal one with at least the same evidence. */
bool
WordStands(const PromiseAct *pa, SpeaksFor word, bool relayed)
{
	int			rank = WordRank(word, relayed);
	int			standing = StandingRank(pa->promise);

	return rank > standing ||
		(rank == standing && pa->act.evidence >= RowEvidence(pa->promise, PROMISE_VERDICT_EVIDENCE));
}

/* What the entry says, whose word that is, and where it stands what it weighs. */
void
SetVerdict(PromiseAct *pa, State verdict, SpeaksFor word, bool relayed, bool stands, Weighing weighing)
{
	const Weight *weight = &pa->act.ledger->weights[weighing];
	Row		   *entry = pa->entry;

	RowSetText(entry, ENTRY_VERDICT, state_names[verdict]);
	RowSetText(entry, ENTRY_WHOSE_WORD, speaks_for_names[word]);
	RowSet(entry, ENTRY_RELAYED, BoolGetDatum(relayed));
	RowSet(entry, ENTRY_STANDS, BoolGetDatum(stands));
	if (!stands)
		return;
	RowSet(entry, ENTRY_WEIGHT_KEPT, Int32GetDatum(weight->kept));
	RowSet(entry, ENTRY_WEIGHT_BROKEN, Int32GetDatum(weight->broken));
}
