-- trust.chain.score: the score that every append keeps up to date, compared with the sum over
-- trust.promise.

BEGIN;
CREATE EXTENSION pgtap;
SELECT plan(88);
CREATE EXTENSION trust_ledger;
SELECT trust_ledger.create_ledger();
SELECT trust_ledger.grant_access('postgres', 'import');
SELECT trust_ledger.register_actor('anna', 'human');
SELECT trust_ledger.register_actor('ben', 'human');
SELECT trust_ledger.register_actor('bot', 'ai', responsible => 'ben', model => 'm');
SELECT trust_ledger.register_actor('erp', 'system', speaks_for => 'record', responsible => 'anna');
SELECT trust_ledger.register_actor('carl', 'human', speaks_for => 'customer');
SELECT trust_ledger.register_actor('agent', 'ai', speaks_for => 'customer', responsible => 'carl',
	model => 'm');

\ir ../../helpers/any_of.sql
\ir ../../helpers/promises.sql

-- The score of a customer as it is stored, and as the sum over its promises.
CREATE VIEW stored AS
	SELECT customer, trust_ledger.kept(score) AS kept, trust_ledger.broken(score) AS broken,
		trust_ledger.as_of(score) AS instant, trust_ledger.half_life(score) AS half_life
	FROM trust.chain WHERE customer <> '';
CREATE FUNCTION faded(older interval, half_life interval) RETURNS float8 IMMUTABLE LANGUAGE sql
	RETURN 2::float8 ^ (extract(epoch FROM older) / extract(epoch FROM half_life))::float8;
CREATE FUNCTION fresh(half_life interval, as_of timestamptz DEFAULT NULL) RETURNS
	TABLE (customer text, kept float8, broken float8, instant timestamptz, half_life interval)
STABLE LANGUAGE sql AS $$
	SELECT p.customer, sum(weight_kept / 1000.0 * faded(settled_at - coalesce($2, last), $1)),
		sum(weight_broken / 1000.0 * coalesce(faded(broken_at - coalesce($2, last), $1), 1)),
		coalesce($2, last), $1
	FROM trust.promise p, LATERAL (SELECT max(greatest(settled_at, broken_at)) FROM trust.promise o
		WHERE o.customer = p.customer AND o.weight_kept IS NOT NULL) AS l (last)
	WHERE weight_kept IS NOT NULL GROUP BY p.customer, last
$$;
-- Customers whose stored score is not that sum, to 1e-9 of the evidence, with both.
CREATE FUNCTION wrong(of_half_life interval DEFAULT '180 days') RETURNS TABLE (customer text,
	scores text) STABLE LANGUAGE sql AS $$
	SELECT customer, concat_ws(' ', s, f) FROM stored s FULL JOIN fresh(of_half_life) f USING
		(customer)
	WHERE (f.customer IS NULL AND (s.kept, s.broken, s.instant) IS DISTINCT
		FROM (0::float8, 0::float8, NULL::timestamptz))
		OR (f.customer IS NOT NULL AND ((s.instant, s.half_life) IS DISTINCT
			FROM (f.instant, f.half_life)
			OR (abs(s.kept - f.kept) <= 1e-9 * (f.kept + f.broken) AND abs(s.broken - f.broken)
				<= 1e-9 * (f.kept + f.broken)) IS NOT TRUE))
$$;

-- ---- what each verdict and word weighs

-- Makes a promise to a customer of its own a hundred days ago, due fifty days ago if late, and then
-- these calls, in which %L is the promise. Returns the score, and how many days old it is.
CREATE FUNCTION weighs(customer text, late boolean, calls text[]) RETURNS text LANGUAGE
	plpgsql AS $$
DECLARE
	promise CONSTANT uuid := new_promise(NULL, '100 days', CASE WHEN late THEN '50 days'
		END::interval, customer => customer, actor => 'anna');
	call text;
BEGIN
	FOREACH call IN ARRAY calls LOOP
		EXECUTE 'SELECT trust_ledger.' || format(call, promise);
	END LOOP;
	RETURN (SELECT concat_ws(' ', kept, broken, round(extract(epoch FROM now() - instant) / 86400))
		FROM stored s WHERE s.customer = weighs.customer);
END
$$;
-- Verdicts as they are written below: who, what, how many days ago.
CREATE FUNCTION verdicts(said text) RETURNS text[] LANGUAGE sql AS $$
	SELECT array_agg(CASE w[2]
		WHEN 'withdraws'
			THEN format('withdraw_promise(%%L, actor => %L, occurred_at => now() - interval ''%s '
			'days'')', w[1], w[3])
		WHEN 'releases'
			THEN format('release_promise(%%L, actor => %L, occurred_at => now() - interval ''%s '
			'days'')', w[1], w[3])
		WHEN 'accepts'
			THEN format('accept_promise(%%L, actor => %L, occurred_at => now() - interval ''%s '
			'days'')', w[1], w[3])
		WHEN 'amends'
			THEN format('amend_promise(%%L, ''x'', actor => %L, occurred_at => now() - '
			'interval ''%s days'')', w[1], w[3])
		ELSE format('assess_promise(%%L, %L, %s, actor => %L, occurred_at => now() - interval ''%s '
			'days'')', split_part(w[2], ':', 1), (w[2] ~ ':relayed')::text, w[1], w[3]) END
			ORDER BY n)
	FROM regexp_split_to_table(said, ', ') WITH ORDINALITY AS u (v, n),
		LATERAL (SELECT regexp_split_to_array(v, ' ')) AS s (w)
$$;
SELECT is(weighs(format('%s %s', said, late), late, verdicts(said)), expected, said || CASE
	WHEN late THEN ', past due' ELSE '' END)
FROM (VALUES
	-- the customer's or a record's word, the company's, the customer's relayed
	('carl kept 9', false, '1 0 9'), ('agent kept 9', false, '1 0 9'),
	('erp kept 9', false, '1 0 9'), ('anna kept 9', false, '0.5 0 9'),
	('bot kept 9', false, '0.5 0 9'),
	('ben kept:relayed 9', false, '0.5 0 9'), ('carl partly_kept 9', false, '0.5 0.5 9'),
	('erp partly_kept 9', false, '0.5 0.5 9'), ('anna partly_kept 9', false, '0.5 0.5 9'),
	('ben partly_kept:relayed 9', false, '0.5 0.5 9'), ('carl broken 9', false, '0 1 9'),
	('erp broken 9', false, '0 1 9'), ('anna broken 9', false, '0 1 9'),
	('anna broken:relayed 9', false, '0 1 9'), ('carl kept 9', true, '1 0 9'),
	('anna kept 99', true, '0.5 0 99'),
	-- an act without a verdict weighs nothing; withdrawing after acceptance or due is broken
	('carl accepts 9', false, '0 0'), ('anna amends 9', false, '0 0'),
	('anna withdraws 9', false, '0 0'), ('carl releases 9', false, '0 0'),
	('carl releases 9', true, '0 0'),
	('anna withdraws 60', true, '0 0'), ('anna withdraws 9', true, '0 1 9'),
	('carl accepts 60, anna withdraws 9', false, '0 1 9'),
	('carl accepts 60, carl releases 9', true, '0 0'),
	-- a higher or equal word replaces a verdict, a lower one does not; kept counts from the first
	-- verdict, broken from the one that last raised it
	('anna kept 9, erp kept 8', false, '1 0 9'), ('anna kept 9, erp broken 8', false, '0 1 8'),
	('anna broken 9, carl kept 8', false, '1 0 9'),
	('anna broken 9, carl partly_kept 20', false, '0.5 0.5 9'),
	('erp kept 9, anna broken 8', false, '1 0 9'), ('carl kept 9, erp broken 8', false, '1 0 9'),
	('carl broken 9, carl kept 1', false, '1 0 9'),
	('erp broken 9, ben kept:relayed 1', false, '0 1 9'),
	('erp kept 9, ben broken:relayed 1', false, '0 1 1'),
	('ben broken:relayed 9, erp kept 1', false, '0 1 9'),
	('ben broken:relayed 9, carl kept 1', false, '1 0 9'),
	('anna kept 9, ben broken 8, anna partly_kept 7, erp kept 6, carl partly_kept 5, agent broken '
		'4, carl kept 90', false, format('%s 0 4', 2 ^ (-5 / 180.0::float8))),
	('anna withdraws 9, anna kept 8', true, '0 1 9'),
	('anna withdraws 9, erp kept 8', true, '1 0 9'),
	('anna withdraws 9, carl partly_kept 49', true, '0.5 0.5 9'),
	-- repeating a verdict does not refresh it
	('carl kept 90, carl kept 1', false, '1 0 90'),
	('carl broken 90, carl broken 1, agent broken 0', false, '0 1 90'),
	('anna kept 90, carl kept 1', false, '1 0 90')) AS v (said, late, expected);
SELECT is_empty('SELECT * FROM wrong()', 'each is the fresh fold');
SELECT is((SELECT score::text FROM trust.chain WHERE customer = ''),
	'empty', 'governance has no score');
SELECT set_eq('SELECT DISTINCT half_life FROM stored', $$VALUES (interval '180 days'), (NULL)$$,
	'all of the ledger''s half-life');

-- What a verdict weighs is fixed when it is given.
SELECT weighs('fixed', false, verdicts('anna kept 9'));
SELECT trust_ledger.set_ledger(weights => (SELECT weights
	|| '{"kept": [900, 10], "kept_by_company": [600, 20]}' FROM trust.ledger));
SELECT is((SELECT (kept, broken)::text FROM stored WHERE customer = 'fixed'), '(0.5,0)',
	'new weights change nothing that was said');
SELECT is(weighs('after', false, verdicts('anna kept 9')), '0.6 0.02 9',
	'they hold for what is said from now on');
SELECT trust_ledger.assess_promise(promise, 'kept', actor => 'carl', occurred_at => now())
	FROM trust.promise WHERE customer IN ('fixed', 'after');
SELECT is((SELECT string_agg(concat_ws(' ', round(kept::numeric, 9), round(broken::numeric, 9)),
	', ') FROM stored WHERE customer IN ('fixed', 'after')),
	format('%s 0.010000000, 0.900000000 0.010000000', round((0.9 * 2 ^ (-9 / 180.0))::numeric, 9)),
		'also of an older promise, whose old weight goes, and whose new one as broken is of now');
SELECT trust_ledger.set_ledger(weights => (SELECT details -> 'weights' FROM trust.entry
	WHERE customer = '' AND seq = 1));
SELECT is_empty('SELECT * FROM wrong()', 'each is the fresh fold');

-- ---- any verdicts, by anybody, in any order

CREATE TABLE seed AS SELECT random() AS seed;
SELECT setseed(seed) FROM seed;
-- Gives random verdicts on promises of these customers, in random order. Returns how often a score
-- was negative, or as of another instant than the latest at which one of the customer's promises
-- was settled or became broken.
CREATE FUNCTION say_at_random(of_customers text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	p record;
	who text;
	said text;
	relays boolean;
	off bigint := 0;
BEGIN
	FOR p IN SELECT promise, customer, made_at FROM trust.promise WHERE customer ~ of_customers
		AND state NOT IN ('released', 'withdrawn') AND random() < 0.7 ORDER BY random() LOOP
		who := any_of('anna', 'ben', 'bot', 'erp', 'carl', 'agent');
		said := any_of('kept', 'kept', 'partly_kept', 'broken');
		relays := who IN ('anna', 'ben', 'bot') AND random() < 0.4;
		BEGIN
			PERFORM trust_ledger.assess_promise(p.promise, said, relays, actor => who,
				occurred_at => p.made_at + random() * (now() - p.made_at));
		EXCEPTION WHEN SQLSTATE 'TL003' THEN
			-- nobody relays praise of their own promise
		END;
		off := off + (SELECT count(*) FROM stored s WHERE s.customer = p.customer
			AND (kept < 0 OR broken < 0
			OR instant IS DISTINCT FROM (SELECT max(greatest(settled_at, broken_at))
				FROM trust.promise o
				WHERE o.customer = p.customer)));
	END LOOP;
	RETURN off;
END
$$;
SELECT count(trust_ledger.make_promise('random ' || i % 7, 'w', actor => any_of('anna', 'ben',
	'bot'), occurred_at => now() - random() * interval '365 days')) FROM generate_series(1,
	300) AS i;
SELECT is(say_at_random('^random'), 0::bigint,
	format('round %s: never negative, as of the latest settlement; seed %s', round, seed))
	FROM generate_series(1, 6) AS round, seed;
SELECT is_empty('SELECT * FROM wrong()', 'they end where a fresh fold ends; seed ' || seed)
	FROM seed;
SELECT cmp_ok((SELECT count(*) FROM trust.entry WHERE customer ~ '^random' AND event = 'assessed'
	AND NOT stands), '>', 100::bigint, 'many did not stand');
SELECT cmp_ok((SELECT count(*) FROM (SELECT FROM trust.entry WHERE customer ~ '^random'
	AND event = 'assessed' AND stands GROUP BY promise HAVING count(*) > 2) AS r), '>', 50::bigint,
	'many revised others');
SELECT is_empty('SELECT * FROM trust_ledger.verify()', 'verify() folds the same');

-- Everything that was kept becomes broken: rounding never leaves a negative score.
CREATE TABLE taken_back AS SELECT customer, new_promise(made_ago => '300 days',
	customer => customer, actor => 'anna') AS promise FROM generate_series(1, 40) AS i,
	generate_series(1, 5), concat('back ', i) AS customer;
SELECT count(trust_ledger.assess_promise(promise, 'kept', actor => 'carl', occurred_at => now() -
	random() * interval '300 days')) FROM taken_back;
SELECT lives_ok($$SELECT trust_ledger.assess_promise(promise, 'broken', actor => 'carl',
		occurred_at => now())
	FROM (SELECT promise FROM taken_back ORDER BY random()) AS b$$, 'all is taken back; seed '
	|| seed) FROM seed;
SELECT is((SELECT (count(*), min(kept) >= 0, max(kept) < 1e-9)::text FROM stored WHERE customer ~
	'^back'), '(40,t,t)', 'nothing is left of it, and not less; seed ' || seed) FROM seed;
SELECT is_empty('SELECT * FROM wrong() WHERE customer ~ ''^back''', 'but what is broken');

-- Promises that end in time, without a verdict, weigh nothing, however many there are.
CREATE TABLE before AS SELECT customer, score::text FROM trust.chain;
CREATE TABLE many AS SELECT i, new_promise(made_ago => i * interval '1 day', customer => 'random '
	|| i % 7, actor => 'anna') AS promise FROM generate_series(1, 100) AS i;
SELECT count(CASE i % 2 WHEN 0 THEN trust_ledger.withdraw_promise(promise, actor => 'anna')
	ELSE trust_ledger.release_promise(promise, actor => 'carl') END) FROM many;
SELECT set_eq('SELECT customer, score::text FROM trust.chain', 'SELECT * FROM before',
	'a hundred promises withdrawn in time or released weigh nothing');

-- ---- savepoints, and several verdicts in one transaction

SELECT new_promise(made_ago => '30 days', customer => 'saved', actor => 'anna') AS first,
	new_promise(made_ago => '30 days', customer => 'saved', actor => 'anna') AS second \gset
SELECT trust_ledger.assess_promise(:'first', 'kept', actor => 'carl', occurred_at => now() -
	interval '20 days');
SAVEPOINT s;
SELECT trust_ledger.assess_promise(:'first', 'broken', actor => 'carl',
	occurred_at => now() - interval '5 days');
SELECT trust_ledger.assess_promise(:'second', 'kept', actor => 'carl', occurred_at => now());
SELECT is((SELECT (round(kept::numeric, 9), round(broken::numeric, 9), instant = now())::text
	FROM stored WHERE customer = 'saved'),
	format('(1.000000000,%s,t)', round((2 ^ (-5 / 180.0))::numeric, 9)),
		'two verdicts in one transaction');
SELECT is_empty('SELECT * FROM wrong()', 'they fold');
ROLLBACK TO s;
SELECT is((SELECT (kept, broken, instant = now() - interval '20 days')::text FROM stored
	WHERE customer = 'saved'), '(1,0,t)', 'ROLLBACK TO takes both back');
SELECT throws_ok(format($$SELECT trust_ledger.assess_promise(%L, 'broken', actor => 'carl',
	idempotency_key => repeat('k', n)) FROM (VALUES (9), (999)) AS k (n)$$, :'second'),
	'22023', NULL, 'a second call that fails');
SELECT is((SELECT (kept, broken, instant = now() - interval '20 days')::text FROM stored
	WHERE customer = 'saved'), '(1,0,t)', 'takes the first with it');
RELEASE s;
SELECT trust_ledger.assess_promise(:'second', 'broken', actor => 'carl', occurred_at => now(),
	idempotency_key => 'k') FROM generate_series(1, 3);
SELECT is((SELECT broken FROM stored WHERE customer = 'saved'), 1::float8, 'a retry weighs once');
SELECT is_empty('SELECT * FROM wrong()', 'it folds');

-- ---- another half-life

-- Customers whose customer_score() of now is not that sum; nothing is overdue.
CREATE FUNCTION wrong_now(of_half_life interval) RETURNS TABLE (wrong text) STABLE LANGUAGE
	sql AS $$
	SELECT concat_ws(' ', f, score) FROM fresh(of_half_life, now()) f,
		trust_ledger.customer_score(f.customer) AS score
	WHERE (trust_ledger.as_of(score), trust_ledger.half_life(score)) IS DISTINCT
		FROM (f.instant, f.half_life)
		OR (abs(trust_ledger.kept(score) - f.kept) <= 1e-9 * (f.kept + f.broken)
			AND abs(trust_ledger.broken(score) - f.broken) <= 1e-9 * (f.kept + f.broken))
			IS NOT TRUE
$$;
UPDATE before SET score = c.score FROM trust.chain c WHERE c.customer = before.customer;
INSERT INTO before SELECT customer, score FROM trust.chain WHERE customer = 'saved';
SELECT is_empty('SELECT wrong_now(''180 days'')', 'customer_score()');
SELECT trust_ledger.set_ledger(half_life => '10 days');
SELECT set_eq('SELECT customer, score::text FROM trust.chain', 'SELECT * FROM before',
	'a new half-life changes no score by itself');
SELECT is_empty('SELECT wrong_now(''10 days'')', 'but customer_score() reads with it');
SELECT new_promise(made_ago => '0', customer => 'random 1', actor => 'anna');
SELECT trust_ledger.assess_promise(:'second', 'kept', actor => 'anna');
SELECT set_eq('SELECT customer, score::text FROM trust.chain', 'SELECT * FROM before',
	'nor with what changes no weight');
SELECT trust_ledger.assess_promise(:'second', 'partly_kept', actor => 'carl');
SELECT set_eq($$SELECT customer, score::text FROM trust.chain WHERE customer <> 'saved'$$,
	$$SELECT * FROM before WHERE customer <> 'saved'$$, 'nor with another customer''s verdict');
SELECT is_empty($$SELECT * FROM wrong('10 days') WHERE customer = 'saved'$$,
	'the customer''s next verdict computes the score again');
SELECT is_empty('SELECT wrong_now(''10 days'')', 'customer_score() is right for both');
SELECT is_empty('SELECT * FROM trust_ledger.verify()', 'and verify() is content with both');
-- One customer continues under the new half-life, another under the old one again.
SELECT say_at_random('^random [0-3]');
SELECT is_empty($$SELECT * FROM wrong('10 days') WHERE customer ~ '^random [0-3]'$$,
	'many verdicts under the new one');
SELECT is_empty('SELECT wrong_now(''10 days'')', 'and customer_score() is right for all');
SELECT trust_ledger.set_ledger(half_life => '180 days');
SELECT say_at_random('^random');
SELECT is_empty($$SELECT * FROM wrong() WHERE customer ~ '^random'$$,
	'and under the old one again');
SELECT is_empty('SELECT wrong_now(''180 days'')', 'of which customer_score() knows');
SELECT is_empty('SELECT * FROM trust_ledger.verify()', 'verify() is content');

-- ---- weights: what set_ledger() takes keeps the order of kept, repaired, admitted and broken

CREATE TABLE weighing AS
	SELECT i, w AS weights, (w #>> '{kept,0}')::integer AS kept, (w #>> '{kept,1}')::integer
		AS kept_, (w #>> '{kept_by_company,0}')::integer AS own,
		(w #>> '{kept_by_company,1}')::integer AS own_,
		(w #>> '{partly_kept,0}')::integer AS partly, (w #>> '{partly_kept,1}')::integer AS partly_,
			(w #>> '{repaired,0}')::integer AS repaired, (w #>> '{repaired,1}')::integer
			AS repaired_,
		(w #>> '{admitted,0}')::integer AS admitted, (w #>> '{admitted,1}')::integer AS admitted_,
			(w #>> '{broken,0}')::integer AS broken, (w #>> '{broken,1}')::integer AS broken_
	FROM generate_series(1, 4000) AS i, LATERAL (
		-- every second: as they are, with some parts replaced; the others: sorted, so that many are
		-- in order
		SELECT CASE i % 2 WHEN 0 THEN jsonb_object_agg(key, jsonb_build_array(
				CASE WHEN random() < 0.15 THEN floor(random() * 5) * 250 ELSE (value ->> 0)::numeric
					END, CASE WHEN random() < 0.15 THEN floor(random() * 5) * 250
					ELSE (value ->> 1)::numeric END))
			ELSE (SELECT jsonb_object_agg(name, jsonb_build_array(high, low)) FROM (
				SELECT unnest('{kept,kept_by_company,partly_kept,repaired,admitted,broken}'::text[])
					AS name,
					unnest(array(SELECT floor(random() * 7) * CASE i % 3 WHEN 0 THEN 1 ELSE 150 END
						FROM generate_series(i, i + 5) ORDER BY 1 DESC)) AS high,
					unnest(array(SELECT floor(random() * 7) * 150 FROM generate_series(i, i + 5)
						ORDER BY 1)) AS low) AS s) END
		FROM trust.ledger, jsonb_each(weights)) AS made (w);
CREATE FUNCTION better(kept integer, broken integer, than_kept integer, than_broken integer) RETURNS
	boolean LANGUAGE sql AS $$
	SELECT kept >= than_kept AND broken <= than_broken AND (kept, broken) <> (than_kept,
		than_broken)
$$;
ALTER TABLE weighing ADD COLUMN in_order boolean, ADD COLUMN usable boolean,
	ADD COLUMN outcome text;
UPDATE weighing SET in_order = better(kept, kept_, repaired, repaired_) AND better(repaired,
	repaired_, admitted, admitted_) AND better(admitted, admitted_, broken, broken_);
-- The company's word weighs no more than the customer's, and more than a repair; partly_kept lies
-- between it and broken.
UPDATE weighing SET usable = in_order AND own <= kept AND own_ >= kept_ AND better(own, own_,
	repaired, repaired_) AND better(own, own_, partly, partly_) AND better(partly, partly_, broken,
	broken_);
\ir ../../helpers/calls.sql
UPDATE weighing SET outcome = sqlstate_of(format('SELECT trust_ledger.set_ledger(weights => %L)',
	weights));
SELECT ok(count(*) FILTER (WHERE usable) > 100 AND count(*) FILTER (WHERE in_order AND NOT usable)
	> 50 AND count(*) FILTER (WHERE NOT in_order) > 1000, 'settings of all kinds; seed ' || seed)
FROM weighing, seed GROUP BY seed;
SELECT is_empty('SELECT weights, outcome FROM weighing WHERE NOT in_order AND outcome <> ''22023''',
	'those out of order are refused');
SELECT is_empty('SELECT weights, outcome FROM weighing WHERE outcome <> CASE WHEN usable '
	'THEN ''ok'' ELSE ''22023'' END',
	'and those in order taken, if our own word and kept in part have their places');
-- Added to any score, the better of two verdicts gives the better score.
SELECT is_empty($$
	SELECT weights, base, x FROM (VALUES (0, 0), (1, 0), (0, 1), (0.5, 2.5), (100, 3), (3, 100),
		(9999, 9999)) AS b (r, s),
		weighing, LATERAL (SELECT trust_ledger.trust_score(r, s, '2026-01-01', '30 days') AS base)
			AS o,
		LATERAL (SELECT array_agg(trust_ledger.expectation(trust_ledger.fuse(base,
			trust_ledger.trust_score(k / 1000.0, n / 1000.0, '2026-01-01', '30 days')))
			ORDER BY nr) AS x
			FROM (VALUES (1, kept, kept_), (2, repaired, repaired_), (3, admitted, admitted_),
				(4, broken, broken_)) AS v (nr, k, n)) AS e
	WHERE outcome = 'ok' AND (x[1] > x[2] AND x[2] > x[3] AND x[3] > x[4]) IS NOT TRUE $$,
	'expectations are in the same order, strictly');
SELECT * FROM finish();
ROLLBACK;
