-- View trust.exception: what an auditor looks at, one row each.

CREATE FUNCTION trust_ledger.exception_views(OUT name text, OUT definition text)
RETURNS SETOF record
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	-- Every SELECT of the UNION names its columns, as pg_get_viewdef() does.
	name := 'exception';
	definition := $view$
	SELECT x.what, x.since, x.customer, x.promise, x.subject, x.promiser, x.kind, x.state, x.detail
	FROM trust_ledger.promise_exceptions() x
	WHERE (SELECT trust_ledger.require_reader())
	UNION ALL
	SELECT 'erased' AS what, e.recorded_at AS since, e.customer, e.promise,
		coalesce(e.actor, e.login) AS subject, p.promiser, p.kind, p.state,
		format('entry %s erased texts of %s', e.seq,
			CASE
				WHEN e.refers_to IS NOT NULL THEN format('entry %s', e.refers_to)
				WHEN e.promise IS NOT NULL THEN 'all earlier entries of the promise'
				ELSE 'no entry'
			END) AS detail
	FROM trust.entry e
	LEFT JOIN trust.promise p ON p.customer = e.customer AND p.promise = e.promise
	WHERE e.event = 'erased' AND (SELECT trust_ledger.require_reader())
	UNION ALL
	SELECT 'policy_weakened' AS what, weak.recorded_at AS since, '' AS customer,
		NULL::uuid AS promise, weak.subject,
		NULL::text AS promiser, NULL::text AS kind, NULL::text AS state,
		format('entry %s required less than entry %s, until entry %s at %s',
			weak.seq, weak.old_seq, again.seq, again.recorded_at) AS detail
	FROM (
		SELECT e.seq, e.subject, e.details, e.recorded_at,
			lag(e.seq) OVER (PARTITION BY e.subject ORDER BY e.seq) AS old_seq,
			lag(e.details) OVER (PARTITION BY e.subject ORDER BY e.seq) AS old
		FROM trust.entry e
		WHERE e.customer = '' AND e.event IN ('policy_set', 'policy_dropped')) weak
	CROSS JOIN LATERAL (
		SELECT e.seq, e.recorded_at
		FROM trust.entry e
		WHERE e.customer = ''
			AND e.event = 'policy_set'
			AND e.seq > weak.seq
			AND NOT trust_ledger.policy_is_weaker(weak.old, e.details)
		ORDER BY e.seq
		LIMIT 1) again
	WHERE trust_ledger.policy_is_weaker(weak.old, weak.details)
		AND (SELECT trust_ledger.require_reader())
	UNION ALL
	SELECT 'policy_weakened' AS what, given.recorded_at AS since, '' AS customer,
		NULL::uuid AS promise, given.subject,
		NULL::text AS promiser, NULL::text AS kind, NULL::text AS state,
		format('entry %s gave a grace time that the rule had not given before, '
			'until entry %s at %s', given.seq, taken.seq, taken.recorded_at) AS detail
	FROM (
		SELECT e.seq, e.subject, e.details, e.recorded_at,
			lag(e.details) OVER (PARTITION BY e.subject ORDER BY e.seq) AS old
		FROM trust.entry e
		WHERE e.customer = '' AND e.event IN ('policy_set', 'policy_dropped')) given
	CROSS JOIN LATERAL (
		SELECT e.seq, e.recorded_at
		FROM trust.entry e
		WHERE e.customer = ''
			AND e.event IN ('policy_set', 'policy_dropped')
			AND e.subject = given.subject
			AND e.seq > given.seq
			AND (e.event = 'policy_dropped'
				OR coalesce((e.details->>'grace')::interval, '0')
					< (given.details->>'grace')::interval)
		ORDER BY e.seq
		LIMIT 1) taken
	WHERE (given.details->>'active')::boolean
		AND (given.details->>'grace')::interval > '0'
		AND NOT coalesce((given.old->>'active')::boolean, false)
		AND (SELECT trust_ledger.require_reader())
	UNION ALL
	SELECT 'actor_changed' AS what, e.recorded_at AS since, '' AS customer, NULL::uuid AS promise,
		e.subject, NULL::text AS promiser, NULL::text AS kind, NULL::text AS state,
		format('entry %s %s of a human', e.seq,
			CASE
				WHEN NOT e.was_active THEN 'ended the retirement'
				WHEN e.renamed AND e.moved THEN 'changed the name and the login'
				WHEN e.renamed THEN 'changed the name'
				ELSE 'changed the login'
			END) AS detail
	FROM (
		SELECT a.seq, a.subject, a.recorded_at, a.event,
			(lag(a.details) OVER actor->>'active')::boolean AS was_active,
			lag(a.name) OVER actor <> coalesce(a.name, '') AS renamed,
			coalesce(lag(a.details) OVER actor->>'db_role', '')
				<> coalesce(a.details->>'db_role', '') AS moved
		FROM trust.entry a
		WHERE a.customer = ''
			AND a.event IN ('actor_registered', 'actor_retired')
			AND a.details->>'kind' = 'human'
		WINDOW actor AS (PARTITION BY a.subject ORDER BY a.seq)) e
	WHERE e.event = 'actor_registered'
		AND e.was_active IS NOT NULL
		AND (NOT e.was_active OR e.renamed OR e.moved)
		AND (SELECT trust_ledger.require_reader())
	UNION ALL
	SELECT 'foreign_code' AS what, NULL AS since, '' AS customer, NULL AS promise,
		format('%I.%I', s.nspname, c.relname) AS subject,
		NULL AS promiser, NULL AS kind, NULL AS state,
		format('%s %I calls function %I.%I after a write%s',
			CASE WHEN t.tgconstraint <> 0 THEN 'constraint trigger' ELSE 'trigger' END,
			t.tgname, n.nspname, f.proname,
			CASE t.tgenabled WHEN 'D' THEN ', and is disabled' END) AS detail
	FROM (
		WITH RECURSIVE place (relid) AS (
			SELECT o.oid
			FROM pg_class o
			JOIN pg_namespace os ON os.oid = o.relnamespace
			WHERE os.nspname = 'trust'
				AND o.relname IN ('ledger', 'actor', 'policy', 'access', 'tracking', 'chain',
					'promise', 'source', 'entry', 'parked_change', 'copy')
			UNION
			SELECT i.inhrelid
			FROM place
			JOIN pg_inherits i ON i.inhparent = place.relid)
		SELECT place.relid FROM place) part
	JOIN pg_class c ON c.oid = part.relid
	JOIN pg_namespace s ON s.oid = c.relnamespace
	-- AFTER triggers: neither TRIGGER_TYPE_BEFORE nor TRIGGER_TYPE_INSTEAD. A partition has a clone
	-- of each row trigger of its parent; show the parent's only.
	JOIN pg_trigger t ON t.tgrelid = c.oid AND t.tgtype & 66 = 0 AND t.tgparentid = 0
	JOIN pg_proc f ON f.oid = t.tgfoid
	JOIN pg_namespace n ON n.oid = f.pronamespace
	-- leave out the internal triggers of foreign keys
	WHERE NOT (t.tgisinternal AND n.nspname = 'pg_catalog')
		AND (SELECT trust_ledger.require_reader())
	$view$;
	RETURN NEXT;
END
$$;
COMMENT ON FUNCTION trust_ledger.exception_views() IS
	'Name and query of view trust.exception. Called by ledger_views().';

CREATE FUNCTION trust_ledger.comment_on_exception_views() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	COMMENT ON VIEW trust.exception IS
		'What an auditor looks at: one row per promise, entry, rule, trigger, human or import and '
		'kind of exception. Without words that people wrote.';
	PERFORM trust_ledger.comment_on_columns('trust.exception', ARRAY[
		['what', 'The kind of exception. '
			'unbacked: policy requires a human backer, and nobody backs the promise. '
			'backing_overdue: the promise waits for a backer, and the time for that is over. '
			'overdue: the promise is past due and grace, and has no verdict. '
			'backer_retired: the backer is retired. '
			'backing_withdrawn: the backer withdrew, and nobody else backs the promise. '
			'relied_on_unbacked: the customer accepted a promise that nobody ever backed. '
			'machine_words_unseen: a machine wrote words that no human of the company saw. '
			'backfilled: a promise, or an event, was recorded long after it happened; one row for '
			'what was recorded with breaks of at most ten minutes. '
			'due_moved: an amendment changed the due time. '
			'due_far: the promise becomes overdue only after ten times as long as usual for its '
			'kind (the geometric mean, at most a year), also if it was decided before. '
			'opened_late: the promise was first open after its first due time. '
			'eased: the company eased the terms after half of the time first promised. '
			'withdrawn_late: the promise was withdrawn after acceptance or due. '
			'withdrawn_near_due: the promise was withdrawn after half of the time first promised. '
			'remade: the promise was withdrawn, and the same promiser made another one of the same '
			'kind to the customer in the time until due. '
			'released_late: the promise was released after due. '
			'long_pause: a pause expired, or pauses took more than half of the time first '
			'promised. '
			'unconfirmed: a relayed word, or a claimed repair, waits for confirmation. '
			'company_word_only: the verdict is the company''s own; one row for imported promises '
			'as for backfilled. '
			'verdict_reversed: an actor replaced another actor''s verdict by a different one. '
			'speaker_registered: an actor spoke for the customer or a system of record, but does '
			'so only since the promise was recorded, or answers to the human who answers for the '
			'promiser or the backer. '
			'backed_in_bursts: a human backed more than ten promises in a minute. '
			'admitted_and_kept: the company admitted a breach, and the promise was kept. '
			'no_due: the promise has no due time, and cannot become overdue. '
			'row_deleted: the tracked row was deleted, and the promise has not ended. '
			'erased: texts were erased. '
			'policy_weakened: a rule required less, or was dropped, for a while and was then '
			'restored; or a new rule gave a grace time for a while. '
			'settings_eased: by a change of a rule, of weights, half-life or lag, or of what a '
			'human may back, promises were asked less, or got away with more, than before. '
			'actor_changed: the name or login of a human changed, or a retired human returned. '
			'clock_set_back: an entry was recorded more than a minute before the entry that '
			'registered its actor. '
			'foreign_code: a trigger that is not part of the ledger runs after writes to one of '
			'its tables.'],
		['since', 'Since when; for an event, when it happened. NULL if unknown.'],
		['customer', 'The customer to whom the promise was made. Empty for governance and tables.'],
		['promise', 'The promise. NULL if the exception is not about a promise.'],
		['subject', 'The actor, login, source, rule or table that the exception is about. NULL for '
			'the promise itself.'],
		['promiser', 'Who made the promise.'],
		['kind', 'Kind of promise. NULL if none was stated.'],
		['state', 'Current state of the promise.'],
		['detail', 'A description for people to read, without words that people wrote.']]);
END
$$;
COMMENT ON FUNCTION trust_ledger.comment_on_exception_views() IS
	'Comments on view trust.exception. Called by create_views().';
