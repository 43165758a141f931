-- Rebuilding tables from the entries.

CREATE FUNCTION trust_ledger.rebuild(
	of_customer text, reason text DEFAULT NULL,
	actor text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C
SET search_path = pg_catalog, pg_temp SET IntervalStyle = 'iso_8601';
COMMENT ON FUNCTION trust_ledger.rebuild(text, text, text, timestamptz, jsonb, text) IS
	'Rebuilds the promises of a customer, their rows in trust.source and the score from the '
	'entries; for the customer '''', the tables of governance. Refuses if the entries do not '
	'verify. An entry of governance records it, with the number of rows that were wrong. Requires '
	'level admin. Errors: TL004, TL006 (entries do not verify), P0002 (no such customer), 22004.';
