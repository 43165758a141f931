-- What an analyst asks: who promises more than they keep, and what a human behind a promise goes with.

CREATE FUNCTION trust_ledger.analysis_views(OUT name text, OUT definition text) RETURNS SETOF record
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	name := 'over_promising';
	definition := $view$
	WITH part AS (
		SELECT p.promiser, p.promiser_kind, p.kind, p.outcome, o.overdue, o.overdue OR p.outcome IS NOT NULL AS decided,
			p.first_due - p.made_at AS promised, CASE WHEN p.outcome = 'kept' THEN p.settled_at - p.made_at END AS needed
		FROM trust.promise p
		CROSS JOIN LATERAL (SELECT p.state IN ('proposed', 'open') AND p.opened_at IS NOT NULL
			AND p.overdue_at IS NOT NULL AND p.overdue_at < now() AS overdue) o
		WHERE (SELECT trust_ledger.require_reader())
	), of_human AS (
		SELECT kind, count(*) FILTER (WHERE decided) AS decided, count(*) FILTER (WHERE outcome = 'kept') AS kept,
			percentile_cont(0.5) WITHIN GROUP (ORDER BY needed) AS median_needed
		FROM part WHERE promiser_kind = 'human' GROUP BY kind
	), of_promiser AS (
		SELECT promiser, promiser_kind, kind, count(*) AS promises,
			count(*) FILTER (WHERE decided) AS decided, count(*) FILTER (WHERE outcome = 'kept') AS kept,
			count(*) FILTER (WHERE outcome = 'partly_kept') AS partly_kept, count(*) FILTER (WHERE outcome = 'broken') AS broken,
			count(*) FILTER (WHERE overdue) AS overdue,
			percentile_cont(0.5) WITHIN GROUP (ORDER BY promised) AS median_promised,
			percentile_cont(0.5) WITHIN GROUP (ORDER BY needed) AS median_needed
		FROM part GROUP BY promiser, promiser_kind, kind
	)
	SELECT p.promiser, p.promiser_kind, p.kind, p.promises, p.decided, p.kept, p.partly_kept, p.broken, p.overdue,
		p.kept / nullif(p.decided, 0)::float8 AS kept_rate,
		-- a score of that evidence has the quantiles of Beta(kept + 1, decided - kept + 1); its age is of no matter
		trust_ledger.lower_bound(trust_ledger.trust_score(p.kept, p.decided - p.kept, '2000-01-01 00:00:00+00', '1 day'), 0.975) AS kept_rate_low,
		1 - trust_ledger.lower_bound(trust_ledger.trust_score(p.decided - p.kept, p.kept, '2000-01-01 00:00:00+00', '1 day'), 0.975) AS kept_rate_high,
		p.median_promised, p.median_needed,
		coalesce(h.decided, 0) AS human_decided, h.kept / nullif(h.decided, 0)::float8 AS human_kept_rate, h.median_needed AS human_median_needed
	-- no kind is a kind of its own, and a name is never empty
	FROM of_promiser p LEFT JOIN of_human h ON coalesce(h.kind, '') = coalesce(p.kind, '')
	$view$;
	RETURN NEXT;

	name := 'human_backing';
	definition := $view$
	SELECT b.scope, b.evidence, b.month, b.kind, b.promiser_kind, b.value_band,
		b.backed_promises, b.backed_undecided, b.backed_too_early, b.backed_decided, b.backed_kept, b.backed_rate, b.backed_accepted,
		b.unbacked_promises, b.unbacked_undecided, b.unbacked_too_early, b.unbacked_decided, b.unbacked_kept, b.unbacked_rate, b.unbacked_accepted,
		b.difference, b.difference_low, b.difference_high
	FROM trust_ledger.human_backing() b
	WHERE (SELECT trust_ledger.require_reader())
	$view$;
	RETURN NEXT;
END
$$;
COMMENT ON FUNCTION trust_ledger.analysis_views() IS
	'The texts of the views of analysis. Part of ledger_views().';

CREATE FUNCTION trust_ledger.comment_on_analysis_views() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	col record;
BEGIN
	COMMENT ON VIEW trust.over_promising IS 'Who promises more than they keep, or sooner than they can: per promiser and kind, beside what humans do with promises of that kind.';
	COMMENT ON COLUMN trust.over_promising.promiser IS 'Who promised.';
	COMMENT ON COLUMN trust.over_promising.promiser_kind IS 'human, ai or system.';
	COMMENT ON COLUMN trust.over_promising.kind IS 'Of which kind; NULL: no kind was said.';
	COMMENT ON COLUMN trust.over_promising.promises IS 'How many there are, in all states.';
	COMMENT ON COLUMN trust.over_promising.decided IS 'How many have a verdict, or are overdue.';
	COMMENT ON COLUMN trust.over_promising.kept IS 'How many stand as kept.';
	COMMENT ON COLUMN trust.over_promising.partly_kept IS 'How many stand as partly kept.';
	COMMENT ON COLUMN trust.over_promising.broken IS 'How many stand as broken.';
	COMMENT ON COLUMN trust.over_promising.overdue IS 'How many were open, and are past due and grace without a verdict.';
	COMMENT ON COLUMN trust.over_promising.kept_rate IS 'Share of those decided that are kept, 0 to 1; NULL: none is decided.';
	COMMENT ON COLUMN trust.over_promising.kept_rate_low IS 'From here the true rate lies with 95 % probability, by Beta(kept + 1, decided - kept + 1): 2.5 % lie below.';
	COMMENT ON COLUMN trust.over_promising.kept_rate_high IS 'Up to here: 2.5 % lie above.';
	COMMENT ON COLUMN trust.over_promising.median_promised IS 'Median of the time first promised, from made to first due.';
	COMMENT ON COLUMN trust.over_promising.median_needed IS 'Median of the time from promise to verdict, of those kept.';
	COMMENT ON COLUMN trust.over_promising.human_decided IS 'How many promises of that kind that humans made are decided, this promiser''s among them if human.';
	COMMENT ON COLUMN trust.over_promising.human_kept_rate IS 'Share of these that are kept, 0 to 1.';
	COMMENT ON COLUMN trust.over_promising.human_median_needed IS 'Median of the time from promise to verdict, of these that are kept.';

	COMMENT ON VIEW trust.human_backing IS 'Kept rates of promises that a human stood behind an hour after they were made, and of those that nobody did; human_backing() takes another time. Looking at one instant early on, the same for all, keeps a long case from collecting names; strata compare like with like. It is association, not effect: what made a human stand behind a promise may be what made it be kept.';
	FOR col IN
		SELECT * FROM (VALUES
			('scope', 'stratum: promises alike in month, kind, promiser''s kind and value; raw: all promises together; within_strata: the strata in which promises of both sorts are decided, taken together with the weights of Cochran, n1 n0 / (n1 + n0).'),
			('evidence', 'Which backed promises: any, or those backed with that evidence, asserted, session or passkey. Unbacked are all that nobody stood behind.'),
			('month', 'The first of the month in which they were made, in the ledger''s zone.'),
			('kind', 'Their kind; NULL: no kind was said.'),
			('promiser_kind', 'human, ai or system.'),
			('value_band', 'Their value by power of ten, and currency: EUR 1000+ is 1000 to below 10000; NULL: no value was said.'),
			('difference', 'backed minus unbacked: of the posterior means (kept + 1) / (decided + 2); NULL: one of them has nothing decided.'),
			('difference_low', 'From here the difference lies with 95 % probability, by a normal approximation to the posterior.'),
			('difference_high', 'Up to here.')) AS c (name, comment)
		UNION ALL
		SELECT sort || '_' || name, format(comment, means)
		FROM (VALUES ('backed', 'that a human stood behind'), ('unbacked', 'that nobody stood behind')) AS s (sort, means),
			(VALUES
			('promises', 'How many promises %s then.'),
			('undecided', 'How many of those %s: not yet due, never open, withdrawn in time, or released.'),
			('too_early', 'How many of those %s were settled or due before the instant that is looked at: not comparable.'),
			('decided', 'How many of those %s are decided: past due, or with a verdict where no due time was said.'),
			('kept', 'How many of these decided %s stand as kept; overdue and partly kept are not.'),
			('rate', 'kept of decided, of those %s, 0 to 1; NULL: none is decided.'),
			('accepted', 'Share of the promises %s that the customer accepted, 0 to 1.')) AS c (name, comment)
	LOOP
		EXECUTE format('COMMENT ON COLUMN trust.human_backing.%I IS %L', col.name, col.comment);
	END LOOP;
END
$$;
COMMENT ON FUNCTION trust_ledger.comment_on_analysis_views() IS
	'Comments on the views of analysis. Called by create_views().';
