/*
 * actor_history.h
 *		What governance said of actors, entry by entry.
 */
#ifndef TRUST_LEDGER_ACTOR_HISTORY_H
#define TRUST_LEDGER_ACTOR_HISTORY_H

#include "ledger/entry.h"

#include "utils/hsearch.h"
#include "utils/jsonb.h"

extern HTAB *ReadRegistrations(void);
extern const char *CheckRegistered(HTAB *registrations, const Row *entry);

#endif
