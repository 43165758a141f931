/*
 * chain.h
 *		The one way in: appending entries to a customer's chain.
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
	TimestampTz now;			/* when what is appended now is recorded */
	TrustScore *score;			/* to be written with the head; NULL: as it is */
} Chain;

/* What every writing function returns. */
typedef struct Receipt
{
	Datum		promise;		/* uuid, or absent for governance */
	bool		has_promise;
	text	   *customer;
	int64		seq;
	Datum		state;			/* text, or absent for governance */
	bool		has_state;
	TimestampTz recorded_at;
	bytea	   *hash;
} Receipt;

#define RECEIPT_COLUMNS 6

extern void ChainLock(Chain *chain, const Ledger *ledger, text *customer);
extern void ChainTie(Chain *chain, Row **entries, int count);
extern void ChainInsert(Row **entries, int count);
extern void ChainMove(const Chain *chain);
extern void ChainAppend(Chain *chain, Row **entries, int count);
extern Receipt ReceiptOf(const Row *entry);
extern bool ChainFindRequest(Chain *chain, text *idempotency_key, const Request *request, Receipt *receipt);
extern void ReceiptValues(const Receipt *receipt, Datum *values, bool *nulls);
extern Datum ReceiptDatum(FunctionCallInfo fcinfo, const Receipt *receipt, MemoryContext caller);

#endif
