/*
 * score_events.h
 *		What entries say that bears on scores, and reading all of it.
 */
#ifndef TRUST_LEDGER_SCORE_EVENTS_H
#define TRUST_LEDGER_SCORE_EVENTS_H

#include "base/row.h"
#include "promise/lifecycle.h"

/* What one entry says that bears on a score. */
typedef struct Fact
{
	pg_uuid_t	promise;
	int64		seq;
	TimestampTz occurred_at;
	TimestampTz recorded_at;
	Event		event;
	State		state;
	bool		stands;			/* false: recorded, and nothing more */
	const char *promiser;
	const char *kind;
	const char *backer;
	bool		has_overdue_at;
	TimestampTz overdue_at;
	bool		weighs;
	int32		weight_kept;	/* thousandths */
	int32		weight_broken;
	const char *whose_word;
} Fact;

/* By what promises are put together. */
typedef enum Grouping
{
	BY_CUSTOMER,
	BY_PROMISER,
	BY_BACKER,
	BY_KIND,
	BY_BACKING,
	BY_ALL,
	GROUPINGS
} Grouping;

extern const char *const grouping_names[GROUPINGS];

/* What is read of each entry; a bit each in FactReader.leaves_out */
enum
{
	FACT_CUSTOMER,				/* may be left out, but by customer */
	FACT_SEQ,
	FACT_PROMISE,
	FACT_EVENT,
	FACT_STATE,
	FACT_OCCURRED_AT,
	FACT_RECORDED_AT,			/* may be left out */
	FACT_STANDS,
	FACT_PROMISER,				/* may be left out */
	FACT_KIND,					/* may be left out */
	FACT_BACKER,				/* may be left out */
	FACT_OVERDUE_AT,
	FACT_WEIGHT_KEPT,
	FACT_WEIGHT_BROKEN,
	FACT_WHOSE_WORD,			/* may be left out */
	FACT_COLUMNS
};

/*
 * Reading all entries that bear on scores: one promise after the other, its
 * facts in the order of the chain.  What they point to lives until the promise
 * is done.
 */
typedef struct FactReader
{
	void		(*promise) (struct FactReader *reader, const char *customer, const Fact *facts, int count);
	uint32		leaves_out;		/* columns that nobody looks at: less to sort */
} FactReader;

extern void ReadFacts(FactReader *reader, Grouping by, const char *key);

#endif
