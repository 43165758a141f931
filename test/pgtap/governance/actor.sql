-- Actors: registering, retiring with a successor, and who acts.

BEGIN;
CREATE EXTENSION pgtap;
SELECT plan(175);
CREATE EXTENSION trust_ledger;
SELECT trust_ledger.create_ledger();

\ir ../../helpers/calls.sql
-- Actor and evidence of a promise that is made after these statements, or the SQLSTATE. Rolled
-- back.
CREATE FUNCTION maker(doing text, arguments text DEFAULT '') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	who text;
BEGIN
	EXECUTE doing;
	EXECUTE format('SELECT trust_ledger.make_promise(''c'', ''w''%s)', arguments);
	-- as a superuser: the role that made it need not be able to read it
	EXECUTE 'RESET SESSION AUTHORIZATION';
	SELECT actor || ' ' || evidence INTO who FROM trust.entry WHERE customer = 'c' ORDER BY seq DESC
		LIMIT 1;
	RAISE SQLSTATE 'OK000';
EXCEPTION
	WHEN SQLSTATE 'OK000' THEN RETURN who;
	WHEN OTHERS THEN RETURN SQLSTATE;
END
$$;
CREATE FUNCTION registered(which text) RETURNS jsonb LANGUAGE sql AS $$
	SELECT jsonb_strip_nulls(to_jsonb(a) - 'seq') FROM trust.actor a WHERE actor = which
$$;

CREATE ROLE anna_login;
CREATE ROLE carl_login;
CREATE ROLE app;
SELECT trust_ledger.grant_access(r, 'application')
	FROM unnest('{app,anna_login,carl_login}'::text[]) AS r;

-- ---- acting before anybody is registered

SELECT throws_ok($$SELECT trust_ledger.make_promise('c', 'w', actor => 'anna')$$, '42704', NULL,
	'an unknown actor');
SELECT is((error_of(format('SELECT trust_ledger.make_promise(''c'', ''w'', actor => %L)',
	name))).hint,
	format('SELECT * FROM trust_ledger.register_actor(%L, ''human'');', name),
		'the hint is the call that registers ' || name)
FROM unnest(ARRAY['anna', 'o''neil', 'back\slash', 'Ωmega']) AS name;
SELECT is(sqlstate_of((error_of($$SELECT trust_ledger.make_promise('c', 'w',
	actor => 'o''neil')$$)).hint
	|| $$; SELECT trust_ledger.make_promise('c', 'w', actor => 'o''neil')$$), 'ok', 'and it does');
SELECT is(sqlstate_of($$SELECT trust_ledger.make_promise('c', 'w')$$), 'TL003', 'nobody acts');

-- ---- what can be registered

SELECT trust_ledger.register_actor('anna', 'human', 'Anna', db_role => 'anna_login',
	authority => '{"EUR": 5000, "USD": 0.5}');
SELECT trust_ledger.register_actor('ben', 'human');
SELECT trust_ledger.register_actor('bot', 'ai', responsible => 'anna', model => 'm1');
SELECT trust_ledger.register_actor('gone', 'human');
SELECT trust_ledger.retire_actor('gone');
SELECT is(registered('anna'),
	'{"actor": "anna", "kind": "human", "name": "Anna", "speaks_for": "company",
	"db_role": "anna_login", "authority": {"EUR": 5000, "USD": 0.5}, "active": true}', 'a human');
SELECT is(registered('bot'),
	'{"actor": "bot", "kind": "ai", "speaks_for": "company", "responsible": "anna",
	"model": "m1", "active": true}', 'a machine');

SELECT is(sqlstate_of('SELECT trust_ledger.register_actor(' || arguments || ')'), expected,
	'register_actor(' || arguments || ')')
FROM (VALUES
	-- key, kind, whom they speak for
	($$'x', 'human'$$, 'ok'), ($$'x', 'human', speaks_for => NULL$$, 'ok'),
	($$NULL, 'human'$$, '22004'), ($$'x', NULL$$, '22004'),
	($$'', 'human'$$, '22023'), ($$' x', 'human'$$, '22023'), ($$'x', 'Human'$$, '22023'),
	($$'x', 'robot'$$, '22023'), ($$'x', ''$$, '22023'),
	($$'x', 'human', speaks_for => 'nobody'$$, '22023'), ($$'x', 'human', name => ''$$, '22023'),
	($$'x', 'human', name => ' '$$, '22023'),
	-- a human is no machine
	($$'x', 'human', model => 'm1'$$, '22023'), ($$'x', 'human', responsible => 'anna'$$, '22023'),
	($$'x', 'human', speaks_for => 'customer'$$, 'ok'),
	($$'x', 'human', speaks_for => 'record'$$, '22023'),
	-- a machine has a human
	($$'x', 'ai', model => 'm1'$$, '22023'), ($$'x', 'ai', responsible => 'anna'$$, '22023'),
	($$'x', 'system'$$, '22023'),
	($$'x', 'ai', responsible => 'anna', model => 'm1'$$, 'ok'),
	($$'x', 'ai', responsible => 'anna', model => ''$$, '22023'),
	($$'x', 'system', responsible => 'anna'$$, 'ok'),
	($$'x', 'system', responsible => 'anna', model => 'm1'$$, 'ok'),
	($$'x', 'system', responsible => 'nobody'$$, '42704'),
	($$'x', 'system', responsible => 'x'$$, '42704'),
	($$'x', 'system', responsible => 'bot'$$, 'TL003'),
	($$'x', 'system', responsible => 'gone'$$, 'TL003'),
	($$'bot', 'ai', responsible => 'bot', model => 'm2'$$, 'TL003'),
	($$'x', 'system', responsible => 'anna', speaks_for => 'record'$$, 'ok'),
	($$'x', 'ai', responsible => 'anna', model => 'm1', speaks_for => 'record'$$, '22023'),
	($$'x', 'ai', responsible => 'anna', model => 'm1', speaks_for => 'customer'$$, 'ok'),
	-- bound to one customer
	($$'x', 'human', speaks_for => 'customer', customer => 'c'$$, 'ok'),
	($$'x', 'human', customer => 'c'$$, '22023'),
	($$'x', 'system', responsible => 'anna', speaks_for => 'record', customer => 'c'$$, '22023'),
	($$'x', 'human', speaks_for => 'customer', customer => ''$$, '22023'),
	-- their login
	($$'x', 'human', db_role => 'app'$$, 'ok'),
	($$'x', 'human', db_role => 'no_such_role'$$, '42704'),
	($$'x', 'human', db_role => 'public'$$, '42704'), ($$'x', 'human', db_role => ''$$, '22023'),
	($$'x', 'human', db_role => 'anna_login'$$, '23505'),
	($$'anna', 'human', db_role => 'anna_login'$$, 'ok'),
	-- authority
	($$'x', 'human', authority => '{}'$$, 'ok'),
	($$'x', 'human', authority => '{"EUR": 0}'$$, 'ok'),
	($$'x', 'human', authority => '{"EUR": 1e30}'$$, 'ok'),
	($$'x', 'human', authority => '{"EUR": -1}'$$, '22023'),
	($$'x', 'human', authority => '{"EUR": "5000"}'$$, '22023'),
	($$'x', 'human', authority => '{"EUR": null}'$$, '22023'),
	($$'x', 'human', authority => '{"EUR": {"most": 1}}'$$, '22023'),
	($$'x', 'human', authority => '{"EUR": [1]}'$$, '22023'),
	($$'x', 'human', authority => '[5000]'$$, '22023'),
	($$'x', 'human', authority => '5000'$$, '22023'),
	($$'x', 'human', authority => 'null'$$, '22023'),
	($$'x', 'human', authority => '{"EUR": '$$, '22P02'),
	($$'x', 'system', responsible => 'anna', authority => '{"EUR": 1}'$$, '22023'),
	-- who registers, and when
	($$'x', 'human', acting => 'anna'$$, 'ok'), ($$'x', 'human', acting => 'nobody'$$, '42704'),
	($$'x', 'human', acting => 'gone'$$, 'TL003'),
	($$'x', 'human', occurred_at => now() + interval '1 hour'$$, '22008'),
	-- kind and whom they speak for cannot change; everything else can
	($$'anna', 'system', responsible => 'ben'$$, 'TL003'),
	($$'anna', 'human', speaks_for => 'customer'$$, 'TL003'),
	($$'bot', 'human'$$, 'TL003'), ($$'bot', 'system', responsible => 'anna'$$, 'TL003'),
	($$'gone', 'system', responsible => 'anna'$$, 'TL003'), ($$'gone', 'human'$$, 'TL003'),
	($$'gone', 'human', returns => false$$, 'TL003'), ($$'gone', 'human', returns => true$$, 'ok'),
	($$'anna', 'human', returns => true$$, 'ok'), ($$'new', 'human', returns => true$$, '22023'),
	($$'bot', 'ai', responsible => 'ben', model => 'm2', returns => true$$, '22023'),
	($$'bot', 'ai', responsible => 'ben', model => 'm2'$$, 'ok')) AS c (arguments, expected);

SAVEPOINT registered_again;
SELECT trust_ledger.register_actor('anna', 'human', authority => '{"EUR": 1}');
SELECT is(registered('anna'),
	'{"actor": "anna", "kind": "human", "speaks_for": "company", "authority": {"EUR": 1}, '
	'"active": true}',
	'registered again: all that is known is what was said now');
SELECT trust_ledger.register_actor('gone', 'human', 'Back', returns => true);
SELECT is(registered('gone'),
	'{"actor": "gone", "kind": "human", "speaks_for": "company", "name": "Back", "active": true}',
	'one who was retired comes back');
SELECT is(maker('', $$, actor => 'gone'$$), 'gone asserted', 'and acts');
SELECT is_empty('SELECT * FROM trust_ledger.verify()', 'verify() is content');
ROLLBACK TO registered_again;
SELECT is(registered('anna')->>'name', 'Anna', 'rolled back');
SELECT is(maker('', $$, actor => 'gone'$$), 'TL003', 'also in what the session remembers');
SELECT is(sqlstate_of($$SELECT trust_ledger.register_actor('x', 'human', db_role => 'app')$$),
	'ok', 'a login is free');
SELECT is(maker('SET SESSION AUTHORIZATION app'),
	'TL003', 'after a registration that was rolled back');

-- ---- retiring

SELECT trust_ledger.register_actor('dora', 'human');
SELECT trust_ledger.register_actor('scanner', 'system', 'The scanner', responsible => 'anna',
	model => 's1');
SELECT trust_ledger.register_actor('old', 'system', responsible => 'anna');
SELECT trust_ledger.retire_actor('old', reason => 'sold');
SELECT is(sqlstate_of('SELECT trust_ledger.retire_actor(' || arguments || ')'), expected,
	'retire_actor(' || arguments || ')')
FROM (VALUES
	($$NULL$$, '22004'), ($$''$$, '22023'), ($$'nobody'$$, '42704'), ($$'gone'$$, 'TL003'),
	($$'ben'$$, 'ok'), ($$'bot'$$, 'ok'), ($$'anna'$$, 'TL003'),
	($$'anna', successor => 'ben'$$, 'ok'),
	($$'anna', successor => 'anna'$$, '22023'), ($$'anna', successor => 'nobody'$$, '42704'),
	($$'anna', successor => 'bot'$$, 'TL003'),
	($$'anna', successor => 'gone'$$, 'TL003'), ($$'ben', successor => 'anna'$$, 'ok'),
	($$'ben', successor => 'nobody'$$, '42704')) AS c (arguments, expected);

CREATE TABLE retired AS SELECT * FROM trust_ledger.retire_actor('anna', successor => 'ben',
	reason => 'left', acting => 'ben');
SELECT results_eq($$
	SELECT subject COLLATE "default", event COLLATE "default", details->>'responsible',
		details->>'active', note FROM trust.entry
	WHERE customer = '' AND seq >= (SELECT seq FROM retired) ORDER BY seq $$,
	$$VALUES ('anna', 'actor_retired', NULL, 'false', 'left'),
		('bot', 'actor_registered', 'ben', 'true', NULL),
		('scanner', 'actor_registered', 'ben', 'true', NULL)$$,
	'retired: an entry for each that it changes');
SELECT is(registered('anna'),
	'{"actor": "anna", "kind": "human", "name": "Anna", "speaks_for": "company", "active": false,
	"db_role": "anna_login", "successor": "ben", "authority": {"EUR": 5000, "USD": 0.5}}',
		'what they were stays known');
SELECT is(registered('scanner'),
	'{"actor": "scanner", "kind": "system", "name": "The scanner", "speaks_for": "company",
	"responsible": "ben", "model": "s1", "active": true}',
		'the successor answers for the machines');
SELECT is(registered('old')->>'responsible', 'anna', 'not for those that were retired before');
SELECT is(sqlstate_of($$SELECT trust_ledger.retire_actor('ben')$$),
	'TL003', 'and is not retired without a successor');
SELECT trust_ledger.retire_actor('ben', successor => 'dora');
SELECT results_eq($$SELECT actor COLLATE "default" FROM trust.actor WHERE responsible = 'dora'
	AND active ORDER BY 1$$, $$VALUES ('bot'), ('scanner')$$,
	'machines go down a chain of successors');
SELECT is(sqlstate_of(call), expected, call)
FROM (VALUES
	($$SELECT trust_ledger.make_promise('c', 'w', actor => 'anna')$$, 'TL003'),
	($$SELECT trust_ledger.make_promise('c', 'w', actor => 'dora', promiser => 'anna')$$, 'TL003'),
	($$SELECT trust_ledger.make_promise('c', 'w', actor => 'dora', drafted_by => 'anna')$$,
		'TL003'),
	($$SELECT trust_ledger.act_as('anna')$$, 'TL003'),
	($$SELECT trust_ledger.retire_actor('dora', successor => 'anna')$$, 'TL003'),
	($$SELECT trust_ledger.register_actor('dora', 'human', db_role => 'anna_login')$$, 'ok'),
	($$SELECT trust_ledger.register_actor('old', 'system', responsible => 'anna')$$, 'TL003'),
	($$SELECT trust_ledger.make_promise('c', 'w', actor => 'bot')$$, 'ok')) AS c (call, expected);
SELECT is(maker('SET SESSION AUTHORIZATION anna_login'),
	'TL003', 'the login of somebody retired acts for nobody');
SELECT is(maker('SET SESSION AUTHORIZATION anna_login', $$, actor => 'dora'$$),
	'TL003', 'not for others either');
SELECT is_empty('SELECT * FROM trust_ledger.verify()', 'verify() is content');

-- ---- who acts

SELECT trust_ledger.register_actor('anna', 'human', db_role => 'anna_login', returns => true);
SELECT trust_ledger.register_actor('eve', 'human');
CREATE ROLE eve_login;
SELECT trust_ledger.grant_access('eve_login', 'application');
CREATE FUNCTION other_login_of_eve() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM trust_ledger.register_actor('eve', 'human', db_role => 'eve_login');
	GRANT eve_login TO anna_login;
END
$$;
SELECT is(maker(doing, arguments), expected, coalesce(nullif(doing, ''), 'a shared login')
	|| arguments)
FROM (VALUES
	-- a shared login: the argument, then act_as(), then nobody
	('SET SESSION AUTHORIZATION app', '', 'TL003'),
	('SET SESSION AUTHORIZATION app', $$, actor => 'eve'$$, 'eve asserted'),
	($$SET SESSION AUTHORIZATION app; SELECT trust_ledger.act_as('eve')$$, '', 'eve asserted'),
	($$SET SESSION AUTHORIZATION app; SELECT trust_ledger.act_as('eve')$$, $$, actor => 'dora'$$,
		'dora asserted'),
	($$SET SESSION AUTHORIZATION app; SELECT trust_ledger.act_as('eve');
		SELECT trust_ledger.act_as('dora')$$, '', 'dora asserted'),
	($$SET SESSION AUTHORIZATION app; SELECT trust_ledger.act_as('anna')$$, '', 'anna asserted'),
	($$SET SESSION AUTHORIZATION app; SELECT trust_ledger.act_as('nobody')$$, '', '42704'),
	($$SET SESSION AUTHORIZATION app; SELECT trust_ledger.act_as('')$$, '', '22023'),
	($$SET SESSION AUTHORIZATION app; SELECT trust_ledger.act_as(NULL)$$, '', '22004'),
	('SET SESSION AUTHORIZATION app', $$, actor => ''$$, '42704'),
	('SET SESSION AUTHORIZATION app', $$, promiser => 'eve'$$, 'TL003'),
	-- somebody's own login: they and nobody else. The role that was authenticated is another here.
	('SET SESSION AUTHORIZATION anna_login', '', 'anna asserted'),
	('SET SESSION AUTHORIZATION anna_login', $$, actor => 'anna'$$, 'anna asserted'),
	('SET SESSION AUTHORIZATION anna_login', $$, actor => 'eve'$$, 'TL003'),
	('SET SESSION AUTHORIZATION anna_login', $$, actor => 'nobody'$$, 'TL003'),
	($$SET SESSION AUTHORIZATION anna_login; SELECT trust_ledger.act_as('anna')$$, '',
		'anna asserted'),
	($$SET SESSION AUTHORIZATION anna_login; SELECT trust_ledger.act_as('eve')$$, '', 'TL003'),
	($$SELECT trust_ledger.act_as('eve'); SET SESSION AUTHORIZATION anna_login$$, '', 'TL003'),
	($$SELECT trust_ledger.act_as('eve'); SET SESSION AUTHORIZATION anna_login$$,
		$$, actor => 'anna'$$, 'anna asserted'),
	($$GRANT postgres TO anna_login; SET SESSION AUTHORIZATION anna_login; SET ROLE postgres$$, '',
		'anna asserted'),
	-- SET ROLE to an actor's role binds as well
	($$SET ROLE anna_login$$, '', 'anna asserted'),
	($$SET ROLE anna_login$$, $$, actor => 'eve'$$, 'TL003'),
	($$SELECT other_login_of_eve(); SET SESSION AUTHORIZATION anna_login; SET ROLE eve_login$$, '',
		'TL003'),
	($$SELECT other_login_of_eve(); SET SESSION AUTHORIZATION anna_login; SET ROLE eve_login$$,
		$$, actor => 'anna'$$, 'TL003')) AS c (doing, arguments, expected);

-- An actor that speaks for a customer or a record and has a login can act only from there.
SELECT trust_ledger.register_actor('carl', 'human', speaks_for => 'customer', customer => 'c',
	db_role => 'carl_login');
SELECT trust_ledger.register_actor('cleo', 'human', speaks_for => 'customer', customer => 'c');
SELECT trust_ledger.register_actor('cora', 'human', speaks_for => 'customer');
CREATE TABLE promised AS
	SELECT customer, promise FROM (VALUES ('c'), ('d')) AS v (name), trust_ledger.make_promise(name,
		'w', actor => 'eve');
SELECT is(sqlstate_of(format('%s; SELECT trust_ledger.accept_promise(%L%s)', doing,
	(SELECT promise FROM promised WHERE customer = of), arguments)),
	expected, format('accepting of %s: %s%s', of, coalesce(nullif(doing, ''), 'a shared login'),
		arguments))
FROM (VALUES
	('', 'c', $$, actor => 'carl'$$, 'TL003'),
	($$SELECT trust_ledger.act_as('carl')$$, 'c', '', 'TL003'),
	('SET SESSION AUTHORIZATION carl_login', 'c', '', 'ok'),
	('SET SESSION AUTHORIZATION carl_login', 'd', '', 'TL003'),
	('SET SESSION AUTHORIZATION anna_login', 'c', $$, actor => 'carl'$$, 'TL003'),
	('', 'c', $$, actor => 'cleo'$$, 'ok'), ('', 'd', $$, actor => 'cleo'$$, 'TL003'),
	('', 'd', $$, actor => 'cleo', customer => 'd'$$, 'TL003'),
	('', 'd', $$, actor => 'cleo', customer => 'c'$$, 'P0002'),
	('', 'c', $$, actor => 'cora'$$, 'ok'), ('', 'd', $$, actor => 'cora'$$, 'ok'),
	('', 'c', $$, actor => 'eve'$$, 'TL003')) AS c (doing, of, arguments, expected);

-- ---- how long act_as() lasts

SAVEPOINT before;
SELECT is(trust_ledger.act_as('eve'), 'eve', 'act_as() says who acts');
SAVEPOINT inner_one;
SELECT trust_ledger.act_as('dora');
SELECT is(maker(''), 'dora asserted', 'act_as() within a savepoint');
ROLLBACK TO inner_one;
SELECT is(maker(''), 'eve asserted', 'gone with the savepoint');
SAVEPOINT inner_one;
SELECT trust_ledger.act_as('dora');
RELEASE inner_one;
SELECT is(maker(''), 'dora asserted', 'released, it stays');
CREATE FUNCTION acts_within() RETURNS text LANGUAGE sql SET work_mem = '1MB'
	AS $$SELECT trust_ledger.act_as('eve')$$;
SELECT acts_within();
SELECT is(maker(''), 'eve asserted', 'so does what a function says, with settings of its own');
ROLLBACK TO before;
SELECT is(maker(''), 'TL003', 'all gone with the outer one');

SELECT is(sqlstate_of(call), '55P02', call)
FROM unnest(ARRAY[
	$$SET trust_ledger.actor = 'eve'$$, $$SET LOCAL trust_ledger.actor = 'eve'$$,
		$$RESET trust_ledger.actor$$,
	$$SELECT set_config('trust_ledger.actor', 'eve', false)$$,
		$$SELECT set_config('trust_ledger.actor', 'eve', true)$$,
	$$UPDATE pg_settings SET setting = 'eve' WHERE name = 'trust_ledger.actor'$$,
	$$ALTER ROLE app SET trust_ledger.actor = 'eve'$$, $$ALTER DATABASE postgres SET
		trust_ledger.actor = 'eve'$$,
	$$CREATE FUNCTION f() RETURNS text LANGUAGE sql SET trust_ledger.actor = 'eve' AS 'SELECT 1'$$])
		AS call;
SELECT throws_ok('SET trust_ledger.other = 1', '42602', NULL, 'the prefix is reserved');

SELECT trust_ledger.act_as('eve');
RESET ALL;
SELECT is(maker(''), 'eve asserted', 'RESET ALL leaves who acts');

-- act_as() does not apply to the next transaction, after commit or rollback.
CREATE TABLE results AS SELECT * FROM (VALUES (0, '')) AS r (n, who) WHERE false;
COMMIT;
INSERT INTO results VALUES (1, maker(''));
BEGIN;
SELECT trust_ledger.act_as('dora');
ROLLBACK;
INSERT INTO results VALUES (2, maker(''));
SELECT results_eq('SELECT who FROM results ORDER BY n', $$VALUES ('TL003'), ('TL003')$$,
	'after the transaction nobody acts');

-- A setting made in a session before the extension's library was loaded there.
\ir ../../helpers/sessions.sql
ALTER ROLE app LOGIN;
-- Makes a promise in a session of its own, after other statements.
CREATE FUNCTION made_in_session(settings text, doing text) RETURNS text
LANGUAGE sql
	AS $$ SELECT value_in_session(doing
	|| $call$; SELECT trust_ledger.make_promise('c', 'w')::text$call$, 'app', settings) $$;
SELECT is(made_in_session('', $$SELECT trust_ledger.act_as('eve'); SELECT 1$$) ~ '^[(]', true,
	'another session, as a control');
SELECT is(made_in_session('', $$SET trust_ledger.actor = 'eve'$$),
	'TL003', 'SET before the library is loaded');
SELECT is(made_in_session('-c trust_ledger.actor=eve', 'SELECT 1'),
	'TL003', 'an option of the connection');

SELECT * FROM finish();
