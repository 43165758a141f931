-- Mappings: which columns of a table are which terms of a promise, and which conditions on a row
-- are which events. track_table() takes one as jsonb; these functions check it.

CREATE FUNCTION trust_ledger.tracked_events()
RETURNS TABLE (nr integer, event text, records text, inherits text[], takes text[])
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 17
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT e.nr, e.event, e.records, i.inherits,
		i.inherits || array(
			SELECT a
			FROM unnest(string_to_array(e.own, ' ') || '{context,occurred_at}'::text[]) AS a
			WHERE a <> ALL (i.inherits))
	FROM (VALUES
		(1, 'made', 'made',
			'customer words promiser drafted_by kind due value currency purpose longest_pause '
			'context occurred_at actor', ''),
		(2, 'resumed', 'resumed', 'actor', 'reason'),
		(3, 'amended', 'amended',
			'customer words promiser drafted_by kind due value currency purpose longest_pause '
			'actor', 'changed relayed reason'),
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
		(16, 'noted', 'noted', 'actor', 'changed reason'),
		(17, 'assessed', 'assessed', 'actor', 'verdict purpose_met relayed reason'))
		AS e (nr, event, records, common, own)
	CROSS JOIN LATERAL (
		SELECT string_to_array(e.common, ' ') || '{on_error,write}'::text[]) AS i (inherits)
	ORDER BY e.nr
$$;
COMMENT ON FUNCTION trust_ledger.tracked_events() IS
	'The events that a mapping may name, in the order in which their triggers fire. records: the '
	'event that the ledger records. inherits: arguments that the event takes from the whole '
	'mapping. takes: all arguments that it takes. kept, partly_kept and broken record assessed '
	'with that verdict; assessed itself may only be used in events.';

CREATE FUNCTION trust_ledger.check_mapped_arguments(
	place text, given jsonb, known text[], also text[] DEFAULT '{}')
RETURNS void
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	argument record;
BEGIN
	IF given IS NULL OR jsonb_typeof(given) <> 'object' THEN
		RAISE EXCEPTION '% is not an object', place
			USING ERRCODE = '22023',
			DETAIL = format('It is %s.', coalesce(jsonb_typeof(given), 'missing')),
			HINT = 'Write {"words": "=title", "kind": ":delivery"}: '
				'= before a column, : before a text.';
	END IF;
	FOR argument IN
		SELECT key AS name, value, shape,
			jsonb_typeof(value) = 'string' AND value #>> '{}' ~ shape AS is_right
		FROM jsonb_each(given),
			LATERAL (
				SELECT CASE
					WHEN key = ANY ('{actor,source,write,on_error,on_delete}') THEN '^:'
					WHEN key = 'backer' THEN '^=.'
					ELSE '^(=.|:)'
				END) AS s (shape)
	LOOP
		IF argument.name <> ALL (known) THEN
			RAISE EXCEPTION '% does not take "%"', place, argument.name
				USING ERRCODE = '22023',
				DETAIL = format('It takes: %s.', array_to_string(known || also, ', ')),
				HINT = 'Arguments of one event belong in the object of that event, '
					'e.g. "released": {"reason": "=why"}.';
		ELSIF NOT argument.is_right THEN
			RAISE EXCEPTION '%: % cannot be %', place, argument.name, argument.value
				USING ERRCODE = '22023',
				DETAIL = CASE argument.shape
					WHEN '^:' THEN 'It must be a text, the same for all rows.'
					WHEN '^=.' THEN 'It must be a column of the row.'
					ELSE 'It must be a column of the row or a text.'
				END,
				HINT = 'Write "=title" for the column title, ":delivery" for the text delivery.';
		END IF;
	END LOOP;
END
$$;
COMMENT ON FUNCTION trust_ledger.check_mapped_arguments(text, jsonb, text[], text[]) IS
	'Raises 22023 unless this part of a mapping is an object of known arguments, each "=column" or '
	'":text". Called by check_mapping().';

CREATE FUNCTION trust_ledger.check_mapped_condition(
	place text, condition jsonb, changes boolean DEFAULT true)
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF condition IS NULL OR jsonb_typeof(condition) <> 'string' THEN
		RAISE EXCEPTION '% is not a condition', place
			USING ERRCODE = '22023',
			DETAIL = format('It is %s.', coalesce(jsonb_typeof(condition), 'missing')),
			HINT = 'Write one boolean expression over the columns of the row as a text: '
				'"status = ''sent''".';
	ELSIF trust_ledger.condition_is_change(condition #>> '{}') AND NOT changes THEN
		RAISE EXCEPTION '% cannot be a condition on a change', place
			USING ERRCODE = '22023',
			DETAIL = 'It decides which rows make a promise, including new rows.',
			HINT = 'Write the columns without NEW. and OLD.';
	END IF;
END
$$;
COMMENT ON FUNCTION trust_ledger.check_mapped_condition(text, jsonb, boolean) IS
	'Raises 22023 or 42601 unless this part of a mapping is a condition. changes: whether it may '
	'be about a change. Called by check_mapping().';

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
			USING ERRCODE = '22023',
			DETAIL = format('It is %s.', jsonb_typeof(events)),
			HINT = 'Write [{"event": "noted", "when": "NEW.owner <> OLD.owner", '
				'"reason": ":another owner"}].';
	END IF;
	FOR part IN
		SELECT format('%s, events[%s]', place, n - 1) AS place, value
		FROM jsonb_array_elements(events) WITH ORDINALITY AS e (value, n)
	LOOP
		takes := (
			SELECT e.takes
			FROM trust_ledger.tracked_events() e
			WHERE to_jsonb(e.event) = part.value -> 'event' AND e.event <> 'made');
		IF takes IS NULL THEN
			RAISE EXCEPTION '% names no event', part.place
				USING ERRCODE = '22023',
				DETAIL = format('Its event is %s.',
					coalesce((part.value -> 'event')::text, 'missing')),
				HINT = format('Use one of: %s. For event made, use made_when; '
					'for several promises of one row, use promises.',
					(SELECT string_agg(e.event, ', ' ORDER BY e.nr)
					 FROM trust_ledger.tracked_events() e
					 WHERE e.event <> 'made'));
		END IF;
		PERFORM trust_ledger.check_mapped_condition(part.place || ', when', part.value -> 'when');
		PERFORM trust_ledger.check_mapped_arguments(part.place,
			part.value - '{event,when}'::text[], takes, '{event,when}');
	END LOOP;
END
$$;
COMMENT ON FUNCTION trust_ledger.check_mapped_events(text, jsonb) IS
	'Raises 22023 or 42601 unless this part of a mapping is an array of events, each with its '
	'condition and its arguments. Called by check_mapping().';

CREATE FUNCTION trust_ledger.check_mapping(
	mapping jsonb, place text DEFAULT 'the mapping', inherited jsonb DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	part      record;
	is_table  CONSTANT boolean := inherited IS NULL;
	-- keys that a mapping of a promise may have, and those that only the whole mapping may have
	arguments CONSTANT text[] := array(
			SELECT DISTINCT a
			FROM trust_ledger.tracked_events(), unnest(inherits) AS a
			ORDER BY a)
		|| CASE WHEN is_table THEN '{on_delete,source}'::text[] ELSE '{}' END;
	events    CONSTANT text[] := array(
		SELECT event FROM trust_ledger.tracked_events() WHERE event <> 'assessed');
	others    CONSTANT text[] := array(
			SELECT e || '_when' FROM unnest(events) AS e WHERE e <> 'amended')
		|| events
		|| 'events'::text
		|| CASE WHEN is_table THEN '{promises}'::text[] ELSE '{}' END;
	given     CONSTANT jsonb := coalesce(inherited, '{}') || mapping;
BEGIN
	PERFORM trust_ledger.check_mapped_arguments(place,
		CASE WHEN jsonb_typeof(mapping) = 'object' THEN mapping - others ELSE mapping END,
		arguments, others);
	FOR part IN
		SELECT e.event, e.takes,
			mapping -> e.event AS own,
			mapping -> (e.event || '_when') AS condition
		FROM trust_ledger.tracked_events() e
		WHERE e.event = ANY (events)
	LOOP
		IF part.condition IS NOT NULL THEN
			PERFORM trust_ledger.check_mapped_condition(
				format('%s, %s_when', place, part.event), part.condition, part.event <> 'made');
		END IF;
		IF part.own IS NOT NULL THEN
			PERFORM trust_ledger.check_mapped_arguments(
				format('%s, %s', place, part.event), part.own, part.takes);
			IF NOT (part.event = ANY ('{made,amended}')
				OR given ? (part.event || '_when')
				OR mapping ? 'promises'
				OR part.event = 'resumed' AND given ? 'paused_when')
			THEN
				RAISE EXCEPTION '% does not say when it is %', place, part.event
					USING ERRCODE = '22023',
					DETAIL = format('It has arguments for %s, but no %1$s_when.', part.event),
					HINT = format('Add the condition "%s_when", or remove "%1$s".', part.event);
			END IF;
		END IF;
	END LOOP;
	IF mapping ? 'events' THEN
		PERFORM trust_ledger.check_mapped_events(place, mapping -> 'events');
	END IF;
	IF mapping ? 'on_delete' AND mapping ->> 'on_delete' <> ALL ('{:noted,:withdrawn}') THEN
		RAISE EXCEPTION '%: on_delete cannot be %', place, mapping -> 'on_delete'
			USING ERRCODE = '22023',
			DETAIL = 'Deleting a row adds a note, or withdraws the promise.',
			HINT = 'Write ":noted" or ":withdrawn".';
	ELSIF mapping ? 'promises'
		AND (jsonb_typeof(mapping -> 'promises') <> 'object' OR mapping -> 'promises' = '{}')
	THEN
		RAISE EXCEPTION '%: promises is not an object with at least one promise', place
			USING ERRCODE = '22023',
			DETAIL = format('It is %s.', mapping -> 'promises'),
			HINT = 'Write {"delivery": {...}, "price": {...}}, or remove it.';
	ELSIF mapping ? 'promises' THEN
		FOR part IN SELECT key, value FROM jsonb_each(mapping -> 'promises') LOOP
			PERFORM trust_ledger.check_mapping(part.value,
				format('promise "%s"', part.key), mapping - 'promises');
		END LOOP;
	END IF;
END
$$;
COMMENT ON FUNCTION trust_ledger.check_mapping(jsonb, text, jsonb) IS
	'Raises 22023 or 42601 unless this is a mapping for track_table(): known keys, values of the '
	'right type, conditions that are one expression. Does not look at the table. place: name of '
	'this part in messages. inherited: the whole mapping, if this is the mapping of one promise.';
