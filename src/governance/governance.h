/*
 * governance.h
 *		Governance: actors, policies, access, settings and what is tracked, as entries of the reserved chain.
 */
#ifndef TRUST_LEDGER_GOVERNANCE_H
#define TRUST_LEDGER_GOVERNANCE_H

#include "base/statement.h"
#include "governance/act.h"

/*
 * A table that follows from governance: a row holds what the last entry about
 * its subject says in details, that entry's seq and its name.
 */
typedef struct GovernedTable
{
	const char *table;
	const char *key;			/* the column that the subject stands for */
	Statement	update;			/* both take subject, details, seq, name */
	Statement	insert;
} GovernedTable;

#define GOVERNED_RECORD(table, key) \
	" FROM pg_catalog.jsonb_populate_record(NULL::trust." table ", $2 OPERATOR(pg_catalog.||)" \
	" pg_catalog.jsonb_build_object('" key "', $1, 'seq', $3, 'name', $4)) r"

#define GOVERNED_TABLE(table_name, key_name, columns) { \
	.table = table_name, .key = key_name, \
	.update = STATEMENT("UPDATE trust." table_name " SET (" columns ", seq) = (SELECT " columns ", seq" \
						GOVERNED_RECORD(table_name, key_name) ")" \
						" WHERE " key_name "::pg_catalog.text OPERATOR(pg_catalog.=) $1", \
						TEXTOID, JSONBOID, INT8OID, TEXTOID), \
	.insert = STATEMENT("INSERT INTO trust." table_name " (" key_name ", " columns ", seq) SELECT " key_name ", " columns ", seq" GOVERNED_RECORD(table_name, key_name), \
						TEXTOID, JSONBOID, INT8OID, TEXTOID)}

#define GOVERNED_TABLES 5
extern GovernedTable governed_ledger;
extern GovernedTable governed_actor;
extern GovernedTable governed_policy;
extern GovernedTable governed_access;
extern GovernedTable governed_tracking;
extern GovernedTable *const governed_tables[GOVERNED_TABLES];

typedef struct GovernanceChange
{
	const char *event;
	GovernedTable *governs;		/* NULL: no row follows from it */
	const char *subject;
	Datum		details;		/* jsonb: the whole row, but for key, seq and name */
	int64		refers_to;		/* an earlier entry; 0: none */
	text	   *name;
	text	   *reason;
} GovernanceChange;

typedef struct Governance
{
	Act			act;
	int			levels;			/* who calls needs one of them */
	Chain		chain;
	LedgerSession session;
	Receipt		receipt;
} Governance;

extern void GovernanceBegin(Governance *governance, FunctionCallInfo fcinfo, int levels, const char *what);
extern bool GovernanceLock(Governance *governance);
extern void GovernanceAppend(Governance *governance, const GovernanceChange *changes, int count);
extern Datum GovernanceEnd(Governance *governance, FunctionCallInfo fcinfo);

extern void GovernanceRestore(GovernedTable *governed, const char *subject);

extern Datum StatementDatum(Statement *statement, Datum *values, const char *nulls);

#endif
