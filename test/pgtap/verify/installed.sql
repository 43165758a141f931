-- verify() names each function, operator, type, cast and view that differs from what this version
-- installs. Changes that do not affect what the ledger says are no findings.
BEGIN;
CREATE EXTENSION pgtap;
CREATE EXTENSION trust_ledger;
SELECT plan(61);
CREATE ROLE ledger_owner;
CREATE ROLE lisa;
SELECT format('ALTER DATABASE %I OWNER TO ledger_owner', current_database()) AS give_to_owner \gset
:give_to_owner;
SELECT trust_ledger.create_ledger() \g /dev/null
SELECT trust_ledger.register_actor('anna', 'human'), trust_ledger.register_actor('ben', 'human',
	db_role => 'lisa'),
	trust_ledger.set_policy('all', evidence => 'asserted'), trust_ledger.grant_access('lisa',
		'analyst') \g /dev/null
CREATE TABLE deal (id int PRIMARY KEY, customer text, title text);
SELECT trust_ledger.track_table('deal', '{"customer": "=customer", "words": "=title"}') \g /dev/null
SELECT trust_ledger.make_promise(c, 'It works.', actor => 'anna') FROM unnest('{c,d}'::text[])
	AS c \g /dev/null
\ir ../../helpers/findings.sql

SELECT is(findings_after('SELECT 1'), '{}', 'nothing was done: nothing is found');

-- ---- functions, operators, types, casts

SELECT ok(findings_after(doing, '') @> ARRAY['extension ' || expected], doing) FROM (VALUES
	('CREATE OR REPLACE FUNCTION trust_ledger.require_reader() RETURNS boolean LANGUAGE sql STABLE '
		'AS ''SELECT true''', 'function trust_ledger.require_reader()'),
	('CREATE OR REPLACE FUNCTION trust_ledger.expectation(score trust_ledger.trust_score, '
		'base_rate float8 DEFAULT 0.5) RETURNS float8 LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE '
		'AS ''SELECT 0.99''',
		'function trust_ledger.expectation(trust_ledger.trust_score,double precision)'),
	('CREATE OR REPLACE FUNCTION trust_ledger.verify(OUT part text, OUT customer text, '
		'OUT seq bigint, OUT promise uuid, OUT subject text, OUT field text, OUT problem text)
		RETURNS SETOF record LANGUAGE sql STABLE AS ''SELECT NULL, NULL, NULL::bigint, NULL::uuid, '
			'NULL, NULL, NULL WHERE false''', 'function trust_ledger.verify()'),
	('ALTER FUNCTION trust_ledger.guard_entry() SECURITY DEFINER',
		'function trust_ledger.guard_entry()'),
	('ALTER FUNCTION trust_ledger.guard_entry() SET session_replication_role = replica',
		'function trust_ledger.guard_entry()'),
	('ALTER FUNCTION trust_ledger.create_views() RESET search_path',
		'function trust_ledger.create_views()'),
	('ALTER FUNCTION trust_ledger.reads_words() LEAKPROOF', 'function trust_ledger.reads_words()'),
	('ALTER FUNCTION trust_ledger.expectation(trust_ledger.trust_score, float8) VOLATILE',
		'function trust_ledger.expectation(trust_ledger.trust_score,double precision)'),
	('ALTER FUNCTION trust_ledger.ledger_digest() RENAME TO another',
		'function trust_ledger.ledger_digest()'),
	('ALTER FUNCTION trust_ledger.ledger_digest() RENAME TO another',
		'function trust_ledger.another()'),
	('CREATE FUNCTION trust_ledger.same_value(a text, b text) RETURNS boolean LANGUAGE sql '
		'AS ''SELECT true''', 'function trust_ledger.same_value(text,text)'),
	('UPDATE pg_proc SET prosrc = ''reads_words'' '
		'WHERE oid = ''trust_ledger.require_reader''::regproc',
		'function trust_ledger.require_reader()'),
	('UPDATE pg_proc SET probin = ''elsewhere'' WHERE oid = ''trust_ledger.decay''::regproc',
		'function trust_ledger.decay(trust_ledger.trust_score,timestamp with time zone)'),
	('CREATE OR REPLACE AGGREGATE trust_ledger.sum(trust_ledger.trust_score) (SFUNC '
		'= trust_ledger.fuse, STYPE = trust_ledger.trust_score, COMBINEFUNC = trust_ledger.fuse, '
		'PARALLEL = SAFE)', 'aggregate trust_ledger.sum(trust_ledger.trust_score)'),
	('CREATE OPERATOR trust_ledger.= (LEFTARG = text, RIGHTARG = text, '
		'FUNCTION = pg_catalog.texteq)', 'operator trust_ledger.=(text,text)'),
	('UPDATE pg_operator SET oprcode = ''trust_ledger.trust_score_ne'' WHERE oprcode '
		'= ''trust_ledger.trust_score_eq''::regproc',
		'operator trust_ledger.=(trust_ledger.trust_score,trust_ledger.trust_score)'),
	('CREATE CAST (trust_ledger.trust_score AS jsonb) WITH INOUT AS IMPLICIT',
		'cast from trust_ledger.trust_score to jsonb'),
	('CREATE DOMAIN trust_ledger.score AS trust_ledger.trust_score', 'type trust_ledger.score'),
	('ALTER TYPE trust_ledger.receipt ADD ATTRIBUTE more text', 'type trust_ledger.receipt'),
	('ALTER EVENT TRIGGER trust_ledger_follow DISABLE', 'event trigger trust_ledger_follow'),
	('ALTER EVENT TRIGGER trust_ledger_follow ENABLE', 'event trigger trust_ledger_follow'),
	('ALTER EVENT TRIGGER trust_ledger_column_drop DISABLE',
		'event trigger trust_ledger_column_drop'),
	('UPDATE pg_extension SET extversion = ''0.2.0'' WHERE extname = ''trust_ledger''', 'version'))
		AS c (doing, expected);
SELECT is(findings_after(doing), '{}', doing) FROM unnest(ARRAY[
	'REVOKE ALL ON FUNCTION trust_ledger.verify() FROM PUBLIC',
		'ALTER FUNCTION trust_ledger.require_reader() OWNER TO lisa',
		'ALTER FUNCTION trust_ledger.require_reader() COST 3',
	'COMMENT ON FUNCTION trust_ledger.verify() IS NULL',
		'CREATE FUNCTION public.verify() RETURNS int LANGUAGE sql AS ''SELECT 1''']) AS doing;

-- ---- views

SELECT is(findings_after(doing), ARRAY['view ' || view], doing) FROM (VALUES
	('CREATE OR REPLACE VIEW trust.policy_rule WITH (security_barrier) AS SELECT * FROM ('
		|| rtrim(pg_get_viewdef('trust.policy_rule'), ';') || ') r WHERE policy <> ''all''',
		'policy_rule'),
	('CREATE OR REPLACE VIEW trust.policy_rule WITH (security_barrier) AS '
		|| replace(pg_get_viewdef('trust.policy_rule'), 'WHERE', 'WHERE policy.seq > 0 AND'),
		'policy_rule'),
	('CREATE OR REPLACE VIEW trust.tracked_row WITH (security_barrier) AS '
		|| regexp_replace(pg_get_viewdef('trust.tracked_row'), '(s\.)?gone', 'false AS gone'),
		'tracked_row'),
	('CREATE TABLE trust.copied AS TABLE trust.source; CREATE OR REPLACE VIEW trust.tracked_row '
		'WITH (security_barrier) AS ' || replace(pg_get_viewdef('trust.tracked_row'),
		'trust.source', 'trust.copied'), 'tracked_row'),
	('ALTER VIEW trust.tracked_row RENAME COLUMN key TO name_of_row', 'tracked_row'),
	('ALTER VIEW trust.tracked_row RENAME COLUMN key TO k; ALTER VIEW trust.tracked_row RENAME '
		'COLUMN name TO key; ALTER VIEW trust.tracked_row RENAME COLUMN k TO name', 'tracked_row'),
	('DROP VIEW trust.overdue', 'overdue'),
	('DROP VIEW trust.overdue; CREATE TABLE trust.overdue AS SELECT 1 AS x', 'overdue'),
	('ALTER VIEW trust.overdue RENAME TO another', 'overdue'),
	('DROP VIEW trust.overdue; CREATE MATERIALIZED VIEW trust.overdue AS SELECT 1 AS x', 'overdue'),
	('DROP VIEW trust.overdue; CREATE VIEW trust.overdue AS SELECT 1 AS x WHERE 1 / 0 = 1',
		'overdue'),
	('ALTER VIEW trust.overdue RESET (security_barrier)', 'overdue'),
	('ALTER VIEW trust.overdue SET (security_barrier = false)', 'overdue'),
	('ALTER VIEW trust.overdue SET (security_invoker = on)', 'overdue'),
	('ALTER VIEW trust.overdue SET (security_invoker = ''YES'')', 'overdue'),
	('ALTER VIEW trust.overdue OWNER TO lisa', 'overdue'),
	('CREATE RULE r AS ON UPDATE TO trust.overdue DO INSTEAD NOTHING', 'overdue'),
	('CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS ''BEGIN END''; '
		'CREATE TRIGGER t INSTEAD OF UPDATE ON trust.overdue FOR EACH ROW EXECUTE FUNCTION f()',
		'overdue')) AS c (doing, view);
SELECT is(findings_after(doing), '{}', doing) FROM unnest(ARRAY[
	'REVOKE SELECT ON trust.overdue FROM PUBLIC', 'GRANT SELECT ON trust.overdue TO lisa',
		'COMMENT ON VIEW trust.overdue IS NULL',
		'ALTER VIEW trust.overdue SET (security_barrier = true)',
		'ALTER VIEW trust.overdue SET (security_barrier = on, security_invoker = ''no'')',
	'CREATE VIEW trust.mine AS SELECT 1 AS x', 'SELECT trust_ledger.migrate_ledger()',
		'SET LOCAL IntervalStyle = sql_standard; SET LOCAL DateStyle = german; '
		'SET LOCAL bytea_output = escape; SET LOCAL TimeZone = ''Asia/Tokyo''',
	'SET LOCAL search_path = trust, trust_ledger, public; SELECT trust_ledger.create_views()',
		'SET LOCAL quote_all_identifiers = on; SELECT trust_ledger.create_views()',
	'SET LOCAL extra_float_digits = 0',
		'SET LOCAL standard_conforming_strings = off; SET LOCAL backslash_quote = off',
		'SET LOCAL transform_null_equals = on']) AS doing;
-- Views as pg_dump writes them are no finding.
SELECT is(findings_after((SELECT
	string_agg(format('CREATE OR REPLACE VIEW trust.%I WITH (security_barrier) AS %s', viewname,
	definition), ' ') FROM pg_views WHERE schemaname = 'trust')),
	'{}', 'views written down and made again');

SELECT * FROM finish();
ROLLBACK;
