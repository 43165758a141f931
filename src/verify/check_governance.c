/*
 * check_governance.c
 *		Governed tables against the governance entries.
 */
#include "postgres.h"

#include "verify/check_governance.h"

#include "utils/builtins.h"

#include "base/statement.h"
#include "verify/check_heap.h"
#include "verify/parked_findings.h"

/*
 * Each governed row, field by field, against the last entry about its subject.
 * Table, table as a literal, key, key as a literal.
 */
static const char *const find_governance_problems =
"WITH last AS ("
"  SELECT DISTINCT ON (subject) subject, details ||"
"    pg_catalog.jsonb_build_object('seq', seq, 'name', name) AS said"
"  FROM trust.entry WHERE customer = ''"
"    AND pg_catalog.starts_with(event, %2$s || '_') AND subject IS NOT NULL"
"  ORDER BY subject, seq DESC),"
" stored AS (SELECT %3$s::pg_catalog.text AS subject,"
"    pg_catalog.to_jsonb(t) - %4$s::pg_catalog.text AS held FROM trust.%1$s t)"
" SELECT coalesce(last.subject, stored.subject) AS subject, NULL AS field,"
"   CASE WHEN stored.subject IS NULL THEN 'is missing, and the entries say that it is there'"
"   ELSE 'is there, and no entry says so' END AS problem"
" FROM last FULL JOIN stored ON stored.subject = last.subject"
" WHERE last.subject IS NULL OR stored.subject IS NULL"
" UNION ALL"
" SELECT subject, NULL, 'is there twice' FROM stored GROUP BY subject HAVING pg_catalog.count(*) > 1"
" UNION ALL"
" SELECT stored.subject, f.key, 'is not what the last entry about it says'"
" FROM last JOIN stored ON stored.subject = last.subject,"
"   LATERAL pg_catalog.jsonb_each(held) AS f"
" WHERE said ? f.key AND coalesce(f.value, 'null') IS DISTINCT FROM coalesce(said -> f.key, 'null')"
" ORDER BY 1, 2";

/* Entries of the governance chain that governance never writes; the first names the ledger. */
static Statement find_ungoverned = STATEMENT_WITHOUT_ARGS(
	"SELECT seq, field, problem FROM trust.entry, LATERAL (VALUES"
	"   ('event', 'is not an event of governance', event NOT IN ('ledger_created', 'ledger_set', 'ledger_adopted', 'actor_registered',"
	"     'actor_retired', 'policy_set', 'policy_dropped', 'access_granted', 'access_revoked',"
	"     'tracking_set', 'tracking_dropped', 'rebuilt', 'erased',"
	"     'changes_parked', 'changes_recorded', 'changes_replayed', 'changes_dropped')),"
	"   ('event', 'is not how a ledger begins', (event = 'ledger_created') <> (seq = 1)),"
	"   ('subject', 'is missing', subject IS NULL), ('details', 'is missing', details IS NULL),"
	"   ('state', 'does not belong into governance', state IS NOT NULL)) AS f (field, problem, found)"
	" WHERE customer = '' AND found ORDER BY seq, field");

static Statement read_settings = STATEMENT_WITHOUT_ARGS("SELECT ledger FROM trust.ledger");

/* Rows of subject, field, problem: where the table is not what governance says. */
static void
ReadGovernanceProblems(const GovernedTable *governed)
{
	char	   *sql = psprintf(find_governance_problems, governed->table, quote_literal_cstr(governed->table),
							   quote_identifier(governed->key), quote_literal_cstr(governed->key));

	if (SPI_execute(sql, true, 0) != SPI_OK_SELECT)
		elog(ERROR, "SPI_execute failed: %s", sql);
}

/* Subjects, each once, whose row is missing, or is not what the last entry about it says. */
List *
GovernedSubjectsAmiss(const GovernedTable *governed)
{
	List	   *subjects = NIL;

	ReadGovernanceProblems(governed);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		char	   *subject = SPI_getvalue(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1);

		if (subject == NULL)
			RowWithoutKey(governed->table);
		/* they come sorted */
		if (subjects == NIL || strcmp(llast(subjects), subject) != 0)
			subjects = lappend(subjects, subject);
	}
	return subjects;
}

static void
FindProblemsOf(Findings *findings, const GovernedTable *governed)
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

/* Entries of the governance chain that governance never writes. */
void
FindUngoverned(Findings *findings)
{
	uint64		rows = StatementRead(&find_ungoverned, NULL, NULL);
	SPITupleTable *ungoverned = SPI_tuptable;

	for (uint64 i = 0; i < rows; i++)
	{
		bool		isnull;

		AddFinding(findings, &(Finding) {
			.part = "entry", .customer = "", .has_seq = true,
			.seq = DatumGetInt64(SPI_getbinval(ungoverned->vals[i], ungoverned->tupdesc, 1, &isnull)),
			.field = SPI_getvalue(ungoverned->vals[i], ungoverned->tupdesc, 2),
			.problem = SPI_getvalue(ungoverned->vals[i], ungoverned->tupdesc, 3)
		});
	}
}

/* Actors, policies, access, settings, what is tracked and what is parked against the governance entries. */
void
FindGovernanceProblems(Findings *findings)
{
	FindUngoverned(findings);
	if (StatementRead(&read_settings, NULL, NULL) != 1)
		AddFinding(findings, &(Finding) {
			.part = "ledger", .customer = "", .problem = "is not one row: there is one ledger"
		});
	for (int i = 0; i < GOVERNED_TABLES; i++)
	{
		FindProblemsOf(findings, governed_tables[i]);
		FindUnindexed(findings, governed_tables[i]->table);
	}
	FindParkedProblems(findings);
	FindUnindexed(findings, "parked_change");
}
