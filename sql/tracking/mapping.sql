-- Tracking a table by one mapping: the triggers for a promise's whole life, as they were made, and
-- what has become of them since.

-- ---- conditions

CREATE FUNCTION trust_ledger.condition_for(condition text, "row" text) RETURNS text
AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION trust_ledger.condition_for(text, text) IS
	'A condition on a tracked row, one boolean expression over its columns, about row (NEW, OLD or an alias): in parentheses, each column as row.column. Errors: 42601 it is no expression, 22023 it has a sub-select, a parameter, *, qualified columns.';

CREATE FUNCTION trust_ledger.condition_is_change(condition text) RETURNS boolean
AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION trust_ledger.condition_is_change(text) IS
	'Whether a condition is about what changed: its columns are NEW.column and OLD.column. Errors: those of condition_for(), 22023 it has bare columns too.';

CREATE FUNCTION trust_ledger.condition_columns(condition text) RETURNS text[]
AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION trust_ledger.condition_columns(text) IS
	'The columns that a condition names, each once. Errors: those of condition_is_change().';

-- ---- the mapping

CREATE FUNCTION trust_ledger.tracked_events()
RETURNS TABLE (nr integer, event text, records text, inherits text[], takes text[])
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 17
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT e.nr, e.event, e.records, i.inherits,
		i.inherits || array(SELECT a FROM unnest(string_to_array(e.own, ' ') || '{context,occurred_at}'::text[]) AS a WHERE a <> ALL (i.inherits))
	FROM (VALUES
		(1, 'made', 'made', 'customer words promiser drafted_by kind due value currency purpose longest_pause context occurred_at actor', ''),
		(2, 'resumed', 'resumed', 'actor', 'reason'),
		(3, 'amended', 'amended', 'customer words promiser drafted_by kind due value currency purpose longest_pause actor', 'relayed reason'),
		(4, 'accepted', 'accepted', 'actor', 'relayed'),
		(5, 'backed', 'backed', 'backer', ''),
		(6, 'declined', 'declined', '', 'reason'),
		(7, 'backing_withdrawn', 'backing_withdrawn', '', 'reason'),
		(8, 'paused', 'paused', 'actor', 'reason'),
		(9, 'breach_admitted', 'breach_admitted', 'actor', 'reason'),
		(10, 'kept', 'assessed', 'actor', 'purpose_met relayed reason'),
		(11, 'partly_kept', 'assessed', 'actor', 'purpose_met relayed reason'),
		(12, 'broken', 'assessed', 'actor', 'purpose_met relayed reason'),
		(13, 'breach_repaired', 'breach_repaired', 'actor', 'reason'),
		(14, 'withdrawn', 'withdrawn', 'actor', 'reason'),
		(15, 'released', 'released', 'actor', 'relayed reason'),
		(16, 'noted', 'noted', 'actor', 'reason'),
		(17, 'assessed', 'assessed', 'actor', 'verdict purpose_met relayed reason')) AS e (nr, event, records, common, own)
	CROSS JOIN LATERAL (SELECT string_to_array(e.common, ' ') || '{on_error,write}'::text[]) AS i (inherits)
	ORDER BY e.nr
$$;
COMMENT ON FUNCTION trust_ledger.tracked_events() IS
	'The events that a mapping can name, in the order in which their triggers fire: what the ledger records, which arguments they take from the mapping as a whole, and which at all. kept, partly_kept and broken are verdicts; assessed, with its verdict, can stand in events only.';

CREATE FUNCTION trust_ledger.check_mapped_arguments(place text, given jsonb, known text[], also text[] DEFAULT '{}') RETURNS void
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	argument record;
BEGIN
	IF given IS NULL OR jsonb_typeof(given) <> 'object' THEN
		RAISE EXCEPTION '% is not an object', place
			USING ERRCODE = '22023', DETAIL = format('It is %s.', coalesce(jsonb_typeof(given), 'missing')),
			HINT = 'Write {"words": "=title", "kind": ":delivery"}: = before a column, : before a text.';
	END IF;
	FOR argument IN
		SELECT key AS name, value, jsonb_typeof(value) = 'string' AND value #>> '{}' ~ shape AS is_right, shape
		FROM jsonb_each(given), LATERAL (
			SELECT CASE WHEN key = ANY ('{actor,source,write,on_error,on_delete}') THEN '^:' WHEN key = 'backer' THEN '^=.' ELSE '^(=.|:)' END) AS s (shape)
	LOOP
		IF argument.name <> ALL (known) THEN
			RAISE EXCEPTION '% does not take "%"', place, argument.name
				USING ERRCODE = '22023', DETAIL = format('It takes: %s.', array_to_string(known || also, ', ')),
				HINT = 'What one event alone takes goes into an object of that event, e.g. "released": {"reason": "=why"}.';
		ELSIF NOT argument.is_right THEN
			RAISE EXCEPTION '%: % cannot be %', place, argument.name, argument.value
				USING ERRCODE = '22023', DETAIL = CASE argument.shape WHEN '^:' THEN 'It takes a text, the same for all rows.'
					WHEN '^=.' THEN 'It takes a column of the row.' ELSE 'It takes a column of the row or a text.' END,
				HINT = 'Write "=title" for the column title, ":delivery" for the text delivery.';
		END IF;
	END LOOP;
END
$$;
COMMENT ON FUNCTION trust_ledger.check_mapped_arguments(text, jsonb, text[], text[]) IS
	'An error (22023) unless this part of a mapping is an object of known arguments, each "=column" or ":text". Called by check_mapping().';

CREATE FUNCTION trust_ledger.check_mapped_condition(place text, condition jsonb, changes boolean DEFAULT true) RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF condition IS NULL OR jsonb_typeof(condition) <> 'string' THEN
		RAISE EXCEPTION '% is not a condition', place
			USING ERRCODE = '22023', DETAIL = format('It is %s.', coalesce(jsonb_typeof(condition), 'missing')),
			HINT = 'Write one boolean expression over the row''s columns, as a text: "status = ''sent''".';
	ELSIF trust_ledger.condition_is_change(condition #>> '{}') AND NOT changes THEN
		RAISE EXCEPTION '% cannot be a condition on a change', place
			USING ERRCODE = '22023', DETAIL = 'It tells which rows are promises, new ones too.',
			HINT = 'Write the columns without NEW. and OLD.';
	END IF;
END
$$;
COMMENT ON FUNCTION trust_ledger.check_mapped_condition(text, jsonb, boolean) IS
	'An error unless this part of a mapping is a condition (22023, 42601). Called by check_mapping().';

CREATE FUNCTION trust_ledger.check_mapped_events(place text, events jsonb) RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	part  record;
	takes text[];
BEGIN
	IF jsonb_typeof(events) <> 'array' THEN
		RAISE EXCEPTION '%, events is not an array', place
			USING ERRCODE = '22023', DETAIL = format('It is %s.', jsonb_typeof(events)),
			HINT = 'Write [{"event": "noted", "when": "NEW.owner <> OLD.owner", "reason": ":another owner"}].';
	END IF;
	FOR part IN SELECT format('%s, events[%s]', place, n - 1) AS place, value FROM jsonb_array_elements(events) WITH ORDINALITY AS e (value, n) LOOP
		takes := (SELECT e.takes FROM trust_ledger.tracked_events() e WHERE to_jsonb(e.event) = part.value -> 'event' AND e.event <> 'made');
		IF takes IS NULL THEN
			RAISE EXCEPTION '% names no event', part.place
				USING ERRCODE = '22023', DETAIL = format('Its event is %s.', coalesce((part.value -> 'event')::text, 'missing')),
				HINT = format('Give one of: %s. When a promise is made is said by made_when; several promises of one row by promises.',
					(SELECT string_agg(e.event, ', ' ORDER BY e.nr) FROM trust_ledger.tracked_events() e WHERE e.event <> 'made'));
		END IF;
		PERFORM trust_ledger.check_mapped_condition(part.place || ', when', part.value -> 'when');
		PERFORM trust_ledger.check_mapped_arguments(part.place, part.value - '{event,when}'::text[], takes, '{event,when}');
	END LOOP;
END
$$;
COMMENT ON FUNCTION trust_ledger.check_mapped_events(text, jsonb) IS
	'An error (22023, 42601) unless this part of a mapping is an array of events, each with the condition when it happens and its arguments. Called by check_mapping().';

CREATE FUNCTION trust_ledger.check_mapping(mapping jsonb, place text DEFAULT 'the mapping', inherited jsonb DEFAULT NULL) RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	part      record;
	-- what one level says, and what the whole table
	arguments CONSTANT text[] := array(SELECT DISTINCT a FROM trust_ledger.tracked_events(), unnest(inherits) AS a ORDER BY a)
		|| CASE WHEN inherited IS NULL THEN '{on_delete,source}'::text[] ELSE '{}' END;
	events    CONSTANT text[] := array(SELECT event FROM trust_ledger.tracked_events() WHERE event <> 'assessed');
	others    CONSTANT text[] := array(SELECT e || '_when' FROM unnest(events) AS e WHERE e <> 'amended') || events || 'events'::text
		|| CASE WHEN inherited IS NULL THEN '{promises}'::text[] ELSE '{}' END;
	given     CONSTANT jsonb := coalesce(inherited, '{}') || mapping;
BEGIN
	PERFORM trust_ledger.check_mapped_arguments(place, CASE WHEN jsonb_typeof(mapping) = 'object' THEN mapping - others ELSE mapping END, arguments, others);
	FOR part IN SELECT e.*, mapping -> e.event AS own, mapping -> (e.event || '_when') AS condition FROM trust_ledger.tracked_events() e WHERE e.event = ANY (events) LOOP
		IF part.condition IS NOT NULL THEN
			PERFORM trust_ledger.check_mapped_condition(format('%s, %s_when', place, part.event), part.condition, part.event <> 'made');
		END IF;
		IF part.own IS NOT NULL THEN
			PERFORM trust_ledger.check_mapped_arguments(format('%s, %s', place, part.event), part.own, part.takes);
			IF NOT (part.event = ANY ('{made,amended}') OR given ? (part.event || '_when') OR mapping ? 'promises' OR part.event = 'resumed' AND given ? 'paused_when') THEN
				RAISE EXCEPTION '% does not say when it is %', place, part.event
					USING ERRCODE = '22023', DETAIL = format('It has arguments for %s, and no %1$s_when.', part.event),
					HINT = format('Give "%s_when" a condition, or leave "%1$s" out.', part.event);
			END IF;
		END IF;
	END LOOP;
	IF mapping ? 'events' THEN
		PERFORM trust_ledger.check_mapped_events(place, mapping -> 'events');
	END IF;
	IF mapping ? 'on_delete' AND mapping ->> 'on_delete' <> ALL ('{:noted,:withdrawn}') THEN
		RAISE EXCEPTION '%: on_delete cannot be %', place, mapping -> 'on_delete'
			USING ERRCODE = '22023', DETAIL = 'A row that is deleted leaves a note, or withdraws the promise.', HINT = 'Write ":noted" or ":withdrawn".';
	ELSIF mapping ? 'promises' AND (jsonb_typeof(mapping -> 'promises') <> 'object' OR mapping -> 'promises' = '{}') THEN
		RAISE EXCEPTION '%: promises is not an object with promises', place
			USING ERRCODE = '22023', DETAIL = format('It is %s.', mapping -> 'promises'), HINT = 'Write {"delivery": {...}, "price": {...}}, or leave it out.';
	ELSIF mapping ? 'promises' THEN
		FOR part IN SELECT key, value FROM jsonb_each(mapping -> 'promises') LOOP
			PERFORM trust_ledger.check_mapping(part.value, format('promise "%s"', part.key), mapping - 'promises');
		END LOOP;
	END IF;
END
$$;
COMMENT ON FUNCTION trust_ledger.check_mapping(jsonb, text, jsonb) IS
	'An error (22023, 42601) unless this is a mapping as track_table() takes it: no key that is not known, each value of its type, each condition one expression. It does not look at the table.';

CREATE FUNCTION trust_ledger.mapped_promises(mapping jsonb) RETURNS TABLE (promise text, mapped jsonb)
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 1
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT '', mapping WHERE NOT mapping ? 'promises'
	UNION ALL
	-- an event's arguments are inherited one by one, all else as a whole
	SELECT p.key, (mapping - 'promises') || p.value || coalesce((
		SELECT jsonb_object_agg(o.key, (mapping -> o.key) || o.value) FROM jsonb_each(p.value) o
		WHERE jsonb_typeof(o.value) = 'object' AND jsonb_typeof(mapping -> o.key) = 'object'), '{}')
	FROM jsonb_each(mapping -> 'promises') p
	ORDER BY 1
$$;
COMMENT ON FUNCTION trust_ledger.mapped_promises(jsonb) IS
	'A mapping for each promise that a row makes, with what it inherits from the mapping as a whole.';

CREATE FUNCTION trust_ledger.mapped_arguments(mapped jsonb, event text, own jsonb) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT array(SELECT 'verdict:' || e.event WHERE e.event = ANY ('{kept,partly_kept,broken}')) || array(
		SELECT t.name || v.value
		FROM unnest(e.takes) WITH ORDINALITY AS t (name, n), LATERAL (SELECT coalesce(own ->> t.name, CASE WHEN t.name = ANY (e.inherits)
			-- a promise that could not be made cannot have notes
			AND NOT (e.event = 'made' AND t.name = 'on_error' AND mapped ->> t.name = ':note') THEN mapped ->> t.name END)) AS v (value)
		WHERE v.value IS NOT NULL ORDER BY t.n)
	FROM trust_ledger.tracked_events() e WHERE e.event = $2
$$;
COMMENT ON FUNCTION trust_ledger.mapped_arguments(jsonb, text, jsonb) IS
	'The arguments of an event''s trigger: its own, and what it takes from the mapping of its promise.';

CREATE FUNCTION trust_ledger.mapped_life(mapped jsonb)
RETURNS TABLE (nr bigint, event text, own jsonb, of_change text, new text, old text, columns text[])
LANGUAGE sql STABLE PARALLEL SAFE ROWS 10
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT l.nr, l.event, l.own,
		CASE WHEN c.is_change THEN format(CASE WHEN l.condition ~ '--' THEN E'(%s\n)' ELSE '(%s)' END, l.condition) END,
		CASE WHEN NOT c.is_change THEN trust_ledger.condition_for(l.condition, 'NEW') END,
		CASE WHEN NOT c.is_change THEN trust_ledger.condition_for(l.condition, 'OLD') END,
		trust_ledger.condition_columns(l.condition)
	FROM (
		SELECT e.nr::bigint, e.event, mapped -> e.event, mapped ->> (e.event || '_when')
		FROM trust_ledger.tracked_events() e WHERE mapped ? (e.event || '_when')
		UNION ALL
		SELECT 100 + n, value ->> 'event', value - '{event,when}'::text[], value ->> 'when'
		FROM jsonb_array_elements(mapped -> 'events') WITH ORDINALITY AS e (value, n)) AS l (nr, event, own, condition)
	CROSS JOIN LATERAL (SELECT trust_ledger.condition_is_change(l.condition)) AS c (is_change)
$$;
COMMENT ON FUNCTION trust_ledger.mapped_life(jsonb) IS
	'The events that the mapping of one promise has conditions for: of a change, or of the row as it is new and as it was old.';

CREATE FUNCTION trust_ledger.mapped_triggers(mapped jsonb, key_columns text[])
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
COMMENT ON FUNCTION trust_ledger.mapped_triggers(jsonb, text[]) IS
	'The triggers of one promise''s life, in the order in which they fire: on what, under which condition, with which arguments but source and promise.';

CREATE FUNCTION trust_ledger.mapped_deletion(mapped jsonb) RETURNS TABLE (event text, arguments text[])
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 1
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT substr(coalesce(mapped ->> 'on_delete', ':noted'), 2),
		array(SELECT a || (mapped ->> a) FROM unnest('{actor,on_error,write,on_delete}'::text[]) AS a WHERE mapped ? a)
$$;
COMMENT ON FUNCTION trust_ledger.mapped_deletion(jsonb) IS
	'What the mapping of one promise says of a row that is deleted: the event, and the arguments but source and promise.';

CREATE FUNCTION trust_ledger.tracking_statements(tab regclass, mapping jsonb, source text)
RETURNS TABLE (nr bigint, statement text)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 30
SET search_path = pg_catalog, pg_temp SET quote_all_identifiers = off
AS $$
	WITH of_table AS (
		SELECT format('%I.%I', n.nspname, c.relname) AS name, array(
			SELECT a.attname::text FROM pg_index i, unnest(i.indkey::smallint[]) WITH ORDINALITY AS k (attnum, n)
				JOIN pg_attribute a ON a.attrelid = tab AND a.attnum = k.attnum
			WHERE i.indrelid = tab AND i.indisprimary ORDER BY k.n) AS key_columns
		FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = tab),
	wanted AS (
		SELECT 1 AS part, p.promise, t.nr, t.event, e.records, t.fires || ' ON ' || o.name || ' FOR EACH ROW' AS fires, t.condition, t.arguments
		FROM of_table o, trust_ledger.mapped_promises(mapping) p, trust_ledger.mapped_triggers(p.mapped, o.key_columns) t
			JOIN trust_ledger.tracked_events() e ON e.event = t.event
		UNION ALL
		SELECT 2, p.promise, 1, 'deleted', d.event, 'AFTER DELETE ON ' || o.name || ' FOR EACH ROW', NULL, d.arguments
		FROM of_table o, trust_ledger.mapped_promises(mapping) p, trust_ledger.mapped_deletion(p.mapped) d
		UNION ALL
		SELECT 3, '', 1, 'truncated', 'noted', 'BEFORE TRUNCATE ON ' || o.name || ' FOR EACH STATEMENT', NULL, '{}' FROM of_table o)
	SELECT row_number() OVER w, format('CREATE TRIGGER trust_ledger_%s_%s %s%s EXECUTE FUNCTION trust_ledger.track(%s)',
		lpad((row_number() OVER w)::text, 3, '0'), wanted.event, wanted.fires, ' WHEN (' || wanted.condition || ')',
		(SELECT string_agg(quote_literal(a), ', ' ORDER BY n)
		 FROM unnest(ARRAY[wanted.records, 'source:' || source] || array(SELECT 'promise:' || wanted.promise WHERE wanted.promise <> '') || wanted.arguments) WITH ORDINALITY AS a (a, n)))
	FROM wanted
	WINDOW w AS (ORDER BY wanted.part, wanted.promise COLLATE "C", wanted.nr)
	ORDER BY 1
$$;
COMMENT ON FUNCTION trust_ledger.tracking_statements(regclass, jsonb, text) IS
	'The statements by which track_table() makes the triggers for that mapping, which check_mapping() let pass.';

-- ---- the triggers that are there

CREATE FUNCTION trust_ledger.trigger_arguments(tgargs bytea) RETURNS text[]
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION trust_ledger.trigger_arguments(bytea) IS
	'The arguments of a trigger, as pg_trigger.tgargs has them.';

CREATE FUNCTION trust_ledger.trigger_definition(trigger oid) RETURNS text
LANGUAGE sql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp SET quote_all_identifiers = off
AS $$
	SELECT pg_get_triggerdef(trigger)
$$;
COMMENT ON FUNCTION trust_ledger.trigger_definition(oid) IS
	'A trigger''s definition, whatever the caller''s settings.';

CREATE FUNCTION trust_ledger.trigger_fingerprint(trigger oid) RETURNS text
LANGUAGE sql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT CASE WHEN NOT a.has_lost_column THEN encode(sha256(convert_to(jsonb_build_array(t.tgtype, t.tgattr::text, t.tgqual::text, a.arguments)::text, 'UTF8')), 'hex') END
	FROM pg_trigger t CROSS JOIN LATERAL (
		SELECT array_agg(coalesce(a.name || '=' || c.attnum, a.argument) ORDER BY a.n), coalesce(bool_or(a.name IS NOT NULL AND c.attnum IS NULL), false)
		FROM (SELECT argument, n, substring(argument FROM '^([a-z_]+)=') AS name FROM unnest(trust_ledger.trigger_arguments(t.tgargs)) WITH ORDINALITY AS u (argument, n)) AS a
			LEFT JOIN pg_attribute c ON c.attrelid = t.tgrelid AND c.attname = substr(a.argument, length(a.name) + 2) AND c.attnum > 0 AND NOT c.attisdropped) AS a (arguments, has_lost_column)
	WHERE t.oid = trigger
$$;
COMMENT ON FUNCTION trust_ledger.trigger_fingerprint(oid) IS
	'SHA-256, in hex, of what makes a trigger of track() fire and what it is given, columns by their numbers: within one database it stays when they are renamed. NULL where an argument names a column that the table does not have.';

CREATE FUNCTION trust_ledger.track_triggers()
RETURNS TABLE (trigger oid, tab oid, tab_name text, name text, arguments text[], source text, generated boolean)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 20
SET search_path = pg_catalog, pg_temp SET quote_all_identifiers = off
AS $$
	SELECT t.oid, t.tgrelid, o.name, t.tgname::text, a.arguments,
		coalesce((SELECT substr(argument, 8) FROM unnest(a.arguments[2:]) AS argument WHERE starts_with(argument, 'source:') LIMIT 1), o.name),
		t.tgname ~ '^trust_ledger_\d{3}_'
	FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
	CROSS JOIN LATERAL (SELECT format('%I.%I', n.nspname, c.relname)) AS o (name)
	CROSS JOIN LATERAL (SELECT trust_ledger.trigger_arguments(t.tgargs)) AS a (arguments)
	WHERE t.tgfoid = 'trust_ledger.track()'::regprocedure AND t.tgparentid = 0 AND NOT t.tgisinternal
$$;
COMMENT ON FUNCTION trust_ledger.track_triggers() IS
	'The triggers that call track(), those of partitions apart: their table, arguments and source, and whether track_table() named them.';

CREATE FUNCTION trust_ledger.table_of_source(source text, tab text) RETURNS oid
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT coalesce(
		(SELECT t.tab FROM trust_ledger.track_triggers() t WHERE t.source = table_of_source.source
		 ORDER BY t.tab_name = table_of_source.tab DESC, t.generated DESC, t.tab LIMIT 1),
		(SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		 WHERE ARRAY[n.nspname, c.relname]::text[] = parse_ident(table_of_source.tab)))
$$;
COMMENT ON FUNCTION trust_ledger.table_of_source(text, text) IS
	'The table whose triggers name that source, whatever it is called now; else the one that is called tab; NULL: it is gone.';

CREATE FUNCTION trust_ledger.tracked_state(trigger oid, definition text, fingerprint text) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
	WITH RECURSIVE copy AS (
		SELECT t.oid, t.tgenabled, t.tgfoid FROM pg_trigger t WHERE t.oid = trigger
		UNION ALL
		SELECT t.oid, t.tgenabled, t.tgfoid FROM copy JOIN pg_trigger t ON t.tgparentid = copy.oid)
	SELECT CASE
		WHEN count(*) = 0 THEN 'missing'
		WHEN bool_or(tgenabled IN ('D', 'R') OR tgfoid <> 'trust_ledger.track()'::regprocedure) THEN 'disabled'
		WHEN definition IS NULL THEN 'by hand'
		WHEN trust_ledger.trigger_fingerprint(trigger) IS NULL THEN 'altered'
		WHEN trust_ledger.trigger_definition(trigger) = definition OR trust_ledger.trigger_fingerprint(trigger) = fingerprint THEN 'in force'
		ELSE 'altered' END
	FROM copy
$$;
COMMENT ON FUNCTION trust_ledger.tracked_state(oid, text, text) IS
	'What has become of a trigger that was made with that definition and fingerprint: in force, altered, disabled, missing; by hand where it was not recorded.';

CREATE FUNCTION trust_ledger.tracked_subscription(trigger oid) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT string_agg(DISTINCT s.subname::text, ', ' ORDER BY s.subname::text)
	FROM pg_trigger t, LATERAL (
			SELECT t.tgrelid AS relid
			UNION SELECT p.relid FROM pg_partition_tree(t.tgrelid) AS p
			UNION SELECT a.relid FROM pg_partition_ancestors(t.tgrelid) AS a) AS place
		JOIN pg_subscription_rel r ON r.srrelid = place.relid JOIN pg_subscription s ON s.oid = r.srsubid
	WHERE t.oid = trigger
$$;
COMMENT ON FUNCTION trust_ledger.tracked_subscription(oid) IS
	'The subscriptions that write to a trigger''s table, its partitions, or what it is a partition of; NULL: none does.';

-- ---- tracking

CREATE FUNCTION trust_ledger.set_tracking(
	tab regclass, mapping jsonb, reason text DEFAULT NULL,
	actor text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C
SET search_path = pg_catalog, pg_temp SET IntervalStyle = 'iso_8601';
COMMENT ON FUNCTION trust_ledger.set_tracking(regclass, jsonb, text, text, timestamptz, jsonb, text) IS
	'Records that a table is tracked by the triggers that track_table() gave it, as they are now. Called by track_table(). For the table''s owner, with level application or admin. Errors: TL004, 42501 not the owner, 55000 it has no such triggers.';

CREATE FUNCTION trust_ledger.drop_tracking(
	source text, reason text DEFAULT NULL,
	actor text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C
SET search_path = pg_catalog, pg_temp SET IntervalStyle = 'iso_8601';
COMMENT ON FUNCTION trust_ledger.drop_tracking(text, text, text, timestamptz, jsonb, text) IS
	'Records that a source is tracked no more. Called by untrack_table(); call it for a table that is gone. For the table''s owner, with level application or admin; where the table is gone, level admin. Errors: TL004, 42501 not the owner, 42704 no such source.';

CREATE FUNCTION trust_ledger.check_trackable(tab regclass) RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	of record;
BEGIN
	SELECT c.relkind, c.relpersistence, c.relispartition, c.relnamespace::regnamespace::text AS schema, pg_get_userbyid(c.relowner) AS owner,
		pg_has_role(c.relowner, 'USAGE') AS is_owner, EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary) AS has_key
	INTO of FROM pg_class c WHERE c.oid = tab;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'there is no such table'
			USING ERRCODE = '42P01', DETAIL = format('Nothing has the OID %s.', coalesce(tab::oid::text, 'NULL')), HINT = 'Name the table, e.g. ''crm.deal''.';
	ELSIF of.relkind = ANY ('{v,m}') THEN
		RAISE EXCEPTION '% is a view', tab
			USING ERRCODE = '42809', DETAIL = 'Its rows change without a trigger.', HINT = 'Track the tables behind it.';
	ELSIF of.relkind <> ALL ('{r,p}') THEN
		RAISE EXCEPTION '% is not a table of this database', tab
			USING ERRCODE = '42809', DETAIL = 'Its rows can change where no trigger sees it.', HINT = 'Track a table where it is stored.';
	ELSIF of.schema = 'trust' THEN
		RAISE EXCEPTION '% is the ledger''s own', tab
			USING ERRCODE = '42809', DETAIL = 'The ledger does not track itself.', HINT = 'Track a table of the CRM.';
	ELSIF of.relpersistence = 't' THEN
		RAISE EXCEPTION '% is a temporary table', tab
			USING ERRCODE = '42809', DETAIL = 'Its rows go with the session.', HINT = 'Track a table that stays.';
	ELSIF of.relispartition THEN
		RAISE EXCEPTION '% is a partition', tab
			USING ERRCODE = '42809', DETAIL = 'Rows move between partitions.',
			HINT = format('Track its parent, %s.', (SELECT i.inhparent::regclass FROM pg_inherits i WHERE i.inhrelid = tab));
	ELSIF NOT of.is_owner THEN
		RAISE EXCEPTION 'must be owner of table %', tab
			USING ERRCODE = '42501', DETAIL = format('"%s" is not. What becomes of a table''s rows is its owner''s to say.', CURRENT_USER), HINT = format('Call this as "%s".', of.owner);
	ELSIF NOT of.has_key THEN
		RAISE EXCEPTION '% has no primary key', tab
			USING ERRCODE = '55000', DETAIL = 'It tells which row a promise is about.', HINT = format('ALTER TABLE %s ADD PRIMARY KEY (...);', tab);
	END IF;
END
$$;
COMMENT ON FUNCTION trust_ledger.check_trackable(regclass) IS
	'An error unless the current user can track this: 42P01 it is not there, 42809 no table, a view, the ledger''s own, temporary, a partition, 42501 not the owner, 55000 no primary key.';

CREATE FUNCTION trust_ledger.source_to_track(tab regclass, wanted text DEFAULT NULL) RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp SET quote_all_identifiers = off
AS $$
DECLARE
	has    CONSTANT text := (SELECT t.source FROM trust_ledger.track_triggers() t WHERE t.tab = source_to_track.tab ORDER BY t.generated DESC, t.name LIMIT 1);
	named  CONSTANT text := coalesce(wanted, has, (
		SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = source_to_track.tab));
	other  CONSTANT text := (SELECT t.tab_name FROM trust_ledger.track_triggers() t WHERE t.source = named AND t.tab <> source_to_track.tab LIMIT 1);
BEGIN
	IF named <> has THEN
		RAISE EXCEPTION 'table % is source "%"', tab, has
			USING ERRCODE = '42710', DETAIL = format('Its rows'' promises are on record under that name, not under "%s".', named),
			HINT = 'Leave source out. To begin anew under another name, run SELECT trust_ledger.untrack_table(...); first.';
	ELSIF other IS NOT NULL THEN
		RAISE EXCEPTION 'source "%" is table %', named, other
			USING ERRCODE = '42710', DETAIL = 'Two tables'' rows would be taken for one another.', HINT = 'Give this table a source of its own: "source": ":..."';
	END IF;
	RETURN named;
END
$$;
COMMENT ON FUNCTION trust_ledger.source_to_track(regclass, text) IS
	'What a table is to be called in the ledger: as wanted, as its triggers have it, or by its name. Error 42710: it has another source, or that is another table''s.';

CREATE FUNCTION trust_ledger.drop_track_triggers(tab regclass) RETURNS integer
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	dropped integer := 0;
	drop_it text;
BEGIN
	FOR drop_it IN SELECT format('DROP TRIGGER %I ON %s', t.name, t.tab_name) FROM trust_ledger.track_triggers() t WHERE t.tab = drop_track_triggers.tab AND t.generated LOOP
		EXECUTE drop_it;
		dropped := dropped + 1;
	END LOOP;
	RETURN dropped;
END
$$;
COMMENT ON FUNCTION trust_ledger.drop_track_triggers(regclass) IS
	'Drops the triggers that track_table() made, with the caller''s rights, and says how many. Called by track_table() and untrack_table(), which record it.';

CREATE FUNCTION trust_ledger.track_table(
	tab regclass, mapping jsonb, dry_run boolean DEFAULT false, reason text DEFAULT NULL,
	actor text DEFAULT NULL, path text DEFAULT pg_catalog.current_setting('search_path'))
RETURNS TABLE (statement text)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp SET standard_conforming_strings = on
AS $$
DECLARE
	pinned     CONSTANT text := current_setting('search_path');
	statements text[];
	create_it  text;
BEGIN
	PERFORM trust_ledger.check_ledger();
	PERFORM trust_ledger.check_trackable(tab);
	PERFORM trust_ledger.check_mapping(mapping);
	-- what its triggers are now has to be so still when they are replaced
	EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', tab);
	statements := array(
		SELECT s.statement FROM trust_ledger.tracking_statements(tab, mapping, trust_ledger.source_to_track(tab, substr(mapping ->> 'source', 2))) s ORDER BY s.nr);
	IF cardinality(statements) > 999 THEN
		RAISE EXCEPTION 'this mapping needs % triggers', cardinality(statements)
			USING ERRCODE = '54000', DETAIL = 'Their names number them, up to 999.', HINT = 'Make fewer promises of one row.';
	END IF;
	BEGIN
		PERFORM trust_ledger.drop_track_triggers(tab);
		-- conditions mean what their writer sees: operators of citext, functions of the CRM
		PERFORM set_config('search_path', path, true);
		FOREACH create_it IN ARRAY statements LOOP
			EXECUTE create_it;
		END LOOP;
		PERFORM pg_catalog.set_config('search_path', pinned, true);
		PERFORM trust_ledger.set_tracking(tab, mapping, reason, actor);
		IF dry_run THEN
			RAISE SQLSTATE 'TLDRY';
		END IF;
	EXCEPTION WHEN SQLSTATE 'TLDRY' THEN
		IF dry_run IS NOT TRUE THEN
			RAISE;
		END IF;
	END;
	RETURN QUERY SELECT s FROM unnest(statements) AS s;
END
$$;
COMMENT ON FUNCTION trust_ledger.track_table(regclass, jsonb, boolean, text, text, text) IS
	'Tracks a table: creates triggers for the whole life of a promise from one mapping, replaces those that it created before, and returns the statements. dry_run: returns the statements and reports errors, but changes nothing. The mapping: arguments of track() as "=column" or ":text"; <event>_when, a condition on the row ("status = ''sent''") that an event happens when it comes to hold, or on a change ("NEW.owner <> OLD.owner"); <event>, arguments of that event alone; events, an array of {"event", "when", arguments}, for several of one event; promises, an object of mappings, for several promises of one row; source, on_delete. Names in conditions are looked up in path. For the table''s owner, with level application or admin. Errors: TL004, 22023 the mapping, 42601 a condition, 42703 a column, 42P01, 42809, 55000 the table, 42501 not its owner, 42710 the source.';

CREATE FUNCTION trust_ledger.untrack_table(tab regclass, reason text DEFAULT NULL, actor text DEFAULT NULL) RETURNS integer
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp SET quote_all_identifiers = off
AS $$
BEGIN
	PERFORM trust_ledger.check_ledger();
	PERFORM trust_ledger.drop_tracking(s.source, untrack_table.reason, untrack_table.actor)
	FROM (
		SELECT DISTINCT r.source FROM trust.tracked r, pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE c.oid = untrack_table.tab AND r.tab = format('%I.%I', n.nspname, c.relname) AND r.recorded_seq IS NOT NULL) AS s;
	RETURN trust_ledger.drop_track_triggers(tab);
END
$$;
COMMENT ON FUNCTION trust_ledger.untrack_table(regclass, text, text) IS
	'Tracks a table no more: drops the triggers that track_table() made, records it, and says how many there were. Promises stay as they are. For the table''s owner, with level application or admin. Errors: TL004, 42501 not the owner.';

CREATE FUNCTION trust_ledger.tracked_views(OUT name text, OUT definition text) RETURNS SETOF record
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	name := 'tracked';
	definition := $view$
	WITH recorded AS (
		SELECT t.source, t.tab, t.seq, trust_ledger.table_of_source(t.source, t.tab) AS relid, r.*
		FROM trust.tracking t, LATERAL jsonb_to_recordset(t.triggers) AS r (name text, arguments text[], definition text, fingerprint text)
		WHERE t.active AND (SELECT trust_ledger.require_reader())),
	present AS (
		SELECT r.source, r.tab AS recorded_tab, n.nspname, c.relname, r.name, t.oid, r.seq, r.definition, r.fingerprint,
			coalesce(trust_ledger.trigger_arguments(t.tgargs), r.arguments) AS arguments
		FROM recorded r LEFT JOIN pg_class c ON c.oid = r.relid LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
			LEFT JOIN pg_trigger t ON t.tgrelid = r.relid AND t.tgname = r.name AND NOT t.tgisinternal
		UNION ALL
		SELECT t.source, t.tab_name, NULL, NULL, t.name, t.trigger, NULL, NULL, NULL, t.arguments
		FROM trust_ledger.track_triggers() t
		WHERE (SELECT trust_ledger.require_reader()) AND NOT EXISTS (SELECT FROM recorded r WHERE r.relid = t.tab AND r.name = t.name))
	SELECT p.source, CASE WHEN p.nspname IS NULL THEN p.recorded_tab ELSE format('%I.%I', p.nspname, p.relname) END AS tab,
		p.name AS trigger, p.arguments[1] AS event,
		(SELECT substr(a, 9) FROM unnest(p.arguments[2:]) AS a WHERE starts_with(a, 'promise:') LIMIT 1) AS promise,
		p.arguments[2:] AS arguments, coalesce(trust_ledger.trigger_definition(p.oid), p.definition) AS definition,
		trust_ledger.tracked_state(p.oid, p.definition, p.fingerprint) AS state, p.seq AS recorded_seq,
		CASE WHEN NOT EXISTS (SELECT FROM trust.copy) THEN trust_ledger.tracked_subscription(p.oid) END AS subscription
	FROM present p
	ORDER BY 1, 2, 3
	$view$;
	RETURN NEXT;
END
$$;
COMMENT ON FUNCTION trust_ledger.tracked_views() IS
	'The text of the view of tracked tables. Part of ledger_views().';

CREATE FUNCTION trust_ledger.comment_on_tracked_views() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	COMMENT ON VIEW trust.tracked IS 'The triggers by which tables are tracked: those that were recorded when they were made, and what has become of them, and those that somebody made by hand.';
	COMMENT ON COLUMN trust.tracked.source IS 'What the table is called in the ledger, whatever it is renamed to.';
	COMMENT ON COLUMN trust.tracked.tab IS 'The table, as schema.table; where it is gone, what it was called.';
	COMMENT ON COLUMN trust.tracked.trigger IS 'The trigger''s name.';
	COMMENT ON COLUMN trust.tracked.event IS 'What it records.';
	COMMENT ON COLUMN trust.tracked.promise IS 'Which of a row''s promises it is about; NULL: a row makes one.';
	COMMENT ON COLUMN trust.tracked.arguments IS 'What it is given beside the event: name=column or name:text.';
	COMMENT ON COLUMN trust.tracked.definition IS 'The trigger as it is; where it is missing, as it was made.';
	COMMENT ON COLUMN trust.tracked.state IS 'in force: as it was made, but for names. disabled: it does not fire, or not on every partition, or calls another function. missing: it was made, and is not there. altered: it is not what was made. by hand: it is there, and not on record.';
	COMMENT ON COLUMN trust.tracked.recorded_seq IS 'The governance entry by which it is on record; NULL: it is not.';
	COMMENT ON COLUMN trust.tracked.subscription IS 'The subscription that writes to the table: what comes by it is not recorded. NULL: there is none, or the ledger is a copy, which gets the entries too.';
END
$$;
COMMENT ON FUNCTION trust_ledger.comment_on_tracked_views() IS
	'Comments on the view of tracked tables. Called by create_views().';
