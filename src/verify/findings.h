/*
 * findings.h
 *		The rows that verify() returns.
 */
#ifndef TRUST_LEDGER_FINDINGS_H
#define TRUST_LEDGER_FINDINGS_H

#include "access/tupdesc.h"
#include "utils/tuplestore.h"
#include "utils/uuid.h"

/*
 * One row of the result.  problem completes a sentence whose subject is the field
 * or, if that is NULL, the row or object.  All but part and problem can be NULL.
 */
typedef struct Finding
{
	const char *part;			/* the table, or guard, view, table, extension */
	const char *customer;		/* '' in governance */
	bool		has_seq;
	int64		seq;			/* of the entry */
	pg_uuid_t  *promise;
	const char *subject;		/* e.g. the actor, the table or the view */
	const char *field;			/* e.g. the column or the trigger */
	const char *problem;
} Finding;

typedef struct Findings
{
	Tuplestorestate *store;		/* NULL: only count them */
	TupleDesc	tupdesc;		/* of verify()'s result */
	int64		count;
	char	   *first;			/* the first one as a sentence; NULL if there is none */
} Findings;

extern void AddFinding(Findings *findings, const Finding *finding);

#endif
