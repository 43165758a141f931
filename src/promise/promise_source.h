/*
 * promise_source.h
 *		Rows of trust.source: which row of a tracked table a promise belongs to.
 */
#ifndef TRUST_LEDGER_PROMISE_SOURCE_H
#define TRUST_LEDGER_PROMISE_SOURCE_H

#include "lib/stringinfo.h"

#include "ledger/entry.h"
#include "promise/lifecycle.h"

#define SOURCE_LIST(C) \
	C(CUSTOMER, customer, TEXTOID) \
	C(PROMISE, promise, UUIDOID) \
	C(SOURCE, source, TEXTOID) \
	C(KEY, key, TEXTOID) \
	C(NAME, name, TEXTOID) \
	C(GONE, gone, BOOLOID) \
	C(SEQ, seq, INT8OID)

#define SOURCE_COLUMN_ID(id, name, type) SOURCE_##id,
enum
{
	SOURCE_LIST(SOURCE_COLUMN_ID)
	SOURCE_COLUMNS
};

extern const RowShape source_shape;

/* What happened to the row, as recorded in the details of an entry */
typedef enum RowFate
{
	ROW_STAYS,
	ROW_DELETED,
	ROW_MOVED					/* to another customer */
} RowFate;

/* The promise that a row belongs to */
typedef struct SourcePromise
{
	text	   *customer;
	pg_uuid_t	promise;
	State		state;
	int64		length;			/* of the customer's chain */
} SourcePromise;

typedef void (*SourceCallback) (void *arg, const char *key, const char *name,
								const SourcePromise *promise);

/*
 * Applies an entry to its promise's row of trust.source; depends on nothing but the
 * entry.  Returns whether the row changed.
 */
extern bool SourceProject(Row *source, const Row *entry);

/*
 * Appends a sentence to the description of an entry that was written for a changed row,
 * and nothing for other entries.
 */
extern void SourceDescribe(StringInfo out, const Row *entry);

/*
 * Returns the details of an entry, as jsonb.  name is empty if the row has one promise.
 * other: if the row moved to another customer, the promise that it belongs to now; for
 * the entry that makes that promise, the promise that it belonged to.  May be NULL.
 * refused: bit per COMMAND_...: the row has values for them that the ledger refused.
 */
extern Datum SourceDetails(const char *source, const char *key, const char *name,
						   RowFate fate, const pg_uuid_t *other, uint32 refused);

/* The functions below run within a LedgerSession. */

/* Finds the promise that a row belongs to; false if there is none. */
extern bool SourceFind(const char *source, const char *key, const char *name,
					   SourcePromise *promise);

/*
 * Bit per COMMAND_...: values of the promise's row that the ledger refused, according to
 * its entries, and that no later amendment by the row includes.
 */
extern uint32 SourceRefused(const char *customer, const pg_uuid_t *promise);

/* Calls callback for the promises of many rows of one source. */
extern void SourceFindMany(const char *source, Datum *keys, int count,
						   SourceCallback callback, void *arg);

/* Reads a promise's row of trust.source; NULL if it has none. */
extern Row *SourceRead(Datum customer, Datum promise);

extern void SourcesInsert(const Row *const *sources, int count);
extern void SourceUpdate(const Row *source);

/* Updates a row while the table is rebuilt from entries, whatever its seq is. */
extern void SourceReplace(const Row *source);

#endif
