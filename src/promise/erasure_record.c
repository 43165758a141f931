/*
 * erasure_record.c
 *		Appends the entries that record an erasure.
 */
#include "postgres.h"

#include "promise/erasure.h"

#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/fmgrprotos.h"
#include "utils/snapmgr.h"

#include "governance/governance.h"

/* Entries of customers have a promise, those of governance a subject. */
void
CheckHasKey(const Chain *chain, const Loss *loss)
{
	bool		governance = VARSIZE_ANY_EXHDR(chain->customer) == 0;

	if ((loss->promise == NULL) == governance && (loss->subject != NULL || !governance))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_TL_ALTERED),
			 errmsg("entry " INT64_FORMAT " of customer \"%s\" was altered", loss->seq, text_to_cstring(chain->customer)),
			 errdetail("What it is about is missing."),
			 errhint("Run SELECT * FROM trust_ledger.verify();")));
}

/* {"texts": ["words", "note"]} */
static Datum
TextsAsJson(int texts)
{
	StringInfoData json;

	initStringInfo(&json);
	for (int i = 0; i < ERASABLE_TEXTS; i++)
		if (texts & (1 << i))
			appendStringInfo(&json, "%s\"%s\"", json.len ? ", " : "{\"texts\": [",
							 entry_shape.columns[erasable_texts[i].text].name);
	appendStringInfoString(&json, "]}");
	return DirectFunctionCall1(jsonb_in, CStringGetDatum(json.data));
}

/* The promise as the portion so far leaves it: one row, however many entries of it lose texts. */
static Row *
PromiseOf(Portion *portion, pg_uuid_t *promise)
{
	Row		   *last = portion->promise;

	if (last == NULL || memcmp(DatumGetUUIDP(last->values[PROMISE_PROMISE]), promise, UUID_LEN) != 0)
		portion->promise = PromiseRead(portion->erasure->chain, UUIDPGetDatum(promise), false);
	return portion->promise;
}

/* An act that says so: of one entry that lost texts, or of all of its promise. */
static void
SayErased(Portion *portion, const Loss *loss)
{
	Erasure    *erasure = portion->erasure;
	PromiseAct *pa = palloc0(sizeof(PromiseAct));

	pa->act = erasure->act;
	pa->chain = erasure->chain;
	pa->event = EVENT_ERASED;
	pa->promise = PromiseOf(portion, loss->promise);
	pa->entry = ActEntry(&erasure->act, erasure->chain, event_names[EVENT_ERASED]);
	if (erasure->any || portion->said_count > 0)	/* a key stands for one entry */
		EntryClearRequest(pa->entry);
	RowTake(pa->entry, ENTRY_PROMISE, pa->promise, PROMISE_PROMISE);
	RowSet(pa->entry, ENTRY_NOTE, PointerGetDatum(erasure->reason));
	if (erasure->by_entry)
	{
		RowSet(pa->entry, ENTRY_REFERS_TO, Int64GetDatum(loss->seq));
		RowSet(pa->entry, ENTRY_DETAILS, TextsAsJson(loss->texts));
	}
	CheckNotBeforeMade(pa);
	PromiseTie(pa, PromiseState(pa->promise));
	portion->said[portion->said_count++] = PromiseTied(pa, NULL);
	erasure->has_said = true;
	erasure->said = *loss->promise;
}

/* The receipt is of the first entry that says so, and outlives its portion. */
static void
KeepReceipt(Erasure *erasure, const Receipt *receipt, MemoryContext lasting)
{
	MemoryContext previous = MemoryContextSwitchTo(lasting);

	erasure->receipt = *receipt;
	erasure->receipt.customer = erasure->chain->customer;
	erasure->receipt.hash = DatumGetByteaPCopy(PointerGetDatum(receipt->hash));
	if (receipt->has_promise)
		erasure->receipt.promise = datumCopy(receipt->promise, false, UUID_LEN);
	if (receipt->has_state)
		erasure->receipt.state = datumCopy(receipt->state, false, -1);
	MemoryContextSwitchTo(previous);
}

/* Appends what says so, and stores the promises without what is gone. */
void
SayOfPromises(Portion *portion, MemoryContext lasting)
{
	Erasure    *erasure = portion->erasure;
	Receipt		first;

	portion->said = palloc(sizeof(TiedAct) * portion->count);
	for (int i = 0; i < portion->count; i++)
	{
		const Loss *loss = &portion->losses[i];

		if (erasure->by_entry || !erasure->has_said || memcmp(&erasure->said, loss->promise, UUID_LEN) != 0)
			SayErased(portion, loss);
	}
	if (portion->said_count == 0)
		return;
	portion->said[0].receipt = &first;
	TiedActsWrite(portion->said, portion->said_count);
	erasure->chain->score = NULL;	/* it is written, and its memory goes */
	if (!erasure->any)
		KeepReceipt(erasure, &first, lasting);
}

/* Governance keeps names of actors and reasons. */
void
SayOfGovernance(Portion *portion, MemoryContext lasting)
{
	Erasure    *erasure = portion->erasure;
	GovernanceChange *changes = palloc0(sizeof(GovernanceChange) * portion->count);
	Governance	governance = {.act = erasure->act, .chain = *erasure->chain};

	if (erasure->any)			/* a key stands for one entry */
		governance.act.idempotency_key = NULL;
	for (int i = 0; i < portion->count; i++)
		changes[i] = (GovernanceChange) {
			.event = event_names[EVENT_ERASED], .subject = portion->losses[i].subject,
			.details = TextsAsJson(portion->losses[i].texts), .refers_to = portion->losses[i].seq,
			.reason = erasure->reason
		};
	GovernanceAppend(&governance, changes, portion->count);
	*erasure->chain = governance.chain;
	PushActiveSnapshot(GetTransactionSnapshot());	/* that sees what was just erased */
	if (ActorFind(erasure->act.ledger, changes[0].subject) != NULL)
		GovernanceRestore(&governed_actor, changes[0].subject);
	PopActiveSnapshot();
	if (!erasure->any)
		KeepReceipt(erasure, &governance.receipt, lasting);
}
