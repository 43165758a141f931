-- The type trust_score: its text, invalid input, fading and fusing.

CREATE EXTENSION pgtap;
SELECT plan(147);
CREATE EXTENSION trust_ledger;
SET search_path = public, trust_ledger;
SET TimeZone = 'UTC';
SELECT setseed(0.3);

\ir ../../helpers/calls.sql

-- The SQLSTATE of a text as a score; by a soft error, if PostgreSQL has them.
SELECT current_setting('server_version_num')::integer >= 160000 AS soft \gset
\if :soft
CREATE FUNCTION outcome_of_text(input text) RETURNS text LANGUAGE sql
RETURN (SELECT coalesce(sql_error_code, 'ok') FROM pg_input_error_info(input,
	'trust_ledger.trust_score'));
\else
CREATE FUNCTION outcome_of_text(input text) RETURNS text LANGUAGE sql
RETURN sqlstate_of(format('SELECT %L::trust_score', input));
\endif

-- A random number that evidence can be, of any magnitude.
CREATE FUNCTION any_evidence() RETURNS float8 LANGUAGE sql VOLATILE AS $$
	SELECT CASE floor(random() * 6)
		WHEN 0 THEN 0
		WHEN 1 THEN floor(random() * 1000)
		WHEN 2 THEN random() * 1e12
		WHEN 3 THEN round((random() * 1000)::numeric, 3)
		WHEN 4 THEN 1e12 - floor(random() * 3)
		ELSE ((1 + 8.9 * random()) || 'e' || floor(random() * 335) - 323)::float8
	END
$$;

CREATE TABLE sample (nr integer PRIMARY KEY, kept float8, broken float8, as_of timestamptz,
	half_life interval, score trust_score);
INSERT INTO sample (nr, kept, broken, as_of, half_life)
SELECT nr, any_evidence(), any_evidence(),
	'4714-11-24 00:00 BC'::timestamptz + floor(random() * 109203527) * interval '1 day' +
		floor(random() * 86400e6) * interval '1 us',
	floor(exp(random() * ln(36525 * 86400e6))) * interval '1 us'
FROM generate_series(1, 20000) AS nr;
UPDATE sample SET as_of = edge FROM unnest(ARRAY['4714-11-24 00:00 BC',
	'294276-12-31 23:59:59.999999', '2000-01-01', '1999-12-31 23:59:59.999999',
	'0001-01-01', '0001-12-31 23:59:59.999999 BC', '0044-03-15 BC', '0044-03-15', '0099-12-31',
		'9999-12-31 23:59:59.9', '10000-01-01', '99999-12-31',
	'100000-01-01 00:00:00.000001', '1883-11-18 17:00', '2026-03-29 01:30',
		'2026-10-25 01:30']::timestamptz[]) WITH ORDINALITY AS e (edge, edge_nr)
WHERE nr = edge_nr;
UPDATE sample SET half_life = edge FROM unnest(ARRAY['1 us', '36525 days', '1 day', '24 hours',
	'36524 days 23:59:59.999999', '1 ms', '59 s', '60 s',
	'23:59:59.999999', '1 day 1 us']::interval[]) WITH ORDINALITY AS e (edge, edge_nr)
WHERE nr = edge_nr + 8;
UPDATE sample SET kept = edge, broken = 1 - edge
	FROM unnest('{0,1,5e-324,2.2250738585072014e-308,0.1,0.3}'::float8[]) WITH ORDINALITY AS e
	(edge, edge_nr)
WHERE nr = edge_nr + 3;
UPDATE sample SET score = trust_score(kept, broken, as_of, half_life);

-- ---- text

SELECT is_empty($$
	SELECT nr, score FROM sample
	WHERE (kept(score), broken(score), as_of(score), half_life(score)) IS DISTINCT
		FROM (kept, broken, as_of, half_life) $$,
	'a score has what it was made of');
SELECT is_empty($$
	SELECT nr, score FROM sample WHERE score::text::trust_score <> score
		OR trust_score_send(score::text::trust_score) <> trust_score_send(score) $$,
	'a score goes through text unchanged');
SET IntervalStyle = iso_8601;
SELECT is_empty($$
	SELECT nr, score FROM sample WHERE score::text <> format('(%s,%s,%s,%s)', kept, broken,
		to_json(as_of) #>> '{}', justify_hours(half_life)) $$,
	'its text: shortest decimals, the instant as ISO 8601 in UTC, the half-life as ISO 8601');
RESET IntervalStyle;

-- The settings under which a score is written differently than here, or read differently than it
-- was written.
CREATE FUNCTION settings_that_bear_on(scores trust_score[]) RETURNS SETOF text LANGUAGE
	plpgsql AS $$
DECLARE
	texts CONSTANT text[] := scores;
	settings record;
BEGIN
	FOR settings IN
		SELECT *
		FROM unnest('{ISO,Postgres,SQL,German}'::text[]) AS style, unnest('{MDY,DMY,YMD}'::text[])
			AS field_order,
			unnest('{postgres,postgres_verbose,sql_standard,iso_8601}'::text[]) AS intervals,
			unnest('{UTC,America/New_York,Asia/Kathmandu,Europe/London,Antarctica/Troll,'
				'<-03>+03:30}'::text[]) AS zone,
			unnest('{-15,0,1,3}'::text[]) AS digits
	LOOP
		PERFORM set_config('DateStyle', settings.style || ', ' || settings.field_order, true),
			set_config('IntervalStyle', settings.intervals, true),
			set_config('TimeZone', settings.zone, true), set_config('extra_float_digits',
				settings.digits, true);
		IF scores::text[] <> texts THEN
			RETURN NEXT format('written: %s', settings);
		END IF;
		IF texts::trust_score[] <> scores THEN
			RETURN NEXT format('read: %s', settings);
		END IF;
	END LOOP;
END
$$;
SELECT is_empty($$ SELECT settings_that_bear_on(array_agg(score ORDER BY nr)) FROM sample
	WHERE nr <= 150 $$,
	'no DateStyle, IntervalStyle, TimeZone and extra_float_digits bears on how a score is written '
		'or read');

CREATE FUNCTION read_and_written(input text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	RETURN input::trust_score;
EXCEPTION
	WHEN OTHERS THEN RETURN SQLSTATE;
END
$$;
SELECT is(outcome_of_text(input) || ' ' || read_and_written(input), 'ok ' || text, 'text: '
	|| input)
FROM (VALUES
	('empty', 'empty'),
	('(12.5,3,2026-11-22T10:00:00+00:00,P180D)', '(12.5,3,2026-11-22T10:00:00+00:00,P180D)'),
	('(0,0,2026-11-22T10:00:00+00:00,P1D)', '(0,0,2026-11-22T10:00:00+00:00,P1D)'),
	('(-0,-0.0e5,2026-11-22T10:00:00+00:00,P1D)', '(0,0,2026-11-22T10:00:00+00:00,P1D)'),
	('(1e12,1000000000000,2026-11-22T10:00:00+00:00,P1D)',
		'(1000000000000,1000000000000,2026-11-22T10:00:00+00:00,P1D)'),
	('(5e-324,0.1000000000000000055511151231257827,2026-11-22T10:00:00+00:00,P1D)',
		'(5e-324,0.1,2026-11-22T10:00:00+00:00,P1D)'),
	('(+1,.5,2026-11-22T10:00:00+00:00,P1D)', '(1,0.5,2026-11-22T10:00:00+00:00,P1D)'),
	('( 1 , 2 ,2026-11-22T10:00:00+00:00,P1D)', '(1,2,2026-11-22T10:00:00+00:00,P1D)'),
	('(1,2,2026-11-22T10:00:00.5+00:00,P1D)', '(1,2,2026-11-22T10:00:00.5+00:00,P1D)'),
	('(1,2,2026-11-22T24:00:00+00:00,P1D)', '(1,2,2026-11-23T00:00:00+00:00,P1D)'),
	('(1,2,2026-06-30T23:59:60+00:00,P1D)', '(1,2,2026-07-01T00:00:00+00:00,P1D)'),
	('(1,2,0044-03-15T00:00:00+00:00 BC,P1D)', '(1,2,0044-03-15T00:00:00+00:00 BC,P1D)'),
	('(1,2,0044-03-15T00:00:00+00:00,P1D)', '(1,2,0044-03-15T00:00:00+00:00,P1D)'),
	('(1,2,2026-11-22T10:00:00+00:00,PT24H)', '(1,2,2026-11-22T10:00:00+00:00,P1D)'),
	('(1,2,2026-11-22T10:00:00+00:00,PT36H)', '(1,2,2026-11-22T10:00:00+00:00,P1DT12H)'),
	('(1,2,2026-11-22T10:00:00+00:00,PT3155760000S)', '(1,2,2026-11-22T10:00:00+00:00,P36525D)'),
	('(1,2,2026-11-22T10:00:00+00:00,PT1.5000000000S)', '(1,2,2026-11-22T10:00:00+00:00,PT1.5S)'),
	('(1,2,2026-11-22T10:00:00+00:00,PT0.000001S)', '(1,2,2026-11-22T10:00:00+00:00,PT0.000001S)'),
	('(1,2,2026-11-22T10:00:00+00:00,P36525D)', '(1,2,2026-11-22T10:00:00+00:00,P36525D)')) AS good
		(input, text);

-- $: a good part in its place
CREATE TABLE bad (input text, code text);
INSERT INTO bad SELECT replace(replace(input, '$instant', '2026-11-22T10:00:00+00:00'),
	'$half_life', 'P1D'), code FROM (VALUES
	('', '22P02'), (' ', '22P02'), ('EMPTY', '22P02'), (' empty', '22P02'), ('empty ', '22P02'),
	('emptyx', '22P02'), ('empt', '22P02'),
	('()', '22P02'), ('(', '22P02'), ('(1', '22P02'), ('(1,2', '22P02'), ('(1,2,$instant', '22P02'),
	('(1,2,$instant,$half_life', '22P02'),
	('(1,2,$instant)', '22P02'), ('(1,2,$instant,)', '22P02'), ('(1,2,,$half_life)', '22P02'),
	('(,2,$instant,$half_life)', '22P02'),
	('(1,,$instant,$half_life)', '22P02'), ('1,2,$instant,$half_life', '22P02'),
	(' (1,2,$instant,$half_life)', '22P02'),
	('(1,2,$instant,$half_life) ', '22P02'), ('(1,2,$instant,$half_life)x', '22P02'),
	('(1,2,$instant,$half_life,)', '22P02'),
	('(1,2,$instant,$half_life))', '22P02'), ('(1,2,3,$instant,$half_life)', '22P02'),
	('[1,2,$instant,$half_life)', '22P02'), ('(1,2,$instant,$half_life]', '22P02'),
	('(1;2;$instant;$half_life)', '22P02'), ('("1",2,$instant,$half_life)', '22P02'),
	('(one,2,$instant,$half_life)', '22P02'),
	('(1 2,$instant,$half_life)', '22P02'), ('(1_0,2,$instant,$half_life)', '22P02'),
	('(1,2e,$instant,$half_life)', '22P02'),
	('(-1,2,$instant,$half_life)', '22003'), ('(1,-5e-324,$instant,$half_life)', '22003'),
	('(NaN,2,$instant,$half_life)', '22003'),
	('(1,nan,$instant,$half_life)', '22003'), ('(Infinity,2,$instant,$half_life)', '22003'),
	('(1,-inf,$instant,$half_life)', '22003'),
	('(1e13,2,$instant,$half_life)', '22003'), ('(1,1e13,$instant,$half_life)', '22003'),
	('(1000000000000.001,2,$instant,$half_life)', '22003'),
	('(1e400,2,$instant,$half_life)', '22003'), ('(1,1e-400,$instant,$half_life)', '22003'),
	-- depends on a setting, or is no instant
	('(1,2,infinity,$half_life)', '22P02'), ('(1,2,-infinity,$half_life)', '22P02'),
	('(1,2,now,$half_life)', '22P02'), ('(1,2,epoch,$half_life)', '22P02'),
	('(1,2,2026-11-22,$half_life)', '22P02'), ('(1,2,2026-11-22T10:00:00,$half_life)', '22P02'),
	('(1,2,2026-11-22T10:00:00Z,$half_life)', '22P02'),
	('(1,2,2026-11-22T10:00:00+01:00,$half_life)', '22P02'),
	('(1,2,2026-11-22T10:00:00-00:00,$half_life)', '22P02'),
	('(1,2,2026-11-22 10:00:00+00:00,$half_life)', '22P02'),
	('(1,2,22-11-2026T10:00:00+00:00,$half_life)', '22P02'),
	('(1,2,26-11-22T10:00:00+00:00,$half_life)', '22P02'),
	('(1,2,2026-11-22T10:00:00.+00:00,$half_life)', '22P02'),
	('(1,2,2026-11-22T10:00:00.1234567+00:00,$half_life)', '22P02'),
	('(1,2, $instant,$half_life)', '22P02'), ('(1,2,$instant ,$half_life)', '22P02'),
	('(1,2,2026-02-30T10:00:00+00:00,$half_life)', '22008'),
	('(1,2,2026-13-01T10:00:00+00:00,$half_life)', '22008'),
	('(1,2,2026-11-22T25:00:00+00:00,$half_life)', '22008'),
	('(1,2,0000-01-01T00:00:00+00:00,$half_life)', '22008'),
	('(1,2,4714-11-23T23:59:59+00:00 BC,$half_life)', '22008'),
	('(1,2,294277-01-01T00:00:00+00:00,$half_life)', '22008'),
	('(1,2,999999-01-01T00:00:00+00:00,$half_life)', '22008'),
	('(1,2,$instant,1 day)', '22P02'), ('(1,2,$instant, $half_life)', '22P02'),
	('(1,2,$instant,86400)', '22P02'), ('(1,2,$instant,-P1D)', '22P02'),
	('(1,2,$instant,P0D)', '22023'), ('(1,2,$instant,PT0S)', '22023'),
	('(1,2,$instant,PT0.0000001S)', '22023')) AS b (input, code);
SELECT is(sqlstate_of(format('SELECT %L::trust_score', input)), code, 'no text of a score: '
	|| input) FROM bad;
SELECT is_empty('SELECT * FROM bad WHERE outcome_of_text(input) <> code',
	'asked for softly, they are refused alike');

-- A duration that cannot be a half-life.
CREATE TABLE bad_half_life (half_life) AS VALUES
	('P1M'), ('P1Y'), ('P1Y1D'), ('P36526D'), ('P36525DT0.000001S'), ('P-1D'), ('PT-1S'),
	('P1DT-1S'), ('P9999999999D'), ('PT9999999999999999H'),
	('P99999999999999999999D'), ('P999999999Y'), ('P-999999999Y'), ('P999999999W'),
	('PT999999999H'), ('PT999999999999M'), ('PT3155760001S');
SELECT is_empty($$
	SELECT half_life, sqlstate_of(format('SELECT %L::trust_score', text)), outcome_of_text(text)
	FROM bad_half_life, LATERAL (SELECT format('(1,2,2026-11-22T10:00:00+00:00,%s)', half_life))
		AS t (text)
	WHERE (sqlstate_of(format('SELECT %L::trust_score', text)), outcome_of_text(text)) IS DISTINCT
		FROM ('22023', '22023') $$,
	'a half-life that is no length, negative or too long is refused as such, however far out');
SELECT is_empty($$
	SELECT half_life, sqlstate_of(format('SELECT %L::trust_score', text)), outcome_of_text(text)
	FROM (VALUES ('P'), ('P1'), ('P1X'), ('PM 1 day'), ('P1D ago'), ('P1e300D'), ('PT1e9999H'),
		('PPP1D')) AS b (half_life),
		LATERAL (SELECT format('(1,2,2026-11-22T10:00:00+00:00,%s)', half_life)) AS t (text)
	WHERE (sqlstate_of(format('SELECT %L::trust_score', text)), outcome_of_text(text)) IS DISTINCT
		FROM ('22P02', '22P02') $$,
	'what is no duration at all is a syntax error');

-- ---- in arrays and rows, whose text quotes a score's commas and parentheses

CREATE TYPE scored AS (name text, score trust_score);
SELECT is(ARRAY['(1,2,2026-11-22T10:00:00+00:00,P1D)', NULL, 'empty']::trust_score[]::text,
	'{"(1,2,2026-11-22T10:00:00+00:00,P1D)",NULL,empty}', 'an array of scores');
SELECT is(ROW('x', '(1,2,2026-11-22T10:00:00+00:00,P1D)')::scored::text,
	'(x,"(1,2,2026-11-22T10:00:00+00:00,P1D)")', 'a row with a score');
SELECT is(array_agg(ROW(nr::text, score)::scored ORDER BY nr)::text::scored[],
	array_agg(ROW(nr::text, score)::scored ORDER BY nr), 'an array of rows of scores')
FROM sample;

-- ---- made of evidence

SELECT is(sqlstate_of('SELECT ' || call), code, call) FROM (VALUES
	('trust_score(0, 0, ''2026-11-22'', ''1 us'')', 'ok'),
	('trust_score(1e12, 1e12, ''2026-11-22'', ''36525 days'')', 'ok'),
	('trust_score(-1, 0, ''2026-11-22'', ''1 day'')', '22003'),
	('trust_score(0, -5e-324, ''2026-11-22'', ''1 day'')', '22003'),
	('trust_score(''NaN'', 0, ''2026-11-22'', ''1 day'')', '22003'),
	('trust_score(0, ''NaN'', ''2026-11-22'', ''1 day'')', '22003'),
	('trust_score(''Infinity'', 0, ''2026-11-22'', ''1 day'')', '22003'),
	('trust_score(0, ''-Infinity'', ''2026-11-22'', ''1 day'')', '22003'),
	('trust_score(1000000000000.001, 0, ''2026-11-22'', ''1 day'')', '22003'),
	('trust_score(0, 1e13, ''2026-11-22'', ''1 day'')', '22003'),
	('trust_score(1, 0, ''infinity'', ''1 day'')', '22008'),
	('trust_score(1, 0, ''-infinity'', ''1 day'')', '22008'),
	('trust_score(1, 0, ''2026-11-22'', ''0'')', '22023'),
	('trust_score(1, 0, ''2026-11-22'', ''-1 day'')', '22023'),
	('trust_score(1, 0, ''2026-11-22'', ''1 month'')', '22023'),
	('trust_score(1, 0, ''2026-11-22'', ''1 month -30 days'')', '22023'),
	('trust_score(1, 0, ''2026-11-22'', ''2 days -1 hour'')', '22023'),
	('trust_score(1, 0, ''2026-11-22'', ''36525 days 1 us'')', '22023'),
	('trust_score(1, 0, ''2026-11-22'', ''2000000000 days'')', '22023')) AS c (call, code);
SELECT is(trust_score('-0', '-0', '2026-11-22', '1 day')::text,
	'(0,0,2026-11-22T00:00:00+00:00,P1D)', '-0 is 0');

-- ---- fading

\ir ../../helpers/close.sql

SELECT is(round(kept(decay(trust_score(1, 0, '2026-11-01', '30 days'), '2026-11-11'))::numeric, 14),
	0.79370052598410,
	'half-life 30 days, age 10 days: what is left of 1');
SELECT is_empty($$
	SELECT nr, score FROM sample
	WHERE decay(score, as_of) <> score OR decay(score, '4714-11-24 00:00 BC') <> score
		OR as_of > '4713-01-01 BC' AND decay(score, as_of - interval '1 us') <> score $$,
	'nothing fades backwards: an earlier instant leaves the score, its own too');
-- The smallest numbers have few significant bits.
SELECT is_empty($$
	SELECT score, faded FROM (
		SELECT score, decay(score, as_of + half_life) AS faded FROM sample
		WHERE as_of < '294176-01-01' AND least(nullif(kept, 0), nullif(broken, 0)) > 1e-300) AS s
	WHERE (kept(faded), broken(faded), as_of(faded), half_life(faded)) IS DISTINCT
		FROM (kept(score) / 2, broken(score) / 2, as_of(score) + half_life(score), half_life(score))
		$$,
	'after the half-life it is half, to the bit');
SELECT is(decay(trust_score(1e12, 1, '4714-11-24 00:00 BC', '36525 days'),
	'294276-12-31 23:59:59.999999')::text,
	'(0,0,294276-12-31T23:59:59.999999+00:00,P36525D)',
		'from the first instant to the last: an age beyond 64 bits of microseconds');
SELECT is_empty($$
	SELECT score, b, c FROM (
		SELECT score, as_of + half_life * (5 * random()) AS b, as_of + half_life * (10 * random())
			AS c FROM sample
		WHERE as_of < '293000-01-01' AND least(nullif(kept, 0), nullif(broken, 0)) > 1e-300) AS s
	WHERE NOT is_close(decay(decay(score, least(b, c)), greatest(b, c)),
		decay(score, greatest(b, c))) $$,
	'fading in two steps has the same result as in one');
SELECT is(decay('empty', '2026-11-22')::text, 'empty', 'the empty score does not fade');
SELECT is(sqlstate_of(format('SELECT decay(%L, %L)', score, instant)),
	'22008', format('%s does not fade to %s', score, instant))
FROM (VALUES ('empty'), ('(1,2,2026-11-22T10:00:00+00:00,P1D)')) AS s (score),
(VALUES ('infinity'), ('-infinity')) AS i (instant);

-- ---- fusing

-- Three of them do not exceed the limit, and none fades to numbers with few significant bits.
CREATE FUNCTION some_evidence() RETURNS float8 LANGUAGE sql VOLATILE AS $$
	SELECT CASE WHEN evidence < 1e-200 THEN 0 ELSE least(evidence, 3e11) END
		FROM any_evidence() AS evidence
$$;
CREATE TABLE fused (nr integer PRIMARY KEY, a trust_score, b trust_score, c trust_score);
INSERT INTO fused
SELECT nr, trust_score(some_evidence(), some_evidence(), '2026-01-01'::timestamptz + random() *
	interval '300 days', half_life),
	trust_score(some_evidence(), some_evidence(), '2026-01-01'::timestamptz + random() * interval
		'300 days', half_life),
	CASE nr % 10 WHEN 0 THEN 'empty' ELSE trust_score(some_evidence(), random(),
		'2026-01-01'::timestamptz + random() * interval '300 days', half_life) END
FROM generate_series(1, 5000) AS nr, LATERAL (SELECT (1 + nr % 400) * interval '1 day') AS h
	(half_life);

SELECT is_empty('SELECT a, b FROM fused WHERE (a + b)::text <> (b + a)::text OR (a + c)::text '
	'<> (c + a)::text', 'a + b is b + a, to the bit');
SELECT is_empty('SELECT a, b, c FROM fused WHERE NOT is_close((a + b) + c, a + (b + c))',
	'(a + b) + c is a + (b + c)');
SELECT is_empty($$ SELECT a FROM fused WHERE (a + 'empty')::text <> a::text OR ('empty' + a)::text
	<> a::text $$, 'the empty score changes nothing, on neither side');
SELECT is(fuse('empty', 'empty')::text, 'empty', 'two empty scores are one');
SELECT is_empty($$
	SELECT a, b FROM fused, LATERAL (SELECT greatest(as_of(a), as_of(b))) AS l (latest)
	WHERE a + b <> trust_score(kept(decay(a, latest)) + kept(decay(b, latest)),
		broken(decay(a, latest)) + broken(decay(b, latest)), latest, half_life(a)) $$,
	'fusing adds the evidence as of the later instant');
SELECT is(('(1,2,2026-11-11T00:00:00+00:00,P10D)'::trust_score +
	'(4,8,2026-11-21T00:00:00+00:00,P10D)')::text, '(4.5,9,2026-11-21T00:00:00+00:00,P10D)',
	'the earlier of the two fades');
SELECT is((trust_score(5e11, 1e12, '2026-11-22', '1 day') + trust_score(5e11, 0, '2026-11-22',
	'1 day'))::text,
	'(1000000000000,1000000000000,2026-11-22T00:00:00+00:00,P1D)',
		'the most evidence that there can be');
SELECT is(sqlstate_of('SELECT ' || call), code, call) FROM (VALUES
	('trust_score(1, 0, ''2026-11-22'', ''1 day'') + trust_score(1, 0, ''2026-11-22'', ''1 day 1 '
		'us'')', '22023'),
	('trust_score(0, 0, ''2026-11-22'', ''1 day'') + trust_score(0, 0, ''2026-11-22'', ''2 days'')',
		'22023'),
	('trust_score(1e12, 0, ''2026-11-22'', ''1 day'') + trust_score(1, 0, ''2026-11-22'', ''1 '
		'day'')', '22003'),
	('trust_score(0, 1, ''2026-11-22'', ''1 day'') + trust_score(0, 1e12, ''2026-11-22'', ''1 '
		'day'')', '22003')) AS c (call, code);

-- ---- every function of the type

SELECT is_empty($$
	SELECT oid::regprocedure FROM pg_proc
	WHERE pronamespace = 'trust_ledger'::regnamespace AND prokind = 'f' AND (provolatile,
		proparallel, proisstrict) IS DISTINCT FROM ('i', 's', true)
		AND ('trust_score'::regtype = ANY (proargtypes) OR proname IN ('trust_score',
			'trust_score_in', 'trust_score_recv')) $$,
	'what takes or makes a score is immutable, strict and parallel safe');
SELECT is_empty($$
	SELECT oid::regprocedure FROM pg_proc
	WHERE pronamespace = 'trust_ledger'::regnamespace AND prokind = 'a'
		AND prorettype = 'trust_score'::regtype
		AND (provolatile, proparallel, proisstrict) IS DISTINCT FROM ('i', 's', false) $$,
	'so are the aggregates, which leave NULLs out by themselves');
SELECT is_empty($$
	SELECT call FROM (
		SELECT format('SELECT %s(%s) IS NULL', p.oid::regproc, string_agg(CASE nr WHEN null_nr
			THEN 'NULL' ELSE value END, ', ' ORDER BY nr))
		FROM pg_proc p, generate_series(1, pronargs) AS null_nr, unnest(proargtypes) WITH ORDINALITY
			AS a (type, nr)
		JOIN (VALUES ('trust_score'::regtype, '''empty''::trust_score'), ('float8', '0.5'),
			('timestamptz', 'now()'), ('interval', '''1 day''::interval'), ('bigint', '1'))
			AS v (value_type, value) ON value_type = type
		WHERE pronamespace = 'trust_ledger'::regnamespace AND prokind = 'f'
			AND ('trust_score'::regtype = ANY (proargtypes) OR proname = 'trust_score')
		GROUP BY p.oid, pronargs, null_nr) AS c (call)
	WHERE query_to_xml(call, false, true, '')::text NOT LIKE '%true%' $$,
	'NULL in, NULL out, whichever the argument');

SELECT * FROM finish();
