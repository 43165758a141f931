/*
 * eased_rules.h
 *		Changes of rules by which promises were asked less than before.
 */
#ifndef TRUST_LEDGER_EASED_RULES_H
#define TRUST_LEDGER_EASED_RULES_H

#include "utils/hsearch.h"

#include "analysis/scanned_actors.h"
#include "governance/policy.h"

struct RuleChange;

typedef struct EasedRules
{
	struct RuleChange *changes; /* in the order of time */
	int			count;
	PolicyRules *rules;			/* after as many changes: those that were active */
	int			first;			/* number of changes before the first promise */
	char	  **names;			/* that rules mention, sorted */
	int			name_count;
	Numeric    *values;			/* least values, sorted */
	int			value_count;
	HTAB	   *alike;			/* the promises, by what rules tell them apart by */
} EasedRules;

/* Reads all changes of rules. */
extern void EasedRulesBegin(EasedRules *eased, const ExceptionScan *scan);

/* Counts the promise with those that all rules treat alike. */
extern void EasedRulesAdd(EasedRules *eased, const ExceptionScan *scan);

/*
 * settings_eased: one exception per change of rules that asked promises for more before it,
 * but not after it, than the rules when they were recorded.
 */
extern void EasedRulesPut(const EasedRules *eased, const ExceptionScan *scan);

/* "until entry ... at ..."; with seq 0, that it is still so. */
extern char *UntilText(int64 seq, TimestampTz at);

/* The detail of settings_eased: how many promises, and what happened to them. */
extern char *EasedText(int64 seq, int64 promises, const char *how, const char *until);

#endif
