-- The type trust_score: evidence of kept and broken promises, which fades over time.

CREATE TYPE trust_ledger.trust_score;

CREATE FUNCTION trust_ledger.trust_score_in(cstring) RETURNS trust_ledger.trust_score
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION trust_ledger.trust_score_in(cstring) IS
	'Input function: (kept,broken,timestamp,half-life) or empty. Errors: 22P02 (syntax), 22003 '
	'(evidence), 22008 (timestamp), 22023 (half-life). They are soft errors where the caller '
	'supports these.';

CREATE FUNCTION trust_ledger.trust_score_out(trust_ledger.trust_score) RETURNS cstring
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION trust_ledger.trust_score_out(trust_ledger.trust_score) IS
	'Output function. The text does not depend on settings: shortest exact decimals, the timestamp '
	'in UTC.';

CREATE FUNCTION trust_ledger.trust_score_recv(internal) RETURNS trust_ledger.trust_score
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION trust_ledger.trust_score_recv(internal) IS
	'Binary input function. Errors: 22P03 (length, version or flags), 22003, 22008, 22023.';

CREATE FUNCTION trust_ledger.trust_score_send(trust_ledger.trust_score) RETURNS bytea
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION trust_ledger.trust_score_send(trust_ledger.trust_score) IS
	'Binary output function: version and flags (one byte each), kept and broken (float8), '
	'timestamp and half-life (int64, microseconds).';

CREATE TYPE trust_ledger.trust_score (
	INPUT = trust_ledger.trust_score_in,
	OUTPUT = trust_ledger.trust_score_out,
	RECEIVE = trust_ledger.trust_score_recv,
	SEND = trust_ledger.trust_score_send,
	INTERNALLENGTH = 40,
	ALIGNMENT = double,
	STORAGE = plain
);
COMMENT ON TYPE trust_ledger.trust_score IS
	'Evidence of kept and broken promises as of a timestamp, and the half-life with which it fades '
	'(Beta reputation, Jøsang and Ismail 2002). Read it with expectation(), lower_bound() and '
	'uncertainty(). Text form: (kept,broken,timestamp,half-life), or empty if there is no '
	'evidence.';

CREATE FUNCTION trust_ledger.trust_score(
	kept float8, broken float8, as_of timestamptz, half_life interval)
RETURNS trust_ledger.trust_score
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION trust_ledger.trust_score(float8, float8, timestamptz, interval) IS
	'Builds a score. kept, broken: evidence in promises, 0 to 1e12, as of the timestamp as_of. '
	'half_life: greater than zero, at most 36525 days, without months. Errors: 22003 (evidence), '
	'22008 (as_of), 22023 (half_life).';

CREATE FUNCTION trust_ledger.fuse(trust_ledger.trust_score, trust_ledger.trust_score)
RETURNS trust_ledger.trust_score
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION trust_ledger.fuse(trust_ledger.trust_score, trust_ledger.trust_score) IS
	'Adds the evidence of two scores, as of the later of their timestamps (cumulative fusion). The '
	'operator + calls this. Fusing with the empty score returns the other score. Errors: 22023 '
	'(different half-lives), 22003 (more than 1e12).';

CREATE OPERATOR trust_ledger.+ (
	LEFTARG = trust_ledger.trust_score, RIGHTARG = trust_ledger.trust_score,
	FUNCTION = trust_ledger.fuse, COMMUTATOR = OPERATOR(trust_ledger.+));
COMMENT ON OPERATOR trust_ledger.+ (trust_ledger.trust_score, trust_ledger.trust_score) IS
	'fuse: add the evidence of two scores';

CREATE FUNCTION trust_ledger.decay(score trust_ledger.trust_score, instant timestamptz)
RETURNS trust_ledger.trust_score
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION trust_ledger.decay(trust_ledger.trust_score, timestamptz) IS
	'The score as of a later timestamp: evidence times 2^(-age/half-life). An earlier timestamp '
	'returns the score unchanged. Errors: 22008 (infinite timestamp).';

CREATE FUNCTION trust_ledger.score_accum(
	trust_ledger.trust_score, kept float8, broken float8, at timestamptz, half_life interval)
RETURNS trust_ledger.trust_score
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION trust_ledger.score_accum(
	trust_ledger.trust_score, float8, float8, timestamptz, interval) IS
	'Transition function of score_agg(): fuses the evidence of one row with the score.';

-- The transition type is trust_score itself, not internal. The empty score is the identity element.
CREATE AGGREGATE trust_ledger.score_agg(
	kept float8, broken float8, at timestamptz, half_life interval) (
	SFUNC = trust_ledger.score_accum, STYPE = trust_ledger.trust_score, INITCOND = 'empty',
	COMBINEFUNC = trust_ledger.fuse, PARALLEL = SAFE);
COMMENT ON AGGREGATE trust_ledger.score_agg(float8, float8, timestamptz, interval) IS
	'The score of the evidence of all rows. kept, broken: in promises, as of the timestamp at. '
	'Ignores rows with a NULL; returns empty if there are none. Errors: those of trust_score() and '
	'fuse().';

CREATE AGGREGATE trust_ledger.sum(trust_ledger.trust_score) (
	SFUNC = trust_ledger.fuse, STYPE = trust_ledger.trust_score, INITCOND = 'empty',
	COMBINEFUNC = trust_ledger.fuse, PARALLEL = SAFE);
COMMENT ON AGGREGATE trust_ledger.sum(trust_ledger.trust_score) IS
	'Fuses all scores. Ignores NULLs; returns empty if there are no rows. Errors: 22023 (different '
	'half-lives), 22003 (more than 1e12).';

-- Sort order: by expectation, evidence, timestamp, half-life. To rank scores, use lower_bound().
CREATE FUNCTION trust_ledger.trust_score_cmp(trust_ledger.trust_score, trust_ledger.trust_score)
RETURNS integer
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION trust_ledger.trust_score_cmp(
	trust_ledger.trust_score, trust_ledger.trust_score) IS
	'Btree comparison: negative, zero or positive. Orders by expectation at base rate 1/2, then by '
	'evidence, '
	'timestamp and half-life. This is a sort order; to rank scores, use lower_bound().';

CREATE FUNCTION trust_ledger.trust_score_eq(trust_ledger.trust_score, trust_ledger.trust_score)
RETURNS boolean
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION trust_ledger.trust_score_eq(
	trust_ledger.trust_score, trust_ledger.trust_score) IS
	'Implementation of the operator =.';
CREATE OPERATOR trust_ledger.= (
	LEFTARG = trust_ledger.trust_score, RIGHTARG = trust_ledger.trust_score,
	FUNCTION = trust_ledger.trust_score_eq,
	NEGATOR = OPERATOR(trust_ledger.<>), COMMUTATOR = OPERATOR(trust_ledger.=),
	RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
COMMENT ON OPERATOR trust_ledger.= (trust_ledger.trust_score, trust_ledger.trust_score) IS
	'equal to';

CREATE FUNCTION trust_ledger.trust_score_ne(trust_ledger.trust_score, trust_ledger.trust_score)
RETURNS boolean
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION trust_ledger.trust_score_ne(
	trust_ledger.trust_score, trust_ledger.trust_score) IS
	'Implementation of the operator <>.';
CREATE OPERATOR trust_ledger.<> (
	LEFTARG = trust_ledger.trust_score, RIGHTARG = trust_ledger.trust_score,
	FUNCTION = trust_ledger.trust_score_ne,
	NEGATOR = OPERATOR(trust_ledger.=), COMMUTATOR = OPERATOR(trust_ledger.<>),
	RESTRICT = neqsel, JOIN = neqjoinsel);
COMMENT ON OPERATOR trust_ledger.<> (trust_ledger.trust_score, trust_ledger.trust_score) IS
	'not equal to';

CREATE FUNCTION trust_ledger.trust_score_lt(trust_ledger.trust_score, trust_ledger.trust_score)
RETURNS boolean
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION trust_ledger.trust_score_lt(
	trust_ledger.trust_score, trust_ledger.trust_score) IS
	'Implementation of the operator <.';
CREATE OPERATOR trust_ledger.< (
	LEFTARG = trust_ledger.trust_score, RIGHTARG = trust_ledger.trust_score,
	FUNCTION = trust_ledger.trust_score_lt,
	NEGATOR = OPERATOR(trust_ledger.>=), COMMUTATOR = OPERATOR(trust_ledger.>),
	RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
COMMENT ON OPERATOR trust_ledger.< (trust_ledger.trust_score, trust_ledger.trust_score) IS
	'sorts before';

CREATE FUNCTION trust_ledger.trust_score_le(trust_ledger.trust_score, trust_ledger.trust_score)
RETURNS boolean
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION trust_ledger.trust_score_le(
	trust_ledger.trust_score, trust_ledger.trust_score) IS
	'Implementation of the operator <=.';
CREATE OPERATOR trust_ledger.<= (
	LEFTARG = trust_ledger.trust_score, RIGHTARG = trust_ledger.trust_score,
	FUNCTION = trust_ledger.trust_score_le,
	NEGATOR = OPERATOR(trust_ledger.>), COMMUTATOR = OPERATOR(trust_ledger.>=),
	RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
COMMENT ON OPERATOR trust_ledger.<= (trust_ledger.trust_score, trust_ledger.trust_score) IS
	'sorts before or equal to';

CREATE FUNCTION trust_ledger.trust_score_gt(trust_ledger.trust_score, trust_ledger.trust_score)
RETURNS boolean
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION trust_ledger.trust_score_gt(
	trust_ledger.trust_score, trust_ledger.trust_score) IS
	'Implementation of the operator >.';
CREATE OPERATOR trust_ledger.> (
	LEFTARG = trust_ledger.trust_score, RIGHTARG = trust_ledger.trust_score,
	FUNCTION = trust_ledger.trust_score_gt,
	NEGATOR = OPERATOR(trust_ledger.<=), COMMUTATOR = OPERATOR(trust_ledger.<),
	RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
COMMENT ON OPERATOR trust_ledger.> (trust_ledger.trust_score, trust_ledger.trust_score) IS
	'sorts after';

CREATE FUNCTION trust_ledger.trust_score_ge(trust_ledger.trust_score, trust_ledger.trust_score)
RETURNS boolean
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION trust_ledger.trust_score_ge(
	trust_ledger.trust_score, trust_ledger.trust_score) IS
	'Implementation of the operator >=.';
CREATE OPERATOR trust_ledger.>= (
	LEFTARG = trust_ledger.trust_score, RIGHTARG = trust_ledger.trust_score,
	FUNCTION = trust_ledger.trust_score_ge,
	NEGATOR = OPERATOR(trust_ledger.<), COMMUTATOR = OPERATOR(trust_ledger.<=),
	RESTRICT = scalargesel, JOIN = scalargejoinsel);
COMMENT ON OPERATOR trust_ledger.>= (trust_ledger.trust_score, trust_ledger.trust_score) IS
	'sorts after or equal to';

CREATE OPERATOR CLASS trust_ledger.trust_score_ops
	DEFAULT FOR TYPE trust_ledger.trust_score USING btree AS
	OPERATOR 1 trust_ledger.<, OPERATOR 2 trust_ledger.<=, OPERATOR 3 trust_ledger.=,
	OPERATOR 4 trust_ledger.>=, OPERATOR 5 trust_ledger.>,
	FUNCTION 1 trust_ledger.trust_score_cmp(trust_ledger.trust_score, trust_ledger.trust_score);

CREATE FUNCTION trust_ledger.trust_score_hash(trust_ledger.trust_score) RETURNS integer
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION trust_ledger.trust_score_hash(trust_ledger.trust_score) IS
	'Hash function of trust_score.';

CREATE FUNCTION trust_ledger.trust_score_hash_extended(trust_ledger.trust_score, bigint)
RETURNS bigint
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION trust_ledger.trust_score_hash_extended(trust_ledger.trust_score, bigint) IS
	'Hash function of trust_score, with a seed.';

CREATE OPERATOR CLASS trust_ledger.trust_score_hash_ops
	DEFAULT FOR TYPE trust_ledger.trust_score USING hash AS
	OPERATOR 1 trust_ledger.=,
	FUNCTION 1 trust_ledger.trust_score_hash(trust_ledger.trust_score),
	FUNCTION 2 trust_ledger.trust_score_hash_extended(trust_ledger.trust_score, bigint);

COMMENT ON OPERATOR FAMILY trust_ledger.trust_score_ops USING btree IS
	'sort order of trust scores: expectation, evidence, timestamp, half-life';
COMMENT ON OPERATOR CLASS trust_ledger.trust_score_ops USING btree IS
	'sort order of trust scores: expectation, evidence, timestamp, half-life';
COMMENT ON OPERATOR FAMILY trust_ledger.trust_score_hash_ops USING hash IS
	'hashing of trust scores';
COMMENT ON OPERATOR CLASS trust_ledger.trust_score_hash_ops USING hash IS
	'hashing of trust scores';
