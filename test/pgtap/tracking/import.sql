-- import_table(): which entries it writes for the existing rows of a table, in which order and by
-- whom, and what it leaves out.
CREATE EXTENSION pgtap;
CREATE EXTENSION trust_ledger;
SELECT trust_ledger.create_ledger(), trust_ledger.set_ledger(zone => 'Europe/Berlin') \g /dev/null

\ir ../../helpers/calls.sql
\ir ../../helpers/random_rows.sql

CREATE ROLE crm_owner;
CREATE ROLE importer;
CREATE ROLE app;
CREATE ROLE blind;
SELECT trust_ledger.grant_access(role, level) FROM (VALUES ('importer', 'import'),
	('app', 'application'), ('blind', 'import'), ('crm_owner', 'application')) AS g (role,
	level) \g /dev/null
GRANT USAGE ON SCHEMA crm TO importer, app, blind;
GRANT ALL ON SCHEMA crm TO crm_owner;
ALTER TABLE crm.deal OWNER TO crm_owner;
GRANT SELECT ON crm.deal TO importer, app;
GRANT SELECT, INSERT, DELETE ON stands_for TO importer;
GRANT SELECT ON trust.promise TO importer;
SET client_min_messages = error;
SELECT plan(171);

-- ---- random rows: as if the functions had been called, customer by customer in the order of time

-- A random row of two years; some are inconsistent, and some have no time.
CREATE FUNCTION old_row(id int) RETURNS crm.deal
LANGUAGE sql AS $$
	SELECT jsonb_populate_record(random_row(id), jsonb_strip_nulls(jsonb_build_object(
		'status', any_of('draft', 'sent', 'sent', 'kept', 'kept', 'partly', 'broken', 'repaired',
			'late', 'void'), 'answer', any_of('yes', 'signed', 'no', NULL, NULL),
			'wait', any_of('true', NULL, NULL),
		'met', any_of('true', 'false', NULL), 'backer', any_of('anna', NULL, NULL),
			'why', any_of('so', NULL), 'owner', any_of('anna', 'ben', 'bot', 'zed', NULL, NULL),
			'title', any_of('We come.', 'We come.', 'We come soon.', ''),
		'made_at', CASE WHEN random() < 0.9 THEN made END, 'done_at', CASE WHEN random() < 0.9
			THEN made + interval '1 hour' * floor(random() * 400 - 2) END,
		'due', CASE WHEN random() < 0.7 THEN made + interval '1 hour' * floor(random() * 400 - 2)
			END, 'call_on', CASE WHEN random() < 0.5 THEN made::date + floor(random() * 30)::int
			END))
		|| CASE WHEN random() < 0.03 THEN '{"customer": null}' ELSE '{}'::jsonb END)
	FROM (SELECT date_trunc('hour', now()) - interval '1 hour' * floor(random() * 17000) AS made)
		AS m
$$;
SELECT setseed(0.25) \g /dev/null
INSERT INTO crm.deal SELECT (old_row(g)).* FROM generate_series(1, 600) AS g;
-- some that are open still
UPDATE crm.deal SET status = 'sent', wait = id % 20 < 10, answer = CASE WHEN id % 20 > 10 THEN 'yes'
	END, due = date_trunc('hour', now()) + '30 days', longest = '3 days', owner = NULL,
	kind = 'repair', amount = 10, currency = 'EUR', title = 'We come.'
WHERE id % 10 = 1;
UPDATE crm.deal SET owner = nullif(owner, 'bot'), kind = 'repair', amount = 10, currency = 'EUR'
	WHERE id % 10 > 4;
SELECT trust_ledger.track_table('crm.deal', mapping()) \g /dev/null

-- The same by calls: each row's events in the order of its triggers.
CREATE FUNCTION play_imported(d crm.deal, of_name text, event text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	IF event = 'made' THEN
		PERFORM play_made(d, of_name);
	ELSE
		PERFORM play_event(d, of_name, event, true, NULL);
	END IF;
EXCEPTION WHEN OTHERS THEN
	NULL;
END
$$;
CREATE FUNCTION play_import() RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	e record;
BEGIN
	FOR e IN
		SELECT d, name, event
		FROM crm.deal d, unnest('{call,delivery}'::text[]) AS name,
			unnest('made'::text || says(d, name)) AS event
		WHERE makes(d, name) AND event NOT IN ('backed', 'backing_withdrawn', 'resumed')
		ORDER BY d.customer COLLATE "C", CASE WHEN event = 'made' THEN coalesce(d.made_at,
			'infinity') ELSE greatest(coalesce(d.made_at, 'infinity'),
			coalesce(d.done_at, 'infinity')) END, name,
			array_position('{made,accepted,paused,breach_admitted,kept,partly_kept,broken,'
				'breach_repaired,withdrawn,released}', event), d.id::text COLLATE "C"
	LOOP
		PERFORM play_imported(e.d, e.name, e.event);
	END LOOP;
END
$$;

SET ROLE importer;
CALL trust_ledger.import_table('crm.deal');
SELECT play_import() \g /dev/null
RESET ROLE;
SELECT is_empty('SELECT * FROM differing ORDER BY customer, seq',
	'rows of a table: entries and promises as by the functions');
SELECT set_eq('SELECT key, name, customer FROM trust.tracked_row',
	'SELECT id::text, name, customer FROM stands_for', 'each row stands for its promise');
SELECT is(array_agg(DISTINCT entry ->> 'event'),
	'{accepted,assessed,breach_admitted,breach_repaired,made,paused,released,withdrawn}',
	'events of each kind, but backings') FROM by_triggers;
SELECT ok(count(*) > 20, event || ', backfilled') FROM by_triggers,
	LATERAL (SELECT entry ->> 'event') AS e (event) WHERE (entry ->> 'backfilled')::bool
	AND event IN ('made', 'assessed') GROUP BY event ORDER BY event;
SELECT is_empty($$SELECT seq FROM trust.entry WHERE promise IS NOT NULL
	AND backfilled <> (occurred_at < recorded_at - (SELECT lag FROM trust.ledger))$$,
	'what is longer ago than the lag, and nothing else');
SELECT is_empty($$SELECT * FROM (SELECT customer, e.seq, occurred_at, lag(occurred_at) OVER
	(PARTITION BY customer ORDER BY e.seq) AS before FROM trust.entry e WHERE event = 'made'
	AND customer !~ '^m ') AS t WHERE occurred_at < before$$,
	'customer by customer in the order of time');
-- Rows without a time happened when they were imported, which differs.
SELECT ok(abs(trust_ledger.kept(score) - trust_ledger.kept(by_hand)) < 1e-3
	AND abs(trust_ledger.broken(score) - trust_ledger.broken(by_hand)) < 1e-3, 'the score of '
	|| customer)
FROM unnest('{a,b,c,é}'::text[]) AS customer, trust_ledger.customer_score(customer) AS score,
	trust_ledger.customer_score('m ' || customer) AS by_hand;
SELECT is_empty('SELECT * FROM trust_ledger.verify()', 'nothing is wrong');
SELECT is((SELECT count(*) FROM trust.entry WHERE customer IN ('a', 'b', 'c', 'é')
	AND (event ~ 'back' OR backer IS NOT NULL)), 0::bigint, 'nobody stands behind any of them');
SELECT is(array_agg(DISTINCT concat_ws(' ', login, role, actor, evidence) COLLATE "C"),
	'{postgres importer crm asserted,postgres importer erp asserted,postgres importer shop '
	'asserted}', 'by whom') FROM trust.entry WHERE customer IN ('a', 'b', 'c', 'é');

-- ---- how many at once

CREATE PROCEDURE take(tab text, at_once int)
LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('CREATE TABLE crm.%I (LIKE crm.deal INCLUDING ALL)', tab);
	EXECUTE format('INSERT INTO crm.%I SELECT (jsonb_populate_record(d, '
		'jsonb_build_object(''customer'', %L || d.customer))).* FROM crm.deal d WHERE id <= 200',
		tab, tab || ' ');
	PERFORM trust_ledger.track_table(format('crm.%I', tab)::regclass, mapping());
	CALL trust_ledger.import_table(format('crm.%I', tab)::regclass, at_once);
END
$$;
SELECT trust_ledger.grant_access('postgres', 'import') \g /dev/null
CALL take('one', 1);
CALL take('seven', 7);
CALL take('every', 100000);
CREATE VIEW taken AS
SELECT split_part(e.customer, ' ', 1) AS tab, split_part(e.customer, ' ', 2) AS customer, e.seq,
	e.xmin::text AS transaction, bare(to_jsonb(e)) AS entry,
	(SELECT bare(to_jsonb(p)) FROM trust.promise p WHERE (p.customer, p.promise) = (e.customer,
		e.promise)) AS promise
FROM trust.entry e WHERE e.customer ~ '^(one|seven|every) ';
SELECT ok(count(*) > 200, 'by one at once: enough entries') FROM taken WHERE tab = 'one';
SELECT results_eq(format('SELECT customer, seq, entry, promise FROM taken WHERE tab = %L '
	'ORDER BY 1, 2', tab),
	'SELECT customer, seq, entry, promise FROM taken WHERE tab = ''one'' ORDER BY 1, 2',
	'the same: ' || tab)
FROM unnest('{seven,every}'::text[]) AS tab;
SELECT is(count(DISTINCT transaction), expected, 'transactions: ' || c.tab) FROM (VALUES ('one', 4),
	('seven', 4), ('every', 1::bigint)) AS c (tab, expected) JOIN taken USING (tab) GROUP BY c.tab,
	expected ORDER BY c.tab;
SELECT is(sqlstate_of('CALL trust_ledger.import_table(''crm.one'', ' || at_once || ', true)'),
	expected, 'at once: ' || at_once) FROM (VALUES (1, 'ok'), (0, '22023'), (-7, '22023'),
	(2147483647, 'ok')) AS c (at_once, expected);

-- ---- importing again does not duplicate anything

CREATE FUNCTION entries(like_customer text DEFAULT '') RETURNS bigint
LANGUAGE sql AS $$ SELECT count(*) FROM trust.entry WHERE starts_with(customer, like_customer) $$;
CREATE FUNCTION added(doing text) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
	before CONSTANT bigint := entries();
BEGIN
	EXECUTE doing;
	RETURN entries() - before;
END
$$;
SELECT is(added('CALL trust_ledger.import_table(''crm.one'', in_one_transaction => true)'),
	0::bigint, 'again: nothing');
SELECT trust_ledger.register_actor('carl', 'human', speaks_for => 'customer') \g /dev/null
SELECT count(*) AS otherwise FROM (SELECT trust_ledger.assess_promise(p.promise, CASE p.state
	WHEN 'kept' THEN 'broken' ELSE 'kept' END, actor => 'carl') FROM trust.promise p
	WHERE starts_with(customer, 'one ') AND state IN ('kept', 'partly_kept', 'broken')) AS x \gset
SELECT ok(:otherwise > 10, 'the customer says otherwise');
SELECT count(*) AS resumed FROM (SELECT trust_ledger.resume_promise(p.promise, actor => 'crm')
	FROM trust.promise p WHERE starts_with(customer, 'one ') AND paused_at IS NOT NULL AND state IN
	('proposed', 'open')) AS x \gset
SELECT ok(:resumed > 0, 'what was paused goes on');
SELECT count(*) AS amended FROM (SELECT trust_ledger.amend_promise(p.promise,
	words => 'We come later.', actor => CASE WHEN accepted_at IS NULL THEN 'crm' ELSE 'shop' END)
	FROM trust.promise p
	WHERE starts_with(customer, 'one ') AND state = 'open' AND paused_at IS NULL
		AND overdue_at > now()) AS x \gset
SELECT ok(:amended > 0, 'what is open is amended');
SELECT is(added('CALL trust_ledger.import_table(''crm.one'', in_one_transaction => true)'),
	0::bigint, 'and again: nothing');
SELECT is(added('CALL trust_ledger.import_table(''crm.deal'', 3, true)'), 0::bigint,
	'nor in another number at once');

-- ---- an import that failed half-way is completed, and nothing is imported twice

CREATE PROCEDURE take_part(tab text, VARIADIC conditions text[])
LANGUAGE plpgsql AS $$
DECLARE
	condition text;
BEGIN
	EXECUTE format('CREATE TABLE crm.%I (LIKE crm.deal INCLUDING ALL)', tab);
	EXECUTE format('INSERT INTO crm.%I SELECT (jsonb_populate_record(d, '
		'jsonb_build_object(''customer'', %L || d.customer))).* FROM crm.deal d WHERE id <= 200',
		tab, tab || ' ');
	PERFORM trust_ledger.track_table(format('crm.%I', tab)::regclass, mapping());
	FOREACH condition IN ARRAY conditions LOOP
		EXECUTE format('SELECT trust_ledger.import_rows(%1$L, %2$L, array_agg(m ORDER BY step, '
			'key)) FROM trust_ledger.read_tracked(%1$L, %2$L, false) AS m WHERE %3$s',
			'crm.' || tab, 'crm.' || tab, condition);
	END LOOP;
	CALL trust_ledger.import_table(format('crm.%I', tab)::regclass);
END
$$;
CALL take_part('half', 'key::int < 100');
CALL take_part('made', 'event = ''made''');
CALL take_part('mixed', 'event = ''made'' AND key::int % 3 = 0',
	'event IN (''made'', ''accepted'') AND key::int % 2 = 0');
CREATE FUNCTION says_of(tab text) RETURNS TABLE (key text, name text, entries text[])
LANGUAGE sql AS $$
	SELECT s.key, s.name, (SELECT array_agg(concat_ws(' ', e.event, e.verdict, e.words)
		ORDER BY e.event, e.verdict) FROM trust.entry e WHERE (e.customer, e.promise) = (s.customer,
		s.promise))
	FROM trust.source s WHERE s.source = 'crm.' || tab
$$;
SELECT set_eq(format('SELECT * FROM says_of(%L)', tab), 'SELECT * FROM says_of(''every'')',
	'as if it had been taken as a whole: ' || tab) FROM unnest('{half,made,mixed}'::text[]) AS tab;
SELECT is_empty('SELECT * FROM trust_ledger.verify()', 'nothing is wrong');

-- ---- only rows that cannot be imported are left out

CREATE TABLE crm.odd (id int PRIMARY KEY, customer text, title text, state text, due timestamptz,
	amount numeric, currency text, owner text, actor text, made_at timestamptz, done_at timestamptz,
	expected text);
INSERT INTO crm.odd (id, customer, title, state, due, amount, currency, owner, made_at, done_at,
	expected) VALUES
	(1, 'odd', 'We come.', 'won', NULL, 1, 'EUR', NULL, '2024-01-01', '2024-01-02',
		'made,assessed'),
	(2, 'odd', 'We come.', 'won', '2023-01-01', 1, 'EUR', NULL, '2024-01-01', '2024-01-02', NULL),
	(3, NULL, 'We come.', 'won', NULL, 1, 'EUR', NULL, '2024-01-01', '2024-01-02', NULL),
	(4, '', 'We come.', 'won', NULL, 1, 'EUR', NULL, '2024-01-01', '2024-01-02', NULL),
	(5, 'odd', '', 'won', NULL, 1, 'EUR', NULL, '2024-01-01', '2024-01-02', NULL),
	(6, 'odd', NULL, 'won', NULL, 1, 'EUR', NULL, '2024-01-01', '2024-01-02', NULL),
	(7, 'odd', 'We come.', 'won', NULL, 9000, 'EUR', NULL, '2024-01-01', '2024-01-02', 'made'),
	(8, 'odd', 'We come.', 'won', NULL, 1, 'EUR', 'zed', '2024-01-01', '2024-01-02', NULL),
	(9, 'odd', 'We come.', 'won', NULL, 1, 'euro and cents, or what it is', NULL, '2024-01-01',
		'2024-01-02', 'made'),
	(10, 'odd', 'We come.', 'won', NULL, -1, 'EUR', NULL, '2024-01-01', '2024-01-02', NULL),
	(11, 'odd', 'We come.', 'won', NULL, 1, 'EUR', NULL, '2024-01-02', '2024-01-01', 'made'),
	(12, 'odd', 'We come.', 'won', NULL, 1, 'EUR', NULL, '2224-01-01', '2224-01-02', NULL),
	(13, 'odd', 'We come.', 'won', NULL, 1, 'EUR', NULL, '2024-01-01', '2224-01-02', 'made'),
	(14, 'odd', 'We come.', 'draft', NULL, 1, 'EUR', NULL, '2024-01-01', '2024-01-02', NULL),
	(15, 'odd', 'We come.', 'sent', NULL, 1, 'EUR', NULL, NULL, NULL, 'made'),
	(16, 'odd', 'We come.', 'won', NULL, NULL, NULL, NULL, '2024-01-01', '2024-01-02', 'made'),
	(17, repeat('x', 3000), 'We come.', 'won', NULL, 1, 'EUR', NULL, '2024-01-01', '2024-01-02',
		NULL),
	(18, 'odd', 'We come.', 'won', 'infinity', 1, 'EUR', NULL, '2024-01-01', '2024-01-02', NULL),
	(19, 'odd', 'We come.', 'won', NULL, 'NaN', 'EUR', NULL, '2024-01-01', '2024-01-02', NULL),
	(20, 'odd last', 'We come.', 'won', NULL, 1, 'EUR', 'anna', '2024-01-01', '2024-01-02',
		'made,assessed');
SELECT trust_ledger.track_table('crm.odd',
	'{"customer": "=customer", "words": "=title", "due": "=due", "value": "=amount", '
	'"currency": "=currency", "promiser": "=owner", "kind": ":odd", "actor": ":crm",
	"made": {"occurred_at": "=made_at"}, "made_when": "state <> ''draft''", "kept_when": "state '
		'= ''won''", "kept": {"occurred_at": "=done_at", "actor": ":erp"}}') \g /dev/null
CALL trust_ledger.import_table('crm.odd');
SELECT is((SELECT string_agg(e.event, ',' ORDER BY e.seq) FROM trust.source s JOIN trust.entry e
	USING (customer, promise) WHERE s.source = 'crm.odd' AND s.key = o.id::text), expected,
	'row ' || o.id) FROM crm.odd o ORDER BY id;
SELECT is(added('CALL trust_ledger.import_table(''crm.odd'', in_one_transaction => true)'),
	0::bigint, 'again: nothing');
UPDATE crm.odd SET title = 'We come.' WHERE id = 5;
SELECT is(added('CALL trust_ledger.import_table(''crm.odd'', in_one_transaction => true)'),
	2::bigint, 'put right: it goes in');

-- no actor, or an unknown one
CREATE TABLE crm.plain (id int PRIMARY KEY, customer text, title text);
INSERT INTO crm.plain VALUES (1, 'plain', 'We come.');
GRANT SELECT ON crm.plain TO importer;
SELECT trust_ledger.track_table('crm.plain',
	'{"customer": "=customer", "words": "=title"}') \g /dev/null
SELECT is(sqlstate_of('CALL trust_ledger.import_table(''crm.plain'', in_one_transaction => true)'),
	'TL003', 'nobody acts');
SELECT is(sqlstate_of('SELECT trust_ledger.act_as(''anna''); '
	'CALL trust_ledger.import_table(''crm.plain'', in_one_transaction => true)'),
	'TL003', 'a human, who would stand behind the past');
SELECT is(added('SELECT trust_ledger.act_as(''crm''); '
	'CALL trust_ledger.import_table(''crm.plain'', in_one_transaction => true)'), 1::bigint,
	'by the machine that act_as() names');
SELECT trust_ledger.register_actor('zed', 'system', responsible => 'anna') \g /dev/null
SELECT trust_ledger.track_table('crm.plain',
	'{"customer": "=customer", "words": "=title", "actor": ":zed"}') \g /dev/null
SELECT trust_ledger.retire_actor('zed') \g /dev/null
INSERT INTO crm.deal (id, customer, status) VALUES (0, 'none', 'draft');
SELECT is(sqlstate_of($$ALTER TABLE crm.plain DISABLE TRIGGER USER; INSERT INTO crm.plain
	VALUES (2, 'plain', 'We call.'); CALL trust_ledger.import_table('crm.plain',
	in_one_transaction => true)$$), 'TL003', 'by an actor who was retired');
ALTER TABLE crm.plain ENABLE TRIGGER USER;
SELECT trust_ledger.track_table('crm.plain',
	'{"customer": "=customer", "words": "=title", "actor": ":crm"}') \g /dev/null

-- ---- what is left out is counted by reason, with an example

CREATE FUNCTION refusals(tab regclass, at_once int) RETURNS SETOF trust_ledger.import_refusal
LANGUAGE plpgsql AS $$
DECLARE
	counted trust_ledger.import_refusal[] := '{}';
	batch   record;
BEGIN
	FOR batch IN SELECT * FROM trust_ledger.read_batches(tab, tab::text, at_once) LOOP
		counted := trust_ledger.import_batch(tab, tab::text, batch.changes, counted);
	END LOOP;
	RETURN QUERY SELECT * FROM unnest(counted);
END
$$;
CREATE TABLE crm.refused (id int PRIMARY KEY, customer text, title text, owner text, done boolean);
INSERT INTO crm.refused SELECT n, 'refused ' || n % 3, CASE WHEN n <= 20 THEN '' ELSE 'We come.'
	END, CASE WHEN n BETWEEN 21 AND 50 THEN 'nobody ' || n END, n > 45
	FROM generate_series(1, 60) AS n;
SELECT trust_ledger.track_table('crm.refused',
	'{"customer": "=customer", "words": "=title", "promiser": "=owner", "actor": ":crm", '
	'"kind": ":known", "value": ":1", "currency": ":EUR", "kept_when": "done"}') \g /dev/null
SELECT results_eq(format('SELECT sqlstate, reason, changes, event, key, message '
	'FROM refusals(''crm.refused'', %s)', at_once),
	$$VALUES ('22023', '%s must contain visible text', 20::bigint, 'made', '12',
			'words must contain visible text'),
		('42704', '%s "%s" is not registered', 30, 'made', '21',
			'promiser "nobody 21" is not registered'),
		('P0002', 'promise of the row is not in the ledger', 5, 'assessed', '48',
			'promise of the row is not in the ledger')$$,
	'what was refused, by reason, with an example: ' || at_once || ' at once')
FROM unnest('{1,20,1000}'::int[]) AS at_once;
SELECT is(count(*), 20::bigint, 'the others are in') FROM trust.entry WHERE customer ~ '^refused';
SELECT is(added('CALL trust_ledger.import_table(''crm.refused'', 20, true)'), 0::bigint,
	'again: the same are refused, and no error is raised');
CREATE TABLE crm.hopeless AS SELECT * FROM crm.refused WHERE id BETWEEN 15 AND 50;
ALTER TABLE crm.hopeless ADD PRIMARY KEY (id);
SELECT trust_ledger.track_table('crm.hopeless',
	'{"customer": "=customer", "words": "=title", "promiser": "=owner", "actor": ":crm"}')
	\g /dev/null
SELECT throws_ok('CALL trust_ledger.import_table(''crm.hopeless'', ' || at_once || ', true)',
	'42704', 'could not import any change of crm.hopeless', 'all refused: an error of the most '
	'frequent reason, ' || at_once || ' at once') FROM unnest('{1,1000}'::int[]) AS at_once;
CREATE TABLE crm.void (LIKE crm.plain INCLUDING ALL);
SELECT trust_ledger.track_table('crm.void',
	'{"customer": "=customer", "words": "=title", "actor": ":crm"}') \g /dev/null
SELECT lives_ok('CALL trust_ledger.import_table(''crm.void'', in_one_transaction => true)',
	'no row: no error');
-- an actor that is unknown, as an earlier version recorded it; without a trigger, that counts
SELECT is(error_text($$ALTER TABLE trust.tracking DISABLE TRIGGER trust_guard;
	UPDATE trust.tracking
	SET triggers = replace(triggers::text, 'actor:crm', 'actor:nobody')::jsonb
	WHERE source = 'crm.void';
	ALTER TABLE trust.tracking ENABLE ALWAYS TRIGGER trust_guard;
	DROP TRIGGER trust_ledger_001_made ON crm.void;
	INSERT INTO crm.void VALUES (2, 'v', 'We call.');
	CALL trust_ledger.import_table('crm.void', in_one_transaction => true)$$),
	'42704|could not import any change of crm.void|For example, event "made" of row 2: actor '
	'"nobody" is not registered|Correct the rows or the mapping, and import the table again.',
	'by nobody that is known: nothing, and why');

-- ---- statistics of the tables that it fills

CREATE FUNCTION analyzed() RETURNS text LANGUAGE sql AS $$ SELECT string_agg(DISTINCT tablename,
	' ' ORDER BY tablename) FROM pg_stats WHERE schemaname = 'trust' $$;
DELETE FROM pg_statistic;
BEGIN;
-- Autovacuum gives way. A table that it works on would be skipped.
LOCK TABLE trust.entry, trust.promise, trust.source, trust.chain IN SHARE UPDATE EXCLUSIVE MODE;
SELECT is(run('CALL trust_ledger.import_table(''crm.plain'', in_one_transaction => true)',
	'importer'), 'ok', 'an import by somebody who does not own the ledger');
COMMIT;
SELECT is(analyzed(), 'chain entry promise source', 'tables that were analyzed');
CREATE STATISTICS trust.fails ON (1 / length(customer)), event FROM trust.entry;
SELECT is(sqlstate_of('ANALYZE trust.entry'), '22012', 'a table that cannot be analyzed');
SELECT is(sqlstate_of('CALL trust_ledger.import_table(''crm.plain'', in_one_transaction => true)',
	'importer'), 'ok', 'does not prevent an import');
DROP STATISTICS trust.fails;

-- ---- occurred_at from a date

CREATE TABLE crm.dated (id int PRIMARY KEY, customer text, title text, made_on date, due date,
	done_on date);
SELECT trust_ledger.track_table('crm.dated',
	'{"customer": "=customer", "words": "=title", "due": "=due", "actor": ":crm", '
	'"kind": ":known", "value": ":1", "currency": ":EUR", '
	'"made": {"occurred_at": "=made_on"}, "kept_when": "done_on IS NOT NULL", '
	'"kept": {"occurred_at": "=done_on"}}') \g /dev/null
CREATE FUNCTION today() RETURNS date LANGUAGE sql AS $$
	SELECT (now() AT TIME ZONE 'Europe/Berlin')::date $$;
ALTER TABLE crm.dated DISABLE TRIGGER USER;
INSERT INTO crm.dated VALUES (1, 'dated', 'One day.', '2024-07-01', '2024-07-01', '2024-07-01'),
	(2, 'dated', 'Clocks change.', '2024-03-31', NULL, '2024-10-27'),
	(3, 'dated', 'Too late.', '2024-07-02', NULL, '2024-07-01'),
	(4, 'dated', 'Today.', today(), today() + 1, today()),
	(5, 'dated', 'Tomorrow.', today() + 2, NULL, NULL),
	(6, 'dated', 'Never.', 'infinity', NULL, NULL),
	(7, 'dated', 'Always.', '-infinity', NULL, NULL);
ALTER TABLE crm.dated ENABLE TRIGGER USER;
CALL trust_ledger.import_table('crm.dated');
SELECT results_eq($$SELECT s.key, e.event, CASE WHEN e.backfilled THEN e.occurred_at END,
		e.occurred_at = e.recorded_at
	FROM trust.source s JOIN trust.entry e USING (customer, promise) WHERE s.source = 'crm.dated'
	ORDER BY s.key, e.seq$$, $$VALUES
	('1' COLLATE "C", 'made' COLLATE "C", '2024-06-30 22:00+00'::timestamptz, false),
	('1', 'assessed', '2024-07-01 21:59:59.999999+00', false),
	('2', 'made', '2024-03-30 23:00+00', false),
	('2', 'assessed', '2024-10-27 22:59:59.999999+00', false),
	('3', 'made', '2024-07-01 22:00+00', false),
	('4', 'made', NULL, true), ('4', 'assessed', NULL, true)$$,
	'a day of the ledger''s zone: its start for made, its end for others, today is now');
SELECT is(sqlstate_of('INSERT INTO crm.dated VALUES (8, ''dated'', ''W'', ' || day
	|| ', NULL, NULL); SELECT trust_ledger.write_pending()'), expected,
	'made on ' || day || ', recorded by triggers')
FROM (VALUES ('today()', 'ok'), ('NULL', 'ok'), ('today() - 1', 'ok'), ('today() + 2', '22008'),
	('''infinity''', '22008'), ('''5874897-12-31''', '22008')) AS v (day, expected);

-- ---- rights

SELECT is(sqlstate_of('CALL trust_ledger.import_table(''crm.plain'', in_one_transaction => true)',
	role), expected, 'import_table() by ' || role)
FROM (VALUES ('importer', 'ok'), ('app', '42501'), ('blind', '42501'), ('crm_owner', '42501')) AS c
	(role, expected);
GRANT SELECT ON crm.plain TO app;
SELECT is(sqlstate_of('CALL trust_ledger.import_table(''crm.plain'', in_one_transaction => true)',
	'app'), 'TL004', 'level application is not enough');
SELECT is(sqlstate_of('SELECT trust_ledger.import_rows(''crm.plain'', ''crm.plain'', ''{}'')',
	role), expected, 'import_rows() by ' || role) FROM (VALUES ('importer', 'ok'), ('app', 'TL004'),
	('crm_owner', 'TL004'), ('blind', '42501')) AS c (role, expected);
SELECT is(sqlstate_of('SELECT trust_ledger.read_tracked(''crm.plain'', ''crm.plain'')', role),
	expected, 'read_tracked() by ' || role) FROM (VALUES ('importer', 'ok'), ('app', 'ok'),
	('blind', '42501'), ('crm_owner', '42501')) AS c (role, expected);
ALTER TABLE crm.plain ENABLE ROW LEVEL SECURITY;
SELECT is(sqlstate_of('CALL trust_ledger.import_table(''crm.plain'', in_one_transaction => true)',
	role), expected, 'where policies hide rows, by ' || role) FROM (VALUES ('importer', '42501'),
	('none', 'ok')) AS c (role, expected);
SELECT is(sqlstate_of('SELECT trust_ledger.read_tracked(''crm.plain'', ''crm.plain'')', 'app'),
	'42501', 'nor are they read');
ALTER TABLE crm.plain DISABLE ROW LEVEL SECURITY;

-- the rows are read with the rights of the owner, whoever calls
CREATE ROLE "Plain owner";
GRANT USAGE ON SCHEMA crm TO "Plain owner";
SELECT trust_ledger.grant_access('Plain owner', 'application') \g /dev/null
ALTER TABLE crm.plain OWNER TO "Plain owner";
SELECT is(error_text(format('%s; %s', doing, call)), expected, format('%s: %s', doing, call))
FROM unnest(ARRAY['CALL trust_ledger.import_table(''crm.plain'', in_one_transaction => true)',
	'SELECT trust_ledger.reconcile_table(''crm.plain'')',
	'SELECT trust_ledger.read_tracked(''crm.plain'', ''crm.plain'')']) AS call,
	(VALUES ('ALTER TABLE crm.plain ENABLE ROW LEVEL SECURITY', 'ok'),
	('ALTER TABLE crm.plain FORCE ROW LEVEL SECURITY', 'ok'),
	('ALTER TABLE crm.plain ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY',
		'42501|owner "Plain owner" of table crm.plain cannot read all of its rows|Tracked rows are '
		'read with the rights of the owner.  Row-level security of the table is forced for the '
		'owner.|Run ALTER TABLE crm.plain NO FORCE ROW LEVEL SECURITY, or ALTER ROLE "Plain owner" '
		'BYPASSRLS.'),
	('ALTER TABLE crm.plain ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY; '
		'CREATE POLICY p ON crm.plain USING (true)',
		'42501|owner "Plain owner" of table crm.plain cannot read all of its rows|Tracked rows are '
		'read with the rights of the owner.  Row-level security of the table is forced for the '
		'owner.|Run ALTER TABLE crm.plain NO FORCE ROW LEVEL SECURITY, or ALTER ROLE "Plain owner" '
		'BYPASSRLS.'),
	('ALTER TABLE crm.plain ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY; '
		'ALTER ROLE "Plain owner" BYPASSRLS', 'ok'),
	('REVOKE SELECT ON crm.plain FROM "Plain owner"',
		'42501|owner "Plain owner" of table crm.plain does not have privilege SELECT on it|Tracked '
		'rows are read and locked with the rights of the owner.|Run GRANT SELECT ON crm.plain TO '
		'"Plain owner".'),
	('REVOKE SELECT ON crm.plain FROM "Plain owner"; '
		'GRANT SELECT (id, customer, title) ON crm.plain TO "Plain owner"',
		'42501|owner "Plain owner" of table crm.plain does not have privilege SELECT on it|Tracked '
		'rows are read and locked with the rights of the owner.|Run GRANT SELECT ON crm.plain TO '
		'"Plain owner".')) AS c (doing, expected);
SELECT is(error_text(doing || '; SELECT trust_ledger.import_rows(''crm.plain'', ''crm.plain'', '
	'''{}'')'), expected, doing || ': import_rows()')
FROM (VALUES
	('REVOKE UPDATE ON crm.plain FROM "Plain owner"',
		'42501|owner "Plain owner" of table crm.plain does not have privilege UPDATE on it|Tracked '
		'rows are read and locked with the rights of the owner.|Run GRANT UPDATE ON crm.plain TO '
		'"Plain owner".'),
	('REVOKE UPDATE ON crm.plain FROM "Plain owner"; '
		'GRANT UPDATE (title) ON crm.plain TO "Plain owner"', 'ok')) AS c (doing, expected);
ALTER TABLE crm.plain OWNER TO CURRENT_USER;

SELECT is(sqlstate_of(call), expected, call) FROM (VALUES
	('CALL trust_ledger.import_table(''change'', in_one_transaction => true)', '42704'),
	('CALL trust_ledger.import_table(NULL, in_one_transaction => true)', '22004'),
	('SELECT trust_ledger.import_rows(''crm.plain'', ''no such'', ''{}'')', '42704'),
	('SELECT trust_ledger.import_rows(''crm.plain'', ''crm.plain'', ARRAY[ROW(1, '''', ''made'', '
		'NULL, ''c'', ''w'', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '
		'NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, ''(0,1)'', ''1'', NULL)'
		'::trust_ledger.mapped_row])',
		'22004'),
	('SELECT trust_ledger.import_rows(''crm.plain'', ''crm.plain'', '
		'ARRAY[NULL]::trust_ledger.mapped_row[])', 'ok')) AS c (call, expected);

-- what is no event of a row is not written
SELECT is(added(format('SELECT trust_ledger.import_rows(''crm.plain'', ''crm.plain'', '
	'ARRAY[ROW(1, '''', %L, ''1'', ''plain'', ''We come.'', NULL, NULL, NULL, NULL, NULL, NULL, '
	'NULL, NULL, NULL, NULL, NULL, NULL, ''so'', NULL, NULL, ''anna'', ''anna'', NULL, tableoid, '
	'ctid, xmin, NULL)::trust_ledger.mapped_row]) FROM crm.plain LIMIT 1', event)),
	0::bigint, 'not by import: ' || event)
		FROM unnest('{backed,declined,backing_withdrawn,noted,erased,"no such",""}'::text[])
		AS event;

-- in a transaction that it cannot end
SELECT entries() AS before \gset
INSERT INTO crm.odd (id, customer, title, state) VALUES (30, 'odd', 'We come.', 'sent');
SELECT is(sqlstate_of('CALL trust_ledger.import_table(''crm.odd'')'),
	'2D000', 'in a transaction that it cannot end: refused');
SELECT is(entries(), :before::bigint + 1, 'and nothing written');

-- ---- conditions run as the table's owner, and a hostile search_path has no effect

CREATE SCHEMA evil;
GRANT ALL ON SCHEMA evil TO PUBLIC;
CREATE TABLE evil.ran (what text, as_role text, path text);
GRANT ALL ON evil.ran TO PUBLIC;
-- A namesake of each function and operator that the procedure uses.
CREATE FUNCTION evil.note(what text) RETURNS void LANGUAGE sql AS $$ INSERT INTO evil.ran
	VALUES (what, current_user, current_setting('search_path')) $$;
DO $$
DECLARE
	f record;
BEGIN
	FOR f IN
		SELECT DISTINCT p.proname, pg_get_function_identity_arguments(p.oid) AS arguments,
			format_type(p.prorettype, NULL) AS result
		FROM pg_proc p WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.proname = ANY
			('{set_config,now,text,texteq,int4lt,int8pl,format,starts_with,lower}')
			AND p.prokind = 'f'
			AND pg_get_function_identity_arguments(p.oid) !~ 'internal|"any"|VARIADIC'
	LOOP
		EXECUTE format('CREATE FUNCTION evil.%I(%s) RETURNS %s LANGUAGE plpgsql AS %L', f.proname,
			regexp_replace(f.arguments, '\m(?:setting_name|new_value|is_local) ', '', 'g'),
			f.result, format('BEGIN PERFORM evil.note(%L); RETURN NULL; END', f.proname));
	END LOOP;
	FOR f IN SELECT o.oprname, format_type(o.oprleft, NULL) AS l, format_type(o.oprright,
		NULL) AS r, format_type(o.oprresult, NULL) AS result, o.oid
		FROM pg_operator o WHERE o.oprname = ANY ('{=,<>,<,>,+,/,||}') AND o.oprleft = ANY
			('{text,int4,int8,timestamptz,uuid,bool,text[]}'::regtype[]) AND o.oprright = ANY
			('{text,int4,int8,timestamptz,uuid,bool,text[]}'::regtype[])
	LOOP
		EXECUTE format('CREATE FUNCTION evil.op_%s(%s, %s) RETURNS %s LANGUAGE plpgsql AS %L',
			f.oid, f.l, f.r, f.result, format('BEGIN PERFORM evil.note(%L); RETURN NULL; END',
			f.oprname));
		EXECUTE format('CREATE OPERATOR evil.%s (LEFTARG = %s, RIGHTARG = %s, '
			'FUNCTION = evil.op_%s)', f.oprname, f.l, f.r, f.oid);
	END LOOP;
END
$$;
CREATE FUNCTION evil.aggregated(state bigint, x anyelement) RETURNS bigint LANGUAGE
	plpgsql AS $$ BEGIN PERFORM evil.note('an aggregate'); RETURN NULL; END $$;
CREATE AGGREGATE evil.min(bigint) (SFUNC = evil.aggregated, STYPE = bigint);
CREATE AGGREGATE evil.max(text) (SFUNC = evil.aggregated, STYPE = bigint);
CREATE AGGREGATE evil.count(*) (SFUNC = int8inc, STYPE = bigint, INITCOND = '-100');

CREATE TABLE crm.owned (id int PRIMARY KEY, customer text, title text, state text);
ALTER TABLE crm.owned OWNER TO crm_owner;
GRANT SELECT ON crm.owned TO importer;
INSERT INTO crm.owned SELECT n, 'owned', 'We come.', 'sent' FROM generate_series(1, 3) AS n;
-- A function of the table's owner; its settings do not stay.
CREATE FUNCTION crm.is_sent(state text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO evil.ran VALUES ('condition', current_user, current_setting('search_path'));
	PERFORM pg_catalog.set_config('search_path', 'evil, pg_catalog', false),
		pg_catalog.set_config('crm.planted', 'yes', false);
	RETURN state OPERATOR(pg_catalog.=) 'sent';
END
$$;
SET ROLE crm_owner;
SELECT trust_ledger.track_table('crm.owned',
	'{"customer": "=customer", "words": "=title", "actor": ":crm", "made_when": '
	'"crm.is_sent(state)"}') \g /dev/null
SET ROLE importer;
SET search_path = evil, pg_catalog;
CALL trust_ledger.import_table('crm.owned');
SELECT pg_catalog.current_setting('search_path') AS path, pg_catalog.current_setting('crm.planted',
	true) AS planted \gset
RESET search_path;
RESET ROLE;
SELECT is(array_agg(DISTINCT concat_ws(': ', what, as_role, path)),
	'{"condition: crm_owner: evil, pg_catalog","condition: crm_owner: pg_catalog, '
	'pg_temp"}'::text[], 'the condition ran as the table''s owner, and nothing else ran')
	FROM evil.ran;
SELECT is(:'path'::text, 'evil, pg_catalog', 'the caller''s path is what it was');
SELECT isnt(:'planted'::text, 'yes', 'nor is a setting left behind');
SELECT is((SELECT count(*) FROM trust.source WHERE source = 'crm.owned'), 3::bigint,
	'the rows are in');

-- A condition that sets another role, or leaves a setting behind, fails; it gets nothing of its
-- caller's.
SELECT is(sqlstate_of('CALL trust_ledger.import_table(''crm.owned'', in_one_transaction => true)',
	'importer'), 'ok', 'again');
SELECT is((SELECT
	sqlstate_of(format('CREATE OR REPLACE FUNCTION crm.is_sent(state text) RETURNS boolean '
	'LANGUAGE plpgsql AS %L; SET LOCAL ROLE importer; '
	'CALL trust_ledger.import_table(''crm.owned'', in_one_transaction => true)', 'BEGIN ' || body
	|| '; RETURN true; END'))), expected, body)
FROM (VALUES ('NULL', 'ok'), ('SET ROLE postgres', '42501'), ('RESET ROLE', '42501'),
	('SET SESSION AUTHORIZATION DEFAULT', '42501'), ('CREATE TEMP TABLE x ()', '42501'),
	('PERFORM pg_catalog.pg_notify(''a'', ''b'')', 'ok'),
	('PERFORM trust_ledger.grant_access(''crm_owner'', ''import'')', 'TL004'),
	('LISTEN x', '42501'),
	('PERFORM trust_ledger.import_rows(''crm.owned'', ''crm.owned'', ''{}'')', 'TL004')) AS c (body,
		expected);

-- A mapping applies only to its own table: its conditions never run as the owner of another table,
-- least of all as a superuser, and a mapping of a dropped table does not apply to a new one.
CREATE FUNCTION evil.as_whom() RETURNS boolean LANGUAGE sql AS $$ INSERT INTO evil.ran
	VALUES ('another''s', current_user) RETURNING true $$;
GRANT CREATE ON SCHEMA crm TO app;
SET ROLE app;
CREATE TABLE crm.hook (oid oid PRIMARY KEY, relname text);
SELECT trust_ledger.track_table('crm.hook',
	'{"customer": "=relname", "words": "=relname", "actor": ":crm", "made_when": '
	'"evil.as_whom()"}') \g /dev/null
RESET ROLE;
TRUNCATE evil.ran;
SELECT is(sqlstate_of(call, role), '42704', call || ' by ' || role) FROM (VALUES
	('SELECT trust_ledger.read_tracked(''pg_class'', ''crm.hook'', false)', 'app'),
	('SELECT trust_ledger.read_tracked(''crm.owned'', ''crm.hook'', false)', 'importer'),
	('SELECT trust_ledger.import_rows(''pg_class'', ''crm.hook'', ''{}'')', 'importer')) AS c (call,
		role);
DROP TABLE crm.hook;
CREATE TABLE crm.hook (oid oid PRIMARY KEY, relname text);
INSERT INTO crm.hook VALUES (1, 'c');
GRANT SELECT ON crm.hook TO app;
SELECT is(sqlstate_of('SELECT trust_ledger.read_tracked(''crm.hook'', ''crm.hook'')', 'app'),
	'ok', 'a table of the same name, of another owner');
SELECT is_empty('SELECT * FROM evil.ran', 'no condition ran');
ALTER TABLE crm.hook OWNER TO app;
SELECT is(sqlstate_of('SELECT trust_ledger.read_tracked(''crm.hook'', ''crm.hook''); '
	'DO $do$ BEGIN IF NOT EXISTS (SELECT FROM evil.ran WHERE as_role = ''app'') '
	'THEN RAISE ''none''; END IF; END $do$', 'importer'), '42501', 'only who may read it');
GRANT SELECT ON crm.hook TO importer;
SELECT is(sqlstate_of('SELECT trust_ledger.read_tracked(''crm.hook'', ''crm.hook''); '
	'DO $do$ BEGIN IF NOT EXISTS (SELECT FROM evil.ran WHERE as_role = ''app'') '
	'THEN RAISE ''none''; END IF; END $do$', 'importer'),
	'ok', 'of the same owner it is read as it was recorded');
DROP TABLE crm.hook;

-- ---- tables of all kinds

CREATE SCHEMA "Über: Tab";
CREATE TABLE "Über: Tab"."My ""Deal" ("select" int, "Id" uuid DEFAULT gen_random_uuid(), gone text,
	new text, old boolean, "when" date, PRIMARY KEY ("select", "Id"));
ALTER TABLE "Über: Tab"."My ""Deal" DROP COLUMN gone;
INSERT INTO "Über: Tab"."My ""Deal" ("select", new, old, "when") VALUES (1, 'kinds quoted', true,
	'2099-01-01');
ALTER TABLE "Über: Tab"."My ""Deal" ADD COLUMN more text DEFAULT 'kept';
CREATE TABLE crm.parted (region text, id int, gone text, customer text, title text, state text,
	PRIMARY KEY (region, id)) PARTITION BY LIST (region);
CREATE TABLE crm.north (more int, state text, title text, customer text, id int NOT NULL,
	region text NOT NULL);
ALTER TABLE crm.north DROP COLUMN more;
ALTER TABLE crm.parted DROP COLUMN gone;
ALTER TABLE crm.parted ATTACH PARTITION crm.north FOR VALUES IN ('n');
CREATE TABLE crm.south PARTITION OF crm.parted FOR VALUES IN ('s');
INSERT INTO crm.parted VALUES ('n', 1, 'kinds parted', 'We come north.', 'kept'),
('s', 1, 'kinds parted', 'We come south.', 'sent');
CREATE DOMAIN crm.words AS text;
CREATE TYPE crm.state AS ENUM ('sent', 'kept');
CREATE TABLE crm.typed (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, customer varchar(40),
	title crm.words, state crm.state, made_at timestamp, due date, amount double precision,
	big text, twice numeric GENERATED ALWAYS AS (2) STORED);
INSERT INTO crm.typed (customer, title, state, made_at, due, amount, big) VALUES ('kinds typed',
	'We come.', 'kept', '2024-07-01 12:00', '2024-08-01', 1.5, repeat('long ', 10000));
CREATE TABLE crm.empty (LIKE crm.plain INCLUDING ALL);

SELECT trust_ledger.track_table(tab,
	'{"actor": ":crm", "kind": ":known", "value": ":1", "currency": ":EUR"}' || mapping::jsonb)
	FROM (VALUES
	('"Über: Tab"."My ""Deal"'::regclass,
		'{"customer": "=new", "words": "=new", "due": "=when", "made_when": "old AND new <> ''''", '
		'"kept_when": "more = ''kept''"}'),
	('crm.parted', '{"customer": "=customer", "words": "=title", "kept_when": "state = ''kept''"}'),
	('crm.typed',
		'{"customer": "=customer", "words": "=title", "made": {"occurred_at": "=made_at"}, '
		'"due": "=due", "value": "=amount", "purpose": "=big", "made_when": "state = ''kept'' '
		'AND twice > 1", "kept_when": "state = ''kept''"}'),
	('crm.empty', '{"customer": "=customer", "words": "=title"}')) AS t (tab, mapping) \g /dev/null
CREATE TABLE crm.child (more int) INHERITS (crm.empty);
INSERT INTO crm.child VALUES (1, 'kinds child', 'We do not come.', 1);
CALL trust_ledger.import_table('"Über: Tab"."My ""Deal"');
CALL trust_ledger.import_table('crm.parted');
CALL trust_ledger.import_table('crm.typed');
CALL trust_ledger.import_table('crm.empty');
SELECT results_eq($$SELECT s.source, s.key ~ '^\["1","[0-9a-f-]{36}"\]$' OR s.key IN ('["n","1"]',
	'["s","1"]', '1'), p.customer, p.state, p.words, CASE WHEN source <> 'crm.parted' THEN p.due
	END, p.value, p.made_at < now() - interval '1 year', length(p.purpose)
		FROM trust.source s JOIN trust.promise p USING (customer, promise) WHERE customer ~ '^kinds'
			ORDER BY customer, words$$,
	$$VALUES ('crm.parted' COLLATE "C", true, 'kinds parted' COLLATE "C", 'kept' COLLATE "C",
			'We come north.', NULL::timestamptz, 1::numeric, false, NULL::int),
		('crm.parted', true, 'kinds parted', 'open', 'We come south.', NULL, 1, false, NULL),
		('"Über: Tab"."My ""Deal"', true, 'kinds quoted', 'kept', 'kinds quoted',
			'2099-01-01 22:59:59.999999+00', 1, false, NULL),
		('crm.typed', true, 'kinds typed', 'kept', 'We come.',
			'2024-08-01 21:59:59.999999+00', 1.5, true, 50000)$$,
	'quoted names, columns that were dropped, partitions, domains, enums, generated columns, '
		'long values; a child''s rows are not its parent''s');

-- renamed, or without its triggers: it is read by the recorded mapping, or by its triggers
CREATE FUNCTION read(tab regclass) RETURNS text[]
LANGUAGE sql AS $$ SELECT array_agg(concat_ws(' ', event, key, customer, words, verdict)
	ORDER BY step, key) FROM trust_ledger.read_tracked(tab, trust_ledger.source_of(tab), false) $$;
CREATE FUNCTION read_after(doing text, tab text DEFAULT 'crm.known') RETURNS text[]
LANGUAGE plpgsql AS $$
DECLARE
	found text[];
BEGIN
	EXECUTE doing;
	found := read(tab::regclass);
	RAISE SQLSTATE 'OK000';
EXCEPTION
	WHEN SQLSTATE 'OK000' THEN RETURN found;
	WHEN OTHERS THEN RETURN ARRAY[SQLSTATE];
END
$$;
CREATE TABLE crm.known (id int PRIMARY KEY, customer text, title text, other text, state text);
INSERT INTO crm.known VALUES (1, 'known', 'We come.', 'We call.', 'kept'),
(2, 'known', 'We come soon.', 'We write.', 'sent'), (3, 'known', 'We may come.', 'We.', 'draft');
SELECT trust_ledger.track_table('crm.known',
	'{"customer": "=customer", "words": "=title", "actor": ":crm", "made_when": "state '
	'<> ''draft''", "kept_when": "state = ''kept''"}') \g /dev/null
SELECT is(read_after(doing, tab), expected, doing)
FROM (VALUES ('SELECT 1', 'crm.known',
	'{made 1 known We come.,made 2 known We come soon.,assessed 1 known kept}'::text[]),
	('ALTER TABLE crm.known RENAME TO renamed', 'crm.renamed',
		'{made 1 known We come.,made 2 known We come soon.,assessed 1 known kept}'),
	('ALTER TABLE crm.known SET SCHEMA evil', 'evil.known',
		'{made 1 known We come.,made 2 known We come soon.,assessed 1 known kept}'),
	('ALTER TABLE crm.known RENAME COLUMN state TO status', 'crm.known',
		'{made 1 known We come.,made 2 known We come soon.,assessed 1 known kept}'),
	('ALTER TABLE crm.known RENAME COLUMN id TO nr', 'crm.known',
		'{made 1 known We come.,made 2 known We come soon.,assessed 1 known kept}'),
	('ALTER TABLE crm.known ADD COLUMN x int; ALTER TABLE crm.known DROP COLUMN other', 'crm.known',
		'{made 1 known We come.,made 2 known We come soon.,assessed 1 known kept}'),
	('ALTER TABLE crm.known DISABLE TRIGGER USER', 'crm.known',
		'{made 1 known We come.,made 2 known We come soon.,assessed 1 known kept}'),
	('DO $x$ DECLARE t text; BEGIN FOR t IN SELECT tgname FROM pg_trigger WHERE tgrelid '
		'= ''crm.known''::regclass LOOP EXECUTE format(''DROP TRIGGER %I ON crm.known'', t); '
		'END LOOP; END $x$', 'crm.known',
		'{made 1 known We come.,made 2 known We come soon.,assessed 1 known kept}'),
	('DROP TRIGGER trust_ledger_001_made ON crm.known', 'crm.known',
		'{made 1 known We come.,made 2 known We come soon.,assessed 1 known kept}'),
	('CREATE OR REPLACE TRIGGER trust_ledger_001_made AFTER INSERT ON crm.known FOR EACH ROW '
		'WHEN (false) EXECUTE FUNCTION trust_ledger.track(''made'', ''source:crm.known'', '
		'''customer=customer'', ''words=other'', ''actor:crm'')',
		'crm.known', '{made 1 known We come.,made 2 known We come soon.,assessed 1 known kept}'),
	('CREATE TRIGGER x AFTER INSERT ON crm.known FOR EACH ROW '
		'EXECUTE FUNCTION trust_ledger.track(''accepted'', ''source:crm.known'', ''actor:crm'')',
		'crm.known', '{made 1 known We come.,made 2 known We come soon.,assessed 1 known kept}'),
	('ALTER TABLE crm.known RENAME COLUMN title TO subject', 'crm.known',
		'{made 1 known We come.,made 2 known We come soon.,assessed 1 known kept}'),
	('ALTER TABLE crm.known DROP CONSTRAINT known_pkey', 'crm.known', '{55000}'),
	('SELECT trust_ledger.untrack_table(''crm.known'')', 'crm.known', '{42704}'),
	('SELECT trust_ledger.track_table(''crm.known'', ''{"customer": "=customer", '
		'"words": "=other", "actor": ":crm", "made_when": "state = ''''draft''''"}'')', 'crm.known',
		'{made 3 known We.}')) AS c (doing, tab, expected);
SELECT is_empty('SELECT * FROM trust_ledger.verify()', 'nothing is wrong');

SELECT * FROM finish();
