/*
 * check_chain.h
 *		Checking customers, one after the other: their entries, and what these add up to.
 */
#ifndef TRUST_LEDGER_CHECK_CHAIN_H
#define TRUST_LEDGER_CHECK_CHAIN_H

#include "verify/findings.h"
#include "verify/projection.h"
#include "ledger/table_reader.h"

/* The tables that are read through */
enum
{
	TALLY_ENTRY,
	TALLY_PROMISE,
	TALLY_SOURCE,
	TALLY_CHAIN,
	TALLIED_TABLES
};

extern const char *const tallied_tables[TALLIED_TABLES];

typedef struct ChainCheck
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
	HTAB	   *registrations;	/* of the whole ledger */
	TimestampTz first;
	TimestampTz last;
	int64		entries_read;
	RowTally	tallies[TALLIED_TABLES];

	/* of the customer at hand */
	MemoryContext context;
	char	   *customer;
	Projection		projection;
	HTAB	   *erasures;		/* what erased entries name; NULL: there are none */
	int64		length;
	uint8		head[HASH_SIZE];
	bool		has_recorded_at;
	TimestampTz recorded_at;
} ChainCheck;

extern bool HasScores(void);
extern void ChainCheckBegin(ChainCheck *v, const Customers *customers);
extern bool VerifyNextChain(ChainCheck *v);
extern void VerifyAll(ChainCheck *v, const Customers *customers);
extern const TrustScore *VerifiedScore(const ChainCheck *v);
extern void ChainCheckEnd(ChainCheck *v);
extern void TallyTables(RowTally *held);

#endif
