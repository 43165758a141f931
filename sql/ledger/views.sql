-- The views of schema trust: plain typed columns, for readers only, words for those who may see them.

CREATE FUNCTION trust_ledger.promise_views(OUT name text, OUT definition text) RETURNS SETOF record
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	name := 'current_promise';
	definition := $view$
	SELECT p.customer, p.promise, p.state,
		p.state IN ('proposed', 'open') AND p.opened_at IS NOT NULL AND p.overdue_at IS NOT NULL
			AND p.overdue_at < pg_catalog.now() AS overdue,
		CASE WHEN (SELECT trust_ledger.reads_words()) THEN p.words END AS words,
		CASE WHEN (SELECT trust_ledger.reads_words()) THEN p.purpose END AS purpose,
		p.promiser, p.promiser_kind, p.drafted_by, p.kind, p.value, p.currency, p.longest_pause,
		p.backer, p.evidence, p.backed_at, p.evidence_asked, p.back_by, p.accepted_at,
		p.made_at, p.opened_at, p.first_due, p.due, p.due_moves, p.overdue_at,
		p.outcome, p.whose_word, p.verdict_evidence, p.relayed, p.purpose_met,
		p.settled_by, p.settled_at, p.weight_kept, p.weight_broken,
		p.recorded_at, p.backfilled, p.terms_seq, p.last_seq,
		p.due_moved_at, p.paused_at, p.paused_until, p.paused_for, p.seen_at, p.declined_at,
		p.unbacked_at, p.unbacked_by, p.former_backer, p.unconfirmed, p.admitted_at, p.repaired_at, p.backfilled_at
	FROM trust.promise p
	WHERE (SELECT trust_ledger.require_reader())
	$view$;
	RETURN NEXT;

	name := 'awaiting_backing';
	definition := $view$
	SELECT p.customer, p.promise, p.state,
		CASE WHEN (SELECT trust_ledger.reads_words()) THEN p.words END AS words,
		p.promiser, p.promiser_kind, p.drafted_by, p.kind, p.value, p.currency, p.due,
		p.evidence_asked AS evidence_needed, p.back_by, p.waiting_since
	FROM trust.promise p
	WHERE p.waiting_since IS NOT NULL AND (SELECT trust_ledger.require_reader())
	ORDER BY p.back_by NULLS LAST, p.waiting_since
	$view$;
	RETURN NEXT;

	name := 'policy_rule';
	definition := $view$
	SELECT policy, promiser, promiser_kind, kind, currency, least_value, cumulative, evidence, back_within, grace, due_within
	FROM trust.policy
	WHERE active AND (SELECT trust_ledger.require_reader())
	ORDER BY policy
	$view$;
	RETURN NEXT;

	name := 'access_level';
	definition := $view$
	SELECT a.role, l.level
	FROM trust.access a, LATERAL pg_catalog.unnest(a.levels) AS l (level)
	WHERE (SELECT trust_ledger.require_reader())
	ORDER BY a.role, l.level
	$view$;
	RETURN NEXT;
END
$$;
COMMENT ON FUNCTION trust_ledger.promise_views() IS
	'The texts of the views of promises, rules and access. Part of ledger_views().';

CREATE FUNCTION trust_ledger.comment_on_promise_views() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	COMMENT ON VIEW trust.current_promise IS 'Every promise as it is now, one row each. Words only for levels application and auditor.';
	COMMENT ON COLUMN trust.current_promise.overdue IS 'It was open, and is past due and grace: counts as broken until somebody gives a verdict.';
	COMMENT ON COLUMN trust.current_promise.paused_at IS 'Since when its clock stands still; due is reckoned to paused_until meanwhile.';
	COMMENT ON COLUMN trust.current_promise.unconfirmed IS 'The latest entry that was relayed or claimed and waits for the customer''s or a record''s own word.';
	COMMENT ON COLUMN trust.current_promise.seen_at IS 'When a human of the company first had these terms before them; NULL: none has.';
	COMMENT ON COLUMN trust.current_promise.backer IS 'The human who stands behind it by their own act; NULL: nobody.';

	COMMENT ON VIEW trust.awaiting_backing IS 'The inbox of whoever can back: promises that wait for a human, proposed or accepted without one, the most urgent first.';

	COMMENT ON VIEW trust.policy_rule IS 'The rules in force.';
	COMMENT ON COLUMN trust.policy_rule.cumulative IS 'least_value is compared with what the customer''s open promises in that currency come to, the new one included.';

	COMMENT ON VIEW trust.access_level IS 'Which database role has which level.';
END
$$;
COMMENT ON FUNCTION trust_ledger.comment_on_promise_views() IS
	'Comments on the views of promises, rules and access. Called by create_views().';

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

CREATE FUNCTION trust_ledger.ledger_views(OUT name text, OUT definition text) RETURNS SETOF record
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT * FROM trust_ledger.promise_views()
	UNION ALL SELECT * FROM trust_ledger.trust_views()
	UNION ALL SELECT * FROM trust_ledger.exception_views()
	UNION ALL SELECT * FROM trust_ledger.analysis_views()
	UNION ALL SELECT * FROM trust_ledger.tracked_row_views()
	UNION ALL SELECT * FROM trust_ledger.parked_views()
	UNION ALL SELECT * FROM trust_ledger.tracked_views()
$$;
COMMENT ON FUNCTION trust_ledger.ledger_views() IS
	'The views of schema trust: name, and the query as this version makes it, to be read with the search_path pg_catalog. create_views() makes them of it, and verify() compares the views with it.';

CREATE FUNCTION trust_ledger.create_views() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	made record;
BEGIN
	FOR made IN SELECT * FROM trust_ledger.ledger_views() LOOP
		EXECUTE format('CREATE OR REPLACE VIEW trust.%I WITH (security_barrier) AS %s', made.name, made.definition);
		EXECUTE format('GRANT SELECT ON trust.%I TO PUBLIC', made.name);
	END LOOP;
	PERFORM trust_ledger.comment_on_promise_views();
	PERFORM trust_ledger.comment_on_trust_views();
	PERFORM trust_ledger.comment_on_exception_views();
	PERFORM trust_ledger.comment_on_analysis_views();
	PERFORM trust_ledger.comment_on_tracked_row_views();
	PERFORM trust_ledger.comment_on_parked_views();
	PERFORM trust_ledger.comment_on_tracked_views();
END
$$;
COMMENT ON FUNCTION trust_ledger.create_views() IS
	'Makes the views of schema trust, or makes them anew. Called by create_ledger() and migrate_ledger().';
