-- Comments on the ledger's tables and views. create_ledger() and migrate_ledger() set them, so an
-- upgraded ledger has the comments of this version.

CREATE FUNCTION trust_ledger.comment_on_columns(relation regclass, comments text[]) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	comment text[];
BEGIN
	FOREACH comment SLICE 1 IN ARRAY comments LOOP
		IF EXISTS (
			SELECT FROM pg_attribute
			WHERE attrelid = relation AND attname = comment[1] AND NOT attisdropped)
		THEN
			EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', relation, comment[1], comment[2]);
		END IF;
	END LOOP;
END
$$;
COMMENT ON FUNCTION trust_ledger.comment_on_columns(regclass, text[]) IS
	'Comments on the columns of a table or view. comments: array of {column, comment}; columns '
	'that the relation does not have are ignored. Called by the other comment_on functions.';

CREATE FUNCTION trust_ledger.comment_on_tables() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	COMMENT ON SCHEMA trust IS
		'Data of the trust ledger. Only the functions of schema trust_ledger write it.';
	PERFORM trust_ledger.comment_on_settings_table();
	PERFORM trust_ledger.comment_on_actor_table();
	PERFORM trust_ledger.comment_on_policy_table();
	PERFORM trust_ledger.comment_on_access_table();
	PERFORM trust_ledger.comment_on_tracking_table();
	PERFORM trust_ledger.comment_on_chain_table();
	PERFORM trust_ledger.comment_on_promise_table();
	PERFORM trust_ledger.comment_on_source_table();
	PERFORM trust_ledger.comment_on_entry_table();
	PERFORM trust_ledger.comment_on_parked_table();
	PERFORM trust_ledger.comment_on_copy_table();
END
$$;
COMMENT ON FUNCTION trust_ledger.comment_on_tables() IS
	'Comments on schema trust and its tables. Called by create_ledger() and migrate_ledger().';
