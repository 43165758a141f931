/*
 * installed.h
 *		Checks of the installed functions, types, operators and views.
 */
#ifndef TRUST_LEDGER_INSTALLED_H
#define TRUST_LEDGER_INSTALLED_H

#include "verify/findings.h"

/*
 * Compares the extension's objects and views with those of this version.  Returns
 * false if another version is installed; then nothing was compared.  Needs a
 * LedgerSession.
 */
extern bool FindInstalledProblems(Findings *findings);

#endif
