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

CREATE FUNCTION trust_ledger.trigger_fingerprint(trigger oid) RETURNS text
LANGUAGE sql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT CASE
		WHEN NOT a.has_lost_column
		THEN encode(sha256(convert_to(jsonb_build_array(
			t.tgtype, t.tgattr::text,
			-- the OID of the row type is another one after a restore
			replace(t.tgqual::text, format(':vartype %s ', r.reltype), ':vartype row '),
			a.arguments)::text, 'UTF8')), 'hex')
	END
	FROM pg_trigger t
	JOIN pg_class r ON r.oid = t.tgrelid
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
COMMENT ON FUNCTION trust_ledger.trigger_fingerprint(oid) IS
	'SHA-256 in hex of when a trigger of track() fires, its condition and its arguments, with '
	'columns by number: renaming a column does not change it. NULL if an argument names a column '
	'that does not exist.';

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
		t.tgname ~ '^trust_ledger_\d{3}_'
	FROM pg_trigger t
	JOIN pg_class c ON c.oid = t.tgrelid
	JOIN pg_namespace n ON n.oid = c.relnamespace
	CROSS JOIN LATERAL (SELECT format('%I.%I', n.nspname, c.relname)) AS o (name)
	CROSS JOIN LATERAL (SELECT trust_ledger.trigger_arguments(t.tgargs)) AS a (arguments)
	WHERE t.tgfoid = 'trust_ledger.track()'::regprocedure
		AND t.tgparentid = 0
		AND NOT t.tgisinternal
$$;
COMMENT ON FUNCTION trust_ledger.track_triggers() IS
	'The triggers that call track(), except the clones on partitions: table, arguments, source, '
	'and whether track_table() created them, by their names.';

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
			OR trust_ledger.trigger_fingerprint(trigger) = fingerprint
		THEN 'in force'
		ELSE 'altered'
	END
	FROM copy
$$;
COMMENT ON FUNCTION trust_ledger.tracked_state(oid, text, text) IS
	'State of a trigger compared with its recorded definition and fingerprint: in force, altered, '
	'disabled, missing; by hand if it was not recorded.';

CREATE FUNCTION trust_ledger.tracked_subscription(trigger oid) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT string_agg(DISTINCT s.subname::text, ', ' ORDER BY s.subname::text)
	FROM pg_trigger t,
		LATERAL (
			SELECT t.tgrelid AS relid
			UNION
			SELECT p.relid FROM pg_partition_tree(t.tgrelid) AS p
			UNION
			SELECT a.relid FROM pg_partition_ancestors(t.tgrelid) AS a) AS place
		JOIN pg_subscription_rel r ON r.srrelid = place.relid
		JOIN pg_subscription s ON s.oid = r.srsubid
	WHERE t.oid = trigger
$$;
COMMENT ON FUNCTION trust_ledger.tracked_subscription(oid) IS
	'The subscriptions that write to the table of the trigger, its partitions or its parents, '
	'separated by commas. NULL for none.';

CREATE FUNCTION trust_ledger.tracked_views(OUT name text, OUT definition text)
RETURNS SETOF record
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	name := 'tracked';
	definition := $view$
	WITH recorded AS (
		SELECT t.source, t.tab, t.seq,
			trust_ledger.table_of_source(t.source, t.tab) AS relid,
			r.name, r.arguments, r.definition, r.fingerprint
		FROM trust.tracking t,
			LATERAL jsonb_to_recordset(t.triggers)
				AS r (name text, arguments text[], definition text, fingerprint text)
		WHERE t.active AND (SELECT trust_ledger.require_reader())),
	present AS (
		SELECT r.source, r.tab AS recorded_tab, n.nspname, c.relname, r.name, t.oid, r.seq,
			r.definition, r.fingerprint,
			coalesce(trust_ledger.trigger_arguments(t.tgargs), r.arguments) AS arguments
		FROM recorded r
		LEFT JOIN pg_class c ON c.oid = r.relid
		LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
		LEFT JOIN pg_trigger t
			ON t.tgrelid = r.relid AND t.tgname = r.name AND NOT t.tgisinternal
		UNION ALL
		SELECT t.source, t.tab_name, NULL, NULL, t.name, t.trigger, NULL, NULL, NULL, t.arguments
		FROM trust_ledger.track_triggers() t
		WHERE (SELECT trust_ledger.require_reader())
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
		trust_ledger.tracked_state(p.oid, p.definition, p.fingerprint) AS state,
		p.seq AS recorded_seq,
		CASE
			WHEN NOT EXISTS (SELECT FROM trust.copy)
			THEN trust_ledger.tracked_subscription(p.oid)
		END AS subscription
	FROM present p
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
		['state', 'in force: as recorded, except for names. disabled: it does not fire, does not '
			'fire on every partition, or calls another function. missing: it was recorded but does '
			'not exist. altered: it is not as recorded. by hand: it exists but was not recorded.'],
		['recorded_seq', 'The governance entry that recorded it. NULL if none did.'],
		['subscription', 'The subscription that writes to the table. The ledger does not record '
			'rows that arrive by it. NULL for none, and in a copy, which receives the entries as '
			'well.']]);
END
$$;
COMMENT ON FUNCTION trust_ledger.comment_on_tracked_views() IS
	'Comments on view trust.tracked. Called by create_views().';
