-- How trust moved in an incident log: what trust_trend(), the scores and the views say after
-- test/data/load, and the same computed here from the log's lines alone (schema incident_log).
-- What is known of each log was counted from its file by other means, the quantiles by R.
-- As the ledger's owner:
--	psql -v data=log -f trend.sql       (or data=sample, for sample.csv)

\set ON_ERROR_STOP on
SET timezone = 'UTC';
SET client_min_messages = warning;
SET work_mem = '64MB';
SET jit = off;

-- ---- the log by itself: who promised whom, how it ended, who stood behind it when ----

CREATE TEMP TABLE line AS
SELECT number, line, caller_id, opened_by, category, 'resolver ' || assigned_to AS backer, made_sla,
	opened_at, coalesce(resolved_at, closed_at) AS ended_at,
	greatest(opened_at, max(sys_updated_at) OVER incident) AS at,
	reopen_count > lag(reopen_count, 1, 0) OVER incident AS reopens
FROM incident_log.event
WINDOW incident AS (PARTITION BY number ORDER BY line);

-- Reopened once is broken, by the customer's word, at that instant; else made_sla says, at the end.
CREATE TEMP TABLE incident AS
WITH first AS (
	SELECT DISTINCT ON (number) * FROM line ORDER BY number, line
), last AS (
	SELECT DISTINCT ON (number) * FROM line ORDER BY number, line DESC
), reopened AS (
	SELECT number, min(at) AS at FROM line WHERE reopens GROUP BY number
)
SELECT f.number, coalesce(f.caller_id, '?') AS customer, coalesce('opener ' || f.opened_by,
	'service desk') AS promiser,
	'category ' || f.category AS kind, l.backer AS last_backer, f.opened_at,
	coalesce(r.at, greatest(f.opened_at, l.ended_at)) AS settled_at, l.made_sla
		AND r.at IS NULL AS kept
FROM first f JOIN last l USING (number) LEFT JOIN reopened r USING (number);

-- Who stood behind it from when to when; at first nobody. Who was replaced in the same minute never
-- did.
CREATE TEMP TABLE behind AS
SELECT *
FROM (
	SELECT number, backer, at AS since, lead(at, 1, 'infinity') OVER (PARTITION BY number
		ORDER BY line) AS until
	FROM (SELECT number, line, backer, at FROM line UNION ALL SELECT number, 0, NULL, opened_at
		FROM incident) l
) stretch
WHERE since < until;

CREATE TEMP TABLE month AS
SELECT since, since + interval '1 month' AS until, since + interval '1 month' - interval
	'1 microsecond' AS last
FROM (SELECT generate_series(date_trunc('month', min(opened_at)), max(settled_at),
	'1 month') AS since FROM incident) m;

SELECT min(since) AS since, max(until) AS until, max(last) AS last FROM month \gset

CREATE FUNCTION pg_temp.fading(since timestamptz, until timestamptz) RETURNS float8 LANGUAGE
	sql STABLE
RETURN power(2.0::float8, -extract(epoch FROM until - since)::float8 / extract(epoch
	FROM interval '180 days')::float8);

-- ---- trends computed from the log, and the ledger's ----

-- Each incident when it was opened, when somebody else stood behind it, when it was settled, and at
-- the end of each month from then on.
CREATE TEMP TABLE counted AS
WITH seen AS (
	SELECT i.*, 'opened' AS what, opened_at AS instant, date_trunc('month', opened_at) AS month,
		NULL::float8 AS weight
	FROM incident i
	UNION ALL
	SELECT i.*, 'backed', since, date_trunc('month', since), NULL FROM incident i JOIN behind USING
		(number)
	UNION ALL
	SELECT i.*, 'settled', settled_at, date_trunc('month', settled_at), NULL FROM incident i
	UNION ALL
	SELECT i.*, 'stands', m.last, m.since, pg_temp.fading(settled_at, m.last)
	FROM incident i JOIN month m ON m.until > i.settled_at
), placed AS (
	SELECT s.*, b.backer, CASE WHEN b.backer IS NULL THEN 'unbacked' ELSE 'backed' END AS backing
	FROM seen s JOIN behind b ON b.number = s.number AND b.since <= s.instant
		AND s.instant < b.until
)
SELECT CASE GROUPING(customer, promiser, kind, backing, backer) WHEN 31 THEN 'all' WHEN 15
	THEN 'customer'
		WHEN 23 THEN 'promiser' WHEN 27 THEN 'kind' WHEN 29 THEN 'backing' WHEN 30 THEN 'backer'
			END AS by,
	coalesce(customer, promiser, kind, backing, backer, '') AS key, month,
	count(*) FILTER (WHERE what = 'opened') AS opened,
	count(*) FILTER (WHERE what = 'settled' AND kept) AS kept,
	count(*) FILTER (WHERE what = 'settled' AND NOT kept) AS broken,
	count(*) FILTER (WHERE what = 'stands') AS stand,
	sum(weight) FILTER (WHERE kept) AS r, sum(weight) FILTER (WHERE NOT kept) AS s
FROM placed
GROUP BY month, GROUPING SETS ((), customer, promiser, kind, backing, backer);

-- Every key has every month; nobody is no backer.
CREATE TEMP TABLE reckoned AS
SELECT k.by, CASE k.by WHEN 'all' THEN 'all' ELSE k.key END AS key, m.since, m.until, m.last,
	coalesce(opened, 0) AS opened, coalesce(kept, 0) AS kept, coalesce(broken, 0) AS broken,
	coalesce(stand, 0) AS stand, coalesce(r, 0) AS r, coalesce(s, 0) AS s
FROM (SELECT DISTINCT by, key FROM counted WHERE key <> '' OR by <> 'backer') k CROSS JOIN month m
	LEFT JOIN counted c ON c.by = k.by AND c.key = k.key AND c.month = m.since;

CREATE TEMP TABLE trend AS
SELECT b.by, coalesce(t.key, '') AS key, t.step_from AS since, t.step_until AS until, t.score,
	t.expectation,
	t.uncertainty, t.opened, t.kept, t.partly_kept, t.broken, t.overdue
FROM unnest('{all,backing,customer,promiser,kind,backer}'::text[]) AS b (by),
	trust_ledger.trust_trend(b.by, '1 month', :'since', :'until') t;

-- To 1e-9 of all the evidence: what moves from one to another is rounded at its size.
CREATE FUNCTION pg_temp.is_score(score trust_ledger.trust_score, r float8, s float8, at timestamptz,
	stand bigint)
RETURNS boolean LANGUAGE sql STABLE
RETURN CASE WHEN stand = 0 THEN score::text = 'empty' ELSE
	abs(trust_ledger.kept(score) - r) <= 1e-9 * (r + s) AND abs(trust_ledger.broken(score) - s)
		<= 1e-9 * (r + s)
	AND trust_ledger.as_of(score) = at AND trust_ledger.half_life(score) = '180 days' END;

CREATE TEMP TABLE trend_compared AS
SELECT by, count(*) AS months, count(*) FILTER (WHERE
	t.until = r.until AND (t.opened, t.kept, t.partly_kept, t.broken, t.overdue) = (r.opened,
		r.kept, 0, r.broken, 0)
	AND pg_temp.is_score(t.score, r.r, r.s, r.last, r.stand)
	AND abs(t.expectation - (r.r + 1) / (r.r + r.s + 2)) <= 1e-9
	AND abs(t.uncertainty - 2 / (r.r + r.s + 2)) <= 1e-9) AS as_reckoned
FROM reckoned r FULL JOIN trend t USING (by, key, since)
GROUP BY by;

-- ---- the views of now ----

CREATE TEMP TABLE view_compared AS
WITH reckoned AS (
	SELECT by, coalesce(key, '') AS key, count(*) AS promises, count(*) FILTER (WHERE kept) AS kept,
		count(*) FILTER (WHERE NOT kept) AS broken, count(last_backer) / count(*)::float8
			AS share_backed,
		coalesce(sum(pg_temp.fading(settled_at, now())) FILTER (WHERE kept), 0) AS r,
		coalesce(sum(pg_temp.fading(settled_at, now())) FILTER (WHERE NOT kept), 0) AS s,
		percentile_cont(0.5) WITHIN GROUP (ORDER BY settled_at - opened_at) FILTER (WHERE kept)
			AS median_time_to_keep
	FROM incident,
		LATERAL (VALUES ('customer', customer), ('promiser', promiser), ('kind', kind),
			('backer', last_backer)) AS k (by, key)
	WHERE key IS NOT NULL OR by <> 'backer'
	GROUP BY 1, 2
), view (by, key) AS (
	SELECT 'customer', v.* FROM trust.customer_trust v
	UNION ALL SELECT 'promiser', v.* FROM trust.promiser_trust v
	UNION ALL SELECT 'kind', v.* FROM trust.kind_trust v
	UNION ALL SELECT 'backer', v.* FROM trust.backer_trust v
), named AS (
	SELECT by, coalesce(key, '') AS key, score, expectation, promises, proposed + open + overdue +
		released + withdrawn +
			withdrawn_late + released_late + due_moved + partly_kept AS others, kept, broken,
		share_backed, share_asserted, share_session + share_passkey + share_company_word
			AS other_shares, median_time_to_keep
	FROM view
)
SELECT by, count(*) AS keys, count(*) FILTER (WHERE
	(v.promises, v.kept, v.broken, v.others) = (r.promises, r.kept, r.broken, 0)
	AND (v.share_backed, v.share_asserted, v.other_shares) = (r.share_backed, r.share_backed, 0)
	AND v.median_time_to_keep IS NOT DISTINCT FROM r.median_time_to_keep
	AND pg_temp.is_score(v.score, r.r, r.s, now(), 1)
	AND abs(v.expectation - (r.r + 1) / (r.r + r.s + 2)) <= 1e-9) AS as_reckoned
FROM reckoned r FULL JOIN named v USING (by, key)
GROUP BY by;

-- ---- what is known of each log ----

WITH compared (what, found) AS (
	SELECT 'trend ' || by, format('%s of %s', as_reckoned, months) FROM trend_compared
	UNION ALL
	SELECT 'view ' || by, format('%s of %s', as_reckoned, keys) FROM view_compared
), monthly AS (
	SELECT key, string_agg(opened::text, ' ' ORDER BY since) AS opened, string_agg(kept::text, ' '
		ORDER BY since) AS kept,
		string_agg(broken::text, ' ' ORDER BY since) AS broken,
		string_agg(round(expectation::numeric, 6)::text, ' ' ORDER BY since) AS expectation
	FROM trend WHERE by IN ('all', 'backing') GROUP BY key
), handful AS (
	SELECT r.*, row_number() OVER (PARTITION BY by ORDER BY stand DESC, key) AS place
	FROM reckoned r WHERE since = date_trunc('month', :'last'::timestamptz)
), customer AS (
	SELECT r.*, trust_ledger.customer_score(key, r.last) AS score, trust_ledger.customer_score(key,
		r.last, r.last) AS known
	FROM reckoned r WHERE by = 'customer' AND (key = '?' OR key IN (SELECT key FROM handful
		WHERE by = 'customer' AND place <= 5))
), promiser AS (
	SELECT r.*, trust_ledger.promiser_score(key, r.last) AS score
	FROM handful r WHERE by = 'promiser' AND place <= 3
), explained AS (
	SELECT count(*) AS rows, count(*) FILTER (WHERE outcome = 'kept') AS kept,
		count(*) FILTER (WHERE outcome = 'broken' AND whose_word = 'customer') AS by_customer,
		trust_ledger.sum(score) AS score, sum(share) AS share
	FROM trust_ledger.explain_trust('all', as_of => :'last')
), ranked AS (
	SELECT key || ' ' || round(trust_ledger.lower_bound(score)::numeric, 6) AS promiser,
		row_number() OVER (
		ORDER BY trust_ledger.lower_bound(score) DESC, key) AS place
	FROM trust_ledger.trust_trend('promiser', '1 month', :'since', :'until')
	WHERE step_until = :'until'
), fact (nr, fact, log, sample, found) AS (VALUES
	-- month by month, as counted and reckoned from the file
	(1, 'promises opened, month by month', '207 8995 7934 7508 5 14 15 12 16 26 37 94 55', '7 5',
		(SELECT opened FROM monthly WHERE key = 'all')),
	(2, 'became kept', '34 3242 6269 5876 143 9 8 7 6 17 22 50 53', '3 3', (SELECT kept FROM monthly
		WHERE key = 'all')),
	(3, 'became broken', '2 4119 2146 1698 754 132 65 44 71 43 32 33 43', '0 6',
		(SELECT broken FROM monthly WHERE key = 'all')),
	(4, 'expectation at the month''s end',
		'0.920995 0.444464 0.612283 0.671004 0.647691 0.643001 0.640467 0.638640 0.635151 0.633212 '
			'0.632012 0.631722 0.630810',
		'0.798694 0.494553', (SELECT expectation FROM monthly WHERE key = 'all')),
	(5, '  with a human behind it then',
		'0.866547 0.442316 0.618569 0.676557 0.652292 0.647456 0.644797 0.642908 0.639305 0.637294 '
			'0.636105 0.635769 0.634368',
		'0.798694 0.537305', (SELECT expectation FROM monthly WHERE key = 'backed')),
	(6, '  with none',
		'0.919944 0.465458 0.465827 0.465580 0.468199 0.467913 0.469032 0.469053 0.469078 0.469104 '
			'0.467280 0.467316 0.491072',
		'0.500000 0.404647', (SELECT expectation FROM monthly WHERE key = 'unbacked')),
	-- every month of every key, against the log's lines
	(10, 'months of the whole as reckoned from the log', '13 of 13', '2 of 2',
		(SELECT found FROM compared WHERE what = 'trend all')),
	(11, 'months by backing', '26 of 26', '4 of 4', (SELECT found FROM compared
		WHERE what = 'trend backing')),
	(12, 'months by customer', '68185 of 68185', '14 of 14', (SELECT found FROM compared
		WHERE what = 'trend customer')),
	(13, 'months by promiser', '2704 of 2704', '8 of 8', (SELECT found FROM compared
		WHERE what = 'trend promiser')),
	(14, 'months by kind', '754 of 754', '12 of 12', (SELECT found FROM compared
		WHERE what = 'trend kind')),
	(15, 'months by backer', '3029 of 3029', '12 of 12', (SELECT found FROM compared
		WHERE what = 'trend backer')),
	-- scores of then
	(20, 'customer_score() of then, of those with most promises and of ?', '78 of 78', '10 of 10',
		(SELECT format('%s of %s', count(*) FILTER (WHERE pg_temp.is_score(score, r, s, last,
			stand)), count(*)) FROM customer)),
	(21, '  as known then: everything was entered later', '0', '0', (SELECT count(*)::text
		FROM customer WHERE known::text <> 'empty')),
	(22, 'promiser_score() of then, of those with most promises', '3 of 3', '3 of 3',
		(SELECT format('%s of %s', count(*) FILTER (WHERE pg_temp.is_score(score, r, s, last,
			stand)), count(*)) FROM promiser)),
	(23, 'explain_trust() of all: rows, kept, broken by the customer''s word', '24918 15736 275',
		'12 6 2',
		(SELECT format('%s %s %s', rows, kept, by_customer) FROM explained)),
	(24, '  and their sum is the score', 'true', 'true',
		(SELECT (pg_temp.is_score(e.score, r, s, last, stand) AND abs(share - 1) <= 1e-9)::text
		 FROM explained e, handful WHERE by = 'all')),
	(25, 'by recording, opened since the load began', '24918', '12',
		(SELECT sum(opened)::text FROM trust_ledger.trust_trend('all', '1 day', basis => 'recorded',
			since => (SELECT min(recorded_at) FROM trust.entry)))),
	(26, 'where nobody says since when, the trend begins with the month of the first promise',
		'true', 'true',
		(SELECT (min(step_from) = :'since')::text FROM trust_ledger.trust_trend('all'))),
	(27, 'verdicts until the instant of the last: that one lies beyond', '24917', '11',
		(SELECT sum(kept + broken)::text FROM trust_ledger.trust_trend('all', '1 month', :'since',
			(SELECT max(settled_at) FROM incident)))),
	-- ranked
	(30, 'promisers by lower bound: few promises do not outrank many',
		'opener 460 0.852930, opener 472 0.803420, opener 20 0.772650, opener 180 0.772184, '
			'opener 463 0.751182, opener 508 0.729563',
		'opener 1 0.321814, opener 2 0.177200, service desk 0.125323, opener 3 0.018254',
		(SELECT string_agg(promiser, ', ' ORDER BY place) FROM ranked WHERE place <= 6)),
	-- views of now
	(40, 'customer_trust as reckoned from the log', '5245 of 5245', '7 of 7',
		(SELECT found FROM compared WHERE what = 'view customer')),
	(41, 'promiser_trust', '208 of 208', '4 of 4', (SELECT found FROM compared
		WHERE what = 'view promiser')),
	(42, 'kind_trust', '58 of 58', '6 of 6', (SELECT found FROM compared WHERE what = 'view kind')),
	(43, 'backer_trust', '220 of 220', '6 of 6', (SELECT found FROM compared
		WHERE what = 'view backer'))
)
SELECT fact, CASE :'data' WHEN 'log' THEN log WHEN 'sample' THEN sample END AS expected, found
FROM fact ORDER BY nr;
