-- Statements look rows of the ledger up by an index, also if they were planned when it was nearly
-- empty.
BEGIN;
CREATE EXTENSION pgtap;
CREATE EXTENSION trust_ledger;
SELECT plan(4);
SELECT trust_ledger.create_ledger() \g /dev/null
SELECT trust_ledger.register_actor('anna', 'human'),
	trust_ledger.register_actor('crm', 'system', responsible => 'anna') \g /dev/null

-- Rows of the ledger's tables that this transaction has read.
CREATE FUNCTION rows_read() RETURNS bigint LANGUAGE sql AS $$
	SELECT sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::bigint
	FROM pg_stat_xact_all_tables
	WHERE schemaname = 'trust'
$$;
CREATE TABLE bulk (id int PRIMARY KEY, customer text, title text, n int, status text);
SELECT count(*) FROM trust_ledger.track_table('bulk', '{"customer": "=customer", "words": '
	'"=title", "value": "=n", "currency": ":EUR", "actor": ":crm", '
	'"kept_when": "status = ''done''"}');
INSERT INTO bulk VALUES (0, 'bulk', 'first', 1, 'open');
SELECT trust_ledger.write_pending();
UPDATE bulk SET n = 2;
SELECT trust_ledger.write_pending();
ANALYZE trust.entry, trust.promise, trust.source, trust.chain;

-- Rows of the ledger that a statement on 2,000 tracked rows reads, for each of them.
CREATE FUNCTION read_for(doing text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	before CONSTANT bigint := rows_read();
BEGIN
	EXECUTE doing;
	PERFORM trust_ledger.write_pending();
	RETURN (rows_read() - before) / 2000;
END
$$;
SELECT cmp_ok(read_for(doing), '<', 50::bigint, doing)
FROM (VALUES (1, 'INSERT INTO bulk SELECT nr, ''bulk '' || nr % 100, ''words'', 1, ''open'' '
		'FROM generate_series(1, 2000) AS nr'), (2, 'UPDATE bulk SET n = n + 1'),
	(3, 'UPDATE bulk SET id = id + 10000'),
	(4, 'UPDATE bulk SET status = ''done''')) AS v (n, doing)
ORDER BY n;

SELECT * FROM finish();
ROLLBACK;
