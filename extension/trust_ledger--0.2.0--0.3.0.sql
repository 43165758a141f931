\echo Use "ALTER EXTENSION trust_ledger UPDATE TO '0.3.0'" to load this file. \quit

-- Made by test/upgrade_script.

DROP FUNCTION trust_ledger.create_ledger();
DROP FUNCTION trust_ledger.create_trust_views();
DROP FUNCTION trust_ledger.register_actor(text, text, text, text, text, text, text, jsonb, text, text, text, timestamptz, jsonb, text);
DROP FUNCTION trust_ledger.create_exception_views();
DROP FUNCTION trust_ledger.create_analysis_views();
DROP FUNCTION trust_ledger.create_source_view();
DROP FUNCTION trust_ledger.mapped_triggers(jsonb, text[]);
DROP FUNCTION trust_ledger.track_table(regclass, jsonb, boolean, text, text, text);
DROP FUNCTION trust_ledger.create_tracked_view();
DROP FUNCTION trust_ledger.create_parked_view();
COMMENT ON SCHEMA trust_ledger IS
	'Functions and types of the trust ledger. The data is in schema trust.';
COMMENT ON FUNCTION trust_ledger.trust_score_in(cstring) IS
	'Input function: (kept,broken,timestamp,half-life) or empty. Errors: 22P02 (syntax), 22003 '
	'(evidence), 22008 (timestamp), 22023 (half-life). They are soft errors where the caller '
	'supports these.';
COMMENT ON FUNCTION trust_ledger.trust_score_out(trust_ledger.trust_score) IS
	'Output function. The text does not depend on settings: shortest exact decimals, the timestamp '
	'in UTC.';
COMMENT ON FUNCTION trust_ledger.trust_score_recv(internal) IS
	'Binary input function. Errors: 22P03 (length, version or flags), 22003, 22008, 22023.';
COMMENT ON FUNCTION trust_ledger.trust_score_send(trust_ledger.trust_score) IS
	'Binary output function: version and flags (one byte each), kept and broken (float8), '
	'timestamp and half-life (int64, microseconds).';
COMMENT ON TYPE trust_ledger.trust_score IS
	'Evidence of kept and broken promises as of a timestamp, and the half-life with which it fades '
	'(Beta reputation, Jøsang and Ismail 2002). Read it with expectation(), lower_bound() and '
	'uncertainty(). Text form: (kept,broken,timestamp,half-life), or empty if there is no '
	'evidence.';

CREATE OR REPLACE FUNCTION trust_ledger.trust_score(
	kept float8, broken float8, as_of timestamptz, half_life interval)
RETURNS trust_ledger.trust_score
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION trust_ledger.trust_score(float8, float8, timestamptz, interval) IS
	'Builds a score. kept, broken: evidence in promises, 0 to 1e12, as of the timestamp as_of. '
	'half_life: greater than zero, at most 36525 days, without months. Errors: 22003 (evidence), '
	'22008 (as_of), 22023 (half_life).';

CREATE OR REPLACE FUNCTION trust_ledger.fuse(trust_ledger.trust_score, trust_ledger.trust_score)
RETURNS trust_ledger.trust_score
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION trust_ledger.fuse(trust_ledger.trust_score, trust_ledger.trust_score) IS
	'Adds the evidence of two scores, as of the later of their timestamps (cumulative fusion). The '
	'operator + calls this. Fusing with the empty score returns the other score. Errors: 22023 '
	'(different half-lives), 22003 (more than 1e12).';
COMMENT ON OPERATOR trust_ledger.+ (trust_ledger.trust_score, trust_ledger.trust_score) IS
	'fuse: add the evidence of two scores';

CREATE OR REPLACE FUNCTION trust_ledger.decay(score trust_ledger.trust_score, instant timestamptz)
RETURNS trust_ledger.trust_score
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION trust_ledger.decay(trust_ledger.trust_score, timestamptz) IS
	'The score as of a later timestamp: evidence times 2^(-age/half-life). An earlier timestamp '
	'returns the score unchanged. Errors: 22008 (infinite timestamp).';

CREATE OR REPLACE FUNCTION trust_ledger.score_accum(
	trust_ledger.trust_score, kept float8, broken float8, at timestamptz, half_life interval)
RETURNS trust_ledger.trust_score
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION trust_ledger.score_accum(
	trust_ledger.trust_score, float8, float8, timestamptz, interval) IS
	'Transition function of score_agg(): fuses the evidence of one row with the score.';
COMMENT ON AGGREGATE trust_ledger.score_agg(float8, float8, timestamptz, interval) IS
	'The score of the evidence of all rows. kept, broken: in promises, as of the timestamp at. '
	'Ignores rows with a NULL; returns empty if there are none. Errors: those of trust_score() and '
	'fuse().';
COMMENT ON AGGREGATE trust_ledger.sum(trust_ledger.trust_score) IS
	'Fuses all scores. Ignores NULLs; returns empty if there are no rows. Errors: 22023 (different '
	'half-lives), 22003 (more than 1e12).';

CREATE OR REPLACE FUNCTION trust_ledger.trust_score_cmp(trust_ledger.trust_score, trust_ledger.trust_score)
RETURNS integer
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION trust_ledger.trust_score_cmp(
	trust_ledger.trust_score, trust_ledger.trust_score) IS
	'Btree comparison: negative, zero or positive. Orders by expectation at base rate 1/2, then by '
	'evidence, '
	'timestamp and half-life. This is a sort order; to rank scores, use lower_bound().';

CREATE OR REPLACE FUNCTION trust_ledger.trust_score_eq(trust_ledger.trust_score, trust_ledger.trust_score)
RETURNS boolean
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION trust_ledger.trust_score_eq(
	trust_ledger.trust_score, trust_ledger.trust_score) IS
	'Implementation of the operator =.';

CREATE OR REPLACE FUNCTION trust_ledger.trust_score_ne(trust_ledger.trust_score, trust_ledger.trust_score)
RETURNS boolean
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION trust_ledger.trust_score_ne(
	trust_ledger.trust_score, trust_ledger.trust_score) IS
	'Implementation of the operator <>.';

CREATE OR REPLACE FUNCTION trust_ledger.trust_score_lt(trust_ledger.trust_score, trust_ledger.trust_score)
RETURNS boolean
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION trust_ledger.trust_score_lt(
	trust_ledger.trust_score, trust_ledger.trust_score) IS
	'Implementation of the operator <.';
COMMENT ON OPERATOR trust_ledger.< (trust_ledger.trust_score, trust_ledger.trust_score) IS
	'sorts before';

CREATE OR REPLACE FUNCTION trust_ledger.trust_score_le(trust_ledger.trust_score, trust_ledger.trust_score)
RETURNS boolean
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION trust_ledger.trust_score_le(
	trust_ledger.trust_score, trust_ledger.trust_score) IS
	'Implementation of the operator <=.';
COMMENT ON OPERATOR trust_ledger.<= (trust_ledger.trust_score, trust_ledger.trust_score) IS
	'sorts before or equal to';

CREATE OR REPLACE FUNCTION trust_ledger.trust_score_gt(trust_ledger.trust_score, trust_ledger.trust_score)
RETURNS boolean
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION trust_ledger.trust_score_gt(
	trust_ledger.trust_score, trust_ledger.trust_score) IS
	'Implementation of the operator >.';
COMMENT ON OPERATOR trust_ledger.> (trust_ledger.trust_score, trust_ledger.trust_score) IS
	'sorts after';

CREATE OR REPLACE FUNCTION trust_ledger.trust_score_ge(trust_ledger.trust_score, trust_ledger.trust_score)
RETURNS boolean
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION trust_ledger.trust_score_ge(
	trust_ledger.trust_score, trust_ledger.trust_score) IS
	'Implementation of the operator >=.';
COMMENT ON OPERATOR trust_ledger.>= (trust_ledger.trust_score, trust_ledger.trust_score) IS
	'sorts after or equal to';
COMMENT ON FUNCTION trust_ledger.trust_score_hash(trust_ledger.trust_score) IS
	'Hash function of trust_score.';

CREATE OR REPLACE FUNCTION trust_ledger.trust_score_hash_extended(trust_ledger.trust_score, bigint)
RETURNS bigint
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION trust_ledger.trust_score_hash_extended(trust_ledger.trust_score, bigint) IS
	'Hash function of trust_score, with a seed.';
COMMENT ON OPERATOR FAMILY trust_ledger.trust_score_ops USING btree IS
	'sort order of trust scores: expectation, evidence, timestamp, half-life';
COMMENT ON OPERATOR CLASS trust_ledger.trust_score_ops USING btree IS
	'sort order of trust scores: expectation, evidence, timestamp, half-life';
COMMENT ON OPERATOR FAMILY trust_ledger.trust_score_hash_ops USING hash IS
	'hashing of trust scores';
COMMENT ON OPERATOR CLASS trust_ledger.trust_score_hash_ops USING hash IS
	'hashing of trust scores';
COMMENT ON FUNCTION trust_ledger.kept(trust_ledger.trust_score) IS
	'Evidence of kept promises (r), in promises, 0 or more, as of the score''s timestamp.';
COMMENT ON FUNCTION trust_ledger.broken(trust_ledger.trust_score) IS
	'Evidence of broken promises (s), in promises, 0 or more, as of the score''s timestamp.';
COMMENT ON FUNCTION trust_ledger.belief(trust_ledger.trust_score) IS
	'Belief: r/(r+s+2), 0 to 1.';
COMMENT ON FUNCTION trust_ledger.disbelief(trust_ledger.trust_score) IS
	'Disbelief: s/(r+s+2), 0 to 1.';
COMMENT ON FUNCTION trust_ledger.uncertainty(trust_ledger.trust_score) IS
	'Uncertainty: 2/(r+s+2), 0 to 1. 1 means that there is no evidence.';
COMMENT ON FUNCTION trust_ledger.as_of(trust_ledger.trust_score) IS
	'The timestamp as of which the evidence holds. NULL for the empty score.';
COMMENT ON FUNCTION trust_ledger.half_life(trust_ledger.trust_score) IS
	'The time after which evidence counts half. NULL for the empty score.';

CREATE OR REPLACE FUNCTION trust_ledger.expectation(
	score trust_ledger.trust_score, base_rate float8 DEFAULT 0.5)
RETURNS float8
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION trust_ledger.expectation(trust_ledger.trust_score, float8) IS
	'Probability that the next promise is kept, 0 to 1: belief + base_rate * uncertainty. '
	'base_rate, 0 to 1, is the probability assumed without evidence. Errors: 22003 (base_rate out '
	'of range).';

CREATE OR REPLACE FUNCTION trust_ledger.lower_bound(
	score trust_ledger.trust_score, confidence float8 DEFAULT 0.95, base_rate float8 DEFAULT 0.5)
RETURNS float8
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION trust_ledger.lower_bound(trust_ledger.trust_score, float8, float8) IS
	'Lower bound of the true kept rate at the given confidence, 0 to 1: a quantile of Beta(r + 2a, '
	's + 2(1-a)) with base rate a. confidence: between 0 and 1, exclusive; base_rate: 0 to 1. Use '
	'it to rank: a short record does not outrank a long one. Errors: 22003 (argument out of '
	'range).';
COMMENT ON TYPE trust_ledger.receipt IS
	'Returned by every writing function: where its entry is in the chain, the state of the '
	'promise, and the hash. Keep the hash to prove later what was recorded.';
COMMENT ON COLUMN trust_ledger.receipt.promise IS
	'The promise. NULL for governance.';
COMMENT ON COLUMN trust_ledger.receipt.customer IS
	'The customer whose chain has the entry. NULL for governance.';
COMMENT ON COLUMN trust_ledger.receipt.seq IS
	'Number of the entry in the chain, from 1.';
COMMENT ON COLUMN trust_ledger.receipt.state IS
	'State of the promise after the entry. NULL for governance.';
COMMENT ON COLUMN trust_ledger.receipt.recorded_at IS
	'Time when the ledger recorded the entry, shortly before the commit.';
COMMENT ON COLUMN trust_ledger.receipt.hash IS
	'SHA-256 of the entry, 32 bytes. It covers all earlier entries of the chain.';

CREATE FUNCTION trust_ledger.create_chain_table() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	CREATE TABLE trust.chain (
		customer    text COLLATE "C" PRIMARY KEY,
		length      bigint NOT NULL,
		head        bytea NOT NULL,
		recorded_at timestamptz
	) WITH (fillfactor = 70);
END
$$;
COMMENT ON FUNCTION trust_ledger.create_chain_table() IS
	'Creates table trust.chain. Called by create_tables().';

CREATE FUNCTION trust_ledger.comment_on_chain_table() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	COMMENT ON TABLE trust.chain IS
		'One row per customer: the chain of its entries. The customer '''' stands for governance.';
	PERFORM trust_ledger.comment_on_columns('trust.chain', ARRAY[
		['customer', 'The customer. The empty text stands for governance.'],
		['length', 'Number of entries.'],
		['head', 'Hash of the last entry, 32 bytes.'],
		['recorded_at', 'Time when the last entry was recorded. NULL if there is none.'],
		['score', 'Score of the verdicts, as of the last of them. customer_score() adds overdue '
			'promises and fades it to the current time.']]);
END
$$;
COMMENT ON FUNCTION trust_ledger.comment_on_chain_table() IS
	'Comments on table trust.chain. Called by comment_on_tables().';

CREATE FUNCTION trust_ledger.index_refusals() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM trust_ledger.check_ledger_owner();
	-- without locking the table if there is nothing to do; partitioning can have renamed the index
	IF NOT EXISTS (
		SELECT FROM pg_index i
		WHERE i.indrelid = 'trust.entry'::regclass
			AND pg_get_expr(i.indpred, i.indrelid) = '(details ? ''refused''::text)')
	THEN
		CREATE INDEX entry_refused ON trust.entry (customer, promise, seq)
			WHERE details ? 'refused';
	END IF;
END
$$;
COMMENT ON FUNCTION trust_ledger.index_refusals() IS
	'Creates the index by which refused changes of a tracked row are found. Ledgers of '
	'version 0.2.0 or earlier do not have it. Called by create_ledger() and migrate_ledger().';

CREATE FUNCTION trust_ledger.create_entry_table() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
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
END
$$;
COMMENT ON FUNCTION trust_ledger.create_entry_table() IS
	'Creates table trust.entry. Called by create_tables().';

CREATE FUNCTION trust_ledger.comment_on_entry_table() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	COMMENT ON TABLE trust.entry IS
		'The history: one row per event. Append-only; each entry holds the hash of the entry '
		'before it. doc/format.md describes how to verify it with other software.';
	PERFORM trust_ledger.comment_on_columns('trust.entry', ARRAY[
		['customer', 'The customer whose chain has the entry. The empty text stands for '
			'governance.'],
		['seq', 'Number of the entry in the chain, from 1 without gaps.'],
		['format', 'Number of the format in which the entry was hashed.'],
		['promise', 'The promise. NULL for governance.'],
		['event', 'What happened: made, backed, assessed, ...'],
		['recorded_at', 'Time when the ledger recorded the entry, shortly before the commit.'],
		['occurred_at', 'Time when it happened, as the caller stated it; otherwise recorded_at.'],
		['backfilled', 'Whether the entry was recorded so late that it needed level import. Then '
			'occurred_at decides what was in time, otherwise recorded_at.'],
		['actor', 'Who acted. NULL if unknown.'],
		['actor_kind', 'Kind of the actor at that time: human, ai or system.'],
		['speaks_for', 'Whom the actor spoke for: company, customer or record.'],
		['responsible', 'The human responsible for the machine that acted. NULL for humans.'],
		['actor_seq', 'The governance entry that made the actor what the columns above say.'],
		['login', 'The session user.'],
		['role', 'The current user.'],
		['evidence', 'How the ledger knows that the actor acted: asserted, session or passkey.'],
		['evidence_asked', 'Evidence that policy required of a backer. NULL if it required no '
			'backer.'],
		['state', 'State of the promise after the entry.'],
		['refers_to', 'Number of the earlier entry that this one replaces, backs, declines, '
			'accepts, confirms or erases.'],
		['subject', 'What an entry of governance is about: the ledger, an actor, rule, role or '
			'source.'],
		['details', 'For governance, the row that the subject has from then on. For a promise, the '
			'row of the tracked table that wrote the entry. For event erased, the erased texts.'],
		['promiser', 'Who made the promise.'],
		['promiser_kind', 'Kind of the promiser when the promise was made: human, ai or system.'],
		['drafted_by', 'Who wrote the words. NULL for the promiser.'],
		['backer', 'The human who backs the promise from then on.'],
		['kind', 'Kind of promise, in the company''s own terms.'],
		['due', 'Time when the promise is due. During a pause, its latest possible value.'],
		['overdue_at', 'due plus the grace time of the policies.'],
		['back_by', 'Time by which policy requires a backer.'],
		['value', 'What the promise is worth, in currency.'],
		['currency', 'Currency of value.'],
		['longest_pause', 'Longest total duration of all pauses under these terms.'],
		['accepted', 'Whether the customer accepts the terms by this entry.'],
		['relayed', 'Whether the company passes on what the customer said.'],
		['stands', 'Whether the terms or the verdict take effect. False: the entry is only '
			'recorded.'],
		['verdict', 'kept, partly_kept or broken.'],
		['whose_word', 'Whose verdict it is: customer, record or company.'],
		['purpose_met', 'Whether the customer''s purpose was met.'],
		['weight_kept', 'Weight of the verdict as kept, in thousandths. NULL if it does not '
			'stand.'],
		['weight_broken', 'Weight of the verdict as broken, in thousandths. NULL if it does not '
			'stand.'],
		['idempotency_key', 'Key of the call, unique for the customer. Set in the first entry of a '
			'call.'],
		['request', 'Commitment to the arguments of a call that has an idempotency key, 64 bytes.'],
		['request_salt', 'Salt of request, 32 bytes.'],
		['words', 'What is promised. NULL after it was erased.'],
		['words_salt', 'Salt of words_commitment, 32 bytes. NULL after the words were erased.'],
		['words_commitment', 'HMAC-SHA-256 of words.'],
		['purpose', 'What the customer wants it for. NULL after it was erased.'],
		['purpose_salt', 'Salt of purpose_commitment, 32 bytes. NULL after the purpose was '
			'erased.'],
		['purpose_commitment', 'HMAC-SHA-256 of purpose.'],
		['note', 'The reason, the note, or how a breach was repaired. NULL after it was erased.'],
		['note_salt', 'Salt of note_commitment, 32 bytes. NULL after the note was erased.'],
		['note_commitment', 'HMAC-SHA-256 of note.'],
		['context', 'JSON that the application added. NULL after it was erased.'],
		['context_salt', 'Salt of context_commitment, 32 bytes. NULL after the context was '
			'erased.'],
		['context_commitment', 'HMAC-SHA-256 of context.'],
		['name', 'Name of the actor that governance registered. NULL after it was erased.'],
		['name_salt', 'Salt of name_commitment, 32 bytes. NULL after the name was erased.'],
		['name_commitment', 'HMAC-SHA-256 of name.'],
		['prev_hash', 'Hash of the entry before, 32 bytes. Zero bytes in the first entry.'],
		['hash', 'SHA-256 of the entry and prev_hash, 32 bytes.']]);
END
$$;
COMMENT ON FUNCTION trust_ledger.comment_on_entry_table() IS
	'Comments on table trust.entry. Called by comment_on_tables().';
COMMENT ON FUNCTION trust_ledger.guard_entry() IS
	'Guard of trust.entry. Allows entries that the ledger appends, and erasing their texts. Error '
	'TL006.';
COMMENT ON FUNCTION trust_ledger.guard_chain() IS
	'Guard of trust.chain. Allows changes only together with an appended entry. Error TL006.';
COMMENT ON FUNCTION trust_ledger.guard_promise() IS
	'Guard of trust.promise. Allows changes only together with an appended entry. Error TL006.';
COMMENT ON FUNCTION trust_ledger.guard_source() IS
	'Guard of trust.source. Allows changes only together with an appended entry. Error TL006.';
COMMENT ON FUNCTION trust_ledger.guard_governed() IS
	'Guard of trust.ledger, actor, policy, access and tracking. Allows changes only together with '
	'an appended entry of governance. Error TL006.';

CREATE FUNCTION trust_ledger.guard_copy() RETURNS trigger
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.guard_copy() IS
	'Guard of trust.copy. Allows create_ledger() to mark an empty ledger as a copy, and nothing '
	'else. Error TL006.';

CREATE FUNCTION trust_ledger.guard_parked() RETURNS trigger
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.guard_parked() IS
	'Guard of trust.parked_change. Allows the ledger to park, replay and drop a change, and to '
	'update its error. Error TL006.';
COMMENT ON FUNCTION trust_ledger.guard_truncate() IS
	'Guard of every table in schema trust. Refuses TRUNCATE. Error TL006.';

CREATE OR REPLACE FUNCTION trust_ledger.create_guards() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp SET client_min_messages = warning
AS $$
DECLARE
	guarded record;
	place   regclass;
BEGIN
	-- in the order in which writing functions lock them, so that no session deadlocks
	LOCK TABLE trust.ledger, trust.chain, trust.entry, trust.promise, trust.source, trust.actor,
		trust.policy, trust.access, trust.tracking, trust.parked_change, trust.copy;
	-- ledgers of earlier versions do not have this column
	ALTER TABLE trust.parked_change ADD COLUMN IF NOT EXISTS salt bytea;
	FOR guarded IN
		SELECT g.tab, g.guard
		FROM (VALUES
			('entry', 'guard_entry'),
			('chain', 'guard_chain'),
			('promise', 'guard_promise'),
			('source', 'guard_source'),
			('ledger', 'guard_governed'),
			('actor', 'guard_governed'),
			('policy', 'guard_governed'),
			('access', 'guard_governed'),
			('tracking', 'guard_governed'),
			('parked_change', 'guard_parked'),
			('copy', 'guard_copy')) AS g (tab, guard)
	LOOP
		EXECUTE format('DROP TRIGGER IF EXISTS trust_guard ON trust.%I', guarded.tab);
		EXECUTE format('CREATE TRIGGER trust_guard BEFORE INSERT OR UPDATE OR DELETE ON trust.%I '
			'FOR EACH ROW EXECUTE FUNCTION trust_ledger.%I()', guarded.tab, guarded.guard);
		-- ALWAYS, so that it fires under session_replication_role = replica, too
		EXECUTE format('ALTER TABLE trust.%I ENABLE ALWAYS TRIGGER trust_guard', guarded.tab);
		-- Partitions inherit row triggers of their table. TRUNCATE of a partition does not fire
		-- triggers of the table.
		FOR place IN
			SELECT format('trust.%I', guarded.tab)::regclass
			UNION
			SELECT relid FROM pg_partition_tree(format('trust.%I', guarded.tab)::regclass)
		LOOP
			EXECUTE format('DROP TRIGGER IF EXISTS trust_guard_truncate ON %s', place);
			EXECUTE format('CREATE TRIGGER trust_guard_truncate BEFORE TRUNCATE ON %s '
				'EXECUTE FUNCTION trust_ledger.guard_truncate()', place);
			EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER trust_guard_truncate', place);
		END LOOP;
	END LOOP;
END
$$;
COMMENT ON FUNCTION trust_ledger.create_guards() IS
	'Creates the guards on the ledger''s tables, or replaces them. Adds column salt to '
	'trust.parked_change if it is missing. Called by create_ledger() and migrate_ledger().';

CREATE FUNCTION trust_ledger.create_access_table() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	CREATE TABLE trust.access (
		role   text COLLATE "C" PRIMARY KEY,
		levels text[] NOT NULL,
		seq    bigint NOT NULL
	);
END
$$;
COMMENT ON FUNCTION trust_ledger.create_access_table() IS
	'Creates table trust.access. Called by create_tables().';

CREATE FUNCTION trust_ledger.comment_on_access_table() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	COMMENT ON TABLE trust.access IS
		'Access levels of database roles. Changed by grant_access() and revoke_access().';
	PERFORM trust_ledger.comment_on_columns('trust.access', ARRAY[
		['role', 'Name of the database role. Its members have the same levels.'],
		['levels', 'application, analyst, auditor, import, admin. Empty after all are revoked.'],
		['seq', 'The governance entry that last changed the row.']]);
END
$$;
COMMENT ON FUNCTION trust_ledger.comment_on_access_table() IS
	'Comments on table trust.access. Called by comment_on_tables().';
COMMENT ON FUNCTION trust_ledger.require_reader() IS
	'Returns true if the current user has level application, analyst, auditor or admin; otherwise '
	'raises TL004. All views of schema trust call it.';
COMMENT ON FUNCTION trust_ledger.reads_words() IS
	'Whether the current user may read texts that people wrote: level application or auditor. For '
	'other users, views show NULL.';
COMMENT ON FUNCTION trust_ledger.grant_access(text, text, text, text, timestamptz, jsonb, text) IS
	'Grants a level to a database role and its members: application (write and read promises), '
	'analyst (read views, without words), auditor (read history and words, verify), import (write '
	'with any occurred_at), admin (govern). Requires level admin. Errors: TL004, 42704 (no such '
	'role), 22023 (no such level).';
COMMENT ON FUNCTION trust_ledger.revoke_access(text, text, text, text, timestamptz, jsonb, text) IS
	'Revokes a level from a database role. The owner of the ledger can always govern. Requires '
	'level admin. Errors: TL004, 42704 (the role does not have the level).';

CREATE FUNCTION trust_ledger.access_views(OUT name text, OUT definition text)
RETURNS SETOF record
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	name := 'access_level';
	definition := $view$
	SELECT a.role, l.level
	FROM trust.access a, LATERAL pg_catalog.unnest(a.levels) AS l (level)
	WHERE (SELECT trust_ledger.require_reader())
	ORDER BY a.role, l.level
	$view$;
	RETURN NEXT;
END
$$;
COMMENT ON FUNCTION trust_ledger.access_views() IS
	'Name and query of view trust.access_level. Called by ledger_views().';

CREATE FUNCTION trust_ledger.comment_on_access_views() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	COMMENT ON VIEW trust.access_level IS
		'One row per database role and level that it was granted.';
	PERFORM trust_ledger.comment_on_columns('trust.access_level', ARRAY[
		['role', 'Name of the database role. Its members have the same level.'],
		['level', 'application, analyst, auditor, import or admin.']]);
END
$$;
COMMENT ON FUNCTION trust_ledger.comment_on_access_views() IS
	'Comments on view trust.access_level. Called by create_views().';

CREATE FUNCTION trust_ledger.ledger_structure(OUT tab text, OUT what text, OUT how text)
RETURNS SETOF record
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
	VALUES
-- made by test/shipped
	('access', 'column levels', 'text[] NOT NULL'),
	('access', 'column role', 'text COLLATE "C" NOT NULL'),
	('access', 'column seq', 'bigint NOT NULL'),
	('access', 'constraint', 'PRIMARY KEY (role)'),
	('access', 'unique index', 'btree (role)'),
	('actor', 'column active', 'boolean NOT NULL'),
	('actor', 'column actor', 'text COLLATE "C" NOT NULL'),
	('actor', 'column authority', 'jsonb'),
	('actor', 'column customer', 'text COLLATE "C"'),
	('actor', 'column db_role', 'text COLLATE "C"'),
	('actor', 'column kind', 'text COLLATE "C" NOT NULL'),
	('actor', 'column model', 'text COLLATE "C"'),
	('actor', 'column name', 'text'),
	('actor', 'column responsible', 'text COLLATE "C"'),
	('actor', 'column seq', 'bigint NOT NULL'),
	('actor', 'column speaks_for', 'text COLLATE "C" NOT NULL'),
	('actor', 'column successor', 'text COLLATE "C"'),
	('actor', 'constraint',
	 'CHECK ((kind = ANY (ARRAY[''human''::text, ''ai''::text, ''system''::text])))'),
	('actor', 'constraint',
	 'CHECK ((speaks_for = ANY (ARRAY[''company''::text, ''customer''::text, ''record''::text])))'),
	('actor', 'constraint', 'PRIMARY KEY (actor)'),
	('actor', 'index', 'btree (responsible) WHERE active'),
	('actor', 'unique index', 'btree (actor)'),
	('actor', 'unique index', 'btree (db_role) WHERE active'),
	('chain', 'column customer', 'text COLLATE "C" NOT NULL'),
	('chain', 'column head', 'bytea NOT NULL'),
	('chain', 'column length', 'bigint NOT NULL'),
	('chain', 'column recorded_at', 'timestamp with time zone'),
	('chain', 'column score',
	 'trust_ledger.trust_score NOT NULL DEFAULT ''empty''::trust_ledger.trust_score'),
	('chain', 'constraint', 'PRIMARY KEY (customer)'),
	('chain', 'unique index', 'btree (customer)'),
	('copy', 'column copied', 'text COLLATE "C" NOT NULL'),
	('copy', 'constraint', 'PRIMARY KEY (copied)'),
	('copy', 'unique index', 'btree (copied)'),
	('entry', 'column accepted', 'boolean'),
	('entry', 'column actor', 'text COLLATE "C"'),
	('entry', 'column actor_kind', 'text COLLATE "C"'),
	('entry', 'column actor_seq', 'bigint'),
	('entry', 'column back_by', 'timestamp with time zone'),
	('entry', 'column backer', 'text COLLATE "C"'),
	('entry', 'column backfilled', 'boolean NOT NULL'),
	('entry', 'column context', 'jsonb'),
	('entry', 'column context_commitment', 'bytea'),
	('entry', 'column context_salt', 'bytea'),
	('entry', 'column currency', 'text COLLATE "C"'),
	('entry', 'column customer', 'text COLLATE "C" NOT NULL'),
	('entry', 'column details', 'jsonb'),
	('entry', 'column drafted_by', 'text COLLATE "C"'),
	('entry', 'column due', 'timestamp with time zone'),
	('entry', 'column event', 'text COLLATE "C" NOT NULL'),
	('entry', 'column evidence', 'text COLLATE "C"'),
	('entry', 'column evidence_asked', 'text COLLATE "C"'),
	('entry', 'column format', 'smallint NOT NULL'),
	('entry', 'column hash', 'bytea NOT NULL'),
	('entry', 'column idempotency_key', 'text COLLATE "C"'),
	('entry', 'column kind', 'text COLLATE "C"'),
	('entry', 'column login', 'text COLLATE "C" NOT NULL'),
	('entry', 'column longest_pause', 'interval'),
	('entry', 'column name', 'text'),
	('entry', 'column name_commitment', 'bytea'),
	('entry', 'column name_salt', 'bytea'),
	('entry', 'column note', 'text'),
	('entry', 'column note_commitment', 'bytea'),
	('entry', 'column note_salt', 'bytea'),
	('entry', 'column occurred_at', 'timestamp with time zone NOT NULL'),
	('entry', 'column overdue_at', 'timestamp with time zone'),
	('entry', 'column prev_hash', 'bytea NOT NULL'),
	('entry', 'column promise', 'uuid'),
	('entry', 'column promiser', 'text COLLATE "C"'),
	('entry', 'column promiser_kind', 'text COLLATE "C"'),
	('entry', 'column purpose', 'text'),
	('entry', 'column purpose_commitment', 'bytea'),
	('entry', 'column purpose_met', 'boolean'),
	('entry', 'column purpose_salt', 'bytea'),
	('entry', 'column recorded_at', 'timestamp with time zone NOT NULL'),
	('entry', 'column refers_to', 'bigint'),
	('entry', 'column relayed', 'boolean'),
	('entry', 'column request', 'bytea'),
	('entry', 'column request_salt', 'bytea'),
	('entry', 'column responsible', 'text COLLATE "C"'),
	('entry', 'column role', 'text COLLATE "C" NOT NULL'),
	('entry', 'column seq', 'bigint NOT NULL'),
	('entry', 'column speaks_for', 'text COLLATE "C"'),
	('entry', 'column stands', 'boolean'),
	('entry', 'column state', 'text COLLATE "C"'),
	('entry', 'column subject', 'text COLLATE "C"'),
	('entry', 'column value', 'numeric'),
	('entry', 'column verdict', 'text COLLATE "C"'),
	('entry', 'column weight_broken', 'integer'),
	('entry', 'column weight_kept', 'integer'),
	('entry', 'column whose_word', 'text COLLATE "C"'),
	('entry', 'column words', 'text'),
	('entry', 'column words_commitment', 'bytea'),
	('entry', 'column words_salt', 'bytea'),
	('entry', 'constraint', 'PRIMARY KEY (customer, seq)'),
	('entry', 'index', 'btree (customer, promise, seq) WHERE (details ? ''refused''::text)'),
	('entry', 'index', 'btree (customer, seq) WHERE (event = ''erased''::text)'),
	('entry', 'unique index',
	 'btree (customer, idempotency_key) WHERE (idempotency_key IS NOT NULL)'),
	('entry', 'unique index', 'btree (customer, seq)'),
	('ledger', 'column half_life', 'interval NOT NULL'),
	('ledger', 'column lag', 'interval NOT NULL'),
	('ledger', 'column ledger', 'uuid NOT NULL'),
	('ledger', 'column seq', 'bigint NOT NULL'),
	('ledger', 'column table_format', 'integer NOT NULL'),
	('ledger', 'column weights', 'jsonb NOT NULL'),
	('ledger', 'column zone', 'text NOT NULL'),
	('ledger', 'constraint', 'PRIMARY KEY (ledger)'),
	('ledger', 'unique index', 'btree (ledger)'),
	('parked_change', 'column actor', 'text COLLATE "C"'),
	('parked_change', 'column error', 'text NOT NULL'),
	('parked_change', 'column login', 'text COLLATE "C" NOT NULL'),
	('parked_change', 'column new_row', 'jsonb'),
	('parked_change', 'column old_row', 'jsonb'),
	('parked_change', 'column operation', 'text COLLATE "C" NOT NULL'),
	('parked_change', 'column parked', 'uuid NOT NULL'),
	('parked_change', 'column parked_at', 'timestamp with time zone NOT NULL'),
	('parked_change', 'column role', 'text COLLATE "C" NOT NULL'),
	('parked_change', 'column salt', 'bytea'),
	('parked_change', 'column source', 'text COLLATE "C" NOT NULL'),
	('parked_change', 'column sqlstate', 'text COLLATE "C" NOT NULL'),
	('parked_change', 'column tab', 'text COLLATE "C" NOT NULL'),
	('parked_change', 'column trigger', 'text COLLATE "C" NOT NULL'),
	('parked_change', 'constraint',
	 'CHECK ((operation = ANY (ARRAY[''insert''::text, ''update''::text, ''delete''::text])))'),
	('parked_change', 'constraint', 'PRIMARY KEY (parked)'),
	('parked_change', 'unique index', 'btree (parked)'),
	('policy', 'column active', 'boolean NOT NULL'),
	('policy', 'column back_within', 'interval'),
	('policy', 'column cumulative', 'boolean NOT NULL'),
	('policy', 'column currency', 'text COLLATE "C"'),
	('policy', 'column due_within', 'interval'),
	('policy', 'column evidence', 'text COLLATE "C"'),
	('policy', 'column grace', 'interval'),
	('policy', 'column kind', 'text COLLATE "C"'),
	('policy', 'column least_value', 'numeric'),
	('policy', 'column policy', 'text COLLATE "C" NOT NULL'),
	('policy', 'column promiser', 'text COLLATE "C"'),
	('policy', 'column promiser_kind', 'text COLLATE "C"'),
	('policy', 'column seq', 'bigint NOT NULL'),
	('policy', 'constraint', 'PRIMARY KEY (policy)'),
	('policy', 'unique index', 'btree (policy)'),
	('promise', 'column accepted_at', 'timestamp with time zone'),
	('promise', 'column admitted_at', 'timestamp with time zone'),
	('promise', 'column back_by', 'timestamp with time zone'),
	('promise', 'column backed_at', 'timestamp with time zone'),
	('promise', 'column backer', 'text COLLATE "C"'),
	('promise', 'column backfilled', 'boolean NOT NULL'),
	('promise', 'column backfilled_at', 'timestamp with time zone'),
	('promise', 'column broken_at', 'timestamp with time zone'),
	('promise', 'column currency', 'text COLLATE "C"'),
	('promise', 'column customer', 'text COLLATE "C" NOT NULL'),
	('promise', 'column declined_at', 'timestamp with time zone'),
	('promise', 'column doubted_speaker', 'text COLLATE "C"'),
	('promise', 'column drafted_by', 'text COLLATE "C"'),
	('promise', 'column due', 'timestamp with time zone'),
	('promise', 'column due_moved_at', 'timestamp with time zone'),
	('promise', 'column due_moves', 'integer NOT NULL'),
	('promise', 'column eased_at', 'timestamp with time zone'),
	('promise', 'column evidence', 'text COLLATE "C"'),
	('promise', 'column evidence_asked', 'text COLLATE "C"'),
	('promise', 'column first_due', 'timestamp with time zone'),
	('promise', 'column former_backer', 'text COLLATE "C"'),
	('promise', 'column kind', 'text COLLATE "C"'),
	('promise', 'column last_seq', 'bigint NOT NULL'),
	('promise', 'column longest_pause', 'interval'),
	('promise', 'column made_at', 'timestamp with time zone NOT NULL'),
	('promise', 'column opened_at', 'timestamp with time zone'),
	('promise', 'column outcome', 'text COLLATE "C"'),
	('promise', 'column overdue_at', 'timestamp with time zone'),
	('promise', 'column paused_at', 'timestamp with time zone'),
	('promise', 'column paused_for', 'interval NOT NULL'),
	('promise', 'column paused_until', 'timestamp with time zone'),
	('promise', 'column promise', 'uuid NOT NULL'),
	('promise', 'column promiser', 'text COLLATE "C" NOT NULL'),
	('promise', 'column promiser_kind', 'text COLLATE "C" NOT NULL'),
	('promise', 'column purpose', 'text'),
	('promise', 'column purpose_met', 'boolean'),
	('promise', 'column recorded_at', 'timestamp with time zone NOT NULL'),
	('promise', 'column relayed', 'boolean'),
	('promise', 'column repaired_at', 'timestamp with time zone'),
	('promise', 'column reversed_at', 'timestamp with time zone'),
	('promise', 'column seen_at', 'timestamp with time zone'),
	('promise', 'column settled_at', 'timestamp with time zone'),
	('promise', 'column settled_by', 'text COLLATE "C"'),
	('promise', 'column state', 'text COLLATE "C" NOT NULL'),
	('promise', 'column terms_seq', 'bigint NOT NULL'),
	('promise', 'column unbacked_at', 'timestamp with time zone'),
	('promise', 'column unbacked_by', 'text COLLATE "C"'),
	('promise', 'column unconfirmed', 'bigint'),
	('promise', 'column value', 'numeric'),
	('promise', 'column verdict_by', 'text COLLATE "C"'),
	('promise', 'column verdict_evidence', 'text COLLATE "C"'),
	('promise', 'column waiting_since', 'timestamp with time zone'),
	('promise', 'column weight_broken', 'integer'),
	('promise', 'column weight_kept', 'integer'),
	('promise', 'column whose_word', 'text COLLATE "C"'),
	('promise', 'column words', 'text'),
	('promise', 'constraint',
	 'PRIMARY KEY (customer, promise) INCLUDE (opened_at, overdue_at, settled_at)'),
	('promise', 'index', 'btree (promise)'),
	('promise', 'index', 'btree (waiting_since) WHERE (waiting_since IS NOT NULL)'),
	('promise', 'unique index',
	 'btree (customer, promise) INCLUDE (opened_at, overdue_at, settled_at)'),
	('source', 'column customer', 'text COLLATE "C" NOT NULL'),
	('source', 'column gone', 'boolean NOT NULL'),
	('source', 'column key', 'text COLLATE "C" NOT NULL'),
	('source', 'column name', 'text COLLATE "C" NOT NULL'),
	('source', 'column promise', 'uuid NOT NULL'),
	('source', 'column seq', 'bigint NOT NULL'),
	('source', 'column source', 'text COLLATE "C" NOT NULL'),
	('source', 'constraint', 'PRIMARY KEY (customer, promise)'),
	('source', 'index', 'btree (source, key, name) WHERE (NOT gone)'),
	('source', 'unique index', 'btree (customer, promise)'),
	('tracking', 'column active', 'boolean NOT NULL'),
	('tracking', 'column mapping', 'jsonb NOT NULL'),
	('tracking', 'column seq', 'bigint NOT NULL'),
	('tracking', 'column source', 'text COLLATE "C" NOT NULL'),
	('tracking', 'column tab', 'text COLLATE "C" NOT NULL'),
	('tracking', 'column triggers', 'jsonb NOT NULL'),
	('tracking', 'constraint', 'PRIMARY KEY (source)'),
	('tracking', 'unique index', 'btree (source)')
-- until here
$$;
COMMENT ON FUNCTION trust_ledger.ledger_structure() IS
	'The columns, constraints and indexes of the ledger''s tables: table, what (column and name, '
	'constraint, index or unique index), and definition. Called by structure_problems().';

CREATE FUNCTION trust_ledger.found_structure(
	OUT relid oid, OUT tab text, OUT what text, OUT how text, OUT name text,
	OUT harmless boolean, OUT sound boolean)
RETURNS SETOF record
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
	RETURN QUERY
	WITH place AS (
		SELECT c.oid, c.relname::text AS tab
		FROM pg_class c
		WHERE c.relnamespace = to_regnamespace('trust')
			AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
			AND c.relname IN (SELECT s.tab FROM trust_ledger.ledger_structure() s)
		UNION
		SELECT p.relid, c.relname
		FROM pg_class c, LATERAL pg_partition_tree(c.oid) AS p
		WHERE c.relnamespace = to_regnamespace('trust')
			AND c.relkind = 'p'
			AND c.relname IN (SELECT s.tab FROM trust_ledger.ledger_structure() s)
	)
	SELECT p.oid, p.tab, 'column ' || quote_ident(a.attname),
		concat_ws(' ',
			format_type(a.atttypid, a.atttypmod),
			'COLLATE ' || CASE
				WHEN a.attcollation <> t.typcollation THEN a.attcollation::regcollation
			END,
			CASE WHEN a.attnotnull THEN 'NOT NULL' END,
			'GENERATED ' || nullif(a.attgenerated::text || a.attidentity::text, ''),
			'DEFAULT ' || pg_get_expr(d.adbin, d.adrelid)),
		a.attname::text,
		a.attidentity = ''
			AND a.attgenerated = ''
			AND t.typtype <> 'd'
			AND (d.adbin IS NOT NULL OR NOT a.attnotnull)
			-- the default calls no function
			AND coalesce(pg_get_expr(d.adbin, d.adrelid) !~ '[(]', true),
		true
	FROM place p
	JOIN pg_attribute a ON a.attrelid = p.oid AND a.attnum > 0 AND NOT a.attisdropped
	JOIN pg_type t ON t.oid = a.atttypid
	LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
	UNION ALL
	SELECT p.oid, p.tab, 'constraint', pg_get_constraintdef(k.oid), k.conname, false,
		k.convalidated
	FROM place p
	JOIN pg_constraint k ON k.conrelid = p.oid AND k.contype IN ('p', 'u', 'c', 'x', 'f')
	UNION ALL
	-- an additional plain index does no harm
	SELECT p.oid, p.tab, CASE WHEN i.indisunique THEN 'unique index' ELSE 'index' END,
		regexp_replace(
			regexp_replace(pg_get_indexdef(i.indexrelid), '^.*? USING ', ''),
			' WITH \([^)]*\)(?= WHERE |$)', ''),
		c.relname,
		NOT i.indisunique
			AND i.indexprs IS NULL
			AND i.indpred IS NULL
			AND m.amhandler < 16384
			AND NOT EXISTS (
				SELECT FROM pg_opclass o
				WHERE o.oid = ANY (i.indclass)
					AND o.opcnamespace <> 'pg_catalog'::regnamespace),
		i.indisvalid AND i.indisready AND i.indislive
	FROM place p
	JOIN pg_index i ON i.indrelid = p.oid
	JOIN pg_class c ON c.oid = i.indexrelid
	JOIN pg_am m ON m.oid = c.relam;
END
$$;
COMMENT ON FUNCTION trust_ledger.found_structure() IS
	'The existing columns, constraints and indexes of the ledger''s tables and their partitions. '
	'harmless: an additional one like this neither changes nor refuses writes. sound: the index is '
	'valid and ready, or the constraint is validated. Called by structure_problems().';

CREATE FUNCTION trust_ledger.structure_problems(
	OUT tab text, OUT what text, OUT problem text, OUT readable boolean)
RETURNS SETOF record
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
	RETURN QUERY
	WITH made AS (
		SELECT s.tab, s.what, s.how FROM trust_ledger.ledger_structure() s
	), found AS MATERIALIZED (
		SELECT f.relid, f.tab, f.what, f.how, f.name, f.harmless, f.sound,
			c.relname::text AS place,
			c.relispartition AS is_part,
			c.relkind IN ('r', 'p') AS is_table
		FROM trust_ledger.found_structure() f
		JOIN pg_class c ON c.oid = f.relid
	), place AS (
		SELECT DISTINCT relid, tab, place, is_part, is_table FROM found
	)
	-- ledgers of earlier versions have no trust.copy before migrate_ledger()
	SELECT m.tab, 'table',
		CASE
			WHEN c.oid IS NOT NULL THEN 'is not a table'
			WHEN m.tab = 'copy' THEN 'is missing: run migrate_ledger()'
			ELSE 'is missing'
		END,
		c.oid IS NOT NULL OR m.tab = 'copy'
	FROM (SELECT DISTINCT made.tab FROM made) m
	LEFT JOIN pg_class c ON c.oid = to_regclass('trust.' || quote_ident(m.tab))
	WHERE c.oid IS NULL OR c.relkind NOT IN ('r', 'p')
	UNION ALL
	SELECT p.place, m.what,
		CASE
			WHEN f.how IS NULL THEN concat('is missing', CASE
				-- ledgers of earlier versions do not have these
				WHEN (m.tab, m.what) IN (('promise', 'column eased_at'),
					('promise', 'column broken_at'), ('promise', 'column verdict_by'),
					('promise', 'column reversed_at'), ('promise', 'column doubted_speaker'))
				THEN ': run migrate_ledger()' END)
			ELSE format('is %s, but was created as %s', f.how, m.how)
		END,
		coalesce(regexp_replace(f.how, bare, '') = regexp_replace(m.how, bare, ''), false)
	FROM made m
	JOIN place p ON p.tab = m.tab
	CROSS JOIN (VALUES (' (COLLATE|NOT NULL|DEFAULT) .*$|( NOT NULL)$')) AS b (bare)
	LEFT JOIN found f ON f.relid = p.relid AND f.what = m.what
	WHERE m.what ~ '^column '
		AND f.how IS DISTINCT FROM m.how
		-- DROP EXTENSION ... CASCADE drops this column, and migrate_ledger() adds it again.
		-- Partitions do not need a default of their own.
		AND NOT ((m.tab, m.what) = ('chain', 'column score') AND (f.how IS NULL OR p.is_part))
		-- Ledgers of earlier versions do not have this column before migrate_ledger(). verify()
		-- reports it where it must exist.
		AND NOT ((m.tab, m.what) = ('parked_change', 'column salt') AND f.how IS NULL)
	UNION ALL
	SELECT p.place, m.what, format('%s is missing', m.how), true
	FROM made m
	JOIN place p ON p.tab = m.tab
	WHERE m.what !~ '^column '
		AND p.is_table
		-- Ledgers of earlier versions do not have this index, which only makes look-ups faster.
		AND NOT (m.tab = 'entry' AND m.how LIKE '% WHERE (details ? ''refused''::text)')
		AND NOT EXISTS (
			SELECT FROM found f
			WHERE (f.relid, f.what, f.how) = (p.relid, m.what, m.how) AND f.sound)
	UNION ALL
	SELECT f.place, f.what,
		CASE
			WHEN f.what ~ '^column ' THEN format('is %s, and not a column of the ledger', f.how)
			ELSE format('"%s", %s, may change or refuse writes', f.name, f.how)
		END,
		true
	FROM found f
	WHERE NOT f.harmless
		AND NOT EXISTS (
			SELECT FROM made m
			WHERE (m.tab, m.what) = (f.tab, f.what)
				AND (m.how = f.how OR f.what ~ '^column '))
	ORDER BY 1, 2, 3;
END
$$;
COMMENT ON FUNCTION trust_ledger.structure_problems() IS
	'Differences between the ledger''s tables and this version: tables, columns, constraints or '
	'indexes that are missing, different or not valid, and additional ones that may change or '
	'refuse writes. Additional plain columns and indexes, and partitions, are not reported. '
	'readable: false if a missing table or column, or another type, makes the ledger unreadable. '
	'Called by verify() and check_tables().';
COMMENT ON FUNCTION trust_ledger.check_ledger() IS
	'Raises an error unless the database has a ledger (55000) that the database owner owns '
	'(TL006), and its encoding is UTF8 (0A000).';

CREATE OR REPLACE FUNCTION trust_ledger.check_ledger_owner() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF NOT pg_has_role('pg_database_owner', 'USAGE') THEN
		RAISE EXCEPTION 'must be owner of database "%"', current_database()
			USING ERRCODE = '42501',
			DETAIL = format('"%s" does not own it. The database owner owns the '
				'ledger.', CURRENT_USER),
			HINT = format('Call this as "%s".', (
				SELECT pg_get_userbyid(datdba)
				FROM pg_database
				WHERE datname = current_database()));
	END IF;
	IF getdatabaseencoding() <> 'UTF8' THEN
		RAISE EXCEPTION 'database encoding must be UTF8'
			USING ERRCODE = '0A000',
			DETAIL = format(
				'The encoding is %s. Hashes of texts must be the same in every database.',
				getdatabaseencoding()),
			HINT = 'CREATE DATABASE ... ENCODING ''UTF8'' TEMPLATE template0;';
	END IF;
END
$$;
COMMENT ON FUNCTION trust_ledger.check_ledger_owner() IS
	'Raises an error unless the current user owns the database (42501) and its encoding is UTF8 '
	'(0A000).';

CREATE FUNCTION trust_ledger.create_settings_table() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	CREATE TABLE trust.ledger (
		ledger       uuid PRIMARY KEY,
		table_format integer NOT NULL,
		half_life    interval NOT NULL,
		weights      jsonb NOT NULL,
		zone         text NOT NULL,
		lag          interval NOT NULL,
		seq          bigint NOT NULL
	);
END
$$;
COMMENT ON FUNCTION trust_ledger.create_settings_table() IS
	'Creates table trust.ledger. Called by create_tables().';

CREATE FUNCTION trust_ledger.comment_on_settings_table() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	COMMENT ON TABLE trust.ledger IS
		'Settings of the ledger, one row. Changed by set_ledger().';
	PERFORM trust_ledger.comment_on_columns('trust.ledger', ARRAY[
		['ledger', 'Identifier of the ledger. It is part of every hash.'],
		['table_format', 'Format of the tables: 2. migrate_ledger() changes it.'],
		['half_life', 'Time after which evidence counts half, in days and smaller units.'],
		['weights', 'Weights of verdicts: for each kind of verdict [kept, broken] in thousandths.'],
		['zone', 'Time zone in which the day of due_on ends.'],
		['lag', 'How far occurred_at may lie in the past without level import; at most seven '
			'days.'],
		['seq', 'The governance entry that last changed the row.']]);
END
$$;
COMMENT ON FUNCTION trust_ledger.comment_on_settings_table() IS
	'Comments on table trust.ledger. Called by comment_on_tables().';
COMMENT ON FUNCTION trust_ledger.found_ledger() IS
	'Writes the first two entries of an empty ledger. Called by create_ledger(). Errors: 42501 '
	'(not the owner), 42710 (there are entries), 55000, TL006.';
COMMENT ON FUNCTION trust_ledger.set_ledger(
	interval, jsonb, text, interval, text, text, timestamptz, jsonb, text) IS
	'Changes settings; those that are NULL stay. half_life: 1 to 36525 days, without months. '
	'weights: pairs [kept, broken] in thousandths, with kept > repaired > admitted > broken. zone: '
	'time zone in which the day of due_on ends. lag: how far occurred_at may lie in the past, at '
	'most seven days, without months. Requires level admin. Errors: TL004, 22023.';

CREATE FUNCTION trust_ledger.record_settings() RETURNS void
AS 'MODULE_PATHNAME' LANGUAGE C
SET search_path = pg_catalog, pg_temp SET IntervalStyle = 'iso_8601';
COMMENT ON FUNCTION trust_ledger.record_settings() IS
	'Writes an entry of event ledger_set that says what trust.ledger contains, without an actor. '
	'Called by migrate_ledger(). Errors: 42501 (not the owner).';

CREATE OR REPLACE FUNCTION trust_ledger.create_scores() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp SET client_min_messages = warning
AS $$
BEGIN
	PERFORM trust_ledger.check_ledger_owner();
	IF EXISTS (
		SELECT FROM pg_attribute
		WHERE attrelid = 'trust.chain'::regclass AND attname = 'score' AND NOT attisdropped)
	THEN
		RETURN;
	END IF;
	ALTER TABLE trust.chain
		ADD COLUMN score trust_ledger.trust_score NOT NULL DEFAULT 'empty';
	-- the guard would refuse the UPDATE; create_guards() puts it back
	DROP TRIGGER IF EXISTS trust_guard ON trust.chain;
	UPDATE trust.chain c
	SET score = s.score
	FROM (
		SELECT p.customer,
			trust_ledger.fuse(
				trust_ledger.score_agg(
					p.weight_kept / 1000.0::float8, 0, p.settled_at, l.half_life),
				trust_ledger.score_agg(
					0, p.weight_broken / 1000.0::float8, p.broken_at, l.half_life)) AS score
		FROM trust.promise p, trust.ledger l
		GROUP BY p.customer) s
	WHERE s.customer = c.customer;
	PERFORM trust_ledger.create_guards();
END
$$;
COMMENT ON FUNCTION trust_ledger.create_scores() IS
	'Adds column score to trust.chain, and computes it from trust.promise. The only column of the '
	'ledger''s tables that has a type of the extension. Called by create_ledger() and '
	'migrate_ledger().';

CREATE FUNCTION trust_ledger.ledger_relations(
	OUT relid regclass, OUT owned_by oid, OUT is_view boolean)
RETURNS SETOF record
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
	WITH own AS (
		SELECT c.oid, name.is_view
		FROM (
			SELECT unnest('{ledger,chain,entry,promise,source,actor,policy,access,tracking,'
				'parked_change,copy}'::text[]), false
			UNION ALL
			SELECT v.name, true FROM trust_ledger.ledger_views() v) AS name (name, is_view)
		JOIN pg_class c
			ON c.relname = name.name AND c.relnamespace = to_regnamespace('trust')
	), place AS (
		SELECT oid, is_view FROM own
		UNION
		SELECT p.relid, false
		FROM own, LATERAL pg_partition_tree(own.oid) AS p
		WHERE NOT own.is_view
	)
	SELECT c.oid::regclass, c.relowner, p.is_view
	FROM place p
	JOIN pg_class c ON c.oid = p.oid
$$;
COMMENT ON FUNCTION trust_ledger.ledger_relations() IS
	'The tables of the ledger, their partitions, and the views, as far as they exist, with their '
	'owners.';

CREATE FUNCTION trust_ledger.check_nothing_planted() RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	trusted CONSTANT oid := (
		SELECT datdba FROM pg_database WHERE datname = current_database());
	places  CONSTANT oid[] := ARRAY(
		SELECT relid FROM trust_ledger.ledger_relations() WHERE NOT is_view);
	views   CONSTANT oid[] := ARRAY(
		SELECT relid FROM trust_ledger.ledger_relations() WHERE is_view);
	planted text;
BEGIN
	SELECT min(found.what) INTO planted
	FROM (
		-- triggers other than guards; a guard with a condition runs code, too
		SELECT pg_describe_object('pg_trigger'::regclass, t.oid, 0)
		FROM pg_trigger t
		WHERE t.tgrelid = ANY (places || views)
			AND NOT t.tgisinternal
			AND NOT (t.tgname IN ('trust_guard', 'trust_guard_truncate')
				AND t.tgqual IS NULL
				AND t.tgfoid IN (
					SELECT p.oid
					FROM pg_proc p
					JOIN pg_depend e
						ON e.classid = 'pg_proc'::regclass AND e.objid = p.oid AND e.deptype = 'e'
					WHERE p.pronamespace = 'trust_ledger'::regnamespace
						AND p.proname ~ '^guard_'))
		UNION ALL
		SELECT pg_describe_object('pg_rewrite'::regclass, w.oid, 0)
		FROM pg_rewrite w
		WHERE w.ev_class = ANY (places) OR w.ev_class = ANY (views) AND w.rulename <> '_RETURN'
		UNION ALL
		SELECT pg_describe_object('pg_policy'::regclass, p.oid, 0)
		FROM pg_policy p
		WHERE p.polrelid = ANY (places)
		UNION ALL
		SELECT pg_describe_object('pg_statistic_ext'::regclass, x.oid, 0)
		FROM pg_statistic_ext x
		WHERE x.stxrelid = ANY (places) AND x.stxexprs IS NOT NULL
		UNION ALL
		SELECT pg_describe_object('pg_constraint'::regclass, k.oid, 0)
		FROM pg_constraint k
		WHERE k.contype = 'f' AND (k.conrelid = ANY (places) OR k.confrelid = ANY (places))
		UNION ALL
		-- inheritance, which shows rows of another table in this one, or the other way round
		SELECT pg_describe_object('pg_class'::regclass,
			CASE WHEN i.inhparent = ANY (places) THEN i.inhrelid ELSE i.inhparent END, 0)
		FROM pg_inherits i
		WHERE (i.inhparent = ANY (places)) <> (i.inhrelid = ANY (places))
		UNION ALL
		SELECT pg_describe_object('pg_class'::regclass, c.oid, 0)
		FROM pg_class c
		WHERE c.oid = ANY (places)
				AND (c.relkind NOT IN ('r', 'p') OR c.relpersistence <> 'p' OR c.relrowsecurity)
			OR c.oid = ANY (views) AND c.relkind <> 'v'
		UNION ALL
		-- constraints, defaults and indexes of partitions; check_tables() does not see partitions
		SELECT pg_describe_object('pg_constraint'::regclass, k.oid, 0)
		FROM pg_constraint k
		JOIN pg_class c ON c.oid = k.conrelid
		WHERE c.oid = ANY (places)
			AND c.relispartition
			AND k.contype IN ('c', 'p', 'u', 'x')
			AND k.coninhcount = 0
		UNION ALL
		SELECT pg_describe_object('pg_attrdef'::regclass, d.oid, 0)
		FROM pg_attrdef d
		JOIN pg_class c ON c.oid = d.adrelid
		JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
		WHERE c.oid = ANY (places)
			AND c.relispartition
			AND (c.relname, a.attname) <> ('chain', 'score')
			AND NOT EXISTS (
				SELECT
				FROM pg_inherits h
				JOIN pg_attribute b ON b.attrelid = h.inhparent AND b.attname = a.attname
				JOIN pg_attrdef e ON e.adrelid = b.attrelid AND e.adnum = b.attnum
				WHERE h.inhrelid = c.oid
					AND pg_get_expr(e.adbin, e.adrelid) = pg_get_expr(d.adbin, d.adrelid))
		UNION ALL
		SELECT pg_describe_object('pg_class'::regclass, i.indexrelid, 0)
		FROM pg_index i
		WHERE i.indrelid = ANY (places)
			AND (EXISTS (
					SELECT FROM pg_opclass o
					WHERE o.oid = ANY (i.indclass)
						AND o.opcnamespace <> 'pg_catalog'::regnamespace)
				OR (i.indexprs IS NOT NULL OR i.indpred IS NOT NULL OR i.indisunique)
					AND (SELECT relispartition FROM pg_class WHERE oid = i.indrelid)
					AND NOT EXISTS (
						SELECT FROM pg_inherits h WHERE h.inhrelid = i.indexrelid))
		UNION ALL
		-- functions, operators, types and operator classes of others that constraints, defaults,
		-- indexes and columns use
		SELECT pg_describe_object(d.refclassid, d.refobjid, 0)
		FROM pg_depend d
		LEFT JOIN pg_proc f ON d.refclassid = 'pg_proc'::regclass AND f.oid = d.refobjid
		LEFT JOIN pg_operator o ON d.refclassid = 'pg_operator'::regclass AND o.oid = d.refobjid
		LEFT JOIN pg_type t ON d.refclassid = 'pg_type'::regclass AND t.oid = d.refobjid
		LEFT JOIN pg_opclass c ON d.refclassid = 'pg_opclass'::regclass AND c.oid = d.refobjid
		WHERE NOT pg_has_role(
				coalesce(f.proowner, o.oprowner, t.typowner, c.opcowner), trusted, 'USAGE')
			AND (d.classid = 'pg_class'::regclass
					AND d.objid = ANY (places || ARRAY(
						SELECT indexrelid FROM pg_index WHERE indrelid = ANY (places)))
				OR d.classid = 'pg_constraint'::regclass
					AND d.objid IN (SELECT oid FROM pg_constraint WHERE conrelid = ANY (places))
				OR d.classid = 'pg_attrdef'::regclass
					AND d.objid IN (SELECT oid FROM pg_attrdef WHERE adrelid = ANY (places)))
	) AS found (what);
	IF planted IS NOT NULL THEN
		RAISE EXCEPTION 'cannot take over the tables of schema "trust"'
			USING ERRCODE = 'TL006',
			DETAIL = format('They have an object that is not part of a ledger: %s.', planted),
			HINT = 'Find out who created it, and drop it. If the ledger is not yours, drop the '
				'schema.';
	END IF;
END
$$;
COMMENT ON FUNCTION trust_ledger.check_nothing_planted() IS
	'Raises TL006 if the tables or views of the ledger have anything that can run code other than '
	'the extension''s, or show other rows: triggers other than guards, rules, policies, foreign '
	'keys, inheritance, statistics on expressions. Called by take_ledger().';

CREATE FUNCTION trust_ledger.take_ledger() RETURNS name
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp SET client_min_messages = warning
AS $$
DECLARE
	new_owner  CONSTANT oid := (
		SELECT datdba FROM pg_database WHERE datname = current_database());
	old_owners oid[];
	place      record;
BEGIN
	PERFORM trust_ledger.check_ledger_owner();
	IF to_regclass('trust.ledger') IS NULL THEN
		RAISE EXCEPTION 'database "%" has no ledger', current_database()
			USING ERRCODE = '55000',
			HINT = 'Run SELECT trust_ledger.create_ledger();';
	END IF;
	old_owners := ARRAY(
		SELECT owned_by FROM trust_ledger.ledger_relations() WHERE owned_by <> new_owner
		UNION
		SELECT nspowner FROM pg_namespace WHERE nspname = 'trust' AND nspowner <> new_owner);
	IF old_owners = '{}' AND NOT trust_ledger.ledger_is_empty() THEN
		RETURN NULL;
	ELSIF cardinality(old_owners) > 1 THEN
		RAISE EXCEPTION 'schema "trust" has objects of several owners'
			USING ERRCODE = 'TL006',
			DETAIL = (
				SELECT string_agg(
					format('"%s"', pg_get_userbyid(o)), ', ' ORDER BY pg_get_userbyid(o))
				FROM unnest(old_owners) o),
			HINT = 'Find out who created which object, and drop those that are not the ledger''s.';
	ELSIF old_owners <> '{}' AND (
		NOT pg_has_role(old_owners[1], 'USAGE') OR NOT pg_has_role(new_owner, 'MEMBER'))
	THEN
		RAISE EXCEPTION 'permission denied to take the ledger from role "%"',
				pg_get_userbyid(old_owners[1])
			USING ERRCODE = '42501',
			DETAIL = format('"%s" owns the ledger, "%s" owns the database.',
				pg_get_userbyid(old_owners[1]), pg_get_userbyid(new_owner)),
			HINT = 'Call this as a superuser, or as a member of both roles.';
	END IF;
	-- From here on, nobody can plant anything. Changing the owner locks, and runs no code.
	FOR place IN
		SELECT relid
		FROM trust_ledger.ledger_relations() AS r
		JOIN pg_class c ON c.oid = r.relid
		WHERE NOT is_view AND c.relkind IN ('r', 'p')
	LOOP
		EXECUTE format('LOCK TABLE ONLY %s', place.relid);
	END LOOP;
	PERFORM trust_ledger.check_nothing_planted();
	IF old_owners <> '{}' THEN
		EXECUTE format('ALTER SCHEMA trust OWNER TO %I', pg_get_userbyid(new_owner));
		FOR place IN SELECT relid, is_view FROM trust_ledger.ledger_relations() LOOP
			EXECUTE format('ALTER %s %s OWNER TO %I',
				CASE WHEN place.is_view THEN 'VIEW' ELSE 'TABLE' END,
				place.relid, pg_get_userbyid(new_owner));
		END LOOP;
		PERFORM trust_ledger.check_nothing_planted();
	END IF;
	PERFORM trust_ledger.check_tables();
	-- revoke what was granted to others; migrate_ledger() grants SELECT on views again
	FOR place IN
		SELECT DISTINCT r.relid, a.grantee
		FROM trust_ledger.ledger_relations() r
		JOIN pg_class c ON c.oid = r.relid,
			LATERAL (
				SELECT grantee FROM aclexplode(c.relacl)
				UNION
				SELECT x.grantee
				FROM pg_attribute t, LATERAL aclexplode(t.attacl) x
				WHERE t.attrelid = r.relid) AS a
		WHERE a.grantee <> new_owner
		UNION ALL
		SELECT NULL, a.grantee
		FROM pg_namespace n, LATERAL aclexplode(n.nspacl) a
		WHERE n.nspname = 'trust' AND a.grantee <> new_owner
	LOOP
		EXECUTE format('REVOKE ALL ON %s FROM %s CASCADE',
			coalesce(place.relid::text, 'SCHEMA trust'),
			CASE place.grantee
				WHEN 0 THEN 'PUBLIC'
				ELSE quote_ident(pg_get_userbyid(place.grantee))
			END);
	END LOOP;
	GRANT USAGE ON SCHEMA trust TO PUBLIC;
	RETURN pg_get_userbyid(old_owners[1]);
END
$$;
COMMENT ON FUNCTION trust_ledger.take_ledger() IS
	'Changes the owner of schema trust, its tables and views to the database owner, and revokes '
	'what was granted on them. Needs the privileges for that. Returns the former owner; NULL if it '
	'was the database owner. Called by adopt_ledger() and create_ledger(). Errors: 42501, 55000 '
	'(no ledger, or other tables), TL006 (foreign objects).';

CREATE FUNCTION trust_ledger.ledger_is_empty() RETURNS boolean
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.ledger_is_empty() IS
	'Whether no table of the ledger has a row, as after restoring a schema-only dump. If so, it '
	'locks them against writes until the end of the transaction. Called by create_ledger(). '
	'Errors: 42501 (not the owner), 55000, TL006.';

CREATE FUNCTION trust_ledger.check_tables() RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	-- In a ledger, an additional column is no problem. These tables may be somebody else's.
	differences CONSTANT text := (
		SELECT string_agg(format('%s, %s: %s', tab, what, problem), '; ')
		FROM (
			SELECT tab, what, problem
			FROM trust_ledger.structure_problems()
			WHERE (tab, what) <> ('copy', 'table')
			UNION
			SELECT tab, what, 'is not a column of the ledger'
			FROM trust_ledger.found_structure() f
			WHERE what ~ '^column '
				AND harmless
				AND NOT EXISTS (
					SELECT FROM trust_ledger.ledger_structure() s
					WHERE (s.tab, s.what) = (f.tab, f.what))) AS p);
BEGIN
	IF differences IS NOT NULL THEN
		RAISE EXCEPTION 'the tables of schema "trust" are not those of a ledger'
			USING ERRCODE = '55000',
			DETAIL = format('Differences: %s.', differences),
			HINT = 'Undo the differences. If the tables are empty, run DROP SCHEMA trust CASCADE; '
				'SELECT trust_ledger.create_ledger();';
	END IF;
END
$$;
COMMENT ON FUNCTION trust_ledger.check_tables() IS
	'Raises 55000 unless the tables of schema trust have the columns, defaults, constraints and '
	'indexes of this version. They may have more plain indexes, and be partitioned. Called by '
	'take_ledger().';

CREATE FUNCTION trust_ledger.adopt_ledger(
	reason text DEFAULT NULL,
	actor text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C
SET search_path = pg_catalog, pg_temp SET IntervalStyle = 'iso_8601';
COMMENT ON FUNCTION trust_ledger.adopt_ledger(text, text, timestamptz, jsonb, text) IS
	'Makes the database owner the owner of the ledger, after CREATE DATABASE ... TEMPLATE or ALTER '
	'DATABASE ... OWNER TO: changes the owner of schema, tables and views, revokes what was '
	'granted on them, replaces guards and views, and records it in governance (ledger_adopted, '
	'access_granted, access_revoked). For a copy it records nothing and returns NULL. Call it as a '
	'superuser or a member of both owners. Errors: 42501, 55000 (nothing to adopt), TL006 (foreign '
	'objects).';

CREATE OR REPLACE FUNCTION trust_ledger.create_tables() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	foreign_right record;
	grantee       text;
BEGIN
	CREATE SCHEMA trust;
	PERFORM trust_ledger.create_settings_table();
	PERFORM trust_ledger.create_actor_table();
	PERFORM trust_ledger.create_policy_table();
	PERFORM trust_ledger.create_access_table();
	PERFORM trust_ledger.create_tracking_table();
	PERFORM trust_ledger.create_chain_table();
	PERFORM trust_ledger.create_promise_table();
	PERFORM trust_ledger.create_source_table();
	PERFORM trust_ledger.create_entry_table();
	PERFORM trust_ledger.create_parked_table();

	-- default privileges of the owner may have granted rights to others
	FOR foreign_right IN
		SELECT DISTINCT a.grantee
		FROM pg_class c, LATERAL aclexplode(c.relacl) a
		WHERE c.relnamespace = 'trust'::regnamespace AND a.grantee <> c.relowner
		UNION
		SELECT a.grantee
		FROM pg_namespace n, LATERAL aclexplode(n.nspacl) a
		WHERE n.nspname = 'trust' AND a.grantee <> n.nspowner
	LOOP
		grantee := CASE foreign_right.grantee
			WHEN 0 THEN 'PUBLIC'
			ELSE foreign_right.grantee::regrole::text
		END;
		EXECUTE 'REVOKE ALL ON ALL TABLES IN SCHEMA trust FROM ' || grantee;
		EXECUTE 'REVOKE ALL ON SCHEMA trust FROM ' || grantee;
	END LOOP;
	GRANT USAGE ON SCHEMA trust TO PUBLIC;
END
$$;
COMMENT ON FUNCTION trust_ledger.create_tables() IS
	'Creates schema trust and its tables, owned by the current user. Called by create_ledger().';

CREATE FUNCTION trust_ledger.comment_on_columns(relation regclass, comments text[]) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	comment text[];
BEGIN
	FOREACH comment SLICE 1 IN ARRAY comments LOOP
		IF EXISTS (
			SELECT FROM pg_attribute
			WHERE attrelid = relation AND attname = comment[1] AND NOT attisdropped)
		THEN
			EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', relation, comment[1], comment[2]);
		END IF;
	END LOOP;
END
$$;
COMMENT ON FUNCTION trust_ledger.comment_on_columns(regclass, text[]) IS
	'Comments on the columns of a table or view. comments: array of {column, comment}; columns '
	'that the relation does not have are ignored. Called by the other comment_on functions.';

CREATE FUNCTION trust_ledger.comment_on_tables() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	COMMENT ON SCHEMA trust IS
		'Data of the trust ledger. Only the functions of schema trust_ledger write it.';
	PERFORM trust_ledger.comment_on_settings_table();
	PERFORM trust_ledger.comment_on_actor_table();
	PERFORM trust_ledger.comment_on_policy_table();
	PERFORM trust_ledger.comment_on_access_table();
	PERFORM trust_ledger.comment_on_tracking_table();
	PERFORM trust_ledger.comment_on_chain_table();
	PERFORM trust_ledger.comment_on_promise_table();
	PERFORM trust_ledger.comment_on_source_table();
	PERFORM trust_ledger.comment_on_entry_table();
	PERFORM trust_ledger.comment_on_parked_table();
	PERFORM trust_ledger.comment_on_copy_table();
END
$$;
COMMENT ON FUNCTION trust_ledger.comment_on_tables() IS
	'Comments on schema trust and its tables. Called by create_ledger() and migrate_ledger().';

CREATE FUNCTION trust_ledger.create_ledger(copy text DEFAULT NULL) RETURNS uuid
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	caller  CONSTANT name := CURRENT_USER;
	owner   CONSTANT name := (
		SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database());
	-- whether schema trust has a ledger; NULL if there is no such schema
	has     CONSTANT boolean := (
		SELECT EXISTS (
			SELECT FROM pg_class c WHERE c.relnamespace = n.oid AND c.relname = 'ledger')
		FROM pg_namespace n
		WHERE n.nspname = 'trust');
	created uuid;
	planted record;
	tracked text;
BEGIN
	PERFORM trust_ledger.check_ledger_owner();
	IF has THEN
		PERFORM trust_ledger.check_ledger();
		-- empty tables of a ledger, as pg_dump --schema-only restores them, become the ledger
		IF NOT trust_ledger.ledger_is_empty() THEN
			RAISE EXCEPTION 'database "%" already has a ledger', current_database()
				USING ERRCODE = '42710',
				HINT = 'After a restore or an update, run SELECT trust_ledger.migrate_ledger();';
		END IF;
		SELECT * INTO planted
		FROM trust_ledger.ledger_relations()
		WHERE NOT pg_has_role(owned_by, owner, 'USAGE')
		ORDER BY relid
		LIMIT 1;
		IF FOUND THEN
			RAISE EXCEPTION 'cannot use "%" for the ledger of this database', planted.relid
				USING ERRCODE = 'TL006',
				DETAIL = format('"%s" owns it, but does not own the database.',
					pg_get_userbyid(planted.owned_by)),
				HINT = 'Change its owner to the database owner, or drop it.';
		END IF;
		PERFORM trust_ledger.add_promise_columns();
		PERFORM trust_ledger.take_ledger();
		tracked := (
			SELECT string_agg(DISTINCT tab::text, ', ') FROM trust_ledger.track_triggers());
		IF tracked IS NOT NULL THEN
			RAISE NOTICE 'mapping of tracked tables is not recorded: %', tracked
				USING HINT = 'Run SELECT trust_ledger.track_table(...) to record it. '
					'Until then, trust.tracked shows their triggers as "by hand".';
		END IF;
	ELSIF NOT has THEN
		RAISE EXCEPTION 'schema "trust" already exists and does not contain a ledger'
			USING ERRCODE = '42P06',
			HINT = 'Rename or drop the schema.';
	END IF;
	-- the database owner owns the ledger, even if a superuser creates it
	PERFORM set_config('role', owner, true);
	IF has IS NOT TRUE THEN
		PERFORM trust_ledger.create_tables();
	END IF;
	PERFORM trust_ledger.create_copy_table();
	PERFORM trust_ledger.create_scores();
	PERFORM trust_ledger.index_refusals();
	PERFORM trust_ledger.create_guards();
	PERFORM trust_ledger.create_views();
	PERFORM trust_ledger.comment_on_tables();
	IF copy IS NULL THEN
		PERFORM trust_ledger.found_ledger();
	ELSE
		PERFORM trust_ledger.mark_copy(copy);
	END IF;
	created := (SELECT ledger FROM trust.ledger);
	PERFORM set_config('role', caller, true);
	RETURN created;
END
$$;
COMMENT ON FUNCTION trust_ledger.create_ledger(text) IS
	'Creates the ledger of this database: schema trust with its tables, guards and views. The '
	'database owner owns it and gets the levels application, analyst, auditor and admin. Existing '
	'empty tables of a ledger, as after restoring a schema-only dump, become the ledger. copy => '
	'''all'': the ledger is permanently a copy of another database''s ledger; only a subscription '
	'writes it. Returns the uuid of the ledger, NULL for a copy. Errors: 22023 (copy), 42710 '
	'(there is a ledger), 55000 (the tables are not those of a ledger), 42P06 (schema trust '
	'exists), 42501 (not the owner), 0A000 (encoding is not UTF8), TL006 (a table belongs to '
	'somebody else).';

CREATE FUNCTION trust_ledger.add_promise_columns() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	view name;
BEGIN
	PERFORM trust_ledger.check_ledger_owner();
	-- without locking the table if there is nothing to do; check_tables() reports what is no table
	IF NOT EXISTS (
		SELECT FROM pg_class c
		WHERE c.oid = to_regclass('trust.promise')
			AND c.relkind IN ('r', 'p')
			AND NOT EXISTS (
				SELECT FROM pg_attribute a
				WHERE a.attrelid = c.oid AND a.attname = 'doubted_speaker' AND NOT a.attisdropped))
	THEN
		RETURN;
	END IF;
	-- A reader locks a view first, and then its tables. This locks each view alone.
	FOR view IN
		SELECT c.relname
		FROM trust_ledger.ledger_views() v
		JOIN pg_class c ON c.oid = to_regclass('trust.' || v.name) AND c.relkind = 'v'
	LOOP
		EXECUTE format('ALTER VIEW trust.%I SET (security_barrier)', view);
	END LOOP;
	-- in the order of create_guards()
	LOCK TABLE trust.ledger, trust.chain, trust.entry, trust.promise;
	ALTER TABLE trust.promise
		ADD COLUMN eased_at timestamptz,
		ADD COLUMN broken_at timestamptz,
		ADD COLUMN verdict_by text COLLATE "C",
		ADD COLUMN reversed_at timestamptz,
		ADD COLUMN doubted_speaker text COLLATE "C";
END
$$;
COMMENT ON FUNCTION trust_ledger.add_promise_columns() IS
	'Adds the columns of table format 2 to trust.promise if they are missing. Called by '
	'create_ledger() and migrate_ledger().';

CREATE FUNCTION trust_ledger.fill_promise_columns() RETURNS void
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.fill_promise_columns() IS
	'Computes the columns of table format 2 and the scores of all customers from the entries. '
	'Called by migrate_tables(). Errors: 42501 (not the owner).';

CREATE FUNCTION trust_ledger.migrate_tables() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp SET client_min_messages = warning
AS $$
BEGIN
	PERFORM trust_ledger.check_ledger_owner();
	-- the guards would refuse this; create_guards() puts them back
	DROP TRIGGER IF EXISTS trust_guard ON trust.ledger;
	DROP TRIGGER IF EXISTS trust_guard ON trust.chain;
	DROP TRIGGER IF EXISTS trust_guard ON trust.promise;
	UPDATE trust.ledger SET table_format = 2;
	PERFORM trust_ledger.fill_promise_columns();
	PERFORM trust_ledger.create_guards();
END
$$;
COMMENT ON FUNCTION trust_ledger.migrate_tables() IS
	'Brings tables of format 1, which must have the columns of format 2, to format 2. Called by '
	'migrate_ledger().';
COMMENT ON FUNCTION trust_ledger.migrate_as_owner() IS
	'Calls migrate_ledger() as the owner of the ledger in a security-restricted operation, and '
	'returns true. Returns false if it runs in one already. Called by migrate_ledger(). Errors: '
	'42501 (not the owner), 55000, TL006.';

CREATE OR REPLACE FUNCTION trust_ledger.migrate_ledger() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	format integer;
BEGIN
	PERFORM trust_ledger.check_ledger_owner();
	-- before reading schema trust, because somebody else may have created it
	PERFORM trust_ledger.check_ledger();
	-- Migrate as the owner of the ledger, even if a superuser calls: the owner must own new
	-- objects, and code that the owner planted must not run with the rights of the caller. SET ROLE
	-- would let it return to the caller's role; a security-restricted operation does not.
	IF trust_ledger.migrate_as_owner() THEN
		RETURN;
	END IF;
	PERFORM trust_ledger.create_copy_table();
	SELECT table_format INTO format FROM trust.ledger;
	-- a copy has no settings until the subscription delivers them
	IF format IS NULL AND NOT EXISTS (SELECT FROM trust.copy) THEN
		RAISE EXCEPTION 'table "trust.ledger" does not contain the settings of the ledger'
			USING ERRCODE = '55000',
			HINT = CASE
				WHEN trust_ledger.ledger_is_empty()
				THEN 'All tables are empty. Run SELECT trust_ledger.create_ledger();'
				ELSE 'Restore its row from a dump of this ledger.'
			END;
	ELSIF format NOT IN (1, 2) THEN
		RAISE EXCEPTION 'this version of the extension does not support ledger format %', format
			USING ERRCODE = '0A000',
			HINT = 'Update the extension: ALTER EXTENSION trust_ledger UPDATE;';
	END IF;
	PERFORM trust_ledger.add_promise_columns();
	PERFORM trust_ledger.create_scores();
	IF format = 1 THEN
		PERFORM trust_ledger.migrate_tables();
	END IF;
	-- views before tables: a reader locks the view first, and then the table
	PERFORM trust_ledger.create_views();
	PERFORM trust_ledger.create_guards();
	-- after the guards, which lock the table in a stronger mode
	PERFORM trust_ledger.index_refusals();
	PERFORM trust_ledger.comment_on_tables();
	IF NOT EXISTS (SELECT FROM trust.copy) THEN
		IF format = 1 THEN
			PERFORM trust_ledger.record_settings();
		END IF;
		PERFORM trust_ledger.record_parked();
	END IF;
END
$$;
COMMENT ON FUNCTION trust_ledger.migrate_ledger() IS
	'Brings the ledger to this version of the extension: columns, guards, views, scores, an index '
	'of trust.entry, and comments. Run it as the database owner after an update, a data-only '
	'restore, partitioning, or DROP EXTENSION ... CASCADE. It may be run at any time and changes '
	'no entry. In a ledger of version 0.2.0 or earlier it records once the new table format and '
	'what waits in trust.parked. Errors: 42501 (not the owner), 55000 (no ledger, or no settings), '
	'0A000 (unknown format), TL006.';

CREATE FUNCTION trust_ledger.create_copy_table() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	foreign_right record;
BEGIN
	IF to_regclass('trust.copy') IS NOT NULL THEN
		RETURN;
	END IF;
	CREATE TABLE trust.copy (
		copied text COLLATE "C" PRIMARY KEY
	);
	-- default privileges of the owner may have granted rights to others
	FOR foreign_right IN
		SELECT DISTINCT a.grantee
		FROM pg_class c, LATERAL aclexplode(c.relacl) a
		WHERE c.oid = 'trust.copy'::regclass AND a.grantee <> c.relowner
	LOOP
		EXECUTE 'REVOKE ALL ON trust.copy FROM '
			|| CASE foreign_right.grantee
				WHEN 0 THEN 'PUBLIC'
				ELSE foreign_right.grantee::regrole::text
			END;
	END LOOP;
END
$$;
COMMENT ON FUNCTION trust_ledger.create_copy_table() IS
	'Creates table trust.copy unless it exists. Called by create_ledger() and migrate_ledger().';

CREATE FUNCTION trust_ledger.comment_on_copy_table() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	COMMENT ON TABLE trust.copy IS
		'One row if this ledger is a copy, whose rows arrive by logical replication; otherwise '
		'empty. create_ledger() writes it once.';
	PERFORM trust_ledger.comment_on_columns('trust.copy', ARRAY[
		['copied', 'What is copied: all.']]);
END
$$;
COMMENT ON FUNCTION trust_ledger.comment_on_copy_table() IS
	'Comments on table trust.copy. Called by comment_on_tables().';

CREATE FUNCTION trust_ledger.mark_copy(copied text) RETURNS void
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.mark_copy(text) IS
	'Marks an empty ledger as a copy, permanently. Called by create_ledger(). Errors: 22023 '
	'(unknown value), 42501 (not the owner), 42710 (the ledger is not empty), 55000, TL006.';

CREATE FUNCTION trust_ledger.ledger_views(OUT name text, OUT definition text)
RETURNS SETOF record
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT v.name, v.definition FROM trust_ledger.promise_views() v
	UNION ALL
	SELECT v.name, v.definition FROM trust_ledger.policy_views() v
	UNION ALL
	SELECT v.name, v.definition FROM trust_ledger.access_views() v
	UNION ALL
	SELECT v.name, v.definition FROM trust_ledger.trust_views() v
	UNION ALL
	SELECT v.name, v.definition FROM trust_ledger.exception_views() v
	UNION ALL
	SELECT v.name, v.definition FROM trust_ledger.analysis_views() v
	UNION ALL
	SELECT v.name, v.definition FROM trust_ledger.tracked_row_views() v
	UNION ALL
	SELECT v.name, v.definition FROM trust_ledger.parked_views() v
	UNION ALL
	SELECT v.name, v.definition FROM trust_ledger.tracked_views() v
$$;
COMMENT ON FUNCTION trust_ledger.ledger_views() IS
	'The views of schema trust in this version: name, and query to be parsed with search_path '
	'pg_catalog. create_views() creates them; verify() compares existing views with them.';

CREATE OR REPLACE FUNCTION trust_ledger.create_views() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	view record;
BEGIN
	FOR view IN SELECT v.name, v.definition FROM trust_ledger.ledger_views() v LOOP
		EXECUTE format('CREATE OR REPLACE VIEW trust.%I WITH (security_barrier) AS %s',
			view.name, view.definition);
		EXECUTE format('GRANT SELECT ON trust.%I TO PUBLIC', view.name);
	END LOOP;
	PERFORM trust_ledger.comment_on_promise_views();
	PERFORM trust_ledger.comment_on_policy_views();
	PERFORM trust_ledger.comment_on_access_views();
	PERFORM trust_ledger.comment_on_trust_views();
	PERFORM trust_ledger.comment_on_exception_views();
	PERFORM trust_ledger.comment_on_analysis_views();
	PERFORM trust_ledger.comment_on_tracked_row_views();
	PERFORM trust_ledger.comment_on_parked_views();
	PERFORM trust_ledger.comment_on_tracked_views();
END
$$;
COMMENT ON FUNCTION trust_ledger.create_views() IS
	'Creates or replaces the views of schema trust, and comments on them. Called by '
	'create_ledger() and migrate_ledger().';

CREATE FUNCTION trust_ledger.same_value(a anyelement, b anyelement) RETURNS boolean
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION trust_ledger.same_value(anyelement, anyelement) IS
	'Whether two values mean the same in a promise. Numbers: equal value. Intervals: equal length, '
	'a day being 24 hours; an interval with months is the same only as itself. Other types: the '
	'same bytes. NULL is the same as NULL.';

CREATE FUNCTION trust_ledger.create_actor_table() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	CREATE TABLE trust.actor (
		actor       text COLLATE "C" PRIMARY KEY,
		kind        text COLLATE "C" NOT NULL CHECK (kind IN ('human', 'ai', 'system')),
		name        text,
		speaks_for  text COLLATE "C" NOT NULL CHECK (speaks_for IN ('company', 'customer',
			'record')),
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
END
$$;
COMMENT ON FUNCTION trust_ledger.create_actor_table() IS
	'Creates table trust.actor. Called by create_tables().';

CREATE FUNCTION trust_ledger.comment_on_actor_table() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	COMMENT ON TABLE trust.actor IS
		'Actors: humans, AI systems and other systems. Changed by register_actor() and '
		'retire_actor().';
	PERFORM trust_ledger.comment_on_columns('trust.actor', ARRAY[
		['actor', 'Key of the actor.'],
		['kind', 'human, ai or system. Never changes.'],
		['name', 'Name for people to read. NULL if none was given, or after it was erased.'],
		['speaks_for', 'Whose word the actor gives: company, customer or record. Never changes.'],
		['customer', 'The only customer that the actor speaks for. NULL for any.'],
		['responsible', 'The human responsible for a machine. NULL for humans.'],
		['db_role', 'The actor''s own database role. NULL for none.'],
		['model', 'Name and version of the model of an AI system.'],
		['authority', 'Highest total value that the actor may back for one customer, per currency: '
			'{"EUR": 5000}. NULL for no limit.'],
		['active', 'False after the actor retired.'],
		['successor', 'The human who took over when the actor retired. NULL for none.'],
		['seq', 'The governance entry that last changed the row.']]);
END
$$;
COMMENT ON FUNCTION trust_ledger.comment_on_actor_table() IS
	'Comments on table trust.actor. Called by comment_on_tables().';
COMMENT ON FUNCTION trust_ledger.act_as(text) IS
	'Sets the actor for calls that name none, until the end of the transaction or savepoint. '
	'Returns the actor. Requires level application, import or admin. Errors: 42704 (not '
	'registered), TL003 (retired, or the login belongs to another actor), TL004.';

CREATE FUNCTION trust_ledger.register_actor(
	actor text, kind text, name text DEFAULT NULL, speaks_for text DEFAULT 'company',
	responsible text DEFAULT NULL, db_role text DEFAULT NULL, model text DEFAULT NULL,
	authority jsonb DEFAULT NULL, customer text DEFAULT NULL, reason text DEFAULT NULL,
	returns boolean DEFAULT NULL, acting text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C
SET search_path = pg_catalog, pg_temp SET IntervalStyle = 'iso_8601';
COMMENT ON FUNCTION trust_ledger.register_actor(
	text, text, text, text, text, text, text, jsonb, text, text, boolean, text, timestamptz, jsonb,
	text) IS
	'Registers an actor, or replaces all that is registered about one. kind: human, ai or system. '
	'speaks_for: company, customer (only customer, if given) or record (systems only). kind and '
	'speaks_for cannot be changed later. responsible: the human responsible for an ai or system. '
	'model: required for an ai. db_role: the actor''s own database role. authority: highest total '
	'value that a human may back for one customer, per currency, e.g. {"EUR": 5000}; NULL for no '
	'limit. returns: true if a retired human returns, the same person; without it, that is an '
	'error. acting: who registers. Requires level admin. Errors: TL003, TL004, 22023, 23505 '
	'(db_role belongs to another actor), 42704 (no such role or human).';
COMMENT ON FUNCTION trust_ledger.retire_actor(text, text, text, text, timestamptz, jsonb, text) IS
	'Retires an actor, who can no longer act. successor: the human who takes over the machines; '
	'required if a human is responsible for active ones. The score of a successor has the evidence '
	'of being broken of the actor. acting: who retires the actor. Requires level admin. Errors: '
	'TL003, TL004, 42704 (no such actor).';

CREATE FUNCTION trust_ledger.create_policy_table() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
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
END
$$;
COMMENT ON FUNCTION trust_ledger.create_policy_table() IS
	'Creates table trust.policy. Called by create_tables().';

CREATE FUNCTION trust_ledger.policy_column_comments() RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT ARRAY[
		['policy', 'Name of the rule.'],
		['promiser', 'The rule matches promises of this actor. NULL for any.'],
		['promiser_kind', 'The rule matches promises of this kind of actor: human, ai or system. '
			'NULL for any.'],
		['kind', 'The rule matches promises of this kind, and of a kind that no rule names. NULL '
			'for any.'],
		['currency', 'The rule matches promises in this currency, and in one that no rule names. '
			'NULL for any.'],
		['least_value', 'The rule matches promises of at least this value, and without a value. '
			'NULL for any.'],
		['evidence', 'Evidence that a backer must have: asserted, session or passkey. NULL for '
			'none.'],
		['back_within', 'Time within which a human must back. NULL for no limit.'],
		['grace', 'Time after due before the promise is overdue.'],
		['due_within', 'Time until due, for promises that name no due time.'],
		['cumulative', 'Whether least_value is compared with the total of the customer''s open '
			'promises in that currency, including the new one.'],
		['active', 'False after the rule was dropped.'],
		['seq', 'The governance entry that last changed the row.']]
$$;
COMMENT ON FUNCTION trust_ledger.policy_column_comments() IS
	'Comments on the columns of trust.policy and trust.policy_rule, for comment_on_columns().';

CREATE FUNCTION trust_ledger.comment_on_policy_table() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	COMMENT ON TABLE trust.policy IS
		'Rules about promises. Changed by set_policy() and drop_policy().';
	PERFORM trust_ledger.comment_on_columns('trust.policy',
		trust_ledger.policy_column_comments());
END
$$;
COMMENT ON FUNCTION trust_ledger.comment_on_policy_table() IS
	'Comments on table trust.policy. Called by comment_on_tables().';
COMMENT ON FUNCTION trust_ledger.set_policy(
	text, text, text, text, text, numeric, boolean, text, interval, interval, interval, text, text,
	timestamptz, jsonb, text) IS
	'Sets a rule for promises that match promiser, promiser_kind, kind, currency and least_value '
	'(NULL matches all). A term that the promise does not state, and a kind or currency that no '
	'rule names, match as well. evidence: a human must back the promise with at least this '
	'evidence (asserted < session < passkey). back_within: within this time. grace: time after due '
	'before the promise is overdue. due_within: time until due if the promise names none. '
	'cumulative: compare least_value with the total of the customer''s open promises in that '
	'currency. If several rules match, the strictest value of each applies. Intervals: without '
	'months; grace and due_within at most 3653 days. Requires level admin. Errors: TL004, 22004 '
	'(the rule requires nothing), 22023.';
COMMENT ON FUNCTION trust_ledger.drop_policy(text, text, text, timestamptz, jsonb, text) IS
	'Drops a rule. Promises made since are not subject to it; the history keeps it. Requires level '
	'admin. Errors: TL004, 42704 (no such rule).';

CREATE OR REPLACE FUNCTION trust_ledger.policy_is_weaker(old jsonb, new jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp SET IntervalStyle = 'iso_8601'
AS $$
	SELECT coalesce((old->>'active')::boolean, false) AND (
		NOT coalesce((new->>'active')::boolean, false)
		-- requires less; a rule with back_within requires a backer
		OR coalesce(array_position(ranks, new->>'evidence'),
				CASE WHEN new->>'back_within' IS NULL THEN 0 ELSE 1 END)
			< coalesce(array_position(ranks, old->>'evidence'),
				CASE WHEN old->>'back_within' IS NULL THEN 0 ELSE 1 END)
		OR coalesce((new->>'back_within')::interval > (old->>'back_within')::interval,
			old->>'back_within' IS NOT NULL)
		OR coalesce((new->>'grace')::interval, '0') > coalesce((old->>'grace')::interval, '0')
		OR coalesce((new->>'due_within')::interval > (old->>'due_within')::interval,
			old->>'due_within' IS NOT NULL)
		-- matches fewer promises
		OR coalesce((new->>'least_value')::numeric, 0)
			> coalesce((old->>'least_value')::numeric, 0)
		OR coalesce((old->>'cumulative')::boolean, false)
			AND NOT coalesce((new->>'cumulative')::boolean, false)
		OR new->>'promiser' IS NOT NULL
			AND new->>'promiser' IS DISTINCT FROM old->>'promiser'
		OR new->>'promiser_kind' IS NOT NULL
			AND new->>'promiser_kind' IS DISTINCT FROM old->>'promiser_kind'
		OR new->>'kind' IS NOT NULL
			AND new->>'kind' IS DISTINCT FROM old->>'kind'
		OR new->>'currency' IS NOT NULL
			AND new->>'currency' IS DISTINCT FROM old->>'currency')
	FROM (VALUES ('{asserted,session,passkey}'::text[])) AS e (ranks)
$$;
COMMENT ON FUNCTION trust_ledger.policy_is_weaker(jsonb, jsonb) IS
	'Whether the rule new requires less than the rule old, or matches fewer promises, in any '
	'respect. Both are details of governance entries; a missing key or null requires nothing. NULL '
	'stands for no rule: weaker than an active rule, and never stronger. Nothing is weaker than a '
	'rule that was not active.';

CREATE FUNCTION trust_ledger.policy_views(OUT name text, OUT definition text)
RETURNS SETOF record
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	name := 'policy_rule';
	definition := $view$
	SELECT policy, promiser, promiser_kind, kind, currency, least_value, cumulative, evidence,
		back_within, grace, due_within
	FROM trust.policy
	WHERE active AND (SELECT trust_ledger.require_reader())
	ORDER BY policy
	$view$;
	RETURN NEXT;
END
$$;
COMMENT ON FUNCTION trust_ledger.policy_views() IS
	'Name and query of view trust.policy_rule. Called by ledger_views().';

CREATE FUNCTION trust_ledger.comment_on_policy_views() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	COMMENT ON VIEW trust.policy_rule IS
		'The active rules about promises.';
	PERFORM trust_ledger.comment_on_columns('trust.policy_rule',
		trust_ledger.policy_column_comments());
END
$$;
COMMENT ON FUNCTION trust_ledger.comment_on_policy_views() IS
	'Comments on view trust.policy_rule. Called by create_views().';

CREATE FUNCTION trust_ledger.create_promise_table() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
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
		eased_at         timestamptz,
		broken_at        timestamptz,
		verdict_by       text COLLATE "C",
		reversed_at      timestamptz,
		doubted_speaker  text COLLATE "C",
		-- INCLUDE: customer_score() finds overdue promises by an index-only scan
		PRIMARY KEY (customer, promise) INCLUDE (opened_at, overdue_at, settled_at)
	) WITH (fillfactor = 90);
	CREATE INDEX promise_promise ON trust.promise (promise);
	CREATE INDEX promise_waiting ON trust.promise (waiting_since) WHERE waiting_since IS NOT NULL;
END
$$;
COMMENT ON FUNCTION trust_ledger.create_promise_table() IS
	'Creates table trust.promise. Called by create_tables().';

CREATE FUNCTION trust_ledger.promise_column_comments() RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT ARRAY[
		['customer', 'The customer to whom the promise was made.'],
		['promise', 'Identifier of the promise, a UUID of version 7.'],
		['state', 'proposed, open, kept, partly_kept, broken, released or withdrawn.'],
		['overdue', 'Whether it was open, is past overdue_at, and has no verdict. It counts as '
			'broken until it has one.'],
		['words', 'What is promised. NULL after it was erased; in views, for users who may not '
			'read words.'],
		['purpose', 'What the customer wants it for. NULL as for words, or if it was not stated.'],
		['promiser', 'Who made the promise.'],
		['promiser_kind', 'Kind of the promiser when the promise was made: human, ai or system.'],
		['drafted_by', 'Who wrote the words. NULL for the promiser.'],
		['kind', 'Kind of promise, in the company''s own terms. NULL if none was stated.'],
		['value', 'What the promise is worth, in currency. NULL if it was not stated.'],
		['currency', 'Currency of value. NULL if it was not stated.'],
		['longest_pause', 'Longest total duration of all pauses. NULL if pauses are not allowed.'],
		['made_at', 'Time when the promise was made.'],
		['recorded_at', 'Time when the ledger recorded that it was made.'],
		['backfilled', 'Whether it was recorded so late that it needed level import.'],
		['backfilled_at', 'Time when the ledger recorded the first entry that needed level import. '
			'NULL if there is none.'],
		['opened_at', 'Time when it first was open. From then on it binds the company, even if it '
			'becomes proposed again.'],
		['first_due', 'The first due time.'],
		['due', 'Time when it is due. During a pause, its latest possible value. NULL for none.'],
		['due_moves', 'How often amendments changed due.'],
		['due_moved_at', 'Time when an amendment last changed due.'],
		['overdue_at', 'due plus the grace time of the policies. After this time, a promise '
			'without a verdict counts as broken.'],
		['paused_at', 'Time when the current pause began. NULL if it is not paused.'],
		['paused_until', 'Latest end of the current pause. due already includes it.'],
		['paused_for', 'How much all pauses have moved due. A current pause, and one that a '
			'verdict ended, counts with its longest duration.'],
		['evidence_asked', 'Evidence that policy requires of a backer, as of the last backing or '
			'amendment: asserted, session or passkey. NULL if no backer is required.'],
		['evidence_needed', 'Evidence that policy requires of a backer: asserted, session or '
			'passkey.'],
		['back_by', 'Time by which policy requires a backer. NULL for no limit.'],
		['waiting_since', 'Since when it has been waiting for a backer: proposed, or accepted '
			'without one.'],
		['seen_at', 'Time when a human of the company first saw these terms: made, amended, backed '
			'or declined them. NULL if none did.'],
		['declined_at', 'Time when a human declined to back these terms.'],
		['backer', 'The human who backs it by their own act. NULL for none.'],
		['evidence', 'How the ledger knows that the backer acted: asserted, session or passkey.'],
		['backed_at', 'Time when the backer backed it.'],
		['unbacked_at', 'Time when it lost its backer. NULL if it has one or never had one.'],
		['unbacked_by', 'Event by which it lost its backer: backing_withdrawn or amended.'],
		['former_backer', 'The backer that it lost.'],
		['accepted_at', 'Time when the customer accepted it. NULL if they did not.'],
		['unconfirmed', 'The latest entry that relays the customer''s word or claims a repair, and '
			'waits for the customer or a system of record to confirm it.'],
		['admitted_at', 'Time when the company admitted, before due, that it would break it.'],
		['repaired_at', 'Time when the breach was repaired, if that stands.'],
		['outcome', 'The verdict that stands: kept, partly_kept or broken. NULL for none.'],
		['whose_word', 'Whose verdict it is: customer, record or company.'],
		['verdict_evidence', 'How the ledger knows who gave the verdict: asserted, session or '
			'passkey.'],
		['relayed', 'Whether the company relayed the verdict for the customer.'],
		['purpose_met', 'Whether the customer''s purpose was met. NULL if nobody said.'],
		['settled_by', 'Event that first ended it: assessed, withdrawn, released or '
			'breach_admitted.'],
		['settled_at', 'Time of the first verdict, as of which weight_kept counts; or of the end.'],
		['weight_kept', 'Weight of the verdict as kept, in thousandths.'],
		['weight_broken', 'Weight of the verdict as broken, in thousandths.'],
		['terms_seq', 'The entry that has the current terms.'],
		['last_seq', 'The last entry about the promise.'],
		['eased_at', 'Time when the company last eased the terms after half of the time first '
			'promised: a later due time, a lower value, another kind. NULL if it did not, or the '
			'customer agreed. Then the promise counts as partly kept at most.'],
		['broken_at', 'Time as of which weight_broken counts: that of the verdict that last raised '
			'it, or due if that is later. NULL if no verdict had such a weight.'],
		['verdict_by', 'Who gave the verdict that stands. NULL if there is none.'],
		['reversed_at', 'Time when an actor last replaced another actor''s verdict by a different '
			'one. NULL if none did.'],
		['doubted_speaker', 'The first actor who spoke for the customer or a system of record and '
			'may be the company''s own: it has spoken for them only since the promise was '
			'recorded, or answers to the human behind the promiser or the backing. NULL for none.']]
$$;
COMMENT ON FUNCTION trust_ledger.promise_column_comments() IS
	'Comments on the columns of trust.promise and of views of promises, for comment_on_columns().';

CREATE FUNCTION trust_ledger.comment_on_promise_table() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	COMMENT ON TABLE trust.promise IS
		'One row per promise: what its entries add up to. Read it through view '
		'trust.current_promise.';
	PERFORM trust_ledger.comment_on_columns('trust.promise',
		trust_ledger.promise_column_comments());
END
$$;
COMMENT ON FUNCTION trust_ledger.comment_on_promise_table() IS
	'Comments on table trust.promise. Called by comment_on_tables().';

CREATE FUNCTION trust_ledger.promise_views(OUT name text, OUT definition text)
RETURNS SETOF record
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	name := 'current_promise';
	definition := $view$
	SELECT p.customer, p.promise, p.state,
		p.state IN ('proposed', 'open')
			AND p.opened_at IS NOT NULL
			AND p.overdue_at IS NOT NULL
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
		p.unbacked_at, p.unbacked_by, p.former_backer, p.unconfirmed, p.admitted_at,
		p.repaired_at, p.backfilled_at,
		p.eased_at, p.broken_at, p.verdict_by, p.reversed_at, p.doubted_speaker
	FROM trust.promise p
	WHERE (SELECT trust_ledger.require_reader())
	$view$;
	RETURN NEXT;

	name := 'awaiting_backing';
	definition := $view$
	SELECT p.customer, p.promise, p.state,
		CASE WHEN (SELECT trust_ledger.reads_words()) THEN p.words END AS words,
		p.promiser, p.promiser_kind, p.drafted_by, p.kind, p.value, p.currency, p.due,
		p.evidence_asked AS evidence_needed, p.back_by, p.waiting_since
	FROM trust.promise p
	WHERE p.waiting_since IS NOT NULL AND (SELECT trust_ledger.require_reader())
	ORDER BY p.back_by NULLS LAST, p.waiting_since
	$view$;
	RETURN NEXT;

	name := 'overdue';
	definition := $view$
	SELECT p.customer, p.promise, p.state,
		CASE WHEN (SELECT trust_ledger.reads_words()) THEN p.words END AS words,
		p.promiser, p.promiser_kind, p.backer, p.kind, p.value, p.currency, p.due, p.overdue_at,
		(extract(epoch FROM now() - p.overdue_at) / 86400)::float8 AS days_over, p.accepted_at
	FROM trust.promise p
	WHERE p.state IN ('proposed', 'open')
		AND p.opened_at IS NOT NULL
		AND p.overdue_at IS NOT NULL
		AND p.overdue_at < now()
		AND (SELECT trust_ledger.require_reader())
	ORDER BY p.overdue_at
	$view$;
	RETURN NEXT;

	name := 'orphaned';
	definition := $view$
	SELECT p.customer, p.promise, p.state,
		CASE WHEN (SELECT trust_ledger.reads_words()) THEN p.words END AS words,
		p.promiser, coalesce(p.backer, p.former_backer) AS former_backer,
		CASE
			WHEN p.backer IS NOT NULL THEN 'retired'
			WHEN p.unbacked_by = 'backing_withdrawn' THEN 'withdrawn'
			ELSE p.unbacked_by
		END AS why,
		CASE
			WHEN p.backer IS NOT NULL THEN (
				SELECT e.recorded_at
				FROM trust.actor a
				JOIN trust.entry e ON e.customer = '' AND e.seq = a.seq
				WHERE a.actor = p.backer)
			ELSE p.unbacked_at
		END AS since,
		p.kind, p.value, p.currency, p.due, p.accepted_at,
		p.state IN ('proposed', 'open')
			AND p.opened_at IS NOT NULL
			AND p.overdue_at IS NOT NULL
			AND p.overdue_at < now() AS overdue
	FROM trust.promise p
	WHERE p.state IN ('proposed', 'open')
		AND (p.backer IS NULL AND p.unbacked_at IS NOT NULL
			OR EXISTS (
				SELECT FROM trust.actor a
				WHERE a.actor = p.backer AND NOT a.active))
		AND (SELECT trust_ledger.require_reader())
	$view$;
	RETURN NEXT;
END
$$;
COMMENT ON FUNCTION trust_ledger.promise_views() IS
	'Names and queries of views trust.current_promise, awaiting_backing, overdue and orphaned. '
	'Called by ledger_views().';

CREATE FUNCTION trust_ledger.comment_on_promise_views() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	COMMENT ON VIEW trust.current_promise IS
		'One row per promise, as it is now. Words only for levels application and auditor.';
	PERFORM trust_ledger.comment_on_columns('trust.current_promise',
		trust_ledger.promise_column_comments());

	COMMENT ON VIEW trust.awaiting_backing IS
		'Promises that wait for a human to back them, the most urgent first. Words only for levels '
		'application and auditor.';
	PERFORM trust_ledger.comment_on_columns('trust.awaiting_backing',
		trust_ledger.promise_column_comments());

	COMMENT ON VIEW trust.overdue IS
		'Promises past due and grace without a verdict, the longest overdue first. Words only for '
		'levels application and auditor.';
	PERFORM trust_ledger.comment_on_columns('trust.overdue',
		trust_ledger.promise_column_comments() || ARRAY[
			['state', 'open; or proposed, if it was open before.'],
			['days_over', 'Days since overdue_at, of 24 hours each.']]);

	COMMENT ON VIEW trust.orphaned IS
		'Promises without a verdict that a human backed and that nobody backs any more. Words only '
		'for levels application and auditor.';
	PERFORM trust_ledger.comment_on_columns('trust.orphaned',
		trust_ledger.promise_column_comments() || ARRAY[
			['state', 'proposed or open.'],
			['former_backer', 'The last backer.'],
			['why', 'retired: the backer is retired. withdrawn: the backer withdrew. amended: the '
				'terms changed, which made the backing void.'],
			['since', 'Since when nobody backs it.']]);
END
$$;
COMMENT ON FUNCTION trust_ledger.comment_on_promise_views() IS
	'Comments on the views of promises. Called by create_views().';

CREATE FUNCTION trust_ledger.create_source_table() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
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
END
$$;
COMMENT ON FUNCTION trust_ledger.create_source_table() IS
	'Creates table trust.source. Called by create_tables().';

CREATE FUNCTION trust_ledger.source_column_comments() RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT ARRAY[
		['customer', 'The customer to whom the promise was made.'],
		['promise', 'The promise.'],
		['source', 'Name of the tracked table in the ledger: by default its schema and name when '
			'it was first tracked.'],
		['key', 'Primary key of the row as text. For several columns, a JSON array of their '
			'texts.'],
		['name', 'Which promise of the row it is. Empty if a row makes only one.'],
		['gone', 'Whether the row was deleted, or now stands for another promise.'],
		['seq', 'The entry that last changed this.']]
$$;
COMMENT ON FUNCTION trust_ledger.source_column_comments() IS
	'Comments on the columns of trust.source and trust.tracked_row, for comment_on_columns().';

CREATE FUNCTION trust_ledger.comment_on_source_table() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	COMMENT ON TABLE trust.source IS
		'One row per promise that a row of a tracked table made: which row that is, as its entries '
		'say.';
	PERFORM trust_ledger.comment_on_columns('trust.source',
		trust_ledger.source_column_comments());
END
$$;
COMMENT ON FUNCTION trust_ledger.comment_on_source_table() IS
	'Comments on table trust.source. Called by comment_on_tables().';
COMMENT ON FUNCTION trust_ledger.state_machine() IS
	'The state machine of a promise: one row per event and state. leads_to: the states to which '
	'the event may lead; empty if the state does not allow it.';
COMMENT ON FUNCTION trust_ledger.make_promise(
	text, text, text, text, timestamptz, date, numeric, text, text, text, interval, text,
	timestamptz, jsonb, text) IS
	'Makes a promise to a customer, in exact words. promiser: by default the acting actor. due: a '
	'time; due_on: the end of that day in the ledger''s time zone; at most a hundred years from '
	'now. value: in currency. purpose: what the customer wants it for. drafted_by: who wrote the '
	'words, if not the promiser. longest_pause: total duration of pauses that the terms allow. The '
	'promise is open if no policy requires a backer, or if the human promiser acts with sufficient '
	'evidence and authority; otherwise proposed until a human backs it. Requires level application '
	'or import. Errors: 22003, 22008, 22023, 42704 (unknown actor), TL003, TL004.';
COMMENT ON FUNCTION trust_ledger.amend_promise(
	uuid, text, text, timestamptz, date, numeric, text, text, text, interval, text[], text, boolean,
	text, text, timestamptz, jsonb, text) IS
	'Changes the given terms, clears those named in clear (kind, due, value, currency, purpose, '
	'longest_pause), and keeps the others. The backing becomes void. If the customer accepted the '
	'promise, or it is past due, an actor that speaks for the customer must amend it. relayed: a '
	'company actor passes on that the customer accepts the new terms; the old ones stand until '
	'that is confirmed. Requires level application or import. Errors: TL001, TL003, TL004, 22008, '
	'22023, P0002.';
COMMENT ON TYPE trust_ledger.new_promise IS
	'Element of the array for make_promises(): the arguments of make_promise(), with the same '
	'names and in the same order. NULL means the default.';
COMMENT ON FUNCTION trust_ledger.make_promises(trust_ledger.new_promise[]) IS
	'Makes many promises, each like make_promise() with the same arguments; either all or none. '
	'Returns the receipts in the order of the array. Locks customers in the order of their keys, '
	'so that concurrent calls do not deadlock. Requires level application or import. Errors: those '
	'of make_promise(), with the element in the context; 22004 (NULL array or element), 2202E '
	'(more than one dimension), 22023 (the same idempotency key twice for a customer).';
COMMENT ON FUNCTION trust_ledger.back_promise(uuid, text, text, timestamptz, jsonb, text) IS
	'The acting human backs the current terms of the promise. If it is open, they replace its '
	'backer. Requires level application or import. Errors: TL001 (state), TL002 (evidence or '
	'authority not sufficient), TL003 (not a human, not the company''s, or retired), TL004, P0002.';
COMMENT ON FUNCTION trust_ledger.decline_promise(
	uuid, text, text, text, timestamptz, jsonb, text) IS
	'The acting human declines to back the current terms. The promise stays proposed and leaves '
	'trust.awaiting_backing until it is amended. Requires level application or import. Errors: '
	'TL001 (state, or already declined), TL003 (not a human, or not the company''s), TL004, P0002.';
COMMENT ON FUNCTION trust_ledger.withdraw_backing(
	uuid, text, text, text, timestamptz, jsonb, text) IS
	'The acting backer withdraws their backing. If policy requires a backer, the promise becomes '
	'proposed again, unless the customer accepted it or it is past due. Otherwise it stays open '
	'without a backer. Requires level application or import. Errors: TL001, TL003 (not the '
	'backer), TL004, P0002.';

CREATE OR REPLACE FUNCTION trust_ledger.accept_promise(
	promise uuid, relayed boolean DEFAULT false,
	customer text DEFAULT NULL, actor text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.accept_promise(
	uuid, boolean, text, text, timestamptz, jsonb, text) IS
	'The customer accepts the promise. From then on it counts, even if no human ever backed it. An '
	'actor that speaks for this customer must act. relayed: a company actor passes on that the '
	'customer accepts; this does not stand until it is confirmed if the promise was open and is '
	'past due, or is proposed and the actor''s own. Requires level application or import. Errors: '
	'TL001, TL003, TL004, 22023, P0002.';
COMMENT ON FUNCTION trust_ledger.withdraw_promise(
	uuid, text, text, text, timestamptz, jsonb, text) IS
	'The company withdraws its promise. If the promise was open and either the customer accepted '
	'it or it is past due, it is broken; otherwise it is withdrawn. An actor that speaks for the '
	'company must act. Requires level application or import. Errors: TL001, TL003, TL004, P0002.';

CREATE OR REPLACE FUNCTION trust_ledger.release_promise(
	promise uuid, reason text DEFAULT NULL, relayed boolean DEFAULT false,
	customer text DEFAULT NULL, actor text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.release_promise(
	uuid, text, boolean, text, text, timestamptz, jsonb, text) IS
	'The customer releases the company from the promise. An actor that speaks for this customer '
	'must act. relayed: a company actor passes on that the customer releases it; this does not '
	'stand until it is confirmed if the company could no longer withdraw the promise. Requires '
	'level application or import. Errors: TL001, TL003, TL004, 22023, P0002.';
COMMENT ON FUNCTION trust_ledger.assess_promise(
	uuid, text, boolean, boolean, text, text, text, timestamptz, jsonb, text) IS
	'Gives a verdict: kept, partly_kept or broken. purpose_met: whether the customer''s purpose '
	'was met. The acting actor determines whose verdict it is: customer > record > company. A '
	'lower one is recorded but does not stand; the receipt has the state that stands. relayed: a '
	'company actor passes on what the customer said. Requires level application or import. Errors: '
	'TL001, TL003 (a favourable verdict relayed on the actor''s own promise), TL004, 22023, P0002.';
COMMENT ON FUNCTION trust_ledger.pause_promise(uuid, text, text, text, timestamptz, jsonb, text) IS
	'Pauses the promise while the company waits for the customer. due moves by what is left of '
	'longest_pause, all pauses together; resume_promise() takes back what was not used. Only '
	'before due. An actor that speaks for the company or a system of record must act. Requires '
	'level application or import. Errors: TL001 (state, past due, no due time, no pause allowed or '
	'left), TL003, TL004, 22008 (due would be more than a hundred years from now), P0002.';
COMMENT ON FUNCTION trust_ledger.resume_promise(uuid, text, text, text, timestamptz, jsonb, text) IS
	'Ends the pause. due moves by as long as the pause lasted. Any actor may do this. Requires '
	'level application or import. Errors: TL001 (state, or not paused), TL004, 22008, P0002.';
COMMENT ON FUNCTION trust_ledger.admit_breach(uuid, text, text, text, timestamptz, jsonb, text) IS
	'The company admits before due, by the ledger''s clock, that it will break the promise. The '
	'promise is broken from then on, with a lower weight than a breach that others find, even if '
	'they confirm it later. An actor that speaks for the company must act. Requires level '
	'application or import. Errors: TL001 (state, past due, no due time), TL003, TL004, P0002.';
COMMENT ON FUNCTION trust_ledger.repair_breach(uuid, text, text, text, timestamptz, jsonb, text) IS
	'Records that a breach was repaired, and how. The promise stays broken with a lower weight: at '
	'once over the company''s own verdict; over a customer''s or record''s after they confirm it '
	'with confirm_relayed(). Requires level application or import. Errors: TL001 (state, or '
	'already repaired), TL004, 22004, 22023, P0002.';
COMMENT ON FUNCTION trust_ledger.add_note(uuid, text, text, text, timestamptz, jsonb, text) IS
	'Adds a note to the history of the promise, in any state. Nothing else changes. Requires level '
	'application or import. Errors: TL004, 22004, 22023, P0002.';
COMMENT ON FUNCTION trust_ledger.confirm_relayed(
	uuid, bigint, text, text, text, timestamptz, jsonb, text) IS
	'The customer or a system of record confirms what the company relayed (acceptance, release, '
	'amendment or verdict), or a repair. It then has the weight of the confirming actor. entry: '
	'number of the entry to confirm; by default the one that waits. Requires level application or '
	'import. Errors: TL001 (nothing waits, already confirmed, or the terms have changed), TL003 (a '
	'company actor, or a higher verdict stands), TL004, 22023 (no such entry, or several wait), '
	'P0002.';
COMMENT ON FUNCTION trust_ledger.erase_words(uuid, text, text, text, timestamptz, jsonb, text) IS
	'Erases what people wrote in the entries of the promise so far, with the salts: words, '
	'purpose, reasons, notes, contexts. All hashes remain valid. An entry records who erased it, '
	'when and why. Requires level admin. Errors: TL004, 22004 (no reason), P0002 (no such promise, '
	'or nothing to erase).';
COMMENT ON FUNCTION trust_ledger.erase_words(text, bigint, text, text, timestamptz, jsonb, text) IS
	'Erases what people wrote in one entry, with the salts, and the same words and purpose in '
	'other entries of the promise. customer '''': an entry of governance, with an actor''s name or '
	'a reason. Requires level admin. Errors: TL004, 22004 (no reason), P0002 (no such entry, or '
	'nothing to erase).';
COMMENT ON FUNCTION trust_ledger.erase_customer(text, text, text, timestamptz, jsonb, text) IS
	'Erases what people wrote in all entries of the customer, with the salts. One entry per '
	'promise records it. States, verdicts, times, values and keys remain. Requires level admin. '
	'Errors: TL004, 22004 (no reason), P0002 (nothing to erase).';
COMMENT ON FUNCTION trust_ledger.history(uuid, text) IS
	'The entries of a promise, oldest first, each with a description in words. Requires level '
	'application or auditor. Errors: TL004, P0002 (no such promise).';

CREATE FUNCTION trust_ledger.trust_views(OUT name text, OUT definition text)
RETURNS SETOF record
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN QUERY
	SELECT v.view, format($view$
	SELECT %1$I, score,
		trust_ledger.expectation(score) AS expectation,
		trust_ledger.lower_bound(score) AS lower_bound,
		trust_ledger.uncertainty(score) AS uncertainty,
		trust_ledger.kept(score) AS evidence_kept,
		trust_ledger.broken(score) AS evidence_broken,
		promises, proposed, open, overdue, kept, partly_kept, broken, released, withdrawn,
		backed / promises::float8 AS share_backed,
		asserted / promises::float8 AS share_asserted,
		session / promises::float8 AS share_session,
		passkey / promises::float8 AS share_passkey,
		by_company / nullif(verdicts, 0)::float8 AS share_company_word,
		withdrawn_late, released_late, due_moved, median_time_to_keep,
		opened_late, eased, withdrawn_near_due, remade, verdict_reversed,
		by_doubted / nullif(verdicts, 0)::float8 AS share_doubted_word
	FROM (
		SELECT p.%1$I,
			trust_ledger.decay(
				trust_ledger.fuse(
					trust_ledger.fuse(
						trust_ledger.fuse(
							trust_ledger.score_agg(
								p.weight_kept / 1000::float8, 0,
								p.settled_at, (SELECT half_life FROM trust.ledger)),
							trust_ledger.score_agg(
								0, p.weight_broken / 1000::float8,
								p.broken_at, (SELECT half_life FROM trust.ledger))),
						trust_ledger.score_agg(
							0, 1, now(), (SELECT half_life FROM trust.ledger))
							FILTER (WHERE o.overdue)),
					trust_ledger.carried_score(
						%1$L, p.%1$I, (SELECT half_life FROM trust.ledger))),
				now()) AS score,
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
			count(*) FILTER (WHERE p.settled_by = 'withdrawn' AND p.outcome IS NOT NULL)
				AS withdrawn_late,
			count(*) FILTER (WHERE p.settled_by = 'released' AND p.due < p.settled_at)
				AS released_late,
			count(*) FILTER (WHERE p.due_moves > 0) AS due_moved,
			percentile_cont(0.5) WITHIN GROUP (ORDER BY p.settled_at - p.made_at)
				FILTER (WHERE p.outcome = 'kept') AS median_time_to_keep,
			count(*) FILTER (WHERE p.opened_at > p.first_due) AS opened_late,
			count(p.eased_at) AS eased,
			count(*) FILTER (WHERE p.state = 'withdrawn'
				AND p.opened_at IS NOT NULL
				AND p.settled_at - p.made_at - p.paused_for > (p.first_due - p.made_at) / 2)
				AS withdrawn_near_due,
			count(*) FILTER (WHERE p.state = 'withdrawn'
				AND p.opened_at IS NOT NULL
				AND EXISTS (
					SELECT FROM trust.promise n
					WHERE n.customer = p.customer
						AND n.promiser = p.promiser
						AND coalesce(n.kind, '') = coalesce(p.kind, '')
						AND n.promise <> p.promise
						AND n.made_at >= p.made_at
						AND n.made_at <= p.due))
				AS remade,
			count(p.reversed_at) AS verdict_reversed,
			count(*) FILTER (WHERE p.outcome IS NOT NULL AND p.doubted_speaker IS NOT NULL)
				AS by_doubted
		FROM trust.promise p
		CROSS JOIN LATERAL (
			SELECT p.state IN ('proposed', 'open')
				AND p.opened_at IS NOT NULL
				AND p.overdue_at IS NOT NULL
				AND p.overdue_at < now() AS overdue) o
		WHERE (p.%1$I IS NOT NULL OR %1$L <> 'backer')
			AND (SELECT trust_ledger.require_reader())
		GROUP BY p.%1$I) g
	$view$, v.key)
	FROM (VALUES
		('customer_trust', 'customer'),
		('promiser_trust', 'promiser'),
		('backer_trust', 'backer'),
		('kind_trust', 'kind')) AS v (view, key);
END
$$;
COMMENT ON FUNCTION trust_ledger.trust_views() IS
	'Names and queries of views trust.customer_trust, promiser_trust, backer_trust and kind_trust. '
	'Called by ledger_views().';

CREATE FUNCTION trust_ledger.comment_on_trust_views() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	keyed   record;
	columns CONSTANT text[] := ARRAY[
		['score', 'Current trust score: verdicts, faded to now, and overdue promises. By customer, '
			'promiser and backer, with the evidence of being broken of predecessors.'],
		['expectation', 'Probability that the next promise is kept, 0 to 1, at base rate 1/2.'],
		['lower_bound', 'Lower bound of the true kept rate at 95 % confidence, 0 to 1. Rank by '
			'this.'],
		['uncertainty', 'Uncertainty, 0 to 1. 1 means that there is no evidence.'],
		['evidence_kept', 'Evidence of kept promises, in promises, faded to now.'],
		['evidence_broken', 'Evidence of broken and overdue promises, in promises, faded to now, '
			'with that of predecessors.'],
		['promises', 'Number of promises in all states.'],
		['proposed', 'Number of promises that wait for a human.'],
		['open', 'Number of promises that are open.'],
		['overdue', 'Number of promises that were open, are past due and grace, and have no '
			'verdict. They count as broken.'],
		['kept', 'Number of promises kept.'],
		['partly_kept', 'Number of promises partly kept.'],
		['broken', 'Number of promises broken.'],
		['released', 'Number of promises from which the customer released the company.'],
		['withdrawn', 'Number of promises that the company withdrew in time.'],
		['share_backed', 'Share of promises that a human backs, or backed when they ended, 0 to '
			'1.'],
		['share_asserted', 'Share of promises whose backer the application named, 0 to 1.'],
		['share_session', 'Share of promises that were backed from the human''s own login, 0 to '
			'1.'],
		['share_passkey', 'Share of promises that were backed with the human''s signature, 0 to '
			'1.'],
		['share_company_word', 'Share of verdicts that only the company gave, 0 to 1. NULL without '
			'verdicts.'],
		['withdrawn_late', 'Number of promises withdrawn after acceptance or due, whatever was '
			'said since.'],
		['released_late', 'Number of promises released after due.'],
		['due_moved', 'Number of promises whose due time was moved, once or more.'],
		['median_time_to_keep', 'Median time from promise to verdict, of kept promises.'],
		['opened_late', 'Number of promises that were first open after their first due time. They '
			'earn no evidence of being kept.'],
		['eased', 'Number of promises whose terms the company eased after half of the time first '
			'promised, without the customer. They count as partly kept at most.'],
		['withdrawn_near_due', 'Number of promises withdrawn in time, but after half of the time '
			'first promised.'],
		['remade', 'Number of promises withdrawn in time while the same promiser made another one '
			'of the same kind to the customer, in the time until due.'],
		['verdict_reversed', 'Number of promises for which an actor replaced another actor''s '
			'verdict by a different one.'],
		['share_doubted_word', 'Share of verdicts of promises on which an actor spoke for the '
			'customer or a system of record who may be the company''s own, 0 to 1; see '
			'speaker_registered in trust.exception. NULL without verdicts.']];
BEGIN
	FOR keyed IN
		SELECT v.view, v.key, v.comment, v.key_comment
		FROM (VALUES
			('customer_trust', 'customer', 'How promises to each customer are kept.',
				'The customer.'),
			('promiser_trust', 'promiser', 'How the promises of each promiser are kept.',
				'The promiser.'),
			('backer_trust', 'backer', 'How the promises that each human backs are kept.',
				'The human who backs.'),
			('kind_trust', 'kind', 'How promises of each kind are kept.',
				'Kind of promise. NULL if none was stated.')) AS v (view, key, comment, key_comment)
	LOOP
		EXECUTE format('COMMENT ON VIEW trust.%I IS %L', keyed.view, keyed.comment);
		PERFORM trust_ledger.comment_on_columns(format('trust.%I', keyed.view)::regclass,
			columns || ARRAY[[keyed.key, keyed.key_comment]]);
	END LOOP;
END
$$;
COMMENT ON FUNCTION trust_ledger.comment_on_trust_views() IS
	'Comments on the views of scores. Called by create_views().';
COMMENT ON FUNCTION trust_ledger.customer_score(text, timestamptz, timestamptz) IS
	'Score of the promises to a customer. Overdue ones count as broken. Evidence of being broken '
	'of predecessors counts too: customers for which the same actor or login spoke before. as_of: '
	'only what had happened by then, faded to then; not in the future. known_at: only what the '
	'ledger had recorded by then, with the half-life of that time (recorded_at is shortly before '
	'the commit). Without evidence: empty. Requires level application, analyst, auditor or admin. '
	'Errors: TL004, 22004, 22008.';
COMMENT ON FUNCTION trust_ledger.promiser_score(text, timestamptz, timestamptz) IS
	'Score of the promises of an actor, like customer_score(). Its predecessors are actors that '
	'retired with this successor, or had the same login before. Errors: TL004, 22004, 22008, '
	'42704 (no such actor).';

CREATE FUNCTION trust_ledger.carried_score(by text, of_key text, half_life interval)
RETURNS trust_ledger.trust_score
AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL RESTRICTED COST 10;
COMMENT ON FUNCTION trust_ledger.carried_score(text, text, interval) IS
	'Evidence of being broken that a customer, promiser or backer carries from its predecessors, '
	'faded to now, overdue promises included. Empty if there is none, or by kind. Called by the '
	'views of scores. Requires level application, analyst, auditor or admin. Errors: TL004, 22004, '
	'22023.';

DROP FUNCTION trust_ledger.explain_trust(text, text, timestamptz, timestamptz);
CREATE FUNCTION trust_ledger.explain_trust(
	by text, of_key text DEFAULT NULL,
	as_of timestamptz DEFAULT NULL, known_at timestamptz DEFAULT NULL,
	OUT customer text, OUT promise uuid, OUT promiser text, OUT backer text, OUT kind text,
	OUT outcome text, OUT whose_word text, OUT at timestamptz,
	OUT weight_kept float8, OUT weight_broken float8, OUT age interval, OUT fading float8,
	OUT share float8, OUT score trust_ledger.trust_score,
	OUT broken_at timestamptz, OUT broken_fading float8)
RETURNS SETOF record
AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL RESTRICTED COST 10000 ROWS 100;
COMMENT ON FUNCTION trust_ledger.explain_trust(text, text, timestamptz, timestamptz) IS
	'What each promise contributes to the score of a customer, promiser, backer, kind, backing '
	'(backed or unbacked), or all: the weights (0 to 1), the timestamps as of which each holds '
	'(at: kept, broken_at: broken), the age and the fading 2^(-age/half-life) since then, the '
	'share of all evidence (0 to 1), and the score of the promise alone. sum(score) over the rows '
	'is the total score: exactly with as_of, otherwise up to rounding. Promises with no weight '
	'have no row. Promises of predecessors have their weight as broken only. as_of, known_at: as '
	'for customer_score(). Requires level application, analyst, auditor or admin. Errors: TL004, '
	'22004, 22008, 22023.';

CREATE OR REPLACE FUNCTION trust_ledger.trust_trend(
	by text, step interval DEFAULT '1 month',
	since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL,
	basis text DEFAULT 'occurred', of_key text DEFAULT NULL,
	OUT key text, OUT step_from timestamptz, OUT step_until timestamptz,
	OUT score trust_ledger.trust_score,
	OUT expectation float8, OUT uncertainty float8, OUT opened bigint, OUT kept bigint,
	OUT partly_kept bigint, OUT broken bigint, OUT overdue bigint)
RETURNS SETOF record
AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000000 ROWS 1000;
COMMENT ON FUNCTION trust_ledger.trust_trend(
	text, interval, timestamptz, timestamptz, text, text) IS
	'Scores over time by customer, promiser, backer, kind, backing (backed or unbacked) or all: '
	'for each step [step_from, step_until) the score at its end, how many promises were opened, '
	'kept, partly kept and broken in it, and how many were overdue at its end. Every key with a '
	'promise has a row for every step. Steps begin at since, in the time zone of the session; none '
	'ends later than now. basis: occurred (when things happened) or recorded (when the ledger '
	'recorded them). of_key: only this key. All steps use the current half-life of the ledger. '
	'Requires level application, analyst, auditor or admin. Errors: TL004, 22004, 22008, 22023, '
	'54000 (too many steps).';
COMMENT ON FUNCTION trust_ledger.sparkline(float8[]) IS
	'Draws numbers as a row of bars, scaled from the lowest to the highest. A space stands for '
	'NULL, NaN and infinity.';

CREATE OR REPLACE FUNCTION trust_ledger.human_backing(
	landmark interval DEFAULT '1 hour',
	OUT scope text, OUT evidence text, OUT month date, OUT kind text, OUT promiser_kind text,
	OUT value_band text,
	OUT backed_promises bigint, OUT backed_undecided bigint, OUT backed_too_early bigint,
	OUT backed_decided bigint, OUT backed_kept bigint, OUT backed_rate float8,
	OUT backed_accepted float8,
	OUT unbacked_promises bigint, OUT unbacked_undecided bigint, OUT unbacked_too_early bigint,
	OUT unbacked_decided bigint, OUT unbacked_kept bigint, OUT unbacked_rate float8,
	OUT unbacked_accepted float8,
	OUT difference float8, OUT difference_low float8, OUT difference_high float8)
RETURNS SETOF record
AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000000 ROWS 1000
SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION trust_ledger.human_backing(interval) IS
	'Kept rates of promises that a human backed at time landmark after they were made, and of '
	'those that nobody did: per stratum (month, kind, promiser''s kind, value band), raw over all '
	'promises, and within strata with decided promises of both groups, weighted as in Cochran '
	'(1954). evidence: any, or promises backed with this evidence against all unbacked ones. '
	'difference: of the posterior means under a Beta(1,1) prior, with a normal approximation of '
	'its 95 % credible interval. This is association, not effect. landmark: 0 or more, without '
	'months. Requires level application, analyst, auditor or admin. Errors: TL004, 22004, 22023.';

CREATE FUNCTION trust_ledger.promise_exceptions(
	OUT what text, OUT since timestamptz, OUT customer text, OUT promise uuid, OUT subject text,
	OUT promiser text, OUT kind text, OUT state text, OUT detail text)
RETURNS SETOF record
AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000000 ROWS 1000
SET search_path = pg_catalog, pg_temp SET jit = off;
COMMENT ON FUNCTION trust_ledger.promise_exceptions() IS
	'The rows of view trust.exception that follow from promises and their entries. Requires '
	'level application, analyst, auditor or admin. Errors: TL004.';

CREATE FUNCTION trust_ledger.exception_views(OUT name text, OUT definition text)
RETURNS SETOF record
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	-- Every SELECT of the UNION names its columns, as pg_get_viewdef() does.
	name := 'exception';
	definition := $view$
	SELECT x.what, x.since, x.customer, x.promise, x.subject, x.promiser, x.kind, x.state, x.detail
	FROM trust_ledger.promise_exceptions() x
	WHERE (SELECT trust_ledger.require_reader())
	UNION ALL
	SELECT 'erased' AS what, e.recorded_at AS since, e.customer, e.promise,
		coalesce(e.actor, e.login) AS subject, p.promiser, p.kind, p.state,
		format('entry %s erased texts of %s', e.seq,
			CASE
				WHEN e.refers_to IS NOT NULL THEN format('entry %s', e.refers_to)
				WHEN e.promise IS NOT NULL THEN 'all earlier entries of the promise'
				ELSE 'no entry'
			END) AS detail
	FROM trust.entry e
	LEFT JOIN trust.promise p ON p.customer = e.customer AND p.promise = e.promise
	WHERE e.event = 'erased' AND (SELECT trust_ledger.require_reader())
	UNION ALL
	SELECT 'policy_weakened' AS what, weak.recorded_at AS since, '' AS customer,
		NULL::uuid AS promise, weak.subject,
		NULL::text AS promiser, NULL::text AS kind, NULL::text AS state,
		format('entry %s required less than entry %s, until entry %s at %s',
			weak.seq, weak.old_seq, again.seq, again.recorded_at) AS detail
	FROM (
		SELECT e.seq, e.subject, e.details, e.recorded_at,
			lag(e.seq) OVER (PARTITION BY e.subject ORDER BY e.seq) AS old_seq,
			lag(e.details) OVER (PARTITION BY e.subject ORDER BY e.seq) AS old
		FROM trust.entry e
		WHERE e.customer = '' AND e.event IN ('policy_set', 'policy_dropped')) weak
	CROSS JOIN LATERAL (
		SELECT e.seq, e.recorded_at
		FROM trust.entry e
		WHERE e.customer = ''
			AND e.event = 'policy_set'
			AND e.seq > weak.seq
			AND NOT trust_ledger.policy_is_weaker(weak.old, e.details)
		ORDER BY e.seq
		LIMIT 1) again
	WHERE trust_ledger.policy_is_weaker(weak.old, weak.details)
		AND (SELECT trust_ledger.require_reader())
	UNION ALL
	SELECT 'policy_weakened' AS what, given.recorded_at AS since, '' AS customer,
		NULL::uuid AS promise, given.subject,
		NULL::text AS promiser, NULL::text AS kind, NULL::text AS state,
		format('entry %s gave a grace time that the rule had not given before, '
			'until entry %s at %s', given.seq, taken.seq, taken.recorded_at) AS detail
	FROM (
		SELECT e.seq, e.subject, e.details, e.recorded_at,
			lag(e.details) OVER (PARTITION BY e.subject ORDER BY e.seq) AS old
		FROM trust.entry e
		WHERE e.customer = '' AND e.event IN ('policy_set', 'policy_dropped')) given
	CROSS JOIN LATERAL (
		SELECT e.seq, e.recorded_at
		FROM trust.entry e
		WHERE e.customer = ''
			AND e.event IN ('policy_set', 'policy_dropped')
			AND e.subject = given.subject
			AND e.seq > given.seq
			AND (e.event = 'policy_dropped'
				OR coalesce((e.details->>'grace')::interval, '0')
					< (given.details->>'grace')::interval)
		ORDER BY e.seq
		LIMIT 1) taken
	WHERE (given.details->>'active')::boolean
		AND (given.details->>'grace')::interval > '0'
		AND NOT coalesce((given.old->>'active')::boolean, false)
		AND (SELECT trust_ledger.require_reader())
	UNION ALL
	SELECT 'actor_changed' AS what, e.recorded_at AS since, '' AS customer, NULL::uuid AS promise,
		e.subject, NULL::text AS promiser, NULL::text AS kind, NULL::text AS state,
		format('entry %s %s of a human', e.seq,
			CASE
				WHEN NOT e.was_active THEN 'ended the retirement'
				WHEN e.renamed AND e.moved THEN 'changed the name and the login'
				WHEN e.renamed THEN 'changed the name'
				ELSE 'changed the login'
			END) AS detail
	FROM (
		SELECT a.seq, a.subject, a.recorded_at, a.event,
			(lag(a.details) OVER actor->>'active')::boolean AS was_active,
			lag(a.name) OVER actor <> coalesce(a.name, '') AS renamed,
			coalesce(lag(a.details) OVER actor->>'db_role', '')
				<> coalesce(a.details->>'db_role', '') AS moved
		FROM trust.entry a
		WHERE a.customer = ''
			AND a.event IN ('actor_registered', 'actor_retired')
			AND a.details->>'kind' = 'human'
		WINDOW actor AS (PARTITION BY a.subject ORDER BY a.seq)) e
	WHERE e.event = 'actor_registered'
		AND e.was_active IS NOT NULL
		AND (NOT e.was_active OR e.renamed OR e.moved)
		AND (SELECT trust_ledger.require_reader())
	UNION ALL
	SELECT 'foreign_code' AS what, NULL AS since, '' AS customer, NULL AS promise,
		format('%I.%I', s.nspname, c.relname) AS subject,
		NULL AS promiser, NULL AS kind, NULL AS state,
		format('%s %I calls function %I.%I after a write%s',
			CASE WHEN t.tgconstraint <> 0 THEN 'constraint trigger' ELSE 'trigger' END,
			t.tgname, n.nspname, f.proname,
			CASE t.tgenabled WHEN 'D' THEN ', and is disabled' END) AS detail
	FROM (
		WITH RECURSIVE place (relid) AS (
			SELECT o.oid
			FROM pg_class o
			JOIN pg_namespace os ON os.oid = o.relnamespace
			WHERE os.nspname = 'trust'
				AND o.relname IN ('ledger', 'actor', 'policy', 'access', 'tracking', 'chain',
					'promise', 'source', 'entry', 'parked_change', 'copy')
			UNION
			SELECT i.inhrelid
			FROM place
			JOIN pg_inherits i ON i.inhparent = place.relid)
		SELECT place.relid FROM place) part
	JOIN pg_class c ON c.oid = part.relid
	JOIN pg_namespace s ON s.oid = c.relnamespace
	-- AFTER triggers: neither TRIGGER_TYPE_BEFORE nor TRIGGER_TYPE_INSTEAD. A partition has a clone
	-- of each row trigger of its parent; show the parent's only.
	JOIN pg_trigger t ON t.tgrelid = c.oid AND t.tgtype & 66 = 0 AND t.tgparentid = 0
	JOIN pg_proc f ON f.oid = t.tgfoid
	JOIN pg_namespace n ON n.oid = f.pronamespace
	-- leave out the internal triggers of foreign keys
	WHERE NOT (t.tgisinternal AND n.nspname = 'pg_catalog')
		AND (SELECT trust_ledger.require_reader())
	$view$;
	RETURN NEXT;
END
$$;
COMMENT ON FUNCTION trust_ledger.exception_views() IS
	'Name and query of view trust.exception. Called by ledger_views().';

CREATE FUNCTION trust_ledger.comment_on_exception_views() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	COMMENT ON VIEW trust.exception IS
		'What an auditor looks at: one row per promise, entry, rule, trigger, human or import and '
		'kind of exception. Without words that people wrote.';
	PERFORM trust_ledger.comment_on_columns('trust.exception', ARRAY[
		['what', 'The kind of exception. '
			'unbacked: policy requires a human backer, and nobody backs the promise. '
			'backing_overdue: the promise waits for a backer, and the time for that is over. '
			'overdue: the promise is past due and grace, and has no verdict. '
			'backer_retired: the backer is retired. '
			'backing_withdrawn: the backer withdrew, and nobody else backs the promise. '
			'relied_on_unbacked: the customer accepted a promise that nobody ever backed. '
			'machine_words_unseen: a machine wrote words that no human of the company saw. '
			'backfilled: a promise, or an event, was recorded long after it happened; one row for '
			'what was recorded with breaks of at most ten minutes. '
			'due_moved: an amendment changed the due time. '
			'due_far: the promise becomes overdue only after ten times as long as usual for its '
			'kind (the geometric mean, at most a year), also if it was decided before. '
			'opened_late: the promise was first open after its first due time. '
			'eased: the company eased the terms after half of the time first promised. '
			'withdrawn_late: the promise was withdrawn after acceptance or due. '
			'withdrawn_near_due: the promise was withdrawn after half of the time first promised. '
			'remade: the promise was withdrawn, and the same promiser made another one of the same '
			'kind to the customer in the time until due. '
			'released_late: the promise was released after due. '
			'long_pause: a pause expired, or pauses took more than half of the time first '
			'promised. '
			'unconfirmed: a relayed word, or a claimed repair, waits for confirmation. '
			'company_word_only: the verdict is the company''s own; one row for imported promises '
			'as for backfilled. '
			'verdict_reversed: an actor replaced another actor''s verdict by a different one. '
			'speaker_registered: an actor spoke for the customer or a system of record, but does '
			'so only since the promise was recorded, or answers to the human who answers for the '
			'promiser or the backer. '
			'backed_in_bursts: a human backed more than ten promises in a minute. '
			'admitted_and_kept: the company admitted a breach, and the promise was kept. '
			'no_due: the promise has no due time, and cannot become overdue. '
			'row_deleted: the tracked row was deleted, and the promise has not ended. '
			'erased: texts were erased. '
			'policy_weakened: a rule required less, or was dropped, for a while and was then '
			'restored; or a new rule gave a grace time for a while. '
			'settings_eased: by a change of a rule, of weights, half-life or lag, or of what a '
			'human may back, promises were asked less, or got away with more, than before. '
			'actor_changed: the name or login of a human changed, or a retired human returned. '
			'clock_set_back: an entry was recorded more than a minute before the entry that '
			'registered its actor. '
			'foreign_code: a trigger that is not part of the ledger runs after writes to one of '
			'its tables.'],
		['since', 'Since when; for an event, when it happened. NULL if unknown.'],
		['customer', 'The customer to whom the promise was made. Empty for governance and tables.'],
		['promise', 'The promise. NULL if the exception is not about a promise.'],
		['subject', 'The actor, login, source, rule or table that the exception is about. NULL for '
			'the promise itself.'],
		['promiser', 'Who made the promise.'],
		['kind', 'Kind of promise. NULL if none was stated.'],
		['state', 'Current state of the promise.'],
		['detail', 'A description for people to read, without words that people wrote.']]);
END
$$;
COMMENT ON FUNCTION trust_ledger.comment_on_exception_views() IS
	'Comments on view trust.exception. Called by create_views().';

CREATE FUNCTION trust_ledger.analysis_views(OUT name text, OUT definition text)
RETURNS SETOF record
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	name := 'over_promising';
	definition := $view$
	WITH part AS (
		SELECT p.promiser, p.promiser_kind, p.kind, p.outcome, o.overdue,
			o.overdue OR p.outcome IS NOT NULL AS decided,
			p.first_due - p.made_at AS promised,
			CASE WHEN p.outcome = 'kept' THEN p.settled_at - p.made_at END AS needed
		FROM trust.promise p
		CROSS JOIN LATERAL (
			SELECT p.state IN ('proposed', 'open')
				AND p.opened_at IS NOT NULL
				AND p.overdue_at IS NOT NULL
				AND p.overdue_at < now() AS overdue) o
		WHERE (SELECT trust_ledger.require_reader())
	), of_human AS (
		SELECT kind,
			count(*) FILTER (WHERE decided) AS decided,
			count(*) FILTER (WHERE outcome = 'kept') AS kept,
			percentile_cont(0.5) WITHIN GROUP (ORDER BY needed) AS median_needed
		FROM part
		WHERE promiser_kind = 'human'
		GROUP BY kind
	), of_promiser AS (
		SELECT promiser, promiser_kind, kind,
			count(*) AS promises,
			count(*) FILTER (WHERE decided) AS decided,
			count(*) FILTER (WHERE outcome = 'kept') AS kept,
			count(*) FILTER (WHERE outcome = 'partly_kept') AS partly_kept,
			count(*) FILTER (WHERE outcome = 'broken') AS broken,
			count(*) FILTER (WHERE overdue) AS overdue,
			percentile_cont(0.5) WITHIN GROUP (ORDER BY promised) AS median_promised,
			percentile_cont(0.5) WITHIN GROUP (ORDER BY needed) AS median_needed
		FROM part
		GROUP BY promiser, promiser_kind, kind
	)
	SELECT p.promiser, p.promiser_kind, p.kind, p.promises, p.decided,
		p.kept, p.partly_kept, p.broken, p.overdue,
		p.kept / nullif(p.decided, 0)::float8 AS kept_rate,
		-- quantiles of Beta(kept + 1, decided - kept + 1), which are those of a score with this
		-- evidence; timestamp and half-life do not matter
		trust_ledger.lower_bound(trust_ledger.trust_score(
			p.kept, p.decided - p.kept, '2000-01-01 00:00:00+00', '1 day'), 0.975)
			AS kept_rate_low,
		1 - trust_ledger.lower_bound(trust_ledger.trust_score(
			p.decided - p.kept, p.kept, '2000-01-01 00:00:00+00', '1 day'), 0.975)
			AS kept_rate_high,
		p.median_promised, p.median_needed,
		coalesce(h.decided, 0) AS human_decided,
		h.kept / nullif(h.decided, 0)::float8 AS human_kept_rate,
		h.median_needed AS human_median_needed
	FROM of_promiser p
	-- a kind is never the empty text, which stands for NULL here
	LEFT JOIN of_human h ON coalesce(h.kind, '') = coalesce(p.kind, '')
	$view$;
	RETURN NEXT;

	name := 'human_backing';
	definition := $view$
	SELECT b.scope, b.evidence, b.month, b.kind, b.promiser_kind, b.value_band,
		b.backed_promises, b.backed_undecided, b.backed_too_early, b.backed_decided,
		b.backed_kept, b.backed_rate, b.backed_accepted,
		b.unbacked_promises, b.unbacked_undecided, b.unbacked_too_early, b.unbacked_decided,
		b.unbacked_kept, b.unbacked_rate, b.unbacked_accepted,
		b.difference, b.difference_low, b.difference_high
	FROM trust_ledger.human_backing() b
	WHERE (SELECT trust_ledger.require_reader())
	$view$;
	RETURN NEXT;
END
$$;
COMMENT ON FUNCTION trust_ledger.analysis_views() IS
	'Names and queries of views trust.over_promising and trust.human_backing. Called by '
	'ledger_views().';

CREATE FUNCTION trust_ledger.comment_on_analysis_views() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	col record;
BEGIN
	COMMENT ON VIEW trust.over_promising IS
		'Who promises more than they keep, or sooner than they can: one row per promiser and kind, '
		'with what humans achieve for the same kind.';
	PERFORM trust_ledger.comment_on_columns('trust.over_promising', ARRAY[
		['promiser', 'The promiser.'],
		['promiser_kind', 'human, ai or system.'],
		['kind', 'Kind of promise. NULL if none was stated.'],
		['promises', 'Number of promises in all states.'],
		['decided', 'Number of promises that have a verdict or are overdue.'],
		['kept', 'Number of promises kept.'],
		['partly_kept', 'Number of promises partly kept.'],
		['broken', 'Number of promises broken.'],
		['overdue', 'Number of promises that were open, are past due and grace, and have no '
			'verdict.'],
		['kept_rate', 'kept / decided, 0 to 1. NULL if none is decided.'],
		['kept_rate_low', 'Lower end of the 95 % credible interval of the true rate, under '
			'Beta(kept + 1, decided - kept + 1).'],
		['kept_rate_high', 'Upper end of that interval.'],
		['median_promised', 'Median time from promise to first due time.'],
		['median_needed', 'Median time from promise to verdict, of kept promises.'],
		['human_decided', 'Number of decided promises of the same kind by humans, including this '
			'promiser.'],
		['human_kept_rate', 'Share of those that were kept, 0 to 1.'],
		['human_median_needed', 'Median time from promise to verdict, of those that were kept.']]);

	COMMENT ON VIEW trust.human_backing IS
		'Kept rates of promises that a human backed one hour after they were made, and of those '
		'that nobody did. human_backing() takes another time. The early, equal time matters '
		'because long cases collect backers; the strata compare similar promises. This shows '
		'association, not effect: what makes a human back a promise may also be why it is kept.';
	PERFORM trust_ledger.comment_on_columns('trust.human_backing', ARRAY[
		['scope', 'stratum: promises with the same month, kind, promiser''s kind and value band. '
			'raw: all promises. within_strata: all strata with decided promises of both groups, '
			'combined with the weights of Cochran, n1 n0 / (n1 + n0).'],
		['evidence', 'Which promises count as backed: any, or only those backed with this '
			'evidence: asserted, session or passkey. Unbacked are always those that nobody '
			'backed.'],
		['month', 'First day of the month in which they were made, in the time zone of the '
			'ledger.'],
		['kind', 'Kind of promise. NULL if none was stated.'],
		['promiser_kind', 'human, ai or system.'],
		['value_band', 'Value by power of ten, with currency: EUR 1000+ is from 1000 to below '
			'10000. NULL if no value was stated.'],
		['difference', 'Posterior mean (kept + 1) / (decided + 2) of the backed minus that of the '
			'unbacked. NULL if one group has no decided promise.'],
		['difference_low', 'Lower end of the 95 % credible interval of the difference, by a normal '
			'approximation to the posterior.'],
		['difference_high', 'Upper end of that interval.']]);
	FOR col IN
		SELECT prefix || '_' || c.name AS name, format(c.comment, which) AS comment
		FROM (VALUES
				('backed', 'that a human backed'),
				('unbacked', 'that nobody backed')) AS s (prefix, which),
			(VALUES
				('promises', 'Number of promises %s then.'),
				('undecided', 'Number of promises %s that are undecided: not yet due, never open, '
					'withdrawn in time, or released.'),
				('too_early', 'Number of promises %s that were settled or due before that time. '
					'They are not compared.'),
				('decided', 'Number of promises %s that are decided: past due, or with a verdict '
					'if they have no due time.'),
				('kept', 'Number of decided promises %s that were kept. Overdue and partly kept '
					'ones do not count.'),
				('rate', 'kept / decided of promises %s, 0 to 1. NULL if none is decided.'),
				('accepted', 'Share of promises %s that the customer accepted, 0 to '
					'1.')) AS c (name, comment)
	LOOP
		PERFORM trust_ledger.comment_on_columns('trust.human_backing',
			ARRAY[[col.name, col.comment]]);
	END LOOP;
END
$$;
COMMENT ON FUNCTION trust_ledger.comment_on_analysis_views() IS
	'Comments on views trust.over_promising and trust.human_backing. Called by create_views().';
COMMENT ON FUNCTION trust_ledger.track() IS
	'Row trigger, AFTER INSERT, UPDATE or DELETE: records the change of a row as an event of its '
	'promise, which it finds by the primary key of the row. Arguments: track(event, argument...), '
	'each argument name=column or name:text. It has the level of the table''s owner. The actor is '
	'the one who owns the login; otherwise the machine named by actor: or the one set by act_as(). '
	'Evidence is never session. Entries are written at commit, with customers in the order of '
	'their keys; write:now writes at once. BEFORE TRUNCATE it refuses. Errors: those of the '
	'function for the event; 22023, 42703, 42804 (mapping), 55000 (no primary key, or TRUNCATE), '
	'39P01 (fired in another way), TL003, TL004.';

CREATE FUNCTION trust_ledger.refuse_while_suspended() RETURNS trigger
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.refuse_while_suspended() IS
	'Trigger function of suspend_tracking(): refuses changes of rows and TRUNCATE with 55000. The '
	'arguments of its trigger keep what resume_tracking() needs: source:text, key=column, the '
	'columns of the mapping as recorded:name and column=name, and states:json.';
COMMENT ON FUNCTION trust_ledger.check_track(oid) IS
	'Raises an error unless this trigger, which calls track(), can work: 22023 (argument), 42703 '
	'(no such column), 42804 (type of a column), 55000 (no primary key), 39P01 (not AFTER ... FOR '
	'EACH ROW).';

CREATE FUNCTION trust_ledger.tracked_row_views(OUT name text, OUT definition text)
RETURNS SETOF record
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	name := 'tracked_row';
	definition := $view$
	SELECT s.source, s.key, s.name, s.customer, s.promise, s.gone
	FROM trust.source s
	WHERE (SELECT trust_ledger.require_reader())
	$view$;
	RETURN NEXT;

	name := 'tracked_entry';
	definition := $view$
	SELECT e.customer, e.promise, e.seq, e.event, e.state, e.verdict, e.due, e.stands,
		coalesce(e.details ? 'source', false) AS by_row
	FROM trust.entry e
	WHERE e.promise IS NOT NULL AND (SELECT trust_ledger.require_reader())
	$view$;
	RETURN NEXT;
END
$$;
COMMENT ON FUNCTION trust_ledger.tracked_row_views() IS
	'Names and queries of views trust.tracked_row and trust.tracked_entry. Called by '
	'ledger_views().';

CREATE FUNCTION trust_ledger.comment_on_tracked_row_views() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	COMMENT ON VIEW trust.tracked_row IS
		'One row per promise that a row of a tracked table made: which row that is.';
	PERFORM trust_ledger.comment_on_columns('trust.tracked_row',
		trust_ledger.source_column_comments());

	COMMENT ON VIEW trust.tracked_entry IS
		'One row per entry of a promise, for reconcile_table(), which compares promises with the '
		'rows of tracked tables. history() shows entries in words.';
	PERFORM trust_ledger.comment_on_columns('trust.tracked_entry', ARRAY[
		['customer', 'The customer to whom the promise was made.'],
		['promise', 'The promise.'],
		['seq', 'Number of the entry in the chain of the customer.'],
		['event', 'What happened.'],
		['state', 'State of the promise after the entry.'],
		['verdict', 'kept, partly_kept or broken, whether it stands or not.'],
		['due', 'Time when the promise is due after the entry. NULL if the entry does not state '
			'it.'],
		['stands', 'False if the entry is recorded but does not take effect.'],
		['by_row', 'Whether a change of a tracked row wrote the entry.']]);
END
$$;
COMMENT ON FUNCTION trust_ledger.comment_on_tracked_row_views() IS
	'Comments on views trust.tracked_row and trust.tracked_entry. Called by create_views().';

CREATE FUNCTION trust_ledger.write_pending() RETURNS void
AS 'MODULE_PATHNAME' LANGUAGE C
SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION trust_ledger.write_pending() IS
	'Writes the changes of tracked rows that this transaction has made so far, as COMMIT would. '
	'What is refused raises its error here instead of at COMMIT, so that a savepoint can handle it '
	'and a test that rolls back sees it. Does nothing if no change is pending. Errors: those of '
	'the functions for the events of the mapping; 25000 (in a parallel operation).';
COMMENT ON FUNCTION trust_ledger.condition_for(text, text) IS
	'The condition in parentheses, with each column as row.column. condition: one boolean '
	'expression over the columns of a tracked row. row: NEW, OLD or an alias. Errors: 42601 (not '
	'an expression), 22023 (sub-select, parameter, * or qualified column).';
COMMENT ON FUNCTION trust_ledger.condition_is_change(text) IS
	'Whether the condition is about a change: all its columns are NEW.column or OLD.column. '
	'Errors: those of condition_for(), 22023 (some columns have no prefix).';
COMMENT ON FUNCTION trust_ledger.condition_columns(text) IS
	'The columns that the condition names, each once. Errors: those of condition_is_change().';

CREATE FUNCTION trust_ledger.check_conditions(tab regclass) RETURNS void
AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT;
COMMENT ON FUNCTION trust_ledger.check_conditions(regclass) IS
	'Raises 0A000 if a dump does not name an operator in the condition of a trigger that '
	'track_table() created. Called by create_track_triggers().';

CREATE OR REPLACE FUNCTION trust_ledger.tracked_events()
RETURNS TABLE (nr integer, event text, records text, inherits text[], takes text[])
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 17
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT e.nr, e.event, e.records, i.inherits,
		i.inherits || array(
			SELECT a
			FROM unnest(string_to_array(e.own, ' ') || '{context,occurred_at}'::text[]) AS a
			WHERE a <> ALL (i.inherits))
	FROM (VALUES
		(1, 'made', 'made',
			'customer words promiser drafted_by kind due value currency purpose longest_pause '
			'context occurred_at actor', ''),
		(2, 'resumed', 'resumed', 'actor', 'reason'),
		(3, 'amended', 'amended',
			'customer words promiser drafted_by kind due value currency purpose longest_pause '
			'actor', 'changed relayed reason'),
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
		(16, 'noted', 'noted', 'actor', 'changed reason'),
		(17, 'assessed', 'assessed', 'actor', 'verdict purpose_met relayed reason'))
		AS e (nr, event, records, common, own)
	CROSS JOIN LATERAL (
		SELECT string_to_array(e.common, ' ') || '{on_error,write}'::text[]) AS i (inherits)
	ORDER BY e.nr
$$;
COMMENT ON FUNCTION trust_ledger.tracked_events() IS
	'The events that a mapping may name, in the order in which their triggers fire. records: the '
	'event that the ledger records. inherits: arguments that the event takes from the whole '
	'mapping. takes: all arguments that it takes. kept, partly_kept and broken record assessed '
	'with that verdict; assessed itself may only be used in events.';

CREATE OR REPLACE FUNCTION trust_ledger.check_mapped_arguments(
	place text, given jsonb, known text[], also text[] DEFAULT '{}')
RETURNS void
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	argument record;
BEGIN
	IF given IS NULL OR jsonb_typeof(given) <> 'object' THEN
		RAISE EXCEPTION '% is not an object', place
			USING ERRCODE = '22023',
			DETAIL = format('It is %s.', coalesce(jsonb_typeof(given), 'missing')),
			HINT = 'Write {"words": "=title", "kind": ":delivery"}: '
				'= before a column, : before a text.';
	END IF;
	FOR argument IN
		SELECT key AS name, value, shape,
			jsonb_typeof(value) = 'string' AND value #>> '{}' ~ shape AS is_right
		FROM jsonb_each(given),
			LATERAL (
				SELECT CASE
					WHEN key = ANY ('{actor,source,write,on_error,on_delete}') THEN '^:'
					WHEN key = 'backer' THEN '^=.'
					ELSE '^(=.|:)'
				END) AS s (shape)
	LOOP
		IF argument.name <> ALL (known) THEN
			RAISE EXCEPTION '% does not take "%"', place, argument.name
				USING ERRCODE = '22023',
				DETAIL = format('It takes: %s.', array_to_string(known || also, ', ')),
				HINT = 'Arguments of one event belong in the object of that event, '
					'e.g. "released": {"reason": "=why"}.';
		ELSIF NOT argument.is_right THEN
			RAISE EXCEPTION '%: % cannot be %', place, argument.name, argument.value
				USING ERRCODE = '22023',
				DETAIL = CASE argument.shape
					WHEN '^:' THEN 'It must be a text, the same for all rows.'
					WHEN '^=.' THEN 'It must be a column of the row.'
					ELSE 'It must be a column of the row or a text.'
				END,
				HINT = 'Write "=title" for the column title, ":delivery" for the text delivery.';
		END IF;
	END LOOP;
END
$$;
COMMENT ON FUNCTION trust_ledger.check_mapped_arguments(text, jsonb, text[], text[]) IS
	'Raises 22023 unless this part of a mapping is an object of known arguments, each "=column" or '
	'":text". Called by check_mapping().';

CREATE OR REPLACE FUNCTION trust_ledger.check_mapped_condition(
	place text, condition jsonb, changes boolean DEFAULT true)
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF condition IS NULL OR jsonb_typeof(condition) <> 'string' THEN
		RAISE EXCEPTION '% is not a condition', place
			USING ERRCODE = '22023',
			DETAIL = format('It is %s.', coalesce(jsonb_typeof(condition), 'missing')),
			HINT = 'Write one boolean expression over the columns of the row as a text: '
				'"status = ''sent''".';
	ELSIF trust_ledger.condition_is_change(condition #>> '{}') AND NOT changes THEN
		RAISE EXCEPTION '% cannot be a condition on a change', place
			USING ERRCODE = '22023',
			DETAIL = 'It decides which rows make a promise, including new rows.',
			HINT = 'Write the columns without NEW. and OLD.';
	END IF;
END
$$;
COMMENT ON FUNCTION trust_ledger.check_mapped_condition(text, jsonb, boolean) IS
	'Raises 22023 or 42601 unless this part of a mapping is a condition. changes: whether it may '
	'be about a change. Called by check_mapping().';

CREATE OR REPLACE FUNCTION trust_ledger.check_mapped_events(place text, events jsonb) RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	part  record;
	takes text[];
BEGIN
	IF jsonb_typeof(events) <> 'array' THEN
		RAISE EXCEPTION '%, events is not an array', place
			USING ERRCODE = '22023',
			DETAIL = format('It is %s.', jsonb_typeof(events)),
			HINT = 'Write [{"event": "noted", "when": "NEW.owner <> OLD.owner", '
				'"reason": ":another owner"}].';
	END IF;
	FOR part IN
		SELECT format('%s, events[%s]', place, n - 1) AS place, value
		FROM jsonb_array_elements(events) WITH ORDINALITY AS e (value, n)
	LOOP
		takes := (
			SELECT e.takes
			FROM trust_ledger.tracked_events() e
			WHERE to_jsonb(e.event) = part.value -> 'event' AND e.event <> 'made');
		IF takes IS NULL THEN
			RAISE EXCEPTION '% names no event', part.place
				USING ERRCODE = '22023',
				DETAIL = format('Its event is %s.',
					coalesce((part.value -> 'event')::text, 'missing')),
				HINT = format('Use one of: %s. For event made, use made_when; '
					'for several promises of one row, use promises.',
					(SELECT string_agg(e.event, ', ' ORDER BY e.nr)
					 FROM trust_ledger.tracked_events() e
					 WHERE e.event <> 'made'));
		END IF;
		PERFORM trust_ledger.check_mapped_condition(part.place || ', when', part.value -> 'when');
		PERFORM trust_ledger.check_mapped_arguments(part.place,
			part.value - '{event,when}'::text[], takes, '{event,when}');
	END LOOP;
END
$$;
COMMENT ON FUNCTION trust_ledger.check_mapped_events(text, jsonb) IS
	'Raises 22023 or 42601 unless this part of a mapping is an array of events, each with its '
	'condition and its arguments. Called by check_mapping().';

CREATE OR REPLACE FUNCTION trust_ledger.check_mapping(
	mapping jsonb, place text DEFAULT 'the mapping', inherited jsonb DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	part      record;
	is_table  CONSTANT boolean := inherited IS NULL;
	-- keys that a mapping of a promise may have, and those that only the whole mapping may have
	arguments CONSTANT text[] := array(
			SELECT DISTINCT a
			FROM trust_ledger.tracked_events(), unnest(inherits) AS a
			ORDER BY a)
		|| CASE WHEN is_table THEN '{on_delete,source}'::text[] ELSE '{}' END;
	events    CONSTANT text[] := array(
		SELECT event FROM trust_ledger.tracked_events() WHERE event <> 'assessed');
	others    CONSTANT text[] := array(
			SELECT e || '_when' FROM unnest(events) AS e WHERE e <> 'amended')
		|| events
		|| 'events'::text
		|| CASE WHEN is_table THEN '{promises}'::text[] ELSE '{}' END;
	given     CONSTANT jsonb := coalesce(inherited, '{}') || mapping;
BEGIN
	PERFORM trust_ledger.check_mapped_arguments(place,
		CASE WHEN jsonb_typeof(mapping) = 'object' THEN mapping - others ELSE mapping END,
		arguments, others);
	FOR part IN
		SELECT e.event, e.takes,
			mapping -> e.event AS own,
			mapping -> (e.event || '_when') AS condition
		FROM trust_ledger.tracked_events() e
		WHERE e.event = ANY (events)
	LOOP
		IF part.condition IS NOT NULL THEN
			PERFORM trust_ledger.check_mapped_condition(
				format('%s, %s_when', place, part.event), part.condition, part.event <> 'made');
		END IF;
		IF part.own IS NOT NULL THEN
			PERFORM trust_ledger.check_mapped_arguments(
				format('%s, %s', place, part.event), part.own, part.takes);
			IF NOT (part.event = ANY ('{made,amended}')
				OR given ? (part.event || '_when')
				OR mapping ? 'promises'
				OR part.event = 'resumed' AND given ? 'paused_when')
			THEN
				RAISE EXCEPTION '% does not say when it is %', place, part.event
					USING ERRCODE = '22023',
					DETAIL = format('It has arguments for %s, but no %1$s_when.', part.event),
					HINT = format('Add the condition "%s_when", or remove "%1$s".', part.event);
			END IF;
		END IF;
	END LOOP;
	IF mapping ? 'events' THEN
		PERFORM trust_ledger.check_mapped_events(place, mapping -> 'events');
	END IF;
	IF mapping ? 'on_delete' AND mapping ->> 'on_delete' <> ALL ('{:noted,:withdrawn}') THEN
		RAISE EXCEPTION '%: on_delete cannot be %', place, mapping -> 'on_delete'
			USING ERRCODE = '22023',
			DETAIL = 'Deleting a row adds a note, or withdraws the promise.',
			HINT = 'Write ":noted" or ":withdrawn".';
	ELSIF mapping ? 'promises'
		AND (jsonb_typeof(mapping -> 'promises') <> 'object' OR mapping -> 'promises' = '{}')
	THEN
		RAISE EXCEPTION '%: promises is not an object with at least one promise', place
			USING ERRCODE = '22023',
			DETAIL = format('It is %s.', mapping -> 'promises'),
			HINT = 'Write {"delivery": {...}, "price": {...}}, or remove it.';
	ELSIF mapping ? 'promises' THEN
		FOR part IN SELECT key, value FROM jsonb_each(mapping -> 'promises') LOOP
			PERFORM trust_ledger.check_mapping(part.value,
				format('promise "%s"', part.key), mapping - 'promises');
		END LOOP;
	END IF;
END
$$;
COMMENT ON FUNCTION trust_ledger.check_mapping(jsonb, text, jsonb) IS
	'Raises 22023 or 42601 unless this is a mapping for track_table(): known keys, values of the '
	'right type, conditions that are one expression. Does not look at the table. place: name of '
	'this part in messages. inherited: the whole mapping, if this is the mapping of one promise.';

CREATE OR REPLACE FUNCTION trust_ledger.mapped_promises(mapping jsonb)
RETURNS TABLE (promise text, mapped jsonb)
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 1
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT '', mapping WHERE NOT mapping ? 'promises'
	UNION ALL
	-- a promise inherits an event's arguments one by one, and everything else as a whole
	SELECT p.key,
		(mapping - 'promises') || p.value || coalesce((
			SELECT jsonb_object_agg(o.key, (mapping -> o.key) || o.value)
			FROM jsonb_each(p.value) o
			WHERE jsonb_typeof(o.value) = 'object'
				AND jsonb_typeof(mapping -> o.key) = 'object'), '{}')
	FROM jsonb_each(mapping -> 'promises') p
	ORDER BY 1
$$;
COMMENT ON FUNCTION trust_ledger.mapped_promises(jsonb) IS
	'One row per promise that a row of the table makes: its name (empty if there is only one), and '
	'its mapping including what it inherits from the whole mapping.';

CREATE OR REPLACE FUNCTION trust_ledger.mapped_arguments(mapped jsonb, event text, own jsonb) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT array(
			SELECT 'verdict:' || e.event WHERE e.event = ANY ('{kept,partly_kept,broken}'))
		|| array(
			SELECT t.name || v.value
			FROM unnest(e.takes) WITH ORDINALITY AS t (name, n),
				LATERAL (
					SELECT coalesce(own ->> t.name,
						CASE
							WHEN t.name = ANY (e.inherits)
								-- on_error "note" is not allowed for event "made"
								AND NOT (e.event = 'made'
									AND t.name = 'on_error'
									AND mapped ->> t.name = ':note')
							THEN mapped ->> t.name
						END)) AS v (value)
			WHERE v.value IS NOT NULL
			ORDER BY t.n)
	FROM trust_ledger.tracked_events() e
	WHERE e.event = $2
$$;
COMMENT ON FUNCTION trust_ledger.mapped_arguments(jsonb, text, jsonb) IS
	'The arguments of an event''s trigger: own arguments of the event, and those that it inherits '
	'from the mapping of its promise.';

CREATE OR REPLACE FUNCTION trust_ledger.mapped_life(mapped jsonb)
RETURNS TABLE (nr bigint, event text, own jsonb, of_change text, new text, old text, columns text[])
LANGUAGE sql STABLE PARALLEL SAFE ROWS 10
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT l.nr, l.event, l.own,
		CASE
			WHEN c.is_change
			THEN format(CASE WHEN l.condition ~ '--' THEN E'(%s\n)' ELSE '(%s)' END, l.condition)
		END,
		CASE WHEN NOT c.is_change THEN trust_ledger.condition_for(l.condition, 'NEW') END,
		CASE WHEN NOT c.is_change THEN trust_ledger.condition_for(l.condition, 'OLD') END,
		trust_ledger.condition_columns(l.condition)
	FROM (
		-- a paused promise cannot be amended: what resumes it comes first
		SELECT CASE e.event WHEN 'resumed' THEN 0 ELSE e.nr END::bigint, e.event,
			mapped -> e.event, mapped ->> (e.event || '_when')
		FROM trust_ledger.tracked_events() e
		WHERE mapped ? (e.event || '_when')
		UNION ALL
		SELECT CASE value ->> 'event' WHEN 'resumed' THEN 0 ELSE 100 + n END, value ->> 'event',
			value - '{event,when}'::text[], value ->> 'when'
		FROM jsonb_array_elements(mapped -> 'events') WITH ORDINALITY AS e (value, n))
		AS l (nr, event, own, condition)
	CROSS JOIN LATERAL (SELECT trust_ledger.condition_is_change(l.condition)) AS c (is_change)
$$;
COMMENT ON FUNCTION trust_ledger.mapped_life(jsonb) IS
	'The events for which the mapping of one promise has conditions. of_change: the condition, if '
	'it is about a change; otherwise new and old: the condition over the new and the old row. own: '
	'arguments of the event. columns: those that the condition names.';

CREATE FUNCTION trust_ledger.mapped_triggers(mapped jsonb)
RETURNS TABLE (nr bigint, event text, fires text, condition text, arguments text[])
LANGUAGE sql STABLE PARALLEL SAFE ROWS 20
SET search_path = pg_catalog, pg_temp
AS $$
	WITH life AS (
		SELECT l.nr, l.event, l.own, l.of_change, l.new, l.old, l.columns,
			coalesce(l.own ->> 'backer', mapped ->> 'backer') AS backer
		FROM trust_ledger.mapped_life(mapped) l
	),
	-- when a row makes the promise; one row of NULLs if every row does
	made AS (
		SELECT l.new, l.old
		FROM (VALUES (1)) AS one
		LEFT JOIN life l ON l.event = 'made'
	),
	-- a pause that has no other event at its end
	end_of_pause AS (
		SELECT l.old || ' AND ' || l.new || ' IS NOT TRUE' AS condition
		FROM life l
		WHERE l.event = 'paused'
			AND l.nr < 100
			AND l.new IS NOT NULL
			AND NOT mapped ? 'resumed_when'
	),
	-- track() compares the columns; a condition that names them would hinder ALTER TABLE
	row AS (
		SELECT 'NEW.* OPERATOR(pg_catalog.*<>) OLD.*' AS changed
	)
	SELECT row_number() OVER (ORDER BY t.nr, t.part), t.event, t.fires, t.condition,
		trust_ledger.mapped_arguments(mapped, t.event, t.own)
	FROM (
		SELECT 1 AS nr, 1 AS part, 'made' AS event, mapped -> 'made' AS own,
			'AFTER INSERT' AS fires, made.new AS condition
		FROM made
		UNION ALL
		SELECT 1, 2, 'made', mapped -> 'made',
			'AFTER UPDATE', made.new || ' AND ' || made.old || ' IS NOT TRUE'
		FROM made
		WHERE made.new IS NOT NULL
		UNION ALL
		SELECT 3, 1, 'amended', mapped -> 'amended',
			'AFTER UPDATE', concat_ws(' AND ', made.new, made.old, row.changed)
		FROM made, row
		UNION ALL
		-- a row that no longer makes a promise may still stand for one
		SELECT 3, 2, 'noted',
			'{"changed": ":key", "reason": ":The primary key of the row changed."}',
			'AFTER UPDATE', made.new || ' IS NOT TRUE AND ' || row.changed
		FROM made, row
		WHERE made.new IS NOT NULL
		UNION ALL
		-- leave out events that cannot happen when a row is inserted
		SELECT l.nr, 1, l.event, l.own,
			'AFTER INSERT', concat_ws(' AND ', l.new, made.new)
		FROM life l, made
		WHERE l.event <> 'made'
			AND l.new IS NOT NULL
			AND l.event <> ALL ('{amended,declined,backing_withdrawn,resumed}')
			AND (l.event <> 'backed' OR l.backer IS NOT NULL)
		UNION ALL
		SELECT l.nr, 2, l.event, l.own,
			'AFTER UPDATE' || CASE
				WHEN l.event = 'backed' THEN coalesce((
					SELECT ' OF ' || string_agg(quote_ident(name), ', ' ORDER BY n)
					FROM unnest(l.columns) WITH ORDINALITY AS c (name, n)), '')
				ELSE ''
			END,
			coalesce(l.of_change, l.new || ' AND ' || l.old || ' IS NOT TRUE')
		FROM life l
		WHERE l.event <> 'made'
		UNION ALL
		-- another backer is another backing
		SELECT l.nr, 3, l.event, l.own,
			'AFTER UPDATE', concat_ws(' AND ', l.new, l.old, row.changed)
		FROM life l, row
		WHERE l.event = 'backed' AND l.new IS NOT NULL AND l.backer IS NOT NULL
		UNION ALL
		SELECT 0, 3, 'resumed', mapped -> 'resumed', 'AFTER UPDATE', e.condition
		FROM end_of_pause e
		UNION ALL
		-- the ledger refused what changed during the pause
		SELECT 0, 4, 'amended', coalesce(mapped -> 'amended', '{}') || '{"changed": ":refused"}',
			'AFTER UPDATE', concat_ws(' AND ', made.new, r.condition)
		FROM made, (
			SELECT e.condition FROM end_of_pause e
			UNION ALL
			SELECT coalesce(l.of_change, l.new || ' AND ' || l.old || ' IS NOT TRUE')
			FROM life l
			WHERE l.event = 'resumed') AS r
		WHERE coalesce(mapped -> 'amended' ->> 'on_error', mapped ->> 'on_error') = ':note') AS t
	ORDER BY 1
$$;
COMMENT ON FUNCTION trust_ledger.mapped_triggers(jsonb) IS
	'The triggers of one promise, in the order in which they fire: when, with which condition, and '
	'with which arguments except source and promise.';

CREATE OR REPLACE FUNCTION trust_ledger.mapped_deletion(mapped jsonb)
RETURNS TABLE (event text, arguments text[])
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 1
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT substr(coalesce(mapped ->> 'on_delete', ':noted'), 2),
		array(
			SELECT a || (mapped ->> a)
			FROM unnest('{actor,on_error,write,on_delete}'::text[]) AS a
			WHERE mapped ? a)
$$;
COMMENT ON FUNCTION trust_ledger.mapped_deletion(jsonb) IS
	'What happens to one promise when its row is deleted: the event, and the arguments of its '
	'trigger except source and promise.';

CREATE FUNCTION trust_ledger.key_columns(tab regclass) RETURNS text[]
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT array(
		SELECT a.attname::text
		FROM pg_index i, unnest(i.indkey::smallint[]) WITH ORDINALITY AS k (attnum, n)
		JOIN pg_attribute a ON a.attrelid = tab AND a.attnum = k.attnum
		WHERE i.indrelid = tab AND i.indisprimary AND k.n <= i.indnkeyatts
		ORDER BY k.n)
$$;
COMMENT ON FUNCTION trust_ledger.key_columns(regclass) IS
	'The columns of the primary key of a table, in the order of the key. Empty if it has none.';

CREATE OR REPLACE FUNCTION trust_ledger.tracking_statements(tab regclass, mapping jsonb, source text)
RETURNS TABLE (nr bigint, statement text)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 30
SET search_path = pg_catalog, pg_temp SET quote_all_identifiers = off
AS $$
	WITH of_table AS (
		SELECT format('%I.%I', n.nspname, c.relname) AS name,
			trust_ledger.key_columns(tab) AS key_columns
		FROM pg_class c
		JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE c.oid = tab
	),
	wanted AS (
		SELECT 1 AS part, p.promise, t.nr, t.event, e.records,
			t.fires || ' ON ' || o.name || ' FOR EACH ROW' AS fires, t.condition, t.arguments
		FROM of_table o,
			trust_ledger.mapped_promises(mapping) p,
			trust_ledger.mapped_triggers(p.mapped) t
			JOIN trust_ledger.tracked_events() e ON e.event = t.event
		UNION ALL
		SELECT 2, p.promise, 1, 'deleted', d.event,
			'AFTER DELETE ON ' || o.name || ' FOR EACH ROW', NULL, d.arguments
		FROM of_table o,
			trust_ledger.mapped_promises(mapping) p,
			trust_ledger.mapped_deletion(p.mapped) d
		UNION ALL
		SELECT 3, '', 1, 'truncated', 'noted',
			'BEFORE TRUNCATE ON ' || o.name || ' FOR EACH STATEMENT', NULL, '{}'
		FROM of_table o
	)
	SELECT row_number() OVER w,
		format('CREATE TRIGGER trust_ledger_%s_%s %s%s EXECUTE FUNCTION trust_ledger.track(%s)',
			lpad((row_number() OVER w)::text, 3, '0'), wanted.event, wanted.fires,
			' WHEN (' || wanted.condition || ')',
			(SELECT string_agg(quote_literal(a), ', ' ORDER BY n)
			 FROM unnest(
					ARRAY[wanted.records, 'source:' || source]
					|| array(
						SELECT 'key=' || k.name
						FROM of_table o, unnest(o.key_columns) WITH ORDINALITY AS k (name, n)
						WHERE wanted.event <> 'truncated'
						ORDER BY k.n)
					|| array(SELECT 'promise:' || wanted.promise WHERE wanted.promise <> '')
					|| wanted.arguments) WITH ORDINALITY AS a (a, n)))
	FROM wanted
	WINDOW w AS (ORDER BY wanted.part, wanted.promise COLLATE "C", wanted.nr)
	ORDER BY 1
$$;
COMMENT ON FUNCTION trust_ledger.tracking_statements(regclass, jsonb, text) IS
	'The CREATE TRIGGER statements by which track_table() implements a mapping that '
	'check_mapping() has accepted.';

CREATE FUNCTION trust_ledger.statements_to_track(tab regclass, mapping jsonb) RETURNS text[]
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	statements CONSTANT text[] := array(
		SELECT s.statement
		FROM trust_ledger.tracking_statements(tab, mapping,
			trust_ledger.source_to_track(tab, substr(mapping ->> 'source', 2))) s
		ORDER BY s.nr);
BEGIN
	IF cardinality(statements) > 999 THEN
		RAISE EXCEPTION 'mapping needs too many triggers: %', cardinality(statements)
			USING ERRCODE = '54000',
			DETAIL = 'Their names are numbered, up to 999.',
			HINT = 'Make fewer promises from one row.';
	END IF;
	RETURN statements;
END
$$;
COMMENT ON FUNCTION trust_ledger.statements_to_track(regclass, jsonb) IS
	'The statements that create the triggers of a mapping of the table, in their order. Errors: '
	'42710 (source), 54000 (more than 999 triggers).';
COMMENT ON FUNCTION trust_ledger.trigger_arguments(bytea) IS
	'The arguments of a trigger, from pg_trigger.tgargs.';
COMMENT ON FUNCTION trust_ledger.trigger_definition(oid) IS
	'pg_get_triggerdef(), independent of the caller''s settings.';

CREATE FUNCTION trust_ledger.trigger_fingerprints(trigger oid) RETURNS text[]
LANGUAGE sql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT CASE
		WHEN NOT a.has_lost_column
		THEN array(
			SELECT encode(sha256(convert_to(jsonb_build_array(
				t.tgtype, t.tgattr::text, c.condition, a.arguments)::text, 'UTF8')), 'hex')
			FROM unnest(ARRAY[
				-- where a column stood in the statement, and the length that its type allows
				regexp_replace(q.condition, ':(location|vartypmod) -?\d+', ':\1 -1', 'g'),
				-- as 0.2.0 and earlier recorded it
				q.condition]) WITH ORDINALITY AS c (condition, n)
			ORDER BY c.n)
	END
	FROM pg_trigger t
	JOIN pg_class r ON r.oid = t.tgrelid
	-- the OID of the row type is another one after a restore
	CROSS JOIN LATERAL (
		SELECT replace(t.tgqual::text, format(':vartype %s ', r.reltype), ':vartype row ')) AS q
		(condition)
	CROSS JOIN LATERAL (
		SELECT array_agg(coalesce(a.name || '=' || c.attnum, a.argument) ORDER BY a.n),
			coalesce(bool_or(a.name IS NOT NULL AND c.attnum IS NULL), false)
		FROM (
			SELECT argument, n, substring(argument FROM '^([a-z_]+)=') AS name
			FROM unnest(trust_ledger.trigger_arguments(t.tgargs))
				WITH ORDINALITY AS u (argument, n)) AS a
		LEFT JOIN pg_attribute c
			ON c.attrelid = t.tgrelid
			AND c.attname = substr(a.argument, length(a.name) + 2)
			AND c.attnum > 0
			AND NOT c.attisdropped) AS a (arguments, has_lost_column)
	WHERE t.oid = trigger
$$;
COMMENT ON FUNCTION trust_ledger.trigger_fingerprints(oid) IS
	'The fingerprint of a trigger, as trigger_fingerprint() returns it and as earlier versions '
	'recorded it. NULL if an argument names a column that does not exist.';

CREATE OR REPLACE FUNCTION trust_ledger.trigger_fingerprint(trigger oid) RETURNS text
LANGUAGE sql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT (trust_ledger.trigger_fingerprints(trigger))[1]
$$;
COMMENT ON FUNCTION trust_ledger.trigger_fingerprint(oid) IS
	'SHA-256 in hex of when a trigger of track() fires, its condition and its arguments, with '
	'columns by number: renaming a column does not change it, nor does another length or precision '
	'of its type. NULL if an argument names a column that does not exist.';

CREATE OR REPLACE FUNCTION trust_ledger.track_triggers()
RETURNS TABLE (
	trigger oid, tab oid, tab_name text, name text, arguments text[], source text,
	generated boolean)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 20
SET search_path = pg_catalog, pg_temp SET quote_all_identifiers = off
AS $$
	SELECT t.oid, t.tgrelid, o.name, t.tgname::text, a.arguments,
		coalesce((
			SELECT substr(argument, 8)
			FROM unnest(a.arguments[2:]) AS argument
			WHERE starts_with(argument, 'source:')
			LIMIT 1), o.name),
		t.tgname ~ '^trust_ledger_\d{3}_' AND NOT trust_ledger.is_suspension(t.oid)
	FROM pg_trigger t
	JOIN pg_class c ON c.oid = t.tgrelid
	JOIN pg_namespace n ON n.oid = c.relnamespace
	CROSS JOIN LATERAL (SELECT format('%I.%I', n.nspname, c.relname)) AS o (name)
	CROSS JOIN LATERAL (SELECT trust_ledger.trigger_arguments(t.tgargs)) AS a (arguments)
	WHERE t.tgfoid IN (
			'trust_ledger.track()'::regprocedure,
			'trust_ledger.refuse_while_suspended()'::regprocedure)
		AND t.tgparentid = 0
		AND NOT t.tgisinternal
$$;
COMMENT ON FUNCTION trust_ledger.track_triggers() IS
	'The triggers that call track(), except the clones on partitions: table, arguments, source, '
	'and whether track_table() created them, by their names. Also those of suspend_tracking(), '
	'which stand for them; see is_suspension().';

CREATE OR REPLACE FUNCTION trust_ledger.table_of_source(source text, tab text) RETURNS oid
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT coalesce(
		(SELECT t.tab
		 FROM trust_ledger.track_triggers() t
		 WHERE t.source = table_of_source.source
		 ORDER BY t.tab_name = table_of_source.tab DESC, t.generated DESC, t.tab
		 LIMIT 1),
		(SELECT c.oid
		 FROM pg_class c
		 JOIN pg_namespace n ON n.oid = c.relnamespace
		 WHERE ARRAY[n.nspname, c.relname]::text[] = parse_ident(table_of_source.tab)))
$$;
COMMENT ON FUNCTION trust_ledger.table_of_source(text, text) IS
	'The table whose triggers name the source; otherwise the table with the name tab. NULL if '
	'there is none.';

CREATE FUNCTION trust_ledger.key_has_changed(trigger oid) RETURNS boolean
LANGUAGE sql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT k.tracked <> '{}' AND k.tracked <> trust_ledger.key_columns(t.tgrelid)
	FROM pg_trigger t
	CROSS JOIN LATERAL (
		SELECT array(
			SELECT substr(a.argument, 5)
			FROM unnest(trust_ledger.trigger_arguments(t.tgargs))
				WITH ORDINALITY AS a (argument, n)
			WHERE starts_with(a.argument, 'key=')
			ORDER BY a.n)) AS k (tracked)
	WHERE t.oid = trigger
$$;
COMMENT ON FUNCTION trust_ledger.key_has_changed(oid) IS
	'Whether the table has another primary key than the one that arguments key= of the trigger '
	'name.';

CREATE OR REPLACE FUNCTION trust_ledger.tracked_state(trigger oid, definition text, fingerprint text)
RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
	WITH RECURSIVE copy AS (
		SELECT t.oid, t.tgenabled, t.tgfoid
		FROM pg_trigger t
		WHERE t.oid = trigger
		UNION ALL
		SELECT t.oid, t.tgenabled, t.tgfoid
		FROM copy
		JOIN pg_trigger t ON t.tgparentid = copy.oid
	)
	SELECT CASE
		WHEN count(*) = 0 THEN 'missing'
		WHEN bool_or(tgenabled IN ('D', 'R') OR tgfoid <> 'trust_ledger.track()'::regprocedure)
		THEN 'disabled'
		WHEN definition IS NULL THEN 'by hand'
		WHEN trust_ledger.trigger_fingerprint(trigger) IS NULL
			OR trust_ledger.key_has_changed(trigger)
		THEN 'altered'
		WHEN trust_ledger.trigger_definition(trigger) = definition
			OR fingerprint = ANY (trust_ledger.trigger_fingerprints(trigger))
		THEN 'in force'
		ELSE 'altered'
	END
	FROM copy
$$;
COMMENT ON FUNCTION trust_ledger.tracked_state(oid, text, text) IS
	'State of a trigger compared with its recorded definition and fingerprint: in force, altered, '
	'disabled, missing; by hand if it was not recorded.';

CREATE FUNCTION trust_ledger.untracked_children(tab oid) RETURNS SETOF text
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1
SET search_path = pg_catalog, pg_temp SET quote_all_identifiers = off
AS $$
	WITH RECURSIVE child AS (
		SELECT i.inhrelid
		FROM pg_inherits i
		WHERE i.inhparent = tab
		UNION
		SELECT i.inhrelid
		FROM child
		JOIN pg_inherits i ON i.inhparent = child.inhrelid
	)
	SELECT format('%I.%I', n.nspname, c.relname)
	FROM child
	JOIN pg_class c ON c.oid = child.inhrelid
	JOIN pg_namespace n ON n.oid = c.relnamespace
	WHERE NOT c.relispartition
		AND NOT EXISTS (
			SELECT FROM pg_trigger t
			WHERE t.tgrelid = c.oid
				AND t.tgfoid IN (
					'trust_ledger.track()'::regprocedure,
					'trust_ledger.refuse_while_suspended()'::regprocedure))
	ORDER BY 1
$$;
COMMENT ON FUNCTION trust_ledger.untracked_children(oid) IS
	'The tables that inherit from the table, directly or not, without being its partitions, and '
	'have no trigger that calls track() or suspends tracking. Changing them through the table '
	'fires none of its triggers.';

CREATE FUNCTION trust_ledger.tracked_bypass(trigger oid, is_copy boolean) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT string_agg(b.bypass, '; ' ORDER BY b.nr, b.bypass)
	FROM pg_trigger t
	CROSS JOIN LATERAL (
		SELECT 1, format('table %s inherits from it and is not tracked', c)
		FROM trust_ledger.untracked_children(t.tgrelid) AS c
		UNION
		SELECT 2, format('subscription %s writes to it', s.subname)
		FROM (
			SELECT t.tgrelid AS relid
			UNION
			SELECT p.relid FROM pg_partition_tree(t.tgrelid) AS p
			UNION
			SELECT a.relid FROM pg_partition_ancestors(t.tgrelid) AS a) AS place
			JOIN pg_subscription_rel r ON r.srrelid = place.relid
			JOIN pg_subscription s ON s.oid = r.srsubid
		WHERE NOT is_copy
		UNION
		SELECT 3, format('sessions%s begin with session_replication_role = replica',
			' of role ' || nullif(r.setrole, 0)::regrole)
		FROM pg_db_role_setting r
		CROSS JOIN LATERAL unnest(r.setconfig) AS setting
		WHERE (r.setdatabase = 0 OR r.setdatabase = (
				SELECT d.oid FROM pg_database d WHERE d.datname = current_database()))
			AND lower(setting) = 'session_replication_role=replica'
			AND t.tgenabled <> 'A'
		UNION
		SELECT 4, 'event trigger trust_ledger_follow, which follows renamed columns, is disabled'
		WHERE NOT EXISTS (
			SELECT FROM pg_event_trigger e
			WHERE e.evtname = 'trust_ledger_follow'
				AND e.evtenabled IN ('O', 'A')
				AND e.evtfoid = 'trust_ledger.follow_tables()'::regprocedure)
	) AS b (nr, bypass)
	WHERE t.oid = trigger
$$;
COMMENT ON FUNCTION trust_ledger.tracked_bypass(oid, boolean) IS
	'What the trigger does not see or follow although it fires, in words: tables that inherit from '
	'its table, subscriptions, roles whose sessions begin as replicas, renamed columns. NULL for '
	'nothing. is_copy: the ledger is a copy, and subscriptions bring its entries as well.';

CREATE FUNCTION trust_ledger.tracked_views(OUT name text, OUT definition text)
RETURNS SETOF record
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	name := 'tracked';
	definition := $view$
	WITH recorded AS (
		SELECT t.source, t.tab, t.seq, t.relid, r.name, r.arguments, r.definition, r.fingerprint
		FROM (
			-- OFFSET 0: once per table, and below once per trigger
			SELECT a.source, a.tab, a.seq, a.triggers,
				trust_ledger.table_of_source(a.source, a.tab) AS relid
			FROM trust.tracking a
			WHERE a.active AND (SELECT trust_ledger.require_reader())
			OFFSET 0) AS t,
			LATERAL jsonb_to_recordset(t.triggers)
				AS r (name text, arguments text[], definition text, fingerprint text)),
	present AS (
		SELECT r.relid, r.source, r.tab AS recorded_tab, n.nspname, c.relname, r.name, t.oid, r.seq,
			r.definition, r.fingerprint,
			coalesce(trust_ledger.trigger_arguments(t.tgargs), r.arguments) AS arguments
		FROM recorded r
		LEFT JOIN pg_class c ON c.oid = r.relid
		LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
		LEFT JOIN pg_trigger t
			ON t.tgrelid = r.relid AND t.tgname = r.name AND NOT t.tgisinternal
		UNION ALL
		SELECT t.tab, t.source, t.tab_name, NULL, NULL, t.name, t.trigger, NULL, NULL, NULL,
			t.arguments
		FROM trust_ledger.track_triggers() t
		WHERE (SELECT trust_ledger.require_reader())
			AND NOT trust_ledger.is_suspension(t.trigger)
			AND NOT EXISTS (
				SELECT FROM recorded r WHERE r.relid = t.tab AND r.name = t.name))
	SELECT p.source,
		CASE
			WHEN p.nspname IS NULL THEN p.recorded_tab
			ELSE format('%I.%I', p.nspname, p.relname)
		END AS tab,
		p.name AS trigger,
		p.arguments[1] AS event,
		(SELECT substr(a, 9)
		 FROM unnest(p.arguments[2:]) AS a
		 WHERE starts_with(a, 'promise:')
		 LIMIT 1) AS promise,
		p.arguments[2:] AS arguments,
		coalesce(trust_ledger.trigger_definition(p.oid), p.definition) AS definition,
		CASE
			WHEN p.seq IS NOT NULL AND trust_ledger.is_suspended(p.relid) THEN 'suspended'
			WHEN s.state = 'in force' AND b.bypass IS NOT NULL THEN 'bypassed'
			ELSE s.state
		END AS state,
		p.seq AS recorded_seq,
		b.bypass
	FROM present p
	CROSS JOIN LATERAL (
		SELECT trust_ledger.tracked_state(p.oid, p.definition, p.fingerprint) OFFSET 0)
			AS s (state)
	CROSS JOIN LATERAL (
		SELECT trust_ledger.tracked_bypass(p.oid, EXISTS (SELECT FROM trust.copy))) AS b (bypass)
	ORDER BY 1, 2, 3
	$view$;
	RETURN NEXT;
END
$$;
COMMENT ON FUNCTION trust_ledger.tracked_views() IS
	'Name and query of view trust.tracked. Called by ledger_views().';

CREATE FUNCTION trust_ledger.comment_on_tracked_views() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	COMMENT ON VIEW trust.tracked IS
		'The triggers that track tables: those that track_table() recorded, with their present '
		'state, and those created by hand.';
	PERFORM trust_ledger.comment_on_columns('trust.tracked', ARRAY[
		['source', 'Name of the table in the ledger. Renaming the table does not change it.'],
		['tab', 'The table as schema.table; if it does not exist any more, its recorded name.'],
		['trigger', 'Name of the trigger.'],
		['event', 'The event that it records.'],
		['promise', 'Which promise of a row it is about. NULL if a row makes only one.'],
		['arguments', 'Its arguments except the event: name=column or name:text.'],
		['definition', 'Current definition; if the trigger is missing, the recorded one.'],
		['state', 'in force: as recorded, except for names. bypassed: the same, but column bypass '
			'says what it does not see or follow. disabled: it does not fire, does not fire on '
			'every partition, or calls another function. missing: it was recorded but does not '
			'exist. altered: it is not as recorded. by hand: it exists but was not recorded. '
			'suspended: this transaction has called suspend_tracking() and not resume_tracking().'],
		['recorded_seq', 'The governance entry that recorded it. NULL if none did.'],
		['bypass', 'What the trigger does not see or follow although it fires: rows of tables '
			'that inherit from the table and are not tracked; rows that a subscription brings, '
			'except in a copy, which receives the entries as well; changes in sessions that begin '
			'with session_replication_role = replica; renamed columns, while the event trigger '
			'trust_ledger_follow is disabled. NULL for nothing.']]);
END
$$;
COMMENT ON FUNCTION trust_ledger.comment_on_tracked_views() IS
	'Comments on view trust.tracked. Called by create_views().';

CREATE FUNCTION trust_ledger.read_former_keys(tab regclass, former_key text[])
RETURNS TABLE (former text, key text)
AS 'MODULE_PATHNAME' LANGUAGE C STRICT
SET search_path = pg_catalog, pg_temp SET quote_all_identifiers = off;
COMMENT ON FUNCTION trust_ledger.read_former_keys(regclass, text[]) IS
	'The former and the present primary key of each row of a tracked table, as in trust.source. '
	'former_key: the columns that have the former key; rows with a NULL there are left out. '
	'Requires ownership of the table. Errors: 42703 (no such column), 42804 (type of a column), '
	'22023 (number of columns), 55000 (not tracked by a mapping), 42501 (not the owner, or the '
	'owner of the table cannot read all rows).';

CREATE FUNCTION trust_ledger.carry_over(tab regclass, former_key text[], actor text)
RETURNS bigint
AS 'MODULE_PATHNAME' LANGUAGE C
SET search_path = pg_catalog, pg_temp SET IntervalStyle = 'iso_8601';
COMMENT ON FUNCTION trust_ledger.carry_over(regclass, text[], text) IS
	'Adds a note with the present primary key of its row to each promise of a tracked table whose '
	'row has another key in the columns former_key, and returns how many. Locks the table against '
	'changes. Called by follow_former_key(). Requires ownership of the table, and level '
	'application or admin. Errors: 55000 (no row has the key of a promise), 23505 (several rows '
	'have it), 25001 (the transaction is REPEATABLE READ or SERIALIZABLE), TL004, those of '
	'read_former_keys() and add_note().';

CREATE FUNCTION trust_ledger.recorded_arguments(source text) RETURNS text[]
AS 'MODULE_PATHNAME' LANGUAGE C STRICT
SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION trust_ledger.recorded_arguments(text) IS
	'The arguments of the first trigger that track_table() recorded for the source, also if it is '
	'no longer tracked; NULL if it never was. Requires level application or admin. Errors: TL004.';

CREATE FUNCTION trust_ledger.tracked_key(tab regclass, source text) RETURNS text[]
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT nullif(array(
		SELECT substr(a.argument, length('key=') + 1)
		FROM unnest(coalesce(
			(SELECT t.arguments
			 FROM trust_ledger.track_triggers() t
			 WHERE t.tab = tracked_key.tab
				AND (t.generated OR trust_ledger.is_suspension(t.trigger))
			 ORDER BY t.name
			 LIMIT 1),
			trust_ledger.recorded_arguments(source))) WITH ORDINALITY AS a (argument, n)
		WHERE starts_with(a.argument, 'key=')
		ORDER BY a.n), '{}')
$$;
COMMENT ON FUNCTION trust_ledger.tracked_key(regclass, text) IS
	'The columns of the primary key that a table had when it was tracked as the source: by their '
	'present names if it has the triggers of track_table(), otherwise as recorded. NULL if it was '
	'not tracked, or before version 0.3.0.';

CREATE FUNCTION trust_ledger.check_same_key(tab regclass, source text, former_key text[])
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	tracked CONSTANT text[] := trust_ledger.tracked_key(tab, source);
BEGIN
	IF former_key IS NULL AND tracked <> trust_ledger.key_columns(tab) THEN
		-- promises that the rows made in this transaction have the former key, too
		PERFORM trust_ledger.write_pending();
		IF NOT EXISTS (
			SELECT FROM trust.tracked_row r
			WHERE r.source = check_same_key.source AND NOT r.gone)
		THEN
			RETURN;
		END IF;
		RAISE EXCEPTION 'primary key of tracked table % has changed', tab
			USING ERRCODE = '55000',
			DETAIL = 'The promises of its rows are recorded with the former key.',
			HINT = format('If columns of the table still have the former key of each row, add '
				'argument former_key => %L. Otherwise restore the former primary key, or track '
				'the table as another source: the promises then stay as they are.', tracked);
	ELSIF cardinality(former_key) <> cardinality(tracked) THEN
		RAISE EXCEPTION 'former_key must have as many columns as the former primary key'
			USING ERRCODE = '22023',
			DETAIL = format('It has %s, and the former primary key had %s.',
				cardinality(former_key), cardinality(tracked)),
			HINT = format('When the table was tracked, its primary key was %s.', tracked);
	END IF;
END
$$;
COMMENT ON FUNCTION trust_ledger.check_same_key(regclass, text, text[]) IS
	'Raises an error unless promises of the rows of a table, tracked as the source, can be found '
	'by its primary key: 55000 if it has another primary key than when it was tracked, rows of it '
	'stand for promises, and former_key does not say which columns have their former keys; 22023 '
	'if former_key has another number of columns. Writes pending changes if the key is another '
	'one. Called by track_table() and resume_tracking().';

CREATE FUNCTION trust_ledger.follow_former_key(tab regclass, former_key text[], actor text)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF former_key IS NULL THEN
		RETURN;
	END IF;
	PERFORM trust_ledger.write_pending();
	PERFORM trust_ledger.carry_over(tab, former_key, actor);
END
$$;
COMMENT ON FUNCTION trust_ledger.follow_former_key(regclass, text[], text) IS
	'Carries the promises of the rows of a table over to its present primary key, unless '
	'former_key is NULL. Writes pending changes first. Called by track_table() and '
	'resume_tracking(). Errors: those of carry_over() and write_pending().';

CREATE FUNCTION trust_ledger.create_tracking_table() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	CREATE TABLE trust.tracking (
		source   text COLLATE "C" PRIMARY KEY,
		tab      text COLLATE "C" NOT NULL,
		mapping  jsonb NOT NULL,
		triggers jsonb NOT NULL,
		active   boolean NOT NULL,
		seq      bigint NOT NULL
	);
END
$$;
COMMENT ON FUNCTION trust_ledger.create_tracking_table() IS
	'Creates table trust.tracking. Called by create_tables().';

CREATE FUNCTION trust_ledger.comment_on_tracking_table() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	COMMENT ON TABLE trust.tracking IS
		'Tracked tables. Changed by track_table() and untrack_table(). View trust.tracked shows '
		'the present state of their triggers.';
	PERFORM trust_ledger.comment_on_columns('trust.tracking', ARRAY[
		['source', 'Name of the table in the ledger. Renaming the table does not change it.'],
		['tab', 'Name of the table when this was recorded, as schema.table.'],
		['mapping', 'The mapping given to track_table().'],
		['triggers', 'The triggers that it created: name, arguments, definition, and a fingerprint '
			'that renaming a column does not change.'],
		['active', 'False after untrack_table().'],
		['seq', 'The governance entry that last changed the row.']]);
END
$$;
COMMENT ON FUNCTION trust_ledger.comment_on_tracking_table() IS
	'Comments on table trust.tracking. Called by comment_on_tables().';
COMMENT ON FUNCTION trust_ledger.set_tracking(
	regclass, jsonb, text, text, timestamptz, jsonb, text) IS
	'Records that a table is tracked, with the present definition of the triggers that '
	'track_table() created. Called by track_table(). Requires ownership of the table, and level '
	'application or admin. Errors: TL004, 42501 (not the owner), 55000 (no such triggers).';
COMMENT ON FUNCTION trust_ledger.drop_tracking(text, text, text, timestamptz, jsonb, text) IS
	'Records that a source is no longer tracked. Called by untrack_table(); call it yourself if '
	'the table has been dropped. Requires ownership of the table, and level application or admin; '
	'level admin if the table has been dropped. Errors: TL004, 42501 (not the owner), 42704 (no '
	'such source).';

CREATE OR REPLACE FUNCTION trust_ledger.check_trackable(tab regclass) RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	of    record;
	child text;
BEGIN
	SELECT c.relkind, c.relpersistence, c.relispartition,
		c.relnamespace::regnamespace::text AS schema,
		pg_get_userbyid(c.relowner) AS owner,
		pg_has_role(c.relowner, 'USAGE') AS is_owner
	INTO of
	FROM pg_class c
	WHERE c.oid = tab;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'table does not exist'
			USING ERRCODE = '42P01',
			DETAIL = format('There is no relation with OID %s.', coalesce(tab::oid::text, 'NULL')),
			HINT = 'Give the name of a table, e.g. ''crm.deal''.';
	ELSIF of.relkind = ANY ('{v,m}') THEN
		RAISE EXCEPTION 'cannot track view %', tab
			USING ERRCODE = '42809',
			DETAIL = 'Its rows change without a trigger.',
			HINT = 'Track the tables that it reads.';
	ELSIF of.relkind <> ALL ('{r,p}') THEN
		RAISE EXCEPTION 'cannot track %, which is not a table of this database', tab
			USING ERRCODE = '42809',
			DETAIL = 'Its rows can change without a trigger.',
			HINT = 'Track the table in the database that stores it.';
	ELSIF of.schema = 'trust' THEN
		RAISE EXCEPTION 'cannot track %, which is a table of the ledger', tab
			USING ERRCODE = '42809',
			DETAIL = 'The ledger does not track itself.',
			HINT = 'Track a table of the application.';
	ELSIF of.relpersistence = 't' THEN
		RAISE EXCEPTION 'cannot track temporary table %', tab
			USING ERRCODE = '42809',
			DETAIL = 'It is dropped at the end of the session.',
			HINT = 'Track a permanent table.';
	ELSIF of.relispartition THEN
		RAISE EXCEPTION 'cannot track partition %', tab
			USING ERRCODE = '42809',
			DETAIL = 'Rows can move to another partition.',
			HINT = format('Track its parent, %s.',
				(SELECT i.inhparent::regclass FROM pg_inherits i WHERE i.inhrelid = tab));
	ELSIF NOT of.is_owner THEN
		RAISE EXCEPTION 'must be owner of table %', tab
			USING ERRCODE = '42501',
			DETAIL = format('"%s" does not own it.', CURRENT_USER),
			HINT = format('Call this as "%s".', of.owner);
	END IF;
	SELECT min(c) INTO child FROM trust_ledger.untracked_children(tab) AS c;
	IF child IS NOT NULL THEN
		RAISE EXCEPTION 'cannot track %, from which table % inherits', tab, child
			USING ERRCODE = '55000',
			DETAIL = 'A change of rows of the child table fires no trigger of the parent.',
			HINT = 'Track the child table first, as a table of its own, or use partitions instead '
				'of inheritance.';
	END IF;
END
$$;
COMMENT ON FUNCTION trust_ledger.check_trackable(regclass) IS
	'Raises an error unless the current user can track the table: 42P01 (it does not exist), 42809 '
	'(a view, another kind of relation, a table of the ledger, temporary, or a partition), 42501 '
	'(not the owner), 55000 (a table that inherits from it is not tracked). check_track() looks '
	'for a primary key.';

CREATE OR REPLACE FUNCTION trust_ledger.source_to_track(tab regclass, wanted text DEFAULT NULL) RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp SET quote_all_identifiers = off
AS $$
DECLARE
	has    CONSTANT text := (
		SELECT t.source
		FROM trust_ledger.track_triggers() t
		WHERE t.tab = source_to_track.tab
		ORDER BY t.generated DESC, t.name
		LIMIT 1);
	named  CONSTANT text := coalesce(wanted, has, (
		SELECT format('%I.%I', n.nspname, c.relname)
		FROM pg_class c
		JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE c.oid = source_to_track.tab));
	other  CONSTANT text := (
		SELECT t.tab_name
		FROM trust_ledger.track_triggers() t
		WHERE t.source = named AND t.tab <> source_to_track.tab
		LIMIT 1);
BEGIN
	IF named <> has THEN
		RAISE EXCEPTION 'table % is already tracked as source "%"', tab, has
			USING ERRCODE = '42710',
			DETAIL = format('The promises of its rows are recorded under that name, not under '
				'"%s".',
				named),
			HINT = 'Leave source out. To use another name, first run '
				'SELECT trust_ledger.untrack_table(...);';
	ELSIF other IS NOT NULL THEN
		RAISE EXCEPTION 'source "%" is already in use for table %', named, other
			USING ERRCODE = '42710',
			DETAIL = 'The ledger could not tell the rows of the two tables apart.',
			HINT = 'Give this table another source: "source": ":..."';
	END IF;
	RETURN named;
END
$$;
COMMENT ON FUNCTION trust_ledger.source_to_track(regclass, text) IS
	'The source under which the ledger will track the table: wanted, or the one that its triggers '
	'name, or schema.table. Error 42710: the table has another source, or another table has this '
	'one.';

CREATE OR REPLACE FUNCTION trust_ledger.drop_track_triggers(tab regclass) RETURNS integer
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	dropped integer := 0;
	drop_it text;
BEGIN
	FOR drop_it IN
		SELECT format('DROP TRIGGER %I ON %s', t.name, t.tab_name)
		FROM trust_ledger.track_triggers() t
		WHERE t.tab = drop_track_triggers.tab
			AND (t.generated OR trust_ledger.is_suspension(t.trigger))
	LOOP
		EXECUTE drop_it;
		dropped := dropped + 1;
	END LOOP;
	RETURN dropped;
END
$$;
COMMENT ON FUNCTION trust_ledger.drop_track_triggers(regclass) IS
	'Drops the triggers that track_table() or suspend_tracking() created, with the privileges of '
	'the caller, and returns their number. Called by track_table() and untrack_table(), which '
	'record it, and by suspend_tracking() and resume_tracking().';

CREATE FUNCTION trust_ledger.create_track_triggers(tab regclass, statements text[], path text)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp SET standard_conforming_strings = on
AS $$
DECLARE
	create_it text;
	again     text[];
BEGIN
	PERFORM trust_ledger.drop_track_triggers(tab);
	-- the path of the caller, whose conditions may use functions and operators in it
	PERFORM set_config('search_path', path, true);
	FOREACH create_it IN ARRAY statements LOOP
		EXECUTE create_it;
	END LOOP;
	-- qualified, since the caller's path is in force
	PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
	PERFORM trust_ledger.check_conditions(tab);
	-- Create them once more as a restore does, which can read a condition into another expression
	-- of the same meaning.
	again := array(
		SELECT trust_ledger.trigger_definition(t.trigger)
		FROM trust_ledger.track_triggers() t
		WHERE t.tab = create_track_triggers.tab AND t.generated);
	PERFORM trust_ledger.drop_track_triggers(tab);
	FOREACH create_it IN ARRAY again LOOP
		EXECUTE create_it;
	END LOOP;
END
$$;
COMMENT ON FUNCTION trust_ledger.create_track_triggers(regclass, text[], text) IS
	'Replaces the triggers of a table by those that the statements create, with the privileges of '
	'the caller. path: search_path for names in conditions. Called by track_table() and '
	'resume_tracking(). Error 0A000: check_conditions().';

CREATE FUNCTION trust_ledger.track_table(
	tab regclass, mapping jsonb, dry_run boolean DEFAULT false, reason text DEFAULT NULL,
	actor text DEFAULT NULL, path text DEFAULT pg_catalog.current_setting('search_path'),
	former_key text[] DEFAULT NULL)
RETURNS TABLE (statement text)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp SET standard_conforming_strings = on
AS $$
DECLARE
	statements text[];
BEGIN
	PERFORM trust_ledger.check_ledger();
	PERFORM trust_ledger.check_trackable(tab);
	PERFORM trust_ledger.check_mapping(mapping);
	-- so that nobody changes the triggers before they are replaced
	EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', tab);
	PERFORM trust_ledger.check_same_key(tab,
		trust_ledger.source_to_track(tab, substr(mapping ->> 'source', 2)), former_key);
	statements := trust_ledger.statements_to_track(tab, mapping);
	BEGIN
		PERFORM trust_ledger.create_track_triggers(tab, statements, path);
		PERFORM trust_ledger.set_tracking(tab, mapping, reason, actor);
		PERFORM trust_ledger.follow_former_key(tab, former_key, actor);
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
COMMENT ON FUNCTION trust_ledger.track_table(
	regclass, jsonb, boolean, text, text, text, text[]) IS
	'Tracks a table: creates triggers for the whole life of a promise from one mapping, replaces '
	'those of an earlier call, and returns the statements. dry_run: only checks and returns them. '
	'mapping: an object with arguments of track() as "=column" or ":text"; <event>_when, the '
	'condition for an event, on the row ("status = ''sent''") or on a change ("NEW.owner <> '
	'OLD.owner"); <event>, an object with arguments of that event alone; events, an array of '
	'{"event", "when", arguments}; promises, an object of mappings, for several promises of one '
	'row; source; on_delete. path: search_path for names in conditions. former_key: if the table '
	'has another primary key than when it was tracked, columns that still have the former key of '
	'each row, in its order; their promises follow to the present key. Requires ownership of the '
	'table, and level application or admin. Errors: TL004, 22023 (mapping), 42601 (condition), '
	'42703 (column), 42P01, 42809, 55000 (table), 42501 (not its owner), 42710 (source), 54000 '
	'(more than 999 triggers), 0A000 (condition with an operator that a dump does not name), those '
	'of carry_over().';

CREATE OR REPLACE FUNCTION trust_ledger.untrack_table(
	tab regclass, reason text DEFAULT NULL, actor text DEFAULT NULL)
RETURNS integer
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp SET quote_all_identifiers = off
AS $$
BEGIN
	PERFORM trust_ledger.check_ledger();
	PERFORM trust_ledger.drop_tracking(s.source, untrack_table.reason, untrack_table.actor)
	FROM (
		SELECT DISTINCT r.source
		FROM trust.tracked r, pg_class c
		JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE c.oid = untrack_table.tab
			AND r.tab = format('%I.%I', n.nspname, c.relname)
			AND r.recorded_seq IS NOT NULL) AS s;
	RETURN trust_ledger.drop_track_triggers(tab);
END
$$;
COMMENT ON FUNCTION trust_ledger.untrack_table(regclass, text, text) IS
	'Stops tracking a table: drops the triggers that track_table() created, records that, and '
	'returns their number. Promises stay as they are. Requires ownership of the table, and level '
	'application or admin. Errors: TL004, 42501 (not the owner).';

CREATE FUNCTION trust_ledger.is_suspension(trigger oid) RETURNS boolean
LANGUAGE sql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT t.tgfoid = 'trust_ledger.refuse_while_suspended()'::regprocedure
	FROM pg_trigger t
	WHERE t.oid = trigger
$$;
COMMENT ON FUNCTION trust_ledger.is_suspension(oid) IS
	'Whether the trigger is one of suspend_tracking().';

CREATE FUNCTION trust_ledger.is_suspended(tab oid) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT EXISTS (
		SELECT FROM pg_trigger t
		WHERE t.tgrelid = tab AND t.tgfoid = 'trust_ledger.refuse_while_suspended()'::regprocedure)
$$;
COMMENT ON FUNCTION trust_ledger.is_suspended(oid) IS
	'Whether tracking of the table is suspended.';

CREATE FUNCTION trust_ledger.watch_suspended() RETURNS void
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.watch_suspended() IS
	'Makes COMMIT and PREPARE TRANSACTION fail with 55000 while this transaction has suspended the '
	'tracking of a table. Called by suspend_tracking().';

CREATE FUNCTION trust_ledger.recorded_tracking(tab regclass) RETURNS jsonb
AS 'MODULE_PATHNAME' LANGUAGE C STRICT
SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION trust_ledger.recorded_tracking(regclass) IS
	'What track_table() recorded of the table, as a row of trust.tracking. NULL if it is not '
	'tracked by a mapping. Requires ownership of the table, and level application or admin. '
	'Errors: TL004, 42501 (not the owner).';

CREATE FUNCTION trust_ledger.definition_columns(definition text) RETURNS text[]
AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION trust_ledger.definition_columns(text) IS
	'The columns in UPDATE OF and in the condition of a CREATE TRIGGER statement, as often as it '
	'names them and in that order. NULL if it is another statement.';

CREATE FUNCTION trust_ledger.columns_since_recorded(tab regclass, triggers jsonb)
RETURNS TABLE (recorded text, present text)
LANGUAGE sql STABLE ROWS 10
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT DISTINCT c.recorded, c.present
	FROM jsonb_to_recordset(triggers)
		AS r (name text, arguments text[], definition text, fingerprint text)
	JOIN trust_ledger.track_triggers() t
		ON t.tab = columns_since_recorded.tab
		AND t.name = r.name
		AND r.fingerprint = ANY (trust_ledger.trigger_fingerprints(t.trigger))
	CROSS JOIN LATERAL (
		SELECT substr(a.recorded, strpos(a.recorded, '=') + 1),
			substr(a.present, strpos(a.present, '=') + 1)
		FROM unnest(r.arguments, t.arguments) AS a (recorded, present)
		WHERE a.recorded ~ '^[a-z_]+=' AND a.present ~ '^[a-z_]+='
		UNION ALL
		SELECT d.recorded, d.present
		FROM unnest(
			trust_ledger.definition_columns(r.definition),
			trust_ledger.definition_columns(trust_ledger.trigger_definition(t.trigger)))
			AS d (recorded, present)
		WHERE d.recorded IS NOT NULL AND d.present IS NOT NULL) AS c (recorded, present)
$$;
COMMENT ON FUNCTION trust_ledger.columns_since_recorded(regclass, jsonb) IS
	'The columns that the triggers of a mapping name: as the record says, and as they are called '
	'now. triggers: as in trust.tracking.';

CREATE FUNCTION trust_ledger.trigger_states(tab regclass) RETURNS jsonb
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
	WITH RECURSIVE copy AS (
		SELECT t.name, p.oid, p.tgrelid, p.tgenabled
		FROM trust_ledger.track_triggers() t
		JOIN pg_trigger p ON p.oid = t.trigger
		WHERE t.tab = trigger_states.tab AND t.generated
		UNION ALL
		SELECT c.name, p.oid, p.tgrelid, p.tgenabled
		FROM copy c
		JOIN pg_trigger p ON p.tgparentid = c.oid
	)
	SELECT coalesce(jsonb_agg(jsonb_build_object('name', s.name, 'tab', s.tgrelid,
		'enabled', s.tgenabled, 'comment', s.comment)), '[]')
	FROM (
		SELECT c.name, c.tgrelid::text, c.tgenabled::text,
			obj_description(c.oid, 'pg_trigger') AS comment
		FROM copy c) AS s
	WHERE s.tgenabled <> 'O' OR s.comment IS NOT NULL
$$;
COMMENT ON FUNCTION trust_ledger.trigger_states(regclass) IS
	'What was changed of the triggers that track_table() created, on the table and its partitions: '
	'an array of name, tab (OID), enabled (as pg_trigger.tgenabled) and comment.';

CREATE FUNCTION trust_ledger.restore_trigger_states(tab regclass, states jsonb) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp SET quote_all_identifiers = off
AS $$
DECLARE
	s record;
BEGIN
	FOR s IN
		SELECT p.tgrelid::regclass AS tab, r.name, r.enabled, r.comment
		FROM jsonb_to_recordset(states) AS r (name text, tab oid, enabled text, comment text)
		JOIN pg_trigger p
			ON p.tgrelid = r.tab
			AND p.tgname = r.name
			AND p.tgfoid = 'trust_ledger.track()'::regprocedure
		WHERE r.tab = restore_trigger_states.tab
			OR r.tab IN (
				SELECT t.relid::oid FROM pg_partition_tree(restore_trigger_states.tab) AS t)
	LOOP
		EXECUTE format('ALTER TABLE ONLY %s %s TRIGGER %I', s.tab,
			CASE s.enabled
				WHEN 'D' THEN 'DISABLE'
				WHEN 'R' THEN 'ENABLE REPLICA'
				WHEN 'A' THEN 'ENABLE ALWAYS'
				ELSE 'ENABLE'
			END, s.name);
		IF s.comment IS NOT NULL THEN
			EXECUTE format('COMMENT ON TRIGGER %I ON %s IS %L', s.name, s.tab, s.comment);
		END IF;
	END LOOP;
END
$$;
COMMENT ON FUNCTION trust_ledger.restore_trigger_states(regclass, jsonb) IS
	'Makes the triggers that track_table() creates what trigger_states() returned. Leaves out '
	'triggers and partitions that do not exist any more.';

CREATE FUNCTION trust_ledger.suspension_arguments(tab regclass, recorded jsonb) RETURNS text[]
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT ARRAY['suspended', 'source:' || (recorded ->> 'source')]
		|| array(
			SELECT a.argument
			FROM (
				SELECT t.arguments
				FROM trust_ledger.track_triggers() t
				WHERE t.tab = suspension_arguments.tab AND t.generated
				ORDER BY t.name
				LIMIT 1) AS t
			CROSS JOIN LATERAL unnest(t.arguments) WITH ORDINALITY AS a (argument, n)
			WHERE starts_with(a.argument, 'key=')
			ORDER BY a.n)
		|| array(
			SELECT a.argument
			FROM trust_ledger.columns_since_recorded(tab, recorded -> 'triggers') AS c
			CROSS JOIN LATERAL (VALUES
				(1, 'recorded:' || c.recorded), (2, 'column=' || c.present)) AS a (n, argument)
			ORDER BY c.recorded COLLATE "C", a.n)
		|| ('states:' || trust_ledger.trigger_states(tab)::text)
$$;
COMMENT ON FUNCTION trust_ledger.suspension_arguments(regclass, jsonb) IS
	'The arguments of the triggers of suspend_tracking(). The event trigger trust_ledger_follow '
	'renames the columns in them. recorded: from recorded_tracking().';

CREATE FUNCTION trust_ledger.suspend_tracking(tab regclass) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp SET quote_all_identifiers = off
	SET standard_conforming_strings = on
AS $$
DECLARE
	recorded  jsonb;
	arguments text;
BEGIN
	PERFORM trust_ledger.check_ledger();
	PERFORM trust_ledger.check_trackable(tab);
	PERFORM trust_ledger.recorded_tracking(tab);
	-- before the triggers are read, and the lock that ALTER TABLE needs anyway
	EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', tab);
	recorded := trust_ledger.recorded_tracking(tab);
	IF trust_ledger.is_suspended(tab) THEN
		RAISE EXCEPTION 'tracking of table % is already suspended', tab
			USING ERRCODE = '55000',
			HINT = 'Change the table, and call trust_ledger.resume_tracking().';
	ELSIF recorded IS NULL THEN
		RAISE EXCEPTION 'table % is not tracked by a mapping', tab
			USING ERRCODE = '42704',
			DETAIL = 'Only triggers that track_table() has created can be suspended.',
			HINT = 'Drop triggers that you created by hand, and create them again.';
	END IF;
	arguments := (
		SELECT string_agg(quote_literal(a.argument), ', ' ORDER BY a.n)
		FROM unnest(trust_ledger.suspension_arguments(tab, recorded))
			WITH ORDINALITY AS a (argument, n));
	PERFORM trust_ledger.watch_suspended();
	PERFORM trust_ledger.drop_track_triggers(tab);
	EXECUTE format('CREATE TRIGGER trust_ledger_suspended '
		'AFTER INSERT OR UPDATE OR DELETE ON %s FOR EACH ROW '
		'EXECUTE FUNCTION trust_ledger.refuse_while_suspended(%s)', tab, arguments);
	EXECUTE format('CREATE TRIGGER trust_ledger_suspended_truncate '
		'BEFORE TRUNCATE ON %s FOR EACH STATEMENT '
		'EXECUTE FUNCTION trust_ledger.refuse_while_suspended(%s)', tab, arguments);
	-- also under session_replication_role = replica
	EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER trust_ledger_suspended, '
		'ENABLE ALWAYS TRIGGER trust_ledger_suspended_truncate', tab);
END
$$;
COMMENT ON FUNCTION trust_ledger.suspend_tracking(regclass) IS
	'Suspends the tracking of a table until resume_tracking(), which the same transaction must '
	'call, so that the transaction can change columns that conditions of the mapping name. Locks '
	'the table in ACCESS EXCLUSIVE mode. In between, changes of rows, TRUNCATE, COMMIT and PREPARE '
	'TRANSACTION fail with 55000. Changes that were made before stay pending. Triggers by hand '
	'stay. Requires ownership of the table, and level application or admin. Errors: TL004, 42P01, '
	'42809 (table), 42501 (not its owner), 42704 (not tracked by a mapping), 55006 (the table is '
	'in use), 55000 (already suspended).';

CREATE FUNCTION trust_ledger.condition_renamed(condition text, names text[], new_names text[])
RETURNS text
AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION trust_ledger.condition_renamed(text, text[], text[]) IS
	'The condition with new names of columns. Errors: those of condition_columns(), 42601 (a '
	'comment between NEW or OLD and the name of a column).';

CREATE FUNCTION trust_ledger.mapping_renamed(part jsonb, names text[], new_names text[])
RETURNS jsonb
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT CASE jsonb_typeof(part)
		WHEN 'object' THEN (
			SELECT coalesce(jsonb_object_agg(o.key, CASE
				WHEN o.key ~ '(^|_)when$' AND jsonb_typeof(o.value) = 'string'
				THEN to_jsonb(
					trust_ledger.condition_renamed(o.value #>> '{}', names, new_names))
				ELSE trust_ledger.mapping_renamed(o.value, names, new_names)
			END), '{}')
			FROM jsonb_each(part) AS o)
		WHEN 'array' THEN (
			SELECT coalesce(jsonb_agg(
				trust_ledger.mapping_renamed(a.value, names, new_names) ORDER BY a.n), '[]')
			FROM jsonb_array_elements(part) WITH ORDINALITY AS a (value, n))
		ELSE coalesce((
			SELECT to_jsonb('=' || r.new_name)
			FROM unnest(names, new_names) AS r (name, new_name)
			WHERE part #>> '{}' = '=' || r.name), part)
	END
$$;
COMMENT ON FUNCTION trust_ledger.mapping_renamed(jsonb, text[], text[]) IS
	'A mapping, or a part of one, with new names of columns.';

CREATE FUNCTION trust_ledger.is_as_recorded(tab regclass, triggers jsonb) RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT coalesce(bool_and(coalesce(
		r.fingerprint = ANY (trust_ledger.trigger_fingerprints(t.trigger)), false)), false)
	FROM jsonb_to_recordset(triggers) AS r (name text, fingerprint text)
	FULL JOIN (
		SELECT k.name, k.trigger
		FROM trust_ledger.track_triggers() k
		WHERE k.tab = is_as_recorded.tab AND k.generated) AS t ON t.name = r.name
$$;
COMMENT ON FUNCTION trust_ledger.is_as_recorded(regclass, jsonb) IS
	'Whether the table has those triggers, and no other that track_table() created. triggers: as '
	'in trust.tracking.';

CREATE FUNCTION trust_ledger.resume_tracking(
	tab regclass, reason text DEFAULT NULL, actor text DEFAULT NULL,
	path text DEFAULT pg_catalog.current_setting('search_path'),
	former_key text[] DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp SET standard_conforming_strings = on
AS $$
DECLARE
	recorded   CONSTANT jsonb := trust_ledger.recorded_tracking(tab);
	suspension CONSTANT text[] := (
		SELECT t.arguments
		FROM trust_ledger.track_triggers() t
		WHERE t.tab = resume_tracking.tab AND trust_ledger.is_suspension(t.trigger)
		LIMIT 1);
	mapping    jsonb;
BEGIN
	PERFORM trust_ledger.check_ledger();
	PERFORM trust_ledger.check_trackable(tab);
	IF suspension IS NULL THEN
		RAISE EXCEPTION 'tracking of table % is not suspended', tab
			USING ERRCODE = '55000',
			HINT = 'First call trust_ledger.suspend_tracking(), in the same transaction.';
	ELSIF recorded IS NULL THEN
		RAISE EXCEPTION 'table % is not tracked by a mapping', tab
			USING ERRCODE = '42704',
			DETAIL = 'It was recorded that it is no longer tracked.',
			HINT = 'Call trust_ledger.track_table() or trust_ledger.untrack_table().';
	END IF;
	PERFORM trust_ledger.check_same_key(tab, recorded ->> 'source', former_key);
	mapping := (
		SELECT trust_ledger.mapping_renamed(recorded -> 'mapping',
			coalesce(array_agg(c.name), '{}'), coalesce(array_agg(c.new_name), '{}'))
		FROM (
			SELECT CASE
					WHEN starts_with(a.argument, 'recorded:')
					THEN substr(a.argument, length('recorded:') + 1)
				END,
				substr(lead(a.argument) OVER (ORDER BY a.n), length('column=') + 1)
			FROM unnest(suspension) WITH ORDINALITY AS a (argument, n)
			WHERE a.argument ~ '^(recorded:|column=)') AS c (name, new_name)
		WHERE c.name IS NOT NULL);
	PERFORM trust_ledger.check_mapping(mapping);
	PERFORM trust_ledger.create_track_triggers(
		tab, trust_ledger.statements_to_track(tab, mapping), path);
	PERFORM trust_ledger.restore_trigger_states(tab, (
		SELECT substr(a, length('states:') + 1)::jsonb
		FROM unnest(suspension) AS a
		WHERE starts_with(a, 'states:')));
	IF NOT trust_ledger.is_as_recorded(tab, recorded -> 'triggers') THEN
		PERFORM trust_ledger.set_tracking(tab, mapping, reason, actor);
	END IF;
	PERFORM trust_ledger.follow_former_key(tab, former_key, actor);
END
$$;
COMMENT ON FUNCTION trust_ledger.resume_tracking(regclass, text, text, text, text[]) IS
	'Ends what suspend_tracking() began: creates the triggers of the recorded mapping again, with '
	'the present names of its columns. Triggers that were disabled, on the table or a partition, '
	'are disabled again. Records nothing if the triggers are as recorded; otherwise, as where a '
	'condition now compares values of another type, records them as track_table() does, with '
	'reason and actor. path: search_path for names in conditions. former_key: as in track_table(). '
	'Requires ownership of the table, and level application or admin. Errors: those of '
	'track_table(), 55000 (not suspended), 42704 (not tracked by a mapping).';
COMMENT ON FUNCTION trust_ledger.follow_tables() IS
	'Event trigger function: updates the arguments of triggers that call track() when a column is '
	'renamed, refuses a type of a column that does not fit an argument, and adds the source of the '
	'table to a new trigger that names none. Fired by event trigger trust_ledger_follow. Errors: '
	'42501 (not the owner of the table), 42710 (the source belongs to another table), 22023 (the '
	'table has several sources), 42804 (type of a column).';
COMMENT ON EVENT TRIGGER trust_ledger_follow IS
	'Updates triggers of trust_ledger.track() when columns are renamed, and adds the source to new '
	'ones.';

CREATE FUNCTION trust_ledger.refuse_column_drop() RETURNS event_trigger
AS 'MODULE_PATHNAME' LANGUAGE C
SET search_path = pg_catalog, pg_temp SET quote_all_identifiers = off;
COMMENT ON FUNCTION trust_ledger.refuse_column_drop() IS
	'Event trigger function: raises error 2BP01 if a column was dropped, with or without CASCADE, '
	'that an argument of a trigger of track() names, but not the table. Fired by event trigger '
	'trust_ledger_column_drop.';

CREATE EVENT TRIGGER trust_ledger_column_drop ON sql_drop
	EXECUTE FUNCTION trust_ledger.refuse_column_drop();
ALTER EVENT TRIGGER trust_ledger_column_drop ENABLE ALWAYS;
COMMENT ON EVENT TRIGGER trust_ledger_column_drop IS
	'Refuses to drop columns that arguments of triggers of trust_ledger.track() name.';

CREATE FUNCTION trust_ledger.create_parked_table() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	-- create_guards() adds column salt
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
END
$$;
COMMENT ON FUNCTION trust_ledger.create_parked_table() IS
	'Creates table trust.parked_change. Called by create_tables().';

CREATE FUNCTION trust_ledger.parked_column_comments() RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT ARRAY[
		['parked', 'Identifier of the parked change.'],
		['parked_at', 'Time when it was parked, in the order of the changes.'],
		['source', 'Name of the tracked table in the ledger.'],
		['tab', 'Name of the table or partition at that time.'],
		['trigger', 'The trigger that fired.'],
		['operation', 'insert, update or delete.'],
		['actor', 'Who acted. NULL if unknown.'],
		['login', 'The session user who changed the row.'],
		['role', 'The current user at that time.'],
		['old_row', 'The old row. NULL for insert.'],
		['new_row', 'The new row. NULL for delete.'],
		['sqlstate', 'SQLSTATE of the last attempt to write it.'],
		['error', 'Error message of the last attempt to write it.'],
		['salt', 'Salt of the commitment to the change that an entry of governance has, 32 bytes. '
			'Deleted with the row.']]
$$;
COMMENT ON FUNCTION trust_ledger.parked_column_comments() IS
	'Comments on the columns of trust.parked_change and trust.parked, for comment_on_columns().';

CREATE FUNCTION trust_ledger.comment_on_parked_table() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	COMMENT ON TABLE trust.parked_change IS
		'Changes of tracked rows that could not be written and wait for replay_parked() or '
		'drop_parked(). Read them through view trust.parked.';
	PERFORM trust_ledger.comment_on_columns('trust.parked_change',
		trust_ledger.parked_column_comments());
END
$$;
COMMENT ON FUNCTION trust_ledger.comment_on_parked_table() IS
	'Comments on table trust.parked_change. Called by comment_on_tables().';
COMMENT ON FUNCTION trust_ledger.replay_parked(text) IS
	'Writes the parked changes in their order, each as the actor who made it, and with parked_at '
	'as occurred_at unless the row states it. Makes no promise that the row does not make any '
	'more, and amends it to the terms that the row has now. A change that still cannot be '
	'written stays parked, with its error. source: only changes of this source. Requires level '
	'application or import. Errors: TL004.';

CREATE FUNCTION trust_ledger.drop_parked(
	parked uuid, reason text,
	actor text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C
SET search_path = pg_catalog, pg_temp SET IntervalStyle = 'iso_8601';
COMMENT ON FUNCTION trust_ledger.drop_parked(uuid, text, text, timestamptz, jsonb, text) IS
	'Drops a parked change, which will never be written. An entry of governance records who '
	'decided this, when and why. Requires level admin. Errors: TL004, 22004 (no change or no '
	'reason given), P0002 (no such parked change), 55000 (migrate_ledger() has not been run).';

CREATE FUNCTION trust_ledger.record_parked() RETURNS void
AS 'MODULE_PATHNAME' LANGUAGE C
SET search_path = pg_catalog, pg_temp SET IntervalStyle = 'iso_8601';
COMMENT ON FUNCTION trust_ledger.record_parked() IS
	'Records in governance, once, the changes parked by a version that did not record them. Called '
	'by migrate_ledger(). Errors: 42501 (not the owner).';

CREATE FUNCTION trust_ledger.parked_views(OUT name text, OUT definition text)
RETURNS SETOF record
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	name := 'parked';
	definition := $view$
	SELECT p.parked, p.parked_at, p.source, p.tab, p.trigger, p.operation, p.actor, p.login, p.role,
		CASE WHEN (SELECT trust_ledger.reads_words()) THEN p.old_row END AS old_row,
		CASE WHEN (SELECT trust_ledger.reads_words()) THEN p.new_row END AS new_row,
		p.sqlstate,
		CASE WHEN (SELECT trust_ledger.reads_words()) THEN p.error END AS error
	FROM trust.parked_change p
	WHERE (SELECT trust_ledger.require_reader())
	ORDER BY p.parked_at, p.parked
	$view$;
	RETURN NEXT;
END
$$;
COMMENT ON FUNCTION trust_ledger.parked_views() IS
	'Name and query of view trust.parked. Called by ledger_views().';

CREATE FUNCTION trust_ledger.comment_on_parked_views() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	COMMENT ON VIEW trust.parked IS
		'Changes of tracked rows that could not be written and wait for replay_parked() or '
		'drop_parked(). Rows and errors only for levels application and auditor.';
	PERFORM trust_ledger.comment_on_columns('trust.parked',
		trust_ledger.parked_column_comments());
END
$$;
COMMENT ON FUNCTION trust_ledger.comment_on_parked_views() IS
	'Comments on view trust.parked. Called by create_views().';

ALTER TYPE trust_ledger.mapped_row ADD ATTRIBUTE dues timestamptz[];
COMMENT ON TYPE trust_ledger.mapped_row IS
	'An event that a row of a tracked table stands for in its present state, with the mapped '
	'values. name: which promise of the row. key: primary key of the row. step: order of the '
	'events of the same time. at: time of the event as far as the row states it; infinity means '
	'now. part, place, version: tableoid, ctid and xmin of the row when it was read. dues: '
	'if due is a day or a local time, what it is in each zone that the ledger has had.';

CREATE OR REPLACE FUNCTION trust_ledger.read_tracked(
	tab regclass, source text, with_rows boolean DEFAULT true)
RETURNS SETOF trust_ledger.mapped_row
AS 'MODULE_PATHNAME' LANGUAGE C STRICT
SET search_path = pg_catalog, pg_temp SET quote_all_identifiers = off;
COMMENT ON FUNCTION trust_ledger.read_tracked(regclass, text, boolean) IS
	'Reads the rows of a table by the mapping recorded for the source: one row per event that a '
	'row stands for in its present state. with_rows: and one "noted" per row. Requires SELECT on '
	'the table, and level application, auditor or import. Errors: 42501 (the caller or the owner '
	'of the table cannot read all rows), TL004, 42703 and 42804 (the mapping does not fit the '
	'table any more).';

DROP FUNCTION trust_ledger.import_rows(regclass, text, trust_ledger.mapped_row[]);
CREATE FUNCTION trust_ledger.import_rows(
	tab regclass, source text, changes trust_ledger.mapped_row[])
RETURNS TABLE (sqlstate text, reason text, event text, key text, message text)
AS 'MODULE_PATHNAME' LANGUAGE C STRICT
SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION trust_ledger.import_rows(regclass, text, trust_ledger.mapped_row[]) IS
	'Writes events of rows, in the order of the array, and returns those that it could not write: '
	'the ledger refused them, or their rows were changed or deleted since they were read, or are '
	'being changed. reason: the message without its values. Called by import_table(). Requires '
	'SELECT on the table, and level import. Errors: 42704 (not tracked), 42501, TL003 (no actor, '
	'or a human), TL004.';

CREATE TYPE trust_ledger.import_refusal AS (
	sqlstate text,
	reason   text,
	changes  bigint,
	event    text,
	key      text,
	message  text
);
COMMENT ON TYPE trust_ledger.import_refusal IS
	'A reason for which import_table() could not write changes: SQLSTATE and message without its '
	'values, the number of such changes, and the first of them as an example: event, primary key '
	'of its row, and message.';

CREATE FUNCTION trust_ledger.import_batch(
	tab regclass, source text, changes trust_ledger.mapped_row[],
	earlier trust_ledger.import_refusal[])
RETURNS trust_ledger.import_refusal[]
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT coalesce(array_agg(ROW (g.sqlstate, g.reason, g.changes, g.event, g.key, g.message)
			::trust_ledger.import_refusal ORDER BY g.nr), '{}')
	FROM (
		SELECT r.sqlstate, r.reason, r.event, r.key, r.message, r.nr,
			sum(r.changes) OVER (PARTITION BY r.sqlstate, r.reason)::bigint AS changes,
			row_number() OVER (PARTITION BY r.sqlstate, r.reason ORDER BY r.nr) AS place
		FROM (
			SELECT e.sqlstate, e.reason, e.changes, e.event, e.key, e.message, e.nr
			FROM unnest(earlier) WITH ORDINALITY
				AS e (sqlstate, reason, changes, event, key, message, nr)
			UNION ALL
			SELECT i.sqlstate, i.reason, 1 AS changes, i.event, i.key, i.message,
				cardinality(earlier) + i.nr AS nr
			FROM trust_ledger.import_rows(tab, source, changes) WITH ORDINALITY
				AS i (sqlstate, reason, event, key, message, nr)
		) AS r
	) AS g
	WHERE g.place = 1
$$;
COMMENT ON FUNCTION trust_ledger.import_batch(
	regclass, text, trust_ledger.mapped_row[], trust_ledger.import_refusal[]) IS
	'Writes a batch of events by import_rows(), and returns the reasons for which changes of it '
	'and of earlier batches could not be written, in the order in which they were met. Called by '
	'import_table(). Errors: those of import_rows().';

CREATE FUNCTION trust_ledger.analyze_imported() RETURNS void
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.analyze_imported() IS
	'Runs ANALYZE on the tables of the ledger that an import fills, as their owner. Skips tables '
	'that are locked. An error of ANALYZE becomes a warning. Called by import_table(). Requires '
	'level import. Errors: TL004.';
COMMENT ON FUNCTION trust_ledger.source_of(regclass) IS
	'The source of a tracked table, as in trust.source and trust.tracked. Renaming the table does '
	'not change it. Errors: 42704 (not tracked).';

CREATE FUNCTION trust_ledger.read_batches(tab regclass, source text, changes_at_once integer)
RETURNS TABLE (changes trust_ledger.mapped_row[], total bigint)
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
AS $$
	-- All changes of a customer are in one batch, so that a batch that was committed is complete.
	SELECT array_agg(numbered.change ORDER BY numbered.nr) AS changes,
		min(numbered.total) AS total
	FROM (
		SELECT c.change, c.nr, c.total,
			min(c.nr) OVER (PARTITION BY c.customer COLLATE "C") / changes_at_once AS batch
		FROM (
			SELECT m AS change, m.customer,
				count(*) OVER () AS total,
				row_number() OVER (
					ORDER BY m.customer COLLATE "C", m.at, m.step, m.key COLLATE "C") AS nr
			FROM trust_ledger.read_tracked(tab, source, false) AS m
			WHERE m.event <> ALL ('{backed,declined,backing_withdrawn,noted}'::text[])
		) AS c
	) AS numbered
	GROUP BY numbered.batch
	ORDER BY numbered.batch
$$;
COMMENT ON FUNCTION trust_ledger.read_batches(regclass, text, integer) IS
	'The events of a tracked table, as read_tracked() reads them, in the batches in which '
	'import_table() writes them, with the total number of events. Errors: those of read_tracked().';

CREATE FUNCTION trust_ledger.report_refusals(
	source text, total bigint, refusals trust_ledger.import_refusal[])
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	refused CONSTANT bigint := (SELECT coalesce(sum(r.changes), 0) FROM unnest(refusals) AS r);
	most    trust_ledger.import_refusal;
	r       trust_ledger.import_refusal;
BEGIN
	FOREACH r IN ARRAY refusals LOOP
		RAISE WARNING USING ERRCODE = r.sqlstate,
			MESSAGE = format('changes of %s that could not be imported: %s', source, r.changes),
			DETAIL = format('For example, event "%s" of row %s: %s', r.event, r.key, r.message),
			HINT = 'Correct the rows or the mapping, and import the table again.';
		IF most IS NULL OR r.changes > most.changes THEN
			most := r;
		END IF;
	END LOOP;
	IF total > 0 AND refused = total THEN
		RAISE EXCEPTION USING ERRCODE = most.sqlstate,
			MESSAGE = format('could not import any change of %s', source),
			DETAIL = format('For example, event "%s" of row %s: %s', most.event, most.key,
				most.message),
			HINT = 'Correct the rows or the mapping, and import the table again.';
	END IF;
	RAISE NOTICE '% of % changes of % are in the ledger, % refused',
		total - refused, total, source, refused;
END
$$;
COMMENT ON FUNCTION trust_ledger.report_refusals(
	text, bigint, trust_ledger.import_refusal[]) IS
	'Reports the end of an import: a warning for each reason for which changes could not be '
	'written, and a notice of how many changes are in the ledger. Called by import_table(). '
	'Errors: the SQLSTATE of the most frequent reason, if no change is in the ledger.';

CREATE OR REPLACE PROCEDURE trust_ledger.import_table(
	tab regclass, changes_at_once integer DEFAULT 20000,
	in_one_transaction boolean DEFAULT false)
LANGUAGE plpgsql
AS $$
DECLARE
	source   CONSTANT pg_catalog.text := trust_ledger.source_of(tab);
	refusals trust_ledger.import_refusal[] := '{}';
	batch    record;
	done     bigint := 0;
BEGIN
	IF tab IS NULL THEN
		RAISE EXCEPTION 'tab must not be null' USING ERRCODE = '22004';
	ELSIF changes_at_once OPERATOR(pg_catalog.<) 1 THEN
		RAISE EXCEPTION 'changes_at_once must be at least 1' USING ERRCODE = '22023';
	END IF;
	-- until the first commit; everything has been read and sorted by then
	PERFORM pg_catalog.set_config('work_mem', '256MB', true);
	FOR batch IN
		SELECT r.changes, r.total
		FROM trust_ledger.read_batches(tab, source, changes_at_once) AS r
	LOOP
		refusals := trust_ledger.import_batch(tab, source, batch.changes, refusals);
		done := done OPERATOR(pg_catalog.+) pg_catalog.cardinality(batch.changes);
		IF NOT in_one_transaction THEN
			COMMIT;
		END IF;
		-- after the first batch, for the plans of the others, and after the last
		IF done OPERATOR(pg_catalog.=) pg_catalog.cardinality(batch.changes)
			OR done OPERATOR(pg_catalog.=) batch.total
		THEN
			PERFORM trust_ledger.analyze_imported();
			IF NOT in_one_transaction THEN
				COMMIT;
			END IF;
		END IF;
		IF done OPERATOR(pg_catalog.<) batch.total THEN
			RAISE NOTICE 'tried % of % changes of %', done, batch.total, source;
		END IF;
	END LOOP;
	PERFORM trust_ledger.report_refusals(source, done, refusals);
END
$$;
COMMENT ON PROCEDURE trust_ledger.import_table(regclass, integer, boolean) IS
	'Imports the rows of a tracked table into the ledger, as its mapping reads them, customer by '
	'customer in the order of time, with a NOTICE about its progress. Commits after about '
	'changes_at_once changes, unless in_one_transaction. If it is run again, it continues and '
	'imports nothing twice. Events longer ago than the ledger''s lag are marked backfilled. It '
	'does not import backings, which are a human''s own act. Changes that cannot be written, and '
	'rows that are being changed, are skipped; a warning for each reason says how many, with an '
	'example. Runs ANALYZE on the tables of the ledger that it fills. Requires level import. '
	'Errors: 42704 (not tracked), 42501 (the caller or the owner of the table cannot read all '
	'rows), TL003 (no actor, or a human), TL004, 2D000 (called in a transaction block); the '
	'SQLSTATE of the most frequent reason, if every change is skipped.';

CREATE FUNCTION trust_ledger.compare_rows(tab regclass, of_source text)
RETURNS TABLE (what text, key text, name text, customer text, promise uuid, detail text)
LANGUAGE sql STABLE
-- Without statistics, a nested loop could read all rows for each row. Forbidding it adds a cost to
-- plans for which JIT would compile every expression.
SET search_path = pg_catalog, pg_temp SET enable_nestloop = off SET jit = off
SET work_mem = '64MB'
AS $$
	WITH stands_for AS MATERIALIZED (
		SELECT r.key, r.name, r.customer, r.promise
		FROM trust.tracked_row r
		WHERE r.source = of_source AND NOT r.gone
	), of_customer AS MATERIALIZED (
		-- Reading all promises of a customer costs less than looking up ten or more, if there are
		-- not many others. A chain without an entry of ten times that number cannot have them.
		SELECT r.customer, r.has_many AND NOT EXISTS (
			SELECT FROM trust.tracked_entry e
			WHERE e.customer = r.customer AND e.seq BETWEEN r.far AND r.farther) AS reads_all
		FROM (
			SELECT s.customer, count(*) >= 10 AS has_many, 10 * count(*) AS far,
				10 * count(*) + 10 AS farther
			FROM stands_for s
			GROUP BY s.customer) AS r
	), promised AS (
		-- OFFSET 0: by the primary key, whatever the statistics say
		SELECT p.*
		FROM of_customer c
		CROSS JOIN LATERAL (
			SELECT a.customer, a.promise, a.state, a.words, a.kind, a.due, a.value, a.currency,
				a.purpose, a.longest_pause, a.paused_for, a.accepted_at, a.paused_at, a.outcome,
				a.admitted_at, a.repaired_at, a.settled_by
			FROM trust.current_promise a
			WHERE a.customer = c.customer
			OFFSET 0) AS p
		WHERE c.reads_all
		UNION ALL
		SELECT p.*
		FROM of_customer c
		JOIN stands_for r ON r.customer = c.customer
		CROSS JOIN LATERAL (
			SELECT a.customer, a.promise, a.state, a.words, a.kind, a.due, a.value, a.currency,
				a.purpose, a.longest_pause, a.paused_for, a.accepted_at, a.paused_at, a.outcome,
				a.admitted_at, a.repaired_at, a.settled_by
			FROM trust.current_promise a
			WHERE a.customer = r.customer AND a.promise = r.promise
			OFFSET 0) AS p
		WHERE NOT c.reads_all
	), candidate AS MATERIALIZED (
		-- all that can be a finding: most rows agree, and need no entries
		SELECT c.*
		FROM (
			-- as same_value() compares: only intervals differ from their operator
			SELECT s.key AS row_key, s.name AS row_name, s.customer AS row_customer, s.event,
				s.verdict, s.due AS row_due, s.dues, r.key, r.name, r.customer, r.promise, p.state,
				p.due, p.paused_for, p.words IS NULL AS no_words, p.purpose IS NULL AS no_purpose,
				p.promise IS NOT NULL AS is_there, s.event = 'made' AS states_terms,
				s.customer IS DISTINCT FROM p.customer AS other_customer,
				s.words IS DISTINCT FROM p.words AS other_words,
				s.kind IS DISTINCT FROM p.kind AS other_kind,
				-- if the row has no due time, a policy may have set it; the promise of a day or a
				-- local time keeps the zone that the ledger had
				s.due IS NOT NULL AND s.due IS DISTINCT FROM p.due
					AND (p.due = ANY (s.dues)) IS NOT TRUE AS other_due,
				s.value IS DISTINCT FROM p.value AS other_value,
				s.currency IS DISTINCT FROM p.currency AS other_currency,
				s.purpose IS DISTINCT FROM p.purpose AS other_purpose,
				NOT trust_ledger.same_value(s.longest_pause, p.longest_pause)
					AS other_longest_pause,
				CASE s.event
					WHEN 'made' THEN true
					WHEN 'accepted' THEN p.accepted_at IS NOT NULL
					WHEN 'paused' THEN p.paused_at IS NOT NULL
					WHEN 'assessed' THEN NOT p.outcome IS DISTINCT FROM s.verdict
					WHEN 'breach_admitted' THEN p.admitted_at IS NOT NULL
					WHEN 'breach_repaired' THEN p.repaired_at IS NOT NULL
					WHEN 'withdrawn' THEN p.settled_by = 'withdrawn'
					WHEN 'released' THEN p.settled_by = 'released'
					ELSE true
				END IS TRUE
				-- a promise that ended allows only verdicts and repairs
					OR NOT (p.state IN ('proposed', 'open')
						OR s.event IN ('assessed', 'breach_repaired')) AS is_so
			FROM trust_ledger.read_tracked(tab, of_source, false) s
			FULL JOIN stands_for r ON r.key = s.key AND r.name = s.name
			LEFT JOIN promised p ON p.customer = r.customer AND p.promise = r.promise) AS c
		WHERE c.row_key IS NULL
			OR c.key IS NULL AND c.event = 'made'
			OR c.is_there AND (
				NOT c.is_so
				OR c.states_terms AND (
					c.other_customer OR c.other_words OR c.other_kind OR c.other_due
					OR c.other_value OR c.other_currency OR c.other_purpose
					OR c.other_longest_pause
					OR c.row_due IS NOT NULL AND c.paused_for <> '0'))
	), entry AS MATERIALIZED (
		SELECT e.customer, e.promise, e.seq, e.event, e.state, e.verdict, e.due, e.by_row,
			e.event IN ('made', 'amended', 'paused', 'resumed') AND e.stands IS NOT FALSE
				AS sets_due
		FROM (SELECT DISTINCT c.customer FROM candidate c WHERE c.event IS NOT NULL) AS c
		-- OFFSET 0: by the index on customer and seq, whatever the statistics say
		CROSS JOIN LATERAL (
			SELECT t.* FROM trust.tracked_entry t WHERE t.customer = c.customer OFFSET 0) AS e
		WHERE EXISTS (
			SELECT FROM candidate d WHERE d.customer = e.customer AND d.promise = e.promise)
	), recorded AS (
		SELECT e.customer, e.promise,
			bool_or(e.event = 'erased') AS erased,
			-- after the promise ended, changes of the row are noted and amend nothing
			bool_or(e.event = 'noted' AND e.by_row AND e.state NOT IN ('proposed', 'open'))
				AS noted_after_end
		FROM entry e
		WHERE e.event IN ('erased', 'noted')
		GROUP BY e.customer, e.promise
	), due_step AS (
		SELECT d.customer, d.promise, d.event, d.seq, d.due - d.before AS moved,
			max(d.seq) FILTER (
				WHERE d.event IN ('made', 'amended') AND d.due IS DISTINCT FROM d.before)
				OVER (PARTITION BY d.customer, d.promise) AS given
		FROM (
			SELECT e.customer, e.promise, e.event, e.seq, e.due,
				lag(e.due) OVER (PARTITION BY e.customer, e.promise ORDER BY e.seq) AS before
			FROM entry e
			WHERE e.sets_due AND EXISTS (
				SELECT FROM candidate c
				WHERE c.customer = e.customer AND c.promise = e.promise
					AND c.states_terms AND c.paused_for <> '0')) AS d
	), paused_since AS (
		-- how much pauses have moved due since the terms last stated it
		SELECT d.customer, d.promise, sum(d.moved) AS moved
		FROM due_step d
		WHERE d.event IN ('paused', 'resumed') AND d.seq > d.given
		GROUP BY d.customer, d.promise
	), terms AS (
		SELECT c.key, c.name, c.customer, c.promise, concat_ws(', ',
			CASE WHEN c.other_customer THEN 'customer' END,
			-- the row may still have texts that were erased from the ledger
			CASE WHEN c.other_words AND (c.no_words AND x.erased) IS NOT TRUE THEN 'words' END,
			CASE WHEN c.other_kind THEN 'kind' END,
			CASE
				WHEN c.paused_for <> '0' THEN
					CASE
						WHEN c.row_due IS NOT NULL
							AND c.row_due IS DISTINCT FROM d.without_pauses
							AND (d.without_pauses = ANY (c.dues)) IS NOT TRUE
						THEN 'due'
					END
				WHEN c.other_due THEN 'due'
			END,
			CASE WHEN c.other_value THEN 'value' END,
			CASE WHEN c.other_currency THEN 'currency' END,
			CASE
				WHEN c.other_purpose AND (c.no_purpose AND x.erased) IS NOT TRUE THEN 'purpose'
			END,
			CASE WHEN c.other_longest_pause THEN 'longest_pause' END) AS differing
		FROM candidate c
		-- the entries of a promise can be missing from a ledger that was altered
		LEFT JOIN recorded x ON x.customer = c.customer AND x.promise = c.promise
		LEFT JOIN paused_since g ON g.customer = c.customer AND g.promise = c.promise
		CROSS JOIN LATERAL (SELECT c.due - coalesce(g.moved, '0')) AS d (without_pauses)
		WHERE c.states_terms AND c.is_there
			AND (c.state IN ('proposed', 'open') OR x.noted_after_end IS NOT TRUE)
	)
	SELECT 'row_without_promise', c.row_key, c.row_name, c.row_customer, NULL::uuid,
		'the row makes a promise, but the ledger does not have it'
	FROM candidate c
	WHERE c.key IS NULL
	UNION ALL
	SELECT 'promise_without_row', c.key, c.name, c.customer, c.promise,
		'the row does not exist, and no entry says that it was deleted'
	FROM candidate c
	WHERE c.row_key IS NULL
		-- rows that show no event; not read if there is no candidate
		AND NOT EXISTS (
			SELECT FROM trust_ledger.read_tracked(tab, of_source) s
			WHERE s.event = 'noted' AND s.key = c.key AND s.name = c.name)
	UNION ALL
	SELECT 'terms_differ', t.key, t.name, t.customer, t.promise,
		'different in the row: ' || t.differing
	FROM terms t
	WHERE t.differing <> ''
	UNION ALL
	SELECT 'event_missing', c.key, c.name, c.customer, c.promise,
		format('the row says %s, and the promise is %s',
			concat_ws(' ', c.event, c.verdict), c.state)
	FROM candidate c
	WHERE c.is_there
		AND NOT c.is_so
		AND NOT EXISTS (
			SELECT FROM entry e
			WHERE e.customer = c.customer
				AND e.promise = c.promise
				AND e.event = c.event
				AND (e.event <> 'assessed' OR e.verdict = c.verdict))
	ORDER BY 1, 2, 3, 6
$$;
COMMENT ON FUNCTION trust_ledger.compare_rows(regclass, text) IS
	'Differences between the rows of a table that is tracked as this source and their promises. '
	'Called by reconcile_table(). Errors: 42704 (not tracked), 42501, TL004.';

CREATE OR REPLACE FUNCTION trust_ledger.reconcile_table(tab regclass)
RETURNS TABLE (what text, key text, name text, customer text, promise uuid, detail text)
LANGUAGE plpgsql STABLE
-- as compare_rows(), whatever the caller forbids the planner
SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
DECLARE
	of_source CONSTANT text := trust_ledger.source_of(tab);
BEGIN
	RETURN QUERY
	SELECT 'trigger_' || replace(t.state, ' ', '_'), NULL::text, t.promise, NULL::text, NULL::uuid,
		format('%s: %s', t.trigger, CASE
			WHEN t.state = 'bypassed' THEN b.bypass
			ELSE concat_ws('; ', t.definition, b.bypass)
		END)
	FROM trust.tracked t
	-- until migrate_ledger() has been called after an update, the view does not have the column
	CROSS JOIN LATERAL (SELECT to_jsonb(t) ->> 'bypass') AS b (bypass)
	WHERE t.source = of_source AND t.state <> 'in force'
	ORDER BY t.trigger;

	RETURN QUERY
	SELECT c.what, c.key, c.name, c.customer, c.promise, c.detail
	FROM trust_ledger.compare_rows(tab, of_source) c;
END
$$;
COMMENT ON FUNCTION trust_ledger.reconcile_table(regclass) IS
	'Differences between a tracked table and the ledger; no rows if there are none. '
	'trigger_missing, trigger_disabled, trigger_altered, trigger_by_hand: a trigger is not as '
	'recorded. trigger_bypassed: it does not see or follow all changes, as detail says. '
	'row_without_promise: the row makes a promise that the ledger does not have. '
	'promise_without_row: the row of a promise does not exist. terms_differ: the row has other '
	'terms. event_missing: the row says that something happened that no entry records. Requires '
	'SELECT on the table, and level application or auditor. Errors: 42704 (not tracked), 42501 '
	'(the caller or the owner of the table cannot read all rows), TL004.';

CREATE OR REPLACE FUNCTION trust_ledger.verify(
	OUT part text, OUT customer text, OUT seq bigint, OUT promise uuid, OUT subject text,
	OUT field text, OUT problem text)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'verify_ledger' LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 10 COST 1000000
SET search_path = pg_catalog, pg_temp SET IntervalStyle = 'iso_8601'
SET quote_all_identifiers = off;
COMMENT ON FUNCTION trust_ledger.verify() IS
	'Verifies the ledger: guards, functions, views, columns and indexes; hash and texts of every '
	'entry; that chains have no gaps; every table against what the entries add up to; and rows '
	'missing from indexes. Returns no rows if nothing is wrong; otherwise part (guard, extension, '
	'view, table, entry, chain, promise, source, actor, policy, access, tracking, ledger, '
	'parked_change), place, field and problem. One NOTICE with counts, period and digest. Requires '
	'level auditor or admin. Errors: TL004, 55000, TL006.';

CREATE OR REPLACE FUNCTION trust_ledger.verify(
	of_customer text,
	OUT part text, OUT customer text, OUT seq bigint, OUT promise uuid, OUT subject text,
	OUT field text, OUT problem text)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'verify_customer' LANGUAGE C STABLE STRICT PARALLEL RESTRICTED ROWS 10
COST 10000
SET search_path = pg_catalog, pg_temp SET IntervalStyle = 'iso_8601'
SET quote_all_identifiers = off;
COMMENT ON FUNCTION trust_ledger.verify(text) IS
	'Verifies the guards, and the chain, promises and tracked rows of one customer. The customer '
	''''' stands for the chain of governance, with functions, views, columns and indexes. Does not '
	'find rows that are missing from indexes; verify() does. Requires level auditor or admin. '
	'Errors: TL004, 55000, TL006.';
COMMENT ON FUNCTION trust_ledger.rebuild(text, text, text, timestamptz, jsonb, text) IS
	'Rebuilds the promises of a customer, their rows in trust.source and the score from the '
	'entries; for the customer '''', the tables of governance. Refuses if the entries do not '
	'verify. An entry of governance records it, with the number of rows that were wrong. Requires '
	'level admin. Errors: TL004, TL006 (entries do not verify), P0002 (no such customer), 22004.';
COMMENT ON FUNCTION trust_ledger.ledger_digest() IS
	'Digest of the whole ledger: number of customers and entries, the time, and SHA-256 over '
	'(customer, length, head) of all chains, sorted (32 bytes). A digest kept elsewhere shows '
	'later whether entries or customers were removed. Requires level auditor or admin. Errors: '
	'TL004, 55000, TL006.';

-- PostgreSQL grants EXECUTE on new functions to PUBLIC; here that is explicit. Functions check the
-- levels in trust.access themselves, because a database owner cannot grant privileges on functions
-- of an extension. Functions without such a check have no privileges beyond those of their caller.
REVOKE ALL ON ALL ROUTINES IN SCHEMA trust_ledger FROM PUBLIC;
GRANT EXECUTE ON ALL ROUTINES IN SCHEMA trust_ledger TO PUBLIC;
