CREATE FUNCTION trust_ledger.rebuild(
	of_customer text, reason text DEFAULT NULL,
	actor text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C
SET search_path = pg_catalog, pg_temp SET IntervalStyle = 'iso_8601';
COMMENT ON FUNCTION trust_ledger.rebuild(text, text, text, timestamptz, jsonb, text) IS
	'Makes a customer''s promises, their rows of trust.source and score anew from the entries; of '''', the tables of governance. Refused where the entries do not verify. An entry of governance says that it was done, and how many rows were not what the entries add up to. Level admin. Errors: TL004, TL006, P0002, 22004.';
