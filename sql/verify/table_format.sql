-- Tables of earlier versions. Format 2 adds columns to trust.promise.

CREATE FUNCTION trust_ledger.add_promise_columns() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	view name;
BEGIN
	PERFORM trust_ledger.check_ledger_owner();
	-- without locking the table if there is nothing to do; check_tables() reports what is no table
	IF NOT EXISTS (
		SELECT FROM pg_class c
		WHERE c.oid = to_regclass('trust.promise')
			AND c.relkind IN ('r', 'p')
			AND NOT EXISTS (
				SELECT FROM pg_attribute a
				WHERE a.attrelid = c.oid AND a.attname = 'doubted_speaker' AND NOT a.attisdropped))
	THEN
		RETURN;
	END IF;
	-- A reader locks a view first, and then its tables. This locks each view alone.
	FOR view IN
		SELECT c.relname
		FROM trust_ledger.ledger_views() v
		JOIN pg_class c ON c.oid = to_regclass('trust.' || v.name) AND c.relkind = 'v'
	LOOP
		EXECUTE format('ALTER VIEW trust.%I SET (security_barrier)', view);
	END LOOP;
	-- in the order of create_guards()
	LOCK TABLE trust.ledger, trust.chain, trust.entry, trust.promise;
	ALTER TABLE trust.promise
		ADD COLUMN eased_at timestamptz,
		ADD COLUMN broken_at timestamptz,
		ADD COLUMN verdict_by text COLLATE "C",
		ADD COLUMN reversed_at timestamptz,
		ADD COLUMN doubted_speaker text COLLATE "C";
END
$$;
COMMENT ON FUNCTION trust_ledger.add_promise_columns() IS
	'Adds the columns of table format 2 to trust.promise if they are missing. Called by '
	'create_ledger() and migrate_ledger().';

CREATE FUNCTION trust_ledger.fill_promise_columns() RETURNS void
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.fill_promise_columns() IS
	'Computes the columns of table format 2 and the scores of all customers from the entries. '
	'Called by migrate_tables(). Errors: 42501 (not the owner).';

CREATE FUNCTION trust_ledger.migrate_tables() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp SET client_min_messages = warning
AS $$
BEGIN
	PERFORM trust_ledger.check_ledger_owner();
	-- the guards would refuse this; create_guards() puts them back
	DROP TRIGGER IF EXISTS trust_guard ON trust.ledger;
	DROP TRIGGER IF EXISTS trust_guard ON trust.chain;
	DROP TRIGGER IF EXISTS trust_guard ON trust.promise;
	UPDATE trust.ledger SET table_format = 2;
	PERFORM trust_ledger.fill_promise_columns();
	PERFORM trust_ledger.create_guards();
END
$$;
COMMENT ON FUNCTION trust_ledger.migrate_tables() IS
	'Brings tables of format 1, which must have the columns of format 2, to format 2. Called by '
	'migrate_ledger().';
