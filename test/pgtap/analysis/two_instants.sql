-- Three verdicts in every order, by every speaker: kept counts from the first one that stands, and
-- broken from the one that last raised its weight; as of and known at any time.
CREATE EXTENSION pgtap;
CREATE EXTENSION trust_ledger;
SELECT plan(13);

SET timezone = 'UTC';
SELECT trust_ledger.create_ledger() \g /dev/null
SELECT trust_ledger.register_actor('anna', 'human'),
	trust_ledger.register_actor('carl', 'human', speaks_for => 'customer'),
	trust_ledger.register_actor('erp', 'system', speaks_for => 'record', responsible => 'anna'),
	trust_ledger.grant_access(current_user, 'import') \g /dev/null
\ir ../../helpers/without_guards.sql
\ir ../../helpers/reference_scores.sql

-- one now() for all of it
BEGIN;
-- Each case has a customer of its own, with a promise of 100 days ago, due 50 days ago, and
-- verdicts of 80, 40 and 20 days ago, each of which the ledger learns of 5 days later.
CREATE TABLE told AS
	SELECT format('%s %s %s, %s %s %s', a, v, b, w, c, x) AS customer, ARRAY[a, b, c] AS who,
		ARRAY[v, w, x] AS verdicts, NULL::uuid AS promise
	FROM unnest('{anna,erp,carl}'::text[]) AS a, unnest('{anna,erp,carl}'::text[]) AS b,
		unnest('{anna,erp,carl}'::text[]) AS c, unnest('{kept,partly_kept,broken}'::text[]) AS v,
		unnest('{kept,partly_kept,broken}'::text[]) AS w,
		unnest('{kept,partly_kept,broken}'::text[]) AS x;
UPDATE told SET promise = p.promise FROM (
	SELECT r.* FROM told t, trust_ledger.make_promise(t.customer, 'w', actor => 'anna',
		occurred_at => now() - interval '100 days', due => now() - interval '50 days') r) AS p
	WHERE p.customer = told.customer;
SELECT count(trust_ledger.assess_promise(promise, verdicts[n], customer => customer,
	actor => who[n], occurred_at => now() - interval '10 days' * ('{8,4,2}'::int[])[n]))
FROM (SELECT * FROM told, generate_series(1, 3) AS n ORDER BY customer, n) AS t \g /dev/null
SELECT without_guards($$UPDATE trust.entry SET recorded_at = occurred_at + interval '5 days'
	WHERE customer <> ''; UPDATE trust.promise SET recorded_at = made_at + interval '5 days'$$),
	without_guards('SELECT trust_ledger.fill_promise_columns()', '{chain,promise}') \g /dev/null

-- What a person would say of them, one verdict after the other.
CREATE FUNCTION told_of(who text[], verdicts text[], OUT first int, OUT raised int, OUT kept int,
	OUT broken int) LANGUAGE plpgsql AS $$
DECLARE
	rank int := 0;
	ago CONSTANT int[] := '{80,40,20}';
BEGIN
	kept := 0;
	broken := 0;
	FOR n IN 1 .. 3 LOOP
		CONTINUE WHEN array_position('{anna,erp,carl}', who[n]) < rank;
		rank := array_position('{anna,erp,carl}', who[n]);
		first := coalesce(first, ago[n]);
		IF verdicts[n] = 'broken' AND broken < 1000 OR verdicts[n] = 'partly_kept' AND broken < 500
		THEN
			-- what happened before due counts from due on, or from when it was recorded before that
			raised := least(ago[n], greatest(50, ago[n] - 5));
		END IF;
		kept := CASE verdicts[n] WHEN 'kept' THEN CASE who[n] WHEN 'anna' THEN 500 ELSE 1000 END
			WHEN 'partly_kept' THEN 500 ELSE 0 END;
		broken := CASE verdicts[n] WHEN 'broken' THEN 1000 WHEN 'partly_kept' THEN 500 ELSE 0 END;
	END LOOP;
END
$$;
SELECT is((SELECT count(*) FROM told), 729::bigint, 'every order, by every speaker');
SELECT is_empty($$
	SELECT t.*, s.*, p.settled_at, p.broken_at, p.weight_kept, p.weight_broken
	FROM told t, told_of(who, verdicts) s, trust.promise p
	WHERE p.customer = t.customer AND (p.weight_kept, p.weight_broken, p.settled_at, p.broken_at)
		IS DISTINCT FROM (s.kept, s.broken, now() - interval '1 day' * first,
			now() - interval '1 day' * raised)
$$, 'each has its two instants');
SELECT is_empty($$
	SELECT c.customer, c.score, s.*
	FROM trust.chain c JOIN told t USING (customer), told_of(who, verdicts) s,
		trust.ledger l, LATERAL (SELECT trust_ledger.decay(c.score, now()) AS score) AS d
	WHERE NOT (is_near(trust_ledger.kept(d.score), s.kept / 1000.0 * 2 ^ (-first / 180.0))
		AND is_near(trust_ledger.broken(d.score), s.broken / 1000.0 * 2 ^ (-coalesce(raised, 0) /
			180.0)))
$$, 'and its score is the fold of both');
SELECT is(differ || coalesce(': ' || example, ''), '0', format('as of %s days ago, known %s', as_of,
	coalesce(known || ' days ago', 'now')))
FROM (VALUES (76, 76), (76, NULL), (51, NULL), (49, 30), (38, 36), (38, 30), (18, NULL), (0, 18))
	AS v (as_of, known), scores_differ('customer', now() - interval '1 day' * as_of,
	coalesce(now() - interval '1 day' * known, 'infinity'), 1000);

-- Partly kept was known before due; broken happened a day later, and was known long after due.
CREATE TEMP TABLE former AS SELECT * FROM trust_ledger.make_promise('former', 'w', actor => 'anna',
	occurred_at => now() - interval '100 days', due => now() - interval '50 days');
SELECT trust_ledger.assess_promise(promise, verdict, actor => 'carl', occurred_at => now()
	- interval '1 day' * ago)
FROM former, (VALUES ('partly_kept', 80), ('broken', 79)) AS v (verdict, ago) \g /dev/null
SELECT without_guards($$UPDATE trust.entry SET recorded_at = now() - interval '1 day'
	* CASE verdict WHEN 'partly_kept' THEN 75 WHEN 'broken' THEN 40 ELSE 100 END
	WHERE customer = 'former'$$) \g /dev/null
SELECT is(array_agg(round(trust_ledger.broken(s)::numeric * 2 ^ ((least(since, 75) - ago) / 180.0),
	6) ORDER BY ago DESC), '{0,0.5,0.5,1,1}'::numeric[], 'not yet, partly, and then in full')
FROM (VALUES (78, 78), (70, 75), (51, 75), (49, 50), (10, 50)) AS v (ago, since),
	trust_ledger.customer_score('former', now() - interval '1 day' * ago) s;
SELECT is_empty($$
	SELECT t.step_until, t.score, s
	FROM trust_ledger.trust_trend('customer', '7 days', now() - interval '90 days', now(),
			'occurred', 'former') t,
		trust_ledger.customer_score('former', step_until - interval '1 microsecond') s
	WHERE NOT (is_near(trust_ledger.kept(t.score), trust_ledger.kept(s))
		AND is_near(trust_ledger.broken(t.score), trust_ledger.broken(s)))
$$, 'and so says the trend');

SELECT * FROM finish();
COMMIT;
