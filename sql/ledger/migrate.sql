-- Bringing an existing ledger to this version of the extension.

CREATE FUNCTION trust_ledger.migrate_as_owner() RETURNS boolean
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.migrate_as_owner() IS
	'Calls migrate_ledger() as the owner of the ledger in a security-restricted operation, and '
	'returns true. Returns false if it runs in one already. Called by migrate_ledger(). Errors: '
	'42501 (not the owner), 55000, TL006.';

CREATE FUNCTION trust_ledger.migrate_ledger() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	format integer;
BEGIN
	PERFORM trust_ledger.check_ledger_owner();
	-- before reading schema trust, because somebody else may have created it
	PERFORM trust_ledger.check_ledger();
	-- Migrate as the owner of the ledger, even if a superuser calls: the owner must own new
	-- objects, and code that the owner planted must not run with the rights of the caller. SET ROLE
	-- would let it return to the caller's role; a security-restricted operation does not.
	IF trust_ledger.migrate_as_owner() THEN
		RETURN;
	END IF;
	PERFORM trust_ledger.create_copy_table();
	SELECT table_format INTO format FROM trust.ledger;
	-- a copy has no settings until the subscription delivers them
	IF format IS NULL AND NOT EXISTS (SELECT FROM trust.copy) THEN
		RAISE EXCEPTION 'table "trust.ledger" does not contain the settings of the ledger'
			USING ERRCODE = '55000',
			HINT = CASE
				WHEN trust_ledger.ledger_is_empty()
				THEN 'All tables are empty. Run SELECT trust_ledger.create_ledger();'
				ELSE 'Restore its row from a dump of this ledger.'
			END;
	ELSIF format NOT IN (1, 2) THEN
		RAISE EXCEPTION 'this version of the extension does not support ledger format %', format
			USING ERRCODE = '0A000',
			HINT = 'Update the extension: ALTER EXTENSION trust_ledger UPDATE;';
	END IF;
	PERFORM trust_ledger.add_promise_columns();
	PERFORM trust_ledger.create_scores();
	IF format = 1 THEN
		PERFORM trust_ledger.migrate_tables();
	END IF;
	-- views before tables: a reader locks the view first, and then the table
	PERFORM trust_ledger.create_views();
	PERFORM trust_ledger.create_guards();
	-- after the guards, which lock the table in a stronger mode
	PERFORM trust_ledger.index_refusals();
	PERFORM trust_ledger.comment_on_tables();
	IF NOT EXISTS (SELECT FROM trust.copy) THEN
		IF format = 1 THEN
			PERFORM trust_ledger.record_settings();
		END IF;
		PERFORM trust_ledger.record_parked();
	END IF;
END
$$;
COMMENT ON FUNCTION trust_ledger.migrate_ledger() IS
	'Brings the ledger to this version of the extension: columns, guards, views, scores, an index '
	'of trust.entry, and comments. Run it as the database owner after an update, a data-only '
	'restore, partitioning, or DROP EXTENSION ... CASCADE. It may be run at any time and changes '
	'no entry. In a ledger of version 0.2.0 or earlier it records once the new table format and '
	'what waits in trust.parked. Errors: 42501 (not the owner), 55000 (no ledger, or no settings), '
	'0A000 (unknown format), TL006.';
