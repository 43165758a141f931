CREATE FUNCTION trust_ledger.check_ledger() RETURNS void
AS 'MODULE_PATHNAME' LANGUAGE C STABLE;
COMMENT ON FUNCTION trust_ledger.check_ledger() IS
	'An error unless there is a ledger (55000) that belongs to whoever owns the database (TL006), in UTF8 (0A000).';

CREATE FUNCTION trust_ledger.check_ledger_owner() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF NOT pg_catalog.pg_has_role('pg_database_owner', 'USAGE') THEN
		RAISE EXCEPTION 'must be owner of database "%"', pg_catalog.current_database()
			USING ERRCODE = '42501',
			DETAIL = pg_catalog.format('"%s" is not. The ledger belongs to whoever owns the database.', CURRENT_USER),
			HINT = pg_catalog.format('Call this as "%s".', (
				SELECT pg_catalog.pg_get_userbyid(datdba) FROM pg_catalog.pg_database
				WHERE datname OPERATOR(pg_catalog.=) pg_catalog.current_database()));
	END IF;
	IF pg_catalog.getdatabaseencoding() OPERATOR(pg_catalog.<>) 'UTF8' THEN
		RAISE EXCEPTION 'a trust ledger needs a database in UTF8'
			USING ERRCODE = '0A000',
			DETAIL = pg_catalog.format('This one is in %s: its texts would hash differently elsewhere.', pg_catalog.getdatabaseencoding()),
			HINT = 'CREATE DATABASE ... ENCODING ''UTF8'' TEMPLATE template0;';
	END IF;
END
$$;
COMMENT ON FUNCTION trust_ledger.check_ledger_owner() IS
	'An error unless the current user owns this database (42501) and it is in UTF8 (0A000).';
