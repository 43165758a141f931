-- Triggers' arguments are text that PostgreSQL keeps as it was written. CREATE SCHEMA can
-- create triggers too. A column goes by ALTER TYPE where its table is of that type; and by
-- ALTER VIEW and its like, which PostgreSQL accepts for any kind of table.
CREATE FUNCTION trust_ledger.follow_tables() RETURNS event_trigger
AS 'MODULE_PATHNAME' LANGUAGE C
SET search_path = pg_catalog, pg_temp SET quote_all_identifiers = off;
COMMENT ON FUNCTION trust_ledger.follow_tables() IS
	'Keeps the triggers of track() right: columns that they name are followed when they are renamed; one that says no source gets its table''s. Fired by the event trigger trust_ledger_follow. Errors: 42501 not the table''s owner, 42710 the source is another table''s, 22023 the table has several.';

CREATE EVENT TRIGGER trust_ledger_follow ON ddl_command_end
	WHEN TAG IN ('CREATE TRIGGER', 'CREATE SCHEMA', 'ALTER TABLE', 'ALTER FOREIGN TABLE', 'ALTER VIEW', 'ALTER MATERIALIZED VIEW', 'ALTER TYPE')
	EXECUTE FUNCTION trust_ledger.follow_tables();
-- ALWAYS: what is renamed under session_replication_role = replica has another name all the same
ALTER EVENT TRIGGER trust_ledger_follow ENABLE ALWAYS;
COMMENT ON EVENT TRIGGER trust_ledger_follow IS
	'Keeps the triggers of trust_ledger.track() right when columns are renamed, and gives new ones the identity of their table.';
