-- human_backing(): whether a human behind a promise makes a difference. What the landmark excludes,
-- by example; and on random ledgers all of it, compared with a slow version that reads the entries.
CREATE EXTENSION pgtap;
CREATE EXTENSION trust_ledger;
SELECT plan(66);

SET jit = off;
CREATE ROLE analyst;
CREATE ROLE nobody;
SELECT trust_ledger.create_ledger() \g /dev/null
SELECT trust_ledger.grant_access('analyst', 'analyst') \g /dev/null
-- Months are those of the ledger's zone, not the session's; an hour is an hour when clocks change,
-- too.
SELECT trust_ledger.set_ledger(zone => 'Pacific/Apia') \g /dev/null
SET timezone = 'America/New_York';

SELECT results_eq('SELECT scope, evidence, backed_promises, unbacked_promises, backed_rate, '
	'unbacked_accepted, difference, difference_low FROM trust_ledger.human_backing()',
	$$VALUES ('raw', 'any', 0::bigint, 0::bigint, NULL::float8, NULL::float8, NULL::float8, $$ ||
		$$NULL::float8), ('within_strata', 'any', 0, 0, NULL, NULL, NULL, NULL)$$,
		'of no promises');

-- ---- by example ----

\ir ../../helpers/promise_script.sql
CREATE TABLE example (n serial, script text, backed text, unbacked text);
INSERT INTO example (script, backed, unbacked) VALUES
	-- who stands behind it an hour after it was made
	('make tool 1d; back ben 1d_01:00; kept carl 3d', 'decided kept', NULL),
	('make tool 1d; back ben 1d_01:00:00.000001; kept carl 3d', NULL, 'decided kept'),
	('make tool 1d; back ben 1d_00:30; unback ben 1d_01:00; kept carl 3d', NULL, 'decided kept'),
	('make tool 1d; back ben 1d_00:30; unback ben 1d_01:00:00.000001; kept carl 3d', 'decided kept',
		NULL),
	('make anna 1d; kept carl 3d', 'decided kept', NULL),
	('make anna 1d; amend bot 1d_00:30, words => ''No.''; back ben 2d; kept carl 3d', NULL,
		'decided kept'),
	('make anna 1d; amend bot 1d_02:00, words => ''No.''; back ben 2d; kept carl 3d',
		'decided kept', NULL),
	('make anna 1d, due => day(''2d''); accept carl 1d_00:10; amend ben 1d_00:30, '
		'due => day(''3d''), relayed => true; kept carl 1d_12:00', 'accepted decided kept', NULL),
	('make bot 1d; back ben 1d_00:30; back dora 1d_00:40; unback dora 1d_05:00; accept carl 2d; '
		'broken carl 3d', 'accepted decided', NULL),
	-- what is over by then
	('make tool 1d; back ben 1d_00:30; kept carl 1d_00:59:59.999999', 'too_early', NULL),
	('make tool 1d; back ben 1d_00:30; kept carl 1d_01:00', 'decided kept', NULL),
	('make tool 1d, due => day(''1d_00:59:59.999999'')', NULL, 'too_early'),
	('make tool 1d, due => day(''1d_01:00'')', NULL, 'decided'),
	('make tool 1d, due => day(''1d_00:30''); kept carl 2d', NULL, 'too_early'),
	('make tool 1d, due => day(''5d''); release carl 1d_00:30', NULL, 'too_early'),
	('make anna 1d, due => day(''5d''); withdraw anna 1d_00:30', 'too_early', NULL),
	-- what is not decided, and what is
	('make anna 1d, due => ''2099-01-01''', 'undecided', NULL), ('make anna 1d', 'undecided', NULL),
	('make anna 1d, due => ''2099-01-01''; kept carl 3d', 'undecided', NULL),
	('make bot 1d, due => day(''9d'')', NULL, 'undecided'),
	('make bot 1d, due => day(''9d''); accept carl 2d', NULL, 'accepted decided'),
	('make bot 1d, due => day(''9d''); back ben 1d_00:01; unback ben 2d', 'decided', NULL),
	('make anna 1d, due => day(''9d''); release carl 5d', 'undecided', NULL),
	('make anna 1d, due => day(''9d''); release carl 12d', 'undecided', NULL),
	('make anna 1d, due => day(''9d''); withdraw anna 5d', 'undecided', NULL),
	('make anna 1d, due => day(''9d''); withdraw anna 12d', 'decided', NULL),
	('make anna 1d, due => ''2099-01-01''; accept carl 2d; withdraw anna 5d', 'accepted undecided',
		NULL),
	('make anna 1d, due => day(''9d''); partly_kept carl 5d', 'decided', NULL),
	('make anna 1d, due => day(''9d''); broken carl 5d; kept carl 12d', 'decided kept', NULL),
	('make anna 1d, due => day(''9d''); broken ben 5d; kept dora 6d, relayed => true',
		'decided kept', NULL);
SELECT play(regexp_replace(script, '^(make \w+ \S+?)(,|;|$)', '\1, kind => ''example ' || n
	|| '''\2'), 'example') FROM example ORDER BY n \g /dev/null

CREATE FUNCTION counts(promises bigint, accepted float8, undecided bigint, too_early bigint,
	decided bigint, kept bigint) RETURNS text
LANGUAGE sql AS $$
	SELECT CASE WHEN promises > 0 THEN concat_ws(' ', CASE accepted WHEN 1 THEN 'accepted' END,
		CASE undecided WHEN 1 THEN 'undecided' END, CASE too_early WHEN 1 THEN 'too_early' END,
		CASE decided WHEN 1 THEN 'decided' END, CASE kept WHEN 1 THEN 'kept' END) END
$$;
SELECT is(string_agg(concat_ws(' | ', coalesce(counts(backed_promises, backed_accepted,
	backed_undecided, backed_too_early, backed_decided, backed_kept), '-'),
		coalesce(counts(unbacked_promises, unbacked_accepted, unbacked_undecided,
			unbacked_too_early, unbacked_decided, unbacked_kept), '-')), ', '),
	coalesce(backed, '-') || ' | ' || coalesce(unbacked, '-'), script)
FROM example e LEFT JOIN trust.human_backing b ON b.kind = 'example ' || n AND scope = 'stratum'
	AND b.evidence = 'any' GROUP BY n, script, backed, unbacked ORDER BY n;
SELECT play(format('make anna 1d, kind => ''band'', value => %s, currency => %L', value, currency),
	'example')
FROM (VALUES ('0.00', 'EUR'), ('0.00100', 'EUR'), ('0.999', 'EUR'), ('1', 'EUR'),
	('9.99999999999999999999999', 'EUR'), ('10', 'EUR'), ('99.9', 'EUR'),
	('999.9999999999999999999999999999999999', 'EUR'),
	('1000', 'EUR'), ('9999.999', 'EUR'),
	('10000000000000000000000', 'USD')) AS v (value, currency) \g /dev/null
SELECT is((SELECT string_agg(value_band || ' ' || backed_promises, ', ' ORDER BY value_band COLLATE
	"C") FROM trust.human_backing WHERE kind = 'band' AND evidence = 'any'),
	'EUR 0 1, EUR 0.001+ 1, EUR 0.1+ 1, EUR 1+ 2, EUR 10+ 2, EUR 100+ 1, EUR 1000+ 2, '
		'USD 10000000000000000000000+ 1', 'bands of value');
-- New Year in New York is the second of January in Apia by 18 hours: the ledger's month counts.
SELECT play('make anna -00:30, kind => ''new year''', 'example') \g /dev/null
SELECT is((SELECT string_agg(month::text, ',') FROM trust.human_backing WHERE kind = 'new year'
	AND evidence = 'any'), '2020-01-01', 'the first of the month in the ledger''s zone');

-- ---- the reference ----

CREATE FUNCTION reference_band(value numeric, currency text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	power numeric := 1;
BEGIN
	IF value IS NULL THEN
		RETURN NULL;
	ELSIF value = 0 THEN
		RETURN currency || ' 0';
	END IF;
	WHILE power * 10 <= value LOOP power := power * 10; END LOOP;
	WHILE power > value LOOP power := power / 10; END LOOP;
	RETURN currency || ' ' || trim_scale(power) || '+';
END
$$;

-- Replays the entries of a promise: who backs it at the landmark, and what its outcome is.
CREATE FUNCTION reference_promise(of_promise uuid, landmark interval,
	OUT month date, OUT kind text, OUT promiser_kind text, OUT value_band text, OUT evidence text,
		OUT fate text, OUT kept boolean, OUT accepted boolean)
LANGUAGE plpgsql AS $$
DECLARE
	e trust.entry;
	at timestamptz;
	looked_at timestamptz;
	due timestamptz; overdue_at timestamptz; settled_at timestamptz; outcome text;
	opened boolean := false;
BEGIN
	accepted := false;
	FOR e IN SELECT * FROM trust.entry x WHERE x.promise = of_promise ORDER BY seq LOOP
		at := CASE WHEN e.backfilled THEN e.occurred_at ELSE e.recorded_at END;
		IF e.event = 'made' THEN
			looked_at := at + extract(epoch FROM landmark) * interval '1 second';
			month := date_trunc('month', e.occurred_at AT TIME ZONE (SELECT zone
				FROM trust.ledger));
		END IF;
		IF e.event = 'made' OR e.event = 'amended' AND e.stands THEN
			kind := e.kind; promiser_kind := e.promiser_kind;
			value_band := reference_band(e.value, e.currency);
		END IF;
		IF e.event = 'made' OR e.event = 'amended' AND e.stands OR e.event IN ('paused', 'resumed')
			THEN
			due := e.due; overdue_at := e.overdue_at;
		END IF;
		IF (e.event IN ('made', 'backed', 'backing_withdrawn') OR e.event = 'amended' AND e.stands)
			AND at <= looked_at THEN
			evidence := CASE WHEN e.backer IS NOT NULL THEN e.evidence END;
		END IF;
		IF e.verdict IS NOT NULL AND e.stands THEN
			outcome := e.verdict;
		END IF;
		IF e.verdict IS NOT NULL AND e.stands OR e.event IN ('withdrawn', 'released')
			AND coalesce(e.stands, true) THEN
			settled_at := coalesce(settled_at, e.occurred_at);
		END IF;
		accepted := accepted OR coalesce(e.accepted, false) AND coalesce(e.stands, true);
		opened := opened OR e.state = 'open';
	END LOOP;
	SELECT x.state INTO e.state FROM trust.entry x WHERE x.promise = of_promise ORDER BY seq DESC
		LIMIT 1;
	fate := CASE WHEN settled_at < looked_at OR due < looked_at THEN 'too_early'
		WHEN NOT opened OR e.state IN ('withdrawn', 'released') THEN 'undecided'
		WHEN due IS NULL AND outcome IS NOT NULL OR overdue_at < now() THEN 'decided'
			ELSE 'undecided' END;
	kept := coalesce(outcome = 'kept', false);
END
$$;

CREATE FUNCTION reference_groups(landmark interval, OUT evidence text, OUT stratum text,
	OUT backed boolean, OUT promises bigint, OUT undecided bigint, OUT too_early bigint,
	OUT decided bigint, OUT kept bigint, OUT accepted bigint)
RETURNS SETOF record LANGUAGE sql AS $$
	WITH p AS MATERIALIZED (SELECT s.* FROM trust.promise t, reference_promise(t.promise, landmark)
		s)
	SELECT g.evidence, (p.month, p.kind, p.promiser_kind, p.value_band)::text,
		p.evidence IS NOT NULL, count(*), count(*) FILTER (WHERE fate = 'undecided'),
		count(*) FILTER (WHERE fate = 'too_early'),
		count(*) FILTER (WHERE fate = 'decided'), count(*) FILTER (WHERE fate = 'decided'
			AND p.kept), count(*) FILTER (WHERE p.accepted)
	FROM unnest('{any,asserted,session,passkey}'::text[]) AS g (evidence)
		JOIN p ON p.evidence IS NULL OR g.evidence IN ('any', p.evidence)
	WHERE g.evidence = 'any' OR g.evidence IN (SELECT p.evidence FROM p)
	GROUP BY 1, 2, 3
$$;

-- All rows that human_backing() should return for that landmark, with one array of numbers each.
CREATE FUNCTION reference_backing(landmark interval, OUT scope text, OUT evidence text,
	OUT stratum text, OUT numbers float8[])
RETURNS SETOF record LANGUAGE sql AS $$
	WITH g AS MATERIALIZED (
		SELECT *, (kept + 1) / (decided + 2)::float8 AS mean, (kept + 1) * (decided - kept + 1) /
			((decided + 2)::float8 ^ 2 * (decided + 3)) AS variance FROM reference_groups(landmark)
	), none AS (
		SELECT 0::bigint AS promises, 0::bigint AS undecided, 0::bigint AS too_early,
			0::bigint AS decided, 0::bigint AS kept, 0::bigint AS accepted
	), pair AS MATERIALIZED (
		SELECT k.evidence, k.stratum, b.decided AS n1, u.decided AS n0, b.decided > 0
			AND u.decided > 0 AS both_decided, b.mean - u.mean AS difference,
			b.variance + u.variance AS variance
		FROM (SELECT DISTINCT evidence, stratum FROM g) k
		LEFT JOIN g b ON b.evidence = k.evidence AND b.stratum = k.stratum AND b.backed LEFT
			JOIN g u ON u.evidence = k.evidence AND u.stratum = k.stratum AND NOT u.backed
	), row AS (
		SELECT 'stratum' AS scope, g.evidence, g.stratum, g.backed, promises, undecided, too_early,
			decided, kept, accepted FROM g
		UNION ALL
		SELECT 'raw', g.evidence, '', g.backed, sum(promises), sum(undecided), sum(too_early),
			sum(decided), sum(kept), sum(accepted) FROM g GROUP BY g.evidence, g.backed
		UNION ALL
		SELECT 'within_strata', g.evidence, '', g.backed, sum(promises), sum(undecided),
			sum(too_early), sum(decided), sum(kept), sum(accepted)
		FROM g JOIN pair USING (evidence, stratum) WHERE both_decided GROUP BY g.evidence, g.backed
	), wide AS (
		SELECT scope, evidence, stratum, max(promises) FILTER (WHERE backed) AS b1,
			max(undecided) FILTER (WHERE backed) AS b2, max(too_early) FILTER (WHERE backed) AS b3,
			max(decided) FILTER (WHERE backed) AS b4, max(kept) FILTER (WHERE backed) AS b5,
				max(accepted) FILTER (WHERE backed) AS b6,
			max(promises) FILTER (WHERE NOT backed) AS u1, max(undecided) FILTER (WHERE NOT backed)
				AS u2, max(too_early) FILTER (WHERE NOT backed) AS u3,
			max(decided) FILTER (WHERE NOT backed) AS u4, max(kept) FILTER (WHERE NOT backed) AS u5,
				max(accepted) FILTER (WHERE NOT backed) AS u6
		FROM row GROUP BY scope, evidence, stratum
		UNION ALL
		SELECT 'within_strata', e.evidence, '', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
			FROM (SELECT DISTINCT evidence FROM pair) e
		WHERE NOT EXISTS (SELECT FROM pair p WHERE p.evidence = e.evidence AND both_decided)
	)
	SELECT w.scope, w.evidence, w.stratum, ARRAY[coalesce(b1, 0), coalesce(b2, 0), coalesce(b3, 0),
		coalesce(b4, 0), coalesce(b5, 0), b5 / nullif(b4, 0)::float8, b6 / nullif(b1, 0)::float8,
		coalesce(u1, 0), coalesce(u2, 0), coalesce(u3, 0), coalesce(u4, 0), coalesce(u5, 0),
			u5 / nullif(u4, 0)::float8, u6 / nullif(u1, 0)::float8,
		d.difference, d.difference - 1.959963984540054 * sqrt(d.variance),
			d.difference + 1.959963984540054 * sqrt(d.variance)]::float8[]
	FROM wide w LEFT JOIN LATERAL (
		SELECT difference, variance FROM pair p WHERE w.scope = 'stratum'
			AND p.evidence = w.evidence AND p.stratum = w.stratum AND both_decided
		UNION ALL
		SELECT (b5 + 1) / (b4 + 2)::float8 - (u5 + 1) / (u4 + 2)::float8,
			(b5 + 1) / (b4 + 2)::float8 * (1 - (b5 + 1) / (b4 + 2)::float8) / (b4 + 3) + (u5 + 1) /
				(u4 + 2)::float8 * (1 - (u5 + 1) / (u4 + 2)::float8) / (u4 + 3)
		WHERE w.scope = 'raw' AND b4 > 0 AND u4 > 0
		UNION ALL
		SELECT sum(n1 * n0 / (n1 + n0)::float8 * difference) / sum(n1 * n0 / (n1 + n0)::float8),
			sum((n1 * n0 / (n1 + n0)::float8) ^ 2 * variance) / sum(n1 * n0 / (n1 + n0)::float8) ^ 2
		FROM pair p WHERE w.scope = 'within_strata' AND p.evidence = w.evidence AND both_decided
			HAVING count(*) > 0) d ON true
	WHERE w.scope <> 'stratum' OR w.evidence = 'any' OR b1 > 0
$$;

\ir ../../helpers/close.sql
CREATE FUNCTION all_close(a float8[], b float8[]) RETURNS boolean
LANGUAGE sql AS $$
	SELECT cardinality(a) = cardinality(b) AND bool_and(is_close(x, y, 0, 1e-12))
		FROM unnest(a, b) AS v (x, y)
$$;
CREATE FUNCTION backing_differs(landmark interval, OUT compared bigint, OUT differ bigint,
	OUT example text)
LANGUAGE sql AS $$
	SELECT count(*), count(*) FILTER (WHERE differs), min(format('%s; reference %s', f, s)) FILTER
		(WHERE differs)
	FROM (SELECT scope, evidence, CASE scope WHEN 'stratum' THEN (month, kind, promiser_kind,
		value_band)::text ELSE coalesce(month::text, kind, promiser_kind, value_band, '')
		END AS stratum,
			ARRAY[backed_promises, backed_undecided, backed_too_early, backed_decided, backed_kept,
				backed_rate, backed_accepted,
				unbacked_promises, unbacked_undecided, unbacked_too_early, unbacked_decided,
					unbacked_kept, unbacked_rate, unbacked_accepted,
				difference, difference_low, difference_high]::float8[] AS numbers
		  FROM trust_ledger.human_backing(landmark)) f
	FULL JOIN reference_backing(landmark) s USING (scope, evidence, stratum),
		LATERAL (SELECT all_close(f.numbers, s.numbers) IS NOT TRUE AS differs) d
$$;

-- ---- on random ledgers ----

\ir ../../helpers/random_ledgers.sql
\ir ../../helpers/random_acts.sql
SELECT setseed(0.161803) \g /dev/null
CALL random_actors(5);
-- many promises of few kinds and months, so that there is something to compare within strata
SELECT random_ledger(n, n) FROM (SELECT 1 + i % 5 AS n FROM generate_series(1, 150) AS i)
	r \g /dev/null
CALL random_acts(4);
-- evidence that no call here can give
SELECT without_guards($$UPDATE trust.entry SET evidence = any_of('asserted', 'asserted', 'session',
	'passkey') WHERE backer IS NOT NULL$$) \g /dev/null
ANALYZE trust.entry;

SELECT is(differ || coalesce(': ' || example, ''), '0', 'landmark ' || landmark)
	FROM unnest('{1 hour,0,1 day,30 days,200 days 03:00,36525 days}'::interval[]) AS landmark,
	backing_differs(landmark);
SELECT cmp_ok(n::int, '>=', least, what)
FROM (SELECT count(*) FILTER (WHERE scope = 'stratum' AND difference IS NOT NULL) AS comparable,
	count(DISTINCT evidence) AS evidences, sum(backed_too_early + unbacked_too_early) FILTER
	(WHERE scope = 'raw') AS early,
		sum(backed_undecided) FILTER (WHERE scope = 'raw') AS undecided, sum(unbacked_kept) FILTER
			(WHERE scope = 'raw') AS kept FROM trust_ledger.human_backing('30 days')) h,
	LATERAL (VALUES ('strata with both', comparable, 30), ('sorts of evidence', evidences, 4),
		('too early', early, 100), ('undecided', undecided, 50), ('kept without a backer', kept,
		50)) AS v (what, n, least);
SELECT set_eq('TABLE trust.human_backing', 'SELECT * FROM trust_ledger.human_backing(''1 hour'')',
	'the view looks after an hour');
SELECT is((SELECT bool_and(u = t) FROM (SELECT unbacked_promises AS u FROM trust.human_backing
	WHERE scope = 'raw') a, (SELECT unbacked_promises AS t FROM trust.human_backing
	WHERE scope = 'raw' AND evidence = 'any') b),
	true, 'each evidence is compared with all that nobody backs');
SELECT is((SELECT sum(backed_promises) FROM trust.human_backing WHERE scope = 'raw'
	AND evidence <> 'any'), (SELECT backed_promises::numeric FROM trust.human_backing
	WHERE scope = 'raw' AND evidence = 'any'),
	'and all of them are any');
-- One kept of one, none of two: means 2/3 and 1/4, variances 1/18 and 3/80.
SELECT play(script, 'example')
	FROM unnest('{"make anna 1d, kind => ''few''; kept carl 2d","make tool 1d, '
	'promiser => ''anna'', kind => ''few''; broken carl 2d","make tool 1d, promiser => ''anna'', '
	'kind => ''few''; broken carl 2d"}'::text[]) AS script \g /dev/null
SELECT ok(abs(difference - 5 / 12.0) < 1e-12 AND abs(difference_high - difference -
	1.959963984540054 * sqrt(1 / 18.0 + 3 / 80.0)) < 1e-12 AND abs(difference_low + difference_high
	- 2 * difference) < 1e-12, 'by hand')
FROM trust.human_backing WHERE kind = 'few' AND evidence = 'any';

-- Within the lag a promise begins when it is recorded, whatever occurred_at is.
SELECT promise FROM trust_ledger.make_promise('s', 'We come.', kind => 'within the lag',
	actor => 'anna', occurred_at => now() - interval '20 hours') \gset
SELECT * FROM trust_ledger.assess_promise(:'promise', 'kept', actor => 'carl', occurred_at => now()
	- interval '10 hours') \g /dev/null
SELECT is((SELECT concat_ws(' ', backed_promises, backed_too_early, backed_decided)
	FROM trust_ledger.human_backing() WHERE kind = 'within the lag' AND evidence = 'any'),
	'1 1 0', 'the clock is the ledger''s to read');

-- ---- arguments and readers ----

\ir ../../helpers/calls.sql
SELECT is(sqlstate_of('SELECT * FROM trust_ledger.human_backing(' || argument || ')', 'analyst'),
	want, 'landmark ' || argument)
FROM (VALUES ('NULL', '22004'), ('''1 month''', '22023'), ('''1 year''', '22023'),
	('''-1 us''', '22023'), ('''1 day -1 hour''', '22023'), ('''36526 days''', '22023'),
	('''0''', 'ok'), ('''3 days''', 'ok')) AS v (argument, want);
SELECT is(sqlstate_of(call, role), want, format('%s: %s', role, call))
FROM (VALUES ('analyst', 'TABLE trust.human_backing', 'ok'), ('nobody', 'TABLE trust.human_backing',
	'TL004'), ('nobody', 'SELECT FROM trust.human_backing WHERE kind = ''no such''', 'TL004'),
	('nobody', 'SELECT * FROM trust_ledger.human_backing()', 'TL004')) AS v (role, call, want);
SELECT matches(obj_description('trust.human_backing'::regclass), 'association, not effect',
	'the view says what it does not say');
-- In the caller's path there may be anything.
CREATE SCHEMA mine;
CREATE FUNCTION mine.count(text) RETURNS bigint LANGUAGE sql AS 'SELECT 7::bigint';
CREATE OPERATOR mine.<= (LEFTARG = timestamptz, RIGHTARG = timestamptz, FUNCTION = timestamptz_gt);
CREATE TABLE mine.before AS TABLE trust.human_backing;
SET search_path = mine, pg_catalog, public;
SELECT set_eq('TABLE trust.human_backing', 'TABLE mine.before',
	'operators in the caller''s path are not called');
RESET search_path;
SELECT is((SELECT count(*) FROM pg_attribute WHERE attrelid = 'trust.human_backing'::regclass
	AND attnum > 0 AND coalesce(col_description(attrelid, attnum), '') !~ '^\S.{8,}\.$'), 0::bigint,
	'a comment on each column');

-- Their own login. (Last: from here on this login acts as nobody else.)
SELECT trust_ledger.register_actor('sam', 'human', db_role => session_user) \g /dev/null
SELECT promise FROM trust_ledger.make_promise('s', 'We come.', kind => 'by sam') \gset
SELECT * FROM trust_ledger.assess_promise(:'promise', 'kept') \g /dev/null
SELECT is((SELECT string_agg(concat_ws(' ', evidence, backed_promises, backed_decided, backed_kept),
	', ' ORDER BY evidence) FROM trust_ledger.human_backing('0') WHERE kind = 'by sam'),
	'any 1 1 1, session 1 1 1',
	'backed from their own login');
SELECT is((SELECT string_agg(concat_ws(' ', evidence, backed_promises, backed_too_early),
	', ' ORDER BY evidence) FROM trust_ledger.human_backing('1 hour') WHERE kind = 'by sam'),
	'any 1 1, session 1 1',
	'and settled at once, before the landmark');

SELECT * FROM finish();
