-- The order and the hashes of trust scores, and the joins, groups and indexes that use them.

CREATE EXTENSION pgtap;
SELECT plan(77);
CREATE EXTENSION trust_ledger;
SET search_path = public, trust_ledger;
SET TimeZone = 'UTC';
SELECT setseed(0.5);

\ir ../../helpers/plans.sql

-- ---- the order

-- Scores that differ little: with the same expectation or evidence, or that differ in the last
-- digit or in one field.
CREATE TABLE sample (nr integer GENERATED ALWAYS AS IDENTITY, score trust_score);
INSERT INTO sample (score)
SELECT trust_score(kept, broken, as_of, half_life)
FROM (VALUES (0, 0), (1, 1), (3, 3), (2, 1), (1, 2), (5, 3), (0, 5e-324), (5e-324, 0), (1e12, 0),
	(0, 1e12), (1e12, 1e12), (1e12, 1e-6), (1e12, 2e-6), (1e-6, 1e12),
		(2e-6, 1e12), (7, 0.1), (7, 0.10000000000000002), (0.1, 7), (0.3, 0.3),
		(0.30000000000000004, 0.3)) AS e (kept, broken),
	unnest('{2026-01-01,2026-01-01 00:00:00.000001,1900-01-01,4714-11-24 00:00 BC,294276-12-31 '
		'23:59:59.999999}'::timestamptz[]) AS as_of,
	unnest('{1 us,180 days,36525 days}'::interval[]) AS half_life;
INSERT INTO sample (score) VALUES ('empty'), ('empty'),
(trust_score(1, 1, '2026-01-01', '180 days'));
INSERT INTO sample (score) SELECT trust_score(floor(random() * 5), floor(random() * 5),
	'2026-01-01', '1 day') FROM generate_series(1, 60);

-- The same in plain SQL: expectation at 1/2, evidence, the empty one first, instant, half-life;
-- then what is left.
CREATE VIEW ranked AS
SELECT nr, score, rank() OVER (ORDER BY expectation, evidence, as_of NULLS FIRST, half_life, kept,
	broken) AS rank
FROM (SELECT nr, score, (kept + 1) / (kept + broken + 2), kept + broken, as_of(score),
	half_life(score), kept, broken
	FROM sample, LATERAL (SELECT kept(score), broken(score)) AS e (kept, broken)) AS s (nr, score,
		expectation, evidence, as_of, half_life, kept, broken);
CREATE TABLE pair AS
SELECT a.score AS a, b.score AS b, sign(a.rank - b.rank)::integer AS expected,
	sign(trust_score_cmp(a.score, b.score))::integer AS found
FROM ranked a, ranked b;

SELECT is_empty('SELECT a, b, expected, found FROM pair WHERE found <> expected',
	'scores are in order of expectation, evidence, instant, half-life');
SELECT is_empty($$ SELECT a, b FROM pair WHERE found = 0 AND a::text <> b::text OR found <> 0
	AND a::text = b::text $$, 'equal are those that are the same');
SELECT cmp_ok((SELECT count(*) FROM pair WHERE found = 0), '>', (SELECT count(*) FROM sample),
	'some are equal');
SELECT is_empty('SELECT a, b FROM pair WHERE sign(trust_score_cmp(b, a)) <> -found',
	'the other way round it is the other way round');
SELECT is_empty($$
	SELECT a, b FROM pair
	WHERE (a < b, a <= b, a = b, a <> b, a >= b, a > b) IS DISTINCT FROM (found < 0, found <= 0,
		found = 0, found <> 0, found >= 0, found > 0) $$,
	'each operator says the same');
SELECT is_empty($$
	WITH ordered AS MATERIALIZED (SELECT score, row_number() OVER (ORDER BY score) AS place
		FROM sample)
	SELECT a.score, b.score FROM ordered a JOIN ordered b ON a.place < b.place
		WHERE trust_score_cmp(a.score, b.score) > 0 $$,
	'ORDER BY puts nobody behind one that is greater: the order is transitive');
SELECT is(ARRAY(SELECT score FROM sample ORDER BY score), ARRAY(SELECT score FROM ranked
	ORDER BY rank), 'ORDER BY');
SELECT is(ARRAY(SELECT score FROM sample ORDER BY score DESC), ARRAY(SELECT score FROM ranked
	ORDER BY rank DESC), 'ORDER BY ... DESC');

SELECT ok(a < b, format('%s before %s', a, b)) FROM (VALUES
	('(0,1,2026-01-01T00:00:00+00:00,P1D)'::trust_score, 'empty'::trust_score),
	('empty', '(0,0,4714-11-24T00:00:00+00:00 BC,PT0.000001S)'),
	('(0,0,2026-01-01T00:00:00+00:00,P1D)', '(1,1,1999-01-01T00:00:00+00:00,P1D)'),
	('(1,1,2026-01-01T00:00:00+00:00,P1D)', '(1,0,1999-01-01T00:00:00+00:00,P1D)'),
	('(1,1,2026-01-01T00:00:00+00:00,P2D)', '(1,1,2026-01-01T00:00:00.000001+00:00,P1D)'),
	('(1,1,2026-01-01T00:00:00+00:00,P1D)', '(1,1,2026-01-01T00:00:00+00:00,P1DT0.000001S)'),
	('(1e12,1e-6,2026-01-01T00:00:00+00:00,P1D)', '(1e12,2e-6,2026-01-01T00:00:00+00:00,P1D)'),
	('(1e-6,1e12,2026-01-01T00:00:00+00:00,P1D)', '(2e-6,1e12,2026-01-01T00:00:00+00:00,P1D)'),
	-- for sorting and not for ranking
	('(30,20,2026-01-01T00:00:00+00:00,P1D)', '(1,0,2026-01-01T00:00:00+00:00,P1D)')) AS p (a, b);

-- ---- equal values have equal hashes, however they were computed

SELECT is(ARRAY[a = b, trust_score_hash(a) = trust_score_hash(b),
	trust_score_hash_extended(a, 7) = trust_score_hash_extended(b, 7),
	trust_score_send(a) = trust_score_send(b)], '{t,t,t,t}', what)
FROM (SELECT trust_score '(3,0,2026-01-01T00:00:00+00:00,P1D)') AS s (s), LATERAL (VALUES
	('through text', s, s::text::trust_score),
	('other text', s, '(0.3e1,-0,2025-12-31T24:00:00+00:00,PT24H)'),
	('made of it', s, trust_score(3, '-0', '2026-01-01', '24:00')),
	('with nothing fused', s, s + 'empty'), ('fused with nothing', s, 'empty' + s),
	('fused', s, '(1,0,2026-01-01T00:00:00+00:00,P1D)'::trust_score +
		'(2,-0,2026-01-01T00:00:00+00:00,P1D)'),
	('faded', s, decay('(6,0,2025-12-31T00:00:00+00:00,P1D)', '2026-01-01')),
	('not faded', s, decay(s, '2025-01-01')),
	('accumulated', s, score_accum('(1,0,2026-01-01T00:00:00+00:00,P1D)', 4, '-0', '2025-12-31',
		'1 day')),
	('accumulated from nothing', s, score_accum('empty', 3, '-0', '2026-01-01', '1 day')),
	('aggregated', s, (SELECT score_agg(1, '-0', '2026-01-01', '1 day')
		FROM generate_series(1, 3))),
	('summed up', s, (SELECT trust_ledger.sum(score) FROM unnest(ARRAY[s, 'empty', NULL])
		AS score)),
	('empty, faded', 'empty', decay('empty', '2026-01-01')),
	('empty, of no rows', 'empty', (SELECT score_agg(1, 1, '2026-01-01', '1 day') WHERE false)),
	('of no evidence', trust_score(0, 0, '2026-01-01', '1 day'),
		trust_score('-0', '-0', '2026-01-01', '1 day')),
	('faded to nothing', trust_score(0, 0, '2026-01-01', '1 us'),
		decay(trust_score(1, 1, '2025-01-01', '1 us'), '2026-01-01'))) AS w (what, a, b);
SELECT is_empty('SELECT a, b FROM pair WHERE found = 0 AND (trust_score_hash(a) '
	'<> trust_score_hash(b) OR trust_score_hash_extended(a, 7) <> trust_score_hash_extended(b, 7))',
	'equal scores have equal hashes');

-- ---- hashes spread

-- Ten thousand scores that differ slightly, in one field only.
CREATE TABLE slight (field text, score trust_score);
INSERT INTO slight
SELECT field, trust_score(1 + CASE field WHEN 'kept' THEN n * 2.220446049250313e-16 ELSE 0 END,
	CASE field WHEN 'broken' THEN n ELSE 3 END,
	'2026-01-01'::timestamptz + CASE field WHEN 'as_of' THEN n ELSE 0 END * interval '1 us',
		interval '180 days' + CASE field WHEN 'half_life' THEN n ELSE 0 END * interval '1 us')
FROM generate_series(1, 10000) AS n, unnest('{kept,broken,as_of,half_life}'::text[]) AS field;
CREATE TABLE hashed AS
SELECT field, hash, value FROM slight, LATERAL (VALUES
	('hash', trust_score_hash(score)::bigint),
	('hash_extended, seed 0', trust_score_hash_extended(score, 0)),
	('hash_extended, seed 42', trust_score_hash_extended(score, 42))) AS h (hash, value);
-- 10,000 numbers of 32 bits have two alike once in a hundred times.
SELECT cmp_ok(count(DISTINCT value), '>=', 9998::bigint,
	format('%s tells scores apart that differ in %s', hash, field)) FROM hashed GROUP BY hash, field
	ORDER BY hash, field;
-- Chi square of 255 degrees of freedom: 255 on average, beyond 390 once in 10^7 times.
SELECT is_empty($$
	SELECT hash, field, shift, chi_square
	FROM (SELECT hash, field, shift, sum((n - 10000 / 256.0) ^ 2 / (10000 / 256.0)) +
		(256 - count(*)) * 10000 / 256.0
		FROM (SELECT hash, field, shift, count(*) AS n FROM hashed,
			unnest('{0,24,32,56}'::integer[]) AS shift
			WHERE shift < 32 OR hash <> 'hash' GROUP BY hash, field, shift, (value >> shift) &
				255) AS bucket
		GROUP BY 1, 2, 3) AS c (hash, field, shift, chi_square)
	WHERE chi_square > 390 $$,
		'the first and last bytes of every hash spread over their 256 values');
SELECT is_empty($$ SELECT score FROM slight WHERE trust_score_hash_extended(score, 0) & 4294967295
	<> trust_score_hash(score)::bigint & 4294967295 $$,
	'with seed 0, the longer hash begins with the shorter');
SELECT is((SELECT count(DISTINCT trust_score_hash_extended('(1,2,2026-01-01T00:00:00+00:00,P1D)',
	seed)) FROM generate_series(1, 1000) AS seed), 1000::bigint,
	'each seed has a hash of its own');

-- ---- what is built on them

SELECT ok(amvalidate(oid), 'operator class ' || opcname) FROM pg_opclass
	WHERE opcnamespace = 'trust_ledger'::regnamespace AND opcintype = 'trust_score'::regtype
	ORDER BY opcname;
SELECT is(count(*), 2::bigint, 'both are the default') FROM pg_opclass
	WHERE opcintype = 'trust_score'::regtype AND opcdefault;

CREATE TABLE customer (nr integer PRIMARY KEY, score trust_score);
INSERT INTO customer SELECT nr, trust_score(nr % 100, nr % 7, '2026-01-01', '1 day')
	FROM generate_series(1, 5000) AS nr;
INSERT INTO customer SELECT 5000 + nr, CASE nr % 2 WHEN 0 THEN 'empty'::trust_score END
	FROM generate_series(1, 10) AS nr;
CREATE TABLE other AS SELECT nr, score FROM customer WHERE nr % 3 = 0 OR nr > 5000;
ANALYZE customer, other;

-- The result of each query by text alone, and the plan to use.
SELECT 'SELECT count(*), sum(a.nr), sum(b.nr) '
	'FROM customer a JOIN other b ON a.score = b.score' AS joined \gset
CREATE TABLE joined AS SELECT count(*), sum(a.nr) AS a, sum(b.nr) AS b FROM customer a
	JOIN other b ON a.score::text = b.score::text;
SET enable_nestloop = off;
SET enable_hashjoin = off;
SELECT ok(plan_has(:'joined', 'Merge Join') , 'a merge join is planned');
SELECT results_eq(:'joined', 'SELECT * FROM joined', 'and joins what is equal');
SET enable_hashjoin = on;
SET enable_mergejoin = off;
SELECT ok(plan_has(:'joined', 'Hash Join'), 'a hash join is planned');
SELECT results_eq(:'joined', 'SELECT * FROM joined', 'and joins what is equal');
RESET enable_nestloop;
RESET enable_mergejoin;

SELECT 'SELECT score::text, n FROM (SELECT score, count(*) AS n FROM customer '
	'GROUP BY score OFFSET 0) AS g ORDER BY 1' AS grouped \gset
CREATE TABLE grouped AS SELECT score::text, count(*) AS n FROM customer GROUP BY 1;
SET enable_sort = off;
SELECT ok(plan_has('SELECT score, count(*) FROM customer GROUP BY score', 'HashAggregate'),
	'a hash aggregate is planned');
SELECT results_eq(:'grouped', 'SELECT * FROM grouped ORDER BY 1', 'and groups what is equal');
RESET enable_sort;
SET enable_hashagg = off;
SELECT ok(plan_has('SELECT score, count(*) FROM customer GROUP BY score', 'GroupAggregate'),
	'a sorted aggregate is planned');
SELECT results_eq(:'grouped', 'SELECT * FROM grouped ORDER BY 1', 'and groups what is equal');
SELECT is((SELECT count(DISTINCT score) FROM customer), (SELECT count(DISTINCT score::text)
	FROM customer), 'count(DISTINCT)');
SELECT is((SELECT count(*) FROM (SELECT DISTINCT score FROM customer) AS d),
	(SELECT count(*) FROM grouped), 'DISTINCT, sorted');
RESET enable_hashagg;
SELECT is((SELECT count(*) FROM (SELECT DISTINCT score FROM customer) AS d),
	(SELECT count(*) FROM grouped), 'DISTINCT');
SELECT is((SELECT count(*) FROM (SELECT score FROM customer EXCEPT SELECT score FROM other) AS e),
	(SELECT count(*) FROM (SELECT score::text FROM customer EXCEPT SELECT score::text FROM other)
		AS e), 'EXCEPT');
SELECT is(greatest('empty', trust_score(1, 0, '2026-01-01', '1 day'),
	trust_score(0, 9, '2026-01-01', '1 day'))::text, '(1,0,2026-01-01T00:00:00+00:00,P1D)',
	'greatest()');

SET enable_seqscan = off;
SET enable_bitmapscan = off;
CREATE INDEX ordered_score ON customer (score);
SELECT ok(plan_has('SELECT nr FROM customer ORDER BY score LIMIT 10',
	'Index Scan using ordered_score'), 'a btree index gives the order');
SELECT ok(plan_has('SELECT nr FROM customer WHERE score >= ''empty''',
	'Index Scan using ordered_score'), 'and a range');
SELECT results_eq($$ SELECT nr FROM customer WHERE score > 'empty'
	AND score <= '(50,0,2026-01-01T00:00:00+00:00,P1D)' ORDER BY nr $$,
	$$ SELECT nr FROM customer
		WHERE (score > 'empty' AND score <= '(50,0,2026-01-01T00:00:00+00:00,P1D)') IS TRUE
		OR nr < 0 ORDER BY nr $$, 'the same as without');
DROP INDEX ordered_score;
CREATE INDEX hashed_score ON customer USING hash (score);
SELECT ok(plan_has('SELECT nr FROM customer WHERE score = ''(3,3,2026-01-01T00:00:00+00:00,P1D)''',
	'Index Scan using hashed_score'), 'a hash index finds a score');
SELECT results_eq($$ SELECT nr FROM customer WHERE score = '(3,3,2026-01-01T00:00:00+00:00,P1D)'
	ORDER BY nr $$,
	$$ SELECT nr FROM customer WHERE score::text = '(3,3,2026-01-01T00:00:00+00:00,P1D)'
		ORDER BY nr $$, 'the same as without');
RESET enable_seqscan;
RESET enable_bitmapscan;

CREATE TABLE once (score trust_score PRIMARY KEY);
INSERT INTO once VALUES ('(0,1,2026-01-01T00:00:00+00:00,P1D)'), ('empty');
SELECT throws_ok($$ INSERT INTO once VALUES ('(-0,1e0,2025-12-31T24:00:00+00:00,PT24H)') $$,
	'23505', NULL, 'a key knows a score by its value');
SELECT lives_ok($$ INSERT INTO once VALUES ('(0,1,2026-01-01T00:00:00+00:00,P1DT0.000001S)') $$,
	'and one of another half-life as another');

-- Half-life and instant decide where the rest is equal, so ranges may be cut there.
CREATE TABLE by_range (score trust_score) PARTITION BY RANGE (score);
CREATE TABLE by_range_low PARTITION OF by_range FOR VALUES FROM (MINVALUE) TO ('empty');
CREATE TABLE by_range_high PARTITION OF by_range FOR VALUES FROM ('empty') TO (MAXVALUE);
CREATE TABLE by_hash (score trust_score) PARTITION BY HASH (score);
CREATE TABLE by_hash_0 PARTITION OF by_hash FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE by_hash_1 PARTITION OF by_hash FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE TABLE by_list (score trust_score) PARTITION BY LIST (score);
CREATE TABLE by_list_empty PARTITION OF by_list FOR VALUES IN ('empty',
	'(0,0,2026-01-01T00:00:00+00:00,P1D)');
CREATE TABLE by_list_rest PARTITION OF by_list DEFAULT;
INSERT INTO by_range SELECT score FROM customer WHERE score IS NOT NULL;
INSERT INTO by_hash SELECT score FROM customer;
INSERT INTO by_list SELECT score FROM customer;
SELECT is((SELECT array_agg(DISTINCT score < 'empty') FROM by_range_low)
	|| (SELECT array_agg(DISTINCT score < 'empty') FROM by_range_high),
	'{t,f}', 'partitions by range');
SELECT is((SELECT count(DISTINCT score::text) FROM by_list_empty), 2::bigint, 'partitions by list');
SELECT is((SELECT count(*) FROM (SELECT score FROM by_hash_0 INTERSECT SELECT score FROM by_hash_1)
	AS common WHERE score IS NOT NULL), 0::bigint,
	'partitions by hash');
SELECT ok((SELECT count(*) FROM by_hash_0) BETWEEN 1000 AND 4000, 'each has its share');
SELECT is((SELECT count(*) FROM by_hash WHERE score = '(3,3,2026-01-01T00:00:00+00:00,P1D)'),
	(SELECT count(*) FROM customer WHERE score::text = '(3,3,2026-01-01T00:00:00+00:00,P1D)'),
	'a score is looked for where it is');

SELECT * FROM finish();
