-- Views of scores: by customer, promiser, backer and kind.

CREATE FUNCTION trust_ledger.trust_views(OUT name text, OUT definition text)
RETURNS SETOF record
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN QUERY
	SELECT v.view, format($view$
	SELECT %1$I, score,
		trust_ledger.expectation(score) AS expectation,
		trust_ledger.lower_bound(score) AS lower_bound,
		trust_ledger.uncertainty(score) AS uncertainty,
		trust_ledger.kept(score) AS evidence_kept,
		trust_ledger.broken(score) AS evidence_broken,
		promises, proposed, open, overdue, kept, partly_kept, broken, released, withdrawn,
		backed / promises::float8 AS share_backed,
		asserted / promises::float8 AS share_asserted,
		session / promises::float8 AS share_session,
		passkey / promises::float8 AS share_passkey,
		by_company / nullif(verdicts, 0)::float8 AS share_company_word,
		withdrawn_late, released_late, due_moved, median_time_to_keep,
		opened_late, eased, withdrawn_near_due, remade, verdict_reversed,
		by_doubted / nullif(verdicts, 0)::float8 AS share_doubted_word
	FROM (
		SELECT p.%1$I,
			trust_ledger.decay(
				trust_ledger.fuse(
					trust_ledger.fuse(
						trust_ledger.fuse(
							trust_ledger.score_agg(
								p.weight_kept / 1000::float8, 0,
								p.settled_at, (SELECT half_life FROM trust.ledger)),
							trust_ledger.score_agg(
								0, p.weight_broken / 1000::float8,
								p.broken_at, (SELECT half_life FROM trust.ledger))),
						trust_ledger.score_agg(
							0, 1, now(), (SELECT half_life FROM trust.ledger))
							FILTER (WHERE o.overdue)),
					trust_ledger.carried_score(
						%1$L, p.%1$I, (SELECT half_life FROM trust.ledger))),
				now()) AS score,
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
			count(*) FILTER (WHERE p.settled_by = 'withdrawn' AND p.outcome IS NOT NULL)
				AS withdrawn_late,
			count(*) FILTER (WHERE p.settled_by = 'released' AND p.due < p.settled_at)
				AS released_late,
			count(*) FILTER (WHERE p.due_moves > 0) AS due_moved,
			percentile_cont(0.5) WITHIN GROUP (ORDER BY p.settled_at - p.made_at)
				FILTER (WHERE p.outcome = 'kept') AS median_time_to_keep,
			count(*) FILTER (WHERE p.opened_at > p.first_due) AS opened_late,
			count(p.eased_at) AS eased,
			count(*) FILTER (WHERE p.state = 'withdrawn'
				AND p.opened_at IS NOT NULL
				AND p.settled_at - p.made_at - p.paused_for > (p.first_due - p.made_at) / 2)
				AS withdrawn_near_due,
			count(*) FILTER (WHERE p.state = 'withdrawn'
				AND p.opened_at IS NOT NULL
				AND EXISTS (
					SELECT FROM trust.promise n
					WHERE n.customer = p.customer
						AND n.promiser = p.promiser
						AND coalesce(n.kind, '') = coalesce(p.kind, '')
						AND n.promise <> p.promise
						AND n.made_at >= p.made_at
						AND n.made_at <= p.due))
				AS remade,
			count(p.reversed_at) AS verdict_reversed,
			count(*) FILTER (WHERE p.outcome IS NOT NULL AND p.doubted_speaker IS NOT NULL)
				AS by_doubted
		FROM trust.promise p
		CROSS JOIN LATERAL (
			SELECT p.state IN ('proposed', 'open')
				AND p.opened_at IS NOT NULL
				AND p.overdue_at IS NOT NULL
				AND p.overdue_at < now() AS overdue) o
		WHERE (p.%1$I IS NOT NULL OR %1$L <> 'backer')
			AND (SELECT trust_ledger.require_reader())
		GROUP BY p.%1$I) g
	$view$, v.key)
	FROM (VALUES
		('customer_trust', 'customer'),
		('promiser_trust', 'promiser'),
		('backer_trust', 'backer'),
		('kind_trust', 'kind')) AS v (view, key);
END
$$;
COMMENT ON FUNCTION trust_ledger.trust_views() IS
	'Names and queries of views trust.customer_trust, promiser_trust, backer_trust and kind_trust. '
	'Called by ledger_views().';

CREATE FUNCTION trust_ledger.comment_on_trust_views() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	keyed   record;
	columns CONSTANT text[] := ARRAY[
		['score', 'Current trust score: verdicts, faded to now, and overdue promises. By customer, '
			'promiser and backer, with the evidence of being broken of predecessors.'],
		['expectation', 'Probability that the next promise is kept, 0 to 1, at base rate 1/2.'],
		['lower_bound', 'Lower bound of the true kept rate at 95 % confidence, 0 to 1. Rank by '
			'this.'],
		['uncertainty', 'Uncertainty, 0 to 1. 1 means that there is no evidence.'],
		['evidence_kept', 'Evidence of kept promises, in promises, faded to now.'],
		['evidence_broken', 'Evidence of broken and overdue promises, in promises, faded to now, '
			'with that of predecessors.'],
		['promises', 'Number of promises in all states.'],
		['proposed', 'Number of promises that wait for a human.'],
		['open', 'Number of promises that are open.'],
		['overdue', 'Number of promises that were open, are past due and grace, and have no '
			'verdict. They count as broken.'],
		['kept', 'Number of promises kept.'],
		['partly_kept', 'Number of promises partly kept.'],
		['broken', 'Number of promises broken.'],
		['released', 'Number of promises from which the customer released the company.'],
		['withdrawn', 'Number of promises that the company withdrew in time.'],
		['share_backed', 'Share of promises that a human backs, or backed when they ended, 0 to '
			'1.'],
		['share_asserted', 'Share of promises whose backer the application named, 0 to 1.'],
		['share_session', 'Share of promises that were backed from the human''s own login, 0 to '
			'1.'],
		['share_passkey', 'Share of promises that were backed with the human''s signature, 0 to '
			'1.'],
		['share_company_word', 'Share of verdicts that only the company gave, 0 to 1. NULL without '
			'verdicts.'],
		['withdrawn_late', 'Number of promises withdrawn after acceptance or due, whatever was '
			'said since.'],
		['released_late', 'Number of promises released after due.'],
		['due_moved', 'Number of promises whose due time was moved, once or more.'],
		['median_time_to_keep', 'Median time from promise to verdict, of kept promises.'],
		['opened_late', 'Number of promises that were first open after their first due time. They '
			'earn no evidence of being kept.'],
		['eased', 'Number of promises whose terms the company eased after half of the time first '
			'promised, without the customer. They count as partly kept at most.'],
		['withdrawn_near_due', 'Number of promises withdrawn in time, but after half of the time '
			'first promised.'],
		['remade', 'Number of promises withdrawn in time while the same promiser made another one '
			'of the same kind to the customer, in the time until due.'],
		['verdict_reversed', 'Number of promises for which an actor replaced another actor''s '
			'verdict by a different one.'],
		['share_doubted_word', 'Share of verdicts of promises on which an actor spoke for the '
			'customer or a system of record who may be the company''s own, 0 to 1; see '
			'speaker_registered in trust.exception. NULL without verdicts.']];
BEGIN
	FOR keyed IN
		SELECT v.view, v.key, v.comment, v.key_comment
		FROM (VALUES
			('customer_trust', 'customer', 'How promises to each customer are kept.',
				'The customer.'),
			('promiser_trust', 'promiser', 'How the promises of each promiser are kept.',
				'The promiser.'),
			('backer_trust', 'backer', 'How the promises that each human backs are kept.',
				'The human who backs.'),
			('kind_trust', 'kind', 'How promises of each kind are kept.',
				'Kind of promise. NULL if none was stated.')) AS v (view, key, comment, key_comment)
	LOOP
		EXECUTE format('COMMENT ON VIEW trust.%I IS %L', keyed.view, keyed.comment);
		PERFORM trust_ledger.comment_on_columns(format('trust.%I', keyed.view)::regclass,
			columns || ARRAY[[keyed.key, keyed.key_comment]]);
	END LOOP;
END
$$;
COMMENT ON FUNCTION trust_ledger.comment_on_trust_views() IS
	'Comments on the views of scores. Called by create_views().';
