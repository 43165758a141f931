-- Making a promise, and amending its terms.

CREATE FUNCTION trust_ledger.make_promise(
	customer text, words text, promiser text DEFAULT NULL, kind text DEFAULT NULL,
	due timestamptz DEFAULT NULL, due_on date DEFAULT NULL, value numeric DEFAULT NULL,
	currency text DEFAULT NULL, purpose text DEFAULT NULL, drafted_by text DEFAULT NULL,
	longest_pause interval DEFAULT NULL,
	actor text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.make_promise(
	text, text, text, text, timestamptz, date, numeric, text, text, text, interval, text,
	timestamptz, jsonb, text) IS
	'Makes a promise to a customer, in exact words. promiser: by default the acting actor. due: a '
	'time; due_on: the end of that day in the ledger''s time zone; at most a hundred years from '
	'now. value: in currency. purpose: what the customer wants it for. drafted_by: who wrote the '
	'words, if not the promiser. longest_pause: total duration of pauses that the terms allow. The '
	'promise is open if no policy requires a backer, or if the human promiser acts with sufficient '
	'evidence and authority; otherwise proposed until a human backs it. Requires level application '
	'or import. Errors: 22003, 22008, 22023, 42704 (unknown actor), TL003, TL004.';

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
COMMENT ON FUNCTION trust_ledger.amend_promise(
	uuid, text, text, timestamptz, date, numeric, text, text, text, interval, text[], text, boolean,
	text, text, timestamptz, jsonb, text) IS
	'Changes the given terms, clears those named in clear (kind, due, value, currency, purpose, '
	'longest_pause), and keeps the others. The backing becomes void. If the customer accepted the '
	'promise, or it is past due, an actor that speaks for the customer must amend it. relayed: a '
	'company actor passes on that the customer accepts the new terms; the old ones stand until '
	'that is confirmed. Requires level application or import. Errors: TL001, TL003, TL004, 22008, '
	'22023, P0002.';
