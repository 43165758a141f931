-- rebuild() after damage that was done with the guards off: it restores what the entries say, and
-- nothing else. It refuses where the entries themselves were altered, and no function covers that
-- up.

BEGIN;
CREATE EXTENSION pgtap;
SELECT plan(700);
CREATE EXTENSION trust_ledger;
CREATE ROLE lisa;
SELECT trust_ledger.create_ledger();

-- ---- a ledger in which every column of a promise says something

SELECT trust_ledger.grant_access('postgres', 'import', reason => 'loads');
SELECT trust_ledger.grant_access('lisa', 'analyst');
SELECT trust_ledger.register_actor('anna', 'human', 'Anna', db_role => 'lisa',
	authority => '{"EUR": 5000}');
SELECT trust_ledger.register_actor('ben', 'human');
SELECT trust_ledger.register_actor('bot', 'ai', 'The bot', responsible => 'ben', model => 'm1');
SELECT trust_ledger.register_actor('carl', 'human', speaks_for => 'customer', customer => 'c');
SELECT trust_ledger.register_actor('gone', 'human', 'Gone');
SELECT trust_ledger.retire_actor('gone', successor => 'ben', reason => 'left');
SELECT trust_ledger.set_policy('all', evidence => 'asserted', back_within => '1 day',
	grace => '1 hour');
SELECT trust_ledger.set_policy('some', promiser => 'bot', promiser_kind => 'ai', kind => 'k',
	currency => 'EUR', least_value => 5, due_within => '9 days');
SELECT trust_ledger.drop_policy('some');
SELECT trust_ledger.set_ledger(zone => 'Europe/Berlin', context => '{"why": "moved"}');
CREATE TABLE deal (id bigint PRIMARY KEY, customer text, title text);
SELECT trust_ledger.track_table('deal', '{"customer": "=customer", "words": "=title"}');

\ir ../../helpers/named_promises.sql
INSERT INTO promised SELECT 'full', promise FROM trust_ledger.make_promise('c', 'It works.',
	promiser => 'bot', kind => 'k', due => '2099-01-01',
	value => 10.50, currency => 'EUR', purpose => 'To sell it.', drafted_by => 'bot',
		longest_pause => '1 day', actor => 'anna',
	context => '{"deal": 1}', idempotency_key => 'k1');
SELECT trust_ledger.back_promise(promise_named('full'), actor => 'anna');
SELECT trust_ledger.amend_promise(promise_named('full'), 'It will work.', due => '2099-02-02',
	actor => 'anna');
SELECT trust_ledger.back_promise(promise_named('full'), actor => 'anna');
SELECT trust_ledger.accept_promise(promise_named('full'), actor => 'carl');
SELECT trust_ledger.assess_promise(promise_named('full'), 'kept', purpose_met => true,
	reason => 'Seen.', actor => 'carl');
INSERT INTO promised SELECT 'waits', promise FROM trust_ledger.make_promise('c', 'Soon.',
	promiser => 'bot', drafted_by => 'bot', actor => 'bot', kind => 'z');
INSERT INTO promised SELECT 'released', promise FROM trust_ledger.make_promise('c', 'Never mind.',
	actor => 'ben');
SELECT trust_ledger.release_promise(promise_named('released'), actor => 'carl');
INSERT INTO promised SELECT 'eased', promise FROM trust_ledger.make_promise('c', 'By then.',
	actor => 'ben', occurred_at => now() - interval '9 days', due => now() + '1 day', kind => 'z');
SELECT trust_ledger.amend_promise(promise_named('eased'), kind => 'y', actor => 'ben');
SELECT trust_ledger.assess_promise(promise_named('eased'), 'broken', actor => 'carl');
SELECT trust_ledger.register_actor('carla', 'human', speaks_for => 'customer', customer => 'c');
SELECT trust_ledger.assess_promise(promise_named('eased'), 'kept', actor => 'carla');
INSERT INTO promised SELECT i::text, promise FROM generate_series(1, 5) AS i,
	trust_ledger.make_promise('c', 'Number ' || i, actor => 'ben', occurred_at => now() - i *
		interval '40 days');
SELECT trust_ledger.assess_promise(promise_named(i::text), CASE WHEN i % 2 = 0 THEN 'broken'
	ELSE 'kept' END, actor => 'ben', occurred_at => now() - i * interval '30 days')
FROM generate_series(1, 5) AS i;
INSERT INTO promised SELECT 'other', promise FROM trust_ledger.make_promise('d', 'Later.',
	actor => 'ben');
SELECT trust_ledger.assess_promise(promise_named('other'), 'partly_kept', actor => 'anna');
INSERT INTO promised SELECT which, (trust_ledger.make_promise('c', which, kind => 'z',
	due => '2099-01-01', longest_pause => '2 days', purpose => 'To see.', actor => 'ben')).promise
FROM unnest('{paused,admitted,unbacked,claimed,erased}'::text[]) AS which;
SELECT trust_ledger.pause_promise(promise_named('paused'), actor => 'ben');
SELECT trust_ledger.admit_breach(promise_named('admitted'), actor => 'ben'),
	trust_ledger.repair_breach(promise_named('admitted'), 'Made again.', actor => 'ben');
SELECT trust_ledger.withdraw_backing(promise_named('unbacked'), actor => 'ben'),
	trust_ledger.decline_promise(promise_named('unbacked'), actor => 'anna');
SELECT trust_ledger.accept_promise(promise_named('claimed'), relayed => true, actor => 'ben');
SELECT trust_ledger.erase_words(promise_named('erased'), 'They asked.');
SELECT trust_ledger.erase_words('', seq, 'They asked.') FROM trust.entry
	WHERE event = 'actor_retired' AND subject = 'gone';
SELECT is_empty('SELECT * FROM trust_ledger.verify()', 'the ledger is right');

-- ---- damage, and the result of rebuild()

-- Check constraints would prevent some of the damage.
SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname) FROM pg_constraint
WHERE connamespace = 'trust'::regnamespace AND contype = 'c' \gexec
-- The findings as 'part customer subject field', without the missing check constraints.
CREATE FUNCTION findings() RETURNS text[] LANGUAGE sql AS $$
	SELECT coalesce(array_agg(f ORDER BY f), '{}') FROM trust_ledger.verify() AS v,
		concat_ws(' ', part, customer,
			coalesce((SELECT name FROM promised p WHERE p.promise = v.promise), subject),
			field) AS f
	WHERE part <> 'table'
$$;
\ir ../../helpers/contents.sql
\ir ../../helpers/without_guards.sql

-- What verify() finds after the damage and other statements; and last the result of rebuild() of
-- each customer: how many rows it says it changed, what is still found, and whether all rows are as
-- before the damage. Or the SQLSTATE, and whether rows changed. Rolled back.
CREATE FUNCTION rebuilt(doing text, of_customers text[], before text DEFAULT 'SELECT 1') RETURNS
	text[] LANGUAGE plpgsql AS $$
DECLARE
	right_contents CONSTANT text := ledger_contents(false);
	found text[];
	damaged text;
	came text;
	entries bigint;
	changed jsonb := '[]';
	of_customer text;
	receipt trust_ledger.receipt;
BEGIN
	PERFORM without_guards(doing);
	EXECUTE before;
	found := findings();
	damaged := ledger_contents(false);
	SELECT count(*) INTO entries FROM trust.entry;
	BEGIN
		FOREACH of_customer IN ARRAY of_customers LOOP
			SELECT * INTO receipt FROM trust_ledger.rebuild(of_customer);
			changed := changed || (SELECT details -> 'rows_changed' FROM trust.entry
				WHERE customer = '' AND seq = receipt.seq AND hash = receipt.hash
					AND event = 'rebuilt' AND subject = of_customer);
		END LOOP;
		came := concat(changed, ' ', findings(), CASE WHEN ledger_contents(false) = right_contents
			THEN ' right' END,
			CASE WHEN (SELECT count(*) FROM trust.entry) <> entries + cardinality(of_customers)
				THEN ' entries' END);
	EXCEPTION WHEN OTHERS THEN
		came := concat(SQLSTATE, CASE WHEN ledger_contents(false) <> damaged THEN ' changed' END);
	END;
	RAISE SQLSTATE 'OK000';
EXCEPTION
	WHEN SQLSTATE 'OK000' THEN RETURN found || came;
END
$$;
SELECT is(rebuilt('SELECT 1', '{c,"",d}'), '{"[0, 0, 0] {} right"}',
	'nothing was damaged: nothing is changed');

\ir ../../helpers/other_value.sql
-- Every column with another value and with NULL, in the first row of that customer.
CREATE TABLE change AS
	SELECT tab, attname AS col, of_customer, value,
		format('FROM trust.%I WHERE %s AND %I::text IS DISTINCT FROM (%s)::text ORDER BY %s '
		'LIMIT 1', tab,
		CASE WHEN tab IN ('promise', 'entry') THEN format('customer = %L', of_customer) ELSE 'true'
			END, attname, value, key) AS in_row
	FROM (VALUES ('promise', 'promise', 'c'), ('entry', 'seq', 'c'), ('entry', 'seq', ''),
		('actor', 'actor', ''), ('policy', 'policy', ''), ('access', 'role', ''),
		('tracking', 'source', ''),
			('ledger', 'ledger', '')) AS t (tab, key, of_customer)
		JOIN pg_attribute ON attrelid = ('trust.' || tab)::regclass AND attnum > 0,
		LATERAL (SELECT other_value(attname, atttypid) UNION ALL SELECT 'NULL' WHERE NOT attnotnull)
			AS v (value)
	WHERE tab = 'entry' OR attname NOT IN (key, 'customer') OR tab = 'actor'
		AND attname = 'customer';
SELECT is_empty('SELECT * FROM change WHERE value IS NULL', 'each column has another value');
CREATE FUNCTION found_row(in_row text) RETURNS tid LANGUAGE plpgsql AS $$
DECLARE
	id tid;
BEGIN
	EXECUTE 'SELECT ctid ' || in_row INTO id;
	RETURN id;
END
$$;
ALTER TABLE change ADD COLUMN doing text;
UPDATE change SET doing = format('UPDATE trust.%I SET %I = %s WHERE ctid = (SELECT ctid %s)', tab,
	col, value, in_row) WHERE found_row(in_row) IS NOT NULL;
SELECT is_empty('SELECT tab, col, value FROM change GROUP BY 1, 2, 3 HAVING count(doing) = 0',
	'and a row to take it');
DELETE FROM change WHERE doing IS NULL;

-- ---- repaired: what entries add up to

SELECT is(ARRAY[substring(r[1] from ' ([a-z_]+)$'), r[2], r[3]], ARRAY[col::text, '[1] {} right',
	NULL], concat_ws(' ', tab, of_customer, col, '=', value))
FROM change, rebuilt(doing, ARRAY[of_customer]) AS r
WHERE tab <> 'entry' AND NOT (tab = 'ledger' AND col IN ('table_format', 'zone', 'weights'));

SELECT is(rebuilt(doing, of_customers), found || (came || ' {} right'),
	regexp_replace(doing, '\s+', ' ', 'g'))
FROM (VALUES
	-- promises
	('DELETE FROM trust.promise WHERE promise = promise_named(''full'')', '{c}'::text[],
		'{promise c full}'::text[], '[1]'),
	('DELETE FROM trust.promise WHERE customer = ''d''', '{d}', '{promise d other}', '[1]'),
	('UPDATE trust.promise SET state = ''kept'' WHERE promise IN (promise_named(''1''), '
		'promise_named(''2''), promise_named(''3''), promise_named(''other''))', '{c,d}',
		'{promise c 2 state,promise d other state}', '[1, 1]'),
	($$INSERT INTO trust.promise
		SELECT (jsonb_populate_record(p, '{"promise": "00000000-0000-7000-8000-000000000000"}')).*
		FROM trust.promise p WHERE promise = promise_named('full')$$,
		'{c}', '{promise c}', '[1]'),
	('UPDATE trust.promise SET promise = ''00000000-0000-7000-8000-000000000000'' WHERE promise '
		'= promise_named(''1'')', '{c}', '{promise c,promise c 1}', '[2]'),
	('UPDATE trust.promise SET customer = ''d'' WHERE promise = promise_named(''1'')', '{c,d}',
		'{promise c 1,promise d 1}', '[1, 1]'),
	('UPDATE trust.promise SET customer = ''d'' WHERE promise = promise_named(''1'')', '{d,c}',
		'{promise c 1,promise d 1}', '[1, 1]'),
	-- all at once, some rows in more than one column
	('UPDATE trust.promise SET words = NULL, weight_kept = 1000, settled_at = now(), last_seq = 1, '
		'terms_seq = 99 WHERE promise = promise_named(''2''); DELETE FROM trust.promise '
		'WHERE promise = promise_named(''3'');
		UPDATE trust.chain SET score = ''empty''', '{c,d}',
		'{chain c score,chain d score,promise c 2 last_seq,promise c 2 settled_at,promise c 2 '
			'terms_seq,promise c 2 weight_kept,promise c 2 words,promise c 3}', '[3, 1]'),
	-- governance
	('DELETE FROM trust.actor WHERE actor = ''ben''', '{""}', '{actor  ben}', '[1]'),
	('DELETE FROM trust.policy', '{""}', '{policy  all,policy  some}', '[2]'),
	('DELETE FROM trust.actor', '{""}',
		'{actor  anna,actor  ben,actor  bot,actor  carl,actor  carla,actor  gone}', '[6]'),
	('DELETE FROM trust.access WHERE role = ''lisa''', '{""}', '{access  lisa}', '[1]'),
	('UPDATE trust.actor SET actor = ''zoe'' WHERE actor = ''ben''', '{""}',
		'{actor  ben,actor  zoe}', '[2]'),
	('UPDATE trust.policy SET policy = ''all2'' WHERE policy = ''all''', '{""}',
		'{policy  all,policy  all2}', '[2]'),
	($$INSERT INTO trust.actor SELECT (jsonb_populate_record(a, '{"actor": "it''s \"me\""}')).*
		FROM trust.actor a WHERE actor = 'ben'$$, '{""}', '{"actor  it''s \"me\""}', '[1]'),
	('INSERT INTO trust.access VALUES (''public'', ''{admin}'', 1)', '{""}', '{access  public}',
		'[1]'),
	('UPDATE trust.actor SET kind = ''ai'', active = false WHERE actor IN (''ben'', ''bot''); '
		'UPDATE trust.policy SET active = false; DELETE FROM trust.access WHERE role = ''lisa''',
		'{c,""}',
		'{access  lisa,actor  ben active,actor  ben kind,actor  bot active,policy  all active}',
			'[0, 4]')) AS c (doing, of_customers, found, came);

-- Scores: higher, lower, empty, with another half-life or instant, or beyond rounding.
SELECT is(rebuilt(format('UPDATE trust.chain SET score = %s WHERE customer = ''c''', score), '{c}'),
	'{chain c score,"[1] {} right"}', 'score = ' || score)
FROM unnest(ARRAY['trust_ledger.fuse(score, score)', '''empty''',
	'trust_ledger.trust_score(0, 0, trust_ledger.as_of(score), trust_ledger.half_life(score))',
	'trust_ledger.trust_score(trust_ledger.kept(score), trust_ledger.broken(score), '
		'trust_ledger.as_of(score), ''1 day'')',
	'trust_ledger.trust_score(trust_ledger.kept(score), trust_ledger.broken(score), '
		'trust_ledger.as_of(score) - interval ''1 microsecond'', trust_ledger.half_life(score))',
	'trust_ledger.decay(score, trust_ledger.as_of(score) + interval ''1 day'')',
		'(SELECT score FROM trust.chain WHERE customer = ''d'')',
	'trust_ledger.trust_score(trust_ledger.kept(score) + 1e-7, trust_ledger.broken(score), '
		'trust_ledger.as_of(score), trust_ledger.half_life(score))',
	'trust_ledger.trust_score(trust_ledger.kept(score), trust_ledger.broken(score) - 1e-7, '
		'trust_ledger.as_of(score), trust_ledger.half_life(score))']) AS score;
SELECT is(rebuilt('ALTER TABLE trust.chain ALTER score DROP NOT NULL; UPDATE trust.chain '
	'SET score = NULL WHERE customer = ''c''', '{c}'), '{chain c score,"[1] {} right"}',
	'score = NULL');
SELECT is(rebuilt('UPDATE trust.chain SET score = trust_ledger.fuse(score, '
	'trust_ledger.trust_score(1e-14, 0, trust_ledger.as_of(score), trust_ledger.half_life(score))) '
	'WHERE customer = ''c''', '{c}'),
	'{"[0] {} right"}', 'rounding is no damage');

-- rebuild() of a customer needs only that customer's entries, and changes nothing of another's.
SELECT is(rebuilt(doing, of_customers), expected, format('%s, rebuild of %s', doing, of_customers))
FROM (VALUES
	('DELETE FROM trust.promise WHERE promise IN (promise_named(''1''), promise_named(''other''))',
		'{d}'::text[], '{promise c 1,promise d other,"[1] {\"promise c 1\"}"}'::text[]),
	('DELETE FROM trust.promise WHERE promise = promise_named(''1''); UPDATE trust.actor '
		'SET name = ''x'' WHERE actor = ''ben''', '{""}',
		'{actor  ben name,promise c 1,"[1] {\"promise c 1\"}"}'),
	('DELETE FROM trust.promise WHERE promise = promise_named(''1''); UPDATE trust.actor '
		'SET name = ''x'' WHERE actor = ''ben''', '{c}',
		'{actor  ben name,promise c 1,"[1] {\"actor  ben name\"}"}'),
	('DELETE FROM trust.promise WHERE promise = promise_named(''1''); UPDATE trust.entry '
		'SET login = ''x'' WHERE customer = ''d''', '{c}',
		'{entry d other hash,entry d other hash,promise c 1,"[1] {\"entry d other hash\",\"entry d '
			'other hash\"}"}')) AS c (doing, of_customers, expected);

-- The actor who rebuilds may be among the damage: the entry says of them what governance says.
SELECT is((SELECT array_agg(f)
	FROM unnest(rebuilt(format('UPDATE trust.actor SET %s WHERE actor = ''ben''', damage),
	'{""}', 'SELECT trust_ledger.act_as(''ben'')')) AS f WHERE f !~ '^actor  ben'),
	'{"[1] {} right"}', 'rebuilt by ben, after ' || damage)
FROM unnest('{kind = ''system'',speaks_for = ''record'',responsible = ''anna'',seq = seq - '
	'1}'::text[]) AS damage;

-- ---- refused: entries or chain were altered. Other damage stays.

CREATE FUNCTION refused(doing text, of_customer text) RETURNS text LANGUAGE sql AS $$
	SELECT r[cardinality(r)] FROM rebuilt(doing || CASE of_customer WHEN ''
		THEN '; UPDATE trust.actor SET name = ''x'' WHERE actor = ''anna'''
		ELSE '; UPDATE trust.promise SET weight_kept = 1; DELETE FROM trust.promise WHERE promise '
			'= promise_named(''waits''); UPDATE trust.chain SET score = ''empty''' END,
			ARRAY[of_customer]) AS r
$$;
SELECT is(refused(doing, of_customer), 'TL006', concat_ws(' ', tab, of_customer, col, '=', value))
FROM change WHERE tab = 'entry';
CREATE TABLE forgery (of_customer text, doing text);
INSERT INTO forgery VALUES
	('c', 'DELETE FROM trust.entry WHERE customer = ''c'' AND seq = 1'),
	('c', 'DELETE FROM trust.entry WHERE customer = ''c'' AND seq = 4'),
	('c', 'DELETE FROM trust.entry WHERE customer = ''c'' AND seq = (SELECT length '
		'FROM trust.chain WHERE customer = ''c'')'),
	('c', 'DELETE FROM trust.entry WHERE customer = ''c'''),
	('c', 'UPDATE trust.chain SET length = length - 1'),
	('c', 'UPDATE trust.chain SET length = length + 1'), ('c', 'UPDATE trust.chain SET length = 0'),
	('c', 'UPDATE trust.chain SET head = sha256(head)'),
	('c', 'UPDATE trust.chain SET head = (SELECT prev_hash FROM trust.entry e WHERE e.customer '
		'= chain.customer AND e.hash = head)'),
	('c', 'UPDATE trust.chain SET head = ''\x00'''),
	('c', 'UPDATE trust.chain SET recorded_at = recorded_at - interval ''1 second'''),
	('c', 'DELETE FROM trust.chain WHERE customer = ''c'''),
	('c', 'UPDATE trust.chain SET customer = ''x'' WHERE customer = ''c'''),
	('c', 'DELETE FROM trust.entry WHERE customer = ''c'' AND seq = (SELECT length '
		'FROM trust.chain WHERE customer = ''c''); UPDATE trust.chain SET length = length - 1'),
	('c', 'UPDATE trust.entry SET words = NULL, words_salt = NULL WHERE customer = ''c'' '
		'AND seq = 1'),
	('c', 'UPDATE trust.entry SET words = ''It never worked.'' WHERE customer = ''c'' AND seq = 1'),
	('c', 'UPDATE trust.entry SET seq = seq + 1000 WHERE customer = ''c''; UPDATE trust.entry '
		'SET seq = CASE seq WHEN 1003 THEN 4 WHEN 1004 THEN 3 ELSE seq - 1000 END WHERE customer '
		'= ''c'''),
	('c', $$INSERT INTO trust.entry SELECT (jsonb_populate_record(e, jsonb_build_object('seq',
		length + 1, 'idempotency_key', NULL))).* FROM trust.entry e, trust.chain c
		WHERE e.customer = 'c' AND e.seq = 6 AND c.customer = 'c'$$),
	('c', 'UPDATE trust.ledger SET ledger = gen_random_uuid()'),
	('x', 'UPDATE trust.promise SET customer = ''x'' WHERE promise = promise_named(''1'')'),
	('', 'UPDATE trust.ledger SET ledger = gen_random_uuid()'),
	('', 'DELETE FROM trust.entry WHERE customer = '''' AND seq = 1'),
	('', 'DELETE FROM trust.entry WHERE customer = '''' AND subject = ''ben'''),
	('', 'DELETE FROM trust.entry WHERE customer = '''' AND event = ''ledger_set'''),
	('', 'UPDATE trust.chain SET length = length + 1'),
	('', 'UPDATE trust.chain SET head = sha256(head)'),
	('', 'UPDATE trust.entry SET event = ''actor_promoted'' WHERE customer = '''' '
		'AND event = ''actor_retired'''),
	('', 'UPDATE trust.entry SET details = details || ''{"levels": ["admin"]}'' WHERE subject '
		'= ''lisa''');
SELECT is(refused(doing, of_customer), 'TL006', concat_ws(' ', regexp_replace(doing, '\s+', ' ',
	'g'), of_customer)) FROM forgery;

SELECT is(refused('ALTER TABLE trust.promise DROP CONSTRAINT promise_pkey; '
	'INSERT INTO trust.promise SELECT * FROM trust.promise WHERE promise = promise_named(''1'')',
	'c'), 'TL006',
	'a promise is there twice');

-- Settings that no function can work with are not repaired, either.
SELECT matches(refused(doing, of_customer), '^(55000|22023|TL006)$', format('%s, rebuild(%L)',
	doing, of_customer))
FROM unnest(ARRAY['DELETE FROM trust.ledger', 'UPDATE trust.ledger SET table_format = 3',
	'UPDATE trust.ledger SET zone = ''x''', 'UPDATE trust.ledger SET weights = ''{}''']) AS doing,
	unnest('{c,""}'::text[]) AS of_customer;

-- No function makes a failed check pass.
CREATE FUNCTION left_after_all_calls(doing text) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
	call text;
	found text[];
BEGIN
	PERFORM without_guards(doing);
	FOREACH call IN ARRAY ARRAY[
		'trust_ledger.rebuild(''c'')', 'trust_ledger.rebuild('''')',
			'trust_ledger.migrate_ledger()', 'trust_ledger.verify()',
		'trust_ledger.make_promise(''c'', ''w'', actor => ''ben'')',
			'trust_ledger.assess_promise(promise_named(''1''), ''broken'', actor => ''carl'')',
		'trust_ledger.amend_promise(promise_named(''waits''), ''Now.'', actor => ''ben'')',
			'trust_ledger.back_promise(promise_named(''waits''), actor => ''anna'')',
		'trust_ledger.register_actor(''ben'', ''human'')',
			'trust_ledger.set_policy(''all'', evidence => ''session'')',
			'trust_ledger.grant_access(''lisa'', ''auditor'')',
		'trust_ledger.set_ledger(lag => ''2 days'')', 'trust_ledger.create_ledger()',
			'trust_ledger.found_ledger()', 'trust_ledger.rebuild(''c'')',
			'trust_ledger.rebuild('''')']
	LOOP
		BEGIN
			EXECUTE 'SELECT ' || call;
		EXCEPTION WHEN OTHERS THEN
			-- refused, which is right too
		END;
	END LOOP;
	found := findings();
	RAISE SQLSTATE 'OK000';
EXCEPTION
	WHEN SQLSTATE 'OK000' THEN RETURN found;
END
$$;
SELECT is(left_after_all_calls('SELECT 1'),
	'{}', 'nothing was damaged: after all calls nothing is found');
SELECT isnt(left_after_all_calls(doing), '{}', 'still found after all calls: '
	|| regexp_replace(doing, '\s+', ' ', 'g'))
FROM (SELECT doing FROM forgery WHERE doing !~ 'recorded_at'
	UNION ALL SELECT doing FROM change WHERE tab = 'entry' AND value <> 'NULL' AND col IN
		('customer', 'promise', 'weight_kept', 'details', 'words', 'hash')) AS d;

-- ---- whose call it is, and what it leaves

\ir ../../helpers/calls.sql
SELECT is(sqlstate_of(format('SELECT trust_ledger.grant_access(''lisa'', %L); SET LOCAL ROLE lisa; '
	'SELECT trust_ledger.rebuild(%L)', level, of_customer)),
	CASE level WHEN 'admin' THEN 'ok' ELSE 'TL004' END, format('rebuild(%L) with level %s',
		of_customer, level))
FROM unnest('{application,analyst,auditor,import,admin}'::text[]) AS level,
	unnest('{c,""}'::text[]) AS of_customer;
SELECT is(sqlstate_of(format('SELECT without_guards(%L); SET LOCAL ROLE lisa; '
	'SELECT trust_ledger.rebuild('''')', doing)), 'TL004', 'nor does a planted level help: '
	|| doing)
FROM unnest(ARRAY['UPDATE trust.access SET levels = ''{admin}'' WHERE role = ''lisa''',
	'DELETE FROM trust.access WHERE role = ''lisa''; INSERT INTO trust.access '
	'VALUES (''lisa'', ''{analyst,admin}'', 3)']) AS doing;
SELECT is(sqlstate_of(call), expected, call)
FROM (VALUES
	('SELECT trust_ledger.rebuild(NULL)', '22004'),
	('SELECT trust_ledger.rebuild(''nobody'')', 'P0002'),
	('SELECT trust_ledger.rebuild(''C'')', 'P0002'),
	('SELECT trust_ledger.rebuild(''c'', actor => ''nobody'')', '42704'),
	('SELECT trust_ledger.rebuild(''c'', actor => ''gone'')', 'TL003'),
	('SELECT trust_ledger.rebuild(''c'', occurred_at => now() + interval ''1 day'')', '22008'),
	('SELECT trust_ledger.rebuild(''c'', idempotency_key => '''')', '22023')) AS c (call, expected);
SELECT set_eq('SELECT customer FROM trust.chain', $$VALUES (''), ('c'), ('d')$$,
	'refused, it makes no chain');

SELECT without_guards('UPDATE trust.promise SET state = ''kept'' WHERE promise '
	'= promise_named(''2'')');
CREATE TABLE receipts AS SELECT r FROM trust_ledger.rebuild('c', 'After the audit.', 'anna',
	context => '{"ticket": 7}', idempotency_key => 'once') AS r;
SELECT results_eq($$SELECT event COLLATE "default", subject COLLATE "default", details,
	actor COLLATE "default", note, context, promise, state COLLATE "default", seq = (r).seq,
	(r).customer
	FROM receipts JOIN trust.entry ON customer = '' AND hash = (r).hash$$,
	$$VALUES ('rebuilt', 'c', '{"rows_changed": 1}'::jsonb, 'anna', 'After the $$ ||
		$$audit.', '{"ticket": 7}'::jsonb, NULL::uuid, NULL, true, '')$$, 'what its entry says');
SELECT without_guards('UPDATE trust.promise SET state = ''kept'' WHERE promise '
	'= promise_named(''2'')');
SELECT results_eq($$SELECT (r).* FROM trust_ledger.rebuild('c', 'After the audit.', 'anna',
	context => '{"ticket": 7}', idempotency_key => 'once') AS r$$,
	'SELECT (r).* FROM receipts', 'a retry gives the receipt');
SELECT is(findings(), '{promise c 2 state}', 'and does nothing');
SELECT is(sqlstate_of($$SELECT trust_ledger.rebuild('d', 'After the audit.', 'anna',
	context => '{"ticket": 7}', idempotency_key => 'once')$$),
	'TL005', 'another call under the key');
SELECT trust_ledger.rebuild('c');
SELECT is(findings(), '{}', 'a new one does');

-- rebuild() sees the writes of its own transaction; a rebuilt promise can be changed further.
SELECT is(rebuilt('UPDATE trust.promise SET due_moves = 9, accepted_at = NULL, '
	'state = ''proposed'' WHERE promise = promise_named(''waits''); UPDATE trust.chain '
	'SET score = ''empty'' WHERE customer = ''c''', '{c}', $$
	SELECT trust_ledger.back_promise(promise_named('waits'), actor => 'ben'),
		trust_ledger.accept_promise(promise_named('waits'), actor => 'carl'),
		trust_ledger.assess_promise(promise_named('3'), 'broken', actor => 'carl'),
			trust_ledger.make_promise('c', 'Another.', actor => 'anna') $$),
	'{chain c score,promise c waits due_moves,"[2] {}"}', 'after writes in the same transaction');
SELECT without_guards('DELETE FROM trust.promise WHERE promise = promise_named(''4''); '
	'UPDATE trust.promise SET state = ''open'' WHERE promise = promise_named(''5'')');
SELECT trust_ledger.rebuild('c');
SELECT is((trust_ledger.assess_promise(promise_named('4'), 'kept', actor => 'carl')).state, 'kept',
	'the customer gives a verdict on a promise that was rebuilt');
SELECT is(sqlstate_of('SELECT trust_ledger.withdraw_promise(promise_named(''5''), '
	'actor => ''ben'')'), 'TL001', 'and one that was opened by hand is what it was');

-- A new half-life is no damage; rebuild() uses it.
SELECT trust_ledger.set_ledger(half_life => '10 days');
SELECT is(findings(), '{}', 'a new half-life');
SELECT trust_ledger.rebuild('c');
SELECT is(trust_ledger.half_life(score), '10 days', 'which a rebuilt score has') FROM trust.chain
	WHERE customer = 'c';
SELECT is(findings(), '{}', 'and is right');

-- ---- no way past the guards

CREATE TABLE by_hand AS SELECT sql FROM unnest(ARRAY['UPDATE trust.promise SET state = ''kept''',
	'UPDATE trust.promise SET last_seq = last_seq', 'DELETE FROM trust.promise',
	'UPDATE trust.chain SET score = ''empty''', 'UPDATE trust.chain SET length = length',
		'DELETE FROM trust.chain', 'UPDATE trust.actor SET seq = seq', 'DELETE FROM trust.actor',
	'DELETE FROM trust.policy', 'DELETE FROM trust.access', 'DELETE FROM trust.ledger',
		'DELETE FROM trust.entry',
	'INSERT INTO trust.promise SELECT (jsonb_populate_record(p, ''{"customer": "new"}'')).* '
		'FROM trust.promise p WHERE promise = promise_named(''2'')']) AS sql;
-- The outcome of rebuild() after damage, also if a trigger makes it fail before the guard fires,
-- and the outcome of a statement that follows. Rolled back.
CREATE FUNCTION fails() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE SQLSTATE ''FAIL0''; END';
CREATE FUNCTION past_guards(tab text, doing text, of_customer text, fails boolean, sql text) RETURNS
	text LANGUAGE plpgsql AS $$
DECLARE
	came text := 'rebuilt';
BEGIN
	PERFORM without_guards(doing);
	IF fails THEN
		EXECUTE format('CREATE TRIGGER a BEFORE INSERT OR UPDATE OR DELETE ON trust.%I '
			'FOR EACH ROW EXECUTE FUNCTION fails()', tab);
		BEGIN
			PERFORM trust_ledger.rebuild(of_customer);
		EXCEPTION WHEN OTHERS THEN
			came := SQLSTATE;
		END;
		EXECUTE format('DROP TRIGGER a ON trust.%I', tab);
	ELSE
		PERFORM trust_ledger.rebuild(of_customer);
	END IF;
	EXECUTE sql;
	RAISE SQLSTATE 'OK000';
EXCEPTION
	WHEN OTHERS THEN RETURN concat(came, ', ', SQLSTATE);
END
$$;
SELECT is(past_guards(tab, doing, of_customer, fails, sql), CASE WHEN fails THEN 'FAIL0'
	ELSE 'rebuilt' END || ', TL006',
	format('%s, a rebuild%s, %s', doing, CASE WHEN fails THEN ' that fails' END, sql))
FROM by_hand, unnest('{f,t}'::boolean[]) AS fails, (VALUES
	('promise', 'DELETE FROM trust.promise WHERE promise = promise_named(''1'')', 'c'),
	('promise', 'UPDATE trust.promise SET words = ''x'' WHERE promise = promise_named(''1'')', 'c'),
	('promise', 'UPDATE trust.promise SET promise = gen_random_uuid() WHERE promise '
		'= promise_named(''1'')', 'c'),
	('chain', 'UPDATE trust.chain SET score = ''empty'' WHERE customer = ''d''', 'd'),
	('actor', 'UPDATE trust.actor SET name = ''x'' WHERE actor = ''ben''', ''),
	('actor', 'UPDATE trust.actor SET actor = ''zoe'' WHERE actor = ''ben''', '')) AS c (tab, doing,
		of_customer);

-- A planted trigger that writes another row while one is rebuilt: before the guard fires, after it,
-- or after the row; with the row itself or without it.
CREATE FUNCTION planted(trigger text, tab text, action text, keeps boolean, swallows boolean)
	RETURNS text LANGUAGE sql AS $$
	SELECT format('CREATE FUNCTION evil() RETURNS trigger LANGUAGE plpgsql AS %L; '
		'CREATE TRIGGER %s INSERT OR UPDATE OR DELETE ON trust.%I FOR EACH ROW '
		'EXECUTE FUNCTION evil()',
		format('BEGIN IF pg_trigger_depth() = 1 THEN %s; %s END IF; RETURN CASE TG_OP '
			'WHEN ''DELETE'' THEN OLD ELSE NEW END; END',
			CASE WHEN swallows THEN format('BEGIN %s; EXCEPTION WHEN OTHERS THEN END', action)
				ELSE action END,
			CASE WHEN NOT keeps THEN 'RETURN NULL;' END),
		format(trigger, tab), tab)
$$;
SELECT is(r[cardinality(r)], CASE WHEN swallows AND trigger ~ '^z'
	THEN format('[1] {"guard %s z"} right', tab) WHEN swallows AND trigger ~ 'AFTER'
	THEN '[1] {} right' ELSE 'TL006' END,
	concat_ws(', ', doing, trigger, action, CASE WHEN NOT keeps THEN 'row not kept' END, CASE
		WHEN swallows THEN 'error swallowed' END))
FROM (VALUES
	('promise', 'UPDATE trust.promise SET words = ''x'' WHERE promise = promise_named(''1'')', 'c',
		'UPDATE trust.promise SET words = ''y'', last_seq = NEW.last_seq WHERE promise '
		'= public.promise_named(''2'')'),
	('promise', 'UPDATE trust.promise SET words = ''x'' WHERE promise = promise_named(''1'')', 'c',
		'DELETE FROM trust.promise WHERE promise = public.promise_named(''2'')'),
	('promise', 'DELETE FROM trust.promise WHERE promise = promise_named(''1'')', 'c',
		'UPDATE trust.promise SET words = ''y'', last_seq = NEW.last_seq WHERE promise '
		'= public.promise_named(''2'')'),
	('promise', 'INSERT INTO trust.promise SELECT (jsonb_populate_record(p, ''{"promise": '
		'"00000000-0000-7000-8000-000000000000"}'')).* FROM trust.promise p WHERE promise '
		'= promise_named(''1'')', 'c',
		'DELETE FROM trust.promise WHERE promise = public.promise_named(''2'')'),
	('chain', 'UPDATE trust.chain SET score = ''empty'' WHERE customer = ''c''', 'c',
		'DELETE FROM trust.chain WHERE customer = ''d'''),
	('chain', 'UPDATE trust.chain SET score = ''empty'' WHERE customer = ''c''', 'c',
		'UPDATE trust.chain SET length = NEW.length, head = NEW.head, score = ''empty'' '
		'WHERE customer = ''d'''),
	('access', 'INSERT INTO trust.access VALUES (''public'', ''{admin}'', 1)', '',
		'DELETE FROM trust.actor WHERE actor = ''ben'''),
	('actor', 'INSERT INTO trust.actor SELECT (jsonb_populate_record(a, ''{"actor": "zoe"}'')).* '
		'FROM trust.actor a WHERE actor = ''ben''', '',
		'DELETE FROM trust.actor WHERE actor = ''ben'''),
	('actor', 'DELETE FROM trust.actor WHERE actor = ''ben''', '',
		'UPDATE trust.actor SET kind = ''ai'', seq = NEW.seq WHERE actor = ''anna'''),
	('policy', 'UPDATE trust.policy SET grace = ''9 days'' WHERE policy = ''all''', '',
		'DELETE FROM trust.policy WHERE policy = ''some''')) AS c (tab, doing, of_customer, action),
	unnest('{a BEFORE,z BEFORE,a AFTER}'::text[]) AS trigger, unnest('{t,f}'::boolean[]) AS keeps,
		unnest('{f,t}'::boolean[]) AS swallows,
	rebuilt(doing, ARRAY[of_customer], planted(trigger, tab, action, keeps, swallows)) AS r
WHERE keeps OR trigger = 'a BEFORE' AND NOT swallows;
SELECT is(findings(), '{}', 'nothing of all that stayed');

-- The error names the first problem, whatever follows.
SELECT trust_ledger.make_promise('long', repeat('words ', 400) || i, actor => 'ben')
	FROM generate_series(1, 9) AS i;
SAVEPOINT long;
SELECT without_guards('UPDATE trust.entry SET login = ''z'' WHERE customer = ''long'' AND seq = 3');
SELECT detail FROM error_of('SELECT trust_ledger.rebuild(''long'')') \gset
ROLLBACK TO long;
SELECT is(:'detail'::text,
	'entry 3, hash does not match the entry: one of its columns was altered.',
	'what is wrong first');

SELECT * FROM finish();
ROLLBACK;
