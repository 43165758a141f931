/*
 * check_entry.h
 *		Checking a customer's entries, each by itself and among the others of its chain.
 */
#ifndef TRUST_LEDGER_CHECK_ENTRY_H
#define TRUST_LEDGER_CHECK_ENTRY_H

#include "verify/check_chain.h"

extern bool IsHash(const Row *row, int column, const uint8 hash[HASH_SIZE]);
extern void CheckEntries(ChainCheck *v);

#endif
