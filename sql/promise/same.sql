CREATE FUNCTION trust_ledger.same_value(a anyelement, b anyelement) RETURNS boolean
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION trust_ledger.same_value(anyelement, anyelement) IS
	'Whether two values say the same of what is promised: amounts if they are equal numbers, intervals if they are equally long (a day is 24 hours; months have no length, so an interval with months is the same as itself only), texts and all others if they have the same bytes. NULL is the same as NULL.';
