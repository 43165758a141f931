/*
 * findings.h
 *		What verify() finds: rows of its result.
 */
#ifndef TRUST_LEDGER_FINDINGS_H
#define TRUST_LEDGER_FINDINGS_H

#include "access/tupdesc.h"
#include "utils/tuplestore.h"
#include "utils/uuid.h"

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

#endif
