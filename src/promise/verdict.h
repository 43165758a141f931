/*
 * verdict.h
 *		The rank of verdicts, and their weight.
 */
#ifndef TRUST_LEDGER_VERDICT_H
#define TRUST_LEDGER_VERDICT_H

#include "promise/promise_act.h"

/*
 * Checks that the acting actor speaks for the company, a record or a customer.  what
 * completes the message "... cannot <what>".  Errors: TL003.
 */
extern void CheckSpeaksFor(const PromiseAct *pa, SpeaksFor speaks_for, const char *what);

/* Checks that the actor speaks for the company.  Errors: 22023. */
extern void CheckCanRelay(const Actor *actor);

/*
 * Whether the acting actor and the actor in a column of the promise are the same human,
 * or have the same responsible human.
 */
extern bool SharesHuman(const PromiseAct *pa, int column);

/* The rank of a word; a higher number replaces a lower one. */
extern int	WordRank(SpeaksFor word, bool relayed);

/* The rank of the promise's current verdict; -1 if there is none. */
extern int	CurrentRank(const Row *promise);

/*
 * Whether a new verdict or repair by the acting actor takes effect: it must have a higher
 * rank than the current verdict, or the same rank with at least the same evidence.
 */
extern bool WordStands(const PromiseAct *pa, SpeaksFor word, bool relayed);

/*
 * Sets the verdict in the entry; and its weight, in thousandths from the ledger's
 * settings, if it takes effect (stands).
 */
extern void SetVerdict(PromiseAct *pa, State verdict, SpeaksFor word, bool relayed,
					   bool stands, WeightKind weight_kind);

#endif
