/*
 * policy.h
 *		Policy: what the rules together ask of a promise.
 */
#ifndef TRUST_LEDGER_POLICY_H
#define TRUST_LEDGER_POLICY_H

#include "governance/act.h"

/* Who had a hand in the terms: who promises, who wrote the words, who acts. */
typedef struct PolicyParty
{
	const char *actor;
	const char *kind;
} PolicyParty;

#define POLICY_PARTIES 3

/* What a promise says of itself, as far as rules ask. */
typedef struct PolicySubject
{
	PolicyParty parties[POLICY_PARTIES];	/* those behind the promiser may be absent */
	const char *kind;			/* NULL: left unsaid */
	const char *currency;		/* NULL: left unsaid */
	Numeric		value;			/* NULL: left unsaid */
	Numeric		open_sum;		/* the customer's in that currency, this one's in it; NULL: not known */
} PolicySubject;

/* The strictest of all that matching rules ask. */
typedef struct PolicyRequirements
{
	Evidence	evidence;
	int64		back_within;	/* microseconds; -1: no limit */
	int64		grace;			/* microseconds */
	int64		due_within;		/* microseconds; -1: none given */
} PolicyRequirements;

extern PolicyRequirements PolicyAsks(const Ledger *ledger, const PolicySubject *subject);
extern bool PolicyIsCumulative(const Ledger *ledger);
extern Numeric AuthorityLimit(const Actor *actor, const char *currency);
extern bool AmountReaches(Numeric amount, Numeric least);

#endif
