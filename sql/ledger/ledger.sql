-- Checks before a function works on the ledger of the database.

CREATE FUNCTION trust_ledger.check_ledger() RETURNS void
AS 'MODULE_PATHNAME' LANGUAGE C STABLE;
COMMENT ON FUNCTION trust_ledger.check_ledger() IS
	'Raises an error unless the database has a ledger (55000) that the database owner owns '
	'(TL006), and its encoding is UTF8 (0A000).';

CREATE FUNCTION trust_ledger.check_ledger_owner() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF NOT pg_has_role('pg_database_owner', 'USAGE') THEN
		RAISE EXCEPTION 'must be owner of database "%"', current_database()
			USING ERRCODE = '42501',
			DETAIL = format('"%s" does not own it. The database owner owns the '
				'ledger.', CURRENT_USER),
			HINT = format('Call this as "%s".', (
				SELECT pg_get_userbyid(datdba)
				FROM pg_database
				WHERE datname = current_database()));
	END IF;
	IF getdatabaseencoding() <> 'UTF8' THEN
		RAISE EXCEPTION 'database encoding must be UTF8'
			USING ERRCODE = '0A000',
			DETAIL = format(
				'The encoding is %s. Hashes of texts must be the same in every database.',
				getdatabaseencoding()),
			HINT = 'CREATE DATABASE ... ENCODING ''UTF8'' TEMPLATE template0;';
	END IF;
END
$$;
COMMENT ON FUNCTION trust_ledger.check_ledger_owner() IS
	'Raises an error unless the current user owns the database (42501) and its encoding is UTF8 '
	'(0A000).';
