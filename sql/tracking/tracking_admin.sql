-- Tracking a table: track_table() creates its triggers and records them, untrack_table() drops
-- them.

CREATE FUNCTION trust_ledger.create_tracking_table() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	CREATE TABLE trust.tracking (
		source   text COLLATE "C" PRIMARY KEY,
		tab      text COLLATE "C" NOT NULL,
		mapping  jsonb NOT NULL,
		triggers jsonb NOT NULL,
		active   boolean NOT NULL,
		seq      bigint NOT NULL
	);
END
$$;
COMMENT ON FUNCTION trust_ledger.create_tracking_table() IS
	'Creates table trust.tracking. Called by create_tables().';

CREATE FUNCTION trust_ledger.comment_on_tracking_table() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	COMMENT ON TABLE trust.tracking IS
		'Tracked tables. Changed by track_table() and untrack_table(). View trust.tracked shows '
		'the present state of their triggers.';
	PERFORM trust_ledger.comment_on_columns('trust.tracking', ARRAY[
		['source', 'Name of the table in the ledger. Renaming the table does not change it.'],
		['tab', 'Name of the table when this was recorded, as schema.table.'],
		['mapping', 'The mapping given to track_table().'],
		['triggers', 'The triggers that it created: name, arguments, definition, and a fingerprint '
			'that renaming a column does not change.'],
		['active', 'False after untrack_table().'],
		['seq', 'The governance entry that last changed the row.']]);
END
$$;
COMMENT ON FUNCTION trust_ledger.comment_on_tracking_table() IS
	'Comments on table trust.tracking. Called by comment_on_tables().';

CREATE FUNCTION trust_ledger.set_tracking(
	tab regclass, mapping jsonb, reason text DEFAULT NULL,
	actor text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C
SET search_path = pg_catalog, pg_temp SET IntervalStyle = 'iso_8601';
COMMENT ON FUNCTION trust_ledger.set_tracking(
	regclass, jsonb, text, text, timestamptz, jsonb, text) IS
	'Records that a table is tracked, with the present definition of the triggers that '
	'track_table() created. Called by track_table(). Requires ownership of the table, and level '
	'application or admin. Errors: TL004, 42501 (not the owner), 55000 (no such triggers).';

CREATE FUNCTION trust_ledger.drop_tracking(
	source text, reason text DEFAULT NULL,
	actor text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C
SET search_path = pg_catalog, pg_temp SET IntervalStyle = 'iso_8601';
COMMENT ON FUNCTION trust_ledger.drop_tracking(text, text, text, timestamptz, jsonb, text) IS
	'Records that a source is no longer tracked. Called by untrack_table(); call it yourself if '
	'the table has been dropped. Requires ownership of the table, and level application or admin; '
	'level admin if the table has been dropped. Errors: TL004, 42501 (not the owner), 42704 (no '
	'such source).';

CREATE FUNCTION trust_ledger.check_trackable(tab regclass) RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	of    record;
	child text;
BEGIN
	SELECT c.relkind, c.relpersistence, c.relispartition,
		c.relnamespace::regnamespace::text AS schema,
		pg_get_userbyid(c.relowner) AS owner,
		pg_has_role(c.relowner, 'USAGE') AS is_owner
	INTO of
	FROM pg_class c
	WHERE c.oid = tab;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'table does not exist'
			USING ERRCODE = '42P01',
			DETAIL = format('There is no relation with OID %s.', coalesce(tab::oid::text, 'NULL')),
			HINT = 'Give the name of a table, e.g. ''crm.deal''.';
	ELSIF of.relkind = ANY ('{v,m}') THEN
		RAISE EXCEPTION 'cannot track view %', tab
			USING ERRCODE = '42809',
			DETAIL = 'Its rows change without a trigger.',
			HINT = 'Track the tables that it reads.';
	ELSIF of.relkind <> ALL ('{r,p}') THEN
		RAISE EXCEPTION 'cannot track %, which is not a table of this database', tab
			USING ERRCODE = '42809',
			DETAIL = 'Its rows can change without a trigger.',
			HINT = 'Track the table in the database that stores it.';
	ELSIF of.schema = 'trust' THEN
		RAISE EXCEPTION 'cannot track %, which is a table of the ledger', tab
			USING ERRCODE = '42809',
			DETAIL = 'The ledger does not track itself.',
			HINT = 'Track a table of the application.';
	ELSIF of.relpersistence = 't' THEN
		RAISE EXCEPTION 'cannot track temporary table %', tab
			USING ERRCODE = '42809',
			DETAIL = 'It is dropped at the end of the session.',
			HINT = 'Track a permanent table.';
	ELSIF of.relispartition THEN
		RAISE EXCEPTION 'cannot track partition %', tab
			USING ERRCODE = '42809',
			DETAIL = 'Rows can move to another partition.',
			HINT = format('Track its parent, %s.',
				(SELECT i.inhparent::regclass FROM pg_inherits i WHERE i.inhrelid = tab));
	ELSIF NOT of.is_owner THEN
		RAISE EXCEPTION 'must be owner of table %', tab
			USING ERRCODE = '42501',
			DETAIL = format('"%s" does not own it.', CURRENT_USER),
			HINT = format('Call this as "%s".', of.owner);
	END IF;
	SELECT min(c) INTO child FROM trust_ledger.untracked_children(tab) AS c;
	IF child IS NOT NULL THEN
		RAISE EXCEPTION 'cannot track %, from which table % inherits', tab, child
			USING ERRCODE = '55000',
			DETAIL = 'A change of rows of the child table fires no trigger of the parent.',
			HINT = 'Track the child table first, as a table of its own, or use partitions instead '
				'of inheritance.';
	END IF;
END
$$;
COMMENT ON FUNCTION trust_ledger.check_trackable(regclass) IS
	'Raises an error unless the current user can track the table: 42P01 (it does not exist), 42809 '
	'(a view, another kind of relation, a table of the ledger, temporary, or a partition), 42501 '
	'(not the owner), 55000 (a table that inherits from it is not tracked). check_track() looks '
	'for a primary key.';

CREATE FUNCTION trust_ledger.source_to_track(tab regclass, wanted text DEFAULT NULL) RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp SET quote_all_identifiers = off
AS $$
DECLARE
	has    CONSTANT text := (
		SELECT t.source
		FROM trust_ledger.track_triggers() t
		WHERE t.tab = source_to_track.tab
		ORDER BY t.generated DESC, t.name
		LIMIT 1);
	named  CONSTANT text := coalesce(wanted, has, (
		SELECT format('%I.%I', n.nspname, c.relname)
		FROM pg_class c
		JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE c.oid = source_to_track.tab));
	other  CONSTANT text := (
		SELECT t.tab_name
		FROM trust_ledger.track_triggers() t
		WHERE t.source = named AND t.tab <> source_to_track.tab
		LIMIT 1);
BEGIN
	IF named <> has THEN
		RAISE EXCEPTION 'table % is already tracked as source "%"', tab, has
			USING ERRCODE = '42710',
			DETAIL = format('The promises of its rows are recorded under that name, not under '
				'"%s".',
				named),
			HINT = 'Leave source out. To use another name, first run '
				'SELECT trust_ledger.untrack_table(...);';
	ELSIF other IS NOT NULL THEN
		RAISE EXCEPTION 'source "%" is already in use for table %', named, other
			USING ERRCODE = '42710',
			DETAIL = 'The ledger could not tell the rows of the two tables apart.',
			HINT = 'Give this table another source: "source": ":..."';
	END IF;
	RETURN named;
END
$$;
COMMENT ON FUNCTION trust_ledger.source_to_track(regclass, text) IS
	'The source under which the ledger will track the table: wanted, or the one that its triggers '
	'name, or schema.table. Error 42710: the table has another source, or another table has this '
	'one.';

CREATE FUNCTION trust_ledger.drop_track_triggers(tab regclass) RETURNS integer
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	dropped integer := 0;
	drop_it text;
BEGIN
	FOR drop_it IN
		SELECT format('DROP TRIGGER %I ON %s', t.name, t.tab_name)
		FROM trust_ledger.track_triggers() t
		WHERE t.tab = drop_track_triggers.tab
			AND (t.generated OR trust_ledger.is_suspension(t.trigger))
	LOOP
		EXECUTE drop_it;
		dropped := dropped + 1;
	END LOOP;
	RETURN dropped;
END
$$;
COMMENT ON FUNCTION trust_ledger.drop_track_triggers(regclass) IS
	'Drops the triggers that track_table() or suspend_tracking() created, with the privileges of '
	'the caller, and returns their number. Called by track_table() and untrack_table(), which '
	'record it, and by suspend_tracking() and resume_tracking().';

CREATE FUNCTION trust_ledger.create_track_triggers(tab regclass, statements text[], path text)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp SET standard_conforming_strings = on
AS $$
DECLARE
	create_it text;
	again     text[];
BEGIN
	PERFORM trust_ledger.drop_track_triggers(tab);
	-- the path of the caller, whose conditions may use functions and operators in it
	PERFORM set_config('search_path', path, true);
	FOREACH create_it IN ARRAY statements LOOP
		EXECUTE create_it;
	END LOOP;
	-- qualified, since the caller's path is in force
	PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
	PERFORM trust_ledger.check_conditions(tab);
	-- Create them once more as a restore does, which can read a condition into another expression
	-- of the same meaning.
	again := array(
		SELECT trust_ledger.trigger_definition(t.trigger)
		FROM trust_ledger.track_triggers() t
		WHERE t.tab = create_track_triggers.tab AND t.generated);
	PERFORM trust_ledger.drop_track_triggers(tab);
	FOREACH create_it IN ARRAY again LOOP
		EXECUTE create_it;
	END LOOP;
END
$$;
COMMENT ON FUNCTION trust_ledger.create_track_triggers(regclass, text[], text) IS
	'Replaces the triggers of a table by those that the statements create, with the privileges of '
	'the caller. path: search_path for names in conditions. Called by track_table() and '
	'resume_tracking(). Error 0A000: check_conditions().';

CREATE FUNCTION trust_ledger.track_table(
	tab regclass, mapping jsonb, dry_run boolean DEFAULT false, reason text DEFAULT NULL,
	actor text DEFAULT NULL, path text DEFAULT pg_catalog.current_setting('search_path'),
	former_key text[] DEFAULT NULL)
RETURNS TABLE (statement text)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp SET standard_conforming_strings = on
AS $$
DECLARE
	statements text[];
BEGIN
	PERFORM trust_ledger.check_ledger();
	PERFORM trust_ledger.check_trackable(tab);
	PERFORM trust_ledger.check_mapping(mapping);
	-- so that nobody changes the triggers before they are replaced
	EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', tab);
	PERFORM trust_ledger.check_same_key(tab,
		trust_ledger.source_to_track(tab, substr(mapping ->> 'source', 2)), former_key);
	statements := trust_ledger.statements_to_track(tab, mapping);
	BEGIN
		PERFORM trust_ledger.create_track_triggers(tab, statements, path);
		PERFORM trust_ledger.set_tracking(tab, mapping, reason, actor);
		PERFORM trust_ledger.follow_former_key(tab, former_key, actor);
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
COMMENT ON FUNCTION trust_ledger.track_table(
	regclass, jsonb, boolean, text, text, text, text[]) IS
	'Tracks a table: creates triggers for the whole life of a promise from one mapping, replaces '
	'those of an earlier call, and returns the statements. dry_run: only checks and returns them. '
	'mapping: an object with arguments of track() as "=column" or ":text"; <event>_when, the '
	'condition for an event, on the row ("status = ''sent''") or on a change ("NEW.owner <> '
	'OLD.owner"); <event>, an object with arguments of that event alone; events, an array of '
	'{"event", "when", arguments}; promises, an object of mappings, for several promises of one '
	'row; source; on_delete. path: search_path for names in conditions. former_key: if the table '
	'has another primary key than when it was tracked, columns that still have the former key of '
	'each row, in its order; their promises follow to the present key. Requires ownership of the '
	'table, and level application or admin. Errors: TL004, 22023 (mapping), 42601 (condition), '
	'42703 (column), 42P01, 42809, 55000 (table), 42501 (not its owner), 42710 (source), 54000 '
	'(more than 999 triggers), 0A000 (condition with an operator that a dump does not name), those '
	'of carry_over().';

CREATE FUNCTION trust_ledger.untrack_table(
	tab regclass, reason text DEFAULT NULL, actor text DEFAULT NULL)
RETURNS integer
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp SET quote_all_identifiers = off
AS $$
BEGIN
	PERFORM trust_ledger.check_ledger();
	PERFORM trust_ledger.drop_tracking(s.source, untrack_table.reason, untrack_table.actor)
	FROM (
		SELECT DISTINCT r.source
		FROM trust.tracked r, pg_class c
		JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE c.oid = untrack_table.tab
			AND r.tab = format('%I.%I', n.nspname, c.relname)
			AND r.recorded_seq IS NOT NULL) AS s;
	RETURN trust_ledger.drop_track_triggers(tab);
END
$$;
COMMENT ON FUNCTION trust_ledger.untrack_table(regclass, text, text) IS
	'Stops tracking a table: drops the triggers that track_table() created, records that, and '
	'returns their number. Promises stay as they are. Requires ownership of the table, and level '
	'application or admin. Errors: TL004, 42501 (not the owner).';
