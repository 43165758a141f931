/*
 * row_state.h
 *		Rows that change, and the promises that they stand for as the changes so far leave them.
 */
#ifndef TRUST_LEDGER_ROW_STATE_H
#define TRUST_LEDGER_ROW_STATE_H

#include "tracking/row_change.h"
#include "promise/promise_source.h"

#include "utils/hsearch.h"

/* A row, and the promise that it stands for as the changes so far leave it. */
typedef struct RowState
{
	uint8		id[HASH_SIZE];	/* the key: of source, row's key and promise's name */
	bool		known;			/* looked up, or decided */
	bool		live;			/* it stands for a promise */
	bool		put_again;		/* the same row, put in again: in another partition, or from a dump */
	int			last_insert;	/* the last change that put it in; -1: none */
	char	   *customer;
	pg_uuid_t	promise;
	State		state;
	int64		seen;			/* how long its chain was then; -1: decided here */
	List	   *early;			/* numbers of changes that come before the one that puts the row in: triggers' names order them */
} RowState;

extern HTAB *RowStatesBegin(void);
extern void RowStatesLookUp(HTAB *row_states, const Changes *changes);
extern RowState *RowStateOf(HTAB *row_states, const TrackedChange *change, const char *key);
extern RowState *RowStateOfChange(HTAB *row_states, const TrackedChange *change);

#endif
