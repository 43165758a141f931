-- Functions and views that are not as this version makes them, tables that are not as they were made, rows that stand in
-- no index: verify() names each. What changes nothing that the ledger says is no finding.
BEGIN;
CREATE EXTENSION pgtap;
CREATE EXTENSION citext;
CREATE EXTENSION trust_ledger;
SELECT plan(139);
CREATE ROLE ledger_owner;
CREATE ROLE lisa;
SELECT format('ALTER DATABASE %I OWNER TO ledger_owner', current_database()) AS give_to_owner \gset
:give_to_owner;
SELECT trust_ledger.create_ledger() \g /dev/null
SELECT trust_ledger.register_actor('anna', 'human'), trust_ledger.register_actor('ben', 'human', db_role => 'lisa'),
	trust_ledger.set_policy('all', evidence => 'asserted'), trust_ledger.grant_access('lisa', 'analyst') \g /dev/null
CREATE TABLE deal (id int PRIMARY KEY, customer text, title text);
SELECT trust_ledger.track_table('deal', '{"customer": "=customer", "words": "=title"}') \g /dev/null
SELECT trust_ledger.make_promise(c, 'It works.', actor => 'anna') FROM unnest('{c,d}'::text[]) AS c \g /dev/null
\ir ../data/found.sql

SELECT is(found('SELECT 1'), '{}', 'nothing was done: nothing is found');

-- ---- functions, operators, types, casts

SELECT ok(found(doing, '') @> ARRAY['extension ' || expected], doing) FROM (VALUES
	('CREATE OR REPLACE FUNCTION trust_ledger.require_reader() RETURNS boolean LANGUAGE sql STABLE AS ''SELECT true''', 'function trust_ledger.require_reader()'),
	('CREATE OR REPLACE FUNCTION trust_ledger.expectation(score trust_ledger.trust_score, base_rate float8 DEFAULT 0.5) RETURNS float8 LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS ''SELECT 0.99''',
		'function trust_ledger.expectation(trust_ledger.trust_score,double precision)'),
	('CREATE OR REPLACE FUNCTION trust_ledger.verify(OUT part text, OUT customer text, OUT seq bigint, OUT promise uuid, OUT subject text, OUT field text, OUT problem text)
		RETURNS SETOF record LANGUAGE sql STABLE AS ''SELECT NULL, NULL, NULL::bigint, NULL::uuid, NULL, NULL, NULL WHERE false''', 'function trust_ledger.verify()'),
	('ALTER FUNCTION trust_ledger.guard_entry() SECURITY DEFINER', 'function trust_ledger.guard_entry()'),
	('ALTER FUNCTION trust_ledger.guard_entry() SET session_replication_role = replica', 'function trust_ledger.guard_entry()'),
	('ALTER FUNCTION trust_ledger.create_views() RESET search_path', 'function trust_ledger.create_views()'),
	('ALTER FUNCTION trust_ledger.reads_words() LEAKPROOF', 'function trust_ledger.reads_words()'),
	('ALTER FUNCTION trust_ledger.expectation(trust_ledger.trust_score, float8) VOLATILE', 'function trust_ledger.expectation(trust_ledger.trust_score,double precision)'),
	('ALTER FUNCTION trust_ledger.ledger_digest() RENAME TO another', 'function trust_ledger.ledger_digest()'),
	('ALTER FUNCTION trust_ledger.ledger_digest() RENAME TO another', 'function trust_ledger.another()'),
	('CREATE FUNCTION trust_ledger.same_value(a text, b text) RETURNS boolean LANGUAGE sql AS ''SELECT true''', 'function trust_ledger.same_value(text,text)'),
	('UPDATE pg_proc SET prosrc = ''reads_words'' WHERE oid = ''trust_ledger.require_reader''::regproc', 'function trust_ledger.require_reader()'),
	('UPDATE pg_proc SET probin = ''elsewhere'' WHERE oid = ''trust_ledger.decay''::regproc', 'function trust_ledger.decay(trust_ledger.trust_score,timestamp with time zone)'),
	('CREATE OR REPLACE AGGREGATE trust_ledger.sum(trust_ledger.trust_score) (SFUNC = trust_ledger.fuse, STYPE = trust_ledger.trust_score, COMBINEFUNC = trust_ledger.fuse, PARALLEL = SAFE)', 'aggregate trust_ledger.sum(trust_ledger.trust_score)'),
	('CREATE OPERATOR trust_ledger.= (LEFTARG = text, RIGHTARG = text, FUNCTION = pg_catalog.texteq)', 'operator trust_ledger.=(text,text)'),
	('UPDATE pg_operator SET oprcode = ''trust_ledger.trust_score_ne'' WHERE oprcode = ''trust_ledger.trust_score_eq''::regproc', 'operator trust_ledger.=(trust_ledger.trust_score,trust_ledger.trust_score)'),
	('CREATE CAST (trust_ledger.trust_score AS jsonb) WITH INOUT AS IMPLICIT', 'cast from trust_ledger.trust_score to jsonb'),
	('CREATE DOMAIN trust_ledger.score AS trust_ledger.trust_score', 'type trust_ledger.score'),
	('ALTER TYPE trust_ledger.receipt ADD ATTRIBUTE more text', 'type trust_ledger.receipt'),
	('ALTER EVENT TRIGGER trust_ledger_follow DISABLE', 'event trigger trust_ledger_follow'), ('ALTER EVENT TRIGGER trust_ledger_follow ENABLE', 'event trigger trust_ledger_follow'),
	('UPDATE pg_extension SET extversion = ''0.2.0'' WHERE extname = ''trust_ledger''', 'version')) AS c (doing, expected);
SELECT is(found(doing), '{}', doing) FROM unnest(ARRAY[
	'REVOKE ALL ON FUNCTION trust_ledger.verify() FROM PUBLIC', 'ALTER FUNCTION trust_ledger.require_reader() OWNER TO lisa', 'ALTER FUNCTION trust_ledger.require_reader() COST 3',
	'COMMENT ON FUNCTION trust_ledger.verify() IS NULL', 'CREATE FUNCTION public.verify() RETURNS int LANGUAGE sql AS ''SELECT 1''']) AS doing;

-- ---- views

SELECT is(found(doing), ARRAY['view ' || view], doing) FROM (VALUES
	('CREATE OR REPLACE VIEW trust.policy_rule WITH (security_barrier) AS SELECT * FROM (' || rtrim(pg_get_viewdef('trust.policy_rule'), ';') || ') r WHERE policy <> ''all''', 'policy_rule'),
	('CREATE OR REPLACE VIEW trust.policy_rule WITH (security_barrier) AS ' || replace(pg_get_viewdef('trust.policy_rule'), 'WHERE', 'WHERE policy.seq > 0 AND'), 'policy_rule'),
	('CREATE OR REPLACE VIEW trust.tracked_row WITH (security_barrier) AS ' || regexp_replace(pg_get_viewdef('trust.tracked_row'), '(s\.)?gone', 'false AS gone'), 'tracked_row'),
	('CREATE TABLE trust.copied AS TABLE trust.source; CREATE OR REPLACE VIEW trust.tracked_row WITH (security_barrier) AS ' || replace(pg_get_viewdef('trust.tracked_row'), 'trust.source', 'trust.copied'), 'tracked_row'),
	('ALTER VIEW trust.tracked_row RENAME COLUMN key TO name_of_row', 'tracked_row'),
	('ALTER VIEW trust.tracked_row RENAME COLUMN key TO k; ALTER VIEW trust.tracked_row RENAME COLUMN name TO key; ALTER VIEW trust.tracked_row RENAME COLUMN k TO name', 'tracked_row'),
	('DROP VIEW trust.overdue', 'overdue'), ('DROP VIEW trust.overdue; CREATE TABLE trust.overdue AS SELECT 1 AS x', 'overdue'), ('ALTER VIEW trust.overdue RENAME TO another', 'overdue'),
	('DROP VIEW trust.overdue; CREATE MATERIALIZED VIEW trust.overdue AS SELECT 1 AS x', 'overdue'), ('DROP VIEW trust.overdue; CREATE VIEW trust.overdue AS SELECT 1 AS x WHERE 1 / 0 = 1', 'overdue'),
	('ALTER VIEW trust.overdue RESET (security_barrier)', 'overdue'), ('ALTER VIEW trust.overdue SET (security_barrier = false)', 'overdue'), ('ALTER VIEW trust.overdue SET (security_invoker = on)', 'overdue'), ('ALTER VIEW trust.overdue SET (security_invoker = ''YES'')', 'overdue'),
	('ALTER VIEW trust.overdue OWNER TO lisa', 'overdue'), ('CREATE RULE r AS ON UPDATE TO trust.overdue DO INSTEAD NOTHING', 'overdue'),
	('CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS ''BEGIN END''; CREATE TRIGGER t INSTEAD OF UPDATE ON trust.overdue FOR EACH ROW EXECUTE FUNCTION f()', 'overdue')) AS c (doing, view);
SELECT is(found(doing), '{}', doing) FROM unnest(ARRAY[
	'REVOKE SELECT ON trust.overdue FROM PUBLIC', 'GRANT SELECT ON trust.overdue TO lisa', 'COMMENT ON VIEW trust.overdue IS NULL', 'ALTER VIEW trust.overdue SET (security_barrier = true)', 'ALTER VIEW trust.overdue SET (security_barrier = on, security_invoker = ''no'')',
	'CREATE VIEW trust.mine AS SELECT 1 AS x', 'SELECT trust_ledger.migrate_ledger()', 'SET LOCAL IntervalStyle = sql_standard; SET LOCAL DateStyle = german; SET LOCAL bytea_output = escape; SET LOCAL TimeZone = ''Asia/Tokyo''',
	'SET LOCAL search_path = trust, trust_ledger, public; SELECT trust_ledger.create_views()', 'SET LOCAL quote_all_identifiers = on; SELECT trust_ledger.create_views()',
	'SET LOCAL extra_float_digits = 0', 'SET LOCAL standard_conforming_strings = off; SET LOCAL backslash_quote = off', 'SET LOCAL transform_null_equals = on']) AS doing;
-- What a dump writes down is what PostgreSQL makes of the view, and is read again.
SELECT is(found((SELECT string_agg(format('CREATE OR REPLACE VIEW trust.%I WITH (security_barrier) AS %s', viewname, definition), ' ') FROM pg_views WHERE schemaname = 'trust')),
	'{}', 'views written down and made again');

-- ---- columns, constraints, indexes

SELECT is(found(doing), expected, doing) FROM (VALUES
	('ALTER TABLE trust.entry ADD COLUMN more text', '{}'::text[]), ('ALTER TABLE trust.promise ADD COLUMN more int', '{}'), ('CREATE INDEX mine ON trust.entry (recorded_at)', '{}'),
	('CREATE INDEX mine ON trust.promise USING hash (kind)', '{}'), ('CREATE INDEX mine ON trust.promise (kind COLLATE "POSIX")', '{}'), ('ALTER INDEX trust.entry_pkey RENAME TO mine', '{}'),
	('ALTER INDEX trust.entry_pkey SET (fillfactor = 70); ALTER TABLE trust.entry SET (fillfactor = 50); ALTER TABLE trust.entry ALTER words SET STORAGE EXTERNAL, ALTER words SET STATISTICS 7', '{}'),
	('CLUSTER trust.entry USING entry_pkey; REINDEX TABLE trust.promise', '{}'), ('CREATE STATISTICS mine ON kind, state FROM trust.promise', '{}'),
	('ALTER TABLE trust.source ADD COLUMN more text DEFAULT now()::text', '{"table source column more"}'), ('ALTER TABLE trust.promise ADD COLUMN more int GENERATED ALWAYS AS (due_moves) STORED', '{"table promise column more"}'),
	('ALTER TABLE trust.chain ADD COLUMN more bigint GENERATED ALWAYS AS IDENTITY', '{"table chain column more"}'), ('CREATE DOMAIN word AS text CHECK (value <> ''x''); ALTER TABLE trust.actor ADD COLUMN more word', '{"table actor column more"}'),
	('ALTER TABLE trust.entry ALTER recorded_at SET DEFAULT ''2020-01-01''', '{"table entry column recorded_at"}'), ('ALTER TABLE trust.policy ALTER active DROP NOT NULL', '{"table policy column active"}'),
	('ALTER TABLE trust.entry ADD CHECK (verdict <> ''broken'')', '{"table entry constraint"}'), ('ALTER TABLE trust.promise ADD CONSTRAINT c CHECK (state <> ''broken'') NOT VALID', '{"table promise constraint"}'),
	('ALTER TABLE trust.entry ADD FOREIGN KEY (actor) REFERENCES trust.actor (actor)', '{"table entry constraint"}'), ('ALTER TABLE trust.actor DROP CONSTRAINT actor_kind_check', '{"table actor constraint"}'),
	('CREATE TABLE mine (customer text COLLATE "C", promise uuid, FOREIGN KEY (customer, promise) REFERENCES trust.promise)', '{}'),
	('ALTER TABLE trust.source DROP CONSTRAINT source_pkey', '{"table source constraint","table source unique index"}'), ('DROP INDEX trust.promise_waiting', '{"table promise index"}'), ('DROP INDEX trust.entry_idempotency_key', '{"table entry unique index"}'),
	('DROP INDEX trust.source_row; CREATE INDEX source_row ON trust.source (source, key, name) WHERE gone', '{"table source index"}'), ('DROP INDEX trust.promise_promise; CREATE INDEX promise_promise ON trust.promise (promise) WHERE false', '{"table promise index"}'),
	('CREATE UNIQUE INDEX mine ON trust.promise (customer, recorded_at)', '{"table promise unique index"}'), ('CREATE INDEX mine ON trust.entry (lower(event))', '{"table entry index"}'),
	('CREATE INDEX mine ON trust.entry (customer) WHERE seq > 1', '{"table entry index"}'), ('CREATE OPERATOR CLASS mine FOR TYPE int8 USING btree AS OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 btint8cmp(int8, int8);
		CREATE INDEX mine ON trust.entry (seq mine)', '{"table entry index"}'),
	('UPDATE pg_index SET indisvalid = false WHERE indexrelid = ''trust.promise_promise''::regclass', '{"table promise index"}'), ('UPDATE pg_index SET indisready = false WHERE indexrelid = ''trust.source_row''::regclass', '{"table source index"}')) AS c (doing, expected);
-- What cannot be read any more is said, and no error.
SELECT ok(found(doing) @> expected AND NOT found(doing)::text ~ '!', doing) FROM (VALUES
	('ALTER TABLE trust.chain ALTER length TYPE numeric', '{"ledger","table chain column length"}'::text[]),
	('DROP VIEW trust.exception, trust.tracked_entry; ALTER TABLE trust.entry DROP COLUMN verdict', '{"ledger","table entry column verdict","view exception"}'),
	('ALTER TABLE trust.entry DROP COLUMN details CASCADE', '{"ledger","table entry column details"}'), ('ALTER TABLE trust.copy DROP COLUMN copied', '{"guard copy copied"}'),
	('ALTER TABLE trust.entry RENAME COLUMN actor TO who', '{"ledger","table entry column actor"}'), ('ALTER TABLE trust.policy ALTER seq TYPE int', '{"ledger","table policy column seq"}'),
	('ALTER TABLE trust.ledger ALTER zone TYPE citext', '{"ledger","table ledger column zone"}'),
	('DROP TABLE trust.tracking CASCADE', '{"guard tracking trust_guard","ledger","table tracking table","view tracked"}')) AS c (doing, expected);

-- ---- what everybody does

SELECT is(found(doing), '{}', doing) FROM unnest(ARRAY[
	'ALTER ROLE lisa RENAME TO lisa2',
	'ALTER ROLE ledger_owner RENAME TO another_owner',
	'GRANT SELECT ON ALL TABLES IN SCHEMA trust TO lisa',
	'GRANT pg_read_all_data TO lisa',
	'REASSIGN OWNED BY lisa TO ledger_owner',
	'CREATE ROLE r; GRANT SELECT ON trust.entry TO r; DROP OWNED BY r',
	'ALTER TABLE deal RENAME TO offer',
	'ALTER TABLE deal RENAME title TO words',
	'ALTER TABLE deal ADD more int, ALTER title SET DEFAULT ''x''',
	'DROP TABLE deal',
	'ANALYZE trust.entry, trust.promise',
	'ALTER TABLE trust.entry SET (autovacuum_enabled = false)',
	'COMMENT ON TABLE trust.entry IS NULL',
	'ALTER EXTENSION trust_ledger UPDATE',
	'GRANT CREATE ON SCHEMA trust TO lisa',
	'SET LOCAL max_parallel_workers_per_gather = 0',
	'SET LOCAL enable_indexscan = off; SET LOCAL enable_sort = off',
	'SET LOCAL enable_indexscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_indexonlyscan = off',
	'SET LOCAL jit_above_cost = 0',
	'ALTER TABLE trust.promise DROP COLUMN IF EXISTS none; ALTER TABLE trust.source ADD COLUMN more text; ALTER TABLE trust.source DROP COLUMN more']) AS doing;

-- ---- policies and replication

SELECT is(found(doing), expected, doing) FROM (VALUES
	('CREATE POLICY p ON trust.promise USING (false)', '{"guard promise policy"}'::text[]), ('GRANT UPDATE (words) ON trust.entry TO lisa', '{"guard entry privileges"}'),
	('CREATE PUBLICATION p FOR TABLE trust.entry', '{}'), ('CREATE PUBLICATION p FOR ALL TABLES', '{}'), ('CREATE PUBLICATION p FOR TABLES IN SCHEMA trust', '{}'),
	('CREATE PUBLICATION p FOR TABLE trust.entry WITH (publish = ''insert, update'')', '{"guard entry publication"}'), ('CREATE PUBLICATION p FOR TABLE trust.entry WHERE (customer <> ''c'')', '{"guard entry publication"}'),
	('CREATE PUBLICATION p FOR TABLE trust.chain (customer, length)', '{"guard chain publication"}'), ('CREATE PUBLICATION p FOR TABLE deal WITH (publish = ''insert'')', '{}')) AS c (doing, expected);
SELECT ok(found('CREATE PUBLICATION p FOR ' || tables || ' WITH (publish = ''insert'')') @> '{guard entry publication,guard access publication}', 'insert only: ' || tables) FROM unnest('{ALL TABLES,TABLES IN SCHEMA trust}'::text[]) AS tables;
SELECT is(found('CREATE SUBSCRIPTION s CONNECTION ''dbname=nowhere'' PUBLICATION p WITH (connect = false); INSERT INTO pg_subscription_rel SELECT oid, ''trust.entry''::regclass, ''i'' FROM pg_subscription WHERE subname = ''s'''),
	'{"guard entry subscription"}', 'a subscription');

-- ---- rows that stand in no index

CREATE FUNCTION unindexed(tab text, changes text) RETURNS text LANGUAGE sql AS $$
	SELECT format('UPDATE pg_index SET indisready = false WHERE indrelid = ''trust.%1$s''::regclass; ALTER TABLE trust.%1$s DISABLE TRIGGER trust_guard;
		INSERT INTO trust.%1$s SELECT (jsonb_populate_record(t, %2$L)).* FROM trust.%1$s t WHERE ctid = (SELECT ctid FROM trust.%1$s o ORDER BY to_jsonb(o)->>''customer'' DESC NULLS LAST LIMIT 1);
		ALTER TABLE trust.%1$s ENABLE ALWAYS TRIGGER trust_guard; UPDATE pg_index SET indisready = true WHERE indrelid = ''trust.%1$s''::regclass', tab, changes) $$;
-- Where the planner reads the table and sorts, it is found among the entries.
SELECT ok(EXISTS (SELECT FROM unnest(found(unindexed(tab, changes))) AS f WHERE starts_with(f, expected)), 'a row of ' || tab) FROM (VALUES
	('entry', '{"seq": 7}', 'entry d 7'), ('promise', '{"promise": "00000000-0000-7000-8000-000000000000"}', 'promise d'), ('chain', '{"customer": "x"}', 'chain x'),
	('actor', '{"actor": "zoe"}', 'actor zoe'), ('policy', '{"policy": "none"}', 'policy none'), ('access', '{"role": "public"}', 'access public'),
	('tracking', '{"source": "x"}', 'tracking x'), ('ledger', '{"ledger": "00000000-0000-4000-8000-000000000000"}', 'ledger')) AS c (tab, changes, expected);
SELECT * FROM finish();
ROLLBACK;
