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

/* A rule.  NULL and -1 mean that it has no such condition or requirement. */
typedef struct PolicyRule
{
	char	   *promiser;
	char	   *promiser_kind;
	char	   *kind;
	char	   *currency;
	Numeric		least_value;
	bool		cumulative;		/* least_value applies to the sum of open promises */
	Evidence	evidence;
	int64		back_within;
	int64		grace;
	int64		due_within;
} PolicyRule;

/* Rules that hold together. */
typedef struct PolicyRules
{
	PolicyRule **rules;
	int			count;
} PolicyRules;

/*
 * SQL list of a rule's columns, in the order that PolicyResultRule() reads them from.
 */
#define POLICY_RULE_COLUMNS \
	"promiser, promiser_kind, kind, currency, least_value, evidence, back_within, grace," \
	" due_within, cumulative"

/* The rule in that row of the result of a statement, whose columns begin at first. */
extern PolicyRule *PolicyResultRule(uint64 row, int first);

/* The requirements for a promise, by the active rules. */
extern PolicyRequirements PolicyGetRequirements(const Ledger *ledger, const PolicySubject *subject);

/* The same by other rules. */
extern PolicyRequirements PolicyRequirementsOf(const PolicyRules *rules,
											   const PolicySubject *subject);

/* Whether a rule names the kind, or the currency. */
extern bool PolicyKnowsKind(const PolicyRules *rules, const char *kind);
extern bool PolicyKnowsCurrency(const PolicyRules *rules, const char *currency);

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
