-- Suspending the tracking of a table while a transaction changes its schema. PostgreSQL does not
-- alter the type of a column that the condition of a trigger names.

CREATE FUNCTION trust_ledger.is_suspension(trigger oid) RETURNS boolean
LANGUAGE sql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT t.tgfoid = 'trust_ledger.refuse_while_suspended()'::regprocedure
	FROM pg_trigger t
	WHERE t.oid = trigger
$$;
COMMENT ON FUNCTION trust_ledger.is_suspension(oid) IS
	'Whether the trigger is one of suspend_tracking().';

CREATE FUNCTION trust_ledger.is_suspended(tab oid) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT EXISTS (
		SELECT FROM pg_trigger t
		WHERE t.tgrelid = tab AND t.tgfoid = 'trust_ledger.refuse_while_suspended()'::regprocedure)
$$;
COMMENT ON FUNCTION trust_ledger.is_suspended(oid) IS
	'Whether tracking of the table is suspended.';

CREATE FUNCTION trust_ledger.watch_suspended() RETURNS void
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.watch_suspended() IS
	'Makes COMMIT and PREPARE TRANSACTION fail with 55000 while this transaction has suspended the '
	'tracking of a table. Called by suspend_tracking().';

CREATE FUNCTION trust_ledger.recorded_tracking(tab regclass) RETURNS jsonb
AS 'MODULE_PATHNAME' LANGUAGE C STRICT
SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION trust_ledger.recorded_tracking(regclass) IS
	'What track_table() recorded of the table, as a row of trust.tracking. NULL if it is not '
	'tracked by a mapping. Requires ownership of the table, and level application or admin. '
	'Errors: TL004, 42501 (not the owner).';

CREATE FUNCTION trust_ledger.definition_columns(definition text) RETURNS text[]
AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION trust_ledger.definition_columns(text) IS
	'The columns in UPDATE OF and in the condition of a CREATE TRIGGER statement, as often as it '
	'names them and in that order. NULL if it is another statement.';

CREATE FUNCTION trust_ledger.columns_since_recorded(tab regclass, triggers jsonb)
RETURNS TABLE (recorded text, present text)
LANGUAGE sql STABLE ROWS 10
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT DISTINCT c.recorded, c.present
	FROM jsonb_to_recordset(triggers)
		AS r (name text, arguments text[], definition text, fingerprint text)
	JOIN trust_ledger.track_triggers() t
		ON t.tab = columns_since_recorded.tab
		AND t.name = r.name
		AND r.fingerprint = ANY (trust_ledger.trigger_fingerprints(t.trigger))
	CROSS JOIN LATERAL (
		SELECT substr(a.recorded, strpos(a.recorded, '=') + 1),
			substr(a.present, strpos(a.present, '=') + 1)
		FROM unnest(r.arguments, t.arguments) AS a (recorded, present)
		WHERE a.recorded ~ '^[a-z_]+=' AND a.present ~ '^[a-z_]+='
		UNION ALL
		SELECT d.recorded, d.present
		FROM unnest(
			trust_ledger.definition_columns(r.definition),
			trust_ledger.definition_columns(trust_ledger.trigger_definition(t.trigger)))
			AS d (recorded, present)
		WHERE d.recorded IS NOT NULL AND d.present IS NOT NULL) AS c (recorded, present)
$$;
COMMENT ON FUNCTION trust_ledger.columns_since_recorded(regclass, jsonb) IS
	'The columns that the triggers of a mapping name: as the record says, and as they are called '
	'now. triggers: as in trust.tracking.';

CREATE FUNCTION trust_ledger.trigger_states(tab regclass) RETURNS jsonb
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
	WITH RECURSIVE copy AS (
		SELECT t.name, p.oid, p.tgrelid, p.tgenabled
		FROM trust_ledger.track_triggers() t
		JOIN pg_trigger p ON p.oid = t.trigger
		WHERE t.tab = trigger_states.tab AND t.generated
		UNION ALL
		SELECT c.name, p.oid, p.tgrelid, p.tgenabled
		FROM copy c
		JOIN pg_trigger p ON p.tgparentid = c.oid
	)
	SELECT coalesce(jsonb_agg(jsonb_build_object('name', s.name, 'tab', s.tgrelid,
		'enabled', s.tgenabled, 'comment', s.comment)), '[]')
	FROM (
		SELECT c.name, c.tgrelid::text, c.tgenabled::text,
			obj_description(c.oid, 'pg_trigger') AS comment
		FROM copy c) AS s
	WHERE s.tgenabled <> 'O' OR s.comment IS NOT NULL
$$;
COMMENT ON FUNCTION trust_ledger.trigger_states(regclass) IS
	'What was changed of the triggers that track_table() created, on the table and its partitions: '
	'an array of name, tab (OID), enabled (as pg_trigger.tgenabled) and comment.';

CREATE FUNCTION trust_ledger.restore_trigger_states(tab regclass, states jsonb) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp SET quote_all_identifiers = off
AS $$
DECLARE
	s record;
BEGIN
	FOR s IN
		SELECT p.tgrelid::regclass AS tab, r.name, r.enabled, r.comment
		FROM jsonb_to_recordset(states) AS r (name text, tab oid, enabled text, comment text)
		JOIN pg_trigger p
			ON p.tgrelid = r.tab
			AND p.tgname = r.name
			AND p.tgfoid = 'trust_ledger.track()'::regprocedure
		WHERE r.tab = restore_trigger_states.tab
			OR r.tab IN (
				SELECT t.relid::oid FROM pg_partition_tree(restore_trigger_states.tab) AS t)
	LOOP
		EXECUTE format('ALTER TABLE ONLY %s %s TRIGGER %I', s.tab,
			CASE s.enabled
				WHEN 'D' THEN 'DISABLE'
				WHEN 'R' THEN 'ENABLE REPLICA'
				WHEN 'A' THEN 'ENABLE ALWAYS'
				ELSE 'ENABLE'
			END, s.name);
		IF s.comment IS NOT NULL THEN
			EXECUTE format('COMMENT ON TRIGGER %I ON %s IS %L', s.name, s.tab, s.comment);
		END IF;
	END LOOP;
END
$$;
COMMENT ON FUNCTION trust_ledger.restore_trigger_states(regclass, jsonb) IS
	'Makes the triggers that track_table() creates what trigger_states() returned. Leaves out '
	'triggers and partitions that do not exist any more.';

CREATE FUNCTION trust_ledger.suspension_arguments(tab regclass, recorded jsonb) RETURNS text[]
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT ARRAY['suspended', 'source:' || (recorded ->> 'source')]
		|| array(
			SELECT a.argument
			FROM (
				SELECT t.arguments
				FROM trust_ledger.track_triggers() t
				WHERE t.tab = suspension_arguments.tab AND t.generated
				ORDER BY t.name
				LIMIT 1) AS t
			CROSS JOIN LATERAL unnest(t.arguments) WITH ORDINALITY AS a (argument, n)
			WHERE starts_with(a.argument, 'key=')
			ORDER BY a.n)
		|| array(
			SELECT a.argument
			FROM trust_ledger.columns_since_recorded(tab, recorded -> 'triggers') AS c
			CROSS JOIN LATERAL (VALUES
				(1, 'recorded:' || c.recorded), (2, 'column=' || c.present)) AS a (n, argument)
			ORDER BY c.recorded COLLATE "C", a.n)
		|| ('states:' || trust_ledger.trigger_states(tab)::text)
$$;
COMMENT ON FUNCTION trust_ledger.suspension_arguments(regclass, jsonb) IS
	'The arguments of the triggers of suspend_tracking(). The event trigger trust_ledger_follow '
	'renames the columns in them. recorded: from recorded_tracking().';

CREATE FUNCTION trust_ledger.suspend_tracking(tab regclass) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp SET quote_all_identifiers = off
	SET standard_conforming_strings = on
AS $$
DECLARE
	recorded  jsonb;
	arguments text;
BEGIN
	PERFORM trust_ledger.check_ledger();
	PERFORM trust_ledger.check_trackable(tab);
	PERFORM trust_ledger.recorded_tracking(tab);
	-- before the triggers are read, and the lock that ALTER TABLE needs anyway
	EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', tab);
	recorded := trust_ledger.recorded_tracking(tab);
	IF trust_ledger.is_suspended(tab) THEN
		RAISE EXCEPTION 'tracking of table % is already suspended', tab
			USING ERRCODE = '55000',
			HINT = 'Change the table, and call trust_ledger.resume_tracking().';
	ELSIF recorded IS NULL THEN
		RAISE EXCEPTION 'table % is not tracked by a mapping', tab
			USING ERRCODE = '42704',
			DETAIL = 'Only triggers that track_table() has created can be suspended.',
			HINT = 'Drop triggers that you created by hand, and create them again.';
	END IF;
	arguments := (
		SELECT string_agg(quote_literal(a.argument), ', ' ORDER BY a.n)
		FROM unnest(trust_ledger.suspension_arguments(tab, recorded))
			WITH ORDINALITY AS a (argument, n));
	PERFORM trust_ledger.watch_suspended();
	PERFORM trust_ledger.drop_track_triggers(tab);
	EXECUTE format('CREATE TRIGGER trust_ledger_suspended '
		'AFTER INSERT OR UPDATE OR DELETE ON %s FOR EACH ROW '
		'EXECUTE FUNCTION trust_ledger.refuse_while_suspended(%s)', tab, arguments);
	EXECUTE format('CREATE TRIGGER trust_ledger_suspended_truncate '
		'BEFORE TRUNCATE ON %s FOR EACH STATEMENT '
		'EXECUTE FUNCTION trust_ledger.refuse_while_suspended(%s)', tab, arguments);
	-- also under session_replication_role = replica
	EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER trust_ledger_suspended, '
		'ENABLE ALWAYS TRIGGER trust_ledger_suspended_truncate', tab);
END
$$;
COMMENT ON FUNCTION trust_ledger.suspend_tracking(regclass) IS
	'Suspends the tracking of a table until resume_tracking(), which the same transaction must '
	'call, so that the transaction can change columns that conditions of the mapping name. Locks '
	'the table in ACCESS EXCLUSIVE mode. In between, changes of rows, TRUNCATE, COMMIT and PREPARE '
	'TRANSACTION fail with 55000. Changes that were made before stay pending. Triggers by hand '
	'stay. Requires ownership of the table, and level application or admin. Errors: TL004, 42P01, '
	'42809 (table), 42501 (not its owner), 42704 (not tracked by a mapping), 55006 (the table is '
	'in use), 55000 (already suspended).';

CREATE FUNCTION trust_ledger.condition_renamed(condition text, names text[], new_names text[])
RETURNS text
AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION trust_ledger.condition_renamed(text, text[], text[]) IS
	'The condition with new names of columns. Errors: those of condition_columns(), 42601 (a '
	'comment between NEW or OLD and the name of a column).';

CREATE FUNCTION trust_ledger.mapping_renamed(part jsonb, names text[], new_names text[])
RETURNS jsonb
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT CASE jsonb_typeof(part)
		WHEN 'object' THEN (
			SELECT coalesce(jsonb_object_agg(o.key, CASE
				WHEN o.key ~ '(^|_)when$' AND jsonb_typeof(o.value) = 'string'
				THEN to_jsonb(
					trust_ledger.condition_renamed(o.value #>> '{}', names, new_names))
				ELSE trust_ledger.mapping_renamed(o.value, names, new_names)
			END), '{}')
			FROM jsonb_each(part) AS o)
		WHEN 'array' THEN (
			SELECT coalesce(jsonb_agg(
				trust_ledger.mapping_renamed(a.value, names, new_names) ORDER BY a.n), '[]')
			FROM jsonb_array_elements(part) WITH ORDINALITY AS a (value, n))
		ELSE coalesce((
			SELECT to_jsonb('=' || r.new_name)
			FROM unnest(names, new_names) AS r (name, new_name)
			WHERE part #>> '{}' = '=' || r.name), part)
	END
$$;
COMMENT ON FUNCTION trust_ledger.mapping_renamed(jsonb, text[], text[]) IS
	'A mapping, or a part of one, with new names of columns.';

CREATE FUNCTION trust_ledger.is_as_recorded(tab regclass, triggers jsonb) RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT coalesce(bool_and(coalesce(
		r.fingerprint = ANY (trust_ledger.trigger_fingerprints(t.trigger)), false)), false)
	FROM jsonb_to_recordset(triggers) AS r (name text, fingerprint text)
	FULL JOIN (
		SELECT k.name, k.trigger
		FROM trust_ledger.track_triggers() k
		WHERE k.tab = is_as_recorded.tab AND k.generated) AS t ON t.name = r.name
$$;
COMMENT ON FUNCTION trust_ledger.is_as_recorded(regclass, jsonb) IS
	'Whether the table has those triggers, and no other that track_table() created. triggers: as '
	'in trust.tracking.';

CREATE FUNCTION trust_ledger.resume_tracking(
	tab regclass, reason text DEFAULT NULL, actor text DEFAULT NULL,
	path text DEFAULT pg_catalog.current_setting('search_path'),
	former_key text[] DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp SET standard_conforming_strings = on
AS $$
DECLARE
	recorded   CONSTANT jsonb := trust_ledger.recorded_tracking(tab);
	suspension CONSTANT text[] := (
		SELECT t.arguments
		FROM trust_ledger.track_triggers() t
		WHERE t.tab = resume_tracking.tab AND trust_ledger.is_suspension(t.trigger)
		LIMIT 1);
	mapping    jsonb;
BEGIN
	PERFORM trust_ledger.check_ledger();
	PERFORM trust_ledger.check_trackable(tab);
	IF suspension IS NULL THEN
		RAISE EXCEPTION 'tracking of table % is not suspended', tab
			USING ERRCODE = '55000',
			HINT = 'First call trust_ledger.suspend_tracking(), in the same transaction.';
	ELSIF recorded IS NULL THEN
		RAISE EXCEPTION 'table % is not tracked by a mapping', tab
			USING ERRCODE = '42704',
			DETAIL = 'It was recorded that it is no longer tracked.',
			HINT = 'Call trust_ledger.track_table() or trust_ledger.untrack_table().';
	END IF;
	PERFORM trust_ledger.check_same_key(tab, recorded ->> 'source', former_key);
	mapping := (
		SELECT trust_ledger.mapping_renamed(recorded -> 'mapping',
			coalesce(array_agg(c.name), '{}'), coalesce(array_agg(c.new_name), '{}'))
		FROM (
			SELECT CASE
					WHEN starts_with(a.argument, 'recorded:')
					THEN substr(a.argument, length('recorded:') + 1)
				END,
				substr(lead(a.argument) OVER (ORDER BY a.n), length('column=') + 1)
			FROM unnest(suspension) WITH ORDINALITY AS a (argument, n)
			WHERE a.argument ~ '^(recorded:|column=)') AS c (name, new_name)
		WHERE c.name IS NOT NULL);
	PERFORM trust_ledger.check_mapping(mapping);
	PERFORM trust_ledger.create_track_triggers(
		tab, trust_ledger.statements_to_track(tab, mapping), path);
	PERFORM trust_ledger.restore_trigger_states(tab, (
		SELECT substr(a, length('states:') + 1)::jsonb
		FROM unnest(suspension) AS a
		WHERE starts_with(a, 'states:')));
	IF NOT trust_ledger.is_as_recorded(tab, recorded -> 'triggers') THEN
		PERFORM trust_ledger.set_tracking(tab, mapping, reason, actor);
	END IF;
	PERFORM trust_ledger.follow_former_key(tab, former_key, actor);
END
$$;
COMMENT ON FUNCTION trust_ledger.resume_tracking(regclass, text, text, text, text[]) IS
	'Ends what suspend_tracking() began: creates the triggers of the recorded mapping again, with '
	'the present names of its columns. Triggers that were disabled, on the table or a partition, '
	'are disabled again. Records nothing if the triggers are as recorded; otherwise, as where a '
	'condition now compares values of another type, records them as track_table() does, with '
	'reason and actor. path: search_path for names in conditions. former_key: as in track_table(). '
	'Requires ownership of the table, and level application or admin. Errors: those of '
	'track_table(), 55000 (not suspended), 42704 (not tracked by a mapping).';
