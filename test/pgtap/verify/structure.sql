-- verify() names tables that were altered, objects that can change or refuse what is written, and
-- rows that are in no index. Usual changes are no findings.
BEGIN;
CREATE EXTENSION pgtap;
CREATE EXTENSION citext;
CREATE EXTENSION trust_ledger;
SELECT plan(80);
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

-- ---- columns, constraints, indexes

SELECT is(findings_after(doing), expected, doing) FROM (VALUES
	('ALTER TABLE trust.entry ADD COLUMN more text', '{}'::text[]),
	('ALTER TABLE trust.promise ADD COLUMN more int', '{}'),
	('CREATE INDEX mine ON trust.entry (recorded_at)', '{}'),
	('CREATE INDEX mine ON trust.promise USING hash (kind)', '{}'),
	('CREATE INDEX mine ON trust.promise (kind COLLATE "POSIX")', '{}'),
	('ALTER INDEX trust.entry_pkey RENAME TO mine', '{}'),
	('ALTER INDEX trust.entry_pkey SET (fillfactor = 70); ALTER TABLE trust.entry SET (fillfactor '
		'= 50); ALTER TABLE trust.entry ALTER words SET STORAGE EXTERNAL, ALTER words '
		'SET STATISTICS 7', '{}'),
	('CLUSTER trust.entry USING entry_pkey; REINDEX TABLE trust.promise', '{}'),
	('CREATE STATISTICS mine ON kind, state FROM trust.promise', '{}'),
	('ALTER TABLE trust.source ADD COLUMN more text DEFAULT now()::text',
		'{"table source column more"}'),
	('ALTER TABLE trust.promise ADD COLUMN more int GENERATED ALWAYS AS (due_moves) STORED',
		'{"table promise column more"}'),
	('ALTER TABLE trust.chain ADD COLUMN more bigint GENERATED ALWAYS AS IDENTITY',
		'{"table chain column more"}'),
	('CREATE DOMAIN word AS text CHECK (value <> ''x''); ALTER TABLE trust.actor ADD COLUMN more '
		'word', '{"table actor column more"}'),
	('ALTER TABLE trust.entry ALTER recorded_at SET DEFAULT ''2020-01-01''',
		'{"table entry column recorded_at"}'),
	('ALTER TABLE trust.policy ALTER active DROP NOT NULL', '{"table policy column active"}'),
	('ALTER TABLE trust.entry ADD CHECK (verdict <> ''broken'')', '{"table entry constraint"}'),
	('ALTER TABLE trust.promise ADD CONSTRAINT c CHECK (state <> ''broken'') NOT VALID',
		'{"table promise constraint"}'),
	('ALTER TABLE trust.entry ADD FOREIGN KEY (actor) REFERENCES trust.actor (actor)',
		'{"table entry constraint"}'),
	('ALTER TABLE trust.actor DROP CONSTRAINT actor_kind_check', '{"table actor constraint"}'),
	('CREATE TABLE mine (customer text COLLATE "C", promise uuid, FOREIGN KEY (customer, '
		'promise) REFERENCES trust.promise)', '{}'),
	('ALTER TABLE trust.source DROP CONSTRAINT source_pkey',
		'{"table source constraint","table source unique index"}'),
	('DROP INDEX trust.promise_waiting', '{"table promise index"}'),
	('DROP INDEX trust.entry_idempotency_key', '{"table entry unique index"}'),
	('DROP INDEX trust.source_row; CREATE INDEX source_row ON trust.source (source, key, name) '
		'WHERE gone', '{"table source index"}'),
	('DROP INDEX trust.promise_promise; CREATE INDEX promise_promise ON trust.promise (promise) '
		'WHERE false', '{"table promise index"}'),
	('CREATE UNIQUE INDEX mine ON trust.promise (customer, recorded_at)',
		'{"table promise unique index"}'),
	('CREATE INDEX mine ON trust.entry (lower(event))', '{"table entry index"}'),
	('CREATE INDEX mine ON trust.entry (customer) WHERE seq > 1', '{"table entry index"}'),
	('CREATE OPERATOR CLASS mine FOR TYPE int8 USING btree AS OPERATOR 1 <, OPERATOR 2 <=, '
		'OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 btint8cmp(int8, int8);
		CREATE INDEX mine ON trust.entry (seq mine)', '{"table entry index"}'),
	('UPDATE pg_index SET indisvalid = false WHERE indexrelid '
		'= ''trust.promise_promise''::regclass', '{"table promise index"}'),
	('UPDATE pg_index SET indisready = false WHERE indexrelid = ''trust.source_row''::regclass',
		'{"table source index"}')) AS c (doing, expected);
-- A table that cannot be read is a finding, and not an error.
SELECT ok(findings_after(doing) @> expected AND NOT findings_after(doing)::text ~ '!', doing)
	FROM (VALUES
	('ALTER TABLE trust.chain ALTER length TYPE numeric',
		'{"ledger","table chain column length"}'::text[]),
	('DROP VIEW trust.exception, trust.tracked_entry; ALTER TABLE trust.entry DROP COLUMN verdict',
		'{"ledger","table entry column verdict","view exception"}'),
	('ALTER TABLE trust.entry DROP COLUMN details CASCADE',
		'{"ledger","table entry column details"}'),
	('ALTER TABLE trust.copy DROP COLUMN copied', '{"guard copy copied"}'),
	('ALTER TABLE trust.entry RENAME COLUMN actor TO who', '{"ledger","table entry column actor"}'),
	('ALTER TABLE trust.policy ALTER seq TYPE int', '{"ledger","table policy column seq"}'),
	('ALTER TABLE trust.ledger ALTER zone TYPE citext', '{"ledger","table ledger column zone"}'),
	('DROP TABLE trust.tracking CASCADE',
		'{"guard tracking trust_guard","ledger","table tracking table","view tracked"}')) AS c
		(doing, expected);

-- ---- what everybody does

SELECT is(findings_after(doing), '{}', doing) FROM unnest(ARRAY[
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
	'SET LOCAL enable_indexscan = off; SET LOCAL enable_bitmapscan = off; '
		'SET LOCAL enable_indexonlyscan = off',
	'SET LOCAL jit_above_cost = 0',
	'ALTER TABLE trust.promise DROP COLUMN IF EXISTS none; ALTER TABLE trust.source ADD COLUMN '
		'more text; ALTER TABLE trust.source DROP COLUMN more']) AS doing;

-- ---- policies and replication

SELECT is(findings_after(doing), expected, doing) FROM (VALUES
	('CREATE POLICY p ON trust.promise USING (false)', '{"guard promise policy"}'::text[]),
	('GRANT UPDATE (words) ON trust.entry TO lisa', '{"guard entry privileges"}'),
	('CREATE PUBLICATION p FOR TABLE trust.entry', '{}'),
	('CREATE PUBLICATION p FOR ALL TABLES', '{}'),
	('CREATE PUBLICATION p FOR TABLES IN SCHEMA trust', '{}'),
	('CREATE PUBLICATION p FOR TABLE trust.entry WITH (publish = ''insert, update'')',
		'{"guard entry publication"}'),
	('CREATE PUBLICATION p FOR TABLE trust.entry WHERE (customer <> ''c'')',
		'{"guard entry publication"}'),
	('CREATE PUBLICATION p FOR TABLE trust.chain (customer, length)',
		'{"guard chain publication"}'),
	('CREATE PUBLICATION p FOR TABLE deal WITH (publish = ''insert'')', '{}')) AS c (doing,
		expected);
SELECT ok(findings_after('CREATE PUBLICATION p FOR ' || tables || ' WITH (publish = ''insert'')')
	@> '{guard entry publication,guard access publication}', 'insert only: ' || tables)
	FROM unnest('{ALL TABLES,TABLES IN SCHEMA trust}'::text[]) AS tables;
SELECT is(findings_after('CREATE SUBSCRIPTION s CONNECTION ''dbname=nowhere'' PUBLICATION p '
	'WITH (connect = false); INSERT INTO pg_subscription_rel '
	'SELECT oid, ''trust.entry''::regclass, ''i'' FROM pg_subscription WHERE subname = ''s'''),
	'{"guard entry subscription"}', 'a subscription');

-- ---- rows that are in no index

CREATE FUNCTION unindexed(tab text, changes text) RETURNS text LANGUAGE sql AS $$
	SELECT format('UPDATE pg_index SET indisready = false WHERE indrelid '
		'= ''trust.%1$s''::regclass; ALTER TABLE trust.%1$s DISABLE TRIGGER trust_guard;
		INSERT INTO trust.%1$s SELECT (jsonb_populate_record(t, %2$L)).* FROM trust.%1$s t '
			'WHERE ctid = (SELECT ctid FROM trust.%1$s o ORDER BY to_jsonb(o)->>''customer'' DESC '
			'NULLS LAST LIMIT 1);
		ALTER TABLE trust.%1$s ENABLE ALWAYS TRIGGER trust_guard; UPDATE pg_index SET indisready '
			'= true WHERE indrelid = ''trust.%1$s''::regclass', tab, changes) $$;
-- If the planner reads the table and sorts, the row is found among the entries.
SELECT ok(EXISTS (SELECT FROM unnest(findings_after(unindexed(tab, changes))) AS f
	WHERE starts_with(f, expected)), 'a row of ' || tab) FROM (VALUES
	('entry', '{"seq": 7}', 'entry d 7'),
	('promise', '{"promise": "00000000-0000-7000-8000-000000000000"}', 'promise d'),
	('chain', '{"customer": "x"}', 'chain x'),
	('actor', '{"actor": "zoe"}', 'actor zoe'), ('policy', '{"policy": "none"}', 'policy none'),
	('access', '{"role": "public"}', 'access public'),
	('tracking', '{"source": "x"}', 'tracking x'),
	('ledger', '{"ledger": "00000000-0000-4000-8000-000000000000"}', 'ledger')) AS c (tab, changes,
		expected);
SELECT * FROM finish();
ROLLBACK;
