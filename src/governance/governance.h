/*
 * governance.h
 *		Governance: changes of actors, policies, access, settings and tracking, as entries.
 *
 * The entries are in the chain of the reserved customer GOVERNANCE_CUSTOMER.
 */
#ifndef TRUST_LEDGER_GOVERNANCE_H
#define TRUST_LEDGER_GOVERNANCE_H

#include "base/statement.h"
#include "governance/act.h"

/*
 * A table derived from governance entries: each row has details, seq and name of the
 * last entry about its subject.
 */
typedef struct GovernedTable
{
	const char *table;
	const char *key;			/* column that holds the subject */
	Statement	update;			/* parameters of both: subject, details, seq, name */
	Statement	insert;
} GovernedTable;

#define GOVERNED_RECORD(table, key) \
	" FROM pg_catalog.jsonb_populate_record(NULL::trust." table ", $2 OPERATOR(pg_catalog.||)" \
	" pg_catalog.jsonb_build_object('" key "', $1, 'seq', $3, 'name', $4)) r"

#define GOVERNED_TABLE(table_name, key_name, columns) { \
	.table = table_name, .key = key_name, \
	.update = STATEMENT("UPDATE trust." table_name \
						" SET (" columns ", seq) =" \
						" (SELECT " columns ", seq" GOVERNED_RECORD(table_name, key_name) ")" \
						" WHERE " key_name "::pg_catalog.text OPERATOR(pg_catalog.=) $1", \
						TEXTOID, JSONBOID, INT8OID, TEXTOID), \
	.insert = STATEMENT("INSERT INTO trust." table_name \
						" (" key_name ", " columns ", seq)" \
						" SELECT " key_name ", " columns ", seq" \
						GOVERNED_RECORD(table_name, key_name), \
						TEXTOID, JSONBOID, INT8OID, TEXTOID)}

#define GOVERNED_TABLES 5
extern GovernedTable governed_ledger;
extern GovernedTable governed_actor;
extern GovernedTable governed_policy;
extern GovernedTable governed_access;
extern GovernedTable governed_tracking;
extern GovernedTable *const governed_tables[GOVERNED_TABLES];

/* An entry to be made. */
typedef struct GovernanceChange
{
	const char *event;
	GovernedTable *governs;		/* NULL: no row is derived from the entry */
	const char *subject;
	Datum		details;		/* jsonb: the whole row except key, seq and name */
	int64		refers_to;		/* seq of an earlier entry; 0: none */
	text	   *name;			/* NULL: none */
	text	   *reason;			/* NULL: none */
} GovernanceChange;

/* The state of a function that changes governance. */
typedef struct Governance
{
	Act			act;
	int			levels;			/* the caller's role must have one of them */
	Chain		chain;
	LedgerSession session;
	Receipt		receipt;
} Governance;

/*
 * A function calls Begin; Lock; Append, if Lock returns true; End.
 *
 * GovernanceBegin() starts the act, without the need for an actor, and enters a
 * LedgerSession.  levels and what are as in CheckAccess().  Errors as of ActBegin().
 */
extern void GovernanceBegin(Governance *governance, FunctionCallInfo fcinfo, int levels,
							const char *what);

/* Locks the governance chain.  False if the call is a retry.  Errors: TL004, TL005, 55000. */
extern bool GovernanceLock(Governance *governance);

/* Appends the entries and updates the derived rows.  The receipt is that of the first one. */
extern void GovernanceAppend(Governance *governance, const GovernanceChange *changes,
							 int count);

/* Leaves the LedgerSession and returns the receipt as the function's result. */
extern Datum GovernanceEnd(Governance *governance, FunctionCallInfo fcinfo);

/*
 * Rebuilds the row of a subject from its last entry, or deletes it if there is none.
 * The calling SQL function must have a safe search_path.
 */
extern void GovernanceRestore(GovernedTable *governed, const char *subject);

/* Executes a statement that returns exactly one row, and returns its first column. */
extern Datum StatementDatum(Statement *statement, Datum *values, const char *nulls);

#endif
