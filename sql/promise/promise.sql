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
