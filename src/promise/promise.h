/*
 * promise.h
 *		Promises: rows of trust.promise.
 */
#ifndef TRUST_LEDGER_PROMISE_H
#define TRUST_LEDGER_PROMISE_H

#include "ledger/entry.h"
#include "score/score.h"
#include "promise/lifecycle.h"

#define PROMISE_LIST(C) \
	C(CUSTOMER, customer, TEXTOID) \
	C(PROMISE, promise, UUIDOID) \
	C(STATE, state, TEXTOID) \
	C(WORDS, words, TEXTOID) \
	C(PURPOSE, purpose, TEXTOID) \
	C(PROMISER, promiser, TEXTOID) \
	C(PROMISER_KIND, promiser_kind, TEXTOID) \
	C(DRAFTED_BY, drafted_by, TEXTOID) \
	C(KIND, kind, TEXTOID) \
	C(VALUE, value, NUMERICOID) \
	C(CURRENCY, currency, TEXTOID) \
	C(LONGEST_PAUSE, longest_pause, INTERVALOID) \
	C(MADE_AT, made_at, TIMESTAMPTZOID) \
	C(RECORDED_AT, recorded_at, TIMESTAMPTZOID) \
	C(BACKFILLED, backfilled, BOOLOID) \
	C(BACKFILLED_AT, backfilled_at, TIMESTAMPTZOID) \
	C(OPENED_AT, opened_at, TIMESTAMPTZOID) \
	C(FIRST_DUE, first_due, TIMESTAMPTZOID) \
	C(DUE, due, TIMESTAMPTZOID) \
	C(DUE_MOVES, due_moves, INT4OID) \
	C(DUE_MOVED_AT, due_moved_at, TIMESTAMPTZOID) \
	C(OVERDUE_AT, overdue_at, TIMESTAMPTZOID) \
	C(PAUSED_AT, paused_at, TIMESTAMPTZOID) \
	C(PAUSED_UNTIL, paused_until, TIMESTAMPTZOID) \
	C(PAUSED_FOR, paused_for, INTERVALOID) \
	C(EVIDENCE_ASKED, evidence_asked, TEXTOID) \
	C(BACK_BY, back_by, TIMESTAMPTZOID) \
	C(WAITING_SINCE, waiting_since, TIMESTAMPTZOID) \
	C(SEEN_AT, seen_at, TIMESTAMPTZOID) \
	C(DECLINED_AT, declined_at, TIMESTAMPTZOID) \
	C(BACKER, backer, TEXTOID) \
	C(EVIDENCE, evidence, TEXTOID) \
	C(BACKED_AT, backed_at, TIMESTAMPTZOID) \
	C(UNBACKED_AT, unbacked_at, TIMESTAMPTZOID) \
	C(UNBACKED_BY, unbacked_by, TEXTOID) \
	C(FORMER_BACKER, former_backer, TEXTOID) \
	C(ACCEPTED_AT, accepted_at, TIMESTAMPTZOID) \
	C(UNCONFIRMED, unconfirmed, INT8OID) \
	C(ADMITTED_AT, admitted_at, TIMESTAMPTZOID) \
	C(REPAIRED_AT, repaired_at, TIMESTAMPTZOID) \
	C(OUTCOME, outcome, TEXTOID) \
	C(WHOSE_WORD, whose_word, TEXTOID) \
	C(VERDICT_EVIDENCE, verdict_evidence, TEXTOID) \
	C(RELAYED, relayed, BOOLOID) \
	C(PURPOSE_MET, purpose_met, BOOLOID) \
	C(SETTLED_BY, settled_by, TEXTOID) \
	C(SETTLED_AT, settled_at, TIMESTAMPTZOID) \
	C(WEIGHT_KEPT, weight_kept, INT4OID) \
	C(WEIGHT_BROKEN, weight_broken, INT4OID) \
	C(TERMS_SEQ, terms_seq, INT8OID) \
	C(LAST_SEQ, last_seq, INT8OID) \
	C(EASED_AT, eased_at, TIMESTAMPTZOID) \
	C(BROKEN_AT, broken_at, TIMESTAMPTZOID) \
	C(VERDICT_BY, verdict_by, TEXTOID) \
	C(REVERSED_AT, reversed_at, TIMESTAMPTZOID) \
	C(DOUBTED_SPEAKER, doubted_speaker, TEXTOID)

#define PROMISE_COLUMN_ID(id, name, type) PROMISE_##id,
enum
{
	PROMISE_LIST(PROMISE_COLUMN_ID)
	PROMISE_COLUMNS
};

extern const RowShape promise_shape;

/*
 * The promise's contribution to its customer's score: its weights as fractions of 1,
 * kept at settled_at and broken at broken_at.  It does not count if there is no valid
 * verdict.
 */
extern Contribution PromiseContribution(const Row *promise);

/* STATE_NONE for an empty row, or an unknown state. */
extern State PromiseState(const Row *promise);

/*
 * Whether only a verdict or the customer can end the promise: it has been open, and it
 * was accepted or is past due.
 */
extern bool PromiseIsBinding(const Row *promise, TimestampTz instant);

/* Whether instant is after the due time; false if there is none. */
extern bool PromisePastDue(const Row *promise, TimestampTz instant);

/* The uuid of the promise as text. */
extern char *PromiseName(const Row *promise);

#endif
