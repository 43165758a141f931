/*
 * eased_rules.h
 *		Changes of rules by which promises were asked less than before.
 */
#ifndef TRUST_LEDGER_EASED_RULES_H
#define TRUST_LEDGER_EASED_RULES_H

#include "analysis/scanned_actors.h"
#include "governance/policy.h"

struct RuleChange;

typedef struct EasedRules
{
	struct RuleChange *changes; /* in the order of time */
	int			count;
	PolicyRules *rules;			/* after as many changes: those that were active */
	int		   *easing;			/* changes that can have eased something */
	int			easing_count;
} EasedRules;

/* Reads all changes of rules, and which of them can have eased anything. */
extern void EasedRulesBegin(EasedRules *eased, const ExceptionScan *scan);

/* Asks the rules of then, and those without each earlier change, about the promise. */
extern void EasedRulesAdd(EasedRules *eased, const ExceptionScan *scan);

/* settings_eased: one exception per change by which promises were asked less. */
extern void EasedRulesPut(const EasedRules *eased, const ExceptionScan *scan);

/* "until entry ... at ..."; with seq 0, that it is still so. */
extern char *UntilText(int64 seq, TimestampTz at);

/* The detail of settings_eased: how many promises, and what happened to them. */
extern char *EasedText(int64 seq, int64 promises, const char *how, const char *until);

#endif
