/*
 * parked_findings.h
 *		Checks of trust.parked_change against the governance entries.
 */
#ifndef TRUST_LEDGER_PARKED_FINDINGS_H
#define TRUST_LEDGER_PARKED_FINDINGS_H

#include "verify/findings.h"

/*
 * Checks nothing if no entry is about parked changes and the first entry does not
 * say that parking is recorded, as in a ledger of an earlier version before
 * migrate_ledger().  Needs a LedgerSession.
 */
extern void FindParkedProblems(Findings *findings);

#endif
