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
	COMMENT ON TABLE trust.tracking IS 'The tables whose rows are tracked. Changed by track_table() and untrack_table(); trust.tracked says what has become of their triggers.';
	COMMENT ON COLUMN trust.tracking.source IS 'What the table is called in the ledger, whatever it is renamed to.';
	COMMENT ON COLUMN trust.tracking.tab IS 'What it was called when that was recorded.';
	COMMENT ON COLUMN trust.tracking.mapping IS 'What track_table() was given.';
	COMMENT ON COLUMN trust.tracking.triggers IS 'The triggers that it made: name, arguments, definition, and a fingerprint that stays when a column is renamed.';
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
	'Tracks a table: makes the triggers for a promise''s whole life from one mapping, in place of those that it made before, and returns the statements. dry_run: only that, and whether it would work. The mapping: arguments of track() as "=column" or ":text"; <event>_when, a condition on the row ("status = ''sent''") that an event happens when it comes to hold, or on a change ("NEW.owner <> OLD.owner"); <event>, arguments of that event alone; events, an array of {"event", "when", arguments}, for several of one event; promises, an object of mappings, for several promises of one row; source, on_delete. Names in conditions are looked up in path. For the table''s owner, with level application or admin. Errors: TL004, 22023 the mapping, 42601 a condition, 42703 a column, 42P01, 42809, 55000 the table, 42501 not its owner, 42710 the source.';

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
