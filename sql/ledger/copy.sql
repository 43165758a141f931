-- A copy gets its rows from another database, by logical replication. trust.ledger and governance
-- are copied with the rest, so a table of its own says that a ledger is a copy.

CREATE FUNCTION trust_ledger.create_copy_table() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	foreign_right record;
BEGIN
	IF to_regclass('trust.copy') IS NOT NULL THEN
		RETURN;
	END IF;
	CREATE TABLE trust.copy (
		copied text COLLATE "C" PRIMARY KEY
	);
	COMMENT ON TABLE trust.copy IS 'One row where this ledger is a copy of another, whose rows come by logical replication; else empty. Written by create_ledger() only, and never changed.';
	COMMENT ON COLUMN trust.copy.copied IS 'What of the other ledger is copied: all.';
	-- the owner's default privileges may have given rights to others
	FOR foreign_right IN
		SELECT DISTINCT a.grantee FROM pg_class c, LATERAL aclexplode(c.relacl) a
		WHERE c.oid = 'trust.copy'::regclass AND a.grantee <> c.relowner
	LOOP
		EXECUTE 'REVOKE ALL ON trust.copy FROM ' || CASE foreign_right.grantee WHEN 0 THEN 'PUBLIC' ELSE foreign_right.grantee::regrole::text END;
	END LOOP;
END
$$;
COMMENT ON FUNCTION trust_ledger.create_copy_table() IS
	'Makes table trust.copy for the current user, unless it is there. Called by create_ledger() and migrate_ledger().';

CREATE FUNCTION trust_ledger.mark_copy(copied text) RETURNS void
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.mark_copy(text) IS
	'Makes an empty ledger a copy, for good. Called by create_ledger(). Errors: 22023 a copy of what, 42501 not the owner, 42710 the ledger is not empty, 55000, TL006.';
