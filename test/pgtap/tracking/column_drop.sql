-- Columns that arguments of track() name are not dropped; everything else can be.
BEGIN;
CREATE EXTENSION pgtap;
CREATE EXTENSION trust_ledger;
SELECT plan(43);

\ir ../../helpers/calls.sql

SELECT is((SELECT count(*) FROM pg_event_trigger e JOIN pg_depend d ON d.objid = e.oid
	AND d.classid = 'pg_event_trigger'::regclass AND d.deptype = 'e'
	WHERE e.evtname = 'trust_ledger_column_drop' AND e.evtenabled = 'A'), 1::bigint,
	'an event trigger of the extension''s, ALWAYS');
SELECT is(sqlstate_of('SELECT trust_ledger.refuse_column_drop()'), '39P03', 'called by hand');

-- A trigger with arguments only: PostgreSQL knows of no column that it needs.
CREATE FUNCTION track_by_hand(tab text) RETURNS text LANGUAGE sql AS $$
	SELECT format('CREATE TRIGGER made AFTER INSERT ON %s FOR EACH ROW EXECUTE FUNCTION '
		'trust_ledger.track(''made'', ''customer=customer'', ''words=Its "words"'', '
		'''kind:spare'')', tab)
$$;
CREATE SCHEMA other;
CREATE TYPE other.mood AS ENUM ('good');
CREATE TYPE row_type AS (id int, customer text, "Its ""words""" text, spare text);
CREATE TABLE typed OF row_type (PRIMARY KEY (id));
CREATE TABLE parent (id int, customer text, "Its ""words""" text, spare text);
CREATE TABLE child (PRIMARY KEY (id)) INHERITS (parent);
CREATE TABLE deal (id int PRIMARY KEY, customer other.mood, "Its ""words""" text, spare text);
CREATE TABLE parted (LIKE deal INCLUDING ALL) PARTITION BY RANGE (id);
CREATE TABLE part PARTITION OF parted FOR VALUES FROM (0) TO (10);
CREATE TABLE lower_part PARTITION OF parted FOR VALUES FROM (10) TO (20) PARTITION BY RANGE (id);
CREATE TABLE lowest PARTITION OF lower_part FOR VALUES FROM (10) TO (20);
CREATE TABLE plain (LIKE deal INCLUDING ALL);
CREATE TABLE other.deal (id int PRIMARY KEY, customer text, "Its ""words""" text);
SELECT track_by_hand(t) FROM unnest('{typed,child,deal,parted,other.deal}'::text[]) AS t \gexec

SELECT is(error_text(doing), format('2BP01|cannot drop column "Its "words"" of tracked table '
	'%s|The mapping of trigger "made" needs it: "words=Its "words"".|First call '
	'trust_ledger.track_table() with a mapping without the column, or '
	'trust_ledger.untrack_table().  Drop a trigger that you created by hand.', of_table), doing)
FROM (VALUES
	('ALTER TABLE deal DROP COLUMN "Its ""words"""', 'public.deal'),
	('ALTER TABLE deal DROP COLUMN "Its ""words""" CASCADE', 'public.deal'),
	('ALTER TABLE deal DROP COLUMN spare, DROP COLUMN "Its ""words"""', 'public.deal'),
	('ALTER TABLE deal DROP COLUMN "Its ""words""", ADD COLUMN "Its ""words""" text',
		'public.deal'),
	('ALTER TABLE parent DROP COLUMN "Its ""words"""', 'public.child'),
	('ALTER TABLE parted DROP COLUMN "Its ""words"""', 'public.parted'),
	('ALTER TYPE row_type DROP ATTRIBUTE "Its ""words""" CASCADE', 'public.typed'),
	('SET LOCAL session_replication_role = replica; '
		'ALTER TABLE other.deal DROP COLUMN "Its ""words"""', 'other.deal'),
	('SET LOCAL quote_all_identifiers = on; SET LOCAL search_path = pg_temp; '
		'ALTER TABLE public.deal DROP COLUMN "Its ""words"""', 'public.deal'),
	('ALTER TABLE deal DISABLE TRIGGER made; ALTER TABLE deal DROP COLUMN "Its ""words"""',
		'public.deal')) AS c (doing, of_table);

-- a column goes with its type
SELECT matches(error_text(doing), '^2BP01\|cannot drop column "customer" of tracked table public\.',
	doing)
FROM unnest('{DROP TYPE other.mood CASCADE,DROP SCHEMA other CASCADE}'::text[]) AS doing;
CREATE ROLE moody;
ALTER TYPE other.mood OWNER TO moody;
SELECT is(sqlstate_of('DROP OWNED BY moody CASCADE'), '2BP01', 'DROP OWNED');

SELECT is(error_text(doing), 'ok', doing)
FROM unnest(ARRAY[
	'ALTER TABLE deal DROP COLUMN spare',
	'ALTER TABLE plain DROP COLUMN "Its ""words"""',
	'ALTER TABLE ONLY parent DROP COLUMN "Its ""words"""',
	'ALTER TABLE child NO INHERIT parent; ALTER TABLE parent DROP COLUMN "Its ""words"""',
	'ALTER TABLE parted DROP COLUMN spare',
	'ALTER TYPE row_type DROP ATTRIBUTE spare CASCADE',
	'DROP TABLE deal',
	'DROP TABLE parent CASCADE',
	'DROP TABLE part',
	'DROP TABLE lower_part',
	'DROP TABLE parted',
	'DROP TYPE row_type CASCADE',
	'DROP TABLE plain, deal, parted; DROP SCHEMA other CASCADE',
	'DROP TABLE plain, deal, parted; DROP TYPE other.mood',
	'DROP TRIGGER made ON deal; ALTER TABLE deal DROP COLUMN "Its ""words"""',
	'ALTER TABLE deal DROP CONSTRAINT deal_pkey',
	'ALTER TABLE deal ALTER spare SET DEFAULT 1; ALTER TABLE deal ALTER spare DROP DEFAULT',
	'CREATE VIEW v AS SELECT * FROM deal; DROP VIEW v',
	'CREATE TEMP TABLE deal (customer text, "Its ""words""" text); '
		'ALTER TABLE deal DROP COLUMN "Its ""words"""; DROP TABLE deal',
	'ALTER TABLE deal RENAME "Its ""words""" TO said; ALTER TABLE deal ADD "Its ""words""" text; '
		'ALTER TABLE deal DROP COLUMN "Its ""words"""',
	'DROP EXTENSION trust_ledger CASCADE',
	'DROP EXTENSION trust_ledger CASCADE; ALTER TABLE deal DROP COLUMN "Its ""words"""',
	'ALTER EVENT TRIGGER trust_ledger_column_drop DISABLE; '
		'ALTER TABLE deal DROP COLUMN "Its ""words"""']) AS doing;

-- a mapping: what its conditions name, and what only its arguments name
SELECT trust_ledger.create_ledger() \g /dev/null
SELECT trust_ledger.register_actor('anna', 'human') \g /dev/null
CREATE TABLE task (id int PRIMARY KEY, customer text, title text, why text, done boolean);
SELECT trust_ledger.track_table('task', '{"customer": "=customer", "words": "=title", '
	'"withdrawn_when": "done", "withdrawn": {"reason": "=why"}}') \g /dev/null
SELECT matches(error_text(format('ALTER TABLE task DROP COLUMN %s', what)), expected, what)
FROM (VALUES ('why', '^2BP01\|cannot drop column "why" of tracked table public.task\|The '
		'mapping of trigger "trust_ledger_\d{3}_withdrawn" needs it: "reason=why"'),
	('title CASCADE', '^2BP01\|cannot drop column "title" of tracked table public.task'),
	('title', '^2BP01'), ('done', '^2BP01')) AS c (what, expected);
SELECT is(error_text('SELECT trust_ledger.untrack_table(''task''); '
	'ALTER TABLE task DROP COLUMN why'), 'ok', 'why, when the table is not tracked any more');

SELECT * FROM finish();
ROLLBACK;
