/*
 * demand.h
 *		What policy and authority say of a promise's terms.
 */
#ifndef TRUST_LEDGER_DEMAND_H
#define TRUST_LEDGER_DEMAND_H

#include "policy.h"
#include "promise.h"

/* Terms stand in an entry that is being made, or in the promise as it is. */
extern PolicyDemand TermsDemand(const Ledger *ledger, const Row *terms, const Actor *acting);
extern bool TermsWithinAuthority(const Actor *actor, const Row *terms);

#endif
