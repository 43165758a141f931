/*
 * promise_source.h
 *		The source: which row of the company's tables a promise stands for.
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

/* What became of the row, as entries say it. */
typedef enum RowFate
{
	ROW_STAYS,
	ROW_DELETED,
	ROW_MOVED					/* to another customer */
} RowFate;

/* The promise that a row stands for now. */
typedef struct Place
{
	text	   *customer;
	pg_uuid_t	promise;
	State		state;
	int64		length;			/* of its chain */
} Place;

extern bool SourceProject(Row *source, const Row *entry);
extern void SourceDescribe(StringInfo out, const Row *entry);
extern Datum SourceDetails(const char *source, const char *key, const char *name, RowFate fate, const pg_uuid_t *other);
extern bool SourceFind(const char *source, const char *key, const char *name, Place *place);
extern void SourceFindMany(const char *source, Datum *keys, int count,
						   void (*tell) (void *arg, const char *key, const char *name, const Place *place), void *arg);
extern Row *SourceRead(Datum customer, Datum promise);
extern void SourcesInsert(const Row *const *sources, int count);
extern void SourceUpdate(const Row *source);
extern void SourceReplace(const Row *source);

#endif
