/*
 * digest.h
 *		A digest of the whole ledger.
 */
#ifndef TRUST_LEDGER_DIGEST_H
#define TRUST_LEDGER_DIGEST_H

#include "ledger/entry.h"

/* Columns of trust.chain, except score */
enum
{
	CHAIN_CUSTOMER,
	CHAIN_LENGTH,
	CHAIN_HEAD,
	CHAIN_RECORDED_AT,
	CHAIN_COLUMNS
};

extern const RowShape chain_shape;

typedef struct Digest
{
	int64		customers;		/* without the governance chain */
	int64		entries;		/* sum of the lengths of all chains */
	uint8		hash[HASH_SIZE];	/* SHA-256 */
} Digest;

/*
 * Computes the digest of the ledger with that id, as doc/format.md defines it, on
 * the active snapshot.  Needs a LedgerSession.
 */
extern void DigestRead(Digest *digest, const pg_uuid_t *ledger);

#endif
