/*
 * promise_act.h
 *		Carries out an act on a promise, from the command to the receipt.
 */
#ifndef TRUST_LEDGER_PROMISE_ACT_H
#define TRUST_LEDGER_PROMISE_ACT_H

#include "promise/act_group.h"
#include "promise/command.h"

typedef struct PromiseAct
{
	const Command *command;
	Act			act;
	Chain	   *chain;
	LedgerSession session;
	Receipt		receipt;
	Event		event;
	Row		   *promise;		/* of trust.promise; empty for a new promise */
	Row		   *entry;			/* to be appended */
	ActGroup   *group;			/* collects the act; NULL: it is written at once */
	HeldPromise *held;			/* of the group; NULL without one */
} PromiseAct;

/*
 * Begins the act: checks who acts, locks the chain, reads the promise and starts the
 * entry.  False: it is a retry, and pa->receipt is set.  Errors: those of ActBegin(),
 * 22004 no promise, P0002 no such promise, TL001 state, TL003 an actor that speaks for
 * another customer, TL005 idempotency key used before.
 */
extern bool PromiseActBegin(PromiseAct *pa, const Command *command);

/*
 * Starts the entry that makes a promise; pa->act, pa->chain and pa->command must be set.
 * False: it is a retry, and pa->receipt is set.
 */
extern bool PromiseActMake(PromiseAct *pa);

/* Starts an entry of the event.  Errors: TL001 the promise's state does not allow it. */
extern void PromiseActStart(PromiseAct *pa, Event event);

/* Errors: 22008 occurred_at is before the promise was made. */
extern void CheckNotBeforeMade(const PromiseAct *pa);

/* Sets the entry's note to the reason argument, if there is one. */
extern void PromiseSetReason(PromiseAct *pa);

/*
 * Completes the entry with the promise's new state, links it to the chain, and applies it
 * to the promise and the chain's score.  Nothing is written yet.
 */
extern void PromiseLink(PromiseAct *pa, State to);

/* The act for LinkedActsWrite(), after PromiseLink(); receipt: see LinkedAct. */
extern LinkedAct PromiseLinkedAct(const PromiseAct *pa, Receipt *receipt);

/* Writes the act after PromiseLink(), or adds it to its group. */
extern void PromiseWrite(PromiseAct *pa);

/* PromiseLink() and PromiseWrite(). */
extern void PromiseAppend(PromiseAct *pa, State to);

/* Ends the session, and returns the receipt for the SQL function. */
extern Datum PromiseActEnd(PromiseAct *pa, FunctionCallInfo fcinfo);

#endif
