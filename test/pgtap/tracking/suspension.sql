-- Tracking is suspended while a transaction changes the schema of a table, and resumed.
BEGIN;
CREATE EXTENSION pgtap;
CREATE EXTENSION trust_ledger;
SELECT no_plan();

\ir ../../helpers/calls.sql

CREATE ROLE stranger;
SELECT trust_ledger.create_ledger();
SELECT trust_ledger.register_actor('anna', 'human');
SELECT trust_ledger.register_actor('crm', 'system', responsible => 'anna');
CREATE TABLE deal (id int PRIMARY KEY, account text, title varchar(20), status varchar(10),
	amount numeric(8, 2), due date, gone boolean);
CREATE TABLE parted (LIKE deal INCLUDING ALL) PARTITION BY RANGE (id);
CREATE TABLE part PARTITION OF parted FOR VALUES FROM (0) TO (100);
CREATE TABLE plain (LIKE deal INCLUDING ALL);
SELECT count(*) FROM unnest('{deal,parted}'::regclass[]) AS t,
	LATERAL trust_ledger.track_table(t, $${"customer": "=account", "words": "=title",
		"value": "=amount", "currency": ":EUR", "due": "=due", "actor": ":crm",
		"made_when": "status IN ('sent', 'kept')", "kept_when": "status = 'kept' AND amount > 0",
		"withdrawn_when": "gone", "events": [{"event": "noted",
			"when": "NEW . \"status\" <> OLD.status", "reason": "=status"}]}$$);
INSERT INTO deal VALUES (1, 'c', 'w');
INSERT INTO parted VALUES (1, 'c', 'w');
CREATE TABLE customer (account text PRIMARY KEY);
INSERT INTO customer VALUES ('c');
ALTER TABLE deal ADD FOREIGN KEY (account) REFERENCES customer ON DELETE CASCADE;
ALTER TABLE parted ADD FOREIGN KEY (account) REFERENCES customer ON DELETE CASCADE;
CREATE FUNCTION resuming(tab text, value text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM trust_ledger.resume_tracking(tab::regclass);
	RETURN value;
END
$$;

-- What a migration of the table between the two calls leaves: the states of the triggers, and the
-- number of new entries of governance.
CREATE FUNCTION migrated(doing text, tab text, before text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	entries bigint;
	result  text;
BEGIN
	EXECUTE before;
	SELECT count(*) INTO entries FROM trust.entry WHERE customer = '';
	PERFORM trust_ledger.suspend_tracking(tab::regclass);
	EXECUTE doing;
	PERFORM trust_ledger.resume_tracking(tab::regclass);
	SELECT string_agg(DISTINCT t.state, ', ') || ' ' || (
			SELECT count(*) - entries FROM trust.entry WHERE customer = '')
		INTO result
		FROM trust.tracked t WHERE t.source = 'public.' || migrated.tab;
	RAISE SQLSTATE 'OK000';
EXCEPTION
	WHEN SQLSTATE 'OK000' THEN RETURN result;
	WHEN OTHERS THEN RETURN SQLSTATE;
END
$$;
SELECT is(migrated(format(doing, tab), tab, format(before, tab)), expected,
	concat_ws('; ', tab, before, doing))
FROM (VALUES
	('SELECT 1', 'SELECT 1', 'in force 0'),
	('ALTER TABLE %I ALTER status TYPE varchar(30), ALTER amount TYPE numeric(9, 3)', 'SELECT 1',
		'in force 0'),
	('ALTER TABLE %I ALTER status TYPE varchar(30); ALTER TABLE %1$I RENAME status TO "Its State"',
		'SELECT 1', 'in force 0'),
	('ALTER TABLE %I ALTER "a""b" TYPE varchar(30); ALTER TABLE %1$I RENAME "a""b" TO s',
		'ALTER TABLE %I RENAME status TO "a""b"; ALTER TABLE %1$I RENAME account TO c',
		'in force 0'),
	('ALTER TABLE %I RENAME gone TO g; ALTER TABLE %1$I RENAME due TO gone; '
		'ALTER TABLE %1$I RENAME g TO due', 'SELECT 1', 'in force 0'),
	('ALTER TABLE %I ADD extra int; ALTER TABLE %1$I DROP extra', 'SELECT 1', 'in force 0'),
	('ALTER TABLE %I ALTER status TYPE text', 'SELECT 1', 'in force 1'),
	('ALTER TABLE %I ALTER due TYPE text; ALTER TABLE %1$I ALTER due TYPE date USING NULL',
		'SELECT 1', 'in force 0'),
	('ALTER TABLE %I ALTER due TYPE text', 'SELECT 1', '42804'),
	('ALTER TABLE %I DROP status', 'SELECT 1', '2BP01'),
	('ALTER TABLE %I DROP gone CASCADE', 'SELECT 1', '2BP01'),
	('ALTER TABLE %I DROP CONSTRAINT %1$s_pkey', 'SELECT 1', '55000'),
	('INSERT INTO %I VALUES (2, ''c'', ''w'', ''sent'')', 'SELECT 1', '55000'),
	('UPDATE %I SET status = ''kept''', 'SELECT 1', '55000'),
	('DELETE FROM %I', 'SELECT 1', '55000'),
	('TRUNCATE %I', 'SELECT 1', '55000'),
	('SET LOCAL session_replication_role = replica; INSERT INTO %I VALUES (2)', 'SELECT 1',
		'55000'),
	('SELECT trust_ledger.suspend_tracking(''%I'')', 'SELECT 1', '55000'),
	('SELECT trust_ledger.read_tracked(''%I'', ''public.%1$s'')', 'SELECT 1', '55000'),
	('SELECT trust_ledger.reconcile_table(''%I'')', 'SELECT 1', '55000'),
	('SELECT trust_ledger.resume_tracking(''%I'')', 'SELECT 1', '55000'),
	('SELECT trust_ledger.untrack_table(''%I'')', 'SELECT 1', '55000'),
	('DO $d$ BEGIN INSERT INTO %I VALUES (2); EXCEPTION WHEN OTHERS THEN NULL; END $d$',
		'SELECT 1', 'in force 0'),
	('SELECT trust_ledger.import_rows(''%I'', ''public.%1$s'', ''{}'')', 'SELECT 1', '55000'),
	('SELECT trust_ledger.drop_tracking(''public.%I'')', 'SELECT 1', '42704'),
	('SELECT trust_ledger.write_pending()', 'INSERT INTO %I VALUES (2, ''c'', ''w'', ''sent'')',
		'in force 0'),
	('SELECT FROM trust_ledger.track_table(''%I'', ''{"customer": "=account", '
		'"words": "=title"}'', dry_run => true)', 'SELECT 1', 'in force 0'),
	('SELECT FROM trust_ledger.track_table(''%I'', ''{"customer": "=account", '
		'"words": "=title"}'')', 'SELECT 1', '55000'),
	('DROP TABLE %I', 'SELECT 1', '42P01'),
	('ALTER TABLE %I RENAME TO former; CREATE TABLE %1$I (LIKE former INCLUDING ALL); '
		'SELECT FROM trust_ledger.track_table(''%1$I'', ''{"customer": "=account", '
		'"words": "=title"}'')', 'SELECT 1', '42710'),
	('ALTER TABLE %I RENAME TO former; CREATE TABLE %1$I (LIKE former INCLUDING ALL); '
		'DROP TABLE %1$I; ALTER TABLE former RENAME TO %1$I', 'SELECT 1', 'in force 0'),
	('CREATE VIEW v AS SELECT * FROM %I; INSERT INTO v VALUES (2)', 'SELECT 1', '55000'),
	('DELETE FROM customer', 'SELECT 1', '55000'),
	('COPY %I FROM PROGRAM ''echo 2''', 'SELECT 1', '22P04'),
	('COPY %I (id) FROM PROGRAM ''echo 2''', 'SELECT 1', '55000'),
	('INSERT INTO %I (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET title = ''x''', 'SELECT 1',
		'55000'),
	('MERGE INTO %I t USING (SELECT 1 AS id) s ON t.id = s.id WHEN MATCHED THEN DELETE',
		'SELECT 1', '55000'),
	('SET LOCAL transaction_read_only = on', 'SELECT 1', '25006'),
	('UPDATE %I SET title = resuming(''%1$I'', title)', 'SELECT 1', '55000'),
	('DROP TRIGGER trust_ledger_suspended_truncate ON %I', 'SELECT 1', 'in force 0'),
	('DROP TRIGGER trust_ledger_suspended ON %I; ALTER TABLE %1$I RENAME status TO s', 'SELECT 1',
		'in force 0'),
	('DROP TRIGGER trust_ledger_suspended ON %I; ALTER TABLE %1$I DROP CONSTRAINT %1$s_pkey, '
		'ADD PRIMARY KEY (id, title)',
		'INSERT INTO %I VALUES (2, ''c'', ''w'', ''sent''); '
		'SELECT trust_ledger.write_pending()', '55000'),
	('DROP TRIGGER trust_ledger_suspended ON %I; DROP TRIGGER trust_ledger_suspended_truncate '
		'ON %1$I', 'SELECT 1', '55000'),
	('CREATE OR REPLACE TRIGGER trust_ledger_suspended AFTER INSERT ON %I FOR EACH ROW '
		'EXECUTE FUNCTION trust_ledger.refuse_while_suspended()', 'SELECT 1', 'in force 0'),
	('ALTER TABLE %I DISABLE TRIGGER ALL', 'SELECT 1', 'in force 0'),
	('ALTER TABLE %I DISABLE TRIGGER USER', 'SELECT 1', 'in force 0'),
	('SELECT 1', 'ALTER TABLE %I DISABLE TRIGGER trust_ledger_001_made', 'disabled, in force 0'),
	('SELECT 1', 'DROP TRIGGER trust_ledger_001_made ON %I', 'in force 0'))
		AS c (doing, before, expected),
	unnest('{deal,parted}'::text[]) AS tab;

SELECT is(sqlstate_of('SELECT trust_ledger.suspend_tracking(''parted''); ' || call), '55000',
	call)
FROM (VALUES ('INSERT INTO part VALUES (2)'), ('UPDATE part SET title = ''x'''),
	('CREATE TABLE more PARTITION OF parted FOR VALUES FROM (100) TO (200); '
		'INSERT INTO more VALUES (100)')) AS c (call);

CREATE TABLE child () INHERITS (plain);
ALTER TABLE child ADD PRIMARY KEY (id);
SELECT count(*) FROM unnest('{child,plain}'::regclass[]) AS t,
	LATERAL trust_ledger.track_table(t, '{"customer": "=account", "words": "=title",
		"made_when": "status = ''sent''"}');
SELECT is(sqlstate_of(format('SELECT trust_ledger.suspend_tracking(%L); '
	'SELECT trust_ledger.suspend_tracking(%L); ALTER TABLE plain ALTER status TYPE varchar(30); '
	'ALTER TABLE plain RENAME status TO s; SELECT trust_ledger.resume_tracking(%1$L); '
	'SELECT trust_ledger.resume_tracking(%2$L)', one, other) || more), expected,
	format('suspended and resumed: %s, %s%s', one, other, more))
FROM (VALUES ('plain', 'child'), ('child', 'plain')) AS t (one, other),
	(VALUES ('', 'ok'), ('; SELECT 1/count(*) FROM trust.tracked WHERE tab ~ ''child|plain'' '
		'AND state <> ''in force''', '22012')) AS m (more, expected);
SELECT is(sqlstate_of('SELECT trust_ledger.suspend_tracking(''child''); UPDATE plain SET id = 3'),
	'ok', 'no row of the child');
INSERT INTO child VALUES (1, 'c', 'w');
SELECT is(sqlstate_of('SELECT trust_ledger.suspend_tracking(''child''); UPDATE plain SET id = 3'),
	'55000', 'a row of the child');
SELECT trust_ledger.untrack_table(t) FROM unnest('{plain,child}'::regclass[]) AS t;
DROP TABLE child;

SELECT is(sqlstate_of(call, as_role), expected, format('%s by %s', call, as_role))
FROM (VALUES ('SELECT trust_ledger.suspend_tracking(''deal'')', 'none', 'ok'),
	('SELECT trust_ledger.suspend_tracking(''deal'')', 'stranger', '42501'),
	('SELECT trust_ledger.recorded_tracking(''deal'')', 'stranger', 'TL004'),
	('SELECT trust_ledger.suspend_tracking(''plain'')', 'none', '42704'),
	('SELECT trust_ledger.suspend_tracking(''part'')', 'none', '42809'),
	('SELECT trust_ledger.resume_tracking(''deal'')', 'none', '55000'),
	('SELECT trust_ledger.refuse_while_suspended()', 'none', '39P01')) AS c (call, as_role,
		expected);

SELECT trust_ledger.suspend_tracking('deal');
SELECT is((SELECT array_agg(DISTINCT state) FROM trust.tracked WHERE source = 'public.deal'),
	'{suspended}', 'trust.tracked says so');
ALTER TABLE deal RENAME TO renamed;
SELECT isnt_empty($$SELECT trust_ledger.track_table('renamed', '{"customer": "=account",
	"words": "=title"}')$$, 'another mapping ends the suspension');
SELECT is((SELECT array_agg(DISTINCT source || ' ' || state) FROM trust.tracked
	WHERE tab = 'public.renamed'), '{public.deal in force}', 'under the same source');

SELECT * FROM finish();
ROLLBACK;
