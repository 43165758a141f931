-- The ledger's tables are ordinary tables and no members of the extension: dumped
-- with their rows, and still there when the extension is gone. Keys are compared
-- byte by byte (COLLATE "C"): no change of locale reorders an index.

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

	-- The owner's default privileges may have given rights to others: nobody writes here by hand.
	FOR foreign_right IN
		SELECT DISTINCT a.grantee FROM pg_catalog.pg_class c, LATERAL pg_catalog.aclexplode(c.relacl) a
		WHERE c.relnamespace = 'trust'::pg_catalog.regnamespace AND a.grantee <> c.relowner
		UNION
		SELECT a.grantee FROM pg_catalog.pg_namespace n, LATERAL pg_catalog.aclexplode(n.nspacl) a
		WHERE n.nspname = 'trust' AND a.grantee <> n.nspowner
	LOOP
		grantee := CASE foreign_right.grantee WHEN 0 THEN 'PUBLIC' ELSE foreign_right.grantee::pg_catalog.regrole::pg_catalog.text END;
		EXECUTE 'REVOKE ALL ON ALL TABLES IN SCHEMA trust FROM ' || grantee;
		EXECUTE 'REVOKE ALL ON SCHEMA trust FROM ' || grantee;
	END LOOP;
	GRANT USAGE ON SCHEMA trust TO PUBLIC;
END
$$;
COMMENT ON FUNCTION trust_ledger.create_tables() IS
	'Makes schema trust and its tables for the current user. Called by create_ledger().';

CREATE FUNCTION trust_ledger.comment_on_tables() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	COMMENT ON SCHEMA trust IS 'The trust ledger''s data. Written by the functions of schema trust_ledger only.';
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
	caller CONSTANT name := CURRENT_USER;
	owner  CONSTANT name := (SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database());
	has    boolean := (SELECT EXISTS (SELECT FROM pg_class c WHERE c.relnamespace = n.oid AND c.relname = 'ledger')
					   FROM pg_namespace n WHERE n.nspname = 'trust');
	made   uuid;
	amiss  record;
BEGIN
	PERFORM trust_ledger.check_ledger_owner();
	IF has THEN
		PERFORM trust_ledger.check_ledger();
		-- as pg_dump --schema-only leaves it: what is there becomes a ledger
		IF NOT trust_ledger.ledger_is_empty() THEN
			RAISE EXCEPTION 'there is a ledger in this database already'
				USING ERRCODE = '42710', HINT = 'One ledger per database. After a restore or an update, run SELECT trust_ledger.migrate_ledger();';
		END IF;
		SELECT * INTO amiss FROM trust_ledger.ledger_relations() WHERE NOT pg_has_role(owned_by, owner, 'USAGE') ORDER BY relid LIMIT 1;
		IF FOUND THEN
			RAISE EXCEPTION '"%" is not this database''s ledger', amiss.relid
				USING ERRCODE = 'TL006', DETAIL = format('It belongs to "%s", who does not own the database.', pg_get_userbyid(amiss.owned_by)),
				HINT = 'Give it to the database''s owner, or drop what somebody planted.';
		END IF;
		PERFORM trust_ledger.take_ledger();
		SELECT string_agg(DISTINCT tab::text, ', ') AS tables INTO amiss FROM trust_ledger.track_triggers();
		IF amiss.tables IS NOT NULL THEN
			RAISE NOTICE 'tables have triggers that track them, and no mapping is on record: %', amiss.tables
				USING HINT = 'Put it on record with SELECT trust_ledger.track_table(...); until then trust.tracked calls them "by hand".';
		END IF;
	ELSIF NOT has THEN
		RAISE EXCEPTION 'there is a schema "trust" in this database already, and it holds no ledger'
			USING ERRCODE = '42P06', HINT = 'Rename it or drop it: the ledger does not move into a schema that was made by somebody else.';
	END IF;
	-- The ledger belongs to whoever owns the database, also where a superuser calls.
	PERFORM set_config('role', owner, true);
	IF has IS NOT TRUE THEN
		PERFORM trust_ledger.create_tables();
	END IF;
	PERFORM trust_ledger.create_copy_table();
	PERFORM trust_ledger.create_scores();
	PERFORM trust_ledger.create_guards();
	PERFORM trust_ledger.create_views();
	PERFORM trust_ledger.comment_on_tables();
	IF copy IS NULL THEN
		PERFORM trust_ledger.found_ledger();
	ELSE
		PERFORM trust_ledger.mark_copy(copy);
	END IF;
	made := (SELECT ledger FROM trust.ledger);
	PERFORM set_config('role', caller, true);
	RETURN made;
END
$$;
COMMENT ON FUNCTION trust_ledger.create_ledger(text) IS
	'Makes the ledger of this database: schema trust with its tables, guards and views, owned by the database''s owner, who gets the levels application, analyst, auditor and admin. Where the tables are there and empty, as after a restore of a dump of the schema alone, they become the ledger. copy => ''all'': the tables stay empty, and are for good a copy of another database''s ledger, whose rows a subscription brings; nothing else writes to it. Returns the ledger''s uuid; NULL of a copy. Errors: 22023 another copy, 42710 there is one, 55000 empty tables that are not a ledger''s, 42P06 schema trust is taken, 42501 not the owner, 0A000 the database is not UTF8, TL006 somebody planted one.';
