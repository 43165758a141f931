/*
 * installed.h
 *		Whether functions and views are as this version of the extension makes them.
 */
#ifndef TRUST_LEDGER_INSTALLED_H
#define TRUST_LEDGER_INSTALLED_H

#include "findings.h"

extern void FindInstalledProblems(Findings *findings);

#endif
