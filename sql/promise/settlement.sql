CREATE FUNCTION trust_ledger.accept_promise(
	promise uuid, relayed boolean DEFAULT false, customer text DEFAULT NULL,
	actor text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.accept_promise(uuid, boolean, text, text, timestamptz, jsonb, text) IS
	'The customer relies on the promise: from now on it counts, even if no human ever stood behind it. By an actor that speaks for this customer; relayed: by a company actor who passes on that they do, which does not stand until it is confirmed where the promise was open and is past due, or is proposed and is their own. Levels application, import. Errors: TL001, TL003, TL004, 22023, P0002.';

CREATE FUNCTION trust_ledger.withdraw_promise(
	promise uuid, reason text DEFAULT NULL, customer text DEFAULT NULL,
	actor text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.withdraw_promise(uuid, text, text, text, timestamptz, jsonb, text) IS
	'The company takes its promise back: one that never was open, or before acceptance and in time, is withdrawn; after either it is broken. By an actor that speaks for the company. Levels application, import. Errors: TL001, TL003, TL004, P0002.';

CREATE FUNCTION trust_ledger.release_promise(
	promise uuid, reason text DEFAULT NULL, relayed boolean DEFAULT false, customer text DEFAULT NULL,
	actor text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.release_promise(uuid, text, boolean, text, text, timestamptz, jsonb, text) IS
	'The customer lets the company off. By an actor that speaks for this customer; relayed: by a company actor who passes on that they do, which does not stand until it is confirmed where the company could not withdraw the promise any more. Levels application, import. Errors: TL001, TL003, TL004, 22023, P0002.';
