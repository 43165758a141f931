-- Importing the rows that a table had before it was tracked.

CREATE FUNCTION trust_ledger.import_rows(
	tab regclass, source text, changes trust_ledger.mapped_row[])
RETURNS TABLE (sqlstate text, reason text, event text, key text, message text)
AS 'MODULE_PATHNAME' LANGUAGE C STRICT
SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION trust_ledger.import_rows(regclass, text, trust_ledger.mapped_row[]) IS
	'Writes events of rows, in the order of the array, and returns those that it could not write: '
	'the ledger refused them, or their rows were changed or deleted since they were read, or are '
	'being changed. reason: the message without its values. Called by import_table(). Requires '
	'SELECT on the table, and level import. Errors: 42704 (not tracked), 42501, TL003 (no actor, '
	'or a human), TL004.';

CREATE TYPE trust_ledger.import_refusal AS (
	sqlstate text,
	reason   text,
	changes  bigint,
	event    text,
	key      text,
	message  text
);
COMMENT ON TYPE trust_ledger.import_refusal IS
	'A reason for which import_table() could not write changes: SQLSTATE and message without its '
	'values, the number of such changes, and the first of them as an example: event, primary key '
	'of its row, and message.';

CREATE FUNCTION trust_ledger.import_batch(
	tab regclass, source text, changes trust_ledger.mapped_row[],
	earlier trust_ledger.import_refusal[])
RETURNS trust_ledger.import_refusal[]
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT coalesce(array_agg(ROW (g.sqlstate, g.reason, g.changes, g.event, g.key, g.message)
			::trust_ledger.import_refusal ORDER BY g.nr), '{}')
	FROM (
		SELECT r.sqlstate, r.reason, r.event, r.key, r.message, r.nr,
			sum(r.changes) OVER (PARTITION BY r.sqlstate, r.reason)::bigint AS changes,
			row_number() OVER (PARTITION BY r.sqlstate, r.reason ORDER BY r.nr) AS place
		FROM (
			SELECT e.sqlstate, e.reason, e.changes, e.event, e.key, e.message, e.nr
			FROM unnest(earlier) WITH ORDINALITY
				AS e (sqlstate, reason, changes, event, key, message, nr)
			UNION ALL
			SELECT i.sqlstate, i.reason, 1 AS changes, i.event, i.key, i.message,
				cardinality(earlier) + i.nr AS nr
			FROM trust_ledger.import_rows(tab, source, changes) WITH ORDINALITY
				AS i (sqlstate, reason, event, key, message, nr)
		) AS r
	) AS g
	WHERE g.place = 1
$$;
COMMENT ON FUNCTION trust_ledger.import_batch(
	regclass, text, trust_ledger.mapped_row[], trust_ledger.import_refusal[]) IS
	'Writes a batch of events by import_rows(), and returns the reasons for which changes of it '
	'and of earlier batches could not be written, in the order in which they were met. Called by '
	'import_table(). Errors: those of import_rows().';

CREATE FUNCTION trust_ledger.analyze_imported() RETURNS void
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.analyze_imported() IS
	'Runs ANALYZE on the tables of the ledger that an import fills, as their owner. Skips tables '
	'that are locked. An error of ANALYZE becomes a warning. Called by import_table(). Requires '
	'level import. Errors: TL004.';

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

CREATE FUNCTION trust_ledger.report_refusals(
	source text, total bigint, refusals trust_ledger.import_refusal[])
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	refused CONSTANT bigint := (SELECT coalesce(sum(r.changes), 0) FROM unnest(refusals) AS r);
	most    trust_ledger.import_refusal;
	r       trust_ledger.import_refusal;
BEGIN
	FOREACH r IN ARRAY refusals LOOP
		RAISE WARNING USING ERRCODE = r.sqlstate,
			MESSAGE = format('changes of %s that could not be imported: %s', source, r.changes),
			DETAIL = format('For example, event "%s" of row %s: %s', r.event, r.key, r.message),
			HINT = 'Correct the rows or the mapping, and import the table again.';
		IF most IS NULL OR r.changes > most.changes THEN
			most := r;
		END IF;
	END LOOP;
	IF total > 0 AND refused = total THEN
		RAISE EXCEPTION USING ERRCODE = most.sqlstate,
			MESSAGE = format('could not import any change of %s', source),
			DETAIL = format('For example, event "%s" of row %s: %s', most.event, most.key,
				most.message),
			HINT = 'Correct the rows or the mapping, and import the table again.';
	END IF;
	RAISE NOTICE '% of % changes of % are in the ledger, % refused',
		total - refused, total, source, refused;
END
$$;
COMMENT ON FUNCTION trust_ledger.report_refusals(
	text, bigint, trust_ledger.import_refusal[]) IS
	'Reports the end of an import: a warning for each reason for which changes could not be '
	'written, and a notice of how many changes are in the ledger. Called by import_table(). '
	'Errors: the SQLSTATE of the most frequent reason, if no change is in the ledger.';

-- A procedure that commits cannot have SET clauses, so names and operators are qualified.
CREATE PROCEDURE trust_ledger.import_table(
	tab regclass, changes_at_once integer DEFAULT 20000,
	in_one_transaction boolean DEFAULT false)
LANGUAGE plpgsql
AS $$
DECLARE
	source   CONSTANT pg_catalog.text := trust_ledger.source_of(tab);
	refusals trust_ledger.import_refusal[] := '{}';
	batch    record;
	done     bigint := 0;
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
		refusals := trust_ledger.import_batch(tab, source, batch.changes, refusals);
		done := done OPERATOR(pg_catalog.+) pg_catalog.cardinality(batch.changes);
		IF NOT in_one_transaction THEN
			COMMIT;
		END IF;
		-- after the first batch, for the plans of the others, and after the last
		IF done OPERATOR(pg_catalog.=) pg_catalog.cardinality(batch.changes)
			OR done OPERATOR(pg_catalog.=) batch.total
		THEN
			PERFORM trust_ledger.analyze_imported();
			IF NOT in_one_transaction THEN
				COMMIT;
			END IF;
		END IF;
		IF done OPERATOR(pg_catalog.<) batch.total THEN
			RAISE NOTICE 'tried % of % changes of %', done, batch.total, source;
		END IF;
	END LOOP;
	PERFORM trust_ledger.report_refusals(source, done, refusals);
END
$$;
COMMENT ON PROCEDURE trust_ledger.import_table(regclass, integer, boolean) IS
	'Imports the rows of a tracked table into the ledger, as its mapping reads them, customer by '
	'customer in the order of time, with a NOTICE about its progress. Commits after about '
	'changes_at_once changes, unless in_one_transaction. If it is run again, it continues and '
	'imports nothing twice. Events longer ago than the ledger''s lag are marked backfilled. It '
	'does not import backings, which are a human''s own act. Changes that cannot be written, and '
	'rows that are being changed, are skipped; a warning for each reason says how many, with an '
	'example. Runs ANALYZE on the tables of the ledger that it fills. Requires level import. '
	'Errors: 42704 (not tracked), 42501 (the caller or the owner of the table cannot read all '
	'rows), TL003 (no actor, or a human), TL004, 2D000 (called in a transaction block); the '
	'SQLSTATE of the most frequent reason, if every change is skipped.';
