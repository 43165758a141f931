-- The history of a promise.

CREATE FUNCTION trust_ledger.history(
	promise uuid, customer text DEFAULT NULL,
	OUT seq bigint, OUT recorded_at timestamptz, OUT occurred_at timestamptz, OUT event text,
	OUT actor text, OUT description text, OUT state text, OUT evidence text,
	OUT backfilled boolean, OUT login text, OUT role text, OUT context jsonb, OUT hash bytea)
RETURNS SETOF record
AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 10 COST 1000;
COMMENT ON FUNCTION trust_ledger.history(uuid, text) IS
	'The entries of a promise, oldest first, each with a description in words. Requires level '
	'application or auditor. Errors: TL004, P0002 (no such promise).';
