/*
 * requirements.h
 *		What policy and authority say of a promise's terms.
 */
#ifndef TRUST_LEDGER_REQUIREMENTS_H
#define TRUST_LEDGER_REQUIREMENTS_H

#include "governance/policy.h"
#include "promise/promise_act.h"

/* How far an act would use the actor's authority; NULL where it has no limit, or cannot be compared. */
typedef struct AuthorityUse
{
	Numeric		sum;
	Numeric		most;
} AuthorityUse;

/* Terms stand in an entry that is being made, or in the promise as it is. */
extern PolicyRequirements TermsRequirements(const PromiseAct *pa, const Row *terms, const Actor *acting);
extern void SetRequirements(PromiseAct *pa, const PolicyRequirements *required, bool waits);
extern bool TermsWithinAuthority(const PromiseAct *pa, const Actor *actor, const Row *terms, AuthorityUse *use);

#endif
