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
