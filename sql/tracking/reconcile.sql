-- Comparing a tracked table with the ledger.

-- A separate function, so that the context of an error in a condition of the mapping names this
-- function instead of quoting the query.
CREATE FUNCTION trust_ledger.compare_rows(tab regclass, of_source text)
RETURNS TABLE (what text, key text, name text, customer text, promise uuid, detail text)
LANGUAGE sql STABLE
-- Without statistics, a nested loop could read all rows for each row. Forbidding it adds a cost to
-- plans for which JIT would compile every expression.
SET search_path = pg_catalog, pg_temp SET enable_nestloop = off SET jit = off
SET work_mem = '64MB'
AS $$
	WITH stands_for AS MATERIALIZED (
		SELECT r.key, r.name, r.customer, r.promise
		FROM trust.tracked_row r
		WHERE r.source = of_source AND NOT r.gone
	), of_customer AS MATERIALIZED (
		-- Reading all promises of a customer costs less than looking up ten or more, if there are
		-- not many others. A chain without an entry of ten times that number cannot have them.
		SELECT r.customer, r.has_many AND NOT EXISTS (
			SELECT FROM trust.tracked_entry e
			WHERE e.customer = r.customer AND e.seq BETWEEN r.far AND r.farther) AS reads_all
		FROM (
			SELECT s.customer, count(*) >= 10 AS has_many, 10 * count(*) AS far,
				10 * count(*) + 10 AS farther
			FROM stands_for s
			GROUP BY s.customer) AS r
	), promised AS (
		-- OFFSET 0: by the primary key, whatever the statistics say
		SELECT p.*
		FROM of_customer c
		CROSS JOIN LATERAL (
			SELECT a.customer, a.promise, a.state, a.words, a.kind, a.due, a.value, a.currency,
				a.purpose, a.longest_pause, a.paused_for, a.accepted_at, a.paused_at, a.outcome,
				a.admitted_at, a.repaired_at, a.settled_by
			FROM trust.current_promise a
			WHERE a.customer = c.customer
			OFFSET 0) AS p
		WHERE c.reads_all
		UNION ALL
		SELECT p.*
		FROM of_customer c
		JOIN stands_for r ON r.customer = c.customer
		CROSS JOIN LATERAL (
			SELECT a.customer, a.promise, a.state, a.words, a.kind, a.due, a.value, a.currency,
				a.purpose, a.longest_pause, a.paused_for, a.accepted_at, a.paused_at, a.outcome,
				a.admitted_at, a.repaired_at, a.settled_by
			FROM trust.current_promise a
			WHERE a.customer = r.customer AND a.promise = r.promise
			OFFSET 0) AS p
		WHERE NOT c.reads_all
	), candidate AS MATERIALIZED (
		-- all that can be a finding: most rows agree, and need no entries
		SELECT c.*
		FROM (
			-- as same_value() compares: only intervals differ from their operator
			SELECT s.key AS row_key, s.name AS row_name, s.customer AS row_customer, s.event,
				s.verdict, s.due AS row_due, s.dues, r.key, r.name, r.customer, r.promise, p.state,
				p.due, p.paused_for, p.words IS NULL AS no_words, p.purpose IS NULL AS no_purpose,
				p.promise IS NOT NULL AS is_there, s.event = 'made' AS states_terms,
				s.customer IS DISTINCT FROM p.customer AS other_customer,
				s.words IS DISTINCT FROM p.words AS other_words,
				s.kind IS DISTINCT FROM p.kind AS other_kind,
				-- if the row has no due time, a policy may have set it; the promise of a day or a
				-- local time keeps the zone that the ledger had
				s.due IS NOT NULL AND s.due IS DISTINCT FROM p.due
					AND (p.due = ANY (s.dues)) IS NOT TRUE AS other_due,
				s.value IS DISTINCT FROM p.value AS other_value,
				s.currency IS DISTINCT FROM p.currency AS other_currency,
				s.purpose IS DISTINCT FROM p.purpose AS other_purpose,
				NOT trust_ledger.same_value(s.longest_pause, p.longest_pause)
					AS other_longest_pause,
				CASE s.event
					WHEN 'made' THEN true
					WHEN 'accepted' THEN p.accepted_at IS NOT NULL
					WHEN 'paused' THEN p.paused_at IS NOT NULL
					WHEN 'assessed' THEN NOT p.outcome IS DISTINCT FROM s.verdict
					WHEN 'breach_admitted' THEN p.admitted_at IS NOT NULL
					WHEN 'breach_repaired' THEN p.repaired_at IS NOT NULL
					WHEN 'withdrawn' THEN p.settled_by = 'withdrawn'
					WHEN 'released' THEN p.settled_by = 'released'
					ELSE true
				END IS TRUE
				-- a promise that ended allows only verdicts and repairs
					OR NOT (p.state IN ('proposed', 'open')
						OR s.event IN ('assessed', 'breach_repaired')) AS is_so
			FROM trust_ledger.read_tracked(tab, of_source, false) s
			FULL JOIN stands_for r ON r.key = s.key AND r.name = s.name
			LEFT JOIN promised p ON p.customer = r.customer AND p.promise = r.promise) AS c
		WHERE c.row_key IS NULL
			OR c.key IS NULL AND c.event = 'made'
			OR c.is_there AND (
				NOT c.is_so
				OR c.states_terms AND (
					c.other_customer OR c.other_words OR c.other_kind OR c.other_due
					OR c.other_value OR c.other_currency OR c.other_purpose
					OR c.other_longest_pause
					OR c.row_due IS NOT NULL AND c.paused_for <> '0'))
	), entry AS MATERIALIZED (
		SELECT e.customer, e.promise, e.seq, e.event, e.state, e.verdict, e.due, e.by_row,
			e.event IN ('made', 'amended', 'paused', 'resumed') AND e.stands IS NOT FALSE
				AS sets_due
		FROM (SELECT DISTINCT c.customer FROM candidate c WHERE c.event IS NOT NULL) AS c
		-- OFFSET 0: by the index on customer and seq, whatever the statistics say
		CROSS JOIN LATERAL (
			SELECT t.* FROM trust.tracked_entry t WHERE t.customer = c.customer OFFSET 0) AS e
		WHERE EXISTS (
			SELECT FROM candidate d WHERE d.customer = e.customer AND d.promise = e.promise)
	), recorded AS (
		SELECT e.customer, e.promise,
			bool_or(e.event = 'erased') AS erased,
			-- after the promise ended, changes of the row are noted and amend nothing
			bool_or(e.event = 'noted' AND e.by_row AND e.state NOT IN ('proposed', 'open'))
				AS noted_after_end
		FROM entry e
		WHERE e.event IN ('erased', 'noted')
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
			WHERE e.sets_due AND EXISTS (
				SELECT FROM candidate c
				WHERE c.customer = e.customer AND c.promise = e.promise
					AND c.states_terms AND c.paused_for <> '0')) AS d
	), paused_since AS (
		-- how much pauses have moved due since the terms last stated it
		SELECT d.customer, d.promise, sum(d.moved) AS moved
		FROM due_step d
		WHERE d.event IN ('paused', 'resumed') AND d.seq > d.given
		GROUP BY d.customer, d.promise
	), terms AS (
		SELECT c.key, c.name, c.customer, c.promise, concat_ws(', ',
			CASE WHEN c.other_customer THEN 'customer' END,
			-- the row may still have texts that were erased from the ledger
			CASE WHEN c.other_words AND (c.no_words AND x.erased) IS NOT TRUE THEN 'words' END,
			CASE WHEN c.other_kind THEN 'kind' END,
			CASE
				WHEN c.paused_for <> '0' THEN
					CASE
						WHEN c.row_due IS NOT NULL
							AND c.row_due IS DISTINCT FROM d.without_pauses
							AND (d.without_pauses = ANY (c.dues)) IS NOT TRUE
						THEN 'due'
					END
				WHEN c.other_due THEN 'due'
			END,
			CASE WHEN c.other_value THEN 'value' END,
			CASE WHEN c.other_currency THEN 'currency' END,
			CASE
				WHEN c.other_purpose AND (c.no_purpose AND x.erased) IS NOT TRUE THEN 'purpose'
			END,
			CASE WHEN c.other_longest_pause THEN 'longest_pause' END) AS differing
		FROM candidate c
		-- the entries of a promise can be missing from a ledger that was altered
		LEFT JOIN recorded x ON x.customer = c.customer AND x.promise = c.promise
		LEFT JOIN paused_since g ON g.customer = c.customer AND g.promise = c.promise
		CROSS JOIN LATERAL (SELECT c.due - coalesce(g.moved, '0')) AS d (without_pauses)
		WHERE c.states_terms AND c.is_there
			AND (c.state IN ('proposed', 'open') OR x.noted_after_end IS NOT TRUE)
	)
	SELECT 'row_without_promise', c.row_key, c.row_name, c.row_customer, NULL::uuid,
		'the row makes a promise, but the ledger does not have it'
	FROM candidate c
	WHERE c.key IS NULL
	UNION ALL
	SELECT 'promise_without_row', c.key, c.name, c.customer, c.promise,
		'the row does not exist, and no entry says that it was deleted'
	FROM candidate c
	WHERE c.row_key IS NULL
		-- rows that show no event; not read if there is no candidate
		AND NOT EXISTS (
			SELECT FROM trust_ledger.read_tracked(tab, of_source) s
			WHERE s.event = 'noted' AND s.key = c.key AND s.name = c.name)
	UNION ALL
	SELECT 'terms_differ', t.key, t.name, t.customer, t.promise,
		'different in the row: ' || t.differing
	FROM terms t
	WHERE t.differing <> ''
	UNION ALL
	SELECT 'event_missing', c.key, c.name, c.customer, c.promise,
		format('the row says %s, and the promise is %s',
			concat_ws(' ', c.event, c.verdict), c.state)
	FROM candidate c
	WHERE c.is_there
		AND NOT c.is_so
		AND NOT EXISTS (
			SELECT FROM entry e
			WHERE e.customer = c.customer
				AND e.promise = c.promise
				AND e.event = c.event
				AND (e.event <> 'assessed' OR e.verdict = c.verdict))
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
