-- explain_trust(): a score promise by promise. (On random ledgers: random_ledger_scores.sql.)
CREATE EXTENSION pgtap;
CREATE EXTENSION trust_ledger;
SELECT plan(85);

SET timezone = 'UTC';
SELECT trust_ledger.create_ledger() \g /dev/null
\ir ../../helpers/promise_script.sql
\ir ../../helpers/without_guards.sql

CREATE FUNCTION number(x float8) RETURNS text
LANGUAGE sql AS $$ SELECT trim_scale(round(x::numeric, 4))::text $$;

-- What explains a script's score as of a day, with a half-life of ten days: by kind, each promise's
-- outcome, whose word it is, the day and the age of its weights kept:broken, how far they faded,
-- and its share. Rolled back.
CREATE FUNCTION explained(script text, by text DEFAULT 'customer', of_key text DEFAULT 'c',
	as_of text DEFAULT '40d', half_life interval DEFAULT '10 days') RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	found text;
BEGIN
	IF half_life >= '1 day' THEN
		PERFORM trust_ledger.set_ledger(half_life => half_life);
	ELSE
		-- as versions before 0.3.0 allowed
		PERFORM without_guards(format('UPDATE trust.ledger SET half_life = %L', half_life));
	END IF;
	PERFORM play(script);
	SELECT string_agg(concat_ws(' ', x.kind, outcome, whose_word,
		extract(epoch FROM at - day('0d'))::int / 86400 || 'd', number(weight_kept) || ':'
		|| number(weight_broken), age, number(fading), CASE WHEN broken_at <> at THEN
			format('broken %sd %s', extract(epoch FROM broken_at - day('0d'))::int / 86400,
				number(broken_fading)) END, number(share)), '; '
			ORDER BY x.kind COLLATE "C", x.at)
		|| CASE WHEN trust_ledger.sum(score ORDER BY nr)::text IS DISTINCT FROM CASE by
			WHEN 'customer' THEN trust_ledger.customer_score(of_key, day(as_of))::text
			WHEN 'promiser' THEN trust_ledger.promiser_score(of_key, day(as_of))::text
				ELSE trust_ledger.sum(score ORDER BY nr)::text END THEN ', and not the score'
				ELSE '' END
		|| CASE WHEN bool_and(trust_ledger.as_of(score) = day(as_of)
			AND trust_ledger.half_life(score) = half_life
				AND abs(trust_ledger.kept(score) - weight_kept * fading) < 1e-15
					AND abs(trust_ledger.broken(score) - weight_broken * broken_fading) < 1e-15)
				THEN ''
					ELSE ', and not its parts' END
	INTO found
	FROM trust_ledger.explain_trust(by, of_key, day(as_of)) WITH ORDINALITY AS x (customer, promise,
		promiser, backer, kind, outcome, whose_word, at, weight_kept, weight_broken, age, fading,
		share, score, broken_at, broken_fading, nr);
	RAISE SQLSTATE 'OK000';
EXCEPTION WHEN SQLSTATE 'OK000' THEN
	RETURN found;
END
$$;

SELECT is(explained(script), want, script)
FROM (VALUES
	('make anna 1d', NULL),
	('make anna 1d; withdraw anna 2d', NULL),
	('make bot 1d, due => day(''2d'')', NULL),
	('make anna 1d; kept carl 30d', 'kept customer 30d 1:0 10 days 0.5 1'),
	('make anna 1d; kept dora 30d', 'kept company 30d 0.5:0 10 days 0.5 1'),
	('make anna 1d; partly_kept desk 40d', 'partly_kept record 40d 0.5:0.5 00:00:00 1 1'),
	('make anna 1d; broken dora 10d, relayed => true', 'broken customer 10d 0:1 30 days 0.125 1'),
	('make anna 1d, due => day(''10d'')', 'overdue 40d 0:1 00:00:00 1 1'),
	('make anna 1d, due => day(''10d''); withdraw anna 30d_-12:00',
		'broken company 29d 0:1 10 days 12:00:00 0.483 1'),
	-- a revised verdict has its own weights, and as kept the first one's age
	('make anna 1d; kept dora 20d; broken carl 30d',
		'broken customer 20d 0:1 20 days 0.25 broken 30d 0.5 1'),
	('make anna 1d; kept dora 20d; partly_kept carl 30d',
		'partly_kept customer 20d 0.5:0.5 20 days 0.25 broken 30d 0.5 1'),
	('make anna 1d; broken carl 20d; kept dora 35d', 'broken customer 20d 0:1 20 days 0.25 1'),
	('make anna 1d; kept dora 20d; kept carl 40d_1us', 'kept company 20d 0.5:0 20 days 0.25 1'),
	-- shares are of all evidence that is left
	('make anna 1d, kind => ''a''; kept carl 30d; make ben 1d, kind => ''b'', due => day(''10d''); '
		'make anna 1d, kind => ''c''; broken dora 20d',
		'a kept customer 30d 1:0 10 days 0.5 0.2857; b overdue 40d 0:1 00:00:00 1 0.5714; '
			'c broken company 20d 0:1 20 days 0.25 0.1429')) AS v (script, want);

-- Whose promises.
SELECT is(explained(script, by, key, coalesce(as_of, '40d')), want, format('by %s %s as of %s: %s',
	by, key, coalesce(as_of, '40d'), script))
FROM (VALUES ($$make bot 1d, kind => 'a', due => day('15d'); back anna 2d; back ben 25d; $$ ||
	$$make anna 3d, kind => 'b'; amend anna 4d, kind => 'c'; back anna 5d; kept carl 30d$$)) AS s
	(script),
	(VALUES ('customer', 'c', NULL,
		'a overdue 40d 0:1 00:00:00 1 0.6667; c kept customer 30d 1:0 10 days 0.5 0.3333'),
		('customer', 'd', NULL, NULL),
		('promiser', 'bot', NULL, 'a overdue 40d 0:1 00:00:00 1 1'),
		('promiser', 'anna', NULL, 'c kept customer 30d 1:0 10 days 0.5 1'),
		('promiser', 'ben', NULL, NULL),
		('backer', 'ben', NULL, 'a overdue 40d 0:1 00:00:00 1 1'),
		('backer', 'anna', NULL, 'c kept customer 30d 1:0 10 days 0.5 1'),
		('backer', 'anna', '20d', 'a overdue 20d 0:1 00:00:00 1 1'), ('backer', 'ben', '20d', NULL),
		('kind', 'a', NULL, 'a overdue 40d 0:1 00:00:00 1 1'), ('kind', 'b', NULL, NULL),
		('kind', 'c', NULL, 'c kept customer 30d 1:0 10 days 0.5 1'),
		('backing', 'backed', NULL,
			'a overdue 40d 0:1 00:00:00 1 0.6667; c kept customer 30d 1:0 10 days 0.5 0.3333'),
		('backing', 'unbacked', NULL, NULL), ('backing', 'half', NULL, NULL),
		('all', NULL, NULL,
			'a overdue 40d 0:1 00:00:00 1 0.6667; c kept customer 30d 1:0 10 days 0.5 0.3333')) AS v
			(by, key, as_of, want);

SELECT is(explained('make tool 1d; kept carl 30d; make tool 1d, due => day(''20d''); back anna 35d',
	'backing', 'unbacked', as_of), want, 'unbacked as of ' || as_of)
FROM (VALUES ('34d',
	'kept customer 30d 1:0 4 days 0.7579 0.4311; overdue 34d 0:1 00:00:00 1 0.5689'),
	('36d', 'kept customer 30d 1:0 6 days 0.6598 1')) AS v (as_of, want);

-- Evidence that has faded away has a row and no share; other evidence has the whole share.
SELECT is(explained('make anna 1d; kept carl 30d', half_life => '1 ms'),
	'kept customer 30d 1:0 10 days 0', 'nothing is left of it');
SELECT is(explained('make anna 1d, kind => ''a''; kept carl 30d; make anna 1d, kind => ''b'', '
	'due => day(''20d'')', half_life => '1 ms'),
	'a kept customer 30d 1:0 10 days 0 0; b overdue 40d 0:1 00:00:00 1 1',
		'nothing is left of one of two');

-- ---- now ----

SELECT play(script, customer)
	FROM (VALUES ('c', 'make anna 1d; kept carl 5d; make bot 1d, due => day(''9d''); back ben 2d; '
	'make tool 1d, kind => ''k''; broken desk 7d'),
	('d', 'make anna 1d; kept carl 5d; make anna 2d, kind => ''k''; partly_kept dora 9d; '
		'make anna 2d'),
	('e', 'make bot 1d, due => day(''4d'')')) AS v (customer, script) \g /dev/null

CREATE TABLE way (by text, key text, rows bigint);
INSERT INTO way VALUES ('customer', 'c', 3), ('customer', 'd', 2), ('customer', 'e', 0),
('customer', 'f', 0), ('promiser', 'anna', 3), ('promiser', 'bot', 1), ('promiser', 'carl', 0),
('promiser', 'nobody', 0),
	('backer', 'anna', 3), ('backer', 'ben', 1), ('backer', 'bot', 0), ('kind', 'k', 2),
	('kind', 'l', 0), ('backing', 'backed', 4), ('backing', 'unbacked', 1), ('all', NULL, 5),
	('all', 'all', 5);
SELECT is((SELECT (count(*), count(*) FILTER (WHERE trust_ledger.as_of(score) = now()
	AND age = now() - at AND fading > 0 AND fading <= 1 AND share > 0 AND share <= 1))
	FROM trust_ledger.explain_trust(by, key)),
	(rows, rows), format('now, by %s %s', by, key)) FROM way;
SELECT ok(abs((SELECT sum(share) FROM trust_ledger.explain_trust(by, key)) - 1) < 1e-12,
	format('shares add up to one, by %s %s', by, key)) FROM way WHERE rows > 0;
-- The stored score of now adds the evidence in another order: the same except for the last digits.
SELECT ok(abs(trust_ledger.kept(score) - trust_ledger.kept(sum)) < 1e-12
	AND abs(trust_ledger.broken(score) - trust_ledger.broken(sum)) < 1e-12
	AND trust_ledger.as_of(score) = trust_ledger.as_of(sum),
	format('what explains the score of now adds up to it, by %s %s', by, key))
FROM (SELECT by, key, CASE by WHEN 'customer' THEN trust_ledger.customer_score(key)
	ELSE trust_ledger.promiser_score(key) END AS score,
		(SELECT trust_ledger.sum(x.score ORDER BY nr) FROM trust_ledger.explain_trust(by, key) WITH
			ORDINALITY AS x (customer, promise, promiser, backer, kind, outcome, whose_word, at,
			weight_kept, weight_broken, age, fading, share, score, nr))
	FROM way WHERE by IN ('customer', 'promiser') AND rows > 0) AS s;
SELECT results_eq($$SELECT format('%s %s %s %s %s', customer, promise, promiser, backer, kind)
	COLLATE "C" FROM trust_ledger.explain_trust('all') ORDER BY promise$$,
	$$SELECT format('%s %s %s %s %s', customer, promise, promiser, backer, kind) COLLATE "C"
		FROM trust.current_promise WHERE outcome IS NOT NULL OR overdue ORDER BY promise$$,
		'each promise that counts, once, as it is');
SELECT is((SELECT count(*) FROM trust_ledger.explain_trust('all', known_at => day('100d'))),
	0::bigint, 'nothing was known then');
SELECT is((SELECT count(*) FROM trust_ledger.explain_trust('all', as_of => day('6d'))), 2::bigint,
	'what had happened by then');

SELECT throws_ok(format('SELECT * FROM trust_ledger.explain_trust(%s)', args), code, NULL,
	format('%s: %s', code, args))
FROM (VALUES
	('NULL', '22004'), ('NULL, ''c''', '22004'), ($$''$$, '22023'), ($$'customers', 'c'$$, '22023'),
	($$'Customer', 'c'$$, '22023'), ($$'outcome', 'kept'$$, '22023'),
	($$'customer'$$, '22004'), ($$'promiser'$$, '22004'), ($$'backer', NULL$$, '22004'),
	($$'kind', NULL$$, '22004'), ($$'backing'$$, '22004'), ($$'customer', ''$$, '22023'),
	($$'customer', repeat('k', 256)$$, '22023'), ($$'all', NULL, 'infinity'$$, '22008'),
	($$'all', NULL, '-infinity'$$, '22008'),
	($$'all', NULL, now() + interval '1 minute'$$, '22008')) AS v (args, code);

SELECT * FROM finish();
