/*
 * policy.h
 *		Policies: the combined requirements of all rules for a promise.
 */
#ifndef TRUST_LEDGER_POLICY_H
#define TRUST_LEDGER_POLICY_H

#include "governance/act.h"

/* An actor involved in the terms: the promiser, the drafter, or the acting one. */
typedef struct PolicyParty
{
	const char *actor;			/* NULL: no such actor */
	const char *kind;
} PolicyParty;

#define POLICY_PARTIES 3

/* The properties of a promise that rules refer to. */
typedef struct PolicySubject
{
	PolicyParty parties[POLICY_PARTIES];	/* the promiser first */
	const char *kind;			/* NULL: not specified */
	const char *currency;		/* NULL: not specified */
	Numeric		value;			/* NULL: not specified */
	Numeric		open_sum;		/* open promises to the customer in the currency, with this one;
								 * NULL: unknown */
} PolicySubject;

/* The strictest requirements of all rules that match. */
typedef struct PolicyRequirements
{
	Evidence	evidence;
	int64		back_within;	/* microseconds; -1: no limit */
	int64		grace;			/* microseconds */
	int64		due_within;		/* microseconds; -1: none */
} PolicyRequirements;

/* The requirements for a promise. */
extern PolicyRequirements PolicyGetRequirements(const Ledger *ledger, const PolicySubject *subject);

/* Whether any active rule is cumulative, so that open_sum is needed. */
extern bool PolicyIsCumulative(const Ledger *ledger);

/*
 * The actor's limit in the currency; NULL if their authority does not contain it.
 * actor->authority must not be NULL.
 */
extern Numeric AuthorityLimit(const Actor *actor, const char *currency);

/* amount >= least */
extern bool AmountReaches(Numeric amount, Numeric least);

#endif
