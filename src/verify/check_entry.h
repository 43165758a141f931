/*
 * check_entry.h
 *		Checks of a customer's entries.
 */
#ifndef TRUST_LEDGER_CHECK_ENTRY_H
#define TRUST_LEDGER_CHECK_ENTRY_H

#include "verify/check_chain.h"

/* Whether the bytea column contains that hash. */
extern bool ColumnIsHash(const Row *row, int column, const uint8 hash[HASH_SIZE]);

/*
 * Reads and checks the entries of check->customer: hashes, texts, the actors'
 * registrations, and the order of the chain.  Applies them to check->projection
 * and leaves the chain's length and head in check.
 */
extern void CheckEntries(ChainCheck *check);

#endif
