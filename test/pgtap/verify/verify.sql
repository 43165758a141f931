-- verify() finds and names every alteration by somebody with all rights and the guards off.

BEGIN;
CREATE EXTENSION pgtap;
SELECT plan(565);
CREATE EXTENSION trust_ledger;
CREATE ROLE ledger_owner;
CREATE ROLE lisa;
SELECT format('ALTER DATABASE %I OWNER TO ledger_owner', current_database()) AS give_to_owner \gset
:give_to_owner;
SELECT trust_ledger.create_ledger();

-- ---- a ledger with every event and every kind of row

SELECT trust_ledger.grant_access('postgres', 'import', reason => 'loads');
SELECT trust_ledger.grant_access('lisa', 'analyst');
SELECT trust_ledger.revoke_access('lisa', 'analyst');
SELECT trust_ledger.register_actor('anna', 'human', 'Anna', db_role => 'lisa',
	authority => '{"EUR": 5000}');
SELECT trust_ledger.register_actor('ben', 'human');
SELECT trust_ledger.register_actor('bot', 'ai', 'The bot', responsible => 'anna', model => 'm1');
SELECT trust_ledger.register_actor('carl', 'human', speaks_for => 'customer', customer => 'c');
SELECT trust_ledger.register_actor('gone', 'human', 'Gone');
SELECT trust_ledger.retire_actor('gone', successor => 'ben', reason => 'left');
SELECT trust_ledger.set_policy('all', evidence => 'asserted', back_within => '1 day',
	grace => '1 hour');
SELECT trust_ledger.set_policy('some', promiser => 'bot', promiser_kind => 'ai', kind => 'k',
	currency => 'EUR', least_value => 5, due_within => '9 days');
SELECT trust_ledger.drop_policy('some');
SELECT trust_ledger.set_ledger(zone => 'Europe/Berlin', actor => 'anna',
	context => '{"why": "moved"}');
SELECT trust_ledger.register_actor('writer', 'ai', responsible => 'ben', model => 'w 1');
CREATE TABLE deal (id bigint PRIMARY KEY, customer text, title text);
SELECT trust_ledger.track_table('deal', '{"customer": "=customer", "words": "=title"}');

\ir ../../helpers/named_promises.sql
INSERT INTO promised SELECT 'full', promise FROM trust_ledger.make_promise('c', 'It works.',
	promiser => 'bot', kind => 'k', due => '2099-01-01',
	value => 10.50, currency => 'EUR', purpose => 'To sell it.', drafted_by => 'writer',
		longest_pause => '1 day', actor => 'bot',
	context => '{"deal": 1}', idempotency_key => 'k1');
INSERT INTO promised SELECT 'plain', promise FROM trust_ledger.make_promise('c', 'Soon.',
	actor => 'ben', occurred_at => now() - interval '9 days');
SELECT trust_ledger.back_promise(promise_named('full'), actor => 'ben');
SELECT trust_ledger.withdraw_backing(promise_named('full'), 'Too soon.', actor => 'ben');
SELECT trust_ledger.back_promise(promise_named('full'), actor => 'ben');
SELECT trust_ledger.amend_promise(promise_named('full'), 'It will work.', due => '2099-02-02',
	actor => 'anna');
SELECT trust_ledger.accept_promise(promise_named('full'), actor => 'carl');
SELECT trust_ledger.assess_promise(promise_named('full'), 'kept', relayed => true,
	purpose_met => true, reason => 'They said.', actor => 'ben');
SELECT trust_ledger.assess_promise(promise_named('full'), 'partly_kept', purpose_met => false,
	actor => 'carl');
SELECT trust_ledger.release_promise(promise_named('plain'), actor => 'carl',
	reason => 'Never mind.');
INSERT INTO promised SELECT 'other', promise FROM trust_ledger.make_promise('d', 'Later.',
	actor => 'bot');
INSERT INTO promised SELECT 'taken back', promise FROM trust_ledger.make_promise('d', 'Never.',
	actor => 'ben');
SELECT trust_ledger.withdraw_promise(promise_named('taken back'), actor => 'anna');

-- Customer e: erased texts, and the other events.
INSERT INTO promised SELECT 'said', promise FROM trust_ledger.make_promise('e', 'One.',
	purpose => 'To see.', due => '2099-01-01', longest_pause => '1 day', actor => 'ben');
INSERT INTO promised SELECT 'silent', promise FROM trust_ledger.make_promise('e', 'Two.',
	purpose => 'To see.', actor => 'bot', context => '{"x": 1}', idempotency_key => 'two');
SELECT trust_ledger.add_note(promise_named('said'), 'A note.', actor => 'ben',
	idempotency_key => 'three');
SELECT trust_ledger.decline_promise(promise_named('silent'), 'No.', actor => 'ben');
SELECT trust_ledger.erase_words(promise_named('silent'), 'They asked.');
SELECT trust_ledger.erase_words('e', 3, 'They asked.');
SELECT trust_ledger.add_note(promise_named('said'), 'Later.', actor => 'ben');
SELECT trust_ledger.pause_promise(promise_named('said'), actor => 'ben'),
	trust_ledger.resume_promise(promise_named('said'), actor => 'ben');
SELECT trust_ledger.accept_promise(promise_named('said'), relayed => true, actor => 'ben'),
	trust_ledger.admit_breach(promise_named('said'), actor => 'ben');
SELECT trust_ledger.repair_breach(promise_named('said'), 'Made again.', actor => 'ben');
SELECT trust_ledger.erase_words('', seq, 'They asked.') FROM trust.entry
	WHERE event = 'actor_retired' AND subject = 'gone';

-- Customer t: rows of a tracked table.
CREATE TABLE visit (id int PRIMARY KEY, customer text, title text);
CREATE TRIGGER made AFTER INSERT ON visit FOR EACH ROW EXECUTE FUNCTION trust_ledger.track('made',
	'customer=customer', 'words=title', 'actor:bot', 'promise:x', 'write:now');
CREATE TRIGGER deleted AFTER DELETE ON visit FOR EACH ROW
	EXECUTE FUNCTION trust_ledger.track('noted', 'actor:bot', 'promise:x', 'write:now');
INSERT INTO visit VALUES (1, 't', 'told'), (2, 't', 'deleted');
DELETE FROM visit WHERE id = 2;
INSERT INTO promised SELECT words, promise FROM trust.promise WHERE customer = 't';

SELECT is_empty('SELECT * FROM trust_ledger.verify()', 'nothing was done: nothing is found');
SELECT is_empty($$SELECT * FROM trust_ledger.verify('c')$$, 'nor with one customer');
SELECT is_empty($$SELECT * FROM trust_ledger.verify('')$$, 'nor with governance');
SELECT is_empty($$SELECT * FROM trust_ledger.verify('nobody')$$,
	'nor with a customer that there is not');
SELECT is_empty($$SELECT * FROM trust_ledger.verify(NULL)$$, 'NULL is no customer');

\ir ../../helpers/findings.sql

-- What verify() finds after statements: 'part customer seq subject field' with '-' for what is
-- NULL; a promise is the subject by its name. '! SQLSTATE' if the statements or verify() fail.
-- Rolled back.
CREATE FUNCTION found(doing text, of_customer text DEFAULT NULL) RETURNS text[]
LANGUAGE sql AS $$
	SELECT coalesce(array_agg(CASE WHEN v.part ~ '^!' THEN v.part
		ELSE concat_ws(' ', v.part, coalesce(nullif(v.customer, ''), '-'),
			coalesce(v.seq::text, '-'),
			coalesce(v.subject, (SELECT name FROM promised p WHERE p.promise = v.promise),
				v.promise::text, '-'), coalesce(v.field, '-')) END
		ORDER BY v.part, v.customer, v.seq, v.subject, v.promise, v.field), '{}')
	FROM verify_after(doing, of_customer) AS v
$$;

-- ---- guards: missing, off, weaker, replaced; and what stands before them

SELECT ok(found(format(doing, tab, trigger)) @> ARRAY[format('guard - - %s %s', tab, trigger)],
	format(doing, tab, trigger))
FROM unnest('{ledger,actor,policy,access,tracking,chain,promise,source,entry,'
		'parked_change}'::text[]) AS tab,
	unnest('{trust_guard,trust_guard_truncate}'::text[]) AS trigger,
	unnest('{DROP TRIGGER %2$s ON trust.%1$s,ALTER TABLE trust.%s DISABLE TRIGGER %s,ALTER '
		'TABLE trust.%s ENABLE TRIGGER %s,
		ALTER TABLE trust.%s ENABLE REPLICA TRIGGER %s,ALTER TRIGGER %2$s ON trust.%1$s RENAME TO '
			'another}'::text[]) AS doing;
CREATE FUNCTION let_pass() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
SELECT is(found(format('DROP TRIGGER trust_guard ON trust.entry; CREATE TRIGGER trust_guard %s; '
	'ALTER TABLE trust.entry ENABLE ALWAYS TRIGGER trust_guard', guard)),
	expected, 'trust_guard ' || guard)
FROM (VALUES
	('BEFORE INSERT OR UPDATE OR DELETE ON trust.entry FOR EACH ROW '
		'EXECUTE FUNCTION trust_ledger.guard_entry()', '{}'::text[]),
	('BEFORE INSERT OR UPDATE OR DELETE ON trust.entry FOR EACH ROW '
		'EXECUTE FUNCTION trust_ledger.guard_chain()', '{guard - - entry trust_guard}'),
	('BEFORE INSERT OR UPDATE OR DELETE ON trust.entry FOR EACH ROW EXECUTE FUNCTION let_pass()',
		'{guard - - entry trust_guard}'),
	('BEFORE INSERT OR UPDATE OR DELETE ON trust.entry FOR EACH ROW WHEN (false) '
		'EXECUTE FUNCTION trust_ledger.guard_entry()', '{guard - - entry trust_guard}'),
	('BEFORE INSERT OR UPDATE OF note OR DELETE ON trust.entry FOR EACH ROW '
		'EXECUTE FUNCTION trust_ledger.guard_entry()', '{guard - - entry trust_guard}'),
	('BEFORE INSERT OR UPDATE ON trust.entry FOR EACH ROW '
		'EXECUTE FUNCTION trust_ledger.guard_entry()', '{guard - - entry trust_guard}'),
	('BEFORE INSERT OR UPDATE OR DELETE ON trust.entry EXECUTE FUNCTION trust_ledger.guard_entry()',
		'{guard - - entry trust_guard}'),
	('AFTER INSERT OR UPDATE OR DELETE ON trust.entry FOR EACH ROW '
		'EXECUTE FUNCTION trust_ledger.guard_entry()', '{guard - - entry trust_guard}')) AS c
		(guard, expected);
SELECT is(found(doing), expected, doing)
FROM (VALUES
	('ALTER TABLE trust.policy DISABLE TRIGGER ALL',
		'{guard - - policy trust_guard,guard - - policy trust_guard_truncate}'::text[]),
	('CREATE TRIGGER z BEFORE UPDATE ON trust.promise FOR EACH ROW EXECUTE FUNCTION let_pass()',
		'{guard - - promise z}'),
	('CREATE TRIGGER z BEFORE INSERT ON trust.actor EXECUTE FUNCTION let_pass()',
		'{guard - - actor z}'),
	('CREATE TRIGGER z BEFORE INSERT ON trust.actor FOR EACH ROW EXECUTE FUNCTION let_pass(); '
		'ALTER TABLE trust.actor DISABLE TRIGGER z', '{guard - - actor z}'),
	('CREATE TRIGGER z AFTER INSERT ON trust.entry FOR EACH ROW EXECUTE FUNCTION let_pass()', '{}'),
	('CREATE RULE z AS ON UPDATE TO trust.promise DO INSTEAD NOTHING', '{guard - - promise z}'),
	('CREATE RULE z AS ON INSERT TO trust.entry DO ALSO NOTIFY z', '{guard - - entry z}')) AS c
		(doing, expected);
SELECT ok(found(format('CREATE OR REPLACE FUNCTION trust_ledger.guard_%s() RETURNS trigger '
	'LANGUAGE plpgsql AS ''BEGIN RETURN NEW; END''', guard))
	@> ARRAY[format('guard - - %s %s', tab, trigger)], format('guard_%s() was replaced', guard))
FROM (VALUES ('entry', 'entry', 'trust_guard'), ('chain', 'chain', 'trust_guard'),
	('promise', 'promise', 'trust_guard'),
	('governed', 'access', 'trust_guard'), ('copy', 'copy', 'trust_guard'),
	('truncate', 'entry', 'trust_guard_truncate')) AS c (guard, tab, trigger);
SELECT is(found('UPDATE pg_proc SET probin = ''elsewhere'' '
	'WHERE oid = ''trust_ledger.guard_entry''::regproc'),
	'{"extension - - function trust_ledger.guard_entry() -","guard - - entry trust_guard"}',
	'guard_entry() from another library');
SELECT ok(found(format(doing, tab)) @> ARRAY[format('guard - - %s %s', tab, field)],
	format(doing, tab))
FROM unnest('{ledger,actor,policy,access,tracking,chain,promise,source,entry,copy}'::text[]) AS tab,
	(VALUES ('GRANT UPDATE ON trust.%s TO lisa', 'privileges'),
		('GRANT TRIGGER ON trust.%s TO PUBLIC', 'privileges'),
		('ALTER TABLE trust.%s SET UNLOGGED', 'persistence')) AS c (doing, field);
SELECT ok(found('CREATE TABLE trust.more () INHERITS (trust.' || tab || ')')::text ~
	format('guard - - %s', tab),
	'rows of a child of ' || tab || ' would pass no guard')
FROM unnest('{ledger,actor,policy,access,tracking,chain,promise,source,entry,copy}'::text[]) AS tab;
SELECT ok(found(format('SET LOCAL ROLE ledger_owner; ALTER TABLE trust.%1$s RENAME TO moved; '
	'CREATE VIEW trust.%1$s AS SELECT * FROM trust.moved; RESET ROLE', tab))
	@> ARRAY[format('guard - - %s trust_guard', tab), format('guard - - %s trust_guard_truncate',
		tab)], 'a view in the place of ' || tab)
FROM unnest('{actor,chain,promise,source,entry}'::text[]) AS tab;

-- From here on the guards are off.
CREATE TABLE dropped AS SELECT format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass,
	conname, pg_get_constraintdef(oid)) AS put_back
	FROM pg_constraint WHERE connamespace = 'trust'::regnamespace AND contype = 'c'
		AND conrelid <> 'trust.parked_change'::regclass;
DO $$
DECLARE
	tab text;
	constraint_name name;
BEGIN
	FOREACH tab IN ARRAY '{ledger,actor,policy,access,tracking,chain,promise,source,entry}'::text[]
		LOOP
		EXECUTE format('ALTER TABLE trust.%I DISABLE TRIGGER USER', tab);
		FOR constraint_name IN SELECT conname FROM pg_constraint WHERE conrelid = ('trust.'
			|| tab)::regclass AND contype = 'c' LOOP
			EXECUTE format('ALTER TABLE trust.%I DROP CONSTRAINT %I', tab, constraint_name);
		END LOOP;
	END LOOP;
END
$$;
SELECT is((SELECT array_agg(part || ' ' || n ORDER BY part) FROM (SELECT part, count(*) AS n
	FROM trust_ledger.verify() GROUP BY part) AS f), '{guard 18,table 2}',
	'which verify() says, and nothing else');
CREATE FUNCTION altered(doing text, of_customer text DEFAULT NULL) RETURNS text[] LANGUAGE sql AS $$
	SELECT coalesce(array_agg(f ORDER BY n), '{}') FROM unnest(found(doing, of_customer)) WITH
		ORDINALITY AS u (f, n) WHERE f !~ '^(guard|table|view|extension) '
$$;
SELECT is(altered('SELECT 1'), '{}', 'nothing was done: nothing is found');

-- ---- every column of every row

\ir ../../helpers/other_value.sql
CREATE TABLE changes AS
	SELECT c.relname::text AS tab, a.attname, v.value
	FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0,
		LATERAL (SELECT other_value(a.attname, a.atttypid) UNION ALL SELECT 'NULL'
			WHERE NOT attnotnull) AS v (value)
	WHERE c.relnamespace = 'trust'::regnamespace AND c.relkind = 'r';
SELECT is_empty('SELECT tab, attname FROM changes WHERE value IS NULL', 'each has another value');

-- The changes of a column that verify() did not find.
CREATE FUNCTION missed(of_tab text, of_column name, row_key text, expected text) RETURNS SETOF text
	LANGUAGE plpgsql AS $$
DECLARE
	row_id tid;
	key text;
	expects text;
	of_customer text;
	changed text;
	findings text[];
BEGIN
	FOR changed IN SELECT value FROM changes WHERE tab = of_tab AND attname = of_column LOOP
		-- verifying one customer is faster
		FOR row_id, key, expects, of_customer IN
			EXECUTE format('SELECT ctid, %s, %s, %s FROM trust.%I WHERE %I::text IS DISTINCT '
			'FROM (%s)::text',
			row_key, expected, CASE WHEN of_tab IN ('entry', 'promise', 'chain', 'source')
				AND of_column <> 'customer' THEN 'customer' ELSE 'NULL' END, of_tab, of_column,
				changed)
		LOOP
			findings := altered(format('UPDATE trust.%I SET %I = %s WHERE ctid = %L', of_tab,
				of_column, changed, row_id), of_customer);
			IF NOT EXISTS (SELECT FROM unnest(findings) AS f WHERE f ~ expects) THEN
				RETURN NEXT concat_ws(' ', key, changed, findings);
			END IF;
		END LOOP;
	END LOOP;
END
$$;
-- In entries the hash shows it; of texts, verify() also names the text.
SELECT is_empty(format('SELECT missed(%L, %L, %L, %L)', tab, attname, row_key, expected),
	tab || '.' || attname)
FROM (
	SELECT DISTINCT tab, attname, $$concat(customer, ' ', seq)$$ AS row_key,
		CASE WHEN attname IN ('customer', 'seq') THEN $$'^entry .* (seq|hash|prev_hash)$'$$
		ELSE format($$concat('^entry ', coalesce(nullif(customer, ''), '-'), ' ', seq, ' .* %s$')$$,
			CASE WHEN attname ~ '^(words|purpose|note|context|name)(_salt)?$'
				THEN split_part(attname::text, '_', 1)
				WHEN attname = 'request_salt' THEN 'request(_salt)?' ELSE 'hash' END)
					END AS expected
	FROM changes WHERE tab = 'entry'
	UNION
	SELECT tab, attname, $$words$$, CASE WHEN attname IN ('customer', 'promise')
		THEN $$'^promise .* -$'$$
		ELSE format($$concat('^promise ', customer, ' - ', (SELECT name FROM promised p $$ ||
			$$WHERE p.promise = promise.promise), ' %s$')$$, attname) END
	FROM changes WHERE tab = 'promise'
	UNION
	SELECT tab, attname, $$customer$$, CASE attname WHEN 'customer' THEN $$'^chain .* -$'$$
		ELSE format($$concat('^chain ', coalesce(nullif(customer, ''), '-'), ' - - %s$')$$, attname)
			END
	FROM changes WHERE tab = 'chain'
	UNION
	SELECT tab, attname, $$key$$, CASE WHEN attname IN ('customer', 'promise')
		THEN $$'^source .* -$'$$
		ELSE format($$concat('^source ', customer, ' - ', (SELECT p.name FROM promised p $$ ||
			$$WHERE p.promise = source.promise), ' %s$')$$, attname) END
	FROM changes WHERE tab = 'source'
	UNION
	SELECT tab, attname, key, CASE attname WHEN key THEN format($$'^%s - - .* -$'$$, tab)
		ELSE format($$concat('^%s - - ', %I, ' %s$')$$, tab, key, attname) END
	FROM changes JOIN (VALUES ('ledger', 'ledger'), ('actor', 'actor'), ('policy', 'policy'),
		('access', 'role'), ('tracking', 'source')) AS k (t, key) ON t = tab) AS c
ORDER BY tab, attname;

-- ---- entries that go, come, move

SELECT ok(altered(doing) @> expected, regexp_replace(doing, '\s+', ' ', 'g')) FROM (VALUES
	('DELETE FROM trust.entry WHERE customer = ''c'' AND seq = 1',
		'{entry c 2 plain seq,entry c 2 plain prev_hash,entry c 3 full event}'::text[]),
	('DELETE FROM trust.entry WHERE customer = ''c'' AND seq = 4',
		'{entry c 5 full seq,entry c 5 full prev_hash}'),
	('DELETE FROM trust.entry WHERE customer = ''c'' AND seq = 10',
		'{chain c - - length,chain c - - head,promise c - plain state}'),
	('DELETE FROM trust.entry WHERE customer = ''c''',
		'{chain c - - length,promise c - full -,promise c - plain -}'),
	('DELETE FROM trust.entry WHERE customer = '''' AND seq = 1', '{entry - 2 ledger_owner seq}'),
	('DELETE FROM trust.entry WHERE customer = '''' AND subject = ''ben''', '{actor - - ben -}'),
	('DELETE FROM trust.entry',
		'{chain c - - length,promise d - other -,actor - - anna -,policy - - all -,access - - lisa '
		'-}'),
	-- one more entry: the same with another number, one of another customer, an invented one
	($$INSERT INTO trust.entry
		SELECT (jsonb_populate_record(e, '{"seq": 11, "idempotency_key": null}')).* FROM trust.entry
		e WHERE customer = 'c' AND seq = 1$$,
		'{entry c 11 full hash,entry c 11 full prev_hash,chain c - - length}'),
	($$INSERT INTO trust.entry
		SELECT (jsonb_populate_record(e, '{"seq": 0, "idempotency_key": null}')).* FROM trust.entry
		e WHERE customer = 'c' AND seq = 1$$,
		'{entry c 0 full seq,entry c 0 full hash}'),
	($$INSERT INTO trust.entry SELECT (jsonb_populate_record(e, '{"customer": "d", "seq": 4}')).*
		FROM trust.entry e WHERE customer = 'c' AND seq = 2$$,
		'{entry d 4 plain hash,entry d 4 plain prev_hash,chain d - - length}'),
	($$INSERT INTO trust.entry SELECT (jsonb_populate_record(e, '{"customer": "x", "seq": 1}')).*
		FROM trust.entry e WHERE customer = 'd' AND seq = 1$$,
		'{entry x 1 other hash,chain x - - -,promise x - other -}'),
	($$ALTER TABLE trust.entry DROP CONSTRAINT entry_pkey; INSERT INTO trust.entry SELECT *
		FROM trust.entry WHERE customer = 'd' AND seq = 2$$,
		'{entry d 2 taken back seq,entry d 2 taken back prev_hash}'),
	-- other entries in their place
	('UPDATE trust.entry SET seq = 100 WHERE customer = ''c'' AND seq = 3; UPDATE trust.entry '
		'SET seq = 3 WHERE customer = ''c'' AND seq = 4;
		UPDATE trust.entry SET seq = 4 WHERE customer = ''c'' AND seq = 100',
			'{entry c 3 full hash,entry c 4 full hash}'),
	('UPDATE trust.entry SET customer = CASE customer WHEN ''c'' THEN ''d'' ELSE ''c'' END, '
		'seq = seq + 100 WHERE customer IN (''c'', ''d'');
		UPDATE trust.entry SET seq = seq - 100 WHERE customer IN (''c'', ''d'')',
			'{entry c 1 other hash,entry d 1 full hash,chain c - - length,promise c - full -}'),
	('UPDATE trust.entry e SET words = o.words, words_salt = o.words_salt FROM trust.entry o '
		'WHERE e.customer = ''c'' AND e.seq = 1 AND o.customer = ''d'' AND o.seq = 1',
		'{entry c 1 full words}'),
	('UPDATE trust.entry e SET words = o.words, words_salt = o.words_salt, words_commitment '
		'= o.words_commitment FROM trust.entry o
		WHERE e.customer = ''c'' AND e.seq = 1 AND o.customer = ''d'' AND o.seq = 1',
			'{entry c 1 full hash}'),
	('UPDATE trust.entry SET words = NULL, words_salt = NULL WHERE customer = ''c'' AND seq = 1',
		'{entry c 1 full words}'),
	('UPDATE trust.entry SET name = NULL, name_salt = NULL WHERE subject = ''bot''',
		'{entry - 8 bot name}'),
	('ALTER TABLE trust.entry ADD COLUMN more text; UPDATE trust.entry SET more = ''x'' '
		'WHERE customer = ''c'' AND seq = 2', '{entry c 2 - more}')) AS c (doing, expected);

-- ---- rows of the other tables that go, come, move

SELECT ok(findings @> expected AND findings::text ~ '^[{]"[a-z]', doing) FROM (VALUES
	('DELETE FROM trust.promise WHERE promise = promise_named(''full'')',
		'{promise c - full -}'::text[]),
	('UPDATE trust.promise SET customer = ''d'' WHERE promise = promise_named(''full'')',
		'{promise c - full -,promise d - full -}'),
	('UPDATE trust.promise SET customer = ''nobody'' WHERE promise = promise_named(''full'')',
		'{promise c - full -,promise nobody - full -,chain nobody - - -}'),
	($$INSERT INTO trust.promise
		SELECT (jsonb_populate_record(p, '{"promise": "00000000-0000-7000-8000-000000000000"}')).*
		FROM trust.promise p WHERE promise = promise_named('full')$$,
		'{promise c - 00000000-0000-7000-8000-000000000000 -}'),
	('ALTER TABLE trust.promise DROP CONSTRAINT promise_pkey; INSERT INTO trust.promise SELECT * '
		'FROM trust.promise', '{}'),
	('DELETE FROM trust.source WHERE promise = promise_named(''told'')', '{source t - told -}'),
	('DELETE FROM trust.source', '{source t - deleted -,source t - told -}'),
	('UPDATE trust.source SET customer = ''d'' WHERE promise = promise_named(''told'')',
		'{source t - told -,source d - told -}'),
	('UPDATE trust.source SET promise = promise_named(''full'') WHERE promise '
		'= promise_named(''told'')', '{source t - full -,source t - told -}'),
	('INSERT INTO trust.source SELECT ''c'', promise_named(''full''), source, key, name, gone, seq '
		'FROM trust.source WHERE promise = promise_named(''told'')', '{source c - full -}'),
	('ALTER TABLE trust.source DROP CONSTRAINT source_pkey; INSERT INTO trust.source SELECT * '
		'FROM trust.source', '{source t - told -,source t - deleted -}'),
	('DELETE FROM trust.chain WHERE customer = ''c''', '{chain c - - -}'),
	('DELETE FROM trust.chain WHERE customer = ''''', '{chain - - - -}'),
	('UPDATE trust.chain SET customer = ''x'' WHERE customer = ''c''',
		'{chain c - - -,chain x - - length}'),
	('INSERT INTO trust.chain SELECT ''x'', 1, head, recorded_at FROM trust.chain WHERE customer '
		'= ''c''', '{chain x - - length,chain x - - head}'),
	('INSERT INTO trust.chain VALUES (''x'', 0, decode(repeat(''00'', 32), ''hex''), NULL)', '{}'),
	('ALTER TABLE trust.chain DROP CONSTRAINT chain_pkey; INSERT INTO trust.chain SELECT * '
		'FROM trust.chain', '{chain c - - length}'),
	('DELETE FROM trust.actor WHERE actor = ''ben''', '{actor - - ben -}'),
	('DELETE FROM trust.actor', '{actor - - anna -,actor - - carl -}'),
	($$INSERT INTO trust.actor SELECT (jsonb_populate_record(a, '{"actor": "zoe"}')).*
		FROM trust.actor a WHERE actor = 'ben'$$, '{actor - - zoe -}'),
	('DELETE FROM trust.policy WHERE policy = ''all''', '{policy - - all -}'),
	('DELETE FROM trust.policy WHERE NOT active', '{policy - - some -}'),
	($$INSERT INTO trust.policy SELECT (jsonb_populate_record(p, '{"policy": "new"}')).*
		FROM trust.policy p WHERE policy = 'all'$$, '{policy - - new -}'),
	('DELETE FROM trust.access WHERE role = ''ledger_owner''', '{access - - ledger_owner -}'),
	('INSERT INTO trust.access VALUES (''public'', ''{admin}'', 1)', '{access - - public -}'),
	('UPDATE trust.access SET role = ''lisa2'' WHERE role = ''lisa''',
		'{access - - lisa -,access - - lisa2 -}')) AS c (doing, expected),
		altered(doing) AS findings;
SELECT ok(altered(doing) @> ARRAY[format('ledger - - %s -', ledger)], doing)
FROM trust.ledger, unnest(ARRAY['DELETE FROM trust.ledger',
	'UPDATE trust.ledger SET ledger = ''00000000-0000-4000-8000-000000000000''']) AS doing;
SELECT ok(altered(format('ALTER TABLE trust.%1$I DROP CONSTRAINT %1$s_pkey; '
	'DROP INDEX IF EXISTS trust.%1$s_db_role; INSERT INTO trust.%1$I SELECT * FROM trust.%1$I',
	tab))::text
	~ format('^[{]"%s', tab), 'every row of ' || tab || ' twice')
FROM unnest('{ledger,actor,policy,access,tracking}'::text[]) AS tab;
SELECT ok(altered($$INSERT INTO trust.ledger
	SELECT (jsonb_populate_record(l, '{"ledger": "00000000-0000-4000-8000-000000000000"}')).*
	FROM trust.ledger l$$)
	@> '{ledger - - 00000000-0000-4000-8000-000000000000 -}', 'a second row of settings');

-- ---- hashes computed again after the change: what the entries say is still impossible

\ir ../../helpers/recompute_hashes.sql
SELECT is(altered(format('SELECT recompute_hashes(%L)', customer)),
	'{}', 'hashes computed again without a change: ' || customer) FROM trust.chain;
CREATE TABLE forgery (doing text, expected text[]);
INSERT INTO forgery SELECT doing || '; SELECT recompute_hashes(customer) FROM trust.chain', expected
	FROM (VALUES
	('UPDATE trust.entry SET backer = ''anna'' WHERE customer = ''c'' AND seq = 3',
		'{entry c 3 full event}'::text[]),
	('UPDATE trust.entry SET actor_kind = ''ai'' WHERE customer = ''c'' AND seq = 3',
		'{entry c 3 full event}'),
	('UPDATE trust.entry SET actor_kind = ''system'' WHERE customer = ''c'' AND seq = 1',
		'{entry c 1 full actor_kind}'),
	('UPDATE trust.entry SET speaks_for = ''record'' WHERE customer = ''c'' AND seq = 1',
		'{entry c 1 full speaks_for}'),
	('UPDATE trust.entry SET responsible = ''ben'' WHERE customer = ''c'' AND seq = 1',
		'{entry c 1 full responsible}'),
	('UPDATE trust.entry SET responsible = NULL WHERE customer = ''c'' AND seq = 1',
		'{entry c 1 full responsible}'),
	('UPDATE trust.entry SET actor_seq = actor_seq - 1 WHERE customer = ''c'' AND seq = 1',
		'{entry c 1 full actor_seq}'),
	('UPDATE trust.entry SET actor_seq = NULL WHERE customer = ''c'' AND seq = 1',
		'{entry c 1 full actor_seq}'),
	('UPDATE trust.entry SET actor = ''ben'' WHERE customer = ''c'' AND seq = 1',
		'{entry c 1 full actor_seq}'),
	('UPDATE trust.entry SET actor = NULL WHERE customer = ''c'' AND seq = 1',
		'{entry c 1 full actor_seq}'),
	('UPDATE trust.entry SET actor_kind = NULL WHERE customer = ''c'' AND seq = 1',
		'{entry c 1 full actor_kind}'),
	('UPDATE trust.entry SET event = ''ledger_set'' WHERE customer = '''' AND seq = 1',
		'{entry - 1 - event}'),
	('UPDATE trust.entry SET state = ''open'' WHERE customer = '''' AND subject = ''ben''',
		'{entry - 7 - state}'),
	('UPDATE trust.entry SET state = ''kept'' WHERE customer = ''c'' AND seq = 1',
		'{entry c 1 full event}'),
	('UPDATE trust.entry SET state = NULL WHERE customer = ''c'' AND seq = 1',
		'{entry c 1 full event}'),
	('UPDATE trust.entry SET event = ''made'' WHERE customer = ''c'' AND seq = 3',
		'{entry c 3 full event}'),
	('UPDATE trust.entry SET event = ''other'' WHERE customer = ''c'' AND seq = 3',
		'{entry c 3 full event}'),
	('UPDATE trust.entry SET promise = NULL WHERE customer = ''c'' AND seq = 3',
		'{entry c 3 - promise}'),
	('UPDATE trust.entry SET promise = gen_random_uuid() WHERE customer = ''c'' AND seq = 2',
		'{entry c 10 plain event}'),
	('UPDATE trust.entry SET kind = ''z'' WHERE customer = ''c'' AND event = ''amended''',
		'{promise c - full kind}'),
	('UPDATE trust.entry SET weight_broken = 501 WHERE customer = ''c'' AND verdict '
		'= ''partly_kept''', '{chain c - - score,promise c - full weight_broken}'),
	('UPDATE trust.entry SET stands = false WHERE customer = ''c'' AND verdict = ''partly_kept''',
		'{chain c - - score,promise c - full outcome}'),
	('UPDATE trust.entry SET occurred_at = occurred_at - interval ''1 second'' WHERE customer '
		'= ''c'' AND verdict = ''kept''',
		'{chain c - - score,promise c - full settled_at}'),
	('UPDATE trust.entry SET format = 2 WHERE customer = ''c'' AND seq = 3',
		'{entry c 3 full format}'),
	('UPDATE trust.entry SET recorded_at = recorded_at - interval ''1 day'' WHERE customer = ''c'' '
		'AND seq = 3', '{entry c 3 full recorded_at}'),
	('UPDATE trust.entry SET occurred_at = recorded_at + interval ''1 day'' WHERE customer = ''c'' '
		'AND seq = 3', '{entry c 3 full occurred_at}'),
	('UPDATE trust.entry SET words_commitment = NULL WHERE customer = ''c'' AND seq = 1',
		'{entry c 1 full words}'),
	('UPDATE trust.entry SET words = ''Other.'' WHERE customer = ''c'' AND seq = 1',
		'{entry c 1 full words}'),
	('DELETE FROM trust.entry WHERE customer = ''c'' AND seq = 10', '{promise c - plain state}'),
	('UPDATE trust.entry SET seq = 11 WHERE customer = ''c'' AND seq = 10',
		'{entry c 11 plain seq}'),
	($$INSERT INTO trust.entry
		SELECT (jsonb_populate_record(e, '{"seq": 11, "idempotency_key": null}')).* FROM trust.entry
		e WHERE customer = 'c' AND seq = 3$$, '{entry c 11 full event}'),
	('UPDATE trust.entry SET event = ''other'' WHERE customer = '''' AND subject = ''ben''',
		'{entry - 7 - event,actor - - ben -}'),
	('UPDATE trust.entry SET details = details || ''{"kind": "ai"}'' WHERE customer = '''' '
		'AND subject = ''ben''', '{actor - - ben kind}'),
	('UPDATE trust.entry SET details = NULL WHERE customer = '''' AND subject = ''ben''',
		'{entry - 7 - details}'),
	('UPDATE trust.entry SET subject = NULL WHERE customer = '''' AND subject = ''ben''',
		'{entry - 7 - subject,actor - - ben -}'),
	('UPDATE trust.entry SET promise = promise_named(''full'') WHERE customer = '''' AND subject '
		'= ''ben''', '{entry - 7 ben promise}'),
	-- an erasure excuses only texts that it names, of its own promise and before itself; and these
	-- must be gone
	('UPDATE trust.entry SET refers_to = 1 WHERE customer = ''e'' AND seq = 6',
		'{entry e 3 said note}'),
	('UPDATE trust.entry SET promise = promise_named(''silent''), state = ''proposed'' '
		'WHERE customer = ''e'' AND seq = 6', '{entry e 3 said note}'),
	('UPDATE trust.entry SET details = ''{"texts": ["words"]}'' WHERE customer = ''e'' AND seq = 6',
		'{entry e 3 said note}'),
	('UPDATE trust.entry SET details = ''{"texts": []}'' WHERE customer = ''e'' AND seq = 6',
		'{entry e 3 said note}'),
	('UPDATE trust.entry SET details = ''{}'' WHERE customer = ''e'' AND seq = 6',
		'{entry e 3 said note}'),
	('UPDATE trust.entry SET refers_to = 7 WHERE customer = ''e'' AND seq = 6; UPDATE trust.entry '
		'SET note = NULL, note_salt = NULL WHERE customer = ''e'' AND seq = 7',
		'{entry e 3 said note,entry e 7 said note}'),
	('UPDATE trust.entry SET refers_to = 6, note = NULL, note_salt = NULL WHERE customer = ''e'' '
		'AND seq = 6', '{entry e 3 said note,entry e 6 said note}'),
	('UPDATE trust.entry SET refers_to = NULL WHERE customer = ''e'' AND seq = 6; '
		'UPDATE trust.entry SET note = NULL, note_salt = NULL WHERE customer = ''e'' AND seq = 7',
		'{entry e 7 said note}'),
	('UPDATE trust.entry SET refers_to = NULL, details = NULL WHERE customer = ''e'' AND seq = 6',
		'{entry e 1 said purpose,entry e 1 said words,promise e - said words}'),
	('UPDATE trust.entry SET promise = promise_named(''said''), state = ''open'' WHERE customer '
		'= ''e'' AND seq = 5',
		'{entry e 1 said words,entry e 2 silent context,entry e 2 silent request_salt,entry e 2 '
		'silent words,entry e 4 silent note}'),
	('UPDATE trust.entry SET event = ''noted'' WHERE customer = ''e'' AND seq = 5',
		'{entry e 2 silent purpose,entry e 2 silent words}'),
	('UPDATE trust.entry SET refers_to = 4 WHERE customer = ''e'' AND seq = 5',
		'{entry e 2 silent purpose,entry e 2 silent words}'),
	('UPDATE trust.entry SET details = ''{"texts": ["words", "purpose", "context"]}'' '
		'WHERE customer = ''e'' AND seq = 5', '{entry e 4 silent note}'),
	('UPDATE trust.entry SET state = ''open'' WHERE customer = ''e'' AND seq = 5',
		'{entry e 5 silent event}'),
	('DELETE FROM trust.entry WHERE customer = ''e'' AND seq = 6; UPDATE trust.entry SET seq = seq '
		'- 100 WHERE customer = ''e'' AND seq > 6; UPDATE trust.entry SET seq = seq + 99 '
		'WHERE customer = ''e'' AND seq < 0',
		'{entry e 3 said note}'),
	('UPDATE trust.entry SET refers_to = refers_to - 1 WHERE customer = '''' '
		'AND event = ''erased''', '{entry - 11 gone name,entry - 11 gone note}'),
	('UPDATE trust.entry SET refers_to = NULL WHERE customer = '''' AND event = ''erased''',
		'{entry - 10 gone name,entry - 11 gone name}'),
	('UPDATE trust.entry SET due = NULL WHERE customer = ''e'' AND event = ''paused''',
		'{entry e 8 said event}'),
	('UPDATE trust.entry SET event = ''noted'' WHERE customer = ''e'' AND event = ''paused''',
		'{entry e 9 said event}')) AS c (doing, expected);
SELECT ok(altered(doing) @> expected, 'hashes computed again: ' || doing) FROM forgery;
-- rebuild() refuses such entries. A false but consistent entry only shows in a digest.
SELECT is(altered(format('%s; SELECT trust_ledger.rebuild(%L)', doing, replace(of_customer, '-',
	''))), '{! TL006}', 'no rebuild: ' || doing)
FROM (SELECT doing, min((regexp_match(e, '^entry ([^ ]+) '))[1]) AS of_customer FROM forgery,
	unnest(expected) AS e WHERE e ~ '^entry' GROUP BY 1) AS f;

-- A digest that was kept elsewhere shows what verify() cannot see.
CREATE FUNCTION digest_after(doing text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE doing;
	RAISE EXCEPTION USING ERRCODE = 'OK000', MESSAGE = (SELECT count(*) FROM trust_ledger.verify()
		WHERE part NOT IN ('guard', 'table'))
		|| (SELECT ' ' || encode(digest, 'hex') FROM trust_ledger.ledger_digest());
EXCEPTION WHEN SQLSTATE 'OK000' THEN
	RETURN SQLERRM;
END
$$;
SELECT matches(digest_after('SELECT 1'), '^0 ', 'a digest');
SELECT ok(digest_after(doing) ~ '^0 ' AND digest_after(doing) <> digest_after('SELECT 1'),
	'another digest: ' || doing)
FROM (VALUES
	('DELETE FROM trust.entry WHERE customer = ''d''; DELETE FROM trust.promise WHERE customer '
		'= ''d''; DELETE FROM trust.chain WHERE customer = ''d'''),
	('UPDATE trust.entry SET login = ''other''; SELECT recompute_hashes(customer) '
		'FROM trust.chain')) AS c (doing);

-- ---- one customer

SELECT ok(altered(doing, of_customer) <> '{}' AND altered(doing, other) = '{}',
	format('%s: found with %L, not with %L', doing, of_customer, other))
FROM (VALUES
	('UPDATE trust.entry SET kind = ''z'' WHERE customer = ''c'' AND seq = 1', 'c', 'd'),
	('DELETE FROM trust.chain WHERE customer = ''d''', 'd', 'c'),
	('DELETE FROM trust.promise WHERE customer = ''c''', 'c', ''),
	('UPDATE trust.entry SET login = ''z'' WHERE customer = '''' AND seq = 3', '', 'c'),
	('UPDATE trust.actor SET kind = ''ai'' WHERE actor = ''ben''', '', 'c'),
	('DELETE FROM trust.access', '', 'd')) AS c (doing, of_customer, other);
SELECT is(altered(doing, 'c'), altered(doing), doing || ': the same with the customer')
FROM unnest(ARRAY['UPDATE trust.entry SET kind = ''z'' WHERE customer = ''c''',
	'DELETE FROM trust.entry WHERE customer = ''c'' AND seq > 3',
	'UPDATE trust.promise SET state = ''kept'' WHERE customer = ''c''',
		'UPDATE trust.chain SET length = 3 WHERE customer = ''c''']) AS doing;

-- ---- entries beyond one batch of rows

SAVEPOINT few;
SELECT put_back FROM dropped \gexec
SELECT trust_ledger.migrate_ledger();
SELECT trust_ledger.make_promise('many', 'Number ' || i, actor => 'ben') FROM generate_series(1,
	2100) AS i;
SELECT is_empty('SELECT * FROM trust_ledger.verify()', 'many entries');
ALTER TABLE trust.entry DISABLE TRIGGER USER;
SELECT ok(altered(format('UPDATE trust.entry SET login = ''z'' WHERE customer = ''many'' '
	'AND seq = %s', nr))::text ~ format('entry many %s [^ ]* hash', nr),
	'entry ' || nr || ' of many')
FROM unnest('{1,999,1000,1001,2000,2001,2100}'::integer[]) AS nr;
ROLLBACK TO few;

-- ---- as the owner hides rows, in a transaction that only reads, and when all is put back

SELECT is(altered(format('ALTER TABLE trust.%1$s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL '
	'SECURITY; CREATE POLICY p ON trust.%1$s USING (false); SET LOCAL ROLE ledger_owner', tab)),
	'{}', 'row security hides nothing of ' || tab)
FROM unnest('{ledger,actor,policy,access,tracking,chain,promise,source,entry}'::text[]) AS tab;
SELECT ok(altered(format('ALTER TABLE trust.%1$s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL '
	'SECURITY; CREATE POLICY p ON trust.%1$s USING (false);
	DELETE FROM trust.%1$s; SET LOCAL ROLE ledger_owner', tab))::text ~ '^[{]"[a-z]',
		'nor that rows are gone from ' || tab)
FROM unnest('{ledger,actor,policy,access,tracking,chain,promise,source,entry}'::text[]) AS tab;

-- What hides rows from those who read the views, or runs code as them.
SELECT put_back FROM dropped \gexec
SELECT trust_ledger.migrate_ledger();
SELECT is(found(format('ALTER TABLE trust.%s ENABLE ROW LEVEL SECURITY', tab)),
	ARRAY[format('guard - - %s row_security', tab)], 'row security of ' || tab)
FROM unnest('{ledger,actor,policy,access,tracking,chain,promise,source,entry}'::text[]) AS tab;
CREATE FUNCTION planted(text) RETURNS boolean LANGUAGE sql AS 'SELECT true';
CREATE FUNCTION planted_operator(text, text) RETURNS boolean LANGUAGE sql AS 'SELECT true';
CREATE OPERATOR ~~~ (LEFTARG = text, RIGHTARG = text, FUNCTION = planted_operator);
CREATE VIEW planted_view AS SELECT 'anna' AS promiser;
CREATE FUNCTION trust.planted(text) RETURNS boolean LANGUAGE sql AS 'SELECT true';
CREATE DOMAIN planted_domain AS text CHECK (planted(value));
CREATE VIEW trust.planted_view AS SELECT planted('x');
SELECT is(found(format('CREATE OR REPLACE VIEW trust.orphaned AS SELECT * FROM (%s) AS o WHERE %s',
	rtrim(pg_get_viewdef('trust.orphaned'::regclass), ';'), condition)), '{view - - orphaned -}',
	'a view that rests on ' || what)
FROM (VALUES ('public.planted(promiser)', 'function planted(text)'),
	('promiser OPERATOR(public.~~~) ''x''', 'operator ~~~(text,text)'),
	('promiser IN (SELECT promiser FROM public.planted_view)',
		'column promiser of view planted_view'),
	('trust.planted(promiser)', 'a function beside the ledger''s tables'),
	('promiser::public.planted_domain IS NOT NULL', 'type planted_domain'),
	('EXISTS (SELECT FROM trust.planted_view)', 'a view beside the ledger''s'),
	('query_to_xml(''SELECT public.planted(''''x'''')'', true, true, '''') IS NOT NULL',
		'SQL that it is told')) AS c (condition, what);
SELECT is(found('ALTER TABLE trust.parked_change ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL '
	'SECURITY; CREATE POLICY p ON trust.parked_change USING (public.planted(source))'),
	'{"guard - - parked_change policy","guard - - parked_change row_security"}',
		'nor on a policy of what is parked');

SELECT trust_ledger.migrate_ledger();
SELECT is(found('SET LOCAL transaction_read_only = on'), '{}', 'in a transaction that only reads');
SELECT is(found('SET LOCAL transaction_read_only = on', 'c'), '{}', 'and with one customer');
SELECT is_empty('SELECT * FROM trust_ledger.verify()', 'nothing of all that stayed');

SELECT * FROM finish();
ROLLBACK;
