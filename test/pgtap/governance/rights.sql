-- The rights that the ledger's functions run with: under a hostile search_path, with functions that
-- the owner planted on its tables, and behind security-definer functions.

CREATE EXTENSION pgtap;
SELECT plan(141);
CREATE EXTENSION trust_ledger;

CREATE ROLE ledger_owner;
CREATE ROLE application;
CREATE ROLE nobody;
CREATE ROLE anna_login LOGIN;
SELECT format('ALTER DATABASE %I OWNER TO ledger_owner', current_database()) AS give_to_owner \gset
:give_to_owner;

SELECT is_empty($$
	SELECT p.oid::regprocedure FROM pg_proc p
	WHERE pronamespace = 'trust_ledger'::regnamespace
		AND NOT EXISTS (SELECT FROM aclexplode(proacl) AS a WHERE a.grantee = 0 AND a.privilege_type
			= 'EXECUTE') $$,
	'levels and not privileges keep callers out: everybody may execute, and that is said');

-- ---- a hostile search_path: every function, operator and type of pg_catalog has a namesake

CREATE SCHEMA evil;
GRANT USAGE ON SCHEMA evil TO PUBLIC;
CREATE FUNCTION evil.refuse() RETURNS boolean LANGUAGE plpgsql AS $$BEGIN RAISE SQLSTATE 'EVIL0';
	END$$;
SET client_min_messages = error;
DO $$
DECLARE
	r record;
	body CONSTANT text := quote_literal('BEGIN RAISE SQLSTATE ''EVIL0''; END');
	polymorphic CONSTANT
		regtype[] :=
		'{anyelement,anyarray,anynonarray,anyenum,anyrange,anycompatible,anycompatiblearray}';
BEGIN
	FOR r IN
		SELECT format('CREATE FUNCTION evil.%I(%s%s) RETURNS %s LANGUAGE plpgsql AS %s', proname,
			CASE WHEN provariadic <> 0 THEN 'VARIADIC ' ELSE '' END, oidvectortypes(proargtypes),
				prorettype::regtype, body) AS create
		FROM pg_proc
		WHERE pronamespace = 'pg_catalog'::regnamespace AND (pronargs <= 1 OR provariadic = 0)
			AND NOT EXISTS (
				SELECT FROM pg_type t
				WHERE t.oid = ANY (proargtypes::oid[] || prorettype) AND typtype = 'p'
					AND t.oid <> ALL (polymorphic))
		UNION ALL
		SELECT format('CREATE FUNCTION evil.operator(%s, %s) RETURNS %s LANGUAGE plpgsql AS %s',
			oprleft::regtype, oprright::regtype, oprresult::regtype, body)
			|| format('; CREATE OPERATOR evil.%s (LEFTARG = %s, RIGHTARG = %s, '
				'FUNCTION = evil.operator)',
				oprname, oprleft::regtype, oprright::regtype)
		FROM pg_operator
		WHERE oprnamespace = 'pg_catalog'::regnamespace AND oprkind = 'b'
	LOOP
		BEGIN
			EXECUTE r.create;
		EXCEPTION
			WHEN duplicate_function THEN		-- another operator of the same operands
				EXECUTE substr(r.create, strpos(r.create, 'CREATE OPERATOR'));
			-- a result that cannot be told from its arguments
			WHEN invalid_function_definition THEN
				NULL;
		END;
	END LOOP;
	FOR r IN
		SELECT typname FROM pg_type
		WHERE typnamespace = 'pg_catalog'::regnamespace AND typtype = 'b' AND typcategory <> 'A'
			AND typlen <> -2
	LOOP
		EXECUTE format('CREATE DOMAIN evil.%1$I AS pg_catalog.%1$I CHECK (evil.refuse())',
			r.typname);
	END LOOP;
END
$$;
RESET client_min_messages;

-- 'ok' or the SQLSTATE of a call under that search_path. Its effects stay.
CREATE FUNCTION under_evil(call text, as_role text DEFAULT 'none') RETURNS text LANGUAGE
	plpgsql AS $$
BEGIN
	PERFORM set_config('role', as_role, true);
	PERFORM set_config('search_path', 'evil, pg_catalog', true);
	EXECUTE call;
	PERFORM pg_catalog.set_config('search_path', 'public', true);
	PERFORM set_config('role', 'none', true);
	RETURN 'ok';
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE;
END
$$;

SELECT is(under_evil(call), 'EVIL0', 'the hostile path is one: ' || call)
FROM unnest(ARRAY[
	$$SELECT 'a'::pg_catalog.text = 'a'$$, $$SELECT 1::int8 = 1::int8$$,
		$$SELECT '{}'::pg_catalog.jsonb || '{}'::pg_catalog.jsonb$$,
	$$SELECT '{}'::pg_catalog.jsonb - 'a'::pg_catalog.text$$, $$SELECT now()$$,
		$$SELECT to_jsonb('a'::pg_catalog.text)$$,
	$$SELECT unnest('{a}'::pg_catalog.text[])$$, $$SELECT 'a'::text$$,
	$$SELECT '00000000-0000-0000-0000-000000000000'::pg_catalog.uuid
		= '00000000-0000-0000-0000-000000000000'$$]) AS call;

CREATE TABLE tracked (id bigint PRIMARY KEY, customer text, title text);
ALTER TABLE tracked OWNER TO ledger_owner;
CREATE TABLE calls (n serial, call text);
INSERT INTO calls (call) VALUES
	($$SELECT trust_ledger.register_actor('anna', 'human', 'Anna', authority => '{"EUR": 5}')$$),
	($$SELECT trust_ledger.register_actor('ben', 'human', idempotency_key => 'k')$$),
	($$SELECT trust_ledger.register_actor('bot', 'ai', responsible => 'anna', model => 'm')$$),
	($$SELECT trust_ledger.register_actor('carl', 'human', speaks_for => 'customer')$$),
	($$SELECT trust_ledger.retire_actor('anna', successor => 'ben')$$),
	($$SELECT trust_ledger.register_actor('anna', 'human', returns => true)$$),
	($$SELECT trust_ledger.act_as('anna')$$),
	($$SELECT trust_ledger.set_policy('p', kind => 'k', currency => 'EUR', least_value => 5,
		evidence => 'asserted', grace => '1 day')$$),
	($$SELECT trust_ledger.set_policy('q', evidence => 'asserted')$$),
	($$SELECT trust_ledger.drop_policy('q')$$),
	($$SELECT trust_ledger.set_ledger(zone => 'Europe/Berlin', lag => '1 day')$$),
	($$SELECT trust_ledger.grant_access('application', 'application')$$),
	($$SELECT trust_ledger.grant_access('application', 'auditor')$$),
	($$SELECT trust_ledger.revoke_access('application', 'auditor')$$),
	($$SELECT trust_ledger.make_promise('c', 'w', kind => 'k', value => 7, currency => 'EUR',
		due_on => '2099-01-01', drafted_by => 'bot')$$),
	($$SELECT trust_ledger.make_promise('c', 'w', actor => 'bot', promiser => 'anna',
		idempotency_key => 'k')$$),
	($$SELECT trust_ledger.make_promise('c', 'w', actor => 'bot', promiser => 'anna',
		idempotency_key => 'k')$$),
	($$SELECT trust_ledger.back_promise(%L, actor => 'ben')$$),
	($$SELECT trust_ledger.withdraw_backing(%L, actor => 'ben', customer => 'c')$$),
	($$SELECT trust_ledger.amend_promise(%L, 'other', clear => '{value}')$$),
	($$SELECT trust_ledger.accept_promise(%L, actor => 'carl')$$),
	($$SELECT trust_ledger.assess_promise(%L, 'kept', relayed => true, actor => 'ben')$$),
	($$SELECT trust_ledger.make_promise('c', 'w', kind => 'k', value => 7, currency => 'EUR',
		due_on => '2099-01-01', longest_pause => '1 day', actor => 'bot')$$),
	($$SELECT trust_ledger.decline_promise(%L, actor => 'ben')$$),
	($$SELECT trust_ledger.amend_promise(%L, 'other', actor => 'bot')$$),
	($$SELECT trust_ledger.back_promise(%L, actor => 'ben')$$),
	($$SELECT trust_ledger.pause_promise(%L, 'r')$$), ($$SELECT trust_ledger.resume_promise(%L)$$),
	($$SELECT trust_ledger.add_note(%L, 'n', idempotency_key => 'n')$$),
	($$SELECT trust_ledger.add_note(%L, 'n', idempotency_key => 'n')$$),
	($$SELECT trust_ledger.admit_breach(%L)$$), ($$SELECT trust_ledger.repair_breach(%L, 'h')$$),
	($$SELECT trust_ledger.assess_promise(%L, 'broken', actor => 'carl')$$),
	($$SELECT trust_ledger.repair_breach(%L, 'h')$$),
	($$SELECT trust_ledger.confirm_relayed(%L, actor => 'carl')$$),
	($$SELECT trust_ledger.make_promise('c', 'w', actor => 'ben', due_on => '2099-01-01')$$),
	($$SELECT trust_ledger.accept_promise(%L, relayed => true, actor => 'ben')$$),
	($$SELECT trust_ledger.add_note(%L, 'n')$$),
	($$SELECT trust_ledger.confirm_relayed(%L, actor => 'carl')$$),
	($$SELECT trust_ledger.make_promise('c', 'w', actor => 'ben', due_on => '2099-01-01')$$),
	($$SELECT trust_ledger.accept_promise(%L, actor => 'carl')$$),
	($$SELECT trust_ledger.amend_promise(%L, 'other', relayed => true, actor => 'ben')$$),
	($$SELECT trust_ledger.confirm_relayed(%L, actor => 'carl')$$),
	($$SELECT trust_ledger.release_promise(%L, relayed => true, actor => 'ben')$$),
	($$SELECT trust_ledger.confirm_relayed(%L, actor => 'carl')$$),
	($$SELECT trust_ledger.rebuild('')$$), ($$SELECT trust_ledger.rebuild('c')$$),
	($$SELECT trust_ledger.track_table('public.tracked',
		'{"customer": "=customer", "words": "=title"}')$$), ($$SELECT * FROM trust.tracked$$),
	($$SELECT trust_ledger.set_tracking('public.tracked', '{}')$$),
	($$SELECT trust_ledger.untrack_table('public.tracked')$$),
	($$SELECT trust_ledger.history(%L)$$), ($$SELECT trust_ledger.verify()$$),
	($$SELECT trust_ledger.verify('c')$$),
	($$SELECT trust_ledger.ledger_digest()$$),
	($$SELECT trust_ledger.require_reader(), trust_ledger.reads_words()$$),
	($$SELECT * FROM trust.current_promise$$), ($$SELECT * FROM trust.awaiting_backing$$),
	($$SELECT trust_ledger.erase_words(%L, 'r')$$),
	($$SELECT trust_ledger.erase_words('c', 1, 'r')$$),
	($$SELECT trust_ledger.erase_words('', (SELECT pg_catalog.min(seq) FROM trust.entry
		WHERE name IS NOT NULL), 'r')$$),
	($$SELECT trust_ledger.erase_customer('c', 'r')$$), ($$SELECT trust_ledger.verify()$$),
	($$SELECT * FROM trust.policy_rule$$), ($$SELECT * FROM trust.access_level$$),
	($$SELECT trust_ledger.migrate_ledger()$$);
-- The calls that fail, if all are made in one transaction; %L is the newest promise.
CREATE FUNCTION failing(as_role text DEFAULT 'none') RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	template text;
	call text;
	outcome text;
BEGIN
	FOR template IN SELECT c.call FROM calls c ORDER BY n LOOP
		SELECT format(template, promise) INTO call
		FROM (VALUES (0)) AS one LEFT JOIN (SELECT promise FROM trust.promise ORDER BY last_seq DESC
			LIMIT 1) AS p ON true;
		outcome := under_evil(call, as_role);
		IF outcome <> 'ok' THEN
			RETURN NEXT call || ': ' || outcome;
		END IF;
	END LOOP;
END
$$;

SELECT is(under_evil('SELECT trust_ledger.create_ledger()'),
	'ok', 'the first call of all under the hostile path');
BEGIN;
SELECT is_empty('SELECT failing()', 'every other call under it');
SELECT is(under_evil(format('SELECT trust_ledger.confirm_relayed(%L, %s, actor => ''carl'')',
	promise, seq)), 'TL001', 'what was confirmed already')
FROM trust.entry WHERE event = 'accepted' AND relayed;
ROLLBACK;

-- Now there are saved plans. They are made again when a table changes, under the search_path of
-- that moment.
CREATE FUNCTION invalidate_plans() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	tab text;
BEGIN
	FOREACH tab IN ARRAY '{ledger,actor,policy,access,tracking,chain,promise,entry}'::text[] LOOP
		EXECUTE format('ALTER TABLE trust.%I ALTER COLUMN %s SET STATISTICS 10', tab,
			CASE tab WHEN 'ledger' THEN 'zone' WHEN 'actor' THEN 'kind' WHEN 'policy' THEN 'kind'
				WHEN 'access' THEN 'levels' WHEN 'tracking' THEN 'tab' ELSE 'customer' END);
	END LOOP;
END
$$;
BEGIN;
SELECT trust_ledger.register_actor('eve', 'human');
SELECT trust_ledger.make_promise('c', 'w', actor => 'eve') FROM generate_series(1, 10);
SELECT invalidate_plans();
SELECT is_empty('SELECT failing()',
	'every call under the hostile path, after plans were kept and voided');
ROLLBACK;
BEGIN;
SELECT invalidate_plans();
SELECT is_empty($$SELECT failing('ledger_owner')$$, 'also by the owner');
ROLLBACK;

-- ---- what the ledger's owner plants on its tables does not run with the rights of who calls

CREATE SCHEMA own AUTHORIZATION ledger_owner;
SET ROLE ledger_owner;
CREATE TABLE own.seen (who name);
CREATE FUNCTION own.look() RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO own.seen VALUES (current_user);
	RETURN true;
END
$$;
CREATE FUNCTION own.look_at(anyelement) RETURNS anyelement LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
	PERFORM own.look();
	RETURN $1;
END
$$;
CREATE FUNCTION own.planted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	PERFORM own.look();
	IF tg_nargs > 0 THEN
		EXECUTE tg_argv[0];
	END IF;
	RETURN NULL;
END
$$;
RESET ROLE;

-- What happens if the owner plants code and a superuser then appends an entry: 'ok' or the
-- SQLSTATE, the role that the planted functions ran as, and the caller's search_path, role and
-- actor afterwards, if they changed.
CREATE FUNCTION planted(planting text, appending text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	path CONSTANT text := current_setting('search_path');
BEGIN
	SET LOCAL ROLE ledger_owner;
	EXECUTE planting;
	EXECUTE 'DELETE FROM own.seen';
	SET LOCAL ROLE none;
	EXECUTE appending;
	SET CONSTRAINTS ALL IMMEDIATE;
	RAISE EXCEPTION USING ERRCODE = 'OK000', MESSAGE = concat_ws(' ', 'ok',
		(SELECT array_agg(DISTINCT who) FROM own.seen),
		nullif(current_setting('search_path'), path), nullif(current_user, 'postgres'),
			nullif(current_setting('trust_ledger.actor'), ''));
EXCEPTION
	WHEN SQLSTATE 'OK000' THEN RETURN SQLERRM;
	WHEN OTHERS THEN RETURN SQLSTATE;
END
$$;

SELECT trust_ledger.register_actor('anna', 'human', 'Anna');
SELECT trust_ledger.make_promise('c', 'w', actor => 'anna');
CREATE TABLE appends (tab text, changes text, call text);
INSERT INTO appends VALUES
	('entry', 'hash', $$SELECT trust_ledger.make_promise('c', 'w', actor => 'anna')$$),
	('chain', 'length', $$SELECT trust_ledger.make_promise('c', 'w', actor => 'anna')$$),
	('chain', 'length', $$SELECT trust_ledger.make_promise('new', 'w', actor => 'anna')$$),
	('promise', 'last_seq', $$SELECT trust_ledger.make_promise('c', 'w', actor => 'anna')$$),
	('promise', 'last_seq', $$SELECT trust_ledger.assess_promise(promise, 'kept', actor => 'anna')
		FROM trust.promise$$),
	('entry', 'hash', $$SELECT trust_ledger.erase_customer('c', 'r')$$),
	('promise', 'last_seq', $$SELECT trust_ledger.erase_customer('c', 'r')$$),
	('actor', 'name', $$SELECT trust_ledger.erase_words('', seq, 'r') FROM trust.entry
		WHERE subject = 'anna'$$),
	('actor', 'seq', $$SELECT trust_ledger.register_actor('ben', 'human')$$),
	('policy', 'seq', $$SELECT trust_ledger.set_policy('p', evidence => 'session')$$),
	('access', 'seq', $$SELECT trust_ledger.grant_access('nobody', 'analyst')$$),
	('ledger', 'seq', $$SELECT trust_ledger.set_ledger(zone => 'Asia/Tokyo')$$);

SELECT is(planted(format(planting, tab, changes), call), expected, format('%s: %s', call,
	format(planting, tab, changes)))
FROM appends, (VALUES
	-- an immediate trigger runs as the owner; a deferred one is refused
	('CREATE TRIGGER p AFTER INSERT OR UPDATE ON trust.%I FOR EACH ROW '
		'EXECUTE FUNCTION own.planted()', 'ok {ledger_owner}'),
	('CREATE TRIGGER p BEFORE INSERT OR UPDATE ON trust.%I EXECUTE FUNCTION own.planted()',
		'ok {ledger_owner}'),
	('CREATE CONSTRAINT TRIGGER p AFTER INSERT OR UPDATE ON trust.%I DEFERRABLE INITIALLY DEFERRED '
		'FOR EACH ROW EXECUTE FUNCTION own.planted()', '42501'),
	('CREATE CONSTRAINT TRIGGER p AFTER INSERT OR UPDATE ON trust.%I DEFERRABLE FOR EACH ROW '
		'EXECUTE FUNCTION own.planted(); SET CONSTRAINTS ALL DEFERRED', '42501'),
	('ALTER TABLE trust.%I ADD CHECK (own.look())', 'ok {ledger_owner}'),
	('CREATE INDEX ON trust.%I (own.look_at(%I))', 'ok {ledger_owner}')) AS p (planting, expected);
-- A column default.
SELECT matches(planted(format('ALTER TABLE trust.%I ADD COLUMN p boolean; '
	'ALTER TABLE trust.%1$I ALTER COLUMN p SET DEFAULT own.look()', tab), call),
	'^ok( {ledger_owner})?$', format('%s: a default planted on %s', call, tab))
FROM appends WHERE tab IN ('entry', 'promise') AND call ~ 'make' OR call ~ 'new';
-- Row security never hides history from the ledger itself, and its functions do not run.
SELECT is(planted(format('ALTER TABLE trust.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
		CREATE POLICY p ON trust.%1$I USING (own.look() AND false) WITH CHECK (own.look())', tab),
			call),
	'ok', format('%s: row security on %s', call, tab))
FROM appends;

-- A planted trigger tries, while a superuser appends, to change the role, or to leave something
-- behind that runs later as the superuser.
SELECT is(planted(format('CREATE TRIGGER p AFTER INSERT ON trust.entry FOR EACH ROW '
	'EXECUTE FUNCTION own.planted(%L)', trial),
		$$SELECT trust_ledger.make_promise('c', 'w', actor => 'anna')$$), expected,
			'a planted trigger tries: ' || trial)
FROM (VALUES
	('SELECT 1', 'ok {ledger_owner}'),
	('CREATE ROLE intruder', '42501'), ('ALTER ROLE ledger_owner SUPERUSER', '42501'),
	('RESET ROLE', '42501'), ('SET ROLE postgres', '42501'), ('SET LOCAL ROLE none', '42501'),
	('RESET SESSION AUTHORIZATION', '42501'), ('SET SESSION AUTHORIZATION postgres', '42501'),
	('SELECT set_config(''role'', ''none'', true)', '42501'),
	('CREATE TEMPORARY TABLE t (x integer)', '42501'),
	('DECLARE c CURSOR WITH HOLD FOR SELECT own.look()', '42501'),
	('SET search_path = own, public', 'ok {ledger_owner}'),
	('SET LOCAL search_path = own, public', 'ok {ledger_owner}'),
	('SELECT set_config(''search_path'', ''own, public'', false)', 'ok {ledger_owner}'),
	('SELECT trust_ledger.act_as(''anna'')', 'ok {ledger_owner}')) AS c (trial, expected);
SELECT is(planted($plant$CREATE TRIGGER p AFTER INSERT ON trust.entry FOR EACH ROW
	EXECUTE FUNCTION own.planted('SET search_path = own, public')$plant$, call),
	'ok {ledger_owner}', 'the path is the caller''s again after ' || call)
FROM unnest(ARRAY[$$SELECT trust_ledger.register_actor('ben', 'human')$$,
	$$SELECT trust_ledger.set_ledger(zone => 'Asia/Tokyo')$$]) AS call;

-- Reading works likewise: a view in a table's place is read as the owner.
SELECT is(planted(format('ALTER TABLE trust.%I RENAME TO moved; CREATE VIEW trust.%1$I AS SELECT * '
	'FROM trust.moved WHERE own.look()', tab), reading),
	'ok {ledger_owner}', format('%s over a view planted as trust.%s', reading, tab))
FROM (VALUES
	('SELECT trust_ledger.verify()', 'chain'), ('SELECT trust_ledger.verify()', 'actor'),
	('SELECT trust_ledger.ledger_digest()', 'chain'),
	($$SELECT trust_ledger.history((SELECT promise FROM trust.promise))$$, 'entry')) AS c (reading,
		tab);

-- ---- callers behind a security-definer function, a trigger, another role

SELECT trust_ledger.grant_access('application', 'application');
SELECT trust_ledger.grant_access('anna_login', 'application');
SELECT trust_ledger.register_actor('anna', 'human', db_role => 'anna_login');
CREATE FUNCTION promise_plainly() RETURNS bigint LANGUAGE
	sql AS $$SELECT seq FROM trust_ledger.make_promise('c', 'w')$$;
CREATE FUNCTION promise_as_definer(actor text DEFAULT NULL) RETURNS bigint LANGUAGE sql
	SECURITY DEFINER
	AS $$SELECT seq FROM trust_ledger.make_promise('c', 'w', actor => actor)$$;
CREATE FUNCTION promise_as_oneself() RETURNS bigint LANGUAGE sql SECURITY
	DEFINER AS $$SELECT seq FROM trust_ledger.make_promise('c', 'w')$$;
CREATE FUNCTION promise_as_nobody() RETURNS bigint LANGUAGE sql SECURITY DEFINER
	AS $$SELECT seq FROM trust_ledger.make_promise('c', 'w', actor => 'anna')$$;
CREATE FUNCTION promise_by_trigger() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	PERFORM trust_ledger.make_promise('c', 'w');
	RETURN NEW;
END
$$;
ALTER FUNCTION promise_as_definer OWNER TO application;
ALTER FUNCTION promise_as_oneself OWNER TO anna_login;
ALTER FUNCTION promise_as_nobody OWNER TO nobody;
CREATE TABLE deals (id integer);
CREATE TABLE plain_deals (promised bigint DEFAULT promise_plainly());
GRANT INSERT ON deals, plain_deals TO PUBLIC;
CREATE FUNCTION add_deal() RETURNS void LANGUAGE sql AS 'INSERT INTO deals VALUES (1)';
CREATE TRIGGER promise AFTER INSERT ON deals FOR EACH ROW EXECUTE FUNCTION promise_by_trigger();
GRANT application TO anna_login;
CREATE ROLE caller LOGIN;

-- Sends a statement from a login. Returns login, role, actor and evidence of the entry, or the
-- SQLSTATE.
\ir ../../helpers/sessions.sql
CREATE FUNCTION recorded(by_login text, sent text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM * FROM dblink(connection_of(by_login), sent) AS r (r text);
	RETURN (SELECT concat_ws(' ', login, role, actor, evidence) FROM trust.entry
		WHERE customer = 'c' ORDER BY seq DESC LIMIT 1);
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE;
END
$$;
SELECT is(recorded(by_login, sent), expected, by_login || ': ' || sent)
FROM (VALUES
	('anna_login', $$SELECT seq FROM trust_ledger.make_promise('c', 'w')$$,
		'anna_login anna_login anna session'),
	('anna_login', 'SELECT promise_plainly()', 'anna_login anna_login anna session'),
	('anna_login', 'SELECT promise_as_definer()', 'anna_login application anna asserted'),
	('anna_login', 'SELECT promise_as_oneself()', 'anna_login anna_login anna asserted'),
	('anna_login', 'SELECT promise_as_nobody()', 'TL004'),
	('anna_login', 'INSERT INTO deals VALUES (1)', 'anna_login anna_login anna asserted'),
	('anna_login', 'SELECT add_deal()', 'anna_login anna_login anna asserted'),
	('anna_login', 'INSERT INTO plain_deals VALUES (DEFAULT)',
		'anna_login anna_login anna asserted'),
	('anna_login', 'DO $do$BEGIN PERFORM promise_plainly(); END$do$',
		'anna_login anna_login anna asserted'),
	('anna_login', 'SET ROLE application; SELECT promise_plainly()',
		'anna_login application anna asserted'),
	('anna_login', 'SET ROLE application; RESET ROLE; SELECT promise_plainly()',
		'anna_login anna_login anna session'),
	('caller', $$SELECT trust_ledger.make_promise('c', 'w', actor => 'anna')$$, 'TL004'),
	('caller', 'SELECT promise_plainly()', 'TL004'),
	('caller', 'SELECT promise_as_definer()', 'TL003'),
	('caller', $$SELECT promise_as_definer('anna')$$, 'caller application anna asserted'),
	('caller', 'SELECT promise_as_nobody()', 'TL004'),
	('caller', 'INSERT INTO deals VALUES (1)', 'TL004')) AS c (by_login, sent, expected);
SELECT is_empty('SELECT * FROM trust_ledger.verify()', 'verify() is content');

SELECT * FROM finish();
