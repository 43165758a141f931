/*
 * confirmation.c
 *		Confirming what the company said that the customer said.
 *
 * What is relayed, and a repair that is claimed over a higher word, waits until
 * the customer or a system of record says the same.
 */
#include "postgres.h"

#include "catalog/pg_type_d.h"

#include "base/statement.h"
#include "promise/assessment.h"
#include "promise/breach.h"
#include "promise/dispatch.h"
#include "promise/terms.h"
#include "promise/verdict.h"

static Statement read_claim = STATEMENT_OF_ROWS(
	entry_shape, "WHERE customer OPERATOR(pg_catalog.=) $1 AND seq OPERATOR(pg_catalog.=) $2", TEXTOID, INT8OID);

/* Said since by the other side, and so that it stands: the same event, or in answer to the claim. */
static Statement find_confirmation = STATEMENT(
	"SELECT seq FROM trust.entry WHERE customer OPERATOR(pg_catalog.=) $1 AND seq OPERATOR(pg_catalog.>) $2"
	" AND promise OPERATOR(pg_catalog.=) $3 AND event OPERATOR(pg_catalog.=) $4 AND speaks_for OPERATOR(pg_catalog.<>) 'company'"
	" AND stands IS NOT FALSE"
	" AND (event OPERATOR(pg_catalog.=) ANY ('{accepted,released}'::pg_catalog.text[])"
	"   OR refers_to OPERATOR(pg_catalog.=) $2) LIMIT 1",
	TEXTOID, INT8OID, UUIDOID, TEXTOID);

/* What waits since the other side last said something that stands. */
static Statement count_claims = STATEMENT(
	"SELECT pg_catalog.count(*) FROM trust.entry e WHERE customer OPERATOR(pg_catalog.=) $1 AND promise OPERATOR(pg_catalog.=) $2"
	" AND (relayed OR (event OPERATOR(pg_catalog.=) 'breach_repaired' AND NOT stands))"
	" AND seq OPERATOR(pg_catalog.>) COALESCE((SELECT pg_catalog.max(seq) FROM trust.entry"
	"   WHERE customer OPERATOR(pg_catalog.=) $1 AND promise OPERATOR(pg_catalog.=) $2 AND speaks_for OPERATOR(pg_catalog.<>) 'company'"
	"     AND event OPERATOR(pg_catalog.=) ANY ('{accepted,amended,assessed,released,breach_repaired}'::pg_catalog.text[])"
	"     AND stands IS NOT FALSE), 0)",
	TEXTOID, UUIDOID);

static Statement find_pause = STATEMENT(
	"SELECT seq FROM trust.entry WHERE customer OPERATOR(pg_catalog.=) $1 AND seq OPERATOR(pg_catalog.>) $2"
	" AND promise OPERATOR(pg_catalog.=) $3 AND event OPERATOR(pg_catalog.=) ANY ('{paused,resumed}'::pg_catalog.text[])"
	" LIMIT 1",
	TEXTOID, INT8OID, UUIDOID);

static void
CheckMayConfirm(const PromiseAct *pa)
{
	if (pa->act.actor->speaks_for == SPEAKS_FOR_COMPANY)
		ereport(ERROR,
				(errcode(ERRCODE_TL_IDENTITY),
				 errmsg("\"%s\" speaks for the company and cannot confirm what the company says", pa->act.actor->actor),
				 errhint("The customer confirms it, or a system of record.")));
}

/* Nobody confirms what came in between, and they have not seen. */
static void
CheckOneWaits(const PromiseAct *pa)
{
	Datum		values[2] = {PointerGetDatum(pa->chain->customer), pa->promise->values[PROMISE_PROMISE]};
	int64		count;

	StatementWrite(&count_claims, values, NULL);
	count = DatumGetInt64(ResultNeeded(0, 1, INT8OID));
	if (count > 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("more than one entry of promise %s waits to be confirmed", PromiseName(pa->promise)),
				 errdetail("There are " INT64_FORMAT ", the last is entry " INT64_FORMAT ".",
						   count, RowInt64(pa->promise, PROMISE_UNCONFIRMED)),
				 errhint("Name the one that is meant with entry => ...; trust_ledger.history() shows them.")));
}

/* By its number; else the one that waits. */
static int64
ClaimNumber(const PromiseAct *pa)
{
	NullableDatum entry = CommandArgument(pa->command, COMMAND_ENTRY);

	if (!entry.isnull)
		return DatumGetInt64(entry.value);
	if (RowIsNull(pa->promise, PROMISE_UNCONFIRMED))
		ereport(ERROR,
				(errcode(ERRCODE_TL_STATE),
				 errmsg("nothing about promise %s waits to be confirmed", PromiseName(pa->promise)),
				 errhint("trust.exception shows what does.")));
	CheckOneWaits(pa);
	return RowInt64(pa->promise, PROMISE_UNCONFIRMED);
}

static Row *
ReadClaim(const PromiseAct *pa, int64 seq)
{
	Datum		values[2] = {PointerGetDatum(pa->chain->customer), Int64GetDatum(seq)};
	Row		   *claim = StatementWrite(&read_claim, values, NULL) == 0 ? NULL :
	RowFromTuple(&entry_shape, SPI_tuptable->vals[0], SPI_tuptable->tupdesc);

	if (claim == NULL || !EntryIsClaim(claim) || !RowValueEqual(claim, ENTRY_PROMISE, pa->promise, PROMISE_PROMISE))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("entry " INT64_FORMAT " of promise %s is nothing to be confirmed", seq, PromiseName(pa->promise)),
				 errdetail("What is relayed can be, and a repair that does not stand."),
				 errhint("trust_ledger.history() shows the promise's entries by their numbers.")));
	return claim;
}

/* A claim that the one way in never writes. */
pg_noreturn static void ClaimAltered(const Row *claim);

static void
ClaimAltered(const Row *claim)
{
	ereport(ERROR,
			(errcode(ERRCODE_TL_ALTERED),
			 errmsg("entry " INT64_FORMAT " of customer \"%s\" was altered",
					RowInt64(claim, ENTRY_SEQ), RowText(claim, ENTRY_CUSTOMER)),
			 errdetail("It claims nothing that the customer could have said."),
			 errhint("Run SELECT * FROM trust_ledger.verify();")));
}

static Event
ClaimedEvent(const Row *claim)
{
	for (int event = 0; event < EVENTS; event++)
		if (EventCanBeClaimed(event) && RowTextIs(claim, ENTRY_EVENT, event_names[event]))
			return event;
	ClaimAltered(claim);
}

static State
ClaimedVerdict(const Row *claim)
{
	for (State verdict = STATE_KEPT; verdict <= STATE_BROKEN; verdict++)
		if (RowTextIs(claim, ENTRY_VERDICT, state_names[verdict]))
			return verdict;
	ClaimAltered(claim);
}

static void
CheckWaits(const PromiseAct *pa, const Row *claim)
{
	Datum		values[4] = {
		claim->values[ENTRY_CUSTOMER], claim->values[ENTRY_SEQ], claim->values[ENTRY_PROMISE], claim->values[ENTRY_EVENT]
	};

	if (StatementWrite(&find_confirmation, values, NULL) > 0)
		ereport(ERROR,
				(errcode(ERRCODE_TL_STATE),
				 errmsg("entry " INT64_FORMAT " of promise %s was confirmed already",
						RowInt64(claim, ENTRY_SEQ), PromiseName(pa->promise)),
				 errdetail("Entry " INT64_FORMAT " says so.", DatumGetInt64(ResultNeeded(0, 1, INT8OID)))));
}

/* What was agreed to are those terms, and no others. */
static void
CheckSameTerms(const PromiseAct *pa, const Row *claim)
{
	Datum		values[3] = {claim->values[ENTRY_CUSTOMER], claim->values[ENTRY_SEQ], claim->values[ENTRY_PROMISE]};

	if (RowValueEqual(claim, ENTRY_REFERS_TO, pa->promise, PROMISE_TERMS_SEQ) &&
		StatementWrite(&find_pause, values, NULL) == 0)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_TL_STATE),
			 errmsg("the terms of promise %s have changed since entry " INT64_FORMAT,
					PromiseName(pa->promise), RowInt64(claim, ENTRY_SEQ)),
			 errhint("Accept or amend it as it is now.")));
}

static void
ConfirmAcceptance(PromiseAct *pa, const Row *claim)
{
	CheckSameTerms(pa, claim);
	RowSet(pa->entry, ENTRY_ACCEPTED, BoolGetDatum(true));
	RowTake(pa->entry, ENTRY_REFERS_TO, claim, ENTRY_REFERS_TO);
	PromiseAppend(pa, STATE_OPEN);
}

static bool
LostTerms(const Row *claim)
{
	return (RowIsNull(claim, ENTRY_WORDS) && !RowIsNull(claim, ENTRY_WORDS_COMMITMENT)) ||
		(RowIsNull(claim, ENTRY_PURPOSE) && !RowIsNull(claim, ENTRY_PURPOSE_COMMITMENT));
}

static void
ConfirmAmendment(PromiseAct *pa, const Row *claim)
{
	CheckSameTerms(pa, claim);
	if (LostTerms(claim))
		ereport(ERROR,
				(errcode(ERRCODE_TL_STATE),
				 errmsg("terms of entry " INT64_FORMAT " were erased", RowInt64(claim, ENTRY_SEQ)),
				 errdetail("What was agreed to are exact terms, words and purpose."),
				 errhint("Amend the promise with the words that hold now.")));
	AmendAsClaimed(pa, claim);
}

static void
ConfirmVerdict(PromiseAct *pa, const Row *claim)
{
	RowTake(pa->entry, ENTRY_REFERS_TO, claim, ENTRY_SEQ);
	RowTake(pa->entry, ENTRY_PURPOSE_MET, claim, ENTRY_PURPOSE_MET);
	RecordVerdict(pa, ClaimedVerdict(claim), false);
}

/* A record's word is no answer to a customer's. */
static void
ConfirmRepair(PromiseAct *pa, const Row *claim)
{
	if (!WordStands(pa, pa->act.actor->speaks_for, false))
		ereport(ERROR,
				(errcode(ERRCODE_TL_IDENTITY),
				 errmsg("\"%s\" cannot confirm the repair of promise %s", pa->act.actor->actor, PromiseName(pa->promise)),
				 errdetail("That it was broken stands as the %s's word, or with better evidence.",
						   RowText(pa->promise, PROMISE_WHOSE_WORD)),
				 errhint("Whoever said that it was broken confirms that it was made good.")));
	RowTake(pa->entry, ENTRY_REFERS_TO, claim, ENTRY_SEQ);
	RepairPromise(pa);
}

static void
Confirm(PromiseAct *pa, const Row *claim)
{
	switch (pa->event)
	{
		case EVENT_ACCEPTED:
			ConfirmAcceptance(pa, claim);
			break;
		case EVENT_AMENDED:
			ConfirmAmendment(pa, claim);
			break;
		case EVENT_ASSESSED:
			ConfirmVerdict(pa, claim);
			break;
		case EVENT_BREACH_REPAIRED:
			ConfirmRepair(pa, claim);
			break;
		default:				/* released */
			RowTake(pa->entry, ENTRY_REFERS_TO, claim, ENTRY_SEQ);
			PromiseAppend(pa, STATE_RELEASED);
			break;
	}
}

/*
 * confirm_relayed(promise uuid, entry bigint, reason text, customer text, actor,
 *				   occurred_at, context, idempotency_key) returns receipt
 *		The customer, or a system of record, says what the company relayed: that
 *		acceptance, release, amendment or verdict, or that repair, in their own name
 *		and with their own weight.  entry: its number; if left out, the one that waits.
 *		Errors: TL001 nothing waits, confirmed already, terms that changed since; TL003
 *		by the company, or over a higher word; 22023 no such claim, or more than one.
 */
void
ConfirmRelayed(PromiseAct *pa)
{
	Row		   *claim;

	CheckMayConfirm(pa);
	claim = ReadClaim(pa, ClaimNumber(pa));
	CheckWaits(pa, claim);
	PromiseActStart(pa, ClaimedEvent(claim));
	PromiseSetReason(pa);
	Confirm(pa, claim);
}
