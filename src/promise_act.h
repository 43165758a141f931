/*
 * promise_act.h
 *		One act upon one promise, from the arguments to the receipt.
 */
#ifndef TRUST_LEDGER_PROMISE_ACT_H
#define TRUST_LEDGER_PROMISE_ACT_H

#include "act.h"
#include "promise.h"

#include "utils/hsearch.h"

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

extern Datum PromiseArgument(FunctionCallInfo fcinfo);
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
extern void PromiseStore(const Row *promise, bool is_new);

#endif
