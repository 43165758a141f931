-- The trust score: evidence of promises kept and broken, and how it fades.

CREATE TYPE trust_ledger.trust_score;

CREATE FUNCTION trust_ledger.trust_score_in(cstring) RETURNS trust_ledger.trust_score
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION trust_ledger.trust_score_in(cstring) IS
	'A trust score from text: (kept,broken,instant in UTC,half-life), or empty. Errors, soft where asked for: 22P02, 22003, 22008, 22023.';

CREATE FUNCTION trust_ledger.trust_score_out(trust_ledger.trust_score) RETURNS cstring
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION trust_ledger.trust_score_out(trust_ledger.trust_score) IS
	'A trust score as text, the same under all settings: shortest decimals, the instant in UTC.';

CREATE FUNCTION trust_ledger.trust_score_recv(internal) RETURNS trust_ledger.trust_score
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION trust_ledger.trust_score_recv(internal) IS
	'A trust score from its binary form. Errors: 22P03 length, version or flags; 22003, 22008, 22023.';

CREATE FUNCTION trust_ledger.trust_score_send(trust_ledger.trust_score) RETURNS bytea
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION trust_ledger.trust_score_send(trust_ledger.trust_score) IS
	'The binary form of a trust score: version and flags, a byte each; kept and broken, float8; instant and half-life, int64 microseconds.';

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
	'Evidence of promises kept and broken, the instant it is reckoned to, and the half-life with which it fades (Beta reputation, Jøsang and Ismail 2002). A belief with its uncertainty: read it with expectation(), lower_bound(), uncertainty(). Written as (kept,broken,instant,half-life); empty is the score of no evidence.';

CREATE FUNCTION trust_ledger.trust_score(kept float8, broken float8, as_of timestamptz, half_life interval)
RETURNS trust_ledger.trust_score
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION trust_ledger.trust_score(float8, float8, timestamptz, interval) IS
	'The score of that evidence: kept and broken in promises, 0 to 1e12, reckoned to as_of; half_life longer than zero, at most 36525 days, not in months. Errors: 22003 evidence, 22008 instant, 22023 half-life.';

CREATE FUNCTION trust_ledger.fuse(trust_ledger.trust_score, trust_ledger.trust_score) RETURNS trust_ledger.trust_score
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION trust_ledger.fuse(trust_ledger.trust_score, trust_ledger.trust_score) IS
	'The evidence of both, at the later of their instants (cumulative fusion); the operator +. The empty score changes nothing. Errors: 22023 different half-lives, 22003 too much evidence.';

CREATE OPERATOR trust_ledger.+ (
	LEFTARG = trust_ledger.trust_score, RIGHTARG = trust_ledger.trust_score,
	FUNCTION = trust_ledger.fuse, COMMUTATOR = OPERATOR(trust_ledger.+));
COMMENT ON OPERATOR trust_ledger.+ (trust_ledger.trust_score, trust_ledger.trust_score) IS
	'fuse: the evidence of both, at the later of their instants';

CREATE FUNCTION trust_ledger.decay(score trust_ledger.trust_score, instant timestamptz) RETURNS trust_ledger.trust_score
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION trust_ledger.decay(trust_ledger.trust_score, timestamptz) IS
	'The score as of a later instant: evidence times 2^(-age/half-life). An earlier instant leaves it: scores never fade backwards. Errors: 22008 infinite instant.';

CREATE FUNCTION trust_ledger.score_accum(
	trust_ledger.trust_score, kept float8, broken float8, at timestamptz, half_life interval) RETURNS trust_ledger.trust_score
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION trust_ledger.score_accum(trust_ledger.trust_score, float8, float8, timestamptz, interval) IS
	'What score_agg() does with a row: fuses its evidence with the score.';

-- The type is the state: no internal, the empty score is the identity.
CREATE AGGREGATE trust_ledger.score_agg(kept float8, broken float8, at timestamptz, half_life interval) (
	SFUNC = trust_ledger.score_accum, STYPE = trust_ledger.trust_score, INITCOND = 'empty',
	COMBINEFUNC = trust_ledger.fuse, PARALLEL = SAFE);
COMMENT ON AGGREGATE trust_ledger.score_agg(float8, float8, timestamptz, interval) IS
	'The score of all rows'' evidence: kept and broken in promises, reckoned at an instant each. Rows with a NULL are left out; no rows: empty. Errors as of trust_score() and fuse().';

CREATE AGGREGATE trust_ledger.sum(trust_ledger.trust_score) (
	SFUNC = trust_ledger.fuse, STYPE = trust_ledger.trust_score, INITCOND = 'empty',
	COMBINEFUNC = trust_ledger.fuse, PARALLEL = SAFE);
COMMENT ON AGGREGATE trust_ledger.sum(trust_ledger.trust_score) IS
	'All scores fused. NULLs are left out; no rows: empty. Errors: 22023 different half-lives, 22003 too much evidence.';

-- Order, for sorting and not for ranking: by expectation, then evidence, instant, half-life.
CREATE FUNCTION trust_ledger.trust_score_cmp(trust_ledger.trust_score, trust_ledger.trust_score) RETURNS integer
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION trust_ledger.trust_score_cmp(trust_ledger.trust_score, trust_ledger.trust_score) IS
	'Less than, equal to or greater than 0: by expectation at base rate 1/2, then evidence, instant, half-life. For sorting; rank by lower_bound().';

CREATE FUNCTION trust_ledger.trust_score_eq(trust_ledger.trust_score, trust_ledger.trust_score) RETURNS boolean
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION trust_ledger.trust_score_eq(trust_ledger.trust_score, trust_ledger.trust_score) IS
	'Behind the operator =.';
CREATE OPERATOR trust_ledger.= (
	LEFTARG = trust_ledger.trust_score, RIGHTARG = trust_ledger.trust_score,
	FUNCTION = trust_ledger.trust_score_eq,
	NEGATOR = OPERATOR(trust_ledger.<>), COMMUTATOR = OPERATOR(trust_ledger.=), RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
COMMENT ON OPERATOR trust_ledger.= (trust_ledger.trust_score, trust_ledger.trust_score) IS 'equal to';

CREATE FUNCTION trust_ledger.trust_score_ne(trust_ledger.trust_score, trust_ledger.trust_score) RETURNS boolean
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION trust_ledger.trust_score_ne(trust_ledger.trust_score, trust_ledger.trust_score) IS
	'Behind the operator <>.';
CREATE OPERATOR trust_ledger.<> (
	LEFTARG = trust_ledger.trust_score, RIGHTARG = trust_ledger.trust_score,
	FUNCTION = trust_ledger.trust_score_ne,
	NEGATOR = OPERATOR(trust_ledger.=), COMMUTATOR = OPERATOR(trust_ledger.<>), RESTRICT = neqsel, JOIN = neqjoinsel);
COMMENT ON OPERATOR trust_ledger.<> (trust_ledger.trust_score, trust_ledger.trust_score) IS 'not equal to';

CREATE FUNCTION trust_ledger.trust_score_lt(trust_ledger.trust_score, trust_ledger.trust_score) RETURNS boolean
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION trust_ledger.trust_score_lt(trust_ledger.trust_score, trust_ledger.trust_score) IS
	'Behind the operator <.';
CREATE OPERATOR trust_ledger.< (
	LEFTARG = trust_ledger.trust_score, RIGHTARG = trust_ledger.trust_score,
	FUNCTION = trust_ledger.trust_score_lt,
	NEGATOR = OPERATOR(trust_ledger.>=), COMMUTATOR = OPERATOR(trust_ledger.>), RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
COMMENT ON OPERATOR trust_ledger.< (trust_ledger.trust_score, trust_ledger.trust_score) IS 'sorted before';

CREATE FUNCTION trust_ledger.trust_score_le(trust_ledger.trust_score, trust_ledger.trust_score) RETURNS boolean
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION trust_ledger.trust_score_le(trust_ledger.trust_score, trust_ledger.trust_score) IS
	'Behind the operator <=.';
CREATE OPERATOR trust_ledger.<= (
	LEFTARG = trust_ledger.trust_score, RIGHTARG = trust_ledger.trust_score,
	FUNCTION = trust_ledger.trust_score_le,
	NEGATOR = OPERATOR(trust_ledger.>), COMMUTATOR = OPERATOR(trust_ledger.>=), RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
COMMENT ON OPERATOR trust_ledger.<= (trust_ledger.trust_score, trust_ledger.trust_score) IS 'sorted before, or equal to';

CREATE FUNCTION trust_ledger.trust_score_gt(trust_ledger.trust_score, trust_ledger.trust_score) RETURNS boolean
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION trust_ledger.trust_score_gt(trust_ledger.trust_score, trust_ledger.trust_score) IS
	'Behind the operator >.';
CREATE OPERATOR trust_ledger.> (
	LEFTARG = trust_ledger.trust_score, RIGHTARG = trust_ledger.trust_score,
	FUNCTION = trust_ledger.trust_score_gt,
	NEGATOR = OPERATOR(trust_ledger.<=), COMMUTATOR = OPERATOR(trust_ledger.<), RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
COMMENT ON OPERATOR trust_ledger.> (trust_ledger.trust_score, trust_ledger.trust_score) IS 'sorted after';

CREATE FUNCTION trust_ledger.trust_score_ge(trust_ledger.trust_score, trust_ledger.trust_score) RETURNS boolean
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION trust_ledger.trust_score_ge(trust_ledger.trust_score, trust_ledger.trust_score) IS
	'Behind the operator >=.';
CREATE OPERATOR trust_ledger.>= (
	LEFTARG = trust_ledger.trust_score, RIGHTARG = trust_ledger.trust_score,
	FUNCTION = trust_ledger.trust_score_ge,
	NEGATOR = OPERATOR(trust_ledger.<), COMMUTATOR = OPERATOR(trust_ledger.<=), RESTRICT = scalargesel, JOIN = scalargejoinsel);
COMMENT ON OPERATOR trust_ledger.>= (trust_ledger.trust_score, trust_ledger.trust_score) IS 'sorted after, or equal to';

CREATE OPERATOR CLASS trust_ledger.trust_score_ops DEFAULT FOR TYPE trust_ledger.trust_score USING btree AS
	OPERATOR 1 trust_ledger.<, OPERATOR 2 trust_ledger.<=, OPERATOR 3 trust_ledger.=,
	OPERATOR 4 trust_ledger.>=, OPERATOR 5 trust_ledger.>,
	FUNCTION 1 trust_ledger.trust_score_cmp(trust_ledger.trust_score, trust_ledger.trust_score);

CREATE FUNCTION trust_ledger.trust_score_hash(trust_ledger.trust_score) RETURNS integer
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION trust_ledger.trust_score_hash(trust_ledger.trust_score) IS 'Equal scores hash alike.';

CREATE FUNCTION trust_ledger.trust_score_hash_extended(trust_ledger.trust_score, bigint) RETURNS bigint
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION trust_ledger.trust_score_hash_extended(trust_ledger.trust_score, bigint) IS 'Equal scores hash alike, with a seed.';

CREATE OPERATOR CLASS trust_ledger.trust_score_hash_ops DEFAULT FOR TYPE trust_ledger.trust_score USING hash AS
	OPERATOR 1 trust_ledger.=,
	FUNCTION 1 trust_ledger.trust_score_hash(trust_ledger.trust_score),
	FUNCTION 2 trust_ledger.trust_score_hash_extended(trust_ledger.trust_score, bigint);

COMMENT ON OPERATOR FAMILY trust_ledger.trust_score_ops USING btree IS 'trust scores, sorted by expectation, then evidence, instant, half-life';
COMMENT ON OPERATOR CLASS trust_ledger.trust_score_ops USING btree IS 'trust scores, sorted by expectation, then evidence, instant, half-life';
COMMENT ON OPERATOR FAMILY trust_ledger.trust_score_hash_ops USING hash IS 'trust scores: equal ones hash alike';
COMMENT ON OPERATOR CLASS trust_ledger.trust_score_hash_ops USING hash IS 'trust scores: equal ones hash alike';
