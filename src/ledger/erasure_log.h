/*
 * erasure_log.h
 *		Which texts were erased: what entries of the event `erased` name.
 */
#ifndef TRUST_LEDGER_ERASURE_LOG_H
#define TRUST_LEDGER_ERASURE_LOG_H

#include "ledger/entry.h"

#include "utils/hsearch.h"

/* A bit for each of erasable_texts[] */
#define ALL_TEXTS ((1 << ERASABLE_TEXTS) - 1)

extern bool ErasedNames(const Row *erased, int64 seq, int text);
extern const char *ErasedInWords(const Row *erased);

/* One row per erased entry, in the order of customers. */
extern const RowShape erased_shape;
#define ERASED_ENTRIES "event OPERATOR(pg_catalog.=) 'erased'"

extern char *ErasedCustomer(const Row *erased);
extern HTAB *ErasuresBegin(MemoryContext context);
extern void ErasuresAdd(HTAB *erasures, const Row *erased);
extern int	ErasedTexts(HTAB *erasures, const Row *entry);

#endif
