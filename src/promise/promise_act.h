/*
 * promise_act.h
 *		One act upon one promise, from the arguments to the receipt.
 */
#ifndef TRUST_LEDGER_PROMISE_ACT_H
#define TRUST_LEDGER_PROMISE_ACT_H

#include "governance/act.h"
#include "promise/promise.h"

#include "utils/hsearch.h"

/* A promise that acts are upon which are written together. */
typedef struct HeldPromise
{
	pg_uuid_t	id;				/* the key */
	Row		   *promise;
	Row		   *source;			/* the row of the company's that it stands for; no key: none */
	bool		stored;			/* it is in trust.promise, as it was when it was loaded at least */
	bool		source_stored;
	bool		source_changed;
} HeldPromise;

/* Acts upon the promises of one customer, written together when all are tied. */
typedef struct ActGroup
{
	Chain	   *chain;
	struct PromiseAct **acts;	/* tied and not written */
	int			count;
	int			capacity;
	HTAB	   *held;
	const Row **pending;		/* promises that are made with them, and not stored yet */
	int			pending_count;
	HTAB	   *sums;			/* what stored and pending come to, kept from one act to the next */
	bool		changed;		/* acts upon promises that are stored already are among them */
} ActGroup;

typedef struct PromiseAct
{
	Act			act;
	Chain	   *chain;
	LedgerSession session;
	Receipt		receipt;
	Event		event;
	Row		   *promise;		/* as it is before the act; empty for a new one */
	Row		   *entry;			/* what is to be appended */
	ActGroup   *group;		/* what it is written with; NULL: by itself */
	HeldPromise	   *held;			/* of these */
} PromiseAct;

/* Arguments of functions about a promise: promise first, customer before those of every act. */
#define PROMISE_ARGUMENT 0
#define CUSTOMER_ARGUMENT (PG_NARGS() - ACT_ARGUMENTS - 1)

extern Datum PromiseArgument(FunctionCallInfo fcinfo);
extern bool PromiseActFind(PromiseAct *pa, FunctionCallInfo fcinfo, const char *what);
extern void PromiseActStart(PromiseAct *pa, Event event);
extern bool PromiseActBegin(PromiseAct *pa, FunctionCallInfo fcinfo, Event event, const char *what);
extern void CheckNotBeforeMade(const PromiseAct *pa);
extern void PromiseActEnter(PromiseAct *pa, FunctionCallInfo fcinfo, text *customer, const char *what);
extern bool PromiseActMake(PromiseAct *pa);
extern void PromiseSetReason(PromiseAct *pa, FunctionCallInfo fcinfo, int argument);
extern Datum PromiseActEnd(PromiseAct *pa, FunctionCallInfo fcinfo);
extern void PromiseTie(PromiseAct *pa, State to);
extern void PromisesAppend(PromiseAct *const *acts, int count);
extern void PromiseWrite(PromiseAct *pa);
extern void PromiseAppend(PromiseAct *pa, State to);

extern ActGroup *ActGroupBegin(Chain *chain);
extern HeldPromise *ActGroupHold(ActGroup *group, Datum promise);
extern HeldPromise *ActGroupHoldNew(ActGroup *group, Datum promise);
extern void ActGroupAdd(PromiseAct *pa);
extern void ActGroupWrite(ActGroup *group);
extern void ActGroupsWrite(ActGroup *const *groups, int count);

extern text *PromiseCustomer(Datum promise, bool on_callers_snapshot);
pg_noreturn extern void NoPromise(Datum promise, bool customer_given);
extern Row *PromiseRead(const Chain *chain, Datum promise, bool customer_given);
extern Datum NewPromiseId(TimestampTz now);
extern void PromiseStore(const Row *promise, bool is_new);

#endif
