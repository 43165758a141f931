CREATE FUNCTION trust_ledger.trust_views(OUT name text, OUT definition text) RETURNS SETOF record
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN QUERY
	SELECT v.view, format($view$
	SELECT %1$I, score,
		trust_ledger.expectation(score) AS expectation, trust_ledger.lower_bound(score) AS lower_bound,
		trust_ledger.uncertainty(score) AS uncertainty,
		trust_ledger.kept(score) AS evidence_kept, trust_ledger.broken(score) AS evidence_broken,
		promises, proposed, open, overdue, kept, partly_kept, broken, released, withdrawn,
		backed / promises::float8 AS share_backed, asserted / promises::float8 AS share_asserted,
		session / promises::float8 AS share_session, passkey / promises::float8 AS share_passkey,
		by_company / nullif(verdicts, 0)::float8 AS share_company_word,
		withdrawn_late, released_late, due_moved, median_time_to_keep
	FROM (
		SELECT p.%1$I,
			trust_ledger.decay(trust_ledger.fuse(
				trust_ledger.score_agg(p.weight_kept / 1000::float8, p.weight_broken / 1000::float8, p.settled_at, (SELECT half_life FROM trust.ledger)),
				trust_ledger.score_agg(0, 1, now(), (SELECT half_life FROM trust.ledger)) FILTER (WHERE o.overdue)), now()) AS score,
			count(*) AS promises,
			count(*) FILTER (WHERE p.state = 'proposed') AS proposed,
			count(*) FILTER (WHERE p.state = 'open') AS open,
			count(*) FILTER (WHERE o.overdue) AS overdue,
			count(*) FILTER (WHERE p.state = 'kept') AS kept,
			count(*) FILTER (WHERE p.state = 'partly_kept') AS partly_kept,
			count(*) FILTER (WHERE p.state = 'broken') AS broken,
			count(*) FILTER (WHERE p.state = 'released') AS released,
			count(*) FILTER (WHERE p.state = 'withdrawn') AS withdrawn,
			count(p.backer) AS backed,
			count(*) FILTER (WHERE p.evidence = 'asserted') AS asserted,
			count(*) FILTER (WHERE p.evidence = 'session') AS session,
			count(*) FILTER (WHERE p.evidence = 'passkey') AS passkey,
			count(p.outcome) AS verdicts,
			count(*) FILTER (WHERE p.whose_word = 'company') AS by_company,
			count(*) FILTER (WHERE p.settled_by = 'withdrawn' AND p.outcome IS NOT NULL) AS withdrawn_late,
			count(*) FILTER (WHERE p.settled_by = 'released' AND p.due < p.settled_at) AS released_late,
			count(*) FILTER (WHERE p.due_moves > 0) AS due_moved,
			percentile_cont(0.5) WITHIN GROUP (ORDER BY p.settled_at - p.made_at) FILTER (WHERE p.outcome = 'kept') AS median_time_to_keep
		FROM trust.promise p
		CROSS JOIN LATERAL (SELECT p.state IN ('proposed', 'open') AND p.opened_at IS NOT NULL
			AND p.overdue_at IS NOT NULL AND p.overdue_at < now() AS overdue) o
		WHERE (p.%1$I IS NOT NULL OR %1$L <> 'backer') AND (SELECT trust_ledger.require_reader())
		GROUP BY p.%1$I) g
	$view$, v.key)
	FROM (VALUES ('customer_trust', 'customer'), ('promiser_trust', 'promiser'), ('backer_trust', 'backer'), ('kind_trust', 'kind')) AS v (view, key);
END
$$;
COMMENT ON FUNCTION trust_ledger.trust_views() IS
	'The texts of the views of scores. Part of ledger_views().';

CREATE FUNCTION trust_ledger.comment_on_trust_views() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	of  record;
	col record;
BEGIN
	FOR of IN
		SELECT * FROM (VALUES
			('customer_trust', 'customer', 'How promises to each customer are kept.'),
			('promiser_trust', 'promiser', 'How each promiser''s promises are kept.'),
			('backer_trust', 'backer', 'How the promises that each human stands behind are kept; without those that nobody backs.'),
			('kind_trust', 'kind', 'How promises of each kind are kept; NULL: no kind was said.')) AS v (view, key, comment)
	LOOP
		EXECUTE format('COMMENT ON VIEW trust.%I IS %L', of.view, of.comment);
		FOR col IN
			SELECT * FROM (VALUES
				(of.key::text, 'What the row is about.'),
				('score', 'The trust score of now: verdicts, faded, and what is overdue.'),
				('expectation', 'How probable it is that the next promise is kept, 0 to 1, at a base rate of 1/2.'),
				('lower_bound', 'What the true rate of keeping exceeds with 95 % confidence, 0 to 1: rank by this.'),
				('uncertainty', '1: nothing is known; towards 0: much is.'),
				('evidence_kept', 'Evidence of promises kept, in promises, faded to now.'),
				('evidence_broken', 'Evidence of promises broken or overdue, in promises, faded to now.'),
				('promises', 'How many there are, in all states.'),
				('proposed', 'How many wait for a human.'),
				('open', 'How many bind, without a verdict.'),
				('overdue', 'How many, of those proposed or open, were open and are past due and grace: they count as broken.'),
				('kept', 'How many stand as kept.'),
				('partly_kept', 'How many stand as partly kept.'),
				('broken', 'How many stand as broken.'),
				('released', 'How many the customer released.'),
				('withdrawn', 'How many the company took back in time.'),
				('share_backed', 'Share of promises that a human stands, or stood at the end, behind, 0 to 1.'),
				('share_asserted', 'Share of promises backed by what the application says, 0 to 1.'),
				('share_session', 'Share of promises backed from the human''s own login, 0 to 1.'),
				('share_passkey', 'Share of promises backed by the human''s signature, 0 to 1.'),
				('share_company_word', 'Share of verdicts that rest on the company''s word alone, 0 to 1; NULL: no verdicts.'),
				('withdrawn_late', 'How many the company took back after acceptance or due: broken by that, whatever was said since.'),
				('released_late', 'How many the customer released after due.'),
				('due_moved', 'How many had their due moved, once or more.'),
				('median_time_to_keep', 'Median of the time from promise to verdict, of those kept.')) AS c (name, comment)
		LOOP
			EXECUTE format('COMMENT ON COLUMN trust.%I.%I IS %L', of.view, col.name, col.comment);
		END LOOP;
	END LOOP;
END
$$;
COMMENT ON FUNCTION trust_ledger.comment_on_trust_views() IS
	'Comments on the views of scores. Called by create_views().';
