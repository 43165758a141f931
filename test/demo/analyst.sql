\echo
\echo '---- WHAT THE ANALYST SEES -----------------------------------------------------------------------------------'
\echo 'Lea sees each promise as it is now, but none of the words.'
\echo
\set ECHO queries
\connect - lea
\echo '-- as lea'
SELECT customer, words, promiser, value, currency, backer, evidence, state, whose_word, overdue
FROM trust.current_promise ORDER BY recorded_at DESC LIMIT 3;

\echo 'Are promises with a human behind them kept more often? Silence is not success: past due without a verdict'
\echo 'is not kept. (The answer says what goes together, not what brings about what.)'
\echo
SELECT promiser, CASE WHEN backer IS NULL THEN 'nobody' ELSE 'a human' END AS behind_it, count(*) AS promises,
	count(*) FILTER (WHERE state = 'kept') AS kept, count(*) FILTER (WHERE state = 'broken') AS broken,
	count(*) FILTER (WHERE overdue) AS overdue,
	round(count(*) FILTER (WHERE state = 'kept')::numeric / count(*), 2) AS rate
FROM trust.current_promise WHERE overdue OR outcome IS NOT NULL
GROUP BY 1, 2 ORDER BY 2, 1;

\echo 'Whose promises are kept, and how sure is that? Rank by lower_bound: few promises do not outrank many.'
\echo
SELECT promiser, promises, kept, broken, overdue, round(expectation::numeric, 2) AS expectation,
	round(lower_bound::numeric, 2) AS lower_bound, round(share_backed::numeric, 2) AS share_backed
FROM trust.promiser_trust ORDER BY lower_bound DESC;

\echo 'How did it move since that Monday, with a human behind the promise and without.'
\echo
SELECT key AS behind_it, trust_ledger.sparkline(array_agg(expectation ORDER BY step_from)) AS moved,
	sum(opened) AS opened, sum(kept) AS kept, sum(broken) AS broken, min(step_from)::date AS since
FROM trust_ledger.trust_trend('backing', '1 day', since => date_trunc('week', now()) - interval '7 days')
GROUP BY key ORDER BY key;
