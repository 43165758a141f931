/*
 * check_guards.c
 *		Checks of the guards and of the ledger's tables.
 */
#include "postgres.h"

#include "verify/check_guards.h"

#include "catalog/pg_type_d.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "base/statement.h"
#include "ledger/copy.h"
#include "ledger/entry.h"

/*
 * guarded: the tables and their row guards, as create_guards() makes them.  A ledger
 * of an earlier version has no trust.copy, and no guard on trust.parked_change,
 * before migrate_ledger().
 *
 * place: these tables and their partitions.  unnest(ARRAY(...)) makes the planner
 * expect few of them.
 *
 * Operators in these statements need no schema, because verify() sets its
 * search_path.
 */
#define GUARDED \
	"guarded (tab, row_guard) AS (" \
	"  VALUES ('entry', 'guard_entry'), ('chain', 'guard_chain')," \
	"    ('promise', 'guard_promise'), ('source', 'guard_source')," \
	"    ('ledger', 'guard_governed'), ('actor', 'guard_governed')," \
	"    ('policy', 'guard_governed'), ('access', 'guard_governed')," \
	"    ('tracking', 'guard_governed'), ('copy', 'guard_copy')" \
	"  UNION ALL" \
	"  SELECT 'parked_change', 'guard_parked'" \
	"  WHERE EXISTS (SELECT FROM pg_catalog.pg_attribute" \
	"                WHERE attrelid = pg_catalog.to_regclass('trust.parked_change')" \
	"                  AND attname = 'salt' AND NOT attisdropped)" \
	"), place (tab, row_guard, relid) AS (" \
	"  SELECT tab, row_guard, pg_catalog.to_regclass('trust.' || tab)" \
	"  FROM guarded" \
	"  WHERE tab <> 'copy' OR pg_catalog.to_regclass('trust.copy') IS NOT NULL" \
	"  UNION" \
	"  SELECT c.relname, row_guard, c.oid" \
	"  FROM guarded," \
	"    LATERAL pg_catalog.unnest(ARRAY(" \
	"      SELECT relid" \
	"      FROM pg_catalog.pg_partition_tree(pg_catalog.to_regclass('trust.' || tab))" \
	"    )) AS p (relid)" \
	"    JOIN pg_catalog.pg_class c ON c.oid = p.relid" \
	")"

/*
 * Guards that are missing, disabled, not ENABLE ALWAYS or replaced, and other
 * triggers and rules that can change a row before it is written.  Triggers that
 * fire after that are allowed.  type: BEFORE, ROW or STATEMENT, and the events, as
 * in pg_trigger.tgtype.
 */
static Statement find_guard_problems = STATEMENT_WITHOUT_ARGS(
	"WITH " GUARDED ","
	" guard (tab, relid, name, func, type) AS ("
	"  SELECT tab, relid, 'trust_guard', row_guard, 31 FROM place"
	"  UNION ALL"
	"  SELECT tab, relid, 'trust_guard_truncate', 'guard_truncate', 34 FROM place"
	"), found AS ("
	"  SELECT g.tab, g.name, t.tgenabled AS enabled,"
	"    t.tgtype = g.type AND t.tgqual IS NULL AND t.tgattr::text = ''"
	"    AND EXISTS (SELECT FROM pg_catalog.pg_proc p"
	"                  JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace"
	"                  JOIN pg_catalog.pg_language l ON l.oid = p.prolang"
	"                WHERE p.oid = t.tgfoid AND n.nspname = 'trust_ledger'"
	"                  AND p.proname = g.func AND p.prosrc = g.func"
	"                  AND p.probin = '$libdir/trust_ledger' AND l.lanname = 'c') AS genuine"
	"  FROM guard g"
	"    LEFT JOIN pg_catalog.pg_trigger t ON t.tgrelid = g.relid AND t.tgname = g.name"
	")"
	" SELECT tab, name,"
	"   CASE WHEN enabled IS NULL THEN 'is missing'"
	"     WHEN NOT genuine THEN 'was replaced'"
	"     WHEN enabled = 'D' THEN 'is disabled'"
	"     ELSE 'must be set to ENABLE ALWAYS' END"
	" FROM found"
	" WHERE enabled IS NULL OR enabled <> 'A' OR NOT genuine"
	" UNION ALL"
	" SELECT tab, t.tgname, 'is a trigger that can change what is written'"
	" FROM place"
	"   JOIN pg_catalog.pg_trigger t ON t.tgrelid = relid"
	" WHERE NOT t.tgisinternal AND t.tgtype & 2 <> 0"
	"   AND t.tgname NOT IN ('trust_guard', 'trust_guard_truncate')"
	" UNION ALL"
	" SELECT tab, w.rulename, 'is a rule that can change what is written'"
	" FROM place"
	"   JOIN pg_catalog.pg_rewrite w ON w.ev_class = relid"
	" ORDER BY 1, 2");

/*
 * Properties of tables that bypass the guards, lose rows in a crash, or hide rows:
 * owner, persistence, child tables, row security, publications, privileges.
 */
static Statement find_table_problems = STATEMENT_WITHOUT_ARGS(
	"WITH " GUARDED ","
	" tables AS (SELECT c.* FROM place JOIN pg_catalog.pg_class c ON c.oid = relid)"
	" SELECT relname::text, 'owner', 'is not the owner of trust.ledger'"
	" FROM tables"
	" WHERE relowner <> (SELECT l.relowner FROM tables l"
	"                    WHERE l.oid = pg_catalog.to_regclass('trust.ledger'))"
	" UNION ALL"
	" SELECT relname, 'persistence', 'is not permanent: the table is emptied after a crash'"
	" FROM tables"
	" WHERE relpersistence <> 'p'"
	" UNION ALL"
	" SELECT relname, 'inheritance', 'adds rows of a child table, which has no guards'"
	" FROM tables"
	" WHERE relkind = 'r'"
	"   AND EXISTS (SELECT FROM pg_catalog.pg_inherits i WHERE i.inhparent = tables.oid)"
	" UNION"
	" SELECT relname::text, 'row_security', 'can hide rows from users of the views'"
	" FROM pg_catalog.pg_class c"
	" WHERE relrowsecurity"
	"   AND (relnamespace = pg_catalog.to_regnamespace('trust')"
	"        OR EXISTS (SELECT FROM tables t WHERE t.oid = c.oid))"
	" UNION ALL"
	" SELECT relname, 'policy',"
	"   '\"' || p.polname || '\" can hide rows or prevent writing them'"
	" FROM tables t"
	"   JOIN pg_catalog.pg_policy p ON p.polrelid = t.oid"
	" UNION ALL"
	" SELECT relname, 'publication', '\"' || p.pubname || '\" does not publish all changes'"
	" FROM tables t"
	"   JOIN pg_catalog.pg_publication p"
	"     ON p.puballtables"
	"     OR EXISTS (SELECT FROM pg_catalog.pg_publication_rel r"
	"                WHERE r.prpubid = p.oid AND r.prrelid = t.oid)"
	"     OR EXISTS (SELECT FROM pg_catalog.pg_publication_namespace n"
	"                WHERE n.pnpubid = p.oid AND n.pnnspid = t.relnamespace)"
	" WHERE NOT (p.pubinsert AND p.pubupdate AND p.pubdelete)"
	"   OR EXISTS (SELECT FROM pg_catalog.pg_publication_rel r"
	"              WHERE r.prpubid = p.oid AND r.prrelid = t.oid"
	"                AND (r.prqual IS NOT NULL OR r.prattrs IS NOT NULL))"
	" UNION ALL"
	" SELECT DISTINCT relname, 'privileges',"
	"   CASE a.grantee WHEN 0 THEN 'PUBLIC'"
	"     ELSE pg_catalog.pg_get_userbyid(a.grantee)::text END"
	"   || ' has the privilege ' || a.privilege_type"
	" FROM tables,"
	"   LATERAL ("
	"     SELECT grantee, privilege_type"
	"     FROM pg_catalog.aclexplode(relacl)"
	"     UNION"
	"     SELECT x.grantee, x.privilege_type"
	"     FROM pg_catalog.pg_attribute t, LATERAL pg_catalog.aclexplode(t.attacl) x"
	"     WHERE t.attrelid = tables.oid"
	"   ) a"
	" WHERE a.grantee <> relowner AND a.privilege_type <> 'SELECT'"
	" ORDER BY 1, 2, 3");

/* Subscriptions to tables of a ledger that is not a copy. */
static Statement find_subscriptions = STATEMENT_WITHOUT_ARGS(
	"WITH " GUARDED
	" SELECT tab, 'subscription',"
	"   '\"' || s.subname || '\" writes to this table, although the ledger is not a copy'"
	" FROM place"
	"   JOIN pg_catalog.pg_subscription_rel r ON r.srrelid = relid"
	"   JOIN pg_catalog.pg_subscription s ON s.oid = r.srsubid"
	" ORDER BY 1, 3");

static Statement find_structure_problems = STATEMENT_WITHOUT_ARGS(
	"SELECT tab, what, problem, readable FROM trust_ledger.structure_problems()");

/*
 * Columns of trust.entry that the extension did not create, each with a query for
 * the first 100 entries that have a value in it.
 */
static Statement find_unknown_columns = STATEMENT(
	"SELECT a.attname::text,"
	"   pg_catalog.format('SELECT customer, seq"
	"      FROM trust.entry"
	"      WHERE %I IS NOT NULL"
	"      ORDER BY customer, seq"
	"      LIMIT 100', a.attname)"
	" FROM pg_catalog.pg_attribute a"
	" WHERE a.attrelid = pg_catalog.to_regclass('trust.entry')"
	"   AND a.attnum > 0 AND NOT a.attisdropped AND a.attname <> ALL ($1)"
	" ORDER BY 1",
	TEXTARRAYOID);

/* For a statement that returns (table, trigger or rule or property, problem). */
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

void
FindUnknownColumns(Findings *findings)
{
	Datum		names[ENTRY_COLUMNS];
	Datum		known;
	SPITupleTable *unknown;
	uint64		columns;

	for (int i = 0; i < ENTRY_COLUMNS; i++)
		names[i] = CStringGetTextDatum(entry_shape.columns[i].name);
	known = PointerGetDatum(construct_array(names, ENTRY_COLUMNS, TEXTOID, -1, false,
											TYPALIGN_INT));
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
				.seq = DatumGetInt64(ResultNotNull(k, 2, INT8OID)),
				.field = SPI_getvalue(unknown->vals[i], unknown->tupdesc, 1),
				.problem = "is not a column of the entry's format"
			});
	}
}

bool
FindStructureProblems(Findings *findings)
{
	uint64		rows = StatementRead(&find_structure_problems, NULL, NULL);
	bool		readable = true;

	for (uint64 i = 0; i < rows; i++)
	{
		AddFinding(findings, &(Finding) {
			.part = "table", .subject = ResultText(i, 1), .field = ResultText(i, 2),
			.problem = ResultText(i, 3)
		});
		readable = readable && DatumGetBool(ResultNotNull(i, 4, BOOLOID));
	}
	return readable;
}

void
FindGuardProblems(Findings *findings)
{
	AddTableFindings(findings, &find_guard_problems);
	AddTableFindings(findings, &find_table_problems);
	if (LedgerCopyKind() != COPY_ALL)
		AddTableFindings(findings, &find_subscriptions);
}
