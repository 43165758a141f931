/*
 * promise_act.h
 *		One act upon one promise, from the command to the receipt.
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
	Row		   *promise;		/* as it is before the act; empty for a new one */
	Row		   *entry;			/* what is to be appended */
	ActGroup   *group;			/* what it is written with; NULL: by itself */
	HeldPromise *held;			/* of the group */
} PromiseAct;

extern bool PromiseActBegin(PromiseAct *pa, const Command *command);
extern bool PromiseActMake(PromiseAct *pa);
extern void PromiseActStart(PromiseAct *pa, Event event);
extern void CheckNotBeforeMade(const PromiseAct *pa);
extern void PromiseSetReason(PromiseAct *pa);
extern void PromiseTie(PromiseAct *pa, State to);
extern TiedAct PromiseTied(const PromiseAct *pa, Receipt *receipt);
extern void PromiseWrite(PromiseAct *pa);
extern void PromiseAppend(PromiseAct *pa, State to);
extern Datum PromiseActEnd(PromiseAct *pa, FunctionCallInfo fcinfo);

#endif
