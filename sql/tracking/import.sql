-- What a row says, as its mapping reads it: the columns in the order of MAPPED_LIST (src/tracking/mapped_fields.h).
CREATE TYPE trust_ledger.mapped_row AS (
	step          integer,
	name          text,
	event         text,
	key           text,
	customer      text,
	words         text,
	promiser      text,
	drafted_by    text,
	kind          text,
	due           timestamptz,
	due_on        date,
	value         numeric,
	currency      text,
	purpose       text,
	longest_pause interval,
	verdict       text,
	purpose_met   boolean,
	relayed       boolean,
	reason        text,
	occurred_at   timestamptz,
	context       jsonb,
	actor         text,
	backer        text,
	at            timestamptz,
	part          oid,
	place         tid,
	version       xid
);
COMMENT ON TYPE trust_ledger.mapped_row IS
	'An event that a row of a tracked table says as it stands: which of its promises (name), the row''s key, and what is mapped. step: in which order the events of one instant come; at: when it is taken to have happened among what the row says, infinity: now. part, place, version: where the row was when it was read, its tableoid, ctid and xmin.';

CREATE FUNCTION trust_ledger.read_tracked(tab regclass, source text, with_rows boolean DEFAULT true) RETURNS SETOF trust_ledger.mapped_row
AS 'MODULE_PATHNAME' LANGUAGE C STRICT
SET search_path = pg_catalog, pg_temp SET quote_all_identifiers = off;
COMMENT ON FUNCTION trust_ledger.read_tracked(regclass, text, boolean) IS
	'The table''s rows as the mapping recorded under that source reads them: a row per event that a row as it stands says; with_rows: and one "noted" for each row that is there. By who may SELECT from the table, with one of the levels application, auditor, import. Errors: 42501, TL004, 42703 and 42804 a mapping that cannot work any more.';

CREATE FUNCTION trust_ledger.import_rows(tab regclass, source text, changes trust_ledger.mapped_row[]) RETURNS integer
AS 'MODULE_PATHNAME' LANGUAGE C STRICT
SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION trust_ledger.import_rows(regclass, text, trust_ledger.mapped_row[]) IS
	'Writes what rows of a tracked table say, in the order of the array; part of import_table(). Rows that were changed or deleted since they were read, and those that somebody is changing, are left out with a warning. Level import, and SELECT on the table. Errors: 42704 not tracked, 42501, TL003 nobody acts, or a human, TL004.';

CREATE FUNCTION trust_ledger.source_of(tab regclass) RETURNS text
AS 'MODULE_PATHNAME' LANGUAGE C STRICT STABLE;
COMMENT ON FUNCTION trust_ledger.source_of(regclass) IS
	'What a tracked table is called as a source, in trust.source and trust.tracked: it stays when the table is renamed. Error 42704 it is not tracked.';

CREATE FUNCTION trust_ledger.read_batches(tab regclass, source text, changes_at_once integer)
RETURNS TABLE (changes trust_ledger.mapped_row[], total bigint)
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
AS $$
	-- a batch holds all of a customer's changes, or none: what was committed needs no second look
	SELECT array_agg(numbered.change ORDER BY numbered.nr) AS changes, min(numbered.total) AS total
	FROM (
		SELECT c.change, c.nr, c.total,
			min(c.nr) OVER (PARTITION BY c.customer COLLATE "C") / changes_at_once AS batch
		FROM (
			SELECT m AS change, m.customer, count(*) OVER () AS total,
				row_number() OVER (ORDER BY m.customer COLLATE "C", m.at, m.step, m.key COLLATE "C") AS nr
			FROM trust_ledger.read_tracked(tab, source, false) AS m
			WHERE m.event <> ALL ('{backed,declined,backing_withdrawn,noted}'::text[])
		) AS c
	) AS numbered
	GROUP BY numbered.batch
	ORDER BY numbered.batch
$$;
COMMENT ON FUNCTION trust_ledger.read_batches(regclass, text, integer) IS
	'What the rows of a tracked table say, as read_tracked() reads them, in the batches in which import_table() writes it; and how much that is in all. Errors: 42501, TL004, those of a mapping that cannot work.';

-- No SET here: a procedure that commits cannot have one. So every name and operator is qualified.
CREATE PROCEDURE trust_ledger.import_table(tab regclass, changes_at_once integer DEFAULT 20000, in_one_transaction boolean DEFAULT false)
LANGUAGE plpgsql
AS $$
DECLARE
	source CONSTANT pg_catalog.text := trust_ledger.source_of(tab);
	batch  record;
	done   bigint := 0;
BEGIN
	IF tab IS NULL THEN
		RAISE EXCEPTION 'tab is needed' USING ERRCODE = '22004';
	ELSIF changes_at_once OPERATOR(pg_catalog.<) 1 THEN
		RAISE EXCEPTION 'changes_at_once must be at least 1' USING ERRCODE = '22023';
	END IF;
	-- until the first commit, by when all is read and sorted
	PERFORM pg_catalog.set_config('work_mem', '256MB', true);
	FOR batch IN
		SELECT r.changes, r.total FROM trust_ledger.read_batches(tab, source, changes_at_once) AS r
	LOOP
		done := done OPERATOR(pg_catalog.+) trust_ledger.import_rows(tab, source, batch.changes);
		IF NOT in_one_transaction THEN
			COMMIT;
		END IF;
		RAISE NOTICE '% of % changes of % are in the ledger', done, batch.total, source;
	END LOOP;
END
$$;
COMMENT ON PROCEDURE trust_ledger.import_table(regclass, integer, boolean) IS
	'Takes the rows that a tracked table holds into the ledger, each as its mapping reads it, customer by customer in the order of time, and tells how far it is. Commits after every changes_at_once changes or so, unless in_one_transaction; run again it goes on, and doubles nothing. What happened longer ago than the ledger''s lag is marked backfilled. Backings are not imported: they are a human''s own act. What cannot be written, or is changed meanwhile, is left out with a warning. Level import. Errors: 42704 not tracked, 42501, TL003 nobody acts, or a human, TL004, 2D000 within a transaction.';
