\echo Use "ALTER EXTENSION trust_ledger UPDATE TO '0.3.0'" to load this file. \quit

CREATE FUNCTION trust_ledger.same_value(a anyelement, b anyelement) RETURNS boolean
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION trust_ledger.same_value(anyelement, anyelement) IS
	'Whether two values say the same of what is promised: amounts if they are equal numbers, intervals if they are equally long (a day is 24 hours; months have no length, so an interval with months is the same as itself only), texts and all others if they have the same bytes. NULL is the same as NULL.';
REVOKE ALL ON FUNCTION trust_ledger.same_value(anyelement, anyelement) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION trust_ledger.same_value(anyelement, anyelement) TO PUBLIC;

CREATE OR REPLACE FUNCTION trust_ledger.reconcile_table(tab regclass)
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

	RETURN QUERY
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
				-- what was erased can be in the row still
				CASE WHEN p.words IS NOT NULL AND NOT trust_ledger.same_value(s.words, p.words) THEN 'words' END,
				CASE WHEN NOT trust_ledger.same_value(s.kind, p.kind) THEN 'kind' END,
				-- where the row names none, policy may have given one
				CASE WHEN s.due IS NOT NULL AND NOT trust_ledger.same_value(s.due, p.due - coalesce(g.paused_since, '0')) THEN 'due' END,
				CASE WHEN NOT trust_ledger.same_value(s.value, p.value) THEN 'value' END,
				CASE WHEN NOT trust_ledger.same_value(s.currency, p.currency) THEN 'currency' END,
				CASE WHEN p.words IS NOT NULL AND NOT trust_ledger.same_value(s.purpose, p.purpose) THEN 'purpose' END,
				CASE WHEN NOT trust_ledger.same_value(s.longest_pause, p.longest_pause) THEN 'longest_pause' END] AS differing
		FROM stands_for r JOIN trust.current_promise p ON p.customer = r.customer AND p.promise = r.promise
			JOIN said s ON s.key = r.key AND s.name = r.name
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
	ORDER BY 1, 2, 3, 6;
END
$$;

CREATE OR REPLACE FUNCTION trust_ledger.mapped_triggers(mapped jsonb, key_columns text[])
RETURNS TABLE (nr bigint, event text, fires text, condition text, arguments text[])
LANGUAGE sql STABLE PARALLEL SAFE ROWS 20
SET search_path = pg_catalog, pg_temp
AS $$
	WITH life AS (SELECT * FROM trust_ledger.mapped_life(mapped)),
	-- one row, also where every row makes the promise
	made AS (SELECT l.new, l.old FROM (VALUES (1)) AS one LEFT JOIN life l ON l.event = 'made'),
	keys AS (SELECT '(' || string_agg(format('NOT trust_ledger.same_value(NEW.%1$I, OLD.%1$I)', name), ' OR ' ORDER BY n) || ')' AS changed FROM unnest(key_columns) WITH ORDINALITY AS c (name, n)),
	amended AS (
		SELECT '(' || string_agg(format('NOT trust_ledger.same_value(NEW.%1$I, OLD.%1$I)', name), ' OR ' ORDER BY n) || ')' AS changed
		FROM (
			SELECT name, min(n) AS n
			FROM unnest(array(
				SELECT substr(v.value, 2)
				FROM trust_ledger.tracked_events() e, unnest(e.inherits) WITH ORDINALITY AS t (name, n),
					LATERAL (SELECT coalesce(mapped -> 'amended' ->> t.name, mapped ->> t.name)) AS v (value)
				WHERE e.event = 'amended' AND v.value ~ '^=' ORDER BY t.n) || key_columns) WITH ORDINALITY AS c (name, n)
			GROUP BY name) AS c)
	SELECT row_number() OVER (ORDER BY t.nr, t.part), t.event, t.fires, t.condition, trust_ledger.mapped_arguments(mapped, t.event, t.own)
	FROM (
		SELECT 1 AS nr, 1 AS part, 'made' AS event, mapped -> 'made' AS own, 'AFTER INSERT' AS fires, made.new AS condition FROM made
		UNION ALL
		SELECT 1, 2, 'made', mapped -> 'made', 'AFTER UPDATE', made.new || ' AND ' || made.old || ' IS NOT TRUE' FROM made WHERE made.new IS NOT NULL
		UNION ALL
		SELECT 3, 1, 'amended', mapped -> 'amended', 'AFTER UPDATE', concat_ws(' AND ', made.new, made.old, amended.changed) FROM made, amended
		UNION ALL
		-- a row that would make no promise now can stand for one still
		SELECT 3, 2, 'noted', '{"reason": ":Its row has another key now."}', 'AFTER UPDATE', made.new || ' IS NOT TRUE AND ' || keys.changed FROM made, keys WHERE made.new IS NOT NULL
		UNION ALL
		-- what cannot be yet in a new row is not asked of one
		SELECT l.nr, 1, l.event, l.own, 'AFTER INSERT', concat_ws(' AND ', l.new, made.new) FROM life l, made
		WHERE l.event <> 'made' AND l.new IS NOT NULL AND l.event <> ALL ('{amended,declined,backing_withdrawn,resumed}')
			AND (l.event <> 'backed' OR coalesce(l.own ->> 'backer', mapped ->> 'backer') IS NOT NULL)
		UNION ALL
		SELECT l.nr, 2, l.event, l.own,
			'AFTER UPDATE' || CASE WHEN l.event = 'backed' THEN coalesce((
				SELECT ' OF ' || string_agg(quote_ident(name), ', ' ORDER BY n)
				FROM (SELECT name, min(n) AS n FROM unnest(l.columns || substr(coalesce(l.own ->> 'backer', mapped ->> 'backer'), 2)) WITH ORDINALITY AS c (name, n)
					WHERE name IS NOT NULL GROUP BY name) AS c), '') ELSE '' END,
			-- another name is another backing
			coalesce(l.of_change, CASE WHEN l.event = 'backed' AND coalesce(l.own ->> 'backer', mapped ->> 'backer') IS NOT NULL
				THEN format('%s AND (%s IS NOT TRUE OR NOT trust_ledger.same_value(NEW.%I, OLD.%3$I))', l.new, l.old, substr(coalesce(l.own ->> 'backer', mapped ->> 'backer'), 2))
				ELSE l.new || ' AND ' || l.old || ' IS NOT TRUE' END) FROM life l
		WHERE l.event <> 'made'
		UNION ALL
		-- before the amendment: what is paused is not amended
		SELECT 2, 2, 'resumed', mapped -> 'resumed', 'AFTER UPDATE', l.old || ' AND ' || l.new || ' IS NOT TRUE' FROM life l
		WHERE l.event = 'paused' AND l.nr < 100 AND l.new IS NOT NULL AND NOT mapped ? 'resumed_when') AS t
	ORDER BY 1
$$;
