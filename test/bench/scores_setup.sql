-- Evidence of two years: psql variable evidence, how many rows.
\set QUIET on
\set ON_ERROR_STOP on
CREATE EXTENSION trust_ledger;
SELECT setseed(0.42) \g /dev/null
CREATE TABLE evidence AS
SELECT (random() < 0.9)::int::float8 AS kept, (random() < 0.1)::int::float8 AS broken,
	timestamptz '2024-01-01' + random() * interval '730 days' AS at
FROM generate_series(1, :evidence);
VACUUM ANALYZE evidence;
