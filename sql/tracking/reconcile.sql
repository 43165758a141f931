-- A function of its own: an error in what the table's conditions call names it, and does not print its SQL.
CREATE FUNCTION trust_ledger.compare_rows(tab regclass, of_source text)
RETURNS TABLE (what text, key text, name text, customer text, promise uuid, detail text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
	WITH said AS MATERIALIZED (
		SELECT * FROM trust_ledger.read_tracked(tab, of_source)
	), stands_for AS MATERIALIZED (
		SELECT r.key, r.name, r.customer, r.promise FROM trust.tracked_row r WHERE r.source = of_source AND NOT r.gone
	), compared AS (
		SELECT r.key, r.name, p.customer, p.promise, p.state, s.event, s.verdict,
			CASE s.event WHEN 'accepted' THEN p.accepted_at IS NOT NULL WHEN 'paused' THEN p.paused_at IS NOT NULL WHEN 'assessed' THEN trust_ledger.same_value(p.outcome, s.verdict)
				WHEN 'breach_admitted' THEN p.admitted_at IS NOT NULL WHEN 'breach_repaired' THEN p.repaired_at IS NOT NULL
				WHEN 'withdrawn' THEN p.settled_by = 'withdrawn' WHEN 'released' THEN p.settled_by = 'released' ELSE true END IS TRUE AS is_so,
			ARRAY[
				CASE WHEN NOT trust_ledger.same_value(s.customer, p.customer) THEN 'customer' END,
				CASE WHEN NOT trust_ledger.same_value(s.words, p.words) AND NOT (p.words IS NULL AND x.erased) THEN 'words' END,
				CASE WHEN NOT trust_ledger.same_value(s.kind, p.kind) THEN 'kind' END,
				-- where the row names none, policy may have given one
				CASE WHEN s.due IS NOT NULL AND NOT trust_ledger.same_value(s.due, p.due - coalesce(g.paused_since, '0')) THEN 'due' END,
				CASE WHEN NOT trust_ledger.same_value(s.value, p.value) THEN 'value' END,
				CASE WHEN NOT trust_ledger.same_value(s.currency, p.currency) THEN 'currency' END,
				CASE WHEN NOT trust_ledger.same_value(s.purpose, p.purpose) AND NOT (p.purpose IS NULL AND x.erased) THEN 'purpose' END,
				CASE WHEN NOT trust_ledger.same_value(s.longest_pause, p.longest_pause) THEN 'longest_pause' END] AS differing
		FROM stands_for r JOIN trust.current_promise p ON p.customer = r.customer AND p.promise = r.promise
			JOIN said s ON s.key = r.key AND s.name = r.name
			-- what was erased can be in the row still
			CROSS JOIN LATERAL (
				SELECT EXISTS (SELECT FROM trust.tracked_entry t WHERE t.customer = p.customer AND t.promise = p.promise AND t.event = 'erased') AS erased) AS x
			-- the pauses since the terms last said when it is due
			LEFT JOIN LATERAL (
				SELECT sum(e.due - e.before) FILTER (WHERE e.event IN ('paused', 'resumed') AND e.seq > e.given) AS paused_since
				FROM (
					SELECT d.*, max(d.seq) FILTER (WHERE d.event IN ('made', 'amended') AND d.due IS DISTINCT FROM d.before) OVER () AS given
					FROM (
						SELECT t.seq, t.event, t.due, lag(t.due) OVER (ORDER BY t.seq) AS before FROM trust.tracked_entry t
						WHERE t.customer = p.customer AND t.promise = p.promise AND t.event IN ('made', 'amended', 'paused', 'resumed') AND t.stands IS NOT FALSE) AS d) AS e
			) AS g ON s.event = 'made' AND p.paused_for <> '0'
	)
	SELECT 'row_without_promise', s.key, s.name, s.customer, NULL::uuid, 'the row says that something is promised, and no promise stands for it'
	FROM said s
	WHERE s.event = 'made' AND NOT EXISTS (SELECT FROM stands_for r WHERE r.key = s.key AND r.name = s.name)
	UNION ALL
	SELECT 'promise_without_row', r.key, r.name, r.customer, r.promise, 'the row that it stands for is not there, and no entry says that it was deleted'
	FROM stands_for r
	WHERE NOT EXISTS (SELECT FROM said s WHERE s.event = 'noted' AND s.key = r.key AND s.name = r.name)
	UNION ALL
	SELECT 'terms_differ', c.key, c.name, c.customer, c.promise, 'the row says another ' || array_to_string(array_remove(c.differing, NULL), ', ')
	FROM compared c
	WHERE c.event = 'made' AND array_remove(c.differing, NULL) <> '{}'
		-- once it is settled a row's change is noted, and amends nothing
		AND (c.state IN ('proposed', 'open') OR NOT EXISTS (
			SELECT FROM trust.tracked_entry e
			WHERE e.customer = c.customer AND e.promise = c.promise AND e.event = 'noted' AND e.by_row AND e.state NOT IN ('proposed', 'open')))
	UNION ALL
	SELECT 'event_missing', c.key, c.name, c.customer, c.promise,
		format('the row says %s, and the promise is %s', concat_ws(' ', c.event, c.verdict), c.state)
	FROM compared c
	-- what is settled allows nothing but verdicts and repairs
	WHERE NOT c.is_so AND (c.state IN ('proposed', 'open') OR c.event IN ('assessed', 'breach_repaired')) AND NOT EXISTS (
		SELECT FROM trust.tracked_entry e
		WHERE e.customer = c.customer AND e.promise = c.promise AND e.event = c.event AND (c.event <> 'assessed' OR e.verdict = c.verdict))
	ORDER BY 1, 2, 3, 6
$$;
COMMENT ON FUNCTION trust_ledger.compare_rows(regclass, text) IS
	'Where rows of a table that is tracked under that source and their promises do not agree. Called by reconcile_table(). Errors: 42704 not tracked, 42501, TL004.';

CREATE FUNCTION trust_ledger.reconcile_table(tab regclass)
RETURNS TABLE (what text, key text, name text, customer text, promise uuid, detail text)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	of_source CONSTANT text := trust_ledger.source_of(tab);
BEGIN
	RETURN QUERY
	SELECT 'trigger_' || replace(t.state, ' ', '_'), NULL::text, t.promise, NULL::text, NULL::uuid, format('%s: %s', t.trigger, t.definition)
	FROM trust.tracked t
	WHERE t.source = of_source AND t.state <> 'in force'
	ORDER BY t.trigger;

	RETURN QUERY SELECT * FROM trust_ledger.compare_rows(tab, of_source);
END
$$;
COMMENT ON FUNCTION trust_ledger.reconcile_table(regclass) IS
	'What a tracked table and the ledger do not agree about. trigger_missing, trigger_disabled, trigger_altered, trigger_by_hand: what the mapping made, or did not; row_without_promise; promise_without_row; terms_differ; event_missing: the row says that it was kept, broken, accepted ..., and no entry does. Empty where nothing is amiss. By who may SELECT from the table, levels application and auditor. Errors: 42704 not tracked, 42501, TL004.';
