-- Views of promises that need attention: trust.overdue, and trust.orphaned, which nobody backs any
-- more.

CREATE FUNCTION trust_ledger.overdue_views(OUT name text, OUT definition text)
RETURNS SETOF record
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	name := 'overdue';
	definition := $view$
	SELECT p.customer, p.promise, p.state,
		CASE WHEN (SELECT trust_ledger.reads_words()) THEN p.words END AS words,
		p.promiser, p.promiser_kind, p.backer, p.kind, p.value, p.currency, p.due, p.overdue_at,
		(extract(epoch FROM now() - p.overdue_at) / 86400)::float8 AS days_over, p.accepted_at
	FROM trust.promise p
	WHERE p.state IN ('proposed', 'open')
		AND p.opened_at IS NOT NULL
		AND p.overdue_at IS NOT NULL
		AND p.overdue_at < now()
		AND (SELECT trust_ledger.require_reader())
	ORDER BY p.overdue_at
	$view$;
	RETURN NEXT;

	name := 'orphaned';
	definition := $view$
	SELECT p.customer, p.promise, p.state,
		CASE WHEN (SELECT trust_ledger.reads_words()) THEN p.words END AS words,
		p.promiser, coalesce(p.backer, p.former_backer) AS former_backer,
		CASE
			WHEN p.backer IS NOT NULL THEN 'retired'
			WHEN p.unbacked_by = 'backing_withdrawn' THEN 'withdrawn'
			ELSE p.unbacked_by
		END AS why,
		CASE
			WHEN p.backer IS NOT NULL THEN (
				SELECT e.recorded_at
				FROM trust.actor a
				JOIN trust.entry e ON e.customer = '' AND e.seq = a.seq
				WHERE a.actor = p.backer)
			ELSE p.unbacked_at
		END AS since,
		p.kind, p.value, p.currency, p.due, p.accepted_at,
		p.state IN ('proposed', 'open')
			AND p.opened_at IS NOT NULL
			AND p.overdue_at IS NOT NULL
			AND p.overdue_at < now() AS overdue
	FROM trust.promise p
	WHERE p.state IN ('proposed', 'open')
		AND (p.backer IS NULL AND p.unbacked_at IS NOT NULL
			OR EXISTS (
				SELECT FROM trust.actor a
				WHERE a.actor = p.backer AND NOT a.active))
		AND (SELECT trust_ledger.require_reader())
	$view$;
	RETURN NEXT;
END
$$;
COMMENT ON FUNCTION trust_ledger.overdue_views() IS
	'Names and queries of views trust.overdue and trust.orphaned. Called by ledger_views().';

CREATE FUNCTION trust_ledger.comment_on_overdue_views() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	COMMENT ON VIEW trust.overdue IS
		'Promises past due and grace without a verdict, the longest overdue first. Words only for '
		'levels application and auditor.';
	PERFORM trust_ledger.comment_on_columns('trust.overdue',
		trust_ledger.promise_column_comments() || ARRAY[
			['state', 'open; or proposed, if it was open before.'],
			['days_over', 'Days since overdue_at, of 24 hours each.']]);

	COMMENT ON VIEW trust.orphaned IS
		'Promises without a verdict that a human backed and that nobody backs any more. Words only '
		'for levels application and auditor.';
	PERFORM trust_ledger.comment_on_columns('trust.orphaned',
		trust_ledger.promise_column_comments() || ARRAY[
			['state', 'proposed or open.'],
			['former_backer', 'The last backer.'],
			['why', 'retired: the backer is retired. withdrawn: the backer withdrew. amended: the '
				'terms changed, which made the backing void.'],
			['since', 'Since when nobody backs it.']]);
END
$$;
COMMENT ON FUNCTION trust_ledger.comment_on_overdue_views() IS
	'Comments on views trust.overdue and trust.orphaned. Called by create_views().';
