-- Changes that cannot be written: the statement fails, or a note records it, or the change is
-- parked and replayed later.
CREATE EXTENSION pgtap;
CREATE EXTENSION trust_ledger;
-- A mapping cannot be read while its columns do not exist.
ALTER EVENT TRIGGER trust_ledger_column_drop DISABLE;
SELECT plan(84);
\ir ../../helpers/tracked_tables.sql
\ir ../../helpers/calls.sql
CREATE ROLE reader LOGIN;
CREATE ROLE auditor LOGIN;
CREATE ROLE importer LOGIN;
DO $$
BEGIN
	PERFORM trust_ledger.grant_access('reader', 'analyst'), trust_ledger.grant_access('auditor',
		'auditor'), trust_ledger.grant_access('importer', 'import'),
		trust_ledger.grant_access('login_lisa', 'application');
END
$$;

CREATE TABLE parks (id int PRIMARY KEY, customer text, words text, due timestamptz, status text,
	approved boolean, span interval, period tstzrange, ratio float8, raw bytea, info jsonb,
	day date);
CREATE TABLE notes (LIKE parks INCLUDING ALL);
CREATE TABLE fails (LIKE parks INCLUDING ALL);
CREATE TABLE at_once (LIKE parks INCLUDING ALL);
SELECT format('CREATE TRIGGER %s AFTER %s ON %s FOR EACH ROW '
	'EXECUTE FUNCTION trust_ledger.track(%L%s%s)', event, operation, tab, event, arguments, CASE
	WHEN tab = 'notes' AND event = 'made' THEN ', ''on_error:park''' ELSE settings END)
FROM (VALUES ('parks', ', ''on_error:park'''), ('notes', ', ''on_error:note'''), ('fails', ''),
	('at_once', ', ''on_error:park'', ''write:now''')) AS t (tab, settings),
	(VALUES ('made', 'INSERT',
		', ''customer=customer'', ''words=words'', ''due=due'', ''longest_pause=span'', '
		'''kind:guarded'', ''promiser:bot'''),
		('amended', 'UPDATE', ', ''words=words'', ''due=due'', ''longest_pause=span'''),
		('assessed', 'UPDATE OF status', ', ''verdict=status'''),
		('backed', 'UPDATE OF approved', ', ''context=info''')) AS v (event, operation,
			arguments) \gexec
SELECT format('ALTER TABLE %s OWNER TO app; GRANT ALL ON %1$s TO PUBLIC; '
	'CREATE TRIGGER deleted AFTER DELETE ON %1$s FOR EACH ROW '
	'EXECUTE FUNCTION trust_ledger.track(''noted'', ''on_error:park'')', tab)
	FROM unnest('{parks,notes,fails,at_once}'::text[]) AS tab \gexec

CREATE TABLE replayed (parked uuid, source text, done boolean, error text, nr serial);
GRANT ALL ON replayed, replayed_nr_seq TO PUBLIC;
CREATE FUNCTION waits() RETURNS text LANGUAGE sql AS $$
	SELECT coalesce(string_agg(concat_ws('/', split_part(source, '.', 2), trigger, operation, actor,
		sqlstate), ' ' ORDER BY parked_at), 'nothing') FROM trust.parked_change
$$;
CREATE FUNCTION replay(login text, of_source text DEFAULT NULL) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM set_config('session_authorization', login, true);
	INSERT INTO replayed SELECT r.* FROM trust_ledger.replay_parked(of_source) AS r;
	PERFORM set_config('session_authorization', 'postgres', true);
END
$$;
CREATE FUNCTION row_of(tab text, nr int, of_customer text, of_due text DEFAULT '2099-01-01') RETURNS
	void LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('INSERT INTO %I (id, customer, words, due) VALUES ($1, $2, ''W'', '
		'$3::timestamptz)', tab) USING nr, of_customer, of_due;
END
$$;

-- ---- what happens to the change, to other changes, and to the statement

SELECT is(entries_after(doing, acting, login, also => 'waits()'), says, doing) FROM (VALUES
	-- fail
	('SELECT row_of(''fails'', 1, ''c'', ''2001-01-01'')', 'anna', 'app', '22023'),
	('SELECT row_of(''fails'', 1, ''c''), row_of(''parks'', 1, ''d'', ''2001-01-01''); '
		'UPDATE fails SET status = ''perfect''', 'anna', 'app', '22023'),
	-- park
	('SELECT row_of(''parks'', 1, ''c'', ''2001-01-01'')', 'anna', 'app',
		'nothing | parks/made/insert/anna/22023'),
	('SELECT row_of(''parks'', 1, ''c'', ''2001-01-01''), row_of(''parks'', 2, ''c''), '
		'row_of(''parks'', 3, ''d'')', 'anna', 'app',
		'c: made; d: made | parks/made/insert/anna/22023'),
	('SELECT row_of(''parks'', 1, ''c''); UPDATE parks SET status = ''perfect''; '
		'UPDATE parks SET words = ''X''', 'anna', 'app',
		'c: made amended | parks/assessed/update/anna/22023'),
	('SELECT row_of(''parks'', 1, ''c''); UPDATE parks SET approved = true', 'bot', 'app',
		'c: made | parks/backed/update/bot/TL003'),
	('SELECT row_of(''parks'', 1, ''c''); UPDATE parks SET approved = true', NULL, 'login_lisa',
		'c: made backed | nothing'),
	('SELECT row_of(''parks'', 1, ''c''); '
		'SELECT as_postgres(''SELECT trust_ledger.retire_actor(''''ben'''')'')', 'ben', 'app',
		'nothing | parks/made/insert/ben/TL003'),
	('SELECT row_of(''parks'', 1, NULL)', 'anna', 'app', 'nothing | parks/made/insert/anna/22004'),
	('SELECT row_of(''parks'', 1, '' c''), row_of(''parks'', 2, ''c''), row_of(''parks'', '
		'3, ''''), row_of(''parks'', 4, repeat(''x'', 256))', 'anna', 'app',
		'c: made | parks/made/insert/anna/22023 parks/made/insert/anna/22023 '
		'parks/made/insert/anna/22023'),
	('SELECT row_of(''parks'', 1, ''c''); UPDATE parks SET customer = NULL; '
		'UPDATE parks SET words = ''X''', 'anna', 'app', 'c: made amended | nothing'),
	('SELECT row_of(''parks'', 1, ''c'')', NULL, 'app', 'nothing | parks/made/insert/TL003'),
	('SELECT row_of(''parks'', 1, ''c'')', NULL, 'clerk', 'nothing | parks/made/insert/TL003'),
	('SELECT row_of(''parks'', 1, ''c''); UPDATE parks SET words = NULL; DELETE FROM parks', 'anna',
		'app', 'c: made noted | parks/amended/update/anna/22004'),
	('SELECT row_of(''parks'', n, ''c'', CASE WHEN n <= 200 THEN ''2001-01-01'' '
		'ELSE ''2099-01-01'' END) FROM generate_series(1, 203) AS n', 'anna', 'app',
		'c: made made made | ' || (SELECT string_agg('parks/made/insert/anna/22023', ' ')
		FROM generate_series(1, 200))),
	('SELECT row_of(''at_once'', 1, ''c'', ''2001-01-01''), row_of(''at_once'', 2, ''c'')', 'anna',
		'app', 'c: made | at_once/made/insert/anna/22023'),
	('INSERT INTO parks (id, customer, words, due) SELECT n, ''c'', ''W'', CASE n WHEN 2 '
		'THEN ''2001-01-01''::timestamptz END FROM generate_series(1, 3) AS n', 'anna', 'app',
		'c: made made | parks/made/insert/anna/22023'),
	('DO $d$ BEGIN PERFORM row_of(''parks'', 1, ''c'', ''2001-01-01''); RAISE SQLSTATE ''U0000''; '
		'EXCEPTION WHEN SQLSTATE ''U0000'' THEN END $d$', 'anna', 'app', 'nothing | nothing'),
	('DO $d$ BEGIN PERFORM row_of(''at_once'', 1, ''c'', ''2001-01-01''); '
		'RAISE SQLSTATE ''U0000''; EXCEPTION WHEN SQLSTATE ''U0000'' THEN END $d$', 'anna', 'app',
		'nothing | nothing'),
	-- what fails elsewhere is not parked here
	('SELECT row_of(''fails'', 1, ''c'', ''2001-01-01''), row_of(''at_once'', 1, ''c'')', 'anna',
		'app', '22023'),
	('SELECT row_of(''fails'', 1, ''c'', ''2001-01-01''); DO $d$ BEGIN PERFORM row_of(''at_once'', '
		'1, ''c''); EXCEPTION WHEN OTHERS THEN DELETE FROM fails; END $d$', 'anna', 'app', '22023'),
	-- note
	('SELECT row_of(''notes'', 1, ''c''); UPDATE notes SET status = ''perfect''; '
		'UPDATE notes SET words = ''X''', 'anna', 'app', 'c: made noted amended | nothing'),
	('SELECT row_of(''notes'', 1, ''c'', ''2001-01-01''); UPDATE notes SET status = ''perfect''',
		'anna', 'app', 'nothing | notes/made/insert/anna/22023'),
	('SELECT row_of(''notes'', 1, ''c''); UPDATE notes SET approved = true, words = ''X'', id = 2; '
		'UPDATE notes SET words = ''Y''', 'bot', 'app', 'c: made amended noted amended | nothing'),
	('SELECT row_of(''notes'', 1, ''c''); UPDATE notes SET words = NULL, id = 2; '
		'UPDATE notes SET words = ''Y''', 'bot', 'app', 'c: made noted amended | nothing'),
	-- together
	('SELECT row_of(''parks'', 1, ''e''), row_of(''notes'', 1, ''d''), row_of(''fails'', '
		'1, ''c''); UPDATE parks SET status = ''perfect''; UPDATE notes SET status = ''perfect''; '
		'UPDATE fails SET words = ''X''; SELECT row_of(''parks'', 2, ''a'', ''2001-01-01'')',
		'anna', 'app',
		'c: made amended; d: made noted; e: made | parks/assessed/update/anna/22023 '
			'parks/made/insert/anna/22023'),
	('SELECT row_of(''parks'', 1, ''e''), row_of(''notes'', 1, ''d''), row_of(''fails'', '
		'1, ''c''); UPDATE parks SET status = ''perfect''; UPDATE notes SET status = ''perfect''; '
		'UPDATE fails SET words = NULL', 'anna', 'app', '22004')) AS v (doing, acting, login, says);
SELECT is(entries_after('SELECT row_of(''notes'', 1, ''c''); UPDATE notes SET status = ''perfect''',
	shown => 'coalesce(note, words)'),
	'c: W A change of its row could not be recorded as "assessed": invalid verdict: "perfect"',
	'what the note says');

-- ---- parked changes are replayed

-- The changes that are still parked, and the results of replaying.
CREATE FUNCTION replayed() RETURNS text LANGUAGE sql AS $$
	SELECT concat_ws(' | ', waits(),
		(SELECT coalesce(string_agg(CASE WHEN done AND error IS NULL THEN 'done'
		ELSE split_part(error, ' ', 1) || '...' END, ' ' ORDER BY nr), 'none') FROM replayed))
$$;
SELECT is(entries_after(doing, acting, login, also => 'replayed()', at_commit => later,
	shown => $$concat_ws('/', event, actor, backer, words)$$), says, doing || '; ' || later)
	FROM (VALUES
	-- a mapping that is invalid when the row changes, or when it is replayed
	('SELECT as_postgres(''ALTER TABLE parks DROP COLUMN span''); INSERT INTO parks (id, customer, '
		'words) VALUES (1, ''c'', ''W'')', 'anna', 'app', 'SELECT replay(''app'')',
		'nothing | parks/made/insert/anna/42703 | table...'),
	('SELECT as_postgres(''ALTER TABLE parks DROP COLUMN span''); INSERT INTO parks (id, customer, '
		'words) VALUES (1, ''c'', ''W''); UPDATE parks SET words = ''X''; '
		'UPDATE parks SET approved = true', 'anna', 'app',
		'ALTER TABLE parks ADD COLUMN span interval; SELECT replay(''app'')',
		'c: made/anna/W amended/anna/X | nothing | done done done'),
	('SELECT row_of(''parks'', 1, ''c''); SELECT as_postgres(''ALTER TABLE parks DROP COLUMN '
		'span''); DELETE FROM parks', 'anna', 'app', 'SELECT replay(''app'')',
		'c: made/anna/W noted/anna | nothing | none'),
	('SELECT as_postgres(''ALTER EVENT TRIGGER trust_ledger_follow DISABLE; '
		'ALTER TABLE parks ALTER due TYPE text''); INSERT INTO parks (id, '
		'customer, words, due) VALUES (1, ''c'', ''W'', ''2099-01-01'')', 'bot', 'app',
		'ALTER TABLE parks ALTER due TYPE date USING due::date; SELECT replay(''app'')',
		'c: made/bot/W | nothing | done'),
	('SELECT row_of(''parks'', 1, ''c'', ''2001-01-01'')', 'anna', 'app',
		'ALTER TABLE parks DROP COLUMN span; SELECT replay(''app'')',
		'nothing | parks/made/insert/anna/42703 | table...'),
	('SELECT row_of(''parks'', 1, ''c'', ''2001-01-01'')', 'anna', 'app',
		'DROP TRIGGER made ON parks; SELECT replay(''app'')',
		'nothing | parks/made/insert/anna/42704 | trigger...'),
	('SELECT row_of(''parks'', 1, ''c'', ''2001-01-01'')', 'anna', 'app',
		'DROP TABLE parks; SELECT replay(''app'')',
		'nothing | parks/made/insert/anna/42704 | trigger...'),
	('SELECT row_of(''parks'', 1, ''c'', ''2001-01-01'')', 'anna', 'app',
		'ALTER TABLE parks RENAME TO moved; SELECT replay(''app'')',
		'nothing | parks/made/insert/anna/22023 | due...'),
	-- twice, partly, of one table
	('SELECT row_of(''parks'', 1, NULL), row_of(''parks'', 2, ''c'', ''2001-01-01'')', 'anna',
		'app', 'SELECT replay(''app''), replay(''app'')',
		'nothing | parks/made/insert/anna/22004 parks/made/insert/anna/22023 | customer... due... '
		'customer... due...'),
	('SELECT as_postgres(''ALTER TABLE parks DROP COLUMN span''); INSERT INTO parks (id, customer, '
		'words) VALUES (1, ''c'', ''W''), (2, NULL, ''X''), (3, ''c'', ''Y'')', 'anna', 'app',
		'ALTER TABLE parks ADD span interval; SELECT replay(''app''), replay(''app'')',
		'c: made/anna/W made/anna/Y | parks/made/insert/anna/22004 | done customer... done '
		'customer...'),
	('SELECT row_of(''at_once'', 1, NULL), row_of(''parks'', 2, NULL)', 'anna', 'app',
		'SELECT replay(''app'', ''public.parks''), replay(''app'', ''nowhere'')',
		'nothing | at_once/made/insert/anna/22004 parks/made/insert/anna/22004 | customer...'),
	-- by whom
	('SELECT row_of(''parks'', 1, ''c''); SELECT as_postgres(''ALTER TABLE parks DROP COLUMN '
		'span''); UPDATE parks SET words = ''X''', 'anna', 'app',
		'ALTER TABLE parks ADD span interval; SELECT replay(''login_lisa'')',
		'c: made/anna/W | parks/amended/update/anna/TL003 | login...'),
	('SELECT row_of(''parks'', 1, ''c''); SELECT as_postgres(''ALTER TABLE parks DROP COLUMN '
		'span''); UPDATE parks SET words = ''X''', NULL, 'login_lisa',
		'ALTER TABLE parks ADD span interval; SELECT replay(''login_lisa'')',
		'c: made/lisa/W amended/lisa/X | nothing | done'),
	('SELECT row_of(''parks'', 1, ''c''); SELECT as_postgres(''ALTER TABLE parks DROP COLUMN '
		'span''); UPDATE parks SET words = ''X''', 'anna', 'app',
		'ALTER TABLE parks ADD span interval; SELECT replay(''importer'')',
		'c: made/anna/W amended/anna/X | nothing | done'),
	('SELECT row_of(''parks'', 1, ''c'', ''2001-01-01'')', 'anna', 'app',
		'SELECT replay(''reader'')', 'TL004'),
	('SELECT row_of(''parks'', 1, ''c'', ''2001-01-01'')', 'anna', 'app',
		'SELECT replay(''auditor'')', 'TL004'),
	('SELECT row_of(''parks'', 1, ''c'', ''2001-01-01'')', 'anna', 'app',
		'SELECT replay(''clerk'')', 'TL004'),
	-- the actor of that time acts; being named makes nobody act
	('SELECT as_postgres(''ALTER TABLE parks DROP COLUMN span''); INSERT INTO parks (id, customer, '
		'words) VALUES (1, ''c'', ''W'')', NULL, 'app',
		'ALTER TABLE parks ADD span interval; SELECT replay(''app'')',
		'nothing | parks/made/insert/TL003 | no...'),
	('SELECT as_postgres(''ALTER TABLE parks DROP COLUMN span''); INSERT INTO parks (id, customer, '
		'words) VALUES (1, ''c'', ''W'')', NULL, 'app',
		'ALTER TABLE parks ADD span interval; SELECT trust_ledger.act_as(''ben''); '
		'SELECT replay(''app'')', 'c: made/ben/W | nothing | done')) AS v (doing, acting, login,
		later, says);

-- A parked backing is that of the actor of that time; being named backs nothing.
SELECT is(entries_after('SELECT row_of(''parks'', 1, ''c''); SELECT as_postgres(''ALTER '
	'TABLE parks DROP COLUMN info''); SELECT act(''anna''); UPDATE parks SET approved = true'
	|| doing, 'bot', at_commit => 'ALTER TABLE parks ADD info jsonb; ' || later,
	shown => $$concat_ws('/', event, actor, backer, evidence)$$, also => 'replayed()'), says, later)
FROM (VALUES ('', 'SELECT replay(''app'')',
	'c: made/bot/asserted backed/anna/anna/asserted | nothing | done'),
	('', 'SELECT replay(''login_lisa'')',
	'c: made/bot/asserted | parks/backed/update/anna/TL003 | login...'),
	('; UPDATE parks SET words = ''X''', 'SELECT replay(''app'')',
		'c: made/bot/asserted amended/anna/asserted backed/anna/anna/asserted | nothing | done'),
	('', 'SELECT trust_ledger.retire_actor(''anna'', successor => ''ben''); SELECT replay(''app'')',
		'c: made/bot/asserted | parks/backed/update/anna/TL003 | actor...')) AS v (doing,
		later, says);
CREATE TABLE named (id int PRIMARY KEY, customer text, words text, more text);
CREATE TRIGGER made AFTER INSERT ON named FOR EACH ROW EXECUTE FUNCTION trust_ledger.track('made',
	'customer=customer', 'words=words', 'purpose=more', 'actor:bot', 'on_error:park');
CREATE TABLE named_human (LIKE named INCLUDING ALL);
CREATE TRIGGER made AFTER INSERT ON named_human FOR EACH ROW
	EXECUTE FUNCTION trust_ledger.track('made', 'customer=customer', 'words=words', 'purpose=more',
	'actor:anna', 'on_error:park');
SELECT format('ALTER TABLE %s OWNER TO app; GRANT ALL ON %1$s TO PUBLIC; '
	'ALTER TABLE %1$s DROP COLUMN more', tab) FROM unnest('{named,named_human}'::text[])
	AS tab \gexec
SELECT is(entries_after(format('INSERT INTO %s VALUES (1, ''c'', ''W'')', tab), acting, login,
	$$concat_ws('/', event, actor, backer)$$,
	'ALTER TABLE named ADD more text; ALTER TABLE named_human ADD more text; '
	'SELECT replay(''app'')', 'replayed()'), says, concat_ws(' ', tab, acting, login))
FROM (VALUES ('named', 'anna', 'app', 'c: made/bot | nothing | done'),
	('named', NULL, 'clerk', 'c: made/bot | nothing | done'), ('named', NULL, 'login_lisa',
	'c: made/lisa/lisa | nothing | done'),
	('named_human', 'ben', 'app', 'nothing | named_human/made/insert/anna/TL003 | a...')) AS v (tab,
		acting, login, says);

-- Changes are replayed in their order, also many of one statement, and occurred when they were
-- parked.
SELECT is(entries_after('SELECT as_postgres(''ALTER TABLE parks DROP COLUMN span''); '
	'INSERT INTO parks (id, customer, words) SELECT n, ''c'', n FROM generate_series(1, 60) AS n; '
	'UPDATE parks SET words = ''X''',
	at_commit => 'ALTER TABLE parks ADD span interval; SELECT replay(''app'')',
	shown => $$concat_ws('-', event, details ->> 'key', CASE WHEN occurred_at < recorded_at $$ ||
		$$THEN '' ELSE 'now' END)$$),
	(SELECT 'c: ' || string_agg('made-' || n || '-', ' ' ORDER BY n) || ' ' || string_agg('amended-'
		|| n || '-', ' ' ORDER BY n) FROM generate_series(1, 60) AS n), 'in order');
SELECT is(entries_after('SELECT row_of(''parks'', 1, ''c''), row_of(''parks'', 2, NULL); '
	'SELECT as_postgres(''ALTER TABLE parks DROP COLUMN span''); UPDATE parks SET words = ''X''; '
	'UPDATE parks SET status = ''perfect'' WHERE id = 1', also => $$SELECT string_agg(concat_ws('/',
	trigger, operation, new_row ->> 'id', sqlstate), ' ' ORDER BY parked_at)
	FROM trust.parked_change$$),
	'c: made | made/insert/2/22004 amended/update/1/42703 amended/update/2/42703 '
		'amended/update/1/42703 assessed/update/1/22023',
		'what cannot be read waits among the others');

-- Rows are stored completely, and read the same under all settings.
CREATE FUNCTION styled(doing text) RETURNS void LANGUAGE plpgsql SET DateStyle = 'SQL, DMY' SET
	IntervalStyle = sql_standard SET TimeZone = 'Asia/Kolkata' SET extra_float_digits = -10 SET
	bytea_output = escape AS 'BEGIN EXECUTE doing; END';
SELECT is(entries_after($$SELECT
	styled('INSERT INTO parks VALUES (1, ''c'', ''it''''s "größe" \'', ''2001-02-03 '
	'04:05:06.789+00'', NULL, true, ''-1 day -02:03:04'', ''[2031-02-03 00:00+00,2031-04-05 '
	'00:00+00)'', 0.1::float8 + 0.2, ''\x00ff41'', ''{"a": [1, null]}'', ''2031-02-03'')')$$,
		also => 'SELECT (jsonb_populate_record(NULL::parks, new_row) = (SELECT parks FROM parks)) '
			'AND old_row IS NULL FROM trust.parked_change'), 'nothing | t',
			'a row comes back as it was');
SELECT is(entries_after($$SELECT styled('INSERT INTO parks (id, customer, words, due, span) '
	'VALUES (1, ''c'', ''W'', ''2001-02-03'', ''1 day -02:00'')')$$,
	at_commit => 'ALTER TABLE parks DROP COLUMN due, ADD COLUMN due timestamptz; '
	'SELECT styled(''SELECT replay(''''app'''')'')',
		shown => 'longest_pause::text', also => 'replayed()'),
			'nothing | parks/made/insert/anna/22023 | due...', 'and is not put right by itself');
SELECT is(entries_after($$SELECT as_postgres('ALTER TABLE parks DROP COLUMN due');
	SELECT styled('INSERT INTO parks (id, customer, words, span) VALUES (1, ''c'', ''W'', ''1 day '
	'02:00'')')$$, at_commit => 'ALTER TABLE parks ADD COLUMN due timestamptz; '
	'SELECT styled(''SELECT replay(''''app'''')'')',
		shown => 'longest_pause = interval ''26 h''', also => 'replayed()'),
			'c: t | nothing | done', 'intervals are what they were');
SELECT is(entries_after('INSERT INTO parks (id, customer, words) VALUES (1, ''c'', ''W''); '
	'INSERT INTO written VALUES (2); UPDATE parks SET words = ''X'', due = ''2001-01-01''',
	also => 'SELECT concat_ws(''/'', tab, login, role, old_row ->> ''words'', '
	'new_row ->> ''words'', error) FROM trust.parked_change'),
	'c: made | public.parks/app/app/W/X/due must be in the future',
		'what the row was and is, where, by whom and why');

-- A row whose change is parked in its new partition is still the same row later.
CREATE TABLE parks_parted (id int, phase text, customer text, words text, more text,
	PRIMARY KEY (id, phase)) PARTITION BY LIST (phase);
CREATE TABLE parks_new PARTITION OF parks_parted FOR VALUES IN ('new');
CREATE TABLE parks_rest PARTITION OF parks_parted DEFAULT;
CREATE TRIGGER made AFTER INSERT ON parks_parted FOR EACH ROW
	EXECUTE FUNCTION trust_ledger.track('made', 'customer=customer', 'words=words',
	'on_error:park');
CREATE TRIGGER deleted AFTER DELETE ON parks_parted FOR EACH ROW
	EXECUTE FUNCTION trust_ledger.track('noted', 'on_error:park');
ALTER TABLE parks_parted OWNER TO app;
SELECT is(entries_after('INSERT INTO parks_parted VALUES (1, ''new'', ''c'', ''W''); '
	'INSERT INTO written VALUES (2); UPDATE parks_parted SET phase = ''won'', words = ''''; '
	'UPDATE parks_parted SET words = ''X''', at_commit => at_commit, also => 'replayed()'),
	says, 'between partitions; ' || at_commit)
FROM (VALUES ('', 'c: made | parks_parted/made/update/anna/22023 | none'),
	('SELECT replay(''app'')', 'c: made | parks_parted/made/update/anna/22023 | words...')) AS v
	(at_commit, says);

-- ---- rights on parked changes

SELECT is(entries_after('SELECT row_of(''parks'', 1, ''secret'', ''2001-01-01'')',
	also => format('SELECT value_as(%L, %L)', login, $$SELECT concat_ws('/', source, trigger,
	operation, actor, login, role, sqlstate, new_row ->> 'customer', error) FROM trust.parked$$)),
	'nothing | ' || says, login || ' reads')
FROM (VALUES ('reader', 'public.parks/made/insert/anna/app/app/22023'),
	('auditor', 'public.parks/made/insert/anna/app/app/22023/secret/due must be in the future'),
	('app', 'public.parks/made/insert/anna/app/app/22023/secret/due must be in the future'),
	('clerk', 'TL004')) AS v (login, says);
SELECT is(sqlstate_of('SELECT FROM trust.parked_change', login),
	'42501', login || ' does not read the table') FROM unnest('{app,auditor,reader,clerk}'::text[])
	AS login;

-- ---- errors that are not the change's fault are not parked

\ir ../../helpers/sessions.sql
-- The SQLSTATE of statements in a session of their own, if they fail, and what waits then.
CREATE FUNCTION in_session(doing text, setting text DEFAULT 'work_mem=1MB') RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	outcome CONSTANT text := sqlstate_in_session(doing, 'app', '-c' || setting);
BEGIN
	RETURN concat_ws(' ', nullif(outcome, 'ok'), waits());
END
$$;
DO $$ BEGIN PERFORM trust_ledger.act_as('anna'); PERFORM row_of('fails', 100, 'busy'); END $$;
SELECT dblink_connect('other', connection_of('app'));
SELECT dblink_exec('other', 'BEGIN; DO $d$ BEGIN PERFORM trust_ledger.act_as(''anna''), '
	'trust_ledger.make_promise(''busy'', ''W''); END $d$');
SELECT is(in_session(doing, setting), says, setting || ' ' || doing) FROM (VALUES
	('lock_timeout=50', 'BEGIN; DO $d$ BEGIN PERFORM trust_ledger.act_as(''anna''); '
		'PERFORM row_of(''parks'', 101, ''busy''); END $d$; COMMIT', '55P03 nothing'),
	('lock_timeout=50', 'BEGIN; DO $d$ BEGIN PERFORM trust_ledger.act_as(''anna''); '
		'PERFORM row_of(''at_once'', 101, ''busy''); END $d$; COMMIT', '55P03 nothing'),
	('statement_timeout=300', 'BEGIN; DO $d$ BEGIN PERFORM trust_ledger.act_as(''anna''); '
		'PERFORM row_of(''at_once'', 101, ''busy''); END $d$; COMMIT', '57014 nothing')) AS v
		(setting, doing, says);
SELECT dblink_exec('other', 'COMMIT');
-- a snapshot from before another's commit
SELECT dblink_exec('other',
	'BEGIN ISOLATION LEVEL REPEATABLE READ; DO $d$ BEGIN PERFORM trust_ledger.act_as(''anna''); '
	'PERFORM row_of(''parks'', 102, ''busy''); END $d$');
SELECT is(in_session('BEGIN; DO $d$ BEGIN PERFORM trust_ledger.act_as(''anna''); '
	'PERFORM row_of(''parks'', 103, ''busy''); END $d$; COMMIT'), 'nothing',
	'somebody else commits');
SELECT throws_ok($$SELECT dblink_exec('other', 'COMMIT')$$, '40001', NULL,
	'the later one gets a serialization failure');
SELECT is(waits(), 'nothing', 'and nothing waits');
SELECT is((SELECT array_agg(id ORDER BY id) FROM parks), '{103}', 'nor is the row there');
-- two that wait for each other
SELECT dblink_connect('one', connection_of('app')), dblink_connect('two', connection_of('app'));
SELECT dblink_exec(name,
	format('BEGIN; DO $d$ BEGIN PERFORM trust_ledger.act_as(''anna''); PERFORM row_of(''at_once'', '
	'%s, %L); END $d$', 200 + nr, 'lock' || nr)) FROM (VALUES ('one', 1), ('two', 2)) AS v
	(name, nr);
SELECT dblink_send_query(name, format('DO $d$ BEGIN PERFORM row_of(''at_once'', %s, %L); END $d$',
	210 + nr, 'lock' || 3 - nr)) FROM (VALUES ('one', 1), ('two', 2)) AS v (name, nr);
CREATE FUNCTION got(name text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM * FROM dblink_get_result(name) AS r (status text);
	PERFORM * FROM dblink_get_result(name) AS r (status text);
	PERFORM dblink_exec(name, 'COMMIT');
	RETURN 'committed';
EXCEPTION WHEN OTHERS THEN
	PERFORM * FROM dblink_get_result(name) AS r (status text);
	PERFORM dblink_exec(name, 'ROLLBACK');
	RETURN SQLSTATE;
END
$$;
SELECT is((SELECT array_agg(came ORDER BY came) FROM (SELECT got(name) AS came
	FROM unnest('{one,two}'::text[]) AS name) AS g), '{40P01,committed}', 'a deadlock');
SELECT is(waits(), 'nothing', 'nothing waits for it');

-- At COMMIT: a failure rolls back the whole transaction, a parked change nothing.
SELECT is(in_session(format('BEGIN; DO $d$ BEGIN PERFORM trust_ledger.act_as(''anna''); '
	'PERFORM row_of(''fails'', 300, ''fine''), row_of(''parks'', 300, ''fine'', ''2001-01-01''); '
	'%s END $d$; COMMIT', doing)), says, 'COMMIT ' || doing)
FROM (VALUES ('PERFORM row_of(''fails'', 301, ''fine'', ''2001-01-01'');', '22023 nothing'),
	('', 'parks/made/insert/anna/22023')) AS v (doing, says);
SELECT is((SELECT string_agg(event, ' ') FROM trust.entry WHERE customer = 'fine'),
	'made', 'what could be written was');
ALTER EVENT TRIGGER trust_ledger_column_drop ENABLE ALWAYS;
SELECT is_empty('SELECT * FROM trust_ledger.verify()', 'nothing is wrong');

SELECT * FROM finish();
