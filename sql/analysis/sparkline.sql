-- Numbers as a line of text.

CREATE FUNCTION trust_ledger.sparkline(numbers float8[]) RETURNS text
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION trust_ledger.sparkline(float8[]) IS
	'Draws numbers as a row of bars, scaled from the lowest to the highest. A space stands for '
	'NULL, NaN and infinity.';
