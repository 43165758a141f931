-- Pauses.

CREATE FUNCTION trust_ledger.pause_promise(
	promise uuid, reason text DEFAULT NULL, customer text DEFAULT NULL,
	actor text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.pause_promise(uuid, text, text, text, timestamptz, jsonb, text) IS
	'Pauses the promise while the company waits for the customer. due moves by what is left of '
	'longest_pause, all pauses together; resume_promise() takes back what was not used. Only '
	'before due. An actor that speaks for the company or a system of record must act. Requires '
	'level application or import. Errors: TL001 (state, past due, no due time, no pause allowed or '
	'left), TL003, TL004, 22008 (due would be more than a hundred years from now), P0002.';

CREATE FUNCTION trust_ledger.resume_promise(
	promise uuid, reason text DEFAULT NULL, customer text DEFAULT NULL,
	actor text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.resume_promise(uuid, text, text, text, timestamptz, jsonb, text) IS
	'Ends the pause. due moves by as long as the pause lasted. Any actor may do this. Requires '
	'level application or import. Errors: TL001 (state, or not paused), TL004, 22008, P0002.';
