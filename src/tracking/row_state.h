/*
 * row_state.h
 *		Finds the promises of changed rows, and keeps track of them while events are planned.
 */
#ifndef TRUST_LEDGER_ROW_STATE_H
#define TRUST_LEDGER_ROW_STATE_H

#include "tracking/row_change.h"
#include "promise/promise_source.h"

#include "utils/hsearch.h"

/*
 * A row and its promise, after the changes planned so far.  Where a row makes several
 * promises, there is a RowState for each.
 */
typedef struct RowState
{
	uint8		id[HASH_SIZE];	/* hash key: SHA-256 of source, key and promise's name */
	bool		known;			/* the fields below are set */
	bool		live;			/* the row has a promise */
	bool		reinserted;		/* the same row again: from another partition or a dump */
	int			last_insert;	/* last change that inserts the row; -1 if none */
	char	   *customer;
	pg_uuid_t	promise;
	State		state;
	uint32		refused;		/* bit per COMMAND_...: refused by changes planned so far */
	int64		chain_length;	/* when the promise was looked up; -1 if it is planned here */
	List	   *early;			/* int list: changes that precede the one that makes the promise,
								 * since triggers fire in the order of their names */
} RowState;

/* Creates an empty hash table in the current memory context. */
extern HTAB *RowStatesBegin(void);

/* Looks up the promises of all rows that the changes concern, unless these are few. */
extern void RowStatesLookUp(HTAB *row_states, const Changes *changes);

/* The state of the row of that key; does not look up its promise. */
extern RowState *RowStateOf(HTAB *row_states, const TrackedChange *change, const char *key);

/*
 * The state of the changed row, with its promise.  If the change gives the row another
 * key, its promise moves to the RowState of the new key.
 */
extern RowState *RowStateOfChange(HTAB *row_states, const TrackedChange *change);

#endif
