/*
 * erasure_log.h
 *		Finds the texts that entries of event "erased" name.
 */
#ifndef TRUST_LEDGER_ERASURE_LOG_H
#define TRUST_LEDGER_ERASURE_LOG_H

#include "ledger/entry.h"

#include "utils/hsearch.h"

/* Bit set: one bit for each of erasable_texts[] */
#define ALL_TEXTS ((1 << ERASABLE_TEXTS) - 1)

/*
 * Whether an erased entry, of entry_shape, names a text of entry seq of its promise.
 * text is the column of the text.
 */
extern bool ErasureNamesText(const Row *erased, int64 seq, int text);

/* The names of the texts, such as "words, purpose", for a description. */
extern const char *ErasureTextList(const Row *erased);

/* Columns of trust.entry, and condition, to read entries of event "erased". */
extern const RowShape erased_shape;
#define ERASED_ENTRIES "event OPERATOR(pg_catalog.=) 'erased'"

/* The customer of an erased entry, of erased_shape.  Errors: TL006 if NULL. */
extern char *ErasedCustomer(const Row *erased);

/*
 * Collects the erasures of one customer in a hash table.  ErasedTexts() returns the bit
 * set of an entry's erased texts; 0 if erasures is NULL.
 */
extern HTAB *ErasuresBegin(MemoryContext context);
extern void ErasuresAdd(HTAB *erasures, const Row *erased);
extern int	ErasedTexts(HTAB *erasures, const Row *entry);

#endif
