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

CREATE FUNCTION trust_ledger.comment_on_source_table() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	COMMENT ON TABLE trust.source IS 'One row per promise that a row of a tracked table stands for: what its entries say of that row.';
	COMMENT ON COLUMN trust.source.source IS 'The tracked table, by the name that its triggers give it: schema and table as they were called when it was tracked first.';
	COMMENT ON COLUMN trust.source.key IS 'The row''s primary key as text; of several columns, a JSON array of their texts.';
	COMMENT ON COLUMN trust.source.name IS 'Which of the row''s promises; empty where it carries one.';
	COMMENT ON COLUMN trust.source.gone IS 'The row was deleted, or stands for another promise now.';
	COMMENT ON COLUMN trust.source.seq IS 'The entry that last changed it.';
END
$$;
COMMENT ON FUNCTION trust_ledger.comment_on_source_table() IS
	'Comments on table trust.source. Called by comment_on_tables().';
