/*
 * erasure.h
 *		An erasure in progress, shared by erasure.c and erasure_record.c.
 */
#ifndef TRUST_LEDGER_ERASURE_H
#define TRUST_LEDGER_ERASURE_H

#include "promise/promise_act.h"

/* An entry from which texts are erased */
typedef struct ErasureTarget
{
	int64		seq;
	uint8		hash[HASH_SIZE];
	pg_uuid_t  *promise;		/* NULL for governance */
	char	   *subject;		/* for governance */
	int			texts;			/* bit set: one bit for each of erasable_texts[] */
} ErasureTarget;

/* One call of an SQL function */
typedef struct Erasure
{
	Act			act;
	Chain	   *chain;
	LedgerSession session;
	Receipt		receipt;		/* of the first entry that records the erasure */
	text	   *reason;
	bool		by_entry;		/* one record for each target, not for each promise */
	bool		erased_any;		/* an earlier batch erased something */
	bool		has_recorded;
	pg_uuid_t	recorded;		/* the last promise with a record, if has_recorded */
} Erasure;

/* Targets that are erased in one LedgerSession */
typedef struct ErasureBatch
{
	Erasure    *erasure;
	ErasureTarget *targets;
	int			count;
	LinkedAct  *acts;			/* entries that record the erasure */
	int			act_count;
	Row		   *promise;		/* row of trust.promise of the last act */
} ErasureBatch;

/*
 * Checks that an entry of a customer has a promise, and an entry of governance a
 * subject.  Errors: TL006.
 */
extern void CheckTargetKey(const Chain *chain, const ErasureTarget *target);

/*
 * Append the entries that record the erasure of a batch, and update the promises, or
 * the actor for governance.  The first call sets erasure->receipt, copied to lasting.
 */
extern void RecordPromiseErasures(ErasureBatch *batch, MemoryContext lasting);
extern void RecordGovernanceErasures(ErasureBatch *batch, MemoryContext lasting);

#endif
