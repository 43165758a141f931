-- reconcile_table(): each finding, and the change that leads to it.
CREATE EXTENSION pgtap;
CREATE EXTENSION trust_ledger;
SELECT trust_ledger.create_ledger(), trust_ledger.set_ledger(zone => 'Europe/Berlin') \g /dev/null

\ir ../../helpers/calls.sql
\ir ../../helpers/random_rows.sql
\ir ../../helpers/without_guards.sql

CREATE ROLE crm_owner;
CREATE ROLE auditor;
CREATE ROLE app;
CREATE ROLE analyst;
CREATE ROLE blind;
SELECT trust_ledger.grant_access(role, level) FROM (VALUES ('auditor', 'auditor'),
	('app', 'application'), ('analyst', 'analyst'), ('blind', 'auditor'),
	('crm_owner', 'application')) AS g (role, level) \g /dev/null
GRANT USAGE ON SCHEMA crm TO auditor, app, analyst, blind;
GRANT ALL ON SCHEMA crm TO crm_owner;
ALTER TABLE crm.deal OWNER TO crm_owner;
GRANT SELECT ON crm.deal TO auditor, app, analyst;
SELECT plan(167);

CREATE FUNCTION found() RETURNS text[]
LANGUAGE sql AS $$ SELECT coalesce(array_agg(concat_ws(' ', what, key, name, detail) ORDER BY what,
	key, name), '{}') FROM (
	SELECT what, key, name, CASE WHEN what ~ '^trigger' THEN substring(detail FROM '^\S+?(?=:)')
		WHEN what ~ '^(terms|event)' THEN substring(detail
		FROM '^(?:the row says|different in the row:) (.*)$') END AS detail
	FROM trust_ledger.reconcile_table('crm.deal')) AS f $$;
-- What is found after a change, with triggers or without. Rolled back.
CREATE FUNCTION found(doing text, tracked boolean DEFAULT false) RETURNS text[]
LANGUAGE plpgsql AS $$
DECLARE
	findings text[];
BEGIN
	PERFORM set_config('session_replication_role', CASE WHEN NOT tracked THEN 'replica'
		ELSE 'origin' END, true);
	EXECUTE doing;
	IF tracked THEN
		INSERT INTO crm.flush SELECT count(*) FROM crm.flush;
	END IF;
	PERFORM set_config('session_replication_role', 'origin', true);
	findings := found();
	RAISE SQLSTATE 'OK000';
EXCEPTION
	WHEN SQLSTATE 'OK000' THEN RETURN findings;
	WHEN OTHERS THEN RETURN ARRAY[SQLSTATE, SQLERRM];
END
$$;

SELECT trust_ledger.track_table('crm.deal', mapping()) \g /dev/null
SELECT is(found(), '{}', 'of no rows: nothing');
INSERT INTO crm.deal (id, customer, title, status, kind, amount, currency, due, call_on, purpose,
	longest, answer)
SELECT id, 'c', 'We come.', 'sent', 'repair', 10, 'EUR', '2099-01-01', call_on, 'a roof',
	'3 days', answer
FROM (VALUES (1, NULL::date, NULL), (2, '2099-02-01', NULL), (3, NULL, NULL), (4, NULL, 'yes'),
	(5, '2099-02-01', 'signed'), (6, NULL, NULL), (7, NULL, NULL)) AS r (id, call_on, answer);
UPDATE crm.deal SET status = 'kept' WHERE id = 6;
UPDATE crm.deal SET wait = true WHERE id = 7;
SELECT is(found(), '{}', 'of rows as they are, one of them paused: nothing');

-- ---- rows and promises

SELECT is(found(doing), expected, doing)
FROM (VALUES
	('SELECT 1', '{}'::text[]),
	('INSERT INTO crm.deal (id, customer, title, status) VALUES (8, ''c'', ''We come.'', ''sent'')',
		'{row_without_promise 8 delivery}'),
	('INSERT INTO crm.deal (id, customer, title, status, call_on, wait, answer) '
		'VALUES (8, ''c'', ''We come.'', ''kept'', ''2099-01-01'', true, ''yes'')',
		'{row_without_promise 8 call,row_without_promise 8 delivery}'),
	('INSERT INTO crm.deal (id, customer, title, status) VALUES (8, ''c'', ''We '
		'come.'', ''draft'')', '{}'),
	('INSERT INTO crm.deal (id, title, status) VALUES (8, ''We come.'', ''sent'')',
		'{row_without_promise 8 delivery}'),
	('DELETE FROM crm.deal WHERE id = 1', '{promise_without_row 1 delivery}'),
	('DELETE FROM crm.deal WHERE id = 2',
		'{promise_without_row 2 call,promise_without_row 2 delivery}'),
	('DELETE FROM crm.deal WHERE id = 6', '{promise_without_row 6 delivery}'),
	('TRUNCATE crm.deal',
		'{promise_without_row 1 delivery,promise_without_row 2 call,promise_without_row 2 '
		'delivery,promise_without_row 3 delivery,promise_without_row 4 '
		'delivery,promise_without_row 5 call,promise_without_row 5 delivery,promise_without_row 6 '
		'delivery,promise_without_row 7 delivery}'),
	('UPDATE crm.deal SET id = 9 WHERE id = 1',
		'{promise_without_row 1 delivery,row_without_promise 9 delivery}'),
	('UPDATE crm.deal SET id = 9 WHERE id = 2',
		'{promise_without_row 2 call,promise_without_row 2 delivery,row_without_promise 9 '
		'call,row_without_promise 9 delivery}'),
	('UPDATE crm.deal SET id = CASE id WHEN 2 THEN 9 ELSE 10 END WHERE id IN (2, 3)',
		'{promise_without_row 2 call,promise_without_row 2 delivery,promise_without_row 3 '
		'delivery,row_without_promise 10 delivery,row_without_promise 9 call,row_without_promise 9 '
		'delivery}'),
	('UPDATE crm.deal SET status = ''draft'' WHERE id = 1', '{}'),
	('UPDATE crm.deal SET call_on = NULL WHERE id = 2', '{}')) AS c (doing, expected);
SELECT is(found(doing, true), '{}', 'by its triggers: ' || doing)
FROM (VALUES ('DELETE FROM crm.deal WHERE id IN (1, 2, 6)'), ('DELETE FROM crm.deal'),
	('UPDATE crm.deal SET id = id + 100'),
	('INSERT INTO crm.deal (id, customer, title, status, call_on) VALUES (8, ''c'', ''We '
	'come.'', ''sent'', ''2099-01-01'')'),
	('DELETE FROM crm.deal WHERE id = 1; INSERT INTO crm.flush VALUES (99); '
		'INSERT INTO crm.deal (id, customer, title, status) VALUES (1, ''d'', ''We '
		'call.'', ''sent'')'),
	('UPDATE crm.deal SET customer = ''d'' WHERE id < 4'),
	('UPDATE crm.deal SET customer = ''d'' WHERE id = 6'),
	('UPDATE crm.deal SET title = ''We call.'', amount = 11 WHERE id = 6'),
	('UPDATE crm.deal SET status = ''draft'' WHERE id = 1; UPDATE crm.deal SET id = 9 '
		'WHERE id = 1')) AS c (doing);

-- ---- terms

SELECT is(found(format('UPDATE crm.deal SET %s', doing)), expected, doing)
FROM (VALUES
	('customer = ''d'' WHERE id = 1', '{"terms_differ 1 delivery customer"}'::text[]),
	('customer = NULL WHERE id = 1', '{"terms_differ 1 delivery customer"}'),
	('customer = ''d'' WHERE id = 2',
		'{"terms_differ 2 call customer","terms_differ 2 delivery customer"}'),
	('title = ''We come soon.'' WHERE id = 2', '{"terms_differ 2 delivery words"}'),
	('title = ''We come. '' WHERE id = 1', '{"terms_differ 1 delivery words"}'),
	('title = NULL WHERE id = 1', '{"terms_differ 1 delivery words"}'),
	('kind = ''call'' WHERE id = 1', '{"terms_differ 1 delivery kind"}'),
	('kind = NULL WHERE id = 1', '{"terms_differ 1 delivery kind"}'),
	('due = due + interval ''1 us'' WHERE id = 1', '{"terms_differ 1 delivery due"}'),
	('due = NULL WHERE id = 1', '{}'),
	('due = due + interval ''1 day'' WHERE id = 7', '{"terms_differ 7 delivery due"}'),
	('due = due + interval ''3 days'' WHERE id = 7', '{"terms_differ 7 delivery due"}'),
	('call_on = call_on + 1 WHERE id = 2', '{"terms_differ 2 call due"}'),
	('due = timestamptz ''2099-01-01 00:00+00'' WHERE id = 1', '{}'),
	('amount = 11 WHERE id = 1', '{"terms_differ 1 delivery value"}'),
	('amount = 10.000 WHERE id = 1', '{}'),
	('amount = NULL WHERE id = 1', '{"terms_differ 1 delivery value"}'),
	('amount = ''NaN'' WHERE id = 1', '{"terms_differ 1 delivery value"}'),
	('currency = ''USD'' WHERE id = 1', '{"terms_differ 1 delivery currency"}'),
	('currency = NULL WHERE id = 1', '{"terms_differ 1 delivery currency"}'),
	('purpose = ''roof'' WHERE id = 1', '{"terms_differ 1 delivery purpose"}'),
	('purpose = NULL WHERE id = 1', '{"terms_differ 1 delivery purpose"}'),
	('longest = ''2 days'' WHERE id = 1', '{"terms_differ 1 delivery longest_pause"}'),
	('longest = ''72 hours'' WHERE id = 1', '{}'),
	('longest = NULL WHERE id = 1', '{"terms_differ 1 delivery longest_pause"}'),
	('title = ''x'', amount = 1, due = now() WHERE id IN (1, 3)',
		'{"terms_differ 1 delivery words, due, value","terms_differ 3 delivery words, due, '
		'value"}'),
	('title = ''x'' WHERE id = 6', '{"terms_differ 6 delivery words"}'),
	('owner = ''anna'', made_at = now(), done_at = now(), why = ''so'', met = NULL WHERE true',
		'{}'), ('backer = ''anna'' WHERE true', '{}')) AS c (doing, expected);

-- ---- events

SELECT is(found(format('UPDATE crm.deal SET %s', doing)), expected, doing)
FROM (VALUES
	('answer = ''yes'' WHERE id = 1',
		'{"event_missing 1 delivery accepted, and the promise is open"}'::text[]),
	('answer = ''signed'' WHERE id = 2',
		'{"event_missing 2 call accepted, and the promise is proposed","event_missing 2 delivery '
		'accepted, and the promise is open"}'),
	('answer = ''no'' WHERE id = 1',
		'{"event_missing 1 delivery released, and the promise is open"}'),
	('wait = true WHERE id = 1', '{"event_missing 1 delivery paused, and the promise is open"}'),
	('status = ''late'' WHERE id = 1',
		'{"event_missing 1 delivery breach_admitted, and the promise is open"}'),
	('status = ''kept'' WHERE id = 1',
		'{"event_missing 1 delivery assessed kept, and the promise is open"}'),
	('status = ''partly'' WHERE id = 1',
		'{"event_missing 1 delivery assessed partly_kept, and the promise is open"}'),
	('status = ''broken'' WHERE id = 1',
		'{"event_missing 1 delivery assessed broken, and the promise is open"}'),
	('status = ''repaired'' WHERE id = 1',
		'{"event_missing 1 delivery assessed broken, and the promise is open","event_missing 1 '
		'delivery breach_repaired, and the promise is open"}'),
	('status = ''void'' WHERE id = 2',
		'{"event_missing 2 call withdrawn, and the promise is proposed","event_missing 2 delivery '
		'withdrawn, and the promise is open"}'),
	('met = true WHERE id = 2',
		'{"event_missing 2 call assessed kept, and the promise is proposed"}'),
	('status = ''broken'' WHERE id = 6',
		'{"event_missing 6 delivery assessed broken, and the promise is kept"}'),
	('status = ''void'' WHERE id = 6', '{}'),
	('status = ''sent'' WHERE id = 6', '{}'), ('wait = NULL WHERE id = 7', '{}'),
	('answer = NULL WHERE id = 4', '{}'),
	('answer = ''signed'' WHERE id = 4', '{}')) AS c (doing, expected);
SELECT is(found(doing, true), '{}', 'by its triggers: ' || doing)
FROM (VALUES ('UPDATE crm.deal SET answer = ''yes'' WHERE id < 4'),
	('UPDATE crm.deal SET answer = ''no'' WHERE id < 4'),
	('UPDATE crm.deal SET answer = ''no'' WHERE id = 4'),
	('UPDATE crm.deal SET wait = true WHERE id = 1'),
	('UPDATE crm.deal SET wait = false WHERE id = 7'),
	('UPDATE crm.deal SET status = ''late'' WHERE id = 1'),
	('UPDATE crm.deal SET status = ''broken'' WHERE id IN (1, 6)'),
	('UPDATE crm.deal SET status = ''repaired'' WHERE id = 1'),
	('UPDATE crm.deal SET status = ''void'' WHERE id IN (1, 2, 4)'),
	('UPDATE crm.deal SET wait = true WHERE id = 1; INSERT INTO crm.flush VALUES (99); '
		'UPDATE crm.deal SET wait = false WHERE id = 1; INSERT INTO crm.flush VALUES (98); '
		'UPDATE crm.deal SET due = ''2099-03-01'' WHERE id = 1'),
	('UPDATE crm.deal SET wait = false WHERE id = 7; INSERT INTO crm.flush VALUES (99); '
		'UPDATE crm.deal SET due = ''2099-03-01'' WHERE id = 7; INSERT INTO crm.flush VALUES (98); '
		'UPDATE crm.deal SET wait = true WHERE id = 7'),
	('UPDATE crm.deal SET due = NULL, kind = NULL WHERE id = 1')) AS c (doing);

-- Acts of others about a promise are no finding.
SELECT is(found(format('SELECT trust_ledger.%s FROM trust.source s WHERE key = %L '
	'AND name = ''delivery''', call, key), true), '{}', call)
FROM (VALUES ('assess_promise(promise, ''broken'', actor => ''shop'')', '6'),
	('assess_promise(promise, ''kept'', actor => ''shop'')', '1'),
	('release_promise(promise, actor => ''shop'')', '4'),
	('resume_promise(promise, actor => ''crm'')', '7'), ('pause_promise(promise, actor => ''crm'')',
	'1'),
	('withdraw_promise(promise, actor => ''crm'')', '1'),
	('accept_promise(promise, actor => ''shop'')', '1'),
	('erase_words(promise, ''Asked for.'')', '1'),
	('back_promise(promise, actor => ''anna'')', '1')) AS c (call, key);
SELECT is(found($$SELECT trust_ledger.amend_promise(promise, words => 'We call.', actor => 'crm')
	FROM trust.source WHERE key = '1'$$, true), '{"terms_differ 1 delivery words"}',
	'what others amended is one');

-- A text that was erased cannot be compared, until there is a new one.
SELECT is(found(format($$UPDATE crm.deal SET purpose = 'roof' WHERE id = 1; INSERT INTO crm.flush
	VALUES (99);
	SELECT trust_ledger.erase_words(promise, 'Asked for.') FROM trust.source WHERE key = '1'
		AND name = 'delivery';
	SELECT trust_ledger.amend_promise(promise, words => 'We come.', actor => 'crm'%s)
		FROM trust.source WHERE key = '1' AND name = 'delivery'$$, more), true),
	expected, 'erased, and amended' || more)
FROM (VALUES ('', '{}'::text[]), (', purpose => ''cellar''', '{"terms_differ 1 delivery purpose"}'))
	AS c (more, expected);

-- ---- triggers

SELECT is(found(doing, false), expected, doing)
FROM (VALUES
	('ALTER TABLE crm.deal DISABLE TRIGGER trust_ledger_001_made',
		'{"trigger_disabled call trust_ledger_001_made"}'::text[]),
	('DROP TRIGGER trust_ledger_001_made ON crm.deal',
		'{"trigger_missing call trust_ledger_001_made"}'),
	('CREATE OR REPLACE TRIGGER trust_ledger_001_made AFTER INSERT ON crm.deal FOR EACH ROW '
		'WHEN (false) EXECUTE FUNCTION trust_ledger.track(''made'', ''source:crm.deal'', '
		'''promise:call'', ''customer=customer'', ''words:x'')',
		'{"trigger_altered call trust_ledger_001_made"}'),
	('CREATE TRIGGER x AFTER INSERT ON crm.deal FOR EACH ROW '
		'EXECUTE FUNCTION trust_ledger.track(''noted'', ''source:crm.deal'', ''actor:crm'')',
		'{"trigger_by_hand x"}'),
	('CREATE TRIGGER x AFTER INSERT ON crm.deal FOR EACH ROW '
		'EXECUTE FUNCTION suppress_redundant_updates_trigger()', '{}'),
	('ALTER TABLE crm.deal RENAME COLUMN title TO subject', '{}'),
	('ALTER TABLE crm.deal ENABLE ALWAYS TRIGGER trust_ledger_001_made', '{}')) AS c (doing,
		expected);
SELECT is(cardinality(found('ALTER TABLE crm.deal DISABLE TRIGGER USER')),
	(SELECT count(*)::int FROM pg_trigger WHERE tgrelid = 'crm.deal'::regclass
	AND NOT tgisinternal), 'all of them');
SELECT is(cardinality(found('CREATE TABLE crm.heir () INHERITS (crm.deal)')),
	(SELECT count(*)::int FROM pg_trigger WHERE tgrelid = 'crm.deal'::regclass
	AND NOT tgisinternal), 'all of them see no rows of a child table');
CREATE TABLE crm.heir () INHERITS (crm.deal);
CREATE TRIGGER x AFTER INSERT ON crm.deal FOR EACH ROW
	EXECUTE FUNCTION trust_ledger.track('noted', 'source:crm.deal', 'actor:crm');
SELECT is(r.detail, expected, r.what)
FROM (VALUES
	('trust_ledger_001_made', 'trust_ledger_001_made: table crm.heir inherits from it and is not '
		'tracked'),
	('x', 'x: CREATE TRIGGER x AFTER INSERT ON crm.deal FOR EACH ROW EXECUTE FUNCTION '
		'trust_ledger.track(''noted'', ''source:crm.deal'', ''actor:crm''); table crm.heir '
		'inherits from it and is not tracked')) AS c (trigger, expected)
JOIN trust_ledger.reconcile_table('crm.deal') r ON starts_with(r.detail, c.trigger || ':')
ORDER BY 1;
DROP TRIGGER x ON crm.deal;
DROP TABLE crm.heir;

-- ---- rules, and promises that share a row's words

SELECT is(found(doing), '{}', doing)
	FROM (VALUES
	('SELECT trust_ledger.set_policy(''all'', evidence => ''session'', due_within => ''1 day'')'),
	('SELECT trust_ledger.set_policy(''calls'', kind => ''callback'', due_within => ''1 day'', '
	'grace => ''0'')'), ('SELECT trust_ledger.drop_policy(''calls'')'),
	('SELECT trust_ledger.set_ledger(zone => ''Pacific/Auckland'')')) AS c (doing)
		WHERE doing !~ 'zone';
SELECT is(found('SELECT trust_ledger.set_ledger(zone => ''Pacific/Auckland'')'),
	'{}', 'another zone changes no promise');
-- The same words to the same customer again, by a row and by a call.
SELECT is(found($$INSERT INTO crm.deal (id, customer, title, status, kind, amount, currency, due,
	purpose, longest) SELECT 8, customer, title, status, kind, amount, currency, due, purpose,
	longest FROM crm.deal WHERE id = 1$$, true), '{}', 'two rows that say the same');
SELECT is(found($$INSERT INTO crm.deal (id, customer, title, status, kind, amount, currency, due,
	purpose, longest) SELECT 8, customer, title, status, kind, amount, currency, due, purpose,
	longest FROM crm.deal WHERE id = 1$$), '{"row_without_promise 8 delivery"}',
	'one of which was not told');
SELECT is(found($$SELECT trust_ledger.make_promise('c', 'We come.', actor => 'crm',
	kind => 'repair', value => 10, currency => 'EUR')$$),
	'{}', 'and a promise that no row stands for');

-- ---- rights, and the role that conditions run as

SELECT is(sqlstate_of('SELECT trust_ledger.reconcile_table(''crm.deal'')', role), expected,
	'reconcile_table() by ' || role) FROM (VALUES ('auditor', 'ok'), ('app', 'ok'),
	('analyst', 'TL004'), ('blind', '42501'), ('crm_owner', 'ok')) AS c (role, expected);
SELECT is(sqlstate_of('SELECT * FROM trust.tracked_entry', role), expected,
	'trust.tracked_entry by ' || role) FROM (VALUES ('auditor', 'ok'), ('app', 'ok'),
	('analyst', 'ok'), ('none', 'ok')) AS c (role, expected);
SELECT is(sqlstate_of('SELECT trust_ledger.reconcile_table(''change'')', role),
	'42704', 'a table that is not tracked, by ' || role) FROM unnest('{none,auditor}'::text[])
	AS role;
SELECT is(sqlstate_of(format('SELECT * FROM trust_ledger.%s', replace(call, '$', tab))),
	'42P01', call || ' of nothing, ' || tab)
FROM unnest('{reconcile_table($),source_of($),"read_tracked($, ''public.deal'', '
	'true)","import_rows($, ''public.deal'', ''{}'')"}'::text[]) AS call,
	unnest('{0,4294967294}'::text[]) AS tab;
SELECT is(provolatile, 's', 'it is stable') FROM pg_proc
	WHERE oid = 'trust_ledger.reconcile_table'::regproc;
BEGIN TRANSACTION READ ONLY;
SELECT count(*) AS read_only FROM trust_ledger.reconcile_table('crm.deal') \gset
COMMIT;
SELECT is(:read_only, 0, 'in a transaction that only reads');

CREATE TABLE crm.ran (as_role text, path text);
CREATE TABLE crm.owned (id int PRIMARY KEY, customer text, title text);
ALTER TABLE crm.ran OWNER TO crm_owner;
ALTER TABLE crm.owned OWNER TO crm_owner;
INSERT INTO crm.owned VALUES (1, 'owned', 'We come.');
GRANT SELECT ON crm.owned TO auditor;
CREATE FUNCTION crm.is_sent(title text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO crm.ran VALUES (current_user, current_setting('search_path'));
	RETURN true;
END
$$;
ALTER FUNCTION crm.is_sent OWNER TO crm_owner;
SET ROLE crm_owner;
SELECT trust_ledger.track_table('crm.owned',
	'{"customer": "=customer", "words": "=title", "actor": ":crm", "made_when": '
	'"crm.is_sent(title)"}') \g /dev/null
RESET ROLE;
CREATE SCHEMA evil;
GRANT USAGE ON SCHEMA evil TO PUBLIC;
CREATE FUNCTION evil.op(text, text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN INSERT INTO crm.ran
	VALUES ('evil: ' || current_user, 'evil'); RETURN true; END $$;
CREATE OPERATOR evil.= (LEFTARG = text, RIGHTARG = text, FUNCTION = evil.op);
CREATE OPERATOR evil.<> (LEFTARG = text, RIGHTARG = text, FUNCTION = evil.op);
GRANT INSERT ON crm.ran TO auditor;
SET search_path = evil, pg_catalog;
SET ROLE auditor;
SELECT what AS evil FROM trust_ledger.reconcile_table('crm.owned') \gset
RESET ROLE;
RESET search_path;
SELECT is(:'evil'::text, 'row_without_promise',
	'a hostile condition and a hostile search_path: the difference is found');
SELECT is(array_agg(DISTINCT r), ARRAY[ROW('crm_owner', 'pg_catalog, pg_temp')::crm.ran],
	'and the condition ran as the table''s owner') FROM crm.ran r;
SELECT is(sqlstate_of(format('CREATE OR REPLACE FUNCTION crm.is_sent(title text) RETURNS boolean '
	'LANGUAGE plpgsql AS %L; SET LOCAL ROLE auditor; '
	'SELECT trust_ledger.reconcile_table(''crm.owned'')', 'BEGIN ' || body
	|| '; RETURN true; END')), expected, body)
FROM (VALUES ('NULL', 'ok'), ('SET ROLE postgres', '42501'), ('RESET ROLE', '42501'),
	('PERFORM trust_ledger.history(promise) FROM trust.current_promise', 'ok'),
	('GRANT crm_owner TO app', '42501'), ('PERFORM FROM trust.entry', '42501')) AS c (body,
	expected);

-- ---- random changes that the triggers recorded: nothing is found

-- A condition that holds when a row begins to stand for a promise did not begin to hold then: rows
-- are given none.
CREATE PROCEDURE live_whole(transactions int)
LANGUAGE plpgsql AS $$
DECLARE
	statement text;
BEGIN
	FOR i IN 1..transactions LOOP
		statement := random_change(1000 + i);
		IF statement ~ 'SET.*(status|customer|call_on) = ' THEN
			statement := regexp_replace(statement, ' WHERE',
				concat(CASE WHEN statement !~ 'answer =' THEN ', answer = NULL' END, CASE
				WHEN statement !~ 'wait =' THEN ', wait = NULL' END, CASE WHEN statement !~ 'met ='
				THEN ', met = NULL' END) || ' WHERE');
		END IF;
		PERFORM lived(ARRAY[statement], any_of('anna', 'ben')) WHERE statement !~ 'customer = NULL';
		COMMIT;
	END LOOP;
END
$$;
SELECT setseed(0.75) \g /dev/null
CREATE TABLE batch (nr int, findings text[]);
DO $$
BEGIN
	FOR nr IN 1..20 LOOP
		CALL live_whole(100);
		INSERT INTO batch VALUES (nr, found());
	END LOOP;
END
$$;
SELECT is(findings, '{}', 'a random life, a hundred changes on: ' || nr) FROM batch ORDER BY nr;
SELECT ok(count(*) > 200 AND count(*) FILTER (WHERE state IN ('kept', 'broken', 'withdrawn')) > 50
	AND count(*) FILTER (WHERE paused_for <> '0') > 0, 'there was some life in it')
	FROM trust.promise;
SELECT is_empty('SELECT * FROM trust_ledger.verify()', 'nothing is wrong');

-- ---- the work grows with the rows, not with their square ----

-- Rows of these tables that a comparison reads.
CREATE FUNCTION rows_read(tab regclass) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
	reads CONSTANT text := 'SELECT sum(pg_stat_get_xact_tuples_returned(c.oid)
		+ pg_stat_get_xact_tuples_fetched(c.oid))
		FROM pg_class c
		WHERE c.oid = ANY (ARRAY[''trust.entry'', ''trust.promise'', ''trust.source'']::regclass[])
			OR c.oid IN (SELECT i.indexrelid FROM pg_index i WHERE i.indrelid = ANY
				(ARRAY[''trust.entry'', ''trust.promise'', ''trust.source'']::regclass[]))';
	before bigint;
	total  bigint;
BEGIN
	EXECUTE reads INTO before;
	IF EXISTS (SELECT FROM trust_ledger.reconcile_table(tab)) THEN
		RAISE EXCEPTION 'reconcile_table() found a difference';
	END IF;
	EXECUTE reads INTO total;
	RETURN total - before;
END
$$;
CREATE TABLE crm.visit (id int PRIMARY KEY, shop text, title text, status text);
SELECT FROM trust_ledger.track_table('crm.visit', '{"customer": "=shop", "words": "=title",
	"actor": ":crm", "withdrawn_when": "status = ''off''"}') \g /dev/null
INSERT INTO crm.visit SELECT nr, 'one', 'visit ' || nr, 'open' FROM generate_series(1, 100) nr;
UPDATE crm.visit SET status = 'off' WHERE status = 'open';
SELECT rows_read('crm.visit') AS of_hundred \gset
INSERT INTO crm.visit SELECT nr, 'one', 'visit ' || nr, 'open' FROM generate_series(101, 1000) nr;
UPDATE crm.visit SET status = 'off' WHERE status = 'open';
SELECT cmp_ok(rows_read('crm.visit'), '<', 15 * :of_hundred::bigint,
	'ten times as many rows of a customer');
ANALYZE trust.entry, trust.promise, trust.source, crm.visit;
SELECT cmp_ok(rows_read('crm.visit'), '<', 15 * :of_hundred::bigint, 'the same with statistics');

-- A promise is compared, too, if its entries were removed from the ledger.
INSERT INTO crm.visit VALUES (1001, 'one', 'visit 1001', 'open');
SELECT without_guards($$DELETE FROM trust.entry WHERE customer = 'one'$$) \g /dev/null
SET session_replication_role = replica;
UPDATE crm.visit SET title = 'another visit' WHERE id = 1001;
RESET session_replication_role;
SELECT results_eq($$SELECT what, key FROM trust_ledger.reconcile_table('crm.visit')
	WHERE key = '1001'$$, $$VALUES ('terms_differ', '1001')$$,
	'a promise without entries is compared');
SELECT * FROM finish();
