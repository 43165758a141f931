-- A successor carries its predecessors' evidence of being broken, and not that of being kept.
CREATE EXTENSION pgtap;
CREATE EXTENSION trust_ledger;
SELECT plan(58);

SET timezone = 'UTC';
SET client_min_messages = warning;
SELECT trust_ledger.create_ledger() \g /dev/null
SELECT trust_ledger.grant_access(current_user, 'import') \g /dev/null
\ir ../../helpers/reference_scores.sql
\ir ../../helpers/evidence.sql
\ir ../../helpers/without_guards.sql
CREATE ROLE login_1;
CREATE ROLE login_2;
CREATE ROLE login_3;
SELECT trust_ledger.register_actor('anna', 'human'),
	trust_ledger.register_actor('carl', 'human', speaks_for => 'customer') \g /dev/null

-- Registers a human or an agent of a customer, who has so many promises that were kept and that
-- were broken.
CREATE PROCEDURE human(actor text, login text, kept int, broken int, since timestamptz DEFAULT NULL)
LANGUAGE plpgsql AS $$
BEGIN
	PERFORM trust_ledger.register_actor(actor, 'human', db_role => login);
	PERFORM trust_ledger.assess_promise(m.promise,
			CASE WHEN n <= kept THEN 'kept' ELSE 'broken' END,
			actor => 'carl', occurred_at => since)
		FROM generate_series(1, kept + broken) AS n,
			trust_ledger.make_promise('c', 'w ' || n, actor => human.actor,
				occurred_at => since) AS m;
END
$$;
CREATE PROCEDURE customer(customer text, agent text, login text, kept int, broken int)
LANGUAGE plpgsql AS $$
BEGIN
	PERFORM trust_ledger.assess_promise(m.promise,
			CASE WHEN n <= kept THEN 'kept' ELSE 'broken' END,
			actor => 'carl')
		FROM generate_series(1, kept + broken) AS n,
			trust_ledger.make_promise(customer.customer, 'w ' || n, actor => 'anna') AS m;
	PERFORM trust_ledger.register_actor(agent, 'human', speaks_for => 'customer',
		customer => customer, db_role => login);
END
$$;

-- What a score is as each function and view says it.
CREATE FUNCTION told(by text, key text, OUT score text, OUT explained text, OUT trend text,
	OUT in_view text) LANGUAGE plpgsql AS $$
BEGIN
	score := CASE by WHEN 'customer' THEN evidence(trust_ledger.customer_score(key), 5)
		WHEN 'promiser' THEN evidence(trust_ledger.promiser_score(key), 5) END;
	SELECT evidence(coalesce(trust_ledger.sum(e.score), 'empty'), 5) INTO explained
		FROM trust_ledger.explain_trust(by, key) AS e;
	SELECT evidence(t.score, 5) INTO trend FROM trust_ledger.trust_trend(by, '1 day',
		now() - interval '1 day', of_key => key) AS t;
	EXECUTE format('SELECT evidence(score, 5) FROM trust.%I_trust WHERE %1$I = $1', by) INTO in_view
		USING key;
END
$$;

-- ---- actors ----

CALL human('rep', 'login_1', 2, 3);
SELECT trust_ledger.retire_actor('rep') \g /dev/null
CALL human('again', 'login_1', 1, 0);
SELECT results_eq($$SELECT * FROM told('promiser', 'rep')$$,
	$$VALUES ('2:3', '2:3', '2:3', '2:3')$$, 'the record of a retired actor');
SELECT results_eq($$SELECT * FROM told('promiser', 'again')$$,
	$$VALUES ('1:3', '1:3', '1:3', '1:3')$$, 'another actor with the same login');
SELECT results_eq($$SELECT * FROM told('backer', 'again')$$,
	$$VALUES (NULL, '1:3', '1:3', '1:3')$$, 'the same as a backer');
SELECT is((SELECT (kept, broken, promises)::text FROM trust.promiser_trust
	WHERE promiser = 'again'), '(1,0,1)', 'numbers of promises are its own');
SELECT is((SELECT array_agg(DISTINCT (promiser, weight_kept, weight_broken)::text)
	FROM trust_ledger.explain_trust('promiser', 'again')), '{"(again,1,0)","(rep,0,1)"}',
	'whose promises they are');
SELECT is((SELECT sum(kept) FROM trust_ledger.trust_trend('promiser', '1 day',
	now() - interval '1 day', of_key => 'again')), 1::numeric, 'a trend counts its own promises');

-- A login that changed hands before: neither giving it up nor another one in between helps.
SELECT trust_ledger.register_actor('again', 'human', db_role => 'login_2') \g /dev/null
SELECT trust_ledger.register_actor('again', 'human') \g /dev/null
CALL human('third', 'login_2', 0, 1);
SELECT results_eq($$SELECT * FROM told('promiser', 'third')$$,
	$$VALUES ('0:4', '0:4', '0:4', '0:4')$$, 'a login that was given up');
SELECT trust_ledger.register_actor('third', 'human') \g /dev/null
SELECT is((told('promiser', 'third')).score, '0:4', 'giving up the login sheds nothing');
SELECT is((told('promiser', 'rep')).score, '2:3', 'nothing goes back to a predecessor');
SELECT is(evidence(trust_ledger.carried_score('promiser', 'third', '180 days'), 5), '0:3',
	'carried_score()');
SELECT is(trust_ledger.carried_score('promiser', 'rep', '180 days')::text, 'empty',
	'of nobody''s successor');
SELECT is(trust_ledger.carried_score('kind', 'third', '180 days')::text, 'empty', 'by kind');
SELECT is(trust_ledger.carried_score('promiser', NULL, '180 days')::text, 'empty', 'of no key');
SELECT throws_ok($$SELECT trust_ledger.carried_score(NULL, 'rep', '180 days')$$, '22004');
SELECT throws_ok($$SELECT trust_ledger.carried_score('promiser', 'rep', NULL)$$, '22004');
SELECT throws_ok($$SELECT trust_ledger.carried_score('promiser', 'rep', '1 month')$$, '22023');
SELECT throws_ok($$SELECT trust_ledger.carried_score('moon', 'rep', '180 days')$$, '22023');

-- A key that was registered before, and waits for its use.
CREATE ROLE login_4;
CALL human('fresh', 'login_4', 0, 0);
SELECT trust_ledger.register_actor('fresh', 'human') \g /dev/null
CALL human('spent', 'login_4', 0, 2);
SELECT trust_ledger.retire_actor('spent') \g /dev/null
CALL human('fresh', 'login_4', 1, 0);
SELECT results_eq($$SELECT * FROM told('promiser', 'fresh')$$,
	$$VALUES ('1:2', '1:2', '1:2', '1:2')$$, 'a key in reserve');

-- A declared successor, also one who then retires in favour of the first.
CALL human('ada', NULL, 4, 2);
CALL human('ben', NULL, 0, 1);
SELECT trust_ledger.retire_actor('ada', successor => 'ben') \g /dev/null
SELECT is((told('promiser', 'ben')).score, '0:3', 'a declared successor');
SELECT trust_ledger.register_actor('ada', 'human', returns => true) \g /dev/null
SELECT is((told('promiser', 'ben')).score, '0:3', 'the predecessor''s return sheds nothing');
SELECT trust_ledger.retire_actor('ben', successor => 'ada') \g /dev/null
SELECT results_eq($$SELECT (told('promiser', key)).* FROM unnest('{ada,ben}'::text[]) AS key$$,
	$$VALUES ('4:3', '4:3', '4:3', '4:3'), ('0:3', '0:3', '0:3', '0:3')$$,
	'each one after the other: each promise once');

-- What a predecessor promises after the hand-over is its own, also along a chain.
CALL human('stands in', NULL, 1, 0);
CALL human('away', NULL, 0, 1);
SELECT trust_ledger.retire_actor('away', successor => 'stands in') \g /dev/null
SELECT trust_ledger.register_actor('away', 'human', returns => true) \g /dev/null
CALL human('away', NULL, 0, 4);
SELECT results_eq($$SELECT (told('promiser', key)).*
	FROM unnest('{stands in,away}'::text[]) AS key$$,
	$$VALUES ('1:1', '1:1', '1:1', '1:1'), ('0:5', '0:5', '0:5', '0:5')$$, 'who returns');
CALL human('next', NULL, 1, 0);
SELECT trust_ledger.retire_actor('stands in', successor => 'next') \g /dev/null
SELECT trust_ledger.register_actor('stands in', 'human', returns => true) \g /dev/null
SELECT trust_ledger.retire_actor('away', successor => 'stands in') \g /dev/null
SELECT results_eq($$SELECT * FROM told('promiser', 'next')$$,
	$$VALUES ('1:1', '1:1', '1:1', '1:1')$$, 'whom they follow later');
SELECT is((told('promiser', 'stands in')).score, '1:5', 'carries it all');

-- Machines, and what only is overdue.
SELECT trust_ledger.register_actor('bot', 'ai', responsible => 'anna', model => 'm',
	db_role => 'login_3'), trust_ledger.set_policy('ai', promiser_kind => 'ai',
	evidence => 'asserted') \g /dev/null
SELECT trust_ledger.back_promise(m.promise, actor => 'anna', occurred_at => now() - interval
	'3 days') FROM trust_ledger.make_promise('c', 'w', actor => 'bot', due => now() - interval
	'1 day', occurred_at => now() - interval '4 days') AS m \g /dev/null
SELECT trust_ledger.retire_actor('bot') \g /dev/null
SELECT trust_ledger.register_actor('bot 2', 'ai', responsible => 'anna', model => 'm',
	db_role => 'login_3') \g /dev/null
SELECT trust_ledger.make_promise('c', 'w', actor => 'bot 2') \g /dev/null
SELECT results_eq($$SELECT * FROM told('promiser', 'bot 2')$$,
	$$VALUES ('0:1', '0:1', '0:1', '0:1')$$, 'an overdue promise of a machine before it');
SELECT is((SELECT overdue FROM trust.promiser_trust WHERE promiser = 'bot 2'), 0::bigint,
	'is counted with that machine');

-- ---- customers ----

CALL customer('acme', 'acme agent', 'login_1', 1, 2);
CALL customer('acme ltd', 'acme agent', NULL, 0, 0);
SELECT is((told('customer', 'acme ltd')).score, '0:2', 'a new key for the customer of an agent');
CALL customer('acme inc', 'other agent', NULL, 3, 0);
SELECT is((told('customer', 'acme inc')).score, '3:0', 'another agent');
SELECT trust_ledger.retire_actor('acme agent') \g /dev/null
SELECT is((told('customer', 'acme inc')).score, '3:0', 'who is not the first one''s successor');
CALL customer('acme inc', 'other agent', 'login_1', 0, 0);
SELECT results_eq($$SELECT * FROM told('customer', 'acme inc')$$,
	$$VALUES ('3:2', '3:2', '3:2', '3:2')$$, 'until it has the login of the first one');
SELECT is((told('customer', 'acme')).score, '1:2', 'the customer before');
CALL customer('bolt 2', 'bolt agent', NULL, 1, 0);
CALL customer('bolt', 'bolt agent', NULL, 0, 2);
CALL customer('bolt 2', 'bolt agent', NULL, 0, 0);
SELECT is((told('customer', 'bolt 2')).score, '1:2', 'a key of a customer in reserve');
SELECT is((told('kind', 'any')).in_view, NULL, 'nothing goes to a kind');
SELECT is((SELECT count(*) FROM trust.customer_trust WHERE customer = 'acme ltd'), 0::bigint,
	'a customer without promises has no row');

-- ---- what was known when ----

CALL human('old', NULL, 0, 2, now() - interval '10 days');
CALL human('new', NULL, 1, 0, now() - interval '10 days');
SELECT clock_timestamp() AS before \gset
SELECT trust_ledger.retire_actor('old', successor => 'new') \g /dev/null
SELECT is(evidence(trust_ledger.promiser_score('new', known_at => :'before'), 1), '1:0',
	'before it was recorded');
SELECT is(evidence(trust_ledger.promiser_score('new', as_of => :'before'), 1), '1:0',
	'as of before');
SELECT is(evidence(trust_ledger.promiser_score('new', clock_timestamp(), clock_timestamp()), 1),
	'1:1.9', 'as of now');
SELECT results_eq($$SELECT (evidence(score, 1)) FROM trust_ledger.trust_trend('promiser', '1 day',
	now() - interval '2 days', of_key => 'new')$$, $$VALUES ('1:0'), ('1:1.9')$$,
	'a trend of the days before');

-- A registration that is rolled back leaves nothing in the cache.
BEGIN;
SAVEPOINT s;
SELECT trust_ledger.retire_actor('new', successor => 'anna') \g /dev/null
SELECT is(evidence(trust_ledger.carried_score('promiser', 'anna', '180 days'), 1), '0:1.9',
	'within a transaction');
ROLLBACK TO s;
SELECT is(trust_ledger.carried_score('promiser', 'anna', '180 days')::text, 'empty',
	'after a rollback to a savepoint');
SELECT trust_ledger.retire_actor('new', successor => 'anna') \g /dev/null
SELECT is(evidence(trust_ledger.carried_score('promiser', 'anna', '180 days'), 1), '0:1.9',
	'again');
ROLLBACK;
SELECT is(trust_ledger.carried_score('promiser', 'anna', '180 days')::text, 'empty',
	'after a rollback');

-- ---- a slow way ----

TRUNCATE course;
INSERT INTO course SELECT * FROM reference_course;
SELECT is(differ, 0::bigint, format('trends by %s, %s: %s', by, basis, example))
FROM unnest('{customer,promiser,backer}'::text[]) AS by, unnest('{occurred,recorded}'::text[])
	AS basis, trend_differs(by, '5 hours', now() - interval '5 days', now(), basis);
SELECT is(differ, 0::bigint, format('views by %s: %s', by, example))
FROM unnest('{customer,promiser,backer}'::text[]) AS by, view_differs(by);
SELECT is(sum(differ), 0::numeric, format('scores by %s: %s', by, min(example)))
FROM unnest('{customer,promiser,backer}'::text[]) AS by,
	unnest(ARRAY[now(), :'before'::timestamptz]) AS known, scores_differ(by, now(), known, 1000)
GROUP BY by;
-- An old half-life, which stored scores still have.
SELECT trust_ledger.set_ledger(half_life => '10 days') \g /dev/null
SELECT is(evidence(trust_ledger.promiser_score('new'), 1), '0.5:1', 'another half-life');
SELECT is(evidence(trust_ledger.customer_score('acme inc'), 3), '3:2', 'of a customer');

SELECT is_empty('SELECT * FROM trust_ledger.verify()', 'the ledger is sound');

-- Sixty days ago the predecessors broke their promises, and later they kept them: rounding leaves
-- nothing behind. The times are made up, and the chain is no longer sound.
SELECT trust_ledger.register_actor(who || i, 'human'),
	trust_ledger.make_promise('past', who || i, actor => who || i)
FROM generate_series(1, 3) i, unnest('{from,to}'::text[]) who \g /dev/null
SELECT trust_ledger.retire_actor('from' || i, successor => 'to' || i) FROM generate_series(1, 3) i
	\g /dev/null
SELECT trust_ledger.assess_promise(promise, verdict, actor => 'carl')
FROM unnest('{broken,kept}'::text[]) verdict, trust.promise WHERE promiser LIKE 'from_'
	\g /dev/null
SELECT without_guards($$UPDATE trust.entry SET occurred_at = past, recorded_at = past
	FROM (SELECT customer, seq, now() + interval '1 hour' * seq - interval '1 day' * CASE
		WHEN event = 'made' THEN 90 WHEN event = 'actor_retired' THEN 80
		WHEN verdict = 'broken' THEN 60 ELSE 10 END AS past FROM trust.entry
		WHERE customer = 'past' OR event = 'actor_retired') e
	WHERE entry.customer = e.customer AND entry.seq = e.seq$$) \g /dev/null
SELECT results_eq($$SELECT DISTINCT ON (key) score::text FROM trust_ledger.trust_trend('promiser',
	'5 hours', now() - interval '85 days') WHERE key LIKE 'to_' ORDER BY key, step_from DESC$$,
	$$VALUES ('empty'), ('empty'), ('empty')$$, 'what is kept later leaves nothing');
SELECT finish();
