-- A column that a trigger of track() needs is not dropped. PostgreSQL stores trigger arguments as
-- text and knows of no dependency.

CREATE FUNCTION trust_ledger.refuse_column_drop() RETURNS event_trigger
AS 'MODULE_PATHNAME' LANGUAGE C
SET search_path = pg_catalog, pg_temp SET quote_all_identifiers = off;
COMMENT ON FUNCTION trust_ledger.refuse_column_drop() IS
	'Event trigger function: raises error 2BP01 if a column was dropped, with or without CASCADE, '
	'that an argument of a trigger of track() names, but not the table. Fired by event trigger '
	'trust_ledger_column_drop.';

-- For all commands: DROP TYPE and DROP SCHEMA drop columns, too.
CREATE EVENT TRIGGER trust_ledger_column_drop ON sql_drop
	EXECUTE FUNCTION trust_ledger.refuse_column_drop();
-- ALWAYS, so that it also fires under session_replication_role = replica
ALTER EVENT TRIGGER trust_ledger_column_drop ENABLE ALWAYS;
COMMENT ON EVENT TRIGGER trust_ledger_column_drop IS
	'Refuses to drop columns that arguments of triggers of trust_ledger.track() name.';
