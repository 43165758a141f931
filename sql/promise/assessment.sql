-- Verdicts.

CREATE FUNCTION trust_ledger.assess_promise(
	promise uuid, verdict text, relayed boolean DEFAULT false, purpose_met boolean DEFAULT NULL,
	reason text DEFAULT NULL, customer text DEFAULT NULL,
	actor text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.assess_promise(
	uuid, text, boolean, boolean, text, text, text, timestamptz, jsonb, text) IS
	'Gives a verdict: kept, partly_kept or broken. purpose_met: whether the customer''s purpose '
	'was met. The acting actor determines whose verdict it is: customer > record > company. A '
	'lower one is recorded but does not stand; the receipt has the state that stands. relayed: a '
	'company actor passes on what the customer said. Requires level application or import. Errors: '
	'TL001, TL003 (a favourable verdict relayed on the actor''s own promise), TL004, 22023, P0002.';
