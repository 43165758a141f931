-- A parked change is compared with the row as it is now, and with later entries: replaying it makes
-- no promise that the row does not make.
CREATE EXTENSION pgtap;
CREATE EXTENSION trust_ledger;
SELECT plan(44);
\ir ../../helpers/tracked_tables.sql
\ir ../../helpers/calls.sql

CREATE TABLE sale (id int PRIMARY KEY, customer text, words text, due timestamptz, value numeric,
	rep text, status text DEFAULT 'sent', remark text);
ALTER TABLE sale OWNER TO app;
SELECT trust_ledger.set_policy('plain', kind => 'plain', grace => interval '1 hour');
DO $$
BEGIN
	PERFORM trust_ledger.track_table('sale', '{"customer": "=customer", "words": "=words",
		"due": "=due", "value": "=value", "currency": ":EUR", "promiser": "=rep", "kind": ":plain",
		"longest_pause": ":P30D", "actor": ":bot", "on_error": ":park",
		"made_when": "status <> ''draft''", "paused_when": "status = ''on hold''",
		"kept_when": "status = ''done''", "broken_when": "status = ''failed''",
		"accepted_when": "status = ''accepted''", "accepted": {"relayed": ":true"},
		"withdrawn_when": "status = ''cancelled''"}');
END
$$;

CREATE FUNCTION new_sale(id int, rep text DEFAULT 'ben', customer text DEFAULT 'c',
	words text DEFAULT 'W', due text DEFAULT '2099-01-01') RETURNS void LANGUAGE sql AS $$
	INSERT INTO sale VALUES (id, customer, words, due::timestamptz, 1, rep)
$$;
-- Runs statements, and writes or parks what they changed.
CREATE FUNCTION parks(doing text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE doing;
	INSERT INTO written VALUES (10 + (SELECT count(*) FROM written));
END
$$;
-- The errors of changes that stay parked, or 'done'.
CREATE FUNCTION replays() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	said text;
BEGIN
	PERFORM set_config('session_authorization', 'app', true);
	SELECT string_agg(regexp_replace(r.error, 'promise [0-9a-f-]{36}', 'it'), '; ') INTO said
	FROM trust_ledger.replay_parked() r;
	PERFORM set_config('session_authorization', 'postgres', true);
	RETURN coalesce(said, 'done');
END
$$;
CREATE TABLE outcome (said text);
GRANT ALL ON outcome TO PUBLIC;
CREATE FUNCTION register_zoe() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	IF NOT EXISTS (SELECT FROM trust.actor WHERE actor = 'zoe') THEN
		PERFORM trust_ledger.register_actor('zoe', 'human');
	END IF;
END
$$;
-- The entries and errors of a replay; zoe is not registered when the first statements are run.
CREATE FUNCTION replayed_after(parked text, meanwhile text) RETURNS text LANGUAGE sql AS $$
	SELECT entries_after(format('SELECT parks(%L); SELECT parks(%L)', parked, meanwhile),
		at_commit => 'SELECT register_zoe(); INSERT INTO outcome SELECT replays()',
		shown => $q$concat_ws('/', event, words, due::date, value, verdict)$q$,
		also => 'SELECT said FROM outcome')
$$;

-- ---- promises

SELECT is(replayed_after('SELECT new_sale(1, ''zoe'')', meanwhile), says, meanwhile) FROM (VALUES
	('SELECT', 'c: made/W/2099-01-01/1 | done'),
	('UPDATE sale SET remark = ''x''', 'c: made/W/2099-01-01/1 | done'),
	('DELETE FROM sale', 'nothing | row 1 of table public.sale does not exist any more'),
	('UPDATE sale SET id = 2', 'nothing | row 1 of table public.sale does not exist any more'),
	('DELETE FROM sale; SELECT new_sale(2)',
		'c: made/W/2099-01-01/1 | row 1 of table public.sale does not exist any more'),
	('UPDATE sale SET status = ''draft''',
		'nothing | row 1 of table public.sale does not stand for event "made" any more'),
	('UPDATE sale SET status = ''draft''; UPDATE sale SET status = ''sent'', words = ''X''',
		'c: made/W/2099-01-01/1 amended/X/2099-01-01/1 | done'),
	('UPDATE sale SET words = ''X'', value = 2',
		'c: made/W/2099-01-01/1 amended/X/2099-01-01/2 | done'),
	('UPDATE sale SET words = ''X''; UPDATE sale SET words = ''W''',
		'c: made/W/2099-01-01/1 | done'),
	('UPDATE sale SET due = ''2098-01-01''',
		'c: made/W/2099-01-01/1 amended/W/2098-01-01/1 | done'),
	('UPDATE sale SET due = ''2001-01-01''', 'nothing | due must be in the future'),
	('UPDATE sale SET customer = ''d''',
		'c: made/W/2099-01-01/1 withdrawn; d: made/W/2099-01-01/1 | done'),
	('UPDATE sale SET words = NULL', 'nothing | cannot set the words of a promise to null'),
	('SELECT as_postgres(''SELECT register_zoe()''); UPDATE sale SET status = ''draft''; '
		'UPDATE sale SET status = ''sent'', words = ''X''',
		'c: made/X/2099-01-01/1 | row 1 of table public.sale has a later promise'),
	('SELECT as_postgres(''SELECT register_zoe()''); UPDATE sale SET status = ''draft''; '
		'UPDATE sale SET status = ''sent''; UPDATE sale SET status = ''cancelled''; '
		'UPDATE sale SET status = ''sent'' WHERE id = 0',
		'c: made/W/2099-01-01/1 withdrawn | row 1 of table public.sale has a later promise'))
	AS v (meanwhile, says);

-- ---- other events of a promise that exists; the table had no primary key

CREATE FUNCTION replayed_after_all(refused text, meanwhile text) RETURNS text LANGUAGE sql AS $$
	SELECT entries_after(format('SELECT parks(''SELECT new_sale(1, ''''bot'''')''); '
			'SELECT as_postgres(''ALTER TABLE sale DROP CONSTRAINT sale_pkey''); SELECT parks(%L); '
			'SELECT as_postgres(''ALTER TABLE sale ADD PRIMARY KEY (id)''); SELECT parks(%L)',
			refused, meanwhile),
		at_commit => 'INSERT INTO outcome SELECT replays()',
		shown => $q$concat_ws('/', event, words, due::date, verdict)$q$,
		also => 'SELECT said FROM outcome')
$$;
SELECT is(replayed_after_all('UPDATE sale SET ' || refused, meanwhile),
	'c: made/W/2099-01-01' || says, concat_ws('; ', refused, meanwhile))
FROM (VALUES
	('words = ''X''', 'SELECT', ' amended/X/2099-01-01 | done'),
	('words = ''X''', 'UPDATE sale SET words = ''Y''', ' amended/Y/2099-01-01 | done'),
	('words = ''X''', 'UPDATE sale SET words = ''W''', ' | done'),
	('words = ''X''', 'UPDATE sale SET due = ''2098-01-01''',
		' amended/W/2098-01-01 amended/X/2098-01-01 | done'),
	('words = ''X''; UPDATE sale SET words = ''Y''', 'SELECT',
		' amended/X/2099-01-01 amended/Y/2099-01-01 | done'),
	('words = ''X''; UPDATE sale SET words = ''Y''', 'UPDATE sale SET words = ''Z''',
		' amended/Z/2099-01-01 amended/X/2099-01-01 amended/Z/2099-01-01 | done'),
	('words = ''X''', 'DELETE FROM sale',
		' noted | promise of the row is not in the ledger'),
	('status = ''done''', 'SELECT', ' assessed/kept | done'),
	('status = ''done''', 'UPDATE sale SET status = ''failed''',
		' assessed/broken | row 1 of table public.sale has a later verdict'),
	('status = ''done''', 'UPDATE sale SET status = ''archived''', ' assessed/kept | done'),
	('status = ''done''; UPDATE sale SET status = ''failed''', 'SELECT',
		' assessed/kept assessed/broken | done'),
	('status = ''on hold''', 'SELECT', ' paused/2099-01-31 | done'),
	('status = ''on hold''', 'UPDATE sale SET status = ''sent''',
		' | row 1 of table public.sale does not stand for event "paused" any more'),
	('status = ''accepted''', 'UPDATE sale SET status = ''done''',
		' assessed/kept | cannot accept it, which is kept'),
	('status = ''sent''; DELETE FROM sale', 'SELECT', ' noted | done'),
	('status = ''sent''; DELETE FROM sale', 'SELECT new_sale(1)',
		' | row 1 of table public.sale exists again')) AS v (refused, meanwhile, says);

-- ---- keys, several promises of a row, and rows that cannot be read

CREATE EXTENSION citext;
CREATE DOMAIN code AS citext;
CREATE TABLE part (a code, b numeric, customer text, words text, reply text, rep text,
	PRIMARY KEY (a, b)) PARTITION BY LIST (b);
CREATE TABLE part_1 PARTITION OF part FOR VALUES IN (1);
CREATE TABLE part_rest PARTITION OF part DEFAULT;
DO $$
BEGIN
	PERFORM trust_ledger.track_table('part', '{"customer": "=customer", "promiser": "=rep",
		"actor": ":bot", "on_error": ":park", "promises": {
			"answer": {"words": "=reply", "made_when": "reply <> ''error''"},
			"deliver": {"words": "=words"}}}');
END
$$;
ALTER TABLE part OWNER TO app;
CREATE FUNCTION new_part() RETURNS void LANGUAGE sql AS $$
	INSERT INTO part VALUES ('x', 1, 'c', 'W', 'R', 'zoe')
$$;
SELECT is(replayed_after('SELECT new_part()', meanwhile), says, meanwhile) FROM (VALUES
	('SELECT', 'c: made/R made/W | done'),
	('UPDATE part SET words = ''X''', 'c: made/R made/W amended/X | done'),
	('UPDATE part SET reply = ''X''', 'c: made/R amended/X made/W | done'),
	('UPDATE part SET b = 1.0', 'c: made/R made/W | done'),
	('UPDATE part SET a = ''X''', 'nothing | row ["x","1"] of table public.part does not exist any '
		'more; row ["x","1"] of table public.part does not exist any more'),
	('UPDATE part SET reply = ''error''', 'c: made/W | row ["x","1"] of table public.part does '
		'not stand for event "made" any more'),
	('SELECT as_postgres(''ALTER TABLE part ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY'')',
		'nothing | owner "app" of table public.part cannot read all of its rows; owner "app" of '
		'table public.part cannot read all of its rows'),
	('SELECT as_postgres(''ALTER TABLE part RENAME a TO z'')',
		'nothing | row ["","1"] of table public.part does not exist any more; row ["","1"] of '
		'table public.part does not exist any more'),
	('SELECT as_postgres(''REVOKE SELECT ON part FROM app'')',
		'nothing | owner "app" of table public.part does not have privilege SELECT on it; owner '
		'"app" of table public.part does not have privilege SELECT on it')) AS v (meanwhile, says);

-- A row that another transaction changes is left for later.
\ir ../../helpers/sessions.sql
DO $$ BEGIN PERFORM new_sale(9, 'yan'); END $$;
SELECT dblink_connect('other', connection_of('app'));
SELECT dblink_exec('other', 'BEGIN; UPDATE sale SET status = ''draft''');
DO $$ BEGIN PERFORM trust_ledger.register_actor('yan', 'human'); END $$;
SELECT is(replays(), 'row is locked or has changed since it was read', 'while it changes');
SELECT dblink_exec('other', 'COMMIT');
SELECT is(replays(), 'row 9 of table public.sale does not stand for event "made" any more',
	'after it has changed');
SELECT is((SELECT count(*) FROM trust.promise), 0::bigint, 'no promise was made');

SELECT is_empty('SELECT * FROM trust_ledger.verify()', 'nothing is wrong');
SELECT * FROM finish();
