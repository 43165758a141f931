-- Backing: a human stands behind the terms of a promise by their own act.

CREATE FUNCTION trust_ledger.back_promise(
	promise uuid, customer text DEFAULT NULL,
	actor text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.back_promise(uuid, text, text, timestamptz, jsonb, text) IS
	'The acting human backs the current terms of the promise. If it is open, they replace its '
	'backer. Requires level application or import. Errors: TL001 (state), TL002 (evidence or '
	'authority not sufficient), TL003 (not a human, not the company''s, or retired), TL004, P0002.';

CREATE FUNCTION trust_ledger.decline_promise(
	promise uuid, reason text DEFAULT NULL, customer text DEFAULT NULL,
	actor text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.decline_promise(
	uuid, text, text, text, timestamptz, jsonb, text) IS
	'The acting human declines to back the current terms. The promise stays proposed and leaves '
	'trust.awaiting_backing until it is amended. Requires level application or import. Errors: '
	'TL001 (state, or already declined), TL003 (not a human, or not the company''s), TL004, P0002.';

CREATE FUNCTION trust_ledger.withdraw_backing(
	promise uuid, reason text DEFAULT NULL, customer text DEFAULT NULL,
	actor text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.withdraw_backing(
	uuid, text, text, text, timestamptz, jsonb, text) IS
	'The acting backer withdraws their backing. If policy requires a backer, the promise becomes '
	'proposed again, unless the customer accepted it or it is past due. Otherwise it stays open '
	'without a backer. Requires level application or import. Errors: TL001, TL003 (not the '
	'backer), TL004, P0002.';
