/*
 * check_governance.h
 *		Checks of the governance chain and of the tables that follow from it.
 */
#ifndef TRUST_LEDGER_CHECK_GOVERNANCE_H
#define TRUST_LEDGER_CHECK_GOVERNANCE_H

#include "governance/governance.h"
#include "verify/findings.h"

/* All functions need a LedgerSession. */

/*
 * Checks entries of the governance chain that no function of the extension writes,
 * actors, policies, access, settings, tracking and parked changes.
 */
extern void FindGovernanceProblems(Findings *findings);

/* Only the entries. */
extern void FindInvalidGovernanceEntries(Findings *findings);

/*
 * The subjects, sorted and each once, whose row in that table is missing or does
 * not match the last entry about it.
 */
extern List *SubjectsToRestore(const GovernedTable *governed);

#endif
