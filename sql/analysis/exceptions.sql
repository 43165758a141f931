-- What an auditor asks about, row by row: exceptions, what is overdue, what nobody stands behind any more.

CREATE FUNCTION trust_ledger.policy_is_weaker(old jsonb, new jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp SET IntervalStyle = 'iso_8601'
AS $$
	SELECT coalesce((old->>'active')::boolean, false) AND (
		NOT coalesce((new->>'active')::boolean, false)
		-- it asks for less: who sets a time to back within asks for somebody to back
		OR coalesce(array_position(ranks, new->>'evidence'), CASE WHEN new->>'back_within' IS NULL THEN 0 ELSE 1 END)
			< coalesce(array_position(ranks, old->>'evidence'), CASE WHEN old->>'back_within' IS NULL THEN 0 ELSE 1 END)
		OR coalesce((new->>'back_within')::interval > (old->>'back_within')::interval, old->>'back_within' IS NOT NULL)
		OR coalesce((new->>'grace')::interval, '0') > coalesce((old->>'grace')::interval, '0')
		OR coalesce((new->>'due_within')::interval > (old->>'due_within')::interval, old->>'due_within' IS NOT NULL)
		-- it speaks of fewer promises
		OR coalesce((new->>'least_value')::numeric, 0) > coalesce((old->>'least_value')::numeric, 0)
		OR coalesce((old->>'cumulative')::boolean, false) AND NOT coalesce((new->>'cumulative')::boolean, false)
		OR new->>'promiser' IS NOT NULL AND new->>'promiser' IS DISTINCT FROM old->>'promiser'
		OR new->>'promiser_kind' IS NOT NULL AND new->>'promiser_kind' IS DISTINCT FROM old->>'promiser_kind'
		OR new->>'kind' IS NOT NULL AND new->>'kind' IS DISTINCT FROM old->>'kind'
		OR new->>'currency' IS NOT NULL AND new->>'currency' IS DISTINCT FROM old->>'currency')
	FROM (VALUES ('{asserted,session,passkey}'::text[])) AS e (ranks)
$$;
COMMENT ON FUNCTION trust_ledger.policy_is_weaker(jsonb, jsonb) IS
	'Whether a rule as new, in the details of governance entries, asks for less than as old, or of fewer promises: in any one respect. What is left out or null is not asked; an old that was not in force, or NULL, is never weaker than anything, and no rule at all (NULL) is weaker than one in force.';

CREATE FUNCTION trust_ledger.exception_views(OUT name text, OUT definition text) RETURNS SETOF record
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	overdue CONSTANT text := $sql$p.state IN ('proposed', 'open') AND p.opened_at IS NOT NULL AND p.overdue_at IS NOT NULL AND p.overdue_at < now()$sql$;
	undecided CONSTANT text := $sql$p.state IN ('proposed', 'open')$sql$;
	retired CONSTANT text := $sql$EXISTS (SELECT FROM trust.actor a WHERE a.actor = p.backer AND NOT a.active)$sql$;
	retired_at CONSTANT text := $sql$(SELECT e.recorded_at FROM trust.actor a JOIN trust.entry e ON e.customer = '' AND e.seq = a.seq WHERE a.actor = p.backer)$sql$;
	drafter_kind CONSTANT text := $sql$coalesce((SELECT a.kind FROM trust.actor a WHERE a.actor = p.drafted_by), p.promiser_kind)$sql$;
	ran_out CONSTANT text := $sql$p.paused_at IS NOT NULL AND p.paused_until < now()$sql$;
	promises text;
BEGIN
	-- Each kind of exception that a promise's row tells, in the words of SQL. %s is put together of what is above.
	-- Columns are named in each part of a UNION: PostgreSQL does so where it writes a view down.
	SELECT string_agg(format($view$
		SELECT %L::text AS what, %s AS since, p.customer, p.promise, %s AS subject, p.promiser, p.kind, p.state, %s AS detail
		FROM trust.promise p
		WHERE %s AND (SELECT trust_ledger.require_reader())
		$view$, what, since, coalesce(subject, 'NULL::text'), detail, applies), ' UNION ALL ')
	INTO promises
	FROM (VALUES
		('unbacked', 'coalesce(p.waiting_since, p.opened_at, p.recorded_at)', NULL,
			$sql$format('policy asks for evidence %s, and nobody stands behind it', p.evidence_asked)$sql$,
			$sql$p.evidence_asked IS NOT NULL AND p.backer IS NULL AND p.state <> 'withdrawn' AND NOT (p.state = 'proposed' AND p.declined_at IS NOT NULL)$sql$),
		('backing_overdue', 'p.back_by', NULL,
			$sql$format('to be backed by %s, waits since %s', p.back_by, p.waiting_since)$sql$,
			'p.waiting_since IS NOT NULL AND p.back_by < now()'),
		('overdue', 'p.overdue_at', NULL,
			$sql$format('was due %s, and nobody has given a verdict', p.due)$sql$,
			overdue),
		('backer_retired', retired_at, 'p.backer',
			$sql$'whoever stands behind it is retired'$sql$,
			undecided || ' AND ' || retired),
		('backing_withdrawn', 'p.unbacked_at', 'p.former_backer',
			$sql$'whoever stood behind it does no more, and nobody else does'$sql$,
			undecided || $sql$ AND p.backer IS NULL AND p.unbacked_by = 'backing_withdrawn'$sql$),
		('relied_on_unbacked', 'p.accepted_at', NULL,
			$sql$'the customer accepted it, and nobody ever stood behind it'$sql$,
			'p.accepted_at IS NOT NULL AND p.backer IS NULL AND p.unbacked_at IS NULL'),
		('machine_words_unseen', 'p.recorded_at', 'coalesce(p.drafted_by, p.promiser)',
			format($sql$format('words by %%s (%%s), which no human of the company''s had before them', coalesce(p.drafted_by, p.promiser), %s)$sql$, drafter_kind),
			format($sql$p.seen_at IS NULL AND p.state <> 'withdrawn' AND %s <> 'human'$sql$, drafter_kind)),
		('backfilled', 'p.backfilled_at', NULL,
			$sql$CASE WHEN p.backfilled THEN 'made long before it was entered' ELSE 'what happened to it was entered long after' END$sql$,
			'p.backfilled_at IS NOT NULL'),
		('due_moved', 'p.due_moved_at', NULL,
			$sql$format('moved %s, first due %s, now %s', CASE p.due_moves WHEN 1 THEN 'once' ELSE p.due_moves || ' times' END, p.first_due, coalesce(p.due::text, 'without a due time'))$sql$,
			'p.due_moves > 0'),
		('withdrawn_late', 'p.settled_at', NULL,
			$sql$format('withdrawn after acceptance or due, stands as %s', p.outcome)$sql$,
			$sql$p.settled_by = 'withdrawn' AND p.outcome IS NOT NULL$sql$),
		('released_late', 'p.settled_at', NULL,
			$sql$format('was due %s', p.due)$sql$,
			$sql$p.settled_by = 'released' AND p.due < p.settled_at$sql$),
		('long_pause', format('CASE WHEN %s THEN p.paused_until ELSE coalesce(p.paused_at, p.recorded_at) END', ran_out), NULL,
			format($sql$CASE WHEN %s THEN format('the pause since %%s ran out', p.paused_at) ELSE format('paused for %%s of %%s first promised', p.paused_for, p.first_due - p.made_at) END$sql$, ran_out),
			format('(%s OR p.paused_for > (p.first_due - p.made_at) / 2)', ran_out)),
		('company_word_only', 'p.settled_at', NULL,
			$sql$format('%s, by the company''s word alone', p.outcome)$sql$,
			$sql$p.outcome IS NOT NULL AND p.whose_word = 'company'$sql$),
		('admitted_and_kept', 'p.admitted_at', NULL,
			$sql$'a breach was admitted beforehand, and it stands as kept'$sql$,
			$sql$p.admitted_at IS NOT NULL AND p.outcome = 'kept'$sql$),
		('no_due', 'p.made_at', NULL,
			$sql$'it can never be overdue'$sql$,
			undecided || ' AND p.due IS NULL')) AS v (what, since, subject, detail, applies);

	name := 'exception';
	definition := promises || $view$
	UNION ALL
	SELECT 'unconfirmed' AS what, e.recorded_at AS since, p.customer, p.promise, e.actor AS subject, p.promiser, p.kind, p.state,
		format('entry %s, %s, waits for the customer''s or a record''s own word', e.seq, concat_ws(' ', e.event, e.verdict)) AS detail
	FROM trust.promise p JOIN trust.entry e ON e.customer = p.customer AND e.promise = p.promise AND (e.relayed OR e.event = 'breach_repaired' AND NOT e.stands)
	-- a promise says which was the last; none before it hides behind that
	WHERE p.unconfirmed IS NOT NULL AND (SELECT trust_ledger.require_reader())
		AND NOT EXISTS (SELECT FROM trust.entry o WHERE o.customer = e.customer AND o.promise = e.promise AND o.seq > e.seq AND o.speaks_for <> 'company'
			AND o.event IN ('accepted', 'amended', 'assessed', 'released', 'breach_repaired') AND o.stands IS NOT FALSE)
	UNION ALL
	SELECT 'row_deleted' AS what, e.recorded_at AS since, p.customer, p.promise, s.source AS subject, p.promiser, p.kind, p.state,
		format('its row %s%s is gone, and nothing has ended it', s.key, CASE WHEN s.name <> '' THEN format(' (%s)', s.name) END) AS detail
	FROM trust.source s JOIN trust.promise p ON p.customer = s.customer AND p.promise = s.promise
	JOIN trust.entry e ON e.customer = s.customer AND e.seq = s.seq
	WHERE s.gone AND p.state IN ('proposed', 'open') AND e.details->>'row' = 'deleted' AND (SELECT trust_ledger.require_reader())
	UNION ALL
	SELECT 'erased' AS what, e.recorded_at AS since, e.customer, e.promise, coalesce(e.actor, e.login) AS subject, p.promiser, p.kind, p.state,
		format('entry %s erased texts of %s', e.seq, CASE WHEN e.refers_to IS NOT NULL THEN format('entry %s', e.refers_to)
			WHEN e.promise IS NOT NULL THEN 'all earlier entries of the promise' ELSE 'no entry that it names' END) AS detail
	FROM trust.entry e LEFT JOIN trust.promise p ON p.customer = e.customer AND p.promise = e.promise
	WHERE e.event = 'erased' AND (SELECT trust_ledger.require_reader())
	UNION ALL
	SELECT 'policy_weakened' AS what, weak.recorded_at AS since, '' AS customer, NULL::uuid AS promise, weak.subject,
		NULL::text AS promiser, NULL::text AS kind, NULL::text AS state,
		format('entry %s asked for less than entry %s, until entry %s at %s', weak.seq, weak.old_seq, again.seq, again.recorded_at) AS detail
	FROM (
		SELECT e.seq, e.subject, e.details, e.recorded_at,
			lag(e.seq) OVER (PARTITION BY e.subject ORDER BY e.seq) AS old_seq, lag(e.details) OVER (PARTITION BY e.subject ORDER BY e.seq) AS old
		FROM trust.entry e
		WHERE e.customer = '' AND e.event IN ('policy_set', 'policy_dropped')) weak
	CROSS JOIN LATERAL (
		SELECT e.seq, e.recorded_at FROM trust.entry e
		WHERE e.customer = '' AND e.event = 'policy_set' AND e.seq > weak.seq AND NOT trust_ledger.policy_is_weaker(weak.old, e.details)
		ORDER BY e.seq LIMIT 1) again
	WHERE trust_ledger.policy_is_weaker(weak.old, weak.details) AND (SELECT trust_ledger.require_reader())
	UNION ALL
	SELECT 'policy_weakened' AS what, given.recorded_at AS since, '' AS customer, NULL::uuid AS promise, given.subject,
		NULL::text AS promiser, NULL::text AS kind, NULL::text AS state,
		format('entry %s gave a grace that the rule did not give before, until entry %s at %s', given.seq, taken.seq, taken.recorded_at) AS detail
	FROM (
		SELECT e.seq, e.subject, e.details, e.recorded_at, lag(e.details) OVER (PARTITION BY e.subject ORDER BY e.seq) AS old
		FROM trust.entry e
		WHERE e.customer = '' AND e.event IN ('policy_set', 'policy_dropped')) given
	CROSS JOIN LATERAL (
		SELECT e.seq, e.recorded_at FROM trust.entry e
		WHERE e.customer = '' AND e.event IN ('policy_set', 'policy_dropped') AND e.subject = given.subject AND e.seq > given.seq
			AND (e.event = 'policy_dropped' OR coalesce((e.details->>'grace')::interval, '0') < (given.details->>'grace')::interval)
		ORDER BY e.seq LIMIT 1) taken
	WHERE (given.details->>'active')::boolean AND (given.details->>'grace')::interval > '0'
		AND NOT coalesce((given.old->>'active')::boolean, false) AND (SELECT trust_ledger.require_reader())
	UNION ALL
	SELECT 'clock_set_back' AS what, e.recorded_at AS since, e.customer, e.promise, e.actor AS subject, p.promiser, p.kind, p.state,
		format('entry %s was recorded at %s, and entry %s of governance, which it names, at %s', e.seq, e.recorded_at, g.seq, g.recorded_at) AS detail
	FROM trust.entry e JOIN trust.entry g ON g.customer = '' AND g.seq = e.actor_seq AND e.recorded_at < g.recorded_at - interval '1 minute'
	LEFT JOIN LATERAL (SELECT o.promiser, o.kind, o.state FROM trust.promise o WHERE o.customer = e.customer AND o.promise = e.promise LIMIT 1) p ON true
	-- most are younger than all who act: that is seen at once
	WHERE e.recorded_at < (SELECT max(a.recorded_at) FROM trust.entry a WHERE a.customer = '' AND starts_with(a.event, 'actor_')) - interval '1 minute'
		AND (SELECT trust_ledger.require_reader())
	UNION ALL
	SELECT 'foreign_code' AS what, NULL AS since, '' AS customer, NULL AS promise, format('%I.%I', s.nspname, c.relname) AS subject,
		NULL AS promiser, NULL AS kind, NULL AS state,
		format('%s %I calls function %I.%I after a write%s', CASE WHEN t.tgconstraint <> 0 THEN 'constraint trigger' ELSE 'trigger' END, t.tgname,
			n.nspname, f.proname, CASE t.tgenabled WHEN 'D' THEN ', and is disabled' END) AS detail
	FROM (WITH RECURSIVE place (relid) AS (
			SELECT o.oid FROM pg_class o JOIN pg_namespace os ON os.oid = o.relnamespace
			WHERE os.nspname = 'trust' AND o.relname IN ('ledger', 'actor', 'policy', 'access', 'tracking', 'chain', 'promise', 'source', 'entry', 'parked_change', 'copy')
			UNION SELECT i.inhrelid FROM place JOIN pg_inherits i ON i.inhparent = place.relid)
		SELECT place.relid FROM place) part
	JOIN pg_class c ON c.oid = part.relid JOIN pg_namespace s ON s.oid = c.relnamespace
	-- neither BEFORE nor INSTEAD OF; a partition's copy of its parent's trigger is the same
	JOIN pg_trigger t ON t.tgrelid = c.oid AND t.tgtype & 66 = 0 AND t.tgparentid = 0
	JOIN pg_proc f ON f.oid = t.tgfoid JOIN pg_namespace n ON n.oid = f.pronamespace
	-- foreign keys have triggers of PostgreSQL's own
	WHERE NOT (t.tgisinternal AND n.nspname = 'pg_catalog') AND (SELECT trust_ledger.require_reader())
	$view$;
	RETURN NEXT;

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
COMMENT ON FUNCTION trust_ledger.exception_views() IS
	'The texts of the views of exceptions. Part of ledger_views().';

CREATE FUNCTION trust_ledger.comment_on_exception_views() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	col record;
BEGIN
	COMMENT ON VIEW trust.exception IS 'What an auditor asks about: one row per promise, entry, rule or trigger and what is the matter with it. A promise with several matters has several rows. Nothing that a person wrote.';
	FOR col IN
		SELECT * FROM (VALUES
			('what', $c$What is the matter. unbacked: policy asks for a human and nobody backs it. backing_overdue: it still waits, past the time to back within. overdue: past due and grace without a verdict. backer_retired: whoever stands behind it is retired. backing_withdrawn: whoever stood behind it took that back, and nobody else does. relied_on_unbacked: the customer accepted what nobody ever backed. machine_words_unseen: a machine wrote words that no human of the company's had before them. backfilled: it, or what happened to it, was entered long after the fact. due_moved: by an amendment. withdrawn_late: after acceptance or due. released_late: after due. long_pause: a pause ran out, or pauses took more than half of the time first promised. unconfirmed: what was relayed, or a repair that was claimed, waits for the customer's or a record's own word. company_word_only: the verdict is the company's own. admitted_and_kept: a breach was admitted beforehand, and it was kept. no_due: it has no due time, and so can never be overdue. row_deleted: the row of a tracked table that it stands for was deleted, and it still binds or waits. erased: a person's text was erased. policy_weakened: a rule asked for less, or was dropped, for a while, and was then restored; or a new one gave grace for a while. clock_set_back: an entry was recorded more than a minute before the entry that registered its actor as it says. foreign_code: a trigger that is not the ledger's own follows what is written to one of its tables.$c$),
			('since', 'Since when; of what is done with, when it was done. NULL: that is not known.'),
			('customer', 'Whom the promise was made to; empty: governance, or a table.'),
			('promise', 'The promise; NULL: it is about no promise.'),
			('subject', 'The actor, login, rule or table it is about; NULL: the promise itself.'),
			('promiser', 'Who made the promise.'),
			('kind', 'The promise''s kind; NULL: none was said.'),
			('state', 'The promise''s state now.'),
			('detail', 'More about it, for people to read; no words that a person wrote.')) AS c (name, comment)
	LOOP
		EXECUTE format('COMMENT ON COLUMN trust.exception.%I IS %L', col.name, col.comment);
	END LOOP;

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
COMMENT ON FUNCTION trust_ledger.comment_on_exception_views() IS
	'Comments on the views of exceptions. Called by create_views().';
