CREATE FUNCTION trust_ledger.overdue_views(OUT name text, OUT definition text) RETURNS SETOF record
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	overdue CONSTANT text := $sql$p.state IN ('proposed', 'open') AND p.opened_at IS NOT NULL AND p.overdue_at IS NOT NULL AND p.overdue_at < now()$sql$;
	undecided CONSTANT text := $sql$p.state IN ('proposed', 'open')$sql$;
	retired CONSTANT text := $sql$EXISTS (SELECT FROM trust.actor a WHERE a.actor = p.backer AND NOT a.active)$sql$;
	retired_at CONSTANT text := $sql$(SELECT e.recorded_at FROM trust.actor a JOIN trust.entry e ON e.customer = '' AND e.seq = a.seq WHERE a.actor = p.backer)$sql$;
BEGIN
	name := 'overdue';
	definition := format($view$
	SELECT p.customer, p.promise, p.state,
		CASE WHEN (SELECT trust_ledger.reads_words()) THEN p.words END AS words,
		p.promiser, p.promiser_kind, p.backer, p.kind, p.value, p.currency, p.due, p.overdue_at,
		(extract(epoch FROM now() - p.overdue_at) / 86400)::float8 AS days_over, p.accepted_at
	FROM trust.promise p
	WHERE %s AND (SELECT trust_ledger.require_reader())
	ORDER BY p.overdue_at
	$view$, overdue);
	RETURN NEXT;

	name := 'orphaned';
	definition := format($view$
	SELECT p.customer, p.promise, p.state,
		CASE WHEN (SELECT trust_ledger.reads_words()) THEN p.words END AS words,
		p.promiser, coalesce(p.backer, p.former_backer) AS former_backer,
		CASE WHEN p.backer IS NOT NULL THEN 'retired' WHEN p.unbacked_by = 'backing_withdrawn' THEN 'withdrawn' ELSE p.unbacked_by END AS why,
		CASE WHEN p.backer IS NOT NULL THEN %s ELSE p.unbacked_at END AS since,
		p.kind, p.value, p.currency, p.due, p.accepted_at, %s AS overdue
	FROM trust.promise p
	WHERE %s AND (p.backer IS NULL AND p.unbacked_at IS NOT NULL OR %s) AND (SELECT trust_ledger.require_reader())
	$view$, retired_at, overdue, undecided, retired);
	RETURN NEXT;
END
$$;
COMMENT ON FUNCTION trust_ledger.overdue_views() IS
	'The texts of the views of overdue and orphaned promises. Part of ledger_views().';

CREATE FUNCTION trust_ledger.comment_on_overdue_views() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	COMMENT ON VIEW trust.overdue IS 'Promises past due and grace without a verdict, the longest overdue first. Words only for levels application and auditor.';
	COMMENT ON COLUMN trust.overdue.customer IS 'Whom it was made to.';
	COMMENT ON COLUMN trust.overdue.promise IS 'Which promise.';
	COMMENT ON COLUMN trust.overdue.state IS 'open, or proposed again: it was open once.';
	COMMENT ON COLUMN trust.overdue.words IS 'What was promised; NULL for who may not read words.';
	COMMENT ON COLUMN trust.overdue.promiser IS 'Who made it.';
	COMMENT ON COLUMN trust.overdue.promiser_kind IS 'human, ai or system.';
	COMMENT ON COLUMN trust.overdue.backer IS 'The human who stands behind it by their own act; NULL: nobody.';
	COMMENT ON COLUMN trust.overdue.kind IS 'Its kind; NULL: none was said.';
	COMMENT ON COLUMN trust.overdue.value IS 'What it is worth, if that was said.';
	COMMENT ON COLUMN trust.overdue.currency IS 'In which currency.';
	COMMENT ON COLUMN trust.overdue.due IS 'When it was due.';
	COMMENT ON COLUMN trust.overdue.overdue_at IS 'due and the grace that policy gives.';
	COMMENT ON COLUMN trust.overdue.days_over IS 'How long since overdue_at, in days of 24 hours.';
	COMMENT ON COLUMN trust.overdue.accepted_at IS 'When the customer accepted it; NULL: they did not.';

	COMMENT ON VIEW trust.orphaned IS 'Promises without a verdict that a human stood behind, and nobody does any more. Words only for levels application and auditor.';
	COMMENT ON COLUMN trust.orphaned.customer IS 'Whom it was made to.';
	COMMENT ON COLUMN trust.orphaned.promise IS 'Which promise.';
	COMMENT ON COLUMN trust.orphaned.state IS 'proposed or open.';
	COMMENT ON COLUMN trust.orphaned.words IS 'What was promised; NULL for who may not read words.';
	COMMENT ON COLUMN trust.orphaned.promiser IS 'Who made it.';
	COMMENT ON COLUMN trust.orphaned.former_backer IS 'Who stood behind it last.';
	COMMENT ON COLUMN trust.orphaned.why IS 'retired: the backer was; withdrawn: they took it back; amended: its terms changed, and what was backed were the old ones.';
	COMMENT ON COLUMN trust.orphaned.since IS 'Since when nobody stands behind it.';
	COMMENT ON COLUMN trust.orphaned.kind IS 'Its kind; NULL: none was said.';
	COMMENT ON COLUMN trust.orphaned.value IS 'What it is worth, if that was said.';
	COMMENT ON COLUMN trust.orphaned.currency IS 'In which currency.';
	COMMENT ON COLUMN trust.orphaned.due IS 'When it is due.';
	COMMENT ON COLUMN trust.orphaned.accepted_at IS 'When the customer accepted it; NULL: they did not.';
	COMMENT ON COLUMN trust.orphaned.overdue IS 'It was open, and is past due and grace.';
END
$$;
COMMENT ON FUNCTION trust_ledger.comment_on_overdue_views() IS
	'Comments on the views of overdue and orphaned promises. Called by create_views().';
