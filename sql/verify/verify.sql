-- Verification: what it reports is wrong with the ledger.

CREATE FUNCTION trust_ledger.verify(
	OUT part text, OUT customer text, OUT seq bigint, OUT promise uuid, OUT subject text,
	OUT field text, OUT problem text)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'verify_ledger' LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 10 COST 1000000
SET search_path = pg_catalog, pg_temp SET IntervalStyle = 'iso_8601'
SET quote_all_identifiers = off;
COMMENT ON FUNCTION trust_ledger.verify() IS
	'Verifies the ledger: guards, functions, views, columns and indexes; hash and texts of every '
	'entry; that chains have no gaps; every table against what the entries add up to; and rows '
	'missing from indexes. Returns no rows if nothing is wrong; otherwise part (guard, extension, '
	'view, table, entry, chain, promise, source, actor, policy, access, tracking, ledger, '
	'parked_change), place, field and problem. One NOTICE with counts, period and digest. Requires '
	'level auditor or admin. Errors: TL004, 55000, TL006.';

CREATE FUNCTION trust_ledger.verify(
	of_customer text,
	OUT part text, OUT customer text, OUT seq bigint, OUT promise uuid, OUT subject text,
	OUT field text, OUT problem text)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'verify_customer' LANGUAGE C STABLE STRICT PARALLEL RESTRICTED ROWS 10
COST 10000
SET search_path = pg_catalog, pg_temp SET IntervalStyle = 'iso_8601'
SET quote_all_identifiers = off;
COMMENT ON FUNCTION trust_ledger.verify(text) IS
	'Verifies the guards, and the chain, promises and tracked rows of one customer. The customer '
	''''' stands for the chain of governance, with functions, views, columns and indexes. Does not '
	'find rows that are missing from indexes; verify() does. Requires level auditor or admin. '
	'Errors: TL004, 55000, TL006.';
