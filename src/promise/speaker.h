/*
 * speaker.h
 *		Words of a customer or a system of record that the company may have given itself.
 */
#ifndef TRUST_LEDGER_SPEAKER_H
#define TRUST_LEDGER_SPEAKER_H

#include "promise/promise_act.h"

/*
 * Marks the entry, which is complete but not hashed, if it is a word of the customer or a
 * record that takes effect and is in doubt: the actor speaks for them only since the
 * promise was recorded, or answers to the human who answers for the promiser or is the
 * backer.
 */
extern void SpeakerMark(PromiseAct *pa);

/* Whether the entry has that mark and takes effect. */
extern bool SpeakerIsDoubted(const Row *entry);

#endif
