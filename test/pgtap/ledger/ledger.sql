-- The ledger: who can create one, calls before there is one, its settings, and a ledger that was
-- dropped, planted, altered or left behind by the extension.

BEGIN;
CREATE EXTENSION pgtap;
SELECT plan(314);
CREATE EXTENSION trust_ledger;

\ir ../../helpers/calls.sql

CREATE ROLE ledger_owner;
CREATE ROLE owners;
CREATE ROLE one_owner IN ROLE owners;
CREATE ROLE mallory;
SELECT format('ALTER DATABASE %I OWNER TO ledger_owner', current_database()) AS give_to_owner,
	format('ALTER DATABASE %I OWNER TO owners', current_database()) AS give_to_owners,
	format('GRANT CREATE ON DATABASE %I TO mallory', current_database()) AS let_mallory \gset
:give_to_owner;

-- ---- before create_ledger()

CREATE TABLE calls (function text, call text);
INSERT INTO calls SELECT split_part(call, '(', 1), 'SELECT trust_ledger.' || call
FROM unnest(ARRAY[
	$$register_actor('anna', 'human')$$, $$retire_actor('anna')$$, $$act_as('anna')$$,
	$$set_policy('p', evidence => 'session')$$, $$drop_policy('p')$$, $$set_ledger(zone => 'UTC')$$,
	$$grant_access('mallory', 'analyst')$$, $$revoke_access('mallory', 'analyst')$$,
	$$make_promise('c', 'words')$$, $$back_promise(gen_random_uuid())$$,
		$$withdraw_backing(gen_random_uuid())$$,
	$$accept_promise(gen_random_uuid())$$, $$amend_promise(gen_random_uuid(), 'words')$$,
	$$withdraw_promise(gen_random_uuid())$$, $$release_promise(gen_random_uuid())$$,
	$$assess_promise(gen_random_uuid(), 'kept')$$,
	$$decline_promise(gen_random_uuid())$$, $$pause_promise(gen_random_uuid())$$,
		$$resume_promise(gen_random_uuid())$$,
	$$admit_breach(gen_random_uuid())$$, $$repair_breach(gen_random_uuid(), 'how')$$,
		$$add_note(gen_random_uuid(), 'note')$$,
	$$confirm_relayed(gen_random_uuid())$$, $$erase_words(gen_random_uuid(), 'why')$$,
		$$erase_words('c', 1, 'why')$$, $$erase_customer('c', 'why')$$,
	 $$history(gen_random_uuid())$$, $$verify()$$, $$verify('c')$$,
	$$customer_score('c')$$, $$promiser_score('anna')$$,
	$$carried_score('promiser', 'anna', '1 day')$$, $$explain_trust('all')$$,
		$$promise_exceptions()$$,
		$$trust_trend('all')$$, $$human_backing()$$,
		$$make_promises('{"(c,w,,,,,,,,,,anna,,,)"}')$$, $$rebuild('c')$$, $$rebuild('')$$,
	$$ledger_digest()$$, $$require_reader()$$, $$reads_words()$$, $$check_ledger()$$,
		$$track_table('calls', '{}')$$, $$untrack_table('calls')$$,
		$$suspend_tracking('calls')$$, $$resume_tracking('calls')$$, $$recorded_tracking('calls')$$,
		$$set_tracking('calls', '{}')$$, $$recorded_arguments('s')$$,
		$$carry_over('calls', '{a}', 'a')$$, $$follow_former_key('calls', '{a}', 'a')$$,
		$$drop_tracking('calls')$$, $$source_of('calls')$$, $$read_tracked('calls', 's')$$,
		$$reconcile_table('calls')$$, $$import_rows('calls', 's', '{}')$$, $$replay_parked()$$,
		$$import_batch('calls', 's', '{}', '{}')$$, $$analyze_imported()$$,
		$$drop_parked(gen_random_uuid(), 'why')$$, $$record_parked()$$, $$record_settings()$$,
		$$fill_promise_columns()$$, $$found_ledger()$$,
		$$mark_copy('all')$$, $$ledger_is_empty()$$, $$take_ledger()$$, $$adopt_ledger()$$,
		$$read_batches('calls', 's', 1)$$, $$migrate_ledger()$$, $$migrate_as_owner()$$]) AS call;

SELECT set_eq($$SELECT function FROM calls$$, $$
	SELECT DISTINCT proname::text FROM pg_proc
	WHERE pronamespace = 'trust_ledger'::regnamespace AND prokind <> 'p' AND prorettype NOT IN
		('trigger'::regtype, 'event_trigger'::regtype)
		AND provolatile <> 'i' AND proname NOT IN ('create_ledger', 'check_ledger_owner',
			'create_tables', 'check_tables', 'found_structure', 'structure_problems',
			'ledger_relations', 'check_nothing_planted', 'compare_rows', 'create_scores',
			'create_guards', 'add_promise_columns', 'migrate_tables', 'create_views',
			'check_track', 'index_refusals', 'write_pending',
			'report_refusals') AND proname !~
			'^comment_on_|^create_[a-z]+_table$'
		-- of tracking, what works on a table and its mapping
		AND proname !~
			'^(condition_|check_mapp|check_trackable$|mapped_|tracking_statements$|trigger_|'
			'track_triggers$|table_of_source$|tracked_state$|tracked_bypass$|untracked_children$|'
			'source_to_track$|drop_track_triggers$|check_same_key$|check_conditions$|key_columns$|'
			'read_former_keys$|tracked_key$|'
			'key_has_changed$|statements_to_track$|create_track_triggers$|watch_suspended$|'
			'definition_columns$|columns_since_recorded$|restore_trigger_states$|'
			'suspension_arguments$|mapping_renamed$|is_as_recorded$|is_suspen(ded|sion)$)' $$,
	'every function that works on a ledger is among the calls: all that are not immutable');
SELECT matches(error_text(call, as_role), '^55000\|.*create_ledger[^|]*$', function
	|| '() before there is a ledger, by ' || as_role)
FROM calls, unnest('{postgres,ledger_owner}'::text[]) AS as_role;

-- ---- who can create one

SELECT is(sqlstate_of('SELECT trust_ledger.create_ledger()', as_role), expected, 'create_ledger() '
	|| title)
FROM (VALUES
	('mallory', '42501', 'by somebody who does not own the database'),
	('one_owner', '42501', 'by a member of another role'),
	('ledger_owner', 'ok', 'by the owner'),
	('postgres', 'ok', 'by a superuser')) AS c (as_role, expected, title);
SELECT is(sqlstate_of('CREATE SCHEMA trust; SELECT trust_ledger.create_ledger()'),
	'42P06', 'create_ledger() where schema trust is taken');
SELECT is(sqlstate_of('SELECT trust_ledger.create_ledger(); SELECT trust_ledger.create_ledger()',
	as_role), '42710',
	'create_ledger() a second time, by ' || as_role)
FROM unnest('{postgres,ledger_owner}'::text[]) AS as_role;
SELECT is(sqlstate_of(call, 'mallory'), '42501', call || ' by somebody else')
FROM unnest('{SELECT trust_ledger.create_tables(),SELECT trust_ledger.migrate_ledger(),SELECT '
	'trust_ledger.check_ledger_owner()}'::text[]) AS call;

SAVEPOINT by_group;
:give_to_owners;
SELECT is(run('SELECT trust_ledger.create_ledger()', 'one_owner'),
	'ok', 'a member of the role that owns the database makes the ledger');
SELECT is((SELECT array_agg(DISTINCT relowner::regrole::text) FROM pg_class
	WHERE relnamespace = 'trust'::regnamespace),
	'{owners}', 'and that role owns it');
ROLLBACK TO by_group;

CREATE VIEW rights_of_others AS
	SELECT relname AS object, a.grantee::regrole AS grantee, array_agg(a.privilege_type) AS rights
	FROM pg_class, aclexplode(relacl) AS a
	WHERE relnamespace = to_regnamespace('trust') AND relkind = 'r' AND a.grantee <> relowner
		GROUP BY 1, 2
	UNION ALL
	SELECT nspname, a.grantee::regrole, array_agg(a.privilege_type)
	FROM pg_namespace, aclexplode(nspacl) AS a
	WHERE nspname = 'trust' AND a.grantee <> nspowner AND NOT (a.grantee = 0 AND a.privilege_type
		= 'USAGE') GROUP BY 1, 2;

SAVEPOINT default_privileges;
ALTER DEFAULT PRIVILEGES FOR ROLE ledger_owner GRANT ALL ON TABLES TO mallory;
ALTER DEFAULT PRIVILEGES FOR ROLE ledger_owner GRANT SELECT ON TABLES TO PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE ledger_owner GRANT ALL ON SCHEMAS TO mallory;
SELECT trust_ledger.create_ledger();
SELECT is_empty('SELECT * FROM rights_of_others',
	'what the owner grants by default does not open the tables past the levels');
ROLLBACK TO default_privileges;

SELECT is(run('SELECT trust_ledger.create_ledger()'), 'ok', 'a superuser makes the ledger');
SELECT is(current_user::text, 'postgres', 'and is still who they were');
SELECT is_empty($$
	SELECT oid::regclass::text FROM pg_class
	WHERE relnamespace = 'trust'::regnamespace AND relowner <> 'ledger_owner'::regrole
	UNION ALL SELECT nspname FROM pg_namespace WHERE nspname = 'trust'
		AND nspowner <> 'ledger_owner'::regrole $$,
	'all of it belongs to the database''s owner');
SELECT is_empty('SELECT * FROM rights_of_others', 'and nobody else has a right on its tables');
SELECT is((SELECT array_agg(event ORDER BY seq) FROM trust.entry),
	'{ledger_created,access_granted}', 'its first entries');
SELECT is((SELECT subject FROM trust.entry WHERE seq = 1), (SELECT ledger::text FROM trust.ledger),
	'the first names the ledger');
SELECT is((SELECT levels FROM trust.access WHERE role = 'ledger_owner'),
	'{application,analyst,auditor,admin}', 'the owner''s levels');
SELECT is_empty('SELECT * FROM trust_ledger.verify()', 'verify() of a new ledger');
SELECT is(sqlstate_of('SELECT trust_ledger.found_ledger()', as_role), expected,
	'found_ledger() again, by ' || as_role)
FROM (VALUES ('postgres', '42710'), ('ledger_owner', '42710'), ('mallory', '42501')) AS c (as_role,
	expected);

-- ---- settings

SELECT is(sqlstate_of('SELECT trust_ledger.set_ledger(' || arguments || ')'), expected,
	'set_ledger(' || arguments || ')')
FROM (VALUES
	($$half_life => '90 days'$$, 'ok'), ($$half_life => '1 day'$$, 'ok'),
	($$half_life => '23:59:59.999999'$$, '22023'), ($$half_life => '0.000001 s'$$, '22023'),
	($$half_life => '36525 days'$$, 'ok'),
	($$half_life => '0'$$, '22023'), ($$half_life => '-1 day'$$, '22023'),
	($$half_life => '1 month'$$, '22023'),
	($$half_life => '36526 days'$$, '22023'), ($$half_life => '1 day -1 s'$$, '22023'),
	($$lag => '0'$$, 'ok'), ($$lag => '2 days'$$, 'ok'), ($$lag => '-1 s'$$, '22023'),
	($$lag => '1 year'$$, '22023'),
	($$zone => 'Europe/Berlin'$$, 'ok'), ($$zone => 'Moon/Tycho'$$, '22023'),
	($$zone => ''$$, '22023'),
	($$weights => NULL$$, '22004'), ($$reason => 'none'$$, '22004'),
	($$weights => '[]'$$, '22023'), ($$weights => '7'$$, '22023'), ($$weights => '{}'$$, '22023'),
	($$zone => 'UTC', actor => 'nobody'$$, '42704'),
	($$zone => 'UTC', occurred_at => 'infinity'$$, '22008'),
	($$zone => 'UTC', occurred_at => now() + interval '1 day'$$, '22008'),
	($$zone => 'UTC', idempotency_key => ''$$, '22023')) AS c (arguments, expected);

-- Weights as they are, with one pair changed.
SELECT is(sqlstate_of(format('SELECT trust_ledger.set_ledger(weights => %L)',
	(SELECT weights FROM trust.ledger) || change)), expected,
	'weights ' || change::text)
FROM (VALUES
	('{"kept": [999, 0]}'::jsonb, 'ok'), ('{"kept_by_company": [1000, 0]}', 'ok'),
	('{"partly_kept": [250, 750]}', 'ok'),
	('{"kept": [1001, 0]}', '22023'), ('{"kept": [-1, 0]}', '22023'),
	('{"kept": [500.5, 0]}', '22023'),
	('{"kept": ["1000", 0]}', '22023'), ('{"kept": [1000]}', '22023'),
	('{"kept": [1000, 0, 0]}', '22023'),
	('{"kept": {"kept": 1000, "broken": 0}}', '22023'), ('{"kept": null}', '22023'),
	('{"other": [0, 0]}', '22023'),
	('{"kept": [400, 0]}', '22023'), ('{"kept_by_company": [250, 750]}', '22023'),
	('{"kept_by_company": [600, 600]}', '22023'),
	('{"repaired": [1000, 0]}', '22023'), ('{"repaired": [0, 750]}', '22023'),
	('{"admitted": [250, 750]}', '22023'),
	('{"admitted": [0, 1000]}', '22023'), ('{"broken": [0, 750]}', '22023'),
	('{"broken": [100, 1000]}', '22023'),
	('{"partly_kept": [0, 1000]}', '22023'),
	('{"partly_kept": [500, 0]}', '22023')) AS c (change, expected);

SELECT is((SELECT seq FROM trust_ledger.set_ledger(half_life => '90 days', lag => '6 hours',
	reason => 'shorter')), 3::bigint,
	'a change of settings is an entry');
SELECT results_eq('SELECT half_life, lag, zone, seq FROM trust.ledger',
	$$VALUES (interval '90 days', interval '6 hours', 'UTC', 3::bigint)$$,
		'what is not given stays');
SELECT results_eq($$SELECT event COLLATE "default", note, details->>'half_life', details->>'zone'
	FROM trust.entry WHERE seq = 3$$,
	$$VALUES ('ledger_set', 'shorter', 'P90D', 'UTC')$$,
		'the entry says why, and the whole of the settings');

-- New settings apply to this session at once: the lag and the zone.
SELECT trust_ledger.register_actor('anna', 'human');
SELECT is(sqlstate_of($$SELECT trust_ledger.make_promise('c', 'w', actor => 'anna',
	occurred_at => now() - interval '7 hours')$$, 'ledger_owner'),
	'TL004', 'a shorter lag holds at once');
SELECT trust_ledger.set_ledger(zone => 'Asia/Tokyo', lag => '8 hours');
SELECT is(sqlstate_of($$SELECT trust_ledger.make_promise('c', 'w', actor => 'anna',
	occurred_at => now() - interval '7 hours')$$, 'ledger_owner'),
	'ok', 'a longer one too');
SELECT trust_ledger.make_promise('c', 'day', actor => 'anna', due_on => '2099-12-31');
SELECT is((SELECT due FROM trust.promise), timestamptz '2099-12-31 15:00:00Z' - interval
	'1 microsecond', 'days end in the ledger''s zone');

CREATE TABLE deal (id bigint PRIMARY KEY, customer text, title text);
SELECT trust_ledger.track_table('deal', '{"customer": "=customer", "words": "=title"}');

-- ---- the ledger's tables change while the session has its plans

SELECT is(run(format('ALTER TABLE trust.%I ADD COLUMN extra_%s %s', tab, nr, definition),
	'ledger_owner'), 'ok',
	format('a column more in %s: %s', tab, definition))
FROM unnest('{ledger,actor,policy,access,tracking,chain,promise,entry}'::text[]) AS tab,
	(VALUES (1, 'text'), (2, 'integer DEFAULT 7')) AS c (nr, definition)
WHERE tab <> 'entry' OR nr = 1;
SELECT is(run(call), 'ok', call || ' afterwards')
FROM unnest(ARRAY[
	$$SELECT trust_ledger.make_promise('c', 'w', actor => 'anna')$$,
	$$SELECT trust_ledger.assess_promise((SELECT promise FROM trust.promise WHERE words = 'w'),
		'kept', actor => 'anna')$$,
	$$SELECT trust_ledger.register_actor('ben', 'human')$$,
		$$SELECT trust_ledger.register_actor('anna', 'human', 'Anna')$$,
	$$SELECT trust_ledger.set_policy('p', evidence => 'session')$$,
		$$SELECT trust_ledger.drop_policy('p')$$,
	$$SELECT trust_ledger.grant_access('mallory', 'analyst')$$,
		$$SELECT trust_ledger.set_ledger(lag => '1 day')$$]) AS call;
SELECT is_empty('SELECT * FROM trust_ledger.verify()',
	'columns that are not the ledger''s are no finding');
SELECT is_empty($$SELECT * FROM trust.entry WHERE extra_1 IS NOT NULL$$,
	'and stay empty in entries');
SELECT is(sqlstate_of(format('ALTER TABLE trust.%I ADD COLUMN extra_3 %s; SELECT trust_ledger.%s',
	tab, definition, call)), 'ok', format('%s: a column more in %s, %s', call, tab, definition))
FROM (VALUES
	('promise', $$make_promise('c', 'w', actor => 'anna')$$),
	('chain', $$make_promise('new', 'w', actor => 'anna')$$),
	('tracking', $$track_table('deal', '{"customer": "=customer", "words": "=title"}')$$),
	('actor', $$register_actor('cora', 'human')$$),
	('policy', $$set_policy('q', evidence => 'session')$$),
	('access', $$grant_access('one_owner', 'analyst')$$),
	('ledger', $$set_ledger(lag => '2 days')$$)) AS c (tab, call),
	unnest('{integer NOT NULL DEFAULT 7,integer GENERATED ALWAYS AS (7) STORED}'::text[])
		AS definition;
SELECT is(run(format('ALTER TABLE trust.%I DROP COLUMN extra_1, DROP COLUMN IF EXISTS extra_2',
	tab), 'ledger_owner'), 'ok', 'and away again from ' || tab)
FROM unnest('{ledger,actor,policy,access,tracking,chain,promise,entry}'::text[]) AS tab;
SELECT is(run($$SELECT trust_ledger.make_promise('c', 'w2', actor => 'anna');
	SELECT trust_ledger.register_actor('ben', 'human', 'Ben')$$), 'ok',
	'calls go on');
SELECT is_empty('SELECT * FROM trust_ledger.verify()', 'verify() is content');

-- ---- migrate_ledger()

CREATE VIEW shape AS
	SELECT pg_describe_object('pg_class'::regclass, oid, 0) AS object,
		concat_ws(' ', relowner::regrole, relacl) AS shape
	FROM pg_class WHERE relnamespace = 'trust'::regnamespace
	UNION ALL SELECT pg_describe_object('pg_trigger'::regclass, t.oid, 0), tgenabled::text
	FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid WHERE relnamespace = 'trust'::regnamespace
	UNION ALL SELECT pg_describe_object('pg_class'::regclass, attrelid, attnum),
		concat_ws(' ', format_type(atttypid, atttypmod), attnotnull, pg_get_expr(adbin, adrelid),
			col_description(attrelid, attnum))
	FROM pg_attribute JOIN pg_class c ON c.oid = attrelid LEFT JOIN pg_attrdef ON adrelid = attrelid
		AND adnum = attnum
	WHERE relnamespace = 'trust'::regnamespace AND attnum > 0 AND NOT attisdropped;
CREATE TABLE shape_before AS SELECT * FROM shape;
CREATE TABLE digest_before AS SELECT digest FROM trust_ledger.ledger_digest();

SELECT is(run('SELECT trust_ledger.migrate_ledger()', as_role), 'ok', 'migrate_ledger() by '
	|| as_role)
FROM unnest('{ledger_owner,postgres,ledger_owner}'::text[]) AS as_role;
SELECT set_eq('SELECT * FROM shape', 'SELECT * FROM shape_before', 'leaves all as it is');

SELECT is(run(damage), 'ok', damage)
FROM unnest(ARRAY['DROP TRIGGER trust_guard ON trust.entry',
	'ALTER TABLE trust.chain DISABLE TRIGGER trust_guard',
	'ALTER TABLE trust.actor ENABLE TRIGGER trust_guard_truncate',
		'DROP VIEW trust.awaiting_backing',
	'ALTER TABLE trust.chain DROP COLUMN score']) AS damage;
SELECT trust_ledger.migrate_ledger();
SELECT set_eq('SELECT * FROM shape', 'SELECT * FROM shape_before',
	'puts back guards, views and scores, the owner''s');

DROP EXTENSION trust_ledger CASCADE;
CREATE EXTENSION trust_ledger;
SELECT trust_ledger.migrate_ledger();
SELECT set_eq('SELECT * FROM shape', 'SELECT * FROM shape_before',
	'also after DROP EXTENSION ... CASCADE and by a superuser');
SELECT is(run('SELECT trust_ledger.migrate_ledger()', 'ledger_owner'),
	'ok', 'the owner can still migrate');
SELECT is_empty('SELECT * FROM trust_ledger.verify()', 'verify() is content');
SELECT set_eq('SELECT digest FROM trust_ledger.ledger_digest()', 'SELECT digest FROM digest_before',
	'no entry was changed');

-- ---- other objects in the ledger's place

-- migrate_ledger() by a superuser runs no code that the owner put in the place of a table.
CREATE FUNCTION whoami() RETURNS integer LANGUAGE plpgsql AS $$
BEGIN
	RAISE EXCEPTION USING ERRCODE = CASE current_user WHEN 'postgres' THEN 'BAD00' ELSE 'MINE0' END;
END
$$;
SELECT isnt(sqlstate_of($$
	SET LOCAL ROLE ledger_owner;
	ALTER TABLE trust.ledger RENAME TO another;
	CREATE VIEW trust.ledger AS SELECT public.whoami() AS table_format;
	RESET ROLE;
	SELECT trust_ledger.migrate_ledger() $$),
		'BAD00', 'migrate_ledger() by a superuser does not run the owner''s functions as a '
		'superuser');

-- Code that the owner planted cannot become the superuser, who calls as themselves or as the owner.
CREATE FUNCTION climb() RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
	PERFORM set_config('role', 'none', true);
	RAISE EXCEPTION USING ERRCODE = CASE current_user WHEN 'postgres' THEN 'BAD00' ELSE 'MINE0' END;
END
$$;
CREATE FUNCTION climb_on_change() RETURNS trigger LANGUAGE
	plpgsql AS $$ BEGIN PERFORM public.climb(); RETURN NEW; END $$;
SELECT is(sqlstate_of(format('%s; SET LOCAL ROLE %s; SELECT trust_ledger.migrate_ledger()', plant,
	as_role)), expected, format('%s by %s', plant, as_role))
FROM (VALUES
	('ALTER TABLE trust.ledger ENABLE ROW LEVEL SECURITY; ALTER TABLE trust.ledger FORCE ROW LEVEL '
		'SECURITY; CREATE POLICY p ON trust.ledger USING (public.climb())', 'ok'),
	('ALTER TABLE trust.chain DROP COLUMN score CASCADE; '
		'CREATE TRIGGER a BEFORE UPDATE ON trust.chain FOR EACH ROW '
		'EXECUTE FUNCTION public.climb_on_change()', '42501')) AS p (plant, expected),
		unnest('{postgres,ledger_owner}'::text[]) AS as_role;

SELECT is(sqlstate_of(plant || $$; SELECT trust_ledger.make_promise('c', 'w', actor => 'anna')$$),
	expected, title)
FROM (VALUES
	('ALTER TABLE trust.ledger OWNER TO mallory', 'TL006',
		'a ledger that is not the database owner''s is refused'),
	('ALTER TABLE trust.ledger RENAME TO another; CREATE VIEW trust.ledger AS SELECT * '
		'FROM trust.another', '55000',
		'a view is no ledger'),
	('ALTER TABLE trust.ledger RENAME TO another; CREATE TABLE trust.ledger (LIKE trust.another '
		'INCLUDING ALL)', '55000',
		'nor is an empty table'),
	('ALTER TABLE trust.ledger DISABLE TRIGGER USER; UPDATE trust.ledger SET table_format = 1',
		'55000',
		'a ledger of an earlier format is refused'),
	('ALTER TABLE trust.ledger DISABLE TRIGGER USER; UPDATE trust.ledger SET table_format = 3',
		'55000',
		'and one of a later format'),
	('DROP TABLE trust.policy CASCADE', '55000', 'and one that lacks a table')) AS c (plant,
		expected, title);
SELECT is(sqlstate_of('ALTER TABLE trust.ledger DISABLE TRIGGER USER; UPDATE trust.ledger '
	'SET table_format = 3; SELECT trust_ledger.migrate_ledger()'),
	'0A000', 'migrate_ledger() does not touch a format that it does not know');

-- ---- dropped and made again in the same session

CREATE TABLE uuid_before AS SELECT ledger FROM trust.ledger;
SAVEPOINT another_ledger;
DROP SCHEMA trust CASCADE;
SELECT is(sqlstate_of($$SELECT trust_ledger.make_promise('c', 'w', actor => 'anna')$$),
	'55000', 'without the ledger, nothing');
SELECT isnt(trust_ledger.create_ledger(), (SELECT ledger FROM uuid_before),
	'a new ledger is another');
SELECT is(sqlstate_of($$SELECT trust_ledger.make_promise('c', 'w', actor => 'anna')$$),
	'42704', 'which knows nobody yet');
SELECT is(sqlstate_of($$SELECT trust_ledger.make_promise('c', 'w', actor => 'anna',
	due_on => '2099-12-31')$$, 'mallory'), 'TL004',
	'nor has anybody the levels of before');
SELECT trust_ledger.register_actor('anna', 'human');
SELECT is((trust_ledger.make_promise('c', 'w', actor => 'anna')).seq, 1::bigint, 'and works');
SELECT is_empty('SELECT * FROM trust_ledger.verify()', 'verify() is content with it');
ROLLBACK TO another_ledger;
SELECT is((trust_ledger.make_promise('c', 'w3', actor => 'anna')).seq,
	(SELECT length + 1 FROM trust.chain WHERE customer = 'c'),
	'rolled back, the old one works again');
SELECT is_empty('SELECT * FROM trust_ledger.verify()', 'verify() is content with that too');

-- A role that can create schemas, but does not own the database, plants one.
DROP SCHEMA trust CASCADE;
:let_mallory;
SELECT is(run('SELECT trust_ledger.create_tables()', 'mallory'),
	'ok', 'a role that can create schemas can make the tables');
SELECT is(sqlstate_of('SELECT trust_ledger.' || call), expected, call || ' on planted tables')
FROM (VALUES
	($$make_promise('c', 'w', actor => 'anna')$$, 'TL006'), ('found_ledger()', 'TL006'),
	('verify()', 'TL006'),
	('create_ledger()', 'TL006'), ('migrate_ledger()', 'TL006')) AS c (call, expected);
SELECT is(sqlstate_of('SELECT trust_ledger.found_ledger()', 'mallory'),
	'TL006', 'nor does the planter make a ledger of them');

SELECT * FROM finish();
ROLLBACK;
