-- The row of a tracked table for which a promise stands.

CREATE FUNCTION trust_ledger.create_source_table() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	CREATE TABLE trust.source (
		customer text COLLATE "C" NOT NULL,
		promise  uuid NOT NULL,
		source   text COLLATE "C" NOT NULL,
		key      text COLLATE "C" NOT NULL,
		name     text COLLATE "C" NOT NULL,
		gone     boolean NOT NULL,
		seq      bigint NOT NULL,
		PRIMARY KEY (customer, promise)
	) WITH (fillfactor = 90);
	CREATE INDEX source_row ON trust.source (source, key, name) WHERE NOT gone;
END
$$;
COMMENT ON FUNCTION trust_ledger.create_source_table() IS
	'Creates table trust.source. Called by create_tables().';

CREATE FUNCTION trust_ledger.source_column_comments() RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT ARRAY[
		['customer', 'The customer to whom the promise was made.'],
		['promise', 'The promise.'],
		['source', 'Name of the tracked table in the ledger: by default its schema and name when '
			'it was first tracked.'],
		['key', 'Primary key of the row as text. For several columns, a JSON array of their '
			'texts.'],
		['name', 'Which promise of the row it is. Empty if a row makes only one.'],
		['gone', 'Whether the row was deleted, or now stands for another promise.'],
		['seq', 'The entry that last changed this.']]
$$;
COMMENT ON FUNCTION trust_ledger.source_column_comments() IS
	'Comments on the columns of trust.source and trust.tracked_row, for comment_on_columns().';

CREATE FUNCTION trust_ledger.comment_on_source_table() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	COMMENT ON TABLE trust.source IS
		'One row per promise that a row of a tracked table made: which row that is, as its entries '
		'say.';
	PERFORM trust_ledger.comment_on_columns('trust.source',
		trust_ledger.source_column_comments());
END
$$;
COMMENT ON FUNCTION trust_ledger.comment_on_source_table() IS
	'Comments on table trust.source. Called by comment_on_tables().';
