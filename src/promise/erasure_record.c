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

void
CheckTargetKey(const Chain *chain, const ErasureTarget *target)
{
	bool		governance = VARSIZE_ANY_EXHDR(chain->customer) == 0;

	if ((target->promise == NULL) == governance && (target->subject != NULL || !governance))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_TL_ALTERED),
			 errmsg("entry " INT64_FORMAT " of customer \"%s\" was altered",
					target->seq, text_to_cstring(chain->customer)),
			 errdetail("An entry of a customer must have a promise, "
					   "and an entry of governance a subject."),
			 errhint("Run SELECT * FROM trust_ledger.verify();")));
}

/* The details of an entry, such as {"texts": ["words", "note"]} */
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

/* All entries of a promise share one row, since each changes it. */
static Row *
BatchPromise(ErasureBatch *batch, pg_uuid_t *promise)
{
	Row		   *last = batch->promise;

	if (last == NULL ||
		memcmp(DatumGetUUIDP(last->values[PROMISE_PROMISE]), promise, UUID_LEN) != 0)
		batch->promise = PromiseRead(batch->erasure->chain, UUIDPGetDatum(promise), false);
	return batch->promise;
}

/* Prepares an entry that records the erasure of one entry, or of all entries of a promise. */
static void
RecordErasure(ErasureBatch *batch, const ErasureTarget *target)
{
	Erasure    *erasure = batch->erasure;
	PromiseAct *pa = palloc0(sizeof(PromiseAct));

	pa->act = erasure->act;
	pa->chain = erasure->chain;
	pa->event = EVENT_ERASED;
	pa->promise = BatchPromise(batch, target->promise);
	pa->entry = ActEntry(&erasure->act, erasure->chain, event_names[EVENT_ERASED]);
	if (erasure->erased_any || batch->act_count > 0)	/* only the first entry has the key */
		EntryClearRequest(pa->entry);
	RowCopyValue(pa->entry, ENTRY_PROMISE, pa->promise, PROMISE_PROMISE);
	RowSet(pa->entry, ENTRY_NOTE, PointerGetDatum(erasure->reason));
	if (erasure->by_entry)
	{
		RowSet(pa->entry, ENTRY_REFERS_TO, Int64GetDatum(target->seq));
		RowSet(pa->entry, ENTRY_DETAILS, TextsAsJson(target->texts));
	}
	CheckNotBeforeMade(pa);
	PromiseLink(pa, PromiseState(pa->promise));
	batch->acts[batch->act_count++] = PromiseLinkedAct(pa, NULL);
	erasure->has_recorded = true;
	erasure->recorded = *target->promise;
}

/* Copies the receipt of the first entry into a context that outlives the batch. */
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

void
RecordPromiseErasures(ErasureBatch *batch, MemoryContext lasting)
{
	Erasure    *erasure = batch->erasure;
	Receipt		first;

	batch->acts = palloc(sizeof(LinkedAct) * batch->count);
	for (int i = 0; i < batch->count; i++)
	{
		const ErasureTarget *target = &batch->targets[i];

		if (erasure->by_entry || !erasure->has_recorded ||
			memcmp(&erasure->recorded, target->promise, UUID_LEN) != 0)
			RecordErasure(batch, target);
	}
	if (batch->act_count == 0)
		return;
	batch->acts[0].receipt = &first;
	LinkedActsWrite(batch->acts, batch->act_count);
	erasure->chain->score = NULL;	/* written; freed with the session */
	if (!erasure->erased_any)
		KeepReceipt(erasure, &first, lasting);
}

void
RecordGovernanceErasures(ErasureBatch *batch, MemoryContext lasting)
{
	Erasure    *erasure = batch->erasure;
	GovernanceChange *changes = palloc0(sizeof(GovernanceChange) * batch->count);
	Governance	governance = {.act = erasure->act, .chain = *erasure->chain};

	if (erasure->erased_any)	/* only the first entry has the key */
		governance.act.idempotency_key = NULL;
	for (int i = 0; i < batch->count; i++)
		changes[i] = (GovernanceChange) {
			.event = event_names[EVENT_ERASED], .subject = batch->targets[i].subject,
			.details = TextsAsJson(batch->targets[i].texts), .refers_to = batch->targets[i].seq,
			.reason = erasure->reason
		};
	GovernanceAppend(&governance, changes, batch->count);
	*erasure->chain = governance.chain;
	PushActiveSnapshot(GetTransactionSnapshot());	/* sees what was just erased */
	if (ActorFind(erasure->act.ledger, changes[0].subject) != NULL)
		GovernanceRestore(&governed_actor, changes[0].subject);
	PopActiveSnapshot();
	if (!erasure->erased_any)
		KeepReceipt(erasure, &governance.receipt, lasting);
}
