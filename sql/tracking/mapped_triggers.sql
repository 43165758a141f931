-- The triggers that a mapping stands for.

CREATE FUNCTION trust_ledger.mapped_promises(mapping jsonb)
RETURNS TABLE (promise text, mapped jsonb)
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 1
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT '', mapping WHERE NOT mapping ? 'promises'
	UNION ALL
	-- a promise inherits an event's arguments one by one, and everything else as a whole
	SELECT p.key,
		(mapping - 'promises') || p.value || coalesce((
			SELECT jsonb_object_agg(o.key, (mapping -> o.key) || o.value)
			FROM jsonb_each(p.value) o
			WHERE jsonb_typeof(o.value) = 'object'
				AND jsonb_typeof(mapping -> o.key) = 'object'), '{}')
	FROM jsonb_each(mapping -> 'promises') p
	ORDER BY 1
$$;
COMMENT ON FUNCTION trust_ledger.mapped_promises(jsonb) IS
	'One row per promise that a row of the table makes: its name (empty if there is only one), and '
	'its mapping including what it inherits from the whole mapping.';

CREATE FUNCTION trust_ledger.mapped_arguments(mapped jsonb, event text, own jsonb) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT array(
			SELECT 'verdict:' || e.event WHERE e.event = ANY ('{kept,partly_kept,broken}'))
		|| array(
			SELECT t.name || v.value
			FROM unnest(e.takes) WITH ORDINALITY AS t (name, n),
				LATERAL (
					SELECT coalesce(own ->> t.name,
						CASE
							WHEN t.name = ANY (e.inherits)
								-- on_error "note" is not allowed for event "made"
								AND NOT (e.event = 'made'
									AND t.name = 'on_error'
									AND mapped ->> t.name = ':note')
							THEN mapped ->> t.name
						END)) AS v (value)
			WHERE v.value IS NOT NULL
			ORDER BY t.n)
	FROM trust_ledger.tracked_events() e
	WHERE e.event = $2
$$;
COMMENT ON FUNCTION trust_ledger.mapped_arguments(jsonb, text, jsonb) IS
	'The arguments of an event''s trigger: own arguments of the event, and those that it inherits '
	'from the mapping of its promise.';

CREATE FUNCTION trust_ledger.mapped_life(mapped jsonb)
RETURNS TABLE (nr bigint, event text, own jsonb, of_change text, new text, old text, columns text[])
LANGUAGE sql STABLE PARALLEL SAFE ROWS 10
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT l.nr, l.event, l.own,
		CASE
			WHEN c.is_change
			THEN format(CASE WHEN l.condition ~ '--' THEN E'(%s\n)' ELSE '(%s)' END, l.condition)
		END,
		CASE WHEN NOT c.is_change THEN trust_ledger.condition_for(l.condition, 'NEW') END,
		CASE WHEN NOT c.is_change THEN trust_ledger.condition_for(l.condition, 'OLD') END,
		trust_ledger.condition_columns(l.condition)
	FROM (
		-- a paused promise cannot be amended: what resumes it comes first
		SELECT CASE e.event WHEN 'resumed' THEN 0 ELSE e.nr END::bigint, e.event,
			mapped -> e.event, mapped ->> (e.event || '_when')
		FROM trust_ledger.tracked_events() e
		WHERE mapped ? (e.event || '_when')
		UNION ALL
		SELECT CASE value ->> 'event' WHEN 'resumed' THEN 0 ELSE 100 + n END, value ->> 'event',
			value - '{event,when}'::text[], value ->> 'when'
		FROM jsonb_array_elements(mapped -> 'events') WITH ORDINALITY AS e (value, n))
		AS l (nr, event, own, condition)
	CROSS JOIN LATERAL (SELECT trust_ledger.condition_is_change(l.condition)) AS c (is_change)
$$;
COMMENT ON FUNCTION trust_ledger.mapped_life(jsonb) IS
	'The events for which the mapping of one promise has conditions. of_change: the condition, if '
	'it is about a change; otherwise new and old: the condition over the new and the old row. own: '
	'arguments of the event. columns: those that the condition names.';

CREATE FUNCTION trust_ledger.mapped_triggers(mapped jsonb)
RETURNS TABLE (nr bigint, event text, fires text, condition text, arguments text[])
LANGUAGE sql STABLE PARALLEL SAFE ROWS 20
SET search_path = pg_catalog, pg_temp
AS $$
	WITH life AS (
		SELECT l.nr, l.event, l.own, l.of_change, l.new, l.old, l.columns,
			coalesce(l.own ->> 'backer', mapped ->> 'backer') AS backer
		FROM trust_ledger.mapped_life(mapped) l
	),
	-- when a row makes the promise; one row of NULLs if every row does
	made AS (
		SELECT l.new, l.old
		FROM (VALUES (1)) AS one
		LEFT JOIN life l ON l.event = 'made'
	),
	-- a pause that has no other event at its end
	end_of_pause AS (
		SELECT l.old || ' AND ' || l.new || ' IS NOT TRUE' AS condition
		FROM life l
		WHERE l.event = 'paused'
			AND l.nr < 100
			AND l.new IS NOT NULL
			AND NOT mapped ? 'resumed_when'
	),
	-- track() compares the columns; a condition that names them would hinder ALTER TABLE
	row AS (
		SELECT 'NEW.* OPERATOR(pg_catalog.*<>) OLD.*' AS changed
	)
	SELECT row_number() OVER (ORDER BY t.nr, t.part), t.event, t.fires, t.condition,
		trust_ledger.mapped_arguments(mapped, t.event, t.own)
	FROM (
		SELECT 1 AS nr, 1 AS part, 'made' AS event, mapped -> 'made' AS own,
			'AFTER INSERT' AS fires, made.new AS condition
		FROM made
		UNION ALL
		SELECT 1, 2, 'made', mapped -> 'made',
			'AFTER UPDATE', made.new || ' AND ' || made.old || ' IS NOT TRUE'
		FROM made
		WHERE made.new IS NOT NULL
		UNION ALL
		SELECT 3, 1, 'amended', mapped -> 'amended',
			'AFTER UPDATE', concat_ws(' AND ', made.new, made.old, row.changed)
		FROM made, row
		UNION ALL
		-- a row that no longer makes a promise may still stand for one
		SELECT 3, 2, 'noted',
			'{"changed": ":key", "reason": ":The primary key of the row changed."}',
			'AFTER UPDATE', made.new || ' IS NOT TRUE AND ' || row.changed
		FROM made, row
		WHERE made.new IS NOT NULL
		UNION ALL
		-- leave out events that cannot happen when a row is inserted
		SELECT l.nr, 1, l.event, l.own,
			'AFTER INSERT', concat_ws(' AND ', l.new, made.new)
		FROM life l, made
		WHERE l.event <> 'made'
			AND l.new IS NOT NULL
			AND l.event <> ALL ('{amended,declined,backing_withdrawn,resumed}')
			AND (l.event <> 'backed' OR l.backer IS NOT NULL)
		UNION ALL
		SELECT l.nr, 2, l.event, l.own,
			'AFTER UPDATE' || CASE
				WHEN l.event = 'backed' THEN coalesce((
					SELECT ' OF ' || string_agg(quote_ident(name), ', ' ORDER BY n)
					FROM unnest(l.columns) WITH ORDINALITY AS c (name, n)), '')
				ELSE ''
			END,
			coalesce(l.of_change, l.new || ' AND ' || l.old || ' IS NOT TRUE')
		FROM life l
		WHERE l.event <> 'made'
		UNION ALL
		-- another backer is another backing
		SELECT l.nr, 3, l.event, l.own,
			'AFTER UPDATE', concat_ws(' AND ', l.new, l.old, row.changed)
		FROM life l, row
		WHERE l.event = 'backed' AND l.new IS NOT NULL AND l.backer IS NOT NULL
		UNION ALL
		SELECT 0, 3, 'resumed', mapped -> 'resumed', 'AFTER UPDATE', e.condition
		FROM end_of_pause e
		UNION ALL
		-- the ledger refused what changed during the pause
		SELECT 0, 4, 'amended', coalesce(mapped -> 'amended', '{}') || '{"changed": ":refused"}',
			'AFTER UPDATE', concat_ws(' AND ', made.new, r.condition)
		FROM made, (
			SELECT e.condition FROM end_of_pause e
			UNION ALL
			SELECT coalesce(l.of_change, l.new || ' AND ' || l.old || ' IS NOT TRUE')
			FROM life l
			WHERE l.event = 'resumed') AS r
		WHERE coalesce(mapped -> 'amended' ->> 'on_error', mapped ->> 'on_error') = ':note') AS t
	ORDER BY 1
$$;
COMMENT ON FUNCTION trust_ledger.mapped_triggers(jsonb) IS
	'The triggers of one promise, in the order in which they fire: when, with which condition, and '
	'with which arguments except source and promise.';

CREATE FUNCTION trust_ledger.mapped_deletion(mapped jsonb)
RETURNS TABLE (event text, arguments text[])
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 1
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT substr(coalesce(mapped ->> 'on_delete', ':noted'), 2),
		array(
			SELECT a || (mapped ->> a)
			FROM unnest('{actor,on_error,write,on_delete}'::text[]) AS a
			WHERE mapped ? a)
$$;
COMMENT ON FUNCTION trust_ledger.mapped_deletion(jsonb) IS
	'What happens to one promise when its row is deleted: the event, and the arguments of its '
	'trigger except source and promise.';

CREATE FUNCTION trust_ledger.key_columns(tab regclass) RETURNS text[]
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT array(
		SELECT a.attname::text
		FROM pg_index i, unnest(i.indkey::smallint[]) WITH ORDINALITY AS k (attnum, n)
		JOIN pg_attribute a ON a.attrelid = tab AND a.attnum = k.attnum
		WHERE i.indrelid = tab AND i.indisprimary AND k.n <= i.indnkeyatts
		ORDER BY k.n)
$$;
COMMENT ON FUNCTION trust_ledger.key_columns(regclass) IS
	'The columns of the primary key of a table, in the order of the key. Empty if it has none.';

CREATE FUNCTION trust_ledger.tracking_statements(tab regclass, mapping jsonb, source text)
RETURNS TABLE (nr bigint, statement text)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 30
SET search_path = pg_catalog, pg_temp SET quote_all_identifiers = off
AS $$
	WITH of_table AS (
		SELECT format('%I.%I', n.nspname, c.relname) AS name,
			trust_ledger.key_columns(tab) AS key_columns
		FROM pg_class c
		JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE c.oid = tab
	),
	wanted AS (
		SELECT 1 AS part, p.promise, t.nr, t.event, e.records,
			t.fires || ' ON ' || o.name || ' FOR EACH ROW' AS fires, t.condition, t.arguments
		FROM of_table o,
			trust_ledger.mapped_promises(mapping) p,
			trust_ledger.mapped_triggers(p.mapped) t
			JOIN trust_ledger.tracked_events() e ON e.event = t.event
		UNION ALL
		SELECT 2, p.promise, 1, 'deleted', d.event,
			'AFTER DELETE ON ' || o.name || ' FOR EACH ROW', NULL, d.arguments
		FROM of_table o,
			trust_ledger.mapped_promises(mapping) p,
			trust_ledger.mapped_deletion(p.mapped) d
		UNION ALL
		SELECT 3, '', 1, 'truncated', 'noted',
			'BEFORE TRUNCATE ON ' || o.name || ' FOR EACH STATEMENT', NULL, '{}'
		FROM of_table o
	)
	SELECT row_number() OVER w,
		format('CREATE TRIGGER trust_ledger_%s_%s %s%s EXECUTE FUNCTION trust_ledger.track(%s)',
			lpad((row_number() OVER w)::text, 3, '0'), wanted.event, wanted.fires,
			' WHEN (' || wanted.condition || ')',
			(SELECT string_agg(quote_literal(a), ', ' ORDER BY n)
			 FROM unnest(
					ARRAY[wanted.records, 'source:' || source]
					|| array(
						SELECT 'key=' || k.name
						FROM of_table o, unnest(o.key_columns) WITH ORDINALITY AS k (name, n)
						WHERE wanted.event <> 'truncated'
						ORDER BY k.n)
					|| array(SELECT 'promise:' || wanted.promise WHERE wanted.promise <> '')
					|| wanted.arguments) WITH ORDINALITY AS a (a, n)))
	FROM wanted
	WINDOW w AS (ORDER BY wanted.part, wanted.promise COLLATE "C", wanted.nr)
	ORDER BY 1
$$;
COMMENT ON FUNCTION trust_ledger.tracking_statements(regclass, jsonb, text) IS
	'The CREATE TRIGGER statements by which track_table() implements a mapping that '
	'check_mapping() has accepted.';

CREATE FUNCTION trust_ledger.statements_to_track(tab regclass, mapping jsonb) RETURNS text[]
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	statements CONSTANT text[] := array(
		SELECT s.statement
		FROM trust_ledger.tracking_statements(tab, mapping,
			trust_ledger.source_to_track(tab, substr(mapping ->> 'source', 2))) s
		ORDER BY s.nr);
BEGIN
	IF cardinality(statements) > 999 THEN
		RAISE EXCEPTION 'mapping needs too many triggers: %', cardinality(statements)
			USING ERRCODE = '54000',
			DETAIL = 'Their names are numbered, up to 999.',
			HINT = 'Make fewer promises from one row.';
	END IF;
	RETURN statements;
END
$$;
COMMENT ON FUNCTION trust_ledger.statements_to_track(regclass, jsonb) IS
	'The statements that create the triggers of a mapping of the table, in their order. Errors: '
	'42710 (source), 54000 (more than 999 triggers).';
