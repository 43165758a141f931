/*
 * check_chain.h
 *		Checks of customers: entries, chain, promises, sources and score.
 */
#ifndef TRUST_LEDGER_CHECK_CHAIN_H
#define TRUST_LEDGER_CHECK_CHAIN_H

#include "verify/findings.h"
#include "verify/projection.h"
#include "ledger/table_reader.h"

/* The tables that are read completely.  Their rows are tallied; see check_heap.h. */
enum
{
	TALLY_ENTRY,
	TALLY_PROMISE,
	TALLY_SOURCE,
	TALLY_CHAIN,
	TALLIED_TABLES
};

extern const char *const tallied_tables[TALLIED_TABLES];

/* Callers set findings, ledger and half_life; the rest is zero before ChainCheckBegin(). */
typedef struct ChainCheck
{
	Findings	findings;
	pg_uuid_t	ledger;			/* the ledger's id, which is part of each hash */
	Reader		entries;
	Reader		promises;
	Reader		sources;
	Reader		chains;
	Reader		erased;			/* entries that erased texts */
	bool		has_scores;		/* trust.chain has column score */
	int64		half_life;		/* of the computed score, in microseconds; 0: as stored */
	HTAB	   *registrations;	/* see actor_history.h; read once for all customers */
	TimestampTz first;			/* earliest and latest recorded_at so far */
	TimestampTz last;
	int64		entries_read;
	RowTally	tallies[TALLIED_TABLES];	/* updated by ChainCheckEnd() */

	/* the current customer */
	MemoryContext context;
	char	   *customer;
	Projection	projection;
	HTAB	   *erasures;		/* erased texts; NULL: none */
	int64		length;			/* seq of the last entry */
	uint8		head[HASH_SIZE];	/* hash of the last entry, as stored */
	bool		has_recorded_at;
	TimestampTz recorded_at;	/* of the last entry */
} ChainCheck;

/* Whether trust.chain has column score.  DROP EXTENSION CASCADE drops it. */
extern bool ChainsHaveScores(void);

/*
 * Checks those customers completely, on the active snapshot.  Needs a
 * LedgerSession, as do the functions below.
 */
extern void CheckCustomers(ChainCheck *check, const Customers *customers);

/*
 * The same in steps, to check only entries and chains.  ChainCheckNext() returns
 * false if there are no more customers.  It leaves the customer's promises, sources
 * and score in check->projection, and does not read trust.promise and trust.source.
 */
extern void ChainCheckBegin(ChainCheck *check, const Customers *customers);
extern bool ChainCheckNext(ChainCheck *check);
extern void ChainCheckEnd(ChainCheck *check);

/* The score that is stored in the current customer's chain, or NULL. */
extern const TrustScore *StoredScore(const ChainCheck *check);

/* Tallies the rows that the tables contain, without an index. */
extern void TallyTables(RowTally *tallies);

#endif
