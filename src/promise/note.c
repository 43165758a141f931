/*
 * note.c
 *		Notes: what somebody wants on record about a promise.
 */
#include "postgres.h"

#include "promise/dispatch.h"

/*
 * add_note(promise uuid, note text, customer text, actor, occurred_at, context,
 *			idempotency_key) returns receipt
 *		A note in the promise's history, in any state; it changes nothing else.
 *		Errors: 22004 and 22023 no note.
 */
void
AddNote(PromiseAct *pa)
{
	text	   *note = CommandWordsNeeded(pa->command, COMMAND_REASON, "Say what is to be on record.");

	RowSet(pa->entry, ENTRY_NOTE, PointerGetDatum(note));
	PromiseAppend(pa, PromiseState(pa->promise));
}
