-- Triggers of track() follow renamed columns. PostgreSQL stores trigger arguments as text and does
-- not change them itself.

CREATE FUNCTION trust_ledger.follow_tables() RETURNS event_trigger
AS 'MODULE_PATHNAME' LANGUAGE C
SET search_path = pg_catalog, pg_temp SET quote_all_identifiers = off;
COMMENT ON FUNCTION trust_ledger.follow_tables() IS
	'Event trigger function: updates the arguments of triggers that call track() when a column is '
	'renamed, refuses a type of a column that does not fit an argument, and adds the source of the '
	'table to a new trigger that names none. Fired by event trigger trust_ledger_follow. Errors: '
	'42501 (not the owner of the table), 42710 (the source belongs to another table), 22023 (the '
	'table has several sources), 42804 (type of a column).';

-- CREATE SCHEMA can create triggers. ALTER TYPE renames columns of typed tables. PostgreSQL accepts
-- ALTER VIEW and similar commands for any kind of table.
CREATE EVENT TRIGGER trust_ledger_follow ON ddl_command_end
	WHEN TAG IN ('CREATE TRIGGER', 'CREATE SCHEMA', 'ALTER TABLE', 'ALTER FOREIGN TABLE',
		'ALTER VIEW', 'ALTER MATERIALIZED VIEW', 'ALTER TYPE')
	EXECUTE FUNCTION trust_ledger.follow_tables();
-- ALWAYS, so that it also fires under session_replication_role = replica
ALTER EVENT TRIGGER trust_ledger_follow ENABLE ALWAYS;
COMMENT ON EVENT TRIGGER trust_ledger_follow IS
	'Updates triggers of trust_ledger.track() when columns are renamed, and adds the source to new '
	'ones.';
