/*
 * score_events.h
 *		What entries say that bears on scores, and reading all of it.
 */
#ifndef TRUST_LEDGER_SCORE_EVENTS_H
#define TRUST_LEDGER_SCORE_EVENTS_H

#include "base/row.h"
#include "ledger/event.h"

/* What one entry says that bears on a score. */
typedef struct ScoreEvent
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
} ScoreEvent;

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

/* What is read of each entry; a bit each in ScoreEventReader.leaves_out */
enum
{
	SCORE_EVENT_CUSTOMER,				/* may be left out, but by customer */
	SCORE_EVENT_SEQ,
	SCORE_EVENT_PROMISE,
	SCORE_EVENT_EVENT,
	SCORE_EVENT_STATE,
	SCORE_EVENT_OCCURRED_AT,
	SCORE_EVENT_RECORDED_AT,			/* may be left out */
	SCORE_EVENT_STANDS,
	SCORE_EVENT_PROMISER,				/* may be left out */
	SCORE_EVENT_KIND,					/* may be left out */
	SCORE_EVENT_BACKER,				/* may be left out */
	SCORE_EVENT_OVERDUE_AT,
	SCORE_EVENT_WEIGHT_KEPT,
	SCORE_EVENT_WEIGHT_BROKEN,
	SCORE_EVENT_WHOSE_WORD,			/* may be left out */
	SCORE_EVENT_COLUMNS
};

/*
 * Reading all entries that bear on scores: one promise after the other, its
 * facts in the order of the chain.  What they point to lives until the promise
 * is done.
 */
typedef struct ScoreEventReader
{
	void		(*promise) (struct ScoreEventReader *reader, const char *customer, const ScoreEvent *score_events, int count);
	uint32		leaves_out;		/* columns that nobody looks at: less to sort */
} ScoreEventReader;

extern void ReadScoreEvents(ScoreEventReader *reader, Grouping by, const char *key);

#endif
