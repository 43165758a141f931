CREATE FUNCTION trust_ledger.verify(
	OUT part text, OUT customer text, OUT seq bigint, OUT promise uuid, OUT subject text,
	OUT field text, OUT problem text)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'verify_ledger' LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 10 COST 1000000
SET search_path = pg_catalog, pg_temp SET IntervalStyle = 'iso_8601' SET quote_all_identifiers = off;
COMMENT ON FUNCTION trust_ledger.verify() IS
	'Checks guards, functions, views, columns and indexes, every entry''s hash and texts, gaps and joins, every table against what the entries add up to, and whether rows stand in no index. Empty when nothing is wrong; else the part (guard, extension, view, table, entry, chain, promise, source, actor, policy, access, tracking, ledger, parked_change), where, which field and what is wrong. One NOTICE with counts, period and digest. Level auditor or admin.';

CREATE FUNCTION trust_ledger.verify(
	of_customer text,
	OUT part text, OUT customer text, OUT seq bigint, OUT promise uuid, OUT subject text,
	OUT field text, OUT problem text)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'verify_customer' LANGUAGE C STABLE STRICT PARALLEL RESTRICTED ROWS 10 COST 10000
SET search_path = pg_catalog, pg_temp SET IntervalStyle = 'iso_8601' SET quote_all_identifiers = off;
COMMENT ON FUNCTION trust_ledger.verify(text) IS
	'Checks the guards, and one customer''s chain, promises and their rows of trust.source. The reserved customer '''' is the governance chain, with functions, views, columns and indexes. Rows that stand in no index are found by verify() only. Level auditor or admin.';

CREATE FUNCTION trust_ledger.rebuild(
	of_customer text, reason text DEFAULT NULL,
	actor text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C
SET search_path = pg_catalog, pg_temp SET IntervalStyle = 'iso_8601';
COMMENT ON FUNCTION trust_ledger.rebuild(text, text, text, timestamptz, jsonb, text) IS
	'Makes a customer''s promises, their rows of trust.source and score anew from the entries; of '''', the tables of governance. Refused where the entries do not verify. An entry of governance says that it was done, and how many rows were not what the entries add up to. Level admin. Errors: TL004, TL006, P0002, 22004.';
