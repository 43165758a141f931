-- The opinion of a trust score: belief, disbelief, uncertainty; expectation; and the lower bound.
-- (test/beta_quantile compares the bound's arithmetic with R's.)

CREATE EXTENSION pgtap;
SELECT plan(92);
CREATE EXTENSION trust_ledger;
SET search_path = public, trust_ledger;
SET TimeZone = 'UTC';
SELECT setseed(0.4);

CREATE FUNCTION score_of(kept float8, broken float8) RETURNS trust_score LANGUAGE sql IMMUTABLE
RETURN trust_score(kept, broken, '2026-11-22', '180 days');

-- Numbers are compared to 1e-12 of what is expected, the bound to 1e-9.
\ir ../../helpers/close.sql

\ir ../../helpers/calls.sql

-- ---- the empty score, and simple ones

SELECT is(what, expected, 'the empty score: ' || name) FROM (SELECT trust_score 'empty') AS e
	(score), LATERAL (VALUES
	('kept', kept(score)::text, '0'), ('broken', broken(score)::text, '0'),
	('belief', belief(score)::text, '0'), ('disbelief', disbelief(score)::text, '0'),
	('uncertainty', uncertainty(score)::text, '1'), ('as_of', as_of(score)::text, NULL),
	('half_life', half_life(score)::text, NULL),
	('expectation', expectation(score)::text, '0.5'),
	('expectation of a known sort', expectation(score, 0.9)::text, '0.9')) AS w (name, what,
		expected);
SELECT is(ARRAY[belief(score), disbelief(score), uncertainty(score), expectation(score),
	expectation(score, 0), expectation(score, 1)], expected, score::text)
FROM (VALUES
	(score_of(0, 0), '{0,0,1,0.5,0,1}'::float8[]),
	(score_of(1, 0), ARRAY[1 / 3::float8, 0, 2 / 3::float8, 2 / 3::float8, 1 / 3::float8, 1]),
	(score_of(0, 2), '{0,0.5,0.5,0.25,0,0.5}'),
	(score_of(5, 1), '{0.625,0.125,0.25,0.75,0.625,0.875}'),
	(score_of(1e12, 0), ARRAY[1e12 / 1000000000002, 0, 2 / 1000000000002::float8,
		1000000000001 / 1000000000002::float8, 1e12 / 1000000000002, 1])) AS s (score, expected);
SELECT is(half_life(score_of(1, 2)), interval '180 days', 'the half-life in days');
SELECT is(half_life(trust_score(1, 2, '2026-11-22', '36:00:00'))::text, '1 day 12:00:00',
	'and what is less than a day');
SELECT is(as_of(score_of(1, 2)), timestamptz '2026-11-22', 'the instant');

-- ---- numbers from the literature

-- Evidence that stands for an opinion: r = 2b/u, s = 2d/u.
CREATE FUNCTION opinion(b numeric, d numeric, u numeric) RETURNS trust_score LANGUAGE sql RETURN
	score_of(2 * b / u, 2 * d / u);
SELECT ok(is_close(belief(score), b) AND is_close(disbelief(score), d)
	AND is_close(uncertainty(score), u), what)
FROM (VALUES
	('(.1,.3,.6)', opinion(.1, .3, .6), .1, .3, .6),
	('cumulative fusion of (.1,.3,.6), (.4,.2,.4) and (.7,.1,.2)', opinion(.1, .3, .6) + opinion(.4,
		.2, .4) + opinion(.7, .1, .2), 28 / 43.0, 9 / 43.0, 6 / 43.0),
	('the same in another order', opinion(.7, .1, .2) + (opinion(.1, .3, .6) + opinion(.4, .2, .4)),
		28 / 43.0, 9 / 43.0, 6 / 43.0)) AS o (what, score, b, d, u);

-- Ten kept and ten broken, one each ten days, with a half-life that leaves 0.9 of it in ten days.
CREATE TABLE course (nr integer, at timestamptz, half_life interval);
INSERT INTO course SELECT nr, '2026-01-01'::timestamptz + nr * interval '10 days',
	round(-864e9 * ln(2) / ln(0.9)) * interval '1 us' FROM generate_series(1, 20) AS nr;
SELECT is(round(expectation(score_agg(kept, 1 - kept, at, half_life))::numeric, 14), expected, what)
FROM course, LATERAL (VALUES ('ten kept, then ten broken', (nr <= 10)::integer, 0.30331482242277),
	('ten broken, then ten kept', (nr > 10)::integer, 0.69668517757723)) AS w (what, kept, expected)
GROUP BY what, expected;

-- ---- the lower bound: a quantile of Beta(r + 2a, s + 2(1-a))

SELECT ok(is_close(lower_bound(score_of(alpha - 2 * base_rate, beta - 2 * (1 - base_rate)),
	0.95, base_rate), expected, 1e-9),
	format('5 %% quantile of Beta(%s, %s), base rate %s', alpha, beta, base_rate))
FROM (VALUES
	(8, 2, .5, 0.57086445296856543), (8, 2, 0, 0.57086445296856543), (8, 2, 1, 0.57086445296856543),
	(11, 1, .5, 0.76159580961914734), (11, 1, 1, 0.76159580961914734),
	(96, 6, .5, 0.89873102833934753), (96, 6, .25, 0.89873102833934753),
	(3.25, 1.75, .5, 0.29656193921548776), (3.25, 1.75, .3, 0.29656193921548776),
	(1e5, 10, .5, 0.99984296723358675)) AS q (alpha, beta, base_rate, expected);
CREATE FUNCTION one_minus_exp(x float8) RETURNS float8 LANGUAGE sql IMMUTABLE RETURN -2 * exp(x / 2)
	* sinh(x / 2);
-- Beta(a, 1) has p^(1/a), Beta(1, b) has 1 - (1-p)^(1/b); each also by another base rate.
SELECT ok(bool_and(is_close(lower_bound(score_of(evidence, 0), confidence),
	power(1 - confidence, 1 / (evidence + 1)), 1e-9))
		AND bool_and(is_close(lower_bound(score_of(0, evidence), confidence),
			one_minus_exp(ln(confidence) / (evidence + 1)), 1e-9))
		AND bool_and(is_close(lower_bound(score_of(evidence, 1), confidence, 1),
			power(1 - confidence, 1 / (evidence + 2)), 1e-9))
		AND bool_and(is_close(lower_bound(score_of(1, evidence), confidence, 0),
			one_minus_exp(ln(confidence) / (evidence + 2)), 1e-9)),
	'only kept, or only broken: closed forms, at confidence ' || confidence)
FROM unnest('{0.001,0.05,0.1,0.5,0.9,0.95,0.99,0.999999}'::float8[]) AS confidence,
	unnest('{0,0.001,0.25,1,1.5,2,10,99.5,1000,123456,1e9}'::float8[]) AS evidence
GROUP BY confidence;
SELECT ok(bool_and(is_close(lower_bound('empty', confidence), 1 - confidence, 1e-9)),
	'of nothing: the uniform distribution''s, 1 - confidence')
FROM generate_series(0.001, 0.999, 0.001) AS confidence;
SELECT is(lower_bound(score), lower_bound(score, 0.95, 0.5), 'as it is by default, ' || score)
	FROM unnest(ARRAY['empty', score_of(3, 1)]) AS score;
SELECT is(expectation(score), expectation(score, 0.5), 'as it is by default, ' || score)
	FROM unnest(ARRAY['empty', score_of(3, 1)]) AS score;

-- Base rates of 0 and 1 are allowed.
SELECT is(lower_bound(score, confidence, base_rate), expected::float8,
	format('lower_bound(%s, %s, %s)', score, confidence, base_rate))
FROM (VALUES (trust_score 'empty', 0, 0), ('empty', 1, 1), (score_of(0, 0), 0, 0),
	(score_of(0, 7), 0, 0), (score_of(7, 0), 1, 1)) AS b (score, base_rate, expected),
	unnest('{0.05,0.95}'::float8[]) AS confidence;
SELECT ok(lower_bound(score, 0.95, base_rate) BETWEEN 0.001 AND 0.999,
	format('lower_bound(%s, 0.95, %s): something speaks against it', score, base_rate))
FROM (VALUES (score_of(1, 0), 0), (score_of(0, 1), 1)) AS b (score, base_rate);

SELECT ok(expectation(few) > expectation(many) AND lower_bound(few) < lower_bound(many),
	format('%s does not outrank %s', few, many))
FROM (VALUES (score_of(3, 0), score_of(70, 30)), (score_of(20, 0), score_of(1900, 100)),
	(score_of(1, 0), score_of(30, 20))) AS f (few, many);

-- ---- all together, on random scores

CREATE TABLE sample (score trust_score, r float8, s float8, confidence float8, base_rate float8);
INSERT INTO sample (r, s, confidence, base_rate)
SELECT CASE WHEN random() < 0.1 THEN 0 ELSE exp(30 * random() - 10) END, CASE WHEN random() < 0.1
	THEN 0 ELSE exp(30 * random() - 10) END, 0.01 + 0.98 * random(), random()
FROM generate_series(1, 2000);
UPDATE sample SET score = score_of(r, s);
SELECT is_empty($$ SELECT score FROM sample WHERE NOT is_close(belief(score) + disbelief(score) +
	uncertainty(score), 1) $$, 'belief, disbelief and uncertainty are all there is');
SELECT is_empty($$
	SELECT score FROM sample
	WHERE NOT is_close(belief(score), r / (r + s + 2)) OR NOT is_close(disbelief(score),
		s / (r + s + 2)) OR NOT is_close(uncertainty(score), 2 / (r + s + 2))
		OR NOT is_close(expectation(score), (r + 1) / (r + s + 2))
			OR NOT is_close(expectation(score, base_rate), (r + 2 * base_rate) / (r + s + 2)) $$,
			'each by its formula');
SELECT is_empty($$ SELECT score, base_rate FROM sample WHERE expectation(score, base_rate)
	NOT BETWEEN 0 AND 1 OR lower_bound(score, confidence, base_rate) NOT BETWEEN 0 AND 1 $$,
	'an expectation and a bound are shares');
SELECT is_empty($$ SELECT score FROM sample WHERE NOT lower_bound(score) < expectation(score) $$,
	'the bound lies below the expectation');

-- 1, -1 or 0 if it rises, falls or stays, except in the last digits.
CREATE FUNCTION trend(before float8, after float8) RETURNS integer LANGUAGE sql IMMUTABLE RETURN
	CASE WHEN is_close(after, before, 1e-11) THEN 0 ELSE sign(after - before) END;
SELECT is_empty($$
	SELECT score, confidence, base_rate FROM sample, LATERAL (SELECT lower_bound(score, confidence,
		base_rate)) AS b (bound)
	WHERE trend(bound, lower_bound(score_of(r * 1.01 + 0.01, s), confidence, base_rate)) < 0
		OR trend(bound, lower_bound(score_of(r, s * 1.01 + 0.01), confidence, base_rate)) > 0
		OR trend(bound, lower_bound(score, (confidence + 1) / 2, base_rate)) > 0 OR trend(bound,
			lower_bound(score, confidence, (base_rate + 1) / 2)) < 0
		OR trend(expectation(score, base_rate), expectation(score_of(r * 1.01 + 0.01, s),
			base_rate)) < 0
		OR trend(expectation(score, base_rate), expectation(score_of(r, s * 1.01 + 0.01),
			base_rate)) > 0 $$,
	'more kept never lowers a bound, nor more broken raises it; more confidence lowers it, '
		'a higher base rate raises it');
SELECT is_empty($$
	SELECT score, confidence, base_rate FROM sample, LATERAL (SELECT lower_bound(score, confidence,
		base_rate)) AS b (bound)
	WHERE r BETWEEN 0.1 AND 1000 AND s BETWEEN 0.1 AND 1000
		AND (trend(bound, lower_bound(score_of(r * 1.01, s), confidence, base_rate)) < 1
			OR trend(bound, lower_bound(score_of(r, s * 1.01), confidence, base_rate)) > -1
			OR trend(bound, lower_bound(score, (confidence + 1) / 2, base_rate)) > -1
				OR trend(bound, lower_bound(score, confidence, (base_rate + 1) / 2)) < 1) $$,
	'and moves where there is something to move');

-- ---- what is refused

SELECT is(sqlstate_of(format('SELECT lower_bound(%L, confidence => %L)', score, confidence)),
	'22003', format('lower_bound of %s at confidence %s', score, confidence))
FROM unnest('{empty,"(3,1,2026-11-22T00:00:00+00:00,P180D)"}'::text[]) AS score,
	unnest('{0,1,-0.1,1.1,NaN,Infinity}'::text[]) AS confidence;
SELECT is(sqlstate_of(format('SELECT %s(''empty'', base_rate => %L)', name, base_rate)), expected,
	format('%s at base rate %s', name, base_rate))
FROM unnest('{lower_bound,expectation}'::text[]) AS name,
	(VALUES ('-0.1', '22003'), ('1.1', '22003'), ('NaN', '22003'), ('-Infinity', '22003'),
		('-0', 'ok'), ('0', 'ok'), ('1', 'ok')) AS b (base_rate, expected);

SELECT * FROM finish();
