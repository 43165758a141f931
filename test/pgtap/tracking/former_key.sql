-- A tracked table gets another primary key: its promises are carried over, by track_table() and by
-- resume_tracking().
BEGIN;
CREATE EXTENSION pgtap;
CREATE EXTENSION trust_ledger;
SELECT plan(208);

\ir ../../helpers/calls.sql

CREATE ROLE maker;
CREATE ROLE stranger;
GRANT CREATE ON SCHEMA public TO maker, stranger;
SELECT trust_ledger.create_ledger();
SELECT trust_ledger.register_actor('anna', 'human');
SELECT trust_ledger.register_actor('crm', 'system', responsible => 'anna');
SELECT trust_ledger.register_actor('shop', 'system', responsible => 'anna');
SELECT trust_ledger.grant_access('maker', 'application');
SELECT trust_ledger.grant_access('stranger', 'application');

CREATE FUNCTION mapping(also jsonb DEFAULT '{}') RETURNS jsonb LANGUAGE sql AS $$
	SELECT '{"customer": "=account", "words": "=title", "actor": ":crm",
		"made_when": "status <> ''draft''", "kept_when": "status = ''done''"}'::jsonb || also
$$;
CREATE FUNCTION track(tab text, former_key text[] DEFAULT NULL, also jsonb DEFAULT '{}',
	dry_run boolean DEFAULT false)
RETURNS bigint LANGUAGE sql AS $$
	SELECT count(*)
	FROM trust_ledger.track_table(tab::regclass, mapping(also), dry_run, former_key => former_key)
$$;
-- Another primary key in place of the present one.
CREATE FUNCTION rekey(tab text, columns text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %1$s_pkey', tab);
	EXECUTE format('ALTER TABLE %s ADD PRIMARY KEY (%s)', tab, columns);
END
$$;
-- The promises of a table, with the words and the state of each, by their keys.
CREATE FUNCTION keys(tab text) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(format('%s%s %s %s', r.key, ':' || nullif(r.name, ''), p.words, p.state), ', '
		ORDER BY r.key COLLATE "C", r.name COLLATE "C")
	FROM trust.tracked_row r
	JOIN trust.current_promise p USING (customer, promise)
	WHERE r.source = 'public.' || tab AND NOT r.gone
$$;
-- What a query returns after statements; rolls them back.
CREATE FUNCTION after(doing text, query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	result text;
BEGIN
	EXECUTE doing;
	PERFORM trust_ledger.write_pending();
	EXECUTE query INTO result;
	RAISE SQLSTATE 'OK000';
EXCEPTION
	WHEN SQLSTATE 'OK000' THEN RETURN result;
	WHEN OTHERS THEN RETURN SQLSTATE;
END
$$;

CREATE TABLE deal (id int PRIMARY KEY, ref int UNIQUE NOT NULL, tenant text NOT NULL DEFAULT 't"1',
	account text, title text, status text, note text, UNIQUE (tenant, id));
SELECT track('deal');
-- 1 and 2 exchange their keys; 4 was settled, 5 deleted, and 6 promises nothing
INSERT INTO deal (id, ref, account, title, status)
VALUES (1, 2, 'b', 'one', 'sent'), (2, 1, 'a', 'two', 'sent'), (3, 3, 'a', 'three', 'sent'),
	(4, 40, 'a', 'four', 'done'), (5, 50, 'a', 'five', 'sent'), (6, 60, 'a', 'six', 'draft');
DELETE FROM deal WHERE id = 5;
SELECT trust_ledger.write_pending();
SELECT is(keys('deal'), '1 one open, 2 two open, 3 three open, 4 four kept', 'before');

-- ---- what track_table() refuses

SELECT is(error_text('SELECT rekey(''deal'', ''' || key || '''); SELECT track(''deal''' || call
	|| ')'), expected, concat_ws(' ', 'key', key, call))
FROM (VALUES
	('ref', '', '55000|primary key of tracked table public.deal has changed|The promises of its '
		'rows are recorded with the former key.|If columns of the table still have the former key '
		'of each row, add argument former_key => ''{id}''. Otherwise restore the former primary '
		'key, or track the table as another source: the promises then stay as they are.'),
	('ref', ', ''{id,ref}''', '22023|former_key must have as many columns as the former primary '
		'key|It has 2, and the former primary key had 1.|When the table was tracked, its primary '
		'key was {id}.'),
	('ref', ', ''{absent}''', '42703|column "absent" of table public.deal does not exist|Argument '
		'former_key must name columns that have the former primary key of each row.|Add such a '
		'column before the primary key is replaced.'),
	('ref', ', ''{ctid}''', '42703|column "ctid" of table public.deal does not exist|Argument '
		'former_key must name columns that have the former primary key of each row.|Add such a '
		'column before the primary key is replaced.'),
	('ref', ', ARRAY[NULL]', '42703|column "" of table public.deal does not exist|Argument '
		'former_key must name columns that have the former primary key of each row.|Add such a '
		'column before the primary key is replaced.'),
	('ref', ', ''{ref}''', '55000|no row of table public.deal has the former key 4|A promise is '
		'recorded for the row of that key.|Name the columns that have the former key, in its '
		'order.  If the row has been deleted, insert it again with that key, repeat the call, and '
		'delete it.'),
	('tenant, id', ', ''{}''', '22023|former_key must have as many columns as the former '
		'primary key|It has 0, and the former primary key had 1.|When the table was tracked, its '
		'primary key was {id}.'),
	('ref', ', ''{id}''', 'ok'), ('tenant, id', ', ''{id}''', 'ok'), ('id, ref', ', ''{id}''', 'ok')
	) AS c (key, call, expected);

SELECT is(sqlstate_of('SELECT rekey(''deal'', ''ref''); ' || doing
	|| '; SELECT track(''deal'', ''{id}'')'), expected, doing)
FROM (VALUES
	('ALTER TABLE deal ALTER id DROP NOT NULL; ALTER TABLE deal DISABLE TRIGGER ALL; '
		'UPDATE deal SET id = NULL WHERE id = 3', '55000'),
	('ALTER TABLE deal DISABLE TRIGGER ALL; DELETE FROM deal WHERE id = 4', '55000'),
	('ALTER TABLE deal DROP CONSTRAINT deal_tenant_id_key; ALTER TABLE deal DISABLE TRIGGER ALL; '
		'UPDATE deal SET id = 1 WHERE id = 6', '23505'),
	('ALTER TABLE deal ALTER id DROP NOT NULL; ALTER TABLE deal DISABLE TRIGGER ALL; '
		'UPDATE deal SET id = NULL WHERE id = 6', 'ok'),
	('ALTER TABLE deal DISABLE TRIGGER ALL; DELETE FROM deal WHERE id = 6', 'ok'),
	('SELECT trust_ledger.retire_actor(''crm'')', 'TL003'),
	('ALTER TABLE deal ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY; '
		'ALTER TABLE deal OWNER TO maker', '42501'),
	('ALTER TABLE deal OWNER TO maker; SET LOCAL ROLE maker', 'ok'),
	('ALTER TABLE deal OWNER TO maker; SET LOCAL ROLE stranger', '42501')) AS c (doing, expected);
SELECT is(sqlstate_of(format(call, 'deal')), expected, call)
FROM (VALUES
	('SELECT trust_ledger.read_former_keys(%L, ''{id}'')', 'ok'),
	('SELECT trust_ledger.read_former_keys(''pg_class'', ''{oid}'')', '55000'),
	('SELECT trust_ledger.read_former_keys(1, ''{oid}'')', '42P01'),
	('SET LOCAL ROLE stranger; SELECT trust_ledger.read_former_keys(%L, ''{id}'')', '42501'),
	('SET LOCAL ROLE stranger; SELECT trust_ledger.carry_over(%L, ''{id}'', NULL)', '42501'),
	('SELECT trust_ledger.carry_over(NULL, ''{id}'', NULL)', '22004'),
	('SELECT trust_ledger.carry_over(%L, NULL, NULL)', '22004'),
	('SELECT trust_ledger.carry_over(%L, ''{id}'', ''nobody'')', 'ok'),
	('SELECT rekey(%1$L, ''ref''); SELECT FROM trust_ledger.track_table(%1$L, mapping(), '
		'actor => ''nobody'', former_key => ''{id}'')', '42704'),
	('SELECT FROM trust_ledger.track_table(%L, mapping(), former_key => ''{id}'')', 'ok')
	) AS c (call, expected);

-- ---- what it carries over

SELECT is(after(doing || '; SELECT track(''deal'', ''{id}'')', 'SELECT keys(''deal'')'), expected,
	doing)
FROM (VALUES
	('SELECT rekey(''deal'', ''ref'')', '1 two open, 2 one open, 3 three open, 40 four kept'),
	('SELECT rekey(''deal'', ''tenant, id'')', '["t\"1","1"] one open, ["t\"1","2"] two open, '
		'["t\"1","3"] three open, ["t\"1","4"] four kept'),
	('SELECT rekey(''deal'', ''ref''); ALTER TABLE deal RENAME id TO former; '
		'ALTER TABLE deal RENAME note TO id; ALTER TABLE deal RENAME id TO note; '
		'ALTER TABLE deal RENAME former TO id',
		'1 two open, 2 one open, 3 three open, 40 four kept'),
	-- pending changes of the same transaction
	('INSERT INTO deal (id, ref, account, title, status) '
		'VALUES (7, 70, ''a'', ''seven'', ''sent''); '
		'UPDATE deal SET title = ''Three'' WHERE id = 3; DELETE FROM deal WHERE id = 1; '
		'SELECT rekey(''deal'', ''ref'')', '1 two open, 3 Three open, 40 four kept, 70 seven open'),
	('SELECT rekey(''deal'', ''ref''); SELECT track(''deal'', ''{id}'', dry_run => true)',
		'1 two open, 2 one open, 3 three open, 40 four kept')) AS c (doing, expected);
SELECT is(after('SELECT rekey(''deal'', ''ref''); '
	'SELECT track(''deal'', ''{id}'', dry_run => true)', query), expected, 'a dry run: ' || query)
FROM (VALUES
	('SELECT keys(''deal'')', '1 one open, 2 two open, 3 three open, 4 four kept'),
	('SELECT count(DISTINCT state) FROM trust.tracked WHERE state = ''altered''', '1'))
	AS c (query, expected);
SELECT is(sqlstate_of('SELECT rekey(''deal'', ''ref''); SELECT track(''deal'', ''{ref}'', '
	'dry_run => true)'), '55000', 'a dry run finds what would be refused');

SELECT is(after('SELECT rekey(''deal'', ''ref''); SELECT track(''deal'', ''{id}''); ' || doing,
	query), expected, doing || ': ' || query)
FROM (VALUES
	('SELECT 1', 'SELECT string_agg(DISTINCT state, '','') FROM trust.tracked', 'in force'),
	('SELECT 1', 'SELECT count(*) FROM trust_ledger.reconcile_table(''deal'')', '0'),
	('SELECT 1', 'SELECT count(*) FROM trust_ledger.verify()', '0'),
	('SELECT trust_ledger.rebuild(''a'')', 'SELECT keys(''deal'')',
		'1 two open, 2 one open, 3 three open, 40 four kept'),
	('UPDATE deal SET status = ''done'' WHERE id = 1', 'SELECT keys(''deal'')',
		'1 two open, 2 one kept, 3 three open, 40 four kept'),
	('UPDATE deal SET title = ''Two'' WHERE id = 2', 'SELECT keys(''deal'')',
		'1 Two open, 2 one open, 3 three open, 40 four kept'),
	('DELETE FROM deal WHERE id IN (1, 4)', 'SELECT keys(''deal'')', '1 two open, 3 three open'),
	('UPDATE deal SET ref = 41 WHERE id = 4', 'SELECT keys(''deal'')',
		'1 two open, 2 one open, 3 three open, 41 four kept'),
	('UPDATE deal SET status = ''sent'' WHERE id = 6', 'SELECT keys(''deal'')',
		'1 two open, 2 one open, 3 three open, 40 four kept, 60 six open'),
	('CALL trust_ledger.import_table(''deal'', in_one_transaction => true)',
		'SELECT keys(''deal'')', '1 two open, 2 one open, 3 three open, 40 four kept'),
	('ALTER TABLE deal DROP COLUMN id CASCADE', 'SELECT keys(''deal'')',
		'1 two open, 2 one open, 3 three open, 40 four kept'),
	('SELECT rekey(''deal'', ''id''); SELECT track(''deal'', ''{ref}'')', 'SELECT keys(''deal'')',
		'1 one open, 2 two open, 3 three open, 4 four kept'),
	('SELECT 1', 'SELECT description FROM trust.tracked_row r, trust_ledger.history(r.promise) '
		'WHERE key = ''2'' AND event = ''noted''', 'System "crm" (responsible: anna) added a note. '
		'Note: "The primary key of the row changed.". Recorded for a change of row 2 of '
		'public.deal.'),
	('SELECT 1', 'SELECT count(*) FROM trust.entry WHERE event = ''noted'' '
		'AND details ->> ''key'' IN (''3'', ''60'')', '0')) AS c (doing, query, expected);
SELECT is(after('SELECT rekey(''deal'', ''ref''); SELECT FROM trust_ledger.track_table(''deal'', '
	'mapping(), actor => ' || quote_nullable(actor) || ', former_key => ''{id}'')',
	'SELECT string_agg(DISTINCT actor, '','') FROM trust.entry WHERE details ->> ''key'' = ''40'''),
	expected, concat_ws(' ', 'actor', actor))
FROM (VALUES (NULL, 'crm'), ('shop', 'shop'), ('anna', 'anna')) AS c (actor, expected);

-- what an application does before it calls track_table() again is refused, or parked
SELECT is(sqlstate_of('SELECT rekey(''deal'', ''ref''); ' || doing), '55000', 'before: ' || doing)
FROM (VALUES ('UPDATE deal SET status = ''done'' WHERE id = 1'), ('DELETE FROM deal WHERE id = 1'),
	('INSERT INTO deal (id, ref, account, title, status) VALUES (8, 8, ''a'', ''w'', ''sent'')'),
	('CALL trust_ledger.import_table(''deal'', in_one_transaction => true)')) AS c (doing);

CREATE TABLE pending (LIKE deal INCLUDING ALL);
SELECT track('pending');
SELECT is(sqlstate_of(doing || 'SELECT rekey(''pending'', ''ref''); SELECT track(''pending'')'),
	expected, 'without former_key: ' || doing)
FROM (VALUES ('', 'ok'),
	('INSERT INTO pending (id, ref, account, title, status) '
		'VALUES (1, 2, ''a'', ''w'', ''sent''); ', '55000')) AS c (doing, expected);

-- ---- several promises of a row, and names that the mapping no longer has

CREATE TABLE several (id int PRIMARY KEY, ref uuid UNIQUE NOT NULL DEFAULT gen_random_uuid(),
	account text, title text, price text, status text);
SELECT count(*) FROM trust_ledger.track_table('several', '{"customer": "=account", "actor": ":crm",
	"promises": {"work": {"words": "=title"}, "price": {"words": "=price"}}}');
INSERT INTO several (id, ref, account, title, price)
SELECT n, ('00000000-0000-0000-0000-0000000000' || 90 + n)::uuid, 'several', 't' || n, 'p' || n
FROM generate_series(1, 2) AS n;
SELECT is(after('SELECT rekey(''several'', ''ref''); '
	'SELECT FROM trust_ledger.track_table(''several'', ' || quote_literal(mapping) ||
	', former_key => ''{id}'')', 'SELECT replace(keys(''several''), '
	'''00000000-0000-0000-0000-0000000000'', '''')'),
	'91:price p1 open, 91:work t1 open, 92:price p2 open, 92:work t2 open', mapping)
FROM (VALUES
	('{"customer": "=account", "actor": ":crm", "promises": {"work": {"words": "=title"}, '
		'"price": {"words": "=price"}}}'),
	('{"customer": "=account", "actor": ":crm", "promises": {"work": {"words": "=title"}}}'))
	AS c (mapping);

-- ---- a partitioned table, and more rows than are read at once

CREATE TABLE parted (id int, part int, ref int, account text, title text, status text,
	PRIMARY KEY (id, part)) PARTITION BY LIST (part);
CREATE TABLE part_1 PARTITION OF parted FOR VALUES IN (1);
CREATE TABLE part_2 (status text, ref int, title text, account text, part int NOT NULL,
	id int NOT NULL);
ALTER TABLE parted ATTACH PARTITION part_2 FOR VALUES IN (2);
SELECT track('parted');
INSERT INTO parted
SELECT n, 1 + n % 2, 2501 - n, 'parted ' || n % 7, 'title ' || n, 'sent'
FROM generate_series(1, 2500) AS n;
SELECT trust_ledger.write_pending();
SELECT rekey('parted', 'part, ref');
SELECT track('parted', '{id,part}');
SELECT is((SELECT count(*)
	FROM trust.tracked_row r
	JOIN trust.current_promise p USING (customer, promise)
	JOIN parted d ON format('["%s","%s"]', d.part, d.ref) = r.key
	WHERE r.source = 'public.parted' AND NOT r.gone AND p.words = d.title), 2500::bigint,
	'all promises of a partitioned table');
UPDATE parted SET status = 'done', part = 1 WHERE id IN (1, 2);
SELECT trust_ledger.write_pending();
SELECT is((SELECT count(*) FROM trust.current_promise
	WHERE customer ~ '^parted' AND state = 'kept'),
	2::bigint, 'its rows still move to other partitions');
SELECT is((SELECT count(*) FROM trust_ledger.reconcile_table('parted')), 0::bigint,
	'it agrees with the ledger');

-- ---- suspended, untracked, tracked as another source

SELECT is(after(doing, query), expected, doing)
FROM (VALUES
	('SELECT trust_ledger.suspend_tracking(''deal''); SELECT rekey(''deal'', ''ref''); '
		'SELECT trust_ledger.resume_tracking(''deal'')', 'SELECT 1', '55000'),
	('SELECT trust_ledger.suspend_tracking(''deal''); SELECT rekey(''deal'', ''ref''); '
		'SELECT trust_ledger.resume_tracking(''deal'', former_key => ''{ref}'')', 'SELECT 1',
		'55000'),
	('SELECT trust_ledger.suspend_tracking(''deal''); SELECT rekey(''deal'', ''ref''); '
		'ALTER TABLE deal RENAME id TO nr; '
		'SELECT trust_ledger.resume_tracking(''deal'', former_key => ''{nr}'')',
		'SELECT keys(''deal'')', '1 two open, 2 one open, 3 three open, 40 four kept'),
	('SELECT trust_ledger.suspend_tracking(''deal''); SELECT rekey(''deal'', ''ref''); '
		'SELECT trust_ledger.resume_tracking(''deal'', former_key => ''{id}'', actor => ''shop'')',
		'SELECT string_agg(DISTINCT state, '','') FROM trust.tracked', 'in force'),
	('SELECT trust_ledger.suspend_tracking(''deal''); SELECT rekey(''deal'', ''ref''); '
		'SELECT track(''deal'', ''{id}'')', 'SELECT keys(''deal'')',
		'1 two open, 2 one open, 3 three open, 40 four kept'),
	('SELECT trust_ledger.untrack_table(''deal''); SELECT rekey(''deal'', ''ref''); '
		'SELECT track(''deal'')', 'SELECT 1', '55000'),
	('SELECT trust_ledger.untrack_table(''deal''); SELECT rekey(''deal'', ''ref''); '
		'SELECT track(''deal'', ''{id}'')', 'SELECT keys(''deal'')',
		'1 two open, 2 one open, 3 three open, 40 four kept'),
	('SELECT trust_ledger.untrack_table(''deal''); SELECT track(''deal'')', 'SELECT keys(''deal'')',
		'1 one open, 2 two open, 3 three open, 4 four kept'),
	('SELECT trust_ledger.untrack_table(''deal''); SELECT rekey(''deal'', ''ref''); '
		'SELECT track(''deal'', also => ''{"source": ":new"}''); '
		'CALL trust_ledger.import_table(''deal'', in_one_transaction => true)',
		'SELECT keys(''deal'')', '1 one open, 2 two open, 3 three open, 4 four kept'))
	AS c (doing, query, expected);

-- ---- another type of a key column

CREATE TYPE mood AS ENUM ('good', 'bad');
CREATE DOMAIN short AS varchar(5);
CREATE TABLE keyed (i int, s text, v varchar(5), c char(5), u uuid, b boolean, n numeric, e mood,
	d short, t timestamptz, account text, title text);
-- How ALTER TABLE ends if the column is the key of a tracked table.
CREATE FUNCTION retyped(name text, command text, suspended boolean) RETURNS text
LANGUAGE sql AS $$
	SELECT sqlstate_of(format('ALTER TABLE keyed ADD PRIMARY KEY (%1$s); SELECT '
		'trust_ledger.track_table(''keyed'', ''{"customer": "=account", "words": "=title"}''); '
		'%2$s; ALTER TABLE keyed ALTER %1$s TYPE %3$s', name, CASE WHEN suspended
			THEN 'SELECT trust_ledger.suspend_tracking(''keyed'')' ELSE 'SELECT 1' END, command))
$$;
SELECT is(retyped(name, command, suspended), expected, concat_ws(' ', name, command,
	CASE WHEN suspended THEN 'suspended' END))
FROM (VALUES
	('i', 'bigint', 'ok'), ('i', 'bigint USING i', 'ok'), ('i', 'bigint USING i::bigint', 'ok'),
	('i', 'int', 'ok'), ('i', 'text', 'ok'), ('i', 'text USING i::text', 'ok'),
	('i', 'varchar', 'ok'), ('i', 'varchar(20)', '55000'),
	('i', 'varchar(2) USING i::varchar(2)', '55000'), ('i', 'numeric', '55000'),
	('i', 'oid USING i::oid', '55000'), ('i', 'text USING ''x'' || i', '55000'),
	('i', 'int USING i + 1', '55000'), ('i', 'int USING -i', '55000'),
	('i', 'int USING abs(i)', '55000'), ('i', 'int USING NULL', '55000'),
	('i', 'text USING title', '55000'), ('i', 'uuid USING gen_random_uuid()', '55000'),
	('i', 'text USING current_user', '55000'), ('i', 'int USING extract(year FROM now())', '55000'),
	('s', 'varchar', 'ok'), ('s', 'varchar(5)', '55000'), ('s', 'text USING trim(s)', '55000'),
	('s', 'text USING overlay(s PLACING ''x'' FROM 1)', '55000'),
	('s', 'text USING substring(s FROM 2)', '55000'), ('s', 'text USING normalize(s)', '55000'),
	('s', 'text USING s COLLATE "C"', '55000'), ('s', 'text USING s::char(2)::text', '55000'),
	('s', 'int USING s::int', '55000'), ('s', 'text USING s::int::text', '55000'),
	('s', 'uuid USING s::uuid', '55000'), ('s', 'char(9)', '55000'),
	('s', 'mood USING s::mood', '55000'),
	('v', 'varchar(9)', 'ok'), ('v', 'varchar(5)', 'ok'), ('v', 'varchar(4)', '55000'),
	('v', 'text', 'ok'), ('v', 'varchar', 'ok'), ('v', 'varchar(9) USING v::varchar(9)', 'ok'),
	('v', 'varchar(9) USING v::varchar(2)::varchar(9)', '55000'), ('v', 'short', 'ok'),
	('c', 'char(5)', 'ok'), ('c', 'char(9)', '55000'), ('c', 'text', '55000'),
	('u', 'text', 'ok'), ('u', 'uuid', 'ok'), ('u', 'uuid USING gen_random_uuid()', '55000'),
	('b', 'text', '55000'), ('n', 'numeric', 'ok'), ('n', 'int', '55000'),
	('n', 'numeric(9, 2)', '55000'), ('e', 'text', 'ok'), ('e', 'text USING e::text', 'ok'),
	('d', 'varchar(5)', 'ok'), ('d', 'varchar(4)', '55000'), ('d', 'text', 'ok'),
	('t', 'timestamptz(0)', '55000'), ('t', 'timestamp', '55000')) AS c (name, command, expected),
	unnest('{false,true}'::boolean[]) AS suspended;
-- PostgreSQL has SYSTEM_USER since version 16
SELECT ok(retyped('i', 'text USING system_user', false) IN ('55000', '42703'),
	'i text USING system_user');
-- and SET EXPRESSION since version 17
SELECT ok(sqlstate_of('CREATE TABLE computed (n int, id int GENERATED ALWAYS AS (n) STORED PRIMARY '
	'KEY, account text, title text); SELECT track(''computed'', also => ''{"made_when": "true", '
	'"kept_when": "false"}''); ALTER TABLE computed ALTER id SET EXPRESSION AS (-n)')
	IN ('55000', '42601'), 'SET EXPRESSION');
SELECT is(sqlstate_of('ALTER TABLE deal ' || command), expected, command)
FROM (VALUES
	('DROP CONSTRAINT deal_pkey, ALTER id TYPE int USING id + 1', '55000'),
	('DROP CONSTRAINT deal_pkey, ALTER id TYPE int USING id + 1, ADD PRIMARY KEY (ref)', '55000'),
	('ALTER ref TYPE text USING ''x'' || ref', 'ok'), ('ALTER title TYPE varchar(50)', 'ok'))
	AS c (command, expected);
SELECT is(sqlstate_of('ALTER TABLE parted ALTER id TYPE ' || command), expected,
	'id of parted: ' || command)
FROM (VALUES ('bigint', 'ok'), ('bigint USING id', 'ok'), ('bigint USING id::bigint', 'ok'),
	('int USING ref', 'ok')) AS c (command, expected);
SELECT is(sqlstate_of('ALTER TABLE parted ALTER ref TYPE ' || command), expected,
	'ref of parted: ' || command)
FROM (VALUES ('bigint', 'ok'), ('bigint USING ref', 'ok'), ('bigint USING ref::bigint', 'ok'),
	('int USING id', '55000')) AS c (command, expected);
SELECT is(error_text('ALTER TABLE deal ALTER id TYPE text USING ''x'' || id'),
	'55000|cannot change the type of column "id" in the primary key of tracked table public.deal|'
	'The promises of its rows are recorded with the text of their keys, which could change.|Add a '
	'column for the new key, make it the primary key, and call trust_ledger.track_table() with '
	'argument former_key.', 'the error');
CREATE TYPE typed AS (id varchar(5), account text, title text, status text);
CREATE TABLE of_type OF typed (PRIMARY KEY (id));
SELECT is(sqlstate_of('SELECT track(''of_type''); ALTER TYPE typed ALTER ATTRIBUTE ' || command
	|| ' CASCADE'), expected, 'typed: ' || command)
FROM (VALUES ('id TYPE text', 'ok'), ('title TYPE varchar(9)', 'ok'))
	AS c (command, expected);

SELECT * FROM finish();
ROLLBACK;
