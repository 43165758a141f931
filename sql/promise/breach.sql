CREATE FUNCTION trust_ledger.admit_breach(
	promise uuid, reason text DEFAULT NULL, customer text DEFAULT NULL,
	actor text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.admit_breach(uuid, text, text, text, timestamptz, jsonb, text) IS
	'The company says before due, by the ledger''s clock, that it will break the promise: broken from now on, for less than a breach that others find, whoever says later that it is broken. By an actor that speaks for the company. Levels application, import. Errors: TL001 state, past due, no due; TL003, TL004, P0002.';

CREATE FUNCTION trust_ledger.repair_breach(
	promise uuid, how text, customer text DEFAULT NULL,
	actor text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.repair_breach(uuid, text, text, text, timestamptz, jsonb, text) IS
	'What was broken was made good, and how. The promise stays broken and weighs less: at once over the company''s own verdict; over a customer''s or a record''s once they confirm it with confirm_relayed(). Levels application, import. Errors: TL001 state, or repaired already; TL004, 22004, 22023, P0002.';
