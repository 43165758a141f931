-- Comparing a tracked table with the ledger.

-- A separate function, so that the context of an error in a condition of the mapping names this
-- function instead of quoting the query.
CREATE FUNCTION trust_ledger.compare_rows(tab regclass, of_source text)
RETURNS TABLE (what text, key text, name text, customer text, promise uuid, detail text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
	WITH said AS MATERIALIZED (
		SELECT s.key, s.name, s.event, s.customer, s.words, s.kind, s.due, s.value, s.currency,
			s.purpose, s.longest_pause, s.verdict
		FROM trust_ledger.read_tracked(tab, of_source) s
	), stands_for AS MATERIALIZED (
		SELECT r.key, r.name, r.customer, r.promise
		FROM trust.tracked_row r
		WHERE r.source = of_source AND NOT r.gone
	), compared AS (
		SELECT r.key, r.name, p.customer, p.promise, p.state, s.event, s.verdict,
			CASE s.event
				WHEN 'accepted' THEN p.accepted_at IS NOT NULL
				WHEN 'paused' THEN p.paused_at IS NOT NULL
				WHEN 'assessed' THEN trust_ledger.same_value(p.outcome, s.verdict)
				WHEN 'breach_admitted' THEN p.admitted_at IS NOT NULL
				WHEN 'breach_repaired' THEN p.repaired_at IS NOT NULL
				WHEN 'withdrawn' THEN p.settled_by = 'withdrawn'
				WHEN 'released' THEN p.settled_by = 'released'
				ELSE true
			END IS TRUE AS is_so,
			ARRAY[
				CASE WHEN NOT trust_ledger.same_value(s.customer, p.customer) THEN 'customer' END,
				CASE
					WHEN NOT trust_ledger.same_value(s.words, p.words)
						AND NOT (p.words IS NULL AND x.erased)
					THEN 'words'
				END,
				CASE WHEN NOT trust_ledger.same_value(s.kind, p.kind) THEN 'kind' END,
				-- if the row has no due time, a policy may have set it
				CASE
					WHEN s.due IS NOT NULL
						AND NOT trust_ledger.same_value(s.due,
							p.due - coalesce(g.paused_since, '0'))
					THEN 'due'
				END,
				CASE WHEN NOT trust_ledger.same_value(s.value, p.value) THEN 'value' END,
				CASE WHEN NOT trust_ledger.same_value(s.currency, p.currency) THEN 'currency' END,
				CASE
					WHEN NOT trust_ledger.same_value(s.purpose, p.purpose)
						AND NOT (p.purpose IS NULL AND x.erased)
					THEN 'purpose'
				END,
				CASE
					WHEN NOT trust_ledger.same_value(s.longest_pause, p.longest_pause)
					THEN 'longest_pause'
				END] AS differing
		FROM stands_for r
		JOIN trust.current_promise p ON p.customer = r.customer AND p.promise = r.promise
		JOIN said s ON s.key = r.key AND s.name = r.name
		-- the row may still have texts that were erased from the ledger
		CROSS JOIN LATERAL (
			SELECT EXISTS (
				SELECT FROM trust.tracked_entry t
				WHERE t.customer = p.customer
					AND t.promise = p.promise
					AND t.event = 'erased') AS erased) AS x
		-- how much pauses have moved due since the terms last stated it
		LEFT JOIN LATERAL (
			SELECT sum(e.due - e.before)
				FILTER (WHERE e.event IN ('paused', 'resumed') AND e.seq > e.given) AS paused_since
			FROM (
				SELECT d.seq, d.event, d.due, d.before,
					max(d.seq) FILTER (
						WHERE d.event IN ('made', 'amended') AND d.due IS DISTINCT FROM d.before)
						OVER () AS given
				FROM (
					SELECT t.seq, t.event, t.due, lag(t.due) OVER (ORDER BY t.seq) AS before
					FROM trust.tracked_entry t
					WHERE t.customer = p.customer
						AND t.promise = p.promise
						AND t.event IN ('made', 'amended', 'paused', 'resumed')
						AND t.stands IS NOT FALSE) AS d) AS e
			) AS g ON s.event = 'made' AND p.paused_for <> '0'
	)
	SELECT 'row_without_promise', s.key, s.name, s.customer, NULL::uuid,
		'the row makes a promise, but the ledger does not have it'
	FROM said s
	WHERE s.event = 'made'
		AND NOT EXISTS (SELECT FROM stands_for r WHERE r.key = s.key AND r.name = s.name)
	UNION ALL
	SELECT 'promise_without_row', r.key, r.name, r.customer, r.promise,
		'the row does not exist, and no entry says that it was deleted'
	FROM stands_for r
	WHERE NOT EXISTS (
		SELECT FROM said s WHERE s.event = 'noted' AND s.key = r.key AND s.name = r.name)
	UNION ALL
	SELECT 'terms_differ', c.key, c.name, c.customer, c.promise,
		'different in the row: ' || array_to_string(array_remove(c.differing, NULL), ', ')
	FROM compared c
	WHERE c.event = 'made'
		AND array_remove(c.differing, NULL) <> '{}'
		-- after the promise ended, changes of the row are noted and amend nothing
		AND (c.state IN ('proposed', 'open')
			OR NOT EXISTS (
				SELECT FROM trust.tracked_entry e
				WHERE e.customer = c.customer
					AND e.promise = c.promise
					AND e.event = 'noted'
					AND e.by_row
					AND e.state NOT IN ('proposed', 'open')))
	UNION ALL
	SELECT 'event_missing', c.key, c.name, c.customer, c.promise,
		format('the row says %s, and the promise is %s',
			concat_ws(' ', c.event, c.verdict), c.state)
	FROM compared c
	-- a promise that ended allows only verdicts and repairs
	WHERE NOT c.is_so
		AND (c.state IN ('proposed', 'open') OR c.event IN ('assessed', 'breach_repaired'))
		AND NOT EXISTS (
			SELECT FROM trust.tracked_entry e
			WHERE e.customer = c.customer
				AND e.promise = c.promise
				AND e.event = c.event
				AND (c.event <> 'assessed' OR e.verdict = c.verdict))
	ORDER BY 1, 2, 3, 6
$$;
COMMENT ON FUNCTION trust_ledger.compare_rows(regclass, text) IS
	'Differences between the rows of a table that is tracked as this source and their promises. '
	'Called by reconcile_table(). Errors: 42704 (not tracked), 42501, TL004.';

CREATE FUNCTION trust_ledger.reconcile_table(tab regclass)
RETURNS TABLE (what text, key text, name text, customer text, promise uuid, detail text)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	of_source CONSTANT text := trust_ledger.source_of(tab);
BEGIN
	RETURN QUERY
	SELECT 'trigger_' || replace(t.state, ' ', '_'), NULL::text, t.promise, NULL::text, NULL::uuid,
		format('%s: %s', t.trigger, t.definition)
	FROM trust.tracked t
	WHERE t.source = of_source AND t.state <> 'in force'
	ORDER BY t.trigger;

	RETURN QUERY
	SELECT c.what, c.key, c.name, c.customer, c.promise, c.detail
	FROM trust_ledger.compare_rows(tab, of_source) c;
END
$$;
COMMENT ON FUNCTION trust_ledger.reconcile_table(regclass) IS
	'Differences between a tracked table and the ledger; no rows if there are none. '
	'trigger_missing, trigger_disabled, trigger_altered, trigger_by_hand: a trigger is not as '
	'recorded. row_without_promise: the row makes a promise that the ledger does not have. '
	'promise_without_row: the row of a promise does not exist. terms_differ: the row has other '
	'terms. event_missing: the row says that something happened that no entry records. Requires '
	'SELECT on the table, and level application or auditor. Errors: 42704 (not tracked), 42501, '
	'TL004.';
