-- Tracking triggers follow renamed columns, tables and schemas.
CREATE EXTENSION pgtap;
CREATE EXTENSION trust_ledger;
SELECT plan(142);

\ir ../../helpers/calls.sql

-- A trigger's arguments, as they are dumped.
CREATE FUNCTION args(tab text, trigger name DEFAULT 'made') RETURNS text LANGUAGE sql AS $$
	SELECT substring(pg_get_triggerdef(oid) FROM '\((''.*'')\)$') FROM pg_trigger
		WHERE tgrelid = tab::regclass AND tgname = trigger
$$;

-- The same after statements that are then rolled back.
CREATE FUNCTION args_after(call text, tab text, trigger name DEFAULT 'made') RETURNS text LANGUAGE
	plpgsql AS $$
DECLARE
	found text;
BEGIN
	EXECUTE call;
	found := args(tab, trigger);
	RAISE SQLSTATE 'OK000';
EXCEPTION
	WHEN SQLSTATE 'OK000' THEN RETURN found;
	WHEN OTHERS THEN RETURN SQLSTATE;
END
$$;

CREATE FUNCTION track_by_hand(tab text, arguments text DEFAULT
	'''customer=customer'', ''words=words''', trigger name DEFAULT 'made') RETURNS text LANGUAGE
	sql AS $$
	SELECT format('CREATE TRIGGER %I AFTER INSERT ON %s FOR EACH ROW '
		'EXECUTE FUNCTION trust_ledger.track(''made'', %s)', trigger, tab, arguments)
$$;

SELECT is((SELECT count(*) FROM pg_event_trigger e JOIN pg_depend d ON d.objid = e.oid
	AND d.classid = 'pg_event_trigger'::regclass AND d.deptype = 'e'
	WHERE e.evtname = 'trust_ledger_follow' AND e.evtenabled = 'A'), 1::bigint,
		'an event trigger of the extension''s, ALWAYS');
SELECT is(sqlstate_of('SELECT trust_ledger.follow_tables()'), '39P03', 'follow_tables() called');

-- ---- columns

CREATE TABLE promised (id int PRIMARY KEY, customer text, words text, due date, other text);
CREATE TRIGGER made AFTER INSERT ON promised FOR EACH ROW WHEN (NEW.words <> 'words')
	EXECUTE FUNCTION trust_ledger.track('made', 'customer=customer', 'words=words', 'purpose=words',
		'kind:words', 'due=due', 'source:words');
CREATE TRIGGER amended AFTER UPDATE OF words, due ON promised FOR EACH ROW
	EXECUTE FUNCTION trust_ledger.track('amended', 'words=words', 'source:words');
ALTER TABLE promised DISABLE TRIGGER made, ENABLE REPLICA TRIGGER amended;
SELECT tgname, tgtype, tgenabled, tgattr, pg_get_triggerdef(oid) AS def, tgconstraint, tgdeferrable,
	tgfoid INTO before FROM pg_trigger WHERE tgrelid = 'promised'::regclass;

-- The same names elsewhere are not affected.
CREATE TABLE stranger (id int PRIMARY KEY, customer text, words text);
CREATE TRIGGER made AFTER INSERT ON stranger FOR EACH ROW
	EXECUTE FUNCTION trust_ledger.track('made', 'customer=customer', 'words=words');
CREATE SCHEMA own;
CREATE FUNCTION own.track() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER theirs AFTER INSERT ON promised FOR EACH ROW EXECUTE FUNCTION own.track('made',
	'words=words');

ALTER TABLE promised RENAME COLUMN words TO said;
SELECT is(args('promised'),
	$$'made', 'customer=customer', 'words=said', 'purpose=said', 'kind:words', 'due=due', $$ ||
		$$'source:words'$$,
	'a column is followed, texts are left');
SELECT is(args('promised', 'amended'), $$'amended', 'words=said', 'source:words'$$,
	'in each trigger');
SELECT results_eq(
	$$SELECT tgname, tgtype, tgenabled, tgattr, pg_get_triggerdef(oid), tgconstraint, tgdeferrable,
		tgfoid FROM pg_trigger WHERE tgrelid = 'promised'::regclass AND tgname <> 'theirs'
		ORDER BY 1$$,
	$$SELECT tgname, tgtype, tgenabled, tgattr, replace(replace(replace(def, '=words', '=said'),
		'OF words', 'OF said'), 'new.words', 'new.said'), tgconstraint, tgdeferrable, tgfoid
		FROM before ORDER BY 1$$,
	'all else of them is as it was: whether they are enabled, WHEN, UPDATE OF');
SELECT is(args('promised', 'theirs'), $$'made', 'words=words'$$, 'another''s trigger is left');
SELECT is(args('stranger'),
	$$'made', 'customer=customer', 'words=words', 'source:public.stranger'$$,
	'another table is left');

SELECT is((SELECT array_length(string_to_array(encode(tgargs, 'escape'), '\000'), 1) - 1
	FROM pg_trigger WHERE tgrelid = 'promised'::regclass AND tgname = 'made'),
	(SELECT tgnargs::int FROM pg_trigger WHERE tgrelid = 'promised'::regclass AND tgname = 'made'),
		'as many as it says');

ALTER TABLE promised ADD COLUMN words text;
SELECT is(args('promised', 'amended'), $$'amended', 'words=said', 'source:words'$$,
	'a new column of the old name is another one');
ALTER TABLE promised RENAME COLUMN words TO spoken;
SELECT is(args('promised', 'amended'), $$'amended', 'words=said', 'source:words'$$,
	'also when it is renamed');

DO $$
BEGIN
	ALTER TABLE promised RENAME COLUMN said TO swapped;
	ALTER TABLE promised RENAME COLUMN customer TO said;
	ALTER TABLE promised RENAME COLUMN swapped TO customer;
END
$$;
SELECT is(args('promised'),
	$$'made', 'customer=said', 'words=customer', 'purpose=customer', 'kind:words', $$ ||
		$$'due=due', 'source:words'$$,
	'columns that swap names');
SELECT is(args_after('ALTER TABLE promised RENAME COLUMN due TO x; ALTER TABLE promised RENAME '
	'COLUMN x TO due', 'promised'), args('promised'), 'renamed, and renamed back');
BEGIN;
SAVEPOINT a;
ALTER TABLE promised RENAME COLUMN due TO x;
ROLLBACK TO a;
ALTER TABLE promised RENAME COLUMN due TO y;
COMMIT;
SELECT is(args('promised'),
	$$'made', 'customer=said', 'words=customer', 'purpose=customer', 'kind:words', $$ ||
		$$'due=y', 'source:words'$$,
	'what is rolled back is not followed');

-- A column that was missing before is not confused with the one that was renamed.
ALTER EVENT TRIGGER trust_ledger_column_drop DISABLE;
ALTER TABLE promised DROP COLUMN y CASCADE;
ALTER EVENT TRIGGER trust_ledger_column_drop ENABLE ALWAYS;
SELECT is(args('promised'),
	$$'made', 'customer=said', 'words=customer', 'purpose=customer', 'kind:words', $$ ||
		$$'due=y', 'source:words'$$,
	'a dropped column stays in the arguments');
ALTER TABLE promised RENAME COLUMN other TO another;
SELECT is(args('promised'),
	$$'made', 'customer=said', 'words=customer', 'purpose=customer', 'kind:words', $$ ||
		$$'due=y', 'source:words'$$,
	'another that is renamed is not taken for it');
ALTER TABLE promised RENAME COLUMN said TO whose;
SELECT is(args('promised'),
	$$'made', 'customer=whose', 'words=customer', 'purpose=customer', 'kind:words', $$ ||
		$$'due=y', 'source:words'$$,
	'and the one that it names is followed');
SELECT is(args_after('ALTER TABLE promised RENAME TO renamed; ALTER TABLE renamed SET SCHEMA own; '
	'ALTER SCHEMA own RENAME TO their', 'their.renamed'), args('promised'),
	'table and schema renamed');
SELECT is(args_after('SET LOCAL session_replication_role = replica; ALTER TABLE promised RENAME '
	'COLUMN whose TO who', 'promised'),
	$$'made', 'customer=who', 'words=customer', 'purpose=customer', 'kind:words', $$ ||
		$$'due=y', 'source:words'$$,
	'while rows come from another server');

-- Columns of a table can be renamed by other commands, too.
SELECT is(args_after(format('ALTER %s stranger RENAME COLUMN words TO said', command), 'stranger'),
	$$'made', 'customer=customer', 'words=said', 'source:public.stranger'$$, 'ALTER ' || command)
FROM unnest('{TABLE,VIEW,MATERIALIZED VIEW,FOREIGN TABLE,TABLE IF EXISTS,TABLE ONLY}'::text[])
	AS command;
CREATE TYPE shape AS (id int, customer text, words text);
CREATE TABLE typed OF shape (PRIMARY KEY (id));
CREATE TABLE of_typed (PRIMARY KEY (id)) INHERITS (typed);
CREATE TYPE other_shape AS (id int, customer text, words text);
CREATE TABLE typed_otherwise OF other_shape (PRIMARY KEY (id));
SELECT track_by_hand(tab) FROM unnest('{typed,of_typed,typed_otherwise}'::text[]) AS tab \gexec
ALTER TYPE shape RENAME ATTRIBUTE words TO said CASCADE;
SELECT is(args(tab), format($$'made', 'customer=customer', 'words=%s', 'source:public.%s'$$, words,
	tab), 'ALTER TYPE: table ' || tab)
FROM (VALUES ('typed', 'said'), ('of_typed', 'said'), ('typed_otherwise', 'words')) AS c
	(tab, words);
CREATE FUNCTION rename_it(tab text) RETURNS void LANGUAGE
	plpgsql AS $$ BEGIN EXECUTE format('ALTER TABLE %s RENAME words TO said', tab); END $$;
SELECT is(args_after('SELECT rename_it(''stranger'')', 'stranger'),
	$$'made', 'customer=customer', 'words=said', 'source:public.stranger'$$, 'within a function');

-- ---- names of every kind

CREATE TABLE odd (id int PRIMARY KEY, customer text, words text);
SELECT track_by_hand('odd', $$'words=words', 'customer=customer', 'source:odd'$$) \gexec
SELECT is(args_after(format('ALTER TABLE odd RENAME words TO %1$I; ALTER TABLE odd RENAME %1$I TO '
	'%2$I', first, name), 'odd'),
	format($$'made', 'words=%s', 'customer=customer', 'source:odd'$$, replace(name, '''', '''''')),
		'from ' || first || ' to ' || name)
FROM (SELECT name, lag(name, 1, 'plain') OVER () AS first
	FROM unnest(ARRAY['Quoted Name', 'a=b', '=', 'source:', 'x:y=z', 'it''s', 'say "so"',
		'back\slash', '\000', 'größe', 'слова', '約束', repeat('x', 63), repeat('é', 31),
		'words=words', '$$', '%s', '%n']) AS name) AS n;

SELECT is(args_after(format('ALTER TABLE odd RENAME TO %1$I; %2$s', name,
	track_by_hand(format('%I', name), trigger => 'z') ), format('%I', name), 'z'),
	format($$'made', 'customer=customer', 'words=words', 'source:odd'$$), 'table ' || name
		|| ' goes by its first name')
FROM unnest(ARRAY['Quoted', 'a=b', 'source:x', 'it''s', 'back\slash', 'größe', repeat('x', 63)])
	AS name;
SELECT is(args_after(format('CREATE SCHEMA %1$I; CREATE TABLE %1$I.%1$I (id int PRIMARY KEY, '
	'customer text, words text); %2$s', name, track_by_hand(format('%1$I.%1$I', name))),
	format('%1$I.%1$I', name)),
	format($$'made', 'customer=customer', 'words=words', %L$$, 'source:' || format('%1$I.%1$I',
		name)), 'a source by the name of ' || name)
FROM unnest(ARRAY['plain', 'Quoted', 'a=b', 'a.b', 'source:x', 'it''s', 'größe', repeat('x', 63)])
	AS name;
SELECT is(args_after('SET LOCAL quote_all_identifiers = on; CREATE TABLE quoted (id int PRIMARY '
	'KEY, customer text, words text);' || track_by_hand('quoted'), 'quoted'),
	$$'made', 'customer=customer', 'words=words', 'source:public.quoted'$$,
		'quoted where it needs to be only');

-- ---- the source

CREATE TABLE deal (id int PRIMARY KEY, customer text, words text);
SELECT track_by_hand('deal') \gexec
SELECT is(args('deal'), $$'made', 'customer=customer', 'words=words', 'source:public.deal'$$,
	'a trigger that says no source gets the table''s name');
CREATE TRIGGER amended AFTER UPDATE OF words ON deal FOR EACH ROW
	EXECUTE FUNCTION trust_ledger.track('amended', 'words=words', 'source:public.deal');
CREATE CONSTRAINT TRIGGER con AFTER DELETE ON deal DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
	EXECUTE FUNCTION trust_ledger.track('withdrawn');
SELECT is(args('deal', 'con'), $$'withdrawn', 'source:public.deal'$$, 'CREATE CONSTRAINT TRIGGER');
CREATE TRIGGER emptied BEFORE TRUNCATE ON deal FOR EACH STATEMENT
	EXECUTE FUNCTION trust_ledger.track('noted');
SELECT is(args('deal', 'emptied'), $$'noted', 'source:public.deal'$$, 'BEFORE TRUNCATE');

ALTER TABLE deal RENAME TO old_deal;
CREATE TRIGGER later AFTER UPDATE OF words ON old_deal FOR EACH ROW
	EXECUTE FUNCTION trust_ledger.track('amended', 'words=words');
SELECT is(args('old_deal', 'later'), $$'amended', 'words=words', 'source:public.deal'$$,
	'renamed: a new trigger has what the others have');
CREATE TABLE deal (id int PRIMARY KEY, customer text, words text);
SELECT track_by_hand('deal') \gexec
SELECT is(args('deal'), $$'made', 'customer=customer', 'words=words', 'source:public.deal (2)'$$,
	'a new table of the old name is another one');
SELECT is(args_after('ALTER TABLE deal RENAME TO second_deal; CREATE TABLE deal (id int PRIMARY '
	'KEY, customer text, words text);' || track_by_hand('deal'), 'deal'),
	$$'made', 'customer=customer', 'words=words', 'source:public.deal (3)'$$, 'and the third');
SELECT is(args_after('DROP TABLE old_deal;' || track_by_hand('deal', trigger => 'z'), 'deal', 'z'),
	$$'made', 'customer=customer', 'words=words', 'source:public.deal (2)'$$, 'what it has stays');
DO $$
BEGIN
	ALTER TABLE deal RENAME TO swapped;
	ALTER TABLE old_deal RENAME TO deal;
	ALTER TABLE swapped RENAME TO old_deal;
END
$$;
SELECT is(array_agg(args_after(track_by_hand(tab, trigger => 'z'), tab, 'z')),
	ARRAY[$$'made', 'customer=customer', 'words=words', 'source:public.deal'$$,
		$$'made', 'customer=customer', 'words=words', 'source:public.deal (2)'$$],
		'tables that swap names')
FROM unnest('{deal,old_deal}'::text[]) AS tab;

-- A source written by hand.
CREATE TABLE hand (id int PRIMARY KEY, customer text, words text);
SELECT is(args_after(track_by_hand('hand', arguments), 'hand'), '''made'', ' || arguments,
	'by hand: ' || arguments)
FROM unnest(ARRAY[$$'customer=customer', 'words=words', 'source:deals of the shop'$$,
	$$'source:a=b:c', 'words=words', 'customer=customer'$$,
	$$'customer=customer', 'source:größe', 'words=words'$$]) AS arguments;
SELECT is(sqlstate_of(track_by_hand('hand',
	$$'customer=customer', 'words=words', 'source:public.deal'$$)),
	'42710', 'another table''s source');
SELECT is(args_after('SET LOCAL check_function_bodies = off;' || track_by_hand('hand',
	$$'customer=customer', 'words=words', 'source:public.deal'$$), 'hand'),
	$$'made', 'customer=customer', 'words=words', 'source:public.deal'$$, 'which a restore takes');
SELECT is(args_after('DROP TABLE deal;' || track_by_hand('hand',
	$$'customer=customer', 'words=words', 'source:public.deal'$$), 'hand'),
	$$'made', 'customer=customer', 'words=words', 'source:public.deal'$$, 'or whose table is gone');
SELECT is(sqlstate_of(track_by_hand('hand', $$'customer=customer', 'words=words', 'source:one'$$)
	|| ';' || track_by_hand('hand', $$'customer=customer', 'words=words', 'source:other'$$,
	'second')
	|| ';' || track_by_hand('hand', trigger => 'third')),
		'22023', 'none is guessed where a table has several');

-- A trigger replaced by hand: a table with one trigger has its source nowhere else.
SELECT track_by_hand('hand') \gexec
ALTER TABLE hand RENAME TO by_hand;
SELECT replace(track_by_hand('by_hand', $$'words=words', 'customer=customer'$$), 'CREATE',
	'CREATE OR REPLACE') AS replace_it \gset
:replace_it;
SELECT is(args('by_hand'), $$'made', 'words=words', 'customer=customer', 'source:public.hand'$$,
	'CREATE OR REPLACE TRIGGER keeps the source');
SELECT is(args_after(:'replace_it' || ';' || :'replace_it', 'by_hand'), args('by_hand'),
	'also twice at once');
SELECT is(args_after(replace(:'replace_it', $$'words=words'$$, $$'words=words', 'source:new'$$),
	'by_hand'), $$'made', 'words=words', 'source:new', 'customer=customer'$$,
	'unless another is said');
SELECT is(args_after('DROP TRIGGER made ON by_hand;' || :'replace_it', 'by_hand'),
	$$'made', 'words=words', 'customer=customer', 'source:public.by_hand'$$,
	'dropped, and created again');
CREATE TRIGGER swap AFTER INSERT ON by_hand FOR EACH ROW EXECUTE FUNCTION own.track('made',
	'source:theirs');
SELECT is(args_after('CREATE OR REPLACE TRIGGER swap AFTER INSERT ON by_hand FOR EACH ROW '
	'EXECUTE FUNCTION trust_ledger.track(''made'', ''words=words'', ''customer=customer'')',
	'by_hand', 'swap'),
	$$'made', 'words=words', 'customer=customer', 'source:public.hand'$$,
		'what another''s trigger had is not a source');
SELECT is(args_after('CREATE TRIGGER theirs AFTER UPDATE ON by_hand FOR EACH ROW '
	'EXECUTE FUNCTION own.track(''made'')', 'by_hand', 'theirs'), $$'made'$$,
	'another''s trigger gets none');

CREATE SCHEMA embedded
	CREATE TABLE t (id int PRIMARY KEY, customer text, words text)
	CREATE TRIGGER made AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION trust_ledger.track('made',
		'customer=customer', 'words=words');
SELECT is(args('embedded.t'), $$'made', 'customer=customer', 'words=words', 'source:embedded.t'$$,
	'within CREATE SCHEMA');

-- ---- partitions

CREATE TABLE whole (id int, customer text, words text, PRIMARY KEY (id)) PARTITION BY RANGE (id);
CREATE TABLE part1 PARTITION OF whole FOR VALUES FROM (0) TO (10) PARTITION BY RANGE (id);
CREATE TABLE part11 PARTITION OF part1 FOR VALUES FROM (0) TO (5);
SELECT track_by_hand('whole') \gexec
CREATE TABLE part2 PARTITION OF whole FOR VALUES FROM (10) TO (20);
CREATE TABLE part3 (words text, dropped int, customer text, id int PRIMARY KEY);
ALTER TABLE part3 DROP COLUMN dropped;
ALTER TABLE whole ATTACH PARTITION part3 FOR VALUES FROM (20) TO (30);
SELECT is(array_agg(DISTINCT args(tab)),
	ARRAY[$$'made', 'customer=customer', 'words=words', 'source:public.whole'$$],
	'partitions have their parent''s source')
FROM unnest('{whole,part1,part11,part2,part3}'::text[]) AS tab;
ALTER TABLE part11 DISABLE TRIGGER made;
ALTER TABLE whole RENAME words TO said;
SELECT is(array_agg(DISTINCT args(tab)),
	ARRAY[$$'made', 'customer=customer', 'words=said', 'source:public.whole'$$],
	'a column of a partitioned table')
FROM unnest('{whole,part1,part11,part2,part3}'::text[]) AS tab;
SELECT is(tgenabled, 'D', 'a partition''s trigger stays disabled') FROM pg_trigger
	WHERE tgrelid = 'part11'::regclass AND tgname = 'made';
ALTER TABLE whole RENAME TO entire;
CREATE OR REPLACE TRIGGER made AFTER INSERT ON entire FOR EACH ROW
	EXECUTE FUNCTION trust_ledger.track('made', 'customer=customer', 'words=said');
SELECT is(array_agg(DISTINCT args(tab)),
	ARRAY[$$'made', 'customer=customer', 'words=said', 'source:public.whole'$$],
	'a partitioned table''s trigger replaced')
FROM unnest('{entire,part1,part11,part2,part3}'::text[]) AS tab;
SELECT is(args_after(track_by_hand(tab, $$'customer=customer', 'words=said'$$, 'z'), tab, 'z'),
	$$'made', 'customer=customer', 'words=said', 'source:public.whole'$$, 'a trigger of its own on '
	|| tab)
FROM unnest('{part1,part11,part3}'::text[]) AS tab;
SELECT is(sqlstate_of(track_by_hand('part2',
	$$'customer=customer', 'words=said', 'source:public.whole'$$, 'z')
	|| '; DROP TRIGGER made ON entire;' || track_by_hand('part3',
	$$'customer=customer', 'words=said', 'source:public.whole'$$, 'z')
	|| ';' || track_by_hand('entire',
		$$'customer=customer', 'words=said', 'source:public.whole'$$)),
		'ok', 'partitions may share the source, in whatever order');
SELECT is(sqlstate_of('ALTER TABLE entire DETACH PARTITION part3;' || track_by_hand('part3',
	$$'customer=customer', 'words=said', 'source:public.whole'$$, 'z')),
	'42710', 'but not what is none any more');

-- Its own source comes before that of its parent.
CREATE TABLE part4 (id int PRIMARY KEY, customer text, said text);
SELECT track_by_hand('part4', $$'customer=customer', 'words=said', 'source:fourth'$$, 'own') \gexec
ALTER TABLE entire ATTACH PARTITION part4 FOR VALUES FROM (30) TO (40);
SELECT is(args_after(track_by_hand('part4', $$'customer=customer', 'words=said'$$, 'z'),
	'part4', 'z'), $$'made', 'customer=customer', 'words=said', 'source:fourth'$$,
	'its own source before its parent''s');
ALTER TABLE entire RENAME said TO words;
SELECT is(args('part4', 'own'), $$'made', 'customer=customer', 'words=words', 'source:fourth'$$,
	'and its own trigger follows the parent''s column');

-- ---- child tables

CREATE TABLE parent (id int PRIMARY KEY, customer text, words text);
CREATE TABLE other_parent (note text);
CREATE TABLE child (mine text, PRIMARY KEY (id)) INHERITS (parent, other_parent);
CREATE TABLE grandchild (PRIMARY KEY (id)) INHERITS (child);
SELECT track_by_hand(tab) FROM unnest('{grandchild,parent}'::text[]) AS tab \gexec
SELECT track_by_hand('child', $$'words=mine', 'customer=customer', 'purpose=note'$$) \gexec
ALTER TABLE parent RENAME words TO said;
ALTER TABLE other_parent RENAME note TO noted;
SELECT is(args(tab), format($$'made', %s, 'source:public.%s'$$, expected, tab),
	'a column that is inherited: ' || tab)
FROM (VALUES ('parent', $$'customer=customer', 'words=said'$$),
	('child', $$'words=mine', 'customer=customer', 'purpose=noted'$$),
	('grandchild', $$'customer=customer', 'words=said'$$)) AS c (tab, expected);
ALTER TABLE child RENAME mine TO words;
SELECT is(array[args('child'), args('parent')],
	ARRAY[$$'made', 'words=words', 'customer=customer', 'purpose=noted', 'source:public.child'$$,
	$$'made', 'customer=customer', 'words=said', 'source:public.parent'$$],
	'a column of the child table alone');
SELECT is(sqlstate_of(track_by_hand('child',
	$$'words=words', 'customer=customer', 'source:public.parent'$$, 'z')),
	'ok', 'a child table may have its parent''s source');

-- ---- rights

CREATE ROLE owner;
CREATE ROLE other;
CREATE SCHEMA owned AUTHORIZATION owner;
SET ROLE owner;
CREATE TABLE owned.t (id int PRIMARY KEY, customer text, words text);
CREATE TABLE owned.plain (id int PRIMARY KEY, customer text, words text);
CREATE TABLE owned.whole (id int PRIMARY KEY, customer text, words text) PARTITION BY RANGE (id);
CREATE TABLE owned.part PARTITION OF owned.whole FOR VALUES FROM (1) TO (10);
GRANT USAGE ON SCHEMA owned TO other;
GRANT TRIGGER ON owned.t TO other;
SELECT track_by_hand('owned.t') \gexec
ALTER TABLE owned.t RENAME words TO said;
RESET ROLE;
SELECT is(args('owned.t'), $$'made', 'customer=customer', 'words=said', 'source:owned.t'$$,
	'an owner without any right on a ledger, where there is none');
ALTER TABLE owned.t RENAME said TO words;
SELECT is(args('owned.t'), $$'made', 'customer=customer', 'words=words', 'source:owned.t'$$,
	'a superuser, for the owner');
SELECT is(sqlstate_of(track_by_hand('owned.t', arguments, 'z'), 'other'),
	'42501', 'the right TRIGGER is not enough: ' || arguments)
FROM unnest(ARRAY[$$'customer=customer', 'words=words'$$,
	$$'customer=customer', 'words=words', 'source:owned.t'$$]) AS arguments;
SELECT is(sqlstate_of('SET LOCAL check_function_bodies = off;' || track_by_hand('owned.t',
	trigger => 'z'), 'other'), '42501', 'nor under the settings of a restore');
CREATE SCHEMA others AUTHORIZATION other;
CREATE TABLE others.t (id int PRIMARY KEY, customer text, words text);
ALTER TABLE others.t OWNER TO other;
SELECT is(sqlstate_of(format('SET LOCAL check_function_bodies = %s;', bodies)
	|| track_by_hand('others.t', $$'customer=customer', 'words=words', 'source:owned.t'$$),
	'other'), '42710', 'rows are not taken for those of another''s table, check_function_bodies '
	|| bodies)
FROM unnest('{on,off}'::text[]) AS bodies;
SELECT is(sqlstate_of(replace(track_by_hand('owned.t', trigger => 'z'), 'trust_ledger.track',
	'suppress_redundant_updates_trigger'), 'other'), 'ok', 'for other triggers it is');
SELECT is(sqlstate_of(track_by_hand('owned.whole'), 'owner'), 'ok', 'a partitioned table');
ALTER TABLE owned.part OWNER TO other;
GRANT TRIGGER ON owned.part TO owner;
SELECT is(sqlstate_of(track_by_hand('owned.whole', arguments), 'owner'),
	'42501', 'a partition is somebody else''s: ' || arguments)
FROM unnest(ARRAY[$$'customer=customer', 'words=words'$$,
	$$'customer=customer', 'words=words', 'source:w'$$]) AS arguments;

-- Roles and tables that have nothing to do with tracking are not affected.
REVOKE ALL ON SCHEMA trust_ledger FROM PUBLIC;
SELECT is(sqlstate_of(call, 'owner'), 'ok', 'without rights on the extension: ' || call)
FROM unnest(ARRAY['ALTER TABLE owned.plain ADD x int',
	'ALTER TABLE owned.plain RENAME words TO said', 'ALTER TABLE owned.t RENAME words TO said',
	'ALTER TABLE owned.plain RENAME TO plainer',
	'ALTER TABLE owned.plain RENAME CONSTRAINT plain_pkey TO key',
		'ALTER TABLE IF EXISTS owned.missing RENAME a TO b',
		'ALTER TABLE owned.plain_pkey RENAME id TO number',
	'CREATE VIEW owned.v AS SELECT 1 AS a; ALTER VIEW owned.v RENAME a TO b; '
		'ALTER TABLE owned.v RENAME b TO c',
	'CREATE TABLE owned.u AS SELECT 1 AS a',
		'CREATE TEMP TABLE u (a int); ALTER TABLE u RENAME a TO b',
	'CREATE TRIGGER z BEFORE UPDATE ON owned.plain FOR EACH ROW '
		'EXECUTE FUNCTION suppress_redundant_updates_trigger()',
	'CREATE TYPE owned.ty AS (a int); ALTER TYPE owned.ty RENAME ATTRIBUTE a TO b',
	'SET LOCAL search_path = owned; ALTER TABLE plain RENAME words TO said',
	'CREATE FUNCTION owned.track() RETURNS trigger LANGUAGE plpgsql AS ''BEGIN RETURN NULL; END''; '
		'CREATE TRIGGER z AFTER INSERT ON owned.plain FOR EACH ROW '
		'EXECUTE FUNCTION owned.track(''x=words''); ALTER TABLE owned.plain RENAME words TO said'])
		AS call;
GRANT USAGE ON SCHEMA trust_ledger TO PUBLIC;

-- ---- triggers written by hand are checked

CREATE OR REPLACE FUNCTION trust_ledger.check_track(trigger oid) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	IF (SELECT pg_get_triggerdef(trigger)) ~ 'wrong.*source:' THEN
		RAISE SQLSTATE 'WRONG';
	END IF;
END
$$;
SELECT is(sqlstate_of(track_by_hand('owned.t', $$'customer=customer', 'words=words', 'kind:wrong'$$,
	'z')), 'WRONG', 'a trigger is checked, with its source');
SELECT is(sqlstate_of('SET LOCAL check_function_bodies = off;' || track_by_hand('owned.t',
	$$'customer=customer', 'words=words', 'kind:wrong'$$, 'z')),
	'ok', 'not while a dump is restored');
SELECT is(sqlstate_of(replace(track_by_hand('owned.t', $$'kind:wrong', 'source:x'$$, 'z'),
	'trust_ledger', 'own')), 'ok', 'nor another''s');

SELECT is(sqlstate_of('CREATE TRIGGER z AFTER INSERT ON owned.t FOR EACH ROW '
	'EXECUTE FUNCTION trust_ledger.track(); '
	|| 'SELECT 1 / (pg_get_triggerdef(oid) LIKE ''%track()'')::int FROM pg_trigger WHERE tgname '
		'= ''z'''), 'ok', 'a source does not take the place of the event');

-- ---- the arguments of the trigger in a session that has fired it before

CREATE OR REPLACE FUNCTION trust_ledger.track() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	PERFORM set_config('test.called_with', array_to_string(TG_ARGV, '|'), false);
	RETURN NULL;
END
$$;
CREATE TABLE called (id int PRIMARY KEY, customer text, words text);
-- Another event trigger can make PostgreSQL load the triggers earlier.
CREATE FUNCTION own.look() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM FROM called;
	PERFORM FROM part2; END $$;
CREATE EVENT TRIGGER a ON ddl_command_end EXECUTE FUNCTION own.look();
CREATE FUNCTION called_with(tab text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('INSERT INTO %s SELECT coalesce(max(id), 10) + 1 FROM %1$s', tab);
	RETURN current_setting('test.called_with');
END
$$;
BEGIN;
SELECT track_by_hand('called') \gexec
SELECT is(called_with('called'), 'made|customer=customer|words=words|source:public.called',
	'called as created');
SELECT is(called_with('part2'), 'made|customer=customer|words=words|source:public.whole',
	'a partition''s');
ALTER TABLE called RENAME words TO "größe";
ALTER TABLE entire RENAME words TO said;
SELECT is(called_with('called'), 'made|customer=customer|words=größe|source:public.called',
	'called as followed');
SELECT is(called_with('part2'), 'made|customer=customer|words=said|source:public.whole',
	'a partition''s');
COMMIT;
DROP EVENT TRIGGER a;

-- ---- DROP and CREATE EXTENSION

DROP EXTENSION trust_ledger CASCADE;
SELECT is((SELECT count(*) FROM pg_event_trigger), 0::bigint,
	'the event trigger goes with the extension');
ALTER TABLE by_hand RENAME words TO said;
CREATE EXTENSION trust_ledger;
SELECT track_by_hand('by_hand', $$'customer=customer', 'words=said'$$) \gexec
ALTER TABLE by_hand RENAME said TO words;
SELECT is(args('by_hand'), $$'made', 'customer=customer', 'words=words', 'source:public.by_hand'$$,
	'and is back with it');

-- ---- types of columns

CREATE TYPE row_type AS (id int, customer text, words text, due date, other text);
CREATE TABLE of_row_type OF row_type (PRIMARY KEY (id));
CREATE TABLE kept_type (id int PRIMARY KEY, customer text, words text, due date, other text);
CREATE TABLE type_parts (id int PRIMARY KEY, customer text, words text, due date, other text)
	PARTITION BY RANGE (id);
CREATE TABLE type_part PARTITION OF type_parts FOR VALUES FROM (0) TO (10);
SELECT track_by_hand(t, '''customer=customer'', ''words=words'', ''due=due''')
	FROM unnest('{of_row_type,kept_type,type_parts}'::text[]) AS t \gexec
SELECT is(split_part(error_text(doing), '|', 1), expected, doing)
FROM (VALUES
	('ALTER TABLE kept_type ALTER due TYPE timestamptz', 'ok'),
	('ALTER TABLE kept_type ALTER words TYPE varchar(10), ALTER other TYPE int USING 1', 'ok'),
	('ALTER TABLE kept_type ALTER id TYPE bigint', 'ok'),
	('ALTER TABLE kept_type ALTER other TYPE bytea USING NULL, ALTER due TYPE text', '42804'),
	('ALTER TABLE type_parts ALTER due TYPE text', '42804'),
	('ALTER TYPE row_type ALTER ATTRIBUTE due TYPE text CASCADE', '42804'),
	('ALTER TYPE row_type ALTER ATTRIBUTE other TYPE varchar(10) CASCADE', 'ok')) AS c (doing,
		expected);

SELECT * FROM finish();
