-- The life cycle of a promise.

CREATE FUNCTION trust_ledger.state_machine(
	OUT event text, OUT state text, OUT leads_to text[]) RETURNS SETOF record
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 64;
COMMENT ON FUNCTION trust_ledger.state_machine() IS
	'The state machine of a promise: one row per event and state. leads_to: the states to which '
	'the event may lead; empty if the state does not allow it.';
