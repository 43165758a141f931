\echo Use "CREATE EXTENSION trust_ledger" to load this file. \quit

-- A plain CREATE SCHEMA: it fails where somebody else has a schema of that name,
-- instead of taking over what they planted in it.
CREATE SCHEMA trust_ledger;
GRANT USAGE ON SCHEMA trust_ledger TO PUBLIC;
COMMENT ON SCHEMA trust_ledger IS
	'Promises made to customers: functions and types of the trust ledger. The data is in schema trust.';

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

CREATE TYPE trust_ledger.receipt AS (
	promise     uuid,
	customer    text,
	seq         bigint,
	state       text,
	recorded_at timestamptz,
	hash        bytea
);
COMMENT ON TYPE trust_ledger.receipt IS
	'What every writing function returns: the entry''s place in the customer''s chain, the promise''s state after it, and the hash that ties it to all before it. Keep the hash to prove later what was recorded.';

CREATE FUNCTION trust_ledger.ledger_digest(
	OUT customers bigint, OUT entries bigint, OUT at timestamptz, OUT digest bytea)
AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL RESTRICTED COST 100000;
COMMENT ON FUNCTION trust_ledger.ledger_digest() IS
	'One fingerprint of the whole ledger: customers, entries, the instant it was taken, and SHA-256 over (customer, length, head) of all chains, sorted. Kept elsewhere, it shows later what was cut off. Level auditor or admin.';

-- Guards are fired by triggers; called otherwise they refuse. Whoever owns a ledger
-- has to be allowed to put them on its tables.
CREATE FUNCTION trust_ledger.guard_entry() RETURNS trigger
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.guard_entry() IS
	'Guard of trust.entry: entries are appended by the ledger''s functions only and never change, but for texts that are erased. Error TL006.';

CREATE FUNCTION trust_ledger.guard_chain() RETURNS trigger
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.guard_chain() IS
	'Guard of trust.chain: the head moves only with entries just appended. Error TL006.';

CREATE FUNCTION trust_ledger.guard_promise() RETURNS trigger
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.guard_promise() IS
	'Guard of trust.promise: a promise changes only with the entry just appended. Error TL006.';

CREATE FUNCTION trust_ledger.guard_source() RETURNS trigger
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.guard_source() IS
	'Guard of trust.source: which row a promise stands for changes only with the entry just appended. Error TL006.';

CREATE FUNCTION trust_ledger.guard_governed() RETURNS trigger
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.guard_governed() IS
	'Guard of trust.ledger, actor, policy and access: they change only with a governance entry. Error TL006.';

CREATE FUNCTION trust_ledger.guard_truncate() RETURNS trigger
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.guard_truncate() IS
	'Guard of every table of schema trust: none is ever emptied. Error TL006.';

CREATE FUNCTION trust_ledger.require_reader() RETURNS boolean
AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL RESTRICTED COST 10;
COMMENT ON FUNCTION trust_ledger.require_reader() IS
	'True, or error TL004 where the current user has no level that reads (application, analyst, auditor, admin). The views of schema trust stand behind it.';

CREATE FUNCTION trust_ledger.reads_words() RETURNS boolean
AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL RESTRICTED COST 10;
COMMENT ON FUNCTION trust_ledger.reads_words() IS
	'Whether the current user may see what people wrote (levels application and auditor). Views show NULL instead of words to others.';

CREATE FUNCTION trust_ledger.grant_access(
	role text, level text, reason text DEFAULT NULL,
	actor text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C
SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION trust_ledger.grant_access(text, text, text, text, timestamptz, jsonb, text) IS
	'Gives a database role and its members a level: application (writes promises), analyst (reads views, no words), auditor (reads history and words, verifies), import (writes with times of its own), admin (governs). Level admin. Errors: TL004, 42704 no such role, 22023 no such level.';

CREATE FUNCTION trust_ledger.revoke_access(
	role text, level text, reason text DEFAULT NULL,
	actor text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C
SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION trust_ledger.revoke_access(text, text, text, text, timestamptz, jsonb, text) IS
	'Takes a level from a database role. The ledger''s owner can always govern. Level admin. Errors: TL004, 42704 the role has no such level.';

-- The ledger's tables are ordinary tables and no members of the extension: dumped
-- with their rows, and still there when the extension is gone. Keys are compared
-- byte by byte (COLLATE "C"): no change of locale reorders an index.

CREATE FUNCTION trust_ledger.found_ledger() RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C
SET search_path = pg_catalog, pg_temp SET IntervalStyle = 'iso_8601';
COMMENT ON FUNCTION trust_ledger.found_ledger() IS
	'Writes the first entries of a ledger whose tables were just made. Called by create_ledger(); refused once there are entries, and to anybody but the owner.';

CREATE FUNCTION trust_ledger.check_ledger() RETURNS void
AS 'MODULE_PATHNAME' LANGUAGE C STABLE;
COMMENT ON FUNCTION trust_ledger.check_ledger() IS
	'An error unless there is a ledger (55000) that belongs to whoever owns the database (TL006), in UTF8 (0A000).';

CREATE FUNCTION trust_ledger.check_ledger_owner() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF NOT pg_catalog.pg_has_role('pg_database_owner', 'USAGE') THEN
		RAISE EXCEPTION 'must be owner of database "%"', pg_catalog.current_database()
			USING ERRCODE = '42501',
			DETAIL = pg_catalog.format('"%s" is not. The ledger belongs to whoever owns the database.', CURRENT_USER),
			HINT = pg_catalog.format('Call this as "%s".', (
				SELECT pg_catalog.pg_get_userbyid(datdba) FROM pg_catalog.pg_database
				WHERE datname OPERATOR(pg_catalog.=) pg_catalog.current_database()));
	END IF;
	IF pg_catalog.getdatabaseencoding() OPERATOR(pg_catalog.<>) 'UTF8' THEN
		RAISE EXCEPTION 'a trust ledger needs a database in UTF8'
			USING ERRCODE = '0A000',
			DETAIL = pg_catalog.format('This one is in %s: its texts would hash differently elsewhere.', pg_catalog.getdatabaseencoding()),
			HINT = 'CREATE DATABASE ... ENCODING ''UTF8'' TEMPLATE template0;';
	END IF;
END
$$;
COMMENT ON FUNCTION trust_ledger.check_ledger_owner() IS
	'An error unless the current user owns this database (42501) and it is in UTF8 (0A000).';

CREATE FUNCTION trust_ledger.create_tables() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	foreign_right record;
	grantee       text;
BEGIN
	CREATE SCHEMA trust;
	COMMENT ON SCHEMA trust IS 'The trust ledger''s data. Written by the functions of schema trust_ledger only.';

	CREATE TABLE trust.ledger (
		ledger       uuid PRIMARY KEY,
		table_format integer NOT NULL,
		half_life    interval NOT NULL,
		weights      jsonb NOT NULL,
		zone         text NOT NULL,
		lag          interval NOT NULL,
		seq          bigint NOT NULL
	);
	COMMENT ON TABLE trust.ledger IS 'The ledger''s settings, one row. Changed by set_ledger().';
	COMMENT ON COLUMN trust.ledger.half_life IS 'How fast evidence fades: after this time it weighs half.';
	COMMENT ON COLUMN trust.ledger.weights IS 'What verdicts weigh, [kept, broken] in thousandths.';
	COMMENT ON COLUMN trust.ledger.zone IS 'The time zone in which a day that something is due on ends.';
	COMMENT ON COLUMN trust.ledger.lag IS 'How far back occurred_at may lie without the level import.';
	COMMENT ON COLUMN trust.ledger.seq IS 'The governance entry that last changed it.';

	CREATE TABLE trust.actor (
		actor       text COLLATE "C" PRIMARY KEY,
		kind        text COLLATE "C" NOT NULL CHECK (kind IN ('human', 'ai', 'system')),
		name        text,
		speaks_for  text COLLATE "C" NOT NULL CHECK (speaks_for IN ('company', 'customer', 'record')),
		customer    text COLLATE "C",
		responsible text COLLATE "C",
		db_role     text COLLATE "C",
		model       text COLLATE "C",
		authority   jsonb,
		active      boolean NOT NULL,
		successor   text COLLATE "C",
		seq         bigint NOT NULL
	);
	CREATE UNIQUE INDEX actor_db_role ON trust.actor (db_role) WHERE active;
	CREATE INDEX actor_responsible ON trust.actor (responsible) WHERE active;
	COMMENT ON TABLE trust.actor IS 'Who can act: humans, ai and systems. Changed by register_actor() and retire_actor().';
	COMMENT ON COLUMN trust.actor.speaks_for IS 'Whose word it is when this actor gives a verdict.';
	COMMENT ON COLUMN trust.actor.customer IS 'The only customer this actor speaks for, if it is bound to one.';
	COMMENT ON COLUMN trust.actor.responsible IS 'The human who answers for a machine.';
	COMMENT ON COLUMN trust.actor.db_role IS 'Their own database login.';
	COMMENT ON COLUMN trust.actor.authority IS 'The most they may back for one customer, per currency, open promises added up; NULL: no limit.';
	COMMENT ON COLUMN trust.actor.seq IS 'The governance entry that last changed it.';

	CREATE TABLE trust.policy (
		policy        text COLLATE "C" PRIMARY KEY,
		promiser      text COLLATE "C",
		promiser_kind text COLLATE "C",
		kind          text COLLATE "C",
		currency      text COLLATE "C",
		least_value   numeric,
		evidence      text COLLATE "C",
		back_within   interval,
		grace         interval,
		due_within    interval,
		cumulative    boolean NOT NULL,
		active        boolean NOT NULL,
		seq           bigint NOT NULL
	);
	COMMENT ON TABLE trust.policy IS 'The rules: which promises need a human, and what else they ask. Changed by set_policy() and drop_policy().';
	COMMENT ON COLUMN trust.policy.cumulative IS 'least_value is compared with what the customer''s open promises in that currency come to, the new one included.';

	CREATE TABLE trust.access (
		role   text COLLATE "C" PRIMARY KEY,
		levels text[] NOT NULL,
		seq    bigint NOT NULL
	);
	COMMENT ON TABLE trust.access IS 'What database roles may do. Changed by grant_access() and revoke_access().';

	CREATE TABLE trust.tracking (
		source   text COLLATE "C" PRIMARY KEY,
		tab      text COLLATE "C" NOT NULL,
		mapping  jsonb NOT NULL,
		triggers jsonb NOT NULL,
		active   boolean NOT NULL,
		seq      bigint NOT NULL
	);
	COMMENT ON TABLE trust.tracking IS 'The tables whose rows are tracked. Changed by track_table() and untrack_table(); trust.tracked says what has become of their triggers.';
	COMMENT ON COLUMN trust.tracking.source IS 'What the table is called in the ledger, whatever it is renamed to.';
	COMMENT ON COLUMN trust.tracking.tab IS 'What it was called when that was recorded.';
	COMMENT ON COLUMN trust.tracking.mapping IS 'What track_table() was given.';
	COMMENT ON COLUMN trust.tracking.triggers IS 'The triggers that it made: name, arguments, definition, and a fingerprint that stays when a column is renamed.';

	CREATE TABLE trust.chain (
		customer    text COLLATE "C" PRIMARY KEY,
		length      bigint NOT NULL,
		head        bytea NOT NULL,
		recorded_at timestamptz
	) WITH (fillfactor = 70);
	COMMENT ON TABLE trust.chain IS 'One row per customer: how many entries, and the hash of the last. The reserved customer '''' is governance.';

	CREATE TABLE trust.promise (
		customer         text COLLATE "C" NOT NULL,
		promise          uuid NOT NULL,
		state            text COLLATE "C" NOT NULL,
		words            text,
		purpose          text,
		promiser         text COLLATE "C" NOT NULL,
		promiser_kind    text COLLATE "C" NOT NULL,
		drafted_by       text COLLATE "C",
		kind             text COLLATE "C",
		value            numeric,
		currency         text COLLATE "C",
		longest_pause    interval,
		made_at          timestamptz NOT NULL,
		recorded_at      timestamptz NOT NULL,
		backfilled       boolean NOT NULL,
		backfilled_at    timestamptz,
		opened_at        timestamptz,
		first_due        timestamptz,
		due              timestamptz,
		due_moves        integer NOT NULL,
		due_moved_at     timestamptz,
		overdue_at       timestamptz,
		paused_at        timestamptz,
		paused_until     timestamptz,
		paused_for       interval NOT NULL,
		evidence_asked   text COLLATE "C",
		back_by          timestamptz,
		waiting_since    timestamptz,
		seen_at          timestamptz,
		declined_at      timestamptz,
		backer           text COLLATE "C",
		evidence         text COLLATE "C",
		backed_at        timestamptz,
		unbacked_at      timestamptz,
		unbacked_by      text COLLATE "C",
		former_backer    text COLLATE "C",
		accepted_at      timestamptz,
		unconfirmed      bigint,
		admitted_at      timestamptz,
		repaired_at      timestamptz,
		outcome          text COLLATE "C",
		whose_word       text COLLATE "C",
		verdict_evidence text COLLATE "C",
		relayed          boolean,
		purpose_met      boolean,
		settled_by       text COLLATE "C",
		settled_at       timestamptz,
		weight_kept      integer,
		weight_broken    integer,
		terms_seq        bigint NOT NULL,
		last_seq         bigint NOT NULL,
		-- with what tells whether it is overdue: a customer's score is read without the rows
		PRIMARY KEY (customer, promise) INCLUDE (opened_at, overdue_at, settled_at)
	) WITH (fillfactor = 90);
	CREATE INDEX promise_promise ON trust.promise (promise);
	CREATE INDEX promise_waiting ON trust.promise (waiting_since) WHERE waiting_since IS NOT NULL;
	COMMENT ON TABLE trust.promise IS 'One row per promise: what its entries add up to.';
	COMMENT ON COLUMN trust.promise.state IS 'proposed, open, kept, partly_kept, broken, released or withdrawn; a promise that was ever open counts as broken from overdue_at on, until a verdict.';
	COMMENT ON COLUMN trust.promise.overdue_at IS 'due and the grace that policy gives: from here on silence counts as broken.';
	COMMENT ON COLUMN trust.promise.evidence_asked IS 'What policy asked for when it was last backed or amended; NULL: nobody needs to back it.';
	COMMENT ON COLUMN trust.promise.opened_at IS 'When it first was open: from then on the company is bound, and no way back to proposed takes an overdue promise out of sight.';
	COMMENT ON COLUMN trust.promise.waiting_since IS 'Since when policy waits for somebody to back it, proposed or accepted without.';
	COMMENT ON COLUMN trust.promise.evidence IS 'How we know that the backer is who acted: asserted, session or passkey.';
	COMMENT ON COLUMN trust.promise.backfilled_at IS 'When the ledger recorded the first of its entries that was entered long after the fact.';
	COMMENT ON COLUMN trust.promise.due_moved_at IS 'When due last moved to another time, by an amendment.';
	COMMENT ON COLUMN trust.promise.paused_at IS 'Since when its clock stands still; NULL: it runs.';
	COMMENT ON COLUMN trust.promise.paused_until IS 'When the pause ends at the latest, whether it is resumed or not; due is reckoned to that until it is.';
	COMMENT ON COLUMN trust.promise.paused_for IS 'By how much pauses have moved due, all together; one that runs, or that a verdict cut short, by the most that it can.';
	COMMENT ON COLUMN trust.promise.seen_at IS 'When a human who speaks for the company first had these terms before them: made, amended, backed or declined them; NULL: none has.';
	COMMENT ON COLUMN trust.promise.declined_at IS 'When a human declined to back these terms.';
	COMMENT ON COLUMN trust.promise.unbacked_at IS 'When the last backing was withdrawn, or became void by an amendment; NULL: it has a backer, or never had one.';
	COMMENT ON COLUMN trust.promise.unbacked_by IS 'The event by which it lost its backer: backing_withdrawn or amended.';
	COMMENT ON COLUMN trust.promise.former_backer IS 'Who stood behind it until then.';
	COMMENT ON COLUMN trust.promise.unconfirmed IS 'The latest entry that passes on what the customer is said to have said, or claims a repair, and waits for the customer''s or a record''s own word.';
	COMMENT ON COLUMN trust.promise.admitted_at IS 'When the company admitted in time that it would break it.';
	COMMENT ON COLUMN trust.promise.repaired_at IS 'When the breach was made good, as far as that stands.';
	COMMENT ON COLUMN trust.promise.outcome IS 'The verdict that stands.';
	COMMENT ON COLUMN trust.promise.whose_word IS 'Whose word the verdict is: customer, record or company.';
	COMMENT ON COLUMN trust.promise.settled_by IS 'The event that first ended it: assessed, withdrawn, released or breach_admitted.';
	COMMENT ON COLUMN trust.promise.weight_kept IS 'What the verdict weighs as kept, in thousandths.';
	COMMENT ON COLUMN trust.promise.terms_seq IS 'The entry that holds the terms as they are now.';

	CREATE TABLE trust.source (
		customer text COLLATE "C" NOT NULL,
		promise  uuid NOT NULL,
		source   text COLLATE "C" NOT NULL,
		key      text COLLATE "C" NOT NULL,
		name     text COLLATE "C" NOT NULL,
		gone     boolean NOT NULL,
		seq      bigint NOT NULL,
		PRIMARY KEY (customer, promise)
	) WITH (fillfactor = 90);
	CREATE INDEX source_row ON trust.source (source, key, name) WHERE NOT gone;
	COMMENT ON TABLE trust.source IS 'One row per promise that a row of a tracked table stands for: what its entries say of that row.';
	COMMENT ON COLUMN trust.source.source IS 'The tracked table, by the name that its triggers give it: schema and table as they were called when it was tracked first.';
	COMMENT ON COLUMN trust.source.key IS 'The row''s primary key as text; of several columns, a JSON array of their texts.';
	COMMENT ON COLUMN trust.source.name IS 'Which of the row''s promises; empty where it carries one.';
	COMMENT ON COLUMN trust.source.gone IS 'The row was deleted, or stands for another promise now.';
	COMMENT ON COLUMN trust.source.seq IS 'The entry that last changed it.';

	CREATE TABLE trust.entry (
		customer           text COLLATE "C" NOT NULL,
		seq                bigint NOT NULL,
		format             smallint NOT NULL,
		promise            uuid,
		event              text COLLATE "C" NOT NULL,
		recorded_at        timestamptz NOT NULL,
		occurred_at        timestamptz NOT NULL,
		backfilled         boolean NOT NULL,
		actor              text COLLATE "C",
		actor_kind         text COLLATE "C",
		speaks_for         text COLLATE "C",
		responsible        text COLLATE "C",
		actor_seq          bigint,
		login              text COLLATE "C" NOT NULL,
		role               text COLLATE "C" NOT NULL,
		evidence           text COLLATE "C",
		evidence_asked     text COLLATE "C",
		state              text COLLATE "C",
		refers_to          bigint,
		subject            text COLLATE "C",
		details            jsonb,
		promiser           text COLLATE "C",
		promiser_kind      text COLLATE "C",
		drafted_by         text COLLATE "C",
		backer             text COLLATE "C",
		kind               text COLLATE "C",
		due                timestamptz,
		overdue_at         timestamptz,
		back_by            timestamptz,
		value              numeric,
		currency           text COLLATE "C",
		longest_pause      interval,
		accepted           boolean,
		relayed            boolean,
		stands             boolean,
		verdict            text COLLATE "C",
		whose_word         text COLLATE "C",
		purpose_met        boolean,
		weight_kept        integer,
		weight_broken      integer,
		idempotency_key    text COLLATE "C",
		request            bytea,
		request_salt       bytea,
		words              text,
		words_salt         bytea,
		words_commitment   bytea,
		purpose            text,
		purpose_salt       bytea,
		purpose_commitment bytea,
		note               text,
		note_salt          bytea,
		note_commitment    bytea,
		context            jsonb,
		context_salt       bytea,
		context_commitment bytea,
		name               text,
		name_salt          bytea,
		name_commitment    bytea,
		prev_hash          bytea NOT NULL,
		hash               bytea NOT NULL,
		PRIMARY KEY (customer, seq)
	);
	CREATE UNIQUE INDEX entry_idempotency_key ON trust.entry (customer, idempotency_key)
		WHERE idempotency_key IS NOT NULL;
	CREATE INDEX entry_erased ON trust.entry (customer, seq) WHERE event = 'erased';
	COMMENT ON COLUMN trust.entry.actor_seq IS 'The governance entry by which the actor was what the entry says.';
	COMMENT ON TABLE trust.entry IS 'The history: one row per event, tied to all before it by its hash. Append-only. doc/format.md says how to verify it with any other software.';

	CREATE TABLE trust.parked_change (
		parked    uuid PRIMARY KEY,
		parked_at timestamptz NOT NULL,
		source    text COLLATE "C" NOT NULL,
		tab       text COLLATE "C" NOT NULL,
		trigger   text COLLATE "C" NOT NULL,
		operation text COLLATE "C" NOT NULL CHECK (operation IN ('insert', 'update', 'delete')),
		actor     text COLLATE "C",
		login     text COLLATE "C" NOT NULL,
		role      text COLLATE "C" NOT NULL,
		old_row   jsonb,
		new_row   jsonb,
		sqlstate  text COLLATE "C" NOT NULL,
		error     text NOT NULL
	);
	COMMENT ON TABLE trust.parked_change IS 'Changes of tracked rows that could not be written, and wait for replay_parked(). Read them in view trust.parked.';

	-- The owner's default privileges may have given rights to others: nobody writes here by hand.
	FOR foreign_right IN
		SELECT DISTINCT a.grantee FROM pg_catalog.pg_class c, LATERAL pg_catalog.aclexplode(c.relacl) a
		WHERE c.relnamespace = 'trust'::pg_catalog.regnamespace AND a.grantee <> c.relowner
		UNION
		SELECT a.grantee FROM pg_catalog.pg_namespace n, LATERAL pg_catalog.aclexplode(n.nspacl) a
		WHERE n.nspname = 'trust' AND a.grantee <> n.nspowner
	LOOP
		grantee := CASE foreign_right.grantee WHEN 0 THEN 'PUBLIC' ELSE foreign_right.grantee::pg_catalog.regrole::pg_catalog.text END;
		EXECUTE 'REVOKE ALL ON ALL TABLES IN SCHEMA trust FROM ' || grantee;
		EXECUTE 'REVOKE ALL ON SCHEMA trust FROM ' || grantee;
	END LOOP;
	GRANT USAGE ON SCHEMA trust TO PUBLIC;
END
$$;
COMMENT ON FUNCTION trust_ledger.create_tables() IS
	'Makes schema trust and its tables for the current user. Called by create_ledger().';

CREATE FUNCTION trust_ledger.create_guards() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp SET client_min_messages = warning
AS $$
DECLARE
	guarded record;
	place   regclass;
BEGIN
	-- in the order in which writers take them: they wait, and are not broken off by a deadlock
	LOCK TABLE trust.ledger, trust.chain, trust.entry, trust.promise, trust.source, trust.actor, trust.policy, trust.access, trust.tracking;
	FOR guarded IN
		SELECT * FROM (VALUES
			('entry', 'guard_entry'), ('chain', 'guard_chain'), ('promise', 'guard_promise'), ('source', 'guard_source'),
			('ledger', 'guard_governed'), ('actor', 'guard_governed'),
			('policy', 'guard_governed'), ('access', 'guard_governed'), ('tracking', 'guard_governed')) AS g (tab, guard)
	LOOP
		EXECUTE pg_catalog.format('DROP TRIGGER IF EXISTS trust_guard ON trust.%I', guarded.tab);
		EXECUTE pg_catalog.format('CREATE TRIGGER trust_guard BEFORE INSERT OR UPDATE OR DELETE ON trust.%I FOR EACH ROW EXECUTE FUNCTION trust_ledger.%I()', guarded.tab, guarded.guard);
		-- ALWAYS: session_replication_role = replica must not get past
		EXECUTE pg_catalog.format('ALTER TABLE trust.%I ENABLE ALWAYS TRIGGER trust_guard', guarded.tab);
		-- partitions have the guard of their table's rows, but a TRUNCATE of one fires nothing of the table's
		FOR place IN
			SELECT pg_catalog.format('trust.%I', guarded.tab)::regclass
			UNION
			SELECT relid FROM pg_catalog.pg_partition_tree(pg_catalog.format('trust.%I', guarded.tab)::regclass)
		LOOP
			EXECUTE pg_catalog.format('DROP TRIGGER IF EXISTS trust_guard_truncate ON %s', place);
			EXECUTE pg_catalog.format('CREATE TRIGGER trust_guard_truncate BEFORE TRUNCATE ON %s EXECUTE FUNCTION trust_ledger.guard_truncate()', place);
			EXECUTE pg_catalog.format('ALTER TABLE %s ENABLE ALWAYS TRIGGER trust_guard_truncate', place);
		END LOOP;
	END LOOP;
END
$$;
COMMENT ON FUNCTION trust_ledger.create_guards() IS
	'Puts the guards on the ledger''s tables, or puts them back. Called by create_ledger() and migrate_ledger().';

CREATE FUNCTION trust_ledger.create_scores() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp SET client_min_messages = warning
AS $$
BEGIN
	PERFORM trust_ledger.check_ledger_owner();
	IF EXISTS (SELECT FROM pg_attribute WHERE attrelid = 'trust.chain'::regclass AND attname = 'score' AND NOT attisdropped) THEN
		RETURN;
	END IF;
	ALTER TABLE trust.chain ADD COLUMN score trust_ledger.trust_score NOT NULL DEFAULT 'empty';
	COMMENT ON COLUMN trust.chain.score IS 'What verdicts say of the customer''s promises, as of the last of them; customer_score() adds what is overdue and fades it to now.';
	-- the guard lets nothing but the one way in write here
	DROP TRIGGER IF EXISTS trust_guard ON trust.chain;
	UPDATE trust.chain c SET score = s.score
	FROM (SELECT p.customer, trust_ledger.score_agg(p.weight_kept / 1000.0::float8, p.weight_broken / 1000.0::float8, p.settled_at, l.half_life) AS score
		  FROM trust.promise p, trust.ledger l GROUP BY p.customer) s
	WHERE s.customer = c.customer;
	PERFORM trust_ledger.create_guards();
END
$$;
COMMENT ON FUNCTION trust_ledger.create_scores() IS
	'Adds to the tables what needs the extension''s types: the score that each customer''s chain carries. Called by create_ledger() and migrate_ledger().';

CREATE FUNCTION trust_ledger.create_ledger() RETURNS uuid
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	caller CONSTANT name := CURRENT_USER;
	owner  CONSTANT name := (SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database());
	has    boolean := (SELECT EXISTS (SELECT FROM pg_class c WHERE c.relnamespace = n.oid AND c.relname = 'ledger')
					   FROM pg_namespace n WHERE n.nspname = 'trust');
	made   uuid;
BEGIN
	PERFORM trust_ledger.check_ledger_owner();
	IF has THEN
		PERFORM trust_ledger.check_ledger();
		RAISE EXCEPTION 'there is a ledger in this database already'
			USING ERRCODE = '42710', HINT = 'One ledger per database. After a restore or an update, run SELECT trust_ledger.migrate_ledger();';
	ELSIF NOT has THEN
		RAISE EXCEPTION 'there is a schema "trust" in this database already, and it holds no ledger'
			USING ERRCODE = '42P06', HINT = 'Rename it or drop it: the ledger does not move into a schema that was made by somebody else.';
	END IF;
	-- The ledger belongs to whoever owns the database, also where a superuser calls.
	PERFORM set_config('role', owner, true);
	PERFORM trust_ledger.create_tables();
	PERFORM trust_ledger.create_scores();
	PERFORM trust_ledger.create_guards();
	PERFORM trust_ledger.create_views();
	PERFORM trust_ledger.create_trust_views();
	PERFORM trust_ledger.create_exception_views();
	PERFORM trust_ledger.create_analysis_views();
	PERFORM trust_ledger.create_source_view();
	PERFORM trust_ledger.create_parked_view();
	PERFORM trust_ledger.create_tracked_view();
	PERFORM trust_ledger.found_ledger();
	made := (SELECT ledger FROM trust.ledger);
	PERFORM set_config('role', caller, true);
	RETURN made;
END
$$;
COMMENT ON FUNCTION trust_ledger.create_ledger() IS
	'Makes the ledger of this database: schema trust with its tables, guards and views, owned by the database''s owner, who gets the levels application, analyst, auditor and admin. Returns the ledger''s uuid. Errors: 42710 there is one, 42P06 schema trust is taken, 42501 not the owner, 0A000 the database is not UTF8, TL006 somebody planted one.';

CREATE FUNCTION trust_ledger.migrate_as_owner() RETURNS boolean
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.migrate_as_owner() IS
	'Calls migrate_ledger() as the ledger''s owner, in an operation that cannot take another role: no temporary tables, no deferred triggers. False where that is so already. Called by migrate_ledger(). Errors: 42501 not the owner, 55000, TL006.';

CREATE FUNCTION trust_ledger.migrate_ledger() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	format integer;
BEGIN
	PERFORM trust_ledger.check_ledger_owner();
	-- before anything of schema trust is read: it could be planted
	PERFORM trust_ledger.check_ledger();
	-- again as whoever owns the tables, also where a superuser calls: what is made belongs to
	-- them, and what they planted cannot go back to be the caller, as from SET ROLE it could
	IF trust_ledger.migrate_as_owner() THEN
		RETURN;
	END IF;
	SELECT table_format INTO format FROM trust.ledger;
	IF format IS NULL THEN
		RAISE EXCEPTION 'table "trust.ledger" does not hold a ledger''s settings'
			USING ERRCODE = '55000', HINT = 'Restore its row: it is made once, by create_ledger().';
	ELSIF format <> 1 THEN
		RAISE EXCEPTION 'this version of the extension does not know ledgers of format %', format
			USING ERRCODE = '0A000', HINT = 'Update the extension: ALTER EXTENSION trust_ledger UPDATE;';
	END IF;
	-- There is one format. The next is made from it here: IF format = 1, tables are altered, and table_format is
	-- written past the guard of trust.ledger, as scores are past that of trust.chain; create_guards() puts it back.
	PERFORM trust_ledger.create_scores();
	-- views first: who reads through one has it, and waits for tables
	PERFORM trust_ledger.create_views();
	PERFORM trust_ledger.create_trust_views();
	PERFORM trust_ledger.create_exception_views();
	PERFORM trust_ledger.create_analysis_views();
	PERFORM trust_ledger.create_source_view();
	PERFORM trust_ledger.create_parked_view();
	PERFORM trust_ledger.create_tracked_view();
	PERFORM trust_ledger.create_guards();
END
$$;
COMMENT ON FUNCTION trust_ledger.migrate_ledger() IS
	'Takes the ledger to this version of the extension and puts back guards, views and scores: after an update, a data-only restore, a change of partitions, or DROP EXTENSION ... CASCADE. May be run at any time, by the database''s owner. Changes no entry.';

CREATE FUNCTION trust_ledger.set_ledger(
	half_life interval DEFAULT NULL, weights jsonb DEFAULT NULL, zone text DEFAULT NULL,
	lag interval DEFAULT NULL, reason text DEFAULT NULL,
	actor text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C
SET search_path = pg_catalog, pg_temp SET IntervalStyle = 'iso_8601';
COMMENT ON FUNCTION trust_ledger.set_ledger(interval, jsonb, text, interval, text, text, timestamptz, jsonb, text) IS
	'Changes the ledger''s settings given, leaves the others. half_life of evidence and the longest lag of occurred_at (at most seven days), neither in months; weights as pairs [kept, broken] of thousandths, with kept > repaired > admitted > broken; zone in which days end. Level admin. Errors: TL004, 22023.';

-- The views of schema trust: plain typed columns, for readers only, words for those who may see them.

CREATE FUNCTION trust_ledger.create_views() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	CREATE OR REPLACE VIEW trust.current_promise WITH (security_barrier) AS
	SELECT p.customer, p.promise, p.state,
		p.state IN ('proposed', 'open') AND p.opened_at IS NOT NULL AND p.overdue_at IS NOT NULL
			AND p.overdue_at < pg_catalog.now() AS overdue,
		CASE WHEN (SELECT trust_ledger.reads_words()) THEN p.words END AS words,
		CASE WHEN (SELECT trust_ledger.reads_words()) THEN p.purpose END AS purpose,
		p.promiser, p.promiser_kind, p.drafted_by, p.kind, p.value, p.currency, p.longest_pause,
		p.backer, p.evidence, p.backed_at, p.evidence_asked, p.back_by, p.accepted_at,
		p.made_at, p.opened_at, p.first_due, p.due, p.due_moves, p.overdue_at,
		p.outcome, p.whose_word, p.verdict_evidence, p.relayed, p.purpose_met,
		p.settled_by, p.settled_at, p.weight_kept, p.weight_broken,
		p.recorded_at, p.backfilled, p.terms_seq, p.last_seq,
		p.due_moved_at, p.paused_at, p.paused_until, p.paused_for, p.seen_at, p.declined_at,
		p.unbacked_at, p.unbacked_by, p.former_backer, p.unconfirmed, p.admitted_at, p.repaired_at, p.backfilled_at
	FROM trust.promise p
	WHERE (SELECT trust_ledger.require_reader());
	COMMENT ON VIEW trust.current_promise IS 'Every promise as it is now, one row each. Words only for levels application and auditor.';
	COMMENT ON COLUMN trust.current_promise.overdue IS 'It was open, and is past due and grace: counts as broken until somebody gives a verdict.';
	COMMENT ON COLUMN trust.current_promise.paused_at IS 'Since when its clock stands still; due is reckoned to paused_until meanwhile.';
	COMMENT ON COLUMN trust.current_promise.unconfirmed IS 'The latest entry that was relayed or claimed and waits for the customer''s or a record''s own word.';
	COMMENT ON COLUMN trust.current_promise.seen_at IS 'When a human of the company first had these terms before them; NULL: none has.';
	COMMENT ON COLUMN trust.current_promise.backer IS 'The human who stands behind it by their own act; NULL: nobody.';

	CREATE OR REPLACE VIEW trust.awaiting_backing WITH (security_barrier) AS
	SELECT p.customer, p.promise, p.state,
		CASE WHEN (SELECT trust_ledger.reads_words()) THEN p.words END AS words,
		p.promiser, p.promiser_kind, p.drafted_by, p.kind, p.value, p.currency, p.due,
		p.evidence_asked AS evidence_needed, p.back_by, p.waiting_since
	FROM trust.promise p
	WHERE p.waiting_since IS NOT NULL AND (SELECT trust_ledger.require_reader())
	ORDER BY p.back_by NULLS LAST, p.waiting_since;
	COMMENT ON VIEW trust.awaiting_backing IS 'The inbox of whoever can back: promises that wait for a human, proposed or accepted without one, the most urgent first.';

	CREATE OR REPLACE VIEW trust.policy_rule WITH (security_barrier) AS
	SELECT policy, promiser, promiser_kind, kind, currency, least_value, cumulative, evidence, back_within, grace, due_within
	FROM trust.policy
	WHERE active AND (SELECT trust_ledger.require_reader())
	ORDER BY policy;
	COMMENT ON VIEW trust.policy_rule IS 'The rules in force.';
	COMMENT ON COLUMN trust.policy_rule.cumulative IS 'least_value is compared with what the customer''s open promises in that currency come to, the new one included.';

	CREATE OR REPLACE VIEW trust.access_level WITH (security_barrier) AS
	SELECT a.role, l.level
	FROM trust.access a, LATERAL pg_catalog.unnest(a.levels) AS l (level)
	WHERE (SELECT trust_ledger.require_reader())
	ORDER BY a.role, l.level;
	COMMENT ON VIEW trust.access_level IS 'Which database role has which level.';

	GRANT SELECT ON trust.current_promise, trust.awaiting_backing, trust.policy_rule, trust.access_level TO PUBLIC;
END
$$;
COMMENT ON FUNCTION trust_ledger.create_views() IS
	'Makes the views of schema trust, or makes them anew. Called by create_ledger() and migrate_ledger().';

CREATE FUNCTION trust_ledger.create_trust_views() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	of  record;
	col record;
BEGIN
	FOR of IN
		SELECT * FROM (VALUES
			('customer_trust', 'customer', 'How promises to each customer are kept.'),
			('promiser_trust', 'promiser', 'How each promiser''s promises are kept.'),
			('backer_trust', 'backer', 'How the promises that each human stands behind are kept; without those that nobody backs.'),
			('kind_trust', 'kind', 'How promises of each kind are kept; NULL: no kind was said.')) AS v (view, key, comment)
	LOOP
		EXECUTE format($view$
			CREATE OR REPLACE VIEW trust.%I WITH (security_barrier) AS
			SELECT %2$I, score,
				trust_ledger.expectation(score) AS expectation, trust_ledger.lower_bound(score) AS lower_bound,
				trust_ledger.uncertainty(score) AS uncertainty,
				trust_ledger.kept(score) AS evidence_kept, trust_ledger.broken(score) AS evidence_broken,
				promises, proposed, open, overdue, kept, partly_kept, broken, released, withdrawn,
				backed / promises::float8 AS share_backed, asserted / promises::float8 AS share_asserted,
				session / promises::float8 AS share_session, passkey / promises::float8 AS share_passkey,
				by_company / nullif(verdicts, 0)::float8 AS share_company_word,
				withdrawn_late, released_late, due_moved, median_time_to_keep
			FROM (
				SELECT p.%2$I,
					trust_ledger.decay(trust_ledger.fuse(
						trust_ledger.score_agg(p.weight_kept / 1000::float8, p.weight_broken / 1000::float8, p.settled_at, (SELECT half_life FROM trust.ledger)),
						trust_ledger.score_agg(0, 1, now(), (SELECT half_life FROM trust.ledger)) FILTER (WHERE o.overdue)), now()) AS score,
					count(*) AS promises,
					count(*) FILTER (WHERE p.state = 'proposed') AS proposed,
					count(*) FILTER (WHERE p.state = 'open') AS open,
					count(*) FILTER (WHERE o.overdue) AS overdue,
					count(*) FILTER (WHERE p.state = 'kept') AS kept,
					count(*) FILTER (WHERE p.state = 'partly_kept') AS partly_kept,
					count(*) FILTER (WHERE p.state = 'broken') AS broken,
					count(*) FILTER (WHERE p.state = 'released') AS released,
					count(*) FILTER (WHERE p.state = 'withdrawn') AS withdrawn,
					count(p.backer) AS backed,
					count(*) FILTER (WHERE p.evidence = 'asserted') AS asserted,
					count(*) FILTER (WHERE p.evidence = 'session') AS session,
					count(*) FILTER (WHERE p.evidence = 'passkey') AS passkey,
					count(p.outcome) AS verdicts,
					count(*) FILTER (WHERE p.whose_word = 'company') AS by_company,
					count(*) FILTER (WHERE p.settled_by = 'withdrawn' AND p.outcome IS NOT NULL) AS withdrawn_late,
					count(*) FILTER (WHERE p.settled_by = 'released' AND p.due < p.settled_at) AS released_late,
					count(*) FILTER (WHERE p.due_moves > 0) AS due_moved,
					percentile_cont(0.5) WITHIN GROUP (ORDER BY p.settled_at - p.made_at) FILTER (WHERE p.outcome = 'kept') AS median_time_to_keep
				FROM trust.promise p
				CROSS JOIN LATERAL (SELECT p.state IN ('proposed', 'open') AND p.opened_at IS NOT NULL
					AND p.overdue_at IS NOT NULL AND p.overdue_at < now() AS overdue) o
				WHERE (p.%2$I IS NOT NULL OR %2$L <> 'backer') AND (SELECT trust_ledger.require_reader())
				GROUP BY p.%2$I) g
			$view$, of.view, of.key);
		EXECUTE format('GRANT SELECT ON trust.%I TO PUBLIC', of.view);
		EXECUTE format('COMMENT ON VIEW trust.%I IS %L', of.view, of.comment);
		FOR col IN
			SELECT * FROM (VALUES
				(of.key::text, 'What the row is about.'),
				('score', 'The trust score of now: verdicts, faded, and what is overdue.'),
				('expectation', 'How probable it is that the next promise is kept, 0 to 1, at a base rate of 1/2.'),
				('lower_bound', 'What the true rate of keeping exceeds with 95 % confidence, 0 to 1: rank by this.'),
				('uncertainty', '1: nothing is known; towards 0: much is.'),
				('evidence_kept', 'Evidence of promises kept, in promises, faded to now.'),
				('evidence_broken', 'Evidence of promises broken or overdue, in promises, faded to now.'),
				('promises', 'How many there are, in all states.'),
				('proposed', 'How many wait for a human.'),
				('open', 'How many bind, without a verdict.'),
				('overdue', 'How many, of those proposed or open, were open and are past due and grace: they count as broken.'),
				('kept', 'How many stand as kept.'),
				('partly_kept', 'How many stand as partly kept.'),
				('broken', 'How many stand as broken.'),
				('released', 'How many the customer released.'),
				('withdrawn', 'How many the company took back in time.'),
				('share_backed', 'Share of promises that a human stands, or stood at the end, behind, 0 to 1.'),
				('share_asserted', 'Share of promises backed by what the application says, 0 to 1.'),
				('share_session', 'Share of promises backed from the human''s own login, 0 to 1.'),
				('share_passkey', 'Share of promises backed by the human''s signature, 0 to 1.'),
				('share_company_word', 'Share of verdicts that rest on the company''s word alone, 0 to 1; NULL: no verdicts.'),
				('withdrawn_late', 'How many the company took back after acceptance or due: broken by that, whatever was said since.'),
				('released_late', 'How many the customer released after due.'),
				('due_moved', 'How many had their due moved, once or more.'),
				('median_time_to_keep', 'Median of the time from promise to verdict, of those kept.')) AS c (name, comment)
		LOOP
			EXECUTE format('COMMENT ON COLUMN trust.%I.%I IS %L', of.view, col.name, col.comment);
		END LOOP;
	END LOOP;
END
$$;
COMMENT ON FUNCTION trust_ledger.create_trust_views() IS
	'Makes the views of scores in schema trust, or makes them anew. Called by create_ledger() and migrate_ledger().';

CREATE FUNCTION trust_ledger.act_as(actor text) RETURNS text
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.act_as(text) IS
	'Who acts in this transaction, where a call names nobody; gone with the transaction or the savepoint. Returns the actor. Errors: 42704 not registered, TL003 retired or not this login''s to act as, TL004.';

CREATE FUNCTION trust_ledger.register_actor(
	actor text, kind text, name text DEFAULT NULL, speaks_for text DEFAULT 'company',
	responsible text DEFAULT NULL, db_role text DEFAULT NULL, model text DEFAULT NULL,
	authority jsonb DEFAULT NULL, customer text DEFAULT NULL, reason text DEFAULT NULL,
	acting text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C
SET search_path = pg_catalog, pg_temp SET IntervalStyle = 'iso_8601';
COMMENT ON FUNCTION trust_ledger.register_actor(text, text, text, text, text, text, text, jsonb, text, text, text, timestamptz, jsonb, text) IS
	'Registers an actor, or says anew all that is known of one. kind: human, ai, system; machines name the human responsible, an ai its model; speaks_for: company, customer (of one customer only, if given), record (system actors); db_role: their own database login; authority: the most a human may back per currency, e.g. {"EUR": 5000}, NULL without limit. kind and speaks_for never change. Level admin. Errors: TL003, TL004, 22023, 23505, 42704.';

CREATE FUNCTION trust_ledger.retire_actor(
	actor text, successor text DEFAULT NULL, reason text DEFAULT NULL,
	acting text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C
SET search_path = pg_catalog, pg_temp SET IntervalStyle = 'iso_8601';
COMMENT ON FUNCTION trust_ledger.retire_actor(text, text, text, text, timestamptz, jsonb, text) IS
	'The actor acts no more; what they did stays. A human who answers for active machines needs a successor who takes them. Level admin. Errors: TL003, TL004, 42704.';

CREATE FUNCTION trust_ledger.set_policy(
	policy text, promiser text DEFAULT NULL, promiser_kind text DEFAULT NULL,
	kind text DEFAULT NULL, currency text DEFAULT NULL, least_value numeric DEFAULT NULL,
	cumulative boolean DEFAULT false,
	evidence text DEFAULT NULL, back_within interval DEFAULT NULL, grace interval DEFAULT NULL,
	due_within interval DEFAULT NULL, reason text DEFAULT NULL,
	actor text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C
SET search_path = pg_catalog, pg_temp SET IntervalStyle = 'iso_8601';
COMMENT ON FUNCTION trust_ledger.set_policy(text, text, text, text, text, numeric, boolean, text, interval, interval, interval, text, text, timestamptz, jsonb, text) IS
	'Sets a rule: for promises that match promiser, promiser_kind, kind, currency and value >= least_value, as far as given, a human must back with evidence (asserted < session < passkey), back_within a time; they get a grace after due, and a due time if they name none. All matching rules hold, the strictest of each; what a promise leaves unsaid, or states in a kind or currency that no rule knows, matches. A cumulative rule compares what all the customer''s open promises in the promise''s currency come to with it, whatever their kind and promiser. Intervals without months. Level admin.';

CREATE FUNCTION trust_ledger.drop_policy(
	policy text, reason text DEFAULT NULL,
	actor text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C
SET search_path = pg_catalog, pg_temp SET IntervalStyle = 'iso_8601';
COMMENT ON FUNCTION trust_ledger.drop_policy(text, text, text, timestamptz, jsonb, text) IS
	'The rule holds no more; that it did stays in the history. Level admin. Errors: TL004, 42704 no such rule.';

CREATE FUNCTION trust_ledger.state_machine(
	OUT event text, OUT state text, OUT leads_to text[]) RETURNS SETOF record
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 64;
COMMENT ON FUNCTION trust_ledger.state_machine() IS
	'The life of a promise as a table: each event in each state, and where it may lead; leads_to is empty where the state does not allow the event.';

CREATE FUNCTION trust_ledger.make_promise(
	customer text, words text, promiser text DEFAULT NULL, kind text DEFAULT NULL,
	due timestamptz DEFAULT NULL, due_on date DEFAULT NULL, value numeric DEFAULT NULL,
	currency text DEFAULT NULL, purpose text DEFAULT NULL, drafted_by text DEFAULT NULL,
	longest_pause interval DEFAULT NULL,
	actor text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.make_promise(text, text, text, text, timestamptz, date, numeric, text, text, text, interval, text, timestamptz, jsonb, text) IS
	'Makes a promise to a customer, in the words they were given. promiser: whoever acts, if left out. due: an instant; due_on: the end of that day in the ledger''s zone. Open where policy asks for nobody or the human promiser acts themselves with evidence and authority enough; else proposed until a human backs it. Levels application, import. Errors: 22003, 22023, 42704, TL003, TL004.';

CREATE FUNCTION trust_ledger.amend_promise(
	promise uuid, words text DEFAULT NULL, kind text DEFAULT NULL,
	due timestamptz DEFAULT NULL, due_on date DEFAULT NULL, value numeric DEFAULT NULL,
	currency text DEFAULT NULL, purpose text DEFAULT NULL, drafted_by text DEFAULT NULL,
	longest_pause interval DEFAULT NULL, clear text[] DEFAULT NULL, reason text DEFAULT NULL,
	relayed boolean DEFAULT false, customer text DEFAULT NULL,
	actor text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.amend_promise(uuid, text, text, timestamptz, date, numeric, text, text, text, interval, text[], text, boolean, text, text, timestamptz, jsonb, text) IS
	'Changes the terms given, clears those named in clear (kind, due, value, currency, purpose, longest_pause), keeps the others; voids the backing. What the customer accepted, or is past due, is amended by an actor that speaks for the customer; relayed: a company actor passes on that the customer accepts the new terms, and the old ones stand until it is confirmed. Levels application, import. Errors: TL001, TL003, TL004, 22023, P0002.';

CREATE TYPE trust_ledger.new_promise AS (
	customer        text,
	words           text,
	promiser        text,
	kind            text,
	due             timestamptz,
	due_on          date,
	value           numeric,
	currency        text,
	purpose         text,
	drafted_by      text,
	longest_pause   interval,
	actor           text,
	occurred_at     timestamptz,
	context         jsonb,
	idempotency_key text
);
COMMENT ON TYPE trust_ledger.new_promise IS
	'One element of make_promises(): the arguments of make_promise(), by the same names and in the same order; NULL stands for left out.';

CREATE FUNCTION trust_ledger.make_promises(promises trust_ledger.new_promise[])
RETURNS SETOF trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.make_promises(trust_ledger.new_promise[]) IS
	'Makes many promises at once, each as make_promise() would with the same arguments; all of them or none. Returns their receipts in the order of the array. Locks customers in the order of their keys, so that batches do not deadlock. Levels application, import. Errors: as make_promise(), naming the element; 22004 no array or an element that is NULL, 2202E more than one dimension, 22023 one idempotency key twice for a customer.';

CREATE FUNCTION trust_ledger.back_promise(
	promise uuid, customer text DEFAULT NULL,
	actor text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.back_promise(uuid, text, text, timestamptz, jsonb, text) IS
	'The acting human stands behind the promise''s terms as they are now; of an open promise they replace the backer. Levels application, import. Errors: TL001 state, TL002 evidence too weak or authority too small, TL003 no human, not the company''s, or retired, TL004, P0002.';

CREATE FUNCTION trust_ledger.decline_promise(
	promise uuid, reason text DEFAULT NULL, customer text DEFAULT NULL,
	actor text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.decline_promise(uuid, text, text, text, timestamptz, jsonb, text) IS
	'The acting human looked at the terms and does not stand behind them: the promise stays proposed, and out of the inbox, until it is amended. Levels application, import. Errors: TL001 state, or declined already; TL003 no human, or not the company''s; TL004, P0002.';

CREATE FUNCTION trust_ledger.withdraw_backing(
	promise uuid, reason text DEFAULT NULL, customer text DEFAULT NULL,
	actor text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.withdraw_backing(uuid, text, text, text, timestamptz, jsonb, text) IS
	'The acting backer no longer stands behind the promise. It is proposed again where policy asks for a human, unless the customer accepted it or it is past due: then it stays open without a backer. Levels application, import. Errors: TL001, TL003 not its backer, TL004, P0002.';

CREATE FUNCTION trust_ledger.accept_promise(
	promise uuid, relayed boolean DEFAULT false, customer text DEFAULT NULL,
	actor text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.accept_promise(uuid, boolean, text, text, timestamptz, jsonb, text) IS
	'The customer relies on the promise: from now on it counts, even if no human ever stood behind it. By an actor that speaks for this customer; relayed: by a company actor who passes on that they do, which does not stand until it is confirmed where the promise was open and is past due, or is proposed and is their own. Levels application, import. Errors: TL001, TL003, TL004, 22023, P0002.';

CREATE FUNCTION trust_ledger.withdraw_promise(
	promise uuid, reason text DEFAULT NULL, customer text DEFAULT NULL,
	actor text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.withdraw_promise(uuid, text, text, text, timestamptz, jsonb, text) IS
	'The company takes its promise back: one that never was open, or before acceptance and in time, is withdrawn; after either it is broken. By an actor that speaks for the company. Levels application, import. Errors: TL001, TL003, TL004, P0002.';

CREATE FUNCTION trust_ledger.release_promise(
	promise uuid, reason text DEFAULT NULL, relayed boolean DEFAULT false, customer text DEFAULT NULL,
	actor text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.release_promise(uuid, text, boolean, text, text, timestamptz, jsonb, text) IS
	'The customer lets the company off. By an actor that speaks for this customer; relayed: by a company actor who passes on that they do, which does not stand until it is confirmed where the company could not withdraw the promise any more. Levels application, import. Errors: TL001, TL003, TL004, 22023, P0002.';

CREATE FUNCTION trust_ledger.assess_promise(
	promise uuid, verdict text, relayed boolean DEFAULT false, purpose_met boolean DEFAULT NULL,
	reason text DEFAULT NULL, customer text DEFAULT NULL,
	actor text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.assess_promise(uuid, text, boolean, boolean, text, text, text, timestamptz, jsonb, text) IS
	'A verdict: kept, partly_kept or broken, and whether the purpose was met. Whose word it is follows from who acts: customer > record > company; a lower word is recorded and does not stand, the receipt''s state is what stands. relayed: a company actor passes on what the customer said. Levels application, import. Errors: TL001, TL003 praise relayed on one''s own promise, TL004, 22023, P0002.';

CREATE FUNCTION trust_ledger.pause_promise(
	promise uuid, reason text DEFAULT NULL, customer text DEFAULT NULL,
	actor text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.pause_promise(uuid, text, text, text, timestamptz, jsonb, text) IS
	'The promise''s clock stands still while the customer is awaited: due moves by what is left of the longest pause that the terms state, all pauses together; resume_promise() takes back what was not used. Before due only. By an actor that speaks for the company or a record. Levels application, import. Errors: TL001 state, past due, no due, no pause allowed or left; TL003, TL004, P0002.';

CREATE FUNCTION trust_ledger.resume_promise(
	promise uuid, reason text DEFAULT NULL, customer text DEFAULT NULL,
	actor text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.resume_promise(uuid, text, text, text, timestamptz, jsonb, text) IS
	'The clock runs again: due has moved by as long as the pause lasted. By anybody who acts. Levels application, import. Errors: TL001 state, or not paused; TL004, 22008, P0002.';

CREATE FUNCTION trust_ledger.admit_breach(
	promise uuid, reason text DEFAULT NULL, customer text DEFAULT NULL,
	actor text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.admit_breach(uuid, text, text, text, timestamptz, jsonb, text) IS
	'The company says before due, by the ledger''s clock, that it will break the promise: broken from now on, for less than a breach that others find, whoever says later that it is broken. By an actor that speaks for the company. Levels application, import. Errors: TL001 state, past due, no due; TL003, TL004, P0002.';

CREATE FUNCTION trust_ledger.repair_breach(
	promise uuid, how text, customer text DEFAULT NULL,
	actor text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.repair_breach(uuid, text, text, text, timestamptz, jsonb, text) IS
	'What was broken was made good, and how. The promise stays broken and weighs less: at once over the company''s own verdict; over a customer''s or a record''s once they confirm it with confirm_relayed(). Levels application, import. Errors: TL001 state, or repaired already; TL004, 22004, 22023, P0002.';

CREATE FUNCTION trust_ledger.add_note(
	promise uuid, note text, customer text DEFAULT NULL,
	actor text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.add_note(uuid, text, text, text, timestamptz, jsonb, text) IS
	'A note in the promise''s history, in any state; it changes nothing else. Levels application, import. Errors: TL004, 22004, 22023, P0002.';

CREATE FUNCTION trust_ledger.confirm_relayed(
	promise uuid, entry bigint DEFAULT NULL, reason text DEFAULT NULL, customer text DEFAULT NULL,
	actor text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.confirm_relayed(uuid, bigint, text, text, text, timestamptz, jsonb, text) IS
	'The customer or a system of record says what the company relayed, an acceptance, release, amendment or verdict, or confirms a repair, in their own name and with their own weight. entry: its number; if left out, the one that waits. Levels application, import. Errors: TL001 nothing waits, confirmed already, terms that changed since; TL003 by the company, or over a higher word; TL004, 22023 no such claim, or more than one waits; P0002.';

CREATE FUNCTION trust_ledger.erase_words(
	promise uuid, reason text, customer text DEFAULT NULL,
	actor text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME', 'erase_promise_words' LANGUAGE C
SET search_path = pg_catalog, pg_temp SET IntervalStyle = 'iso_8601';
COMMENT ON FUNCTION trust_ledger.erase_words(uuid, text, text, text, timestamptz, jsonb, text) IS
	'What people wrote in the promise''s entries so far goes, with its salts: words, purpose, reasons, notes, contexts. Every hash still verifies; an entry says who erased it, when and why. Level admin. Errors: TL004, 22004 no reason, P0002 no such promise, or nothing to erase.';

CREATE FUNCTION trust_ledger.erase_words(
	customer text, seq bigint, reason text,
	actor text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME', 'erase_entry_words' LANGUAGE C
SET search_path = pg_catalog, pg_temp SET IntervalStyle = 'iso_8601';
COMMENT ON FUNCTION trust_ledger.erase_words(text, bigint, text, text, timestamptz, jsonb, text) IS
	'What people wrote in that one entry goes, with its salts; where other entries of its promise repeat its words or purpose, from these too. customer '''' is governance: an actor''s name and reasons. Level admin. Errors: TL004, 22004, P0002 no such entry, or nothing to erase.';

CREATE FUNCTION trust_ledger.erase_customer(
	customer text, reason text,
	actor text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C
SET search_path = pg_catalog, pg_temp SET IntervalStyle = 'iso_8601';
COMMENT ON FUNCTION trust_ledger.erase_customer(text, text, text, timestamptz, jsonb, text) IS
	'What people wrote in all entries of that customer goes, with its salts; one entry per promise says so. What is not words stays: states, verdicts, times, values, keys. Level admin. Errors: TL004, 22004, P0002 nothing to erase.';

CREATE FUNCTION trust_ledger.history(
	promise uuid, customer text DEFAULT NULL,
	OUT seq bigint, OUT recorded_at timestamptz, OUT occurred_at timestamptz, OUT event text,
	OUT actor text, OUT description text, OUT state text, OUT evidence text,
	OUT backfilled boolean, OUT login text, OUT role text, OUT context jsonb, OUT hash bytea)
RETURNS SETOF record
AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 10 COST 1000;
COMMENT ON FUNCTION trust_ledger.history(uuid, text) IS
	'A promise''s entries, oldest first, each described in words. Levels application, auditor. Errors: TL004, P0002 no such promise.';

-- Scores of customers and promisers, of now and of other times, and what they rest on.

CREATE FUNCTION trust_ledger.customer_score(
	customer text, as_of timestamptz DEFAULT NULL, known_at timestamptz DEFAULT NULL)
RETURNS trust_ledger.trust_score
AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL RESTRICTED COST 100;
COMMENT ON FUNCTION trust_ledger.customer_score(text, timestamptz, timestamptz) IS
	'How the promises made to that customer were kept; overdue ones count as broken. as_of: what had happened by then, and faded to then; not in the future. known_at: what the ledger had recorded by then, with the half-life of then (recording precedes commit by a moment). No promises: empty. Level application, analyst, auditor or admin. Errors: TL004, 22004, 22008.';

CREATE FUNCTION trust_ledger.promiser_score(
	actor text, as_of timestamptz DEFAULT NULL, known_at timestamptz DEFAULT NULL)
RETURNS trust_ledger.trust_score
AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL RESTRICTED COST 10000;
COMMENT ON FUNCTION trust_ledger.promiser_score(text, timestamptz, timestamptz) IS
	'How that actor''s promises were kept; else as customer_score(). Errors: TL004, 22004, 22008, 42704 no such actor.';

CREATE FUNCTION trust_ledger.explain_trust(
	by text, of_key text DEFAULT NULL, as_of timestamptz DEFAULT NULL, known_at timestamptz DEFAULT NULL,
	OUT customer text, OUT promise uuid, OUT promiser text, OUT backer text, OUT kind text,
	OUT outcome text, OUT whose_word text, OUT at timestamptz,
	OUT weight_kept float8, OUT weight_broken float8, OUT age interval, OUT fading float8,
	OUT share float8, OUT score trust_ledger.trust_score)
RETURNS SETOF record
AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL RESTRICTED COST 10000 ROWS 100;
COMMENT ON FUNCTION trust_ledger.explain_trust(text, text, timestamptz, timestamptz) IS
	'What each promise puts into the score of a customer, promiser, backer, kind, backing (backed, unbacked), or of all: weights from 0 to 1, the instant they are reckoned at, their age, the fading 2^(-age/half-life), the share of all evidence, and the promise''s own score. sum(score) over the rows is the score: as of an instant to the bit, of now to rounding. Promises that weigh nothing have no row. as_of and known_at as of customer_score(). Level application, analyst, auditor or admin. Errors: TL004, 22004, 22008, 22023.';

CREATE FUNCTION trust_ledger.trust_trend(
	by text, step interval DEFAULT '1 month', since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL,
	basis text DEFAULT 'occurred', of_key text DEFAULT NULL,
	OUT key text, OUT step_from timestamptz, OUT step_until timestamptz, OUT score trust_ledger.trust_score,
	OUT expectation float8, OUT uncertainty float8, OUT opened bigint, OUT kept bigint,
	OUT partly_kept bigint, OUT broken bigint, OUT overdue bigint)
RETURNS SETOF record
AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000000 ROWS 1000;
COMMENT ON FUNCTION trust_ledger.trust_trend(text, interval, timestamptz, timestamptz, text, text) IS
	'How trust moved, by customer, promiser, backer, kind, backing (backed, unbacked) or all: for each step [step_from, step_until) the score at its last instant, how many promises were opened, became kept, partly kept or broken in it, and how many were overdue at its end. Every key with a promise has every step. Steps are counted from since in the session''s time zone; none goes beyond now. basis occurred: as things happened; recorded: as the ledger learned of them. of_key: that one only. One half-life, the ledger''s now, for all steps. Level application, analyst, auditor or admin. Errors: TL004, 22004, 22008, 22023, 54000.';

CREATE FUNCTION trust_ledger.sparkline(numbers float8[]) RETURNS text
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION trust_ledger.sparkline(float8[]) IS
	'Numbers as a row of bars, from the least to the most of them; a space where there is none, or none that is finite.';

-- Whether a human behind a promise makes a difference.

CREATE FUNCTION trust_ledger.human_backing(
	landmark interval DEFAULT '1 hour',
	OUT scope text, OUT evidence text, OUT month date, OUT kind text, OUT promiser_kind text, OUT value_band text,
	OUT backed_promises bigint, OUT backed_undecided bigint, OUT backed_too_early bigint, OUT backed_decided bigint,
	OUT backed_kept bigint, OUT backed_rate float8, OUT backed_accepted float8,
	OUT unbacked_promises bigint, OUT unbacked_undecided bigint, OUT unbacked_too_early bigint, OUT unbacked_decided bigint,
	OUT unbacked_kept bigint, OUT unbacked_rate float8, OUT unbacked_accepted float8,
	OUT difference float8, OUT difference_low float8, OUT difference_high float8)
RETURNS SETOF record
AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000000 ROWS 1000
SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION trust_ledger.human_backing(interval) IS
	'Kept rates of promises that a human stood behind one landmark after they were made, and of those that nobody did: per stratum (month, kind, promiser''s kind, value band), raw over all promises, and within_strata, weighted as Cochran (1954) does, over strata that have decided promises of both. evidence any, or those backed with that evidence against all unbacked. difference: of the posterior means under a Beta(1,1) prior, with a normal approximation to its 95 % interval. Association, not effect. landmark neither negative nor in months. Level application, analyst, auditor or admin. Errors: TL004, 22004, 22023.';

-- What an auditor asks about, row by row: exceptions, what is overdue, what nobody stands behind any more.

CREATE FUNCTION trust_ledger.policy_is_weaker(old jsonb, new jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp SET IntervalStyle = 'iso_8601'
AS $$
	SELECT coalesce((old->>'active')::boolean, false) AND (
		NOT coalesce((new->>'active')::boolean, false)
		-- it asks for less: who sets a time to back within asks for somebody to back
		OR coalesce(array_position(ranks, new->>'evidence'), CASE WHEN new->>'back_within' IS NULL THEN 0 ELSE 1 END)
			< coalesce(array_position(ranks, old->>'evidence'), CASE WHEN old->>'back_within' IS NULL THEN 0 ELSE 1 END)
		OR coalesce((new->>'back_within')::interval > (old->>'back_within')::interval, old->>'back_within' IS NOT NULL)
		OR coalesce((new->>'grace')::interval, '0') > coalesce((old->>'grace')::interval, '0')
		OR coalesce((new->>'due_within')::interval > (old->>'due_within')::interval, old->>'due_within' IS NOT NULL)
		-- it speaks of fewer promises
		OR coalesce((new->>'least_value')::numeric, 0) > coalesce((old->>'least_value')::numeric, 0)
		OR coalesce((old->>'cumulative')::boolean, false) AND NOT coalesce((new->>'cumulative')::boolean, false)
		OR new->>'promiser' IS NOT NULL AND new->>'promiser' IS DISTINCT FROM old->>'promiser'
		OR new->>'promiser_kind' IS NOT NULL AND new->>'promiser_kind' IS DISTINCT FROM old->>'promiser_kind'
		OR new->>'kind' IS NOT NULL AND new->>'kind' IS DISTINCT FROM old->>'kind'
		OR new->>'currency' IS NOT NULL AND new->>'currency' IS DISTINCT FROM old->>'currency')
	FROM (VALUES ('{asserted,session,passkey}'::text[])) AS e (ranks)
$$;
COMMENT ON FUNCTION trust_ledger.policy_is_weaker(jsonb, jsonb) IS
	'Whether a rule as new, in the details of governance entries, asks for less than as old, or of fewer promises: in any one respect. What is left out or null is not asked; an old that was not in force, or NULL, is never weaker than anything, and no rule at all (NULL) is weaker than one in force.';

CREATE FUNCTION trust_ledger.create_exception_views() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	overdue CONSTANT text := $sql$p.state IN ('proposed', 'open') AND p.opened_at IS NOT NULL AND p.overdue_at IS NOT NULL AND p.overdue_at < now()$sql$;
	undecided CONSTANT text := $sql$p.state IN ('proposed', 'open')$sql$;
	retired CONSTANT text := $sql$EXISTS (SELECT FROM trust.actor a WHERE a.actor = p.backer AND NOT a.active)$sql$;
	retired_at CONSTANT text := $sql$(SELECT e.recorded_at FROM trust.actor a JOIN trust.entry e ON e.customer = '' AND e.seq = a.seq WHERE a.actor = p.backer)$sql$;
	drafter_kind CONSTANT text := $sql$coalesce((SELECT a.kind FROM trust.actor a WHERE a.actor = p.drafted_by), p.promiser_kind)$sql$;
	ran_out CONSTANT text := $sql$p.paused_at IS NOT NULL AND p.paused_until < now()$sql$;
	promises text;
	col record;
BEGIN
	-- Each kind of exception that a promise's row tells, in the words of SQL. %s is put together of what is above.
	SELECT string_agg(format($view$
		SELECT %L::text AS what, %s AS since, p.customer, p.promise, %s AS subject, p.promiser, p.kind, p.state, %s AS detail
		FROM trust.promise p
		WHERE %s AND (SELECT trust_ledger.require_reader())
		$view$, what, since, coalesce(subject, 'NULL::text'), detail, applies), ' UNION ALL ')
	INTO promises
	FROM (VALUES
		('unbacked', 'coalesce(p.waiting_since, p.opened_at, p.recorded_at)', NULL,
			$sql$format('policy asks for evidence %s, and nobody stands behind it', p.evidence_asked)$sql$,
			$sql$p.evidence_asked IS NOT NULL AND p.backer IS NULL AND p.state <> 'withdrawn' AND NOT (p.state = 'proposed' AND p.declined_at IS NOT NULL)$sql$),
		('backing_overdue', 'p.back_by', NULL,
			$sql$format('to be backed by %s, waits since %s', p.back_by, p.waiting_since)$sql$,
			'p.waiting_since IS NOT NULL AND p.back_by < now()'),
		('overdue', 'p.overdue_at', NULL,
			$sql$format('was due %s, and nobody has given a verdict', p.due)$sql$,
			overdue),
		('backer_retired', retired_at, 'p.backer',
			$sql$'whoever stands behind it is retired'$sql$,
			undecided || ' AND ' || retired),
		('backing_withdrawn', 'p.unbacked_at', 'p.former_backer',
			$sql$'whoever stood behind it does no more, and nobody else does'$sql$,
			undecided || $sql$ AND p.backer IS NULL AND p.unbacked_by = 'backing_withdrawn'$sql$),
		('relied_on_unbacked', 'p.accepted_at', NULL,
			$sql$'the customer accepted it, and nobody ever stood behind it'$sql$,
			'p.accepted_at IS NOT NULL AND p.backer IS NULL AND p.unbacked_at IS NULL'),
		('machine_words_unseen', 'p.recorded_at', 'coalesce(p.drafted_by, p.promiser)',
			format($sql$format('words by %%s (%%s), which no human of the company''s had before them', coalesce(p.drafted_by, p.promiser), %s)$sql$, drafter_kind),
			format($sql$p.seen_at IS NULL AND p.state <> 'withdrawn' AND %s <> 'human'$sql$, drafter_kind)),
		('backfilled', 'p.backfilled_at', NULL,
			$sql$CASE WHEN p.backfilled THEN 'made long before it was entered' ELSE 'what happened to it was entered long after' END$sql$,
			'p.backfilled_at IS NOT NULL'),
		('due_moved', 'p.due_moved_at', NULL,
			$sql$format('moved %s, first due %s, now %s', CASE p.due_moves WHEN 1 THEN 'once' ELSE p.due_moves || ' times' END, p.first_due, coalesce(p.due::text, 'without a due time'))$sql$,
			'p.due_moves > 0'),
		('withdrawn_late', 'p.settled_at', NULL,
			$sql$format('withdrawn after acceptance or due, stands as %s', p.outcome)$sql$,
			$sql$p.settled_by = 'withdrawn' AND p.outcome IS NOT NULL$sql$),
		('released_late', 'p.settled_at', NULL,
			$sql$format('was due %s', p.due)$sql$,
			$sql$p.settled_by = 'released' AND p.due < p.settled_at$sql$),
		('long_pause', format('CASE WHEN %s THEN p.paused_until ELSE coalesce(p.paused_at, p.recorded_at) END', ran_out), NULL,
			format($sql$CASE WHEN %s THEN format('the pause since %%s ran out', p.paused_at) ELSE format('paused for %%s of %%s first promised', p.paused_for, p.first_due - p.made_at) END$sql$, ran_out),
			format('(%s OR p.paused_for > (p.first_due - p.made_at) / 2)', ran_out)),
		('company_word_only', 'p.settled_at', NULL,
			$sql$format('%s, by the company''s word alone', p.outcome)$sql$,
			$sql$p.outcome IS NOT NULL AND p.whose_word = 'company'$sql$),
		('admitted_and_kept', 'p.admitted_at', NULL,
			$sql$'a breach was admitted beforehand, and it stands as kept'$sql$,
			$sql$p.admitted_at IS NOT NULL AND p.outcome = 'kept'$sql$),
		('no_due', 'p.made_at', NULL,
			$sql$'it can never be overdue'$sql$,
			undecided || ' AND p.due IS NULL')) AS v (what, since, subject, detail, applies);

	EXECUTE 'CREATE OR REPLACE VIEW trust.exception WITH (security_barrier) AS' || promises || $view$
	UNION ALL
	SELECT 'unconfirmed', e.recorded_at, p.customer, p.promise, e.actor, p.promiser, p.kind, p.state,
		format('entry %s, %s, waits for the customer''s or a record''s own word', e.seq, concat_ws(' ', e.event, e.verdict))
	FROM trust.promise p JOIN trust.entry e ON e.customer = p.customer AND e.promise = p.promise AND (e.relayed OR e.event = 'breach_repaired' AND NOT e.stands)
	-- a promise says which was the last; none before it hides behind that
	WHERE p.unconfirmed IS NOT NULL AND (SELECT trust_ledger.require_reader())
		AND NOT EXISTS (SELECT FROM trust.entry o WHERE o.customer = e.customer AND o.promise = e.promise AND o.seq > e.seq AND o.speaks_for <> 'company'
			AND o.event IN ('accepted', 'amended', 'assessed', 'released', 'breach_repaired') AND o.stands IS NOT FALSE)
	UNION ALL
	SELECT 'row_deleted', e.recorded_at, p.customer, p.promise, s.source, p.promiser, p.kind, p.state,
		format('its row %s%s is gone, and nothing has ended it', s.key, CASE WHEN s.name <> '' THEN format(' (%s)', s.name) END)
	FROM trust.source s JOIN trust.promise p ON p.customer = s.customer AND p.promise = s.promise
	JOIN trust.entry e ON e.customer = s.customer AND e.seq = s.seq
	WHERE s.gone AND p.state IN ('proposed', 'open') AND e.details->>'row' = 'deleted' AND (SELECT trust_ledger.require_reader())
	UNION ALL
	SELECT 'erased', e.recorded_at, e.customer, e.promise, coalesce(e.actor, e.login), p.promiser, p.kind, p.state,
		format('entry %s erased texts of %s', e.seq, CASE WHEN e.refers_to IS NOT NULL THEN format('entry %s', e.refers_to)
			WHEN e.promise IS NOT NULL THEN 'all earlier entries of the promise' ELSE 'no entry that it names' END)
	FROM trust.entry e LEFT JOIN trust.promise p ON p.customer = e.customer AND p.promise = e.promise
	WHERE e.event = 'erased' AND (SELECT trust_ledger.require_reader())
	UNION ALL
	SELECT 'policy_weakened', weak.recorded_at, '', NULL, weak.subject, NULL, NULL, NULL,
		format('entry %s asked for less than entry %s, until entry %s at %s', weak.seq, weak.old_seq, again.seq, again.recorded_at)
	FROM (
		SELECT e.seq, e.subject, e.details, e.recorded_at,
			lag(e.seq) OVER (PARTITION BY e.subject ORDER BY e.seq) AS old_seq, lag(e.details) OVER (PARTITION BY e.subject ORDER BY e.seq) AS old
		FROM trust.entry e
		WHERE e.customer = '' AND e.event IN ('policy_set', 'policy_dropped')) weak
	CROSS JOIN LATERAL (
		SELECT e.seq, e.recorded_at FROM trust.entry e
		WHERE e.customer = '' AND e.event = 'policy_set' AND e.seq > weak.seq AND NOT trust_ledger.policy_is_weaker(weak.old, e.details)
		ORDER BY e.seq LIMIT 1) again
	WHERE trust_ledger.policy_is_weaker(weak.old, weak.details) AND (SELECT trust_ledger.require_reader())
	UNION ALL
	SELECT 'policy_weakened', given.recorded_at, '', NULL, given.subject, NULL, NULL, NULL,
		format('entry %s gave a grace that the rule did not give before, until entry %s at %s', given.seq, taken.seq, taken.recorded_at)
	FROM (
		SELECT e.seq, e.subject, e.details, e.recorded_at, lag(e.details) OVER (PARTITION BY e.subject ORDER BY e.seq) AS old
		FROM trust.entry e
		WHERE e.customer = '' AND e.event IN ('policy_set', 'policy_dropped')) given
	CROSS JOIN LATERAL (
		SELECT e.seq, e.recorded_at FROM trust.entry e
		WHERE e.customer = '' AND e.event IN ('policy_set', 'policy_dropped') AND e.subject = given.subject AND e.seq > given.seq
			AND (e.event = 'policy_dropped' OR coalesce((e.details->>'grace')::interval, '0') < (given.details->>'grace')::interval)
		ORDER BY e.seq LIMIT 1) taken
	WHERE (given.details->>'active')::boolean AND (given.details->>'grace')::interval > '0'
		AND NOT coalesce((given.old->>'active')::boolean, false) AND (SELECT trust_ledger.require_reader())
	$view$;
	COMMENT ON VIEW trust.exception IS 'What an auditor asks about: one row per promise, entry or rule and what is the matter with it. A promise with several matters has several rows. Nothing that a person wrote.';
	FOR col IN
		SELECT * FROM (VALUES
			('what', $c$What is the matter. unbacked: policy asks for a human and nobody backs it. backing_overdue: it still waits, past the time to back within. overdue: past due and grace without a verdict. backer_retired: whoever stands behind it is retired. backing_withdrawn: whoever stood behind it took that back, and nobody else does. relied_on_unbacked: the customer accepted what nobody ever backed. machine_words_unseen: a machine wrote words that no human of the company's had before them. backfilled: it, or what happened to it, was entered long after the fact. due_moved: by an amendment. withdrawn_late: after acceptance or due. released_late: after due. long_pause: a pause ran out, or pauses took more than half of the time first promised. unconfirmed: what was relayed, or a repair that was claimed, waits for the customer's or a record's own word. company_word_only: the verdict is the company's own. admitted_and_kept: a breach was admitted beforehand, and it was kept. no_due: it has no due time, and so can never be overdue. row_deleted: the row of a tracked table that it stands for was deleted, and it still binds or waits. erased: a person's text was erased. policy_weakened: a rule asked for less, or was dropped, for a while, and was then restored; or a new one gave grace for a while.$c$),
			('since', 'Since when; of what is done with, when it was done.'),
			('customer', 'Whom the promise was made to; empty: governance.'),
			('promise', 'The promise; NULL: it is about no promise.'),
			('subject', 'The actor, login, rule or tracked table it is about; NULL: the promise itself.'),
			('promiser', 'Who made the promise.'),
			('kind', 'The promise''s kind; NULL: none was said.'),
			('state', 'The promise''s state now.'),
			('detail', 'More about it, for people to read; no words that a person wrote.')) AS c (name, comment)
	LOOP
		EXECUTE format('COMMENT ON COLUMN trust.exception.%I IS %L', col.name, col.comment);
	END LOOP;

	EXECUTE format($view$
	CREATE OR REPLACE VIEW trust.overdue WITH (security_barrier) AS
	SELECT p.customer, p.promise, p.state,
		CASE WHEN (SELECT trust_ledger.reads_words()) THEN p.words END AS words,
		p.promiser, p.promiser_kind, p.backer, p.kind, p.value, p.currency, p.due, p.overdue_at,
		(extract(epoch FROM now() - p.overdue_at) / 86400)::float8 AS days_over, p.accepted_at
	FROM trust.promise p
	WHERE %s AND (SELECT trust_ledger.require_reader())
	ORDER BY p.overdue_at
	$view$, overdue);
	COMMENT ON VIEW trust.overdue IS 'Promises past due and grace without a verdict, the longest overdue first. Words only for levels application and auditor.';
	COMMENT ON COLUMN trust.overdue.customer IS 'Whom it was made to.';
	COMMENT ON COLUMN trust.overdue.promise IS 'Which promise.';
	COMMENT ON COLUMN trust.overdue.state IS 'open, or proposed again: it was open once.';
	COMMENT ON COLUMN trust.overdue.words IS 'What was promised; NULL for who may not read words.';
	COMMENT ON COLUMN trust.overdue.promiser IS 'Who made it.';
	COMMENT ON COLUMN trust.overdue.promiser_kind IS 'human, ai or system.';
	COMMENT ON COLUMN trust.overdue.backer IS 'The human who stands behind it by their own act; NULL: nobody.';
	COMMENT ON COLUMN trust.overdue.kind IS 'Its kind; NULL: none was said.';
	COMMENT ON COLUMN trust.overdue.value IS 'What it is worth, if that was said.';
	COMMENT ON COLUMN trust.overdue.currency IS 'In which currency.';
	COMMENT ON COLUMN trust.overdue.due IS 'When it was due.';
	COMMENT ON COLUMN trust.overdue.overdue_at IS 'due and the grace that policy gives.';
	COMMENT ON COLUMN trust.overdue.days_over IS 'How long since overdue_at, in days of 24 hours.';
	COMMENT ON COLUMN trust.overdue.accepted_at IS 'When the customer accepted it; NULL: they did not.';

	EXECUTE format($view$
	CREATE OR REPLACE VIEW trust.orphaned WITH (security_barrier) AS
	SELECT p.customer, p.promise, p.state,
		CASE WHEN (SELECT trust_ledger.reads_words()) THEN p.words END AS words,
		p.promiser, coalesce(p.backer, p.former_backer) AS former_backer,
		CASE WHEN p.backer IS NOT NULL THEN 'retired' WHEN p.unbacked_by = 'backing_withdrawn' THEN 'withdrawn' ELSE p.unbacked_by END AS why,
		CASE WHEN p.backer IS NOT NULL THEN %s ELSE p.unbacked_at END AS since,
		p.kind, p.value, p.currency, p.due, p.accepted_at, %s AS overdue
	FROM trust.promise p
	WHERE %s AND (p.backer IS NULL AND p.unbacked_at IS NOT NULL OR %s) AND (SELECT trust_ledger.require_reader())
	$view$, retired_at, overdue, undecided, retired);
	COMMENT ON VIEW trust.orphaned IS 'Promises without a verdict that a human stood behind, and nobody does any more. Words only for levels application and auditor.';
	COMMENT ON COLUMN trust.orphaned.customer IS 'Whom it was made to.';
	COMMENT ON COLUMN trust.orphaned.promise IS 'Which promise.';
	COMMENT ON COLUMN trust.orphaned.state IS 'proposed or open.';
	COMMENT ON COLUMN trust.orphaned.words IS 'What was promised; NULL for who may not read words.';
	COMMENT ON COLUMN trust.orphaned.promiser IS 'Who made it.';
	COMMENT ON COLUMN trust.orphaned.former_backer IS 'Who stood behind it last.';
	COMMENT ON COLUMN trust.orphaned.why IS 'retired: the backer was; withdrawn: they took it back; amended: its terms changed, and what was backed were the old ones.';
	COMMENT ON COLUMN trust.orphaned.since IS 'Since when nobody stands behind it.';
	COMMENT ON COLUMN trust.orphaned.kind IS 'Its kind; NULL: none was said.';
	COMMENT ON COLUMN trust.orphaned.value IS 'What it is worth, if that was said.';
	COMMENT ON COLUMN trust.orphaned.currency IS 'In which currency.';
	COMMENT ON COLUMN trust.orphaned.due IS 'When it is due.';
	COMMENT ON COLUMN trust.orphaned.accepted_at IS 'When the customer accepted it; NULL: they did not.';
	COMMENT ON COLUMN trust.orphaned.overdue IS 'It was open, and is past due and grace.';

	GRANT SELECT ON trust.exception, trust.overdue, trust.orphaned TO PUBLIC;
END
$$;
COMMENT ON FUNCTION trust_ledger.create_exception_views() IS
	'Makes the views of exceptions in schema trust, or makes them anew. Called by create_ledger() and migrate_ledger().';

-- What an analyst asks: who promises more than they keep, and what a human behind a promise goes with.

CREATE FUNCTION trust_ledger.create_analysis_views() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	col record;
BEGIN
	CREATE OR REPLACE VIEW trust.over_promising WITH (security_barrier) AS
	WITH part AS (
		SELECT p.promiser, p.promiser_kind, p.kind, p.outcome, o.overdue, o.overdue OR p.outcome IS NOT NULL AS decided,
			p.first_due - p.made_at AS promised, CASE WHEN p.outcome = 'kept' THEN p.settled_at - p.made_at END AS needed
		FROM trust.promise p
		CROSS JOIN LATERAL (SELECT p.state IN ('proposed', 'open') AND p.opened_at IS NOT NULL
			AND p.overdue_at IS NOT NULL AND p.overdue_at < now() AS overdue) o
		WHERE (SELECT trust_ledger.require_reader())
	), of_human AS (
		SELECT kind, count(*) FILTER (WHERE decided) AS decided, count(*) FILTER (WHERE outcome = 'kept') AS kept,
			percentile_cont(0.5) WITHIN GROUP (ORDER BY needed) AS median_needed
		FROM part WHERE promiser_kind = 'human' GROUP BY kind
	), of_promiser AS (
		SELECT promiser, promiser_kind, kind, count(*) AS promises,
			count(*) FILTER (WHERE decided) AS decided, count(*) FILTER (WHERE outcome = 'kept') AS kept,
			count(*) FILTER (WHERE outcome = 'partly_kept') AS partly_kept, count(*) FILTER (WHERE outcome = 'broken') AS broken,
			count(*) FILTER (WHERE overdue) AS overdue,
			percentile_cont(0.5) WITHIN GROUP (ORDER BY promised) AS median_promised,
			percentile_cont(0.5) WITHIN GROUP (ORDER BY needed) AS median_needed
		FROM part GROUP BY promiser, promiser_kind, kind
	)
	SELECT p.promiser, p.promiser_kind, p.kind, p.promises, p.decided, p.kept, p.partly_kept, p.broken, p.overdue,
		p.kept / nullif(p.decided, 0)::float8 AS kept_rate,
		-- a score of that evidence has the quantiles of Beta(kept + 1, decided - kept + 1); its age is of no matter
		trust_ledger.lower_bound(trust_ledger.trust_score(p.kept, p.decided - p.kept, '2000-01-01 00:00:00+00', '1 day'), 0.975) AS kept_rate_low,
		1 - trust_ledger.lower_bound(trust_ledger.trust_score(p.decided - p.kept, p.kept, '2000-01-01 00:00:00+00', '1 day'), 0.975) AS kept_rate_high,
		p.median_promised, p.median_needed,
		coalesce(h.decided, 0) AS human_decided, h.kept / nullif(h.decided, 0)::float8 AS human_kept_rate, h.median_needed AS human_median_needed
	-- no kind is a kind of its own, and a name is never empty
	FROM of_promiser p LEFT JOIN of_human h ON coalesce(h.kind, '') = coalesce(p.kind, '');
	COMMENT ON VIEW trust.over_promising IS 'Who promises more than they keep, or sooner than they can: per promiser and kind, beside what humans do with promises of that kind.';
	COMMENT ON COLUMN trust.over_promising.promiser IS 'Who promised.';
	COMMENT ON COLUMN trust.over_promising.promiser_kind IS 'human, ai or system.';
	COMMENT ON COLUMN trust.over_promising.kind IS 'Of which kind; NULL: no kind was said.';
	COMMENT ON COLUMN trust.over_promising.promises IS 'How many there are, in all states.';
	COMMENT ON COLUMN trust.over_promising.decided IS 'How many have a verdict, or are overdue.';
	COMMENT ON COLUMN trust.over_promising.kept IS 'How many stand as kept.';
	COMMENT ON COLUMN trust.over_promising.partly_kept IS 'How many stand as partly kept.';
	COMMENT ON COLUMN trust.over_promising.broken IS 'How many stand as broken.';
	COMMENT ON COLUMN trust.over_promising.overdue IS 'How many were open, and are past due and grace without a verdict.';
	COMMENT ON COLUMN trust.over_promising.kept_rate IS 'Share of those decided that are kept, 0 to 1; NULL: none is decided.';
	COMMENT ON COLUMN trust.over_promising.kept_rate_low IS 'From here the true rate lies with 95 % probability, by Beta(kept + 1, decided - kept + 1): 2.5 % lie below.';
	COMMENT ON COLUMN trust.over_promising.kept_rate_high IS 'Up to here: 2.5 % lie above.';
	COMMENT ON COLUMN trust.over_promising.median_promised IS 'Median of the time first promised, from made to first due.';
	COMMENT ON COLUMN trust.over_promising.median_needed IS 'Median of the time from promise to verdict, of those kept.';
	COMMENT ON COLUMN trust.over_promising.human_decided IS 'How many promises of that kind that humans made are decided, this promiser''s among them if human.';
	COMMENT ON COLUMN trust.over_promising.human_kept_rate IS 'Share of these that are kept, 0 to 1.';
	COMMENT ON COLUMN trust.over_promising.human_median_needed IS 'Median of the time from promise to verdict, of these that are kept.';

	CREATE OR REPLACE VIEW trust.human_backing WITH (security_barrier) AS
	SELECT b.scope, b.evidence, b.month, b.kind, b.promiser_kind, b.value_band,
		b.backed_promises, b.backed_undecided, b.backed_too_early, b.backed_decided, b.backed_kept, b.backed_rate, b.backed_accepted,
		b.unbacked_promises, b.unbacked_undecided, b.unbacked_too_early, b.unbacked_decided, b.unbacked_kept, b.unbacked_rate, b.unbacked_accepted,
		b.difference, b.difference_low, b.difference_high
	FROM trust_ledger.human_backing() b
	WHERE (SELECT trust_ledger.require_reader());
	COMMENT ON VIEW trust.human_backing IS 'Kept rates of promises that a human stood behind an hour after they were made, and of those that nobody did; human_backing() takes another time. Looking at one instant early on, the same for all, keeps a long case from collecting names; strata compare like with like. It is association, not effect: what made a human stand behind a promise may be what made it be kept.';
	FOR col IN
		SELECT * FROM (VALUES
			('scope', 'stratum: promises alike in month, kind, promiser''s kind and value; raw: all promises together; within_strata: the strata in which promises of both sorts are decided, taken together with the weights of Cochran, n1 n0 / (n1 + n0).'),
			('evidence', 'Which backed promises: any, or those backed with that evidence, asserted, session or passkey. Unbacked are all that nobody stood behind.'),
			('month', 'The first of the month in which they were made, in the ledger''s zone.'),
			('kind', 'Their kind; NULL: no kind was said.'),
			('promiser_kind', 'human, ai or system.'),
			('value_band', 'Their value by power of ten, and currency: EUR 1000+ is 1000 to below 10000; NULL: no value was said.'),
			('difference', 'backed minus unbacked: of the posterior means (kept + 1) / (decided + 2); NULL: one of them has nothing decided.'),
			('difference_low', 'From here the difference lies with 95 % probability, by a normal approximation to the posterior.'),
			('difference_high', 'Up to here.')) AS c (name, comment)
		UNION ALL
		SELECT sort || '_' || name, format(comment, means)
		FROM (VALUES ('backed', 'that a human stood behind'), ('unbacked', 'that nobody stood behind')) AS s (sort, means),
			(VALUES
			('promises', 'How many promises %s then.'),
			('undecided', 'How many of those %s: not yet due, never open, withdrawn in time, or released.'),
			('too_early', 'How many of those %s were settled or due before the instant that is looked at: not comparable.'),
			('decided', 'How many of those %s are decided: past due, or with a verdict where no due time was said.'),
			('kept', 'How many of these decided %s stand as kept; overdue and partly kept are not.'),
			('rate', 'kept of decided, of those %s, 0 to 1; NULL: none is decided.'),
			('accepted', 'Share of the promises %s that the customer accepted, 0 to 1.')) AS c (name, comment)
	LOOP
		EXECUTE format('COMMENT ON COLUMN trust.human_backing.%I IS %L', col.name, col.comment);
	END LOOP;

	GRANT SELECT ON trust.over_promising, trust.human_backing TO PUBLIC;
END
$$;
COMMENT ON FUNCTION trust_ledger.create_analysis_views() IS
	'Makes the views of analysis in schema trust, or makes them anew. Called by create_ledger() and migrate_ledger().';

CREATE FUNCTION trust_ledger.track() RETURNS trigger
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.track() IS
	'Row trigger, fired AFTER INSERT, UPDATE or DELETE: the row''s change is an event of the promise that the row stands for, found by its primary key. track(event, argument...), an argument being name=column or name:text. By the level of the table''s owner; who acts is whom the login belongs to, the machine that actor: names, or whom act_as() named; never with session evidence. Written at commit, customers in the order of their keys; write:now writes at once. BEFORE TRUNCATE it refuses. Errors: those of the event''s function; 22023, 42703, 42804 a mapping that cannot work, 55000 no primary key or TRUNCATE, 39P01 fired otherwise, TL003, TL004.';

CREATE FUNCTION trust_ledger.check_track(trigger oid) RETURNS void
AS 'MODULE_PATHNAME' LANGUAGE C STRICT;
COMMENT ON FUNCTION trust_ledger.check_track(oid) IS
	'An error unless that trigger, which calls track(), can work: 22023 an argument, 42703 no such column, 42804 a type that cannot be read so, 55000 no primary key, 39P01 not AFTER ... FOR EACH ROW.';

CREATE FUNCTION trust_ledger.create_source_view() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	CREATE OR REPLACE VIEW trust.tracked_row WITH (security_barrier) AS
	SELECT s.source, s.key, s.name, s.customer, s.promise, s.gone
	FROM trust.source s
	WHERE (SELECT trust_ledger.require_reader());
	COMMENT ON VIEW trust.tracked_row IS 'Which row of a tracked table each promise stands for.';
	COMMENT ON COLUMN trust.tracked_row.source IS 'The tracked table, by the name that its triggers give it.';
	COMMENT ON COLUMN trust.tracked_row.key IS 'The row''s primary key as text; of several columns, a JSON array of their texts.';
	COMMENT ON COLUMN trust.tracked_row.name IS 'Which of the row''s promises; empty where it carries one.';
	COMMENT ON COLUMN trust.tracked_row.customer IS 'Whom the promise was made to.';
	COMMENT ON COLUMN trust.tracked_row.promise IS 'Which promise.';
	COMMENT ON COLUMN trust.tracked_row.gone IS 'The row was deleted, or stands for another promise now.';
	GRANT SELECT ON trust.tracked_row TO PUBLIC;

	CREATE OR REPLACE VIEW trust.tracked_entry WITH (security_barrier) AS
	SELECT e.customer, e.promise, e.seq, e.event, e.state, e.verdict, e.due, e.stands, coalesce(e.details ? 'source', false) AS by_row
	FROM trust.entry e
	WHERE e.promise IS NOT NULL AND (SELECT trust_ledger.require_reader());
	COMMENT ON VIEW trust.tracked_entry IS 'What is on record of each promise, as reconcile_table() compares it with the rows of tracked tables; history() tells it in words.';
	COMMENT ON COLUMN trust.tracked_entry.customer IS 'Whom the promise was made to.';
	COMMENT ON COLUMN trust.tracked_entry.promise IS 'Which promise.';
	COMMENT ON COLUMN trust.tracked_entry.seq IS 'The entry''s place in the customer''s history.';
	COMMENT ON COLUMN trust.tracked_entry.event IS 'What happened.';
	COMMENT ON COLUMN trust.tracked_entry.state IS 'What the promise was from then on.';
	COMMENT ON COLUMN trust.tracked_entry.verdict IS 'kept, partly_kept or broken, whether it stands or not.';
	COMMENT ON COLUMN trust.tracked_entry.due IS 'When it was due from then on; of what says nothing of that, NULL.';
	COMMENT ON COLUMN trust.tracked_entry.stands IS 'false: it is recorded, and does not stand.';
	COMMENT ON COLUMN trust.tracked_entry.by_row IS 'A tracked row''s change wrote it.';
	GRANT SELECT ON trust.tracked_entry TO PUBLIC;
END
$$;
COMMENT ON FUNCTION trust_ledger.create_source_view() IS
	'Makes the views of tracked rows and of what is on record of them, or makes them anew. Called by create_ledger() and migrate_ledger().';

-- Tracking a table by one mapping: the triggers for a promise's whole life, as they were made, and
-- what has become of them since.

-- ---- conditions

CREATE FUNCTION trust_ledger.condition_for(condition text, "row" text) RETURNS text
AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION trust_ledger.condition_for(text, text) IS
	'A condition on a tracked row, one boolean expression over its columns, about row (NEW, OLD or an alias): in parentheses, each column as row.column. Errors: 42601 it is no expression, 22023 it has a sub-select, a parameter, *, qualified columns.';

CREATE FUNCTION trust_ledger.condition_is_change(condition text) RETURNS boolean
AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION trust_ledger.condition_is_change(text) IS
	'Whether a condition is about what changed: its columns are NEW.column and OLD.column. Errors: those of condition_for(), 22023 it has bare columns too.';

CREATE FUNCTION trust_ledger.condition_columns(condition text) RETURNS text[]
AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION trust_ledger.condition_columns(text) IS
	'The columns that a condition names, each once. Errors: those of condition_is_change().';

-- ---- the mapping

CREATE FUNCTION trust_ledger.tracked_events()
RETURNS TABLE (nr integer, event text, records text, inherits text[], takes text[])
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 17
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT e.nr, e.event, e.records, i.inherits,
		i.inherits || array(SELECT a FROM unnest(string_to_array(e.own, ' ') || '{context,occurred_at}'::text[]) AS a WHERE a <> ALL (i.inherits))
	FROM (VALUES
		(1, 'made', 'made', 'customer words promiser drafted_by kind due value currency purpose longest_pause context occurred_at actor', ''),
		(2, 'resumed', 'resumed', 'actor', 'reason'),
		(3, 'amended', 'amended', 'customer words promiser drafted_by kind due value currency purpose longest_pause actor', 'relayed reason'),
		(4, 'accepted', 'accepted', 'actor', 'relayed'),
		(5, 'backed', 'backed', 'backer', ''),
		(6, 'declined', 'declined', '', 'reason'),
		(7, 'backing_withdrawn', 'backing_withdrawn', '', 'reason'),
		(8, 'paused', 'paused', 'actor', 'reason'),
		(9, 'breach_admitted', 'breach_admitted', 'actor', 'reason'),
		(10, 'kept', 'assessed', 'actor', 'purpose_met relayed reason'),
		(11, 'partly_kept', 'assessed', 'actor', 'purpose_met relayed reason'),
		(12, 'broken', 'assessed', 'actor', 'purpose_met relayed reason'),
		(13, 'breach_repaired', 'breach_repaired', 'actor', 'reason'),
		(14, 'withdrawn', 'withdrawn', 'actor', 'reason'),
		(15, 'released', 'released', 'actor', 'relayed reason'),
		(16, 'noted', 'noted', 'actor', 'reason'),
		(17, 'assessed', 'assessed', 'actor', 'verdict purpose_met relayed reason')) AS e (nr, event, records, common, own)
	CROSS JOIN LATERAL (SELECT string_to_array(e.common, ' ') || '{on_error,write}'::text[]) AS i (inherits)
	ORDER BY e.nr
$$;
COMMENT ON FUNCTION trust_ledger.tracked_events() IS
	'The events that a mapping can name, in the order in which their triggers fire: what the ledger records, which arguments they take from the mapping as a whole, and which at all. kept, partly_kept and broken are verdicts; assessed, with its verdict, can stand in events only.';

CREATE FUNCTION trust_ledger.check_mapped_arguments(place text, given jsonb, known text[], also text[] DEFAULT '{}') RETURNS void
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	argument record;
BEGIN
	IF given IS NULL OR jsonb_typeof(given) <> 'object' THEN
		RAISE EXCEPTION '% is not an object', place
			USING ERRCODE = '22023', DETAIL = format('It is %s.', coalesce(jsonb_typeof(given), 'missing')),
			HINT = 'Write {"words": "=title", "kind": ":delivery"}: = before a column, : before a text.';
	END IF;
	FOR argument IN
		SELECT key AS name, value, jsonb_typeof(value) = 'string' AND value #>> '{}' ~ shape AS is_right, shape
		FROM jsonb_each(given), LATERAL (
			SELECT CASE WHEN key = ANY ('{actor,source,write,on_error,on_delete}') THEN '^:' WHEN key = 'backer' THEN '^=.' ELSE '^(=.|:)' END) AS s (shape)
	LOOP
		IF argument.name <> ALL (known) THEN
			RAISE EXCEPTION '% does not take "%"', place, argument.name
				USING ERRCODE = '22023', DETAIL = format('It takes: %s.', array_to_string(known || also, ', ')),
				HINT = 'What one event alone takes goes into an object of that event, e.g. "released": {"reason": "=why"}.';
		ELSIF NOT argument.is_right THEN
			RAISE EXCEPTION '%: % cannot be %', place, argument.name, argument.value
				USING ERRCODE = '22023', DETAIL = CASE argument.shape WHEN '^:' THEN 'It takes a text, the same for all rows.'
					WHEN '^=.' THEN 'It takes a column of the row.' ELSE 'It takes a column of the row or a text.' END,
				HINT = 'Write "=title" for the column title, ":delivery" for the text delivery.';
		END IF;
	END LOOP;
END
$$;
COMMENT ON FUNCTION trust_ledger.check_mapped_arguments(text, jsonb, text[], text[]) IS
	'An error (22023) unless this part of a mapping is an object of known arguments, each "=column" or ":text". Called by check_mapping().';

CREATE FUNCTION trust_ledger.check_mapped_condition(place text, condition jsonb, changes boolean DEFAULT true) RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF condition IS NULL OR jsonb_typeof(condition) <> 'string' THEN
		RAISE EXCEPTION '% is not a condition', place
			USING ERRCODE = '22023', DETAIL = format('It is %s.', coalesce(jsonb_typeof(condition), 'missing')),
			HINT = 'Write one boolean expression over the row''s columns, as a text: "status = ''sent''".';
	ELSIF trust_ledger.condition_is_change(condition #>> '{}') AND NOT changes THEN
		RAISE EXCEPTION '% cannot be a condition on a change', place
			USING ERRCODE = '22023', DETAIL = 'It tells which rows are promises, new ones too.',
			HINT = 'Write the columns without NEW. and OLD.';
	END IF;
END
$$;
COMMENT ON FUNCTION trust_ledger.check_mapped_condition(text, jsonb, boolean) IS
	'An error unless this part of a mapping is a condition (22023, 42601). Called by check_mapping().';

CREATE FUNCTION trust_ledger.check_mapped_events(place text, events jsonb) RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	part  record;
	takes text[];
BEGIN
	IF jsonb_typeof(events) <> 'array' THEN
		RAISE EXCEPTION '%, events is not an array', place
			USING ERRCODE = '22023', DETAIL = format('It is %s.', jsonb_typeof(events)),
			HINT = 'Write [{"event": "noted", "when": "NEW.owner <> OLD.owner", "reason": ":another owner"}].';
	END IF;
	FOR part IN SELECT format('%s, events[%s]', place, n - 1) AS place, value FROM jsonb_array_elements(events) WITH ORDINALITY AS e (value, n) LOOP
		takes := (SELECT e.takes FROM trust_ledger.tracked_events() e WHERE to_jsonb(e.event) = part.value -> 'event' AND e.event <> 'made');
		IF takes IS NULL THEN
			RAISE EXCEPTION '% names no event', part.place
				USING ERRCODE = '22023', DETAIL = format('Its event is %s.', coalesce((part.value -> 'event')::text, 'missing')),
				HINT = format('Give one of: %s. When a promise is made is said by made_when; several promises of one row by promises.',
					(SELECT string_agg(e.event, ', ' ORDER BY e.nr) FROM trust_ledger.tracked_events() e WHERE e.event <> 'made'));
		END IF;
		PERFORM trust_ledger.check_mapped_condition(part.place || ', when', part.value -> 'when');
		PERFORM trust_ledger.check_mapped_arguments(part.place, part.value - '{event,when}'::text[], takes, '{event,when}');
	END LOOP;
END
$$;
COMMENT ON FUNCTION trust_ledger.check_mapped_events(text, jsonb) IS
	'An error (22023, 42601) unless this part of a mapping is an array of events, each with the condition when it happens and its arguments. Called by check_mapping().';

CREATE FUNCTION trust_ledger.check_mapping(mapping jsonb, place text DEFAULT 'the mapping', inherited jsonb DEFAULT NULL) RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	part      record;
	-- what one level says, and what the whole table
	arguments CONSTANT text[] := array(SELECT DISTINCT a FROM trust_ledger.tracked_events(), unnest(inherits) AS a ORDER BY a)
		|| CASE WHEN inherited IS NULL THEN '{on_delete,source}'::text[] ELSE '{}' END;
	events    CONSTANT text[] := array(SELECT event FROM trust_ledger.tracked_events() WHERE event <> 'assessed');
	others    CONSTANT text[] := array(SELECT e || '_when' FROM unnest(events) AS e WHERE e <> 'amended') || events || 'events'::text
		|| CASE WHEN inherited IS NULL THEN '{promises}'::text[] ELSE '{}' END;
	given     CONSTANT jsonb := coalesce(inherited, '{}') || mapping;
BEGIN
	PERFORM trust_ledger.check_mapped_arguments(place, CASE WHEN jsonb_typeof(mapping) = 'object' THEN mapping - others ELSE mapping END, arguments, others);
	FOR part IN SELECT e.*, mapping -> e.event AS own, mapping -> (e.event || '_when') AS condition FROM trust_ledger.tracked_events() e WHERE e.event = ANY (events) LOOP
		IF part.condition IS NOT NULL THEN
			PERFORM trust_ledger.check_mapped_condition(format('%s, %s_when', place, part.event), part.condition, part.event <> 'made');
		END IF;
		IF part.own IS NOT NULL THEN
			PERFORM trust_ledger.check_mapped_arguments(format('%s, %s', place, part.event), part.own, part.takes);
			IF NOT (part.event = ANY ('{made,amended}') OR given ? (part.event || '_when') OR mapping ? 'promises' OR part.event = 'resumed' AND given ? 'paused_when') THEN
				RAISE EXCEPTION '% does not say when it is %', place, part.event
					USING ERRCODE = '22023', DETAIL = format('It has arguments for %s, and no %1$s_when.', part.event),
					HINT = format('Give "%s_when" a condition, or leave "%1$s" out.', part.event);
			END IF;
		END IF;
	END LOOP;
	IF mapping ? 'events' THEN
		PERFORM trust_ledger.check_mapped_events(place, mapping -> 'events');
	END IF;
	IF mapping ? 'on_delete' AND mapping ->> 'on_delete' <> ALL ('{:noted,:withdrawn}') THEN
		RAISE EXCEPTION '%: on_delete cannot be %', place, mapping -> 'on_delete'
			USING ERRCODE = '22023', DETAIL = 'A row that is deleted leaves a note, or withdraws the promise.', HINT = 'Write ":noted" or ":withdrawn".';
	ELSIF mapping ? 'promises' AND (jsonb_typeof(mapping -> 'promises') <> 'object' OR mapping -> 'promises' = '{}') THEN
		RAISE EXCEPTION '%: promises is not an object with promises', place
			USING ERRCODE = '22023', DETAIL = format('It is %s.', mapping -> 'promises'), HINT = 'Write {"delivery": {...}, "price": {...}}, or leave it out.';
	ELSIF mapping ? 'promises' THEN
		FOR part IN SELECT key, value FROM jsonb_each(mapping -> 'promises') LOOP
			PERFORM trust_ledger.check_mapping(part.value, format('promise "%s"', part.key), mapping - 'promises');
		END LOOP;
	END IF;
END
$$;
COMMENT ON FUNCTION trust_ledger.check_mapping(jsonb, text, jsonb) IS
	'An error (22023, 42601) unless this is a mapping as track_table() takes it: no key that is not known, each value of its type, each condition one expression. It does not look at the table.';

CREATE FUNCTION trust_ledger.mapped_promises(mapping jsonb) RETURNS TABLE (promise text, mapped jsonb)
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 1
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT '', mapping WHERE NOT mapping ? 'promises'
	UNION ALL
	-- an event's arguments are inherited one by one, all else as a whole
	SELECT p.key, (mapping - 'promises') || p.value || coalesce((
		SELECT jsonb_object_agg(o.key, (mapping -> o.key) || o.value) FROM jsonb_each(p.value) o
		WHERE jsonb_typeof(o.value) = 'object' AND jsonb_typeof(mapping -> o.key) = 'object'), '{}')
	FROM jsonb_each(mapping -> 'promises') p
	ORDER BY 1
$$;
COMMENT ON FUNCTION trust_ledger.mapped_promises(jsonb) IS
	'A mapping for each promise that a row makes, with what it inherits from the mapping as a whole.';

CREATE FUNCTION trust_ledger.mapped_arguments(mapped jsonb, event text, own jsonb) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT array(SELECT 'verdict:' || e.event WHERE e.event = ANY ('{kept,partly_kept,broken}')) || array(
		SELECT t.name || v.value
		FROM unnest(e.takes) WITH ORDINALITY AS t (name, n), LATERAL (SELECT coalesce(own ->> t.name, CASE WHEN t.name = ANY (e.inherits)
			-- what is not made has no history to note in
			AND NOT (e.event = 'made' AND t.name = 'on_error' AND mapped ->> t.name = ':note') THEN mapped ->> t.name END)) AS v (value)
		WHERE v.value IS NOT NULL ORDER BY t.n)
	FROM trust_ledger.tracked_events() e WHERE e.event = $2
$$;
COMMENT ON FUNCTION trust_ledger.mapped_arguments(jsonb, text, jsonb) IS
	'The arguments of an event''s trigger: its own, and what it takes from the mapping of its promise.';

CREATE FUNCTION trust_ledger.mapped_life(mapped jsonb)
RETURNS TABLE (nr bigint, event text, own jsonb, of_change text, new text, old text, columns text[])
LANGUAGE sql STABLE PARALLEL SAFE ROWS 10
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT l.nr, l.event, l.own,
		CASE WHEN c.is_change THEN format(CASE WHEN l.condition ~ '--' THEN E'(%s\n)' ELSE '(%s)' END, l.condition) END,
		CASE WHEN NOT c.is_change THEN trust_ledger.condition_for(l.condition, 'NEW') END,
		CASE WHEN NOT c.is_change THEN trust_ledger.condition_for(l.condition, 'OLD') END,
		trust_ledger.condition_columns(l.condition)
	FROM (
		SELECT e.nr::bigint, e.event, mapped -> e.event, mapped ->> (e.event || '_when')
		FROM trust_ledger.tracked_events() e WHERE mapped ? (e.event || '_when')
		UNION ALL
		SELECT 100 + n, value ->> 'event', value - '{event,when}'::text[], value ->> 'when'
		FROM jsonb_array_elements(mapped -> 'events') WITH ORDINALITY AS e (value, n)) AS l (nr, event, own, condition)
	CROSS JOIN LATERAL (SELECT trust_ledger.condition_is_change(l.condition)) AS c (is_change)
$$;
COMMENT ON FUNCTION trust_ledger.mapped_life(jsonb) IS
	'The events that the mapping of one promise has conditions for: of a change, or of the row as it is new and as it was old.';

CREATE FUNCTION trust_ledger.mapped_triggers(mapped jsonb, key_columns text[])
RETURNS TABLE (nr bigint, event text, fires text, condition text, arguments text[])
LANGUAGE sql STABLE PARALLEL SAFE ROWS 20
SET search_path = pg_catalog, pg_temp
AS $$
	WITH life AS (SELECT * FROM trust_ledger.mapped_life(mapped)),
	-- one row, also where every row makes the promise
	made AS (SELECT l.new, l.old FROM (VALUES (1)) AS one LEFT JOIN life l ON l.event = 'made'),
	keys AS (SELECT '(' || string_agg(format('NEW.%1$I IS DISTINCT FROM OLD.%1$I', name), ' OR ' ORDER BY n) || ')' AS changed FROM unnest(key_columns) WITH ORDINALITY AS c (name, n)),
	amended AS (
		SELECT '(' || string_agg(format('NEW.%1$I IS DISTINCT FROM OLD.%1$I', name), ' OR ' ORDER BY n) || ')' AS changed
		FROM (
			SELECT name, min(n) AS n
			FROM unnest(array(
				SELECT substr(v.value, 2)
				FROM trust_ledger.tracked_events() e, unnest(e.inherits) WITH ORDINALITY AS t (name, n),
					LATERAL (SELECT coalesce(mapped -> 'amended' ->> t.name, mapped ->> t.name)) AS v (value)
				WHERE e.event = 'amended' AND v.value ~ '^=' ORDER BY t.n) || key_columns) WITH ORDINALITY AS c (name, n)
			GROUP BY name) AS c)
	SELECT row_number() OVER (ORDER BY t.nr, t.part), t.event, t.fires, t.condition, trust_ledger.mapped_arguments(mapped, t.event, t.own)
	FROM (
		SELECT 1 AS nr, 1 AS part, 'made' AS event, mapped -> 'made' AS own, 'AFTER INSERT' AS fires, made.new AS condition FROM made
		UNION ALL
		SELECT 1, 2, 'made', mapped -> 'made', 'AFTER UPDATE', made.new || ' AND ' || made.old || ' IS NOT TRUE' FROM made WHERE made.new IS NOT NULL
		UNION ALL
		SELECT 3, 1, 'amended', mapped -> 'amended', 'AFTER UPDATE', concat_ws(' AND ', made.new, made.old, amended.changed) FROM made, amended
		UNION ALL
		-- a row that would make no promise now can stand for one still
		SELECT 3, 2, 'noted', '{"reason": ":Its row has another key now."}', 'AFTER UPDATE', made.new || ' IS NOT TRUE AND ' || keys.changed FROM made, keys WHERE made.new IS NOT NULL
		UNION ALL
		-- what cannot be yet in a new row is not asked of one
		SELECT l.nr, 1, l.event, l.own, 'AFTER INSERT', concat_ws(' AND ', l.new, made.new) FROM life l, made
		WHERE l.event <> 'made' AND l.new IS NOT NULL AND l.event <> ALL ('{amended,declined,backing_withdrawn,resumed}')
			AND (l.event <> 'backed' OR coalesce(l.own ->> 'backer', mapped ->> 'backer') IS NOT NULL)
		UNION ALL
		SELECT l.nr, 2, l.event, l.own,
			'AFTER UPDATE' || CASE WHEN l.event = 'backed' THEN coalesce((
				SELECT ' OF ' || string_agg(quote_ident(name), ', ' ORDER BY n)
				FROM (SELECT name, min(n) AS n FROM unnest(l.columns || substr(coalesce(l.own ->> 'backer', mapped ->> 'backer'), 2)) WITH ORDINALITY AS c (name, n)
					WHERE name IS NOT NULL GROUP BY name) AS c), '') ELSE '' END,
			-- another name is another backing
			coalesce(l.of_change, CASE WHEN l.event = 'backed' AND coalesce(l.own ->> 'backer', mapped ->> 'backer') IS NOT NULL
				THEN format('%s AND (%s IS NOT TRUE OR NEW.%I IS DISTINCT FROM OLD.%3$I)', l.new, l.old, substr(coalesce(l.own ->> 'backer', mapped ->> 'backer'), 2))
				ELSE l.new || ' AND ' || l.old || ' IS NOT TRUE' END) FROM life l
		WHERE l.event <> 'made'
		UNION ALL
		-- before the amendment: what is paused is not amended
		SELECT 2, 2, 'resumed', mapped -> 'resumed', 'AFTER UPDATE', l.old || ' AND ' || l.new || ' IS NOT TRUE' FROM life l
		WHERE l.event = 'paused' AND l.nr < 100 AND l.new IS NOT NULL AND NOT mapped ? 'resumed_when') AS t
	ORDER BY 1
$$;
COMMENT ON FUNCTION trust_ledger.mapped_triggers(jsonb, text[]) IS
	'The triggers of one promise''s life, in the order in which they fire: on what, under which condition, with which arguments but source and promise.';

CREATE FUNCTION trust_ledger.mapped_deletion(mapped jsonb) RETURNS TABLE (event text, arguments text[])
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 1
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT substr(coalesce(mapped ->> 'on_delete', ':noted'), 2),
		array(SELECT a || (mapped ->> a) FROM unnest('{actor,on_error,write,on_delete}'::text[]) AS a WHERE mapped ? a)
$$;
COMMENT ON FUNCTION trust_ledger.mapped_deletion(jsonb) IS
	'What the mapping of one promise says of a row that is deleted: the event, and the arguments but source and promise.';

CREATE FUNCTION trust_ledger.tracking_statements(tab regclass, mapping jsonb, source text)
RETURNS TABLE (nr bigint, statement text)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 30
SET search_path = pg_catalog, pg_temp SET quote_all_identifiers = off
AS $$
	WITH of_table AS (
		SELECT format('%I.%I', n.nspname, c.relname) AS name, array(
			SELECT a.attname::text FROM pg_index i, unnest(i.indkey::smallint[]) WITH ORDINALITY AS k (attnum, n)
				JOIN pg_attribute a ON a.attrelid = tab AND a.attnum = k.attnum
			WHERE i.indrelid = tab AND i.indisprimary ORDER BY k.n) AS key_columns
		FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = tab),
	wanted AS (
		SELECT 1 AS part, p.promise, t.nr, t.event, e.records, t.fires || ' ON ' || o.name || ' FOR EACH ROW' AS fires, t.condition, t.arguments
		FROM of_table o, trust_ledger.mapped_promises(mapping) p, trust_ledger.mapped_triggers(p.mapped, o.key_columns) t
			JOIN trust_ledger.tracked_events() e ON e.event = t.event
		UNION ALL
		SELECT 2, p.promise, 1, 'deleted', d.event, 'AFTER DELETE ON ' || o.name || ' FOR EACH ROW', NULL, d.arguments
		FROM of_table o, trust_ledger.mapped_promises(mapping) p, trust_ledger.mapped_deletion(p.mapped) d
		UNION ALL
		SELECT 3, '', 1, 'truncated', 'noted', 'BEFORE TRUNCATE ON ' || o.name || ' FOR EACH STATEMENT', NULL, '{}' FROM of_table o)
	SELECT row_number() OVER w, format('CREATE TRIGGER trust_ledger_%s_%s %s%s EXECUTE FUNCTION trust_ledger.track(%s)',
		lpad((row_number() OVER w)::text, 3, '0'), wanted.event, wanted.fires, ' WHEN (' || wanted.condition || ')',
		(SELECT string_agg(quote_literal(a), ', ' ORDER BY n)
		 FROM unnest(ARRAY[wanted.records, 'source:' || source] || array(SELECT 'promise:' || wanted.promise WHERE wanted.promise <> '') || wanted.arguments) WITH ORDINALITY AS a (a, n)))
	FROM wanted
	WINDOW w AS (ORDER BY wanted.part, wanted.promise COLLATE "C", wanted.nr)
	ORDER BY 1
$$;
COMMENT ON FUNCTION trust_ledger.tracking_statements(regclass, jsonb, text) IS
	'The statements by which track_table() makes the triggers for that mapping, which check_mapping() let pass.';

-- ---- the triggers that are there

CREATE FUNCTION trust_ledger.trigger_arguments(tgargs bytea) RETURNS text[]
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION trust_ledger.trigger_arguments(bytea) IS
	'The arguments of a trigger, as pg_trigger.tgargs has them.';

CREATE FUNCTION trust_ledger.trigger_definition(trigger oid) RETURNS text
LANGUAGE sql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp SET quote_all_identifiers = off
AS $$
	SELECT pg_get_triggerdef(trigger)
$$;
COMMENT ON FUNCTION trust_ledger.trigger_definition(oid) IS
	'A trigger''s definition, whatever the caller''s settings.';

CREATE FUNCTION trust_ledger.trigger_fingerprint(trigger oid) RETURNS text
LANGUAGE sql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT CASE WHEN NOT a.has_lost_column THEN encode(sha256(convert_to(jsonb_build_array(t.tgtype, t.tgattr::text, t.tgqual::text, a.arguments)::text, 'UTF8')), 'hex') END
	FROM pg_trigger t CROSS JOIN LATERAL (
		SELECT array_agg(coalesce(a.name || '=' || c.attnum, a.argument) ORDER BY a.n), coalesce(bool_or(a.name IS NOT NULL AND c.attnum IS NULL), false)
		FROM (SELECT argument, n, substring(argument FROM '^([a-z_]+)=') AS name FROM unnest(trust_ledger.trigger_arguments(t.tgargs)) WITH ORDINALITY AS u (argument, n)) AS a
			LEFT JOIN pg_attribute c ON c.attrelid = t.tgrelid AND c.attname = substr(a.argument, length(a.name) + 2) AND c.attnum > 0 AND NOT c.attisdropped) AS a (arguments, has_lost_column)
	WHERE t.oid = trigger
$$;
COMMENT ON FUNCTION trust_ledger.trigger_fingerprint(oid) IS
	'SHA-256, in hex, of what makes a trigger of track() fire and what it is given, columns by their numbers: within one database it stays when they are renamed. NULL where an argument names a column that the table does not have.';

CREATE FUNCTION trust_ledger.track_triggers()
RETURNS TABLE (trigger oid, tab oid, tab_name text, name text, arguments text[], source text, generated boolean)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 20
SET search_path = pg_catalog, pg_temp SET quote_all_identifiers = off
AS $$
	SELECT t.oid, t.tgrelid, o.name, t.tgname::text, a.arguments,
		coalesce((SELECT substr(argument, 8) FROM unnest(a.arguments[2:]) AS argument WHERE starts_with(argument, 'source:') LIMIT 1), o.name),
		t.tgname ~ '^trust_ledger_\d{3}_'
	FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
	CROSS JOIN LATERAL (SELECT format('%I.%I', n.nspname, c.relname)) AS o (name)
	CROSS JOIN LATERAL (SELECT trust_ledger.trigger_arguments(t.tgargs)) AS a (arguments)
	WHERE t.tgfoid = 'trust_ledger.track()'::regprocedure AND t.tgparentid = 0 AND NOT t.tgisinternal
$$;
COMMENT ON FUNCTION trust_ledger.track_triggers() IS
	'The triggers that call track(), those of partitions apart: their table, arguments and source, and whether track_table() named them.';

CREATE FUNCTION trust_ledger.table_of_source(source text, tab text) RETURNS oid
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT coalesce(
		(SELECT t.tab FROM trust_ledger.track_triggers() t WHERE t.source = table_of_source.source
		 ORDER BY t.tab_name = table_of_source.tab DESC, t.generated DESC, t.tab LIMIT 1),
		(SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		 WHERE ARRAY[n.nspname, c.relname]::text[] = parse_ident(table_of_source.tab)))
$$;
COMMENT ON FUNCTION trust_ledger.table_of_source(text, text) IS
	'The table whose triggers name that source, whatever it is called now; else the one that is called tab; NULL: it is gone.';

CREATE FUNCTION trust_ledger.tracked_state(trigger oid, definition text, fingerprint text) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
	WITH RECURSIVE copy AS (
		SELECT t.oid, t.tgenabled, t.tgfoid FROM pg_trigger t WHERE t.oid = trigger
		UNION ALL
		SELECT t.oid, t.tgenabled, t.tgfoid FROM copy JOIN pg_trigger t ON t.tgparentid = copy.oid)
	SELECT CASE
		WHEN count(*) = 0 THEN 'missing'
		WHEN bool_or(tgenabled IN ('D', 'R') OR tgfoid <> 'trust_ledger.track()'::regprocedure) THEN 'disabled'
		WHEN definition IS NULL THEN 'by hand'
		WHEN trust_ledger.trigger_fingerprint(trigger) IS NULL THEN 'altered'
		WHEN trust_ledger.trigger_definition(trigger) = definition OR trust_ledger.trigger_fingerprint(trigger) = fingerprint THEN 'in force'
		ELSE 'altered' END
	FROM copy
$$;
COMMENT ON FUNCTION trust_ledger.tracked_state(oid, text, text) IS
	'What has become of a trigger that was made with that definition and fingerprint: in force, altered, disabled, missing; by hand where it was not recorded.';

-- ---- tracking

CREATE FUNCTION trust_ledger.set_tracking(
	tab regclass, mapping jsonb, reason text DEFAULT NULL,
	actor text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C
SET search_path = pg_catalog, pg_temp SET IntervalStyle = 'iso_8601';
COMMENT ON FUNCTION trust_ledger.set_tracking(regclass, jsonb, text, text, timestamptz, jsonb, text) IS
	'Records that a table is tracked by the triggers that track_table() gave it, as they are now. Called by track_table(). For the table''s owner, with level application or admin. Errors: TL004, 42501 not the owner, 55000 it has no such triggers.';

CREATE FUNCTION trust_ledger.drop_tracking(
	source text, reason text DEFAULT NULL,
	actor text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C
SET search_path = pg_catalog, pg_temp SET IntervalStyle = 'iso_8601';
COMMENT ON FUNCTION trust_ledger.drop_tracking(text, text, text, timestamptz, jsonb, text) IS
	'Records that a source is tracked no more. Called by untrack_table(); call it for a table that is gone. For the table''s owner, with level application or admin; where the table is gone, level admin. Errors: TL004, 42501 not the owner, 42704 no such source.';

CREATE FUNCTION trust_ledger.check_trackable(tab regclass) RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	of record;
BEGIN
	SELECT c.relkind, c.relpersistence, c.relispartition, c.relnamespace::regnamespace::text AS schema, pg_get_userbyid(c.relowner) AS owner,
		pg_has_role(c.relowner, 'USAGE') AS is_owner, EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary) AS has_key
	INTO of FROM pg_class c WHERE c.oid = tab;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'there is no such table'
			USING ERRCODE = '42P01', DETAIL = format('Nothing has the OID %s.', coalesce(tab::oid::text, 'NULL')), HINT = 'Name the table, e.g. ''crm.deal''.';
	ELSIF of.relkind = ANY ('{v,m}') THEN
		RAISE EXCEPTION '% is a view', tab
			USING ERRCODE = '42809', DETAIL = 'Its rows change without a trigger.', HINT = 'Track the tables behind it.';
	ELSIF of.relkind <> ALL ('{r,p}') THEN
		RAISE EXCEPTION '% is not a table of this database', tab
			USING ERRCODE = '42809', DETAIL = 'Its rows can change where no trigger sees it.', HINT = 'Track a table where it is stored.';
	ELSIF of.schema = 'trust' THEN
		RAISE EXCEPTION '% is the ledger''s own', tab
			USING ERRCODE = '42809', DETAIL = 'The ledger does not track itself.', HINT = 'Track a table of the CRM.';
	ELSIF of.relpersistence = 't' THEN
		RAISE EXCEPTION '% is a temporary table', tab
			USING ERRCODE = '42809', DETAIL = 'Its rows go with the session.', HINT = 'Track a table that stays.';
	ELSIF of.relispartition THEN
		RAISE EXCEPTION '% is a partition', tab
			USING ERRCODE = '42809', DETAIL = 'Rows move between partitions.',
			HINT = format('Track its parent, %s.', (SELECT i.inhparent::regclass FROM pg_inherits i WHERE i.inhrelid = tab));
	ELSIF NOT of.is_owner THEN
		RAISE EXCEPTION 'must be owner of table %', tab
			USING ERRCODE = '42501', DETAIL = format('"%s" is not. What becomes of a table''s rows is its owner''s to say.', CURRENT_USER), HINT = format('Call this as "%s".', of.owner);
	ELSIF NOT of.has_key THEN
		RAISE EXCEPTION '% has no primary key', tab
			USING ERRCODE = '55000', DETAIL = 'It tells which row a promise is about.', HINT = format('ALTER TABLE %s ADD PRIMARY KEY (...);', tab);
	END IF;
END
$$;
COMMENT ON FUNCTION trust_ledger.check_trackable(regclass) IS
	'An error unless the current user can track this: 42P01 it is not there, 42809 no table, a view, the ledger''s own, temporary, a partition, 42501 not the owner, 55000 no primary key.';

CREATE FUNCTION trust_ledger.source_to_track(tab regclass, wanted text DEFAULT NULL) RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp SET quote_all_identifiers = off
AS $$
DECLARE
	has    CONSTANT text := (SELECT t.source FROM trust_ledger.track_triggers() t WHERE t.tab = source_to_track.tab ORDER BY t.generated DESC, t.name LIMIT 1);
	named  CONSTANT text := coalesce(wanted, has, (
		SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = source_to_track.tab));
	other  CONSTANT text := (SELECT t.tab_name FROM trust_ledger.track_triggers() t WHERE t.source = named AND t.tab <> source_to_track.tab LIMIT 1);
BEGIN
	IF named <> has THEN
		RAISE EXCEPTION 'table % is source "%"', tab, has
			USING ERRCODE = '42710', DETAIL = format('Its rows'' promises are on record under that name, not under "%s".', named),
			HINT = 'Leave source out. To begin anew under another name, run SELECT trust_ledger.untrack_table(...); first.';
	ELSIF other IS NOT NULL THEN
		RAISE EXCEPTION 'source "%" is table %', named, other
			USING ERRCODE = '42710', DETAIL = 'Two tables'' rows would be taken for one another.', HINT = 'Give this table a source of its own: "source": ":..."';
	END IF;
	RETURN named;
END
$$;
COMMENT ON FUNCTION trust_ledger.source_to_track(regclass, text) IS
	'What a table is to be called in the ledger: as wanted, as its triggers have it, or by its name. Error 42710: it has another source, or that is another table''s.';

CREATE FUNCTION trust_ledger.drop_track_triggers(tab regclass) RETURNS integer
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	dropped integer := 0;
	drop_it text;
BEGIN
	FOR drop_it IN SELECT format('DROP TRIGGER %I ON %s', t.name, t.tab_name) FROM trust_ledger.track_triggers() t WHERE t.tab = drop_track_triggers.tab AND t.generated LOOP
		EXECUTE drop_it;
		dropped := dropped + 1;
	END LOOP;
	RETURN dropped;
END
$$;
COMMENT ON FUNCTION trust_ledger.drop_track_triggers(regclass) IS
	'Drops the triggers that track_table() made, with the caller''s rights, and says how many. Called by track_table() and untrack_table(), which record it.';

CREATE FUNCTION trust_ledger.track_table(
	tab regclass, mapping jsonb, dry_run boolean DEFAULT false, reason text DEFAULT NULL,
	actor text DEFAULT NULL, path text DEFAULT pg_catalog.current_setting('search_path'))
RETURNS TABLE (statement text)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp SET standard_conforming_strings = on
AS $$
DECLARE
	pinned     CONSTANT text := current_setting('search_path');
	statements text[];
	create_it  text;
BEGIN
	PERFORM trust_ledger.check_ledger();
	PERFORM trust_ledger.check_trackable(tab);
	PERFORM trust_ledger.check_mapping(mapping);
	-- what its triggers are now has to be so still when they are replaced
	EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', tab);
	statements := array(
		SELECT s.statement FROM trust_ledger.tracking_statements(tab, mapping, trust_ledger.source_to_track(tab, substr(mapping ->> 'source', 2))) s ORDER BY s.nr);
	IF cardinality(statements) > 999 THEN
		RAISE EXCEPTION 'this mapping needs % triggers', cardinality(statements)
			USING ERRCODE = '54000', DETAIL = 'Their names number them, up to 999.', HINT = 'Make fewer promises of one row.';
	END IF;
	BEGIN
		PERFORM trust_ledger.drop_track_triggers(tab);
		-- conditions mean what their writer sees: operators of citext, functions of the CRM
		PERFORM set_config('search_path', path, true);
		FOREACH create_it IN ARRAY statements LOOP
			EXECUTE create_it;
		END LOOP;
		PERFORM pg_catalog.set_config('search_path', pinned, true);
		PERFORM trust_ledger.set_tracking(tab, mapping, reason, actor);
		IF dry_run THEN
			RAISE SQLSTATE 'TLDRY';
		END IF;
	EXCEPTION WHEN SQLSTATE 'TLDRY' THEN
		IF dry_run IS NOT TRUE THEN
			RAISE;
		END IF;
	END;
	RETURN QUERY SELECT s FROM unnest(statements) AS s;
END
$$;
COMMENT ON FUNCTION trust_ledger.track_table(regclass, jsonb, boolean, text, text, text) IS
	'Tracks a table: makes the triggers for a promise''s whole life from one mapping, in place of those that it made before, and returns the statements. dry_run: only that, and whether it would work. The mapping: arguments of track() as "=column" or ":text"; <event>_when, a condition on the row ("status = ''sent''") that an event happens when it comes to hold, or on a change ("NEW.owner <> OLD.owner"); <event>, arguments of that event alone; events, an array of {"event", "when", arguments}, for several of one event; promises, an object of mappings, for several promises of one row; source, on_delete. Names in conditions are looked up in path. For the table''s owner, with level application or admin. Errors: TL004, 22023 the mapping, 42601 a condition, 42703 a column, 42P01, 42809, 55000 the table, 42501 not its owner, 42710 the source.';

CREATE FUNCTION trust_ledger.untrack_table(tab regclass, reason text DEFAULT NULL, actor text DEFAULT NULL) RETURNS integer
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp SET quote_all_identifiers = off
AS $$
BEGIN
	PERFORM trust_ledger.check_ledger();
	PERFORM trust_ledger.drop_tracking(s.source, untrack_table.reason, untrack_table.actor)
	FROM (
		SELECT DISTINCT r.source FROM trust.tracked r, pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE c.oid = untrack_table.tab AND r.tab = format('%I.%I', n.nspname, c.relname) AND r.recorded_seq IS NOT NULL) AS s;
	RETURN trust_ledger.drop_track_triggers(tab);
END
$$;
COMMENT ON FUNCTION trust_ledger.untrack_table(regclass, text, text) IS
	'Tracks a table no more: drops the triggers that track_table() made, records it, and says how many there were. Promises stay as they are. For the table''s owner, with level application or admin. Errors: TL004, 42501 not the owner.';

CREATE FUNCTION trust_ledger.create_tracked_view() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	CREATE OR REPLACE VIEW trust.tracked WITH (security_barrier) AS
	WITH recorded AS (
		SELECT t.source, t.tab, t.seq, trust_ledger.table_of_source(t.source, t.tab) AS relid, r.*
		FROM trust.tracking t, LATERAL jsonb_to_recordset(t.triggers) AS r (name text, arguments text[], definition text, fingerprint text)
		WHERE t.active AND (SELECT trust_ledger.require_reader())),
	present AS (
		SELECT r.source, r.tab AS recorded_tab, n.nspname, c.relname, r.name, t.oid, r.seq, r.definition, r.fingerprint,
			coalesce(trust_ledger.trigger_arguments(t.tgargs), r.arguments) AS arguments
		FROM recorded r LEFT JOIN pg_class c ON c.oid = r.relid LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
			LEFT JOIN pg_trigger t ON t.tgrelid = r.relid AND t.tgname = r.name AND NOT t.tgisinternal
		UNION ALL
		SELECT t.source, t.tab_name, NULL, NULL, t.name, t.trigger, NULL, NULL, NULL, t.arguments
		FROM trust_ledger.track_triggers() t
		WHERE (SELECT trust_ledger.require_reader()) AND NOT EXISTS (SELECT FROM recorded r WHERE r.relid = t.tab AND r.name = t.name))
	SELECT p.source, CASE WHEN p.nspname IS NULL THEN p.recorded_tab ELSE format('%I.%I', p.nspname, p.relname) END AS tab,
		p.name AS trigger, p.arguments[1] AS event,
		(SELECT substr(a, 9) FROM unnest(p.arguments[2:]) AS a WHERE starts_with(a, 'promise:') LIMIT 1) AS promise,
		p.arguments[2:] AS arguments, coalesce(trust_ledger.trigger_definition(p.oid), p.definition) AS definition,
		trust_ledger.tracked_state(p.oid, p.definition, p.fingerprint) AS state, p.seq AS recorded_seq
	FROM present p
	ORDER BY 1, 2, 3;
	COMMENT ON VIEW trust.tracked IS 'The triggers by which tables are tracked: those that were recorded when they were made, and what has become of them, and those that somebody made by hand.';
	COMMENT ON COLUMN trust.tracked.source IS 'What the table is called in the ledger, whatever it is renamed to.';
	COMMENT ON COLUMN trust.tracked.tab IS 'The table, as schema.table; where it is gone, what it was called.';
	COMMENT ON COLUMN trust.tracked.trigger IS 'The trigger''s name.';
	COMMENT ON COLUMN trust.tracked.event IS 'What it records.';
	COMMENT ON COLUMN trust.tracked.promise IS 'Which of a row''s promises it is about; NULL: a row makes one.';
	COMMENT ON COLUMN trust.tracked.arguments IS 'What it is given beside the event: name=column or name:text.';
	COMMENT ON COLUMN trust.tracked.definition IS 'The trigger as it is; where it is missing, as it was made.';
	COMMENT ON COLUMN trust.tracked.state IS 'in force: as it was made, but for names. disabled: it does not fire, or not on every partition, or calls another function. missing: it was made, and is not there. altered: it is not what was made. by hand: it is there, and not on record.';
	COMMENT ON COLUMN trust.tracked.recorded_seq IS 'The governance entry by which it is on record; NULL: it is not.';
	GRANT SELECT ON trust.tracked TO PUBLIC;
END
$$;
COMMENT ON FUNCTION trust_ledger.create_tracked_view() IS
	'Makes the view of tracked tables in schema trust, or makes it anew. Called by create_ledger() and migrate_ledger().';

-- Triggers' arguments are text that PostgreSQL keeps as it was written. CREATE SCHEMA can
-- create triggers too. A column goes by ALTER TYPE where its table is of that type; and by
-- ALTER VIEW and its like, which PostgreSQL accepts for any kind of table.
CREATE FUNCTION trust_ledger.follow_tables() RETURNS event_trigger
AS 'MODULE_PATHNAME' LANGUAGE C
SET search_path = pg_catalog, pg_temp SET quote_all_identifiers = off;
COMMENT ON FUNCTION trust_ledger.follow_tables() IS
	'Keeps the triggers of track() right: columns that they name are followed when they are renamed; one that says no source gets its table''s. Fired by the event trigger trust_ledger_follow. Errors: 42501 not the table''s owner, 42710 the source is another table''s, 22023 the table has several.';

CREATE EVENT TRIGGER trust_ledger_follow ON ddl_command_end
	WHEN TAG IN ('CREATE TRIGGER', 'CREATE SCHEMA', 'ALTER TABLE', 'ALTER FOREIGN TABLE', 'ALTER VIEW', 'ALTER MATERIALIZED VIEW', 'ALTER TYPE')
	EXECUTE FUNCTION trust_ledger.follow_tables();
-- ALWAYS: what is renamed under session_replication_role = replica has another name all the same
ALTER EVENT TRIGGER trust_ledger_follow ENABLE ALWAYS;
COMMENT ON EVENT TRIGGER trust_ledger_follow IS
	'Keeps the triggers of trust_ledger.track() right when columns are renamed, and gives new ones the identity of their table.';

CREATE FUNCTION trust_ledger.replay_parked(
	source text DEFAULT NULL,
	OUT parked uuid, OUT of_source text, OUT done boolean, OUT error text)
RETURNS SETOF record
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.replay_parked(text) IS
	'Writes what waits in trust.parked, in its order, by the caller''s level, each in the name of who acted then; when it was parked is when it occurred, unless the row says when. What cannot be written stays, with its error. source: only what is tracked under that name. Levels application, import. Errors: TL004.';

CREATE FUNCTION trust_ledger.create_parked_view() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	CREATE OR REPLACE VIEW trust.parked WITH (security_barrier) AS
	SELECT p.parked, p.parked_at, p.source, p.tab, p.trigger, p.operation, p.actor, p.login, p.role,
		CASE WHEN (SELECT trust_ledger.reads_words()) THEN p.old_row END AS old_row,
		CASE WHEN (SELECT trust_ledger.reads_words()) THEN p.new_row END AS new_row,
		p.sqlstate,
		CASE WHEN (SELECT trust_ledger.reads_words()) THEN p.error END AS error
	FROM trust.parked_change p
	WHERE (SELECT trust_ledger.require_reader())
	ORDER BY p.parked_at, p.parked;
	COMMENT ON VIEW trust.parked IS 'Changes of tracked rows that could not be written, and wait for replay_parked(). Rows and errors only for levels application and auditor.';
	COMMENT ON COLUMN trust.parked.parked IS 'Its key.';
	COMMENT ON COLUMN trust.parked.parked_at IS 'When; in the order of their changes.';
	COMMENT ON COLUMN trust.parked.source IS 'The tracked table, by the name that its triggers give it.';
	COMMENT ON COLUMN trust.parked.tab IS 'The table or partition, as it was called then.';
	COMMENT ON COLUMN trust.parked.trigger IS 'The trigger that fired.';
	COMMENT ON COLUMN trust.parked.operation IS 'insert, update or delete.';
	COMMENT ON COLUMN trust.parked.actor IS 'Who acted; NULL: nobody that is known.';
	COMMENT ON COLUMN trust.parked.login IS 'The login that changed the row.';
	COMMENT ON COLUMN trust.parked.role IS 'The current role when it did.';
	COMMENT ON COLUMN trust.parked.old_row IS 'The row as it was; NULL: it was put in.';
	COMMENT ON COLUMN trust.parked.new_row IS 'The row as it became; NULL: it was deleted.';
	COMMENT ON COLUMN trust.parked.sqlstate IS 'The SQLSTATE of why it could not be written, the last time it was tried.';
	COMMENT ON COLUMN trust.parked.error IS 'Why, in words.';
	GRANT SELECT ON trust.parked TO PUBLIC;
END
$$;
COMMENT ON FUNCTION trust_ledger.create_parked_view() IS
	'Makes view trust.parked, or makes it anew. Called by create_ledger() and migrate_ledger().';

-- What a row says, as its mapping reads it: the columns in the order of MAPPED_LIST (src/mapped.h).
CREATE TYPE trust_ledger.mapped_row AS (
	step          integer,
	name          text,
	event         text,
	key           text,
	customer      text,
	words         text,
	promiser      text,
	drafted_by    text,
	kind          text,
	due           timestamptz,
	due_on        date,
	value         numeric,
	currency      text,
	purpose       text,
	longest_pause interval,
	verdict       text,
	purpose_met   boolean,
	relayed       boolean,
	reason        text,
	occurred_at   timestamptz,
	context       jsonb,
	actor         text,
	backer        text,
	at            timestamptz,
	part          oid,
	place         tid,
	version       xid
);
COMMENT ON TYPE trust_ledger.mapped_row IS
	'An event that a row of a tracked table says as it stands: which of its promises (name), the row''s key, and what is mapped. step: in which order the events of one instant come; at: when it is taken to have happened among what the row says, infinity: now. part, place, version: where the row was when it was read, its tableoid, ctid and xmin.';

CREATE FUNCTION trust_ledger.read_tracked(tab regclass, source text, with_rows boolean DEFAULT true) RETURNS SETOF trust_ledger.mapped_row
AS 'MODULE_PATHNAME' LANGUAGE C STRICT
SET search_path = pg_catalog, pg_temp SET quote_all_identifiers = off;
COMMENT ON FUNCTION trust_ledger.read_tracked(regclass, text, boolean) IS
	'The table''s rows as the mapping recorded under that source reads them: a row per event that a row as it stands says; with_rows: and one "noted" for each row that is there. By who may SELECT from the table, with one of the levels application, auditor, import. Errors: 42501, TL004, 42703 and 42804 a mapping that cannot work any more.';

CREATE FUNCTION trust_ledger.import_rows(tab regclass, source text, changes trust_ledger.mapped_row[]) RETURNS integer
AS 'MODULE_PATHNAME' LANGUAGE C STRICT
SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION trust_ledger.import_rows(regclass, text, trust_ledger.mapped_row[]) IS
	'Writes what rows of a tracked table say, in the order of the array; part of import_table(). Rows that were changed or deleted since they were read, and those that somebody is changing, are left out with a warning. Level import, and SELECT on the table. Errors: 42704 not tracked, 42501, TL003 nobody acts, or a human, TL004.';

CREATE FUNCTION trust_ledger.source_of(tab regclass) RETURNS text
AS 'MODULE_PATHNAME' LANGUAGE C STRICT STABLE;
COMMENT ON FUNCTION trust_ledger.source_of(regclass) IS
	'What a tracked table is called as a source, in trust.source and trust.tracked: it stays when the table is renamed. Error 42704 it is not tracked.';

-- No SET here: a procedure that commits cannot have one. So every name and operator is qualified.
CREATE PROCEDURE trust_ledger.import_table(tab regclass, changes_at_once integer DEFAULT 20000, in_one_transaction boolean DEFAULT false)
LANGUAGE plpgsql
AS $$
DECLARE
	source CONSTANT pg_catalog.text := trust_ledger.source_of(tab);
	batch  record;
	done   bigint := 0;
BEGIN
	IF tab IS NULL THEN
		RAISE EXCEPTION 'tab is needed' USING ERRCODE = '22004';
	ELSIF changes_at_once OPERATOR(pg_catalog.<) 1 THEN
		RAISE EXCEPTION 'changes_at_once must be at least 1' USING ERRCODE = '22023';
	END IF;
	-- until the first commit, by when all is read and sorted
	PERFORM pg_catalog.set_config('work_mem', '256MB', true);
	-- A batch holds all of a customer's changes, or none: what was committed needs no second look.
	FOR batch IN
		SELECT pg_catalog.array_agg(numbered.change ORDER BY numbered.nr) AS changes, pg_catalog.min(numbered.total) AS total
		FROM (
			SELECT c.change, c.nr, c.total,
				pg_catalog.min(c.nr) OVER (PARTITION BY c.customer COLLATE pg_catalog."C") OPERATOR(pg_catalog./) changes_at_once AS batch
			FROM (
				SELECT m AS change, m.customer, pg_catalog.count(*) OVER () AS total,
					pg_catalog.row_number() OVER (ORDER BY m.customer COLLATE pg_catalog."C", m.at, m.step, m.key COLLATE pg_catalog."C") AS nr
				FROM trust_ledger.read_tracked(tab, source, false) AS m
				WHERE m.event OPERATOR(pg_catalog.<>) ALL ('{backed,declined,backing_withdrawn,noted}'::pg_catalog.text[])
			) AS c
		) AS numbered
		GROUP BY numbered.batch
		ORDER BY numbered.batch
	LOOP
		done := done OPERATOR(pg_catalog.+) trust_ledger.import_rows(tab, source, batch.changes);
		IF NOT in_one_transaction THEN
			COMMIT;
		END IF;
		RAISE NOTICE '% of % changes of % are in the ledger', done, batch.total, source;
	END LOOP;
END
$$;
COMMENT ON PROCEDURE trust_ledger.import_table(regclass, integer, boolean) IS
	'Takes the rows that a tracked table holds into the ledger, each as its mapping reads it, customer by customer in the order of time, and tells how far it is. Commits after every changes_at_once changes or so, unless in_one_transaction; run again it goes on, and doubles nothing. What happened longer ago than the ledger''s lag is marked backfilled. Backings are not imported: they are a human''s own act. What cannot be written, or is changed meanwhile, is left out with a warning. Level import. Errors: 42704 not tracked, 42501, TL003 nobody acts, or a human, TL004, 2D000 within a transaction.';

CREATE FUNCTION trust_ledger.reconcile_table(tab regclass)
RETURNS TABLE (what text, key text, name text, customer text, promise uuid, detail text)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	of_source CONSTANT text := trust_ledger.source_of(tab);
BEGIN
	RETURN QUERY
	SELECT 'trigger_' || replace(t.state, ' ', '_'), NULL::text, t.promise, NULL::text, NULL::uuid, format('%s: %s', t.trigger, t.definition)
	FROM trust.tracked t
	WHERE t.source = of_source AND t.state <> 'in force'
	ORDER BY t.trigger;

	RETURN QUERY
	WITH said AS MATERIALIZED (
		SELECT * FROM trust_ledger.read_tracked(tab, of_source)
	), stands_for AS MATERIALIZED (
		SELECT r.key, r.name, r.customer, r.promise FROM trust.tracked_row r WHERE r.source = of_source AND NOT r.gone
	), compared AS (
		SELECT r.key, r.name, p.customer, p.promise, p.state, s.event, s.verdict,
			CASE s.event WHEN 'accepted' THEN p.accepted_at IS NOT NULL WHEN 'paused' THEN p.paused_at IS NOT NULL WHEN 'assessed' THEN p.outcome IS NOT DISTINCT FROM s.verdict
				WHEN 'breach_admitted' THEN p.admitted_at IS NOT NULL WHEN 'breach_repaired' THEN p.repaired_at IS NOT NULL
				WHEN 'withdrawn' THEN p.settled_by = 'withdrawn' WHEN 'released' THEN p.settled_by = 'released' ELSE true END IS TRUE AS is_so,
			ARRAY[
				CASE WHEN s.customer IS DISTINCT FROM p.customer THEN 'customer' END,
				-- what was erased can be in the row still
				CASE WHEN p.words IS NOT NULL AND s.words IS DISTINCT FROM p.words THEN 'words' END,
				CASE WHEN s.kind IS DISTINCT FROM p.kind THEN 'kind' END,
				-- where the row names none, policy may have given one
				CASE WHEN s.due IS NOT NULL AND s.due IS DISTINCT FROM p.due - coalesce(g.paused_since, '0') THEN 'due' END,
				CASE WHEN s.value IS DISTINCT FROM p.value THEN 'value' END,
				CASE WHEN s.currency IS DISTINCT FROM p.currency THEN 'currency' END,
				CASE WHEN p.words IS NOT NULL AND s.purpose IS DISTINCT FROM p.purpose THEN 'purpose' END,
				CASE WHEN s.longest_pause IS DISTINCT FROM p.longest_pause THEN 'longest_pause' END] AS differing
		FROM stands_for r JOIN trust.current_promise p ON p.customer = r.customer AND p.promise = r.promise
			JOIN said s ON s.key = r.key AND s.name = r.name
			-- the pauses since the terms last said when it is due
			LEFT JOIN LATERAL (
				SELECT sum(e.due - e.before) FILTER (WHERE e.event IN ('paused', 'resumed') AND e.seq > e.given) AS paused_since
				FROM (
					SELECT d.*, max(d.seq) FILTER (WHERE d.event IN ('made', 'amended') AND d.due IS DISTINCT FROM d.before) OVER () AS given
					FROM (
						SELECT t.seq, t.event, t.due, lag(t.due) OVER (ORDER BY t.seq) AS before FROM trust.tracked_entry t
						WHERE t.customer = p.customer AND t.promise = p.promise AND t.event IN ('made', 'amended', 'paused', 'resumed') AND t.stands IS NOT FALSE) AS d) AS e
			) AS g ON s.event = 'made' AND p.paused_for <> '0'
	)
	SELECT 'row_without_promise', s.key, s.name, s.customer, NULL::uuid, 'the row says that something is promised, and no promise stands for it'
	FROM said s
	WHERE s.event = 'made' AND NOT EXISTS (SELECT FROM stands_for r WHERE r.key = s.key AND r.name = s.name)
	UNION ALL
	SELECT 'promise_without_row', r.key, r.name, r.customer, r.promise, 'the row that it stands for is not there, and no entry says that it was deleted'
	FROM stands_for r
	WHERE NOT EXISTS (SELECT FROM said s WHERE s.event = 'noted' AND s.key = r.key AND s.name = r.name)
	UNION ALL
	SELECT 'terms_differ', c.key, c.name, c.customer, c.promise, 'the row says another ' || array_to_string(array_remove(c.differing, NULL), ', ')
	FROM compared c
	WHERE c.event = 'made' AND array_remove(c.differing, NULL) <> '{}'
		-- once it is settled a row's change is noted, and amends nothing
		AND (c.state IN ('proposed', 'open') OR NOT EXISTS (
			SELECT FROM trust.tracked_entry e
			WHERE e.customer = c.customer AND e.promise = c.promise AND e.event = 'noted' AND e.by_row AND e.state NOT IN ('proposed', 'open')))
	UNION ALL
	SELECT 'event_missing', c.key, c.name, c.customer, c.promise,
		format('the row says %s, and the promise is %s', concat_ws(' ', c.event, c.verdict), c.state)
	FROM compared c
	-- what is settled allows nothing but verdicts and repairs
	WHERE NOT c.is_so AND (c.state IN ('proposed', 'open') OR c.event IN ('assessed', 'breach_repaired')) AND NOT EXISTS (
		SELECT FROM trust.tracked_entry e
		WHERE e.customer = c.customer AND e.promise = c.promise AND e.event = c.event AND (c.event <> 'assessed' OR e.verdict = c.verdict))
	ORDER BY 1, 2, 3, 6;
END
$$;
COMMENT ON FUNCTION trust_ledger.reconcile_table(regclass) IS
	'What a tracked table and the ledger do not agree about. trigger_missing, trigger_disabled, trigger_altered, trigger_by_hand: what the mapping made, or did not; row_without_promise; promise_without_row; terms_differ; event_missing: the row says that it was kept, broken, accepted ..., and no entry does. Empty where nothing is amiss. By who may SELECT from the table, levels application and auditor. Errors: 42704 not tracked, 42501, TL004.';

CREATE FUNCTION trust_ledger.verify(
	OUT part text, OUT customer text, OUT seq bigint, OUT promise uuid, OUT subject text,
	OUT field text, OUT problem text)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'verify_ledger' LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 10 COST 1000000
SET search_path = pg_catalog, pg_temp SET IntervalStyle = 'iso_8601';
COMMENT ON FUNCTION trust_ledger.verify() IS
	'Checks guards, every entry''s hash and texts, gaps and joins, and every table against what the entries add up to. Empty when nothing is wrong; else the part (guard, entry, chain, promise, source, actor, policy, access, tracking, ledger), where, which field and what is wrong. One NOTICE with counts, period and digest. Level auditor or admin.';

CREATE FUNCTION trust_ledger.verify(
	of_customer text,
	OUT part text, OUT customer text, OUT seq bigint, OUT promise uuid, OUT subject text,
	OUT field text, OUT problem text)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'verify_customer' LANGUAGE C STABLE STRICT PARALLEL RESTRICTED ROWS 10 COST 10000
SET search_path = pg_catalog, pg_temp SET IntervalStyle = 'iso_8601';
COMMENT ON FUNCTION trust_ledger.verify(text) IS
	'The same for one customer''s chain, promises and their rows of trust.source, and the guards. The reserved customer '''' is the governance chain. Level auditor or admin.';

CREATE FUNCTION trust_ledger.rebuild(
	of_customer text, reason text DEFAULT NULL,
	actor text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C
SET search_path = pg_catalog, pg_temp SET IntervalStyle = 'iso_8601';
COMMENT ON FUNCTION trust_ledger.rebuild(text, text, text, timestamptz, jsonb, text) IS
	'Makes a customer''s promises, their rows of trust.source and score anew from the entries; of '''', the tables of governance. Refused where the entries do not verify. An entry of governance says that it was done, and how many rows were not what the entries add up to. Level admin. Errors: TL004, TL006, P0002, 22004.';

-- PostgreSQL lets PUBLIC execute every new function. Here that is said, not assumed:
-- levels are rows of trust.access, checked by the functions themselves, because a
-- database's owner cannot GRANT on the functions of an extension. What is called
-- without a level has no rights of its own: it does what its caller could do by hand.
REVOKE ALL ON ALL ROUTINES IN SCHEMA trust_ledger FROM PUBLIC;
GRANT EXECUTE ON ALL ROUTINES IN SCHEMA trust_ledger TO PUBLIC;
