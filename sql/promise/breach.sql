-- Admitting and repairing a breach.

CREATE FUNCTION trust_ledger.admit_breach(
	promise uuid, reason text DEFAULT NULL, customer text DEFAULT NULL,
	actor text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.admit_breach(uuid, text, text, text, timestamptz, jsonb, text) IS
	'The company admits before due, by the ledger''s clock, that it will break the promise. The '
	'promise is broken from then on, with a lower weight than a breach that others find, even if '
	'they confirm it later. An actor that speaks for the company must act. Requires level '
	'application or import. Errors: TL001 (state, past due, no due time), TL003, TL004, P0002.';

CREATE FUNCTION trust_ledger.repair_breach(
	promise uuid, how text, customer text DEFAULT NULL,
	actor text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.repair_breach(uuid, text, text, text, timestamptz, jsonb, text) IS
	'Records that a breach was repaired, and how. The promise stays broken with a lower weight: at '
	'once over the company''s own verdict; over a customer''s or record''s after they confirm it '
	'with confirm_relayed(). Requires level application or import. Errors: TL001 (state, or '
	'already repaired), TL004, 22004, 22023, P0002.';
