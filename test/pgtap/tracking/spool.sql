-- Many changes in one transaction: memory per change, spilling to disk, savepoints that roll back
-- spilled changes, and rows that move between partitions.
CREATE EXTENSION pgtap;
CREATE EXTENSION trust_ledger;
SELECT plan(32);

SELECT FROM trust_ledger.create_ledger();
SELECT FROM trust_ledger.register_actor('anna', 'human');
SELECT FROM trust_ledger.register_actor('crm', 'system', responsible => 'anna');
CREATE TABLE deal (id int, region text, account text, offer text, note text DEFAULT '',
	status text DEFAULT 'sent', PRIMARY KEY (id, region)) PARTITION BY LIST (region);
CREATE TABLE deal_north PARTITION OF deal FOR VALUES IN ('north');
CREATE TABLE deal_south PARTITION OF deal FOR VALUES IN ('south');
SELECT count(*) FROM trust_ledger.track_table('deal',
	'{"customer": "=account", "words": "=offer", "actor": ":crm", "kept_when": "status '
	'= ''done''"}');
-- the same, without a condition that keeps the trigger from firing
CREATE TABLE plain (id int PRIMARY KEY, account text, offer text, note text DEFAULT '');
CREATE TRIGGER made AFTER INSERT ON plain FOR EACH ROW EXECUTE FUNCTION trust_ledger.track('made',
	'customer=account', 'words=offer', 'actor:crm');
CREATE TRIGGER amended AFTER UPDATE ON plain FOR EACH ROW
	EXECUTE FUNCTION trust_ledger.track('amended', 'customer=account', 'words=offer', 'actor:crm');

CREATE FUNCTION memory_used() RETURNS bigint LANGUAGE sql AS $$
	SELECT coalesce(sum(used_bytes), 0)::bigint FROM pg_backend_memory_contexts
		WHERE name ~ '^trust_ledger (gathered|change|writing|deeds)' $$;
CREATE FUNCTION words_of(n int) RETURNS text LANGUAGE sql AS $$ SELECT repeat('words ', 20) || n $$;
-- The number of entries of each event, and of rows whose words are not those of their promise.
CREATE FUNCTION entries() RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(event || ' ' || n, ', ' ORDER BY event) FROM (SELECT event, count(*) AS n
		FROM trust.entry WHERE customer <> '' GROUP BY event) AS e $$;
CREATE FUNCTION rows_unlike_promises() RETURNS bigint LANGUAGE sql AS $$
	SELECT count(*) FROM (SELECT id::text AS key, offer FROM plain UNION ALL
		SELECT format('["%s","%s"]', id, region), offer FROM deal) AS r
	FULL JOIN (SELECT key, words FROM trust.source s JOIN trust.promise p USING (customer, promise)
		WHERE NOT gone) AS p USING (key) WHERE offer IS DISTINCT FROM words $$;

INSERT INTO plain SELECT i, 'c' || i % 7, words_of(i) FROM generate_series(1, 3000) i;
SELECT is(entries(), 'made 3000', 'rows are promised');

-- ---- memory until the transaction ends

BEGIN;
UPDATE plain SET note = 'x';
SELECT is(memory_used(), 0::bigint, 'nothing is kept for changes that say nothing');
SET LOCAL work_mem = '64MB';
UPDATE plain SET offer = offer || '!';
SELECT cmp_ok(memory_used() / 3000, '<=', 300 + avg(length(account) + length(offer))::bigint,
	'of one that does at most 300 bytes besides what it says') FROM plain;
ROLLBACK;
SELECT is(memory_used(), 0::bigint, 'and nothing after a ROLLBACK');
BEGIN;
SET LOCAL work_mem = '64kB';
UPDATE plain SET offer = offer || '!';
SELECT cmp_ok(memory_used(), '<=', 64 * 1024 * 2 + 3000 * 16::bigint,
	'what goes beyond work_mem is on disk');
COMMIT;
SELECT is(memory_used(), 0::bigint, 'nothing is kept after COMMIT');
SELECT is(entries(), 'amended 3000, made 3000', 'all of it is written');
SELECT is(rows_unlike_promises(), 0::bigint, 'and says what the rows say');

-- ---- savepoints

SET work_mem = '64kB';
BEGIN;
INSERT INTO plain SELECT i, 'c' || i % 7, words_of(i) FROM generate_series(3001, 4000) i;
SAVEPOINT a;
UPDATE plain SET offer = 'taken back ' || offer;
SAVEPOINT b;
INSERT INTO plain SELECT i, 'c' || i % 7, words_of(i) FROM generate_series(4001, 5000) i;
RELEASE b;
ROLLBACK TO a;
UPDATE plain SET offer = 'kept ' || id WHERE id % 3 = 0;
SAVEPOINT b;
DELETE FROM plain;
ROLLBACK TO b;
SAVEPOINT c;
UPDATE plain SET offer = 'also kept ' || id WHERE id % 3 = 1;
RELEASE b;
COMMIT;
SELECT is(entries(), 'amended 5667, made 4000',
	'a savepoint that is rolled back takes back what was spilled');
SELECT is(rows_unlike_promises(), 0::bigint, 'what stays says what the rows say');
BEGIN;
SAVEPOINT a;
UPDATE plain SET offer = 'taken back ' || offer;
ROLLBACK TO a;
COMMIT;
SELECT is(entries(), 'amended 5667, made 4000',
	'a transaction of which nothing stays writes nothing');
BEGIN;
UPDATE plain SET offer = 'lost ' || offer;
ROLLBACK;
SELECT is(entries(), 'amended 5667, made 4000', 'nor does one that is rolled back');
DO $$
BEGIN
	FOR i IN 1 .. 20 LOOP
		BEGIN
			UPDATE plain SET offer = format('round %s %s', i, id);
			IF i % 5 <> 0 THEN
				RAISE SQLSTATE 'U0000';
			END IF;
		EXCEPTION WHEN SQLSTATE 'U0000' THEN
			UPDATE plain SET offer = format('caught %s %s', i, id) WHERE id % 10 = i % 10;
		END;
	END LOOP;
END
$$;
SELECT is(entries(), 'amended 28067, made 4000',
	'blocks that fail and blocks that do not, in turn');
SELECT is(rows_unlike_promises(), 0::bigint, 'they leave what the rows say');

-- Writing is rolled back: the changes are pending again.
CREATE TABLE hasty (LIKE plain INCLUDING ALL);
CREATE TRIGGER made AFTER INSERT ON hasty FOR EACH ROW EXECUTE FUNCTION trust_ledger.track('made',
	'customer=account', 'words=offer', 'actor:crm', 'write:now');
BEGIN;
UPDATE plain SET offer = 'waits ' || id;
SAVEPOINT a;
INSERT INTO hasty VALUES (9001, 'c0', 'writes at once');
SELECT is(entries(), 'amended 32067, made 4001', 'write:now writes what was spilled before');
ROLLBACK TO a;
SELECT is(entries(), 'amended 28067, made 4000', 'the savepoint takes that back');
COMMIT;
SELECT is(entries(), 'amended 32067, made 4000', 'and it is written at COMMIT');
SELECT is(rows_unlike_promises(), 0::bigint, 'once');

-- ---- partitions, and one customer of many changes

INSERT INTO deal SELECT i, 'north', CASE WHEN i % 2 = 0 THEN 'many' ELSE 'd' || i % 100 END,
	words_of(i) FROM generate_series(1, 4000) i;
SELECT is(rows_unlike_promises(), 0::bigint, 'a table in partitions');
BEGIN;
UPDATE deal SET region = 'south', offer = 'moved ' || id;
UPDATE deal SET region = 'north', offer = 'moved back ' || id WHERE id % 2 = 0;
COMMIT;
SELECT is(entries(), 'amended 38067, made 8000', 'rows that move are amended, and not made again');
SELECT is(rows_unlike_promises(), 0::bigint, 'their promises go along');
BEGIN;
SAVEPOINT a;
UPDATE deal SET region = CASE region WHEN 'south' THEN 'north' ELSE 'south' END;
ROLLBACK TO a;
UPDATE deal SET region = CASE region WHEN 'south' THEN 'north' ELSE 'south' END,
	offer = 'moved again ' || id;
COMMIT;
SELECT is(entries(), 'amended 42067, made 8000', 'likewise after moves that were taken back');
SELECT is(rows_unlike_promises(), 0::bigint, 'and they say what the rows say');
UPDATE deal SET account = 'one';
SELECT is(count(*), 4000::bigint, 'all of them belong to another customer') FROM trust.promise
	WHERE customer = 'one' AND state = 'open';
BEGIN;
UPDATE deal SET offer = 'x' || offer;
UPDATE deal SET offer = 'y' || offer;
UPDATE deal SET offer = 'z' || offer;
UPDATE deal SET status = 'done';
COMMIT;
SELECT is(count(*), 16000::bigint, '16,000 changes of one customer, written in portions')
	FROM trust.entry WHERE customer = 'one' AND event <> 'made';
SELECT is(count(*), 4000::bigint, 'in their order') FROM trust.promise WHERE customer = 'one'
	AND words ~ '^zyx' AND outcome = 'kept';
SELECT cmp_ok(abs(trust_ledger.kept(score) - 2000), '<', 1::float8, 'each verdict counts once')
	FROM trust.chain WHERE customer = 'one';

-- Trigger code between the two halves of a move that changes and moves other rows.
CREATE FUNCTION bump() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	UPDATE deal SET offer = offer || '.' WHERE id = 5002;
	UPDATE deal SET region = CASE region WHEN 'south' THEN 'north' ELSE 'south' END WHERE id = 5003;
	RETURN NULL;
END $$;
CREATE TRIGGER aa_bump AFTER INSERT ON deal FOR EACH ROW WHEN (NEW.id = 5001)
	EXECUTE FUNCTION bump();
CREATE TRIGGER zz_bump AFTER DELETE ON deal FOR EACH ROW WHEN (OLD.id = 5001)
	EXECUTE FUNCTION bump();
INSERT INTO deal SELECT i, 'north', 'bumped', words_of(i) FROM generate_series(5002, 5003) i;
INSERT INTO deal VALUES (5001, 'north', 'bumped', 'moves');
UPDATE deal SET region = 'south' WHERE id = 5001;
UPDATE deal SET status = 'done' WHERE id = 5001;
SELECT is(array_agg(state ORDER BY words), '{kept,open,open}',
	'a row that moves keeps its promise, whatever triggers do in between') FROM trust.promise
	WHERE customer = 'bumped';
DROP TRIGGER aa_bump ON deal;
DROP TRIGGER zz_bump ON deal;

-- ---- a change that cannot be written, among many

CREATE TABLE picky (id int PRIMARY KEY, account text, offer text, due timestamptz);
SELECT count(*) FROM trust_ledger.track_table('picky',
	'{"customer": "=account", "words": "=offer", "due": "=due", "actor": ":crm", '
	'"on_error": ":park"}');
INSERT INTO picky SELECT i, 'p' || i % 5, words_of(i), CASE WHEN i % 1000 = 7 THEN now() - interval
	'1 day' END FROM generate_series(1, 2500) i;
SELECT is(count(*), 2497::bigint, 'what can be written is') FROM trust.promise
	WHERE customer ~ '^p';
SELECT is(array_agg((new_row ->> 'id')::int ORDER BY 1), '{7,1007,2007}', 'the rest is parked')
	FROM trust.parked_change;

SELECT is((SELECT string_agg(v::text, '; ') FROM trust_ledger.verify() v),
	NULL, 'verify() finds nothing');

-- ---- changes that lead to changes without end

CREATE FUNCTION again() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO plain
	SELECT max(id) + 1, 'endless', 'again' FROM plain; RETURN NULL; END $$;
CREATE TRIGGER again AFTER INSERT ON trust.entry FOR EACH ROW WHEN (NEW.customer = 'endless')
	EXECUTE FUNCTION again();
\set ON_ERROR_STOP 0
\set VERBOSITY terse
INSERT INTO plain VALUES (100000, 'endless', 'first');
\set ON_ERROR_STOP 1
SELECT is(:'LAST_ERROR_SQLSTATE'::text, '54001', 'they end with an error');
DROP TRIGGER again ON trust.entry;
SELECT * FROM finish();
