/*
 * findings.c
 *		What verify() finds: rows of its result, guards and governance.
 */
#include "postgres.h"

#include "verify/findings.h"

#include "catalog/pg_type_d.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "base/statement.h"
#include "ledger/copy.h"
#include "tracking/parked_trace.h"
#include "verify/check_heap.h"
#include "verify/parked_findings.h"

/* The tables and their guards, as create_guards() puts them in place; place: the table, and each partition that it has. */
#define GUARDED \
	"guarded (tab, row_guard) AS (VALUES ('entry', 'guard_entry'), ('chain', 'guard_chain')," \
	" ('promise', 'guard_promise'), ('source', 'guard_source'), ('ledger', 'guard_governed'), ('actor', 'guard_governed')," \
	" ('policy', 'guard_governed'), ('access', 'guard_governed'), ('tracking', 'guard_governed'), ('copy', 'guard_copy')" \
	"   UNION ALL SELECT 'parked_change', 'guard_parked' WHERE EXISTS (SELECT FROM pg_catalog.pg_attribute" /* migrated */ \
	"     WHERE attrelid = pg_catalog.to_regclass('trust.parked_change') AND attname = 'salt' AND NOT attisdropped))," \
	" place (tab, row_guard, relid) AS (SELECT tab, row_guard, pg_catalog.to_regclass('trust.' || tab) FROM guarded" \
	"   WHERE tab <> 'copy' OR pg_catalog.to_regclass('trust.copy') IS NOT NULL" /* ledgers of before migrate_ledger() have none */ \
	"  UNION SELECT c.relname, row_guard, c.oid FROM guarded, LATERAL pg_catalog.unnest(ARRAY(" /* of an array the planner expects few */ \
	"   SELECT relid FROM pg_catalog.pg_partition_tree(pg_catalog.to_regclass('trust.' || tab)))) AS p (relid) JOIN pg_catalog.pg_class c ON c.oid = p.relid)"

/*
 * Guards that are missing, disabled, not ALWAYS or not ours; and what could
 * change a row on its way in.  A trigger that fires after is none of our concern.
 * Operators stand bare here: verify() has its search_path pinned.
 */
static Statement find_guard_problems = STATEMENT_WITHOUT_ARGS(
	"WITH " GUARDED ","
	" guard (tab, relid, name, func, type) AS ("	/* type: BEFORE, ROW and events, as pg_trigger.tgtype has them */
	"  SELECT tab, relid, 'trust_guard', row_guard, 31 FROM place"
	"  UNION ALL SELECT tab, relid, 'trust_guard_truncate', 'guard_truncate', 34 FROM place),"
	" found AS ("
	"  SELECT g.tab, g.name, t.tgenabled AS enabled, t.tgtype = g.type AND t.tgqual IS NULL AND t.tgattr::text = ''"
	"     AND EXISTS (SELECT FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace"
	"                 WHERE p.oid = t.tgfoid AND n.nspname = 'trust_ledger' AND p.proname = g.func AND p.prosrc = g.func AND p.probin = '$libdir/trust_ledger'"
	"                   AND p.prolang = (SELECT l.oid FROM pg_catalog.pg_language l WHERE l.lanname = 'c')) AS genuine"
	"  FROM guard g LEFT JOIN pg_catalog.pg_trigger t ON t.tgrelid = g.relid AND t.tgname = g.name)"
	" SELECT tab, name, CASE WHEN enabled IS NULL THEN 'is missing' WHEN NOT genuine THEN 'is not the guard that it was'"
	"   WHEN enabled = 'D' THEN 'is disabled' ELSE 'is not enabled ALWAYS' END"
	" FROM found WHERE enabled IS NULL OR enabled <> 'A' OR NOT genuine"
	" UNION ALL"
	" SELECT tab, t.tgname, 'is a trigger that may change what is written'"
	" FROM place JOIN pg_catalog.pg_trigger t ON t.tgrelid = relid"
	" WHERE NOT t.tgisinternal AND t.tgtype & 2 <> 0 AND t.tgname NOT IN ('trust_guard', 'trust_guard_truncate')"
	" UNION ALL"
	" SELECT tab, w.rulename, 'is a rule that may change what is written'"
	" FROM place JOIN pg_catalog.pg_rewrite w ON w.ev_class = relid"
	" ORDER BY 1, 2");

/*
 * What lets somebody past the guards, or rows past the disk or out of sight:
 * owners, rights, persistence, children, policies, replication.
 */
static Statement find_table_problems = STATEMENT_WITHOUT_ARGS(
	"WITH " GUARDED ", tables AS (SELECT c.* FROM place JOIN pg_catalog.pg_class c ON c.oid = relid)"
	" SELECT relname::text, 'owner', 'is not the owner of trust.ledger' FROM tables"
	"   WHERE relowner <> (SELECT l.relowner FROM tables l WHERE l.oid = pg_catalog.to_regclass('trust.ledger'))"
	" UNION ALL SELECT relname, 'persistence', 'is such that a crash empties the table' FROM tables WHERE relpersistence <> 'p'"
	" UNION ALL SELECT relname, 'inheritance', 'lets rows of another table show up here, past the guards' FROM tables"
	"   WHERE relkind = 'r' AND EXISTS (SELECT FROM pg_catalog.pg_inherits i WHERE i.inhparent = tables.oid)"
	" UNION SELECT relname::text, 'row_security', 'may hide rows from who reads the views' FROM pg_catalog.pg_class c"
	"   WHERE relrowsecurity AND (relnamespace = pg_catalog.to_regnamespace('trust') OR EXISTS (SELECT FROM tables t WHERE t.oid = c.oid))"
	" UNION ALL SELECT relname, 'policy', '\"' || p.polname || '\" may hide rows, or keep them from being written'"
	"   FROM tables t JOIN pg_catalog.pg_policy p ON p.polrelid = t.oid"
	" UNION ALL SELECT relname, 'publication', '\"' || p.pubname || '\" does not pass on all that is written'"
	"   FROM tables t JOIN pg_catalog.pg_publication p ON p.puballtables"
	"     OR EXISTS (SELECT FROM pg_catalog.pg_publication_rel r WHERE r.prpubid = p.oid AND r.prrelid = t.oid)"
	"     OR EXISTS (SELECT FROM pg_catalog.pg_publication_namespace n WHERE n.pnpubid = p.oid AND n.pnnspid = t.relnamespace)"
	"   WHERE NOT (p.pubinsert AND p.pubupdate AND p.pubdelete) OR EXISTS (SELECT FROM pg_catalog.pg_publication_rel r"
	"     WHERE r.prpubid = p.oid AND r.prrelid = t.oid AND (r.prqual IS NOT NULL OR r.prattrs IS NOT NULL))"
	" UNION ALL SELECT DISTINCT relname, 'privileges', CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.pg_get_userbyid(a.grantee)::text END"
	"   || ' has the right to ' || a.privilege_type"
	"   FROM tables, LATERAL (SELECT * FROM pg_catalog.aclexplode(relacl) UNION SELECT x.* FROM pg_catalog.pg_attribute t,"
	"     LATERAL pg_catalog.aclexplode(t.attacl) x WHERE t.attrelid = tables.oid) a WHERE a.grantee <> relowner AND a.privilege_type <> 'SELECT'"
	" ORDER BY 1, 2, 3");

/* What subscriptions write to.  A copy is there for that. */
static Statement find_subscriptions = STATEMENT_WITHOUT_ARGS(
	"WITH " GUARDED
	" SELECT tab, 'subscription', '\"' || s.subname || '\" writes here what was written elsewhere'"
	" FROM place JOIN pg_catalog.pg_subscription_rel r ON r.srrelid = relid JOIN pg_catalog.pg_subscription s ON s.oid = r.srsubid"
	" ORDER BY 1, 3");

/* Tables, columns, constraints and indexes that are not as they were made. */
static Statement find_structure_problems = STATEMENT_WITHOUT_ARGS(
	"SELECT tab, what, problem, readable FROM trust_ledger.structure_problems()");

/* Columns of entries that this format does not know: as text, and the entries in which they say something. */
static Statement find_unknown_columns = STATEMENT(
	"SELECT a.attname::text, pg_catalog.format('SELECT customer, seq FROM trust.entry WHERE %I IS NOT NULL"
	"   ORDER BY customer, seq LIMIT 100', a.attname)"
	" FROM pg_catalog.pg_attribute a WHERE a.attrelid = pg_catalog.to_regclass('trust.entry') AND a.attnum > 0"
	"   AND NOT a.attisdropped AND a.attname <> ALL ($1) ORDER BY 1",
	TEXTARRAYOID);

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

/* In memory that outlives the row at hand. */
static char *
InWords(const Finding *finding)
{
	MemoryContext previous = MemoryContextSwitchTo(CurTransactionContext);
	char	   *words = psprintf("%s%s%s %s.", finding->part,
								 finding->has_seq ? psprintf(" " INT64_FORMAT, finding->seq) : "",
								 finding->field ? psprintf(", %s", finding->field) : "", finding->problem);

	MemoryContextSwitchTo(previous);
	return words;
}

void
AddFinding(Findings *findings, const Finding *finding)
{
	const char *texts[] = {finding->part, finding->customer, NULL, NULL, finding->subject, finding->field, finding->problem};
	Datum		values[lengthof(texts)] = {0};
	bool		nulls[lengthof(texts)];

	if (findings->count++ == 0)
		findings->first = InWords(finding);
	if (findings->store == NULL)
		return;
	for (size_t i = 0; i < lengthof(texts); i++)
	{
		nulls[i] = texts[i] == NULL;
		if (texts[i])
			values[i] = CStringGetTextDatum(texts[i]);
	}
	nulls[2] = !finding->has_seq;
	values[2] = Int64GetDatum(finding->seq);
	nulls[3] = finding->promise == NULL;
	values[3] = UUIDPGetDatum(finding->promise);
	tuplestore_putvalues(findings->store, findings->tupdesc, values, nulls);
}

/* A statement's rows of (table, trigger, rule or property, problem). */
static void
AddTableFindings(Findings *findings, Statement *statement)
{
	uint64		rows = StatementRead(statement, NULL, NULL);

	for (uint64 i = 0; i < rows; i++)
	{
		HeapTuple	tuple = SPI_tuptable->vals[i];
		TupleDesc	tupdesc = SPI_tuptable->tupdesc;

		AddFinding(findings, &(Finding) {
			.part = "guard", .subject = SPI_getvalue(tuple, tupdesc, 1),
			.field = SPI_getvalue(tuple, tupdesc, 2), .problem = SPI_getvalue(tuple, tupdesc, 3)
		});
	}
}

/* Columns that somebody added stay NULL: what they say is said by no entry. */
void
FindUnknownColumns(Findings *findings)
{
	Datum		names[ENTRY_COLUMNS];
	Datum		known;
	SPITupleTable *unknown;
	uint64		columns;

	for (int i = 0; i < ENTRY_COLUMNS; i++)
		names[i] = CStringGetTextDatum(entry_shape.columns[i].name);
	known = PointerGetDatum(construct_array(names, ENTRY_COLUMNS, TEXTOID, -1, false, TYPALIGN_INT));
	columns = StatementRead(&find_unknown_columns, &known, NULL);
	unknown = SPI_tuptable;
	for (uint64 i = 0; i < columns; i++)
	{
		char	   *sql = SPI_getvalue(unknown->vals[i], unknown->tupdesc, 2);

		if (SPI_execute(sql, true, 0) != SPI_OK_SELECT)
			elog(ERROR, "SPI_execute failed: %s", sql);
		for (uint64 k = 0; k < SPI_processed; k++)
			AddFinding(findings, &(Finding) {
				.part = "entry", .customer = ResultText(k, 1), .has_seq = true,
				.seq = DatumGetInt64(ResultNeeded(k, 2, INT8OID)),
				.field = SPI_getvalue(unknown->vals[i], unknown->tupdesc, 1),
				.problem = "is a column that the entry's format does not have"
			});
	}
}

/* False where the tables are such that nothing can be read of them. */
bool
FindStructureProblems(Findings *findings)
{
	uint64		rows = StatementRead(&find_structure_problems, NULL, NULL);
	bool		readable = true;

	for (uint64 i = 0; i < rows; i++)
	{
		AddFinding(findings, &(Finding) {
			.part = "table", .subject = ResultText(i, 1), .field = ResultText(i, 2), .problem = ResultText(i, 3)
		});
		readable = readable && DatumGetBool(ResultNeeded(i, 4, BOOLOID));
	}
	return readable;
}

/* Guards, and what lets somebody past them. */
void
FindGuardProblems(Findings *findings)
{
	AddTableFindings(findings, &find_guard_problems);
	AddTableFindings(findings, &find_table_problems);
	if (LedgerCopied() != COPIED_ALL)
		AddTableFindings(findings, &find_subscriptions);
}

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
