-- Guards: only the ledger's functions can write its tables.

BEGIN;
CREATE EXTENSION pgtap;
SELECT plan(729);
CREATE EXTENSION trust_ledger;
\ir ../../helpers/calls.sql
\ir ../../helpers/findings.sql

CREATE ROLE ledger_owner;
SELECT format('ALTER DATABASE %I OWNER TO ledger_owner', current_database()) AS give_to_owner \gset
:give_to_owner;
SELECT trust_ledger.create_ledger();
SELECT trust_ledger.register_actor('anna', 'human', 'Anna');
SELECT trust_ledger.set_policy('p', kind => 'k', evidence => 'session');
CREATE TABLE deal (id bigint PRIMARY KEY, customer text, title text);
SELECT trust_ledger.track_table('deal', '{"customer": "=customer", "words": "=title"}');
SELECT trust_ledger.register_actor('bot', 'ai', responsible => 'anna', model => 'm1');
CREATE TABLE visit (id int PRIMARY KEY, customer text, title text);
CREATE TRIGGER made AFTER INSERT ON visit FOR EACH ROW EXECUTE FUNCTION trust_ledger.track('made',
	'customer=customer', 'words=title', 'actor:bot', 'promise:x', 'write:now');
CREATE TRIGGER deleted AFTER DELETE ON visit FOR EACH ROW
	EXECUTE FUNCTION trust_ledger.track('noted', 'actor:bot', 'promise:x', 'write:now');
SELECT trust_ledger.make_promise('c', 'It works.', actor => 'anna');
SELECT trust_ledger.make_promise('d', 'Of another.', actor => 'anna');
INSERT INTO visit VALUES (1, 't', 'Told.');
SELECT is((SELECT array_agg(seq) FROM trust.entry WHERE name IS NOT NULL), '{3}', 'the only name');

CREATE TABLE guarded (tab text, key text, changes text);
INSERT INTO guarded VALUES ('ledger', 'ledger', 'zone = ''Asia/Tokyo'''),
('actor', 'actor', 'kind = ''ai'''),
	('policy', 'policy', 'active = false'), ('tracking', 'source', 'triggers = ''[]'''),
	('access', 'role', 'levels = ''{admin}'''), ('chain', 'customer', 'length = length + 1'),
	('promise', 'customer', 'state = ''kept'''), ('source', 'customer', 'key = ''2'''),
	('entry', 'customer', 'state = ''kept''');

-- ---- by hand

SELECT is(sqlstate_of(format(statement, tab, key, changes), as_role, replication), 'TL006',
	format('%s, by %s, %s', format(statement, tab, key, changes), as_role, replication))
FROM guarded,
	unnest(ARRAY['INSERT INTO trust.%1$s SELECT * FROM trust.%1$s',
		'INSERT INTO trust.%1$s SELECT * FROM trust.%1$s ON CONFLICT DO NOTHING',
		'UPDATE trust.%1$s SET %2$s = %2$s', 'UPDATE trust.%1$s SET %3$s', 'DELETE FROM trust.%1$s',
			'TRUNCATE trust.%1$s',
		'TRUNCATE trust.ledger, trust.actor, trust.policy, trust.access, trust.tracking, '
			'trust.chain, trust.promise, trust.source, trust.entry CASCADE',
		'MERGE INTO trust.%1$s t USING trust.%1$s s ON t.%2$s = s.%2$s WHEN MATCHED THEN DELETE'])
			AS statement,
	(VALUES ('none', 'origin'), ('ledger_owner', 'origin'), ('none', 'local'), ('none', 'replica'))
		AS c (as_role, replication);

-- Nobody can erase an entry by hand, and only texts can ever be erased.
SELECT is(sqlstate_of('UPDATE trust.entry SET ' || changes, as_role, replication),
	'TL006', format('UPDATE trust.entry SET %s, by %s, %s', changes, as_role, replication))
FROM unnest('{words = NULL,"words = NULL, words_salt = NULL","words = NULL, words_salt = NULL, '
	'request_salt = NULL",request_salt = NULL,name = NULL,words_commitment = NULL,hash '
	'= NULL,actor = NULL}'::text[]) AS changes,
	(VALUES ('none', 'origin'), ('ledger_owner', 'origin'), ('none', 'local'), ('none', 'replica'))
		AS c (as_role, replication);
SELECT is(sqlstate_of(format('UPDATE trust.%s', changes), as_role, replication),
	'TL006', format('UPDATE trust.%s, by %s, %s', changes, as_role, replication))
FROM unnest('{promise SET words = NULL,actor SET name = NULL}'::text[]) AS changes,
	(VALUES ('none', 'origin'), ('ledger_owner', 'origin'), ('none', 'replica')) AS c (as_role,
	replication);
SELECT is((SELECT count(*) FROM trust.entry WHERE words = 'It works.'), 1::bigint,
	'all is as it was');

-- By hand right after a call, with the rows that it just wrote.
SELECT is(sqlstate_of(call || '; ' || writing), 'TL006', writing || ' after ' || call)
FROM (VALUES
	($$SELECT trust_ledger.make_promise('c', 'w', actor => 'anna')$$, $$UPDATE trust.promise SET
		words = 'x', last_seq = 2 WHERE last_seq = 2$$),
	($$SELECT trust_ledger.make_promise('c', 'w', actor => 'anna')$$, $$UPDATE trust.chain SET
		length = length WHERE customer = 'c'$$),
	($$SELECT trust_ledger.make_promise('c', 'w', actor => 'anna')$$, $$INSERT INTO trust.entry
		SELECT * FROM trust.entry WHERE customer = 'c' AND seq = 2$$),
	($$INSERT INTO visit VALUES (2, 't', 'w')$$, $$UPDATE trust.source SET key = '3'
		WHERE key = '2'$$),
	($$DELETE FROM visit$$, $$UPDATE trust.source SET gone = false$$),
	($$DELETE FROM visit$$, $$UPDATE trust.source SET seq = 2$$),
	($$SELECT trust_ledger.register_actor('ben', 'human')$$, $$UPDATE trust.actor SET
		authority = '{}' WHERE actor = 'ben'$$),
	($$SELECT trust_ledger.register_actor('anna', 'human')$$, $$UPDATE trust.actor SET
		authority = '{}' WHERE actor = 'anna'$$),
	($$SELECT trust_ledger.set_ledger(zone => 'UTC')$$, $$UPDATE trust.ledger SET
		zone = 'Asia/Tokyo'$$),
	($$SELECT trust_ledger.grant_access('ledger_owner', 'import')$$, $$UPDATE trust.access SET
		levels = '{}'$$),
	($$SELECT trust_ledger.erase_words('c', 1, 'r')$$, $$UPDATE trust.entry SET words = NULL
		WHERE customer = 'c' AND seq = 1$$),
	($$SELECT trust_ledger.erase_words('c', 1, 'r')$$, $$UPDATE trust.entry SET note = NULL,
		note_salt = NULL WHERE customer = 'c' AND seq = 2$$),
	($$SELECT trust_ledger.erase_words('c', 1, 'r')$$, $$UPDATE trust.promise SET words = 'x',
		last_seq = 2 WHERE last_seq = 2$$),
	($$SELECT trust_ledger.erase_customer('c', 'r')$$, $$UPDATE trust.entry SET words = NULL
		WHERE customer = 'd'$$),
	($$SELECT trust_ledger.erase_words('', 3, 'r')$$, $$UPDATE trust.actor SET kind = 'ai'
		WHERE actor = 'anna'$$)) AS c (call, writing);

-- ---- by triggers that the owner plants, during a call

CREATE SCHEMA own AUTHORIZATION ledger_owner;
SET ROLE ledger_owner;
CREATE FUNCTION own.execute() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF pg_trigger_depth() = tg_argv[1]::int THEN
		EXECUTE tg_argv[0];
	END IF;
	RETURN NEW;
END
$$;
RESET ROLE;
CREATE FUNCTION plant(fires text, tab text, doing text, depth int DEFAULT 1) RETURNS text LANGUAGE
	sql AS $$
	SELECT format('CREATE TRIGGER a %s ON trust.%I %s EXECUTE FUNCTION own.execute(%L, %L)',
		split_part(fires, ' FOR', 1), tab,
		substring(fires FROM ' FOR.*'), doing, depth)
$$;
SELECT is(sqlstate_of(plant(fires, tab, doing)
	|| $$; SELECT trust_ledger.make_promise('c', 'w', actor => 'anna')$$), 'TL006',
	format('%s on %s: %s', fires, tab, doing))
FROM unnest('{BEFORE INSERT OR UPDATE FOR EACH STATEMENT,BEFORE INSERT OR UPDATE FOR EACH ROW,
		AFTER INSERT OR UPDATE FOR EACH ROW,AFTER INSERT OR UPDATE FOR EACH STATEMENT}'::text[])
			AS fires,
	unnest('{entry,chain,promise}'::text[]) AS tab,
	unnest(ARRAY[$$UPDATE trust.actor SET authority = '{}'$$, $$UPDATE trust.promise SET
		state = 'kept'$$,
		$$UPDATE trust.chain SET length = 7 WHERE customer = ''$$, $$INSERT INTO trust.entry
			SELECT * FROM trust.entry WHERE customer = ''$$,
		'DELETE FROM trust.entry']) AS doing;
SELECT is(sqlstate_of(plant(fires, tab, doing, 2)
	|| $$; INSERT INTO visit VALUES (2, 't', 'w'); DELETE FROM visit$$),
	'TL006', format('%s on %s, while a row''s change is written: %s', fires, tab, doing))
FROM unnest('{BEFORE INSERT OR UPDATE FOR EACH STATEMENT,BEFORE INSERT OR UPDATE FOR EACH '
	'ROW,AFTER INSERT OR UPDATE FOR EACH ROW,AFTER INSERT OR UPDATE FOR EACH STATEMENT}'::text[])
	AS fires,
	unnest('{entry,chain,promise,source}'::text[]) AS tab,
	unnest(ARRAY[$$UPDATE trust.source SET key = '9'$$, $$UPDATE trust.source SET gone = true,
		seq = seq + 1$$, $$INSERT INTO trust.source SELECT customer, gen_random_uuid(), source, key,
		name, gone, seq FROM trust.source$$, 'DELETE FROM trust.source']) AS doing;
SELECT is(sqlstate_of(plant(fires, tab, doing) || '; ' || call), 'TL006', format('%s on %s: %s',
	fires, tab, doing))
FROM (VALUES
	('actor', $$SELECT trust_ledger.register_actor('ben', 'human')$$, $$UPDATE trust.access SET
		levels = '{admin}'$$),
	('policy', $$SELECT trust_ledger.drop_policy('p')$$, $$UPDATE trust.policy SET active = true$$),
	('tracking', $$SELECT trust_ledger.drop_tracking('public.deal')$$, $$UPDATE trust.tracking SET
		active = true$$),
	('access', $$SELECT trust_ledger.grant_access('ledger_owner', 'import')$$, $$UPDATE trust.actor
		SET kind = 'ai'$$),
	('ledger', $$SELECT trust_ledger.set_ledger(zone => 'UTC')$$, $$UPDATE trust.ledger SET
		zone = 'Asia/Tokyo'$$)) AS c (tab, call, doing),
	unnest('{BEFORE INSERT OR UPDATE FOR EACH STATEMENT,BEFORE INSERT OR UPDATE FOR EACH ROW,AFTER '
		'INSERT OR UPDATE FOR EACH ROW}'::text[]) AS fires;

-- A trigger that fires during an erasure can change no other row, no other text, and no other
-- column.
SELECT matches(sqlstate_of(plant(fires, tab, doing) || '; ' || call), '^(TL006|27000)$',
-- 27000: the row itself, in its own place
	format('%s on %s, while %s: %s', fires, tab, call, doing))
FROM (VALUES ('entry', $$SELECT trust_ledger.erase_words('c', 1, 'r')$$),
	('entry', $$SELECT trust_ledger.erase_customer('c', 'r')$$),
	('entry', $$SELECT trust_ledger.erase_words('', 3, 'r')$$),
		('promise', $$SELECT trust_ledger.erase_customer('c', 'r')$$),
		('actor', $$SELECT trust_ledger.erase_words('', 3, 'r')$$)) AS c (tab, call),
	unnest('{BEFORE UPDATE FOR EACH STATEMENT,BEFORE UPDATE FOR EACH ROW,AFTER UPDATE FOR EACH '
		'ROW,AFTER UPDATE FOR EACH STATEMENT}'::text[]) AS fires,
	unnest(ARRAY[$$UPDATE trust.entry SET words = NULL, words_salt = NULL WHERE customer = 'd'$$,
		$$UPDATE trust.entry SET words = NULL, words_salt = NULL, seq = 1 WHERE customer = 'd'$$,
		$$UPDATE trust.promise SET words = NULL, last_seq = 2 WHERE customer = 'd'$$,
			$$UPDATE trust.promise SET state = 'kept' WHERE customer = 'c'$$,
		$$UPDATE trust.actor SET kind = 'ai', seq = seq WHERE actor = 'anna'$$, $$UPDATE trust.entry
			SET note = 'x' WHERE customer = 'c'$$, 'DELETE FROM trust.entry',
		$$UPDATE trust.chain SET length = 7 WHERE customer = 'd'$$]) AS doing;
-- A trigger that fires before the guard and changes the row itself: no column except texts;
-- verify() finds missing texts.
CREATE FUNCTION own.change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	RETURN jsonb_populate_record(NEW, tg_argv[0]::jsonb);
END
$$;
SELECT is(sqlstate_of(format('CREATE TRIGGER a BEFORE UPDATE ON trust.entry FOR EACH ROW '
	'EXECUTE FUNCTION own.change(%L); SELECT trust_ledger.erase_words(''c'', 1, ''r'')', change)),
	'TL006',
	'changed while it is erased: ' || change)
FROM unnest('{"{\"kind\": \"x\"}","{\"words\": \"x\"}","{\"words_commitment\": null}","{\"hash\": '
	'null}","{\"seq\": 2}","{\"customer\": \"d\"}","{\"value\": 1}","{\"note\": '
	'\"x\"}","{\"promise\": null}","{\"state\": \"kept\"}"}'::text[]) AS change;
SELECT trust_ledger.add_note((SELECT promise FROM trust.promise WHERE customer = 'c'), 'A note.',
	actor => 'anna', context => '{}', idempotency_key => 'k');
CREATE FUNCTION own.take() RETURNS trigger LANGUAGE
	plpgsql AS 'BEGIN NEW.note := NULL; NEW.note_salt := NULL; NEW.context := NULL; RETURN NEW; '
	'END';
CREATE FUNCTION own.keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END';
SELECT is(findings_after(format('CREATE TRIGGER a BEFORE UPDATE ON trust.entry FOR EACH ROW '
	'EXECUTE FUNCTION own.%s(); SELECT trust_ledger.erase_words(''d'', 1, ''r''), '
	'trust_ledger.erase_words(''c'', 2, ''r'')', what)),
	expected, 'found: ' || what)
FROM (VALUES ('take', '{guard entry a}'::text[]),
	('keep', '{entry c 2 context,entry c 2 note,entry c 2 request_salt,entry d 1 words,guard entry '
	'a}')) AS c (what, expected);

-- A guard lets in the row that is expected, and only once. Another row in its place makes the call
-- fail.
SELECT is(sqlstate_of(plant('BEFORE UPDATE FOR EACH STATEMENT', 'chain', $$
		UPDATE trust.chain SET length = e.seq, head = e.hash, recorded_at = NULL FROM trust.entry e
		WHERE chain.customer = '' AND e.customer = 'c' AND e.seq = (SELECT max(seq) FROM trust.entry
			WHERE customer = 'c') $$)
	|| $$; SELECT trust_ledger.make_promise('c', 'w', actor => 'anna')$$),
		'TL006', 'another row in the place of the expected one');
-- A trigger that drops the row makes the call fail. (The timeout is for a call that would retry
-- forever.)
CREATE FUNCTION own.drop_row() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
SET LOCAL statement_timeout = '5s';
SELECT is(sqlstate_of(format('CREATE TRIGGER a BEFORE INSERT OR UPDATE ON trust.%I FOR EACH ROW '
	'EXECUTE FUNCTION own.drop_row(); %s', tab, call)), 'TL006',
	format('%s, while a trigger drops the rows of %s', call, tab))
FROM (VALUES
	('entry', $$SELECT trust_ledger.make_promise('c', 'w', actor => 'anna')$$),
	('chain', $$SELECT trust_ledger.make_promise('c', 'w', actor => 'anna')$$),
	('promise', $$SELECT trust_ledger.make_promise('c', 'w', actor => 'anna')$$),
	('promise', $$SELECT trust_ledger.amend_promise((SELECT promise FROM trust.promise
		WHERE customer = 'c'), 'Other words.', actor => 'anna')$$),
	('source', $$INSERT INTO visit VALUES (2, 't', 'w')$$), ('source', 'DELETE FROM visit'),
	('actor', $$SELECT trust_ledger.register_actor('ben', 'human')$$),
	('actor', $$SELECT trust_ledger.register_actor('anna', 'human')$$),
	('entry', $$SELECT trust_ledger.erase_words('c', 1, 'r')$$),
	('promise', $$SELECT trust_ledger.erase_words('c', 1, 'r')$$),
	('chain', $$SELECT trust_ledger.erase_words('c', 1, 'r')$$),
	('entry', $$SELECT trust_ledger.erase_customer('c', 'r')$$),
	('promise', $$SELECT trust_ledger.erase_customer('c', 'r')$$),
	('entry', $$SELECT trust_ledger.erase_words('', 3, 'r')$$),
	('actor', $$SELECT trust_ledger.erase_words('', 3, 'r')$$),
	('chain', $$SELECT trust_ledger.erase_words('', 3, 'r')$$)) AS c (tab, call);
SELECT is(sqlstate_of($$CREATE TRIGGER a BEFORE INSERT ON trust.chain FOR EACH ROW
	EXECUTE FUNCTION own.drop_row();
	SELECT trust_ledger.make_promise('new', 'w', actor => 'anna')$$),
		'TL006', 'or that of a new chain');
RESET statement_timeout;

-- ---- after an error between the expectation and the write

-- The call fails at the row that the guard expects and reports it; then the same row is written by
-- hand.
CREATE FUNCTION own.tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF current_setting('test.tell', true) = 'on' THEN
		RAISE EXCEPTION USING ERRCODE = 'TOLD0', DETAIL = to_jsonb(NEW);
	END IF;
	RETURN NEW;
END
$$;
CREATE FUNCTION rewritten(tab text, call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	told text;
	outcomes text[];
	statement text;
BEGIN
	EXECUTE format('CREATE TRIGGER a BEFORE INSERT OR UPDATE ON trust.%I FOR EACH ROW '
		'EXECUTE FUNCTION own.tell()', tab);
	PERFORM set_config('test.tell', 'on', true);
	BEGIN
		EXECUTE call;
	EXCEPTION WHEN SQLSTATE 'TOLD0' THEN
		GET STACKED DIAGNOSTICS told = PG_EXCEPTION_DETAIL;
	END;
	PERFORM set_config('test.tell', 'off', true);
	FOREACH statement IN ARRAY ARRAY[
		'INSERT INTO trust.%1$I SELECT * FROM jsonb_populate_record(NULL::trust.%1$I, %2$L)',
		'UPDATE trust.%1$I t SET (%3$s) = (SELECT %3$s '
			'FROM jsonb_populate_record(NULL::trust.%1$I, %2$L)) WHERE t.ctid = (SELECT max(ctid) '
			'FROM trust.%1$I)']
	LOOP
		BEGIN
			EXECUTE format(statement, tab, told, (SELECT string_agg(quote_ident(attname), ', ')
				FROM pg_attribute
				WHERE attrelid = ('trust.' || tab)::regclass AND attnum > 0));
			outcomes := outcomes || 'ok'::text;
		EXCEPTION WHEN OTHERS THEN
			outcomes := outcomes || SQLSTATE;
		END;
	END LOOP;
	EXECUTE format('DROP TRIGGER a ON trust.%I', tab);
	RETURN CASE WHEN told IS NULL THEN 'not told' ELSE outcomes::text END;
END
$$;
SELECT is(rewritten(tab, call), '{TL006,TL006}', format('%s was expected: %s', tab, call))
FROM (VALUES
	('entry', $$SELECT trust_ledger.make_promise('c', 'w', actor => 'anna')$$),
	('chain', $$SELECT trust_ledger.make_promise('c', 'w', actor => 'anna')$$),
	('chain', $$SELECT trust_ledger.make_promise('new', 'w', actor => 'anna')$$),
	('source', $$INSERT INTO visit VALUES (2, 't', 'w')$$), ('source', 'DELETE FROM visit'),
	('promise', $$SELECT trust_ledger.make_promise('c', 'w', actor => 'anna')$$),
	('actor', $$SELECT trust_ledger.register_actor('ben', 'human')$$),
	('policy', $$SELECT trust_ledger.drop_policy('p')$$),
	('tracking', $$SELECT trust_ledger.drop_tracking('public.deal')$$),
	('access', $$SELECT trust_ledger.grant_access('ledger_owner', 'import')$$),
	('ledger', $$SELECT trust_ledger.set_ledger(zone => 'UTC')$$),
	('promise', $$SELECT trust_ledger.erase_words('c', 1, 'r')$$),
	('actor', $$SELECT trust_ledger.erase_words('', 3, 'r')$$)) AS c (tab, call);
-- The erasure fails at the row that the guard expects; then the same erasure is done by hand.
CREATE FUNCTION erased_by_hand(call text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE 'CREATE TRIGGER a BEFORE UPDATE ON trust.entry FOR EACH ROW '
		'EXECUTE FUNCTION own.tell()';
	PERFORM set_config('test.tell', 'on', true);
	BEGIN
		EXECUTE call;
		RETURN 'not told';
	EXCEPTION WHEN SQLSTATE 'TOLD0' THEN
		PERFORM set_config('test.tell', 'off', true);
	END;
	RETURN sqlstate_of('UPDATE trust.entry SET words = NULL, words_salt = NULL WHERE customer '
		'= ''c'' AND seq = 1');
END
$$;
SELECT is(erased_by_hand($$SELECT trust_ledger.erase_words('c', 1, 'r')$$),
	'TL006', 'an erasure was expected');
DROP TRIGGER a ON trust.entry;
SELECT is_empty('SELECT * FROM trust_ledger.verify()', 'nothing got through');

-- ---- guards elsewhere than on the ledger's tables

SELECT is(sqlstate_of(format('SELECT trust_ledger.guard_%s()', guard)),
	'39P01', format('guard_%s() called', guard))
FROM unnest('{entry,chain,promise,governed,truncate}'::text[]) AS guard;

CREATE TABLE foreign_table (hash bytea, head bytea, length bigint, last_seq bigint, seq bigint);
CREATE TABLE without_columns (x integer);
CREATE TABLE odd_columns (hash bigint, head bigint, length text, last_seq text, seq text);
INSERT INTO foreign_table DEFAULT VALUES;
SELECT is(sqlstate_of(format('CREATE TRIGGER g %s EXECUTE FUNCTION trust_ledger.guard_%s(); %s',
	fires, guard, statement)), expected,
	format('guard_%s() %s', guard, fires))
FROM unnest('{entry,chain,promise,governed}'::text[]) AS guard,
	(VALUES
		('BEFORE INSERT ON foreign_table FOR EACH ROW', 'INSERT INTO foreign_table DEFAULT VALUES',
			'TL006'),
		('BEFORE UPDATE ON foreign_table FOR EACH ROW', 'UPDATE foreign_table SET seq = 1',
			'TL006'),
		('BEFORE DELETE ON foreign_table FOR EACH ROW', 'DELETE FROM foreign_table', 'TL006'),
		('BEFORE INSERT ON without_columns FOR EACH ROW', 'INSERT INTO without_columns VALUES (1)',
			'TL006'),
		('AFTER INSERT ON foreign_table FOR EACH ROW', 'INSERT INTO foreign_table DEFAULT VALUES',
			'39P01'),
		('BEFORE INSERT ON foreign_table FOR EACH STATEMENT',
			'INSERT INTO foreign_table DEFAULT VALUES', '39P01'),
		('BEFORE TRUNCATE ON foreign_table FOR EACH STATEMENT', 'TRUNCATE foreign_table', '39P01'))
			AS c (fires, statement, expected);
SELECT is(sqlstate_of('CREATE TRIGGER g BEFORE TRUNCATE ON foreign_table '
	'EXECUTE FUNCTION trust_ledger.guard_truncate(); TRUNCATE foreign_table'), 'TL006',
	'guard_truncate() on a foreign table');

-- Fired while the same kind of row is expected, on a table with any columns: refused.
ALTER TABLE foreign_table OWNER TO ledger_owner;
ALTER TABLE without_columns OWNER TO ledger_owner;
ALTER TABLE odd_columns OWNER TO ledger_owner;
SELECT isnt(sqlstate_of(format('CREATE TRIGGER g BEFORE INSERT ON %I FOR EACH ROW '
	'EXECUTE FUNCTION trust_ledger.guard_%s(); %s; %s', elsewhere, guard,
		plant('BEFORE INSERT OR UPDATE FOR EACH STATEMENT', tab,
			format('INSERT INTO public.%I VALUES (1)', elsewhere)), call)), 'ok',
	format('guard_%s() on %s, while %s is written', guard, elsewhere, tab))
FROM (VALUES
	('entry', 'entry', $$SELECT trust_ledger.make_promise('c', 'w', actor => 'anna')$$),
	('chain', 'chain', $$SELECT trust_ledger.make_promise('c', 'w', actor => 'anna')$$),
	('promise', 'promise', $$SELECT trust_ledger.make_promise('c', 'w', actor => 'anna')$$),
	('actor', 'governed', $$SELECT trust_ledger.register_actor('ben', 'human')$$)) AS c (tab,
		guard, call),
	unnest('{without_columns,odd_columns}'::text[]) AS elsewhere;

SELECT * FROM finish();
ROLLBACK;
