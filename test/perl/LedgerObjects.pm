# Everything that an installation consists of, object by object, to compare two of them.
#
#	objects($node, $db)          the extension's own objects and the ledger's, a line for each
#	                             property of each
#	differences($these, $those)  the lines that only one of them has, "-" of these, "+" of those;
#	                             cut to be read
#
# Without OIDs, column numbers, and what a rewrite changes.
package LedgerObjects;

use strict;
use warnings;

use Exporter 'import';

our @EXPORT = qw(objects differences);

# Every row is an object: what it is, what it is called, its properties. What is of a reg... type is
# a name in JSON.
my $objects = <<'SQL';
SET search_path = pg_catalog, pg_temp;
SET quote_all_identifiers = off;
WITH space AS (SELECT n.* FROM pg_namespace n WHERE nspname IN ('trust', 'trust_ledger')),
extension AS (SELECT * FROM pg_extension WHERE extname = 'trust_ledger'),
member AS (SELECT classid, objid FROM pg_depend WHERE refclassid = 'pg_extension'::regclass
	AND refobjid = (SELECT oid FROM extension) AND deptype = 'e'),
relation AS (SELECT c.* FROM pg_class c JOIN space s ON s.oid = c.relnamespace),
described AS (
	SELECT 'pg_namespace'::regclass AS class, oid, 0 AS sub FROM space
	UNION ALL SELECT 'pg_extension'::regclass, oid, 0 FROM extension
	UNION ALL SELECT 'pg_class'::regclass, oid, 0 FROM relation
	UNION ALL SELECT 'pg_class'::regclass, attrelid, attnum FROM pg_attribute
		JOIN relation r ON r.oid = attrelid WHERE attnum > 0 AND NOT attisdropped
	UNION ALL SELECT 'pg_constraint'::regclass, k.oid, 0 FROM pg_constraint k
		JOIN space s ON s.oid = connamespace
	UNION ALL SELECT 'pg_trigger'::regclass, t.oid, 0 FROM pg_trigger t
		JOIN relation r ON r.oid = tgrelid
	UNION ALL SELECT 'pg_rewrite'::regclass, w.oid, 0 FROM pg_rewrite w
		JOIN relation r ON r.oid = ev_class
	UNION ALL SELECT 'pg_proc'::regclass, p.oid, 0 FROM pg_proc p
		JOIN space s ON s.oid = pronamespace
	UNION ALL SELECT 'pg_type'::regclass, t.oid, 0 FROM pg_type t
		JOIN space s ON s.oid = typnamespace
	UNION ALL SELECT 'pg_operator'::regclass, o.oid, 0 FROM pg_operator o
		JOIN space s ON s.oid = oprnamespace
	UNION SELECT classid::regclass, objid, 0 FROM member),
object (kind, name, has) AS (
	SELECT type, identity, jsonb_build_object(
		'comment', (SELECT description FROM pg_description WHERE classoid = class AND objoid = oid
			AND objsubid = sub),
		'member', EXISTS (SELECT FROM member m WHERE m.classid = class AND m.objid = oid
			AND sub = 0),
		'first rights', (SELECT array(SELECT a::text FROM unnest(initprivs) a ORDER BY 1)
			FROM pg_init_privs WHERE classoid = class AND objoid = oid AND objsubid = sub),
		'labels', (SELECT count(*) FROM pg_seclabel WHERE classoid = class AND objoid = oid
			AND objsubid = sub))
	FROM described, LATERAL pg_identify_object(class, oid, sub)
	UNION ALL
	SELECT 'schema', nspname, jsonb_build_object('owner', nspowner::regrole, 'rights',
		array(SELECT a::text FROM unnest(nspacl) a ORDER BY 1)) FROM space
	UNION ALL
	SELECT 'extension', extname, to_jsonb(e) - '{oid,extowner,extnamespace,extconfig}'::text[]
		|| jsonb_build_object('owner', extowner::regrole,
		'schema', extnamespace::regnamespace, 'config', extconfig::regclass[]) FROM extension e
	UNION ALL
	SELECT 'relation', oid::regclass::text,
		to_jsonb(c) -
		'{oid,relnamespace,reltype,reloftype,relowner,relam,relfilenode,reltablespace,relpages,'
		'reltuples,relallvisible,relallfrozen,reltoastrelid,relnatts,relrewrite,relfrozenxid,'
		'relminmxid,relacl}'::text[]
		|| jsonb_build_object('owner', relowner::regrole, 'access', (SELECT amname FROM pg_am a
			WHERE a.oid = relam), 'toast', reltoastrelid <> 0, 'tablespace', reltablespace,
			'rights', array(SELECT a::text FROM unnest(relacl) a ORDER BY 1), 'view', CASE
				WHEN relkind IN ('v', 'm') THEN pg_get_viewdef(oid) END)
	FROM relation c
	UNION ALL
	SELECT 'column', format('%s.%I', attrelid::regclass, attname),
		to_jsonb(a) -
		'{attrelid,atttypid,attnum,attcacheoff,attcollation,attacl,attoptions,'
		'atthasmissing,attmissingval}'::text[]
		-- pg_attver: some builds of PostgreSQL number each relation's columns by it
		|| jsonb_build_object('options', array(SELECT o FROM unnest(attoptions) o
			WHERE o !~ '^pg_attver=' ORDER BY o),
			'type', format_type(atttypid, atttypmod), 'collation', attcollation::regcollation,
				'default', pg_get_expr(adbin, adrelid),
			'rights', array(SELECT r::text FROM unnest(attacl) r ORDER BY 1))
	FROM pg_attribute a JOIN relation r ON r.oid = attrelid LEFT JOIN pg_attrdef ON adrelid
		= attrelid AND adnum = attnum WHERE attnum > 0 AND NOT attisdropped
	UNION ALL
	SELECT 'index', indexrelid::regclass::text,
		to_jsonb(i) -
		'{indexrelid,indrelid,indkey,indcollation,indclass,indexprs,indpred,indcheckxmin}'::text[]
		|| jsonb_build_object('definition', pg_get_indexdef(indexrelid))
	FROM pg_index i JOIN relation r ON r.oid = indexrelid
	UNION ALL
	SELECT 'constraint', format('%s of %s%s', conname, nullif(conrelid, 0)::regclass,
		nullif(contypid, 0)::regtype), jsonb_build_object('definition', pg_get_constraintdef(k.oid),
		'type', contype, 'valid', convalidated, 'deferrable', condeferrable, 'deferred',
			condeferred, 'local', conislocal)
	FROM pg_constraint k JOIN space s ON s.oid = connamespace
	UNION ALL
	SELECT 'trigger', format('%s of %s', tgname, tgrelid::regclass),
		jsonb_build_object('definition', pg_get_triggerdef(t.oid), 'enabled', tgenabled, 'internal',
		tgisinternal)
	FROM pg_trigger t JOIN relation r ON r.oid = tgrelid
	UNION ALL
	SELECT 'rule', format('%s of %s', rulename, ev_class::regclass),
		jsonb_build_object('definition', pg_get_ruledef(w.oid), 'enabled', ev_enabled)
	FROM pg_rewrite w JOIN relation r ON r.oid = ev_class
	UNION ALL
	SELECT 'policy', format('%s of %s', polname, polrelid::regclass),
		to_jsonb(p) - '{oid,polrelid}'::text[] FROM pg_policy p JOIN relation r ON r.oid = polrelid
	UNION ALL
	SELECT 'statistics', stxname, jsonb_build_object('definition', pg_get_statisticsobjdef(x.oid))
		FROM pg_statistic_ext x JOIN space s ON s.oid = stxnamespace
	UNION ALL
	SELECT 'function', p.oid::regprocedure::text,
		to_jsonb(p) -
		'{oid,pronamespace,proowner,prolang,provariadic,prorettype,proargtypes,proallargtypes,'
		'proargdefaults,prosqlbody,proacl}'::text[]
		|| jsonb_build_object('owner', proowner::regrole, 'language', lanname, 'arguments',
			pg_get_function_arguments(p.oid), 'result', pg_get_function_result(p.oid),
			'body', pg_get_function_sqlbody(p.oid), 'rights',
				(SELECT array_agg(a::text ORDER BY a::text) FROM unnest(proacl) a))
	FROM pg_proc p JOIN space s ON s.oid = pronamespace JOIN pg_language l ON l.oid = prolang
	UNION ALL
	SELECT 'aggregate', aggfnoid::regprocedure::text,
		to_jsonb(a) - '{aggsortop,aggtranstype,aggmtranstype}'::text[]
		|| jsonb_build_object('sort', aggsortop::regoperator, 'state', aggtranstype::regtype,
			'moving state', aggmtranstype::regtype)
	FROM pg_aggregate a JOIN pg_proc p ON p.oid = aggfnoid JOIN space s ON s.oid = pronamespace
	UNION ALL
	SELECT 'type', t.oid::regtype::text,
		to_jsonb(t) -
		'{oid,typnamespace,typowner,typrelid,typelem,typarray,typbasetype,typcollation,'
		'typdefaultbin,typacl}'::text[]
		|| jsonb_build_object('owner', typowner::regrole, 'element', typelem::regtype, 'array',
			typarray::regtype, 'base', typbasetype::regtype, 'collation',
			typcollation::regcollation,
			'default', pg_get_expr(typdefaultbin, 0), 'rights',
				(SELECT array_agg(a::text ORDER BY a::text) FROM unnest(typacl) a),
			'labels', array(SELECT enumlabel FROM pg_enum WHERE enumtypid = t.oid
				ORDER BY enumsortorder))
	FROM pg_type t JOIN space s ON s.oid = typnamespace
	UNION ALL
	SELECT 'operator', o.oid::regoperator::text,
		to_jsonb(o) -
		'{oid,oprnamespace,oprowner,oprleft,oprright,oprresult,oprcom,oprnegate}'::text[]
		|| jsonb_build_object('owner', oprowner::regrole, 'result', oprresult::regtype,
			'commutator', oprcom::regoperator, 'negator', oprnegate::regoperator)
	FROM pg_operator o JOIN space s ON s.oid = oprnamespace
	UNION ALL
	SELECT 'operator class', format('%s by %s', opcname, amname),
		jsonb_build_object('owner', opcowner::regrole, 'family', opfname, 'type',
		opcintype::regtype,
		'default', opcdefault, 'stores', opckeytype::regtype)
	FROM pg_opclass o JOIN space s ON s.oid = opcnamespace JOIN pg_am a ON a.oid = opcmethod
		JOIN pg_opfamily f ON f.oid = opcfamily
	UNION ALL
	SELECT 'operator of a class', format('%s %s (%s, %s)', opfname, amopstrategy,
		amoplefttype::regtype, amoprighttype::regtype), jsonb_build_object(
		'operator', amopopr::regoperator, 'purpose', amoppurpose, 'sorts', amopsortfamily <> 0)
	FROM pg_amop JOIN pg_opfamily f ON f.oid = amopfamily JOIN space s ON s.oid = opfnamespace
	UNION ALL
	SELECT 'function of a class', format('%s %s (%s, %s)', opfname, amprocnum,
		amproclefttype::regtype, amprocrighttype::regtype), jsonb_build_object('function',
		amproc::regprocedure)
	FROM pg_amproc JOIN pg_opfamily f ON f.oid = amprocfamily JOIN space s ON s.oid = opfnamespace
	UNION ALL
	SELECT 'cast', format('(%s AS %s)', castsource::regtype, casttarget::regtype),
		jsonb_build_object('function', castfunc::regprocedure, 'context', castcontext, 'method',
		castmethod)
	FROM pg_cast c JOIN member m ON m.classid = 'pg_cast'::regclass AND m.objid = c.oid
	UNION ALL
	SELECT 'event trigger', evtname, to_jsonb(e) - '{oid,evtowner,evtfoid}'::text[]
		|| jsonb_build_object('owner', evtowner::regrole, 'function', evtfoid::regprocedure)
	FROM pg_event_trigger e JOIN member m ON m.classid = 'pg_event_trigger'::regclass
		AND m.objid = e.oid)
SELECT line FROM object, LATERAL jsonb_each(has), format('%s %s, %s: %s', kind, name, key,
	value) AS line ORDER BY line COLLATE "C";
SQL

sub objects
{
	my ($node, $db, $change) = @_;
	my $sql = $change ? "\\o /dev/null\nBEGIN;\n$change;\n\\o\n$objects ROLLBACK;" : $objects;
	return [ split /\n/, $node->safe_psql($db, $sql) ];
}

sub differences
{
	my ($these, $those) = @_;
	my %these = map { $_ => 1 } @$these;
	my %those = map { $_ => 1 } @$those;
	return join "\n", map { length > 300 ? substr($_, 0, 300) . '...' : $_ }
	  (map { "- $_" } grep { !$those{$_} } @$these), (map { "+ $_" } grep { !$these{$_} } @$those);
}

1;
