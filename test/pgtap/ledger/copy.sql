-- Copies: an empty ledger that create_ledger() marks for good, and what it refuses; an ordinary
-- ledger cannot become one.
-- Rows are inserted here with the guards off, as a subscription would; tap/logical_replication.pl
-- has subscriptions.

BEGIN;
CREATE EXTENSION pgtap;
SELECT plan(110);
CREATE EXTENSION trust_ledger;
\ir ../../helpers/calls.sql
SET LOCAL client_min_messages = warning;

CREATE ROLE ledger_owner;
CREATE ROLE mallory;
SELECT format('ALTER DATABASE %I OWNER TO ledger_owner', current_database()) AS give_to_owner \gset
:give_to_owner;

-- ---- arguments of create_ledger()

SELECT is(sqlstate_of(format('SELECT trust_ledger.create_ledger(%s)', copy)), expected,
	format('create_ledger(%s)', copy))
FROM (VALUES ('', 'ok'), ('NULL', 'ok'), ('copy => NULL', 'ok'), ($$copy => 'all'$$, 'ok'),
	($$'all'$$, 'ok'),
	($$copy => ''$$, '22023'), ($$copy => 'ALL'$$, '22023'), ($$copy => 'all '$$, '22023'),
	($$copy => 'governance'$$, '22023'), ($$copy => 'trust'$$, '22023')) AS c (copy, expected);
SELECT is(error_text($$SELECT trust_ledger.create_ledger(copy => 'some')$$),
	$$22023|invalid kind of copy: "some"|Use copy => 'all' to create a copy of a whole ledger, $$ ||
		$$or omit copy to create an ordinary ledger.$$, 'what a copy can be of is said');
SELECT hasnt_schema('trust', 'and nothing is left of it');
SELECT is(sqlstate_of($$SELECT trust_ledger.create_ledger(copy => 'all')$$, 'mallory'),
	'42501', 'a copy is for the database''s owner to make');
SELECT is(sqlstate_of('SELECT trust_ledger.mark_copy(NULL)'), '22023', 'mark_copy(NULL)');
SELECT is(sqlstate_of($$SELECT trust_ledger.mark_copy('all')$$),
	'55000', 'without tables there is nothing to mark');

-- ---- an ordinary ledger is not a copy, and cannot become one

SELECT trust_ledger.create_ledger();
SELECT trust_ledger.register_actor('anna', 'human');
SELECT trust_ledger.register_actor('bot', 'ai', responsible => 'anna', model => 'm1');
SELECT trust_ledger.make_promise('c', 'It works.', actor => 'anna');
CREATE TABLE visit (id int PRIMARY KEY, customer text, title text);
GRANT ALL ON visit TO PUBLIC;
CREATE TRIGGER made AFTER INSERT ON visit FOR EACH ROW EXECUTE FUNCTION trust_ledger.track('made',
	'customer=customer', 'words=title', 'actor:bot', 'write:now');
CREATE TRIGGER noted AFTER UPDATE ON visit FOR EACH ROW EXECUTE FUNCTION trust_ledger.track('noted',
	'reason=title', 'actor:bot', 'on_error:park');
INSERT INTO visit VALUES (1, 'c', 'Told.');
SELECT is_empty('SELECT FROM trust.copy', 'an ordinary ledger has no mark');
SELECT is(sqlstate_of(call, as_role), expected, format('%s, by %s', call, as_role))
FROM (VALUES ($$INSERT INTO trust.copy VALUES ('all')$$, 'TL006'), ('TRUNCATE trust.copy', 'TL006'),
	($$SELECT trust_ledger.mark_copy('all')$$, '42710'),
	($$SELECT trust_ledger.create_ledger(copy => 'all')$$, '42710')) AS c (call, expected),
		unnest('{none,ledger_owner}'::text[]) AS as_role;
SELECT is(sqlstate_of(call, 'mallory'), '42501', call || ', by somebody else')
FROM unnest(ARRAY[$$INSERT INTO trust.copy VALUES ('all')$$,
	$$SELECT trust_ledger.mark_copy('all')$$]) AS call;
-- within a call of the ledger's own, by what somebody planted
CREATE FUNCTION plant() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO trust.copy
	VALUES ('all'); RETURN NEW; END $$;
CREATE TRIGGER plant AFTER INSERT ON trust.entry FOR EACH ROW EXECUTE FUNCTION plant();
SELECT is(sqlstate_of($$SELECT trust_ledger.make_promise('c', 'w', actor => 'anna')$$),
	'TL006', 'nor does a trigger mark it while something is written');
DROP TRIGGER plant ON trust.entry;

-- ---- what a copy is

CREATE TEMP TABLE kept (tab text, nr serial, line jsonb);
INSERT INTO kept (tab, line) SELECT 'ledger', to_jsonb(t) FROM trust.ledger t UNION ALL
	SELECT 'actor', to_jsonb(t) FROM trust.actor t
	UNION ALL SELECT 'policy', to_jsonb(t) FROM trust.policy t UNION ALL SELECT 'access',
		to_jsonb(t) FROM trust.access t
	UNION ALL SELECT 'tracking', to_jsonb(t) FROM trust.tracking t UNION ALL SELECT 'chain',
		to_jsonb(t) FROM trust.chain t
	UNION ALL SELECT 'entry', to_jsonb(t) FROM trust.entry t UNION ALL SELECT 'promise', to_jsonb(t)
		FROM trust.promise t
	UNION ALL SELECT 'source', to_jsonb(t) FROM trust.source t;
CREATE TEMP TABLE before AS SELECT digest FROM trust_ledger.ledger_digest();
CREATE TEMP TABLE told AS SELECT promise FROM trust.promise WHERE words = 'It works.';
GRANT SELECT ON told TO PUBLIC;
-- as a subscription would bring it
CREATE PROCEDURE bring_rows() LANGUAGE plpgsql AS $$
DECLARE
	one kept;
BEGIN
	FOR one IN SELECT DISTINCT ON (tab) * FROM kept LOOP
		EXECUTE format('ALTER TABLE trust.%I DISABLE TRIGGER USER', one.tab); END LOOP;
	FOR one IN SELECT * FROM kept ORDER BY nr LOOP
		EXECUTE format('INSERT INTO trust.%1$I SELECT * '
			'FROM jsonb_populate_record(NULL::trust.%1$I, $1)', one.tab) USING one.line;
	END LOOP;
	PERFORM trust_ledger.migrate_ledger();
END
$$;

DROP SCHEMA trust CASCADE;
SAVEPOINT no_ledger;
SELECT is(trust_ledger.create_ledger(copy => 'all'), NULL, 'a copy has no uuid yet');
SELECT is((SELECT array_agg(copied) FROM trust.copy), '{all}', 'its mark');
SELECT is((SELECT count(*) FROM trust.ledger) + (SELECT count(*) FROM trust.entry) +
	(SELECT count(*) FROM trust.chain) + (SELECT count(*) FROM trust.access), 0::bigint,
	'and nothing else in it');
SELECT is((SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'trust\_guard%' AND tgenabled = 'A'),
	22::bigint, 'all its guards');
SELECT is_empty($$SELECT oid::regclass FROM pg_class WHERE relnamespace = 'trust'::regnamespace
	AND relowner <> 'ledger_owner'::regrole$$, 'all of it the database owner''s');
SELECT is(current_user::text, 'postgres', 'who makes it is who they were');
SELECT is(error_text(call),
	'55000|there is no usable trust ledger in this database|It is a copy, and table "trust.ledger" '
	'has not been copied yet.|'
	'Create the subscription for its rows, or wait until it has copied them; '
		'pg_subscription_rel shows its state.', call || ' before rows come')
FROM unnest(ARRAY[$$SELECT trust_ledger.make_promise('c', 'w', actor => 'anna')$$,
	'SELECT * FROM trust.current_promise', $$INSERT INTO visit VALUES (2, 'c', 'More.')$$]) AS call;
SELECT results_eq('SELECT part, problem FROM trust_ledger.verify()',
	$$VALUES ('ledger', 'must have exactly one row')$$, 'verify() says what is not there');
SELECT is(sqlstate_of('SELECT trust_ledger.' || call, as_role), expected,
	format('%s of an empty copy, by %s', call, as_role))
FROM (VALUES ('create_ledger()', '42710'), ($$create_ledger(copy => 'all')$$, '42710'),
	($$mark_copy('all')$$, '42710'), ('found_ledger()', '42710'), ('migrate_ledger()', 'ok')) AS c
	(call, expected),
	unnest('{none,ledger_owner}'::text[]) AS as_role;
SELECT is(sqlstate_of(change, as_role), 'TL006', format('%s, by %s', change, as_role))
FROM unnest(ARRAY['UPDATE trust.copy SET copied = copied', $$UPDATE trust.copy SET
	copied = 'governance'$$, 'DELETE FROM trust.copy', 'TRUNCATE trust.copy',
	$$INSERT INTO trust.copy VALUES ('more')$$,
		'SET LOCAL session_replication_role = replica; DELETE FROM trust.copy']) AS change,
	unnest('{none,ledger_owner}'::text[]) AS as_role
WHERE as_role = 'none' OR change !~ 'replica';

CALL bring_rows();
SELECT is((SELECT digest FROM trust_ledger.ledger_digest()), (SELECT digest FROM before),
	'it has the digest of what is copied');
SELECT is_empty('SELECT * FROM trust_ledger.verify()', 'and verifies');
SELECT is((SELECT count(*) FROM trust.current_promise), 2::bigint, 'views show it');
SELECT isnt_empty('SELECT FROM told, trust_ledger.history(promise)', 'history() tells it');
SELECT lives_ok($$SELECT trust_ledger.customer_score('c'), trust_ledger.reconcile_table('visit')$$,
	'scores, and rows beside promises');
SELECT is((SELECT count(bypass) FROM trust.tracked), 0::bigint,
	'trust.tracked shows no subscription');
SELECT is(error_text('SELECT trust_ledger.' || call),
	'55000|cannot write to a copy of a ledger|This ledger receives its rows through logical '
		'replication.|Call the function in the database of the original ledger.', call)
FROM unnest(ARRAY[
	$$make_promise('c', 'w', actor => 'anna')$$, $$make_promise('new', 'w', actor => 'nobody')$$,
		$$make_promises('{"(c,w,,,,,,,,,,anna,,,)"}')$$,
		$$back_promise(promise, actor => 'anna') FROM told$$,
	$$assess_promise(promise, 'kept', actor => 'anna') FROM told$$,
		$$add_note(promise, 'n', actor => 'anna') FROM told$$,
		$$erase_words(promise, 'why') FROM told$$, $$erase_customer('c', 'why')$$,
	$$register_actor('ben', 'human')$$, $$retire_actor('anna')$$,
		$$set_policy('p', evidence => 'session')$$, $$set_ledger(zone => 'UTC')$$,
		$$grant_access('mallory', 'admin')$$,
	$$rebuild('c')$$, $$rebuild('')$$, $$replay_parked()$$,
		$$import_rows('visit', 'public.visit', '{}')$$, 'analyze_imported()',
		$$set_tracking('visit', '{}')$$,
		'adopt_ledger()',
	$$track_table('visit', '{"customer": "=customer", "words": "=title"}')$$]) AS call;
SELECT is(sqlstate_of(change), '55000', change)
FROM unnest(ARRAY[$$INSERT INTO visit VALUES (2, 'c', 'More.')$$, $$UPDATE visit SET
	title = 'Other.'$$, $$SET LOCAL session_replication_role = replica;
	ALTER TABLE visit ENABLE ALWAYS TRIGGER made; INSERT INTO visit VALUES (2, 'c', 'More.')$$])
	AS change;
SELECT is_empty('SELECT FROM trust.parked_change', 'nor is a change parked that a copy refuses');
SELECT is((SELECT digest FROM trust_ledger.ledger_digest()), (SELECT digest FROM before),
	'nothing came of all this');
SELECT is(sqlstate_of(format('INSERT INTO trust.%1$I SELECT * FROM trust.%1$I', tab)),
	'TL006', format('no row of trust.%s comes in by hand', tab))
FROM unnest('{entry,chain,promise,source,ledger,actor,access}'::text[]) AS tab;

-- ---- tampering with the mark

\ir ../../helpers/findings.sql
SELECT is((SELECT array_agg(concat_ws(' ', part, subject, field, problem) ORDER BY subject, field)
	FROM verify_after(doing)), expected, doing)
FROM (VALUES
	('DROP TRIGGER trust_guard ON trust.copy', '{guard copy trust_guard is missing}'::text[]),
	('ALTER TABLE trust.copy DISABLE TRIGGER ALL',
		'{guard copy trust_guard is disabled,guard copy trust_guard_truncate is disabled}'),
	('ALTER TABLE trust.copy DISABLE TRIGGER ALL; UPDATE trust.copy SET copied = $$governance$$; '
		'SELECT trust_ledger.migrate_ledger()',
		'{guard copy copied has a value that this version does not support}'),
	('ALTER TABLE trust.copy DISABLE TRIGGER ALL; INSERT INTO trust.copy VALUES ($$more$$); '
		'SELECT trust_ledger.migrate_ledger()',
		'{guard copy copied has a value that this version does not support}')) AS c (doing,
		expected);
SELECT is(sqlstate_of($$ALTER TABLE trust.copy DISABLE TRIGGER ALL;
	UPDATE trust.copy SET copied = 'governance'; SELECT trust_ledger.make_promise('c', 'w',
	actor => 'anna')$$), '55000',
	'a mark that this version does not know is a mark');

-- ---- the session knows what the ledger is after each rollback

SAVEPOINT a_copy;
DROP SCHEMA trust CASCADE;
SELECT isnt(trust_ledger.create_ledger(), NULL, 'where the copy was, an ordinary ledger');
SELECT trust_ledger.register_actor('anna', 'human');
SELECT is((trust_ledger.make_promise('c', 'w', actor => 'anna')).seq, 1::bigint,
	'which is written to');
ROLLBACK TO a_copy;
SELECT is(sqlstate_of($$SELECT trust_ledger.make_promise('c', 'w', actor => 'anna')$$),
	'55000', 'taken back, it is a copy again');
ROLLBACK TO no_ledger;
-- empty tables, as they are restored
SELECT trust_ledger.create_tables(), trust_ledger.create_copy_table(), trust_ledger.create_scores();
SELECT format('ALTER TABLE trust.%I OWNER TO ledger_owner', relname) FROM pg_class
	WHERE relnamespace = 'trust'::regnamespace AND relkind = 'r' \gexec
ALTER SCHEMA trust OWNER TO ledger_owner;
SAVEPOINT empty_tables;
SELECT trust_ledger.create_ledger(copy => 'all');
CALL bring_rows();
SELECT is(sqlstate_of($$SELECT trust_ledger.make_promise('c', 'w', actor => 'anna')$$),
	'55000', 'empty tables became a copy');
ROLLBACK TO empty_tables;
SELECT isnt(trust_ledger.create_ledger(), NULL, 'taken back, they become a ledger');
SELECT trust_ledger.register_actor('anna', 'human');
SELECT is((trust_ledger.make_promise('c', 'w', actor => 'anna')).seq, 1::bigint,
	'which is written to');
SELECT is(sqlstate_of($$ALTER TABLE trust.copy DISABLE TRIGGER ALL; INSERT INTO trust.copy
	VALUES ('all'); SELECT trust_ledger.make_promise('c', 'w', actor => 'anna')$$),
	'55000', 'marked past its guard');
SELECT is(sqlstate_of($$SELECT trust_ledger.make_promise('c', 'w', actor => 'anna')$$),
	'ok', 'and taken back');

SELECT * FROM finish();
ROLLBACK;
