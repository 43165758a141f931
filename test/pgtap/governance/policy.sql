-- Policy: which promises a rule applies to, and what all rules together ask for.
CREATE EXTENSION pgtap;
CREATE EXTENSION trust_ledger;
\ir ../../helpers/sessions.sql
SELECT plan(188);

-- Intervals are compared as texts.
SET IntervalStyle = 'postgres';

DO $$
BEGIN
	PERFORM trust_ledger.create_ledger();
	PERFORM trust_ledger.register_actor('anna', 'human');
	PERFORM trust_ledger.register_actor('bot', 'ai', responsible => 'anna', model => 'm-1');
	PERFORM trust_ledger.register_actor('bot2', 'ai', responsible => 'anna', model => 'm-1');
	PERFORM trust_ledger.register_actor('sys', 'system', responsible => 'anna');
	PERFORM trust_ledger.register_actor('crm', 'system', responsible => 'anna',
		speaks_for => 'record');
	PERFORM trust_ledger.register_actor('ben', 'human');
	PERFORM trust_ledger.register_actor('carl', 'human', speaks_for => 'customer');
END
$$;

-- {"kind": "price", "evidence": "asserted"} as the arguments of a call
CREATE FUNCTION arguments(of_call jsonb) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
	SELECT coalesce(string_agg(format(', %I => %L', key, value), ''), '')
		FROM jsonb_each_text(of_call)
$$;

CREATE FUNCTION set_rule(name text, rule jsonb) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('SELECT trust_ledger.set_policy(%L%s)', name, arguments(rule));
END
$$;

-- What policy asks of a promise: evidence and time limit; its due time and grace.
CREATE FUNCTION asked(of_promise uuid) RETURNS text
LANGUAGE sql AS $$
	SELECT concat_ws(', ', state, evidence_asked, 'back within ' || (back_by - made_at),
		'due within ' || (due - made_at), 'grace ' || nullif(overdue_at - due, '0'))
	FROM trust.promise WHERE promise = of_promise
$$;

-- Makes a promise, by default of the bot, under these rules and no others.
CREATE FUNCTION asked_under(rules jsonb, subject jsonb) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	id uuid;
BEGIN
	PERFORM trust_ledger.drop_policy(policy) FROM trust.policy_rule;
	PERFORM set_rule('rule ' || nr, rule) FROM jsonb_array_elements(rules) WITH ORDINALITY AS r
		(rule, nr);
	EXECUTE format('SELECT promise FROM trust_ledger.make_promise(''c'', ''w''%s)',
		arguments('{"actor": "bot"}' || subject)) INTO id;
	RETURN asked(id);
END
$$;

-- ---- which promises a rule applies to ----

-- Besides the rule, other rules know kind "known" and currency USD. The rule applies to what the
-- promise leaves out, or states in a kind or currency that no rule knows.
SELECT is(asked_under(format('[%s, {"kind": "known", "promiser": "anna", "grace": "0"}, '
	'{"currency": "USD", "promiser": "anna", "grace": "0"}]', rule::jsonb
	|| '{"evidence": "passkey"}')::jsonb, subject::jsonb),
	CASE WHEN want THEN 'proposed, passkey' ELSE 'open' END, format('%s %s %s', rule, CASE WHEN want
		THEN 'speaks of' ELSE 'does not speak of' END, subject))
FROM (VALUES
	('{}', '{}', true), ('{}', '{"kind": "known", "currency": "USD", "value": 0}', true),
	('{"promiser": "bot"}', '{}', true), ('{"promiser": "bot"}', '{"actor": "bot2"}', false),
	('{"promiser": "bot"}', '{"actor": "ben"}', false),
	('{"promiser": "nobody"}', '{}', false), ('{"promiser": "Bot"}', '{}', false),
	('{"promiser_kind": "ai"}', '{}', true), ('{"promiser_kind": "ai"}', '{"actor": "sys"}', false),
	('{"promiser_kind": "ai"}', '{"actor": "ben"}', false),
	('{"promiser_kind": "human"}', '{}', false), ('{"promiser_kind": "system"}', '{}', false),
	('{"promiser_kind": "system"}', '{"actor": "sys"}', true),
	('{"promiser": "bot", "promiser_kind": "human"}', '{}', false),
	('{"promiser": "bot", "promiser_kind": "ai"}', '{}', true),
	-- any part in it: promiser, drafter, or the actor who enters it
	('{"promiser": "bot"}', '{"promiser": "bot2"}', true),
	('{"promiser": "bot"}', '{"promiser": "ben"}', true),
	('{"promiser": "bot"}', '{"actor": "ben", "promiser": "bot"}', true),
	('{"promiser": "bot"}', '{"actor": "ben", "drafted_by": "bot"}', true),
	('{"promiser": "bot"}', '{"actor": "anna", "promiser": "ben", "drafted_by": "bot"}', true),
	('{"promiser": "bot"}', '{"promiser": "ben", "drafted_by": "bot2"}', true),
	('{"promiser": "bot"}', '{"actor": "bot2", "promiser": "ben"}', false),
	('{"promiser": "ben"}', '{"promiser": "ben"}', true),
	('{"promiser": "ben"}', '{"actor": "anna", "promiser": "bot", "drafted_by": "ben"}', true),
	('{"promiser": "anna"}', '{}', false),
	('{"promiser_kind": "ai"}', '{"promiser": "ben"}', true),
	('{"promiser_kind": "ai"}', '{"promiser": "sys"}', true),
	('{"promiser_kind": "ai"}', '{"actor": "ben", "promiser": "bot"}', true),
	('{"promiser_kind": "ai"}', '{"actor": "ben", "drafted_by": "bot"}', true),
	('{"promiser_kind": "ai"}', '{"actor": "anna", "promiser": "ben", "drafted_by": "bot"}', true),
	('{"promiser_kind": "ai"}', '{"actor": "sys", "promiser": "ben"}', false),
	('{"promiser_kind": "ai"}', '{"actor": "anna", "promiser": "ben", "drafted_by": "sys"}', false),
	('{"promiser_kind": "system"}', '{"actor": "sys", "promiser": "ben", "drafted_by": "ben"}',
		true), ('{"promiser_kind": "system"}', '{"actor": "crm", "promiser": "ben"}', true),
	('{"promiser_kind": "system"}', '{"actor": "ben", "drafted_by": "sys"}', true),
	('{"promiser_kind": "human"}', '{"promiser": "ben"}', true),
	('{"promiser_kind": "human"}', '{"actor": "ben", "promiser": "sys"}', true),
	-- name and kind must belong to the same actor
	('{"promiser": "ben", "promiser_kind": "ai"}', '{"promiser": "ben"}', false),
	('{"promiser": "bot", "promiser_kind": "human"}', '{"promiser": "ben"}', false),
	('{"promiser": "bot", "promiser_kind": "ai", "kind": "price"}',
		'{"actor": "anna", "promiser": "ben", "drafted_by": "bot", "kind": "price"}', true),
	('{"promiser": "bot", "promiser_kind": "ai", "kind": "price"}',
		'{"actor": "anna", "promiser": "ben", "drafted_by": "bot", "kind": "known"}', false),
	('{"kind": "price"}', '{"kind": "price"}', true), ('{"kind": "price"}', '{}', true),
	('{"kind": "price"}', '{"kind": "unheard of"}', true),
	('{"kind": "price"}', '{"kind": "Price"}', true),
	('{"kind": "price"}', '{"kind": "prices"}', true),
	('{"kind": "price"}', '{"kind": "known"}', false),
	('{"currency": "EUR"}', '{"currency": "EUR"}', true), ('{"currency": "EUR"}', '{}', true),
	('{"currency": "EUR"}', '{"currency": "GBP"}', true),
	('{"currency": "EUR"}', '{"currency": "eur"}', true),
	('{"currency": "EUR"}', '{"currency": "USD"}', false),
	('{"least_value": 1000}', '{"value": 1000}', true),
	('{"least_value": 1000}', '{"value": 1000.00}', true),
	('{"least_value": 1000}', '{"value": 1e30}', true),
	('{"least_value": 1000}', '{}', true), ('{"least_value": 1000}', '{"currency": "GBP"}', true),
	('{"least_value": 1000}', '{"value": 999.999999}', false),
	('{"least_value": 1000}', '{"value": 0}', false), ('{"least_value": 0}', '{"value": 0}', true),
	('{"least_value": 1e-30}', '{"value": 0}', false),
	-- a value is compared only in a currency that a rule knows
	('{"currency": "EUR", "least_value": 1000}', '{"currency": "EUR", "value": 1000}', true),
	('{"currency": "EUR", "least_value": 1000}', '{"currency": "EUR", "value": 999}', false),
	('{"currency": "EUR", "least_value": 1000}', '{"currency": "EUR"}', true),
	('{"currency": "EUR", "least_value": 1000}', '{"value": 999}', true),
	('{"currency": "EUR", "least_value": 1000}', '{"value": 1e6, "currency": "GBP"}', true),
	('{"currency": "EUR", "least_value": 1000}', '{"value": 1, "currency": "GBP"}', true),
	('{"currency": "EUR", "least_value": 1000}', '{"value": 1, "currency": "eur"}', true),
	('{"currency": "EUR", "least_value": 1000}', '{"value": 1e6, "currency": "USD"}', false),
	('{"currency": "EUR", "least_value": 1000}', '{"currency": "USD"}', false),
	('{"currency": "EUR", "least_value": 1000}', '{}', true),
	-- all that a rule names has to hold
	('{"kind": "price", "currency": "EUR", "least_value": 1000}',
		'{"kind": "price", "currency": "EUR", "value": 1000}', true),
	('{"kind": "price", "currency": "EUR", "least_value": 1000}',
		'{"kind": "price", "currency": "EUR", "value": 999}', false),
	('{"kind": "price", "currency": "EUR", "least_value": 1000}',
		'{"kind": "known", "currency": "EUR", "value": 1000}', false),
	('{"kind": "price", "currency": "EUR", "least_value": 1000}',
		'{"kind": "unheard of", "currency": "EUR", "value": 1000}', true),
	('{"kind": "price", "currency": "EUR", "least_value": 1000}',
		'{"kind": "unheard of", "currency": "EUR", "value": 999}', false),
	('{"kind": "price", "currency": "EUR", "least_value": 1000}',
		'{"currency": "EUR", "value": 1000}', true),
	('{"kind": "price", "currency": "EUR", "least_value": 1000}', '{"kind": "price", "value": 1}',
		true),
	('{"kind": "price", "currency": "EUR", "least_value": 1000}',
		'{"kind": "price", "value": 1e6, "currency": "USD"}', false),
	('{"promiser": "bot", "kind": "price"}', '{"kind": "price"}', true),
	('{"promiser": "bot", "kind": "price"}', '{"actor": "bot2", "kind": "price"}', false),
	('{"promiser": "bot", "promiser_kind": "ai", "kind": "price", "currency": "EUR", '
		'"least_value": 1}', '{}', true)) AS v (rule, subject, want);

-- ---- what they ask together ----

SELECT is(asked_under(rules::jsonb, subject::jsonb), want, format('%s of %s', rules::jsonb,
	subject))
FROM (VALUES
	('[]', '{}', 'open'),
	-- the strongest evidence
	('[{"evidence": "asserted"}]', '{}', 'proposed, asserted'),
	('[{"evidence": "asserted"}, {"evidence": "session"}]', '{}', 'proposed, session'),
	('[{"evidence": "passkey"}, {"evidence": "session"}, {"evidence": "asserted"}]', '{}',
		'proposed, passkey'),
	('[{"evidence": "asserted"}, {"kind": "price", "evidence": "session"}, {"kind": "known", '
		'"grace": "0"}]', '{"kind": "known"}', 'proposed, asserted'),
	('[{"evidence": "asserted"}, {"kind": "price", "evidence": "session"}]',
		'{"kind": "unheard of"}', 'proposed, session'),
	-- the shortest time limit for backing; a rule that sets one asks for a human
	('[{"back_within": "2 days"}]', '{}', 'proposed, asserted, back within 2 days'),
	('[{"back_within": "0"}]', '{}', 'proposed, asserted, back within 00:00:00'),
	('[{"back_within": "2 days"}, {"back_within": "3:00"}, {"evidence": "session"}]', '{}',
		'proposed, session, back within 03:00:00'),
	('[{"back_within": "2 days"}, {"kind": "price", "back_within": "1 day"}]', '{}',
		'proposed, asserted, back within 1 day'),
	('[{"back_within": "2 days"}, {"kind": "price", "back_within": "1 day"}]',
		'{"kind": "unheard of"}', 'proposed, asserted, back within 1 day'),
	('[{"back_within": "2 days"}]', '{"actor": "anna"}', 'open, asserted'),
	-- the shortest due time, for promises without one
	('[{"due_within": "5 days"}]', '{}', 'open, due within 5 days'),
	('[{"due_within": "5 days"}, {"due_within": "1:30"}]', '{}', 'open, due within 01:30:00'),
	('[{"due_within": "5 days"}, {"kind": "price", "due_within": "3 days"}]',
		'{"kind": "unheard of"}', 'open, due within 3 days'),
	('[{"due_within": "5 days"}, {"kind": "price", "due_within": "3 days"}, {"kind": "known", '
		'"grace": "0"}]', '{"kind": "known"}', 'open, due within 5 days'),
	('[{"due_within": "5 days"}]', '{"due": "2020-01-11", "occurred_at": "2020-01-01"}',
		'open, due within 10 days'),
	('[{"due_within": "0"}]', '{}', 'open, due within 00:00:00'),
	-- a grace is given only by a rule that names what the promise states, and then the shortest of
	-- all
	('[{"grace": "2 days"}]', '{}', 'open'),
	('[{"due_within": "5 days"}, {"grace": "2 days"}]', '{}',
		'open, due within 5 days, grace 2 days'),
	('[{"due_within": "5 days"}, {"kind": "price", "grace": "2 days"}]', '{"kind": "price"}',
		'open, due within 5 days, grace 2 days'),
	('[{"due_within": "5 days"}, {"kind": "price", "grace": "2 days"}]', '{}',
		'open, due within 5 days'),
	('[{"due_within": "5 days"}, {"kind": "price", "grace": "2 days"}]', '{"kind": "unheard of"}',
		'open, due within 5 days'),
	('[{"due_within": "5 days"}, {"currency": "EUR", "grace": "2 days"}]', '{"kind": "price"}',
		'open, due within 5 days'),
	('[{"due_within": "5 days"}, {"currency": "EUR", "grace": "2 days"}]', '{"currency": "GBP"}',
		'open, due within 5 days'),
	('[{"due_within": "5 days"}, {"kind": "price", "currency": "EUR", "grace": "2 days"}]',
		'{"kind": "price"}', 'open, due within 5 days'),
	('[{"due_within": "5 days"}, {"least_value": 10, "grace": "2 days"}]', '{}',
		'open, due within 5 days'),
	('[{"due_within": "5 days"}, {"least_value": 10, "grace": "2 days"}]', '{"value": 10}',
		'open, due within 5 days, grace 2 days'),
	('[{"due_within": "5 days"}, {"grace": "3 days"}, {"kind": "price", "grace": "2 days"}]',
		'{"kind": "price"}', 'open, due within 5 days, grace 2 days'),
	('[{"due_within": "5 days"}, {"grace": "2 days"}, {"kind": "price", "grace": "3 days"}]',
		'{"kind": "price"}', 'open, due within 5 days, grace 2 days'),
	('[{"due_within": "5 days"}, {"grace": "3 days"}, {"kind": "price", "grace": "2 days"}]', '{}',
		'open, due within 5 days, grace 2 days'),
	('[{"due_within": "5 days"}, {"grace": "2 days"}, {"grace": "0"}]', '{}',
		'open, due within 5 days'),
	('[{"grace": "2 days"}]', '{"due": "2020-01-11", "occurred_at": "2020-01-01"}',
		'open, due within 10 days, grace 2 days'),
	-- all of it at once
	('[{"promiser_kind": "ai", "evidence": "asserted"}, {"kind": "price", "currency": "EUR", '
		'"least_value": 1000, "evidence": "session", "back_within": "1 day"},
		{"currency": "EUR", "back_within": "3 days", "grace": "1 day"}, {"kind": "price", '
			'"due_within": "7 days"}]',
		'{"kind": "price", "currency": "EUR", "value": 1000}',
			'proposed, session, back within 1 day, due within 7 days, grace 1 day')) AS v (rules,
			subject, want);

-- ---- rules come and go ----

CREATE FUNCTION asks(subject text DEFAULT '', customer text DEFAULT 'c') RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	id uuid;
BEGIN
	EXECUTE format('SELECT promise FROM trust_ledger.make_promise(%L, ''w'', actor => ''bot''%s)',
		customer, subject) INTO id;
	RETURN asked(id);
END
$$;

-- Each line in one transaction: what is called, and what is asked afterwards.
SELECT is((SELECT asked_under('[]', '{}')), 'open', 'no rules');
CREATE FUNCTION after(call text, subject text) RETURNS text
LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('SELECT trust_ledger.%s', call);
	RETURN asks(subject);
END
$$;
SELECT is(after(call, subject), want, format('after %s, of%s', call, coalesce(nullif(subject, ''),
	' anything')))
FROM (VALUES
	('set_policy(''a'', kind => ''price'', evidence => ''session'')', '', 'proposed, session'),
	-- a rule is set as a whole
	('set_policy(''a'', kind => ''price'', due_within => ''1 day'')', '', 'open, due within 1 day'),
	('set_policy(''b'', kind => ''gift'', evidence => ''asserted'')', ', kind => ''gift''',
		'proposed, asserted'),
	('set_policy(''b'', kind => ''gift'', evidence => ''asserted'')', ', kind => ''price''',
		'open, due within 1 day'),
	('set_policy(''A'', kind => ''visit'', evidence => ''asserted'')', ', kind => ''visit''',
		'proposed, asserted'),
	-- without its last rule a kind is unknown again
	('drop_policy(''b'')', ', kind => ''gift''', 'proposed, asserted, due within 1 day'),
	('drop_policy(''A'')', '', 'open, due within 1 day'),
	('set_policy(''b'', evidence => ''passkey'')', '', 'proposed, passkey, due within 1 day'),
	('drop_policy(''a'')', '', 'proposed, passkey'),
	('drop_policy(''b'')', '', 'open')) AS v (call, subject, want);

-- A rule that was rolled back never applied.
CREATE FUNCTION taken_back() RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	inside text;
BEGIN
	BEGIN
		PERFORM trust_ledger.set_policy('a', evidence => 'asserted');
		inside := asks();
		RAISE SQLSTATE 'TAKEN';
	EXCEPTION WHEN SQLSTATE 'TAKEN' THEN
		RETURN format('inside: %s; after: %s', inside, asks());
	END;
END
$$;
SELECT is(taken_back(), 'inside: proposed, asserted; after: open',
	'a rule rolled back with its savepoint');
BEGIN;
DO $$ BEGIN PERFORM trust_ledger.set_policy('a', evidence => 'asserted'), asks(); END $$;
ROLLBACK;
SELECT is(asks(), 'open', 'a rule rolled back with its transaction');

-- Another session, which has cached the rules, applies a new one as soon as it is committed.
SELECT dblink_connect('other', connection_of()) \g /dev/null
CREATE FUNCTION asked_in_other_session(subject text DEFAULT '') RETURNS text
LANGUAGE sql AS $$ SELECT said FROM dblink('other', format('SELECT asks(%L, ''d'')', subject)) AS d
	(said text) $$;
SELECT is(asked_in_other_session(), 'open', 'another session: before');
BEGIN;
DO $$ BEGIN PERFORM trust_ledger.set_policy('a', evidence => 'asserted'); END $$;
SELECT is(asked_in_other_session(), 'open', 'another session: not committed');
COMMIT;
SELECT is(asked_in_other_session(), 'proposed, asserted', 'another session: committed');
SELECT dblink_exec('other', 'BEGIN') \g /dev/null
SELECT is(asked_in_other_session(), 'proposed, asserted',
	'another session, in a transaction: before');
DO $$ BEGIN PERFORM trust_ledger.set_policy('b', evidence => 'session'); END $$;
SELECT is(asked_in_other_session(), 'proposed, session',
	'another session, in a transaction: committed meanwhile');
SELECT dblink_exec('other', 'COMMIT; BEGIN ISOLATION LEVEL REPEATABLE READ') \g /dev/null
SELECT is(asked_in_other_session(), 'proposed, session', 'another session, in a snapshot: before');
DO $$ BEGIN PERFORM trust_ledger.set_policy('c', evidence => 'passkey'); END $$;
SELECT is(asked_in_other_session(), 'proposed, passkey',
	'another session, in a snapshot: committed after it');
SELECT dblink_exec('other', 'COMMIT') \g /dev/null
DO $$ BEGIN PERFORM trust_ledger.drop_policy(p) FROM unnest('{a,b,c}'::text[]) AS p; END $$;
SELECT is(asked_in_other_session(), 'open', 'another session: dropped');
SELECT dblink_disconnect('other') \g /dev/null

-- The rules in force, and that the others were.
DO $$ BEGIN PERFORM trust_ledger.set_policy('a', 'bot', 'ai', 'price', 'EUR', 10.50, true,
	'session', '1 day', '2 days', '3 days 4:00', 'the board'); END $$;
SELECT results_eq('SELECT to_jsonb(r) FROM trust.policy_rule r',
	$$VALUES (jsonb '{"policy": "a", "promiser": "bot", "promiser_kind": "ai", "kind": "price",
	"currency": "EUR", "least_value": 10.50, "cumulative": true, "evidence": "session",
	"back_within": "1 day", "grace": "2 days", "due_within": "3 days 04:00:00"}')$$,
	'the rule in force');
SELECT is(array_agg(policy || ' ' || active ORDER BY policy), '{A false,a true,b false}',
	'the rules there were')
FROM trust.policy WHERE policy IN ('a', 'A', 'b');
SELECT is(array_agg(event || ' ' || coalesce(note, 'no reason')), '{policy_set the board}',
	'the entry says who set it and why')
FROM trust.entry WHERE customer = '' AND seq = (SELECT seq FROM trust.policy WHERE policy = 'a');

-- ---- when policy is asked again ----

-- An amendment is judged by its own terms, and the time limit for backing starts again.
CREATE FUNCTION walk(steps text) RETURNS SETOF text
LANGUAGE plpgsql AS $$
DECLARE
	id uuid := (trust_ledger.make_promise('c', 'w', kind => 'price', currency => 'EUR', value => 5,
		actor => 'bot', occurred_at => now() - interval '10 days')).promise;
	step text;
BEGIN
	RETURN NEXT asked(id);
	FOREACH step IN ARRAY regexp_split_to_array(steps, ';\s+') LOOP
		EXECUTE format('SELECT trust_ledger.%s', step) USING id;
		RETURN NEXT concat_ws(', ', asked(id), 'waiting for ' || (SELECT now() - waiting_since
			FROM trust.promise WHERE promise = id));
	END LOOP;
END
$$;
DO $$ BEGIN PERFORM
	asked_under('[{"kind": "price", "currency": "EUR", "least_value": 10, "evidence": "asserted", '
	'"back_within": "5 days"}, {"kind": "gift", "grace": "0"}]', '{}'); END $$;
SELECT results_eq(format('SELECT walk(%L)',
	$$amend_promise($1, value => 10, actor => 'bot', occurred_at => now() - interval '9 days');
		amend_promise($1, 'x', actor => 'bot', occurred_at => now() - interval '8 days');
		back_promise($1, actor => 'anna', occurred_at => now() - interval '7 days');
		withdraw_backing($1, actor => 'anna', occurred_at => now() - interval '6 days');
		amend_promise($1, kind => 'gift', actor => 'bot');
		amend_promise($1, clear => '{kind}', value => 9, actor => 'bot')$$),
	ARRAY['open', 'proposed, asserted, back within 6 days, waiting for 9 days',
		'proposed, asserted, back within 7 days, waiting for 8 days', 'open, asserted',
		'proposed, asserted, back within 9 days, waiting for 6 days', 'open', 'open'],
			'an amended promise is judged again');

-- ---- rules that are refused ----

SELECT throws_ok(format('SELECT trust_ledger.%s', call), code, NULL, format('refused with %s: %s',
	code, call))
FROM (VALUES
	('set_policy(NULL, evidence => ''asserted'')', '22004'),
	('set_policy('''', evidence => ''asserted'')', '22023'),
	('set_policy('' x'', evidence => ''asserted'')', '22023'),
	('set_policy(''x'')', '22004'),
	('set_policy(''x'', promiser => ''bot'', kind => ''price'', currency => ''EUR'', '
		'least_value => 1)', '22004'),
	('set_policy(''x'', promiser => '''', evidence => ''asserted'')', '22023'),
	('set_policy(''x'', promiser_kind => ''bot'', evidence => ''asserted'')', '22023'),
	('set_policy(''x'', promiser_kind => ''AI'', evidence => ''asserted'')', '22023'),
	('set_policy(''x'', kind => '''', evidence => ''asserted'')', '22023'),
	('set_policy(''x'', currency => ''EUR '', evidence => ''asserted'')', '22023'),
	('set_policy(''x'', least_value => -1, evidence => ''asserted'')', '22003'),
	('set_policy(''x'', least_value => ''NaN'', evidence => ''asserted'')', '22003'),
	('set_policy(''x'', least_value => ''Infinity'', evidence => ''asserted'')', '22003'),
	('set_policy(''x'', evidence => ''none'')', '22023'),
	('set_policy(''x'', evidence => ''Session'')', '22023'),
	('set_policy(''x'', evidence => '''')', '22023'),
	('set_policy(''x'', evidence => ''asserted'', actor => ''nobody'')', '42704'),
	('drop_policy(NULL)', '22004'),
	('drop_policy(''x'')', '42704'),
	('drop_policy(''b'')', '42704')) AS v (call, code);
SELECT throws_ok(format('SELECT trust_ledger.set_policy(''x'', %I => %L)', argument, length),
	'22023', NULL, format('%s of %s', argument, length))
FROM unnest('{back_within,grace,due_within}'::text[]) AS argument,
	unnest('{1 month,1 year,1 month -30 days,-1 day,1 day -1 s,36525 days 1 s}'::text[]) AS length;
\ir ../../helpers/calls.sql
SELECT is(sqlstate_of(format('SELECT trust_ledger.set_policy(''x'', %I => %L)', argument, length)),
	expected, format('%s of %s: %s', argument, length, expected))
FROM (VALUES ('back_within', '3653 days 1 us', 'ok'), ('back_within', '36525 days', 'ok'),
	('grace', '3653 days', 'ok'), ('due_within', '3653 days', 'ok'),
	('grace', '3653 days 1 us', '22023'), ('due_within', '3653 days 1 us', '22023'),
	('due_within', '36525 days', '22023')) AS v (argument, length, expected);

SELECT is_empty($$SELECT * FROM trust.policy WHERE policy = 'x'$$, 'none of these left a rule');
SELECT is_empty('SELECT * FROM trust_ledger.verify()', 'and all of it verifies');
SELECT * FROM finish();
