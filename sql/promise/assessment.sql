CREATE FUNCTION trust_ledger.assess_promise(
	promise uuid, verdict text, relayed boolean DEFAULT false, purpose_met boolean DEFAULT NULL,
	reason text DEFAULT NULL, customer text DEFAULT NULL,
	actor text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.assess_promise(uuid, text, boolean, boolean, text, text, text, timestamptz, jsonb, text) IS
	'A verdict: kept, partly_kept or broken, and whether the purpose was met. Whose word it is follows from who acts: customer > record > company; a lower word is recorded and does not stand, the receipt''s state is what stands. relayed: a company actor passes on what the customer said. Levels application, import. Errors: TL001, TL003 praise relayed on one''s own promise, TL004, 22023, P0002.';
