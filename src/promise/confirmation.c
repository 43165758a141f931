/*
 * confirmation.c
 *		Confirms claims of the company: relayed statements and claimed repairs.
 *
 * A claim is an entry for which EntryIsClaim() is true: the company relays what the
 * customer said, or says that a breach was repaired although the verdict has a
 * higher rank.  It can be confirmed by the customer or by a system of record.
 */
#include "postgres.h"

#include "catalog/pg_type_d.h"

#include "base/statement.h"
#include "promise/amendment.h"
#include "promise/assessment.h"
#include "promise/breach.h"
#include "promise/dispatch.h"
#include "promise/verdict.h"

static Statement read_claim = STATEMENT_OF_ROWS(
	entry_shape,
	"WHERE customer OPERATOR(pg_catalog.=) $1"
	"  AND seq OPERATOR(pg_catalog.=) $2",
	TEXTOID, INT8OID);

/*
 * A later entry by the customer or a record that took effect: of the same event, and
 * for events other than accepted and released with a reference to the claim.
 */
static Statement find_confirmation = STATEMENT(
	"SELECT seq"
	" FROM trust.entry"
	" WHERE customer OPERATOR(pg_catalog.=) $1"
	"   AND seq OPERATOR(pg_catalog.>) $2"
	"   AND promise OPERATOR(pg_catalog.=) $3"
	"   AND event OPERATOR(pg_catalog.=) $4"
	"   AND speaks_for OPERATOR(pg_catalog.<>) 'company'"
	"   AND stands IS NOT FALSE"
	"   AND (event OPERATOR(pg_catalog.=) ANY ('{accepted,released}'::pg_catalog.text[])"
	"     OR refers_to OPERATOR(pg_catalog.=) $2)"
	" LIMIT 1",
	TEXTOID, INT8OID, UUIDOID, TEXTOID);

/* Claims since the last entry by the customer or a record that took effect. */
static Statement count_claims = STATEMENT(
	"SELECT pg_catalog.count(*)"
	" FROM trust.entry e"
	" WHERE customer OPERATOR(pg_catalog.=) $1"
	"   AND promise OPERATOR(pg_catalog.=) $2"
	"   AND (relayed"
	"     OR (event OPERATOR(pg_catalog.=) 'breach_repaired' AND NOT stands))"
	"   AND seq OPERATOR(pg_catalog.>) COALESCE("
	"     (SELECT pg_catalog.max(seq)"
	"      FROM trust.entry"
	"      WHERE customer OPERATOR(pg_catalog.=) $1"
	"        AND promise OPERATOR(pg_catalog.=) $2"
	"        AND speaks_for OPERATOR(pg_catalog.<>) 'company'"
	"        AND event OPERATOR(pg_catalog.=) ANY"
	"          ('{accepted,amended,assessed,released,breach_repaired}'::pg_catalog.text[])"
	"        AND stands IS NOT FALSE), 0)",
	TEXTOID, UUIDOID);

static Statement find_pause = STATEMENT(
	"SELECT seq"
	" FROM trust.entry"
	" WHERE customer OPERATOR(pg_catalog.=) $1"
	"   AND seq OPERATOR(pg_catalog.>) $2"
	"   AND promise OPERATOR(pg_catalog.=) $3"
	"   AND event OPERATOR(pg_catalog.=) ANY ('{paused,resumed}'::pg_catalog.text[])"
	" LIMIT 1",
	TEXTOID, INT8OID, UUIDOID);

static void
CheckMayConfirm(const PromiseAct *pa)
{
	if (pa->act.actor->speaks_for == SPEAKS_FOR_COMPANY)
		ereport(ERROR,
				(errcode(ERRCODE_TL_IDENTITY),
				 errmsg("\"%s\" speaks for the company and cannot confirm its claims",
						pa->act.actor->actor),
				 errhint("Let the customer or a system of record confirm the entry.")));
}

/* If there are several claims, the caller must say which one, or they might confirm one unseen. */
static void
CheckOnlyOneClaim(const PromiseAct *pa)
{
	Datum		values[2] = {
		PointerGetDatum(pa->chain->customer), pa->promise->values[PROMISE_PROMISE]
	};
	int64		count;

	StatementWrite(&count_claims, values, NULL);
	count = DatumGetInt64(ResultNotNull(0, 1, INT8OID));
	if (count > 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("promise %s has more than one unconfirmed entry", PromiseName(pa->promise)),
				 errdetail("It has " INT64_FORMAT "; the last one is entry " INT64_FORMAT ".",
						   count, RowInt64(pa->promise, PROMISE_UNCONFIRMED)),
				 errhint("Specify one with entry => ...; trust_ledger.history() shows them.")));
}

/* The entry argument; by default the only unconfirmed entry. */
static int64
ClaimNumber(const PromiseAct *pa)
{
	NullableDatum entry = CommandArgument(pa->command, COMMAND_ENTRY);

	if (!entry.isnull)
		return DatumGetInt64(entry.value);
	if (RowIsNull(pa->promise, PROMISE_UNCONFIRMED))
		ereport(ERROR,
				(errcode(ERRCODE_TL_STATE),
				 errmsg("promise %s has no unconfirmed entry", PromiseName(pa->promise)),
				 errhint("View trust.exception lists the promises that have one.")));
	CheckOnlyOneClaim(pa);
	return RowInt64(pa->promise, PROMISE_UNCONFIRMED);
}

static Row *
ReadClaim(const PromiseAct *pa, int64 seq)
{
	Datum		values[2] = {PointerGetDatum(pa->chain->customer), Int64GetDatum(seq)};
	Row		   *claim = StatementWrite(&read_claim, values, NULL) == 0 ? NULL :
		RowFromTuple(&entry_shape, SPI_tuptable->vals[0], SPI_tuptable->tupdesc);

	if (claim == NULL || !EntryIsClaim(claim) ||
		!RowValueEqual(claim, ENTRY_PROMISE, pa->promise, PROMISE_PROMISE))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("entry " INT64_FORMAT " of promise %s cannot be confirmed",
						seq, PromiseName(pa->promise)),
				 errdetail("Only relayed statements, and repairs that have not taken effect, "
						   "can be confirmed."),
				 errhint("trust_ledger.history() shows the entries of a promise.")));
	return claim;
}

/* The extension never writes such a claim. */
pg_noreturn static void ReportAlteredClaim(const Row *claim);

static void
ReportAlteredClaim(const Row *claim)
{
	ereport(ERROR,
			(errcode(ERRCODE_TL_ALTERED),
			 errmsg("entry " INT64_FORMAT " of customer \"%s\" was altered",
					RowInt64(claim, ENTRY_SEQ), RowText(claim, ENTRY_CUSTOMER)),
			 errdetail("Its event or verdict is not one that can be confirmed."),
			 errhint("Run SELECT * FROM trust_ledger.verify();")));
}

static Event
ClaimedEvent(const Row *claim)
{
	for (int event = 0; event < EVENTS; event++)
		if (EventCanBeClaimed(event) && RowTextIs(claim, ENTRY_EVENT, event_names[event]))
			return event;
	ReportAlteredClaim(claim);
}

static State
ClaimedVerdict(const Row *claim)
{
	for (State verdict = STATE_KEPT; verdict <= STATE_BROKEN; verdict++)
		if (RowTextIs(claim, ENTRY_VERDICT, state_names[verdict]))
			return verdict;
	ReportAlteredClaim(claim);
}

static void
CheckNotConfirmed(const PromiseAct *pa, const Row *claim)
{
	Datum		values[4] = {
		claim->values[ENTRY_CUSTOMER], claim->values[ENTRY_SEQ],
		claim->values[ENTRY_PROMISE], claim->values[ENTRY_EVENT]
	};

	if (StatementWrite(&find_confirmation, values, NULL) > 0)
		ereport(ERROR,
				(errcode(ERRCODE_TL_STATE),
				 errmsg("entry " INT64_FORMAT " of promise %s has already been confirmed",
						RowInt64(claim, ENTRY_SEQ), PromiseName(pa->promise)),
				 errdetail("Entry " INT64_FORMAT " confirms it.",
						   DatumGetInt64(ResultNotNull(0, 1, INT8OID)))));
}

/* The customer agreed to exactly these terms; a pause changes the due time. */
static void
CheckSameTerms(const PromiseAct *pa, const Row *claim)
{
	Datum		values[3] = {
		claim->values[ENTRY_CUSTOMER], claim->values[ENTRY_SEQ], claim->values[ENTRY_PROMISE]
	};

	if (RowValueEqual(claim, ENTRY_REFERS_TO, pa->promise, PROMISE_TERMS_SEQ) &&
		StatementWrite(&find_pause, values, NULL) == 0)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_TL_STATE),
			 errmsg("the terms of promise %s have changed since entry " INT64_FORMAT,
					PromiseName(pa->promise), RowInt64(claim, ENTRY_SEQ)),
			 errhint("Accept the current terms, or amend the promise.")));
}

static void
ConfirmAcceptance(PromiseAct *pa, const Row *claim)
{
	CheckSameTerms(pa, claim);
	RowSet(pa->entry, ENTRY_ACCEPTED, BoolGetDatum(true));
	RowCopyValue(pa->entry, ENTRY_REFERS_TO, claim, ENTRY_REFERS_TO);
	PromiseAppend(pa, STATE_OPEN);
}

/* Whether a text of the claimed terms was erased. */
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
				 errmsg("cannot confirm entry " INT64_FORMAT ", because its terms were erased",
						RowInt64(claim, ENTRY_SEQ)),
				 errdetail("A confirmation applies to the exact words and purpose."),
				 errhint("Amend the promise with the new words and purpose.")));
	AmendAsClaimed(pa, claim);
}

static void
ConfirmVerdict(PromiseAct *pa, const Row *claim)
{
	RowCopyValue(pa->entry, ENTRY_REFERS_TO, claim, ENTRY_SEQ);
	RowCopyValue(pa->entry, ENTRY_PURPOSE_MET, claim, ENTRY_PURPOSE_MET);
	RecordVerdict(pa, ClaimedVerdict(claim), false);
}

/* A repair can be confirmed only by a word that takes precedence over the current verdict. */
static void
ConfirmRepair(PromiseAct *pa, const Row *claim)
{
	if (!WordStands(pa, pa->act.actor->speaks_for, false))
		ereport(ERROR,
				(errcode(ERRCODE_TL_IDENTITY),
				 errmsg("\"%s\" cannot confirm the repair of promise %s",
						pa->act.actor->actor, PromiseName(pa->promise)),
				 errdetail("The current verdict, which is the %s's word, "
						   "has a higher rank or stronger evidence.",
						   RowText(pa->promise, PROMISE_WHOSE_WORD)),
				 errhint("Let the actor who gave the verdict confirm the repair.")));
	RowCopyValue(pa->entry, ENTRY_REFERS_TO, claim, ENTRY_SEQ);
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
			RowCopyValue(pa->entry, ENTRY_REFERS_TO, claim, ENTRY_SEQ);
			PromiseAppend(pa, STATE_RELEASED);
			break;
	}
}

/*
 * confirm_relayed(promise uuid, entry bigint, reason text, customer text, actor,
 *				   occurred_at, context, idempotency_key) returns receipt
 *		The customer or a system of record confirms an acceptance, amendment, verdict or
 *		release that the company relayed, or a claimed repair.  The new entry has the
 *		event of the claim and counts as their own word.  entry: the number of the claim;
 *		by default the only unconfirmed one.  Errors: TL001 no claim, confirmed before,
 *		or terms changed since; TL003 by the company, or by a word of too low rank;
 *		22023 no such claim, or more than one.
 */
void
ConfirmRelayed(PromiseAct *pa)
{
	Row		   *claim;

	CheckMayConfirm(pa);
	claim = ReadClaim(pa, ClaimNumber(pa));
	CheckNotConfirmed(pa, claim);
	PromiseActStart(pa, ClaimedEvent(claim));
	PromiseSetReason(pa);
	Confirm(pa, claim);
}
