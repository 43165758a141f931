-- Backing a promise: only by a human's own act, and only of the exact terms.
CREATE EXTENSION pgtap;
CREATE EXTENSION trust_ledger;
SELECT plan(327);

CREATE ROLE app LOGIN;
CREATE ROLE login_anna LOGIN;
CREATE ROLE login_bot LOGIN;
CREATE ROLE login_gus LOGIN;
CREATE ROLE outsider LOGIN;
CREATE ROLE reader LOGIN;

DO $$
BEGIN
	PERFORM trust_ledger.create_ledger();
	PERFORM trust_ledger.grant_access(role, 'application')
		FROM unnest('{app,login_anna,login_bot,login_gus}'::text[]) AS role;
	PERFORM trust_ledger.grant_access('reader', level) FROM unnest('{analyst,auditor}'::text[])
		AS level;
	PERFORM trust_ledger.register_actor('anna', 'human', db_role => 'login_anna');
	PERFORM trust_ledger.register_actor('ben', 'human', authority => '{"EUR": 5000, "USD": 0}');
	PERFORM trust_ledger.register_actor('pia', 'human');
	PERFORM trust_ledger.register_actor('rita', 'human');
	PERFORM trust_ledger.register_actor('gus', 'human', db_role => 'login_gus');
	PERFORM trust_ledger.retire_actor('gus');
	PERFORM trust_ledger.register_actor('bot', 'ai', responsible => 'anna', model => 'm-1',
		db_role => 'login_bot');
	PERFORM trust_ledger.register_actor('sys', 'system', responsible => 'anna');
	PERFORM trust_ledger.register_actor('crm', 'system', responsible => 'anna',
		speaks_for => 'record');
	PERFORM trust_ledger.register_actor('carl', 'human', speaks_for => 'customer');
	PERFORM trust_ledger.register_actor('otto', 'human', speaks_for => 'customer',
		customer => 'other');
	PERFORM trust_ledger.set_policy('guarded', kind => 'guarded', evidence => 'asserted');
	PERFORM trust_ledger.set_policy('strict', kind => 'strict', evidence => 'session');
	PERFORM trust_ledger.set_policy('sealed', kind => 'sealed', evidence => 'passkey');
	PERFORM trust_ledger.set_policy('free', kind => 'free', grace => '0');
	PERFORM trust_ledger.set_policy('robotic', kind => 'robotic', promiser_kind => 'ai',
		evidence => 'asserted');
	PERFORM trust_ledger.set_policy('entered', kind => 'entered', promiser_kind => 'system',
		evidence => 'asserted');
END
$$;

\ir ../../helpers/promises.sql
-- Promises are made to a customer of their own: what an actor backs for one customer adds up
-- (exposure.sql).

-- State, and backer with evidence or "nobody".
CREATE FUNCTION standing(of_promise uuid) RETURNS text
LANGUAGE sql AS $$
	SELECT format('%s %s', state, coalesce(backer || ' ' || evidence, 'nobody'))
		|| CASE WHEN num_nonnulls(backer, evidence, backed_at) IN (0, 3) THEN '' ELSE ' in part' END
	FROM trust.promise WHERE promise = of_promise
$$;

-- The promise after a call from a login, or the SQLSTATE. Rolled back.
CREATE FUNCTION attempt(login text, acting text, call text, of_promise uuid DEFAULT NULL)
	RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	receipt trust_ledger.receipt;
BEGIN
	PERFORM set_config('session_authorization', login, true);
	IF acting IS NOT NULL THEN
		PERFORM trust_ledger.act_as(acting);
	END IF;
	EXECUTE 'SELECT * FROM trust_ledger.' || call INTO receipt USING of_promise;
	PERFORM set_config('session_authorization', 'postgres', true);
	RAISE EXCEPTION USING ERRCODE = 'TAKEN', MESSAGE = standing(receipt.promise);
EXCEPTION
	WHEN SQLSTATE 'TAKEN' THEN RETURN SQLERRM;
	WHEN OTHERS THEN RETURN SQLSTATE;
END
$$;

-- ---- who backs ----

SELECT is(attempt(login, acting, format('back_promise($1, actor => %L)', actor), promise), want,
	format('back, from %s, acting as %s, actor %s', login, coalesce(acting, 'nobody'),
		coalesce(actor, 'left out')))
FROM promise_with($$'We pay.', kind => 'guarded', value => 100, currency => 'EUR', actor => 'sys'$$,
	gen_random_uuid()::text) AS promise, (VALUES
	('app', NULL, 'anna', 'open anna asserted'),
	('app', NULL, 'ben', 'open ben asserted'),
	('app', NULL, 'bot', 'TL003'),
	('app', NULL, 'sys', 'TL003'),
	('app', NULL, 'crm', 'TL003'),
	('app', NULL, 'carl', 'TL003'),
	('app', NULL, 'gus', 'TL003'),
	('app', NULL, 'nobody', '42704'),
	('app', NULL, '', '42704'),
	('app', NULL, NULL, 'TL003'),
	('app', 'anna', NULL, 'open anna asserted'),
	('app', 'bot', NULL, 'TL003'),
	('app', 'gus', NULL, 'TL003'),
	('app', 'ben', 'anna', 'open anna asserted'),
	-- an actor's own login cannot act as anybody else
	('login_anna', NULL, NULL, 'open anna asserted'),
	('login_anna', NULL, 'anna', 'open anna asserted'),
	('login_anna', NULL, 'ben', 'TL003'),
	('login_anna', 'ben', NULL, 'TL003'),
	('login_bot', NULL, NULL, 'TL003'),
	('login_bot', NULL, 'anna', 'TL003'),
	('login_bot', 'anna', NULL, 'TL003'),
	-- the login of a retired human
	('login_gus', NULL, NULL, 'TL003'),
	('login_gus', NULL, 'gus', 'TL003'),
	('login_gus', NULL, 'anna', 'TL003'),
	('login_gus', 'anna', NULL, 'TL003'),
	('outsider', NULL, 'anna', 'TL004')) AS v (login, acting, actor, want);

-- ---- who backs by making ----

SELECT is(attempt(login, NULL, format('make_promise(''c'', ''w'', %s)', args)),
	want, format('make, from %s: %s', login, args))
FROM (VALUES
	('app', $$actor => 'anna', kind => 'guarded'$$, 'open anna asserted'),
	('app', $$promiser => 'anna', actor => 'anna', kind => 'guarded'$$, 'open anna asserted'),
	('login_anna', $$kind => 'guarded'$$, 'open anna asserted'),
	('login_anna', $$kind => 'strict'$$, 'proposed nobody'),
	('login_anna', $$kind => 'sealed'$$, 'proposed nobody'),
	('login_anna', $$kind => 'free'$$, 'open anna asserted'),
	-- a human who is only named
	('app', $$promiser => 'anna', actor => 'bot', kind => 'guarded'$$, 'proposed nobody'),
	('app', $$promiser => 'anna', actor => 'bot', kind => 'free'$$, 'open nobody'),
	('login_bot', $$promiser => 'anna', kind => 'guarded'$$, 'proposed nobody'),
	('login_bot', $$promiser => 'anna', actor => 'anna', kind => 'guarded'$$, 'TL003'),
	('login_bot', $$promiser => 'anna', kind => 'free', drafted_by => 'anna'$$, 'TL003'),
	('app', $$promiser => 'anna', actor => 'pia', kind => 'guarded'$$, 'proposed nobody'),
	('app', $$promiser => 'anna', actor => 'crm', kind => 'guarded'$$, 'proposed nobody'),
	-- a retired human's login
	('login_gus', $$kind => 'free'$$, 'TL003'),
	('login_gus', $$actor => 'anna', kind => 'free'$$, 'TL003'),
	-- a human for a machine
	('login_anna', $$promiser => 'bot', kind => 'guarded'$$, 'proposed nobody'),
	('login_anna', $$promiser => 'bot', kind => 'free'$$, 'open nobody'),
	('app', $$actor => 'sys', kind => 'guarded'$$, 'proposed nobody'),
	-- a rule about machines holds for what one drafts or enters for a human, until that human acts
	('app', $$actor => 'pia', kind => 'robotic'$$, 'open pia asserted'),
	('app', $$actor => 'pia', promiser => 'anna', kind => 'robotic'$$, 'open nobody'),
	('app', $$actor => 'bot', promiser => 'anna', kind => 'robotic'$$, 'proposed nobody'),
	('login_bot', $$promiser => 'anna', kind => 'robotic', drafted_by => 'sys'$$, 'TL003'),
	('app', $$actor => 'pia', promiser => 'anna', drafted_by => 'bot', kind => 'robotic'$$,
		'proposed nobody'),
	('app', $$actor => 'sys', promiser => 'anna', kind => 'robotic'$$, 'open nobody'),
	('app', $$actor => 'sys', promiser => 'anna', drafted_by => 'bot', kind => 'robotic'$$,
		'proposed nobody'),
	('app', $$actor => 'anna', drafted_by => 'bot', kind => 'robotic'$$, 'open anna asserted'),
	('app', $$actor => 'sys', promiser => 'anna', drafted_by => 'anna', kind => 'entered'$$,
		'proposed nobody'),
	('app', $$actor => 'crm', promiser => 'anna', drafted_by => 'anna', kind => 'entered'$$,
		'proposed nobody'),
	('app', $$actor => 'bot', promiser => 'anna', kind => 'entered'$$, 'open nobody'),
	-- above their authority
	('app', $$actor => 'ben', kind => 'guarded', value => 5000, currency => 'EUR'$$,
		'open ben asserted'),
	('app', $$actor => 'ben', kind => 'guarded', value => 5000.01, currency => 'EUR'$$,
		'proposed nobody'),
	('app', $$actor => 'ben', kind => 'guarded'$$, 'proposed nobody'),
	('app', $$actor => 'ben', kind => 'guarded', value => 1, currency => 'USD'$$,
		'proposed nobody'),
	('app', $$actor => 'ben', kind => 'free', value => 5000.01, currency => 'EUR'$$, 'open nobody'))
		AS v (login, args, want);

-- ---- authority ----

CREATE FUNCTION backs(authority jsonb, value numeric, currency text) RETURNS text
LANGUAGE plpgsql AS $$
BEGIN
	PERFORM trust_ledger.register_actor('pia', 'human', authority => authority);
	RETURN attempt('app', NULL, 'back_promise($1, actor => ''pia'')',
		promise_with(format('''We pay.'', kind => ''guarded'', actor => ''bot'', value => %L, '
			'currency => %L', value, currency), gen_random_uuid()::text));
END
$$;
SELECT is(backs(authority::jsonb, value, currency) = 'open pia asserted', want,
	format('%s %s with authority %s', coalesce(value::text, 'something of'),
		coalesce(currency, 'no currency'), coalesce(authority, 'without limit')))
FROM (VALUES
	(NULL, NULL, NULL, true), (NULL, 1e30, 'EUR', true), (NULL, 1e30, NULL, true),
	('{"EUR": 5000}', 4999.99, 'EUR', true), ('{"EUR": 5000}', 5000, 'EUR', true),
	('{"EUR": 5000}', 5000.000, 'EUR', true),
	('{"EUR": 5000}', 5000.000000000001, 'EUR', false), ('{"EUR": 5000}', 1e30, 'EUR', false),
	('{"EUR": 5000}', 0, 'EUR', true),
	('{"EUR": 5000}', NULL, 'EUR', false), ('{"EUR": 5000}', 1, NULL, false),
	('{"EUR": 5000}', NULL, NULL, false),
	('{"EUR": 5000}', 1, 'USD', false), ('{"EUR": 5000}', 1, 'eur', false),
	('{"EUR": 5000}', 1, 'EU', false), ('{"EUR": 5000}', 1, 'EURO', false),
	('{"EUR": 5000, "USD": 0.5}', 0.5, 'USD', true),
	('{"EUR": 5000, "USD": 0.5}', 0.51, 'USD', false),
	('{"EUR": 1e30}', 1e30, 'EUR', true), ('{"EUR": 0}', 0, 'EUR', true),
	('{"EUR": 0}', 1e-30, 'EUR', false), ('{}', 0, 'EUR', false))
	AS v (authority, value, currency, want);
DO $$ BEGIN PERFORM trust_ledger.register_actor('pia', 'human'); END $$;

-- An authority that was altered with the guards off, and is no JSON object, names no currency.
CREATE FUNCTION backs_after(tampered jsonb) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	promise uuid := promise_with($args$'We pay.', kind => 'guarded', actor => 'bot', $args$ ||
		$args$value => 1, currency => 'EUR'$args$, gen_random_uuid()::text);
	came_to text;
BEGIN
	ALTER TABLE trust.actor DISABLE TRIGGER USER;
	UPDATE trust.actor SET authority = tampered WHERE actor = 'pia';
	came_to := attempt('app', NULL, $call$back_promise($1, actor => 'pia')$call$, promise);
	RAISE EXCEPTION USING ERRCODE = 'OK000';
EXCEPTION WHEN SQLSTATE 'OK000' THEN
	RETURN came_to;
END
$$;
SELECT is(backs_after(tampered::jsonb), want, 'an authority altered to ' || tampered)
FROM (VALUES ('{"EUR": 1}', 'open pia asserted'), ('{}', 'TL002'), ('[]', 'TL002'),
	('["EUR", 1, "EUR", 2, "EUR", 3, "EUR", 4]', 'TL002'),
	('[[["EUR"]], {"EUR": 1}]', 'TL002'), ('"EUR"', 'TL002'), ('1', 'TL002'),
	('null', 'TL002')) AS v (tampered, want);

-- ---- evidence ----

-- From here on this session's login is pia's: the evidence is "session", and each of these ways
-- loses it.
DO $$ BEGIN PERFORM trust_ledger.register_actor('pia', 'human', db_role => 'postgres'); END $$;

-- A function, not a table, since a SELECT that reads tables is no act of one's own.
CREATE FUNCTION ways(OUT way text, OUT sql text, OUT evidence text) RETURNS SETOF record
LANGUAGE sql AS $$ VALUES
	('directly', 'SELECT FROM trust_ledger.back_promise($1)', 'session'),
	('naming oneself', 'SELECT FROM trust_ledger.back_promise($1, actor => ''pia'')', 'session'),
	('in a function of one''s own', 'SELECT as_invoker($1)', 'session'),
	('in a security-definer function', 'SELECT as_definer($1)', 'asserted'),
	('in a function called by such a one', 'SELECT as_definer_deeper($1)', 'asserted'),
	('in such a function of another actor''s', 'SELECT as_annas_definer($1)', 'TL003'),
	('through a cursor', 'SELECT as_cursor($1)', 'asserted'),
	('from a row trigger', 'INSERT INTO shared_row VALUES ($1)', 'asserted'),
	('from a statement trigger', 'INSERT INTO shared_statement VALUES ($1)', 'asserted'),
	('from a deferred trigger', 'INSERT INTO shared_deferred VALUES ($1)', 'asserted'),
	('from a view''s trigger', 'INSERT INTO shared_view VALUES ($1)', 'asserted'),
	('after SET ROLE', 'SELECT back_as_role($1, ''app'')', 'asserted'),
	('after SET ROLE to another actor''s', 'SELECT back_as_role($1, ''login_anna'')', 'TL003'),
	('after SET ROLE to a retired actor''s', 'SELECT back_as_role($1, ''login_gus'')', 'TL003'),
	('after SET SESSION AUTHORIZATION', 'SELECT as_session($1)', 'asserted')
$$;

CREATE FUNCTION as_invoker(promise uuid) RETURNS void
LANGUAGE sql AS 'SELECT FROM trust_ledger.back_promise($1)';
CREATE FUNCTION as_definer(promise uuid) RETURNS void
LANGUAGE sql SECURITY DEFINER AS 'SELECT FROM trust_ledger.back_promise($1)';
CREATE FUNCTION as_definer_deeper(promise uuid) RETURNS void
LANGUAGE sql SECURITY DEFINER AS 'SELECT as_invoker($1)';
CREATE FUNCTION as_annas_definer(promise uuid) RETURNS void
LANGUAGE sql SECURITY DEFINER AS 'SELECT FROM trust_ledger.back_promise($1)';
ALTER FUNCTION as_annas_definer OWNER TO login_anna;
CREATE FUNCTION as_cursor(of_promise uuid) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	receipt record;
BEGIN
	FOR receipt IN SELECT * FROM trust_ledger.back_promise(of_promise) LOOP END LOOP;
END
$$;
CREATE FUNCTION planted() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
	PERFORM trust_ledger.back_promise(coalesce(NEW.promise,
		(SELECT promise FROM shared_statement)));
	RETURN NEW;
END
$$;
CREATE TABLE shared_row (promise uuid);
CREATE TABLE shared_statement (promise uuid);
CREATE TABLE shared_deferred (promise uuid);
CREATE VIEW shared_view AS SELECT * FROM shared_row;
CREATE TRIGGER planted BEFORE INSERT ON shared_row FOR EACH ROW EXECUTE FUNCTION planted();
CREATE TRIGGER planted AFTER INSERT ON shared_statement EXECUTE FUNCTION planted();
CREATE CONSTRAINT TRIGGER planted AFTER INSERT ON shared_deferred DEFERRABLE INITIALLY DEFERRED
	FOR EACH ROW EXECUTE FUNCTION planted();
CREATE TRIGGER planted INSTEAD OF INSERT ON shared_view FOR EACH ROW EXECUTE FUNCTION planted();
-- In PL/pgSQL, since these set the role or session that the function itself runs with.
CREATE FUNCTION back_as_role(promise uuid, role text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	PERFORM set_config('role', role, true);
	PERFORM trust_ledger.back_promise(promise);
	RESET ROLE;
END
$$;
CREATE FUNCTION as_session(promise uuid) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	SET LOCAL SESSION AUTHORIZATION login_anna;
	PERFORM trust_ledger.back_promise(promise);
	SET LOCAL SESSION AUTHORIZATION postgres;
END
$$;

CREATE FUNCTION backed_by_way(kind text, sql text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	promise uuid := promise_with(format('''We pay.'', ''sys'', %L', kind), gen_random_uuid()::text);
BEGIN
	EXECUTE sql USING promise;
	SET CONSTRAINTS ALL IMMEDIATE;
	DELETE FROM shared_statement;
	RETURN standing(promise);
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE;
END
$$;
SELECT is(backed_by_way('guarded', sql), CASE evidence WHEN 'TL003' THEN evidence
	ELSE format('open %s %s', CASE WHEN way ~ 'AUTH' THEN 'anna' ELSE 'pia' END, evidence) END,
	format('backed %s', way)) FROM ways();
SELECT is(backed_by_way('strict', sql), CASE evidence WHEN 'session' THEN 'open pia session'
	WHEN 'asserted' THEN 'TL002' ELSE evidence END,
	format('backed %s, where a session of one''s own is asked for', way)) FROM ways();
SELECT is(backed_by_way('sealed', 'SELECT FROM trust_ledger.back_promise($1)'),
	'TL002', 'no session is a passkey');

-- Only a SELECT that the client sent, over nothing but functions and the ledger, is an act of one's
-- own.
CREATE FUNCTION backed() RETURNS text
LANGUAGE sql AS $$ SELECT backed_by_way('guarded', 'SELECT FROM trust_ledger.back_promise($1)') $$;
CREATE TABLE told (way text, standing text);
SELECT is(backed(), 'open pia session', 'a SELECT of functions') FROM generate_series(1, 1);
SELECT is(backed(), 'open pia session', 'a SELECT of the ledger''s settings') FROM trust.ledger;
INSERT INTO told VALUES ('an INSERT', backed());
INSERT INTO told SELECT 'an INSERT ... SELECT', backed();
PREPARE prepared AS SELECT backed() AS executed;
EXECUTE prepared \gset
SELECT backed() AS selected FROM told LIMIT 1 \gset
DO $$ BEGIN INSERT INTO told VALUES ('a DO', backed()); END $$;
SELECT is(standing, 'open pia asserted', way) FROM (TABLE told UNION ALL VALUES ('an EXECUTE',
	:'executed'), ('a SELECT of a table', :'selected')) AS t (way, standing);

-- Making a promise follows the same rules as backing one.
SELECT is(attempt('postgres', NULL, 'make_promise(''c'', ''w'', kind => ''strict'')'),
	'open pia session', 'a promise of one''s own, made directly');
CREATE FUNCTION make_as_definer(kind text) RETURNS trust_ledger.receipt
LANGUAGE sql SECURITY DEFINER AS $$ SELECT trust_ledger.make_promise('c', 'w', kind => $1) $$;
SELECT is(standing((make_as_definer('strict')).promise), 'proposed nobody',
	'a promise of one''s own, made by a security-definer function');
SELECT is(standing((make_as_definer('guarded')).promise), 'open pia asserted',
	'the same, where to assert it is enough');

DO $$ BEGIN PERFORM trust_ledger.register_actor('pia', 'human'); END $$;

-- ---- how a backing ends ----

-- Each step is a verb, who does it, and the promise; governance has no promise.
CREATE FUNCTION step(verb text, who text, promise uuid) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	CASE verb
		WHEN 'back' THEN PERFORM trust_ledger.back_promise(promise, actor => who);
		WHEN 'unback' THEN PERFORM trust_ledger.withdraw_backing(promise, 'cannot stand for it',
			actor => who);
		WHEN 'decline' THEN PERFORM trust_ledger.decline_promise(promise, 'cannot be done',
			actor => who);
		WHEN 'note' THEN PERFORM trust_ledger.add_note(promise, 'for the record', actor => who);
		WHEN 'amend' THEN PERFORM trust_ledger.amend_promise(promise, 'Other words '
			|| gen_random_uuid(), actor => who);
		WHEN 'lessen' THEN PERFORM trust_ledger.amend_promise(promise, value => 1,
			currency => 'EUR', actor => who);
		WHEN 'accept' THEN PERFORM trust_ledger.accept_promise(promise, actor => who);
		WHEN 'register' THEN PERFORM trust_ledger.register_actor(who, 'human',
			returns => (SELECT true FROM trust.actor a WHERE a.actor = who));
		WHEN 'limit' THEN PERFORM trust_ledger.register_actor(who, 'human', authority => '{}');
		WHEN 'lower' THEN PERFORM trust_ledger.register_actor(who, 'human',
			authority => '{"EUR": 99.99}');
		WHEN 'raise' THEN PERFORM trust_ledger.register_actor(who, 'human',
			authority => '{"EUR": 100}');
		WHEN 'retire' THEN PERFORM trust_ledger.retire_actor(who);
		WHEN 'withdraw' THEN PERFORM trust_ledger.withdraw_promise(promise, actor => who);
		WHEN 'release' THEN PERFORM trust_ledger.release_promise(promise, actor => who);
		WHEN 'assess' THEN PERFORM trust_ledger.assess_promise(promise, 'broken', actor => who);
		-- policy: what is asked of kinds "guarded" and "strict", and of machines
		WHEN 'ask' THEN PERFORM trust_ledger.set_policy('guarded', kind => 'guarded',
			evidence => who);
		WHEN 'ease' THEN PERFORM trust_ledger.set_policy('strict', kind => 'strict',
			evidence => who);
		WHEN 'drop' THEN PERFORM trust_ledger.drop_policy(who), trust_ledger.set_policy('known',
			kind => who, grace => '0');
		WHEN 'rule' THEN PERFORM trust_ledger.set_policy('machines', promiser_kind => who,
			evidence => 'session');
	END CASE;
END
$$;

CREATE FUNCTION live(args text, steps text, OUT promise uuid, OUT refused text)
LANGUAGE plpgsql AS $$
DECLARE
	verb_and_who text;
BEGIN
	promise := promise_with('''We pay.'', ' || args, gen_random_uuid()::text);
	FOREACH verb_and_who IN ARRAY regexp_split_to_array(steps, ', ') LOOP
		BEGIN
			PERFORM step(split_part(verb_and_who, ' ', 1), split_part(verb_and_who, ' ', 2),
				promise);
		EXCEPTION WHEN SQLSTATE 'TL001' OR SQLSTATE 'TL002' OR SQLSTATE 'TL003' THEN
			refused := concat_ws(' ', refused, SQLSTATE);
		END;
	END LOOP;
	PERFORM step('register', 'rita', NULL), step('ask', 'asserted', NULL),
		step('ease', 'session', NULL), step('rule', 'human', NULL),
		trust_ledger.drop_policy('machines');
END
$$;
CREATE FUNCTION story(args text, steps text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	lived record := live(args, steps);
BEGIN
	RETURN concat_ws(' ', lived.refused, standing(lived.promise));
END
$$;

CREATE TABLE made (what text PRIMARY KEY, args text);
INSERT INTO made VALUES
	('by a machine', $$'sys', 'guarded', actor => 'sys'$$),
	('by a machine, strictly', $$'sys', 'strict', actor => 'sys'$$),
	('for 100 EUR', $$'sys', 'guarded', value => 100, currency => 'EUR', actor => 'sys'$$),
	('past due',
		$$'sys', 'guarded', actor => 'sys', occurred_at => '2020-01-01', due => '2020-02-01'$$),
	('by pia', $$kind => 'guarded', actor => 'pia'$$),
	('for pia', $$'pia', 'guarded', actor => 'sys'$$),
	('drafted by a bot', $$'pia', 'free', actor => 'bot'$$),
	('entered by a machine', $$'pia', 'entered', drafted_by => 'pia', actor => 'sys'$$),
	('needing nobody', $$kind => 'free', actor => 'pia'$$);

SELECT is(story(made.args, steps), want, format('%s: %s', made.what, steps))
FROM (VALUES
	('by a machine', 'back anna', 'open anna asserted'),
	('by a machine', 'back anna, back pia', 'open pia asserted'),
	('by a machine', 'back anna, back anna', 'open anna asserted'),
	('by a machine', 'back anna, back ben', 'TL002 open anna asserted'),
	('by a machine', 'unback anna', 'TL001 proposed nobody'),
	('by a machine', 'back anna, unback anna', 'proposed nobody'),
	('by a machine', 'back anna, unback pia', 'TL003 open anna asserted'),
	('by a machine', 'back anna, unback sys', 'TL003 open anna asserted'),
	('by a machine', 'back anna, unback carl', 'TL003 open anna asserted'),
	('by a machine', 'back anna, back pia, unback anna', 'TL003 open pia asserted'),
	('by a machine', 'back anna, unback anna, back pia', 'open pia asserted'),
	-- new words are not what was backed
	('by a machine', 'back anna, amend sys', 'proposed nobody'),
	('by a machine', 'back anna, amend anna', 'proposed nobody'),
	('by a machine', 'back anna, lessen anna', 'proposed nobody'),
	('by a machine', 'back anna, amend sys, unback anna', 'TL001 proposed nobody'),
	('by a machine', 'back anna, amend sys, back anna', 'open anna asserted'),
	('by pia', 'amend pia', 'open pia asserted'),
	('by pia', 'back anna, amend pia', 'open pia asserted'),
	('by pia', 'amend sys', 'proposed nobody'),
	('by pia', 'amend anna', 'proposed nobody'),
	('by pia', 'unback pia', 'proposed nobody'),
	('by pia', 'limit pia, amend pia, register pia', 'proposed nobody'),
	('for pia', 'amend pia', 'open pia asserted'),
	('needing nobody', 'unback pia', 'open nobody'),
	('needing nobody', 'back anna, amend sys', 'open nobody'),
	('needing nobody', 'limit pia, amend pia, register pia', 'open nobody'),
	-- what the customer relies on, or is past due, stays open
	('by a machine', 'accept carl', 'open nobody'),
	('by a machine', 'accept carl, back anna', 'open anna asserted'),
	('by a machine', 'back anna, accept carl, unback anna', 'open nobody'),
	('by a machine', 'back anna, accept carl, amend carl', 'open nobody'),
	('by a machine', 'back anna, accept carl, unback anna, back pia', 'open pia asserted'),
	('past due', 'back anna, unback anna', 'open nobody'),
	('past due', 'unback anna', 'TL001 proposed nobody'),
	('past due', 'back anna, amend carl, back pia', 'open pia asserted'),
	-- a backing stays when its backer retires; nobody acts for a retired actor
	('by a machine', 'back rita, retire rita', 'open rita asserted'),
	('by a machine', 'back rita, retire rita, unback rita', 'TL003 open rita asserted'),
	('by a machine', 'back rita, retire rita, back anna', 'open anna asserted'),
	('by a machine', 'retire rita, back rita', 'TL003 proposed nobody'),
	('by a machine', 'retire rita, register rita, back rita', 'open rita asserted'),
	('by a machine', 'back rita, retire rita, register rita, unback rita', 'proposed nobody'),
	('by a machine', 'retire anna', 'TL003 proposed nobody'),
	('by a machine', 'back rita, limit rita', 'open rita asserted'),
	('by a machine', 'limit rita, back rita', 'TL002 proposed nobody'),
	-- the policy of today, not of when it was made
	('by a machine', 'ask session, back anna', 'TL002 proposed nobody'),
	('by a machine', 'back anna, ask session', 'open anna asserted'),
	('by a machine', 'back anna, ask session, back pia', 'TL002 open anna asserted'),
	('by pia', 'ask session, amend pia', 'proposed nobody'),
	-- and never less than policy asked when the terms were written
	('by a machine, strictly', 'back anna', 'TL002 proposed nobody'),
	('by a machine, strictly', 'ease asserted, back anna', 'TL002 proposed nobody'),
	('by a machine, strictly', 'drop strict, back anna', 'TL002 proposed nobody'),
	('by a machine, strictly', 'ease asserted, accept carl, back anna', 'TL002 open nobody'),
	('by a machine, strictly', 'ease asserted, amend sys, back anna', 'open anna asserted'),
	('by a machine, strictly', 'drop strict, amend sys', 'open nobody'),
	('by a machine', 'back anna, drop guarded, unback anna', 'proposed nobody'),
	('by a machine', 'back anna, drop guarded, unback anna, amend sys', 'open nobody'),
	('by a machine', 'ask session, ask asserted, back anna', 'open anna asserted'),
	-- a rule about machines holds for what one drafted or entered, also if it is newer
	('drafted by a bot', 'back anna', 'open anna asserted'),
	('drafted by a bot', 'rule ai, back anna', 'TL002 open nobody'),
	('drafted by a bot', 'rule ai, amend pia', 'open pia asserted'),
	('drafted by a bot', 'rule ai, amend bot', 'proposed nobody'),
	('drafted by a bot', 'rule ai, lessen anna', 'proposed nobody'),
	('drafted by a bot', 'rule system, back anna', 'open anna asserted'),
	('for pia', 'rule system, back anna', 'TL002 proposed nobody'),
	('for pia', 'rule ai, back anna', 'open anna asserted'),
	('entered by a machine', 'accept carl', 'open nobody'),
	('entered by a machine', 'back anna, unback anna', 'proposed nobody'),
	('entered by a machine', 'amend anna', 'open nobody'),
	-- the authority of today
	('for 100 EUR', 'raise rita, back rita', 'open rita asserted'),
	('for 100 EUR', 'raise rita, lower rita, back rita', 'TL002 proposed nobody'),
	('for 100 EUR', 'lower rita, raise rita, back rita', 'open rita asserted'),
	('for 100 EUR', 'raise rita, back rita, lower rita', 'open rita asserted'),
	('for 100 EUR', 'raise rita, back rita, lower rita, back rita', 'TL002 open rita asserted'),
	('for 100 EUR', 'raise rita, back rita, lower rita, unback rita', 'proposed nobody'),
	('for 100 EUR', 'lower rita, lessen sys, back rita', 'open rita asserted')) AS v (what,
		steps, want)
	JOIN made USING (what);

-- ---- what waits for a backer ----

-- trust.awaiting_backing: promises for which policy asks for a human and that nobody backs, also if
-- the customer relies on them or they are past due; since the terms were new or the backing was
-- withdrawn.
CREATE FUNCTION inbox(args text, steps text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	lived record := live(args, steps);
BEGIN
	RETURN concat_ws(', ', lived.refused, (
		SELECT format('%s, %s since %s', w.state, w.evidence_needed, string_agg(e.event, ' and '))
		FROM trust.awaiting_backing w JOIN trust.entry e ON e.customer = w.customer
			AND e.promise = w.promise
			AND w.waiting_since = CASE WHEN e.backfilled THEN e.occurred_at ELSE e.recorded_at END
		WHERE w.promise = lived.promise GROUP BY w.state, w.evidence_needed));
END
$$;
SELECT is(inbox(made.args, steps), want, format('what waits, %s: %s', made.what, steps))
FROM (VALUES
	('by a machine', 'register rita', 'proposed, asserted since made'),
	('by a machine, strictly', 'register rita', 'proposed, session since made'),
	('by a machine, strictly', 'ease asserted', 'proposed, session since made'),
	('by a machine', 'back anna', ''),
	('by a machine', 'accept carl', 'open, asserted since made'),
	('by a machine', 'accept carl, back anna', ''),
	('by a machine', 'accept carl, amend carl', 'open, asserted since amended'),
	('by a machine', 'back anna, unback anna', 'proposed, asserted since backing_withdrawn'),
	('by a machine', 'back anna, unback anna, accept carl',
		'open, asserted since backing_withdrawn'),
	('by a machine', 'back anna, accept carl, unback anna',
		'open, asserted since backing_withdrawn'),
	('by a machine', 'back anna, accept carl, amend carl', 'open, asserted since amended'),
	('by a machine', 'amend sys', 'proposed, asserted since amended'),
	('by a machine', 'back anna, amend sys', 'proposed, asserted since amended'),
	('by a machine', 'back anna, unback anna, back pia', ''),
	('by a machine', 'withdraw sys', ''),
	('by a machine', 'accept carl, withdraw sys', ''),
	('by a machine', 'accept carl, release carl', ''),
	('by a machine', 'accept carl, assess carl', ''),
	('past due', 'register rita', 'proposed, asserted since made'),
	('past due', 'accept carl', 'open, asserted since made'),
	('past due', 'back anna, unback anna', 'open, asserted since backing_withdrawn'),
	('past due', 'amend carl', 'open, asserted since amended'),
	('by pia', 'register rita', ''),
	('by pia', 'unback pia', 'proposed, asserted since backing_withdrawn'),
	('entered by a machine', 'back anna, unback anna',
		'proposed, asserted since backing_withdrawn'),
	('needing nobody', 'register rita', ''),
	('needing nobody', 'unback pia', '')) AS v (what, steps, want)
	JOIN made USING (what);

-- The entry of a backing names the terms that were backed, and what was asked for.
CREATE FUNCTION backings() RETURNS SETOF text
LANGUAGE plpgsql AS $$
DECLARE
	id uuid := promise_with($m$'We pay.', 'sys', 'guarded', actor => 'sys'$m$,
		gen_random_uuid()::text);
	verb_and_who text;
BEGIN
	FOREACH verb_and_who IN ARRAY '{back anna,amend sys,back pia,unback pia}'::text[] LOOP
		PERFORM step(split_part(verb_and_who, ' ', 1), split_part(verb_and_who, ' ', 2), id);
	END LOOP;
	RETURN QUERY SELECT format('%s: terms %s, backer %s, evidence %s, asked %s, %s', e.event,
		e.refers_to - p.seq, e.backer, e.evidence, e.evidence_asked, coalesce(e.note, 'no reason'))
		FROM trust.entry e JOIN trust.entry p ON p.customer = e.customer AND p.promise = id
			AND p.event = 'made'
		WHERE e.promise = id ORDER BY e.seq;
END
$$;
SELECT results_eq('SELECT * FROM backings()', ARRAY[
	'made: terms , backer , evidence asserted, asked asserted, no reason',
	'backed: terms 0, backer anna, evidence asserted, asked asserted, no reason',
	'amended: terms 0, backer , evidence asserted, asked asserted, no reason',
	'backed: terms 2, backer pia, evidence asserted, asked asserted, no reason',
	'backing_withdrawn: terms , backer , evidence asserted, asked asserted, cannot stand for it'],
		'what the entries say of a backing');

-- Acts have the ledger's time, whatever occurred_at is; only backfilled ones have their own.
CREATE FUNCTION instants(ago interval) RETURNS text[]
LANGUAGE plpgsql AS $$
DECLARE
	id uuid := promise_with($m$'We pay.', 'sys', 'guarded', actor => 'sys', $m$ ||
		$m$occurred_at => '2020-01-01'$m$, gen_random_uuid()::text);
	call text;
	told text[];
BEGIN
	FOREACH call IN ARRAY '{"back_promise($1, actor => ''anna''","withdraw_backing($1, '
		'actor => ''anna''","decline_promise($1, actor => ''anna''","accept_promise($1, '
		'actor => ''carl''"}'::text[] LOOP
		EXECUTE format('SELECT FROM trust_ledger.%s, occurred_at => $2)', call) USING id,
			now() - ago;
		ago := ago - interval '1 ms';
		told := told || ARRAY(SELECT concat_ws(' ', i.what, CASE i.instant WHEN e.recorded_at
			THEN 'recorded' WHEN e.occurred_at THEN 'occurred' ELSE 'before' END)
			FROM trust.promise p JOIN trust.entry e ON e.customer = p.customer
				AND e.seq = p.last_seq,
				LATERAL (VALUES ('opened', p.opened_at), ('backed', p.backed_at),
					('waiting', p.waiting_since), ('declined', p.declined_at),
					('accepted', p.accepted_at)) AS i (what, instant)
			WHERE p.promise = id AND i.instant IS NOT NULL);
	END LOOP;
	RETURN told;
END
$$;
SELECT is(instants(ago::interval), ARRAY['opened ' || want, 'backed ' || want, 'opened before',
	'waiting ' || want,
	'opened before', 'declined ' || want, 'opened before', 'waiting ' || want, 'declined before',
		'accepted ' || want],
	format('what happened %s ago, as it is told', ago))
FROM (VALUES ('20 hours', 'recorded'), ('1 s', 'recorded'), ('2 days', 'occurred')) AS v
	(ago, want);

-- ---- declining ----

-- A human who could back a promise can decline it, whatever their authority or evidence; nobody
-- else can.
SELECT is(attempt(login, acting, format('decline_promise($1, actor => %L)', actor), promise), want,
	format('decline, from %s, acting as %s, actor %s', login, coalesce(acting, 'nobody'),
		coalesce(actor, 'left out')))
FROM promise_with($$'We pay.', kind => 'strict', value => 1e6, currency => 'EUR', actor => 'sys'$$,
	gen_random_uuid()::text) AS promise, (VALUES
	('app', NULL, 'anna', 'proposed nobody'),
	('app', NULL, 'ben', 'proposed nobody'),
	('app', NULL, 'bot', 'TL003'),
	('app', NULL, 'sys', 'TL003'),
	('app', NULL, 'crm', 'TL003'),
	('app', NULL, 'carl', 'TL003'),
	('app', NULL, 'otto', 'TL003'),
	('app', NULL, 'gus', 'TL003'),
	('app', NULL, 'nobody', '42704'),
	('app', NULL, NULL, 'TL003'),
	('app', 'anna', NULL, 'proposed nobody'),
	('app', 'bot', NULL, 'TL003'),
	('login_anna', NULL, NULL, 'proposed nobody'),
	('login_anna', NULL, 'ben', 'TL003'),
	('login_bot', NULL, NULL, 'TL003'),
	('login_bot', NULL, 'anna', 'TL003'),
	('login_gus', NULL, NULL, 'TL003'),
	('outsider', NULL, 'anna', 'TL004'),
	('reader', NULL, 'anna', 'TL004')) AS v (login, acting, actor, want);
SELECT is(attempt('app', NULL, call, promise), want, call)
FROM promise_with($$'We pay.', kind => 'guarded', actor => 'sys'$$, gen_random_uuid()::text)
	AS promise, (VALUES
	('decline_promise($1, NULL, actor => ''anna'')', 'proposed nobody'),
	('decline_promise($1, '''', actor => ''anna'')', '22023'),
	('decline_promise($1, '' '', actor => ''anna'')', '22023'),
	('decline_promise(NULL, actor => ''anna'')', '22004'),
	('decline_promise(gen_random_uuid(), actor => ''anna'')', 'P0002'),
	('decline_promise($1, customer => ''other'', actor => ''anna'')', 'P0002'),
	('decline_promise($1, actor => ''anna'', occurred_at => now() - interval ''1 year'')', 'TL004'))
		AS v (call, want);

SELECT is(story(made.args, steps), want, format('%s: %s', made.what, steps))
FROM (VALUES
	('by a machine', 'decline anna', 'proposed nobody'),
	('by a machine', 'decline bot, decline crm, decline carl', 'TL003 TL003 TL003 proposed nobody'),
	('by a machine', 'retire rita, decline rita', 'TL003 proposed nobody'),
	('by a machine', 'limit rita, decline rita', 'proposed nobody'),
	('by a machine, strictly', 'decline anna', 'proposed nobody'),
	-- nobody backs it, and nobody declines it again, until it has other terms
	('by a machine', 'decline anna, back anna', 'TL001 proposed nobody'),
	('by a machine', 'decline anna, back pia', 'TL001 proposed nobody'),
	('by a machine', 'decline anna, decline pia', 'TL001 proposed nobody'),
	('by a machine', 'decline anna, note anna, back pia', 'TL001 proposed nobody'),
	('by a machine', 'decline anna, drop guarded, back pia', 'TL001 proposed nobody'),
	('by a machine', 'decline anna, amend sys, back pia', 'open pia asserted'),
	('by a machine', 'decline anna, lessen sys, back anna', 'open anna asserted'),
	('by a machine', 'decline anna, amend sys, decline anna, back pia', 'TL001 proposed nobody'),
	('by a machine', 'decline anna, amend sys, decline anna, amend sys, back pia',
		'open pia asserted'),
	('for pia', 'decline pia, amend pia', 'open pia asserted'),
	('for pia', 'decline pia, amend anna', 'proposed nobody'),
	-- only a proposed promise: a backer must withdraw the backing first
	('by a machine', 'back anna, decline anna', 'TL001 open anna asserted'),
	('by a machine', 'back anna, decline pia', 'TL001 open anna asserted'),
	('by a machine', 'back anna, unback anna, decline anna, back pia', 'TL001 proposed nobody'),
	('needing nobody', 'decline anna', 'TL001 open pia asserted'),
	-- the customer accepts it all the same: then it can be backed, and counts
	('by a machine', 'decline anna, accept carl', 'open nobody'),
	('by a machine', 'decline anna, accept carl, back anna', 'open anna asserted'),
	('by a machine', 'decline anna, accept carl, decline pia', 'TL001 open nobody'),
	('by a machine', 'decline anna, accept carl, back pia, unback pia, back anna',
		'open anna asserted'),
	('by a machine', 'decline anna, accept carl, withdraw sys', 'broken nobody'),
	('past due', 'decline anna, accept carl', 'open nobody'),
	('past due', 'decline anna, amend carl', 'open nobody'),
	('past due', 'decline anna, amend carl, back pia', 'open pia asserted'),
	-- otherwise it can be withdrawn
	('by a machine', 'decline anna, withdraw sys', 'withdrawn nobody'),
	('by a machine', 'decline anna, assess carl', 'TL001 proposed nobody'),
	('by a machine', 'decline anna, release carl', 'TL001 proposed nobody'),
	('by a machine', 'withdraw sys, decline anna', 'TL001 withdrawn nobody')) AS v (what,
		steps, want)
	JOIN made USING (what);

SELECT is(inbox(made.args, steps), want, format('what waits, %s: %s', made.what, steps))
FROM (VALUES
	('by a machine', 'note anna', 'proposed, asserted since made'),
	('by a machine', 'decline anna', ''),
	('by a machine', 'decline anna, note anna', ''),
	('by a machine', 'decline anna, ask session', ''),
	('by a machine', 'back anna, unback anna, decline pia', ''),
	('by a machine', 'decline anna, amend sys', 'proposed, asserted since amended'),
	('by a machine', 'decline anna, amend sys, decline anna', ''),
	('by a machine', 'decline anna, accept carl', 'open, asserted since accepted'),
	('by a machine', 'decline anna, accept carl, note anna', 'open, asserted since accepted'),
	('by a machine', 'decline anna, accept carl, back anna', ''),
	('by a machine', 'decline anna, accept carl, amend carl', 'open, asserted since amended'),
	('by a machine', 'decline anna, withdraw sys', ''),
	('for pia', 'decline pia, amend pia', ''),
	('past due', 'decline anna', ''),
	('past due', 'decline anna, amend carl', 'open, asserted since amended')) AS v (what,
		steps, want)
	JOIN made USING (what);

-- Since when a human of the company had seen these terms, and when one declined them.
CREATE FUNCTION seen(args text, steps text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	lived record := live(args, steps);
BEGIN
	RETURN (SELECT concat_ws(', ', 'seen ' || (SELECT string_agg(e.event, ' and ') FROM trust.entry
		e WHERE e.promise = p.promise AND p.seen_at = CASE WHEN e.backfilled THEN e.occurred_at
		ELSE e.recorded_at END),
			'declined ' || (SELECT string_agg(e.event, ' and ') FROM trust.entry e
				WHERE e.promise = p.promise AND p.declined_at = CASE WHEN e.backfilled
				THEN e.occurred_at ELSE e.recorded_at END))
		FROM trust.promise p WHERE p.promise = lived.promise);
END
$$;
SELECT is(seen(made.args, steps), want, format('seen, %s: %s', made.what, steps))
FROM (VALUES
	('by a machine', 'note sys', ''),
	('by a machine', 'accept carl', ''),
	('by a machine', 'decline anna', 'seen declined, declined declined'),
	('by a machine', 'back anna, unback anna, decline anna', 'seen backed, declined declined'),
	('by a machine', 'decline anna, amend sys', ''),
	('by a machine', 'decline anna, amend anna', 'seen amended'),
	('by a machine', 'decline anna, amend sys, back anna', 'seen backed'),
	('by a machine', 'decline anna, accept carl, back pia', 'seen declined, declined declined'),
	('by a machine', 'decline anna, accept carl, amend carl', ''),
	('by pia', 'unback pia, decline anna', 'seen made, declined declined')) AS v (what, steps, want)
	JOIN made USING (what);

-- Declining a promise that was open before does not evade the score: past due it counts as broken
-- until a verdict, and withdrawing it breaks it.
CREATE FUNCTION declined_late(calls text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	id uuid := (trust_ledger.make_promise('late ' || calls, 'We pay.', 'sys', 'guarded',
		actor => 'sys', occurred_at => now() - interval '10 days', due => now() - interval
		'5 days')).promise;
	call text;
	score trust_ledger.trust_score;
BEGIN
	FOREACH call IN ARRAY regexp_split_to_array(calls, ', ') LOOP
		EXECUTE format('SELECT FROM trust_ledger.%s($1, actor => ''anna'', occurred_at => now() - '
			'$2)',
			CASE split_part(call, ' ', 1) WHEN 'back' THEN 'back_promise' WHEN 'unback'
				THEN 'withdraw_backing' ELSE 'decline_promise' END)
		USING id, split_part(call, ' ', 2)::int * interval '1 day';
	END LOOP;
	score := trust_ledger.customer_score('late ' || calls);
	RETURN concat_ws(', ', (SELECT concat_ws(' ', state, CASE WHEN overdue THEN 'overdue' END)
		FROM trust.current_promise WHERE promise = id), trust_ledger.broken(score),
		(SELECT string_agg(outcome, ' ') FROM trust_ledger.explain_trust('customer', 'late '
			|| calls)), (trust_ledger.withdraw_promise(id, actor => 'sys')).state);
END
$$;
SELECT is(declined_late(calls), want, calls)
FROM (VALUES
	('decline 9', 'proposed, 0, withdrawn'),
	('decline 0', 'proposed, 0, withdrawn'),
	('back 9, unback 8', 'proposed overdue, 1, overdue, broken'),
	('back 9, unback 8, decline 7', 'proposed overdue, 1, overdue, broken'),
	('back 9, unback 8, decline 0', 'proposed overdue, 1, overdue, broken')) AS v (calls, want);

-- The entry names the terms that were declined and the reason; a repeated call gets the same
-- receipt.
CREATE FUNCTION declining() RETURNS SETOF text
LANGUAGE plpgsql AS $$
DECLARE
	id uuid := promise_with($m$'We pay.', 'sys', 'guarded', actor => 'sys'$m$,
		gen_random_uuid()::text);
	first trust_ledger.receipt;
BEGIN
	PERFORM step('amend', 'sys', id);
	first := trust_ledger.decline_promise(id, 'no', actor => 'anna', context => '{"in": "crm"}',
		idempotency_key => id::text);
	RETURN NEXT trust_ledger.decline_promise(id, 'no', actor => 'anna', context => '{"in": "crm"}',
		idempotency_key => id::text) = first;
	RETURN NEXT attempt('app', NULL,
		format('decline_promise($1, ''never'', actor => ''anna'', idempotency_key => %L)', id), id);
	RETURN NEXT attempt('app', NULL,
		format('back_promise($1, actor => ''anna'', idempotency_key => %L)', id), id);
	RETURN QUERY SELECT format('%s %s: terms %s, %s, %s, backer %s', e.event, e.state,
		e.refers_to - (SELECT min(seq) FROM trust.entry m WHERE m.promise = id
		AND m.event = 'amended'), e.note, e.context, e.backer)
		FROM trust.entry e WHERE e.promise = id AND e.event = 'declined';
	RETURN QUERY SELECT concat_ws(', ', substring(description FROM 'declined to back the terms'),
		substring(description FROM ' of entry (\d+)')::bigint = (SELECT terms_seq FROM trust.promise
		WHERE promise = id), substring(description FROM '"no"'))
		FROM trust_ledger.history(id) WHERE event = 'declined';
END
$$;
SELECT results_eq('SELECT * FROM declining()', ARRAY['true', 'TL005', 'TL005',
	'declined proposed: terms 0, no, {"in": "crm"}, backer ',
	'declined to back the terms, t, "no"'], 'what the entry says of a no');

-- In all of the above only humans of the company backed promises, and only by their own act.
SELECT is_empty($$SELECT * FROM trust.entry
	WHERE backer IS NOT NULL AND (backer, actor_kind, speaks_for) IS DISTINCT FROM (actor, 'human',
		'company')$$, 'no backer who did not act');
SELECT is_empty('SELECT * FROM trust_ledger.verify()', 'and all of it verifies');
SELECT * FROM finish();
