-- The terms of a promise: making and amending it, due times, and occurred_at.
CREATE EXTENSION pgtap;
CREATE EXTENSION trust_ledger;
SELECT plan(242);

-- The ledger's zone counts, never the session's.
SET TimeZone = 'Pacific/Auckland';
CREATE ROLE app;
CREATE ROLE importer;

DO $$
BEGIN
	PERFORM trust_ledger.create_ledger();
	PERFORM trust_ledger.register_actor('anna', 'human');
	PERFORM trust_ledger.register_actor('ben', 'human');
	PERFORM trust_ledger.register_actor('gus', 'human');
	PERFORM trust_ledger.retire_actor('gus');
	PERFORM trust_ledger.register_actor('bot', 'ai', responsible => 'anna', model => 'm-1');
	PERFORM trust_ledger.register_actor('bot2', 'ai', responsible => 'ben', model => 'm-1');
	PERFORM trust_ledger.register_actor('sys', 'system', responsible => 'anna');
	PERFORM trust_ledger.register_actor('writer', 'ai', responsible => 'anna', model => 'w1');
	PERFORM trust_ledger.register_actor('crm', 'system', responsible => 'anna',
		speaks_for => 'record');
	PERFORM trust_ledger.register_actor('carl', 'human', speaks_for => 'customer');
	PERFORM trust_ledger.register_actor('cai', 'ai', responsible => 'carl', model => 'm-2',
		speaks_for => 'customer');
	PERFORM trust_ledger.register_actor('otto', 'human', speaks_for => 'customer',
		customer => 'other');
	PERFORM trust_ledger.grant_access('app', 'application');
	PERFORM trust_ledger.grant_access('importer', 'import');
END
$$;

\ir ../../helpers/calls.sql
\ir ../../helpers/promises.sql

-- Amends the promise with these arguments, as SQL.
CREATE FUNCTION amend(promise uuid, args text) RETURNS uuid
LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('SELECT FROM trust_ledger.amend_promise(%L, %s)', promise, args);
	RETURN promise;
END
$$;

-- The row as it is now; a join in the calling statement would use an older snapshot.
CREATE FUNCTION stored(of_promise uuid) RETURNS trust.promise
LANGUAGE sql AS $$ SELECT * FROM trust.promise WHERE promise = of_promise $$;

-- The terms in the view, and in the entry that has the current terms.
CREATE FUNCTION terms(of_promise uuid) RETURNS jsonb
LANGUAGE sql AS $$
	SELECT jsonb_strip_nulls(to_jsonb(t))
	FROM (SELECT words, purpose, promiser, promiser_kind, drafted_by, kind, value, currency,
		longest_pause,
			due AT TIME ZONE 'UTC' AS due, overdue_at AT TIME ZONE 'UTC' AS overdue_at
		FROM trust.current_promise WHERE promise = of_promise) t
$$;
CREATE FUNCTION terms_in_entry(of_promise uuid) RETURNS jsonb
LANGUAGE sql AS $$
	SELECT jsonb_strip_nulls(to_jsonb(t))
	FROM (SELECT e.words, e.purpose, e.promiser, e.promiser_kind, e.drafted_by, e.kind, e.value,
		e.currency, e.longest_pause,
			e.due AT TIME ZONE 'UTC' AS due, e.overdue_at AT TIME ZONE 'UTC' AS overdue_at
		FROM trust.entry e JOIN trust.promise p ON p.customer = e.customer AND p.terms_seq = e.seq
		WHERE p.promise = of_promise AND e.promise = of_promise) t
$$;

-- ---- making ----

CREATE TABLE made AS
SELECT what, promise_with(args) AS promise, want::jsonb
FROM (VALUES
	('words alone', $$'We call.', actor => 'anna'$$,
		'{"words": "We call.", "promiser": "anna", "promiser_kind": "human"}'),
	('everything',
		$$'Refund of 1,250 EUR', 'bot', 'refund', '2101-02-03 04:05:06+00', NULL, $$ ||
		$$1250.50, 'EUR', 'a new roof', 'crm', '3 days 2:00', 'anna'$$,
		'{"words": "Refund of 1,250 EUR", "promiser": "bot", "promiser_kind": "ai", '
			'"kind": "refund",
		"due": "2101-02-03T04:05:06", "overdue_at": "2101-02-03T04:05:06", "value": 1250.50, '
			'"currency": "EUR",
		"purpose": "a new roof", "drafted_by": "crm", "longest_pause": "3 days 02:00:00"}'),
	('words as they were given', E'E\'  Ça: "5 %"\\n\\\\ \\u200b😀 \', actor => \'anna\'',
		E'{"words": "  Ça: \\"5 %\\"\\n\\\\ \u200b😀 ", "promiser": "anna", "promiser_kind": '
			'"human"}')) AS v (what, args, want);

SELECT is(terms(promise), want, format('made with %s: the view', what)) FROM made;
SELECT is(terms_in_entry(promise), want, format('made with %s: the entry', what)) FROM made;
SELECT is(ARRAY[p.due_moves::text, p.backfilled::text, p.first_due::text,
	(p.made_at = e.occurred_at)::text, (p.recorded_at = e.recorded_at)::text],
	ARRAY['0', 'false', p.due::text, 'true', 'true'], format('made with %s: due never moved', what))
FROM made m JOIN trust.promise p USING (promise) JOIN trust.entry e USING (customer, promise);

-- Who drafted the words of a promise after a call, or the SQLSTATE.
CREATE FUNCTION drafter(call text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	made uuid;
BEGIN
	EXECUTE format('SELECT promise FROM trust_ledger.%s', call) INTO made;
	RETURN (SELECT coalesce(drafted_by, 'nobody') FROM trust.promise WHERE promise = made);
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE;
END
$$;

-- Who drafted the words: the one named; else the actor; nobody if that is the promiser. An AI does
-- not say that a human did, be it the promiser.
SELECT is(drafter(format('make_promise(''c'', ''w'', %L, drafted_by => %L, actor => %L)', promiser,
	drafted_by, actor)), want,
	format('%s acts, %s promises, drafted by %s', actor, coalesce(promiser, 'nobody else'),
		coalesce(drafted_by, 'nobody named')))
FROM (VALUES
	('anna', NULL, NULL, 'nobody'), ('anna', 'anna', NULL, 'nobody'), ('bot', 'anna', NULL, 'bot'),
	('anna', 'bot', NULL, 'anna'),
	('anna', NULL, 'bot', 'bot'), ('anna', 'anna', 'anna', 'nobody'), ('crm', 'bot', NULL, 'crm'),
	('anna', NULL, 'carl', 'carl'),
	('bot', 'anna', 'anna', 'TL003'), ('bot', 'anna', 'ben', 'TL003'),
	('bot', NULL, 'ben', 'TL003'), ('bot', NULL, 'carl', 'TL003'),
	('bot', 'bot2', 'anna', 'TL003'), ('bot', 'anna', 'bot2', 'bot2'),
	('bot', 'anna', 'bot', 'bot'), ('bot', NULL, 'bot', 'nobody'),
	('bot', 'anna', 'sys', 'TL003'), ('sys', 'anna', 'anna', 'nobody'),
	('sys', 'anna', 'ben', 'ben'), ('crm', 'anna', 'anna', 'nobody'))
	AS v (actor, promiser, drafted_by, want);

-- An amount is kept to the last digit.
SELECT is(p.value::text, amount, format('value %s', left(amount, 40)))
FROM unnest(ARRAY['0', '0.00', '100.10', '0.000000000000000000000000000001',
	'1000000000000000000000000000000', '9' || repeat('0', 4000)]) AS amount,
	promise_with(format('''w'', value => %s, actor => ''anna''', amount)) AS m, stored(m) AS p;

-- Terms that are refused.
SELECT throws_ok(format('SELECT * FROM trust_ledger.make_promise(%s)', args), code, NULL,
	format('refused with %s: %s', code, left(args, 60)))
FROM (VALUES
	($$NULL, 'w', actor => 'anna'$$, '22004'),
	($$'', 'w', actor => 'anna'$$, '22023'),
	($$' c', 'w', actor => 'anna'$$, '22023'),
	($$repeat('c', 256), 'w', actor => 'anna'$$, '22023'),
	($$'c', NULL, actor => 'anna'$$, '22004'),
	($$'c', '', actor => 'anna'$$, '22023'),
	($$'c', E' \t\r\n\u00a0\u3000', actor => 'anna'$$, '22023'),
	($$'c', E'\u200b\u2060\ufeff', actor => 'anna'$$, '22023'),
	($$'c', 'w', purpose => '', actor => 'anna'$$, '22023'),
	($$'c', 'w', purpose => E'\u2003', actor => 'anna'$$, '22023'),
	($$'c', 'w', kind => '', actor => 'anna'$$, '22023'),
	($$'c', 'w', kind => E're\u200bfund', actor => 'anna'$$, '22023'),
	($$'c', 'w', currency => 'EUR ', value => 1, actor => 'anna'$$, '22023'),
	($$'c', 'w', value => 'NaN', actor => 'anna'$$, '22003'),
	($$'c', 'w', value => 'Infinity', actor => 'anna'$$, '22003'),
	($$'c', 'w', value => '-Infinity', actor => 'anna'$$, '22003'),
	($$'c', 'w', value => -1, actor => 'anna'$$, '22003'),
	($$'c', 'w', value => -1e-30, actor => 'anna'$$, '22003'),
	($$'c', 'w', value => 1.1e10000, actor => 'anna'$$, '22003'),
	($$'c', 'w', due => 'infinity', actor => 'anna'$$, '22008'),
	($$'c', 'w', due => '-infinity', actor => 'anna'$$, '22008'),
	($$'c', 'w', due => now() - interval '1 s', actor => 'anna'$$, '22023'),
	($$'c', 'w', due => '1955-11-05', actor => 'anna'$$, '22023'),
	($$'c', 'w', due => '2020-01-02 00:00+00', occurred_at => '2020-01-02 00:00+00', $$ ||
		$$actor => 'anna'$$, '22023'),
	($$'c', 'w', due => '2101-01-01', due_on => '2101-01-01', actor => 'anna'$$, '22023'),
	($$'c', 'w', due_on => current_date - 2, actor => 'anna'$$, '22023'),
	($$'c', 'w', due_on => 'infinity', actor => 'anna'$$, '22008'),
	($$'c', 'w', due_on => '-infinity', actor => 'anna'$$, '22008'),
	($$'c', 'w', due => now() + interval '36525 days 1 hour', actor => 'anna'$$, '22008'),
	($$'c', 'w', due => '9999-12-31 23:59+00', actor => 'anna'$$, '22008'),
	($$'c', 'w', due_on => current_date + 36527, actor => 'anna'$$, '22008'),
	($$'c', 'w', due_on => '9999-12-31', actor => 'anna'$$, '22008'),
	($$'c', 'w', due => now() + interval '101 years', occurred_at => '1990-01-01', $$ ||
		$$actor => 'anna'$$, '22008'),
	($$'c', 'w', due => '10000-01-01 00:00+00', actor => 'anna'$$, '22008'),
	($$'c', 'w', due_on => '10000-01-01', actor => 'anna'$$, '22008'),
	($$'c', 'w', due_on => '5874897-12-31', actor => 'anna'$$, '22008'),
	($$'c', 'w', due_on => '4713-01-01 BC', actor => 'anna'$$, '22023'),
	($$'c', 'w', longest_pause => '1 month', actor => 'anna'$$, '22023'),
	($$'c', 'w', longest_pause => '1 year', actor => 'anna'$$, '22023'),
	($$'c', 'w', longest_pause => '1 month -30 days', actor => 'anna'$$, '22023'),
	($$'c', 'w', longest_pause => '-1 day', actor => 'anna'$$, '22023'),
	($$'c', 'w', longest_pause => '2 days -1 hour', actor => 'anna'$$, '22023'),
	($$'c', 'w', longest_pause => '36526 days', actor => 'anna'$$, '22023'),
	($$'c', 'w'$$, 'TL003'),
	($$'c', 'w', actor => 'nobody'$$, '42704'),
	($$'c', 'w', actor => 'gus'$$, 'TL003'),
	($$'c', 'w', 'nobody', actor => 'anna'$$, '42704'),
	($$'c', 'w', 'gus', actor => 'anna'$$, 'TL003'),
	($$'c', 'w', 'carl', actor => 'anna'$$, 'TL003'),
	($$'c', 'w', 'crm', actor => 'anna'$$, 'TL003'),
	($$'c', 'w', 'anna', actor => 'carl'$$, 'TL003'),
	($$'c', 'w', actor => 'carl'$$, 'TL003'),
	($$'c', 'w', actor => 'crm'$$, 'TL003'),
	($$'c', 'w', drafted_by => 'nobody', actor => 'anna'$$, '42704'),
	($$'c', 'w', drafted_by => 'gus', actor => 'anna'$$, 'TL003')) AS v (args, code);

-- ---- due ----

-- due_on is the last microsecond of the day in the ledger's zone: ordinary days, both changes of
-- the clock, changes at midnight, and a day that the zone skipped.
CREATE FUNCTION end_of_day(zone text, day date) RETURNS timestamp
LANGUAGE plpgsql AS $$
DECLARE
	id uuid;
BEGIN
	PERFORM trust_ledger.set_ledger(zone => zone);
	id := promise_with(format('''w'', due_on => %L, occurred_at => ''2000-01-01 00:00+00'', '
		'actor => ''anna''', day));
	RETURN (SELECT due AT TIME ZONE 'UTC' FROM trust.promise WHERE promise = id);
END
$$;

SELECT is(end_of_day(zone, day::date), ends::timestamp, format('%s in %s ends at %s UTC', day,
	zone, ends))
FROM (VALUES
	('UTC', '2021-06-30', '2021-06-30 23:59:59.999999'),
	('Europe/Berlin', '2021-01-31', '2021-01-31 22:59:59.999999'),
	('Europe/Berlin', '2021-03-27', '2021-03-27 22:59:59.999999'),
	('Europe/Berlin', '2021-03-28', '2021-03-28 21:59:59.999999'),
	('Europe/Berlin', '2021-10-30', '2021-10-30 21:59:59.999999'),
	('Europe/Berlin', '2021-10-31', '2021-10-31 22:59:59.999999'),
	('Europe/Berlin', '2020-02-29', '2020-02-29 22:59:59.999999'),
	('America/New_York', '2021-12-31', '2022-01-01 04:59:59.999999'),
	('Asia/Kolkata', '2021-06-30', '2021-06-30 18:29:59.999999'),
	('Asia/Beirut', '2021-03-27', '2021-03-27 21:59:59.999999'),
	('America/Havana', '2021-11-06', '2021-11-07 03:59:59.999999'),
	('Atlantic/Azores', '2021-10-30', '2021-10-30 23:59:59.999999'),
	('Atlantic/Azores', '2021-10-31', '2021-11-01 00:59:59.999999'),
	('Pacific/Apia', '2011-12-30', '2011-12-30 09:59:59.999999'),
	('UTC', '2099-12-31', '2099-12-31 23:59:59.999999')) AS v (zone, day, ends);

SELECT throws_ok(format('SELECT FROM trust_ledger.set_ledger(zone => %L)', zone), '22023', NULL,
	format('no zone: %s', zone))
FROM unnest(ARRAY['', 'Mars/Olympus', 'Europe/Berlin ']) AS zone;

DO $$ BEGIN PERFORM trust_ledger.set_ledger(zone => 'Europe/Berlin'); END $$;

-- Policy gives a due time to a promise without one, counted from when it was made, also after an
-- amendment.
DO $$
BEGIN
	PERFORM trust_ledger.set_policy('callbacks', kind => 'callback', due_within => '2 days',
		grace => '3 hours');
	PERFORM trust_ledger.set_policy('letters', kind => 'letter', grace => '0');
	PERFORM trust_ledger.set_policy('notes', kind => 'note', grace => '0');
END
$$;
SELECT is(ARRAY[p.due - p.made_at, p.overdue_at - p.due], want::interval[], what)
FROM (VALUES
	('due by policy', $$kind => 'callback'$$, NULL, '{2 days,3:00}'),
	('due by policy, made long ago', $$kind => 'callback', occurred_at => '2020-01-01 00:00+00'$$,
		NULL, '{2 days,3:00}'),
	('a due time of its own',
		$$kind => 'callback', due => '2020-01-02 00:00+00', occurred_at => '2020-01-01 00:00+00'$$,
		NULL, '{1 day,3:00}'),
	('a kind without a due time', $$kind => 'letter'$$, NULL, '{NULL,NULL}'),
	('amended to the kind', $$kind => 'letter', occurred_at => now() - interval '1 hour'$$,
		$$kind => 'callback'$$, '{2 days,3:00}'),
	('amended to another kind: due stays', $$kind => 'callback'$$, $$kind => 'letter'$$,
		'{2 days,0:00}'),
	('its due time cleared', $$kind => 'callback', due => now() + interval '1 hour'$$,
		$$clear => '{due}'$$, '{2 days,3:00}'))
	AS v (what, args, amendment, want),
	LATERAL promise_with(format('''w'', actor => ''anna'', %s', args)) AS m,
	LATERAL (SELECT CASE WHEN amendment IS NULL THEN m ELSE amend(m, amendment
		|| ', actor => ''anna''') END AS id) a,
	stored(a.id) AS p;

-- ---- amending ----

-- One promise, step by step: what each step changes, how often due moved, and the first due. A
-- first due time is not a move; another one, or none any more, is.
CREATE TABLE step (nr int GENERATED ALWAYS AS IDENTITY, step text, change jsonb, moves int,
	first timestamp);
INSERT INTO step (step, change, moves, first) VALUES
	($$words => 'x'$$, '{"words": "x"}', 0, NULL),
	($$value => 10.50, currency => 'EUR'$$, '{"value": 10.50, "currency": "EUR"}', 0, NULL),
	($$due => '2101-01-01 00:00+00'$$,
		'{"due": "2101-01-01T00:00:00", "overdue_at": "2101-01-01T00:00:00"}', 0, '2101-01-01'),
	($$due_on => '2101-06-01'$$,
		'{"due": "2101-06-01T21:59:59.999999", "overdue_at": "2101-06-01T21:59:59.999999"}', 1,
		'2101-01-01'),
	($$words => 'y', due => '2101-06-01 21:59:59.999999+00'$$, '{"words": "y"}', 1, '2101-01-01'),
	($$purpose => 'p', longest_pause => '1 day'$$, '{"purpose": "p", "longest_pause": "1 day"}', 1,
		'2101-01-01'),
	($$clear => '{due}'$$, '{"due": null, "overdue_at": null}', 2, '2101-01-01'),
	($$kind => 'note', clear => '{value,currency,value}'$$,
		'{"kind": "note", "value": null, "currency": null}', 2, '2101-01-01'),
	($$due => '2101-01-01 00:00+00', clear => '{due}'$$,
		'{"due": "2101-01-01T00:00:00", "overdue_at": "2101-01-01T00:00:00"}', 2, '2101-01-01'),
	($$clear => '{purpose,longest_pause}'$$, '{"purpose": null, "longest_pause": null}', 2,
		'2101-01-01'),
	($$drafted_by => 'writer'$$, '{"drafted_by": "writer"}', 2, '2101-01-01'),
	($$value => 1, reason => 'they asked'$$, '{"value": 1}', 2, '2101-01-01'),
	($$words => 'z'$$, '{"words": "z", "drafted_by": null}', 2, '2101-01-01'),
	($$words => 'z2', drafted_by => 'bot2'$$, '{"words": "z2", "drafted_by": "bot2"}', 2,
		'2101-01-01'),
	($$drafted_by => 'bot'$$, '{"drafted_by": null}', 2, '2101-01-01');

CREATE FUNCTION walk(OUT step text, OUT got jsonb, OUT want jsonb) RETURNS SETOF record
LANGUAGE plpgsql AS $$
DECLARE
	id uuid := promise_with($m$'w', actor => 'bot', kind => 'letter'$m$);
	now_terms jsonb := terms(id);
	s record;
BEGIN
	FOR s IN SELECT * FROM step ORDER BY nr LOOP
		PERFORM amend(id, s.step || $a$, actor => 'bot'$a$);
		now_terms := jsonb_strip_nulls(now_terms || s.change);
		step := s.step;
		got := (SELECT jsonb_build_array(terms(id), terms_in_entry(id), due_moves, first_due AT TIME
			ZONE 'UTC') FROM trust.promise WHERE promise = id);
		want := jsonb_build_array(now_terms, now_terms, s.moves, s.first);
		RETURN NEXT;
	END LOOP;
END
$$;
SELECT is(got, want, format('amended: %s', step)) FROM walk();

SELECT is(to_jsonb(t), '["amended", "open", false, true, true]',
	'the entry names the terms it replaces, and why')
FROM (SELECT jsonb_build_array(e.event, e.state, e.accepted, e.stands, e.refers_to = before.seq)
	FROM trust.entry e JOIN trust.entry before USING (customer, promise)
	WHERE e.note = 'they asked' AND before.seq = e.seq - 1) AS e (t);

-- New words of a bot for a human are drafted by the bot; new words of that human are their own.
-- No AI, not even the customer's, can say that a human wrote words, be they new or old.
CREATE FUNCTION amended_drafter(relied boolean, args text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	id uuid := promise_with($m$'w', 'ben', kind => 'letter', actor => 'anna'$m$);
BEGIN
	IF relied THEN
		PERFORM trust_ledger.accept_promise(id, actor => 'carl');
	END IF;
	RETURN drafter(format('amend_promise(%L, %s)', id, args));
END
$$;
SELECT is(amended_drafter(relied, args), want, format('drafted by, %s: %s', CASE WHEN relied
	THEN 'accepted' ELSE 'in time' END, args))
FROM (VALUES
	(false, $$'x', actor => 'bot'$$, 'bot'), (false, $$'x', actor => 'ben'$$, 'nobody'),
	(false, $$value => 1, actor => 'bot'$$, 'anna'),
	(false, $$'x', drafted_by => 'crm', actor => 'ben'$$, 'crm'),
	(false, $$value => 1, drafted_by => 'ben', actor => 'anna'$$, 'nobody'),
	(false, $$value => 1, drafted_by => 'ben', actor => 'sys'$$, 'nobody'),
	(false, $$'x', drafted_by => 'anna', actor => 'sys'$$, 'anna'),
	(false, $$value => 1, drafted_by => 'ben', actor => 'bot'$$, 'TL003'),
	(false, $$value => 1, drafted_by => 'anna', actor => 'bot'$$, 'TL003'),
	(false, $$'x', drafted_by => 'ben', actor => 'bot'$$, 'TL003'),
	(false, $$'x', drafted_by => 'sys', actor => 'bot'$$, 'TL003'),
	(true, $$'x', actor => 'carl'$$, 'carl'), (true, $$'x', actor => 'cai'$$, 'cai'),
	(true, $$'x', drafted_by => 'carl', actor => 'cai'$$, 'TL003'),
	(true, $$'x', drafted_by => 'ben', actor => 'carl'$$, 'nobody'),
	(true, $$value => 1, drafted_by => 'ben', actor => 'cai'$$, 'TL003')) AS v (relied, args, want);

-- An amendment must change something, and cannot set terms that are refused.
CREATE TABLE whole AS
	SELECT promise_with($$'w', 'bot', 'letter', '2101-01-01 00:00+00', NULL, $$ ||
	$$10.50, 'EUR', 'p', 'writer', '1 day', actor => 'bot'$$) AS promise;
SELECT throws_ok(format('SELECT amend(promise, %L) FROM whole', args || ', actor => ''bot'''),
	code, NULL, format('amend refused with %s: %s', code, args))
FROM (VALUES
	('reason => ''none''', '22023'),
	($$'w'$$, '22023'),
	($$'w', 'letter', '2101-01-01 00:00+00', NULL, 10.50, 'EUR', 'p', 'writer', '1 day'$$, '22023'),
	($$due => '2101-01-01 00:00+00', clear => '{due}'$$, '22023'),
	($$clear => '{}'$$, '22023'),
	($$clear => '{words}'$$, '22023'),
	($$clear => '{promiser}'$$, '22023'),
	($$clear => '{due_on}'$$, '22023'),
	($$clear => '{Due}'$$, '22023'),
	($$clear => '{due,NULL}'$$, '22004'),
	($$''$$, '22023'),
	($$E'\u200b'$$, '22023'),
	($$value => 'NaN'$$, '22003'),
	($$value => -1$$, '22003'),
	($$due => 'infinity'$$, '22008'),
	($$due => now() + interval '36525 days 1 hour'$$, '22008'),
	($$due_on => current_date + 36527$$, '22008'),
	($$due => now() - interval '1 s'$$, '22023'),
	($$due => '2102-01-01', due_on => '2102-01-01'$$, '22023'),
	($$longest_pause => '1 month'$$, '22023'),
	($$purpose => ''$$, '22023'),
	($$value => 2, reason => ' '$$, '22023'),
	($$drafted_by => 'gus'$$, 'TL003'),
	($$drafted_by => 'anna'$$, 'TL003'),
	($$drafted_by => 'nobody'$$, '42704')) AS v (args, code);
SELECT is(p.last_seq, p.terms_seq, 'none of that left an entry') FROM whole JOIN trust.promise p
	USING (promise);
SELECT throws_ok($$SELECT FROM trust_ledger.amend_promise(NULL, 'x', actor => 'bot')$$, '22004',
	NULL, 'amending no promise');

-- ---- whose amendment it is ----

-- Before acceptance and due the company amends; after either, only an actor of this customer.
CREATE FUNCTION amended_by(actor text, late boolean, relied boolean, OUT promise uuid,
	OUT outcome text)
LANGUAGE plpgsql AS $$
BEGIN
	promise := promise_with(format($m$'w', kind => 'letter', due => %L, $m$ ||
		$m$occurred_at => '2020-01-01', actor => 'bot'$m$, CASE WHEN late THEN '2020-02-01' END));
	IF relied THEN
		PERFORM trust_ledger.accept_promise(promise, actor => 'carl');
	END IF;
	outcome := value_as('none', format($a$SELECT state FROM trust_ledger.amend_promise(%L, 'x',
		due => '2101-01-01', actor => %L)$a$, promise, actor));
END
$$;
CREATE TABLE amended AS
SELECT what, actor, relied, late, want, a.*
FROM (VALUES
	('in time', false, false, '{open,open,TL003,TL003,TL003}'::text[]),
	('accepted', false, true, '{TL001,TL001,TL001,open,TL003}'),
	('past due', true, false, '{TL001,TL001,TL001,open,TL003}'),
	('accepted and past due', true, true, '{TL001,TL001,TL001,open,TL003}')) AS v (what, late,
		relied, wants),
	unnest('{anna,bot,crm,carl,otto}'::text[], wants) AS u (actor, want),
	LATERAL amended_by(actor, late, relied) AS a;
SELECT is(outcome, want, format('%s amends what is %s', actor, what)) FROM amended;

-- Acceptance survives; with the customer's amendment comes the acceptance where there was none.
SELECT is(jsonb_build_array(p.accepted_at IS NOT NULL, e.accepted, p.due_moves, p.first_due < p.due,
	p.drafted_by),
	jsonb_build_array(a.relied OR a.late, a.relied OR a.late, a.late::int, a.late,
		nullif(a.actor, 'bot')),
	format('after %s amended what is %s', a.actor, a.what))
FROM amended a JOIN trust.promise p USING (promise) JOIN trust.entry e ON e.customer = p.customer
	AND e.seq = p.terms_seq
WHERE a.outcome = 'open';

-- ---- when it happened ----

-- Without level import, occurred_at can be at most a day ago; the ledger's setting "lag" changes
-- that.
CREATE FUNCTION made_ago(role text, ago interval) RETURNS text
LANGUAGE sql AS $$
	SELECT value_as(role, format($m$SELECT promise FROM trust_ledger.make_promise('t', 'w',
		kind => 'letter', actor => 'anna', occurred_at => now() - interval %L)$m$, ago))
$$;
SELECT is(CASE WHEN outcome ~ '-' THEN 'backfilled ' || (stored(outcome::uuid)).backfilled
	ELSE outcome END, want, format('%s tells what happened %s ago', role, ago))
FROM (VALUES
	('app', '0', 'backfilled false'), ('app', '23 hours', 'backfilled false'),
	('app', '25 hours', 'TL004'), ('app', '9000 days', 'TL004'),
	('app', '-1 minute', '22008'),
	('importer', '23 hours', 'backfilled false'), ('importer', '25 hours', 'backfilled true'),
	('importer', '26000 days', 'backfilled true'),
	('importer', '-1 minute', '22008')) AS v (role, ago, want),
	LATERAL made_ago(role, ago::interval) AS outcome;

DO $$ BEGIN PERFORM trust_ledger.set_ledger(lag => '2 hours'); END $$;
SELECT is(made_ago(role, ago::interval) ~ '-', want,
	format('lag of two hours: %s tells what happened %s ago', role, ago))
FROM (VALUES ('app', '1 hour', true), ('app', '3 hours', false), ('importer', '3 hours', true)) AS v
	(role, ago, want);
SELECT is(value_as('none', format('SELECT seq > 0 FROM trust_ledger.set_ledger(lag => %L)', lag)),
	want, format('a lag of %s', lag))
FROM (VALUES ('7 days', 'true'), ('6 days 24:00', 'true'), ('7 days 00:00:00.000001', '22023'),
	('30 days', '22023'), ('1 month', '22023'),
	('-1 s', '22023'), ('0', 'true')) AS v (lag, want);
SELECT is(made_ago('app', '1 s'), 'TL004', 'without a lag all that is told is import''s');
DO $$ BEGIN PERFORM trust_ledger.set_ledger(lag => '1 day'); END $$;

-- What was in time: by the ledger's clock; by occurred_at only where the entry is backfilled.
CREATE FUNCTION amended_ago(made interval, due interval, role text, ago interval) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	id uuid := promise_with(format('''w'', kind => ''letter'', actor => ''bot'', '
		'occurred_at => now() - interval %L, due => now() - interval %L', made, due));
BEGIN
	RETURN value_as(role, format($a$SELECT state FROM trust_ledger.amend_promise(%L, 'x',
		actor => 'bot', occurred_at => now() - interval %L)$a$, id, ago));
END
$$;
SELECT is(amended_ago(made::interval, due::interval, role, ago::interval), want,
	format('made %s ago, due %s ago, %s says it was amended %s ago', made, due, role, ago))
FROM (VALUES
	('10 days', '5 days', 'importer', '7 days', 'open'),
	('10 days', '5 days', 'importer', '4 days', 'TL001'),
	('10 days', '5 days', 'app', '7 days', 'TL004'),
	('10 days', '5 days', 'importer', '11 days', '22008'),
	('2 days', '10 hours', 'importer', '15 hours', 'TL001'),
	('2 days', '10 hours', 'app', '15 hours', 'TL001'),
	('2 days', '10 hours', 'importer', '30 hours', 'open'),
	('10 hours', '-1 hour', 'app', '5 hours', 'open'),
	('10 hours', '-1 hour', 'app', '11 hours', '22008')) AS v (made, due, role, ago, want);

-- A due time must lie ahead of the ledger's clock; if the entry is backfilled, of occurred_at.
CREATE FUNCTION made_due(args text) RETURNS text
LANGUAGE sql AS $$
	SELECT CASE WHEN outcome ~ '-' THEN 'made' ELSE outcome END
	FROM value_as('importer', format($m$SELECT promise FROM trust_ledger.make_promise('t', 'w',
		kind => 'letter', actor => 'anna', %s)$m$, args)) AS outcome
$$;
CREATE FUNCTION amended_due(args text) RETURNS text
LANGUAGE sql AS $$
	SELECT value_as('importer',
		format('SELECT state FROM trust_ledger.amend_promise(%L, actor => ''anna'', %s)',
		promise_with('''w'', kind => ''letter'', occurred_at => ''2020-01-01'', actor => ''anna'''),
			args))
$$;
SELECT is(ARRAY[made_due(v.args), amended_due(v.args)], CASE WHEN ahead THEN '{made,open}'
	ELSE '{22023,22023}'::text[] END, format('made, and amended, with %s', v.args))
FROM (VALUES
	($$due => now() - interval '1 s'$$, false), ($$due => now() + interval '1 hour'$$, true),
	($$due => now() - interval '10 hours', occurred_at => now() - interval '20 hours'$$, false),
	($$due => now() + interval '1 hour', occurred_at => now() - interval '20 hours'$$, true),
	($$due => now() - interval '10 hours', occurred_at => now() - interval '2 days'$$, true),
	($$due => now() - interval '2 days', occurred_at => now() - interval '2 days'$$, false),
	($$due => now() - interval '3 days', occurred_at => now() - interval '2 days'$$, false),
	($$due_on => '2020-03-02', occurred_at => '2020-03-01'$$, true),
	($$due_on => '2020-02-28', occurred_at => '2020-03-01'$$, false)) AS v (args, ahead);

-- Before 1970, and as far ahead as a due time can lie.
SELECT is(ARRAY[p.made_at, p.due, p.overdue_at], ARRAY[v.made, v.due, v.due]::timestamptz[],
	format('made at %s, due at %s', v.made, v.due))
FROM (VALUES ('1955-11-05 06:15+00', '1969-12-31 23:59:59.999999+00'),
	('4000-01-01 00:00:00.000001+00 BC', '1970-01-01 00:00+00'),
	('1999-12-31 23:59:59.999999+00', date_trunc('day', now() + interval '100 years')::text)) AS v
		(made, due),
	promise_with(format('''w'', kind => ''letter'', actor => ''anna'', occurred_at => %L, '
		'due => %L', v.made, v.due)) AS m, stored(m) AS p;
DO $$ BEGIN PERFORM trust_ledger.set_policy('patient', kind => 'patient', grace => '3653 days');
	END $$;
SELECT is(overdue_at - due, '3653 days', 'the longest grace behind the last due time')
FROM promise_with($$'w', kind => 'patient', due => now() + interval '36525 days', actor => 'anna'$$)
	AS m, stored(m);

SELECT is_empty('SELECT * FROM trust_ledger.verify()', 'and all of it verifies');
SELECT * FROM finish();
