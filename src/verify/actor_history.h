/*
 * actor_history.h
 *		The registrations of actors, to check what entries repeat of them.
 */
#ifndef TRUST_LEDGER_ACTOR_HISTORY_H
#define TRUST_LEDGER_ACTOR_HISTORY_H

#include "ledger/entry.h"

#include "utils/hsearch.h"
#include "utils/jsonb.h"

/*
 * Reads the governance entries about actors into a hash table by seq, in the
 * current memory context.  Needs a LedgerSession.
 */
extern HTAB *ReadRegistrations(void);

/*
 * The first column in which the entry contradicts the registration that its
 * actor_seq refers to, or NULL if there is none.
 */
extern const char *WrongActorColumn(HTAB *registrations, const Row *entry);

#endif
