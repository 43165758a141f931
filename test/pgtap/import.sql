-- Taking in the rows that a table held before it was tracked: what is written, in which order, by whom, and what not.
CREATE EXTENSION pgtap;
CREATE EXTENSION trust_ledger;
SELECT trust_ledger.create_ledger(), trust_ledger.set_ledger(zone => 'Europe/Berlin') \g /dev/null

\ir ../data/outcome.sql
\ir ../data/random_rows.sql

CREATE ROLE crm_owner;
CREATE ROLE importer;
CREATE ROLE app;
CREATE ROLE blind;
SELECT trust_ledger.grant_access(role, level) FROM (VALUES ('importer', 'import'), ('app', 'application'), ('blind', 'import'), ('crm_owner', 'application')) AS g (role, level) \g /dev/null
GRANT USAGE ON SCHEMA crm TO importer, app, blind;
GRANT ALL ON SCHEMA crm TO crm_owner;
ALTER TABLE crm.deal OWNER TO crm_owner;
GRANT SELECT ON crm.deal TO importer, app;
GRANT SELECT, INSERT, DELETE ON stands_for TO importer;
GRANT SELECT ON trust.promise TO importer;
SET client_min_messages = error;
SELECT no_plan();

-- ---- random rows: as if the functions had been called, customer by customer in the order of time

-- Of two years; some say what cannot be, and some have no time.
CREATE FUNCTION old_row(id int) RETURNS crm.deal
LANGUAGE sql AS $$
	SELECT jsonb_populate_record(random_row(id), jsonb_strip_nulls(jsonb_build_object(
		'status', any_of('draft', 'sent', 'sent', 'kept', 'kept', 'partly', 'broken', 'repaired', 'late', 'void'), 'answer', any_of('yes', 'signed', 'no', NULL, NULL), 'wait', any_of('true', NULL, NULL),
		'met', any_of('true', 'false', NULL), 'backer', any_of('anna', NULL, NULL), 'why', any_of('so', NULL), 'owner', any_of('anna', 'ben', 'bot', 'zed', NULL, NULL), 'title', any_of('We come.', 'We come.', 'We come soon.', ''),
		'made_at', CASE WHEN random() < 0.9 THEN made END, 'done_at', CASE WHEN random() < 0.9 THEN made + interval '1 hour' * floor(random() * 400 - 2) END,
		'due', CASE WHEN random() < 0.7 THEN made + interval '1 hour' * floor(random() * 400 - 2) END, 'call_on', CASE WHEN random() < 0.5 THEN made::date + floor(random() * 30)::int END))
		|| CASE WHEN random() < 0.03 THEN '{"customer": null}' ELSE '{}'::jsonb END)
	FROM (SELECT date_trunc('hour', now()) - interval '1 hour' * floor(random() * 17000) AS made) AS m
$$;
SELECT setseed(0.25) \g /dev/null
INSERT INTO crm.deal SELECT (old_row(g)).* FROM generate_series(1, 600) AS g;
-- some that are open still
UPDATE crm.deal SET status = 'sent', wait = id % 20 < 10, answer = CASE WHEN id % 20 > 10 THEN 'yes' END, due = date_trunc('hour', now()) + '30 days', longest = '3 days', owner = NULL, kind = 'repair', amount = 10, currency = 'EUR', title = 'We come.'
WHERE id % 10 = 1;
UPDATE crm.deal SET owner = nullif(owner, 'bot'), kind = 'repair', amount = 10, currency = 'EUR' WHERE id % 10 > 4;
SELECT trust_ledger.track_table('crm.deal', mapping()) \g /dev/null

-- By hand: each row's events in the order of its triggers, none before the one that comes before it.
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
		FROM crm.deal d, unnest('{call,delivery}'::text[]) AS name, unnest('made'::text || says(d, name)) AS event
		WHERE makes(d, name) AND event NOT IN ('backed', 'backing_withdrawn', 'resumed')
		ORDER BY d.customer COLLATE "C", CASE WHEN event = 'made' THEN coalesce(d.made_at, 'infinity') ELSE greatest(coalesce(d.made_at, 'infinity'), coalesce(d.done_at, 'infinity')) END, name,
			array_position('{made,accepted,paused,breach_admitted,kept,partly_kept,broken,breach_repaired,withdrawn,released}', event), d.id::text COLLATE "C"
	LOOP
		PERFORM play_imported(e.d, e.name, e.event);
	END LOOP;
END
$$;

SET ROLE importer;
CALL trust_ledger.import_table('crm.deal');
SELECT play_import() \g /dev/null
RESET ROLE;
SELECT is_empty('SELECT * FROM differing ORDER BY customer, seq', 'rows of a table: entries and promises as by the functions');
SELECT set_eq('SELECT key, name, customer FROM trust.tracked_row', 'SELECT id::text, name, customer FROM stands_for', 'each row stands for its promise');
SELECT is(array_agg(DISTINCT entry ->> 'event'), '{accepted,assessed,breach_admitted,breach_repaired,made,paused,released,withdrawn}', 'events of each kind, but backings') FROM by_triggers;
SELECT ok(count(*) > 20, event || ', backfilled') FROM by_triggers, LATERAL (SELECT entry ->> 'event') AS e (event) WHERE (entry ->> 'backfilled')::bool AND event IN ('made', 'assessed') GROUP BY event ORDER BY event;
SELECT is_empty($$SELECT seq FROM trust.entry WHERE promise IS NOT NULL AND backfilled <> (occurred_at < recorded_at - (SELECT lag FROM trust.ledger))$$, 'what is longer ago than the lag, and nothing else');
SELECT is_empty($$SELECT * FROM (SELECT customer, e.seq, occurred_at, lag(occurred_at) OVER (PARTITION BY customer ORDER BY e.seq) AS before FROM trust.entry e WHERE event = 'made' AND customer !~ '^m ') AS t WHERE occurred_at < before$$,
	'customer by customer in the order of time');
CREATE FUNCTION rounded(score trust_ledger.trust_score) RETURNS numeric[]
LANGUAGE sql AS $$ SELECT array_agg(round(n, 6)) FROM unnest((regexp_match(score::text, '^\(([\d.e-]+),([\d.e-]+),'))::numeric[]) AS n $$;
SELECT is(rounded(trust_ledger.customer_score(customer)), rounded(trust_ledger.customer_score('m ' || customer)), 'the score of ' || customer) FROM unnest('{a,b,c,é}'::text[]) AS customer;
SELECT is_empty('SELECT * FROM trust_ledger.verify()', 'nothing is wrong');
SELECT is((SELECT count(*) FROM trust.entry WHERE customer IN ('a', 'b', 'c', 'é') AND (event ~ 'back' OR backer IS NOT NULL)), 0::bigint, 'nobody stands behind any of them');
SELECT is(array_agg(DISTINCT concat_ws(' ', login, role, actor, evidence) COLLATE "C"), '{postgres importer crm asserted,postgres importer erp asserted,postgres importer shop asserted}', 'by whom') FROM trust.entry WHERE customer IN ('a', 'b', 'c', 'é');

-- ---- how many at once

CREATE PROCEDURE take(tab text, at_once int)
LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('CREATE TABLE crm.%I (LIKE crm.deal INCLUDING ALL)', tab);
	EXECUTE format('INSERT INTO crm.%I SELECT (jsonb_populate_record(d, jsonb_build_object(''customer'', %L || d.customer))).* FROM crm.deal d WHERE id <= 200', tab, tab || ' ');
	PERFORM trust_ledger.track_table(format('crm.%I', tab)::regclass, mapping());
	CALL trust_ledger.import_table(format('crm.%I', tab)::regclass, at_once);
END
$$;
SELECT trust_ledger.grant_access('postgres', 'import') \g /dev/null
CALL take('one', 1);
CALL take('seven', 7);
CALL take('every', 100000);
CREATE VIEW taken AS
SELECT split_part(e.customer, ' ', 1) AS tab, split_part(e.customer, ' ', 2) AS customer, e.seq, e.xmin::text AS transaction, bare(to_jsonb(e)) AS entry,
	(SELECT bare(to_jsonb(p)) FROM trust.promise p WHERE (p.customer, p.promise) = (e.customer, e.promise)) AS promise
FROM trust.entry e WHERE e.customer ~ '^(one|seven|every) ';
SELECT ok(count(*) > 200, 'by one at once: enough entries') FROM taken WHERE tab = 'one';
SELECT results_eq(format('SELECT customer, seq, entry, promise FROM taken WHERE tab = %L ORDER BY 1, 2', tab), 'SELECT customer, seq, entry, promise FROM taken WHERE tab = ''one'' ORDER BY 1, 2', 'the same: ' || tab)
FROM unnest('{seven,every}'::text[]) AS tab;
SELECT is(count(DISTINCT transaction), expected, 'transactions: ' || c.tab) FROM (VALUES ('one', 4), ('seven', 4), ('every', 1::bigint)) AS c (tab, expected) JOIN taken USING (tab) GROUP BY c.tab, expected ORDER BY c.tab;
SELECT is(outcome('CALL trust_ledger.import_table(''crm.one'', ' || at_once || ', true)'), expected, 'at once: ' || at_once) FROM (VALUES (1, 'ok'), (0, '22023'), (-7, '22023'), (2147483647, 'ok')) AS c (at_once, expected);

-- ---- again: nothing is doubled, whatever became of it since

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
SELECT is(added('CALL trust_ledger.import_table(''crm.one'', in_one_transaction => true)'), 0::bigint, 'again: nothing');
SELECT trust_ledger.register_actor('carl', 'human', speaks_for => 'customer') \g /dev/null
SELECT count(*) AS otherwise FROM (SELECT trust_ledger.assess_promise(p.promise, CASE p.state WHEN 'kept' THEN 'broken' ELSE 'kept' END, actor => 'carl') FROM trust.promise p WHERE starts_with(customer, 'one ') AND state IN ('kept', 'partly_kept', 'broken')) AS x \gset
SELECT ok(:otherwise > 10, 'the customer says otherwise');
SELECT count(*) AS resumed FROM (SELECT trust_ledger.resume_promise(p.promise, actor => 'crm') FROM trust.promise p WHERE starts_with(customer, 'one ') AND paused_at IS NOT NULL AND state IN ('proposed', 'open')) AS x \gset
SELECT ok(:resumed > 0, 'what was paused goes on');
SELECT count(*) AS amended FROM (SELECT trust_ledger.amend_promise(p.promise, words => 'We come later.', actor => CASE WHEN accepted_at IS NULL THEN 'crm' ELSE 'shop' END) FROM trust.promise p
	WHERE starts_with(customer, 'one ') AND state = 'open' AND paused_at IS NULL AND overdue_at > now()) AS x \gset
SELECT ok(:amended > 0, 'what is open is amended');
SELECT is(added('CALL trust_ledger.import_table(''crm.one'', in_one_transaction => true)'), 0::bigint, 'and again: nothing');
SELECT is(added('CALL trust_ledger.import_table(''crm.deal'', 3, true)'), 0::bigint, 'nor in another number at once');

-- ---- broken off half-way: the rest is taken, and no more

CREATE PROCEDURE take_part(tab text, VARIADIC conditions text[])
LANGUAGE plpgsql AS $$
DECLARE
	condition text;
BEGIN
	EXECUTE format('CREATE TABLE crm.%I (LIKE crm.deal INCLUDING ALL)', tab);
	EXECUTE format('INSERT INTO crm.%I SELECT (jsonb_populate_record(d, jsonb_build_object(''customer'', %L || d.customer))).* FROM crm.deal d WHERE id <= 200', tab, tab || ' ');
	PERFORM trust_ledger.track_table(format('crm.%I', tab)::regclass, mapping());
	FOREACH condition IN ARRAY conditions LOOP
		EXECUTE format('SELECT trust_ledger.import_rows(%L, array_agg(m ORDER BY step, key)) FROM trust_ledger.read_tracked(%L, %1$L, false) AS m WHERE %3$s', 'crm.' || tab, 'crm.' || tab, condition);
	END LOOP;
	CALL trust_ledger.import_table(format('crm.%I', tab)::regclass);
END
$$;
CALL take_part('half', 'key::int < 100');
CALL take_part('made', 'event = ''made''');
CALL take_part('mixed', 'event = ''made'' AND key::int % 3 = 0', 'event IN (''made'', ''accepted'') AND key::int % 2 = 0', 'event = ''assessed''');
CREATE FUNCTION says_of(tab text) RETURNS TABLE (key text, name text, entries text[])
LANGUAGE sql AS $$
	SELECT s.key, s.name, (SELECT array_agg(concat_ws(' ', e.event, e.verdict, e.words) ORDER BY e.event, e.verdict) FROM trust.entry e WHERE (e.customer, e.promise) = (s.customer, s.promise))
	FROM trust.source s WHERE s.source = 'crm.' || tab
$$;
SELECT set_eq(format('SELECT * FROM says_of(%L)', tab), 'SELECT * FROM says_of(''every'')', 'as if it had been taken as a whole: ' || tab) FROM unnest('{half,made,mixed}'::text[]) AS tab;
SELECT is_empty('SELECT * FROM trust_ledger.verify()', 'nothing is wrong');
