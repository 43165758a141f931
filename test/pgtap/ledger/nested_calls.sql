-- Code of the ledger's owner that runs inside the ledger's own: it calls the ledger again, changes
-- tables, or fails.
CREATE EXTENSION pgtap;
CREATE EXTENSION trust_ledger;
SELECT plan(400);

SELECT trust_ledger.create_ledger();
SELECT trust_ledger.register_actor('anna', 'human', 'Anna');
SELECT trust_ledger.register_actor('ben', 'human');
SELECT trust_ledger.register_actor('bot', 'ai', responsible => 'anna', model => 'm1');
SELECT trust_ledger.set_policy('large', currency => 'EUR', least_value => 100, cumulative => true,
	evidence => 'asserted');
SELECT trust_ledger.grant_access('pg_monitor', 'analyst');
SELECT trust_ledger.make_promise(c, 'It works.', value => 1, currency => 'EUR', actor => 'anna')
	FROM unnest('{acme,other}'::text[]) AS c;
CREATE TABLE visit (id int PRIMARY KEY, customer text, title text);
CREATE TRIGGER made AFTER INSERT ON visit FOR EACH ROW EXECUTE FUNCTION trust_ledger.track('made',
	'customer=customer', 'words=title', 'actor:bot', 'write:now');
CREATE TRIGGER gone AFTER DELETE ON visit FOR EACH ROW EXECUTE FUNCTION trust_ledger.track('noted',
	'actor:bot', 'write:now');
CREATE FUNCTION promise_of(of_customer text) RETURNS uuid LANGUAGE sql AS
	'SELECT promise FROM trust.entry WHERE customer = of_customer AND seq = 1';
CREATE SEQUENCE visits;

-- ---- what the owner's code does

CREATE SCHEMA own;
CREATE TABLE own.action (name text PRIMARY KEY, does text);
INSERT INTO own.action VALUES
	('another customer',
		$$PERFORM trust_ledger.add_note(public.promise_of('other'), 'nested', actor => 'ben');
		PERFORM trust_ledger.make_promise('nested', 'w', value => 1, currency => 'EUR',
			actor => 'ben', idempotency_key => clock_timestamp()::text)$$),
	('many at once',
		$$PERFORM trust_ledger.make_promises(ARRAY(SELECT ROW('nested ' || i % 2, 'w',
			NULL, NULL, NULL, NULL, 1, 'EUR', NULL, NULL, NULL, 'anna',
			NULL, NULL, NULL)::trust_ledger.new_promise
		FROM generate_series(1, 5) i))$$),
	('a tracked row', $$INSERT INTO public.visit SELECT nextval('public.visits'), 'nested', 'w'$$),
	('the same customer',
		$$PERFORM trust_ledger.add_note(public.promise_of('acme'), 'nested', actor => 'ben')$$),
	('governance',
		$$PERFORM trust_ledger.register_actor('n' || (random() * 1000000)::int, 'human');
		PERFORM trust_ledger.set_ledger(zone => 'Asia/Tokyo');
		PERFORM trust_ledger.set_policy('nested', kind => 'n', grace => '1 day');
		PERFORM trust_ledger.grant_access('pg_read_all_stats', 'analyst')$$),
	('DDL and another customer', $$ANALYZE trust.entry, trust.promise, trust.chain, trust.source,
		trust.actor, trust.policy;
		CREATE TABLE own.passing (x int); DROP TABLE own.passing;
		FOR t IN SELECT oid::regclass FROM pg_class WHERE relnamespace = 'trust'::regnamespace
			AND relkind = 'r' LOOP
			BEGIN
				EXECUTE format('ALTER TABLE %s ADD COLUMN IF NOT EXISTS later text, ALTER COLUMN '
					'later SET STATISTICS %s', t, (random() * 100)::int);
			EXCEPTION WHEN object_in_use THEN NULL;
			END;
		END LOOP;
		PERFORM trust_ledger.add_note(public.promise_of('other'), 'nested', actor => 'anna');
		PERFORM trust_ledger.make_promise('nested', 'w', value => 1, currency => 'EUR',
			actor => 'ben');
		PERFORM trust_ledger.amend_promise(public.promise_of('other'),
			words => clock_timestamp()::text, actor => 'ben')$$),
	('an error', $$PERFORM trust_ledger.make_promise('nested', 'w', actor => 'ben'); $$ ||
		$$RAISE SQLSTATE 'OWN00'$$),
	('an error that it catches', $$BEGIN
			ANALYZE trust.entry;
			PERFORM trust_ledger.make_promise('nested', 'w', actor => 'ben');
			PERFORM trust_ledger.make_promise('nested', 'w', actor => 'nobody');
		EXCEPTION WHEN undefined_object THEN
			PERFORM trust_ledger.make_promise('nested', 'w', actor => 'anna');
		END$$),
	('reading', $$PERFORM FROM trust_ledger.verify(); PERFORM trust_ledger.ledger_digest();
		PERFORM FROM trust_ledger.history(public.promise_of('other'));
		PERFORM FROM trust_ledger.trust_trend('customer', '1 day', now() - interval '2 days');
		PERFORM count(*) FROM trust.current_promise;
		PERFORM trust_ledger.customer_score('other'), trust_ledger.promiser_score('anna', now())$$);

-- Does what test.doing names, but not again inside itself.
CREATE FUNCTION own.act() RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
	doing text := current_setting('test.doing', true);
BEGIN
	IF doing <> '' THEN
		PERFORM set_config('test.doing', '', true);
		EXECUTE (SELECT format('DO $do$ DECLARE t regclass; BEGIN %s; END $do$', does) FROM
			own.action
			WHERE name = doing);
		PERFORM set_config('test.doing', doing, true);
	END IF;
	RETURN true;
END
$$;
CREATE FUNCTION own.fire() RETURNS trigger LANGUAGE
	plpgsql AS 'BEGIN PERFORM own.act(); RETURN coalesce(NEW, OLD); END';
-- Marked immutable, it can run while a statement is planned.
CREATE FUNCTION own.value(text) RETURNS text IMMUTABLE LANGUAGE
	plpgsql AS 'BEGIN PERFORM own.act(); RETURN $1; END';
CREATE DOMAIN own.checked AS text DEFAULT 'x' CHECK (own.act());

-- ---- where it runs

CREATE TABLE planted (place text, calls text[], does text);
INSERT INTO planted
SELECT fires || ' on ' || tab, calls,
	format('CREATE TRIGGER %s %s ON trust.%I FOR EACH %s EXECUTE FUNCTION own.fire()', name,
	split_part(fires, ' FOR', 1), tab, split_part(fires, 'EACH ', 2))
FROM (VALUES ('entry', '{make_promises,add_note,a tracked row}'::text[]),
	('chain', '{make_promises,rebuild}'), ('promise', '{make_promises,add_note}'),
	('source', '{a tracked row}'),
		('actor', '{register_actor}'), ('policy', '{set_policy}'), ('access', '{grant_access}'),
		('ledger', '{set_ledger}')) AS t (tab, calls),
	(VALUES ('a', 'BEFORE INSERT OR UPDATE FOR EACH ROW'),
		('z', 'AFTER INSERT OR UPDATE FOR EACH ROW'), ('z', 'AFTER INSERT FOR EACH STATEMENT')) AS f
		(name, fires)
WHERE tab = 'entry' OR fires LIKE '%ROW';
INSERT INTO planted
SELECT place || ' on ' || tab, calls, format(does, tab)
FROM (VALUES ('entry', '{make_promises}'::text[]), ('promise', '{add_note}')) AS t (tab, calls),
	(VALUES ('a check', 'ALTER TABLE trust.%I ADD CHECK (own.act())'),
		('a default', 'ALTER TABLE trust.%I ADD COLUMN extra text DEFAULT own.act()::text'),
		('a default that is folded',
			'ALTER TABLE trust.%I ADD COLUMN extra text DEFAULT own.value(''x'')'),
		('a domain', 'ALTER TABLE trust.%I ADD COLUMN extra own.checked'),
		('a generated column',
			'ALTER TABLE trust.%I ADD COLUMN extra text GENERATED ALWAYS AS (own.value(''x'')) '
			'STORED'),
		('an index', 'CREATE INDEX ON trust.%I (own.value(customer))'),
		('a rule', 'CREATE RULE planted AS ON UPDATE TO trust.%I DO ALSO SELECT own.act()')) AS p
			(place, does)
WHERE (tab, place) NOT IN (('entry', 'a rule'), ('promise', 'a default'),
	('promise', 'a default that is folded'), ('promise', 'a domain'), ('promise', 'an index'));
INSERT INTO planted
SELECT 'a view in place of ' || tab, calls,
	format('ALTER TABLE trust.%1$I RENAME TO was_%1$s; CREATE VIEW trust.%1$I AS SELECT * '
	'FROM trust.was_%1$s WHERE (SELECT own.act())', tab)
FROM (VALUES ('actor', '{make_promise,register_actor}'::text[]),
	('policy', '{make_promise,set_policy}'), ('access', '{make_promise by a role}'),
	('chain', '{make_promise,rebuild}')) AS t (tab, calls);

CREATE ROLE app;
SELECT trust_ledger.grant_access('app', 'application');
CREATE TABLE call (name text, does text);
INSERT INTO call VALUES
	('make_promise', $$SELECT trust_ledger.make_promise('acme', 'w', value => 1, currency => 'EUR',
		actor => 'anna')$$),
	('make_promise by a role', $$SET LOCAL ROLE app; SELECT trust_ledger.make_promise('acme', 'w',
		value => 1, currency => 'EUR', actor => 'anna'); RESET ROLE$$),
	('make_promises',
		$$SELECT trust_ledger.make_promises(ARRAY(SELECT ROW('acme' || i / 2, 'w', NULL, NULL, NULL,
		NULL, 1, 'EUR', NULL, NULL, NULL, 'anna', NULL, NULL, NULL)::trust_ledger.new_promise
		FROM generate_series(0, 3) i))$$),
	('add_note', $$SELECT trust_ledger.add_note(promise_of('acme'), 'outer', actor => 'anna')$$),
	('a tracked row', $$INSERT INTO visit SELECT nextval('visits'), 'acme', 'w'
		FROM generate_series(1, 2); DELETE FROM visit WHERE customer = 'acme'$$),
	('register_actor', $$SELECT trust_ledger.register_actor('ben', 'human',
		name => clock_timestamp()::text)$$),
	('set_policy', $$SELECT trust_ledger.set_policy('later', kind => 'k', grace => '1 day')$$),
	('grant_access', $$SELECT trust_ledger.grant_access('pg_monitor', 'auditor')$$),
	('set_ledger', $$SELECT trust_ledger.set_ledger(lag => '2 days')$$),
	('rebuild', $$SELECT trust_ledger.rebuild('acme', 'to see')$$);

-- Makes the call twice, each in a savepoint, and once more without the owner's code. Returns the
-- three outcomes, and what verify() finds besides foreign objects.
CREATE FUNCTION nested(plant text, doing text, call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	outcomes text[];
	found text;
BEGIN
	EXECUTE plant;
	FOR i IN 1 .. 3 LOOP
		PERFORM set_config('test.doing', CASE WHEN i < 3 THEN doing ELSE '' END, true);
		BEGIN
			EXECUTE call;
			outcomes := outcomes || 'ok'::text;
		EXCEPTION WHEN OTHERS THEN
			outcomes := outcomes || SQLSTATE;
		END;
	END LOOP;
	SELECT string_agg(concat_ws(' ', part, customer, seq, field, problem), '; ') INTO found
		FROM trust_ledger.verify() WHERE part NOT IN ('guard', 'table', 'view')
		AND field IS DISTINCT FROM 'extra';
	RAISE SQLSTATE 'OK000';
EXCEPTION
	WHEN SQLSTATE 'OK000' THEN RETURN array_to_string(outcomes, ' ') || coalesce(': ' || found, '');
	WHEN OTHERS THEN RETURN 'planting: ' || SQLSTATE || ' ' || SQLERRM;
END
$$;

-- One transaction per place. A nested call for the same customer or the same row can be refused;
-- then nothing of either call stays.
SELECT format($$SELECT matches(nested(p.does, d.name, c.does), CASE
		WHEN d.name = 'an error' THEN '^(OWN00 OWN00|OWN00 ok|ok OWN00) ok$'
		WHEN d.name = 'the same customer' AND p.place ~ '^AFTER.* on entry$' AND c.name IN
			('add_note', 'a tracked row') THEN '^55006 55006 ok$'
		WHEN d.name IN ('the same customer', 'governance')
			THEN '^((ok|23505|55006|27000|TL006) ){2}ok$'
		ELSE '^ok ok ok$' END, format('%%s in %%s: %%s', d.name, p.place, c.name))
	FROM planted p JOIN call c ON c.name = ANY (p.calls) CROSS JOIN own.action d
	WHERE p.place = %L$$,
		place)
FROM planted \gexec

-- A deferred trigger, which would run as the caller at the end of the transaction, is refused.
SELECT is(nested($$CREATE CONSTRAINT TRIGGER z AFTER INSERT ON trust.entry DEFERRABLE INITIALLY
	DEFERRED FOR EACH ROW EXECUTE FUNCTION own.fire()$$, 'another customer', does),
	'42501 42501 42501', 'a deferred trigger') FROM call WHERE name = 'make_promises';

-- The statement that looks up the row gets a new plan after some uses, also in the middle of it.
INSERT INTO own.action VALUES ('many tracked rows', $$INSERT INTO public.visit
	SELECT nextval('public.visits'), 'nested', 'w' FROM generate_series(1, 5)$$);
SELECT is(nested('ALTER TABLE trust.source RENAME TO was_source; CREATE VIEW trust.source '
	'AS SELECT * FROM trust.was_source WHERE (SELECT own.act())', 'many tracked rows',
	'INSERT INTO visit SELECT nextval(''visits''), ''acme'', ''w'' FROM generate_series(1, 4)'),
		'ok ok ok', 'while the row is looked for');

-- The same without a savepoint around it, each call in a transaction of its own.
CREATE TRIGGER z AFTER INSERT ON trust.entry FOR EACH ROW EXECUTE FUNCTION own.fire();
SET test.doing = 'DDL and another customer';
SELECT is((trust_ledger.add_note(promise_of('acme'), 'outer', actor => 'anna')).seq, i + 1,
	format('call %s', i)) FROM (VALUES (1::bigint)) AS v (i);
SELECT is((trust_ledger.add_note(promise_of('acme'), 'outer', actor => 'anna')).seq, i + 1,
	format('call %s', i)) FROM (VALUES (2::bigint)) AS v (i);
SELECT is((trust_ledger.add_note(promise_of('acme'), 'outer', actor => 'anna')).seq, i + 1,
	format('call %s', i)) FROM (VALUES (3::bigint)) AS v (i);
RESET test.doing;
SELECT is_empty('SELECT * FROM trust_ledger.verify()', 'nothing is wrong');
DROP TRIGGER z ON trust.entry;

-- ---- a call ends with the settings that it began with

-- The zone is changed while the first of two customers is written; the second's promise falls due
-- in the zone of the first.
BEGIN;
CREATE TRIGGER z BEFORE UPDATE ON trust.chain FOR EACH ROW WHEN (NEW.customer = 'far 1')
	EXECUTE FUNCTION own.fire();
SELECT set_config('test.doing', 'governance', true);
SELECT trust_ledger.set_ledger(zone => 'America/New_York');
SELECT trust_ledger.make_promises(ARRAY(SELECT ROW('far ' || i, 'w', NULL, NULL, NULL,
	date '2031-01-01', 1, 'EUR', NULL, NULL, NULL, 'anna', NULL, NULL,
	NULL)::trust_ledger.new_promise
	FROM generate_series(1, 2) i));
SELECT is((SELECT zone FROM trust.ledger), 'Asia/Tokyo', 'the ledger has another zone');
SELECT is((SELECT count(DISTINCT due) FROM trust.promise WHERE customer LIKE 'far %'), 1::bigint,
	'both are due in the zone of the call');
ROLLBACK;

-- A nested ledger_digest() does not disturb the outer one.
BEGIN;
SELECT digest FROM trust_ledger.ledger_digest() \gset
ALTER TABLE trust.chain RENAME TO was_chain;
CREATE VIEW trust.chain AS SELECT * FROM trust.was_chain WHERE own.act();
SELECT set_config('test.doing', 'reading', true);
SELECT is((trust_ledger.ledger_digest()).digest, :'digest', 'a digest within a digest');
ROLLBACK;

-- Levels belong to one role: a nested call checks those of its own role.
CREATE ROLE nobody;
BEGIN;
ALTER TABLE trust.access RENAME TO was_access;
CREATE VIEW trust.access AS SELECT * FROM trust.was_access WHERE own.act();
INSERT INTO own.action VALUES ('another role', 'PERFORM own.as_nobody()');
CREATE FUNCTION own.as_nobody() RETURNS text SECURITY DEFINER LANGUAGE plpgsql AS $$
BEGIN
	PERFORM trust_ledger.make_promise('nested', 'w', actor => 'anna');
	RETURN 'ok';
EXCEPTION WHEN SQLSTATE 'TL004' THEN RETURN 'refused';
END
$$;
ALTER FUNCTION own.as_nobody OWNER TO nobody;
GRANT USAGE ON SCHEMA own TO nobody;
SELECT set_config('test.doing', 'another role', true);
SET LOCAL ROLE app;
SELECT lives_ok($$SELECT trust_ledger.make_promise('acme', 'w', actor => 'anna')$$,
	'the role has the level');
SET LOCAL ROLE nobody;
SELECT throws_ok($$SELECT trust_ledger.make_promise('acme', 'w', actor => 'anna')$$, 'TL004', NULL,
	'and who was asked about meanwhile has not');
ROLLBACK;

-- A former owner cannot govern any more, in the same session, once the ledger has a new one.
BEGIN;
CREATE ROLE owners;
CREATE ROLE first_owner IN ROLE owners;
CREATE ROLE second_owner IN ROLE owners;
SELECT format('ALTER DATABASE %I OWNER TO owners', current_database()) AS give_database \gset
:give_database;
ALTER SCHEMA trust OWNER TO owners;
SELECT format('ALTER TABLE %s OWNER TO owners', oid::regclass) FROM pg_class
	WHERE relnamespace = 'trust'::regnamespace AND relkind IN ('r', 'v') \gexec
ALTER TABLE trust.ledger OWNER TO first_owner;
SET LOCAL ROLE first_owner;
SELECT lives_ok($$SELECT trust_ledger.register_actor('carl', 'human')$$, 'the owner governs');
RESET ROLE;
ALTER TABLE trust.ledger OWNER TO second_owner;
SET LOCAL ROLE first_owner;
SELECT throws_ok($$SELECT trust_ledger.register_actor('dora', 'human')$$, 'TL004', NULL,
	'who owned it does not');
ROLLBACK;
