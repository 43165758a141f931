/*
 * note.c
 *		Notes: what somebody wants on record about a promise.
 */
#include "postgres.h"

#include "base/arguments.h"
#include "promise/promise_act.h"

PG_FUNCTION_INFO_V1(add_note);

/*
 * add_note(promise uuid, note text, customer text, actor, occurred_at, context,
 *			idempotency_key) returns receipt
 *		A note in the promise's history, in any state; it changes nothing else.
 *		Errors: 22004 and 22023 no note.
 */
Datum
add_note(PG_FUNCTION_ARGS)
{
	PromiseAct	pa;

	if (PromiseActBegin(&pa, fcinfo, EVENT_NOTED, "note what concerns promises"))
	{
		text	   *note = ArgTextRequired(fcinfo, 1, "note", "Say what is to be on record.");

		RowSet(pa.entry, ENTRY_NOTE, PointerGetDatum(note));
		PromiseAppend(&pa, PromiseState(pa.promise));
	}
	return PromiseActEnd(&pa, fcinfo);
}
