CREATE FUNCTION trust_ledger.back_promise(
	promise uuid, customer text DEFAULT NULL,
	actor text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.back_promise(uuid, text, text, timestamptz, jsonb, text) IS
	'The acting human stands behind the promise''s terms as they are now; of an open promise they replace the backer. Levels application, import. Errors: TL001 state, TL002 evidence too weak or authority too small, TL003 no human, not the company''s, or retired, TL004, P0002.';

CREATE FUNCTION trust_ledger.decline_promise(
	promise uuid, reason text DEFAULT NULL, customer text DEFAULT NULL,
	actor text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.decline_promise(uuid, text, text, text, timestamptz, jsonb, text) IS
	'The acting human looked at the terms and does not stand behind them: the promise stays proposed, and out of the inbox, until it is amended. Levels application, import. Errors: TL001 state, or declined already; TL003 no human, or not the company''s; TL004, P0002.';

CREATE FUNCTION trust_ledger.withdraw_backing(
	promise uuid, reason text DEFAULT NULL, customer text DEFAULT NULL,
	actor text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.withdraw_backing(uuid, text, text, text, timestamptz, jsonb, text) IS
	'The acting backer no longer stands behind the promise. It is proposed again where policy asks for a human, unless the customer accepted it or it is past due: then it stays open without a backer. Levels application, import. Errors: TL001, TL003 not its backer, TL004, P0002.';
