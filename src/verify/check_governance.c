/*
 * check_governance.c
 *		Checks of the governance chain and of the tables that follow from it.
 */
#include "postgres.h"

#include "verify/check_governance.h"

#include "utils/builtins.h"

#include "base/statement.h"
#include "verify/check_heap.h"
#include "verify/parked_findings.h"

/*
 * Compares each row of a governed table, field by field, with the last entry about
 * its subject.  Format arguments: the table, and as a literal; the key column, and
 * as a literal.
 */
static const char *const find_governance_problems =
"WITH last AS ("
"  SELECT DISTINCT ON (subject) subject,"
"    details || pg_catalog.jsonb_build_object('seq', seq, 'name', name) AS expected"
"  FROM trust.entry"
"  WHERE customer = ''"
"    AND pg_catalog.starts_with(event, %2$s || '_')"
"    AND subject IS NOT NULL"
"  ORDER BY subject, seq DESC"
"), stored AS ("
"  SELECT %3$s::pg_catalog.text AS subject,"
"    pg_catalog.to_jsonb(t) - %4$s::pg_catalog.text AS fields"
"  FROM trust.%1$s t"
")"
" SELECT coalesce(last.subject, stored.subject) AS subject, NULL AS field,"
"   CASE WHEN stored.subject IS NULL"
"     THEN 'is missing, although the governance entries say that it exists'"
"   ELSE 'exists, but no governance entry says so' END AS problem"
" FROM last FULL JOIN stored ON stored.subject = last.subject"
" WHERE last.subject IS NULL OR stored.subject IS NULL"
" UNION ALL"
" SELECT subject, NULL, 'exists twice'"
" FROM stored"
" GROUP BY subject"
" HAVING pg_catalog.count(*) > 1"
" UNION ALL"
" SELECT stored.subject, f.key, 'does not match the last entry about it'"
" FROM last JOIN stored ON stored.subject = last.subject,"
"   LATERAL pg_catalog.jsonb_each(fields) AS f"
" WHERE expected ? f.key"
"   AND coalesce(f.value, 'null') IS DISTINCT FROM coalesce(expected -> f.key, 'null')"
" ORDER BY 1, 2";

/* Entries of the governance chain that no function of the extension writes. */
static Statement find_invalid_entries = STATEMENT_WITHOUT_ARGS(
	"SELECT seq, field, problem"
	" FROM trust.entry,"
	"   LATERAL (VALUES"
	"     ('event', 'is not a governance event',"
	"      event NOT IN ('ledger_created', 'ledger_set', 'ledger_adopted',"
	"        'actor_registered', 'actor_retired', 'policy_set', 'policy_dropped',"
	"        'access_granted', 'access_revoked', 'tracking_set', 'tracking_dropped',"
	"        'rebuilt', 'erased', 'changes_parked', 'changes_recorded',"
	"        'changes_replayed', 'changes_dropped')),"
	"     ('event', 'must be ledger_created in the first entry and in no other',"
	"      (event = 'ledger_created') <> (seq = 1)),"
	"     ('subject', 'is missing', subject IS NULL),"
	"     ('details', 'is missing', details IS NULL),"
	"     ('state', 'must be null in the governance chain', state IS NOT NULL)"
	"   ) AS f (field, problem, found)"
	" WHERE customer = '' AND found"
	" ORDER BY seq, field");

static Statement read_settings = STATEMENT_WITHOUT_ARGS("SELECT ledger FROM trust.ledger");

/* Leaves the result of find_governance_problems in SPI_tuptable. */
static void
ReadGovernanceProblems(const GovernedTable *governed)
{
	char	   *sql = psprintf(find_governance_problems,
							   governed->table, quote_literal_cstr(governed->table),
							   quote_identifier(governed->key), quote_literal_cstr(governed->key));

	if (SPI_execute(sql, true, 0) != SPI_OK_SELECT)
		elog(ERROR, "SPI_execute failed: %s", sql);
}

List *
SubjectsToRestore(const GovernedTable *governed)
{
	List	   *subjects = NIL;

	ReadGovernanceProblems(governed);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		char	   *subject = SPI_getvalue(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1);

		if (subject == NULL)
			RowWithoutKey(governed->table);
		/* the rows are sorted by subject */
		if (subjects == NIL || strcmp(llast(subjects), subject) != 0)
			subjects = lappend(subjects, subject);
	}
	return subjects;
}

static void
FindProblemsInTable(Findings *findings, const GovernedTable *governed)
{
	ReadGovernanceProblems(governed);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		HeapTuple	tuple = SPI_tuptable->vals[i];
		TupleDesc	tupdesc = SPI_tuptable->tupdesc;

		AddFinding(findings, &(Finding) {
			.part = governed->table, .customer = "", .subject = SPI_getvalue(tuple, tupdesc, 1),
			.field = SPI_getvalue(tuple, tupdesc, 2), .problem = SPI_getvalue(tuple, tupdesc, 3)
		});
	}
}

void
FindInvalidGovernanceEntries(Findings *findings)
{
	uint64		rows = StatementRead(&find_invalid_entries, NULL, NULL);
	SPITupleTable *entries = SPI_tuptable;

	for (uint64 i = 0; i < rows; i++)
	{
		bool		isnull;

		AddFinding(findings, &(Finding) {
			.part = "entry", .customer = "", .has_seq = true,
			.seq = DatumGetInt64(SPI_getbinval(entries->vals[i], entries->tupdesc, 1, &isnull)),
			.field = SPI_getvalue(entries->vals[i], entries->tupdesc, 2),
			.problem = SPI_getvalue(entries->vals[i], entries->tupdesc, 3)
		});
	}
}

void
FindGovernanceProblems(Findings *findings)
{
	FindInvalidGovernanceEntries(findings);
	if (StatementRead(&read_settings, NULL, NULL) != 1)
		AddFinding(findings, &(Finding) {
			.part = "ledger", .customer = "", .problem = "must have exactly one row"
		});
	for (int i = 0; i < GOVERNED_TABLES; i++)
	{
		FindProblemsInTable(findings, governed_tables[i]);
		FindUnindexedRows(findings, governed_tables[i]->table);
	}
	FindParkedProblems(findings);
	FindUnindexedRows(findings, "parked_change");
}
