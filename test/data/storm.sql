-- A ledger and a company's tables for test/tap/storm.pl: rows are tracked in each way that there is, and code of
-- the company's runs wherever it can run in the middle of the ledger's: BEFORE, AFTER and deferred triggers, casts to
-- json, output functions, checks of domains, conditions of a mapping, and a trigger on trust.entry.
--
-- Settings of a session say what that code does (storm.acts), how often (storm.chance), and what it must leave out
-- (storm.without). To be run by psql as superuser, once in a database; role app is there.

\set ON_ERROR_STOP on
\o /dev/null
SET client_min_messages = error;
CREATE EXTENSION trust_ledger;
SELECT trust_ledger.create_ledger();
SELECT trust_ledger.register_actor('anna', 'human'), trust_ledger.register_actor('ben', 'human', authority => '{"EUR": 2000}');
SELECT trust_ledger.register_actor('crm', 'system', responsible => 'anna'), trust_ledger.register_actor('bot', 'ai', responsible => 'ben', model => 'm 1');
SELECT trust_ledger.register_actor('erp', 'system', responsible => 'ben', speaks_for => 'record'), trust_ledger.register_actor('portal', 'system', responsible => 'ben', speaks_for => 'customer');
SELECT trust_ledger.set_policy('machines', promiser_kind => 'ai', evidence => 'asserted', back_within => '5 days');
SELECT trust_ledger.grant_access(current_user, 'import'), trust_ledger.grant_access('app', 'application');
GRANT CREATE, TEMPORARY ON DATABASE :DBNAME TO app;
CREATE SCHEMA storm AUTHORIZATION app;

-- ---- what the company's code does in the middle of ours

-- One of the acts that the session allows. An error is raised under the place's own SQLSTATE.
CREATE FUNCTION storm.act(act text, place text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	CASE act
		WHEN 'error' THEN
			RAISE EXCEPTION 'storm: %', place USING ERRCODE = place;
		WHEN 'caught' THEN
			BEGIN
				PERFORM 1 / (random() * 0)::int;
			EXCEPTION WHEN division_by_zero THEN
				RAISE NOTICE 'caught';
			END;
		WHEN 'temp' THEN
			CREATE TEMP TABLE IF NOT EXISTS storm_temp (n int);
			DROP TABLE storm_temp;
		WHEN 'column' THEN
			ALTER TABLE storm.inside ALTER COLUMN n SET STATISTICS 10;
		WHEN 'undone column' THEN
			BEGIN
				ALTER TABLE storm.later ADD COLUMN undone int;
				RAISE SQLSTATE 'UNDO0';
			EXCEPTION WHEN SQLSTATE 'UNDO0' THEN
				NULL;
			END;
		WHEN 'index' THEN
			CREATE INDEX storm_undone ON storm.inside (n);
			DROP INDEX storm.storm_undone;
		WHEN 'function' THEN
			CREATE OR REPLACE FUNCTION storm.replaced() RETURNS int LANGUAGE sql AS 'SELECT 1';
			PERFORM storm.replaced();
		WHEN 'settings' THEN
			ALTER TABLE trust.entry SET (fillfactor = 100);
			ALTER TABLE trust.promise SET (fillfactor = 90);
		WHEN 'reindex' THEN
			REINDEX TABLE trust.source;
		WHEN 'analyze' THEN
			ANALYZE trust.entry, trust.promise, trust.source;
		WHEN 'row' THEN
			INSERT INTO storm.inside (customer, words) VALUES (storm.customer(), repeat('nested ', 20));
		WHEN 'later row' THEN
			INSERT INTO storm.later (customer, words) VALUES (storm.customer(), repeat('nested ', 20));
			UPDATE storm.later SET words = words || '!' WHERE id = (SELECT max(id) FROM storm.later);
		WHEN 'parked row' THEN
			INSERT INTO storm.slip (customer, words, due) VALUES (storm.customer(), 'nested', now() - interval '1 day');
		WHEN 'call' THEN
			PERFORM FROM trust_ledger.make_promise(storm.customer(), 'nested', kind => 'call', actor => 'bot');
		WHEN 'note' THEN
			PERFORM FROM trust_ledger.add_note(storm.pick('{proposed,open}'), 'nested', actor => 'crm');
		WHEN 'policy' THEN
			PERFORM FROM trust_ledger.set_policy('machines', promiser_kind => 'ai', evidence => 'asserted', back_within => '6 days');
		WHEN 'verify' THEN
			PERFORM FROM trust_ledger.verify(storm.customer());
	END CASE;
END
$$;

-- Within itself no more than twice. What is set goes with the savepoint, as what was done does.
CREATE FUNCTION storm.chaos(place text, chance float8 DEFAULT 1) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
	deep CONSTANT int := coalesce(nullif(current_setting('storm.deep', true), ''), '0')::int;
	acts CONSTANT text[] := string_to_array(current_setting('storm.acts', true), ',');
BEGIN
	IF random() >= chance * coalesce(nullif(current_setting('storm.chance', true), ''), '0')::float8 OR deep >= 2 OR acts = '{}' THEN
		RETURN true;
	END IF;
	PERFORM set_config('storm.deep', (deep + 1)::text, true);
	PERFORM storm.act(acts[1 + floor(random() * cardinality(acts))::int], place);
	PERFORM set_config('storm.deep', deep::text, true);
	RETURN true;
END
$$;

CREATE FUNCTION storm.leaves_out(what text) RETURNS boolean
LANGUAGE sql AS $$ SELECT what = ANY (string_to_array(coalesce(current_setting('storm.without', true), ''), ',')) $$;

CREATE FUNCTION storm.customer() RETURNS text
LANGUAGE sql AS $$ SELECT 'c' || floor(random() * 12)::int $$;

-- One of the latest promises that were made by a call and are in one of these states. Rows' promises are left to rows.
CREATE FUNCTION storm.pick(states text[]) RETURNS uuid LANGUAGE sql SECURITY DEFINER AS $$
	SELECT promise FROM (SELECT promise FROM trust.promise WHERE kind = 'call' AND state = ANY (states) ORDER BY promise DESC LIMIT 30) AS latest
	ORDER BY random() LIMIT 1
$$;

-- ---- types

-- Its output function, that of enums, knows the labels of storm.mood and fails upon anything else.
CREATE TYPE storm.mood AS ENUM ('fine', 'odd');
CREATE TYPE storm.brittle;
CREATE FUNCTION storm.brittle_in(cstring) RETURNS storm.brittle LANGUAGE internal IMMUTABLE STRICT AS 'oidin';
CREATE FUNCTION storm.brittle_out(storm.brittle) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'enum_out';
CREATE TYPE storm.brittle (INPUT = storm.brittle_in, OUTPUT = storm.brittle_out, LIKE = oid, CATEGORY = 'S');
CREATE FUNCTION storm.a_brittle(breaks boolean) RETURNS storm.brittle LANGUAGE plpgsql AS $$
BEGIN
	RETURN CASE WHEN breaks THEN '1' ELSE (SELECT min(oid)::text FROM pg_enum WHERE enumtypid = 'storm.mood'::regtype) END;
END
$$;

ALTER TYPE storm.mood OWNER TO app;
GRANT pg_read_all_stats TO app;
SET ROLE app;
CREATE FUNCTION storm.mood_as_json(mood storm.mood) RETURNS json LANGUAGE plpgsql AS $$
BEGIN
	-- where rows are parked an error is seen by nobody, and is gone when they are written after all
	IF random() < 0.08 AND current_setting('storm.chance', true) > '0' THEN
		PERFORM storm.act('error', 'ST001');
	END IF;
	IF random() < 0.5 AND NOT storm.leaves_out('nested_cast') THEN
		INSERT INTO storm.inside (customer, words) VALUES (storm.customer(), repeat('by a cast ', 20));
		PERFORM storm.chaos('ST001', 2);
	END IF;
	RETURN '"mood"';
END
$$;
CREATE CAST (storm.mood AS json) WITH FUNCTION storm.mood_as_json(storm.mood);
CREATE FUNCTION storm.is_label(value text) RETURNS boolean
LANGUAGE plpgsql AS $$ BEGIN RETURN value <> 'bad' AND storm.chaos('ST002', 0.3); END $$;
CREATE DOMAIN storm.label AS text CHECK (storm.is_label(VALUE));
CREATE FUNCTION storm.is_sent(status text) RETURNS boolean
LANGUAGE plpgsql AS $$ BEGIN RETURN status <> 'draft' AND storm.chaos('ST003', 0.3); END $$;

-- ---- tables

CREATE SEQUENCE storm.id;
CREATE TABLE storm.template (
	id bigint NOT NULL DEFAULT nextval('storm.id'), customer text, words text, status text NOT NULL DEFAULT 'sent', due timestamptz, n int NOT NULL DEFAULT 1,
	label storm.label, mood storm.mood DEFAULT 'fine', brittle storm.brittle, region text NOT NULL DEFAULT 'north');

-- After each change, and again at the end of the transaction.
CREATE FUNCTION storm.changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	PERFORM storm.chaos(TG_ARGV[0]);
	RETURN NEW;
END
$$;

CREATE PROCEDURE storm.track(tab text, more jsonb) LANGUAGE plpgsql AS $$
BEGIN
	PERFORM FROM trust_ledger.track_table(('storm.' || tab)::regclass, more || $m${
		"customer": "=customer", "words": "=words", "due": "=due", "purpose": "=label", "actor": ":crm", "made_when": "storm.is_sent(status)",
		"paused_when": "status = 'held'", "kept_when": "status = 'kept' AND 100 / n > 0", "kept": {"actor": ":erp"},
		"broken_when": "status = 'broken'", "withdrawn_when": "status = 'void'", "longest_pause": ":10 days"}$m$);
END
$$;

CREATE PROCEDURE storm.make_table(tab text, more jsonb, options text DEFAULT '', key text DEFAULT 'id') LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('CREATE TABLE storm.%I (LIKE storm.template INCLUDING ALL, PRIMARY KEY (%s)) %s', tab, key, options);
	IF options <> '' THEN
		EXECUTE format('CREATE TABLE storm.%I_north PARTITION OF storm.%1$I FOR VALUES IN (''north'')', tab);
		EXECUTE format('CREATE TABLE storm.%I_south PARTITION OF storm.%1$I FOR VALUES IN (''south'')', tab);
	ELSE
		EXECUTE format('CREATE TRIGGER a_before BEFORE INSERT OR UPDATE ON storm.%I FOR EACH ROW EXECUTE FUNCTION storm.changed(''ST004'')', tab);
	END IF;
	EXECUTE format('CREATE TRIGGER z_after AFTER INSERT OR UPDATE ON storm.%I FOR EACH ROW EXECUTE FUNCTION storm.changed(''ST005'')', tab);
	EXECUTE format('CREATE CONSTRAINT TRIGGER z_late AFTER INSERT OR UPDATE ON storm.%I DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION storm.changed(''ST006'')', tab);
	CALL storm.track(tab, more);
END
$$;

CALL storm.make_table('deal', '{}');
CALL storm.make_table('quote', '{"write": ":now"}');
CALL storm.make_table('part', '{}', 'PARTITION BY LIST (region)', 'id, region');
CALL storm.make_table('slip', '{"on_error": ":park"}');
CALL storm.make_table('slip_now', '{"on_error": ":park", "write": ":now"}');
CALL storm.make_table('memo', '{"on_error": ":note", "made": {"kind": "=brittle"}}');
-- What the company's code itself changes has no such triggers: it would go on and on.
CREATE TABLE storm.inside (LIKE storm.template INCLUDING ALL, PRIMARY KEY (id));
CREATE TABLE storm.later (LIKE storm.template INCLUDING ALL, PRIMARY KEY (id));
CALL storm.track('inside', '{"write": ":now"}');
CALL storm.track('later', '{}');
-- Rows that two sessions change in opposite order.
INSERT INTO storm.deal (id, customer, words) SELECT -i, 'c' || i, 'shared ' || i FROM generate_series(1, 4) AS i;
RESET ROLE;

-- ---- planted by the ledger's owner

CREATE FUNCTION storm.planted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF storm.leaves_out('plan') OR NEW.customer !~ '^c[0-5]$' OR random() > 0.2 THEN
		RETURN NULL;
	END IF;
	IF random() < 0.3 THEN
		ANALYZE trust.entry;
	END IF;
	PERFORM FROM trust_ledger.make_promise('c' || 6 + floor(random() * 6)::int, 'by a trigger of the ledger''s owner', kind => 'call', actor => 'crm');
	PERFORM storm.chaos('ST007', 4);
	RETURN NULL;
END
$$;
CREATE TRIGGER planted AFTER INSERT ON trust.entry FOR EACH ROW EXECUTE FUNCTION storm.planted();
