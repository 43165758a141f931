-- Views for analysts: who promises more than they keep, and whether promises that a human backs are
-- kept more often.

CREATE FUNCTION trust_ledger.analysis_views(OUT name text, OUT definition text)
RETURNS SETOF record
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	name := 'over_promising';
	definition := $view$
	WITH part AS (
		SELECT p.promiser, p.promiser_kind, p.kind, p.outcome, o.overdue,
			o.overdue OR p.outcome IS NOT NULL AS decided,
			p.first_due - p.made_at AS promised,
			CASE WHEN p.outcome = 'kept' THEN p.settled_at - p.made_at END AS needed
		FROM trust.promise p
		CROSS JOIN LATERAL (
			SELECT p.state IN ('proposed', 'open')
				AND p.opened_at IS NOT NULL
				AND p.overdue_at IS NOT NULL
				AND p.overdue_at < now() AS overdue) o
		WHERE (SELECT trust_ledger.require_reader())
	), of_human AS (
		SELECT kind,
			count(*) FILTER (WHERE decided) AS decided,
			count(*) FILTER (WHERE outcome = 'kept') AS kept,
			percentile_cont(0.5) WITHIN GROUP (ORDER BY needed) AS median_needed
		FROM part
		WHERE promiser_kind = 'human'
		GROUP BY kind
	), of_promiser AS (
		SELECT promiser, promiser_kind, kind,
			count(*) AS promises,
			count(*) FILTER (WHERE decided) AS decided,
			count(*) FILTER (WHERE outcome = 'kept') AS kept,
			count(*) FILTER (WHERE outcome = 'partly_kept') AS partly_kept,
			count(*) FILTER (WHERE outcome = 'broken') AS broken,
			count(*) FILTER (WHERE overdue) AS overdue,
			percentile_cont(0.5) WITHIN GROUP (ORDER BY promised) AS median_promised,
			percentile_cont(0.5) WITHIN GROUP (ORDER BY needed) AS median_needed
		FROM part
		GROUP BY promiser, promiser_kind, kind
	)
	SELECT p.promiser, p.promiser_kind, p.kind, p.promises, p.decided,
		p.kept, p.partly_kept, p.broken, p.overdue,
		p.kept / nullif(p.decided, 0)::float8 AS kept_rate,
		-- quantiles of Beta(kept + 1, decided - kept + 1), which are those of a score with this
		-- evidence; timestamp and half-life do not matter
		trust_ledger.lower_bound(trust_ledger.trust_score(
			p.kept, p.decided - p.kept, '2000-01-01 00:00:00+00', '1 day'), 0.975)
			AS kept_rate_low,
		1 - trust_ledger.lower_bound(trust_ledger.trust_score(
			p.decided - p.kept, p.kept, '2000-01-01 00:00:00+00', '1 day'), 0.975)
			AS kept_rate_high,
		p.median_promised, p.median_needed,
		coalesce(h.decided, 0) AS human_decided,
		h.kept / nullif(h.decided, 0)::float8 AS human_kept_rate,
		h.median_needed AS human_median_needed
	FROM of_promiser p
	-- a kind is never the empty text, which stands for NULL here
	LEFT JOIN of_human h ON coalesce(h.kind, '') = coalesce(p.kind, '')
	$view$;
	RETURN NEXT;

	name := 'human_backing';
	definition := $view$
	SELECT b.scope, b.evidence, b.month, b.kind, b.promiser_kind, b.value_band,
		b.backed_promises, b.backed_undecided, b.backed_too_early, b.backed_decided,
		b.backed_kept, b.backed_rate, b.backed_accepted,
		b.unbacked_promises, b.unbacked_undecided, b.unbacked_too_early, b.unbacked_decided,
		b.unbacked_kept, b.unbacked_rate, b.unbacked_accepted,
		b.difference, b.difference_low, b.difference_high
	FROM trust_ledger.human_backing() b
	WHERE (SELECT trust_ledger.require_reader())
	$view$;
	RETURN NEXT;
END
$$;
COMMENT ON FUNCTION trust_ledger.analysis_views() IS
	'Names and queries of views trust.over_promising and trust.human_backing. Called by '
	'ledger_views().';

CREATE FUNCTION trust_ledger.comment_on_analysis_views() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	col record;
BEGIN
	COMMENT ON VIEW trust.over_promising IS
		'Who promises more than they keep, or sooner than they can: one row per promiser and kind, '
		'with what humans achieve for the same kind.';
	PERFORM trust_ledger.comment_on_columns('trust.over_promising', ARRAY[
		['promiser', 'The promiser.'],
		['promiser_kind', 'human, ai or system.'],
		['kind', 'Kind of promise. NULL if none was stated.'],
		['promises', 'Number of promises in all states.'],
		['decided', 'Number of promises that have a verdict or are overdue.'],
		['kept', 'Number of promises kept.'],
		['partly_kept', 'Number of promises partly kept.'],
		['broken', 'Number of promises broken.'],
		['overdue', 'Number of promises that were open, are past due and grace, and have no '
			'verdict.'],
		['kept_rate', 'kept / decided, 0 to 1. NULL if none is decided.'],
		['kept_rate_low', 'Lower end of the 95 % credible interval of the true rate, under '
			'Beta(kept + 1, decided - kept + 1).'],
		['kept_rate_high', 'Upper end of that interval.'],
		['median_promised', 'Median time from promise to first due time.'],
		['median_needed', 'Median time from promise to verdict, of kept promises.'],
		['human_decided', 'Number of decided promises of the same kind by humans, including this '
			'promiser.'],
		['human_kept_rate', 'Share of those that were kept, 0 to 1.'],
		['human_median_needed', 'Median time from promise to verdict, of those that were kept.']]);

	COMMENT ON VIEW trust.human_backing IS
		'Kept rates of promises that a human backed one hour after they were made, and of those '
		'that nobody did. human_backing() takes another time. The early, equal time matters '
		'because long cases collect backers; the strata compare similar promises. This shows '
		'association, not effect: what makes a human back a promise may also be why it is kept.';
	PERFORM trust_ledger.comment_on_columns('trust.human_backing', ARRAY[
		['scope', 'stratum: promises with the same month, kind, promiser''s kind and value band. '
			'raw: all promises. within_strata: all strata with decided promises of both groups, '
			'combined with the weights of Cochran, n1 n0 / (n1 + n0).'],
		['evidence', 'Which promises count as backed: any, or only those backed with this '
			'evidence: asserted, session or passkey. Unbacked are always those that nobody '
			'backed.'],
		['month', 'First day of the month in which they were made, in the time zone of the '
			'ledger.'],
		['kind', 'Kind of promise. NULL if none was stated.'],
		['promiser_kind', 'human, ai or system.'],
		['value_band', 'Value by power of ten, with currency: EUR 1000+ is from 1000 to below '
			'10000. NULL if no value was stated.'],
		['difference', 'Posterior mean (kept + 1) / (decided + 2) of the backed minus that of the '
			'unbacked. NULL if one group has no decided promise.'],
		['difference_low', 'Lower end of the 95 % credible interval of the difference, by a normal '
			'approximation to the posterior.'],
		['difference_high', 'Upper end of that interval.']]);
	FOR col IN
		SELECT prefix || '_' || c.name AS name, format(c.comment, which) AS comment
		FROM (VALUES
				('backed', 'that a human backed'),
				('unbacked', 'that nobody backed')) AS s (prefix, which),
			(VALUES
				('promises', 'Number of promises %s then.'),
				('undecided', 'Number of promises %s that are undecided: not yet due, never open, '
					'withdrawn in time, or released.'),
				('too_early', 'Number of promises %s that were settled or due before that time. '
					'They are not compared.'),
				('decided', 'Number of promises %s that are decided: past due, or with a verdict '
					'if they have no due time.'),
				('kept', 'Number of decided promises %s that were kept. Overdue and partly kept '
					'ones do not count.'),
				('rate', 'kept / decided of promises %s, 0 to 1. NULL if none is decided.'),
				('accepted', 'Share of promises %s that the customer accepted, 0 to '
					'1.')) AS c (name, comment)
	LOOP
		PERFORM trust_ledger.comment_on_columns('trust.human_backing',
			ARRAY[[col.name, col.comment]]);
	END LOOP;
END
$$;
COMMENT ON FUNCTION trust_ledger.comment_on_analysis_views() IS
	'Comments on views trust.over_promising and trust.human_backing. Called by create_views().';
