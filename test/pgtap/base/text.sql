-- Unusual keys and words: empty, long, invisible, quoted, of every Unicode plane.

BEGIN;
CREATE EXTENSION pgtap;
SELECT plan(93);
CREATE EXTENSION trust_ledger;
SELECT trust_ledger.create_ledger();
SELECT trust_ledger.register_actor('anna', 'human');
SELECT trust_ledger.register_actor('carl', 'human', speaks_for => 'customer');

\ir ../../helpers/calls.sql

-- The calls that take a key, and those that take words.
CREATE TABLE keys (call text);
INSERT INTO keys SELECT 'SELECT trust_ledger.' || call FROM unnest(ARRAY[
	$$make_promise(%L, 'w', actor => 'anna')$$,
		$$make_promise('c', 'w', actor => 'anna', kind => %L)$$,
		$$make_promise('c', 'w', actor => 'anna', currency => %L)$$,
	$$make_promise('c', 'w', actor => 'anna', idempotency_key => %L)$$,
		$$register_actor(%L, 'human')$$,
	$$register_actor('b', 'ai', responsible => 'anna', model => %L)$$,
		$$register_actor('d', 'human', speaks_for => 'customer', customer => %L)$$,
	$$set_policy(%L, evidence => 'asserted')$$,
		$$set_policy('p', kind => %L, evidence => 'asserted')$$,
	$$set_policy('p', promiser => %L, evidence => 'asserted')$$,
		$$set_policy('p', currency => %L, evidence => 'asserted')$$]) AS call;
CREATE TABLE words (call text);
INSERT INTO words SELECT 'SELECT trust_ledger.' || call FROM unnest(ARRAY[
	$$make_promise('c', %L, actor => 'anna')$$,
		$$make_promise('c', 'w', actor => 'anna', purpose => %L)$$,
		$$register_actor('b', 'human', name => %L)$$,
	$$assess_promise((SELECT promise FROM trust.promise WHERE customer = 'c'), 'kept', $$ ||
		$$reason => %L, actor => 'anna')$$,
	$$amend_promise((SELECT promise FROM trust.promise WHERE customer = 'c'), $$ ||
		$$%L, actor => 'anna')$$,
	$$amend_promise((SELECT promise FROM trust.promise WHERE customer = 'c'), purpose => %L, $$ ||
		$$actor => 'anna')$$,
	$$amend_promise((SELECT promise FROM trust.promise WHERE customer = 'c'), 'new', $$ ||
		$$reason => %L, actor => 'anna')$$,
	$$withdraw_backing((SELECT promise FROM trust.promise WHERE customer = 'c'), $$ ||
		$$%L, actor => 'anna')$$,
	$$withdraw_promise((SELECT promise FROM trust.promise WHERE customer = 'c'), $$ ||
		$$%L, actor => 'anna')$$,
	$$release_promise((SELECT promise FROM trust.promise WHERE customer = 'c'), $$ ||
		$$%L, actor => 'carl')$$,
	$$set_ledger(zone => 'UTC', reason => %L)$$,
		$$set_policy('p', evidence => 'asserted', reason => %L)$$,
	$$add_note((SELECT promise FROM trust.promise WHERE customer = 'c'), %L, actor => 'anna')$$,
		$$erase_words((SELECT promise FROM trust.promise WHERE customer = 'c'), %L)$$,
	$$erase_words('c', 1, %L)$$, $$erase_customer('c', %L)$$,
	$$retire_actor('carl', reason => %L)$$, $$grant_access('postgres', 'admin', %L)$$]) AS call;
SELECT trust_ledger.make_promise('c', 'It works.', actor => 'anna');

-- ---- keys

CREATE TABLE given_keys (title text, key text, expected text);
INSERT INTO given_keys VALUES
	('empty', '', '22023'), ('a space', ' ', '22023'), ('a space before', ' x', '22023'),
	('a space behind', 'x ', '22023'), ('a space within', 'x y', 'ok'),
	('a no-break space behind', U&'x\00A0', '22023'),
	('an ideographic space before', U&'\3000x', '22023'),
	('an em space behind', U&'x\2003', '22023'),
	('a tab within', E'x\ty', '22023'), ('a line break', E'x\ny', '22023'),
	('a carriage return', E'x\r', '22023'), ('delete', U&'x\007F', '22023'),
	('a C1 control', U&'x\0085y', '22023'), ('soft hyphen', U&'x\00ADy', '22023'),
	('zero width space', U&'x\200By', '22023'),
	('zero width joiner', U&'x\200Dy', '22023'), ('right-to-left override', U&'x\202Ey', '22023'),
	('word joiner', U&'x\2060y', '22023'),
	('isolate', U&'x\2066y', '22023'), ('byte order mark', U&'\FEFFx', '22023'),
	('variation selector', U&'x\FE0F', '22023'),
	('a tag of plane 14', U&'x\+0E0041', '22023'),
	('a variation selector of plane 14', U&'x\+0E0100', '22023'),
	('line separator', U&'x\2028y', '22023'),
	('hangul filler', U&'x\3164y', '22023'), ('braille blank', U&'\2800', '22023'),
	('255 bytes', repeat('x', 255), 'ok'), ('256 bytes', repeat('x', 256), '22023'),
	('255 bytes of UTF-8', repeat('€', 85), 'ok'),
	('256 bytes of UTF-8', repeat('€', 85) || 'x', '22023'),
	('a megabyte', repeat('x', 1048576), '22023'),
	('quotes', 'o''neil "x" `y` $$z$$', 'ok'), ('backslashes', 'c:\new\0\x', 'ok'),
	('SQL', '''; DROP TABLE trust.entry; --', 'ok'),
	('percent signs', '%s%n%I%L', 'ok'), ('a number', '-0', 'ok'), ('composed', U&'caf\00E9', 'ok'),
	('decomposed', U&'cafe\0301', 'ok'),
	('right to left', 'שלום', 'ok'), ('NULL in letters', 'NULL', 'ok'),
	('like an array', '{}', 'ok'), ('like a list', '(,)', 'ok'),
	('an asterisk', '*', 'ok'), ('a combining mark alone', U&'\0301', 'ok');
INSERT INTO given_keys SELECT 'plane ' || plane, chr(code), 'ok'
FROM (VALUES (0, 19968), (1, 128512), (2, 131072), (3, 196608)) AS p (plane, code);
SELECT results_eq(format($$SELECT call, sqlstate_of(format(call, %L)) FROM keys ORDER BY 1$$, key),
	format('SELECT call, %L FROM keys ORDER BY 1', expected),
	'key: ' || title)
FROM given_keys;
SELECT is_empty($$
	SELECT code FROM unnest(ARRAY(SELECT generate_series(1, 31))
		|| ARRAY(SELECT generate_series(127, 159)) || ARRAY(SELECT generate_series(8203, 8207))
		|| ARRAY(SELECT generate_series(8232, 8238)) || ARRAY(SELECT generate_series(8288, 8303))
			|| '{65279,65529,65530,65531}'::integer[]) AS code
	WHERE sqlstate_of(format('SELECT trust_ledger.make_promise(%L, ''w'', actor => ''anna'')',
		'x' || chr(code) || 'y')) <> '22023' $$,
	'no control or format character stands in a key');
SELECT is(sqlstate_of(call), expected, call)
FROM (VALUES
	($$SELECT trust_ledger.make_promise(NULL, 'w', actor => 'anna')$$, '22004'),
	($$SELECT trust_ledger.make_promise('c', NULL, actor => 'anna')$$, '22004'),
	($$SELECT trust_ledger.back_promise((SELECT promise FROM trust.promise WHERE customer = 'c'),
		customer => '', actor => 'anna')$$, '22023'),
	($$SELECT trust_ledger.make_promise('c', 'w', actor => 'anna', drafted_by => '')$$, '22023'),
	($$SELECT trust_ledger.make_promise('c', 'w', actor => 'anna', promiser => '')$$, '22023'),
	($$SELECT trust_ledger.amend_promise((SELECT promise FROM trust.promise WHERE customer = 'c'),
		clear => '{words}', actor => 'anna')$$, '22023'),
	($$SELECT trust_ledger.amend_promise((SELECT promise FROM trust.promise WHERE customer = 'c'),
		clear => '{NULL}', actor => 'anna')$$, '22004'),
	($$SELECT trust_ledger.assess_promise((SELECT promise FROM trust.promise WHERE customer = 'c'),
		'', actor => 'anna')$$, '22023'),
	($$SELECT trust_ledger.assess_promise((SELECT promise FROM trust.promise WHERE customer = 'c'),
		'KEPT', actor => 'anna')$$, '22023'),
	($$SELECT trust_ledger.assess_promise((SELECT promise FROM trust.promise WHERE customer = 'c'),
		NULL, actor => 'anna')$$, '22004')) AS c (call, expected);

-- Keys that look alike and differ in their bytes are different keys.
SELECT trust_ledger.make_promise(key, 'w', actor => 'anna') FROM given_keys WHERE expected = 'ok';
SELECT set_eq($$SELECT customer::text COLLATE "C" FROM trust.chain WHERE customer NOT IN
	('', 'c')$$,
	$$SELECT key COLLATE "C" FROM given_keys WHERE expected = 'ok'$$,
		'each key is a customer of its own');

-- ---- words

CREATE TABLE given_words (title text, said text, expected text);
INSERT INTO given_words VALUES
	('empty', '', '22023'), ('spaces', '   ', '22023'), ('blank lines', E'\n\t\r\n', '22023'),
	('zero width', U&'\200B\200D\2060\FEFF', '22023'),
	('spaces of all kinds', U&'\00A0\2003\3000\2028', '22023'),
	('controls', U&'\0001\007F\0085', '22023'),
	('a full stop', '.', 'ok'), ('spaces around', '  x  ', 'ok'),
	('lines', E'one\r\n\ttwo\n', 'ok'), ('controls within', U&'x\0001\0007\001B[31mred\007F', 'ok'),
	('zero width within', U&'a\200Bb\200Dc\FEFF', 'ok'),
	('right to left', U&'\202Eevil\202C', 'ok'), ('family', '👨‍👩‍👧‍👦', 'ok'),
	('quotes', 'It''s "so" `or` $$not$$', 'ok'), ('backslashes', 'c:\new\0\x\''', 'ok'),
	('SQL', '''); DROP SCHEMA trust CASCADE; --', 'ok'),
	('percent signs', '%s %n %1$s %', 'ok'), ('JSON', '{"a": "\u0000"}', 'ok'),
	('composed', U&'caf\00E9', 'ok'), ('decomposed', U&'cafe\0301', 'ok'),
	('255 bytes', repeat('x', 255), 'ok'), ('what is compressed', repeat('0123456789', 1000), 'ok'),
	('a megabyte', repeat('ä', 524288), 'ok'),
	('a megabyte that does not compress', (SELECT string_agg(md5(i::text), '')
		FROM generate_series(1, 32768) AS i), 'ok'),
	('a megabyte of nothing', repeat(' ', 1048576), '22023'),
	('every plane', (SELECT string_agg(chr(plane * 65536 + 1000), '') FROM generate_series(0,
		16) AS plane), 'ok'),
	('the ends of every plane', (SELECT string_agg(chr(plane * 65536) || chr(plane * 65536 + 65533),
		'') FROM generate_series(1, 16) AS plane), 'ok'),
	('all of plane 0 that is not a control', (SELECT string_agg(chr(code), '')
		FROM generate_series(32, 65533) AS code WHERE code NOT BETWEEN 55296 AND 57343), 'ok');
SELECT results_eq(format($$SELECT call, sqlstate_of(format(call, %L)) FROM words ORDER BY 1$$,
	said), format('SELECT call, %L FROM words ORDER BY 1', expected),
	'words: ' || title)
FROM given_words;

-- ---- texts are stored byte for byte

CREATE TABLE said AS
	SELECT w.*, r.promise FROM given_words w, trust_ledger.make_promise('words', said,
		actor => 'anna', purpose => said,
		context => CASE WHEN octet_length(said) < 500000 THEN jsonb_build_object('said', said, said,
			title) END, value => 1.50) AS r WHERE expected = 'ok';
SELECT trust_ledger.assess_promise(promise, 'broken', reason => said, actor => 'anna') FROM said;
SELECT trust_ledger.register_actor('named ' || row_number() OVER (), 'human', said) FROM said;
SELECT is_empty($$
	SELECT title FROM said s JOIN trust.promise p USING (promise) JOIN trust.current_promise c USING
		(promise)
	JOIN trust.entry m ON m.promise = s.promise AND m.event = 'made' JOIN trust.entry a ON a.promise
		= s.promise AND a.event = 'assessed'
	WHERE EXISTS (SELECT FROM unnest(ARRAY[p.words, p.purpose, c.words, c.purpose, m.words,
		m.purpose, a.note,
			CASE WHEN octet_length(s.said) < 500000 THEN m.context->>'said' ELSE s.said END]) AS t
		WHERE t IS NULL OR convert_to(t, 'UTF8') <> convert_to(s.said, 'UTF8')) $$,
	'words, purpose, reason and context');
SELECT set_eq($$SELECT convert_to(name, 'UTF8') FROM trust.actor WHERE name IS NOT NULL$$,
	$$SELECT convert_to(said, 'UTF8') FROM said$$, 'names');
SELECT is_empty($$
	SELECT title FROM said, trust_ledger.history(promise) AS h
	WHERE strpos(description, '"' || said || '"') = 0 $$,
	'histories tell them');
SELECT is((SELECT count(*) FROM trust_ledger.make_promise('words', (SELECT said FROM said
	WHERE title = 'a megabyte'), actor => 'anna',
		idempotency_key => 'again') AS a
	JOIN trust_ledger.make_promise('words', (SELECT said FROM said WHERE title = 'a megabyte'),
		actor => 'anna', idempotency_key => 'again') AS b
	USING (hash)), 1::bigint, 'a megabyte is known again under its key');
SELECT is_empty('SELECT * FROM trust_ledger.verify()', 'verify() is content');

SELECT * FROM finish();
ROLLBACK;
