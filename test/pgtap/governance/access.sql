-- Levels: what each allows a database role, and how they are granted and revoked.

BEGIN;
CREATE EXTENSION pgtap;
SELECT plan(308);
CREATE EXTENSION trust_ledger;

\ir ../../helpers/calls.sql

CREATE ROLE ledger_owner;
CREATE ROLE super_user SUPERUSER;
CREATE ROLE application;
CREATE ROLE analyst;
CREATE ROLE auditor;
CREATE ROLE import;
CREATE ROLE admin;
CREATE ROLE nobody;
SELECT format('ALTER DATABASE %I OWNER TO ledger_owner', current_database()) AS give_to_owner \gset
:give_to_owner;
SELECT trust_ledger.create_ledger();
SELECT trust_ledger.grant_access(level, level)
	FROM unnest('{application,analyst,auditor,import,admin}'::text[]) AS level;

-- ---- each level, each call

SELECT trust_ledger.register_actor('anna', 'human');
SELECT trust_ledger.register_actor('ben', 'human');
SELECT trust_ledger.register_actor('carl', 'human', speaks_for => 'customer');
SELECT trust_ledger.register_actor('crm', 'system', responsible => 'anna');
SELECT trust_ledger.set_policy('p', kind => 'delivery', evidence => 'asserted');
\ir ../../helpers/named_promises.sql
INSERT INTO promised
	SELECT 'waits', promise FROM trust_ledger.make_promise('c', 'It works.', kind => 'delivery',
		actor => 'anna', promiser => 'ben')
	UNION ALL SELECT 'open', promise FROM trust_ledger.make_promise('c', 'It works.',
		purpose => 'To sell it.', actor => 'anna')
	UNION ALL SELECT which, promise FROM unnest('{due,paused,broken}'::text[]) AS which,
		trust_ledger.make_promise('c', 'It is ' || which, due => now() + interval '1 day',
		longest_pause => '1 day', actor => 'anna');
SELECT trust_ledger.pause_promise(promise, actor => 'anna') FROM promised WHERE name = 'paused';
SELECT trust_ledger.assess_promise(promise, 'broken', relayed => true, actor => 'ben') FROM promised
	WHERE name = 'broken';

CREATE TABLE refused (id int PRIMARY KEY, customer text, words text);
CREATE TRIGGER made AFTER INSERT ON refused FOR EACH ROW EXECUTE FUNCTION trust_ledger.track('made',
	'customer=customer', 'words=words', 'actor:crm', 'on_error:park', 'write:now');
INSERT INTO refused VALUES (1, ' c', 'No customer has such a key.');
CREATE FUNCTION waiting() RETURNS uuid STABLE SECURITY DEFINER LANGUAGE
	sql AS 'SELECT parked FROM trust.parked_change';

-- Tables that every role here owns, so that only the level decides.
CREATE ROLE crm;
GRANT crm TO application, analyst, auditor, import, admin, ledger_owner, nobody;
CREATE TABLE deal (id bigint PRIMARY KEY, customer text, title text);
ALTER TABLE deal OWNER TO crm;
SELECT trust_ledger.track_table('deal', '{"customer": "=customer", "words": "=title"}');

CREATE TABLE intended (function text, arguments text, levels text[]);
INSERT INTO intended
SELECT split_part(call, '(', 1), call, levels
FROM (
	SELECT unnest(ARRAY[
		$$make_promise('c', 'w', actor => 'anna')$$,
			$$make_promises('{"(c,w,,,,,,,,,,anna,,,)"}')$$,
			$$back_promise(promise_named('waits'), actor => 'ben')$$,
		$$withdraw_backing(promise_named('open'), actor => 'anna')$$,
			$$accept_promise(promise_named('open'), actor => 'carl')$$,
		$$amend_promise(promise_named('open'), 'other words', actor => 'anna')$$,
			$$withdraw_promise(promise_named('open'), actor => 'anna')$$,
		$$release_promise(promise_named('open'), actor => 'carl')$$,
			$$assess_promise(promise_named('open'), 'kept', actor => 'anna')$$,
		$$decline_promise(promise_named('waits'), actor => 'ben')$$,
			$$pause_promise(promise_named('due'), actor => 'anna')$$,
			$$resume_promise(promise_named('paused'), actor => 'anna')$$,
		$$admit_breach(promise_named('due'), actor => 'anna')$$,
			$$repair_breach(promise_named('broken'), 'h', actor => 'anna')$$,
			$$add_note(promise_named('open'), 'n', actor => 'anna')$$,
		$$confirm_relayed(promise_named('broken'), actor => 'carl')$$,
			$$accept_promise(promise_named('open'), relayed => true, actor => 'anna')$$,
		$$make_promise('c', 'w', actor => 'anna', occurred_at => now() - interval '23 hours')$$]),
			'{application,import}'::text[]
	UNION ALL SELECT $$make_promise('c', 'w', actor => 'anna', occurred_at => now() - $$ ||
		$$interval '25 hours')$$, '{import}'
	UNION ALL SELECT unnest(ARRAY[
		$$register_actor('x', 'human')$$, $$retire_actor('ben')$$,
			$$set_policy('q', evidence => 'session')$$, $$drop_policy('p')$$,
		$$set_ledger(zone => 'UTC')$$, $$grant_access('nobody', 'analyst')$$,
			$$revoke_access('analyst', 'analyst')$$]), '{admin}'
	UNION ALL SELECT unnest(ARRAY[$$rebuild('c')$$, $$rebuild('')$$]), '{admin}'
	UNION ALL SELECT unnest(ARRAY[$$erase_words(promise_named('open'), 'r')$$,
		$$erase_words('c', 1, 'r')$$, $$erase_customer('c', 'r')$$]), '{admin}'
	UNION ALL SELECT unnest(ARRAY[
		$$track_table('deal', '{"customer": "=customer", "words": "=title", $$ ||
			$$"on_delete": ":withdrawn"}')$$,
		$$track_table('deal', '{"customer": "=customer", "words": "=title"}', $$ ||
			$$dry_run => true)$$,
		$$untrack_table('deal')$$, $$suspend_tracking('deal')$$, $$recorded_tracking('deal')$$,
		$$resume_tracking('deal') FROM trust_ledger.suspend_tracking('deal')$$,
		$$set_tracking('deal', '{}')$$, $$recorded_arguments('public.deal')$$,
		$$carry_over('deal', '{id}', 'anna')$$, $$follow_former_key('deal', '{id}', 'anna')$$,
			$$drop_tracking('public.deal')$$]), '{application,admin}'
	UNION ALL SELECT $$act_as('anna')$$, '{application,import,admin}'
	UNION ALL SELECT unnest(ARRAY[$$history(promise_named('open'))$$, $$reconcile_table('deal')$$,
		$$compare_rows('deal', 'public.deal')$$]), '{application,auditor}'
	UNION ALL SELECT unnest(ARRAY[$$read_tracked('deal', 'public.deal')$$,
		$$read_batches('deal', 'public.deal', 1)$$]), '{application,auditor,import}'
	UNION ALL SELECT unnest(ARRAY[$$import_rows('deal', 'public.deal', '{}')$$,
		$$import_batch('deal', 'public.deal', '{}', '{}')$$, 'analyze_imported()']), '{import}'
	UNION ALL SELECT $$replay_parked()$$, '{application,import}'
	UNION ALL SELECT $$drop_parked(waiting(), 'r')$$, '{admin}'
	UNION ALL SELECT unnest(ARRAY[$$verify()$$, $$verify('c')$$, $$verify('')$$,
		$$ledger_digest()$$]), '{auditor,admin}'
	UNION ALL SELECT unnest(ARRAY[
		$$customer_score('c')$$, $$customer_score('c', now())$$,
			$$customer_score('nobody', known_at => now())$$,
		$$promiser_score('anna')$$, $$promiser_score('anna', now(), now())$$,
		$$carried_score('promiser', 'anna', '1 day')$$,
		$$explain_trust('customer', 'c')$$, $$explain_trust('all')$$, $$trust_trend('all')$$,
			$$trust_trend('promiser', '1 day', basis => 'recorded')$$,
		$$human_backing()$$, $$human_backing('2 days')$$, $$promise_exceptions()$$,
		$$require_reader()$$]), '{application,analyst,auditor,admin}') AS i (call, levels);

-- These need no level: they do nothing that the caller could not do by hand. Immutable functions
-- read nothing.
CREATE TABLE levelless (function text, call text, outcome text);
INSERT INTO levelless VALUES
	('state_machine', 'state_machine()', 'ok'), ('check_ledger', 'check_ledger()', 'ok'),
	('reads_words', 'reads_words()', 'ok'),
	('create_ledger', 'create_ledger()', '42501'), ('mark_copy', $$mark_copy('all')$$, '42501'),
	('create_copy_table', 'create_copy_table()', 'ok'),
	('migrate_ledger', 'migrate_ledger()', '42501'),
	('migrate_as_owner', 'migrate_as_owner()', '42501'),
	('check_ledger_owner', 'check_ledger_owner()', '42501'),
	('found_ledger', 'found_ledger()', '42501'),
	('create_tables', 'create_tables()', '42501'), ('create_guards', 'create_guards()', '42501'),
	('create_views', 'create_views()', '42501'),
	('create_scores', 'create_scores()', '42501'), ('index_refusals', 'index_refusals()', '42501'),
	('comment_on_promise_views', 'comment_on_promise_views()', '42501'),
	('comment_on_trust_views', 'comment_on_trust_views()', '42501'),
	('comment_on_exception_views', 'comment_on_exception_views()', '42501'),
	('comment_on_analysis_views', 'comment_on_analysis_views()', '42501'),
	('comment_on_tracked_views', 'comment_on_tracked_views()', '42501'),
	('comment_on_tracked_row_views', 'comment_on_tracked_row_views()', '42501'),
	('comment_on_parked_views', 'comment_on_parked_views()', '42501'),
	('ledger_is_empty', 'ledger_is_empty()', '42501'), ('take_ledger', 'take_ledger()', '42501'),
	('record_parked', 'record_parked()', '42501'),
	('record_settings', 'record_settings()', '42501'),
	('fill_promise_columns', 'fill_promise_columns()', '42501'),
	('add_promise_columns', 'add_promise_columns()', '42501'),
	('migrate_tables', 'migrate_tables()', '42501'), ('adopt_ledger', 'adopt_ledger()', '42501'),
	('check_tables', 'check_tables()', 'ok'), ('found_structure', 'found_structure()', 'ok'),
	('structure_problems', 'structure_problems()', 'ok'),
	('check_nothing_planted', 'check_nothing_planted()', 'ok'),
	('ledger_relations', 'ledger_relations()', 'ok'),
	('source_of', $$source_of('deal')$$, 'ok'), ('write_pending', 'write_pending()', 'ok'),
	('report_refusals', $$report_refusals('s', 0, '{}')$$, 'ok'),
	('check_track', $$check_track(t.oid) FROM pg_trigger t WHERE t.tgrelid = 'deal'::regclass$$,
		'ok'),
	('condition_for', $$condition_for('a > 1', 'NEW')$$, 'ok'),
	('condition_is_change', $$condition_is_change('a > 1')$$, 'ok'),
	('condition_columns', $$condition_columns('a > 1')$$, 'ok'),
	('check_mapping', $$check_mapping('{}')$$, 'ok'),
	('check_mapped_events', $$check_mapped_events('it', '[]')$$, 'ok'),
	('check_mapped_condition', $$check_mapped_condition('it', '"a"')$$, 'ok'),
	('mapped_life', $$mapped_life('{}')$$, 'ok'),
	('mapped_triggers', $$mapped_triggers('{}')$$, 'ok'),
	('tracking_statements', $$tracking_statements('deal', '{}', 's')$$, 'ok'),
	('track_triggers', 'track_triggers()', 'ok'),
	('statements_to_track', $$statements_to_track('deal', '{}')$$, 'ok'),
	('create_track_triggers', $$create_track_triggers('deal', '{}', '')$$, 'ok'),
	('watch_suspended', 'watch_suspended()', 'ok'),
	('definition_columns', $$definition_columns('SELECT')$$, 'ok'),
	('columns_since_recorded', $$columns_since_recorded('deal', '[]')$$, 'ok'),
	('trigger_states', $$trigger_states('deal')$$, 'ok'),
	('restore_trigger_states', $$restore_trigger_states('deal', '[]')$$, 'ok'),
	('suspension_arguments', $$suspension_arguments('deal', '{}')$$, 'ok'),
	('condition_renamed', $$condition_renamed('a', '{}', '{}')$$, 'ok'),
	('mapping_renamed', $$mapping_renamed('{}', '{}', '{}')$$, 'ok'),
	('is_as_recorded', $$is_as_recorded('deal', '[]')$$, 'ok'),
	('is_suspension', 'is_suspension(1)', 'ok'),
	('is_suspended', 'is_suspended(1)', 'ok'),
	('trigger_fingerprints', 'trigger_fingerprints(t.oid) FROM pg_trigger t', 'ok'),
	('trigger_definition', 'trigger_definition(t.oid) FROM pg_trigger t', 'ok'),
	('trigger_fingerprint', 'trigger_fingerprint(t.oid) FROM pg_trigger t', 'ok'),
	('table_of_source', $$table_of_source('public.deal', 'public.deal')$$, 'ok'),
	('tracked_state', $$tracked_state(1, 'd', 'f')$$, 'ok'),
	('tracked_bypass', 'tracked_bypass(1, false)', 'ok'),
	('untracked_children', 'untracked_children(1)', 'ok'),
	('source_to_track', $$source_to_track('deal')$$, 'ok'),
	('check_trackable', $$check_trackable('promised')$$, '42501'),
	('drop_track_triggers', $$drop_track_triggers('deal')$$, 'ok'),
	('check_same_key', $$check_same_key('deal', 'public.deal', NULL)$$, 'ok'),
	('tracked_key', $$tracked_key('deal', 'public.deal')$$, 'ok'),
	('read_former_keys', $$read_former_keys('deal', '{id}')$$, 'ok'),
	('check_conditions', $$check_conditions('deal')$$, 'ok'),
	('key_columns', $$key_columns('deal')$$, 'ok'), ('key_has_changed', 'key_has_changed(1)', 'ok'),
	('expectation',
		$$expectation(trust_ledger.decay(trust_ledger.sum(trust_ledger.fuse($$ ||
		$$trust_ledger.trust_score(2, 1, '2026-01-01', '90 days'), 'empty')), $$ ||
		$$'2026-02-01'))$$, 'ok');

INSERT INTO levelless VALUES ('comment_on_columns',
	$$comment_on_columns('trust.actor', '{{kind,ours}}')$$, '42501');
INSERT INTO levelless SELECT function, function || '()', '42501'
FROM unnest('{settings,actor,policy,access,tracking,chain,promise,source,entry,parked}'::text[])
	AS concept,
	unnest(ARRAY['create_' || concept || '_table', 'comment_on_' || concept || '_table'])
		AS function
UNION ALL SELECT function, function || '()', '42501'
FROM unnest('{comment_on_tables,comment_on_copy_table,comment_on_policy_views,'
	'comment_on_access_views}'::text[]) AS function;

SELECT set_eq($$
	SELECT function FROM intended UNION SELECT function FROM levelless
	UNION SELECT proname FROM pg_proc WHERE pronamespace = 'trust_ledger'::regnamespace
		AND provolatile = 'i' $$, $$
	SELECT proname::text FROM pg_proc
	WHERE pronamespace = 'trust_ledger'::regnamespace AND prokind <> 'p' AND prorettype NOT IN
		('trigger'::regtype, 'event_trigger'::regtype) $$,
	'every function that is not immutable is among the calls');
-- The owner has the levels that create_ledger() granted, a superuser has all.
SELECT is(
	(SELECT array_agg(as_role || ': ' || sqlstate_of('SELECT trust_ledger.' || arguments, as_role)
		ORDER BY n)
	 FROM unnest('{application,analyst,auditor,import,admin,ledger_owner,super_user,'
		'nobody}'::text[]) WITH ORDINALITY AS r (as_role, n)),
	(SELECT array_agg(as_role || ': ' || CASE WHEN as_role = ANY (levels) OR as_role = 'super_user'
			OR as_role = 'ledger_owner' AND levels && '{application,analyst,auditor,admin}'
				THEN 'ok' ELSE 'TL004' END ORDER BY n)
	 FROM unnest('{application,analyst,auditor,import,admin,ledger_owner,super_user,'
		'nobody}'::text[]) WITH ORDINALITY AS r (as_role, n)),
	arguments)
FROM intended;
SELECT is(sqlstate_of('SELECT trust_ledger.' || call, 'nobody'),
	outcome, call || ' by somebody without a level') FROM levelless;

-- ---- views

CREATE FUNCTION reads(query text, as_role text) RETURNS text LANGUAGE sql AS $$
	SELECT value_as(as_role, format('SELECT string_agg(r::text, '','') FROM (%s) AS r', query))
$$;
SELECT is(reads('SELECT count(*) > 0 FROM trust.' || view, as_role), expected, as_role || ' reads '
	|| view)
FROM unnest('{current_promise,awaiting_backing,policy_rule,access_level,customer_trust,'
		'promiser_trust,backer_trust,kind_trust,tracked}'::text[]) AS view,
	(VALUES ('application', '(t)'), ('analyst', '(t)'), ('auditor', '(t)'), ('admin', '(t)'),
		('ledger_owner', '(t)'),
		('super_user', '(t)'), ('import', 'TL004'), ('nobody', 'TL004')) AS r (as_role, expected);
SELECT is(reads('SELECT c.words, purpose, a.words FROM trust.current_promise c LEFT '
	'JOIN trust.awaiting_backing a USING (promise) WHERE c.promise = '
		|| quote_literal(promise_named(which)), as_role), expected, as_role || ' reads words: '
			|| which)
FROM (VALUES
	('application', 'open', '("It works.","To sell it.",)'),
	('application', 'waits', '("It works.",,"It works.")'),
	('auditor', 'open', '("It works.","To sell it.",)'),
	('auditor', 'waits', '("It works.",,"It works.")'),
	('analyst', 'open', '(,,)'), ('analyst', 'waits', '(,,)'), ('admin', 'open', '(,,)'),
	('admin', 'waits', '(,,)')) AS c (as_role, which, expected);

-- A function in the reader's condition sees no row before the level is checked, and an empty view
-- is refused, too.
CREATE FUNCTION reveal(words text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS $$
BEGIN
	RAISE EXCEPTION USING ERRCODE = CASE WHEN words IS NULL THEN 'NULL0' ELSE 'TOLD0' END;
END
$$;
SELECT is(reads('SELECT FROM trust.current_promise WHERE reveal(words)', 'analyst'),
	'NULL0', 'a condition sees no words');
SELECT is(reads('SELECT FROM trust.current_promise WHERE reveal(promiser)', 'nobody'),
	'TL004', 'nor a row');
SELECT is(reads('SELECT FROM trust.awaiting_backing WHERE customer = ''no such''', 'nobody'),
	'TL004', 'nor whether there is one');
SELECT trust_ledger.drop_policy('p');
SELECT is(reads('SELECT FROM trust.policy_rule', 'nobody'),
	'TL004', 'not even from a view without rows');
SELECT is(reads('SELECT FROM trust.policy_rule', 'analyst'),
	NULL, 'which is empty for those who can read it');

-- A permission error names the lowest sufficient level, and the call that grants it.
CREATE ROLE "o'neil";
SELECT is(substring((error_of(call, 'o''neil')).hint FROM 'trust_ledger.*'),
	format($$trust_ledger.grant_access('o''neil', '%s');$$, level), 'the hint names level '
	|| level)
FROM (VALUES ('SELECT FROM trust.promiser_trust', 'analyst'), ('SELECT trust_ledger.verify()',
	'auditor'),
	($$SELECT trust_ledger.make_promise('c', 'w')$$, 'application')) AS c (call, level);

-- ---- nothing on the tables

SELECT is_empty($$
	SELECT r.rolname, c.relname, p FROM pg_roles r, pg_class c,
		unnest('{SELECT,INSERT,UPDATE,DELETE,TRUNCATE,REFERENCES,TRIGGER}'::text[]) AS p
	WHERE relnamespace = 'trust'::regnamespace AND relkind = 'r' AND NOT rolsuper
		AND rolname <> 'ledger_owner' AND rolname !~ '^pg_'
		AND (has_table_privilege(r.oid, c.oid, p) OR p IN ('SELECT', 'INSERT', 'UPDATE',
			'REFERENCES') AND has_any_column_privilege(r.oid, c.oid, p)) $$,
	'no role but the owner has a privilege on a table');
SELECT is_empty($$
	SELECT r.rolname, c.relname, p FROM pg_roles r, pg_class c,
		unnest('{INSERT,UPDATE,DELETE,TRUNCATE,REFERENCES,TRIGGER}'::text[]) AS p
	WHERE relnamespace = 'trust'::regnamespace AND relkind = 'v' AND NOT rolsuper
		AND rolname <> 'ledger_owner' AND rolname !~ '^pg_'
		AND has_table_privilege(r.oid, c.oid, p) $$,
	'nor on a view more than to read it');
SELECT ok(has_schema_privilege('nobody', 'trust', 'USAGE') AND NOT has_schema_privilege('nobody',
	'trust', 'CREATE')
	AND has_schema_privilege('nobody', 'trust_ledger', 'USAGE')
		AND NOT has_schema_privilege('nobody', 'trust_ledger', 'CREATE'),
	'schemas are for use, not for making things in them');

-- ---- granting and revoking

SELECT is(sqlstate_of('SELECT trust_ledger.' || call, 'admin'), expected, call)
FROM (VALUES
	($$grant_access('nobody', 'analyst')$$, 'ok'), ($$grant_access('analyst', 'analyst')$$, 'ok'),
	($$grant_access('nobody', 'Analyst')$$, '22023'),
	($$grant_access('nobody', 'owner')$$, '22023'), ($$grant_access('nobody', '')$$, '22023'),
	($$grant_access('nobody', NULL)$$, '22004'), ($$grant_access(NULL, 'analyst')$$, '22004'),
	($$grant_access('', 'analyst')$$, '22023'),
	($$grant_access('no_such_role', 'analyst')$$, '42704'),
	($$grant_access('public', 'analyst')$$, '42704'),
	($$revoke_access('analyst', 'analyst')$$, 'ok'),
	($$revoke_access('analyst', 'auditor')$$, '42704'),
	($$revoke_access('nobody', 'analyst')$$, '42704'),
	($$revoke_access('no_such_role', 'analyst')$$, '42704'),
	($$revoke_access('analyst', 'owner')$$, '22023'),
	($$revoke_access('ledger_owner', 'admin')$$, 'ok')) AS c (call, expected);

CREATE TABLE receipts (r trust_ledger.receipt);
INSERT INTO receipts SELECT trust_ledger.grant_access('nobody', 'auditor', reason => 'audit');
INSERT INTO receipts SELECT trust_ledger.grant_access('nobody', 'application');
INSERT INTO receipts SELECT trust_ledger.revoke_access('nobody', 'auditor', reason => 'done');
SELECT results_eq($$
	SELECT event COLLATE "default", subject COLLATE "default", details, note FROM trust.entry
	WHERE customer = '' AND hash IN (SELECT (r).hash FROM receipts) ORDER BY seq $$,
	$$VALUES ('access_granted', 'nobody', '{"levels": ["auditor"]}'::jsonb, 'audit'),
		('access_granted', 'nobody', '{"levels": ["application", "auditor"]}', NULL),
		('access_revoked', 'nobody', '{"levels": ["application"]}', 'done')$$,
	'each is an entry that says all levels of the role');
SELECT trust_ledger.revoke_access('nobody', 'application');
SELECT is(reads($$SELECT level FROM trust.access_level WHERE role = 'nobody'$$, 'analyst'),
	NULL, 'a role without levels');
SELECT is(sqlstate_of($$SELECT trust_ledger.revoke_access('ledger_owner', 'admin');
	SELECT trust_ledger.register_actor('x', 'human')$$, 'ledger_owner'), 'ok',
	'the owner can always govern');
SELECT is(sqlstate_of($$SELECT trust_ledger.revoke_access('ledger_owner', 'application');
	SELECT trust_ledger.make_promise('c', 'w', actor => 'anna')$$,
	'ledger_owner'), 'TL004', 'but not always promise');

-- ---- through membership, and from one call to the next in the same session

CREATE ROLE member INHERIT IN ROLE application;
CREATE ROLE outsider NOINHERIT IN ROLE application;
CREATE ROLE grand_member INHERIT IN ROLE member;
CREATE FUNCTION make_promise_as(as_role text) RETURNS text LANGUAGE sql AS $$
	SELECT sqlstate_of('SELECT trust_ledger.make_promise(''c'', ''w'', actor => ''anna'')', as_role)
$$;
SELECT is(make_promise_as(as_role), expected, title)
FROM (VALUES ('member', 'ok', 'a member has the level'),
	('grand_member', 'ok', 'a member''s member too'),
	('outsider', 'TL004', 'one who does not inherit has not'),
	('application', 'ok', 'unless they take the role on')) AS c (as_role, expected, title);

REVOKE application FROM member;
SELECT is(make_promise_as(as_role), 'TL004', 'membership revoked: ' || as_role)
	FROM unnest('{member,grand_member}'::text[]) AS as_role;
GRANT application TO member;
SELECT is(make_promise_as('grand_member'), 'ok', 'and granted again');
SELECT trust_ledger.revoke_access('application', 'application');
SELECT is(make_promise_as(as_role), 'TL004', 'level revoked: ' || as_role)
	FROM unnest('{application,member,grand_member}'::text[]) AS as_role;
SAVEPOINT granted;
SELECT trust_ledger.grant_access('application', 'application');
SELECT is(make_promise_as('grand_member'), 'ok', 'granted again');
ROLLBACK TO granted;
SELECT is(make_promise_as('grand_member'), 'TL004', 'which was rolled back');
SELECT trust_ledger.grant_access('application', 'application');
REVOKE application FROM member;
ALTER ROLE member NOINHERIT;
GRANT application TO member;
SELECT is(make_promise_as('grand_member'), 'TL004', 'a member that stops inheriting');
ALTER ROLE member SUPERUSER;
SELECT is(make_promise_as('member'), 'ok', 'a superuser needs no level');
ALTER ROLE member NOSUPERUSER;
SELECT is(make_promise_as('member'), 'TL004', 'who is one no more does');

-- A level belongs to the name of a role: renaming the role loses it.
ALTER ROLE application RENAME TO application_before;
SELECT is(make_promise_as('application_before'), 'TL004', 'a role renamed has no level');
ALTER ROLE application_before RENAME TO application;
SELECT is(make_promise_as('application'), 'ok', 'named as before, it has');
DROP ROLE application;
SELECT is(reads('SELECT true FROM trust.access_level WHERE role = ''application''', 'auditor'),
	'(t)', 'the row of a role that was dropped stays');
SELECT is(make_promise_as('nobody'), 'TL004', 'and gives nobody anything');
SELECT is(sqlstate_of($$SELECT trust_ledger.revoke_access('application', 'application')$$, 'admin'),
	'ok', 'it can be revoked');
SELECT is_empty('SELECT * FROM trust_ledger.verify()', 'verify() is content');

SELECT * FROM finish();
ROLLBACK;
