/*
 * act_group.h
 *		Acts upon the promises of one customer that are written together.
 */
#ifndef TRUST_LEDGER_ACT_GROUP_H
#define TRUST_LEDGER_ACT_GROUP_H

#include "promise/promise_store.h"

#include "utils/hsearch.h"

typedef struct ActGroup
{
	Chain	   *chain;
	TiedAct    *acts;			/* tied and not written */
	int			count;
	int			capacity;
	HTAB	   *held;			/* HeldPromise, by promise */
	const Row **pending;		/* promises that are made with them, and not stored yet */
	int			pending_count;
	HTAB	   *sums;			/* sums of stored and pending promises, kept from one act to the next */
	bool		changed;		/* acts upon promises that are stored already are among them */
} ActGroup;

extern ActGroup *ActGroupBegin(Chain *chain);
extern HeldPromise *ActGroupHold(ActGroup *group, Datum promise);
extern HeldPromise *ActGroupHoldNew(ActGroup *group, Datum promise);
extern void ActGroupAdd(ActGroup *group, const TiedAct *act);
extern void ActGroupWrite(ActGroup *group);
extern void ActGroupsWrite(ActGroup *const *groups, int count);

#endif
