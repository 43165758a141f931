-- Creating the ledger of a database. Its tables are ordinary tables, not members of the extension:
-- pg_dump dumps their rows, and they survive DROP EXTENSION. Keys have COLLATE "C", so a change of
-- locale does not reorder an index.

CREATE FUNCTION trust_ledger.create_tables() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	foreign_right record;
	grantee       text;
BEGIN
	CREATE SCHEMA trust;
	PERFORM trust_ledger.create_settings_table();
	PERFORM trust_ledger.create_actor_table();
	PERFORM trust_ledger.create_policy_table();
	PERFORM trust_ledger.create_access_table();
	PERFORM trust_ledger.create_tracking_table();
	PERFORM trust_ledger.create_chain_table();
	PERFORM trust_ledger.create_promise_table();
	PERFORM trust_ledger.create_source_table();
	PERFORM trust_ledger.create_entry_table();
	PERFORM trust_ledger.create_parked_table();

	-- default privileges of the owner may have granted rights to others
	FOR foreign_right IN
		SELECT DISTINCT a.grantee
		FROM pg_class c, LATERAL aclexplode(c.relacl) a
		WHERE c.relnamespace = 'trust'::regnamespace AND a.grantee <> c.relowner
		UNION
		SELECT a.grantee
		FROM pg_namespace n, LATERAL aclexplode(n.nspacl) a
		WHERE n.nspname = 'trust' AND a.grantee <> n.nspowner
	LOOP
		grantee := CASE foreign_right.grantee
			WHEN 0 THEN 'PUBLIC'
			ELSE foreign_right.grantee::regrole::text
		END;
		EXECUTE 'REVOKE ALL ON ALL TABLES IN SCHEMA trust FROM ' || grantee;
		EXECUTE 'REVOKE ALL ON SCHEMA trust FROM ' || grantee;
	END LOOP;
	GRANT USAGE ON SCHEMA trust TO PUBLIC;
END
$$;
COMMENT ON FUNCTION trust_ledger.create_tables() IS
	'Creates schema trust and its tables, owned by the current user. Called by create_ledger().';

-- create_ledger() and migrate_ledger() set the comments, so an upgraded ledger has those of this
-- version.
CREATE FUNCTION trust_ledger.comment_on_columns(relation regclass, comments text[]) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	comment text[];
BEGIN
	FOREACH comment SLICE 1 IN ARRAY comments LOOP
		IF EXISTS (
			SELECT FROM pg_attribute
			WHERE attrelid = relation AND attname = comment[1] AND NOT attisdropped)
		THEN
			EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', relation, comment[1], comment[2]);
		END IF;
	END LOOP;
END
$$;
COMMENT ON FUNCTION trust_ledger.comment_on_columns(regclass, text[]) IS
	'Comments on the columns of a table or view. comments: array of {column, comment}; columns '
	'that the relation does not have are ignored. Called by the other comment_on functions.';

CREATE FUNCTION trust_ledger.comment_on_tables() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	COMMENT ON SCHEMA trust IS
		'Data of the trust ledger. Only the functions of schema trust_ledger write it.';
	PERFORM trust_ledger.comment_on_settings_table();
	PERFORM trust_ledger.comment_on_actor_table();
	PERFORM trust_ledger.comment_on_policy_table();
	PERFORM trust_ledger.comment_on_access_table();
	PERFORM trust_ledger.comment_on_tracking_table();
	PERFORM trust_ledger.comment_on_chain_table();
	PERFORM trust_ledger.comment_on_promise_table();
	PERFORM trust_ledger.comment_on_source_table();
	PERFORM trust_ledger.comment_on_entry_table();
	PERFORM trust_ledger.comment_on_parked_table();
	PERFORM trust_ledger.comment_on_copy_table();
END
$$;
COMMENT ON FUNCTION trust_ledger.comment_on_tables() IS
	'Comments on schema trust and its tables. Called by create_ledger() and migrate_ledger().';

CREATE FUNCTION trust_ledger.create_ledger(copy text DEFAULT NULL) RETURNS uuid
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	caller  CONSTANT name := CURRENT_USER;
	owner   CONSTANT name := (
		SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database());
	-- whether schema trust has a ledger; NULL if there is no such schema
	has     CONSTANT boolean := (
		SELECT EXISTS (
			SELECT FROM pg_class c WHERE c.relnamespace = n.oid AND c.relname = 'ledger')
		FROM pg_namespace n
		WHERE n.nspname = 'trust');
	created uuid;
	planted record;
	tracked text;
BEGIN
	PERFORM trust_ledger.check_ledger_owner();
	IF has THEN
		PERFORM trust_ledger.check_ledger();
		-- empty tables of a ledger, as pg_dump --schema-only restores them, become the ledger
		IF NOT trust_ledger.ledger_is_empty() THEN
			RAISE EXCEPTION 'database "%" already has a ledger', current_database()
				USING ERRCODE = '42710',
				HINT = 'After a restore or an update, run SELECT trust_ledger.migrate_ledger();';
		END IF;
		SELECT * INTO planted
		FROM trust_ledger.ledger_relations()
		WHERE NOT pg_has_role(owned_by, owner, 'USAGE')
		ORDER BY relid
		LIMIT 1;
		IF FOUND THEN
			RAISE EXCEPTION 'cannot use "%" for the ledger of this database', planted.relid
				USING ERRCODE = 'TL006',
				DETAIL = format('"%s" owns it, but does not own the database.',
					pg_get_userbyid(planted.owned_by)),
				HINT = 'Change its owner to the database owner, or drop it.';
		END IF;
		PERFORM trust_ledger.add_promise_columns();
		PERFORM trust_ledger.take_ledger();
		tracked := (
			SELECT string_agg(DISTINCT tab::text, ', ') FROM trust_ledger.track_triggers());
		IF tracked IS NOT NULL THEN
			RAISE NOTICE 'mapping of tracked tables is not recorded: %', tracked
				USING HINT = 'Run SELECT trust_ledger.track_table(...) to record it. '
					'Until then, trust.tracked shows their triggers as "by hand".';
		END IF;
	ELSIF NOT has THEN
		RAISE EXCEPTION 'schema "trust" already exists and does not contain a ledger'
			USING ERRCODE = '42P06',
			HINT = 'Rename or drop the schema.';
	END IF;
	-- the database owner owns the ledger, even if a superuser creates it
	PERFORM set_config('role', owner, true);
	IF has IS NOT TRUE THEN
		PERFORM trust_ledger.create_tables();
	END IF;
	PERFORM trust_ledger.create_copy_table();
	PERFORM trust_ledger.create_scores();
	PERFORM trust_ledger.index_refusals();
	PERFORM trust_ledger.create_guards();
	PERFORM trust_ledger.create_views();
	PERFORM trust_ledger.comment_on_tables();
	IF copy IS NULL THEN
		PERFORM trust_ledger.found_ledger();
	ELSE
		PERFORM trust_ledger.mark_copy(copy);
	END IF;
	created := (SELECT ledger FROM trust.ledger);
	PERFORM set_config('role', caller, true);
	RETURN created;
END
$$;
COMMENT ON FUNCTION trust_ledger.create_ledger(text) IS
	'Creates the ledger of this database: schema trust with its tables, guards and views. The '
	'database owner owns it and gets the levels application, analyst, auditor and admin. Existing '
	'empty tables of a ledger, as after restoring a schema-only dump, become the ledger. copy => '
	'''all'': the ledger is permanently a copy of another database''s ledger; only a subscription '
	'writes it. Returns the uuid of the ledger, NULL for a copy. Errors: 22023 (copy), 42710 '
	'(there is a ledger), 55000 (the tables are not those of a ledger), 42P06 (schema trust '
	'exists), 42501 (not the owner), 0A000 (encoding is not UTF8), TL006 (a table belongs to '
	'somebody else).';
