-- The exceptions of view trust.exception for which large tables are read completely.

CREATE FUNCTION trust_ledger.promise_exceptions(
	OUT what text, OUT since timestamptz, OUT customer text, OUT promise uuid, OUT subject text,
	OUT promiser text, OUT kind text, OUT state text, OUT detail text)
RETURNS SETOF record
AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000000 ROWS 1000
SET search_path = pg_catalog, pg_temp SET jit = off;
COMMENT ON FUNCTION trust_ledger.promise_exceptions() IS
	'The rows of view trust.exception that follow from promises and their entries. Requires '
	'level application, analyst, auditor or admin. Errors: TL004.';
