-- The terms of a promise: making it, amending it, when it is due, when things happened.
CREATE EXTENSION pgtap;
CREATE EXTENSION trust_ledger;
SELECT * FROM no_plan();

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
	PERFORM trust_ledger.register_actor('crm', 'system', responsible => 'anna', speaks_for => 'record');
	PERFORM trust_ledger.register_actor('carl', 'human', speaks_for => 'customer');
	PERFORM trust_ledger.register_actor('otto', 'human', speaks_for => 'customer', customer => 'other');
	PERFORM trust_ledger.grant_access('app', 'application');
	PERFORM trust_ledger.grant_access('importer', 'import');
END
$$;

-- make and amend with arguments as SQL text.
CREATE FUNCTION make(args text, customer text DEFAULT 'c') RETURNS uuid
LANGUAGE plpgsql AS $$
DECLARE
	made uuid;
BEGIN
	EXECUTE format('SELECT promise FROM trust_ledger.make_promise(%L, %s)', customer, args) INTO made;
	RETURN made;
END
$$;

CREATE FUNCTION amend(promise uuid, args text) RETURNS uuid
LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('SELECT FROM trust_ledger.amend_promise(%L, %s)', promise, args);
	RETURN promise;
END
$$;

-- The terms as the view shows them, and as the entry holds them that the promise rests on.
CREATE FUNCTION terms(of_promise uuid) RETURNS jsonb
LANGUAGE sql AS $$
	SELECT jsonb_strip_nulls(to_jsonb(t))
	FROM (SELECT words, purpose, promiser, promiser_kind, drafted_by, kind, value, currency, longest_pause,
			due AT TIME ZONE 'UTC' AS due, overdue_at AT TIME ZONE 'UTC' AS overdue_at
		FROM trust.current_promise WHERE promise = of_promise) t
$$;
CREATE FUNCTION terms_in_entry(of_promise uuid) RETURNS jsonb
LANGUAGE sql AS $$
	SELECT jsonb_strip_nulls(to_jsonb(t))
	FROM (SELECT e.words, e.purpose, e.promiser, e.promiser_kind, e.drafted_by, e.kind, e.value, e.currency, e.longest_pause,
			e.due AT TIME ZONE 'UTC' AS due, e.overdue_at AT TIME ZONE 'UTC' AS overdue_at
		FROM trust.entry e JOIN trust.promise p ON p.customer = e.customer AND p.terms_seq = e.seq
		WHERE p.promise = of_promise AND e.promise = of_promise) t
$$;

CREATE FUNCTION as_role(role text, sql text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	outcome text;
BEGIN
	PERFORM set_config('role', role, true);
	EXECUTE sql INTO outcome;
	PERFORM set_config('role', 'none', true);
	RETURN outcome;
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE;
END
$$;

-- ---- making ----

CREATE TABLE made AS
SELECT what, make(args) AS promise, want::jsonb
FROM (VALUES
	('words alone', $$'We call.', actor => 'anna'$$,
		'{"words": "We call.", "promiser": "anna", "promiser_kind": "human"}'),
	('everything', $$'Refund of 1,250 EUR', 'bot', 'refund', '2101-02-03 04:05:06+00', NULL, 1250.50, 'EUR', 'a new roof', 'crm', '3 days 2:00', 'anna'$$,
		'{"words": "Refund of 1,250 EUR", "promiser": "bot", "promiser_kind": "ai", "kind": "refund",
		"due": "2101-02-03T04:05:06", "overdue_at": "2101-02-03T04:05:06", "value": 1250.50, "currency": "EUR",
		"purpose": "a new roof", "drafted_by": "crm", "longest_pause": "3 days 02:00:00"}'),
	('words as they were given', E'E\'  Ça: "5 %"\\n\\\\ \\u200b😀 \', actor => \'anna\'',
		E'{"words": "  Ça: \\"5 %\\"\\n\\\\ \u200b😀 ", "promiser": "anna", "promiser_kind": "human"}')) AS v (what, args, want);

SELECT is(terms(promise), want, format('made with %s: the view', what)) FROM made;
SELECT is(terms_in_entry(promise), want, format('made with %s: the entry', what)) FROM made;
SELECT is(ARRAY[p.due_moves::text, p.backfilled::text, p.first_due::text, (p.made_at = e.occurred_at)::text, (p.recorded_at = e.recorded_at)::text],
	ARRAY['0', 'false', p.due::text, 'true', 'true'], format('made with %s: due never moved', what))
FROM made m JOIN trust.promise p USING (promise) JOIN trust.entry e USING (customer, promise);

-- Who wrote the words: as named; else whoever acts; nobody where it is the promiser.
SELECT is(terms(make(format('''w'', %L, drafted_by => %L, actor => %L', promiser, drafted_by, actor))) ->> 'drafted_by', want,
	format('%s acts, %s promises, drafted by %s', actor, coalesce(promiser, 'nobody else'), coalesce(drafted_by, 'nobody named')))
FROM (VALUES
	('anna', NULL, NULL, NULL), ('anna', 'anna', NULL, NULL), ('bot', 'anna', NULL, 'bot'), ('anna', 'bot', NULL, 'anna'),
	('anna', NULL, 'bot', 'bot'), ('anna', 'anna', 'anna', NULL), ('bot', 'anna', 'anna', NULL), ('bot', 'anna', 'ben', 'ben'),
	('crm', 'bot', NULL, 'crm'), ('anna', NULL, 'carl', 'carl')) AS v (actor, promiser, drafted_by, want);

-- An amount is kept to the last digit.
SELECT is(p.value::text, amount, format('value %s', left(amount, 40)))
FROM unnest(ARRAY['0', '0.00', '100.10', '0.000000000000000000000000000001', '1000000000000000000000000000000', '9' || repeat('0', 4000)]) AS amount,
	make(format('''w'', value => %s, actor => ''anna''', amount)) AS m JOIN trust.promise p ON p.promise = m;

-- What cannot be promised.
SELECT throws_ok(format('SELECT * FROM trust_ledger.make_promise(%s)', args), code, NULL, format('refused with %s: %s', code, left(args, 60)))
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
	($$'c', 'w', due => 'infinity', actor => 'anna'$$, '22008'),
	($$'c', 'w', due => '-infinity', actor => 'anna'$$, '22008'),
	($$'c', 'w', due => now() - interval '1 s', actor => 'anna'$$, '22023'),
	($$'c', 'w', due => '1955-11-05', actor => 'anna'$$, '22023'),
	($$'c', 'w', due => '2020-01-02 00:00+00', occurred_at => '2020-01-02 00:00+00', actor => 'anna'$$, '22023'),
	($$'c', 'w', due => '2101-01-01', due_on => '2101-01-01', actor => 'anna'$$, '22023'),
	($$'c', 'w', due_on => current_date - 2, actor => 'anna'$$, '22023'),
	($$'c', 'w', due_on => 'infinity', actor => 'anna'$$, '22008'),
	($$'c', 'w', due_on => '-infinity', actor => 'anna'$$, '22008'),
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

-- A day ends with its last microsecond in the ledger's zone: ordinary days, both changes of the
-- clock, changes at midnight itself, a day that is not in the calendar.
CREATE FUNCTION end_of_day(zone text, day date) RETURNS timestamp
LANGUAGE plpgsql AS $$
DECLARE
	id uuid;
BEGIN
	PERFORM trust_ledger.set_ledger(zone => zone);
	id := make(format('''w'', due_on => %L, occurred_at => ''2000-01-01 00:00+00'', actor => ''anna''', day));
	RETURN (SELECT due AT TIME ZONE 'UTC' FROM trust.promise WHERE promise = id);
END
$$;

SELECT is(end_of_day(zone, day::date), ends::timestamp, format('%s in %s ends at %s UTC', day, zone, ends))
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
	('UTC', '9999-12-31', '9999-12-31 23:59:59.999999')) AS v (zone, day, ends);

SELECT throws_ok(format('SELECT FROM trust_ledger.set_ledger(zone => %L)', zone), '22023', NULL, format('no zone: %s', zone))
FROM unnest(ARRAY['', 'Mars/Olympus', 'Europe/Berlin ']) AS zone;

DO $$ BEGIN PERFORM trust_ledger.set_ledger(zone => 'Europe/Berlin'); END $$;

-- Policy gives a due time to what names none, reckoned from when it was made, also after an amendment.
DO $$
BEGIN
	PERFORM trust_ledger.set_policy('callbacks', kind => 'callback', due_within => '2 days', grace => '3 hours');
	PERFORM trust_ledger.set_policy('letters', kind => 'letter', grace => '0');
	PERFORM trust_ledger.set_policy('notes', kind => 'note', grace => '0');
END
$$;
SELECT is(ARRAY[p.due - p.made_at, p.overdue_at - p.due], want::interval[], what)
FROM (VALUES
	('due by policy', $$kind => 'callback'$$, NULL, '{2 days,3:00}'),
	('due by policy, made long ago', $$kind => 'callback', occurred_at => '2020-01-01 00:00+00'$$, NULL, '{2 days,3:00}'),
	('a due time of its own', $$kind => 'callback', due => '2020-01-02 00:00+00', occurred_at => '2020-01-01 00:00+00'$$, NULL, '{1 day,3:00}'),
	('a kind without a due time', $$kind => 'letter'$$, NULL, '{NULL,NULL}'),
	('amended to the kind', $$kind => 'letter', occurred_at => now() - interval '1 hour'$$, $$kind => 'callback'$$, '{2 days,3:00}'),
	('amended to another kind: due stays', $$kind => 'callback'$$, $$kind => 'letter'$$, '{2 days,0:00}'),
	('its due time cleared', $$kind => 'callback', due => now() + interval '1 hour'$$, $$clear => '{due}'$$, '{2 days,3:00}'))
	AS v (what, args, amendment, want),
	LATERAL make(format('''w'', actor => ''anna'', %s', args)) AS m,
	LATERAL (SELECT CASE WHEN amendment IS NULL THEN m ELSE amend(m, amendment || ', actor => ''anna''') END AS id) a
	JOIN LATERAL (SELECT * FROM trust.promise WHERE promise = a.id) p ON true;

-- ---- amending ----

-- One promise, step by step: what each step changes, how often due moved, what it was first.
CREATE TABLE step (nr int GENERATED ALWAYS AS IDENTITY, step text, change jsonb, moves int, first timestamp);
INSERT INTO step (step, change, moves, first) VALUES
	($$words => 'x'$$, '{"words": "x"}', 0, NULL),
	($$value => 10.50, currency => 'EUR'$$, '{"value": 10.50, "currency": "EUR"}', 0, NULL),
	($$due => '2101-01-01 00:00+00'$$, '{"due": "2101-01-01T00:00:00", "overdue_at": "2101-01-01T00:00:00"}', 1, '2101-01-01'),
	($$due_on => '2101-06-01'$$, '{"due": "2101-06-01T21:59:59.999999", "overdue_at": "2101-06-01T21:59:59.999999"}', 2, '2101-01-01'),
	($$words => 'y', due => '2101-06-01 21:59:59.999999+00'$$, '{"words": "y"}', 2, '2101-01-01'),
	($$purpose => 'p', longest_pause => '1 day'$$, '{"purpose": "p", "longest_pause": "1 day"}', 2, '2101-01-01'),
	($$clear => '{due}'$$, '{"due": null, "overdue_at": null}', 3, '2101-01-01'),
	($$kind => 'note', clear => '{value,currency,value}'$$, '{"kind": "note", "value": null, "currency": null}', 3, '2101-01-01'),
	($$due => '2101-01-01 00:00+00', clear => '{due}'$$, '{"due": "2101-01-01T00:00:00", "overdue_at": "2101-01-01T00:00:00"}', 4, '2101-01-01'),
	($$clear => '{purpose,longest_pause}'$$, '{"purpose": null, "longest_pause": null}', 4, '2101-01-01'),
	($$drafted_by => 'ben'$$, '{"drafted_by": "ben"}', 4, '2101-01-01'),
	($$value => 1, reason => 'they asked'$$, '{"value": 1}', 4, '2101-01-01'),
	($$words => 'z'$$, '{"words": "z", "drafted_by": null}', 4, '2101-01-01'),
	($$words => 'z2', drafted_by => 'anna'$$, '{"words": "z2", "drafted_by": "anna"}', 4, '2101-01-01'),
	($$drafted_by => 'bot'$$, '{"drafted_by": null}', 4, '2101-01-01');

CREATE FUNCTION walk(OUT step text, OUT got jsonb, OUT want jsonb) RETURNS SETOF record
LANGUAGE plpgsql AS $$
DECLARE
	id uuid := make($m$'w', actor => 'bot', kind => 'letter'$m$);
	now_terms jsonb := terms(id);
	s record;
BEGIN
	FOR s IN SELECT * FROM step ORDER BY nr LOOP
		PERFORM amend(id, s.step || $a$, actor => 'bot'$a$);
		now_terms := jsonb_strip_nulls(now_terms || s.change);
		step := s.step;
		got := (SELECT jsonb_build_array(terms(id), terms_in_entry(id), due_moves, first_due AT TIME ZONE 'UTC') FROM trust.promise WHERE promise = id);
		want := jsonb_build_array(now_terms, now_terms, s.moves, s.first);
		RETURN NEXT;
	END LOOP;
END
$$;
SELECT is(got, want, format('amended: %s', step)) FROM walk();

SELECT results_eq($$SELECT event, state, accepted, stands, refers_to = lag(seq) OVER (ORDER BY seq), note
	FROM trust.entry WHERE promise = (SELECT promise FROM trust.entry WHERE note = 'they asked') ORDER BY seq OFFSET 11 LIMIT 2$$,
	$$VALUES ('amended', 'open', false, true, NULL::boolean, NULL), ('amended', 'open', false, true, true, 'they asked')$$,
	'the entry names the terms it replaces, and why');

-- What a bot writes anew for a human is drafted by the bot; what that human writes anew is their own.
SELECT is(terms(amend(make('''w'', ''ben'', kind => ''letter'', actor => ''anna'''), args)) ->> 'drafted_by', want, format('drafted by: %s', args))
FROM (VALUES ($$'x', actor => 'bot'$$, 'bot'), ($$'x', actor => 'ben'$$, NULL), ($$value => 1, actor => 'bot'$$, 'anna'),
	($$'x', drafted_by => 'crm', actor => 'ben'$$, 'crm'), ($$value => 1, drafted_by => 'ben', actor => 'bot'$$, NULL)) AS v (args, want);

-- Nothing changed is nothing to amend; and what cannot be promised cannot be amended to.
CREATE TABLE whole AS SELECT make($$'w', 'bot', 'letter', '2101-01-01 00:00+00', NULL, 10.50, 'EUR', 'p', 'anna', '1 day', actor => 'bot'$$) AS promise;
SELECT throws_ok(format('SELECT amend(promise, %L) FROM whole', args || ', actor => ''bot'''), code, NULL, format('amend refused with %s: %s', code, args))
FROM (VALUES
	('reason => ''none''', '22023'),
	($$'w'$$, '22023'),
	($$'w', 'letter', '2101-01-01 00:00+00', NULL, 10.50, 'EUR', 'p', 'anna', '1 day'$$, '22023'),
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
	($$due => now() - interval '1 s'$$, '22023'),
	($$due => '2102-01-01', due_on => '2102-01-01'$$, '22023'),
	($$longest_pause => '1 month'$$, '22023'),
	($$purpose => ''$$, '22023'),
	($$value => 2, reason => ' '$$, '22023'),
	($$drafted_by => 'gus'$$, 'TL003'),
	($$drafted_by => 'nobody'$$, '42704')) AS v (args, code);
SELECT is(p.last_seq, p.terms_seq, 'none of that left an entry') FROM whole JOIN trust.promise p USING (promise);
SELECT throws_ok($$SELECT FROM trust_ledger.amend_promise(NULL, 'x', actor => 'bot')$$, '22004', NULL, 'amending no promise');

-- ---- whose amendment it is ----

-- Before acceptance and before due the company's, after either the customer's, of this customer alone.
CREATE FUNCTION accepted(promise uuid) RETURNS uuid
LANGUAGE sql AS $$ SELECT r.promise FROM trust_ledger.accept_promise($1, actor => 'carl') r $$;

SELECT is(as_role('none', format('SELECT state FROM trust_ledger.amend_promise(%L, ''x'', actor => %L)', promise, actor)), want,
	format('%s amends what is %s', actor, what))
FROM (VALUES
	('in time', false, false, '{open,open,TL003,TL003,TL003}'::text[]),
	('accepted', false, true, '{TL001,TL001,TL001,open,TL003}'),
	('past due', true, false, '{TL001,TL001,TL001,open,TL003}'),
	('accepted and past due', true, true, '{TL001,TL001,TL001,open,TL003}')) AS v (what, late, relied, wants),
	unnest('{anna,bot,crm,carl,otto}'::text[], wants) AS u (actor, want),
	make(format($$'w', kind => 'letter', due => %L, occurred_at => '2020-01-01', actor => 'bot'$$, CASE WHEN late THEN '2020-02-01' END)) AS m,
	LATERAL (SELECT CASE WHEN relied THEN accepted(m) ELSE m END AS promise) p;

-- Acceptance survives; with the customer's amendment comes the acceptance where there was none.
SELECT is(ARRAY[p.accepted_at IS NOT NULL, e.accepted, e.stands], ARRAY[want, want, true], format('accepted after amending what is %s', what))
FROM (VALUES ('in time', 'bot', $$actor => 'bot'$$, false, false), ('past due', 'carl', $$occurred_at => '2020-01-01', due => '2020-02-01', actor => 'bot'$$, false, true),
	('accepted', 'carl', $$actor => 'bot'$$, true, true)) AS v (what, actor, args, relied, want),
	make('''w'', kind => ''letter'', ' || args) AS m,
	LATERAL (SELECT CASE WHEN relied THEN accepted(m) ELSE m END AS id) r,
	amend(r.id, format('''x'', actor => %L', actor)) AS a
	JOIN LATERAL (SELECT * FROM trust.promise WHERE promise = a) p ON true JOIN trust.entry e ON e.customer = p.customer AND e.seq = p.last_seq;
SELECT is(ARRAY[state, due_moves::text, (first_due < due)::text, drafted_by], '{open,1,true,carl}', 'the customer moves an overdue date')
FROM amend(accepted(make($$'w', kind => 'letter', occurred_at => '2020-01-01', due => '2020-02-01', actor => 'bot'$$)),
	$$'x', due => '2101-01-01', actor => 'carl'$$) AS a JOIN trust.promise ON promise = a;

SELECT * FROM finish();
