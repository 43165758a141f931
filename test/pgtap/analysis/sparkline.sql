-- sparkline(): numbers as a row of bars.
CREATE EXTENSION pgtap;
CREATE EXTENSION trust_ledger;
SELECT plan(35);

SELECT is(trust_ledger.sparkline(numbers::float8[]), want, coalesce(numbers, 'NULL'))
FROM (VALUES
	(NULL, NULL), ('{}', ''), ('{NULL}', ' '), ('{NULL,NULL,NULL}', '   '),
	('{NaN,Infinity,-Infinity}', '   '),
	('{0,1,2,3,4,5,6,7}', '▁▂▃▄▅▆▇█'), ('{7,6,5,4,3,2,1,0}', '█▇▆▅▄▃▂▁'), ('{0,1}', '▁█'),
	('{1,0,1}', '█▁█'), ('{-1,-2,-3}', '█▅▁'), ('{0,0.5,1}', '▁▅█'),
	-- each bar stands for an eighth of the way, the highest for its end too
	('{0,0.124999,0.125,0.249999,0.25,0.874999,0.875,1}', '▁▁▂▂▃▇██'),
	('{100,101,102,108}', '▁▂▃█'),
	-- all equal: half way up
	('{0}', '▄'), ('{5,5,5}', '▄▄▄'), ('{-3,NULL,-3}', '▄ ▄'), ('{0,-0}', '▄▄'), ('{1e308}', '▄'),
	('{Infinity,2}', ' ▄'),
	-- gaps do not count
	('{1,NULL,2}', '▁ █'), ('{NULL,1,2,NULL}', ' ▁█ '), ('{1,NaN,2,Infinity,-Infinity}', '▁ █  '),
	-- from end to end of what a number can be
	('{-1.7976931348623157e308,0,1.7976931348623157e308}', '▁▅█'),
	('{0,1.7976931348623157e308}', '▁█'), ('{1e-300,2e-300,9e-300}', '▁▂█'),
	('{0,4.9406564584124654e-324}', '▁█'),
	('{2.2250738585072014e-308,2.2250738585072019e-308}', '▁█'), ('{1,1.0000000000000002}', '▁█'),
	('{9007199254740992,9007199254740993,9007199254740996}', '▁▁█'),
	-- as they stand, whatever the bounds and dimensions
	('[5:7]={1,2,3}', '▁▅█'), ('{{0,1},{2,3}}', '▁▃▆█')) AS v (numbers, want);
SELECT is(length(trust_ledger.sparkline(array_agg(n::float8))), 10000, 'ten thousand numbers')
	FROM generate_series(1, 10000) AS n;
SELECT is(trust_ledger.sparkline(array_agg(n)), '▁▂▃▄▅▆▇█', 'whole numbers too')
	FROM generate_series(1, 8) AS n;

-- What it is for: a trend in a terminal, gaps and all.
SELECT trust_ledger.create_ledger() \g /dev/null
\ir ../../helpers/promise_script.sql
SELECT play('make anna 1d; kept carl 35d; make anna 1d; broken carl 95d', 'c') \g /dev/null
SELECT is(trust_ledger.sparkline(array_agg(kept ORDER BY step_from)), '▁█▁▁', 'verdicts by month')
	FROM trust_ledger.trust_trend('customer', '30 days', day('0d'), day('120d')) GROUP BY key;
SELECT is(trust_ledger.sparkline(array_agg(expectation ORDER BY step_from)),
	'▂██▁', 'expectation by month') FROM trust_ledger.trust_trend('customer', '30 days', day('0d'),
	day('120d')) GROUP BY key;

SELECT * FROM finish();
