CREATE FUNCTION trust_ledger.state_machine(
	OUT event text, OUT state text, OUT leads_to text[]) RETURNS SETOF record
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 64;
COMMENT ON FUNCTION trust_ledger.state_machine() IS
	'The life of a promise as a table: each event in each state, and where it may lead; leads_to is empty where the state does not allow the event.';
