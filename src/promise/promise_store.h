/*
 * promise_store.h
 *		Reading promises, and writing acts with what they leave of their promises.
 */
#ifndef TRUST_LEDGER_PROMISE_STORE_H
#define TRUST_LEDGER_PROMISE_STORE_H

#include "ledger/chain.h"
#include "promise/promise.h"

/* A promise as the acts of a group leave it. */
typedef struct HeldPromise
{
	pg_uuid_t	id;				/* the key */
	Row		   *promise;
	Row		   *source;			/* the company's row that it stands for; no key: none */
	bool		stored;			/* trust.promise has it, at least as it was when it was loaded */
	bool		source_stored;
	bool		source_changed;
} HeldPromise;

/* An act that is tied to its chain, and not written yet. */
typedef struct TiedAct
{
	Chain	   *chain;
	Row		   *entry;
	Row		   *promise;		/* as the act leaves it */
	HeldPromise *held;			/* NULL: the act is written by itself */
	bool		makes;			/* it makes the promise */
	Receipt    *receipt;		/* where its receipt goes; NULL: nowhere */
} TiedAct;

pg_noreturn extern void NoPromise(Datum promise, bool customer_given);
extern text *PromiseCustomer(Datum promise, bool on_callers_snapshot);
extern Row *PromiseRead(const Chain *chain, Datum promise, bool customer_given);
extern Datum NewPromiseId(TimestampTz now);
extern void PromiseStore(const Row *promise, bool is_new);
extern void TiedActsWrite(const TiedAct *acts, int count);

#endif
