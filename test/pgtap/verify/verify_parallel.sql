-- verify() with parallel workers finds the same as without, in the same order.

BEGIN;
CREATE EXTENSION pgtap;
SELECT plan(56);
CREATE EXTENSION trust_ledger;
CREATE ROLE ledger_owner;
SELECT format('ALTER DATABASE %I OWNER TO ledger_owner', current_database()) AS give_to_owner \gset
:give_to_owner;
SELECT trust_ledger.create_ledger();
SELECT trust_ledger.register_actor('anna', 'human');
SELECT trust_ledger.register_actor('bot', 'ai', responsible => 'anna', model => 'm 1');
SELECT trust_ledger.set_policy('all', promiser_kind => 'ai', evidence => 'asserted');
CREATE TABLE visit (id int PRIMARY KEY, customer text, title text);
CREATE TRIGGER made AFTER INSERT ON visit FOR EACH ROW EXECUTE FUNCTION trust_ledger.track('made',
	'customer=customer', 'words=title', 'actor:bot', 'write:now');

-- Keys in another order than their numbers; three entries each, many more for one.
CREATE FUNCTION key(i int) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT md5(i::text)';
SELECT count(*) FROM generate_series(1, 3000) i, LATERAL trust_ledger.make_promise(key(i),
	'It works.', actor => 'bot') m,
	LATERAL trust_ledger.back_promise(m.promise, key(i), actor => 'anna') b,
	LATERAL trust_ledger.assess_promise(m.promise, CASE WHEN i % 3 = 0 THEN 'broken' ELSE 'kept'
		END, customer => key(i), actor => 'anna');
SELECT count(*) FROM generate_series(1, 3000) i, LATERAL trust_ledger.make_promise(key(7),
	'Number ' || i, actor => 'anna');
INSERT INTO visit SELECT i, key(i * 100), 'told' FROM generate_series(1, 20) i;
SELECT trust_ledger.erase_words(key(1500), 1, 'They asked.');

CREATE FUNCTION found(workers int) RETURNS text[] LANGUAGE plpgsql AS $$
BEGIN
	PERFORM set_config('max_parallel_workers_per_gather', workers::text, true);
	RETURN (SELECT array_agg(v::text ORDER BY n) FROM trust_ledger.verify() WITH ORDINALITY AS v
		(part, customer, seq, promise, subject, field, problem, n));
END
$$;
-- What verify() finds with that many workers after statements, or the SQLSTATE. Rolled back.
CREATE FUNCTION found_after(doing text, workers int) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
	seen text[];
BEGIN
	BEGIN
		EXECUTE doing;
		seen := ARRAY(SELECT regexp_replace(f, ',\d+\)$', ')') FROM unnest(found(workers)) AS f
			WHERE f !~ '^\((table|view),|,policy,');
		RAISE EXCEPTION USING ERRCODE = 'OK000';
	EXCEPTION WHEN SQLSTATE 'OK000' THEN
		RETURN seen;
	WHEN OTHERS THEN
		RETURN ARRAY[SQLSTATE];
	END;
END
$$;

SELECT is(found(0), NULL, 'nothing is wrong: by one');
SELECT is(found(workers), NULL, format('nothing is wrong: with %s workers', workers))
	FROM unnest('{1,2,5}'::int[]) AS workers;
SELECT is(count(*), 1::bigint, 'all entries are read, which were written in this transaction')
FROM trust_ledger.ledger_digest() WHERE entries = (SELECT count(*) FROM trust.entry)
	AND customers = 3000;

ALTER TABLE trust.entry DISABLE TRIGGER USER;
ALTER TABLE trust.promise DISABLE TRIGGER USER;
ALTER TABLE trust.source DISABLE TRIGGER USER;
ALTER TABLE trust.chain DISABLE TRIGGER USER;

-- Statements, and how many findings they lead to besides those of the guards that are off.
CREATE TABLE done (doing text PRIMARY KEY, findings int);
INSERT INTO done VALUES
	('SELECT 1', 0),
	('UPDATE trust.entry SET kind = ''z'' WHERE seq = 1', 6001),
	('UPDATE trust.entry SET login = ''z'' WHERE customer IN (SELECT key(i * 50) '
		'FROM generate_series(1, 60) i) AND seq = 2', 60),
	('DELETE FROM trust.entry WHERE customer = (SELECT min(customer) FROM trust.entry '
		'WHERE customer <> '''')', 6),
	('DELETE FROM trust.entry WHERE customer = (SELECT max(customer) FROM trust.entry)', 6),
	('DELETE FROM trust.chain WHERE customer <> ''''', 3000),
	('DELETE FROM trust.promise', 6020),
	('UPDATE trust.promise SET state = ''kept'' WHERE state = ''broken''', 1000),
	('UPDATE trust.source SET key = ''0''', 20),
	('DELETE FROM trust.source', 20),
	('UPDATE trust.chain SET score = ''empty'' WHERE customer <> ''''', 3000),
	('UPDATE trust.entry SET words_salt = NULL, words = NULL WHERE customer = key(1499) '
		'AND seq = 1', 2),
	('UPDATE trust.entry SET words = ''back'' WHERE customer = key(1500) AND seq = 1', 1),
	('INSERT INTO trust.chain (customer, length, head) SELECT ''none '' || i, i, '''' '
		'FROM generate_series(1, 40) i', 120);

SELECT is(cardinality(found_after(doing, 0)) - cardinality(found_after('SELECT 1', 0)), findings,
	format('%s: findings by one', doing)) FROM done;
SELECT is(found_after(doing, 2), found_after(doing, 0), format('%s: the same with two workers',
	doing)) FROM done;
SELECT is(found_after(doing, 7), found_after(doing, 0), format('%s: the same with seven', doing))
	FROM done;

-- ---- no free workers, and cases without workers

SET LOCAL max_parallel_workers = 0;
SELECT is(found_after(doing, 2), found_after(doing, 0),
	format('%s: the same where no worker is free', doing)) FROM done WHERE doing LIKE
	'UPDATE trust.entry SET login%';
RESET max_parallel_workers;

SELECT is(found_after('ALTER TABLE trust.entry DROP CONSTRAINT entry_pkey; '
	'ALTER TABLE trust.entry ALTER customer DROP NOT NULL; UPDATE trust.entry SET customer = NULL '
	'WHERE customer = key(9)', workers),
	'{TL006}', format('rows without a customer, with %s workers', workers))
		FROM unnest('{0,2}'::int[]) AS workers;
CREATE PROCEDURE drop_views() LANGUAGE plpgsql AS $$
DECLARE
	view text;
BEGIN
	FOR view IN SELECT oid::regclass FROM pg_class WHERE relnamespace = 'trust'::regnamespace
		AND relkind = 'v' LOOP
		EXECUTE 'DROP VIEW IF EXISTS ' || view || ' CASCADE';
	END LOOP;
END
$$;
SELECT is(found_after('CALL drop_views(); ALTER TABLE trust.entry ALTER customer TYPE text COLLATE '
	'"en-x-icu"; UPDATE trust.entry SET login = ''z'' WHERE customer IN (key(9), key(10))',
	workers),
	found_after('UPDATE trust.entry SET login = ''z'' WHERE customer IN (key(9), key(10))', 0),
		format('a key in another order, with %s workers', workers))
FROM unnest('{0,2}'::int[]) AS workers;
SELECT is(found_after(format('ALTER TABLE trust.%1$s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL '
	'SECURITY; CREATE POLICY p ON trust.%1$s USING (false); SET LOCAL ROLE ledger_owner', tab), 2),
	found_after('SELECT 1', 0)
		|| format('(guard,,,,%s,row_security,"can hide rows from users of the views")', tab),
		'row security hides nothing of ' || tab || ' from workers')
FROM unnest('{chain,promise,source,entry}'::text[]) AS tab;

SELECT * FROM finish();
ROLLBACK;
