-- Guards are fired by triggers; called otherwise they refuse. Whoever owns a ledger
-- has to be allowed to put them on its tables.
CREATE FUNCTION trust_ledger.guard_entry() RETURNS trigger
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.guard_entry() IS
	'Guard of trust.entry: entries are appended by the ledger''s functions only and never change, but for texts that are erased. Error TL006.';

CREATE FUNCTION trust_ledger.guard_chain() RETURNS trigger
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.guard_chain() IS
	'Guard of trust.chain: the head moves only with entries just appended. Error TL006.';

CREATE FUNCTION trust_ledger.guard_promise() RETURNS trigger
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.guard_promise() IS
	'Guard of trust.promise: a promise changes only with the entry just appended. Error TL006.';

CREATE FUNCTION trust_ledger.guard_source() RETURNS trigger
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.guard_source() IS
	'Guard of trust.source: which row a promise stands for changes only with the entry just appended. Error TL006.';

CREATE FUNCTION trust_ledger.guard_governed() RETURNS trigger
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.guard_governed() IS
	'Guard of trust.ledger, actor, policy and access: they change only with a governance entry. Error TL006.';

CREATE FUNCTION trust_ledger.guard_copy() RETURNS trigger
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.guard_copy() IS
	'Guard of trust.copy: create_ledger() marks an empty ledger as a copy, and nothing changes that. Error TL006.';

CREATE FUNCTION trust_ledger.guard_parked() RETURNS trigger
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.guard_parked() IS
	'Guard of trust.parked_change: a change waits from when it is parked until it is replayed or dropped; only why it waits changes. Error TL006.';

CREATE FUNCTION trust_ledger.guard_truncate() RETURNS trigger
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.guard_truncate() IS
	'Guard of every table of schema trust: none is ever emptied. Error TL006.';

CREATE FUNCTION trust_ledger.create_guards() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp SET client_min_messages = warning
AS $$
DECLARE
	guarded record;
	place   regclass;
BEGIN
	-- in the order in which writers take them: they wait, and are not broken off by a deadlock
	LOCK TABLE trust.ledger, trust.chain, trust.entry, trust.promise, trust.source, trust.actor, trust.policy, trust.access, trust.tracking, trust.parked_change, trust.copy;
	-- ledgers of earlier versions do not have it
	ALTER TABLE trust.parked_change ADD COLUMN IF NOT EXISTS salt bytea;
	FOR guarded IN
		SELECT * FROM (VALUES
			('entry', 'guard_entry'), ('chain', 'guard_chain'), ('promise', 'guard_promise'), ('source', 'guard_source'),
			('ledger', 'guard_governed'), ('actor', 'guard_governed'),
			('policy', 'guard_governed'), ('access', 'guard_governed'), ('tracking', 'guard_governed'), ('parked_change', 'guard_parked'), ('copy', 'guard_copy')) AS g (tab, guard)
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
COMMENT ON FUNCTION trust_ledger.create_guards() IS
	'Puts the guards on the ledger''s tables, or puts them back; gives trust.parked_change the column salt where it has none. Called by create_ledger() and migrate_ledger().';
