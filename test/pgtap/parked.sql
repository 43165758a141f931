-- Changes that cannot be written: the statement fails, or a note says so, or they wait and are written later.
CREATE EXTENSION pgtap;
CREATE EXTENSION trust_ledger;
CREATE EXTENSION dblink;
SELECT no_plan();
\ir ../data/told.sql
CREATE ROLE reader LOGIN;
CREATE ROLE auditor LOGIN;
CREATE ROLE importer LOGIN;
DO $$
BEGIN
	PERFORM trust_ledger.grant_access('reader', 'analyst'), trust_ledger.grant_access('auditor', 'auditor'), trust_ledger.grant_access('importer', 'import'), trust_ledger.grant_access('login_lisa', 'application');
END
$$;

CREATE TABLE parks (id int PRIMARY KEY, customer text, words text, due timestamptz, status text, approved boolean, span interval, period tstzrange, ratio float8, raw bytea, info jsonb, day date);
CREATE TABLE notes (LIKE parks INCLUDING ALL);
CREATE TABLE fails (LIKE parks INCLUDING ALL);
CREATE TABLE at_once (LIKE parks INCLUDING ALL);
SELECT format('CREATE TRIGGER %s AFTER %s ON %s FOR EACH ROW EXECUTE FUNCTION trust_ledger.track(%L%s%s)', event, operation, tab, event, arguments, CASE WHEN tab = 'notes' AND event = 'made' THEN ', ''on_error:park''' ELSE settings END)
FROM (VALUES ('parks', ', ''on_error:park'''), ('notes', ', ''on_error:note'''), ('fails', ''), ('at_once', ', ''on_error:park'', ''write:now''')) AS t (tab, settings),
	(VALUES ('made', 'INSERT', ', ''customer=customer'', ''words=words'', ''due=due'', ''longest_pause=span'', ''kind:guarded'', ''promiser:bot'''), ('amended', 'UPDATE', ', ''words=words'', ''due=due'', ''longest_pause=span'''),
		('assessed', 'UPDATE OF status', ', ''verdict=status'''), ('backed', 'UPDATE OF approved', '')) AS v (event, operation, arguments) \gexec
SELECT format('ALTER TABLE %s OWNER TO app; GRANT ALL ON %1$s TO PUBLIC; CREATE TRIGGER deleted AFTER DELETE ON %1$s FOR EACH ROW EXECUTE FUNCTION trust_ledger.track(''noted'', ''on_error:park'')', tab) FROM unnest('{parks,notes,fails,at_once}'::text[]) AS tab \gexec

CREATE TABLE replayed (parked uuid, source text, done boolean, error text, nr serial);
GRANT ALL ON replayed, replayed_nr_seq TO PUBLIC;
CREATE FUNCTION waits() RETURNS text LANGUAGE sql AS $$
	SELECT coalesce(string_agg(concat_ws('/', split_part(source, '.', 2), trigger, operation, actor, sqlstate), ' ' ORDER BY parked_at), 'nothing') FROM trust.parked_change
$$;
CREATE FUNCTION replay(login text, of_source text DEFAULT NULL) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM set_config('session_authorization', login, true);
	INSERT INTO replayed SELECT r.* FROM trust_ledger.replay_parked(of_source) AS r;
	PERFORM set_config('session_authorization', 'postgres', true);
END
$$;
CREATE FUNCTION row_of(tab text, nr int, of_customer text, of_due text DEFAULT '2999-01-01') RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('INSERT INTO %I (id, customer, words, due) VALUES ($1, $2, ''W'', $3::timestamptz)', tab) USING nr, of_customer, of_due;
END
$$;
\set bad '2001-01-01'

-- ---- what becomes of the change, of the others, and of the statement

SELECT is(told(doing, acting, login, also => 'waits()'), says, doing) FROM (VALUES
	-- fail
	('SELECT row_of(''fails'', 1, ''c'', ''2001-01-01'')', 'anna', 'app', '22023'), ('SELECT row_of(''fails'', 1, ''c''), row_of(''parks'', 1, ''d'', ''2001-01-01''); UPDATE fails SET status = ''perfect''', 'anna', 'app', '22023'),
	-- park
	('SELECT row_of(''parks'', 1, ''c'', ''2001-01-01'')', 'anna', 'app', 'nothing | parks/made/insert/anna/22023'),
	('SELECT row_of(''parks'', 1, ''c'', ''2001-01-01''), row_of(''parks'', 2, ''c''), row_of(''parks'', 3, ''d'')', 'anna', 'app', 'c: made; d: made | parks/made/insert/anna/22023'),
	('SELECT row_of(''parks'', 1, ''c''); UPDATE parks SET status = ''perfect''; UPDATE parks SET words = ''X''', 'anna', 'app', 'c: made amended | parks/assessed/update/anna/22023'),
	('SELECT row_of(''parks'', 1, ''c''); UPDATE parks SET approved = true', 'bot', 'app', 'c: made | parks/backed/update/bot/TL003'),
	('SELECT row_of(''parks'', 1, ''c''); UPDATE parks SET approved = true', NULL, 'login_lisa', 'c: made backed | nothing'),
	('SELECT row_of(''parks'', 1, ''c''); SELECT as_postgres(''SELECT trust_ledger.retire_actor(''''ben'''')'')', 'ben', 'app', 'nothing | parks/made/insert/ben/TL003'),
	('SELECT row_of(''parks'', 1, NULL)', 'anna', 'app', 'nothing | parks/made/insert/anna/22004'), ('SELECT row_of(''parks'', 1, '' c''), row_of(''parks'', 2, ''c''), row_of(''parks'', 3, ''''), row_of(''parks'', 4, repeat(''x'', 256))', 'anna', 'app', 'c: made | parks/made/insert/anna/22023 parks/made/insert/anna/22023 parks/made/insert/anna/22023'),
	('SELECT row_of(''parks'', 1, ''c''); UPDATE parks SET customer = NULL; UPDATE parks SET words = ''X''', 'anna', 'app', 'c: made amended | nothing'),
	('SELECT row_of(''parks'', 1, ''c'')', NULL, 'app', 'nothing | parks/made/insert/TL003'), ('SELECT row_of(''parks'', 1, ''c'')', NULL, 'clerk', 'nothing | parks/made/insert/TL003'),
	('SELECT row_of(''parks'', 1, ''c''); UPDATE parks SET words = NULL; DELETE FROM parks', 'anna', 'app', 'c: made noted | parks/amended/update/anna/22004'),
	('SELECT row_of(''parks'', n, ''c'', CASE WHEN n <= 200 THEN ''2001-01-01'' ELSE ''2999-01-01'' END) FROM generate_series(1, 203) AS n', 'anna', 'app', 'c: made made made | ' || (SELECT string_agg('parks/made/insert/anna/22023', ' ') FROM generate_series(1, 200))),
	('SELECT row_of(''at_once'', 1, ''c'', ''2001-01-01''), row_of(''at_once'', 2, ''c'')', 'anna', 'app', 'c: made | at_once/made/insert/anna/22023'),
	('INSERT INTO parks (id, customer, words, due) SELECT n, ''c'', ''W'', CASE n WHEN 2 THEN ''2001-01-01''::timestamptz END FROM generate_series(1, 3) AS n', 'anna', 'app', 'c: made made | parks/made/insert/anna/22023'),
	('DO $d$ BEGIN PERFORM row_of(''parks'', 1, ''c'', ''2001-01-01''); RAISE SQLSTATE ''U0000''; EXCEPTION WHEN SQLSTATE ''U0000'' THEN END $d$', 'anna', 'app', 'nothing | nothing'),
	('DO $d$ BEGIN PERFORM row_of(''at_once'', 1, ''c'', ''2001-01-01''); RAISE SQLSTATE ''U0000''; EXCEPTION WHEN SQLSTATE ''U0000'' THEN END $d$', 'anna', 'app', 'nothing | nothing'),
	-- what fails elsewhere is not parked here
	('SELECT row_of(''fails'', 1, ''c'', ''2001-01-01''), row_of(''at_once'', 1, ''c'')', 'anna', 'app', '22023'),
	('SELECT row_of(''fails'', 1, ''c'', ''2001-01-01''); DO $d$ BEGIN PERFORM row_of(''at_once'', 1, ''c''); EXCEPTION WHEN OTHERS THEN DELETE FROM fails; END $d$', 'anna', 'app', '22023'),
	-- note
	('SELECT row_of(''notes'', 1, ''c''); UPDATE notes SET status = ''perfect''; UPDATE notes SET words = ''X''', 'anna', 'app', 'c: made noted amended | nothing'),
	('SELECT row_of(''notes'', 1, ''c'', ''2001-01-01''); UPDATE notes SET status = ''perfect''', 'anna', 'app', 'nothing | notes/made/insert/anna/22023'),
	('SELECT row_of(''notes'', 1, ''c''); UPDATE notes SET approved = true, words = ''X'', id = 2; UPDATE notes SET words = ''Y''', 'bot', 'app', 'c: made amended noted amended | nothing'),
	('SELECT row_of(''notes'', 1, ''c''); UPDATE notes SET words = NULL, id = 2; UPDATE notes SET words = ''Y''', 'bot', 'app', 'c: made noted amended | nothing'),
	-- together
	('SELECT row_of(''parks'', 1, ''e''), row_of(''notes'', 1, ''d''), row_of(''fails'', 1, ''c''); UPDATE parks SET status = ''perfect''; UPDATE notes SET status = ''perfect''; UPDATE fails SET words = ''X''; SELECT row_of(''parks'', 2, ''a'', ''2001-01-01'')', 'anna', 'app',
		'c: made amended; d: made noted; e: made | parks/assessed/update/anna/22023 parks/made/insert/anna/22023'),
	('SELECT row_of(''parks'', 1, ''e''), row_of(''notes'', 1, ''d''), row_of(''fails'', 1, ''c''); UPDATE parks SET status = ''perfect''; UPDATE notes SET status = ''perfect''; UPDATE fails SET words = NULL', 'anna', 'app', '22004')) AS v (doing, acting, login, says);
SELECT is(told('SELECT row_of(''notes'', 1, ''c''); UPDATE notes SET status = ''perfect''', shown => 'coalesce(note, words)'), 'c: W The row''s change stands for "assessed", which was refused: "perfect" is not a verdict', 'what the note says');

SELECT * FROM finish();
