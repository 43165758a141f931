-- How trust moved in an incident log, as an analyst asks: month by month, with a human behind it
-- and without, and whom to rely on at its end. As the ledger's owner, or with level analyst.

SET timezone = 'UTC';
SELECT date_trunc('month', max(settled_at)) + interval '1 month' AS until
	FROM trust.current_promise \gset

SELECT to_char(a.step_from, 'YYYY-MM') AS month, a.opened, a.kept, a.broken,
	round(a.expectation::numeric, 3) AS expectation, round(b.expectation::numeric, 3) AS backed,
	round(u.expectation::numeric, 3) AS unbacked, round(a.uncertainty::numeric, 4) AS uncertainty
FROM trust_ledger.trust_trend('all', until => :'until') a
	JOIN trust_ledger.trust_trend('backing', until => :'until', of_key => 'backed') b USING
		(step_from)
	JOIN trust_ledger.trust_trend('backing', until => :'until', of_key => 'unbacked') u USING
		(step_from)
ORDER BY step_from;

SELECT key AS promises, trust_ledger.sparkline(array_agg(expectation ORDER BY step_from))
	AS expectation,
	trust_ledger.sparkline(array_agg(opened ORDER BY step_from)) AS opened,
	trust_ledger.sparkline(array_agg(broken ORDER BY step_from)) AS broken
FROM (
	SELECT * FROM trust_ledger.trust_trend('all', until => :'until')
	UNION ALL
	SELECT * FROM trust_ledger.trust_trend('backing', until => :'until')
) t
GROUP BY key ORDER BY key;

SELECT key AS promiser, sum(kept) AS kept, sum(broken) AS broken,
	round((array_agg(expectation ORDER BY step_from DESC))[1]::numeric, 3) AS expectation,
	round(trust_ledger.lower_bound((array_agg(score ORDER BY step_from DESC))[1])::numeric,
		3) AS lower_bound,
	trust_ledger.sparkline(array_agg(expectation ORDER BY step_from)) AS month_by_month
FROM trust_ledger.trust_trend('promiser', until => :'until')
GROUP BY key
ORDER BY lower_bound DESC, promiser
LIMIT 5;
