/*
 * erasure.h
 *		Erasing what people wrote.
 */
#ifndef TRUST_LEDGER_ERASURE_H
#define TRUST_LEDGER_ERASURE_H

#include "promise/promise_act.h"

/* An entry that loses texts */
typedef struct Loss
{
	int64		seq;
	uint8		hash[HASH_SIZE];
	pg_uuid_t  *promise;		/* NULL in governance */
	char	   *subject;
	int			texts;			/* as bits */
} Loss;

typedef struct Erasure
{
	Act			act;
	Chain	   *chain;
	LedgerSession session;
	Receipt		receipt;
	text	   *reason;
	bool		by_entry;		/* an entry says so for each that loses texts, else for each promise */
	bool		any;			/* something was erased */
	bool		has_said;
	pg_uuid_t	said;			/* the last promise that an entry says it of */
} Erasure;

/* What is erased at once */
typedef struct Portion
{
	Erasure    *erasure;
	Loss	   *losses;
	int			count;
	TiedAct    *said;			/* acts that say so */
	int			said_count;
	Row		   *promise;		/* the last of these, as the portion so far leaves it */
} Portion;

extern void CheckHasKey(const Chain *chain, const Loss *loss);
extern void SayOfPromises(Portion *portion, MemoryContext lasting);
extern void SayOfGovernance(Portion *portion, MemoryContext lasting);

#endif
