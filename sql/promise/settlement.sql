-- Acceptance, withdrawal and release.

CREATE FUNCTION trust_ledger.accept_promise(
	promise uuid, relayed boolean DEFAULT false,
	customer text DEFAULT NULL, actor text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.accept_promise(
	uuid, boolean, text, text, timestamptz, jsonb, text) IS
	'The customer accepts the promise. From then on it counts, even if no human ever backed it. An '
	'actor that speaks for this customer must act. relayed: a company actor passes on that the '
	'customer accepts; this does not stand until it is confirmed if the promise was open and is '
	'past due, or is proposed and the actor''s own. Requires level application or import. Errors: '
	'TL001, TL003, TL004, 22023, P0002.';

CREATE FUNCTION trust_ledger.withdraw_promise(
	promise uuid, reason text DEFAULT NULL, customer text DEFAULT NULL,
	actor text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.withdraw_promise(
	uuid, text, text, text, timestamptz, jsonb, text) IS
	'The company withdraws its promise. If the promise was open and either the customer accepted '
	'it or it is past due, it is broken; otherwise it is withdrawn. An actor that speaks for the '
	'company must act. Requires level application or import. Errors: TL001, TL003, TL004, P0002.';

CREATE FUNCTION trust_ledger.release_promise(
	promise uuid, reason text DEFAULT NULL, relayed boolean DEFAULT false,
	customer text DEFAULT NULL, actor text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.release_promise(
	uuid, text, boolean, text, text, timestamptz, jsonb, text) IS
	'The customer releases the company from the promise. An actor that speaks for this customer '
	'must act. relayed: a company actor passes on that the customer releases it; this does not '
	'stand until it is confirmed if the company could no longer withdraw the promise. Requires '
	'level application or import. Errors: TL001, TL003, TL004, 22023, P0002.';
