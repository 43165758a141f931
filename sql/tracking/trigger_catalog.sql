-- The triggers that call track(): what the catalogs say about them, what was recorded when
-- track_table() created them, and view trust.tracked, which compares the two.

CREATE FUNCTION trust_ledger.trigger_arguments(tgargs bytea) RETURNS text[]
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION trust_ledger.trigger_arguments(bytea) IS
	'The arguments of a trigger, from pg_trigger.tgargs.';

CREATE FUNCTION trust_ledger.trigger_definition(trigger oid) RETURNS text
LANGUAGE sql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp SET quote_all_identifiers = off
AS $$
	SELECT pg_get_triggerdef(trigger)
$$;
COMMENT ON FUNCTION trust_ledger.trigger_definition(oid) IS
	'pg_get_triggerdef(), independent of the caller''s settings.';

CREATE FUNCTION trust_ledger.trigger_fingerprints(trigger oid) RETURNS text[]
LANGUAGE sql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT CASE
		WHEN NOT a.has_lost_column
		THEN array(
			SELECT encode(sha256(convert_to(jsonb_build_array(
				t.tgtype, t.tgattr::text, c.condition, a.arguments)::text, 'UTF8')), 'hex')
			FROM unnest(ARRAY[
				-- where a column stood in the statement, and the length that its type allows
				regexp_replace(q.condition, ':(location|vartypmod) -?\d+', ':\1 -1', 'g'),
				-- as 0.2.0 and earlier recorded it
				q.condition]) WITH ORDINALITY AS c (condition, n)
			ORDER BY c.n)
	END
	FROM pg_trigger t
	JOIN pg_class r ON r.oid = t.tgrelid
	-- the OID of the row type is another one after a restore
	CROSS JOIN LATERAL (
		SELECT replace(t.tgqual::text, format(':vartype %s ', r.reltype), ':vartype row ')) AS q
		(condition)
	CROSS JOIN LATERAL (
		SELECT array_agg(coalesce(a.name || '=' || c.attnum, a.argument) ORDER BY a.n),
			coalesce(bool_or(a.name IS NOT NULL AND c.attnum IS NULL), false)
		FROM (
			SELECT argument, n, substring(argument FROM '^([a-z_]+)=') AS name
			FROM unnest(trust_ledger.trigger_arguments(t.tgargs))
				WITH ORDINALITY AS u (argument, n)) AS a
		LEFT JOIN pg_attribute c
			ON c.attrelid = t.tgrelid
			AND c.attname = substr(a.argument, length(a.name) + 2)
			AND c.attnum > 0
			AND NOT c.attisdropped) AS a (arguments, has_lost_column)
	WHERE t.oid = trigger
$$;
COMMENT ON FUNCTION trust_ledger.trigger_fingerprints(oid) IS
	'The fingerprint of a trigger, as trigger_fingerprint() returns it and as earlier versions '
	'recorded it. NULL if an argument names a column that does not exist.';

CREATE FUNCTION trust_ledger.trigger_fingerprint(trigger oid) RETURNS text
LANGUAGE sql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT (trust_ledger.trigger_fingerprints(trigger))[1]
$$;
COMMENT ON FUNCTION trust_ledger.trigger_fingerprint(oid) IS
	'SHA-256 in hex of when a trigger of track() fires, its condition and its arguments, with '
	'columns by number: renaming a column does not change it, nor does another length or precision '
	'of its type. NULL if an argument names a column that does not exist.';

CREATE FUNCTION trust_ledger.track_triggers()
RETURNS TABLE (
	trigger oid, tab oid, tab_name text, name text, arguments text[], source text,
	generated boolean)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 20
SET search_path = pg_catalog, pg_temp SET quote_all_identifiers = off
AS $$
	SELECT t.oid, t.tgrelid, o.name, t.tgname::text, a.arguments,
		coalesce((
			SELECT substr(argument, 8)
			FROM unnest(a.arguments[2:]) AS argument
			WHERE starts_with(argument, 'source:')
			LIMIT 1), o.name),
		t.tgname ~ '^trust_ledger_\d{3}_' AND NOT trust_ledger.is_suspension(t.oid)
	FROM pg_trigger t
	JOIN pg_class c ON c.oid = t.tgrelid
	JOIN pg_namespace n ON n.oid = c.relnamespace
	CROSS JOIN LATERAL (SELECT format('%I.%I', n.nspname, c.relname)) AS o (name)
	CROSS JOIN LATERAL (SELECT trust_ledger.trigger_arguments(t.tgargs)) AS a (arguments)
	WHERE t.tgfoid IN (
			'trust_ledger.track()'::regprocedure,
			'trust_ledger.refuse_while_suspended()'::regprocedure)
		AND t.tgparentid = 0
		AND NOT t.tgisinternal
$$;
COMMENT ON FUNCTION trust_ledger.track_triggers() IS
	'The triggers that call track(), except the clones on partitions: table, arguments, source, '
	'and whether track_table() created them, by their names. Also those of suspend_tracking(), '
	'which stand for them; see is_suspension().';

CREATE FUNCTION trust_ledger.table_of_source(source text, tab text) RETURNS oid
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT coalesce(
		(SELECT t.tab
		 FROM trust_ledger.track_triggers() t
		 WHERE t.source = table_of_source.source
		 ORDER BY t.tab_name = table_of_source.tab DESC, t.generated DESC, t.tab
		 LIMIT 1),
		(SELECT c.oid
		 FROM pg_class c
		 JOIN pg_namespace n ON n.oid = c.relnamespace
		 WHERE ARRAY[n.nspname, c.relname]::text[] = parse_ident(table_of_source.tab)))
$$;
COMMENT ON FUNCTION trust_ledger.table_of_source(text, text) IS
	'The table whose triggers name the source; otherwise the table with the name tab. NULL if '
	'there is none.';

CREATE FUNCTION trust_ledger.key_has_changed(trigger oid) RETURNS boolean
LANGUAGE sql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT k.tracked <> '{}' AND k.tracked <> trust_ledger.key_columns(t.tgrelid)
	FROM pg_trigger t
	CROSS JOIN LATERAL (
		SELECT array(
			SELECT substr(a.argument, 5)
			FROM unnest(trust_ledger.trigger_arguments(t.tgargs))
				WITH ORDINALITY AS a (argument, n)
			WHERE starts_with(a.argument, 'key=')
			ORDER BY a.n)) AS k (tracked)
	WHERE t.oid = trigger
$$;
COMMENT ON FUNCTION trust_ledger.key_has_changed(oid) IS
	'Whether the table has another primary key than the one that arguments key= of the trigger '
	'name.';

CREATE FUNCTION trust_ledger.tracked_state(trigger oid, definition text, fingerprint text)
RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
	WITH RECURSIVE copy AS (
		SELECT t.oid, t.tgenabled, t.tgfoid
		FROM pg_trigger t
		WHERE t.oid = trigger
		UNION ALL
		SELECT t.oid, t.tgenabled, t.tgfoid
		FROM copy
		JOIN pg_trigger t ON t.tgparentid = copy.oid
	)
	SELECT CASE
		WHEN count(*) = 0 THEN 'missing'
		WHEN bool_or(tgenabled IN ('D', 'R') OR tgfoid <> 'trust_ledger.track()'::regprocedure)
		THEN 'disabled'
		WHEN definition IS NULL THEN 'by hand'
		WHEN trust_ledger.trigger_fingerprint(trigger) IS NULL
			OR trust_ledger.key_has_changed(trigger)
		THEN 'altered'
		WHEN trust_ledger.trigger_definition(trigger) = definition
			OR fingerprint = ANY (trust_ledger.trigger_fingerprints(trigger))
		THEN 'in force'
		ELSE 'altered'
	END
	FROM copy
$$;
COMMENT ON FUNCTION trust_ledger.tracked_state(oid, text, text) IS
	'State of a trigger compared with its recorded definition and fingerprint: in force, altered, '
	'disabled, missing; by hand if it was not recorded.';

-- A child table has rows of its own, and triggers of its own. A partition has those of its parent.
CREATE FUNCTION trust_ledger.untracked_children(tab oid) RETURNS SETOF text
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1
SET search_path = pg_catalog, pg_temp SET quote_all_identifiers = off
AS $$
	WITH RECURSIVE child AS (
		SELECT i.inhrelid
		FROM pg_inherits i
		WHERE i.inhparent = tab
		UNION
		SELECT i.inhrelid
		FROM child
		JOIN pg_inherits i ON i.inhparent = child.inhrelid
	)
	SELECT format('%I.%I', n.nspname, c.relname)
	FROM child
	JOIN pg_class c ON c.oid = child.inhrelid
	JOIN pg_namespace n ON n.oid = c.relnamespace
	WHERE NOT c.relispartition
		AND NOT EXISTS (
			SELECT FROM pg_trigger t
			WHERE t.tgrelid = c.oid
				AND t.tgfoid IN (
					'trust_ledger.track()'::regprocedure,
					'trust_ledger.refuse_while_suspended()'::regprocedure))
	ORDER BY 1
$$;
COMMENT ON FUNCTION trust_ledger.untracked_children(oid) IS
	'The tables that inherit from the table, directly or not, without being its partitions, and '
	'have no trigger that calls track() or suspends tracking. Changing them through the table '
	'fires none of its triggers.';

CREATE FUNCTION trust_ledger.tracked_bypass(trigger oid, is_copy boolean) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT string_agg(b.bypass, '; ' ORDER BY b.nr, b.bypass)
	FROM pg_trigger t
	CROSS JOIN LATERAL (
		SELECT 1, format('table %s inherits from it and is not tracked', c)
		FROM trust_ledger.untracked_children(t.tgrelid) AS c
		UNION
		SELECT 2, format('subscription %s writes to it', s.subname)
		FROM (
			SELECT t.tgrelid AS relid
			UNION
			SELECT p.relid FROM pg_partition_tree(t.tgrelid) AS p
			UNION
			SELECT a.relid FROM pg_partition_ancestors(t.tgrelid) AS a) AS place
			JOIN pg_subscription_rel r ON r.srrelid = place.relid
			JOIN pg_subscription s ON s.oid = r.srsubid
		WHERE NOT is_copy
		UNION
		SELECT 3, format('sessions%s begin with session_replication_role = replica',
			' of role ' || nullif(r.setrole, 0)::regrole)
		FROM pg_db_role_setting r
		CROSS JOIN LATERAL unnest(r.setconfig) AS setting
		WHERE (r.setdatabase = 0 OR r.setdatabase = (
				SELECT d.oid FROM pg_database d WHERE d.datname = current_database()))
			AND lower(setting) = 'session_replication_role=replica'
			AND t.tgenabled <> 'A'
		UNION
		SELECT 4, 'event trigger trust_ledger_follow, which follows renamed columns, is disabled'
		WHERE NOT EXISTS (
			SELECT FROM pg_event_trigger e
			WHERE e.evtname = 'trust_ledger_follow'
				AND e.evtenabled IN ('O', 'A')
				AND e.evtfoid = 'trust_ledger.follow_tables()'::regprocedure)
	) AS b (nr, bypass)
	WHERE t.oid = trigger
$$;
COMMENT ON FUNCTION trust_ledger.tracked_bypass(oid, boolean) IS
	'What the trigger does not see or follow although it fires, in words: tables that inherit from '
	'its table, subscriptions, roles whose sessions begin as replicas, renamed columns. NULL for '
	'nothing. is_copy: the ledger is a copy, and subscriptions bring its entries as well.';

CREATE FUNCTION trust_ledger.tracked_views(OUT name text, OUT definition text)
RETURNS SETOF record
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	name := 'tracked';
	definition := $view$
	WITH recorded AS (
		SELECT t.source, t.tab, t.seq, t.relid, r.name, r.arguments, r.definition, r.fingerprint
		FROM (
			-- OFFSET 0: once per table, and below once per trigger
			SELECT a.source, a.tab, a.seq, a.triggers,
				trust_ledger.table_of_source(a.source, a.tab) AS relid
			FROM trust.tracking a
			WHERE a.active AND (SELECT trust_ledger.require_reader())
			OFFSET 0) AS t,
			LATERAL jsonb_to_recordset(t.triggers)
				AS r (name text, arguments text[], definition text, fingerprint text)),
	present AS (
		SELECT r.relid, r.source, r.tab AS recorded_tab, n.nspname, c.relname, r.name, t.oid, r.seq,
			r.definition, r.fingerprint,
			coalesce(trust_ledger.trigger_arguments(t.tgargs), r.arguments) AS arguments
		FROM recorded r
		LEFT JOIN pg_class c ON c.oid = r.relid
		LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
		LEFT JOIN pg_trigger t
			ON t.tgrelid = r.relid AND t.tgname = r.name AND NOT t.tgisinternal
		UNION ALL
		SELECT t.tab, t.source, t.tab_name, NULL, NULL, t.name, t.trigger, NULL, NULL, NULL,
			t.arguments
		FROM trust_ledger.track_triggers() t
		WHERE (SELECT trust_ledger.require_reader())
			AND NOT trust_ledger.is_suspension(t.trigger)
			AND NOT EXISTS (
				SELECT FROM recorded r WHERE r.relid = t.tab AND r.name = t.name))
	SELECT p.source,
		CASE
			WHEN p.nspname IS NULL THEN p.recorded_tab
			ELSE format('%I.%I', p.nspname, p.relname)
		END AS tab,
		p.name AS trigger,
		p.arguments[1] AS event,
		(SELECT substr(a, 9)
		 FROM unnest(p.arguments[2:]) AS a
		 WHERE starts_with(a, 'promise:')
		 LIMIT 1) AS promise,
		p.arguments[2:] AS arguments,
		coalesce(trust_ledger.trigger_definition(p.oid), p.definition) AS definition,
		CASE
			WHEN p.seq IS NOT NULL AND trust_ledger.is_suspended(p.relid) THEN 'suspended'
			WHEN s.state = 'in force' AND b.bypass IS NOT NULL THEN 'bypassed'
			ELSE s.state
		END AS state,
		p.seq AS recorded_seq,
		b.bypass
	FROM present p
	CROSS JOIN LATERAL (
		SELECT trust_ledger.tracked_state(p.oid, p.definition, p.fingerprint) OFFSET 0)
			AS s (state)
	CROSS JOIN LATERAL (
		SELECT trust_ledger.tracked_bypass(p.oid, EXISTS (SELECT FROM trust.copy))) AS b (bypass)
	ORDER BY 1, 2, 3
	$view$;
	RETURN NEXT;
END
$$;
COMMENT ON FUNCTION trust_ledger.tracked_views() IS
	'Name and query of view trust.tracked. Called by ledger_views().';

CREATE FUNCTION trust_ledger.comment_on_tracked_views() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	COMMENT ON VIEW trust.tracked IS
		'The triggers that track tables: those that track_table() recorded, with their present '
		'state, and those created by hand.';
	PERFORM trust_ledger.comment_on_columns('trust.tracked', ARRAY[
		['source', 'Name of the table in the ledger. Renaming the table does not change it.'],
		['tab', 'The table as schema.table; if it does not exist any more, its recorded name.'],
		['trigger', 'Name of the trigger.'],
		['event', 'The event that it records.'],
		['promise', 'Which promise of a row it is about. NULL if a row makes only one.'],
		['arguments', 'Its arguments except the event: name=column or name:text.'],
		['definition', 'Current definition; if the trigger is missing, the recorded one.'],
		['state', 'in force: as recorded, except for names. bypassed: the same, but column bypass '
			'says what it does not see or follow. disabled: it does not fire, does not fire on '
			'every partition, or calls another function. missing: it was recorded but does not '
			'exist. altered: it is not as recorded. by hand: it exists but was not recorded. '
			'suspended: this transaction has called suspend_tracking() and not resume_tracking().'],
		['recorded_seq', 'The governance entry that recorded it. NULL if none did.'],
		['bypass', 'What the trigger does not see or follow although it fires: rows of tables '
			'that inherit from the table and are not tracked; rows that a subscription brings, '
			'except in a copy, which receives the entries as well; changes in sessions that begin '
			'with session_replication_role = replica; renamed columns, while the event trigger '
			'trust_ledger_follow is disabled. NULL for nothing.']]);
END
$$;
COMMENT ON FUNCTION trust_ledger.comment_on_tracked_views() IS
	'Comments on view trust.tracked. Called by create_views().';
