CREATE FUNCTION trust_ledger.accept_promise(
	promise uuid, customer text DEFAULT NULL,
	actor text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.accept_promise(uuid, text, text, timestamptz, jsonb, text) IS
	'The customer relies on the promise: from now on it counts, even if no human ever stood behind it. By an actor that speaks for this customer. Levels application, import. Errors: TL001, TL003, TL004, P0002.';

CREATE FUNCTION trust_ledger.withdraw_promise(
	promise uuid, reason text DEFAULT NULL, customer text DEFAULT NULL,
	actor text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.withdraw_promise(uuid, text, text, text, timestamptz, jsonb, text) IS
	'The company takes its promise back: one that never was open, or before acceptance and in time, is withdrawn; after either it is broken. By an actor that speaks for the company. Levels application, import. Errors: TL001, TL003, TL004, P0002.';

CREATE FUNCTION trust_ledger.release_promise(
	promise uuid, reason text DEFAULT NULL, customer text DEFAULT NULL,
	actor text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.release_promise(uuid, text, text, text, timestamptz, jsonb, text) IS
	'The customer lets the company off. By an actor that speaks for this customer. Levels application, import. Errors: TL001, TL003, TL004, P0002.';
