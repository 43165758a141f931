/*
 * score_events.h
 *		Reading the entries that affect scores, promise by promise.
 */
#ifndef TRUST_LEDGER_SCORE_EVENTS_H
#define TRUST_LEDGER_SCORE_EVENTS_H

#include "base/row.h"
#include "ledger/event.h"

#include "nodes/pg_list.h"

/* The columns of an entry that affect scores.  Values may be invalid if the table was altered. */
typedef struct ScoreEvent
{
	pg_uuid_t	promise;
	int64		seq;
	TimestampTz occurred_at;	/* DT_NOEND if NULL, as is recorded_at */
	TimestampTz recorded_at;
	Event		event;			/* EVENTS if unknown */
	State		state;			/* STATES if unknown */
	bool		stands;			/* false: a verdict or change that was recorded without effect */
	const char *promiser;
	const char *kind;
	const char *backer;
	TimestampTz due;			/* DT_NOBEGIN if NULL */
	bool		has_overdue_at;
	TimestampTz overdue_at;
	bool		weighs;			/* both weights are set */
	int32		weight_kept;	/* thousandths of a promise */
	int32		weight_broken;	/* likewise */
	const char *whose_word;
} ScoreEvent;

/* How scores group promises. */
typedef enum Grouping
{
	BY_CUSTOMER,
	BY_PROMISER,
	BY_BACKER,
	BY_KIND,
	BY_BACKING,					/* "backed" or "unbacked" */
	BY_ALL,						/* one group */
	GROUPINGS
} Grouping;

/* Names of groupings, as in argument "by" of the SQL functions. */
extern const char *const grouping_names[GROUPINGS];

/* The columns read, also bit numbers in ScoreEventReader.skipped_columns. */
enum
{
	SCORE_EVENT_CUSTOMER,		/* may be skipped, except when grouping by customer */
	SCORE_EVENT_SEQ,
	SCORE_EVENT_PROMISE,
	SCORE_EVENT_EVENT,
	SCORE_EVENT_STATE,
	SCORE_EVENT_OCCURRED_AT,
	SCORE_EVENT_RECORDED_AT,
	SCORE_EVENT_STANDS,
	SCORE_EVENT_PROMISER,		/* may be skipped */
	SCORE_EVENT_KIND,			/* may be skipped */
	SCORE_EVENT_BACKER,			/* may be skipped */
	SCORE_EVENT_DUE,
	SCORE_EVENT_OVERDUE_AT,
	SCORE_EVENT_WEIGHT_KEPT,
	SCORE_EVENT_WEIGHT_BROKEN,
	SCORE_EVENT_WHOSE_WORD,		/* may be skipped */
	SCORE_EVENT_COLUMNS
};

/* The first member of a caller's own struct, to which the callback casts it. */
typedef struct ScoreEventReader
{
	/*
	 * Called once per promise with its entries, at least one, in the order of seq.  Strings are
	 * valid until it returns, and so is what it allocates.  customer is NULL if skipped.  It must
	 * not run statements.
	 */
	void		(*process_promise) (struct ScoreEventReader *reader, const char *customer,
									const ScoreEvent *events, int count);
	uint32		skipped_columns;	/* read as NULL, which makes the sort narrower */
} ScoreEventReader;

/* A list of C strings as text[]. */
extern Datum TextArrayDatum(const List *texts);

/*
 * Reads all entries of promises.  With a list of keys (char *), and by customer,
 * promiser, backer or kind, it reads only promises of which some entry has one of them;
 * callers must still check the key.  By customer, customers come in C collation order.
 * Needs a LedgerSession and uses the active snapshot.
 */
extern void ReadScoreEvents(ScoreEventReader *reader, Grouping by, const List *keys);

#endif
