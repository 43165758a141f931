CREATE FUNCTION trust_ledger.sparkline(numbers float8[]) RETURNS text
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION trust_ledger.sparkline(float8[]) IS
	'Numbers as a row of bars, from the least to the most of them; a space where there is none, or none that is finite.';
