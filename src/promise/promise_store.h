/*
 * promise_store.h
 *		Reads promises, and writes acts with the promises that they change.
 *
 * All functions except NewPromiseId() run within a LedgerSession.
 */
#ifndef TRUST_LEDGER_PROMISE_STORE_H
#define TRUST_LEDGER_PROMISE_STORE_H

#include "ledger/chain.h"
#include "promise/promise.h"

/* A promise that a group of acts keeps in memory, as the last act leaves it. */
typedef struct HeldPromise
{
	pg_uuid_t	id;				/* hash key */
	Row		   *promise;		/* of trust.promise */
	Row		   *source;			/* of trust.source; its key is NULL if there is none */
	bool		stored;			/* trust.promise has the promise, maybe an older version */
	bool		source_stored;	/* trust.source has a row for it */
	bool		source_changed;
} HeldPromise;

/* An act after PromiseLink(): its entry is complete and hashed, but not written yet. */
typedef struct LinkedAct
{
	Chain	   *chain;
	Row		   *entry;
	Row		   *promise;		/* as the act leaves it */
	HeldPromise *held;			/* NULL: the act belongs to no group */
	bool		makes;			/* it makes the promise */
	Receipt    *receipt;		/* set by LinkedActsWrite(); may be NULL */
} LinkedAct;

/* Reports that the promise does not exist (P0002); customer_given: for the given customer. */
pg_noreturn extern void PromiseNotFound(Datum promise, bool customer_given);

/*
 * The customer of a promise; read with the caller's snapshot or with a new one.
 * Errors: P0002.
 */
extern text *PromiseCustomer(Datum promise, bool on_callers_snapshot);

/*
 * Reads the row of trust.promise, with the chain locked.  customer_given: the caller
 * gave the customer.  Errors: P0002.
 */
extern Row *PromiseRead(const Chain *chain, Datum promise, bool customer_given);

/*
 * Returns a uuid of version 7 (RFC 9562, section 5.7): the time in milliseconds, then
 * random bits.  So new promises are adjacent in indexes.
 */
extern Datum NewPromiseId(TimestampTz now);

/* Inserts or updates the row.  The guard must expect it: see GuardExpect(). */
extern void PromiseStore(const Row *promise, bool is_new);

/*
 * Writes acts in this order, with entries, chains, promises and receipts.  Acts of one
 * chain must be adjacent, and acts on one promise must share its row.
 */
extern void LinkedActsWrite(const LinkedAct *acts, int count);

#endif
