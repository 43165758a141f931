CREATE FUNCTION trust_ledger.pause_promise(
	promise uuid, reason text DEFAULT NULL, customer text DEFAULT NULL,
	actor text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.pause_promise(uuid, text, text, text, timestamptz, jsonb, text) IS
	'The promise''s clock stands still while the customer is awaited: due moves by what is left of the longest pause that the terms state, all pauses together; resume_promise() takes back what was not used. Before due only. By an actor that speaks for the company or a record. Levels application, import. Errors: TL001 state, past due, no due, no pause allowed or left; TL003, TL004, 22008 due would be more than a hundred years from now, P0002.';

CREATE FUNCTION trust_ledger.resume_promise(
	promise uuid, reason text DEFAULT NULL, customer text DEFAULT NULL,
	actor text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.resume_promise(uuid, text, text, text, timestamptz, jsonb, text) IS
	'The clock runs again: due has moved by as long as the pause lasted. By anybody who acts. Levels application, import. Errors: TL001 state, or not paused; TL004, 22008, P0002.';
