/*
 * findings.h
 *		What verify() finds: rows of its result, guards and governance.
 */
#ifndef TRUST_LEDGER_FINDINGS_H
#define TRUST_LEDGER_FINDINGS_H

#include "governance/governance.h"

#include "utils/tuplestore.h"

typedef struct Finding
{
	const char *part;
	const char *customer;
	bool		has_seq;
	int64		seq;
	pg_uuid_t  *promise;
	const char *subject;
	const char *field;
	const char *problem;
} Finding;

typedef struct Findings
{
	Tuplestorestate *store;		/* NULL: they are only counted */
	TupleDesc	tupdesc;		/* of verify()'s result */
	int64		count;
	char	   *first;			/* in words */
} Findings;

extern void AddFinding(Findings *findings, const Finding *finding);
extern void FindGuardProblems(Findings *findings);
extern bool FindStructureProblems(Findings *findings);
extern void FindUnknownColumns(Findings *findings);
extern void FindUngoverned(Findings *findings);
extern List *GovernedSubjectsAmiss(const GovernedTable *governed);
extern void FindGovernanceProblems(Findings *findings);

#endif
