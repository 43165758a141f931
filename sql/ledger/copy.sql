-- A copy of a ledger receives its rows from another database by logical replication. These include
-- trust.ledger and governance, so a separate table marks the copy.

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
	-- default privileges of the owner may have granted rights to others
	FOR foreign_right IN
		SELECT DISTINCT a.grantee
		FROM pg_class c, LATERAL aclexplode(c.relacl) a
		WHERE c.oid = 'trust.copy'::regclass AND a.grantee <> c.relowner
	LOOP
		EXECUTE 'REVOKE ALL ON trust.copy FROM '
			|| CASE foreign_right.grantee
				WHEN 0 THEN 'PUBLIC'
				ELSE foreign_right.grantee::regrole::text
			END;
	END LOOP;
END
$$;
COMMENT ON FUNCTION trust_ledger.create_copy_table() IS
	'Creates table trust.copy unless it exists. Called by create_ledger() and migrate_ledger().';

CREATE FUNCTION trust_ledger.comment_on_copy_table() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	COMMENT ON TABLE trust.copy IS
		'One row if this ledger is a copy, whose rows arrive by logical replication; otherwise '
		'empty. create_ledger() writes it once.';
	PERFORM trust_ledger.comment_on_columns('trust.copy', ARRAY[
		['copied', 'What is copied: all.']]);
END
$$;
COMMENT ON FUNCTION trust_ledger.comment_on_copy_table() IS
	'Comments on table trust.copy. Called by comment_on_tables().';

CREATE FUNCTION trust_ledger.mark_copy(copied text) RETURNS void
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.mark_copy(text) IS
	'Marks an empty ledger as a copy, permanently. Called by create_ledger(). Errors: 22023 '
	'(unknown value), 42501 (not the owner), 42710 (the ledger is not empty), 55000, TL006.';
