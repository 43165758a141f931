/*
 * note.c
 *		Adds notes to promises.
 */
#include "postgres.h"

#include "promise/dispatch.h"

/*
 * add_note(promise uuid, note text, customer text, actor, occurred_at, context,
 *			idempotency_key) returns receipt
 *		Adds a note to the promise's history, in any state.  It changes nothing else.
 *		Errors: 22004 and 22023 no text.
 */
void
AddNote(PromiseAct *pa)
{
	text	   *note = CommandWordsNeeded(pa->command, COMMAND_REASON,
										  "Specify the text of the note.");

	RowSet(pa->entry, ENTRY_NOTE, PointerGetDatum(note));
	PromiseAppend(pa, PromiseState(pa->promise));
}
