/*
 * installed.c
 *		Checks of the installed functions, types, operators and views.
 *
 * Functions, aggregates, operators, types, casts, operator classes and the event
 * trigger are compared with digests that are compiled in (shipped.h).  After that,
 * the function ledger_views() can be trusted to return the original text of the
 * views.  This cannot detect a replaced library.
 */
#include "postgres.h"

#include "verify/installed.h"

#include "access/xact.h"
#include "catalog/pg_class.h"
#include "nodes/parsenodes.h"
#include "parser/analyze.h"
#include "parser/parser.h"
#include "utils/builtins.h"
#include "utils/ruleutils.h"

#include "base/row.h"
#include "base/savepoint.h"
#include "base/statement.h"
#include "ledger/ledger.h"
#include "verify/shipped.h"

static Statement read_version = STATEMENT_WITHOUT_ARGS(
	"SELECT extversion"
	" FROM pg_catalog.pg_extension"
	" WHERE extname OPERATOR(pg_catalog.=) 'trust_ledger'");

/*
 * All objects in schema trust_ledger, and casts and operator classes of our types,
 * whoever created them.  Owners, privileges, costs and row estimates can differ.
 * Operators and functions need no schema, because verify() sets its search_path.
 */
static Statement find_objects = STATEMENT_WITHOUT_ARGS(
	"SELECT object,"
	"   pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(definition, 'UTF8')), 'hex')"
	"     AS digest"
	" FROM ("
	"   SELECT 'function ' || p.oid::regprocedure AS object,"
	"     ROW(p.prokind, pg_get_function_arguments(p.oid), format_type(p.prorettype, NULL),"
	"       p.proretset, l.lanname, p.provolatile, p.proparallel, p.proisstrict, p.prosecdef,"
	"       p.proleakproof, p.provariadic, p.prosupport, p.proconfig, coalesce(p.probin, '-'),"
	"       p.prosrc, pg_get_function_sqlbody(p.oid))::text AS definition"
	"   FROM pg_proc p"
	"     JOIN pg_language l ON l.oid = p.prolang"
	"   WHERE p.pronamespace = to_regnamespace('trust_ledger')"
	"   UNION ALL"
	"   SELECT 'aggregate ' || a.aggfnoid::regprocedure,"
	"     ROW(a.aggkind, a.aggtransfn, a.aggfinalfn, a.aggcombinefn, a.aggserialfn,"
	"       a.aggdeserialfn, a.aggmtransfn, a.aggminvtransfn, a.aggmfinalfn, a.aggsortop,"
	"       a.aggtranstype::regtype, a.agginitval)::text"
	"   FROM pg_aggregate a"
	"     JOIN pg_proc p ON p.oid = a.aggfnoid"
	"   WHERE p.pronamespace = to_regnamespace('trust_ledger')"
	"   UNION ALL"
	"   SELECT 'operator ' || o.oid::regoperator,"
	"     ROW(o.oprkind, o.oprcanmerge, o.oprcanhash, o.oprresult::regtype,"
	"       o.oprcom::regoperator, o.oprnegate::regoperator, o.oprcode, o.oprrest,"
	"       o.oprjoin)::text"
	"   FROM pg_operator o"
	"   WHERE o.oprnamespace = to_regnamespace('trust_ledger')"
	"   UNION ALL"
	"   SELECT 'type ' || t.oid::regtype,"
	"     ROW(t.typlen, t.typbyval, t.typtype, t.typcategory, t.typispreferred, t.typdelim,"
	"       t.typinput, t.typoutput, t.typreceive, t.typsend, t.typmodin, t.typalign,"
	"       t.typstorage, t.typnotnull, t.typdefault,"
	"       (SELECT string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod), ', '"
	"                          ORDER BY a.attnum)"
	"        FROM pg_attribute a"
	"        WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped))::text"
	"   FROM pg_type t"
	"   WHERE t.typnamespace = to_regnamespace('trust_ledger') AND t.typelem = 0"
	"   UNION ALL"
	"   SELECT format('cast from %s to %s', c.castsource::regtype, c.casttarget::regtype),"
	"     ROW(c.castfunc::regprocedure, c.castcontext, c.castmethod)::text"
	"   FROM pg_cast c"
	"   WHERE EXISTS (SELECT FROM pg_type t"
	"                 WHERE t.oid IN (c.castsource, c.casttarget)"
	"                   AND t.typnamespace = to_regnamespace('trust_ledger'))"
	"   UNION ALL"
	"   SELECT format('operator class %s using %s', c.opcname, m.amname),"
	"     ROW(c.opcintype::regtype, c.opckeytype, c.opcdefault,"
	"       (SELECT string_agg(concat_ws(' ', o.amopstrategy, o.amopopr::regoperator,"
	"                                    o.amoppurpose), ', '"
	"                          ORDER BY o.amopstrategy, o.amopopr::regoperator::text)"
	"        FROM pg_amop o"
	"        WHERE o.amopfamily = c.opcfamily),"
	"       (SELECT string_agg(concat_ws(' ', f.amprocnum, f.amproc), ', '"
	"                          ORDER BY f.amprocnum, f.amproc::text)"
	"        FROM pg_amproc f"
	"        WHERE f.amprocfamily = c.opcfamily))::text"
	"   FROM pg_opclass c"
	"     JOIN pg_am m ON m.oid = c.opcmethod"
	"     JOIN pg_type t ON t.oid = c.opcintype"
	"   WHERE t.typnamespace = to_regnamespace('trust_ledger')"
	"   UNION ALL"
	"   SELECT 'event trigger ' || e.evtname,"
	"     ROW(e.evtevent, e.evtenabled, e.evttags, e.evtfoid::regprocedure)::text"
	"   FROM pg_event_trigger e"
	"   WHERE e.evtname IN ('trust_ledger_follow', 'trust_ledger_column_drop')"
	" ) AS made (object, definition)"
	" ORDER BY object COLLATE \"C\"");

static Statement read_views = STATEMENT_WITHOUT_ARGS(
	"SELECT v.name, v.definition, c.relkind, c.relowner = l.relowner,"
	"   EXISTS (SELECT FROM unnest(c.reloptions) AS o"
	"           WHERE o ~* '^security_barrier=(t|true|y|yes|on|1)$')"
	"   AND NOT EXISTS (SELECT FROM unnest(c.reloptions) AS o"
	"                   WHERE o ~ '^security_invoker='"
	"                     AND o !~* '=(f|false|n|no|of|off|0)$'),"
	"   EXISTS (SELECT FROM pg_rewrite w WHERE w.ev_class = c.oid AND w.rulename <> '_RETURN')"
	"   OR EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid),"
	"   CASE c.relkind WHEN 'v' THEN pg_get_viewdef(c.oid) END"
	" FROM trust_ledger.ledger_views() v"
	"   LEFT JOIN pg_class c ON c.relname = v.name AND c.relnamespace = to_regnamespace('trust')"
	"   LEFT JOIN pg_class l ON l.oid = to_regclass('trust.ledger')"
	" ORDER BY v.name");

/* Columns of read_views */
enum
{
	VIEW_NAME = 1,
	VIEW_ORIGINAL,
	VIEW_RELKIND,
	VIEW_HAS_OWNER,
	VIEW_HAS_OPTIONS,
	VIEW_HAS_RULES,
	VIEW_INSTALLED
};

static void
ObjectFinding(Findings *findings, const char *object, const char *problem)
{
	AddFinding(findings, &(Finding) {
		.part = "extension", .subject = object, .problem = problem
	});
}

/* A merge join: both lists are in C collation order. */
static void
CompareObjects(Findings *findings)
{
	uint64		count = StatementRead(&find_objects, NULL, NULL);
	uint64		row = 0;
	size_t		shipped = 0;

	while (row < count || shipped < lengthof(shipped_objects))
	{
		const char *found = row < count ? ResultTextNotNull(row, 1) : NULL;
		int			order = found == NULL ? 1 : shipped == lengthof(shipped_objects) ? -1 :
			strcmp(found, shipped_objects[shipped].name);

		if (order < 0)
			ObjectFinding(findings, found, "does not belong to this version of the extension");
		else if (order > 0)
			ObjectFinding(findings, shipped_objects[shipped].name, "is missing");
		else if (strcmp(ResultTextNotNull(row, 2), shipped_objects[shipped].digest) != 0)
			ObjectFinding(findings, found, "differs from this version of the extension");
		row += order <= 0;
		shipped += order >= 0;
	}
}

/* False if the new library is installed, but ALTER EXTENSION UPDATE has not been run. */
static bool
IsThisVersion(Findings *findings)
{
	const char *version = StatementRead(&read_version, NULL, NULL) == 1 ?
		ResultTextNotNull(0, 1) : "none";

	if (strcmp(version, TRUST_LEDGER_VERSION) == 0)
		return true;
	ObjectFinding(findings, "version",
				  psprintf("is %s, but the library is version %s:"
						   " run ALTER EXTENSION trust_ledger UPDATE",
						   version, TRUST_LEDGER_VERSION));
	return false;
}

/* A query's text, and the text that PostgreSQL gives back for it */
typedef struct Deparsing
{
	const char *text;
	char	   *deparsed;
} Deparsing;

static void
Deparse(void *arg)
{
	Deparsing  *deparsing = arg;
	List	   *parsed = raw_parser(deparsing->text, RAW_PARSE_DEFAULT);
	Query	   *query;

	if (list_length(parsed) != 1)
		ereport(ERROR,
				(errcode(ERRCODE_SYNTAX_ERROR),
				 errmsg("text must contain exactly one query")));
	query = parse_analyze_fixedparams(linitial_node(RawStmt, parsed), deparsing->text,
									  NULL, 0, NULL);
	deparsing->deparsed = pg_get_querydef(query, false);
}

/* Each dump and restore deparses a view once more.  The text is stable after a few rounds. */
#define MAX_DEPARSE_ROUNDS 10

/* Whether both texts become the same when PostgreSQL deparses them repeatedly. */
static bool
SameQuery(const char *original, const char *installed)
{
	Deparsing	ours = {.text = original};
	Deparsing	theirs = {.text = installed};

	for (int i = 0; i < MAX_DEPARSE_ROUNDS; i++)
	{
		Deparse(&ours);
		if (strcmp(ours.deparsed, installed) == 0)
			return true;
		if (strcmp(ours.deparsed, ours.text) == 0)
			break;
		ours.text = ours.deparsed;
	}
	/* the installed text may come from another version of PostgreSQL */
	for (int i = 0; i < MAX_DEPARSE_ROUNDS; i++)
	{
		Deparse(&theirs);
		if (strcmp(theirs.deparsed, ours.text) == 0)
			return true;
		if (strcmp(theirs.deparsed, theirs.text) == 0)
			break;
		theirs.text = theirs.deparsed;
	}
	return false;
}

typedef struct Comparison
{
	const char *original;
	const char *installed;
	bool		same;
} Comparison;

static void
CompareQueries(void *arg)
{
	Comparison *comparison = arg;

	comparison->same = SameQuery(comparison->original, comparison->installed);
}

/* False also if a text cannot be parsed, e.g. because a relation is missing. */
static bool
ViewMatches(const char *original, char *installed)
{
	Comparison	comparison = {.original = original, .installed = installed};
	ErrorData  *error = NULL;
	size_t		length = strlen(installed);

	if (length > 0 && installed[length - 1] == ';')
		installed[length - 1] = '\0';
	if (IsInParallelMode())		/* subtransactions are not allowed */
		CompareQueries(&comparison);
	else
		error = RunInSavepoint(CompareQueries, &comparison, false);
	if (error && !IsStepError(error))
		ReThrowError(error);
	return error == NULL && comparison.same;
}

static bool
ResultTrue(uint64 row, int column)
{
	bool		isnull;
	Datum		value = ResultValue(row, column, BOOLOID, &isnull);

	return !isnull && DatumGetBool(value);
}

/* What is wrong with the view, except its text; or NULL. */
static const char *
ViewProblem(uint64 row)
{
	bool		isnull;
	Datum		relkind = ResultValue(row, VIEW_RELKIND, CHAROID, &isnull);

	if (isnull)
		return "is missing: run trust_ledger.migrate_ledger()";
	if (DatumGetChar(relkind) != RELKIND_VIEW)
		return "is not a view";
	if (!ResultTrue(row, VIEW_HAS_OWNER))
		return "is not owned by the owner of trust.ledger";
	if (!ResultTrue(row, VIEW_HAS_OPTIONS))
		return "must have the option security_barrier and must not have security_invoker";
	if (ResultTrue(row, VIEW_HAS_RULES))
		return "has a rule or a trigger";
	return NULL;
}

static void
CheckViews(Findings *findings)
{
	uint64		count = StatementRead(&read_views, NULL, NULL);
	SPITupleTable *views = SPI_tuptable;

	for (uint64 row = 0; row < count; row++)
	{
		const char *problem;

		SPI_tuptable = views;
		problem = ViewProblem(row);
		if (problem == NULL && !ViewMatches(ResultTextNotNull(row, VIEW_ORIGINAL),
											ResultTextNotNull(row, VIEW_INSTALLED)))
			problem = "differs from this version of the extension:"
				" run trust_ledger.migrate_ledger()";
		SPI_tuptable = views;
		if (problem)
			AddFinding(findings, &(Finding) {
				.part = "view", .subject = ResultTextNotNull(row, VIEW_NAME), .problem = problem
			});
	}
}

bool
FindInstalledProblems(Findings *findings)
{
	if (!IsThisVersion(findings))
		return false;
	CompareObjects(findings);
	CheckViews(findings);
	return true;
}
