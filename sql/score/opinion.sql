-- The opinion that a score expresses, as of its own timestamp. decay() moves it to a later one.

CREATE FUNCTION trust_ledger.kept(score trust_ledger.trust_score) RETURNS float8
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION trust_ledger.kept(trust_ledger.trust_score) IS
	'Evidence of kept promises (r), in promises, 0 or more, as of the score''s timestamp.';

CREATE FUNCTION trust_ledger.broken(score trust_ledger.trust_score) RETURNS float8
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION trust_ledger.broken(trust_ledger.trust_score) IS
	'Evidence of broken promises (s), in promises, 0 or more, as of the score''s timestamp.';

CREATE FUNCTION trust_ledger.belief(score trust_ledger.trust_score) RETURNS float8
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION trust_ledger.belief(trust_ledger.trust_score) IS
	'Belief: r/(r+s+2), 0 to 1.';

CREATE FUNCTION trust_ledger.disbelief(score trust_ledger.trust_score) RETURNS float8
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION trust_ledger.disbelief(trust_ledger.trust_score) IS
	'Disbelief: s/(r+s+2), 0 to 1.';

CREATE FUNCTION trust_ledger.uncertainty(score trust_ledger.trust_score) RETURNS float8
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION trust_ledger.uncertainty(trust_ledger.trust_score) IS
	'Uncertainty: 2/(r+s+2), 0 to 1. 1 means that there is no evidence.';

CREATE FUNCTION trust_ledger.as_of(score trust_ledger.trust_score) RETURNS timestamptz
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION trust_ledger.as_of(trust_ledger.trust_score) IS
	'The timestamp as of which the evidence holds. NULL for the empty score.';

CREATE FUNCTION trust_ledger.half_life(score trust_ledger.trust_score) RETURNS interval
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION trust_ledger.half_life(trust_ledger.trust_score) IS
	'The time after which evidence counts half. NULL for the empty score.';

CREATE FUNCTION trust_ledger.expectation(
	score trust_ledger.trust_score, base_rate float8 DEFAULT 0.5)
RETURNS float8
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION trust_ledger.expectation(trust_ledger.trust_score, float8) IS
	'Probability that the next promise is kept, 0 to 1: belief + base_rate * uncertainty. '
	'base_rate, 0 to 1, is the probability assumed without evidence. Errors: 22003 (base_rate out '
	'of range).';

CREATE FUNCTION trust_ledger.lower_bound(
	score trust_ledger.trust_score, confidence float8 DEFAULT 0.95, base_rate float8 DEFAULT 0.5)
RETURNS float8
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION trust_ledger.lower_bound(trust_ledger.trust_score, float8, float8) IS
	'Lower bound of the true kept rate at the given confidence, 0 to 1: a quantile of Beta(r + 2a, '
	's + 2(1-a)) with base rate a. confidence: between 0 and 1, exclusive; base_rate: 0 to 1. Use '
	'it to rank: a short record does not outrank a long one. Errors: 22003 (argument out of '
	'range).';
