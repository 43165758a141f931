-- Importing the rows that a table had before it was tracked.

CREATE FUNCTION trust_ledger.import_rows(
	tab regclass, source text, changes trust_ledger.mapped_row[])
RETURNS integer
AS 'MODULE_PATHNAME' LANGUAGE C STRICT
SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION trust_ledger.import_rows(regclass, text, trust_ledger.mapped_row[]) IS
	'Writes events of rows, in the order of the array, and returns their number. Skips, with a '
	'warning, rows that were changed or deleted since they were read, or are being changed. Called '
	'by import_table(). Requires SELECT on the table, and level import. Errors: 42704 (not '
	'tracked), 42501, TL003 (no actor, or a human), TL004.';

CREATE FUNCTION trust_ledger.source_of(tab regclass) RETURNS text
AS 'MODULE_PATHNAME' LANGUAGE C STRICT STABLE;
COMMENT ON FUNCTION trust_ledger.source_of(regclass) IS
	'The source of a tracked table, as in trust.source and trust.tracked. Renaming the table does '
	'not change it. Errors: 42704 (not tracked).';

CREATE FUNCTION trust_ledger.read_batches(tab regclass, source text, changes_at_once integer)
RETURNS TABLE (changes trust_ledger.mapped_row[], total bigint)
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
AS $$
	-- All changes of a customer are in one batch, so that a batch that was committed is complete.
	SELECT array_agg(numbered.change ORDER BY numbered.nr) AS changes,
		min(numbered.total) AS total
	FROM (
		SELECT c.change, c.nr, c.total,
			min(c.nr) OVER (PARTITION BY c.customer COLLATE "C") / changes_at_once AS batch
		FROM (
			SELECT m AS change, m.customer,
				count(*) OVER () AS total,
				row_number() OVER (
					ORDER BY m.customer COLLATE "C", m.at, m.step, m.key COLLATE "C") AS nr
			FROM trust_ledger.read_tracked(tab, source, false) AS m
			WHERE m.event <> ALL ('{backed,declined,backing_withdrawn,noted}'::text[])
		) AS c
	) AS numbered
	GROUP BY numbered.batch
	ORDER BY numbered.batch
$$;
COMMENT ON FUNCTION trust_ledger.read_batches(regclass, text, integer) IS
	'The events of a tracked table, as read_tracked() reads them, in the batches in which '
	'import_table() writes them, with the total number of events. Errors: those of read_tracked().';

-- A procedure that commits cannot have SET clauses, so names and operators are qualified.
CREATE PROCEDURE trust_ledger.import_table(
	tab regclass, changes_at_once integer DEFAULT 20000,
	in_one_transaction boolean DEFAULT false)
LANGUAGE plpgsql
AS $$
DECLARE
	source CONSTANT pg_catalog.text := trust_ledger.source_of(tab);
	batch  record;
	done   bigint := 0;
BEGIN
	IF tab IS NULL THEN
		RAISE EXCEPTION 'tab must not be null' USING ERRCODE = '22004';
	ELSIF changes_at_once OPERATOR(pg_catalog.<) 1 THEN
		RAISE EXCEPTION 'changes_at_once must be at least 1' USING ERRCODE = '22023';
	END IF;
	-- until the first commit; everything has been read and sorted by then
	PERFORM pg_catalog.set_config('work_mem', '256MB', true);
	FOR batch IN
		SELECT r.changes, r.total
		FROM trust_ledger.read_batches(tab, source, changes_at_once) AS r
	LOOP
		done := done OPERATOR(pg_catalog.+)
			trust_ledger.import_rows(tab, source, batch.changes);
		IF NOT in_one_transaction THEN
			COMMIT;
		END IF;
		RAISE NOTICE 'imported % of % changes of %', done, batch.total, source;
	END LOOP;
END
$$;
COMMENT ON PROCEDURE trust_ledger.import_table(regclass, integer, boolean) IS
	'Imports the rows of a tracked table into the ledger, as its mapping reads them, customer by '
	'customer in the order of time, with a NOTICE about its progress. Commits after about '
	'changes_at_once changes, unless in_one_transaction. If it is run again, it continues and '
	'imports nothing twice. Events longer ago than the ledger''s lag are marked backfilled. It '
	'does not import backings, which are a human''s own act. Rows that cannot be written or are '
	'being changed are skipped with a warning. Requires level import. Errors: 42704 (not tracked), '
	'42501 (the caller or the owner of the table cannot read all rows), TL003 (no actor, or a '
	'human), TL004, 2D000 (called in a transaction block).';
