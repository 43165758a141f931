-- Promises and kept rates with a human behind them and without, as the ledger's owner. It shows
-- what goes together, not what brings about what: a long case collects names. Then the same as
-- human_backing() asks.

WITH backed AS (
	SELECT promise, count(DISTINCT backer) AS names FROM trust.entry WHERE event = 'backed'
		GROUP BY promise
), settled AS (
	SELECT least(coalesce(names, 0), 4) AS names, p.state = 'kept' AS stands_as_kept,
		r.verdict = 'kept' AS record_kept
	FROM trust.promise p
		JOIN trust.entry r ON r.promise = p.promise AND r.event = 'assessed'
			AND r.whose_word = 'record'
		LEFT JOIN backed b ON b.promise = p.promise
), counted AS (
	SELECT names > 0 AS named, names, count(*) AS promises,
		count(*) FILTER (WHERE record_kept) AS record_kept, round(avg(record_kept::int),
			3) AS record_rate,
		count(*) FILTER (WHERE stands_as_kept) AS stands_as_kept, round(avg(stands_as_kept::int),
			3) AS standing_rate
	FROM settled
	GROUP BY GROUPING SETS ((names > 0), (names > 0, names))
)
SELECT CASE
		WHEN names IS NOT NULL THEN (ARRAY['  one', '  two, one after the other', '  three',
			'  four or more'])[names]
		WHEN named THEN 'backed by a human at some time' ELSE 'backed by nobody ever'
	END AS promises, promises AS number,
	record_kept AS "kept, says the record", record_rate AS rate,
	stands_as_kept AS "kept, as it stands", standing_rate AS rate
FROM counted
WHERE names IS DISTINCT FROM 0
ORDER BY named, names NULLS FIRST;

\echo 'Above, names are counted until the end: a long case collects names, and is broken more'
\echo 'often. Below, each promise is looked at an hour after it was made, and left out if it was'
\echo 'settled by then: who is behind it cannot hang on how it went on. raw: all together;'
\echo 'within_strata: like with like, by month, kind, promiser''s kind and value. Even so:'
\echo 'association, not effect.'
SELECT scope AS "backed after an hour or not", backed_promises AS backed,
	backed_too_early AS "too early",
	backed_decided AS decided, backed_kept AS kept, round(backed_rate::numeric, 3) AS rate,
	unbacked_promises AS unbacked, unbacked_too_early AS "too early", unbacked_decided AS decided,
		unbacked_kept AS kept,
	round(unbacked_rate::numeric, 3) AS rate, round(difference::numeric, 3) AS difference,
	format('%s to %s', round(difference_low::numeric, 3), round(difference_high::numeric, 3))
		AS "with 95 %"
FROM trust_ledger.human_backing()
WHERE scope <> 'stratum' AND evidence = 'any';
