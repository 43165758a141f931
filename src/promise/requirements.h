/*
 * requirements.h
 *		What policy requires for a promise's terms, and whether an authority covers them.
 *
 * Terms are given as a row of trust.entry that is being filled, or of trust.promise.
 */
#ifndef TRUST_LEDGER_REQUIREMENTS_H
#define TRUST_LEDGER_REQUIREMENTS_H

#include "governance/policy.h"
#include "promise/promise_act.h"

/* Use of an authority in the terms' currency.  NULL: no limit, or not comparable */
typedef struct AuthorityUse
{
	Numeric		sum;			/* value that the actor would back for the customer */
	Numeric		most;			/* limit */
} AuthorityUse;

/*
 * What policy requires now for the promiser and the drafter; and for the acting actor,
 * unless it is NULL.
 */
extern PolicyRequirements TermsRequirements(const PromiseAct *pa, const Row *terms,
											const Actor *acting);

/*
 * Records the required evidence in the entry; and the time to back the promise by, if it
 * waits for a human.
 */
extern void SetRequirements(PromiseAct *pa, const PolicyRequirements *required, bool waits);

/*
 * Whether the actor may back the terms in addition to what they back for this customer.
 * An actor without authority has no limit.  Otherwise terms without value or currency,
 * or in a currency that the authority does not list, are not covered.  Sets *use.
 */
extern bool TermsWithinAuthority(const PromiseAct *pa, const Actor *actor, const Row *terms,
								 AuthorityUse *use);

#endif
