-- Texts have at most 1 MiB, by every function and trigger, as stored and as text, and all that is
-- stored can be dumped.
CREATE EXTENSION pgtap;
CREATE EXTENSION trust_ledger;
SELECT no_plan();
SELECT trust_ledger.create_ledger();
SELECT trust_ledger.register_actor('anna', 'human');
SELECT trust_ledger.register_actor('carl', 'human', speaks_for => 'customer');
SELECT trust_ledger.register_actor('crm', 'system', responsible => 'anna');
SELECT trust_ledger.grant_access(current_user::text, 'import');
\ir ../../helpers/calls.sql

SELECT trust_ledger.make_promise('c', 'It works.', actor => 'anna');
CREATE FUNCTION first_promise() RETURNS uuid LANGUAGE
	sql AS 'SELECT promise FROM trust.promise WHERE customer = ''c'' ORDER BY promise LIMIT 1';
CREATE TABLE free (id int PRIMARY KEY, customer text, words text);
SELECT trust_ledger.track_table('free',
	'{"customer": "=customer", "words": "=words", "actor": ":crm"}');
CREATE FUNCTION all_rows() RETURNS bigint LANGUAGE sql AS $$
	SELECT (SELECT count(*) FROM trust.entry) + (SELECT count(*) FROM trust.chain) +
		(SELECT count(*) FROM trust.promise)
		+ (SELECT count(*) FROM trust.parked_change) + (SELECT count(*) FROM trust.actor) +
			(SELECT count(*) FROM trust.policy)
$$;

-- ---- texts, by every function that takes one

CREATE TABLE calls (call text);
INSERT INTO calls SELECT 'SELECT trust_ledger.' || call FROM unnest(ARRAY[
	$$make_promise('d', %s, actor => 'anna')$$,
		$$make_promise('d', 'w', actor => 'anna', purpose => %s)$$,
	$$make_promise('d', %s, actor => 'anna', idempotency_key => 'once')$$,
	$$make_promises(ARRAY[ROW('d', 'w', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, $$ ||
		$$NULL, 'anna', NULL, NULL, NULL), $$ ||
		$$ROW('c', %s, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, $$ ||
		$$NULL, 'anna', NULL, NULL, NULL)]::trust_ledger.new_promise[])$$,
	$$make_promises(ARRAY[ROW('d', 'w', NULL, NULL, NULL, NULL, NULL, NULL, %s, NULL, $$ ||
		$$NULL, 'anna', NULL, NULL, NULL)]::trust_ledger.new_promise[])$$,
	$$amend_promise(first_promise(), %s, actor => 'anna')$$,
		$$amend_promise(first_promise(), purpose => %s, actor => 'anna')$$,
	$$amend_promise(first_promise(), 'new', reason => %s, actor => 'anna')$$,
		$$decline_promise(first_promise(), %s, actor => 'anna')$$,
	$$withdraw_backing(first_promise(), %s, actor => 'anna')$$,
		$$withdraw_promise(first_promise(), %s, actor => 'anna')$$,
	$$release_promise(first_promise(), %s, actor => 'carl')$$,
		$$assess_promise(first_promise(), 'kept', reason => %s, actor => 'anna')$$,
	$$pause_promise(first_promise(), %s, actor => 'anna')$$,
		$$resume_promise(first_promise(), %s, actor => 'anna')$$,
	$$admit_breach(first_promise(), %s, actor => 'anna')$$,
		$$repair_breach(first_promise(), %s, actor => 'anna')$$,
	$$add_note(first_promise(), %s, actor => 'anna')$$, $$erase_words(first_promise(), %s)$$,
		$$erase_words('c', 1, %s)$$, $$erase_customer('c', %s)$$,
	$$rebuild('c', %s)$$, $$register_actor('b', 'human', name => %s)$$,
		$$register_actor('b', 'human', reason => %s)$$,
	$$retire_actor('carl', reason => %s)$$, $$set_ledger(zone => 'UTC', reason => %s)$$,
	$$set_policy('p', evidence => 'asserted', reason => %s)$$,
		$$grant_access(current_user::text, 'admin', %s)$$]) AS call;

CREATE TABLE before AS SELECT all_rows() AS of_all;
SELECT is(sqlstate_of(format(call, 'repeat(''é'', 524288) || ''.''')), '22001', 'a byte too many: '
	|| call) FROM calls;
SELECT isnt(sqlstate_of(format(call, 'repeat(''é'', 524288)')), '22001', 'the most that fits: '
	|| call) FROM calls;
SELECT is(all_rows(), of_all, 'what is refused leaves nothing') FROM before;
SELECT is(sqlstate_of(format('SELECT trust_ledger.%s', call)), '22023', 'a long key is no key: '
	|| call)
FROM unnest(ARRAY[$$make_promise(repeat('x', 2000000), 'w', actor => 'anna')$$,
	$$register_actor(repeat('x', 2000000), 'human')$$,
	$$set_policy(repeat('x', 2000000), evidence => 'asserted')$$, $$act_as(repeat('x', 2000000))$$])
		AS call;

SELECT matches(error_text($$SELECT trust_ledger.add_note(first_promise(), repeat('ä', 700000),
	actor => 'anna')$$), '^22001\|[^|]*\|[^|]*\m1400000\M[^|]*\|[^|]+$',
	'the detail says how long it is, and there is a hint');

-- ---- jsonb: as it is stored, and as it is written

-- A jsonb value whose text has that many bytes. Quotes make it longer as text than as stored.
CREATE FUNCTION padded(of_value jsonb, bytes integer) RETURNS jsonb LANGUAGE sql AS $$
	SELECT jsonb_build_object('padding',
		q || repeat('x', bytes - octet_length(jsonb_build_object('padding', q, 'value',
		of_value)::text)), 'value', of_value)
	FROM repeat('"', 100000) AS q
$$;
CREATE TABLE shapes (title text, value jsonb);
INSERT INTO shapes VALUES
	('a string', '"text"'), ('a number', '-12.50'), ('true', 'true'), ('false', 'false'),
	('null', 'null'), ('empty', '[[], {}, "", [[]], [{}, []]]'),
	('nested', '{"a": {"b": [1, {"c": [], "d": [[2, 3], 4]}, null]}, "e": "f"}'),
	('escapes', to_jsonb(E'"\\/\b\f\n\r\t\x01\x1f\x7f é 😀'::text)),
	('a key with escapes', jsonb_build_object(E'"\\\n\x02', 1)),
	('numbers', '[0, 0.0, 0.000, 1, 10, 100, 1000, 9999, 10000, 123456789, 0.1, 0.0001, 0.00001, '
		'12345.6789, 1.500, -0.5, 1e20, 1e-20, 1.20e3]'),
	('large numbers', '[1e100000, -1e99999, 12345e1000, 1e-1000]'),
	('many', (SELECT jsonb_agg(n) FROM generate_series(-5000, 5000) AS n));
SELECT is(octet_length(padded(value, 1048576)::text), 1048576, title) FROM shapes;
SELECT is(sqlstate_of(format($$SELECT trust_ledger.make_promise('d', 'w', actor => 'anna',
	context => %L)$$, padded(value, 1048576))), 'ok', title || ': the most that fits')
FROM shapes;
SELECT is(sqlstate_of(format($$SELECT trust_ledger.make_promise('d', 'w', actor => 'anna',
	context => %L)$$, padded(value, 1048577))), '22001', title || ': a byte too many')
FROM shapes;

CREATE TABLE given_json (title text, value text, expected text);
INSERT INTO given_json VALUES
	('short as stored, long as text: numbers',
		'(SELECT jsonb_agg(''1e131000''::numeric) FROM generate_series(1, 9))', '22001'),
	('short as stored, long as text: escapes', 'to_jsonb(repeat(E''\x01'', 200000)::text)',
		'22001'),
	('short as text, long as stored', '(SELECT jsonb_agg(1) FROM generate_series(1, 200000))',
		'22001'),
	('a scalar', 'to_jsonb(repeat(''x'', 1048000)::text)', 'ok'),
	('a scalar that is too long', 'to_jsonb(repeat(''x'', 1048575)::text)', '22001');
SELECT is(sqlstate_of(format('SELECT trust_ledger.' || call, value)), expected, title || ': '
	|| call)
FROM given_json, unnest(ARRAY[$$make_promise('d', 'w', actor => 'anna', context => %s)$$,
	$$add_note(first_promise(), 'n', actor => 'anna', context => %s)$$,
	$$make_promises(ARRAY[ROW('d', 'w', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, $$ ||
		$$NULL, 'anna', NULL, %s, NULL)]::trust_ledger.new_promise[])$$,
	$$set_policy('p', evidence => 'asserted', context => %s)$$]) AS call;
SELECT is(sqlstate_of(format('SELECT trust_ledger.%s', call)), '22001', call)
FROM unnest(ARRAY[
	$$register_actor('b', 'human', authority => (SELECT jsonb_object_agg('C' || $$ ||
		$$n, '1e131000'::numeric) FROM generate_series(1, 9) AS n))$$,
	$$register_actor('b', 'human', authority => jsonb_build_object(repeat('x', 1048576), 1))$$,
	$$set_ledger(weights => jsonb_build_object(repeat('x', 1048576), 1))$$,
	$$set_tracking('free', jsonb_build_object('x', repeat('x', 1048576)))$$,
	$$track_table('free', jsonb_build_object('customer', '=customer', 'words', ':' || $$ ||
		$$repeat('x', 1048577), 'actor', ':crm'))$$]) AS call;

-- ---- tracked rows: refused, parked, noted; what is parked can be dumped

CREATE TABLE parks (id int PRIMARY KEY, customer text, words text, reason varchar, info jsonb,
	note json, document text, number numeric[]);
CREATE TABLE notes (LIKE parks INCLUDING ALL);
CREATE TABLE fails (LIKE parks INCLUDING ALL);
SELECT format('CREATE TRIGGER %s AFTER %s ON %s FOR EACH ROW '
	'EXECUTE FUNCTION trust_ledger.track(%L, %s, ''actor:crm'', ''on_error:%s'')', event, operation,
	tab, event, arguments,
	CASE WHEN on_error = 'note' AND event = 'made' THEN 'park' ELSE on_error END)
FROM (VALUES ('parks', 'park'), ('notes', 'note'), ('fails', 'fail')) AS t (tab, on_error),
	(VALUES ('made', 'INSERT', '''customer=customer'', ''words=words'', ''context=info'''),
		('amended', 'UPDATE OF words', '''words=words'', ''reason=reason'''),
		('noted', 'UPDATE OF note', '''context=note''')) AS v (event, operation, arguments) \gexec

SELECT throws_ok($$CREATE TRIGGER constant AFTER INSERT ON fails FOR EACH ROW
	EXECUTE FUNCTION trust_ledger.track('made', 'customer=customer',
	'words:$$ || repeat('x', 1048577) || $$', 'write:now')$$,
	'22001', NULL, 'a constant of a mapping');

\ir ../../helpers/sessions.sql
-- Each in a session of its own, which writes at its end.
CREATE FUNCTION said_of(of_table text) RETURNS text LANGUAGE sql AS $$
	SELECT concat_ws(' | ', (SELECT string_agg(event, ' ' ORDER BY seq) FROM trust.tracked_entry e
		JOIN trust.tracked_row r USING (customer, promise) WHERE r.source = 'public.' || of_table),
		(SELECT string_agg(concat_ws('/', trigger, sqlstate, coalesce(new_row->>'', 'whole')),
			' ' ORDER BY parked_at) FROM trust.parked_change WHERE source = 'public.' || of_table))
$$;
SELECT is(sqlstate_in_session(doing) || ': '
	|| said_of(substring(doing FROM '(parks|notes|fails)')), expected, doing) FROM (VALUES
	($$INSERT INTO fails (id, customer, words) VALUES (1, 't', repeat('x', 1048577))$$, '22001: '),
	($$INSERT INTO fails (id, customer, words, document) VALUES (1, 't', repeat('x', 1048576),
		repeat('x', 3000000))$$, 'ok: made'),
	($$UPDATE fails SET words = 'x', reason = repeat('x', 1048577)$$, '22001: made'),
	($$UPDATE fails SET note = to_json(repeat('x', 1048577))$$, '22001: made'),
	($$INSERT INTO parks (id, customer, words) VALUES (1, 't', repeat('x', 1048577))$$,
		'ok: made/22001/["words"]'),
	($$INSERT INTO parks (id, customer, words) VALUES (2, ' t', repeat('x', 1048400))$$,
		'ok: made/22001/["words"] made/22023/whole'),
	($$INSERT INTO parks (id, customer, words, document) VALUES (3, ' t', 'w',
		repeat('x', 3000000))$$,
		'ok: made/22001/["words"] made/22023/whole made/22023/["document"]'),
	($$INSERT INTO parks (id, customer, words, info) VALUES (4, ' t', 'w',
		(SELECT jsonb_agg('1e131000'::numeric) FROM generate_series(1, 9)))$$,
		'ok: made/22001/["words"] made/22023/whole made/22023/["document"] made/22023/["info"]'),
	($$INSERT INTO parks (id, customer, words, note) VALUES (5, ' t', 'w',
		('[' || repeat('1e131000,', 9) || '1]')::json)$$,
		'ok: made/22001/["words"] made/22023/whole made/22023/["document"] made/22023/["info"] '
		'made/22023/["note"]'),
	($$INSERT INTO parks (id, customer, words, number) VALUES (6, ' t', 'w',
		(SELECT array_agg('1e131000'::numeric) FROM generate_series(1, 9)))$$,
		'ok: made/22001/["words"] made/22023/whole made/22023/["document"] made/22023/["info"] '
			'made/22023/["note"] made/22023/["number"]'),
	($$INSERT INTO notes (id, customer, words) VALUES (1, 't', 'w')$$, 'ok: made'),
	($$UPDATE notes SET words = repeat('x', 1048577)$$, 'ok: made noted'),
	($$UPDATE notes SET words = 'v', reason = repeat('x', 1048577)$$, 'ok: made noted noted')) AS d
		(doing, expected);
SELECT ok((SELECT count(*) = 1 FROM trust.parked_change WHERE octet_length(new_row::text) > 1048000)
	AND (SELECT bool_and(octet_length(new_row::text) <= 1048576) FROM trust.parked_change),
	'none of what waits is larger than that');

-- The customer is corrected. A parked change that lacks a column which the mapping reads stays
-- parked.
CREATE OR REPLACE TRIGGER made AFTER INSERT ON parks FOR EACH ROW
	EXECUTE FUNCTION trust_ledger.track('made', 'customer:t', 'words=words', 'context=info',
	'actor:crm', 'on_error:park');
SELECT bag_eq($$SELECT done FROM trust_ledger.replay_parked('public.parks')$$,
	$$VALUES (false), (true), (true), (false), (true), (true)$$,
	'what is not there is not replayed as if it were nothing');
SELECT bag_eq($$SELECT new_row->>'id', sqlstate FROM trust.parked_change
	WHERE source = 'public.parks'$$, $$VALUES ('1', '22001'), ('4', '22001')$$,
	'the others are written');
CREATE OR REPLACE TRIGGER made AFTER INSERT ON parks FOR EACH ROW
	EXECUTE FUNCTION trust_ledger.track('made', 'customer=customer', 'words=words', 'context=info',
	'actor:crm', 'on_error:park');

-- An error message can quote a whole text.
CREATE FUNCTION loud() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION '%',
	repeat('ä', 2000000); END$$;
CREATE TRIGGER loud BEFORE INSERT ON trust.parked_change FOR EACH ROW WHEN (false)
	EXECUTE FUNCTION loud();
DROP TRIGGER loud ON trust.parked_change;
CREATE TRIGGER loud AFTER INSERT ON trust.promise FOR EACH ROW WHEN (NEW.customer = 'loud')
	EXECUTE FUNCTION loud();
SELECT is(sqlstate_in_session($$INSERT INTO parks (id, customer, words) VALUES (7, 'loud', 'w')$$),
	'ok', 'an error of megabytes is parked');
SELECT cmp_ok((SELECT octet_length(error) FROM trust.parked_change WHERE new_row->>'id' = '7'),
	'<', 10000, 'the beginning of it');
SELECT is((SELECT count(*) FROM trust_ledger.replay_parked('public.parks') WHERE octet_length(error)
	>= 2000000), 1::bigint, 'replaying tells all of it');
SELECT cmp_ok((SELECT octet_length(error) FROM trust.parked_change WHERE new_row->>'id' = '7'),
	'<', 10000, 'and keeps the beginning');
DROP TRIGGER loud ON trust.promise;

-- ---- a large text is hashed piece by piece, with the same result

\ir ../../helpers/oversized_texts.sql
SELECT trust_ledger.make_promise('shaped', 'w', actor => 'anna', context => padded(value, 1048576))
	FROM shapes;
SELECT trust_ledger.register_actor('rich', 'human', authority => (SELECT jsonb_object_agg('C' || n,
	n * 1.5) FROM generate_series(1, 20000) AS n));
SELECT cmp_ok((SELECT count(*) FROM trust.entry WHERE octet_length(context::text) > 100000
	OR octet_length(details::text) > 100000), '>=', 13::bigint, 'there are large ones');
SELECT is_empty($$
	SELECT customer, seq FROM trust.entry WHERE context IS NOT NULL AND context_commitment
		<> commitment(context_salt, convert_to(context::text, 'UTF8')) $$,
	'contexts are committed to by their text');
CREATE TABLE hashes AS SELECT customer, seq, hash FROM trust.entry;
\ir ../../helpers/without_guards.sql
SELECT without_guards($$SELECT recompute_hashes(customer) FROM trust.chain WHERE customer IN ('',
	'shaped')$$, '{entry,chain}');
SELECT set_eq('TABLE hashes', 'SELECT customer, seq, hash FROM trust.entry',
	'details are hashed by their text');

-- ---- all that is in the ledger can be read out

SELECT lives_ok(format('COPY %s TO ''/dev/null''', c.oid::regclass), 'COPY: ' || c.relname)
	FROM pg_class c WHERE relnamespace = 'trust'::regnamespace AND relkind = 'r' ORDER BY c.relname;
SELECT is_empty('SELECT * FROM trust_ledger.verify()', 'verify() is content');

SELECT * FROM finish();
