/*
 * verdict.h
 *		Verdicts: whose word they are, what they weigh, and which of them stands.
 */
#ifndef TRUST_LEDGER_VERDICT_H
#define TRUST_LEDGER_VERDICT_H

#include "promise/promise_act.h"

extern void CheckSpeaksFor(const PromiseAct *pa, SpeaksFor speaks_for, const char *what);
extern void CheckRelays(const PromiseAct *pa);

extern bool SharesHuman(const PromiseAct *pa, int column);

extern int	WordRank(SpeaksFor word, bool relayed);
extern int	StandingRank(const Row *promise);
extern bool WordStands(const PromiseAct *pa, SpeaksFor word, bool relayed);
extern void SetVerdict(PromiseAct *pa, State verdict, SpeaksFor word, bool relayed, bool stands, Weighing weighing);

#endif
