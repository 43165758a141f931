-- trust_trend(): what each step shows, by customer, promiser and so on. (On random ledgers:
-- random_ledger_scores.sql.)
CREATE EXTENSION pgtap;
CREATE EXTENSION trust_ledger;
SELECT plan(84);

SET timezone = 'UTC';
SELECT trust_ledger.create_ledger() \g /dev/null
\ir ../../helpers/promise_script.sql
\ir ../../helpers/without_guards.sql

-- The trend of a script in steps of ten days between two days, with a half-life of ten days. Rolled
-- back. A step has what is not 0 of opened, kept, partly_kept, broken and overdue, and then the
-- evidence kept:broken, or "-" if there is none.
CREATE FUNCTION trend(script text, by text, since text DEFAULT '0d', until text DEFAULT '40d',
	half_life interval DEFAULT '10 days', of_key text DEFAULT NULL) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	line text;
BEGIN
	IF half_life >= '1 day' THEN
		PERFORM trust_ledger.set_ledger(half_life => half_life);
	ELSE
		-- as versions before 0.3.0 allowed
		PERFORM without_guards(format('UPDATE trust.ledger SET half_life = %L', half_life));
	END IF;
	PERFORM play(script);
	SELECT string_agg(coalesce(key || ': ', '') || steps, ' | ') INTO line FROM (
		SELECT key, string_agg(concat_ws(' ', 'opened ' || nullif(opened, 0),
			'kept ' || nullif(kept, 0), 'partly_kept ' || nullif(partly_kept, 0),
			'broken ' || nullif(broken, 0), 'overdue ' || nullif(overdue, 0),
			CASE WHEN score::text = 'empty' THEN '-' ELSE round(trust_ledger.kept(score)::numeric,
				4)::float8 || ':' || round(trust_ledger.broken(score)::numeric, 4)::float8 END),
				'; ' ORDER BY step_from) AS steps
		FROM trust_ledger.trust_trend(by, '10 days', day(since), day(until), of_key => of_key)
			GROUP BY key ORDER BY key COLLATE "C") t;
	RAISE SQLSTATE 'OK000';
EXCEPTION WHEN SQLSTATE 'OK000' THEN
	RETURN line;
END
$$;

-- ---- verdicts ----

SELECT is(trend(script, 'customer'), 'c: ' || want, format('%s: %s', what, script))
FROM (VALUES
	('a gap has steps', 'make anna 1d; kept carl 5d',
		'opened 1 kept 1 0.7071:0; 0.3536:0; 0.1768:0; 0.0884:0'),
	('nothing before', 'make anna 31d; kept carl 35d', '-; -; -; opened 1 kept 1 0.7071:0'),
	('no verdict yet', 'make anna 1d', 'opened 1 -; -; -; -'),
	('whose word', 'make anna 1d; kept dora 5d',
		'opened 1 kept 1 0.3536:0; 0.1768:0; 0.0884:0; 0.0442:0'),
	('partly', 'make anna 1d; partly_kept carl 15d',
		'opened 1 -; partly_kept 1 0.3536:0.3536; 0.1768:0.1768; 0.0884:0.0884'),
	('broken', 'make anna 1d; broken desk 15d',
		'opened 1 -; broken 1 0:0.7071; 0:0.3536; 0:0.1768'),
	('at a step''s begin', 'make anna 1d; kept carl 10d',
		'opened 1 -; kept 1 0.5:0; 0.25:0; 0.125:0'),
	('at a step''s last instant', 'make anna 1d; kept carl 10d_-1us',
		'opened 1 kept 1 1:0; 0.5:0; 0.25:0; 0.125:0'),
	('made at a step''s begin', 'make anna 20d', '-; -; opened 1 -; -'),
	('made at a step''s last instant', 'make anna 20d_-1us', '-; opened 1 -; -; -'),
	('at the end, and so beyond', 'make anna 1d; kept carl 40d', 'opened 1 -; -; -; -'),
	('just before the end', 'make anna 1d; kept carl 40d_-1us', 'opened 1 -; -; -; kept 1 1:0'),
	('revised: what then was kept shows as kept then, and what is broken is fresh',
		'make anna 1d; kept dora 5d; broken carl 25d',
		'opened 1 kept 1 0.3536:0; 0.1768:0; broken 1 0:0.7071; 0:0.3536'),
	('broken long before due: from due on', $$make anna 1d, due => day('25d'); broken carl 5d$$,
		'opened 1 broken 1 0:0; 0:0; 0:0.7071; 0:0.3536'),
	('partly kept before due', $$make anna 1d, due => day('25d'); partly_kept carl 5d$$,
		'opened 1 partly_kept 1 0.3536:0; 0.1768:0; 0.0884:0.3536; 0.0442:0.1768'),
	('revised within a step: both happened', 'make anna 1d; kept dora 11d; broken carl 11d_1us',
		'opened 1 -; kept 1 broken 1 0:0.5359; 0:0.2679; 0:0.134'),
	('revised at the same instant: only what is left',
		'make anna 1d; kept dora 11d; broken carl 11d',
		'opened 1 -; broken 1 0:0.5359; 0:0.2679; 0:0.134'),
	('revised to and fro', 'make anna 1d; kept dora 5d; broken dora 15d; kept carl 25d',
		'opened 1 kept 1 0.3536:0; broken 1 0:0.7071; kept 1 0.1768:0; 0.0884:0'),
	('said again, nothing is counted and nothing refreshed',
		'make anna 1d; kept carl 5d; kept carl 15d; kept carl 25d; kept carl 39d',
		'opened 1 kept 1 0.7071:0; 0.3536:0; 0.1768:0; 0.0884:0'),
	('said again with more weight: no other outcome, other evidence',
		'make anna 1d; kept dora 5d; kept carl 15d',
		'opened 1 kept 1 0.3536:0; 0.3536:0; 0.1768:0; 0.0884:0'),
	('a lower word does not stand', 'make anna 1d; kept carl 5d; broken dora 15d',
		'opened 1 kept 1 0.7071:0; 0.3536:0; 0.1768:0; 0.0884:0'),
	('what happened first is entered last', 'make anna 1d; kept carl 25d; broken carl 5d',
		'opened 1 broken 1 0:0.7071; 0:0.3536; 0:0.7071; 0:0.3536'),
	('two promises add up', 'make anna 1d; kept carl 5d; make ben 2d; broken carl 15d; '
		'make anna 3d; kept dora 15d',
		'opened 3 kept 1 0.7071:0; kept 1 broken 1 0.7071:0.7071; 0.3536:0.3536; 0.1768:0.1768'))
			AS v (what, script, want);

-- ---- overdue ----

SELECT is(trend(script, 'customer'), 'c: ' || want, format('%s: %s', what, script))
FROM (VALUES
	('until a verdict it counts as broken, and does not fade', $$make anna 1d, due => day('15d')$$,
		'opened 1 -; overdue 1 0:1; overdue 1 0:1; overdue 1 0:1'),
	('kept, late', $$make anna 1d, due => day('15d'); kept carl 25d$$,
		'opened 1 -; overdue 1 0:1; kept 1 0.7071:0; 0.3536:0'),
	('broken only takes its place', $$make anna 1d, due => day('15d'); broken carl 30d_-1us$$,
		'opened 1 -; overdue 1 0:1; broken 1 0:1; 0:0.5'),
	('kept in time', $$make anna 1d, due => day('15d'); kept carl 12d$$,
		'opened 1 -; kept 1 0.5743:0; 0.2872:0; 0.1436:0'),
	('kept in the step in which it was due', $$make anna 1d, due => day('15d'); kept carl 18d$$,
		'opened 1 -; kept 1 0.8706:0; 0.4353:0; 0.2176:0'),
	('released, late', $$make anna 1d, due => day('15d'); release carl 25d$$,
		'opened 1 -; overdue 1 0:1; -; -'),
	('withdrawn in time', $$make anna 1d, due => day('15d'); withdraw anna 12d$$,
		'opened 1 -; -; -; -'),
	('withdrawn, late', $$make anna 1d, due => day('15d'); withdraw anna 25d$$,
		'opened 1 -; overdue 1 0:1; broken 1 0:0.7071; 0:0.3536'),
	('withdrawn, late: the customer''s later word, as old',
		$$make anna 1d, due => day('15d'); withdraw anna 25d; kept carl 35d$$,
		'opened 1 -; overdue 1 0:1; broken 1 0:0.7071; kept 1 0.3536:0'),
	('due moved by the customer',
		$$make anna 1d, due => day('15d'); amend carl 25d, due => day('38d')$$,
		'opened 1 -; overdue 1 0:1; -; overdue 1 0:1'),
	('due moved to and fro before',
		$$make anna 1d, due => day('38d'); amend anna 2d, due => day('12d'); amend anna 3d, $$ ||
		$$due => day('25d')$$, 'opened 1 -; -; overdue 1 0:1; overdue 1 0:1'),
	('due cleared by the customer',
		$$make anna 1d, due => day('15d'); amend carl 25d, clear => '{due}'$$,
		'opened 1 -; overdue 1 0:1; -; -'),
	('due two instants before the step ends', $$make anna 1d, due => day('20d_-2us')$$,
		'opened 1 -; overdue 1 0:1; overdue 1 0:1; overdue 1 0:1'),
	('due at the step''s last instant', $$make anna 1d, due => day('20d_-1us')$$,
		'opened 1 -; -; overdue 1 0:1; overdue 1 0:1'),
	('due at a step''s begin', $$make anna 1d, due => day('20d')$$,
		'opened 1 -; -; overdue 1 0:1; overdue 1 0:1'),
	('never open, never overdue', $$make bot 1d, due => day('15d')$$, '-; -; -; -'),
	('open after due', $$make bot 1d, due => day('15d'); back anna 25d$$,
		'-; -; opened 1 overdue 1 0:1; overdue 1 0:1'),
	('open, then proposed again', $$make bot 1d, due => day('15d'); back anna 2d; unback anna 3d$$,
		'opened 1 -; overdue 1 0:1; overdue 1 0:1; overdue 1 0:1'),
	('accepted without a backer', $$make bot 1d, due => day('15d'); accept carl 12d$$,
		'-; opened 1 overdue 1 0:1; overdue 1 0:1; overdue 1 0:1'),
	('beside verdicts',
		$$make anna 1d; kept carl 5d; make anna 1d, due => day('15d'); make anna 1d, $$ ||
		$$due => day('25d')$$,
		'opened 3 kept 1 0.7071:0; overdue 1 0.3536:1; overdue 2 0.1768:2; overdue 2 0.0884:2'))
			AS v (what, script, want);

-- ---- by customer, promiser, backer and kind ----

SELECT is(trend(script, by), want, format('by %s: %s', by, script))
FROM (VALUES
	('make anna 1d; kept carl 5d; make bot 12d; back ben 13d', 'promiser',
		'anna: opened 1 kept 1 0.7071:0; 0.3536:0; 0.1768:0; 0.0884:0 | bot: -; opened 1 -; -; -'),
	($$make bot 1d, due => day('15d'); back anna 2d; back ben 25d; unback ben 35d$$, 'backer',
		'anna: opened 1 -; overdue 1 0:1; -; - | ben: -; -; overdue 1 0:1; -'),
	($$make bot 1d, due => day('15d'); back anna 2d; back ben 25d; unback ben 35d$$, 'backing',
		'backed: opened 1 -; overdue 1 0:1; overdue 1 0:1; - | unbacked: -; -; -; overdue 1 0:1'),
	($$make tool 1d, due => day('15d'); kept carl 25d$$, 'backer', NULL),
	($$make tool 1d, due => day('15d'); kept carl 25d$$, 'backing',
		'unbacked: opened 1 -; overdue 1 0:1; kept 1 0.7071:0; 0.3536:0'),
	($$make tool 1d; back anna 5d; kept carl 12d$$, 'backer',
		'anna: -; kept 1 0.5743:0; 0.2872:0; 0.1436:0'),
	($$make tool 1d, due => day('15d'); back anna 5d; amend anna 8d, due => day('18d'); $$ ||
		$$back ben 25d$$, 'backing',
		'backed: -; -; overdue 1 0:1; overdue 1 0:1 | unbacked: opened 1 -; overdue 1 0:1; -; -'),
	($$make anna 1d, kind => 'a'; kept carl 5d; make anna 1d, kind => 'b'; amend anna 12d, $$ ||
		$$kind => 'a'; kept carl 15d$$, 'kind',
		'a: opened 1 kept 1 0.7071:0; kept 1 1.0607:0; 0.5303:0; 0.2652:0 | b: opened 1 -; -; -; '
			'-'),
	($$make anna 1d, kind => 'a', due => day('15d'); amend carl 25d, clear => '{kind}'$$, 'kind',
		'a: opened 1 -; overdue 1 0:1; -; - | -; -; overdue 1 0:1; overdue 1 0:1'),
	($$make anna 1d; kept carl 5d; make tool 1d, due => day('15d')$$, 'all',
		'all: opened 2 kept 1 0.7071:0; overdue 1 0.3536:1; overdue 1 0.1768:1; '
		'overdue 1 0.0884:1'),
	-- a verdict from before the backing, entered after it
	('make tool 1d; back anna 20d; kept carl 12d', 'backing',
		'backed: -; -; 0.2872:0; 0.1436:0 | unbacked: opened 1 -; kept 1 0.5743:0; -; -'),
	-- each is held up to the end only
	($$make anna 1d, kind => 'a'; amend anna 40d, kind => 'b'$$, 'kind', 'a: opened 1 -; -; -; -'),
	($$make anna 1d, kind => 'a'; amend anna 1d, kind => 'b'$$, 'kind', 'b: opened 1 -; -; -; -'))
		AS v (script, by, want);

CREATE TABLE by_whom AS SELECT unnest('{customer,promiser,backer,kind,backing,all}'::text[]) AS by;
SELECT is(trend('make anna 41d', by), NULL, format('by %s: nothing yet, no row', by)) FROM by_whom;

-- One key is what it is among all.
SELECT is(trend(script, by, of_key => key), want, format('%s %s', by, key))
FROM (VALUES
	($$make bot 1d, due => day('15d'); back anna 2d; back ben 25d; unback ben 35d$$, 'backer',
		'anna', 'anna: opened 1 -; overdue 1 0:1; -; -'),
	($$make bot 1d, due => day('15d'); back anna 2d; back ben 25d; unback ben 35d$$, 'backer',
		'ben', 'ben: -; -; overdue 1 0:1; -'),
	($$make bot 1d, due => day('15d'); back anna 2d; back ben 25d; unback ben 35d$$, 'backing',
		'unbacked', 'unbacked: -; -; -; overdue 1 0:1'),
	($$make bot 1d, due => day('15d'); back anna 2d$$, 'promiser', 'bot',
		'bot: opened 1 -; overdue 1 0:1; overdue 1 0:1; overdue 1 0:1'),
	($$make bot 1d, due => day('15d'); back anna 2d$$, 'promiser', 'anna', NULL),
	($$make bot 1d, due => day('15d'); back anna 2d$$, 'promiser', 'nobody', NULL),
	($$make anna 1d, kind => 'a'; amend anna 12d, kind => 'b'; kept carl 15d$$, 'kind', 'a',
		'a: opened 1 -; -; -; -'),
	($$make anna 1d, kind => 'a'; amend anna 12d, kind => 'b'; kept carl 15d$$, 'kind', 'b',
		'b: -; kept 1 0.7071:0; 0.3536:0; 0.1768:0'),
	('make anna 1d', 'customer', 'd', NULL),
	('make anna 1d', 'all', 'all', 'all: opened 1 -; -; -; -'),
	('make anna 1d', 'all', 'c', NULL)) AS v (script, by, key, want);

-- ---- as of which time ----

-- What was before is there from the first step on; counted is what happens in a step.
SELECT is(trend($$make anna 1d; kept carl 5d; make anna 1d, due => day('8d'); make anna 2d; $$ ||
	$$kept dora 9d; broken carl 12d$$, 'all', since => '10d'),
	'all: broken 1 overdue 1 0.3536:1.5743; overdue 1 0.1768:1.2872; overdue 1 0.0884:1.1436',
		'what came before the first step');
SELECT is(trend('make anna 1d; kept carl 5d', 'all', since => '5d', until => '15d'),
	'all: kept 1 0.5:0', 'from the instant of a verdict on');
SELECT is(trend('make anna 1d; kept carl 10d_-11us', 'all', half_life => interval '10 us',
	until => '10d'), 'all: opened 1 kept 1 0.5:0',
	'a step shows its last instant, to the microsecond');
SELECT is(trend('make anna 1d; kept carl 5d', 'all', half_life => interval '5 days'),
	'all: opened 1 kept 1 0.5:0; 0.125:0; 0.0313:0; 0.0078:0',
	'with the half-life that the ledger has now');
SELECT is(trend('make anna 1d; kept carl 5d', 'all', half_life => interval '1 us'),
	'all: opened 1 kept 1 0:0; 0:0; 0:0; 0:0', 'what has faded away was there');

-- As recorded: all of it today, with the age that it has; as it happened, long ago.
SELECT play($$make anna 1d; kept carl 5d; make anna 1d, due => day('8d')$$) \g /dev/null
SELECT is((SELECT (sum(opened), sum(kept), sum(overdue))::text FROM trust_ledger.trust_trend('all',
	'1 day', day('0d'), day('40d'), 'recorded')), '(,,)', 'as recorded: nothing was known then');
SELECT results_eq($$SELECT opened, kept, overdue, round(trust_ledger.kept(score)::numeric, 9)
	FROM trust_ledger.trust_trend('all', '1 year', now() - interval '2 years 1 hour',
	basis => 'recorded') ORDER BY step_from$$,
	$$SELECT n / 3 * 2::bigint, n / 3::bigint, n / 3::bigint,
		round(CASE n WHEN 3 THEN power(0.5, extract(epoch FROM statement_timestamp() - day('5d')) /
		86400 / 180) ELSE 0 END, 9) FROM generate_series(1, 3) AS n$$,
	'as recorded: today, and as old as it is');
SELECT is((SELECT sum(opened)::int FROM trust_ledger.trust_trend('all', '1 year', day('0d'))
	WHERE step_from < day('365d')), 2, 'as it happened: then');

SELECT is(expectation || ' ' || uncertainty, (trust_ledger.expectation(score) || ' '
	|| trust_ledger.uncertainty(score)), format('expectation and uncertainty are the score''s, %s',
	step_from))
FROM trust_ledger.trust_trend('all', '1 year', day('0d'), day('1000d'));

SELECT * FROM finish();
