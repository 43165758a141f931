-- Trends, views, scores and explanations of a thousand random ledgers, compared with slow versions
-- of them in plain SQL.
CREATE EXTENSION pgtap;
CREATE EXTENSION trust_ledger;
SELECT plan(82);

SET timezone = 'UTC';
SELECT trust_ledger.create_ledger() \g /dev/null
SELECT trust_ledger.set_ledger(half_life => '60 days') \g /dev/null
\ir ../../helpers/random_ledgers.sql
\ir ../../helpers/reference_scores.sql
SELECT setseed(0.271828) \g /dev/null
CALL random_actors(200);

CREATE TABLE way (by text, views boolean);
INSERT INTO way VALUES ('customer', true), ('promiser', true), ('backer', true), ('kind', true),
('backing', false), ('all', false);

-- Makes random ledger n alone, and compares all of it, with random steps. Rolled back.
CREATE FUNCTION alone(n int) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	step  interval := any_of('1 month', '1 year', '7 days', '1 month 10 days', '1 day 03:00',
		'1000:00', '90 days');
	since timestamptz := now() - interval '800 days' * random();
	until timestamptz := greatest(since + step * 100 * random() + interval '1 us', now() - interval
		'300 days' * random());
	as_of timestamptz := now() - interval '700 days' * random();
	known timestamptz := CASE WHEN random() < 0.3 THEN 'infinity' ELSE as_of + interval '100 days' *
		(random() - 0.5) END;
	found text;
BEGIN
	PERFORM set_config('TimeZone', any_of('UTC', 'Europe/Berlin', 'America/New_York',
		'Asia/Kolkata', 'Pacific/Apia'), true);
	-- until lies in the past, so that now() leaves it alone
	until := least(until, now());
	since := least(since, until - step - interval '1 us');
	PERFORM random_ledger(n, n);
	PERFORM record_as_drawn();
	INSERT INTO course SELECT * FROM reference_course;
	SELECT string_agg(format('%s by %s: %s of %s differ, %s; ', what, by, differ, compared,
		example), '') INTO found
	FROM (
		SELECT 'trend as ' || basis AS what, by, d.* FROM way, unnest('{occurred,recorded}'::text[])
			AS basis, trend_differs(by, step, since, until, basis) AS d
		UNION ALL
		SELECT 'view', by, d.* FROM way, view_differs(by) AS d WHERE views
		UNION ALL
		SELECT 'scores', by, d.* FROM way, scores_differ(by, as_of, known, 1000) AS d) AS c
	WHERE differ > 0;
	found := coalesce(found, format('as it was%s', CASE WHEN count(*) = 0 THEN ', of nothing' END))
		FROM course;
	RAISE SQLSTATE 'OK000';
EXCEPTION WHEN SQLSTATE 'OK000' THEN
	RETURN found;
END
$$;
SELECT is(alone(n), 'as it was', format('ledger %s by itself', n)) FROM generate_series(1, 40) AS n;

-- All together.
SELECT setseed(0.577215) \g /dev/null
SELECT random_ledger(n, 1 + n % 200) FROM generate_series(1, 1000) AS n \g /dev/null
SELECT record_as_drawn() \g /dev/null
INSERT INTO course SELECT * FROM reference_course;
ANALYZE course, trust.ledger;

-- Each kind of event happens in them.
SELECT cmp_ok(happens::int, '>=', least, format('%s happens', what))
FROM (SELECT count(*) FILTER (WHERE overdue_at < until AND opened AND NOT ended AND outcome IS NULL)
	AS overdue,
		count(*) FILTER (WHERE becomes <> before) AS revised,
		count(*) FILTER (WHERE opened AND NOT ended AND outcome IS NULL AND at > overdue_at
			AND backer IS DISTINCT FROM backer_before) AS passed_on,
		count(*) FILTER (WHERE settled_at < settled_before) AS settled_earlier,
		count(*) FILTER (WHERE at = date_trunc('month', at)) AS at_a_bound
	FROM (SELECT *, lag(outcome) OVER w AS before, lag(backer) OVER w AS backer_before,
		lag(settled_at) OVER w AS settled_before FROM course
		WINDOW w AS (PARTITION BY basis, promise ORDER BY at)) c) AS h,
	LATERAL (VALUES ('being overdue', overdue, 2000), ('another verdict', revised, 1000),
		('another backer of what is overdue', passed_on, 300),
		('an act at a step''s begin', at_a_bound, 2000)) AS v (what, happens, least);
SELECT cmp_ok(count(e.event)::int, '>=', least, format('%s happens', what))
FROM (VALUES ('paused', 100), ('resumed', 50), ('breach_admitted', 50), ('breach_repaired', 100),
	('declined', 30), ('noted', 30)) AS w (what, least)
LEFT JOIN trust.entry e ON e.event = what
GROUP BY what, least;
SELECT cmp_ok(count(e.event)::int, '>=', 10, format('%s is relayed, and does not stand', what))
FROM unnest('{accepted,amended,released,assessed}'::text[]) AS what LEFT JOIN trust.entry
	e ON e.event = what AND e.relayed AND NOT e.stands
GROUP BY what;
SELECT cmp_ok(count(e.event)::int, '>=', 1, format('%s is confirmed', what))
FROM unnest('{released,breach_repaired,assessed}'::text[]) AS what LEFT JOIN trust.entry
	e ON e.event = what AND e.refers_to IS NOT NULL
GROUP BY what;
SELECT cmp_ok(count(*)::int, '>=', 1000, 'acts are entered later than others that came after them')
FROM (SELECT occurred_at < max(occurred_at) OVER (PARTITION BY promise ORDER BY seq) AS late
	FROM trust.entry WHERE promise IS NOT NULL) e WHERE late;

SELECT is(differ || coalesce(': ' || example, ''), '0', format('trend by %s, %s', by, basis))
FROM way, unnest('{occurred,recorded}'::text[]) AS basis, trend_differs(by, '2 months',
	date_trunc('month', now()) - interval '26 months', now() - interval '9 days', basis);
SELECT is(differ || coalesce(': ' || example, ''), '0', format('view by %s', by)) FROM way,
	view_differs(by) WHERE views;
SELECT is(differ || coalesce(': ' || example, ''), '0', format('scores by %s', by))
FROM way, scores_differ(by, now() - interval '150 days', now() - interval '170 days', CASE
	WHEN by = 'customer' THEN 500 ELSE 10 END);

-- The score of now is the stored one: as what explains it, and as it is at this instant.
SELECT is(count(*) FILTER (WHERE NOT (is_near(trust_ledger.kept(now), v.evidence_kept)
	AND is_near(trust_ledger.broken(now), v.evidence_broken)
		AND trust_ledger.as_of(now) IS NOT DISTINCT FROM trust_ledger.as_of(v.score)
		AND is_near(trust_ledger.kept(now), trust_ledger.kept(explained))
			AND is_near(trust_ledger.broken(now), trust_ledger.broken(explained)))),
	0::bigint, 'customer_score() says what customer_trust and explain_trust() say')
FROM trust.customer_trust v, trust_ledger.customer_score(v.customer) AS now,
	LATERAL (SELECT trust_ledger.sum(x.score) AS explained
		FROM trust_ledger.explain_trust('customer', v.customer) x) AS x;
SELECT is(count(*) FILTER (WHERE NOT (is_near(trust_ledger.kept(now), v.evidence_kept)
	AND is_near(trust_ledger.broken(now), v.evidence_broken))), 0::bigint,
	'promiser_score() says what promiser_trust says')
FROM (SELECT * FROM trust.promiser_trust ORDER BY md5(promiser) LIMIT 200) v,
	trust_ledger.promiser_score(v.promiser) AS now;

SELECT * FROM finish();
