/*
 * check_guards.h
 *		Guards, and what lets somebody past them; tables and their columns.
 */
#ifndef TRUST_LEDGER_CHECK_GUARDS_H
#define TRUST_LEDGER_CHECK_GUARDS_H

#include "verify/findings.h"

extern void FindGuardProblems(Findings *findings);
extern bool FindStructureProblems(Findings *findings);
extern void FindUnknownColumns(Findings *findings);

#endif
