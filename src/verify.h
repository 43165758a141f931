/*
 * verify.h
 *		Whether the ledger is what was written into it.
 */
#ifndef TRUST_LEDGER_VERIFY_H
#define TRUST_LEDGER_VERIFY_H

#include "digest.h"
#include "findings.h"
#include "fold.h"
#include "reader.h"

typedef struct Verification
{
	Findings	findings;
	pg_uuid_t	ledger;
	Reader		entries;
	Reader		promises;
	Reader		sources;
	Reader		chains;
	Reader		erased;
	bool		has_scores;		/* the chains have them */
	int64		half_life;		/* to fold with; 0: that of each stored score */
	Digest		digest;
	HTAB	   *registrations;
	TimestampTz first;
	TimestampTz last;
	int64		entries_read;

	/* of the customer at hand */
	MemoryContext context;
	char	   *customer;
	Fold		fold;
	HTAB	   *erasures;		/* what erased entries name */
	int64		length;
	uint8		head[HASH_SIZE];
	bool		has_recorded_at;
	TimestampTz recorded_at;
} Verification;

extern void VerificationBegin(Verification *v, const Ledger *ledger, const char *customer);
extern bool VerifyNextChain(Verification *v);
extern const TrustScore *VerifiedScore(const Verification *v);
extern void VerificationEnd(Verification *v);

#endif
