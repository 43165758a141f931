-- Rows of a tracked table as its mapping reads them.

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
	version       xid,
	dues          timestamptz[]
);
COMMENT ON TYPE trust_ledger.mapped_row IS
	'An event that a row of a tracked table stands for in its present state, with the mapped '
	'values. name: which promise of the row. key: primary key of the row. step: order of the '
	'events of the same time. at: time of the event as far as the row states it; infinity means '
	'now. part, place, version: tableoid, ctid and xmin of the row when it was read. dues: '
	'if due is a day or a local time, what it is in each zone that the ledger has had.';

CREATE FUNCTION trust_ledger.read_tracked(
	tab regclass, source text, with_rows boolean DEFAULT true)
RETURNS SETOF trust_ledger.mapped_row
AS 'MODULE_PATHNAME' LANGUAGE C STRICT
SET search_path = pg_catalog, pg_temp SET quote_all_identifiers = off;
COMMENT ON FUNCTION trust_ledger.read_tracked(regclass, text, boolean) IS
	'Reads the rows of a table by the mapping recorded for the source: one row per event that a '
	'row stands for in its present state. with_rows: and one "noted" per row. Requires SELECT on '
	'the table, and level application, auditor or import. Errors: 42501 (the caller or the owner '
	'of the table cannot read all rows), TL004, 42703 and 42804 (the mapping does not fit the '
	'table any more).';
