/*
 * installed.h
 *		Whether functions and views are as this version of the extension makes them.
 */
#ifndef TRUST_LEDGER_INSTALLED_H
#define TRUST_LEDGER_INSTALLED_H

#include "verify/findings.h"

extern bool FindInstalledProblems(Findings *findings);

#endif
