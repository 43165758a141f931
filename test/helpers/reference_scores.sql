-- Trust, slowly and obviously: what scores, explanations and trends say, from trust.entry in plain
-- SQL, for tests to compare with. To be included by a pgTAP file, with the ledger made.

SET jit = off;
CREATE INDEX ON trust.entry (promise);

-- As of when a promise is broken: the latest of the first verdict, and of those that weigh more as
-- broken than the one before; of these, not before due, if that was past when it was recorded. And
-- how it was broken before the last of these.
CREATE FUNCTION reference_broken(of_promise uuid, as_of timestamptz, known_at timestamptz,
	OUT broken_at timestamptz, OUT former_at timestamptz, OUT former float8)
LANGUAGE sql STABLE AS $$
	SELECT max(since), max(since) FILTER (WHERE seq < last_raise),
		coalesce(max(before) FILTER (WHERE seq = last_raise), 0) / 1000.0::float8
	FROM (
		SELECT seq, before, greatest(CASE WHEN n = 1 THEN occurred_at END, raised_at) AS since,
			max(seq) FILTER (WHERE raised_at IS NOT NULL) OVER () AS last_raise
		FROM (
			SELECT s.*, CASE WHEN weight_broken > before THEN greatest(occurred_at,
				CASE WHEN due_then < recorded_at THEN due_then
					WHEN due_then IS NOT NULL THEN recorded_at END) END AS raised_at
			FROM (
				SELECT row_number() OVER w AS n, lag(weight_broken, 1, 0) OVER w AS before, v.*,
					(SELECT d.due AS of_then FROM trust.entry d WHERE d.promise = of_promise
						AND d.seq < v.seq AND d.occurred_at <= as_of AND d.recorded_at <= known_at
						AND (d.event IN ('made', 'paused', 'resumed')
							OR d.event = 'amended' AND d.stands)
						ORDER BY d.seq DESC LIMIT 1) AS due_then
				FROM trust.entry v
				WHERE v.promise = of_promise AND v.verdict IS NOT NULL AND v.stands
					AND v.occurred_at <= as_of AND v.recorded_at <= known_at
				WINDOW w AS (ORDER BY v.seq)) s) r) x
$$;

-- How much a promise is broken by an instant, and since when.
CREATE FUNCTION reference_broken_by(by timestamptz, weight float8, since timestamptz,
	former float8, former_since timestamptz, otherwise timestamptz,
	OUT broken float8, OUT broken_at timestamptz)
LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE WHEN since <= by THEN weight WHEN before THEN least(weight, former) ELSE 0 END,
		CASE WHEN since <= by THEN since WHEN before THEN former_since ELSE otherwise END
	FROM (SELECT former > 0 AND former_since <= by AS before) b
$$;

-- What a promise was, by what had happened by one instant and was recorded by another: of each
-- thing what the last entry says of it, and the instant of the first verdict that stood.
CREATE FUNCTION reference_standing(of_promise uuid, as_of timestamptz, known_at timestamptz,
	OUT customer text, OUT promiser text, OUT kind text, OUT overdue_at timestamptz,
		OUT backer text, OUT opened boolean,
	OUT ended boolean, OUT outcome text, OUT whose_word text, OUT kept float8, OUT broken float8,
		OUT settled_at timestamptz, OUT broken_at timestamptz, OUT former_at timestamptz,
		OUT former float8)
RETURNS SETOF record LANGUAGE sql STABLE AS $$
	SELECT min(e.customer),
		(array_agg(e.promiser ORDER BY e.seq DESC) FILTER (WHERE e.terms))[1],
		(array_agg(e.kind ORDER BY e.seq DESC) FILTER (WHERE e.terms))[1],
		(array_agg(e.overdue_at ORDER BY e.seq DESC) FILTER (WHERE e.terms OR e.event IN ('paused',
			'resumed')))[1],
		(array_agg(e.backer ORDER BY e.seq DESC) FILTER (WHERE e.terms OR e.event IN ('backed',
			'backing_withdrawn')))[1],
		bool_or(e.state = 'open'),
		bool_or(e.event = 'withdrawn' OR e.event = 'released' AND e.stands IS NOT FALSE),
		(array_agg(e.verdict ORDER BY e.seq DESC) FILTER (WHERE e.says))[1],
		(array_agg(e.whose_word ORDER BY e.seq DESC) FILTER (WHERE e.says))[1],
		(array_agg(e.weight_kept ORDER BY e.seq DESC) FILTER (WHERE e.says))[1] / 1000.0::float8,
		(array_agg(e.weight_broken ORDER BY e.seq DESC) FILTER (WHERE e.says))[1] / 1000.0::float8,
		(array_agg(e.occurred_at ORDER BY e.seq) FILTER (WHERE e.says))[1],
		(SELECT b.broken_at AS since FROM reference_broken(of_promise, as_of, known_at) b),
		(SELECT b.former_at AS since FROM reference_broken(of_promise, as_of, known_at) b),
		(SELECT b.former AS weight FROM reference_broken(of_promise, as_of, known_at) b)
	FROM (SELECT *, event = 'made' OR event = 'amended' AND stands AS terms, verdict IS NOT NULL
		AND stands AS says
		  FROM trust.entry) e
	WHERE e.promise = of_promise AND e.occurred_at <= as_of AND e.recorded_at <= known_at
$$;

CREATE FUNCTION reference_fading(at timestamptz, now timestamptz, half_life interval) RETURNS float8
LANGUAGE sql IMMUTABLE AS $$
	SELECT power(0.5::float8, greatest(extract(epoch FROM now - at), 0)::float8 / extract(epoch
		FROM half_life)::float8)
$$;

CREATE FUNCTION reference_key(by text, customer text, promiser text, backer text, kind text)
	RETURNS text
LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE by WHEN 'customer' THEN customer WHEN 'promiser' THEN promiser WHEN 'backer'
		THEN backer WHEN 'kind' THEN kind
		WHEN 'backing' THEN CASE WHEN backer IS NULL THEN 'unbacked' ELSE 'backed' END
			ELSE 'all' END
$$;

-- Whose evidence of being broken a key carries, since when, and of promises recorded until when:
-- who was registered with the same login right before, or the customer for whom the same actor or
-- login was, or who retired with this successor; and those whose evidence these carried by then.
-- Several rows, if there are several ways.
CREATE FUNCTION reference_predecessors(by text, OUT key text, OUT predecessor text,
	OUT until timestamptz, OUT since timestamptz)
RETURNS SETOF record LANGUAGE sql STABLE AS $$
	WITH RECURSIVE registered AS (
		SELECT seq, recorded_at, subject, details->>'db_role' AS login,
			details->>'customer' AS customer
		FROM trust.entry WHERE event = 'actor_registered'
	), used AS MATERIALIZED (
		SELECT seq, recorded_at, subject AS key, login AS thing FROM registered
			WHERE by IN ('promiser', 'backer')
		UNION ALL SELECT seq, recorded_at, customer, 'actor ' || subject FROM registered
			WHERE by = 'customer'
		UNION ALL SELECT seq, recorded_at, customer, 'login ' || login FROM registered
			WHERE by = 'customer'
	), direct AS (
		SELECT b.key, (SELECT a.key AS before FROM used a WHERE a.thing = b.thing
			AND a.seq < b.seq AND a.key IS NOT NULL ORDER BY a.seq DESC LIMIT 1) AS predecessor,
			b.recorded_at AS since, b.seq
		FROM used b WHERE b.key IS NOT NULL AND b.thing IS NOT NULL
		UNION
		SELECT details->>'successor', subject, recorded_at, seq
		FROM trust.entry WHERE event = 'actor_retired' AND details->>'successor' IS NOT NULL
			AND by IN ('promiser', 'backer')
	), carried AS (
		SELECT key, predecessor, since AS until, since, seq FROM direct WHERE key <> predecessor
		UNION
		SELECT c.key, d.predecessor, d.since, c.since, d.seq
		FROM carried c JOIN direct d ON d.key = c.predecessor AND d.seq < c.seq
		WHERE d.key <> d.predecessor
	)
	SELECT key, predecessor, until, since FROM carried WHERE key <> predecessor
$$;

-- What each promise puts into a score of that instant; from is what it is kept and broken, faded.
-- A promise of a predecessor: what it is broken.
CREATE FUNCTION reference_parts(by text, as_of timestamptz, known_at timestamptz,
	half_life interval,
	OUT key text, OUT customer text, OUT promise uuid, OUT promiser text, OUT backer text,
		OUT kind text, OUT outcome text,
	OUT whose_word text, OUT at timestamptz, OUT weight_kept float8, OUT weight_broken float8,
		OUT fading float8, OUT broken_at timestamptz, OUT broken_fading float8)
RETURNS SETOF record LANGUAGE sql STABLE AS $$
	WITH own (key, customer, promise, promiser, backer, kind, outcome, whose_word, at,
		weight_kept, weight_broken, fading, broken_at, broken_fading) AS MATERIALIZED (
		SELECT reference_key(by, s.customer, s.promiser, s.backer, s.kind), s.customer, p.promise,
			s.promiser, s.backer, s.kind,
			coalesce(s.outcome, 'overdue'), s.whose_word, c.at, c.kept, c.broken,
			reference_fading(c.at, as_of, half_life), c.broken_at,
			reference_fading(c.broken_at, as_of, half_life)
		FROM trust.promise p, reference_standing(p.promise, as_of, known_at) s,
			LATERAL (SELECT s.settled_at, s.kept, b.broken, b.broken_at
				FROM reference_broken_by(as_of, s.broken, s.broken_at, s.former, s.former_at,
					s.settled_at) b
				WHERE s.outcome IS NOT NULL
				UNION ALL
				SELECT as_of, 0, 1, as_of WHERE s.outcome IS NULL AND s.opened AND NOT s.ended
					AND s.overdue_at < as_of) AS c (at, kept, broken, broken_at)
	)
	SELECT * FROM own
	UNION ALL
	SELECT DISTINCT c.key, own.customer, own.promise, own.promiser, own.backer, own.kind,
		own.outcome, own.whose_word, own.at, 0::float8, own.weight_broken, own.fading,
		own.broken_at, own.broken_fading
	FROM own JOIN trust.promise USING (promise)
		JOIN reference_predecessors(by) c ON c.predecessor = own.key
			AND c.until >= promise.recorded_at
	WHERE own.weight_broken > 0 AND c.since <= as_of AND c.since <= known_at
$$;

-- How each promise stood from each instant at which something happened (or was recorded) until the
-- next.
CREATE VIEW reference_course AS
SELECT *, lead(at, 1, 'infinity') OVER w AS until, opened AND NOT lag(opened, 1, false) OVER
	w AS opens,
	CASE WHEN outcome IS DISTINCT FROM lag(outcome) OVER w THEN outcome END AS becomes
FROM (
	SELECT 'occurred' AS basis, i.promise, i.at, s.*
	FROM (SELECT DISTINCT promise, occurred_at AS at FROM trust.entry WHERE promise IS NOT NULL) i,
		reference_standing(promise, at, 'infinity') s
	UNION ALL
	SELECT 'recorded', i.promise, i.at, s.*
	FROM (SELECT DISTINCT promise, recorded_at AS at FROM trust.entry WHERE promise IS NOT NULL) i,
		reference_standing(promise, 'infinity', at) s) i
WINDOW w AS (PARTITION BY basis, promise ORDER BY at);

-- The same as a table, for as long as nothing is entered.
CREATE TABLE course AS SELECT * FROM reference_course WITH NO DATA;

CREATE FUNCTION reference_trend(by text, step interval, since timestamptz, until timestamptz,
	of_basis text, half_life interval,
	OUT key text, OUT step_from timestamptz, OUT step_until timestamptz, OUT weigh bigint,
		OUT evidence_kept float8,
	OUT evidence_broken float8, OUT opened bigint, OUT kept bigint, OUT partly_kept bigint,
		OUT broken bigint, OUT overdue bigint)
RETURNS SETOF record LANGUAGE sql AS $$
	WITH c AS MATERIALIZED (
		SELECT *, reference_key(by, customer, promiser, backer, kind) AS key
		FROM course WHERE basis = of_basis AND at < reference_trend.until
			AND (by <> 'backer' OR backer IS NOT NULL)
	), steps AS MATERIALIZED (
		SELECT since + i * step AS step_from, least(since + (i + 1) * step, reference_trend.until)
			AS step_until,
			least(since + (i + 1) * step, reference_trend.until) - interval '1 us' AS last
		FROM generate_series(0, 1000) AS i WHERE since + i * step < reference_trend.until
	), score AS (
		SELECT c.key, s.step_from, count(*) FILTER (WHERE c.outcome IS NOT NULL OR is_overdue)
			AS weigh,
			sum(c.kept * reference_fading(c.settled_at, s.last, half_life)) AS kept,
			sum(CASE WHEN is_overdue THEN 1
				ELSE b.broken * reference_fading(b.broken_at, s.last, half_life) END) AS broken,
			count(*) FILTER (WHERE is_overdue) AS overdue
		FROM steps s JOIN c ON c.at <= s.last AND s.last < c.until,
			LATERAL (SELECT c.outcome IS NULL AND c.opened AND NOT c.ended AND c.overdue_at < s.last
				AS is_overdue) AS o,
			reference_broken_by(s.last, c.broken, c.broken_at, c.former, c.former_at,
				c.settled_at) b
		GROUP BY c.key, s.step_from
	), predecessor AS MATERIALIZED (
		SELECT * FROM reference_predecessors(by)
	), carried AS MATERIALIZED (
		SELECT h.key, h.step_from, count(*) AS weigh, sum(h.broken) AS broken
		FROM (
			SELECT DISTINCT p.key, s.step_from, c.promise, CASE WHEN is_overdue THEN 1
				ELSE b.broken * reference_fading(b.broken_at, s.last, half_life) END AS broken
			FROM predecessor p JOIN c ON c.key = p.predecessor
				JOIN trust.promise t ON t.promise = c.promise AND t.recorded_at <= p.until
				JOIN steps s ON c.at <= s.last AND s.last < c.until AND p.since <= s.last,
				LATERAL (SELECT c.outcome IS NULL AND c.opened AND NOT c.ended
					AND c.overdue_at < s.last AS is_overdue) AS o,
				reference_broken_by(s.last, c.broken, c.broken_at, c.former, c.former_at,
					c.settled_at) b) h
		WHERE h.broken > 0
		GROUP BY h.key, h.step_from
	), happened AS (
		SELECT c.key, s.step_from, count(*) FILTER (WHERE c.opens) AS opened,
			count(*) FILTER (WHERE c.becomes = 'kept') AS kept,
			count(*) FILTER (WHERE c.becomes = 'partly_kept') AS partly_kept,
				count(*) FILTER (WHERE c.becomes = 'broken') AS broken
		FROM steps s JOIN c ON c.at >= s.step_from AND c.at < s.step_until
		GROUP BY c.key, s.step_from
	)
	SELECT k.key, s.step_from, s.step_until, coalesce(score.weigh, 0) + coalesce(carried.weigh, 0),
		coalesce(score.kept, 0), coalesce(score.broken, 0) + coalesce(carried.broken, 0),
		coalesce(h.opened, 0), coalesce(h.kept, 0), coalesce(h.partly_kept, 0),
			coalesce(h.broken, 0), coalesce(score.overdue, 0)
	FROM (SELECT DISTINCT key, coalesce(key, '') AS id FROM c) k CROSS JOIN steps s
	LEFT JOIN score ON coalesce(score.key, '') = k.id AND score.step_from = s.step_from
	LEFT JOIN carried ON carried.key = k.key AND carried.step_from = s.step_from
	LEFT JOIN happened h ON coalesce(h.key, '') = k.id AND h.step_from = s.step_from
$$;

\ir close.sql

-- Close to a billionth; evidence that has all but faded away, absolutely.
CREATE FUNCTION is_near(a float8, b float8) RETURNS boolean
LANGUAGE sql IMMUTABLE AS 'SELECT is_close(a, b, 1e-9, 1e-12)';

-- How trust_trend() differs from reference_trend(): what was compared and its first difference.
CREATE FUNCTION trend_differs(by text, step interval, since timestamptz, until timestamptz,
	basis text,
	OUT compared bigint, OUT differ bigint, OUT example text)
LANGUAGE sql AS $$
	WITH l AS (SELECT half_life FROM trust.ledger),
		t AS (SELECT *, coalesce(key, '') AS id FROM trust_ledger.trust_trend(by, step, since,
			until, basis)),
		s AS (SELECT s.*, coalesce(key, '') AS id FROM l, reference_trend(by, step, since, until,
			basis, l.half_life) s)
	SELECT count(*), count(*) FILTER (WHERE differs), min(format('%s; reference %s', t, s)) FILTER
		(WHERE differs)
	FROM t FULL JOIN s USING (id, step_from, step_until),
	LATERAL (SELECT (
		(t.key, t.opened, t.kept, t.partly_kept, t.broken, t.overdue) IS NOT DISTINCT
			FROM (s.key, s.opened, s.kept, s.partly_kept, s.broken, s.overdue)
		AND is_near(trust_ledger.kept(t.score), s.evidence_kept)
			AND is_near(trust_ledger.broken(t.score), s.evidence_broken)
		AND trust_ledger.kept(t.score) >= 0 AND trust_ledger.broken(t.score) >= 0
		AND is_near(t.expectation, (s.evidence_kept + 1) / (s.evidence_kept + s.evidence_broken +
			2))
		AND is_near(t.uncertainty, 2 / (s.evidence_kept + s.evidence_broken + 2))
		AND trust_ledger.as_of(t.score) IS NOT DISTINCT FROM CASE WHEN s.weigh > 0 THEN step_until -
			interval '1 us' END
		AND trust_ledger.half_life(t.score) IS NOT DISTINCT FROM CASE WHEN s.weigh > 0
			THEN (SELECT half_life FROM l) END)
		IS NOT TRUE AS differs) AS d
$$;

-- ---- scores and explanations ----

-- How scores of another time and what explains them differ from reference_parts(), for as many
-- keys: by each of these (promisers and customers have a score, others only the sum of what
-- explains it).
CREATE FUNCTION scores_differ(by text, as_of timestamptz, known_at timestamptz, keys int,
	OUT compared bigint, OUT differ bigint, OUT example text)
LANGUAGE sql AS $$
	WITH l AS (SELECT half_life FROM trust.ledger),
		part AS MATERIALIZED (SELECT p.* FROM l, reference_parts(by, as_of, known_at, l.half_life)
			p),
		key AS MATERIALIZED (SELECT key FROM part WHERE key IS NOT NULL GROUP BY key
			ORDER BY md5(key) LIMIT keys),
		slow AS MATERIALIZED (SELECT key, sum(weight_kept * fading) AS kept,
			sum(weight_broken * broken_fading) AS broken FROM part JOIN key USING (key)
			GROUP BY key),
		row AS MATERIALIZED (SELECT key.key AS id, x.* FROM key, trust_ledger.explain_trust(by,
			key.key, as_of, known_at) WITH ORDINALITY AS x (customer, promise,
			promiser, backer, kind, outcome, whose_word, at, weight_kept, weight_broken, age,
				fading, share, score, broken_at, broken_fading, nr)),
		total AS MATERIALIZED (SELECT id AS key, trust_ledger.sum(score ORDER BY nr) AS score,
			sum(share) AS share FROM row GROUP BY id)
	SELECT count(*), count(*) FILTER (WHERE differs), min(example) FILTER (WHERE differs) FROM (
		SELECT format('%s; reference %s', t, s) AS example, (is_near(trust_ledger.kept(t.score),
			s.kept) AND is_near(trust_ledger.broken(t.score), s.broken)
			AND is_near(coalesce(t.share, 1), 1) AND trust_ledger.as_of(t.score) = as_of
			AND t.score::text = CASE by WHEN 'customer' THEN trust_ledger.customer_score(key, as_of,
				known_at)::text
				WHEN 'promiser' THEN trust_ledger.promiser_score(key, as_of, known_at)::text
					ELSE t.score::text END) IS NOT TRUE AS differs
		FROM total t FULL JOIN slow s USING (key)
		UNION ALL
		SELECT format('%s; reference %s', r, p),
		((r.customer, r.promiser, r.backer, r.kind, r.outcome, r.whose_word, r.at, r.weight_kept,
			r.weight_broken, r.broken_at)
				IS NOT DISTINCT FROM (p.customer, p.promiser, p.backer, p.kind, p.outcome,
					p.whose_word, p.at, p.weight_kept, p.weight_broken, p.broken_at)
			AND is_near(r.broken_fading, p.broken_fading)
			AND r.fading > 0 AND r.fading <= 1 AND is_near(r.fading, p.fading)
				AND r.age = as_of - p.at
			AND is_near(trust_ledger.kept(r.score), p.weight_kept * p.fading)
				AND is_near(trust_ledger.broken(r.score), p.weight_broken * p.broken_fading)
			AND is_near(coalesce(r.share, 0), coalesce((p.weight_kept * p.fading
				+ p.weight_broken * p.broken_fading) / nullif(s.kept + s.broken, 0), 0)))
				IS NOT TRUE
		FROM row r FULL JOIN (SELECT part.* FROM part JOIN key USING (key)) p ON p.promise
			= r.promise AND p.key = r.id LEFT JOIN slow s ON s.key = r.id) AS c
$$;

-- ---- views ----

CREATE FUNCTION middle(sorted interval[]) RETURNS interval
LANGUAGE sql
	IMMUTABLE AS $$SELECT low + (high - low) * 0.5
	FROM (SELECT sorted[(cardinality(sorted) + 1) / 2], sorted[(cardinality(sorted) + 2) / 2])
		AS m (low, high)$$;

-- What the views of schema trust say, from the entries; those by backer leave out what nobody
-- backs.
CREATE FUNCTION reference_view(by text, half_life interval,
	OUT key text, OUT evidence_kept float8, OUT evidence_broken float8, OUT as_of timestamptz,
		OUT counts bigint[], OUT shares float8[], OUT median interval)
RETURNS SETOF record LANGUAGE sql AS $$
	WITH life AS (
		SELECT promise, (array_agg(state ORDER BY seq DESC))[1] AS state, min(occurred_at) FILTER
			(WHERE event = 'made') AS made_at,
			min(recorded_at) FILTER (WHERE event = 'made') AS recorded_at,
			bool_or(event = 'withdrawn' AND state = 'broken') AS withdrawn_late, min(occurred_at)
				FILTER (WHERE event = 'released' AND stands IS NOT FALSE) AS released_at
		FROM trust.entry WHERE promise IS NOT NULL GROUP BY promise
	), backing AS (
		SELECT DISTINCT ON (promise) promise, CASE WHEN backer IS NOT NULL THEN evidence
			END AS evidence FROM trust.entry
		WHERE event IN ('made', 'backed', 'backing_withdrawn') OR event = 'amended' AND stands
			ORDER BY promise, seq DESC
	), terms AS (
		SELECT promise, (array_agg(due ORDER BY seq DESC))[1] AS due,
			bool_or(event = 'amended' AND before IS NOT NULL AND due IS DISTINCT FROM before)
			AS due_moved
		FROM (SELECT *, lag(due) OVER (PARTITION BY promise ORDER BY seq) AS before FROM trust.entry
			WHERE event IN ('made', 'paused', 'resumed') OR event = 'amended' AND stands) e
		GROUP BY promise
	), p AS MATERIALIZED (
		SELECT reference_key(by, s.customer, s.promiser, s.backer, s.kind) AS key, promise, s.*,
			state, recorded_at, made_at, evidence, withdrawn_late,
			released_at > due AS released_late, due_moved,
			opened AND state IN ('proposed', 'open') AND overdue_at < now() AS is_overdue
		FROM life JOIN backing USING (promise) JOIN terms USING (promise),
			reference_standing(promise, 'infinity', 'infinity') s
	), own AS (
		SELECT key,
			coalesce(sum(kept * reference_fading(settled_at, now(), half_life)), 0) AS kept,
			coalesce(sum(broken * reference_fading(broken_at, now(), half_life)), 0)
				+ count(*) FILTER (WHERE is_overdue) AS broken,
			CASE WHEN bool_or(is_overdue OR outcome IS NOT NULL) THEN now() END AS as_of,
			ARRAY[count(*), count(*) FILTER (WHERE state = 'proposed'),
				count(*) FILTER (WHERE state = 'open'), count(*) FILTER (WHERE is_overdue),
				count(*) FILTER (WHERE state = 'kept'),
				count(*) FILTER (WHERE state = 'partly_kept'),
				count(*) FILTER (WHERE state = 'broken'),
				count(*) FILTER (WHERE state = 'released'),
				count(*) FILTER (WHERE state = 'withdrawn'),
				count(*) FILTER (WHERE withdrawn_late), count(*) FILTER (WHERE released_late),
					count(*) FILTER (WHERE due_moved)] AS counts,
			ARRAY[avg((backer IS NOT NULL)::int),
				avg((evidence IS NOT DISTINCT FROM 'asserted')::int),
				avg((evidence IS NOT DISTINCT FROM 'session')::int),
				avg((evidence IS NOT DISTINCT FROM 'passkey')::int),
					avg((whose_word = 'company')::int)]::float8[] AS shares,
			middle(array_agg(settled_at - made_at ORDER BY settled_at - made_at) FILTER
				(WHERE outcome = 'kept')) AS median
		FROM p WHERE by <> 'backer' OR backer IS NOT NULL
		GROUP BY key
	), carried AS (
		SELECT key, sum(broken) AS broken
		FROM (SELECT DISTINCT h.key, p.promise, CASE WHEN is_overdue THEN 1
				ELSE p.broken * reference_fading(p.broken_at, now(), half_life) END AS broken
			FROM p JOIN reference_predecessors(by) h ON h.predecessor = p.key
				AND h.until >= p.recorded_at) x
		GROUP BY key
	)
	SELECT key, own.kept, own.broken + coalesce(carried.broken, 0),
		CASE WHEN carried.broken > 0 THEN now() ELSE own.as_of END, counts, shares, median
	FROM own LEFT JOIN carried USING (key)
$$;

CREATE FUNCTION view_differs(by text, OUT compared bigint, OUT differ bigint, OUT example text)
LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format($query$
		SELECT count(*), count(*) FILTER (WHERE differs), min(format('%%s; slowly %%s', v, s))
			FILTER (WHERE differs)
		FROM (SELECT %1$I AS key, coalesce(%1$I, '') AS id, * FROM trust.%2$I) v
		FULL JOIN (SELECT s.*, coalesce(key, '') AS id, l.half_life FROM trust.ledger l,
			reference_view(%1$L, l.half_life) s) s USING (id),
		LATERAL (SELECT CASE WHEN s.as_of IS NULL THEN 'empty'
			ELSE trust_ledger.trust_score(s.evidence_kept, s.evidence_broken, s.as_of, s.half_life)
			END AS score) AS x,
		LATERAL (SELECT ((v.key, v.promises, v.proposed, v.open, v.overdue, v.kept, v.partly_kept,
			v.broken, v.released, v.withdrawn, v.withdrawn_late, v.released_late, v.due_moved)
				IS NOT DISTINCT FROM (s.key, counts[1], counts[2], counts[3], counts[4], counts[5],
					counts[6], counts[7], counts[8], counts[9], counts[10], counts[11], counts[12])
			AND is_near(v.evidence_kept, s.evidence_kept) AND is_near(v.evidence_broken,
				s.evidence_broken)
			AND is_near(trust_ledger.kept(v.score), s.evidence_kept)
				AND is_near(trust_ledger.broken(v.score), s.evidence_broken)
			AND trust_ledger.as_of(v.score) IS NOT DISTINCT FROM s.as_of
			AND is_near(v.expectation, trust_ledger.expectation(x.score)) AND is_near(v.lower_bound,
				trust_ledger.lower_bound(x.score))
			AND is_near(v.uncertainty, trust_ledger.uncertainty(x.score))
			AND is_near(v.share_backed, shares[1]) AND is_near(v.share_asserted, shares[2])
				AND is_near(v.share_session, shares[3]) AND is_near(v.share_passkey, shares[4])
			AND is_near(v.share_company_word, shares[5])
				AND is_near(extract(epoch FROM v.median_time_to_keep)::float8,
				extract(epoch FROM median)::float8)) IS NOT TRUE AS differs) AS d
		$query$, by, by || '_trust') INTO compared, differ, example;
END
$$;
