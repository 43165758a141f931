-- User code that runs while a tracked row's change is read or written: it calls the ledger again,
-- changes tracked rows, runs DDL, or raises an error. The session continues, and the ledger agrees
-- with the rows.
--
-- Where such code runs:
-- cast row_to_json() of a row that may have to be parked, or leaves its partition: a cast to json
--	when       the condition of a trigger of ours
--	before     a BEFORE trigger of the table's owner, while changes wait
--	after      an AFTER trigger of the table's owner, before ours by its name
--	later      the same, after ours by its name
-- deferred a deferred constraint trigger of the table's owner: while all is written at COMMIT, or
-- before
--	replay     a domain's check, when a parked row is read again
--	entry      a trigger of the ledger's owner on trust.entry, while an append is under way
CREATE EXTENSION pgtap;
CREATE EXTENSION trust_ledger;
\ir ../../helpers/sessions.sql
SELECT * FROM no_plan();

SELECT FROM trust_ledger.create_ledger();
SELECT FROM trust_ledger.register_actor('anna', 'human');
SELECT FROM trust_ledger.register_actor('crm', 'system', responsible => 'anna');
SELECT FROM trust_ledger.make_promise('other', 'There before', actor => 'crm');

-- ---- what the code does

CREATE TABLE at_place (place text PRIMARY KEY, action text);
CREATE TABLE done (place text, action text);
CREATE TABLE side (id int PRIMARY KEY, account text, offer text);
CREATE TABLE hasty (LIKE side INCLUDING ALL);
CREATE SEQUENCE nr;
SELECT count(*) FROM trust_ledger.track_table('side',
	'{"customer": "=account", "words": "=offer", "actor": ":crm"}');
SELECT count(*) FROM trust_ledger.track_table('hasty',
	'{"customer": "=account", "words": "=offer", "actor": ":crm", "write": ":now"}');

CREATE FUNCTION do_deed(of_place text) RETURNS void LANGUAGE plpgsql SET search_path = public AS $$
DECLARE
	doing text;
	n int;
BEGIN
	IF NOT EXISTS (SELECT FROM at_place WHERE place = of_place) THEN
		RETURN;
	END IF;
	-- only once: the nested code must not do it again
	DELETE FROM at_place WHERE place = of_place RETURNING action INTO doing;
	n := nextval('nr');
	CASE doing
		WHEN 'call' THEN PERFORM FROM trust_ledger.make_promise('other', 'Nested ' || n,
			actor => 'crm');
		WHEN 'call, same customer' THEN PERFORM FROM trust_ledger.make_promise('acme', 'Nested '
			|| n, actor => 'crm');
		WHEN 'call that fails, caught' THEN
			BEGIN
				PERFORM FROM trust_ledger.make_promise('other', 'Nested', 'nobody', actor => 'crm');
			EXCEPTION WHEN undefined_object THEN NULL;
			END;
		WHEN 'change a tracked row' THEN INSERT INTO side VALUES (n, 'other', 'Nested');
		WHEN 'change a row written at once' THEN INSERT INTO hasty VALUES (n, 'other', 'Nested');
		WHEN 'change, and take it back' THEN
			BEGIN
				INSERT INTO side VALUES (n, 'other', 'Nested');
				INSERT INTO hasty VALUES (n, 'other', 'Nested');
				RAISE SQLSTATE 'U0000';
			EXCEPTION WHEN SQLSTATE 'U0000' THEN NULL;
			END;
		WHEN 'many changes' THEN INSERT INTO hasty SELECT 1000 * n + i, 'many ' || i % 3,
			repeat('Nested ', 20) FROM generate_series(1, 50) i;
		WHEN 'DDL' THEN
			CREATE TABLE made_meanwhile (id int PRIMARY KEY);
			ALTER TABLE side ADD COLUMN added int;
			ALTER TABLE side DROP COLUMN added;
			DROP TABLE made_meanwhile;
		WHEN 'DDL, and a change' THEN
			CREATE OR REPLACE FUNCTION replaced() RETURNS int LANGUAGE sql AS 'SELECT 1';
			ALTER TABLE hasty ALTER offer SET STATISTICS 10;
			INSERT INTO hasty VALUES (n, 'other', 'Nested');
			INSERT INTO side VALUES (n, 'other', 'Nested');
		WHEN 'track again' THEN
			PERFORM FROM trust_ledger.track_table('side',
				'{"customer": "=account", "words": "=offer", "actor": ":crm"}');
			INSERT INTO side VALUES (n, 'other', 'Nested');
		WHEN 'ANALYZE' THEN
			ANALYZE trust.entry, trust.promise, trust.source, trust.chain;
			PERFORM FROM trust_ledger.make_promise('other', 'Nested ' || n, actor => 'crm');
		WHEN 'govern' THEN
			PERFORM FROM trust_ledger.register_actor('actor ' || n, 'human');
			PERFORM FROM trust_ledger.make_promise('other', 'Nested ' || n, 'actor ' || n,
				actor => 'crm');
		WHEN 'settings' THEN PERFORM set_config('work_mem', '64kB', true),
			set_config('DateStyle', 'SQL, DMY', true);
		WHEN 'error' THEN RAISE SQLSTATE 'U0001' USING MESSAGE = 'an error of the user''s code';
	END CASE;
	INSERT INTO done VALUES (of_place, doing);
END
$$;

-- ---- where it runs

CREATE TYPE mood AS ENUM ('calm', 'eager');
CREATE FUNCTION mood_to_json(v mood) RETURNS json LANGUAGE
	plpgsql AS $$ BEGIN PERFORM public.do_deed('cast'); RETURN to_json(v::text); END $$;
CREATE CAST (mood AS json) WITH FUNCTION mood_to_json(mood);
CREATE FUNCTION checked(v text) RETURNS boolean LANGUAGE
	plpgsql AS $$ BEGIN PERFORM public.do_deed('replay'); RETURN true; END $$;
CREATE DOMAIN checked_text AS text CHECK (checked(VALUE));
CREATE FUNCTION meets(v text) RETURNS boolean LANGUAGE
	plpgsql AS $$ BEGIN PERFORM public.do_deed('when'); RETURN v <> 'draft'; END $$;
CREATE FUNCTION planted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	PERFORM public.do_deed(TG_ARGV[0]);
	RETURN coalesce(NEW, OLD);
END
$$;

CREATE TABLE deal (id int, region text, account text, offer checked_text, status text, mood mood,
	due timestamptz, PRIMARY KEY (id, region)) PARTITION BY LIST (region);
CREATE TABLE deal_north PARTITION OF deal FOR VALUES IN ('north');
CREATE TABLE deal_south PARTITION OF deal FOR VALUES IN ('south');
SELECT count(*) FROM trust_ledger.track_table('deal', '{
	"customer": "=account", "words": "=offer", "due": "=due", "actor": ":crm", "on_error": ":park",
	"made_when": "meets(status)", "kept_when": "status = ''done''", "broken_when": "status '
		'= ''failed''"}');
CREATE TRIGGER m_before BEFORE INSERT OR UPDATE OR DELETE ON deal FOR EACH ROW
	EXECUTE FUNCTION planted('before');
CREATE TRIGGER a_after AFTER INSERT OR UPDATE OR DELETE ON deal FOR EACH ROW
	EXECUTE FUNCTION planted('after');
CREATE TRIGGER z_later AFTER INSERT OR UPDATE OR DELETE ON deal FOR EACH ROW
	EXECUTE FUNCTION planted('later');
CREATE CONSTRAINT TRIGGER z_deferred AFTER INSERT OR UPDATE OR DELETE ON deal DEFERRABLE INITIALLY
	DEFERRED FOR EACH ROW EXECUTE FUNCTION planted('deferred');
CREATE TRIGGER planted AFTER INSERT ON trust.entry FOR EACH ROW WHEN (NEW.customer <> '')
	EXECUTE FUNCTION planted('entry');

-- A change of each kind, in one session, one transaction each; %1$s is a number that was not used.
CREATE TABLE change (kind text, doing text);
INSERT INTO change VALUES
	('insert', 'INSERT INTO deal VALUES (%1$s, ''north'', ''acme'', ''New'', ''sent'', ''calm'', '
		'now() + interval ''1 day'')'),
	('move', 'UPDATE deal SET region = CASE region WHEN ''south'' THEN ''north'' ELSE ''south'' '
		'END, offer = ''Moved %1$s'' WHERE id = 3'),
	('delete', 'UPDATE deal SET status = CASE status WHEN ''done'' THEN ''failed'' ELSE ''done'' '
		'END WHERE id = 2; DELETE FROM deal WHERE id = 4; INSERT INTO deal '
		'VALUES (4, ''north'', ''acme'', ''Again %1$s'', ''sent'', ''calm'')'),
	('park', 'INSERT INTO deal VALUES (%1$s, ''south'', ''acme'', ''Late'', ''sent'', ''eager'', '
		'now() - interval ''1 day'')'),
	('bulk', 'INSERT INTO deal SELECT %1$s + i, CASE i %% 2 WHEN 0 THEN ''north'' ELSE ''south'' '
		'END, ''acme '' || i %% 3, ''Bulk'', ''sent'', ''calm'' FROM generate_series(1, 30) i'),
	('replay', 'SELECT count(*) FROM trust_ledger.replay_parked(''public.deal'')');
INSERT INTO deal SELECT i, 'north', 'acme', 'Deal', 'sent', 'calm', now() + interval '1 day'
	FROM generate_series(1, 4) i;

CREATE FUNCTION try(of_place text, of_deed text, doing text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	number text := (1000 * nextval('nr'))::text;
	said text := 'done';
BEGIN
	PERFORM dblink_exec('one', format('DELETE FROM at_place; INSERT INTO at_place VALUES (%L, %L)',
		of_place, of_deed));
	BEGIN
		PERFORM dblink_exec('one', 'BEGIN');
		PERFORM dblink_exec('one', format('DO $d$ BEGIN EXECUTE %L; END $d$',
			format(doing, number)));
		PERFORM dblink_exec('one', 'COMMIT');
	EXCEPTION WHEN OTHERS THEN
		said := SQLSTATE;
		PERFORM dblink_exec('one', 'ROLLBACK');
	END;
	RETURN said;
END
$$;
SELECT dblink_connect('one', connection_of());
CREATE FUNCTION backend() RETURNS int LANGUAGE
	sql AS $$ SELECT pid FROM dblink('one', 'SELECT pg_backend_pid()') AS d (pid int) $$;
SELECT backend() AS backend \gset

CREATE TABLE tried (place text, action text, kind text, said text);
CREATE PROCEDURE try_all() LANGUAGE plpgsql AS $$
DECLARE
	t record;
BEGIN
	FOR t IN SELECT place, action, kind, doing
		FROM unnest('{cast,when,before,after,later,deferred,replay,entry}'::text[]) AS place,
		unnest('{call,"call, same customer","call that fails, caught","change a tracked '
			'row","change a row written at once","change, and take it back",many changes,DDL,"DDL, '
			'and a change",track again,ANALYZE,govern,settings,error}'::text[]) AS action,
		change
	LOOP
		INSERT INTO tried VALUES (t.place, t.action, t.kind, try(t.place, t.action, t.doing));
		COMMIT;
	END LOOP;
END
$$;
CALL try_all();

SELECT is(backend(), :backend, 'the session outlives all of it');
-- what fails while it is written is parked
SELECT is(array_agg(DISTINCT said), CASE WHEN action = 'error' AND place <> 'entry' THEN '{U0001}'
	ELSE '{done}' END::text[], format('%s: %s', place, action))
FROM tried WHERE kind <> 'replay' OR action <> 'error' GROUP BY place, action;
SELECT is(count(*), 0::bigint, 'each place ran each of them: '
	|| coalesce(string_agg(place || ' ' || action, ', '), 'yes'))
FROM (SELECT DISTINCT place, action FROM tried WHERE action <> 'error' EXCEPT SELECT place, action
	FROM done) AS missing;

-- ---- an error at COMMIT does not affect the next transaction

DELETE FROM at_place;
CREATE TABLE quote (id bigint PRIMARY KEY, account text, offer text, deliver_on date);
SELECT count(*) FROM trust_ledger.track_table('quote',
	'{"customer": "=account", "words": "=offer", "due": "=deliver_on", "actor": ":crm"}');
SELECT dblink_exec('one',
	format('INSERT INTO quote SELECT i, ''cust'' || i, ''Ten pumps'', current_date + 10 '
	'FROM generate_series(1, 6) i; LOAD ''auto_explain'';
	SET auto_explain.log_min_duration = 0; SET auto_explain.log_nested_statements = on; '
		'SET auto_explain.log_level = notice'));
SELECT throws_ok($$SELECT dblink_exec('one',
	'INSERT INTO quote SELECT i, ''k'' || i, repeat(''w'', 50), current_date + CASE WHEN i = 20000 '
	'THEN -5 ELSE 5 END FROM generate_series(7, 20000) i')$$,
	'22023', NULL, 'the last row of many cannot be promised');
SELECT lives_ok($$SELECT dblink_exec('one',
	'BEGIN; UPDATE quote SET offer = ''again '' || id; COMMIT')$$, 'the next transaction commits');
SELECT is(backend(), :backend, 'and its session outlives that');

-- ---- afterwards

SELECT is((SELECT string_agg(concat_ws(' ', what, key, detail), '; ')
	FROM trust_ledger.reconcile_table(tab) r
	-- a promise that was due before it was made stays parked
	WHERE NOT EXISTS (SELECT FROM deal d WHERE d.mood = 'eager' AND r.key = format('["%s","%s"]',
		d.id, d.region))), NULL, 'the ledger says what the rows say: ' || tab)
FROM unnest('{deal,side,hasty,quote}'::text[]) AS tab;
SELECT is((SELECT string_agg(v::text, '; ') FROM trust_ledger.verify() v),
	NULL, 'verify() finds nothing');
SELECT is(n, 0, 'nothing is kept for the changes that are written')
FROM dblink('one', $$ SELECT count(*)::int FROM pg_backend_memory_contexts
	WHERE name ~ 'trust_ledger (gathered|writing|deeds|change)' $$) AS d (n int);
SELECT cmp_ok(n, '<=', 40, 'of mappings only those that are in force')
FROM dblink('one', $$ SELECT count(*)::int FROM pg_backend_memory_contexts
	WHERE name = 'trust_ledger mapping' $$) AS d (n int);
SELECT dblink_disconnect('one');
SELECT * FROM finish();
