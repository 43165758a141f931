/*
 * check_governance.h
 *		Governed tables against the governance entries.
 */
#ifndef TRUST_LEDGER_CHECK_GOVERNANCE_H
#define TRUST_LEDGER_CHECK_GOVERNANCE_H

#include "governance/governance.h"
#include "verify/findings.h"

extern void FindUngoverned(Findings *findings);
extern List *GovernedSubjectsAmiss(const GovernedTable *governed);
extern void FindGovernanceProblems(Findings *findings);

#endif
