-- Mappings: which are refused, and how they read a table that was altered.
CREATE EXTENSION pgtap;
CREATE EXTENSION trust_ledger;
SELECT plan(168);

CREATE TABLE early (id int PRIMARY KEY, customer text, words text);
CREATE TRIGGER made AFTER INSERT ON early FOR EACH ROW EXECUTE FUNCTION trust_ledger.track('made',
	'customer=customer', 'words=words', 'actor:bot');
SELECT throws_ok($$INSERT INTO early VALUES (1, 'c', 'W')$$, '55000', NULL,
	'there is no ledger yet');
SELECT is_empty('SELECT * FROM early', 'and no row');
\ir ../../helpers/tracked_tables.sql

-- ---- mappings that are refused when the trigger is created, or else when it fires

CREATE TYPE pair AS (a int, b int);
CREATE TABLE mapped (id int PRIMARY KEY, customer text, words text, doc jsonb, doc_text json,
	raw bytea, spot point, ratio float8, many text[], pair pair, span interval, at_hour time,
	flag boolean, due date, due_at timestamptz, half real, stage stage, account account_no,
	"Quoted = ""Name"":" text);
CREATE TABLE keyless (customer text, words text);
CREATE TABLE float_key (id float8 PRIMARY KEY, customer text, words text);
CREATE TABLE bytea_key (id bytea PRIMARY KEY, customer text, words text);
CREATE TABLE array_key (id int[] PRIMARY KEY, customer text, words text);
CREATE VIEW seen AS SELECT id, customer, words FROM mapped;
CREATE FUNCTION refused(arguments text, tab text DEFAULT 'mapped', fires text DEFAULT
	'AFTER INSERT', each text DEFAULT 'FOR EACH ROW') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	hint text;
	message text;
BEGIN
	EXECUTE format('CREATE TRIGGER t %s ON %s %s EXECUTE FUNCTION trust_ledger.track(%s)', fires,
		tab, each, arguments);
	RAISE SQLSTATE 'OK000';
EXCEPTION
	WHEN SQLSTATE 'OK000' THEN RETURN 'ok';
	WHEN OTHERS THEN
		GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT, message = MESSAGE_TEXT;
		RETURN SQLSTATE || CASE WHEN hint = '' THEN ' without a hint' WHEN SQLSTATE ~ '^XX'
			THEN message ELSE '' END;
END
$$;
CREATE TABLE refusals (arguments text, says text, tab text DEFAULT 'mapped', fires text DEFAULT
	'AFTER INSERT', each text DEFAULT 'FOR EACH ROW');
INSERT INTO refusals (arguments, says) SELECT '''made'', ''customer=customer'', ''words=words'', '
	|| quote_literal(argument), says FROM (VALUES
	('kind=stage', 'ok'), ('kind=account', 'ok'), ('kind=id', 'ok'), ('kind=flag', 'ok'),
	('due=due', 'ok'), ('due=due_at', 'ok'), ('value=ratio', 'ok'), ('value=half', 'ok'),
	('value=id', 'ok'), ('value:12.50', 'ok'), ('context=doc', 'ok'), ('context=doc_text', 'ok'),
	('context:{"a": 1}', 'ok'), ('longest_pause=span', 'ok'), ('longest_pause:2 days', 'ok'),
	('purpose=Quoted = "Name":', 'ok'), ('kind:a=b:c', 'ok'), ('kind:', '22023'),
	('source:x', 'ok'), ('promise:x', 'ok'), ('write:now', 'ok'), ('write:commit', 'ok'),
	('on_error:fail', 'ok'),
	('on_error:park', 'ok'), ('on_delete:withdrawn', 'ok'), ('actor:bot', 'ok'),
	('occurred_at=due_at', 'ok'), ('relayed:true', '22023'),
	('kind=raw', '42804'), ('kind=spot', '42804'), ('kind=doc', '42804'),
	('purpose=doc_text', '42804'), ('kind=ratio', '42804'), ('kind=many', '42804'),
	('kind=pair', '42804'), ('kind=span', '42804'), ('value=words', '42804'),
	('value=flag', '42804'), ('due=words', '42804'),
	('due=at_hour', '42804'), ('longest_pause=id', '42804'), ('longest_pause=at_hour', '42804'),
	('context=words', '42804'), ('occurred_at=due', 'ok'), ('occurred_at=words', '42804'),
	('kind=nowhere', '42703'), ('kind=ctid', '42703'), ('kind=tableoid', '42703'),
	('kind=Words', '42703'), ('kind="words"', '42703'), ('kind= words', '42703'),
	('kind=', '42703'),
	('customer=id', '22023'), ('words:again', '22023'), ('kind', '22023'), ('', '22023'),
	('=words', '22023'), (':x', '22023'), ('verdict:kept', '22023'), ('reason:x', '22023'),
	('backer=words', '22023'), ('nothing:x', '22023'), ('Kind:x', '22023'),
	('purpose_met:true', '22023'),
	('actor=words', '22023'), ('relayed=flag', '22023'), ('promise=words', '22023'),
	('source=words', '22023'), ('write=words', '22023'), ('on_error=words', '22023'),
	('write:later', '22023'), ('on_error:ignore', '22023'), ('on_error:note', '22023'),
	('on_delete:gone', '22023'),
	('due:2031-01-01', '22023'), ('occurred_at:now', '22023'),
	('value:many', '22P02 without a hint'), ('longest_pause:soon', '22007 without a hint'),
	('longest_pause:1 month', '22023'), ('longest_pause:-1 day', '22023'),
	('value:-1', '22003'), ('value:NaN', '22003'), ('value:Infinity', '22003'),
	('context:{', '22P02 without a hint'), ('promise:' || repeat('x', 256), '22023'),
	('source:', '22023'), ('currency:', '22023'), ('promiser:', '22023'),
	('purpose:', '22023 without a hint'), ('due_on=due', '22023'),
	('customer:c', '22023')) AS v (argument, says);
INSERT INTO refusals (arguments, says) VALUES
	('', '22023'), ('''erased''', '22023'), ('''Made''', '22023'), ('''ledger_set''', '22023'),
	('''made'', ''words=words''', '22023'), ('''made'', ''customer=customer''', '22023'),
	('''made'', ''customer:c'', ''words:w''', 'ok'), ('''assessed''', '22023'),
	('''assessed'', ''verdict:perfect''', '22023'), ('''assessed'', ''verdict=flag''', 'ok'),
	('''assessed'', ''verdict:kept'', ''purpose_met=flag'', ''relayed:yes'', ''reason=words'', '
		'''context=doc'', ''occurred_at=due_at''', 'ok'),
	('''assessed'', ''verdict:kept'', ''purpose_met:perhaps''', '22023 without a hint'),
	('''assessed'', ''verdict:kept'', ''relayed:perhaps''', '22023 without a hint'),
	('''accepted'', ''reason=words''', '22023'), ('''backed'', ''reason=words''', '22023'),
	('''paused'', ''relayed:true''', '22023'), ('''released'', ''words=words''', '22023'),
	('''noted'', ''verdict:kept''', '22023'),
	('''noted'', ''on_error:note'', ''reason=words''', 'ok'),
	('''backed'', ''actor:bot'', ''backer=words''', '22023'),
	('''declined'', ''actor:bot''', '22023'), ('''backing_withdrawn'', ''actor:bot''', '22023'),
	('''backed'', ''backer:anna''', '22023'), ('''backed''', '22023'),
	('''backed'', ''backer=words''', 'ok'), ('''accepted'', ''backer=words''', '22023');
INSERT INTO refusals (arguments, says, tab, fires) VALUES
	('''backed''', '22023', 'mapped', 'AFTER UPDATE'),
	('''backed''', 'ok', 'mapped', 'AFTER UPDATE OF flag'),
	('''backed''', '22023', 'mapped', 'AFTER INSERT OR UPDATE OF flag'),
	('''backed'', ''backer=words''', 'ok', 'mapped', 'AFTER UPDATE'),
	('''noted''', '39P01', 'mapped', 'BEFORE INSERT'),
	('''noted''', '39P01', 'seen', 'INSTEAD OF INSERT'),
	('''noted''', 'ok', 'mapped', 'AFTER DELETE');
INSERT INTO refusals VALUES ('''noted''', '39P01', 'mapped', 'AFTER INSERT', 'FOR EACH STATEMENT'),
('''noted''', 'ok', 'mapped', 'BEFORE TRUNCATE', '');
INSERT INTO refusals (arguments, says, tab) VALUES ('''noted''', '55000', 'keyless'),
('''noted''', '42804', 'float_key'), ('''noted''', '42804', 'bytea_key'),
('''noted''', '42804', 'array_key'),
	('''noted''', '42809 without a hint', 'trust.promise'),
	('''noted''', '42809 without a hint', 'trust.ledger');
SELECT is(refused(arguments, tab, fires, each), says, concat_ws(' ', fires, tab, each, arguments))
	FROM refusals;
SELECT is((SELECT count(*) FROM pg_trigger WHERE tgrelid = 'mapped'::regclass), 0::bigint,
	'nothing of them is left');

-- A mapping that could be created unchecked is refused when the trigger fires.
ALTER EVENT TRIGGER trust_ledger_follow DISABLE;
CREATE TABLE fired (id int PRIMARY KEY, customer text, words text, raw bytea);
ALTER TABLE fired OWNER TO app;
CREATE FUNCTION fires(arguments text, doing text DEFAULT
	'INSERT INTO fired VALUES (1, ''c'', ''W'')', fires text DEFAULT 'AFTER INSERT',
	each text DEFAULT 'FOR EACH ROW', tab text DEFAULT 'fired') RETURNS text LANGUAGE sql AS $$
	SELECT entries_after(format('SELECT as_postgres(%L); %s',
		format('CREATE TRIGGER t %s ON %s %s EXECUTE FUNCTION trust_ledger.track(%s)', fires, tab,
		each, arguments), doing))
$$;
CREATE VIEW fired_view AS SELECT id, customer, words FROM fired;
ALTER VIEW fired_view OWNER TO app;
CREATE TABLE fired_keyless (customer text, words text);
ALTER TABLE fired_keyless OWNER TO app;
SELECT is(fires('''made'', ''customer=customer'', ''words=words'''), 'c: made',
	'what can work does');
SELECT is(fires(arguments), says, arguments)
	FROM (VALUES ('''made'', ''customer=customer'', ''words=raw''', '42804'),
	('''made'', ''customer=customer'', ''words=nowhere''', '42703'), ('''made''', '22023'),
	('''erased''', '22023'), ('', '22023'),
	('''made'', ''customer=customer'', ''words=words'', ''words=words''', '22023'),
	('''backed''', '22023')) AS v (arguments, says);
SELECT is(fires('''made'', ''customer=customer'', ''words=words''', fires => 'BEFORE INSERT'),
	'39P01', 'BEFORE');
SELECT is(fires('''made'', ''customer=customer'', ''words=words''', each => ''),
	'39P01', 'of a statement');
SELECT is(fires('''noted''', 'TRUNCATE fired', 'BEFORE TRUNCATE', ''), '55000', 'TRUNCATE');
SELECT is(fires('''noted''', 'TRUNCATE fired', 'AFTER TRUNCATE', ''), '55000', 'after it');
SELECT is(fires('''made'', ''customer=customer'', ''words=words''',
	'INSERT INTO fired_view VALUES (1, ''c'', ''W'')', 'INSTEAD OF INSERT', tab => 'fired_view'),
	'39P01', 'INSTEAD OF');
SELECT is(fires('''made'', ''customer=customer'', ''words=words''',
	'INSERT INTO fired_keyless VALUES (''c'', ''W'')', tab => 'fired_keyless'), '55000', 'no key');
SELECT is(entries_after(doing), says, doing) FROM (VALUES
	('SELECT trust_ledger.track()', '39P01'),
	('SELECT trust_ledger.check_track(0)', '42704')) AS v (doing, says);
ALTER EVENT TRIGGER trust_ledger_follow ENABLE ALWAYS;
CREATE TEMP TABLE passing (id int PRIMARY KEY, customer text, words text);
SELECT is(refused('''made'', ''customer=customer'', ''words=words''', 'passing'),
	'42809', 'a temporary table');
SELECT current_setting('server_version_num')::int >= 180000 AS has_virtual \gset
\if :has_virtual
CREATE TABLE virtual (id int PRIMARY KEY, customer text, words text, shout text GENERATED
	ALWAYS AS (words || '!') VIRTUAL);
SELECT is(refused('''made'', ''customer=customer'', ''words=shout''', 'virtual'),
	'22023', 'a column that is generated when it is read');
SELECT is(refused('''made'', ''customer=customer'', ''words=words''', 'virtual'),
	'ok', 'and the others beside it');
\else
SELECT skip('virtual generated columns', 2);
\endif

-- ---- tables that are altered, before and after

-- A dropped column leaves a gap, and an added one follows.
CREATE TABLE altered (gone int, id int, dropped text, customer text, words text, other text,
	PRIMARY KEY (id));
ALTER TABLE altered DROP COLUMN gone, DROP COLUMN dropped, ADD COLUMN doubled int DEFAULT 7;
SELECT track_statements('altered') \gexec
CREATE SCHEMA "Odd. ""Schema""";
CREATE TABLE "Odd. ""Schema"""."Odd. ""Table""" (id int PRIMARY KEY, customer text, words text,
	doubled int);
GRANT ALL ON SCHEMA "Odd. ""Schema""" TO app;
SELECT track_statements('"Odd. ""Schema"""."Odd. ""Table"""') \gexec
CREATE TABLE parent (id int PRIMARY KEY, customer text, words text, doubled int);
CREATE TABLE child (more text, PRIMARY KEY (id)) INHERITS (parent);
CREATE TABLE wild_child () INHERITS (parent);
SELECT track_statements('parent') \gexec
SELECT track_statements('child') \gexec
ALTER TABLE wild_child OWNER TO app;
SELECT is(entries_after('INSERT INTO early VALUES (1, ''c'', ''W'')', login => 'postgres'),
	'c: made', 'a trigger from before there was a ledger');
SELECT is(entries_after(doing, shown => $$concat_ws('-', event, words, value)$$), says, doing)
	FROM (VALUES
	('INSERT INTO altered VALUES (1, ''c'', ''W'')', 'c: made-W-7'),
	('INSERT INTO altered VALUES (1, ''c'', ''W''); ALTER TABLE altered ADD COLUMN added text '
		'DEFAULT ''x'', DROP COLUMN other; UPDATE altered SET added = ''y''; UPDATE altered '
		'SET words = ''X''', 'c: made-W-7 amended-X-7'),
	('INSERT INTO altered VALUES (1, ''c'', ''W'', ''V''); ALTER TABLE altered RENAME words TO x; '
		'ALTER TABLE altered RENAME other TO words; ALTER TABLE altered RENAME x TO other; '
		'UPDATE altered SET words = ''Y''; UPDATE altered SET other = ''X''',
		'c: made-W-7 amended-X-7'),
	('INSERT INTO altered VALUES (1, ''c'', ''W''); INSERT INTO written VALUES (2); '
		'ALTER TABLE altered ALTER id TYPE bigint; UPDATE altered SET words = ''X''',
		'c: made-W-7 amended-X-7'),
	('INSERT INTO altered VALUES (1, ''c'', ''W''); ALTER TABLE altered ALTER id TYPE text; '
		'UPDATE altered SET words = ''X''', 'c: made-W-7 amended-X-7'),
	('INSERT INTO altered VALUES (1, ''c'', ''W''); ALTER TABLE altered RENAME TO moved; '
		'ALTER TABLE moved RENAME id TO nr; UPDATE moved SET words = ''X''',
		'c: made-W-7 amended-X-7'),
	('INSERT INTO altered VALUES (1, ''c'', ''W''); ALTER TABLE altered DROP COLUMN doubled; '
		'UPDATE altered SET words = ''X''', '2BP01'),
	('INSERT INTO altered VALUES (1, ''c'', ''W''); ALTER TABLE altered ALTER doubled TYPE text; '
		'UPDATE altered SET words = ''X''', '42804'),
	('INSERT INTO altered VALUES (1, ''c'', ''W''); ALTER TABLE altered DROP CONSTRAINT '
		'altered_pkey; UPDATE altered SET words = ''X''', '55000'),
	('INSERT INTO altered VALUES (1, ''c'', ''W''); ALTER TABLE altered DROP CONSTRAINT '
		'altered_pkey, ADD PRIMARY KEY (words, id); UPDATE altered SET doubled = 8', 'c: made-W-7'),
	('INSERT INTO altered VALUES (1, ''c'', ''W''); TRUNCATE altered; INSERT INTO altered '
		'VALUES (1, ''c'', ''X'')', 'c: made-W-7 amended-X-7'),
	('INSERT INTO "Odd. ""Schema"""."Odd. ""Table""" VALUES (1, ''c'', ''W'', 3); '
		'UPDATE "Odd. ""Schema"""."Odd. ""Table""" SET words = ''X''; '
		'DELETE FROM "Odd. ""Schema"""."Odd. ""Table"""', 'c: made-W-3 amended-X-3 noted'),
	('INSERT INTO parent VALUES (1, ''c'', ''W'', 3); INSERT INTO child VALUES (1, ''d'', ''V'', '
		'4, ''more''); INSERT INTO wild_child VALUES (1, ''e'', ''U''); '
		'UPDATE parent SET words = ''X''; DELETE FROM ONLY parent',
		'c: made-W-3 amended-X-3 noted; d: made-V-4 amended-X-4')) AS v (doing, says);

SELECT * FROM finish();
