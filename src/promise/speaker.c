/*
 * speaker.c
 *		Words of a customer or a system of record that the company may have given itself.
 *
 * Who administers the ledger can register an actor that speaks for a customer.  The entry
 * itself says that its actor is in doubt, since actors can change later.
 */
#include "postgres.h"

#include "promise/speaker.h"

#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

#include "base/text.h"
#include "promise/verdict.h"

/* The member of an entry's details that is the mark; doc/format.md describes it. */
#define MARK "speaker"

static const char *
Doubt(const PromiseAct *pa)
{
	if (pa->act.actor->speaks_since > RowInstant(pa->promise, PROMISE_RECORDED_AT))
		return "new";
	if (SharesHuman(pa, PROMISE_PROMISER) || SharesHuman(pa, PROMISE_BACKER))
		return "related";
	return NULL;
}

void
SpeakerMark(PromiseAct *pa)
{
	Row		   *entry = pa->entry;
	const char *doubt;
	Datum		mark;

	/* other events can have no actor */
	if (!EventCanBeClaimed(pa->event) || !EntryStands(entry) ||
		pa->act.actor->speaks_for == SPEAKS_FOR_COMPANY)
		return;
	doubt = Doubt(pa);
	if (doubt == NULL)
		return;
	mark = DirectFunctionCall1(jsonb_in,
							   CStringGetDatum(psprintf("{\"" MARK "\": \"%s\"}", doubt)));
	RowSet(entry, ENTRY_DETAILS, RowIsNull(entry, ENTRY_DETAILS) ? mark :
		   DirectFunctionCall2(jsonb_concat, entry->values[ENTRY_DETAILS], mark));
}

bool
SpeakerIsDoubted(const Row *entry)
{
	return !RowIsNull(entry, ENTRY_DETAILS) && EntryStands(entry) &&
		!RowTextIs(entry, ENTRY_SPEAKS_FOR, speaks_for_names[SPEAKS_FOR_COMPANY]) &&
		JsonText(DatumGetJsonbP(entry->values[ENTRY_DETAILS]), MARK) != NULL;
}
