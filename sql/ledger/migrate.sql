CREATE FUNCTION trust_ledger.migrate_as_owner() RETURNS boolean
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.migrate_as_owner() IS
	'Calls migrate_ledger() as the ledger''s owner, in an operation that cannot take another role: no temporary tables, no deferred triggers. False where that is so already. Called by migrate_ledger(). Errors: 42501 not the owner, 55000, TL006.';

CREATE FUNCTION trust_ledger.migrate_ledger() RETURNS void
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
	PERFORM trust_ledger.create_copy_table();
	SELECT table_format INTO format FROM trust.ledger;
	-- a copy gets its settings by the subscription
	IF format IS NULL AND NOT EXISTS (SELECT FROM trust.copy) THEN
		RAISE EXCEPTION 'table "trust.ledger" does not hold a ledger''s settings'
			USING ERRCODE = '55000', HINT = CASE WHEN trust_ledger.ledger_is_empty() THEN 'All its tables are empty: run SELECT trust_ledger.create_ledger();'
				ELSE 'Restore its row from a dump of this ledger.' END;
	ELSIF format <> 1 THEN
		RAISE EXCEPTION 'this version of the extension does not know ledgers of format %', format
			USING ERRCODE = '0A000', HINT = 'Update the extension: ALTER EXTENSION trust_ledger UPDATE;';
	END IF;
	-- There is one format. The next is made from it here: IF format = 1, tables are altered, and table_format is
	-- written past the guard of trust.ledger, as scores are past that of trust.chain; create_guards() puts it back.
	PERFORM trust_ledger.create_scores();
	-- views first: who reads through one has it, and waits for tables
	PERFORM trust_ledger.create_views();
	PERFORM trust_ledger.create_guards();
	PERFORM trust_ledger.comment_on_tables();
	IF NOT EXISTS (SELECT FROM trust.copy) THEN
		PERFORM trust_ledger.record_parked();
	END IF;
END
$$;
COMMENT ON FUNCTION trust_ledger.migrate_ledger() IS
	'Takes the ledger to this version of the extension and puts back guards, views and scores: after an update, a data-only restore, a change of partitions, or DROP EXTENSION ... CASCADE. What waits in trust.parked of a ledger of version 0.2.0 or earlier goes on record, once. May be run at any time, by the database''s owner. Changes no entry.';
