/*
 * parked_findings.h
 *		Whether what waits is what the entries of governance say.
 */
#ifndef TRUST_LEDGER_PARKED_FINDINGS_H
#define TRUST_LEDGER_PARKED_FINDINGS_H

#include "verify/findings.h"

extern void FindParkedProblems(Findings *findings);

#endif
