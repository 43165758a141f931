\echo Use "ALTER EXTENSION trust_ledger UPDATE TO '0.2.0'" to load this file. \quit

-- Guards on partitions, and tables locked in the order of writers.
CREATE OR REPLACE FUNCTION trust_ledger.create_guards() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp SET client_min_messages = warning
AS $$
DECLARE
	guarded record;
	place   regclass;
BEGIN
	-- in the order in which writers take them: they wait, and are not broken off by a deadlock
	LOCK TABLE trust.ledger, trust.chain, trust.entry, trust.promise, trust.source, trust.actor, trust.policy, trust.access, trust.tracking;
	FOR guarded IN
		SELECT * FROM (VALUES
			('entry', 'guard_entry'), ('chain', 'guard_chain'), ('promise', 'guard_promise'), ('source', 'guard_source'),
			('ledger', 'guard_governed'), ('actor', 'guard_governed'),
			('policy', 'guard_governed'), ('access', 'guard_governed'), ('tracking', 'guard_governed')) AS g (tab, guard)
	LOOP
		EXECUTE pg_catalog.format('DROP TRIGGER IF EXISTS trust_guard ON trust.%I', guarded.tab);
		EXECUTE pg_catalog.format('CREATE TRIGGER trust_guard BEFORE INSERT OR UPDATE OR DELETE ON trust.%I FOR EACH ROW EXECUTE FUNCTION trust_ledger.%I()', guarded.tab, guarded.guard);
		-- ALWAYS: session_replication_role = replica must not get past
		EXECUTE pg_catalog.format('ALTER TABLE trust.%I ENABLE ALWAYS TRIGGER trust_guard', guarded.tab);
		-- partitions have the guard of their table's rows, but a TRUNCATE of one fires nothing of the table's
		FOR place IN
			SELECT pg_catalog.format('trust.%I', guarded.tab)::regclass
			UNION
			SELECT relid FROM pg_catalog.pg_partition_tree(pg_catalog.format('trust.%I', guarded.tab)::regclass)
		LOOP
			EXECUTE pg_catalog.format('DROP TRIGGER IF EXISTS trust_guard_truncate ON %s', place);
			EXECUTE pg_catalog.format('CREATE TRIGGER trust_guard_truncate BEFORE TRUNCATE ON %s EXECUTE FUNCTION trust_ledger.guard_truncate()', place);
			EXECUTE pg_catalog.format('ALTER TABLE %s ENABLE ALWAYS TRIGGER trust_guard_truncate', place);
		END LOOP;
	END LOOP;
END
$$;

CREATE FUNCTION trust_ledger.migrate_as_owner() RETURNS boolean
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.migrate_as_owner() IS
	'Calls migrate_ledger() as the ledger''s owner, in an operation that cannot take another role: no temporary tables, no deferred triggers. False where that is so already. Called by migrate_ledger(). Errors: 42501 not the owner, 55000, TL006.';
REVOKE ALL ON FUNCTION trust_ledger.migrate_as_owner() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION trust_ledger.migrate_as_owner() TO PUBLIC;

-- Views before guards, as the ledger's owner throughout.
CREATE OR REPLACE FUNCTION trust_ledger.migrate_ledger() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	format integer;
BEGIN
	PERFORM trust_ledger.check_ledger_owner();
	-- before anything of schema trust is read: it could be planted
	PERFORM trust_ledger.check_ledger();
	-- again as whoever owns the tables, also where a superuser calls: what is made belongs to
	-- them, and what they planted cannot go back to be the caller, as from SET ROLE it could
	IF trust_ledger.migrate_as_owner() THEN
		RETURN;
	END IF;
	SELECT table_format INTO format FROM trust.ledger;
	IF format IS NULL THEN
		RAISE EXCEPTION 'table "trust.ledger" does not hold a ledger''s settings'
			USING ERRCODE = '55000', HINT = 'Restore its row: it is made once, by create_ledger().';
	ELSIF format <> 1 THEN
		RAISE EXCEPTION 'this version of the extension does not know ledgers of format %', format
			USING ERRCODE = '0A000', HINT = 'Update the extension: ALTER EXTENSION trust_ledger UPDATE;';
	END IF;
	-- There is one format. The next is made from it here: IF format = 1, tables are altered, and table_format is
	-- written past the guard of trust.ledger, as scores are past that of trust.chain; create_guards() puts it back.
	PERFORM trust_ledger.create_scores();
	-- views first: who reads through one has it, and waits for tables
	PERFORM trust_ledger.create_views();
	PERFORM trust_ledger.create_trust_views();
	PERFORM trust_ledger.create_exception_views();
	PERFORM trust_ledger.create_analysis_views();
	PERFORM trust_ledger.create_source_view();
	PERFORM trust_ledger.create_parked_view();
	PERFORM trust_ledger.create_tracked_view();
	PERFORM trust_ledger.create_guards();
END
$$;
