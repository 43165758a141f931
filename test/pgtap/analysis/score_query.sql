-- Scores of customers and promisers: what counts, how it fades, and that a broken promise stays in
-- them. (Explanations are in explain.sql, random ledgers in random_ledger_scores.sql, rights in
-- access.sql.)
CREATE EXTENSION pgtap;
CREATE EXTENSION trust_ledger;
SELECT plan(205);

SET timezone = 'UTC';
CREATE ROLE ledger_owner;
CREATE ROLE analyst;
CREATE ROLE application;
SELECT format('ALTER DATABASE %I OWNER TO ledger_owner', current_database()) AS give_to_owner \gset
:give_to_owner;
SELECT trust_ledger.create_ledger() \g /dev/null
SELECT trust_ledger.grant_access(level, level) FROM unnest('{analyst,application}'::text[])
	AS level \g /dev/null
\ir ../../helpers/promise_script.sql
\ir ../../helpers/evidence.sql


\ir ../../helpers/calls.sql

-- A script's customer score, and the sum of its promisers' scores if it differs, as of a day, with
-- a half-life of ten days. Rolled back.
CREATE FUNCTION score(script text, as_of text DEFAULT '40d') RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	found text;
BEGIN
	PERFORM trust_ledger.set_ledger(half_life => '10 days');
	PERFORM play(script);
	SELECT evidence(s) || CASE WHEN evidence(s) <> evidence(sum) THEN ' but of promisers '
		|| evidence(sum) ELSE '' END INTO found
	FROM trust_ledger.customer_score('c', day(as_of)) s,
		(SELECT trust_ledger.sum(trust_ledger.promiser_score(actor, day(as_of))) FROM trust.actor)
			p;
	RAISE SQLSTATE 'OK000';
EXCEPTION WHEN SQLSTATE 'OK000' THEN
	RETURN found;
END
$$;

SELECT is(score(script, coalesce(as_of, '40d')), want, format('%s: %s', what, script))
FROM (VALUES
	('kept by the customer''s word', 'make anna 1d; kept carl 30d', NULL, '0.5:0'),
	('kept by a record''s', 'make anna 1d; kept desk 30d', NULL, '0.5:0'),
	('kept by the company''s, half of it', 'make anna 1d; kept dora 30d', NULL, '0.25:0'),
	('kept as the company relays it, no more', 'make anna 1d; kept dora 30d, relayed => true', NULL,
		'0.25:0'),
	('partly kept', 'make anna 1d; partly_kept carl 30d', NULL, '0.25:0.25'),
	('broken', 'make anna 1d; broken carl 30d', NULL, '0:0.5'),
	('broken by any word', 'make anna 1d; broken dora 30d', NULL, '0:0.5'),
	('no verdict', 'make anna 1d', NULL, '-'),
	('at the verdict''s instant', 'make anna 1d; kept carl 40d', NULL, '1:0'),
	('a microsecond before', 'make anna 1d; kept carl 40d_1us', NULL, '-'),
	('silence past due', $$make anna 1d, due => day('30d')$$, NULL, '0:1'),
	('silence past due: at due itself not yet', $$make anna 1d, due => day('40d')$$, NULL, '-'),
	('silence past due: a microsecond after', $$make anna 1d, due => day('40d_-1us')$$,
		NULL, '0:1'),
	('silence counts in full, however old', $$make anna 1d, due => day('2d')$$, '600d', '0:1'),
	('a draft that nobody backed binds nobody', $$make bot 1d, due => day('30d')$$, NULL, '-'),
	('what the customer relied on does, backed or not',
		$$make bot 1d, due => day('30d'); accept carl 5d$$, NULL, '0:1'),
	('ten slices of a loaf, overdue, are ten',
		array_to_string(array_fill($$make anna 1d, due => day('30d')$$::text, '{10}'), '; '),
		NULL, '0:10'),
	('a loaf kept is one', $$make anna 1d, value => 100, currency => 'EUR'; kept carl 40d$$,
		NULL, '1:0'),

	-- no word makes evidence younger, or older, than the first
	('said again and again', 'make anna 1d; kept carl 10d; kept carl 30d; kept carl 40d', NULL,
		'0.125:0'),
	('said again with more weight', 'make anna 1d; kept dora 10d; kept carl 40d', NULL, '0.125:0'),
	('broken, said again later', 'make anna 1d; broken carl 30d; broken carl 40d', NULL, '0:0.5'),
	('broken, said again as if it were long ago', 'make anna 1d; broken carl 30d; broken carl 2d',
		NULL, '0:0.5'),
	('kept, said again as if it were just now',
		'make anna 1d; kept carl 10d; partly_kept dora 39d; kept carl 40d', NULL, '0.125:0'),
	('broken early, then kept late: as old as the first',
		'make anna 1d; broken dora 10d; kept carl 40d', NULL, '0.125:0'),
	('kept early, then broken late: as fresh as the last',
		'make anna 1d; kept dora 10d; broken carl 30d', NULL, '0:0.5'),
	('and again later: as old as it was first said',
		'make anna 1d; kept dora 10d; broken carl 30d; broken carl 40d', NULL, '0:0.5'),
	('more so later: as fresh as that', 'make anna 1d; kept dora 10d; partly_kept dora 20d; '
		'broken carl 30d', NULL, '0:0.5'),
	('broken, kept and broken again: as fresh as the last',
		'make anna 1d; broken carl 10d; kept carl 20d; broken carl 30d', NULL, '0:0.5'),
	('and kept again: as old as the first',
		'make anna 1d; kept carl 10d; broken carl 20d; kept carl 30d', NULL, '0.125:0'),
	('broken before it was said to be kept: not before that',
		'make anna 1d; kept dora 30d; broken carl 10d', NULL, '0:0.5'),
	('broken long before due: from then on', $$make anna 1d, due => day('30d'); broken carl 2d$$,
		NULL, '0:0.5'),
	('not before then', $$make anna 1d, due => day('30d'); broken carl 2d$$, '29d', '0:0'),
	('partly kept before due: each has its time',
		$$make anna 1d, due => day('30d'); partly_kept carl 20d$$, NULL, '0.125:0.25'),
	('to and fro ends as the last that stands',
		'make anna 1d; kept dora 20d; broken dora 21d; partly_kept desk 22d; broken carl 23d; '
		'kept carl 24d; broken desk 25d', NULL, '0.25:0'),
	('before the second word, only the first', 'make anna 1d; kept dora 10d; broken carl 30d',
		'20d', '0.25:0'),
	('entered second, happened first', 'make anna 1d; kept carl 30d; broken carl 10d', '20d',
		'0:0.5'),
	('a lower word is heard and does not stand',
		'make anna 1d; broken carl 30d; kept dora 31d; kept desk 32d', NULL, '0:0.5'),

	-- only a verdict takes a promise out, or the customer's own release
	('a verdict of broken takes silence''s place and fades',
		$$make anna 1d, due => day('20d'); broken carl 30d$$, NULL, '0:0.5'),
	('at that instant it is the same', $$make anna 1d, due => day('20d'); broken carl 40d$$,
		NULL, '0:1'),
	('kept, but late', $$make anna 1d, due => day('20d'); kept carl 40d$$, NULL, '1:0'),
	('withdrawn in time', $$make anna 1d, due => day('20d'); withdraw anna 19d$$, NULL, '-'),
	('withdrawn, late: broken', $$make anna 1d, due => day('20d'); withdraw anna 30d$$, NULL,
		'0:0.5'),
	('withdrawn after the customer relied on it: broken',
		$$make anna 1d, due => day('20d'); accept carl 5d; withdraw anna 10d$$, NULL, '0:0.25'),
	('withdrawn late, then the company''s praise',
		$$make anna 1d, due => day('20d'); withdraw anna 30d; kept dora 31d; kept dora 32d, $$ ||
		$$relayed => true$$, NULL, '0:0.5'),
	('withdrawn late, then the customer''s word: as old as the withdrawal',
		$$make anna 1d, due => day('20d'); withdraw anna 30d; kept carl 40d$$, NULL, '0.5:0'),
	('withdrawn late, then broken by the customer''s word',
		$$make anna 1d, due => day('20d'); withdraw anna 30d; broken carl 40d$$, NULL, '0:0.5'),
	('proposed again, and overdue',
		$$make bot 1d, due => day('20d'); back anna 2d; unback anna 3d$$, NULL, '0:1'),
	('proposed again, overdue, then withdrawn',
		$$make bot 1d, due => day('20d'); back anna 2d; unback anna 3d; withdraw anna 40d$$,
		NULL, '0:1'),
	('the backer gone', $$make bot 1d, due => day('20d'); back anna 2d; unback anna 30d$$,
		NULL, '0:1'),
	('another backer', $$make bot 1d, due => day('20d'); back anna 2d; back ben 30d$$, NULL, '0:1'),
	('due moved by the customer, and not yet',
		$$make anna 1d, due => day('20d'); amend carl 30d, due => day('50d')$$, NULL, '-'),
	('due moved by the customer, before that',
		$$make anna 1d, due => day('20d'); amend carl 30d, due => day('50d')$$, '29d', '0:1'),
	('released by the customer', $$make anna 1d, due => day('20d'); release carl 30d$$, NULL, '-'),
	('released by the customer, before that', $$make anna 1d, due => day('20d'); release carl 30d$$,
		'29d', '0:1')) AS v (what, script, as_of, want);

-- Calls that do not take an overdue promise out of the score: each is refused, and the score stays.
SELECT play($$make anna 1d, due => day('20d')$$, 'overdue') AS overdue \gset
SELECT is(sqlstate_of(format(call, :'overdue')) || ' '
	|| evidence(trust_ledger.customer_score('overdue')), code || ' 0:1',
	format('%s: %s', code, call))
FROM (VALUES
	('SELECT trust_ledger.release_promise(%L, actor => ''dora'')', 'TL003'),
	('SELECT trust_ledger.release_promise(%L, actor => ''desk'')', 'TL003'),
	('SELECT trust_ledger.amend_promise(%L, due => ''2099-01-01'', actor => ''anna'')', 'TL001'),
	('SELECT trust_ledger.amend_promise(%L, clear => ''{due}'', actor => ''anna'')', 'TL001'),
	('SELECT trust_ledger.amend_promise(%L, due => ''2099-01-01'', actor => ''anna'', '
		'occurred_at => day(''2d''))', 'ok'),
	('SELECT trust_ledger.assess_promise(%L, ''kept'', relayed => true, actor => ''anna'')',
		'TL003'),
	('DELETE FROM trust.promise WHERE promise = %L', 'TL006'),
	('UPDATE trust.promise SET overdue_at = NULL WHERE promise = %L', 'TL006'),
	('UPDATE trust.chain SET score = ''empty'' WHERE customer = ''overdue'' AND %L <> ''''',
		'TL006'),
	('SELECT trust_ledger.retire_actor(''anna'', successor => ''ben'') WHERE %L <> ''''',
		'ok')) AS v (call, code);

-- Within the lag occurred_at is the caller's, but not what was in time, nor more than the lag.
CREATE FUNCTION lag_score(act text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	found text;
	p     uuid;
BEGIN
	p := (trust_ledger.make_promise('lag', 'We come.', actor => 'anna', occurred_at => now() -
		interval '10 days', due => now() - interval '1 hour')).promise;
	SET LOCAL ROLE application;
	EXECUTE format(act, p);
	RESET ROLE;
	found := evidence(trust_ledger.customer_score('lag'));
	RAISE SQLSTATE 'OK000';
EXCEPTION
	WHEN SQLSTATE 'OK000' THEN RETURN found;
	WHEN OTHERS THEN RETURN SQLSTATE;
END
$$;
SELECT is(lag_score(act), want, act)
FROM (VALUES
	('SELECT trust_ledger.withdraw_promise(%L, actor => ''anna'')', '0:1'),
	-- before due, says the caller; the ledger learns of it after, and it counts from due on
	('SELECT trust_ledger.withdraw_promise(%L, actor => ''anna'', occurred_at => now() - '
		'interval ''2 hours'')', '0:' || trim_scale(round(power(0.5, 1 / 24.0 / 180), 6))),
	('SELECT trust_ledger.assess_promise(%L, ''broken'', actor => ''dora'', occurred_at => now() - '
		'interval ''23 hours'')', '0:' || trim_scale(round(power(0.5, 1 / 24.0 / 180), 6))),
	('SELECT trust_ledger.assess_promise(%L, ''broken'', actor => ''dora'', occurred_at => now() - '
		'interval ''9 days'')', 'TL004'),
	('SELECT trust_ledger.assess_promise(%L, ''kept'', actor => ''carl'', occurred_at => now() + '
		'interval ''9 days'')', '22008'),
	('SELECT trust_ledger.release_promise(%L, actor => ''carl'', occurred_at => now() - '
		'interval ''2 hours'')', '-')) AS v (act, want);

-- ---- one hundred kept promises of ten euros, then silence, then one that is overdue ----

SELECT count(play(format('make anna %sd, value => 10, currency => ''EUR'', due => day(''%sd''); '
	'kept carl %sd', n, n + 2, n + 1), 'loyal')) FROM generate_series(0, 99) AS n \g /dev/null
SELECT play($$make anna 700d, value => 10, currency => 'EUR', due => day('710d')$$, 'loyal')
	AS last \gset

CREATE FUNCTION loyal(days text) RETURNS trust_ledger.trust_score
LANGUAGE sql AS $$ SELECT trust_ledger.customer_score('loyal', day(days)) $$;
-- Kept on the first day, the second ... the hundredth; half of it fades in 180 days.
CREATE FUNCTION faded(days numeric) RETURNS float8
LANGUAGE sql AS $$ SELECT sum(power(0.5::float8, (days - n)::float8 / 180)) FROM generate_series(1,
	least(floor(days), 100)) AS n $$;

SELECT ok(abs(trust_ledger.kept(loyal(days || 'd')) - faded(days)) < 1e-9 * faded(days)
	AND trust_ledger.broken(loyal(days || 'd')) = overdue
		AND abs(trust_ledger.expectation(loyal(days || 'd')) - (faded(days) + 1) /
			(faded(days) + overdue + 2)) < 1e-12,
	format('after %s days: %s kept, %s broken', days, round(faded(days)::numeric, 4), overdue))
FROM (VALUES (1, 0), (50, 0), (100, 0), (280, 0), (700, 0), (709.99, 0), (710, 0), (710.01, 1),
	(720, 1), (1000, 1)) AS v (days, overdue);
SELECT ok(trust_ledger.expectation(loyal(a)) > trust_ledger.expectation(loyal(b))
	AND trust_ledger.lower_bound(loyal(a)) > trust_ledger.lower_bound(loyal(b)), what)
FROM (VALUES ('100d', '10d', 'a hundred kept promises say more than ten'),
	('100d', '700d', 'silence: less is known'),
	('710d', '711d', 'one that is overdue after silence: less is expected'),
	('711d', '1000d', 'and the longer it stands, the less')) AS v (a, b, what);
SELECT ok(trust_ledger.expectation(loyal('100d')) > 0.98 AND trust_ledger.lower_bound(loyal('100d'))
	> 0.95, 'a hundred kept: 98 % expected, more than 95 % surely');
SELECT ok(trust_ledger.lower_bound(loyal('710d')) - trust_ledger.lower_bound(loyal('710d_1us'))
	> 0.1, 'the one that is overdue takes a tenth of what was sure');
SELECT is(trust_ledger.assess_promise(:'last', 'broken', actor => 'carl',
	occurred_at => day('720d')) IS NULL, false, 'the customer says it is broken');
SELECT is(ARRAY[evidence(loyal('719d')), evidence(loyal('720d')), evidence(loyal('900d'))],
	ARRAY[concat(round(faded(719)::numeric, 6), ':1'), concat(round(faded(720)::numeric, 6), ':1'),
		concat(round(faded(900)::numeric, 6), ':0.5')],
	'that only takes the place of silence, and fades from then on');
SELECT ok(trust_ledger.expectation(loyal('900d')) < trust_ledger.expectation(loyal('700d')),
	'it is not made good by time alone');
SELECT ok(trust_ledger.expectation(trust_ledger.customer_score('loyal')) < 0.98, 'nor is it now');

-- ---- now, and other times ----

-- The score of now: what is stored, faded to now, and what is overdue.
SELECT play($$make anna 1d; kept carl 5d; make ben 6d; broken desk 7d; make ben 1d, $$ ||
	$$due => day('8d'); make bot 1d, due => day('8d')$$, 'now') \g /dev/null
SELECT is(evidence(trust_ledger.customer_score('now')),
	(SELECT concat(trim_scale(round(power(0.5, days / 180), 6)), ':',
		trim_scale(round(power(0.5, (days - 2) / 180) + 1, 6)))
	FROM (SELECT extract(epoch FROM now() - day('5d')) / 86400) AS d (days)),
		'the score of now, by the formula');
SELECT is(trust_ledger.as_of(trust_ledger.customer_score('now')), now(), 'it is as of now()');
SELECT is(trust_ledger.as_of(trust_ledger.customer_score(customer, at)),
	at, format('as of %s: %s', at, customer))
FROM (VALUES ('now', day('5d')), ('now', day('7d_1us')), ('loyal', day('3d')), ('loyal', now()))
	AS v (customer, at);
SELECT is(evidence(trust_ledger.customer_score('now', now())),
	evidence(trust_ledger.customer_score('now')), 'as of now() is the score of now');
SELECT is(evidence(trust_ledger.customer_score('now', NULL, 'infinity')),
	evidence(trust_ledger.customer_score('now')), 'so is known at any time');
SELECT is(evidence(trust_ledger.promiser_score('ben')),
	(SELECT concat('0:', round(power(0.5, extract(epoch FROM now() - day('7d')) / 86400 / 180) + 1,
	6))), 'a promiser''s score of now');
SELECT is(trust_ledger.customer_score(customer, as_of, known_at)::text, 'empty',
	format('empty: %s as of %s, known at %s', customer, as_of, known_at))
FROM (VALUES ('unknown', NULL, NULL), ('unknown', now(), now()), ('now', day('1d'), NULL),
	('now', '4000-01-01 BC', NULL),
	('now', NULL, day('100d')), ('now', now(), '-infinity'),
	('now', NULL, '-infinity')) AS v (customer, as_of, known_at);

SELECT is(sqlstate_of('SELECT trust_ledger.' || call), code, format('%s: %s', code, call))
FROM (VALUES
	('customer_score(NULL)', '22004'), ('customer_score('''')', '22023'),
	('customer_score(repeat(''k'', 256))', '22023'), ('customer_score(E''a\nb'')', '22023'),
	('customer_score(''now'', clock_timestamp())', 'ok'),
	('customer_score(''now'', now() + interval ''1 second'')', '22008'),
	('customer_score(''now'', ''infinity'')', '22008'),
	('customer_score(''now'', ''-infinity'')', '22008'),
	('customer_score(''now'', known_at => ''infinity'')', 'ok'),
	('customer_score(''now'', known_at => now() + interval ''1 day'')', 'ok'),
	('promiser_score(NULL)', '22004'), ('promiser_score('''')', '22023'),
	('promiser_score(''nobody'')', '42704'), ('promiser_score(''Anna'')', '42704'),
	('promiser_score(''nobody'', now())', '42704'),
	('promiser_score(''anna'', now() + interval ''1 day'')', '22008'),
	('promiser_score(''dora'')', 'ok'), ('promiser_score(''carl'')', 'ok')) AS v (call, code);

-- A retired promiser keeps their score, and the successor does not inherit it.
SELECT evidence(trust_ledger.promiser_score('anna', day('1000d'))) AS of_anna,
	evidence(trust_ledger.promiser_score('ben', day('1000d'))) AS of_ben \gset
SELECT trust_ledger.retire_actor('anna', successor => 'ben') \g /dev/null
SELECT is(evidence(trust_ledger.promiser_score('anna', day('1000d'))), :'of_anna',
	'a retired promiser''s score');
SELECT is(evidence(trust_ledger.promiser_score('ben', day('1000d'))), :'of_ben',
	'the successor''s own');
SELECT trust_ledger.register_actor('anna', 'human', returns => true) \g /dev/null

-- What was known when; the half-life too.
SELECT play('make anna 1d; kept dora 5d', 'known') AS known \gset
SELECT clock_timestamp() AS then \gset
SELECT trust_ledger.assess_promise(:'known', 'broken', actor => 'carl', occurred_at => day('6d'))
	IS NOT NULL AS said \g /dev/null
SELECT is(evidence(trust_ledger.customer_score('known', day('185d'), known_at)),
	want, format('known %s', what))
FROM (VALUES ('then', :'then'::timestamptz, '0.25:0'), ('now', NULL, '0:0.501929'),
	('before', day('100d'), '-')) AS v (what, known_at, want);
SELECT trust_ledger.set_ledger(half_life => '90 days') \g /dev/null
SELECT is(evidence(trust_ledger.customer_score('known', day('185d'), known_at)),
	want, format('with the half-life of then: known %s', what))
FROM (VALUES ('then', :'then'::timestamptz, '0.25:0'), ('now', NULL, '0:0.251933'),
	('before', day('100d'), '-')) AS v (what, known_at, want);
SELECT is(trust_ledger.half_life(trust_ledger.customer_score('known', known_at => :'then')),
	'180 days', 'the score of then has its half-life');

-- Another half-life: the chain still has the old one, and the score is the new at once; and when it
-- is written next.
SELECT is((SELECT array_agg(DISTINCT trust_ledger.half_life(score)) FROM trust.chain
	WHERE customer IN ('now', 'loyal')), '{180 days}', 'what is stored has the old half-life');
SELECT is(evidence(trust_ledger.customer_score(customer)),
	evidence(trust_ledger.customer_score(customer, now())), format('with another half-life: %s',
	customer))
FROM unnest('{now,loyal,known,overdue,unknown}'::text[]) AS customer;
SELECT is(trust_ledger.half_life(trust_ledger.customer_score('now')), '90 days',
	'the score has the new half-life');
SELECT play('make anna 9d; kept carl 10d', 'now') \g /dev/null
SELECT is(trust_ledger.half_life(score), '90 days',
	'so has what is stored, once a verdict was written') FROM trust.chain WHERE customer = 'now';
SELECT is(evidence(trust_ledger.customer_score('now')),
	evidence(trust_ledger.customer_score('now', now())), 'and it is what the promises add up to');
SELECT trust_ledger.set_ledger(half_life => '180 days') \g /dev/null

-- ---- callers of all kinds ----

-- What was rolled back leaves no trace.
SELECT evidence(trust_ledger.customer_score('now')) AS before \gset
BEGIN;
SELECT play('make anna 1d; broken carl 5d', 'now'), play('make anna 1d; kept carl 5d',
	'gone') \g /dev/null
SAVEPOINT s;
SELECT trust_ledger.set_ledger(half_life => '1 day') \g /dev/null
SELECT isnt(evidence(trust_ledger.customer_score('now')), '-', 'a transaction sees what it did');
ROLLBACK TO s;
SELECT is(trust_ledger.half_life(trust_ledger.customer_score('now')), '180 days',
	'and not what it took back');
ROLLBACK;
SELECT is(trust_ledger.customer_score('gone')::text, 'empty', 'a customer who was rolled back');
SELECT is(evidence(trust_ledger.customer_score('now')), :'before',
	'a verdict that was rolled back');

-- One plan for all, made before there was anything; in a transaction that only reads.
SET plan_cache_mode = force_generic_plan;
PREPARE by_key (text, timestamptz, timestamptz) AS SELECT trust_ledger.customer_score($1, $2, $3);
PREPARE by_view (text) AS SELECT score FROM trust.customer_trust WHERE customer = $1;
EXECUTE by_key ('fresh', NULL, NULL) \g /dev/null
EXECUTE by_view ('fresh') \g /dev/null
SELECT play('make anna 1d; broken carl 5d', 'fresh') \g /dev/null
START TRANSACTION READ ONLY;
EXECUTE by_key ('fresh', NULL, NULL) \gset generic_
EXECUTE by_key ('fresh', '2020-07-04 00:00+00', NULL) \gset then_
EXECUTE by_view ('fresh') \gset view_
SELECT ARRAY[:'generic_customer_score', :'view_score']::text[]
	= array_fill(trust_ledger.customer_score('fresh')::text, '{2}') AS same,
	(SELECT count(*) FROM trust_ledger.explain_trust('all')) > 100 AND (SELECT count(*)
		FROM trust_ledger.trust_trend('all')) > 1 AS reads,
	trust_ledger.promiser_score('anna')::text <> 'empty' AS promiser \gset ro_
COMMIT;
SELECT is(:'ro_same' || :'ro_reads' || :'ro_promiser', 'ttt',
	'prepared statements, and transactions that only read');
SELECT is(evidence(:'then_customer_score'), '0:0.5', 'the same plan with another instant');
RESET plan_cache_mode;

-- No words are shown, and nothing that another role plants or hides changes the result.
SELECT is(sqlstate_of(call, 'analyst'), 'ok', 'an analyst: ' || call)
FROM unnest(ARRAY['SELECT trust_ledger.customer_score(''now'')',
	'SELECT trust_ledger.promiser_score(''anna'', now())',
	'SELECT * FROM trust_ledger.explain_trust(''all'')',
		'SELECT * FROM trust_ledger.trust_trend(''all'')']) AS call;
SELECT is((SELECT count(*)::int FROM trust_ledger.explain_trust('all') x WHERE x::text LIKE
	'%We come.%')
	+ (SELECT count(*)::int FROM trust_ledger.trust_trend('customer') x WHERE x::text LIKE
		'%We come.%'), 0, 'no words among them');

-- What a caller puts first in the search path: tables, functions, operators and types of the names
-- that are read here.
CREATE SCHEMA evil;
GRANT USAGE ON SCHEMA evil TO PUBLIC;
CREATE TABLE evil.entry AS SELECT * FROM trust.entry WHERE false;
CREATE TABLE evil.promise AS SELECT * FROM trust.promise WHERE false;
CREATE FUNCTION evil.now() RETURNS timestamptz LANGUAGE
	sql AS $$ SELECT '1999-01-01'::timestamptz $$;
CREATE FUNCTION evil.starts_with(text, text) RETURNS boolean LANGUAGE sql AS 'SELECT false';
CREATE AGGREGATE evil.count(*) (SFUNC = int8inc, STYPE = int8, INITCOND = '1000');
CREATE AGGREGATE evil.min(timestamptz) (SFUNC = timestamptz_larger, STYPE = timestamptz);
DO $$
DECLARE
	o record;
BEGIN
	FOR o IN
		SELECT oid, oprname, oprleft::regtype AS l, oprright::regtype AS r,
			oprresult::regtype AS result FROM pg_operator
		WHERE oprnamespace = 'pg_catalog'::regnamespace AND oprname IN ('=', '<>', '<', '<=', '>',
			'/', '->>', '-') AND oprkind = 'b' AND oprleft <> 'record'::regtype
	LOOP
		EXECUTE format('CREATE FUNCTION evil.operator_%s(%s, %s) RETURNS %s LANGUAGE sql '
			'AS ''SELECT NULL::%4$s''', o.oid, o.l, o.r, o.result);
		EXECUTE format('CREATE OPERATOR evil.%s (LEFTARG = %s, RIGHTARG = %s, '
			'FUNCTION = evil.operator_%s)', o.oprname, o.l, o.r, o.oid);
	END LOOP;
END
$$;
CREATE DOMAIN evil.float8 AS pg_catalog.float8 CHECK (VALUE OPERATOR(pg_catalog.<) 0);
CREATE DOMAIN evil.interval AS pg_catalog.interval CHECK (VALUE IS NULL);
CREATE DOMAIN evil.timestamptz AS pg_catalog.timestamptz CHECK (VALUE IS NULL);
CREATE DOMAIN evil.text AS pg_catalog.text CHECK (VALUE IS NULL);

CREATE FUNCTION hostile(call text) RETURNS text LANGUAGE plpgsql SET search_path = evil,
	pg_catalog AS $$
DECLARE found pg_catalog.text; BEGIN EXECUTE call INTO found; RETURN found; END $$;
CREATE FUNCTION friendly(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE found pg_catalog.text; BEGIN EXECUTE call INTO found; RETURN found; END $$;
CREATE TABLE reading (call text);
INSERT INTO reading
SELECT 'SELECT ' || score || '::pg_catalog.text'
	FROM unnest(ARRAY['trust_ledger.customer_score(''now'')',
	'trust_ledger.customer_score(''overdue'')',
	'trust_ledger.customer_score(''loyal'', ''2023-01-01'')',
	'trust_ledger.customer_score(''known'', ''2023-01-01'', ''2099-01-01'')',
		'trust_ledger.promiser_score(''anna'')',
		'trust_ledger.promiser_score(''anna'', ''2023-01-01'')']) AS score
UNION ALL SELECT format('SELECT pg_catalog.string_agg(x::pg_catalog.text, '','') FROM %s x', rows)
	FROM unnest(ARRAY['trust_ledger.explain_trust(''all'')',
	'trust_ledger.explain_trust(''promiser'', ''anna'')',
		'trust_ledger.explain_trust(''backer'', ''ben'')',
		'trust_ledger.explain_trust(''customer'', ''loyal'', ''2023-01-01'')',
	'trust_ledger.trust_trend(''customer'')', 'trust_ledger.trust_trend(''kind'', ''1 year'')',
		'trust_ledger.trust_trend(''all'', ''1 year'', basis => ''recorded'')',
	'trust.customer_trust', 'trust.promiser_trust', 'trust.backer_trust',
		'trust.kind_trust']) AS rows;
SELECT is(hostile('SELECT (1 = 1)::pg_catalog.text'), NULL, 'the hostile path is one');
DISCARD PLANS;
SELECT is(hostile(call), friendly(call), 'planned under a hostile path: ' || call) FROM reading;
SELECT is(hostile(call), friendly(call), 'and once planned under a friendly one: ' || call)
	FROM reading;

-- Rows that the tables' owner hides from themselves are read all the same.
CREATE TABLE read_before AS SELECT call, friendly(call) AS said FROM reading WHERE call LIKE
	'%2023-01-01%';
SELECT format('ALTER TABLE trust.%1$s ENABLE ROW LEVEL SECURITY; ALTER TABLE trust.%1$s FORCE ROW '
	'LEVEL SECURITY', t) FROM unnest('{chain,promise,entry}'::text[]) AS t \gexec
SELECT is(friendly(call), said, 'with row level security: ' || call) FROM read_before;
SELECT format('ALTER TABLE trust.%1$s DISABLE ROW LEVEL SECURITY; ALTER TABLE trust.%1$s NO FORCE '
	'ROW LEVEL SECURITY', t) FROM unnest('{chain,promise,entry}'::text[]) AS t \gexec

-- ---- large histories, and DROP EXTENSION ----

-- Two thousand words on one promise.
DO $$
DECLARE
	p uuid := play('make anna 1d', 'talk');
BEGIN
	PERFORM trust_ledger.assess_promise(p, 'partly_kept', customer => 'talk', actor => 'carl',
		occurred_at => day('5d')) FROM generate_series(1, 1999);
	PERFORM trust_ledger.assess_promise(p, 'kept', customer => 'talk', actor => 'carl',
		occurred_at => day('5d'));
END
$$;
SELECT is(evidence(trust_ledger.customer_score('talk', day('5d'))),
	'1:0', 'a promise with two thousand words on it');
SELECT is((SELECT evidence(score) FROM trust_ledger.explain_trust('customer', 'talk', day('5d'))),
	'1:0', 'explained');
SELECT is((SELECT max(kept) FROM trust_ledger.trust_trend('customer', of_key => 'talk')), 1::bigint,
	'and over time');

-- The extension is dropped and created again in one session: plans, types and views are new, and
-- scores are the same.
TRUNCATE read_before;
INSERT INTO read_before SELECT call, friendly(call) FROM reading WHERE call LIKE '%2023-01-01%';
DROP EXTENSION trust_ledger CASCADE;
SELECT is(sqlstate_of(call), '3F000', 'gone: ' || call) FROM reading WHERE call LIKE '%_score(%';
CREATE EXTENSION trust_ledger;
SELECT trust_ledger.migrate_ledger();
SELECT is(friendly(call), said, 'come again: ' || call) FROM read_before;

SELECT * FROM finish();
