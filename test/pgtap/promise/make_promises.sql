-- make_promises(): each element means what the same call of make_promise() means.
CREATE EXTENSION pgtap;
CREATE EXTENSION trust_ledger;
CREATE ROLE app LOGIN;
CREATE ROLE login_anna LOGIN;
CREATE ROLE outsider LOGIN;

DO $$
BEGIN
	PERFORM trust_ledger.create_ledger();
	PERFORM trust_ledger.set_ledger(zone => 'Europe/Berlin');
	PERFORM trust_ledger.grant_access(role, 'application') FROM unnest('{app,login_anna}'::text[])
		AS role;
	PERFORM trust_ledger.register_actor('anna', 'human', db_role => 'login_anna');
	PERFORM trust_ledger.register_actor('ben', 'human', authority => '{"EUR": 500}');
	PERFORM trust_ledger.register_actor('gus', 'human');
	PERFORM trust_ledger.retire_actor('gus');
	PERFORM trust_ledger.register_actor('bot', 'ai', responsible => 'ben', model => 'm-1');
	PERFORM trust_ledger.register_actor('sys', 'system', responsible => 'ben');
	PERFORM trust_ledger.register_actor('crm', 'system', responsible => 'ben',
		speaks_for => 'record');
	PERFORM trust_ledger.register_actor('carl', 'human', speaks_for => 'customer');
	PERFORM trust_ledger.set_policy('machines', promiser_kind => 'ai', evidence => 'asserted',
		back_within => '2 days');
	PERFORM trust_ledger.set_policy('large', currency => 'EUR', least_value => 1000,
		evidence => 'asserted');
	PERFORM trust_ledger.set_policy('callbacks', kind => 'callback', due_within => '2 days',
		grace => '3 hours');
	PERFORM trust_ledger.set_policy('sealed', promiser => 'anna', kind => 'sealed',
		evidence => 'session');
	PERFORM trust_ledger.set_policy('known', kind => 'known', currency => 'USD', grace => '0');
END
$$;

-- From anna's own login, by a SELECT that she sends herself, on a connection of its own.
\connect - login_anna
SELECT FROM trust_ledger.make_promise('own', 'w', kind => 'sealed') \gset
SELECT count(*) AS own FROM trust_ledger.make_promises(ARRAY[
	ROW('own', 'w', NULL, 'sealed', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
		NULL)::trust_ledger.new_promise,
	ROW('own', 'w', NULL, 'sealed', NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'anna', NULL, NULL,
		NULL)::trust_ledger.new_promise]) \gset
\connect - postgres
SET TimeZone = 'Pacific/Auckland';
SELECT plan(106);

-- ---- the type ----

SELECT is(
	(SELECT array_agg(format('%s %s', attname, format_type(atttypid, atttypmod)) ORDER BY attnum)
		FROM pg_attribute WHERE attrelid = (SELECT typrelid FROM pg_type
			WHERE oid = 'trust_ledger.new_promise'::regtype)),
	(SELECT array_agg(format('%s %s', proargnames[n], format_type(proargtypes[n - 1], NULL))
		ORDER BY n)
		FROM pg_proc, generate_series(1, pronargs) AS n
			WHERE oid = 'trust_ledger.make_promise'::regproc),
	'type new_promise has the arguments of make_promise');

\ir ../../helpers/calls.sql

-- ---- each element means what the same call of make_promise() means ----

CREATE FUNCTION one(p trust_ledger.new_promise) RETURNS trust_ledger.receipt
LANGUAGE sql AS $$
	SELECT r FROM trust_ledger.make_promise(p.customer, p.words, p.promiser, p.kind, p.due,
		p.due_on, p.value, p.currency,
		p.purpose, p.drafted_by, p.longest_pause, p.actor, p.occurred_at, p.context,
			p.idempotency_key) r
$$;

CREATE FUNCTION call(args jsonb) RETURNS trust_ledger.new_promise
LANGUAGE sql AS $$
	SELECT jsonb_populate_record(NULL::trust_ledger.new_promise, '{"customer": "c", "words": "w"}'
		|| args)
$$;

-- An instant, in a form that two successive calls have in common.
CREATE FUNCTION relative(instant timestamptz, recorded_at timestamptz, occurred_at timestamptz)
	RETURNS text
LANGUAGE sql AS $$
	SELECT CASE WHEN instant = recorded_at THEN 'recorded'
		WHEN recorded_at <> occurred_at OR instant > '2100-01-01' THEN instant::text
		ELSE (instant - recorded_at)::text END
$$;

-- A row without what differs for every promise: its number, hashes, salts.
CREATE FUNCTION alike(r jsonb, recorded_at timestamptz, occurred_at timestamptz) RETURNS jsonb
LANGUAGE sql AS $$
	SELECT jsonb_object_agg(key, CASE WHEN key ~ '(_at|_by|_since|due)$' AND value #>> '{}' ~
		'^\d{4,}-\d\d-\d\dT'
			THEN to_jsonb(relative((value #>> '{}')::timestamptz, recorded_at, occurred_at))
		WHEN key ~ '(hash|_salt|_commitment|request)$' OR key = 'promise'
			THEN to_jsonb(value <> 'null') ELSE value END)
	FROM jsonb_each(r) WHERE key <> ALL ('{customer,seq,terms_seq,last_seq}')
$$;

-- The promise and its last entry.
CREATE FUNCTION promise_and_entry(of_promise uuid) RETURNS jsonb
LANGUAGE sql AS $$
	SELECT jsonb_build_object('promise', alike(to_jsonb(p), e.recorded_at, e.occurred_at),
		'entry', alike(to_jsonb(e), e.recorded_at, e.occurred_at), 'value', p.value::text,
		'entries', (SELECT count(*) FROM trust.entry x WHERE x.promise = p.promise))
	FROM trust.promise p JOIN trust.entry e ON e.customer = p.customer AND e.seq = p.last_seq
	WHERE p.promise = of_promise
$$;

CREATE TABLE given (nr int GENERATED ALWAYS AS IDENTITY, args jsonb);
INSERT INTO given (args) VALUES
	('{"actor": "anna"}'),
	('{"actor": "bot"}'),
	('{"actor": "bot", "promiser": "ben"}'),
	('{"actor": "ben", "promiser": "bot"}'),
	('{"actor": "sys", "promiser": "ben", "drafted_by": "bot"}'),
	('{"actor": "crm", "promiser": "anna"}'),
	('{"actor": "ben", "value": 400, "currency": "EUR", "kind": "known"}'),
	('{"actor": "ben", "value": 999.990, "currency": "EUR"}'),
	('{"actor": "ben", "value": 1000, "currency": "EUR"}'),
	('{"actor": "anna", "value": 1000.00, "currency": "EUR", "kind": "known"}'),
	('{"actor": "anna", "value": 1e30, "currency": "JPY"}'),
	('{"actor": "anna", "kind": "sealed"}'),
	('{"actor": "anna", "kind": "callback", "currency": "USD", "value": 1}'),
	('{"actor": "anna", "kind": "known", "currency": "USD", "value": 0, "due_on": "2101-06-01"}'),
	('{"actor": "anna", "due": "2101-02-03 04:05:06.789+00", "longest_pause": "3 days 2:00"}'),
	('{"actor": "anna", "kind": "unknown", "purpose": "a new roof", "context": {"ticket": [1.50, '
		'null, "Ä"]}}'),
	('{"actor": "anna", "words": "  Ça: \"5 %\"\n\\ \u200b😀 ", "idempotency_key": "k 1"}'),
	('{"actor": "bot", "idempotency_key": "k 2", "context": {}, "kind": "callback"}'),
	('{"actor": "anna", "occurred_at": "2020-01-01 12:00+00", "due": "2020-01-02 12:00+00"}'),
	('{"actor": "bot", "occurred_at": "2020-01-01 12:00+00", "kind": "callback", '
		'"due_on": "2020-01-03"}'),
	('{"actor": "bot", "promiser": "bot", "kind": "refund", "due": "2101-02-03 04:05:06+00", '
		'"value": 1250.50,
		"currency": "EUR", "purpose": "p", "drafted_by": "bot", "longest_pause": "1 day", '
			'"context": {"a": 1}, "idempotency_key": "all"}');
INSERT INTO given (args)
SELECT jsonb_build_object('actor', 'anna', 'occurred_at', now() - interval '1 hour');

-- One by one to one customer, at once to another; and at once to several, in no particular order.
CREATE TABLE singly AS
SELECT nr, r.* FROM given, one(call(args || '{"customer": "one by one"}')) r ORDER BY nr;
CREATE TABLE at_once AS
SELECT ordinality AS nr, r.* FROM trust_ledger.make_promises(
	(SELECT array_agg(call(args || '{"customer": "at once"}') ORDER BY nr) FROM given)) WITH
		ORDINALITY r;
CREATE TABLE mixed AS
SELECT ordinality AS nr, r.* FROM trust_ledger.make_promises(
	ARRAY(SELECT call(args || jsonb_build_object('customer', 'm' || (nr * 7) % 5)) FROM given
		ORDER BY nr)) WITH ORDINALITY r;

SELECT set_eq('SELECT state, backer, evidence_asked FROM trust.promise WHERE customer = ''one by '
	'one''',
	$$VALUES ('open', NULL, NULL), ('open', 'anna', NULL), ('open', 'ben', NULL), $$ ||
		$$('open', 'anna', 'asserted'), ('proposed', NULL, 'asserted'), ('proposed', $$ ||
		$$NULL, 'session')$$,
	'one by one: open, backed by who acts, proposed');
SELECT is(promise_and_entry(a.promise), promise_and_entry(s.promise),
	format('at once: %s', left(args::text, 60)))
FROM given g JOIN singly s USING (nr) JOIN at_once a USING (nr) ORDER BY nr;
SELECT is(promise_and_entry(m.promise), promise_and_entry(s.promise),
	format('at once, to several: %s', left(args::text, 60)))
FROM given g JOIN singly s USING (nr) JOIN mixed m USING (nr) ORDER BY nr;

SELECT results_eq('SELECT nr, seq, customer FROM at_once ORDER BY nr',
	'SELECT nr::bigint, seq, ''at once'' FROM singly ORDER BY nr',
	'receipts in the order of the array; entries too');
SELECT results_eq('SELECT nr, customer, seq FROM mixed ORDER BY nr',
	$$SELECT nr::bigint, 'm' || (nr * 7) % 5, row_number() OVER (PARTITION BY (nr * 7) % 5
		ORDER BY nr) FROM given ORDER BY nr$$,
	'several customers: each one''s in the order of the array, receipts in the array''s');
SELECT is_empty($$
	SELECT * FROM (TABLE at_once UNION ALL TABLE mixed) r
	WHERE NOT EXISTS (SELECT FROM trust.entry e WHERE (e.promise, e.customer, e.seq, e.state,
		e.recorded_at, e.hash)
		= (r.promise, r.customer, r.seq, r.state, r.recorded_at, r.hash)) $$,
			'a receipt says what its entry says');
SELECT is((SELECT count(DISTINCT recorded_at) FROM at_once), 1::bigint,
	'one customer''s are recorded at one instant');
SELECT is_empty('SELECT * FROM trust_ledger.verify()', 'nothing is wrong');

-- ---- cumulative rules: an element is judged together with those before it ----

DO $$
BEGIN
	PERFORM trust_ledger.set_policy('loaf', currency => 'CHF', least_value => 1000,
		cumulative => true, evidence => 'asserted');
	PERFORM trust_ledger.set_policy('franc', kind => 'known', currency => 'CHF', grace => '0');
END
$$;
CREATE TABLE slice (nr int GENERATED ALWAYS AS IDENTITY, args jsonb, state text, backer text);
INSERT INTO slice (args, state, backer) VALUES
	('{"actor": "ben", "value": 300, "currency": "EUR"}', 'open', 'ben'),
	('{"actor": "crm", "promiser": "sys", "value": 600, "currency": "CHF"}', 'open', NULL),
	('{"actor": "crm", "promiser": "sys", "value": 300, "currency": "CHF"}', 'open', NULL),
	('{"actor": "ben", "value": 250, "currency": "EUR"}', 'open', NULL),
	('{"actor": "crm", "promiser": "sys", "value": 100, "currency": "CHF"}', 'proposed', NULL),
	('{"actor": "ben", "value": 200, "currency": "EUR"}', 'open', 'ben'),
	('{"actor": "crm", "promiser": "sys", "value": 99.99, "currency": "CHF"}', 'open', NULL),
	('{"actor": "crm", "promiser": "sys", "value": 900, "currency": "USD"}', 'open', NULL),
	('{"actor": "crm", "promiser": "sys", "value": 0.01, "currency": "CHF"}', 'proposed', NULL),
	('{"actor": "anna", "value": 5000, "currency": "CHF"}', 'open', 'anna'),
	('{"actor": "ben", "value": 0.01, "currency": "EUR"}', 'open', NULL);
CREATE TABLE sliced AS
SELECT 'one by one' AS how, nr, r.promise FROM slice,
	one(call(args || '{"kind": "known", "customer": "one by one, sliced"}')) r ORDER BY nr;
CREATE FUNCTION slices(of_customer text, first int, last int) RETURNS SETOF trust_ledger.receipt
LANGUAGE sql AS $$
	SELECT * FROM trust_ledger.make_promises(ARRAY(
		SELECT call(args || jsonb_build_object('kind', 'known', 'customer', of_customer,
			'idempotency_key', nr))
		FROM slice WHERE nr BETWEEN first AND last ORDER BY nr))
$$;
INSERT INTO sliced SELECT 'at once', ordinality, promise FROM slices('sliced', 1, 11) WITH
	ORDINALITY;
INSERT INTO sliced SELECT 'some at once', ordinality, promise FROM slices('again', 1, 4) WITH
	ORDINALITY;
INSERT INTO sliced SELECT 'some retried, the others with them', ordinality, promise
	FROM slices('again', 1, 11) WITH ORDINALITY;
SELECT is(array_agg(concat_ws(' ', p.state, p.backer) ORDER BY nr),
	array_agg(concat_ws(' ', s.state, s.backer) ORDER BY nr), format('slices: %s', how))
FROM sliced JOIN slice s USING (nr) JOIN trust.promise p USING (promise) GROUP BY how ORDER BY how;

-- ---- who acts ----

CREATE FUNCTION acting(whom text, args jsonb[]) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	receipts trust_ledger.receipt[];
BEGIN
	PERFORM trust_ledger.act_as(whom);
	receipts := ARRAY(SELECT r FROM trust_ledger.make_promises(ARRAY(SELECT call(a)
		FROM unnest(args) a)) r);
	RETURN (SELECT string_agg(e.actor || ' ' || e.evidence, ', ' ORDER BY r.ordinality)
		FROM unnest(receipts) WITH ORDINALITY r JOIN trust.entry e ON e.customer = r.customer
			AND e.seq = r.seq);
END
$$;
SELECT is(acting('bot', ARRAY['{}', '{"actor": "ben"}', '{}']::jsonb[]),
	'bot asserted, ben asserted, bot asserted',
	'act_as() where an element names nobody');

SELECT set_eq($$SELECT p.state, p.backer, p.evidence, e.actor FROM trust.promise p JOIN trust.entry
	e USING (customer, promise) WHERE customer = 'own'$$,
	$$VALUES ('open', 'anna', 'session', 'anna')$$,
		'from their own login: their own act, which backs');
SELECT is((SELECT array_agg(seq ORDER BY seq) FROM trust.entry WHERE customer = 'own'), '{1,2,3}',
	'one alone, two at once');

-- ---- what is refused ----

\ir ../../helpers/contents.sql
CREATE TABLE before AS SELECT ledger_contents() AS contents;

-- The error of a call, without the time of day in its detail, and only which element its context
-- names.
CREATE FUNCTION refusal(call text) RETURNS call_error
LANGUAGE sql AS $$
	SELECT e.code, e.message, regexp_replace(e.detail, '\d\d:\d\d:\d\d\.\d+', '', 'g'),
		e.hint, substring(e.context FROM 'element .*? of promises')
	FROM error_of(call) AS e
$$;

-- The same error alone and between two other elements, of which nothing is written.
CREATE TABLE refused AS
SELECT args, code, refusal(format('SELECT one(call(%L))', args)) AS alone,
	refusal(format('SELECT FROM trust_ledger.make_promises(ARRAY[call(%L), call(%L), call(%L)])',
		'{"actor": "anna", "customer": "z"}', args, '{"actor": "anna", "customer": "b"}')) AS within
FROM (VALUES
	('{"actor": "anna", "customer": null}'::jsonb, '22004'),
	('{"actor": "anna", "customer": ""}', '22023'),
	('{"actor": "anna", "customer": " c"}', '22023'),
	('{"actor": "anna", "words": null}', '22004'),
	('{"actor": "anna", "words": "\u200b "}', '22023'),
	('{"actor": "anna", "purpose": ""}', '22023'),
	('{"actor": "anna", "kind": ""}', '22023'),
	('{"actor": "anna", "currency": "EUR "}', '22023'),
	('{"actor": "anna", "value": "NaN"}', '22003'),
	('{"actor": "anna", "value": -1}', '22003'),
	('{"actor": "anna", "due": "infinity"}', '22008'),
	('{"actor": "anna", "due": "1955-11-05"}', '22023'),
	('{"actor": "anna", "due": "2101-01-01", "due_on": "2101-01-01"}', '22023'),
	('{"actor": "anna", "due_on": "10000-01-01"}', '22008'),
	('{"actor": "anna", "longest_pause": "1 month"}', '22023'),
	('{"actor": "anna", "occurred_at": "2101-01-01"}', '22008'),
	('{"actor": "anna", "occurred_at": "-infinity"}', '22008'),
	('{"actor": "anna", "idempotency_key": ""}', '22023'),
	('{"actor": "anna", "idempotency_key": "k 1", "customer": "one by one"}', 'TL005'),
	('{}', 'TL003'), ('{"actor": "nobody"}', '42704'), ('{"actor": "gus"}', 'TL003'),
	('{"actor": "carl"}', 'TL003'),
	('{"actor": "anna", "promiser": "nobody"}', '42704'),
	('{"actor": "anna", "promiser": "carl"}', 'TL003'),
	('{"actor": "anna", "drafted_by": "gus"}', 'TL003'),
	('{"actor": "bot", "drafted_by": "ben"}', 'TL003')) AS v (args, code);

SELECT is(within, ROW(code, (alone).message, (alone).detail, (alone).hint,
	'element 2 of promises')::call_error, format('refused: %s', args))
FROM refused;

SELECT is(refusal(call), want, what)
FROM (VALUES
	('no array', 'SELECT FROM trust_ledger.make_promises(NULL)',
		ROW('22004', 'promises must not be null', '',
			'array_agg() of no rows is null; ARRAY(SELECT ...) is an empty array.',
			NULL)::call_error),
	('an element that is NULL',
		$$SELECT FROM trust_ledger.make_promises(ARRAY[call('{"actor": "anna"}'), NULL, NULL])$$,
		ROW('22004', 'elements of promises must not be null', '', '',
			'element 2 of promises')::call_error),
	('two dimensions',
		$$SELECT FROM trust_ledger.make_promises(ARRAY[[call('{"actor": "anna"}')]])$$,
		ROW('2202E', 'promises must be a one-dimensional array', 'The array has 2 dimensions.', '',
			NULL)::call_error),
	('a key twice', $$SELECT FROM trust_ledger.make_promises(ARRAY[
			call('{"actor": "anna", "idempotency_key": "k", "customer": "d"}'),
				call('{"actor": "anna", "idempotency_key": "j"}'),
			call('{"actor": "anna"}'), call('{"actor": "anna", "idempotency_key": "k"}'),
				call('{"actor": "anna"}'),
			call('{"actor": "anna", "idempotency_key": "j", "words": "x"}')])$$,
		ROW('22023', 'duplicate idempotency key "j" for customer "c"',
			'Element 2 has the same key.',
			'Each promise needs a key of its own.', 'element 6 of promises')::call_error)) AS v
				(what, call, want);

-- A type that was altered is an error, and never misread.
SELECT is((refusal(format('DO %L',
	format('BEGIN ALTER TYPE trust_ledger.new_promise %s; '
	'PERFORM trust_ledger.make_promises(''{}''); END', change)))).code,
	'42804', format('new_promise: %s', change))
FROM unnest('{ADD ATTRIBUTE more int,DROP ATTRIBUTE context,ALTER ATTRIBUTE value TYPE text '
	'CASCADE,RENAME ATTRIBUTE words TO w}'::text[]) AS change;

-- From another login: rights are checked for each element.
SELECT is(value_as('outsider', $$SELECT count(*)
	FROM trust_ledger.make_promises(ARRAY[call('{"actor": "anna"}')])$$),
	'TL004', 'not without a level');
SELECT is(value_as('app', $$SELECT count(*)
	FROM trust_ledger.make_promises(ARRAY[call('{"actor": "ben"}'),
	call('{"actor": "ben", "occurred_at": "2020-01-01"}')])$$),
		'TL004', 'what happened long ago needs its own');
SELECT is_empty('SELECT * FROM trust_ledger.make_promises(''{}'')', 'an empty array makes nothing');
SELECT is(ledger_contents(), contents, 'nothing that was refused left anything') FROM before;

SELECT is(value_as('app', $$SELECT count(*)
	FROM trust_ledger.make_promises('[7:8]={"(c,w,,,,,,,,,,ben,,,)","(c,w,,,,,,,,,,ben,,,)"}')$$),
	'2',
	'an application makes promises; where the array begins does not matter');

-- ---- retries ----

CREATE FUNCTION batch(VARIADIC args jsonb[]) RETURNS SETOF trust_ledger.receipt
LANGUAGE sql AS $$ SELECT * FROM trust_ledger.make_promises(ARRAY(SELECT call(a)
	FROM unnest(args) a)) $$;

CREATE TABLE tried AS
SELECT 1 AS round, ordinality AS nr, r.* FROM ROWS
	FROM (one(call('{"customer": "r", "actor": "bot", "idempotency_key": "1"}'))) WITH ORDINALITY r;
INSERT INTO tried SELECT 2, ordinality, r.*
	FROM batch('{"customer": "r", "actor": "bot", "idempotency_key": "2"}',
	'{"customer": "r", "actor": "bot", "idempotency_key": "1"}',
		'{"customer": "r", "actor": "bot"}') WITH ORDINALITY r;
INSERT INTO tried SELECT 3, ordinality, r.*
	FROM batch('{"customer": "r", "actor": "bot", "idempotency_key": "1"}',
	'{"customer": "q", "actor": "bot", "idempotency_key": "1"}',
		'{"customer": "r", "actor": "bot", "idempotency_key": "2"}') WITH ORDINALITY r;
INSERT INTO tried SELECT 4, ordinality, r.* FROM ROWS
	FROM (one(call('{"customer": "r", "actor": "bot", "idempotency_key": "2"}'))) WITH ORDINALITY r;
SELECT results_eq('SELECT round, nr, customer, seq FROM tried ORDER BY 1, 2',
	$$VALUES (1, 1::bigint, 'r', 1::bigint), (2, 1, 'r', 2), (2, 2, 'r', 1), (2, 3, 'r', 3), $$ ||
		$$(3, 1, 'r', 1), (3, 2, 'q', 1), (3, 3, 'r', 2), (4, 1, 'r', 2)$$,
	'a retry: single, then at once; at once, then single; at once, twice');
SELECT is((SELECT count(DISTINCT (promise, state, recorded_at, hash)) FROM tried), 4::bigint,
	'the whole receipt of the first call');
SELECT is((SELECT count(*) FROM trust.entry WHERE customer IN ('r', 'q')), 4::bigint,
	'retries write nothing');
SELECT throws_ok(format('SELECT one(call(%L))',
	'{"customer": "r", "words": "x", "actor": "bot", "idempotency_key": "2"}'), 'TL005', NULL,
	'another call under the key of an element');

-- ---- many ----

-- More rows than one insert takes, by number and by size, between those of another customer.
CREATE TABLE many AS
SELECT ordinality AS nr, r.* FROM trust_ledger.make_promises(ARRAY(
	SELECT call(jsonb_build_object('customer', 'many ' || i % 2, 'actor', 'anna', 'words',
		'nr ' || i)) FROM generate_series(1, 5001) i)) WITH ORDINALITY r;
SELECT is_empty($$
	SELECT * FROM many m WHERE NOT EXISTS (SELECT FROM trust.promise p WHERE p.promise = m.promise
		AND (p.customer, p.last_seq, p.words) = (m.customer, m.seq, 'nr ' || m.nr)
			AND m.customer = 'many ' || m.nr % 2 AND m.seq = (m.nr + 1) / 2) $$,
	'5001 promises, each where it belongs');
CREATE TABLE large AS
SELECT r.* FROM trust_ledger.make_promises(ARRAY(
	SELECT call(jsonb_build_object('customer', 'large', 'actor', 'anna', 'words',
		repeat('w', 1000000))) FROM generate_series(1, 35))) r;
SELECT is((SELECT sum(length(words)) FROM trust.promise WHERE customer = 'large'), 35000000::bigint,
	'words that fill slices');
SELECT set_eq($$SELECT customer, length FROM trust.chain WHERE customer ~ '^(many|large)'$$,
	$$VALUES ('large', 35::bigint), ('many 0', 2500), ('many 1', 2501)$$,
		'as long as they should be');
SELECT is_empty('SELECT * FROM trust_ledger.verify()', 'nothing is wrong');

SELECT * FROM finish();
