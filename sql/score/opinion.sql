-- What a trust score says, as of its own instant: decay() takes it to another.

CREATE FUNCTION trust_ledger.kept(score trust_ledger.trust_score) RETURNS float8
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION trust_ledger.kept(trust_ledger.trust_score) IS
	'Evidence r of promises kept, in promises, 0 or more, as of the score''s instant.';

CREATE FUNCTION trust_ledger.broken(score trust_ledger.trust_score) RETURNS float8
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION trust_ledger.broken(trust_ledger.trust_score) IS
	'Evidence s of promises broken, in promises, 0 or more, as of the score''s instant.';

CREATE FUNCTION trust_ledger.belief(score trust_ledger.trust_score) RETURNS float8
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION trust_ledger.belief(trust_ledger.trust_score) IS
	'r/(r+s+2), from 0 to 1.';

CREATE FUNCTION trust_ledger.disbelief(score trust_ledger.trust_score) RETURNS float8
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION trust_ledger.disbelief(trust_ledger.trust_score) IS
	's/(r+s+2), from 0 to 1.';

CREATE FUNCTION trust_ledger.uncertainty(score trust_ledger.trust_score) RETURNS float8
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION trust_ledger.uncertainty(trust_ledger.trust_score) IS
	'2/(r+s+2): 1 where nothing is known, towards 0 the more is.';

CREATE FUNCTION trust_ledger.as_of(score trust_ledger.trust_score) RETURNS timestamptz
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION trust_ledger.as_of(trust_ledger.trust_score) IS
	'The instant that the evidence is reckoned to; NULL for the empty score.';

CREATE FUNCTION trust_ledger.half_life(score trust_ledger.trust_score) RETURNS interval
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION trust_ledger.half_life(trust_ledger.trust_score) IS
	'The time in which evidence fades to half; NULL for the empty score.';

CREATE FUNCTION trust_ledger.expectation(score trust_ledger.trust_score, base_rate float8 DEFAULT 0.5) RETURNS float8
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION trust_ledger.expectation(trust_ledger.trust_score, float8) IS
	'How probable it is that the next promise is kept: belief + base_rate * uncertainty. base_rate, 0 to 1, is what is expected of somebody unknown. Errors: 22003.';

CREATE FUNCTION trust_ledger.lower_bound(
	score trust_ledger.trust_score, confidence float8 DEFAULT 0.95, base_rate float8 DEFAULT 0.5) RETURNS float8
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION trust_ledger.lower_bound(trust_ledger.trust_score, float8, float8) IS
	'What the true rate of keeping exceeds with that confidence (0 to 1, both excluded): a quantile of Beta(r + 2a, s + 2(1-a)), a the base rate (0 to 1). For ranking: few promises do not outrank many. Errors: 22003.';
