-- Others that keep a history in PostgreSQL, beside the ledger and the chain by hand of setup.sql: a
-- promise is a row with the same columns and indexes as trust.promise, which the application
-- inserts and updates, and a trigger keeps what the row was before. Psql variable customers.
\set QUIET on
\set ON_ERROR_STOP on
SET client_min_messages = warning;
SELECT trust_ledger.register_actor('bot', 'ai', responsible => 'anna', model => 'm 1') \g /dev/null
SELECT trust_ledger.register_actor('desk', 'system', responsible => 'anna',
	speaks_for => 'record') \g /dev/null

-- Versions in a history table, each with the time during which the row was so, as extension
-- temporal_tables keeps them; in PL/pgSQL, for any table: the trigger's arguments are the column of
-- the period and the history table.
CREATE SCHEMA versioned;
CREATE TABLE versioned.promise (LIKE trust.promise INCLUDING INDEXES INCLUDING STORAGE,
	sys_period tstzrange NOT NULL DEFAULT tstzrange(now(), NULL)) WITH (fillfactor = 90);
CREATE TABLE versioned.promise_history (LIKE versioned.promise);
CREATE INDEX ON versioned.promise_history (customer, promise);

CREATE FUNCTION versioned.keep_version() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
	period CONSTANT text := TG_ARGV[0];
	began  timestamptz;
	ends   timestamptz := now();
	kept   text;
BEGIN
	IF TG_OP <> 'INSERT' THEN
		-- a version that nobody else ever saw
		IF OLD.xmin = pg_current_xact_id()::xid THEN
			RETURN coalesce(NEW, OLD);
		END IF;
		EXECUTE format('SELECT lower($1.%I)', period) INTO began USING OLD;
		IF ends <= began THEN
			ends := began + interval '1 microsecond';
		END IF;
		SELECT string_agg(format('%I', h.attname), ', ') INTO kept
		FROM pg_attribute h JOIN pg_attribute t USING (attname)
		WHERE h.attrelid = TG_ARGV[1]::regclass AND h.attnum > 0 AND NOT h.attisdropped
			AND t.attrelid = TG_RELID AND NOT t.attisdropped AND attname <> period;
		EXECUTE format('INSERT INTO %s (%s, %I) SELECT %2$s, tstzrange($2, $3) FROM (SELECT $1.*) '
			'AS old_row',
			TG_ARGV[1], kept, period) USING OLD, began, ends;
	END IF;
	IF TG_OP = 'DELETE' THEN
		RETURN OLD;
	END IF;
	RETURN jsonb_populate_record(NEW, jsonb_build_object(period, tstzrange(ends, NULL)));
END
$$;

-- The same, written for this one table.
CREATE SCHEMA versioned_alone;
CREATE TABLE versioned_alone.promise (LIKE versioned.promise INCLUDING INDEXES INCLUDING
	STORAGE INCLUDING DEFAULTS) WITH (fillfactor = 90);
CREATE TABLE versioned_alone.promise_history (LIKE versioned.promise);
CREATE INDEX ON versioned_alone.promise_history (customer, promise);

CREATE FUNCTION versioned_alone.keep_version() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
	IF TG_OP <> 'INSERT' THEN
		IF OLD.xmin = pg_current_xact_id()::xid THEN
			RETURN coalesce(NEW, OLD);
		END IF;
		OLD.sys_period := tstzrange(lower(OLD.sys_period),
			greatest(now(), lower(OLD.sys_period) + interval '1 microsecond'));
		INSERT INTO versioned_alone.promise_history VALUES (OLD.*);
		IF TG_OP = 'DELETE' THEN
			RETURN OLD;
		END IF;
		NEW.sys_period := tstzrange(upper(OLD.sys_period), NULL);
		RETURN NEW;
	END IF;
	NEW.sys_period := tstzrange(now(), NULL);
	RETURN NEW;
END
$$;

-- An audit table for all tables, rows before and after as JSON, found by table and primary key.
CREATE SCHEMA audited;
CREATE TABLE audited.promise (LIKE trust.promise INCLUDING INDEXES INCLUDING STORAGE) WITH
	(fillfactor = 90);
CREATE TABLE audited.change (
	id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	tab         regclass NOT NULL,
	key         text NOT NULL,
	operation   text NOT NULL,
	changed_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
	transaction xid8 NOT NULL DEFAULT pg_current_xact_id(),
	login       name NOT NULL DEFAULT session_user,
	role        name NOT NULL DEFAULT current_user,
	old_row     jsonb,
	new_row     jsonb
);
CREATE INDEX ON audited.change (tab, key);
CREATE INDEX ON audited.change USING brin (changed_at);

CREATE FUNCTION audited.keep_change() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
	was CONSTANT jsonb := to_jsonb(OLD);
	is_ CONSTANT jsonb := to_jsonb(NEW);
	key text;
BEGIN
	SELECT string_agg(coalesce(is_, was) ->> a.attname, ' ' ORDER BY a.attnum) INTO key
	FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY
		(i.indkey[0:i.indnkeyatts - 1])
	WHERE i.indrelid = TG_RELID AND i.indisprimary;
	INSERT INTO audited.change (tab, key, operation, old_row, new_row) VALUES (TG_RELID, key, TG_OP,
		was, is_);
	RETURN NULL;
END
$$;

-- What an application would leave to the table; and as many rows as the ledger has.
CREATE FUNCTION pg_temp.ready(peer text) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	columns CONSTANT text := (SELECT string_agg(attname, ', ') FROM pg_attribute
		WHERE attrelid = 'trust.promise'::regclass AND attnum > 0 AND NOT attisdropped);
BEGIN
	EXECUTE format('INSERT INTO %I.promise (%s) SELECT %2$s FROM trust.promise', peer, columns);
	EXECUTE format('ALTER TABLE %I.promise ALTER promise SET DEFAULT gen_random_uuid(),
		ALTER made_at SET DEFAULT now(), ALTER recorded_at SET DEFAULT now(), ALTER opened_at '
			'SET DEFAULT now(),
		ALTER backfilled SET DEFAULT false, ALTER due_moves SET DEFAULT 0, ALTER paused_for '
			'SET DEFAULT ''0'',
		ALTER terms_seq SET DEFAULT 1, ALTER last_seq SET DEFAULT 1', peer);
END
$$;
SELECT pg_temp.ready(peer) FROM unnest(ARRAY['versioned', 'versioned_alone', 'audited'])
	peer \g /dev/null
CREATE TRIGGER keep_version BEFORE INSERT OR UPDATE OR DELETE ON versioned.promise
	FOR EACH ROW EXECUTE FUNCTION versioned.keep_version('sys_period', 'versioned.promise_history');
CREATE TRIGGER keep_version BEFORE INSERT OR UPDATE OR DELETE ON versioned_alone.promise
	FOR EACH ROW EXECUTE FUNCTION versioned_alone.keep_version();
CREATE TRIGGER keep_change AFTER INSERT OR UPDATE OR DELETE ON audited.promise
	FOR EACH ROW EXECUTE FUNCTION audited.keep_change();

-- The chain by hand, on through a promise's life.
CREATE FUNCTION by_hand.back_promise(p_customer text, p_promise uuid, p_backer text)
RETURNS TABLE (promise uuid, customer text, seq bigint, state text, recorded_at timestamptz,
	hash bytea)
LANGUAGE plpgsql AS $$
DECLARE
	head   by_hand.chain;
	of     by_hand.promise;
	backed by_hand.entry;
BEGIN
	SELECT * INTO head FROM by_hand.chain c WHERE c.customer = p_customer FOR UPDATE;
	SELECT * INTO of FROM by_hand.promise p WHERE p.customer = p_customer AND p.promise = p_promise;
	IF NOT FOUND OR of.state NOT IN ('proposed', 'open') THEN
		RAISE EXCEPTION 'promise % cannot be backed', p_promise;
	END IF;
	backed.customer := p_customer;
	backed.seq := head.length + 1;
	backed.format := 1;
	backed.promise := p_promise;
	backed.event := 'backed';
	backed.recorded_at := clock_timestamp();
	backed.occurred_at := backed.recorded_at;
	backed.backfilled := false;
	backed.actor := p_backer;
	backed.actor_kind := 'human';
	backed.speaks_for := 'company';
	backed.login := session_user;
	backed.role := current_user;
	backed.evidence := 'asserted';
	backed.state := 'open';
	backed.refers_to := of.terms_seq;
	backed.backer := p_backer;
	backed.prev_hash := head.head;
	backed.hash := sha256(convert_to(concat_ws('|', backed.format, encode(backed.prev_hash, 'hex'),
		backed.customer, backed.seq,
		backed.promise, backed.event, extract(epoch FROM backed.recorded_at),
			extract(epoch FROM backed.occurred_at),
		backed.backfilled, backed.actor, backed.actor_kind, backed.speaks_for, backed.login,
			backed.role, backed.evidence,
		backed.state, backed.refers_to, backed.backer), 'UTF8'));
	INSERT INTO by_hand.entry SELECT backed.*;
	UPDATE by_hand.promise p SET state = backed.state, backer = p_backer,
		evidence = backed.evidence,
		backed_at = backed.occurred_at, seen_at = coalesce(p.seen_at, backed.occurred_at),
			last_seq = backed.seq
	WHERE p.customer = p_customer AND p.promise = p_promise;
	UPDATE by_hand.chain c SET length = backed.seq, head = backed.hash,
		recorded_at = backed.recorded_at
	WHERE c.customer = p_customer;
	RETURN QUERY SELECT backed.promise, backed.customer, backed.seq, backed.state,
		backed.recorded_at, backed.hash;
END
$$;

CREATE FUNCTION by_hand.assess_promise(p_customer text, p_promise uuid, p_verdict text,
	p_actor text)
RETURNS TABLE (promise uuid, customer text, seq bigint, state text, recorded_at timestamptz,
	hash bytea)
LANGUAGE plpgsql AS $$
DECLARE
	head by_hand.chain;
	of   by_hand.promise;
	said by_hand.entry;
BEGIN
	SELECT * INTO head FROM by_hand.chain c WHERE c.customer = p_customer FOR UPDATE;
	SELECT * INTO of FROM by_hand.promise p WHERE p.customer = p_customer AND p.promise = p_promise;
	IF NOT FOUND OR of.state <> 'open' THEN
		RAISE EXCEPTION 'promise % cannot be assessed', p_promise;
	END IF;
	said.customer := p_customer;
	said.seq := head.length + 1;
	said.format := 1;
	said.promise := p_promise;
	said.event := 'assessed';
	said.recorded_at := clock_timestamp();
	said.occurred_at := said.recorded_at;
	said.backfilled := false;
	said.actor := p_actor;
	said.actor_kind := 'system';
	said.speaks_for := 'record';
	said.login := session_user;
	said.role := current_user;
	said.evidence := 'asserted';
	said.state := p_verdict;
	said.verdict := p_verdict;
	said.whose_word := 'record';
	said.relayed := false;
	said.stands := true;
	said.weight_kept := 1000 * (p_verdict = 'kept')::integer;
	said.weight_broken := 1000 * (p_verdict = 'broken')::integer;
	said.prev_hash := head.head;
	said.hash := sha256(convert_to(concat_ws('|', said.format, encode(said.prev_hash, 'hex'),
		said.customer, said.seq,
		said.promise, said.event, extract(epoch FROM said.recorded_at),
			extract(epoch FROM said.occurred_at),
		said.backfilled, said.actor, said.actor_kind, said.speaks_for, said.login, said.role,
			said.evidence,
		said.state, said.verdict, said.whose_word, said.relayed, said.stands, said.weight_kept,
			said.weight_broken), 'UTF8'));
	INSERT INTO by_hand.entry SELECT said.*;
	UPDATE by_hand.promise p SET state = said.state, outcome = said.verdict,
		whose_word = said.whose_word,
		verdict_evidence = said.evidence, relayed = said.relayed, settled_by = said.event,
			settled_at = said.occurred_at,
		weight_kept = said.weight_kept, weight_broken = said.weight_broken, last_seq = said.seq
	WHERE p.customer = p_customer AND p.promise = p_promise;
	UPDATE by_hand.chain c SET length = said.seq, head = said.hash, recorded_at = said.recorded_at
	WHERE c.customer = p_customer;
	RETURN QUERY SELECT said.promise, said.customer, said.seq, said.state, said.recorded_at,
		said.hash;
END
$$;
VACUUM ANALYZE;
CHECKPOINT;
