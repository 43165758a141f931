/*
 * entry_in_words.h
 *		Describes an entry of a promise in words.
 */
#ifndef TRUST_LEDGER_ENTRY_IN_WORDS_H
#define TRUST_LEDGER_ENTRY_IN_WORDS_H

#include "ledger/entry.h"

/* The description as text, such as: Human "anna" backed the terms of entry 1. */
extern Datum EntryInWords(const Row *entry);

#endif
