/*
 * act_group.h
 *		Acts on promises of one customer that are written together.
 *
 * Writing one entry at a time within a transaction takes quadratic time per
 * customer, because each update leaves a dead version of the row of trust.chain
 * that cannot be pruned.  A group therefore collects acts, each based on what the
 * previous ones leave, and writes them all at once.
 */
#ifndef TRUST_LEDGER_ACT_GROUP_H
#define TRUST_LEDGER_ACT_GROUP_H

#include "promise/promise_store.h"

#include "utils/hsearch.h"

typedef struct ActGroup
{
	Chain	   *chain;
	LinkedAct  *acts;			/* not written yet */
	int			count;
	int			capacity;
	HTAB	   *held;			/* HeldPromise, by promise */
	const Row **pending;		/* new promises of acts[], not stored yet */
	int			pending_count;
	HTAB	   *sums;			/* cache of ExposureSum(), over stored and pending promises */
	bool		changed;		/* acts[] includes acts on promises made before */
} ActGroup;

/*
 * Begins a group for a locked chain.  It is allocated in the current memory context,
 * which must live until ActGroupWrite().
 */
extern ActGroup *ActGroupBegin(Chain *chain);

/*
 * Returns the promise as the group's acts so far leave it; reads it if they have not
 * touched it.  Errors: P0002 no such promise of the chain's customer.
 */
extern HeldPromise *ActGroupHold(ActGroup *group, Datum promise);

/* Adds an empty row for a promise that is being made. */
extern HeldPromise *ActGroupHoldNew(ActGroup *group, Datum promise);

/* Adds an act after PromiseLink(). */
extern void ActGroupAdd(ActGroup *group, const LinkedAct *act);

/* Writes the acts added since the last write.  The group can be used again. */
extern void ActGroupWrite(ActGroup *group);

/* The same for groups of several customers, with fewer statements. */
extern void ActGroupsWrite(ActGroup *const *groups, int count);

#endif
