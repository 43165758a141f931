-- Steps of a trend, counted by the calendar in the session's time zone.
CREATE EXTENSION pgtap;
CREATE EXTENSION trust_ledger;
SELECT plan(82);

DO $$
BEGIN
	PERFORM trust_ledger.create_ledger();
	PERFORM trust_ledger.register_actor('anna', 'human');
	PERFORM trust_ledger.make_promise('c', 'We come.', actor => 'anna',
		occurred_at => '2004-03-09 21:40:30+00');
END
$$;

-- When the steps begin in that zone, and how many hours each has.
CREATE FUNCTION steps(zone text, step interval, since text, until text) RETURNS text
LANGUAGE plpgsql AS $$
BEGIN
	PERFORM set_config('TimeZone', zone, true);
	RETURN (SELECT string_agg(to_char(step_from, 'YYYY-MM-DD HH24:MI:SS') || ' '
		|| trim_scale(round(extract(epoch FROM step_until - step_from) / 3600, 6)),
		', ' ORDER BY step_from)
		FROM trust_ledger.trust_trend('all', step, since::timestamptz, until::timestamptz));
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE;
END
$$;
-- The same, shorter: midnights as days.
CREATE FUNCTION days(zone text, step interval, since text, until text) RETURNS text
LANGUAGE sql AS $$ SELECT replace(steps(zone, step, since, until), ' 00:00:00', '') $$;

SELECT is(days(zone, step::interval, since, until), want, format('%s from %s to %s in %s', step,
	since, until, zone))
FROM (VALUES
	-- months keep their day as far as they have it: without drift
	('UTC', '1 month', '2023-01-31', '2023-06-01',
		'2023-01-31 672, 2023-02-28 744, 2023-03-31 720, 2023-04-30 744, 2023-05-31 24'),
	('Europe/Berlin', '1 month', '2023-01-31', '2023-06-30',
		'2023-01-31 672, 2023-02-28 743, 2023-03-31 720, 2023-04-30 744, 2023-05-31 720'),
	('America/New_York', '1 month', '2024-01-31', '2024-06-30',
		'2024-01-31 696, 2024-02-29 743, 2024-03-31 720, 2024-04-30 744, 2024-05-31 720'),
	('Asia/Kolkata', '1 month', '2023-10-31', '2024-03-31',
		'2023-10-31 720, 2023-11-30 744, 2023-12-31 744, 2024-01-31 696, 2024-02-29 744'),
	('Pacific/Apia', '1 month', '2011-11-30', '2012-02-29',
		'2011-11-30 720, 2011-12-31 720, 2012-01-30 720'),
	('UTC', '3 months', '2022-11-30', '2023-08-30',
		'2022-11-30 2160, 2023-02-28 2184, 2023-05-30 2208'),
	('Europe/Berlin', '1 year', '2020-02-29', '2024-02-29',
		'2020-02-29 8760, 2021-02-28 8760, 2022-02-28 8760, 2023-02-28 8784'),
	('America/New_York', '1 month', '2023-10-15', '2023-12-15', '2023-10-15 745, 2023-11-15 720'),
	-- a month and a day: so many months, then so many days
	('UTC', '1 month 1 day', '2023-01-30', '2023-05-04',
		'2023-01-30 720, 2023-03-01 744, 2023-04-01 768, 2023-05-03 24'),
	-- days, where clocks are set forward and back
	('Europe/Berlin', '1 day', '2023-03-25', '2023-03-28',
		'2023-03-25 24, 2023-03-26 23, 2023-03-27 24'),
	('Europe/Berlin', '1 day', '2023-10-28', '2023-10-31',
		'2023-10-28 24, 2023-10-29 25, 2023-10-30 24'),
	('America/New_York', '1 day', '2023-03-11', '2023-03-14',
		'2023-03-11 24, 2023-03-12 23, 2023-03-13 24'),
	('America/New_York', '1 day', '2023-11-04', '2023-11-07',
		'2023-11-04 24, 2023-11-05 25, 2023-11-06 24'),
	('Asia/Kolkata', '1 day', '2023-03-25', '2023-03-28',
		'2023-03-25 24, 2023-03-26 24, 2023-03-27 24'),
	('UTC', '1 day', '2023-03-25', '2023-03-28', '2023-03-25 24, 2023-03-26 24, 2023-03-27 24'),
	('Europe/Berlin', '7 days', '2023-03-20', '2023-04-10',
		'2023-03-20 167, 2023-03-27 168, 2023-04-03 168'),
	('Europe/Berlin', '168:00', '2023-03-20', '2023-04-10',
		'2023-03-20 168, 2023-03-27 01:00:00 168, 2023-04-03 01:00:00 167'),
	-- a time of day that one day does not have comes an hour later on that day only
	('Europe/Berlin', '1 day', '2023-03-25 02:30', '2023-03-27 02:30',
		'2023-03-25 02:30:00 24, 2023-03-26 03:30:00 23'),
	('America/New_York', '1 day', '2023-11-04 01:30', '2023-11-06 01:30',
		'2023-11-04 01:30:00 25, 2023-11-05 01:30:00 24'),
	-- hours are hours
	('Europe/Berlin', '1 hour', '2023-03-26 00:00', '2023-03-26 05:00',
		'2023-03-26 1, 2023-03-26 01:00:00 1, 2023-03-26 03:00:00 1, 2023-03-26 04:00:00 1'),
	('Europe/Berlin', '1 hour', '2023-10-29 01:00', '2023-10-29 04:00',
		'2023-10-29 01:00:00 1, 2023-10-29 02:00:00 1, 2023-10-29 02:00:00 1, 2023-10-29 03:00:00 '
		'1'),
	('America/New_York', '1 hour', '2023-03-12 01:00', '2023-03-12 04:00',
		'2023-03-12 01:00:00 1, 2023-03-12 03:00:00 1'),
	('Asia/Kolkata', '00:30', '2023-03-26 00:00', '2023-03-26 01:00',
		'2023-03-26 0.5, 2023-03-26 00:30:00 0.5'),
	-- a day that the calendar left out is no step
	('Pacific/Apia', '1 day', '2011-12-28', '2012-01-01',
		'2011-12-28 24, 2011-12-29 24, 2011-12-31 24'),
	('Pacific/Apia', '1 day', '2011-12-28 12:00', '2012-01-01 12:00',
		'2011-12-28 12:00:00 24, 2011-12-29 12:00:00 24, 2011-12-31 12:00:00 24'),
	('Pacific/Apia', '7 days', '2011-12-23', '2012-01-13',
		'2011-12-23 168, 2011-12-31 144, 2012-01-06 168'),
	-- the last step ends where the stretch does, and none is empty
	('UTC', '1 month', '2023-01-01', '2023-03-01', '2023-01-01 744, 2023-02-01 672'),
	('UTC', '1 month', '2023-01-01', '2023-03-01 00:00:00.0036',
		'2023-01-01 744, 2023-02-01 672, 2023-03-01 0.000001'),
	('UTC', '1 month', '2023-01-01', '2023-01-01 06:00', '2023-01-01 6'),
	('UTC', '100 years', '2023-01-01', '2023-01-02', '2023-01-01 24'),
	('UTC', '36 minutes 0.0036 seconds', '2023-01-01', '2023-01-01 01:00',
		'2023-01-01 0.600001, 2023-01-01 00:36:00 0.399999')) AS v (zone, step, since, until, want);

-- The default of "since" in that zone: the month, day or hour of the first promise.
CREATE FUNCTION begin(zone text, step text, until text, basis text DEFAULT 'occurred') RETURNS text
LANGUAGE plpgsql AS $$
BEGIN
	PERFORM set_config('TimeZone', zone, true);
	RETURN (SELECT to_char(min(step_from), 'YYYY-MM-DD HH24:MI:SS')
		FROM trust_ledger.trust_trend('all', step::interval, until => until::timestamptz,
		basis => basis));
END
$$;
SELECT is(begin(zone, step, until), want, format('by default %s since %s in %s', step, want, zone))
FROM (VALUES
	('UTC', '1 month', NULL, '2004-03-01 00:00:00'),
	('UTC', '2 years', NULL, '2004-03-01 00:00:00'),
	('UTC', '1 month 1 day 1 hour', NULL, '2004-03-01 00:00:00'),
	('UTC', '1 day', NULL, '2004-03-09 00:00:00'), ('UTC', '7 days', NULL, '2004-03-09 00:00:00'),
	('UTC', '1 day 00:30', NULL, '2004-03-09 00:00:00'),
	('UTC', '1 hour', '2004-04-01', '2004-03-09 21:00:00'),
	('UTC', '00:10', '2004-04-01', '2004-03-09 21:00:00'),
	('UTC', '100:00', NULL, '2004-03-09 21:00:00'),
	('Asia/Kolkata', '1 day', NULL, '2004-03-10 00:00:00'),
	('Asia/Kolkata', '1 hour', '2004-04-01', '2004-03-10 03:00:00'),
	('America/New_York', '1 day', NULL, '2004-03-09 00:00:00'),
	('America/New_York', '1 hour', '2004-04-01', '2004-03-09 16:00:00')) AS v (zone, step,
		until, want);
-- Before the first promise there is nothing, and no row; the ledger learned of it today.
SELECT is(begin('UTC', '1 month', '2004-03-09 21:40:30'), NULL, 'no rows up to the first promise');
SELECT is(begin('UTC', '1 month', '2004-03-09 21:40:30.000001'), '2004-03-01 00:00:00',
	'a step, a microsecond later');
SELECT is(begin('UTC', '1 day', NULL, 'recorded'), to_char(recorded_at, 'YYYY-MM-DD 00:00:00'),
	'as recorded: since the ledger learned of the first promise') FROM trust.promise;

-- No step goes beyond now.
SELECT is(max(step_until), statement_timestamp(),
	format('until %s ends now', coalesce(until, 'nothing')))
FROM (VALUES (NULL), ('2099-01-01'), ('9999-12-31')) AS v (until), trust_ledger.trust_trend('all',
	'1 year', '2004-01-01', until::timestamptz)
GROUP BY until;
SELECT is(max(step_until), statement_timestamp() - interval '1 us',
	'until a microsecond before now ends then')
FROM trust_ledger.trust_trend('all', '1 year', '2004-01-01', statement_timestamp() - interval
	'1 us');

-- Steps and periods that are refused.
SELECT throws_ok(format('SELECT * FROM trust_ledger.trust_trend(%s)', args), code, NULL,
	format('%s: %s', code, args))
FROM (VALUES
	('NULL', '22004'), ($$''$$, '22023'), ($$'customers'$$, '22023'), ($$'Customer'$$, '22023'),
	($$'actor'$$, '22023'),
	($$'all', NULL$$, '22023'), ($$'all', '0'$$, '22023'), ($$'all', '-1 day'$$, '22023'),
	($$'all', '1 month -1 day'$$, '22023'),
	($$'all', '-1 month 40 days'$$, '22023'), ($$'all', '1 day -00:00:01'$$, '22023'),
	($$'all', '-0.000001 seconds'$$, '22023'),
	($$'all', '2000000000 months', '2023-01-01'$$, '22008'),
	($$'all', '1 day', 'infinity'$$, '22008'), ($$'all', '1 day', '-infinity'$$, '22008'),
	($$'all', '1 day', until => 'infinity'$$, '22008'),
	($$'all', '1 day', until => '-infinity'$$, '22008'),
	($$'all', '1 day', '2023-01-01', '2023-01-01'$$, '22023'),
	($$'all', '1 day', '2023-01-02', '2023-01-01'$$, '22023'),
	($$'all', '1 day', now() + interval '1 day'$$, '22023'),
	($$'all', '1 day', now() + interval '1 day', now() + interval '2 days'$$, '22023'),
	($$'all', basis => NULL$$, '22004'), ($$'all', basis => ''$$, '22023'),
	($$'all', basis => 'known'$$, '22023'), ($$'all', basis => 'Recorded'$$, '22023'),
	($$'all', of_key => ''$$, '22023'), ($$'all', of_key => repeat('k', 256)$$, '22023'),
	($$'all', '1 second', '2023-01-01', '2023-01-02 03:46:41'$$, '54000'),
	($$'all', '1 us', '2004-01-01'$$, '54000')) AS v (args, code);
SELECT lives_ok($$SELECT * FROM trust_ledger.trust_trend('all', '1 second', '2023-01-01',
	'2023-01-02 03:46:40')$$, 'a hundred thousand steps are not too many');
SELECT is((SELECT array_agg(DISTINCT key) FROM trust_ledger.trust_trend('all')),
	'{all}', 'by all there is one key');

SELECT * FROM finish();
