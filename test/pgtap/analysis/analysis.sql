-- trust.over_promising: who promises more than they keep. By example, and on random ledgers
-- compared with a slow version that reads the entries. (trust.human_backing is in
-- human_backing.sql; exceptions.sql tests that no view shows words.)
CREATE EXTENSION pgtap;
CREATE EXTENSION trust_ledger;
SELECT plan(28);

SET timezone = 'UTC';
SET jit = off;
CREATE ROLE analyst;
CREATE ROLE nobody;
SELECT trust_ledger.create_ledger() \g /dev/null
SELECT trust_ledger.grant_access('analyst', 'analyst') \g /dev/null
\ir ../../helpers/promise_script.sql

-- ---- by example ----

SELECT is_empty('TABLE trust.over_promising', 'nothing at first');
SELECT play(script, 'a') FROM unnest(ARRAY[
	'make anna 1d, kind => ''call'', due => day(''5d''); kept carl 3d',
		'make anna 1d, kind => ''call'', due => day(''9d''); kept carl 5d',
	'make anna 1d, kind => ''call'', due => day(''2d''); partly_kept carl 5d',
		'make anna 1d, kind => ''call'', due => day(''3d'')',
	'make ben 1d, kind => ''call'', due => day(''21d''); kept carl 11d',
		'make ben 1d, kind => ''call''; broken carl 3d',
		'make ben 1d, kind => ''call'', due => ''2099-01-01''',
	'make bot 1d, kind => ''call'', due => day(''2d''); back ben 1d; kept carl 2d',
		'make bot 1d, kind => ''call'', due => day(''3d''); back ben 1d; broken carl 9d',
	'make bot 1d, kind => ''call'', due => day(''3d'')',
		'make bot 1d, kind => ''call'', due => day(''3d''); withdraw anna 2d',
		'make bot 1d, kind => ''call'', due => day(''6d''); accept carl 2d; withdraw anna 3d',
	-- promises without a kind form a group; here no human made any
	'make tool 1d; kept carl 2d', 'make tool 1d, kind => ''visit'', due => ''2099-01-01''',
		'make bot 1d; accept carl 2d; release carl 3d',
	-- if due moved, the first due counts
	'make tool 1d, kind => ''mail'', due => day(''3d''); amend anna 2d, due => day(''9d''), '
		'longest_pause => ''1 day''; kept carl 8d']) AS script \g /dev/null

-- All columns that are not 0 or NULL, except the interval of the rate.
CREATE FUNCTION says(of_promiser text, of_kind text) RETURNS text
LANGUAGE sql AS $$
	SELECT string_agg(e.key || ' ' || CASE WHEN e.key ~ 'rate' THEN round(e.value::numeric, 4)::text
		ELSE e.value END, ', ' ORDER BY e.nr)
	FROM trust.over_promising v, json_each_text(row_to_json(v)) WITH ORDINALITY AS e (key,
		value, nr)
	WHERE v.promiser = of_promiser AND v.kind IS NOT DISTINCT FROM of_kind AND e.key NOT IN
		('promiser', 'kind', 'kept_rate_low', 'kept_rate_high') AND e.value <> '0'
$$;
SELECT is(says(promiser, kind), want, format('%s, %s', promiser, kind))
FROM (VALUES
	('anna', 'call',
		'promiser_kind human, promises 4, decided 4, kept 2, partly_kept 1, overdue 1, '
		'kept_rate 0.5000, median_promised 3 days, median_needed 3 days, human_decided 6, '
		'human_kept_rate 0.5000, human_median_needed 4 days'),
	('ben', 'call',
		'promiser_kind human, promises 3, decided 2, kept 1, broken 1, kept_rate 0.5000, '
		'median_promised ' || (('2099-01-01'::timestamptz - day('1d')) + interval '20 days') / 2
		|| ', median_needed 10 days, human_decided 6, human_kept_rate 0.5000, human_median_needed '
			'4 days'),
	('bot', 'call', 'promiser_kind ai, promises 5, decided 3, kept 1, broken 2, kept_rate 0.3333, '
		'median_promised 2 days, median_needed 1 day, human_decided 6, human_kept_rate 0.5000, '
		'human_median_needed 4 days'),
	('tool', NULL, 'promiser_kind system, promises 1, decided 1, kept 1, kept_rate 1.0000, '
		'median_needed 1 day'),
	('tool', 'visit', 'promiser_kind system, promises 1, median_promised '
		|| '2099-01-01'::timestamptz - day('1d')),
	('bot', NULL, 'promiser_kind ai, promises 1'),
	('tool', 'mail', 'promiser_kind system, promises 1, decided 1, kept 1, kept_rate 1.0000, '
		'median_promised 2 days, median_needed 7 days'),
	('anna', NULL, NULL), ('desk', NULL, NULL)) AS v (promiser, kind, want);
SELECT is((SELECT human_decided FROM trust.over_promising WHERE promiser = 'tool' AND kind IS NULL),
	0::bigint, 'no human to compare with: none, and not nothing');
SELECT play('make anna 1d; broken carl 2d', 'a') \g /dev/null
SELECT is((SELECT (human_decided, human_kept_rate) FROM trust.over_promising WHERE promiser = 'tool'
	AND kind IS NULL), (1::bigint, 0::float8), 'no kind is compared with no kind');

-- ---- the interval of the rate: quantiles of Beta(kept + 1, decided - kept + 1) ----

-- Beta(1, 1) is uniform; the quantile q of Beta(n + 1, 1) is the root n + 1 of q, and Beta(1, n +
-- 1) is its mirror image.
SELECT is((round(kept_rate_low::numeric, 9), round(kept_rate_high::numeric, 9)),
	(round(low::numeric, 9), round(high::numeric, 9)), format('the rate of %s of %s', v.kept,
	v.decided))
FROM (VALUES ('tool', 'visit', 0, 0, 0.025::float8, 0.975::float8),
	('tool', 'mail', 1, 1, sqrt(0.025), sqrt(0.975)), ('anna', NULL, 0, 1, 1 - sqrt(0.975),
	1 - sqrt(0.025))) AS v (promiser, kind, kept, decided, low, high)
JOIN trust.over_promising o ON o.promiser = v.promiser AND o.kind IS NOT DISTINCT FROM v.kind
	AND o.kept = v.kept AND o.decided = v.decided;
SELECT play('make tool 1d, kind => ''roots''; kept carl 2d', 'a') FROM generate_series(1,
	9) \g /dev/null
SELECT ok(abs(kept_rate_low - 0.025 ^ 0.1) < 1e-9 AND abs(kept_rate_high - 0.975 ^ 0.1) < 1e-9,
	'nine of nine') FROM trust.over_promising WHERE kind = 'roots';
-- Beta(2, 2) has the distribution function 3x^2 - 2x^3.
SELECT play('make tool 1d, kind => ''two''; kept carl 2d', 'a'),
	play('make tool 1d, kind => ''two''; broken carl 2d', 'a') \g /dev/null
SELECT ok(abs(3 * kept_rate_low ^ 2 - 2 * kept_rate_low ^ 3 - 0.025) < 1e-9
	AND abs(3 * kept_rate_high ^ 2 - 2 * kept_rate_high ^ 3 - 0.975) < 1e-9, 'one of two')
	FROM trust.over_promising WHERE kind = 'two';

-- ---- on random ledgers ----

\ir ../../helpers/random_ledgers.sql
\ir ../../helpers/random_acts.sql
\ir ../../helpers/reference_scores.sql
SELECT setseed(0.141421) \g /dev/null
CALL random_actors(6);
SELECT random_ledger(n, n) FROM (SELECT 1 + i % 6 AS n FROM generate_series(1, 200) AS i)
	r \g /dev/null
CALL random_acts(3);

-- Each promise by its entries: the last value of each column.
CREATE TABLE reference_promise AS
SELECT p.promise, s.promiser, s.kind, s.outcome, t.promiser_kind, s.outcome IS NULL AND s.opened
	AND l.state IN ('proposed', 'open') AND l.overdue_at < now() AS overdue,
	t.first_due - t.made_at AS promised, s.settled_at - t.made_at AS needed
FROM trust.promise p, reference_standing(p.promise, 'infinity', 'infinity') s,
	LATERAL (SELECT min(occurred_at) FILTER (WHERE event = 'made') AS made_at,
			(array_agg(due ORDER BY seq) FILTER (WHERE due IS NOT NULL AND (event = 'made'
				OR event = 'amended' AND stands)))[1] AS first_due,
			(array_agg(e.promiser_kind ORDER BY seq DESC) FILTER (WHERE event = 'made'
				OR event = 'amended' AND stands))[1] AS promiser_kind
		FROM trust.entry e WHERE e.promise = p.promise) t,
	LATERAL (SELECT (array_agg(state ORDER BY seq DESC))[1] AS state,
			(array_agg(e.overdue_at ORDER BY seq DESC) FILTER (WHERE event IN ('made', 'paused',
				'resumed') OR event = 'amended' AND stands))[1] AS overdue_at
		FROM trust.entry e WHERE e.promise = p.promise) l;
CREATE FUNCTION reference_row(of_promiser text, of_promiser_kind text, of_kind text,
	OUT counts bigint[], OUT rates float8[], OUT medians interval[])
LANGUAGE sql AS $$
	SELECT ARRAY[m.n, m.decided, m.kept, m.partly, m.broken, m.overdue, h.decided],
		ARRAY[m.kept / nullif(m.decided, 0)::float8, h.kept / nullif(h.decided, 0)::float8],
		ARRAY[m.promised, m.needed, h.needed]
	FROM (SELECT count(*) AS n, count(*) FILTER (WHERE overdue OR outcome IN ('kept', 'partly_kept',
		'broken')) AS decided, count(*) FILTER (WHERE outcome = 'kept') AS kept,
			count(*) FILTER (WHERE outcome = 'partly_kept') AS partly,
				count(*) FILTER (WHERE outcome = 'broken') AS broken,
				count(*) FILTER (WHERE overdue) AS overdue,
			middle(array_agg(promised ORDER BY promised) FILTER (WHERE promised IS NOT NULL))
				AS promised, middle(array_agg(needed ORDER BY needed) FILTER
				(WHERE outcome = 'kept')) AS needed
		  FROM reference_promise WHERE promiser = of_promiser AND promiser_kind = of_promiser_kind
		  	AND kind IS NOT DISTINCT FROM of_kind) m,
		(SELECT count(*) FILTER (WHERE overdue OR outcome IS NOT NULL) AS decided,
			count(*) FILTER (WHERE outcome = 'kept') AS kept,
			middle(array_agg(needed ORDER BY needed) FILTER (WHERE outcome = 'kept')) AS needed
		 FROM reference_promise WHERE promiser_kind = 'human' AND kind IS NOT DISTINCT
		 	FROM of_kind) h
$$;
-- Whether two intervals have the same length, to the rounding of a percentile.
CREATE FUNCTION same_length(a interval, b interval) RETURNS boolean
LANGUAGE sql IMMUTABLE AS 'SELECT is_close(extract(epoch FROM a)::float8, extract(epoch '
	'FROM b)::float8, 0, 0.00001)';
SELECT set_eq('SELECT promiser, promiser_kind, kind FROM trust.over_promising',
	'SELECT DISTINCT promiser, promiser_kind, kind FROM reference_promise',
	'a row per promiser and kind');
SELECT is((SELECT count(*)::int || coalesce(': ' || min(format('%s; reference %s', v, s)), '')
	FROM trust.over_promising v, reference_row(v.promiser, v.promiser_kind, v.kind) s
	WHERE (ARRAY[v.promises, v.decided, v.kept, v.partly_kept, v.broken, v.overdue, v.human_decided]
		= s.counts AND is_near(v.kept_rate, rates[1]) AND is_near(v.human_kept_rate, rates[2])
		AND same_length(v.median_promised, medians[1]) AND same_length(v.median_needed, medians[2])
			AND same_length(v.human_median_needed, medians[3])
		AND v.kept_rate_low < (v.kept + 1) / (v.decided + 2)::float8 AND v.kept_rate_high > (v.kept
			+ 1) / (v.decided + 2)::float8) IS NOT TRUE), '0', 'what they say');
SELECT cmp_ok(count(*)::int, '>=', 20, 'among them are such as differ from humans')
	FROM trust.over_promising WHERE promiser_kind <> 'human' AND kept_rate <> human_kept_rate
	AND overdue > 0 AND kept > 0 AND partly_kept + broken > 0;

-- ---- readers, and shape ----

\ir ../../helpers/calls.sql
SELECT is(sqlstate_of(call, role), want, format('%s: %s', role, call))
FROM (VALUES ('analyst', 'TABLE trust.over_promising', 'ok'),
	('nobody', 'TABLE trust.over_promising', 'TL004'),
	('nobody', 'SELECT FROM trust.over_promising WHERE promiser = ''no such''', 'TL004'),
	('analyst', 'SELECT * FROM trust.promise', '42501'),
	('analyst', 'DELETE FROM trust.over_promising', '55000')) AS v (role, call, want);
SELECT is((SELECT count(*) FROM pg_attribute WHERE attrelid = view::regclass AND attnum > 0
	AND coalesce(col_description(attrelid, attnum), '') !~ '^\S.{6,}\.$'), 0::bigint,
	view || ': a comment on each column')
FROM unnest('{trust.over_promising,trust.human_backing}'::text[]) AS view;
SELECT ok(bool_and('security_barrier=true' = ANY (reloptions) AND relowner = (SELECT relowner
	FROM pg_class WHERE oid = 'trust.entry'::regclass) AND has_table_privilege('nobody', oid,
	'SELECT')), 'a security barrier view of the owner''s, readable by those who have a level')
FROM pg_class WHERE oid = ANY ('{trust.over_promising,trust.human_backing,trust.exception,'
	'trust.overdue,trust.orphaned}'::regclass[]);

SELECT * FROM finish();
