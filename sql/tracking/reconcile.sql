-- Comparing a tracked table with the ledger.

-- A separate function, so that the context of an error in a condition of the mapping names this
-- function instead of quoting the query.
CREATE FUNCTION trust_ledger.compare_rows(tab regclass, of_source text)
RETURNS TABLE (what text, key text, name text, customer text, promise uuid, detail text)
LANGUAGE sql STABLE
-- Without statistics, a nested loop could read all rows for each row. Forbidding it adds a cost to
-- plans for which JIT would compile every expression.
SET search_path = pg_catalog, pg_temp SET enable_nestloop = off SET jit = off
AS $$
	WITH said AS MATERIALIZED (
		SELECT s.key, s.name, s.event, s.customer, s.words, s.kind, s.due, s.value, s.currency,
			s.purpose, s.longest_pause, s.verdict, s.dues
		FROM trust_ledger.read_tracked(tab, of_source) s
	), stands_for AS MATERIALIZED (
		SELECT r.key, r.name, r.customer, r.promise
		FROM trust.tracked_row r
		WHERE r.source = of_source AND NOT r.gone
	), entry AS MATERIALIZED (
		SELECT t.customer, t.promise, t.seq, t.event, t.state, t.verdict, t.due, t.by_row,
			t.event IN ('made', 'amended', 'paused', 'resumed') AND t.stands IS NOT FALSE
				AS sets_due
		FROM (SELECT DISTINCT r.customer FROM stands_for r) AS c
		-- OFFSET 0: by the index on customer and seq, whatever the statistics say
		CROSS JOIN LATERAL (
			SELECT e.* FROM trust.tracked_entry e WHERE e.customer = c.customer OFFSET 0) AS t
	), recorded AS MATERIALIZED (
		SELECT e.customer, e.promise,
			bool_or(e.event = 'erased') AS erased,
			bool_or(e.event = 'paused') AS was_paused,
			-- after the promise ended, changes of the row are noted and amend nothing
			bool_or(e.event = 'noted' AND e.by_row AND e.state NOT IN ('proposed', 'open'))
				AS noted_after_end,
			array_agg(e.event || CASE e.event WHEN 'assessed' THEN ' ' || e.verdict ELSE '' END)
				AS events
		FROM entry e
		GROUP BY e.customer, e.promise
	), due_step AS (
		SELECT d.customer, d.promise, d.event, d.seq, d.due - d.before AS moved,
			max(d.seq) FILTER (
				WHERE d.event IN ('made', 'amended') AND d.due IS DISTINCT FROM d.before)
				OVER (PARTITION BY d.customer, d.promise) AS given
		FROM (
			SELECT e.customer, e.promise, e.event, e.seq, e.due,
				lag(e.due) OVER (PARTITION BY e.customer, e.promise ORDER BY e.seq) AS before
			FROM entry e
			JOIN recorded x ON x.customer = e.customer AND x.promise = e.promise
			WHERE e.sets_due AND x.was_paused) AS d
	), paused_since AS MATERIALIZED (
		-- how much pauses have moved due since the terms last stated it
		SELECT d.customer, d.promise, sum(d.moved) AS moved
		FROM due_step d
		WHERE d.event IN ('paused', 'resumed') AND d.seq > d.given
		GROUP BY d.customer, d.promise
	), promised AS MATERIALIZED (
		SELECT r.key, r.name, p.*, x.erased, x.noted_after_end, x.events,
			CASE WHEN p.paused_for <> '0' THEN p.due - coalesce(g.moved, '0') ELSE p.due END
				AS due_without_pauses
		FROM stands_for r
		CROSS JOIN LATERAL (
			SELECT c.customer, c.promise, c.state, c.words, c.kind, c.due, c.value, c.currency,
				c.purpose, c.longest_pause, c.paused_for, c.accepted_at, c.paused_at, c.outcome,
				c.admitted_at, c.repaired_at, c.settled_by
			FROM trust.current_promise c
			WHERE c.customer = r.customer AND c.promise = r.promise
			OFFSET 0) AS p
		-- the entries of a promise can be missing from a ledger that was altered
		LEFT JOIN recorded x ON x.customer = r.customer AND x.promise = r.promise
		LEFT JOIN paused_since g ON g.customer = r.customer AND g.promise = r.promise
	), compared AS (
		SELECT p.key, p.name, p.customer, p.promise, p.state, s.event, s.verdict,
			p.noted_after_end,
			s.event || CASE s.event WHEN 'assessed' THEN ' ' || s.verdict ELSE '' END
				= ANY (p.events) AS is_recorded,
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
			CASE WHEN s.event = 'made' THEN ARRAY[
				CASE WHEN NOT trust_ledger.same_value(s.customer, p.customer) THEN 'customer' END,
				-- the row may still have texts that were erased from the ledger
				CASE
					WHEN NOT trust_ledger.same_value(s.words, p.words)
						AND (p.words IS NULL AND p.erased) IS NOT TRUE
					THEN 'words'
				END,
				CASE WHEN NOT trust_ledger.same_value(s.kind, p.kind) THEN 'kind' END,
				-- if the row has no due time, a policy may have set it; the promise of a day or a
				-- local time keeps the zone that the ledger had
				CASE
					WHEN s.due IS NOT NULL
						AND NOT trust_ledger.same_value(s.due, p.due_without_pauses)
						AND (p.due_without_pauses = ANY (s.dues)) IS NOT TRUE
					THEN 'due'
				END,
				CASE WHEN NOT trust_ledger.same_value(s.value, p.value) THEN 'value' END,
				CASE WHEN NOT trust_ledger.same_value(s.currency, p.currency) THEN 'currency' END,
				CASE
					WHEN NOT trust_ledger.same_value(s.purpose, p.purpose)
						AND (p.purpose IS NULL AND p.erased) IS NOT TRUE
					THEN 'purpose'
				END,
				CASE
					WHEN NOT trust_ledger.same_value(s.longest_pause, p.longest_pause)
					THEN 'longest_pause'
				END] END AS differing
		FROM promised p
		JOIN said s ON s.key = p.key AND s.name = p.name
		WHERE s.event <> 'noted'
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
		AND (c.state IN ('proposed', 'open') OR c.noted_after_end IS NOT TRUE)
	UNION ALL
	SELECT 'event_missing', c.key, c.name, c.customer, c.promise,
		format('the row says %s, and the promise is %s',
			concat_ws(' ', c.event, c.verdict), c.state)
	FROM compared c
	-- a promise that ended allows only verdicts and repairs
	WHERE NOT c.is_so
		AND (c.state IN ('proposed', 'open') OR c.event IN ('assessed', 'breach_repaired'))
		AND c.is_recorded IS NOT TRUE
	ORDER BY 1, 2, 3, 6
$$;
COMMENT ON FUNCTION trust_ledger.compare_rows(regclass, text) IS
	'Differences between the rows of a table that is tracked as this source and their promises. '
	'Called by reconcile_table(). Errors: 42704 (not tracked), 42501, TL004.';

CREATE FUNCTION trust_ledger.reconcile_table(tab regclass)
RETURNS TABLE (what text, key text, name text, customer text, promise uuid, detail text)
LANGUAGE plpgsql STABLE
-- as compare_rows(), whatever the caller forbids the planner
SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
DECLARE
	of_source CONSTANT text := trust_ledger.source_of(tab);
BEGIN
	RETURN QUERY
	SELECT 'trigger_' || replace(t.state, ' ', '_'), NULL::text, t.promise, NULL::text, NULL::uuid,
		format('%s: %s', t.trigger, CASE
			WHEN t.state = 'bypassed' THEN b.bypass
			ELSE concat_ws('; ', t.definition, b.bypass)
		END)
	FROM trust.tracked t
	-- until migrate_ledger() has been called after an update, the view does not have the column
	CROSS JOIN LATERAL (SELECT to_jsonb(t) ->> 'bypass') AS b (bypass)
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
	'recorded. trigger_bypassed: it does not see or follow all changes, as detail says. '
	'row_without_promise: the row makes a promise that the ledger does not have. '
	'promise_without_row: the row of a promise does not exist. terms_differ: the row has other '
	'terms. event_missing: the row says that something happened that no entry records. Requires '
	'SELECT on the table, and level application or auditor. Errors: 42704 (not tracked), 42501 '
	'(the caller or the owner of the table cannot read all rows), TL004.';
