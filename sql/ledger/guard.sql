-- Guards: triggers that refuse every write to the ledger's tables that does not come from the
-- ledger's functions. Calling a guard outside a trigger is an error, so anybody may have EXECUTE.

CREATE FUNCTION trust_ledger.guard_entry() RETURNS trigger
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.guard_entry() IS
	'Guard of trust.entry. Allows entries that the ledger appends, and erasing their texts. Error '
	'TL006.';

CREATE FUNCTION trust_ledger.guard_chain() RETURNS trigger
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.guard_chain() IS
	'Guard of trust.chain. Allows changes only together with an appended entry. Error TL006.';

CREATE FUNCTION trust_ledger.guard_promise() RETURNS trigger
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.guard_promise() IS
	'Guard of trust.promise. Allows changes only together with an appended entry. Error TL006.';

CREATE FUNCTION trust_ledger.guard_source() RETURNS trigger
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.guard_source() IS
	'Guard of trust.source. Allows changes only together with an appended entry. Error TL006.';

CREATE FUNCTION trust_ledger.guard_governed() RETURNS trigger
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.guard_governed() IS
	'Guard of trust.ledger, actor, policy, access and tracking. Allows changes only together with '
	'an appended entry of governance. Error TL006.';

CREATE FUNCTION trust_ledger.guard_copy() RETURNS trigger
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.guard_copy() IS
	'Guard of trust.copy. Allows create_ledger() to mark an empty ledger as a copy, and nothing '
	'else. Error TL006.';

CREATE FUNCTION trust_ledger.guard_parked() RETURNS trigger
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.guard_parked() IS
	'Guard of trust.parked_change. Allows the ledger to park, replay and drop a change, and to '
	'update its error. Error TL006.';

CREATE FUNCTION trust_ledger.guard_truncate() RETURNS trigger
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.guard_truncate() IS
	'Guard of every table in schema trust. Refuses TRUNCATE. Error TL006.';

CREATE FUNCTION trust_ledger.create_guards() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp SET client_min_messages = warning
AS $$
DECLARE
	guarded record;
	place   regclass;
BEGIN
	-- in the order in which writing functions lock them, so that no session deadlocks
	LOCK TABLE trust.ledger, trust.chain, trust.entry, trust.promise, trust.source, trust.actor,
		trust.policy, trust.access, trust.tracking, trust.parked_change, trust.copy;
	-- ledgers of earlier versions do not have this column
	ALTER TABLE trust.parked_change ADD COLUMN IF NOT EXISTS salt bytea;
	FOR guarded IN
		SELECT g.tab, g.guard
		FROM (VALUES
			('entry', 'guard_entry'),
			('chain', 'guard_chain'),
			('promise', 'guard_promise'),
			('source', 'guard_source'),
			('ledger', 'guard_governed'),
			('actor', 'guard_governed'),
			('policy', 'guard_governed'),
			('access', 'guard_governed'),
			('tracking', 'guard_governed'),
			('parked_change', 'guard_parked'),
			('copy', 'guard_copy')) AS g (tab, guard)
	LOOP
		EXECUTE format('DROP TRIGGER IF EXISTS trust_guard ON trust.%I', guarded.tab);
		EXECUTE format('CREATE TRIGGER trust_guard BEFORE INSERT OR UPDATE OR DELETE ON trust.%I '
			'FOR EACH ROW EXECUTE FUNCTION trust_ledger.%I()', guarded.tab, guarded.guard);
		-- ALWAYS, so that it fires under session_replication_role = replica, too
		EXECUTE format('ALTER TABLE trust.%I ENABLE ALWAYS TRIGGER trust_guard', guarded.tab);
		-- Partitions inherit row triggers of their table. TRUNCATE of a partition does not fire
		-- triggers of the table.
		FOR place IN
			SELECT format('trust.%I', guarded.tab)::regclass
			UNION
			SELECT relid FROM pg_partition_tree(format('trust.%I', guarded.tab)::regclass)
		LOOP
			EXECUTE format('DROP TRIGGER IF EXISTS trust_guard_truncate ON %s', place);
			EXECUTE format('CREATE TRIGGER trust_guard_truncate BEFORE TRUNCATE ON %s '
				'EXECUTE FUNCTION trust_ledger.guard_truncate()', place);
			EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER trust_guard_truncate', place);
		END LOOP;
	END LOOP;
END
$$;
COMMENT ON FUNCTION trust_ledger.create_guards() IS
	'Creates the guards on the ledger''s tables, or replaces them. Adds column salt to '
	'trust.parked_change if it is missing. Called by create_ledger() and migrate_ledger().';
