/*
 * chain.h
 *		Appends entries to a customer's chain, and returns receipts.
 */
#ifndef TRUST_LEDGER_CHAIN_H
#define TRUST_LEDGER_CHAIN_H

#include "ledger/entry.h"
#include "ledger/ledger.h"
#include "ledger/idempotency.h"
#include "score/score.h"

/* A customer's chain, locked until the transaction ends. */
typedef struct Chain
{
	const Ledger *ledger;
	text	   *customer;
	int64		length;
	uint8		head[HASH_SIZE];
	TimestampTz now;			/* recorded_at of entries that are appended now */
	TrustScore *score;			/* new score, written with the head; NULL: unchanged */
} Chain;

/* What writing functions return: type trust_ledger.receipt. */
typedef struct Receipt
{
	Datum		promise;		/* uuid; none for governance */
	bool		has_promise;
	text	   *customer;
	int64		seq;
	Datum		state;			/* text; none for governance */
	bool		has_state;
	TimestampTz recorded_at;
	bytea	   *hash;
} Receipt;

#define RECEIPT_COLUMNS 6

/*
 * All functions that read or write tables run within a LedgerSession.
 */

/*
 * Creates the customer's chain if there is none, and locks it until the transaction
 * ends.  Errors: 55000 the ledger is a copy, 55006 called from a trigger during an
 * append to the same chain.
 */
extern void ChainLock(Chain *chain, const Ledger *ledger, text *customer);

/*
 * Sets seq, prev_hash, commitments and hash of the entries, in order.  Their other
 * columns must be complete.  Errors: 22001 a text is too long.
 */
extern void ChainLink(Chain *chain, Row **entries, int count);

/*
 * Writes entries after ChainLink().  They may be of several chains, each in order.
 * ChainMoveHead() must follow for each chain.
 */
extern void ChainInsert(Row **entries, int count);

/* Sets the chain's head, and its score if there is a new one, after the last ChainLink(). */
extern void ChainMoveHead(const Chain *chain);

/* ChainInsert() and ChainMoveHead() for entries of one chain. */
extern void ChainAppend(Chain *chain, Row **entries, int count);

/* The receipt of an entry after ChainLink(); points into the entry. */
extern Receipt ReceiptFromEntry(const Row *entry);

/*
 * Looks for an earlier entry with this idempotency key.  True: the call is a retry, and
 * *receipt is that of the first call.  Errors: TL005 the key was used for another call.
 */
extern bool ChainFindRequest(Chain *chain, text *idempotency_key, const Request *request,
							 Receipt *receipt);

/* Fills the RECEIPT_COLUMNS columns of type trust_ledger.receipt. */
extern void ReceiptValues(const Receipt *receipt, Datum *values, bool *nulls);

/* The receipt as a composite value of the function's result type, allocated in caller. */
extern Datum ReceiptDatum(FunctionCallInfo fcinfo, const Receipt *receipt,
						  MemoryContext caller);

#endif
