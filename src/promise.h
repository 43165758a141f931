/*
 * promise.h
 *		The promise: what its entries add up to, and one act upon it.
 */
#ifndef TRUST_LEDGER_PROMISE_H
#define TRUST_LEDGER_PROMISE_H

#include "act.h"
#include "state.h"

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
	C(LAST_SEQ, last_seq, INT8OID)

#define PROMISE_COLUMN_ID(id, name, type) PROMISE_##id,
enum
{
	PROMISE_LIST(PROMISE_COLUMN_ID)
	PROMISE_COLUMNS
};

extern const RowShape promise_shape;

/* One act upon one promise, from the arguments to the receipt. */
typedef struct PromiseAct
{
	Act			act;
	Chain	   *chain;
	LedgerSession session;
	Receipt		receipt;
	Event		event;
	Row		   *promise;		/* as it is before the act; empty for a new one */
	Row		   *entry;			/* what is to be appended */
	const Row *const *pending;	/* promises of this customer's that are made with it, and not stored yet */
	int			pending_count;
	HTAB	  **sums;			/* what stored and pending come to, kept from one of them to the next; NULL for an act by itself */
} PromiseAct;

/* Arguments of functions about a promise: promise first, customer before those of every act. */
#define PROMISE_ARGUMENT 0
#define CUSTOMER_ARGUMENT (PG_NARGS() - ACT_ARGUMENTS - 1)

extern bool PromiseActFind(PromiseAct *pa, FunctionCallInfo fcinfo, const char *what);
extern void PromiseActStart(PromiseAct *pa, Event event);
extern bool PromiseActBegin(PromiseAct *pa, FunctionCallInfo fcinfo, Event event, const char *what);
extern void CheckNotBeforeMade(const PromiseAct *pa);
extern void PromiseLoad(PromiseAct *pa, Datum promise);
extern void PromiseActEnter(PromiseAct *pa, FunctionCallInfo fcinfo, text *customer, const char *what);
extern bool PromiseActMake(PromiseAct *pa);
extern void PromiseSetReason(PromiseAct *pa, FunctionCallInfo fcinfo, int argument);
extern Datum PromiseActEnd(PromiseAct *pa, FunctionCallInfo fcinfo);
extern void PromiseTie(PromiseAct *pa, State to);
extern void PromisesAppend(Chain *chain, PromiseAct *const *acts, int count);
extern void PromiseAppend(PromiseAct *pa, State to);

extern text *PromiseCustomer(Datum promise, bool on_callers_snapshot);
pg_noreturn extern void NoPromise(Datum promise);

extern const char *PromiseProject(Row *promise, const Row *entry);
extern void PromiseStore(const Row *promise, bool is_new);
extern Contribution PromiseContribution(const Row *promise);

extern State PromiseState(const Row *promise);
extern bool PromiseTooLate(const Row *promise, TimestampTz instant);
extern bool PromisePastDue(const Row *promise, TimestampTz instant);
extern char *PromiseName(const Row *promise);

#endif
