-- Comparing terms.

CREATE FUNCTION trust_ledger.same_value(a anyelement, b anyelement) RETURNS boolean
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION trust_ledger.same_value(anyelement, anyelement) IS
	'Whether two values mean the same in a promise. Numbers: equal value. Intervals: equal length, '
	'a day being 24 hours; an interval with months is the same only as itself. Other types: the '
	'same bytes. NULL is the same as NULL.';
