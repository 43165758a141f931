/*
 * check_guards.h
 *		Checks of the guards and of the ledger's tables.
 */
#ifndef TRUST_LEDGER_CHECK_GUARDS_H
#define TRUST_LEDGER_CHECK_GUARDS_H

#include "verify/findings.h"

/* All functions need a LedgerSession. */

/*
 * Guards that are missing, disabled or replaced, and triggers, rules, owners,
 * privileges, inheritance, row security, publications and subscriptions that
 * bypass guards or hide rows.
 */
extern void FindGuardProblems(Findings *findings);

/*
 * Tables whose columns, constraints or indexes differ from those of this version.
 * Returns false if a difference prevents reading the tables.
 */
extern bool FindStructureProblems(Findings *findings);

/* Entries with a value in a column that the extension did not create. */
extern void FindUnknownColumns(Findings *findings);

#endif
