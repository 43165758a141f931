CREATE FUNCTION trust_ledger.make_promise(
	customer text, words text, promiser text DEFAULT NULL, kind text DEFAULT NULL,
	due timestamptz DEFAULT NULL, due_on date DEFAULT NULL, value numeric DEFAULT NULL,
	currency text DEFAULT NULL, purpose text DEFAULT NULL, drafted_by text DEFAULT NULL,
	longest_pause interval DEFAULT NULL,
	actor text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.make_promise(text, text, text, text, timestamptz, date, numeric, text, text, text, interval, text, timestamptz, jsonb, text) IS
	'Makes a promise to a customer, in the words they were given. promiser: whoever acts, if left out. due: an instant; due_on: the end of that day in the ledger''s zone; at most a hundred years from now. Open where policy asks for nobody or the human promiser acts themselves with evidence and authority enough; else proposed until a human backs it. Levels application, import. Errors: 22003, 22008, 22023, 42704, TL003, TL004.';

CREATE FUNCTION trust_ledger.amend_promise(
	promise uuid, words text DEFAULT NULL, kind text DEFAULT NULL,
	due timestamptz DEFAULT NULL, due_on date DEFAULT NULL, value numeric DEFAULT NULL,
	currency text DEFAULT NULL, purpose text DEFAULT NULL, drafted_by text DEFAULT NULL,
	longest_pause interval DEFAULT NULL, clear text[] DEFAULT NULL, reason text DEFAULT NULL,
	relayed boolean DEFAULT false, customer text DEFAULT NULL,
	actor text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.amend_promise(uuid, text, text, timestamptz, date, numeric, text, text, text, interval, text[], text, boolean, text, text, timestamptz, jsonb, text) IS
	'Changes the terms given, clears those named in clear (kind, due, value, currency, purpose, longest_pause), keeps the others; voids the backing. What the customer accepted, or is past due, is amended by an actor that speaks for the customer; relayed: a company actor passes on that the customer accepts the new terms, and the old ones stand until it is confirmed. Levels application, import. Errors: TL001, TL003, TL004, 22008, 22023, P0002.';
