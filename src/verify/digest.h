/*
 * digest.h
 *		One fingerprint of the whole ledger.
 */
#ifndef TRUST_LEDGER_DIGEST_H
#define TRUST_LEDGER_DIGEST_H

#include "ledger/entry.h"

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
	int64		customers;		/* the governance chain apart */
	int64		entries;
	uint8		hash[HASH_SIZE];
} Digest;

extern void DigestRead(Digest *digest, const pg_uuid_t *ledger);

#endif
