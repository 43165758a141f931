-- The aggregates of the trust score, score_agg() and sum(), in plain, parallel, partitioned and
-- window queries, compared with the formula in plain SQL.

CREATE EXTENSION pgtap;
SELECT plan(62);
CREATE EXTENSION trust_ledger;
SET search_path = public, trust_ledger;
SET TimeZone = 'UTC';
SELECT setseed(0.6);

\ir ../../helpers/close.sql

-- Promises over four years, with a half-life of 30 days; groups have a half-life each. Some rows
-- have NULLs, some have the same instant, and the order is not defined.
CREATE TABLE promise (nr integer PRIMARY KEY, customer integer, kind text, kept float8,
	broken float8, at timestamptz, half_life interval, score trust_score);
INSERT INTO promise (nr, customer, kind, kept, broken, at, half_life)
SELECT nr, customer, (ARRAY['call', 'price', 'visit'])[1 + nr % 3], CASE WHEN random() < 0.02
	THEN NULL ELSE round(random()::numeric, 3) END,
	CASE WHEN random() < 0.02 THEN NULL ELSE round(random()::numeric, 3) * (nr % 2) END,
	CASE WHEN random() < 0.02 THEN NULL ELSE '2022-11-22'::timestamptz + floor(random() * 1461) *
		interval '1 day' + floor(random() * 3) * interval '1 hour' END,
	CASE WHEN random() < 0.02 THEN NULL ELSE interval '30 days' END
FROM (SELECT nr, floor(random() * 40)::integer FROM generate_series(1, 6000) AS nr) AS p (nr,
	customer)
ORDER BY random();
UPDATE promise SET score = trust_score(kept, broken, at, half_life);
ANALYZE promise;

-- The formula: the sum of the evidence, faded to the latest instant. Rows with a NULL do not count.
CREATE TABLE expected AS
WITH counted AS (
	SELECT *, max(at) OVER (PARTITION BY customer) AS latest FROM promise WHERE (kept, broken, at,
		half_life) IS NOT NULL)
SELECT customer, sum(kept * fading) AS kept, sum(broken * fading) AS broken, latest, count(*) AS n
FROM counted, LATERAL (SELECT 2::float8 ^ (-extract(epoch FROM latest - at) / extract(epoch
	FROM half_life))::float8) AS f (fading)
GROUP BY customer, latest;

-- The rows of a query of (customer, score) that differ from the formula.
CREATE FUNCTION differences(query text) RETURNS TABLE (customer integer, score trust_score,
	kept float8, broken float8) LANGUAGE plpgsql AS $$
BEGIN
	RETURN QUERY EXECUTE format($q$
		SELECT customer, score, e.kept, e.broken FROM (%s) AS q (customer, score) FULL
			JOIN expected e USING (customer)
		WHERE (is_close(kept(score), e.kept) AND is_close(broken(score), e.broken)
			AND as_of(score) = latest AND half_life(score) = '30 days') IS NOT TRUE $q$, query);
END
$$;

-- ---- plain

SELECT is((SELECT count(*) FROM expected), 40::bigint, 'every customer has promises');
SELECT is_empty(format('SELECT * FROM differences(%L)', query), regexp_replace(query, '\s+', ' ',
	'g')) FROM unnest(ARRAY[
	'SELECT customer, score_agg(kept, broken, at, half_life) FROM promise GROUP BY customer',
	'SELECT customer, score_agg(kept, broken, at, half_life ORDER BY at) FROM promise '
		'GROUP BY customer',
	'SELECT customer, score_agg(kept, broken, at, half_life ORDER BY at DESC) FROM promise '
		'GROUP BY customer',
	'SELECT customer, score_agg(kept, broken, at, half_life ORDER BY nr) FROM promise '
		'GROUP BY customer',
	'SELECT customer, score_agg(kept, broken, at, half_life) FROM (SELECT * FROM promise '
		'ORDER BY random()) AS p GROUP BY customer',
	'SELECT customer, trust_ledger.sum(score) FROM promise GROUP BY customer',
	'SELECT customer, trust_ledger.sum(score ORDER BY at) FROM promise GROUP BY customer',
	'SELECT customer, trust_ledger.sum(score ORDER BY at DESC) FROM promise GROUP BY customer',
	'SELECT customer, trust_ledger.sum(score) FROM (
		SELECT customer, score_agg(kept, broken, at, half_life) FROM promise GROUP BY customer, '
			'kind) AS k (customer, score) GROUP BY customer']) AS query;
SELECT is(score_agg(kept, broken, at, half_life)::text, 'empty', 'score_agg() of ' || what)
FROM (VALUES ('nothing'), ('NULLs')) AS w (what) LEFT JOIN promise ON what = 'NULLs'
	AND (kept, broken, at, half_life) IS NOT NULL IS FALSE GROUP BY what;
SELECT is(score_agg(kept, broken, at, half_life)::text, 'empty', 'score_agg() of no rows')
	FROM promise WHERE false;
SELECT is(trust_ledger.sum(score)::text, 'empty', 'sum() of no rows') FROM promise WHERE false;
SELECT is(trust_ledger.sum(score)::text, 'empty', 'sum() of NULLs') FROM promise
	WHERE score IS NULL;
SELECT is(trust_ledger.sum(score)::text, 'empty', 'sum() of empty scores')
	FROM unnest('{empty,NULL,empty}'::trust_score[]) AS score;
SELECT is(score_agg(DISTINCT kept, broken, '2026-11-22', '1 day')::text,
	'(6,3,2026-11-22T00:00:00+00:00,P1D)', 'DISTINCT') FROM (VALUES (1, 2), (1, 2), (5, 1)) AS e
	(kept, broken);

SELECT throws_ok('SELECT score_agg(kept, broken, at::timestamptz, half_life::interval)
		FROM (VALUES (1::float8, 0::float8, ''2026-11-22'', ''1 day''), ' || second
			|| ') AS e (kept, broken, at, half_life)', code, NULL, 'score_agg() over ' || second)
FROM (VALUES ($$(1, 0, '2026-11-22', '2 days')$$, '22023'), ($$(0, 0, '2026-11-22', '2 days')$$,
	'22023'), ($$(1, 0, '2026-11-22', '1 month')$$, '22023'), ($$(1, 0, '2026-11-22', '0')$$,
	'22023'),
	($$(-1, 0, '2026-11-22', '1 day')$$, '22003'), ($$(0, 'NaN', '2026-11-22', '1 day')$$, '22003'),
	($$(1e12, 0, '2026-11-22', '1 day')$$, '22003'),
	($$(1, 0, 'infinity', '1 day')$$, '22008'),
	($$(1, 0, '-infinity', '1 day')$$, '22008')) AS s (second, code);
SELECT throws_ok(format('SELECT trust_ledger.sum(score) FROM unnest(%L::trust_score[]) AS score',
	scores), code, NULL, 'sum() over ' || scores)
FROM (VALUES ('{"(1,0,2026-11-22T00:00:00+00:00,P1D)","(1,0,2026-11-22T00:00:00+00:00,P2D)"}',
	'22023'),
	('{"(1e12,0,2026-11-22T00:00:00+00:00,P1D)",empty,"(1,0,2026-11-22T00:00:00+00:00,P1D)"}',
		'22003')) AS s (scores, code);

-- ---- subsets

SELECT is_empty($$ SELECT *
	FROM differences('SELECT customer, score_agg(kept, broken, at, half_life) FILTER (WHERE nr '
	'> 0) FROM promise GROUP BY customer') $$,
	'FILTER with all rows');
CREATE VIEW in_order AS SELECT * FROM promise ORDER BY nr OFFSET 0;
SELECT results_eq($$ SELECT customer, score_agg(kept, broken, at, half_life) FILTER
	(WHERE kind = 'call')::text FROM in_order GROUP BY customer ORDER BY 1 $$,
	$$ SELECT customer, score_agg(kept, broken, at, half_life)::text FROM in_order
		WHERE kind = 'call' GROUP BY customer ORDER BY 1 $$, 'FILTER is WHERE');

-- Sorted and hashed grouping sets carry several states at once.
CREATE VIEW by_sets AS
SELECT customer, kind, score_agg(kept, broken, at, half_life) AS agg,
	trust_ledger.sum(score) AS sum, count(*) AS n
FROM promise GROUP BY GROUPING SETS ((customer, kind), (customer), (kind), ());
CREATE VIEW one_by_one AS
SELECT customer, kind, score_agg(kept, broken, at, half_life) AS agg, count(*) AS n FROM promise
	GROUP BY customer, kind
UNION ALL SELECT customer, NULL, score_agg(kept, broken, at, half_life), count(*) FROM promise
	GROUP BY customer
UNION ALL SELECT NULL, kind, score_agg(kept, broken, at, half_life), count(*) FROM promise
	GROUP BY kind
UNION ALL SELECT NULL, NULL, score_agg(kept, broken, at, half_life), count(*) FROM promise;
CREATE FUNCTION sets_that_differ() RETURNS SETOF text LANGUAGE sql AS $$
	SELECT format('%s %s', s, o) FROM by_sets s FULL JOIN one_by_one o ON coalesce(s.customer,
		-1) = coalesce(o.customer, -1) AND coalesce(s.kind, 'all') = coalesce(o.kind, 'all')
	WHERE (s.n = o.n AND is_close(s.agg, o.agg) AND is_close(s.sum, o.agg)) IS NOT TRUE
$$;
\ir ../../helpers/plans.sql
SELECT is_empty('SELECT sets_that_differ()', 'GROUPING SETS, hashed')
	WHERE plan_of('SELECT * FROM by_sets') ~ 'MixedAggregate|HashAggregate';
SET enable_hashagg = off;
SELECT is_empty('SELECT sets_that_differ()', 'GROUPING SETS, sorted')
	WHERE plan_of('SELECT * FROM by_sets') ~ 'GroupAggregate';
RESET enable_hashagg;

-- States that are spilled to disk.
SET work_mem = '64kB';
SET enable_sort = off;
SELECT is((SELECT count(*) FROM (SELECT nr % 20000 AS nr, score_agg(1, 2, '2026-11-22', '1 day')
	AS score FROM generate_series(1, 60000) AS nr GROUP BY 1) AS s
	WHERE score = '(3,6,2026-11-22T00:00:00+00:00,P1D)'), 20000::bigint,
		'a hash aggregate that spills');
RESET work_mem;
RESET enable_sort;

-- ---- in parallel

SET max_parallel_workers_per_gather = 2;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET parallel_leader_participation = off;
CREATE TABLE query (nr integer, query text);
INSERT INTO query VALUES
	(1, 'SELECT customer, score_agg(kept, broken, at, half_life) AS score FROM promise '
		'GROUP BY customer'),
	(2, 'SELECT customer, trust_ledger.sum(score) AS score FROM promise GROUP BY customer'),
	(3, 'SELECT customer, score_agg(kept, broken, at, half_life) FILTER (WHERE nr > 0) AS score '
		'FROM promise GROUP BY customer');
SELECT matches(plan_of(query),
	'Gather(.|\n)*Partial (Group|Hash)?Aggregate(.|\n)*Parallel Seq Scan', 'planned in parallel: '
	|| query) FROM query ORDER BY nr;
-- CREATE TABLE AS runs the parallel plan; inside a function it would not be parallel.
SELECT format('CREATE TABLE parallel_%s AS %s', nr, query) FROM query ORDER BY nr \gexec
SELECT is_empty(format($$ SELECT * FROM differences('SELECT customer, score FROM parallel_%s') $$,
	nr), 'the same as one process: ' || query) FROM query ORDER BY nr;
SELECT matches(plan_of('SELECT score_agg(kept, broken, at, half_life) FROM promise'),
	'Finalize Aggregate(.|\n)*Partial Aggregate', 'one group in parallel');
CREATE TABLE parallel_one AS
SELECT score_agg(kept, broken, at, half_life) AS agg, trust_ledger.sum(score) AS sum,
	score_agg(kept, broken, at, half_life) FILTER (WHERE nr < 0) AS none
FROM promise;
SET max_parallel_workers_per_gather = 0;
SELECT ok(is_close(agg, score_agg(kept, broken, at, half_life)) AND is_close(sum,
	score_agg(kept, broken, at, half_life)), 'all of it in parallel')
FROM parallel_one, promise GROUP BY agg, sum;
SELECT is(none::text, 'empty', 'workers that saw no rows') FROM parallel_one;

CREATE TABLE divided (LIKE promise) PARTITION BY HASH (customer);
SELECT format('CREATE TABLE divided_%1$s PARTITION OF divided FOR VALUES WITH (MODULUS 3, '
	'REMAINDER %1$s)', part) FROM generate_series(0, 2) AS part \gexec
INSERT INTO divided SELECT * FROM promise;
ANALYZE divided;
SET enable_partitionwise_aggregate = on;
SELECT matches(plan_of('SELECT customer, score_agg(kept, broken, at, half_life) FROM divided '
	'GROUP BY customer'), '^Append\s+->\s+HashAggregate', 'partition by partition');
SELECT is_empty($$ SELECT *
	FROM differences('SELECT customer, score_agg(kept, broken, at, half_life) FROM divided '
	'GROUP BY customer') $$, 'the same as undivided');
SELECT matches(plan_of('SELECT kind, score_agg(kept, broken, at, half_life) FROM divided '
	'GROUP BY kind'), 'Finalize(.|\n)*Append(.|\n)*Partial HashAggregate',
	'partition by partition, and then all');
SELECT is_empty($$ SELECT d, p FROM (SELECT kind, score_agg(kept, broken, at, half_life) AS score
	FROM divided GROUP BY kind) AS d
	FULL JOIN (SELECT kind, score_agg(kept, broken, at, half_life) AS score FROM in_order
		GROUP BY kind) AS p USING (kind)
	WHERE is_close(d.score, p.score) IS NOT TRUE $$, 'the same as undivided');
RESET enable_partitionwise_aggregate;

-- ---- over windows

CREATE TABLE framed AS SELECT nr, customer, kind, kept, broken, at, half_life, score,
	rank() OVER (ORDER BY at, nr) AS place FROM promise WHERE nr <= 300;
ANALYZE framed;
-- A frame, and the condition for its rows, with f the current row and r another one.
SELECT is_empty(format($$
	SELECT w.nr, w.agg, w.sum, s.slow
	FROM (SELECT *, score_agg(kept, broken, at, half_life) OVER w AS agg, trust_ledger.sum(score)
		OVER w AS sum FROM framed WINDOW w AS (%1$s)) AS w
	JOIN (SELECT f.nr, (SELECT score_agg(kept, broken, at, half_life) FROM framed r WHERE %2$s)
		AS slow FROM framed f) AS s USING (nr)
	WHERE (is_close(w.agg, slow) AND is_close(w.sum, slow)) IS NOT TRUE $$, frame, rows), frame)
FROM (VALUES
	('ORDER BY place ROWS BETWEEN 5 PRECEDING AND CURRENT ROW',
		'r.place BETWEEN f.place - 5 AND f.place'),
	('ORDER BY place ROWS BETWEEN 3 PRECEDING AND 2 PRECEDING',
		'r.place BETWEEN f.place - 3 AND f.place - 2'),
	('ORDER BY place ROWS BETWEEN CURRENT ROW AND 7 FOLLOWING',
		'r.place BETWEEN f.place AND f.place + 7'),
	('ORDER BY place ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING', 'r.place >= f.place'),
	('ORDER BY place DESC ROWS BETWEEN 4 PRECEDING AND 1 FOLLOWING',
		'r.place BETWEEN f.place - 1 AND f.place + 4'),
	('ORDER BY place', 'r.place <= f.place'),
	('PARTITION BY kind ORDER BY place', 'r.kind = f.kind AND r.place <= f.place'),
	('PARTITION BY kind', 'r.kind = f.kind'),
	('ORDER BY place ROWS BETWEEN 5 PRECEDING AND 5 FOLLOWING EXCLUDE CURRENT ROW',
		'r.place BETWEEN f.place - 5 AND f.place + 5 AND r.place <> f.place'),
	('ORDER BY at RANGE BETWEEN interval ''60 days'' PRECEDING AND CURRENT ROW',
		'CASE WHEN f.at IS NULL THEN r.at IS NULL ELSE r.at BETWEEN f.at - interval ''60 days'' '
		'AND f.at END'),
	('ORDER BY customer GROUPS BETWEEN 1 PRECEDING AND 1 FOLLOWING',
		'r.customer IN (f.customer, (SELECT max(customer) FROM framed WHERE customer '
			'< f.customer), (SELECT min(customer) FROM framed WHERE customer > f.customer))')) AS w
			(frame, rows);

-- A running score is the aggregate's state, which the next row changes: results that were returned
-- before must not change.
SELECT is(array_agg(score ORDER BY n)::text[],
	array_agg(format('(%s,%s,2026-11-22T00:00:00+00:00,P1D)', n, 2 * n) ORDER BY n),
	'running scores, kept together')
FROM (SELECT n, score_agg(1, 2, '2026-11-22', '1 day') OVER (ORDER BY n) FROM generate_series(1,
	100) AS n) AS r (n, score);
SELECT is(array_agg(before)::text[], array_agg(CASE n WHEN 1 THEN NULL
	ELSE format('(%s,0,2026-11-22T00:00:00+00:00,P1D)', n - 1) END), 'and looked back on')
FROM (SELECT n, lag(score) OVER (ORDER BY n)
	FROM (SELECT n, score_agg(1, 0, '2026-11-22', '1 day') OVER (ORDER BY n) FROM generate_series(1,
		100) AS n) AS r (n, score)) AS l (n, before);

-- The transition functions do not change their arguments when they are called directly.
CREATE TABLE given AS SELECT nr, score FROM promise WHERE score IS NOT NULL;
CREATE TABLE untouched AS SELECT * FROM given;
SELECT is_empty($$
	SELECT nr, before, score FROM (
		SELECT nr, score::text AS before, score_accum(score, 1, 1, '2027-01-01', '30 days')
			AS accumulated, score + score AS fused,
			decay(score, '2027-01-01') AS faded, score
		FROM given OFFSET 0) AS s
	WHERE before <> score::text OR as_of(accumulated) < '2027-01-01' OR kept(fused) < kept(score)
		OR as_of(faded) < '2027-01-01' $$, 'a row''s score is not written to');
SELECT results_eq('SELECT nr, score::text FROM given ORDER BY nr',
	'SELECT nr, score::text FROM untouched ORDER BY nr', 'nor the table''s');
DO $$
DECLARE
	score trust_score := '(1,1,2026-11-22T00:00:00+00:00,P1D)';
	again trust_score;
BEGIN
	FOR i IN 1 .. 10 LOOP
		again := score_accum(score, 1, 1, '2026-11-22', '1 day');
	END LOOP;
	CREATE TABLE variable AS SELECT score::text, again::text;
END
$$;
SELECT results_eq('SELECT * FROM variable',
	$$ VALUES ('(1,1,2026-11-22T00:00:00+00:00,P1D)', '(2,2,2026-11-22T00:00:00+00:00,P1D)') $$,
	'nor a variable');

SELECT * FROM finish();
