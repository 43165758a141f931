/*
 * verdict.c
 *		The rank of verdicts, and their weight.
 *
 * The rank of a verdict, its "word", follows from whom the acting actor speaks for.
 * From highest to lowest: the customer, the customer as relayed by the company, a
 * system of record, the company.
 */
#include "postgres.h"

#include "promise/verdict.h"

#include "base/text.h"
#include "promise/lateness.h"

void
CheckSpeaksFor(const PromiseAct *pa, SpeaksFor speaks_for, const char *what)
{
	if (pa->act.actor->speaks_for == speaks_for)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_TL_IDENTITY),
			 errmsg("\"%s\" speaks for the %s and cannot %s", pa->act.actor->actor,
					speaks_for_names[pa->act.actor->speaks_for], what),
			 errhint("Only an actor that speaks for the %s can do that.",
					 speaks_for_names[speaks_for])));
}

void
CheckCanRelay(const Actor *actor)
{
	if (actor->speaks_for == SPEAKS_FOR_COMPANY)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("\"%s\" speaks for the %s and cannot relay what the customer said",
					actor->actor, speaks_for_names[actor->speaks_for]),
			 errhint("Leave relayed out.")));
}

static bool
SameHuman(const char *a, const char *b)
{
	return a != NULL && b != NULL && strcmp(a, b) == 0;
}

bool
SharesHuman(const PromiseAct *pa, int column)
{
	Actor	   *other = RowIsNull(pa->promise, column) ? NULL :
		ActorFind(pa->act.ledger, RowText(pa->promise, column));

	return other != NULL && SameHuman(ActorHuman(pa->act.actor), ActorHuman(other));
}

int
WordRank(SpeaksFor word, bool relayed)
{
	return 2 * word - ((word == SPEAKS_FOR_CUSTOMER && relayed) ? 1 : 0);
}

int
CurrentRank(const Row *promise)
{
	int			word = RowIsNull(promise, PROMISE_WHOSE_WORD) ? -1 :
		NameIndex(speaks_for_names, SPEAKS_FOR_KINDS, RowText(promise, PROMISE_WHOSE_WORD));

	return word < 0 ? -1 : WordRank(word, RowBool(promise, PROMISE_RELAYED));
}

bool
WordStands(const PromiseAct *pa, SpeaksFor word, bool relayed)
{
	int			rank = WordRank(word, relayed);
	int			current = CurrentRank(pa->promise);

	return rank > current ||
		(rank == current && pa->act.evidence >= RowEvidence(pa->promise, PROMISE_VERDICT_EVIDENCE));
}

/*
 * From the ledger's settings.  A promise whose terms the company eased late is partly kept
 * at most.  One that was opened late earns nothing, and is broken in full.
 */
static Weight
WeightOf(const PromiseAct *pa, WeightKind kind)
{
	const Weight *weights = pa->act.ledger->weights;
	bool		kept = kind == WEIGHT_KEPT || kind == WEIGHT_KEPT_BY_COMPANY;
	Weight		weight = weights[kind];

	if (kept && !RowIsNull(pa->promise, PROMISE_EASED_AT))
		weight = weights[WEIGHT_PARTLY_KEPT];
	if (PromiseOpenedLate(pa->promise))
		weight.kept = 0;
	return weight;
}

void
SetVerdict(PromiseAct *pa, State verdict, SpeaksFor word, bool relayed, bool stands,
		   WeightKind weight_kind)
{
	Weight		weight = WeightOf(pa, weight_kind);
	Row		   *entry = pa->entry;

	RowSetText(entry, ENTRY_VERDICT, state_names[verdict]);
	RowSetText(entry, ENTRY_WHOSE_WORD, speaks_for_names[word]);
	RowSet(entry, ENTRY_RELAYED, BoolGetDatum(relayed));
	RowSet(entry, ENTRY_STANDS, BoolGetDatum(stands));
	if (!stands)
		return;
	RowSet(entry, ENTRY_WEIGHT_KEPT, Int32GetDatum(weight.kept));
	RowSet(entry, ENTRY_WEIGHT_BROKEN, Int32GetDatum(weight.broken));
}
