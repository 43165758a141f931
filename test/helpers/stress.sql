-- A ledger and application tables for test/tap/stress.pl. Rows are tracked in every way that there
-- is, and user code runs wherever it can run inside the ledger's own: in BEFORE, AFTER and deferred
-- triggers, casts to json, output functions, checks of domains, conditions of a mapping, and a
-- trigger on trust.entry.
--
-- Settings of a session say what that code does (stress.acts), how often (stress.chance), and what
-- it leaves out (stress.without). Run it with psql as superuser, once in a database; role app must
-- exist.

\set ON_ERROR_STOP on
\o /dev/null
SET client_min_messages = error;
CREATE EXTENSION trust_ledger;
SELECT trust_ledger.create_ledger();
SELECT trust_ledger.register_actor('anna', 'human'), trust_ledger.register_actor('ben', 'human',
	authority => '{"EUR": 2000}');
SELECT trust_ledger.register_actor('crm', 'system', responsible => 'anna'),
	trust_ledger.register_actor('bot', 'ai', responsible => 'ben', model => 'm 1');
SELECT trust_ledger.register_actor('erp', 'system', responsible => 'ben', speaks_for => 'record'),
	trust_ledger.register_actor('portal', 'system', responsible => 'ben', speaks_for => 'customer');
SELECT trust_ledger.set_policy('machines', promiser_kind => 'ai', evidence => 'asserted',
	back_within => '5 days');
SELECT trust_ledger.grant_access(current_user, 'import'), trust_ledger.grant_access('app',
	'application');
GRANT CREATE, TEMPORARY ON DATABASE :DBNAME TO app;
CREATE SCHEMA stress AUTHORIZATION app;

-- ---- what user code does inside the ledger's own

-- Does one of the acts that the session allows. An error has the SQLSTATE of its place.
CREATE FUNCTION stress.do_act(act text, place text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	CASE act
		WHEN 'error' THEN
			RAISE EXCEPTION 'stress: %', place USING ERRCODE = place;
		WHEN 'caught' THEN
			BEGIN
				PERFORM 1 / (random() * 0)::int;
			EXCEPTION WHEN division_by_zero THEN
				RAISE NOTICE 'caught';
			END;
		WHEN 'temp' THEN
			CREATE TEMP TABLE IF NOT EXISTS stress_temp (n int);
			DROP TABLE stress_temp;
		WHEN 'column' THEN
			ALTER TABLE stress.inside ALTER COLUMN n SET STATISTICS 10;
		WHEN 'undone column' THEN
			BEGIN
				ALTER TABLE stress.later ADD COLUMN undone int;
				RAISE SQLSTATE 'UNDO0';
			EXCEPTION WHEN SQLSTATE 'UNDO0' THEN
				NULL;
			END;
		WHEN 'index' THEN
			CREATE INDEX stress_undone ON stress.inside (n);
			DROP INDEX stress.stress_undone;
		WHEN 'function' THEN
			CREATE OR REPLACE FUNCTION stress.replaced() RETURNS int LANGUAGE sql AS 'SELECT 1';
			PERFORM stress.replaced();
		WHEN 'settings' THEN
			ALTER TABLE trust.entry SET (fillfactor = 100);
			ALTER TABLE trust.promise SET (fillfactor = 90);
		WHEN 'reindex' THEN
			REINDEX TABLE trust.source;
		WHEN 'analyze' THEN
			ANALYZE trust.entry, trust.promise, trust.source;
		WHEN 'row' THEN
			INSERT INTO stress.inside (customer, words) VALUES (stress.customer(),
				repeat('nested ', 20));
		WHEN 'later row' THEN
			INSERT INTO stress.later (customer, words) VALUES (stress.customer(),
				repeat('nested ', 20));
			UPDATE stress.later SET words = words || '!' WHERE id = (SELECT max(id)
				FROM stress.later);
		WHEN 'parked row' THEN
			INSERT INTO stress.slip (customer, words, due) VALUES (stress.customer(), 'nested',
				now() - interval '1 day');
		WHEN 'call' THEN
			PERFORM FROM trust_ledger.make_promise(stress.customer(), 'nested', kind => 'call',
				actor => 'bot');
		WHEN 'note' THEN
			PERFORM FROM trust_ledger.add_note(stress.pick('{proposed,open}'), 'nested',
				actor => 'crm');
		WHEN 'policy' THEN
			PERFORM FROM trust_ledger.set_policy('machines', promiser_kind => 'ai',
				evidence => 'asserted', back_within => '6 days');
		WHEN 'verify' THEN
			PERFORM FROM trust_ledger.verify(stress.customer());
	END CASE;
END
$$;

-- Nests at most twice. A savepoint that is rolled back takes the setting back, too.
CREATE FUNCTION stress.interfere(place text, chance float8 DEFAULT 1) RETURNS boolean LANGUAGE
	plpgsql AS $$
DECLARE
	deep CONSTANT int := coalesce(nullif(current_setting('stress.deep', true), ''), '0')::int;
	acts CONSTANT text[] := string_to_array(current_setting('stress.acts', true), ',');
BEGIN
	IF random() >= chance * coalesce(nullif(current_setting('stress.chance', true), ''),
		'0')::float8 OR deep >= 2 OR acts = '{}' THEN
		RETURN true;
	END IF;
	PERFORM set_config('stress.deep', (deep + 1)::text, true);
	PERFORM stress.do_act(acts[1 + floor(random() * cardinality(acts))::int], place);
	PERFORM set_config('stress.deep', deep::text, true);
	RETURN true;
END
$$;

CREATE FUNCTION stress.leaves_out(what text) RETURNS boolean
LANGUAGE sql
	AS $$ SELECT what = ANY (string_to_array(coalesce(current_setting('stress.without', true), ''),
	',')) $$;

CREATE FUNCTION stress.customer() RETURNS text
LANGUAGE sql AS $$ SELECT 'c' || floor(random() * 12)::int $$;

-- One of the latest promises in one of these states that were made by a call, not by a tracked row.
CREATE FUNCTION stress.pick(states text[]) RETURNS uuid LANGUAGE sql SECURITY DEFINER AS $$
	SELECT promise FROM (SELECT promise FROM trust.promise WHERE kind = 'call' AND state = ANY
		(states) ORDER BY promise DESC LIMIT 30) AS latest
	ORDER BY random() LIMIT 1
$$;

-- ---- types

-- The output function is that of enums: it knows the labels of stress.mood and fails for any other
-- value.
CREATE TYPE stress.mood AS ENUM ('fine', 'odd');
CREATE TYPE stress.brittle;
CREATE FUNCTION stress.brittle_in(cstring) RETURNS stress.brittle LANGUAGE internal IMMUTABLE
	STRICT AS 'oidin';
CREATE FUNCTION stress.brittle_out(stress.brittle) RETURNS cstring LANGUAGE internal IMMUTABLE
	STRICT AS 'enum_out';
CREATE TYPE stress.brittle (INPUT = stress.brittle_in, OUTPUT = stress.brittle_out, LIKE = oid,
	CATEGORY = 'S');
CREATE FUNCTION stress.a_brittle(breaks boolean) RETURNS stress.brittle LANGUAGE plpgsql AS $$
BEGIN
	RETURN CASE WHEN breaks THEN '1' ELSE (SELECT min(oid)::text FROM pg_enum
		WHERE enumtypid = 'stress.mood'::regtype) END;
END
$$;

ALTER TYPE stress.mood OWNER TO app;
GRANT pg_read_all_stats TO app;
SET ROLE app;
CREATE FUNCTION stress.mood_as_json(mood stress.mood) RETURNS json LANGUAGE plpgsql AS $$
BEGIN
	-- where changes are parked nobody sees an error, and it is gone when they are written later
	IF random() < 0.08 AND current_setting('stress.chance', true) > '0' THEN
		PERFORM stress.do_act('error', 'ST001');
	END IF;
	IF random() < 0.5 AND NOT stress.leaves_out('nested_cast') THEN
		INSERT INTO stress.inside (customer, words) VALUES (stress.customer(),
			repeat('by a cast ', 20));
		PERFORM stress.interfere('ST001', 2);
	END IF;
	RETURN '"mood"';
END
$$;
CREATE CAST (stress.mood AS json) WITH FUNCTION stress.mood_as_json(stress.mood);
CREATE FUNCTION stress.is_label(value text) RETURNS boolean
LANGUAGE plpgsql AS $$ BEGIN RETURN value <> 'bad' AND stress.interfere('ST002', 0.3); END $$;
CREATE DOMAIN stress.label AS text CHECK (stress.is_label(VALUE));
CREATE FUNCTION stress.is_sent(status text) RETURNS boolean
LANGUAGE plpgsql AS $$ BEGIN RETURN status <> 'draft' AND stress.interfere('ST003', 0.3); END $$;

-- ---- tables

CREATE SEQUENCE stress.id;
CREATE TABLE stress.template (
	id bigint NOT NULL DEFAULT nextval('stress.id'), customer text, words text, status text NOT NULL
		DEFAULT 'sent', due timestamptz, n int NOT NULL DEFAULT 1,
	label stress.label, mood stress.mood DEFAULT 'fine', brittle stress.brittle,
		region text NOT NULL DEFAULT 'north');

-- Runs after each change, and again at the end of the transaction.
CREATE FUNCTION stress.changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	PERFORM stress.interfere(TG_ARGV[0]);
	RETURN NEW;
END
$$;

CREATE PROCEDURE stress.track(tab text, more jsonb) LANGUAGE plpgsql AS $$
BEGIN
	PERFORM FROM trust_ledger.track_table(('stress.' || tab)::regclass, more || $m${
		"customer": "=customer", "words": "=words", "due": "=due", "purpose": "=label",
			"actor": ":crm", "made_when": "stress.is_sent(status)",
		"paused_when": "status = 'held'", "kept_when": "status = 'kept' AND 100 / n > 0",
			"kept": {"actor": ":erp"},
		"broken_when": "status = 'broken'", "withdrawn_when": "status = 'void'",
			"longest_pause": ":10 days"}$m$);
END
$$;

CREATE PROCEDURE stress.make_table(tab text, more jsonb, options text DEFAULT '', key text DEFAULT
	'id') LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('CREATE TABLE stress.%I (LIKE stress.template INCLUDING ALL, PRIMARY KEY (%s)) '
		'%s', tab, key, options);
	IF options <> '' THEN
		EXECUTE format('CREATE TABLE stress.%I_north PARTITION OF stress.%1$I FOR '
			'VALUES IN (''north'')', tab);
		EXECUTE format('CREATE TABLE stress.%I_south PARTITION OF stress.%1$I FOR '
			'VALUES IN (''south'')', tab);
	ELSE
		EXECUTE format('CREATE TRIGGER a_before BEFORE INSERT OR UPDATE ON stress.%I FOR EACH ROW '
			'EXECUTE FUNCTION stress.changed(''ST004'')', tab);
	END IF;
	EXECUTE format('CREATE TRIGGER z_after AFTER INSERT OR UPDATE ON stress.%I FOR EACH ROW '
		'EXECUTE FUNCTION stress.changed(''ST005'')', tab);
	EXECUTE format('CREATE CONSTRAINT TRIGGER z_late AFTER INSERT OR UPDATE ON stress.%I '
		'DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION stress.changed(''ST006'')',
		tab);
	CALL stress.track(tab, more);
END
$$;

CALL stress.make_table('deal', '{}');
CALL stress.make_table('quote', '{"write": ":now"}');
CALL stress.make_table('part', '{}', 'PARTITION BY LIST (region)', 'id, region');
CALL stress.make_table('slip', '{"on_error": ":park"}');
CALL stress.make_table('slip_now', '{"on_error": ":park", "write": ":now"}');
CALL stress.make_table('memo', '{"on_error": ":note", "made": {"kind": "=brittle"}}');
-- Tables that user code itself changes have no such triggers, which would never end.
CREATE TABLE stress.inside (LIKE stress.template INCLUDING ALL, PRIMARY KEY (id));
CREATE TABLE stress.later (LIKE stress.template INCLUDING ALL, PRIMARY KEY (id));
CALL stress.track('inside', '{"write": ":now"}');
CALL stress.track('later', '{}');
-- Rows that two sessions change in opposite order.
INSERT INTO stress.deal (id, customer, words) SELECT -i, 'c' || i, 'shared ' || i
	FROM generate_series(1, 4) AS i;
RESET ROLE;

-- ---- planted by the ledger's owner

CREATE FUNCTION stress.planted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF stress.leaves_out('plan') OR NEW.customer !~ '^c[0-5]$' OR random() > 0.2 THEN
		RETURN NULL;
	END IF;
	IF random() < 0.3 THEN
		ANALYZE trust.entry;
	END IF;
	PERFORM FROM trust_ledger.make_promise('c' || 6 + floor(random() * 6)::int,
		'by a trigger of the ledger''s owner', kind => 'call', actor => 'crm');
	PERFORM stress.interfere('ST007', 4);
	RETURN NULL;
END
$$;
CREATE TRIGGER planted AFTER INSERT ON trust.entry FOR EACH ROW EXECUTE FUNCTION stress.planted();
