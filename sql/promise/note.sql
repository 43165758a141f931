-- Notes.

CREATE FUNCTION trust_ledger.add_note(
	promise uuid, note text, customer text DEFAULT NULL,
	actor text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.add_note(uuid, text, text, text, timestamptz, jsonb, text) IS
	'Adds a note to the history of the promise, in any state. Nothing else changes. Requires level '
	'application or import. Errors: TL004, 22004, 22023, P0002.';
