\echo
\echo '---- THE ANALYST --------------------------------------------------------------------------'
\echo 'Lea sees the current state of each promise, but not its words.'
\echo
\set ECHO queries
\connect - lea
\echo '-- as lea'
SELECT customer, words, promiser, value, currency, backer, evidence, state, whose_word, overdue
FROM trust.current_promise ORDER BY recorded_at DESC LIMIT 3;

\echo 'Does the company keep more of the promises that a human backed? An overdue promise without'
\echo 'a verdict does not count as kept. (The result shows a correlation, not a cause.)'
\echo
SELECT promiser, CASE WHEN backer IS NULL THEN 'nobody' ELSE 'a human' END AS backed_by,
	count(*) AS promises,
	count(*) FILTER (WHERE state = 'kept') AS kept,
	count(*) FILTER (WHERE state = 'broken') AS broken,
	count(*) FILTER (WHERE overdue) AS overdue,
	round(count(*) FILTER (WHERE state = 'kept')::numeric / count(*), 2) AS rate
FROM trust.current_promise WHERE overdue OR outcome IS NOT NULL
GROUP BY 1, 2 ORDER BY 2, 1;

\echo 'Who keeps their promises, and how certain is that? Rank by lower_bound: then few promises'
\echo 'do not outrank many.'
\echo
SELECT promiser, promises, kept, broken, overdue, round(expectation::numeric, 2) AS expectation,
	round(lower_bound::numeric, 2) AS lower_bound, round(share_backed::numeric, 2) AS share_backed
FROM trust.promiser_trust ORDER BY lower_bound DESC;

\echo 'How did the score change since Monday of last week, with a human behind the promise and'
\echo 'without?'
\echo
SELECT key AS backing, trust_ledger.sparkline(array_agg(expectation ORDER BY step_from)) AS trend,
	sum(opened) AS opened, sum(kept) AS kept, sum(broken) AS broken, min(step_from)::date AS since
FROM trust_ledger.trust_trend('backing', '1 day',
	since => date_trunc('week', now()) - interval '7 days')
GROUP BY key ORDER BY key;
