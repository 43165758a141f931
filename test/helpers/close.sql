-- Comparison of floating-point numbers and of scores. A pgTAP file includes this with \ir.

-- Whether two numbers differ by no more than rounding; two NULLs do not differ.
CREATE FUNCTION is_close(a float8, b float8, relative float8 DEFAULT 1e-12, absolute float8 DEFAULT
	0) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN coalesce(abs(a - b) <= relative * greatest(abs(a), abs(b)) + absolute, a IS NULL
	AND b IS NULL);

-- Whether two scores do: their evidence by no more than rounding, instant and half-life not at all.
CREATE FUNCTION is_close(a trust_ledger.trust_score, b trust_ledger.trust_score,
	relative float8 DEFAULT 1e-12, absolute float8 DEFAULT 0)
RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (trust_ledger.as_of(a), trust_ledger.half_life(a)) IS NOT DISTINCT
	FROM (trust_ledger.as_of(b), trust_ledger.half_life(b))
	AND is_close(trust_ledger.kept(a), trust_ledger.kept(b), relative, absolute)
	AND is_close(trust_ledger.broken(a), trust_ledger.broken(b), relative, absolute);
